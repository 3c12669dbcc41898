# SPDX-License-Identifier: MIT
"""Commands, options, formats and exit statuses."""

import json
import subprocess
import xml.etree.ElementTree

import cli

folder = cli.Folder()
tap = cli.Tap()
good = folder.file('all/1-good.yaml', cli.GOOD)
failing = folder.file('all/2-failing.yaml', cli.FAILING)
skipped = folder.file('all/sub/3-skipped.yaml', cli.SKIPPED)
broken = folder.file('broken/broken.yaml', cli.BROKEN)
folder.file('all/notes.txt', 'no scenario')


def check(name, args, status, out=None, err=None):
    run = cli.Run(*args)
    tap.check(name, run.problems(status, out, err))
    return run


# Usage
check('no_command', [], 2, err='Usage: tdpsim COMMAND')
check('unknown_command', ['rum'], 2, err='tdpsim: no command "rum"')
check('help', ['--help'], 0, out='Usage: tdpsim COMMAND')
check('version', ['--version'], 0, out='tdpsim 0.')
for command in ('run', 'walk', 'explain', 'account', 'list', 'vectors',
                'diff', 'compare', 'explore', 'merge'):
    check(f'{command}_help', [command, '--help'], 0,
          out=f'Usage: tdpsim {command} ')
    check(f'{command}_unknown_option', [command, '--nonsense'], 2,
          err=f'Try "tdpsim {command} --help".')
    check(f'{command}_without_arguments', [command], 2,
          err=f'tdpsim {command}: ')
check('unknown_format', ['run', '--format', 'xml', good], 2,
      err='tdpsim run: no format "xml": text, tap, junit or json')
check('verbose_is_for_text', ['run', '--verbose', '--format', 'tap', good], 2,
      err='--verbose is for the format text')

# compare
lone = cli.Folder()
twice = lone.file('twice.yaml', """\
scenario: twice
about: what a second pre-fault of a page does hangs on the kernel
host: { vendor: amd }
kvm: { profile: v6.12 }
memslots: [ { slot: 0, gpa: 0, size: 2MiB } ]
steps:
  - prefault: { gpa: 0x1000, size: 4KiB }
  - prefault: { gpa: 0x1000, size: 4KiB }
""")
check('compare_equal',
      ['compare', '--to', 'v6.14', '--from', 'v6.13', twice], 0,
      out='1 scenarios, 2 steps compared, 0 differ\n')
check('compare_differs',
      ['compare', '--from', 'v6.12', '--to', 'v6.13', twice],
      1, out='    - kvm_mmu_set_spte: gfn 0x1')
check('compare_brief',
      ['compare', '--brief', '--from', 'v6.12', '--to', 'v6.13', twice], 1,
      out='    decided by tdp.present_leaf: rewrite -> spurious [')
check('compare_behaviour', ['compare', '--to', 'prefault.api=none', twice], 1,
      out=f'{twice}: v6.12 -> v6.12 with prefault.api=none\n')
check('compare_history', ['compare', '--history', '--brief', twice], 1,
      out=f'{twice}: v6.8 -> v6.11\n')
check('compare_leaves_out', ['compare', '--to', 'v6.1', skipped], 0,
      err='left out: ')
check('compare_no_such_kernel', ['compare', '--to', 'v6.99', twice], 2,
      err='tdpsim compare: --to v6.99: ')
check('compare_no_such_value', ['compare', '--to', 'prefault.smm=x', twice], 2,
      err='tdpsim compare: --to prefault.smm=x: ')
check('compare_broken', ['compare', '--to', 'v6.1', broken], 2, err=broken)
check('compare_history_alone', ['compare', '--history', '--to', 'v6.1', twice],
      2, err='--history names its own kernels')
compared = json.loads(check(
    'compare_json', ['compare', '--format', 'json', '--from', 'v6.12', '--to',
                     'v6.13', twice], 1).out)
tap.check('compare_json_lines',
          [] if any(line['kind'] == 'decides' and line['after'] == 'spurious'
                    for line in compared['comparisons'][0]['lines'])
          else ['no line says what decides'])

# schema
check('schema_help', ['schema', '--help'], 0, out='Usage: tdpsim schema\n')
check('schema_takes_no_arguments', ['schema', good], 2,
      err='tdpsim schema: takes no arguments')

# generate
check('generate_help', ['generate', '--help'], 0,
      out='Usage: tdpsim generate ')
check('generate_unknown_option', ['generate', '--nonsense'], 2,
      err='Try "tdpsim generate --help".')
one = check('generate_one', ['generate', '--seed', '5'], 0,
            out='scenario: random_5\n')
again = check('generate_again', ['generate', '--seed', '5'], 0)
tap.check('generate_is_deterministic',
          [] if one.out == again.out else ['two texts of one seed differ'])
random = cli.Folder()
check('generate_many', ['generate', '--count', '3', '--seed', '7', '--topics',
                        'prefault,smm', '--output', random.path], 0)
check('generated_runs', ['run', '--verify', random.path + '/random_9.yaml'], 0,
      out='1 scenarios, 0 checks, 0 failed\n')
check('generate_many_needs_a_folder', ['generate', '--count', '2'], 2,
      err='tdpsim generate: --count needs --output')
check('generate_bad_topic', ['generate', '--topics', 'prefault,sm'], 2,
      err='tdpsim generate: --topics: "prefault,sm" won\'t do')
check('generate_no_folder', ['generate', '--output', '/nonexistent/x'], 2,
      err="/nonexistent/x/random_1.yaml: can't be written: ")

# run
run = check('passing', ['run', good], 0,
            out='1 scenarios, 2 checks, 0 failed\n')
tap.check('passing_is_silent', [] if run.out.count('\n') == 1 and not run.err
          else [run.out, run.err])
run = check('failing', ['run', failing], 1, out=(
    f'{failing}:8:30: prefault: level: expected 4K, got 2M\n'
    '    the step gave '))
tap.check('failing_tells_events', [] if '    its events, ' in run.out and
          'kvm_mmu_get_page: gfn 0x0, role 0x3784 (level 4, ' in run.out
          else run.out.splitlines())
check('skipped', ['run', skipped], 0, out=(
    f'{skipped}: skipped: confidential-vms: '))
check('skipped_is_counted', ['run', skipped], 0,
      out='1 scenarios, 0 checks, 0 failed, 1 skipped\n')
check('broken', ['run', broken], 2, err=f'{broken}:7:5: unknown verb',
      out='1 scenarios, 0 checks, 0 failed, 1 broken\n')
check('folder', ['run', folder.path + '/all'], 1,
      out='3 scenarios, 4 checks, 1 failed, 1 skipped\n')
check('folder_with_slash', ['run', folder.path + '/all//'], 1,
      out=f'{folder.path}/all/2-failing.yaml:8:30: ')
check('broken_one_does_not_hide_others', ['run', broken, good], 2,
      out='2 scenarios, 2 checks, 0 failed, 1 broken\n')
check('verify', ['run', '--verify', good], 0, out='2 checks, 0 failed')
check('verbose', ['run', '--verbose', good], 0,
      out='  line 7: step 1: prefault\n')
first = cli.Run('run', '--verbose', folder.path)
again = cli.Run('run', '--verbose', folder.path)
tap.check('deterministic', [] if first.out == again.out and
          first.err == again.err else ['two runs differ'])

# run --format
run = check('junit', ['run', '--format', 'junit', folder.path], 2,
            out='<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>')
suite = xml.etree.ElementTree.fromstring(run.out)
found = {kind: len(suite.findall('testsuite/testcase' + kind))
         for kind in ('', '/failure', '/skipped', '/error')}
tap.check('junit_content', [] if found == {'': 4, '/failure': 1, '/skipped': 1,
                                           '/error': 1} else [repr(found)])
run = check('tap', ['run', '--format', 'tap', folder.path], 2,
            out='ok 1 - good\n')
tap.check('tap_lines', [line for line in (
    'TAP version 13\n', 'not ok 2 - failing\n',
    'ok 3 - skipped # SKIP confidential-vms: ', f'not ok 4 - {broken}\n',
    '1..4\n', '# 4 scenarios, 4 checks, 1 failed, 1 skipped, 1 broken\n',
    f'# {failing}:8:30: prefault: level: expected 4K, got 2M\n')
    if line not in run.out])
run = check('json', ['run', '--format', 'json', folder.path], 2)
try:
    told = json.loads(run.out)
    scenarios = {s['path']: s for s in told['scenarios']}
    failed = [c for c in scenarios[failing]['checks'] if not c['passed']]
    tap.check('json_content', [text for text, holds in (
        ('summary', told['summary'] == {
            'scenarios': 4, 'checks': 4, 'failed': 1, 'skipped': 1,
            'broken': 1}),
        ('verdicts', [s['verdict'] for s in told['scenarios']] ==
         ['passed', 'failed', 'skipped', 'broken']),
        ('why broken', 'unknown verb "prefalt"' in scenarios[broken]['why']),
        ('one failure', len(failed) == 1),
        ('its place', (failed[0]['line'], failed[0]['column']) == (8, 30)),
        ('its values', (failed[0]['expected'], failed[0]['actual']) ==
         ('4K', '2M')),
        ('its trail', 'its events' in failed[0]['trail'])) if not holds])
except (ValueError, KeyError, IndexError) as problem:
    tap.check('json_content', [repr(problem), *run.out.splitlines()[:20]])

# explain
check('explain', ['explain', good], 0, out=(
    '\nstep 1, line 7: prefault { gpa: 2MiB, size: 2MiB }: '
    'KVM_PRE_FAULT_MEMORY\n'))
check('explain_tells_rules', ['explain', good], 0,
      out='\n  rule     mapped: The host gave a page,')
check('explain_of_a_failing_scenario', ['explain', failing], 0,
      out='\n  next     write: no exit\n')
check('explain_one_step', ['explain', '--step', '2', good], 2,
      err='good.yaml: there is no step 2: it has 1')
check('explain_no_step', ['explain', '--step', '0', good], 2,
      err='tdpsim explain: --step: "0" is no step')
check('explain_unknown_format', ['explain', '--format', 'xml', good], 2,
      err='tdpsim explain: no format "xml": text or json')
check('explain_skipped', ['explain', skipped], 2, err="can't be replayed: ")
run = check('explain_json', ['explain', '--format', 'json', good], 0)
try:
    told = json.loads(run.out)
    lines = told['steps'][0]['lines']
    tap.check('explain_json_content', [text for text, holds in (
        ('one step', len(told['steps']) == 1),
        ('its verb', told['steps'][0]['verb'] == 'prefault'),
        ('a rule with its source', any(
            (line['kind'], line['name']) == ('rule', 'mapped') and
            line['source'].startswith('KVM 6.12: ') for line in lines)),
        ('no exit next', sum(line['kind'] == 'next' and
                             line['text'] == 'no exit' for line in lines) == 3),
        ('order', [k for i, k in enumerate(line['kind'] for line in lines)
                   if not i or k != lines[i - 1]['kind']] ==
         ['event', 'gave', 'rule', 'mattered', 'mapped', 'next']))
        if not holds])
except (ValueError, KeyError, IndexError) as problem:
    tap.check('explain_json_content', [repr(problem),
                                       *run.out.splitlines()[:20]])

# account
faulting = folder.file('account/faulting.yaml', cli.GOOD.replace(
    'good', 'faulting') + '''\
  - write: { gva: 2MiB }
account: { backings: [ { backing: thp, without: { exits: 1 } },
                       { backing: anonymous, with: { exits: 1 } } ] }
''')
check('account', ['account', faulting], 0,
      out='anonymous  512 ')
check('account_markdown', ['account', '--format', 'markdown', faulting], 0,
      out='| `thp` | 1 | 1: 1 fixed | 0 | 1 |\n')
check('account_expectations', ['run', faulting], 1, out=(
    'faulting.yaml:11:61: account: backings[1].with.exits: expected 1, '
    'got 0\n'))
check('account_without_prefault', ['account', folder.file(
    'account/none.yaml', 'scenario: none\nabout: x\n')], 2,
      err='account: there is no memslot 0 at the start')
run = check('account_json', ['account', '--format', 'json', faulting], 0)
try:
    told = json.loads(run.out)
    tap.check('account_json_content', [text for text, holds in (
        ('rows', [row['backing'] for row in told] == ['thp', 'anonymous']),
        ('counts', [row['without']['exits'] for row in told] == [1, 1]),
        ('pre-faults', [row['with']['prefaulted'] for row in told] ==
         [1, 512])) if not holds])
except (ValueError, KeyError, IndexError) as problem:
    tap.check('account_json_content', [repr(problem),
                                       *run.out.splitlines()[:20]])

# walk
check('walk', ['walk', '--gva', '0x200123', good], 0, out=(
    'vCPU 0 reads 0x200123\n'
    '  1  ept   PML4  read   hpa 0x'))
check('walk_ends_in_a_page', ['walk', '--gva', '0x200123', good], 0,
      out=', page 2M, memory type WB\n')
check('walk_fault', ['walk', '--write', '--gva', '0x40000000', good], 0,
      out='vCPU 0 writes 0x40000000\n')
check('walk_of_a_failing_scenario', ['walk', '--gva', '2097152', failing], 0,
      out='done: hpa 0x')
check('walk_without_gva', ['walk', good], 2,
      err='tdpsim walk: --gva is missing')
check('walk_bad_gva', ['walk', '--gva', 'x', good], 2,
      err='--gva: "x" is no address')
check('walk_no_vcpu', ['walk', '--gva', '0', '--vcpu', '7', good], 2,
      err='has no vCPU 7')
check('walk_skipped', ['walk', '--gva', '0', skipped], 2,
      err="can't be replayed: confidential-vms: ")
check('walk_broken', ['walk', '--gva', '0', broken], 2,
      err='unknown verb "prefalt"')
check('walk_two_files', ['walk', '--gva', '0', good, good], 2,
      err='expected one scenario')

# list
for what, word in (('profiles', 'v6.12'), ('behaviours', 'memtype.source'),
                   ('events', 'kvm_mmu_get_page'), ('verbs', 'prefault'),
                   ('outcomes', 'guest_fault'), ('reasons', 'no_slot'),
                   ('walk-reasons', 'not_canonical'),
                   ('features', 'confidential-vms'), ('sections', 'memslots'),
                   ('types', 'address')):
    check(f'list_{what}', ['list', what], 0, out=f'{word}  '
          if what != 'profiles' else f'{word}\n')
for what, of, word in (('arguments', 'prefault', 'gpa'),
                       ('arguments', 'guest_tables.pages', 'rights'),
                       ('fields', 'prefault', 'root.role'),
                       ('fields', 'check.roots', 'refcount'),
                       ('keys', 'host', 'maxphyaddr'),
                       ('keys', 'host.ept', 'exec_only'),
                       ('parts', 'role', 'guest_mode'),
                       ('parts', 'spte', 'mmio_gen'),
                       ('values', 'backing', 'thp'),
                       ('values', 'cr0', 'CD')):
    check(f'list_{what}_{of}', ['list', what, of], 0, out=word)
    check(f'list_{what}_unknown', ['list', what, 'nonsense'], 2,
          err='"nonsense"')
check('list_behaviours_of_a_profile',
      ['list', '--profile', 'v6.1', 'behaviours'], 0, out='mtrr_cd')
check('list_reasons_with_their_rules',
      ['list', '--format', 'markdown', 'reasons'], 0,
      out='| `not_logged` | the slot keeps no dirty log |  | '
          'KVM 6.12: kvm_get_dirty_log_protect(), '
          'kvm_clear_dirty_log_protect() | The slot keeps no dirty log: ENOENT. |')
check('list_unverified_cells',
      ['list', '--format', 'markdown', 'behaviours'], 0,
      out='| `nx.recovery` | one_list_zaps_logged, one_list, per_mmu | v5.10 to '
          'v6.11, v6.15, v7.2 |')
check('list_unknown_profile', ['list', '--profile', 'v1', 'behaviours'], 2,
      err='no profile "v1"')
check('list_unknown', ['list', 'nonsense'], 2, err='no list "nonsense"')
check('list_needs_a_verb', ['list', 'arguments'], 2,
      err='arguments takes VERB')
run = check('list_json', ['list', '--format', 'json', 'verbs'], 0)
tap.check('list_json_parses', [] if any(
    row['verb'] == 'prefault' for row in json.loads(run.out)) else [run.out])
check('list_markdown', ['list', '--format', 'markdown', 'profiles'], 0,
      out='| profile |\n|---|\n| `v5.10` |\n')

# A full disk must not look like success.
with open('/dev/full', 'wb') as full:
    done = subprocess.run([cli.EXE, 'list', 'profiles'], stdout=full,
                          stderr=subprocess.PIPE, check=False)
tap.check('unwritable_output', [] if done.returncode == 3 else
          [f'exit status {done.returncode}'])
# diff
recording = folder.file('case.jsonl', """\
{"case":"env","release":"6.12.0","vendor":"AMD","physbits":40}
{"case":"A.one","step":0,"op":"KVM_CREATE_VM","ret":6,"errno":"","trace":[]}
{"case":"A.one","step":1,"op":"KVM_PRE_FAULT_MEMORY","ret":-1,"errno":"ENOENT",\
"out":{"gpa":"0x1000","size":"0x1000"},"trace":[]}
""")
replays = folder.file('replays.yaml', """\
scenario: replays
about: A page of no memslot is not pre-faulted.
host: { vendor: amd }
kvm: { mmio_caching: off }
recording: { case: A.one, machine: 0 }
steps:
  - prefault: { gpa: 0x1000, size: 0x1000 }
    recorded: 1
""")
pairs = folder.file('pairs.tsv', f'{recording}\t{replays}\n')
counts = '1 cases, 1 scenarios, 2 steps, '
run = check('diff_summary', ['diff', '--summary', replays, recording], 1,
            out=f'{recording}: Linux 6.12.0: {counts}')
check('diff_pairs', ['diff', '--summary', '--pairs', pairs], 1,
      out='1 recordings: 1 cases, 1 comparisons, 2 steps, ')
run = check('diff_json', ['diff', '--format', 'json', replays, recording], 1)
one = json.loads(run.out)['recordings'][0]
tap.check('diff_json_names_the_steps', [] if
          one['compared'][0]['steps_of_vms'] == [[0, 1]] and
          one['compared'][0]['case'] == 'A.one' else [run.out])
check('diff_needs_a_recording', ['diff', replays], 2,
      err='a scenario and a recording are needed')
check('diff_pairs_stand_alone', ['diff', '--pairs', pairs, replays], 2,
      err='--pairs stands alone')
check('diff_bad_pair', ['diff', '--pairs', replays], 2, err='is no pair')
check('diff_no_such_format', ['diff', '--format', 'tap', replays, recording], 2,
      err='no format "tap"')

tap.end()
