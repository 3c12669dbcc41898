/* SPDX-License-Identifier: MIT */
/* Instructions with which a guest invalidates translations, and VMFUNC. */
#ifndef TDPSIM_INVALIDATE_H
#define TDPSIM_INVALIDATE_H

#include "vcpu.h"

#ifdef __cplusplus
extern "C" {
#endif

/** enum tdp_invpcid - types of INVPCID; SDM: "INVPCID" (2A) */
enum tdp_invpcid {
	TDP_INVPCID_ADDRESS = 0,
	TDP_INVPCID_CONTEXT = 1,
	TDP_INVPCID_ALL_GLOBAL = 2,
	TDP_INVPCID_ALL = 3,
};

/**
 * tdp_vcpu_invlpg() - the guest executes INVLPG at CPL 0
 * @gva: its operand; one that is not canonical is ignored
 *
 * A KVM_RUN.  With TDP the processor executes it, and KVM hears nothing; else
 * it exits, and KVM reads the entry again in the current and in all previous
 * roots, as far as unsync tables are on the way.
 * KVM: kvm_mmu_invlpg(), __kvm_mmu_invalidate_addr().
 *
 * Return: as tdp_vcpu_run().
 */
TDP_API int tdp_vcpu_invlpg(struct tdp_vcpu *vcpu, tdp_gva gva,
			    struct tdp_result *result, struct tdp_error *err);

/**
 * tdp_vcpu_invpcid() - the guest executes INVPCID at CPL 0
 * @type: enum tdp_invpcid; any other gives #GP
 * @pcid: first word of the descriptor: bits 63:12 must be 0, and all of it if
 *        CR4.PCIDE is 0 and the type takes a PCID
 * @gla:  linear address, for TDP_INVPCID_ADDRESS
 *
 * As tdp_vcpu_invlpg(); roots are told apart by the PCID of their CR3.
 * Outcomes: DONE; GUEST_FAULT (#GP).  The guest's CPUID is taken to have it.
 * KVM: kvm_handle_invpcid(), kvm_mmu_invpcid_gva(), kvm_invalidate_pcid().
 *
 * Return: as tdp_vcpu_run().
 */
TDP_API int tdp_vcpu_invpcid(struct tdp_vcpu *vcpu, uint64_t type,
			     uint64_t pcid, tdp_gva gla,
			     struct tdp_result *result, struct tdp_error *err);

/* Instructions of VMX -------------------------------------------------------- */

/** enum tdp_invept - types of INVEPT; SDM: "INVEPT" (3C) */
enum tdp_invept {
	TDP_INVEPT_SINGLE = 1,
	TDP_INVEPT_GLOBAL = 2,
};

/** enum tdp_invvpid - types of INVVPID; SDM: "INVVPID" (3C) */
enum tdp_invvpid {
	TDP_INVVPID_ADDRESS = 0,
	TDP_INVVPID_SINGLE = 1,
	TDP_INVVPID_ALL = 2,
	TDP_INVVPID_SINGLE_NON_GLOBAL = 3,
};

/**
 * tdp_vcpu_invept() - the guest executes INVEPT
 * @type: enum tdp_invept; any other fails
 * @eptp: of the descriptor; counts for TDP_INVEPT_SINGLE
 *
 * Outcomes: DONE; REFUSED for VMfailValid, with the VM-instruction error in
 * vmcs12; GUEST_FAULT (#UD) where L1 can't execute it; NESTED_EXIT if L2 does.
 * KVM: handle_invept().
 *
 * Return: as tdp_vcpu_run(); TDP_EINVAL on an AMD host.
 */
TDP_API int tdp_vcpu_invept(struct tdp_vcpu *vcpu, uint64_t type, uint64_t eptp,
			    struct tdp_result *result, struct tdp_error *err);

/**
 * tdp_vcpu_invvpid() - the guest executes INVVPID
 * @type: enum tdp_invvpid; any other fails
 * @vpid: first word of the descriptor: bits 63:16 must be 0
 * @gla:  linear address, for TDP_INVVPID_ADDRESS
 *
 * Outcomes and return as for tdp_vcpu_invept().  KVM: handle_invvpid().
 */
TDP_API int tdp_vcpu_invvpid(struct tdp_vcpu *vcpu, uint64_t type,
			     uint64_t vpid, tdp_gva gla,
			     struct tdp_result *result, struct tdp_error *err);

/**
 * tdp_vcpu_vmfunc() - the guest executes VMFUNC
 * @function: EAX; 0: EPTP switching
 * @index:    ECX: entry of the EPTP list
 *
 * Outcomes: DONE; GUEST_FAULT (#UD) outside L2, where L1 has not enabled VM
 * functions, and above 63; NESTED_EXIT where the function fails.
 * KVM: handle_vmfunc(), nested_vmx_eptp_switching().
 *
 * Return: as tdp_vcpu_invept().
 */
TDP_API int tdp_vcpu_vmfunc(struct tdp_vcpu *vcpu, uint32_t function,
			    uint32_t index, struct tdp_result *result,
			    struct tdp_error *err);

#ifdef __cplusplus
}
#endif
#endif
