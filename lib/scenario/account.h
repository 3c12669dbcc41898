/* SPDX-License-Identifier: MIT */
/* "account:" of a scenario. */
#ifndef TDPSIM_SCENARIO_ACCOUNT_H
#define TDPSIM_SCENARIO_ACCOUNT_H

#include "scenario/decode.h"
#include "scenario/field.h"
#include "tdpsim/account.h"

struct run;

/* One kind of memory, and what it must cost. */
struct account_row {
	enum tdp_backing backing;
	bool untouched;
	bool read_only;
	const struct node *without, *with;
	const struct expectation *without_are, *with_are;
};

struct account_set {
	unsigned int slot;
	struct list backings; /* of struct account_row */
	const struct node *place;
};

extern const struct args account_args;
extern const struct fields account_fields;

int account_parse(const struct decoder *d, const struct node *node,
		  struct account_set *set);

/* Counts for each row, and holds what is expected against them. */
int account_run(struct run *run);

#endif
