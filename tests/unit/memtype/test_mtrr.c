/* SPDX-License-Identifier: MIT */
/* MTRR and PAT: what WRMSR accepts, and which type an address has. */
#include "support/unit.h"
#include "tdpsim/memtype.h"

#define M      46 /* MAXPHYADDR */
#define NR_VAR 10

/* One WRMSR after reset. */
/* clang-format off */
static const struct write_row {
	const char *name;
	uint32_t msr;
	uint64_t value;
	enum tdp_msr_rule rule;
	bool smm;
} write_rows[] = {
	{ "def_type_enables", 0x2ff, 0xc06, TDP_MSR_OK, false },
	{ "def_type_bit_8", 0x2ff, 0xd06, TDP_MSR_RESERVED, false },
	{ "def_type_bit_12", 0x2ff, 0x1c06, TDP_MSR_RESERVED, false },
	{ "def_type_bit_63", 0x2ff, 1ull << 63, TDP_MSR_RESERVED, false },
	{ "def_type_2", 0x2ff, 0xc02, TDP_MSR_MTRR_TYPE, false },
	{ "def_type_uc_minus", 0x2ff, 0xc07, TDP_MSR_MTRR_TYPE, false },
	{ "def_type_8", 0x2ff, 0xc08, TDP_MSR_MTRR_TYPE, false },
	{ "base_wb", 0x200, 0x100006, TDP_MSR_OK, false },
	{ "base_uc_minus", 0x200, 7, TDP_MSR_MTRR_TYPE, false },
	{ "base_bit_8", 0x202, 0x106, TDP_MSR_RESERVED, false },
	{ "base_bit_45", 0x200, 1ull << 45, TDP_MSR_OK, false },
	{ "base_bit_46", 0x200, 1ull << 46, TDP_MSR_RESERVED, false },
	{ "mask_valid", 0x201, 0x800, TDP_MSR_OK, false },
	{ "mask_bit_10", 0x201, 0x400, TDP_MSR_RESERVED, false },
	{ "mask_bit_0", 0x201, 1, TDP_MSR_RESERVED, false },
	{ "mask_bit_46", 0x201, 1ull << 46, TDP_MSR_RESERVED, false },
	{ "last_variable", 0x213, 0x800, TDP_MSR_OK, false },
	{ "beyond_variable", 0x214, 0, TDP_MSR_UNKNOWN, false },
	{ "fixed_64k", 0x250, 0x0606060604050106, TDP_MSR_OK, false },
	{ "fixed_bad_byte", 0x250, 0x0606060603060606, TDP_MSR_MTRR_TYPE,
	  false },
	{ "fixed_dram_bits", 0x268, 0x1e06060606060606, TDP_MSR_MTRR_TYPE,
	  false },
	{ "fixed_hole", 0x251, 0, TDP_MSR_UNKNOWN, false },
	{ "fixed_after_the_last", 0x270, 0, TDP_MSR_UNKNOWN, false },
	{ "cap_is_read_only", 0x0fe, 0, TDP_MSR_READ_ONLY, false },
	{ "pat_is_no_mtrr", 0x277, 0, TDP_MSR_UNKNOWN, false },
	{ "smrr_in_smm", 0x1f2, 0x80000006, TDP_MSR_OK, true },
	{ "smrr_outside_smm", 0x1f2, 0x80000006, TDP_MSR_SMRR_OUTSIDE_SMM,
	  false },
	{ "smrr_above_4g", 0x1f2, 0x100000006, TDP_MSR_RESERVED, true },
	{ "smrr_mask_valid", 0x1f3, 0xff800800, TDP_MSR_OK, true },
	{ "smrr_mask_bit_10", 0x1f3, 0xff800c00, TDP_MSR_RESERVED, true },
};
/* clang-format on */

static void write_is_judged(void **state)
{
	const struct write_row *r = *state;
	struct tdp_mtrr mtrr;
	uint64_t before = 0, after = 0;

	tdp_mtrr_reset(&mtrr, NR_VAR, true);
	tdp_mtrr_read(&mtrr, r->msr, &before);
	assert_int_equal(tdp_mtrr_write(&mtrr, r->msr, r->value, M, r->smm),
			 r->rule);
	tdp_mtrr_read(&mtrr, r->msr, &after);
	assert_int_equal(after, r->rule ? before : r->value);
}

/* Registers written after reset, then one address. */
/* clang-format off */
static const struct type_row {
	const char *name;
	struct { uint32_t msr; uint64_t value; } write[6];	/* up to msr 0 */
	uint64_t hpa;
	enum tdp_memtype type;
} type_rows[] = {
	{ "off_is_uc", { { 0x2ff, 0x006 } }, 0x5000, TDP_MT_UC },
	{ "default", { { 0x2ff, 0x806 } }, 0x5000, TDP_MT_WB },
	{ "fixed_byte_0", { { 0x2ff, 0xc06 }, { 0x250, 0x0606060606060600 } },
	  0xffff, TDP_MT_UC },
	{ "fixed_byte_1", { { 0x2ff, 0xc06 }, { 0x250, 0x0606060606060600 } },
	  0x10000, TDP_MT_WB },
	{ "fixed_16k", { { 0x2ff, 0xc06 }, { 0x259, 0x0000000001000000 } },
	  0xaffff, TDP_MT_WC },
	{ "fixed_16k_below", { { 0x2ff, 0xc06 },
			       { 0x258, 0x0500000000000000 } },
	  0x9ffff, TDP_MT_WP },
	{ "fixed_4k", { { 0x2ff, 0xc06 }, { 0x26c, 0x0500000000000000 } },
	  0xe7fff, TDP_MT_WP },
	{ "fixed_4k_last", { { 0x2ff, 0xc06 }, { 0x26f, 0x0400000000000000 } },
	  0xfffff, TDP_MT_WT },
	{ "fixed_ends_at_1m", { { 0x2ff, 0xc06 } }, 0x100000, TDP_MT_WB },
	{ "fixed_beats_variable",
	  { { 0x2ff, 0xc06 }, { 0x259, 0 }, { 0x200, 6 }, { 0x201, 0x800 } },
	  0xa0000, TDP_MT_UC },
	{ "fixed_is_off_without_fe",
	  { { 0x2ff, 0x806 }, { 0x259, 0 } }, 0xa0000, TDP_MT_WB },
	{ "zero_mask_matches_all",
	  { { 0x2ff, 0x800 }, { 0x200, 6 }, { 0x201, 0x800 } },
	  0x3fffffffffff, TDP_MT_WB },
	{ "invalid_range_has_no_say",
	  { { 0x2ff, 0x806 }, { 0x200, 0 }, { 0x201, 0 } },
	  0x5000, TDP_MT_WB },
	{ "below_the_range",
	  { { 0x2ff, 0x800 }, { 0x200, 0x80000006 },
	    { 0x201, 0x3fff80000800 } }, 0x7fffffff, TDP_MT_UC },
	{ "in_the_range",
	  { { 0x2ff, 0x800 }, { 0x200, 0x80000006 },
	    { 0x201, 0x3fff80000800 } }, 0xffffffff, TDP_MT_WB },
	{ "hole_in_mask_repeats",
	  { { 0x2ff, 0x800 }, { 0x200, 0x1006 }, { 0x201, 0x3fffffffb800 } },
	  0x5000, TDP_MT_WB },
	{ "base_outside_mask_is_ignored",
	  { { 0x2ff, 0x800 }, { 0x200, 0x5006 }, { 0x201, 0x3fffffff0800 } },
	  0x2000, TDP_MT_WB },
	{ "wt_and_wb_is_wt",
	  { { 0x2ff, 0x800 }, { 0x200, 6 }, { 0x201, 0x800 },
	    { 0x202, 4 }, { 0x203, 0x800 } }, 0x5000, TDP_MT_WT },
	{ "uc_wins",
	  { { 0x2ff, 0x806 }, { 0x200, 1 }, { 0x201, 0x800 },
	    { 0x202, 0 }, { 0x203, 0x800 } }, 0x5000, TDP_MT_UC },
	{ "equal_types_overlap",
	  { { 0x2ff, 0x800 }, { 0x200, 5 }, { 0x201, 0x800 },
	    { 0x202, 5 }, { 0x203, 0x800 } }, 0x5000, TDP_MT_WP },
	{ "wc_and_wb_is_undefined",
	  { { 0x2ff, 0x800 }, { 0x200, 1 }, { 0x201, 0x800 },
	    { 0x202, 6 }, { 0x203, 0x800 } }, 0x5000, TDP_MT_UNDEFINED },
	{ "wp_and_wb_is_undefined",
	  { { 0x2ff, 0x800 }, { 0x200, 5 }, { 0x201, 0x800 },
	    { 0x202, 6 }, { 0x203, 0x800 } }, 0x5000, TDP_MT_UNDEFINED },
};
/* clang-format on */

static void type_of_address(void **state)
{
	const struct type_row *r = *state;
	struct tdp_mtrr mtrr;

	tdp_mtrr_reset(&mtrr, NR_VAR, true);
	for (size_t i = 0; r->write[i].msr; i++)
		assert_int_equal(tdp_mtrr_write(&mtrr, r->write[i].msr,
						r->write[i].value, M, false),
				 TDP_MSR_OK);
	assert_int_equal(tdp_mtrr_type(&mtrr, TDP_HPA(r->hpa), M, false),
			 r->type);
}

static void smrr_hides_from_all_but_smm(void **state)
{
	struct tdp_mtrr mtrr;

	(void)state;
	tdp_mtrr_reset(&mtrr, NR_VAR, true);
	tdp_mtrr_write(&mtrr, 0x2ff, 0xc04, M, false);
	tdp_mtrr_write(&mtrr, 0x1f2, 0x80000006, M, true);
	tdp_mtrr_write(&mtrr, 0x1f3, 0xff800800, M, true);

	assert_int_equal(tdp_mtrr_type(&mtrr, TDP_HPA(0x807fffff), M, true),
			 TDP_MT_WB);
	assert_int_equal(tdp_mtrr_type(&mtrr, TDP_HPA(0x807fffff), M, false),
			 TDP_MT_UC);
	assert_int_equal(tdp_mtrr_type(&mtrr, TDP_HPA(0x80800000), M, true),
			 TDP_MT_WT);
	assert_int_equal(tdp_mtrr_type(&mtrr, TDP_HPA(0x180000000), M, false),
			 TDP_MT_WT);
}

static void without_smrr_its_registers_do_not_exist(void **state)
{
	struct tdp_mtrr mtrr;
	uint64_t value;

	(void)state;
	tdp_mtrr_reset(&mtrr, NR_VAR, false);
	assert_int_equal(tdp_mtrr_write(&mtrr, 0x1f2, 0, M, true),
			 TDP_MSR_NO_SMRR);
	assert_int_equal(tdp_mtrr_read(&mtrr, 0x1f3, &value), TDP_MSR_NO_SMRR);
}

static void dram_bits_have_no_part_in_the_type(void **state)
{
	struct tdp_mtrr mtrr;

	(void)state;
	tdp_mtrr_reset(&mtrr, 8, false);
	mtrr.dram_bits = true;
	tdp_mtrr_write(&mtrr, 0x2ff, 0xc00, M, false);
	assert_int_equal(
		tdp_mtrr_write(&mtrr, 0x26f, 0x1e1e1e1e1e1e1e1d, M, false),
		TDP_MSR_OK);
	assert_int_equal(tdp_mtrr_type(&mtrr, TDP_HPA(0xf8000), M, false),
			 TDP_MT_WP);
	assert_int_equal(tdp_mtrr_type(&mtrr, TDP_HPA(0xf9000), M, false),
			 TDP_MT_WB);
}

static void tom2_makes_wb_the_default_above_4g(void **state)
{
	struct tdp_mtrr mtrr;

	(void)state;
	tdp_mtrr_reset(&mtrr, 8, false);
	mtrr.tom2 = 0x200000000;
	tdp_mtrr_write(&mtrr, 0x2ff, 0xc00, M, false);
	assert_int_equal(tdp_mtrr_type(&mtrr, TDP_HPA(0xffffffff), M, false),
			 TDP_MT_UC);
	assert_int_equal(tdp_mtrr_type(&mtrr, TDP_HPA(0x100000000), M, false),
			 TDP_MT_WB);
	assert_int_equal(tdp_mtrr_type(&mtrr, TDP_HPA(0x200000000), M, false),
			 TDP_MT_UC);
	tdp_mtrr_write(&mtrr, 0x200, 0x100000001, M, false);
	tdp_mtrr_write(&mtrr, 0x201, 0x3fffffff0800, M, false);
	assert_int_equal(tdp_mtrr_type(&mtrr, TDP_HPA(0x100000000), M, false),
			 TDP_MT_WC);
}

static void without_mtrrs_all_is_wb(void **state)
{
	(void)state;
	assert_int_equal(tdp_mtrr_type(NULL, TDP_HPA(0xa0000), M, false),
			 TDP_MT_WB);
}

/* clang-format off */
static const struct pat_row {
	const char *name;
	uint64_t pat;
	enum tdp_msr_rule rule;
} pat_rows[] = {
	{ "reset", TDP_PAT_RESET, TDP_MSR_OK },
	{ "all_types", 0x0007060504010000, TDP_MSR_OK },
	{ "type_2", 0x0007040600070402, TDP_MSR_PAT_TYPE },
	{ "type_3", 0x0007040600070403, TDP_MSR_PAT_TYPE },
	{ "type_8", 0x0808080808080808, TDP_MSR_PAT_TYPE },
	{ "reserved_bit_of_last_byte", 0x8007040600070406, TDP_MSR_PAT_TYPE },
};
/* clang-format on */

static void pat_is_judged(void **state)
{
	const struct pat_row *r = *state;

	assert_int_equal(tdp_pat_check(r->pat), r->rule);
}

static void pat_reset_types(void **state)
{
	static const enum tdp_memtype types[8] = {
		TDP_MT_WB, TDP_MT_WT, TDP_MT_UC_MINUS, TDP_MT_UC,
		TDP_MT_WB, TDP_MT_WT, TDP_MT_UC_MINUS, TDP_MT_UC,
	};

	(void)state;
	for (unsigned int bits = 0; bits < 8; bits++)
		assert_int_equal(tdp_pat_type(TDP_PAT_RESET, bits),
				 types[bits]);
}

static void every_rule_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < TDP_NR_MSR_RULES; i++)
		assert_string_not_equal(tdp_msr_rule_name((enum tdp_msr_rule)i),
					"?");
	assert_string_equal(tdp_msr_rule_name(TDP_NR_MSR_RULES), "?");
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(write_rows, write_is_judged),
		ROWS(type_rows, type_of_address),
		ROWS(pat_rows, pat_is_judged),
		CASE(smrr_hides_from_all_but_smm),
		CASE(without_smrr_its_registers_do_not_exist),
		CASE(dram_bits_have_no_part_in_the_type),
		CASE(tom2_makes_wb_the_default_above_4g),
		CASE(without_mtrrs_all_is_wb),
		CASE(pat_reset_types),
		CASE(every_rule_has_a_name),
	};

	return RUN("memtype/mtrr", suites);
}
