/* SPDX-License-Identifier: MIT */
/* SPTEs that break a rule are named, and all are written out in words. */
#include "support/unit.h"

#include "spte_kernels.h"

/* clang-format off */
static const struct broken_row {
	const char *name;
	enum kernel kernel;
	unsigned int host;
	unsigned int level;
	uint64_t spte;
	const char *rule;
} broken_rows[] = {
	{ "mmu_without_host", K6_10, H_AMD, 1, 0x12345c65,
	  "mmu-writable without host-writable" },
	{ "w_without_mmu", K6_10, H_AMD, 1, 0x12345a67,
	  "writable without mmu-writable" },
	{ "ad_type", K6_10, 0, 1, 0x8630000012345b77, "no such A/D type" },
	{ "large_at_level_1", K6_10, H_AMD, 1, 0x12345ee7,
	  "page-size bit at level 1" },
	{ "large_at_level_4", K6_10, H_AMD, 4, 0x12200ee7,
	  "page-size bit in an entry that is always a table" },
	{ "unaligned", K6_10, H_AMD, 2, 0x12201ee7,
	  "large page that is not aligned" },
	{ "w_only", K6_10, 0, 1, 0x8600000012345b76,
	  "writable but not readable" },
	{ "table_memtype", K6_10, 0, 2, 0x8000000000001937,
	  "table with a memory type" },
	{ "saved_but_there", K6_10, H_NO_AD, 1, 0x8750000012345871,
	  "rights saved in an entry that is not access-tracked" },
	{ "garbage", K6_10, H_AMD, 1, 0x12345067,
	  "neither present nor a value of an absent entry" },
	{ "zero_since_6.10", K6_10, H_AMD, 1, 0,
	  "neither present nor a value of an absent entry" },
	{ "bit_63_before_6.10", K5_17, H_AMD, 1, BIT(63),
	  "neither present nor a value of an absent entry" },
	{ "zero_before", K5_17, H_AMD, 1, 0, NULL },
	{ "frozen", K5_17, H_AMD, 1, 0x5a0, NULL },
	{ "write_protected_by_shadow_paging", K6_10, H_AMD, 2, 0x12200ae5,
	  NULL },
};
/* clang-format on */

static void finds_broken(void **state)
{
	const struct broken_row *r = *state;
	const struct spte_format fmt = format_of(r->kernel, r->host);
	const char *rule = spte_check(&fmt, r->spte, r->level);

	if (!r->rule)
		assert_null(rule);
	else
		assert_string_equal(rule ? rule : "nothing", r->rule);
}

/* clang-format off */
static const struct text_row {
	const char *name;
	enum kernel kernel;
	unsigned int host;
	unsigned int level;
	uint64_t spte;
	const char *text;
} text_rows[] = {
	{ "ept_leaf", K6_10, 0, 1, 0x8600000012345b77,
	  "R W X WB IPAT A D host-writable mmu-writable, pfn 0x12345, "
	  "level 1" },
	{ "ept_tracked", K6_10, H_NO_AD, 1, 0x8750000012345870,
	  "WB IPAT host-writable mmu-writable A/D-off access-tracked, "
	  "pfn 0x12345, level 1" },
	{ "7.2_leaf", K7_2, 0, 2, 0x80a0000012200ff7,
	  "R W X XU WB IPAT A D host-writable mmu-writable, pfn 0x12200, "
	  "level 2" },
	{ "l2", K6_10, 0, 1, 0x8220000012345975,
	  "R X WB IPAT A host-writable write-protect-only, pfn 0x12345, "
	  "level 1" },
	{ "npt_table", K6_10, H_AMD, 4, 0x1827,
	  "P W U A, table 0x1, level 4" },
	{ "npt_nx", K6_10, H_AMD, 2, 0x8000000012200ee7,
	  "P W U NX A D host-writable mmu-writable, pfn 0x12200, level 2" },
	{ "mmio", K6_10, H_AMD, 1, 0x80000fee00017,
	  "MMIO, gfn 0xfee00, generation 0x2, level 1" },
	{ "frozen", K6_10, H_AMD, 1, 0x80000000000005a0, "frozen, level 1" },
	{ "nonpresent", K6_10, 0, 3, BIT(63), "not present, level 3" },
	{ "garbage", K6_10, 0, 3, 0x123, "no SPTE: 0x123, level 3" },
};
/* clang-format on */

static void prints(void **state)
{
	const struct text_row *r = *state;
	const struct spte_format fmt = format_of(r->kernel, r->host);
	char whole[128], cut[8] = "-------"; /* six characters fit */

	assert_string_equal(
		spte_print(&fmt, r->spte, r->level, whole, sizeof(whole)),
		r->text);
	cut[7] = '-';
	spte_print(&fmt, r->spte, r->level, cut, 7);
	assert_memory_equal(cut, r->text, 6);
	assert_int_equal(cut[6], 0);
	assert_int_equal(cut[7], '-');
	assert_ptr_equal(spte_print(&fmt, r->spte, r->level, cut + 7, 0),
			 cut + 7);
	assert_int_equal(cut[7], '-');
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(broken_rows, finds_broken),
		ROWS(text_rows, prints),
	};

	return RUN("spte_text", suites);
}
