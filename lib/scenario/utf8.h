/* SPDX-License-Identifier: MIT */
/* Is it text at all?  Asked before a parser sees the first byte. */
#ifndef TDPSIM_SCENARIO_UTF8_H
#define TDPSIM_SCENARIO_UTF8_H

#include <stddef.h>

struct utf8_place {
	unsigned int line;   /* from 1 */
	unsigned int column; /* from 1, in characters */
};

/* NULL if @text is UTF-8 without control characters; else what is wrong, where. */
const char *utf8_check(const char *text, size_t size, struct utf8_place *place);

#endif
