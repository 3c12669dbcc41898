/* SPDX-License-Identifier: MIT */
/*
 * Guest frames that hold shadowed page tables: counted by address space,
 * level and frame.  While the count of a frame is not zero KVM keeps it
 * write-protected and maps no large page over it.
 *
 * KVM 6.12: account_shadowed(), kvm_gfn_is_write_tracked().
 */
#ifndef TDPSIM_KVM_TRACK_H
#define TDPSIM_KVM_TRACK_H

#include "kvm/kvm.h"

enum track_what {
	TRACK_WRITE,   /* write-tracked: a table of level 2 or more */
	TRACK_NO_HUGE, /* disallow_lpage: any shadowed table */
};

/* Add @by (1 or -1).  False: no memory, nothing changed. */
bool track_add(struct tdp_vm *vm, enum track_what what, unsigned int as_id,
	       uint64_t gfn, int by);

/* Has this address space a table of level 2 or more at @gfn? */
bool gfn_tracked_in(const struct tdp_vm *vm, unsigned int as_id, uint64_t gfn);

/* Must a write to @gfn be emulated?  Behaviour track.spaces. */
bool gfn_write_tracked(const struct tdp_vm *vm, const struct memslot *slot,
		       uint64_t gfn);

/* Does a shadowed table forbid a mapping of @level over @gfn? */
bool gfn_disallows_level(const struct tdp_vm *vm, const struct memslot *slot,
			 uint64_t gfn, unsigned int level);

void track_finish(struct tdp_vm *vm);

#endif
