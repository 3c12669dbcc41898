#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Carry scenarios out on a real kernel and compare with the model.
#
#   tests/kernel/run.sh KERNEL [OPTION]... [SCENARIO]...
#   tests/kernel/run.sh --kvm [OPTION]... [SCENARIO]...
#
# KERNEL is a bzImage, or 6.1 or 6.12: Debian's cloud kernel of that version,
# whose package is downloaded and unpacked, not installed.  It is booted under
# QEMU's emulation of an AMD processor.  Without SCENARIO: all of scenarios/.
#
#   --kvm          on this machine's own /dev/kvm instead, as it is
#   --npt 0        without nested paging (kvm_amd.npt=0); 1: with it, as usual
#   --la57         5-level host; else the kernel gets "no5lvl"
#   --tdp-mmu 0    kvm.tdp_mmu=0
#   --append TEXT  more words for the kernel's command line
#   --modules DIR  lib/modules/VERSION of KERNEL; none: KVM is built in
#   --random N     N scenarios of "tdpsim generate" instead of files
#   --seed S       for it; default 1
#   --minimise     leave steps out of what differs, as long as it does; always
#                  so with --random
#   --boots N      for that, in all; default 16, 0: don't
#   --limit S      seconds that the boot may take; default 600
#   --scenario-limit S  seconds that one scenario may take; default 120
#   --output DIR   where recordings and logs go; default build/kernel/NAME
#   --build DIR    where tdpsim and tdpsim-kvm are; default build
#
# Prints the differences, and "N scenarios, M steps, E events compared, D
# differences".  Exit status: 0 none, 1 some, or the kernel died, 2 bad usage,
# 77 QEMU, cpio or the package can't be had.
set -euo pipefail
cd "$(dirname "$0")/../.."

die()
{
	printf 'run.sh: %s\n' "$*" >&2
	exit 2
}

skip()
{
	printf 'run.sh: skipped: %s\n' "$*" >&2
	exit 77
}

usage()
{
	sed -n '/^#$/,/^set /{s/^#\( \|$\)//p}' "$0"
}

# Sets $package to the package that 6.1 or 6.12 stands for.
find_package()
{
	local meta=linux-image-cloud-amd64

	[ "$1" = 6.1 ] || meta=linux-image-$1-cloud-amd64
	package=$(apt-cache depends "$meta" 2>/dev/null |
		sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)
	[ -n "$package" ] || skip "apt knows no package $meta: is this Debian" \
		"12 with its package lists (apt-get update)?"
}

# Sets $image and $modules to those of Debian's kernel of a version.
fetch_debian()
{
	local cache=${XDG_CACHE_HOME:-$HOME/.cache}/tdpsim/kernels package

	find_package "$1"
	mkdir -p "$cache"
	cache=$(readlink -f "$cache")/$package
	if [ ! -e "$cache/complete" ]; then
		rm -rf "$cache"
		mkdir -p "$cache"
		(cd "$cache" && apt-get -q download "$package" >&2 &&
			dpkg -x ./*.deb . && rm -f ./*.deb && touch complete) ||
			skip "$package can't be downloaded or unpacked"
	fi
	image=$(echo "$cache"/boot/vmlinuz-*)
	modules=$(echo "$cache"/lib/modules/*)
}

# A module as it is, decompressed, into a folder.
add_module()
{
	local file

	file=$(find "$modules/kernel" -name "$1.ko*" | head -1)
	case $file in
	'')	return ;;
	*.xz)	xz -dc "$file" >"$2/$1.ko" ;;
	*.zst)	zstd -dcq "$file" >"$2/$1.ko" ;;
	*.gz)	gzip -dc "$file" >"$2/$1.ko" ;;
	*)	cp "$file" "$2/$1.ko" ;;
	esac
	echo "$1" >>"$2/order"
}

# Scenarios that can't agree here, each for its reason, are left out: everywhere,
# or those of "NAME@npt=0" on that machine.
leave_out()
{
	local scenario reason kept=()

	for scenario in "${scenarios[@]}"; do
		reason=$(sed -nE "s/^$(basename "$scenario" .yaml)(@npt=$npt)?\t//p" \
			tests/kernel/left-out.txt)
		if [ -n "$reason" ]; then
			printf 'run.sh: left out: %s: %s\n' "$scenario" "$reason"
		else
			kept+=("$scenario")
		fi
	done
	scenarios=("${kept[@]}")
}

# Scenarios that a kernel may not survive come last.
order_scenarios()
{
	local scenario safe=() others=()

	for scenario in "${scenarios[@]}"; do
		if grep -q kernel_bug "$scenario"; then
			others+=("$scenario")
		else
			safe+=("$scenario")
		fi
	done
	scenarios=("${safe[@]}" "${others[@]}")
}

make_initramfs()
{
	local tree=$output/tree module scenario number=0

	rm -rf "$tree"
	mkdir -p "$tree"/{dev,proc,sys,tmp,modules,scenarios}
	cp "$build/tools/tdpsim-kvm" "$tree/init"
	if [ -n "$modules" ]; then
		for module in irqbypass ccp kvm kvm-amd; do
			add_module "$module" "$tree/modules"
		done
	fi
	for scenario in "${scenarios[@]}"; do
		number=$((number + 1))
		cp "$scenario" "$tree/scenarios/$number.yaml"
		echo "/scenarios/$number.yaml" >>"$tree/scenarios/order"
	done
	(cd "$tree" && find . | LC_ALL=C sort |
		cpio -o -H newc --quiet --reproducible) | gzip -n1 >"$output/initramfs"
	rm -rf "$tree"
}

boot()
{
	# One CPU: its trace buffer is the one that is read.
	local status=0

	timeout "$limit" qemu-system-x86_64 -accel tcg -machine q35 -cpu max \
		-smp 1 -m 4G -display none -nodefaults -no-reboot \
		-serial "file:$output/console" \
		-serial "file:$output/recording.jsonl" \
		-kernel "$image" -initrd "$output/initramfs" \
		-append "console=ttyS0 quiet loglevel=1 panic=-1 oops=panic \
reboot=t norandmaps nokaslr mitigations=off tsc=reliable \
default_hugepagesz=2M hugepagesz=1G hugepages=1 $words" </dev/null || status=$?
	[ $status != 124 ] || printf 'run.sh: over the limit of %s s\n' "$limit"
	[ $status = 0 ] || [ $status = 124 ] ||
		printf 'run.sh: QEMU ended with status %s\n' "$status"
}

# A scenario was ended, at its limit, or its process died: the others go on.
tell_ended()
{
	local ended_ones

	ended_ones=$(sed -n 's/^@ended \([^\r]*\)\r*$/run.sh: scenario \1/p' \
		"$output/console")
	[ -n "$ended_ones" ] || return 0
	printf '%s\n' "$ended_ones"
	ended=1
}

# The kernel died, or hung: where?
check_end()
{
	local last step

	if ! grep -q . "$output/recording.jsonl" 2>/dev/null; then
		tail -5 "$output/console" >&2
		die "nothing was recorded: see $output/console"
	fi
	tell_ended
	grep -aq '^@end ' "$output/console" && return
	last=$(sed -n 's/^@scenario \([^\r]*\)\r*$/\1/p' "$output/console" |
		tail -1)
	step=$(grep -ac "^{\"case\":\"$last\"" "$output/recording.jsonl" || true)
	printf 'run.sh: the kernel died or hung in scenario %s, step %s\n' \
		"$last" "$step"
	died=$last
	# One that hangs says nothing.
	grep -aE 'Oops|BUG|WARNING|panic|RIP:' "$output/console" | head -5 || true
	# What was recorded is kept; half a line is not.
	sed -i '$ { /}$/!d }' "$output/recording.jsonl"
	ended=1
}

# Scenarios that stand in what tdpsim diff printed.
differing_in()
{
	sed -n 's/^\([^ :]*\.yaml\):.*: recorded .*/\1/p' "$1" | sort -u
}

# Scenarios that the recording has, whole or in part.
recorded_scenarios()
{
	local scenario name

	for scenario in "${scenarios[@]}"; do
		name=$(sed -n 's/^scenario: *//p' "$scenario" | head -1)
		! grep -aqF "\"case\":\"$name\"" "$output/recording.jsonl" ||
			printf '%s\0' "$scenario"
	done
}

options=()
again= kernel= own_kvm= npt=1 five= append= image= modules= random= seed=1
limit=600 scenario_limit=120 output= build=build ended=0 words= minimise= boots=16 died=
scenarios=()
while [ $# -gt 0 ]; do
	case $1 in
	--kvm)	own_kvm=1; options+=("$1") ;;
	--again) again=1 ;;
	--la57)	five=1; options+=("$1") ;;
	--minimise) minimise=1 ;;
	--help)	usage; exit 0 ;;
	--npt|--tdp-mmu|--append|--modules|--random|--seed|--boots|--limit|--scenario-limit|\
	--output|--build)
		[ $# -gt 1 ] || die "$1 needs a value"
		case $1 in
		--npt)		npt=$2 ;;
		--tdp-mmu)	append+=" kvm.tdp_mmu=$2" ;;
		--append)	append+=" $2" ;;
		--modules)	modules=$(readlink -f "$2") ;;
		--random)	random=$2 ;;
		--seed)		seed=$2 ;;
		--boots)	boots=$2 ;;
		--limit)	limit=$2 ;;
		--scenario-limit) scenario_limit=$2 ;;
		--output)	output=$2 ;;
		--build)	build=$2 ;;
		esac
		case $1 in
		--random|--seed|--boots|--output) ;;
		*)	options+=("$1" "$2") ;;
		esac
		shift
		;;
	-*)	die "no option $1; try --help" ;;
	*.yaml|*.yml) scenarios+=("$1") ;;
	*)	if [ -d "$1" ]; then
			mapfile -d '' -O ${#scenarios[@]} scenarios < \
				<(find "$1" -name '*.yaml' -print0 | LC_ALL=C sort -z)
		else
			[ -z "$kernel" ] || die "two kernels: $kernel and $1"
			kernel=$1
			options+=("$1")
		fi
		;;
	esac
	shift
done
[ -n "$kernel$own_kvm" ] || { usage >&2; exit 2; }
[ -x "$build/tools/tdpsim-kvm" ] || die "no $build/tools/tdpsim-kvm: build first"

name=${kernel:-kvm}
output=${output:-$build/kernel/$(basename "$name")-npt$npt${five:+-la57}${random:+-random}}
mkdir -p "$output"
rm -f "$output"/recording.jsonl "$output"/console

if [ -n "$random" ]; then
	minimise=1
	rm -rf "$output/random"
	mkdir -p "$output/random"
	"$build/tools/tdpsim" generate --seed "$seed" --count "$random" \
		--output "$output/random" >/dev/null ||
		die "tdpsim generate made no scenarios"
	scenarios=()
	set -- "$output/random"
elif [ ${#scenarios[@]} = 0 ]; then
	set -- scenarios
else
	set --
fi
[ $# = 0 ] || mapfile -d '' scenarios < \
	<(find "$1" -name '*.yaml' -print0 | LC_ALL=C sort -z)

if [ -n "$own_kvm" ]; then
	[ -e /dev/kvm ] || skip "there is no /dev/kvm"
	[ -r /dev/kvm ] && [ -w /dev/kvm ] || skip "no permission for /dev/kvm"
	[ -d /sys/module/kvm_intel ] || [ -d /sys/module/kvm_amd ] ||
		skip "this machine's KVM has neither kvm_intel nor kvm_amd:" \
			"$(cd /sys/module && echo kvm_*)"
	status=0
	timeout "$limit" "$build/tools/tdpsim-kvm" --limit "$scenario_limit" \
		--output "$output/recording.jsonl" "${scenarios[@]}" || status=$?
	[ $status != 124 ] || printf 'run.sh: over the limit of %s s\n' "$limit"
	[ $status -lt 2 ] || [ $status = 124 ] || exit $status
	ended=$status
else
	command -v qemu-system-x86_64 >/dev/null ||
		skip "no qemu-system-x86_64: tools/setup.sh --kernel installs it"
	command -v cpio >/dev/null ||
		skip "no cpio: tools/setup.sh --kernel installs it"
	case $kernel in
	6.1|6.12) fetch_debian "$kernel" ;;
	*)	[ -f "$kernel" ] || die "no kernel $kernel"
		image=$kernel
		;;
	esac
	words="kvm_amd.npt=$npt tdpsim.limit=$scenario_limit $append"
	[ -n "$five" ] || words+=" no5lvl"
	leave_out
	order_scenarios
	make_initramfs
	boot
	check_end
fi
mapfile -d '' recorded < <(recorded_scenarios)
[ ${#recorded[@]} -gt 0 ] || die "no scenario was recorded"
status=0
"$build/tools/tdpsim" diff "${recorded[@]}" "$output/recording.jsonl" \
	>"$output/differences" || status=$?
cat "$output/differences"
[ $ended = 0 ] || [ $status != 0 ] || status=1
[ $status = 1 ] && [ -z "$again" ] || exit $status
[ -n "$minimise" ] || [ -z "$own_kvm$died" ] || exit $status

if [ -z "$died" ] && [ -z "$own_kvm" ]; then
	# A timer interrupt at the wrong moment does not come a second time.
	mapfile -t differing < <(differing_in "$output/differences")
	[ ${#differing[@]} -gt 0 ] || exit $status
	printf 'run.sh: %s scenarios differ: once more, by themselves\n' \
		${#differing[@]}
	status=0
	"$0" "${options[@]}" --again --output "$output/again" \
		"${differing[@]}" || status=$?
	[ $status = 1 ] || exit $status
	mapfile -t differing < <(differing_in "$output/again/differences")
else
	mapfile -t differing < <(differing_in "$output/differences"
		grep -lx "scenario: *$died" "${scenarios[@]}" || true)
fi
[ -n "$minimise" ] && [ "$boots" != 0 ] && [ ${#differing[@]} -gt 0 ] ||
	exit $status
printf 'run.sh: leaving out steps of %s scenarios\n' ${#differing[@]}
tests/kernel/minimise.py --tdpsim "$build/tools/tdpsim" --boots "$boots" \
	--output "$output/minimised" "${differing[@]}" -- \
	"$0" "${options[@]}" --again --output "$output/again" || true
exit $status
