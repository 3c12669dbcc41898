/* SPDX-License-Identifier: MIT */
#include "kvm/shadow_dirty.h"

#include "kvm/dirty.h"
#include "kvm/rmap_walk.h"
#include "kvm/shadow_spte.h"

static struct rmap_range slot_range(const struct memslot *slot,
				    unsigned int min_level,
				    unsigned int max_level)
{
	return (struct rmap_range){
		.as_id = slot->as_id,
		.min_level = min_level,
		.max_level = max_level,
		.start = slot->base_gfn,
		.end = slot->base_gfn + slot->npages,
	};
}

static void clear_bits(struct tdp_vm *vm, uint64_t sptep, uint64_t bits)
{
	uint64_t spte = physmem_read64(&vm->pm, sptep);

	if (spte_present(&vm->fmt, spte) && (spte & bits))
		sptep_update(vm, sptep, spte & ~bits);
}

/* Visitors -------------------------------------------------------------------- */

/* KVM 6.12: rmap_write_protect(); mmu-writable stays. */
static void protect_spte(struct tdp_vm *vm, uint64_t sptep, void *context)
{
	(void)context;
	clear_bits(vm, sptep, SPTE_W);
}

/* The huge page is not to be fixed but split. */
static void protect_huge_spte(struct tdp_vm *vm, uint64_t sptep, void *context)
{
	(void)context;
	clear_bits(vm, sptep, SPTE_W | vm->fmt.mmu_writable);
}

/* KVM 6.12: __rmap_clear_dirty() */
static void trap_spte(struct tdp_vm *vm, uint64_t sptep, void *context)
{
	(void)context;
	clear_bits(vm, sptep,
		   dirty_trap_bit(vm, physmem_read64(&vm->pm, sptep)));
}

static bool is_young(const struct tdp_vm *vm, uint64_t spte)
{
	return spte_present(&vm->fmt, spte) && spte_accessed(&vm->fmt, spte);
}

/* KVM 6.12: mmu_spte_age() */
static void age_spte(struct tdp_vm *vm, uint64_t sptep, void *context)
{
	uint64_t spte = physmem_read64(&vm->pm, sptep);
	bool *young = context;

	if (!is_young(vm, spte))
		return;
	*young = true;
	physmem_write64(&vm->pm, sptep, spte_mark_access_track(&vm->fmt, spte));
}

static void test_spte(struct tdp_vm *vm, uint64_t sptep, void *context)
{
	bool *young = context;

	*young |= is_young(vm, physmem_read64(&vm->pm, sptep));
}

/* Logging ---------------------------------------------------------------------- */

void shadow_protect_slot(struct tdp_vm *vm, const struct memslot *slot,
			 unsigned int min_level)
{
	const struct rmap_range range = slot_range(slot, min_level,
						   TDP_LEVEL_1G);

	rmap_for_each(vm, &range, protect_spte, NULL);
}

/* The shadow MMU logs nothing larger. */
void shadow_trap_slot(struct tdp_vm *vm, const struct memslot *slot)
{
	const struct rmap_range range = slot_range(slot, TDP_LEVEL_4K,
						   TDP_LEVEL_4K);

	rmap_for_each(vm, &range, trap_spte, NULL);
}

void shadow_trap_masked(struct tdp_vm *vm, const struct memslot *slot,
			uint64_t gfn, uint64_t mask)
{
	for (; mask; mask &= mask - 1) {
		unsigned int i = (unsigned int)__builtin_ctzll(mask);

		rmap_for_each_of(vm, slot->as_id, TDP_LEVEL_4K, gfn + i,
				 trap_spte, NULL);
	}
}

void shadow_protect_huge(struct tdp_vm *vm, const struct memslot *slot,
			 uint64_t gfn)
{
	unsigned int level;

	for (level = TDP_LEVEL_2M; level <= TDP_LEVEL_1G; level++)
		rmap_for_each_of(vm, slot->as_id, level, gfn, protect_huge_spte,
				 NULL);
}

/* Aging ------------------------------------------------------------------------ */

static bool visit_frames(struct tdp_vm *vm, unsigned int as_id, uint64_t start,
			 uint64_t end, rmap_visitor visit)
{
	const struct rmap_range range = {
		.as_id = as_id,
		.min_level = TDP_LEVEL_4K,
		.max_level = TDP_LEVEL_1G,
		.start = start,
		.end = end,
	};
	bool young = false;

	rmap_for_each(vm, &range, visit, &young);
	return young;
}

bool shadow_age(struct tdp_vm *vm, unsigned int as_id, uint64_t start,
		uint64_t end)
{
	return visit_frames(vm, as_id, start, end, age_spte);
}

bool shadow_test_age(struct tdp_vm *vm, unsigned int as_id, uint64_t start,
		     uint64_t end)
{
	return visit_frames(vm, as_id, start, end, test_spte);
}
