/* SPDX-License-Identifier: MIT */
#include "scenario/explore_graph.h"

#include <stdlib.h>
#include <string.h>

#define UNSEEN UINT32_MAX

static const struct state *state_of(const struct graph *g, uint32_t id)
{
	return store_node(&g->search->store, id);
}

/* Breadth first, in the order of threads, so that nothing depends on luck. */
static void walk(struct graph *g)
{
	uint32_t next = 0, i = graph_dense(g, g->search->root);

	memset(g->depth, 0xff, g->total * sizeof(*g->depth));
	g->order[g->nr++] = g->search->root;
	g->depth[i] = 0;
	g->parent[i] = i;
	while (next < g->nr) {
		const struct state *s = state_of(g, g->order[next]);
		uint32_t from = graph_dense(g, g->order[next++]), e;

		g->flags[from] = s->flags;
		g->visits += s->nr_edges;
		for (e = 0; e < s->nr_edges; e++) {
			uint32_t to = graph_dense(g, s->edges[e].to);

			if (g->depth[to] != UNSEEN)
				continue;
			g->depth[to] = g->depth[from] + 1;
			g->parent[to] = from;
			g->turn[to] = s->edges[e].thread;
			g->order[g->nr++] = s->edges[e].to;
		}
	}
}

/* Edges turned round, as ranges of one array. */
static bool turn_round(struct graph *g)
{
	uint32_t *first, i, e;

	g->first = first = calloc((size_t)g->total + 2, sizeof(*first));
	g->from = malloc((g->visits + 1) * sizeof(*g->from));
	if (!g->first || !g->from)
		return false;
	for (i = 0; i < g->nr; i++) {
		const struct state *s = state_of(g, g->order[i]);

		for (e = 0; e < s->nr_edges; e++)
			first[graph_dense(g, s->edges[e].to) + 2]++;
	}
	for (i = 2; i <= g->total + 1; i++)
		first[i] += first[i - 1];
	for (i = 0; i < g->nr; i++) {
		const struct state *s = state_of(g, g->order[i]);

		for (e = 0; e < s->nr_edges; e++)
			g->from[first[graph_dense(g, s->edges[e].to) + 1]++] =
				graph_dense(g, g->order[i]);
	}
	return true;
}

/* Mark all from which something on the stack can be reached. */
static void spread(const struct graph *g, uint8_t *mark, uint8_t bit,
		   uint32_t *stack, uint32_t nr)
{
	while (nr) {
		uint32_t at = stack[--nr], i;

		for (i = g->first[at]; i < g->first[at + 1]; i++) {
			uint32_t from = g->from[i];

			if (mark[from] & bit)
				continue;
			mark[from] |= bit;
			stack[nr++] = from;
		}
	}
}

enum { CAN_END = 1, CAN_BLOCK = 2 };

static void mark_from(const struct graph *g, uint8_t *mark, uint32_t *stack,
		      uint8_t bit)
{
	uint32_t i, nr = 0;

	for (i = 0; i < g->nr; i++) {
		uint32_t at = graph_dense(g, g->order[i]);
		uint8_t flags = g->flags[at];
		bool end = flags & NODE_END;
		bool blocks = flags & NODE_DEADLOCK;
		bool unknown = !(flags & NODE_EXPANDED) && !end && !blocks;

		/* Where the search has not been, anything may happen. */
		if (bit == CAN_END ? !(end || unknown) : !blocks)
			continue;
		mark[at] |= bit;
		stack[nr++] = at;
	}
	spread(g, mark, bit, stack, nr);
}

/* States from which nothing but going round is possible. */
static int find_livelocks(struct graph *g)
{
	uint8_t *mark = calloc((size_t)g->total + 1, 1);
	uint32_t *stack = malloc(((size_t)g->total + 1) * sizeof(*stack));
	bool ok = mark && stack && turn_round(g);
	uint32_t i;

	if (ok) {
		mark_from(g, mark, stack, CAN_END);
		mark_from(g, mark, stack, CAN_BLOCK);
	}
	for (i = 0; ok && i < g->nr; i++) {
		uint32_t at = graph_dense(g, g->order[i]);

		if (!mark[at])
			g->flags[at] |= NODE_LIVELOCK;
	}
	free(stack);
	free(mark);
	return ok ? TDP_OK : TDP_ENOMEM;
}

int graph_init(struct graph *g, const struct search *search)
{
	*g = (struct graph){ .search = search };
	store_bases(&search->store, g->base);
	g->total = (uint32_t)search->store.nr;
	g->order = malloc(((size_t)g->total + 1) * sizeof(*g->order));
	g->depth = malloc(((size_t)g->total + 1) * sizeof(*g->depth));
	g->parent = malloc(((size_t)g->total + 1) * sizeof(*g->parent));
	g->turn = malloc(((size_t)g->total + 1) * sizeof(*g->turn));
	g->flags = calloc((size_t)g->total + 1, 1);
	if (!g->order || !g->depth || !g->parent || !g->turn || !g->flags)
		return TDP_ENOMEM;
	walk(g);
	return search->cycles ? find_livelocks(g) : TDP_OK;
}

void graph_finish(struct graph *g)
{
	free(g->order);
	free(g->depth);
	free(g->parent);
	free(g->turn);
	free(g->flags);
	free(g->first);
	free(g->from);
}

unsigned int graph_way(const struct graph *g, uint32_t id, uint16_t *turns)
{
	uint32_t at = graph_dense(g, id);
	unsigned int nr = g->depth[at], i;

	for (i = nr; i--; at = g->parent[at])
		turns[i] = g->turn[at];
	return nr;
}

/* Cycles ----------------------------------------------------------------------- */

/* A search from one state, breadth first. */
struct circle {
	uint32_t *queue; /* ids */
	uint32_t *parent;
	uint16_t *turn;
	uint32_t *seen; /* round, by dense number */
	uint32_t *back; /* the same, of those that lead back */
	uint32_t *stack;
	uint32_t round;
};

/*
 * All that can be reached from @start; *@last is the state of them from which
 * an edge leads back, the nearest.  Return: how many.
 */
static uint32_t reach(const struct graph *g, struct circle *c, uint32_t start,
		      uint32_t *last, uint16_t *closing)
{
	uint32_t next = 0, nr = 0, e;

	c->round++;
	*last = NO_NODE;
	c->queue[nr++] = start;
	c->seen[graph_dense(g, start)] = c->round;
	while (next < nr) {
		uint32_t id = c->queue[next++];
		const struct state *s = state_of(g, id);

		for (e = 0; e < s->nr_edges; e++) {
			uint32_t to = s->edges[e].to, at = graph_dense(g, to);

			if (to == start && *last == NO_NODE) {
				*last = id;
				*closing = s->edges[e].thread;
			}
			if (c->seen[at] == c->round)
				continue;
			c->seen[at] = c->round;
			c->parent[at] = id;
			c->turn[at] = s->edges[e].thread;
			c->queue[nr++] = to;
		}
	}
	return nr;
}

static uint16_t *way_round(const struct graph *g, const struct circle *c,
			   uint32_t start, uint32_t last, uint16_t closing,
			   unsigned int *nr)
{
	uint16_t *turns;
	uint32_t id;
	unsigned int i;

	*nr = 1;
	for (id = last; id != start; id = c->parent[graph_dense(g, id)])
		++*nr;
	turns = malloc(*nr * sizeof(*turns));
	if (!turns)
		return NULL;
	turns[*nr - 1] = closing;
	i = *nr - 1;
	for (id = last; id != start; id = c->parent[graph_dense(g, id)])
		turns[--i] = c->turn[graph_dense(g, id)];
	return turns;
}

/* Of the states that @start reaches: which lead back to it? */
static void lead_back(const struct graph *g, struct circle *c, uint32_t start)
{
	uint32_t nr = 0, i, round = c->round;

	c->back[graph_dense(g, start)] = round;
	c->stack[nr++] = graph_dense(g, start);
	while (nr) {
		uint32_t at = c->stack[--nr];

		for (i = g->first[at]; i < g->first[at + 1]; i++) {
			uint32_t from = g->from[i];

			if (c->seen[from] != round || c->back[from] == round)
				continue;
			c->back[from] = round;
			c->stack[nr++] = from;
		}
	}
}

/*
 * From the nearest livelocked state to where it ends: a state that all it
 * reaches lead back to.  What does not lead back reaches less.
 */
static uint32_t trapped(const struct graph *g, struct circle *c, uint32_t id)
{
	uint32_t last, i, nr;
	uint16_t closing;

	for (;;) {
		nr = reach(g, c, id, &last, &closing);
		lead_back(g, c, id);
		for (i = 0; i < nr; i++)
			if (c->back[graph_dense(g, c->queue[i])] != c->round)
				break;
		if (i == nr)
			return id;
		id = c->queue[i];
	}
}

static bool circle_init(struct circle *c, const struct graph *g)
{
	size_t nr = (size_t)g->total + 1;

	c->queue = malloc(nr * sizeof(*c->queue));
	c->parent = malloc(nr * sizeof(*c->parent));
	c->turn = malloc(nr * sizeof(*c->turn));
	c->seen = calloc(nr, sizeof(*c->seen));
	c->back = calloc(nr, sizeof(*c->back));
	c->stack = malloc(nr * sizeof(*c->stack));
	c->round = 0;
	return c->queue && c->parent && c->turn && c->seen && c->back &&
	       c->stack;
}

static void circle_finish(struct circle *c)
{
	free(c->queue);
	free(c->parent);
	free(c->turn);
	free(c->seen);
	free(c->back);
	free(c->stack);
}

uint32_t graph_cycle(const struct graph *g, uint16_t **cycle, unsigned int *nr,
		     bool *failed)
{
	uint32_t i = 0, id = NO_NODE, last;
	struct circle c;
	uint16_t closing = 0;

	*cycle = NULL;
	while (i < g->nr &&
	       !(g->flags[graph_dense(g, g->order[i])] & NODE_LIVELOCK))
		i++;
	*failed = false;
	if (i == g->nr)
		return NO_NODE;
	*failed = !circle_init(&c, g);
	if (!*failed) {
		id = trapped(g, &c, g->order[i]);
		reach(g, &c, id, &last, &closing);
		*cycle = way_round(g, &c, id, last, closing, nr);
		*failed = !*cycle;
	}
	circle_finish(&c);
	return id;
}
