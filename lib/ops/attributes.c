/* SPDX-License-Identifier: MIT */
/* KVM_SET_MEMORY_ATTRIBUTES: which memory of the guest is private. */
#include <errno.h>

#include "kvm/notify.h"
#include "kvm/private.h"
#include "ops/ops.h"

/* KVM 6.12: kvm_vm_ioctl_set_mem_attributes(), in its order. */
static enum tdp_reason check(const struct tdp_vm *vm, uint64_t gpa,
			     uint64_t size, uint64_t attributes, uint64_t flags)
{
	if (flags)
		return TDP_WHY_FLAGS;
	if (attributes & ~TDP_ATTRIBUTE_PRIVATE)
		return TDP_WHY_ATTRIBUTES;
	if (attributes && !vm_has_private_mem(vm))
		return TDP_WHY_NO_PRIVATE_MEMORY;
	if (!size || gpa + size < gpa)
		return TDP_WHY_EMPTY_OR_WRAPS;
	if ((gpa | size) & FRAME_MASK)
		return TDP_WHY_UNALIGNED;
	return TDP_WHY_NONE;
}

/* What maps the range goes, a huge page that reaches into it as a whole. */
static void unmap(struct tdp_vm *vm, uint64_t start, uint64_t end)
{
	const struct memslots *slots = &vm->slots[0];
	size_t i;

	for (i = 0; i < slots->nr; i++)
		notify_unmap_gfns(vm, &slots->slots[i], start, end);
}

int tdp_vm_set_attributes(struct tdp_vm *vm, tdp_gpa gpa, uint64_t size,
			  uint64_t attributes, uint64_t flags,
			  struct tdp_result *result, struct tdp_error *err)
{
	uint64_t start = gpa.addr >> 12, end = (gpa.addr + size) >> 12;
	enum tdp_reason why;
	int ret;

	result_begin(result);
	if (result_vm_dead(vm, result))
		return TDP_OK;
	ret = check_alive(vm, err);
	if (ret)
		return ret;
	if (!behaviour_on(&vm->kvm, B_SW_PROTECTED_VM))
		return result_fail(result, -ENOTTY, TDP_WHY_NO_IOCTL);
	why = check(vm, gpa.addr, size, attributes, flags);
	if (why)
		return result_fail(result, -EINVAL, why);
	if (gfn_set_all(&vm->private_gfns, start, end, attributes))
		return TDP_OK;
	ret = gfn_set_change(&vm->private_gfns, start, end, attributes, err);
	if (!ret)
		unmap(vm, start, end);
	return ret;
}

bool tdp_vm_is_private(const struct tdp_vm *vm, tdp_gpa gpa)
{
	return gfn_is_private(vm, gpa.addr >> 12);
}
