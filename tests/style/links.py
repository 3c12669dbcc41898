# SPDX-License-Identifier: MIT
"""Links in the documents lead somewhere: to a file, and to a heading of it."""

import os
import re

import tree

LINK = re.compile(r'\[[^\]]*\]\(([^)\s]+)\)')
FENCE = re.compile(r'^(```|~~~).*?^\1', re.S | re.M)


def prose(path):
    """The text without code, whose brackets are no links."""
    def blank(match):
        return re.sub(r'[^\n]', ' ', match.group(0))
    text = FENCE.sub(blank, tree.read(path))
    return re.sub(r'`[^`\n]*`', blank, text)


def anchors(path):
    """How GitHub and GitLab name the headings of a document."""
    names = set()
    for heading in re.findall(r'^#+\s+(.*)$', tree.read(path), re.M):
        name = re.sub(r'[^\w\- ]', '', heading.strip().lower())
        names.add(name.replace(' ', '-'))
    return names


def wrong(path, link):
    target, _, anchor = link.partition('#')
    if re.match(r'[a-z]+:', target):
        return None                 # elsewhere; nothing here reaches it
    where = os.path.normpath(os.path.join(os.path.dirname(path), target)
                             if target else path)
    if where.startswith('..'):
        return 'leads out of the tree'
    if not os.path.exists(os.path.join(tree.ROOT, where)):
        return 'no such file'
    if anchor and anchor not in anchors(where):
        return 'no such heading'
    return None


def problems(path):
    found = []
    for number, line in enumerate(prose(path).splitlines(), 1):
        for link in LINK.findall(line):
            why = wrong(path, link)
            if why:
                found.append(f'{path}:{number}: {link}: {why}')
    return found


def main():
    tap = tree.Tap()
    for path in ['README.md', 'CONTRIBUTING.md'] + tree.files(
            'docs', ext=('.md',)):
        tap.check(path, problems(path))
    tap.end()


main()
