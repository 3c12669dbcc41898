/* SPDX-License-Identifier: MIT */
/* Tables of load.c that the reference documentation shows. */
#ifndef TDPSIM_SCENARIO_TOP_H
#define TDPSIM_SCENARIO_TOP_H

#include "scenario/decode.h"

struct step;

extern const struct args top_args;
extern const struct args step_args;   /* beside a verb */
extern const struct args expect_args; /* beside fields */

/* A list of steps; @inside a "together:". */
int steps_parse(const struct decoder *d, const struct node *node, bool inside,
		struct step **steps, unsigned int *nr);

#endif
