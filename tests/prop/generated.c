/* SPDX-License-Identifier: MIT */
/*
 * Random scenarios are valid: they load, the model carries them out, and no
 * invariant breaks, whatever the kernel, the processor and the topics.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tdpsim/error.h"
#include "tdpsim/generate.h"
#include "tdpsim/scenario.h"
#include "support/unit.h"

#define SEEDS     60
#define ALL       ((1u << TDP_NR_TOPICS) - 1)
#define MAX_BYTES 65536

struct text {
	char bytes[MAX_BYTES];
	size_t used;
};

static void add_line(const char *line, void *context)
{
	struct text *text = context;
	int n = snprintf(text->bytes + text->used, MAX_BYTES - text->used,
			 "%s\n", line);

	assert_true(n > 0 && (size_t)n < MAX_BYTES - text->used);
	text->used += (size_t)n;
}

static void generate(struct text *text, struct tdp_generate options)
{
	struct tdp_error err;

	text->used = 0;
	options.line = add_line;
	options.context = text;
	assert_int_equal(tdp_scenario_generate(&options, &err), TDP_OK);
}

/* Which check failed first, for the message. */
static void failed(const struct tdp_check *check, void *context)
{
	char *buf = context;

	if (!check->passed && !buf[0])
		snprintf(buf, 256, "line %u: %s: %s", check->line,
			 check->expected, check->actual);
}

static const struct row {
	const char *name;
	const char *profile;
	enum tdp_vendor vendor;
	unsigned int topics;
	unsigned int seeds;
} rows[] = {
	/* clang-format off */
	{ "amd_6_12", "v6.12", TDP_AMD, ALL, SEEDS },
	{ "intel_6_12", "v6.12", TDP_INTEL, ALL, SEEDS },
	{ "amd_6_1", "v6.1", TDP_AMD, ALL, SEEDS / 2 },
	{ "intel_5_10", "v5.10", TDP_INTEL, ALL, SEEDS / 2 },
	{ "amd_7_2", "v7.2", TDP_AMD, ALL, SEEDS / 2 },
	{ "accesses_alone", "v6.18", TDP_INTEL, 0, 10 },
	{ "prefault_and_slots", "v6.12", TDP_AMD, 1u << TDP_TOPIC_PREFAULT |
	  1u << TDP_TOPIC_SLOTS, SEEDS / 2 },
	/* clang-format on */
};

static void run_one(const struct text *text, const struct row *r,
		    unsigned int seed)
{
	char why[256] = "";
	const struct tdp_report report = {
		.check = failed,
		.verify = true,
		.context = why,
	};
	struct tdp_run_summary summary;
	struct tdp_scenario *scenario;
	struct tdp_error err;
	int ret = tdp_scenario_load_text("random.yaml", text->bytes, text->used,
					 &scenario, &err);

	if (ret)
		fail_msg("%s, seed %u: %s", r->name, seed, err.message);
	ret = tdp_scenario_run(scenario, &report, &summary, &err);
	if (ret)
		fail_msg("%s, seed %u: %s", r->name, seed, err.message);
	if (why[0])
		fail_msg("%s, seed %u: %s", r->name, seed, why);
	tdp_scenario_destroy(scenario);
}

static void valid(void **state)
{
	const struct row *r = *state;
	static struct text text;
	unsigned int seed;

	for (seed = 1; seed <= r->seeds; seed++) {
		generate(&text, (struct tdp_generate){
					.seed = seed,
					.steps = 30,
					.topics = r->topics,
					.vendor = r->vendor,
					.maxphyaddr = 40,
					.profile = r->profile,
				});
		run_one(&text, r, seed);
	}
}

static void a_seed_is_a_text(void **state)
{
	static struct text one, two;
	struct tdp_generate options = {
		.seed = 7,
		.steps = 30,
		.topics = ALL,
		.maxphyaddr = 40,
		.profile = "v6.12",
	};

	(void)state;
	generate(&one, options);
	generate(&two, options);
	assert_int_equal(one.used, two.used);
	assert_memory_equal(one.bytes, two.bytes, one.used);
	options.seed = 8;
	generate(&two, options);
	assert_true(one.used != two.used ||
		    memcmp(one.bytes, two.bytes, one.used) != 0);
}

/* Without topics there is nothing but accesses. */
static void topics_are_kept_to(void **state)
{
	static struct text text;
	const char *line;

	(void)state;
	generate(&text, (struct tdp_generate){ .seed = 3,
					       .steps = 200,
					       .maxphyaddr = 40,
					       .profile = "v6.12" });
	line = strstr(text.bytes, "steps:\n");
	assert_non_null(line);
	for (line = strchr(line, '\n'); line && line[1];
	     line = strchr(line + 1, '\n'))
		assert_true(!strncmp(line, "\n  - read:", 10) ||
			    !strncmp(line, "\n  - write:", 11) ||
			    !strncmp(line, "\n  - fetch:", 11));
}

static void bad_options(void **state)
{
	struct tdp_generate options = {
		.seed = 1,
		.maxphyaddr = 40,
		.profile = "v6.12",
		.line = add_line,
	};
	struct tdp_error err;

	(void)state;
	assert_int_equal(tdp_scenario_generate(&options, &err), TDP_EINVAL);
	options.steps = TDP_GENERATE_MAX_STEPS + 1;
	assert_int_equal(tdp_scenario_generate(&options, &err), TDP_EINVAL);
	options.steps = 1;
	options.topics = ALL + 1;
	assert_int_equal(tdp_scenario_generate(&options, &err), TDP_EINVAL);
	options.topics = 0;
	options.maxphyaddr = 53;
	assert_int_equal(tdp_scenario_generate(&options, &err), TDP_EINVAL);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, valid),
		CASE(a_seed_is_a_text),
		CASE(topics_are_kept_to),
		CASE(bad_options),
	};

	return RUN("generated", suites);
}
