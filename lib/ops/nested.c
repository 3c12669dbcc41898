/* SPDX-License-Identifier: MIT */
/*
 * Between L1 and L2, as far as the MMU is concerned.  L1 gives L2 no VPID or
 * ASID that would spare TLB flushes.
 */
#include "ops/nested.h"

#include "ops/nested_vmcb.h"
#include "ops/vmcs12.h"

#include "arch/regs.h"
#include "kvm/mmu.h"
#include "kvm/root.h"
#include "ops/setreg.h"
#include "ops/vmx.h"
#include "vm/host.h"

static bool is_vmx(const struct tdp_vcpu *vcpu)
{
	return vcpu->vm->host.vendor == TDP_INTEL;
}

static void load_modes(struct tdp_vcpu *vcpu, const struct tdp_sregs *sregs)
{
	vcpu->sregs.efer = sregs->efer;
	vcpu->sregs.cr0 = sregs->cr0;
	vcpu->sregs.cr4 = sregs->cr4;
}

/* KVM 6.12: nested_vmx_load_cr3(), nested_svm_load_cr3() */
static enum tdp_reason load_cr3(struct tdp_vcpu *vcpu, uint64_t cr3,
				bool reload_pdptrs)
{
	enum tdp_reason why = TDP_WHY_NONE;

	if (!setreg_cr3_legal(vcpu, cr3))
		why = TDP_WHY_BAD_REGISTER;
	else if (reload_pdptrs && !vcpu->nested_tdp &&
		 setreg_pae_paging(&vcpu->sregs) &&
		 setreg_reload_pdptrs(vcpu, cr3) != PDPTR_OK)
		why = TDP_WHY_PDPTRS;
	if (why) {
		trace(vcpu->vm, kvm_nested_vmenter_failed, 0);
		return why;
	}
	vcpu->sregs.cr3 = cr3;
	mmu_init(vcpu);
	if (!vcpu->nested_tdp)
		root_new_pgd(vcpu, cr3);
	return TDP_WHY_NONE;
}

static void use_guest_mmu(struct tdp_vcpu *vcpu)
{
	vcpu->mmu = &vcpu->guest_mmu;
	vcpu->nested_tdp = true;
}

static void use_root_mmu(struct tdp_vcpu *vcpu)
{
	vcpu->mmu = &vcpu->root_mmu;
	vcpu->nested_tdp = false;
}

/* KVM 6.12: nested_svm_transition_tlb_flush() */
static void flush_svm(struct tdp_vcpu *vcpu)
{
	request(vcpu, REQ_MMU_SYNC);
	request(vcpu, REQ_TLB_FLUSH_CURRENT);
}

/* Into L2 -------------------------------------------------------------------- */

void nested_trace_enter(const struct tdp_vcpu *vcpu)
{
	const struct tdp_nested_state *nested = &vcpu->nested;

	trace(vcpu->vm, kvm_nested_vmenter,
	      is_vmx(vcpu) ? vcpu->vmx.vmptr : vcpu->vmcb12, nested->tdp,
	      nested->tdp ? nested->tdp_root : nested->l2.cr3);
}

/* Up to 5.12 PDPTEs are read wherever the entry comes from. */
static bool reloads_pdptrs(const struct tdp_vm *vm, enum nested_from from)
{
	return nested_loads_now(vm, from) ||
	       !nested_since(vm, NESTED_STATE_PAGES_REQUEST_5_14);
}

/* KVM 6.12: nested_vmx_enter_non_root_mode(), prepare_vmcs02() */
static enum tdp_reason enter_vmx(struct tdp_vcpu *vcpu, enum nested_from from)
{
	const struct tdp_nested_state *nested = &vcpu->nested;
	enum tdp_reason why;

	/* VMLAUNCH said so before it looked for pages. */
	if (from != NESTED_FROM_L1 && !nested_open_coded(vcpu->vm, from))
		nested_trace_enter(vcpu);
	vcpu->guest_mode = true;
	vmx_flush(vcpu, true);
	if (nested->tdp) {
		use_guest_mmu(vcpu);
		mmu_init_shadow_ept(vcpu, nested->tdp_root, nested->mbec);
	}
	load_modes(vcpu, &nested->l2);
	why = load_cr3(vcpu, nested->l2.cr3, reloads_pdptrs(vcpu->vm, from));
	if (why)
		return why;
	if (nested->tdp)
		memcpy(vcpu->sregs.pdptr, nested->l2.pdptr,
		       sizeof(vcpu->sregs.pdptr));
	if (!nested_loads_now(vcpu->vm, from))
		request(vcpu, REQ_GET_NESTED_STATE_PAGES);
	return TDP_WHY_NONE;
}

/*
 * L1's registers as shadow NPT sees them.  In 5.14 RSM restores vmcb01 only
 * after L2 is entered: until then they are those of SMM.
 */
static const struct tdp_sregs *vmcb01_save(const struct tdp_vcpu *vcpu,
					   enum nested_from from)
{
	bool late = vcpu->vm->kvm.value[B_NESTED_STATE_PAGES] ==
		    NESTED_STATE_PAGES_REQUEST_5_14;

	return from == NESTED_FROM_RSM && late ? &vcpu->sregs : &vcpu->l1;
}

static void init_shadow_npt(struct tdp_vcpu *vcpu, enum nested_from from)
{
	const struct tdp_nested_state *nested = &vcpu->nested;

	if (!nested->tdp)
		return;
	use_guest_mmu(vcpu);
	mmu_init_shadow_npt(vcpu, vmcb01_save(vcpu, from), nested->tdp_root,
			    nested->gmet && host_uses_gmet(vcpu->vm));
}

/* Guest mode and guest_mmu: which comes first is behaviour role.shadow_npt. */
static void prepare_vmcb02(struct tdp_vcpu *vcpu, enum nested_from from)
{
	bool mode_first = vcpu->vm->kvm.value[B_ROLE_SHADOW_NPT] >=
			  ROLE_SHADOW_NPT_GUEST_MODE;

	if (!mode_first)
		init_shadow_npt(vcpu, from);
	flush_svm(vcpu);
	vcpu->guest_mode = true;
	if (mode_first)
		init_shadow_npt(vcpu, from);
}

/*
 * KVM_SET_NESTED_STATE finds L2's registers in place.  CR3 is loaded again for
 * the MMU's sake: not at all up to 5.12, too early in 5.14 and 5.15.
 */
static enum tdp_reason restore_svm(struct tdp_vcpu *vcpu)
{
	const struct tdp_vm *vm = vcpu->vm;
	bool reload = nested_loads_now(vm, NESTED_FROM_USERSPACE);
	bool loads = nested_since(vm, NESTED_STATE_PAGES_REQUEST_5_14);
	bool early = loads && !nested_since(vm, NESTED_STATE_PAGES_REQUEST);
	uint64_t cr3 = vcpu->sregs.cr3;
	enum tdp_reason why = TDP_WHY_NONE;

	if (early)
		why = load_cr3(vcpu, cr3, reload);
	if (why)
		return why;
	prepare_vmcb02(vcpu, NESTED_FROM_USERSPACE);
	if (loads && !early)
		why = load_cr3(vcpu, cr3, reload);
	return why;
}

/* KVM 6.12: enter_svm_guest_mode() */
static enum tdp_reason run_svm(struct tdp_vcpu *vcpu, enum nested_from from)
{
	const struct tdp_nested_state *nested = &vcpu->nested;

	nested_trace_enter(vcpu);
	/* 5.10 loads L2's registers before it makes the shadow NPT's role. */
	if (!nested_since(vcpu->vm, NESTED_STATE_PAGES_REQUEST_5_12))
		load_modes(vcpu, &nested->l2);
	prepare_vmcb02(vcpu, from);
	load_modes(vcpu, &nested->l2);
	return load_cr3(vcpu, nested->l2.cr3, reloads_pdptrs(vcpu->vm, from));
}

/* Up to 5.14, RSM forgets to ask. */
static bool asks_svm(const struct tdp_vm *vm, enum nested_from from)
{
	if (nested_loads_now(vm, from))
		return false;
	return from == NESTED_FROM_USERSPACE ||
	       nested_since(vm, NESTED_STATE_PAGES_REQUEST_5_15);
}

static enum tdp_reason enter_svm(struct tdp_vcpu *vcpu, enum nested_from from)
{
	enum tdp_reason why = from == NESTED_FROM_USERSPACE ?
				      restore_svm(vcpu) :
				      run_svm(vcpu, from);

	if (!why && asks_svm(vcpu->vm, from))
		request(vcpu, REQ_GET_NESTED_STATE_PAGES);
	return why;
}

/* VMLAUNCH has told of its PDPTEs; KVM_SET_NESTED_STATE of SVM has its own. */
static bool tells_of_pdptrs(const struct tdp_vcpu *vcpu, enum nested_from from)
{
	const struct tdp_vm *vm = vcpu->vm;

	if (from == NESTED_FROM_L1)
		return false;
	if (from == NESTED_FROM_USERSPACE && !is_vmx(vcpu))
		return false;
	return reloads_pdptrs(vm, from);
}

enum tdp_reason nested_enter(struct tdp_vcpu *vcpu, enum nested_from from)
{
	enum tdp_reason why = is_vmx(vcpu) ? enter_vmx(vcpu, from) :
					     enter_svm(vcpu, from);

	if (!why && tells_of_pdptrs(vcpu, from))
		nested_pages_read_pdptrs(vcpu);
	return why;
}

/* Back to L1 ------------------------------------------------------------------ */

/* KVM 6.12: load_vmcs12_host_state() */
static bool load_host_vmx(struct tdp_vcpu *vcpu)
{
	bool loaded;

	load_modes(vcpu, &vcpu->l1);
	use_root_mmu(vcpu);
	loaded = !load_cr3(vcpu, vcpu->l1.cr3, true);
	vmx_flush(vcpu, false);
	return loaded;
}

/*
 * What KVM makes of a CR3 that can't be loaded is behaviour nested.exit_cr3.
 * Swallowed, the MMU isn't told; the processor has L1's CR3 all the same.
 */
static bool load_host_svm(struct tdp_vcpu *vcpu)
{
	const struct tdp_vm *vm = vcpu->vm;

	load_modes(vcpu, &vcpu->l1);
	vcpu->sregs.cr0 |= CR0_PE;
	/* Shadow paging runs every guest with CR4.PAE. */
	if (!vm->tdp_enabled &&
	    vm->kvm.value[B_NESTED_EXIT_CR4] == NESTED_EXIT_CR4_WITH_PAE)
		vcpu->sregs.cr4 |= CR4_PAE;
	flush_svm(vcpu);
	use_root_mmu(vcpu);
	if (!load_cr3(vcpu, vcpu->l1.cr3, true))
		return true;
	if (vm->tdp_enabled)
		vcpu->sregs.cr3 = vcpu->l1.cr3;
	return vm->kvm.value[B_NESTED_EXIT_CR3] == NESTED_EXIT_CR3_SWALLOWED;
}

/* Registers to vmcs12 or vmcb12; what was mapped for L2 is unmapped. */
static void end_guest_mode(struct tdp_vcpu *vcpu)
{
	if (vcpu->has_vmcb12)
		vmcb_write_save(vcpu);
	if (vcpu->vmx.has_vmptr)
		vmcs12_sync(vcpu);
	vcpu->nested.l2 = vcpu->sregs;
	vcpu->nested.l2.pdptrs_valid = setreg_pae_paging(&vcpu->sregs);
	vcpu->nested_run_pending = false;
	vcpu->guest_mode = false;
	nested_pages_forget(vcpu);
}

bool nested_to_l1(struct tdp_vcpu *vcpu)
{
	/* 5.10 leaves the request behind, to be served in L1. */
	if (nested_since(vcpu->vm, NESTED_STATE_PAGES_REQUEST_5_12))
		request_take(vcpu, REQ_GET_NESTED_STATE_PAGES);
	end_guest_mode(vcpu);
	return is_vmx(vcpu) ? load_host_vmx(vcpu) : load_host_svm(vcpu);
}

/* SVM keeps L2's registers: whoever forces this sets them anew. */
void nested_undo_enter(struct tdp_vcpu *vcpu)
{
	if (vcpu->guest_mode) {
		end_guest_mode(vcpu);
		if (is_vmx(vcpu))
			load_host_vmx(vcpu);
		else
			use_root_mmu(vcpu);
	}
	request_take(vcpu, REQ_GET_NESTED_STATE_PAGES);
}

/* On VMX L1's VMX operation ends with it: KVM 6.12 vmx_leave_nested() */
void nested_leave(struct tdp_vcpu *vcpu)
{
	bool vmx = is_vmx(vcpu) &&
		   (vcpu->guest_mode || vcpu->vmx.vmxon || vcpu->vmx.smm_vmxon);

	nested_undo_enter(vcpu);
	if (vmx)
		vmx_free_nested(vcpu);
}

/*
 * Hardware refuses vmcs02 because of an address that KVM made invalid.  L1
 * sees VMLAUNCH fail: KVM 6.12 nested_vmx_restore_host_state().
 */
bool nested_entry_ok(struct tdp_vcpu *vcpu)
{
	if (!vcpu->guest_mode ||
	    vcpu->nested_page[TDP_NESTED_VIRTUAL_APIC] != NESTED_PAGE_INVALID)
		return true;
	nested_to_l1(vcpu);
	return false;
}
