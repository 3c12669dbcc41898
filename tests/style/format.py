# SPDX-License-Identifier: MIT
"""
C sources are as clang-format leaves them.

usage: format.py CLANG_FORMAT

Skipped if there is no such tool.
"""

import shutil
import subprocess
import sys

import tree

PATHS = tree.files('include', 'lib', 'tools', 'tests', 'docs',
                   ext=('.c', '.h'))


def problems(tool, path):
    done = subprocess.run([tool, path], cwd=tree.ROOT, text=True, check=False,
                          capture_output=True)
    if done.returncode:
        return done.stderr.splitlines()
    was = tree.read(path).splitlines()
    now = done.stdout.splitlines()
    for number, (old, new) in enumerate(zip(was, now), 1):
        if old != new:
            return [f'{path}:{number}: first of the lines to change', old, new]
    return [] if len(was) == len(now) else [f'{path}: differs at its end']


def main():
    tool = sys.argv[1]
    if not shutil.which(tool):
        tap = tree.Tap()
        tap.skip('format', f'there is no {tool}')
        tap.end()
    tap = tree.Tap()
    for path in PATHS:
        tap.check(path, problems(tool, path))
    tap.end()


main()
