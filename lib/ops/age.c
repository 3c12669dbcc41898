/* SPDX-License-Identifier: MIT */
/* The host asks which pages were used, to know which to reclaim. */
#include "kvm/age.h"

#include <inttypes.h>

#include "base/error.h"
#include "ops/ops.h"

/* Where @gpa is in userspace, with @size bytes in the same slot. */
static int find_hva(const struct tdp_vm *vm, unsigned int as_id, uint64_t gpa,
		    uint64_t size, uint64_t *hva, struct tdp_error *err)
{
	const struct memslot *slot;

	if (as_id >= NR_ADDRESS_SPACES || !size)
		return err_set(err, TDP_EINVAL,
			       "no bytes, or no such address space");
	slot = memslots_find(&vm->slots[as_id], gpa >> 12);
	if (!slot || size > ((slot->base_gfn + slot->npages) << 12) - gpa)
		return err_set(err, TDP_EINVAL,
			       "no single memslot covers 0x%" PRIx64
			       " + 0x%" PRIx64,
			       gpa, size);
	*hva = memslot_hva(slot, gpa >> 12) + (gpa & FRAME_MASK);
	return TDP_OK;
}

int tdp_vm_age(struct tdp_vm *vm, unsigned int as_id, tdp_gpa gpa,
	       uint64_t size, struct tdp_result *result, struct tdp_error *err)
{
	uint64_t hva;
	int ret;

	result_begin(result);
	ret = check_alive(vm, err);
	if (!ret)
		ret = find_hva(vm, as_id, gpa.addr, size, &hva, err);
	if (!ret)
		result->value = age_range(vm, hva, hva + size);
	return ret;
}

int tdp_vm_test_age(struct tdp_vm *vm, unsigned int as_id, tdp_gpa gpa,
		    struct tdp_result *result, struct tdp_error *err)
{
	uint64_t hva;
	int ret;

	result_begin(result);
	ret = find_hva(vm, as_id, gpa.addr, 1, &hva, err);
	if (!ret)
		result->value = age_test(vm, hva);
	return ret;
}
