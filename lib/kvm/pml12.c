/* SPDX-License-Identifier: MIT */
#include "kvm/pml12.h"

#include "kvm/guest_mem.h"

/* SDM: "Page-Modification Logging" (3C): 512 entries of 8 bytes */
#define PML_ENTRIES 512

bool pml12_log(struct tdp_vcpu *vcpu, uint64_t gpa)
{
	struct tdp_nested_state *nested = &vcpu->nested;

	if (!nested->pml)
		return true;
	/* The index is a word that wraps: below 0 it is beyond the log. */
	if (nested->pml_index >= PML_ENTRIES) {
		vcpu->pml12_full = true;
		return false;
	}
	if (guest_mem_write(vcpu->vm, 0,
			    nested->pml_address +
				    (uint64_t)nested->pml_index * 8,
			    8, align_down(gpa, FRAME_SIZE)) == GUEST_MEM_OK)
		nested->pml_index--;
	return true;
}
