/* SPDX-License-Identifier: MIT */
/* Changes of memory types that make KVM forget what it mapped. */
#ifndef TDPSIM_OPS_MEMTYPE_ZAP_H
#define TDPSIM_OPS_MEMTYPE_ZAP_H

#include "kvm/kvm.h"

/* Zap all leaves of frames [@start, @end): KVM 6.10 kvm_zap_gfn_range(). */
void zap_gfns(struct tdp_vm *vm, uint64_t start, uint64_t end);

/* A vCPU's CR0.CD has changed. */
void memtype_zap_cd(struct tdp_vm *vm);

/* The MTRR with MSR number @index has changed: KVM 6.10 update_mtrr(). */
void memtype_zap_msr(struct tdp_vcpu *vcpu, uint32_t index);

/* Does a change of memory types zap anything, as things are? */
bool memtype_zaps(const struct tdp_vm *vm);

#endif
