/* SPDX-License-Identifier: MIT */
#include "scenario/check.h"
#include "scenario/verb.h"

struct check_args {
	struct check_set set;
};

/* The keys are those of the final "check:". */
static int parse_check(const struct decoder *d, const struct node *node,
		       void *args)
{
	struct check_args *a = args;

	return check_parse(d, node, &a->set);
}

static int run_check(struct run *run, const void *args)
{
	const struct check_args *a = args;

	return check_run(run, &a->set);
}

const struct verb verb_check = {
	.name = "check",
	.about =
		"look at the machine between two steps; keys as of the final \"check:\"",
	.args = { NULL, 0, sizeof(struct check_args) },
	.parses_itself = true,
	.check_args = parse_check,
	.run = run_check,
};
