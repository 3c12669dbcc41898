/* SPDX-License-Identifier: MIT */
/* The helpers that other tests rely on must themselves be able to fail. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "support/alloc.h"
#include "support/unit.h"
#include "tdpsim/error.h"

/* volatile: a compiler may drop an allocation whose result nobody sees. */
static void *volatile kept[2];
static void *volatile leaked;
static uint64_t changed;

static int keep_two(void *context)
{
	(void)context;
	kept[0] = malloc(16);
	if (!kept[0])
		return TDP_ENOMEM;
	kept[1] = strdup("text");
	if (kept[1])
		return TDP_OK;
	free(kept[0]);
	return TDP_ENOMEM;
}

static int leak_the_first(void *context)
{
	(void)context;
	kept[0] = malloc(16);
	kept[1] = kept[0] ? malloc(16) : NULL;
	if (kept[0] && !kept[1])
		leaked = kept[0];
	return kept[1] ? TDP_OK : TDP_ENOMEM;
}

static int swallow(void *context)
{
	(void)context;
	kept[0] = malloc(16);
	kept[1] = NULL;
	return TDP_OK;
}

static int change_then_fail(void *context)
{
	changed++;
	return keep_two(context);
}

static int allocate_nothing(void *context)
{
	(void)context;
	kept[0] = kept[1] = NULL;
	return TDP_OK;
}

static int always_fail(void *context)
{
	(void)context;
	kept[0] = kept[1] = NULL;
	return TDP_EINVAL;
}

static void free_two(void *context)
{
	(void)context;
	free(kept[0]);
	free(kept[1]);
}

static uint64_t count_changes(void *context)
{
	(void)context;
	return changed;
}

static const struct verdict_row {
	const char *name;
	int (*attempt)(void *context);
	unsigned long n;
	const char *wrong;
} verdict_rows[] = {
	{ "clean_attempt_passes", keep_two, 3, NULL },
	{ "leak_is_found", leak_the_first, 2, "leaked" },
	{ "success_without_memory_is_found", swallow, 1,
	  "did not return TDP_ENOMEM" },
	{ "changed_state_is_found", change_then_fail, 1,
	  "changed the state and failed" },
	{ "nothing_to_refuse_is_found", allocate_nothing, 1,
	  "allocates nothing, so this checks nothing" },
	{ "failure_with_memory_is_found", always_fail, 1,
	  "failed with enough memory" },
};

static void verdict(void **state)
{
	const struct verdict_row *r = *state;
	const struct nomem test = {
		.attempt = r->attempt,
		.digest = count_changes,
		.teardown = free_two,
	};
	unsigned long n;
	const char *wrong = nomem_verdict(&test, &n);

	if (r->wrong)
		assert_string_equal(wrong ? wrong : "nothing wrong", r->wrong);
	else
		assert_null(wrong);
	assert_int_equal(n, r->n);
	free(leaked);
	leaked = NULL;
}

static void *by_malloc(void)
{
	return malloc(1);
}

static void *by_calloc(void)
{
	return calloc(1, 1);
}

static void *by_realloc(void)
{
	return realloc(NULL, 1);
}

static void *by_reallocarray(void)
{
	return reallocarray(NULL, 1, 1);
}

static void *by_aligned_alloc(void)
{
	return aligned_alloc(64, 64);
}

static void *by_posix_memalign(void)
{
	void *ptr;

	return posix_memalign(&ptr, 64, 64) ? NULL : ptr;
}

static void *by_strdup(void)
{
	return strdup("text");
}

static void *by_strndup(void)
{
	return strndup("text", 2);
}

static void *by_asprintf(void)
{
	char *text;

	return asprintf(&text, "%d", 1) < 0 ? NULL : text;
}

static const struct by_row {
	const char *name;
	void *(*allocate)(void);
} by_rows[] = {
	{ "malloc", by_malloc },
	{ "calloc", by_calloc },
	{ "realloc", by_realloc },
	{ "reallocarray", by_reallocarray },
	{ "aligned_alloc", by_aligned_alloc },
	{ "posix_memalign", by_posix_memalign },
	{ "strdup", by_strdup },
	{ "strndup", by_strndup },
	{ "asprintf", by_asprintf },
};

static void is_refused_and_counted(void **state)
{
	const struct by_row *r = *state;
	void *ptr;

	alloc_watch();
	alloc_fail(1);
	assert_null(r->allocate());
	assert_true(alloc_fail_end());
	assert_int_equal(alloc_live(), 0);

	ptr = r->allocate();
	assert_non_null(ptr);
	assert_int_equal(alloc_live(), 1);
	free(ptr);
	assert_int_equal(alloc_live(), 0);
}

static void *map_page(void)
{
	return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void mapping_is_refused_and_counted(void **state)
{
	void *at;

	(void)state;
	alloc_watch();
	alloc_fail(1);
	assert_ptr_equal(map_page(), MAP_FAILED);
	assert_int_equal(errno, ENOMEM);
	assert_true(alloc_fail_end());

	at = map_page();
	assert_ptr_not_equal(at, MAP_FAILED);
	assert_int_equal(alloc_live(), 1);
	munmap(at, 4096);
	assert_int_equal(alloc_live(), 0);
}

static void only_the_nth_is_refused(void **state)
{
	void *volatile ptrs[4];

	(void)state;
	alloc_fail(3);
	for (int i = 0; i < 4; i++)
		ptrs[i] = by_malloc();
	assert_true(alloc_fail_end());
	assert_non_null(ptrs[0]);
	assert_non_null(ptrs[1]);
	assert_null(ptrs[2]);
	assert_non_null(ptrs[3]);
	for (int i = 0; i < 4; i++)
		free(ptrs[i]);
}

static void older_blocks_do_not_count(void **state)
{
	void *older = by_malloc();

	(void)state;
	alloc_watch();
	older = realloc(older, 4096);
	assert_non_null(older);
	assert_int_equal(alloc_live(), 0);
	free(older);
	assert_int_equal(alloc_live(), 0);
}

static void many_blocks_are_told_apart(void **state)
{
	enum { NR = 5000 };
	void **ptrs = calloc(NR, sizeof(*ptrs));

	(void)state;
	assert_non_null(ptrs);
	alloc_watch();
	for (int i = 0; i < NR; i++)
		ptrs[i] = malloc(32);
	assert_int_equal(alloc_live(), NR);
	for (int i = 0; i < NR; i += 2)
		free(ptrs[i]);
	assert_int_equal(alloc_live(), NR / 2);
	for (int i = 1; i < NR; i += 2)
		free(ptrs[i]);
	assert_int_equal(alloc_live(), 0);
	free(ptrs);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(verdict_rows, verdict),
		ROWS(by_rows, is_refused_and_counted),
		CASE(mapping_is_refused_and_counted),
		CASE(only_the_nth_is_refused),
		CASE(older_blocks_do_not_count),
		CASE(many_blocks_are_told_apart),
	};

	return RUN("support", suites);
}
