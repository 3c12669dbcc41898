/* SPDX-License-Identifier: MIT */
#include "kvm/root.h"

#include "base/error.h"
#include "kvm/guest_memtype.h"
#include "kvm/mmu.h"
#include "kvm/shadow.h"
#include "kvm/tdp_mmu.h"

static bool is_obsolete(const struct tdp_vcpu *vcpu, uint64_t hpa)
{
	const struct mmu_page *page = root_page(vcpu->vm, hpa);

	/* pae_root and its kin have no page to ask. */
	if (!page)
		return hpa != INVALID_PAGE;
	if (page->kind == PAGE_SHADOW && page->valid_gen != vcpu->vm->valid_gen)
		return true;
	/* Tables of a vCPU's own have begun or ceased to be wanted. */
	return page->role.invalid ||
	       (page->kind == PAGE_TDP &&
		page->memtype_key != memtype_role_key(vcpu));
}

/* KVM 6.12: mmu_free_root_page() */
void root_free(struct tdp_vcpu *vcpu, struct mmu *mmu, struct root_ref *ref)
{
	struct mmu_page *page = root_page(vcpu->vm, ref->hpa);

	if (ref->hpa == INVALID_PAGE)
		return;
	if (page) {
		trace(vcpu->vm, root_free, vcpu->id, page->root_id,
		      page->role_word);
		if (page->kind == PAGE_TDP)
			tdp_root_put(vcpu->vm, page);
		else
			shadow_root_put(vcpu->vm, page);
	} else {
		shadow_free_special(vcpu, mmu, ref->hpa);
	}
	ref->hpa = INVALID_PAGE;
	ref->pgd = 0;
}

void root_free_all(struct tdp_vcpu *vcpu, struct mmu *mmu)
{
	unsigned int i;

	for (i = 0; i < NR_PREV_ROOTS; i++)
		root_free(vcpu, mmu, &mmu->prev[i]);
	root_free(vcpu, mmu, &mmu->root);
}

void root_unload(struct tdp_vcpu *vcpu)
{
	root_free_all(vcpu, &vcpu->root_mmu);
	root_free_all(vcpu, &vcpu->guest_mmu);
	vcpu->mmio_gva = 0; /* vcpu_clear_mmio_info(): the frame stays */
}

static void free_obsolete(struct tdp_vcpu *vcpu, struct mmu *mmu)
{
	unsigned int i;

	if (is_obsolete(vcpu, mmu->root.hpa))
		root_free(vcpu, mmu, &mmu->root);
	for (i = 0; i < NR_PREV_ROOTS; i++)
		if (is_obsolete(vcpu, mmu->prev[i].hpa))
			root_free(vcpu, mmu, &mmu->prev[i]);
}

void root_free_obsolete(struct tdp_vcpu *vcpu)
{
	free_obsolete(vcpu, &vcpu->root_mmu);
	free_obsolete(vcpu, &vcpu->guest_mmu);
}

uint64_t root_guest_pgd(const struct tdp_vcpu *vcpu)
{
	return vcpu->mmu == &vcpu->guest_mmu ? vcpu->guest_mmu.guest_pgd :
					       vcpu->sregs.cr3;
}

/* Loading -------------------------------------------------------------------- */

static int no_frames(struct tdp_error *error)
{
	return err_set(error, TDP_ELIMIT,
		       "the memory set aside for page tables is used up");
}

/* KVM 6.12: mmu_alloc_direct_roots(), with the TDP MMU */
static int load_tdp_root(struct tdp_vcpu *vcpu, struct tdp_error *error)
{
	struct mmu *mmu = vcpu->mmu;
	struct mmu_page *root;
	bool created;

	root = tdp_root_get(vcpu, &mmu->root_role, &created);
	if (!root)
		return no_frames(error);
	mmu->root = (struct root_ref){ .hpa = page_hpa(vcpu->vm, root) };
	trace(vcpu->vm, root_load, vcpu->id, root->root_id, root->role_word,
	      created);
	return TDP_OK;
}

int root_reload(struct tdp_vcpu *vcpu, int *err, enum tdp_reason *why,
		struct tdp_error *error)
{
	struct tdp_vm *vm = vcpu->vm;

	*err = 0;
	if (vm->kvm.value[B_MMU_RELOAD] == MMU_RELOAD_FREES_OBSOLETE &&
	    request_take(vcpu, REQ_MMU_FREE_OBSOLETE_ROOTS))
		root_free_obsolete(vcpu);
	if (vcpu->mmu->root.hpa != INVALID_PAGE)
		return TDP_OK;
	if (vm->tdp_mmu_enabled && vcpu->mmu->handler == HANDLER_TDP)
		return load_tdp_root(vcpu, error);
	return shadow_load_roots(vcpu, err, why, error);
}

/* Reuse ---------------------------------------------------------------------- */

/* KVM 6.12: is_root_usable() */
static bool usable(const struct tdp_vm *vm, const struct mmu *mmu,
		   const struct root_ref *ref, uint64_t pgd)
{
	const struct mmu_page *page = root_page(vm, ref->hpa);

	return page && (mmu->root_role.direct || ref->pgd == pgd) &&
	       page->role_word == mmu->root_word;
}

static void swap(struct root_ref *a, struct root_ref *b)
{
	struct root_ref t = *a;

	*a = *b;
	*b = t;
}

static void reused(struct tdp_vcpu *vcpu, unsigned int from)
{
	const struct mmu_page *page = root_page(vcpu->vm, vcpu->mmu->root.hpa);

	trace(vcpu->vm, root_reuse, vcpu->id, page->root_id, page->role_word,
	      from);
}

/*
 * With a root loaded every look rotates: a miss leaves the old root in
 * prev[0] and drops the oldest.  KVM 6.12: cached_root_find_and_keep_current().
 */
static bool find_keeping_current(struct tdp_vcpu *vcpu, uint64_t pgd)
{
	struct mmu *mmu = vcpu->mmu;
	unsigned int i;

	if (usable(vcpu->vm, mmu, &mmu->root, pgd))
		return true;
	for (i = 0; i < NR_PREV_ROOTS; i++) {
		swap(&mmu->root, &mmu->prev[i]);
		if (usable(vcpu->vm, mmu, &mmu->root, pgd)) {
			reused(vcpu, i);
			return true;
		}
	}
	root_free(vcpu, mmu, &mmu->root);
	return false;
}

/*
 * Without one nothing rotates on a miss.  KVM 6.12:
 * cached_root_find_without_current().
 */
static bool find_without_current(struct tdp_vcpu *vcpu, uint64_t pgd)
{
	struct mmu *mmu = vcpu->mmu;
	unsigned int i, from;

	for (i = 0; i < NR_PREV_ROOTS; i++)
		if (usable(vcpu->vm, mmu, &mmu->prev[i], pgd))
			break;
	if (i == NR_PREV_ROOTS)
		return false;
	from = i;
	swap(&mmu->root, &mmu->prev[i]);
	for (; i < NR_PREV_ROOTS - 1; i++)
		mmu->prev[i] = mmu->prev[i + 1];
	mmu->prev[NR_PREV_ROOTS - 1] = (struct root_ref){ INVALID_PAGE, 0 };
	reused(vcpu, from);
	return true;
}

/* KVM 6.12: kvm_mmu_new_pgd() */
void root_new_pgd(struct tdp_vcpu *vcpu, uint64_t pgd)
{
	struct tdp_vm *vm = vcpu->vm;
	struct mmu *mmu = vcpu->mmu;
	bool found;

	if (mmu->root.hpa != INVALID_PAGE && !root_page(vm, mmu->root.hpa))
		root_free(vcpu, mmu, &mmu->root);
	if (mmu->root.hpa != INVALID_PAGE)
		found = find_keeping_current(vcpu, pgd);
	else
		found = find_without_current(vcpu, pgd);
	if (!found)
		return;
	request(vcpu, REQ_LOAD_MMU_PGD);
	if (behaviour_on(&vm->kvm, B_FLUSH_ON_REUSE)) {
		request(vcpu, REQ_MMU_SYNC);
		request(vcpu, REQ_TLB_FLUSH_CURRENT);
	}
	vcpu->mmio_gva = 0; /* vcpu_clear_mmio_info(): the frame stays */
}

/* Zapping -------------------------------------------------------------------- */

/* KVM 6.12: kvm_mmu_zap_all_fast(); 5.10 to 5.12 empty the roots instead. */
void root_zap_all_fast(struct tdp_vm *vm)
{
	bool invalidate = vm->kvm.value[B_ROOT_SLOT_DELETE] ==
			  ROOT_SLOT_DELETE_INVALIDATE;

	trace(vm, kvm_mmu_zap_all_fast, vm->valid_gen, shadow_used_pages(vm));
	vm->valid_gen = !vm->valid_gen;
	if (vm->tdp_mmu_enabled && invalidate)
		tdp_invalidate_roots(vm);
	request_all(vm, REQ_MMU_FREE_OBSOLETE_ROOTS);
	shadow_zap_obsolete(vm);
	if (vm->tdp_mmu_enabled && invalidate)
		tdp_zap_invalidated(vm);
	else if (vm->tdp_mmu_enabled)
		tdp_empty_roots(vm);
}
