/* SPDX-License-Identifier: MIT */
/* States that no processor can have, each refused by its rule. */
#include "fixture.h"

typedef void (*tweak)(struct tdp_walk_cpu *cpu);

/* The tweak is part of the row: name, rule, refusal, second stage, change. */
/* clang-format off */
#define STATES(X)							\
	X(bare, NONE, NONE, NONE, (void)c)				\
	X(under_ept, NONE, NONE, EPT, (void)c)				\
	X(under_npt, NONE, NONE, NPT, (void)c)				\
	X(no_paging, NONE, NONE, NONE,					\
	  c->cr0 &= ~CR0_PG; c->efer &= ~EFER_LMA)			\
	X(maxphyaddr_53, MAXPHYADDR, IMPOSSIBLE, NONE, c->maxphyaddr = 53) \
	X(maxphyaddr_31, MAXPHYADDR, IMPOSSIBLE, NONE,			\
	  c->guest_maxphyaddr = 31)					\
	X(guest_has_more_bits, MAXPHYADDR, IMPOSSIBLE, EPT,		\
	  c->guest_maxphyaddr = 47)					\
	X(cr0_high, CR0_RESERVED, GP, NONE, c->cr0 |= BIT(32))		\
	X(pg_without_pe, CR0_PG_PE, GP, NONE, c->cr0 &= ~CR0_PE)	\
	X(nw_without_cd, CR0_NW_CD, GP, NONE, c->cr0 |= CR0_NW)		\
	X(efer_bit_1, EFER_RESERVED, GP, NONE, c->efer |= BIT(1))	\
	X(svme_on_intel, EFER_RESERVED, GP, NONE, c->efer |= EFER_SVME)	\
	X(nxe_without_nx, EFER_RESERVED, GP, NONE,			\
	  c->features &= ~(uint32_t)TDP_FEATURE_NX)			\
	X(lma_without_lme, EFER_LMA, GP, NONE, c->efer &= ~EFER_LME)	\
	X(lma_without_lme_ept, EFER_LMA, VM_ENTRY, EPT, c->efer &= ~EFER_LME) \
	X(lma_without_lme_npt, EFER_LMA, VMEXIT_INVALID, NPT,		\
	  c->efer &= ~EFER_LME)						\
	X(lma_without_pae, LMA_PAE, GP, NONE, c->cr4 &= ~CR4_PAE)	\
	X(cr4_bit_15, CR4_RESERVED, GP, NONE, c->cr4 |= BIT(15))	\
	X(smep_without_smep, CR4_RESERVED, GP, NONE,			\
	  c->cr4 |= CR4_SMEP; c->features &= ~(uint32_t)TDP_FEATURE_SMEP) \
	X(pks_on_amd, CR4_RESERVED, VMEXIT_INVALID, NPT, c->cr4 |= CR4_PKS) \
	X(pcide_outside_long_mode, CR4_PCIDE, GP, NONE,			\
	  c->cr4 |= CR4_PCIDE; c->efer &= ~(EFER_LME | EFER_LMA))	\
	X(cet_without_wp, CR4_CET_WP, GP, NONE,				\
	  c->cr4 |= CR4_CET; c->cr0 &= ~CR0_WP)				\
	X(cr3_bit_46, CR3_RESERVED, VM_ENTRY, EPT, c->cr3 |= BIT(46))	\
	X(cr3_bit_63, CR3_RESERVED, GP, NONE, c->cr3 |= BIT(63))	\
	X(cr3_lam, NONE, NONE, NONE, c->cr3 |= BIT(62))			\
	X(cr3_lam_without_lam, CR3_LAM, GP, NONE,			\
	  c->cr3 |= BIT(62); c->features &= ~(uint32_t)TDP_FEATURE_LAM)	\
	X(pat_3, PAT, GP, NONE, c->pat = 0x0007040600070403)		\
	X(g_pat_8, PAT, VMEXIT_INVALID, NPT, c->pat = 0x0808080808080808) \
	X(pdpte_bit_1, PDPTE, VM_ENTRY, EPT,				\
	  c->efer &= ~(EFER_LME | EFER_LMA); c->pdpte[1] = 0x1003)	\
	X(pdpte_not_present, NONE, NONE, EPT,				\
	  c->efer &= ~(EFER_LME | EFER_LMA); c->pdpte[1] = 0x1002)	\
	X(pdpte_under_npt, NONE, NONE, NPT,				\
	  c->efer &= ~(EFER_LME | EFER_LMA); c->pdpte[1] = 0x1003)	\
	X(eptp_type_1, EPTP_MEMTYPE, VM_FAIL, EPT, c->ept.eptp = 0x100019) \
	X(eptp_type_7, EPTP_MEMTYPE, VM_FAIL, EPT, c->ept.eptp = 0x10001f) \
	X(eptp_type_uc, NONE, NONE, EPT, c->ept.eptp = 0x100018)	\
	X(eptp_type_uc_unsupported, EPTP_MEMTYPE, VM_FAIL, EPT,		\
	  c->ept.eptp = 0x100018; c->ept.cap &= ~TDP_EPT_CAP_UC)	\
	X(eptp_3_levels, EPTP_LEVELS, VM_FAIL, EPT, c->ept.eptp = 0x100016) \
	X(eptp_8_levels, EPTP_LEVELS, VM_FAIL, EPT, c->ept.eptp = 0x10003e) \
	X(eptp_5_levels, NONE, NONE, EPT, c->ept.eptp = 0x100026)	\
	X(eptp_5_levels_unsupported, EPTP_LEVELS, VM_FAIL, EPT,		\
	  c->ept.eptp = 0x100026; c->ept.cap &= ~TDP_EPT_CAP_5_LEVELS)	\
	X(eptp_ad, NONE, NONE, EPT, c->ept.eptp = 0x10005e)		\
	X(eptp_ad_unsupported, EPTP_AD, VM_FAIL, EPT,			\
	  c->ept.eptp = 0x10005e; c->ept.cap &= ~TDP_EPT_CAP_AD)	\
	X(eptp_sss, EPTP_SSS, VM_FAIL, EPT, c->ept.eptp = 0x10009e)	\
	X(eptp_bit_8, EPTP_RESERVED, VM_FAIL, EPT, c->ept.eptp = 0x10011e) \
	X(eptp_bit_11, EPTP_RESERVED, VM_FAIL, EPT, c->ept.eptp = 0x10081e) \
	X(eptp_bit_45, NONE, NONE, EPT, c->ept.eptp = 0x20000010001e)	\
	X(eptp_bit_46, EPTP_RESERVED, VM_FAIL, EPT,			\
	  c->ept.eptp = 0x40000010001e)					\
	X(pml_unaligned, PML_ADDRESS, VM_FAIL, EPT,			\
	  c->ept.ctrl2 = TDP_EPT_CTRL2_PML; c->ept.pml_address = 0x1008) \
	X(pml_index_is_not_checked, NONE, NONE, EPT,			\
	  c->ept.ctrl2 = TDP_EPT_CTRL2_PML; c->ept.pml_index = 0xffff)	\
	X(ve_unaligned, VE_ADDRESS, VM_FAIL, EPT,			\
	  c->ept.ctrl2 = TDP_EPT_CTRL2_VE; c->ept.ve_address = 8)	\
	X(sppt_too_high, SPPT, VM_FAIL, EPT,				\
	  c->ept.ctrl2 = TDP_EPT_CTRL2_SPP; c->ept.sppt = BIT(46))	\
	X(ept_on_amd, EPT_VENDOR, VM_FAIL, EPT, c->vendor = TDP_AMD)	\
	X(npt_on_intel, NPT_VENDOR, VMEXIT_INVALID, NPT,		\
	  c->vendor = TDP_INTEL)					\
	X(np_enable_off, NP_DISABLED, VMEXIT_INVALID, NPT,		\
	  c->npt.control = 0)						\
	X(host_without_paging, HOST_PG, VMEXIT_INVALID, NPT,		\
	  c->npt.cr0 &= ~CR0_PG)					\
	X(host_lma_without_pae, HOST_MODE, VMEXIT_INVALID, NPT,		\
	  c->npt.cr4 &= ~CR4_PAE)					\
	X(ncr3_bit_46, NCR3, VMEXIT_INVALID, NPT, c->npt.ncr3 = BIT(46)) \
	X(ncr3_above_4g_in_a_pae_host, NCR3, VMEXIT_INVALID, NPT,	\
	  c->npt.efer &= ~(EFER_LME | EFER_LMA); c->npt.ncr3 = BIT(32))	\
	X(host_pat_2, HOST_PAT, VMEXIT_INVALID, NPT, c->npt.pat = 2)
/* clang-format on */

#define X(name, rule, refusal, stage2, change)           \
	static void tweak_##name(struct tdp_walk_cpu *c) \
	{                                                \
		change;                                  \
	}
STATES(X)
#undef X

/* clang-format off */
static const struct row {
	const char *name;
	enum tdp_state_rule rule;
	enum tdp_refusal refusal;
	enum tdp_stage2 stage2;
	tweak tweak;
} rows[] = {
#define X(name, rule, refusal, stage2, change)				\
	{ #name, TDP_STATE_##rule, TDP_REFUSAL_##refusal,		\
	  TDP_STAGE2_##stage2, tweak_##name },
	STATES(X)
#undef X
};
/* clang-format on */

static void state_is_judged(void **state)
{
	const struct row *r = *state;
	struct tdp_error err = { 0 };
	struct machine m;

	machine_init(&m, LONG4, r->stage2);
	r->tweak(&m.cpu);
	assert_string_equal(tdp_state_rule_name(tdp_walk_cpu_check(&m.cpu)),
			    tdp_state_rule_name(r->rule));
	assert_int_equal(tdp_state_rule_refusal(r->rule, r->stage2),
			 r->refusal);
	assert_int_equal(tdp_walker_set_cpu(m.walker, &m.cpu, &err),
			 r->rule ? TDP_EINVAL : TDP_OK);
	if (r->rule)
		assert_non_null(
			strstr(err.message, tdp_state_rule_name(r->rule)));
	machine_finish(&m);
}

static void every_rule_has_a_row(void **state)
{
	(void)state;
	for (int rule = 0; rule < TDP_NR_STATE_RULES; rule++) {
		size_t i = 0;

		while (i < sizeof(rows) / sizeof(rows[0]) &&
		       rows[i].rule != (enum tdp_state_rule)rule)
			i++;
		if (i == sizeof(rows) / sizeof(rows[0]))
			fail_msg(
				"no row breaks %s",
				tdp_state_rule_name((enum tdp_state_rule)rule));
	}
}

static void a_refused_state_changes_nothing(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_EPT);
	machine_load(&m);
	m.cpu.cr3 = BIT(50);
	assert_int_equal(tdp_walker_set_cpu(m.walker, &m.cpu, NULL),
			 TDP_EINVAL);
	assert_int_equal(tdp_walker_cpu(m.walker)->cr3, 0x1000);
	machine_finish(&m);
}

static void every_rule_has_words(void **state)
{
	(void)state;
	for (int i = 0; i < TDP_NR_STATE_RULES; i++)
		assert_true(strlen(tdp_state_rule_about(
				    (enum tdp_state_rule)i)) > 5);
	for (int i = 0; i < TDP_NR_REFUSALS; i++)
		assert_string_not_equal(tdp_refusal_name((enum tdp_refusal)i),
					"?");
	assert_string_equal(tdp_state_rule_name(TDP_NR_STATE_RULES), "?");
	assert_string_equal(tdp_refusal_name(TDP_NR_REFUSALS), "?");
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, state_is_judged),
		CASE(every_rule_has_a_row),
		CASE(a_refused_state_changes_nothing),
		CASE(every_rule_has_words),
	};

	return RUN("walk/state", suites);
}
