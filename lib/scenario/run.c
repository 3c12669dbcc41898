/* SPDX-License-Identifier: MIT */
#include "scenario/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "scenario/account.h"
#include "scenario/feature.h"
#include "scenario/machine.h"
#include "scenario/together.h"
#include "scenario/verb.h"

/* Comparing ---------------------------------------------------------------- */

void run_compared(struct run *run, const struct run_place *place, bool passed)
{
	struct tdp_check check;

	run->summary->checks++;
	run->summary->failed += !passed;
	if (run->quiet)
		return;
	check = (struct tdp_check){
		.line = place->line,
		.column = place->column,
		.step = run->step_nr,
		.verb = run->verb,
		.field = place->field,
		.passed = passed,
		.expected = run->expected,
		.actual = run->actual,
		.trail = !passed && !run->trail_shown ? run_trail(run) : NULL,
	};

	run->trail_shown |= !passed;
	if (run->report && run->report->check)
		run->report->check(&check, run->report->context);
}

static void expect_one(struct run *run, const struct expectation *e,
		       const char *prefix, const void *subject)
{
	uint64_t actual = expectation_actual(e, &run->layouts, subject);
	struct run_place place = { e->line, e->column, e->name };
	char name[128];

	if (run->quiet) {
		run_compared(run, &place, actual == e->value);
		return;
	}
	if (prefix[0]) {
		snprintf(name, sizeof(name), "%s%s", prefix, e->name);
		place.field = name;
	}
	expectation_print(e, &run->layouts, e->value, run->expected,
			  sizeof(run->expected));
	expectation_print(e, &run->layouts, actual, run->actual,
			  sizeof(run->actual));
	run_compared(run, &place, actual == e->value);
}

void run_expect(struct run *run, const struct expectation *list,
		const char *prefix, const void *subject)
{
	for (; list; list = list->next)
		expect_one(run, list, prefix, subject);
}

struct tdp_vcpu *run_vcpu(struct run *run, unsigned int id)
{
	struct tdp_vcpu *vcpu = tdp_vm_vcpu(run->vm, id);

	assert(vcpu); /* type_vcpu let no other number through */
	return vcpu;
}

/* Events ------------------------------------------------------------------- */

void run_event(const struct tdp_event *event, void *context)
{
	struct run *run = context;

	run->recent[run->nr_events++ % RUN_RECENT_EVENTS] = *event;
	event_match_take(&run->match, event);
	if (run->report && run->report->trace)
		run->report->trace(event, run->report->context);
	if (run->watch && run->watch->event)
		run->watch->event(run, event, run->watch->context);
}

static void expect_in_order(struct run *run, const struct event_wants *wants)
{
	char name[32];
	unsigned int i;

	for (i = 0; i < wants->nr_in_order; i++) {
		const struct event_pattern *p = &wants->in_order[i];
		struct run_place place = { p->line, p->column, name };
		bool passed = i < run->match.next;

		snprintf(name, sizeof(name), "events[%u]", i);
		event_pattern_print(p, &run->layouts, run->expected,
				    sizeof(run->expected));
		snprintf(run->actual, sizeof(run->actual), "%s",
			 passed ? "it happened" :
			 i == run->match.next ?
				  "no such event after those before it" :
				  "not looked for: one before it is missing");
		run_compared(run, &place, passed);
	}
}

static void expect_never(struct run *run, const struct event_wants *wants)
{
	char name[32], text[RUN_TEXT_BYTES - 8];
	unsigned int i;

	for (i = 0; i < wants->nr_never; i++) {
		const struct event_pattern *p = &wants->never[i];
		struct run_place place = { p->line, p->column, name };
		bool seen = run->match.seen & BIT(i);

		snprintf(name, sizeof(name), "no_events[%u]", i);
		event_pattern_print(p, &run->layouts, text, sizeof(text));
		snprintf(run->expected, sizeof(run->expected), "no %s", text);
		snprintf(run->actual, sizeof(run->actual), "no such event");
		if (seen)
			event_print(&run->match.offender[i], &run->layouts,
				    run->actual, sizeof(run->actual));
		run_compared(run, &place, !seen);
	}
}

static void expect_counts(struct run *run, const struct event_wants *wants)
{
	char name[96];
	unsigned int i;

	for (i = 0; i < wants->nr_counts; i++) {
		const struct event_count *c = &wants->counts[i];
		struct run_place place = { c->line, c->column, name };
		uint64_t count = run->match.count[c->id];

		snprintf(name, sizeof(name), "event_counts.%s",
			 event_nth(c->id, NULL));
		type_number.print(&type_number, c->count, run->expected,
				  sizeof(run->expected));
		type_number.print(&type_number, count, run->actual,
				  sizeof(run->actual));
		run_compared(run, &place, count == c->count);
	}
}

/* One round of a livelock, event by event. */
static void expect_cycle(struct run *run, const struct event_wants *wants)
{
	struct run_place place = { wants->line, wants->column, "cycle" };
	struct tdp_cycle cycle = { 0 };
	char name[32];
	unsigned int i;

	if (!wants->cycle)
		return;
	if (run->outcome.result.cycle)
		tdp_vcpu_get_cycle(run_vcpu(run, run->step->vcpu), &cycle);
	snprintf(run->expected, sizeof(run->expected), "%u events",
		 wants->nr_cycle);
	snprintf(run->actual, sizeof(run->actual), "%u events",
		 cycle.nr_events);
	run_compared(run, &place, cycle.nr_events == wants->nr_cycle);
	for (i = 0;
	     i < wants->nr_cycle && i < cycle.nr_events && i < TDP_CYCLE_EVENTS;
	     i++) {
		const struct event_pattern *p = &wants->cycle[i];

		place = (struct run_place){ p->line, p->column, name };
		snprintf(name, sizeof(name), "cycle[%u]", i);
		event_pattern_print(p, &run->layouts, run->expected,
				    sizeof(run->expected));
		event_print(&cycle.event[i], &run->layouts, run->actual,
			    sizeof(run->actual));
		run_compared(run, &place,
			     event_matches(p, &run->layouts, &cycle.event[i]));
	}
}

/* Steps -------------------------------------------------------------------- */

static bool mentions(const struct expectation *list, const char *name)
{
	for (; list; list = list->next)
		if (!strcmp(list->field->name, name))
			return true;
	return false;
}

/*
 * A step that says nothing about how it ended has to end well: else a
 * scenario would go on with a machine that its text does not describe.
 */
static void expect_done(struct run *run, const struct expectation *fields,
			unsigned int line, unsigned int column)
{
	const struct tdp_result *result = &run->outcome.result;
	const struct run_place place = { line, column, "outcome" };

	if (run->scenario->any_outcome)
		return;
	if (mentions(fields, "ret") || mentions(fields, "outcome") ||
	    mentions(fields, "reason"))
		return;
	if (!result->ret && result->outcome == TDP_OUTCOME_DONE)
		return;
	snprintf(run->expected, sizeof(run->expected),
		 "done, as nothing else is expected");
	snprintf(run->actual, sizeof(run->actual), "%s, ret %s, reason %s",
		 tdp_outcome_name(result->outcome),
		 result->ret ? tdp_errno_name(result->ret) : "0",
		 tdp_reason_name(result->reason));
	run_compared(run, &place, false);
}

static void expect_all(struct run *run, const struct expected *expected,
		       unsigned int line, unsigned int column)
{
	expect_done(run, expected->fields, line, column);
	run_expect(run, expected->fields, "", &run->outcome);
	expect_in_order(run, &expected->events);
	expect_never(run, &expected->events);
	expect_counts(run, &expected->events);
	expect_cycle(run, &expected->events);
}

/* A step that says nothing of them is held to them with --verify only. */
static void verify(struct run *run, const struct step *step)
{
	const struct expected *e = &step->expected;
	bool stated = e->invariants != INVARIANTS_ANY, broken;
	bool wants_broken = e->invariants == INVARIANTS_BROKEN;
	const struct run_place place = { stated ? e->line : step->line,
					 stated ? e->column : step->column,
					 "invariants" };
	struct tdp_error err = { 0 };

	if (!stated && (!run->report || !run->report->verify))
		return;
	broken = tdp_vm_check(run->vm, &err) != TDP_OK;
	if (!stated && !broken)
		return;
	snprintf(run->expected, sizeof(run->expected), "tdp_vm_check() %s",
		 wants_broken ? "finds a broken rule" : "holds");
	snprintf(run->actual, sizeof(run->actual), "%s",
		 broken ? err.message : "tdp_vm_check() holds");
	run_compared(run, &place, broken == wants_broken);
}

/* What to require if the model gives up: its message begins with a feature. */
static const struct feature *feature_of(const char *message)
{
	unsigned int i;

	for (i = 0; feature_at(i); i++) {
		const char *name = feature_at(i)->name;
		size_t length = strlen(name);

		if (!strncmp(message, name, length) && message[length] == ':')
			return feature_at(i);
	}
	return NULL;
}

/* Say where, which verb, and what can be done about it. */
int run_step_failed(struct run *run, const struct step *step, int status)
{
	const struct feature *feature = NULL;
	char why[sizeof(run->err->message)] = "";

	if (run->err->line)
		return status;
	memcpy(why, run->err->message, sizeof(why));
	if (status == TDP_ENOMEM)
		return err_set(run->err, status, "%s: out of memory",
			       run->scenario->path);
	if (status == TDP_EINVAL)
		status = TDP_EINPUT;
	if (status == TDP_EUNSUPPORTED)
		feature = feature_of(why);
	if (!feature)
		return err_at(run->err, status, run->scenario->path, step->line,
			      step->column, "%s: %.400s", step->verb->name,
			      why);
	return err_at(
		run->err, status, run->scenario->path, step->line, step->column,
		"%s: %.300s; \"requires: [ %s ]\" skips the scenario until it is",
		step->verb->name, why, feature->name);
}

static void begin(struct run *run, const char *verb,
		  const struct event_wants *wants)
{
	memset(&run->outcome, 0, sizeof(run->outcome));
	run->verb = verb;
	run->nr_events = 0;
	run->trail_shown = false;
	event_match_start(&run->match, wants, &run->layouts);
}

static int done(struct run *run)
{
	if (run->report && run->report->done)
		run->report->done(run->step_nr, run->vm, &run->outcome.result,
				  run->report->context);
	if (run->watch && run->watch->step)
		return run->watch->step(run, run->watch->context);
	return TDP_OK;
}

static void tell_begin(struct run *run, const struct step *step)
{
	if (run->report && run->report->step)
		run->report->step(run->step_nr, step->verb->name, step->line,
				  run->report->context);
	if (run->watch && run->watch->begin)
		run->watch->begin(run, run->watch->context);
}

void run_step_goes_on(struct run *run, const struct step *step)
{
	run->step = step;
	begin(run, step->verb->name, &step->expected.events);
	/* A verb may give no message; an old one must not stand in for it. */
	run->err->message[0] = '\0';
	run->err->line = 0;
}

void run_step_begins(struct run *run, const struct step *step)
{
	run->step_nr++;
	run->summary->steps++;
	run_step_goes_on(run, step);
	tell_begin(run, step);
}

void run_step_expects(struct run *run, const struct step *step)
{
	if (step->expected.fields)
		outcome_complete(&run->outcome, run->vm, step->vcpu);
	expect_all(run, &step->expected, step->line, step->column);
}

int run_step_ends(struct run *run, const struct step *step)
{
	struct run_result *result = &run->results[step->slot];

	run_step_expects(run, step);
	verify(run, step);
	if (run->scenario->claims.nr || run->keeps_all)
		outcome_complete(&run->outcome, run->vm, step->vcpu);
	result->there = true;
	result->outcome = run->outcome;
	return done(run);
}

int run_step(struct run *run, const struct step *step)
{
	int ret;

	if (step_together(step))
		return together_run(run, step);
	run_step_begins(run, step);
	if (run->hook && run->hook->step)
		ret = run->hook->step(run, step, run->hook->context);
	else
		ret = step->verb->run(run, step->args);
	if (ret)
		return run_step_failed(run, step, ret);
	ret = run_step_ends(run, step);
	return ret ? ret : run_claims(run, false);
}

static int hold_claim(struct run *run, const struct claim *claim)
{
	char field[128];
	const struct run_place place = { claim->line, claim->column, field };
	bool holds, wanted = claim->demand == TDP_DEMAND_ALWAYS;
	int ret = claim_holds(run, claim, &holds);

	if (ret || (holds == wanted && claim->every))
		return ret;
	snprintf(field, sizeof(field), "%s %.100s",
		 tdp_demand_name(claim->demand), claim->name);
	snprintf(run->expected, sizeof(run->expected), "%s",
		 wanted ? "it holds" : "it does not hold");
	snprintf(run->actual, sizeof(run->actual), "%s",
		 holds ? "it holds" : "it does not hold");
	run_compared(run, &place, holds == wanted);
	return TDP_OK;
}

/* That something happens sometimes is no matter of one order. */
int run_claims(struct run *run, bool end)
{
	const struct claims *claims = &run->scenario->claims;
	unsigned int i;
	int ret = TDP_OK;

	if (!end && !claims->every)
		return TDP_OK;
	for (i = 0; i < claims->nr && !ret; i++) {
		const struct claim *claim = &claims->items[i];

		if (claim->demand != TDP_DEMAND_SOMETIMES && !claim->stuck &&
		    claim->every != end)
			ret = hold_claim(run, claim);
	}
	return ret;
}

/* The whole ---------------------------------------------------------------- */

int run_create(struct run *run)
{
	const struct tdp_scenario *s = run->scenario;
	const struct step *first = s->steps;
	int ret;

	begin(run, "create", &s->creation.events);
	ret = machine_create(run);
	if (ret)
		return ret;
	expect_all(run, &s->creation, 1, 1);
	ret = done(run);
	if (ret || run->vm || !s->nr_steps)
		return ret;
	return err_at(
		run->err, TDP_EINPUT, s->path, first->line, first->column,
		"there is no VM to make steps on: the kernel refused to create it");
}

static int check_at_end(struct run *run)
{
	static const struct event_wants nothing;
	int ret = TDP_OK;

	run->step = NULL;
	run->step_nr = 0;
	begin(run, "check", &nothing);
	if (run->scenario->check)
		ret = check_run(run, run->scenario->check);
	if (!ret && run->scenario->account)
		ret = account_run(run);
	return ret ? ret : run_claims(run, true);
}

static int run_all(struct run *run)
{
	const struct tdp_scenario *s = run->scenario;
	unsigned int i;
	int ret = run_create(run);

	for (i = 0; i < s->nr_steps && !ret && !run->unfinished; i++)
		ret = run_step(run, &s->steps[i]);
	return ret || !run->vm || run->unfinished ? ret : check_at_end(run);
}

struct step *scenario_strip(const struct tdp_scenario *s,
			    struct tdp_scenario *bare)
{
	struct step *steps = calloc(s->nr_steps + 1, sizeof(*steps));
	unsigned int i;

	*bare = *s;
	bare->check = NULL;
	bare->account = NULL;
	bare->claims.nr = 0;
	bare->creation = (struct expected){ 0 };
	bare->steps = steps;
	for (i = 0; steps && i < s->nr_steps; i++) {
		steps[i] = s->steps[i];
		steps[i].expected = (struct expected){ 0 };
	}
	return steps;
}

void run_destroy(struct run *run)
{
	if (!run)
		return;
	tdp_vm_destroy(run->vm);
	free(run->results);
	free(run);
}

/* Too large for a stack. */
struct run *run_new(const struct tdp_scenario *scenario,
		    const struct tdp_report *report,
		    struct tdp_run_summary *summary, struct tdp_error *err)
{
	struct run *run = calloc(1, sizeof(*run));

	if (run)
		run->results = calloc(scenario->nr_slots + 1,
				      sizeof(*run->results));
	if (!run || !run->results) {
		run_destroy(run);
		err_set(err, TDP_ENOMEM, "%s: out of memory", scenario->path);
		return NULL;
	}
	run->scenario = scenario;
	run->report = report;
	run->summary = summary;
	run->err = err;
	run->layouts.kvm = &scenario->kvm;
	err->message[0] = '\0';
	return run;
}

int scenario_run_hooked(const struct tdp_scenario *scenario,
			const struct tdp_report *report,
			const struct run_hook *hook,
			struct tdp_run_summary *summary, struct tdp_error *err)
{
	struct tdp_error unheard;
	struct run *run;
	int ret;

	*summary = (struct tdp_run_summary){ 0 };
	run = run_new(scenario, report, summary, err ? err : &unheard);
	if (!run)
		return TDP_ENOMEM;
	run->hook = hook;
	ret = run_all(run);
	run_destroy(run);
	return ret;
}

int run_watched(const struct tdp_scenario *scenario,
		const struct run_watch *watch, struct tdp_error *err)
{
	struct tdp_run_summary summary = { 0 };
	struct tdp_error unheard;
	struct run *run = run_new(scenario, NULL, &summary,
				  err ? err : &unheard);
	int ret;

	if (!run)
		return TDP_ENOMEM;
	run->watch = watch;
	ret = run_all(run);
	run_destroy(run);
	return ret;
}

int tdp_scenario_run(const struct tdp_scenario *scenario,
		     const struct tdp_report *report,
		     struct tdp_run_summary *summary, struct tdp_error *err)
{
	return scenario_run_hooked(scenario, report, NULL, summary, err);
}

int tdp_scenario_replay(const struct tdp_scenario *scenario, struct tdp_vm **vm,
			struct tdp_error *err)
{
	struct tdp_run_summary summary = { 0 };
	struct tdp_error unheard;
	struct run *run = run_new(scenario, NULL, &summary,
				  err ? err : &unheard);
	int ret;

	if (!run)
		return TDP_ENOMEM;
	ret = run_all(run);
	if (!ret && !run->vm)
		ret = err_set(err, TDP_EINPUT,
			      "%s: the kernel refuses to create the VM",
			      scenario->path);
	*vm = NULL;
	if (!ret) {
		tdp_vm_set_tracer(run->vm, NULL, NULL);
		*vm = run->vm;
		run->vm = NULL;
	}
	run_destroy(run);
	return ret;
}
