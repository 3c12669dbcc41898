/* SPDX-License-Identifier: MIT */
/* A scenario told in words, step by step. */
#include "scenario/explain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "tdpsim/walk.h"

/* A pre-fault of much memory has an event a page: tell how it begins. */
#define MAX_EVENTS_TOLD 64

const char *tdp_explained_kind_name(enum tdp_explained_kind kind)
{
	static const char *const names[TDP_NR_EXPLAINED] = {
		[TDP_EXPLAINED_STEP] = "step",
		[TDP_EXPLAINED_REMARK] = "remark",
		[TDP_EXPLAINED_EVENT] = "event",
		[TDP_EXPLAINED_GAVE] = "gave",
		[TDP_EXPLAINED_CYCLE] = "cycle",
		[TDP_EXPLAINED_RULE] = "rule",
		[TDP_EXPLAINED_MATTERED] = "mattered",
		[TDP_EXPLAINED_REFERENCE] = "walk",
		[TDP_EXPLAINED_MAPPING] = "mapped",
		[TDP_EXPLAINED_NEXT] = "next",
		[TDP_EXPLAINED_EARLY] = "early",
	};

	return (unsigned int)kind < TDP_NR_EXPLAINED ? names[kind] : "?";
}

unsigned int step_number(const struct run *run)
{
	return run->step ? run->step->slot + 1 : 0;
}

uint64_t step_work(const struct tdp_result *result)
{
	return 1 + (uint64_t)result->faults_fixed + result->mmu_pages;
}

void tell(const struct teller *t, struct run *run, enum tdp_explained_kind kind,
	  const char *name, const char *source, const char *fmt, ...)
{
	char text[EXPLAIN_TEXT_BYTES];
	const struct tdp_explained line = {
		.kind = kind,
		.step = step_number(run),
		.line = run->step ? run->step->line : 1,
		.name = name,
		.text = text,
		.source = source,
	};
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	t->explain(&line, t->context);
}

static bool is_told(const struct teller *t, const struct run *run)
{
	return !t->only || t->only == step_number(run);
}

/* Events ------------------------------------------------------------------- */

/* SDM: "Exit Qualification for EPT Violations" (3C) */
static const char *const qualification_bits[] = {
	"data read",     "data write", "fetch",         "readable",
	"writable",      "executable", "user-exec",     "linear address valid",
	"final address", "user page",  "writable page", "no-execute page",
};

/* APM 2: "Nested Page Faults", EXITINFO1; as in a #PF, and two more. */
static const char *const npf_bits[] = {
	"present",
	"write",
	"user",
	"reserved bit",
	"fetch",
	"protection key",
	"shadow stack",
	[32] = "final address",
	[33] = "guest table",
};

char *exit_info_print(uint64_t exit, uint64_t info, char *buf, size_t size)
{
	bool ept = exit == TDP_EXIT_EPT_VIOLATION;
	const char *const *names = ept ? qualification_bits : npf_bits;
	unsigned int nr = ept ? ARRAY_SIZE(qualification_bits) :
				ARRAY_SIZE(npf_bits);
	const char *separator = " = ";
	size_t used = 0;
	unsigned int i;

	buf[0] = '\0';
	if (!ept && exit != TDP_EXIT_NPF && exit != TDP_EXIT_PF)
		return buf;
	for (i = 0; i < nr && used < size; i++) {
		if (!(info & BIT(i)) || !names[i])
			continue;
		used += (size_t)snprintf(buf + used, size - used, "%s%s",
					 separator, names[i]);
		separator = ", ";
	}
	return buf;
}

static void event_tell(const struct teller *t, struct run *run,
		       enum tdp_explained_kind kind,
		       const struct tdp_event *event)
{
	char text[RUN_TEXT_BYTES], info[256] = "";
	const char *fields;

	event_print(event, &run->layouts, text, sizeof(text));
	if (event->id == TDP_EV_kvm_exit)
		exit_info_print(event->field[1], event->field[2], info,
				sizeof(info));
	fields = strchr(text, ':');
	tell(t, run, kind, event_nth(event->id, NULL), NULL, "%s%s",
	     fields ? fields + 2 : "", info);
}

static void cycle_tell(const struct teller *t, struct run *run)
{
	struct tdp_cycle cycle;
	unsigned int i;

	if (!run->outcome.result.cycle)
		return;
	tdp_vcpu_get_cycle(run_vcpu(run, run->step->vcpu), &cycle);
	for (i = 0; i < cycle.nr_events && i < TDP_CYCLE_EVENTS; i++)
		event_tell(t, run, TDP_EXPLAINED_CYCLE, &cycle.event[i]);
}

static void note_event(struct teller *t, const struct tdp_event *event)
{
	if (event->id == TDP_EV_decided && event->field[2] < TDP_NR_REASONS)
		t->decided[event->field[2]] = true;
	if (event->id == TDP_EV_nested_page && event->field[3] &&
	    t->nr_early < ARRAY_SIZE(t->early))
		t->early[t->nr_early++] = *event;
}

static void on_event(struct run *run, const struct tdp_event *event,
		     void *context)
{
	struct teller *t = context;

	t->work++;
	/* The layouts are not known before the machine is there. */
	if (!run->step || !is_told(t, run))
		return;
	note_event(t, event);
	if (t->events_told++ < MAX_EVENTS_TOLD)
		event_tell(t, run, TDP_EXPLAINED_EVENT, event);
}

/* Rules -------------------------------------------------------------------- */

static void rule_tell(const struct teller *t, struct run *run,
		      enum tdp_reason reason)
{
	const struct tdp_reason_info *info = tdp_reason_info(reason);

	if (!info || !info->sentence)
		return;
	tell(t, run, TDP_EXPLAINED_RULE, tdp_reason_name(reason), info->source,
	     "%s%s%s", info->sentence, info->next ? " " : "",
	     info->next ? info->next : "");
}

static void rules_tell(struct teller *t, struct run *run)
{
	const struct tdp_result *result = &run->outcome.result;
	unsigned int i;

	if (result->reason < TDP_NR_REASONS)
		t->decided[result->reason] = result->reason != TDP_WHY_NONE;
	for (i = 0; i < TDP_NR_REASONS; i++)
		if (t->decided[i])
			rule_tell(t, run, (enum tdp_reason)i);
	if (result->walk_reason)
		tell(t, run, TDP_EXPLAINED_RULE,
		     tdp_walk_reason_name(result->walk_reason),
		     tdp_walk_reason_source(result->walk_reason),
		     "The processor's walk ended: %s.",
		     tdp_walk_reason_about(result->walk_reason));
	else if (result->refs && !result->exits &&
		 result->outcome == TDP_OUTCOME_DONE)
		tell(t, run, TDP_EXPLAINED_RULE, "", NULL,
		     "The processor found its way through the tables: no exit, so KVM "
		     "had no part in it.");
}

/* A structure that vmcs12 or vmcb12 points to, touched before it was there. */
static void early_tell(const struct teller *t, struct run *run)
{
	unsigned int i;

	for (i = 0; i < t->nr_early; i++) {
		const struct tdp_event *e = &t->early[i];
		enum tdp_reason what = (enum tdp_reason)e->field[1];
		const struct tdp_reason_info *info = tdp_reason_info(what);

		tell(t, run, TDP_EXPLAINED_EARLY, tdp_reason_name(what),
		     info ? info->source : NULL,
		     "This step (%s) touched the structure at gpa 0x%" PRIx64
		     " too early: it gave %s. Under nested.state_pages = %s it is "
		     "this step that reads it; userspace has to have it in place, "
		     "or be ready to serve it, before.",
		     run->verb, e->field[2],
		     tdp_errno_name((int)(int64_t)e->field[3]),
		     tdp_kvm_config_get(&t->scenario->kvm,
					"nested.state_pages"));
	}
}

/* A step ------------------------------------------------------------------- */

static void gave_tell(const struct teller *t, struct run *run)
{
	const unsigned int groups = run->step->verb->fields;
	unsigned int i;

	outcome_complete(&run->outcome, run->vm, run->step->vcpu);
	for (i = 0; i < outcome_fields.nr; i++) {
		const struct field *field = &outcome_fields.rows[i];
		const struct expectation e = { .field = field };
		uint64_t value = expectation_actual(&e, &run->layouts,
						    &run->outcome);
		char text[256];

		if (!(field->groups & groups & ~(unsigned int)FIELDS_VCPU))
			continue;
		if (!value && !(field->groups & FIELDS_CALL))
			continue;
		tell(t, run, TDP_EXPLAINED_GAVE, field->name, NULL, "%s",
		     expectation_print(&e, &run->layouts, value, text,
				       sizeof(text)));
	}
}

static void asked_tell(const struct teller *t, struct run *run)
{
	char text[EXPLAIN_TEXT_BYTES / 2];

	tell(t, run, TDP_EXPLAINED_STEP, run->step->verb->name, NULL, "%s: %s",
	     node_print(run->step->text, text, sizeof(text)),
	     run->step->verb->about);
	if (run->step->why)
		tell(t, run, TDP_EXPLAINED_REMARK, "", NULL, "%s",
		     run->step->why);
}

static void begin(struct teller *t)
{
	t->events_told = 0;
	t->nr_early = 0;
	memset(t->decided, 0, sizeof(t->decided));
}

static int step_tell(struct teller *t, struct run *run)
{
	struct asked asked;
	int ret = TDP_OK;

	if (t->events_told > MAX_EVENTS_TOLD)
		tell(t, run, TDP_EXPLAINED_EVENT, "", NULL,
		     "%" PRIu64 " more events",
		     t->events_told - MAX_EVENTS_TOLD);
	gave_tell(t, run);
	cycle_tell(t, run);
	rules_tell(t, run);
	early_tell(t, run);
	matters_tell(t, run);
	if (!run->step->verb->asks)
		return TDP_OK;
	run->step->verb->asks(run->step->args, &asked);
	mapping_tell(t, run, &asked);
	ret = next_tell(t, run, &asked);
	return ret;
}

static int on_step(struct run *run, void *context)
{
	struct teller *t = context;
	int ret = TDP_OK;

	t->work += step_work(&run->outcome.result);
	if (is_told(t, run) && run->step)
		ret = step_tell(t, run);
	else if (!t->only && !run->vm)
		rules_tell(t, run);
	begin(t);
	return ret;
}

static void on_begin(struct run *run, void *context)
{
	const struct teller *t = context;

	if (is_told(t, run))
		asked_tell(t, run);
}

/* The whole ---------------------------------------------------------------- */

static int check_only(const struct teller *t)
{
	const struct tdp_scenario *s = t->scenario;

	if (t->only <= s->nr_slots)
		return TDP_OK;
	return err_set(t->err, TDP_EINVAL, "%s: there is no step %u: it has %u",
		       s->path, t->only, s->nr_slots);
}

int tdp_scenario_explain(const struct tdp_scenario *scenario, unsigned int only,
			 tdp_explain_fn explain, void *context,
			 struct tdp_error *err)
{
	struct tdp_error unheard = { 0 };
	struct teller t = {
		.scenario = scenario,
		.only = only,
		.explain = explain,
		.context = context,
		.err = err ? err : &unheard,
	};
	const struct run_watch watch = {
		.begin = on_begin,
		.event = on_event,
		.step = on_step,
		.context = &t,
	};
	int ret = check_only(&t);

	if (!ret)
		ret = matters_find(&t);
	t.work = 0;
	begin(&t);
	if (!ret)
		ret = run_watched(scenario, &watch, t.err);
	free(t.matters.rows);
	return ret;
}
