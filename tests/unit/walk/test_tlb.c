/* SPDX-License-Identifier: MIT */
/*
 * What is remembered: how many reads each structure saves, which operation
 * makes it forget, and that a stale translation can be seen.
 */
#include <stdlib.h>

#include "fixture.h"
#include "tdpsim/tlb.h"

#define PART(name) (1u << TDP_TLB_PART_##name)
#define ALL_PARTS  ((1u << TDP_NR_TLB_PARTS) - 1)

static struct tdp_tlb *make_tlb(unsigned int parts)
{
	struct tdp_tlb_config config = { 0 };
	struct tdp_tlb *tlb;

	for (int p = 0; p < TDP_NR_TLB_PARTS; p++)
		if (parts >> p & 1)
			config.part[p] = (struct tdp_cache_shape){
				.sets = 3,
				.ways = 16,
			};
	assert_int_equal(tdp_tlb_create(&config, &tlb, NULL), TDP_OK);
	return tlb;
}

static void finish(struct machine *m, struct tdp_tlb *tlb)
{
	tdp_walker_attach_tlb(m->walker, NULL, 0);
	tdp_tlb_destroy(tlb);
	machine_finish(m);
}

static uint64_t page_of(uint64_t la)
{
	return la & ~UINT64_C(0xfff);
}

/*
 * A walk of one page after one of another page of the same table: what is
 * left to read (the table of hit points).
 */
/* clang-format off */
static const struct cost_row {
	const char *name;
	unsigned int parts;
	bool same_page;
	unsigned int reads;
} cost_rows[] = {
	{ "nothing_remembered", 0, true, 24 },
	{ "tlb_hit", PART(TLB), true, 0 },
	{ "tlb_miss", PART(TLB), false, 24 },
	{ "pde_hit", PART(PDE), false, 9 },
	{ "pdpte_hit", PART(PDPTE), false, 14 },
	{ "pml4e_hit", PART(PML4E), false, 19 },
	{ "lowest_level_counts", PART(PDE) | PART(PDPTE) | PART(PML4E), false,
	  9 },
	{ "nested_tlb_tables_hit_data_misses", PART(NESTED_TLB), false, 8 },
	{ "nested_tlb_hits_everywhere", PART(NESTED_TLB), true, 4 },
	{ "pde_and_nested_tlb_for_the_table", PART(PDE) | PART(NESTED_TLB),
	  false, 5 },
	{ "pde_and_nested_tlb_for_both", PART(PDE) | PART(NESTED_TLB), true,
	  1 },
	{ "nested_pde_covers_all_but_the_last_level", PART(NESTED_PDE), false,
	  9 },
	{ "page_walk_cache_skips_no_step", PART(PAGE_WALK), true, 24 },
};
/* clang-format on */

static void walk_reads(void **state)
{
	const struct cost_row *r = *state;
	struct tdp_walk_access access = {
		.gva = { LA },
		.kind = TDP_READ,
		.user = true,
	};
	struct tdp_tlb *tlb = make_tlb(r->parts);
	struct machine m;

	machine_init(&m, LONG4, TDP_STAGE2_EPT);
	machine_poke(&m, &(struct poke){ GUEST, 0x4028, 0x6067 });
	machine_load(&m);
	tdp_walker_attach_tlb(m.walker, tlb, 1);
	machine_access(&m, &access);
	/* Later second-stage walks of the same access gain already. */
	assert_int_equal(m.result.guest_reads + m.result.nested_reads,
			 r->parts == PART(NESTED_PDE) ? 12 : 24);
	if (!r->same_page)
		access.gva.addr += 0x1000;
	machine_access(&m, &access);
	assert_int_equal(m.result.outcome, TDP_WALK_OK);
	assert_int_equal(m.result.hpa.addr, r->same_page ? 0x205008 : 0x206008);
	assert_int_equal(m.result.guest_reads + m.result.nested_reads,
			 r->reads);
	if (r->parts == PART(PAGE_WALK))
		assert_int_equal(m.result.cached.entries, 24);
	finish(&m, tlb);
}

/*
 * Which of a page's translations survive an operation.  One page is global;
 * the tables of both stages are changed, so a walk that still gives the old
 * answer must come from memory of it.
 */
/* clang-format off */
static const struct flush_row {
	const char *name;
	struct tdp_flush flush;
	unsigned int parts;
	bool global;
	bool amd;
	bool survives;
} flush_rows[] = {
#define ADDRESS	.address = { LA }
#define OTHER	.address = { LA + 0x1000 }
#define F(name)	.kind = TDP_FLUSH_##name
	{ "invlpg", { F(INVLPG), ADDRESS }, PART(TLB), false, false, false },
	{ "invlpg_global", { F(INVLPG), ADDRESS }, PART(TLB), true, false,
	  false },
	{ "invlpg_of_another_page", { F(INVLPG), OTHER }, PART(TLB), false,
	  false, true },
	{ "invlpg_of_another_page_drops_tables", { F(INVLPG), OTHER },
	  PART(PDE), false, false, false },
	{ "invlpg_keeps_guest_physical", { F(INVLPG), ADDRESS },
	  PART(NESTED_TLB), false, false, true },
	{ "invpcid_address", { F(INVPCID_ADDRESS), ADDRESS, .pcid = 0 },
	  PART(TLB), false, false, false },
	{ "invpcid_address_keeps_global",
	  { F(INVPCID_ADDRESS), ADDRESS, .pcid = 0 }, PART(TLB), true, false,
	  true },
	{ "invpcid_address_of_another_pcid",
	  { F(INVPCID_ADDRESS), ADDRESS, .pcid = 5 }, PART(TLB), false, false,
	  true },
	{ "invpcid_context", { F(INVPCID_CONTEXT), .pcid = 0 }, PART(TLB),
	  false, false, false },
	{ "invpcid_context_of_another", { F(INVPCID_CONTEXT), .pcid = 5 },
	  PART(TLB), false, false, true },
	{ "invpcid_all_keeps_global", { F(INVPCID_ALL) }, PART(TLB), true,
	  false, true },
	{ "invpcid_all", { F(INVPCID_ALL) }, PART(TLB), false, false, false },
	{ "invpcid_all_global", { F(INVPCID_ALL_GLOBAL) }, PART(TLB), true,
	  false, false },
	{ "invvpid_address", { F(INVVPID_ADDRESS), ADDRESS, .vpid = 1 },
	  PART(TLB), false, false, false },
	{ "invvpid_address_of_another", { F(INVVPID_ADDRESS), ADDRESS,
					  .vpid = 2 },
	  PART(TLB), false, false, true },
	{ "invvpid_context", { F(INVVPID_CONTEXT), .vpid = 1 }, PART(TLB),
	  true, false, false },
	{ "invvpid_keep_global", { F(INVVPID_KEEP_GLOBAL), .vpid = 1 },
	  PART(TLB), true, false, true },
	{ "invvpid_all", { F(INVVPID_ALL) }, PART(TLB) | PART(PDE), false,
	  false, false },
	{ "invvpid_keeps_guest_physical", { F(INVVPID_ALL) },
	  PART(NESTED_TLB), false, false, true },
	{ "invept_context", { F(INVEPT_CONTEXT), .root = 0x10001e },
	  PART(TLB), true, false, false },
	{ "invept_context_ignores_low_bits",
	  { F(INVEPT_CONTEXT), .root = 0x10005e },
	  PART(TLB) | PART(NESTED_TLB), false, false, false },
	{ "invept_context_of_another", { F(INVEPT_CONTEXT), .root = 0x20001e },
	  PART(NESTED_TLB), false, false, true },
	{ "invept_all", { F(INVEPT_ALL) },
	  PART(TLB) | PART(NESTED_TLB) | PART(NESTED_PDE), false, false,
	  false },
	{ "vm_transition_is_for_vpid_0", { F(VM_TRANSITION) }, PART(TLB),
	  false, false, true },
	{ "invlpga", { F(INVLPGA), ADDRESS, .vpid = 1 }, PART(TLB), true, true,
	  false },
	{ "invlpga_of_another_asid", { F(INVLPGA), ADDRESS, .vpid = 2 },
	  PART(TLB), false, true, true },
	{ "tlb_control_all", { F(TLB_CONTROL_ALL) }, ALL_PARTS, true, true,
	  false },
	{ "tlb_control_asid", { F(TLB_CONTROL_ASID), .vpid = 1 }, ALL_PARTS,
	  true, true, false },
	{ "tlb_control_of_another_asid", { F(TLB_CONTROL_ASID), .vpid = 2 },
	  PART(TLB), false, true, true },
	{ "tlb_control_non_global", { F(TLB_CONTROL_NON_GLOBAL), .vpid = 1 },
	  PART(TLB), true, true, true },
	{ "invlpg_drops_the_page_walk_cache", { F(INVLPG), OTHER },
	  PART(PAGE_WALK), false, true, false },
};
/* clang-format on */

static void set_up_pages(struct machine *m, const struct flush_row *r)
{
	const uint64_t flags = r->global ? 0x167 : 0x67;

	machine_init(m, LONG4, r->amd ? TDP_STAGE2_NPT : TDP_STAGE2_EPT);
	machine_poke(m, &(struct poke){ GUEST, 0x4020, 0x5000 | flags });
	machine_load(m);
}

/* Move the page in both stages; the guest's new page table is at 7000h. */
static void change_tables(struct machine *m, bool amd)
{
	machine_poke(m, &(struct poke){ GUEST, 0x7020, 0x5067 });
	machine_poke(m, &(struct poke){ GUEST, 0x3018, 0x7027 });
	machine_poke(
		m, &(struct poke){ HOST, 0x103028, amd ? 0x209067 : 0x209037 });
}

static void survives(void **state)
{
	const struct flush_row *r = *state;
	const struct tdp_walk_access access = {
		.gva = { LA },
		.kind = TDP_READ,
		.user = true,
	};
	struct tdp_tlb *tlb = make_tlb(r->parts);
	struct machine m;

	set_up_pages(&m, r);
	tdp_walker_attach_tlb(m.walker, tlb, 1);
	machine_access(&m, &access);
	change_tables(&m, r->amd);
	tdp_walker_flush(m.walker, &r->flush);
	assert_int_equal(tdp_walk(m.walker, &access, TDP_WALK_CHECK_STALE, NULL,
				  &m.result),
			 TDP_OK);
	assert_int_equal(m.result.outcome, TDP_WALK_OK);
	assert_int_equal(m.result.hpa.addr, r->survives ? 0x205008 : 0x209008);
	assert_int_equal(m.result.cached.stale, r->survives);
	finish(&m, tlb);
}

/* Writes to control registers, and what they leave. */
/* clang-format off */
static const struct cr_row {
	const char *name;
	unsigned int cr;
	uint64_t set, clear;	/* relative to the present value */
	uint64_t before;	/* CR4 bits that are set from the start */
	bool global;
	bool survives;
} cr_rows[] = {
	{ "cr3", 3, 0, 0, 0, false, false },
	{ "cr3_keeps_global", 3, 0, 0, 0, true, true },
	{ "cr3_keeps_all_if_asked", 3, BIT(63), 0, CR4_PCIDE, false, true },
	{ "cr3_forgets_its_pcid", 3, 0, 0, CR4_PCIDE, false, false },
	{ "cr3_keeps_another_pcid", 3, 5, 0, CR4_PCIDE, false, true },
	{ "cr4_pge", 4, 0, CR4_PGE, 0, true, false },
	{ "cr4_pcide_off", 4, 0, CR4_PCIDE, CR4_PCIDE, true, false },
	{ "cr4_pcide_on", 4, CR4_PCIDE, 0, 0, true, true },
	{ "cr4_smep_on", 4, CR4_SMEP, 0, 0, true, false },
	{ "cr4_smep_off", 4, 0, CR4_SMEP, CR4_SMEP, false, true },
	{ "cr4_smap_on", 4, CR4_SMAP, 0, 0, false, true },
	{ "cr0_wp", 0, 0, CR0_WP, 0, false, true },
};
/* clang-format on */

static uint64_t control_register(const struct machine *m, unsigned int cr)
{
	const struct tdp_walk_cpu *cpu = tdp_walker_cpu(m->walker);

	return cr == 0 ? cpu->cr0 : cr == 3 ? cpu->cr3 : cpu->cr4;
}

static void mov_cr(struct machine *m, unsigned int cr, uint64_t value)
{
	struct tdp_error err;

	if (tdp_walker_mov_cr(m->walker, cr, value, &err))
		fail_msg("%s", err.message);
}

static void mov_cr_leaves(void **state)
{
	const struct cr_row *r = *state;
	const struct tdp_walk_access access = {
		.gva = { LA },
		.kind = TDP_READ,
		.user = true,
	};
	struct tdp_tlb *tlb = make_tlb(PART(TLB));
	struct machine m;

	machine_init(&m, LONG4, TDP_STAGE2_NONE);
	machine_poke(&m, &(struct poke){ GUEST, 0x4020,
					 r->global ? 0x5167 : 0x5067 });
	m.cpu.cr4 |= r->before;
	machine_load(&m);
	tdp_walker_attach_tlb(m.walker, tlb, 0);
	machine_access(&m, &access);
	machine_poke(&m, &(struct poke){ GUEST, 0x4020, 0x8067 });
	mov_cr(&m, r->cr, (control_register(&m, r->cr) | r->set) & ~r->clear);
	if (r->cr == 3 && r->set == 5)
		mov_cr(&m, 3, 0x1000 | BIT(63));
	machine_access(&m, &access);
	assert_int_equal(m.result.hpa.addr, r->survives ? 0x5008 : 0x8008);
	finish(&m, tlb);
}

static void paging_off_forgets(void **state)
{
	const struct tdp_walk_access access = {
		.gva = { LA_PAE },
		.kind = TDP_READ,
		.user = true,
	};
	struct tdp_tlb *tlb = make_tlb(PART(TLB));
	struct machine m;

	(void)state;
	machine_init(&m, PAE, TDP_STAGE2_NONE);
	machine_poke(&m, &(struct poke){ GUEST, 0x4020, 0x5167 });
	machine_load(&m);
	tdp_walker_attach_tlb(m.walker, tlb, 0);
	machine_access(&m, &access);
	machine_poke(&m, &(struct poke){ GUEST, 0x4020, 0x8067 });
	mov_cr(&m, 0, m.cpu.cr0 & ~CR0_PG);
	mov_cr(&m, 0, m.cpu.cr0);
	machine_access(&m, &access);
	assert_int_equal(m.result.hpa.addr, 0x8008);
	finish(&m, tlb);
}

static void mov_cr_refuses_by_rule(void **state)
{
	struct tdp_error err = { 0 };
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_NONE);
	machine_load(&m);
	assert_int_equal(tdp_walker_mov_cr(m.walker, 3, BIT(50), &err),
			 TDP_EINVAL);
	assert_non_null(strstr(err.message, "cr3_reserved"));
	assert_int_equal(
		tdp_walker_mov_cr(m.walker, 4, m.cpu.cr4 | CR4_LA57, &err),
		TDP_EINVAL);
	assert_int_equal(tdp_walker_mov_cr(m.walker, 2, 0, &err), TDP_EINVAL);
	assert_int_equal(tdp_walker_cpu(m.walker)->cr3, 0x1000);
	machine_finish(&m);
}

/* D is clear in what a read left: the write must walk, and sets it. */
static void a_write_needs_a_dirty_translation(void **state)
{
	struct tdp_walk_access access = {
		.gva = { LA },
		.kind = TDP_READ,
		.user = true,
	};
	struct tdp_tlb *tlb = make_tlb(PART(TLB));
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_EPT);
	machine_poke(&m, &(struct poke){ GUEST, 0x4020, 0x5027 });
	machine_load(&m);
	tdp_walker_attach_tlb(m.walker, tlb, 1);
	machine_access(&m, &access);
	access.kind = TDP_WRITE;
	machine_access(&m, &access);
	assert_false(m.result.cached.tlb);
	assert_int_equal(m.result.nr_writes, 1);
	machine_access(&m, &access);
	assert_true(m.result.cached.tlb);
	finish(&m, tlb);
}

/* More rights need no flush: what is cached denies, so the walk is made. */
static void more_rights_show_at_once(void **state)
{
	const struct tdp_walk_access access = {
		.gva = { LA },
		.kind = TDP_WRITE,
		.user = true,
	};
	const struct tdp_walk_access reading = {
		.gva = { LA },
		.kind = TDP_READ,
		.user = true,
	};
	struct tdp_tlb *tlb = make_tlb(PART(TLB) | PART(NESTED_TLB));
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_EPT);
	machine_poke(&m, &(struct poke){ GUEST, 0x4020, 0x5065 });
	machine_poke(&m, &(struct poke){ HOST, 0x103028, 0x205035 });
	machine_load(&m);
	tdp_walker_attach_tlb(m.walker, tlb, 1);
	machine_access(&m, &reading);
	machine_access(&m, &access);
	assert_int_equal(m.result.outcome, TDP_WALK_PF);
	machine_poke(&m, &(struct poke){ GUEST, 0x4020, 0x5067 });
	machine_access(&m, &access);
	assert_int_equal(m.result.outcome, TDP_WALK_EPT_VIOLATION);
	machine_poke(&m, &(struct poke){ HOST, 0x103028, 0x205037 });
	machine_access(&m, &access);
	assert_int_equal(m.result.outcome, TDP_WALK_OK);
	finish(&m, tlb);
}

static void a_page_fault_forgets_its_page(void **state)
{
	struct tdp_walk_access access = {
		.gva = { LA },
		.kind = TDP_READ,
		.user = true,
	};
	struct tdp_tlb *tlb = make_tlb(PART(TLB) | PART(PDE));
	struct tdp_tlb_stats stats;
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_NONE);
	machine_poke(&m, &(struct poke){ GUEST, 0x4020, 0x5065 });
	machine_load(&m);
	tdp_walker_attach_tlb(m.walker, tlb, 0);
	machine_access(&m, &access);
	access.kind = TDP_WRITE;
	machine_access(&m, &access);
	assert_int_equal(m.result.outcome, TDP_WALK_PF);
	tdp_tlb_get_stats(tlb, TDP_TLB_PART_TLB, &stats);
	assert_int_equal(stats.valid, 0);
	tdp_tlb_get_stats(tlb, TDP_TLB_PART_PDE, &stats);
	assert_int_equal(stats.valid, 0);
	finish(&m, tlb);
}

static void a_dry_walk_leaves_no_trace(void **state)
{
	const struct tdp_walk_access access = {
		.gva = { LA },
		.kind = TDP_READ,
		.user = true,
	};
	struct tdp_tlb *tlb = make_tlb(ALL_PARTS);
	struct tdp_tlb_stats stats;
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_EPT);
	machine_load(&m);
	tdp_walker_attach_tlb(m.walker, tlb, 1);
	tdp_walk(m.walker, &access, TDP_WALK_DRY, NULL, &m.result);
	for (int p = 0; p < TDP_NR_TLB_PARTS; p++) {
		tdp_tlb_get_stats(tlb, (enum tdp_tlb_part)p, &stats);
		assert_int_equal(stats.valid | stats.hits | stats.misses |
					 stats.fills,
				 0);
	}
	finish(&m, tlb);
}

/* Three pages through two lines, then the first again. */
/* clang-format off */
static const struct replacement_row {
	const char *name;
	enum tdp_replacement replacement;
	bool touch_first;	/* between the second and the third */
	bool first_stays;
} replacement_rows[] = {
	{ "lru", TDP_REPLACE_LRU, false, false },
	{ "lru_spares_what_was_used", TDP_REPLACE_LRU, true, true },
	{ "fifo", TDP_REPLACE_FIFO, false, false },
	{ "fifo_ignores_use", TDP_REPLACE_FIFO, true, false },
};
/* clang-format on */

static void touch(struct machine *m, unsigned int page)
{
	const struct tdp_walk_access access = {
		.gva = { page_of(LA) + page * UINT64_C(0x1000) },
		.kind = TDP_READ,
		.user = true,
	};

	machine_access(m, &access);
	assert_int_equal(m->result.outcome, TDP_WALK_OK);
}

static void replacement(void **state)
{
	const struct replacement_row *r = *state;
	struct tdp_tlb_config config = { 0 };
	struct tdp_tlb_stats stats;
	struct tdp_tlb *tlb;
	struct machine m;

	config.part[TDP_TLB_PART_TLB] = (struct tdp_cache_shape){
		.sets = 1,
		.ways = 2,
		.replacement = r->replacement,
	};
	tdp_tlb_create(&config, &tlb, NULL);
	machine_init(&m, LONG4, TDP_STAGE2_NONE);
	machine_poke(&m, &(struct poke){ GUEST, 0x4028, 0x6067 });
	machine_poke(&m, &(struct poke){ GUEST, 0x4030, 0x7067 });
	machine_load(&m);
	tdp_walker_attach_tlb(m.walker, tlb, 0);
	touch(&m, 0);
	touch(&m, 1);
	if (r->touch_first)
		touch(&m, 0);
	touch(&m, 2);
	touch(&m, 0);
	assert_int_equal(m.result.cached.tlb, r->first_stays);
	tdp_tlb_get_stats(tlb, TDP_TLB_PART_TLB, &stats);
	assert_int_equal(stats.valid, 2);
	assert_int_equal(stats.evictions, r->first_stays ? 1 : 2);
	assert_int_equal(stats.hits + stats.misses, 4 + r->touch_first);
	finish(&m, tlb);
}

static void large_pages_are_splintered(void **state)
{
	struct tdp_walk_access access = {
		.gva = { LA },
		.kind = TDP_READ,
		.user = true,
	};
	struct tdp_tlb *tlb = make_tlb(PART(TLB));
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_EPT);
	machine_poke(&m, &(struct poke){ GUEST, 0x3018, 0xe7 });
	machine_load(&m);
	tdp_walker_attach_tlb(m.walker, tlb, 1);
	machine_access(&m, &access);
	assert_int_equal(m.result.guest_shift, 21);
	assert_int_equal(m.result.page_shift, 12);
	access.gva.addr += 0x1000;
	machine_access(&m, &access);
	assert_false(m.result.cached.tlb);

	/* With a large page in both stages the next small page hits. */
	machine_poke(&m, &(struct poke){ HOST, 0x102000, 0x2000b7 });
	tdp_walker_flush(m.walker,
			 &(struct tdp_flush){ .kind = TDP_FLUSH_INVEPT_ALL });
	machine_access(&m, &access);
	assert_int_equal(m.result.page_shift, 21);
	access.gva.addr += 0x1000;
	machine_access(&m, &access);
	assert_true(m.result.cached.tlb);
	assert_int_equal(m.result.hpa.addr, 0x206008);
	finish(&m, tlb);
}

static void other_contexts_do_not_share(void **state)
{
	const struct tdp_walk_access access = {
		.gva = { LA },
		.kind = TDP_READ,
		.user = true,
	};
	struct tdp_tlb *tlb = make_tlb(PART(TLB));
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_EPT);
	machine_load(&m);
	tdp_walker_attach_tlb(m.walker, tlb, 1);
	machine_access(&m, &access);
	tdp_walker_attach_tlb(m.walker, tlb, 2);
	assert_false(machine_access(&m, &access)->cached.tlb);
	assert_true(machine_access(&m, &access)->cached.tlb);

	/* Another EPT root, then the first again. */
	machine_poke(&m, &(struct poke){ HOST, 0x105000, 0x101007 });
	m.cpu.ept.eptp = 0x10501e;
	machine_load(&m);
	assert_false(machine_access(&m, &access)->cached.tlb);
	m.cpu.ept.eptp = 0x10001e;
	machine_load(&m);
	assert_true(machine_access(&m, &access)->cached.tlb);
	finish(&m, tlb);
}

/* Random accesses to changing tables, with a flush of all after each change. */
static void after_a_flush_nothing_is_stale(void **state)
{
	struct tdp_tlb *tlb = make_tlb(ALL_PARTS);
	uint64_t random = 88172645463325252;
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_EPT);
	machine_load(&m);
	tdp_walker_attach_tlb(m.walker, tlb, 1);
	for (unsigned int i = 0; i < 3000; i++) {
		struct tdp_walk_access access = {
			.kind = (enum tdp_access_kind)(i % 4),
			.user = i & 4,
		};

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		access.gva = TDP_GVA(page_of(LA) + (random & 0x7000));
		if (i % 3 == 0) {
			machine_poke(&m, &(struct poke){
						 GUEST,
						 0x4020 + (random >> 20 & 0x38),
						 (random >> 30 & 0xf000) |
							 (random >> 40 & 0x67) |
							 1 });
			machine_poke(
				&m,
				&(struct poke){
					HOST, 0x103000 + (random >> 44 & 0x78),
					((random >> 30 & 0xf000) + 0x200030) |
						(random >> 54 & 7) });
			tdp_walker_flush(
				m.walker,
				&(struct tdp_flush){
					.kind = TDP_FLUSH_INVEPT_ALL });
		}
		tdp_walk(m.walker, &access, TDP_WALK_CHECK_STALE, NULL,
			 &m.result);
		assert_false(m.result.cached.stale);
	}
	finish(&m, tlb);
}

static void shapes_are_judged(void **state)
{
	struct tdp_tlb_config config = { 0 };
	struct tdp_error err;
	struct tdp_tlb *tlb;

	(void)state;
	config.part[TDP_TLB_PART_PDE].sets = 4;
	assert_int_equal(tdp_tlb_create(&config, &tlb, &err), TDP_EINVAL);
	assert_non_null(strstr(err.message, "pde"));
	config.part[TDP_TLB_PART_PDE].ways = 1u << 30;
	assert_int_equal(tdp_tlb_create(&config, &tlb, &err), TDP_EINVAL);
	tdp_tlb_destroy(NULL);
}

static struct tdp_tlb *made;

static int make(void *context)
{
	struct tdp_tlb_config config = { 0 };

	(void)context;
	for (int p = 0; p < TDP_NR_TLB_PARTS; p++)
		config.part[p] = (struct tdp_cache_shape){
			.sets = 2,
			.ways = 2,
		};
	return tdp_tlb_create(&config, &made, NULL);
}

static void unmake(void *context)
{
	(void)context;
	tdp_tlb_destroy(made);
}

static void creation_survives_want_of_memory(void **state)
{
	const struct nomem test = { .attempt = make, .teardown = unmake };

	(void)state;
	nomem_check(&test);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(tdp_tlb_part_name(TDP_TLB_PART_PDE), "pde");
	assert_string_equal(tdp_tlb_part_name(TDP_NR_TLB_PARTS), "?");
	assert_string_equal(tdp_flush_name(TDP_FLUSH_INVEPT_ALL), "invept_all");
	assert_string_equal(tdp_flush_name(TDP_NR_FLUSHES), "?");
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(cost_rows, walk_reads),
		ROWS(flush_rows, survives),
		ROWS(cr_rows, mov_cr_leaves),
		CASE(paging_off_forgets),
		CASE(mov_cr_refuses_by_rule),
		CASE(a_write_needs_a_dirty_translation),
		CASE(more_rights_show_at_once),
		CASE(a_page_fault_forgets_its_page),
		CASE(a_dry_walk_leaves_no_trace),
		ROWS(replacement_rows, replacement),
		CASE(large_pages_are_splintered),
		CASE(other_contexts_do_not_share),
		CASE(after_a_flush_nothing_is_stale),
		CASE(shapes_are_judged),
		CASE(creation_survives_want_of_memory),
		CASE(names),
	};

	return RUN("walk/tlb", suites);
}
