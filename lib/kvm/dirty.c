/* SPDX-License-Identifier: MIT */
#include "kvm/dirty.h"

#include "kvm/shadow_dirty.h"
#include "kvm/split.h"
#include "kvm/tdp_iter.h"
#include "kvm/tdp_mmu.h"

static struct tdp_range slot_range(const struct memslot *slot,
				   unsigned int min_level)
{
	return (struct tdp_range){
		.as_id = slot->as_id,
		.start = slot->base_gfn,
		.end = slot->base_gfn + slot->npages,
		.min_level = min_level,
	};
}

static void clear_bits(struct tdp_vm *vm, const struct tdp_entry *e,
		       uint64_t bits)
{
	if (e->spte & bits)
		tdp_set_spte(vm, e->page, e->hpa, e->gfn, e->spte & ~bits,
			     false);
}

uint64_t dirty_trap_bit(const struct tdp_vm *vm, uint64_t spte)
{
	/* PML logs what sets D; L2's writes are no use to it. */
	return !vm->fmt.pml || spte_needs_write_protect(&vm->fmt, spte) ?
		       SPTE_W :
		       vm->fmt.dirty;
}

/* Whole slots ---------------------------------------------------------------- */

/* KVM 6.12: wrprot_gfn_range(); mmu-writable stays, and a fault restores W. */
static void protect_entry(struct tdp_vm *vm, const struct tdp_entry *e,
			  void *context)
{
	(void)context;
	if (spte_leaf(e->spte, e->page->role.level))
		clear_bits(vm, e, SPTE_W);
}

/* KVM 6.12: clear_dirty_gfn_range() */
static void trap_entry(struct tdp_vm *vm, const struct tdp_entry *e,
		       void *context)
{
	(void)context;
	if (spte_leaf(e->spte, e->page->role.level))
		clear_bits(vm, e, dirty_trap_bit(vm, e->spte));
}

/* Eagerly, if the TDP MMU is on at all: kvm_mmu_try_split_huge_pages(). */
static void split_eagerly(struct tdp_vm *vm, const struct memslot *slot,
			  uint64_t start, uint64_t end)
{
	if (!behaviour_on(&vm->kvm, B_EAGER_PAGE_SPLIT) || !vm->tdp_mmu_enabled)
		return;
	shadow_split_range(vm, slot, start, end);
	split_range(vm, slot, start, end);
}

static void protect_slot(struct tdp_vm *vm, const struct memslot *slot,
			 unsigned int min_level)
{
	const struct tdp_range range = slot_range(slot, min_level);

	shadow_protect_slot(vm, slot, min_level);
	tdp_for_each(vm, &range, protect_entry, NULL);
}

static void trap_slot(struct tdp_vm *vm, const struct memslot *slot)
{
	const struct tdp_range range = slot_range(slot, TDP_LEVEL_4K);

	shadow_trap_slot(vm, slot);
	tdp_for_each(vm, &range, trap_entry, NULL);
}

void dirty_enable(struct tdp_vm *vm, const struct memslot *slot)
{
	bool all_dirty = dirty_initially_set(vm);

	if (slot->readonly)
		return;
	/* Dirty as they are, pages need no trap before they are cleared. */
	if (all_dirty &&
	    vm->kvm.value[B_DIRTY_INIT_SET] == DIRTY_INIT_SET_DEFERS)
		return;
	if (!all_dirty)
		split_eagerly(vm, slot, slot->base_gfn,
			      slot->base_gfn + slot->npages);
	if (!all_dirty && vm->fmt.pml)
		trap_slot(vm, slot);
	/* PML can't tell which part of a huge page was written. */
	protect_slot(vm, slot,
		     all_dirty || vm->fmt.pml ? TDP_LEVEL_2M : TDP_LEVEL_4K);
	vm->stats.tlb_flushes++;
}

void dirty_disable(struct tdp_vm *vm, const struct memslot *slot)
{
	/* What is write-protected stays so until the next write. */
	if (slot->readonly)
		return;
	if (shadow_collapse(vm, slot))
		vm->stats.tlb_flushes++;
	if (!vm_bug(vm))
		dirty_collapse(vm, slot);
}

/* Single pages --------------------------------------------------------------- */

/* KVM 6.12: write_protect_gfn(); the huge page is not to be fixed but split. */
static void protect_huge_entry(struct tdp_vm *vm, const struct tdp_entry *e,
			       void *context)
{
	(void)context;
	if (spte_leaf(e->spte, e->page->role.level))
		clear_bits(vm, e, SPTE_W | vm->fmt.mmu_writable);
}

static void protect_huge_page(struct tdp_vm *vm, const struct memslot *slot,
			      uint64_t gfn)
{
	const struct tdp_range range = {
		.as_id = slot->as_id,
		.start = gfn,
		.end = gfn + 1,
		.min_level = TDP_LEVEL_2M,
	};

	shadow_protect_huge(vm, slot, gfn);
	tdp_for_each(vm, &range, protect_huge_entry, NULL);
}

struct masked {
	uint64_t gfn; /* of bit 0 */
	uint64_t mask;
};

/* KVM 6.12: clear_dirty_pt_masked() */
static void trap_masked_entry(struct tdp_vm *vm, const struct tdp_entry *e,
			      void *context)
{
	const struct masked *m = context;

	if (e->page->role.level == TDP_LEVEL_4K &&
	    (m->mask & BIT(e->gfn - m->gfn)))
		clear_bits(vm, e, dirty_trap_bit(vm, e->spte));
}

/* The first and the last bit: the frames of a mask may lie in two 2M pages. */
static void rearm_huge(struct tdp_vm *vm, const struct memslot *slot,
		       uint64_t gfn, uint64_t mask)
{
	uint64_t start = gfn + (unsigned int)__builtin_ctzll(mask);
	uint64_t end = gfn + 63 - (unsigned int)__builtin_clzll(mask);

	split_eagerly(vm, slot, start, end + 1);
	protect_huge_page(vm, slot, start);
	if (start >> 9 != end >> 9)
		protect_huge_page(vm, slot, end);
}

void dirty_rearm(struct tdp_vm *vm, const struct memslot *slot, uint64_t first,
		 uint64_t mask)
{
	struct masked m = { .gfn = slot->base_gfn + first, .mask = mask };
	struct tdp_range range = {
		.as_id = slot->as_id,
		.end = m.gfn + 64,
		.min_level = TDP_LEVEL_4K,
	};

	assert(mask);
	if (dirty_initially_set(vm) &&
	    vm->kvm.value[B_DIRTY_INIT_SET] == DIRTY_INIT_SET_DEFERS)
		rearm_huge(vm, slot, m.gfn, mask);
	range.start = m.gfn + (unsigned int)__builtin_ctzll(mask);
	shadow_trap_masked(vm, slot, m.gfn, mask);
	tdp_for_each(vm, &range, trap_masked_entry, &m);
}
