/* SPDX-License-Identifier: MIT */
/* Making SPTEs: values worked out by hand from KVM's rules. */
#include "support/unit.h"

#include "spte_kernels.h"

#define RAM 0x70 /* WB, IPAT */
#define WB  0x30

/* clang-format off */
static const struct leaf_row {
	const char *name;
	enum kernel kernel;
	unsigned int host;
	unsigned int how;
	unsigned int access;
	unsigned int level;
	uint64_t pfn;
	uint64_t memtype;
	uint64_t spte;
} leaf_rows[] = {
	{ "ept_demand", K6_10, 0, 0, X|W|U, 1, 0x12345, RAM,
	  0x8600000012345b77 },
	{ "ept_demand_is_the_same_in_6.13", K6_13, 0, 0, X|W|U, 1, 0x12345,
	  RAM, 0x8600000012345b77 },
	{ "ept_prefault", K6_10, 0, M_PREFETCH, X|W|U, 1, 0x12345, RAM,
	  0x8600000012345a77 },
	{ "ept_prefault_2m", K6_10, 0, M_PREFETCH, X|W|U, 2, 0x12200, RAM,
	  0x8600000012200af7 },
	{ "ept_readonly", K6_10, 0, M_RO, X|W|U, 1, 0x12345, RAM,
	  0x8000000012345975 },
	{ "ept_readonly_prefault", K6_10, 0, M_RO|M_PREFETCH, X|W|U, 1,
	  0x12345, RAM, 0x8000000012345875 },
	{ "ept_write_tracked", K6_10, 0, M_WRPROT, X|W|U, 1, 0x12345, RAM,
	  0x8200000012345975 },
	{ "ept_write_tracked_in_6.13", K6_13, 0, M_WRPROT, X|W|U, 1, 0x12345,
	  RAM, 0x8200000012345975 },
	{ "ept_host_mmio", K6_10, 0, M_HOST_MMIO, X|W|U, 1, 0x12345, 0,
	  0x8600000012345b07 },
	{ "ept_always_readable_without_exec_only", K6_10, H_NO_XONLY, 0, X,
	  1, 0x12345, RAM, 0x8200000012345975 },
	{ "ept_exec_only", K6_10, 0, 0, X, 1, 0x12345, RAM,
	  0x8200000012345974 },
	{ "ept_no_ad_6.12", K6_10, H_NO_AD, M_AD_OFF, X|W|U, 1, 0x12345, RAM,
	  0x8610000012345877 },
	{ "ept_no_ad_6.13", K6_13, H_NO_AD, M_AD_OFF, X|W|U, 1, 0x12345, RAM,
	  0x8610000012345b77 },
	{ "ept_no_ad_prefault_6.12", K6_10, H_NO_AD, M_AD_OFF|M_PREFETCH,
	  X|W|U, 1, 0x12345, RAM, 0x8750000012345870 },
	{ "ept_no_ad_prefault_6.13", K6_13, H_NO_AD, M_AD_OFF|M_PREFETCH,
	  X|W|U, 1, 0x12345, RAM, 0x8750000012345a70 },
	{ "ept_no_ad_readonly_prefault_6.13", K6_13, H_NO_AD,
	  M_AD_OFF|M_RO|M_PREFETCH, X|W|U, 1, 0x12345, RAM,
	  0x8150000012345870 },
	{ "ept12_without_ad_on_a_host_with_it_6.12", K6_10, 0, M_AD_OFF|M_L2,
	  X|W|U, 1, 0x12345, RAM, 0x8610000012345877 },
	{ "ept12_without_ad_on_a_host_with_it_6.13", K6_13, 0, M_AD_OFF|M_L2,
	  X|W|U, 1, 0x12345, RAM, 0x8610000012345b77 },
	{ "ept_l2", K6_10, 0, M_L2, X|U, 1, 0x12345, RAM,
	  0x8220000012345975 },
	{ "ept_l2_without_pml", K6_10, H_NO_PML, M_L2, X|U, 1, 0x12345, RAM,
	  0x8200000012345975 },
	{ "npt_demand", K6_10, H_AMD, 0, X|W|U, 1, 0x12345, 0,
	  0x0000000012345e67 },
	{ "npt_1g", K6_10, H_AMD, 0, X|W|U, 3, 0x40000, 0,
	  0x0000000040000ee7 },
	{ "npt_readonly", K6_10, H_AMD, M_RO, X|W|U, 1, 0x12345, 0,
	  0x0000000012345825 },
	{ "npt_l2_has_no_pml", K6_10, H_AMD, M_L2, X|W|U, 1, 0x12345, 0,
	  0x0000000012345e67 },
	{ "npt_ignores_the_memory_type", K6_10, H_AMD, 0, X|W|U, 1, 0x12345,
	  RAM, 0x0000000012345e67 },
	{ "shadow_wux", K6_10, H_TDP_OFF, 0, X|W|U, 1, 0x12345, 0,
	  0x0000000012345e67 },
	{ "shadow_ux", K6_10, H_TDP_OFF, 0, X|U, 1, 0x12345, 0,
	  0x0000000012345a25 },
	{ "shadow_wu_nx", K6_10, H_TDP_OFF, 0, W|U, 1, 0x12345, 0,
	  0x8000000012345e67 },
	{ "shadow_prefetch", K6_10, H_TDP_OFF, M_PREFETCH, X|W|U, 1, 0x12345,
	  0, 0x0000000012345e47 },
	{ "shadow_supervisor", K6_10, H_TDP_OFF, 0, X|W, 1, 0x12345, 0,
	  0x0000000012345e63 },
	{ "nx_mitigation_ept_2m", K6_10, H_NX, 0, X|W|U, 2, 0x12200, RAM,
	  0x8600000012200bf3 },
	{ "nx_mitigation_npt_2m", K6_10, H_AMD|H_NX, 0, X|W|U, 2, 0x12200, 0,
	  0x8000000012200ee7 },
	{ "nx_mitigation_spares_4k", K6_10, H_NX, 0, X|W|U, 1, 0x12345, RAM,
	  0x8600000012345b77 },
	/* 7.2 */
	{ "7.2_ept_demand", K7_2, 0, 0, X|W|U|R, 1, 0x12345, RAM,
	  0x80a0000012345f77 },
	{ "7.2_ept_no_ad", K7_2, H_NO_AD, M_AD_OFF, X|W|U|R, 1, 0x12345, RAM,
	  0x90a0000012345f77 },
	{ "7.2_ept_no_ad_prefault", K7_2, H_NO_AD, M_AD_OFF|M_PREFETCH,
	  X|W|U|R, 1, 0x12345, RAM, 0xd0f0000012345a70 },
	{ "7.2_ept_2m", K7_2, 0, 0, X|W|U|R, 2, 0x12200, RAM,
	  0x80a0000012200ff7 },
	{ "7.2_ept_readonly", K7_2, 0, M_RO, X|W|U|R, 1, 0x12345, RAM,
	  0x8000000012345d75 },
	{ "7.2_ept_guest_pat", K7_2, 0, 0, X|W|U|R, 1, 0x12345, WB,
	  0x80a0000012345f37 },
	{ "7.1_ept_guest_pat", K6_13, 0, 0, X|W|U, 1, 0x12345, WB,
	  0x8600000012345b37 },
	{ "7.2_ept_supervisor_exec_only", K7_2, 0, 0, X, 1, 0x12345, RAM,
	  0x8020000012345974 },
	{ "7.2_ept_user_exec_only", K7_2, 0, 0, U, 1, 0x12345, RAM,
	  0x8020000012345d70 },
	{ "7.2_ept_read_by_right_without_exec_only", K7_2, H_NO_XONLY, 0, X|U,
	  1, 0x12345, RAM, 0x8020000012345d74 },
	{ "7.2_ept_l2", K7_2, 0, M_L2, X|U|R, 1, 0x12345, RAM,
	  0xa020000012345d75 },
	{ "7.2_nx_mitigation_ept_2m", K7_2, H_NX, 0, X|W|U|R, 2, 0x12200, RAM,
	  0x80a0000012200bf3 },
	{ "7.2_npt", K7_2, H_AMD, 0, X|W|U|R, 1, 0x12345, 0,
	  0x0000000012345e67 },
	{ "7.2_npt_gmet", K7_2, H_AMD, 0, X|W|R, 1, 0x12345, 0,
	  0x0000000012345e63 },
	{ "7.2_nx_mitigation_npt_2m", K7_2, H_AMD|H_NX, 0, X|W|U|R, 2,
	  0x12200, 0, 0x8000000012200ee7 },
	/* up to 6.9 */
	{ "5.10_ept_demand", K5_10, 0, 0, X|W|U, 1, 0x12345, RAM,
	  0x0000000012345f77 },
	{ "5.10_ept_always_readable", K5_10, H_NO_XONLY, 0, X, 1, 0x12345,
	  RAM, 0x0000000012345575 },
	{ "5.10_ept_no_ad", K5_10, H_NO_AD, M_AD_OFF, X|W|U, 1, 0x12345, RAM,
	  0x0010000012345c77 },
	{ "5.10_ept_no_ad_prefault", K5_10, H_NO_AD, M_AD_OFF|M_PREFETCH,
	  X|W|U, 1, 0x12345, RAM, 0x0150000012345c70 },
	{ "5.10_ept_write_tracked", K5_10, 0, M_WRPROT, X|W|U, 1, 0x12345,
	  RAM, 0x0000000012345575 },
	{ "5.10_npt_demand", K5_10, H_AMD, 0, X|W|U, 1, 0x12345, 0,
	  0x0000000012345c67 },
	{ "5.10_npt_readonly", K5_10, H_AMD, M_RO, X|W|U, 1, 0x12345, 0,
	  0x0000000012345025 },
	{ "5.10_guest_mmu_without_pml", K5_10, H_NO_PML, M_GUEST_MMU, X|W|U,
	  1, 0x12345, RAM, 0x0020000012345f77 },
	{ "5.10_guest_mmu_on_amd", K5_10, H_AMD, M_GUEST_MMU, X|W|U, 1,
	  0x12345, 0, 0x0020000012345c67 },
	{ "5.10_l2_on_root_mmu", K5_10, 0, M_L2, X|W|U, 1, 0x12345, RAM,
	  0x0000000012345f77 },
	{ "5.12_guest_mmu", K5_12, 0, M_GUEST_MMU, X|W|U, 1, 0x12345, RAM,
	  0x0020000012345f77 },
	{ "5.12_guest_mmu_without_pml", K5_12, H_NO_PML, M_GUEST_MMU, X|W|U,
	  1, 0x12345, RAM, 0x0000000012345f77 },
	{ "5.12_guest_mmu_on_amd", K5_12, H_AMD, M_GUEST_MMU, X|W|U, 1,
	  0x12345, 0, 0x0000000012345c67 },
	{ "5.12_ept_no_ad_prefault", K5_12, H_NO_AD, M_AD_OFF|M_PREFETCH,
	  X|W|U, 1, 0x12345, RAM, 0x0150000012345c70 },
	{ "5.14_ept_demand", K5_14, 0, 0, X|W|U, 1, 0x12345, RAM,
	  0x0600000012345b77 },
	{ "5.14_l2_on_root_mmu", K5_14, 0, M_L2, X|W|U, 1, 0x12345, RAM,
	  0x0600000012345b77 },
	{ "5.17_l2_on_root_mmu", K5_17, 0, M_L2, X|W|U, 1, 0x12345, RAM,
	  0x0620000012345b77 },
	{ "5.17_guest_mmu_flag_is_gone", K5_17, H_AMD, M_GUEST_MMU, X|W|U, 1,
	  0x12345, 0, 0x0000000012345e67 },
	{ "6.1_npt_demand", K6_1_Y, H_AMD, 0, X|W|U, 1, 0x12345, 0,
	  0x0000000012345e67 },
};
/* clang-format on */

static void makes_leaf(void **state)
{
	const struct leaf_row *r = *state;
	const struct spte_format fmt = format_of(r->kernel, r->host);
	bool wrprotected = true;
	uint64_t spte = make_of(&fmt, r->how, r->access, r->level, r->pfn,
				r->memtype, fmt.nonpresent, &wrprotected);

	assert_int_equal(spte, r->spte);
	assert_int_equal(wrprotected, !!(r->how & M_WRPROT));
	assert_null(spte_check(&fmt, spte, r->level));
	assert_true(spte_present(&fmt, spte));
	assert_false(spte_is_mmio(&fmt, spte));
}

/* What was there before: the write checks and the dirty bit. */
/* clang-format off */
static const struct old_row {
	const char *name;
	enum kernel kernel;
	unsigned int host;
	unsigned int how;
	unsigned int level;
	uint64_t old;
	uint64_t spte;
	bool wrprotected;
} old_rows[] = {
	{ "5.10_fault_over_writable", K5_10, H_AMD, 0, 1, 0x12345c67,
	  0x12345c67, false },
	{ "5.10_sync_over_writable", K5_10, H_AMD, M_SYNC|M_PREFETCH, 1,
	  0x12345c67, 0x12345c07, false },
	{ "5.10_sync_over_writable_tracked_gfn", K5_10, H_AMD,
	  M_SYNC|M_PREFETCH|M_WRPROT, 1, 0x12345c67, 0x12345c07, false },
	{ "5.10_fault_over_writable_tracked_gfn", K5_10, H_AMD, M_WRPROT, 1,
	  0x12345c67, 0x12345425, true },
	{ "5.14_sync_skips_access_tracking", K5_14, H_NO_AD,
	  M_SYNC|M_PREFETCH|M_AD_OFF, 1, 0x0610000012345877,
	  0x0610000012345807, false },
	{ "5.14_sync_of_read_only_does_not_skip_it", K5_14, H_NO_AD,
	  M_SYNC|M_PREFETCH|M_AD_OFF|M_RO, 1, 0x0610000012345877,
	  0x0150000012345800, false },
	{ "5.17_sync_does_not_skip_it", K5_17, H_NO_AD,
	  M_SYNC|M_PREFETCH|M_AD_OFF, 1, 0x0610000012345877,
	  0x0750000012345800, false },
	{ "6.12_over_writable", K6_10, H_AMD, 0, 1, 0x12345e67, 0x12345e27,
	  false },
	{ "6.12_over_read_only", K6_10, H_AMD, 0, 1, 0x12345e65, 0x12345e67,
	  false },
	{ "6.12_over_mmio", K6_10, H_AMD, 0, 1, 0x8000040000017, 0x12345e27,
	  false },
	{ "6.12_over_table", K6_10, H_AMD, 0, 2, 0x55827, 0x12345ea7, false },
	{ "6.1.158_over_table", K6_1_Y, H_AMD, 0, 2, 0x55827, 0x12345ee7,
	  false },
	{ "6.1.158_over_writable", K6_1_Y, H_AMD, 0, 1, 0x12345e67,
	  0x12345e27, false },
	{ "6.1.158_over_huge", K6_1_Y, H_AMD, 0, 2, 0x12345ee7, 0x12345ea7,
	  false },
	{ "6.12_over_writable_tracked_gfn", K6_10, H_AMD, M_WRPROT, 1,
	  0x12345e67, 0x12345e27, false },
	{ "6.13_over_writable", K6_13, H_AMD, 0, 1, 0x12345e67, 0x12345e67,
	  false },
	{ "6.13_over_mmio", K6_13, H_AMD, 0, 1, 0x8000040000017, 0x12345e67,
	  false },
	{ "6.13_over_writable_tracked_gfn", K6_13, H_AMD, M_WRPROT, 1,
	  0x12345e67, 0x12345e67, false },
	{ "6.13_over_table_tracked_gfn", K6_13, H_AMD, M_WRPROT, 2, 0x55827,
	  0x12345aa5, true },
	{ "6.12_sync_is_a_prefetch", K6_10, H_AMD, M_SYNC|M_PREFETCH, 1,
	  0x12345e65, 0x12345e47, false },
	{ "6.13_sync_is_accessed", K6_13, H_AMD, M_SYNC|M_PREFETCH, 1,
	  0x12345e65, 0x12345e67, false },
	{ "6.13_sync_is_not_tracked", K6_13, H_NO_AD,
	  M_SYNC|M_PREFETCH|M_AD_OFF, 1, 0x8610000012345b75,
	  0x8610000012345b07, false },
};
/* clang-format on */

static void heeds_old(void **state)
{
	const struct old_row *r = *state;
	const struct spte_format fmt = format_of(r->kernel, r->host);
	bool wrprotected = !r->wrprotected;

	assert_int_equal(make_of(&fmt, r->how, X | W | U, r->level, 0x12345, 0,
				 r->old, &wrprotected),
			 r->spte);
	assert_int_equal(wrprotected, r->wrprotected);
}

/* clang-format off */
static const struct table_row {
	const char *name;
	enum kernel kernel;
	unsigned int host;
	bool ad_disabled;
	uint64_t child;
	uint64_t spte;
} table_rows[] = {
	{ "ept", K6_10, 0, false, 0x1000, 0x8000000000001907 },
	{ "ept_no_ad_6.12", K6_10, H_NO_AD, true, 0x1000,
	  0x8010000000001807 },
	{ "ept_no_ad_6.13", K6_13, H_NO_AD, true, 0x55000,
	  0x8010000000055807 },
	{ "ept_7.1", K6_13, 0, false, 0x55000, 0x8000000000055907 },
	{ "ept_7.2", K7_2, 0, false, 0x55000, 0x8000000000055d07 },
	{ "ept_no_ad_7.2", K7_2, H_NO_AD, true, 0x55000,
	  0x9000000000055c07 },
	{ "npt", K6_10, H_AMD, false, 0x1000, 0x1827 },
	{ "npt_7.2_keeps_user", K7_2, H_AMD, false, 0x1000, 0x1827 },
	{ "npt_5.10", K5_10, H_AMD, false, 0x1000, 0x1027 },
	{ "ept_5.10", K5_10, 0, false, 0x1000, 0x1107 },
	{ "ept_5.17", K5_17, 0, false, 0x1000, 0x1907 },
};
/* clang-format on */

static void makes_table(void **state)
{
	const struct table_row *r = *state;
	const struct spte_format fmt = format_of(r->kernel, r->host);
	uint64_t spte = spte_make_nonleaf(&fmt, r->child, r->ad_disabled);

	assert_int_equal(spte, r->spte);
	assert_null(spte_check(&fmt, spte, 2));
	assert_true(spte_present(&fmt, spte));
	assert_false(spte_leaf(spte, 2));
}

/* clang-format off */
static const struct split_row {
	const char *name;
	enum kernel kernel;
	unsigned int host;
	unsigned int level;		/* of the child */
	unsigned int access;		/* of the child's role */
	unsigned int index;
	uint64_t huge;
	uint64_t small;
} split_rows[] = {
	{ "2m", K6_10, 0, 1, X|W|U, 3, 0x8600000012200bf7,
	  0x8600000012203b77 },
	{ "1g_stays_large", K6_10, 0, 2, X|W|U, 511, 0x8600000040000bf7,
	  0x860000007fe00bf7 },
	{ "gains_exec_under_the_mitigation", K6_10, H_NX, 1, X|W|U, 0,
	  0x8600000012200bf3, 0x8600000012200b77 },
	{ "no_exec_beyond_the_role", K6_10, H_NX, 1, W|U, 0,
	  0x8600000012200bf3, 0x8600000012200b73 },
	{ "1g_gains_none", K6_10, H_NX, 2, X|W|U, 0, 0x8600000040000bf3,
	  0x8600000040000bf3 },
	{ "tracked_gains_it_in_the_saved_copy", K6_10, H_NX|H_NO_AD, 1, X|W|U,
	  0, 0x86500000122008f0, 0x8750000012200870 },
	{ "npt", K6_10, H_AMD|H_NX, 1, X|W|U, 1, 0x8000000012200ee7,
	  0x0000000012201e67 },
	{ "7.2_gains_both", K7_2, H_NX, 1, X|W|U|R, 0, 0x80a0000012200bf3,
	  0x80a0000012200f77 },
	{ "7.2_by_role", K7_2, H_NX, 1, X|W|R, 0, 0x80a0000012200bf3,
	  0x80a0000012200b77 },
	{ "7.2_takes_rights_away", K7_2, H_NX, 1, W|R, 0, 0x80a0000012200ff7,
	  0x80a0000012200b73 },
	{ "6.12_leaves_rights_alone", K6_10, H_NX, 1, W|U, 0,
	  0x8600000012200bf7, 0x8600000012200b77 },
};
/* clang-format on */

static void splits(void **state)
{
	const struct split_row *r = *state;
	const struct spte_format fmt = format_of(r->kernel, r->host);
	const struct tdp_role role = { .level = r->level, .access = r->access };

	assert_int_equal(spte_make_small(&fmt, r->huge, &role, r->index),
			 r->small);
}

/* clang-format off */
static const struct join_row {
	const char *name;
	enum kernel kernel;
	unsigned int host;
	unsigned int level;
	uint64_t small;
	uint64_t huge;
} join_rows[] = {
	{ "2m", K6_13, 0, 2, 0x8600000012203b77, 0x8600000012200bf7 },
	{ "1g", K6_13, 0, 3, 0x8600000052203b77, 0x8600000040000bf7 },
	{ "keeps_write_protection", K6_13, H_AMD, 2, 0x12203e65, 0x12200ee5 },
	{ "loses_exec_under_the_mitigation", K6_13, H_NX, 2,
	  0x8600000012203b77, 0x8600000012200bf3 },
	{ "npt_loses_exec", K6_13, H_AMD|H_NX, 2, 0x12203e67,
	  0x8000000012200ee7 },
	{ "recorded_6.18_ept", K6_13, 0, 2, 0x8600000012203977,
	  0x86000000122009f7 },
	{ "recorded_6.18_ept_no_ad", K6_13, H_NO_AD, 2, 0x8610000012203b75,
	  0x8610000012200bf5 },
	{ "tracked_loses_it_in_the_saved_copy", K6_13, H_NX|H_NO_AD, 2,
	  0x8750000012203a70, 0x8650000012200af0 },
	{ "7.2_loses_both", K7_2, H_NX, 2, 0x80a0000012203f77,
	  0x80a0000012200bf3 },
};
/* clang-format on */

static void joins(void **state)
{
	const struct join_row *r = *state;
	const struct spte_format fmt = format_of(r->kernel, r->host);

	assert_int_equal(spte_make_huge(&fmt, r->small, r->level), r->huge);
	assert_null(spte_check(&fmt, r->huge, r->level));
}

/* clang-format off */
static const struct changed_row {
	const char *name;
	enum kernel kernel;
	unsigned int host;
	uint64_t old;
	uint64_t spte;		/* pfn 0x77777 */
	bool sound;		/* keeps what later kernels ask for */
} changed_rows[] = {
	{ "5.14_keeps_mmu_writable", K5_14, H_AMD, 0x12345e67, 0x77777c45,
	  false },
	{ "5.17_clears_it", K5_17, H_AMD, 0x12345e67, 0x77777845, true },
	{ "5.17_ept", K5_17, 0, 0x0600000012345b77, 0x0000000077777a75,
	  true },
	{ "5.17_ept_no_ad_is_tracked", K5_17, H_NO_AD, 0x0610000012345877,
	  0x0150000077777870, true },
};
/* clang-format on */

static void follows_the_host(void **state)
{
	const struct changed_row *r = *state;
	struct spte_format fmt = format_of(r->kernel, r->host);

	assert_int_equal(spte_make_changed(&fmt, r->old, 0x77777), r->spte);
	assert_null(spte_check(&fmt, r->spte, 1));
	fmt.loose_mmu_writable = false;
	assert_int_equal(!spte_check(&fmt, r->spte, 1), r->sound);
}

/* clang-format off */
static const struct flush_row {
	const char *name;
	enum kernel kernel;
	unsigned int host;
	uint64_t old;
	uint64_t new;
	bool flush;
} flush_rows[] = {
	{ "6.12_write_protected", K6_10, H_AMD, 0x12345e67, 0x12345e65,
	  true },
	{ "6.12_accessed_lost", K6_10, H_AMD, 0x12345e67, 0x12345e47, true },
	{ "6.12_dirty_lost", K6_10, H_AMD, 0x12345e67, 0x12345e27, true },
	{ "6.12_dirty_gained", K6_10, H_AMD, 0x12345e27, 0x12345e67, false },
	{ "6.12_read_only_again", K6_10, H_AMD, 0x12345e65, 0x12345a25,
	  true },
	{ "6.12_unchanged", K6_10, H_AMD, 0x12345e67, 0x12345e67, false },
	{ "6.12_no_ad_tracked", K6_10, H_NO_AD, 0x8610000012345877,
	  0x8750000012345870, true },
	{ "6.12_no_ad_writes_are_dirty", K6_10, H_NO_AD, 0x8010000012345877,
	  0x8010000012345875, true },
	{ "5.14_not_host_writable", K5_14, H_AMD, 0x12345c45, 0x12345845,
	  false },
	{ "6.13_write_protected", K6_13, H_AMD, 0x12345e67, 0x12345e65,
	  false },
	{ "6.13_accessed_lost", K6_13, H_AMD, 0x12345e67, 0x12345e47, false },
	{ "6.13_dirty_lost", K6_13, H_AMD, 0x12345e67, 0x12345e27, false },
	{ "6.13_mmu_writable_lost", K6_13, H_AMD, 0x12345e67, 0x12345a25,
	  true },
	{ "6.13_read_only_loses_it_too", K6_13, H_AMD, 0x12345e65, 0x12345a25,
	  true },
	{ "7.2_mmu_writable_lost", K7_2, 0, 0x80a0000012345f77,
	  0x8020000012345d75, true },
};
/* clang-format on */

static void flushes(void **state)
{
	const struct flush_row *r = *state;
	const struct spte_format fmt = format_of(r->kernel, r->host);

	assert_int_equal(spte_needs_flush(&fmt, r->old, r->new), r->flush);
}

/* clang-format off */
static const struct allow_row {
	const char *name;
	enum kernel kernel;
	unsigned int host;
	uint64_t spte;
	bool read;
	bool write;
	bool fetch;
} allow_rows[] = {
	{ "npt_rwx", K6_10, H_AMD, 0x12345e67, true, true, true },
	{ "npt_read_only", K6_10, H_AMD, 0x12345825, true, false, true },
	{ "npt_nx", K6_10, H_AMD, 0x8000000012345e67, true, true, false },
	{ "ept_rwx", K6_10, 0, 0x8600000012345b77, true, true, true },
	{ "ept_exec_only", K6_10, 0, 0x8200000012345974, false, false, true },
	{ "ept_no_exec", K6_10, 0, 0x8600000012200bf3, true, true, false },
	{ "ept_tracked", K6_10, H_NO_AD, 0x8750000012345870, false, false,
	  false },
	{ "7.2_user_exec_is_enough", K7_2, 0, 0x8020000012345d70, false,
	  false, true },
	{ "7.2_supervisor_exec_is_enough", K7_2, 0, 0x8020000012345974, false,
	  false, true },
	{ "7.2_npt_nx", K7_2, H_AMD, 0x8000000012345e67, true, true, false },
};
/* clang-format on */

static void allows(void **state)
{
	const struct allow_row *r = *state;
	const struct spte_format fmt = format_of(r->kernel, r->host);

	assert_int_equal(spte_allows(&fmt, r->spte, false, false), r->read);
	assert_int_equal(spte_allows(&fmt, r->spte, true, false), r->write);
	assert_int_equal(spte_allows(&fmt, r->spte, false, true), r->fetch);
	/* A fetch is a fetch, whatever else the error code says. */
	assert_int_equal(spte_allows(&fmt, r->spte, true, true), r->fetch);
}

/* clang-format off */
static const struct accessed_row {
	const char *name;
	enum kernel kernel;
	unsigned int host;
	uint64_t spte;
	bool accessed;
	bool tracked;
	bool wrprot;
} accessed_rows[] = {
	{ "npt_accessed", K6_10, H_AMD, 0x12345e67, true, false, false },
	{ "npt_not", K6_10, H_AMD, 0x12345e47, false, false, false },
	{ "6.12_no_ad", K6_10, H_NO_AD, 0x8610000012345877, true, false,
	  true },
	{ "6.12_no_ad_tracked", K6_10, H_NO_AD, 0x8750000012345870, false,
	  true, true },
	{ "6.13_no_ad", K6_13, H_NO_AD, 0x8610000012345b77, true, false,
	  true },
	{ "6.13_no_ad_tracked", K6_13, H_NO_AD, 0x8750000012345a70, false,
	  true, true },
	{ "6.13_no_ad_counts_the_bit", K6_13, H_NO_AD, 0x8610000012345a77,
	  false, false, true },
	{ "l2_needs_write_protection", K6_10, 0, 0x8620000012345b77, true,
	  false, true },
	{ "ept_does_not", K6_10, 0, 0x8600000012345b77, true, false, false },
};
/* clang-format on */

static void knows_accessed(void **state)
{
	const struct accessed_row *r = *state;
	const struct spte_format fmt = format_of(r->kernel, r->host);

	assert_int_equal(spte_accessed(&fmt, r->spte), r->accessed);
	assert_int_equal(spte_access_tracked(&fmt, r->spte), r->tracked);
	assert_int_equal(spte_needs_write_protect(&fmt, r->spte), r->wrprot);
}

/* clang-format off */
static const struct track_row {
	const char *name;
	enum kernel kernel;
	unsigned int host;
	uint64_t spte;
	uint64_t tracked;
} track_rows[] = {
	{ "6.12_knows_no_software_accessed_bit", K6_10, 0, 0x8610000012345977,
	  0x8750000012345970 },
	{ "6.13_clears_it", K6_13, 0, 0x8610000012345b77,
	  0x8750000012345a70 },
	{ "hardware_accessed_bit", K6_10, 0, 0x8600000012345b77,
	  0x8600000012345a77 },
};
/* clang-format on */

static void tracks_access(void **state)
{
	const struct track_row *r = *state;
	const struct spte_format fmt = format_of(r->kernel, r->host);

	assert_int_equal(spte_mark_access_track(&fmt, r->spte), r->tracked);
}

/* clang-format off */
static const struct traced_row {
	const char *name;
	enum kernel kernel;
	unsigned int host;
	uint64_t spte;
	struct spte_traced traced;
} traced_rows[] = {
	{ "5.17_ept_exec_only", K5_17, 0, 0x0200000012345974,
	  { false, true, false } },
	{ "5.17_ept_tracked", K5_17, H_NO_AD, 0x0750000012345870,
	  { false, false, false } },
	{ "6.10_suppress_ve_counts_as_r", K6_10, 0, 0x8200000012345974,
	  { true, true, false } },
	{ "7.2_ept", K7_2, 0, 0x80a0000012345f77, { true, true, true } },
	{ "7.2_user_exec_only", K7_2, 0, 0x8020000012345d70,
	  { true, false, true } },
	{ "7.2_supervisor_exec_only", K7_2, 0, 0x8020000012345974,
	  { true, true, false } },
	{ "7.2_npt_gmet", K7_2, H_AMD, 0x12345e63, { true, true, false } },
};
/* clang-format on */

static void traces(void **state)
{
	const struct traced_row *r = *state;
	const struct spte_format fmt = format_of(r->kernel, r->host);
	const struct spte_traced traced = spte_traced(&fmt, r->spte);

	assert_int_equal(traced.r, r->traced.r);
	assert_int_equal(traced.x, r->traced.x);
	assert_int_equal(traced.u, r->traced.u);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(leaf_rows, makes_leaf),
		ROWS(old_rows, heeds_old),
		ROWS(table_rows, makes_table),
		ROWS(split_rows, splits),
		ROWS(join_rows, joins),
		ROWS(changed_rows, follows_the_host),
		ROWS(flush_rows, flushes),
		ROWS(allow_rows, allows),
		ROWS(accessed_rows, knows_accessed),
		ROWS(track_rows, tracks_access),
		ROWS(traced_rows, traces),
	};

	return RUN("spte", suites);
}
