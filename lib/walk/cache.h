/* SPDX-License-Identifier: MIT */
/* A set-associative memory of translations; knows nothing of their meaning. */
#ifndef TDPSIM_WALK_CACHE_H
#define TDPSIM_WALK_CACHE_H

#include "tdpsim/tlb.h"
#include "walk/walk.h"

/* What a line is found by, and what it is flushed by. */
struct cache_key {
	uint64_t tag;  /* address >> shift */
	uint64_t root; /* EPTP[51:12]; 0 without EPT */
	uint16_t vpid;
	uint16_t pcid;
	uint8_t shift;
};

/* What a line holds; which of it counts depends on the structure. */
struct translation {
	uint64_t table;     /* that the entry leads to */
	uint8_t shift;      /* of the page */
	struct page page;   /* guest's rights so far */
	unsigned int cache; /* PCD << 1 | PWT for what lies below */
	uint64_t leaf;      /* guest's leaf, or the entry itself */
	unsigned int leaf_level;
	bool global;
	struct nested at; /* the second stage's part */
};

struct cache_line {
	bool valid;
	uint64_t stamp; /* of the last use (LRU) or of the fill (FIFO) */
	struct cache_key key;
	struct translation what;
};

struct cache {
	struct tdp_cache_shape shape;
	struct cache_line *lines; /* sets * ways; NULL if there are none */
	uint64_t clock;
	uint64_t random;
	struct tdp_tlb_stats stats;
};

/* Returns false if memory runs out. */
bool cache_init(struct cache *c, const struct tdp_cache_shape *shape,
		uint64_t seed);
void cache_finish(struct cache *c);

/*
 * The line of @key, NULL if there is none.  A line with a global translation
 * is found under any PCID.
 */
struct cache_line *cache_find(struct cache *c, const struct cache_key *key);
/* The same, counted and noted as a use. */
struct translation *cache_lookup(struct cache *c, const struct cache_key *key);
void cache_fill(struct cache *c, const struct cache_key *key,
		const struct translation *what);

#endif
