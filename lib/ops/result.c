/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "ops/ops.h"
#include "base/error.h"

#define MEMORY_FAULT_PRIVATE BIT(3) /* KVM_MEMORY_EXIT_FLAG_PRIVATE */

void result_begin(struct tdp_result *result)
{
	*result = (struct tdp_result){ 0 };
}

bool result_vm_dead(const struct tdp_vm *vm, struct tdp_result *result)
{
	if (vm_is_dead(vm))
		result_fail(result, -EIO, TDP_WHY_VM_DEAD);
	return vm_is_dead(vm);
}

void result_end(const struct tdp_vcpu *vcpu, struct tdp_result *result)
{
	const struct mmu_page *root = root_page(vcpu->vm, vcpu->mmu->root.hpa);

	if (unlikely(vm_bug(vcpu->vm))) {
		result->outcome = TDP_OUTCOME_KERNEL_BUG;
		result->reason = vm_bug(vcpu->vm);
	}
	if (!root)
		return;
	result->root_role = root->role_word;
	result->root_as_id = role_as_id(&root->role);
	result->root_id = root->root_id;
}

int result_fail(struct tdp_result *result, int err, enum tdp_reason why)
{
	result->ret = err;
	result->outcome = TDP_OUTCOME_FAILED;
	result->reason = why;
	return TDP_OK;
}

int check_alive(const struct tdp_vm *vm, struct tdp_error *err)
{
	if (likely(!vm_bug(vm)))
		return TDP_OK;
	return err_set(err, TDP_EUNSUPPORTED,
		       "vm-death: a bug of the kernel has hit; what it does "
		       "afterwards can't be told");
}

/* KVM 6.12: kvm_prepare_memory_fault_exit() */
void result_memory_fault(struct tdp_result *result, const struct fault *f)
{
	if (!f->memory_fault)
		return;
	result->exit_reason = KVM_EXIT_MEMORY_FAULT;
	result->memory_fault_flags = f->is_private ? MEMORY_FAULT_PRIVATE : 0;
	result->memory_fault_gpa = f->gfn << 12;
	result->memory_fault_size = FRAME_SIZE;
}

int result_fault(struct tdp_result *result, unsigned int vector,
		 uint64_t error_code, enum tdp_reason why)
{
	result->outcome = TDP_OUTCOME_GUEST_FAULT;
	result->reason = why;
	result->vector = vector;
	result->error_code = error_code;
	return TDP_OK;
}

int result_block(struct tdp_result *result, enum tdp_reason why)
{
	result->outcome = TDP_OUTCOME_BLOCKED;
	result->reason = why;
	return TDP_OK;
}
