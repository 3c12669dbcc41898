/* SPDX-License-Identifier: MIT */
/* Which register values KVM and the processor accept. */
#include "ops/setreg.h"

#include "arch/regs.h"

/* Bits that every processor has which KVM runs on. */
#define CR4_ALWAYS                                                            \
	(CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE | \
	 CR4_PGE | CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT)
/* Features that every CPUID of the model shows. */
#define CR4_SHOWN (CR4_UMIP | CR4_FSGSBASE | CR4_PCIDE | CR4_OSXSAVE)

/* Undefined bits 31:0 are ignored; KVM 6.12: kvm_is_valid_cr0(). */
bool setreg_cr0_valid(uint64_t cr0)
{
	if (cr0 >> 32)
		return false;
	if ((cr0 & CR0_NW) && !(cr0 & CR0_CD))
		return false;
	return !(cr0 & CR0_PG) || (cr0 & CR0_PE);
}

/* SDM: CR4.VMXE can't be set in SMM ("Restrictions on VMX Operation"). */
static uint64_t cr4_of_vendor(const struct tdp_vcpu *vcpu)
{
	return vcpu->vm->host.vendor == TDP_INTEL && !vcpu->smm ? CR4_VMXE : 0;
}

/*
 * Bits that the guest's CPUID grants.  Without CPUID that is none from 6.14
 * on, where creating a vCPU works out its CPUID once (the second
 * kvm_init_mmu()); before, nothing is reserved yet.
 */
static uint64_t cr4_of_cpuid(const struct tdp_vcpu *vcpu)
{
	const struct tdp_cpuid *cpuid = &vcpu->cpuid;
	bool early = vcpu->vm->kvm.value[B_MMU_CREATE] == MMU_CREATE_INIT_TWICE;
	uint64_t shown = CR4_SHOWN | cr4_of_vendor(vcpu);

	if (!vcpu->has_cpuid)
		return early ? 0 :
			       shown | CR4_SMEP | CR4_SMAP | CR4_PKE | CR4_LA57;
	return shown | (cpuid->smep ? CR4_SMEP : 0) |
	       (cpuid->smap ? CR4_SMAP : 0) | (cpuid->pke ? CR4_PKE : 0) |
	       (cpuid->la57 ? CR4_LA57 : 0);
}

bool setreg_vmxe_valid(const struct tdp_vcpu *vcpu, uint64_t cr4)
{
	return !vcpu->vmx.vmxon || vcpu->guest_mode || (cr4 & CR4_VMXE);
}

bool setreg_cr4_valid(const struct tdp_vcpu *vcpu, uint64_t cr4)
{
	uint64_t allowed = CR4_ALWAYS | cr4_of_cpuid(vcpu);

	/* Shadow paging can't do protection keys: kvm_set_cpu_caps(). */
	if (!vcpu->vm->tdp_enabled)
		allowed &= ~CR4_PKE;
	return !(cr4 & ~allowed);
}

bool setreg_cr3_legal(const struct tdp_vcpu *vcpu, uint64_t cr3)
{
	return !(cr3 >> vcpu->cpuid.maxphyaddr);
}

/*
 * Without CPUID there is nothing to switch on, but for LMSLE, which no CPUID of
 * the guest's has.  KVM 6.12: kvm_valid_efer(), svm_hardware_setup()
 */
bool setreg_efer_valid(const struct tdp_vcpu *vcpu, uint64_t efer)
{
	const struct tdp_cpuid *cpuid = &vcpu->cpuid;
	bool amd = vcpu->vm->host.vendor == TDP_AMD;
	uint64_t allowed = EFER_SCE | (amd ? EFER_LMSLE : 0);

	if (cpuid->lm)
		allowed |= EFER_LME | EFER_LMA;
	if (cpuid->nx)
		allowed |= EFER_NX;
	if (vcpu->has_cpuid && amd)
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
