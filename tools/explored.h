/* SPDX-License-Identifier: MIT */
/* Telling what an exploration found. */
#ifndef TDPSIM_TOOLS_EXPLORED_H
#define TDPSIM_TOOLS_EXPLORED_H

#include "cmd.h"

struct explored_format {
	const char *name;
	void (*start)(void);
	void (*explored)(const char *path, const struct tdp_exploration *x,
			 const char *stopped);
	void (*finish)(void);
};

extern const struct explored_format explored_text, explored_json;

/* NULL: no such format; a message was printed. */
const struct explored_format *explored_find(const char *command,
					    const char *name);

/* 0, 1, or 4 for what was not exhausted. */
int explored_exit(const struct tdp_exploration *x);

/* Of two; a violation is worse than an end that was not reached. */
int explored_worse(int a, int b);

#endif
