/* SPDX-License-Identifier: MIT */
#include "scenario/vector_run.h"

#include "scenario/vector_input.h"

void vector_verdict(const struct vector_run *run, bool passed,
		    const struct tdp_vector_mismatch *mismatch)
{
	if (passed) {
		run->summary->passed++;
		return;
	}
	run->summary->failed++;
	if (run->options && run->options->mismatch)
		run->options->mismatch(mismatch, run->options->context);
}

static bool is_blank_or_comment(const char *line)
{
	return !*line || *line == '#';
}

/* Feed all lines to @format, of which @line is the first. */
static int feed(const struct vector_format *format, void *state,
		const struct vector_run *run, struct vector_input *in,
		char *line)
{
	int ret = TDP_OK;

	for (; line && !ret; ret = vector_input_line(in, &line, run->err)) {
		struct vector_cursor c = {
			.path = run->path,
			.line = vector_input_number(in),
			.text = line,
			.p = line,
			.err = run->err,
		};

		if (!is_blank_or_comment(line))
			ret = format->line(state, &c);
		else if (vector_prints(run))
			vector_print(run, line);
		if (ret)
			return ret;
	}
	return ret ? ret : format->end(state);
}

static int run_input(const struct vector_run *run, struct vector_input *in)
{
	const struct vector_format *format = &vector_script;
	void *state;
	char *line;
	int ret;

	ret = vector_input_line(in, &line, run->err);
	if (ret || !line)
		return ret;
	if (!strncmp(line, VECTOR_TABLE_HEAD, strlen(VECTOR_TABLE_HEAD)))
		format = &vector_table;
	ret = format->create(run, &state);
	if (ret)
		return ret;
	ret = feed(format, state, run, in, line);
	format->destroy(state);
	return ret;
}

int tdp_vectors_run(FILE *file, const char *path,
		    const struct tdp_vectors_options *options,
		    struct tdp_vectors_summary *summary, struct tdp_error *err)
{
	const struct vector_run run = { path, options, summary, err };
	struct vector_input *in;
	int ret;

	*summary = (struct tdp_vectors_summary){ 0 };
	ret = vector_input_open(&in, file, path, err);
	if (ret)
		return ret;
	ret = run_input(&run, in);
	vector_input_close(in);
	return ret;
}
