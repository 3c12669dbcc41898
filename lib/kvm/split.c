/* SPDX-License-Identifier: MIT */
#include "kvm/split.h"

#include <errno.h>

#include "kvm/page.h"
#include "kvm/tdp_iter.h"
#include "kvm/tdp_mmu.h"

static void fill(struct tdp_vm *vm, struct mmu_page *child, uint64_t huge)
{
	uint64_t table = page_hpa(vm, child);
	unsigned int i;

	for (i = 0; i < SPTES_PER_PAGE; i++)
		physmem_write64(
			&vm->pm, table + 8 * i,
			spte_make_small(&vm->fmt, huge, &child->role, i));
	page_count_leaf(vm, child->role.level, SPTES_PER_PAGE);
}

void split_trace(const struct tdp_vm *vm, uint64_t gfn, uint64_t huge,
		 unsigned int level, int err)
{
	trace(vm, kvm_mmu_split_huge_page, gfn, huge, level,
	      (uint64_t)(int64_t)err);
}

void split_huge(struct tdp_vm *vm, struct mmu_page *parent,
		struct mmu_page *child, uint64_t hpa, uint64_t gfn,
		uint64_t huge)
{
	fill(vm, child, huge);
	tdp_link_table(vm, parent, child, hpa, gfn);
	split_trace(vm, gfn, huge, parent->role.level, 0);
}

/* KVM 6.12: the loop of tdp_mmu_split_huge_pages_root() */
static void split_entry(struct tdp_vm *vm, const struct tdp_entry *e,
			void *context)
{
	bool *out_of_memory = context;
	struct mmu_page *child;

	if (*out_of_memory || !spte_leaf(e->spte, e->page->role.level))
		return;
	child = tdp_table_alloc(vm, e->page, e->hpa, e->gfn);
	if (!child) {
		/* Best effort: the first write splits what is left. */
		split_trace(vm, e->gfn, e->spte, e->page->role.level, -ENOMEM);
		*out_of_memory = true;
		return;
	}
	split_huge(vm, e->page, child, e->hpa, e->gfn, e->spte);
}

void split_range(struct tdp_vm *vm, const struct memslot *slot, uint64_t start,
		 uint64_t end)
{
	const struct tdp_range range = {
		.as_id = slot->as_id,
		.start = start,
		.end = end,
		.min_level = TDP_LEVEL_2M,
	};
	bool out_of_memory = false;

	tdp_for_each(vm, &range, split_entry, &out_of_memory);
}
