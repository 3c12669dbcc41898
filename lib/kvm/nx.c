/* SPDX-License-Identifier: MIT */
#include "kvm/nx.h"

#include "kvm/shadow_page.h"
#include "kvm/tdp_mmu.h"

enum { NX_TDP, NX_SHADOW };

/* Up to 6.17 both MMUs share the first list. */
static struct nx_list *list_of(struct tdp_vm *vm, const struct mmu_page *page)
{
	bool own = vm->kvm.value[B_NX_RECOVERY] == NX_RECOVERY_PER_MMU;

	return &vm->nx[own && page->kind == PAGE_SHADOW ? NX_SHADOW : NX_TDP];
}

void nx_track(struct tdp_vm *vm, struct mmu_page *page)
{
	struct nx_list *list = list_of(vm, page);
	uint32_t frame = (uint32_t)(page - vm->pages);

	if (page->nx_tracked)
		return;
	page->nx_tracked = true;
	page->nx_prev = list->last;
	page->nx_next = 0;
	if (list->last)
		vm->pages[list->last].nx_next = frame;
	else
		list->first = frame;
	list->last = frame;
	list->nr++;
	vm->stats.nx_lpage_splits++;
}

void nx_untrack(struct tdp_vm *vm, struct mmu_page *page)
{
	struct nx_list *list = list_of(vm, page);

	if (!page->nx_tracked)
		return;
	if (page->nx_prev)
		vm->pages[page->nx_prev].nx_next = page->nx_next;
	else
		list->first = page->nx_next;
	if (page->nx_next)
		vm->pages[page->nx_next].nx_prev = page->nx_prev;
	else
		list->last = page->nx_prev;
	page->nx_tracked = false;
	list->nr--;
	vm->stats.nx_lpage_splits--;
}

/* A huge page would be split again by the next write. */
static bool is_logged(const struct tdp_vm *vm, const struct mmu_page *page)
{
	const struct memslot *slot;

	if (vm->kvm.value[B_NX_RECOVERY] == NX_RECOVERY_ONE_LIST_ZAPS_LOGGED)
		return false;
	slot = memslots_find(&vm->slots[role_as_id(&page->role)], page->gfn);
	return slot && slot->dirty_log;
}

static void zap(struct tdp_vm *vm, struct mmu_page *page)
{
	struct zap_list zapped = { 0 };

	nx_untrack(vm, page);
	page->nx_disallowed = false;
	if (page->kind == PAGE_TDP) {
		/* From 6.18 on while others may walk the tables. */
		tdp_zap_table(vm, page,
			      vm->kvm.value[B_NX_RECOVERY] ==
				      NX_RECOVERY_PER_MMU);
		return;
	}
	zap_prepare(vm, page, &zapped);
	zap_commit(vm, &zapped);
}

static uint64_t recover(struct tdp_vm *vm, struct nx_list *list,
			unsigned int ratio)
{
	uint64_t quota = (list->nr + ratio - 1) / ratio, zapped = 0;

	for (; quota && list->first; quota--) {
		struct mmu_page *page = &vm->pages[list->first];

		if (is_logged(vm, page)) {
			nx_untrack(vm, page);
			page->nx_disallowed = false;
		} else {
			zap(vm, page);
			zapped++;
		}
	}
	return zapped;
}

bool nx_thread_runs(const struct tdp_vm *vm)
{
	return vm->kvm.value[B_NX_THREAD] == NX_THREAD_WITH_VM || vm->has_run;
}

uint64_t nx_recover(struct tdp_vm *vm, unsigned int ratio)
{
	uint64_t zapped = 0;
	unsigned int i;

	if (!nx_thread_runs(vm))
		return 0;

	for (i = 0; ratio && i < ARRAY_SIZE(vm->nx); i++)
		zapped += recover(vm, &vm->nx[i], ratio);
	if (zapped)
		vm->stats.tlb_flushes++;
	return zapped;
}
