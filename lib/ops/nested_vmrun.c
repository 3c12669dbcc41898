/* SPDX-License-Identifier: MIT */
/* VMRUN: what KVM does between L1's instruction and L2's first. */
#include "arch/regs.h"
#include "base/error.h"
#include "kvm/walker.h"
#include "ops/nested.h"
#include "ops/nested_vmcb.h"
#include "tdpsim/nested.h"

/* APM 2: "SVM Intercept Exit Codes": VMEXIT_INVALID is -1. */
static uint64_t exit_invalid(const struct tdp_vm *vm)
{
	return vm->kvm.value[B_NESTED_INVALID_CODE] ==
			       NESTED_INVALID_CODE_64_BITS ?
		       UINT64_MAX :
		       UINT32_MAX;
}

/*
 * Without NRIPS the processor does not tell where the next instruction is: KVM
 * fetches this one to learn its length.  False if that faults.  KVM 6.12:
 * svm_skip_emulated_instruction()
 */
static bool skip(struct tdp_vcpu *vcpu, const struct nested_vmrun *how,
		 struct tdp_result *result)
{
	struct guest_walk walk;
	uint64_t gpa;

	if (!how->fetches ||
	    gw_gva_to_gpa(vcpu, how->rip, PFERR_FETCH, &walk, &gpa) != GW_FAULT)
		return true;
	trace(vcpu->vm, kvm_inj_exception, VECTOR_PF, true, walk.error_code);
	result->fault_address = walk.fault_address;
	result_fault(result, VECTOR_PF, walk.error_code, TDP_WHY_NONE);
	return false;
}

/* What is found before the switch: nothing of L1 is reloaded. */
static int vmexit_invalid(struct tdp_vcpu *vcpu, struct tdp_result *result,
			  enum tdp_reason why)
{
	const struct nested_exit exit = { .code = exit_invalid(vcpu->vm) };

	result->outcome = TDP_OUTCOME_NESTED_EXIT;
	result->reason = why;
	nested_tell_l1(vcpu, result, &exit);
	return TDP_OK;
}

static enum tdp_reason check(const struct tdp_vcpu *vcpu,
			     const struct tdp_nested_state *state,
			     const struct nested_vmrun *how)
{
	enum tdp_reason why = TDP_WHY_NONE;

	/* The registers first: KVM 6.12 nested_svm_vmrun(). */
	why = nested_check_guest(vcpu, state, &state->l2);
	if (!why)
		why = nested_check_controls(vcpu, state);
	if (!why && how->bad_controls) {
		trace(vcpu->vm, kvm_nested_vmenter_failed, 0);
		why = TDP_WHY_BAD_NESTED_STATE;
	}
	return why;
}

static int enter(struct tdp_vcpu *vcpu, const struct tdp_nested_state *state,
		 struct tdp_result *result)
{
	const struct nested_exit exit = { .code = exit_invalid(vcpu->vm) };
	struct tdp_sregs l1 = vcpu->sregs;
	enum nested_load load = NESTED_LOADED;
	enum tdp_reason why;
	int ret = TDP_OK;

	nested_take_state(vcpu, state, &l1);
	why = nested_enter(vcpu, NESTED_FROM_L1);
	if (!why)
		ret = nested_pages_load(vcpu, false, &load, &why);
	if (ret) {
		nested_to_l1(vcpu);
		return ret;
	}
	if (why)
		return nested_reflect(vcpu, result, &exit, why);
	vcpu->nested_run_pending = true;
	return TDP_OK;
}

int nested_vmrun(struct tdp_vcpu *vcpu, const struct tdp_nested_state *state,
		 const struct nested_vmrun *how, struct tdp_result *result)
{
	bool skips_first = vcpu->vm->kvm.value[B_NESTED_VMRUN_SKIP] ==
			   NESTED_VMRUN_SKIP_FIRST;
	enum tdp_reason why;

	vcpu->has_vmcb12 = how->in_memory;
	vcpu->vmcb12 = how->vmcb;
	if (skips_first && !skip(vcpu, how, result))
		return TDP_OK;
	why = check(vcpu, state, how);
	if (why)
		vmexit_invalid(vcpu, result, why);
	if (!skips_first && !skip(vcpu, how, result))
		return TDP_OK;
	return why ? TDP_OK : enter(vcpu, state, result);
}

/* vmcb12 in guest memory --------------------------------------------------------- */

/*
 * KVM's own #GP, unlike that of hardware for an address that no VMCB can have.
 * KVM 6.12: nested_svm_vmrun()
 */
static int inject_gp(struct tdp_vcpu *vcpu, struct tdp_result *result,
		     enum tdp_reason why)
{
	trace(vcpu->vm, kvm_inj_exception, VECTOR_GP, true, 0);
	return result_fault(result, VECTOR_GP, 0, why);
}

static int unreadable(struct tdp_vcpu *vcpu, struct tdp_result *result,
		      enum guest_mem_status status)
{
	if (status == GUEST_MEM_NO_MEMORY)
		return TDP_ENOMEM;
	if (status == GUEST_MEM_BLOCKS)
		return result_block(result, TDP_WHY_HOST_BLOCKS);
	return inject_gp(vcpu, result, TDP_WHY_VMCB12);
}

static int vmrun_memory(struct tdp_vcpu *vcpu, const struct tdp_vmrun *vmrun,
			struct tdp_result *result)
{
	struct nested_vmrun how = {
		.in_memory = true,
		.vmcb = vmrun->vmcb.addr,
		.fetches = vmrun->fetches,
		.rip = vmrun->rip.addr,
	};
	enum guest_mem_status status;
	struct vmcb12 vmcb;

	if (!vmcb_address_valid(vcpu, how.vmcb))
		return result_fault(result, VECTOR_GP, 0, TDP_WHY_VMCB12);
	if (!vcpu->hsave_pa &&
	    vcpu->vm->kvm.value[B_NESTED_VMRUN_HSAVE] == NESTED_VMRUN_HSAVE_GP)
		return inject_gp(vcpu, result, TDP_WHY_HSAVE);
	status = vmcb_read(vcpu, how.vmcb, &vmcb);
	if (status)
		return unreadable(vcpu, result, status);
	how.bad_controls = !vmcb_controls_valid(&vmcb);
	return nested_enter_from_l1(vcpu, &vmcb.state, &how, result);
}

int tdp_vcpu_vmrun(struct tdp_vcpu *vcpu, const struct tdp_vmrun *vmrun,
		   struct tdp_result *result, struct tdp_error *err)
{
	bool entered;
	int ret;

	result_begin(result);
	if (vcpu->vm->host.vendor != TDP_AMD)
		return err_set(err, TDP_EINVAL,
			       "VMRUN is an instruction of AMD processors");
	ret = run_enter(vcpu, result, &entered, err);
	if (!ret && entered) {
		ret = vmrun_memory(vcpu, vmrun, result);
		if (ret)
			err_set(err, ret, "no memory for L2's pages");
	}
	if (!ret)
		result_end(vcpu, result);
	return ret;
}
