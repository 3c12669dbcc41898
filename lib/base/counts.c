/* SPDX-License-Identifier: MIT */
#include "base/counts.h"

#include <assert.h>
#include <stdlib.h>

void counts_finish(struct counts *counts)
{
	free(counts->slots);
	*counts = (struct counts){ 0 };
}

/* Fibonacci hashing: the high bits of the product depend on all of the key. */
static size_t slot_of(const struct counts *counts, uint64_t key)
{
	size_t mask = counts->capacity - 1;
	size_t i = (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & mask;

	while (counts->slots[i].used && counts->slots[i].key != key)
		i = (i + 1) & mask;
	return i;
}

uint32_t counts_get(const struct counts *counts, uint64_t key)
{
	if (!counts->nr)
		return 0;
	return counts->slots[slot_of(counts, key)].count;
}

static bool grow(struct counts *counts)
{
	struct counts larger = {
		.capacity = counts->capacity ? 2 * counts->capacity : 64,
	};
	size_t i;

	larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (i = 0; i < counts->capacity; i++) {
		/* Keys that went back to 0 are left behind. */
		if (!counts->slots[i].count)
			continue;
		larger.slots[slot_of(&larger, counts->slots[i].key)] =
			counts->slots[i];
		larger.nr++;
	}
	free(counts->slots);
	*counts = larger;
	return true;
}

bool counts_add(struct counts *counts, uint64_t key, int by)
{
	struct counts_slot *slot;

	if (2 * (counts->nr + 1) > counts->capacity && !grow(counts))
		return false;
	slot = &counts->slots[slot_of(counts, key)];
	if (!slot->used) {
		*slot = (struct counts_slot){ .key = key, .used = true };
		counts->nr++;
	}
	assert(by >= 0 || slot->count >= (uint32_t)-by);
	slot->count = (uint32_t)((int64_t)slot->count + by);
	return true;
}
