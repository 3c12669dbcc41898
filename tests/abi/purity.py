# SPDX-License-Identifier: MIT
"""
The library keeps out of its process's affairs: it never prints, exits, reads
the environment or a clock, and has no state of its own.

usage: purity.py NM READELF ARCHIVE
"""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'style'))
import tree  # noqa: E402  (found through the line above)

FORBIDDEN = {
    'prints': 'printf vprintf puts putchar perror stdout stderr psignal warn '
              'warnx vwarn vwarnx error syslog',
    'exits': 'exit _exit _Exit abort quick_exit err errx raise kill',
    'reads the environment': 'getenv secure_getenv environ setlocale getcwd',
    'reads a clock': 'time clock clock_gettime gettimeofday localtime gmtime',
    'is random': 'rand random srand srandom rand_r drand48 arc4random '
                 'getrandom getpid',
    'runs something': 'system popen fork vfork execv execve execvp '
                      'posix_spawn signal sigaction',
}


def output(*command):
    return subprocess.run(command, text=True, check=True,
                          capture_output=True).stdout


def undefined(nm, archive):
    """Pairs of object and name that the object wants from elsewhere."""
    found = []
    for line in output(nm, '-A', '-u', archive).splitlines():
        where, _, name = line.rpartition(' ')
        found.append((where.rstrip(' U').split(':')[-2], name.split('@')[0]))
    return found


def section_names(readelf, archive):
    """Section headers, as (object, number) -> name."""
    names = {}
    member = ''
    for line in output(readelf, '-SW', archive).splitlines():
        if line.startswith('File: '):
            member = line[len('File: '):]
        match = re.match(r'\s*\[\s*(\d+)\]\s+(\S+)', line)
        if match:
            names[member, match.group(1)] = match.group(2)
    return names


def writable_objects(readelf, archive):
    """Pairs of object file and variable that is kept where it can change."""
    sections = section_names(readelf, archive)
    found = []
    member = ''
    for line in output(readelf, '-sW', archive).splitlines():
        if line.startswith('File: '):
            member = line[len('File: '):]
        fields = line.split()
        if len(fields) < 8 or fields[3] not in ('OBJECT', 'TLS'):
            continue
        section = sections.get((member, fields[6]), fields[6])
        if re.match(r'\.(data|bss|tdata|tbss)(?!\.rel\.ro)|COM', section):
            found.append((member, fields[7]))
    return found


def main():
    nm, readelf, archive = sys.argv[1:]
    tap = tree.Tap()
    wanted = undefined(nm, archive)
    tap.check('objects were read',
              [] if wanted else ['no symbol was found: a broken test?'])
    for deed, names in FORBIDDEN.items():
        tap.check(f'nothing {deed}', [
            f'{where}: calls {name}' for where, name in wanted
            if name in names.split()])
    tap.check('nothing keeps state', [
        f'{where}: {name} can change'
        for where, name in writable_objects(readelf, archive)])
    tap.end()


main()
