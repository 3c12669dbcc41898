/* SPDX-License-Identifier: MIT */
/* The states that a search has found, as a graph: distances, ways, cycles. */
#ifndef TDPSIM_SCENARIO_EXPLORE_GRAPH_H
#define TDPSIM_SCENARIO_EXPLORE_GRAPH_H

#include "scenario/explore_search.h"

struct graph {
	const struct search *search;
	uint32_t base[STORE_PARTS];
	uint32_t nr;      /* states that can be reached */
	uint32_t *order;  /* ids, nearest first; ties by thread */
	uint32_t *depth;  /* by dense number */
	uint32_t *parent; /* dense number */
	uint16_t *turn;   /* that leads here from the parent */
	uint8_t *flags;   /* of the state, and NODE_LIVELOCK */
	uint32_t *first;  /* edges turned round: where those to a state */
	uint32_t *from;   /* begin in this; dense numbers */
	uint32_t total;   /* dense numbers */
	uint64_t visits;  /* edges */
};

/* TDP_OK or TDP_ENOMEM; graph_finish() in any case. */
int graph_init(struct graph *g, const struct search *search);
void graph_finish(struct graph *g);

static inline uint32_t graph_dense(const struct graph *g, uint32_t id)
{
	return store_dense(g->base, id);
}

/*
 * The turns from the start to a state; @turns has room for its depth.
 * Return: how many.
 */
unsigned int graph_way(const struct graph *g, uint32_t id, uint16_t *turns);

/*
 * A state from which every way on leads back to it, and the shortest way
 * round: *@cycle is allocated.  Return: its id; NO_NODE: there is none;
 * *@failed: no memory.
 */
uint32_t graph_cycle(const struct graph *g, uint16_t **cycle, unsigned int *nr,
		     bool *failed);

#endif
