/* SPDX-License-Identifier: MIT */
#include "mem/memslot.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

void memslots_init(struct memslots *slots, unsigned int as_id)
{
	*slots = (struct memslots){ .generation = as_id };
}

void memslots_finish(struct memslots *slots)
{
	free(slots->slots);
	*slots = (struct memslots){ 0 };
}

/* Index of the first slot that ends above @gfn. */
static size_t first_above(const struct memslots *slots, uint64_t gfn)
{
	size_t low = 0, high = slots->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct memslot *slot = &slots->slots[middle];

		if (slot->base_gfn + slot->npages > gfn)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

const struct memslot *memslots_find(const struct memslots *slots, uint64_t gfn)
{
	size_t i = first_above(slots, gfn);

	if (i == slots->nr || slots->slots[i].base_gfn > gfn)
		return NULL;
	return &slots->slots[i];
}

static size_t index_of(const struct memslots *slots, unsigned int id)
{
	size_t i;

	for (i = 0; i < slots->nr; i++)
		if (slots->slots[i].id == id)
			break;
	return i;
}

const struct memslot *memslots_by_id(const struct memslots *slots,
				     unsigned int id)
{
	size_t i = index_of(slots, id);

	return i < slots->nr ? &slots->slots[i] : NULL;
}

const struct memslot *memslots_overlap(const struct memslots *slots,
				       unsigned int id, uint64_t base_gfn,
				       uint64_t npages)
{
	size_t i = first_above(slots, base_gfn);

	for (; i < slots->nr; i++) {
		if (slots->slots[i].base_gfn >= base_gfn + npages)
			return NULL;
		if (slots->slots[i].id != id)
			return &slots->slots[i];
	}
	return NULL;
}

int memslots_set(struct memslots *slots, const struct memslot *slot,
		 struct tdp_error *err)
{
	size_t i;

	if (slots->nr == slots->capacity) {
		size_t capacity = slots->capacity ? 2 * slots->capacity : 8;
		struct memslot *grown;

		grown = realloc(slots->slots, capacity * sizeof(*grown));
		if (!grown)
			return err_set(err, TDP_ENOMEM,
				       "no memory for %zu memslots", capacity);
		slots->slots = grown;
		slots->capacity = capacity;
	}
	memslots_delete(slots, slot->id);
	i = first_above(slots, slot->base_gfn);
	memmove(&slots->slots[i + 1], &slots->slots[i],
		(slots->nr - i) * sizeof(slots->slots[0]));
	slots->slots[i] = *slot;
	slots->nr++;
	return TDP_OK;
}

void memslots_delete(struct memslots *slots, unsigned int id)
{
	size_t i = index_of(slots, id);

	if (i == slots->nr)
		return;
	slots->nr--;
	memmove(&slots->slots[i], &slots->slots[i + 1],
		(slots->nr - i) * sizeof(slots->slots[0]));
}

void memslots_set_invalid(struct memslots *slots, unsigned int id, bool invalid)
{
	size_t i = index_of(slots, id);

	if (i < slots->nr)
		slots->slots[i].invalid = invalid;
}

void memslots_set_unflushed(struct memslots *slots, unsigned int id,
			    bool unflushed)
{
	size_t i = index_of(slots, id);

	if (i < slots->nr)
		slots->slots[i].unflushed = unflushed;
}

void memslots_advance(struct memslots *slots, unsigned int nr_spaces)
{
	slots->generation += nr_spaces;
}

bool memslot_disallows_level(const struct memslot *slot, uint64_t gfn,
			     unsigned int level)
{
	uint64_t pages = UINT64_C(1) << (9 * (level - 1));
	uint64_t end = slot->base_gfn + slot->npages;
	uint64_t block = align_down(gfn, pages);

	if ((slot->base_gfn ^ (slot->hva >> 12)) & (pages - 1))
		return true;
	return block < slot->base_gfn || block + pages > end;
}
