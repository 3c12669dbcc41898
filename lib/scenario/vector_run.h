/* SPDX-License-Identifier: MIT */
/* What the two formats of vector files share. */
#ifndef TDPSIM_SCENARIO_VECTOR_RUN_H
#define TDPSIM_SCENARIO_VECTOR_RUN_H

#include "scenario/vector_cursor.h"
#include "tdpsim/vectors.h"

/*
 * Flat part of a machine's memory: hardly any.  A new machine comes every
 * few accesses, and the sparse part is cleared faster than pages are unmapped.
 */
#define VECTOR_FLAT_SIZE UINT64_C(4096)

struct vector_run {
	const char *path;
	const struct tdp_vectors_options *options;
	struct tdp_vectors_summary *summary;
	struct tdp_error *err;
};

/*
 * One format.  line() is given every line that is neither blank nor a
 * comment, with the cursor at its start; end() comes after the last one.
 */
struct vector_format {
	int (*create)(const struct vector_run *run, void **state);
	int (*line)(void *state, struct vector_cursor *c);
	int (*end)(void *state);
	void (*destroy)(void *state);
};

extern const struct vector_format vector_script;
extern const struct vector_format vector_table;

/* First line of a table. */
#define VECTOR_TABLE_HEAD "id\tmode\tdeltas\taccess\tresult\t"

static inline bool vector_prints(const struct vector_run *run)
{
	return run->options && run->options->print;
}

static inline void vector_print(const struct vector_run *run, const char *line)
{
	run->options->print(line, run->options->context);
}

/* Count one answer and tell who listens if it failed. */
void vector_verdict(const struct vector_run *run, bool passed,
		    const struct tdp_vector_mismatch *mismatch);

#endif
