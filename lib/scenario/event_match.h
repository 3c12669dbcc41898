/* SPDX-License-Identifier: MIT */
/*
 * Expectations on events: these in this order, these never, so many of each.
 *
 * Events are matched as they happen and not kept, so that a step may have
 * millions of them.
 */
#ifndef TDPSIM_SCENARIO_EVENT_MATCH_H
#define TDPSIM_SCENARIO_EVENT_MATCH_H

#include "scenario/field.h"
#include "tdpsim/event.h"

#define EVENT_MAX_PATTERNS 64

/* An event of this name whose named fields have these values. */
struct event_pattern {
	enum tdp_event_id id;
	const struct expectation *fields;
	unsigned int line, column;
};

struct event_count {
	enum tdp_event_id id;
	unsigned int line, column;
	uint64_t count;
};

struct event_wants {
	struct event_pattern *in_order; /* others may come between them */
	unsigned int nr_in_order;
	struct event_pattern *never;
	unsigned int nr_never;
	struct event_count *counts;
	unsigned int nr_counts;
	struct event_pattern *cycle; /* one round: these and no others */
	unsigned int nr_cycle;
	unsigned int line, column; /* of the cycle */
};

/* What has been seen of them so far. */
struct event_match {
	const struct event_wants *wants;
	const struct layouts *layouts;
	unsigned int next; /* in_order: first not seen yet */
	uint64_t seen;     /* never: bit i for the i-th */
	struct tdp_event offender[EVENT_MAX_PATTERNS];
	uint64_t count[TDP_NR_EVENTS];
};

/* "events:", "no_events:" and "event_counts:" of an expect map. */
int events_parse(const struct decoder *d, const struct node *node,
		 struct event_wants *wants);
int no_events_parse(const struct decoder *d, const struct node *node,
		    struct event_wants *wants);
int event_counts_parse(const struct decoder *d, const struct node *node,
		       struct event_wants *wants);
int event_cycle_parse(const struct decoder *d, const struct node *node,
		      struct event_wants *wants);

/* Is it an event as the pattern says? */
bool event_matches(const struct event_pattern *pattern,
		   const struct layouts *layouts,
		   const struct tdp_event *event);

void event_match_start(struct event_match *match,
		       const struct event_wants *wants,
		       const struct layouts *layouts);
void event_match_take(struct event_match *match, const struct tdp_event *event);

/* "kvm_mmu_get_page: gfn 0x0, role 0x3784 (level 4, ...)"; returns @buf. */
char *event_print(const struct tdp_event *event, const struct layouts *layouts,
		  char *buf, size_t size);

/* A pattern the same way, with the fields that it names. */
char *event_pattern_print(const struct event_pattern *pattern,
			  const struct layouts *layouts, char *buf,
			  size_t size);

/* The @index-th field of an event, as one that can be expected. */
bool event_field(enum tdp_event_id id, unsigned int index, struct field *field);

/* For nearest_word(); the context is not used. */
const char *event_nth(unsigned int index, const void *context);

#endif
