/* SPDX-License-Identifier: MIT */
/*
 * No SPTE permits what the guest's own tables forbid, or maps another frame
 * than they say, and a table is of the frame and the role that the guest's
 * entry above it asks for.
 *
 * May be older than the guest's table: an unsync page, until a flush, and an
 * entry that was written behind KVM's back, until KVM reads it again.  All else
 * is write-protected, so that KVM knows of each change.
 */
#include "kvm/shadow.h"
#include "kvm/shadow_page.h"
#include "kvm/walker.h"

/* Staleness --------------------------------------------------------------------- */

static unsigned int sptes_of(const struct mmu_page *page, unsigned int byte,
			     unsigned int *first)
{
	unsigned int index = byte / 8;

	*first = index;
	if (!page->role.has_4_byte_gpte)
		return 1;
	index = byte / 4 * (page->role.level == 2 ? 2 : 1);
	*first = index % SPTES_PER_PAGE;
	if (index / SPTES_PER_PAGE != page->role.quadrant)
		return 0;
	return page->role.level == 2 ? 2 : 1;
}

static void mark_behind(const struct tdp_vm *vm, const struct mmu_page *page,
			unsigned int from, unsigned int to)
{
	struct shadow_page *sp = shadow_page(vm, page);
	unsigned int byte, first, nr;

	for (byte = align_down(from, 4); byte < to; byte += 4)
		for (nr = sptes_of(page, byte, &first); nr; nr--, first++)
			sp->behind[first / 64] |= BIT(first % 64);
}

void shadow_changed_behind(struct tdp_vm *vm, unsigned int as_id,
			   uint64_t first, uint64_t last, unsigned int from,
			   unsigned int to)
{
	uint32_t frame = vm->shadow ? vm->shadow->newest : 0;

	for (; frame; frame = vm->shadow->pages[frame].older) {
		const struct mmu_page *page = &vm->pages[frame];

		if (page_has_gptes(page) && role_as_id(&page->role) == as_id &&
		    page->gfn >= first && page->gfn < last)
			mark_behind(vm, page, from, to);
	}
}

/*
 * A root below which L1's fifth level is left out: its entries mirror the table
 * that the first entry of L1's root leads to.
 */
static bool hides_level(const struct tdp_vm *vm, const struct mmu_page *page)
{
	unsigned int i;

	for (i = 0; i < vm->nr_vcpus; i++) {
		const struct mmu *mmu = &vm->vcpus[i]->guest_mmu;

		if (mmu->cpu_role.base.level > mmu->root_role.level &&
		    page->role.level == mmu->root_role.level)
			return true;
	}
	return false;
}

static bool may_be_stale(const struct tdp_vm *vm, const struct mmu_page *page,
			 unsigned int index)
{
	const struct shadow_page *sp = shadow_page(vm, page);

	return !page_has_gptes(page) || page_is_obsolete(vm, page) ||
	       sp->unsync || (sp->behind[index / 64] & BIT(index % 64)) ||
	       hides_level(vm, page);
}

/* Rules ------------------------------------------------------------------------- */

/*
 * Rights beyond those of the guest's entry.  With CR0.WP clear a supervisor may
 * write, if users are kept out.
 */
static bool exceeds(const struct mmu_page *page, const struct gpte_mirror *m,
		    unsigned int access)
{
	unsigned int granted = m->access;

	if (!m->ept && !page->role.cr0_wp && !(access & TDP_ACC_USER))
		granted |= TDP_ACC_WRITE;
	return access & ~granted;
}

static unsigned int spte_access(const struct spte_format *fmt, bool is_ept,
				uint64_t spte)
{
	unsigned int access = 0;

	if (spte_writable(spte))
		access |= TDP_ACC_WRITE;
	if (spte & fmt->user)
		access |= TDP_ACC_USER;
	/* From 7.2 on EPT has two such rights; bit 2 alone is one of them. */
	if (spte_executable(fmt, spte) && !(is_ept && !fmt->user))
		access |= TDP_ACC_EXEC;
	return access;
}

static const char *check_leaf(const struct tdp_vm *vm,
			      const struct mmu_page *page, unsigned int index,
			      uint64_t spte, const struct gpte_mirror *m)
{
	if (!m->leaf)
		return "maps a page where the guest has a table";
	if (page_entry_gfn(vm, page, index) != m->gfn)
		return "maps another frame than the guest's entry";
	if (exceeds(page, m, spte_access(&vm->fmt, m->ept, spte)))
		return "permits what the guest's entry forbids";
	return NULL;
}

static const char *check_table(const struct tdp_vm *vm,
			       const struct mmu_page *page, unsigned int index,
			       uint64_t spte, const struct gpte_mirror *m)
{
	const struct mmu_page *child = page_at(vm, spte & SPTE_ADDRESS);
	struct tdp_role role = role_child(&vm->kvm, &page->role, index, m->leaf,
					  m->access);

	if (child->role.direct != m->leaf)
		return m->leaf ? "a table of the guest's for a large page" :
				 "a direct table for one of the guest's";
	if (child->gfn != m->gfn)
		return "the table below is of another frame than the guest's entry";
	if (exceeds(page, m, child->role.access))
		return "the table below permits what the guest's entry forbids";
	/* A direct table may have fewer rights, until a fault asks for more. */
	if (!m->leaf && child->role_word != role_pack(&vm->kvm, &role))
		return "the table below has another role than the guest's entry asks for";
	return NULL;
}

const char *shadow_check_guest(const struct tdp_vm *vm,
			       const struct mmu_page *page, unsigned int index,
			       uint64_t spte)
{
	bool leaf = spte_leaf(spte, page->role.level);
	struct gpte_mirror m;

	if (may_be_stale(vm, page, index))
		return NULL;
	m = gw_mirror(vm, page, index,
		      leaf || page_at(vm, spte & SPTE_ADDRESS)->role.direct);
	if (!m.readable)
		return NULL;
	if (!m.present)
		return "maps what is absent in the guest's table";
	return leaf ? check_leaf(vm, page, index, spte, &m) :
		      check_table(vm, page, index, spte, &m);
}
