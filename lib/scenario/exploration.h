/* SPDX-License-Identifier: MIT */
/* What a search found, by itself: to look at, to save, to merge. */
#ifndef TDPSIM_SCENARIO_EXPLORATION_H
#define TDPSIM_SCENARIO_EXPLORATION_H

#include "scenario/arena.h"
#include "tdpsim/explore.h"

/* A state, as far as shards have to agree about it. */
struct record {
	uint64_t a, b; /* digest */
	uint64_t claims;
	uint32_t depth;
	uint32_t outcome; /* of an end */
	uint16_t nr_edges;
	uint8_t flags; /* enum node_flags */
};

/* An outcome: a text for each column, which is a field of a step. */
struct found {
	const char **tokens;
	uint32_t number; /* in records, before they are sorted */
	uint64_t states;
	const char *text;
};

/* A way that shows something. */
struct way {
	uint32_t turns;
	bool there;
	const char *order; /* to compare ways of the same length */
	const char *trace;
	const char *replay;
};

struct judged {
	const char *name;
	enum tdp_demand demand;
	bool every;
	unsigned int bit;   /* in record.claims */
	unsigned int stuck; /* enum claim_stuck */
	struct way way;
	uint64_t yes, no;
};

struct tdp_exploration {
	struct arena arena;
	struct tdp_explore_summary summary;
	const char *name; /* of the scenario */
	uint64_t source;  /* digest of its text, and of what options change */
	unsigned int shard, nr_shards;
	bool complete;        /* the shard, if it is one */
	const char **columns; /* "vcpu0.1.memtype" */
	unsigned int nr_columns;
	bool *differs; /* by column: between some outcomes */
	struct found *outcomes;
	unsigned int nr_outcomes;
	struct judged *claims;
	unsigned int nr_claims;
	struct way livelock, deadlock;
	struct record *records; /* malloc */
	uint32_t nr_records;
};

/* Everything that follows from records, outcomes and claims. */
int exploration_conclude(struct tdp_exploration *x);

/* Does the claim hold in a state; is the state one that it is about? */
bool judged_about(const struct judged *claim, const struct record *r);
bool judged_yes(const struct judged *claim, const struct record *r);

/* "Violated", if @yes and @no are all there is to know. */
bool judged_violated(const struct judged *claim, bool exhausted);

#endif
