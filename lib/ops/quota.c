/* SPDX-License-Identifier: MIT */
/* How many pages the shadow MMU may have. */
#include <errno.h>

#include "kvm/shadow.h"
#include "kvm/shadow_page.h"
#include "ops/ops.h"

int tdp_vm_set_nr_mmu_pages(struct tdp_vm *vm, uint64_t pages,
			    struct tdp_result *result, struct tdp_error *err)
{
	int ret;

	result_begin(result);
	ret = check_alive(vm, err);
	if (ret || result_vm_dead(vm, result))
		return ret;
	if (pages < SHADOW_MIN_QUOTA)
		return result_fail(result, -EINVAL, TDP_WHY_QUOTA_TOO_SMALL);
	shadow_change_quota(vm, pages);
	vm->mmu_pages_wanted = pages;
	return TDP_OK;
}

int tdp_vm_shrink(struct tdp_vm *vm, uint64_t pages, struct tdp_result *result,
		  struct tdp_error *err)
{
	int ret;

	result_begin(result);
	ret = check_alive(vm, err);
	if (ret || vm->kvm.value[B_MMU_SHRINKER] != MMU_SHRINKER_ZAPS_OLDEST)
		return ret;
	result->value = shadow_zap_oldest(vm, pages);
	return TDP_OK;
}

void tdp_vm_get_nr_mmu_pages(const struct tdp_vm *vm, struct tdp_result *result)
{
	result_begin(result);
	if (result_vm_dead(vm, result))
		return;
	if (vm->kvm.value[B_MMU_GET_NR_PAGES] == MMU_GET_NR_PAGES_REMOVED)
		result_fail(result, -ENOTTY, TDP_WHY_NO_IOCTL);
	else
		result->value = (uint32_t)vm->mmu_pages_max;
}
