/* SPDX-License-Identifier: MIT */
#include "kvm/rmap.h"

#include <assert.h>
#include <stdlib.h>

#include "base/bits.h"

#define KEY_AS_ID      BITS(59, 56)
#define KEY_LEVEL      BITS(55, 52)
#define KEY_INDEX      BITS(51, 0)

#define FIRST_CAPACITY 512

static uint64_t key_of(unsigned int as_id, unsigned int level, uint64_t gfn)
{
	return FIELD(KEY_AS_ID, as_id) | FIELD(KEY_LEVEL, level) |
	       gfn >> (9 * (level - 1));
}

unsigned int rmap_key_as_id(uint64_t key)
{
	return (unsigned int)field_get(KEY_AS_ID, key);
}

unsigned int rmap_key_level(uint64_t key)
{
	return (unsigned int)field_get(KEY_LEVEL, key);
}

uint64_t rmap_key_index(uint64_t key)
{
	return field_get(KEY_INDEX, key);
}

/* Fibonacci hashing: frames come in runs. */
static size_t home_of(const struct rmap *rmap, uint64_t key)
{
	return (key * UINT64_C(0x9e3779b97f4a7c15) >> 20) &
	       (rmap->capacity - 1);
}

/* The slot of @key, or the free one where it would go. */
static size_t slot_of(const struct rmap *rmap, uint64_t key)
{
	size_t i = home_of(rmap, key);

	while (rmap->heads[i].key != key && rmap->heads[i].key != RMAP_FREE)
		i = (i + 1) & (rmap->capacity - 1);
	return i;
}

static bool grow(struct rmap *rmap, size_t capacity)
{
	struct rmap next = *rmap;
	size_t i;

	next.heads = malloc(capacity * sizeof(*next.heads));
	if (!next.heads)
		return false;
	next.capacity = capacity;
	for (i = 0; i < capacity; i++)
		next.heads[i] = (struct rmap_head){ .key = RMAP_FREE };
	for (i = 0; i < rmap->capacity; i++)
		if (rmap->heads[i].key != RMAP_FREE)
			next.heads[slot_of(&next, rmap->heads[i].key)] =
				rmap->heads[i];
	free(rmap->heads);
	*rmap = next;
	return true;
}

bool rmap_reserve(struct rmap *rmap, uint32_t n)
{
	size_t capacity = rmap->capacity ? rmap->capacity : FIRST_CAPACITY;

	/* At most three quarters full. */
	while ((rmap->nr + n) * 4 > capacity * 3)
		capacity *= 2;
	if (capacity != rmap->capacity && !grow(rmap, capacity))
		return false;
	return pte_pool_reserve(&rmap->pool, n);
}

void rmap_finish(struct rmap *rmap)
{
	pte_pool_finish(&rmap->pool);
	free(rmap->heads);
	*rmap = (struct rmap){ 0 };
}

struct rmap_head *rmap_find(const struct rmap *rmap, unsigned int as_id,
			    unsigned int level, uint64_t gfn)
{
	struct rmap_head *head;

	if (!rmap->nr)
		return NULL;
	head = &rmap->heads[slot_of(rmap, key_of(as_id, level, gfn))];
	return head->key == RMAP_FREE ? NULL : head;
}

uint32_t rmap_add(struct rmap *rmap, unsigned int as_id, unsigned int level,
		  uint64_t gfn, uint64_t spte_hpa)
{
	uint64_t key = key_of(as_id, level, gfn);
	struct rmap_head *head;

	assert(rmap->nr < rmap->capacity);
	head = &rmap->heads[slot_of(rmap, key)];
	if (head->key == RMAP_FREE) {
		*head = (struct rmap_head){ .key = key };
		rmap->nr++;
	}
	pte_list_add(&rmap->pool, &head->list, spte_hpa);
	return ++head->nr;
}

/* Close the gap at @hole: entries behind it must stay reachable. */
static void remove_head(struct rmap *rmap, size_t hole)
{
	size_t mask = rmap->capacity - 1;
	size_t i = hole;

	rmap->nr--;
	for (;;) {
		size_t home;

		i = (i + 1) & mask;
		if (rmap->heads[i].key == RMAP_FREE)
			break;
		home = home_of(rmap, rmap->heads[i].key);
		/* Does its probe sequence pass the hole? */
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		rmap->heads[hole] = rmap->heads[i];
		hole = i;
	}
	rmap->heads[hole] = (struct rmap_head){ .key = RMAP_FREE };
}

bool rmap_remove(struct rmap *rmap, unsigned int as_id, unsigned int level,
		 uint64_t gfn, uint64_t spte_hpa)
{
	struct rmap_head *head = rmap_find(rmap, as_id, level, gfn);

	if (!head || !pte_list_remove(&rmap->pool, &head->list, spte_hpa))
		return false;
	if (!--head->nr)
		remove_head(rmap, (size_t)(head - rmap->heads));
	return true;
}
