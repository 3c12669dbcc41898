/* SPDX-License-Identifier: MIT */
/* KVM_PRE_FAULT_MEMORY: arguments, progress, errnos, what is installed. */
#include <errno.h>

#include "support/machine.h"

#define START UINT64_C(0x40000000)
#define SIZE  UINT64_C(0x40201000)

/* A slot of 1 GiB, 2 MiB and 4 KiB, backed by 2M pages; rows F of KVM 6.12. */
static const struct row {
	const char *name;
	const char *profile;
	uint64_t gpa, size, flags;
	int ret;
	uint64_t gpa_after, size_after;
	unsigned int level;
	enum tdp_reason reason;
	uint64_t signal_after;
} rows[] = {
	/* clang-format off */
	{ "F01_step_limited_by_size", "v6.12", START, 0x1000, 0, 0, START + 0x1000, 0, 2,
	  TDP_WHY_MAPPED, 0 },
	{ "F02_one_step",	"v6.12", START, 2 * MIB, 0, 0, START + 2 * MIB, 0, 2,
	  TDP_WHY_MAPPED, 0 },
	{ "F03_two_steps",	"v6.12", START + 0x1000, 2 * MIB, 0, 0,
	  START + 2 * MIB + 0x1000, 0, 2, TDP_WHY_MAPPED, 0 },
	{ "F05_tail_then_hole",	"v6.12", 0x80200000, 0x2000, 0, 0, 0x80201000, 0x1000, 1,
	  TDP_WHY_MMIO_SPTE, 0 },
	{ "F06_hole",		"v6.12", 0x80201000, 0x1000, 0, -ENOENT, 0x80201000, 0x1000,
	  0, TDP_WHY_MMIO_SPTE, 0 },
	{ "F07_size_zero",	"v6.12", START, 0, 0, -EINVAL, START, 0, 0,
	  TDP_WHY_EMPTY_OR_WRAPS, 0 },
	{ "F08_gpa_alignment",	"v6.12", START + 0x800, 0x1000, 0, -EINVAL, START + 0x800,
	  0x1000, 0, TDP_WHY_UNALIGNED, 0 },
	{ "F09_size_alignment",	"v6.12", START, 0x1800, 0, -EINVAL, START, 0x1800, 0,
	  TDP_WHY_UNALIGNED, 0 },
	{ "F10_sum_is_zero",	"v6.12", 0xfffffffffffff000, 0x1000, 0, -EINVAL,
	  0xfffffffffffff000, 0x1000, 0, TDP_WHY_EMPTY_OR_WRAPS, 0 },
	{ "F11_beyond_the_host", "v6.12", 0xffffffffffffe000, 0x1000, 0, -ENOENT,
	  0xffffffffffffe000, 0x1000, 0, TDP_WHY_GFN_TOO_HIGH, 0 },
	{ "F13_flags",		"v6.12", START, 0x1000, 1, -EINVAL, START, 0x1000, 0,
	  TDP_WHY_FLAGS, 0 },
	{ "F19_signal_after_2M", "v6.12", START, 4 * MIB, 0, 0, START + 2 * MIB, 2 * MIB, 2,
	  TDP_WHY_SIGNAL, 512 },
	{ "before_6_11",	"v6.8", START, 0x1000, 0, -EINVAL, START, 0x1000, 0,
	  TDP_WHY_NO_IOCTL, 0 },
	/* clang-format on */
};

static void with_slot(struct machine *m, const char *profile)
{
	machine_init(m, TDP_INTEL, profile);
	machine_start(m);
	machine_vcpu(m, 46);
	machine_slot(m, 0, 0, START, SIZE, TDP_BACKING_THP);
}

static void call(void **state)
{
	const struct row *r = *state;
	struct machine m;

	with_slot(&m, r->profile);
	if (r->signal_after)
		tdp_vcpu_signal(m.vcpu, r->signal_after);
	assert_int_equal(tdp_vcpu_prefault(m.vcpu, TDP_GPA(r->gpa), r->size,
					   r->flags, &m.result, &m.err),
			 TDP_OK);
	assert_int_equal(m.result.ret, r->ret);
	assert_int_equal(m.result.gpa, r->gpa_after);
	assert_int_equal(m.result.size, r->size_after);
	assert_int_equal(m.result.level, r->level);
	assert_int_equal(m.result.reason, r->reason);
	assert_int_equal(tdp_vm_check(m.vm, NULL), TDP_OK);
	machine_end(&m);
}

static void without_tdp(struct machine *m)
{
	machine_init(m, TDP_INTEL, "v6.12");
	machine_set(m, "tdp", "off");
	machine_start(m);
	machine_vcpu(m, 46);
	machine_slot(m, 0, 0, START, SIZE, TDP_BACKING_THP);
}

/* F13, F14: the arguments are looked at first. */
static void tdp_off(void **state)
{
	struct machine m;

	(void)state;
	without_tdp(&m);
	assert_int_equal(tdp_vcpu_prefault(m.vcpu, TDP_GPA(START), 0x1000, 1,
					   &m.result, &m.err),
			 TDP_OK);
	assert_int_equal(m.result.ret, -EINVAL);
	assert_int_equal(machine_prefault(&m, START, 0x1000), -EOPNOTSUPP);
	assert_int_equal(m.result.gpa, START);
	assert_int_equal(m.result.size, 0x1000);
	machine_end(&m);
}

/* F18 */
static void pending_signal(void **state)
{
	struct machine m;

	(void)state;
	with_slot(&m, "v6.12");
	tdp_vcpu_signal(m.vcpu, 0);
	assert_int_equal(machine_prefault(&m, START, 0x1000), -EINTR);
	assert_int_equal(m.result.gpa, START);
	assert_int_equal(m.result.size, 0x1000);
	assert_int_equal(m.result.faults_fixed, 0);
	machine_end(&m);
}

/* F04: pages of a logged slot are small, and dirty once they are mapped. */
static void logged_slot(void **state)
{
	const struct tdp_memslot region = {
		.gpa = START,
		.size = SIZE,
		.backing = TDP_BACKING_THP,
		.flag_dirty_log = true,
	};
	struct machine m;

	(void)state;
	with_slot(&m, "v6.12");
	assert_int_equal(tdp_vm_set_memslot(m.vm, &region, &m.result, &m.err),
			 TDP_OK);
	assert_int_equal(machine_prefault(&m, START, 4 * MIB), 0);
	assert_int_equal(m.result.gpa, START + 4 * MIB);
	assert_int_equal(m.result.size, 0);
	assert_int_equal(m.result.level, TDP_LEVEL_4K);
	assert_int_equal(m.result.faults_fixed, 1024);
	assert_int_equal(
		tdp_vm_get_dirty_log(m.vm, 0, 0, NULL, 0, &m.result, &m.err),
		TDP_OK);
	assert_int_equal(m.result.value, 1024);
	machine_end(&m);
}

/* The leaf that a pre-fault of RAM leaves: vectors S04, S05, S16, S23. */
static const struct leaf_row {
	const char *name;
	const char *profile;
	enum tdp_vendor vendor;
	bool ad;
	enum tdp_backing backing;
	uint64_t flags; /* of the SPTE, its frame removed */
} leaf_rows[] = {
	/* clang-format off */
	{ "ept_4k",	"v6.12", TDP_INTEL, true,  TDP_BACKING_ANONYMOUS, 0x8600000000000a77 },
	{ "ept_2m",	"v6.12", TDP_INTEL, true,  TDP_BACKING_THP,	  0x8600000000000af7 },
	{ "ept_no_ad",	"v6.12", TDP_INTEL, false, TDP_BACKING_ANONYMOUS, 0x8750000000000870 },
	{ "npt_4k",	"v6.12", TDP_AMD,   true,  TDP_BACKING_ANONYMOUS, 0x0000000000000e47 },
	{ "npt_2m",	"v6.12", TDP_AMD,   true,  TDP_BACKING_THP,	  0x0000000000000ec7 },
	{ "npt_1g",	"v6.12", TDP_AMD,   true,  TDP_BACKING_HUGETLB_1G, 0x0000000000000ec7 },
	{ "ept_4k_7_2",	"v7.2",  TDP_INTEL, true,  TDP_BACKING_ANONYMOUS, 0x80a0000000000e77 },
	/* clang-format on */
};

static void leaf(void **state)
{
	const struct leaf_row *r = *state;
	struct machine m;

	machine_init(&m, r->vendor, r->profile);
	m.host.ept_ad = r->ad;
	machine_start(&m);
	machine_vcpu(&m, 46);
	machine_slot(&m, 0, 0, START, GIB, r->backing);
	assert_int_equal(machine_prefault(&m, START, 0x1000), 0);
	assert_int_equal(m.result.spte & ~UINT64_C(0x000ffffffffff000),
			 r->flags);
	machine_end(&m);
}

static void second_call_by_kernel(const char *profile, uint64_t expected)
{
	struct machine m;

	machine_init(&m, TDP_AMD, profile);
	machine_start(&m);
	machine_vcpu(&m, 46);
	machine_slot(&m, 0, 0, START, GIB, TDP_BACKING_ANONYMOUS);
	assert_int_equal(machine_prefault(&m, START, 0x1000), 0);
	assert_int_equal(m.result.spte & 0xfff, 0xe47);
	assert_int_equal(machine_prefault(&m, START, 0x1000), 0);
	assert_int_equal(m.result.spte & 0xfff, expected);
	machine_end(&m);
}

/* Recorded: A.basic of 6.12 and 6.18. */
static void second_call_rewrites_the_leaf_in_6_12(void **state)
{
	(void)state;
	second_call_by_kernel("v6.12", 0xe07);
	second_call_by_kernel("v6.13", 0xe47);
	second_call_by_kernel("v6.18", 0xe47);
}

static void stale_root(const char *profile, bool spins)
{
	const struct tdp_memslot gone = { .slot = 1 };
	struct machine m;

	with_slot(&m, profile);
	machine_slot(&m, 1, 0, 0, MIB, TDP_BACKING_ANONYMOUS);
	assert_int_equal(machine_prefault(&m, START, 0x1000), 0);
	assert_int_equal(tdp_vm_set_memslot(m.vm, &gone, &m.result, NULL),
			 TDP_OK);
	machine_prefault(&m, START, 0x1000);
	assert_int_equal(m.result.outcome,
			 spins ? TDP_OUTCOME_LIVELOCK : TDP_OUTCOME_DONE);
	/* A signal ends the spinning. */
	if (spins) {
		tdp_vcpu_signal(m.vcpu, 1);
		assert_int_equal(machine_prefault(&m, START, 0x1000), -EINTR);
		assert_int_equal(m.result.reason, TDP_WHY_STALE_ROOT_LOOP);
		/* Recording A.slotdel, step 9: kvm_run is left alone. */
		assert_int_equal(m.result.exit_reason, 0);
	}
	/* So does a KVM_RUN, which serves the request. */
	assert_int_equal(tdp_vcpu_run(m.vcpu, &m.result, NULL), TDP_OK);
	assert_int_equal(machine_prefault(&m, START, 0x1000), 0);
	machine_end(&m);
}

static void deleted_slot_makes_it_spin_up_to_6_14(void **state)
{
	(void)state;
	stale_root("v6.11", true);
	stale_root("v6.12", true);
	stale_root("v6.14", true);
	stale_root("v6.15", false);
	stale_root("v6.18", false);
}

static void prefaulted_page_costs_the_guest_no_exit(void **state)
{
	struct machine m;

	(void)state;
	with_slot(&m, "v6.12");
	assert_int_equal(machine_prefault(&m, START, 2 * MIB), 0);
	assert_int_equal(machine_access(&m, TDP_WRITE, START + 0x1234),
			 TDP_OUTCOME_DONE);
	assert_int_equal(m.result.exits, 0);
	assert_int_equal(machine_access(&m, TDP_WRITE, START + 2 * MIB),
			 TDP_OUTCOME_DONE);
	assert_int_equal(m.result.exits, 1);
	machine_end(&m);
}

static void vcpus_share_the_root(void **state)
{
	uint32_t words[16];
	struct machine m;

	(void)state;
	with_slot(&m, "v6.12");
	assert_int_equal(machine_prefault(&m, START, 0x1000), 0);
	assert_true(m.result.mmu_pages > 0);
	machine_vcpu(&m, 46);
	assert_int_equal(machine_prefault(&m, START + 0x1000, 0x1000), 0);
	assert_int_equal(m.result.mmu_pages, 0);
	assert_int_equal(machine_roots(&m, words), 1);
	assert_int_equal(words[0], 0x3784);
	machine_end(&m);
}

/* The postings of 2024: rows P of the history. */
static const struct stage_row {
	const char *name;
	const char *api;
	uint64_t gpa, size, flags, signal_after;
	int ret;
	uint64_t size_after;
	bool accessed;
} stage_rows[] = {
	/* clang-format off */
	{ "P01_v1_signal",	"map_v1", START, 4 * MIB, 1, 512, -EAGAIN, 2 * MIB, true },
	{ "P01_v1_hole_behind", "map_v1", START + SIZE - 0x1000, 0x2000, 0, 0, -EAGAIN, 0x1000,
	  true },
	{ "P02_v1_unaligned_is_4k", "map_v1", START + 0x1000, 0x1000, 0, 0, 0, 0, true },
	{ "P03_v1_hole",	"map_v1", 0x90000000, 0x1000, 0, 0, -EFAULT, 0x1000, false },
	{ "P05_v1_accessed",	"map_v1", START, 2 * MIB, 0, 0, 0, 0, true },
	{ "P05_v3_not_accessed", "map_v3", START, 2 * MIB, 0, 0, 0, 0, false },
	{ "P06_v2_size_wraps",	"map_v2", START + 0x1000, 0x1000, 0, 1, -EINTR,
	  0x1000 - 0x1ff000, true },
	{ "P07_v2_signal",	"map_v2", START, 4 * MIB, 0, 512, -EINTR, 2 * MIB, true },
	{ "P07_v3_signal",	"map_v3", START, 4 * MIB, 0, 512, 0, 2 * MIB, false },
	{ "P08_v2_hole",	"map_v2", 0x90000000, 0x1000, 0, 0, -EINVAL, 0x1000, false },
	{ "P08_v3_hole",	"map_v3", 0x90000000, 0x1000, 0, 0, -EINVAL, 0x1000, false },
	{ "P08_merged_hole",	"6.12", 0x90000000, 0x1000, 0, 0, -ENOENT, 0x1000, false },
	/* clang-format on */
};

static void stage(void **state)
{
	const struct stage_row *r = *state;
	struct machine m;

	machine_init(&m, TDP_INTEL, "v6.11");
	machine_set(&m, "prefault.api", r->api);
	machine_start(&m);
	machine_vcpu(&m, 46);
	machine_slot(&m, 0, 0, START, SIZE, TDP_BACKING_THP);
	if (r->signal_after)
		tdp_vcpu_signal(m.vcpu, r->signal_after);
	assert_int_equal(tdp_vcpu_prefault(m.vcpu, TDP_GPA(r->gpa), r->size,
					   r->flags, &m.result, NULL),
			 TDP_OK);
	assert_int_equal(m.result.ret, r->ret);
	assert_int_equal(m.result.size, r->size_after);
	if (r->ret != -EFAULT && r->ret != -EINVAL && r->ret != -ENOENT)
		assert_int_equal(!!(m.result.spte & 0x100), r->accessed);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, call),
		CASE(tdp_off),
		CASE(pending_signal),
		CASE(logged_slot),
		ROWS(leaf_rows, leaf),
		ROWS(stage_rows, stage),
		CASE(second_call_rewrites_the_leaf_in_6_12),
		CASE(deleted_slot_makes_it_spin_up_to_6_14),
		CASE(prefaulted_page_costs_the_guest_no_exit),
		CASE(vcpus_share_the_root),
	};

	return RUN("prefault", suites);
}
