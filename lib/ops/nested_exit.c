/* SPDX-License-Identifier: MIT */
/* Exits of L2 that L1 is told of. */
#include "arch/ept_bits.h"
#include "arch/regs.h"
#include "kvm/guest_mem.h"
#include "ops/nested_vmcb.h"
#include "ops/shutdown.h"
#include "ops/vmcs12.h"
#include "ops/vmx.h"
#include "vm/host.h"

#define EXIT_EPT_VIOLATION 48
#define EXIT_EPT_MISCONFIG 49
#define SVM_EXIT_NPF       0x400

void nested_tell_l1(struct tdp_vcpu *vcpu, struct tdp_result *result,
		    const struct nested_exit *exit)
{
	result->l1_exit = exit->code;
	result->l1_info1 = exit->info1;
	result->l1_info2 = exit->info2;
	vcpu->vmcs12.exit_reason = exit->code;
	vcpu->vmcs12.exit_qualification = exit->info1;
	vcpu->vmcs12.exit_intr_info = exit->intr_info;
	if (vcpu->vmx.has_vmptr)
		vmcs12_sync_exit(vcpu);
	if (vcpu->has_vmcb12)
		vmcb_write_exit(vcpu, exit);
}

enum guest_mem_status nested_vmcb12_status(const struct tdp_vcpu *vcpu)
{
	uint64_t hpa;

	if (!vcpu->guest_mode || !vcpu->has_vmcb12)
		return GUEST_MEM_OK;
	return guest_mem_frame(vcpu->vm, 0, vcpu->vmcb12, true, &hpa);
}

/*
 * Behaviour nested.exit_vmcb12.  The #GP is L2's and no exit: that a second
 * one makes a double fault of, should L1 intercept it, is not modelled.
 */
static int without_vmcb12(struct tdp_vcpu *vcpu, struct tdp_result *result)
{
	if (vcpu->vm->kvm.value[B_NESTED_EXIT_VMCB12] ==
	    NESTED_EXIT_VMCB12_INJECTS_GP) {
		trace(vcpu->vm, kvm_inj_exception, VECTOR_GP,
		      vcpu->sregs.cr0 & CR0_PE, 0);
		return result_fault(result, VECTOR_GP, 0, TDP_WHY_VMCB12);
	}
	vcpu->has_vmcb12 = false;
	nested_to_l1(vcpu);
	return shutdown_end(result, TDP_WHY_VMCB12);
}

int nested_reflect(struct tdp_vcpu *vcpu, struct tdp_result *result,
		   const struct nested_exit *exit, enum tdp_reason why)
{
	enum guest_mem_status vmcb12 = nested_vmcb12_status(vcpu);

	/* KVM maps it before it changes anything: nested_svm_vmexit(). */
	if (vmcb12 == GUEST_MEM_NO_MEMORY)
		return TDP_ENOMEM;
	if (vmcb12 == GUEST_MEM_BLOCKS)
		return result_block(result, TDP_WHY_HOST_BLOCKS);
	if (vmcb12)
		return without_vmcb12(vcpu, result);
	nested_tell_l1(vcpu, result, exit);
	trace(vcpu->vm, kvm_nested_vmexit_inject, exit->code, exit->info1,
	      exit->info2);
	result->outcome = TDP_OUTCOME_NESTED_EXIT;
	result->reason = why;
	if (nested_to_l1(vcpu))
		return TDP_OK;
	result->outcome = TDP_OUTCOME_SHUTDOWN;
	result->reason = TDP_WHY_PDPTRS;
	result->exit_reason = KVM_EXIT_SHUTDOWN;
	return TDP_OK;
}

/*
 * Bits that the walk of EPT12 can't know: whether the linear address is valid,
 * whether it was the final access, and what L2's tables allow.  See behaviour
 * nested.ept_exit.
 */
static uint64_t hardware_bits(const struct fault *f)
{
	const struct tdp_vcpu *vcpu = f->vcpu;
	uint64_t info = vcpu->last_exit_info,
		 bits = QUAL_GLA_VALID | QUAL_FINAL;

	if (f->vm->kvm.value[B_NESTED_EPT_EXIT] ==
	    NESTED_EPT_EXIT_HARDWARE_BITS)
		return info & bits;
	if (f->by_emulator || !vcpu->last_violation)
		return f->on_table ? QUAL_GLA_VALID : bits;
	if (host_ept_advanced(&f->vm->host))
		bits |= QUAL_USER | QUAL_WRITABLE | QUAL_XD;
	return info & bits;
}

/* A full log is told without a word about the access. */
static struct nested_exit ept_exit(const struct fault *f)
{
	struct tdp_vcpu *vcpu = f->vcpu;

	vcpu->vmcs12.guest_physical_address = f->inject_address;
	if (vcpu->pml12_full) {
		vcpu->pml12_full = false;
		return (struct nested_exit){ .code = VMX_EXIT_PML_FULL };
	}
	vmx_sync_previous(vcpu, f->inject_address);
	if (f->inject_code & PFERR_RSVD)
		return (struct nested_exit){ .code = EXIT_EPT_MISCONFIG };
	return (struct nested_exit){
		.code = EXIT_EPT_VIOLATION,
		.info1 = f->inject_qualification | hardware_bits(f),
	};
}

/* KVM makes the upper half up where the processor reported another exit. */
static uint64_t made_up_npf(const struct fault *f)
{
	return f->vm->kvm.value[B_NESTED_NPF_EXIT] == NESTED_NPF_EXIT_WALK &&
			       f->on_table ?
		       PFERR_GUEST_PAGE :
		       PFERR_GUEST_FINAL;
}

/* The low half of EXITINFO1 is the walk's, the upper half hardware's. */
static struct nested_exit npf_exit(const struct fault *f)
{
	uint64_t info = f->by_emulator ? made_up_npf(f) :
					 f->vcpu->last_exit_info;

	return (struct nested_exit){
		.code = SVM_EXIT_NPF,
		.info1 = (info & ~UINT64_C(0xffffffff)) | f->inject_code,
		.info2 = f->inject_address,
	};
}

int nested_reflect_fault(struct tdp_vcpu *vcpu, const struct fault *f,
			 struct tdp_result *result)
{
	struct nested_exit exit = vcpu->guest_mmu.handler == HANDLER_EPT ?
					  ept_exit(f) :
					  npf_exit(f);

	result->error_code = f->inject_code;
	result->fault_address = f->inject_address;
	return nested_reflect(vcpu, result, &exit, f->why);
}
