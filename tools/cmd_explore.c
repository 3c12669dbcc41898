/* SPDX-License-Identifier: MIT */
/* tdpsim explore: all orders of the steps that are not ordered. */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "explored.h"
#include "paths.h"

/* clang-format off */
static const char usage[] =
"Usage: tdpsim explore [OPTIONS] PATH...\n"
"\n"
"Search all orders of the steps that a scenario has in \"together:\", and hold\n"
"always:, never: and sometimes: against what is found.  A folder stands for all\n"
"*.yaml files in it and below it, sorted by name.\n"
"\n"
"  --jobs N            threads (default: 1)\n"
"  --kernel-steps      let others run inside calls, between steps of the kernel,\n"
"                      as if each \"together:\" said kernel_steps: true\n"
"  --no-reduction      also orders that differ only by steps that commute\n"
"  --confirm           put what makes two states one to the test: whenever a state\n"
"                      is reached again, see that it goes on as it did before\n"
"  --max-states N      stop at N distinct states\n"
"  --max-memory SIZE   stop when states take so much (K, M, G)\n"
"  --timeout SECONDS   stop then\n"
"  --shard I/N         only part I of N; one file; needs --output\n"
"  --output FILE       write the shard's answer, for \"tdpsim merge\"\n"
"  --save FILE         write the scenario that replays the first counterexample,\n"
"                      livelock or deadlock\n"
"  --format text|json  how to tell (default: text)\n"
"  --help              show this text\n"
"\n"
"Ctrl-C stops the search, too; what is known so far is printed.\n"
"\n"
"Exit status: 0 all claims hold, 1 one is violated, or there is a livelock or a\n"
"deadlock that no claim speaks of, 2 bad input or usage, 3 internal error (out\n"
"of memory included), 4 not exhausted.\n";
/* clang-format on */

struct options {
	struct tdp_explore_options explore;
	const struct explored_format *format;
	uint64_t timeout; /* seconds; 0: none */
	const char *output;
	const char *save;
};

/* Stopping, and progress --------------------------------------------------------- */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

struct watch {
	const struct options *options;
	struct timespec start, told;
	uint64_t told_states;
	bool terminal;
	const char *stopped;
};

static double since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - then->tv_sec) +
	       1e-9 * (double)(now.tv_nsec - then->tv_nsec);
}

static void tell_progress(struct watch *w, const struct tdp_explore_progress *p)
{
	double seconds = since(&w->told);

	if (seconds < 0.5)
		return;
	fprintf(stderr,
		"\r%" PRIu64 " states, %.0f a second, frontier %" PRIu64
		", %" PRIu64 " MiB\033[K",
		p->states, (double)(p->states - w->told_states) / seconds,
		p->frontier, p->memory >> 20);
	clock_gettime(CLOCK_MONOTONIC, &w->told);
	w->told_states = p->states;
}

static bool on_progress(const struct tdp_explore_progress *p, void *context)
{
	struct watch *w = context;

	if (w->terminal)
		tell_progress(w, p);
	if (interrupted)
		w->stopped = "interrupted";
	else if (w->options->timeout &&
		 since(&w->start) >= (double)w->options->timeout)
		w->stopped = "--timeout";
	return !w->stopped;
}

/* What else may have stopped it. */
static const char *limit_of(const struct watch *w,
			    const struct tdp_exploration *x)
{
	const struct tdp_explore_options *o = &w->options->explore;
	struct tdp_explore_summary s;

	tdp_exploration_summary(x, &s);
	if (s.exhausted || w->stopped)
		return w->stopped;
	if (o->nr_shards)
		return "one shard of several";
	return o->max_states && s.states >= o->max_states ? "--max-states" :
							    "--max-memory";
}

/* One file ----------------------------------------------------------------------- */

static const char *replay_of(const struct tdp_exploration *x)
{
	const char *replay = NULL;
	struct tdp_explore_claim c;
	unsigned int i;

	for (i = 0; tdp_exploration_claim(x, i, &c); i++)
		if (c.violated && c.replay)
			return c.replay;
	tdp_exploration_stuck(x, &replay);
	return replay;
}

static int save(const char *path, const struct tdp_exploration *x)
{
	const char *replay = replay_of(x);
	FILE *file;
	bool failed;

	if (!replay)
		return EXIT_HELD;
	file = fopen(path, "w");
	if (!file) {
		perror(path);
		return EXIT_BAD_INPUT;
	}
	failed = fputs(replay, file) < 0;
	failed |= fclose(file) != 0;
	if (failed)
		perror(path);
	return failed ? EXIT_BAD_INPUT : EXIT_HELD;
}

static int tell(const struct options *options, const char *path,
		const struct tdp_exploration *x, struct watch *watch)
{
	struct tdp_error err = { 0 };
	int ret = explored_exit(x);

	options->format->explored(path, x, limit_of(watch, x));
	if (options->output && tdp_exploration_save(x, options->output, &err))
		return show_error(&err);
	/* A shard that is complete has done what it was asked for. */
	if (options->output && ret == EXIT_NOT_EXHAUSTED && !watch->stopped)
		ret = EXIT_HELD;
	if (options->save)
		ret = explored_worse(ret, save(options->save, x));
	return ret;
}

static int explore(const struct options *options, const char *path,
		   const struct tdp_scenario *scenario)
{
	struct watch watch = {
		.options = options,
		.terminal = isatty(STDERR_FILENO),
	};
	struct tdp_explore_options o = options->explore;
	struct tdp_exploration *x;
	struct tdp_error err = { 0 };
	int ret;

	if (tdp_scenario_missing(scenario)) {
		fprintf(stderr, "%s: skipped: %s\n", path,
			tdp_scenario_missing(scenario));
		return EXIT_HELD;
	}
	clock_gettime(CLOCK_MONOTONIC, &watch.start);
	watch.told = watch.start;
	o.progress = on_progress;
	o.context = &watch;
	ret = tdp_explore(scenario, &o, &x, &err);
	if (watch.terminal)
		fputs("\r\033[K", stderr);
	if (ret)
		return show_error(&err);
	ret = tell(options, path, x, &watch);
	tdp_exploration_destroy(x);
	return ret;
}

static int explore_file(const struct options *options, const char *path)
{
	struct tdp_scenario *scenario;
	struct tdp_error err = { 0 };
	int ret;

	if (tdp_scenario_load(path, &scenario, &err))
		return show_error(&err);
	ret = explore(options, path, scenario);
	tdp_scenario_destroy(scenario);
	return ret;
}

static int explore_paths(const struct options *options, char **argv)
{
	struct paths paths = { 0 };
	int ret = EXIT_HELD;
	size_t i;

	for (; *argv && !ret; argv++)
		ret = paths_add(&paths, *argv);
	if (!ret && options->explore.nr_shards && paths.nr > 1)
		ret = bad_usage("explore", "--shard is for one file");
	if (!ret) {
		options->format->start();
		for (i = 0; i < paths.nr && !interrupted; i++)
			ret = explored_worse(
				ret, explore_file(options, paths.names[i]));
		options->format->finish();
	}
	paths_finish(&paths);
	return ret;
}

/* Options ------------------------------------------------------------------------ */

static bool parse_size(const char *text, uint64_t *value)
{
	static const char units[] = "KMG";
	char number[32];
	size_t length = strlen(text);
	const char *unit = length ? strchr(units, text[length - 1]) : NULL;

	if (!length || length >= sizeof(number))
		return false;
	memcpy(number, text, length + 1);
	if (unit)
		number[length - 1] = '\0';
	if (!parse_number(number, value) || *value > UINT64_MAX >> 30)
		return false;
	if (unit)
		*value <<= 10 * (unit - units + 1);
	return true;
}

static bool parse_shard(const char *text, struct tdp_explore_options *o)
{
	int end = 0;

	return sscanf(text, "%u/%u%n", &o->shard, &o->nr_shards, &end) == 2 &&
	       !text[end] && o->shard && o->shard <= o->nr_shards;
}

static bool take_number(int option, struct options *options)
{
	struct tdp_explore_options *o = &options->explore;
	uint64_t value;

	switch (option) {
	case 'j':
		if (!parse_number(optarg, &value) || !value || value > 256)
			return false;
		o->jobs = (unsigned int)value;
		return true;
	case 'n':
		return parse_number(optarg, &o->max_states) && o->max_states;
	case 'm':
		return parse_size(optarg, &o->max_memory) && o->max_memory;
	case 't':
		return parse_number(optarg, &options->timeout) &&
		       options->timeout;
	default:
		return parse_shard(optarg, o);
	}
}

/* An exit status if there is nothing more to do, else -1. */
static int take_option(int option, struct options *options)
{
	switch (option) {
	case 'f':
		options->format = explored_find("explore", optarg);
		return options->format ? -1 : EXIT_BAD_INPUT;
	case 'k':
		options->explore.kernel_steps = true;
		return -1;
	case 'r':
		options->explore.no_reduction = true;
		return -1;
	case 'c':
		options->explore.confirm = true;
		return -1;
	case 'o':
		options->output = optarg;
		return -1;
	case 's':
		options->save = optarg;
		return -1;
	case 'h':
		fputs(usage, stdout);
		return EXIT_HELD;
	case '?':
		return bad_usage("explore", "see above");
	}
	if (take_number(option, options))
		return -1;
	return bad_usage("explore", "\"%s\" is out of range, or no number",
			 optarg);
}

int cmd_explore(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "jobs", required_argument, NULL, 'j' },
		{ "kernel-steps", no_argument, NULL, 'k' },
		{ "no-reduction", no_argument, NULL, 'r' },
		{ "confirm", no_argument, NULL, 'c' },
		{ "max-states", required_argument, NULL, 'n' },
		{ "max-memory", required_argument, NULL, 'm' },
		{ "timeout", required_argument, NULL, 't' },
		{ "shard", required_argument, NULL, 'i' },
		{ "output", required_argument, NULL, 'o' },
		{ "save", required_argument, NULL, 's' },
		{ "format", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct sigaction action = { .sa_handler = on_interrupt };
	struct options options = { .format = &explored_text };
	int option, ret;

	while ((option = getopt_long(argc, argv, "j:h", long_options, NULL)) !=
	       -1) {
		ret = take_option(option, &options);
		if (ret >= 0)
			return ret;
	}
	if (optind == argc)
		return bad_usage("explore", "no file or folder given");
	if (options.explore.confirm &&
	    (options.explore.jobs > 1 || options.explore.nr_shards))
		return bad_usage("explore",
				 "--confirm goes with one job, and no shards");
	if (!options.explore.nr_shards != !options.output)
		return bad_usage("explore", "--shard and --output go together");
	/* A second Ctrl-C ends the program. */
	action.sa_flags = (int)SA_RESETHAND;
	sigaction(SIGINT, &action, NULL);
	return explore_paths(&options, argv + optind);
}
