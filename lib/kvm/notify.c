/* SPDX-License-Identifier: MIT */
#include "kvm/notify.h"

#include "kvm/shadow.h"
#include "kvm/tdp_mmu.h"

/* The frames of @slot that [@start, @end) maps; false: none. */
static bool slot_frames(const struct memslot *slot, uint64_t start,
			uint64_t end, uint64_t *first, uint64_t *last)
{
	start = max_u64(start, slot->hva);
	end = min_u64(end, slot->hva + (slot->npages << 12));
	if (start >= end)
		return false;
	*first = slot->base_gfn + ((start - slot->hva) >> 12);
	*last = slot->base_gfn + ((end - slot->hva + 0xfff) >> 12);
	return true;
}

static bool unmap_slot(struct tdp_vm *vm, const struct memslot *slot,
		       uint64_t start, uint64_t end)
{
	uint64_t first, last;
	bool zapped;

	if (!slot_frames(slot, start, end, &first, &last))
		return false;
	/* What is there next is not what KVM has read. */
	shadow_changed_behind(vm, slot->as_id, first, last, 0, FRAME_SIZE);
	zapped = shadow_zap_gfns(vm, slot->as_id, first, last);
	return tdp_zap_leaves(vm, (int)slot->as_id, first, last) || zapped;
}

/* KVM 6.12: kvm_mmu_invalidate_range_add(): one range for all that are open */
static void add_range(struct tdp_vm *vm, const struct memslot *slot,
		      uint64_t start, uint64_t end)
{
	uint64_t first, last;

	if (!slot_frames(slot, start, end, &first, &last))
		return;
	vm->invalidate_start = min_u64(vm->invalidate_start, first);
	vm->invalidate_end = max_u64(vm->invalidate_end, last);
}

/* KVM 6.12: kvm_mmu_invalidate_begin() */
static void open_range(struct tdp_vm *vm)
{
	if (vm->invalidations++)
		return;
	vm->invalidate_start = UINT64_MAX;
	vm->invalidate_end = 0;
}

void notify_begin(struct tdp_vm *vm, uint64_t start, uint64_t end)
{
	unsigned int as_id;
	bool zapped = false;
	size_t i;

	trace(vm, kvm_unmap_hva_range, start, end);
	open_range(vm);
	for (as_id = 0; as_id < NR_ADDRESS_SPACES; as_id++) {
		for (i = 0; i < vm->slots[as_id].nr; i++) {
			const struct memslot *s = &vm->slots[as_id].slots[i];

			add_range(vm, s, start, end);
			zapped |= unmap_slot(vm, s, start, end);
		}
	}
	if (zapped)
		vm->stats.tlb_flushes++;
}

/* Zap what @slot has of guest frames [@start, @end); false: nothing of them. */
static bool unmap_gfns(struct tdp_vm *vm, const struct memslot *slot,
		       uint64_t start, uint64_t end)
{
	uint64_t first = max_u64(start, slot->base_gfn);
	uint64_t last = min_u64(end, slot->base_gfn + slot->npages);
	bool zapped;

	if (first >= last)
		return false;
	shadow_changed_behind(vm, slot->as_id, first, last, 0, FRAME_SIZE);
	zapped = shadow_zap_gfns(vm, slot->as_id, first, last);
	zapped |= tdp_zap_leaves(vm, (int)slot->as_id, first, last);
	vm->stats.tlb_flushes += zapped;
	return true;
}

void notify_unmap_gfns(struct tdp_vm *vm, const struct memslot *slot,
		       uint64_t start, uint64_t end)
{
	if (unmap_gfns(vm, slot, start, end))
		vm->invalidate_seq++;
}

void notify_begin_gfns(struct tdp_vm *vm, uint64_t start, uint64_t end)
{
	const struct memslots *slots = &vm->slots[0];
	size_t i;

	open_range(vm);
	vm->invalidate_start = min_u64(vm->invalidate_start, start);
	vm->invalidate_end = max_u64(vm->invalidate_end, end);
	for (i = 0; i < slots->nr; i++)
		unmap_gfns(vm, &slots->slots[i], start, end);
}

void notify_end(struct tdp_vm *vm)
{
	assert(vm->invalidations);
	vm->invalidate_seq++;
	vm->invalidations--;
}

void notify_unmap(struct tdp_vm *vm, uint64_t start, uint64_t end)
{
	notify_begin(vm, start, end);
	notify_end(vm);
}

/*
 * Up to 6.9 the host also says which frame takes the place of another.  It
 * does so while the range is open: what mapped the old one is gone, so that
 * there is nothing to change.  KVM 6.1: kvm_mmu_notifier_change_pte()
 */
static void change_pte(const struct tdp_vm *vm, uint64_t hva)
{
	if (vm->kvm.value[B_NOTIFY_CHANGE_PTE] != NOTIFY_CHANGE_PTE_NONE)
		trace(vm, kvm_set_spte_hva, hva);
}

void notify_unmap_all(struct tdp_vm *vm, const struct host_notices *notices)
{
	unsigned int i;

	for (i = 0; i < notices->nr; i++) {
		notify_begin(vm, notices->range[i].start,
			     notices->range[i].end);
		if (notices->range[i].replaced)
			change_pte(vm, notices->range[i].start);
		notify_end(vm);
	}
}

void notify_written(struct tdp_vm *vm, uint64_t start, uint64_t end)
{
	unsigned int from = (unsigned int)(start & FRAME_MASK);
	uint64_t first, last;
	unsigned int as_id;
	size_t i;

	if (!vm->shadow)
		return;
	for (as_id = 0; as_id < NR_ADDRESS_SPACES; as_id++)
		for (i = 0; i < vm->slots[as_id].nr; i++)
			if (slot_frames(&vm->slots[as_id].slots[i],
					align_down(start, FRAME_SIZE), end,
					&first, &last))
				shadow_changed_behind(
					vm, as_id, first, last, from,
					from + (unsigned int)(end - start));
}
