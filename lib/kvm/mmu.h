/* SPDX-License-Identifier: MIT */
/*
 * A vCPU's MMU contexts: for which guest state they are made, which handler
 * takes their faults, which roots they hold.
 */
#ifndef TDPSIM_KVM_MMU_H
#define TDPSIM_KVM_MMU_H

#include "kvm/kvm.h"

/* A new vCPU's contexts: KVM 6.12 kvm_mmu_create(). */
void mmu_create(struct tdp_vcpu *vcpu);

/* KVM 6.12: kvm_mmu_get_tdp_level() */
unsigned int mmu_tdp_level(const struct tdp_vcpu *vcpu);

/* The registers that count now: L2's while it runs.  KVM: vcpu_to_role_regs(). */
struct role_regs mmu_role_regs(const struct tdp_vcpu *vcpu);

/* Make the contexts for the vCPU's present state: KVM 6.12 kvm_init_mmu(). */
void mmu_init(struct tdp_vcpu *vcpu);

/* guest_mmu for L1's nested EPT or NPT: kvm_init_shadow_{ept,npt}_mmu(). */
void mmu_init_shadow_ept(struct tdp_vcpu *vcpu, uint64_t eptp12, bool mbec12);
void mmu_init_shadow_npt(struct tdp_vcpu *vcpu, const struct tdp_sregs *l1,
			 uint64_t ncr3, bool gmet12);

/* Free all roots of the vCPU, then mmu_init(): kvm_mmu_reset_context(). */
void mmu_reset_context(struct tdp_vcpu *vcpu);

/* Forget what was computed from an older CPUID: kvm_mmu_after_set_cpuid(). */
void mmu_after_set_cpuid(struct tdp_vcpu *vcpu);

#endif
