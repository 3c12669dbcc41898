/* SPDX-License-Identifier: MIT */
/* Dirty logging of the TDP MMU, as recorded: what is trapped, told, rebuilt. */
#include <errno.h>

#include "events.h"
#include "support/machine.h"

#define START UINT64_C(0x40000000)
#define FLAGS (~UINT64_C(0x000ffffffffff000))

/* What a row's machine is. */
struct kind {
	const char *profile;
	enum tdp_vendor vendor;
	bool ad, pml;
	enum tdp_backing backing;
};

/* @behaviour: NULL, or one that is to be @value */
static void start_with(struct machine *m, const struct kind *k,
		       const char *behaviour, const char *value)
{
	machine_init(m, k->vendor, k->profile);
	machine_set(m, "tdp_mmu", "on");
	if (behaviour)
		machine_set(m, behaviour, value);
	m->host.ept_ad = k->ad;
	m->host.pml = k->pml;
	machine_start(m);
	machine_vcpu(m, 40);
	machine_slot(m, 1, 0, START, 4 * MIB, k->backing);
}

static void start(struct machine *m, const struct kind *k)
{
	start_with(m, k, NULL, NULL);
}

static void set_logging(struct machine *m, bool on)
{
	const struct tdp_memslot region = {
		.slot = 1,
		.gpa = START,
		.size = 4 * MIB,
		.flag_dirty_log = on,
	};

	assert_int_equal(
		tdp_vm_set_memslot(m->vm, &region, &m->result, &m->err),
		TDP_OK);
	assert_int_equal(m->result.ret, 0);
	assert_int_equal(tdp_vm_check(m->vm, NULL), TDP_OK);
}

static void touch(struct machine *m, enum tdp_access_kind kind, uint64_t gpa)
{
	assert_int_equal(machine_access(m, kind, gpa), TDP_OUTCOME_DONE);
}

/* Word 0 and 8 of the log: the first pages of both 2M pages. */
static uint64_t get_log(struct machine *m, uint64_t words[16])
{
	assert_int_equal(tdp_vm_get_dirty_log(m->vm, 0, 1, words, 16,
					      &m->result, &m->err),
			 TDP_OK);
	assert_int_equal(m->result.ret, 0);
	assert_int_equal(tdp_vm_check(m->vm, NULL), TDP_OK);
	return m->result.value;
}

/* The flags of the entry that maps @gpa, and its level. */
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

static void assert_spte(struct machine *m, uint64_t gpa, uint64_t flags,
			unsigned int level)
{
	unsigned int found;

	assert_int_equal(spte_at(m, gpa, &found), flags);
	assert_int_equal(found, level);
}

/*
 * The cycle of the cases E.dirty: map, log, write, read the log.  Recordings
 * npt-6.12, npt-7.1.5, ept-6.12-ad1, ept-6.12-ad0, ept-7.1.5-ad0.
 */
static const struct cycle_row {
	const char *name;
	struct kind kind;
	uint64_t mapped, logged, written; /* SPTEs */
	unsigned int faults;              /* that the write takes */
} cycle_rows[] = {
	/* clang-format off */
	{ "npt",	 { "v6.12", TDP_AMD, true, true, TDP_BACKING_ANONYMOUS },
	  0xe67, 0xe65, 0xe67, 1 },
	{ "npt_6_1",	 { "v6.1.192", TDP_AMD, true, true, TDP_BACKING_ANONYMOUS },
	  0xe67, 0xe65, 0xe67, 1 },
	{ "pml",	 { "v6.12", TDP_INTEL, true, true, TDP_BACKING_ANONYMOUS },
	  0x8600000000000b77, 0x8600000000000977, 0x8600000000000b77, 0 },
	{ "pml_7_1",	 { "v7.1", TDP_INTEL, true, true, TDP_BACKING_ANONYMOUS },
	  0x8600000000000b77, 0x8600000000000977, 0x8600000000000b77, 0 },
	{ "ad_without_pml", { "v6.12", TDP_INTEL, true, false, TDP_BACKING_ANONYMOUS },
	  0x8600000000000b77, 0x8600000000000b75, 0x8600000000000b77, 1 },
	{ "no_ad",	 { "v6.12", TDP_INTEL, false, true, TDP_BACKING_ANONYMOUS },
	  0x8610000000000877, 0x8610000000000875, 0x8610000000000877, 1 },
	{ "no_ad_7_1",	 { "v7.1", TDP_INTEL, false, true, TDP_BACKING_ANONYMOUS },
	  0x8610000000000b77, 0x8610000000000b75, 0x8610000000000b77, 1 },
	/* clang-format on */
};

static void cycle(void **state)
{
	const struct cycle_row *r = *state;
	uint64_t words[16];
	struct machine m;

	start(&m, &r->kind);
	touch(&m, TDP_READ, START);
	assert_spte(&m, START, r->mapped, 1);
	set_logging(&m, true);
	assert_spte(&m, START, r->logged, 1);
	assert_int_equal(get_log(&m, words), 0);
	touch(&m, TDP_READ, START);
	assert_int_equal(m.result.exits, 0);
	touch(&m, TDP_WRITE, START);
	assert_int_equal(m.result.exits, r->faults);
	assert_int_equal(m.result.faults_fast, r->faults);
	assert_spte(&m, START, r->written, 1);
	assert_int_equal(get_log(&m, words), 1);
	assert_int_equal(words[0], 1);
	assert_spte(&m, START, r->logged, 1);
	assert_int_equal(get_log(&m, words), 0);
	touch(&m, TDP_WRITE, START);
	assert_int_equal(get_log(&m, words), 1);
	/* Logging ends, but what is write-protected stays so. */
	set_logging(&m, false);
	assert_spte(&m, START, r->logged, 1);
	touch(&m, TDP_WRITE, START);
	assert_int_equal(m.result.exits, r->faults);
	machine_end(&m);
}

/* A new writable mapping counts as written: a read fault, a pre-fault. */
static void mapping_makes_dirty(void **state)
{
	static const struct kind kind = { "v6.12", TDP_AMD, true, true,
					  TDP_BACKING_ANONYMOUS };
	uint64_t words[16];
	struct machine m;

	(void)state;
	start(&m, &kind);
	set_logging(&m, true);
	touch(&m, TDP_READ, START + 0x2000);
	assert_int_equal(machine_prefault(&m, START + 0x5000, 0x2000), 0);
	assert_int_equal(get_log(&m, words), 3);
	assert_int_equal(words[0], 0x64);
	/* A pre-fault over a write-protected page: writable and dirty again. */
	assert_spte(&m, START + 0x5000, 0xe45, 1);
	assert_int_equal(machine_prefault(&m, START + 0x5000, 0x1000), 0);
	assert_spte(&m, START + 0x5000, 0xe47, 1);
	assert_int_equal(get_log(&m, words), 1);
	assert_int_equal(words[0], 0x20);
	machine_end(&m);
}

/*
 * Huge pages, E.hugesplit: logged pages are 4K.  What becomes of the tables
 * when logging ends is dirty.collapse.
 */
static const struct huge_row {
	const char *name;
	struct kind kind;
	const char *collapse; /* NULL: the profile's */
	uint64_t logged;      /* SPTE of a 4K page */
	uint64_t after;       /* SPTE once logging has ended */
	unsigned int after_level;
	uint64_t mmu_pages; /* afterwards, root included */
} huge_rows[] = {
	/* clang-format off */
	{ "zap_table", { "v6.12", TDP_AMD, true, true, TDP_BACKING_THP }, NULL,
	  0xe65, 0x8000000000000000, 2, 3 },
	{ "zap_table_6_1", { "v6.1.192", TDP_AMD, true, true, TDP_BACKING_THP }, NULL,
	  0xe65, 0, 2, 3 },
	{ "in_place_npt", { "v7.1", TDP_AMD, true, true, TDP_BACKING_THP }, NULL,
	  0xe65, 0xee5, 2, 3 },
	{ "in_place_pml", { "v6.18", TDP_INTEL, true, true, TDP_BACKING_THP }, NULL,
	  0x8600000000000977, 0x86000000000009f7, 2, 3 },
	{ "in_place_no_ad", { "v6.18", TDP_INTEL, false, true, TDP_BACKING_THP }, NULL,
	  0x8610000000000b75, 0x8610000000000bf5, 2, 3 },
	{ "step_up", { "v6.12", TDP_AMD, true, true, TDP_BACKING_THP }, "step_up",
	  0xe65, 0x8000000000000000, 2, 3 },
	{ "zap_leaf", { "v6.12", TDP_AMD, true, true, TDP_BACKING_THP }, "zap_leaf",
	  0xe65, 0x8000000000000000, 1, 5 },
	{ "zap_nonleaf", { "v6.12", TDP_AMD, true, true, TDP_BACKING_THP }, "zap_nonleaf",
	  0xe65, 0xe65, 1, 5 },
	{ "try_get_npt", { "v5.19", TDP_AMD, true, true, TDP_BACKING_THP }, "try_get",
	  0xe65, 0xee7, 2, 3 },
	{ "try_get_ept", { "v5.19", TDP_INTEL, true, true, TDP_BACKING_THP }, "try_get",
	  0x600000000000977, 0x600000000000bf7, 2, 3 },
	/* clang-format on */
};

static void huge(void **state)
{
	const struct huge_row *r = *state;
	struct tdp_vm_stats stats;
	uint64_t words[16];
	struct machine m;

	start_with(&m, &r->kind, r->collapse ? "dirty.collapse" : NULL,
		   r->collapse);
	touch(&m, TDP_READ, START);
	touch(&m, TDP_READ, START + 2 * MIB);
	tdp_vm_get_stats(m.vm, &stats);
	assert_int_equal(stats.pages_2m, 2);
	set_logging(&m, true);
	tdp_vm_get_stats(m.vm, &stats);
	assert_int_equal(stats.pages_2m, 0);
	assert_int_equal(stats.pages_4k, 1024);
	assert_spte(&m, START, r->logged, 1);
	assert_spte(&m, START + 4 * MIB - 1, r->logged, 1);
	touch(&m, TDP_WRITE, START + 2 * MIB);
	touch(&m, TDP_WRITE, START + 2 * MIB + 0x1000);
	assert_int_equal(get_log(&m, words), 2);
	assert_int_equal(words[8], 3);
	set_logging(&m, false);
	assert_spte(&m, START, r->after, r->after_level);
	tdp_vm_get_stats(m.vm, &stats);
	assert_int_equal(stats.mmu_pages, r->mmu_pages);
	touch(&m, TDP_WRITE, START);
	machine_end(&m);
}

/* The events of the ioctl that begins to log two huge pages, in order. */
static void split_events_are_the_recorded_ones(void **state)
{
	static const struct kind kind = { "v6.12", TDP_AMD, true, true,
					  TDP_BACKING_THP };
	static const enum tdp_event_id order[] = {
		TDP_EV_kvm_mmu_get_page,
		TDP_EV_kvm_tdp_mmu_spte_changed,
		TDP_EV_kvm_mmu_split_huge_page,
	};
	static struct events events;
	const struct tdp_event *split;
	struct machine m;
	unsigned int i;

	(void)state;
	start(&m, &kind);
	touch(&m, TDP_READ, START);
	events_watch(&events, &m);
	/* The write-protection of all pages would be too much to keep. */
	assert_int_equal(tdp_vm_set_dirty_protect(m.vm, true, true, &m.result),
			 TDP_OK);
	set_logging(&m, true);
	assert_int_equal(events.nr, 0);
	assert_int_equal(tdp_vm_clear_dirty_log(m.vm, 0, 1, 0, 64, NULL,
						&m.result, &m.err),
			 TDP_OK);
	assert_int_equal(m.result.value, 64);
	assert_int_equal(events.nr, 3 + 64);
	for (i = 0; i < 3; i++)
		assert_int_equal(events.event[i].id, order[i]);
	split = events_nth(&events, TDP_EV_kvm_mmu_split_huge_page, 0);
	assert_int_equal(split->field[0], START >> 12);
	assert_int_equal(split->field[1] & FLAGS, 0xee7);
	assert_int_equal(split->field[2], 2);
	assert_int_equal(split->field[3], 0);
	machine_end(&m);
}

/* E.clearlog: all is dirty, and a page is trapped once it was cleared. */
static const struct initial_row {
	const char *name;
	struct kind kind;
	bool eager;
	uint64_t logged; /* SPTE of the huge page */
	uint64_t page;   /* SPTE that maps page 0, once it was cleared */
	unsigned int level;
	uint64_t page_100;
} initial_rows[] = {
	/* clang-format off */
	{ "eager", { "v6.12", TDP_AMD, true, true, TDP_BACKING_THP }, true,
	  0xee7, 0xe65, 1, 0xe67 },
	{ "lazy", { "v6.12", TDP_AMD, true, true, TDP_BACKING_THP }, false,
	  0xee7, 0xae5, 2, 0xae5 },
	{ "eager_pml", { "v6.12", TDP_INTEL, true, true, TDP_BACKING_THP }, true,
	  0x8600000000000bf7, 0x8600000000000977, 1, 0x8600000000000b77 },
	{ "before_5_14", { "v5.12", TDP_AMD, true, true, TDP_BACKING_THP }, false,
	  0xce5, 0xce5, 2, 0xce5 },
	/* clang-format on */
};

static void initially_set(void **state)
{
	const struct initial_row *r = *state;
	unsigned int level;
	uint64_t words[16];
	struct machine m;

	start_with(&m, &r->kind, "eager_page_split", r->eager ? "on" : "off");
	assert_int_equal(tdp_vm_set_dirty_protect(m.vm, true, true, &m.result),
			 TDP_OK);
	touch(&m, TDP_READ, START);
	set_logging(&m, true);
	assert_spte(&m, START, r->logged, 2);
	/* In manual mode reading does not clear. */
	assert_int_equal(get_log(&m, words), 1024);
	assert_int_equal(get_log(&m, words), 1024);
	assert_int_equal(tdp_vm_clear_dirty_log(m.vm, 0, 1, 0, 64, NULL,
						&m.result, &m.err),
			 TDP_OK);
	assert_int_equal(m.result.value, 64);
	assert_spte(&m, START, r->page, r->level);
	assert_int_equal(spte_at(&m, START + 100 * 0x1000, &level),
			 r->page_100);
	assert_int_equal(get_log(&m, words), 1024 - 64);
	touch(&m, TDP_WRITE, START + 0x3000);
	assert_int_equal(get_log(&m, words), 1024 - 63);
	assert_int_equal(words[0], 8);
	machine_end(&m);
}

/* Arguments, in the order of the kernel's checks; the slot has 1024 pages. */
static const struct error_row {
	const char *name;
	bool clear;
	unsigned int as_id, slot;
	uint64_t first, pages;
	int ret;
	enum tdp_reason reason;
} error_rows[] = {
	/* clang-format off */
	{ "get",		false, 0, 1,	 0,    0,   0,	     TDP_WHY_NONE },
	{ "get_as",		false, 2, 1,	 0,    0,   -EINVAL, TDP_WHY_BAD_SLOT },
	{ "get_number",		false, 0, 32764, 0,    0,   -EINVAL, TDP_WHY_BAD_SLOT },
	{ "get_no_slot",	false, 0, 2,	 0,    0,   -ENOENT, TDP_WHY_NOT_LOGGED },
	{ "get_not_logged",	false, 0, 0,	 0,    0,   -ENOENT, TDP_WHY_NOT_LOGGED },
	{ "clear",		true,  0, 1,	 0,    64,  0,	     TDP_WHY_NONE },
	{ "clear_all",		true,  0, 1,	 0,    1024, 0,	     TDP_WHY_NONE },
	{ "clear_nothing_behind", true, 0, 1,	 1024, 0,   0,	     TDP_WHY_NONE },
	{ "clear_first",	true,  0, 1,	 1,    64,  -EINVAL, TDP_WHY_UNALIGNED },
	{ "clear_first_comes_first", true, 0, 2, 1,    64,  -EINVAL, TDP_WHY_UNALIGNED },
	{ "clear_count",	true,  0, 1,	 0,    63,  -EINVAL, TDP_WHY_BAD_SLOT },
	{ "clear_too_many",	true,  0, 1,	 64,   1024, -EINVAL, TDP_WHY_BAD_SLOT },
	{ "clear_behind",	true,  0, 1,	 1088, 0,   -EINVAL, TDP_WHY_BAD_SLOT },
	{ "clear_no_slot",	true,  0, 2,	 0,    64,  -ENOENT, TDP_WHY_NOT_LOGGED },
	/* clang-format on */
};

static void arguments(void **state)
{
	static const struct kind kind = { "v6.12", TDP_AMD, true, true,
					  TDP_BACKING_ANONYMOUS };
	const struct error_row *r = *state;
	struct machine m;
	int ret;

	start(&m, &kind);
	machine_slot(&m, 0, 0, 0, MIB, TDP_BACKING_ANONYMOUS);
	set_logging(&m, true);
	if (r->clear)
		ret = tdp_vm_clear_dirty_log(m.vm, r->as_id, r->slot, r->first,
					     r->pages, NULL, &m.result, NULL);
	else
		ret = tdp_vm_get_dirty_log(m.vm, r->as_id, r->slot, NULL, 0,
					   &m.result, NULL);
	assert_int_equal(ret, TDP_OK);
	assert_int_equal(m.result.ret, r->ret);
	assert_int_equal(m.result.reason, r->reason);
	machine_end(&m);
}

static void initially_set_needs_manual(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, TDP_AMD, "v6.12");
	machine_start(&m);
	tdp_vm_set_dirty_protect(m.vm, false, true, &m.result);
	assert_int_equal(m.result.ret, -EINVAL);
	tdp_vm_set_dirty_protect(m.vm, true, false, &m.result);
	assert_int_equal(m.result.ret, 0);
	machine_end(&m);
}

/* The log moves with its slot, ends with it, and has a limit. */
static void logs_live_with_their_slots(void **state)
{
	static const struct kind kind = { "v6.12", TDP_AMD, true, true,
					  TDP_BACKING_ANONYMOUS };
	struct tdp_memslot region = {
		.slot = 1,
		.gpa = 2 * START,
		.size = 4 * MIB,
		.flag_dirty_log = true,
	};
	uint64_t words[16];
	struct machine m;

	(void)state;
	start(&m, &kind);
	set_logging(&m, true);
	touch(&m, TDP_WRITE, START + 0x1000);
	assert_int_equal(tdp_vm_set_memslot(m.vm, &region, &m.result, NULL),
			 TDP_OK);
	assert_int_equal(get_log(&m, words), 1);
	assert_int_equal(words[0], 2);
	region.gpa = START;
	region.flag_dirty_log = false;
	assert_int_equal(tdp_vm_set_memslot(m.vm, &region, &m.result, NULL),
			 TDP_OK);
	tdp_vm_get_dirty_log(m.vm, 0, 1, NULL, 0, &m.result, NULL);
	assert_int_equal(m.result.ret, -ENOENT);
	set_logging(&m, true);
	region.size = 0;
	assert_int_equal(tdp_vm_set_memslot(m.vm, &region, &m.result, NULL),
			 TDP_OK);
	tdp_vm_get_dirty_log(m.vm, 0, 1, NULL, 0, &m.result, NULL);
	assert_int_equal(m.result.ret, -ENOENT);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(cycle_rows, cycle),
		CASE(mapping_makes_dirty),
		ROWS(huge_rows, huge),
		CASE(split_events_are_the_recorded_ones),
		ROWS(initial_rows, initially_set),
		ROWS(error_rows, arguments),
		CASE(initially_set_needs_manual),
		CASE(logs_live_with_their_slots),
	};

	return RUN("dirty", suites);
}
