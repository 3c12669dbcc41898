/* SPDX-License-Identifier: MIT */
#include "kvm/mmio.h"

#include "kvm/lookup.h"

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

/*
 * KVM 6.12: mmio_info_in_cache().  The cache holds one page; linear address 0
 * means none there, and frame 0 means none for direct MMUs.
 */
static bool cached(const struct fault *f)
{
	const struct tdp_vcpu *vcpu = f->vcpu;

	if (!vcpu->mmio_cached || vcpu->nested_tdp ||
	    vcpu->mmio_gen != f->vm->slots[0].generation)
		return false;
	if (vcpu->mmu->root_role.direct)
		return vcpu->mmio_gfn && vcpu->mmio_gfn == f->addr >> 12;
	return vcpu->mmio_gva &&
	       vcpu->mmio_gva == align_down(f->addr, FRAME_SIZE);
}

void mmio_cache(const struct fault *f, uint64_t gfn)
{
	struct tdp_vcpu *vcpu = f->vcpu;
	bool linear = !vcpu->nested_tdp && vcpu->mmu->handler != HANDLER_TDP;

	if (f->vm->slots[0].generation & MAX_GEN_FLAG)
		return;
	vcpu->mmio_cached = true;
	vcpu->mmio_gva = linear ? align_down(f->addr, FRAME_SIZE) : 0;
	vcpu->mmio_gfn = gfn;
	vcpu->mmio_gen = f->vm->slots[0].generation;
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
	mmio_cache(f, gfn);
	f->gfn = gfn;
	return fault_because(f, RET_PF_EMULATE, TDP_WHY_MMIO_SPTE);
}
