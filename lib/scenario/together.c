/* SPDX-License-Identifier: MIT */
/* Reading "together:", and replaying it in one order. */
#include "scenario/together.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "scenario/run.h"
#include "scenario/stepper.h"
#include "scenario/top.h"
#include "scenario/verb.h"

struct together_args {
	struct together t;
};

/* Threads ---------------------------------------------------------------------- */

static unsigned int find_thread(const struct together *t, const char *name)
{
	unsigned int i;

	for (i = 0; i < t->nr_threads && strcmp(t->threads[i].name, name) != 0;
	     i++)
		;
	return i;
}

/* "vcpu1" for steps of vCPUs, "main" for all others. */
static int name_thread(const struct decoder *d, struct step *step)
{
	char name[32] = "main";

	if (step->thread)
		return TDP_OK;
	if (verb_vcpu(step->verb))
		snprintf(name, sizeof(name), "vcpu%u", step->vcpu);
	step->thread = arena_text(d->arena, name, strlen(name));
	return step->thread ? TDP_OK : decode_no_memory(d);
}

static int add_to_thread(const struct decoder *d, struct together *t,
			 unsigned int index, const struct node *at)
{
	const char *name = t->steps[index].thread;
	unsigned int i = find_thread(t, name);
	struct together_thread *thread = &t->threads[i];

	if (i == TOGETHER_MAX_THREADS)
		return decode_fail(d, at, "more than %u threads",
				   TOGETHER_MAX_THREADS);
	if (i == t->nr_threads) {
		thread->name = name;
		thread->steps = arena_alloc(
			d->arena, t->nr_steps * sizeof(*thread->steps));
		if (!thread->steps)
			return decode_no_memory(d);
		t->nr_threads++;
	}
	thread->steps[thread->nr++] = index;
	return TDP_OK;
}

/* Steps without a name are called by thread and place: "vcpu0.2". */
static int label_step(const struct decoder *d, struct together *t,
		      unsigned int index)
{
	struct step *step = &t->steps[index];
	unsigned int place, thread = together_thread_of(t, index, &place);
	char name[128];

	if (step->label)
		return TDP_OK;
	snprintf(name, sizeof(name), "%.100s.%u", t->threads[thread].name,
		 place + 1);
	step->label = arena_text(d->arena, name, strlen(name));
	return step->label ? TDP_OK : decode_no_memory(d);
}

static int split_threads(const struct decoder *d, struct together *t,
			 const struct node *at)
{
	unsigned int i;
	int ret = TDP_OK;

	t->threads = arena_alloc(d->arena, (TOGETHER_MAX_THREADS + 1) *
						   sizeof(*t->threads));
	if (!t->threads)
		return decode_no_memory(d);
	for (i = 0; i < t->nr_steps && !ret; i++) {
		if (step_together(&t->steps[i]))
			return decode_fail(d, at,
					   "\"together\" inside \"together\"");
		ret = name_thread(d, &t->steps[i]);
		if (!ret)
			ret = add_to_thread(d, t, i, at);
	}
	for (i = 0; i < t->nr_steps && !ret; i++)
		ret = label_step(d, t, i);
	return ret;
}

unsigned int together_thread_of(const struct together *t, unsigned int index,
				unsigned int *place)
{
	unsigned int i, j;

	for (i = 0; i < t->nr_threads; i++)
		for (j = 0; j < t->threads[i].nr; j++)
			if (t->threads[i].steps[j] == index) {
				*place = j;
				return i;
			}
	assert(!"every step has a thread");
	return 0;
}

/* The order -------------------------------------------------------------------- */

static const char *nth_thread(unsigned int index, const void *context)
{
	const struct together *t = context;

	return index < t->nr_threads ? t->threads[index].name : NULL;
}

static int order_parse(const struct decoder *d, const struct node *node,
		       struct together *t)
{
	const struct node_item *item;
	int ret = decode_expect(d, node, NODE_LIST, "a list of threads");

	if (ret)
		return ret;
	if (node->nr_items > TOGETHER_MAX_ORDER)
		return decode_fail(d, node, "more than %u turns",
				   TOGETHER_MAX_ORDER);
	t->order = arena_alloc(d->arena,
			       (node->nr_items + 1) * sizeof(*t->order));
	if (!t->order)
		return decode_no_memory(d);
	for (item = node->items; item && !ret; item = item->next) {
		unsigned int i;

		ret = decode_expect(d, item->value, NODE_SCALAR,
				    "the name of a thread");
		if (ret)
			return ret;
		i = find_thread(t, item->value->text);
		if (i == t->nr_threads)
			return decode_unknown(d, item->value, "thread",
					      item->value->text, nth_thread, t);
		t->order[t->nr_order++] = i;
	}
	return ret;
}

static int parse_together(const struct decoder *d, const struct node *node,
			  void *args)
{
	struct together_args *a = args;
	int ret = steps_parse(d, node, true, &a->t.steps, &a->t.nr_steps);

	if (!ret && !a->t.nr_steps)
		ret = decode_fail(d, node, "no steps");
	return ret ? ret : split_threads(d, &a->t, node);
}

int together_finish(const struct decoder *d, struct step *step)
{
	/* The step was just made of this verb's arguments. */
	struct together *t = (struct together *)step_together(step);

	t->kernel_steps = step->kernel_steps;
	return step->order ? order_parse(d, step->order, t) : TDP_OK;
}

/* Replaying -------------------------------------------------------------------- */

const struct together *step_together(const struct step *step)
{
	const struct together_args *a = step->args;

	return step->verb == &verb_together ? &a->t : NULL;
}

static int run_as_written(struct run *run, const struct together *t)
{
	unsigned int i;
	int ret = TDP_OK;

	for (i = 0; i < t->nr_steps && !ret; i++)
		ret = run_step(run, &t->steps[i]);
	return ret;
}

static int bad_turn(struct run *run, const struct step *step,
		    const char *thread, unsigned int turn, const char *why)
{
	return err_at(run->err, TDP_EINPUT, run->scenario->path, step->line,
		      step->column, "order: turn %u: %s %s", turn + 1, thread,
		      why);
}

/* A turn is a step, or a part of one; what a step gave is held at its end. */
static int take_turn(struct run *run, struct stepper *s,
		     const struct step *step, unsigned int turn)
{
	const struct together *t = s->together;
	unsigned int thread = t->order[turn];
	const char *name = t->threads[thread].name;
	const struct step *now = stepper_step(s, thread);
	int ret;

	if (!now)
		return bad_turn(run, step, name, turn, "has no step left");
	if (!stepper_ready(s, thread))
		return bad_turn(run, step, name, turn,
				"has to wait for another thread");
	if (!stepper_busy(s, thread))
		run_step_begins(run, now);
	else
		run_step_goes_on(run, now);
	ret = stepper_go(s, run, thread);
	if (ret)
		return run_step_failed(run, now, ret);
	if (!stepper_busy(s, thread))
		run_step_ends(run, now);
	return TDP_OK;
}

static int run_in_order(struct run *run, const struct step *step,
			const struct together *t)
{
	struct stepper *s = stepper_create(t, run->vm);
	unsigned int i;
	int ret = TDP_OK;

	if (!s)
		return err_set(run->err, TDP_ENOMEM, "%s: out of memory",
			       run->scenario->path);
	for (i = 0; i < t->nr_order && !ret; i++)
		ret = take_turn(run, s, step, i);
	/* Whoever has steps left is stuck, or nobody says when. */
	for (i = 0; i < t->nr_threads && !ret; i++)
		run->unfinished |= stepper_step(s, i) != NULL;
	stepper_destroy(s);
	return ret;
}

int together_run(struct run *run, const struct step *step)
{
	const struct together *t = step_together(step);

	if (t->order)
		return run_in_order(run, step, t);
	return run_as_written(run, t);
}

static int never_run(struct run *run, const void *args)
{
	(void)run;
	(void)args;
	assert(!"together_run() does it");
	return TDP_OK;
}

const struct verb verb_together = {
	.name = "together",
	.about =
		"steps of several threads, whose order \"run\" takes as written and "
		"\"explore\" varies",
	.args = { NULL, 0, sizeof(struct together_args) },
	.parses_itself = true,
	.check_args = parse_together,
	.run = never_run,
};
