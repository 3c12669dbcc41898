/* SPDX-License-Identifier: MIT */
/* Tables of load.c that the reference documentation shows. */
#ifndef TDPSIM_SCENARIO_TOP_H
#define TDPSIM_SCENARIO_TOP_H

#include "scenario/decode.h"

extern const struct args top_args;
extern const struct args step_args;   /* beside a verb */
extern const struct args expect_args; /* beside fields */

#endif
