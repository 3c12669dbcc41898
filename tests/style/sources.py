# SPDX-License-Identifier: MIT
"""What holds for every file: its place, its licence line, its length."""

import os
import re

import tree

TOP_LEVEL = {
    'include', 'lib', 'tools', 'tests', 'scenarios', 'docs',
    'meson.build', 'LICENSE', 'README.md', 'CONTRIBUTING.md',
    '.ci', '.clang-format', '.clang-tidy', '.editorconfig', '.gitignore',
}
MAX_LINES = 700
MAX_COLUMNS = 100                   # of tables; clang-format keeps the rest
CODE = ('.c', '.h', '.py', '.sh', 'meson.build')
FOLDERS = ('include', 'lib', 'tools', 'tests', 'scenarios', 'docs', '.ci')


def top_level():
    names = {n for n in os.listdir(tree.ROOT) if not tree.is_ignored(n) and
             not os.path.isdir(os.path.join(tree.ROOT, n, 'meson-private'))}
    return ([f'{name}: does not belong at the top'
             for name in sorted(names - TOP_LEVEL)] +
            [f'{name}: is missing' for name in sorted(TOP_LEVEL - names)])


def first_lines(path):
    """The first line, after the interpreter's if there is one."""
    lines = tree.read(path).splitlines()
    if lines and lines[0].startswith('#!'):
        lines = lines[1:]
    return lines[0] if lines else ''


def licence(path):
    wanted = '# SPDX-License-Identifier: MIT'
    if path.endswith(('.c', '.h')):
        wanted = '/* SPDX-License-Identifier: MIT */'
    if first_lines(path) == wanted:
        return []
    return [f'{path}:1: does not begin with {wanted}']


def length(path):
    nr = len(tree.read(path).splitlines())
    return [f'{path}: {nr} lines, over {MAX_LINES}'] if nr > MAX_LINES else []


def width(path):
    return [f'{path}:{number}: over {MAX_COLUMNS} columns'
            for number, line in tree.numbered(path)
            if len(line.expandtabs(8)) > MAX_COLUMNS]


def whitespace(path):
    text = tree.read(path)
    found = [f'{path}:{number}: white space at the end of the line'
             for number, line in tree.numbered(path)
             if re.search(r'[ \t\r]$', line)]
    if text and not text.endswith('\n') or text.endswith('\n\n'):
        found.append(f'{path}: does not end with one newline')
    return found


def listed(path):
    """Sources are listed in a meson.build: of their folder, or above it."""
    folder = os.path.dirname(path)
    name = os.path.basename(path)
    if name.startswith('test_') and path.startswith('tests/unit/'):
        wanted = f"'{name[5:-2]}'"
    else:
        wanted = name
    while folder:
        build = os.path.join(folder, 'meson.build')
        if os.path.exists(os.path.join(tree.ROOT, build)):
            if wanted in tree.read(build):
                return []
        folder = os.path.dirname(folder)
    return [f'{path}: no meson.build above it lists it']


def main():
    tap = tree.Tap()
    code = tree.files(*FOLDERS, ext=CODE) + ['.ci/run', 'meson.build']
    text = code + tree.files('scenarios', 'docs', ext=('.yaml', '.md'))
    # Programs of tests/install/ are compiled by the test, outside the tree.
    sources = [p for p in tree.files('lib', 'tools', 'tests', ext=('.c',))
               if not p.startswith('tests/install/')]
    public = tree.files('include', ext=('.h',))
    scenarios = tree.files('scenarios', ext=('.yaml',))

    def each(name, rule, paths):
        tap.check(name, [p for path in paths for p in rule(path)])

    tap.check('nothing else at the top', top_level())
    each('code begins with the licence', licence, code)
    each(f'C files have at most {MAX_LINES} lines', length,
         tree.files('lib', 'tools', 'tests', 'docs', ext=('.c', '.h')))
    each(f'C lines have at most {MAX_COLUMNS} columns', width,
         [p for p in code if p.endswith(('.c', '.h'))])
    each('text is clean at its ends', whitespace, text)
    each('sources are listed', listed, sources + public)
    if scenarios:
        each('scenarios are listed', listed, scenarios)
    else:
        tap.skip('scenarios are listed', 'there are none')
    tap.end()


main()
