/* SPDX-License-Identifier: MIT */
/* tdpsim diff: scenarios against recordings of real kernels. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <tdpsim/recording.h>

#include "cmd.h"
#include "paths.h"
#include "report.h"

/* clang-format off */
static const char usage[] =
"Usage: tdpsim diff [OPTIONS] SCENARIO... RECORDING...\n"
"       tdpsim diff [OPTIONS] --pairs FILE\n"
"\n"
"Replay scenarios as the kernel and on the machine of each recording, and\n"
"compare: return codes, arguments, kvm_run, counters, and every trace event\n"
"with its fields, in order.  Scenarios are *.yaml, or folders of them; what\n"
"else is named is a recording.  One by tdpsim-kvm holds the scenario itself;\n"
"for others, the scenario names the recorded case (\"recording:\") and, step by\n"
"step, the recorded steps (\"recorded:\").  docs/recordings.md says what is\n"
"compared and what is not.  The text of tracefs' trace or of trace-cmd report -N\n"
"is compared event by event, on the scenario's own machine.\n"
"\n"
"  --pairs FILE  lines with a recording, a tab and a scenario: these pairs only\n"
"  --summary     also a line for each recording: cases, steps, events\n"
"  --format text|json  how (default: text); json names what was compared\n"
"  --verbose     also name the steps that a scenario leaves out, with the reason\n"
"  --help        show this text\n"
"\n"
"Prints a line for each difference: where, which step, event and field, what\n"
"the kernel did and what the model does; at the end the counts.\n"
"\n"
"Exit status: 0 no difference, 1 some, 2 bad input or usage, 3 internal error.\n";
/* clang-format on */

#define MAX_CASES 256
#define MAX_VMS   64

struct count {
	struct tdp_diff_summary sum;
	char cases[MAX_CASES][32];
	unsigned int nr_cases;
	unsigned int nr_scenarios;
	unsigned int refused; /* the model can't decide a situation in them */
};

struct diff_run {
	bool verbose, summary, json;
	const char *path; /* of the recording that is open */
	struct tdp_recording *recording;
	const char *scenario;
	char case_name[32];
	unsigned int vms[MAX_VMS]
			[2]; /* first and last step, of this scenario */
	unsigned int nr_vms;
	struct count one, total;
	unsigned int nr_recordings;
	int status;
};

/* Differences --------------------------------------------------------------- */

static void on_difference(const struct tdp_difference *d, void *context)
{
	const struct diff_run *run = context;
	FILE *out = run->json ? stderr : stdout;

	fprintf(out, "%s:%u: %s: step %u (%s): ", run->scenario, d->line,
		run->path, d->step, d->op);
	if (d->event)
		fprintf(out, "event %u: ", d->event);
	fprintf(out, "%s: recorded %s, model %s\n", d->field,
		d->recorded[0] ? d->recorded : "nothing",
		d->model[0] ? d->model : "nothing");
}

static void on_left_out(unsigned int step, const char *op, const char *why,
			void *context)
{
	const struct diff_run *run = context;

	if (run->verbose)
		fprintf(run->json ? stderr : stdout,
			"%s: %s: step %u (%s): left out: %s\n", run->scenario,
			run->path, step, op, why);
}

/* Counts ---------------------------------------------------------------------- */

static void add_case(struct count *count, const char *name)
{
	unsigned int i;

	if (!name[0])
		return;
	for (i = 0; i < count->nr_cases; i++)
		if (!strcmp(count->cases[i], name))
			return;
	if (count->nr_cases < MAX_CASES)
		snprintf(count->cases[count->nr_cases++],
			 sizeof(count->cases[0]), "%s", name);
}

static void add(struct count *count, const char *case_name,
		const struct tdp_diff_summary *one)
{
	add_case(count, case_name);
	count->nr_scenarios++;
	count->sum.steps += one->steps;
	count->sum.lost += one->lost;
	count->sum.events += one->events;
	count->sum.left_out += one->left_out;
	count->sum.explained += one->explained;
	count->sum.differences += one->differences;
}

static void print_counts(const struct count *count)
{
	const struct tdp_diff_summary *sum = &count->sum;

	printf("%u steps, %u events compared, %u differences", sum->steps,
	       sum->events, sum->differences);
	if (sum->explained)
		printf(", %u explained", sum->explained);
	if (sum->left_out)
		printf(", %u steps left out", sum->left_out);
	if (sum->lost)
		printf(", events of %u steps lost by the recorder", sum->lost);
	if (count->refused)
		printf(", %u scenarios refused by the model", count->refused);
	putchar('\n');
}

static void json_counts(const struct tdp_diff_summary *sum)
{
	printf("\"steps\": %u, \"events\": %u, \"differences\": %u, "
	       "\"explained\": %u, \"left_out\": %u, \"lost\": %u",
	       sum->steps, sum->events, sum->differences, sum->explained,
	       sum->left_out, sum->lost);
}

/* Recordings -------------------------------------------------------------------- */

static void json_begin(const struct diff_run *run)
{
	printf("%s\n    { \"recording\": ", run->nr_recordings > 1 ? "," : "");
	json_put_string(run->path);
	printf(", \"kernel\": ");
	json_put_string(tdp_recording_kernel(run->recording));
	printf(",\n      \"compared\": [");
}

static void on_vm(const char *case_name, unsigned int first, unsigned int last,
		  void *context)
{
	struct diff_run *run = context;

	snprintf(run->case_name, sizeof(run->case_name), "%s", case_name);
	if (run->nr_vms == MAX_VMS)
		return;
	run->vms[run->nr_vms][0] = first;
	run->vms[run->nr_vms++][1] = last;
}

static void json_compared(const struct diff_run *run,
			  const struct tdp_diff_summary *one)
{
	unsigned int i;

	printf("%s\n        { \"case\": ", run->one.nr_scenarios ? "," : "");
	json_put_string(run->case_name);
	printf(", \"scenario\": ");
	json_put_string(run->scenario);
	printf(", \"steps_of_vms\": [ ");
	for (i = 0; i < run->nr_vms; i++)
		printf("%s[%u, %u]", i ? ", " : "", run->vms[i][0],
		       run->vms[i][1]);
	printf(" ], ");
	json_counts(one);
	printf(" }");
}

static void json_end(const struct count *count)
{
	printf("\n      ], \"cases\": %u, \"scenarios\": %u, ", count->nr_cases,
	       count->nr_scenarios);
	json_counts(&count->sum);
	printf(" }");
}

static void close_recording(struct diff_run *run)
{
	if (!run->recording)
		return;
	if (run->json) {
		json_end(&run->one);
	} else if (run->summary) {
		printf("%s: Linux %s: %u cases, %u scenarios, ", run->path,
		       tdp_recording_kernel(run->recording), run->one.nr_cases,
		       run->one.nr_scenarios);
		print_counts(&run->one);
	}
	tdp_recording_close(run->recording);
	run->recording = NULL;
}

static void open_recording(struct diff_run *run, const char *path)
{
	struct tdp_error err = { 0 };

	close_recording(run);
	run->path = path;
	run->one = (struct count){ 0 };
	if (tdp_recording_open(path, &run->recording, &err)) {
		run->status = exit_worse(run->status, show_error(&err));
		run->recording = NULL;
		return;
	}
	run->nr_recordings++;
	if (run->json)
		json_begin(run);
}

/* Not compared, and said so: the rest goes on. */
static void refused(struct diff_run *run, const struct tdp_error *err)
{
	char text[sizeof(err->path) + sizeof(err->message) + 32];

	if (err->status != TDP_EUNSUPPORTED) {
		run->status = exit_worse(run->status, show_error(err));
		return;
	}
	fprintf(run->json ? stderr : stdout, "%s\n",
		tdp_error_print(err, text, sizeof(text)));
	run->one.refused++;
	run->total.refused++;
}

static void diff_one(struct diff_run *run, const char *scenario)
{
	const struct tdp_diff_report report = {
		.difference = on_difference,
		.left_out = on_left_out,
		.vm = on_vm,
		.context = run,
	};
	struct tdp_diff_summary one;
	struct tdp_error err = { 0 };

	if (!run->recording)
		return;
	run->scenario = scenario;
	run->nr_vms = 0;
	run->case_name[0] = '\0';
	if (tdp_recording_diff(run->recording, scenario, &report, &one, &err)) {
		refused(run, &err);
		return;
	}
	/* A recording of scenarios that lacks this one. */
	if (!one.steps)
		return;
	if (run->json)
		json_compared(run, &one);
	add(&run->one, run->case_name, &one);
	add(&run->total, run->case_name, &one);
	if (one.differences)
		run->status = exit_worse(run->status, EXIT_FAILED);
}

static void begin(const struct diff_run *run)
{
	if (run->json)
		printf("{ \"recordings\": [");
}

static int finish(struct diff_run *run)
{
	close_recording(run);
	if (run->json) {
		printf("\n  ],\n  \"cases\": %u, \"scenarios\": %u, ",
		       run->total.nr_cases, run->total.nr_scenarios);
		json_counts(&run->total.sum);
		printf(" }\n");
		return run->status;
	}
	if (!run->summary && run->total.nr_scenarios > 1)
		printf("%u scenarios, ", run->total.nr_scenarios);
	if (run->summary)
		printf("%u recordings: %u cases, %u comparisons, ",
		       run->nr_recordings, run->total.nr_cases,
		       run->total.nr_scenarios);
	print_counts(&run->total);
	return run->status;
}

/* What is compared with what --------------------------------------------------------- */

static bool is_scenario(const char *path)
{
	const char *dot = strrchr(path, '.');
	struct stat info;

	if (dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml")))
		return true;
	return !stat(path, &info) && S_ISDIR(info.st_mode);
}

static int diff_all(struct diff_run *run, char **names, int nr)
{
	struct paths scenarios = { 0 };
	int ret = EXIT_HELD, i, nr_recordings = 0;
	size_t k;

	for (i = 0; i < nr && !ret; i++) {
		nr_recordings += !is_scenario(names[i]);
		if (is_scenario(names[i]))
			ret = paths_add(&scenarios, names[i]);
	}
	if (!ret && (!scenarios.nr || !nr_recordings))
		ret = bad_usage("diff",
				"a scenario and a recording are needed");
	if (ret) {
		paths_finish(&scenarios);
		return ret;
	}
	begin(run);
	for (i = 0; i < nr; i++) {
		if (is_scenario(names[i]))
			continue;
		open_recording(run, names[i]);
		for (k = 0; k < scenarios.nr; k++)
			diff_one(run, scenarios.names[k]);
	}
	ret = finish(run);
	paths_finish(&scenarios);
	return ret;
}

/* "RECORDING\tSCENARIO"; lines of one recording stand together. */
static int diff_pair(struct diff_run *run, char *line, char **path)
{
	char *tab = strchr(line, '\t');

	line[strcspn(line, "\n")] = '\0';
	if (!line[0])
		return EXIT_HELD;
	if (!tab)
		return bad_usage("diff", "\"%s\" is no pair: no tab", line);
	*tab++ = '\0';
	if (!*path || strcmp(*path, line) != 0) {
		close_recording(run);
		free(*path);
		*path = strdup(line);
		if (!*path)
			return EXIT_INTERNAL;
		open_recording(run, *path);
	}
	diff_one(run, tab);
	return EXIT_HELD;
}

static int diff_pairs(struct diff_run *run, const char *name)
{
	FILE *file = fopen(name, "r");
	char *line = NULL, *path = NULL;
	size_t size = 0;
	int ret = EXIT_HELD;

	if (!file)
		return bad_usage("diff", "\"%s\" can't be read", name);
	begin(run);
	while (!ret && getline(&line, &size, file) >= 0)
		ret = diff_pair(run, line, &path);
	ret = exit_worse(ret, finish(run));
	free(line);
	free(path);
	fclose(file);
	return ret;
}

int cmd_diff(int argc, char **argv)
{
	static const struct option options[] = {
		{ "pairs", required_argument, NULL, 'p' },
		{ "summary", no_argument, NULL, 's' },
		{ "format", required_argument, NULL, 'f' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct diff_run run = { 0 };
	const char *pairs = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			pairs = optarg;
			break;
		case 's':
			run.summary = true;
			break;
		case 'f':
			run.json = !strcmp(optarg, "json");
			if (!run.json && strcmp(optarg, "text") != 0)
				return bad_usage("diff", "no format \"%s\"",
						 optarg);
			break;
		case 'v':
			run.verbose = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_HELD;
		default:
			fputs("Try \"tdpsim diff --help\".\n", stderr);
			return EXIT_BAD_INPUT;
		}
	}
	if (pairs && optind < argc)
		return bad_usage("diff", "--pairs stands alone");
	return pairs ? diff_pairs(&run, pairs) :
		       diff_all(&run, argv + optind, argc - optind);
}
