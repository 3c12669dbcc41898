# SPDX-License-Identifier: MIT
"""
docs/scenario.md holds the tables that `tdpsim list language` prints.

usage: docs.py TDPSIM DOCUMENT [--update]
"""

import subprocess
import sys

BEGIN = '<!-- tables: tdpsim list language -->\n'
END = '<!-- end of tables -->\n'


def main():
    exe, path = sys.argv[1:3]
    tables = subprocess.run([exe, 'list', 'language'], check=True, text=True,
                            capture_output=True).stdout
    with open(path, encoding='utf-8') as f:
        head, rest = f.read().split(BEGIN)
    was, tail = rest.split(END)
    if sys.argv[3:] == ['--update']:
        with open(path, 'w', encoding='utf-8') as f:
            f.write(head + BEGIN + '\n' + tables + END + tail)
        return
    same = was == '\n' + tables
    print('1..1')
    print(f'{"ok" if same else "not ok"} 1 - tables')
    if not same:
        print(f'# {path} is out of date; tests/cli/docs.py --update writes it')
        sys.exit(1)


main()
