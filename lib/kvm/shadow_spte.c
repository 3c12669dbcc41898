/* SPDX-License-Identifier: MIT */
#include "kvm/shadow_spte.h"

#include "kvm/dirty_log.h"
#include "kvm/shadow.h"
#include "kvm/tdp_mmu.h"
#include "kvm/unsync.h"
#include "mem/physmem.h"

/* Chains longer than this are zapped: KVM 6.12 RMAP_RECYCLE_THRESHOLD. */
#define MAX_CHAIN 1000

/* Leaves and MMIO entries ---------------------------------------------------- */

static uint64_t read_spte(const struct tdp_vm *vm, uint64_t sptep)
{
	return physmem_read64(&vm->pm, sptep);
}

void sptep_clear(struct tdp_vm *vm, uint64_t sptep)
{
	physmem_write64(&vm->pm, sptep, vm->fmt.nonpresent);
}

/* False if there was no leaf to forget. */
static bool clear_leaf(struct tdp_vm *vm, uint64_t sptep)
{
	uint64_t old = read_spte(vm, sptep);

	sptep_clear(vm, sptep);
	if (!spte_present(&vm->fmt, old))
		return false;
	page_count_leaf(vm, sptep_page(vm, sptep)->role.level, -1);
	vm->stats.zaps++;
	return true;
}

void sptep_forget(struct tdp_vm *vm, uint64_t sptep)
{
	const struct mmu_page *page = sptep_page(vm, sptep);

	/*
	 * Not found: the entry was put into the page of another frame, which
	 * up to 7.0 happens to a child that is reused although the guest's
	 * table changed (the kernel warns in pte_list_remove()).
	 */
	rmap_remove(&vm->shadow->rmap, role_as_id(&page->role),
		    page->role.level,
		    page_entry_gfn(vm, page, sptep_index(sptep)), sptep);
}

void sptep_drop(struct tdp_vm *vm, uint64_t sptep)
{
	if (clear_leaf(vm, sptep))
		sptep_forget(vm, sptep);
}

bool sptep_update(struct tdp_vm *vm, uint64_t sptep, uint64_t new)
{
	uint64_t old = read_spte(vm, sptep);

	physmem_write64(&vm->pm, sptep, new);
	return spte_present(&vm->fmt, old) &&
	       spte_needs_flush(&vm->fmt, old, new);
}

uint64_t sptep_make(struct tdp_vcpu *vcpu, struct spte_args *args, uint64_t gfn,
		    bool *wrprotected)
{
	const struct spte_format *fmt = &vcpu->vm->fmt;
	const struct memslot *slot = memslots_find(vcpu_memslots(vcpu), gfn);
	uint64_t spte;

	/* Ask only if it matters, for the question makes pages unsync. */
	args->wrprot = true;
	spte = spte_make(fmt, args, wrprotected);
	if (*wrprotected && unsync_try(vcpu->vm, slot, gfn, args->synchronizing,
				       args->prefetch)) {
		args->wrprot = false;
		spte = spte_make(fmt, args, wrprotected);
	}
	/* Nobody tells of the first write, so it counts as done. */
	if (spte_writable(spte))
		dirty_log_mark(slot, gfn);
	return spte;
}

/* KVM 6.12: kvm_zap_all_rmap_sptes() */
static void zap_chain(struct tdp_vm *vm, struct rmap_head *head)
{
	struct rmap *rmap = &vm->shadow->rmap;
	unsigned int as_id = rmap_key_as_id(head->key);
	unsigned int level = rmap_key_level(head->key);
	uint64_t gfn = rmap_key_index(head->key) << (9 * (level - 1));

	while (head) {
		uint64_t sptep = rmap->pool.nodes[head->list].hpa;

		clear_leaf(vm, sptep);
		rmap_remove(rmap, as_id, level, gfn, sptep);
		head = rmap_find(rmap, as_id, level, gfn);
	}
}

void sptep_map(struct tdp_vm *vm, uint64_t sptep, uint64_t gfn,
	       unsigned int access)
{
	const struct mmu_page *page = sptep_page(vm, sptep);
	unsigned int as_id = role_as_id(&page->role);
	unsigned int level = page->role.level;
	struct rmap *rmap = &vm->shadow->rmap;

	page_set_translation(vm, page, sptep_index(sptep), gfn, access);
	page_count_leaf(vm, level, 1);
	if (rmap_add(rmap, as_id, level, gfn, sptep) <= MAX_CHAIN)
		return;
	zap_chain(vm, rmap_find(rmap, as_id, level, gfn));
	vm->stats.tlb_flushes++;
}

/* Tables ----------------------------------------------------------------------- */

/* KVM 6.12: drop_large_spte() */
static void drop_huge(struct tdp_vm *vm, uint64_t sptep)
{
	if (!spte_present(&vm->fmt, read_spte(vm, sptep)))
		return;
	sptep_drop(vm, sptep);
	vm->stats.tlb_flushes++;
}

void sptep_link(struct tdp_vm *vm, uint64_t sptep, struct mmu_page *child)
{
	const struct shadow_page *sp = shadow_page(vm, child);

	drop_huge(vm, sptep);
	physmem_write64(&vm->pm, sptep,
			spte_make_nonleaf(&vm->fmt, page_hpa(vm, child),
					  child->role.ad_disabled));
	pte_list_add(&vm->shadow->rmap.pool, &child->first_parent, sptep);
	if (sp->unsync || sp->unsync_children)
		unsync_mark(vm, sptep);
}

void sptep_unlink(struct tdp_vm *vm, uint64_t sptep, struct mmu_page *child)
{
	bool was_parent = pte_list_remove(&vm->shadow->rmap.pool,
					  &child->first_parent, sptep);

	assert(was_parent);
	(void)was_parent;
	sptep_clear(vm, sptep);
}

/* Behaviour nested.orphans: 7.2 leaves roots alone that nothing leads to. */
static bool spares_roots(const struct tdp_vm *vm)
{
	return vm->kvm.value[B_NESTED_ORPHANS] == NESTED_ORPHANS_ZAPPED;
}

/*
 * Shadow pages of nested TDP that nothing leads to any more are not likely to
 * be used again: L1's tables change with L2's memory, not with its tasks.
 */
static bool zap_table(struct tdp_vm *vm, uint64_t sptep, struct mmu_page *child,
		      struct zap_list *zapped)
{
	sptep_unlink(vm, sptep, child);
	if (!vm->tdp_enabled || !zapped || !child->role.guest_mode ||
	    child->first_parent || (child->root_count && spares_roots(vm)))
		return false;
	zap_prepare(vm, child, zapped);
	return true;
}

bool sptep_zap(struct tdp_vm *vm, uint64_t sptep, struct zap_list *zapped)
{
	const struct mmu_page *page = sptep_page(vm, sptep);
	uint64_t spte = read_spte(vm, sptep);

	if (!spte_present(&vm->fmt, spte)) {
		if (spte_is_mmio(&vm->fmt, spte))
			sptep_clear(vm, sptep);
		return false;
	}
	if (!spte_leaf(spte, page->role.level))
		return zap_table(vm, sptep, page_at(vm, spte & SPTE_ADDRESS),
				 zapped);
	sptep_drop(vm, sptep);
	return false;
}

/* By guest frame --------------------------------------------------------------- */

/* KVM 6.12: spte_write_protect() */
static bool write_protect(struct tdp_vm *vm, uint64_t sptep, bool for_good)
{
	uint64_t spte = read_spte(vm, sptep);
	uint64_t clear = SPTE_W | (for_good ? vm->fmt.mmu_writable : 0);

	if (!spte_present(&vm->fmt, spte) || !(spte & clear))
		return false;
	return sptep_update(vm, sptep, spte & ~clear);
}

bool gfn_write_protect(struct tdp_vm *vm, unsigned int as_id, uint64_t gfn,
		       bool for_good)
{
	const struct rmap *rmap = &vm->shadow->rmap;
	unsigned int level;
	bool flush = false;

	for (level = TDP_LEVEL_4K; level <= TDP_LEVEL_1G; level++) {
		const struct rmap_head *head = rmap_find(rmap, as_id, level,
							 gfn);
		uint32_t node = head ? head->list : 0;

		for (; node; node = rmap->pool.nodes[node].next)
			flush |= write_protect(vm, rmap->pool.nodes[node].hpa,
					       for_good);
	}
	return tdp_write_protect(vm, as_id, gfn) || flush;
}

/* Is the frame of @head in [@start, @end) of @as_id? */
static bool in_range(const struct rmap_head *head, unsigned int as_id,
		     uint64_t start, uint64_t end)
{
	unsigned int level = rmap_key_level(head->key);
	uint64_t gfn = rmap_key_index(head->key) << (9 * (level - 1));

	return rmap_key_as_id(head->key) == as_id && gfn < end &&
	       gfn + level_pages(level) > start;
}

bool shadow_zap_gfns(struct tdp_vm *vm, unsigned int as_id, uint64_t start,
		     uint64_t end)
{
	struct rmap *rmap = vm->shadow ? &vm->shadow->rmap : NULL;
	bool zapped = false;
	size_t i = 0;

	while (rmap && i < rmap->capacity) {
		struct rmap_head *head = &rmap->heads[i];

		/* Removal closes the gap: look at the same place again. */
		if (head->key != RMAP_FREE &&
		    in_range(head, as_id, start, end)) {
			zap_chain(vm, head);
			zapped = true;
		} else {
			i++;
		}
	}
	return zapped;
}
