/* SPDX-License-Identifier: MIT */
/* Which register values KVM and the processor accept. */
#include "ops/setreg.h"

#include "arch/regs.h"

/* Bits of features that every modelled guest has. */
#define CR4_ALWAYS                                                            \
	(CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE | \
	 CR4_PGE | CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_UMIP |         \
	 CR4_FSGSBASE | CR4_PCIDE | CR4_OSXSAVE)

/* Undefined bits 31:0 are ignored; KVM 6.12: kvm_is_valid_cr0(). */
bool setreg_cr0_valid(uint64_t cr0)
{
	if (cr0 >> 32)
		return false;
	if ((cr0 & CR0_NW) && !(cr0 & CR0_CD))
		return false;
	return !(cr0 & CR0_PG) || (cr0 & CR0_PE);
}

/*
 * Bits that the guest's CPUID grants.  Before KVM_SET_CPUID2 only the host's
 * own limits count (KVM up to 6.13: cr4_guest_rsvd_bits is still 0).
 */
static uint64_t cr4_of_cpuid(const struct tdp_vcpu *vcpu)
{
	const struct tdp_cpuid *cpuid = &vcpu->cpuid;

	if (!vcpu->has_cpuid)
		return CR4_SMEP | CR4_SMAP | CR4_PKE | CR4_LA57;
	return (cpuid->smep ? CR4_SMEP : 0) | (cpuid->smap ? CR4_SMAP : 0) |
	       (cpuid->pke ? CR4_PKE : 0) | (cpuid->la57 ? CR4_LA57 : 0);
}

bool setreg_cr4_valid(const struct tdp_vcpu *vcpu, uint64_t cr4)
{
	const struct tdp_vm *vm = vcpu->vm;
	uint64_t allowed = CR4_ALWAYS | cr4_of_cpuid(vcpu);

	/* Shadow paging can't do protection keys: kvm_set_cpu_caps(). */
	if (!vm->tdp_enabled)
		allowed &= ~CR4_PKE;
	/* SDM: "Restrictions on VMX Operation"; VMXE can't be set in SMM. */
	if (vm->host.vendor == TDP_INTEL && !vcpu->smm)
		allowed |= CR4_VMXE;
	return !(cr4 & ~allowed);
}

bool setreg_cr3_legal(const struct tdp_vcpu *vcpu, uint64_t cr3)
{
	return !(cr3 >> vcpu->cpuid.maxphyaddr);
}

bool setreg_efer_valid(const struct tdp_vcpu *vcpu, uint64_t efer)
{
	const struct tdp_cpuid *cpuid = &vcpu->cpuid;
	uint64_t allowed = EFER_SCE;

	if (cpuid->lm || !vcpu->has_cpuid)
		allowed |= EFER_LME | EFER_LMA;
	if (cpuid->nx || !vcpu->has_cpuid)
		allowed |= EFER_NX;
	if (vcpu->vm->host.vendor == TDP_AMD)
		allowed |= EFER_SVME;
	return !(efer & ~allowed);
}

bool setreg_mode_valid(const struct tdp_sregs *sregs)
{
	bool long_mode = (sregs->efer & EFER_LME) && (sregs->cr0 & CR0_PG);

	if (long_mode)
		return (sregs->cr4 & CR4_PAE) && (sregs->efer & EFER_LMA);
	return !(sregs->efer & EFER_LMA);
}

bool setreg_pae_paging(const struct tdp_sregs *sregs)
{
	return (sregs->cr0 & CR0_PG) && (sregs->cr4 & CR4_PAE) &&
	       !(sregs->efer & EFER_LMA);
}
