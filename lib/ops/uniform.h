/* SPDX-License-Identifier: MIT */
/*
 * memtype.source=uniform, a proposal of 2021: CR0.CD and the MTRRs are the
 * VM's, and a write that differs is refused.
 *
 * The rule here: vCPU 0 speaks for the VM.  What another vCPU writes must
 * equal what vCPU 0 has.  Before the first run userspace may write anything,
 * because it restores vCPUs in any order.
 */
#ifndef TDPSIM_OPS_UNIFORM_H
#define TDPSIM_OPS_UNIFORM_H

#include "kvm/kvm.h"

/* Would CR0 := @cr0, by userspace (@host) or the guest, be refused? */
bool uniform_cd_diverges(const struct tdp_vcpu *vcpu, uint64_t cr0, bool host);

/* Would MTRR @index := @value be refused? */
bool uniform_mtrr_diverges(const struct tdp_vcpu *vcpu, uint32_t index,
			   uint64_t value, bool host);

#endif
