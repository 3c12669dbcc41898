/* SPDX-License-Identifier: MIT */
/* The thread that undoes what the NX mitigation split. */
#include "kvm/nx.h"

#include "ops/ops.h"

void tdp_vm_recover_nx_huge_pages(struct tdp_vm *vm, unsigned int ratio,
				  struct tdp_result *result)
{
	result_begin(result);
	result->value = nx_recover(vm, ratio);
}
