/* SPDX-License-Identifier: MIT */
#include "kvm/mmio.h"

#include "kvm/lookup.h"
#include "kvm/walker.h"

/* KVM 6.12: check_mmio_spte() */
static bool current_generation(const struct fault *f, uint64_t spte)
{
	const struct spte_format *fmt = &f->vm->fmt;
	uint64_t gen = vcpu_memslots(f->vcpu)->generation;
	uint64_t now = gen & (BIT(fmt->gen_bits) - 1);
	uint64_t then = spte_mmio_gen(fmt, spte);

	if (gen & MAX_GEN_FLAG)
		return false;
	trace(f->vm, check_mmio_spte, now, then, spte);
	return now == then;
}

static bool cache_current(const struct tdp_vcpu *vcpu)
{
	return vcpu->mmio_cached && !vcpu->nested_tdp &&
	       vcpu->mmio_gen == vcpu_memslots(vcpu)->generation;
}

/* KVM 6.12: vcpu_match_mmio_gva(); linear address 0 means none. */
static bool gva_cached(const struct tdp_vcpu *vcpu, uint64_t gva)
{
	return cache_current(vcpu) && vcpu->mmio_gva &&
	       vcpu->mmio_gva == align_down(gva, FRAME_SIZE);
}

/*
 * KVM 6.12: mmio_info_in_cache().  The cache holds one page; frame 0 means
 * none for direct MMUs.
 */
static bool cached(const struct fault *f)
{
	const struct tdp_vcpu *vcpu = f->vcpu;

	if (!vcpu->mmu->root_role.direct)
		return gva_cached(vcpu, f->addr);
	return cache_current(vcpu) && vcpu->mmio_gfn &&
	       vcpu->mmio_gfn == f->addr >> 12;
}

bool mmio_cache_serves(struct tdp_vcpu *vcpu, uint64_t gva, uint64_t pfec)
{
	const struct mmu *mmu = gw_walk_mmu(vcpu);
	struct guest_walker w;

	if (!gva_cached(vcpu, gva))
		return false;
	if (!mmu->cpu_role.base.level)
		return true;
	gw_init(&w, vcpu, mmu);
	return !gw_permission(&w.mode, vcpu, vcpu->mmio_access, 0, pfec);
}

void mmio_cache(const struct fault *f, uint64_t gfn, unsigned int access)
{
	struct tdp_vcpu *vcpu = f->vcpu;
	bool linear = !vcpu->nested_tdp && vcpu->mmu->handler != HANDLER_TDP;

	if (vcpu_memslots(vcpu)->generation & MAX_GEN_FLAG)
		return;
	vcpu->mmio_cached = true;
	vcpu->mmio_gva = linear ? align_down(f->addr, FRAME_SIZE) : 0;
	vcpu->mmio_gfn = gfn;
	vcpu->mmio_gen = vcpu_memslots(vcpu)->generation;
	vcpu->mmio_access = access & (unsigned int)f->vm->fmt.mmio_access;
}

enum ret_pf mmio_handle_fault(struct fault *f)
{
	struct tdp_vcpu *vcpu = f->vcpu;
	struct lookup path;
	uint64_t gfn;

	if (cached(f)) {
		f->gfn = vcpu->mmio_gfn;
		return fault_because(f, RET_PF_EMULATE, TDP_WHY_MMIO_SPTE);
	}
	lookup_sptes(f->vm, vcpu->mmu, f->addr, &path);
	f->spte = path.nr ? path.step[path.nr - 1].spte : 0;
	if (!path.nr || !spte_is_mmio(&f->vm->fmt, f->spte))
		return fault_because(f, RET_PF_RETRY, TDP_WHY_NONE);
	gfn = spte_mmio_gfn(&f->vm->fmt, f->spte);
	if (!current_generation(f, f->spte)) {
		trace(f->vm, decided, vcpu->id, gfn, TDP_WHY_MMIO_SPTE_STALE);
		return fault_because(f, RET_PF_INVALID,
				     TDP_WHY_MMIO_SPTE_STALE);
	}
	trace(f->vm, handle_mmio_page_fault,
	      vcpu->mmu->root_role.direct ? 0 : f->addr, gfn,
	      spte_mmio_rights(&f->vm->fmt, f->spte));
	mmio_cache(f, gfn, spte_mmio_rights(&f->vm->fmt, f->spte));
	f->gfn = gfn;
	return fault_because(f, RET_PF_EMULATE, TDP_WHY_MMIO_SPTE);
}
