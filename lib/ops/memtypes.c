/* SPDX-License-Identifier: MIT */
/* With which memory types vCPUs see one page, and whether they differ. */
#include "base/bits.h"
#include "kvm/kvm.h"
#include "tdpsim/vcpu.h"

static void add(struct tdp_memtypes *memtypes, const struct tdp_result *seen)
{
	if (!memtypes->vcpus)
		memtypes->hpa = seen->hpa;
	if (memtypes->hpa != seen->hpa)
		return;
	memtypes->vcpus++;
	memtypes->types |= 1u << seen->memtype;
	memtypes->aliased = memtypes->types & (memtypes->types - 1);
}

int tdp_vm_get_memtypes(struct tdp_vm *vm, tdp_gva gva,
			struct tdp_memtypes *memtypes, struct tdp_error *err)
{
	const struct tdp_access read = { .gva = gva, .kind = TDP_READ };
	struct tdp_result seen;
	unsigned int i;
	int ret;

	*memtypes = (struct tdp_memtypes){ 0 };
	for (i = 0; i < vm->nr_vcpus; i++) {
		if (vm->vcpus[i]->mmu->root.hpa == INVALID_PAGE)
			continue;
		ret = tdp_vcpu_translate(vm->vcpus[i], &read, &seen, NULL, err);
		if (ret)
			return ret;
		if (seen.outcome == TDP_OUTCOME_DONE)
			add(memtypes, &seen);
	}
	return TDP_OK;
}
