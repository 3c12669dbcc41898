# SPDX-License-Identifier: MIT
"""tdpsim explore and merge: shards, jobs, limits, counterexamples, cycles."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import cli

folder = cli.Folder()
tap = cli.Tap()
explored = sys.argv[2:]

RACE = '''\
scenario: race
about: two vCPUs, one sets CR0.CD around its first access
host: { vendor: intel }
kvm: { profile: v6.8, memtype.cd_quirk: off }
memslots: [ { slot: 0, gpa: 0, size: 16MiB } ]
vcpus: [ { cr0: PE|ET }, { cr0: PE|ET } ]
steps:
  - attach_dma: {}
  - wrmsr: { vcpu: 0, msr: 0x2ff, value: 0x806 }
  - wrmsr: { vcpu: 1, msr: 0x2ff, value: 0x806 }
  - together:
      - write_reg: { vcpu: 0, reg: cr0, value: +CD }
      - read: { vcpu: 0, gva: 0x5000 }
      - write_reg: { vcpu: 0, reg: cr0, value: -CD }
      - read: { vcpu: 1, gva: 0x5000 }
'''
CLAIM = '''\
never:
  - claim: innocent_vcpu_reads_uncached
    results: { vcpu1.1: { memtype: UC } }
'''
LIVELOCK = '''\
scenario: livelock
about: a pre-fault and the deletion of its slot
kvm: { profile: v6.12 }
memslots: [ { slot: 0, gpa: 0, size: 16MiB } ]
steps:
  - kernel_steps: true
    together:
      - prefault: { vcpu: 0, gpa: 0x1000, size: 4KiB }
      - delete_memslot: { slot: 0 }
'''


def large(pages):
    """So many states that no test waits for all of them."""
    steps = ''.join(f'      - {kind}: {{ vcpu: {vcpu}, gva: 0x{page:x}000 }}\n'
                    for vcpu in (0, 1) for page in range(pages)
                    for kind in ('read', 'write'))
    return re.sub(r'      - write_reg.*', '', RACE, flags=re.S) + steps


race = folder.file('race.yaml', RACE)
claim = folder.file('claim.yaml', RACE + CLAIM)
livelock = folder.file('livelock.yaml', LIVELOCK)
huge = folder.file('huge.yaml', large(24))


def answer(*args, status=None):
    """What was found, without the way it was found."""
    run = cli.Run(*args, '--format', 'json')
    if run.crash():
        return run.crash()
    if status is not None and run.status != status:
        return [f'exit status {run.status}, not {status}', run.err]
    x = json.loads(run.out)['explorations'][0]
    x.pop('path')
    return x


def same(name, a, b, *fields):
    keys = fields or sorted(set(a) | set(b))
    tap.check(name, [f'{k}: {a.get(k)!r} and {b.get(k)!r}' for k in keys
                     if a.get(k) != b.get(k)]
              if isinstance(a, dict) and isinstance(b, dict) else [a, b])


# Nothing that the answer says depends on how it was found.
for path in explored + [race, livelock]:
    name = os.path.basename(path).removesuffix('.yaml')
    whole = answer('explore', path)
    same(f'{name}: two jobs', whole, answer('explore', '--jobs', '2', path))
    same(f'{name}: without reduction', whole,
         answer('explore', '--no-reduction', path),
         'hash', 'outcomes', 'livelock', 'deadlock', 'holds')
same('kernel steps: without reduction', answer('explore', '--kernel-steps', race),
     answer('explore', '--kernel-steps', '--no-reduction', race),
     'hash', 'outcomes')

# Shards, by hand and by GNU parallel
SHARDS = 5


def shards(path, *options):
    files = []
    for i in range(1, SHARDS + 1):
        files.append(os.path.join(folder.path, f'shard.{i}'))
        cli.Run('explore', *options, '--shard', f'{i}/{SHARDS}',
                '--output', files[-1], path)
    return files


for path, options in ((claim, []), (claim, ['--kernel-steps']), (livelock, []),
                      (explored[0], ['--kernel-steps'])):
    name = ' '.join([os.path.basename(path), *options])
    same(f'{name}: merged shards', answer('explore', *options, path),
         answer('merge', *shards(path, *options)))
files = shards(claim)
part = cli.Run('merge', *files[:-1])
tap.check('a shard is missing', part.problems(
    1, out='Not exhausted: shards are missing'))
part = cli.Run('merge', files[0], files[0])
tap.check('a shard twice', part.problems(2, err='is the same shard as'))
other = shards(race)[1]
files[0] = os.path.join(folder.path, 'kept')
shutil.copy(shards(claim)[0], files[0])
shards(race)
part = cli.Run('merge', files[0], other)
tap.check('shards of two searches', part.problems(
    2, err='is of another search than'))
with open(files[0], encoding='utf-8') as f:
    text = f.read()
for cut in range(0, len(text), max(1, len(text) // 40)):
    damaged = cli.Run('merge', folder.file('damaged', text[:cut]))
    if damaged.problems(2):
        tap.check(f'damaged at {cut}', damaged.problems(2))
if shutil.which('parallel'):
    command = (f'parallel --will-cite -j2 {cli.EXE} explore --kernel-steps '
               f'--shard {{}}/{SHARDS} --output {folder.path}/p.{{}} {race} '
               f'::: $(seq {SHARDS}) >/dev/null; '
               f'{cli.EXE} merge --format json {folder.path}/p.*')
    out = subprocess.run(['bash', '-c', command], capture_output=True,
                         text=True, check=False).stdout
    merged = json.loads(out)['explorations'][0]
    merged.pop('path')
    same('shards by GNU parallel', answer('explore', '--kernel-steps', race),
         merged)
else:
    tap.skip('shards by GNU parallel', 'parallel is not installed')

# A counterexample is a scenario that shows the same.
saved = os.path.join(folder.path, 'counterexample.yaml')
run = cli.Run('explore', '--save', saved, claim)
tap.check('counterexample', run.problems(
    1, out='Observation innocent_vcpu_reads_uncached Sometimes 1 3: '
           'violates never'))
run = cli.Run('run', saved)
tap.check('counterexample replays', run.problems(
    1, out='never innocent_vcpu_reads_uncached: expected it does not hold'))
run = cli.Run('explore', saved)
tap.check('its order is fixed', run.problems(2, err='nothing to explore'))

# A livelock is found without being told, and printed as a cycle.
run = cli.Run('explore', '--save', saved, livelock)
tap.check('livelock', run.problems(1, out='Livelock\n') + (
    [] if re.search(r'from here on, for ever:\n +3 +vcpu0 +vcpu0.1 prefault: '
                    r'lookup \(line 8\)\n +4 +vcpu0 +vcpu0.1 prefault: seq '
                    r'\(line 8\)\n$', run.out) else run.out.splitlines()))
run = cli.Run('run', '--verbose', saved)
tap.check('livelock replays', run.problems(0, out='0 failed'))

# Limits: never a false "Always"
for name, options, why in (
        ('states', ['--max-states', '1000'], '--max-states'),
        ('memory', ['--max-memory', '1M'], '--max-memory'),
        ('time', ['--timeout', '1'], '--timeout')):
    run = cli.Run('explore', *options, huge)
    tap.check(f'limit of {name}', run.problems(
        4, out=f'Not exhausted: {why}',
        # What a second brings depends on the machine.
        memory=4096 if name == 'time' else cli.MEMORY) + (
            ['claims to know'] if 'Always' in run.out else []))
with subprocess.Popen([cli.EXE, 'explore', '--jobs', '2', huge],
                      stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                      text=True) as child:
    time.sleep(1)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
tap.check('interrupted', [] if child.returncode == 4 and not err and
          'Not exhausted: interrupted' in out and 'Outcomes ' in out
          else [child.returncode, out[:500], err[:500]])

# Bad input
for name, args, err in (
        ('nothing_together', [folder.file('good.yaml', cli.GOOD)],
         'nothing to explore'),
        ('bad_shard', ['--shard', '3/2', '--output', 'x', race],
         'out of range'),
        ('shard_without_output', ['--shard', '1/2', race],
         '--shard and --output go together'),
        ('no_jobs', ['--jobs', '0', race], 'out of range'),
        ('unknown_label', [folder.file('label.yaml', RACE + CLAIM.replace(
            'vcpu1.1', 'vcpu1.2'))], 'unknown label "vcpu1.2"; did you mean "vcpu'),
        ('claim_says_nothing', [folder.file('nothing.yaml', RACE +
                                            'never: [ { claim: x } ]\n')],
         'a claim that says nothing'),
        ('together_in_together', [folder.file('nested.yaml', RACE.replace(
            '      - read: { vcpu: 1, gva: 0x5000 }',
            '      - together: [ { run: { vcpu: 0 } } ]'))],
         '"together" inside "together"'),
        ('thread_outside', [folder.file('thread.yaml', RACE.replace(
            '  - attach_dma: {}', '  - attach_dma: {}\n    thread: x'))],
         'only steps inside "together" have one'),
        ('order_of_no_thread', [folder.file('order.yaml', RACE.replace(
            '  - together:', '  - order: [ vcpu2 ]\n    together:'))],
         'unknown thread "vcpu2"; did you mean'),
        ('failing_before', [folder.file('before.yaml', RACE.replace(
            '  - attach_dma: {}', '  - attach_dma: {}\n'
            '    expect: { ret: EINVAL }'))],
         'an expectation before the first "together" fails')):
    run = cli.Run('explore', *args)
    tap.check(name, run.problems(2, err=err))
tap.end()
