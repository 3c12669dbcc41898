/* SPDX-License-Identifier: MIT */
/* What the subcommands share.  Only tools/ prints. */
#ifndef TDPSIM_TOOLS_CMD_H
#define TDPSIM_TOOLS_CMD_H

#include <stdbool.h>
#include <stdint.h>

#include <tdpsim/tdpsim.h>

enum exit_status {
	EXIT_HELD = 0,          /* all expectations hold */
	EXIT_FAILED = 1,        /* one does not */
	EXIT_BAD_INPUT = 2,     /* or bad usage */
	EXIT_INTERNAL = 3,      /* out of memory included */
	EXIT_NOT_EXHAUSTED = 4, /* an exploration ended before all was seen */
};

/* Each gets its name as argv[0] and returns an exit status. */
int cmd_run(int argc, char **argv);
int cmd_explore(int argc, char **argv);
int cmd_merge(int argc, char **argv);
int cmd_walk(int argc, char **argv);
int cmd_account(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_generate(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_vectors(int argc, char **argv);
int cmd_schema(int argc, char **argv);
int cmd_diff(int argc, char **argv);

/* The exit status that a library status stands for. */
int exit_of(int status);

/* The worse of two: internal errors, then bad input, then failures. */
int exit_worse(int a, int b);

/* "path:line:column: message" to standard error; returns exit_of(). */
int show_error(const struct tdp_error *err);

/* A sentence about usage to standard error; returns EXIT_BAD_INPUT. */
__attribute__((format(printf, 2, 3))) int bad_usage(const char *command,
						    const char *fmt, ...);

/* "0x1000", "4096"; false if @text is no number. */
bool parse_number(const char *text, uint64_t *value);

#endif
