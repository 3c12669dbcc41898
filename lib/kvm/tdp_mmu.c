/* SPDX-License-Identifier: MIT */
#include "kvm/tdp_mmu.h"

#include "kvm/dirty_log.h"
#include "kvm/guest_memtype.h"
#include "kvm/nx.h"
#include "kvm/split.h"
#include "kvm/track.h"
#include "kvm/unsync.h"
#include "mem/physmem.h"

/* Changing entries ----------------------------------------------------------- */

static bool present_leaf(const struct tdp_vm *vm, uint64_t spte,
			 unsigned int level)
{
	return spte_present(&vm->fmt, spte) && spte_leaf(spte, level);
}

static bool present_table(const struct tdp_vm *vm, uint64_t spte,
			  unsigned int level)
{
	return spte_present(&vm->fmt, spte) && !spte_leaf(spte, level);
}

static void remove_table(struct tdp_vm *vm, struct mmu_page *page, bool shared);

/*
 * An entry went from @old to @new.  A table that it no longer leads to goes
 * with all that is below.  KVM 6.12: handle_changed_spte().
 */
static void changed(struct tdp_vm *vm, const struct mmu_page *page,
		    uint64_t gfn, uint64_t old, uint64_t new,
		    unsigned int level, bool shared)
{
	bool was_leaf = present_leaf(vm, old, level);
	bool is_leaf = present_leaf(vm, new, level);

	if (old == new)
		return;
	trace(vm, kvm_tdp_mmu_spte_changed, gfn, old, new, level,
	      role_as_id(&page->role));
	if (was_leaf != is_leaf)
		page_count_leaf(vm, level, is_leaf ? 1 : -1);
	if (was_leaf && !spte_present(&vm->fmt, new))
		vm->stats.zaps++;
	if (present_table(vm, old, level) &&
	    (!spte_present(&vm->fmt, new) || is_leaf))
		remove_table(vm, page_at(vm, old & SPTE_ADDRESS), shared);
}

void tdp_set_spte(struct tdp_vm *vm, const struct mmu_page *page, uint64_t hpa,
		  uint64_t gfn, uint64_t new, bool shared)
{
	uint64_t old = physmem_read64(&vm->pm, hpa);

	physmem_write64(&vm->pm, hpa, new);
	changed(vm, page, gfn, old, new, page->role.level, shared);
}

void tdp_zap_atomic(struct tdp_vm *vm, const struct mmu_page *page,
		    uint64_t hpa, uint64_t gfn)
{
	uint64_t old = physmem_read64(&vm->pm, hpa);
	uint64_t traced = vm->fmt.nonpresent;

	/* Frozen at first, so that nobody uses it before the flush. */
	if (vm->kvm.value[B_TDP_ATOMIC_ZAP] == TDP_ATOMIC_ZAP_TRACES_FROZEN &&
	    vm->fmt.frozen)
		traced = vm->fmt.frozen;
	physmem_write64(&vm->pm, hpa, vm->fmt.nonpresent);
	vm->stats.tlb_flushes++;
	changed(vm, page, gfn, old, traced, page->role.level, true);
}

void tdp_zap_table(struct tdp_vm *vm, struct mmu_page *table, bool shared)
{
	const struct mmu_page *parent = &vm->pages[table->parent];
	uint64_t hpa = page_hpa(vm, parent) + 8u * table->parent_index;

	tdp_set_spte(vm, parent, hpa, table->gfn, vm->fmt.nonpresent, shared);
}

/* The first frame that entry @index of @page maps. */
static uint64_t entry_gfn(const struct mmu_page *page, unsigned int index)
{
	return page->gfn + index * level_pages(page->role.level);
}

/*
 * Take a table apart that no entry leads to any more.  While others may walk
 * it (@shared), every entry is frozen, present or not.  KVM 6.12:
 * handle_removed_pt().
 */
static void remove_table(struct tdp_vm *vm, struct mmu_page *page, bool shared)
{
	uint64_t table = page_hpa(vm, page);
	unsigned int i;

	trace(vm, kvm_mmu_prepare_zap_page, page->gfn, page->role_word,
	      page->root_count);
	for (i = 0; i < SPTES_PER_PAGE; i++) {
		uint64_t old = physmem_read64(&vm->pm, table + 8 * i);

		if (!shared && !spte_present(&vm->fmt, old))
			continue;
		tdp_set_spte(vm, page, table + 8 * i, entry_gfn(page, i),
			     vm->fmt.frozen, shared);
	}
	page_free(vm, page);
}

/* Roots ---------------------------------------------------------------------- */

static struct mmu_page *find_root(struct tdp_vm *vm, uint32_t role_word,
				  unsigned int key)
{
	uint32_t i;

	/* The invalid bit is part of the word: a dead root never matches. */
	for (i = vm->first_root; i; i = vm->pages[i].next_root)
		if (vm->pages[i].role_word == role_word &&
		    vm->pages[i].memtype_key == key)
			return &vm->pages[i];
	return NULL;
}

static void list_root(struct tdp_vm *vm, struct mmu_page *root)
{
	root->next_root = vm->first_root;
	vm->first_root = (uint32_t)(root - vm->pages);
}

static void unlist_root(struct tdp_vm *vm, const struct mmu_page *root)
{
	uint32_t frame = (uint32_t)(root - vm->pages), before = 0;
	uint32_t i = vm->first_root;

	for (; i != frame; i = vm->pages[i].next_root)
		before = i;
	if (before)
		vm->pages[before].next_root = root->next_root;
	else
		vm->first_root = root->next_root;
}

struct mmu_page *tdp_root_get(const struct tdp_vcpu *vcpu,
			      const struct tdp_role *role, bool *created)
{
	struct tdp_vm *vm = vcpu->vm;
	unsigned int key = memtype_role_key(vcpu);
	struct mmu_page *root = find_root(vm, role_pack(&vm->kvm, role), key);

	*created = !root;
	if (root) {
		root->root_count++;
		return root;
	}
	root = page_alloc(vm, PAGE_TDP, role, 0);
	if (!root)
		return NULL;
	root->root_id = ++vm->next_root_id;
	root->memtype_key = (uint16_t)key;
	trace(vm, kvm_mmu_get_page, 0, root->role_word, true);
	/*
	 * From 6.4 on the TDP MMU itself keeps a reference until the root is
	 * invalidated, so that the last vCPU that leaves does not free it.
	 */
	root->root_count = vm->kvm.value[B_ROOT_LIFE] == ROOT_LIFE_PERSISTENT ?
				   2 :
				   1;
	list_root(vm, root);
	return root;
}

/* Zap what entries of exactly @zap_level below @page lead to. */
static void zap_level(struct tdp_vm *vm, struct mmu_page *page,
		      unsigned int zap, bool shared)
{
	uint64_t table = page_hpa(vm, page);
	unsigned int level = page->role.level;
	unsigned int i;

	for (i = 0; i < SPTES_PER_PAGE; i++) {
		uint64_t spte = physmem_read64(&vm->pm, table + 8 * i);

		if (!spte_present(&vm->fmt, spte))
			continue;
		if (level > zap) {
			if (!spte_leaf(spte, level))
				zap_level(vm, page_at(vm, spte & SPTE_ADDRESS),
					  zap, shared);
			continue;
		}
		tdp_set_spte(vm, page, table + 8 * i, entry_gfn(page, i),
			     vm->fmt.nonpresent, shared);
	}
}

/*
 * KVM 6.12: tdp_mmu_zap_root().  From the leaves up, so that no step holds
 * the lock for long; older kernels took bigger steps.
 */
static void zap_root(struct tdp_vm *vm, struct mmu_page *root, bool shared)
{
	static const unsigned int first[] = {
		[TDP_ZAP_ORDER_FROM_1G] = TDP_LEVEL_1G,
		[TDP_ZAP_ORDER_FROM_4K] = TDP_LEVEL_4K,
	};
	unsigned int order = behaviour(&vm->kvm, B_TDP_ZAP_ORDER), level;

	if (order != TDP_ZAP_ORDER_FROM_ROOT)
		for (level = first[order]; level <= TDP_LEVEL_1G; level++)
			zap_level(vm, root, level, shared);
	zap_level(vm, root, root->role.level, shared);
}

void tdp_free_root(struct tdp_vm *vm, struct mmu_page *root)
{
	unlist_root(vm, root);
	page_free(vm, root);
}

void tdp_root_put(struct tdp_vm *vm, struct mmu_page *root)
{
	assert(root->root_count > 0);
	if (--root->root_count)
		return;
	/*
	 * Up to 6.3 the last vCPU's reference was the root's life; 5.18 to 6.3
	 * let a worker zap it, which nobody can tell apart afterwards.
	 */
	if (!root->role.invalid) {
		root->role.invalid = true;
		page_update_role(vm, root);
		zap_root(vm, root, true);
	}
	tdp_free_root(vm, root);
}

void tdp_invalidate_roots(struct tdp_vm *vm)
{
	uint32_t i;

	for (i = vm->first_root; i; i = vm->pages[i].next_root) {
		struct mmu_page *root = &vm->pages[i];

		if (root->role.invalid)
			continue;
		root->zap_scheduled = true;
		root->role.invalid = true;
		page_update_role(vm, root);
	}
}

void tdp_zap_invalidated(struct tdp_vm *vm)
{
	uint32_t i = vm->first_root;

	while (i) {
		struct mmu_page *root = &vm->pages[i];

		i = root->next_root;
		if (!root->zap_scheduled)
			continue;
		root->zap_scheduled = false;
		zap_root(vm, root, true);
		vm->stats.tlb_flushes++;
		/* The reference that the TDP MMU held passed to the zapper. */
		if (vm->kvm.value[B_ROOT_LIFE] == ROOT_LIFE_PERSISTENT)
			tdp_root_put(vm, root);
	}
}

void tdp_empty_roots(struct tdp_vm *vm)
{
	uint32_t i;

	for (i = vm->first_root; i; i = vm->pages[i].next_root)
		if (!vm->pages[i].role.invalid)
			zap_root(vm, &vm->pages[i], false);
}

/* Zap leaves below @page in [@start, @end). */
static bool zap_leaves(struct tdp_vm *vm, struct mmu_page *page, uint64_t start,
		       uint64_t end)
{
	uint64_t table = page_hpa(vm, page);
	uint64_t pages = level_pages(page->role.level);
	unsigned int i;
	bool zapped = false;

	for (i = 0; i < SPTES_PER_PAGE; i++) {
		uint64_t spte = physmem_read64(&vm->pm, table + 8 * i);
		uint64_t gfn;

		if (!spte_present(&vm->fmt, spte))
			continue;
		gfn = entry_gfn(page, i);
		if (gfn + pages <= start)
			continue;
		if (gfn >= end)
			break;
		if (present_table(vm, spte, page->role.level)) {
			zapped |= zap_leaves(vm,
					     page_at(vm, spte & SPTE_ADDRESS),
					     start, end);
		} else {
			tdp_set_spte(vm, page, table + 8 * i, gfn,
				     vm->fmt.nonpresent, false);
			zapped = true;
		}
	}
	return zapped;
}

bool tdp_zap_leaves(struct tdp_vm *vm, int as_id, uint64_t start, uint64_t end)
{
	bool zapped = false;
	uint32_t i;

	for (i = vm->first_root; i; i = vm->pages[i].next_root) {
		struct mmu_page *root = &vm->pages[i];

		if (as_id < 0 || role_as_id(&root->role) == (unsigned int)as_id)
			zapped |= zap_leaves(vm, root, start, end);
	}
	return zapped;
}

/* Take W and mmu-writable from the leaf below @page that maps @gfn. */
static bool write_protect(struct tdp_vm *vm, struct mmu_page *page,
			  uint64_t gfn)
{
	for (;;) {
		unsigned int level = page->role.level;
		uint64_t hpa = spte_hpa(page_hpa(vm, page), gfn << 12, level);
		uint64_t spte = physmem_read64(&vm->pm, hpa), new;

		if (present_table(vm, spte, level)) {
			page = page_at(vm, spte & SPTE_ADDRESS);
			continue;
		}
		new = spte & ~(SPTE_W | vm->fmt.mmu_writable);
		if (!spte_present(&vm->fmt, spte) || new == spte)
			return false;
		tdp_set_spte(vm, page, hpa, align_down(gfn, level_pages(level)),
			     new, false);
		return true;
	}
}

bool tdp_write_protect(struct tdp_vm *vm, unsigned int as_id, uint64_t gfn)
{
	bool changed_any = false;
	uint32_t i;

	for (i = vm->first_root; i; i = vm->pages[i].next_root) {
		struct mmu_page *root = &vm->pages[i];

		if (!root->role.invalid && role_as_id(&root->role) == as_id)
			changed_any |= write_protect(vm, root, gfn);
	}
	return changed_any;
}

/* Installing ----------------------------------------------------------------- */

struct mmu_page *tdp_table_alloc(struct tdp_vm *vm, struct mmu_page *parent,
				 uint64_t hpa, uint64_t gfn)
{
	struct tdp_role role = role_tdp_child(&parent->role);
	struct mmu_page *table = page_alloc(vm, PAGE_TDP, &role, gfn);

	if (!table)
		return NULL;
	table->parent = (uint32_t)(parent - vm->pages);
	table->parent_index = (uint16_t)((hpa & FRAME_MASK) / 8);
	trace(vm, kvm_mmu_get_page, gfn, table->role_word, true);
	return table;
}

void tdp_link_table(struct tdp_vm *vm, const struct mmu_page *parent,
		    const struct mmu_page *table, uint64_t hpa, uint64_t gfn)
{
	tdp_set_spte(vm, parent, hpa, gfn,
		     spte_make_nonleaf(&vm->fmt, page_hpa(vm, table),
				       parent->role.ad_disabled),
		     true);
}

/*
 * Put a table where @spte, not present or a huge leaf, is now.  KVM 6.12:
 * kvm_tdp_mmu_map(), tdp_mmu_link_sp(), tdp_mmu_split_huge_page().
 */
static struct mmu_page *add_table(struct fault *f, struct mmu_page *parent,
				  uint64_t hpa, uint64_t spte)
{
	struct tdp_vm *vm = f->vm;
	bool zap = vm->kvm.value[B_TDP_SPLIT_ON_FAULT] ==
		   TDP_SPLIT_ON_FAULT_ZAP;
	uint64_t gfn = align_down(f->gfn, level_pages(parent->role.level));
	bool huge = spte_present(&vm->fmt, spte);
	struct mmu_page *child;

	if (huge && zap)
		tdp_zap_atomic(vm, parent, hpa, gfn);
	child = tdp_table_alloc(vm, parent, hpa, gfn);
	if (!child)
		return NULL;
	f->nr_pages++;
	child->nx_disallowed = f->huge_disallowed;
	if (huge && !zap)
		split_huge(vm, parent, child, hpa, gfn, spte);
	else
		tdp_link_table(vm, parent, child, hpa, gfn);
	/* It could be a huge page if nobody executed there. */
	if (f->huge_disallowed && f->req_level >= parent->role.level)
		nx_track(vm, child);
	return child;
}

/* Does an entry that is already there answer the fault? */
static bool satisfied(const struct fault *f, uint64_t spte, unsigned int level)
{
	const struct tdp_kvm_config *kvm = &f->vm->kvm;

	if (!spte_present(&f->vm->fmt, spte))
		return false;
	if (!spte_leaf(spte, level))
		return f->prefetch && kvm->value[B_TDP_PREFETCH_TABLE] ==
					      TDP_PREFETCH_TABLE_SPURIOUS;
	if (kvm->value[B_TDP_PRESENT_LEAF] != TDP_PRESENT_LEAF_SPURIOUS)
		return false;
	return f->prefetch || spte_allows(&f->vm->fmt, spte, f->write, f->exec);
}

static uint64_t make_leaf(struct fault *f, const struct mmu_page *page,
			  uint64_t old, bool *wrprot)
{
	struct spte_args args = {
		.role = &page->role,
		.level = page->role.level,
		.access = page->role.access,
		.pfn = f->pfn,
		.old_spte = old,
		.memtype_bits = memtype_spte_bits(f->vcpu, f->gfn,
						  f->host_mmio),
		.prefetch = f->prefetch,
		.host_writable = f->host_writable,
		.host_mmio = f->host_mmio,
		/* L1's nested tables may lie there. */
		.wrprot = f->vm->shadow,
	};
	uint64_t spte;

	*wrprot = false;
	if (f->no_slot)
		return fault_make_mmio_spte(f);
	spte = spte_make(&f->vm->fmt, &args, wrprot);
	/* Ask only if it matters, for the question makes pages unsync. */
	if (*wrprot && unsync_try(f->vm, f->slot, f->gfn, false, f->prefetch)) {
		args.wrprot = false;
		spte = spte_make(&f->vm->fmt, &args, wrprot);
	}
	/* Nobody tells of the first write, so it counts as done. */
	if (spte_writable(spte))
		dirty_log_mark(f->slot, f->gfn);
	return spte;
}

/* KVM 6.12: tdp_mmu_map_handle_target_level() */
static enum ret_pf install(struct fault *f, struct mmu_page *page, uint64_t hpa,
			   uint64_t old)
{
	struct tdp_vm *vm = f->vm;
	uint64_t gfn = align_down(f->gfn, level_pages(page->role.level));
	enum ret_pf ret = RET_PF_FIXED;
	bool wrprot;

	f->spte = f->old_spte = old;
	if (satisfied(f, old, page->role.level))
		return fault_because(f, RET_PF_SPURIOUS, TDP_WHY_SPURIOUS);
	f->spte = make_leaf(f, page, old, &wrprot);
	f->why = TDP_WHY_MAPPED;
	if (f->spte == old) {
		ret = RET_PF_SPURIOUS;
		f->why = TDP_WHY_SPURIOUS;
	} else {
		tdp_set_spte(vm, page, hpa, gfn, f->spte, true);
		if (present_table(vm, old, page->role.level))
			vm->stats.tlb_flushes++;
	}
	if (wrprot && f->write)
		ret = fault_because(f, RET_PF_WRITE_PROTECTED,
				    TDP_WHY_WRITE_TRACKED);
	if (spte_is_mmio(&vm->fmt, f->spte)) {
		trace(vm, mark_mmio_spte, gfn,
		      spte_mmio_access(&vm->fmt, f->spte),
		      spte_mmio_gen(&vm->fmt, f->spte));
		return fault_because(f, RET_PF_EMULATE, TDP_WHY_MMIO_SPTE);
	}
	trace_set_spte(vm, gfn, f->spte, page->role.level);
	return ret;
}

enum ret_pf tdp_map(struct fault *f)
{
	struct tdp_vm *vm = f->vm;
	struct mmu_page *page = page_at(vm, f->vcpu->mmu->root.hpa);

	fault_adjust_level(f);
	trace(vm, kvm_mmu_spte_requested, f->gfn,
	      f->pfn | (f->gfn & (level_pages(f->goal_level) - 1)),
	      f->goal_level);
	for (;;) {
		unsigned int level = page->role.level;
		uint64_t hpa = spte_hpa(page_hpa(vm, page), f->gfn << 12,
					level);
		uint64_t spte = physmem_read64(&vm->pm, hpa);

		fault_adjust_disallowed(f, spte, level);
		if (level == f->goal_level)
			return install(f, page, hpa, spte);
		if (present_table(vm, spte, level))
			page = page_at(vm, spte & SPTE_ADDRESS);
		else
			page = add_table(f, page, hpa, spte);
		if (!page)
			return fault_no_frames(f);
	}
}
