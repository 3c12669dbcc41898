/* SPDX-License-Identifier: MIT */
/* KVM_GET_DIRTY_LOG, KVM_CLEAR_DIRTY_LOG, and who is logged. */
#include "ops/dirty.h"

#include <errno.h>

#include "base/error.h"
#include "kvm/page.h"
#include "kvm/shadow.h"
#include "ops/ops.h"

/* Switching ------------------------------------------------------------------ */

/* KVM has one a vCPU; here it is drained before another vCPU runs. */
static int provide_pml(struct tdp_vm *vm, struct tdp_error *err)
{
	struct mmu_page *page;

	if (!vm->fmt.pml || vm->pml_hpa)
		return TDP_OK;
	page = page_alloc(vm, PAGE_SPECIAL, NULL, 0);
	if (!page)
		return err_set(err, TDP_ELIMIT,
			       "no page-table memory is left for a PML buffer");
	vm->pml_hpa = page_hpa(vm, page);
	return TDP_OK;
}

int dirty_prepare(struct tdp_vm *vm, const struct memslot *old,
		  struct memslot *slot, struct tdp_error *err)
{
	bool was = old && old->dirty_log;
	int ret;

	slot->dirty = NULL;
	if (!slot->dirty_log)
		return TDP_OK;
	slot->dirty = was ? old->dirty : NULL;
	if (was)
		return TDP_OK;
	ret = provide_pml(vm, err);
	return ret ? ret :
		     dirty_log_create(vm, slot->npages, dirty_initially_set(vm),
				      &slot->dirty, err);
}

void dirty_abandon(struct tdp_vm *vm, const struct memslot *old,
		   const struct memslot *slot)
{
	if (!old || old->dirty != slot->dirty)
		dirty_log_destroy(vm, slot->dirty);
}

void dirty_commit(struct tdp_vm *vm, const struct memslot *old,
		  const struct memslot *slot)
{
	if (slot->dirty_log == old->dirty_log)
		return;
	if (slot->dirty_log) {
		dirty_enable(vm, slot);
		return;
	}
	dirty_disable(vm, slot);
	dirty_log_destroy(vm, old->dirty);
}

int tdp_vm_set_dirty_protect(struct tdp_vm *vm, bool manual, bool initially_set,
			     struct tdp_result *result)
{
	result_begin(result);
	if (result_vm_dead(vm, result))
		return TDP_OK;
	if (initially_set && !manual)
		return result_fail(result, -EINVAL, TDP_WHY_FLAGS);
	vm->dirty_protect = (manual ? DIRTY_MANUAL_PROTECT : 0) |
			    (initially_set ? DIRTY_INITIALLY_SET : 0);
	return TDP_OK;
}

/* Reading -------------------------------------------------------------------- */

/* The slot, or the errno of the ioctl in @result. */
static const struct memslot *find_logged(struct tdp_vm *vm, unsigned int as_id,
					 unsigned int id,
					 struct tdp_result *result)
{
	const struct memslot *slot = NULL;

	if (as_id >= NR_ADDRESS_SPACES || id >= MAX_USER_SLOT) {
		result_fail(result, -EINVAL, TDP_WHY_BAD_SLOT);
		return NULL;
	}
	slot = memslots_by_id(&vm->slots[as_id], id);
	if (slot && slot->dirty)
		return slot;
	result_fail(result, -ENOENT, TDP_WHY_NOT_LOGGED);
	return NULL;
}

static uint64_t take_word(struct tdp_vm *vm, const struct memslot *slot,
			  uint64_t i, uint64_t mask)
{
	uint64_t word = slot->dirty->words[i] & mask;

	slot->dirty->words[i] &= ~word;
	if (word)
		dirty_rearm(vm, slot, 64 * i, word);
	return word;
}

/* KVM 6.12: kvm_get_dirty_log_protect() */
int tdp_vm_get_dirty_log(struct tdp_vm *vm, unsigned int as_id, unsigned int id,
			 uint64_t *bitmap, uint64_t nr_words,
			 struct tdp_result *result, struct tdp_error *err)
{
	const struct memslot *slot;
	uint64_t i, dirty = 0;
	int ret;

	result_begin(result);
	if (result_vm_dead(vm, result))
		return TDP_OK;
	ret = check_alive(vm, err);
	if (ret)
		return ret;
	slot = find_logged(vm, as_id, id, result);
	if (!slot)
		return TDP_OK;
	for (i = 0; i < slot->dirty->nr_words; i++) {
		uint64_t word = slot->dirty->words[i];

		/* In manual mode KVM_CLEAR_DIRTY_LOG does the rest. */
		if (!vm->dirty_protect)
			take_word(vm, slot, i, UINT64_MAX);
		if (i < nr_words)
			bitmap[i] = word;
		dirty += (unsigned int)__builtin_popcountll(word);
	}
	for (; i < nr_words; i++)
		bitmap[i] = 0;
	vm->stats.tlb_flushes += dirty && !vm->dirty_protect;
	result->value = dirty;
	return TDP_OK;
}

/* KVM 6.12: the checks of kvm_clear_dirty_log_protect(), in their order */
static bool clear_range_ok(const struct memslot *slot, uint64_t first,
			   uint64_t pages)
{
	uint64_t rest;

	if (first > slot->npages)
		return false;
	rest = slot->npages - first;
	return pages <= rest && (pages == rest || !(pages & 63));
}

int tdp_vm_clear_dirty_log(struct tdp_vm *vm, unsigned int as_id,
			   unsigned int id, uint64_t first, uint64_t pages,
			   const uint64_t *bitmap, struct tdp_result *result,
			   struct tdp_error *err)
{
	const struct memslot *slot;
	uint64_t i, cleared = 0;
	int ret;

	result_begin(result);
	if (result_vm_dead(vm, result))
		return TDP_OK;
	ret = check_alive(vm, err);
	if (ret)
		return ret;
	if (first & 63)
		return result_fail(result, -EINVAL, TDP_WHY_UNALIGNED);
	slot = find_logged(vm, as_id, id, result);
	if (!slot)
		return TDP_OK;
	if (!clear_range_ok(slot, first, pages))
		return result_fail(result, -EINVAL, TDP_WHY_BAD_SLOT);
	for (i = 0; i < (pages + 63) / 64; i++) {
		uint64_t word = take_word(vm, slot, first / 64 + i,
					  bitmap ? bitmap[i] : UINT64_MAX);

		cleared += (unsigned int)__builtin_popcountll(word);
	}
	vm->stats.tlb_flushes += cleared != 0;
	result->value = cleared;
	return TDP_OK;
}
