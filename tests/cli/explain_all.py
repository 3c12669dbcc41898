# SPDX-License-Identifier: MIT
"""
Every scenario can be explained: what is written is JSON, each step has a result,
each rule a sentence, and a source unless it is the hardware's alone.

Explaining replays each scenario with all other values of all behaviours, so
that this is also a test that no mix of them brings the model down.

usage: explain_all.py TDPSIM SCENARIO...
"""

import json
import sys

import cli


def problems(path):
    run = cli.Run('explain', '--format', 'json', path, timeout=120)
    if "can't be replayed: " in run.err:  # it requires what the model lacks
        return run.crash()
    found = run.problems(0)
    if found:
        return found
    try:
        told = json.loads(run.out)
    except ValueError as problem:
        return [repr(problem), *run.out.splitlines()[-3:]]
    for step in told['steps']:
        where = f'line {step["line"]}: {step["verb"]}'
        for line in step['lines']:
            if line['kind'] == 'rule' and line['name'] and not (
                    line['text'].endswith('.') and line.get('source')):
                found.append(f'{where}: {line}')
            if not line['text'] and line['kind'] != 'event':
                found.append(f'{where}: says nothing: {line}')
    return found


def main():
    tap = cli.Tap()
    for path in sys.argv[2:]:
        tap.check(path.rsplit('scenarios/', 1)[-1], problems(path))
    tap.end()


main()
