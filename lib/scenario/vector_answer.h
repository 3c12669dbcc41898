/* SPDX-License-Identifier: MIT */
/* Answers of the walk script: writing them, comparing, checking the form. */
#ifndef TDPSIM_SCENARIO_VECTOR_ANSWER_H
#define TDPSIM_SCENARIO_VECTOR_ANSWER_H

#include "scenario/vector_cursor.h"
#include "scenario/vector_text.h"

/*
 * Everything that one line of access gives.  Under PAE paging the PDPTE
 * registers are loaded first, which may be all there is.
 */
struct vector_steps {
	bool has_load;
	bool has_walk;
	bool second_stage; /* a line g or G: the walk is of stage 2 alone */
	bool native;       /* no second stage: the answer has mt= */
	struct tdp_walk_result load;
	struct tdp_walk_result walk;
};

void answer_write(struct vector_text *t, const struct vector_steps *steps);

/*
 * Does the file state what we answer?  Nested entries that were written may
 * be marked g in place of n, as older answers have it.
 */
bool answer_matches(const char *stated, const char *answer);

/* Is there an answer at the cursor, whether true or not? */
int answer_check(struct vector_cursor *c);

#endif
