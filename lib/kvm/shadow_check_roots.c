/* SPDX-License-Identifier: MIT */
/* What always holds of the roots that an MMU has loaded. */
#include <inttypes.h>

#include "arch/pte_bits.h"
#include "base/error.h"
#include "kvm/shadow.h"
#include "kvm/shadow_page.h"

struct check {
	const struct tdp_vcpu *vcpu;
	const struct mmu *mmu;
	struct tdp_error *err;
};

static int broken(const struct check *c, uint64_t hpa, const char *rule)
{
	return err_set(c->err, TDP_EINVAL,
		       "vCPU %u, %s, root 0x%" PRIx64 " (wants role 0x%" PRIx32
		       "): %s",
		       c->vcpu->id,
		       c->mmu == &c->vcpu->guest_mmu ? "guest_mmu" : "root_mmu",
		       hpa, c->mmu->root_word, rule);
}

static uint64_t entry(const struct check *c, uint64_t table, unsigned int i)
{
	return physmem_read64(&c->vcpu->vm->pm, table + 8 * i);
}

/* pml4_root and pml5_root have one entry, which leads one table down. */
static int check_link(const struct check *c, uint64_t upper, uint64_t lower)
{
	const uint64_t bits = PTE_P | PTE_RW | PTE_US | PTE_A;
	unsigned int i;

	if (entry(c, upper, 0) != (lower | bits))
		return broken(c, upper, "a special root leads elsewhere");
	for (i = 1; i < SPTES_PER_PAGE; i++)
		if (entry(c, upper, i))
			return broken(c, upper,
				      "a special root has a second entry");
	return TDP_OK;
}

/* Pages of level 2, in the role of the root; quadrants of a 32-bit guest. */
static int check_pdpte(const struct check *c, unsigned int i)
{
	const struct tdp_vm *vm = c->vcpu->vm;
	uint64_t pdpte = entry(c, c->mmu->pae_root, i);
	const struct mmu_page *page;
	struct tdp_role role;

	if (i >= 4)
		return pdpte ? broken(c, c->mmu->pae_root,
				      "pae_root has a fifth entry") :
			       TDP_OK;
	if (!(pdpte & PTE_P))
		return pdpte ? broken(c, c->mmu->pae_root,
				      "an absent PDPTE is not zero") :
			       TDP_OK;
	page = root_page(vm, pdpte & PTE_ADDR);
	if (!page || page->kind != PAGE_SHADOW)
		return broken(c, c->mmu->pae_root,
			      "a PDPTE leads to no shadow page");
	role = role_root_page(&vm->kvm, &c->mmu->root_role, 2,
			      c->mmu->cpu_role.base.level == 2 ? i : 0);
	if (!page->role.invalid &&
	    page->role_word != role_pack(&vm->kvm, &role))
		return broken(c, c->mmu->pae_root,
			      "a PDPTE leads to a page of another role");
	return TDP_OK;
}

static int check_pae_root(const struct check *c)
{
	unsigned int i;
	int ret = TDP_OK;

	for (i = 0; i < SPTES_PER_PAGE && !ret; i++)
		ret = check_pdpte(c, i);
	return ret;
}

/* Which of the three is the root depends on the level that L0 has. */
static int check_special(const struct check *c)
{
	const struct mmu *mmu = c->mmu;
	int ret = TDP_OK;

	if (mmu->root.hpa == mmu->pml5_root) {
		if (mmu->root_role.level != 5)
			return broken(c, mmu->root.hpa,
				      "pml5_root is not for this level");
		ret = check_link(c, mmu->pml5_root, mmu->pml4_root);
	} else if (mmu->root.hpa == mmu->pml4_root &&
		   mmu->root_role.level != 4) {
		return broken(c, mmu->root.hpa,
			      "pml4_root is not for this level");
	}
	if (!ret && mmu->root.hpa != mmu->pae_root)
		ret = check_link(c, mmu->pml4_root, mmu->pae_root);
	return ret ? ret : check_pae_root(c);
}

/* The bit is for a root above L1's own: KVM 6.12 kvm_init_shadow_npt_mmu() */
static int check_passthrough(const struct check *c, uint64_t hpa,
			     const struct mmu_page *page)
{
	const struct mmu *mmu = c->mmu;
	bool above = mmu == &c->vcpu->guest_mmu &&
		     mmu->cpu_role.base.level == 4 && mmu->root_role.level == 5;

	if (page->role.passthrough && !above)
		return broken(c, hpa, "passthrough without a level to pass");
	return TDP_OK;
}

static int check_loaded(const struct check *c)
{
	const struct mmu *mmu = c->mmu;
	const struct tdp_vm *vm = c->vcpu->vm;
	const struct mmu_page *page = root_page(vm, mmu->root.hpa);

	if (mmu->root.hpa == INVALID_PAGE ||
	    (vm->shadow && mmu->root.hpa == vm->shadow->dummy_root))
		return TDP_OK;
	if (!page)
		return check_special(c);
	if (!page->role.invalid && page->role_word != mmu->root_word)
		return broken(c, mmu->root.hpa,
			      "the page has another role than the MMU wants");
	return check_passthrough(c, mmu->root.hpa, page);
}

/* A root that is kept for later is a page: special roots are rebuilt. */
static int check_kept(const struct check *c)
{
	unsigned int i;

	for (i = 0; i < NR_PREV_ROOTS; i++)
		if (c->mmu->prev[i].hpa != INVALID_PAGE &&
		    !root_page(c->vcpu->vm, c->mmu->prev[i].hpa))
			return broken(c, c->mmu->prev[i].hpa,
				      "a special root was kept for later");
	return TDP_OK;
}

/* Where L2 runs: guest_mmu is loaded if and only if L1 has nested TDP. */
static int check_modes(const struct tdp_vcpu *vcpu, struct tdp_error *err)
{
	const struct check c = { vcpu, vcpu->mmu, err };

	if ((vcpu->mmu == &vcpu->guest_mmu) != vcpu->nested_tdp)
		return broken(&c, vcpu->mmu->root.hpa,
			      "the wrong MMU is loaded");
	if (vcpu->nested_tdp && !vcpu->guest_mode)
		return broken(&c, vcpu->mmu->root.hpa,
			      "guest_mmu is loaded outside L2");
	if (vcpu->nested_mmu.root.hpa != INVALID_PAGE)
		return broken(&c, vcpu->nested_mmu.root.hpa,
			      "nested_mmu has a root");
	return TDP_OK;
}

int shadow_check_roots(const struct tdp_vm *vm, struct tdp_error *err)
{
	unsigned int i, k;
	int ret = TDP_OK;

	for (i = 0; i < vm->nr_vcpus && !ret; i++) {
		const struct tdp_vcpu *vcpu = vm->vcpus[i];
		const struct mmu *mmus[] = { &vcpu->root_mmu,
					     &vcpu->guest_mmu };

		ret = check_modes(vcpu, err);
		if (!ret)
			ret = shadow_check_nested(vcpu, err);
		for (k = 0; k < ARRAY_SIZE(mmus) && !ret; k++) {
			const struct check c = { vcpu, mmus[k], err };

			ret = check_loaded(&c);
			if (!ret)
				ret = check_kept(&c);
		}
	}
	return ret;
}
