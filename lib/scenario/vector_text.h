/* SPDX-License-Identifier: MIT */
/* Text that grows in a buffer; faster than printf for a million answers. */
#ifndef TDPSIM_SCENARIO_VECTOR_TEXT_H
#define TDPSIM_SCENARIO_VECTOR_TEXT_H

#include <stdint.h>

#include "tdpsim/walk.h"

/* The longest answer: a fault of a walk that wrote all it can. */
#define VECTOR_TEXT_SIZE 4096

struct vector_text {
	char *end; /* where the next character goes */
	char buf[VECTOR_TEXT_SIZE];
};

void text_clear(struct vector_text *t);

/* What does not fit is cut off; the buffer always ends in a NUL. */
void text_add(struct vector_text *t, const char *s);
void text_hex(struct vector_text *t, uint64_t value);

/* " name=", then hexadecimal digits. */
void text_field(struct vector_text *t, const char *name, uint64_t value);

#endif
