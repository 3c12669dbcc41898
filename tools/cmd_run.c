/* SPDX-License-Identifier: MIT */
/* tdpsim run: replay scenarios and check what they expect. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "paths.h"
#include "report.h"

/* clang-format off */
static const char usage[] =
"Usage: tdpsim run [OPTIONS] PATH...\n"
"\n"
"Replay scenarios and hold what happens against what they expect.  A folder\n"
"stands for all *.yaml files in it and below it, sorted by name.\n"
"\n"
"  --format text|tap|junit|json\n"
"             how to tell (default: text)\n"
"  --verbose  text: every step, event and check\n"
"  --verify   check the model's invariants after every step\n"
"  --help     show this text\n"
"\n"
"A failed expectation is told as FILE:LINE:COLUMN: VERB: FIELD: expected ...,\n"
"got ..., followed by what the step gave and the events that led there.  A\n"
"scenario that requires what the model lacks is skipped and counted apart.\n"
"\n"
"Exit status: 0 all checks hold, 1 an expectation failed, 2 bad input or usage,\n"
"3 internal error (out of memory included).\n";
/* clang-format on */

struct options {
	const struct reporter *reporter;
	bool verbose;
	bool verify;
};

/* One run, for the callbacks. */
struct context {
	const struct reporter *reporter;
	const char *path;
};

static void on_check(const struct tdp_check *check, void *context)
{
	const struct context *c = context;

	c->reporter->check(c->path, check);
}

static void on_step(unsigned int step, const char *verb, unsigned int line,
		    void *context)
{
	const struct context *c = context;

	c->reporter->step(step, verb, line);
}

static void on_event(const struct tdp_event *event, void *context)
{
	const struct context *c = context;

	c->reporter->event(event);
}

static int replay(const struct options *options, struct tdp_scenario *scenario,
		  struct replayed *r, struct tdp_error *err)
{
	struct context context = { options->reporter, r->path };
	const struct tdp_report report = {
		.check = options->reporter->check ? on_check : NULL,
		.step = options->reporter->step ? on_step : NULL,
		.trace = options->reporter->event ? on_event : NULL,
		.context = &context,
		.verify = options->verify,
	};

	r->name = tdp_scenario_name(scenario);
	r->why = tdp_scenario_missing(scenario);
	if (r->why) {
		r->verdict = VERDICT_SKIPPED;
		return TDP_OK;
	}
	return tdp_scenario_run(scenario, &report, &r->summary, err);
}

static void count(struct totals *totals, const struct replayed *r)
{
	totals->scenarios++;
	totals->checks += r->summary.checks;
	totals->failed += r->summary.failed;
	totals->skipped += r->verdict == VERDICT_SKIPPED;
	totals->broken += r->verdict == VERDICT_BROKEN;
}

static int run_file(const struct options *options, const char *path,
		    struct totals *totals)
{
	const struct reporter *reporter = options->reporter;
	struct tdp_scenario *scenario = NULL;
	struct replayed r = { .path = path };
	struct tdp_error err = { 0 };
	char why[sizeof(err.path) + sizeof(err.message) + 32];
	int ret;

	if (reporter->scenario)
		reporter->scenario(path);
	ret = tdp_scenario_load(path, &scenario, &err);
	if (!ret)
		ret = replay(options, scenario, &r, &err);
	if (ret) {
		show_error(&err);
		r.verdict = VERDICT_BROKEN;
		r.why = tdp_error_print(&err, why, sizeof(why));
	} else if (r.summary.failed) {
		r.verdict = VERDICT_FAILED;
	}
	count(totals, &r);
	reporter->replayed(&r, totals->scenarios);
	tdp_scenario_destroy(scenario);
	return exit_worse(exit_of(ret),
			  r.summary.failed ? EXIT_FAILED : EXIT_HELD);
}

static int run_paths(const struct options *options, char **argv)
{
	struct totals totals = { 0 };
	struct paths paths = { 0 };
	int ret = EXIT_HELD;
	size_t i;

	for (; *argv && !ret; argv++)
		ret = paths_add(&paths, *argv);
	if (!ret && options->reporter->start)
		options->reporter->start();
	if (!ret) {
		for (i = 0; i < paths.nr; i++)
			ret = exit_worse(ret, run_file(options, paths.names[i],
						       &totals));
		options->reporter->finish(&totals);
	}
	paths_finish(&paths);
	return ret;
}

static const struct reporter *reporter_find(const char *name)
{
	static const struct reporter *const reporters[] = {
		&report_text,
		&report_tap,
		&report_junit,
		&report_json,
	};
	size_t i;

	for (i = 0; i < sizeof(reporters) / sizeof(reporters[0]); i++)
		if (!strcmp(reporters[i]->name, name))
			return reporters[i];
	return NULL;
}

/* An exit status if there is nothing more to do, else -1. */
static int take_option(int option, struct options *options)
{
	switch (option) {
	case 'f':
		options->reporter = reporter_find(optarg);
		if (options->reporter)
			return -1;
		return bad_usage("run",
				 "no format \"%s\": text, tap, junit or json",
				 optarg);
	case 'v':
		options->verbose = true;
		return -1;
	case 'c':
		options->verify = true;
		return -1;
	case 'h':
		fputs(usage, stdout);
		return EXIT_HELD;
	}
	return bad_usage("run", "see above");
}

int cmd_run(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "format", required_argument, NULL, 'f' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "verify", no_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct options options = { .reporter = &report_text };
	int option, ret;

	while ((option = getopt_long(argc, argv, "vh", long_options, NULL)) !=
	       -1) {
		ret = take_option(option, &options);
		if (ret >= 0)
			return ret;
	}
	if (optind == argc)
		return bad_usage("run", "no file or folder given");
	if (options.verbose && options.reporter != &report_text)
		return bad_usage("run", "--verbose is for the format text");
	if (options.verbose)
		options.reporter = &report_text_verbose;
	return run_paths(&options, argv + optind);
}
