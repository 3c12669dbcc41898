# SPDX-License-Identifier: MIT
"""
The tables of docs/nested-state.md: when a structure that hangs off vmcs12 or
vmcb12 is touched, and what becomes of it when userspace is not ready, for each
kernel and for each way that was proposed.

    nested_state.py TDPSIM DOCUMENT [--update]

Every cell is a scenario of a few steps, made here; TDPSIM runs all of them.
"""

import os
import re
import subprocess
import sys
import tempfile

START = '<!-- cells: tests/cli/nested_state.py -->\n'
END = '<!-- end of cells -->\n'

# What is where: the first is memory, the others are not there (yet).
PLACES = {'here': 0x10000, 'waits': 0x20000, 'absent': 0x8000000}

# Kernels whose nested.state_pages differ, and behaviours that were proposed.
KERNELS = [
    ('5.10', 'v5.10', ''),
    ('5.12', 'v5.12', ''),
    ('5.14', 'v5.14', ''),
    ('5.15', 'v5.15', ''),
    ('5.17', 'v5.17', ''),
    ('6.8', 'v6.8', ''),
]
WAYS = [
    ('6.12', 'v6.12', ''),
    ('A', 'v6.12', ', nested.state_pages: on_set'),
    ('B', 'v6.12', ', nested.state_pages: before_entry'),
    ('C', 'v6.12', ', smm.leave: split'),
    ('D', 'v6.12', ', nested.state_pages: unblock'),
    ('E', 'v6.12', ', nested.state_pages: vcpu_run'),
    ('F', 'v6.12', ', nested.state_pages: open_coded'),
]


class Structure:
    """name, vendor, what the state says; own: L2's registers are set before"""

    def __init__(self, name, vendor, state, own='', access='run:',
                 fatal=False):
        self.name, self.vendor, self.state = name, vendor, state
        self.own, self.access, self.fatal = own, access, fatal


READ = 'read: { gva: 0 }'
L1_SVM = '{ mode: 4-level, cr3: 0x80000, efer: SCE|LME|LMA|NX|SVME }'
STRUCTURES = [
    Structure('APIC-access page', 'intel', 'apic_access: {at}'),
    Structure('virtual-APIC page', 'intel', 'virtual_apic: {at}'),
    Structure('the same, CR8 exiting', 'intel',
              'virtual_apic: {at}, cr8_exiting: true'),
    Structure('posted-interrupt descriptor', 'intel', 'pi_desc: {at}'),
    Structure('MSR bitmap', 'intel', 'msr_bitmap: {at}'),
    Structure('PDPTEs of L2', 'intel',
              'mode: pae, cr3: {at}, cr4: PAE|VMXE', fatal=True),
    Structure('table of EPT12', 'intel', 'tdp: true, root: {root}',
              access=READ, fatal=True),
    Structure('MSR permission map (SVM)', 'amd', 'msr_bitmap: {at}'),
    Structure('PDPTEs of L2 (SVM)', 'amd', 'mode: pae, cr3: {at}',
              own='mode: pae, cr3: {at}, efer: NX|SVME', fatal=True),
    Structure('table of NPT12 (SVM)', 'amd', 'tdp: true, root: {at}',
              access=READ, fatal=True),
]

SCENARIO = """scenario: {name}
about: one cell
host: {{ vendor: {vendor} }}
kvm: {{ profile: {profile}{way} }}
memslots:
  - {{ slot: 0, gpa: 0, size: 1MiB }}
  - {{ slot: 1, as: 1, gpa: 0, size: 1MiB }}
memory:
  - {{ gpa: 0x10000, value: 1 }}
vcpus:
  - {{ mode: 4-level, cr3: 0x80000, {on} }}
steps:
  - set_backing: {{ gpa: 0x20000, size: 8KiB, backing: uffd-missing }}
{steps}
"""

PROBE = '    expect: { outcome: livelock, ret: ENOSPC, reason: bad_slot }\n'
TOUCHED = "    expect: { outcome: livelock, events: [ nested_page: {} ] }\n"


def text_of(structure, column, place, rsm, name):
    """The scenario of a cell: its last three steps are probed."""
    _, profile, way = column
    early = rsm or structure.own  # the page is taken away later
    at = PLACES['here' if early else place]
    state = structure.state.format(at=hex(at), root=hex(at | 0x1e))
    before = ''
    if rsm:
        before = f'  - nested_enter: {{ {state} }}\n  - run:\n  - smi:\n'
        enter = 'rsm:'
    elif structure.own:
        own = structure.own.format(at=hex(at))
        before = f'  - set_sregs: {{ {own} }}\n'
        enter = f'set_nested_state: {{ l1: {L1_SVM} }}'
    else:
        enter = f'set_nested_state: {{ {state} }}'
    if place != 'here' and early:
        backing = 'uffd-missing' if place == 'waits' else 'unmapped'
        before += ('  - set_backing: { gpa: 0x10000, size: 8KiB, '
                   f'backing: {backing} }}\n')
    probe = TOUCHED if place == 'here' else PROBE
    steps = before + ''.join(
        f'  - {step}\n{probe}'
        for step in (enter, structure.access, structure.access))
    return SCENARIO.format(
        name=name, vendor=structure.vendor, profile=profile, way=way,
        steps=steps, on='cr4: +VMXE' if structure.vendor == 'intel' else
        'efer: SCE|LME|LMA|NX|SVME')


def steps_of(output):
    """By scenario: what each probed step, by line, said against it."""
    cells = {}
    for file, line, field, value in re.findall(
            r'^(\S+?):(\d+):\d+: \w+: ([\w.\[\]]+): expected .*?, got (\S+)',
            output, re.M):
        name = os.path.basename(file)[:-5]
        cells.setdefault(name, {}).setdefault(int(line), {})[field] = \
            value.rstrip(',')
    return {name: [lines[line] for line in sorted(lines)][-3:]
            for name, lines in cells.items()}


def phrase(step, call):
    outcome, ret = step.get('outcome'), step.get('ret')
    if outcome == 'blocked':
        return f'{call} sleeps'
    if ret not in (None, '0'):
        return f'{call}: {ret}'
    return {
        'done': 'L2 runs',
        'guest_fault': 'L2 runs',
        'internal_error': f'{call}: internal error',
        'failed': f'{call}: returns 0',
        'entry_failed': 'VM entry fails, L1 runs',
        'nested_exit': 'L1 gets an exit',
        'shutdown': 'shutdown of L1',
    }.get(outcome, outcome)


def touched(step):
    return not any(field.startswith('events') for field in step)


def cell(steps, structure, place, rsm):
    call = 'RSM' if rsm else 'ioctl'
    first, second, third = steps
    if place == 'here':
        if structure.access != 'run:':
            return 'first access'
        calls = [name for name, step in ((call, first), ('KVM_RUN', second))
                 if touched(step)]
        return ', '.join(calls) if calls else 'never'
    if first.get('outcome') != 'done' or first.get('ret') not in ('0', None):
        return phrase(first, call)
    said = phrase(second, 'KVM_RUN')
    again = phrase(third, 'KVM_RUN')
    if second.get('outcome') == 'done' and place == 'absent' and \
            not structure.fatal:
        return 'L2 runs without it'
    if second.get('outcome') not in ('internal_error', 'failed') or \
            again == said:
        return said
    return f'{said}; then {again}'


SITUATIONS = [(rsm, place) for rsm in (False, True)
              for place in ('here', 'waits', 'absent')]
TITLES = {
    'here': 'it is there: which call touches it',
    'waits': 'the page waits for a userfault',
    'absent': 'nothing is there',
}


def all_cells():
    for rsm, place in SITUATIONS:
        for columns in (KERNELS, WAYS):
            for structure in STRUCTURES:
                for column in columns:
                    yield rsm, place, structure, column


def name_of(rsm, place, structure, column):
    row = STRUCTURES.index(structure)
    return f'{"rsm" if rsm else "set"}_{place}_{row}_' + \
        column[0].replace('.', '_').lower()


def run_all(tdpsim):
    with tempfile.TemporaryDirectory() as folder:
        for what in all_cells():
            rsm, place, structure, column = what
            name = name_of(*what)
            with open(f'{folder}/{name}.yaml', 'w', encoding='utf-8') as file:
                file.write(text_of(structure, column, place, rsm, name))
        out = subprocess.run([tdpsim, 'run', folder], check=False,
                             capture_output=True, text=True)
    return steps_of(out.stdout), out.stdout + out.stderr


def table(cells, columns, rsm, place):
    lines = ['| structure | ' + ' | '.join(c[0] for c in columns) + ' |',
             '|---' * (len(columns) + 1) + '|']
    for structure in STRUCTURES:
        row = [cell(cells[name_of(rsm, place, structure, column)], structure,
                    place, rsm) for column in columns]
        lines.append(f'| {structure.name} | ' + ' | '.join(row) + ' |')
    return '\n'.join(lines) + '\n'


def tables(tdpsim):
    cells, output = run_all(tdpsim)
    for what in all_cells():
        if len(cells.get(name_of(*what), [])) != 3:
            sys.exit(f'{name_of(*what)}: no three answers\n{output[-3000:]}')
    text = ''
    for rsm, place in SITUATIONS:
        call = 'RSM into L2' if rsm else 'KVM_SET_NESTED_STATE'
        text += f'\n### {call}: {TITLES[place]}\n'
        for columns in (KERNELS, WAYS):
            text += '\n' + table(cells, columns, rsm, place)
    return text + '\n'


def main():
    tdpsim, path = sys.argv[1:3]
    with open(path, encoding='utf-8') as file:
        document = file.read()
    head, rest = document.split(START, 1)
    old, tail = rest.split(END, 1)
    new = tables(tdpsim)
    if sys.argv[3:] == ['--update']:
        with open(path, 'w', encoding='utf-8') as file:
            file.write(head + START + new + END + tail)
        return
    print('1..1')
    print('ok 1' if old == new else
          'not ok 1 - the tables are old; run nested_state.py with --update')
    sys.exit(old != new)


if __name__ == '__main__':
    main()
