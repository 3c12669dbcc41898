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

#endif
