/* SPDX-License-Identifier: MIT */
/*
 * What a pre-fault of much memory costs, beside the least that building the
 * same page tables can cost, in one run: prints both and their ratio.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "tdpsim/tdpsim.h"

#define ENTRIES   512u
#define PAGE      UINT64_C(4096)
#define HUGE_PAGE UINT64_C(0x200000)
#define ADDRESS   UINT64_C(0x000ffffffffff000)
#define TABLE     UINT64_C(0x8000000000000907)
#define LEAF      UINT64_C(0x8600000000000a77)

/* Of this process, kernel included: others may use the machine as well. */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Bare fills ---------------------------------------------------------------------- */

/*
 * The least that building the same tables can cost: a radix tree of four
 * levels in fresh memory, walked from the root once a table of level 1, whose
 * entries are then stored one behind the other.
 */
struct tree {
	uint8_t *pool;
	size_t size;
	uint64_t used; /* the root lies at 0 */
};

static void tree_init(struct tree *t, uint64_t pages, int advice)
{
	uint64_t tables = pages / ENTRIES + pages / ENTRIES / ENTRIES + 64;

	t->size = (size_t)(tables * PAGE + HUGE_PAGE) & ~(HUGE_PAGE - 1);
	t->pool = mmap(NULL, t->size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (t->pool == MAP_FAILED)
		exit(1);
	madvise(t->pool, t->size, advice);
	t->used = PAGE;
}

static uint64_t *tree_entry(const struct tree *t, uint64_t table, uint64_t page,
			    unsigned int level)
{
	return (uint64_t *)(void *)(t->pool + table) +
	       (page >> (9 * (level - 1))) % ENTRIES;
}

/* The level-1 table for @page; tables on the way are made. */
static uint64_t tree_table(struct tree *t, uint64_t page)
{
	uint64_t table = 0;
	unsigned int level;

	for (level = 4; level > 1; level--) {
		uint64_t *entry = tree_entry(t, table, page, level);

		if (!*entry) {
			*entry = t->used | TABLE;
			t->used += PAGE;
		}
		table = *entry & ADDRESS;
	}
	return table;
}

static void fill(struct tree *t, uint64_t pages, bool exchange)
{
	uint64_t page, i;

	for (page = 0; page < pages; page += ENTRIES) {
		uint64_t *entry = tree_entry(t, tree_table(t, page), page, 1);

		for (i = 0; i < ENTRIES; i++) {
			uint64_t leaf = (page + i) * PAGE | LEAF, none = 0;

			if (exchange)
				__atomic_compare_exchange_n(
					&entry[i], &none, leaf, false,
					__ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
			else
				entry[i] = leaf;
		}
	}
}

static void check(struct tree *t, uint64_t pages)
{
	uint64_t page;

	for (page = 0; page < pages; page += 997)
		if (*tree_entry(t, tree_table(t, page), page, 1) !=
		    (page * PAGE | LEAF)) {
			fprintf(stderr, "the bare fill is wrong\n");
			exit(1);
		}
}

static const struct bare {
	const char *name;
	int advice;
	bool exchange; /* as the TDP MMU stores, against other vCPUs */
	bool warm;     /* the second of two fills of the same memory */
} bares[] = {
	{ "bare fill", MADV_NOHUGEPAGE, false, false },
	{ "bare fill, cmpxchg", MADV_NOHUGEPAGE, true, false },
	{ "bare fill, memory warm", MADV_NOHUGEPAGE, false, true },
	{ "bare fill, huge host pages", MADV_HUGEPAGE, false, false },
};

static double bare_seconds(const struct bare *b, uint64_t pages,
			   uint64_t *table_pages)
{
	struct tree t;
	double seconds;

	tree_init(&t, pages, b->advice);
	if (b->warm) {
		fill(&t, pages, b->exchange);
		memset(t.pool, 0, t.size);
		t.used = PAGE;
	}
	seconds = now();
	fill(&t, pages, b->exchange);
	seconds = now() - seconds;
	check(&t, pages);
	*table_pages = t.used / PAGE;
	munmap(t.pool, t.size);
	return seconds;
}

/* The model ----------------------------------------------------------------------- */

static double model_seconds(uint64_t bytes, uint64_t *table_pages)
{
	const struct tdp_memslot ram = {
		.size = bytes,
		.backing = TDP_BACKING_ANONYMOUS,
	};
	struct tdp_host_config host;
	struct tdp_kvm_config kvm;
	struct tdp_vm_stats stats;
	struct tdp_result result;
	struct tdp_vcpu *vcpu;
	struct tdp_error err;
	struct tdp_vm *vm;
	double start;

	tdp_host_config_init(&host, TDP_INTEL);
	if (tdp_kvm_config_init(&kvm, "v6.12", &err) ||
	    tdp_vm_create(&host, &kvm, &vm, &result, &err) ||
	    tdp_vm_set_memslot(vm, &ram, &result, &err) ||
	    tdp_vcpu_create(vm, &vcpu, &err)) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	start = now();
	if (tdp_vcpu_prefault(vcpu, TDP_GPA(0), bytes, 0, &result, &err) ||
	    result.ret || result.size) {
		fprintf(stderr, "the pre-fault did not map everything\n");
		exit(1);
	}
	start = now() - start;
	tdp_vm_get_stats(vm, &stats);
	*table_pages = stats.mmu_pages;
	tdp_vm_destroy(vm);
	return start;
}

int main(int argc, char **argv)
{
	uint64_t gib = argc > 1 ? strtoull(argv[1], NULL, 0) : 64;
	uint64_t bytes = gib << 30, pages = bytes / PAGE, tables, bare_tables;
	double model, seconds;
	size_t i;

	/* The first touch of much memory warms the host up: not measured. */
	bare_seconds(&bares[0], pages, &bare_tables);
	model = model_seconds(bytes, &tables);
	printf("prefault of %llu GiB of 4K pages: %.2f ns and %.4f bytes of tables a page\n",
	       (unsigned long long)gib, model / (double)pages * 1e9,
	       (double)(tables * PAGE) / (double)pages);
	for (i = 0; i < sizeof(bares) / sizeof(bares[0]); i++) {
		seconds = bare_seconds(&bares[i], pages, &bare_tables);
		printf("%s: %.2f ns and %.4f bytes a page; ratios %.2f and %.4f\n",
		       bares[i].name, seconds / (double)pages * 1e9,
		       (double)(bare_tables * PAGE) / (double)pages,
		       model / seconds, (double)tables / (double)bare_tables);
	}
	return 0;
}
