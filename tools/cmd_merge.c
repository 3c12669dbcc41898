/* SPDX-License-Identifier: MIT */
/* tdpsim merge: the answers of shards as one. */
#include <getopt.h>
#include <stdio.h>

#include "explored.h"

/* clang-format off */
static const char usage[] =
"Usage: tdpsim merge [OPTIONS] FILE...\n"
"\n"
"Put together what \"tdpsim explore --shard I/N --output FILE\" wrote: the answer\n"
"is that of the search without shards.\n"
"\n"
"  --format text|json  how to tell (default: text)\n"
"  --help              show this text\n"
"\n"
"Exit status: as of \"tdpsim explore\"; 4 if a shard is missing or incomplete.\n";
/* clang-format on */

static int merge(const struct explored_format *format, char **argv, int nr)
{
	struct tdp_explore_summary summary;
	struct tdp_exploration *x;
	struct tdp_error err = { 0 };
	int ret;

	if (tdp_exploration_merge((const char *const *)argv, (unsigned int)nr,
				  &x, &err))
		return show_error(&err);
	format->start();
	tdp_exploration_summary(x, &summary);
	format->explored(
		argv[0], x,
		summary.exhausted ? NULL : "shards are missing or incomplete");
	format->finish();
	ret = explored_exit(x);
	tdp_exploration_destroy(x);
	return ret;
}

int cmd_merge(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "format", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const struct explored_format *format = &explored_text;
	int option;

	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) !=
	       -1) {
		switch (option) {
		case 'f':
			format = explored_find("merge", optarg);
			if (!format)
				return EXIT_BAD_INPUT;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_HELD;
		default:
			return bad_usage("merge", "see above");
		}
	}
	if (optind == argc)
		return bad_usage("merge", "no file given");
	return merge(format, argv + optind, argc - optind);
}
