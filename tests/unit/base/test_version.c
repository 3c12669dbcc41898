/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "support/unit.h"
#include "tdpsim/version.h"

static void number_orders_versions(void **state)
{
	(void)state;
	assert_true(TDPSIM_VERSION_NUMBER(0, 1, 0) >
		    TDPSIM_VERSION_NUMBER(0, 0, 999));
	assert_true(TDPSIM_VERSION_NUMBER(1, 0, 0) >
		    TDPSIM_VERSION_NUMBER(0, 999, 999));
	assert_int_equal(TDPSIM_VERSION_NUMBER(1, 2 + 1, 4), 1003004);
}

static void number_and_name_are_the_headers(void **state)
{
	char name[32];

	(void)state;
	assert_int_equal(tdp_version(), TDPSIM_VERSION);
	snprintf(name, sizeof(name), "%d.%d.%d", TDPSIM_VERSION_MAJOR,
		 TDPSIM_VERSION_MINOR, TDPSIM_VERSION_PATCH);
	assert_string_equal(tdp_version_name(), name);
}

int main(void)
{
	static const struct suite suites[] = {
		CASE(number_orders_versions),
		CASE(number_and_name_are_the_headers),
	};

	return RUN("version", suites);
}
