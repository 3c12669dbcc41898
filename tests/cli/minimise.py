# SPDX-License-Identifier: MIT
"""
tests/kernel/minimise.py, with stand-ins for the kernel: what is left of a
scenario, and how many boots that takes.

usage: minimise.py TDPSIM MINIMISER
"""

import os
import re
import subprocess
import sys

import cli

MINIMISER = sys.argv[2]
HEAD = '''\
scenario: long
about: a stand-in for the kernel differs
any_outcome: true
host: { vendor: amd, maxphyaddr: 40 }
kvm: { profile: v6.12 }
memslots:
  - { slot: 0, gpa: 0, size: 1MiB }
  - { slot: 1, gpa: 0x10000000, size: 1MiB }
vcpus:
  - {}
steps:
'''

# A kernel that differs where words come one after the other; it counts its
# boots, and what it was given.
KERNEL = '''\
import os, re, sys
words, rule, boots = {words!r}, {rule!r}, {boots!r}
with open(boots, 'a') as f:
    f.write(f'{{len(sys.argv) - 1}}\\n')
with open(boots) as f:
    nth = len(f.readlines())
status = 0
for path in sys.argv[1:]:
    lines = open(path).read().splitlines()
    name = lines[0].split()[1]
    at, found = 0, []
    for word in words:
        found = [i for i in range(at, len(lines)) if word in lines[i]]
        if not found:
            break
        at = found[0] + 1
    # By chance: what is small, in the first boot alone.
    lucky = nth == 1 and len(lines) < 24
    if (not found and not (rule == 'first' and lucky)) or \
            (rule == 'once' and nth > 1):
        continue
    status = 1
    if rule == 'dies':
        print(f'run.sh: the kernel died or hung in scenario {{name}}, step 1')
        break
    field = 'b' if rule == 'other' and len(lines) < 20 else 'a'
    print(f'{{path}}:{{at}}: rec.jsonl: step 1 (KVM_RUN): event 2: '
          f'ev.{{field}}: recorded 1, model 2')
print('1 scenarios, 1 steps')
sys.exit(3 if rule == 'broken' else status)
'''


def step(number, rest=''):
    return f'  - read: {{ gva: 0x{0x1000 * number:x} }}{rest}\n'


LONG = HEAD + ''.join(step(i) for i in range(1, 31))
# Steps of several lines, comments, and a key behind the list.
BLOCKS = HEAD.replace('steps:\n', '''\
steps:
  # what comes first
  - guest_tables:
      at: 0x2000
      mode: 32-bit
      pages:
        - { gva: 0x400000, gpa: 0x1000 }
''') + step(9, '\n    expect: { exits: 1 }') + step(8) + 'memory:\n  - { gpa: 0x3000, value: 1 }\n'
# Without the first step there is no vCPU in SMM, so its RSM is a #UD, valid
# still; without the memslot, guest_tables has no memory and nothing loads.
NEEDED = HEAD + '''\
  - guest_tables: { at: 0x2000, mode: 32-bit, pages: [ { gva: 0, gpa: 0 } ] }
''' + step(5)


class Try:
    """One call of the minimiser."""

    def __init__(self, text, words, *options, rule=''):
        self.folder = cli.Folder()
        path = self.folder.path
        self.folder.file('long.yaml', text)
        self.folder.file('kernel.py', KERNEL.format(
            words=words, rule=rule, boots=path + '/boots'))
        done = subprocess.run(
            [sys.executable, MINIMISER, '--tdpsim', cli.EXE, '--output', path,
             *options, path + '/long.yaml', '--',
             sys.executable, path + '/kernel.py'],
            check=False, capture_output=True, text=True, timeout=120)
        self.status, self.out, self.err = (done.returncode, done.stdout,
                                           done.stderr)
        self.boots = self.lines('boots')
        self.left = self.lines('long_min.yaml')

    def lines(self, name):
        path = os.path.join(self.folder.path, name)
        if not os.path.exists(path):
            return []
        with open(path, encoding='utf-8') as f:
            return f.read().splitlines()

    def problems(self, status, left=None, boots=None, text=''):
        """left: words that its steps and memslots have, in order."""
        found = []
        if self.status != status:
            found.append(f'status {self.status}: {self.out}{self.err}')
        if text not in self.out + self.err:
            found.append(f'no "{text}" in {self.out}{self.err}')
        parts = [re.sub(r'^  - ', '', line) for line in self.left
                 if line.startswith('  - ') and line != '  - {}']
        if left is not None and parts != left:
            found.append(f'left {parts}, not {left}')
        if boots is not None and len(self.boots) > boots:
            found.append(f'{len(self.boots)} boots of {self.boots}')
        return found


def read(number):
    return f'read: {{ gva: 0x{0x1000 * number:x} }}'


tap = cli.Tap()
one = Try(LONG, ['0x7000 ', '0x15000 '])
tap.check('two_steps_that_differ_together', one.problems(
    0, [read(7), read(0x15)], boots=6, text='long_min.yaml: smallest that '
    'differs: 2 of 30 steps'))
tap.check('the_difference_is_printed', one.problems(
    0, text='long_min.yaml:10: rec.jsonl: step 1 (KVM_RUN): event 2: ev.a: '
    'recorded 1'))
tap.check('the_result_is_a_scenario', cli.Run(
    'run', one.folder.path + '/long_min.yaml').problems(
        0, out='1 scenarios'))
tap.check('one_step', Try(LONG, ['0x9000 ']).problems(
    0, [read(9)], boots=5))
tap.check('all_steps_of_one_page', Try(
    LONG, [f'0x{i:x}000 ' for i in range(1, 31)]).problems(
        0, [read(i) for i in range(1, 31)], boots=3))
tap.check('small_batches', Try(LONG, ['0x7000 ', '0x15000 '], '--batch', '8',
                               '--boots', '60').problems(
    0, [read(7), read(0x15)]))
tap.check('memslots_that_matter_stay', Try(
    LONG, ['slot: 1', '0x9000 ']).problems(
        0, ['{ slot: 1, gpa: 0x10000000, size: 1MiB }', read(9)]))
blocks = Try(BLOCKS, ['gva: 0x400000', '0x8000 '])
tap.check('steps_of_many_lines', blocks.problems(
    0, ['{ slot: 0, gpa: 0, size: 1MiB }', 'guest_tables:', read(8),
        '{ gpa: 0x3000, value: 1 }']))
tap.check('what_does_not_load_is_skipped', Try(
    NEEDED, ['at: 0x2000']).problems(
        0, ['{ slot: 0, gpa: 0, size: 1MiB }',
            'guest_tables: { at: 0x2000, mode: 32-bit, pages: '
            '[ { gva: 0, gpa: 0 } ] }']))
tap.check('another_difference_does_not_count', Try(
    LONG, ['0x9000 '], rule='other').problems(
        0, text='9 of 30 steps'))
tap.check('a_kernel_that_dies', Try(
    LONG, ['0x7000 ', '0x15000 '], '--boots', '100', rule='dies').problems(
        0, [read(7), read(0x15)], text='died or hung'))
tap.check('once_and_by_chance', Try(LONG, ['0x9000 '], rule='once').problems(
    1, text='long.yaml: did not differ when it was repeated'))
tap.check('now_and_then', Try(LONG, ['0x9000 '], rule='first').problems(
    0, [read(9)]))
tap.check('never_again', Try(LONG, ['0x99000 ']).problems(
    1, text='long.yaml: did not differ when it was repeated', boots=1))
tap.check('limit_of_boots', Try(LONG, ['0x7000 ', '0x15000 '], '--boots',
                                '1').problems(
    1, boots=1, text='but the limit came first'))
tap.check('limit_of_time', Try(LONG, ['0x9000 '], '--seconds', '0').problems(
    1, boots=0))
tap.check('command_that_fails', Try(LONG, ['0x9000 '], rule='broken').problems(
    2, text='ends with status 3'))
tap.check('steps_in_one_line', Try(
    HEAD.replace('steps:\n', 'steps: [ { run: {} } ]\n'), ['x']).problems(
        2, text='"steps:" is no list of lines with "- "'))
tap.check('no_such_option', Try(LONG, ['x'], '--depth', '1').problems(
    2, text='option --depth not recognized'))
tap.end()
