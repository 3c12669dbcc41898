/* SPDX-License-Identifier: MIT */
#include "kvm/mmu.h"

#include "arch/regs.h"
#include "kvm/root.h"

static void reset_roots(struct mmu *mmu)
{
	unsigned int i;

	mmu->root = (struct root_ref){ INVALID_PAGE, 0 };
	for (i = 0; i < NR_PREV_ROOTS; i++)
		mmu->prev[i] = (struct root_ref){ INVALID_PAGE, 0 };
}

void mmu_create(struct tdp_vcpu *vcpu)
{
	reset_roots(&vcpu->root_mmu);
	reset_roots(&vcpu->guest_mmu);
	reset_roots(&vcpu->nested_mmu);
	vcpu->mmu = &vcpu->root_mmu;
}

unsigned int mmu_tdp_level(const struct tdp_vcpu *vcpu)
{
	const struct tdp_vm *vm = vcpu->vm;

	if (vm->forced_tdp_level)
		return vm->forced_tdp_level;
	/* Five levels only for a guest that can address more than 48 bits. */
	if (vm->max_tdp_level == 5 && vcpu->cpuid.maxphyaddr <= 48)
		return 4;
	return vm->max_tdp_level;
}

struct role_regs mmu_role_regs(const struct tdp_vcpu *vcpu)
{
	return (struct role_regs){
		.cr0 = vcpu->sregs.cr0,
		.cr4 = vcpu->sregs.cr4,
		.efer = vcpu->sregs.efer,
	};
}

static struct role_tdp_host tdp_host(const struct tdp_vcpu *vcpu)
{
	const struct tdp_vm *vm = vcpu->vm;
	bool intel = vm->host.vendor == TDP_INTEL;

	return (struct role_tdp_host){
		.level = mmu_tdp_level(vcpu),
		.has_ad = vm->fmt.has_ad,
		.tdp_has_smep = intel ? vm->host.mbec : vm->host.gmet,
		.format_has_user = !vm->fmt.ept,
	};
}

static void set_roles(const struct tdp_vcpu *vcpu, struct mmu *mmu,
		      const struct cpu_role *cpu, const struct tdp_role *root)
{
	const struct tdp_kvm_config *kvm = &vcpu->vm->kvm;

	mmu->cpu_role = *cpu;
	mmu->cpu_word = cpu_role_pack(kvm, cpu);
	mmu->root_role = *root;
	mmu->root_word = role_pack(kvm, root);
}

static enum mmu_handler shadow_handler(const struct role_regs *regs)
{
	if (!(regs->cr0 & CR0_PG))
		return HANDLER_NONPAGING;
	return regs->cr4 & CR4_PAE ? HANDLER_PAGING64 : HANDLER_PAGING32;
}

/* KVM 6.12: kvm_init_mmu() and the three functions that it chooses from */
void mmu_init(struct tdp_vcpu *vcpu)
{
	const struct tdp_vm *vm = vcpu->vm;
	struct role_regs regs = mmu_role_regs(vcpu);
	struct cpu_role cpu = role_calc_cpu(&vm->kvm, &regs, vcpu->smm,
					    vcpu->guest_mode,
					    vcpu->cpuid.maxphyaddr);
	struct tdp_role root;

	if (vcpu->nested_tdp) {
		/* Only walks L2's own tables: it has no root of its own. */
		set_roles(vcpu, &vcpu->nested_mmu, &cpu, &cpu.base);
	} else if (vm->tdp_enabled) {
		struct role_tdp_host host = tdp_host(vcpu);

		root = role_calc_tdp_root(&vm->kvm, &cpu, &regs, &host);
		vcpu->root_mmu.handler = HANDLER_TDP;
		set_roles(vcpu, &vcpu->root_mmu, &cpu, &root);
	} else {
		root = role_calc_shadow_root(&vm->kvm, &cpu);
		vcpu->root_mmu.handler = shadow_handler(&regs);
		set_roles(vcpu, &vcpu->root_mmu, &cpu, &root);
	}
	trace(vm, mmu_init, vcpu->id, vcpu->mmu->cpu_word, vcpu->mmu->root_word,
	      vcpu->nested_tdp ? vcpu->nested_mmu.cpu_word : 0);
}

void mmu_init_shadow_ept(struct tdp_vcpu *vcpu, uint64_t eptp12, bool mbec12)
{
	const struct tdp_vm *vm = vcpu->vm;
	struct cpu_role cpu = role_calc_shadow_ept(
		&vm->kvm, eptp12, vm->host.ept_exec_only, mbec12,
		&vcpu->root_mmu.cpu_role);

	vcpu->guest_mmu.handler = HANDLER_EPT;
	vcpu->guest_mmu.guest_pgd = eptp12;
	set_roles(vcpu, &vcpu->guest_mmu, &cpu, &cpu.base);
	trace(vm, shadow_ept_init, vcpu->id, vcpu->guest_mmu.cpu_word,
	      vcpu->guest_mmu.root_word);
	root_new_pgd(vcpu, eptp12);
}

void mmu_init_shadow_npt(struct tdp_vcpu *vcpu, const struct tdp_sregs *l1,
			 uint64_t ncr3, bool gmet12)
{
	const struct tdp_vm *vm = vcpu->vm;
	struct role_regs current = mmu_role_regs(vcpu);
	struct role_regs regs = {
		.cr0 = l1->cr0,
		.cr4 = l1->cr4,
		.efer = l1->efer,
	};
	struct cpu_role cpu;
	struct tdp_role root;

	root = role_calc_shadow_npt(&vm->kvm, &regs, &current, vcpu->smm,
				    gmet12, mmu_tdp_level(vcpu),
				    vcpu->cpuid.maxphyaddr, &cpu);
	regs.cr0 |= CR0_PG;
	vcpu->guest_mmu.handler = shadow_handler(&regs);
	vcpu->guest_mmu.guest_pgd = ncr3;
	set_roles(vcpu, &vcpu->guest_mmu, &cpu, &root);
	trace(vm, shadow_npt_init, vcpu->id, vcpu->guest_mmu.cpu_word,
	      vcpu->guest_mmu.root_word);
	root_new_pgd(vcpu, ncr3);
}

void mmu_reset_context(struct tdp_vcpu *vcpu)
{
	root_unload(vcpu);
	mmu_init(vcpu);
}

void mmu_after_set_cpuid(struct tdp_vcpu *vcpu)
{
	/* Whatever was computed is recomputed, and no root is kept. */
	mmu_reset_context(vcpu);
}
