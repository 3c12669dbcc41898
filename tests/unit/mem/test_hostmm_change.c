/* SPDX-License-Identifier: MIT */
/* What MMU notifiers are told when userspace changes its mappings. */
#include "mem/hostmm.h"
#include "support/unit.h"

#define MIB  (UINT64_C(1) << 20)
#define PAGE UINT64_C(4096)
#define HVA  UINT64_C(0x7f0040000000)

struct world {
	struct physmem pm;
	struct hostmm mm;
};

/* 8 MiB at HVA that somebody has used, unless @untouched. */
static void begin(struct world *w, enum tdp_backing backing, bool untouched)
{
	assert_int_equal(physmem_init(&w->pm, 1024 * MIB, MIB, NULL), TDP_OK);
	assert_int_equal(hostmm_init(&w->mm, &w->pm, NULL), TDP_OK);
	assert_int_equal(hostmm_map(&w->mm, HVA, 8 * MIB, backing, untouched,
				    false, NULL),
			 TDP_OK);
}

static void end(struct world *w)
{
	hostmm_finish(&w->mm);
	physmem_finish(&w->pm);
}

struct told {
	uint64_t start, end; /* offsets from HVA */
};

static void change(struct world *w, struct host_change c,
		   const struct told *told, unsigned int nr)
{
	struct host_notices n;
	unsigned int i;

	c.hva += HVA;
	assert_int_equal(hostmm_change(&w->mm, &c, &n, NULL), TDP_OK);
	assert_int_equal(n.nr, nr);
	for (i = 0; i < nr; i++) {
		assert_int_equal(n.range[i].start, HVA + told[i].start);
		assert_int_equal(n.range[i].end, HVA + told[i].end);
	}
}

#define NONE_TOLD 0

static const struct row {
	const char *name;
	enum tdp_backing from;
	bool from_untouched;
	struct host_change to;
	unsigned int nr;
	struct told told[3];
} rows[] = {
	/* clang-format off */
	{ "munmap_all", TDP_BACKING_ANONYMOUS, false,
	  { 0, 8 * MIB, TDP_BACKING_UNMAPPED, false, false }, 1, { { 0, 8 * MIB } } },
	{ "munmap_page_0", TDP_BACKING_ANONYMOUS, false,
	  { 0, PAGE, TDP_BACKING_UNMAPPED, false, false }, 2, { { 0, 2 * MIB }, { 0, PAGE } } },
	{ "munmap_page_513", TDP_BACKING_ANONYMOUS, false,
	  { 513 * PAGE, PAGE, TDP_BACKING_UNMAPPED, false, false }, 2,
	  { { 2 * MIB, 4 * MIB }, { 513 * PAGE, 514 * PAGE } } },
	{ "munmap_odd_pages", TDP_BACKING_ANONYMOUS, false,
	  { PAGE, 4 * MIB, TDP_BACKING_UNMAPPED, false, false }, 3,
	  { { 0, 2 * MIB }, { 4 * MIB, 6 * MIB }, { PAGE, 4 * MIB + PAGE } } },
	{ "munmap_2M", TDP_BACKING_THP, false,
	  { 2 * MIB, 2 * MIB, TDP_BACKING_UNMAPPED, false, false }, 1, { { 2 * MIB, 4 * MIB } } },
	{ "munmap_untouched", TDP_BACKING_ANONYMOUS, true,
	  { 0, PAGE, TDP_BACKING_UNMAPPED, false, false }, 1, { { 0, PAGE } } },
	{ "mprotect_none", TDP_BACKING_ANONYMOUS, false,
	  { 0, PAGE, TDP_BACKING_PROT_NONE, false, false }, 2, { { 0, 2 * MIB }, { 0, PAGE } } },
	{ "mprotect_read", TDP_BACKING_ANONYMOUS, false,
	  { 0, 2 * PAGE, TDP_BACKING_ANONYMOUS, false, true }, 2,
	  { { 0, 2 * MIB }, { 0, 2 * PAGE } } },
	{ "mprotect_untouched", TDP_BACKING_ANONYMOUS, true,
	  { 0, PAGE, TDP_BACKING_PROT_NONE, false, false }, NONE_TOLD, { { 0, 0 } } },
	{ "discard", TDP_BACKING_ANONYMOUS, false,
	  { PAGE, PAGE, TDP_BACKING_ANONYMOUS, true, false }, 1, { { PAGE, 2 * PAGE } } },
	{ "discard_part_of_huge", TDP_BACKING_THP, false,
	  { PAGE, PAGE, TDP_BACKING_THP, true, false }, 2, { { PAGE, 2 * PAGE }, { 0, 2 * MIB } } },
	{ "discard_across_two_huge", TDP_BACKING_THP, false,
	  { MIB, 2 * MIB, TDP_BACKING_THP, true, false }, 3,
	  { { MIB, 3 * MIB }, { 0, 2 * MIB }, { 2 * MIB, 4 * MIB } } },
	{ "discard_whole_huge", TDP_BACKING_THP, false,
	  { 2 * MIB, 2 * MIB, TDP_BACKING_THP, true, false }, 1, { { 2 * MIB, 4 * MIB } } },
	{ "discard_untouched", TDP_BACKING_THP, true,
	  { PAGE, PAGE, TDP_BACKING_THP, true, false }, 1, { { PAGE, 2 * PAGE } } },
	{ "userfault_served", TDP_BACKING_UFFD_MISSING, false,
	  { 0, PAGE, TDP_BACKING_ANONYMOUS, false, false }, NONE_TOLD, { { 0, 0 } } },
	{ "file_grows", TDP_BACKING_BEYOND_EOF, false,
	  { 0, PAGE, TDP_BACKING_SHMEM, true, false }, NONE_TOLD, { { 0, 0 } } },
	{ "file_shrinks", TDP_BACKING_SHMEM, false,
	  { PAGE, MIB, TDP_BACKING_BEYOND_EOF, false, false }, 1, { { PAGE, MIB + PAGE } } },
	{ "memory_fails", TDP_BACKING_ANONYMOUS, false,
	  { PAGE, PAGE, TDP_BACKING_HWPOISON, false, false }, 1, { { PAGE, 2 * PAGE } } },
	{ "mmap_over", TDP_BACKING_ANONYMOUS, false,
	  { 0, 2 * MIB, TDP_BACKING_SHMEM, true, false }, 1, { { 0, 2 * MIB } } },
	{ "mmap_over_hole", TDP_BACKING_UNMAPPED, false,
	  { 0, 2 * MIB, TDP_BACKING_SHMEM, true, false }, NONE_TOLD, { { 0, 0 } } },
	/* clang-format on */
};

static void notices(void **state)
{
	const struct row *r = *state;
	struct world w;

	begin(&w, r->from, r->from_untouched);
	change(&w, r->to, r->told, r->nr);
	end(&w);
}

static void mprotect_back_cuts_nothing(void **state)
{
	static const struct told there[] = { { 0, 2 * MIB }, { 0, PAGE } };
	static const struct told back[] = { { 0, PAGE } };
	struct host_change c = { 0, PAGE, TDP_BACKING_ANONYMOUS, false, true };
	struct world w;

	(void)state;
	begin(&w, TDP_BACKING_ANONYMOUS, false);
	change(&w, c, there, 2);
	c.read_only = false;
	change(&w, c, back, 1);
	assert_int_equal(w.mm.nr, 1);
	end(&w);
}

static void mprotect_tells_of_an_empty_page_table(void **state)
{
	static const struct told gone[] = { { 0, PAGE } };
	static const struct told told[] = { { 0, 2 * MIB }, { 0, PAGE } };
	struct host_change c = { 0, PAGE, TDP_BACKING_ANONYMOUS, true, false };
	struct world w;

	(void)state;
	begin(&w, TDP_BACKING_ANONYMOUS, false);
	change(&w, c, gone, 1);
	c.backing = TDP_BACKING_PROT_NONE;
	change(&w, c, told, 2);
	end(&w);
}

static void split_huge_page_stays_split(void **state)
{
	static const struct told there[] = { { 0, PAGE }, { 0, 2 * MIB } };
	enum gup_status status;
	struct world w;
	struct gup gup;

	(void)state;
	begin(&w, TDP_BACKING_THP, false);
	change(&w,
	       (struct host_change){ 0, PAGE, TDP_BACKING_THP, true, false },
	       there, 2);
	hostmm_gup(&w.mm, HVA, true, &status, &gup, NULL);
	hostmm_gup(&w.mm, HVA, true, &status, &gup, NULL);
	assert_int_equal(gup.level, TDP_LEVEL_4K);
	hostmm_gup(&w.mm, HVA + 2 * MIB, true, &status, &gup, NULL);
	assert_int_equal(gup.level, TDP_LEVEL_2M);
	end(&w);
}

static void discarded_memory_is_zero(void **state)
{
	static const struct told there[] = { { 0, PAGE } };
	enum gup_status status;
	struct world w;
	struct gup gup;

	(void)state;
	begin(&w, TDP_BACKING_ANONYMOUS, false);
	hostmm_gup(&w.mm, HVA, true, &status, &gup, NULL);
	physmem_write64(&w.pm, gup.hpa, 0x1234);
	change(&w,
	       (struct host_change){ 0, PAGE, TDP_BACKING_ANONYMOUS, true,
				     false },
	       there, 1);
	hostmm_gup(&w.mm, HVA, true, &status, &gup, NULL);
	assert_int_equal(physmem_read64(&w.pm, gup.hpa), 0);
	end(&w);
}

static void zeropage_was_mapped_by_a_read(void **state)
{
	enum gup_status status;
	struct world w;
	struct gup gup;

	(void)state;
	begin(&w, TDP_BACKING_UFFD_MISSING, false);
	change(&w,
	       (struct host_change){ 0, PAGE, TDP_BACKING_ANONYMOUS, true,
				     false },
	       NULL, 0);
	hostmm_gup(&w.mm, HVA, true, &status, &gup, NULL);
	assert_int_equal(gup.notices.range[0].end, HVA + PAGE);
	end(&w);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, notices),
		CASE(mprotect_back_cuts_nothing),
		CASE(mprotect_tells_of_an_empty_page_table),
		CASE(split_huge_page_stays_split),
		CASE(discarded_memory_is_zero),
		CASE(zeropage_was_mapped_by_a_read),
	};

	return RUN("hostmm_change", suites);
}
