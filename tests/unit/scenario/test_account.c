/* SPDX-License-Identifier: MIT */
/* Counts with and without pre-faults, their names, and what can't be counted. */
#include "tdpsim/account.h"

#include <stdio.h>
#include <string.h>

#include "support/unit.h"

#define HEAD "scenario: t\nabout: claims nothing\nhost: { vendor: intel }\n"
#define RAM  "memslots: [ { slot: 0, gpa: 0, size: 1M } ]\n"
#define BOTH "steps: [ prefault: { gpa: 0, size: 4K }, read: { gva: 0 } ]\n"

static struct tdp_scenario *load(const char *text)
{
	struct tdp_scenario *scenario;
	struct tdp_error err;

	if (tdp_scenario_load_text("t.yaml", text, strlen(text), &scenario,
				   &err))
		fail_msg("%s", err.message);
	return scenario;
}

static const struct row {
	const char *name;
	const char *text;
	unsigned int row;
	const char *message;
} rows[] = {
	{ "no_such_row",
	  HEAD RAM BOTH "account: { backings: [ { backing: thp } ] }\n", 1,
	  "t.yaml: account: no row 1" },
	{ "no_memslot", HEAD BOTH, 0,
	  "t.yaml: account: there is no memslot 0 at the start" },
	{ "other_memslot",
	  HEAD RAM BOTH
	  "account: { slot: 3, backings: [ { backing: thp } ] }\n",
	  0, "t.yaml: account: there is no memslot 3 at the start" },
	{ "prefault_together",
	  HEAD RAM
	  "vcpus: [ {}, {} ]\nsteps: [ together: [ prefault: { gpa: 0, "
	  "size: 4K }, read: { vcpu: 1, gva: 0 } ] ]\n",
	  0, "t.yaml: account: a pre-fault inside \"together\"" },
	{ "no_prefault", HEAD RAM "steps: [ read: { gva: 0 } ]\n", 0,
	  "t.yaml: account: no step is a pre-fault" },
};

static void row_refused(void **state)
{
	const struct row *r = *state;
	struct tdp_scenario *scenario = load(r->text);
	struct tdp_account account;
	struct tdp_error err;

	assert_int_equal(tdp_scenario_account(scenario, r->row, &account, &err),
			 TDP_EINVAL);
	assert_string_equal(err.message, r->message);
	tdp_scenario_destroy(scenario);
}

static void counts_both_ways(void **state)
{
	struct tdp_scenario *scenario = load(
		HEAD RAM BOTH
		"account: { backings: [ { backing: thp }, "
		"{ backing: anonymous, host_readonly: true } ] }\n");
	struct tdp_account a;

	(void)state;
	assert_int_equal(tdp_scenario_account_rows(scenario), 2);
	assert_int_equal(tdp_scenario_account(scenario, 0, &a, NULL), TDP_OK);
	assert_int_equal(a.backing, TDP_BACKING_THP);
	assert_int_equal(a.without.accesses, 1);
	assert_int_equal(a.without.exits, 1);
	assert_int_equal(a.without.prefaulted, 0);
	assert_int_equal(a.with.accesses, 1);
	assert_int_equal(a.with.exits, 0);
	assert_int_equal(a.with.prefaulted, 1);
	assert_int_equal(tdp_scenario_account(scenario, 1, &a, NULL), TDP_OK);
	assert_true(a.read_only);
	tdp_scenario_destroy(scenario);
}

/* Each backing comes up, and none twice in the same state. */
static void default_rows_cover_all_backings(void **state)
{
	struct tdp_scenario *scenario = load(HEAD RAM BOTH);
	unsigned int i, nr = tdp_scenario_account_rows(scenario);
	unsigned int seen[TDP_NR_BACKINGS][2][2] = { 0 };
	struct tdp_account a;

	(void)state;
	for (i = 0; i < nr; i++) {
		assert_int_equal(tdp_scenario_account(scenario, i, &a, NULL),
				 TDP_OK);
		assert_int_equal(seen[a.backing][a.untouched][a.read_only]++,
				 0);
	}
	for (i = 0; i < TDP_NR_BACKINGS; i++)
		assert_int_equal(seen[i][0][0], 1);
	assert_int_equal(seen[TDP_BACKING_ANONYMOUS][0][1], 1);
	tdp_scenario_destroy(scenario);
}

static void counts_have_names(void **state)
{
	const struct tdp_account_counts counts = { .accesses = 7,
						   .prefault_failed = 3 };
	unsigned int i, value = 0;
	const char *name = NULL;

	(void)state;
	assert_true(tdp_account_count(&counts, 0, &name, &value));
	assert_string_equal(name, "accesses");
	assert_int_equal(value, 7);
	for (i = 0; tdp_account_count(&counts, i, &name, &value); i++)
		;
	assert_int_equal(i, sizeof(counts) / sizeof(unsigned int));
	assert_string_equal(name, "prefault_failed");
	assert_int_equal(value, 3);
	assert_true(tdp_account_count(NULL, 0, NULL, NULL));
}

static struct tdp_scenario *scenario;

static int attempt(void *context)
{
	struct tdp_account account;

	(void)context;
	return tdp_scenario_account(scenario, 0, &account, NULL);
}

static void nothing(void *context)
{
	(void)context;
}

static void survives_want_of_memory(void **state)
{
	static const struct nomem test = {
		.attempt = attempt,
		.teardown = nothing,
	};

	(void)state;
	scenario = load(HEAD RAM BOTH);
	nomem_check(&test);
	tdp_scenario_destroy(scenario);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, row_refused),
		CASE(counts_both_ways),
		CASE(default_rows_cover_all_backings),
		CASE(counts_have_names),
		CASE(survives_want_of_memory),
	};

	return RUN("account", suites);
}
