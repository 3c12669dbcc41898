/* SPDX-License-Identifier: MIT */
/* Ways through a search, as text and as scenarios that replay them. */
#ifndef TDPSIM_SCENARIO_EXPLORE_TRACE_H
#define TDPSIM_SCENARIO_EXPLORE_TRACE_H

#include "scenario/exploration.h"
#include "scenario/explore_search.h"

/* What is shown of a way. */
struct shown {
	const uint16_t *turns;
	unsigned int nr;
	unsigned int cycle; /* turns at the end that repeat; 0: none */
	const char *why;    /* heads the replay */
};

/*
 * Go that way once more, on a machine of its own, and write down what changes.
 * Fills @way; its texts are in @arena.
 */
int trace_way(struct search *search, const struct shown *shown,
	      struct arena *arena, struct way *way);

#endif
