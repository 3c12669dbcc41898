# SPDX-License-Identifier: MIT
"""
Headers compile alone, without a warning.

usage: headers.py LANGUAGE FOLDER [COMPILER...]

Skipped if there is no compiler for the language.
"""

import subprocess
import sys

import tree

FLAGS = {
    'c': ['-std=c17', '-Wstrict-prototypes', '-Wmissing-prototypes'],
    'c++': ['-std=c++11'],
}


def problems(compiler, language, path):
    # A file that only includes it: a header as the main file warns of the
    # static functions that nobody calls.
    source = f'#include "{tree.ROOT}/{path}"\n'
    command = compiler + FLAGS[language] + [
        '-x', language, '-fsyntax-only', '-D_GNU_SOURCE',
        '-Wall', '-Wextra', '-Wpedantic', '-Werror',
        f'-I{tree.ROOT}/include', f'-I{tree.ROOT}/lib', f'-I{tree.ROOT}/tests',
        '-',
    ]
    done = subprocess.run(command, input=source, text=True, check=False,
                          capture_output=True)
    if done.returncode == 0:
        return []
    return done.stderr.splitlines() or [f'exit status {done.returncode}']


def main():
    language, folder, *compiler = sys.argv[1:]
    tap = tree.Tap()
    if not compiler:
        tap.skip(folder, f'there is no compiler for {language}')
        tap.end()
    for path in tree.files(folder, ext=('.h',)):
        tap.check(path, problems(compiler, language, path))
    tap.end()


main()
