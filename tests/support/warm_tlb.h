/* SPDX-License-Identifier: MIT */
/*
 * A TLB that forgets nothing until KVM flushes: whenever an SPTE that a guest
 * has used goes, leads elsewhere or may not be written any more, a flush has
 * to be counted.
 *
 * Any flush empties all of it.  So this finds a flush that is missing, not
 * one that reaches too few vCPUs or addresses.
 */
#ifndef TDPSIM_SUPPORT_WARM_TLB_H
#define TDPSIM_SUPPORT_WARM_TLB_H

#include "support/world.h"

#define WARM_ENTRIES 16

struct warm_entry {
	struct tdp_vcpu *vcpu;
	uint64_t root; /* the vCPU's, as it was */
	uint64_t gva, gpa;
	uint64_t hpa;
	bool write;
};

struct warm_tlb {
	uint64_t flushes; /* of the VM, as they were */
	unsigned int nr;
	uint64_t nr_checked;
	struct warm_entry entry[WARM_ENTRIES];
};

/* @vcpu has made an access at @gva, and it is done. */
void warm_note(struct warm_tlb *tlb, struct tdp_vcpu *vcpu, uint64_t gva);

/* NULL, or the entry that should not be there any more. */
const struct warm_entry *warm_check(struct warm_tlb *tlb,
				    const struct tdp_vm *vm);

#endif
