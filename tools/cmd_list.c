/* SPDX-License-Identifier: MIT */
/* tdpsim list: the tables of the model and of the scenario language. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <tdpsim/walk.h>

#include "cmd.h"
#include "table.h"

/* clang-format off */
static const char usage_head[] =
"Usage: tdpsim list [OPTIONS] WHAT [OF]\n"
"\n"
"List what the model and the scenario language know.\n"
"\n"
"  --profile NAME               behaviours: their values in this kernel only\n"
"  --format text|markdown|json  how (default: text)\n"
"  --help                       show this text\n"
"\n"
"WHAT is one of:\n";
/* clang-format on */

/* clang-format off */
static const char usage_tail[] =
"\n"
"Exit status: 0; 2 bad usage.\n";
/* clang-format on */

struct request {
	const char *of;
	const char *profile;
	struct table *table;
};

static int unknown(const char *what, const char *name)
{
	return bad_usage("list", "no %s \"%s\"", what, name);
}

/* Kernels ------------------------------------------------------------------ */

static int list_profiles(struct request *request)
{
	unsigned int i;

	table_head(request->table, "profile", NULL);
	for (i = 0; tdp_profile_name(i); i++)
		table_row(request->table, tdp_profile_name(i), NULL);
	return EXIT_HELD;
}

static int profile_index(const char *name)
{
	unsigned int i;

	for (i = 0; tdp_profile_name(i); i++)
		if (!strcmp(tdp_profile_name(i), name))
			return (int)i;
	return -1;
}

/* "a, b (current), c": all values, or that of one kernel. */
static void values_print(unsigned int behaviour, char *buf, size_t size)
{
	const char *value, *separator = "";
	size_t used = 0;
	unsigned int i;

	for (i = 0; (value = tdp_behaviour_value_name(behaviour, i)); i++) {
		if (used < size)
			used += (size_t)snprintf(buf + used, size - used,
						 "%s%s", separator, value);
		separator = ", ";
	}
}

static int behaviours_of(struct request *request)
{
	int profile = profile_index(request->profile);
	const struct tdp_behaviour_info *info;
	struct tdp_kvm_config kvm;
	unsigned int i;

	if (profile < 0 || tdp_kvm_config_init(&kvm, request->profile, NULL))
		return unknown("profile", request->profile);
	table_head(request->table, "behaviour", request->profile, "verified",
		   "about", NULL);
	for (i = 0; (info = tdp_behaviour_info(i)); i++)
		table_row(request->table, info->name,
			  tdp_kvm_config_get(&kvm, info->name),
			  tdp_behaviour_unverified(i, (unsigned int)profile) ?
				  "no" :
				  "yes",
			  info->about, NULL);
	return EXIT_HELD;
}

/* "v6.4 to v6.8, v7.2": the profiles whose cell was only inferred. */
static void unverified_print(unsigned int behaviour, char *buf, size_t size)
{
	const char *separator = "";
	unsigned int i, last;
	size_t used = 0;

	buf[0] = '\0';
	for (i = 0; tdp_profile_name(i) && used < size; i++) {
		if (!tdp_behaviour_unverified(behaviour, i))
			continue;
		for (last = i; tdp_behaviour_unverified(behaviour, last + 1);)
			last++;
		used += (size_t)snprintf(
			buf + used, size - used, "%s%s%s%s", separator,
			tdp_profile_name(i), last > i ? " to " : "",
			last > i ? tdp_profile_name(last) : "");
		separator = ", ";
		i = last;
	}
}

static int list_behaviours(struct request *request)
{
	const struct tdp_behaviour_info *info;
	char values[512], unverified[512];
	unsigned int i;

	if (request->profile)
		return behaviours_of(request);
	table_head(request->table, "behaviour", "values", "unverified", "about",
		   "source", NULL);
	for (i = 0; (info = tdp_behaviour_info(i)); i++) {
		values_print(i, values, sizeof(values));
		unverified_print(i, unverified, sizeof(unverified));
		table_row(request->table, info->name, values, unverified,
			  info->about, info->source, NULL);
	}
	return EXIT_HELD;
}

/* How far the role word is full: another field has to fit into what is left. */
static int list_roles(struct request *request)
{
	const char *name;
	unsigned int i;

	table_head(request->table, "profile", "layout", "unused bits", "room",
		   NULL);
	for (i = 0; (name = tdp_profile_name(i)); i++) {
		struct tdp_kvm_config kvm;
		char mask[16], room[8];
		uint32_t unused;

		if (tdp_kvm_config_init(&kvm, name, NULL))
			return unknown("profile", name);
		unused = tdp_role_unused(&kvm);
		snprintf(mask, sizeof(mask), "0x%08x", (unsigned int)unused);
		snprintf(room, sizeof(room), "%d", __builtin_popcount(unused));
		table_row(request->table, name,
			  tdp_kvm_config_get(&kvm, "role.layout"), mask, room,
			  NULL);
	}
	return EXIT_HELD;
}

/* Results and events ------------------------------------------------------- */

static int list_events(struct request *request)
{
	const struct tdp_event_info *info;
	unsigned int i, f;

	table_head(request->table, "event", "tracepoint", "fields", NULL);
	for (i = 0; (info = tdp_event_info(i)); i++) {
		char fields[256] = "";
		size_t used = 0;

		for (f = 0; f < TDP_EVENT_MAX_FIELDS && info->field[f].name &&
			    used < sizeof(fields);
		     f++)
			used += (size_t)snprintf(
				fields + used, sizeof(fields) - used, "%s%s",
				f ? ", " : "", info->field[f].name);
		table_row(request->table, info->name,
			  info->is_tracepoint ? "yes" : "no", fields, NULL);
	}
	return EXIT_HELD;
}

static int list_outcomes(struct request *request)
{
	unsigned int i;

	table_head(request->table, "outcome", "about", NULL);
	for (i = 0; i < TDP_NR_OUTCOMES; i++)
		table_row(request->table, tdp_outcome_name(i),
			  tdp_outcome_about(i), NULL);
	return EXIT_HELD;
}

static int list_reasons(struct request *request)
{
	unsigned int i;

	table_head(request->table, "reason", "about", "behaviours", "source",
		   "rule", NULL);
	for (i = 0; i < TDP_NR_REASONS; i++) {
		const struct tdp_reason_info *info = tdp_reason_info(i);

		table_row(request->table, tdp_reason_name(i),
			  tdp_reason_about(i), info->behaviours, info->source,
			  info->sentence, NULL);
	}
	return EXIT_HELD;
}

static int list_walk_reasons(struct request *request)
{
	unsigned int i;

	table_head(request->table, "walk reason", "about", "source", NULL);
	for (i = 0; i < TDP_NR_WALK_REASONS; i++)
		table_row(request->table, tdp_walk_reason_name(i),
			  tdp_walk_reason_about(i), tdp_walk_reason_source(i),
			  NULL);
	return EXIT_HELD;
}

/* The language ------------------------------------------------------------- */

static int list_verbs(struct request *request)
{
	words_table(request->table, TDP_WORDS_VERBS, NULL, "verb");
	return EXIT_HELD;
}

static int list_sections(struct request *request)
{
	words_table(request->table, TDP_WORDS_SECTIONS, NULL, "section");
	return EXIT_HELD;
}

static int list_types(struct request *request)
{
	words_table(request->table, TDP_WORDS_TYPES, NULL, "type");
	return EXIT_HELD;
}

static int list_features(struct request *request)
{
	struct tdp_word word;
	unsigned int i;

	table_head(request->table, "feature", "available", "about", NULL);
	for (i = 0; tdp_word_at(TDP_WORDS_FEATURES, NULL, i, &word); i++)
		table_row(request->table, word.name,
			  word.available ? "yes" : "no", word.about, NULL);
	return EXIT_HELD;
}

static bool is_named(enum tdp_word_list list, const char *name)
{
	struct tdp_word word;
	unsigned int i;

	for (i = 0; tdp_word_at(list, NULL, i, &word); i++)
		if (!strcmp(word.name, name))
			return true;
	return false;
}

static int list_arguments(struct request *request)
{
	if (!is_named(TDP_WORDS_VERBS, request->of) &&
	    !words_table(NULL, TDP_WORDS_ARGUMENTS, request->of, ""))
		return unknown("verb", request->of);
	words_table(request->table, TDP_WORDS_ARGUMENTS, request->of,
		    "argument");
	return EXIT_HELD;
}

static int list_keys(struct request *request)
{
	if (!words_table(request->table, TDP_WORDS_KEYS, request->of, "key"))
		return unknown("section", request->of);
	return EXIT_HELD;
}

static int list_fields(struct request *request)
{
	if (!words_table(NULL, TDP_WORDS_FIELDS, request->of, "") &&
	    !is_named(TDP_WORDS_VERBS, request->of))
		return unknown("verb or section", request->of);
	words_table(request->table, TDP_WORDS_FIELDS, request->of, "field");
	return EXIT_HELD;
}

static int list_parts(struct request *request)
{
	if (!words_table(request->table, TDP_WORDS_PARTS, request->of, "part"))
		return unknown("word of bits (role, spte)", request->of);
	return EXIT_HELD;
}

static int list_values(struct request *request)
{
	if (!words_table(request->table, TDP_WORDS_VALUES, request->of,
			 "value"))
		return unknown("type with words", request->of);
	return EXIT_HELD;
}

static int list_language(struct request *request)
{
	language_show(request->table);
	return EXIT_HELD;
}

/* The command -------------------------------------------------------------- */

static const struct listing {
	const char *name;
	const char *of; /* what else it needs; NULL: nothing */
	const char *about;
	int (*show)(struct request *request);
} listings[] = {
	{ "profiles", NULL, "kernels", list_profiles },
	{ "behaviours", NULL, "what kernels do differently", list_behaviours },
	{ "roles", NULL, "what is left of each kernel's role word",
	  list_roles },
	{ "events", NULL, "what can happen inside", list_events },
	{ "outcomes", NULL, "how an operation can end", list_outcomes },
	{ "reasons", NULL, "checks of KVM and of the model", list_reasons },
	{ "walk-reasons", NULL, "checks of the hardware walk",
	  list_walk_reasons },
	{ "features", NULL, "what a scenario can require", list_features },
	{ "verbs", NULL, "what a step can do", list_verbs },
	{ "arguments", "VERB", "what a verb takes", list_arguments },
	{ "fields", "VERB",
	  "what a step can expect, or a part of check:", list_fields },
	{ "sections", NULL, "maps that a scenario is made of", list_sections },
	{ "keys", "SECTION", "what such a map can have", list_keys },
	{ "parts", "role|spte", "the named parts of a word of bits",
	  list_parts },
	{ "types", NULL, "how values are written", list_types },
	{ "values", "TYPE", "the words or flags of a type", list_values },
	{ "language", NULL, "all tables of the scenario language",
	  list_language },
};

#define NR_LISTINGS (sizeof(listings) / sizeof(listings[0]))

static void show_usage(void)
{
	size_t i;

	fputs(usage_head, stdout);
	for (i = 0; i < NR_LISTINGS; i++)
		printf("  %-12s %-10s %s\n", listings[i].name,
		       listings[i].of ? listings[i].of : "", listings[i].about);
	fputs(usage_tail, stdout);
}

static int list(struct request *request, int argc, char **argv)
{
	const struct listing *listing = listings;
	const struct listing *end = listings + NR_LISTINGS;
	int ret;

	if (!argc)
		return bad_usage("list", "nothing to list");
	while (listing < end && strcmp(listing->name, argv[0]) != 0)
		listing++;
	if (listing == end)
		return unknown("list", argv[0]);
	if (argc != (listing->of ? 2 : 1))
		return bad_usage("list", "%s takes %s", argv[0],
				 listing->of ? listing->of : "nothing more");
	request->of = argv[1];
	ret = listing->show(request);
	return exit_worse(ret, table_show(request->table));
}

int cmd_list(int argc, char **argv)
{
	static const struct option options[] = {
		{ "profile", required_argument, NULL, 'p' },
		{ "format", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct table table = { .format = TABLE_TEXT };
	struct request request = { .table = &table };
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			request.profile = optarg;
			break;
		case 'f':
			if (!table_format(optarg, &table.format))
				return bad_usage(
					"list",
					"no format \"%s\": text, markdown or json",
					optarg);
			break;
		case 'h':
			show_usage();
			return EXIT_HELD;
		default:
			return bad_usage("list", "see above");
		}
	}
	return list(&request, argc - optind, argv + optind);
}
