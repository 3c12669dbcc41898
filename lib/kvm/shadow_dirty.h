/* SPDX-License-Identifier: MIT */
/*
 * What dirty logging, aging and splitting do to the leaves of the shadow MMU,
 * which they find by reverse maps.  All do nothing before there is one:
 * KVM 6.12 kvm_memslots_have_rmaps().
 */
#ifndef TDPSIM_KVM_SHADOW_DIRTY_H
#define TDPSIM_KVM_SHADOW_DIRTY_H

#include "kvm/kvm.h"

/*
 * Take W from all leaves of @slot that are of @min_level or larger: KVM 6.12
 * kvm_mmu_slot_remove_write_access().
 */
void shadow_protect_slot(struct tdp_vm *vm, const struct memslot *slot,
			 unsigned int min_level);

/* The 4 KiB leaves of @slot, for PML: kvm_mmu_slot_leaf_clear_dirty(). */
void shadow_trap_slot(struct tdp_vm *vm, const struct memslot *slot);

/*
 * The 4 KiB leaves of @gfn + i, for every bit i of @mask: KVM 6.12
 * kvm_mmu_write_protect_pt_masked(), kvm_mmu_clear_dirty_pt_masked().
 */
void shadow_trap_masked(struct tdp_vm *vm, const struct memslot *slot,
			uint64_t gfn, uint64_t mask);

/* Leaves of 2 MiB and more on @gfn: kvm_mmu_slot_gfn_write_protect(). */
void shadow_protect_huge(struct tdp_vm *vm, const struct memslot *slot,
			 uint64_t gfn);

/*
 * Zap direct leaves of @slot that are smaller than they could be: KVM 6.12
 * kvm_rmap_zap_collapsible_sptes().  Return: was there any?
 *
 * From 6.0 to 7.0 the kernel reads lpage_info before its start if the table
 * that holds a 2 MiB leaf begins before the slot does; the recorded kernels
 * oops.  The model then stops here and sets vm->ended.
 */
bool shadow_collapse(struct tdp_vm *vm, const struct memslot *slot);

/*
 * Split the huge leaves of @slot in [@start, @end) that L1's nested tables
 * made: KVM 6.12 kvm_shadow_mmu_try_split_huge_pages().
 */
void shadow_split_range(struct tdp_vm *vm, const struct memslot *slot,
			uint64_t start, uint64_t end);

/* Frames [@start, @end): was any accessed?  shadow_age() also clears that. */
bool shadow_age(struct tdp_vm *vm, unsigned int as_id, uint64_t start,
		uint64_t end);
bool shadow_test_age(struct tdp_vm *vm, unsigned int as_id, uint64_t start,
		     uint64_t end);

#endif
