/* SPDX-License-Identifier: MIT */
/* Random scenarios with a "together:", as text. */
#ifndef TDPSIM_TESTS_RACE_TEXT_H
#define TDPSIM_TESTS_RACE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tdpsim/explore.h"

#define RACE_TEXT_BYTES 4096u
#define RACE_MAX_STATES 60000u

struct race_text {
	char bytes[RACE_TEXT_BYTES];
	size_t used;
	FILE *out; /* while it is made */
};

/* The next one; @random is where it is drawn from, any number to begin with. */
void race_text_make(struct race_text *t, uint64_t *random);

/*
 * Explore it.  Return: it could be, and all of it was seen: not if the model
 * can't tell what a step does, nor with more than RACE_MAX_STATES.
 */
bool race_text_explore(const struct race_text *t,
		       const struct tdp_explore_options *options,
		       struct tdp_explore_summary *summary);

#endif
