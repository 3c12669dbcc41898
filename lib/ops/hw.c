/* SPDX-License-Identifier: MIT */
#include "ops/hw.h"

#include "arch/regs.h"
#include "vm/host.h"

/*
 * CR0.CD and CR0.NW of the guest never reach an Intel processor: VM entry
 * keeps the host's (SDM: "Loading Guest Control Registers, Debug Registers,
 * and MSRs").  On AMD the quirk clears them (KVM 6.12: svm_set_cr0()).
 */
static uint64_t hardware_cr0(const struct tdp_vcpu *vcpu)
{
	const struct tdp_vm *vm = vcpu->vm;

	if (vm->host.vendor == TDP_INTEL ||
	    behaviour_on(&vm->kvm, B_MEMTYPE_CD_QUIRK))
		return vcpu->sregs.cr0 & ~(CR0_CD | CR0_NW);
	return vcpu->sregs.cr0;
}

static void load_guest(const struct tdp_vcpu *vcpu, struct tdp_walk_cpu *cpu)
{
	unsigned int i;

	cpu->cr0 = hardware_cr0(vcpu);
	cpu->cr3 = vcpu->sregs.cr3;
	cpu->cr4 = vcpu->sregs.cr4;
	cpu->efer = vcpu->sregs.efer;
	for (i = 0; i < 4; i++)
		cpu->pdpte[i] = vcpu->sregs.pdptr[i];
}

#define EPTP_AD_FLAG BIT(6)
#define PML_ENTRIES  512

static uint64_t eptp(uint64_t root, unsigned int level, bool ad)
{
	return root | TDP_MT_WB | (uint64_t)(level - 1) << 3 |
	       (ad ? EPTP_AD_FLAG : 0);
}

/* Depth and A/D flag are those of the root page; the dummy root has neither. */
static uint64_t eptp_of_root(const struct tdp_vcpu *vcpu)
{
	const struct tdp_vm *vm = vcpu->vm;
	uint64_t hpa = vcpu->mmu->root.hpa;
	const struct mmu_page *root = root_page(vm, hpa);

	if (!root)
		return eptp(hpa, 4, false);
	return eptp(hpa, root->role.level,
		    vm->fmt.has_ad && !root->role.ad_disabled);
}

uint64_t hw_eptp(const struct tdp_vcpu *vcpu)
{
	const struct tdp_vm *vm = vcpu->vm;
	bool ad = vm->fmt.has_ad;

	if (vm->kvm.value[B_EPT_AD_SOURCE] == EPT_AD_SOURCE_ROOT)
		return eptp_of_root(vcpu);
	if (vcpu->guest_mode)
		ad &= !!(vcpu->nested.tdp_root & EPTP_AD_FLAG);
	return eptp(vcpu->mmu->root.hpa, vcpu->mmu->root_role.level, ad);
}

/*
 * On while any slot is logged, and never for L2, whose addresses would mean
 * nothing.  KVM 6.12: vmx_update_cpu_dirty_logging().
 */
static void load_pml(const struct tdp_vcpu *vcpu, struct tdp_walk_cpu *cpu)
{
	const struct tdp_vm *vm = vcpu->vm;

	if (!vm->fmt.pml || !vm->nr_dirty_logs || vcpu->guest_mode)
		return;
	cpu->ept.ctrl2 |= TDP_EPT_CTRL2_PML;
	cpu->ept.pml_address = vm->pml_hpa;
	cpu->ept.pml_index = (uint16_t)(PML_ENTRIES - 1 - vcpu->pml_logged);
}

static void load_stage2(const struct tdp_vcpu *vcpu, struct tdp_walk_cpu *cpu)
{
	const struct tdp_vm *vm = vcpu->vm;

	load_guest(vcpu, cpu);
	if (vm->host.vendor == TDP_INTEL) {
		cpu->stage2 = TDP_STAGE2_EPT;
		cpu->ept.cap = host_ept_cap(&vm->host);
		cpu->ept.eptp = hw_eptp(vcpu);
		if (host_uses_mbec(vm))
			cpu->ept.ctrl2 |= TDP_EPT_CTRL2_MBE;
		load_pml(vcpu, cpu);
		return;
	}
	cpu->stage2 = TDP_STAGE2_NPT;
	cpu->npt.control = TDP_NP_ENABLE |
			   (vcpu_runs_with_gmet(vcpu) ? TDP_NP_GMET : 0);
	cpu->npt.ncr3 = vcpu->mmu->root.hpa;
	if (vm->host.la57)
		cpu->npt.cr4 |= CR4_LA57;
}

/*
 * Shadow paging: the processor walks KVM's tables in place of the guest's,
 * with CR0.PG and CR0.WP always on.  KVM 6.12: svm_set_cr0(), vmx_set_cr0().
 */
static void load_shadow(const struct tdp_vcpu *vcpu, struct tdp_walk_cpu *cpu)
{
	const struct tdp_vm *vm = vcpu->vm;
	unsigned int level = vcpu->mmu->root_role.level, i;
	bool paging = vcpu->sregs.cr0 & CR0_PG;

	load_guest(vcpu, cpu);
	cpu->cr0 |= CR0_PE | CR0_PG | CR0_WP;
	cpu->cr3 = vcpu->mmu->root.hpa;
	cpu->cr4 &= ~(CR4_PCIDE | CR4_PKE | CR4_LA57);
	cpu->cr4 |= CR4_PAE | (level == 5 ? CR4_LA57 : 0);
	/* Unpaged guests know no supervisor pages to protect from. */
	if (!paging)
		cpu->cr4 &= ~(CR4_SMEP | CR4_SMAP);
	cpu->efer |= EFER_NX;
	if (level >= 4)
		cpu->efer |= EFER_LME | EFER_LMA;
	else
		cpu->efer &= ~(EFER_LME | EFER_LMA);
	for (i = 0; i < 4 && level == 3; i++)
		cpu->pdpte[i] = physmem_read64(&vm->pm, cpu->cr3 + 8 * i);
}

int hw_load(struct tdp_vcpu *vcpu, struct tdp_error *err)
{
	const struct tdp_vm *vm = vcpu->vm;
	struct tdp_walk_cpu cpu;

	tdp_walk_cpu_init(&cpu, vm->host.vendor);
	cpu.features = host_features(&vm->host);
	cpu.maxphyaddr = cpu.guest_maxphyaddr = vm->host.maxphyaddr;
	cpu.choices.a_while_walking = vm->host.a_while_walking;
	cpu.rflags = vcpu->rflags;
	cpu.pkru = vcpu->pkru;
	cpu.pat = vcpu->pat;
	cpu.smm = vcpu->smm;
	if (vm->tdp_enabled)
		load_stage2(vcpu, &cpu);
	else
		load_shadow(vcpu, &cpu);
	return tdp_walker_set_cpu(vm->walker, &cpu, err);
}

unsigned int hw_nested_levels(const struct tdp_vcpu *vcpu)
{
	const struct tdp_vm *vm = vcpu->vm;

	if (!vm->tdp_enabled)
		return 0;
	if (vm->host.vendor == TDP_INTEL)
		return vcpu->mmu->root_role.level;
	return vm->host.la57 ? 5 : 4;
}
