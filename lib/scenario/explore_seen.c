/* SPDX-License-Identifier: MIT */
/*
 * What a search has to tell apart, because somebody looks at it: two states
 * that differ in it must not go on as one.
 */
#include <stdlib.h>
#include <string.h>

#include "scenario/explore_search.h"
#include "scenario/verb.h"
#include "vm/digest.h"

/* Numbers and totals of the VM ------------------------------------------------- */

static bool names_root(const struct field *field)
{
	static const char *const names[] = {
		"root.id",
		"vcpu.root",
		"id",
		"root",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(field->name, names[i]))
			return true;
	return !strncmp(field->name, "prev_roots.", strlen("prev_roots."));
}

static bool expects_root(const struct expectation *e)
{
	for (; e; e = e->next)
		if (names_root(e->field))
			return true;
	return false;
}

static bool list_names_root(const struct check_list *list)
{
	unsigned int i;

	for (i = 0; i < list->nr; i++)
		if (expects_root(list->items[i].fields))
			return true;
	return false;
}

/* Roots are listed, and SPTEs found, by the number of the root. */
static unsigned int flags_of_check(const struct check_set *set)
{
	unsigned int flags = 0;

	if (!set)
		return 0;
	if (set->stats)
		flags |= VM_DIGEST_COUNTERS;
	if (set->roots.given || set->all_roots.given || set->sptes.given ||
	    list_names_root(&set->vcpus))
		flags |= VM_DIGEST_ROOTS;
	return flags;
}

static unsigned int flags_of_step(const struct step *step)
{
	if (step->verb == &verb_check)
		return flags_of_check(step->args);
	return expects_root(step->expected.fields) ? VM_DIGEST_ROOTS : 0;
}

static unsigned int flags_of_claim(const struct claim *claim)
{
	unsigned int flags = flags_of_check(claim->check);
	const struct claim_result *r;

	for (r = claim->results; r; r = r->next)
		if (expects_root(r->fields))
			flags |= VM_DIGEST_ROOTS;
	return flags;
}

static unsigned int digest_flags(const struct tdp_scenario *s)
{
	unsigned int flags = flags_of_check(s->check), i;

	for (i = 0; i < s->nr_steps; i++)
		flags |= flags_of_step(&s->steps[i]);
	for (i = 0; i < s->claims.nr; i++)
		flags |= flags_of_claim(&s->claims.items[i]);
	for (i = 0; i < s->nr_observed; i++)
		if (names_root(s->observed[i]))
			flags |= VM_DIGEST_ROOTS;
	return flags;
}

/* Results ---------------------------------------------------------------------- */

static void add_field(struct search *search, struct seen_fields *seen,
		      const struct field *field)
{
	unsigned int i;

	search->complete |= field_beyond_result(field);
	for (i = 0; i < seen->nr; i++)
		if (seen->fields[i] == field)
			return;
	seen->fields[seen->nr++] = field;
}

static unsigned int count_claimed(const struct claims *claims,
				  const struct step *step)
{
	const struct claim_result *r;
	const struct expectation *e;
	unsigned int nr = 0, i;

	for (i = 0; i < claims->nr; i++)
		for (r = claims->items[i].results; r; r = r->next)
			for (e = r->step == step ? r->fields : NULL; e;
			     e = e->next)
				nr++;
	return nr;
}

static void add_claimed(struct search *search, struct seen_fields *seen,
			const struct step *step)
{
	const struct claims *claims = &search->scenario->claims;
	const struct claim_result *r;
	const struct expectation *e;
	unsigned int i;

	for (i = 0; i < claims->nr; i++)
		for (r = claims->items[i].results; r; r = r->next)
			for (e = r->step == step ? r->fields : NULL; e;
			     e = e->next)
				add_field(search, seen, e->field);
}

static int see_step(struct search *search, const struct step *step)
{
	const struct tdp_scenario *s = search->scenario;
	struct seen_fields *seen = &search->seen[step->slot];
	size_t max = (size_t)s->nr_observed + count_claimed(&s->claims, step);
	unsigned int i;

	seen->fields = calloc(max + 1, sizeof(struct field *));
	if (!seen->fields)
		return TDP_ENOMEM;
	for (i = 0; i < s->nr_observed; i++)
		if (s->observed[i]->groups & step->verb->fields)
			add_field(search, seen, s->observed[i]);
	add_claimed(search, seen, step);
	return TDP_OK;
}

static int see_steps(struct search *search)
{
	const struct tdp_scenario *s = search->scenario;
	unsigned int i, j;
	int ret = TDP_OK;

	for (i = 0; i < s->nr_steps && !ret; i++) {
		const struct together *t = step_together(&s->steps[i]);

		for (j = 0; t && j < t->nr_steps && !ret; j++)
			ret = see_step(search, &t->steps[j]);
		if (!t)
			ret = see_step(search, &s->steps[i]);
	}
	return ret;
}

/* The whole -------------------------------------------------------------------- */

/* A whole call never comes back to where its thread has been. */
static bool can_cycle(const struct search *search)
{
	const struct tdp_scenario *s = search->scenario;
	bool can = search->options.kernel_steps;
	unsigned int i;

	for (i = 0; i < s->nr_steps; i++)
		can |= s->steps[i].kernel_steps;
	return can;
}

int seen_init(struct search *search)
{
	const struct tdp_scenario *s = search->scenario;

	search->cycles = can_cycle(search);
	search->digest_flags = digest_flags(s);
	search->seen = calloc((size_t)s->nr_slots + 1, sizeof(*search->seen));
	return search->seen ? see_steps(search) : TDP_ENOMEM;
}

void seen_finish(struct search *search)
{
	unsigned int i;

	for (i = 0; search->seen && i < search->scenario->nr_slots; i++)
		free(search->seen[i].fields);
	free(search->seen);
}
