/* SPDX-License-Identifier: MIT */
/* What get_user_pages gives for each backing, read and written. */
#include "mem/hostmm.h"
#include "support/unit.h"

#define MIB (UINT64_C(1) << 20)
#define HVA UINT64_C(0x7f0040000000)

struct world {
	struct physmem pm;
	struct hostmm mm;
};

static void begin(struct world *w)
{
	assert_int_equal(physmem_init(&w->pm, 8192 * MIB, MIB, NULL), TDP_OK);
	assert_int_equal(hostmm_init(&w->mm, &w->pm, NULL), TDP_OK);
}

static void end(struct world *w)
{
	hostmm_finish(&w->mm);
	physmem_finish(&w->pm);
}

static const struct row {
	const char *name;
	enum tdp_backing backing;
	bool untouched, read_only, write;
	enum gup_status status;
	unsigned int level;
	bool writable, zero_page;
} rows[] = {
	/* clang-format off */
	{ "anonymous_written",	TDP_BACKING_ANONYMOUS, false, false, false, GUP_OK, 1, true,
	  false },
	{ "anonymous_untouched_read", TDP_BACKING_ANONYMOUS, true, false, false, GUP_OK, 1,
	  false, true },
	{ "anonymous_untouched_write", TDP_BACKING_ANONYMOUS, true, false, true, GUP_OK, 1,
	  true, false },
	{ "thp_written",	TDP_BACKING_THP, false, false, false, GUP_OK, 2, true, false },
	{ "thp_untouched_read",	TDP_BACKING_THP, true, false, false, GUP_OK, 2, false, true },
	{ "thp_untouched_write", TDP_BACKING_THP, true, false, true, GUP_OK, 2, true, false },
	{ "hugetlb_2M",		TDP_BACKING_HUGETLB_2M, false, false, false, GUP_OK, 2,
	  true, false },
	{ "hugetlb_2M_untouched", TDP_BACKING_HUGETLB_2M, true, false, false, GUP_OK, 2,
	  false, false },
	{ "hugetlb_1G",		TDP_BACKING_HUGETLB_1G, false, false, false, GUP_OK, 3,
	  true, false },
	{ "shmem_untouched_read", TDP_BACKING_SHMEM, true, false, false, GUP_OK, 1, true, false },
	{ "file_private_clean",	TDP_BACKING_FILE_PRIVATE, true, false, false, GUP_OK, 1,
	  false, false },
	{ "file_private_copied", TDP_BACKING_FILE_PRIVATE, false, false, false, GUP_OK, 1,
	  true, false },
	{ "prot_read_read",	TDP_BACKING_ANONYMOUS, false, true, false, GUP_OK, 1, false,
	  false },
	{ "prot_read_write",	TDP_BACKING_ANONYMOUS, false, true, true, GUP_FORBIDDEN, 0,
	  false, false },
	{ "prot_none",		TDP_BACKING_PROT_NONE, false, false, false, GUP_FORBIDDEN,
	  0, false, false },
	{ "unmapped",		TDP_BACKING_UNMAPPED, false, false, false, GUP_FAULT, 0,
	  false, false },
	{ "beyond_eof",		TDP_BACKING_BEYOND_EOF, false, false, false, GUP_FAULT, 0,
	  false, false },
	{ "uffd_missing",	TDP_BACKING_UFFD_MISSING, false, false, false, GUP_BLOCKS,
	  0, false, false },
	{ "hwpoison",		TDP_BACKING_HWPOISON, false, false, false, GUP_POISON, 0,
	  false, false },
	{ "pfnmap",		TDP_BACKING_PFNMAP, false, false, false, GUP_OK, 1, true, false },
	/* clang-format on */
};

static void backing(void **state)
{
	const struct row *r = *state;
	enum gup_status status;
	struct world w;
	struct gup gup;

	begin(&w);
	assert_int_equal(hostmm_map(&w.mm, HVA, 2048 * MIB, r->backing,
				    r->untouched, r->read_only, NULL),
			 TDP_OK);
	assert_int_equal(hostmm_gup(&w.mm, HVA + 5 * FRAME_SIZE, r->write,
				    &status, &gup, NULL),
			 TDP_OK);
	assert_int_equal(status, r->status);
	assert_int_equal(gup.level, r->level);
	assert_int_equal(gup.writable, r->writable);
	if (status == GUP_OK)
		assert_int_equal(gup.hpa >= w.mm.zero_hpa &&
					 gup.hpa < w.mm.zero_hpa + 2 * MIB,
				 r->zero_page);
	assert_int_equal(gup.mmio, r->backing == TDP_BACKING_PFNMAP);
	end(&w);
}

/* As Debian's 6.12 was seen to do: the huge zero page goes, 4 KiB are copied. */
static void write_splits_the_huge_zero_page(void **state)
{
	enum gup_status status;
	struct world w;
	struct gup gup;

	(void)state;
	begin(&w);
	w.mm.zero_splits = true;
	assert_int_equal(hostmm_map(&w.mm, HVA, 6 * MIB, TDP_BACKING_THP, true,
				    false, NULL),
			 TDP_OK);
	hostmm_gup(&w.mm, HVA + 3 * MIB, false, &status, &gup, NULL);
	assert_int_equal(gup.level, TDP_LEVEL_2M);
	assert_int_equal(
		hostmm_gup(&w.mm, HVA + 3 * MIB, true, &status, &gup, NULL),
		TDP_OK);
	assert_int_equal(gup.level, TDP_LEVEL_4K);
	assert_true(gup.writable);
	assert_int_equal(gup.notices.nr, 2);
	assert_int_equal(gup.notices.range[0].start, HVA + 2 * MIB);
	assert_int_equal(gup.notices.range[0].end, HVA + 4 * MIB);
	assert_int_equal(gup.notices.range[1].start, HVA + 3 * MIB);
	assert_int_equal(gup.notices.range[1].end, HVA + 3 * MIB + 0x1000);
	/* The rest of the block is the zero page still, by 4 KiB. */
	hostmm_gup(&w.mm, HVA + 2 * MIB, false, &status, &gup, NULL);
	assert_int_equal(gup.level, TDP_LEVEL_4K);
	assert_false(gup.writable);
	hostmm_gup(&w.mm, HVA, false, &status, &gup, NULL);
	assert_int_equal(gup.level, TDP_LEVEL_2M);
	/* What nobody has read becomes huge at once. */
	hostmm_gup(&w.mm, HVA + 4 * MIB, true, &status, &gup, NULL);
	assert_int_equal(gup.level, TDP_LEVEL_2M);
	assert_int_equal(gup.notices.nr, 0);
	end(&w);
}

static void write_breaks_one_huge_page_only(void **state)
{
	enum gup_status status;
	struct world w;
	struct gup gup;

	(void)state;
	begin(&w);
	assert_int_equal(hostmm_map(&w.mm, HVA, 6 * MIB, TDP_BACKING_THP, true,
				    false, NULL),
			 TDP_OK);
	hostmm_gup(&w.mm, HVA + 3 * MIB, false, &status, &gup, NULL);
	assert_int_equal(gup.notices.nr, 0);
	assert_int_equal(hostmm_find(&w.mm, HVA + 2 * MIB)->mapped,
			 HOST_READ_ONLY);
	assert_int_equal(
		hostmm_gup(&w.mm, HVA + 3 * MIB, true, &status, &gup, NULL),
		TDP_OK);
	assert_int_equal(gup.notices.range[0].start, HVA + 2 * MIB);
	assert_int_equal(gup.notices.range[0].end, HVA + 4 * MIB);
	assert_int_equal(hostmm_find(&w.mm, HVA + 2 * MIB)->mapped,
			 HOST_MAPPED);
	assert_int_equal(hostmm_find(&w.mm, HVA)->mapped, HOST_NOT_MAPPED);
	assert_int_equal(hostmm_find(&w.mm, HVA + 4 * MIB)->mapped,
			 HOST_NOT_MAPPED);
	/* The second write finds a page of its own. */
	assert_int_equal(
		hostmm_gup(&w.mm, HVA + 3 * MIB, true, &status, &gup, NULL),
		TDP_OK);
	assert_int_equal(gup.notices.nr, 0);
	end(&w);
}

/* Does the first write tell the notifiers, if a read came before? */
static const struct write_row {
	const char *name;
	enum tdp_backing backing;
	bool read_first, told;
} first_writes[] = {
	{ "anonymous_first", TDP_BACKING_ANONYMOUS, false, false },
	{ "anonymous_read", TDP_BACKING_ANONYMOUS, true, true },
	{ "file_private_first", TDP_BACKING_FILE_PRIVATE, false, false },
	{ "file_private_read", TDP_BACKING_FILE_PRIVATE, true, true },
	{ "hugetlb_first", TDP_BACKING_HUGETLB_2M, false, false },
	{ "hugetlb_read", TDP_BACKING_HUGETLB_2M, true, false },
	{ "shmem_first", TDP_BACKING_SHMEM, false, false },
	{ "shmem_read", TDP_BACKING_SHMEM, true, false },
};

static void first_write(void **state)
{
	const struct write_row *r = *state;
	enum gup_status status;
	struct world w;
	struct gup gup;

	begin(&w);
	hostmm_map(&w.mm, HVA, 4 * MIB, r->backing, true, false, NULL);
	assert_false(hostmm_get_mapped(&w.mm, HVA, &gup));
	if (r->read_first)
		hostmm_gup(&w.mm, HVA, false, &status, &gup, NULL);
	hostmm_gup(&w.mm, HVA, true, &status, &gup, NULL);
	assert_int_equal(gup.notices.nr != 0, r->told);
	assert_true(gup.writable);
	assert_true(hostmm_get_mapped(&w.mm, HVA, &gup));
	end(&w);
}

static void accesses_in_turn_need_one_range(void **state)
{
	enum gup_status status;
	struct world w;
	struct gup gup;
	uint64_t i;

	(void)state;
	begin(&w);
	hostmm_map(&w.mm, HVA, 4 * MIB, TDP_BACKING_ANONYMOUS, true, false,
		   NULL);
	for (i = 0; i < 1024; i++) {
		hostmm_gup(&w.mm, HVA + (i << 12), i & 1, &status, &gup, NULL);
		hostmm_gup(&w.mm, HVA + (i << 12), true, &status, &gup, NULL);
	}
	assert_int_equal(w.mm.nr, 1);
	end(&w);
}

static void huge_page_needs_its_whole_block(void **state)
{
	enum gup_status status;
	struct world w;
	struct gup gup;

	(void)state;
	begin(&w);
	assert_int_equal(hostmm_map(&w.mm, HVA + MIB, 4 * MIB, TDP_BACKING_THP,
				    false, false, NULL),
			 TDP_OK);
	assert_int_equal(
		hostmm_gup(&w.mm, HVA + MIB, false, &status, &gup, NULL),
		TDP_OK);
	assert_int_equal(gup.level, 1);
	assert_int_equal(
		hostmm_gup(&w.mm, HVA + 2 * MIB, false, &status, &gup, NULL),
		TDP_OK);
	assert_int_equal(gup.level, 2);
	/* Host and userspace addresses agree in the bits below 2 MiB. */
	assert_int_equal(gup.hpa & (2 * MIB - 1), 0);
	end(&w);
}

static void memory_keeps_its_frames_when_protected(void **state)
{
	enum gup_status status;
	struct gup before, after;
	struct world w;

	(void)state;
	begin(&w);
	hostmm_map(&w.mm, HVA, MIB, TDP_BACKING_ANONYMOUS, false, false, NULL);
	hostmm_gup(&w.mm, HVA, false, &status, &before, NULL);
	hostmm_map(&w.mm, HVA, MIB, TDP_BACKING_PROT_NONE, false, false, NULL);
	hostmm_map(&w.mm, HVA, MIB, TDP_BACKING_ANONYMOUS, false, false, NULL);
	hostmm_gup(&w.mm, HVA, false, &status, &after, NULL);
	assert_int_equal(before.hpa, after.hpa);
	end(&w);
}

static void too_large_a_mapping_changes_nothing(void **state)
{
	struct tdp_error err;
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(hostmm_map(&w.mm, HVA, UINT64_C(1) << 40,
				    TDP_BACKING_THP, false, false, &err),
			 TDP_ELIMIT);
	assert_string_equal(
		err.message,
		"1048576 MiB do not fit into the host's memory (8192 MiB)");
	assert_null(hostmm_find(&w.mm, HVA));
	end(&w);
}

static void picked_address_is_congruent(void **state)
{
	struct world w;
	uint64_t a, b;

	(void)state;
	begin(&w);
	a = hostmm_pick(&w.mm, 0x12345000, MIB);
	hostmm_map(&w.mm, a, MIB, TDP_BACKING_THP, false, false, NULL);
	b = hostmm_pick(&w.mm, 0x12345000, MIB);
	assert_int_equal(a & (1024 * MIB - 1), 0x12345000);
	assert_int_equal(b & (1024 * MIB - 1), 0x12345000);
	assert_true(b >= a + MIB);
	end(&w);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, backing),
		CASE(write_breaks_one_huge_page_only),
		CASE(write_splits_the_huge_zero_page),
		ROWS(first_writes, first_write),
		CASE(accesses_in_turn_need_one_range),
		CASE(huge_page_needs_its_whole_block),
		CASE(memory_keeps_its_frames_when_protected),
		CASE(too_large_a_mapping_changes_nothing),
		CASE(picked_address_is_congruent),
	};

	return RUN("hostmm", suites);
}
