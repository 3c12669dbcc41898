/* SPDX-License-Identifier: MIT */
/* tdp_explore(): search, and say what was found. */
#include "tdpsim/explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "scenario/exploration.h"
#include "scenario/explore_graph.h"
#include "scenario/explore_trace.h"
#include "scenario/verb.h"

#define MAX_JOBS 256u

struct telling {
	struct search *search;
	struct graph graph;
	struct tdp_exploration *x;
	struct tdp_error *err;
};

/* The search ------------------------------------------------------------------------ */

static int options_check(const struct tdp_explore_options *o,
			 struct tdp_error *err)
{
	if (o->jobs > MAX_JOBS)
		return err_set(err, TDP_EINVAL, "more than %u jobs", MAX_JOBS);
	if (o->nr_shards ? !o->shard || o->shard > o->nr_shards : o->shard)
		return err_set(err, TDP_EINVAL, "no shard %u of %u", o->shard,
			       o->nr_shards);
	if (o->confirm && (o->jobs > 1 || o->nr_shards))
		return err_set(
			err, TDP_EINVAL,
			"states are confirmed by one job, without shards");
	return TDP_OK;
}

static int search_init(struct search *search, const struct tdp_scenario *s,
		       const struct tdp_explore_options *options)
{
	*search = (struct search){
		.scenario = s,
		.options = *options,
		.reduce = !options->no_reduction && reduce_possible(s),
		.nr_workers = options->jobs ? options->jobs : 1,
	};
	search->outcomes.width = (size_t)s->nr_slots * s->nr_observed;
	store_init(&search->store);
	pthread_mutex_init(&search->lock, NULL);
	pthread_mutex_init(&search->outcomes.lock, NULL);
	pthread_cond_init(&search->changed, NULL);
	search->edges = calloc(search->nr_workers, sizeof(*search->edges));
	return search->edges ? seen_init(search) : TDP_ENOMEM;
}

static void search_finish(struct search *search)
{
	unsigned int i;
	unsigned int jobs = search->options.jobs ? search->options.jobs : 1;

	for (i = 0; search->edges && i < jobs; i++)
		edges_finish(&search->edges[i]);
	free(search->edges);
	seen_finish(search);
	free(search->outcomes.values);
	free(search->outcomes.keys);
	free(search->outcomes.slots);
	store_finish(&search->store);
	pthread_mutex_destroy(&search->lock);
	pthread_mutex_destroy(&search->outcomes.lock);
	pthread_cond_destroy(&search->changed);
}

/* Columns and outcomes -------------------------------------------------------------- */

static const struct step *step_of_slot(const struct tdp_scenario *s,
				       unsigned int slot)
{
	unsigned int i;

	for (i = 0; i < s->nr_steps; i++) {
		const struct together *t = step_together(&s->steps[i]);

		if (!t && s->steps[i].slot == slot)
			return &s->steps[i];
		if (t && slot >= t->steps[0].slot &&
		    slot < t->steps[0].slot + t->nr_steps)
			return &t->steps[slot - t->steps[0].slot];
	}
	return NULL;
}

/* Steps before the first choice give the same in every order. */
static unsigned int first_slot(const struct tdp_scenario *s)
{
	unsigned int i;

	for (i = 0; i < s->nr_steps; i++) {
		const struct together *t = step_together(&s->steps[i]);

		if (t && !t->order)
			return t->steps[0].slot;
	}
	return s->nr_slots;
}

struct columns {
	const struct step **steps;
	unsigned int *field; /* of the scenario's observed ones */
	unsigned int nr;
};

static int find_columns(const struct tdp_scenario *s, struct arena *arena,
			struct columns *c, const char ***names)
{
	size_t max = (size_t)s->nr_slots * s->nr_observed + 1;
	unsigned int slot, i;

	c->nr = 0;
	c->steps = arena_alloc(arena, max * sizeof(*c->steps));
	c->field = arena_alloc(arena, max * sizeof(*c->field));
	*names = arena_alloc(arena, max * sizeof(**names));
	if (!c->steps || !c->field || !*names)
		return TDP_ENOMEM;
	for (slot = first_slot(s); slot < s->nr_slots; slot++) {
		const struct step *step = step_of_slot(s, slot);

		for (i = 0; i < s->nr_observed; i++) {
			char name[256];

			if (!(s->observed[i]->groups & step->verb->fields))
				continue;
			snprintf(name, sizeof(name), "%.128s:%.100s",
				 step->label, s->observed[i]->name);
			c->steps[c->nr] = step;
			c->field[c->nr] = i;
			(*names)[c->nr] = arena_text(arena, name, strlen(name));
			if (!(*names)[c->nr++])
				return TDP_ENOMEM;
		}
	}
	return TDP_OK;
}

/* Texts of a column's values so far: there are few. */
struct texts {
	struct known {
		struct known *next;
		uint64_t value;
		const char *text;
	} * *columns;
};

static const char *text_of(struct texts *texts, unsigned int column,
			   const struct field *field,
			   const struct layouts *layouts, uint64_t value,
			   struct arena *arena)
{
	const struct expectation e = { .field = field };
	struct known *k = texts->columns[column];
	char text[256];

	for (; k; k = k->next)
		if (k->value == value)
			return k->text;
	k = arena_alloc(arena, sizeof(*k));
	if (!k)
		return NULL;
	expectation_print(&e, layouts, value, text, sizeof(text));
	k->value = value;
	k->text = arena_text(arena, text, strlen(text));
	k->next = texts->columns[column];
	texts->columns[column] = k;
	return k->text;
}

static int fill_outcome(struct telling *t, const struct columns *c,
			const struct layouts *layouts, struct texts *texts,
			uint32_t number)
{
	const struct tdp_scenario *s = t->search->scenario;
	const struct outcomes *o = &t->search->outcomes;
	struct found *f = &t->x->outcomes[number];
	unsigned int i;

	f->tokens = arena_alloc(&t->x->arena, (c->nr + 1) * sizeof(*f->tokens));
	if (!f->tokens)
		return TDP_ENOMEM;
	for (i = 0; i < c->nr; i++) {
		size_t at = c->steps[i]->slot * s->nr_observed + c->field[i];

		f->tokens[i] = text_of(
			texts, i, s->observed[c->field[i]], layouts,
			o->values[number * o->width + at], &t->x->arena);
		if (!f->tokens[i])
			return TDP_ENOMEM;
	}
	return TDP_OK;
}

static int fill_outcomes(struct telling *t)
{
	const struct tdp_scenario *s = t->search->scenario;
	struct spte_format fmt;
	const struct layouts layouts = { .kvm = &s->kvm, .spte = &fmt };
	struct tdp_exploration *x = t->x;
	struct columns c;
	struct texts texts;
	uint32_t i;
	int ret = find_columns(s, &x->arena, &c, &x->columns);

	spte_format_init(&fmt, &s->host, &s->kvm);
	x->nr_columns = c.nr;
	x->nr_outcomes = t->search->outcomes.nr;
	if (!ret)
		x->outcomes = arena_alloc(
			&x->arena, (x->nr_outcomes + 1) * sizeof(*x->outcomes));
	texts.columns = arena_alloc(&x->arena,
				    (c.nr + 1) * sizeof(struct known *));
	if (ret || !x->outcomes || !texts.columns)
		return TDP_ENOMEM;
	for (i = 0; i < x->nr_outcomes && !ret; i++)
		ret = fill_outcome(t, &c, &layouts, &texts, i);
	return ret;
}

/* Records and claims ---------------------------------------------------------------- */

static int fill_records(struct telling *t)
{
	const struct graph *g = &t->graph;
	struct tdp_exploration *x = t->x;
	uint32_t i;

	x->records = malloc(((size_t)g->nr + 1) * sizeof(*x->records));
	if (!x->records)
		return TDP_ENOMEM;
	for (i = 0; i < g->nr; i++) {
		const struct state *s = store_node(&t->search->store,
						   g->order[i]);
		uint32_t at = graph_dense(g, g->order[i]);

		x->records[i] = (struct record){
			.a = s->a,
			.b = s->b,
			.claims = s->claims,
			.depth = g->depth[at],
			.outcome = s->outcome,
			.nr_edges = s->nr_edges,
			.flags = g->flags[at],
		};
	}
	x->nr_records = g->nr;
	return TDP_OK;
}

/* "check:", or steps behind the last choice, that expect something. */
static bool has_expectations(const struct tdp_scenario *s)
{
	bool behind = false;
	unsigned int i;

	for (i = 0; i < s->nr_steps; i++) {
		const struct together *t = step_together(&s->steps[i]);

		if (behind && !t)
			return true;
		behind |= t && !t->order;
	}
	return s->check;
}

static int fill_claims(struct telling *t)
{
	const struct tdp_scenario *s = t->search->scenario;
	struct tdp_exploration *x = t->x;
	unsigned int i;

	x->claims = arena_alloc(&x->arena,
				(s->claims.nr + 1) * sizeof(*x->claims));
	if (!x->claims)
		return TDP_ENOMEM;
	for (i = 0; i < s->claims.nr; i++) {
		const struct claim *claim = &s->claims.items[i];

		x->claims[x->nr_claims++] = (struct judged){
			.name = arena_text(&x->arena, claim->name,
					   strlen(claim->name)),
			.demand = claim->demand,
			.every = claim->every,
			.bit = i,
			.stuck = claim->stuck,
		};
	}
	if (has_expectations(s))
		x->claims[x->nr_claims++] = (struct judged){
			.name = "expectations",
			.demand = TDP_DEMAND_ALWAYS,
			.bit = 63,
		};
	return TDP_OK;
}

/* Ways ------------------------------------------------------------------------------- */

/* The nearest state that shows what a claim says, or that it does not hold. */
static uint32_t nearest(const struct telling *t, const struct judged *claim)
{
	bool yes = claim->demand != TDP_DEMAND_ALWAYS;
	uint32_t i;

	for (i = 0; i < t->x->nr_records; i++) {
		const struct record *r = &t->x->records[i];

		if (judged_about(claim, r) && judged_yes(claim, r) == yes)
			return t->graph.order[i];
	}
	return NO_NODE;
}

static int show(struct telling *t, uint32_t id, const uint16_t *cycle,
		unsigned int nr_cycle, const char *why, struct way *way)
{
	uint32_t depth = t->graph.depth[graph_dense(&t->graph, id)];
	uint16_t *turns = malloc(((size_t)depth + nr_cycle + 1) *
				 sizeof(*turns));
	struct shown shown = { .turns = turns, .cycle = nr_cycle, .why = why };
	int ret;

	if (!turns)
		return TDP_ENOMEM;
	shown.nr = graph_way(&t->graph, id, turns) + nr_cycle;
	if (nr_cycle)
		memcpy(&turns[depth], cycle, nr_cycle * sizeof(*cycle));
	ret = trace_way(t->search, &shown, &t->x->arena, way);
	free(turns);
	return ret;
}

static int show_claims(struct telling *t)
{
	unsigned int i;
	int ret = TDP_OK;

	for (i = 0; i < t->x->nr_claims && !ret; i++) {
		struct judged *claim = &t->x->claims[i];
		uint32_t id = claim->stuck ? NO_NODE : nearest(t, claim);
		char why[256];

		if (id == NO_NODE)
			continue;
		snprintf(why, sizeof(why), "%s to: %s %.128s",
			 claim->demand == TDP_DEMAND_SOMETIMES ?
				 "Witness" :
				 "Counterexample",
			 tdp_demand_name(claim->demand), claim->name);
		ret = show(t, id, NULL, 0, why, &claim->way);
	}
	return ret;
}

static int show_livelock(struct telling *t)
{
	uint16_t *cycle;
	unsigned int nr = 0;
	bool failed;
	uint32_t id = graph_cycle(&t->graph, &cycle, &nr, &failed);
	int ret = failed ? TDP_ENOMEM : TDP_OK;

	if (id != NO_NODE && !failed)
		ret = show(t, id, cycle, nr,
			   "A livelock: the last turns repeat for ever",
			   &t->x->livelock);
	free(cycle);
	return ret;
}

static int show_deadlock(struct telling *t)
{
	uint32_t i;

	for (i = 0; i < t->x->nr_records; i++)
		if (t->x->records[i].flags & NODE_DEADLOCK)
			return show(t, t->graph.order[i], NULL, 0,
				    "A deadlock: every thread waits",
				    &t->x->deadlock);
	return TDP_OK;
}

/* What the answer depends on; shards of different searches don't mix. */
static uint64_t source_digest(const struct search *search)
{
	const struct tdp_scenario *s = search->scenario;
	struct digest d = DIGEST_INIT;
	size_t i;

	for (i = 0; i < s->source_size; i++)
		digest_put(&d, (unsigned char)s->source[i]);
	digest_put(&d, search->options.kernel_steps << 1 | search->reduce);
	d = digest_end(&d);
	return d.a;
}

static int tell(struct telling *t)
{
	struct search *search = t->search;
	struct tdp_exploration *x = t->x;
	int ret;

	x->name = arena_text(&x->arena, search->scenario->name,
			     strlen(search->scenario->name));
	x->source = source_digest(search);
	x->shard = search->options.shard;
	x->nr_shards = search->options.nr_shards;
	x->summary.reduced = search->reduce;
	x->summary.outcomes_expected = search->scenario->nr_outcomes;
	x->summary.confirmed = search->confirmed;
	x->summary.differing = search->differing;
	x->complete = search->exhausted;
	x->summary.exhausted = search->exhausted && !x->nr_shards;
	ret = x->name ? graph_init(&t->graph, search) : TDP_ENOMEM;
	if (!ret)
		ret = fill_outcomes(t);
	if (!ret)
		ret = fill_records(t);
	if (!ret)
		ret = fill_claims(t);
	if (!ret)
		ret = show_claims(t);
	if (!ret)
		ret = show_livelock(t);
	if (!ret)
		ret = show_deadlock(t);
	if (!ret)
		ret = exploration_conclude(x);
	graph_finish(&t->graph);
	return ret;
}

int tdp_explore(const struct tdp_scenario *scenario,
		const struct tdp_explore_options *options,
		struct tdp_exploration **exploration, struct tdp_error *err)
{
	static const struct tdp_explore_options plain;
	struct search search;
	struct telling t = { .search = &search, .err = err };
	int ret;

	*exploration = NULL;
	if (!options)
		options = &plain;
	ret = options_check(options, err);
	if (ret)
		return ret;
	ret = search_init(&search, scenario, options);
	if (!ret)
		search_run(&search);
	if (!ret)
		ret = atomic_load(&search.status);
	if (ret && err && search.error.message[0])
		*err = search.error;
	t.x = ret ? NULL : calloc(1, sizeof(*t.x));
	if (t.x)
		ret = tell(&t);
	if (!ret && !t.x)
		ret = TDP_ENOMEM;
	search_finish(&search);
	if (ret && !search.error.message[0])
		ret = err_set(err, ret, "%s: out of memory", scenario->path);
	if (ret)
		tdp_exploration_destroy(t.x);
	else
		*exploration = t.x;
	return ret;
}
