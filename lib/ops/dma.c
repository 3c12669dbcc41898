/* SPDX-License-Identifier: MIT */
/* VFIO attaches and detaches devices whose DMA does not snoop caches. */
#include <errno.h>

#include "base/error.h"
#include "ops/memtype_zap.h"
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

int tdp_vm_attach_dma(struct tdp_vm *vm, bool attach, struct tdp_result *result,
		      struct tdp_error *err)
{
	result_begin(result);
	if (!attach && !vm->noncoherent_dma)
		return err_set(err, TDP_EINVAL,
			       "no non-coherent device is attached");
	vm->noncoherent_dma += attach ? 1 : -1u;
	if (vm->noncoherent_dma > 1 || (!attach && vm->noncoherent_dma))
		return TDP_OK;
	/*
	 * Tables of a vCPU's own begin or end to be wanted: a vCPU changes over
	 * when it enters the guest next, since it may be in a fault now.
	 */
	if (vm->kvm.value[B_MEMTYPE_SOURCE] == MEMTYPE_SOURCE_ROLE)
		request_all(vm, REQ_MMU_FREE_OBSOLETE_ROOTS);
	if (zaps(vm))
		zap_gfns(vm, 0, UINT64_MAX >> 12);
	return TDP_OK;
}
