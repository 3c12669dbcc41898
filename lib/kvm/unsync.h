/* SPDX-License-Identifier: MIT */
/*
 * Shadowed level-1 tables that the guest may write: out of sync until it has
 * to flush its TLB.
 */
#ifndef TDPSIM_KVM_UNSYNC_H
#define TDPSIM_KVM_UNSYNC_H

#include "kvm/shadow_page.h"

/*
 * May @gfn be mapped writable?  Its level-1 tables become unsync; false: an
 * upper table is there, or the caller only synchronizes or prefetches.
 * KVM 6.12: mmu_try_to_unsync_pages().
 */
bool unsync_try(struct tdp_vm *vm, const struct memslot *slot, uint64_t gfn,
		bool synchronizing, bool prefetch);

/* The entry at @sptep leads to something unsync: mark_unsync(). */
void unsync_mark(struct tdp_vm *vm, uint64_t sptep);

/* The page is in sync from now on: kvm_unlink_unsync_page(). */
void unsync_clear(struct tdp_vm *vm, struct mmu_page *page);

/*
 * Read the guest's table again: 0 nothing to flush, 1 flush, -1 the page is
 * of no use (kvm_sync_page() then zaps it).
 */
int unsync_sync_page(struct tdp_vcpu *vcpu, struct mmu_page *page,
		     struct zap_list *zapped);

/* The same for one entry, for INVLPG: kvm_sync_spte(). */
/*
 * Drop the entry, and map it again from the guest's if the host has the page
 * mapped: KVM up to 6.3, FNAME(invlpg).  True if TLBs must be flushed.
 */
bool unsync_prefetch_spte(struct tdp_vcpu *vcpu, const struct mmu_page *page,
			  unsigned int index);

int unsync_sync_spte(struct tdp_vcpu *vcpu, const struct mmu_page *page,
		     unsigned int index);

/* Bring all below @parent up to date: mmu_sync_children(). */
void unsync_sync_children(struct tdp_vcpu *vcpu, struct mmu_page *parent);

/* Zap what is unsync below @parent; true if there was something. */
bool unsync_zap_children(struct tdp_vm *vm, struct mmu_page *parent,
			 struct zap_list *zapped);

#endif
