/* SPDX-License-Identifier: MIT */
/* tdpsim diff: a scenario against recordings of real kernels. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <tdpsim/recording.h>

#include "cmd.h"

/* clang-format off */
static const char usage[] =
"Usage: tdpsim diff [--verbose] SCENARIO RECORDING...\n"
"\n"
"Replay a scenario as the kernel and on the machine of each recording, and\n"
"compare: return codes, arguments, kvm_run, counters, and every trace event\n"
"with its fields, in order.  The scenario names the recorded case\n"
"(\"recording:\") and, step by step, the recorded steps (\"recorded:\").\n"
"docs/recordings.md says what is compared and what is not.\n"
"\n"
"  --verbose  also name the steps that the scenario leaves out, with the reason\n"
"  --help     show this text\n"
"\n"
"Prints a line for each difference: where, which step, event and field, what\n"
"the kernel did and what the model does; at the end the counts.\n"
"\n"
"Exit status: 0 no difference, 1 some, 2 bad input or usage, 3 internal error.\n";
/* clang-format on */

struct context {
	const char *scenario;
	const char *recording;
	bool verbose;
};

static void on_difference(const struct tdp_difference *d, void *context)
{
	const struct context *c = context;

	printf("%s:%u: %s: step %u (%s): ", c->scenario, d->line, c->recording,
	       d->step, d->op);
	if (d->event)
		printf("event %u: ", d->event);
	printf("%s: recorded %s, model %s\n", d->field,
	       d->recorded[0] ? d->recorded : "nothing",
	       d->model[0] ? d->model : "nothing");
}

static void on_left_out(unsigned int step, const char *op, const char *why,
			void *context)
{
	const struct context *c = context;

	if (c->verbose)
		printf("%s: %s: step %u (%s): left out: %s\n", c->scenario,
		       c->recording, step, op, why);
}

static void add(struct tdp_diff_summary *sum,
		const struct tdp_diff_summary *one)
{
	sum->steps += one->steps;
	sum->lost += one->lost;
	sum->events += one->events;
	sum->left_out += one->left_out;
	sum->explained += one->explained;
	sum->differences += one->differences;
}

static int diff_one(const char *scenario, const char *path, bool verbose,
		    struct tdp_diff_summary *total)
{
	struct context context = { scenario, path, verbose };
	const struct tdp_diff_report report = {
		.difference = on_difference,
		.left_out = on_left_out,
		.context = &context,
	};
	struct tdp_diff_summary summary;
	struct tdp_recording *recording;
	struct tdp_error err = { 0 };

	if (tdp_recording_open(path, &recording, &err))
		return show_error(&err);
	if (tdp_recording_diff(recording, scenario, &report, &summary, &err)) {
		tdp_recording_close(recording);
		return show_error(&err);
	}
	tdp_recording_close(recording);
	add(total, &summary);
	return summary.differences ? EXIT_FAILED : EXIT_HELD;
}

static int diff_all(const char *scenario, char **paths, bool verbose)
{
	struct tdp_diff_summary total = { 0 };
	int status = EXIT_HELD;

	for (; *paths; paths++)
		status = exit_worse(
			status, diff_one(scenario, *paths, verbose, &total));
	printf("%u steps, %u events compared, %u differences", total.steps,
	       total.events, total.differences);
	if (total.explained)
		printf(", %u explained", total.explained);
	if (total.left_out)
		printf(", %u steps left out", total.left_out);
	if (total.lost)
		printf(", events of %u steps lost by the recorder", total.lost);
	putchar('\n');
	return status;
}

int cmd_diff(int argc, char **argv)
{
	static const struct option options[] = {
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	bool verbose = false;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'v':
			verbose = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_HELD;
		default:
			fputs("Try \"tdpsim diff --help\".\n", stderr);
			return EXIT_BAD_INPUT;
		}
	}
	if (argc - optind < 2)
		return bad_usage("diff",
				 "a scenario and a recording are needed");
	return diff_all(argv[optind], argv + optind + 1, verbose);
}
