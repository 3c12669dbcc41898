/* SPDX-License-Identifier: MIT */
/* tdpsim compare: one scenario on two kernels, or on each and the next. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "paths.h"
#include "report.h"

/* clang-format off */
static const char usage[] =
"Usage: tdpsim compare [--from KERNEL]... --to KERNEL... [OPTIONS] PATH...\n"
"       tdpsim compare --history [OPTIONS] PATH...\n"
"\n"
"Replay scenarios on two kernels, and show which steps give or do something\n"
"else, and which behaviours make the difference.  Expectations are not looked at.\n"
"A folder stands for all *.yaml files in it and below it.\n"
"\n"
"  --to KERNEL         the second kernel: a profile (\"v6.13\"), or a behaviour that\n"
"                      differs (\"prefault.smm=base\"); may be given several times\n"
"  --from KERNEL       the same for the first one; default: what the scenario says\n"
"  --history           each kernel from the oldest on with the one after it\n"
"  --brief             what steps give, and which behaviours decide; no events\n"
"  --format text|json  how (default: text)\n"
"  --help              show this text\n"
"\n"
"What a scenario sets beside its profile stays set when the profile is another.\n"
"In what is printed \"-\" is an event that only the first kernel has, \"+\" one that\n"
"only the second has.\n"
"\n"
"Exit status: 0 nothing differs, 1 something does, 2 bad input or usage, 3\n"
"internal error (out of memory included).\n";
/* clang-format on */

#define MAX_WORDS 64

/* What an option asks for, in its order: profiles, and "behaviour=value". */
struct words {
	const char *word[MAX_WORDS];
	unsigned int nr;
};

struct request {
	struct words from, to;
	bool history, brief, json;
	/* of what is being told */
	const char *path;
	const char *first, *second; /* kernels, as they are called */
	bool headed;
	const char *sourced[TDP_MAX_BEHAVIOURS]; /* told with their source */
	unsigned int nr_sourced;
	unsigned int nr_pairs, nr_lines;
	struct {
		unsigned int scenarios, steps, differing;
	} total;
	int status;
};

/* Kernels ------------------------------------------------------------------ */

/* The values of @profile, and of the scenario's kernel those that it set. */
static int profile_take(struct tdp_kvm_config *kvm, const char *profile,
			struct tdp_error *err)
{
	struct tdp_kvm_config plain, other;
	unsigned int b;

	if (tdp_kvm_config_init(&plain, kvm->profile, err) ||
	    tdp_kvm_config_init(&other, profile, err))
		return err->status;
	for (b = 0; tdp_behaviour_info(b); b++)
		if (kvm->value[b] != plain.value[b])
			other.value[b] = kvm->value[b];
	*kvm = other;
	return TDP_OK;
}

static int word_take(struct tdp_kvm_config *kvm, const char *word,
		     struct tdp_error *err)
{
	const char *equals = strchr(word, '=');
	char name[64];

	if (!equals)
		return profile_take(kvm, word, err);
	snprintf(name, sizeof(name), "%.*s", (int)(equals - word), word);
	return tdp_kvm_config_set(kvm, name, equals + 1, err);
}

static int words_take(struct tdp_kvm_config *kvm, const struct words *words,
		      const char *option)
{
	struct tdp_error err = { 0 };
	unsigned int i;

	for (i = 0; i < words->nr; i++)
		if (word_take(kvm, words->word[i], &err))
			return bad_usage("compare", "--%s %s: %s", option,
					 words->word[i], err.message);
	return EXIT_HELD;
}

/* "v6.12", or "v6.12 with prefault.smm=base"; returns @buf. */
static char *kernel_print(const struct tdp_kvm_config *kvm, char *buf,
			  size_t size)
{
	const struct tdp_behaviour_info *info;
	struct tdp_kvm_config plain;
	const char *separator = " with ";
	size_t used = (size_t)snprintf(buf, size, "%s", kvm->profile);
	unsigned int b;

	if (tdp_kvm_config_init(&plain, kvm->profile, NULL))
		return buf;
	for (b = 0; (info = tdp_behaviour_info(b)) && used < size; b++) {
		if (kvm->value[b] == plain.value[b])
			continue;
		used += (size_t)snprintf(
			buf + used, size - used, "%s%s=%s", separator,
			info->name, tdp_behaviour_value_name(b, kvm->value[b]));
		separator = ", ";
	}
	return buf;
}

/* Text --------------------------------------------------------------------- */

static void text_head(struct request *request)
{
	if (!request->headed)
		printf("%s: %s -> %s\n", request->path, request->first,
		       request->second);
	request->headed = true;
}

static void text_ended(const struct request *request,
		       const struct tdp_compared *line)
{
	if (line->before)
		printf("    %s gets no further: %s\n", request->first,
		       line->before);
	if (line->after)
		printf("    %s gets no further: %s\n", request->second,
		       line->after);
}

/* Where a behaviour is from is told once for a file. */
static void text_decides(struct request *request,
			 const struct tdp_compared *line)
{
	unsigned int i;

	printf("    decided by %s: %s -> %s", line->name, line->before,
	       line->after);
	for (i = 0; i < request->nr_sourced; i++)
		if (!strcmp(request->sourced[i], line->name))
			break;
	if (i == request->nr_sourced && i < TDP_MAX_BEHAVIOURS) {
		request->sourced[request->nr_sourced++] = line->name;
		printf(" [%s]", line->source);
	}
	putchar('\n');
}

static void text_line(struct request *request, const struct tdp_compared *line)
{
	text_head(request);
	switch (line->kind) {
	case TDP_COMPARED_STEP:
		printf("  step %u, line %u: %s %s\n", line->step, line->line,
		       line->name, line->before);
		break;
	case TDP_COMPARED_FIELD:
		printf("    %s: %s -> %s\n", line->name, line->before,
		       line->after);
		break;
	case TDP_COMPARED_EVENT:
		if (!request->brief)
			printf("    %c %s\n", line->before ? '-' : '+',
			       line->before ? line->before : line->after);
		break;
	case TDP_COMPARED_MORE:
		printf("    %s more events -> %s more\n", line->before,
		       line->after);
		break;
	case TDP_COMPARED_ENDED:
		text_ended(request, line);
		break;
	case TDP_COMPARED_DECIDES:
		text_decides(request, line);
		break;
	case TDP_COMPARED_JOINTLY:
		puts("    decided by several behaviours together, by none alone");
		break;
	case TDP_COMPARED_UNTRIED:
		puts("    which behaviours decide was not tried out: the scenario is "
		     "too long");
		break;
	case TDP_NR_COMPARED:
		break;
	}
}

/* JSON --------------------------------------------------------------------- */

static void json_member(const char *name, const char *text)
{
	if (!text)
		return;
	printf(", \"%s\": ", name);
	json_put_string(text);
}

static void json_line(struct request *request, const struct tdp_compared *line)
{
	printf("%s\n   {\"kind\": \"%s\", \"step\": %u, \"line\": %u",
	       request->nr_lines++ ? "," : "",
	       tdp_compared_kind_name(line->kind), line->step, line->line);
	json_member("name", line->name[0] ? line->name : NULL);
	json_member("before", line->before);
	json_member("after", line->after);
	json_member("source", line->source);
	putchar('}');
}

static void json_begin(struct request *request)
{
	printf("%s\n {\"path\": ", request->nr_pairs++ ? "," : "");
	json_put_string(request->path);
	json_member("from", request->first);
	json_member("to", request->second);
	fputs(", \"lines\": [", stdout);
	request->nr_lines = 0;
}

/* Comparing ---------------------------------------------------------------- */

static void on_line(const struct tdp_compared *line, void *context)
{
	struct request *request = context;

	if (!request->json)
		text_line(request, line);
	else if (!request->brief || line->kind != TDP_COMPARED_EVENT)
		json_line(request, line);
}

static void pair_compare(struct request *request,
			 const struct tdp_scenario *scenario,
			 const struct tdp_kvm_config *before,
			 const struct tdp_kvm_config *after)
{
	char first[512], second[512];
	struct tdp_compare_summary summary;
	struct tdp_error err = { 0 };

	request->first = kernel_print(before, first, sizeof(first));
	request->second = kernel_print(after, second, sizeof(second));
	request->headed = false;
	if (request->json)
		json_begin(request);
	if (tdp_scenario_compare(scenario, before, after, on_line, request,
				 &summary, &err))
		request->status = exit_worse(request->status, show_error(&err));
	if (request->json)
		printf("], \"steps\": %u, \"differing\": %u}", summary.steps,
		       summary.differing);
	request->total.steps += summary.steps;
	request->total.differing += summary.differing;
	if (summary.differing)
		request->status = exit_worse(request->status, EXIT_FAILED);
}

/* "v6.1" is one; "v6.1.192" is beside the line from each to the next. */
static bool is_release(const char *profile)
{
	const char *dot = strchr(profile, '.');

	return dot && !strchr(dot + 1, '.');
}

static int history_compare(struct request *request,
			   const struct tdp_scenario *scenario)
{
	struct tdp_kvm_config before, after;
	struct tdp_error err = { 0 };
	const char *name;
	bool first = true;
	unsigned int i;

	for (i = 0; (name = tdp_profile_name(i)); i++) {
		if (!is_release(name))
			continue;
		after = *tdp_scenario_kernel(scenario);
		if (profile_take(&after, name, &err))
			return show_error(&err);
		if (!first)
			pair_compare(request, scenario, &before, &after);
		before = after;
		first = false;
	}
	return EXIT_HELD;
}

static int scenario_compare(struct request *request,
			    const struct tdp_scenario *scenario)
{
	struct tdp_kvm_config before = *tdp_scenario_kernel(scenario), after;
	int ret;

	if (request->history)
		return history_compare(request, scenario);
	ret = words_take(&before, &request->from, "from");
	after = before;
	if (!ret)
		ret = words_take(&after, &request->to, "to");
	if (!ret)
		pair_compare(request, scenario, &before, &after);
	return ret;
}

static int file_compare(struct request *request, const char *path)
{
	struct tdp_scenario *scenario;
	struct tdp_error err = { 0 };
	const char *missing;
	int ret = EXIT_HELD;

	request->path = path;
	request->nr_sourced = 0;
	if (tdp_scenario_load(path, &scenario, &err)) {
		request->status = exit_worse(request->status, show_error(&err));
		return EXIT_HELD;
	}
	missing = tdp_scenario_missing(scenario);
	if (missing) {
		fprintf(stderr, "%s: left out: %s\n", path, missing);
	} else {
		request->total.scenarios++;
		ret = scenario_compare(request, scenario);
	}
	tdp_scenario_destroy(scenario);
	return ret;
}

static void total_print(const struct request *request)
{
	const char *format =
		request->json ? "],\n \"summary\": {\"scenarios\": %u, "
				"\"steps\": %u, \"differing\": %u}}\n" :
				"%u scenarios, %u steps compared, %u differ\n";

	printf(format, request->total.scenarios, request->total.steps,
	       request->total.differing);
}

static int compare(struct request *request, char **names)
{
	struct paths paths = { 0 };
	int ret = EXIT_HELD;
	size_t i;

	while (*names && !ret)
		ret = paths_add(&paths, *names++);
	if (!ret && request->json) {
		fputs("{\"tdpsim\": ", stdout);
		json_put_string(tdp_version_name());
		fputs(", \"comparisons\": [", stdout);
	}
	for (i = 0; i < paths.nr && !ret; i++)
		ret = file_compare(request, paths.names[i]);
	paths_finish(&paths);
	if (ret)
		return ret;
	total_print(request);
	return request->status;
}

/* Options ------------------------------------------------------------------ */

static int word_add(struct words *words, const char *word)
{
	if (words->nr == MAX_WORDS)
		return bad_usage("compare", "more than %d kernels", MAX_WORDS);
	words->word[words->nr++] = word;
	return -1;
}

/* An exit status if there is nothing more to do, else -1. */
static int take_option(int option, struct request *request)
{
	switch (option) {
	case 't':
		return word_add(&request->to, optarg);
	case 'r':
		return word_add(&request->from, optarg);
	case 'y':
		request->history = true;
		return -1;
	case 'b':
		request->brief = true;
		return -1;
	case 'f':
		request->json = !strcmp(optarg, "json");
		if (request->json || !strcmp(optarg, "text"))
			return -1;
		return bad_usage("compare", "no format \"%s\": text or json",
				 optarg);
	case 'h':
		fputs(usage, stdout);
		return EXIT_HELD;
	}
	return bad_usage("compare", "see above");
}

int cmd_compare(int argc, char **argv)
{
	static const struct option options[] = {
		{ "to", required_argument, NULL, 't' },
		{ "from", required_argument, NULL, 'r' },
		{ "history", no_argument, NULL, 'y' },
		{ "brief", no_argument, NULL, 'b' },
		{ "format", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct request request = { 0 };
	int option, ret;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		ret = take_option(option, &request);
		if (ret >= 0)
			return ret;
	}
	if (request.history && (request.from.nr || request.to.nr))
		return bad_usage("compare", "--history names its own kernels");
	if (!request.history && !request.to.nr)
		return bad_usage("compare", "--to or --history is needed");
	if (optind == argc)
		return bad_usage("compare", "expected scenarios or folders");
	return compare(&request, argv + optind);
}
