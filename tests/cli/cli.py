# SPDX-License-Identifier: MIT
"""What the tests of the command line share: running it, and TAP output."""

import os
import resource
import subprocess
import sys
import tempfile
import threading

EXE = sys.argv[1]

SANITIZED = os.environ.get('TDPSIM_SANITIZED') == '1'

# MiB that a refused input may cost; reserved address space is not counted.
MEMORY = 128

GOOD = '''\
scenario: good
about: a pre-fault of two megabytes maps them with one SPTE
host: { vendor: intel, maxphyaddr: 46 }
kvm: { profile: v6.12 }
memslots: [ { slot: 0, gpa: 0, size: 1GiB, backing: thp } ]
steps:
  - prefault: { gpa: 2MiB, size: 2MiB }
    expect: { ret: 0, level: 2M }
'''

FAILING = GOOD.replace('good', 'failing').replace('2M }', '4K }')
SKIPPED = GOOD.replace('good', 'skipped').replace(
    'host:', 'requires: [ confidential-vms ]\nhost:')
BROKEN = GOOD.replace('good', 'broken').replace('prefault', 'prefalt')


class Run:
    """One call of the program, over."""

    def __init__(self, *args, timeout=60, address_space=None):
        def limit():
            if address_space:
                resource.setrlimit(resource.RLIMIT_AS, (address_space,) * 2)

        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            with subprocess.Popen([EXE, *args], stdin=subprocess.DEVNULL,
                                  stdout=out, stderr=err,
                                  preexec_fn=limit) as child:
                timer = threading.Timer(timeout, child.kill)
                timer.start()
                _, status, usage = os.wait4(child.pid, 0)
                timer.cancel()
                child.returncode = os.waitstatus_to_exitcode(status)
            self.status = child.returncode
            self.mib = usage.ru_maxrss // 1024
            self.out, self.err = (self.text(f) for f in (out, err))

    @staticmethod
    def text(file):
        file.seek(0)
        return file.read().decode('utf-8', 'replace')

    def problems(self, status, out=None, err=None, memory=MEMORY):
        """How this differs from what was wanted; texts are parts of it."""
        found = []
        if self.status != status:
            found.append(f'exit status {self.status}, not {status}')
        for name, want, got in (('output', out, self.out),
                                ('error', err, self.err)):
            if want is not None and want not in got:
                found.append(f'{name} lacks {want!r}:')
                found += got.splitlines()[:20]
        return found + self.crash(memory)

    def crash(self, memory=MEMORY):
        lines = self.err.splitlines()
        if self.status < 0:
            return [f'died of signal {-self.status}', *lines[:20]]
        if self.mib > memory and not SANITIZED:
            return [f'used {self.mib} MiB']
        if 'Sanitizer' in self.err or 'runtime error' in self.err:
            return lines[:40]
        return []


class Folder:
    """A folder of files that goes away with the test."""

    def __init__(self):
        self.holder = tempfile.TemporaryDirectory()
        self.path = self.holder.name

    def file(self, name, text):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        mode = 'wb' if isinstance(text, bytes) else 'w'
        with open(path, mode) as f:
            f.write(text)
        return path


class Tap:
    def __init__(self):
        self.nr = self.failed = 0

    def check(self, name, problems):
        self.nr += 1
        self.failed += bool(problems)
        print(f'{"not ok" if problems else "ok"} {self.nr} - {name}')
        for problem in problems:
            print(f'# {problem}')

    def skip(self, name, why):
        self.nr += 1
        print(f'ok {self.nr} - {name} # SKIP {why}')

    def end(self):
        print(f'1..{self.nr}')
        sys.exit(bool(self.failed))
