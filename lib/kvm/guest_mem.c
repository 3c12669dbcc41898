/* SPDX-License-Identifier: MIT */
#include "kvm/guest_mem.h"

#include "kvm/dirty_log.h"
#include "kvm/notify.h"

enum guest_mem_status guest_mem_frame(struct tdp_vm *vm, unsigned int as_id,
				      uint64_t gpa, bool write, uint64_t *hpa)
{
	const struct memslot *slot = memslots_find(&vm->slots[as_id],
						   gpa >> 12);
	enum gup_status status;
	struct gup gup;

	if (!slot || slot->invalid)
		return GUEST_MEM_NO_SLOT;
	if (write && slot->readonly)
		return GUEST_MEM_READ_ONLY;
	if (hostmm_gup(&vm->mm, memslot_hva(slot, gpa >> 12), write, &status,
		       &gup, NULL))
		return GUEST_MEM_NO_MEMORY;
	notify_unmap_all(vm, &gup.notices);
	if (status == GUP_BLOCKS)
		return GUEST_MEM_BLOCKS;
	if (status != GUP_OK)
		return GUEST_MEM_FAULT;
	*hpa = gup.hpa | (gpa & FRAME_MASK);
	return GUEST_MEM_OK;
}

enum guest_mem_status guest_mem_read(struct tdp_vm *vm, unsigned int as_id,
				     uint64_t gpa, unsigned int size,
				     uint64_t *value)
{
	enum guest_mem_status status;
	uint64_t hpa;

	assert((gpa & FRAME_MASK) + size <= FRAME_SIZE);
	status = guest_mem_frame(vm, as_id, gpa, false, &hpa);
	if (status)
		return status;
	*value = 0;
	memcpy(value, vm->pm.base + hpa, size);
	return GUEST_MEM_OK;
}

enum guest_mem_status guest_mem_write(struct tdp_vm *vm, unsigned int as_id,
				      uint64_t gpa, unsigned int size,
				      uint64_t value)
{
	enum guest_mem_status status;
	uint64_t hpa;

	assert((gpa & FRAME_MASK) + size <= FRAME_SIZE);
	status = guest_mem_frame(vm, as_id, gpa, true, &hpa);
	if (status)
		return status;
	physmem_copy_in(&vm->pm, hpa, &value, size);
	dirty_log_mark(memslots_find(&vm->slots[as_id], gpa >> 12), gpa >> 12);
	return GUEST_MEM_OK;
}
