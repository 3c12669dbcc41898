/* SPDX-License-Identifier: MIT */
/*
 * What always holds of guest_mmu, whose roots mirror EPT12 or NPT12, also of
 * those that are kept for later.  Special roots are shadow_check_roots.c's.
 */
#include <inttypes.h>

#include "arch/ept_bits.h"
#include "arch/pte_bits.h"
#include "base/error.h"
#include "kvm/mmu.h"
#include "kvm/shadow.h"

struct check {
	const struct tdp_vcpu *vcpu;
	const struct mmu *mmu;
	struct tdp_error *err;
};

static int broken(const struct check *c, const struct root_ref *ref,
		  const char *rule)
{
	return err_set(c->err, TDP_EINVAL,
		       "vCPU %u, guest_mmu, root 0x%" PRIx64
		       " for the table 0x%" PRIx64 ": %s",
		       c->vcpu->id, ref->hpa, ref->pgd, rule);
}

/* A page that can still be used; NULL for none, special and zapped ones. */
static const struct mmu_page *live(const struct check *c,
				   const struct root_ref *ref)
{
	const struct mmu_page *page = root_page(c->vcpu->vm, ref->hpa);

	return page && !page->role.invalid ? page : NULL;
}

/*
 * Everything that EPTP12 says is in the role: KVM 6.12
 * kvm_calc_shadow_ept_root_page_role().
 */
static const char *check_ept(const struct tdp_role *role, uint64_t eptp)
{
	unsigned int levels = (unsigned int)field_get(EPTP_LENGTH, eptp) + 1;

	if (role->level != levels)
		return "its level is not the walk length of EPTP12";
	if (role->ad_disabled != !(eptp & EPTP_AD))
		return "its A/D flags are not those of EPTP12";
	if (!role->guest_mode)
		return "it is not marked as L2's";
	if (role->passthrough)
		return "a root for EPT12 passes a level";
	return NULL;
}

/*
 * The level is L0's own, whatever L1's is; who says guest_mode is behaviour
 * role.shadow_npt.
 */
static const char *check_npt(const struct tdp_vcpu *vcpu,
			     const struct tdp_role *role)
{
	bool marked = vcpu->vm->kvm.value[B_ROLE_SHADOW_NPT] >=
		      ROLE_SHADOW_NPT_GUEST_MODE;

	if (role->level != mmu_tdp_level(vcpu))
		return "its level is not that of nested paging";
	if (role->guest_mode != marked)
		return "guest_mode is not as this kernel has it";
	if (role->passthrough && role->level != 5)
		return "only a root of level 5 passes one";
	return NULL;
}

static int check_ref(const struct check *c, const struct root_ref *ref)
{
	const struct mmu_page *page = live(c, ref);
	const char *rule = NULL;

	if (!page)
		return TDP_OK;
	if (page->kind != PAGE_SHADOW || page->role.direct)
		rule = "it mirrors no table";
	else if (page->gfn != (ref->pgd & PTE_ADDR) >> 12)
		rule = "it mirrors another table";
	else if (c->mmu->handler == HANDLER_EPT)
		rule = check_ept(&page->role, ref->pgd);
	else
		rule = check_npt(c->vcpu, &page->role);
	return rule ? broken(c, ref, rule) : TDP_OK;
}

/* KVM 6.12: is_root_usable() would have found the other one. */
static int check_twins(const struct check *c, const struct root_ref *a,
		       const struct root_ref *b)
{
	const struct mmu_page *page = live(c, a), *other = live(c, b);

	if (page && other && a->pgd == b->pgd &&
	    page->role_word == other->role_word)
		return broken(c, a, "it is kept twice");
	return TDP_OK;
}

static int check_refs(const struct check *c)
{
	const struct root_ref *refs[1 + NR_PREV_ROOTS] = { &c->mmu->root };
	unsigned int i, k;
	int ret = TDP_OK;

	for (i = 0; i < NR_PREV_ROOTS; i++)
		refs[i + 1] = &c->mmu->prev[i];
	for (i = 0; i < ARRAY_SIZE(refs) && !ret; i++) {
		ret = check_ref(c, refs[i]);
		for (k = 0; k < i && !ret; k++)
			ret = check_twins(c, refs[i], refs[k]);
	}
	return ret;
}

/* While L2 runs on it, guest_mmu is the one that vmcs12 or vmcb12 asks for. */
static int check_active(const struct check *c)
{
	const struct mmu *mmu = c->mmu;
	bool vmx = c->vcpu->vm->host.vendor == TDP_INTEL;

	if ((mmu->handler == HANDLER_EPT) != vmx)
		return broken(c, &mmu->root, "the other vendor's handler");
	if (mmu->guest_pgd != c->vcpu->nested.tdp_root)
		return broken(c, &mmu->root, "L1 named another table");
	if (live(c, &mmu->root) && mmu->root.pgd != mmu->guest_pgd)
		return broken(c, &mmu->root, "another table is loaded");
	return TDP_OK;
}

/* nested_mmu only walks: KVM 6.12 init_kvm_nested_mmu(). */
static int check_nested_mmu(const struct check *c)
{
	unsigned int i;

	for (i = 0; i < NR_PREV_ROOTS; i++)
		if (c->vcpu->nested_mmu.prev[i].hpa != INVALID_PAGE)
			return broken(c, &c->vcpu->nested_mmu.prev[i],
				      "nested_mmu keeps a root");
	return TDP_OK;
}

int shadow_check_nested(const struct tdp_vcpu *vcpu, struct tdp_error *err)
{
	const struct check c = { vcpu, &vcpu->guest_mmu, err };
	int ret = check_nested_mmu(&c);

	if (!ret && vcpu->nested_tdp)
		ret = check_active(&c);
	return ret ? ret : check_refs(&c);
}
