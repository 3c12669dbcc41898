/* SPDX-License-Identifier: MIT */
/*
 * For every format and level: the named, ignored and reserved bits of an
 * entry partition it, under every combination of the controls that move bits
 * between them.
 */
#include "arch/ept_bits.h"
#include "arch/pte_bits.h"
#include "support/unit.h"
#include "walk/layout.h"

/* clang-format off */
static const struct mode_row {
	const char *name;
	enum mode mode;
	unsigned int top;	/* level of the topmost entry format */
	uint64_t width;		/* bits of an entry */
} mode_rows[] = {
	{ "legacy_32bit", MODE_32BIT, 2, UINT32_MAX },
	{ "pae", MODE_PAE, 3, UINT64_MAX },
	{ "pae_registers", MODE_PAE_REGISTERS, 3, UINT64_MAX },
	{ "4_level", MODE_4LEVEL, 4, UINT64_MAX },
	{ "5_level", MODE_5LEVEL, 5, UINT64_MAX },
};
/* clang-format on */

static void check_partition(const struct layout *l, uint64_t width)
{
	assert_int_equal(l->named & l->ignored, 0);
	assert_int_equal(l->named & l->reserved, 0);
	assert_int_equal(l->ignored & l->reserved, 0);
	assert_int_equal(l->named | l->ignored | l->reserved, width);
}

static void check_pte_levels(const struct pte_rules *rules,
			     const struct mode_row *r)
{
	for (unsigned int level = 1; level <= r->top; level++) {
		struct layout l;

		if (level > 1) {
			l = pte_layout(rules, level, false);
			check_partition(&l, r->width);
		}
		if (pte_maps_page(rules, level)) {
			l = pte_layout(rules, level, true);
			check_partition(&l, r->width);
		}
	}
}

static void pte_masks_partition(void **state)
{
	const struct mode_row *r = *state;

	for (unsigned int bits = 0; bits < 64; bits++)
		for (unsigned int m = 32; m <= 52; m++) {
			const struct pte_rules rules = {
				.mode = r->mode,
				.maxphyaddr = m,
				.nx = bits & 1,
				.pse = bits & 2,
				.pse36 = bits & 4,
				.gbpages = bits & 8,
				.keys = bits & 16,
				.amd = bits & 32,
			};

			check_pte_levels(&rules, r);
		}
}

static struct ept_rules ept_rules_of(unsigned int bits, unsigned int m)
{
	return (struct ept_rules){
		.maxphyaddr = m,
		.page_2m = bits & 1,
		.page_1g = bits & 2,
		.ad = bits & 4,
		.mbe = bits & 8,
		.pw = bits & 16,
		.gpv = bits & 32,
		.sss = bits & 64,
		.spp = bits & 128,
		.ve = bits & 256,
	};
}

static void ept_masks_partition(void **state)
{
	(void)state;
	for (unsigned int bits = 0; bits < 512; bits++)
		for (unsigned int m = 32; m <= 52; m++)
			for (unsigned int level = 1; level <= 5; level++) {
				const struct ept_rules rules = ept_rules_of(
					bits, m);
				struct layout l;

				if (level > 1) {
					l = ept_layout(&rules, level, false);
					check_partition(&l, UINT64_MAX);
				}
				if (ept_maps_page(&rules, level)) {
					l = ept_layout(&rules, level, true);
					check_partition(&l, UINT64_MAX);
				}
			}
}

#define HI46 BITS(51, 46)

/* Reserved masks as the fact sheets print them, for MAXPHYADDR 46 and NXE=1. */
/* clang-format off */
static const struct pte_row {
	const char *name;
	struct pte_rules rules;
	unsigned int level;
	bool leaf;
	uint64_t reserved;
} pte_rows[] = {
#define LONG	.mode = MODE_4LEVEL, .maxphyaddr = 46
#define PAE	.mode = MODE_PAE, .maxphyaddr = 46
#define LEGACY	.mode = MODE_32BIT, .pse = true
	{ "pml4e", { LONG, .nx = true }, 4, false, HI46 | PTE_PS },
	{ "pml4e_amd", { LONG, .nx = true, .amd = true }, 4, false,
	  HI46 | PTE_PS | PTE_BIT8 },
	{ "pdpte_without_1g", { LONG, .nx = true, .amd = true }, 3, false,
	  HI46 | PTE_PS },
	{ "pdpte_with_1g", { LONG, .nx = true, .gbpages = true }, 3, false,
	  HI46 },
	{ "page_1g", { LONG, .nx = true, .gbpages = true }, 3, true,
	  HI46 | BITS(29, 13) },
	{ "page_2m", { LONG, .nx = true }, 2, true, HI46 | BITS(20, 13) },
	{ "pte_without_nx", { LONG }, 1, true, HI46 | PTE_XD },
	{ "pae_pdpte", { PAE, .nx = true }, 3, false,
	  BITS(2, 1) | BITS(8, 5) | BITS(63, 46) },
	{ "pae_pde", { PAE, .nx = true }, 2, false, BITS(62, 46) },
	{ "pae_page_2m", { PAE, .nx = true }, 2, true,
	  BITS(62, 46) | BITS(20, 13) },
	{ "pae_pte_without_nx", { PAE }, 1, true, BITS(63, 46) },
	{ "page_4m_without_pse36", { LEGACY, .maxphyaddr = 46 }, 2, true,
	  0x003fe000 },
	{ "page_4m_32", { LEGACY, .maxphyaddr = 32, .pse36 = true }, 2, true,
	  0x003fe000 },
	{ "page_4m_36", { LEGACY, .maxphyaddr = 36, .pse36 = true }, 2, true,
	  0x003e0000 },
	{ "page_4m_38", { LEGACY, .maxphyaddr = 38, .pse36 = true }, 2, true,
	  0x00380000 },
	{ "page_4m_39", { LEGACY, .maxphyaddr = 39, .pse36 = true }, 2, true,
	  0x00300000 },
	{ "page_4m_46", { LEGACY, .maxphyaddr = 46, .pse36 = true }, 2, true,
	  0x00200000 },
	{ "legacy_pde", { LEGACY, .maxphyaddr = 46 }, 2, false, 0 },
};
/* clang-format on */

static void pte_reserved(void **state)
{
	const struct pte_row *r = *state;

	assert_int_equal(pte_layout(&r->rules, r->level, r->leaf).reserved,
			 r->reserved);
}

/* clang-format off */
static const struct ept_row {
	const char *name;
	unsigned int level;
	bool leaf, page_2m, page_1g;
	uint64_t reserved;
} ept_rows[] = {
	{ "pml5e", 5, false, true, true, HI46 | BITS(7, 3) },
	{ "pml4e", 4, false, true, true, HI46 | BITS(7, 3) },
	{ "pdpte", 3, false, true, true, HI46 | BITS(6, 3) },
	{ "pdpte_without_1g", 3, false, true, false, HI46 | BITS(7, 3) },
	{ "pde_without_2m", 2, false, false, true, HI46 | BITS(7, 3) },
	{ "page_1g", 3, true, true, true, HI46 | BITS(29, 12) },
	{ "page_2m", 2, true, true, true, HI46 | BITS(20, 12) },
	{ "page_4k", 1, true, true, true, HI46 },
};
/* clang-format on */

static void ept_reserved(void **state)
{
	const struct ept_row *r = *state;
	const struct ept_rules rules = {
		.maxphyaddr = 46,
		.page_2m = r->page_2m,
		.page_1g = r->page_1g,
	};

	assert_int_equal(ept_layout(&rules, r->level, r->leaf).reserved,
			 r->reserved);
}

/* The walker tells large pages of both formats by one bit. */
static void large_pages_are_marked_alike(void **state)
{
	(void)state;
	assert_int_equal(EPT_PS, PTE_PS);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(mode_rows, pte_masks_partition),
		CASE(ept_masks_partition),
		CASE(large_pages_are_marked_alike),
		ROWS(pte_rows, pte_reserved),
		ROWS(ept_rows, ept_reserved),
	};

	return RUN("walk/layout", suites);
}
