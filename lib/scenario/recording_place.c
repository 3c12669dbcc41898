/* SPDX-License-Identifier: MIT */
/* Which recorded steps are the scenario's. */
#include <string.h>

#include "base/error.h"
#include "scenario/recording_diff.h"
#include "scenario/verb.h"

/* Ioctls that a kernel may be too old for, and the verb that makes them. */
static const struct {
	const char *op;
	const char *verb;
} lacking[] = {
	{ "KVM_PRE_FAULT_MEMORY", "prefault" },
};

/* The VM -------------------------------------------------------------------------- */

static bool is_creation(const json_t *step)
{
	return !strcmp(json_text(step, "op"), "KVM_CREATE_VM");
}

/* VMs that are recorded for the scenario, one after the other. */
static unsigned int count_vms(const struct tdp_scenario *s)
{
	unsigned int i, n = s->recording.span;

	for (i = 0; i < s->nr_steps; i++)
		n += s->steps[i].verb == &verb_new_vm;
	return n;
}

/* The steps from one KVM_CREATE_VM to that of the first VM not made. */
static bool find_vm(struct diff *diff, unsigned int wanted)
{
	unsigned int i, vm = 0, end = wanted + count_vms(diff->scenario);
	bool found = false;

	for (i = 0; i < MAX_RECORDED_STEPS && diff->steps[i]; i++) {
		if (!is_creation(diff->steps[i]))
			continue;
		if (vm == wanted) {
			diff->first = i;
			found = true;
		}
		if (vm++ == end)
			break;
	}
	diff->last = i - 1;
	return found;
}

/* Numbers ------------------------------------------------------------------------- */

static bool recorded_ever(const struct diff *diff, const char *op)
{
	unsigned int i;

	for (i = diff->first; i <= diff->last; i++)
		if (!strcmp(json_text(diff->steps[i], "op"), op))
			return true;
	return false;
}

/* Is it a step of an ioctl that this kernel did not have? */
static bool is_lacking(const struct diff *diff, const struct step *step)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lacking); i++)
		if (!strcmp(step->verb->name, lacking[i].verb))
			return step->recorded != NOT_RECORDED &&
			       !recorded_ever(diff, lacking[i].op);
	return false;
}

/* The number that was @number before @gone, a smaller one, was taken out. */
static void close_gap(unsigned int *number, unsigned int gone)
{
	if (*number != NOT_RECORDED && *number > gone)
		--*number;
}

static void for_each_number(struct diff *diff,
			    void (*change)(unsigned int *number,
					   unsigned int by),
			    unsigned int by)
{
	struct tdp_scenario *s = diff->scenario;
	struct recorded_left_out *left_out = s->recording.left_out.items;
	unsigned int i;

	for (i = 0; i < s->nr_steps; i++)
		change(&s->steps[i].recorded, by);
	for (i = 0; i < s->recording.left_out.nr; i++)
		change(&left_out[i].step, by);
	change(&s->recording.machine, by);
}

static void add(unsigned int *number, unsigned int by)
{
	if (*number != NOT_RECORDED)
		*number += by;
}

/* Steps that this kernel can't make leave no gap in the numbers. */
static void drop_lacking(struct diff *diff)
{
	struct tdp_scenario *s = diff->scenario;
	unsigned int i = 0;

	while (i < s->nr_steps) {
		struct step *step = &s->steps[i];
		unsigned int gone = step->recorded;

		if (!is_lacking(diff, step)) {
			i++;
			continue;
		}
		memmove(step, step + 1, (s->nr_steps - i - 1) * sizeof(*step));
		s->nr_steps--;
		for_each_number(diff, close_gap, gone);
	}
}

/* Both ------------------------------------------------------------------------------ */

int diff_place(struct diff *diff, unsigned int vm, struct tdp_error *err)
{
	struct recorded_case *wanted = &diff->scenario->recording;
	bool found = find_vm(diff, vm);

	if (found && wanted->count_from_vm) {
		drop_lacking(diff);
		for_each_number(diff, add, diff->first);
	}
	if (found && wanted->machine >= diff->first &&
	    wanted->machine <= diff->last)
		return TDP_OK;
	return err_set(err, TDP_EINPUT,
		       "%s: no case %s with a VM %u that is made up to step %u",
		       diff->recording->path, wanted->name, vm,
		       wanted->machine);
}
