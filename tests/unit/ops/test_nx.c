/* SPDX-License-Identifier: MIT */
/* NX huge pages: split when executed, kept on a list, recovered. */
#include "events.h"
#include "support/machine.h"

#define START UINT64_C(0x40000000)
#define FLAGS (~UINT64_C(0x000ffffffffff000))
#define PAGES 8u /* of 2 MiB */

static void start(struct machine *m, enum tdp_vendor vendor,
		  const char *profile, const char *recovery)
{
	machine_init(m, vendor, profile);
	machine_set(m, "nx_huge_pages", "force");
	if (recovery)
		machine_set(m, "nx.recovery", recovery);
	machine_start(m);
	machine_vcpu(m, 40);
	machine_slot(m, 1, 0, START, PAGES * 2 * MIB, TDP_BACKING_THP);
}

static void touch(struct machine *m, enum tdp_access_kind kind, uint64_t gpa)
{
	assert_int_equal(machine_access(m, kind, gpa), TDP_OUTCOME_DONE);
}

static struct tdp_vm_stats stats_of(const struct machine *m)
{
	struct tdp_vm_stats stats;

	tdp_vm_get_stats(m->vm, &stats);
	return stats;
}

static uint64_t spte_at(struct machine *m, uint64_t gpa, unsigned int *level)
{
	struct tdp_root_info root;
	struct tdp_spte_info path[5];
	unsigned int nr;

	assert_true(tdp_vm_root_next(m->vm, 0, &root));
	nr = tdp_vm_get_sptes(m->vm, root.id, TDP_GPA(gpa), path);
	assert_true(nr > 0);
	*level = path[nr - 1].level;
	return path[nr - 1].spte & FLAGS;
}

/* E.nxhuge, steps 7 and 8: a read maps 2M without X, a fetch splits it. */
static const struct split_row {
	const char *name;
	const char *profile;
	enum tdp_vendor vendor;
	uint64_t huge;     /* SPTE of the 2M page */
	uint64_t executed; /* of the 4K page that was fetched from */
	uint64_t pages_4k; /* afterwards */
	unsigned int fixed, spurious;
} split_rows[] = {
	/* clang-format off */
	{ "npt_6_1", "v6.1.192", TDP_AMD, 0x8000000000000ee7, 0xe67, 1,	  1, 0 },
	{ "npt",     "v6.12",	 TDP_AMD, 0x8000000000000ee7, 0xe27, 512, 1, 0 },
	{ "npt_7_1", "v7.1",	 TDP_AMD, 0x8000000000000ee7, 0xe67, 512, 0, 1 },
	{ "ept",     "v7.1",	 TDP_INTEL, 0x8600000000000bf3, 0x8600000000000b77, 512, 0, 1 },
	/* clang-format on */
};

static void split(void **state)
{
	const struct split_row *r = *state;
	struct machine m;
	unsigned int level;

	start(&m, r->vendor, r->profile, NULL);
	touch(&m, TDP_READ, START);
	assert_int_equal(spte_at(&m, START, &level), r->huge);
	assert_int_equal(level, 2);
	touch(&m, TDP_FETCH, START + 0x1000);
	assert_int_equal(m.result.faults_fixed, r->fixed);
	assert_int_equal(m.result.faults_spurious, r->spurious);
	assert_int_equal(spte_at(&m, START + 0x1000, &level), r->executed);
	assert_int_equal(level, 1);
	assert_int_equal(stats_of(&m).pages_4k, r->pages_4k);
	assert_int_equal(stats_of(&m).pages_2m, 0);
	assert_int_equal(stats_of(&m).nx_lpage_splits, 1);
	/* As long as it is a table, no huge page comes there. */
	touch(&m, TDP_READ, START + 0x3000);
	assert_int_equal(stats_of(&m).pages_2m, 0);
	assert_int_equal(tdp_vm_check(m.vm, NULL), TDP_OK);
	machine_end(&m);
}

/* Order of the recorded events of a split by a fault. */
static const struct order_row {
	const char *name;
	const char *profile;
	enum tdp_event_id event[3];
} order_rows[] = {
	{ "zap_then_link",
	  "v6.1.192",
	  { TDP_EV_kvm_tdp_mmu_spte_changed, TDP_EV_kvm_mmu_get_page,
	    TDP_EV_kvm_tdp_mmu_spte_changed } },
	{ "in_place",
	  "v6.12",
	  { TDP_EV_kvm_mmu_get_page, TDP_EV_kvm_tdp_mmu_spte_changed,
	    TDP_EV_kvm_mmu_split_huge_page } },
};

static void order(void **state)
{
	const struct order_row *r = *state;
	static struct events events;
	unsigned int i = 0, j;
	struct machine m;

	start(&m, TDP_AMD, r->profile, NULL);
	touch(&m, TDP_READ, START);
	events_watch(&events, &m);
	touch(&m, TDP_FETCH, START + 0x1000);
	while (events.event[i].id != TDP_EV_kvm_mmu_spte_requested)
		assert_true(++i < events.nr);
	for (j = 0; j < 3; j++)
		assert_int_equal(events.event[i + 1 + j].id, r->event[j]);
	machine_end(&m);
}

/* PAGES tables on the list; the oldest go first, ceil(PAGES / ratio) at once. */
static const struct recover_row {
	const char *name;
	const char *recovery;
	unsigned int ratio;
	bool logged;
	unsigned int zapped, left;
} recover_rows[] = {
	/* clang-format off */
	{ "never",		"one_list", 0,	false, 0, 8 },
	{ "all",		"one_list", 1,	false, 8, 0 },
	{ "rounded_up",		"one_list", 3,	false, 3, 5 },
	{ "at_least_one",	"one_list", 60, false, 1, 7 },
	{ "per_mmu",		"per_mmu",  3,	false, 3, 5 },
	{ "logged_is_dropped",	"one_list", 3,	true,  0, 5 },
	{ "logged_per_mmu",	"per_mmu",  3,	true,  0, 5 },
	{ "logged_is_zapped",	"one_list_zaps_logged", 3, true, 3, 5 },
	/* clang-format on */
};

static void set_logging(struct machine *m)
{
	const struct tdp_memslot region = {
		.slot = 1,
		.gpa = START,
		.size = PAGES * 2 * MIB,
		.flag_dirty_log = true,
	};

	assert_int_equal(
		tdp_vm_set_memslot(m->vm, &region, &m->result, &m->err),
		TDP_OK);
}

static void recover(void **state)
{
	const struct recover_row *r = *state;
	struct tdp_vm_stats stats;
	struct machine m;
	unsigned int i, level;

	start(&m, TDP_AMD, "v6.12", r->recovery);
	for (i = 0; i < PAGES; i++)
		touch(&m, TDP_FETCH, START + i * 2 * MIB);
	assert_int_equal(stats_of(&m).nx_lpage_splits, PAGES);
	if (r->logged)
		set_logging(&m);
	tdp_vm_recover_nx_huge_pages(m.vm, r->ratio, &m.result);
	assert_int_equal(tdp_vm_check(m.vm, NULL), TDP_OK);
	assert_int_equal(m.result.value, r->zapped);
	stats = stats_of(&m);
	assert_int_equal(stats.nx_lpage_splits, r->left);
	assert_int_equal(stats.pages_4k, PAGES - r->zapped);
	for (i = 0; i < PAGES; i++) {
		spte_at(&m, START + i * 2 * MIB, &level);
		assert_int_equal(level, i < r->zapped ? 2 : 1);
	}
	machine_end(&m);
}

/* A recovered page is huge again until somebody executes there. */
static void recovered_is_huge_again(void **state)
{
	struct machine m;

	(void)state;
	start(&m, TDP_AMD, "v6.12", NULL);
	touch(&m, TDP_FETCH, START);
	tdp_vm_recover_nx_huge_pages(m.vm, 60, &m.result);
	touch(&m, TDP_READ, START);
	assert_int_equal(stats_of(&m).pages_2m, 1);
	touch(&m, TDP_FETCH, START);
	assert_int_equal(stats_of(&m).pages_2m, 0);
	assert_int_equal(stats_of(&m).nx_lpage_splits, 1);
	machine_end(&m);
}

/* A table that goes for another reason leaves the list. */
static void zapped_tables_leave_the_list(void **state)
{
	const struct tdp_memslot region = { .slot = 1 };
	struct machine m;

	(void)state;
	start(&m, TDP_AMD, "v6.12", NULL);
	touch(&m, TDP_FETCH, START);
	touch(&m, TDP_FETCH, START + 2 * MIB);
	assert_int_equal(tdp_vm_set_memslot(m.vm, &region, &m.result, NULL),
			 TDP_OK);
	assert_int_equal(stats_of(&m).nx_lpage_splits, 0);
	tdp_vm_recover_nx_huge_pages(m.vm, 1, &m.result);
	assert_int_equal(m.result.value, 0);
	machine_end(&m);
}

/* The shadow MMU's direct tables are on the list, too. */
static void shadow_tables_are_recovered(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, TDP_AMD, "v6.18");
	machine_set(&m, "nx_huge_pages", "force");
	machine_set(&m, "tdp_mmu", "off");
	machine_start(&m);
	machine_vcpu(&m, 40);
	machine_slot(&m, 1, 0, START, 4 * MIB, TDP_BACKING_THP);
	touch(&m, TDP_FETCH, START);
	assert_int_equal(stats_of(&m).nx_lpage_splits, 1);
	tdp_vm_recover_nx_huge_pages(m.vm, 60, &m.result);
	assert_int_equal(m.result.value, 1);
	assert_int_equal(stats_of(&m).nx_lpage_splits, 0);
	assert_int_equal(tdp_vm_check(m.vm, NULL), TDP_OK);
	touch(&m, TDP_READ, START);
	assert_int_equal(stats_of(&m).pages_2m, 1);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(split_rows, split),
		ROWS(order_rows, order),
		ROWS(recover_rows, recover),
		CASE(recovered_is_huge_again),
		CASE(zapped_tables_leave_the_list),
		CASE(shadow_tables_are_recovered),
	};

	return RUN("nx", suites);
}
