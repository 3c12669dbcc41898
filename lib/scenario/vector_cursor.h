/* SPDX-License-Identifier: MIT */
/* A place in a line of a vector file, and the words read from there. */
#ifndef TDPSIM_SCENARIO_VECTOR_CURSOR_H
#define TDPSIM_SCENARIO_VECTOR_CURSOR_H

#include <string.h>

#include "base/bits.h"
#include "tdpsim/error.h"

struct vector_cursor {
	const char *path;
	unsigned int line;
	const char *text;      /* start of the line */
	const char *p;         /* not read yet */
	struct tdp_error *err; /* may be NULL */
};

/* A word that is not NUL-terminated. */
struct vector_word {
	const char *p;
	size_t size;
};

/* TDP_EINPUT, with the column of @at. */
__attribute__((format(printf, 3, 4))) int cursor_fail(
	const struct vector_cursor *c, const char *at, const char *fmt, ...);

/* 1 to 16 hexadecimal digits without 0x. */
int cursor_hex(struct vector_cursor *c, uint64_t *value);

/* Decimal digits that give @min..@max. */
int cursor_decimal(struct vector_cursor *c, uint64_t min, uint64_t max,
		   uint64_t *value);

/* The character @expected, which stands for @what in the message. */
int cursor_char(struct vector_cursor *c, char expected, const char *what);

/* Nothing may follow. */
int cursor_end(struct vector_cursor *c);

/* Letters, digits and underscores; possibly none. */
struct vector_word cursor_word(struct vector_cursor *c);

static inline bool word_is(struct vector_word w, const char *text)
{
	return strlen(text) == w.size && !memcmp(w.p, text, w.size);
}

#endif
