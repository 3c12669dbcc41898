/* SPDX-License-Identifier: MIT */
/* Was a page used since the host asked last? */
#ifndef TDPSIM_KVM_AGE_H
#define TDPSIM_KVM_AGE_H

#include "kvm/kvm.h"

/*
 * Was anything accessed in userspace addresses [@start, @end)?  What was is
 * not any more, until the next access: KVM 6.12
 * kvm_mmu_notifier_clear_young().
 */
bool age_range(struct tdp_vm *vm, uint64_t start, uint64_t end);

/* The same for one address, with no effect: kvm_mmu_notifier_test_young(). */
bool age_test(struct tdp_vm *vm, uint64_t hva);

#endif
