/* SPDX-License-Identifier: MIT */
/* What a VM's tracer has seen, to be counted and compared. */
#ifndef TDPSIM_UNIT_OPS_EVENTS_H
#define TDPSIM_UNIT_OPS_EVENTS_H

#include "support/machine.h"

#define MAX_EVENTS 512

struct events {
	unsigned int nr;
	struct tdp_event event[MAX_EVENTS];
};

static inline void events_record(const struct tdp_event *event, void *context)
{
	struct events *events = context;

	assert_true(events->nr < MAX_EVENTS);
	events->event[events->nr++] = *event;
}

/* Forget what was seen, and see what the VM does from now on. */
static inline void events_watch(struct events *events, struct machine *m)
{
	events->nr = 0;
	tdp_vm_set_tracer(m->vm, events_record, events);
}

static inline unsigned int events_count(const struct events *events,
					enum tdp_event_id id)
{
	unsigned int i, n = 0;

	for (i = 0; i < events->nr; i++)
		n += events->event[i].id == id;
	return n;
}

/* The @n-th event of a kind, from 0; NULL if there were fewer. */
static inline const struct tdp_event *events_nth(const struct events *events,
						 enum tdp_event_id id,
						 unsigned int n)
{
	unsigned int i;

	for (i = 0; i < events->nr; i++)
		if (events->event[i].id == id && !n--)
			return &events->event[i];
	return NULL;
}

#endif
