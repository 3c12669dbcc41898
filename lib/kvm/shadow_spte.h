/* SPDX-License-Identifier: MIT */
/* Changing the entries of shadow pages, with what has to follow. */
#ifndef TDPSIM_KVM_SHADOW_SPTE_H
#define TDPSIM_KVM_SHADOW_SPTE_H

#include "kvm/shadow_page.h"

/* Make a leaf, or an MMIO entry, non-present: KVM 6.12 drop_spte(). */
void sptep_drop(struct tdp_vm *vm, uint64_t sptep);

/* Out of the reverse map, but still counted, and the entry stays as it is. */
void sptep_forget(struct tdp_vm *vm, uint64_t sptep);

/* An entry that no reverse map knows of: mmu_spte_clear_no_track(). */
void sptep_clear(struct tdp_vm *vm, uint64_t sptep);

/* Replace an entry; true if TLBs must be flushed: mmu_spte_update(). */
bool sptep_update(struct tdp_vm *vm, uint64_t sptep, uint64_t new);

/* Count a new leaf and put it into the reverse map: KVM 6.12 rmap_add(). */
void sptep_map(struct tdp_vm *vm, uint64_t sptep, uint64_t gfn,
	       unsigned int access);

/*
 * A leaf for @gfn, read-only if the frame has to stay write-protected; the
 * slot is looked up in the vCPU's address space.  KVM 6.12: make_spte().
 */
uint64_t sptep_make(struct tdp_vcpu *vcpu, struct spte_args *args, uint64_t gfn,
		    bool *wrprotected);

/* Let the entry at @sptep lead to @child: __link_shadow_page(). */
void sptep_link(struct tdp_vm *vm, uint64_t sptep, struct mmu_page *child);

/* The opposite: KVM 6.12 drop_parent_pte(). */
void sptep_unlink(struct tdp_vm *vm, uint64_t sptep, struct mmu_page *child);

/*
 * Whatever the entry is, make it non-present: mmu_page_zap_pte().  Orphans of
 * nested TDP go as well if @zapped is not NULL.  Return: was more zapped?
 */
bool sptep_zap(struct tdp_vm *vm, uint64_t sptep, struct zap_list *zapped);

/*
 * Take W from all leaves, of any level, that map @gfn in the address space;
 * with @for_good also mmu-writable.  True if TLBs must be flushed.
 * KVM 6.12: kvm_mmu_slot_gfn_write_protect().
 */
bool gfn_write_protect(struct tdp_vm *vm, unsigned int as_id, uint64_t gfn,
		       bool for_good);

#endif
