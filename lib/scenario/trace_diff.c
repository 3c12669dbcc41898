/* SPDX-License-Identifier: MIT */
/*
 * A scenario against the text of a kernel's trace: the events alone, from the
 * first of the one to the last of the other.  The text knows no steps, no
 * return codes and no machine: the machine is the scenario's.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "scenario/recording_diff.h"
#include "scenario/run.h"
#include "scenario/trace_text.h"

struct trace_diff {
	const struct tdp_recording *recording;
	struct tdp_scenario *scenario;
	const struct tdp_diff_report *report;
	struct tdp_diff_summary *summary;
	struct tdp_event *events; /* of the model */
	unsigned int *lines;      /* of the scenario's steps */
	size_t nr, capacity;
	unsigned int line;
	bool no_memory;
};

/* Userspace addresses are the VMM's own. */
static bool is_about_userspace(const struct tdp_event *event)
{
	return event->id == TDP_EV_kvm_unmap_hva_range ||
	       event->id == TDP_EV_kvm_age_hva ||
	       event->id == TDP_EV_kvm_test_age_hva;
}

static void take_event(const struct tdp_event *event, void *context)
{
	struct trace_diff *d = context;

	if (!model_event_counts(event, d->scenario->host.vendor, false) ||
	    is_about_userspace(event) || d->no_memory)
		return;
	if (d->nr == d->capacity) {
		size_t capacity = d->capacity ? 2 * d->capacity : 256;
		struct tdp_event *events = reallocarray(d->events, capacity,
							sizeof(*events));
		unsigned int *lines = NULL;

		if (events) {
			d->events = events;
			lines = reallocarray(d->lines, capacity,
					     sizeof(*lines));
		}
		d->no_memory = !lines;
		if (!lines)
			return;
		d->lines = lines;
		d->capacity = capacity;
	}
	d->events[d->nr] = *event;
	d->lines[d->nr++] = d->line;
}

static void on_step(unsigned int step, const char *verb, unsigned int line,
		    void *context)
{
	struct trace_diff *d = context;

	(void)step;
	(void)verb;
	d->line = line;
}

static void report(struct trace_diff *d, unsigned int text_line, size_t at,
		   const char *field, const char *recorded, const char *model)
{
	const struct tdp_difference difference = {
		.step = text_line,
		.op = "line of the trace",
		.line = at < d->nr ? d->lines[at] : d->line,
		.field = field,
		.recorded = recorded,
		.model = model,
	};

	d->summary->differences++;
	if (d->report && d->report->difference)
		d->report->difference(&difference, d->report->context);
}

static void compare_role(struct trace_diff *d, const json_t *event, size_t at)
{
	const struct tdp_event *model = &d->events[at];
	const struct tdp_event_info *info = tdp_event_info(model->id);
	const char *recorded = json_text(event, "role_text");
	char text[96], field[96];
	unsigned int i;

	for (i = 0;
	     recorded[0] && i < TDP_EVENT_MAX_FIELDS && info->field[i].name;
	     i++) {
		if (strcmp(info->field[i].name, "role") != 0)
			continue;
		trace_text_role(&d->scenario->kvm, (uint32_t)model->field[i],
				text, sizeof(text));
		snprintf(field, sizeof(field), "%s.role",
			 json_text(event, "ev"));
		if (strcmp(text, recorded) != 0)
			report(d,
			       (unsigned int)json_word(
				       json_object_get(event, "line")),
			       at, field, recorded, text);
	}
}

/* The text prints less than the event has: what it lacks is not compared. */
static void compare_event(struct trace_diff *d, const json_t *event, size_t at)
{
	struct event_difference difference;
	unsigned int index = 0;
	char field[128];

	d->summary->events++;
	while (recorded_event_differs(event, &d->events[at],
				      d->scenario->host.vendor, &index,
				      &difference)) {
		if (!strcmp(difference.recorded, "no such field") ||
		    !strcmp(difference.field, "line") ||
		    !strcmp(difference.field, "role_text"))
			continue;
		snprintf(field, sizeof(field), "%s.%s", json_text(event, "ev"),
			 difference.field);
		report(d,
		       (unsigned int)json_word(json_object_get(event, "line")),
		       at, field, difference.recorded, difference.model);
	}
	compare_role(d, event, at);
}

static void order_differs(struct trace_diff *d, const json_t *event, size_t at)
{
	char model[512] = "no more events";

	if (at < d->nr)
		tdp_event_print(&d->events[at], model, sizeof(model));
	report(d,
	       event ? (unsigned int)json_word(json_object_get(event, "line")) :
		       0,
	       at, "event", event ? json_text(event, "ev") : "no more events",
	       model);
}

/*
 * Behind the first that has another name, nothing can be paired.  What the
 * trace has behind the scenario's last event is the end of the VM, or another.
 */
static void compare_events(struct trace_diff *d)
{
	const json_t *events = d->recording->trace;
	size_t nr = json_array_size(events), i, at = 0;

	for (i = 0; i < nr; i++) {
		const json_t *event = json_array_get(events, i);

		if (!recorded_event_counts(event) ||
		    json_object_get(event, "reinjected"))
			continue;
		if (at >= d->nr)
			return;
		if (!recorded_event_is(event, &d->events[at])) {
			order_differs(d, event, at);
			return;
		}
		compare_event(d, event, at++);
	}
	if (at < d->nr)
		order_differs(d, NULL, at);
}

static int replay(struct trace_diff *d, struct tdp_error *err)
{
	const struct tdp_report listener = {
		.trace = take_event,
		.step = on_step,
		.context = d,
	};
	struct tdp_run_summary summary;
	int ret = tdp_scenario_run(d->scenario, &listener, &summary, err);

	if (!ret && d->no_memory)
		ret = err_set(err, TDP_ENOMEM, "no memory for events");
	d->summary->steps = summary.steps;
	return ret;
}

int trace_diff(const struct tdp_recording *recording, const char *path,
	       const struct tdp_diff_report *report_,
	       struct tdp_diff_summary *summary, struct tdp_error *err)
{
	struct trace_diff d = {
		.recording = recording,
		.report = report_,
		.summary = summary,
		.line = 1,
	};
	int ret = tdp_scenario_load(path, &d.scenario, err);

	if (ret)
		return ret;
	ret = replay(&d, err);
	if (!ret)
		compare_events(&d);
	tdp_scenario_destroy(d.scenario);
	free(d.events);
	free(d.lines);
	return ret;
}
