/* SPDX-License-Identifier: MIT */
/*
 * Dirty logging has mapped a slot by 4 KiB pages; when it ends, large ones are
 * wanted again.  How is behaviour dirty.collapse.
 */
#include "kvm/dirty.h"
#include "kvm/fault.h"
#include "kvm/tdp_iter.h"
#include "kvm/tdp_mmu.h"

struct collapse {
	const struct memslot *slot;
	bool flush;
};

/* How large may a page be that maps @gfn? */
static unsigned int level_for(const struct tdp_vm *vm,
			      const struct memslot *slot, uint64_t gfn)
{
	struct gup gup;

	if (!memslot_covers(slot, gfn) ||
	    hostmm_peek(&vm->mm, memslot_hva(slot, gfn), false, &gup) != GUP_OK)
		return TDP_LEVEL_4K;
	return fault_max_mapping_level(vm, slot, gfn, TDP_LEVEL_1G, gup.level);
}

/* A table that could be a page; what lies outside the slot can't be. */
static bool could_be_huge(const struct tdp_vm *vm, const struct collapse *c,
			  const struct tdp_entry *e)
{
	unsigned int level = e->page->role.level;

	return level <= TDP_LEVEL_1G && !spte_leaf(e->spte, level) &&
	       level_for(vm, c->slot, e->gfn) >= level;
}

static struct mmu_page *table_of(const struct tdp_vm *vm,
				 const struct tdp_entry *e)
{
	return page_at(vm, e->spte & SPTE_ADDRESS);
}

/* 5.12: leaves that are smaller than the host's page; their tables stay. */
static void zap_leaf(struct tdp_vm *vm, const struct tdp_entry *e,
		     void *context)
{
	struct collapse *c = context;
	unsigned int level = e->page->role.level;

	if (!spte_leaf(e->spte, level) ||
	    level_for(vm, c->slot, e->gfn) <= level)
		return;
	tdp_set_spte(vm, e->page, e->hpa, e->gfn, vm->fmt.nonpresent, true);
	c->flush = true;
}

/*
 * 5.19: from a leaf that is too small up to the level of the host's page.
 * Seen from above, that is the largest table that could be a page and has a
 * leaf.
 */
static void step_up(struct tdp_vm *vm, const struct tdp_entry *e, void *context)
{
	struct tdp_entry leaf;

	if (could_be_huge(vm, context, e) &&
	    tdp_first_leaf(vm, table_of(vm, e), &leaf))
		tdp_zap_atomic(vm, e->page, e->hpa, e->gfn);
}

/* 6.0: every table, be it empty. */
static void zap_table(struct tdp_vm *vm, const struct tdp_entry *e,
		      void *context)
{
	if (could_be_huge(vm, context, e))
		tdp_zap_atomic(vm, e->page, e->hpa, e->gfn);
}

/* 6.13: the table's first leaf stands for all of it. */
static void promote(struct tdp_vm *vm, const struct tdp_entry *e, void *context)
{
	struct collapse *c = context;
	struct tdp_entry leaf;

	if (!could_be_huge(vm, c, e) ||
	    !tdp_first_leaf(vm, table_of(vm, e), &leaf))
		return;
	tdp_set_spte(vm, e->page, e->hpa, e->gfn,
		     spte_make_huge(&vm->fmt, leaf.spte, e->page->role.level),
		     true);
	c->flush = true;
}

typedef void (*visitor)(struct tdp_vm *vm, const struct tdp_entry *e,
			void *context);

static visitor visitor_of(const struct tdp_vm *vm)
{
	switch (vm->kvm.value[B_DIRTY_COLLAPSE]) {
	case DIRTY_COLLAPSE_ZAP_LEAF:
		return zap_leaf;
	case DIRTY_COLLAPSE_STEP_UP:
		return step_up;
	case DIRTY_COLLAPSE_ZAP_TABLE:
		return zap_table;
	case DIRTY_COLLAPSE_IN_PLACE:
		return promote;
	default:
		/*
		 * 5.10 asked whether the frame of the table itself belongs to
		 * a huge page, which no table's does.
		 */
		return NULL;
	}
}

void dirty_collapse(struct tdp_vm *vm, const struct memslot *slot)
{
	struct collapse c = { .slot = slot };
	visitor visit = visitor_of(vm);
	struct tdp_range range = {
		.as_id = slot->as_id,
		.start = slot->base_gfn,
		.end = slot->base_gfn + slot->npages,
		.min_level = visit == zap_leaf ? TDP_LEVEL_4K : TDP_LEVEL_2M,
	};

	if (visit)
		tdp_for_each(vm, &range, visit, &c);
	vm->stats.tlb_flushes += c.flush;
}
