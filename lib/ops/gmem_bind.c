/* SPDX-License-Identifier: MIT */
/* KVM_SET_USER_MEMORY_REGION2: the slots that have a guest_memfd. */
#include <errno.h>

#include "kvm/private.h"
#include "ops/ops.h"

static bool refuse(struct tdp_result *result, int err, enum tdp_reason why)
{
	result_fail(result, err, why);
	return true;
}

/* May a slot of this VM have the flag?  KVM 6.12: check_memory_region_flags() */
static bool flag_allowed(const struct tdp_vm *vm)
{
	return vm->kvm.value[B_GMEM_API] != GMEM_API_PRIVATE ||
	       vm_has_private_mem(vm);
}

bool memslot_check_gmem(const struct tdp_vm *vm,
			const struct tdp_memslot *region,
			struct tdp_result *result)
{
	if (!region->gmem)
		return false;
	if (vm->kvm.value[B_GMEM_API] == GMEM_API_NONE)
		return refuse(result, -ENOTTY, TDP_WHY_NO_IOCTL);
	if (!flag_allowed(vm))
		return refuse(result, -EINVAL, TDP_WHY_NO_PRIVATE_MEMORY);
	if (region->flag_dirty_log || region->flag_readonly)
		return refuse(result, -EINVAL, TDP_WHY_GMEM_SLOT);
	if ((region->gmem_offset & FRAME_MASK) ||
	    region->gmem_offset + region->size < region->gmem_offset)
		return refuse(result, -EINVAL, TDP_WHY_GMEM_RANGE);
	return false;
}

/* Is any page of @slot's part of the file bound already? */
static bool bound(const struct tdp_vm *vm, const struct memslot *slot)
{
	unsigned int as_id;
	size_t i;

	for (as_id = 0; as_id < NR_ADDRESS_SPACES; as_id++)
		for (i = 0; i < vm->slots[as_id].nr; i++) {
			const struct memslot *s = &vm->slots[as_id].slots[i];

			if (s->gmem == slot->gmem &&
			    s->gmem_page < slot->gmem_page + slot->npages &&
			    slot->gmem_page < s->gmem_page + s->npages)
				return true;
		}
	return false;
}

/* KVM 6.12: kvm_gmem_bind() */
bool memslot_bind_gmem(const struct tdp_vm *vm,
		       const struct tdp_memslot *region, struct memslot *slot,
		       struct tdp_result *result)
{
	const struct gmem *file = gmems_find(&vm->gmems, region->gmem);
	bool eexist = vm->kvm.value[B_GMEM_API] == GMEM_API_MMAP_EEXIST;

	if (!region->gmem)
		return false;
	if (!file)
		return refuse(result, -EBADF, TDP_WHY_NO_GMEM);
	if (region->gmem_offset > file->size ||
	    region->size > file->size - region->gmem_offset)
		return refuse(result, -EINVAL, TDP_WHY_GMEM_RANGE);
	slot->gmem = region->gmem;
	slot->gmem_page = region->gmem_offset >> 12;
	slot->gmem_only = file->flags & TDP_GMEM_MMAP;
	if (bound(vm, slot))
		return refuse(result, eexist ? -EEXIST : -EINVAL,
			      TDP_WHY_GMEM_BOUND);
	return false;
}
