/* SPDX-License-Identifier: MIT */
#include "scenario/vector_cursor.h"

#include <inttypes.h>

#include "base/error.h"

int cursor_fail(const struct vector_cursor *c, const char *at, const char *fmt,
		...)
{
	va_list args;

	va_start(args, fmt);
	err_at_va(c->err, TDP_EINPUT, c->path, c->line,
		  (unsigned int)(at - c->text) + 1, fmt, args);
	va_end(args);
	return TDP_EINPUT;
}

/* Value of a digit; 16 if it is none.  No locale: the format has none. */
static unsigned int digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned int)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned int)(c - 'A') + 10;
	return 16;
}

int cursor_hex(struct vector_cursor *c, uint64_t *value)
{
	const char *start = c->p;
	uint64_t v = 0;
	unsigned int d;

	for (; (d = digit(*c->p)) < 16; c->p++) {
		if (v >> 60)
			return cursor_fail(c, start,
					   "number needs more than 64 bits");
		v = v << 4 | d;
	}
	if (c->p == start)
		return cursor_fail(c, start,
				   "expected a hexadecimal number without 0x");
	*value = v;
	return TDP_OK;
}

int cursor_decimal(struct vector_cursor *c, uint64_t min, uint64_t max,
		   uint64_t *value)
{
	const char *start = c->p;
	uint64_t v = 0;

	for (; digit(*c->p) < 10 && v <= max; c->p++)
		v = v * 10 + digit(*c->p);
	if (c->p == start || digit(*c->p) < 16 || v < min || v > max)
		return cursor_fail(c, start,
				   "expected a decimal number from %" PRIu64
				   " to %" PRIu64,
				   min, max);
	*value = v;
	return TDP_OK;
}

int cursor_char(struct vector_cursor *c, char expected, const char *what)
{
	if (*c->p != expected)
		return cursor_fail(c, c->p, "expected %s", what);
	c->p++;
	return TDP_OK;
}

int cursor_end(struct vector_cursor *c)
{
	if (*c->p)
		return cursor_fail(c, c->p, "unexpected text after the end");
	return TDP_OK;
}

static bool is_word_char(char c)
{
	return digit(c) < 16 || (c >= 'g' && c <= 'z') ||
	       (c >= 'G' && c <= 'Z') || c == '_';
}

struct vector_word cursor_word(struct vector_cursor *c)
{
	struct vector_word w = { c->p, 0 };

	while (is_word_char(*c->p))
		c->p++;
	w.size = (size_t)(c->p - w.p);
	return w;
}
