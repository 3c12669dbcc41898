#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Install what the build needs and is missing (Debian), configure build/,
# and build.  Run it as often as you like: what is there is left alone.
#
#   tools/setup.sh         what building and testing needs
#   tools/setup.sh --ci    also what .ci/run needs; warnings are errors
#   tools/setup.sh --kernel  also what booting a real kernel needs
#   tools/setup.sh --help
set -euo pipefail

# One package a line, with the reason for it.
needed=(
	gcc		# the compiler
	libc6-dev
	meson		# the build; brings Ninja and python3
	ninja-build
	pkg-config	# finds the libraries below
	libyaml-dev	# scenarios are YAML
	libcmocka-dev	# the unit tests
	liblzma-dev	# vector files may be compressed
	libjansson-dev	# recordings are JSON lines
	parallel	# a test runs the shards of an exploration with it
)
needed_by_ci=(
	clang		# the second compiler
	g++		# public headers must compile as C++
	clang-format
	clang-tidy
	valgrind
	python3-jsonschema	# hold the scenarios against "tdpsim schema"
	python3-yaml
)

needed_by_kernel=(
	qemu-system-x86	# boots it, with SVM emulated
	cpio		# makes its initramfs
	xz-utils	# its modules are compressed
)

say()
{
	printf 'setup: %s\n' "$*"
}

die()
{
	printf 'setup: %s\n' "$*" >&2
	exit 1
}

usage()
{
	sed -n '4,11s/^#\( \|$\)//p' "$0"
}

is_installed()
{
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = \
		installed ]
}

# Sets $missing to those of the arguments that are not installed.
find_missing()
{
	local package

	missing=()
	for package; do
		is_installed "$package" || missing+=("$package")
	done
}

# Sets $as_root to the words that make a command run as root.
become_root()
{
	if [ "$(id -u)" = 0 ]; then
		as_root=()
	elif ! command -v sudo >/dev/null; then
		die "may not install ${missing[*]}: this is not root," \
			"and there is no sudo"
	elif [ -t 0 ] || sudo -n true 2>/dev/null; then
		as_root=(sudo)
	else
		die "may not install ${missing[*]}: this is not root," \
			"and sudo wants a password but there is no terminal"
	fi
}

install_missing()
{
	command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
		die "this is not a Debian system: install the likes of" \
			"$*, then run: meson setup build && ninja -C build"
	find_missing "$@"
	if [ ${#missing[@]} = 0 ]; then
		say "all $# packages are installed"
		return
	fi
	become_root
	say "installing ${missing[*]}"
	"${as_root[@]}" apt-get -q update ||
		say "apt-get update had errors; trying all the same"
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -y --no-install-recommends install \
		"${missing[@]}" </dev/null ||
		die "apt-get could not install ${missing[*]}"
}

configure()
{
	local options=("$@")

	if [ ! -e build/meson-private/coredata.dat ]; then
		say "configuring build/"
		meson setup build "${options[@]}"
	elif [ ${#options[@]} != 0 ]; then
		say "configuring build/ anew: ${options[*]}"
		meson configure build "${options[@]}"
	else
		say "build/ is configured"
	fi
}

packages=("${needed[@]}")
options=()
case "${1-}" in
'')	;;
--ci)	packages+=("${needed_by_ci[@]}" "${needed_by_kernel[@]}")
	options+=(-Dwerror=true)
	;;
--kernel)
	packages+=("${needed_by_kernel[@]}")
	;;
--help)	usage
	exit 0
	;;
*)	usage >&2
	exit 2
	;;
esac
[ $# -le 1 ] || die "one option at most"

cd "$(dirname "$0")/.."
install_missing "${packages[@]}"
configure "${options[@]}"
say "building"
ninja -C build
say "done: build/tools/tdpsim --help, meson test -C build"
