/* SPDX-License-Identifier: MIT */
/* Reverse maps and the lists they are made of. */
#include "kvm/rmap.h"

#include "base/bits.h"
#include "support/unit.h"

#define NR 3000

static void add(struct rmap *rmap, uint64_t gfn, uint64_t sptep)
{
	assert_true(rmap_reserve(rmap, 1));
	rmap_add(rmap, 0, 1, gfn, sptep);
}

static void levels_and_spaces_are_apart(void **state)
{
	struct rmap rmap = { .nr = 0 };

	(void)state;
	assert_true(rmap_reserve(&rmap, 4));
	assert_int_equal(rmap_add(&rmap, 0, 1, 0x200, 8), 1);
	assert_int_equal(rmap_add(&rmap, 0, 2, 0x200, 16), 1);
	assert_int_equal(rmap_add(&rmap, 1, 1, 0x200, 24), 1);
	assert_int_equal(rmap_add(&rmap, 0, 1, 0x200, 32), 2);
	assert_non_null(rmap_find(&rmap, 0, 2, 0x3ff));
	assert_null(rmap_find(&rmap, 0, 2, 0x400));
	assert_null(rmap_find(&rmap, 0, 1, 0x201));
	assert_null(rmap_find(&rmap, 1, 2, 0x200));
	assert_false(rmap_remove(&rmap, 0, 1, 0x200, 16));
	assert_true(rmap_remove(&rmap, 0, 1, 0x200, 8));
	assert_int_equal(rmap_find(&rmap, 0, 1, 0x200)->nr, 1);
	assert_true(rmap_remove(&rmap, 0, 1, 0x200, 32));
	assert_null(rmap_find(&rmap, 0, 1, 0x200));
	rmap_finish(&rmap);
}

static void key_tells_its_parts(void **state)
{
	struct rmap rmap = { .nr = 0 };
	const struct rmap_head *head;

	(void)state;
	assert_true(rmap_reserve(&rmap, 1));
	rmap_add(&rmap, 1, 3, UINT64_C(0x8000040000), 8);
	head = rmap_find(&rmap, 1, 3, UINT64_C(0x8000040000));
	assert_int_equal(rmap_key_as_id(head->key), 1);
	assert_int_equal(rmap_key_level(head->key), 3);
	assert_int_equal(rmap_key_index(head->key), 0x200001);
	rmap_finish(&rmap);
}

/* Removal closes gaps: whatever the order, the rest stays reachable. */
static void every_order_of_removal(void **state)
{
	static const unsigned int steps[] = { 1, 7, 1009, NR - 1 };

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(steps); k++) {
		struct rmap rmap = { .nr = 0 };
		unsigned int i, n;

		for (i = 0; i < NR; i++)
			add(&rmap, i * 512, 8 * i);
		for (n = i = 0; n < NR; n++, i = (i + steps[k]) % NR)
			assert_true(rmap_remove(&rmap, 0, 1, i * 512, 8 * i));
		assert_int_equal(rmap.nr, 0);
		rmap_finish(&rmap);
	}
}

static void nodes_are_used_again(void **state)
{
	struct pte_pool pool = { .nr = 0 };
	uint32_t list = 0;

	(void)state;
	for (unsigned int i = 0; i < NR; i++) {
		assert_true(pte_pool_reserve(&pool, 1));
		pte_list_add(&pool, &list, i);
		assert_true(pte_list_has(&pool, list, i));
		assert_true(pte_list_remove(&pool, &list, i));
		assert_false(pte_list_has(&pool, list, i));
	}
	assert_int_equal(pool.nr, 2);
	pte_pool_finish(&pool);
}

static void reserved_nodes_need_no_memory(void **state)
{
	struct pte_pool pool = { .nr = 0 };
	uint32_t list = 0, capacity;

	(void)state;
	assert_true(pte_pool_reserve(&pool, NR));
	capacity = pool.capacity;
	for (unsigned int i = 0; i < NR; i++)
		pte_list_add(&pool, &list, i);
	assert_int_equal(pool.capacity, capacity);
	for (unsigned int i = 0; i < NR; i++)
		assert_true(pte_list_remove(&pool, &list, (i * 7) % NR));
	assert_int_equal(list, 0);
	pte_pool_finish(&pool);
}

int main(void)
{
	static const struct suite suites[] = {
		CASE(levels_and_spaces_are_apart),   CASE(key_tells_its_parts),
		CASE(every_order_of_removal),        CASE(nodes_are_used_again),
		CASE(reserved_nodes_need_no_memory),
	};

	return RUN("rmap", suites);
}
