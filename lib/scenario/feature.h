/* SPDX-License-Identifier: MIT */
/* What a scenario may require of the model. */
#ifndef TDPSIM_SCENARIO_FEATURE_H
#define TDPSIM_SCENARIO_FEATURE_H

#include <stdbool.h>

struct feature {
	const char *name;
	bool available;
	const char *about; /* what it is; if missing: why */
};

/* NULL past the last one. */
const struct feature *feature_at(unsigned int index);

const struct feature *feature_find(const char *name);

/* For nearest_word(); the context is not used. */
const char *feature_nth(unsigned int index, const void *context);

#endif
