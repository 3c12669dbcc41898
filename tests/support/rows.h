/* SPDX-License-Identifier: MIT */
/*
 * Tables of rows as tests: each row is reported by its name, so that a failure
 * says which one and rows don't hide each other.
 *
 *	static const struct row {
 *		const char *name;
 *		unsigned int level;
 *	} rows[] = {
 *		{ "not_present_hides_reserved_bits", 1 },
 *	};
 *
 *	static void classify(void **state)
 *	{
 *		const struct row *r = *state;
 *		...
 *	}
 *
 *	int main(void)
 *	{
 *		static const struct suite suites[] = {
 *			ROWS(rows, classify),
 *			CASE(a_test_without_a_table),
 *		};
 *
 *		return RUN("ept", suites);
 *	}
 *
 * The names reported are "classify/not_present_hides_reserved_bits" and
 * "a_test_without_a_table".
 */
#ifndef TDPSIM_SUPPORT_ROWS_H
#define TDPSIM_SUPPORT_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct suite {
	const char *test_name;
	CMUnitTestFunction test;
	const void *rows;              /* NULL: one test without a row */
	const char *const *first_name; /* member of the first row */
	size_t nr_rows;
	size_t row_size; /* bytes from one row to the next */
};

/* clang-format off */

/* Call @function once a row; *state is the row, whose name is in .name. */
#define ROWS(table, function) {						\
	.test_name = #function,						\
	.test = function,						\
	.rows = (table),						\
	.first_name = &(table)[0].name,					\
	.nr_rows = sizeof(table) / sizeof((table)[0]),			\
	.row_size = sizeof((table)[0]),					\
}

/* Call @function once; *state is NULL. */
#define CASE(function) {						\
	.test_name = #function,						\
	.test = function,						\
}

/* clang-format on */

/* Run all of an array of suites as one group; what main() returns. */
#define RUN(group, suites) \
	suites_run(group, suites, sizeof(suites) / sizeof((suites)[0]))

int suites_run(const char *group, const struct suite *suites, size_t nr_suites);

#endif
