# SPDX-License-Identifier: MIT
"""Untrusted input: a message and exit status 2, bounded memory and time."""

import os

import cli

folder = cli.Folder()
tap = cli.Tap()


def refuse(name, text, message):
    path = folder.file(f'{name}.yaml', text)
    run = cli.Run('run', path)
    problems = run.problems(2, err=message)
    if not run.err.startswith(path + ':'):
        problems.append(f'the message does not begin with the path: {run.err}')
    tap.check(name, problems)


def aliases(levels, width):
    lines = ['scenario: bomb', 'about: &a0 [ x ]']
    for i in range(1, levels):
        refs = ', '.join([f'*a{i - 1}'] * width)
        lines.append(f'k{i}: &a{i} [ {refs} ]')
    return '\n'.join(lines) + '\n'


def memslot(text):
    return cli.GOOD.replace('slot: 0, gpa: 0, size: 1GiB', text)


refuse('empty', '', ':1:1: the file is empty')
refuse('only_spaces', '\n\n  \n', ':1:1: the file is empty')
refuse('binary', bytes(range(256)) * 16, ':1:1: a control character')
refuse('random_bytes', os.urandom(4096) + b'\xff\xfe', ': ')
refuse('elf', open(cli.EXE, 'rb').read(65536), ': ')
refuse('hundred_megabytes', b'a: 1\n' * (20 << 20),
       ': larger than 1 MiB')
refuse('no_yaml', 'scenario: [ x\n', ': did not find expected')
refuse('alias_bomb', aliases(12, 12),
       ': more than 100000 values, aliases included')
refuse('alias_bomb_wide', aliases(3, 5000),
       ': more than 100000 values, aliases included')
refuse('recursive_alias', 'scenario: &x { y: *x }\n', ': "x" contains itself')
refuse('duplicate_keys', cli.GOOD + 'host: {}\n', ': key "host" appears twice')
refuse('deep_lists', 'scenario: ' + '[' * 100000, ': nested deeper than 64')
refuse('deep_maps', 'scenario: ' + '{a: ' * 100000, ': nested deeper than 64')
refuse('deep_blocks', '- ' * 400000, ': nested deeper than 64')
refuse('many_keys', ''.join(f'k{i}: 1\n' for i in range(100000)),
       ': more than 256 keys in one map')
refuse('many_values', 'k:\n' + '- 1\n' * 200000, ': more than 100000 values')
refuse('many_anchors', ''.join(f'- &a{i} 1\n' for i in range(50000)),
       ': more than 256 anchors')
refuse('long_word', 'x' * 1000000 + ': 1\n', ': ')
refuse('long_text', 'scenario: ' + 'x' * 1000000 + '\nabout: x\n',
       ': a name has up to 128 letters')
refuse('escape_sequences', 'scenario: "\\e[31mred"\nabout: x\n',
       ': a name has up to 128 letters')
refuse('billion_page_memslot',
       memslot('slot: 0, gpa: 0, size: 1000000000000KiB'), ': ')
refuse('memslot_of_all_addresses',
       memslot('slot: 0, gpa: 0, size: 0xffff_ffff_ffff_f000'), ': ')
refuse('memslot_that_wraps',
       memslot('slot: 0, gpa: 0xffff_ffff_ffff_f000, size: 1GiB'), ': ')
refuse('memslot_not_of_pages', memslot('slot: 0, gpa: 1, size: 4095'), ': ')
refuse('memslot_number', memslot('slot: 4000000000, gpa: 0, size: 4K'), ': ')
refuse('host_without_memory', cli.GOOD.replace(
    'maxphyaddr: 46', 'maxphyaddr: 46, memory: 0'), ': ')
refuse('host_of_all_memory', cli.GOOD.replace(
    'maxphyaddr: 46', 'maxphyaddr: 46, memory: 0xffff_ffff_ffff_f000'), ': ')
refuse('second_vcpu', cli.GOOD.replace('gpa: 2MiB, ', 'vcpu: 1, gpa: 2MiB, '),
       ':7:23: no vCPU 1: there is one, number 0')
refuse('wrong_type', cli.GOOD.replace('gpa: 2MiB', 'gpa: [ 1 ]'),
       ':7:22: expected address')
refuse('out_of_range', cli.GOOD.replace('maxphyaddr: 46', 'maxphyaddr: 64'),
       ':3:36: maxphyaddr: "64" is not in 36..52')
refuse('unknown_verb', cli.BROKEN,
       ':7:5: unknown verb "prefalt"; did you mean "prefault"?')
refuse('too_many_vcpus', cli.GOOD + 'vcpus: [ ' + '{}, ' * 1025 + ']\n',
       ': expected 1 to 1024 vCPUs')
refuse('million_guest_pages', cli.GOOD.replace(
    'prefault: { gpa: 2MiB, size: 2MiB }\n    expect: { ret: 0, level: 2M }',
    'guest_tables: { at: 0, pages: [ { gva: 0, gpa: 0, size: 1T } ] }'),
    ':7:5: guest_tables: more than 65536 pages')

tap.check('missing_file', cli.Run('run', folder.path + '/none.yaml').problems(
    2, err="none.yaml: can't be opened: No such file or directory"))
tap.check('missing_folder', cli.Run('run', folder.path + '/none/').problems(
    2, err="none/: can't be opened: No such file or directory"))
os.mkdir(folder.path + '/bare')
tap.check('folder_without_scenarios', cli.Run(
    'run', folder.path + '/bare').problems(
        2, err='bare: no scenario (*.yaml) in this folder'))
loop = cli.Folder()
loop.file('a/good.yaml', cli.GOOD)
os.symlink('..', loop.path + '/a/loop')
tap.check('folder_in_itself', cli.Run('run', loop.path).problems(
    0, out='1 scenarios, 2 checks, 0 failed'))
tap.check('endless_device', cli.Run('run', '/dev/zero').problems(
    2, err='/dev/zero: larger than 1 MiB'))
tap.check('folder_as_scenario', cli.Run(
    'walk', '--gva', '0', folder.path).problems(2, err='is a directory'))

if cli.SANITIZED:
    tap.skip('out_of_memory', 'a sanitizer needs more address space itself')
else:
    tap.check('out_of_memory', cli.Run(
        'run', folder.file('good.yaml', cli.GOOD),
        address_space=256 << 20).problems(3, err='out of memory'))
tap.end()
