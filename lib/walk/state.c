/* SPDX-License-Identifier: MIT */
/* Which register states a processor can be in. */
#include "arch/ept_bits.h"
#include "arch/regs.h"
#include "walk/walker.h"

#define FEATURES_BOTH                                                \
	(TDP_FEATURE_PSE36 | TDP_FEATURE_PAT | TDP_FEATURE_NX |      \
	 TDP_FEATURE_GBPAGES | TDP_FEATURE_LA57 | TDP_FEATURE_PCID | \
	 TDP_FEATURE_SMEP | TDP_FEATURE_SMAP | TDP_FEATURE_PKU |     \
	 TDP_FEATURE_CET_SS)
#define FEATURES_INTEL (TDP_FEATURE_PKS | TDP_FEATURE_LAM | TDP_FEATURE_LASS)
#define FEATURES_AMD                                              \
	(TDP_FEATURE_UAI | TDP_FEATURE_GMET | TDP_FEATURE_ROGPT | \
	 TDP_FEATURE_SSSCHECK | TDP_FEATURE_NPT_PML)

void tdp_walk_cpu_init(struct tdp_walk_cpu *cpu, enum tdp_vendor vendor)
{
	const uint64_t efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NX;
	const uint64_t cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
	const uint64_t cr4 = CR4_PAE | CR4_PGE;

	*cpu = (struct tdp_walk_cpu){
		.vendor = vendor,
		.features = FEATURES_BOTH | (vendor == TDP_AMD ?
					     FEATURES_AMD : FEATURES_INTEL),
		.maxphyaddr = 46,
		.guest_maxphyaddr = 46,
		.cr0 = cr0,
		.cr4 = cr4,
		.efer = efer,
		.pat = TDP_PAT_RESET,
		.ept = {
			.eptp = FIELD(EPTP_MEMTYPE, TDP_MT_WB) |
				FIELD(EPTP_LENGTH, 3),
			.cap = TDP_EPT_CAP_EXEC_ONLY | TDP_EPT_CAP_4_LEVELS |
			       TDP_EPT_CAP_5_LEVELS | TDP_EPT_CAP_UC |
			       TDP_EPT_CAP_WB | TDP_EPT_CAP_2M |
			       TDP_EPT_CAP_1G | TDP_EPT_CAP_AD,
		},
		.npt = {
			.control = TDP_NP_ENABLE,
			.cr0 = cr0,
			.cr4 = cr4,
			.efer = efer,
			.pat = TDP_PAT_RESET,
		},
	};
}

static uint64_t above(unsigned int maxphyaddr)
{
	return ~(BIT(maxphyaddr) - 1);
}

/* SDM: "Control Registers" (3A); bits that translation never asks for pass. */
static uint64_t cr4_possible(const struct tdp_walk_cpu *cpu)
{
	/* clang-format off */
	static const struct {
		enum tdp_feature feature;
		uint64_t bits;
	} by_feature[] = {
		{ TDP_FEATURE_LA57,	CR4_LA57 },
		{ TDP_FEATURE_PCID,	CR4_PCIDE },
		{ TDP_FEATURE_SMEP,	CR4_SMEP },
		{ TDP_FEATURE_SMAP,	CR4_SMAP },
		{ TDP_FEATURE_PKU,	CR4_PKE },
		{ TDP_FEATURE_PKS,	CR4_PKS },
		{ TDP_FEATURE_CET_SS,	CR4_CET },
		{ TDP_FEATURE_LAM,	CR4_LAM_SUP },
		{ TDP_FEATURE_LASS,	CR4_LASS },
	};
	/* clang-format on */
	uint64_t bits = CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE |
			CR4_PAE | CR4_MCE | CR4_PGE | CR4_PCE | CR4_OSFXSR |
			CR4_OSXMMEXCPT | CR4_UMIP | CR4_VMXE | CR4_SMXE |
			CR4_FSGSBASE | CR4_OSXSAVE | CR4_KL | CR4_UINTR |
			CR4_FRED;

	for (size_t i = 0; i < ARRAY_SIZE(by_feature); i++)
		if (has_feature(cpu, by_feature[i].feature))
			bits |= by_feature[i].bits;
	return bits;
}

static uint64_t efer_possible(const struct tdp_walk_cpu *cpu)
{
	uint64_t bits = EFER_SCE | EFER_LME | EFER_LMA;

	if (has_feature(cpu, TDP_FEATURE_NX))
		bits |= EFER_NX;
	if (cpu->vendor == TDP_AMD)
		bits |= EFER_SVME | EFER_LMSLE | EFER_FFXSR | EFER_TCE |
			EFER_AUTOIBRS;
	if (has_feature(cpu, TDP_FEATURE_UAI))
		bits |= EFER_UAIE;
	return bits;
}

static bool lma_is_consistent(uint64_t cr0, uint64_t efer)
{
	const bool active = (efer & EFER_LME) && (cr0 & CR0_PG);

	return !!(efer & EFER_LMA) == active;
}

/* SDM: MOV to CR0; "Paging-Mode Enabling"; "Initializing IA-32e Mode". */
static enum tdp_state_rule check_modes(const struct tdp_walk_cpu *cpu)
{
	if (cpu->cr0 >> 32)
		return TDP_STATE_CR0_RESERVED;
	if ((cpu->cr0 & CR0_PG) && !(cpu->cr0 & CR0_PE))
		return TDP_STATE_CR0_PG_PE;
	if ((cpu->cr0 & CR0_NW) && !(cpu->cr0 & CR0_CD))
		return TDP_STATE_CR0_NW_CD;
	if (cpu->efer & ~efer_possible(cpu))
		return TDP_STATE_EFER_RESERVED;
	if (!lma_is_consistent(cpu->cr0, cpu->efer))
		return TDP_STATE_EFER_LMA;
	if ((cpu->efer & EFER_LMA) && !(cpu->cr4 & CR4_PAE))
		return TDP_STATE_LMA_PAE;
	if (cpu->cr4 & ~cr4_possible(cpu))
		return TDP_STATE_CR4_RESERVED;
	if ((cpu->cr4 & CR4_PCIDE) && !(cpu->efer & EFER_LMA))
		return TDP_STATE_CR4_PCIDE;
	if ((cpu->cr4 & CR4_CET) && !(cpu->cr0 & CR0_WP))
		return TDP_STATE_CR4_CET_WP;
	return TDP_STATE_NONE;
}

/* Only where PDPTE registers are in use do they have to be well formed. */
static bool pdptes_are_possible(const struct tdp_walk_cpu *cpu)
{
	if (paging_mode(cpu->cr0, cpu->cr4, cpu->efer) != MODE_PAE ||
	    !has_pdpte_registers(cpu))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(cpu->pdpte); i++)
		if (pdpte_reserved(cpu->guest_maxphyaddr, cpu->pdpte[i]))
			return false;
	return true;
}

static enum tdp_state_rule check_guest(const struct tdp_walk_cpu *cpu)
{
	const uint64_t lam = CR3_LAM_U57 | CR3_LAM_U48;
	const enum tdp_state_rule rule = check_modes(cpu);

	if (rule)
		return rule;
	if (cpu->cr3 & above(cpu->guest_maxphyaddr) & ~lam)
		return TDP_STATE_CR3_RESERVED;
	if ((cpu->cr3 & lam) && !has_feature(cpu, TDP_FEATURE_LAM))
		return TDP_STATE_CR3_LAM;
	if (tdp_pat_check(cpu->pat))
		return TDP_STATE_PAT;
	if (!pdptes_are_possible(cpu))
		return TDP_STATE_PDPTE;
	return TDP_STATE_NONE;
}

static bool is_page_address(const struct tdp_walk_cpu *cpu, uint64_t hpa)
{
	return !(hpa & (FRAME_MASK | above(cpu->maxphyaddr)));
}

static bool eptp_memtype_is_possible(const struct tdp_ept *ept)
{
	switch (field_get(EPTP_MEMTYPE, ept->eptp)) {
	case TDP_MT_UC:
		return ept->cap & TDP_EPT_CAP_UC;
	case TDP_MT_WB:
		return ept->cap & TDP_EPT_CAP_WB;
	}
	return false;
}

static bool eptp_levels_are_possible(const struct tdp_ept *ept)
{
	switch (field_get(EPTP_LENGTH, ept->eptp)) {
	case 3:
		return ept->cap & TDP_EPT_CAP_4_LEVELS;
	case 4:
		return ept->cap & TDP_EPT_CAP_5_LEVELS;
	}
	return false;
}

/* SDM: "VM-Execution Control Fields" under "Checks on VMX Controls" (3C). */
static enum tdp_state_rule check_ept(const struct tdp_walk_cpu *cpu)
{
	const struct tdp_ept *ept = &cpu->ept;

	if (cpu->vendor != TDP_INTEL)
		return TDP_STATE_EPT_VENDOR;
	if (!eptp_memtype_is_possible(ept))
		return TDP_STATE_EPTP_MEMTYPE;
	if (!eptp_levels_are_possible(ept))
		return TDP_STATE_EPTP_LEVELS;
	if ((ept->eptp & EPTP_AD) && !(ept->cap & TDP_EPT_CAP_AD))
		return TDP_STATE_EPTP_AD;
	if ((ept->eptp & EPTP_SSS) && !(ept->cap & TDP_EPT_CAP_SSS))
		return TDP_STATE_EPTP_SSS;
	if (ept->eptp & (EPTP_RSVD_LOW | above(cpu->maxphyaddr)))
		return TDP_STATE_EPTP_RESERVED;
	if ((ept->ctrl2 & TDP_EPT_CTRL2_PML) &&
	    !is_page_address(cpu, ept->pml_address))
		return TDP_STATE_PML_ADDRESS;
	if ((ept->ctrl2 & TDP_EPT_CTRL2_VE) &&
	    !is_page_address(cpu, ept->ve_address))
		return TDP_STATE_VE_ADDRESS;
	if ((ept->ctrl2 & TDP_EPT_CTRL2_SPP) &&
	    !is_page_address(cpu, ept->sppt))
		return TDP_STATE_SPPT;
	return TDP_STATE_NONE;
}

static uint64_t ncr3_reserved(const struct tdp_walk_cpu *cpu)
{
	return cpu->npt.efer & EFER_LMA ? above(cpu->maxphyaddr) : above(32);
}

/* APM 2: "Canonicalization and Consistency Checks", "Enabling Nested Paging". */
static enum tdp_state_rule check_npt(const struct tdp_walk_cpu *cpu)
{
	const struct tdp_npt *npt = &cpu->npt;

	if (cpu->vendor != TDP_AMD)
		return TDP_STATE_NPT_VENDOR;
	if (!(npt->control & TDP_NP_ENABLE))
		return TDP_STATE_NP_DISABLED;
	if (!(npt->cr0 & CR0_PG))
		return TDP_STATE_HOST_PG;
	if (!lma_is_consistent(npt->cr0, npt->efer) ||
	    ((npt->efer & EFER_LMA) && !(npt->cr4 & CR4_PAE)))
		return TDP_STATE_HOST_MODE;
	if (npt->ncr3 & ncr3_reserved(cpu))
		return TDP_STATE_NCR3;
	if (tdp_pat_check(npt->pat))
		return TDP_STATE_HOST_PAT;
	return TDP_STATE_NONE;
}

enum tdp_state_rule tdp_walk_cpu_check(const struct tdp_walk_cpu *cpu)
{
	enum tdp_state_rule rule;

	if (cpu->maxphyaddr < 32 || cpu->maxphyaddr > 52 ||
	    cpu->guest_maxphyaddr < 32 ||
	    cpu->guest_maxphyaddr > cpu->maxphyaddr)
		return TDP_STATE_MAXPHYADDR;
	rule = check_guest(cpu);
	if (!rule && cpu->stage2 == TDP_STAGE2_EPT)
		rule = check_ept(cpu);
	if (!rule && cpu->stage2 == TDP_STAGE2_NPT)
		rule = check_npt(cpu);
	return rule;
}

enum tdp_refusal tdp_state_rule_refusal(enum tdp_state_rule rule,
					enum tdp_stage2 stage2)
{
	enum part { NONE, CPUID, GUEST, EPT, NPT };
#define X(name, text, part, about) part,
	static const unsigned char parts[] = { TDP_STATE_RULE_LIST(X) };
#undef X

	switch ((enum part)((size_t)rule < ARRAY_SIZE(parts) ? parts[rule] :
							       NONE)) {
	case NONE:
		return TDP_REFUSAL_NONE;
	case CPUID:
		return TDP_REFUSAL_IMPOSSIBLE;
	case EPT:
		return TDP_REFUSAL_VM_FAIL;
	case NPT:
		return TDP_REFUSAL_VMEXIT_INVALID;
	case GUEST:
		break;
	}
	if (stage2 == TDP_STAGE2_EPT)
		return TDP_REFUSAL_VM_ENTRY;
	return stage2 == TDP_STAGE2_NPT ? TDP_REFUSAL_VMEXIT_INVALID :
					  TDP_REFUSAL_GP;
}
