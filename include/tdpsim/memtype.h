/* SPDX-License-Identifier: MIT */
/*
 * Memory types: MTRRs, the PAT, and how a processor combines them.
 *
 * SDM: "Memory Cache Control" (3A); APM 2: "Memory System", "Nested Paging".
 */
#ifndef TDPSIM_MEMTYPE_H
#define TDPSIM_MEMTYPE_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TDP_NR_FIXED_MTRRS     11
#define TDP_MAX_VARIABLE_MTRRS 32

#define TDP_PAT_RESET          UINT64_C(0x0007040600070406)

/**
 * enum tdp_msr_rule - why a WRMSR is refused; all but TDP_MSR_OK are #GP(0)
 *
 * SDM: "Memory Type Range Registers (MTRRs)", "Programming the PAT".
 */
/* clang-format off */
#define TDP_MSR_RULE_LIST(X)						\
	X(TDP_MSR_OK,			"ok")				\
	X(TDP_MSR_UNKNOWN,		"no such MTRR or PAT register")	\
	X(TDP_MSR_READ_ONLY,		"register is read-only")	\
	X(TDP_MSR_RESERVED,		"reserved bit is set")		\
	X(TDP_MSR_MTRR_TYPE,		"not a type that an MTRR may hold") \
	X(TDP_MSR_PAT_TYPE,		"not a type that the PAT may hold") \
	X(TDP_MSR_NO_SMRR,		"processor has no SMRR")	\
	X(TDP_MSR_SMRR_OUTSIDE_SMM,	"SMRR is writable in SMM only")
/* clang-format on */

#define TDP_ENUM(name, text) name,
/* clang-format off */
enum tdp_msr_rule {
	TDP_MSR_RULE_LIST(TDP_ENUM)
	TDP_NR_MSR_RULES
};
/* clang-format on */
#undef TDP_ENUM

/** tdp_msr_rule_name() - the rule in words; a static string, "?" for no rule */
TDP_API const char *tdp_msr_rule_name(enum tdp_msr_rule rule);

/**
 * struct tdp_mtrr - the memory-type range registers of one processor
 * @cap:       IA32_MTRRCAP; bits 7:0 count the variable ranges, up to
 *             TDP_MAX_VARIABLE_MTRRS
 * @def_type:  IA32_MTRR_DEF_TYPE
 * @fixed:     250h, 258h, 259h, 268h..26Fh in this order
 * @base:      IA32_MTRR_PHYSBASEn
 * @mask:      IA32_MTRR_PHYSMASKn
 * @smrr_base: IA32_SMRR_PHYSBASE
 * @smrr_mask: IA32_SMRR_PHYSMASK
 * @tom2:      AMD, with SYSCFG.Tom2ForceMemTypeWB: end of the memory above 4 GiB
 *             whose default type is WB; else 0
 * @dram_bits: AMD, SYSCFG.MtrrFixDramModEn: RdMem and WrMem (bits 4:3) of the
 *             fixed ranges' bytes are writable; they have no part in the type
 *
 * Plain data.  Whoever fills it without tdp_mtrr_write() keeps its rules.
 */
struct tdp_mtrr {
	uint64_t cap;
	uint64_t def_type;
	uint64_t fixed[TDP_NR_FIXED_MTRRS];
	uint64_t base[TDP_MAX_VARIABLE_MTRRS];
	uint64_t mask[TDP_MAX_VARIABLE_MTRRS];
	uint64_t smrr_base;
	uint64_t smrr_mask;
	uint64_t tom2;
	bool dram_bits;
};

/**
 * tdp_mtrr_reset() - state after reset: MTRRs off, so all memory is UC
 * @mtrr:     filled
 * @variable: variable ranges, 0..TDP_MAX_VARIABLE_MTRRS
 * @smrr:     the processor has SMRRs (MTRRCAP bit 11)
 */
TDP_API void tdp_mtrr_reset(struct tdp_mtrr *mtrr, unsigned int variable,
			    bool smrr);

/**
 * tdp_mtrr_write() - WRMSR to an MTRR
 * @mtrr:       changed only if the write is allowed
 * @msr:        FEh, 1F2h, 1F3h, 200h+2n, 201h+2n, 250h..26Fh, 2FFh
 * @value:      as in EDX:EAX
 * @maxphyaddr: physical-address bits, 32..52; address bits above are reserved
 * @smm:        the write is made in system-management mode
 *
 * Return: TDP_MSR_OK, or the rule because of which WRMSR raises #GP(0).
 */
TDP_API enum tdp_msr_rule tdp_mtrr_write(struct tdp_mtrr *mtrr, uint32_t msr,
					 uint64_t value,
					 unsigned int maxphyaddr, bool smm);

/**
 * tdp_mtrr_read() - RDMSR of an MTRR
 *
 * Return: TDP_MSR_OK with @value set; TDP_MSR_UNKNOWN or TDP_MSR_NO_SMRR,
 * where RDMSR raises #GP(0).
 */
TDP_API enum tdp_msr_rule tdp_mtrr_read(const struct tdp_mtrr *mtrr,
					uint32_t msr, uint64_t *value);

/**
 * tdp_mtrr_type() - the type of a host-physical address
 * @mtrr:       NULL: a processor without MTRRs, all memory is WB
 * @hpa:        below 2^@maxphyaddr
 * @maxphyaddr: physical-address bits, 32..52
 * @smm:        the access is made in system-management mode
 *
 * SDM: "MTRR Precedences": SMRR, then the fixed ranges, then the variable
 * ones, then the default type.
 *
 * Return: UC, WC, WT, WP, WB; TDP_MT_UNDEFINED where variable ranges overlap
 * in a way that the manuals give no type for.
 */
TDP_API enum tdp_memtype tdp_mtrr_type(const struct tdp_mtrr *mtrr, tdp_hpa hpa,
				       unsigned int maxphyaddr, bool smm);

/**
 * tdp_pat_check() - would WRMSR(IA32_PAT), VM entry, VMRUN accept @pat?
 *
 * Return: TDP_MSR_OK or TDP_MSR_PAT_TYPE.
 */
TDP_API enum tdp_msr_rule tdp_pat_check(uint64_t pat);

/**
 * tdp_pat_type() - the PAT's type for an entry's three bits
 * @pat:  a PAT that tdp_pat_check() accepts
 * @bits: PAT << 2 | PCD << 1 | PWT
 */
TDP_API enum tdp_memtype tdp_pat_type(uint64_t pat, unsigned int bits);

/**
 * tdp_memtype_intel() - effective type, without EPT
 * @mtrr: type of the physical range: UC, WC, WT, WP, WB or UNDEFINED
 * @pat:  type that the page tables ask for
 *
 * SDM: "Selecting Memory Types for Pentium III and More Recent Processor
 * Families" (3A).
 */
TDP_API enum tdp_memtype tdp_memtype_intel(enum tdp_memtype mtrr,
					   enum tdp_memtype pat);

/**
 * tdp_memtype_without_pat() - effective type on a processor that has no PAT
 * @bits: PCD << 1 | PWT
 *
 * SDM: "Selecting Memory Types for Pentium Pro and Pentium II Processors".
 */
TDP_API enum tdp_memtype tdp_memtype_without_pat(enum tdp_memtype mtrr,
						 unsigned int bits);

/**
 * tdp_memtype_ept() - effective type of a guest access under EPT
 * @cr0_cd: the guest's CR0.CD
 * @ipat:   bit 6 of the EPT leaf
 * @ept:    bits 5:3 of the EPT leaf: UC, WC, WT, WP, WB
 * @pat:    type that the guest's page tables ask for
 *
 * SDM: "Memory Type Used for Translated Guest-Physical Addresses" (3C).  The
 * MTRRs have no part in it.
 */
TDP_API enum tdp_memtype tdp_memtype_ept(bool cr0_cd, bool ipat,
					 enum tdp_memtype ept,
					 enum tdp_memtype pat);

/**
 * tdp_memtype_amd() - effective type, without nested paging
 *
 * APM 2: "Combined Memory Types" of PAT and MTRR; may be CD.
 */
TDP_API enum tdp_memtype tdp_memtype_amd(enum tdp_memtype mtrr,
					 enum tdp_memtype pat);

/**
 * tdp_memtype_amd_nested() - first step under nested paging
 * @guest: type by the guest's tables and the guest's PAT
 * @host:  type by the nested tables and the host's PAT
 *
 * APM 2: "Combining Guest and Host PAT Types"; may be WC+.
 */
TDP_API enum tdp_memtype tdp_memtype_amd_nested(enum tdp_memtype guest,
						enum tdp_memtype host);

/**
 * tdp_memtype_amd_final() - second step: the PAT types' combination and the MTRR
 * @mtrr:     type of the host-physical range
 * @combined: of tdp_memtype_amd_nested()
 *
 * APM 2: "Combining PAT and MTRR Types" under nested paging; may be CD, WC+.
 */
TDP_API enum tdp_memtype tdp_memtype_amd_final(enum tdp_memtype mtrr,
					       enum tdp_memtype combined);

#ifdef __cplusplus
}
#endif
#endif
