/* SPDX-License-Identifier: MIT */
/* All present entries of the TDP MMU that map a range of guest frames. */
#ifndef TDPSIM_KVM_TDP_ITER_H
#define TDPSIM_KVM_TDP_ITER_H

#include "kvm/kvm.h"

struct tdp_range {
	unsigned int as_id;
	uint64_t start, end;    /* guest frames, [start, end) */
	unsigned int min_level; /* entries of lower tables are left out */
	bool invalid_roots;     /* include them */
};

struct tdp_entry {
	struct mmu_page *page; /* the table that holds it */
	uint64_t hpa;          /* where it is */
	uint64_t gfn;          /* first frame that it maps */
	uint64_t spte;
};

/*
 * Call @visit for every present entry that maps a part of @range, root by
 * root; tables before what is below them.  @visit may change the entry: what
 * is below is then what the new value leads to.  KVM 6.12:
 * for_each_tdp_pte_min_level().
 */
void tdp_for_each(struct tdp_vm *vm, const struct tdp_range *range,
		  void (*visit)(struct tdp_vm *vm, const struct tdp_entry *e,
				void *context),
		  void *context);

/* The first present leaf below @table; false if there is none. */
bool tdp_first_leaf(struct tdp_vm *vm, struct mmu_page *table,
		    struct tdp_entry *leaf);

#endif
