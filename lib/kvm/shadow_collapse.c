/* SPDX-License-Identifier: MIT */
/*
 * When dirty logging ends, small direct leaves of the shadow MMU are zapped
 * where a large page may be.  Which ones is behaviour shadow.collapse.
 */
#include "kvm/fault.h"
#include "kvm/rmap_walk.h"
#include "kvm/shadow_dirty.h"
#include "kvm/shadow_page.h"

/* The host's page behind @gfn: 5.10 asked no more, not even for the slot. */
static unsigned int host_level(const struct tdp_vm *vm,
			       const struct memslot *slot, uint64_t gfn)
{
	struct gup gup;

	if (!memslot_covers(slot, gfn) ||
	    hostmm_peek(&vm->mm, memslot_hva(slot, gfn), false, &gup) != GUP_OK)
		return TDP_LEVEL_4K;
	return gup.level;
}

/*
 * lpage_info has one element a large page from the slot's first to its last;
 * the search goes from 1 GiB down until a size is allowed.
 */
static bool reads_before_start(const struct tdp_vm *vm,
			       const struct memslot *slot, uint64_t gfn)
{
	unsigned int level = vm->max_huge_level;

	for (; level > TDP_LEVEL_4K; level--) {
		unsigned int shift = 9 * (level - 1);

		if (gfn >> shift < slot->base_gfn >> shift)
			return true;
		if (!memslot_disallows_level(slot, gfn, level))
			return false;
	}
	return false;
}

struct collapse {
	const struct memslot *slot;
	enum value_shadow_collapse rule;
};

/* KVM 6.12: kvm_mmu_zap_collapsible_spte(), which asks for the table's frame */
static bool is_collapsible(struct tdp_vm *vm, uint64_t sptep, void *context,
			   bool *stop)
{
	const struct mmu_page *page = sptep_page(vm, sptep);
	const struct collapse *c = context;

	if (!page->role.direct)
		return false;
	if (c->rule == SHADOW_COLLAPSE_HOST_HUGE)
		return host_level(
			       vm, c->slot,
			       page_entry_gfn(vm, page, sptep_index(sptep))) >
		       TDP_LEVEL_4K;
	if (c->rule == SHADOW_COLLAPSE_IN_SLOT &&
	    !memslot_covers(c->slot, page->gfn))
		return false;
	if (reads_before_start(vm, c->slot, page->gfn)) {
		vm->ended = TDP_WHY_LPAGE_INFO_BOUNDS;
		*stop = true;
		return false;
	}
	return page->role.level <
	       fault_max_mapping_level(vm, c->slot, page->gfn, TDP_LEVEL_1G,
				       host_level(vm, c->slot, page->gfn));
}

bool shadow_collapse(struct tdp_vm *vm, const struct memslot *slot)
{
	struct collapse c = { slot, vm->kvm.value[B_SHADOW_COLLAPSE] };
	/* Nothing 1 GiB large can grow; up to 5.19 only the smallest did. */
	const struct rmap_range range = {
		.as_id = slot->as_id,
		.min_level = TDP_LEVEL_4K,
		.max_level = c.rule == SHADOW_COLLAPSE_HOST_HUGE ||
					     c.rule ==
						     SHADOW_COLLAPSE_SMALLEST ?
				     TDP_LEVEL_4K :
				     TDP_LEVEL_2M,
		.start = slot->base_gfn,
		.end = slot->base_gfn + slot->npages,
	};

	return rmap_drop(vm, &range, is_collapsible, &c);
}
