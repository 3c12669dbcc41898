/* SPDX-License-Identifier: MIT */
/*
 * INVLPG and INVPCID.  With TDP the processor executes them, and KVM hears of
 * none; without, each exits.
 */
#include "arch/regs.h"
#include "kvm/root.h"
#include "kvm/shadow.h"
#include "ops/setreg.h"
#include "tdpsim/invalidate.h"

/* SDM: "INVPCID" (2A): bits 63:12 of the descriptor's first word are reserved. */
#define PCID_RESERVED BITS(63, 12)

/* KVM 6.12: kvm_get_pcid() */
static uint64_t pcid_of(const struct tdp_vcpu *vcpu, uint64_t pgd)
{
	return vcpu->sregs.cr4 & CR4_PCIDE ? pgd & CR3_PCID : 0;
}

/* KVM 6.12: kvm_mmu_invpcid_gva(); a global page is one of any PCID. */
static void invalidate_address(struct tdp_vcpu *vcpu, uint64_t gla,
			       bool any_pcid, uint64_t pcid)
{
	struct mmu *mmu = vcpu->mmu;
	bool flush = false;
	unsigned int i;

	if (any_pcid || pcid_of(vcpu, vcpu->sregs.cr3) == pcid) {
		shadow_invalidate_addr(vcpu, mmu, gla);
		flush = true;
	}
	for (i = 0; i < NR_PREV_ROOTS; i++) {
		if (mmu->prev[i].hpa == INVALID_PAGE ||
		    (!any_pcid && pcid_of(vcpu, mmu->prev[i].pgd) != pcid))
			continue;
		if (!mmu->root_role.direct)
			shadow_invalidate_prev(vcpu, mmu, i, gla);
		flush = true;
	}
	vcpu->vm->stats.tlb_flushes += flush;
}

/* What the instruction is refused for; the processor and KVM agree. */
static bool operand_ok(const struct tdp_vcpu *vcpu, uint64_t type,
		       uint64_t pcid, uint64_t gla)
{
	bool has_pcid = vcpu->sregs.cr4 & CR4_PCIDE;

	if (type > TDP_INVPCID_ALL || (pcid & PCID_RESERVED))
		return false;
	if (type >= TDP_INVPCID_ALL_GLOBAL)
		return true;
	return (has_pcid || !pcid) &&
	       (type != TDP_INVPCID_ADDRESS || vcpu_canonical(vcpu, gla));
}

/*
 * Shadow pages don't know which entries are global, so that both types drop
 * all.  KVM 6.12: kvm_handle_invpcid()
 */
static void invalidate_all(struct tdp_vcpu *vcpu)
{
	if (vcpu->vm->kvm.value[B_MMU_INVPCID_ALL] == MMU_INVPCID_ALL_UNLOADS)
		root_unload(vcpu);
	else
		request(vcpu, REQ_TLB_FLUSH_GUEST);
}

static void invpcid(struct tdp_vcpu *vcpu, uint64_t type, uint64_t pcid,
		    uint64_t gla)
{
	switch (type) {
	case TDP_INVPCID_ADDRESS:
		invalidate_address(vcpu, gla, false, pcid);
		break;
	case TDP_INVPCID_CONTEXT:
		setreg_invalidate_pcid(vcpu, pcid);
		break;
	default:
		invalidate_all(vcpu);
	}
}

int tdp_vcpu_invlpg(struct tdp_vcpu *vcpu, tdp_gva gva,
		    struct tdp_result *result, struct tdp_error *err)
{
	bool entered;
	int ret;

	result_begin(result);
	ret = run_enter(vcpu, result, &entered, err);
	if (ret || !entered)
		return ret;
	if (!vcpu->vm->tdp_enabled) {
		result->exits = 1;
		/* SDM: "INVLPG" (2A): does nothing for such an address. */
		if (vcpu_canonical(vcpu, gva.addr))
			invalidate_address(vcpu, gva.addr, true, 0);
	}
	result_end(vcpu, result);
	return TDP_OK;
}

static int refuse(struct tdp_vcpu *vcpu, struct tdp_result *result)
{
	const struct exception e = {
		.vector = VECTOR_GP,
		.why = TDP_WHY_BAD_OPERAND,
		.by_kvm = !vcpu->vm->tdp_enabled,
	};

	return exception_raise(vcpu, result, &e);
}

int tdp_vcpu_invpcid(struct tdp_vcpu *vcpu, uint64_t type, uint64_t pcid,
		     tdp_gva gla, struct tdp_result *result,
		     struct tdp_error *err)
{
	bool entered;
	int ret;

	result_begin(result);
	ret = run_enter(vcpu, result, &entered, err);
	if (ret || !entered)
		return ret;
	result->exits = !vcpu->vm->tdp_enabled;
	if (!operand_ok(vcpu, type, pcid, gla.addr))
		return refuse(vcpu, result);
	if (!vcpu->vm->tdp_enabled)
		invpcid(vcpu, type, pcid, gla.addr);
	result_end(vcpu, result);
	return TDP_OK;
}
