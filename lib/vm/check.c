/* SPDX-License-Identifier: MIT */
/* Invariants of all that a VM holds, for tests after every operation. */
#include <inttypes.h>

#include "base/error.h"
#include "kvm/shadow.h"
#include "tdpsim/vm.h"

struct check {
	const struct tdp_vm *vm;
	struct tdp_error *err;
	uint64_t pages; /* of the TDP MMU, seen from the roots */
};

static int broken(const struct check *c, const struct mmu_page *page,
		  unsigned int index, uint64_t spte, const char *rule)
{
	return err_set(c->err, TDP_EINVAL,
		       "page gfn 0x%" PRIx64 " role 0x%" PRIx32
		       " entry %u (0x%" PRIx64 "): %s",
		       page->gfn, page->role_word, index, spte, rule);
}

static int check_table(struct check *c, const struct mmu_page *page);

static int check_child(struct check *c, const struct mmu_page *page,
		       unsigned int index, uint64_t spte)
{
	const struct tdp_vm *vm = c->vm;
	const struct mmu_page *child;
	uint64_t hpa = spte & SPTE_ADDRESS;

	if (!root_page(vm, hpa))
		return broken(c, page, index, spte, "leads to no table");
	child = page_at(vm, hpa);
	if (child->kind != PAGE_TDP)
		return broken(c, page, index, spte,
			      "leads to a page of the shadow MMU");
	if (child->parent != (uint32_t)(page - vm->pages) ||
	    child->parent_index != index)
		return broken(c, page, index, spte,
			      "the table below has another parent");
	if (child->role.level + 1 != page->role.level)
		return broken(c, page, index, spte,
			      "the table below is not one level lower");
	if (child->gfn != page->gfn + index * level_pages(page->role.level))
		return broken(c, page, index, spte,
			      "the table below maps other frames");
	return check_table(c, child);
}

static int check_entry(struct check *c, const struct mmu_page *page,
		       unsigned int index, uint64_t spte)
{
	const struct spte_format *fmt = &c->vm->fmt;
	const char *rule;

	if (spte_frozen(fmt, spte))
		return broken(c, page, index, spte, "stayed frozen");
	if (!spte_present(fmt, spte)) {
		if (spte == fmt->nonpresent || spte_is_mmio(fmt, spte))
			return TDP_OK;
		return broken(c, page, index, spte,
			      "neither present, empty nor MMIO");
	}
	rule = spte_check(fmt, spte, page->role.level);
	if (rule)
		return broken(c, page, index, spte, rule);
	if (spte_leaf(spte, page->role.level))
		return TDP_OK;
	return check_child(c, page, index, spte);
}

static int check_table(struct check *c, const struct mmu_page *page)
{
	uint64_t table = page_hpa(c->vm, page);
	unsigned int i;
	int ret = TDP_OK;

	c->pages++;
	if (page->role_word != role_pack(&c->vm->kvm, &page->role))
		return broken(c, page, 0, 0, "role word and fields differ");
	for (i = 0; i < SPTES_PER_PAGE && !ret; i++)
		ret = check_entry(c, page, i,
				  physmem_read64(&c->vm->pm, table + 8 * i));
	return ret;
}

/* How many MMUs hold a reference to @root? */
static unsigned int holders(const struct tdp_vm *vm,
			    const struct mmu_page *root)
{
	uint64_t hpa = page_hpa(vm, root);
	unsigned int i, j, n = 0;

	for (i = 0; i < vm->nr_vcpus; i++) {
		const struct mmu *mmus[] = {
			&vm->vcpus[i]->root_mmu,
			&vm->vcpus[i]->guest_mmu,
		};

		for (j = 0; j < ARRAY_SIZE(mmus); j++) {
			unsigned int k;

			n += mmus[j]->root.hpa == hpa;
			for (k = 0; k < NR_PREV_ROOTS; k++)
				n += mmus[j]->prev[k].hpa == hpa;
		}
	}
	return n;
}

static int check_root(struct check *c, const struct mmu_page *root)
{
	const struct tdp_vm *vm = c->vm;
	unsigned int expected = holders(vm, root);

	if (vm->kvm.value[B_ROOT_LIFE] == ROOT_LIFE_PERSISTENT &&
	    !root->role.invalid)
		expected++;
	if (root->root_count != expected)
		return err_set(c->err, TDP_EINVAL,
			       "root %u (0x%" PRIx32
			       "): counts %u references, has %u",
			       root->root_id, root->role_word, root->root_count,
			       expected);
	return check_table(c, root);
}

int tdp_vm_check(const struct tdp_vm *vm, struct tdp_error *err)
{
	struct check c = { .vm = vm, .err = err };
	uint32_t i;
	int ret;

	for (i = vm->first_root; i; i = vm->pages[i].next_root) {
		ret = check_root(&c, &vm->pages[i]);
		if (ret)
			return ret;
	}
	ret = shadow_check(vm, err);
	if (!ret)
		ret = shadow_check_roots(vm, err);
	if (ret)
		return ret;
	if (c.pages + shadow_used_pages(vm) > vm->stats.mmu_pages)
		return err_set(
			err, TDP_EINVAL,
			"%" PRIu64 " pages in tables, %" PRIu64 " counted",
			c.pages + shadow_used_pages(vm), vm->stats.mmu_pages);
	return TDP_OK;
}
