/* SPDX-License-Identifier: MIT */
/* Faults of MMUs that mirror a guest's page tables. */
#include <errno.h>

#include "arch/regs.h"
#include "base/error.h"
#include "kvm/shadow.h"
#include "kvm/shadow_map.h"
#include "kvm/shadow_spte.h"
#include "kvm/track.h"
#include "kvm/unsync.h"
#include "kvm/walker.h"

/* The guest's tables forbid it ------------------------------------------------------ */

/*
 * KVM 6.12: kvm_inject_emulated_page_fault().  The processor may have an old
 * translation that grants the access; the guest will see it gone.
 */
static enum ret_pf refused(struct fault *f, const struct guest_walk *walk)
{
	bool forbidden = walk->error_code & PFERR_PRESENT;

	f->why = forbidden ? TDP_WHY_GUEST_PTE_FORBIDS :
			     TDP_WHY_GUEST_PTE_ABSENT;
	if (f->prefetch)
		return RET_PF_RETRY;
	if (forbidden && !(walk->error_code & PFERR_RSVD))
		shadow_invalidate_addr(f->vcpu, f->vcpu->mmu, f->addr);
	f->inject = true;
	f->inject_nested = f->vcpu->mmu == &f->vcpu->guest_mmu;
	f->inject_code = walk->error_code;
	f->inject_qualification = walk->qualification;
	f->inject_address = f->addr;
	return RET_PF_RETRY;
}

static enum ret_pf walk_failed(struct fault *f, const struct guest_walk *walk,
			       enum gw_status status)
{
	if (status == GW_BLOCKS)
		return fault_errno(f, -EINTR, TDP_WHY_HOST_BLOCKS);
	if (status == GW_NO_MEMORY)
		return shadow_stop(f, TDP_ENOMEM);
	return refused(f, walk);
}

/* Building ------------------------------------------------------------------------------- */

/*
 * A supervisor write to a read-only page with CR0.WP clear: the processor,
 * which runs with WP set, must be shown a writable page, which then must be
 * hidden from user mode, and from SMEP, which sees no user page any more.
 */
static unsigned int override_wp(const struct fault *f,
				const struct gw_mode *mode, unsigned int access)
{
	if (!f->write || f->user || (access & TDP_ACC_WRITE) || mode->wp ||
	    mode->ept || !f->slot)
		return access;
	access |= TDP_ACC_WRITE;
	access &= ~TDP_ACC_USER;
	return mode->smep ? access & ~TDP_ACC_EXEC : access;
}

/* Shadow pages for the guest's tables above the leaf. */
static int mirror_tables(struct fault *f, const struct guest_walk *walk,
			 struct shadow_iter *it)
{
	struct tdp_vm *vm = f->vm;

	for (; it->level > walk->level; shadow_iter_next(it)) {
		struct shadow_child want = {
			.gfn = walk->table_gfn[it->level - 2],
			.access = walk->above[it->level - 2],
		};
		struct mmu_page *child;
		int ret;

		shadow_page(vm, shadow_iter_page(it))->write_flooding_count = 0;
		ret = shadow_get_child(f->vcpu, it->sptep, &want, &child);
		if (ret)
			return ret;
		if (!child)
			continue;
		if (shadow_page(vm, child)->unsync_children)
			unsync_sync_children(f->vcpu, child);
		sptep_link(vm, it->sptep, child);
	}
	return TDP_OK;
}

/* One neighbour; false: stop here. KVM 6.12: FNAME(prefetch_gpte). */
static bool prefetch_gpte(const struct guest_walker *w, uint64_t sptep,
			  uint64_t gpte)
{
	struct tdp_vm *vm = w->vcpu->vm;
	struct shadow_leaf leaf = {
		.sptep = sptep,
		.prefetch = true,
		.host_writable = true,
	};
	struct gpte_leaf guest;
	uint64_t spte;

	gw_leaf(w, sptep_page(vm, sptep), gpte, &guest);
	if (!guest.valid) {
		sptep_drop(vm, sptep);
		return false;
	}
	leaf.gfn = guest.gfn;
	leaf.access = guest.access;
	if (!shadow_prefetch_pfn(w->vcpu, leaf.gfn, leaf.access, &leaf.pfn))
		return false;
	shadow_set_spte(w->vcpu, &leaf, &spte);
	return true;
}

/* KVM 6.12: FNAME(pte_prefetch) */
static void prefetch(const struct guest_walker *w,
		     const struct guest_walk *walk, uint64_t sptep)
{
	struct tdp_vm *vm = w->vcpu->vm;
	const struct mmu_page *page = sptep_page(vm, sptep);
	unsigned int start = sptep_index(sptep) & ~(PREFETCH_WINDOW - 1u), i;
	uint64_t gpte[PREFETCH_WINDOW];

	if (page->role.level > TDP_LEVEL_4K)
		return;
	if (page->role.direct) {
		shadow_prefetch_window(w->vcpu, sptep);
		return;
	}
	if (!gw_read_window(w, walk, gpte))
		return;
	for (i = 0; i < PREFETCH_WINDOW; i++) {
		uint64_t at = entry_hpa(vm, page, start + i);

		if (at == sptep ||
		    spte_present(&vm->fmt, physmem_read64(&vm->pm, at)))
			continue;
		if (!prefetch_gpte(w, at, gpte[i]))
			return;
	}
}

/*
 * KVM 6.12: FNAME(fetch).  That the guest's entries did not change since the
 * walk need not be checked: nothing runs at the same time here.
 */
static enum ret_pf fetch(struct fault *f, const struct guest_walker *w,
			 const struct guest_walk *walk)
{
	struct tdp_vcpu *vcpu = f->vcpu;
	struct shadow_iter it;
	enum ret_pf ret;
	int status;

	/* The tables are in a slot now; they were not when it was loaded. */
	if (vcpu->mmu->root.hpa == f->vm->shadow->dummy_root) {
		request(vcpu, REQ_MMU_FREE_OBSOLETE_ROOTS);
		return fault_because(f, RET_PF_RETRY, TDP_WHY_ROOT_OBSOLETE);
	}
	shadow_iter_start(&it, vcpu, vcpu->mmu->root.hpa, f->addr);
	status = mirror_tables(f, walk, &it);
	if (status)
		return shadow_stop(f, status);
	fault_adjust_level(f);
	shadow_trace_request(f);
	ret = shadow_map_below(f, &it, f->map_access);
	if (ret == RET_PF_FIXED || ret == RET_PF_EMULATE ||
	    ret == RET_PF_WRITE_PROTECTED)
		prefetch(w, walk, it.sptep);
	return ret;
}

/* KVM 6.12: FNAME(page_fault), from the walk on */
static enum ret_pf map_walk(struct fault *f, const struct guest_walker *w,
			    const struct guest_walk *walk)
{
	uint64_t created;
	enum ret_pf ret;

	if (shadow_provide(f->vm, SPTES_PER_FAULT))
		return shadow_stop(f, TDP_ENOMEM);
	ret = fault_resolve_pfn(f);
	if (ret != RET_PF_CONTINUE)
		return ret;
	f->map_access = override_wp(f, &w->mode, walk->access);
	ret = shadow_ready(f);
	if (ret != RET_PF_CONTINUE)
		return ret;
	created = f->vm->shadow->nr_created;
	ret = fetch(f, w, walk);
	f->nr_pages = (unsigned int)(f->vm->shadow->nr_created - created);
	return ret;
}

static void clear_flooding(struct fault *f)
{
	struct shadow_iter it;

	shadow_iter_start(&it, f->vcpu, f->vcpu->mmu->root.hpa, f->addr);
	for (; it.level; shadow_iter_next(&it))
		shadow_page(f->vm, shadow_iter_page(&it))
			->write_flooding_count = 0;
}

enum ret_pf shadow_page_fault(struct fault *f)
{
	enum gw_status status;
	struct guest_walk walk;
	struct guest_walker w;

	gw_init(&w, f->vcpu, f->vcpu->mmu);
	status = gw_walk(&w, f->addr, f->error_code & ~PFERR_RSVD, &walk);
	if (status != GW_OK)
		return walk_failed(f, &walk, status);
	f->gfn = walk.gfn;
	f->max_level = walk.level;
	f->map_access = walk.access;
	f->slot = memslots_find(vcpu_memslots(f->vcpu), f->gfn);
	if (!f->rsvd && f->present && f->write &&
	    gfn_write_tracked(f->vm, f->slot, f->gfn)) {
		clear_flooding(f);
		return fault_because(f, RET_PF_WRITE_PROTECTED,
				     TDP_WHY_WRITE_TRACKED);
	}
	return map_walk(f, &w, &walk);
}
