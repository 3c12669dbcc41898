/* SPDX-License-Identifier: MIT */
/*
 * Which behaviours a step hangs on: the scenario is replayed once for each
 * value that a behaviour could have instead, and what differs is noted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "kvm/profile.h"
#include "scenario/explain.h"

/* One value instead of another, while it is tried out. */
struct trial {
	struct matters *matters;
	const struct tdp_result *base; /* by step, 0: making the machine */
	unsigned int behaviour, value;
	bool by_kernel; /* some kernel has that value */
	bool differed;  /* in an earlier step */
};

/* Another layout writes all words otherwise, and no TDP is another machine. */
static bool is_tried(unsigned int behaviour)
{
	return behaviour != B_ROLE_LAYOUT && behaviour != B_SPTE_LAYOUT &&
	       behaviour != B_TDP;
}

/* Fields of a result, not of what else an outcome holds. */
static bool is_compared(const struct field *field)
{
	static_assert(offsetof(struct outcome, result) == 0,
		      "a result can't stand for an outcome");
	return field->offset + field->width <= sizeof(struct tdp_result);
}

static uint64_t field_of(const struct field *field,
			 const struct tdp_result *result)
{
	return member_get((const char *)result + field->offset, field->width,
			  field->is_signed);
}

/* How a step ended counts each time, words and counts by their first change. */
static bool is_weighty(const struct field *field)
{
	return field->groups == FIELDS_CALL || !strcmp(field->name, "vector") ||
	       !strcmp(field->name, "exit_reason");
}

static const struct field *difference(const struct tdp_result *a,
				      const struct tdp_result *b)
{
	const struct field *found = NULL;
	unsigned int i;

	/* That a call never ends says more than what it would return. */
	if ((a->outcome == TDP_OUTCOME_LIVELOCK) !=
	    (b->outcome == TDP_OUTCOME_LIVELOCK))
		return field_find(&outcome_fields, "outcome");

	for (i = 0; i < outcome_fields.nr; i++) {
		const struct field *field = &outcome_fields.rows[i];

		if (!is_compared(field) ||
		    field_of(field, a) == field_of(field, b))
			continue;
		if (is_weighty(field))
			return field;
		if (!found)
			found = field;
	}
	return found;
}

static int matters_add(struct matters *m, const struct mattered *row)
{
	size_t capacity = m->capacity ? 2 * m->capacity : 32;
	struct mattered *rows;

	if (m->nr == m->capacity) {
		rows = realloc(m->rows, capacity * sizeof(*rows));
		if (!rows)
			return TDP_ENOMEM;
		m->rows = rows;
		m->capacity = capacity;
	}
	m->rows[m->nr++] = *row;
	return TDP_OK;
}

static int compare_step(struct run *run, void *context)
{
	struct trial *trial = context;
	const struct tdp_result *result = &run->outcome.result;
	const struct field *field;
	bool note;

	field = difference(&trial->base[step_number(run)], result);
	if (!field)
		return TDP_OK;
	note = is_weighty(field) || (!trial->differed && trial->by_kernel);
	trial->differed = true;
	if (!note)
		return TDP_OK;
	return matters_add(trial->matters,
			   &(struct mattered){
				   .step = step_number(run),
				   .behaviour = (uint8_t)trial->behaviour,
				   .value = (uint8_t)trial->value,
				   .field = field,
				   .instead = field_of(field, result),
			   });
}

/* Kernels by value ----------------------------------------------------------- */

static const char *kernel_with(unsigned int behaviour, unsigned int value,
			       bool last)
{
	const char *found = NULL, *name;
	struct tdp_kvm_config kvm;
	unsigned int i;

	for (i = 0; (name = tdp_profile_name(i)); i++) {
		if (tdp_kvm_config_init(&kvm, name, NULL) ||
		    kvm.value[behaviour] != value)
			continue;
		if (!found || last)
			found = name;
	}
	return found;
}

/* "v6.11 to v6.14", or that no kernel has it. */
static char *kernels_print(unsigned int behaviour, unsigned int value,
			   char *buf, size_t size)
{
	const char *first = kernel_with(behaviour, value, false);
	const char *last = kernel_with(behaviour, value, true);

	if (!first)
		snprintf(buf, size, "no kernel");
	else if (first == last)
		snprintf(buf, size, "%s", first);
	else
		snprintf(buf, size, "%s to %s", first, last);
	return buf;
}

/* Trying ------------------------------------------------------------------- */

struct base_run {
	struct teller *teller;
	struct tdp_result *results;
};

static void count_event(struct run *run, const struct tdp_event *event,
			void *context)
{
	(void)run;
	(void)event;
	((struct base_run *)context)->teller->work++;
}

static int keep_result(struct run *run, void *context)
{
	struct base_run *base = context;

	base->teller->work += step_work(&run->outcome.result);
	base->results[step_number(run)] = run->outcome.result;
	return TDP_OK;
}

static int try_value(struct teller *t, const struct tdp_scenario *bare,
		     const struct tdp_result *base, unsigned int behaviour,
		     unsigned int value)
{
	struct tdp_scenario other = *bare;
	struct tdp_error unheard = { 0 };
	struct trial trial = {
		.matters = &t->matters,
		.base = base,
		.behaviour = behaviour,
		.value = value,
		.by_kernel = kernel_with(behaviour, value, false),
	};
	const struct run_watch watch = {
		.step = compare_step,
		.context = &trial,
	};

	other.kvm.value[behaviour] = (uint8_t)value;
	/* That a machine of this kind can't go on is no answer, and no error. */
	if (run_watched(&other, &watch, &unheard) != TDP_ENOMEM)
		return TDP_OK;
	return err_set(t->err, TDP_ENOMEM, "%s: out of memory",
		       t->scenario->path);
}

static unsigned int nr_trials(void)
{
	const struct tdp_behaviour_info *info;
	unsigned int b, nr = 0;

	for (b = 0; (info = tdp_behaviour_info(b)); b++)
		if (is_tried(b))
			nr += info->nr_values - 1;
	return nr;
}

static int try_all(struct teller *t, const struct tdp_scenario *bare,
		   const struct tdp_result *base)
{
	const struct tdp_behaviour_info *info;
	unsigned int b, v;
	int ret = TDP_OK;

	for (b = 0; (info = tdp_behaviour_info(b)) && !ret; b++)
		for (v = 0; is_tried(b) && v < info->nr_values && !ret; v++)
			if (v != bare->kvm.value[b])
				ret = try_value(t, bare, base, b, v);
	return ret;
}

static int find(struct teller *t, const struct tdp_scenario *bare,
		struct tdp_result *results)
{
	struct base_run base = { t, results };
	const struct run_watch watch = {
		.event = count_event,
		.step = keep_result,
		.context = &base,
	};
	int ret;

	t->work = 0;
	ret = run_watched(bare, &watch, t->err);
	if (ret || t->work * nr_trials() > EXPLAIN_WORK)
		return ret;
	t->matters.known = true;
	return try_all(t, bare, results);
}

int matters_find(struct teller *t)
{
	struct tdp_scenario bare;
	struct step *steps = scenario_strip(t->scenario, &bare);
	struct tdp_result *results = calloc(t->scenario->nr_slots + 1,
					    sizeof(*results));
	int ret;

	if (steps && results)
		ret = find(t, &bare, results);
	else
		ret = err_set(t->err, TDP_ENOMEM, "%s: out of memory",
			      t->scenario->path);
	free(results);
	free(steps);
	return ret;
}

/* Telling ------------------------------------------------------------------ */

static const char *standing(const struct teller *t, unsigned int behaviour)
{
	const struct tdp_kvm_config *kvm = &t->scenario->kvm;
	struct tdp_kvm_config plain;
	unsigned int i;

	if (tdp_kvm_config_init(&plain, kvm->profile, NULL))
		return "";
	if (plain.value[behaviour] != kvm->value[behaviour])
		return ", set by the scenario";
	for (i = 0; tdp_profile_name(i); i++)
		if (!strcmp(tdp_profile_name(i), kvm->profile) &&
		    tdp_behaviour_unverified(behaviour, i))
			return ", unverified";
	return "";
}

static void row_tell(const struct teller *t, struct run *run,
		     const struct mattered *row)
{
	const struct tdp_behaviour_info *info = tdp_behaviour_info(
		row->behaviour);
	const struct expectation e = { .field = row->field };
	char now[256], then[256], here[48], there[48];
	unsigned int value = t->scenario->kvm.value[row->behaviour];

	expectation_print(&e, &run->layouts, row->instead, then, sizeof(then));
	expectation_print(&e, &run->layouts,
			  field_of(row->field, &run->outcome.result), now,
			  sizeof(now));
	tell(t, run, TDP_EXPLAINED_MATTERED, info->name, info->source,
	     "%s (%s%s); with %s (%s) %s would be %s, not %s",
	     tdp_behaviour_value_name(row->behaviour, value),
	     kernels_print(row->behaviour, value, here, sizeof(here)),
	     standing(t, row->behaviour),
	     tdp_behaviour_value_name(row->behaviour, row->value),
	     kernels_print(row->behaviour, row->value, there, sizeof(there)),
	     row->field->name, then, now);
}

/* Where nothing was tried out: what the rule's row names. */
static void named_tell(const struct teller *t, struct run *run)
{
	const struct tdp_reason_info *rule = tdp_reason_info(
		run->outcome.result.reason);
	const struct tdp_behaviour_info *info;
	unsigned int b;

	for (b = 0; rule && (info = tdp_behaviour_info(b)); b++) {
		const char *at = strstr(rule->behaviours, info->name);
		size_t length = strlen(info->name);

		if (!at || (at[length] && at[length] != ' ') ||
		    (at != rule->behaviours && at[-1] != ' '))
			continue;
		tell(t, run, TDP_EXPLAINED_MATTERED, info->name, info->source,
		     "%s%s; what other values would give was not tried out: the "
		     "scenario is too long",
		     tdp_behaviour_value_name(b, t->scenario->kvm.value[b]),
		     standing(t, b));
	}
}

void matters_tell(const struct teller *t, struct run *run)
{
	size_t i;

	if (!t->matters.known) {
		named_tell(t, run);
		return;
	}
	for (i = 0; i < t->matters.nr; i++)
		if (t->matters.rows[i].step == step_number(run))
			row_tell(t, run, &t->matters.rows[i]);
}
