/* SPDX-License-Identifier: MIT */
#include "walk/cache.h"

#include <stdlib.h>

bool cache_init(struct cache *c, const struct tdp_cache_shape *shape,
		uint64_t seed)
{
	*c = (struct cache){ .shape = *shape, .random = seed ? seed : 1 };
	if (!shape->sets)
		return true;
	c->lines = calloc((size_t)shape->sets * shape->ways, sizeof(*c->lines));
	return c->lines;
}

void cache_finish(struct cache *c)
{
	free(c->lines);
	*c = (struct cache){ 0 };
}

static struct cache_line *set_of(const struct cache *c,
				 const struct cache_key *key)
{
	return &c->lines[key->tag % c->shape.sets * c->shape.ways];
}

static bool matches(const struct cache_line *line, const struct cache_key *key)
{
	return line->valid && line->key.tag == key->tag &&
	       line->key.shift == key->shift && line->key.root == key->root &&
	       line->key.vpid == key->vpid &&
	       (line->what.global || line->key.pcid == key->pcid);
}

struct cache_line *cache_find(struct cache *c, const struct cache_key *key)
{
	struct cache_line *set;

	if (!c->lines)
		return NULL;
	set = set_of(c, key);
	for (unsigned int i = 0; i < c->shape.ways; i++)
		if (matches(&set[i], key))
			return &set[i];
	return NULL;
}

struct translation *cache_lookup(struct cache *c, const struct cache_key *key)
{
	struct cache_line *line = cache_find(c, key);

	if (!line) {
		c->stats.misses += c->lines != NULL;
		return NULL;
	}
	c->stats.hits++;
	if (c->shape.replacement == TDP_REPLACE_LRU)
		line->stamp = ++c->clock;
	return &line->what;
}

/* xorshift64 (Marsaglia): the same seed gives the same victims. */
static uint64_t next_random(struct cache *c)
{
	c->random ^= c->random << 13;
	c->random ^= c->random >> 7;
	c->random ^= c->random << 17;
	return c->random;
}

static struct cache_line *victim(struct cache *c, struct cache_line *set)
{
	struct cache_line *oldest = set;

	for (unsigned int i = 0; i < c->shape.ways; i++) {
		if (!set[i].valid)
			return &set[i];
		if (set[i].stamp < oldest->stamp)
			oldest = &set[i];
	}
	c->stats.evictions++;
	if (c->shape.replacement == TDP_REPLACE_RANDOM) {
		assert(c->shape.ways);
		return &set[next_random(c) % c->shape.ways];
	}
	return oldest;
}

void cache_fill(struct cache *c, const struct cache_key *key,
		const struct translation *what)
{
	struct cache_line *line = cache_find(c, key);

	if (!c->lines)
		return;
	if (!line)
		line = victim(c, set_of(c, key));
	*line = (struct cache_line){
		.valid = true,
		.stamp = ++c->clock,
		.key = *key,
		.what = *what,
	};
	c->stats.fills++;
}
