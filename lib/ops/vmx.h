/* SPDX-License-Identifier: MIT */
/* VMX alone: what L1 reads in vmcs12, and instructions that invalidate. */
#ifndef TDPSIM_OPS_VMX_H
#define TDPSIM_OPS_VMX_H

#include "ops/nested.h"

/* SDM: "VM-Instruction Error Numbers" (3C) */
enum {
	VMXERR_VMCLEAR_ADDRESS = 2,
	VMXERR_VMCLEAR_VMXON = 3,
	VMXERR_VMLAUNCH_NONCLEAR = 4,
	VMXERR_VMRESUME_NONLAUNCHED = 5,
	VMXERR_BAD_CONTROLS = 7,
	VMXERR_BAD_HOST_STATE = 8,
	VMXERR_VMPTRLD_ADDRESS = 9,
	VMXERR_VMPTRLD_VMXON = 10,
	VMXERR_VMPTRLD_REVISION = 11,
	VMXERR_UNSUPPORTED_FIELD = 12,
	VMXERR_VMXON_IN_ROOT = 15,
	VMXERR_BAD_OPERAND = 28,
};

/* SDM: "Conventions" (3C): what an instruction leaves in RFLAGS. */
enum vmx_flags {
	VMX_SUCCEED,
	VMX_FAIL_INVALID, /* CF */
	VMX_FAIL_VALID,   /* ZF */
};
void vmx_set_flags(struct tdp_vcpu *vcpu, enum vmx_flags flags);

/* SDM: "VMX Basic Exit Reasons" (3D) */
#define VMX_EXIT_PML_FULL 62

/*
 * An instruction fails with VMfailValid, or VMfailInvalid if L1 has executed
 * VMXON and no vmcs12 is current.  KVM 6.12: nested_vmx_fail()
 */
int vmx_fail(struct tdp_vcpu *vcpu, struct tdp_result *result, uint32_t error,
	     enum tdp_reason why);

/*
 * EPTP12 as VM entry, INVEPT and VM function 0 check it.  (nested_check.c)
 */
bool vmx_eptp_valid(const struct tdp_vcpu *vcpu, uint64_t eptp);

/* Flush what a transition flushes: KVM 6.12 nested_vmx_transition_tlb_flush(). */
void vmx_flush(struct tdp_vcpu *vcpu, bool entry);

/* VMX operation ends: KVM 6.12 free_nested().  (vmx_insn.c) */
void vmx_free_nested(struct tdp_vcpu *vcpu);

/* Bring @addr up to date in previous roots of the same EPT12 table. */
void vmx_sync_previous(struct tdp_vcpu *vcpu, uint64_t addr);

#endif
