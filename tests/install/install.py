# SPDX-License-Identifier: MIT
"""
A program outside the tree compiles and runs against what was installed.

usage: install.py BUILD VERSION MESON PKG_CONFIG SANITIZE COMPILER...

Installs into a temporary folder, then takes tests/install/version.c and each
program of docs/examples through pkg-config, both shared and static.
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'style'))
import tree  # noqa: E402  (found through the line above)

WARNINGS = ['-std=c17', '-Wall', '-Wextra', '-Wpedantic', '-Werror']


def run(command, env=None, cwd=None):
    """Output, and the problems: none, or what the command said."""
    done = subprocess.run(command, env=env, cwd=cwd, text=True, check=False,
                          capture_output=True)
    if done.returncode == 0:
        return done.stdout, []
    return done.stdout, [' '.join(command),
                         f'exit status {done.returncode}',
                         *done.stdout.splitlines()[-20:],
                         *done.stderr.splitlines()[-20:]]


class Installed:
    """What `meson install` left under a folder."""

    def __init__(self, root, pkg_config, compiler):
        self.root = root
        self.pkg_config = pkg_config
        self.compiler = compiler
        pc = glob.glob(f'{root}/**/tdpsim.pc', recursive=True)
        self.pc_dir = os.path.dirname(pc[0]) if pc else root
        self.lib_dir = os.path.dirname(self.pc_dir)

    def flags(self, *options):
        env = dict(os.environ, PKG_CONFIG_PATH=self.pc_dir,
                   PKG_CONFIG_SYSROOT_DIR=self.root)
        out, problems = run([self.pkg_config, *options, 'tdpsim'], env)
        return out.split(), problems

    def build(self, source, program, static):
        """Compile a program as its author would; the problems."""
        options = ['--static'] if static else []
        flags, problems = self.flags('--cflags', '--libs', *options)
        if problems:
            return problems
        if static:
            flags = [f'{self.lib_dir}/libtdpsim.a' if f == '-ltdpsim' else f
                     for f in flags]
        return run([*self.compiler, *WARNINGS, source, '-o', program,
                    *flags], cwd=os.path.dirname(program))[1]

    def execute(self, program):
        env = dict(os.environ, LD_LIBRARY_PATH=self.lib_dir)
        return run([program], env, cwd=os.path.dirname(program))


def check_program(tap, installed, source, work, expected=None):
    name = os.path.splitext(os.path.basename(source))[0]
    for static in (False, True):
        kind = 'static' if static else 'shared'
        program = f'{work}/{name}-{kind}'
        copy = shutil.copy(f'{tree.ROOT}/{source}', f'{program}.c')
        problems = installed.build(copy, program, static)
        if not problems:
            out, problems = installed.execute(program)
            if not problems and not out:
                problems = ['prints nothing']
            if expected and out.strip() != expected:
                problems += [f'prints {out.strip()}, not {expected}']
        tap.check(f'{source} ({kind})', problems)


def main():
    build, version, meson, pkg_config, sanitize, *compiler = sys.argv[1:]
    if sanitize != 'none':
        compiler.append(f'-fsanitize={sanitize}')
    tap = tree.Tap()
    with tempfile.TemporaryDirectory() as work:
        root = f'{work}/root'
        tap.check('meson install', run(
            [meson, 'install', '-C', build, '--no-rebuild', '--quiet',
             '--destdir', root])[1])
        installed = Installed(root, pkg_config, compiler)
        out, problems = installed.flags('--modversion')
        if not problems and out != [version]:
            problems = [f'tdpsim.pc says {out}, the project {version}']
        tap.check('tdpsim.pc has the version', problems)
        check_program(tap, installed, 'tests/install/version.c', work, version)
        for source in tree.files('docs/examples', ext=('.c',)):
            check_program(tap, installed, source, work)
    tap.end()


main()
