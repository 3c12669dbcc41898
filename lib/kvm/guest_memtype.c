/* SPDX-License-Identifier: MIT */
#include "kvm/guest_memtype.h"

#include "arch/regs.h"

#define EPT_MT(type)    ((uint64_t)(type) << 3)
#define EPT_IPAT        BIT(6)

#define MTRR_E          BIT(11) /* of IA32_MTRR_DEF_TYPE */
#define MTRR_FE         BIT(10)
#define MTRR_V          BIT(11) /* of IA32_MTRR_PHYSMASKn */
#define MTRR_ADDRESS    (~UINT64_C(0xfff))
#define FIXED_END       UINT64_C(0x100000)
#define KVM_NR_VAR_MTRR 8

/* The fixed registers, in address order: IA32_MTRR_FIX64K_00000 and so on. */
static const struct fixed_segment {
	uint64_t start, end;
	unsigned int shift; /* log2 of the range that one byte covers */
	unsigned int first; /* register, as struct tdp_mtrr counts them */
} fixed_segments[] = {
	{ 0x00000, 0x80000, 16, 0 },
	{ 0x80000, 0xc0000, 14, 1 },
	{ 0xc0000, 0x100000, 12, 3 },
};

static const struct fixed_segment *segment_of(uint64_t addr)
{
	const struct fixed_segment *s = fixed_segments;

	while (addr >= s->end)
		s++;
	return s;
}

static enum tdp_memtype fixed_type(const struct tdp_mtrr *mtrr, uint64_t addr)
{
	const struct fixed_segment *s = segment_of(addr);
	unsigned int unit = (unsigned int)((addr - s->start) >> s->shift);

	return (mtrr->fixed[s->first + unit / 8] >> (8 * (unit % 8))) & 0xff;
}

static uint64_t fixed_unit_end(uint64_t addr)
{
	const struct fixed_segment *s = segment_of(addr);

	return align_down(addr, UINT64_C(1) << s->shift) +
	       (UINT64_C(1) << s->shift);
}

/*
 * The span of a variable pair as KVM computes it: from the base to the last
 * byte that the mask's lowest bit allows, holes filled.  KVM up to 6.10:
 * var_mtrr_range().
 */
static void variable_span(const struct tdp_vcpu *vcpu, unsigned int n,
			  uint64_t *start, uint64_t *end)
{
	uint64_t above = ~(BIT(vcpu->cpuid.maxphyaddr) - 1);
	uint64_t mask = (vcpu->mtrr.mask[n] & MTRR_ADDRESS) | above;

	*start = vcpu->mtrr.base[n] & MTRR_ADDRESS;
	*end = (*start | ~mask) + 1;
}

static bool variable_valid(const struct tdp_mtrr *mtrr, unsigned int n)
{
	return mtrr->mask[n] & MTRR_V;
}

/*
 * Valid pairs in descending order of the raw base register, type bits
 * included; of equal ones the higher number first, for want of a record of
 * which was written last.  Return: how many.
 */
static unsigned int sorted_pairs(const struct tdp_mtrr *mtrr,
				 unsigned int order[KVM_NR_VAR_MTRR])
{
	unsigned int nr = 0, n, i;

	for (n = 0; n < KVM_NR_VAR_MTRR; n++) {
		if (!variable_valid(mtrr, n))
			continue;
		for (i = nr; i && mtrr->base[order[i - 1]] <= mtrr->base[n];
		     i--)
			order[i] = order[i - 1];
		order[i] = n;
		nr++;
	}
	return nr;
}

/* What a further match does to the type found so far; false: look no further. */
static bool merge(enum tdp_memtype *type, enum tdp_memtype next)
{
	if (*type == next)
		return true;
	if (next == TDP_MT_UC) {
		*type = TDP_MT_UC;
		return false;
	}
	if ((*type == TDP_MT_WB || *type == TDP_MT_WT) &&
	    (next == TDP_MT_WB || next == TDP_MT_WT)) {
		*type = TDP_MT_WT;
		return true;
	}
	*type = TDP_MT_WB;
	return false;
}

static enum tdp_memtype variable_type(const struct tdp_vcpu *vcpu,
				      uint64_t addr)
{
	const struct tdp_mtrr *mtrr = &vcpu->mtrr;
	unsigned int order[KVM_NR_VAR_MTRR], nr, i;
	enum tdp_memtype type = TDP_MT_UNDEFINED;

	nr = sorted_pairs(mtrr, order);
	for (i = 0; i < nr; i++) {
		enum tdp_memtype next = mtrr->base[order[i]] & 0xff;
		uint64_t start, end;

		variable_span(vcpu, order[i], &start, &end);
		if (addr + 0x1000 <= start || addr >= end)
			continue;
		if (type == TDP_MT_UNDEFINED)
			type = next;
		else if (!merge(&type, next))
			break;
	}
	return type;
}

enum tdp_memtype memtype_guest_mtrr(const struct tdp_vcpu *vcpu, uint64_t gfn)
{
	const struct tdp_mtrr *mtrr = &vcpu->mtrr;
	uint64_t addr = gfn << 12;
	enum tdp_memtype type;

	/* Without the CPUID bit the guest knows of no MTRRs: then WB. */
	if (!(mtrr->def_type & MTRR_E))
		return vcpu->cpuid.mtrr ? TDP_MT_UC : TDP_MT_WB;
	if ((mtrr->def_type & MTRR_FE) && addr < FIXED_END)
		return fixed_type(mtrr, addr);
	type = variable_type(vcpu, addr);
	return type != TDP_MT_UNDEFINED ? type : mtrr->def_type & 0xff;
}

/* State of a scan over all MTRRs that touch a range. */
struct scan {
	enum tdp_memtype type;
	uint64_t covered; /* everything below has been visited */
	bool any, partial, mixed;
};

static void scan_add(struct scan *s, enum tdp_memtype type, uint64_t start,
		     uint64_t end)
{
	if (s->any && type != s->type)
		s->mixed = true;
	s->type = type;
	s->any = true;
	/* Pairs come in descending order, so gaps are seen where none are. */
	if (start > s->covered)
		s->partial = true;
	s->covered = max_u64(s->covered, end);
}

static void scan_fixed(struct scan *s, const struct tdp_mtrr *mtrr,
		       uint64_t start, uint64_t end)
{
	while (start < end && start < FIXED_END && !s->mixed) {
		uint64_t next = fixed_unit_end(start);

		scan_add(s, fixed_type(mtrr, start), start, next);
		start = next;
	}
}

static void scan_variable(struct scan *s, const struct tdp_vcpu *vcpu,
			  uint64_t start, uint64_t end)
{
	unsigned int order[KVM_NR_VAR_MTRR], nr, i;

	nr = sorted_pairs(&vcpu->mtrr, order);
	for (i = 0; i < nr && !s->mixed; i++) {
		uint64_t first, last;

		variable_span(vcpu, order[i], &first, &last);
		if (first < end && last > start)
			scan_add(s, vcpu->mtrr.base[order[i]] & 0xff, first,
				 last);
	}
}

/* Has [@start, @end) one type?  KVM up to 6.10, with its blind spots. */
static bool consistent(const struct tdp_vcpu *vcpu, uint64_t start,
		       uint64_t end)
{
	const struct tdp_mtrr *mtrr = &vcpu->mtrr;
	struct scan s = { .covered = start };

	if (!(mtrr->def_type & MTRR_E))
		return true;
	if ((mtrr->def_type & MTRR_FE) && start < FIXED_END)
		scan_fixed(&s, mtrr, start, end);
	if (!(mtrr->def_type & MTRR_FE) || start >= FIXED_END ||
	    end > FIXED_END) {
		/* After the fixed ranges, pairs are measured from @start. */
		if (start < FIXED_END && (mtrr->def_type & MTRR_FE))
			s.covered = start;
		scan_variable(&s, vcpu, start, end);
	}
	if (s.mixed)
		return false;
	if (s.covered < end)
		s.partial = true;
	return !s.any || !s.partial || s.type == (mtrr->def_type & 0xff);
}

static bool limits_level(const struct tdp_vcpu *vcpu)
{
	const struct tdp_vm *vm = vcpu->vm;

	switch (vm->kvm.value[B_MEMTYPE_LEVEL_LIMIT]) {
	case MEMTYPE_LEVEL_LIMIT_ALL_TDP:
		return vm->tdp_enabled;
	case MEMTYPE_LEVEL_LIMIT_EPT_NONCOHERENT:
		return vm->fmt.memtype && vm->noncoherent_dma;
	}
	return false;
}

unsigned int memtype_max_level(const struct tdp_vcpu *vcpu, uint64_t gfn,
			       unsigned int max_level)
{
	if (!limits_level(vcpu))
		return max_level;
	for (; max_level > TDP_LEVEL_4K; max_level--) {
		uint64_t size = level_size(max_level);
		uint64_t start = align_down(gfn << 12, size);

		if (consistent(vcpu, start, start + size))
			break;
	}
	return max_level;
}

bool memtype_msr_range(const struct tdp_vcpu *vcpu, uint32_t index,
		       uint64_t *start, uint64_t *end)
{
	const struct tdp_mtrr *mtrr = &vcpu->mtrr;
	unsigned int fixed;

	if (index == 0x2ff) {
		*start = 0;
		*end = UINT64_MAX >> 12;
		return true;
	}
	if (!(mtrr->def_type & MTRR_E))
		return false;
	if (index >= 0x200 && index < 0x200 + 2 * KVM_NR_VAR_MTRR) {
		unsigned int n = (index - 0x200) / 2;

		/* KVM's mask is 0 until it is written, and the span wraps. */
		if (!(vcpu->mtrr_mask_written & 1u << n))
			return false;
		variable_span(vcpu, n, start, end);
		*start >>= 12;
		*end >>= 12;
		return *start < *end;
	}
	if (!(mtrr->def_type & MTRR_FE))
		return false;
	fixed = index == 0x250 ? 0 :
		index < 0x260  ? index - 0x258 + 1 :
				 index - 0x268 + 3;
	*start = fixed == 0 ? 0 :
		 fixed < 3  ? 0x80 + 0x20 * (fixed - 1) :
			      0xc0 + 8 * (fixed - 3);
	*end = *start + (fixed == 0 ? 0x80 : fixed < 3 ? 0x20 : 8);
	return true;
}

/* Row 3 to 5 of the rule up to 6.10, for the settings of @vcpu. */
static uint64_t by_cd_and_mtrr(const struct tdp_vcpu *vcpu, uint64_t gfn,
			       bool ipat_with_cd)
{
	const struct tdp_vm *vm = vcpu->vm;

	if (!(vcpu->sregs.cr0 & CR0_CD))
		return EPT_MT(memtype_guest_mtrr(vcpu, gfn));
	if (!behaviour_on(&vm->kvm, B_MEMTYPE_CD_QUIRK))
		return EPT_MT(TDP_MT_UC) | EPT_IPAT;
	return EPT_MT(TDP_MT_WB) | (ipat_with_cd ? EPT_IPAT : 0);
}

/* What needs no vCPU, or the one that speaks for all. */
static bool by_vm(const struct tdp_vm *vm, uint64_t gfn, uint64_t *bits)
{
	const uint64_t wb = EPT_MT(TDP_MT_WB), wb_ipat = wb | EPT_IPAT;
	unsigned int source = vm->kvm.value[B_MEMTYPE_SOURCE];
	bool honour = vm->noncoherent_dma;

	if (source == MEMTYPE_SOURCE_QUIRK9)
		honour |= !behaviour_on(&vm->kvm, B_QUIRK_IGNORE_GUEST_PAT);
	*bits = honour ? wb : wb_ipat;
	if (!honour || source == MEMTYPE_SOURCE_WB_ONLY ||
	    source == MEMTYPE_SOURCE_QUIRK9)
		return true;
	if (source != MEMTYPE_SOURCE_VCPU0 && source != MEMTYPE_SOURCE_UNIFORM)
		return false;
	*bits = by_cd_and_mtrr(vm->vcpus[0], gfn, true);
	return true;
}

static uint64_t by_source(const struct tdp_vcpu *vcpu, uint64_t gfn)
{
	const struct tdp_vm *vm = vcpu->vm;
	uint64_t bits;

	if (by_vm(vm, gfn, &bits))
		return bits;
	/* role: the same for each vCPU, with tables of its own */
	return by_cd_and_mtrr(vcpu, gfn,
			      vm->kvm.value[B_MEMTYPE_SOURCE] !=
				      MEMTYPE_SOURCE_MTRR_CD);
}

uint64_t memtype_spte_bits(const struct tdp_vcpu *vcpu, uint64_t gfn,
			   bool host_mmio)
{
	const struct tdp_vm *vm = vcpu->vm;
	uint64_t bits;

	if (!vm->fmt.memtype)
		return 0;
	bits = host_mmio ? EPT_MT(TDP_MT_UC) : by_source(vcpu, gfn);
	trace(vm, memtype, vcpu->id, gfn, bits >> 3 & 7, bits >> 6 & 1);
	return bits;
}

bool memtype_try_get(const struct tdp_vm *vm, uint64_t gfn, bool host_mmio,
		     uint64_t *bits)
{
	*bits = host_mmio ? EPT_MT(TDP_MT_UC) : 0;
	if (host_mmio || !vm->fmt.memtype)
		return true;
	return by_vm(vm, gfn, bits);
}

unsigned int memtype_role_key(const struct tdp_vcpu *vcpu)
{
	const struct tdp_vm *vm = vcpu->vm;

	if (vm->kvm.value[B_MEMTYPE_SOURCE] != MEMTYPE_SOURCE_ROLE ||
	    !vm->fmt.memtype || !vm->noncoherent_dma)
		return 0;
	return vcpu->id + 1;
}

bool memtype_varies(const struct tdp_vcpu *vcpu)
{
	const struct tdp_vm *vm = vcpu->vm;
	unsigned int source = vm->kvm.value[B_MEMTYPE_SOURCE];

	return vm->fmt.memtype && vm->noncoherent_dma &&
	       source != MEMTYPE_SOURCE_WB_ONLY &&
	       source != MEMTYPE_SOURCE_QUIRK9;
}
