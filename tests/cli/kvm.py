# SPDX-License-Identifier: MIT
"""tdpsim-kvm without a /dev/kvm that it could use, and wrong usage."""

import os
import subprocess
import sys

import cli

program, run_sh, build = sys.argv[2:]
folder = cli.Folder()
tap = cli.Tap()
good = folder.file('good.yaml', cli.GOOD)
output = os.path.join(os.path.dirname(good), 'recording.jsonl')


def check(name, command, status, words, recorded=False):
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    text = run.stdout + run.stderr
    problems = [f'no "{word}" in {text!r}' for word in words
                if word not in text]
    if run.returncode != status:
        problems.append(f'exit status {run.returncode}')
    if os.path.exists(output) != recorded:
        problems.append('a recording' if not recorded else 'no recording')
    tap.check(name, problems)


check('help', [program, '--help'], 0, ['Usage: tdpsim-kvm '])
check('no_scenario', [program], 2, ['Usage: tdpsim-kvm '])
check('unknown_option', [program, '--nonsense', good], 2, ['nonsense'])
for limit in '0', 'soon', '5s', '-1', '99999999999':
    check(f'limit_{limit}', [program, '--limit', limit, good], 2, ['Usage: '])
check('no_device', [program, '--device', '/nonexistent', good], 2,
      ['tdpsim-kvm: /nonexistent: there is none: is a kvm module loaded?'])
check('no_kvm', [program, '--device', '/dev/null', good], 2,
      ['tdpsim-kvm: /dev/null: is no KVM'])
check('a_folder', [program, '--device', '/', good], 2,
      ['tdpsim-kvm: /: Is a directory'])
check('output_can_not_be_written',
      [program, '--output', '/nonexistent/recording.jsonl', good], 2,
      ['tdpsim-kvm: /nonexistent/recording.jsonl: No such file'])
# Root may open everything.
locked = folder.file('locked', '')
os.chmod(locked, 0)
os.chmod(folder.path, 0o755)
nobody = ['setpriv', '--reuid', '65534', '--clear-groups']
check('no_permission',
      (nobody if os.getuid() == 0 else []) +
      [program, '--device', locked, good], 2,
      [f'tdpsim-kvm: {locked}: Permission denied'])

# Of the script: a machine that has no KVM for it is a reason to skip.
check('no_kernel', [run_sh, '--build', build, '/nonexistent', good], 2,
      ['run.sh: no kernel /nonexistent'])
check('two_kernels', [run_sh, '--build', build, '6.12', '6.1', good], 2,
      ['run.sh: two kernels: 6.12 and 6.1'])
check('unknown_option_of_the_script', [run_sh, '--nonsense'], 2,
      ['run.sh: no option --nonsense'])
check('value_is_missing', [run_sh, '--limit'], 2,
      ['run.sh: --limit needs a value'])
check('not_built', [run_sh, '--kvm', '--build', '/nonexistent', good], 2,
      ['run.sh: no /nonexistent/tools/tdpsim-kvm: build first'])
if not any(os.path.isdir('/sys/module/kvm_' + vendor)
           for vendor in ('intel', 'amd')):
    check('own_kvm_is_none',
          [run_sh, '--kvm', '--build', build, '--output',
           os.path.dirname(good), good], 77, ['run.sh: skipped: '])
tap.end()
