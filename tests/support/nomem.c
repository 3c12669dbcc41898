/* SPDX-License-Identifier: MIT */
#include "support/nomem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/alloc.h"
#include "tdpsim/error.h"

static uint64_t digest_of(const struct nomem *test, void *context)
{
	return test->digest ? test->digest(context) : 0;
}

/* Attempt with the @n-th allocation refused, then with memory. */
static const char *attempt(const struct nomem *test, void *context,
			   unsigned long n, bool *refused)
{
	const uint64_t before = digest_of(test, context);
	int ret;

	alloc_fail(n);
	ret = test->attempt(context);
	*refused = alloc_fail_end();

	if (!*refused)
		return ret == TDP_OK ? NULL : "failed with enough memory";
	if (ret != TDP_ENOMEM)
		return "did not return TDP_ENOMEM";
	if (digest_of(test, context) != before)
		return "changed the state and failed";
	if (test->attempt(context) != TDP_OK)
		return "failed again when there was memory";
	return NULL;
}

static const char *nth_round(const struct nomem *test, unsigned long n,
			     bool *refused)
{
	void *context = NULL;
	const char *wrong;

	alloc_watch();
	if (test->setup)
		context = test->setup();
	wrong = attempt(test, context, n, refused);
	test->teardown(context);
	if (!wrong && alloc_live())
		wrong = "leaked";
	return wrong;
}

const char *nomem_verdict(const struct nomem *test, unsigned long *n)
{
	const char *wrong;
	bool refused;

	*n = 0;
	do {
		wrong = nth_round(test, ++*n, &refused);
	} while (!wrong && refused);
	if (!wrong && *n == 1)
		wrong = "allocates nothing, so this checks nothing";
	return wrong;
}

void nomem_check(const struct nomem *test)
{
	unsigned long n;
	const char *wrong = nomem_verdict(test, &n);

	if (wrong)
		fail_msg("allocation %lu was refused: the attempt %s", n,
			 wrong);
}
