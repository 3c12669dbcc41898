/* SPDX-License-Identifier: MIT */
#include "base/counts.h"
#include "support/unit.h"

static void absent_key_counts_nothing(void **state)
{
	struct counts counts = { 0 };

	(void)state;
	assert_int_equal(counts_get(&counts, 5), 0);
	counts_finish(&counts);
}

static void counts_survive_growth(void **state)
{
	struct counts counts = { 0 };
	uint64_t key;

	(void)state;
	for (key = 0; key < 5000; key++)
		assert_true(counts_add(&counts, key << 40 | key, 1));
	for (key = 0; key < 5000; key += 2)
		assert_true(counts_add(&counts, key << 40 | key, 1));
	for (key = 0; key < 5000; key++)
		assert_int_equal(counts_get(&counts, key << 40 | key),
				 key % 2 ? 1 : 2);
	counts_finish(&counts);
}

static void keys_that_fell_to_zero_make_room(void **state)
{
	struct counts counts = { 0 };
	uint64_t key;

	(void)state;
	for (key = 0; key < 100000; key++) {
		assert_true(counts_add(&counts, key, 1));
		assert_true(counts_add(&counts, key, -1));
	}
	assert_int_equal(counts_get(&counts, 99999), 0);
	/* Twice the live keys at most, not one slot a key ever seen. */
	assert_true(counts.capacity <= 131072);
	counts_finish(&counts);
}

int main(void)
{
	static const struct suite suites[] = {
		CASE(absent_key_counts_nothing),
		CASE(counts_survive_growth),
		CASE(keys_that_fell_to_zero_make_room),
	};

	return RUN("counts", suites);
}
