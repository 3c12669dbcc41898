/* SPDX-License-Identifier: MIT */
/* Sets of frames against a bitmap: ranges merge, split and never touch. */
#include "mem/gfn_set.h"
#include "support/nomem.h"
#include "support/unit.h"

#define FRAMES 96u

/* xorshift: the same numbers everywhere. */
static uint32_t next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void assert_same(const struct gfn_set *set, const bool *bitmap)
{
	unsigned int gfn, run;
	size_t i;

	for (gfn = 0; gfn < FRAMES; gfn++) {
		assert_int_equal(gfn_set_has(set, gfn), bitmap[gfn]);
		for (run = gfn; run < FRAMES && bitmap[run] == bitmap[gfn];)
			run++;
		if (run < FRAMES)
			assert_int_equal(gfn_set_run(set, gfn), run - gfn);
	}
	for (i = 1; i < set->nr; i++)
		assert_true(set->ranges[i - 1].end < set->ranges[i].start);
}

static void it_does_as_a_bitmap_does(void **state)
{
	struct gfn_set set = { 0 };
	bool bitmap[FRAMES] = { false };
	uint32_t random = 1;
	unsigned int round, gfn;

	(void)state;
	for (round = 0; round < 2000; round++) {
		unsigned int start = next(&random) % FRAMES;
		unsigned int end = start + 1 + next(&random) % 12;
		bool in = next(&random) & 1;

		end = end < FRAMES ? end : FRAMES;
		assert_int_equal(gfn_set_change(&set, start, end, in, NULL),
				 TDP_OK);
		for (gfn = start; gfn < end; gfn++)
			bitmap[gfn] = in;
		assert_same(&set, bitmap);
	}
	gfn_set_finish(&set);
}

static void all_of_a_range_is_alike(void **state)
{
	struct gfn_set set = { 0 };

	(void)state;
	assert_true(gfn_set_all(&set, 0, 512, false));
	assert_false(gfn_set_all(&set, 0, 512, true));
	assert_int_equal(gfn_set_run(&set, 7), UINT64_MAX);
	assert_int_equal(gfn_set_change(&set, 0x200, 0x400, true, NULL),
			 TDP_OK);
	assert_true(gfn_set_all(&set, 0, 0x200, false));
	assert_true(gfn_set_all(&set, 0x200, 0x400, true));
	assert_false(gfn_set_all(&set, 0x1ff, 0x201, true));
	assert_false(gfn_set_all(&set, 0x1ff, 0x201, false));
	assert_false(gfn_set_all(&set, 0x200, 0x401, true));
	gfn_set_finish(&set);
}

static void neighbours_become_one_range(void **state)
{
	struct gfn_set set = { 0 };

	(void)state;
	assert_int_equal(gfn_set_change(&set, 1, 2, true, NULL), TDP_OK);
	assert_int_equal(gfn_set_change(&set, 3, 4, true, NULL), TDP_OK);
	assert_int_equal(set.nr, 2);
	assert_int_equal(gfn_set_change(&set, 2, 3, true, NULL), TDP_OK);
	assert_int_equal(set.nr, 1);
	assert_int_equal(gfn_set_change(&set, 0, 16, false, NULL), TDP_OK);
	assert_int_equal(set.nr, 0);
	gfn_set_finish(&set);
}

static void *setup_set(void)
{
	static struct gfn_set set;

	return &set;
}

static int attempt_change(void *context)
{
	return gfn_set_change(context, 8, 16, true, NULL);
}

static uint64_t digest_set(void *context)
{
	const struct gfn_set *set = context;

	return set->nr;
}

static void teardown_set(void *context)
{
	gfn_set_finish(context);
}

static void change_survives_want_of_memory(void **state)
{
	static const struct nomem test = {
		.setup = setup_set,
		.attempt = attempt_change,
		.digest = digest_set,
		.teardown = teardown_set,
	};

	(void)state;
	nomem_check(&test);
}

int main(void)
{
	static const struct suite suites[] = {
		CASE(it_does_as_a_bitmap_does),
		CASE(all_of_a_range_is_alike),
		CASE(neighbours_become_one_range),
		CASE(change_survives_want_of_memory),
	};

	return RUN("gfn_set", suites);
}
