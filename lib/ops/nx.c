/* SPDX-License-Identifier: MIT */
/* The thread that undoes what the NX mitigation split. */
#include "kvm/nx.h"

#include "kvm/root.h"
#include "ops/ops.h"

void tdp_vm_recover_nx_huge_pages(struct tdp_vm *vm, unsigned int ratio,
				  struct tdp_result *result)
{
	result_begin(result);
	result->value = nx_recover(vm, ratio);
}

void tdp_vm_set_nx_huge_pages(struct tdp_vm *vm, bool force,
			      struct tdp_result *result)
{
	result_begin(result);
	if (vm->fmt.nx_huge_pages == force)
		return;
	vm->kvm.value[B_NX_HUGE_PAGES] = force ? NX_HUGE_PAGES_FORCE :
						 NX_HUGE_PAGES_OFF;
	vm->fmt.nx_huge_pages = force;
	root_zap_all_fast(vm);
}
