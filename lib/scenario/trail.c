/* SPDX-License-Identifier: MIT */
/* What led to a failed expectation, as text. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "scenario/run.h"
#include "scenario/verb.h"

struct text {
	char *buf;
	size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text,
						      const char *fmt, ...)
{
	va_list args;
	int length;

	if (text->used >= text->size)
		return;
	va_start(args, fmt);
	length = vsnprintf(text->buf + text->used, text->size - text->used, fmt,
			   args);
	va_end(args);
	text->used += (size_t)length;
}

/* All that the verb can give and that is not zero. */
static void put_outcome(struct text *text, struct run *run)
{
	const unsigned int groups = run->step->verb->fields;
	const char *separator = "the step gave ";
	unsigned int i;

	if (!groups)
		return;
	outcome_complete(&run->outcome, run->vm, run->step->vcpu);
	for (i = 0; i < outcome_fields.nr; i++) {
		const struct expectation e = {
			.field = &outcome_fields.rows[i],
		};
		uint64_t value = expectation_actual(&e, &run->layouts,
						    &run->outcome);
		char buf[256];

		if (!(e.field->groups & groups) || !value)
			continue;
		put(text, "%s%s %s", separator, e.field->name,
		    expectation_print(&e, &run->layouts, value, buf,
				      sizeof(buf)));
		separator = ", ";
	}
	put(text, "%s", separator[0] == ',' ? "\n" : "");
}

static void put_events(struct text *text, const struct run *run)
{
	uint64_t first = 0, i;
	char buf[RUN_TEXT_BYTES];

	if (run->nr_events > RUN_RECENT_EVENTS)
		first = run->nr_events - RUN_RECENT_EVENTS;
	if (run->nr_events)
		put(text, "its events, %" PRIu64 " in all:\n", run->nr_events);
	if (first)
		put(text, "  (%" PRIu64 " before these)\n", first);
	for (i = first; i < run->nr_events; i++)
		put(text, "  %s\n",
		    event_print(&run->recent[i % RUN_RECENT_EVENTS],
				&run->layouts, buf, sizeof(buf)));
}

static void put_cycle(struct text *text, struct run *run)
{
	char buf[RUN_TEXT_BYTES];
	struct tdp_cycle cycle;
	unsigned int i;

	if (!run->outcome.result.cycle)
		return;
	tdp_vcpu_get_cycle(run_vcpu(run, run->step->vcpu), &cycle);
	put(text, "what repeats, %u events a round:\n", cycle.nr_events);
	for (i = 0; i < cycle.nr_events && i < TDP_CYCLE_EVENTS; i++)
		put(text, "  %s\n",
		    event_print(&cycle.event[i], &run->layouts, buf,
				sizeof(buf)));
}

static void put_roots(struct text *text, const struct run *run)
{
	struct tdp_root_info root = { 0 };
	char role[256];

	while (tdp_vm_root_next(run->vm, root.id, &root))
		put(text,
		    "root %u: role %s, as %u, refcount %u, %s, pages %" PRIu64
		    ", leaves %" PRIu64 "\n",
		    root.id,
		    parts_print(&role_parts, &run->layouts, root.role, role,
				sizeof(role)),
		    root.as_id, root.refcount, root.valid ? "valid" : "invalid",
		    root.pages, root.leaves);
}

const char *run_trail(struct run *run)
{
	struct text text = { run->trail, sizeof(run->trail), 0 };

	run->trail[0] = '\0';
	if (!run->vm)
		return run->trail;
	if (run->step && run->step->verb != &verb_check) {
		put_outcome(&text, run);
		put_events(&text, run);
		put_cycle(&text, run);
	} else {
		put_roots(&text, run);
	}
	return run->trail;
}
