/* SPDX-License-Identifier: MIT */
/* "always:", "never:", "sometimes:": conditions over outcomes, or all states. */
#ifndef TDPSIM_SCENARIO_CLAIM_H
#define TDPSIM_SCENARIO_CLAIM_H

#include "scenario/check.h"
#include "scenario/field.h"
#include "tdpsim/explore.h"

#define MAX_CLAIMS 63u /* one bit each, and one for the expectations */

/* What one step must have given; a step that was not made has given nothing. */
struct claim_result {
	const struct step *step;
	const struct expectation *fields;
	struct claim_result *next;
};

enum claim_stuck { CLAIM_NOT_STUCK, CLAIM_LIVELOCK, CLAIM_DEADLOCK };

struct claim {
	enum tdp_demand demand;
	const char *name;
	unsigned int line, column;
	bool every;             /* all states, not only outcomes */
	enum claim_stuck stuck; /* instead of anything else */
	struct claim_result *results;
	const struct check_set *check; /* NULL: none */
};

struct claims {
	struct claim *items;
	unsigned int nr;
	bool every; /* some of them */
};

extern const struct args claim_args;

/* Adds the claims of one list; the scenario's steps have been read. */
int claims_parse(const struct decoder *d, const struct node *node,
		 enum tdp_demand demand, struct tdp_scenario *s);

/*
 * Does it hold in the state that @run has?  Results are run->results.
 * *@holds; fails as check_run().
 */
int claim_holds(struct run *run, const struct claim *claim, bool *holds);

#endif
