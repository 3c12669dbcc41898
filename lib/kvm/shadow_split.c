/* SPDX-License-Identifier: MIT */
/* Eager splitting of what L1's nested tables map with huge pages. */
#include <errno.h>

#include "kvm/shadow_dirty.h"
#include "kvm/shadow_spte.h"
#include "kvm/split.h"

/* KVM 6.12: KVM_ARCH_NR_OBJS_PER_MEMORY_CACHE, KVM_MIN_FREE_MMU_PAGES */
#define SPLIT_CACHE    40u
#define MIN_FREE_PAGES 5u

/*
 * A direct table that stands for the huge leaf; other leaves may lead to it
 * already, and then parts of it are there.
 */
static void fill(struct tdp_vm *vm, struct mmu_page *child, uint64_t huge)
{
	unsigned int i;

	for (i = 0; i < SPTES_PER_PAGE; i++) {
		uint64_t sptep = entry_hpa(vm, child, i);
		uint64_t old = physmem_read64(&vm->pm, sptep);

		if (spte_present(&vm->fmt, old))
			continue;
		physmem_write64(
			&vm->pm, sptep,
			spte_make_small(&vm->fmt, huge, &child->role, i));
		sptep_map(vm, sptep, page_entry_gfn(vm, child, i),
			  child->role.access);
	}
}

/* KVM 6.12: shadow_mmu_split_huge_page() */
static int split(struct tdp_vm *vm, uint64_t sptep, uint64_t gfn, uint64_t huge)
{
	const struct mmu_page *page = sptep_page(vm, sptep);
	unsigned int index = sptep_index(sptep);
	struct tdp_role role = role_child(&vm->kvm, &page->role, index, true,
					  page_entry_access(vm, page, index));
	struct mmu_page *child;

	/* A direct page needs no guest tables: any vCPU will do. */
	if (shadow_get_page(vm->vcpus[0], gfn, &role, &child))
		return -ENOMEM;
	fill(vm, child, huge);
	sptep_link(vm, sptep, child);
	return 0;
}

/* KVM 6.12: shadow_mmu_try_split_huge_page() */
static int try_split(struct tdp_vm *vm, uint64_t sptep)
{
	const struct mmu_page *page = sptep_page(vm, sptep);
	uint64_t gfn = page_entry_gfn(vm, page, sptep_index(sptep));
	uint64_t huge = physmem_read64(&vm->pm, sptep);
	unsigned int level = page->role.level;
	int err;

	if (shadow_available_pages(vm) <= MIN_FREE_PAGES) {
		err = -ENOSPC;
	} else if (!vm->shadow->split_cache) {
		vm->shadow->split_cache = SPLIT_CACHE;
		err = -EAGAIN;
	} else {
		uint64_t created = vm->shadow->nr_created;

		err = split(vm, sptep, gfn, huge);
		vm->shadow->split_cache -=
			(unsigned int)(vm->shadow->nr_created - created);
	}
	split_trace(vm, gfn, huge, level, err);
	return err;
}

/* Only pages of nested TDP; up to 6.12 shadow NPT does not say that it is. */
static bool may_split(const struct tdp_vm *vm, uint64_t sptep)
{
	const struct mmu_page *page = sptep_page(vm, sptep);

	return page->role.guest_mode && !page->role.invalid &&
	       spte_leaf(physmem_read64(&vm->pm, sptep), page->role.level);
}

/* The next leaf of the frame to try, behind those that can't be split. */
static uint64_t next_leaf(const struct tdp_vm *vm, const struct memslot *slot,
			  unsigned int level, uint64_t gfn, unsigned int skip)
{
	const struct rmap_head *head = rmap_find(&vm->shadow->rmap, slot->as_id,
						 level, gfn);
	const struct pte_pool *pool = &vm->shadow->rmap.pool;
	uint32_t node = head ? head->list : 0;

	for (; node; node = pool->nodes[node].next)
		if (may_split(vm, pool->nodes[node].hpa) && !skip--)
			return pool->nodes[node].hpa;
	return 0;
}

/* KVM 6.12: shadow_mmu_try_split_huge_pages(), from the start after a split */
static void split_frame(struct tdp_vm *vm, const struct memslot *slot,
			unsigned int level, uint64_t gfn)
{
	unsigned int failed = 0;

	for (;;) {
		uint64_t sptep = next_leaf(vm, slot, level, gfn, failed);
		int err;

		if (!sptep || shadow_provide(vm, 1 + SPTES_PER_PAGE))
			return;
		err = try_split(vm, sptep);
		failed += err && err != -EAGAIN;
	}
}

void shadow_split_range(struct tdp_vm *vm, const struct memslot *slot,
			uint64_t start, uint64_t end)
{
	unsigned int level;

	if (!vm->shadow || !vm->shadow->rmap.nr)
		return;
	for (level = TDP_LEVEL_1G; level > TDP_LEVEL_4K; level--) {
		uint64_t gfn = align_down(start, level_pages(level));

		for (; gfn < end; gfn += level_pages(level))
			split_frame(vm, slot, level, gfn);
	}
}
