/* SPDX-License-Identifier: MIT */
/* One machine of a search: forward by turns, back to checkpoints. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "scenario/explore_search.h"
#include "scenario/verb.h"
#include "vm/digest.h"

int worker_no_memory(struct worker *w)
{
	return err_set(&w->error, TDP_ENOMEM, "no memory for a search");
}

/* Making it -------------------------------------------------------------------- */

static int make_steppers(struct worker *w)
{
	const struct tdp_scenario *s = w->search->scenario;
	unsigned int i;

	w->steppers = calloc(s->nr_steps + 1, sizeof(struct stepper *));
	w->values = calloc(w->search->outcomes.width + 1, sizeof(*w->values));
	if (!w->steppers || !w->values)
		return TDP_ENOMEM;
	for (i = 0; i < s->nr_steps; i++) {
		const struct together *t = step_together(&s->steps[i]);

		if (!t || t->order)
			continue;
		w->steppers[i] = stepper_create(t, w->run->vm);
		if (!w->steppers[i])
			return TDP_ENOMEM;
		w->steppers[i]->kernel_steps |= w->search->options.kernel_steps;
	}
	return TDP_OK;
}

static int expectation_failed(struct worker *w, const struct step *step)
{
	return err_at(&w->error, TDP_EINPUT, w->search->scenario->path,
		      step->line, step->column,
		      "%s: an expectation before the first \"together\" fails: "
		      "\"tdpsim run\" shows it",
		      step->verb->name);
}

/* Steps up to the first choice are the same for all. */
static int make_prologue(struct worker *w)
{
	const struct tdp_scenario *s = w->search->scenario;
	int ret = run_create(w->run);

	if (!ret && !w->run->vm)
		return err_set(&w->error, TDP_EINPUT,
			       "%s: the kernel refuses to create the VM",
			       s->path);
	for (w->at = 0; !ret && w->at < s->nr_steps; w->at++) {
		if (worker_together(w))
			return TDP_OK;
		ret = run_step(w->run, &s->steps[w->at]);
		if (!ret && w->summary.failed)
			ret = expectation_failed(w, &s->steps[w->at]);
	}
	return ret ? ret :
		     err_set(&w->error, TDP_EINPUT,
			     "%s: nothing to explore: no \"together\" without "
			     "\"order\"",
			     s->path);
}

int worker_init(struct worker *w, struct search *search)
{
	int ret;

	*w = (struct worker){
		.search = search,
		.random = search->options.shuffle,
	};
	w->run = run_new(search->scenario, NULL, &w->summary, &w->error);
	if (!w->run)
		return TDP_ENOMEM;
	w->run->keeps_all = search->complete;
	ret = make_prologue(w);
	if (!ret && make_steppers(w))
		ret = worker_no_memory(w);
	if (!ret) {
		tdp_vm_set_tracer(w->run->vm, NULL, NULL);
		w->run->quiet = true;
		ret = vm_watch(w->run->vm, &w->watch, &w->error);
	}
	if (ret)
		return ret;
	w->watching = true;
	w->start_at = w->at;
	if (vm_checkpoint_save(w->run->vm, &w->watch, &w->start))
		ret = worker_no_memory(w);
	return ret;
}

static void finish_frames(struct worker *w)
{
	unsigned int i;

	for (i = 0; i < w->capacity; i++)
		frame_finish(&w->frames[i]);
	frame_finish(&w->confirmed);
	free(w->frames);
}

void worker_finish(struct worker *w)
{
	unsigned int i;

	if (!w->search)
		return;
	for (i = 0; w->steppers && i < w->search->scenario->nr_steps; i++)
		stepper_destroy(w->steppers[i]);
	free(w->steppers);
	free(w->values);
	finish_frames(w);
	free(w->path);
	vm_checkpoint_finish(&w->start);
	if (w->watching)
		vm_unwatch(w->run->vm, &w->watch);
	run_destroy(w->run);
}

int worker_restart(struct worker *w)
{
	w->at = w->start_at;
	w->failed = false;
	w->results[0] = w->results[1] = 0;
	stepper_reset(w->steppers[w->at]);
	if (vm_checkpoint_restore(w->run->vm, &w->watch, &w->start))
		return worker_no_memory(w);
	return TDP_OK;
}

/* Turns ------------------------------------------------------------------------ */

unsigned int worker_choices(const struct worker *w, uint16_t *choices,
			    bool *over, bool *stuck)
{
	const struct tdp_scenario *s = w->search->scenario;
	const struct together *t = worker_together(w);
	unsigned int i, nr = 0;

	*over = w->at == s->nr_steps;
	*stuck = false;
	if (*over)
		return 0;
	if (!t) {
		choices[0] = SEQUENTIAL;
		return 1;
	}
	for (i = 0; i < t->nr_threads; i++)
		if (stepper_step(w->steppers[w->at], i) &&
		    stepper_ready(w->steppers[w->at], i))
			choices[nr++] = (uint16_t)i;
	*stuck = !nr;
	return nr;
}

/* Put what a step gave where claims and outcomes find it. */
static void keep_result(struct worker *w, const struct step *step)
{
	const struct tdp_scenario *s = w->search->scenario;
	struct run_result *result = &w->run->results[step->slot];
	const struct seen_fields *seen = &w->search->seen[step->slot];
	uint64_t *values = &w->values[step->slot * s->nr_observed];
	struct digest d = DIGEST_INIT;
	unsigned int i;

	for (i = 0; i < s->nr_observed; i++) {
		const struct field *f = s->observed[i];

		values[i] = 0;
		if (f->groups & step->verb->fields)
			values[i] = field_value(f, &w->run->outcome);
	}
	digest_put(&d, step->slot);
	for (i = 0; i < seen->nr; i++)
		digest_put(&d, field_value(seen->fields[i], &w->run->outcome));
	d = digest_end(&d);
	w->results[0] += d.a;
	w->results[1] += d.b;
	result->there = true;
	if (s->claims.nr)
		result->outcome = w->run->outcome;
}

static void keep_own_result(struct worker *w, const struct step *step)
{
	if (w->search->complete)
		outcome_complete(&w->run->outcome, w->run->vm, step->vcpu);
	keep_result(w, step);
}

/* Those of a "together:" with "order:" come all at once. */
static void keep_results(struct worker *w, const struct together *t)
{
	unsigned int i;

	for (i = 0; i < t->nr_steps; i++) {
		w->run->outcome = w->run->results[t->steps[i].slot].outcome;
		keep_result(w, &t->steps[i]);
	}
}

/* A step outside "together:": its expectations hold for every order. */
static int sequential(struct worker *w)
{
	const struct tdp_scenario *s = w->search->scenario;
	const struct step *step = &s->steps[w->at];
	int ret;

	w->summary.failed = 0;
	w->run->step = step;
	memset(&w->run->outcome, 0, sizeof(w->run->outcome));
	if (step_together(step))
		ret = run_step(w->run, step);
	else
		ret = step->verb->run(w->run, step->args);
	if (ret)
		return run_step_failed(w->run, step, ret);
	if (step_together(step)) {
		keep_results(w, step_together(step));
	} else {
		run_step_expects(w->run, step);
		keep_own_result(w, step);
	}
	w->failed |= w->summary.failed;
	w->at++;
	return TDP_OK;
}

static bool all_done(const struct stepper *s)
{
	unsigned int i;

	for (i = 0; i < s->together->nr_threads; i++)
		if (stepper_step(s, i))
			return false;
	return true;
}

static void enter(struct worker *w)
{
	if (worker_together(w))
		stepper_reset(w->steppers[w->at]);
}

int worker_turn(struct worker *w, unsigned int thread)
{
	struct stepper *s = w->steppers[w->at];
	const struct step *step;
	int ret;

	w->error.message[0] = '\0';
	w->error.line = 0;
	if (thread == SEQUENTIAL) {
		ret = sequential(w);
		if (!ret)
			enter(w);
		return ret;
	}
	step = stepper_step(s, thread);
	if (!stepper_busy(s, thread))
		memset(&w->run->outcome, 0, sizeof(w->run->outcome));
	ret = stepper_go(s, w->run, thread);
	if (ret)
		return run_step_failed(w->run, step, ret);
	if (stepper_busy(s, thread))
		return TDP_OK;
	keep_own_result(w, step);
	if (all_done(s)) {
		w->at++;
		enter(w);
	}
	return TDP_OK;
}

/* Telling states apart --------------------------------------------------------- */

/*
 * What an operation under way has to show for itself so far: what it does not
 * fill in again is seen when it is done.
 */
static void put_result(const struct worker *w, const struct step *step,
		       const struct tdp_result *result, struct digest *d)
{
	const struct seen_fields *seen = &w->search->seen[step->slot];
	unsigned int i;

	for (i = 0; i < seen->nr; i++)
		if (!field_beyond_result(seen->fields[i]))
			digest_put(d, field_value(seen->fields[i], result));
}

static void put_threads(const struct worker *w, struct digest *d)
{
	const struct stepper *s = w->steppers[w->at];
	unsigned int i;

	for (i = 0; i < s->together->nr_threads; i++) {
		const struct stepper_thread *t = &s->threads[i];

		digest_put(d, (uint64_t)t->done << 1 | t->busy);
		if (!t->busy)
			continue;
		op_digest(&t->op, d);
		put_result(w, stepper_step(s, i), &t->op.result, d);
	}
}

struct digest worker_digest(const struct worker *w)
{
	struct digest d = DIGEST_INIT;

	digest_put(&d, (uint64_t)w->at << 1 | w->failed);
	digest_put(&d, w->results[0]);
	digest_put(&d, w->results[1]);
	if (worker_together(w))
		put_threads(w, &d);
	vm_digest(w->run->vm, &w->watch, w->search->digest_flags, &d);
	return digest_end(&d);
}
