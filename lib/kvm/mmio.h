/* SPDX-License-Identifier: MIT */
/* MMIO SPTEs: made by a fault outside all memslots, valid for a generation. */
#ifndef TDPSIM_KVM_MMIO_H
#define TDPSIM_KVM_MMIO_H

#include "kvm/fault.h"

/*
 * A fault that hardware reports as a reserved bit (NPT, shadow paging) or as
 * an EPT misconfiguration.  KVM 6.12: handle_mmio_page_fault().
 *
 * Return: RET_PF_EMULATE (MMIO), RET_PF_INVALID (stale: map anew),
 * RET_PF_RETRY (no longer an MMIO SPTE).
 */
enum ret_pf mmio_handle_fault(struct fault *f);

/* Remember the page for the next fault: KVM 6.12 vcpu_cache_mmio_info(). */
void mmio_cache(const struct fault *f, uint64_t gfn, unsigned int access);

/*
 * May the emulator take the page that mmio_cache() kept for @access to @gva,
 * without a walk?  KVM 6.12: vcpu_mmio_gva_to_gpa()
 */
bool mmio_cache_serves(struct tdp_vcpu *vcpu, uint64_t gva, uint64_t pfec);

#endif
