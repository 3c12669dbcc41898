/* SPDX-License-Identifier: MIT */
#include "kvm/page.h"

#include <sys/mman.h>

#include "base/error.h"
#include "kvm/nx.h"
#include "mem/physmem_watch.h"

int pages_init(struct tdp_vm *vm, struct tdp_error *err)
{
	uint64_t frames = vm->pm.tables_end >> 12;
	void *records;

	/* Reserved like the frames themselves: a record costs once used. */
	records = mmap(NULL, frames * sizeof(*vm->pages),
		       PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (records == MAP_FAILED)
		return err_set(err, TDP_ENOMEM,
			       "cannot reserve records for page tables");
	vm->pages = records;
	vm->nr_frames = (uint32_t)frames;
	return TDP_OK;
}

void pages_finish(struct tdp_vm *vm)
{
	if (vm->pages)
		munmap(vm->pages, vm->nr_frames * sizeof(*vm->pages));
	vm->pages = NULL;
}

/* A frame that was never used holds nothing that could be wanted back. */
static void fill(struct tdp_vm *vm, uint64_t hpa, uint64_t value, bool used)
{
	uint64_t *entry = (uint64_t *)(void *)(vm->pm.base + hpa);
	unsigned int i;

	if (unlikely(vm->pm.watch && used))
		physmem_note_fill(vm->pm.watch, &vm->pm, hpa, value);
	for (i = 0; i < SPTES_PER_PAGE; i++)
		entry[i] = value;
}

static uint64_t frame_take(struct tdp_vm *vm)
{
	uint64_t hpa;

	if (vm->free_page) {
		hpa = (uint64_t)vm->free_page << 12;
		vm->free_page = page_at(vm, hpa)->next;
		return hpa;
	}
	hpa = vm->pm.tables_next;
	if (hpa >= vm->pm.tables_end)
		return 0;
	vm->pm.tables_next += FRAME_SIZE;
	return hpa;
}

struct mmu_page *page_alloc(struct tdp_vm *vm, enum page_kind kind,
			    const struct tdp_role *role, uint64_t gfn)
{
	bool used = vm->free_page;
	uint64_t hpa = frame_take(vm);
	struct mmu_page *page;

	if (!hpa)
		return NULL;
	page = page_at(vm, hpa);
	*page = (struct mmu_page){ .kind = kind, .gfn = gfn };
	if (role) {
		page->role = *role;
		page_update_role(vm, page);
	}
	fill(vm, hpa, kind == PAGE_SPECIAL ? 0 : vm->fmt.nonpresent, used);
	vm->stats.mmu_pages += kind != PAGE_SPECIAL;
	return page;
}

void page_free(struct tdp_vm *vm, struct mmu_page *page)
{
	assert(page->kind != PAGE_FREE);
	nx_untrack(vm, page);
	vm->stats.mmu_pages -= page->kind != PAGE_SPECIAL;
	*page = (struct mmu_page){ .kind = PAGE_FREE, .next = vm->free_page };
	vm->free_page = (uint32_t)(page - vm->pages);
}

void page_count_leaf(struct tdp_vm *vm, unsigned int level, int64_t by)
{
	switch (level) {
	case TDP_LEVEL_4K:
		vm->stats.pages_4k += (uint64_t)by;
		break;
	case TDP_LEVEL_2M:
		vm->stats.pages_2m += (uint64_t)by;
		break;
	case TDP_LEVEL_1G:
		vm->stats.pages_1g += (uint64_t)by;
		break;
	}
}

void page_update_role(struct tdp_vm *vm, struct mmu_page *page)
{
	page->role_word = role_pack(&vm->kvm, &page->role);
}
