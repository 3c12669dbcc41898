/* SPDX-License-Identifier: MIT */
#include "scenario/vector_text.h"

#include <string.h>

void text_clear(struct vector_text *t)
{
	t->end = t->buf;
	*t->end = '\0';
}

static void add(struct vector_text *t, const char *s, size_t size)
{
	const size_t room = (size_t)(t->buf + sizeof(t->buf) - 1 - t->end);

	if (size > room)
		size = room;
	memcpy(t->end, s, size);
	t->end += size;
	*t->end = '\0';
}

void text_add(struct vector_text *t, const char *s)
{
	add(t, s, strlen(s));
}

void text_hex(struct vector_text *t, uint64_t value)
{
	char digits[16];
	char *p = digits + sizeof(digits);

	do {
		*--p = "0123456789abcdef"[value & 15];
		value >>= 4;
	} while (value);
	add(t, p, (size_t)(digits + sizeof(digits) - p));
}

void text_field(struct vector_text *t, const char *name, uint64_t value)
{
	text_add(t, " ");
	text_add(t, name);
	text_add(t, "=");
	text_hex(t, value);
}
