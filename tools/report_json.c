/* SPDX-License-Identifier: MIT */
/* One JSON object, written as the run goes on. */
#include <stdio.h>

#include "report.h"

static const char *const verdicts[] = {
	[VERDICT_PASSED] = "passed",
	[VERDICT_FAILED] = "failed",
	[VERDICT_SKIPPED] = "skipped",
	[VERDICT_BROKEN] = "broken",
};

/* Text is UTF-8 (scenarios are checked for it) or the names of files. */
void json_put_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void member(const char *name, const char *text)
{
	printf(", \"%s\": ", name);
	json_put_string(text);
}

static void start(void)
{
	fputs("{\"tdpsim\": ", stdout);
	json_put_string(tdp_version_name());
	fputs(", \"scenarios\": [", stdout);
}

/* JSON wants commas between, not behind. */
static unsigned int nr_scenarios, nr_checks;

static void scenario(const char *path)
{
	printf("%s\n {\"path\": ", nr_scenarios++ ? "," : "");
	json_put_string(path);
	fputs(", \"checks\": [", stdout);
	nr_checks = 0;
}

static void check(const char *path, const struct tdp_check *check)
{
	(void)path;
	printf("%s\n  {\"line\": %u, \"column\": %u, \"step\": %u",
	       nr_checks++ ? "," : "", check->line, check->column, check->step);
	member("verb", check->verb);
	member("field", check->field);
	printf(", \"passed\": %s", check->passed ? "true" : "false");
	member("expected", check->expected);
	member("actual", check->actual);
	if (check->trail)
		member("trail", check->trail);
	putchar('}');
}

static void replayed(const struct replayed *r, unsigned int nr)
{
	(void)nr;
	putchar(']');
	if (r->name)
		member("name", r->name);
	member("verdict", verdicts[r->verdict]);
	if (r->why)
		member("why", r->why);
	printf(", \"steps\": %u, \"failed\": %u}", r->summary.steps,
	       r->summary.failed);
}

static void finish(const struct totals *totals)
{
	printf("],\n \"summary\": {\"scenarios\": %u, \"checks\": %u, "
	       "\"failed\": %u, \"skipped\": %u, \"broken\": %u}}\n",
	       totals->scenarios, totals->checks, totals->failed,
	       totals->skipped, totals->broken);
}

const struct reporter report_json = {
	.name = "json",
	.start = start,
	.scenario = scenario,
	.check = check,
	.replayed = replayed,
	.finish = finish,
};
