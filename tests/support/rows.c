/* SPDX-License-Identifier: MIT */
#include "support/rows.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The exit status for a group that could not even be set up. */
#define CANNOT_RUN 99

static size_t count_tests(const struct suite *suites, size_t nr_suites)
{
	size_t nr = 0;

	for (size_t i = 0; i < nr_suites; i++)
		nr += suites[i].rows ? suites[i].nr_rows : 1;
	return nr;
}

/* Rows are evenly spaced, and so are their names. */
static const char *row_name(const struct suite *s, size_t row)
{
	const char *base = (const char *)s->first_name;
	const char *const *name = (const void *)(base + row * s->row_size);

	/* TAP reads what follows a '#' as a directive. */
	assert(*name && **name && !strchr(*name, '#'));
	return *name;
}

/* "test/row", on the heap; NULL if there is no memory. */
static char *full_name(const struct suite *s, size_t row)
{
	char *name;

	if (asprintf(&name, "%s/%s", s->test_name, row_name(s, row)) < 0)
		return NULL;
	return name;
}

/*
 * CMocka hands a test its initial state as a plain pointer: rows lose their
 * const on the way, and get it back from the type that the test assigns to.
 */
static void *row_state(const struct suite *s, size_t row)
{
	return (char *)(uintptr_t)s->rows + row * s->row_size;
}

static size_t add_suite(struct CMUnitTest *tests, const struct suite *s)
{
	if (!s->rows) {
		tests[0] = (struct CMUnitTest){
			.name = s->test_name,
			.test_func = s->test,
		};
		return 1;
	}
	for (size_t row = 0; row < s->nr_rows; row++)
		tests[row] = (struct CMUnitTest){
			.name = full_name(s, row),
			.test_func = s->test,
			.initial_state = row_state(s, row),
		};
	return s->nr_rows;
}

static void free_names(struct CMUnitTest *tests, const struct suite *suites,
		       size_t nr_suites)
{
	size_t at = 0;

	for (size_t i = 0; i < nr_suites; i++) {
		if (!suites[i].rows) {
			at++;
			continue;
		}
		for (size_t row = 0; row < suites[i].nr_rows; row++)
			free((char *)(uintptr_t)tests[at++].name);
	}
}

int suites_run(const char *group, const struct suite *suites, size_t nr_suites)
{
	const size_t nr = count_tests(suites, nr_suites);
	struct CMUnitTest *tests;
	size_t at = 0;
	int failed;

	assert(nr);
	tests = calloc(nr, sizeof(*tests));
	if (!tests)
		return CANNOT_RUN;
	for (size_t i = 0; i < nr_suites; i++)
		at += add_suite(&tests[at], &suites[i]);
	failed = _cmocka_run_group_tests(group, tests, nr, NULL, NULL);
	free_names(tests, suites, nr_suites);
	free(tests);
	return failed;
}
