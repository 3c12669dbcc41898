# SPDX-License-Identifier: MIT
"""
Documents hold tables that tdpsim prints, between two marks that say how:

    <!-- tables: tdpsim COMMAND -->
    <!-- end of tables -->

usage: docs.py TDPSIM DOCUMENT [--update]

Paths in COMMAND are relative to the folder above that of the document.
"""

import os
import re
import subprocess
import sys

BLOCK = re.compile(r'(<!-- tables: tdpsim ([^\n]*) -->\n)(.*?)'
                   r'(<!-- end of tables -->\n)', re.S)


def main():
    exe, path = (os.path.abspath(name) for name in sys.argv[1:3])
    root = os.path.dirname(os.path.dirname(path))

    def fresh(match):
        tables = subprocess.run([exe, *match[2].split()], check=True, text=True,
                                cwd=root, capture_output=True).stdout
        return match[1] + '\n' + tables.rstrip('\n') + '\n\n' + match[4]

    with open(path, encoding='utf-8') as f:
        was = f.read()
    now, nr = BLOCK.subn(fresh, was)
    if sys.argv[3:] == ['--update']:
        with open(path, 'w', encoding='utf-8') as f:
            f.write(now)
        return
    same = nr > 0 and now == was
    print('1..1')
    print(f'{"ok" if same else "not ok"} 1 - {nr} tables')
    if not same:
        print(f'# {path} is out of date; tests/cli/docs.py --update writes it')
        sys.exit(1)


main()
