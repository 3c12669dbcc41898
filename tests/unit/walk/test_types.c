/* SPDX-License-Identifier: MIT */
/* Memory types of the access and of each reference to a table. */
#include "fixture.h"

static const struct tdp_walk_access read_user = {
	.gva = { LA },
	.kind = TDP_READ,
	.user = true,
};

/* What one access does to types, with the MTRRs' default as given. */
/* clang-format off */
static const struct row {
	const char *name;
	enum tdp_stage2 stage2;
	bool amd;
	int mtrr_default;	/* -1: no MTRRs */
	uint64_t cr0, host_cr0;	/* set in addition */
	uint64_t pat;		/* 0: as after reset */
	struct poke poke[3];
	enum tdp_memtype pat_type, memtype;
} rows[] = {
#define NATIVE	TDP_STAGE2_NONE
#define EPT	TDP_STAGE2_EPT
#define NPT	TDP_STAGE2_NPT
#define PTE	GUEST, 0x4020
#define N1	HOST, 0x103028
	{ "native_wb", NATIVE, false, -1, 0, 0, 0, { { END, 0, 0 } },
	  TDP_MT_WB, TDP_MT_WB },
	{ "native_mtrr_wp_uc_minus", NATIVE, false, TDP_MT_WP, 0, 0, 0,
	  { { PTE, 0x5077 } }, TDP_MT_UC_MINUS, TDP_MT_WC },
	{ "native_amd_uc_minus", NATIVE, true, TDP_MT_WB, 0, 0, 0,
	  { { PTE, 0x5077 } }, TDP_MT_UC_MINUS, TDP_MT_CD },
	{ "native_cr0_cd", NATIVE, false, -1, CR0_CD, 0, 0, { { END, 0, 0 } },
	  TDP_MT_WB, TDP_MT_UC },
	{ "native_amd_cr0_cd", NATIVE, true, -1, CR0_CD, 0, 0,
	  { { END, 0, 0 } }, TDP_MT_WB, TDP_MT_CD },
	{ "pat_bit_of_a_small_page", NATIVE, false, -1, 0, 0,
	  0x0007040100070406, { { PTE, 0x50e7 } }, TDP_MT_WC, TDP_MT_WC },
	{ "pat_bit_of_a_large_page", NATIVE, false, -1, 0, 0,
	  0x0007040100070406, { { GUEST, 0x3018, 0x10e7 } },
	  TDP_MT_WC, TDP_MT_WC },
	{ "mtrrs_do_not_matter_under_ept", EPT, false, TDP_MT_UC, 0, 0, 0,
	  { { END, 0, 0 } }, TDP_MT_WB, TDP_MT_WB },
	{ "ept_wp_uc_minus", EPT, false, -1, 0, 0, 0,
	  { { N1, 0x20502f }, { PTE, 0x5077 } }, TDP_MT_UC_MINUS, TDP_MT_WC },
	{ "ept_ipat", EPT, false, -1, 0, 0, 0,
	  { { N1, 0x205077 }, { PTE, 0x5077 } }, TDP_MT_UC_MINUS, TDP_MT_WB },
	{ "ept_wb_uc_minus", EPT, false, -1, 0, 0, 0, { { PTE, 0x5077 } },
	  TDP_MT_UC_MINUS, TDP_MT_UC },
	{ "ept_cr0_cd", EPT, false, -1, CR0_CD, 0, 0, { { N1, 0x205077 } },
	  TDP_MT_WB, TDP_MT_UC },
	{ "ept_cr0_cd_common_leaf", EPT, false, -1, CR0_CD, 0, 0,
	  { { END, 0, 0 } }, TDP_MT_WB, TDP_MT_UC },
	{ "npt_uc_minus", NPT, true, TDP_MT_WB, 0, 0, 0, { { PTE, 0x5077 } },
	  TDP_MT_UC_MINUS, TDP_MT_CD },
	{ "npt_wc", NPT, true, TDP_MT_WB, 0, 0, 0x0007040600070401,
	  { { END, 0, 0 } }, TDP_MT_WC, TDP_MT_WC_PLUS },
	{ "npt_wc_in_uc_range", NPT, true, TDP_MT_UC, 0, 0,
	  0x0007040600070401, { { END, 0, 0 } }, TDP_MT_WC, TDP_MT_WC },
	{ "npt_host_pcd_pwt", NPT, true, TDP_MT_WB, 0, 0, 0,
	  { { N1, 0x20507f } }, TDP_MT_WB, TDP_MT_CD },
	{ "npt_guest_cr0_cd", NPT, true, -1, CR0_CD, 0, 0, { { END, 0, 0 } },
	  TDP_MT_WB, TDP_MT_CD },
	{ "npt_host_cr0_cd", NPT, true, -1, 0, CR0_CD, 0, { { END, 0, 0 } },
	  TDP_MT_WB, TDP_MT_CD },
};
/* clang-format on */

static void access_has_type(void **state)
{
	const struct row *r = *state;
	struct tdp_mtrr mtrr;
	struct machine m;

	machine_init(&m, LONG4, r->stage2);
	tdp_mtrr_reset(&mtrr, 8, false);
	if (r->mtrr_default >= 0) {
		mtrr.def_type = 0x800 | (uint64_t)r->mtrr_default;
		m.cpu.mtrr = &mtrr;
	}
	if (r->amd)
		m.cpu.vendor = TDP_AMD;
	m.cpu.cr0 |= r->cr0;
	m.cpu.npt.cr0 |= r->host_cr0;
	if (r->pat)
		m.cpu.pat = r->pat;
	machine_pokes(&m, r->poke);
	machine_load(&m);
	machine_access(&m, &read_user);
	assert_string_equal(tdp_walk_reason_name(m.result.reason), "none");
	assert_string_equal(tdp_memtype_name(m.result.pat_type),
			    tdp_memtype_name(r->pat_type));
	assert_string_equal(tdp_memtype_name(m.result.memtype),
			    tdp_memtype_name(r->memtype));
	machine_finish(&m);
}

static struct tdp_walk_ref refs[40];

static const struct tdp_walk_ref *logged(struct machine *m, size_t i)
{
	struct tdp_walk_log log = { .refs = refs, .capacity = 40 };

	machine_load(m);
	tdp_walk(m->walker, &read_user, 0, &log, &m->result);
	assert_true(i < log.count);
	return &refs[i];
}

/* CR3 governs the PML4, the PML4E the PDPT, and so on. */
static void guest_table_has_the_type_its_parent_asks_for(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_NONE);
	m.cpu.cr3 |= CR3_PWT;
	machine_poke(&m, &(struct poke){ GUEST, 0x1008, 0x203f });
	logged(&m, 3);
	assert_int_equal(refs[0].memtype, TDP_MT_WT);
	assert_int_equal(refs[1].memtype, TDP_MT_UC);
	assert_int_equal(refs[2].memtype, TDP_MT_WB);

	m.cpu.cr4 |= CR4_PCIDE;
	assert_int_equal(logged(&m, 0)->memtype, TDP_MT_WB);
	machine_finish(&m);
}

static void ept_tables_have_the_type_of_eptp(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_EPT);
	m.cpu.ept.eptp = 0x100018;
	machine_poke(&m, &(struct poke){ HOST, 0x103008, 0x201027 });
	assert_int_equal(logged(&m, 0)->memtype, TDP_MT_UC);
	assert_int_equal(refs[4].memtype, TDP_MT_WT);
	assert_int_equal(refs[9].memtype, TDP_MT_WB);
	machine_finish(&m);
}

static void nested_tables_use_the_hosts_pat(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_NPT);
	m.cpu.npt.ncr3 |= CR3_PWT;
	machine_poke(&m, &(struct poke){ HOST, 0x100000, 0x10103f });
	logged(&m, 3);
	assert_int_equal(refs[0].memtype, TDP_MT_WT);
	assert_int_equal(refs[1].memtype, TDP_MT_CD);
	assert_int_equal(refs[2].memtype, TDP_MT_WB);
	m.cpu.npt.cr0 |= CR0_CD;
	assert_int_equal(logged(&m, 2)->memtype, TDP_MT_CD);
	machine_finish(&m);
}

static void a_processor_without_pat(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_NONE);
	m.cpu.features &= ~(uint32_t)TDP_FEATURE_PAT;
	machine_poke(&m, &(struct poke){ GUEST, 0x4020, 0x506f });
	machine_load(&m);
	assert_int_equal(machine_access(&m, &read_user)->memtype, TDP_MT_WT);
	machine_poke(&m, &(struct poke){ GUEST, 0x4020, 0x5077 });
	assert_int_equal(machine_access(&m, &read_user)->memtype, TDP_MT_UC);
	machine_finish(&m);
}

static void stage2_alone_has_a_type(void **state)
{
	const struct tdp_stage2_access access = {
		.gpa = { DATA },
		.kind = TDP_READ,
	};
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_EPT);
	machine_poke(&m, &(struct poke){ HOST, 0x103028, 0x205027 });
	machine_load(&m);
	tdp_walk_stage2(m.walker, &access, 0, NULL, &m.result);
	assert_int_equal(m.result.hpa.addr, 0x205008);
	assert_int_equal(m.result.memtype, TDP_MT_WT);
	assert_int_equal(m.result.nested_rights, 15);
	assert_int_equal(m.result.page_shift, 12);
	machine_finish(&m);
}

int main(void)
{
	/* clang-format off */
	static const struct suite suites[] = {
		ROWS(rows, access_has_type),
		CASE(guest_table_has_the_type_its_parent_asks_for),
		CASE(ept_tables_have_the_type_of_eptp),
		CASE(nested_tables_use_the_hosts_pat),
		CASE(a_processor_without_pat),
		CASE(stage2_alone_has_a_type),
	};
	/* clang-format on */

	return RUN("walk/types", suites);
}
