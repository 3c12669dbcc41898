/* SPDX-License-Identifier: MIT */
/* L2: into it, out of it, and the structures that hang off vmcs12 or vmcb12. */
#ifndef TDPSIM_OPS_NESTED_H
#define TDPSIM_OPS_NESTED_H

#include "kvm/fault.h"
#include "kvm/guest_mem.h"
#include "ops/ops.h"

/* Who brings the vCPU into guest mode. */
enum nested_from {
	NESTED_FROM_L1, /* VMLAUNCH or VMRUN */
	NESTED_FROM_RSM,
	NESTED_FROM_USERSPACE, /* KVM_SET_NESTED_STATE */
};

/*
 * Is behaviour nested.state_pages that of this kernel or a newer one?  The
 * proposals build on the newest, and come after it in the list of values.
 */
static inline bool nested_since(const struct tdp_vm *vm,
				enum value_nested_state_pages kernel)
{
	return vm->kvm.value[B_NESTED_STATE_PAGES] >= kernel;
}

/* Does such an entry load the pages itself, rather than ask for it later? */
static inline bool nested_loads_now(const struct tdp_vm *vm,
				    enum nested_from from)
{
	if (from == NESTED_FROM_L1)
		return true;
	if (vm->kvm.value[B_NESTED_STATE_PAGES] == NESTED_STATE_PAGES_ON_SET)
		return true;
	return from == NESTED_FROM_RSM &&
	       vm->kvm.value[B_SMM_LEAVE] == SMM_LEAVE_SPLIT;
}

/*
 * A proposal: KVM_SET_NESTED_STATE of VMX without the helper of VMLAUNCH, which
 * has the tracepoint, and whose return value the ioctl hands out.
 */
static inline bool nested_open_coded(const struct tdp_vm *vm,
				     enum nested_from from)
{
	return from == NESTED_FROM_USERSPACE &&
	       vm->kvm.value[B_NESTED_STATE_PAGES] ==
		       NESTED_STATE_PAGES_OPEN_CODED;
}

/* What VM entry checks (nested_check.c) ------------------------------------- */

/* Controls of @state: TDP, its root, and the addresses of structures. */
enum tdp_reason nested_check_controls(const struct tdp_vcpu *vcpu,
				      const struct tdp_nested_state *state);

/* L2's registers, all but what nested_enter() finds out by itself. */
enum tdp_reason nested_check_guest(const struct tdp_vcpu *vcpu,
				   const struct tdp_nested_state *state,
				   const struct tdp_sregs *l2);

/* L1's registers as KVM_SET_NESTED_STATE brings them. */
enum tdp_reason nested_check_host(const struct tdp_vcpu *vcpu,
				  const struct tdp_sregs *l1);

/* Transitions (nested.c) ----------------------------------------------------- */

/*
 * Enter L2 as vcpu->nested and vcpu->l1 describe it, pages aside: KVM 6.12
 * nested_vmx_enter_non_root_mode(), enter_svm_guest_mode().
 *
 * Return: TDP_WHY_NONE, or BAD_REGISTER or PDPTRS with guest mode half
 * entered: nested_to_l1() or nested_undo_enter() ends that.
 */
enum tdp_reason nested_enter(struct tdp_vcpu *vcpu, enum nested_from from);

/* kvm_nested_vmenter, for vcpu->nested. */
void nested_trace_enter(const struct tdp_vcpu *vcpu);

/*
 * Leave L2 and load L1: KVM 6.12 nested_vmx_vmexit(), nested_svm_vmexit().
 * False if L1's CR3 or PDPTEs can't be loaded and the vCPU shuts down.
 */
bool nested_to_l1(struct tdp_vcpu *vcpu);

/* An entry that failed half way; VMX operation goes on. */
void nested_undo_enter(struct tdp_vcpu *vcpu);

/* The state that is current from now on; nothing of it is loaded. */
void nested_take_state(struct tdp_vcpu *vcpu,
		       const struct tdp_nested_state *state,
		       const struct tdp_sregs *l1);

/* KVM_SET_NESTED_STATE (nested_header.c) -------------------------------------- */

/* What KVM checks of the header before anything changes. */
enum tdp_reason nested_header_check(const struct tdp_vcpu *vcpu,
				    const struct tdp_nested_header *header);

/*
 * VMX: what it checks once L2 is left; *@vmcs12: vmcs12 is current then.
 */
enum tdp_reason nested_header_vmcs12(const struct tdp_vcpu *vcpu,
				     const struct tdp_nested_header *header,
				     bool *vmcs12);

/* What stands in the buffer behind the header. */
struct nested_buffer {
	struct tdp_nested_state state;
	bool bad_revision; /* vmcs12 is not KVM's */
	bool bad_controls; /* a check fails that @state can't tell */
};

/* tdp_vcpu_set_nested_state_as() of all that (nested_ioctl.c) */
int nested_set_state(struct tdp_vcpu *vcpu,
		     const struct tdp_nested_header *header,
		     const struct nested_buffer *buffer,
		     struct tdp_result *result, struct tdp_error *err);

/* VMRUN (nested_vmrun.c) ------------------------------------------------------ */

/* How L1 executes it, as far as the state of L2 does not say. */
struct nested_vmrun {
	bool in_memory; /* vmcb12 lies in guest memory, at @vmcb */
	uint64_t vmcb;
	bool bad_controls; /* a check of vmcb12 fails that nobody else makes */
	bool fetches;      /* KVM has to fetch the instruction, at @rip */
	uint64_t rip;
};

/* KVM 6.12: nested_svm_vmrun() */
int nested_vmrun(struct tdp_vcpu *vcpu, const struct tdp_nested_state *state,
		 const struct nested_vmrun *how, struct tdp_result *result);

/*
 * VMLAUNCH or VMRESUME of what @state says; @l1: host state, NULL: L1 goes on
 * with the registers that it has.
 */
int nested_vmlaunch(struct tdp_vcpu *vcpu, const struct tdp_nested_state *state,
		    const struct tdp_sregs *l1, struct tdp_result *result);

/* VMLAUNCH or VMRUN, if L1 may execute it.  @how: SVM only. */
int nested_enter_from_l1(struct tdp_vcpu *vcpu,
			 const struct tdp_nested_state *state,
			 const struct nested_vmrun *how,
			 struct tdp_result *result);

/* Exits to L1 (nested_exit.c) ------------------------------------------------ */

/* What L1 reads of an exit: reason or exit code, and two words about it. */
struct nested_exit {
	uint64_t code;
	uint64_t info1, info2;
	uint32_t intr_info; /* VMX: VM-exit interruption information */
};

/* Where L1 finds it: in @result, and in vmcb12 if that lies in memory. */
void nested_tell_l1(struct tdp_vcpu *vcpu, struct tdp_result *result,
		    const struct nested_exit *exit);

/* Can the vmcb12 of the L2 that runs be written?  GUEST_MEM_OK on VMX. */
enum guest_mem_status nested_vmcb12_status(const struct tdp_vcpu *vcpu);

/*
 * L2 ends with @exit, because of @why; outcome NESTED_EXIT or SHUTDOWN.  Where
 * vmcb12 can't be written: BLOCKED, or as behaviour nested.exit_vmcb12 says.
 */
int nested_reflect(struct tdp_vcpu *vcpu, struct tdp_result *result,
		   const struct nested_exit *exit, enum tdp_reason why);

/*
 * L1's nested tables do not let L2 have what @f is about; @result describes
 * the hardware exit.  KVM 6.12: nested_ept_inject_page_fault(),
 * nested_svm_inject_npf_exit().
 */
int nested_reflect_fault(struct tdp_vcpu *vcpu, const struct fault *f,
			 struct tdp_result *result);

/* Structures (nested_pages.c) -------------------------------------------------- */

enum nested_load {
	NESTED_LOADED,
	NESTED_LOAD_FAILED,
	NESTED_LOAD_BLOCKS, /* a page waits for a userfault */
};

/* Nothing of vcpu->nested is loaded (any more). */
void nested_pages_forget(struct tdp_vcpu *vcpu);

/*
 * Load what vcpu->nested names; if @pdptrs, first the PDPTEs at CR3 as it is
 * now.  KVM 6.12: nested_get_vmcs12_pages(), svm_get_nested_state_pages().
 *
 * Return: TDP_OK with *@load, and in *@why the structure that stopped it;
 * TDP_ENOMEM.
 */
int nested_pages_load(struct tdp_vcpu *vcpu, bool pdptrs,
		      enum nested_load *load, enum tdp_reason *why);

/* L2's PDPTEs were read at CR3 as it is now, by whoever loaded that. */
void nested_pages_read_pdptrs(const struct tdp_vcpu *vcpu);

/* KVM_RUN ends because a load did not get through. */
int nested_pages_stop(struct tdp_result *result, enum nested_load load,
		      enum tdp_reason why);

/*
 * The structure of @state at which a load would sleep; TDP_WHY_NONE if it gets
 * through, or fails before.  No effect.
 */
enum tdp_reason nested_pages_blocker(const struct tdp_vcpu *vcpu,
				     const struct tdp_nested_state *state);

#endif
