/* SPDX-License-Identifier: MIT */
#include "support/warm_tlb.h"

#include "kvm/kvm.h"
#include "ops/hw.h"

/*
 * Where SPTEs lead, and whether to write, whoever asks: the right of users comes
 * and goes with CR0.WP=0, while the guest's own tables grant it.  For L2 only
 * the second stage is KVM's: the guest's tables may say something else by now.
 */
static bool walk(const struct warm_entry *e, bool user,
		 struct tdp_walk_result *r)
{
	struct tdp_walker *walker = e->vcpu->vm->walker;
	const struct tdp_walk_access plain = { .gva = TDP_GVA(e->gva),
					       .user = user };
	const struct tdp_stage2_access stage2 = { .gpa = TDP_GPA(e->gpa),
						  .user = user };
	int ret = e->vcpu->vm->tdp_enabled ?
			  tdp_walk_stage2(walker, &stage2, TDP_WALK_DRY, NULL,
					  r) :
			  tdp_walk(walker, &plain, TDP_WALK_DRY, NULL, r);

	assert_int_equal(ret, TDP_OK);
	return r->outcome == TDP_WALK_OK;
}

static bool look_up(struct warm_entry *e)
{
	struct tdp_walk_result r;

	if (hw_load(e->vcpu, NULL) ||
	    (!walk(e, true, &r) && !walk(e, false, &r)))
		return false;
	e->hpa = r.hpa.addr & ~FRAME_MASK;
	e->write = e->vcpu->vm->tdp_enabled ? r.nested_rights & 2 : r.writable;
	return true;
}

/* Loading a root flushes without being counted: KVM 6.12 kvm_mmu_load(). */
static uint64_t root_of(const struct tdp_vcpu *vcpu)
{
	const struct mmu *mmu = vcpu->mmu;
	uint64_t id = mmu->root.hpa ^ (uint64_t)mmu->root_word << 32;

	for (unsigned int i = 0; i < 4 && mmu_uses_pae_root(mmu); i++)
		id = id * 31 +
		     physmem_read64(&vcpu->vm->pm, mmu->pae_root + 8 * i);
	return id;
}

void warm_note(struct warm_tlb *tlb, struct tdp_vcpu *vcpu, uint64_t gva)
{
	struct warm_entry e = {
		.vcpu = vcpu,
		.root = root_of(vcpu),
		.gva = gva,
	};
	const struct tdp_walk_access access = { .gva = TDP_GVA(gva) };
	struct tdp_walk_result r;

	if (vcpu->requests || hw_load(vcpu, NULL))
		return;
	assert_int_equal(
		tdp_walk(vcpu->vm->walker, &access, TDP_WALK_DRY, NULL, &r),
		TDP_OK);
	if (r.outcome != TDP_WALK_OK)
		return;
	e.gpa = r.gpa.addr;
	if (!look_up(&e))
		return;
	if (tlb->flushes != vcpu->vm->stats.tlb_flushes)
		tlb->nr = 0;
	tlb->flushes = vcpu->vm->stats.tlb_flushes;
	tlb->entry[tlb->nr++ % WARM_ENTRIES] = e;
}

static bool is_allowed(const struct warm_entry *e)
{
	struct warm_entry now = *e;

	/* Flushes that are due come first, and another root is another TLB's. */
	if (e->vcpu->requests || root_of(e->vcpu) != e->root)
		return true;
	return look_up(&now) && now.hpa == e->hpa && now.write >= e->write;
}

const struct warm_entry *warm_check(struct warm_tlb *tlb,
				    const struct tdp_vm *vm)
{
	unsigned int i, nr = tlb->nr;

	if (tlb->flushes != vm->stats.tlb_flushes)
		nr = tlb->nr = 0;
	for (i = 0; i < nr && i < WARM_ENTRIES; i++, tlb->nr_checked++)
		if (!is_allowed(&tlb->entry[i]))
			return &tlb->entry[i];
	return NULL;
}
