/* SPDX-License-Identifier: MIT */
/* What always holds of the shadow MMU. */
#include <inttypes.h>

#include "base/error.h"
#include "kvm/shadow.h"
#include "kvm/shadow_page.h"
#include "kvm/track.h"

struct check {
	const struct tdp_vm *vm;
	struct tdp_error *err;
	uint64_t pages, indirect, leaves;
};

static int broken(const struct check *c, const struct mmu_page *page,
		  unsigned int index, const char *rule)
{
	uint64_t spte = physmem_read64(&c->vm->pm,
				       entry_hpa(c->vm, page, index));

	return err_set(c->err, TDP_EINVAL,
		       "shadow page gfn 0x%" PRIx64 " role 0x%" PRIx32
		       " entry %u (0x%" PRIx64 "): %s",
		       page->gfn, page->role_word, index, spte, rule);
}

/* Entries --------------------------------------------------------------------- */

static bool marked_unsync(const struct check *c, const struct mmu_page *page,
			  unsigned int index)
{
	return shadow_page(c->vm, page)->unsync_child[index / 64] &
	       BIT(index % 64);
}

static int check_child(const struct check *c, const struct mmu_page *page,
		       unsigned int index, uint64_t spte)
{
	const struct tdp_vm *vm = c->vm;
	const struct mmu_page *child = root_page(vm, spte & SPTE_ADDRESS);

	if (!child || child->kind != PAGE_SHADOW)
		return broken(c, page, index, "leads to no shadow page");
	if (child->role.level + 1 != page->role.level)
		return broken(c, page, index,
			      "the table below is not one level lower");
	if (!pte_list_has(&vm->shadow->rmap.pool, child->first_parent,
			  entry_hpa(vm, page, index)))
		return broken(c, page, index,
			      "the table below does not know of it");
	if (page_is_obsolete(vm, child) && !page_is_obsolete(vm, page))
		return broken(c, page, index, "leads to a zapped table");
	if ((shadow_page(vm, child)->unsync ||
	     shadow_page(vm, child)->unsync_children) &&
	    !marked_unsync(c, page, index))
		return broken(c, page, index,
			      "leads to unsync tables but is not marked");
	return TDP_OK;
}

/* A frame that KVM keeps write-protected must not be writable. */
static bool may_be_writable(const struct tdp_vm *vm, unsigned int as_id,
			    uint64_t gfn)
{
	const struct mmu_page *page;

	/* KVM protects in the address space of the table only. */
	if (gfn_tracked_in(vm, as_id, gfn))
		return false;
	for (page = shadow_first_on(vm, gfn); page;
	     page = shadow_next_on(vm, page))
		if (!shadow_page(vm, page)->unsync &&
		    role_as_id(&page->role) == as_id)
			return false;
	return true;
}

static int check_leaf(struct check *c, const struct mmu_page *page,
		      unsigned int index, uint64_t spte)
{
	const struct tdp_vm *vm = c->vm;
	unsigned int as_id = role_as_id(&page->role);
	uint64_t gfn = page_entry_gfn(vm, page, index);
	const struct rmap_head *head = rmap_find(&vm->shadow->rmap, as_id,
						 page->role.level, gfn);
	uint64_t i;

	c->leaves++;
	if (!head || !pte_list_has(&vm->shadow->rmap.pool, head->list,
				   entry_hpa(vm, page, index)))
		return broken(c, page, index,
			      "is not in the reverse map of its frame");
	for (i = 0; spte_writable(spte) && i < level_pages(page->role.level);
	     i++)
		if (!may_be_writable(vm, as_id, gfn + i))
			return broken(c, page, index,
				      "a shadowed table is writable");
	return TDP_OK;
}

static int check_entry(struct check *c, const struct mmu_page *page,
		       unsigned int index)
{
	const struct spte_format *fmt = &c->vm->fmt;
	uint64_t spte = physmem_read64(&c->vm->pm,
				       entry_hpa(c->vm, page, index));
	const char *rule;
	int ret;

	if (!spte_present(fmt, spte)) {
		if (spte == fmt->nonpresent || spte_is_mmio(fmt, spte))
			return TDP_OK;
		return broken(c, page, index,
			      "neither present, empty nor MMIO");
	}
	rule = spte_check(fmt, spte, page->role.level);
	if (rule)
		return broken(c, page, index, rule);
	ret = spte_leaf(spte, page->role.level) ?
		      check_leaf(c, page, index, spte) :
		      check_child(c, page, index, spte);
	rule = ret ? NULL : shadow_check_guest(c->vm, page, index, spte);
	return rule ? broken(c, page, index, rule) : ret;
}

/* Pages --------------------------------------------------------------------------- */

static int check_parents(const struct check *c, const struct mmu_page *page)
{
	const struct tdp_vm *vm = c->vm;
	const struct pte_pool *pool = &vm->shadow->rmap.pool;
	uint32_t node = page->first_parent;

	for (; node; node = pool->nodes[node].next) {
		uint64_t spte = physmem_read64(&vm->pm, pool->nodes[node].hpa);

		if (!spte_present(&vm->fmt, spte) ||
		    (spte & SPTE_ADDRESS) != page_hpa(vm, page))
			return broken(c, page, 0,
				      "a parent entry leads elsewhere");
	}
	return TDP_OK;
}

static unsigned int count_marks(const struct shadow_page *sp)
{
	unsigned int i, n = 0;

	for (i = 0; i < BITMAP_WORDS; i++)
		n += (unsigned int)__builtin_popcountll(sp->unsync_child[i]);
	return n;
}

/* References of one MMU: roots, or the entries of its pae_root. */
static unsigned int count_refs(const struct tdp_vm *vm, const struct mmu *mmu,
			       uint64_t hpa)
{
	unsigned int i, n = mmu->root.hpa == hpa;

	for (i = 0; i < NR_PREV_ROOTS; i++)
		n += mmu->prev[i].hpa == hpa;
	for (i = 0; i < 4 && mmu->pae_root; i++)
		n += (physmem_read64(&vm->pm, mmu->pae_root + 8 * i) &
		      SPTE_ADDRESS) == hpa;
	return n;
}

static unsigned int count_holders(const struct tdp_vm *vm,
				  const struct mmu_page *page)
{
	uint64_t hpa = page_hpa(vm, page);
	unsigned int i, n = 0;

	for (i = 0; i < vm->nr_vcpus; i++)
		n += count_refs(vm, &vm->vcpus[i]->root_mmu, hpa) +
		     count_refs(vm, &vm->vcpus[i]->guest_mmu, hpa);
	return n;
}

static int check_record(const struct check *c, const struct mmu_page *page)
{
	const struct shadow_page *sp = shadow_page(c->vm, page);

	if (page->role_word != role_pack(&c->vm->kvm, &page->role))
		return broken(c, page, 0, "role word and fields differ");
	if (sp->unsync_children != count_marks(sp))
		return broken(c, page, 0, "unsync children are miscounted");
	if (sp->unsync && page->role.level != TDP_LEVEL_4K)
		return broken(c, page, 0, "an upper table is unsync");
	if (sp->active == page->role.invalid)
		return broken(c, page, 0, "active and invalid are opposites");
	if (page->role.invalid && !page->root_count)
		return broken(c, page, 0, "zapped and still there");
	if (page->root_count != count_holders(c->vm, page))
		return broken(c, page, 0, "references are miscounted");
	return check_parents(c, page);
}

static int check_page(struct check *c, const struct mmu_page *page)
{
	uint64_t table = page_hpa(c->vm, page);
	int ret = check_record(c, page);
	unsigned int i;

	c->pages++;
	c->indirect += page_has_gptes(page) && !page->role.invalid;
	/* Most are empty, and this is after every step of a test. */
	for (i = 0; i < SPTES_PER_PAGE && !ret; i++)
		if (physmem_read64(&c->vm->pm, table + 8 * i) !=
		    c->vm->fmt.nonpresent)
			ret = check_entry(c, page, i);
	return ret;
}

/* The whole ---------------------------------------------------------------------- */

static int check_counts(const struct check *c)
{
	const struct shadow_mmu *shadow = c->vm->shadow;
	uint64_t mapped = 0;
	size_t i;

	for (i = 0; i < shadow->rmap.capacity; i++)
		if (shadow->rmap.heads[i].key != RMAP_FREE)
			mapped += shadow->rmap.heads[i].nr;
	if (mapped != c->leaves)
		return err_set(c->err, TDP_EINVAL,
			       "%" PRIu64 " entries in reverse maps, %" PRIu64
			       " leaves",
			       mapped, c->leaves);
	if (c->pages != shadow->nr_used || c->indirect != shadow->nr_indirect)
		return err_set(c->err, TDP_EINVAL,
			       "%" PRIu64 " shadow pages (%" PRIu64
			       " indirect), %" PRIu64 " (%" PRIu64 ") counted",
			       c->pages, c->indirect, shadow->nr_used,
			       shadow->nr_indirect);
	return TDP_OK;
}

int shadow_check(const struct tdp_vm *vm, struct tdp_error *err)
{
	struct check c = { .vm = vm, .err = err };
	uint64_t frame;
	int ret = TDP_OK;

	if (!vm->shadow)
		return TDP_OK;
	for (frame = 1; frame < vm->pm.tables_next >> 12 && !ret; frame++)
		if (vm->pages[frame].kind == PAGE_SHADOW)
			ret = check_page(&c, &vm->pages[frame]);
	return ret ? ret : check_counts(&c);
}
