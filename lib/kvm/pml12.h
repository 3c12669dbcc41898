/* SPDX-License-Identifier: MIT */
/* The page-modification log that L1 keeps of L2. */
#ifndef TDPSIM_KVM_PML12_H
#define TDPSIM_KVM_PML12_H

#include "kvm/kvm.h"

/*
 * KVM is about to set the dirty flag of EPT12's leaf for @gpa: log the page.
 * False if L1's log is full; then vcpu->pml12_full is set, and the walk fails.
 * A log whose page can't be written loses the entry.
 * KVM 6.12: nested_vmx_write_pml_buffer()
 */
bool pml12_log(struct tdp_vcpu *vcpu, uint64_t gpa);

#endif
