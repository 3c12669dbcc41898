/* SPDX-License-Identifier: MIT */
/* Files and folders as a sorted list of files. */
#ifndef TDPSIM_TOOLS_PATHS_H
#define TDPSIM_TOOLS_PATHS_H

#include <stddef.h>

struct paths {
	char **names;
	size_t nr;
};

/*
 * A file stands for itself; a folder for all *.yaml and *.yml in it and below
 * it, in the order of their names.
 *
 * Returns an exit status; a message was printed unless it is 0.
 */
int paths_add(struct paths *paths, const char *path);

void paths_finish(struct paths *paths);

#endif
