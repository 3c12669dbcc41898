/* SPDX-License-Identifier: MIT */
#include "kvm/track.h"

/* Frame numbers have at most 40 bits: 52-bit addresses of 4 KiB pages. */
static uint64_t key_of(enum track_what what, unsigned int as_id,
		       unsigned int level, uint64_t gfn)
{
	return (uint64_t)what << 60 | (uint64_t)as_id << 56 |
	       (uint64_t)level << 52 | gfn;
}

static bool add_no_huge(struct tdp_vm *vm, unsigned int as_id, uint64_t gfn,
			int by)
{
	unsigned int level;

	for (level = TDP_LEVEL_2M; level <= TDP_LEVEL_1G; level++) {
		uint64_t key = key_of(TRACK_NO_HUGE, as_id, level,
				      gfn >> (9 * (level - 1)));

		if (counts_add(&vm->tracked, key, by))
			continue;
		while (--level >= TDP_LEVEL_2M)
			counts_add(&vm->tracked,
				   key_of(TRACK_NO_HUGE, as_id, level,
					  gfn >> (9 * (level - 1))),
				   -by);
		return false;
	}
	return true;
}

bool track_add(struct tdp_vm *vm, enum track_what what, unsigned int as_id,
	       uint64_t gfn, int by)
{
	if (what == TRACK_NO_HUGE)
		return add_no_huge(vm, as_id, gfn, by);
	return counts_add(&vm->tracked, key_of(TRACK_WRITE, as_id, 0, gfn), by);
}

bool gfn_tracked_in(const struct tdp_vm *vm, unsigned int as_id, uint64_t gfn)
{
	return vm->tracked.nr &&
	       counts_get(&vm->tracked, key_of(TRACK_WRITE, as_id, 0, gfn));
}

bool gfn_write_tracked(const struct tdp_vm *vm, const struct memslot *slot,
		       uint64_t gfn)
{
	if (!slot)
		return false;
	return gfn_tracked_in(vm, slot->as_id, gfn) ||
	       (vm->kvm.value[B_TRACK_SPACES] == TRACK_SPACES_BOTH &&
		gfn_tracked_in(vm, !slot->as_id, gfn));
}

bool gfn_disallows_level(const struct tdp_vm *vm, const struct memslot *slot,
			 uint64_t gfn, unsigned int level)
{
	if (!vm->tracked.nr)
		return false;
	return counts_get(&vm->tracked,
			  key_of(TRACK_NO_HUGE, slot->as_id, level,
				 gfn >> (9 * (level - 1))));
}

void track_finish(struct tdp_vm *vm)
{
	counts_finish(&vm->tracked);
}
