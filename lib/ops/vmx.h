/* SPDX-License-Identifier: MIT */
/* VMX alone: what L1 reads in vmcs12, and instructions that invalidate. */
#ifndef TDPSIM_OPS_VMX_H
#define TDPSIM_OPS_VMX_H

#include "ops/nested.h"

/* SDM: "VM-Instruction Error Numbers" (3C) */
#define VMXERR_BAD_CONTROLS 7
#define VMXERR_BAD_OPERAND  28

/* SDM: "VMX Basic Exit Reasons" (3D) */
#define VMX_EXIT_PML_FULL 62

/* An instruction fails with VMfailValid. */
int vmx_fail(struct tdp_vcpu *vcpu, struct tdp_result *result, uint32_t error,
	     enum tdp_reason why);

/*
 * EPTP12 as VM entry, INVEPT and VM function 0 check it.  (nested_check.c)
 */
bool vmx_eptp_valid(const struct tdp_vcpu *vcpu, uint64_t eptp);

/* Flush what a transition flushes: KVM 6.12 nested_vmx_transition_tlb_flush(). */
void vmx_flush(struct tdp_vcpu *vcpu, bool entry);

/* Bring @addr up to date in previous roots of the same EPT12 table. */
void vmx_sync_previous(struct tdp_vcpu *vcpu, uint64_t addr);

#endif
