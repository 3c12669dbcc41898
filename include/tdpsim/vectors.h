/* SPDX-License-Identifier: MIT */
/*
 * Bulk vectors: files of machines, accesses and the answers they must give.
 *
 * Two formats, told apart by their first line: the walk script, in which
 * lines set state and memory, make an access and state its answer; and the
 * table of walk examples, one rule a row.  docs/vectors.md describes both.
 */
#ifndef TDPSIM_VECTORS_H
#define TDPSIM_VECTORS_H

#include <stdio.h>

#include "error.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct tdp_vector_mismatch - an answer that is not the stated one
 * @path:     of the file
 * @line:     of the stated answer, from 1
 * @machine:  line where the machine was set up; @line itself in a table
 * @input:    the access as the file words it; in a table: the row's name,
 *            mode, deltas and access
 * @expected: the answer as the file states it
 * @actual:   the model's answer, in the same notation
 *
 * Strings are valid during the callback.
 */
struct tdp_vector_mismatch {
	const char *path;
	unsigned int line;
	unsigned int machine;
	const char *input;
	const char *expected;
	const char *actual;
};

/**
 * struct tdp_vectors_options - who listens to a run; each may be NULL
 * @mismatch: called for every answer that differs, in the file's order
 * @print:    if set, nothing is compared: called for every line of the file
 *            with the model's answers in the place of the stated ones, and
 *            with answers for accesses that have none.  @line has no newline
 * @context:  handed to both
 */
struct tdp_vectors_options {
	void (*mismatch)(const struct tdp_vector_mismatch *mismatch,
			 void *context);
	void (*print)(const char *line, void *context);
	void *context;
};

/**
 * struct tdp_vectors_summary - counts of one run
 * @accesses: made, with or without a stated answer
 * @passed:   stated answers that the model gives
 * @failed:   stated answers that it does not give
 */
struct tdp_vectors_summary {
	uint64_t accesses;
	uint64_t passed;
	uint64_t failed;
};

/**
 * tdp_vectors_run() - run a file of vectors
 * @file:    plain or xz-compressed text; read to its end, not closed
 * @path:    name of @file in messages
 * @options: may be NULL
 * @summary: receives the counts, on failure those up to the bad line
 * @err:     may be NULL; path, line and column are set for bad content
 *
 * Streams: memory use does not depend on the length of the file.  A line is
 * checked in full before it has any effect, and the first malformed one ends
 * the run: nothing after it is looked at.  Limits: 65,535 bytes a line,
 * 65,536 words of memory set by a machine.
 *
 * Return: TDP_OK, even if answers differ; TDP_EINPUT for a malformed line or
 * a state that no processor can have; TDP_ELIMIT; TDP_EIO; TDP_EUNSUPPORTED
 * for compressed input in a build without liblzma; TDP_ENOMEM.
 */
TDP_API int tdp_vectors_run(FILE *file, const char *path,
			    const struct tdp_vectors_options *options,
			    struct tdp_vectors_summary *summary,
			    struct tdp_error *err);

#ifdef __cplusplus
}
#endif
#endif
