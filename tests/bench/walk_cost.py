#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A walk with all checks stays within twice the instructions of a bare loop.

Usage: walk_cost.py VALGRIND BENCH_WALK

Instructions are counted by callgrind, so the machine's load does not matter:
the cost of a walk is what 2,000 more of them take.  Prints TAP.
"""
import re
import subprocess
import sys

BOUND = 2.0
WALKS = 2000


def instructions(valgrind, bench, mode, walks):
    out = subprocess.run(
        [valgrind, '--tool=callgrind', '--callgrind-out-file=/dev/null',
         bench, mode, str(walks)],
        capture_output=True, text=True, check=True)
    count = int(re.search(r'Collected : (\d+)', out.stderr).group(1))
    return count, out.stdout


def per_walk(valgrind, bench, mode):
    few, _ = instructions(valgrind, bench, mode, WALKS)
    many, answer = instructions(valgrind, bench, mode, 2 * WALKS)
    return (many - few) / WALKS, answer


def main():
    valgrind, bench = sys.argv[1:]
    model, model_answer = per_walk(valgrind, bench, 'model')
    bare, bare_answer = per_walk(valgrind, bench, 'bare')
    print('1..2')
    same = model_answer == bare_answer
    print(f'{"ok" if same else "not ok"} 1 - both find the same addresses')
    ratio = model / bare
    print(f'# {model:.0f} instructions a walk, bare loop {bare:.0f}: '
          f'ratio {ratio:.2f}')
    print(f'{"ok" if ratio <= BOUND else "not ok"} 2 - '
          f'at most {BOUND} times the bare loop')
    return 0 if same and ratio <= BOUND else 1


sys.exit(main())
