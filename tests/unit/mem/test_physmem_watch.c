/* SPDX-License-Identifier: MIT */
/* Stores to host-physical memory that are noted and taken back. */
#include "mem/physmem_watch.h"
#include "support/unit.h"

#define SIZE   (UINT64_C(1) << 20)
#define TABLES (UINT64_C(64) << 10)
#define TABLE  UINT64_C(0x2000)
#define RAM    UINT64_C(0x80000)

struct world {
	struct physmem pm;
	struct physmem_watch watch;
};

static int setup(void **state)
{
	static struct world w;

	if (physmem_init(&w.pm, SIZE, TABLES, NULL) ||
	    physmem_watch_init(&w.watch, &w.pm, NULL))
		return -1;
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	physmem_watch_finish(&w->watch);
	physmem_finish(&w->pm);
	return 0;
}

static void unwatched_stores_are_not_noted(void **state)
{
	struct world *w = *state;

	physmem_write64(&w->pm, TABLE, 1);
	physmem_set_watch(&w->pm, &w->watch);
	physmem_set_watch(&w->pm, NULL);
	physmem_write64(&w->pm, TABLE, 2);
	assert_int_equal(w->watch.undo.nr, 0);
	assert_int_equal(w->watch.written[TABLE >> 12], 0);
}

static void undo_restores_in_reverse_order(void **state)
{
	struct world *w = *state;
	const uint64_t word = 5;
	size_t mark;

	physmem_write64(&w->pm, TABLE + 8, 1);
	physmem_set_watch(&w->pm, &w->watch);
	physmem_write64(&w->pm, TABLE + 8, 2);
	mark = w->watch.undo.nr;
	physmem_write32(&w->pm, TABLE + 8, 3);
	physmem_copy_in(&w->pm, TABLE + 60, &word, 8);
	assert_int_equal(w->watch.undo.nr, mark + 3);
	assert_int_equal(w->watch.written[TABLE >> 12], 3);
	physmem_undo(&w->watch, &w->pm, mark);
	assert_int_equal(physmem_read64(&w->pm, TABLE + 8), 2);
	assert_int_equal(physmem_read64(&w->pm, TABLE + 60), 0);
	physmem_undo(&w->watch, &w->pm, 0);
	assert_int_equal(physmem_read64(&w->pm, TABLE + 8), 1);
}

static void the_last_bytes_are_watched_too(void **state)
{
	struct world *w = *state;

	physmem_write64(&w->pm, SIZE - 8, 7);
	physmem_write32(&w->pm, SIZE - 4, 9);
	assert_int_equal(physmem_read64(&w->pm, SIZE - 8), BIT(32) * 9 + 7);
	physmem_set_watch(&w->pm, &w->watch);
	physmem_write32(&w->pm, SIZE - 4, 1);
	physmem_write64(&w->pm, SIZE - 4, 1);
	assert_int_equal(physmem_read64(&w->pm, SIZE - 8), BIT(32) + 7);
	assert_int_equal(w->watch.undo.nr, 1);
}

static void a_fill_keeps_what_was_there(void **state)
{
	struct world *w = *state;

	physmem_set_watch(&w->pm, &w->watch);
	physmem_write64(&w->pm, TABLE + 0x100, 4);
	physmem_note_fill(&w->watch, &w->pm, TABLE, 0);
	memset(w->pm.base + TABLE, 0, FRAME_SIZE);
	assert_int_equal(w->watch.written[TABLE >> 12], 0);
	physmem_undo(&w->watch, &w->pm, 1);
	assert_int_equal(physmem_read64(&w->pm, TABLE + 0x100), 4);
	assert_int_equal(w->watch.written[TABLE >> 12], BIT(4));
}

/* A table of another kind is empty in another way. */
static void a_fill_with_another_value_keeps_all(void **state)
{
	struct world *w = *state;
	size_t mark;

	memset(w->pm.base + TABLE, 0x80, FRAME_SIZE);
	physmem_set_watch(&w->pm, &w->watch);
	physmem_write64(&w->pm, TABLE, 4);
	mark = w->watch.undo.nr;
	physmem_note_fill(&w->watch, &w->pm, TABLE, 0);
	memset(w->pm.base + TABLE, 0, FRAME_SIZE);
	physmem_undo(&w->watch, &w->pm, mark);
	assert_int_equal(physmem_read64(&w->pm, TABLE), 4);
	assert_int_equal(physmem_read64(&w->pm, TABLE + 8),
			 UINT64_C(0x8080808080808080));
	assert_int_equal(physmem_read64(&w->pm, TABLE + FRAME_SIZE - 8),
			 UINT64_C(0x8080808080808080));
}

static void ram_lines_are_kept_once_as_they_were(void **state)
{
	struct world *w = *state;
	uint64_t first;

	physmem_write64(&w->pm, RAM, 1);
	physmem_set_watch(&w->pm, &w->watch);
	physmem_write64(&w->pm, RAM, 2);
	physmem_write64(&w->pm, RAM + 8, 3);
	physmem_undo(&w->watch, &w->pm, 0);
	physmem_write64(&w->pm, RAM, 4);
	assert_int_equal(w->watch.ram.nr, 1);
	assert_int_equal(w->watch.ram.items[0].hpa, RAM);
	memcpy(&first, w->watch.ram.items[0].old, 8);
	assert_int_equal(first, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(unwatched_stores_are_not_noted,
						setup, teardown),
		cmocka_unit_test_setup_teardown(undo_restores_in_reverse_order,
						setup, teardown),
		cmocka_unit_test_setup_teardown(the_last_bytes_are_watched_too,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_fill_keeps_what_was_there,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_fill_with_another_value_keeps_all, setup, teardown),
		cmocka_unit_test_setup_teardown(
			ram_lines_are_kept_once_as_they_were, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
