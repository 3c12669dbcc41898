/* SPDX-License-Identifier: MIT */
#include "kvm/lookup.h"

void lookup_from(const struct tdp_vm *vm, uint64_t root_hpa, unsigned int level,
		 uint64_t addr, struct lookup *path)
{
	uint64_t table = root_hpa;

	path->nr = 0;
	for (; level; level--) {
		struct lookup_step *step = &path->step[path->nr++];

		step->hpa = spte_hpa(table, addr, level);
		step->spte = physmem_read64(&vm->pm, step->hpa);
		step->level = level;
		if (!spte_present(&vm->fmt, step->spte) ||
		    spte_leaf(step->spte, level))
			return;
		table = step->spte & SPTE_ADDRESS;
	}
}

/* PAE roots hold no SPTEs but pointers to level-2 tables, or 0. */
static void from_pae_root(const struct tdp_vm *vm, uint64_t pae_root,
			  uint64_t addr, struct lookup *path)
{
	uint64_t entry = physmem_read64(&vm->pm,
					pae_root + 8 * (addr >> 30 & 3));

	path->nr = 0;
	if (entry & 1)
		lookup_from(vm, entry & SPTE_ADDRESS, 2, addr, path);
}

void lookup_sptes(const struct tdp_vm *vm, const struct mmu *mmu, uint64_t addr,
		  struct lookup *path)
{
	path->nr = 0;
	if (mmu->root.hpa == INVALID_PAGE)
		return;
	if (mmu_uses_pae_root(mmu))
		from_pae_root(vm, mmu->pae_root, addr, path);
	else if (root_page(vm, mmu->root.hpa))
		lookup_from(vm, mmu->root.hpa, mmu->root_role.level, addr,
			    path);
}
