/* SPDX-License-Identifier: MIT */
/*
 * Which roots an MMU holds: the current one and three previous ones, kept in
 * case the guest comes back to them.
 */
#ifndef TDPSIM_KVM_ROOT_H
#define TDPSIM_KVM_ROOT_H

#include "kvm/kvm.h"

/*
 * Load a root if none is loaded; from 6.15 on free obsolete ones first.
 * KVM 6.12: kvm_mmu_reload(), kvm_mmu_load().
 *
 * Return: TDP_OK; TDP_ELIMIT, TDP_ENOMEM.  *@err is 0, a negative errno of
 * the kernel (-ENOSPC), or 1 for a triple fault, with the reason in *@why.
 */
int root_reload(struct tdp_vcpu *vcpu, int *err, enum tdp_reason *why,
		struct tdp_error *error);

/* Drop all roots of both MMUs: kvm_mmu_unload(). */
void root_unload(struct tdp_vcpu *vcpu);

/* Drop one of the roots that @mmu holds, current or previous. */
void root_free(struct tdp_vcpu *vcpu, struct mmu *mmu, struct root_ref *ref);

/* Drop current and previous roots of one MMU: kvm_mmu_free_roots(). */
void root_free_all(struct tdp_vcpu *vcpu, struct mmu *mmu);

/* Drop those that are obsolete: kvm_mmu_free_obsolete_roots(). */
void root_free_obsolete(struct tdp_vcpu *vcpu);

/* The page-table base changed: reuse a root that fits, or leave none loaded. */
void root_new_pgd(struct tdp_vcpu *vcpu, uint64_t pgd);

/* CR3 of the guest that the loaded MMU walks; EPTP12 or nCR3 for guest_mmu. */
uint64_t root_guest_pgd(const struct tdp_vcpu *vcpu);

/*
 * No vCPU finds an existing root again: kvm_mmu_zap_all_fast().  What the
 * kernel of the profile does to the roots is behaviour root.slot_delete.
 */
void root_zap_all_fast(struct tdp_vm *vm);

#endif
