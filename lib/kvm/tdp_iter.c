/* SPDX-License-Identifier: MIT */
#include "kvm/tdp_iter.h"

#include "mem/physmem.h"

struct iter {
	struct tdp_vm *vm;
	const struct tdp_range *range;
	void (*visit)(struct tdp_vm *vm, const struct tdp_entry *e,
		      void *context);
	void *context;
};

static bool present(const struct tdp_vm *vm, uint64_t spte)
{
	return spte_present(&vm->fmt, spte);
}

static struct tdp_entry entry_at(const struct tdp_vm *vm, struct mmu_page *page,
				 unsigned int index)
{
	struct tdp_entry e = {
		.page = page,
		.hpa = page_hpa(vm, page) + 8 * index,
		.gfn = page->gfn + index * level_pages(page->role.level),
	};

	e.spte = physmem_read64(&vm->pm, e.hpa);
	return e;
}

/* Where the first entry that ends above @gfn is. */
static unsigned int first_index(const struct mmu_page *page, uint64_t gfn)
{
	if (gfn <= page->gfn)
		return 0;
	return (unsigned int)min_u64((gfn - page->gfn) /
					     level_pages(page->role.level),
				     SPTES_PER_PAGE);
}

static void table(const struct iter *it, struct mmu_page *page)
{
	unsigned int level = page->role.level;
	unsigned int i = first_index(page, it->range->start);

	for (; i < SPTES_PER_PAGE; i++) {
		struct tdp_entry e = entry_at(it->vm, page, i);

		if (e.gfn >= it->range->end)
			return;
		if (!present(it->vm, e.spte))
			continue;
		it->visit(it->vm, &e, it->context);
		e.spte = physmem_read64(&it->vm->pm, e.hpa);
		if (level > it->range->min_level && present(it->vm, e.spte) &&
		    !spte_leaf(e.spte, level))
			table(it, page_at(it->vm, e.spte & SPTE_ADDRESS));
	}
}

void tdp_for_each(struct tdp_vm *vm, const struct tdp_range *range,
		  void (*visit)(struct tdp_vm *vm, const struct tdp_entry *e,
				void *context),
		  void *context)
{
	const struct iter it = { vm, range, visit, context };
	uint32_t i;

	assert(range->min_level >= TDP_LEVEL_4K);
	for (i = vm->first_root; i; i = vm->pages[i].next_root) {
		struct mmu_page *root = &vm->pages[i];

		if (role_as_id(&root->role) == range->as_id &&
		    (range->invalid_roots || !root->role.invalid))
			table(&it, root);
	}
}

bool tdp_first_leaf(struct tdp_vm *vm, struct mmu_page *page,
		    struct tdp_entry *leaf)
{
	unsigned int i;

	for (i = 0; i < SPTES_PER_PAGE; i++) {
		*leaf = entry_at(vm, page, i);
		if (!present(vm, leaf->spte))
			continue;
		if (spte_leaf(leaf->spte, page->role.level) ||
		    tdp_first_leaf(vm, page_at(vm, leaf->spte & SPTE_ADDRESS),
				   leaf))
			return true;
	}
	return false;
}
