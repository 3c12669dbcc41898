/* SPDX-License-Identifier: MIT */
/*
 * All orders of the steps of a scenario's "together:", instead of one.
 *
 * The search is over states: two orders that lead to the same state go on as
 * one.  A state is what can be observed of the VM, how far each thread is, and
 * what its steps have given so far.
 */
#ifndef TDPSIM_EXPLORE_H
#define TDPSIM_EXPLORE_H

#include "scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tdp_exploration;

/**
 * struct tdp_explore_progress - where a search stands
 * @visits:   steps made, so states reached with repetitions
 * @states:   distinct states
 * @frontier: states that have successors left to look at
 * @memory:   bytes that the search has in use for states
 */
struct tdp_explore_progress {
	uint64_t visits;
	uint64_t states;
	uint64_t frontier;
	uint64_t memory;
};

/**
 * struct tdp_explore_options - how to search; all zero: sensible defaults
 * @jobs:         threads; 0: one; the answer is the same with any number
 * @max_states:   stop at so many distinct states; 0: no limit
 * @max_memory:   stop when states take so many bytes; 0: no limit
 * @no_reduction: all interleavings, also of steps that commute; the outcomes
 *                are the same, a test says so
 * @kernel_steps: as if every "together:" said so
 * @shard, @nr_shards: only part @shard (from 1) of the orders, of @nr_shards;
 *                0: all of them
 * @shuffle:      0: depth first; else states are looked at in an order drawn
 *                from this number; the answer is the same, a test says so
 * @confirm:      whenever a state is reached again, go on from there by a step
 *                each way and see that it leads where it led before: puts what
 *                makes two states one to the test; takes about three times as
 *                long; one job, no shards
 * @progress:     called now and then, by the thread that called tdp_explore();
 *                false: stop, with what is known so far
 * @context:      handed to it
 */
struct tdp_explore_options {
	unsigned int jobs;
	uint64_t max_states;
	uint64_t max_memory;
	bool no_reduction;
	bool kernel_steps;
	unsigned int shard;
	unsigned int nr_shards;
	uint64_t shuffle;
	bool confirm;
	bool (*progress)(const struct tdp_explore_progress *progress,
			 void *context);
	void *context;
};

/**
 * tdp_explore() - search
 * @scenario:    has a "together:" without "order:"; outlives the exploration
 * @options:     NULL: all zero
 * @exploration: receives the answer, which the caller destroys; also when a
 *               limit or the caller stopped the search
 *
 * Return: TDP_OK; TDP_EINPUT if there is nothing to explore, if an expectation
 * before the first "together:" fails, or if a step can't be carried out;
 * TDP_EUNSUPPORTED; TDP_ELIMIT; TDP_ENOMEM.
 */
TDP_API int tdp_explore(const struct tdp_scenario *scenario,
			const struct tdp_explore_options *options,
			struct tdp_exploration **exploration,
			struct tdp_error *err);

TDP_API void tdp_exploration_destroy(struct tdp_exploration *exploration);

/**
 * struct tdp_explore_summary - what was found
 * @visits:    steps made
 * @states:    distinct states
 * @depth:     of the state that is farthest from the start, in turns
 * @outcomes:  distinct outcomes
 * @outcomes_expected: that the scenario says there are; 0: it does not say
 * @hash:      of the set of outcomes; the same for every way to search it,
 *             with reduction and without
 * @claims:    how many there are
 * @confirmed: states that were reached again and looked at, if the options ask for that
 * @differing: of them, those that went on in another way; anything but 0 is an
 *             error of this library, and the answer is not to be relied on
 * @reduced:   orders of steps that commute were left out
 * @exhausted: every order was looked at: without it, "Always" and "Never" are
 *             not known
 * @livelock:  there are states from which no order leads to an end
 * @deadlock:  there are states in which every thread waits
 * @holds:     no claim is violated, there are as many outcomes as expected, no livelock or
 *             deadlock was found that no claim speaks of
 */
struct tdp_explore_summary {
	uint64_t visits;
	uint64_t states;
	unsigned int depth;
	unsigned int outcomes;
	unsigned int outcomes_expected;
	uint64_t hash;
	unsigned int claims;
	uint64_t confirmed;
	uint64_t differing;
	bool reduced;
	bool exhausted;
	bool livelock;
	bool deadlock;
	bool holds;
};

TDP_API void tdp_exploration_summary(const struct tdp_exploration *exploration,
				     struct tdp_explore_summary *summary);

/**
 * tdp_exploration_outcome() - one of the outcomes, in a stable order
 * @index:  from 0
 * @states: receives the number of distinct end states that have it
 *
 * Return: what the steps gave, as text that names only what differs between
 * the outcomes; NULL past the last one.  Valid as long as @exploration.
 */
TDP_API const char *
tdp_exploration_outcome(const struct tdp_exploration *exploration,
			unsigned int index, uint64_t *states);

/** enum tdp_demand - what a claim says of the states that it is about */
enum tdp_demand {
	TDP_DEMAND_ALWAYS,
	TDP_DEMAND_NEVER,
	TDP_DEMAND_SOMETIMES,
};

/** enum tdp_observed - in which of them it was found to hold */
enum tdp_observed {
	TDP_OBSERVED_UNKNOWN, /* the search was not exhausted */
	TDP_OBSERVED_ALWAYS,
	TDP_OBSERVED_SOMETIMES,
	TDP_OBSERVED_NEVER,
};

/**
 * struct tdp_explore_claim - a condition, and where it held
 * @name:     of the scenario's claim; "expectations" for those behind the
 *            last "together:" and of "check:"
 * @demand:   what the scenario demands
 * @observed: what was found
 * @yes, @no: distinct states in which it held, and did not
 * @violated: the demand is not met; if not exhausted: whatever is left
 * @turns:    length of the shortest order that shows it; 0: there is none
 * @trace:    that order, turn by turn with what changed, as text; or NULL
 * @replay:   a scenario that "run" replays; or NULL
 */
struct tdp_explore_claim {
	const char *name;
	enum tdp_demand demand;
	enum tdp_observed observed;
	uint64_t yes;
	uint64_t no;
	bool violated;
	unsigned int turns;
	const char *trace;
	const char *replay;
};

/** tdp_exploration_claim() - claim @index, from 0; false past the last one */
TDP_API bool tdp_exploration_claim(const struct tdp_exploration *exploration,
				   unsigned int index,
				   struct tdp_explore_claim *claim);

/**
 * tdp_exploration_stuck() - the shortest way into a livelock or a deadlock
 * @replay: receives a scenario that goes that way; may be NULL
 *
 * Return: as text: the way, and the cycle that repeats; NULL if there is none.
 */
TDP_API const char *tdp_exploration_stuck(
	const struct tdp_exploration *exploration, const char **replay);

/**
 * tdp_exploration_save() - write a shard's answer, to be merged
 *
 * Return: TDP_OK; TDP_EINVAL if the exploration is none of a shard; TDP_EIO.
 */
TDP_API int tdp_exploration_save(const struct tdp_exploration *exploration,
				 const char *path, struct tdp_error *err);

/**
 * tdp_exploration_merge() - what all shards of a search found together
 * @paths: files of tdp_exploration_save(), in any order
 *
 * The answer is that of the search without shards.  Missing shards are the
 * same as a search that is not exhausted.
 *
 * Return: TDP_OK; TDP_EIO; TDP_EINPUT if a file is damaged, or of another
 * search; TDP_ENOMEM.
 */
TDP_API int tdp_exploration_merge(const char *const *paths, unsigned int nr,
				  struct tdp_exploration **exploration,
				  struct tdp_error *err);

TDP_API const char *tdp_demand_name(enum tdp_demand demand);
TDP_API const char *tdp_observed_name(enum tdp_observed observed);

#ifdef __cplusplus
}
#endif
#endif
