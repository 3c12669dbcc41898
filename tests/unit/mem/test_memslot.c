/* SPDX-License-Identifier: MIT */
#include "mem/memslot.h"
#include "support/nomem.h"
#include "support/unit.h"
#include "tdpsim/error.h"

/*
 * The levels that a slot's place and its userspace address allow: rows H of
 * the KVM 6.12 vectors of disallow_lpage.  The slot is [@base, @base +
 * @pages) frames, @hva_page its first userspace page.
 */
static const struct row {
	const char *name;
	uint64_t base, pages, hva_page, gfn;
	unsigned int max_level;
} rows[] = {
	{ "H1_congruent_1G", 0x100000, 0x40000, 0x7f0000000, 0x100000, 3 },
	{ "H4_not_congruent", 0x100000, 0x40000, 0x7f0000001, 0x100200, 1 },
	{ "H5_first_block_partial", 0x100001, 0x3ff, 0x7f0000001, 0x100001, 1 },
	{ "H6_second_block_whole", 0x100001, 0x3ff, 0x7f0000001, 0x100200, 2 },
	{ "H7_last_block_partial", 0x100000, 0x201, 0x7f0000000, 0x100200, 1 },
	{ "2M_in_a_small_slot", 0x100000, 0x200, 0x7f0000000, 0x100010, 2 },
};

static void level_limit(void **state)
{
	const struct row *r = *state;
	const struct memslot slot = {
		.base_gfn = r->base,
		.npages = r->pages,
		.hva = r->hva_page << 12,
	};
	unsigned int level;

	for (level = 3; level > 1; level--)
		if (!memslot_disallows_level(&slot, r->gfn, level))
			break;
	assert_int_equal(level, r->max_level);
}

static void add(struct memslots *slots, unsigned int id, uint64_t base,
		uint64_t pages)
{
	const struct memslot slot = {
		.id = id,
		.base_gfn = base,
		.npages = pages,
	};

	assert_int_equal(memslots_set(slots, &slot, NULL), TDP_OK);
}

static void slots_are_found_by_frame(void **state)
{
	struct memslots slots;

	(void)state;
	memslots_init(&slots, 0);
	add(&slots, 2, 0x200, 0x100);
	add(&slots, 1, 0x0, 0x100);
	assert_int_equal(memslots_find(&slots, 0x0)->id, 1);
	assert_int_equal(memslots_find(&slots, 0xff)->id, 1);
	assert_null(memslots_find(&slots, 0x100));
	assert_null(memslots_find(&slots, 0x1ff));
	assert_int_equal(memslots_find(&slots, 0x200)->id, 2);
	assert_null(memslots_find(&slots, 0x300));
	memslots_delete(&slots, 1);
	assert_null(memslots_find(&slots, 0x0));
	memslots_finish(&slots);
}

static void overlap_is_found(void **state)
{
	struct memslots slots;

	(void)state;
	memslots_init(&slots, 0);
	add(&slots, 1, 0x100, 0x100);
	assert_null(memslots_overlap(&slots, 2, 0x0, 0x100));
	assert_non_null(memslots_overlap(&slots, 2, 0x0, 0x101));
	assert_non_null(memslots_overlap(&slots, 2, 0x1ff, 1));
	assert_null(memslots_overlap(&slots, 2, 0x200, 1));
	/* A slot never overlaps what it replaces. */
	assert_null(memslots_overlap(&slots, 1, 0x100, 0x100));
	memslots_finish(&slots);
}

static void generation_starts_at_the_space_and_steps_by_two(void **state)
{
	struct memslots slots;

	(void)state;
	memslots_init(&slots, 1);
	assert_int_equal(slots.generation, 1);
	memslots_advance(&slots, NR_ADDRESS_SPACES);
	assert_int_equal(slots.generation, 3);
	memslots_finish(&slots);
}

static void *setup_slots(void)
{
	static struct memslots slots;

	memslots_init(&slots, 0);
	return &slots;
}

static int attempt_set(void *context)
{
	const struct memslot slot = { .id = 7, .base_gfn = 1, .npages = 1 };

	return memslots_set(context, &slot, NULL);
}

static uint64_t digest_slots(void *context)
{
	const struct memslots *slots = context;

	return slots->nr;
}

static void teardown_slots(void *context)
{
	memslots_finish(context);
}

static void set_survives_want_of_memory(void **state)
{
	static const struct nomem test = {
		.setup = setup_slots,
		.attempt = attempt_set,
		.digest = digest_slots,
		.teardown = teardown_slots,
	};

	(void)state;
	nomem_check(&test);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, level_limit),
		CASE(slots_are_found_by_frame),
		CASE(overlap_is_found),
		CASE(generation_starts_at_the_space_and_steps_by_two),
		CASE(set_survives_want_of_memory),
	};

	return RUN("memslot", suites);
}
