/* SPDX-License-Identifier: MIT */
/* KVM_SET_CPUID2 */
#include <errno.h>

#include "kvm/mmu.h"
#include "ops/ops.h"
#include "tdpsim/vcpu.h"

/* Widths that a walk can be made with; x86-64 knows no others. */
#define MIN_MAXPHYADDR 32
#define MAX_MAXPHYADDR 52

static bool equal(const struct tdp_cpuid *a, const struct tdp_cpuid *b)
{
	return a->maxphyaddr == b->maxphyaddr && a->lm == b->lm &&
	       a->nx == b->nx && a->gbpages == b->gbpages &&
	       a->la57 == b->la57 && a->smep == b->smep && a->smap == b->smap &&
	       a->pke == b->pke && a->mtrr == b->mtrr;
}

int tdp_vcpu_set_cpuid(struct tdp_vcpu *vcpu, const struct tdp_cpuid *cpuid,
		       struct tdp_result *result)
{
	const struct tdp_vm *vm = vcpu->vm;
	bool rejects = vm->kvm.value[B_CPUID_AFTER_RUN] ==
		       CPUID_AFTER_RUN_REJECTED;

	result_begin(result);
	if (result_vm_dead(vcpu->vm, result))
		return TDP_OK;
	if (cpuid->maxphyaddr < MIN_MAXPHYADDR ||
	    cpuid->maxphyaddr > MAX_MAXPHYADDR)
		return TDP_EINVAL;
	if (vcpu->has_run && rejects) {
		if (vcpu->has_cpuid && equal(&vcpu->cpuid, cpuid))
			return TDP_OK;
		return result_fail(result, -EINVAL, TDP_WHY_CPUID_AFTER_RUN);
	}
	vcpu->cpuid = *cpuid;
	vcpu->has_cpuid = true;
	mmu_after_set_cpuid(vcpu);
	result_end(vcpu, result);
	return TDP_OK;
}

void tdp_vcpu_get_cpuid(const struct tdp_vcpu *vcpu, struct tdp_cpuid *cpuid)
{
	*cpuid = vcpu->cpuid;
}
