/* SPDX-License-Identifier: MIT */
#include "scenario/exploration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/digest.h"
#include "scenario/claim.h"
#include "scenario/explore_store.h"

/* Claims ----------------------------------------------------------------------- */

bool judged_about(const struct judged *claim, const struct record *r)
{
	if (claim->stuck)
		return r->flags & (NODE_END | NODE_DEADLOCK | NODE_LIVELOCK);
	return r->flags & (claim->every ? NODE_SEEN : NODE_END);
}

bool judged_yes(const struct judged *claim, const struct record *r)
{
	switch (claim->stuck) {
	case CLAIM_LIVELOCK:
		return r->flags & NODE_LIVELOCK;
	case CLAIM_DEADLOCK:
		return r->flags & NODE_DEADLOCK;
	default:
		return r->claims >> claim->bit & 1;
	}
}

bool judged_violated(const struct judged *claim, bool exhausted)
{
	switch (claim->demand) {
	case TDP_DEMAND_ALWAYS:
		return claim->no;
	case TDP_DEMAND_NEVER:
		return claim->yes;
	default:
		return exhausted && !claim->yes;
	}
}

static enum tdp_observed observed(const struct judged *claim, bool exhausted)
{
	if (claim->yes && claim->no)
		return TDP_OBSERVED_SOMETIMES;
	if (!exhausted)
		return TDP_OBSERVED_UNKNOWN;
	return claim->yes ? TDP_OBSERVED_ALWAYS : TDP_OBSERVED_NEVER;
}

/* Outcomes --------------------------------------------------------------------- */

static int by_tokens(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	unsigned int i;

	for (i = 0; x->tokens[i] && y->tokens[i]; i++) {
		int order = x->tokens[i] == y->tokens[i] ?
				    0 :
				    strcmp(x->tokens[i], y->tokens[i]);

		if (order)
			return order;
	}
	return 0;
}

static int find_differences(struct tdp_exploration *x)
{
	unsigned int i, c;

	x->differs = arena_alloc(&x->arena,
				 (x->nr_columns + 1) * sizeof(*x->differs));
	if (!x->differs)
		return TDP_ENOMEM;
	for (i = 1; i < x->nr_outcomes; i++)
		for (c = 0; c < x->nr_columns; c++)
			x->differs[c] |= strcmp(x->outcomes[i].tokens[c],
						x->outcomes[0].tokens[c]) != 0;
	return TDP_OK;
}

/* What a step gives if nothing happens to it is not worth a word. */
static bool usual(const char *token)
{
	return !token[0] || !strcmp(token, "0") || !strcmp(token, "done") ||
	       !strcmp(token, "none") || !strcmp(token, "ok");
}

/* "vcpu0.2 memtype UC level 4K, ..." */
static const char *describe(struct tdp_exploration *x, const struct found *o)
{
	const char *last = "", *separator = "";
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	unsigned int i;
	const char *kept;

	if (!out)
		return NULL;
	for (i = 0; i < x->nr_columns; i++) {
		const char *field = strrchr(x->columns[i], ':');
		size_t length = (size_t)(field - x->columns[i]);

		if (x->nr_outcomes > 1 ? !x->differs[i] : usual(o->tokens[i]))
			continue;
		if (strncmp(last, x->columns[i], length + 1) != 0)
			fprintf(out, "%s%.*s", separator, (int)length,
				x->columns[i]);
		fprintf(out, " %s %s", field + 1, o->tokens[i]);
		last = x->columns[i];
		separator = ", ";
	}
	if (fclose(out))
		return NULL;
	kept = arena_text(&x->arena, size ? text : "nothing but the usual",
			  size ? size : strlen("nothing but the usual"));
	free(text);
	return kept;
}

/* Of a text in a column; neighbours often share it. */
struct hashed {
	const char *token;
	uint64_t hash;
};

/* Of texts, so that it outlives changes of numbers in the model. */
static uint64_t hash_of(const char *column, const char *token)
{
	struct digest d = DIGEST_INIT;
	const char *c;

	for (c = column; *c; c++)
		digest_put(&d, (unsigned char)*c);
	digest_put(&d, 256);
	for (c = token; *c; c++)
		digest_put(&d, (unsigned char)*c);
	d = digest_end(&d);
	return d.a;
}

/* The order of the outcomes does not count. */
static int hash_outcomes(struct tdp_exploration *x)
{
	struct hashed *last = calloc(x->nr_columns + 1, sizeof(*last));
	unsigned int i, c;

	if (!last)
		return TDP_ENOMEM;
	for (i = 0; i < x->nr_outcomes; i++) {
		struct digest d = DIGEST_INIT;

		for (c = 0; c < x->nr_columns; c++) {
			const char *token = x->outcomes[i].tokens[c];

			if (last[c].token != token) {
				last[c].token = token;
				last[c].hash = hash_of(x->columns[c], token);
			}
			digest_put(&d, last[c].hash);
		}
		d = digest_end(&d);
		x->summary.hash += d.a;
	}
	free(last);
	return TDP_OK;
}

static void count(struct tdp_exploration *x)
{
	uint32_t i;
	unsigned int c;

	for (i = 0; i < x->nr_records; i++) {
		const struct record *r = &x->records[i];

		x->summary.visits += r->nr_edges;
		if (r->depth > x->summary.depth)
			x->summary.depth = r->depth;
		x->summary.livelock |= (r->flags & NODE_LIVELOCK) != 0;
		x->summary.deadlock |= (r->flags & NODE_DEADLOCK) != 0;
		if (r->flags & NODE_END)
			x->outcomes[r->outcome].states++;
		for (c = 0; c < x->nr_claims; c++) {
			if (!judged_about(&x->claims[c], r))
				continue;
			if (judged_yes(&x->claims[c], r))
				x->claims[c].yes++;
			else
				x->claims[c].no++;
		}
	}
	x->summary.states = x->nr_records;
}

/* No claim speaks of getting stuck in this way. */
static bool unclaimed(const struct tdp_exploration *x, unsigned int stuck)
{
	unsigned int i;

	for (i = 0; i < x->nr_claims; i++)
		if (x->claims[i].stuck == stuck)
			return false;
	return true;
}

/* In an order that does not depend on how the search went. */
static int sort_outcomes(struct tdp_exploration *x)
{
	uint32_t *place = malloc((x->nr_outcomes + 1) * sizeof(*place));
	uint32_t i;

	if (!place)
		return TDP_ENOMEM;
	for (i = 0; i < x->nr_outcomes; i++)
		x->outcomes[i].number = i;
	if (x->nr_outcomes)
		qsort(x->outcomes, x->nr_outcomes, sizeof(x->outcomes[0]),
		      by_tokens);
	for (i = 0; i < x->nr_outcomes; i++)
		place[x->outcomes[i].number] = i;
	for (i = 0; i < x->nr_records; i++)
		if (x->records[i].flags & NODE_END)
			x->records[i].outcome = place[x->records[i].outcome];
	free(place);
	return TDP_OK;
}

int exploration_conclude(struct tdp_exploration *x)
{
	struct tdp_explore_summary *s = &x->summary;
	unsigned int i;

	if (sort_outcomes(x) || find_differences(x))
		return TDP_ENOMEM;
	count(x);
	if (hash_outcomes(x))
		return TDP_ENOMEM;
	s->outcomes = x->nr_outcomes;
	s->claims = x->nr_claims;
	s->holds = !(s->livelock && unclaimed(x, CLAIM_LIVELOCK)) &&
		   !(s->deadlock && unclaimed(x, CLAIM_DEADLOCK));
	if (s->exhausted && s->outcomes_expected)
		s->holds &= s->outcomes == s->outcomes_expected;
	for (i = 0; i < x->nr_claims; i++)
		s->holds &= !judged_violated(&x->claims[i], s->exhausted);
	return TDP_OK;
}

/* Looking at it ---------------------------------------------------------------- */

void tdp_exploration_destroy(struct tdp_exploration *x)
{
	if (!x)
		return;
	free(x->records);
	arena_finish(&x->arena);
	free(x);
}

void tdp_exploration_summary(const struct tdp_exploration *x,
			     struct tdp_explore_summary *summary)
{
	*summary = x->summary;
}

const char *tdp_exploration_outcome(const struct tdp_exploration *x,
				    unsigned int index, uint64_t *states)
{
	/* Made when it is asked for first: there may be many. */
	struct tdp_exploration *kept = (struct tdp_exploration *)x;
	struct found *o = &kept->outcomes[index];

	if (index >= x->nr_outcomes)
		return NULL;
	*states = o->states;
	if (!o->text)
		o->text = describe(kept, o);
	return o->text ? o->text : "(no memory to say what it is)";
}

bool tdp_exploration_claim(const struct tdp_exploration *x, unsigned int index,
			   struct tdp_explore_claim *claim)
{
	const struct judged *j = &x->claims[index];
	bool exhausted = x->summary.exhausted;

	if (index >= x->nr_claims)
		return false;
	*claim = (struct tdp_explore_claim){
		.name = j->name,
		.demand = j->demand,
		.observed = observed(j, exhausted),
		.yes = j->yes,
		.no = j->no,
		.violated = judged_violated(j, exhausted),
	};
	if (j->way.there) {
		claim->turns = j->way.turns;
		claim->trace = j->way.trace;
		claim->replay = j->way.replay;
	}
	return true;
}

const char *tdp_exploration_stuck(const struct tdp_exploration *x,
				  const char **replay)
{
	const struct way *way = x->livelock.there ? &x->livelock : &x->deadlock;

	if (!way->there)
		return NULL;
	if (replay)
		*replay = way->replay;
	return way->trace;
}
