# SPDX-License-Identifier: MIT
"""
A scenario begins with its claim: `scenario:` is the file's name, `about:`
says what the file proves.

Reads lines, not YAML: how a file begins is a matter of its text.
"""

import os
import re

import tree


def keys_first(lines):
    """The lines that are neither blank nor comments, with their numbers."""
    return [(n, line) for n, line in lines
            if line.strip() and not line.lstrip().startswith('#')]


def problems(path):
    stem = os.path.splitext(os.path.basename(path))[0]
    lines = keys_first(tree.numbered(path))
    if not lines:
        return [f'{path}: is empty']
    number, line = lines[0]
    if not re.fullmatch(rf'scenario:\s+{re.escape(stem)}\s*(#.*)?', line):
        return [f'{path}:{number}: does not begin with "scenario: {stem}"']
    if len(lines) < 2 or not lines[1][1].startswith('about:'):
        return [f'{path}:{number}: "about:" does not follow']
    text = lines[1][1][len('about:'):].strip().strip('\'"')
    if re.fullmatch(r'[>|][-+0-9]*', text):
        text = lines[2][1] if len(lines) > 2 else ''
        if not text.startswith(' '):
            text = ''
    if len(text.split()) < 4:
        return [f'{path}:{lines[1][0]}: "about:" makes no claim']
    return []


def main():
    tap = tree.Tap()
    seen = {}
    for path in tree.files('scenarios', ext=('.yaml', '.yml')):
        found = problems(path)
        # A recording of many scenarios knows them by name.
        first = seen.setdefault(os.path.basename(path), path)
        if first != path:
            found.append(f'{path}: {first} has the same name')
        tap.check(path, found)
    if not tap.nr:
        tap.skip('claims', 'there are no scenarios')
    tap.end()


main()
