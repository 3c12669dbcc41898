/* SPDX-License-Identifier: MIT */
/* VFIO attaches and detaches devices whose DMA does not snoop caches. */
#include <errno.h>

#include "base/error.h"
#include "kvm/root.h"
#include "kvm/shadow.h"
#include "kvm/tdp_mmu.h"
#include "ops/ops.h"

/*
 * Does the first or last device make KVM zap what it mapped?  Up to 6.6 it
 * did not, and types of before stay; from 6.16 on the quirk decides.
 */
static bool zaps(const struct tdp_vm *vm)
{
	switch (vm->kvm.value[B_MEMTYPE_ZAP]) {
	case MEMTYPE_ZAP_ANY_VENDOR:
		return false;
	case MEMTYPE_ZAP_QUIRK9:
		/* The quirk is inapplicable on SVM and without self-snoop. */
		return !vm->tdp_enabled ||
		       (vm->host.vendor == TDP_INTEL &&
			behaviour_on(&vm->kvm, B_QUIRK_IGNORE_GUEST_PAT));
	}
	return vm->fmt.memtype;
}

static void zap_all_gfns(struct tdp_vm *vm)
{
	unsigned int as_id;

	tdp_zap_leaves(vm, -1, 0, UINT64_MAX >> 12);
	for (as_id = 0; as_id < NR_ADDRESS_SPACES; as_id++)
		shadow_zap_gfns(vm, as_id, 0, UINT64_MAX >> 12);
	vm->stats.tlb_flushes++;
}

int tdp_vm_attach_dma(struct tdp_vm *vm, bool attach,
		      struct tdp_result *result, struct tdp_error *err)
{
	unsigned int i;

	result_begin(result);
	if (!attach && !vm->noncoherent_dma)
		return err_set(err, TDP_EINVAL,
			       "no non-coherent device is attached");
	vm->noncoherent_dma += attach ? 1 : -1u;
	if (vm->noncoherent_dma > 1 || (!attach && vm->noncoherent_dma))
		return TDP_OK;
	/* Tables of a vCPU's own begin or end to be wanted. */
	if (vm->kvm.value[B_MEMTYPE_SOURCE] == MEMTYPE_SOURCE_ROLE)
		for (i = 0; i < vm->nr_vcpus; i++)
			root_unload(vm->vcpus[i]);
	if (zaps(vm))
		zap_all_gfns(vm);
	return TDP_OK;
}
