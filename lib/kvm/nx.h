/* SPDX-License-Identifier: MIT */
/*
 * Tables that exist only because the NX mitigation let no huge page execute,
 * and their recovery once nobody executes there any more.
 */
#ifndef TDPSIM_KVM_NX_H
#define TDPSIM_KVM_NX_H

#include "kvm/kvm.h"

/* KVM 6.12: track_possible_nx_huge_page(), untrack_possible_nx_huge_page() */
void nx_track(struct tdp_vm *vm, struct mmu_page *page);
void nx_untrack(struct tdp_vm *vm, struct mmu_page *page);

/*
 * One period of the recovery thread: of n tables, zap the n / @ratio oldest,
 * rounded up; none if @ratio is 0.  KVM 6.12: kvm_recover_nx_huge_pages().
 * Return: how many tables were zapped.
 */
uint64_t nx_recover(struct tdp_vm *vm, unsigned int ratio);

/* Is there a thread that would recover huge pages? */
bool nx_thread_runs(const struct tdp_vm *vm);

#endif
