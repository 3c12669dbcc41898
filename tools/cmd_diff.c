/* SPDX-License-Identifier: MIT */
/* tdpsim diff: a scenario against recordings of real kernels. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <tdpsim/recording.h>

#include "cmd.h"
#include "paths.h"

/* clang-format off */
static const char usage[] =
"Usage: tdpsim diff [--verbose] SCENARIO... RECORDING...\n"
"\n"
"Replay each scenario as the kernel and on the machine of each recording, and\n"
"compare: return codes, arguments, kvm_run, counters, and every trace event\n"
"with its fields, in order.  Scenarios are *.yaml, or folders of them; what\n"
"else is named is a recording.  One by tdpsim-kvm holds the scenario itself;\n"
"for others, the scenario names the recorded case (\"recording:\") and, step by\n"
"step, the recorded steps (\"recorded:\").  docs/recordings.md says what is\n"
"compared and what is not.\n"
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

/* What several comparisons came to. */
struct total {
	struct tdp_diff_summary sum;
	unsigned int scenarios;
	unsigned int refused; /* the model can't decide a situation in them */
};

/* Not compared, and said so: the rest goes on. */
static int refused(const struct tdp_error *err, struct total *total)
{
	char text[sizeof(err->path) + sizeof(err->message) + 32];

	if (err->status != TDP_EUNSUPPORTED)
		return show_error(err);
	printf("%s\n", tdp_error_print(err, text, sizeof(text)));
	total->refused++;
	return EXIT_HELD;
}

static int diff_one(const char *scenario, const char *path,
		    const struct tdp_recording *recording, bool verbose,
		    struct total *total)
{
	struct context context = { scenario, path, verbose };
	const struct tdp_diff_report report = {
		.difference = on_difference,
		.left_out = on_left_out,
		.context = &context,
	};
	struct tdp_diff_summary summary;
	struct tdp_error err = { 0 };

	if (tdp_recording_diff(recording, scenario, &report, &summary, &err))
		return refused(&err, total);
	add(&total->sum, &summary);
	total->scenarios += summary.steps > 0;
	return summary.differences ? EXIT_FAILED : EXIT_HELD;
}

static int diff_recording(const struct paths *scenarios, const char *path,
			  bool verbose, struct total *total)
{
	struct tdp_recording *recording;
	struct tdp_error err = { 0 };
	int status = EXIT_HELD;
	size_t i;

	if (tdp_recording_open(path, &recording, &err))
		return show_error(&err);
	for (i = 0; i < scenarios->nr; i++)
		status = exit_worse(status,
				    diff_one(scenarios->names[i], path,
					     recording, verbose, total));
	tdp_recording_close(recording);
	return status;
}

static void show_total(const struct total *total, bool several)
{
	const struct tdp_diff_summary *sum = &total->sum;

	if (several)
		printf("%u scenarios, ", total->scenarios);
	printf("%u steps, %u events compared, %u differences", sum->steps,
	       sum->events, sum->differences);
	if (sum->explained)
		printf(", %u explained", sum->explained);
	if (sum->left_out)
		printf(", %u steps left out", sum->left_out);
	if (sum->lost)
		printf(", events of %u steps lost by the recorder", sum->lost);
	if (total->refused)
		printf(", %u scenarios refused by the model", total->refused);
	putchar('\n');
}

static bool is_scenario(const char *path)
{
	const char *dot = strrchr(path, '.');
	struct stat stat_;

	if (dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml")))
		return true;
	return !stat(path, &stat_) && S_ISDIR(stat_.st_mode);
}

static int diff_all(char **arguments, bool verbose)
{
	struct paths scenarios = { NULL, 0 };
	struct total total = { .scenarios = 0 };
	unsigned int recordings = 0;
	int status = EXIT_HELD;
	char **at;

	for (at = arguments; *at && !status; at++)
		if (is_scenario(*at))
			status = paths_add(&scenarios, *at);
	for (at = arguments; *at && status < EXIT_BAD_INPUT; at++) {
		if (is_scenario(*at))
			continue;
		recordings++;
		status = exit_worse(status, diff_recording(&scenarios, *at,
							   verbose, &total));
	}
	if (!scenarios.nr || !recordings)
		status = exit_worse(
			status,
			bad_usage("diff",
				  "a scenario and a recording are needed"));
	else
		show_total(&total, scenarios.nr > 1);
	paths_finish(&scenarios);
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
	return diff_all(argv + optind, verbose);
}
