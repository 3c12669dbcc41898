/* SPDX-License-Identifier: MIT */
/*
 * A set of guest frames, kept as ranges: a VM of terabytes whose memory is
 * private costs one record for each border between private and shared.
 */
#ifndef TDPSIM_MEM_GFN_SET_H
#define TDPSIM_MEM_GFN_SET_H

#include "base/bits.h"
#include "tdpsim/error.h"

struct gfn_range {
	uint64_t start, end; /* [start, end) */
};

struct gfn_set {
	struct gfn_range *ranges; /* sorted, disjoint, never touching */
	size_t nr, capacity;
};

void gfn_set_finish(struct gfn_set *set);

bool gfn_set_has(const struct gfn_set *set, uint64_t gfn);

/*
 * Frames from @gfn on that are all in the set, or all outside it: up to the
 * next border.  UINT64_MAX if there is none.
 */
uint64_t gfn_set_run(const struct gfn_set *set, uint64_t gfn);

/*
 * Take [@start, @end), not empty, into the set or out of it.  TDP_ENOMEM:
 * nothing changed.
 */
int gfn_set_change(struct gfn_set *set, uint64_t start, uint64_t end, bool in,
		   struct tdp_error *err);

/* Is all of [@start, @end) in the set (@in), or all of it outside? */
static inline bool gfn_set_all(const struct gfn_set *set, uint64_t start,
			       uint64_t end, bool in)
{
	return gfn_set_has(set, start) == in &&
	       gfn_set_run(set, start) >= end - start;
}

#endif
