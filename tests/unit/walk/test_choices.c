/* SPDX-License-Identifier: MIT */
/*
 * Each choice that the manuals leave open: what the default gives, and what
 * the option makes of it.  And the addresses before any walk: LAM, UAI, modes.
 */
#include "fixture.h"

static const struct tdp_walk_access read_user = {
	.gva = { LA },
	.kind = TDP_READ,
	.user = true,
};

static const struct tdp_walk_result *redo(struct machine *m,
					  const struct tdp_walk_access *access)
{
	machine_load(m);
	return machine_access(m, access);
}

/* The page of data is unmapped, and the PTE lacks A. */
static void guest_flags_before_the_final_exit(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_EPT);
	machine_poke(&m, &(struct poke){ HOST, 0x103028, 0 });
	machine_poke(&m, &(struct poke){ GUEST, 0x4020, 0x5007 });
	m.cpu.choices.ad_after_final = true;
	assert_int_equal(redo(&m, &read_user)->nr_writes, 0);
	m.cpu.choices.ad_after_final = false;
	assert_int_equal(redo(&m, &read_user)->nr_writes, 1);
	assert_int_equal(m.result.outcome, TDP_WALK_EPT_VIOLATION);
	machine_finish(&m);
}

static void ad_after_final_still_sets_them(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_EPT);
	machine_poke(&m, &(struct poke){ GUEST, 0x4020, 0x5007 });
	m.cpu.choices.ad_after_final = true;
	assert_int_equal(redo(&m, &read_user)->nr_writes, 1);
	assert_int_equal(m.result.outcome, TDP_WALK_OK);
	assert_int_equal(m.result.hpa.addr, 0x205008);
	machine_finish(&m);
}

static void upper_accessed_flags_of_a_faulting_walk(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_NONE);
	machine_poke(&m, &(struct poke){ GUEST, 0x1008, 0x2007 });
	machine_poke(&m, &(struct poke){ GUEST, 0x4020, 0 });
	assert_int_equal(redo(&m, &read_user)->nr_writes, 0);
	m.cpu.choices.a_while_walking = true;
	assert_int_equal(redo(&m, &read_user)->nr_writes, 1);
	assert_int_equal(m.result.outcome, TDP_WALK_PF);
	assert_int_equal(machine_read(&m, 0x1008), 0x2027);
	machine_finish(&m);
}

static void accessed_flag_while_walking_may_exit(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_EPT);
	machine_poke(&m, &(struct poke){ HOST, 0x103008, 0x201035 });
	machine_poke(&m, &(struct poke){ GUEST, 0x1008, 0x2007 });
	machine_poke(&m, &(struct poke){ GUEST, 0x4020, 0 });
	m.cpu.choices.a_while_walking = true;
	assert_int_equal(redo(&m, &read_user)->reason, TDP_WALK_WHY_E_AD_WRITE);
	assert_int_equal(m.result.gpa.addr, 0x1008);
	machine_finish(&m);
}

static void read_modify_write_in_the_qualification(void **state)
{
	const struct tdp_walk_access rmw = {
		.gva = { LA },
		.kind = TDP_RMW,
		.user = true,
	};
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_EPT);
	machine_poke(&m, &(struct poke){ HOST, 0x103028, 0x205031 });
	assert_int_equal(redo(&m, &rmw)->info, 0x18b);
	m.cpu.choices.rmw_write_only = true;
	assert_int_equal(redo(&m, &rmw)->info, 0x18a);
	machine_finish(&m);
}

static void paging_write_and_upper_levels(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_EPT);
	machine_poke(&m, &(struct poke){ HOST, 0x102000, 0x103005 });
	machine_poke(&m, &(struct poke){ HOST, 0x103020, 0x0400000000204037 });
	machine_poke(&m, &(struct poke){ GUEST, 0x4020, 0x5007 });
	m.cpu.ept.ctrl3 |= TDP_EPT_CTRL3_PW;
	assert_int_equal(redo(&m, &read_user)->reason, TDP_WALK_WHY_E_AD_WRITE);
	m.cpu.choices.pw_any_upper = true;
	assert_int_equal(redo(&m, &read_user)->reason, TDP_WALK_WHY_NONE);
	machine_finish(&m);
}

static void ve_for_a_gpa_that_is_too_wide(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_EPT);
	machine_poke(&m, &(struct poke){ GUEST, 0x4020, 0x1000000005067 });
	m.cpu.maxphyaddr = m.cpu.guest_maxphyaddr = 52;
	m.cpu.ept.ctrl2 |= TDP_EPT_CTRL2_VE;
	m.cpu.ept.ve_address = 0x130000;
	assert_int_equal(redo(&m, &read_user)->outcome, TDP_WALK_EPT_VIOLATION);
	m.cpu.choices.ve_gpa_width = true;
	assert_int_equal(redo(&m, &read_user)->outcome, TDP_WALK_VE);
	machine_finish(&m);
}

static void nested_tables_that_are_too_narrow(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_NPT);
	machine_poke(&m, &(struct poke){ GUEST, 0x4020, 0x1000000005067 });
	m.cpu.maxphyaddr = m.cpu.guest_maxphyaddr = 52;
	assert_int_equal(redo(&m, &read_user)->reason,
			 TDP_WALK_WHY_N_GPA_WIDTH);
	assert_int_equal(m.result.info, 0x100000004);
	m.cpu.choices.npt_truncate = true;
	assert_int_equal(redo(&m, &read_user)->hpa.addr, 0x205008);
	machine_finish(&m);
}

static void gmet_and_the_us_bit(void **state)
{
	const struct tdp_walk_access fetch = {
		.gva = { LA },
		.kind = TDP_FETCH,
	};
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_NPT);
	m.cpu.npt.control |= TDP_NP_GMET;
	assert_int_equal(redo(&m, &fetch)->info, 0x100000015);
	m.cpu.choices.gmet_us_by_cpl = true;
	assert_int_equal(redo(&m, &fetch)->info, 0x100000011);
	machine_finish(&m);
}

static void nested_fetches_without_nx_and_smep(void **state)
{
	const struct tdp_walk_access fetch = {
		.gva = { LA },
		.kind = TDP_FETCH,
		.user = true,
	};
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_NPT);
	machine_poke(&m, &(struct poke){ HOST, 0x103028, 0 });
	m.cpu.npt.efer &= ~EFER_NX;
	assert_int_equal(redo(&m, &fetch)->info, 0x100000004);
	m.cpu.choices.npf_id_always = true;
	assert_int_equal(redo(&m, &fetch)->info, 0x100000014);
	m.cpu.choices.npf_id_always = false;
	m.cpu.npt.cr4 |= CR4_SMEP;
	assert_int_equal(redo(&m, &fetch)->info, 0x100000014);
	machine_finish(&m);
}

static void amd_pdptes_in_registers_or_memory(void **state)
{
	const struct tdp_walk_access access = {
		.gva = { LA_PAE },
		.kind = TDP_READ,
		.user = true,
	};
	struct machine m;

	(void)state;
	machine_init(&m, PAE, TDP_STAGE2_NONE);
	m.cpu.vendor = TDP_AMD;
	memset(m.cpu.pdpte, 0, sizeof(m.cpu.pdpte));
	assert_int_equal(redo(&m, &access)->guest_reads, 3);
	m.cpu.choices.amd_pdpte_registers = true;
	assert_int_equal(redo(&m, &access)->reason,
			 TDP_WALK_WHY_G_PDPTE_ABSENT);
	tdp_walk_load_pdptes(m.walker, 0, NULL, &m.result);
	assert_int_equal(machine_access(&m, &access)->guest_reads, 2);
	machine_finish(&m);
}

/* Bits of CR3 (61, 62), CR4 (28), EFER (20), and what becomes of a pointer. */
/* clang-format off */
static const struct linear_row {
	const char *name;
	uint64_t pointer;
	uint64_t linear;	/* 0: #GP */
	uint64_t cr3, cr4, efer;
	enum tdp_access_kind kind;
	bool untagged, implicit, compat;
} linear_rows[] = {
	{ "u48_drops_bits_62_48", 0x7fff000000001000, 0x1000,
	  CR3_LAM_U48, 0, 0, TDP_READ, false, false, false },
	{ "u57_keeps_bit_47", 0x7e00800000000000, 0,
	  CR3_LAM_U57, 0, 0, TDP_READ, false, false, false },
	{ "u57_drops_bits_62_57", 0x7e00000000001000, 0x1000,
	  CR3_LAM_U57, 0, 0, TDP_READ, false, false, false },
	{ "u57_wins_over_u48", 0x0100000000001000, 0,
	  CR3_LAM_U57 | CR3_LAM_U48, 0, 0, TDP_READ, false, false, false },
	{ "sup_4_levels", 0x8000800000000000, 0xffff800000000000,
	  0, CR4_LAM_SUP, 0, TDP_READ, false, false, false },
	{ "sup_needs_bit_47", 0x8000000000000000, 0,
	  0, CR4_LAM_SUP, 0, TDP_READ, false, false, false },
	{ "sup_5_levels", 0x8100000000000000, 0xff00000000000000,
	  0, CR4_LAM_SUP | CR4_LA57, 0, TDP_READ, false, false, false },
	{ "sup_leaves_user_pointers", 0x7fff000000001000, 0,
	  0, CR4_LAM_SUP, 0, TDP_READ, false, false, false },
	{ "no_lam_for_fetches", 0x7e00000000001000, 0,
	  CR3_LAM_U57, 0, 0, TDP_FETCH, false, false, false },
	{ "no_lam_for_implicit_accesses", 0x7e00000000001000, 0,
	  CR3_LAM_U57, 0, 0, TDP_READ, false, true, false },
	{ "no_lam_for_invlpg", 0x7e00000000001000, 0,
	  CR3_LAM_U57, 0, 0, TDP_READ, true, false, false },
	{ "uai_drops_bits_63_57", 0xfe00000000001000, 0x1000,
	  0, 0, EFER_UAIE, TDP_READ, false, false, false },
	{ "uai_keeps_bit_56", 0xff00000000001000, 0,
	  0, 0, EFER_UAIE, TDP_READ, false, false, false },
	{ "la57_is_wider", 0x00ff000000001000, 0x00ff000000001000,
	  0, CR4_LA57, 0, TDP_READ, false, false, false },
	{ "compatibility_mode_cuts", 0xffffffff80001000, 0x80001000,
	  0, 0, 0, TDP_READ, false, false, true },
};
/* clang-format on */

static void linear_address(void **state)
{
	const struct linear_row *r = *state;
	const struct tdp_walk_access access = {
		.gva = { r->pointer },
		.kind = r->kind,
		.untagged = r->untagged,
		.implicit = r->implicit,
	};
	struct machine m;

	machine_init(&m, LONG4, TDP_STAGE2_NONE);
	if (r->efer & EFER_UAIE)
		tdp_walk_cpu_init(&m.cpu, TDP_AMD);
	m.cpu.cr3 = 0x1000 | r->cr3;
	m.cpu.cr4 |= r->cr4;
	m.cpu.efer |= r->efer;
	m.cpu.compat = r->compat;
	redo(&m, &access);
	if (r->linear) {
		assert_int_equal(m.result.outcome, TDP_WALK_PF);
		assert_int_equal(m.result.gva.addr, r->linear);
	} else {
		assert_int_equal(m.result.reason, TDP_WALK_WHY_NOT_CANONICAL);
	}
	machine_finish(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		CASE(guest_flags_before_the_final_exit),
		CASE(ad_after_final_still_sets_them),
		CASE(upper_accessed_flags_of_a_faulting_walk),
		CASE(accessed_flag_while_walking_may_exit),
		CASE(read_modify_write_in_the_qualification),
		CASE(paging_write_and_upper_levels),
		CASE(ve_for_a_gpa_that_is_too_wide),
		CASE(nested_tables_that_are_too_narrow),
		CASE(gmet_and_the_us_bit),
		CASE(nested_fetches_without_nx_and_smep),
		CASE(amd_pdptes_in_registers_or_memory),
		ROWS(linear_rows, linear_address),
	};

	return RUN("walk/choices", suites);
}
