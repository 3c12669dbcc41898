/* SPDX-License-Identifier: MIT */
#include "kvm/age.h"

#include "kvm/shadow_dirty.h"
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

/* What is done in the TDP MMU and in the shadow MMU. */
struct visit {
	void (*tdp)(struct tdp_vm *vm, const struct tdp_entry *e,
		    void *context);
	bool (*shadow)(struct tdp_vm *vm, unsigned int as_id, uint64_t start,
		       uint64_t end);
};

/* The part of @slot that [@start, @end) backs. */
static bool visit_slot(struct tdp_vm *vm, const struct memslot *slot,
		       uint64_t start, uint64_t end, const struct visit *visit)
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
	tdp_for_each(vm, &range, visit->tdp, &young);
	return visit->shadow(vm, slot->as_id, range.start, range.end) || young;
}

static bool visit_slots(struct tdp_vm *vm, uint64_t start, uint64_t end,
			const struct visit *visit)
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
	const struct visit visit = { age_entry, shadow_age };

	trace(vm, kvm_age_hva, start, end);
	return visit_slots(vm, start, end, &visit);
}

bool age_test(struct tdp_vm *vm, uint64_t hva)
{
	const struct visit visit = { test_entry, shadow_test_age };

	trace(vm, kvm_test_age_hva, hva);
	return visit_slots(vm, hva, hva + 1, &visit);
}
