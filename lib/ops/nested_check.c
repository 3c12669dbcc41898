/* SPDX-License-Identifier: MIT */
/*
 * What VMLAUNCH, VMRUN and KVM_SET_NESTED_STATE check before L2 runs.
 *
 * KVM 6.12: nested_vmx_check_controls(), nested_vmx_check_guest_state(),
 * nested_vmx_check_host_state(), __nested_vmcb_check_controls(),
 * __nested_vmcb_check_save()
 *
 * Bits that entry demands and that have no part in translation are taken as
 * given: CR0.NE, L2's CR4.VMXE, L2's EFER.SVME.
 */
#include "arch/regs.h"
#include "ops/nested.h"
#include "ops/setreg.h"
#include "ops/vmx.h"
#include "vm/host.h"

#define EPTP_MEMTYPE  BITS(2, 0)
#define EPTP_WALK     BITS(5, 3) /* levels - 1 */
#define EPTP_AD       BIT(6)
#define EPTP_RESERVED BITS(11, 7)

/* SDM: "Checks on VMX Controls"; KVM offers L1 no UC: nested_vmx_check_eptp() */
static bool eptp_valid(const struct tdp_vcpu *vcpu, uint64_t eptp)
{
	const struct tdp_vm *vm = vcpu->vm;
	uint64_t levels = field_get(EPTP_WALK, eptp) + 1;

	if (field_get(EPTP_MEMTYPE, eptp) != TDP_MT_WB)
		return false;
	if (levels != 4 && (levels != 5 || vm->host.ept_levels < 5))
		return false;
	if ((eptp & EPTP_AD) && !vm->fmt.has_ad)
		return false;
	return !(eptp & EPTP_RESERVED) && setreg_cr3_legal(vcpu, eptp);
}

/* A check that fails is traced; KVM 6.12: CC() */
static enum tdp_reason traced(const struct tdp_vcpu *vcpu, enum tdp_reason why)
{
	if (why)
		trace(vcpu->vm, kvm_nested_vmenter_failed, 0);
	return why;
}

/* Traced here, and once more by VM entry, which has it among its checks. */
bool vmx_eptp_valid(const struct tdp_vcpu *vcpu, uint64_t eptp)
{
	return traced(vcpu, eptp_valid(vcpu, eptp) ?
				    TDP_WHY_NONE :
				    TDP_WHY_BAD_EPTP) == TDP_WHY_NONE;
}

static bool address_valid(const struct tdp_vcpu *vcpu, uint64_t gpa,
			  uint64_t align)
{
	return is_aligned(gpa, align) && setreg_cr3_legal(vcpu, gpa);
}

/*
 * Controls that make no sense without EPT12.  KVM 6.12:
 * nested_vmx_check_pml_controls(); the log is offered with A and D flags only,
 * MBEC (7.2) if the host uses it.
 */
static bool ept_controls_valid(const struct tdp_vcpu *vcpu,
			       const struct tdp_nested_state *state)
{
	if (state->mbec && (!state->tdp || !host_uses_mbec(vcpu->vm)))
		return false;
	if (state->pml && (!state->tdp || !vcpu->vm->fmt.has_ad ||
			   !address_valid(vcpu, state->pml_address, 4096)))
		return false;
	return !state->eptp_switching ||
	       (state->tdp && address_valid(vcpu, state->eptp_list, 4096));
}

static enum tdp_reason check_vmcs12(const struct tdp_vcpu *vcpu,
				    const struct tdp_nested_state *state)
{
	static const uint64_t align[TDP_NR_NESTED_PAGES] = {
		[TDP_NESTED_APIC_ACCESS] = 4096,
		[TDP_NESTED_VIRTUAL_APIC] = 4096,
		[TDP_NESTED_PI_DESC] = 64,
		[TDP_NESTED_MSR_BITMAP] = 4096,
	};
	unsigned int i;

	if (state->tdp && !vcpu->vm->tdp_enabled)
		return TDP_WHY_NO_NESTED_TDP;
	if (state->tdp && !vmx_eptp_valid(vcpu, state->tdp_root))
		return TDP_WHY_BAD_EPTP;
	if (!ept_controls_valid(vcpu, state))
		return TDP_WHY_BAD_NESTED_STATE;
	for (i = 0; i < TDP_NR_NESTED_PAGES; i++)
		if (state->has_page[i] &&
		    !address_valid(vcpu, state->page[i], align[i]))
			return TDP_WHY_BAD_NESTED_STATE;
	return TDP_WHY_NONE;
}

static enum tdp_reason check_vmcb12(const struct tdp_vcpu *vcpu,
				    const struct tdp_nested_state *state)
{
	const struct tdp_vm *vm = vcpu->vm;

	if (state->tdp && !vm->tdp_enabled &&
	    vm->kvm.value[B_NESTED_NP_WITHOUT_NPT] ==
		    NESTED_NP_WITHOUT_NPT_VMEXIT_INVALID)
		return TDP_WHY_NO_NESTED_TDP;
	if (state->tdp && !setreg_cr3_legal(vcpu, state->tdp_root))
		return TDP_WHY_BAD_NESTED_STATE;
	return TDP_WHY_NONE;
}

enum tdp_reason nested_check_controls(const struct tdp_vcpu *vcpu,
				      const struct tdp_nested_state *state)
{
	if (vcpu->vm->host.vendor == TDP_INTEL)
		return traced(vcpu, check_vmcs12(vcpu, state));
	return traced(vcpu, check_vmcb12(vcpu, state));
}

static enum tdp_reason check_guest(const struct tdp_vcpu *vcpu,
				   const struct tdp_nested_state *state,
				   const struct tdp_sregs *l2)
{
	bool intel = vcpu->vm->host.vendor == TDP_INTEL;
	uint64_t efer = l2->efer | (intel ? 0 : EFER_SVME);

	if (!setreg_cr0_valid(l2->cr0) || !setreg_cr4_valid(vcpu, l2->cr4) ||
	    !setreg_efer_valid(vcpu, efer) || !setreg_mode_valid(l2))
		return TDP_WHY_BAD_REGISTER;
	/* SDM: unrestricted guests need EPT, and only they may clear these. */
	if (intel && !state->tdp && !(l2->cr0 & CR0_PG))
		return TDP_WHY_BAD_REGISTER;
	/* VMX finds out when it loads CR3. */
	if (!intel && (l2->efer & EFER_LMA) && !setreg_cr3_legal(vcpu, l2->cr3))
		return TDP_WHY_BAD_REGISTER;
	return TDP_WHY_NONE;
}

enum tdp_reason nested_check_guest(const struct tdp_vcpu *vcpu,
				   const struct tdp_nested_state *state,
				   const struct tdp_sregs *l2)
{
	return traced(vcpu, check_guest(vcpu, state, l2));
}

enum tdp_reason nested_check_host(const struct tdp_vcpu *vcpu,
				  const struct tdp_sregs *l1)
{
	if (!setreg_cr0_valid(l1->cr0) || !(l1->cr0 & CR0_PG) ||
	    !setreg_cr4_valid(vcpu, l1->cr4) || !setreg_mode_valid(l1) ||
	    !setreg_cr3_legal(vcpu, l1->cr3))
		return traced(vcpu, TDP_WHY_BAD_NESTED_STATE);
	return TDP_WHY_NONE;
}
