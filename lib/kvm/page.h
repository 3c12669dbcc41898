/* SPDX-License-Identifier: MIT */
/* Page-table pages: a host frame of 512 SPTEs and its record. */
#ifndef TDPSIM_KVM_PAGE_H
#define TDPSIM_KVM_PAGE_H

#include "kvm/kvm.h"

int pages_init(struct tdp_vm *vm, struct tdp_error *err);
void pages_finish(struct tdp_vm *vm);

/*
 * A page whose entries all have the non-present value (or are zero, for
 * PAGE_SPECIAL).  NULL when the memory set aside for page tables is used up.
 */
struct mmu_page *page_alloc(struct tdp_vm *vm, enum page_kind kind,
			    const struct tdp_role *role, uint64_t gfn);
void page_free(struct tdp_vm *vm, struct mmu_page *page);

/* A leaf of @level appeared (@by is 1) or went (-1). */
void page_count_leaf(struct tdp_vm *vm, unsigned int level, int64_t by);

/* Recompute the word after a change of page->role. */
void page_update_role(struct tdp_vm *vm, struct mmu_page *page);

#endif
