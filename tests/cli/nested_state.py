# SPDX-License-Identifier: MIT
"""
The tables of docs/nested-state.md: what becomes of a structure that hangs off
vmcs12 or vmcb12 when userspace is not ready, for each way to load it.

    nested_state.py TDPSIM DOCUMENT [--update]

Every cell is a scenario of a few steps, made here and replayed by TDPSIM.
"""

import re
import subprocess
import sys
import tempfile

START = '<!-- cells: tests/cli/nested_state.py -->\n'
END = '<!-- end of cells -->\n'

# What is where: the first is memory, the others are not there (yet).
PLACES = {'here': 0x10000, 'waits': 0x20000, 'absent': 0x8000000}

# Behaviours that differ from the kernel's.
WAYS = [
    ('6.12', ''),
    ('A', ', nested.state_pages: on_set'),
    ('B', ', nested.state_pages: before_entry'),
    ('C', ', smm.leave: split'),
    ('D', ', nested.state_pages: unblock'),
    ('E', ', nested.state_pages: vcpu_run'),
    ('F', ', nested.state_pages: open_coded'),
]

STRUCTURES = [
    ('APIC-access page', 'intel', 'apic_access: {at}'),
    ('virtual-APIC page', 'intel', 'virtual_apic: {at}'),
    ('the same, CR8 exiting', 'intel', 'virtual_apic: {at}, cr8_exiting: true'),
    ('posted-interrupt descriptor', 'intel', 'pi_desc: {at}'),
    ('MSR bitmap', 'intel', 'msr_bitmap: {at}'),
    ('PDPTEs', 'intel', 'mode: pae, cr3: {at}, cr4: PAE|VMXE'),
    ('MSR permission map (SVM)', 'amd', 'msr_bitmap: {at}'),
]

SCENARIO = """scenario: cell
about: one cell
host: {{ vendor: {vendor} }}
kvm: {{ profile: v6.12{way} }}
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

BY_USERSPACE = ['set_nested_state: {{ {state} }}', 'run:', 'run:']
BY_RSM = ['rsm:', 'run:', 'run:']


def results(tdpsim, text, nr_before):
    """(outcome, ret) of each probed step: every expectation of it fails."""
    with tempfile.NamedTemporaryFile('w', suffix='.yaml') as file:
        file.write(text)
        file.flush()
        out = subprocess.run([tdpsim, 'run', file.name], check=False,
                             capture_output=True, text=True)
    found = re.findall(r'^\S+?:(\d+):\d+: \w+: (outcome|ret|reason): '
                       r'expected \S+, got (\S+)$', out.stdout, re.M)
    if not found:
        sys.exit(f'{text}\n{out.stdout}{out.stderr}')
    steps = {}
    for line, field, value in found:
        steps.setdefault(int(line), {})[field] = value
    return [steps[line] for line in sorted(steps)][-nr_before:]


def phrase(step, call):
    outcome, ret = step.get('outcome'), step.get('ret')
    if outcome == 'blocked':
        return f'{call} sleeps'
    if ret not in (None, '0'):
        return f'{call}: {ret}'
    return {
        'done': 'L2 runs',
        'internal_error': f'{call}: internal error',
        'failed': f'{call}: returns 0',
        'entry_failed': 'VM entry fails, L1 runs',
        'nested_exit': 'L2 ends',
        'shutdown': 'shutdown of L1',
    }.get(outcome, outcome)


def cell(tdpsim, way, structure, place, rsm):
    name, vendor, state = structure
    state = state.format(at=hex(PLACES[place]))
    plan = BY_RSM if rsm else BY_USERSPACE
    before = ''
    if rsm:
        here = structure[2].format(at='0x10000')
        before = f'  - nested_enter: {{ {here} }}\n  - run:\n  - smi:\n'
        if place != 'here':
            backing = 'uffd-missing' if place == 'waits' else 'unmapped'
            before += ('  - set_backing: { gpa: 0x10000, size: 8KiB, '
                       f'backing: {backing} }}\n')
    steps = before + ''.join(
        f'  - {step.format(state=state)}\n{PROBE}' for step in plan)
    text = SCENARIO.format(vendor=vendor, way=way, steps=steps,
                           on='cr4: +VMXE' if vendor == 'intel' else
                           'efer: SCE|LME|LMA|NX|SVME')
    first, second, third = results(tdpsim, text, 3)
    call = 'RSM' if rsm else 'ioctl'
    without = place == 'absent' and structure[0] != 'PDPTEs'
    if first.get('outcome') != 'done' or first.get('ret') not in ('0', None):
        return phrase(first, call)
    said = phrase(second, 'KVM_RUN')
    again = phrase(third, 'KVM_RUN')
    if second.get('outcome') == 'done' and without:
        return 'L2 runs without it'
    if second.get('outcome') in ('done', 'blocked', 'entry_failed') or \
            again == said:
        return said
    return f'{said}; then {again}'


def table(tdpsim, place, rsm):
    lines = ['| structure | ' + ' | '.join(name for name, _ in WAYS) + ' |',
             '|---' * (len(WAYS) + 1) + '|']
    for structure in STRUCTURES:
        cells = [cell(tdpsim, way, structure, place, rsm) for _, way in WAYS]
        lines.append(f'| {structure[0]} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines) + '\n'


def tables(tdpsim):
    text = ''
    for rsm, title in ((False, 'KVM_SET_NESTED_STATE'), (True, 'RSM into L2')):
        for place, when in (('waits', 'the page waits for a userfault'),
                            ('absent', 'nothing is there')):
            text += f'\n### {title}: {when}\n\n' + table(tdpsim, place, rsm)
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
