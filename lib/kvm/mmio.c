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

/* KVM 6.12: mmio_info_in_cache(); the cache holds one page. */
static bool cached(const struct fault *f)
{
	const struct tdp_vcpu *vcpu = f->vcpu;

	return vcpu->mmio_cached && !vcpu->nested_tdp &&
	       vcpu->mmio_gen == f->vm->slots[0].generation &&
	       vcpu->mmio_gfn == f->addr >> 12;
}

enum ret_pf mmio_handle_fault(struct fault *f)
{
	struct tdp_vcpu *vcpu = f->vcpu;
	struct lookup path;
	uint64_t gfn;

	if (cached(f))
		return fault_because(f, RET_PF_EMULATE, TDP_WHY_MMIO_SPTE);
	lookup_sptes(f->vm, vcpu->mmu, f->addr, &path);
	f->spte = path.nr ? path.step[path.nr - 1].spte : 0;
	if (!path.nr || !spte_is_mmio(&f->vm->fmt, f->spte))
		return fault_because(f, RET_PF_RETRY, TDP_WHY_NONE);
	gfn = spte_mmio_gfn(&f->vm->fmt, f->spte);
	if (!current_generation(f, f->spte))
		return fault_because(f, RET_PF_INVALID,
				     TDP_WHY_MMIO_SPTE_STALE);
	trace(f->vm, handle_mmio_page_fault,
	      vcpu->mmu->root_role.direct ? 0 : f->addr, gfn,
	      spte_mmio_rights(&f->vm->fmt, f->spte));
	vcpu->mmio_cached = true;
	vcpu->mmio_gfn = gfn;
	vcpu->mmio_gen = f->vm->slots[0].generation;
	return fault_because(f, RET_PF_EMULATE, TDP_WHY_MMIO_SPTE);
}
