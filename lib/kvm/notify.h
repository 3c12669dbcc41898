/* SPDX-License-Identifier: MIT */
/* What the host tells KVM about its mappings (MMU notifiers). */
#ifndef TDPSIM_KVM_NOTIFY_H
#define TDPSIM_KVM_NOTIFY_H

#include "kvm/kvm.h"

/*
 * Userspace addresses [@start, @end) no longer map what they did: zap the
 * leaves of every memslot that covers them.  KVM 6.12:
 * kvm_mmu_notifier_invalidate_range_start() and kvm_unmap_gfn_range().
 */
void notify_unmap(struct tdp_vm *vm, uint64_t start, uint64_t end);

/* The same for each of several ranges, in order. */
void notify_unmap_all(struct tdp_vm *vm, const struct host_notices *notices);

/*
 * Its two halves, for callers that let others run in between: the entries go
 * before the host changes its own tables, and faults on the range are retried
 * until the end.  KVM 6.12: kvm_mmu_invalidate_begin(), kvm_mmu_invalidate_end().
 */
void notify_begin(struct tdp_vm *vm, uint64_t start, uint64_t end);
void notify_end(struct tdp_vm *vm);

/*
 * The first half for guest frames of address space 0; notify_end() ends it,
 * too.  KVM 6.12: kvm_pre_set_memory_attributes()
 */
void notify_begin_gfns(struct tdp_vm *vm, uint64_t start, uint64_t end);

/*
 * The same for guest frames [@start, @end) of one slot, of which userspace's
 * tables know nothing.  KVM 6.12: kvm_gmem_invalidate_begin(),
 * kvm_vm_set_mem_attributes().
 */
void notify_unmap_gfns(struct tdp_vm *vm, const struct memslot *slot,
		       uint64_t start, uint64_t end);

/*
 * May what was looked up for @gfn since the sequence was @seq be stale?  KVM
 * 6.12: mmu_invalidate_retry_gfn()
 */
static inline bool notify_retry(const struct tdp_vm *vm, uint64_t seq,
				uint64_t gfn)
{
	if (unlikely(vm->invalidations) && gfn >= vm->invalidate_start &&
	    gfn < vm->invalidate_end)
		return true;
	return seq != vm->invalidate_seq;
}

/*
 * Bytes [@start, @end) of userspace's memory, within a page, were written
 * through its own mapping, of which KVM knows nothing.
 */
void notify_written(struct tdp_vm *vm, uint64_t start, uint64_t end);

#endif
