/* SPDX-License-Identifier: MIT */
/* VMLAUNCH and VMRUN, exits of L2, KVM_SET_NESTED_STATE. */
#include <errno.h>

#include "arch/regs.h"
#include "base/error.h"
#include "ops/nested.h"
#include "ops/setreg.h"
#include "ops/vmcs12.h"
#include "ops/vmx.h"
#include "tdpsim/nested.h"

/* SDM: "VMX Basic Exit Reasons": 33, with bit 31 for a failed entry. */
#define EXIT_INVALID_STATE UINT64_C(0x80000021)
/* SDM: exit reason 1; APM 2: VMEXIT_INTR */
#define EXIT_INTERRUPT 1
#define SVM_EXIT_INTR  0x60

static bool is_vmx(const struct tdp_vcpu *vcpu)
{
	return vcpu->vm->host.vendor == TDP_INTEL;
}

/* vmcb12 names no APIC pages: that is a mistake of the caller. */
static int check_vendor(const struct tdp_vcpu *vcpu,
			const struct tdp_nested_state *state,
			struct tdp_error *err)
{
	bool svm = !is_vmx(vcpu);

	if (svm && (state->has_page[TDP_NESTED_APIC_ACCESS] ||
		    state->has_page[TDP_NESTED_VIRTUAL_APIC] ||
		    state->has_page[TDP_NESTED_PI_DESC]))
		return err_set(err, TDP_EINVAL,
			       "vmcb12 has no page but the MSR bitmap");
	if (svm ? state->mbec : state->gmet)
		return err_set(err, TDP_EINVAL, "%s is the other vendor's",
			       svm ? "mbec" : "gmet");
	return TDP_OK;
}

static int refuse(struct tdp_result *result, enum tdp_reason why)
{
	result->outcome = TDP_OUTCOME_REFUSED;
	result->reason = why;
	return TDP_OK;
}

void nested_take_state(struct tdp_vcpu *vcpu,
		       const struct tdp_nested_state *state,
		       const struct tdp_sregs *l1)
{
	vcpu->nested = *state;
	/* NP_ENABLE is ignored where KVM has no nested paging itself. */
	vcpu->nested.tdp &= vcpu->vm->tdp_enabled;
	vcpu->l1 = *l1;
	nested_pages_forget(vcpu);
}

/* What L1 executes ------------------------------------------------------------- */

static int reflect(struct tdp_vcpu *vcpu, struct tdp_result *result,
		   uint64_t exit_code, enum tdp_reason why)
{
	const struct nested_exit exit = { .code = exit_code };

	return nested_reflect(vcpu, result, &exit, why);
}

/* SDM: "VM-Entry Failures During or After Loading Guest State" (3C) */
#define ENTRY_FAIL_PDPTE 2

/* L1 goes on behind the entry as after an exit, though L2 never ran. */
static int entry_failed(struct tdp_vcpu *vcpu, struct tdp_result *result,
			enum tdp_reason why)
{
	const struct nested_exit exit = {
		.code = EXIT_INVALID_STATE,
		.info1 = why == TDP_WHY_PDPTRS ? ENTRY_FAIL_PDPTE : 0,
	};

	nested_tell_l1(vcpu, result, &exit);
	result->outcome = TDP_OUTCOME_NESTED_EXIT;
	result->reason = why;
	if (!nested_to_l1(vcpu))
		result->outcome = TDP_OUTCOME_SHUTDOWN;
	return TDP_OK;
}

/* KVM 6.12: nested_vmx_run() */
static int vmlaunch(struct tdp_vcpu *vcpu, const struct tdp_nested_state *state,
		    const struct tdp_sregs *host, struct tdp_result *result)
{
	struct tdp_sregs l1 = host ? *host : vcpu->sregs;
	enum nested_load load;
	enum tdp_reason why = nested_check_controls(vcpu, state);
	int ret;

	if (why)
		return vmx_fail(vcpu, result, VMXERR_BAD_CONTROLS, why);
	if (host)
		why = nested_check_host(vcpu, host);
	if (why)
		return vmx_fail(vcpu, result, VMXERR_BAD_HOST_STATE, why);
	nested_take_state(vcpu, state, &l1);
	nested_trace_enter(vcpu);
	ret = nested_pages_load(vcpu, true, &load, &why);
	if (ret)
		return ret;
	/* L1 does not hear of it: RIP stays at VMLAUNCH. */
	if (load != NESTED_LOADED)
		return nested_pages_stop(result, load, why);
	why = nested_check_guest(vcpu, state, &state->l2);
	if (!why)
		why = nested_enter(vcpu, NESTED_FROM_L1);
	if (why)
		return entry_failed(vcpu, result, why);
	vcpu->nested_run_pending = true;
	return TDP_OK;
}

static bool virtualization_on(const struct tdp_vcpu *vcpu)
{
	if (is_vmx(vcpu))
		return vcpu->sregs.cr4 & CR4_VMXE;
	/* KVM 6.12: nested_svm_check_permissions(); hardware wants PE only. */
	return (vcpu->sregs.efer & EFER_SVME) && (vcpu->sregs.cr0 & CR0_PG);
}

/* L2's PDPTEs, as far as they are read from memory. */
static enum tdp_reason pdptr_blocker(const struct tdp_vcpu *vcpu,
				     const struct tdp_nested_state *state)
{
	const struct tdp_sregs *l2 = &state->l2;
	uint64_t pdptr[4];

	if (state->tdp || !setreg_pae_paging(l2))
		return TDP_WHY_NONE;
	return setreg_read_pdptrs(vcpu, vcpu->smm, l2->cr3, pdptr) ==
			       PDPTR_BLOCKS ?
		       TDP_WHY_PDPTRS :
		       TDP_WHY_NONE;
}

/* What an entry that loads pages would sleep on, before anything changes. */
static enum tdp_reason blocker(const struct tdp_vcpu *vcpu,
			       const struct tdp_nested_state *state)
{
	enum tdp_reason why = nested_pages_blocker(vcpu, state);

	return why ? why : pdptr_blocker(vcpu, state);
}

/* L1 would have written it to its current vmcs12. */
static void describe_vmcs12(struct tdp_vcpu *vcpu,
			    const struct tdp_nested_state *state)
{
	struct tdp_nested_state full = *state;

	full.l1 = vcpu->sregs;
	if (vcpu->vmx.has_vmptr)
		vmcs12_encode(vcpu, &full);
}

int nested_vmlaunch(struct tdp_vcpu *vcpu, const struct tdp_nested_state *state,
		    const struct tdp_sregs *l1, struct tdp_result *result)
{
	enum tdp_reason why = blocker(vcpu, state);

	return why ? result_block(result, why) :
		     vmlaunch(vcpu, state, l1, result);
}

int nested_enter_from_l1(struct tdp_vcpu *vcpu,
			 const struct tdp_nested_state *state,
			 const struct nested_vmrun *how,
			 struct tdp_result *result)
{
	enum tdp_reason why;

	if (vcpu->guest_mode)
		return refuse(result, TDP_WHY_IN_GUEST_MODE);
	/* VMX is off in SMM; APM 2: VMRUN is undefined there. */
	if (vcpu->smm)
		return result_fault(result, VECTOR_UD, 0, TDP_WHY_IN_SMM);
	if (!virtualization_on(vcpu))
		return result_fault(result, VECTOR_UD, 0,
				    TDP_WHY_VIRTUALIZATION_OFF);
	if (is_vmx(vcpu)) {
		describe_vmcs12(vcpu, state);
		return nested_vmlaunch(vcpu, state, NULL, result);
	}
	why = blocker(vcpu, state);
	return why ? result_block(result, why) :
		     nested_vmrun(vcpu, state, how, result);
}

int tdp_vcpu_nested_enter(struct tdp_vcpu *vcpu,
			  const struct tdp_nested_state *state,
			  struct tdp_result *result, struct tdp_error *err)
{
	const struct nested_vmrun described = { 0 };
	bool entered;
	int ret = check_vendor(vcpu, state, err);

	result_begin(result);
	if (result_vm_dead(vcpu->vm, result))
		return TDP_OK;
	if (ret)
		return ret;
	ret = run_enter(vcpu, result, &entered, err);
	if (!ret && entered) {
		ret = nested_enter_from_l1(vcpu, state, &described, result);
		if (ret)
			err_set(err, ret, "no memory for L2's pages");
	}
	if (!ret)
		result_end(vcpu, result);
	return ret;
}

/* What makes L2 exit ------------------------------------------------------------- */

int tdp_vcpu_nested_exit_as(struct tdp_vcpu *vcpu, uint64_t code,
			    struct tdp_result *result, struct tdp_error *err)
{
	(void)err;
	vcpu->halted = false;
	result_begin(result);
	if (result_vm_dead(vcpu->vm, result))
		return TDP_OK;
	if (!vcpu->guest_mode)
		return refuse(result, TDP_WHY_NOT_IN_GUEST_MODE);
	reflect(vcpu, result, code, TDP_WHY_NONE);
	result_end(vcpu, result);
	return TDP_OK;
}

int tdp_vcpu_nested_exit(struct tdp_vcpu *vcpu, struct tdp_result *result,
			 struct tdp_error *err)
{
	return tdp_vcpu_nested_exit_as(
		vcpu, is_vmx(vcpu) ? EXIT_INTERRUPT : SVM_EXIT_INTR, result,
		err);
}

/* KVM_SET_NESTED_STATE ------------------------------------------------------------ */

/* SVM: CR0 without CD but with NW can't be L2's. */
static enum tdp_reason check_current(const struct tdp_vcpu *vcpu)
{
	if ((vcpu->sregs.cr0 & CR0_NW) && !(vcpu->sregs.cr0 & CR0_CD))
		return TDP_WHY_BAD_NESTED_STATE;
	return TDP_WHY_NONE;
}

static enum tdp_reason check_state(const struct tdp_vcpu *vcpu,
				   const struct tdp_nested_state *state)
{
	enum tdp_reason why = is_vmx(vcpu) ? TDP_WHY_NONE : check_current(vcpu);

	if (!why)
		why = nested_check_controls(vcpu, state);
	if (!why)
		why = nested_check_host(vcpu, &state->l1);
	if (!why && is_vmx(vcpu))
		why = nested_check_guest(vcpu, state, &state->l2);
	return why;
}

/* nested.state_pages=on_set: pages first, as for VMLAUNCH. */
static int load_now(struct tdp_vcpu *vcpu, struct tdp_result *result,
		    bool *loaded)
{
	enum nested_load load = NESTED_LOADED;
	enum tdp_reason why;
	int ret = TDP_OK;

	if (nested_loads_now(vcpu->vm, NESTED_FROM_USERSPACE))
		ret = nested_pages_load(vcpu, !is_vmx(vcpu), &load, &why);
	*loaded = !ret && load == NESTED_LOADED;
	if (ret || *loaded)
		return ret;
	return load == NESTED_LOAD_BLOCKS ? result_block(result, why) :
					    result_fail(result, -EINVAL, why);
}

/* VMX hands out its own code for an entry that fails late. */
#define ENTRY_FAILED_LATE 2

static int set_guest_mode(struct tdp_vcpu *vcpu, bool run_pending,
			  struct tdp_result *result)
{
	enum tdp_reason why;
	bool loaded;
	int ret = load_now(vcpu, result, &loaded);

	if (ret || !loaded)
		return ret;
	why = nested_enter(vcpu, NESTED_FROM_USERSPACE);
	if (!why) {
		vcpu->nested_run_pending = run_pending;
		return TDP_OK;
	}
	nested_undo_enter(vcpu);
	if (is_vmx(vcpu) &&
	    !nested_open_coded(vcpu->vm, NESTED_FROM_USERSPACE) &&
	    !nested_loads_now(vcpu->vm, NESTED_FROM_USERSPACE))
		return result_fail(result, ENTRY_FAILED_LATE, why);
	return result_fail(result, -EINVAL, why);
}

/* The header is good, and says that L2 runs. */
static int set_l2(struct tdp_vcpu *vcpu, const struct tdp_nested_header *header,
		  const struct nested_buffer *buffer, struct tdp_result *result)
{
	const struct tdp_nested_state *state = &buffer->state;
	const struct tdp_vm *vm = vcpu->vm;
	enum tdp_reason why = buffer->bad_controls ? TDP_WHY_BAD_NESTED_STATE :
						     check_state(vcpu, state);

	if (why)
		return result_fail(result, -EINVAL, why);
	if (nested_loads_now(vm, NESTED_FROM_USERSPACE))
		why = blocker(vcpu, state);
	else if (is_vmx(vcpu) &&
		 !nested_since(vm, NESTED_STATE_PAGES_REQUEST_5_14))
		why = pdptr_blocker(vcpu, state);
	if (why)
		return result_block(result, why);
	if (!is_vmx(vcpu))
		nested_leave(vcpu);
	/* Address 0 is that of a vmcb12 that is only described. */
	vcpu->has_vmcb12 = !is_vmx(vcpu) && header->vmcb;
	vcpu->vmcb12 = is_vmx(vcpu) ? 0 : header->vmcb;
	nested_take_state(vcpu, state, &state->l1);
	return set_guest_mode(vcpu, header->flags & TDP_NESTED_RUN_PENDING,
			      result);
}

/* VMX operation as the header says it: KVM 6.12 vmx_set_nested_state() */
static void set_vmx_operation(struct tdp_vcpu *vcpu,
			      const struct tdp_nested_header *header)
{
	bool smm = header->smm_flags & TDP_NESTED_SMM_VMXON;

	if (header->vmxon == TDP_NESTED_NO_ADDRESS)
		return;
	vcpu->vmx.vmxon = !smm;
	vcpu->vmx.smm_vmxon = smm;
	vcpu->vmx.vmxon_ptr = header->vmxon;
}

static void set_current_vmcs12(struct tdp_vcpu *vcpu,
			       const struct tdp_nested_header *header,
			       const struct tdp_nested_state *state)
{
	vcpu->vmx.has_vmptr = true;
	vcpu->vmx.vmptr = header->vmcs12;
	vcpu->vmx.launched = state->launched;
	vmcs12_encode(vcpu, state);
}

/* KVM 6.12: vmx_set_nested_state() */
static int set_vmx(struct tdp_vcpu *vcpu,
		   const struct tdp_nested_header *header,
		   const struct nested_buffer *buffer,
		   struct tdp_result *result)
{
	const struct tdp_nested_state *state = &buffer->state;
	enum tdp_reason why;
	bool vmcs12;

	/* L2 is left before vmcs12 is looked at, its place in the header too. */
	nested_leave(vcpu);
	set_vmx_operation(vcpu, header);
	why = nested_header_vmcs12(vcpu, header, &vmcs12);
	if (why)
		return result_fail(result, -EINVAL, why);
	if (vmcs12)
		set_current_vmcs12(vcpu, header, state);
	if (vmcs12 && buffer->bad_revision)
		return result_fail(result, -EINVAL, TDP_WHY_VMCS_REVISION);
	if (header->flags & TDP_NESTED_GUEST_MODE)
		return set_l2(vcpu, header, buffer, result);
	/* RSM goes back to L2, and makes the checks. */
	if (vmcs12 && (header->smm_flags & TDP_NESTED_SMM_GUEST_MODE)) {
		nested_take_state(vcpu, state, &state->l1);
		vcpu->smm_state.guest_mode = true;
	}
	return TDP_OK;
}

/* KVM 6.12: svm_set_nested_state() */
static int set_svm(struct tdp_vcpu *vcpu,
		   const struct tdp_nested_header *header,
		   const struct nested_buffer *buffer,
		   struct tdp_result *result)
{
	struct nested_buffer own = *buffer;

	if (!(header->flags & TDP_NESTED_GUEST_MODE)) {
		nested_leave(vcpu);
		return TDP_OK;
	}
	own.state.l2 = vcpu->sregs;
	return set_l2(vcpu, header, &own, result);
}

static bool needs_state(const struct tdp_nested_header *header)
{
	return (header->flags & TDP_NESTED_GUEST_MODE) ||
	       (header->smm_flags & TDP_NESTED_SMM_GUEST_MODE);
}

int nested_set_state(struct tdp_vcpu *vcpu,
		     const struct tdp_nested_header *header,
		     const struct nested_buffer *buffer,
		     struct tdp_result *result, struct tdp_error *err)
{
	enum tdp_reason why = nested_header_check(vcpu, header);
	int ret;

	if (why)
		return result_fail(result, -EINVAL, why);
	ret = is_vmx(vcpu) ? set_vmx(vcpu, header, buffer, result) :
			     set_svm(vcpu, header, buffer, result);
	if (ret)
		return err_set(err, ret, "no memory for L2's pages");
	result_end(vcpu, result);
	return TDP_OK;
}

int tdp_vcpu_set_nested_state_as(struct tdp_vcpu *vcpu,
				 const struct tdp_nested_header *header,
				 const struct tdp_nested_state *state,
				 struct tdp_result *result,
				 struct tdp_error *err)
{
	int ret = state ? check_vendor(vcpu, state, err) : TDP_OK;
	struct nested_buffer buffer = { 0 };

	result_begin(result);
	if (result_vm_dead(vcpu->vm, result))
		return TDP_OK;
	if (ret)
		return ret;
	if (!state && needs_state(header))
		return err_set(err, TDP_EINVAL, "GUEST_MODE without a state");
	if (state)
		buffer.state = *state;
	return nested_set_state(vcpu, header, &buffer, result, err);
}

int tdp_vcpu_set_nested_state(struct tdp_vcpu *vcpu,
			      const struct tdp_nested_state *state,
			      struct tdp_result *result, struct tdp_error *err)
{
	struct tdp_nested_header header;

	tdp_vcpu_nested_header(vcpu, state, &header);
	return tdp_vcpu_set_nested_state_as(vcpu, &header, state, result, err);
}

/* KVM_GET_NESTED_STATE ------------------------------------------------------------ */

int tdp_vcpu_get_nested_state(const struct tdp_vcpu *vcpu,
			      struct tdp_nested_state *state,
			      struct tdp_result *result)
{
	result_begin(result);
	if (!is_vmx(vcpu))
		result->value |= TDP_NESTED_STATE_GIF;
	if (vcpu->guest_mode)
		result->value |= TDP_NESTED_STATE_GUEST_MODE;
	if (vcpu->nested_run_pending)
		result->value |= TDP_NESTED_STATE_RUN_PENDING;
	result_end(vcpu, result);
	if (!state)
		return TDP_OK;
	*state = vcpu->nested;
	state->l1 = vcpu->l1;
	if (vcpu->guest_mode)
		state->l2 = vcpu->sregs;
	return TDP_OK;
}
