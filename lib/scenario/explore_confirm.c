/* SPDX-License-Identifier: MIT */
/*
 * The digest put to the test: what is taken for a state that was seen before
 * has to behave as that did.
 */
#include "scenario/explore_search.h"

/* Does an end, or where nothing goes on, look the same? */
static int confirm_end(struct worker *w, const struct state *node, bool over,
		       bool stuck, bool *same)
{
	struct state again = { .outcome = node->outcome };
	int ret = worker_describe(w, &again, over, stuck);

	*same = again.outcome == node->outcome &&
		again.claims == node->claims &&
		(again.flags | NODE_EXPANDED) == (node->flags | NODE_EXPANDED);
	return ret;
}

/* Does the turn lead where it led before? */
static int confirm_turn(struct worker *w, const struct edge *edge, bool *same)
{
	struct search *search = w->search;
	int ret = worker_turn(w, edge->thread);
	struct digest d = worker_digest(w);
	const struct state *to = store_node(&search->store, edge->to);

	*same = d.a == to->a && d.b == to->b;
	return ret;
}

static int confirm_turns(struct worker *w, const struct state *node, bool *same)
{
	struct frame *f = &w->confirmed;
	unsigned int i;
	int ret;

	*same = f->nr == node->nr_edges;
	for (i = 0; i < f->nr && *same; i++)
		*same = f->choices[i] == node->edges[i].thread;
	/* The state at hand is left for the next way from the one before. */
	ret = *same ? frame_save(w, f) : TDP_OK;
	for (i = 0; i < f->nr && *same && !ret; i++) {
		if (i)
			ret = frame_restore(w, f);
		if (!ret)
			ret = confirm_turn(w, &node->edges[i], same);
	}
	return ret;
}

int worker_confirm(struct worker *w, const struct state *node)
{
	struct frame *f = &w->confirmed;
	bool over, stuck, same = true;
	int ret;

	/* What is still under way is confirmed by who comes later, if any. */
	if (!(node->flags & NODE_SEEN))
		return TDP_OK;
	ret = frame_choices(w, f, &over, &stuck);
	if (!ret && !f->nr)
		ret = confirm_end(w, node, over, stuck, &same);
	else if (!ret && node->flags & NODE_EXPANDED)
		ret = confirm_turns(w, node, &same);
	w->search->confirmed++;
	w->search->differing += !same;
	return ret;
}
