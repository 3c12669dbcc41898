/* SPDX-License-Identifier: MIT */
#include "scenario/claim.h"

#include <string.h>

#include "scenario/outcome.h"
#include "scenario/run.h"
#include "scenario/together.h"
#include "scenario/verb.h"

struct claim_text {
	const char *claim;
	const char *about;
	bool every;
	const char *stuck;
	const struct node *results;
};

static const struct type type_results = NODE_TYPE("map", "a map");

static const struct arg claim_rows[] = {
	ARG(struct claim_text, claim, type_text, .required = true,
	    .about = "its name"),
	ARG(struct claim_text, about, type_text, .about = "a remark"),
	ARG(struct claim_text, every, type_bool, .otherwise = "false",
	    .about = "about every state on the way, not only the outcomes"),
	ARG(struct claim_text, stuck, type_text,
	    .about =
		    "livelock or deadlock: about getting there, and nothing else"),
	ARG(struct claim_text, results, type_results,
	    .about = "a map from labels of steps to what they gave"),
};

const struct args claim_args = ARGS(claim_rows, struct claim_text);

/* Results ---------------------------------------------------------------------- */

struct label_search {
	const struct tdp_scenario *scenario;
	unsigned int index;
};

/* The @index-th step of the scenario, those inside "together:" included. */
static const struct step *nth_step(const struct tdp_scenario *s,
				   unsigned int index)
{
	unsigned int i;

	for (i = 0; i < s->nr_steps; i++) {
		const struct together *t = step_together(&s->steps[i]);

		if (!t) {
			if (!index--)
				return &s->steps[i];
			continue;
		}
		if (index < t->nr_steps)
			return &t->steps[index];
		index -= t->nr_steps;
	}
	return NULL;
}

static const char *nth_label(unsigned int index, const void *context)
{
	const struct step *step = nth_step(context, index);

	return step ? step->label ? step->label : "" : NULL;
}

static const struct step *find_label(const struct tdp_scenario *s,
				     const char *label)
{
	const struct step *step;
	unsigned int i;

	for (i = 0; (step = nth_step(s, i)); i++)
		if (step->label && !strcmp(step->label, label))
			return step;
	return NULL;
}

static int result_parse(const struct decoder *d, const struct node_item *item,
			const struct tdp_scenario *s, struct claim *claim)
{
	struct claim_result *r = arena_alloc(d->arena, sizeof(*r));
	int ret = decode_expect(d, item->value, NODE_MAP, "a map of fields");

	if (!r)
		return decode_no_memory(d);
	if (ret)
		return ret;
	r->step = find_label(s, item->key->text);
	if (!r->step)
		return decode_unknown(d, item->key, "label", item->key->text,
				      nth_label, s);
	r->next = claim->results;
	claim->results = r;
	return expectations_parse(d, item->value, &outcome_fields,
				  r->step->verb->fields | FIELDS_NONE,
				  &r->fields);
}

static int results_parse(const struct decoder *d, const struct node *node,
			 const struct tdp_scenario *s, struct claim *claim)
{
	const struct node_item *item;
	int ret = decode_expect(d, node, NODE_MAP,
				"a map from labels of steps to fields");

	for (item = ret ? NULL : node->items; item && !ret; item = item->next)
		ret = result_parse(d, item, s, claim);
	return ret;
}

/* Claims ----------------------------------------------------------------------- */

static int stuck_parse(const struct decoder *d, const struct node *node,
		       const char *text, enum claim_stuck *stuck)
{
	if (!text)
		return TDP_OK;
	if (!strcmp(text, "livelock"))
		*stuck = CLAIM_LIVELOCK;
	else if (!strcmp(text, "deadlock"))
		*stuck = CLAIM_DEADLOCK;
	else
		return decode_fail(d, node_get(node, "stuck"),
				   "expected livelock or deadlock, found "
				   "\"%.64s\"",
				   text);
	return TDP_OK;
}

static int check_of_claim(const struct decoder *d, const struct node *rest,
			  struct claim *claim)
{
	struct check_set *set;

	if (!rest->items)
		return TDP_OK;
	set = arena_alloc(d->arena, sizeof(*set));
	if (!set)
		return decode_no_memory(d);
	claim->check = set;
	return check_parse(d, rest, set);
}

static int claim_parse(const struct decoder *d, const struct node *node,
		       enum tdp_demand demand, const struct tdp_scenario *s,
		       struct claim *claim)
{
	struct claim_text text = { 0 };
	struct node rows, rest;
	int ret = decode_expect(d, node, NODE_MAP,
				"a map with \"claim: NAME\"");

	if (!ret)
		ret = decode_filter(d, node, &claim_args, true, &rows);
	if (!ret)
		ret = decode_filter(d, node, &claim_args, false, &rest);
	if (!ret)
		ret = decode_map(d, &rows, &claim_args, &text, NULL);
	if (ret)
		return ret;
	*claim = (struct claim){
		.demand = demand,
		.name = text.claim,
		.line = node->line,
		.column = node->column,
		.every = text.every,
	};
	ret = stuck_parse(d, node, text.stuck, &claim->stuck);
	if (!ret && text.results)
		ret = results_parse(d, text.results, s, claim);
	if (!ret)
		ret = check_of_claim(d, &rest, claim);
	if (!ret && claim->stuck && (claim->results || claim->check))
		ret = decode_fail(d, node,
				  "a claim about \"stuck\" says nothing else");
	if (!ret && !claim->stuck && !claim->results && !claim->check)
		ret = decode_fail(d, node, "a claim that says nothing");
	return ret;
}

int claims_parse(const struct decoder *d, const struct node *node,
		 enum tdp_demand demand, struct tdp_scenario *s)
{
	struct claims *claims = &s->claims;
	const struct node_item *item;
	int ret = decode_expect(d, node, NODE_LIST, "a list of claims");

	if (ret)
		return ret;
	if (!claims->items)
		claims->items = arena_alloc(
			d->arena, MAX_CLAIMS * sizeof(*claims->items));
	if (!claims->items)
		return decode_no_memory(d);
	for (item = node->items; item && !ret; item = item->next) {
		if (claims->nr == MAX_CLAIMS)
			return decode_fail(d, item->value,
					   "more than %u claims", MAX_CLAIMS);
		ret = claim_parse(d, item->value, demand, s,
				  &claims->items[claims->nr]);
		claims->every |= claims->items[claims->nr++].every;
	}
	return ret;
}

/* Holding ---------------------------------------------------------------------- */

static bool result_holds(const struct run *run, const struct claim_result *r)
{
	const struct run_result *result = &run->results[r->step->slot];
	const struct expectation *e;

	if (!result->there)
		return false;
	for (e = r->fields; e; e = e->next)
		if (expectation_actual(e, &run->layouts, &result->outcome) !=
		    e->value)
			return false;
	return true;
}

int claim_holds(struct run *run, const struct claim *claim, bool *holds)
{
	struct tdp_run_summary summary = { 0 }, *kept = run->summary;
	const struct claim_result *r;
	bool quiet = run->quiet;
	int ret;

	*holds = true;
	for (r = claim->results; r && *holds; r = r->next)
		*holds = result_holds(run, r);
	if (!*holds || !claim->check)
		return TDP_OK;
	run->summary = &summary;
	run->quiet = true;
	ret = check_run(run, claim->check);
	run->quiet = quiet;
	run->summary = kept;
	*holds = !summary.failed;
	return ret;
}
