/* SPDX-License-Identifier: MIT */
#include "ops/uniform.h"

#include "arch/regs.h"

/* Whom a write of @vcpu must agree with; NULL: nobody. */
static const struct tdp_vcpu *speaker(const struct tdp_vcpu *vcpu, bool host)
{
	const struct tdp_vm *vm = vcpu->vm;

	if (vm->kvm.value[B_MEMTYPE_SOURCE] != MEMTYPE_SOURCE_UNIFORM)
		return NULL;
	if (!vcpu->id || (host && !vm->has_run))
		return NULL;
	return vm->vcpus[0];
}

bool uniform_cd_diverges(const struct tdp_vcpu *vcpu, uint64_t cr0, bool host)
{
	const struct tdp_vcpu *first = speaker(vcpu, host);

	/* Only a write that changes the bit says anything about it. */
	return first && ((cr0 ^ vcpu->sregs.cr0) & CR0_CD) &&
	       ((cr0 ^ first->sregs.cr0) & CR0_CD);
}

bool uniform_mtrr_diverges(const struct tdp_vcpu *vcpu, uint32_t index,
			   uint64_t value, bool host)
{
	const struct tdp_vcpu *first = speaker(vcpu, host);
	uint64_t there;

	return first && !tdp_mtrr_read(&first->mtrr, index, &there) &&
	       there != value;
}
