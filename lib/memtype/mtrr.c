/* SPDX-License-Identifier: MIT */
#include "memtype/types.h"
#include "tdpsim/memtype.h"

#define MSR_MTRRCAP        0x0feu
#define MSR_SMRR_PHYSBASE  0x1f2u
#define MSR_SMRR_PHYSMASK  0x1f3u
#define MSR_MTRR_PHYSBASE0 0x200u
#define MSR_MTRR_FIX64K    0x250u
#define MSR_MTRR_FIX16K    0x258u /* and the next */
#define MSR_MTRR_FIX4K     0x268u /* and the next seven */
#define MSR_MTRR_DEF_TYPE  0x2ffu

#define MTRRCAP_VCNT       BITS(7, 0)
#define MTRRCAP_FIX        BIT(8)
#define MTRRCAP_WC         BIT(10)
#define MTRRCAP_SMRR       BIT(11)

#define DEF_TYPE_TYPE      BITS(7, 0)
#define DEF_TYPE_FE        BIT(10) /* fixed ranges are on */
#define DEF_TYPE_E         BIT(11) /* MTRRs are on */

#define PHYSBASE_TYPE      BITS(7, 0)
#define PHYSBASE_RESERVED  BITS(11, 8)
#define PHYSMASK_V         BIT(11)
#define PHYSMASK_RESERVED  BITS(10, 0)
#define SMRR_ADDRESS       BITS(31, 12) /* an SMRR lies below 4 GiB */

#define FIXED_END          UINT64_C(0x100000)
#define FIXED_DRAM_BITS    UINT64_C(0x1818181818181818)

void tdp_mtrr_reset(struct tdp_mtrr *mtrr, unsigned int variable, bool smrr)
{
	assert(variable <= TDP_MAX_VARIABLE_MTRRS);
	*mtrr = (struct tdp_mtrr){
		.cap = variable | MTRRCAP_FIX | MTRRCAP_WC |
		       (smrr ? MTRRCAP_SMRR : 0),
	};
}

static unsigned int nr_variable(const struct tdp_mtrr *mtrr)
{
	return (unsigned int)min_u64(mtrr->cap & MTRRCAP_VCNT,
				     TDP_MAX_VARIABLE_MTRRS);
}

/* The register behind an index; NULL if this processor has none there. */
static uint64_t *find_register(struct tdp_mtrr *mtrr, uint32_t msr)
{
	const unsigned int n = (msr - MSR_MTRR_PHYSBASE0) / 2;
	const bool fixed = mtrr->cap & MTRRCAP_FIX;

	if (msr == MSR_MTRRCAP)
		return &mtrr->cap;
	if (msr == MSR_MTRR_DEF_TYPE)
		return &mtrr->def_type;
	if (msr == MSR_SMRR_PHYSBASE)
		return &mtrr->smrr_base;
	if (msr == MSR_SMRR_PHYSMASK)
		return &mtrr->smrr_mask;
	if (msr >= MSR_MTRR_PHYSBASE0 && n < nr_variable(mtrr))
		return msr & 1 ? &mtrr->mask[n] : &mtrr->base[n];
	if (fixed && msr == MSR_MTRR_FIX64K)
		return &mtrr->fixed[0];
	if (fixed && msr - MSR_MTRR_FIX16K < 2)
		return &mtrr->fixed[1 + msr - MSR_MTRR_FIX16K];
	if (fixed && msr - MSR_MTRR_FIX4K < 8)
		return &mtrr->fixed[3 + msr - MSR_MTRR_FIX4K];
	return NULL;
}

static bool is_smrr(uint32_t msr)
{
	return msr == MSR_SMRR_PHYSBASE || msr == MSR_SMRR_PHYSMASK;
}

static bool holds_type(const struct tdp_mtrr *mtrr, uint64_t code)
{
	if (code == TDP_MT_WC && !(mtrr->cap & MTRRCAP_WC))
		return false;
	return is_mtrr_type(code);
}

static enum tdp_msr_rule check_fixed(const struct tdp_mtrr *mtrr,
				     uint64_t value)
{
	if (mtrr->dram_bits)
		value &= ~FIXED_DRAM_BITS;
	for (unsigned int i = 0; i < 8; i++)
		if (!holds_type(mtrr, value >> (8 * i) & 0xff))
			return TDP_MSR_MTRR_TYPE;
	return TDP_MSR_OK;
}

/* A register that has reserved bits and perhaps a type in bits 7:0. */
static enum tdp_msr_rule check_fields(const struct tdp_mtrr *mtrr,
				      uint64_t value, uint64_t reserved,
				      bool has_type)
{
	if (value & reserved)
		return TDP_MSR_RESERVED;
	if (has_type && !holds_type(mtrr, value & 0xff))
		return TDP_MSR_MTRR_TYPE;
	return TDP_MSR_OK;
}

/* SDM: "IA32_MTRR_DEF_TYPE MSR", "Variable Range MTRRs", "Fixed Range MTRRs". */
static enum tdp_msr_rule check_value(const struct tdp_mtrr *mtrr, uint32_t msr,
				     uint64_t value, unsigned int maxphyaddr)
{
	const uint64_t high = ~(BIT(maxphyaddr) - 1);
	const bool is_mask = msr & 1;

	if (msr == MSR_MTRR_DEF_TYPE)
		return check_fields(mtrr, value,
				    ~(DEF_TYPE_TYPE | DEF_TYPE_FE | DEF_TYPE_E),
				    true);
	if (msr >= MSR_MTRR_FIX64K)
		return check_fixed(mtrr, value);
	if (is_smrr(msr))
		return check_fields(mtrr, value,
				    is_mask ? ~(SMRR_ADDRESS | PHYSMASK_V) :
					      ~(SMRR_ADDRESS | PHYSBASE_TYPE),
				    !is_mask);
	if (is_mask)
		return check_fields(mtrr, value, high | PHYSMASK_RESERVED,
				    false);
	return check_fields(mtrr, value, high | PHYSBASE_RESERVED, true);
}

enum tdp_msr_rule tdp_mtrr_write(struct tdp_mtrr *mtrr, uint32_t msr,
				 uint64_t value, unsigned int maxphyaddr,
				 bool smm)
{
	uint64_t *reg = find_register(mtrr, msr);
	enum tdp_msr_rule rule;

	assert(maxphyaddr >= 32 && maxphyaddr <= 52);
	if (!reg)
		return TDP_MSR_UNKNOWN;
	if (msr == MSR_MTRRCAP)
		return TDP_MSR_READ_ONLY;
	if (is_smrr(msr) && !(mtrr->cap & MTRRCAP_SMRR))
		return TDP_MSR_NO_SMRR;
	if (is_smrr(msr) && !smm)
		return TDP_MSR_SMRR_OUTSIDE_SMM;
	rule = check_value(mtrr, msr, value, maxphyaddr);
	if (rule == TDP_MSR_OK)
		*reg = value;
	return rule;
}

enum tdp_msr_rule tdp_mtrr_read(const struct tdp_mtrr *mtrr, uint32_t msr,
				uint64_t *value)
{
	struct tdp_mtrr copy = *mtrr;
	const uint64_t *reg = find_register(&copy, msr);

	if (!reg)
		return TDP_MSR_UNKNOWN;
	if (is_smrr(msr) && !(mtrr->cap & MTRRCAP_SMRR))
		return TDP_MSR_NO_SMRR;
	*value = *reg;
	return TDP_MSR_OK;
}

/* SDM: "Address Mapping for Fixed-Range MTRRs".  @hpa is below FIXED_END. */
static enum tdp_memtype fixed_type(const struct tdp_mtrr *mtrr, uint64_t hpa)
{
	uint64_t reg, byte;

	if (hpa < 0x80000) {
		reg = 0;
		byte = hpa >> 16;
	} else if (hpa < 0xc0000) {
		reg = 1 + ((hpa - 0x80000) >> 17);
		byte = hpa >> 14;
	} else {
		reg = 3 + ((hpa - 0xc0000) >> 15);
		byte = hpa >> 12;
	}
	return (enum tdp_memtype)(mtrr->fixed[reg] >> (8 * (byte & 7)) & 7);
}

/*
 * Types of the variable ranges that hold @hpa, one bit each.  Masks need not
 * be contiguous: a 0 in the middle makes the range repeat.
 */
static unsigned int variable_types(const struct tdp_mtrr *mtrr, uint64_t hpa,
				   unsigned int maxphyaddr)
{
	const uint64_t address = BITS(maxphyaddr - 1, 12);
	unsigned int types = 0;

	for (unsigned int i = 0; i < nr_variable(mtrr); i++) {
		const uint64_t mask = mtrr->mask[i] & address;

		if ((mtrr->mask[i] & PHYSMASK_V) &&
		    !((hpa ^ mtrr->base[i]) & mask))
			types |= 1u << (mtrr->base[i] & 7);
	}
	return types;
}

/* SDM: "MTRR Precedences".  @types is not empty. */
static enum tdp_memtype overlap_type(unsigned int types)
{
	if (types & 1u << TDP_MT_UC)
		return TDP_MT_UC;
	if (!(types & (types - 1)))
		return (enum tdp_memtype)__builtin_ctz(types);
	if (types == (1u << TDP_MT_WT | 1u << TDP_MT_WB))
		return TDP_MT_WT;
	return TDP_MT_UNDEFINED;
}

static enum tdp_memtype default_type(const struct tdp_mtrr *mtrr, uint64_t hpa)
{
	/* APM 2: "Memory-Typing Above 4 Gbytes" (Tom2ForceMemTypeWB). */
	if (hpa >= BIT(32) && hpa < mtrr->tom2)
		return TDP_MT_WB;
	return (enum tdp_memtype)(mtrr->def_type & 7);
}

static bool in_smrr(const struct tdp_mtrr *mtrr, uint64_t hpa)
{
	const uint64_t mask = mtrr->smrr_mask & SMRR_ADDRESS;

	return (mtrr->smrr_mask & PHYSMASK_V) && hpa < BIT(32) &&
	       !((hpa ^ mtrr->smrr_base) & mask);
}

enum tdp_memtype tdp_mtrr_type(const struct tdp_mtrr *mtrr, tdp_hpa hpa,
			       unsigned int maxphyaddr, bool smm)
{
	unsigned int types;

	if (!mtrr)
		return TDP_MT_WB;
	/* SDM: "System Management Range Registers": UC to all but SMM. */
	if (unlikely(in_smrr(mtrr, hpa.addr)))
		return smm ? (enum tdp_memtype)(mtrr->smrr_base & 7) :
			     TDP_MT_UC;
	if (!(mtrr->def_type & DEF_TYPE_E))
		return TDP_MT_UC;
	if ((mtrr->def_type & DEF_TYPE_FE) && (mtrr->cap & MTRRCAP_FIX) &&
	    hpa.addr < FIXED_END)
		return fixed_type(mtrr, hpa.addr);
	types = variable_types(mtrr, hpa.addr, maxphyaddr);
	return types ? overlap_type(types) : default_type(mtrr, hpa.addr);
}
