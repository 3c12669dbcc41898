/* SPDX-License-Identifier: MIT */
#include "kvm/rmap_walk.h"

#include "kvm/shadow_page.h"
#include "kvm/shadow_spte.h"

static bool in_range(const struct rmap_head *head, const struct rmap_range *r)
{
	unsigned int level;
	uint64_t gfn;

	/* The key of a free head is no key: its level would be too large. */
	if (head->key == RMAP_FREE)
		return false;
	level = rmap_key_level(head->key);
	gfn = rmap_key_index(head->key) << (9 * (level - 1));
	return rmap_key_as_id(head->key) == r->as_id && level >= r->min_level &&
	       level <= r->max_level && gfn < r->end &&
	       gfn + level_pages(level) > r->start;
}

static void visit_chain(struct tdp_vm *vm, const struct rmap_head *head,
			rmap_visitor visit, void *context)
{
	const struct pte_pool *pool = &vm->shadow->rmap.pool;
	uint32_t node = head->list;

	for (; node; node = pool->nodes[node].next)
		visit(vm, pool->nodes[node].hpa, context);
}

void rmap_for_each(struct tdp_vm *vm, const struct rmap_range *range,
		   rmap_visitor visit, void *context)
{
	const struct rmap *rmap = vm->shadow ? &vm->shadow->rmap : NULL;
	size_t i;

	for (i = 0; rmap && i < rmap->capacity; i++)
		if (in_range(&rmap->heads[i], range))
			visit_chain(vm, &rmap->heads[i], visit, context);
}

void rmap_for_each_of(struct tdp_vm *vm, unsigned int as_id, unsigned int level,
		      uint64_t gfn, rmap_visitor visit, void *context)
{
	const struct rmap_head *head = NULL;

	if (vm->shadow)
		head = rmap_find(&vm->shadow->rmap, as_id, level, gfn);
	if (head)
		visit_chain(vm, head, visit, context);
}

/* The first leaf of the chain that is to go; 0: none. */
static uint64_t pick(struct tdp_vm *vm, const struct rmap_head *head,
		     rmap_filter filter, void *context, bool *stop)
{
	const struct pte_pool *pool = &vm->shadow->rmap.pool;
	uint32_t node = head->list;

	for (; node && !*stop; node = pool->nodes[node].next)
		if (filter(vm, pool->nodes[node].hpa, context, stop))
			return pool->nodes[node].hpa;
	return 0;
}

uint64_t rmap_drop(struct tdp_vm *vm, const struct rmap_range *range,
		   rmap_filter filter, void *context)
{
	const struct rmap *rmap = vm->shadow ? &vm->shadow->rmap : NULL;
	bool stop = false;
	uint64_t n = 0;
	size_t i = 0;

	while (rmap && i < rmap->capacity && !stop) {
		uint64_t sptep = 0;

		if (in_range(&rmap->heads[i], range))
			sptep = pick(vm, &rmap->heads[i], filter, context,
				     &stop);
		if (!sptep) {
			i++;
			continue;
		}
		/* The gap is closed: look at the same place again. */
		sptep_drop(vm, sptep);
		n++;
	}
	return n;
}
