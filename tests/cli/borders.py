# SPDX-License-Identifier: MIT
"""
Every border between two values of a behaviour, that is between two kernels, is
shown by scenarios that docs/kernel-coverage.md names in the behaviour's row:
one with the older value that fails if it is turned into the newer one, and one
with the newer value that fails if it is turned into the older one.

What can't be shown, or only from one side, stands in the document's table
"One side only", and there with the reason.

usage: borders.py TDPSIM PROJECT
"""

import json
import os
import re
import subprocess
import sys
import tempfile

DOC = 'docs/kernel-coverage.md'
KVM = re.compile(r'^kvm: *\{([^}]*)\}', re.M)


def section(text, heading):
    found = re.search(rf'^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)', text,
                      re.S | re.M)
    return found.group(1) if found else ''


class Model:
    def __init__(self, program):
        self.program = program
        self.profiles = [line.split()[0] for line in
                         self.ask('list', 'profiles').splitlines()]
        self.value = {name: self.values(name) for name in self.profiles}

    def ask(self, *args):
        return subprocess.run([self.program, *args], capture_output=True,
                              text=True, check=True).stdout

    def values(self, profile):
        rows = json.loads(self.ask('list', 'behaviours', '--profile', profile,
                                   '--format', 'json'))
        return {row['behaviour']: row[profile] for row in rows}

    def borders(self, behaviour):
        """Pairs of values that follow each other, mainline kernels only."""
        kernels = [name for name in self.profiles if name.count('.') == 1]
        seen = [self.value[name][behaviour] for name in kernels]
        pairs = []
        for pair in zip(seen, seen[1:]):
            if pair[0] != pair[1] and pair not in pairs:
                pairs.append(pair)
        return pairs


class Scenario:
    def __init__(self, model, path):
        self.model = model
        self.name = os.path.basename(path)
        self.verb = 'explore' if '/explore/' in path else 'run'
        with open(path, encoding='utf-8') as file:
            self.text = file.read()
        self.kvm = {}
        for item in KVM.search(self.text).group(1).split(','):
            key, value = item.split(':')
            self.kvm[key.strip()] = value.strip().strip('"')

    def value(self, behaviour):
        return self.kvm.get(behaviour) or \
            self.model.value[self.kvm['profile']][behaviour]

    def fails_with(self, behaviour, value):
        kvm = dict(self.kvm, **{behaviour: value})
        inside = ', '.join(f'{key}: "{kvm[key]}"' for key in kvm)
        text = KVM.sub(lambda _: 'kvm: { ' + inside + ' }', self.text, 1)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, self.name)
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
            done = subprocess.run([self.model.program, self.verb, path],
                                  capture_output=True, text=True)
        return done.returncode != 0


class Borders:
    def __init__(self, program, root):
        self.root = root
        self.model = Model(program)
        with open(os.path.join(root, DOC), encoding='utf-8') as file:
            text = file.read()
        self.rows = self.table(section(text, 'Behaviours'))
        self.allowed = self.table(section(text, 'One side only'))
        self.scenarios = {}

    @staticmethod
    def table(text):
        return {name: rest for name, rest in
                re.findall(r'^\| `([^`]+)` \|(.*)$', text, re.M)}

    def scenario(self, name):
        if name not in self.scenarios:
            path = os.path.join(self.root, 'scenarios', name + '.yaml')
            self.scenarios[name] = Scenario(self.model, path)
        return self.scenarios[name]

    def shows(self, behaviour, value, other):
        for name in re.findall(r'`((?!tests/)[\w.-]+/[\w.-]+)`',
                               self.rows[behaviour]):
            scenario = self.scenario(name)
            if scenario.value(behaviour) == value and \
                    scenario.fails_with(behaviour, other):
                return True
        return False

    def wrong(self, behaviour):
        found = []
        excused = re.findall(r'`([^`]+)`', self.allowed.get(behaviour, ''))
        for old, new in self.model.borders(behaviour):
            for value, other in ((old, new), (new, old)):
                if f'{value} against {other}' in excused:
                    continue
                if not self.shows(behaviour, value, other):
                    found.append(f'{behaviour}: no scenario has {value} and '
                                 f'fails with {other}')
        return found


def main():
    borders = Borders(*sys.argv[1:])
    names = list(borders.rows)
    print(f'1..{len(names)}')
    failed = 0
    for number, name in enumerate(names, 1):
        wrong = borders.wrong(name)
        failed += bool(wrong)
        print(('not ok' if wrong else 'ok'), number, '-', name)
        for line in wrong:
            print('#', line)
    sys.exit(failed > 0)


main()
