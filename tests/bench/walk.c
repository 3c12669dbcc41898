/* SPDX-License-Identifier: MIT */
/*
 * Walks of a 4-level guest on 4-level EPT, 4 KiB pages everywhere: by the
 * library with all checks, or by a bare loop that only follows the tables.
 *
 *	bench_walk model|bare WALKS
 *
 * tests/bench/walk_cost.py counts the instructions of both.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tdpsim/walk.h"

#define MEMORY    (UINT64_C(1) << 26)
#define PAGE      UINT64_C(4096)
#define PAGES     1024u /* that the guest maps */
#define ADDRESS   UINT64_C(0x000ffffffffff000)

#define EPT_TABLE UINT64_C(0x7)
#define EPT_LEAF  UINT64_C(0x37) /* RWX, WB */
#define PTE_TABLE UINT64_C(0x27) /* P RW US A */
#define PTE_LEAF  UINT64_C(0x67) /* and D */

static uint64_t words[MEMORY / 8]; /* a copy that the bare loop reads */
static uint64_t next_frame = PAGE;

static void die(const char *why)
{
	fprintf(stderr, "%s\n", why);
	exit(1);
}

static uint64_t new_frame(void)
{
	uint64_t frame = next_frame;

	next_frame += PAGE;
	if (next_frame > MEMORY)
		die("memory is too small");
	return frame;
}

/* The entry for @addr at @level of the table at @table. */
static uint64_t *entry_of(uint64_t table, uint64_t addr, unsigned int level)
{
	return &words[(table >> 3) + ((addr >> (3 + 9 * level)) & 511)];
}

static uint64_t ept_root, guest_root, next_gpa = PAGE;

/* Host frame behind a guest frame, mapped if it is not. */
static uint64_t map_gpa(uint64_t gpa)
{
	uint64_t table = ept_root, *entry;
	unsigned int level;

	for (level = 4; level > 1; level--) {
		entry = entry_of(table, gpa, level);
		if (!*entry)
			*entry = new_frame() | EPT_TABLE;
		table = *entry & ADDRESS;
	}
	entry = entry_of(table, gpa, 1);
	if (!*entry)
		*entry = new_frame() | EPT_LEAF;
	return *entry & ADDRESS;
}

static uint64_t new_gpa(void)
{
	uint64_t gpa = next_gpa;

	next_gpa += PAGE;
	map_gpa(gpa);
	return gpa;
}

static void map_gva(uint64_t gva)
{
	uint64_t table = guest_root, *entry;
	unsigned int level;

	for (level = 4; level > 1; level--) {
		entry = entry_of(map_gpa(table), gva, level);
		if (!*entry)
			*entry = new_gpa() | PTE_TABLE;
		table = *entry & ADDRESS;
	}
	*entry_of(map_gpa(table), gva, 1) = new_gpa() | PTE_LEAF;
}

static uint64_t gva_of(unsigned int i)
{
	return (uint64_t)(i * 2654435761u % PAGES) << 12 | (i & 0xff8);
}

/* The floor: 24 dependent loads, each with the one test that a walk needs. */
static inline uint64_t bare_ept(uint64_t gpa)
{
	uint64_t table = ept_root;
	unsigned int level;

#pragma GCC unroll 4
	for (level = 4; level; level--) {
		uint64_t entry = *entry_of(table, gpa, level);

		if ((entry & 7) != 7)
			return UINT64_MAX;
		table = entry & ADDRESS;
	}
	return table | (gpa & 4095);
}

__attribute__((noinline)) static uint64_t bare_walk(uint64_t gva)
{
	uint64_t table = guest_root;
	unsigned int level;

#pragma GCC unroll 4
	for (level = 4; level; level--) {
		uint64_t gpa = table + ((gva >> (3 + 9 * level)) & 511) * 8;
		uint64_t hpa = bare_ept(gpa), entry;

		if (hpa == UINT64_MAX)
			return hpa;
		entry = words[hpa >> 3];
		if ((entry & 7) != 7)
			return UINT64_MAX;
		table = entry & ADDRESS;
	}
	return bare_ept(table | (gva & 4095));
}

static uint64_t run_bare(unsigned int walks)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < walks; i++)
		sum += bare_walk(gva_of(i));
	return sum;
}

static uint64_t run_model(unsigned int walks)
{
	struct tdp_walk_cpu cpu;
	struct tdp_memory *memory;
	struct tdp_walker *walker;
	struct tdp_error err;
	uint64_t sum = 0;
	unsigned int i;

	tdp_walk_cpu_init(&cpu, TDP_INTEL);
	cpu.cr3 = guest_root;
	cpu.stage2 = TDP_STAGE2_EPT;
	cpu.ept.eptp = ept_root | 0x1e;
	if (tdp_memory_create(MEMORY, &memory, &err) ||
	    tdp_memory_write(memory, TDP_HPA(0), words, sizeof(words)) ||
	    tdp_walker_create(memory, &walker, &err) ||
	    tdp_walker_set_cpu(walker, &cpu, &err))
		die(err.message);
	for (i = 0; i < walks; i++) {
		const struct tdp_walk_access access = {
			.gva = TDP_GVA(gva_of(i)),
			.kind = TDP_READ,
			.user = true,
		};
		struct tdp_walk_result result;

		if (tdp_walk(walker, &access, 0, NULL, &result) ||
		    result.outcome != TDP_WALK_OK)
			die("a walk failed");
		sum += result.hpa.addr;
	}
	tdp_walker_destroy(walker);
	tdp_memory_destroy(memory);
	return sum;
}

int main(int argc, char **argv)
{
	unsigned int walks, i;
	uint64_t sum;

	if (argc != 3)
		die("usage: bench_walk model|bare WALKS");
	walks = (unsigned int)strtoul(argv[2], NULL, 0);
	ept_root = new_frame();
	guest_root = new_gpa();
	for (i = 0; i < PAGES; i++)
		map_gva((uint64_t)i << 12);
	sum = strcmp(argv[1], "bare") ? run_model(walks) : run_bare(walks);
	printf("%u walks, sum of addresses 0x%llx\n", walks,
	       (unsigned long long)sum);
	return 0;
}
