/* SPDX-License-Identifier: MIT */
/* Dirty logging and aging of what the shadow MMU maps. */
#include <errno.h>

#include "l2.h"

#define START UINT64_C(0x40000000)

static void set_logging(struct machine *m, bool on)
{
	const struct tdp_memslot region = {
		.slot = 2,
		.gpa = START,
		.size = 4 * MIB,
		.flag_dirty_log = on,
	};

	assert_int_equal(
		tdp_vm_set_memslot(m->vm, &region, &m->result, &m->err),
		TDP_OK);
	l2_well(m);
}

static uint64_t read_log(struct machine *m, uint64_t words[16])
{
	assert_int_equal(tdp_vm_get_dirty_log(m->vm, 0, 2, words, 16,
					      &m->result, &m->err),
			 TDP_OK);
	l2_well(m);
	return m->result.value;
}

/* L2 without paging, below EPT12: [0, 4 MiB) are two large pages of slot 2. */
static void start_l2(struct machine *m, const char *profile)
{
	struct tdp_nested_state l2 = l2_state(TDP_INTEL);
	unsigned int i;

	machine_init(m, TDP_INTEL, profile);
	machine_set(m, "eager_page_split", "on");
	l2_start(m);
	machine_slot(m, 2, 0, START, 4 * MIB, TDP_BACKING_THP);
	machine_poke(m, 0x140000, 0x141007);
	machine_poke(m, 0x141000, 0x142007);
	for (i = 0; i < 2; i++)
		machine_poke(m, 0x142000 + 8 * i, (START + i * 2 * MIB) | 0xb7);
	l2.tdp = true;
	l2.tdp_root = EPTP12;
	l2.l2.cr0 = 0x31;
	l2.l2.efer = 0;
	assert_int_equal(l2_enter(m, &l2), TDP_OUTCOME_DONE);
}

static unsigned int count_splits(const struct events *e, uint64_t err)
{
	unsigned int i, n = 0;

	for (i = 0; i < e->nr; i++)
		n += e->event[i].id == TDP_EV_kvm_mmu_split_huge_page &&
		     e->event[i].field[3] == err;
	return n;
}

/* Huge pages of nested TDP are split eagerly, with one refill of the caches. */
static void l2_pages_are_split(void **state)
{
	struct events events = { 0 };
	uint64_t words[16];
	struct machine m;

	(void)state;
	start_l2(&m, "v6.12");
	assert_int_equal(machine_access(&m, TDP_WRITE, 0), TDP_OUTCOME_DONE);
	assert_int_equal(m.result.level, TDP_LEVEL_2M);
	assert_int_equal(machine_access(&m, TDP_WRITE, 2 * MIB),
			 TDP_OUTCOME_DONE);
	events_watch(&events, &m);
	set_logging(&m, true);
	assert_int_equal(count_splits(&events, (uint64_t)-EAGAIN), 1);
	assert_int_equal(count_splits(&events, 0), 2);
	/* Nothing but the write is missing. */
	assert_int_equal(machine_access(&m, TDP_READ, 0x5000),
			 TDP_OUTCOME_DONE);
	assert_int_equal(m.result.exits, 0);
	assert_int_equal(machine_access(&m, TDP_WRITE, 0x5000),
			 TDP_OUTCOME_DONE);
	assert_int_equal(read_log(&m, words), 1);
	assert_int_equal(words[0], 1 << 5);
	machine_end(&m);
}

/* Pages of L2 are logged by write protection, whatever L1's own use. */
static void l2_writes_are_logged(void **state)
{
	uint64_t words[16];
	struct machine m;

	(void)state;
	start_l2(&m, "v7.1");
	set_logging(&m, true);
	machine_access(&m, TDP_WRITE, 0x3000);
	assert_int_equal(read_log(&m, words), 1);
	assert_int_equal(words[0], 1 << 3);
	/* Protected again by having been read. */
	machine_access(&m, TDP_WRITE, 0x3000);
	assert_true(m.result.exits > 0);
	assert_int_equal(read_log(&m, words), 1);
	assert_int_equal(read_log(&m, words), 0);
	machine_end(&m);
}

/* Up to 6.12 shadow NPT does not say that it is nested: nothing is split. */
static void shadow_npt_is_not_split_in_6_12(void **state)
{
	struct tdp_nested_state l2 = l2_state(TDP_AMD);
	struct events events = { 0 };
	struct machine m;

	(void)state;
	machine_init(&m, TDP_AMD, "v6.12");
	l2_start(&m);
	machine_slot(&m, 2, 0, START, 4 * MIB, TDP_BACKING_THP);
	machine_poke(&m, 0x140000, 0x141067);
	machine_poke(&m, 0x141000, 0x142067);
	machine_poke(&m, 0x142000, START | 0xe7);
	l2.tdp = true;
	l2.tdp_root = NCR3;
	l2.l2.cr0 = 0x31;
	l2.l2.efer = 0x1000;
	assert_int_equal(l2_enter(&m, &l2), TDP_OUTCOME_DONE);
	assert_int_equal(machine_access(&m, TDP_WRITE, 0), TDP_OUTCOME_DONE);
	assert_int_equal(m.result.level, TDP_LEVEL_2M);
	events_watch(&events, &m);
	set_logging(&m, true);
	assert_int_equal(count_splits(&events, 0), 0);
	machine_end(&m);
}

/* lpage_info before its start: the slot begins in the middle of a gigabyte. */
static const struct bounds_row {
	const char *name, *profile;
	enum tdp_outcome outcome;
} bounds_rows[] = {
	{ "v5.10", "v5.10", TDP_OUTCOME_DONE },
	{ "v5.19", "v5.19", TDP_OUTCOME_DONE },
	{ "v6.0", "v6.0", TDP_OUTCOME_KERNEL_BUG },
	{ "v6.12", "v6.12", TDP_OUTCOME_KERNEL_BUG },
	{ "v7.0", "v7.0", TDP_OUTCOME_KERNEL_BUG },
	{ "v7.1", "v7.1", TDP_OUTCOME_DONE },
};

static void lpage_info_bounds(void **state)
{
	const struct bounds_row *r = *state;
	struct tdp_memslot region = {
		.slot = 1,
		.gpa = 0x20000000,
		.size = 4 * MIB,
	};
	struct machine m;

	machine_init(&m, TDP_AMD, r->profile);
	machine_set(&m, "tdp_mmu", "off");
	machine_start(&m);
	machine_vcpu(&m, 40);
	machine_slot(&m, 1, 0, region.gpa, region.size, TDP_BACKING_THP);
	machine_access(&m, TDP_WRITE, region.gpa);
	assert_int_equal(m.result.level, TDP_LEVEL_2M);
	region.flag_dirty_log = true;
	tdp_vm_set_memslot(m.vm, &region, &m.result, &m.err);
	region.flag_dirty_log = false;
	assert_int_equal(tdp_vm_set_memslot(m.vm, &region, &m.result, &m.err),
			 TDP_OK);
	assert_int_equal(m.result.outcome, r->outcome);
	assert_int_equal(tdp_vcpu_run(m.vcpu, &m.result, &m.err),
			 r->outcome == TDP_OUTCOME_DONE ? TDP_OK :
							  TDP_EUNSUPPORTED);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		CASE(l2_pages_are_split),
		CASE(l2_writes_are_logged),
		CASE(shadow_npt_is_not_split_in_6_12),
		ROWS(bounds_rows, lpage_info_bounds),
	};

	return RUN("dirty_shadow", suites);
}
