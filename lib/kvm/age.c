/* SPDX-License-Identifier: MIT */
#include "kvm/age.h"

#include "kvm/tdp_iter.h"
#include "kvm/tdp_mmu.h"

static bool is_young_leaf(const struct tdp_vm *vm, const struct tdp_entry *e)
{
	return spte_leaf(e->spte, e->page->role.level) &&
	       spte_accessed(&vm->fmt, e->spte);
}

/*
 * Where the processor keeps no A bits, the entry loses its rights instead, and
 * a fault that changes nothing else gives them back.  KVM 6.12:
 * age_gfn_range()
 */
static void age_entry(struct tdp_vm *vm, const struct tdp_entry *e,
		      void *context)
{
	bool *young = context;

	if (!is_young_leaf(vm, e))
		return;
	*young = true;
	tdp_set_spte(vm, e->page, e->hpa, e->gfn,
		     spte_mark_access_track(&vm->fmt, e->spte), false);
}

static void test_entry(struct tdp_vm *vm, const struct tdp_entry *e,
		       void *context)
{
	bool *young = context;

	*young |= is_young_leaf(vm, e);
}

typedef void (*visitor)(struct tdp_vm *vm, const struct tdp_entry *e,
			void *context);

/* The part of @slot that [@start, @end) backs. */
static bool visit_slot(struct tdp_vm *vm, const struct memslot *slot,
		       uint64_t start, uint64_t end, visitor visit)
{
	struct tdp_range range = {
		.as_id = slot->as_id,
		.min_level = TDP_LEVEL_4K,
		.invalid_roots = true,
	};
	bool young = false;

	start = max_u64(start, slot->hva);
	end = min_u64(end, slot->hva + (slot->npages << 12));
	if (start >= end)
		return false;
	range.start = slot->base_gfn + ((start - slot->hva) >> 12);
	range.end = slot->base_gfn + ((end - slot->hva + FRAME_MASK) >> 12);
	tdp_for_each(vm, &range, visit, &young);
	return young;
}

static bool visit_slots(struct tdp_vm *vm, uint64_t start, uint64_t end,
			visitor visit)
{
	unsigned int as_id;
	bool young = false;
	size_t i;

	for (as_id = 0; as_id < NR_ADDRESS_SPACES; as_id++)
		for (i = 0; i < vm->slots[as_id].nr; i++)
			young |= visit_slot(vm, &vm->slots[as_id].slots[i],
					    start, end, visit);
	return young;
}

bool age_range(struct tdp_vm *vm, uint64_t start, uint64_t end)
{
	trace(vm, kvm_age_hva, start, end);
	return visit_slots(vm, start, end, age_entry);
}

bool age_test(struct tdp_vm *vm, uint64_t hva)
{
	trace(vm, kvm_test_age_hva, hva);
	return visit_slots(vm, hva, hva + 1, test_entry);
}
