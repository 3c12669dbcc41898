/* SPDX-License-Identifier: MIT */
/* tdpsim generate: random scenarios. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tdpsim/generate.h>

#include "cmd.h"

/* clang-format off */
static const char usage_head[] =
"Usage: tdpsim generate [OPTIONS]\n"
"\n"
"Write random scenarios, which claim nothing but that a real kernel does the\n"
"same.  The same seed gives the same text.\n"
"\n"
"  --seed N           of the first one (default: 1)\n"
"  --count M          how many, with seeds N, N + 1, ... (default: 1)\n"
"  --output FOLDER    write FOLDER/random_SEED.yaml; without it there can only\n"
"                     be one scenario, on standard output\n"
"  --steps K          steps of each, up to 1000 (default: 30)\n"
"  --topics A,B       kinds of steps beside guest accesses (default: all)\n"
"  --vendor V         intel or amd (default: amd)\n"
"  --maxphyaddr BITS  of the host (default: 40)\n"
"  --profile NAME     the kernel (default: v6.12)\n"
"  --help             show this text\n"
"\n"
"Topics:\n";
/* clang-format on */

static const char usage_tail[] =
	"\nExit status: 0; 2 bad usage, or a file that "
	"can't be written.\n";

struct request {
	struct tdp_generate generate;
	uint64_t count;
	const char *folder;
};

static void show_usage(void)
{
	unsigned int i;

	fputs(usage_head, stdout);
	for (i = 0; i < TDP_NR_TOPICS; i++)
		printf("  %-10s %s\n", tdp_topic_name((enum tdp_topic)i),
		       tdp_topic_about((enum tdp_topic)i));
	fputs(usage_tail, stdout);
}

static bool parse_topic(const char *name, size_t length, unsigned int *topics)
{
	unsigned int i;

	for (i = 0; i < TDP_NR_TOPICS; i++) {
		const char *known = tdp_topic_name((enum tdp_topic)i);

		if (strlen(known) != length ||
		    strncmp(known, name, length) != 0)
			continue;
		*topics |= 1u << i;
		return true;
	}
	return false;
}

/* "a,b", "all", or "none" */
static bool parse_topics(const char *text, unsigned int *topics)
{
	*topics = 0;
	if (!strcmp(text, "none"))
		return true;
	if (!strcmp(text, "all")) {
		*topics = (1u << TDP_NR_TOPICS) - 1;
		return true;
	}
	for (;;) {
		size_t length = strcspn(text, ",");

		if (!parse_topic(text, length, topics))
			return false;
		if (!text[length])
			return true;
		text += length + 1;
	}
}

static bool parse_vendor(const char *text, enum tdp_vendor *vendor)
{
	*vendor = strcmp(text, "intel") ? TDP_AMD : TDP_INTEL;
	return !strcmp(text, "intel") || !strcmp(text, "amd");
}

static bool parse_count(const char *text, uint64_t max, uint64_t *value)
{
	return parse_number(text, value) && *value && *value <= max;
}

/* The value of an option; false if it is wrong. */
static bool take_value(int option, struct request *r)
{
	uint64_t value = 0;
	bool good;

	switch (option) {
	case 's':
		return parse_number(optarg, &r->generate.seed);
	case 'c':
		return parse_count(optarg, 1000000, &r->count);
	case 'k':
		good = parse_count(optarg, TDP_GENERATE_MAX_STEPS, &value);
		r->generate.steps = (unsigned int)value;
		return good;
	case 'm':
		good = parse_count(optarg, 52, &value) && value >= 36;
		r->generate.maxphyaddr = (unsigned int)value;
		return good;
	case 't':
		return parse_topics(optarg, &r->generate.topics);
	case 'v':
		return parse_vendor(optarg, &r->generate.vendor);
	}
	return true;
}

static void write_line(const char *line, void *context)
{
	fprintf(context, "%s\n", line);
}

static int generate_to(struct request *r, FILE *file)
{
	struct tdp_error err = { 0 };

	r->generate.context = file;
	return tdp_scenario_generate(&r->generate, &err) ? show_error(&err) :
							   EXIT_HELD;
}

static int generate_file(struct request *r)
{
	char path[4096];
	FILE *file;
	int ret;

	snprintf(path, sizeof(path), "%s/random_%" PRIu64 ".yaml", r->folder,
		 r->generate.seed);
	file = fopen(path, "w");
	ret = file ? generate_to(r, file) : EXIT_BAD_INPUT;
	if (file && !ferror(file) && !fclose(file))
		return ret;
	fprintf(stderr, "%s: can't be written: %s\n", path, strerror(errno));
	return EXIT_BAD_INPUT;
}

static int generate_all(struct request *r)
{
	uint64_t i;
	int ret = EXIT_HELD;

	if (!r->folder && r->count > 1)
		return bad_usage("generate", "--count needs --output");
	if (!r->folder)
		return generate_to(r, stdout);
	for (i = 0; i < r->count && !ret; i++, r->generate.seed++)
		ret = generate_file(r);
	return ret;
}

int cmd_generate(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "count", required_argument, NULL, 'c' },
		{ "output", required_argument, NULL, 'o' },
		{ "steps", required_argument, NULL, 'k' },
		{ "topics", required_argument, NULL, 't' },
		{ "vendor", required_argument, NULL, 'v' },
		{ "maxphyaddr", required_argument, NULL, 'm' },
		{ "profile", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct request r = {
		.generate = { .seed = 1,
			      .steps = 30,
			      .vendor = TDP_AMD,
			      .maxphyaddr = 40,
			      .profile = "v6.12",
			      .topics = (1u << TDP_NR_TOPICS) - 1,
			      .line = write_line },
		.count = 1,
	};
	int option, index = 0;

	while ((option = getopt_long(argc, argv, "h", options, &index)) != -1) {
		if (option == 'h') {
			show_usage();
			return EXIT_HELD;
		}
		if (option == '?')
			return bad_usage("generate", "see above");
		if (option == 'o')
			r.folder = optarg;
		if (option == 'p')
			r.generate.profile = optarg;
		if (!take_value(option, &r))
			return bad_usage("generate", "--%s: \"%s\" won't do",
					 options[index].name, optarg);
	}
	if (optind != argc)
		return bad_usage("generate", "\"%s\" is no option",
				 argv[optind]);
	return generate_all(&r);
}
