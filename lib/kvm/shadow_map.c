/* SPDX-License-Identifier: MIT */
#include "kvm/shadow_map.h"

#include <errno.h>

#include "base/error.h"
#include "kvm/guest_memtype.h"
#include "kvm/nx.h"
#include "kvm/shadow.h"
#include "kvm/shadow_spte.h"
#include "kvm/walker.h"

#define PAE_LEVEL 3

/* Walking ------------------------------------------------------------------------ */

static void settle(struct shadow_iter *it)
{
	it->sptep = spte_hpa(it->table, it->addr, it->level);
}

/* KVM 6.12: shadow_walk_init_using_root() */
void shadow_iter_start(struct shadow_iter *it, const struct tdp_vcpu *vcpu,
		       uint64_t root_hpa, uint64_t addr)
{
	const struct mmu *mmu = vcpu->mmu;

	*it = (struct shadow_iter){
		.vm = vcpu->vm,
		.addr = addr,
		.table = root_hpa,
		.level = mmu->root_role.level,
	};
	if (mmu_uses_pae_root(mmu)) {
		it->table = physmem_read64(&vcpu->vm->pm,
					   mmu->pae_root +
						   8 * (addr >> 30 & 3)) &
			    SPTE_ADDRESS;
		it->level = it->table ? PAE_LEVEL - 1 : 0;
	}
	if (it->level)
		settle(it);
}

void shadow_iter_next(struct shadow_iter *it)
{
	uint64_t spte = physmem_read64(&it->vm->pm, it->sptep);

	if (!spte_present(&it->vm->fmt, spte) || spte_leaf(spte, it->level)) {
		it->level = 0;
		return;
	}
	it->table = spte & SPTE_ADDRESS;
	it->level--;
	settle(it);
}

/* One leaf ------------------------------------------------------------------------- */

/*
 * Does a prefetch leave alone what is there?  From 6.13 on it does, be it a
 * table or the page of another frame; from 6.16 on only the very same page.
 */
static bool prefetch_is_spurious(const struct tdp_vm *vm, uint64_t spte,
				 unsigned int level, uint64_t pfn)
{
	if (vm->kvm.value[B_TDP_PRESENT_LEAF] != TDP_PRESENT_LEAF_SPURIOUS)
		return false;
	return vm->kvm.value[B_TDP_PREFETCH_TABLE] ==
		       TDP_PREFETCH_TABLE_SPURIOUS ||
	       (spte_leaf(spte, level) && (spte & SPTE_ADDRESS) == pfn << 12);
}

/* What to do about the entry that is there already. */
struct replaced {
	bool spurious;
	bool mapped; /* the same page: it stays in the rmap */
	bool flush;
};

static struct replaced replace(struct tdp_vm *vm,
			       const struct shadow_leaf *leaf,
			       unsigned int level)
{
	uint64_t spte = physmem_read64(&vm->pm, leaf->sptep);
	struct replaced r = { 0 };

	if (!spte_present(&vm->fmt, spte))
		return r;
	if (!leaf->no_slot && leaf->prefetch &&
	    prefetch_is_spurious(vm, spte, level, leaf->pfn)) {
		r.spurious = true;
	} else if (!spte_leaf(spte, level)) {
		sptep_unlink(vm, leaf->sptep, page_at(vm, spte & SPTE_ADDRESS));
		r.flush = true;
	} else if (leaf->no_slot || (spte & SPTE_ADDRESS) != leaf->pfn << 12) {
		sptep_drop(vm, leaf->sptep);
		r.flush = true;
	} else {
		r.mapped = true;
	}
	return r;
}

/*
 * Up to 6.19 an MMIO entry was written over whatever was there; the page stays
 * counted for good.  KVM also leaves it in the reverse map, which later leads
 * to an entry of something else; here it is taken out.
 */
static void overwrite(struct tdp_vm *vm, const struct shadow_leaf *leaf)
{
	uint64_t spte = physmem_read64(&vm->pm, leaf->sptep);

	/* MMIO is never mapped with large pages: it is no table. */
	assert(sptep_page(vm, leaf->sptep)->role.level == TDP_LEVEL_4K);
	if (spte_present(&vm->fmt, spte))
		sptep_forget(vm, leaf->sptep);
}

/* KVM 6.12: mark_mmio_spte() */
static enum ret_pf set_mmio(struct tdp_vcpu *vcpu,
			    const struct shadow_leaf *leaf, uint64_t *out)
{
	struct tdp_vm *vm = vcpu->vm;
	unsigned int level = sptep_page(vm, leaf->sptep)->role.level;
	uint64_t spte;

	if (vm->kvm.value[B_MMIO_OVER_PRESENT] ==
	    MMIO_OVER_PRESENT_DROPS_FIRST) {
		if (replace(vm, leaf, level).flush)
			vm->stats.tlb_flushes++;
	} else {
		overwrite(vm, leaf);
	}
	spte = spte_make_mmio(&vm->fmt, leaf->gfn, leaf->access,
			      vcpu_memslots(vcpu)->generation);
	trace(vm, mark_mmio_spte, leaf->gfn, spte_mmio_access(&vm->fmt, spte),
	      spte_mmio_gen(&vm->fmt, spte));
	physmem_write64(&vm->pm, leaf->sptep, spte);
	*out = spte;
	return RET_PF_EMULATE;
}

static uint64_t make_leaf(struct tdp_vcpu *vcpu, const struct shadow_leaf *leaf,
			  bool *wrprot)
{
	struct tdp_vm *vm = vcpu->vm;
	const struct mmu_page *page = sptep_page(vm, leaf->sptep);
	struct spte_args args = {
		.role = &page->role,
		.level = page->role.level,
		.access = leaf->access,
		.pfn = leaf->pfn,
		.old_spte = physmem_read64(&vm->pm, leaf->sptep),
		.memtype_bits = memtype_spte_bits(vcpu, leaf->gfn,
						  leaf->host_mmio),
		.prefetch = leaf->prefetch,
		.host_writable = leaf->host_writable,
		.host_mmio = leaf->host_mmio,
		.guest_mmu = vcpu->mmu == &vcpu->guest_mmu,
	};

	return sptep_make(vcpu, &args, leaf->gfn, wrprot);
}

/* KVM 6.12: mmu_set_spte() */
enum ret_pf shadow_set_spte(struct tdp_vcpu *vcpu,
			    const struct shadow_leaf *leaf, uint64_t *spte)
{
	struct tdp_vm *vm = vcpu->vm;
	const struct mmu_page *page = sptep_page(vm, leaf->sptep);
	enum ret_pf ret = RET_PF_FIXED;
	struct replaced old;
	bool wrprot;

	page_entry_read(vm, page, sptep_index(leaf->sptep));
	if (leaf->no_slot)
		return set_mmio(vcpu, leaf, spte);
	*spte = physmem_read64(&vm->pm, leaf->sptep);
	old = replace(vm, leaf, page->role.level);
	if (old.spurious)
		return RET_PF_SPURIOUS;
	*spte = make_leaf(vcpu, leaf, &wrprot);
	if (*spte == physmem_read64(&vm->pm, leaf->sptep)) {
		ret = RET_PF_SPURIOUS;
	} else {
		old.flush |= sptep_update(vm, leaf->sptep, *spte);
		trace_set_spte(vm, leaf->gfn, *spte, page->role.level);
	}
	if (wrprot && leaf->write)
		ret = RET_PF_WRITE_PROTECTED;
	vm->stats.tlb_flushes += old.flush;
	if (old.mapped)
		page_set_translation(vm, page, sptep_index(leaf->sptep),
				     leaf->gfn, leaf->access);
	else
		sptep_map(vm, leaf->sptep, leaf->gfn, leaf->access);
	return ret;
}

static enum tdp_reason reason_of(enum ret_pf ret)
{
	switch (ret) {
	case RET_PF_EMULATE:
		return TDP_WHY_MMIO_SPTE;
	case RET_PF_WRITE_PROTECTED:
		return TDP_WHY_WRITE_TRACKED;
	case RET_PF_SPURIOUS:
		return TDP_WHY_SPURIOUS;
	default:
		return TDP_WHY_MAPPED;
	}
}

enum ret_pf shadow_install(struct fault *f, uint64_t sptep, unsigned int access)
{
	const struct mmu_page *page = sptep_page(f->vm, sptep);
	struct shadow_leaf leaf = {
		.sptep = sptep,
		.gfn = align_down(f->gfn, level_pages(page->role.level)),
		.pfn = f->pfn,
		.access = access,
		.prefetch = f->prefetch,
		.write = f->write,
		.host_writable = f->host_writable,
		.host_mmio = f->host_mmio,
		.no_slot = f->no_slot,
	};
	enum ret_pf ret = shadow_set_spte(f->vcpu, &leaf, &f->spte);

	return fault_because(f, ret, reason_of(ret));
}

/* Prefetching ------------------------------------------------------------------------- */

bool shadow_atomic_pfn(const struct tdp_vcpu *vcpu, uint64_t gfn, uint64_t *pfn)
{
	const struct memslot *slot = memslots_find(vcpu_memslots(vcpu), gfn);
	struct gup gup;

	if (!slot || slot->invalid || slot->readonly ||
	    !hostmm_get_mapped(&vcpu->vm->mm, memslot_hva(slot, gfn), &gup) ||
	    gup.mmio)
		return false;
	*pfn = gup.hpa >> 12;
	return true;
}

bool shadow_prefetch_pfn(const struct tdp_vcpu *vcpu, uint64_t gfn,
			 unsigned int access, uint64_t *pfn)
{
	const struct memslot *slot = memslots_find(vcpu_memslots(vcpu), gfn);

	if (slot && (access & TDP_ACC_WRITE) && slot->dirty_log)
		return false;
	return shadow_atomic_pfn(vcpu, gfn, pfn);
}

/*
 * Entries [@first, @end) in one go, as far as the host has their pages; false
 * if it does not even have the first.  KVM 6.12: direct_pte_prefetch_many().
 */
static bool prefetch_run(struct tdp_vcpu *vcpu, const struct mmu_page *page,
			 unsigned int first, unsigned int end)
{
	struct tdp_vm *vm = vcpu->vm;
	uint64_t gfn = page_entry_gfn(vm, page, first), spte;
	const struct memslot *slot = memslots_find(vcpu_memslots(vcpu), gfn);
	struct shadow_leaf leaf = {
		.access = page->role.access,
		.prefetch = true,
		.host_writable = true,
	};
	unsigned int i;

	/* All or nothing where the slot ends. */
	if (!slot || !memslot_covers(slot, gfn + (end - first) - 1))
		return false;
	for (i = first; i < end; i++) {
		leaf.gfn = gfn + (i - first);
		leaf.sptep = entry_hpa(vm, page, i);
		if (!shadow_prefetch_pfn(vcpu, leaf.gfn, leaf.access,
					 &leaf.pfn))
			break;
		shadow_set_spte(vcpu, &leaf, &spte);
	}
	return i > first;
}

void shadow_prefetch_window(struct tdp_vcpu *vcpu, uint64_t sptep)
{
	const struct tdp_vm *vm = vcpu->vm;
	const struct mmu_page *page = sptep_page(vm, sptep);
	unsigned int index = sptep_index(sptep);
	unsigned int start = index & ~(PREFETCH_WINDOW - 1u);
	unsigned int end = start + PREFETCH_WINDOW, first, i;

	for (first = i = start; i <= end; i++) {
		if (i < end && i != index &&
		    !spte_present(
			    &vm->fmt,
			    physmem_read64(&vm->pm, entry_hpa(vm, page, i))))
			continue;
		if (i > first && !prefetch_run(vcpu, page, first, i))
			return;
		first = i + 1;
	}
}

void shadow_prefetch_direct(struct tdp_vcpu *vcpu, uint64_t sptep)
{
	const struct mmu_page *page = sptep_page(vcpu->vm, sptep);

	/* Without A bits nobody could tell prefetched entries from used ones. */
	if (!page->role.ad_disabled && page->role.level == TDP_LEVEL_4K)
		shadow_prefetch_window(vcpu, sptep);
}

/* Tables ----------------------------------------------------------------------------- */

enum ret_pf shadow_stop(struct fault *f, int status)
{
	if (status == TDP_ELIMIT)
		return fault_no_frames(f);
	f->status = err_set(f->error, status,
			    "no memory to keep track of shadow pages");
	return RET_PF_STOP;
}

/*
 * Is the table that the entry leads to the wanted one?  Up to 7.0 any table
 * was; a guest table that changed behind KVM's back shows the difference.
 */
static bool child_fits(const struct tdp_vm *vm, const struct mmu_page *child,
		       uint64_t gfn, const struct tdp_role *role)
{
	return vm->kvm.value[B_SHADOW_CHILD] == SHADOW_CHILD_ANY ||
	       (child->gfn == gfn &&
		child->role_word == role_pack(&vm->kvm, role));
}

int shadow_get_child(struct tdp_vcpu *vcpu, uint64_t sptep,
		     const struct shadow_child *want, struct mmu_page **page)
{
	struct tdp_vm *vm = vcpu->vm;
	const struct mmu_page *parent = sptep_page(vm, sptep);
	uint64_t spte = physmem_read64(&vm->pm, sptep);
	struct tdp_role role = role_child(&vm->kvm, &parent->role,
					  sptep_index(sptep), want->direct,
					  want->access);
	struct zap_list zapped = { 0 };

	*page = NULL;
	page_entry_read(vm, parent, sptep_index(sptep));
	if (spte_present(&vm->fmt, spte) &&
	    !spte_leaf(spte, parent->role.level)) {
		if (child_fits(vm, page_at(vm, spte & SPTE_ADDRESS), want->gfn,
			       &role))
			return TDP_OK;
		sptep_zap(vm, sptep, &zapped);
		zap_commit_or_flush(vm, &zapped, true);
	}
	return shadow_get_page(vcpu, want->gfn, &role, page);
}

/* Below the guest's tables ---------------------------------------------------------------- */

/*
 * A direct table that was made for other rights, when the guest's large page
 * was, say, not dirty yet, is of no use.  KVM 6.12: validate_direct_spte().
 */
static void validate_direct(struct tdp_vm *vm, const struct shadow_iter *it,
			    unsigned int access)
{
	uint64_t spte = physmem_read64(&vm->pm, it->sptep);
	struct mmu_page *child;

	if (!spte_present(&vm->fmt, spte) || spte_leaf(spte, it->level))
		return;
	child = page_at(vm, spte & SPTE_ADDRESS);
	if (child->role.access == access)
		return;
	sptep_unlink(vm, it->sptep, child);
	vm->stats.tlb_flushes++;
}

/* Make sure of a direct table below the entry that @it is at. */
static int add_direct_table(struct fault *f, const struct shadow_iter *it,
			    unsigned int access)
{
	struct shadow_child want = {
		.gfn = align_down(f->gfn, level_pages(it->level)),
		.direct = true,
		.access = access,
	};
	struct mmu_page *child;
	int ret;

	ret = shadow_get_child(f->vcpu, it->sptep, &want, &child);
	if (ret || !child)
		return ret;
	sptep_link(f->vm, it->sptep, child);
	child->nx_disallowed |= f->huge_disallowed;
	if (f->huge_disallowed && f->req_level >= it->level)
		nx_track(f->vm, child);
	return TDP_OK;
}

enum ret_pf shadow_map_below(struct fault *f, struct shadow_iter *it,
			     unsigned int access)
{
	int ret;

	for (; it->level; shadow_iter_next(it)) {
		shadow_page(f->vm, shadow_iter_page(it))->write_flooding_count =
			0;
		fault_adjust_disallowed(
			f, physmem_read64(&f->vm->pm, it->sptep), it->level);
		if (it->level == f->goal_level)
			return shadow_install(f, it->sptep, access);
		if (!f->vcpu->mmu->root_role.direct)
			validate_direct(f->vm, it, access);
		ret = add_direct_table(f, it, access);
		if (ret)
			return shadow_stop(f, ret);
	}
	/* A PDPTE whose table was outside all slots when the root was loaded. */
	return fault_errno(f, -EFAULT, TDP_WHY_ROOT_OBSOLETE);
}

/* Ready to change anything? --------------------------------------------------------------- */

static enum ret_pf check_stale(struct fault *f)
{
	return fault_is_stale(f) ? RET_PF_RETRY : RET_PF_CONTINUE;
}

static enum ret_pf check_quota(struct fault *f)
{
	return shadow_make_available(f->vm) ?
		       RET_PF_CONTINUE :
		       fault_errno(f, -ENOSPC, TDP_WHY_NO_MMU_PAGES);
}

/* The order matters since reclaiming may invalidate the root in use. */
enum ret_pf shadow_ready(struct fault *f)
{
	bool after = f->vm->kvm.value[B_MMU_STALE_CHECK] ==
		     MMU_STALE_CHECK_AFTER_RECLAIM;
	enum ret_pf ret = after ? check_quota(f) : check_stale(f);

	if (ret != RET_PF_CONTINUE)
		return ret;
	return after ? check_stale(f) : check_quota(f);
}

void shadow_trace_request(const struct fault *f)
{
	uint64_t below = level_pages(f->goal_level) - 1;

	trace(f->vm, kvm_mmu_spte_requested, f->gfn, f->pfn | (f->gfn & below),
	      f->goal_level);
}

/* Direct faults ------------------------------------------------------------------------------ */

/* KVM 6.12: direct_map() */
enum ret_pf shadow_map_direct(struct fault *f)
{
	uint64_t created = f->vm->shadow->nr_created;
	struct shadow_iter it;
	enum ret_pf ret;

	if (shadow_provide(f->vm, SPTES_PER_FAULT))
		return shadow_stop(f, TDP_ENOMEM);
	ret = shadow_ready(f);
	if (ret != RET_PF_CONTINUE)
		return ret;
	fault_adjust_level(f);
	shadow_trace_request(f);
	shadow_iter_start(&it, f->vcpu, f->vcpu->mmu->root.hpa, f->addr);
	ret = shadow_map_below(f, &it, f->vcpu->mmu->root_role.access);
	f->nr_pages = (unsigned int)(f->vm->shadow->nr_created - created);
	if (ret != RET_PF_SPURIOUS && ret != RET_PF_STOP)
		shadow_prefetch_direct(f->vcpu, it.sptep);
	return ret;
}
