/* SPDX-License-Identifier: MIT */
#include "kvm/notify.h"

#include "kvm/shadow.h"
#include "kvm/tdp_mmu.h"

static bool unmap_slot(struct tdp_vm *vm, const struct memslot *slot,
		       uint64_t start, uint64_t end)
{
	uint64_t first, last;
	bool zapped;

	start = max_u64(start, slot->hva);
	end = min_u64(end, slot->hva + (slot->npages << 12));
	if (start >= end)
		return false;
	first = slot->base_gfn + ((start - slot->hva) >> 12);
	last = slot->base_gfn + ((end - slot->hva + 0xfff) >> 12);
	zapped = shadow_zap_gfns(vm, slot->as_id, first, last);
	return tdp_zap_leaves(vm, (int)slot->as_id, first, last) || zapped;
}

void notify_unmap(struct tdp_vm *vm, uint64_t start, uint64_t end)
{
	unsigned int as_id;
	bool zapped = false;
	size_t i;

	trace(vm, kvm_unmap_hva_range, start, end);
	for (as_id = 0; as_id < NR_ADDRESS_SPACES; as_id++)
		for (i = 0; i < vm->slots[as_id].nr; i++)
			zapped |= unmap_slot(vm, &vm->slots[as_id].slots[i],
					     start, end);
	if (zapped)
		vm->stats.tlb_flushes++;
	vm->invalidate_seq++;
}
