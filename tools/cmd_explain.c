/* SPDX-License-Identifier: MIT */
/* tdpsim explain: what happened in a scenario, and why, in words. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "report.h"

/* clang-format off */
static const char usage[] =
"Usage: tdpsim explain [OPTIONS] SCENARIO\n"
"\n"
"Replay a scenario and say of each step what was asked, what happened, which\n"
"rule decided and where it is from, which behaviour of the kernel mattered (and\n"
"what its other values would have given), what is mapped now, and what the next\n"
"access will meet.  Expectations are not looked at.\n"
"\n"
"  --step N            only step N, from 1\n"
"  --format text|json  how (default: text)\n"
"  --help              show this text\n"
"\n"
"Exit status: 0; 2 bad input or usage, 3 internal error (out of memory included).\n";
/* clang-format on */

#define COLUMNS 96
#define INDENT  11

struct request {
	const char *path;
	uint64_t step;
	bool json;
	/* what stands before the next line */
	enum tdp_explained_kind last;
	size_t column;
	unsigned int nr_steps, nr_lines;
};

/* Text --------------------------------------------------------------------- */

/* One word after another, from @column on; returns where it ends. */
static size_t wrapped_print(const char *text, size_t column)
{
	while (*text) {
		size_t length = strcspn(text, " ");

		if (column > INDENT && column + 1 + length > COLUMNS) {
			printf("\n%*s", INDENT, "");
			column = INDENT;
		} else if (column > INDENT) {
			putchar(' ');
			column++;
		}
		printf("%.*s", (int)length, text);
		column += length;
		text += length;
		text += strspn(text, " ");
	}
	return column;
}

static void text_step(struct request *request, const struct tdp_explained *line)
{
	printf("\nstep %u, line %u: %s %s\n", line->step, line->line,
	       line->name, line->text);
	request->last = TDP_EXPLAINED_STEP;
}

/* What a step gave is many short things: one behind the other. */
static void text_gave(struct request *request, const struct tdp_explained *line)
{
	char text[1200];
	bool more = request->last == TDP_EXPLAINED_GAVE;

	if (more)
		putchar(',');
	else
		printf("  %-*s", INDENT - 2, "gave");
	snprintf(text, sizeof(text), "%s %s", line->name, line->text);
	request->column = wrapped_print(text,
					more ? request->column + 1 : INDENT);
}

static void text_line(struct request *request, const struct tdp_explained *line)
{
	char text[1800];

	if (request->last == TDP_EXPLAINED_GAVE &&
	    line->kind != TDP_EXPLAINED_GAVE)
		putchar('\n');
	if (line->kind == TDP_EXPLAINED_STEP) {
		text_step(request, line);
		return;
	}
	if (line->kind == TDP_EXPLAINED_GAVE) {
		text_gave(request, line);
	} else {
		printf("  %-*s", INDENT - 2,
		       tdp_explained_kind_name(line->kind));
		snprintf(text, sizeof(text), "%s%s%s%s%s%s", line->name,
			 line->name[0] && line->text[0] ? ": " : "", line->text,
			 line->source ? " [" : "",
			 line->source ? line->source : "",
			 line->source ? "]" : "");
		wrapped_print(text, INDENT);
		putchar('\n');
	}
	request->last = line->kind;
}

/* JSON --------------------------------------------------------------------- */

static void json_member(const char *before, const char *name, const char *text)
{
	printf("%s\"%s\": ", before, name);
	json_put_string(text);
}

static void json_step(struct request *request, const struct tdp_explained *line)
{
	printf("%s\n  {\"step\": %u, \"line\": %u",
	       request->nr_steps++ ? "]}," : "", line->step, line->line);
	json_member(", ", "verb", line->name);
	json_member(", ", "asked", line->text);
	fputs(", \"lines\": [", stdout);
	request->nr_lines = 0;
}

static void json_line(struct request *request, const struct tdp_explained *line)
{
	if (line->kind == TDP_EXPLAINED_STEP) {
		json_step(request, line);
		return;
	}
	/* Of making the machine there is no step. */
	if (!request->nr_steps)
		json_step(request, &(struct tdp_explained){ .name = "create",
							    .text = "" });
	fputs(request->nr_lines++ ? ",\n   {" : "\n   {", stdout);
	json_member("", "kind", tdp_explained_kind_name(line->kind));
	json_member(", ", "name", line->name);
	json_member(", ", "text", line->text);
	if (line->source)
		json_member(", ", "source", line->source);
	putchar('}');
}

static void on_line(const struct tdp_explained *line, void *context)
{
	struct request *request = context;

	if (request->json)
		json_line(request, line);
	else
		text_line(request, line);
}

/* The whole ---------------------------------------------------------------- */

static void head_print(const struct request *request,
		       const struct tdp_scenario *scenario)
{
	if (!request->json) {
		printf("%s\n", tdp_scenario_name(scenario));
		indented_print("  ", tdp_scenario_about(scenario));
		return;
	}
	json_member("{", "tdpsim", tdp_version_name());
	json_member(", ", "path", request->path);
	json_member(", ", "scenario", tdp_scenario_name(scenario));
	json_member(", ", "about", tdp_scenario_about(scenario));
	fputs(",\n \"steps\": [", stdout);
}

static int explain(struct request *request, const struct tdp_scenario *scenario)
{
	const char *missing = tdp_scenario_missing(scenario);
	struct tdp_error err = { 0 };
	int ret;

	if (missing)
		return bad_usage("explain", "%s can't be replayed: %s",
				 request->path, missing);
	head_print(request, scenario);
	ret = tdp_scenario_explain(scenario, (unsigned int)request->step,
				   on_line, request, &err);
	if (request->json)
		puts(request->nr_steps ? "]}]}" : "]}");
	else if (request->last == TDP_EXPLAINED_GAVE)
		putchar('\n');
	return ret ? show_error(&err) : EXIT_HELD;
}

static int explain_file(struct request *request)
{
	struct tdp_scenario *scenario;
	struct tdp_error err = { 0 };
	int ret;

	if (tdp_scenario_load(request->path, &scenario, &err))
		return show_error(&err);
	ret = explain(request, scenario);
	tdp_scenario_destroy(scenario);
	return ret;
}

/* An exit status if there is nothing more to do, else -1. */
static int take_option(int option, struct request *request)
{
	switch (option) {
	case 's':
		if (parse_number(optarg, &request->step) && request->step &&
		    request->step <= UINT32_MAX)
			return -1;
		return bad_usage("explain", "--step: \"%s\" is no step",
				 optarg);
	case 'f':
		request->json = !strcmp(optarg, "json");
		if (request->json || !strcmp(optarg, "text"))
			return -1;
		return bad_usage("explain", "no format \"%s\": text or json",
				 optarg);
	case 'h':
		fputs(usage, stdout);
		return EXIT_HELD;
	}
	return bad_usage("explain", "see above");
}

int cmd_explain(int argc, char **argv)
{
	static const struct option options[] = {
		{ "step", required_argument, NULL, 's' },
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
	if (optind + 1 != argc)
		return bad_usage("explain", "expected one scenario");
	request.path = argv[optind];
	return explain_file(&request);
}
