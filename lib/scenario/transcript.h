/* SPDX-License-Identifier: MIT */
/* What all steps of a run gave and did, as text, to be held against another. */
#ifndef TDPSIM_SCENARIO_TRANSCRIPT_H
#define TDPSIM_SCENARIO_TRANSCRIPT_H

#include "scenario/arena.h"
#include "scenario/scenario.h"

/* Events that are kept: of a scenario about, of one step at most and at least. */
#define TRANSCRIPT_EVENTS          200000u
#define TRANSCRIPT_MAX_STEP_EVENTS 4096u
#define TRANSCRIPT_MIN_STEP_EVENTS 16u

/* A field or an event: how it reads, and what of it is compared. */
struct transcript_line {
	const char *name; /* of the field; of an event NULL */
	const char *text;
	const char *key;
	bool kept; /* state of vCPU or root, as it was before the step */
	struct transcript_line *next;
};

struct transcript_lines {
	struct transcript_line *first, *last;
	unsigned int nr;
};

struct transcript_step {
	const struct step *step; /* NULL: making the machine */
	bool there;              /* it was carried out */
	struct transcript_lines fields, events;
	uint64_t nr_events; /* those that were not kept included */
};

struct transcript {
	struct arena arena;
	struct transcript_step *steps; /* by slot + 1; 0: making the machine */
	unsigned int nr;
	const char **state;      /* of each vCPU: what its fields read last */
	unsigned int max_events; /* of a step; the same for all kernels */
	bool by_parts; /* words of bits count by their parts, not as numbers */
	uint64_t work; /* steps, events, mappings */
	const char *ended; /* why the run got no further; NULL: it did */
};

/*
 * transcript_take() - replay a scenario that expects nothing
 * @by_parts: for kernels whose layouts differ
 *
 * A run that ends early is no error.  Return: TDP_OK; TDP_ENOMEM.
 */
int transcript_take(struct transcript *t, const struct tdp_scenario *bare,
		    bool by_parts);
void transcript_finish(struct transcript *t);

/*
 * Are they the same to a comparison?  A state that differs and that neither step
 * changed is no difference of the step: an earlier one made it.
 */
bool transcript_lines_equal(const struct transcript_line *a,
			    const struct transcript_line *b);

/* Is what can be compared of two steps the same? */
bool transcript_steps_equal(const struct transcript_step *a,
			    const struct transcript_step *b);

#endif
