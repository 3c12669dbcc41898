/* SPDX-License-Identifier: MIT */
/* Roots of the shadow MMU. */
#include <errno.h>

#include "arch/pte_bits.h"
#include "base/error.h"
#include "kvm/root.h"
#include "kvm/shadow.h"
#include "kvm/shadow_map.h"
#include "kvm/shadow_spte.h"
#include "kvm/unsync.h"
#include "kvm/walker.h"

#define NR_PDPTES 4u

/* Below another root, the entries of pae_root are walked as ordinary ones. */
#define LINK_BITS (PTE_P | PTE_RW | PTE_US | PTE_A)

struct load {
	struct tdp_vcpu *vcpu;
	struct mmu *mmu;
	int err; /* what the kernel returns */
	enum tdp_reason why;
};

static bool is_visible(const struct tdp_vcpu *vcpu, uint64_t gfn)
{
	const struct memslot *slot = memslots_find(vcpu_memslots(vcpu), gfn);

	return slot && !slot->invalid;
}

/* Roots that are no shadow pages ------------------------------------------------- */

static int make_special(struct tdp_vm *vm, uint64_t *hpa)
{
	struct mmu_page *page;

	if (*hpa)
		return TDP_OK;
	page = page_alloc(vm, PAGE_SPECIAL, NULL, 0);
	if (!page)
		return TDP_ELIMIT;
	*hpa = page_hpa(vm, page);
	return TDP_OK;
}

/* KVM 6.12: mmu_alloc_special_roots(), and pae_root of kvm_mmu_create() */
static int make_specials(struct load *l)
{
	struct mmu *mmu = l->mmu;
	struct tdp_vm *vm = l->vcpu->vm;
	int ret;

	if (!mmu_uses_pae_root(mmu))
		return TDP_OK;
	ret = make_special(vm, &mmu->pae_root);
	if (!ret && mmu->root_role.level >= 4)
		ret = make_special(vm, &mmu->pml4_root);
	if (!ret && mmu->root_role.level >= 5)
		ret = make_special(vm, &mmu->pml5_root);
	return ret;
}

static void link_special(struct tdp_vm *vm, uint64_t upper, uint64_t lower)
{
	physmem_write64(&vm->pm, upper, lower | LINK_BITS);
}

/* The root that leads to pae_root. */
static uint64_t link_pae_root(struct tdp_vm *vm, const struct mmu *mmu)
{
	if (mmu->root_role.level == 3)
		return mmu->pae_root;
	link_special(vm, mmu->pml4_root, mmu->pae_root);
	if (mmu->root_role.level == 4)
		return mmu->pml4_root;
	link_special(vm, mmu->pml5_root, mmu->pml4_root);
	return mmu->pml5_root;
}

static void put_page(struct tdp_vcpu *vcpu, struct mmu_page *page)
{
	trace(vcpu->vm, root_free, vcpu->id, page->root_id, page->role_word);
	shadow_root_put(vcpu->vm, page);
}

/* All four pages go, whatever the root above them is. */
void shadow_free_special(struct tdp_vcpu *vcpu, struct mmu *mmu, uint64_t hpa)
{
	struct tdp_vm *vm = vcpu->vm;
	unsigned int i;

	(void)hpa;
	for (i = 0; i < NR_PDPTES && mmu->pae_root; i++) {
		uint64_t entry = mmu->pae_root + 8 * i;
		uint64_t value = physmem_read64(&vm->pm, entry);

		physmem_write64(&vm->pm, entry, 0);
		if (value & PTE_P)
			put_page(vcpu, page_at(vm, value & SPTE_ADDRESS));
	}
}

void shadow_root_put(struct tdp_vm *vm, struct mmu_page *page)
{
	struct zap_list zapped = { 0 };

	assert(page->root_count > 0);
	if (--page->root_count || !page->role.invalid)
		return;
	zap_prepare(vm, page, &zapped);
	zap_commit(vm, &zapped);
}

/* Loading -------------------------------------------------------------------------- */

/* KVM 6.12: mmu_alloc_root() */
static int get_root(struct load *l, uint64_t gfn, unsigned int level,
		    unsigned int quadrant, uint64_t *hpa)
{
	struct tdp_vcpu *vcpu = l->vcpu;
	struct tdp_vm *vm = vcpu->vm;
	struct tdp_role role = role_root_page(&vm->kvm, &l->mmu->root_role,
					      level, quadrant);
	struct mmu_page *page;
	uint64_t created = vm->shadow->nr_created;
	int ret;

	ret = shadow_get_page(vcpu, gfn, &role, &page);
	if (ret)
		return ret;
	page->root_count++;
	if (!page->root_id)
		page->root_id = ++vm->next_root_id;
	trace(vm, root_load, vcpu->id, page->root_id, page->role_word,
	      vm->shadow->nr_created != created);
	*hpa = page_hpa(vm, page);
	return TDP_OK;
}

/* One of the four entries of pae_root. */
static int set_pdpte(struct load *l, unsigned int i, uint64_t gfn,
		     unsigned int quadrant)
{
	uint64_t bits = l->mmu->root_role.level == 3 ? PTE_P : LINK_BITS;
	uint64_t hpa;
	int ret = get_root(l, gfn, 2, quadrant, &hpa);

	if (!ret)
		physmem_write64(&l->vcpu->vm->pm, l->mmu->pae_root + 8 * i,
				hpa | bits);
	return ret;
}

static void no_pages(struct load *l)
{
	l->err = -ENOSPC;
	l->why = TDP_WHY_NO_MMU_PAGES;
}

/* KVM 6.12: mmu_alloc_direct_roots(), without the TDP MMU */
static int load_direct(struct load *l)
{
	struct mmu *mmu = l->mmu;
	unsigned int i;
	int ret = TDP_OK;

	if (!shadow_make_available(l->vcpu->vm)) {
		no_pages(l);
		return TDP_OK;
	}
	mmu->root.pgd = 0;
	if (mmu->root_role.level >= 4)
		return get_root(l, 0, mmu->root_role.level, 0, &mmu->root.hpa);
	for (i = 0; i < NR_PDPTES && !ret; i++)
		ret = set_pdpte(l, i, i * level_pages(3), 0);
	if (!ret)
		mmu->root.hpa = mmu->pae_root;
	return ret;
}

/*
 * The guest's root is outside all memslots.  From 6.6 on an empty table takes
 * its place, and the first fault finds out; before, the vCPU took a triple
 * fault, for which kvm_mmu_load() returns 1.
 */
static int load_invisible(struct load *l)
{
	struct tdp_vm *vm = l->vcpu->vm;
	int ret;

	l->why = TDP_WHY_ROOT_INVISIBLE;
	if (vm->kvm.value[B_SHADOW_BAD_ROOT] == SHADOW_BAD_ROOT_TRIPLE_FAULT) {
		l->err = 1;
		return TDP_OK;
	}
	ret = make_special(vm, &vm->shadow->dummy_root);
	if (!ret)
		l->mmu->root.hpa = vm->shadow->dummy_root;
	return ret;
}

/*
 * The four frames of a guest with a PAE root: its PDPTEs, as far as they lead
 * into memslots; or the one 1024-entry directory, in quarters.
 */
struct pdptes {
	bool present[NR_PDPTES];
	uint64_t gfn[NR_PDPTES];
};

static void read_pdptes(const struct load *l, uint64_t root_gfn,
			struct pdptes *p)
{
	unsigned int i;

	for (i = 0; i < NR_PDPTES; i++) {
		uint64_t pdpte = PTE_P | root_gfn << 12;

		if (l->mmu->cpu_role.base.level == 3)
			pdpte = gw_pdpte(l->vcpu, l->mmu, i);
		p->gfn[i] = (pdpte & PTE_ADDR) >> 12;
		p->present[i] = (pdpte & PTE_P) &&
				is_visible(l->vcpu, p->gfn[i]);
	}
}

static int load_pae(struct load *l, const struct pdptes *p)
{
	bool quarters = l->mmu->cpu_role.base.level == 2;
	unsigned int i;
	int ret = TDP_OK;

	for (i = 0; i < NR_PDPTES && !ret; i++)
		if (p->present[i])
			ret = set_pdpte(l, i, p->gfn[i], quarters ? i : 0);
	if (!ret)
		l->mmu->root.hpa = link_pae_root(l->vcpu->vm, l->mmu);
	return ret;
}

/* KVM 6.12: mmu_alloc_shadow_roots() */
static int load_shadow(struct load *l)
{
	struct mmu *mmu = l->mmu;
	uint64_t pgd = root_guest_pgd(l->vcpu);
	uint64_t gfn = (pgd & PTE_ADDR) >> 12;
	struct pdptes pdptes;
	int ret;

	if (!is_visible(l->vcpu, gfn))
		return load_invisible(l);
	if (mmu->cpu_role.base.level < 4)
		read_pdptes(l, gfn, &pdptes);
	if (!shadow_make_available(l->vcpu->vm)) {
		no_pages(l);
		return TDP_OK;
	}
	if (mmu->cpu_role.base.level >= 4)
		ret = get_root(l, gfn, mmu->root_role.level, 0, &mmu->root.hpa);
	else
		ret = load_pae(l, &pdptes);
	mmu->root.pgd = ret ? 0 : pgd;
	return ret;
}

static int load(struct load *l)
{
	int ret = shadow_provide(l->vcpu->vm, SPTES_PER_FAULT);

	if (!ret)
		ret = make_specials(l);
	if (ret)
		return ret;
	return l->mmu->root_role.direct ? load_direct(l) : load_shadow(l);
}

int shadow_load_roots(struct tdp_vcpu *vcpu, int *err, enum tdp_reason *why,
		      struct tdp_error *error)
{
	struct load l = { .vcpu = vcpu, .mmu = vcpu->mmu };
	int ret = load(&l);

	*err = l.err;
	if (l.why)
		*why = l.why;
	if (ret) {
		shadow_free_special(vcpu, vcpu->mmu, INVALID_PAGE);
		return err_set(
			error, ret,
			ret == TDP_ELIMIT ?
				"the memory set aside for page tables is used up" :
				"no memory to keep track of shadow pages");
	}
	shadow_sync_roots(vcpu);
	return TDP_OK;
}

/* In use ----------------------------------------------------------------------------- */

void shadow_sync_roots(struct tdp_vcpu *vcpu)
{
	struct mmu *mmu = vcpu->mmu;
	struct tdp_vm *vm = vcpu->vm;
	unsigned int i;

	if (mmu->root_role.direct || mmu->root.hpa == INVALID_PAGE)
		return;
	vcpu->mmio_gva = 0;
	if (root_page(vm, mmu->root.hpa))
		unsync_sync_children(vcpu, page_at(vm, mmu->root.hpa));
	for (i = 0; i < NR_PDPTES && mmu_uses_pae_root(mmu); i++) {
		uint64_t entry = physmem_read64(&vm->pm, mmu->pae_root + 8 * i);

		if (entry & PTE_P)
			unsync_sync_children(vcpu,
					     page_at(vm, entry & SPTE_ADDRESS));
	}
}

/* KVM 6.12: kvm_mmu_sync_prev_roots() */
void shadow_flush_guest(struct tdp_vcpu *vcpu)
{
	struct mmu *mmu = vcpu->mmu;
	unsigned int i;

	if (vcpu->vm->tdp_enabled)
		return;
	shadow_sync_roots(vcpu);
	for (i = 0; i < NR_PREV_ROOTS; i++) {
		const struct mmu_page *page = root_page(vcpu->vm,
							mmu->prev[i].hpa);

		if (page && (shadow_page(vcpu->vm, page)->unsync ||
			     shadow_page(vcpu->vm, page)->unsync_children))
			root_free(vcpu, mmu, &mmu->prev[i]);
	}
}

/* Behaviour mmu.invlpg */
static int invalidate_leaf(struct tdp_vcpu *vcpu, const struct mmu_page *page,
			   unsigned int index)
{
	if (vcpu->vm->kvm.value[B_MMU_INVLPG] == MMU_INVLPG_PREFETCHES)
		return unsync_prefetch_spte(vcpu, page, index);
	return unsync_sync_spte(vcpu, page, index);
}

/*
 * The entry for one address only, up to a page without unsync children.
 * KVM 6.12: __kvm_mmu_invalidate_addr()
 */
static void invalidate_from(struct tdp_vcpu *vcpu, uint64_t root, uint64_t addr)
{
	struct tdp_vm *vm = vcpu->vm;
	struct shadow_iter it;

	shadow_iter_start(&it, vcpu, root, addr);
	for (; it.level; shadow_iter_next(&it)) {
		const struct mmu_page *page = shadow_iter_page(&it);
		int ret = 0;

		if (shadow_page(vm, page)->unsync)
			ret = invalidate_leaf(vcpu, page,
					      sptep_index(it.sptep));
		if (ret < 0)
			sptep_zap(vm, it.sptep, NULL);
		vm->stats.tlb_flushes += ret != 0;
		if (!shadow_page(vm, page)->unsync_children)
			return;
	}
}

void shadow_invalidate_addr(struct tdp_vcpu *vcpu, struct mmu *mmu,
			    uint64_t addr)
{
	if (vcpu->mmio_gva == align_down(addr, FRAME_SIZE))
		vcpu->mmio_gva = 0;
	if (mmu->root_role.direct || mmu->root.hpa == INVALID_PAGE)
		return;
	invalidate_from(vcpu, mmu->root.hpa, addr);
}

void shadow_invalidate_prev(struct tdp_vcpu *vcpu, struct mmu *mmu,
			    unsigned int index, uint64_t addr)
{
	const struct mmu_page *page = root_page(vcpu->vm, mmu->prev[index].hpa);

	if (vcpu->mmio_gva == align_down(addr, FRAME_SIZE))
		vcpu->mmio_gva = 0;
	/* KVM would walk a root of another depth as one of the present one. */
	if (page && page->role.level == mmu->root_role.level)
		invalidate_from(vcpu, mmu->prev[index].hpa, addr);
}

struct mmu_page *shadow_root_after(const struct tdp_vm *vm,
				   unsigned int root_id)
{
	struct mmu_page *best = NULL;
	uint32_t i;

	for (i = 1; vm->shadow && i < vm->pm.tables_next >> 12; i++) {
		struct mmu_page *page = &vm->pages[i];

		if (page->kind == PAGE_SHADOW && page->root_count &&
		    page->root_id > root_id &&
		    (!best || page->root_id < best->root_id))
			best = page;
	}
	return best;
}
