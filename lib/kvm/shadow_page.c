/* SPDX-License-Identifier: MIT */
#include "kvm/shadow_page.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "kvm/shadow.h"
#include "kvm/shadow_spte.h"
#include "kvm/track.h"
#include "kvm/unsync.h"

/* KVM 6.12: KVM_MIN_FREE_MMU_PAGES, KVM_REFILL_PAGES */
#define MIN_FREE_PAGES 5
#define REFILL_PAGES   25
/* KVM_MEMSLOT_PAGES_TO_MMU_PAGES_RATIO */
#define PAGES_RATIO 50

static uint32_t frame_of(const struct tdp_vm *vm, const struct mmu_page *page)
{
	return (uint32_t)(page - vm->pages);
}

/* What an entry translates ----------------------------------------------------- */

uint64_t page_entry_gfn(const struct tdp_vm *vm, const struct mmu_page *page,
			unsigned int index)
{
	const struct shadow_page *sp = shadow_page(vm, page);

	if (page->role.passthrough)
		return page->gfn;
	if (sp->has_translation)
		return sp->translation[index] >> 12;
	return page->gfn + index * level_pages(page->role.level);
}

unsigned int page_entry_access(const struct tdp_vm *vm,
			       const struct mmu_page *page, unsigned int index)
{
	const struct shadow_page *sp = shadow_page(vm, page);

	if (sp->has_translation)
		return sp->translation[index] & FRAME_MASK;
	return page->role.access;
}

void page_set_translation(struct tdp_vm *vm, const struct mmu_page *page,
			  unsigned int index, uint64_t gfn, unsigned int access)
{
	struct shadow_page *sp = shadow_page(vm, page);

	if (sp->has_translation)
		sp->translation[index] = gfn << 12 | access;
}

/* Hash and list of active pages ------------------------------------------------- */

static uint32_t *bucket_of(struct tdp_vm *vm, uint64_t gfn)
{
	uint64_t mixed = gfn * UINT64_C(0x61c8864680b583eb);

	return &vm->shadow->hash[mixed >> 52];
}

static void hash_add(struct tdp_vm *vm, struct mmu_page *page)
{
	uint32_t *bucket = bucket_of(vm, page->gfn);

	page->next = *bucket;
	*bucket = frame_of(vm, page);
}

static void hash_remove(struct tdp_vm *vm, struct mmu_page *page)
{
	uint32_t *link = bucket_of(vm, page->gfn);

	while (*link != frame_of(vm, page))
		link = &vm->pages[*link].next;
	*link = page->next;
}

static void activate(struct tdp_vm *vm, struct mmu_page *page)
{
	struct shadow_mmu *shadow = vm->shadow;
	struct shadow_page *sp = shadow_page(vm, page);
	uint32_t frame = frame_of(vm, page);

	sp->active = true;
	sp->newer = 0;
	sp->older = shadow->newest;
	if (shadow->newest)
		shadow->pages[shadow->newest].newer = frame;
	else
		shadow->oldest = frame;
	shadow->newest = frame;
}

static void deactivate(struct tdp_vm *vm, struct mmu_page *page)
{
	struct shadow_mmu *shadow = vm->shadow;
	struct shadow_page *sp = shadow_page(vm, page);

	if (sp->newer)
		shadow->pages[sp->newer].older = sp->older;
	else
		shadow->newest = sp->older;
	if (sp->older)
		shadow->pages[sp->older].newer = sp->newer;
	else
		shadow->oldest = sp->newer;
	sp->active = false;
}

/* From @frame on in its bucket: a valid page with guest entries on @gfn. */
static struct mmu_page *valid_on(const struct tdp_vm *vm, uint32_t frame,
				 uint64_t gfn)
{
	for (; frame; frame = vm->pages[frame].next) {
		struct mmu_page *page = &vm->pages[frame];

		if (page->gfn == gfn && !page_is_obsolete(vm, page) &&
		    page_has_gptes(page))
			return page;
	}
	return NULL;
}

struct mmu_page *shadow_first_on(const struct tdp_vm *vm, uint64_t gfn)
{
	if (!vm->shadow)
		return NULL;
	return valid_on(vm, *bucket_of((struct tdp_vm *)vm, gfn), gfn);
}

struct mmu_page *shadow_next_on(const struct tdp_vm *vm,
				const struct mmu_page *page)
{
	return valid_on(vm, page->next, page->gfn);
}

/* Birth and death of vm->shadow ---------------------------------------------------- */

static int create(struct tdp_vm *vm)
{
	struct shadow_mmu *shadow = calloc(1, sizeof(*shadow));
	void *pages;

	if (!shadow)
		return TDP_ENOMEM;
	/* As for the records of pages: reserved, and paid for once used. */
	shadow->pages_size = vm->nr_frames * sizeof(struct shadow_page);
	pages = mmap(NULL, shadow->pages_size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pages == MAP_FAILED) {
		free(shadow);
		return TDP_ENOMEM;
	}
	shadow->pages = pages;
	vm->shadow = shadow;
	return TDP_OK;
}

int shadow_provide(struct tdp_vm *vm, uint32_t sptes)
{
	int ret = vm->shadow ? TDP_OK : create(vm);

	if (!ret && !rmap_reserve(&vm->shadow->rmap, sptes))
		ret = TDP_ENOMEM;
	return ret;
}

void shadow_finish(struct tdp_vm *vm)
{
	struct shadow_mmu *shadow = vm->shadow;

	if (!shadow)
		return;
	rmap_finish(&shadow->rmap);
	munmap(shadow->pages, shadow->pages_size);
	free(shadow);
	vm->shadow = NULL;
}

uint64_t shadow_used_pages(const struct tdp_vm *vm)
{
	return vm->shadow ? vm->shadow->nr_used : 0;
}

/* Frames that hold guest tables ------------------------------------------------------ */

/*
 * An upper table is write-tracked for good; a level-1 table is only
 * write-protected and may become unsync.  KVM 6.12: account_shadowed().
 */
static bool account(struct tdp_vm *vm, const struct mmu_page *page)
{
	unsigned int as_id = role_as_id(&page->role);
	bool upper = page->role.level > TDP_LEVEL_4K;

	if (!track_add(vm, TRACK_NO_HUGE, as_id, page->gfn, 1))
		return false;
	if (upper && !track_add(vm, TRACK_WRITE, as_id, page->gfn, 1)) {
		track_add(vm, TRACK_NO_HUGE, as_id, page->gfn, -1);
		return false;
	}
	vm->shadow->nr_indirect++;
	if (gfn_write_protect(vm, as_id, page->gfn, true))
		vm->stats.tlb_flushes++;
	return true;
}

static void unaccount(struct tdp_vm *vm, const struct mmu_page *page)
{
	unsigned int as_id = role_as_id(&page->role);

	vm->shadow->nr_indirect--;
	track_add(vm, TRACK_NO_HUGE, as_id, page->gfn, -1);
	if (page->role.level > TDP_LEVEL_4K)
		track_add(vm, TRACK_WRITE, as_id, page->gfn, -1);
}

/* Finding and making pages --------------------------------------------------------------- */

/* Is @page, of the right frame and role, good enough?  It may be zapped. */
static bool usable(struct tdp_vcpu *vcpu, struct mmu_page *page,
		   struct zap_list *zapped)
{
	struct shadow_page *sp = shadow_page(vcpu->vm, page);
	int flush;

	if (page->role.direct)
		return true;
	/* It gets the guest's present entries, but stays unsync. */
	if (sp->unsync) {
		flush = unsync_sync_page(vcpu, page, zapped);
		if (flush < 0)
			return false;
		vcpu->vm->stats.tlb_flushes += (uint64_t)flush;
	}
	sp->write_flooding_count = 0;
	return true;
}

/* KVM 6.12: kvm_mmu_find_shadow_page() */
static struct mmu_page *find(struct tdp_vcpu *vcpu, uint64_t gfn,
			     const struct tdp_role *role, uint32_t word,
			     struct zap_list *zapped)
{
	struct tdp_vm *vm = vcpu->vm;
	uint32_t frame = *bucket_of(vm, gfn);

	for (; frame; frame = vm->pages[frame].next) {
		struct mmu_page *page = &vm->pages[frame];

		if (page->gfn != gfn || page_is_obsolete(vm, page))
			continue;
		if (page->role_word == word)
			return usable(vcpu, page, zapped) ? page : NULL;
		/* A table that becomes an upper one may no longer be unsync. */
		if (role->level > TDP_LEVEL_4K && shadow_page(vm, page)->unsync)
			zap_prepare(vm, page, zapped);
	}
	return NULL;
}

/* KVM 6.12: kvm_mmu_alloc_shadow_page() */
static int make(struct tdp_vm *vm, uint64_t gfn, const struct tdp_role *role,
		struct mmu_page **out)
{
	struct mmu_page *page = page_alloc(vm, PAGE_SHADOW, role, gfn);

	if (!page)
		return TDP_ELIMIT;
	*shadow_page(vm, page) = (struct shadow_page){
		.has_translation = !role->direct && role->level <= TDP_LEVEL_1G,
	};
	page->valid_gen = vm->valid_gen;
	if (page_has_gptes(page) && !account(vm, page)) {
		page_free(vm, page);
		return TDP_ENOMEM;
	}
	hash_add(vm, page);
	activate(vm, page);
	vm->shadow->nr_used++;
	vm->shadow->nr_created++;
	*out = page;
	return TDP_OK;
}

int shadow_get_page(struct tdp_vcpu *vcpu, uint64_t gfn,
		    const struct tdp_role *role, struct mmu_page **page)
{
	struct tdp_vm *vm = vcpu->vm;
	struct zap_list zapped = { 0 };
	bool created;
	int ret = TDP_OK;

	*page = find(vcpu, gfn, role, role_pack(&vm->kvm, role), &zapped);
	created = !*page;
	zap_commit(vm, &zapped);
	if (created)
		ret = make(vm, gfn, role, page);
	if (!ret)
		trace(vm, kvm_mmu_get_page, gfn, (*page)->role_word, created);
	return ret;
}

/* Zapping --------------------------------------------------------------------------------- */

static bool zap_entries(struct tdp_vm *vm, struct mmu_page *page,
			struct zap_list *zapped)
{
	bool more = false;
	unsigned int i;

	for (i = 0; i < SPTES_PER_PAGE; i++)
		more |= sptep_zap(vm, entry_hpa(vm, page, i), zapped);
	return more;
}

static void unlink_parents(struct tdp_vm *vm, struct mmu_page *page)
{
	const struct pte_pool *pool = &vm->shadow->rmap.pool;

	while (page->first_parent)
		sptep_unlink(vm, pool->nodes[page->first_parent].hpa, page);
}

static void zap_list_add(struct tdp_vm *vm, struct mmu_page *page,
			 struct zap_list *zapped)
{
	uint32_t frame = frame_of(vm, page);

	shadow_page(vm, page)->next_zapped = 0;
	if (zapped->last)
		vm->shadow->pages[zapped->last].next_zapped = frame;
	else
		zapped->first = frame;
	zapped->last = frame;
	zapped->nr++;
}

/*
 * A root in use stays until its last user leaves, but is not found again.
 * KVM 6.12: __kvm_mmu_prepare_zap_page()
 */
bool zap_prepare(struct tdp_vm *vm, struct mmu_page *page,
		 struct zap_list *zapped)
{
	bool more, live_root = false;

	trace(vm, kvm_mmu_prepare_zap_page, page->gfn, page->role_word,
	      page->root_count);
	more = unsync_zap_children(vm, page, zapped);
	more |= zap_entries(vm, page, zapped);
	unlink_parents(vm, page);
	if (!page->role.invalid && page_has_gptes(page))
		unaccount(vm, page);
	if (shadow_page(vm, page)->unsync)
		unsync_clear(vm, page);
	if (shadow_page(vm, page)->active)
		deactivate(vm, page);
	if (page->root_count) {
		live_root = !page_is_obsolete(vm, page);
	} else {
		zap_list_add(vm, page, zapped);
		vm->shadow->nr_used--;
	}
	page->role.invalid = true;
	page_update_role(vm, page);
	if (live_root)
		request_all(vm, REQ_MMU_FREE_OBSOLETE_ROOTS);
	return more;
}

void zap_commit(struct tdp_vm *vm, struct zap_list *zapped)
{
	uint32_t frame = zapped->first;

	if (frame)
		vm->stats.tlb_flushes++;
	while (frame) {
		struct mmu_page *page = &vm->pages[frame];

		frame = shadow_page(vm, page)->next_zapped;
		hash_remove(vm, page);
		page_free(vm, page);
	}
	*zapped = (struct zap_list){ 0 };
}

void zap_commit_or_flush(struct tdp_vm *vm, struct zap_list *zapped, bool flush)
{
	if (zapped->first)
		zap_commit(vm, zapped);
	else if (flush)
		vm->stats.tlb_flushes++;
}

/* KVM 6.12: kvm_zap_obsolete_pages() */
void shadow_zap_obsolete(struct tdp_vm *vm)
{
	struct zap_list zapped = { 0 };
	struct shadow_mmu *shadow = vm->shadow;

	/* Newer pages are in front: the first valid one ends the search. */
	while (shadow && shadow->oldest &&
	       page_is_obsolete(vm, &vm->pages[shadow->oldest]))
		zap_prepare(vm, &vm->pages[shadow->oldest], &zapped);
	if (shadow)
		zap_commit(vm, &zapped);
}

/* KVM 6.12: kvm_mmu_zap_memslot_pages_and_flush(), whatever address space */
void shadow_zap_tables(struct tdp_vm *vm, uint64_t start, uint64_t end)
{
	struct zap_list zapped = { 0 };
	uint32_t frame;

	if (!vm->shadow)
		return;
	for (frame = 1; frame < vm->pm.tables_next >> 12; frame++) {
		struct mmu_page *page = &vm->pages[frame];

		if (page->kind == PAGE_SHADOW && page_has_gptes(page) &&
		    page->gfn >= start && page->gfn < end &&
		    !page_is_obsolete(vm, page))
			zap_prepare(vm, page, &zapped);
	}
	zap_commit(vm, &zapped);
}

/* Quota --------------------------------------------------------------------------------------- */

/* The oldest page that is no root and lies before @frame. */
static struct mmu_page *oldest_unused(const struct tdp_vm *vm)
{
	const struct shadow_mmu *shadow = vm->shadow;
	uint32_t frame = shadow->oldest;

	while (frame && vm->pages[frame].root_count)
		frame = shadow->pages[frame].newer;
	return frame ? &vm->pages[frame] : NULL;
}

uint64_t shadow_zap_oldest(struct tdp_vm *vm, uint64_t nr)
{
	struct zap_list zapped = { 0 };
	struct mmu_page *page = vm->shadow ? oldest_unused(vm) : NULL;
	uint64_t went;

	while (page && zapped.nr < nr) {
		zap_prepare(vm, page, &zapped);
		page = oldest_unused(vm);
	}
	went = zapped.nr;
	if (went)
		zap_commit(vm, &zapped);
	return went;
}

void shadow_change_quota(struct tdp_vm *vm, uint64_t pages)
{
	uint64_t used = shadow_used_pages(vm);

	if (used > pages) {
		shadow_zap_oldest(vm, used - pages);
		pages = shadow_used_pages(vm);
	}
	vm->mmu_pages_max = pages;
}

/* KVM 6.12: kvm_arch_commit_memory_region() */
void shadow_memslots_changed(struct tdp_vm *vm)
{
	uint64_t pages = 0;
	unsigned int as_id;
	size_t i;

	/* Userspace's own choice stays. */
	if (vm->mmu_pages_wanted)
		return;
	for (as_id = 0; as_id < NR_ADDRESS_SPACES; as_id++)
		for (i = 0; i < vm->slots[as_id].nr; i++)
			pages += vm->slots[as_id].slots[i].npages;
	shadow_change_quota(vm, max_u64(pages / PAGES_RATIO, SHADOW_MIN_QUOTA));
}

uint64_t shadow_available_pages(const struct tdp_vm *vm)
{
	uint64_t used = shadow_used_pages(vm);

	return vm->mmu_pages_max > used ? vm->mmu_pages_max - used : 0;
}

bool shadow_make_available(struct tdp_vm *vm)
{
	uint64_t nr = shadow_available_pages(vm);

	if (nr >= MIN_FREE_PAGES)
		return true;
	shadow_zap_oldest(vm, REFILL_PAGES - nr);
	return shadow_available_pages(vm) > 0;
}
