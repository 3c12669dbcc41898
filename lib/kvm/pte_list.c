/* SPDX-License-Identifier: MIT */
#include "kvm/pte_list.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_CAPACITY 256

bool pte_pool_reserve(struct pte_pool *pool, uint32_t n)
{
	uint32_t capacity = pool->capacity ? pool->capacity : FIRST_CAPACITY;
	struct pte_node *nodes;

	if (!pool->nr)
		pool->nr = 1;
	if (pool->nr_free + (pool->capacity - pool->nr) >= n && pool->capacity)
		return true;
	while (pool->nr_free + (capacity - pool->nr) < n)
		capacity *= 2;
	nodes = realloc(pool->nodes, capacity * sizeof(*nodes));
	if (!nodes)
		return false;
	pool->nodes = nodes;
	pool->capacity = capacity;
	return true;
}

void pte_pool_finish(struct pte_pool *pool)
{
	free(pool->nodes);
	*pool = (struct pte_pool){ 0 };
}

static uint32_t take_node(struct pte_pool *pool)
{
	uint32_t node = pool->free;

	if (!node) {
		assert(pool->nr < pool->capacity);
		return pool->nr++;
	}
	pool->free = pool->nodes[node].next;
	pool->nr_free--;
	return node;
}

void pte_list_add(struct pte_pool *pool, uint32_t *list, uint64_t hpa)
{
	uint32_t node = take_node(pool);

	pool->nodes[node] = (struct pte_node){ .hpa = hpa, .next = *list };
	*list = node;
}

bool pte_list_remove(struct pte_pool *pool, uint32_t *list, uint64_t hpa)
{
	uint32_t *link = list;
	uint32_t node;

	while (*link && pool->nodes[*link].hpa != hpa)
		link = &pool->nodes[*link].next;
	node = *link;
	if (!node)
		return false;
	*link = pool->nodes[node].next;
	pool->nodes[node].next = pool->free;
	pool->free = node;
	pool->nr_free++;
	return true;
}

bool pte_list_has(const struct pte_pool *pool, uint32_t list, uint64_t hpa)
{
	for (; list; list = pool->nodes[list].next)
		if (pool->nodes[list].hpa == hpa)
			return true;
	return false;
}
