/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "report.h"

void check_print(const char *path, const struct tdp_check *check)
{
	printf("%s:%u:%u: %s: %s: expected %s, got %s", path, check->line,
	       check->column, check->verb, check->field, check->expected,
	       check->actual);
}

void indented_print(const char *indent, const char *text)
{
	while (*text) {
		int length = (int)strcspn(text, "\n");

		printf("%s%.*s\n", indent, length, text);
		text += length;
		text += *text == '\n';
	}
}

void totals_print(const struct totals *totals)
{
	printf("%u scenarios, %u checks, %u failed", totals->scenarios,
	       totals->checks, totals->failed);
	if (totals->skipped)
		printf(", %u skipped", totals->skipped);
	if (totals->broken)
		printf(", %u broken", totals->broken);
	putchar('\n');
}

static void check(const char *path, const struct tdp_check *check)
{
	if (check->passed)
		return;
	check_print(path, check);
	putchar('\n');
	if (check->trail)
		indented_print("    ", check->trail);
}

/* Why a scenario is broken went to standard error already. */
static void replayed(const struct replayed *r, unsigned int nr)
{
	(void)nr;
	if (r->verdict == VERDICT_SKIPPED)
		printf("%s: skipped: %s\n", r->path, r->why);
}

static void scenario_verbose(const char *path)
{
	printf("%s\n", path);
}

static void step_verbose(unsigned int step, const char *verb, unsigned int line)
{
	printf("  line %u: step %u: %s\n", line, step, verb);
}

static void event_verbose(const struct tdp_event *event)
{
	char text[512];

	printf("    %s\n", tdp_event_print(event, text, sizeof(text)));
}

static void check_verbose(const char *path, const struct tdp_check *c)
{
	if (c->passed)
		printf("    ok: %s: %s\n", c->field, c->actual);
	else
		check(path, c);
}

const struct reporter report_text = {
	.name = "text",
	.check = check,
	.replayed = replayed,
	.finish = totals_print,
};

const struct reporter report_text_verbose = {
	.name = "text",
	.scenario = scenario_verbose,
	.step = step_verbose,
	.event = event_verbose,
	.check = check_verbose,
	.replayed = replayed,
	.finish = totals_print,
};
