/* SPDX-License-Identifier: MIT */
/* VMX as L1 uses it: VMX operation, vmcs12 in its memory, entries. */
#ifndef TDPSIM_VMX_H
#define TDPSIM_VMX_H

#include "nested.h"

#ifdef __cplusplus
extern "C" {
#endif

/** enum tdp_vmx_insn - instructions of tdp_vcpu_vmx() */
enum tdp_vmx_insn {
	TDP_VMXON,
	TDP_VMXOFF,
	TDP_VMCLEAR,
	TDP_VMPTRLD,
	TDP_VMREAD,
	TDP_VMWRITE,
	TDP_VMLAUNCH,
	TDP_VMRESUME,
	TDP_NR_VMX_INSNS
};

/**
 * tdp_vcpu_vmx() - the guest executes an instruction of VMX at CPL 0
 * @operand: VMXON, VMCLEAR, VMPTRLD: guest-physical address; VMREAD, VMWRITE:
 *           encoding of the field (SDM: "Field Encoding in VMCS", 3D)
 * @value:   VMWRITE: what is written, cut to the field's width
 * @result:  VMREAD: value
 *
 * A region is read at VMPTRLD, and written back by VMCLEAR or when another one
 * becomes current; all roots for nested EPT go then.  VMXOFF writes nothing
 * back.  The revision is KVM's, 0x11e57ed0.
 *
 * Outcomes: DONE; REFUSED for VMfail, with the VM-instruction error in
 * error_code, 0 for VMfailInvalid, and CF or ZF in RFLAGS; GUEST_FAULT where
 * L1 can't execute it (#UD, or #GP for VMXON); NESTED_EXIT if L2 does; for
 * entries those of tdp_vcpu_nested_enter(); BLOCKED by a userfault.
 *
 * KVM 6.12: handle_vmxon() and its kin, nested_vmx_run().
 *
 * Return: as tdp_vcpu_run(); TDP_EINVAL on an AMD host; TDP_EUNSUPPORTED for
 * a field of vmcs12 that has no part in translation.
 */
TDP_API int tdp_vcpu_vmx(struct tdp_vcpu *vcpu, enum tdp_vmx_insn insn,
			 uint64_t operand, uint64_t value,
			 struct tdp_result *result, struct tdp_error *err);

/* struct kvm_nested_state as bytes -------------------------------------------- */

/** Header, and vmcs12 or vmcb12; there is no shadow vmcs12. */
#define TDP_NESTED_BLOB_SIZE 4224u

/**
 * tdp_vcpu_get_nested_header() - what KVM_GET_NESTED_STATE says in its header
 *
 * On SVM an address of 0 stands for a vmcb12 that was only described; on VMX
 * one that was (tdp_vcpu_nested_enter() without VMXON) is at 0x1000.
 */
TDP_API void tdp_vcpu_get_nested_header(const struct tdp_vcpu *vcpu,
					struct tdp_nested_header *header);

/**
 * tdp_vcpu_get_nested_blob() - KVM_GET_NESTED_STATE, on either vendor
 * @buffer: receives the bytes as KVM writes them: header of 128 bytes, then
 *          4096 of vmcs12 (KVM's struct vmcs12), or vmcb12's
 *          control area with L1's save area.  Fields that the model has not
 *          are 0.
 * @size:   of @buffer
 * @result: value is the size needed; ret -E2BIG if @size is less
 *
 * Changes nothing, touches no page of the guest.
 * KVM 6.12: vmx_get_nested_state(), svm_get_nested_state().
 *
 * Return: TDP_OK.
 */
TDP_API int tdp_vcpu_get_nested_blob(const struct tdp_vcpu *vcpu, void *buffer,
				     size_t size, struct tdp_result *result);

/**
 * tdp_vcpu_set_nested_blob() - KVM_SET_NESTED_STATE of those bytes
 * @size:   of @blob
 * @result: as for tdp_vcpu_set_nested_state_as(); -EFAULT where the header's
 *          size is more than @size
 *
 * Return: as tdp_vcpu_set_nested_state_as(); TDP_EUNSUPPORTED if vmcs12 has a
 * VMCS link pointer (a shadow vmcs12).
 */
TDP_API int tdp_vcpu_set_nested_blob(struct tdp_vcpu *vcpu, const void *blob,
				     size_t size, struct tdp_result *result,
				     struct tdp_error *err);

#ifdef __cplusplus
}
#endif
#endif
