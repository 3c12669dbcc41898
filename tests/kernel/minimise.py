#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Shrink scenarios that differ from a kernel until nothing can be left out.

usage: minimise.py [OPTION]... SCENARIO... -- COMMAND...

COMMAND carries out the scenarios that are appended to it, all in one boot, and
prints what "tdpsim diff" prints; tests/kernel/run.sh is one.  Steps are left
out, then memslots, half of them at first and then fewer.  Many candidates go
into one boot; one that the model does not load is no candidate.  What counts is
a difference in a call and field in which the whole scenario differed, or that
the kernel died where it did.

  --tdpsim PATH   the model (default: build/tools/tdpsim)
  --output DIR    where NAME_min.yaml is written (default: .)
  --boots N       at most N of them (default: 16)
  --seconds S     begin no boot after S seconds (default: 1200)
  --batch N       candidates in one boot (default: 96)

Exit status: 0 each scenario shrunk as far as it goes; 1 one did not differ when
it was repeated, or a limit came first; 2 bad usage.
"""

import getopt
import os
import re
import subprocess
import sys
import time

SECTIONS = ('steps', 'memslots')

DIFFERENCE = re.compile(
    r'(?P<path>\S+\.ya?ml):(?P<line>\d+): .*?: step \d+ \((?P<op>[^)]*)\): '
    r'(?:event \d+: )?(?P<field>[\w.]+): ')
DEATH = re.compile(r'.*died or hung in scenario (?P<name>\S+?),')


class UsageError(Exception):
    """A scenario or a command line that can't be worked with."""


class Scenario:
    """The text of a scenario, and what of it can be left out."""

    def __init__(self, path):
        with open(path, encoding='utf-8') as f:
            self.lines = f.read().splitlines()
        self.path = path
        named = [i for i, line in enumerate(self.lines)
                 if line.startswith('scenario:')]
        if not named:
            raise UsageError(f'{path}: no line "scenario:"')
        self.name_line = named[0]
        self.name = self.lines[named[0]].split(':', 1)[1].strip()
        self.parts = []      # (section, first line, line behind)
        for section in SECTIONS:
            self.parts += self._elements(section)
        if not self.of('steps'):
            raise UsageError(f'{path}: "steps:" is no list of lines with "- "')

    def _elements(self, section):
        """The elements of a list in block style."""
        if section + ':' not in self.lines:
            return []
        begin = self.lines.index(section + ':') + 1
        found, dash = [], None
        for i in range(begin, len(self.lines)):
            text = self.lines[i].lstrip()
            indent = len(self.lines[i]) - len(text)
            if not text or text.startswith('#'):
                continue
            if dash is None:
                dash = indent
            if indent < dash or (indent == dash and text[0] != '-'):
                end = i
                break
            if indent == dash:
                found.append(i)
        else:
            end = len(self.lines)
        return [(section, first, last)
                for first, last in zip(found, found[1:] + [end])]

    def of(self, section, keep=None):
        """Numbers of the parts in a section, of those in keep."""
        return [i for i, part in enumerate(self.parts) if part[0] == section
                and (keep is None or i in keep)]

    def _empty(self, keep):
        """The heads of sections of which nothing is kept."""
        return {self.lines.index(section + ':') for section in SECTIONS
                if self.of(section) and not self.of(section, keep)}

    def text(self, keep, name):
        """The scenario with only these parts; for each line its part."""
        gone, owner = self._empty(keep), {}
        for i, (_, first, last) in enumerate(self.parts):
            owner.update(dict.fromkeys(range(first, last), i))
            if i not in keep:
                gone.update(range(first, last))
        lines, owners = [], []
        for i, line in enumerate(self.lines):
            if i not in gone:
                lines.append('scenario: ' + name if i == self.name_line
                             else line)
                owners.append(owner.get(i))
        return '\n'.join(lines) + '\n', owners


class Candidate:
    """A part of a scenario, to be carried out."""

    def __init__(self, task, keep, folder, number):
        self.task, self.keep = task, keep
        self.name = f'{task.scenario.name}_{number}'
        self.path = os.path.join(folder, self.name + '.yaml')
        text, self.owners = task.scenario.text(keep, self.name)
        with open(self.path, 'w', encoding='utf-8') as f:
            f.write(text)
        self.differences = []    # lines
        self.signs = set()       # (call, field)
        self.first = None        # the step that differed first

    def add(self, match):
        part = self.owners[int(match['line']) - 1]
        self.differences.append(match.string.rstrip('\n'))
        self.signs.add((match['op'], match['field']))
        if self.first is None:
            self.first = part


def chunks(parts):
    """Runs of neighbours, half of all, then a quarter, at last each one."""
    size = len(parts)
    while size > 1:
        size = (size + 1) // 2
        for i in range(0, len(parts), size):
            yield frozenset(parts[i:i + size])


class Task:
    """One scenario on its way to the smallest that still differs."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.signs = None            # of the whole scenario
        self.keep = frozenset(range(len(scenario.parts)))
        self.best = None             # the candidate with these parts
        self.parents = []            # what keep was before
        self.tried = set()
        self.unions = []
        self.sure = False            # keep differed a second time
        self.number = 0
        self.done = False

    def _smaller(self):
        """Sets of parts worth a try, the most promising first."""
        keep, of = self.keep, self.scenario.of
        if self.best and self.best.first is not None:
            yield keep - {i for i in of('steps', keep) if i > self.best.first}
        yield from self.unions
        for section in SECTIONS:
            for chunk in chunks(of(section, keep)):
                yield keep - chunk
        yield keep - set(of('memslots'))

    def candidates(self, limit, folder, is_valid):
        """For the next boot; none: nothing smaller is left to try."""
        batch = [self._candidate(self.keep, folder)]
        for keep in self._smaller():
            if len(batch) >= limit:
                break
            if keep in self.tried or not self.scenario.of('steps', keep):
                continue
            self.tried.add(keep)
            candidate = self._candidate(keep, folder)
            if is_valid(candidate.path):
                batch.append(candidate)
            else:
                os.remove(candidate.path)
        self.done = len(batch) == 1 and self.sure
        return [] if self.done else batch

    def _candidate(self, keep, folder):
        self.number += 1
        return Candidate(self, keep, folder, self.number)

    def learn(self, batch):
        """What a boot gave; candidates that it did not reach are not here."""
        whole = next((c for c in batch if c.keep == self.keep), None)
        if self.signs is None:
            self._begin(whole)
            if self.signs is None:
                return
        hits = [c for c in batch if c.signs & self.signs]
        if whole and whole not in hits:
            self._forget()
        smaller = [c for c in hits if c.keep < self.keep]
        if self.done:
            return
        if smaller:
            self._take(smaller)
        elif whole in hits:
            self.best, self.unions, self.sure = whole, [], True

    def _begin(self, whole):
        if whole is None:
            return               # another one's death came before
        if not whole.signs:
            self.done = True
            return
        self.signs, self.best = whole.signs, whole

    def _forget(self):
        """What is kept had differed by chance: back to what was before."""
        if self.parents:
            self.keep, self.best = self.parents.pop()
            self.sure = False
        else:
            self.best, self.done = None, True

    def _take(self, hits):
        """Keep the smallest; next, leave out together what went singly."""
        hits.sort(key=lambda c: len(c.keep))
        self.unions, number = [], len(hits)
        while number > 1:
            self.unions.append(
                frozenset.intersection(*(c.keep for c in hits[:number])))
            number //= 2
        self.parents.append((self.keep, self.best))
        self.keep, self.best, self.sure = hits[0].keep, hits[0], False


def is_valid(tdpsim):
    """Does the model load and run it, whatever it expects?"""
    def check(path):
        return subprocess.run([tdpsim, 'run', path], check=False,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode < 2
    return check


def boot(command, batch):
    """Fill in the differences; returns the candidates that were reached."""
    by_path = {c.path: c for c in batch}
    by_name = {c.name: c for c in batch}
    dead = None
    with subprocess.Popen([*command, *by_path], text=True, errors='replace',
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as child:
        for line in child.stdout:
            match = DIFFERENCE.match(line)
            if match and match['path'] in by_path:
                by_path[match['path']].add(match)
            match = DEATH.match(line)
            if match and match['name'] in by_name:
                dead = by_name[match['name']]
                dead.differences.append(line.rstrip('\n'))
                dead.signs.add(('kernel', 'died'))
    if child.returncode not in (0, 1):
        raise UsageError(f'"{" ".join(command)}" ends with status '
                         f'{child.returncode}')
    return batch[:batch.index(dead) + 1] if dead else batch


class Limits:
    """Boots and seconds; what is too much ends the search, not the result."""

    def __init__(self, boots, seconds):
        self.boots, self.end = boots, time.monotonic() + seconds

    def left(self):
        return self.boots > 0 and time.monotonic() < self.end


def search(tasks, command, limits, options):
    folder = os.path.join(options['output'], 'candidates')
    os.makedirs(folder, exist_ok=True)
    while limits.left():
        open_tasks = [task for task in tasks if not task.done]
        batches = {task: task.candidates(options['batch'] // len(open_tasks),
                                         folder, is_valid(options['tdpsim']))
                   for task in open_tasks}
        # A kernel that dies takes the rest along: the small ones first, but
        # for what every other one is compared with.
        everything = [c for batch in batches.values() for c in batch]
        everything.sort(key=lambda c: (c.task.signs is not None or
                                       c.keep != c.task.keep, len(c.keep)))
        if not everything:
            return
        limits.boots -= 1
        reached = set(boot(command, everything))
        for task, batch in batches.items():
            for c in batch:
                if c not in reached:
                    task.tried.discard(c.keep)
            if batch:
                task.learn([c for c in batch if c in reached])


def report(task, folder):
    """Write what came out; true if it is minimal."""
    if not task.best:
        print(f'{task.scenario.path}: did not differ when it was repeated')
        return False
    name = task.scenario.name + '_min'
    path = os.path.join(folder, name + '.yaml')
    text, _ = task.scenario.text(task.keep, name)
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)
    steps = task.scenario.of('steps')
    print(f'{path}: smallest that differs: '
          f'{len(task.scenario.of("steps", task.keep))} of {len(steps)} steps'
          f'{"" if task.done else ", but the limit came first"}')
    for line in task.best.differences:
        print('  ' + line.replace(task.best.path, path))
    return task.done


def parse(arguments):
    options = {'tdpsim': 'build/tools/tdpsim', 'output': '.', 'boots': 16,
               'seconds': 1200, 'batch': 96}
    if '--' not in arguments:
        raise UsageError('no "-- COMMAND"')
    split = arguments.index('--')
    names, scenarios = getopt.gnu_getopt(
        arguments[:split], '', [name + '=' for name in options])
    for name, value in names:
        name = name[2:]
        options[name] = value if name in ('tdpsim', 'output') else int(value)
    if not scenarios or not arguments[split + 1:]:
        raise UsageError('scenarios and a command are needed')
    return options, scenarios, arguments[split + 1:]


def main():
    if '--help' in sys.argv[1:]:
        print(__doc__.strip())
        return 0
    try:
        options, paths, command = parse(sys.argv[1:])
        check = is_valid(options['tdpsim'])
        for path in paths:
            if not check(path):
                raise UsageError(f'{path}: "tdpsim run" does not take it')
        tasks = [Task(Scenario(path)) for path in paths]
        search(tasks, command, Limits(options['boots'], options['seconds']),
               options)
    except (UsageError, getopt.GetoptError, OSError, ValueError) as error:
        print(f'minimise.py: {error}', file=sys.stderr)
        return 2
    results = [report(task, options['output']) for task in tasks]
    return 0 if all(results) else 1


if __name__ == '__main__':
    sys.exit(main())
