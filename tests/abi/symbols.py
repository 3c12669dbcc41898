# SPDX-License-Identifier: MIT
"""
The shared library exports what the public headers declare, and nothing else.

usage: symbols.py NM LOADER LIBRARY
"""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'style'))
import tree  # noqa: E402  (found through the line above)

# From the end of one declaration to the parameter list of the next.
FUNCTION = re.compile(r'([^;{}]*?)\b(tdp_\w+)\s*\([^;{}]*\)\s*'
                      r'(?:__attribute__\s*\(\(.*?\)\)\s*)?;', re.S)


def declared(path):
    """Pairs of function name and whether its declaration says TDP_API."""
    text = tree.without_comments(tree.read(path))
    text = re.sub(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', '', text, flags=re.M)
    return [(name, 'TDP_API' in before)
            for before, name in FUNCTION.findall(text)
            if 'typedef' not in before]


def exported(nm, library):
    done = subprocess.run([nm, '-D', '--defined-only', library], text=True,
                          check=True, capture_output=True)
    return {line.split()[-1].split('@')[0]
            for line in done.stdout.splitlines()}


def missing(loader, library, names):
    """Those of the names that the loaded library does not have."""
    done = subprocess.run([loader, library, *names], text=True, check=False,
                          capture_output=True)
    if done.returncode > 1 or done.returncode < 0:
        return [f'{library} does not load: {done.stderr.strip()}']
    return [f'{name}: is declared, but the library does not have it'
            for name in done.stdout.split()]


def main():
    nm, loader, library = sys.argv[1:]
    headers = tree.files('include', ext=('.h',))
    functions = [(path, name, api)
                 for path in headers for name, api in declared(path)]
    names = sorted({name for _, name, _ in functions})

    tap = tree.Tap()
    tap.check('headers declare functions',
              [] if names else ['no declaration was found: a broken test?'])
    tap.check('declarations say TDP_API', [
        f'{path}: {name} lacks TDP_API' for path, name, api in functions
        if not api])
    tap.check('what is declared can be looked up',
              missing(loader, library, names))
    tap.check('what is exported is declared', [
        f'{name}: is exported, but no public header declares it'
        for name in sorted(exported(nm, library) - set(names))])
    tap.end()


main()
