# SPDX-License-Identifier: MIT
"""Kernels that die or hang in the middle: the run ends, and says where."""

import os
import subprocess
import sys
import tempfile

run_sh, build = sys.argv[1:]

GOOD = '''scenario: {name}
about: it works
host: {{ vendor: amd }}
kvm: {{ profile: v6.12 }}
memslots:
  - {{ slot: 0, gpa: 0, size: 1MiB }}
steps:
  - read: {{ gva: 0x1000 }}
'''

# Each read of it sleeps until the recorder's alarm, behind two seconds.
SLEEPS = '''scenario: sleeps
about: nobody serves the userfault
host: { vendor: amd }
kvm: { profile: v6.12 }
memslots:
  - { slot: 0, gpa: 0, size: 1MiB, backing: uffd-missing }
steps:
''' + 100 * '  - prefault: { gpa: 0x1000, size: 0x1000 }\n'

# The machine has less than that, and panics when it is out of memory.
BIG = '''scenario: big
about: memory that was written, more than there is
host: { vendor: amd }
kvm: { profile: v6.12 }
memslots:
  - { slot: 0, gpa: 0, size: 1GiB }
steps:
  - prefault: { gpa: 0x1000, size: 0x1000 }
'''

CASES = [
    ('a scenario is ended at its limit, the others are recorded',
     [('first', GOOD), ('sleeps', SLEEPS), ('last', GOOD)],
     ['--scenario-limit', '5'],
     ['run.sh: scenario sleeps, step ', ': did not end in time',
      '3 scenarios, '],
     ['first', 'sleeps', 'last']),
    ('a kernel that panics is named with its scenario',
     [('first', GOOD), ('big', BIG), ('last', GOOD)],
     ['--append', 'sysctl.vm.panic_on_oom=1 mem=640M'],
     ['the kernel died or hung in scenario big, step 0', 'panic',
      ' steps, '],
     ['first']),
    ('a machine that hangs is ended at its limit',
     [('first', GOOD), ('sleeps', SLEEPS)],
     ['--limit', '60'],
     ['run.sh: over the limit of 60 s',
      'the kernel died or hung in scenario sleeps, step ', '2 scenarios, '],
     ['first', 'sleeps']),
]


def carry_out(folder, scenarios, options):
    paths = []
    for name, text in scenarios:
        path = os.path.join(folder, name + '.yaml')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text.format(name=name) if text is GOOD else text)
        paths.append(path)
    return subprocess.run(
        [run_sh, '6.12', '--again', '--build', build, '--output',
         os.path.join(folder, 'out')] + options + paths,
        capture_output=True, text=True, check=False)


def problems(run, folder, wanted, cases):
    found = [f'no "{text}"' for text in wanted
             if text not in run.stdout + run.stderr]
    if run.returncode != 1:
        found.append(f'exit status {run.returncode}')
    with open(os.path.join(folder, 'out/recording.jsonl'),
              encoding='utf-8') as file:
        text = file.read()
    found += [f'nothing recorded of {case}' for case in cases
              if f'"case":"{case}"' not in text]
    return found


print(f'1..{len(CASES)}')
sys.stdout.flush()
for number, (name, scenarios, options, wanted, cases) in enumerate(CASES, 1):
    with tempfile.TemporaryDirectory() as folder:
        run = carry_out(folder, scenarios, options)
        if run.returncode == 77:
            print(f'ok {number} - {name} # SKIP {run.stderr.strip()}')
            continue
        found = problems(run, folder, wanted, cases)
        print(f'{"not " if found else ""}ok {number} - {name}')
        for line in found + (run.stdout + run.stderr).splitlines() * bool(found):
            print(f'# {line}')
