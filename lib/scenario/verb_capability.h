/* SPDX-License-Identifier: MIT */
#ifndef TDPSIM_SCENARIO_VERB_CAPABILITY_H
#define TDPSIM_SCENARIO_VERB_CAPABILITY_H

#include <stdbool.h>

/* Arguments of check_extension, which a recording is compared by. */
struct extension_args {
	unsigned int cap;
	bool system;
};

#endif
