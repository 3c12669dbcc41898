/* SPDX-License-Identifier: MIT */
/* The files of vectors, in full: every answer agrees. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/unit.h"

#include "tdpsim/vectors.h"

static const struct file {
	const char *name;
	const char *path;
	uint64_t accesses;
} files[] = {
	{ "walk_examples", "vectors/walk-examples.tsv", 113 },
	{ "native", "vectors/native.walk.xz", 35967 },
	{ "ept", "vectors/ept.walk.xz", 44111 },
	{ "npt", "vectors/npt.walk.xz", 39517 },
};

/* Show some of the failures, not thousands. */
static void note_mismatch(const struct tdp_vector_mismatch *m, void *context)
{
	unsigned int *shown = context;

	if ((*shown)++ < 10)
		print_message("# %s:%u: %s: expected %s, actual %s\n", m->path,
			      m->line, m->input, m->expected, m->actual);
}

static void note_line(const char *line, void *context)
{
	FILE *printed = context;

	fprintf(printed, "%s\n", line);
}

static FILE *open_file(const struct file *f)
{
	FILE *file = fopen(f->path, "rb");

	assert_non_null(file);
	return file;
}

static void run(FILE *file, const struct tdp_vectors_options *options,
		struct tdp_vectors_summary *summary)
{
	struct tdp_error err = { .message = "" };
	int ret = tdp_vectors_run(file, "vectors", options, summary, &err);

	fclose(file);
	if (ret == TDP_EUNSUPPORTED)
		skip();
	if (ret)
		fail_msg("%u:%u: %s", err.line, err.column, err.message);
}

static void all_answers_agree(void **state)
{
	const struct file *f = *state;
	unsigned int shown = 0;
	const struct tdp_vectors_options options = {
		.mismatch = note_mismatch,
		.context = &shown,
	};
	struct tdp_vectors_summary summary;

	run(open_file(f), &options, &summary);
	assert_int_equal(summary.failed, 0);
	assert_int_equal(summary.passed, f->accesses);
	assert_int_equal(summary.accesses, f->accesses);
}

/* What --print writes is a file of the same accesses that passes in full. */
static void printed_answers_pass(void **state)
{
	const struct file *f = *state;
	struct tdp_vectors_options options = { .print = note_line };
	struct tdp_vectors_summary summary;
	FILE *printed;
	char *text;
	size_t size;

	printed = open_memstream(&text, &size);
	assert_non_null(printed);
	options.context = printed;
	run(open_file(f), &options, &summary);
	fclose(printed);
	assert_int_equal(summary.passed + summary.failed, 0);

	run(fmemopen(text, size, "r"), NULL, &summary);
	assert_int_equal(summary.passed, f->accesses);
	assert_int_equal(summary.failed, 0);
	free(text);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(files, all_answers_agree),
		ROWS(files, printed_answers_pass),
	};

	return RUN("vectors", suites);
}
