/* SPDX-License-Identifier: MIT */
/*
 * How large a page a fault maps: slot borders, the userspace address, the
 * host's own page, and what forbids it.  Rows H of the KVM 6.12 vectors.
 */
#include "l2.h"

#define BASE UINT64_C(0x100000) /* of the slot, unless a row says so */

/* clang-format off */
static const struct row {
	const char *name;
	uint64_t base, pages, hva_page;
	enum tdp_backing backing;
	uint64_t gfn;
	bool logged;
	unsigned int level;
} rows[] = {
#define THP TDP_BACKING_THP
#define GIG TDP_BACKING_HUGETLB_1G
	{ "H1", BASE, 0x40000, 0x7f0000000, THP, BASE, false, 2 },
	{ "H2", BASE, 0x40000, 0x7f0000000, GIG, BASE, false, 3 },
	{ "H3_logged", BASE, 0x40000, 0x7f0000000, THP, BASE, true, 1 },
	{ "H4_not_congruent", BASE, 0x40000, 0x7f0000001, THP, BASE + 0x200, false, 1 },
	{ "H5_first_block_partial", BASE + 1, 0x3ff, 0x7f0000001, THP, BASE + 1, false, 1 },
	{ "H6_second_block_whole", BASE + 1, 0x3ff, 0x7f0000001, THP, BASE + 0x200, false, 2 },
	{ "H7_last_block_partial", BASE, 0x201, 0x7f0000000, THP, BASE + 0x200, false, 1 },
	/* Congruent by 2 MiB, not by 1 GiB */
	{ "1g_page_at_another_2m", BASE, 0x40000, 0x7f0000200, THP, BASE, false, 2 },
	{ "1g_block_partial", BASE, 0x3fe00, 0x7f0000000, GIG, BASE, false, 2 },
	{ "4k_host_page", BASE, 0x40000, 0x7f0000000, TDP_BACKING_ANONYMOUS, BASE, false, 1 },
};
/* clang-format on */

static void map(struct machine *m, const struct row *r)
{
	const struct tdp_memslot region = {
		.gpa = r->base << 12,
		.size = r->pages << 12,
		.hva = r->hva_page << 12,
		.backing = r->backing,
		.flag_dirty_log = r->logged,
	};

	assert_int_equal(
		tdp_vm_set_memslot(m->vm, &region, &m->result, &m->err),
		TDP_OK);
	assert_int_equal(m->result.ret, 0);
}

static void goal(void **state)
{
	static const char *const tdp_mmu[] = { "on", "off" };
	const struct row *r = *state;
	struct machine m;

	for (unsigned int i = 0; i < 2; i++) {
		machine_init(&m, TDP_INTEL, "v6.12");
		machine_set(&m, "tdp_mmu", tdp_mmu[i]);
		machine_start(&m);
		machine_vcpu(&m, 46);
		map(&m, r);
		assert_int_equal(machine_prefault(&m, r->gfn << 12, 0x1000), 0);
		assert_int_equal(m.result.level, r->level);
		machine_end(&m);
	}
}

/* H9: who executes gets small pages, in a table that can be recovered. */
static void nx_mitigation(void **state)
{
	struct tdp_vm_stats stats;
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	machine_set(&m, "nx_huge_pages", "force");
	machine_start(&m);
	machine_vcpu(&m, 46);
	machine_slot(&m, 0, 0, GIB, GIB, TDP_BACKING_THP);
	assert_int_equal(machine_access(&m, TDP_FETCH, GIB), TDP_OUTCOME_DONE);
	tdp_vm_get_stats(m.vm, &stats);
	assert_int_equal(stats.pages_4k, 1);
	assert_int_equal(stats.nx_lpage_splits, 1);
	machine_end(&m);
}

/* H11: L1's EPT12 table lies in the block, and KVM shadows it. */
static void shadowed_table(void **state)
{
	struct tdp_nested_state l2 = l2_state(TDP_INTEL);
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	l2_start(&m);
	machine_slot(&m, 2, 0, BASE << 12, GIB, TDP_BACKING_THP);
	l2.tdp = true;
	l2.tdp_root = (BASE + 0x10) << 12 | 0x1e;
	assert_int_equal(l2_enter(&m, &l2), TDP_OUTCOME_DONE);
	l2_run(&m);
	l2_exit(&m);
	assert_int_equal(machine_prefault(&m, BASE << 12, 0x1000), 0);
	assert_int_equal(m.result.level, 1);
	assert_int_equal(machine_prefault(&m, (BASE + 0x200) << 12, 0x1000), 0);
	assert_int_equal(m.result.level, 2);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, goal),
		CASE(nx_mitigation),
		CASE(shadowed_table),
	};

	return RUN("levels", suites);
}
