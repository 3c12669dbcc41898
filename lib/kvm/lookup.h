/* SPDX-License-Identifier: MIT */
/* The path that an address takes through an MMU's shadow page tables. */
#ifndef TDPSIM_KVM_LOOKUP_H
#define TDPSIM_KVM_LOOKUP_H

#include "kvm/kvm.h"

struct lookup {
	unsigned int nr;
	struct lookup_step {
		uint64_t hpa; /* of the entry */
		uint64_t spte;
		unsigned int level;
	} step[5];
};

/* KVM 6.12: get_walk() and kvm_tdp_mmu_get_walk() */
void lookup_sptes(const struct tdp_vm *vm, const struct mmu *mmu, uint64_t addr,
		  struct lookup *path);

/* The same from any root page. */
void lookup_from(const struct tdp_vm *vm, uint64_t root_hpa, unsigned int level,
		 uint64_t addr, struct lookup *path);

#endif
