/* SPDX-License-Identifier: MIT */
/* The processor as KVM has set it up to run a vCPU. */
#ifndef TDPSIM_OPS_HW_H
#define TDPSIM_OPS_HW_H

#include "kvm/kvm.h"
#include "tdpsim/walk.h"

/*
 * Load @vcpu's registers and the root of its MMU into the VM's walker.
 * TDP_EINVAL if no processor can be in that state (hardware refuses to enter).
 */
int hw_load(struct tdp_vcpu *vcpu, struct tdp_error *err);

/*
 * The EPT pointer for the loaded root of a vCPU under EPT: KVM 6.12 and 6.19
 * construct_eptp(), behaviour nested.ept_ad.
 */
uint64_t hw_eptp(const struct tdp_vcpu *vcpu);

/* Levels that the second stage of the hardware walks for this vCPU. */
unsigned int hw_nested_levels(const struct tdp_vcpu *vcpu);

#endif
