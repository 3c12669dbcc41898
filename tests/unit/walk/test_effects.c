/* SPDX-License-Identifier: MIT */
/* What a walk writes and records: A/D flags, PML, #VE, the log; dry walks. */
#include "fixture.h"

static const struct tdp_walk_access read_user = {
	.gva = { LA },
	.kind = TDP_READ,
	.user = true,
};
static const struct tdp_walk_access write_user = {
	.gva = { LA },
	.kind = TDP_WRITE,
	.user = true,
};

/* Guest and nested tables without any accessed or dirty flag. */
/* clang-format off */
static const struct poke clean_guest[] = {
	{ GUEST, 0x1008, 0x2007 }, { GUEST, 0x2010, 0x3007 },
	{ GUEST, 0x3018, 0x4007 }, { GUEST, 0x4020, 0x5007 }, { END, 0, 0 },
};
static const struct poke clean_npt[] = {
	{ HOST, 0x100000, 0x101007 }, { HOST, 0x101000, 0x102007 },
	{ HOST, 0x102000, 0x103007 }, { HOST, 0x103008, 0x201007 },
	{ HOST, 0x103010, 0x202007 }, { HOST, 0x103018, 0x203007 },
	{ HOST, 0x103020, 0x204007 }, { HOST, 0x103028, 0x205007 },
	{ END, 0, 0 },
};
/* clang-format on */

static void log_lists_24_references_in_order(void **state)
{
	struct tdp_walk_ref refs[32];
	struct tdp_walk_log log = { .refs = refs, .capacity = 32 };
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_EPT);
	machine_load(&m);
	assert_int_equal(tdp_walk(m.walker, &read_user, 0, &log, &m.result),
			 TDP_OK);
	assert_int_equal(log.count, 24);
	for (size_t i = 0; i < log.count; i++) {
		const bool guest = i % 5 == 4;
		const unsigned int target = i < 20 ? 4 - (unsigned int)i / 5 :
						     0;

		assert_int_equal(refs[i].stage,
				 guest ? TDP_WALK_GUEST : TDP_WALK_EPT);
		assert_int_equal(refs[i].level, guest ? target : 4 - i % 5);
		assert_int_equal(refs[i].target, target);
		assert_int_equal(refs[i].memtype, TDP_MT_WB);
		assert_false(refs[i].write);
		assert_int_equal(refs[i].value,
				 machine_read(&m, refs[i].hpa.addr));
	}
	assert_int_equal(refs[4].gpa.addr, 0x1008);
	assert_int_equal(refs[4].hpa.addr, 0x201008);
	assert_int_equal(refs[20].gpa.addr, DATA);
	machine_finish(&m);
}

static void a_full_log_counts_on(void **state)
{
	struct tdp_walk_ref refs[3];
	struct tdp_walk_log log = { .refs = refs, .capacity = 3 };
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_NPT);
	machine_load(&m);
	tdp_walk(m.walker, &read_user, 0, &log, &m.result);
	assert_int_equal(log.count, 24);
	assert_int_equal(refs[2].level, 2);
	machine_finish(&m);
}

static void check_write(const struct tdp_walk_write *w,
			enum tdp_walk_stage stage, unsigned int level,
			uint64_t hpa, uint64_t value)
{
	assert_int_equal(w->stage, stage);
	assert_int_equal(w->level, level);
	assert_int_equal(w->hpa.addr, hpa);
	assert_int_equal(w->value, value);
}

static void guest_flags_are_set_from_the_top(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_NONE);
	machine_pokes(&m, clean_guest);
	machine_load(&m);
	machine_access(&m, &write_user);
	assert_int_equal(m.result.nr_writes, 4);
	check_write(&m.result.writes[0], TDP_WALK_GUEST, 4, 0x1008, 0x2027);
	check_write(&m.result.writes[1], TDP_WALK_GUEST, 3, 0x2010, 0x3027);
	check_write(&m.result.writes[2], TDP_WALK_GUEST, 2, 0x3018, 0x4027);
	check_write(&m.result.writes[3], TDP_WALK_GUEST, 1, 0x4020, 0x5067);
	assert_int_equal(m.result.writes[3].old, 0x5007);
	assert_int_equal(machine_read(&m, 0x4020), 0x5067);

	machine_access(&m, &write_user);
	assert_int_equal(m.result.nr_writes, 0);
	machine_finish(&m);
}

static void a_denied_access_leaves_guest_flags_alone(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_NONE);
	machine_pokes(&m, clean_guest);
	machine_poke(&m, &(struct poke){ GUEST, 0x4020, 0x5005 });
	machine_load(&m);
	machine_access(&m, &write_user);
	assert_int_equal(m.result.outcome, TDP_WALK_PF);
	assert_int_equal(m.result.nr_writes, 0);
	assert_int_equal(machine_read(&m, 0x1008), 0x2007);
	machine_finish(&m);
}

/* A PML4 that is its own PDPT, PD and PT: one entry, used four times. */
static void a_recursive_entry_is_written_once(void **state)
{
	const struct tdp_walk_access access = {
		.kind = TDP_WRITE,
		.user = true,
	};
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_NONE);
	machine_poke(&m, &(struct poke){ GUEST, 0x1000, 0x1007 });
	machine_load(&m);
	machine_access(&m, &access);
	assert_int_equal(m.result.outcome, TDP_WALK_OK);
	assert_int_equal(m.result.hpa.addr, 0x1000);
	assert_int_equal(m.result.nr_writes, 2);
	check_write(&m.result.writes[0], TDP_WALK_GUEST, 4, 0x1000, 0x1027);
	check_write(&m.result.writes[1], TDP_WALK_GUEST, 1, 0x1000, 0x1067);
	machine_finish(&m);
}

static uint64_t checksum(struct machine *m)
{
	uint64_t sum = 0;

	for (uint64_t hpa = 0; hpa < 0x210000; hpa += 8)
		sum = sum * 31 + machine_read(m, hpa);
	return sum;
}

static void check_same(const struct tdp_walk_result *a,
		       const struct tdp_walk_result *b)
{
	assert_memory_equal(a, b, offsetof(struct tdp_walk_result, writes));
	for (unsigned int i = 0; i < a->nr_writes; i++)
		check_write(&a->writes[i], b->writes[i].stage,
			    b->writes[i].level, b->writes[i].hpa.addr,
			    b->writes[i].value);
	for (unsigned int i = 0; i < a->nr_pml; i++)
		assert_int_equal(a->pml[i].addr, b->pml[i].addr);
}

/* clang-format off */
static const struct dry_row {
	const char *name;
	enum tdp_stage2 stage2;
	bool ad, pml, rogpt, large;
} dry_rows[] = {
	{ "native", TDP_STAGE2_NONE, false, false, false, false },
	{ "ept", TDP_STAGE2_EPT, false, false, false, false },
	{ "ept_ad", TDP_STAGE2_EPT, true, false, false, false },
	{ "ept_pml", TDP_STAGE2_EPT, true, true, false, false },
	{ "ept_2m", TDP_STAGE2_EPT, false, false, false, true },
	{ "ept_ad_pml_2m", TDP_STAGE2_EPT, true, true, false, true },
	{ "npt", TDP_STAGE2_NPT, false, false, false, false },
	{ "npt_pml", TDP_STAGE2_NPT, false, true, false, false },
	{ "npt_rogpt_pml", TDP_STAGE2_NPT, false, true, true, false },
	{ "npt_2m", TDP_STAGE2_NPT, false, false, false, true },
};
/* clang-format on */

static void set_up_dry(struct machine *m, const struct dry_row *r)
{
	machine_init(m, LONG4, r->stage2);
	machine_pokes(m, clean_guest);
	if (r->stage2 == TDP_STAGE2_NPT)
		machine_pokes(m, clean_npt);
	if (r->large)
		machine_poke(
			m, &(struct poke){
				   HOST, 0x102000,
				   0x200000 | BITS(7, 7) | 0x7 |
					   (r->stage2 == TDP_STAGE2_EPT ? 0x30 :
									  0) });
	if (r->ad)
		m->cpu.ept.eptp |= EPTP_AD;
	if (r->pml)
		m->cpu.ept.ctrl2 |= TDP_EPT_CTRL2_PML;
	m->cpu.ept.pml_address = m->cpu.npt.pml_base = 0x120000;
	m->cpu.ept.pml_index = 511;
	m->cpu.npt.pml_index = 511;
	m->cpu.npt.control |= (r->pml ? TDP_NP_PML : 0) |
			      (r->rogpt ? TDP_NP_ROGPT : 0);
	machine_load(m);
}

/* A dry walk tells all that the real one then does, and does nothing. */
static void dry_walk_foretells(void **state)
{
	const struct dry_row *r = *state;
	struct tdp_walk_result dry;
	struct machine m;
	uint64_t before;

	set_up_dry(&m, r);
	memset(&dry, 0, sizeof(dry));
	memset(&m.result, 0, sizeof(m.result));
	before = checksum(&m);
	assert_int_equal(
		tdp_walk(m.walker, &write_user, TDP_WALK_DRY, NULL, &dry),
		TDP_OK);
	assert_int_equal(checksum(&m), before);
	machine_access(&m, &write_user);
	check_same(&dry, &m.result);
	assert_true(m.result.nr_writes >= 4);
	if (r->pml)
		assert_int_equal(m.result.nr_pml, r->large ? 1 : 5);
	machine_finish(&m);
}

/* The log doesn't change what happens, though it takes another path. */
static void logged_walk_is_the_same(void **state)
{
	const struct dry_row *r = *state;
	struct tdp_walk_log log = { 0 };
	struct tdp_walk_result logged;
	struct machine m;

	set_up_dry(&m, r);
	memset(&logged, 0, sizeof(logged));
	memset(&m.result, 0, sizeof(m.result));
	tdp_walk(m.walker, &write_user, TDP_WALK_DRY, &log, &logged);
	machine_access(&m, &write_user);
	check_same(&logged, &m.result);
	assert_int_equal(log.count, logged.guest_reads + logged.nested_reads +
					    logged.nr_writes + logged.nr_pml);

	/* And once more where all entries are common. */
	tdp_walk(m.walker, &write_user, TDP_WALK_DRY, &log, &logged);
	machine_access(&m, &write_user);
	check_same(&logged, &m.result);
	assert_int_equal(m.result.nr_writes, 0);
	machine_finish(&m);
}

static void pml_logs_tables_then_data(void **state)
{
	/* clang-format off */
	static const uint64_t pages[] = {
		0x1000, 0x2000, 0x3000, 0x4000, 0x5000,
	};
	/* clang-format on */
	const struct dry_row row = { .stage2 = TDP_STAGE2_EPT,
				     .ad = true,
				     .pml = true };
	struct machine m;

	(void)state;
	set_up_dry(&m, &row);
	machine_access(&m, &write_user);
	assert_int_equal(m.result.nr_pml, 5);
	for (unsigned int i = 0; i < 5; i++) {
		assert_int_equal(m.result.pml[i].addr, pages[i]);
		assert_int_equal(machine_read(&m, 0x120000 + 8 * (511 - i)),
				 pages[i]);
	}
	assert_int_equal(m.result.pml_index, 506);
	assert_int_equal(tdp_walker_cpu(m.walker)->ept.pml_index, 506);
	machine_finish(&m);
}

static void pml_index_wraps_to_ffff_and_is_full(void **state)
{
	const struct dry_row row = { .stage2 = TDP_STAGE2_EPT,
				     .ad = true,
				     .pml = true };
	struct machine m;

	(void)state;
	set_up_dry(&m, &row);
	m.cpu.ept.pml_index = 0;
	machine_load(&m);
	machine_access(&m, &write_user);
	assert_int_equal(m.result.outcome, TDP_WALK_PML_FULL);
	assert_int_equal(m.result.nr_pml, 1);
	assert_int_equal(m.result.gpa.addr, 0x2010);
	assert_int_equal(tdp_walker_cpu(m.walker)->ept.pml_index, 0xffff);
	machine_finish(&m);
}

/* AMD asks for the index only when a dirty flag is due. */
static void amd_pml_ignores_accessed_flags(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_NPT);
	machine_poke(&m, &(struct poke){ HOST, 0x103028, 0x205007 });
	m.cpu.npt.control |= TDP_NP_PML;
	m.cpu.npt.pml_index = 512;
	machine_load(&m);
	machine_access(&m, &read_user);
	assert_int_equal(m.result.outcome, TDP_WALK_OK);
	assert_int_equal(m.result.nr_writes, 1);
	machine_finish(&m);
}

static void set_up_ve(struct machine *m)
{
	machine_init(m, LONG4, TDP_STAGE2_EPT);
	machine_poke(m, &(struct poke){ HOST, 0x103028, 0 });
	m->cpu.ept.ctrl2 |= TDP_EPT_CTRL2_VE;
	m->cpu.ept.ve_address = 0x130000;
	m->cpu.ept.eptp_index = 0x1234;
	machine_load(m);
}

static void ve_fills_its_area_once(void **state)
{
	struct machine m;

	(void)state;
	set_up_ve(&m);
	machine_access(&m, &read_user);
	assert_int_equal(m.result.outcome, TDP_WALK_VE);
	assert_int_equal(machine_read(&m, 0x130000), 0xffffffff00000030);
	assert_int_equal(machine_read(&m, 0x130008), 0x181);
	assert_int_equal(machine_read(&m, 0x130010), LA);
	assert_int_equal(machine_read(&m, 0x130018), DATA);
	assert_int_equal(machine_read(&m, 0x130020), 0x1234);

	/* The area is busy until the guest clears the second dword. */
	machine_access(&m, &read_user);
	assert_int_equal(m.result.outcome, TDP_WALK_EPT_VIOLATION);
	machine_finish(&m);
}

static void dry_ve_leaves_its_area(void **state)
{
	struct machine m;

	(void)state;
	set_up_ve(&m);
	tdp_walk(m.walker, &read_user, TDP_WALK_DRY, NULL, &m.result);
	assert_int_equal(m.result.outcome, TDP_WALK_VE);
	assert_int_equal(machine_read(&m, 0x130000), 0);
	machine_finish(&m);
}

/* clang-format off */
static const struct no_ve_row {
	const char *name;
	bool vectoring, suppressed, real_mode;
} no_ve_rows[] = {
	{ "during_event_delivery", true, false, false },
	{ "suppressed_by_bit_63", false, true, false },
	{ "outside_protected_mode", false, false, true },
};
/* clang-format on */

static void violation_stays_an_exit(void **state)
{
	const struct no_ve_row *r = *state;
	struct tdp_walk_access access = read_user;
	struct machine m;

	set_up_ve(&m);
	m.cpu.ept.vectoring = r->vectoring;
	if (r->suppressed)
		machine_poke(&m, &(struct poke){ HOST, 0x103028, BIT(63) });
	if (r->real_mode) {
		machine_set_mode(&m.cpu, NO_PAGING);
		m.cpu.cr0 &= ~CR0_PE;
		access.gva = TDP_GVA(DATA);
	}
	machine_load(&m);
	machine_access(&m, &access);
	assert_int_equal(m.result.outcome, TDP_WALK_EPT_VIOLATION);
	machine_finish(&m);
}

/* Bits 0, 2 of the sub-page entry: the first 256 bytes are writable. */
/* clang-format off */
static const struct spp_row {
	const char *name;
	uint64_t offset;
	unsigned int size;
	enum tdp_walk_outcome outcome;
} spp_rows[] = {
	{ "first_subpage", 0, 8, TDP_WALK_OK },
	{ "last_writable_byte", 255, 1, TDP_WALK_OK },
	{ "two_writable_subpages", 120, 16, TDP_WALK_OK },
	{ "into_the_third", 248, 16, TDP_WALK_EPT_VIOLATION },
	{ "last_subpage", 4088, 8, TDP_WALK_EPT_VIOLATION },
};
/* clang-format on */

static void subpages_cover_the_access(void **state)
{
	const struct spp_row *r = *state;
	const struct tdp_walk_access access = {
		.gva = { (LA & ~UINT64_C(0xfff)) + r->offset },
		.kind = TDP_WRITE,
		.user = true,
		.size = r->size,
	};
	/* clang-format off */
	static const struct poke tables[] = {
		{ HOST, 0x103028, 0x2000000000205035 },
		{ HOST, 0x110000, 0x111001 }, { HOST, 0x111000, 0x112001 },
		{ HOST, 0x112000, 0x113001 }, { HOST, 0x113028, 5 },
		{ END, 0, 0 },
	};
	/* clang-format on */
	struct machine m;

	machine_init(&m, LONG4, TDP_STAGE2_EPT);
	machine_pokes(&m, tables);
	m.cpu.ept.ctrl2 |= TDP_EPT_CTRL2_SPP;
	m.cpu.ept.sppt = 0x110000;
	machine_load(&m);
	machine_access(&m, &access);
	assert_int_equal(m.result.outcome, r->outcome);
	machine_finish(&m);
}

static void an_access_across_pages_is_refused(void **state)
{
	const struct tdp_walk_access access = {
		.gva = { LA | 0xffc },
		.size = 8,
	};
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_NONE);
	machine_load(&m);
	assert_int_equal(tdp_walk(m.walker, &access, 0, NULL, &m.result),
			 TDP_EINVAL);
	machine_finish(&m);
}

/* A hole in a PDPTE table load leaves the registers as they were. */
static void pdptes_load_all_or_none(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, PAE, TDP_STAGE2_EPT);
	memset(m.cpu.pdpte, 0, sizeof(m.cpu.pdpte));
	machine_load(&m);
	tdp_walk_load_pdptes(m.walker, 0, NULL, &m.result);
	assert_int_equal(m.result.outcome, TDP_WALK_OK);
	assert_int_equal(m.result.guest_reads, 4);
	assert_int_equal(m.result.nested_reads, 4);
	assert_int_equal(tdp_walker_cpu(m.walker)->pdpte[2], 0x3001);

	machine_poke(&m, &(struct poke){ GUEST, 0x2008, 0x9021 });
	machine_poke(&m, &(struct poke){ GUEST, 0x2010, 0x8001 });
	tdp_walk_load_pdptes(m.walker, 0, NULL, &m.result);
	assert_int_equal(m.result.outcome, TDP_WALK_GP);
	assert_int_equal(m.result.guest_reads, 2);
	assert_int_equal(tdp_walker_cpu(m.walker)->pdpte[2], 0x3001);
	machine_finish(&m);
}

static void only_pdpte_registers_can_be_loaded(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, PAE, TDP_STAGE2_NPT);
	machine_load(&m);
	assert_int_equal(tdp_walk_load_pdptes(m.walker, 0, NULL, &m.result),
			 TDP_EINVAL);
	machine_finish(&m);
	machine_init(&m, LONG4, TDP_STAGE2_EPT);
	machine_load(&m);
	assert_int_equal(tdp_walk_load_pdptes(m.walker, 0, NULL, &m.result),
			 TDP_EINVAL);
	machine_finish(&m);
}

int main(void)
{
	/* clang-format off */
	static const struct suite suites[] = {
		CASE(log_lists_24_references_in_order),
		CASE(a_full_log_counts_on),
		CASE(guest_flags_are_set_from_the_top),
		CASE(a_denied_access_leaves_guest_flags_alone),
		CASE(a_recursive_entry_is_written_once),
		ROWS(dry_rows, dry_walk_foretells),
		ROWS(dry_rows, logged_walk_is_the_same),
		CASE(pml_logs_tables_then_data),
		CASE(pml_index_wraps_to_ffff_and_is_full),
		CASE(amd_pml_ignores_accessed_flags),
		CASE(ve_fills_its_area_once),
		CASE(dry_ve_leaves_its_area),
		ROWS(no_ve_rows, violation_stays_an_exit),
		ROWS(spp_rows, subpages_cover_the_access),
		CASE(an_access_across_pages_is_refused),
		CASE(pdptes_load_all_or_none),
		CASE(only_pdpte_registers_can_be_loaded),
	};
	/* clang-format on */

	return RUN("walk/effects", suites);
}
