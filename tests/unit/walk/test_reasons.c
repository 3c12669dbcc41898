/* SPDX-License-Identifier: MIT */
/* Every reason that a walk can give is given here by some access. */
#include "fixture.h"

typedef void (*tweak)(struct tdp_walk_cpu *cpu);

/* clang-format off */
#define TWEAK(name, ...)						\
static void name(struct tdp_walk_cpu *c)				\
{									\
	__VA_ARGS__;							\
}

TWEAK(none, (void)c)
TWEAK(lass, c->cr4 |= CR4_LASS)
TWEAK(lass_smap, c->cr4 |= CR4_LASS | CR4_SMAP)
TWEAK(no_nx, c->efer &= ~EFER_NX)
TWEAK(no_1g, c->features &= ~(uint32_t)TDP_FEATURE_GBPAGES)
TWEAK(no_wp, c->cr0 &= ~CR0_WP)
TWEAK(m36, c->maxphyaddr = c->guest_maxphyaddr = 36)
TWEAK(smep, c->cr4 |= CR4_SMEP)
TWEAK(smap, c->cr4 |= CR4_SMAP)
TWEAK(cet, c->cr4 |= CR4_CET)
TWEAK(pku_ad, c->cr4 |= CR4_PKE, c->pkru = PKR_AD(1))
TWEAK(pku_wd, c->cr4 |= CR4_PKE, c->pkru = PKR_WD(1))
TWEAK(pks_ad, c->cr4 |= CR4_PKS, c->pkrs = PKR_AD(1))
TWEAK(pks_wd, c->cr4 |= CR4_PKS, c->pkrs = PKR_WD(1))
TWEAK(pks_wd_no_wp, pks_wd(c), no_wp(c))
TWEAK(amd, c->vendor = TDP_AMD)
TWEAK(no_pdptes, memset(c->pdpte, 0, sizeof(c->pdpte)))
TWEAK(no_xo, c->ept.cap &= ~TDP_EPT_CAP_EXEC_ONLY)
TWEAK(mbe, c->ept.ctrl2 |= TDP_EPT_CTRL2_MBE)
TWEAK(mbe_no_xo, mbe(c), no_xo(c))
TWEAK(pw, c->ept.ctrl3 |= TDP_EPT_CTRL3_PW)
TWEAK(pw_gpv, pw(c), c->ept.ctrl3 |= TDP_EPT_CTRL3_GPV)
TWEAK(ept_no_1g, c->ept.cap &= ~TDP_EPT_CAP_1G)
TWEAK(ept_no_2m, c->ept.cap &= ~TDP_EPT_CAP_2M)
TWEAK(m52, c->maxphyaddr = c->guest_maxphyaddr = 52)
TWEAK(ept_ad, c->ept.eptp |= EPTP_AD)
TWEAK(ept_sss, cet(c), c->ept.cap |= TDP_EPT_CAP_SSS, c->ept.eptp |= EPTP_SSS)
TWEAK(spp, c->ept.ctrl2 |= TDP_EPT_CTRL2_SPP, c->ept.sppt = 0x110000)
TWEAK(pml_full, ept_ad(c), c->ept.ctrl2 |= TDP_EPT_CTRL2_PML,
      c->ept.pml_index = 512)
TWEAK(host_no_nx, c->npt.efer &= ~EFER_NX)
TWEAK(host_pae, c->npt.efer &= ~(EFER_LME | EFER_LMA), c->npt.ncr3 = 0x101000)
TWEAK(host_legacy, c->npt.efer &= ~(EFER_LME | EFER_LMA),
      c->npt.cr4 = CR4_PSE, c->npt.ncr3 = 0x105000, m36(c))
TWEAK(host_legacy_46, host_legacy(c), c->maxphyaddr = 46)
TWEAK(gmet, c->npt.control |= TDP_NP_GMET)
TWEAK(rogpt, c->npt.control |= TDP_NP_ROGPT)
TWEAK(ssscheck, cet(c), c->npt.control |= TDP_NP_SSSCHECK)
TWEAK(npt_pml_full, c->npt.control |= TDP_NP_PML, c->npt.pml_index = 512)
/* clang-format on */

#define READ(...)                             \
	{                                     \
		.kind = TDP_READ, __VA_ARGS__ \
	}
#define WRITE(...)                             \
	{                                      \
		.kind = TDP_WRITE, __VA_ARGS__ \
	}
#define FETCH(...)                             \
	{                                      \
		.kind = TDP_FETCH, __VA_ARGS__ \
	}
#define SS(...)                                   \
	{                                         \
		.kind = TDP_SS_WRITE, __VA_ARGS__ \
	}
#define U           .user = true
#define IMPLICIT    .user = true, .implicit = true
#define AT(address) .gva = { address }

/* Entries of the baseline, and of a shadow-stack page for supervisors. */
#define PML4E    GUEST, 0x1008
#define PDPTE    GUEST, 0x2010
#define PDE      GUEST, 0x3018
#define PTE      GUEST, 0x4020
#define N4       HOST, 0x100000
#define N3       HOST, 0x101000
#define N2       HOST, 0x102000
#define N1(page) HOST, 0x103000 + 8 * (page)
#define KEY1     FIELD(PTE_KEY, 1)

enum call { ACCESS, STAGE2_TABLE, LOAD_PDPTES };

#define E      TDP_STAGE2_EPT
#define N      TDP_STAGE2_NPT
#define NATIVE TDP_STAGE2_NONE

/* clang-format off */
static const struct row {
	const char *name;
	enum tdp_walk_reason why;
	enum tdp_walk_outcome outcome;
	enum shape shape;
	enum tdp_stage2 stage2;
	tweak tweak;
	struct tdp_walk_access access;
	struct poke poke[6];
	enum call call;
} rows[] = {
#define ROW(title, reason, result)					\
	.name = #title, .why = TDP_WALK_WHY_##reason,			\
	.outcome = TDP_WALK_##result
	{ ROW(baseline, NONE, OK), LONG4, E, none, READ(U) },
	{ ROW(hole_between_the_halves, NOT_CANONICAL, GP), LONG4, NATIVE, none,
	  READ(AT(0x0000800000000000)) },
	{ ROW(lass_user, LASS_USER, GP), LONG4, NATIVE, lass,
	  READ(U, AT(0xffff800000000000)) },
	{ ROW(lass_fetch, LASS_FETCH, GP), LONG4, NATIVE, lass, FETCH() },
	{ ROW(lass_data, LASS_DATA, SS), LONG4, NATIVE, lass_smap,
	  READ(.stack = true) },
	/* entries of the guest */
	{ ROW(pdpte_register_not_present, G_PDPTE_ABSENT, PF), PAE, NATIVE,
	  no_pdptes, READ(U) },
	{ ROW(pte_not_present, G_ABSENT, PF), LONG4, E, none, READ(U),
	  { { PTE, 0xfffffffffffffffe } } },
	{ ROW(bit_46_of_pde, G_RSVD_ADDR, PF), LONG4, E, none, READ(U),
	  { { PDE, 0x400000004027 } } },
	{ ROW(xd_without_nxe, G_RSVD_XD, PF), LONG4, NATIVE, no_nx, READ(U),
	  { { PDE, 0x8000000000004027 } } },
	{ ROW(bit_52_of_a_pae_pte, G_RSVD_HIGH, PF), PAE, NATIVE, none,
	  READ(U), { { PTE, 0x10000000005067 } } },
	{ ROW(ps_in_pml4e, G_RSVD_PS, PF), LONG4, NATIVE, none, READ(U),
	  { { PML4E, 0x20a7 } } },
	{ ROW(ps_in_pdpte_without_1g, G_RSVD_PS, PF), LONG4, NATIVE, no_1g,
	  READ(U), { { PDPTE, 0xe7 } } },
	{ ROW(bit_8_of_pml4e_on_amd, G_RSVD_BIT8, PF), LONG4, NATIVE, amd,
	  READ(U), { { PML4E, 0x2127 } } },
	{ ROW(bit_13_of_a_2m_page, G_RSVD_LARGE, PF), LONG4, NATIVE, none,
	  READ(U), { { PDE, 0x20e7 } } },
	{ ROW(bit_17_of_a_4m_page, G_RSVD_PSE36, PF), LEGACY, NATIVE, m36,
	  READ(U), { { GUEST4, 0x300c, 0x200e7 } } },
	{ ROW(bit_1_of_a_pdpte_under_npt, G_RSVD_PDPTE, PF), PAE, N, none,
	  READ(U), { { PDPTE, 0x3003 } } },
	{ ROW(bit_1_of_a_loaded_pdpte, PDPTE_LOAD, GP), PAE, E, no_pdptes,
	  READ(), { { PDPTE, 0x3003 } }, LOAD_PDPTES },
	/* the guest's rights */
	{ ROW(user_reads_supervisor_page, USER, PF), LONG4, E, none, READ(U),
	  { { PDE, 0x4023 } } },
	{ ROW(user_writes_read_only_page, WRITE_USER, PF), LONG4, E, none,
	  WRITE(U), { { PTE, 0x5065 } } },
	{ ROW(supervisor_writes_read_only_page, WRITE_WP, PF), LONG4, E, none,
	  WRITE(), { { PTE, 0x5065 } } },
	{ ROW(fetch_from_xd_page, FETCH_XD, PF), LONG4, E, none, FETCH(U),
	  { { PTE, 0x8000000000005067 } } },
	{ ROW(supervisor_fetch_from_xd_page, FETCH_XD, PF), LONG4, E, none,
	  FETCH(), { { PTE, 0x8000000000005067 } } },
	{ ROW(smep, SMEP, PF), LONG4, E, smep, FETCH() },
	{ ROW(smap, SMAP, PF), LONG4, E, smap, READ() },
	{ ROW(smap_implicit, SMAP_IMPLICIT, PF), LONG4, E, smap,
	  READ(IMPLICIT) },
	{ ROW(shadow_stack_on_ordinary_page, SHSTK_PAGE, PF), LONG4, E, cet,
	  SS(U) },
	{ ROW(user_shadow_stack_on_supervisor_page, SHSTK_USER, PF), LONG4, E,
	  cet, SS(U), { { PTE, 0x5061 } } },
	{ ROW(supervisor_shadow_stack_on_user_page, SHSTK_SUPERVISOR, PF),
	  LONG4, E, cet, SS(), { { PTE, 0x5065 } } },
	{ ROW(pkru_disables_access, PKU_AD, PF), LONG4, E, pku_ad, READ(U),
	  { { PTE, KEY1 | 0x5067 } } },
	{ ROW(pkru_disables_writes, PKU_WD, PF), LONG4, E, pku_wd, WRITE(U),
	  { { PTE, KEY1 | 0x5067 } } },
	{ ROW(pkrs_disables_access, PKS_AD, PF), LONG4, E, pks_ad, READ(),
	  { { PTE, KEY1 | 0x5063 } } },
	{ ROW(pkrs_disables_writes, PKS_WD, PF), LONG4, E, pks_wd, WRITE(),
	  { { PTE, KEY1 | 0x5063 } } },
	{ ROW(pkrs_writes_pass_without_wp, NONE, OK), LONG4, E, pks_wd_no_wp,
	  WRITE(), { { PTE, KEY1 | 0x5063 } } },
	/* EPT misconfigurations */
	{ ROW(write_without_read, E_W_NOT_R, EPT_MISCONFIG), LONG4, E, none,
	  READ(U), { { N1(5), 0x205032 } } },
	{ ROW(exec_only_unsupported, E_X_ONLY, EPT_MISCONFIG), LONG4, E, no_xo,
	  FETCH(U), { { N1(5), 0x205034 } } },
	{ ROW(user_exec_only_unsupported, E_XU_ONLY, EPT_MISCONFIG), LONG4, E,
	  mbe_no_xo, READ(U), { { N1(5), 0x205430 }, { N1(1), 0x201437 } } },
	{ ROW(paging_write_without_read, E_PWA_NOT_R, EPT_MISCONFIG), LONG4, E,
	  pw, FETCH(U), { { N1(5), 0x400000000205034 } } },
	{ ROW(ept_bit_46, E_RSVD_ADDR, EPT_MISCONFIG), LONG4, E, none, READ(U),
	  { { N1(5), 0x400000205037 } } },
	{ ROW(memory_type_in_a_table_entry, E_RSVD_TABLE, EPT_MISCONFIG), LONG4,
	  E, none, READ(U), { { N2, 0x10300f } } },
	{ ROW(ps_in_ept_pml4e, E_RSVD_TABLE, EPT_MISCONFIG), LONG4, E, none,
	  READ(U), { { N4, 0x101087 } } },
	{ ROW(ept_1g_unsupported, E_RSVD_1G, EPT_MISCONFIG), LONG4, E,
	  ept_no_1g, READ(U), { { N3, 0xb7 } } },
	{ ROW(ept_2m_unsupported, E_RSVD_2M, EPT_MISCONFIG), LONG4, E,
	  ept_no_2m, READ(U), { { N2, 0x2000b7 } } },
	{ ROW(ept_2m_bit_12, E_RSVD_LARGE, EPT_MISCONFIG), LONG4, E, none,
	  READ(U), { { N2, 0x2010b7 } } },
	{ ROW(ept_memory_type_7, E_MEMTYPE, EPT_MISCONFIG), LONG4, E, none,
	  READ(U), { { N1(5), 0x20503f } } },
	/* EPT violations */
	{ ROW(gpa_of_49_bits, E_GPA_WIDTH, EPT_VIOLATION), LONG4, E, m52,
	  READ(U), { { PTE, 0x1000000005067 } } },
	{ ROW(table_gpa_of_49_bits, E_GPA_WIDTH, EPT_VIOLATION), LONG4, E, m52,
	  READ(U), { { PDE, 0x1000000004027 } } },
	{ ROW(ept_not_present, E_ABSENT, EPT_VIOLATION), LONG4, E, none,
	  READ(U), { { N1(5), 0x205030 } } },
	{ ROW(ept_exec_only_read, E_READ, EPT_VIOLATION), LONG4, E, none,
	  READ(U), { { N1(5), 0x205034 } } },
	{ ROW(ept_read_only_write, E_WRITE, EPT_VIOLATION), LONG4, E, none,
	  WRITE(U), { { N1(5), 0x205035 } } },
	{ ROW(ept_no_exec, E_FETCH, EPT_VIOLATION), LONG4, E, none, FETCH(U),
	  { { N1(5), 0x205033 } } },
	{ ROW(ept_no_user_exec, E_FETCH_XU, EPT_VIOLATION), LONG4, E, mbe,
	  FETCH(), { { N1(5), 0x205037 } } },
	{ ROW(ept_no_supervisor_exec, E_FETCH_XS, EPT_VIOLATION), LONG4, E, mbe,
	  FETCH(), { { N1(5), 0x205433 }, { PTE, 0x5063 } } },
	{ ROW(ept_shadow_stack, E_SSS, EPT_VIOLATION), LONG4, E, ept_sss, SS(),
	  { { PTE, 0x5061 } } },
	{ ROW(ept_table_exec_only, E_TABLE_READ, EPT_VIOLATION), LONG4, E, none,
	  READ(U), { { N1(4), 0x204034 } } },
	{ ROW(ept_table_read_only_with_ad, E_TABLE_WRITE, EPT_VIOLATION), LONG4,
	  E, ept_ad, READ(U), { { N1(4), 0x204031 } } },
	{ ROW(ept_table_fetch, E_TABLE_FETCH, EPT_VIOLATION), LONG4, E, none,
	  FETCH(AT(DATA)), { { N1(5), 0x205033 } }, STAGE2_TABLE },
	{ ROW(ept_update_of_read_only_table, E_AD_WRITE, EPT_VIOLATION), LONG4,
	  E, none, READ(U), { { N1(4), 0x204035 }, { PTE, 0x5007 } } },
	{ ROW(ept_pdpte_load_exec_only, E_PDPTE_READ, EPT_VIOLATION), PAE, E,
	  none, READ(), { { N1(2), 0x202034 } }, LOAD_PDPTES },
	{ ROW(ept_guest_paging_verification, E_VERIFY, EPT_VIOLATION), LONG4, E,
	  pw_gpv, READ(U), { { N1(5), 0x200000000205037 } } },
	{ ROW(subpage_denies, E_SUBPAGE, EPT_VIOLATION), LONG4, E, spp,
	  WRITE(U), { { N1(5), 0x2000000000205035 },
		      { HOST, 0x110000, 0x111001 }, { HOST, 0x111000, 0x112001 },
		      { HOST, 0x112000, 0x113001 } } },
	{ ROW(subpage_table_not_present, SPP_MISS, SPP_EVENT), LONG4, E, spp,
	  WRITE(U), { { N1(5), 0x2000000000205035 } } },
	{ ROW(subpage_table_bit_1, SPP_MISCONFIG, SPP_EVENT), LONG4, E, spp,
	  WRITE(U), { { N1(5), 0x2000000000205035 },
		      { HOST, 0x110000, 0x111003 } } },
	{ ROW(subpage_leaf_odd_bit, SPP_MISCONFIG, SPP_EVENT), LONG4, E, spp,
	  WRITE(U), { { N1(5), 0x2000000000205035 },
		      { HOST, 0x110000, 0x111001 }, { HOST, 0x111000, 0x112001 },
		      { HOST, 0x112000, 0x113001 }, { HOST, 0x113028, 3 } } },
	{ ROW(subpage_allows, NONE, OK), LONG4, E, spp,
	  WRITE(U), { { N1(5), 0x2000000000205035 },
		      { HOST, 0x110000, 0x111001 }, { HOST, 0x111000, 0x112001 },
		      { HOST, 0x112000, 0x113001 }, { HOST, 0x113028, 1 } } },
	{ ROW(ept_pml_full, E_PML_FULL, PML_FULL), LONG4, E, pml_full,
	  READ(U) },
	/* nested page faults */
	{ ROW(gpa_beyond_a_pae_host, N_GPA_WIDTH, NPF), LONG4, N, host_pae,
	  READ(U), { { N3, 0x102001 }, { PTE, 0x100005067 } } },
	{ ROW(npt_not_present, N_ABSENT, NPF), LONG4, N, none, READ(U),
	  { { N1(5), 0 } } },
	{ ROW(npt_bit_46, N_RSVD_ADDR, NPF), LONG4, N, none, READ(U),
	  { { N1(5), 0x400000205067 } } },
	{ ROW(npt_nx_without_host_nxe, N_RSVD_NX, NPF), LONG4, N, host_no_nx,
	  READ(U), { { N1(5), 0x8000000000205067 } } },
	{ ROW(npt_pae_bit_52, N_RSVD_HIGH, NPF), LONG4, N, host_pae, READ(U),
	  { { N3, 0x102001 }, { N1(5), 0x10000000205067 } } },
	{ ROW(npt_ps_in_pml4e, N_RSVD_PS, NPF), LONG4, N, none, READ(U),
	  { { N4, 0x1010a7 } } },
	{ ROW(npt_bit_8_of_pml4e, N_RSVD_BIT8, NPF), LONG4, N, none, READ(U),
	  { { N4, 0x101127 } } },
	{ ROW(npt_bit_13_of_a_2m_page, N_RSVD_LARGE, NPF), LONG4, N, none,
	  READ(U), { { N2, 0x2020e7 } } },
	{ ROW(npt_bit_17_of_a_4m_page, N_RSVD_PSE36, NPF), LONG4, N,
	  host_legacy, READ(U), { { HOST, 0x105000, 0x200e7 } } },
	{ ROW(npt_bit_21_of_a_4m_page, N_RSVD_LARGE, NPF), LONG4, N,
	  host_legacy_46, READ(U), { { HOST, 0x105000, 0x2000e7 } } },
	{ ROW(npt_pdpte_bit_1, N_RSVD_PDPTE, NPF), LONG4, N, host_pae, READ(U),
	  { { N3, 0x102003 } } },
	{ ROW(npt_supervisor_page, N_USER, NPF), LONG4, N, none, READ(),
	  { { N1(5), 0x205063 } } },
	{ ROW(npt_read_only_write, N_WRITE, NPF), LONG4, N, none, WRITE(U),
	  { { N1(5), 0x205065 } } },
	{ ROW(npt_fetch_from_nx, N_FETCH_NX, NPF), LONG4, N, none, FETCH(U),
	  { { N1(5), 0x8000000000205067 } } },
	{ ROW(gmet, N_GMET, NPF), LONG4, N, gmet, FETCH() },
	{ ROW(npt_shadow_stack, N_SSS, NPF), LONG4, N, ssscheck, SS(),
	  { { PTE, 0x5061 } } },
	{ ROW(npt_table_supervisor_page, N_TABLE_USER, NPF), LONG4, N, none,
	  READ(U), { { N1(4), 0x204063 } } },
	{ ROW(npt_table_read_only, N_TABLE_WRITE, NPF), LONG4, N, none,
	  READ(U), { { N1(4), 0x204065 } } },
	{ ROW(npt_table_fetch, N_TABLE_FETCH, NPF), LONG4, N, none,
	  FETCH(AT(DATA)), { { N1(5), 0x8000000000205067 } }, STAGE2_TABLE },
	{ ROW(npt_update_of_read_only_table, N_AD_WRITE, NPF), LONG4, N, rogpt,
	  READ(U), { { N1(4), 0x204065 }, { PTE, 0x5007 } } },
	{ ROW(npt_pml_full, N_PML_FULL, PML_FULL), LONG4, N, npt_pml_full,
	  WRITE(U), { { N1(5), 0x205027 } } },
};
/* clang-format on */

static int call(struct machine *m, const struct row *r)
{
	struct tdp_walk_access access = r->access;
	const struct tdp_stage2_access second = {
		.gpa = TDP_GPA(access.gva.addr),
		.kind = access.kind,
		.table = true,
	};

	if (!access.gva.addr)
		access.gva = TDP_GVA(machine_linear(r->shape));
	switch (r->call) {
	case ACCESS:
		return tdp_walk(m->walker, &access, 0, NULL, &m->result);
	case STAGE2_TABLE:
		return tdp_walk_stage2(m->walker, &second, 0, NULL, &m->result);
	case LOAD_PDPTES:
		return tdp_walk_load_pdptes(m->walker, 0, NULL, &m->result);
	}
	return TDP_EINVAL;
}

static void walk_gives(void **state)
{
	const struct row *r = *state;
	struct machine m;

	machine_init(&m, r->shape, r->stage2);
	r->tweak(&m.cpu);
	machine_pokes(&m, r->poke);
	machine_load(&m);
	assert_int_equal(call(&m, r), TDP_OK);
	assert_string_equal(tdp_walk_reason_name(m.result.reason),
			    tdp_walk_reason_name(r->why));
	assert_string_equal(tdp_walk_outcome_name(m.result.outcome),
			    tdp_walk_outcome_name(r->outcome));
	machine_finish(&m);
}

static void every_reason_has_a_row(void **state)
{
	(void)state;
	for (int why = 0; why < TDP_NR_WALK_REASONS; why++) {
		size_t i = 0;

		while (i < sizeof(rows) / sizeof(rows[0]) &&
		       rows[i].why != (enum tdp_walk_reason)why)
			i++;
		if (i == sizeof(rows) / sizeof(rows[0]))
			fail_msg("no row gives %s",
				 tdp_walk_reason_name(
					 (enum tdp_walk_reason)why));
	}
}

static void every_reason_has_words(void **state)
{
	(void)state;
	for (int i = 1; i < TDP_NR_WALK_REASONS; i++) {
		const enum tdp_walk_reason why = (enum tdp_walk_reason)i;

		assert_true(strlen(tdp_walk_reason_name(why)) > 1);
		assert_true(strlen(tdp_walk_reason_about(why)) > 1);
		assert_true(strlen(tdp_walk_reason_source(why)) > 1);
	}
	assert_string_equal(tdp_walk_reason_name(TDP_NR_WALK_REASONS), "?");
	assert_string_equal(tdp_walk_outcome_name(TDP_NR_WALK_OUTCOMES), "?");
	assert_string_equal(tdp_walk_stage_name(TDP_NR_WALK_STAGES), "?");
	assert_string_equal(tdp_walk_table_name(0), "?");
	assert_string_equal(tdp_walk_table_name(5), "PML5");
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, walk_gives),
		CASE(every_reason_has_a_row),
		CASE(every_reason_has_words),
	};

	return RUN("walk/reasons", suites);
}
