/* SPDX-License-Identifier: MIT */
/* tdpsim vectors: bulk vectors, compared or answered. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tdpsim/vectors.h>

#include "cmd.h"

/* clang-format off */
static const char usage[] =
"Usage: tdpsim vectors [--print] FILE...\n"
"\n"
"Make every access of the files and hold what comes of it against the answers\n"
"that they state.  A file is a walk script or a table of walk examples, plain\n"
"or xz-compressed; \"-\" is standard input.  docs/vectors.md describes both.\n"
"\n"
"  --print  write the files with the model's answers instead of comparing\n"
"  --help   show this text\n"
"\n"
"Prints the access, the stated and the model's answer for each that differs,\n"
"and at the end \"N passed, M failed\".\n"
"\n"
"Exit status: 0 all answers agree, or --print; 1 some differ; 2 bad usage or a\n"
"malformed line, and then nothing after that line is run; 3 an internal error.\n";
/* clang-format on */

static void show_mismatch(const struct tdp_vector_mismatch *m, void *context)
{
	(void)context;
	printf("%s:%u: %s\n", m->path, m->line, m->input);
	if (m->machine != m->line)
		printf("  machine  %s:%u\n", m->path, m->machine);
	printf("  expected %s\n  actual   %s\n", m->expected, m->actual);
}

static void show_line(const char *line, void *context)
{
	(void)context;
	puts(line);
}

static int run_stream(FILE *file, const char *path,
		      const struct tdp_vectors_options *options,
		      struct tdp_vectors_summary *total)
{
	struct tdp_vectors_summary one;
	struct tdp_error err;

	if (tdp_vectors_run(file, path, options, &one, &err))
		return show_error(&err);
	total->passed += one.passed;
	total->failed += one.failed;
	return EXIT_HELD;
}

static int run_file(const char *path, const struct tdp_vectors_options *options,
		    struct tdp_vectors_summary *total)
{
	FILE *file;
	int ret;

	if (!strcmp(path, "-"))
		return run_stream(stdin, "<stdin>", options, total);
	file = fopen(path, "rb");
	if (!file) {
		fprintf(stderr, "%s: cannot be opened: %s\n", path,
			strerror(errno));
		return EXIT_BAD_INPUT;
	}
	ret = run_stream(file, path, options, total);
	fclose(file);
	return ret;
}

static int run_files(char **paths, bool print)
{
	const struct tdp_vectors_options options = {
		.mismatch = show_mismatch,
		.print = print ? show_line : NULL,
	};
	struct tdp_vectors_summary total = { 0 };

	for (; *paths; paths++) {
		const int ret = run_file(*paths, &options, &total);

		if (ret)
			return ret;
	}
	if (!print)
		printf("%" PRIu64 " passed, %" PRIu64 " failed\n", total.passed,
		       total.failed);
	return total.failed ? EXIT_FAILED : EXIT_HELD;
}

int cmd_vectors(int argc, char **argv)
{
	static const struct option options[] = {
		{ "print", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	bool print = false;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			print = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_HELD;
		default:
			fputs("Try \"tdpsim vectors --help\".\n", stderr);
			return EXIT_BAD_INPUT;
		}
	}
	if (optind == argc)
		return bad_usage("vectors", "no file given");
	return run_files(argv + optind, print);
}
