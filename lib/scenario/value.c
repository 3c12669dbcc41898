/* SPDX-License-Identifier: MIT */
#include "scenario/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Numbers ------------------------------------------------------------------ */

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

static unsigned int base_of(const char **text)
{
	const char *t = *text;

	if (t[0] != '0' || !t[1])
		return 10;
	*text += 2;
	switch (t[1]) {
	case 'x':
		return 16;
	case 'b':
		return 2;
	}
	*text = t;
	return digit_of(t[1]) < 10 || t[1] == '_' ? 0 : 10;
}

/* Digits with single underscores between them. */
static const char *digits_parse(const char **text, unsigned int base,
				uint64_t *value)
{
	const char *t = *text;
	uint64_t v = 0;

	if (digit_of(*t) >= (int)base)
		return "no number";
	while (digit_of(*t) < (int)base) {
		uint64_t digit = (uint64_t)digit_of(*t);

		if (v > (UINT64_MAX - digit) / base)
			return "more than 64 bits";
		v = v * base + digit;
		t++;
		if (*t == '_' && digit_of(t[1]) < (int)base)
			t++;
	}
	*text = t;
	*value = v;
	return NULL;
}

/* clang-format off */
static const struct word units[] = {
	{ "", 0 },
	{ "K", 10 }, { "KiB", 10 },
	{ "M", 20 }, { "MiB", 20 },
	{ "G", 30 }, { "GiB", 30 },
	{ "T", 40 }, { "TiB", 40 },
};
/* clang-format on */

static const char *unit_apply(const char *text, uint64_t *value)
{
	unsigned int i;

	if (text[0] == ' ' && text[1])
		text++;
	for (i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(text, units[i].text) != 0)
			continue;
		if (*value > UINT64_MAX >> units[i].value)
			return "more than 64 bits";
		*value <<= units[i].value;
		return NULL;
	}
	return "no number with a unit (K, M, G, T, or KiB, MiB, GiB, TiB)";
}

const char *number_parse(const char *text, bool with_unit, uint64_t *value)
{
	unsigned int base = base_of(&text);
	const char *problem;

	if (!base)
		return "a number with a leading zero";
	problem = digits_parse(&text, base, value);
	if (problem)
		return problem;
	if (with_unit)
		return unit_apply(text, value);
	return *text ? "no number" : NULL;
}

static int parse_scalar(const struct decoder *d, const struct node *node,
			const struct type *type)
{
	if (node->kind == NODE_SCALAR && !node->quoted && node->text[0])
		return TDP_OK;
	return decode_fail(d, node, "expected %s (%s), found %s", type->name,
			   type->about, node_kind_name(node));
}

static int parse_number(const struct decoder *d, const struct node *node,
			const struct type *type, bool with_unit,
			uint64_t *value)
{
	const char *problem;
	int ret = parse_scalar(d, node, type);

	if (ret)
		return ret;
	problem = number_parse(node->text, with_unit, value);
	if (!problem)
		return TDP_OK;
	return decode_fail(d, node, "expected %s (%s): \"%.64s\" is %s",
			   type->name, type->about, node->text, problem);
}

static int plain_parse(const struct decoder *d, const struct node *node,
		       const struct type *type, uint64_t *value)
{
	return parse_number(d, node, type, false, value);
}

static int unit_parse(const struct decoder *d, const struct node *node,
		      const struct type *type, uint64_t *value)
{
	return parse_number(d, node, type, true, value);
}

static void decimal_print(const struct type *type, uint64_t value, char *buf,
			  size_t size)
{
	(void)type;
	snprintf(buf, size, "%" PRIu64, value);
}

static void hex_print(const struct type *type, uint64_t value, char *buf,
		      size_t size)
{
	(void)type;
	snprintf(buf, size, "0x%" PRIx64, value);
}

static void size_print(const struct type *type, uint64_t value, char *buf,
		       size_t size)
{
	static const char *const names[] = { "TiB", "GiB", "MiB", "KiB" };
	unsigned int i, shift = 40;

	(void)type;
	for (i = 0; value && i < ARRAY_SIZE(names); i++, shift -= 10) {
		if (value & (BIT(shift) - 1))
			continue;
		snprintf(buf, size, "%" PRIu64 "%s", value >> shift, names[i]);
		return;
	}
	snprintf(buf, size, "%" PRIu64, value);
}

static int vcpu_parse(const struct decoder *d, const struct node *node,
		      const struct type *type, uint64_t *value)
{
	int ret = parse_number(d, node, type, false, value);

	if (ret || *value < d->nr_vcpus)
		return ret;
	if (d->nr_vcpus == 1)
		return decode_fail(d, node,
				   "no vCPU %.20s: there is one, number 0",
				   node->text);
	return decode_fail(d, node, "no vCPU %.20s: there are %u, from 0 to %u",
			   node->text, d->nr_vcpus, d->nr_vcpus - 1);
}

#define SCALAR(type_name, type_about, parse_function, print_function) \
	{                                                             \
		.name = (type_name), .about = (type_about),           \
		.decode = scalar_decode, .parse = (parse_function),   \
		.print = (print_function),                            \
	}

const struct type type_number = SCALAR(
	"number", "decimal, 0x hexadecimal or 0b binary, as in 1_000",
	plain_parse, decimal_print);
const struct type type_word = SCALAR(
	"bits", "a number, usually written as 0x3784", plain_parse, hex_print);
const struct type type_address = SCALAR(
	"address", "bytes, as in 0x200000 or 2MiB", unit_parse, hex_print);
const struct type type_size = SCALAR("size", "bytes, as in 4KiB, 2M or 0x1000",
				     unit_parse, size_print);
const struct type type_vcpu = SCALAR("vcpu", "number of a vCPU, from 0",
				     vcpu_parse, decimal_print);

/* Words -------------------------------------------------------------------- */

static const char *word_text(const struct words *words, unsigned int i)
{
	return words->list ? words->list[i].text : words->name(i);
}

static uint64_t word_value(const struct words *words, unsigned int i)
{
	return words->list ? words->list[i].value : i;
}

/* Functions that name a number say "?" where there is a gap. */
static bool is_named(const char *text)
{
	return text && strcmp(text, "?") != 0;
}

const char *words_nth(unsigned int index, const void *context)
{
	const struct words *words = context;
	unsigned int i;

	for (i = 0; i < words->nr; i++) {
		const char *text = word_text(words, i);

		if (is_named(text) && !index--)
			return text;
	}
	return NULL;
}

static bool word_find(const struct words *words, const char *text,
		      uint64_t *value)
{
	unsigned int i;

	for (i = 0; i < words->nr; i++) {
		const char *known = word_text(words, i);

		if (!is_named(known) || strcmp(known, text) != 0)
			continue;
		*value = word_value(words, i);
		return true;
	}
	return false;
}

/* Words may be quoted: "#PF" has to be. */
static int parse_text(const struct decoder *d, const struct node *node,
		      const struct type *type)
{
	if (node->kind == NODE_SCALAR && node->text[0])
		return TDP_OK;
	return decode_fail(d, node, "expected %s (%s), found %s", type->name,
			   type->about, node_kind_name(node));
}

int words_parse(const struct decoder *d, const struct node *node,
		const struct type *type, uint64_t *value)
{
	int ret = parse_text(d, node, type);

	if (ret || word_find(type->words, node->text, value))
		return ret;
	return decode_unknown(d, node, type->name, node->text, words_nth,
			      type->words);
}

void words_print(const struct type *type, uint64_t value, char *buf,
		 size_t size)
{
	const struct words *words = type->words;
	unsigned int i;

	for (i = 0; i < words->nr; i++) {
		const char *text = word_text(words, i);

		if (!is_named(text) || word_value(words, i) != value)
			continue;
		snprintf(buf, size, "%s", text);
		return;
	}
	snprintf(buf, size, "%" PRIu64, value);
}

/* Flags -------------------------------------------------------------------- */

/* One flag's name or a number, @length characters of @text. */
static int flag_parse(const struct decoder *d, const struct node *node,
		      const struct type *type, const char *text, size_t length,
		      uint64_t *value)
{
	char one[64];

	if (length >= sizeof(one))
		length = sizeof(one) - 1;
	memcpy(one, text, length);
	one[length] = '\0';
	if (one[0] >= '0' && one[0] <= '9' && !number_parse(one, false, value))
		return TDP_OK;
	if (type->words && word_find(type->words, one, value))
		return TDP_OK;
	if (!type->words)
		return decode_fail(d, node, "expected %s (%s), found \"%s\"",
				   type->name, type->about, one);
	return decode_unknown(d, node, type->name, one, words_nth, type->words);
}

/* "A|B|0x10", @length characters of @text */
static int flag_list_parse(const struct decoder *d, const struct node *node,
			   const struct type *type, const char *text,
			   size_t length, uint64_t *value)
{
	const char *end = text + length;
	int ret = TDP_OK;

	*value = 0;
	while (!ret) {
		const char *bar = memchr(text, '|', (size_t)(end - text));
		const char *stop = bar ? bar : end;
		uint64_t flag = 0;

		ret = flag_parse(d, node, type, text, (size_t)(stop - text),
				 &flag);
		*value |= flag;
		if (!bar)
			break;
		text = bar + 1;
	}
	return ret;
}

int flags_parse(const struct decoder *d, const struct node *node,
		const struct type *type, uint64_t *value)
{
	int ret = parse_scalar(d, node, type);

	if (ret)
		return ret;
	return flag_list_parse(d, node, type, node->text, strlen(node->text),
			       value);
}

/* "0x80010001 (PE|WP|PG)"; bits without a name stay in the number. */
void flags_print(const struct type *type, uint64_t value, char *buf,
		 size_t size)
{
	const struct words *words = type->words;
	const char *separator = " (";
	size_t used;
	unsigned int i;

	used = (size_t)snprintf(buf, size, "0x%" PRIx64, value);
	for (i = 0; words && i < words->nr && used < size; i++) {
		uint64_t flag = word_value(words, i);

		if (!flag || (value & flag) != flag)
			continue;
		used += (size_t)snprintf(buf + used, size - used, "%s%s",
					 separator, word_text(words, i));
		separator = "|";
	}
	if (separator[0] == '|' && used < size)
		snprintf(buf + used, size - used, ")");
}

/* Registers ---------------------------------------------------------------- */

/* "+CD -WP": each a sign and flags. */
static int change_parse(const struct decoder *d, const struct node *node,
			const struct type *type, struct reg_value *reg)
{
	const char *text = node->text;

	reg->is_change = true;
	while (*text) {
		size_t length = strcspn(text, " ");
		uint64_t flag;
		int ret;

		if (*text != '+' && *text != '-')
			return decode_fail(
				d, node,
				"\"%.64s\": each flag of a change begins with + or -",
				node->text);
		ret = flag_list_parse(d, node, type, text + 1, length - 1,
				      &flag);
		if (ret)
			return ret;
		if ((reg->set | reg->clear) & flag)
			return decode_fail(d, node,
					   "\"%.64s\" changes one bit twice",
					   node->text);
		*(*text == '+' ? &reg->set : &reg->clear) |= flag;
		text += length;
		text += strspn(text, " ");
	}
	return TDP_OK;
}

int reg_value_decode(const struct decoder *d, const struct node *node,
		     const struct arg *arg, void *out)
{
	struct reg_value reg = { .given = true };
	int ret = parse_scalar(d, node, arg->type);

	if (ret)
		return ret;
	if (node->text[0] == '+' || node->text[0] == '-')
		ret = change_parse(d, node, arg->type, &reg);
	else
		ret = flags_parse(d, node, arg->type, &reg.set);
	if (!ret)
		*(struct reg_value *)out = reg;
	return ret;
}

uint64_t reg_value_apply(const struct reg_value *value, uint64_t current)
{
	if (!value->given)
		return current;
	if (!value->is_change)
		return value->set;
	return (current | value->set) & ~value->clear;
}
