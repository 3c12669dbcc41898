/* SPDX-License-Identifier: MIT */
#include "kvm/private.h"

#include <errno.h>

bool vm_has_gmem(const struct tdp_vm *vm)
{
	unsigned int api = vm->kvm.value[B_GMEM_API];

	if (api == GMEM_API_PRIVATE)
		return behaviour_on(&vm->kvm, B_SW_PROTECTED_VM);
	return api != GMEM_API_NONE;
}

uint64_t vm_gmem_flags(const struct tdp_vm *vm)
{
	if (vm->kvm.value[B_GMEM_API] < GMEM_API_MMAP)
		return 0;
	if (vm_has_private_mem(vm))
		return TDP_GMEM_MMAP;
	return TDP_GMEM_MMAP | TDP_GMEM_INIT_SHARED;
}

bool gfn_attributes_mixed(const struct tdp_vm *vm, uint64_t gfn,
			  unsigned int level)
{
	uint64_t pages = level_pages(level);
	uint64_t start = align_down(gfn, pages);

	if (!vm->private_gfns.nr)
		return false;
	return gfn_set_run(&vm->private_gfns, start) < pages;
}

uint64_t gfn_attributes_run(const struct tdp_vm *vm, uint64_t gfn, uint64_t max)
{
	if (!vm->private_gfns.nr)
		return max;
	return min_u64(max, gfn_set_run(&vm->private_gfns, gfn));
}

enum ret_pf fault_memory_fault(struct fault *f, int err, enum tdp_reason why)
{
	f->memory_fault = true;
	return fault_errno(f, err, why);
}

enum ret_pf fault_gmem_page(struct fault *f)
{
	const struct memslot *slot = f->slot;
	const struct gmem *file = gmems_find(&f->vm->gmems, slot->gmem);
	uint64_t page = slot->gmem_page + (f->gfn - slot->base_gfn);

	if (!file)
		return fault_memory_fault(f, -EFAULT, TDP_WHY_PRIVATE_NO_GMEM);
	f->from_gmem = true;
	f->pfn = (file->hpa >> 12) + page;
	/* Its folios are of order 0. */
	f->max_level = f->host_level = TDP_LEVEL_4K;
	f->host_writable = !slot->readonly;
	return RET_PF_CONTINUE;
}
