# SPDX-License-Identifier: MIT
"""
docs/kernel-coverage.md names every behaviour of lib/kvm/profile.h in its first
table, or says that nothing shows it; all scenarios and tests that it names
exist, and are run.
"""

import re

import tree

DOC = 'docs/kernel-coverage.md'


def behaviours():
    """The names in BEHAVIOUR_LIST, in order."""
    text = tree.read('lib/kvm/profile.h')
    listed = text.split('#define BEHAVIOUR_LIST(X)', 1)[1]
    listed = re.split(r'[^\\]\n', listed, maxsplit=1)[0]
    return re.findall(r'X\(\s*\w+,\s*\w+,\s*"([^"]+)"\)', listed + ')')


def section(text, heading):
    found = re.search(rf'^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)', text,
                      re.S | re.M)
    return found.group(1) if found else ''


def first_cells(table):
    return re.findall(r'^\| `([^`]+)` \|', table, re.M)


def run_scenarios():
    """Paths of scenarios in the meson.build files, without their suffix."""
    found = set()
    for path in tree.files('scenarios', ext=('meson.build',)):
        folder = path[len('scenarios/'):-len('meson.build')]
        found |= {folder + name for name in
                  re.findall(r"'([\w/.-]+)\.yaml'", tree.read(path))}
    return found


def main():
    tap = tree.Tap()
    text = tree.read(DOC)
    names = behaviours()
    shown = first_cells(section(text, 'Behaviours'))
    missing = first_cells(section(text, 'Not shown yet'))

    tap.check('behaviours were found', [] if len(names) > 50 else [str(names)])
    tap.check('every behaviour has a row', [
        f'{DOC}: {name} has no row' for name in names
        if name not in shown + missing])
    tap.check('rows are of behaviours', [
        f'{DOC}: there is no behaviour {name}' for name in shown + missing
        if name not in names])
    tap.check('no row twice', [
        f'{DOC}: {name} has two rows' for name in set(shown + missing)
        if (shown + missing).count(name) > 1])

    scenarios = run_scenarios()
    sources = set(tree.files('tests', ext=('.c', '.py')))
    tap.check('what is named exists', [
        f'{DOC}: there is no {name}'
        for name in re.findall(r'`([\w.-]+/[\w/.-]+)`', text)
        if name not in scenarios and name not in sources])
    tap.end()


main()
