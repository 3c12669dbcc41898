/* SPDX-License-Identifier: MIT */
/* tdpsim account: what pre-faulting saves, for each kind of memory. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "report.h"
#include "table.h"

/* clang-format off */
static const char usage[] =
"Usage: tdpsim account [OPTIONS] SCENARIO\n"
"\n"
"Replay a scenario twice for each kind of memory, with its pre-faults and\n"
"without them, and count the exits of the guest's accesses.  The kinds are those\n"
"of the scenario's \"account:\"; without it, all that the model has, behind\n"
"memslot 0.  Expectations are not looked at (tdpsim run checks them).\n"
"\n"
"  --format text|markdown|json  how (default: text)\n"
"  --help                       show this text\n"
"\n"
"Exit status: 0; 2 bad input or usage, 3 internal error (out of memory included).\n";
/* clang-format on */

static char *memory_print(const struct tdp_account *a, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s", tdp_backing_name(a->backing),
		 a->untouched ? ", untouched" : "",
		 a->read_only ? ", PROT_READ" : "");
	return buf;
}

/* "3 exits: 2 fixed, 1 retried"; what is zero is left out. */
static char *counts_print(const struct tdp_account_counts *c, char *buf,
			  size_t size)
{
	const struct {
		unsigned int nr;
		const char *what;
	} parts[] = {
		{ c->fixed, "fixed" },       { c->fast, "fast" },
		{ c->spurious, "spurious" }, { c->retried, "retried" },
		{ c->emulated, "emulated" }, { c->failed, "failed" },
	};
	const char *separator = ": ";
	size_t used, i;

	used = (size_t)snprintf(buf, size, "%u", c->exits);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]) && used < size; i++) {
		if (!parts[i].nr)
			continue;
		used += (size_t)snprintf(buf + used, size - used, "%s%u %s",
					 separator, parts[i].nr, parts[i].what);
		separator = ", ";
	}
	return buf;
}

static void row_add(struct table *table, const struct tdp_account *a)
{
	char memory[64], prefaulted[64], without[128], with[128], saved[16];

	snprintf(prefaulted, sizeof(prefaulted), "%u%s", a->with.prefaulted,
		 a->with.prefault_failed ? ", then failed" : "");
	snprintf(saved, sizeof(saved), "%d",
		 (int)a->without.exits - (int)a->with.exits);
	table_row(table, memory_print(a, memory, sizeof(memory)), prefaulted,
		  counts_print(&a->without, without, sizeof(without)),
		  counts_print(&a->with, with, sizeof(with)), saved, NULL);
}

static void json_counts(const char *name, const struct tdp_account_counts *c)
{
	const char *count;
	unsigned int i, value;

	printf(", \"%s\": {", name);
	for (i = 0; tdp_account_count(c, i, &count, &value); i++)
		printf("%s\"%s\": %u", i ? ", " : "", count, value);
	putchar('}');
}

static void json_row(unsigned int index, const struct tdp_account *a)
{
	printf("%s\n {\"backing\": ", index ? "," : "");
	json_put_string(tdp_backing_name(a->backing));
	printf(", \"untouched\": %s, \"host_readonly\": %s",
	       a->untouched ? "true" : "false",
	       a->read_only ? "true" : "false");
	json_counts("without", &a->without);
	json_counts("with", &a->with);
	putchar('}');
}

static int rows(const struct tdp_scenario *scenario, struct table *table)
{
	struct tdp_error err = { 0 };
	struct tdp_account account;
	bool json = table->format == TABLE_JSON;
	unsigned int i;

	if (json)
		putchar('[');
	for (i = 0; i < tdp_scenario_account_rows(scenario); i++) {
		if (tdp_scenario_account(scenario, i, &account, &err))
			return show_error(&err);
		if (json)
			json_row(i, &account);
		else
			row_add(table, &account);
	}
	if (json)
		puts("]");
	return EXIT_HELD;
}

static int account(const char *path, const struct tdp_scenario *scenario,
		   struct table *table)
{
	const char *missing = tdp_scenario_missing(scenario);
	int ret, shown;

	if (missing)
		return bad_usage("account", "%s can't be replayed: %s", path,
				 missing);
	table_head(table, "memory", "SPTEs pre-faulted", "exits without",
		   "exits with", "saved", NULL);
	ret = rows(scenario, table);
	if (table->format == TABLE_JSON)
		return ret;
	shown = table_show(table);
	return exit_worse(ret, shown);
}

static int account_file(const char *path, struct table *table)
{
	struct tdp_scenario *scenario;
	struct tdp_error err = { 0 };
	int ret;

	if (tdp_scenario_load(path, &scenario, &err))
		return show_error(&err);
	ret = account(path, scenario, table);
	tdp_scenario_destroy(scenario);
	return ret;
}

int cmd_account(int argc, char **argv)
{
	static const struct option options[] = {
		{ "format", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct table table = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			if (table_format(optarg, &table.format))
				break;
			return bad_usage(
				"account",
				"no format \"%s\": text, markdown or json",
				optarg);
		case 'h':
			fputs(usage, stdout);
			return EXIT_HELD;
		default:
			return bad_usage("account", "see above");
		}
	}
	if (optind + 1 != argc)
		return bad_usage("account", "expected one scenario");
	return account_file(argv[optind], &table);
}
