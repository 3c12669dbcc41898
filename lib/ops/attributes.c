/* SPDX-License-Identifier: MIT */
/* KVM_SET_MEMORY_ATTRIBUTES: which memory of the guest is private. */
#include <errno.h>

#include "kvm/notify.h"
#include "kvm/private.h"
#include "ops/ops.h"
#include "ops/stepped.h"

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

/* What the ioctl answers without doing anything: *@done. */
static int answer(struct tdp_vm *vm, const struct attribute_change *c,
		  struct tdp_result *result, bool *done, struct tdp_error *err)
{
	uint64_t start = c->gpa >> 12, end = (c->gpa + c->size) >> 12;
	enum tdp_reason why;
	int ret;

	*done = true;
	if (result_vm_dead(vm, result))
		return TDP_OK;
	ret = check_alive(vm, err);
	if (ret)
		return ret;
	if (!behaviour_on(&vm->kvm, B_SW_PROTECTED_VM))
		return result_fail(result, -ENOTTY, TDP_WHY_NO_IOCTL);
	why = check(vm, c->gpa, c->size, c->attributes, c->flags);
	if (why)
		return result_fail(result, -EINVAL, why);
	if (vm->kvm.value[B_ATTRIBUTES_TRACE] == ATTRIBUTES_TRACE_EVENT)
		trace(vm, kvm_vm_set_mem_attributes, start, end, c->attributes);
	*done = gfn_set_all(&vm->private_gfns, start, end, c->attributes);
	return TDP_OK;
}

int tdp_vm_set_attributes(struct tdp_vm *vm, tdp_gpa gpa, uint64_t size,
			  uint64_t attributes, uint64_t flags,
			  struct tdp_result *result, struct tdp_error *err)
{
	uint64_t start = gpa.addr >> 12, end = (gpa.addr + size) >> 12;
	const struct attribute_change change = {
		.gpa = gpa.addr,
		.size = size,
		.attributes = attributes,
		.flags = flags,
	};
	bool done;
	int ret;

	result_begin(result);
	ret = answer(vm, &change, result, &done, err);
	if (ret || done)
		return ret;
	ret = gfn_set_change(&vm->private_gfns, start, end, attributes, err);
	if (!ret)
		unmap(vm, start, end);
	return ret;
}

bool tdp_vm_is_private(const struct tdp_vm *vm, tdp_gpa gpa)
{
	return gfn_is_private(vm, gpa.addr >> 12);
}

/* One step of the kernel at a time ------------------------------------------- */

void op_set_attributes(struct op *op, struct tdp_vm *vm,
		       const struct attribute_change *change,
		       struct tdp_error *err)
{
	*op = (struct op){ .kind = OP_SET_ATTRIBUTES, .vm = vm, .err = err };
	op->holds_slots = true;
	op->u.attributes = *change;
	op->u.attributes.stage = 0;
	result_begin(&op->result);
}

/*
 * KVM 6.12: kvm_vm_set_mem_attributes(): zap and open the range, store what the
 * frames are, close it
 */
int attributes_step(struct op *op)
{
	struct attribute_change *c = &op->u.attributes;
	uint64_t start = c->gpa >> 12, end = (c->gpa + c->size) >> 12;
	struct tdp_vm *vm = op->vm;
	int ret;

	switch (c->stage++) {
	case 0:
		ret = answer(vm, c, &op->result, &op->done, op->err);
		if (!ret && !op->done)
			notify_begin_gfns(vm, start, end);
		return ret;
	case 1:
		return gfn_set_change(&vm->private_gfns, start, end,
				      c->attributes, op->err);
	default:
		notify_end(vm);
		op->done = true;
		return TDP_OK;
	}
}
