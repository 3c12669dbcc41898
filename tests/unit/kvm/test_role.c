/* SPDX-License-Identifier: MIT */
/*
 * Roles from registers: words worked out by an independent model of KVM and
 * checked there against functions of 6.14, named as in its tables (R..., N...);
 * and what the sources of older kernels say.
 */
#include "arch/regs.h"
#include "role_kernel.h"

#define PG_WP UINT64_C(0x80010001)
#define MODES UINT64_C(0x3000b0) /* PSE, PAE, PGE, SMEP, SMAP */
#define LONG  UINT64_C(0xd00)    /* NX, LMA, LME */

/* Kernels between which no word of this table changed. */
static const char *const alike[] = { "v5.19", "v6.0",  "v6.1",  "v6.4",
				     "v6.7",  "v6.8",  "v6.11", "v6.12",
				     "v6.13", "v6.14", "v6.15", "v6.16",
				     "v6.17", "v6.18", "v6.19", "v7.0",
				     "v7.1" };

static const struct role_tdp_host intel4 = { .level = 4, .has_ad = true };
static const struct role_tdp_host intel5 = { .level = 5, .has_ad = true };

static uint64_t word(uint32_t base, uint32_t ext)
{
	return (uint64_t)ext << 32 | base;
}

static const struct mode_row {
	const char *name;
	struct role_regs regs;
	uint32_t base;
	uint32_t ext;
	uint32_t tdp_root;
	uint32_t shadow_root;
} mode_rows[] = {
	/* clang-format off */
	{ "R001_reset", { 0x60000010, 0, 0 }, 0x780, 0x01, 0x3784, 0x1783 },
	{ "R002_real", { 0x10, 0, 0 }, 0x780, 0x01, 0x3784, 0x1783 },
	{ "R003_protected", { 1, 0, 0 }, 0x780, 0x01, 0x3784, 0x1783 },
	{ "R004_protected_pae_wp_nx", { 0x10001, 0x20, 0x800 }, 0x780, 0x01, 0x3784, 0x1783 },
	{ "R006_32bit", { 0x80000001, 0, 0 }, 0x712, 0x01, 0x3784, 0x1713 },
	{ "R007_32bit_wp", { PG_WP, 0, 0 }, 0x2712, 0x01, 0x3784, 0x3713 },
	{ "R008_32bit_pse_wp", { PG_WP, 0x10, 0 }, 0x2712, 0x05, 0x3784, 0x3713 },
	{ "R009_32bit_pse_smep", { 0x80000001, 0x100010, 0 }, 0x4712, 0x25, 0x3784, 0x5713 },
	{ "R011_32bit_pse_wp_smep_smap", { PG_WP, 0x300010, 0 }, 0x2712, 0x35, 0x3784, 0x3713 },
	{ "R012_32bit_nx", { PG_WP, 0x10, 0x800 }, 0x3712, 0x05, 0x3784, 0x3713 },
	{ "R013_32bit_pke_la57", { PG_WP, 0x401000, 0 }, 0x2712, 0x01, 0x3784, 0x3713 },
	{ "R014_pae", { 0x80000001, 0x20, 0 }, 0x703, 0x01, 0x3784, 0x1703 },
	{ "R015_pae_wp", { PG_WP, 0x20, 0 }, 0x2703, 0x01, 0x3784, 0x3703 },
	{ "R018_pae_nx_smap", { 0x80000001, 0x200020, 0x800 }, 0x9703, 0x11, 0x3784, 0x9703 },
	{ "R019_pae_nx_wp_smep_smap", { PG_WP, 0x300020, 0x800 }, 0x3703, 0x31, 0x3784, 0x3703 },
	{ "R020_4level", { 0x80000001, 0x20, 0x500 }, 0x704, 0x81, 0x3784, 0x1704 },
	{ "R021_4level_wp", { PG_WP, 0x20, 0x500 }, 0x2704, 0x81, 0x3784, 0x3704 },
	{ "R028_5level_all", { PG_WP, 0x7010b0, LONG }, 0x3705, 0xfd, 0x3784, 0x3705 },
	{ "R029_5level_smep", { 0x80000001, 0x101020, 0x500 }, 0x4705, 0xe1, 0x3784, 0x5705 },
	/* clang-format on */
};

static void mode(void **state)
{
	const struct mode_row *r = *state;

	for (size_t i = 0; i < ARRAY_SIZE(alike); i++) {
		const struct tdp_kvm_config kvm = kernel(alike[i]);
		struct cpu_role cpu = role_calc_cpu(&kvm, &r->regs, false,
						    false, 46);
		struct tdp_role tdp = role_calc_tdp_root(&kvm, &cpu, &r->regs,
							 &intel4);
		struct tdp_role shadow = role_calc_shadow_root(&kvm, &cpu);

		assert_int_equal(cpu_role_pack(&kvm, &cpu),
				 word(r->base, r->ext));
		assert_int_equal(role_pack(&kvm, &tdp), r->tdp_root);
		assert_int_equal(role_pack(&kvm, &shadow), r->shadow_root);
	}
}

static const struct tdp_row {
	const char *name;
	unsigned int level;
	bool has_ad;
	bool npt;
	bool smm;
	bool guest_mode;
	uint32_t base;
	uint32_t root;
} tdp_rows[] = {
	/* clang-format off */
	{ "R031_R032_R037_level_4", 4, true, false, false, false, 0x3704, 0x3784 },
	{ "R033_R034_level_5", 5, true, false, false, false, 0x3704, 0x3785 },
	{ "R035_no_ad", 5, false, false, false, false, 0x3704, 0x13785 },
	{ "R038_smm", 4, true, false, true, false, 0x1003704, 0x1003784 },
	{ "R041_guest_mode", 5, true, false, false, true, 0x23704, 0x23785 },
	{ "R042_no_ad_smm", 4, false, false, true, false, 0x1003704, 0x1013784 },
	{ "R045_no_ad_guest_mode", 5, false, false, false, true, 0x23704, 0x33785 },
	{ "R046_npt", 4, true, true, false, false, 0x3704, 0x3784 },
	{ "R048_npt_5", 5, true, true, false, false, 0x3704, 0x3785 },
	{ "R049_npt_5_smm", 5, true, true, true, false, 0x1003704, 0x1003785 },
	{ "R050_npt_5_guest_mode", 5, true, true, false, true, 0x23704, 0x23785 },
	{ "R051_npt_smm", 4, true, true, true, false, 0x1003704, 0x1003784 },
	/* clang-format on */
};

static void tdp_root(void **state)
{
	const struct tdp_row *r = *state;
	const struct role_regs regs = { PG_WP, MODES, LONG };
	const struct role_tdp_host host = {
		.level = r->level,
		.has_ad = r->has_ad,
		.format_has_user = r->npt,
	};

	for (size_t i = 0; i < ARRAY_SIZE(alike); i++) {
		const struct tdp_kvm_config kvm = kernel(alike[i]);
		struct cpu_role cpu = role_calc_cpu(&kvm, &regs, r->smm,
						    r->guest_mode, 46);
		struct tdp_role root = role_calc_tdp_root(&kvm, &cpu, &regs,
							  &host);

		assert_int_equal(cpu_role_pack(&kvm, &cpu),
				 word(r->base, 0xb5));
		assert_int_equal(role_pack(&kvm, &root), r->root);
		assert_int_equal(role_as_id(&root), r->smm);
	}
}

static const struct shadow_row {
	const char *name;
	struct role_regs regs;
	bool smm;
	bool guest_mode;
	uint32_t base;
	uint32_t root;
} shadow_rows[] = {
	{ "R056_smm",
	  { PG_WP, MODES, LONG },
	  true,
	  false,
	  0x1003704,
	  0x1003704 },
	{ "R057_guest_mode",
	  { PG_WP, MODES, LONG },
	  false,
	  true,
	  0x23704,
	  0x23704 },
	{ "R058_smm_entry", { 0x10, 0, 0 }, true, false, 0x1000780, 0x1001783 },
};

static void shadow_root(void **state)
{
	const struct shadow_row *r = *state;
	const struct tdp_kvm_config kvm = kernel("v6.12");
	struct cpu_role cpu = role_calc_cpu(&kvm, &r->regs, r->smm,
					    r->guest_mode, 46);
	struct tdp_role root = role_calc_shadow_root(&kvm, &cpu);

	assert_int_equal(role_pack(&kvm, &cpu.base), r->base);
	assert_int_equal(role_pack(&kvm, &root), r->root);
}

/* A TDP root of 5.10 to 5.18 has the guest's NX and WP in it. */
static const struct old_tdp_row {
	const char *name;
	struct role_regs regs;
	uint32_t v5_10;
	uint32_t v5_14;
	uint32_t v5_17;
	uint32_t v5_19;
} old_tdp_rows[] = {
	/* clang-format off */
	{ "reset", { 0x60000010, 0, 0 }, 0x794, 0x794, 0x784, 0x3784 },
	{ "wp", { PG_WP, 0x20, 0x500 }, 0x2794, 0x2794, 0x2784, 0x3784 },
	{ "nx", { 0x80000001, 0x20, LONG }, 0x1794, 0x1794, 0x1784, 0x3784 },
	{ "nx_wp", { PG_WP, 0x20, LONG }, 0x3794, 0x3794, 0x3784, 0x3784 },
	{ "R06_nx_without_paging", { 1, 0, 0x800 }, 0x1794, 0x794, 0x784, 0x3784 },
	{ "wp_without_paging", { 0x10001, 0, 0 }, 0x2794, 0x794, 0x784, 0x3784 },
	/* clang-format on */
};

static uint32_t tdp_word(const char *name, const struct role_regs *regs,
			 const struct role_tdp_host *host)
{
	const struct tdp_kvm_config kvm = kernel(name);
	struct cpu_role cpu = role_calc_cpu(&kvm, regs, false, false, 46);
	struct tdp_role root = role_calc_tdp_root(&kvm, &cpu, regs, host);

	return role_pack(&kvm, &root);
}

static void old_tdp_root(void **state)
{
	const struct old_tdp_row *r = *state;

	assert_int_equal(tdp_word("v5.10", &r->regs, &intel4), r->v5_10);
	assert_int_equal(tdp_word("v5.12", &r->regs, &intel4), r->v5_10);
	assert_int_equal(tdp_word("v5.14", &r->regs, &intel4), r->v5_14);
	assert_int_equal(tdp_word("v5.15", &r->regs, &intel4), r->v5_14);
	assert_int_equal(tdp_word("v5.17", &r->regs, &intel4), r->v5_17);
	assert_int_equal(tdp_word("v5.19", &r->regs, &intel4), r->v5_19);
	assert_int_equal(tdp_word("v5.10", &r->regs, &intel5), r->v5_10 + 1);
	assert_int_equal(tdp_word("v5.17", &r->regs, &intel5), r->v5_17 + 1);
}

/* Shadow roots of 5.10 to 5.17: from kvm_calc_shadow_mmu_root_page_role(). */
static const struct old_shadow_row {
	const char *name;
	struct role_regs regs;
	uint32_t v5_10;
	uint32_t v5_14;
	uint32_t v5_17;
} old_shadow_rows[] = {
	/* clang-format off */
	{ "no_paging", { 1, 0, 0 }, 0x783, 0x783, 0x783 },
	{ "no_paging_pae_nx", { 1, 0x20, 0x800 }, 0x1793, 0x783, 0x783 },
	{ "32bit_wp", { PG_WP, 0, 0 }, 0x2703, 0x2703, 0x2713 },
	{ "pae", { 0x80000001, 0x20, 0 }, 0x713, 0x713, 0x703 },
	{ "4level_smep_smap", { 0x80000001, 0x300020, 0x500 }, 0xc714, 0xc714, 0xc704 },
	{ "5level_nx_wp", { PG_WP, 0x1020, LONG }, 0x3715, 0x3715, 0x3705 },
	/* clang-format on */
};

static uint32_t shadow_word(const char *name, const struct role_regs *regs)
{
	const struct tdp_kvm_config kvm = kernel(name);
	struct cpu_role cpu = role_calc_cpu(&kvm, regs, false, false, 46);
	struct tdp_role root = role_calc_shadow_root(&kvm, &cpu);

	return role_pack(&kvm, &root);
}

static void old_shadow_root(void **state)
{
	const struct old_shadow_row *r = *state;

	assert_int_equal(shadow_word("v5.10", &r->regs), r->v5_10);
	assert_int_equal(shadow_word("v5.12", &r->regs), r->v5_10);
	assert_int_equal(shadow_word("v5.14", &r->regs), r->v5_14);
	assert_int_equal(shadow_word("v5.15", &r->regs), r->v5_14);
	assert_int_equal(shadow_word("v5.17", &r->regs), r->v5_17);
}

static const struct ext_row {
	const char *name;
	const char *kernel;
	struct role_regs regs;
	uint32_t ext;
} ext_rows[] = {
	/* clang-format off */
	{ "v5.10_all", "v5.10", { PG_WP, 0x7010b0, LONG }, 0x2efd },
	{ "v5.10_without_paging", "v5.10", { 1, 0x400000, 0 }, 0x2e21 },
	{ "v5.12_all", "v5.12", { PG_WP, 0x7010b0, LONG }, 0x2efd },
	{ "v5.14_all", "v5.14", { PG_WP, 0x7010b0, LONG }, 0x1fd },
	{ "v5.14_without_paging", "v5.14", { 1, 0x400000, 0 }, 0x1 },
	{ "v5.15_all", "v5.15", { PG_WP, 0x7010b0, LONG }, 0x3fd },
	{ "v5.17_all", "v5.17", { PG_WP, 0x7010b0, LONG }, 0x3fd },
	{ "v5.17_pke_without_lma", "v5.17", { PG_WP, 0x400020, 0 }, 0xd },
	{ "N30_4level_pse_smap_nx", "v7.2", { PG_WP, 0x2000b0, LONG }, 0xd5 },
	{ "N31_5level_all", "v7.2", { PG_WP, 0x7010b0, LONG }, 0xfd },
	{ "N32_4level", "v7.2", { 0x80000001, 0x20, 0x500 }, 0x41 },
	{ "smep_gives_fetch", "v7.2", { PG_WP, 0x100020, 0x500 }, 0xc1 },
	/* clang-format on */
};

static void ext(void **state)
{
	const struct ext_row *r = *state;
	const struct tdp_kvm_config kvm = kernel(r->kernel);
	struct cpu_role cpu = role_calc_cpu(&kvm, &r->regs, false, false, 46);

	assert_int_equal(cpu_role_pack(&kvm, &cpu) >> 32, r->ext);
}

/* What 7.2 makes of host features, and of access rights. */
static const struct v7_2_row {
	const char *name;
	struct role_tdp_host host;
	bool guest_mode;
	uint32_t root;
} v7_2_rows[] = {
	/* clang-format off */
	{ "N01_mbec", { 4, true, true, false }, false, 0x106f84 },
	{ "N02_no_mbec", { 4, true, false, false }, false, 0x6f84 },
	{ "N03_mbec_5", { 5, true, true, false }, false, 0x106f85 },
	{ "N07_gmet", { 4, true, true, true }, false, 0x106b84 },
	{ "no_gmet", { 4, true, false, true }, false, 0x6f84 },
	{ "N09_gmet_5_guest_mode", { 5, true, true, true }, true, 0x126b85 },
	{ "no_ad", { 4, false, true, false }, false, 0x116f84 },
	/* clang-format on */
};

static void v7_2_tdp_root(void **state)
{
	const struct v7_2_row *r = *state;
	const struct tdp_kvm_config kvm = kernel("v7.2");
	const struct role_regs regs = { PG_WP, MODES, LONG };
	struct cpu_role cpu = role_calc_cpu(&kvm, &regs, false, r->guest_mode,
					    46);
	struct tdp_role root = role_calc_tdp_root(&kvm, &cpu, &regs, &r->host);

	assert_int_equal(role_pack(&kvm, &root), r->root);
	assert_int_equal(root.access,
			 role_acc_all(&kvm) &
				 ~(r->root & 0x400 ? 0 : TDP_ACC_USER));
}

static const struct v7_2_shadow_row {
	const char *name;
	struct role_regs regs;
	uint32_t base;
	uint32_t root;
} v7_2_shadow_rows[] = {
	{ "N12_N13_no_paging", { 1, 0, 0 }, 0xf80, 0x2f83 },
	{ "N16_pae_nx_wp", { PG_WP, 0x20, 0x800 }, 0x6f03, 0x6f03 },
	{ "N19_5level_smep",
	  { 0x80000001, 0x101020, 0x500 },
	  0x100f05,
	  0x102f05 },
};

static void v7_2_shadow_root(void **state)
{
	const struct v7_2_shadow_row *r = *state;
	const struct tdp_kvm_config kvm = kernel("v7.2");
	struct cpu_role cpu = role_calc_cpu(&kvm, &r->regs, false, false, 46);
	struct tdp_role root = role_calc_shadow_root(&kvm, &cpu);

	assert_int_equal(role_pack(&kvm, &cpu.base), r->base);
	assert_int_equal(role_pack(&kvm, &root), r->root);
}

/* MBEC and GMET mean nothing before 7.2. */
static void smep_of_tdp_is_ignored_up_to_7_1(void **state)
{
	const struct role_regs regs = { PG_WP, MODES, LONG };
	const struct role_tdp_host host = { 4, true, true, true };

	(void)state;
	assert_int_equal(tdp_word("v7.1", &regs, &host), 0x3784);
	assert_int_equal(tdp_word("v5.10", &regs, &host), 0x3794);
}

/* KVM has a vCPU index of up to 1023, which wants ten bits (history, 2.4). */
static const struct unused_row {
	const char *name;
	const char *profile;
	uint32_t unused;
} unused_rows[] = {
	/* clang-format off */
	{ "six_in_5_10", "v5.10", BITS(23, 18) },
	{ "six_in_5_17", "v5.17", BITS(23, 18) },
	{ "five_in_5_19", "v5.19", BITS(23, 19) },
	{ "five_in_6_12", "v6.12", BITS(23, 19) },
	{ "four_in_6_14", "v6.14", BITS(23, 20) },
	{ "four_in_7_1", "v7.1", BITS(23, 20) },
	{ "three_in_7_2", "v7.2", BITS(23, 21) },
	/* clang-format on */
};

static void unused(void **state)
{
	const struct unused_row *r = *state;
	struct tdp_kvm_config kvm;

	assert_int_equal(tdp_kvm_config_init(&kvm, r->profile, NULL), TDP_OK);
	assert_int_equal(tdp_role_unused(&kvm), r->unused);
	assert_true(__builtin_popcount(tdp_role_unused(&kvm)) < 10);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(mode_rows, mode),
		ROWS(tdp_rows, tdp_root),
		ROWS(shadow_rows, shadow_root),
		ROWS(old_tdp_rows, old_tdp_root),
		ROWS(old_shadow_rows, old_shadow_root),
		ROWS(ext_rows, ext),
		ROWS(v7_2_rows, v7_2_tdp_root),
		ROWS(v7_2_shadow_rows, v7_2_shadow_root),
		CASE(smep_of_tdp_is_ignored_up_to_7_1),
		ROWS(unused_rows, unused),
	};

	return RUN("role", suites);
}
