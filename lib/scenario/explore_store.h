/* SPDX-License-Identifier: MIT */
/*
 * The states that a search has seen: a digest each, and where its steps lead.
 * About 64 bytes a state; several threads at once.
 */
#ifndef TDPSIM_SCENARIO_EXPLORE_STORE_H
#define TDPSIM_SCENARIO_EXPLORE_STORE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/digest.h"

#define NO_NODE     UINT32_MAX
#define STORE_PARTS 64u /* locked one by one; by the digest */

struct edge {
	uint32_t to;
	uint16_t thread;
};

enum node_flags {
	NODE_EXPANDED = 1, /* all edges are known */
	NODE_END = 2,      /* an outcome */
	NODE_DEADLOCK = 4, /* threads are left, none can go on */
	NODE_SEEN = 8,     /* the claims were held against it */
	NODE_LIVELOCK = 16 /* no way leads to an end; found afterwards */
};

struct state {
	uint64_t a, b;   /* digest */
	uint64_t claims; /* that hold here, by bit */
	struct edge *edges;
	uint32_t outcome; /* of an end */
	uint16_t nr_edges;
	uint8_t flags; /* enum node_flags, by whom it belongs to */
	bool closed;   /* it belongs to somebody; under the lock */
};

#define NODES_PER_CHUNK 256u

/* Each in cache lines of its own: threads are in different parts mostly. */
struct store_part {
	_Alignas(64) pthread_mutex_t lock;
	uint32_t *slots; /* index in the part + 1; 0: free */
	uint32_t nr, capacity;
	struct state **chunks;
	uint32_t nr_chunks;
};

struct store {
	struct store_part parts[STORE_PARTS];
	_Alignas(64) _Atomic uint64_t nr;
	_Atomic uint64_t bytes;
};

void store_init(struct store *store);
void store_finish(struct store *store);

/*
 * The node of a digest, made if it is new; NO_NODE: no memory.  *@first: it
 * was not closed before, and is now, unless @open.  *@node stays where it is.
 */
uint32_t store_add(struct store *store, const struct digest *d, bool open,
		   bool *first, struct state **node);

/* When the search is over. */
struct state *store_node(const struct store *store, uint32_t id);

/* Nodes as an array without holes: from 0 up to store->nr. */
uint32_t store_dense(const uint32_t *base, uint32_t id);
void store_bases(const struct store *store, uint32_t base[STORE_PARTS]);

/* Edges are kept until the end. */
struct edge_block;
struct edges {
	struct edge_block *blocks;
};
struct edge *edges_alloc(struct edges *edges, struct store *store,
			 unsigned int nr);
void edges_finish(struct edges *edges);

#endif
