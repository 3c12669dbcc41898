/* SPDX-License-Identifier: MIT */
#include "mem/gfn_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

void gfn_set_finish(struct gfn_set *set)
{
	free(set->ranges);
	*set = (struct gfn_set){ 0 };
}

/* Index of the first range that ends above @gfn. */
static size_t first_above(const struct gfn_set *set, uint64_t gfn)
{
	size_t low = 0, high = set->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (set->ranges[middle].end > gfn)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

bool gfn_set_has(const struct gfn_set *set, uint64_t gfn)
{
	size_t i = first_above(set, gfn);

	return i < set->nr && set->ranges[i].start <= gfn;
}

uint64_t gfn_set_run(const struct gfn_set *set, uint64_t gfn)
{
	size_t i = first_above(set, gfn);

	if (i == set->nr)
		return UINT64_MAX;
	if (set->ranges[i].start <= gfn)
		return set->ranges[i].end - gfn;
	return set->ranges[i].start - gfn;
}

/* A change splits one range at most. */
static int reserve(struct gfn_set *set, struct tdp_error *err)
{
	size_t capacity = set->capacity ? 2 * set->capacity : 8;
	struct gfn_range *ranges;

	if (set->nr < set->capacity)
		return TDP_OK;
	ranges = realloc(set->ranges, capacity * sizeof(*ranges));
	if (!ranges)
		return err_set(err, TDP_ENOMEM,
			       "no memory for %zu ranges of frames", capacity);
	set->ranges = ranges;
	set->capacity = capacity;
	return TDP_OK;
}

static void insert(struct gfn_set *set, size_t i, struct gfn_range range)
{
	memmove(&set->ranges[i + 1], &set->ranges[i],
		(set->nr - i) * sizeof(set->ranges[0]));
	set->ranges[i] = range;
	set->nr++;
}

static void remove_at(struct gfn_set *set, size_t i)
{
	set->nr--;
	memmove(&set->ranges[i], &set->ranges[i + 1],
		(set->nr - i) * sizeof(set->ranges[0]));
}

static void add(struct gfn_set *set, uint64_t start, uint64_t end)
{
	/* A range that ends at @start merges, too. */
	size_t i = start ? first_above(set, start - 1) : 0;

	while (i < set->nr && set->ranges[i].start <= end) {
		start = min_u64(start, set->ranges[i].start);
		end = max_u64(end, set->ranges[i].end);
		remove_at(set, i);
	}
	insert(set, i, (struct gfn_range){ start, end });
}

static void take(struct gfn_set *set, uint64_t start, uint64_t end)
{
	size_t i = first_above(set, start);

	while (i < set->nr && set->ranges[i].start < end) {
		struct gfn_range old = set->ranges[i];

		remove_at(set, i);
		if (old.start < start)
			insert(set, i++,
			       (struct gfn_range){ old.start, start });
		if (old.end > end)
			insert(set, i++, (struct gfn_range){ end, old.end });
	}
}

int gfn_set_change(struct gfn_set *set, uint64_t start, uint64_t end, bool in,
		   struct tdp_error *err)
{
	int ret = reserve(set, err);

	assert(start < end);
	if (ret)
		return ret;
	if (in)
		add(set, start, end);
	else
		take(set, start, end);
	return TDP_OK;
}
