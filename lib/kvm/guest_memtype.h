/* SPDX-License-Identifier: MIT */
/*
 * The memory type that KVM writes into an EPT leaf, by the rule of each
 * kernel and of each proposal; and what it makes of the guest's MTRRs, which
 * up to 6.10 differs from the manual's overlap rule.
 */
#ifndef TDPSIM_KVM_GUEST_MEMTYPE_H
#define TDPSIM_KVM_GUEST_MEMTYPE_H

#include "kvm/kvm.h"

/*
 * Bits 5:3 and 6 of a leaf for @gfn that @vcpu's fault installs; 0 where
 * leaves carry no type (NPT, shadow paging).  KVM: vmx_get_mt_mask().
 */
uint64_t memtype_spte_bits(const struct tdp_vcpu *vcpu, uint64_t gfn,
			   bool host_mmio);

/*
 * The same bits without a vCPU that faults, if the behaviour lets them be
 * known: where no vCPU's settings count, or vCPU 0's do for all.  Proposed as
 * try_get_mt_mask() (patches of 2021-11-15 and 2022-03-21).
 */
bool memtype_try_get(const struct tdp_vm *vm, uint64_t gfn, bool host_mmio,
		     uint64_t *bits);

/* KVM up to 6.10: kvm_mtrr_get_guest_memory_type() */
enum tdp_memtype memtype_guest_mtrr(const struct tdp_vcpu *vcpu, uint64_t gfn);

/*
 * The largest level, at most @max_level, at which one MTRR type covers the
 * page around @gfn, for kernels that limit it.  KVM up to 6.10:
 * kvm_mtrr_check_gfn_range_consistency().
 */
unsigned int memtype_max_level(const struct tdp_vcpu *vcpu, uint64_t gfn,
			       unsigned int max_level);

/* May the bits differ from frame to frame for this vCPU? */
bool memtype_varies(const struct tdp_vcpu *vcpu);

/* Frames that a write of MSR @index zaps: [*@start, *@end), or false. */
bool memtype_msr_range(const struct tdp_vcpu *vcpu, uint32_t index,
		       uint64_t *start, uint64_t *end);

/*
 * Who may share page tables with whom, for memtype.source=role: 0 for
 * everybody, else the vCPU's own number + 1.
 */
unsigned int memtype_role_key(const struct tdp_vcpu *vcpu);

#endif
