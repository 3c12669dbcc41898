/* SPDX-License-Identifier: MIT */
#include "ops/memtype_zap.h"

#include "kvm/guest_memtype.h"
#include "kvm/shadow.h"
#include "kvm/tdp_mmu.h"

/* KVM 6.12: kvm_zap_gfn_range() */
void zap_gfns(struct tdp_vm *vm, uint64_t start, uint64_t end)
{
	bool zapped = tdp_zap_leaves(vm, -1, start, end);
	unsigned int as_id;

	for (as_id = 0; as_id < NR_ADDRESS_SPACES; as_id++)
		zapped |= shadow_zap_gfns(vm, as_id, start, end);
	if (zapped)
		vm->stats.tlb_flushes++;
	/*
	 * From kvm_mmu_invalidate_begin() to _end() mmu_lock is held, so that
	 * nobody sees the range open, only the sequence that has moved on.
	 */
	if (behaviour_on(&vm->kvm, B_MEMTYPE_ZAP_RETRY))
		vm->invalidate_seq++;
}

/*
 * Only memory types that a device without snooping can see are worth it.  Up
 * to 6.6 KVM doesn't ask whether its entries hold a type at all.
 */
bool memtype_zaps(const struct tdp_vm *vm)
{
	if (!vm->noncoherent_dma)
		return false;
	switch (vm->kvm.value[B_MEMTYPE_ZAP]) {
	case MEMTYPE_ZAP_ANY_VENDOR:
		return true;
	case MEMTYPE_ZAP_EPT:
		return vm->fmt.memtype;
	}
	return false;
}

void memtype_zap_cd(struct tdp_vm *vm)
{
	if (memtype_zaps(vm) && !behaviour_on(&vm->kvm, B_MEMTYPE_CD_QUIRK))
		zap_gfns(vm, 0, UINT64_MAX >> 12);
}

void memtype_zap_msr(struct tdp_vcpu *vcpu, uint32_t index)
{
	struct tdp_vm *vm = vcpu->vm;
	uint64_t start, end;

	if (vm->tdp_enabled && memtype_zaps(vm) &&
	    memtype_msr_range(vcpu, index, &start, &end))
		zap_gfns(vm, start, end);
}
