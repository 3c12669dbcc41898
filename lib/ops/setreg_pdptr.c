/* SPDX-License-Identifier: MIT */
/* The page-directory-pointer registers of legacy PAE paging. */
#include "arch/pte_bits.h"
#include "arch/regs.h"
#include "kvm/guest_mem.h"
#include "kvm/root.h"
#include "kvm/walker.h"
#include "ops/setreg.h"

/* SDM: "PAE Paging": bits 2:1, 8:5 and those above MAXPHYADDR. */
static uint64_t pdptr_reserved(const struct tdp_vcpu *vcpu)
{
	return PDPTE_RSVD | BITS(63, vcpu->cpuid.maxphyaddr);
}

static enum pdptr_status read_one(const struct tdp_vcpu *vcpu,
				  unsigned int as_id, uint64_t gpa,
				  uint64_t *pdptr)
{
	switch (guest_mem_read(vcpu->vm, as_id, gpa, 8, pdptr)) {
	case GUEST_MEM_OK:
		break;
	case GUEST_MEM_BLOCKS:
		return PDPTR_BLOCKS;
	default:
		return PDPTR_BAD;
	}
	if ((*pdptr & PTE_P) && (*pdptr & pdptr_reserved(vcpu)))
		return PDPTR_BAD;
	return PDPTR_OK;
}

enum pdptr_status setreg_read_pdptrs(const struct tdp_vcpu *vcpu,
				     unsigned int as_id, uint64_t cr3,
				     uint64_t pdptr[4])
{
	uint64_t gpa = align_down(cr3, 32);
	unsigned int i;

	for (i = 0; i < 4; i++) {
		enum pdptr_status status = read_one(vcpu, as_id, gpa + 8 * i,
						    &pdptr[i]);

		if (status != PDPTR_OK)
			return status;
	}
	return PDPTR_OK;
}

/*
 * Under nested TDP the table lies in L2's space, where KVM writes it, as it
 * were: KVM 6.12 load_pdptrs() translates for a user's write.
 */
static enum pdptr_status to_l1(struct tdp_vcpu *vcpu, uint64_t *cr3)
{
	uint64_t offset = *cr3 & FRAME_MASK, gpa;
	struct guest_walk walk;

	if (!vcpu->nested_tdp)
		return PDPTR_OK;
	switch (gw_nested_gpa(vcpu, align_down(*cr3, FRAME_SIZE),
			      PFERR_USER | PFERR_WRITE, &walk, &gpa)) {
	case GW_OK:
		*cr3 = gpa | offset;
		return PDPTR_OK;
	case GW_BLOCKS:
		return PDPTR_BLOCKS;
	default:
		return PDPTR_BAD;
	}
}

enum pdptr_status setreg_fetch_pdptrs(struct tdp_vcpu *vcpu, uint64_t cr3,
				      uint64_t pdptr[4])
{
	enum pdptr_status status = to_l1(vcpu, &cr3);

	return status ? status :
			setreg_read_pdptrs(vcpu, vcpu->smm, cr3, pdptr);
}

enum pdptr_status setreg_reload_pdptrs(struct tdp_vcpu *vcpu, uint64_t cr3)
{
	enum pdptr_status status;
	uint64_t pdptr[4];
	bool same;

	status = setreg_fetch_pdptrs(vcpu, cr3, pdptr);
	if (status != PDPTR_OK)
		return status;
	same = !memcmp(vcpu->sregs.pdptr, pdptr, sizeof(pdptr));
	/* Shadow roots are made of the PDPTEs. */
	if (!vcpu->vm->tdp_enabled && !same)
		root_free(vcpu, vcpu->mmu, &vcpu->mmu->root);
	memcpy(vcpu->sregs.pdptr, pdptr, sizeof(pdptr));
	request(vcpu, REQ_LOAD_MMU_PGD);
	vcpu->pdptrs_from_userspace = false;
	return PDPTR_OK;
}

enum tdp_reason setreg_pdptr_reason(enum pdptr_status status)
{
	static const enum tdp_reason reasons[] = {
		[PDPTR_OK] = TDP_WHY_NONE,
		[PDPTR_BAD] = TDP_WHY_PDPTRS,
		[PDPTR_BLOCKS] = TDP_WHY_HOST_BLOCKS,
	};

	return reasons[status];
}
