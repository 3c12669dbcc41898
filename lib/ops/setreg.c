/* SPDX-License-Identifier: MIT */
/*
 * What a change of CR0, CR3, CR4 or EFER does when KVM makes it for the guest.
 *
 * KVM 6.12: kvm_set_cr0(), kvm_set_cr3(), kvm_set_cr4(), set_efer() and the
 * kvm_post_set functions.
 */
#include "ops/setreg.h"

#include "arch/regs.h"
#include "kvm/mmu.h"
#include "kvm/root.h"
#include "ops/memtype_zap.h"

/* Others of bits 31:0 are ignored. */
#define CR0_DEFINED                                                     \
	(CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | \
	 CR0_AM | CR0_NW | CR0_CD | CR0_PG)

/* Bits that feed the role, or whose write resets the MMU. */
#define CR0_ROLE (CR0_PG | CR0_WP)
#define CR4_ROLE (CR4_PSE | CR4_PAE | CR4_LA57 | CR4_SMEP | CR4_SMAP | CR4_PKE)

/* A change of these reloads the PDPTEs of legacy PAE paging. */
#define CR0_PDPTR (CR0_CD | CR0_NW | CR0_PG)
#define CR4_PDPTR (CR4_PGE | CR4_PSE | CR4_PAE | CR4_SMEP)

static bool is_paging(const struct tdp_vcpu *vcpu)
{
	return vcpu->sregs.cr0 & CR0_PG;
}

static bool is_long_mode(const struct tdp_vcpu *vcpu)
{
	return vcpu->sregs.efer & EFER_LMA;
}

/* CR0 ---------------------------------------------------------------------- */

static enum tdp_reason cr0_refused(const struct tdp_vcpu *vcpu, uint64_t cr0)
{
	uint64_t cr4 = vcpu->sregs.cr4;
	bool enables = (cr0 & CR0_PG) && !is_paging(vcpu);

	if (!setreg_cr0_valid(cr0))
		return TDP_WHY_BAD_REGISTER;
	if (enables && (vcpu->sregs.efer & EFER_LME) && !(cr4 & CR4_PAE))
		return TDP_WHY_BAD_REGISTER;
	if (!(cr0 & CR0_PG) && (cr4 & CR4_PCIDE))
		return TDP_WHY_BAD_REGISTER;
	return TDP_WHY_NONE;
}

/* SDM: "IA-32e Mode Operation": LMA is LME and PG. */
static void store_cr0(struct tdp_vcpu *vcpu, uint64_t cr0)
{
	vcpu->sregs.cr0 = cr0;
	if ((vcpu->sregs.efer & EFER_LME) && (cr0 & CR0_PG))
		vcpu->sregs.efer |= EFER_LMA;
	else
		vcpu->sregs.efer &= ~EFER_LMA;
}

/* Can the guest change CR0.WP without an exit?  KVM: cr0_guest_owned_bits */
static bool owns_wp(const struct tdp_vcpu *vcpu)
{
	return vcpu->vm->host.vendor == TDP_INTEL && vcpu->vm->tdp_enabled &&
	       !vcpu->guest_mode &&
	       behaviour(&vcpu->vm->kvm, B_CR0_WP_OWNER) == CR0_WP_OWNER_GUEST;
}

/* Does the MMU hear of it at all, and are its roots kept? */
static void cr0_changed_mmu(struct tdp_vcpu *vcpu, uint64_t changed)
{
	const struct tdp_vm *vm = vcpu->vm;
	bool keeps = vm->kvm.value[B_MMU_WP_TOGGLE] ==
		     MMU_WP_TOGGLE_KEEPS_ROOTS;

	if (changed == CR0_WP && keeps && !is_paging(vcpu))
		return;
	if (changed == CR0_WP && owns_wp(vcpu))
		return;
	if (changed == CR0_WP && keeps && vm->tdp_enabled)
		mmu_init(vcpu);
	else
		mmu_reset_context(vcpu);
}

enum tdp_reason setreg_cr0(struct tdp_vcpu *vcpu, uint64_t cr0)
{
	uint64_t old = vcpu->sregs.cr0, changed;
	enum tdp_reason why = cr0_refused(vcpu, cr0);

	if (why)
		return why;
	cr0 = (cr0 & CR0_DEFINED) | CR0_ET;
	changed = cr0 ^ old;
	if (!(vcpu->sregs.efer & EFER_LME) && (cr0 & CR0_PG) &&
	    (vcpu->sregs.cr4 & CR4_PAE) && (changed & CR0_PDPTR))
		why = setreg_pdptr_reason(
			setreg_reload_pdptrs(vcpu, vcpu->sregs.cr3));
	if (why)
		return why;
	store_cr0(vcpu, cr0);
	if ((changed & CR0_PG) && !(cr0 & CR0_PG))
		request(vcpu, REQ_TLB_FLUSH_GUEST);
	if (changed & CR0_ROLE)
		cr0_changed_mmu(vcpu, changed);
	if (changed & CR0_CD)
		memtype_zap_cd(vcpu->vm);
	return TDP_WHY_NONE;
}

/* CR3 ---------------------------------------------------------------------- */

static uint64_t pcid_of(const struct tdp_vcpu *vcpu, uint64_t cr3)
{
	return vcpu->sregs.cr4 & CR4_PCIDE ? cr3 & CR3_PCID : 0;
}

/* KVM 6.12: kvm_invalidate_pcid() */
void setreg_invalidate_pcid(struct tdp_vcpu *vcpu, uint64_t pcid)
{
	struct mmu *mmu = vcpu->mmu;
	unsigned int i;

	if (vcpu->vm->tdp_enabled) {
		request(vcpu, REQ_TLB_FLUSH_GUEST);
		return;
	}
	if (pcid_of(vcpu, vcpu->sregs.cr3) == pcid) {
		request(vcpu, REQ_MMU_SYNC);
		request(vcpu, REQ_TLB_FLUSH_CURRENT);
	}
	/* Without PCIDs each switch to a cached root flushes anyway. */
	if (!(vcpu->sregs.cr4 & CR4_PCIDE))
		return;
	for (i = 0; i < NR_PREV_ROOTS; i++)
		if (pcid_of(vcpu, mmu->prev[i].pgd) == pcid)
			root_free(vcpu, mmu, &mmu->prev[i]);
}

enum tdp_reason setreg_cr3(struct tdp_vcpu *vcpu, uint64_t cr3)
{
	bool pae = setreg_pae_paging(&vcpu->sregs);
	bool flush = true;
	enum tdp_reason why;

	if (vcpu->sregs.cr4 & CR4_PCIDE) {
		flush = !(cr3 & CR3_NOFLUSH);
		cr3 &= ~CR3_NOFLUSH;
	}
	if (!setreg_cr3_legal(vcpu, cr3))
		return TDP_WHY_BAD_REGISTER;
	if (pae) {
		why = setreg_pdptr_reason(setreg_reload_pdptrs(vcpu, cr3));
		if (why)
			return why;
	}
	if (cr3 != vcpu->sregs.cr3) {
		root_new_pgd(vcpu, cr3);
		vcpu->sregs.cr3 = cr3;
	}
	if (flush)
		setreg_invalidate_pcid(vcpu, pcid_of(vcpu, cr3));
	return TDP_WHY_NONE;
}

/* CR4 ---------------------------------------------------------------------- */

static enum tdp_reason cr4_refused(const struct tdp_vcpu *vcpu, uint64_t cr4)
{
	uint64_t changed = cr4 ^ vcpu->sregs.cr4;

	if (!setreg_cr4_valid(vcpu, cr4) || !setreg_vmxe_valid(vcpu, cr4))
		return TDP_WHY_BAD_REGISTER;
	if (is_long_mode(vcpu) && (!(cr4 & CR4_PAE) || (changed & CR4_LA57)))
		return TDP_WHY_BAD_REGISTER;
	if ((changed & cr4 & CR4_PCIDE) &&
	    (!is_long_mode(vcpu) || (vcpu->sregs.cr3 & CR3_PCID)))
		return TDP_WHY_BAD_REGISTER;
	return TDP_WHY_NONE;
}

/* From 5.17 on; before, a reset stands for every flush. */
static void cr4_flushes(struct tdp_vcpu *vcpu, uint64_t changed)
{
	uint64_t set = changed & vcpu->sregs.cr4;

	if ((changed & CR4_PGE) || (changed & ~set & CR4_PCIDE))
		request(vcpu, REQ_TLB_FLUSH_GUEST);
	else if ((changed & CR4_PAE) || (set & CR4_SMEP))
		request(vcpu, REQ_TLB_FLUSH_CURRENT);
}

/* KVM up to 5.16: kvm_post_set_cr4() */
static void cr4_resets(struct tdp_vcpu *vcpu, uint64_t changed)
{
	bool pcide_off = changed & CR4_PCIDE & ~vcpu->sregs.cr4;

	if ((changed & (CR4_ROLE | CR4_PGE)) || pcide_off)
		mmu_reset_context(vcpu);
}

static void cr4_changed(struct tdp_vcpu *vcpu, uint64_t changed)
{
	const struct tdp_vm *vm = vcpu->vm;
	unsigned int rule = vm->kvm.value[B_MMU_CR4_RESET];
	bool unloads;

	if (rule == MMU_CR4_RESET_PGE_PCIDE_OFF) {
		cr4_resets(vcpu, changed);
		return;
	}
	if (changed & CR4_ROLE)
		mmu_reset_context(vcpu);
	/* Cached shadow roots are not known by PCID yet. */
	unloads = rule == MMU_CR4_RESET_PCIDE_UNLOADS ||
		  (!vm->tdp_enabled && (vcpu->sregs.cr4 & CR4_PCIDE));
	if ((changed & CR4_PCIDE) && unloads)
		root_unload(vcpu);
	cr4_flushes(vcpu, changed);
}

enum tdp_reason setreg_cr4(struct tdp_vcpu *vcpu, uint64_t cr4)
{
	uint64_t changed = cr4 ^ vcpu->sregs.cr4;
	enum tdp_reason why = cr4_refused(vcpu, cr4);

	if (!why && !is_long_mode(vcpu) && is_paging(vcpu) && (cr4 & CR4_PAE) &&
	    (changed & CR4_PDPTR))
		why = setreg_pdptr_reason(
			setreg_reload_pdptrs(vcpu, vcpu->sregs.cr3));
	if (why)
		return why;
	vcpu->sregs.cr4 = cr4;
	cr4_changed(vcpu, changed);
	return TDP_WHY_NONE;
}

/* EFER --------------------------------------------------------------------- */

static uint64_t efer_role(const struct tdp_vm *vm)
{
	return vm->kvm.value[B_MMU_EFER_RESET] == MMU_EFER_RESET_NX ?
		       EFER_NX :
		       EFER_LME | EFER_NX;
}

enum tdp_reason setreg_efer(struct tdp_vcpu *vcpu, uint64_t efer)
{
	uint64_t old = vcpu->sregs.efer;

	if (!setreg_efer_valid(vcpu, efer))
		return TDP_WHY_BAD_REGISTER;
	if (is_paging(vcpu) && ((efer ^ old) & EFER_LME))
		return TDP_WHY_BAD_REGISTER;
	vcpu->sregs.efer = (efer & ~EFER_LMA) | (old & EFER_LMA);
	if ((efer ^ old) & efer_role(vcpu->vm))
		mmu_reset_context(vcpu);
	return TDP_WHY_NONE;
}
