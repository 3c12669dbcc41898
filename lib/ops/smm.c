/* SPDX-License-Identifier: MIT */
/*
 * System-management mode: into it, out of it, and userspace's own switch.
 *
 * KVM 6.12: enter_smm(), emulator_leave_smm(), kvm_smm_changed()
 */
#include <errno.h>

#include "arch/regs.h"
#include "base/error.h"
#include "kvm/mmu.h"
#include "kvm/root.h"
#include "ops/nested.h"
#include "ops/nested_vmcb.h"
#include "ops/setreg.h"
#include "ops/shutdown.h"
#include "ops/smram.h"
#include "tdpsim/vcpu.h"

/* SDM: "SMRAM State Save Map"; what SMM starts without. */
#define CR0_SMM_CLEARS (CR0_PE | CR0_EM | CR0_TS | CR0_PG)

/* The software-defined exit code with which KVM leaves L2 for an SMI. */
#define SVM_EXIT_SW UINT64_C(0xf0000000)

/* Up to 5.12 the flag changes alone, and the MMU is reset at the very end. */
static bool resets_last(const struct tdp_vm *vm)
{
	return vm->kvm.value[B_SMM_RSM] == SMM_RSM_RESETS_LAST;
}

/* KVM 6.12: kvm_smm_changed() */
void smm_changed(struct tdp_vcpu *vcpu, bool entering)
{
	trace(vcpu->vm, kvm_smm_transition, vcpu->id, entering);
	vcpu->smm = entering;
	if (!entering &&
	    nested_since(vcpu->vm, NESTED_STATE_PAGES_REQUEST_5_15))
		vcpu->pdptrs_from_userspace = false;
	mmu_reset_context(vcpu);
}

/* SMI ---------------------------------------------------------------------- */

/*
 * L1's registers, for RSM to find: KVM keeps them in the page that L1 named
 * for VMRUN.  An L1 that named none (which KVM would not let execute VMRUN)
 * has them in the vCPU.
 */
static bool save_l1(const struct tdp_vcpu *vcpu)
{
	return !vcpu->hsave_pa || !vmcb_save_l1(vcpu);
}

/* The save area has L2's registers; the exit itself L1 does not see. */
static bool leave_l2_for_smi(struct tdp_vcpu *vcpu)
{
	bool svm = vcpu->vm->host.vendor == TDP_AMD;
	const struct nested_exit exit = { .code = SVM_EXIT_SW };

	/* KVM 6.12: svm_enter_smm(); the layout has no place for it. */
	if (svm && !vcpu->cpuid.lm &&
	    vcpu->vm->kvm.value[B_SMM_ENTER] == SMM_ENTER_VM_DEAD)
		return false;
	if (svm) {
		if (vcpu->has_vmcb12)
			vmcb_write_exit(vcpu, &exit);
		trace(vcpu->vm, kvm_nested_vmexit_inject, SVM_EXIT_SW, 0, 0);
	}
	nested_to_l1(vcpu);
	return !svm || save_l1(vcpu);
}

/* KVM up to 6.1 looks at no return value: behaviour smm.enter. */
static bool give_up(struct tdp_vcpu *vcpu, struct tdp_result *result,
		    enum tdp_reason why)
{
	struct tdp_vm *vm = vcpu->vm;

	if (vm->kvm.value[B_SMM_ENTER] != SMM_ENTER_VM_DEAD)
		return false;
	vm->ended = TDP_WHY_VM_DEAD;
	result_fail(result, -EIO, why);
	return true;
}

static void clear_for_smm(struct tdp_vcpu *vcpu)
{
	vcpu->sregs.cr0 &= ~CR0_SMM_CLEARS;
	vcpu->sregs.cr4 = 0;
	vcpu->sregs.efer &= ~EFER_LMA;
	if (vcpu->cpuid.lm)
		vcpu->sregs.efer = 0;
	mmu_reset_context(vcpu);
}

static void enter_smm(struct tdp_vcpu *vcpu, struct tdp_result *result)
{
	struct smram smram;
	bool left = true;

	smram_save(vcpu, &smram);
	vcpu->smm_state.guest_mode = vcpu->guest_mode;
	if (vcpu->guest_mode)
		left = leave_l2_for_smi(vcpu);
	/* KVM 6.12: vmx_enter_smm() */
	vcpu->vmx.smm_vmxon = vcpu->vmx.vmxon;
	vcpu->vmx.vmxon = false;
	if (!left && give_up(vcpu, result, TDP_WHY_SMRAM))
		return;
	if (resets_last(vcpu->vm)) {
		trace(vcpu->vm, kvm_smm_transition, vcpu->id, true);
		vcpu->smm = true;
	} else {
		smm_changed(vcpu, true);
	}
	if (smram_write(vcpu, &smram) && give_up(vcpu, result, TDP_WHY_SMRAM))
		return;
	clear_for_smm(vcpu);
}

/* An entry that was begun comes first; else only the requests are served. */
static int before_smi(struct tdp_vcpu *vcpu, struct tdp_result *result,
		      bool *taken, struct tdp_error *err)
{
	if (vcpu->nested_run_pending)
		return run_enter(vcpu, result, taken, err);
	vcpu->has_run = vcpu->vm->has_run = true;
	return run_serve(vcpu, result, taken);
}

/* The SMI sleeps while the page that its state goes to waits for a userfault. */
static enum tdp_reason smi_blocker(struct tdp_vcpu *vcpu)
{
	uint64_t hpa;

	if (nested_vmcb12_status(vcpu) == GUEST_MEM_BLOCKS)
		return TDP_WHY_HOST_BLOCKS;
	return guest_mem_frame(vcpu->vm, 1, smram_address(vcpu), true, &hpa) ==
			       GUEST_MEM_BLOCKS ?
		       TDP_WHY_HOST_BLOCKS :
		       TDP_WHY_NONE;
}

/* KVM_REQ_VM_DEAD is served by the next loop only: the MMU is loaded before. */
static int load_last_root(struct tdp_vcpu *vcpu, struct tdp_error *err)
{
	enum tdp_reason why;
	int errno_;

	return root_reload(vcpu, &errno_, &why, err);
}

int tdp_vcpu_smi(struct tdp_vcpu *vcpu, struct tdp_result *result,
		 struct tdp_error *err)
{
	enum tdp_reason why;
	bool taken;
	int ret;

	vcpu->halted = false;
	result_begin(result);
	if (result_vm_dead(vcpu->vm, result))
		return TDP_OK;
	if (vcpu->smm) {
		result->outcome = TDP_OUTCOME_REFUSED;
		result->reason = TDP_WHY_IN_SMM;
		return TDP_OK;
	}
	why = smi_blocker(vcpu);
	if (why)
		return result_block(result, why);
	if (nested_vmcb12_status(vcpu) != GUEST_MEM_OK)
		return err_set(
			err, TDP_EUNSUPPORTED,
			"vm-death: an SMI in an L2 whose vmcb12 is gone");
	ret = before_smi(vcpu, result, &taken, err);
	if (ret)
		return ret;
	if (taken)
		enter_smm(vcpu, result);
	/* A VM that is given up ends behind the load: vcpu_enter_guest(). */
	if (taken && vm_is_dead(vcpu->vm))
		ret = load_last_root(vcpu, err);
	if (ret)
		return ret;
	result_end(vcpu, result);
	return TDP_OK;
}

/* RSM ---------------------------------------------------------------------- */

/* SMM's registers give way to those of reset, each by its setter. */
static enum tdp_reason clear_registers(struct tdp_vcpu *vcpu)
{
	bool lm = vcpu->cpuid.lm;
	enum tdp_reason why = TDP_WHY_NONE;

	if (lm && (vcpu->sregs.cr4 & CR4_PCIDE))
		why = setreg_cr4(vcpu, vcpu->sregs.cr4 & ~CR4_PCIDE);
	if (!why && (vcpu->sregs.cr0 & CR0_PE))
		why = setreg_cr0(vcpu, vcpu->sregs.cr0 & ~(CR0_PG | CR0_PE));
	if (!why && lm && (vcpu->sregs.cr4 & CR4_PAE))
		why = setreg_cr4(vcpu, vcpu->sregs.cr4 & ~CR4_PAE);
	if (!why && lm)
		why = setreg_efer(vcpu, 0);
	return why;
}

/*
 * Paging wants CR4.PAE before CR0.PG; CR4.PCIDE wants long mode, and a CR3
 * without PCID.  KVM 6.12: rsm_enter_protected_mode().
 */
static enum tdp_reason load_registers(struct tdp_vcpu *vcpu,
				      const struct tdp_sregs *saved)
{
	uint64_t pcid = saved->cr4 & CR4_PCIDE ? saved->cr3 & CR3_PCID : 0;
	enum tdp_reason why = TDP_WHY_NONE;

	if (vcpu->cpuid.lm)
		why = setreg_efer(vcpu, saved->efer & ~EFER_LMA);
	if (!why)
		why = setreg_cr3(vcpu, saved->cr3 & ~pcid);
	if (!why)
		why = setreg_cr4(vcpu, saved->cr4 & ~CR4_PCIDE);
	if (!why)
		why = setreg_cr0(vcpu, saved->cr0);
	if (why || !(saved->cr4 & CR4_PCIDE))
		return why;
	why = setreg_cr4(vcpu, saved->cr4);
	return why || !pcid ? why : setreg_cr3(vcpu, saved->cr3);
}

/* VMX remembers it in the vCPU, SVM in the save area of long-mode guests. */
static bool rsm_to_l2(const struct tdp_vcpu *vcpu, const struct smram *smram)
{
	if (vcpu->vm->host.vendor == TDP_INTEL)
		return vcpu->smm_state.guest_mode;
	return vcpu->cpuid.lm && smram_svm_guest(smram);
}

/*
 * SVM: what the save area says of L2, whoever filled it.  A vmcb12 that was
 * only described is still in the vCPU.  KVM 6.12: svm_leave_smm()
 */
static enum tdp_reason find_l2(struct tdp_vcpu *vcpu, const struct smram *smram)
{
	uint64_t gpa = smram_svm_vmcb(smram);
	struct tdp_sregs saved, l1 = vcpu->l1;
	struct vmcb12 vmcb;

	if (vcpu->smm_state.guest_mode && !vcpu->has_vmcb12)
		return TDP_WHY_NONE;
	smram_registers(vcpu, smram, &saved);
	if (!(saved.efer & EFER_SVME))
		return TDP_WHY_VIRTUALIZATION_OFF;
	if (!vmcb_address_valid(vcpu, gpa) || vmcb_read(vcpu, gpa, &vmcb))
		return TDP_WHY_VMCB12;
	if (vcpu->hsave_pa && vmcb_load_l1(vcpu, &l1))
		return TDP_WHY_VMCB12;
	vcpu->has_vmcb12 = true;
	vcpu->vmcb12 = gpa;
	nested_take_state(vcpu, &vmcb.state, &l1);
	return TDP_WHY_NONE;
}

/* Pages at once where they are not asked for; see nested_loads_now(). */
static int return_to_l2(struct tdp_vcpu *vcpu, const struct smram *smram,
			enum tdp_reason *why)
{
	const struct tdp_vm *vm = vcpu->vm;
	enum nested_load load = NESTED_LOADED;
	int ret = TDP_OK;

	*why = TDP_WHY_NONE;
	/* KVM 6.12: vmx_leave_smm() */
	vcpu->vmx.vmxon |= vcpu->vmx.smm_vmxon;
	vcpu->vmx.smm_vmxon = false;
	if (!rsm_to_l2(vcpu, smram))
		return TDP_OK;
	if (vm->host.vendor == TDP_AMD)
		*why = find_l2(vcpu, smram);
	if (*why)
		return TDP_OK;
	nested_pages_forget(vcpu);
	if (nested_loads_now(vm, NESTED_FROM_RSM))
		ret = nested_pages_load(vcpu, false, &load, why);
	if (ret || *why)
		return ret;
	*why = nested_enter(vcpu, NESTED_FROM_RSM);
	if (*why)
		nested_undo_enter(vcpu);
	else if (nested_since(vm, NESTED_STATE_PAGES_REQUEST))
		vcpu->nested_run_pending = true;
	return TDP_OK;
}

/*
 * request: L2 is entered before its registers are loaded.  split, a proposal:
 * after that, so that the MMU is set up once.
 */
static int leave_smm(struct tdp_vcpu *vcpu, const struct smram *smram,
		     enum tdp_reason *why)
{
	const struct tdp_vm *vm = vcpu->vm;
	bool split = vm->kvm.value[B_SMM_LEAVE] == SMM_LEAVE_SPLIT;
	struct tdp_sregs saved;
	int ret = TDP_OK;

	smram_registers(vcpu, smram, &saved);

	if (resets_last(vm))
		vcpu->smm = false;
	else
		smm_changed(vcpu, false);
	*why = clear_registers(vcpu);
	if (!*why && !split)
		ret = return_to_l2(vcpu, smram, why);
	if (!ret && !*why)
		*why = load_registers(vcpu, &saved);
	/* L2's, by its CR3. */
	if (!ret && !*why && vcpu->guest_mode)
		nested_pages_read_pdptrs(vcpu);
	/* KVM loads it between EFER and CR3; nothing looks at it before. */
	if (!ret && !*why)
		vcpu->smbase = smram_smbase(vcpu, smram);
	if (!ret && !*why && resets_last(vm))
		smm_changed(vcpu, false);
	if (!ret && !*why && split)
		ret = return_to_l2(vcpu, smram, why);
	vcpu->smm_state.guest_mode = false;
	return ret;
}

/* The emulator gives up: KVM_EXIT_INTERNAL_ERROR. */
static int rsm_unhandled(struct tdp_result *result, enum tdp_reason why)
{
	result->outcome = TDP_OUTCOME_INTERNAL_ERROR;
	result->reason = why;
	result->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	return TDP_OK;
}

static int rsm_failed(struct tdp_vcpu *vcpu, struct tdp_result *result,
		      enum tdp_reason why)
{
	switch (vcpu->vm->kvm.value[B_SMM_RSM]) {
	case SMM_RSM_LEAVES_NESTED:
		nested_leave(vcpu);
		return shutdown_end(result, why);
	case SMM_RSM_RESETS_FIRST:
		return shutdown_from(vcpu, result, why);
	}
	return rsm_unhandled(result, why);
}

/* RSM sleeps on PDPTEs, and on L2's pages if it loads them itself. */
static enum tdp_reason rsm_blocker(const struct tdp_vcpu *vcpu,
				   const struct smram *smram)
{
	bool l2 = rsm_to_l2(vcpu, smram);
	struct tdp_sregs saved;
	uint64_t pdptr[4];

	smram_registers(vcpu, smram, &saved);
	if (setreg_pae_paging(&saved) && !(l2 && vcpu->nested.tdp) &&
	    setreg_read_pdptrs(vcpu, 0, saved.cr3, pdptr) == PDPTR_BLOCKS)
		return TDP_WHY_PDPTRS;
	if (l2 && nested_loads_now(vcpu->vm, NESTED_FROM_RSM))
		return nested_pages_blocker(vcpu, &vcpu->nested);
	return TDP_WHY_NONE;
}

static int resume(struct tdp_vcpu *vcpu, struct tdp_result *result,
		  struct tdp_error *err)
{
	enum guest_mem_status status;
	struct smram smram;
	enum tdp_reason why;
	int ret;

	/* KVM emulates it on both vendors: rsm_interception(), handle_ud(). */
	if (!vcpu->smm)
		return exception_raise(vcpu, result,
				       &(struct exception){
					       .vector = VECTOR_UD,
					       .why = TDP_WHY_NOT_IN_SMM,
					       .by_kvm = true,
				       });
	status = smram_read(vcpu, &smram);
	if (status == GUEST_MEM_BLOCKS)
		return result_block(result, TDP_WHY_HOST_BLOCKS);
	/* KVM up to 6.1 em_rsm() reads it by itself; seen on 6.1.192. */
	if (status && vcpu->vm->kvm.value[B_SMM_ENTER] == SMM_ENTER_UNCHECKED)
		return rsm_unhandled(result, TDP_WHY_SMRAM);
	if (status)
		return rsm_failed(vcpu, result, TDP_WHY_SMRAM);
	why = rsm_blocker(vcpu, &smram);
	if (why)
		return result_block(result, why);
	ret = leave_smm(vcpu, &smram, &why);
	if (ret)
		return err_set(err, ret, "no memory for L2's pages");
	return why ? rsm_failed(vcpu, result, why) : TDP_OK;
}

int tdp_vcpu_rsm(struct tdp_vcpu *vcpu, struct tdp_result *result,
		 struct tdp_error *err)
{
	bool entered;
	int ret;

	result_begin(result);
	if (result_vm_dead(vcpu->vm, result))
		return TDP_OK;
	ret = run_enter(vcpu, result, &entered, err);
	if (!ret && entered)
		ret = resume(vcpu, result, err);
	if (!ret)
		result_end(vcpu, result);
	return ret;
}

/* KVM_SET_VCPU_EVENTS ------------------------------------------------------ */

int tdp_vcpu_set_smm(struct tdp_vcpu *vcpu, bool smm, struct tdp_result *result,
		     struct tdp_error *err)
{
	(void)err;
	result_begin(result);
	if (result_vm_dead(vcpu->vm, result))
		return TDP_OK;
	if (vcpu->smm == smm)
		return TDP_OK;
	if (vcpu->vm->kvm.value[B_SMM_FLIP] == SMM_FLIP_LEAVES_NESTED)
		nested_leave(vcpu);
	smm_changed(vcpu, smm);
	result_end(vcpu, result);
	return TDP_OK;
}
