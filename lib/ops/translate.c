/* SPDX-License-Identifier: MIT */
/* KVM_TRANSLATE: KVM's own walk of the guest's tables. */
#include "arch/regs.h"
#include "base/error.h"
#include "kvm/walker.h"
#include "ops/ops.h"
#include "tdpsim/vcpu.h"

/* KVM 6.12: kvm_arch_vcpu_ioctl_translate() */
#define NO_GPA UINT64_MAX

/* A supervisor's read, whatever the vCPU's CPL; it sets Accessed. */
int tdp_vcpu_kvm_translate(struct tdp_vcpu *vcpu, tdp_gva gva,
			   struct tdp_result *result, struct tdp_error *err)
{
	struct guest_walk walk;
	uint64_t gpa;

	result_begin(result);
	switch (gw_gva_to_gpa(vcpu, gva.addr, 0, &walk, &gpa)) {
	case GW_OK:
		result->gpa = gpa;
		break;
	case GW_FAULT:
		result->gpa = NO_GPA;
		result->reason = walk.error_code & PFERR_PRESENT ?
					 TDP_WHY_GUEST_PTE_FORBIDS :
					 TDP_WHY_GUEST_PTE_ABSENT;
		result->fault_address = walk.fault_address;
		break;
	case GW_BLOCKS:
		return result_block(result, TDP_WHY_HOST_BLOCKS);
	default:
		return err_set(err, TDP_ENOMEM, "no memory for a walk");
	}
	result_end(vcpu, result);
	return TDP_OK;
}
