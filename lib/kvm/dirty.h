/* SPDX-License-Identifier: MIT */
/*
 * What dirty logging does to SPTEs, here to those of the TDP MMU and through
 * shadow_dirty.h to those of the shadow MMU: take the right to
 * write, or the dirty bit where PML reports it, until the next write.
 */
#ifndef TDPSIM_KVM_DIRTY_H
#define TDPSIM_KVM_DIRTY_H

#include "kvm/dirty_log.h"

/* Bits of vm->dirty_protect, with the kernel's values. */
#define DIRTY_MANUAL_PROTECT 1u /* KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE */
#define DIRTY_INITIALLY_SET  2u /* KVM_DIRTY_LOG_INITIALLY_SET */

/* KVM 6.12: kvm_dirty_log_manual_protect_and_init_set() */
static inline bool dirty_initially_set(const struct tdp_vm *vm)
{
	return vm->dirty_protect & DIRTY_INITIALLY_SET;
}

/*
 * Logging of @slot begins or ends: KVM 6.12 kvm_mmu_slot_apply_flags().  The
 * slot is in its set, as it will be.
 */
void dirty_enable(struct tdp_vm *vm, const struct memslot *slot);
void dirty_disable(struct tdp_vm *vm, const struct memslot *slot);

/*
 * Pages @first + i of @slot, for every bit i of @mask, will be reported again
 * once they are written: KVM 6.12 kvm_arch_mmu_enable_log_dirty_pt_masked().
 * @first is a multiple of 64.
 */
void dirty_rearm(struct tdp_vm *vm, const struct memslot *slot, uint64_t first,
		 uint64_t mask);

/*
 * What has to go from a leaf so that the next write is noticed: W, or D where
 * PML logs what sets it.
 */
uint64_t dirty_trap_bit(const struct tdp_vm *vm, uint64_t spte);

/* Make room for huge pages of the TDP MMU.  (dirty_collapse.c) */
void dirty_collapse(struct tdp_vm *vm, const struct memslot *slot);

#endif
