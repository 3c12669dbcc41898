/* SPDX-License-Identifier: MIT */
/* Host-physical memory beyond the flat range. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "mem/physmem_far.h"

#define FLAT (UINT64_C(1) << 20)

struct fixture {
	struct physmem pm;
	struct physmem_far far;
};

static int setup(void **state)
{
	static struct fixture f;

	if (physmem_init(&f.pm, FLAT, FLAT / 2, NULL))
		return -1;
	physmem_far_init(&f.far, 1000);
	f.pm.far = &f.far;
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	physmem_far_finish(&f->far);
	physmem_finish(&f->pm);
	return 0;
}

static void no_far_range_reads_all_ones(void **state)
{
	struct fixture *f = *state;

	f->pm.far = NULL;
	physmem_write64(&f->pm, FLAT, 1);
	assert_int_equal(physmem_read64(&f->pm, FLAT), UINT64_MAX);
	assert_int_equal(physmem_read32(&f->pm, FLAT), UINT32_MAX);
}

static void unwritten_memory_reads_zero(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(physmem_read64(&f->pm, FLAT), 0);
	physmem_write64(&f->pm, BIT(51), 7);
	assert_int_equal(physmem_read64(&f->pm, BIT(51) + 8), 0);
	assert_int_equal(physmem_read64(&f->pm, BIT(50)), 0);
}

static void words_keep_their_value(void **state)
{
	struct fixture *f = *state;

	for (uint64_t i = 0; i < 1000; i++)
		physmem_write64(&f->pm, FLAT + i * 0x41000, ~i);
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(physmem_read64(&f->pm, FLAT + i * 0x41000),
				 ~i);
	assert_false(f->far.failed);
}

static void halves_share_a_word(void **state)
{
	struct fixture *f = *state;

	physmem_write32(&f->pm, BIT(40), 0x11111111);
	physmem_write32(&f->pm, BIT(40) + 4, 0x22222222);
	assert_int_equal(physmem_read64(&f->pm, BIT(40)),
			 UINT64_C(0x2222222211111111));
	assert_int_equal(physmem_read32(&f->pm, BIT(40) + 4), 0x22222222);
}

static void limit_is_reported_not_exceeded(void **state)
{
	struct fixture *f = *state;

	for (uint64_t i = 0; i < 1001; i++)
		physmem_write64(&f->pm, FLAT + i * FRAME_SIZE, 1);
	assert_true(f->far.failed);
	assert_int_equal(f->far.nr_frames, 1000);
	assert_int_equal(physmem_read64(&f->pm, FLAT + 1000 * FRAME_SIZE), 0);
}

static void clear_forgets_everything(void **state)
{
	struct fixture *f = *state;

	physmem_write64(&f->pm, BIT(45), 5);
	physmem_far_clear(&f->far);
	assert_int_equal(physmem_read64(&f->pm, BIT(45)), 0);
	physmem_write64(&f->pm, BIT(46), 6);
	assert_int_equal(physmem_read64(&f->pm, BIT(46)), 6);
	assert_int_equal(physmem_read64(&f->pm, BIT(46) + 8), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(no_far_range_reads_all_ones),
		T(unwritten_memory_reads_zero),
		T(words_keep_their_value),
		T(halves_share_a_word),
		T(limit_is_reported_not_exceeded),
		T(clear_forgets_everything),
	};

	return cmocka_run_group_tests_name("physmem_far", tests, NULL, NULL);
}
