/* SPDX-License-Identifier: MIT */
/*
 * Which pages of a memslot were written: one bit each, for slots with
 * KVM_MEM_LOG_DIRTY_PAGES only.  KVM: struct kvm_memory_slot.dirty_bitmap.
 */
#ifndef TDPSIM_KVM_DIRTY_LOG_H
#define TDPSIM_KVM_DIRTY_LOG_H

#include "kvm/kvm.h"

/* All logs of a VM together: 64 MiB, which is 2 TiB of guest memory. */
#define DIRTY_MAX_WORDS (UINT64_C(1) << 23)

struct dirty_log {
	struct dirty_log *next; /* of the VM */
	uint64_t npages;
	uint64_t nr_words;
	uint64_t words[];
};

/*
 * A log of @npages pages, all of them dirty if @all.  The VM owns it.
 * TDP_ELIMIT if the VM's logs would exceed DIRTY_MAX_WORDS; TDP_ENOMEM.
 */
int dirty_log_create(struct tdp_vm *vm, uint64_t npages, bool all,
		     struct dirty_log **log, struct tdp_error *err);

/* NULL is allowed. */
void dirty_log_destroy(struct tdp_vm *vm, struct dirty_log *log);

/* Free what a VM has left. */
void dirty_log_finish(struct tdp_vm *vm);

/* KVM 6.12: mark_page_dirty_in_slot(); @slot may be NULL. */
static inline void dirty_log_mark(const struct memslot *slot, uint64_t gfn)
{
	uint64_t page;

	if (likely(!slot || !slot->dirty))
		return;
	page = gfn - slot->base_gfn;
	assert(page < slot->dirty->npages);
	slot->dirty->words[page / 64] |= BIT(page % 64);
}

#endif
