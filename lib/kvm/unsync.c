/* SPDX-License-Identifier: MIT */
#include "kvm/unsync.h"

#include "kvm/guest_memtype.h"
#include "kvm/shadow_map.h"
#include "kvm/shadow_spte.h"
#include "kvm/track.h"
#include "kvm/walker.h"

/* How many pages are gathered before they are synced. */
#define BATCH 16

/* Marks --------------------------------------------------------------------------- */

static void mark_parents(struct tdp_vm *vm, const struct mmu_page *page)
{
	const struct pte_pool *pool = &vm->shadow->rmap.pool;
	uint32_t node = page->first_parent;

	for (; node; node = pool->nodes[node].next)
		unsync_mark(vm, pool->nodes[node].hpa);
}

void unsync_mark(struct tdp_vm *vm, uint64_t sptep)
{
	const struct mmu_page *page = sptep_page(vm, sptep);
	struct shadow_page *sp = shadow_page(vm, page);
	unsigned int index = sptep_index(sptep);

	if (sp->unsync_child[index / 64] & BIT(index % 64))
		return;
	sp->unsync_child[index / 64] |= BIT(index % 64);
	if (sp->unsync_children++ == 0)
		mark_parents(vm, page);
}

static void unmark(struct shadow_page *sp, unsigned int index)
{
	assert(sp->unsync_child[index / 64] & BIT(index % 64));
	sp->unsync_child[index / 64] &= ~BIT(index % 64);
	sp->unsync_children--;
}

static void make_unsync(struct tdp_vm *vm, struct mmu_page *page)
{
	assert(page->role.level == TDP_LEVEL_4K);
	trace(vm, kvm_mmu_unsync_page, page->gfn, page->role_word,
	      page->root_count);
	shadow_page(vm, page)->unsync = true;
	mark_parents(vm, page);
}

void unsync_clear(struct tdp_vm *vm, struct mmu_page *page)
{
	trace(vm, kvm_mmu_sync_page, page->gfn, page->role_word,
	      page->root_count);
	shadow_page(vm, page)->unsync = false;
}

bool unsync_try(struct tdp_vm *vm, const struct memslot *slot, uint64_t gfn,
		bool synchronizing, bool prefetch)
{
	struct mmu_page *page;

	if (gfn_write_tracked(vm, slot, gfn))
		return false;
	for (page = shadow_first_on(vm, gfn); page;
	     page = shadow_next_on(vm, page)) {
		if (synchronizing)
			return false;
		if (shadow_page(vm, page)->unsync)
			continue;
		if (prefetch)
			return false;
		/*
		 * A table of the other address space, which is not looked at
		 * before 7.2 (behaviour track.spaces).  KVM warns, and takes
		 * entries of it for leaves when it synchronizes it.
		 */
		if (page->role.level > TDP_LEVEL_4K) {
			vm->ended = TDP_WHY_UNSYNC_UPPER;
			return false;
		}
		make_unsync(vm, page);
	}
	return true;
}

/* One page ------------------------------------------------------------------------- */

/* KVM 6.12: sync_mmio_spte().  False: the entry is no MMIO entry. */
static bool sync_mmio(struct tdp_vcpu *vcpu, uint64_t sptep, uint64_t gfn,
		      unsigned int access)
{
	struct tdp_vm *vm = vcpu->vm;
	uint64_t spte = physmem_read64(&vm->pm, sptep);

	if (!spte_is_mmio(&vm->fmt, spte))
		return false;
	if (gfn != spte_mmio_gfn(&vm->fmt, spte)) {
		sptep_clear(vm, sptep);
		return true;
	}
	spte = spte_make_mmio(&vm->fmt, gfn, access,
			      vcpu_memslots(vcpu)->generation);
	trace(vm, mark_mmio_spte, gfn, spte_mmio_access(&vm->fmt, spte),
	      spte_mmio_gen(&vm->fmt, spte));
	physmem_write64(&vm->pm, sptep, spte);
	return true;
}

/* The leaf stays, with other rights.  True if TLBs must be flushed. */
static bool change_access(struct tdp_vcpu *vcpu, const struct mmu_page *page,
			  uint64_t sptep, const struct gpte_leaf *leaf)
{
	struct tdp_vm *vm = vcpu->vm;
	uint64_t old = physmem_read64(&vm->pm, sptep);
	bool wrprot;
	struct spte_args args = {
		.role = &page->role,
		.level = page->role.level,
		.access = leaf->access,
		.pfn = (old & SPTE_ADDRESS) >> 12,
		.old_spte = old,
		.memtype_bits = memtype_spte_bits(vcpu, leaf->gfn, false),
		.prefetch = true,
		.synchronizing = true,
		.host_writable = old & vm->fmt.host_writable,
		.guest_mmu = vcpu->mmu == &vcpu->guest_mmu,
	};

	page_set_translation(vm, page, sptep_index(sptep), leaf->gfn,
			     leaf->access);
	return sptep_update(vm, sptep,
			    sptep_make(vcpu, &args, leaf->gfn, &wrprot));
}

/* Does an entry with these rights still map anything? */
static bool maps_nothing(const struct tdp_vm *vm, unsigned int access)
{
	return !access && !vm->fmt.present;
}

/* KVM 6.12: FNAME(sync_spte) */
static int sync_spte(const struct guest_walker *w, const struct mmu_page *page,
		     unsigned int index)
{
	struct tdp_vm *vm = w->vcpu->vm;
	uint64_t sptep = entry_hpa(vm, page, index), gpte;
	struct gpte_leaf leaf;

	if (physmem_read64(&vm->pm, sptep) == vm->fmt.nonpresent)
		return 0;
	if (!gw_read_leaf(w, page, index, &gpte))
		return -1;
	page_entry_read(vm, page, index);
	gw_leaf(w, page, gpte, &leaf);
	if (!leaf.valid) {
		sptep_drop(vm, sptep);
		return 1;
	}
	if (sync_mmio(w->vcpu, sptep, leaf.gfn, leaf.access))
		return 0;
	if (maps_nothing(vm, leaf.access) ||
	    leaf.gfn != page_entry_gfn(vm, page, index)) {
		sptep_drop(vm, sptep);
		return 1;
	}
	if (leaf.access == page_entry_access(vm, page, index) &&
	    vm->kvm.value[B_SYNC_UNCHANGED] == SYNC_UNCHANGED_KEPT)
		return 0;
	return change_access(w->vcpu, page, sptep, &leaf);
}

/*
 * Roles must agree but for what differs from page to page.  KVM 6.12:
 * sync_role_ign in __kvm_sync_page().
 */
static bool roles_agree(const struct tdp_vcpu *vcpu,
			const struct mmu_page *page)
{
	const struct tdp_kvm_config *kvm = &vcpu->vm->kvm;
	struct tdp_role role = page->role;
	const struct tdp_role *root = &vcpu->mmu->root_role;

	role.level = root->level;
	role.access = root->access;
	role.quadrant = root->quadrant;
	role.passthrough = root->passthrough;
	return !page->role.direct &&
	       role_pack(kvm, &role) == role_pack(kvm, root);
}

static int sync_entries(struct tdp_vcpu *vcpu, struct mmu_page *page)
{
	struct guest_walker w;
	unsigned int i;
	int flush = 0;

	if (!roles_agree(vcpu, page))
		return -1;
	gw_init(&w, vcpu, vcpu->mmu);
	for (i = 0; i < SPTES_PER_PAGE; i++) {
		int ret = sync_spte(&w, page, i);

		if (ret < 0)
			return -1;
		flush |= ret;
	}
	return flush;
}

int unsync_sync_spte(struct tdp_vcpu *vcpu, const struct mmu_page *page,
		     unsigned int index)
{
	struct guest_walker w;

	gw_init(&w, vcpu, vcpu->mmu);
	return sync_spte(&w, page, index);
}

/* KVM 6.1: FNAME(prefetch_gpte) with no_dirty_log=false */
static void prefetch_gpte(struct tdp_vcpu *vcpu, const struct mmu_page *page,
			  unsigned int index)
{
	struct shadow_leaf leaf = {
		.sptep = entry_hpa(vcpu->vm, page, index),
		.prefetch = true,
		.host_writable = true,
	};
	struct guest_walker w;
	struct gpte_leaf gpte_leaf;
	uint64_t gpte, spte;

	gw_init(&w, vcpu, vcpu->mmu);
	/* Without memory there is no prefetch, as in KVM: rmap_can_add() */
	if (shadow_provide(vcpu->vm, 1) ||
	    !gw_read_leaf(&w, page, index, &gpte))
		return;
	gw_leaf(&w, page, gpte, &gpte_leaf);
	leaf.gfn = gpte_leaf.gfn;
	leaf.access = gpte_leaf.access;
	if (gpte_leaf.valid && shadow_atomic_pfn(vcpu, leaf.gfn, &leaf.pfn))
		shadow_set_spte(vcpu, &leaf, &spte);
}

bool unsync_prefetch_spte(struct tdp_vcpu *vcpu, const struct mmu_page *page,
			  unsigned int index)
{
	struct tdp_vm *vm = vcpu->vm;
	uint64_t sptep = entry_hpa(vm, page, index);
	bool present = spte_present(&vm->fmt, physmem_read64(&vm->pm, sptep));

	sptep_zap(vm, sptep, NULL);
	page_entry_read(vm, page, index);
	prefetch_gpte(vcpu, page, index);
	return present;
}

int unsync_sync_page(struct tdp_vcpu *vcpu, struct mmu_page *page,
		     struct zap_list *zapped)
{
	int ret = sync_entries(vcpu, page);

	if (ret < 0)
		zap_prepare(vcpu->vm, page, zapped);
	return ret;
}

/* All below a page -------------------------------------------------------------------- */

/*
 * Pages on the way to unsync ones and these themselves, in pre-order.  KVM
 * 6.12: struct kvm_mmu_pages, whose size limits how much is done at once.
 */
struct batch {
	struct {
		struct mmu_page *page;
		unsigned int index; /* in the page above */
	} entry[BATCH];
	unsigned int nr;
};

/* False once the batch is full. */
static bool batch_add(struct batch *b, struct mmu_page *page,
		      unsigned int index)
{
	unsigned int i;

	for (i = 0; i < b->nr && page->role.level == TDP_LEVEL_4K; i++)
		if (b->entry[i].page == page)
			return true;
	b->entry[b->nr].page = page;
	b->entry[b->nr].index = index;
	return ++b->nr < BATCH;
}

static struct mmu_page *table_at(const struct tdp_vm *vm,
				 const struct mmu_page *page,
				 unsigned int index)
{
	uint64_t spte = physmem_read64(&vm->pm, entry_hpa(vm, page, index));

	if (!spte_present(&vm->fmt, spte) || spte_leaf(spte, page->role.level))
		return NULL;
	return page_at(vm, spte & SPTE_ADDRESS);
}

static int gather(const struct tdp_vm *vm, const struct mmu_page *page,
		  struct batch *b);

/* Unsync pages at or below entry @index of @page; -1: the batch is full. */
static int gather_entry(const struct tdp_vm *vm, const struct mmu_page *page,
			unsigned int index, struct batch *b)
{
	struct mmu_page *child = table_at(vm, page, index);

	if (!child)
		return 0;
	if (shadow_page(vm, child)->unsync_children)
		return batch_add(b, child, index) ? gather(vm, child, b) : -1;
	if (!shadow_page(vm, child)->unsync)
		return 0;
	return batch_add(b, child, index) ? 1 : -1;
}

/* KVM 6.12: __mmu_unsync_walk().  Marks that lead nowhere are removed. */
static int gather(const struct tdp_vm *vm, const struct mmu_page *page,
		  struct batch *b)
{
	struct shadow_page *sp = shadow_page(vm, page);
	unsigned int i;
	int found = 0;

	for (i = 0; i < SPTES_PER_PAGE; i++) {
		int ret;

		if (!(sp->unsync_child[i / 64] & BIT(i % 64)))
			continue;
		ret = gather_entry(vm, page, i, b);
		if (ret < 0)
			return ret;
		if (!ret)
			unmark(sp, i);
		found += ret;
	}
	return found;
}

static bool gather_below(const struct tdp_vm *vm, struct mmu_page *top,
			 struct batch *b)
{
	b->nr = 0;
	if (!shadow_page(vm, top)->unsync_children)
		return false;
	batch_add(b, top, 0);
	return gather(vm, top, b) != 0;
}

/* How a page was reached: by level, the page and its index in the one above. */
struct path {
	struct mmu_page *page[6];
	unsigned int index[6];
};

static void path_enter(struct path *path, struct mmu_page *page,
		       unsigned int index)
{
	path->page[page->role.level] = page;
	path->index[page->role.level] = index;
}

/* The leaf is done: parents that have nothing else unsync lose their mark. */
static void path_unmark(const struct tdp_vm *vm, const struct path *path,
			unsigned int top)
{
	unsigned int level;

	for (level = TDP_LEVEL_4K; level < top; level++) {
		struct shadow_page *sp = shadow_page(vm, path->page[level + 1]);

		unmark(sp, path->index[level]);
		if (sp->unsync_children)
			return;
	}
}

static bool protect_batch(struct tdp_vcpu *vcpu, const struct batch *b)
{
	bool flush = false;
	unsigned int i;

	for (i = 0; i < b->nr; i++)
		if (b->entry[i].page->role.level == TDP_LEVEL_4K)
			flush |= gfn_write_protect(vcpu->vm, vcpu->smm,
						   b->entry[i].page->gfn, true);
	return flush;
}

static bool sync_batch(struct tdp_vcpu *vcpu, const struct batch *b,
		       struct zap_list *zapped)
{
	unsigned int top = b->entry[0].page->role.level, i;
	struct path path = { 0 };
	bool flush = false;

	for (i = 0; i < b->nr; i++) {
		struct mmu_page *page = b->entry[i].page;

		path_enter(&path, page, b->entry[i].index);
		if (page->role.level != TDP_LEVEL_4K)
			continue;
		unsync_clear(vcpu->vm, page);
		flush |= unsync_sync_page(vcpu, page, zapped) > 0;
		path_unmark(vcpu->vm, &path, top);
	}
	return flush;
}

void unsync_sync_children(struct tdp_vcpu *vcpu, struct mmu_page *parent)
{
	struct zap_list zapped = { 0 };
	bool flush = false;
	struct batch b;

	while (gather_below(vcpu->vm, parent, &b)) {
		if (protect_batch(vcpu, &b)) {
			zap_commit_or_flush(vcpu->vm, &zapped, true);
			flush = false;
		}
		flush |= sync_batch(vcpu, &b, &zapped);
	}
	zap_commit_or_flush(vcpu->vm, &zapped, flush);
}

bool unsync_zap_children(struct tdp_vm *vm, struct mmu_page *parent,
			 struct zap_list *zapped)
{
	bool any = false;
	struct batch b;

	if (parent->role.level == TDP_LEVEL_4K)
		return false;
	while (gather_below(vm, parent, &b)) {
		struct path path = { 0 };
		unsigned int i;

		for (i = 0; i < b.nr; i++) {
			path_enter(&path, b.entry[i].page, b.entry[i].index);
			if (b.entry[i].page->role.level != TDP_LEVEL_4K)
				continue;
			zap_prepare(vm, b.entry[i].page, zapped);
			path_unmark(vm, &path, parent->role.level);
			any = true;
		}
	}
	return any;
}
