/* SPDX-License-Identifier: MIT */
/* TAP version 13: one test a scenario. */
#include <stdio.h>
#include <string.h>

#include "report.h"

static void start(void)
{
	puts("TAP version 13");
}

static void check(const char *path, const struct tdp_check *check)
{
	if (check->passed)
		return;
	fputs("# ", stdout);
	check_print(path, check);
	putchar('\n');
	if (check->trail)
		indented_print("#   ", check->trail);
}

static void replayed(const struct replayed *r, unsigned int nr)
{
	const char *name = r->name ? r->name : r->path;

	if (r->verdict == VERDICT_BROKEN)
		indented_print("# ", r->why);
	printf("%sok %u - %s",
	       r->verdict == VERDICT_FAILED || r->verdict == VERDICT_BROKEN ?
		       "not " :
		       "",
	       nr, name);
	if (r->verdict == VERDICT_SKIPPED)
		printf(" # SKIP %s", r->why);
	putchar('\n');
}

static void finish(const struct totals *totals)
{
	printf("1..%u\n# ", totals->scenarios);
	totals_print(totals);
}

const struct reporter report_tap = {
	.name = "tap",
	.start = start,
	.check = check,
	.replayed = replayed,
	.finish = finish,
};
