/* SPDX-License-Identifier: MIT */
/*
 * Dirty logging has mapped a slot by 4 KiB pages; when it ends, large ones are
 * wanted again.  How is behaviour dirty.collapse.
 */
#include "kvm/dirty.h"
#include "kvm/fault.h"
#include "kvm/guest_memtype.h"
#include "kvm/role.h"
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

/*
 * What a write of the guest would map at @e, if no vCPU is needed to know it.
 * Accessed and dirty are set although nobody has touched the page.  Patch of
 * 2021-11-15: try_promote_lpage()
 */
static bool make_anew(const struct tdp_vm *vm, const struct collapse *c,
		      const struct tdp_entry *e, uint64_t *spte)
{
	struct spte_args args = {
		.role = &e->page->role,
		.level = e->page->role.level,
		.access = role_acc_all(&vm->kvm),
	};
	struct gup gup;
	bool wrprotected;

	if (hostmm_peek(&vm->mm, memslot_hva(c->slot, e->gfn), true, &gup) !=
		    GUP_OK ||
	    !memtype_try_get(vm, e->gfn, gup.mmio, &args.memtype_bits))
		return false;
	args.pfn = gup.hpa >> 12;
	args.host_writable = gup.writable;
	args.host_mmio = gup.mmio;
	*spte = spte_make(&vm->fmt, &args, &wrprotected);
	return true;
}

/*
 * try_get: a table that could be a page becomes one, be it empty; where it
 * can't, leaves that are too small are zapped as in 5.12.  The second version
 * of the patch took such a table for a page, too, with no effect: its frame
 * belongs to no huge page.
 */
static void promote_anew(struct tdp_vm *vm, const struct tdp_entry *e,
			 void *context)
{
	struct collapse *c = context;
	uint64_t spte;

	if (spte_leaf(e->spte, e->page->role.level)) {
		zap_leaf(vm, e, c);
	} else if (could_be_huge(vm, c, e) && make_anew(vm, c, e, &spte)) {
		tdp_set_spte(vm, e->page, e->hpa, e->gfn, spte, true);
		c->flush = true;
	}
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
	case DIRTY_COLLAPSE_TRY_GET:
		return promote_anew;
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
		.min_level = visit == zap_leaf || visit == promote_anew ?
				     TDP_LEVEL_4K :
				     TDP_LEVEL_2M,
	};

	if (visit)
		tdp_for_each(vm, &range, visit, &c);
	vm->stats.tlb_flushes += c.flush;
}
