/* SPDX-License-Identifier: MIT */
#include "explored.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report.h"

int explored_exit(const struct tdp_exploration *x)
{
	struct tdp_explore_summary s;

	tdp_exploration_summary(x, &s);
	if (s.differing)
		return EXIT_INTERNAL;
	if (!s.holds)
		return EXIT_FAILED;
	return s.exhausted ? EXIT_HELD : EXIT_NOT_EXHAUSTED;
}

static int severity(int status)
{
	switch (status) {
	case EXIT_HELD:
		return 0;
	case EXIT_NOT_EXHAUSTED:
		return 1;
	default:
		return 1 + status;
	}
}

int explored_worse(int a, int b)
{
	return severity(a) >= severity(b) ? a : b;
}

const struct explored_format *explored_find(const char *command,
					    const char *name)
{
	if (!strcmp(name, explored_text.name))
		return &explored_text;
	if (!strcmp(name, explored_json.name))
		return &explored_json;
	bad_usage(command, "no format \"%s\": text or json", name);
	return NULL;
}

/* Text ------------------------------------------------------------------------- */

static void text_claim(const struct tdp_explore_claim *c)
{
	printf("Observation %s %s %" PRIu64 " %" PRIu64 "%s%s\n", c->name,
	       tdp_observed_name(c->observed), c->yes, c->no,
	       c->violated ? ": violates " : "",
	       c->violated ? tdp_demand_name(c->demand) : "");
	if (!c->violated || !c->trace)
		return;
	printf("  the shortest order that shows it, %u turns:\n", c->turns);
	indented_print("  ", c->trace);
}

static void text_outcomes(const struct tdp_exploration *x,
			  const struct tdp_explore_summary *s)
{
	uint64_t states;
	const char *text;
	unsigned int i;

	printf("Outcomes %u, hash %016" PRIx64, s->outcomes, s->hash);
	if (s->outcomes_expected && s->outcomes != s->outcomes_expected)
		printf(": %u are expected", s->outcomes_expected);
	putchar('\n');
	for (i = 0; (text = tdp_exploration_outcome(x, i, &states)); i++)
		printf("%8" PRIu64 "  %s\n", states, text);
}

static void text_explored(const char *path, const struct tdp_exploration *x,
			  const char *stopped)
{
	const char *stuck = tdp_exploration_stuck(x, NULL);
	struct tdp_explore_summary s;
	struct tdp_explore_claim c;
	unsigned int i;

	tdp_exploration_summary(x, &s);
	printf("%s\nStates %" PRIu64 " (distinct %" PRIu64 "), depth %u%s\n",
	       path, s.visits, s.states, s.depth, s.reduced ? ", reduced" : "");
	if (s.confirmed)
		printf("Confirmed %" PRIu64 " returns to a state, %" PRIu64
		       " differ\n",
		       s.confirmed, s.differing);
	if (!s.exhausted)
		printf("Not exhausted%s%s\n", stopped ? ": " : "",
		       stopped ? stopped : "");
	text_outcomes(x, &s);
	for (i = 0; tdp_exploration_claim(x, i, &c); i++)
		text_claim(&c);
	if (stuck) {
		printf("%s\n", s.livelock ? "Livelock" : "Deadlock");
		indented_print("  ", stuck);
	}
}

static void text_finish(void)
{
}

const struct explored_format explored_text = {
	.name = "text",
	.start = text_finish,
	.explored = text_explored,
	.finish = text_finish,
};

/* JSON ------------------------------------------------------------------------- */

static unsigned int nr_explored;

static void json_start(void)
{
	fputs("{\"tdpsim\": ", stdout);
	json_put_string(tdp_version_name());
	fputs(", \"explorations\": [", stdout);
	nr_explored = 0;
}

static void json_text(const char *name, const char *text)
{
	printf(", \"%s\": ", name);
	json_put_string(text);
}

static void json_flag(const char *name, bool flag)
{
	printf(", \"%s\": %s", name, flag ? "true" : "false");
}

static void json_claim(const struct tdp_explore_claim *c, unsigned int index)
{
	printf("%s\n  {\"name\": ", index ? "," : "");
	json_put_string(c->name);
	json_text("demand", tdp_demand_name(c->demand));
	json_text("observed", tdp_observed_name(c->observed));
	printf(", \"yes\": %" PRIu64 ", \"no\": %" PRIu64, c->yes, c->no);
	json_flag("violated", c->violated);
	if (c->trace) {
		printf(", \"turns\": %u", c->turns);
		json_text("trace", c->trace);
		json_text("replay", c->replay);
	}
	putchar('}');
}

static void json_outcomes(const struct tdp_exploration *x)
{
	uint64_t states;
	const char *text;
	unsigned int i;

	fputs(", \"outcomes\": [", stdout);
	for (i = 0; (text = tdp_exploration_outcome(x, i, &states)); i++) {
		printf("%s\n  {\"states\": %" PRIu64, i ? "," : "", states);
		json_text("steps", text);
		putchar('}');
	}
	putchar(']');
}

static void json_explored(const char *path, const struct tdp_exploration *x,
			  const char *stopped)
{
	const char *replay = NULL, *stuck = tdp_exploration_stuck(x, &replay);
	struct tdp_explore_summary s;
	struct tdp_explore_claim c;
	unsigned int i;

	tdp_exploration_summary(x, &s);
	printf("%s\n {\"path\": ", nr_explored++ ? "," : "");
	json_put_string(path);
	printf(", \"states\": %" PRIu64 ", \"distinct\": %" PRIu64
	       ", \"depth\": %u, \"hash\": \"%016" PRIx64 "\"",
	       s.visits, s.states, s.depth, s.hash);
	printf(", \"outcomes_expected\": %u", s.outcomes_expected);
	json_flag("reduced", s.reduced);
	json_flag("exhausted", s.exhausted);
	json_flag("livelock", s.livelock);
	json_flag("deadlock", s.deadlock);
	json_flag("holds", s.holds);
	if (s.confirmed)
		printf(", \"confirmed\": %" PRIu64 ", \"differing\": %" PRIu64,
		       s.confirmed, s.differing);
	if (stopped)
		json_text("stopped", stopped);
	json_outcomes(x);
	fputs(", \"claims\": [", stdout);
	for (i = 0; tdp_exploration_claim(x, i, &c); i++)
		json_claim(&c, i);
	putchar(']');
	if (stuck) {
		json_text("stuck", stuck);
		json_text("replay", replay);
	}
	putchar('}');
}

static void json_finish(void)
{
	fputs("]}\n", stdout);
}

const struct explored_format explored_json = {
	.name = "json",
	.start = json_start,
	.explored = json_explored,
	.finish = json_finish,
};
