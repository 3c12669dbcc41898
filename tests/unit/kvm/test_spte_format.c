/* SPDX-License-Identifier: MIT */
/* The layouts: bits that may not meet, special values, MMIO entries. */
#include "support/unit.h"

#include "spte_kernels.h"

static const unsigned int hosts[] = {
	0,
	H_NO_AD,
	H_NO_XONLY,
	H_NO_PML,
	H_L1TF,
	H_52,
	H_TDP_OFF,
	H_TDP_OFF | H_L1TF,
	H_TDP_OFF | H_52,
	H_AMD,
	H_AMD | H_TDP_OFF,
	H_AMD | H_52,
	H_NO_CACHING,
	H_AMD | H_NO_CACHING,
};

/* Call @check with each format there is. */
static void each_format(void (*check)(const struct spte_format *fmt))
{
	for (unsigned int k = 0; k < NR_KERNELS; k++) {
		for (size_t h = 0; h < ARRAY_SIZE(hosts); h++) {
			struct spte_format fmt = format_of(k, hosts[h]);

			check(&fmt);
		}
	}
}

/* No bit may be in two of the masks. */
static void assert_disjoint(const uint64_t *masks, size_t nr)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < nr; i++) {
		assert_int_equal(seen & masks[i], 0);
		seen |= masks[i];
	}
}

static void check_masks(const struct spte_format *fmt)
{
	/* What processors look at, whether this VM uses it or not. */
	const uint64_t ept_hardware = BITS(9, 0) | fmt->xu | BIT(63);
	const uint64_t ordinary_hardware = BITS(8, 0) | BIT(63);
	const uint64_t masks[] = {
		fmt->ept ? ept_hardware : ordinary_hardware,
		SPTE_ADDRESS,
		fmt->mmu_present,
		fmt->host_writable,
		fmt->mmu_writable,
		fmt->ad_type,
		fmt->acc_track_saved,
	};

	assert_disjoint(masks, ARRAY_SIZE(masks));
	assert_int_equal(fmt->user & fmt->nx, 0);
	assert_int_equal((fmt->x | fmt->xu) & fmt->nx, 0);
	assert_int_equal(fmt->accessed & fmt->dirty, 0);
	assert_int_equal(!fmt->accessed, !fmt->dirty);
	/* The place of what is saved holds what is cleared, but for W. */
	assert_int_equal(fmt->acc_track_saved >> fmt->acc_track_shift,
			 fmt->acc_track & ~SPTE_W);
}

static void masks_do_not_overlap(void **state)
{
	(void)state;
	each_format(check_masks);
}

static uint64_t gen_mask(const struct spte_gen_part *part)
{
	return (BIT(part->width) - 1) << part->spte_shift;
}

static void check_mmio_masks(const struct spte_format *fmt)
{
	const uint64_t masks[] = {
		gen_mask(&fmt->gen[0]),
		gen_mask(&fmt->gen[1]),
		fmt->mmio_value | fmt->mmio_mask | fmt->mmio_access,
		fmt->mmu_present,
		fmt->low_gpa & ~fmt->mmio_value,
	};

	assert_disjoint(masks, ARRAY_SIZE(masks));
	assert_int_equal(fmt->gen[0].gen_shift, 0);
	assert_int_equal(fmt->gen[1].gen_shift, fmt->gen[0].width);
	assert_int_equal(fmt->gen_bits, fmt->gen[0].width + fmt->gen[1].width);
	/* The bits of L1TF, and where they move to, are address bits. */
	assert_int_equal((fmt->l1tf_mask | fmt->l1tf_mask << fmt->l1tf_shift) &
				 ~SPTE_ADDRESS,
			 0);
	assert_int_equal(fmt->l1tf_mask & fmt->low_gpa, 0);
	assert_int_equal((fmt->l1tf_mask << fmt->l1tf_shift) & fmt->mmio_value,
			 0);
}

static void mmio_parts_do_not_overlap(void **state)
{
	(void)state;
	each_format(check_mmio_masks);
}

static void check_absent(const struct spte_format *fmt)
{
	assert_false(spte_present(fmt, fmt->nonpresent));
	assert_false(spte_is_mmio(fmt, fmt->nonpresent));
	assert_false(spte_frozen(fmt, fmt->nonpresent));
	assert_null(spte_check(fmt, fmt->nonpresent, 1));
	if (!fmt->frozen)
		return;
	assert_false(spte_present(fmt, fmt->frozen));
	assert_false(spte_is_mmio(fmt, fmt->frozen));
	assert_true(spte_frozen(fmt, fmt->frozen));
	assert_null(spte_check(fmt, fmt->frozen, 1));
	/* Hardware must not take it for present, either. */
	assert_int_equal(fmt->frozen & (BITS(2, 0) | fmt->xu), 0);
}

static void absent_values_are_absent(void **state)
{
	(void)state;
	each_format(check_absent);
}

/* clang-format off */
static const struct special_row {
	const char *name;
	enum kernel kernel;
	uint64_t nonpresent;
	uint64_t frozen;
	unsigned int gen_bits;
} special_rows[] = {
	{ "5.10", K5_10, 0, 0, 18 },
	{ "5.12", K5_12, 0, 0x0800000000000000, 18 },
	{ "5.14", K5_14, 0, 0x5a0, 19 },
	{ "6.1", K6_1_Y, 0, 0x5a0, 19 },
	{ "6.10", K6_10, 0x8000000000000000, 0x80000000000005a0, 19 },
	{ "6.13", K6_13, 0x8000000000000000, 0x80000000000005a0, 19 },
	{ "7.2", K7_2, 0x8000000000000000, 0x80000000000001a0, 18 },
};
/* clang-format on */

static void special_values(void **state)
{
	const struct special_row *r = *state;
	const struct spte_format ept = format_of(r->kernel, 0);
	const struct spte_format npt = format_of(r->kernel, H_AMD);

	assert_int_equal(ept.nonpresent, r->nonpresent);
	assert_int_equal(npt.nonpresent, r->nonpresent);
	assert_int_equal(ept.frozen, r->frozen);
	assert_int_equal(npt.frozen, r->frozen);
	assert_int_equal(ept.gen_bits, r->gen_bits);
	assert_int_equal(npt.gen_bits, r->gen_bits);
}

/* clang-format off */
static const struct mmio_row {
	const char *name;
	enum kernel kernel;
	unsigned int host;
	uint64_t gfn;
	unsigned int access;
	uint64_t gen;
	uint64_t spte;
	unsigned int traced;
	unsigned int rights;
} mmio_rows[] = {
	{ "ept", K6_10, 0, 0xfee00, X|W|U, 2, 0xfee00016, 6, 0 },
	{ "ept_gen_ff", K6_13, 0, 0xfee00, X|W|U, 0xff, 0xfee007fe, 6, 0 },
	{ "ept_gen_100", K6_13, 0, 0xfee00, X|W|U, 0x100, 0x00100000fee00006,
	  6, 0 },
	{ "ept_gen_40002", K6_13, 0, 0xfee00, X|W|U, 0x40002,
	  0x40000000fee00016, 6, 0 },
	{ "ept_gen_wraps_at_19_bits", K6_13, 0, 0xfee00, X|W|U, 0x80002,
	  0xfee00016, 6, 0 },
	{ "npt", K6_10, H_AMD, 0xfee00, X|W|U, 2, 0x00080000fee00017, 7, 6 },
	{ "npt_gen_102", K6_10, H_AMD, 0xfee00, X|W|U, 0x102,
	  0x00180000fee00017, 7, 6 },
	{ "npt_gen_7fffe", K6_10, H_AMD, 0xfed00, X|W|U, 0x7fffe,
	  0x7ff80000fed007f7, 7, 6 },
	{ "npt_4g", K6_10, H_AMD, 0x100000, X|W|U, 0x100, 0x0018000100000007,
	  7, 6 },
	{ "ept_l1tf", K6_10, H_L1TF, 0xfee00, X|W|U, 2, 0x00000f80fee00016,
	  6, 0 },
	{ "ept_l1tf_high_gfn", K6_10, H_L1TF, 0x80012345, X|W|U, 2,
	  0x00010f8012345016, 6, 0 },
	{ "shadow_user_read_only", K6_10, H_TDP_OFF, 0xfee00, U, 2,
	  0x00080000fee00015, 5, 4 },
	{ "shadow_supervisor", K6_10, H_TDP_OFF, 0xfee00, X|W, 2,
	  0x00080000fee00013, 3, 2 },
	{ "7.2_ept_gen_ff", K7_2, 0, 0xfee00, X|W|U|R, 0xff,
	  0x00100000fee003fe, 14, 0 },
	{ "7.2_ept_gen_100", K7_2, 0, 0xfee00, X|W|U|R, 0x100,
	  0x00200000fee00006, 6, 0 },
	{ "7.2_ept_gen_wraps_at_18_bits", K7_2, 0, 0xfee00, X|W|U|R, 0x40002,
	  0xfee00016, 6, 0 },
	{ "7.2_npt", K7_2, H_AMD, 0xfee00, X|W|R, 2, 0x00080000fee00013, 3,
	  2 },
	{ "5.10_ept", K5_10, 0, 0xfee00, X|W|U, 3, 0x00300000fee0001e, 6, 0 },
	{ "5.10_ept_gen_200", K5_10, 0, 0xfee00, X|W|U, 0x200,
	  0x00700000fee00006, 6, 0 },
	{ "5.12_npt", K5_12, H_AMD, 0xfee00, X|W|U, 0x1ff,
	  0x00380000fee00fff, 7, 6 },
	{ "5.12_npt_52_bits", K5_12, H_AMD|H_52, 0xfee00, X|W|U, 2,
	  0x00300000fee00016, 6, 6 },
	{ "5.17_ept", K5_17, 0, 0xfee00, X|W|U, 3, 0xfee0001e, 6, 0 },
	{ "ept_52_bits", K6_10, H_52, 0xffffffffff, X|W|U, 2,
	  0x000ffffffffff016, 6, 0 },
};
/* clang-format on */

static void makes_mmio(void **state)
{
	const struct mmio_row *r = *state;
	const struct spte_format fmt = format_of(r->kernel, r->host);
	uint64_t spte = spte_make_mmio(&fmt, r->gfn, r->access, r->gen);

	assert_int_equal(spte, r->spte);
	assert_true(spte_is_mmio(&fmt, spte));
	assert_false(spte_present(&fmt, spte));
	assert_int_equal(spte_mmio_gfn(&fmt, spte), r->gfn);
	assert_int_equal(spte_mmio_gen(&fmt, spte),
			 r->gen & (BIT(fmt.gen_bits) - 1));
	assert_int_equal(spte_mmio_access(&fmt, spte), r->traced);
	assert_int_equal(spte_mmio_rights(&fmt, spte), r->rights);
}

static void check_mmio_round_trip(const struct spte_format *fmt)
{
	const uint64_t gpa_bits = fmt->low_gpa | fmt->l1tf_mask;

	if (!fmt->mmio_caching)
		return;
	for (unsigned int bit = 12; bit < 52; bit++) {
		const uint64_t gfn = (BIT(bit) & gpa_bits) >> 12;

		for (unsigned int g = 0; g < fmt->gen_bits; g++) {
			uint64_t spte = spte_make_mmio(fmt, gfn, X | W | U,
						       BIT(g));

			assert_true(spte_is_mmio(fmt, spte));
			assert_false(spte_present(fmt, spte));
			assert_int_equal(spte_mmio_gfn(fmt, spte), gfn);
			assert_int_equal(spte_mmio_gen(fmt, spte), BIT(g));
			assert_null(spte_check(fmt, spte, 1));
		}
	}
}

static void mmio_round_trip(void **state)
{
	(void)state;
	each_format(check_mmio_round_trip);
}

/* A gfn beyond the host's address bits does not survive. */
static void mmio_gfn_is_cut_to_the_host(void **state)
{
	const struct spte_format fmt = format_of(K6_10, H_TDP_OFF | H_40);

	(void)state;
	assert_int_equal(
		spte_mmio_gfn(&fmt, spte_make_mmio(&fmt, BIT(28) | 5, W, 0)),
		5);
}

/* clang-format off */
static const struct caching_row {
	const char *name;
	enum kernel kernel;
	unsigned int host;
	bool caching;
} caching_rows[] = {
	{ "ept", K6_10, 0, true },
	{ "ept_52_bits", K6_10, H_52, true },
	{ "npt_52_bits", K6_10, H_AMD|H_52, false },
	{ "shadow_52_bits", K6_10, H_TDP_OFF|H_52, false },
	{ "ept_switched_off", K6_10, H_NO_CACHING, false },
	{ "npt_switched_off", K5_14, H_AMD|H_NO_CACHING, false },
	{ "7.2_switched_off", K7_2, H_NO_CACHING, false },
	{ "5.12_has_no_switch", K5_12, H_AMD|H_NO_CACHING, true },
	{ "5.12_npt_52_bits", K5_12, H_AMD|H_52, true },
};
/* clang-format on */

static void caches_mmio(void **state)
{
	const struct caching_row *r = *state;
	const struct spte_format fmt = format_of(r->kernel, r->host);

	assert_int_equal(fmt.mmio_caching, r->caching);
	/* Without it, nothing is taken for an MMIO entry. */
	if (!r->caching) {
		assert_false(spte_is_mmio(&fmt, 0));
		assert_false(spte_is_mmio(&fmt, 0xfee00016));
		assert_false(spte_is_mmio(&fmt, 0x80000fee00017));
	}
}

/* Which bits make an entry one of MMIO. */
/* clang-format off */
static const struct is_mmio_row {
	const char *name;
	enum kernel kernel;
	unsigned int host;
	uint64_t spte;
	bool mmio;
} is_mmio_rows[] = {
	{ "5.17_write_and_execute", K5_17, 0, 0x8000000000000006, true },
	{ "6.10_suppresses_ve", K6_10, 0, 0x8000000000000006, false },
	{ "6.10_write_and_execute", K6_10, 0, 0x0000000000000006, true },
	{ "readable", K6_10, 0, 0x0000000000000007, false },
	{ "5.10_ad_type_2", K5_10, 0, 0x0020000000000006, false },
	{ "5.10_ad_type_3_is_enough", K5_10, 0, 0x0030000000000000, true },
	{ "npt_bit_51_alone", K6_10, H_AMD, 0x0008000000000000, false },
};
/* clang-format on */

static void tells_mmio(void **state)
{
	const struct is_mmio_row *r = *state;
	const struct spte_format fmt = format_of(r->kernel, r->host);

	assert_int_equal(spte_is_mmio(&fmt, r->spte), r->mmio);
}

/* PML logs what sets the dirty flag, so it needs the flag. */
/* clang-format off */
static const struct pml_row {
	const char *name;
	unsigned int host;
	bool pml;
} pml_rows[] = {
	{ "ept_ad", 0, true },
	{ "no_ad", H_NO_AD, false },
	{ "no_pml", H_NO_PML, false },
	{ "tdp_off", H_TDP_OFF, false },
	{ "amd", H_AMD, false },
};
/* clang-format on */

static void needs_ad_for_pml(void **state)
{
	const struct pml_row *r = *state;

	assert_int_equal(format_of(K6_10, r->host).pml, r->pml);
}

static void check_tracking(const struct spte_format *fmt)
{
	const uint64_t kept = fmt->acc_track & ~SPTE_W;
	const uint64_t base = fmt->mmu_present | fmt->nonpresent |
			      FIELD(fmt->ad_type, 1) | 0x12345000;
	uint64_t rights = kept;

	if (!fmt->ept)
		return;
	/* All subsets of the rights but for the empty one. */
	for (; rights; rights = (rights - 1) & kept) {
		uint64_t spte = base | rights;
		uint64_t tracked = spte_mark_access_track(fmt, spte);

		assert_true(spte_access_tracked(fmt, tracked));
		assert_false(spte_allows(fmt, tracked, false, false));
		assert_false(spte_allows(fmt, tracked, false, true));
		assert_int_equal(spte_mark_access_track(fmt, tracked), tracked);
		assert_int_equal(spte_restore_access_track(fmt, tracked), spte);
		/* W does not come back. */
		tracked = spte_mark_access_track(fmt, spte | SPTE_W);
		assert_int_equal(spte_restore_access_track(fmt, tracked), spte);
	}
}

static void access_tracking_round_trip(void **state)
{
	(void)state;
	each_format(check_tracking);
}

/* With hardware A/D, tracking takes the accessed bit and nothing else. */
static void check_ad_tracking(const struct spte_format *fmt)
{
	bool wrprotected;
	uint64_t spte = make_of(fmt, 0, X | W | U | R, 1, 0x12345, 0,
				fmt->nonpresent, &wrprotected);

	if (!fmt->has_ad)
		return;
	assert_int_equal(spte_mark_access_track(fmt, spte),
			 spte & ~fmt->accessed);
	assert_true(spte & fmt->accessed);
}

static void ad_tracking_clears_accessed(void **state)
{
	(void)state;
	each_format(check_ad_tracking);
}

/* The profiles say what the tests take for the kernels' rules. */
static void profile_agrees(void **state)
{
	static const enum behaviour rules[] = {
		B_SPTE_LAYOUT,       B_SPTE_NO_AD,       B_SPTE_REDIRTY,
		B_SPTE_SYNC,         B_SPTE_WRPROT_ONLY, B_SPTE_LEAF_FLUSH,
		B_NOTIFY_CHANGE_PTE,
	};
	const struct kernel_row *r = *state;
	struct tdp_kvm_config here, profile;

	kernel_config(&here, (enum kernel)(r - kernel_rows), 0);
	assert_int_equal(tdp_kvm_config_init(&profile, r->name, NULL), TDP_OK);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		assert_int_equal(here.value[rules[i]], profile.value[rules[i]]);
}

int main(void)
{
	static const struct suite suites[] = {
		CASE(masks_do_not_overlap),
		CASE(mmio_parts_do_not_overlap),
		CASE(absent_values_are_absent),
		ROWS(special_rows, special_values),
		ROWS(mmio_rows, makes_mmio),
		CASE(mmio_round_trip),
		CASE(mmio_gfn_is_cut_to_the_host),
		ROWS(caching_rows, caches_mmio),
		ROWS(is_mmio_rows, tells_mmio),
		ROWS(pml_rows, needs_ad_for_pml),
		ROWS(kernel_rows, profile_agrees),
		CASE(access_tracking_round_trip),
		CASE(ad_tracking_clears_accessed),
	};

	return RUN("spte_format", suites);
}
