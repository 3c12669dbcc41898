/* SPDX-License-Identifier: MIT */
/* Numbers, sizes, flags and changes: how they are read and written. */
#include <string.h>

#include "arch/regs.h"
#include "scenario/value.h"
#include "support/unit.h"
#include "tdpsim/vm.h"

static const struct number {
	const char *name;
	const char *text;
	bool units;
	uint64_t value;
	const char *problem;
} numbers[] = {
	{ "zero", "0", false, 0, NULL },
	{ "decimal", "1234", false, 1234, NULL },
	{ "hexadecimal", "0x12aF", false, 0x12af, NULL },
	{ "binary", "0b1010", false, 10, NULL },
	{ "underscores", "0x1_0000", false, 0x10000, NULL },
	{ "largest", "0xffff_ffff_ffff_ffff", false, UINT64_MAX, NULL },
	{ "largest_decimal", "18446744073709551615", false, UINT64_MAX, NULL },
	{ "too_large", "18446744073709551616", false, 0, "more than 64 bits" },
	{ "octal_look", "017", false, 0, "a number with a leading zero" },
	{ "prefix_alone", "0x", false, 0, "no number" },
	{ "underscore_at_the_end", "1_", false, 0, "no number" },
	{ "two_underscores", "1__0", false, 0, "no number" },
	{ "binary_digit_2", "0b12", false, 0, "no number" },
	{ "unit_not_allowed", "4K", false, 0, "no number" },
	{ "kib", "4KiB", true, 4096, NULL },
	{ "k", "4K", true, 4096, NULL },
	{ "space_before_unit", "64 KiB", true, 65536, NULL },
	{ "hexadecimal_unit", "0x10M", true, 16 << 20, NULL },
	{ "tib", "2TiB", true, UINT64_C(2) << 40, NULL },
	{ "largest_with_unit", "16777215T", true, UINT64_C(16777215) << 40,
	  NULL },
	{ "overflow_by_unit", "16777216T", true, 0, "more than 64 bits" },
	{ "unit_of_one_letter_more", "4KB", true, 0,
	  "no number with a unit (K, M, G, T, or KiB, MiB, GiB, TiB)" },
	{ "trailing_space", "4 ", true, 0,
	  "no number with a unit (K, M, G, T, or KiB, MiB, GiB, TiB)" },
};

static void parse_number(void **state)
{
	const struct number *n = *state;
	uint64_t value = 0;
	const char *problem = number_parse(n->text, n->units, &value);

	if (n->problem) {
		assert_non_null(problem);
		assert_string_equal(problem, n->problem);
		return;
	}
	assert_null(problem);
	assert_int_equal(value, n->value);
}

static const struct written {
	const char *name;
	const struct type *type;
	uint64_t value;
	const char *text;
} written[] = {
	{ "size", &type_size, 2 << 20, "2MiB" },
	{ "size_of_no_unit", &type_size, 4097, "4097" },
	{ "size_of_zero", &type_size, 0, "0" },
	{ "address", &type_address, 2 << 20, "0x200000" },
	{ "level", &type_level, TDP_LEVEL_2M, "2M" },
	{ "level_none", &type_level, TDP_LEVEL_NONE, "none" },
	{ "boolean", &type_bool, 1, "true" },
	{ "errno", &type_errno, (uint64_t)-22, "EINVAL" },
	{ "errno_zero", &type_errno, 0, "0" },
	{ "errno_without_name", &type_errno, (uint64_t)-1000, "-1000" },
	{ "flags", &type_cr0_bits, CR0_PE | CR0_PG, "0x80000001 (PE|PG)" },
	{ "flags_none", &type_cr0_bits, 0, "0x0" },
	{ "flags_without_name", &type_cr0_bits, BIT(40), "0x10000000000" },
	{ "rights", &type_rights, TDP_ACC_READ | TDP_ACC_USER, "0xc (R|U)" },
	{ "word_out_of_range", &type_level, 77, "77" },
	{ "memtype", &type_memtype, TDP_MT_WB, "WB" },
};

static void write_value(void **state)
{
	const struct written *w = *state;
	char text[128];

	w->type->print(w->type, w->value, text, sizeof(text));
	assert_string_equal(text, w->text);
}

static const struct reg {
	const char *name;
	const char *text;
	uint64_t before, after;
} regs[] = {
	{ "number", "0x80000011", 0xffff, 0x80000011 },
	{ "flags", "PE|WP|PG", 0xffff, CR0_PE | CR0_WP | CR0_PG },
	{ "flags_and_number", "PE|0x10", 0xffff, CR0_PE | CR0_ET },
	{ "set", "+CD", CR0_PE, CR0_PE | CR0_CD },
	{ "clear", "-PE", CR0_PE | CR0_ET, CR0_ET },
	{ "set_and_clear", "+CD -WP", CR0_PE | CR0_WP, CR0_PE | CR0_CD },
	{ "two_flags_at_once", "+CD|NW", CR0_PE, CR0_PE | CR0_CD | CR0_NW },
	{ "set_what_is_set", "+PE", CR0_PE, CR0_PE },
};

static void apply(void **state)
{
	static const struct arg row = { .name = "cr0", .type = &type_cr0 };
	const struct reg *r = *state;
	const struct node node = { .kind = NODE_SCALAR, .text = r->text };
	const struct decoder d = { .path = "t" };
	struct reg_value value;

	assert_int_equal(reg_value_decode(&d, &node, &row, &value), TDP_OK);
	assert_true(value.given);
	assert_int_equal(reg_value_apply(&value, r->before), r->after);
}

static void register_not_given_keeps_its_value(void **state)
{
	const struct reg_value value = { .given = false };

	(void)state;
	assert_int_equal(reg_value_apply(&value, 0x1234), 0x1234);
}

static void members_are_sign_extended(void **state)
{
	const int32_t negative = -22;
	const uint8_t byte = 0xff;

	(void)state;
	assert_true(member_get(&negative, 4, true) == (uint64_t)-22);
	assert_true(member_get(&negative, 4, false) == 0xffffffea);
	assert_true(member_get(&byte, 1, false) == 0xff);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(numbers, parse_number),
		ROWS(written, write_value),
		ROWS(regs, apply),
		CASE(register_not_given_keeps_its_value),
		CASE(members_are_sign_extended),
	};

	return RUN("value", suites);
}
