# SPDX-License-Identifier: MIT
"""
Every scenario is a test: scenarios/meson.build lists all files.

usage: listed.py FOLDER FILE...
"""

import os
import sys


def main():
    folder, listed = sys.argv[1], set(sys.argv[2:])
    found = {os.path.relpath(os.path.join(at, name), folder)
             for at, _, names in os.walk(folder) for name in names
             if name.endswith(('.yaml', '.yml'))}
    problems = [f'{name}: not in scenarios/meson.build'
                for name in sorted(found - listed)]
    problems += [f'{name}: listed, but there is no such file'
                 for name in sorted(listed - found)]
    print('1..1')
    print(f'{"not ok" if problems else "ok"} 1 - all listed')
    for problem in problems:
        print(f'# {problem}')
    sys.exit(bool(problems))


main()
