/* SPDX-License-Identifier: MIT */
/* A table in the place of a huge page of the TDP MMU. */
#ifndef TDPSIM_KVM_SPLIT_H
#define TDPSIM_KVM_SPLIT_H

#include "kvm/kvm.h"

/*
 * Make the entry at @hpa, in @parent and for @gfn, lead to @child in place of
 * the huge page @huge that it maps; @child then maps the same.  KVM 6.12:
 * tdp_mmu_split_huge_page().
 */
void split_huge(struct tdp_vm *vm, struct mmu_page *parent,
		struct mmu_page *child, uint64_t hpa, uint64_t gfn,
		uint64_t huge);

/*
 * Split all huge pages that map [@start, @end) of @slot, down to 4 KiB, as
 * far as page-table memory reaches: KVM 6.12
 * kvm_mmu_try_split_huge_pages().
 */
void split_range(struct tdp_vm *vm, const struct memslot *slot, uint64_t start,
		 uint64_t end);

/* The event kvm_mmu_split_huge_page; @err is 0 or a negative errno. */
void split_trace(const struct tdp_vm *vm, uint64_t gfn, uint64_t huge,
		 unsigned int level, int err);

#endif
