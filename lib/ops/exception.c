/* SPDX-License-Identifier: MIT */
/* Exceptions: the guest's own, or in L2 perhaps an exit to L1. */
#include "arch/regs.h"
#include "ops/nested.h"
#include "vm/host.h"

/* SDM: exit reason 0, exception or NMI; APM 2: VMEXIT_EXCP0 */
#define EXIT_EXCEPTION  0
#define SVM_EXIT_EXCP_0 0x40

/* SDM: "Format of the VM-Exit Interruption-Information Field" (3C) */
#define INTR_HARD_EXCEPTION (UINT32_C(3) << 8)
#define INTR_HAS_CODE       (UINT32_C(1) << 11)
#define INTR_VALID          (UINT32_C(1) << 31)

static bool is_vmx(const struct tdp_vcpu *vcpu)
{
	return vcpu->vm->host.vendor == TDP_INTEL;
}

/* Real mode has no error codes: KVM 6.12 kvm_inject_exception(). */
static bool has_code(const struct tdp_vcpu *vcpu, unsigned int vector)
{
	if (vector == VECTOR_PF)
		return true;
	return vector != VECTOR_UD && (vcpu->sregs.cr0 & CR0_PE);
}

/*
 * SDM: "Exceptions" in "Other Causes of VM Exits" (3C): where the code does
 * not match, the bit means the opposite.  KVM 6.12:
 * nested_vmx_is_page_fault_vmexit(), nested_vmx_is_exception_vmexit(),
 * nested_svm_is_exception_vmexit().
 */
static bool l1_wants(const struct tdp_vcpu *vcpu, const struct exception *e)
{
	const struct tdp_nested_state *nested = &vcpu->nested;
	bool bit = nested->exceptions & (UINT32_C(1) << e->vector);
	bool matches = ((uint32_t)e->code & nested->pfec_mask) ==
		       nested->pfec_match;

	if (!vcpu->guest_mode)
		return false;
	return is_vmx(vcpu) && e->vector == VECTOR_PF ? bit == matches : bit;
}

/* With TDP it is hardware that notices: KVM lets it, as L1 wants. */
static void trace_exit(struct tdp_vcpu *vcpu, struct tdp_result *result,
		       const struct exception *e)
{
	result->exit = e->vector == VECTOR_PF ? TDP_EXIT_PF :
						TDP_EXIT_EXCEPTION;
	result->exit_info1 = e->code;
	result->exit_info2 = e->address;
	result->exits++;
	vcpu->last_violation = false;
	vcpu->last_exit_info = e->code;
	trace(vcpu->vm, kvm_exit, vcpu->id, result->exit, e->code, e->address);
	trace(vcpu->vm, kvm_nested_vmexit, vcpu->id, result->exit, e->code,
	      e->address);
}

static struct nested_exit exit_vmx(struct tdp_vcpu *vcpu,
				   const struct exception *e)
{
	bool coded = has_code(vcpu, e->vector);

	vcpu->vmcs12.exit_intr_error_code = (uint32_t)e->code;
	return (struct nested_exit){
		.code = EXIT_EXCEPTION,
		.info1 = e->vector == VECTOR_PF ? e->address : 0,
		.intr_info = e->vector | INTR_HARD_EXCEPTION | INTR_VALID |
			     (coded ? INTR_HAS_CODE : 0),
	};
}

static struct nested_exit exit_svm(const struct exception *e)
{
	return (struct nested_exit){
		.code = SVM_EXIT_EXCP_0 + e->vector,
		.info1 = e->code,
		.info2 = e->vector == VECTOR_PF ? e->address : 0,
	};
}

int exception_raise(struct tdp_vcpu *vcpu, struct tdp_result *result,
		    const struct exception *e)
{
	struct nested_exit exit;

	result->fault_address = e->address;
	result->vector = e->vector;
	result->error_code = e->code;
	if (l1_wants(vcpu, e)) {
		if (!e->by_kvm)
			trace_exit(vcpu, result, e);
		exit = is_vmx(vcpu) ? exit_vmx(vcpu, e) : exit_svm(e);
		return nested_reflect(vcpu, result, &exit, e->why);
	}
	if (e->by_kvm)
		trace(vcpu->vm, kvm_inj_exception, e->vector,
		      has_code(vcpu, e->vector), e->code);
	return result_fault(result, e->vector, e->code, e->why);
}
