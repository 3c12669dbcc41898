# SPDX-License-Identifier: MIT
"""What the style tests share: the files of the tree, and TAP output."""

import fnmatch
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def ignored_patterns():
    """Patterns of .gitignore; it holds plain names and globs only."""
    with open(os.path.join(ROOT, '.gitignore'), encoding='utf-8') as f:
        lines = [line.strip() for line in f]
    return [line.strip('/') for line in lines if line and line[0] != '#']


def is_ignored(name, patterns=ignored_patterns()):
    return name == '.git' or any(fnmatch.fnmatch(name, p) for p in patterns)


def files(*folders, ext=()):
    """Sorted paths, relative to the root, of the files under folders."""
    found = []
    for folder in folders:
        for at, dirs, names in os.walk(os.path.join(ROOT, folder)):
            dirs[:] = [d for d in dirs if not is_ignored(d)]
            found += [os.path.relpath(os.path.join(at, name), ROOT)
                      for name in names if not is_ignored(name)]
    return sorted(p for p in found if not ext or p.endswith(tuple(ext)))


def read(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as f:
        return f.read()


def numbered(path):
    """Pairs of line number, from 1, and line."""
    return enumerate(read(path).splitlines(), 1)


def without_comments(text):
    """C source with comments blanked; line numbers stay."""
    def blank(match):
        return re.sub(r'[^\n]', ' ', match.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*', blank, text, flags=re.S)


def layers():
    """The folders of lib/, lowest first, as lib/meson.build orders them."""
    listed = re.search(r'^layers = \[(.*?)\]', read('lib/meson.build'),
                       re.S | re.M)
    return re.findall(r"'(\w+)'", listed.group(1))


class Tap:
    """Results in the Test Anything Protocol."""

    def __init__(self):
        self.nr = 0
        self.failed = 0

    def check(self, name, problems):
        """One test, which passes if the list of problems is empty."""
        self.nr += 1
        self.failed += bool(problems)
        print(f'{"not ok" if problems else "ok"} {self.nr} - {name}')
        for problem in problems:
            print(f'# {problem}')

    def skip(self, name, why):
        self.nr += 1
        print(f'ok {self.nr} - {name} # SKIP {why}')

    def end(self):
        """Print the plan and exit; a run without a test is a failure."""
        print(f'1..{self.nr}')
        sys.exit(1 if self.failed or not self.nr else 0)
