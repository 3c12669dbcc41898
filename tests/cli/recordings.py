# SPDX-License-Identifier: MIT
"""
Scenarios replay their cases of one recording without a difference, and every
recorded case is replayed as a whole, or stands in the table of reasons.

usage: recordings.py TDPSIM TABLE PAIRS RECORDING

A line of the table is: pattern of recordings, pattern of cases, reason.  A line
of PAIRS is: recording, tab, scenario.
"""

import collections
import fnmatch
import json
import lzma
import os
import subprocess
import sys


def steps_of(path):
    """For each case the numbers of the steps that must be replayed."""
    cases = collections.OrderedDict()
    with lzma.open(path, 'rt') as f:
        for line in f:
            step = json.loads(line)
            if step['case'] == 'env':
                continue
            steps = cases.setdefault(step['case'], set())
            # Words of the recorder that touch nothing.
            if step.get('op', '').startswith('KVM_') or step.get('trace'):
                steps.add(step['step'])
    return cases


def replayed(compared):
    """For each case the numbers of the steps that scenarios replay."""
    cases = collections.defaultdict(set)
    for one in compared:
        for first, last in one['steps_of_vms']:
            cases[one['case']].update(range(first, last + 1))
    return cases


def reason_of(table, recording, case):
    with open(table, encoding='utf-8') as f:
        for line in f:
            if not line.strip() or line.startswith('#'):
                continue
            recordings, cases, reason = line.split(None, 2)
            if fnmatch.fnmatchcase(recording, recordings) and \
                    fnmatch.fnmatchcase(case, cases):
                return reason.strip()
    return None


def scenarios_of(pairs, path):
    with open(pairs, encoding='utf-8') as f:
        lines = [line.rstrip('\n').split('\t') for line in f if '\t' in line]
    return [scenario for recording, scenario in lines
            if os.path.samefile(recording, path)]


def diff(exe, path, scenarios):
    """What was compared, and whether there was a difference."""
    if not scenarios:
        return [], True
    run = subprocess.run([exe, 'diff', '--format', 'json', *scenarios, path],
                         text=True, capture_output=True)
    for line in run.stderr.splitlines():
        print(f'# {line}')
    if run.returncode not in (0, 1):
        return [], False
    (one,) = json.loads(run.stdout)['recordings']
    print(f'# Linux {one["kernel"]}: {one["cases"]} cases, '
          f'{one["steps"]} steps, {one["events"]} events, '
          f'{one["explained"]} differences explained, '
          f'{one["left_out"]} steps left out')
    return one['compared'], run.returncode == 0


def main():
    exe, table, pairs, path = sys.argv[1:5]
    recording = os.path.basename(path).removesuffix('.jsonl.xz')
    compared, same = diff(exe, path, scenarios_of(pairs, path))
    seen = replayed(compared)
    print(f'{"ok" if same else "not ok"} 1 - no difference')
    failed = not same
    cases = steps_of(path)
    for number, (case, steps) in enumerate(cases.items(), 2):
        missing = sorted(steps - seen[case])
        reason = reason_of(table, recording, case)
        if missing and not reason:
            failed = True
            print(f'not ok {number} - {case}')
            print(f'# steps that no scenario replays: {missing[:20]}')
        elif missing:
            print(f'ok {number} - {case} # SKIP {reason}')
        else:
            print(f'ok {number} - {case}')
    print(f'1..{len(cases) + 1}')
    sys.exit(failed)


main()
