/* SPDX-License-Identifier: MIT */
/* Visits of the leaves that a range of guest frames has in reverse maps. */
#ifndef TDPSIM_KVM_RMAP_WALK_H
#define TDPSIM_KVM_RMAP_WALK_H

#include "kvm/kvm.h"

struct rmap_range {
	unsigned int as_id;
	unsigned int min_level, max_level;
	uint64_t start, end; /* frames; a larger page counts if it overlaps */
};

/* Changes entries, but takes none out of the reverse map. */
typedef void (*rmap_visitor)(struct tdp_vm *vm, uint64_t sptep, void *context);

/* In no order that could be observed. */
void rmap_for_each(struct tdp_vm *vm, const struct rmap_range *range,
		   rmap_visitor visit, void *context);

/* The leaves of one level that map @gfn. */
void rmap_for_each_of(struct tdp_vm *vm, unsigned int as_id, unsigned int level,
		      uint64_t gfn, rmap_visitor visit, void *context);

/* Should this leaf go?  *@stop ends the visit. */
typedef bool (*rmap_filter)(struct tdp_vm *vm, uint64_t sptep, void *context,
			    bool *stop);

/* Drop the leaves that @filter picks; how many were there? */
uint64_t rmap_drop(struct tdp_vm *vm, const struct rmap_range *range,
		   rmap_filter filter, void *context);

#endif
