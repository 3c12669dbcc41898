# SPDX-License-Identifier: MIT
"""
docs/memory-types.md holds a table of what each rule for memory types comes to
in all orders of the scenarios in scenarios/memtype-orders.  This makes it:
each scenario is explored under each rule, with claims that ask for aliasing
and for every number of roots, pages and zaps at the end.

usage: memory_types.py TDPSIM DOCUMENT FOLDER [--update]
"""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile

BEGIN = '<!-- table: tests/cli/memory_types.py -->\n'
END = '<!-- end of table -->\n'

# Rule, kernels, and what stands behind "kvm:".  Proposals are tried in the
# kernel of their time.
RULES = [
    ('`mtrr_cd_ipat`', '5.10 to 6.6', 'profile: v6.4'),
    ('`mtrr_cd_ipat`, quirk off', '5.10 to 6.6',
     'profile: v6.4, memtype.cd_quirk: "off"'),
    ('`mtrr_cd`', '6.7 to 6.10', 'profile: v6.8'),
    ('`mtrr_cd`, quirk off', '6.7 to 6.10',
     'profile: v6.8, memtype.cd_quirk: "off"'),
    ('`wb_only`', '6.11 to 6.15', 'profile: v6.12'),
    ('`quirk9`', '6.16 and later', 'profile: v6.18'),
    ('`vcpu0`', 'proposal', 'profile: v5.17, memtype.source: vcpu0'),
    ('`vcpu0`, quirk off', 'proposal',
     'profile: v5.17, memtype.source: vcpu0, memtype.cd_quirk: "off"'),
    ('`uniform`', 'proposal', 'profile: v5.17, memtype.source: uniform'),
    ('`uniform`, quirk off', 'proposal',
     'profile: v5.17, memtype.source: uniform, memtype.cd_quirk: "off"'),
    ('`role`', 'proposal', 'profile: v5.17, memtype.source: role'),
    ('`role`, quirk off', 'proposal',
     'profile: v5.17, memtype.source: role, memtype.cd_quirk: "off"'),
]

MAX_COUNT = 16
ALIASED = '''  - claim: aliased
    every: true
    memtypes: [ { gva: 0x5000, aliased: true } ]
'''
COUNTS = {
    'roots': 'nr_roots: {}',
    'pages': 'stats: {{ mmu_pages: {} }}',
    'zaps': 'stats: {{ zaps: {} }}',
}


def claims(tail):
    text = 'sometimes:\n' + tail
    for name, condition in COUNTS.items():
        if 'every:' in tail:
            break
        for n in range(MAX_COUNT + 1):
            text += f'  - claim: {name}_{n}\n    {condition.format(n)}\n'
    return text


def variant(path, kvm, observe, tail):
    """The scenario under another rule, and asked other questions."""
    with open(path, encoding='utf-8') as f:
        text = f.read()
    text = re.sub(r'^kvm: .*$', f'kvm: {{ {kvm} }}', text, flags=re.M)
    text = text[:text.index('observe:')]
    if 'memtype.source: role' in kvm:
        text += 'create: { expect: { reason: role_full } }\n'
    return text + f'observe: [ {observe} ]\n' + claims(tail)


def explore(exe, path, kvm, observe, tail=''):
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, os.path.basename(path))
        with open(copy, 'w', encoding='utf-8') as f:
            f.write(variant(path, kvm, observe, tail))
        # Status 1: a "sometimes" that never held, which is an answer here.
        run = subprocess.run([exe, 'explore', '--format', 'json', copy],
                             text=True, capture_output=True, check=False)
    if run.returncode not in (0, 1):
        sys.exit(f'{path} with {kvm}: {run.stderr}')
    found = json.loads(run.stdout)['explorations'][0]
    if not found['exhausted']:
        sys.exit(f'{path} with {kvm}: not exhausted')
    return found


def counted(found, name):
    """Which numbers were seen at the end of some order."""
    seen = [int(c['name'].split('_')[1]) for c in found['claims']
            if c['name'].startswith(name + '_') and c['yes']]
    if not seen:
        sys.exit(f'{found["path"]}: more than {MAX_COUNT} {name}')
    return min(seen), max(seen)


def faults(found):
    """Hardware exits of all steps, in each outcome."""
    sums = [sum(map(int, re.findall(r'exits (\d+)', o['steps'])))
            for o in found['outcomes']]
    return min(sums), max(sums)


def span(pairs):
    low, high = (sum(p[i] for p in pairs) for i in (0, 1))
    return str(low) if low == high else f'{low} to {high}'


def row(exe, rule, scenarios):
    title, kernels, kvm = rule
    types = [explore(exe, s, kvm, 'memtype') for s in scenarios]
    states = [explore(exe, s, kvm, 'memtype', ALIASED) for s in scenarios]
    # All steps, also those of which every outcome has the same count.
    exits = [explore(exe, s, kvm, 'exits, vcpu.root') for s in scenarios]
    return [
        title, kernels,
        sum(len(f['outcomes']) > 1 for f in types),
        sum(f['claims'][0]['yes'] > 0 for f in states),
        span([counted(f, 'roots') for f in types]),
        span([counted(f, 'pages') for f in types]),
        span([faults(f) for f in exits]),
        span([counted(f, 'zaps') for f in types]),
    ]


def table(exe, folder):
    scenarios = sorted(glob.glob(os.path.join(folder, '*.yaml')))
    lines = [f'Of {len(scenarios)} scenarios, over all their orders:\n',
             '| rule | kernels | order decides in | aliasing possible in '
             '| roots | table pages | faults | zaps |',
             '|---|---|---|---|---|---|---|---|']
    for rule in RULES:
        cells = ' | '.join(map(str, row(exe, rule, scenarios)))
        lines.append(f'| {cells} |')
    return '\n'.join(lines) + '\n'


def main():
    exe, path, folder = sys.argv[1:4]
    made = '\n' + table(exe, folder) + '\n'
    with open(path, encoding='utf-8') as f:
        head, rest = f.read().split(BEGIN)
    was, tail = rest.split(END)
    if sys.argv[4:] == ['--update']:
        with open(path, 'w', encoding='utf-8') as f:
            f.write(head + BEGIN + made + END + tail)
        return
    print('1..1')
    print(f'{"ok" if was == made else "not ok"} 1 - table')
    if was != made:
        print(f'# {path} is out of date; --update writes it')
        print(''.join(f'# {line}\n' for line in made.splitlines()))


main()
