/* SPDX-License-Identifier: MIT */
/*
 * The pages behind one that was just pre-faulted, as far as each would get the
 * same SPTE but for its frame.  Nothing is decided here: a page that differs
 * in anything that tdp_map() looks at ends the run, and takes the whole path.
 */
#include "kvm/guest_memtype.h"
#include "kvm/lookup.h"
#include "kvm/private.h"
#include "kvm/tdp_mmu.h"

/* Is there nothing that could tell the next page from this one? */
static bool uniform(const struct fault *f)
{
	const struct tdp_vm *vm = f->vm;

	/* A listener is owed each page's events, a watcher each store. */
	if (vm->tracer || vm->pm.watch || !f->prefetch || f->no_slot ||
	    !f->slot)
		return false;
	if (f->why != TDP_WHY_MAPPED || f->goal_level != TDP_LEVEL_4K ||
	    f->old_spte != vm->fmt.nonpresent)
		return false;
	return !f->slot->dirty_log && !vm->tracked.nr &&
	       !memtype_varies(f->vcpu);
}

/* How many pages the slot and the host's mapping go on beyond f->gfn. */
static uint64_t reach(const struct fault *f)
{
	uint64_t in_slot = f->slot->base_gfn + f->slot->npages - f->gfn - 1;
	uint64_t hva = memslot_hva(f->slot, f->gfn);

	if (!f->from_gmem)
		in_slot = min_u64(in_slot, hostmm_run(&f->vm->mm, hva) >> 12);
	return gfn_attributes_run(f->vm, f->gfn, in_slot + 1) - 1;
}

/* Fill entries behind @entry while they are empty. */
static uint64_t fill(const struct fault *f, uint64_t *entry, uint64_t nr)
{
	uint64_t empty = f->vm->fmt.nonpresent, spte = f->spte, i;

	for (i = 1; i <= nr && entry[i] == empty; i++) {
		spte += FRAME_SIZE;
		entry[i] = spte;
	}
	return i - 1;
}

uint64_t tdp_map_run(struct fault *f, uint64_t max)
{
	struct tdp_vm *vm = f->vm;
	const struct mmu_page *root = root_page(vm, f->vcpu->mmu->root.hpa);
	const struct lookup_step *last;
	struct lookup path;
	uint64_t nr;

	if (!root || root->kind != PAGE_TDP || root->role.invalid ||
	    !uniform(f))
		return 0;
	lookup_sptes(vm, f->vcpu->mmu, f->gfn << 12, &path);
	last = &path.step[path.nr - 1];
	if (last->level != TDP_LEVEL_4K || last->spte != f->spte)
		return 0;
	nr = min_u64(min_u64(max, reach(f)),
		     SPTES_PER_PAGE - 1 - (f->gfn & 511));
	nr = fill(f, (uint64_t *)(void *)(vm->pm.base + last->hpa), nr);
	page_count_leaf(vm, TDP_LEVEL_4K, (int64_t)nr);
	f->gfn += nr;
	f->pfn += nr;
	f->spte += nr << 12;
	return nr;
}
