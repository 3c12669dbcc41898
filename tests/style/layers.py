# SPDX-License-Identifier: MIT
"""
Includes go down the layers only.

lib/X includes itself, the folders before it in lib/meson.build's list, and
the public headers; public headers include each other; tools/ and the examples
see the public headers only; tests see everything.
"""

import os
import re

import tree

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def includes(path):
    """Triples of line number, '<' or '"', and what is included."""
    for number, line in tree.numbered(path):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def exists(*parts):
    return os.path.isfile(os.path.join(tree.ROOT, *parts))


def wrong_in_lib(path, target):
    order = tree.layers()
    own = path.split('/')[1]
    folder = target.split('/')[0]
    if folder == 'tdpsim':
        return None if exists('include', target) else 'no such public header'
    if folder not in order:
        return 'is neither a layer of lib/ nor a public header'
    if order.index(folder) > order.index(own):
        return f'is above {own} in the list of layers'
    return None if exists('lib', target) else 'no such header'


def wrong_in_public(path, target):
    if '/' in target or not exists('include/tdpsim', target):
        return 'is no public header beside this one'
    return None


def wrong_in_client(path, target):
    if target.startswith('tdpsim/'):
        return None if exists('include', target) else 'no such public header'
    if '/' not in target and exists(os.path.dirname(path), target):
        return None
    return 'is neither a public header nor beside this file'


def wrong_in_tests(path, target):
    places = ('lib', 'include', 'tests', os.path.dirname(path))
    if any(exists(place, target) for place in places):
        return None
    return 'is in none of lib/, include/, tests/ and this folder'


def problems(path, wrong):
    found = []
    for number, quote, target in includes(path):
        if quote == '<' and target.split('/')[0] != 'tdpsim':
            if not exists('lib', target):
                continue            # a system header
            why = 'a header of lib/ in angle brackets'
        else:
            why = wrong(path, target)
        if why:
            found.append(f'{path}:{number}: "{target}" {why}')
    return found


def main():
    tap = tree.Tap()
    groups = [(f'lib/{layer}', wrong_in_lib) for layer in tree.layers()]
    groups += [
        ('include', wrong_in_public),
        ('tools', wrong_in_client),
        ('docs', wrong_in_client),
        ('tests', wrong_in_tests),
    ]
    for folder, wrong in groups:
        paths = tree.files(folder, ext=('.c', '.h'))
        if not paths:
            tap.skip(folder, 'no C source in it yet')
            continue
        tap.check(folder, [p for path in paths for p in problems(path, wrong)])

    listed = {f'lib/{layer}' for layer in tree.layers()}
    tap.check('every folder of lib/ is a layer', [
        f'{path}: its folder is not in the list of lib/meson.build'
        for path in tree.files('lib', ext=('.c', '.h'))
        if os.path.dirname(path) not in listed])
    tap.end()


main()
