/* SPDX-License-Identifier: MIT */
#include "scenario/transcript.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "scenario/explain.h"
#include "scenario/run.h"
#include "scenario/verb.h"

/*
 * "0x3784 (level 4, direct)" without the number, which another layout writes
 * otherwise.  @text is shortened where it stands.
 */
static void numbers_drop(char *text)
{
	char *to = text, *from = text;

	while (*from) {
		size_t digits = strncmp(from, "0x", 2) != 0 ?
					0 :
					strspn(from + 2, "0123456789abcdef");

		if (digits && !strncmp(from + 2 + digits, " (", 2))
			from += 3 + digits;
		else
			*to++ = *from++;
	}
	*to = '\0';
}

static int line_add(struct transcript *t, struct transcript_lines *lines,
		    const char *name, char *text)
{
	struct transcript_line *line = arena_alloc(&t->arena, sizeof(*line));

	if (!line)
		return TDP_ENOMEM;
	line->name = name;
	line->text = arena_text(&t->arena, text, strlen(text));
	line->key = line->text;
	if (line->text && t->by_parts) {
		numbers_drop(text);
		line->key = arena_text(&t->arena, text, strlen(text));
	}
	if (!line->text || !line->key)
		return TDP_ENOMEM;
	if (lines->last)
		lines->last->next = line;
	else
		lines->first = line;
	lines->last = line;
	lines->nr++;
	return TDP_OK;
}

/* An event can't stop a run that is short of memory: the step behind it does. */
struct taking {
	struct transcript *transcript;
	int status;
};

static void on_event(struct run *run, const struct tdp_event *event,
		     void *context)
{
	struct taking *taking = context;
	struct transcript *t = taking->transcript;
	struct transcript_step *step = &t->steps[step_number(run)];
	char text[RUN_TEXT_BYTES];

	t->work++;
	/* The layouts are not known before the machine is there. */
	if (!run->step)
		return;
	step->nr_events++;
	if (step->events.nr == t->max_events || taking->status)
		return;
	event_print(event, &run->layouts, text, sizeof(text));
	taking->status = line_add(t, &step->events, NULL, text);
}

/* Of the vCPU or its root, not of what the step did. */
static bool is_state(const struct field *field)
{
	return (field->groups & FIELDS_VCPU) ||
	       (field->offset >= offsetof(struct outcome, root) &&
		field->offset < offsetof(struct outcome, vcpu));
}

/* Was this state the same when the vCPU was looked at last? */
static bool is_kept(struct transcript *t, const struct run *run,
		    unsigned int field, const char *key)
{
	const char **last;
	bool kept;

	if (!run->step || !is_state(&outcome_fields.rows[field]))
		return false;
	last = &t->state[(size_t)run->step->vcpu * outcome_fields.nr + field];
	kept = *last && !strcmp(*last, key);
	*last = key;
	return kept;
}

static int fields_take(struct transcript *t, struct run *run,
		       struct transcript_step *step, unsigned int groups)
{
	unsigned int i;
	int ret = TDP_OK;

	for (i = 0; i < outcome_fields.nr && !ret; i++) {
		const struct field *field = &outcome_fields.rows[i];
		const struct expectation e = { .field = field };
		char text[RUN_TEXT_BYTES];

		if (!(field->groups & groups))
			continue;
		expectation_print(
			&e, &run->layouts,
			expectation_actual(&e, &run->layouts, &run->outcome),
			text, sizeof(text));
		ret = line_add(t, &step->fields, field->name, text);
		if (!ret)
			step->fields.last->kept = is_kept(
				t, run, i, step->fields.last->key);
	}
	return ret;
}

static int on_step(struct run *run, void *context)
{
	struct taking *taking = context;
	struct transcript *t = taking->transcript;
	struct transcript_step *step = &t->steps[step_number(run)];
	unsigned int groups = run->step ? run->step->verb->fields : FIELDS_CALL;

	t->work += step_work(&run->outcome.result);
	step->step = run->step;
	step->there = true;
	if (run->step)
		outcome_complete(&run->outcome, run->vm, run->step->vcpu);
	if (!taking->status)
		taking->status = fields_take(t, run, step, groups);
	return taking->status;
}

static unsigned int max_events(unsigned int nr_steps)
{
	unsigned int share = TRANSCRIPT_EVENTS / nr_steps;

	if (share > TRANSCRIPT_MAX_STEP_EVENTS)
		return TRANSCRIPT_MAX_STEP_EVENTS;
	if (share < TRANSCRIPT_MIN_STEP_EVENTS)
		return TRANSCRIPT_MIN_STEP_EVENTS;
	return share;
}

int transcript_take(struct transcript *t, const struct tdp_scenario *bare,
		    bool by_parts)
{
	struct taking taking = { t, TDP_OK };
	const struct run_watch watch = {
		.event = on_event,
		.step = on_step,
		.context = &taking,
	};
	struct tdp_error why = { 0 };
	int ret;

	*t = (struct transcript){ .arena = ARENA_INIT, .by_parts = by_parts };
	t->nr = bare->nr_slots + 1;
	t->max_events = max_events(t->nr);
	t->steps = arena_alloc(&t->arena, t->nr * sizeof(*t->steps));
	t->state = arena_alloc(&t->arena, (bare->nr_vcpus + 1) *
						  outcome_fields.nr *
						  sizeof(*t->state));
	if (!t->steps || !t->state)
		return TDP_ENOMEM;
	ret = run_watched(bare, &watch, &why);
	if (ret == TDP_ENOMEM || taking.status)
		return TDP_ENOMEM;
	if (!ret)
		return TDP_OK;
	t->ended = arena_text(&t->arena, why.message, strlen(why.message));
	return t->ended ? TDP_OK : TDP_ENOMEM;
}

void transcript_finish(struct transcript *t)
{
	arena_finish(&t->arena);
}

bool transcript_lines_equal(const struct transcript_line *a,
			    const struct transcript_line *b)
{
	return (a->kept && b->kept) || !strcmp(a->key, b->key);
}

static bool lists_equal(const struct transcript_lines *a,
			const struct transcript_lines *b)
{
	const struct transcript_line *x = a->first, *y = b->first;

	for (; x && y; x = x->next, y = y->next)
		if (!transcript_lines_equal(x, y))
			return false;
	return !x && !y;
}

bool transcript_steps_equal(const struct transcript_step *a,
			    const struct transcript_step *b)
{
	return a->there == b->there && a->nr_events == b->nr_events &&
	       lists_equal(&a->fields, &b->fields) &&
	       lists_equal(&a->events, &b->events);
}
