/* SPDX-License-Identifier: MIT */
/*
 * KVM_SET_NESTED_STATE: the header of the buffer, before vmcs12 or vmcb12 is
 * looked at.  Every check that fails is EINVAL; the reason tells which.
 *
 * KVM 6.12: kvm_arch_vcpu_ioctl(), vmx_set_nested_state(),
 * svm_set_nested_state()
 */
#include "arch/regs.h"
#include "mem/physmem.h"
#include "ops/nested.h"

/* Linux uapi, asm/kvm.h: struct kvm_nested_state with its padding. */
#define HEADER_SIZE UINT32_C(128)
#define BLOB_SIZE   UINT32_C(4096) /* of vmcs12 and of vmcb12 */
/* KVM reads that much of vmcs12; its last field lies at 996. */
#define VMCS12_READ UINT32_C(998)

#define FORMAT_VMX  0
#define FORMAT_SVM  1

#define ALL_FLAGS                                                            \
	(TDP_NESTED_GUEST_MODE | TDP_NESTED_RUN_PENDING | TDP_NESTED_EVMCS | \
	 TDP_NESTED_MTF_PENDING | TDP_NESTED_GIF_SET)
#define SVM_FLAGS \
	(TDP_NESTED_GUEST_MODE | TDP_NESTED_RUN_PENDING | TDP_NESTED_GIF_SET)
#define ALL_SMM_FLAGS (TDP_NESTED_SMM_GUEST_MODE | TDP_NESTED_SMM_VMXON)

/* Where L1's structures lie if the caller does not care. */
#define ANY_VMXON  UINT64_C(0)
#define ANY_VMCS12 UINT64_C(0x1000)

/* KVM 6.12: page_address_valid() */
static bool page_address_valid(const struct tdp_vcpu *vcpu, uint64_t address)
{
	return !(address & (FRAME_SIZE - 1)) &&
	       !(address >> vcpu->cpuid.maxphyaddr);
}

void tdp_vcpu_nested_header(const struct tdp_vcpu *vcpu, bool guest_mode,
			    struct tdp_nested_header *header)
{
	bool vmx = vcpu->vm->host.vendor == TDP_INTEL;

	*header = (struct tdp_nested_header){
		.flags = (guest_mode ? TDP_NESTED_GUEST_MODE : 0) |
			 (vmx ? 0 : TDP_NESTED_GIF_SET),
		.format = vmx ? FORMAT_VMX : FORMAT_SVM,
		.size = HEADER_SIZE + (guest_mode ? BLOB_SIZE : 0),
		.vmxon = guest_mode ? ANY_VMXON : TDP_NESTED_NO_ADDRESS,
		.vmcs12 = guest_mode ? ANY_VMCS12 : TDP_NESTED_NO_ADDRESS,
	};
}

/* SVM ------------------------------------------------------------------------ */

/* GIF is 1 for a guest that can't clear it. */
static bool possible_without_svme(const struct tdp_vm *vm, unsigned int flags)
{
	if (vm->kvm.value[B_NESTED_STATE_SVME] == NESTED_STATE_SVME_GIF_OR_0)
		return !(flags & ~TDP_NESTED_GIF_SET);
	return flags == TDP_NESTED_GIF_SET;
}

/* KVM 6.12: svm_set_nested_state() */
static enum tdp_reason check_svm(const struct tdp_vcpu *vcpu,
				 const struct tdp_nested_header *header)
{
	if (header->format != FORMAT_SVM)
		return TDP_WHY_NESTED_FORMAT;
	if (header->flags & ~SVM_FLAGS)
		return TDP_WHY_NESTED_FLAGS;
	if (!(vcpu->sregs.efer & EFER_SVME) &&
	    !possible_without_svme(vcpu->vm, header->flags))
		return TDP_WHY_VIRTUALIZATION_OFF;
	if (!(header->flags & TDP_NESTED_GUEST_MODE))
		return TDP_WHY_NONE;
	if (vcpu->smm)
		return TDP_WHY_IN_SMM;
	if (!page_address_valid(vcpu, header->vmcb))
		return TDP_WHY_NESTED_ADDRESS;
	if (header->size < HEADER_SIZE + BLOB_SIZE)
		return TDP_WHY_NESTED_SIZE;
	return TDP_WHY_NONE;
}

/* VMX ------------------------------------------------------------------------ */

/* No VMXON, so nothing that needs it. */
static enum tdp_reason check_vmxoff(const struct tdp_nested_header *header)
{
	if (header->smm_flags)
		return TDP_WHY_NESTED_FLAGS;
	if (header->vmcs12 != TDP_NESTED_NO_ADDRESS)
		return TDP_WHY_NESTED_ADDRESS;
	if (header->flags & ~TDP_NESTED_EVMCS)
		return TDP_WHY_NESTED_FLAGS;
	return TDP_WHY_NONE;
}

/* VMX is off in SMM; what it goes back to stands in the SMM flags. */
static enum tdp_reason check_smm(const struct tdp_vcpu *vcpu,
				 const struct tdp_nested_header *header)
{
	unsigned int smm = header->smm_flags;

	if ((smm & TDP_NESTED_SMM_GUEST_MODE) &&
	    (header->flags & TDP_NESTED_GUEST_MODE))
		return TDP_WHY_NESTED_FLAGS;
	if ((smm & ~ALL_SMM_FLAGS) ||
	    (header->vmx_flags & ~TDP_NESTED_VMX_DEADLINE))
		return TDP_WHY_NESTED_FLAGS;
	if (vcpu->smm &&
	    (header->flags & (TDP_NESTED_GUEST_MODE | TDP_NESTED_RUN_PENDING)))
		return TDP_WHY_IN_SMM;
	if (!vcpu->smm && smm)
		return TDP_WHY_NESTED_FLAGS;
	if (smm == TDP_NESTED_SMM_GUEST_MODE)
		return TDP_WHY_NESTED_FLAGS;
	return TDP_WHY_NONE;
}

/* KVM 6.12: vmx_set_nested_state(), up to vmx_leave_nested() */
static enum tdp_reason check_vmx(const struct tdp_vcpu *vcpu,
				 const struct tdp_nested_header *header)
{
	enum tdp_reason why = TDP_WHY_NONE;

	if (header->format != FORMAT_VMX)
		return TDP_WHY_NESTED_FORMAT;
	if (header->vmxon == TDP_NESTED_NO_ADDRESS)
		why = check_vmxoff(header);
	else if (!vcpu->has_cpuid)
		return TDP_WHY_NO_VMX;
	else if (!page_address_valid(vcpu, header->vmxon))
		why = TDP_WHY_NESTED_ADDRESS;
	if (!why)
		why = check_smm(vcpu, header);
	/* Nobody has switched KVM_CAP_HYPERV_ENLIGHTENED_VMCS on. */
	if (!why && (header->flags & TDP_NESTED_EVMCS))
		why = TDP_WHY_NESTED_FLAGS;
	return why;
}

enum tdp_reason nested_header_vmcs12(const struct tdp_vcpu *vcpu,
				     const struct tdp_nested_header *header,
				     bool *vmcs12)
{
	*vmcs12 = false;
	if (header->vmxon == TDP_NESTED_NO_ADDRESS)
		return TDP_WHY_NONE;
	*vmcs12 = (header->flags & TDP_NESTED_GUEST_MODE) ||
		  header->vmcs12 != TDP_NESTED_NO_ADDRESS;
	if (header->size < HEADER_SIZE + VMCS12_READ)
		return *vmcs12 ? TDP_WHY_NESTED_SIZE : TDP_WHY_NONE;
	if (header->vmcs12 == header->vmxon ||
	    !page_address_valid(vcpu, header->vmcs12))
		return TDP_WHY_NESTED_ADDRESS;
	return TDP_WHY_NONE;
}

/* Both ------------------------------------------------------------------------ */

/* KVM 6.12: kvm_arch_vcpu_ioctl() */
enum tdp_reason nested_header_check(const struct tdp_vcpu *vcpu,
				    const struct tdp_nested_header *header)
{
	unsigned int running = TDP_NESTED_GUEST_MODE | TDP_NESTED_RUN_PENDING;

	if (header->size < HEADER_SIZE)
		return TDP_WHY_NESTED_SIZE;
	if ((header->flags & ~ALL_FLAGS) ||
	    (header->flags & running) == TDP_NESTED_RUN_PENDING)
		return TDP_WHY_NESTED_FLAGS;
	return vcpu->vm->host.vendor == TDP_INTEL ? check_vmx(vcpu, header) :
						    check_svm(vcpu, header);
}
