/* SPDX-License-Identifier: MIT */
#include "scenario/explore_store.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_CAPACITY  256u
#define EDGES_PER_BLOCK 4096u

void store_init(struct store *store)
{
	unsigned int i;

	*store = (struct store){ .nr = 0 };
	for (i = 0; i < STORE_PARTS; i++)
		pthread_mutex_init(&store->parts[i].lock, NULL);
}

void store_finish(struct store *store)
{
	unsigned int i;
	uint32_t j;

	for (i = 0; i < STORE_PARTS; i++) {
		struct store_part *p = &store->parts[i];

		for (j = 0; j < p->nr_chunks; j++)
			free(p->chunks[j]);
		free(p->chunks);
		free(p->slots);
		pthread_mutex_destroy(&p->lock);
	}
}

static struct state *node_at(const struct store_part *p, uint32_t index)
{
	return &p->chunks[index / NODES_PER_CHUNK][index % NODES_PER_CHUNK];
}

struct state *store_node(const struct store *store, uint32_t id)
{
	return node_at(&store->parts[id % STORE_PARTS], id / STORE_PARTS);
}

static uint32_t *slot_of(const struct store_part *p, const struct digest *d)
{
	uint32_t mask = p->capacity - 1, i = (uint32_t)d->b & mask;

	for (; p->slots[i]; i = (i + 1) & mask) {
		const struct state *n = node_at(p, p->slots[i] - 1);

		if (n->a == d->a && n->b == d->b)
			break;
	}
	return &p->slots[i];
}

static bool grow_slots(struct store *store, struct store_part *p)
{
	uint32_t capacity = p->capacity ? 2 * p->capacity : FIRST_CAPACITY;
	uint32_t *old = p->slots, i;

	if (capacity > UINT32_MAX / STORE_PARTS)
		return false;
	p->slots = calloc(capacity, sizeof(*p->slots));
	if (!p->slots) {
		p->slots = old;
		return false;
	}
	p->capacity = capacity;
	for (i = 0; i < p->nr; i++) {
		const struct state *n = node_at(p, i);
		const struct digest d = { .a = n->a, .b = n->b };

		*slot_of(p, &d) = i + 1;
	}
	free(old);
	atomic_fetch_add(&store->bytes, capacity / 2 * sizeof(*p->slots));
	return true;
}

static bool grow_nodes(struct store *store, struct store_part *p)
{
	struct state **chunks, *chunk;

	chunks = realloc(p->chunks,
			 (p->nr_chunks + 1) * sizeof(struct state *));
	if (!chunks)
		return false;
	p->chunks = chunks;
	chunk = calloc(NODES_PER_CHUNK, sizeof(*chunk));
	if (!chunk)
		return false;
	p->chunks[p->nr_chunks++] = chunk;
	atomic_fetch_add(&store->bytes, NODES_PER_CHUNK * sizeof(*chunk));
	return true;
}

static struct state *add_to(struct store *store, struct store_part *p,
			    const struct digest *d, uint32_t *index)
{
	uint32_t *slot;
	struct state *n;

	if (2 * (p->nr + 1) > p->capacity && !grow_slots(store, p))
		return NULL;
	slot = slot_of(p, d);
	if (!*slot) {
		if (p->nr == p->nr_chunks * NODES_PER_CHUNK &&
		    !grow_nodes(store, p))
			return NULL;
		n = node_at(p, p->nr);
		n->a = d->a;
		n->b = d->b;
		*slot = ++p->nr;
		atomic_fetch_add(&store->nr, 1);
	}
	*index = *slot - 1;
	return node_at(p, *index);
}

uint32_t store_add(struct store *store, const struct digest *d, bool open,
		   bool *first, struct state **node)
{
	unsigned int part = (unsigned int)(d->a % STORE_PARTS);
	struct store_part *p = &store->parts[part];
	uint32_t index = 0;
	struct state *n;

	pthread_mutex_lock(&p->lock);
	n = add_to(store, p, d, &index);
	*first = n && !n->closed;
	if (*first && !open)
		n->closed = true;
	pthread_mutex_unlock(&p->lock);
	*node = n;
	return n ? index * STORE_PARTS + part : NO_NODE;
}

void store_bases(const struct store *store, uint32_t base[STORE_PARTS])
{
	uint32_t sum = 0;
	unsigned int i;

	for (i = 0; i < STORE_PARTS; i++) {
		base[i] = sum;
		sum += store->parts[i].nr;
	}
}

uint32_t store_dense(const uint32_t *base, uint32_t id)
{
	return base[id % STORE_PARTS] + id / STORE_PARTS;
}

/* Edges ------------------------------------------------------------------------ */

struct edge_block {
	struct edge_block *next;
	unsigned int nr, capacity;
	struct edge items[];
};

struct edge *edges_alloc(struct edges *edges, struct store *store,
			 unsigned int nr)
{
	struct edge_block *block = edges->blocks;
	unsigned int capacity = nr > EDGES_PER_BLOCK ? nr : EDGES_PER_BLOCK;

	if (!block || block->capacity - block->nr < nr) {
		size_t size = sizeof(*block) + capacity * sizeof(struct edge);

		block = malloc(size);
		if (!block)
			return NULL;
		block->nr = 0;
		block->capacity = capacity;
		block->next = edges->blocks;
		edges->blocks = block;
		atomic_fetch_add(&store->bytes, size);
	}
	block->nr += nr;
	return &block->items[block->nr - nr];
}

void edges_finish(struct edges *edges)
{
	while (edges->blocks) {
		struct edge_block *block = edges->blocks;

		edges->blocks = block->next;
		free(block);
	}
}
