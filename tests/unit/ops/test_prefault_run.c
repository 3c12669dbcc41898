/* SPDX-License-Identifier: MIT */
/*
 * Pages that are pre-faulted in a run get what they would get one by one: a
 * machine with a listener takes the whole path for each page, its twin without
 * one may not, and both must end the same.
 */
#include "support/machine.h"

#define START UINT64_C(0x40000000)
#define PAGES 1600u /* three level-1 tables and a bit */

static const struct row {
	const char *name;
	const char *profile;
	enum tdp_vendor vendor;
	bool ad;
	enum tdp_backing backing;
	bool untouched;
	uint64_t slot_pages;
	uint64_t offset, pages; /* of the call */
	uint64_t hole;          /* page unmapped by userspace; 0: none */
	uint64_t touched;       /* page that the guest wrote before; 0: none */
	uint64_t signal_after;
	bool dma; /* with MTRRs that differ inside the slot */
} rows[] = {
	/* clang-format off */
	{ "plain", "v6.12", TDP_INTEL, true, TDP_BACKING_ANONYMOUS, false, PAGES, 0, PAGES,
	  0, 0, 0, false },
	{ "amd", "v6.12", TDP_AMD, true, TDP_BACKING_ANONYMOUS, false, PAGES, 7, 1400, 0, 0,
	  0, false },
	{ "no_ad", "v6.12", TDP_INTEL, false, TDP_BACKING_SHMEM, false, PAGES, 0, PAGES, 0,
	  0, 0, false },
	{ "slot_ends_first", "v6.12", TDP_INTEL, true, TDP_BACKING_ANONYMOUS, false, 700, 0,
	  PAGES, 0, 0, 0, false },
	{ "host_hole", "v6.12", TDP_INTEL, true, TDP_BACKING_ANONYMOUS, false, PAGES, 0,
	  PAGES, 777, 0, 0, false },
	{ "leaf_in_the_way", "v6.12", TDP_INTEL, true, TDP_BACKING_ANONYMOUS, false, PAGES,
	  0, PAGES, 0, 600, 0, false },
	{ "leaf_in_the_way_6_13", "v6.13", TDP_AMD, true, TDP_BACKING_ANONYMOUS, false,
	  PAGES, 0, PAGES, 0, 600, 0, false },
	{ "signal", "v6.12", TDP_INTEL, true, TDP_BACKING_ANONYMOUS, false, PAGES, 0, PAGES,
	  0, 0, 999, false },
	{ "zero_page", "v6.12", TDP_INTEL, true, TDP_BACKING_ANONYMOUS, true, PAGES, 0,
	  PAGES, 0, 0, 0, false },
	{ "clean_file", "v6.12", TDP_INTEL, true, TDP_BACKING_FILE_PRIVATE, true, PAGES, 0,
	  PAGES, 0, 0, 0, false },
	{ "device", "v6.12", TDP_INTEL, true, TDP_BACKING_PFNMAP, false, PAGES, 0, PAGES, 0,
	  0, 0, false },
	{ "thp", "v6.12", TDP_INTEL, true, TDP_BACKING_THP, false, PAGES, 3, PAGES - 3, 0,
	  0, 0, false },
	{ "types_by_mtrr", "v6.12", TDP_INTEL, true, TDP_BACKING_ANONYMOUS, false, PAGES, 0,
	  PAGES, 0, 0, 0, true },
	{ "7_2", "v7.2", TDP_INTEL, true, TDP_BACKING_ANONYMOUS, false, PAGES, 0, PAGES, 0,
	  0, 0, false },
	/* clang-format on */
};

static void listen(const struct tdp_event *event, void *context)
{
	(void)event;
	++*(unsigned int *)context;
}

/* 1 MiB of UC in the middle of WB, for kernels that look. */
static void split_types(struct machine *m)
{
	static const struct {
		uint32_t msr;
		uint64_t value;
		/* clang-format off */
	} writes[] = {
		{ 0x200, START + MIB }, { 0x201, 0x3ffffff00800 },
		{ 0x2ff, 0x806 },
	};
	/* clang-format on */
	unsigned int i;

	tdp_vm_attach_dma(m->vm, true, &m->result, NULL);
	for (i = 0; i < 3; i++)
		assert_int_equal(tdp_vcpu_write_msr(m->vcpu, writes[i].msr,
						    writes[i].value, true,
						    &m->result),
				 TDP_OK);
}

static void prepare(struct machine *m, const struct row *r)
{
	const struct tdp_memslot region = {
		.gpa = START,
		.size = r->slot_pages << 12,
		.backing = r->backing,
		.untouched = r->untouched,
	};

	machine_init(m, r->vendor, r->profile);
	m->host.ept_ad = r->ad;
	if (r->dma)
		machine_set(m, "memtype.source", "mtrr_cd");
	machine_start(m);
	machine_vcpu(m, 46);
	assert_int_equal(tdp_vm_set_memslot(m->vm, &region, &m->result, NULL),
			 TDP_OK);
	if (r->dma)
		split_types(m);
	if (r->hole)
		assert_int_equal(machine_back(m->vm, START + (r->hole << 12),
					      4096, TDP_BACKING_UNMAPPED, NULL),
				 TDP_OK);
	if (r->touched)
		machine_access(m, TDP_WRITE, START + (r->touched << 12));
	if (r->signal_after)
		tdp_vcpu_signal(m->vcpu, r->signal_after);
}

static uint64_t leaf(struct machine *m, unsigned int page)
{
	struct tdp_spte_info path[5];
	unsigned int nr;

	nr = tdp_vm_get_sptes(m->vm, m->result.root_id,
			      TDP_GPA(START + ((uint64_t)page << 12)), path);
	assert_true(nr > 0);
	return path[nr - 1].spte;
}

static void same_as_one_by_one(void **state)
{
	const struct row *r = *state;
	struct tdp_vm_stats a, b;
	struct machine slow, fast;
	unsigned int events = 0, page;

	prepare(&slow, r);
	prepare(&fast, r);
	tdp_vm_set_tracer(slow.vm, listen, &events);
	machine_prefault(&slow, START + (r->offset << 12), r->pages << 12);
	machine_prefault(&fast, START + (r->offset << 12), r->pages << 12);
	assert_true(events > 0);
	assert_memory_equal(&slow.result, &fast.result, sizeof(slow.result));
	for (page = 0; page <= PAGES; page++)
		assert_int_equal(leaf(&slow, page), leaf(&fast, page));
	tdp_vm_get_stats(slow.vm, &a);
	tdp_vm_get_stats(fast.vm, &b);
	assert_memory_equal(&a, &b, sizeof(a));
	machine_end(&slow);
	machine_end(&fast);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, same_as_one_by_one),
	};

	return RUN("prefault_run", suites);
}
