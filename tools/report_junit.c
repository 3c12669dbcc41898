/* SPDX-License-Identifier: MIT */
/* JUnit's XML, which CI systems read: one test case a scenario. */
#include <stdio.h>

#include "report.h"

/* XML 1.0 has no way to write other control characters. */
static void put_text(const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '<')
			fputs("&lt;", stdout);
		else if (c == '>')
			fputs("&gt;", stdout);
		else if (c == '&')
			fputs("&amp;", stdout);
		else if (c == '"')
			fputs("&quot;", stdout);
		else
			putchar(c < 0x20 && c != '\n' && c != '\t' ? '?' : c);
	}
}

static void start(void)
{
	printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	       "<testsuites>\n<testsuite name=\"tdpsim %s\">\n",
	       tdp_version_name());
}

static void scenario(const char *path)
{
	fputs("<testcase classname=\"scenarios\" name=\"", stdout);
	put_text(path);
	fputs("\">\n", stdout);
}

static void check(const char *path, const struct tdp_check *check)
{
	if (check->passed)
		return;
	fputs("<failure message=\"", stdout);
	put_text(check->field);
	fputs(": expected ", stdout);
	put_text(check->expected);
	fputs(", got ", stdout);
	put_text(check->actual);
	fputs("\">", stdout);
	put_text(path);
	printf(":%u:%u: %s\n", check->line, check->column, check->verb);
	if (check->trail)
		put_text(check->trail);
	fputs("</failure>\n", stdout);
}

static void replayed(const struct replayed *r, unsigned int nr)
{
	(void)nr;
	if (r->verdict == VERDICT_SKIPPED || r->verdict == VERDICT_BROKEN) {
		printf("<%s message=\"",
		       r->verdict == VERDICT_SKIPPED ? "skipped" : "error");
		put_text(r->why);
		fputs("\"/>\n", stdout);
	}
	fputs("</testcase>\n", stdout);
}

static void finish(const struct totals *totals)
{
	(void)totals;
	fputs("</testsuite>\n</testsuites>\n", stdout);
}

const struct reporter report_junit = {
	.name = "junit",
	.start = start,
	.scenario = scenario,
	.check = check,
	.replayed = replayed,
	.finish = finish,
};
