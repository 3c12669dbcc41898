/* SPDX-License-Identifier: MIT */
/*
 * Lists of SPTEs, by their host-physical addresses: who maps a guest frame,
 * who points to a shadow page.  Nodes come from one pool, so that a fault can
 * make sure of them before it changes anything.
 *
 * KVM 6.12: pte_list_add(), pte_list_remove().  KVM keeps 14 to a descriptor;
 * nothing that can be observed depends on that.
 */
#ifndef TDPSIM_KVM_PTE_LIST_H
#define TDPSIM_KVM_PTE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Node 0 is no node: a list is the number of its first one. */
struct pte_pool {
	struct pte_node {
		uint64_t hpa;
		uint32_t next;
	} * nodes;
	uint32_t nr; /* nodes ever handed out, and node 0 */
	uint32_t capacity;
	uint32_t free; /* list by next */
	uint32_t nr_free;
};

/* Make sure that @n calls of pte_list_add() succeed.  False: no memory. */
bool pte_pool_reserve(struct pte_pool *pool, uint32_t n);
void pte_pool_finish(struct pte_pool *pool);

void pte_list_add(struct pte_pool *pool, uint32_t *list, uint64_t hpa);
/* False if @hpa is not in the list. */
bool pte_list_remove(struct pte_pool *pool, uint32_t *list, uint64_t hpa);
bool pte_list_has(const struct pte_pool *pool, uint32_t list, uint64_t hpa);

#endif
