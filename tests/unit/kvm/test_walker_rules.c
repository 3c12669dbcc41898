/* SPDX-License-Identifier: MIT */
/*
 * Rights and reserved bits of KVM's own guest walk, against the vectors of
 * KVM 6.12 to 6.14 (B: permissions[], V: reserved bits, A: accesses).
 */
#include "arch/regs.h"
#include "base/bits.h"
#include "kvm/walker.h"
#include "support/unit.h"

/* permissions[16]: a byte for each error code / 2, a bit for each right. */
static const struct permission_row {
	const char *name;
	struct gw_mode mode;
	uint8_t expected[16];
} permission_rows[] = {
	/* clang-format off */
	{ "B2_wp", { .level = 4, .wp = true },
	  { 0x00, 0x33, 0x0f, 0x3f, 0x00, 0x33, 0x0f, 0x3f,
	    0x00, 0x33, 0x0f, 0x3f, 0x00, 0x33, 0x0f, 0x3f } },
	{ "B3_wp_nx", { .level = 4, .wp = true, .nx = true },
	  { 0x00, 0x33, 0x0f, 0x3f, 0x00, 0x33, 0x0f, 0x3f,
	    0x55, 0x77, 0x5f, 0x7f, 0x55, 0x77, 0x5f, 0x7f } },
	{ "B4_wp_nx_smep", { .level = 4, .wp = true, .nx = true, .smep = true },
	  { 0x00, 0x33, 0x0f, 0x3f, 0x00, 0x33, 0x0f, 0x3f,
	    0xf5, 0xf7, 0x5f, 0x7f, 0xf5, 0xf7, 0x5f, 0x7f } },
	{ "B6_nx_smep_smap", { .level = 4, .nx = true, .smep = true, .smap = true },
	  { 0xf0, 0xf0, 0x0f, 0x3f, 0x00, 0x00, 0x0f, 0x3f,
	    0xf5, 0xf5, 0x5f, 0x7f, 0xf5, 0xf5, 0x5f, 0x7f } },
	{ "B7_smep_smap", { .level = 4, .smep = true, .smap = true },
	  { 0xf0, 0xf0, 0x0f, 0x3f, 0x00, 0x00, 0x0f, 0x3f,
	    0xf0, 0xf0, 0x0f, 0x3f, 0xf0, 0xf0, 0x0f, 0x3f } },
	{ "B8_ept", { .level = 4, .ept = true },
	  { 0x00, 0x33, 0x0f, 0x3f, 0x00, 0x33, 0x0f, 0x3f,
	    0x55, 0x77, 0x5f, 0x7f, 0x55, 0x77, 0x5f, 0x7f } },
	/* clang-format on */
};

static void permissions(void **state)
{
	const struct permission_row *r = *state;
	unsigned int byte, access;

	for (byte = 0; byte < 16; byte++) {
		unsigned int bits = 0;

		for (access = 0; access < 8; access++)
			bits |= (unsigned int)gw_forbids(&r->mode, byte << 1,
							 access)
				<< access;
		if (bits != r->expected[byte])
			fail_msg("permissions[%u]: expected %#x, got %#x", byte,
				 r->expected[byte], bits);
	}
}

/* 7.2: 16 combinations of rights; what reading and MBEC add. */
static const struct right_row {
	const char *name;
	struct gw_mode mode;
	uint32_t pfec;
	unsigned int access;
	bool forbidden;
} right_rows[] = {
/* clang-format off */
#define EPT_7_2	.level = 4, .ept = true, .read_right = true
	{ "ept_read_needs_r", { EPT_7_2 }, 0, TDP_ACC_EXEC, true },
	{ "ept_read_with_r", { EPT_7_2 }, 0, TDP_ACC_READ, false },
	{ "ept_user_is_not_read", { EPT_7_2 }, PFERR_USER, TDP_ACC_READ, false },
	{ "ept_fetch_needs_x", { EPT_7_2 }, PFERR_FETCH | PFERR_USER,
	  TDP_ACC_READ | TDP_ACC_USER, true },
	{ "mbec_user_fetch_needs_xu", { EPT_7_2, .mbec = true },
	  PFERR_FETCH | PFERR_USER, TDP_ACC_READ | TDP_ACC_EXEC, true },
	{ "mbec_user_fetch_with_xu", { EPT_7_2, .mbec = true },
	  PFERR_FETCH | PFERR_USER, TDP_ACC_READ | TDP_ACC_USER, false },
	{ "mbec_supervisor_fetch_needs_x", { EPT_7_2, .mbec = true },
	  PFERR_FETCH, TDP_ACC_READ | TDP_ACC_USER, true },
	{ "gmet_user_data_on_supervisor_page",
	  { .level = 4, .gmet = true, .smep = true, .nx = true, .wp = true },
	  PFERR_USER, TDP_ACC_WRITE, false },
	{ "gmet_supervisor_fetch_of_user_page",
	  { .level = 4, .gmet = true, .smep = true, .nx = true, .wp = true },
	  PFERR_FETCH, TDP_ACC_EXEC | TDP_ACC_USER, true },
	/* clang-format on */
};

static void rights(void **state)
{
	const struct right_row *r = *state;

	assert_int_equal(gw_forbids(&r->mode, r->pfec, r->access),
			 r->forbidden);
}

static const struct pkru_row {
	const char *name;
	struct gw_mode mode;
	uint32_t expected;
} pkru_rows[] = {
	{ "no_keys", { .level = 4, .wp = true }, 0 },
	{ "wp", { .level = 4, .wp = true, .pke = true }, 0xdd00 },
	{ "no_wp", { .level = 4, .pke = true }, 0xd500 },
};

static void pkru_mask(void **state)
{
	const struct pkru_row *r = *state;

	assert_int_equal(gw_pkru_mask(&r->mode), r->expected);
}

static const struct rsvd_row {
	const char *name;
	struct gw_mode mode;
	struct {
		unsigned int large, level;
		uint64_t mask;
	} expected[10];
} rsvd_rows[] = {
	/* clang-format off */
	{ "V1_32bit", { .level = 2 },
	  { { 0, 2, 0 }, { 1, 2, 0 }, { 0, 1, 0 }, { 1, 1, 0 } } },
	{ "V2_32bit_pse", { .level = 2, .pse = true },
	  { { 0, 2, 0 }, { 1, 2, 0x3e0000 }, { 0, 1, 0 }, { 1, 1, 0 } } },
	{ "V3_pae_36", { .level = 3, .maxphyaddr = 36 },
	  { { 0, 3, 0xfffffff0000001e6 }, { 0, 2, 0xfffffff000000000 },
	    { 1, 2, 0xfffffff0001fe000 }, { 0, 1, 0xfffffff000000000 },
	    { 1, 1, 0xfffffff000000000 } } },
	{ "pae_36_nx", { .level = 3, .maxphyaddr = 36, .nx = true },
	  { { 0, 3, 0xfffffff0000001e6 }, { 0, 2, 0x7ffffff000000000 } } },
	{ "V6_4level_46", { .level = 4, .maxphyaddr = 46, .nx = true, .gbpages = true },
	  { { 0, 4, 0xfc00000000080 }, { 1, 4, 0xfc00000000080 }, { 0, 3, 0xfc00000000000 },
	    { 1, 3, 0xfc0003fffe000 }, { 0, 2, 0xfc00000000000 }, { 1, 2, 0xfc000001fe000 },
	    { 0, 1, 0xfc00000000000 }, { 1, 1, 0xfc00000000000 } } },
	{ "V9_5level_52", { .level = 5, .maxphyaddr = 52, .nx = true, .gbpages = true },
	  { { 0, 5, 0x80 }, { 1, 5, 0x80 }, { 0, 4, 0x80 }, { 1, 4, 0x80 }, { 0, 3, 0 },
	    { 1, 3, 0x3fffe000 }, { 0, 2, 0 }, { 1, 2, 0x1fe000 }, { 0, 1, 0 }, { 1, 1, 0 } } },
	{ "4level_amd_no_1g_no_nx", { .level = 4, .maxphyaddr = 52, .amd = true },
	  { { 0, 4, BIT(63) | 0x180 }, { 1, 4, BIT(63) | 0x180 }, { 0, 3, BIT(63) | 0x80 },
	    { 1, 3, BIT(63) | 0x3fffe080 }, { 0, 1, BIT(63) } } },
	{ "V12_ept_46_2m_max", { .level = 4, .maxphyaddr = 46, .ept = true },
	  { { 0, 5, 0xfc000000000f8 }, { 1, 5, 0xfc000000000f8 }, { 0, 4, 0xfc000000000f8 },
	    { 1, 4, 0xfc000000000f8 }, { 0, 3, 0xfc000000000f8 }, { 1, 3, 0xfc0003ffff080 },
	    { 0, 2, 0xfc00000000078 }, { 1, 2, 0xfc000001ff000 }, { 0, 1, 0xfc00000000000 },
	    { 1, 1, 0xfc00000000000 } } },
	{ "ept_46", { .level = 4, .maxphyaddr = 46, .ept = true, .gbpages = true },
	  { { 0, 5, 0xfc000000000f8 }, { 0, 4, 0xfc000000000f8 }, { 1, 4, 0xfc000000000f8 },
	    { 0, 3, 0xfc00000000078 }, { 1, 3, 0xfc0003ffff000 }, { 0, 2, 0xfc00000000078 },
	    { 1, 2, 0xfc000001ff000 }, { 0, 1, 0xfc00000000000 }, { 1, 1, 0xfc00000000000 } } },
	/* clang-format on */
};

static void reserved(void **state)
{
	const struct rsvd_row *r = *state;
	struct gpte_rsvd rsvd;

	gw_rsvd(&r->mode, &rsvd);
	for (size_t i = 0; i < ARRAY_SIZE(r->expected) && r->expected[i].level;
	     i++) {
		unsigned int large = r->expected[i].large;
		unsigned int level = r->expected[i].level;

		if (rsvd.mask[large][level - 1] != r->expected[i].mask)
			fail_msg("[%u][%u]: expected %#jx, got %#jx", large,
				 level, (uintmax_t)r->expected[i].mask,
				 (uintmax_t)rsvd.mask[large][level - 1]);
	}
}

static const struct ept_row {
	const char *name;
	struct gw_mode mode;
	uint64_t gpte;
	bool bad;
} ept_rows[] = {
	{ "write_only", { .ept = true }, 0x32, true },
	{ "write_execute", { .ept = true }, 0x36, true },
	{ "execute_only", { .ept = true }, 0x34, true },
	{ "execute_only_offered",
	  { .ept = true, .exec_only = true },
	  0x34,
	  false },
	{ "type_2", { .ept = true }, 0x17, true },
	{ "type_3", { .ept = true }, 0x1f, true },
	{ "type_7", { .ept = true }, 0x3f, true },
	{ "type_0", { .ept = true }, 0x07, false },
	{ "type_wb", { .ept = true }, 0x37, false },
	{ "mbec_counts_xu",
	  { .ept = true, .mbec = true },
	  BIT(10) | 0x30,
	  true },
	{ "mbec_xu_with_read",
	  { .ept = true, .mbec = true },
	  BIT(10) | 0x31,
	  false },
	{ "xu_ignored_without_mbec", { .ept = true }, BIT(10) | 0x32, true },
};

static void bad_ept_entry(void **state)
{
	const struct ept_row *r = *state;

	assert_int_equal(gw_bad_ept_entry(&r->mode, r->gpte), r->bad);
}

/* V12: bit n says whether an entry with n in bits 5:0 is bad. */
static void bad_ept_entries(void **state)
{
	const struct gw_mode mode = { .ept = true };
	uint64_t bad = 0;

	(void)state;
	for (unsigned int i = 0; i < 64; i++)
		bad |= (uint64_t)gw_bad_ept_entry(&mode, i) << i;
	assert_int_equal(bad, 0xff545454ffff5454);
}

/* clang-format off */
#define FULL	{ .level = 4, .wp = true, .smep = true, .smap = true, .nx = true }
#define NO_WP	{ .level = 4, .smep = true, .smap = true, .nx = true }
#define KEYS	{ .level = 4, .wp = true, .pke = true }
#define AC	RFLAGS_AC

static const struct access_row {
	const char *name;
	struct gw_mode mode;
	unsigned int access;
	uint64_t pfec;
	uint64_t rflags;
	uint32_t pkru;
	uint32_t expected;
} access_rows[] = {
	{ "A1_smap", FULL, 7, 0, 0, 0, 0x1 },
	{ "A2_smap_with_ac", FULL, 7, 0, AC, 0, 0 },
	{ "A3_implicit_ignores_ac", FULL, 7, PFERR_IMPLICIT_ACCESS, AC, 0, 0x1 },
	{ "A6_user_fetch_of_nx", FULL, 6, 0x14, 0, 0, 0x1 },
	{ "A7_write_of_kernel_code", FULL, 1, 0x2, 0, 0, 0x1 },
	{ "A10_no_wp", NO_WP, 5, 0x2, AC, 0, 0 },
	{ "A13_ept_write", { .level = 4, .ept = true }, 4, 0x2, 0, 0, 0x1 },
	{ "A15_ept_fetch", { .level = 4, .ept = true }, 4, 0x10, 0, 0, 0x1 },
	{ "A16_key_denies_access", KEYS, 7, 0x4, 0, 0x40, 0x21 },
	{ "A18_key_denies_writes_only", KEYS, 7, 0x4, 0, 0x80, 0 },
	{ "key_denies_write", KEYS, 7, 0x6, 0, 0x80, 0x21 },
	{ "A20_key_of_kernel_page", KEYS, 3, 0, 0, 0x40, 0 },
	{ "key_is_not_for_fetches", KEYS, 7, 0x14, 0, 0x40, 0 },
	{ "present_bit_does_not_count", FULL, 7, 0x1, AC, 0, 0 },
};
/* clang-format on */

static void accesses(void **state)
{
	const struct access_row *r = *state;
	const struct tdp_vcpu vcpu = { .rflags = r->rflags, .pkru = r->pkru };

	assert_int_equal(gw_permission(&r->mode, &vcpu, r->access, 3, r->pfec),
			 r->expected);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(permission_rows, permissions), ROWS(right_rows, rights),
		ROWS(pkru_rows, pkru_mask),         ROWS(rsvd_rows, reserved),
		ROWS(ept_rows, bad_ept_entry),      CASE(bad_ept_entries),
		ROWS(access_rows, accesses),
	};

	return RUN("walker_rules", suites);
}
