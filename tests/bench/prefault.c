/* SPDX-License-Identifier: MIT */
/*
 * What a pre-fault of much memory costs, beside the least that building the
 * same page tables can cost, in one run: prints both and their ratio.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "tdpsim/tdpsim.h"

#define ENTRIES 512u
#define PAGE    UINT64_C(4096)

/* Of this process, kernel included: others may use the machine as well. */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Fill level-1 tables, and the three levels above them, in fresh memory. */
static double floor_seconds(uint64_t pages)
{
	uint64_t tables = pages / ENTRIES, upper = tables / ENTRIES + 3, i;
	size_t size = (size_t)((tables + upper) * PAGE);
	uint64_t *entry;
	double start;

	entry = mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (entry == MAP_FAILED)
		exit(1);
	start = now();
	for (i = 0; i < pages; i++)
		entry[i] = i * PAGE | UINT64_C(0x8600000000000a77);
	for (i = 0; i < upper * ENTRIES; i++)
		entry[pages + i] = i * PAGE | UINT64_C(0x8000000000000907);
	start = now() - start;
	munmap(entry, size);
	return start;
}

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
	uint64_t bytes = gib << 30, pages = bytes / PAGE, tables;
	double model, floor;

	/* The first touch of much memory warms the host up: not measured. */
	floor_seconds(pages);
	floor = floor_seconds(pages);
	model = model_seconds(bytes, &tables);
	printf("prefault of %llu GiB of 4K pages: %.2f ns a page, %.4f bytes of tables a page\n",
	       (unsigned long long)gib, model / (double)pages * 1e9,
	       (double)(tables * PAGE) / (double)pages);
	printf("bare fill of the same tables: %.2f ns a page; ratio %.2f\n",
	       floor / (double)pages * 1e9, model / floor);
	return 0;
}
