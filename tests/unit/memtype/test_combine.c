/* SPDX-License-Identifier: MIT */
/*
 * Every cell of every combination table, written out a second time in the
 * other orientation and by name.
 */
#include <string.h>

#include "support/unit.h"
#include "tdpsim/memtype.h"

enum table { INTEL, AMD, NESTED, FINAL };

/* clang-format off */
static const struct row {
	const char *name;
	enum table table;
	const char *types;	/* rows' own type, then the columns' results */
} rows[] = {
#define COLUMNS_PAT "UC UC- WC WT WP WB"
	{ "intel_mtrr_uc", INTEL, "UC: UC UC WC UC UC UC" },
	{ "intel_mtrr_wc", INTEL, "WC: UC WC WC UC UC WC" },
	{ "intel_mtrr_wt", INTEL, "WT: UC UC WC WT WP WT" },
	{ "intel_mtrr_wp", INTEL, "WP: UC WC WC WT WP WP" },
	{ "intel_mtrr_wb", INTEL, "WB: UC UC WC WT WP WB" },
	{ "amd_mtrr_uc", AMD, "UC: UC UC WC UC UC UC" },
	{ "amd_mtrr_wc", AMD, "WC: CD WC WC CD CD WC" },
	{ "amd_mtrr_wt", AMD, "WT: CD CD WC WT CD WT" },
	{ "amd_mtrr_wp", AMD, "WP: CD CD WC CD WP WP" },
	{ "amd_mtrr_wb", AMD, "WB: CD CD WC WT WP WB" },
#define COLUMNS_HOST "UC UC- WC WP WT WB"
	{ "nested_guest_uc", NESTED, "UC: UC UC UC UC UC UC" },
	{ "nested_guest_uc_minus", NESTED, "UC-: UC UC- WC UC UC UC" },
	{ "nested_guest_wc", NESTED, "WC: WC WC WC WC+ WC+ WC+" },
	{ "nested_guest_wp", NESTED, "WP: UC UC UC WP UC WP" },
	{ "nested_guest_wt", NESTED, "WT: UC UC UC UC WT WT" },
	{ "nested_guest_wb", NESTED, "WB: UC UC WC WP WT WB" },
#define COLUMNS_MTRR "UC WC WP WT WB"
	{ "final_uc", FINAL, "UC: UC CD CD CD CD" },
	{ "final_uc_minus", FINAL, "UC-: UC WC CD CD CD" },
	{ "final_wc", FINAL, "WC: WC WC WC WC WC" },
	{ "final_wc_plus", FINAL, "WC+: WC WC WC+ WC+ WC+" },
	{ "final_wp", FINAL, "WP: UC CD WP CD WP" },
	{ "final_wt", FINAL, "WT: UC CD CD WT WT" },
	{ "final_wb", FINAL, "WB: UC WC WP WT WB" },
};
/* clang-format on */

static const char *const columns[] = {
	[INTEL] = COLUMNS_PAT,
	[AMD] = COLUMNS_PAT,
	[NESTED] = COLUMNS_HOST,
	[FINAL] = COLUMNS_MTRR,
};

static enum tdp_memtype type_of(const char *word, size_t length)
{
	for (int i = 0; i < TDP_MT_UNDEFINED; i++) {
		const char *name = tdp_memtype_name((enum tdp_memtype)i);

		if (strlen(name) == length && !memcmp(name, word, length))
			return (enum tdp_memtype)i;
	}
	fail_msg("no memory type: %s", word);
	return TDP_MT_UNDEFINED;
}

static enum tdp_memtype next_type(const char **text)
{
	const size_t length = strcspn(*text, ": ");
	const enum tdp_memtype type = type_of(*text, length);

	*text += length;
	*text += strspn(*text, ": ");
	return type;
}

static enum tdp_memtype combine(enum table table, enum tdp_memtype row,
				enum tdp_memtype column)
{
	switch (table) {
	case INTEL:
		return tdp_memtype_intel(row, column);
	case AMD:
		return tdp_memtype_amd(row, column);
	case NESTED:
		return tdp_memtype_amd_nested(row, column);
	case FINAL:
		return tdp_memtype_amd_final(column, row);
	}
	return TDP_MT_UNDEFINED;
}

static void combined_type(void **state)
{
	const struct row *r = *state;
	const char *column = columns[r->table];
	const char *result = r->types;
	const enum tdp_memtype own = next_type(&result);

	while (*column) {
		const enum tdp_memtype other = next_type(&column);

		assert_string_equal(
			tdp_memtype_name(combine(r->table, own, other)),
			tdp_memtype_name(next_type(&result)));
	}
	assert_string_equal(result, "");
}

/* clang-format off */
static const struct ept_row {
	const char *name;
	bool cd, ipat;
	enum tdp_memtype ept, pat, effective;
} ept_rows[] = {
	{ "ept_type_stands_in_for_mtrr", false, false,
	  TDP_MT_WP, TDP_MT_UC_MINUS, TDP_MT_WC },
	{ "ipat_ignores_pat", false, true,
	  TDP_MT_WB, TDP_MT_UC_MINUS, TDP_MT_WB },
	{ "cr0_cd_beats_ipat", true, true,
	  TDP_MT_WB, TDP_MT_WB, TDP_MT_UC },
	{ "cr0_cd_beats_ept_type", true, false,
	  TDP_MT_WT, TDP_MT_WB, TDP_MT_UC },
};
/* clang-format on */

static void ept_type(void **state)
{
	const struct ept_row *r = *state;

	assert_int_equal(tdp_memtype_ept(r->cd, r->ipat, r->ept, r->pat),
			 r->effective);
}

/* clang-format off */
static const struct without_pat_row {
	const char *name;
	enum tdp_memtype mtrr;
	enum tdp_memtype effective[4];	/* by PCD << 1 | PWT */
} without_pat_rows[] = {
	{ "mtrr_uc", TDP_MT_UC,
	  { TDP_MT_UC, TDP_MT_UC, TDP_MT_UC, TDP_MT_UC } },
	{ "mtrr_wc", TDP_MT_WC,
	  { TDP_MT_WC, TDP_MT_WC, TDP_MT_WC, TDP_MT_UC } },
	{ "mtrr_wt", TDP_MT_WT,
	  { TDP_MT_WT, TDP_MT_WT, TDP_MT_UC, TDP_MT_UC } },
	{ "mtrr_wp", TDP_MT_WP,
	  { TDP_MT_WP, TDP_MT_WP, TDP_MT_UC, TDP_MT_UC } },
	{ "mtrr_wb", TDP_MT_WB,
	  { TDP_MT_WB, TDP_MT_WT, TDP_MT_UC, TDP_MT_UC } },
};
/* clang-format on */

static void without_pat(void **state)
{
	const struct without_pat_row *r = *state;

	for (unsigned int bits = 0; bits < 4; bits++)
		assert_int_equal(tdp_memtype_without_pat(r->mtrr, bits),
				 r->effective[bits]);
}

static void an_undefined_range_stays_undefined(void **state)
{
	const enum tdp_memtype undefined = TDP_MT_UNDEFINED;

	(void)state;
	assert_int_equal(tdp_memtype_intel(undefined, TDP_MT_WB), undefined);
	assert_int_equal(tdp_memtype_amd(undefined, TDP_MT_UC), undefined);
	assert_int_equal(tdp_memtype_without_pat(undefined, 0), undefined);
	assert_int_equal(tdp_memtype_amd_final(undefined, TDP_MT_WC),
			 undefined);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, combined_type),
		ROWS(ept_rows, ept_type),
		ROWS(without_pat_rows, without_pat),
		CASE(an_undefined_range_stays_undefined),
	};

	return RUN("memtype/combine", suites);
}
