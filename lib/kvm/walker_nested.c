/* SPDX-License-Identifier: MIT */
/* Linear addresses in software: of L1, and of L2 through L1's nested tables. */
#include "kvm/walker.h"

#include "arch/regs.h"

const struct mmu *gw_walk_mmu(const struct tdp_vcpu *vcpu)
{
	return vcpu->nested_tdp ? &vcpu->nested_mmu : &vcpu->root_mmu;
}

/*
 * A walk of L1's nested tables is made as a user.  In 7.2's EPT the flag says
 * that the page is a user's, which only the walk of L2's tables can know.
 */
static uint64_t nested_access(const struct guest_walker *w, uint64_t access)
{
	if (w->mode.gmet)
		return access; /* the flag is that of the access */
	if (!w->mode.ept || !w->mode.read_right)
		return access | PFERR_USER;
	return access & PFERR_GUEST_PAGE ? access & ~PFERR_USER : access;
}

enum gw_status gw_nested_gpa(struct tdp_vcpu *vcpu, uint64_t l2_gpa,
			     uint64_t access, struct guest_walk *walk,
			     uint64_t *gpa)
{
	struct guest_walker w;
	enum gw_status status;

	gw_init(&w, vcpu, &vcpu->guest_mmu);
	status = gw_walk(&w, l2_gpa, nested_access(&w, access), walk);
	if (status == GW_OK)
		*gpa = walk->gfn << 12 | (l2_gpa & FRAME_MASK);
	return status;
}

static enum gw_status unpaged(struct tdp_vcpu *vcpu, uint64_t gva,
			      uint64_t access, struct guest_walk *walk,
			      uint64_t *gpa)
{
	enum gw_status status;

	*walk = (struct guest_walk){ 0 };
	*gpa = gva;
	if (!vcpu->nested_tdp)
		return GW_OK;
	status = gw_nested_gpa(vcpu, gva, access | PFERR_GUEST_FINAL, walk,
			       gpa);
	walk->nested = true;
	return status;
}

enum gw_status gw_gva_to_gpa(struct tdp_vcpu *vcpu, uint64_t gva,
			     uint64_t access, struct guest_walk *walk,
			     uint64_t *gpa)
{
	const struct mmu *mmu = gw_walk_mmu(vcpu);
	struct guest_walker w;
	enum gw_status status;

	/* The role decides: a #VMEXIT that fails leaves L2's behind. */
	if (!mmu->cpu_role.base.level)
		return unpaged(vcpu, gva, access, walk, gpa);
	gw_init(&w, vcpu, mmu);
	status = gw_walk(&w, gva, access, walk);
	if (status == GW_OK)
		*gpa = walk->gfn << 12 | (gva & FRAME_MASK);
	return status;
}
