/* SPDX-License-Identifier: MIT */
/* EPT pointers, in each value of nested.ept_ad. */
#include "ops/hw.h"
#include "support/unit.h"

#define ROOT  0x10000
#define DUMMY 0x11000

/* clang-format off */
static const struct row {
	const char *name;
	unsigned int level;
	bool host_ad;
	bool guest_mode;
	uint64_t eptp12;	/* vmcs12's, even if L1 uses no EPT */
	bool role_ad;		/* of the root page */
	uint64_t root, v6_18, v6_19;
} rows[] = {
	{ "four_levels_ad", 4, true, false, 0, true, ROOT, 0x1005e, 0x1005e },
	{ "four_levels", 4, false, false, 0, false, ROOT, 0x1001e, 0x1001e },
	{ "five_levels_ad", 5, true, false, 0, true, ROOT, 0x10066, 0x10066 },
	{ "five_levels", 5, false, false, 0, false, ROOT, 0x10026, 0x10026 },
	/* L2 without EPT12: vmcs12's field counts, then the root page's role. */
	{ "l2_field_without_ad", 4, true, true, 0, true, ROOT,
	  0x1001e, 0x1005e },
	{ "l2_field_with_ad", 4, true, true, 0x5e, true, ROOT,
	  0x1005e, 0x1005e },
	{ "l2_shadow_ept_without_ad", 4, true, true, 0x1e, false, ROOT,
	  0x1001e, 0x1001e },
	{ "l2_no_ad_in_the_host", 4, false, true, 0x5e, false, ROOT,
	  0x1001e, 0x1001e },
	/* L1 is not asked what its vmcs12 says. */
	{ "l1_after_an_l2", 4, true, false, 0x1e, true, ROOT,
	  0x1005e, 0x1005e },
	/* EPTP12 outside all memslots. */
	{ "dummy_root", 5, true, true, 0x66, true, DUMMY, 0x11066, 0x1101e },
};
/* clang-format on */

static void expect(const struct row *r, const char *profile, uint64_t eptp)
{
	struct mmu_page pages[(DUMMY >> 12) + 1] = {
		[ROOT >> 12] = { .kind = PAGE_TDP,
				 .role = { .level = r->level,
					   .ad_disabled = !r->role_ad } },
		[DUMMY >> 12] = { .kind = PAGE_SPECIAL },
	};
	struct tdp_vm vm = {
		.fmt = { .ept = true, .has_ad = r->host_ad },
		.pages = pages,
		.nr_frames = sizeof(pages) / sizeof(pages[0]),
	};
	struct tdp_vcpu vcpu = {
		.vm = &vm,
		.guest_mode = r->guest_mode,
		.nested = { .tdp_root = r->eptp12 },
		.root_mmu = { .root = { .hpa = r->root },
			      .root_role = { .level = r->level,
					     .ad_disabled = !r->role_ad } },
	};

	vcpu.mmu = &vcpu.root_mmu;
	assert_int_equal(tdp_kvm_config_init(&vm.kvm, profile, NULL), TDP_OK);
	assert_int_equal(hw_eptp(&vcpu), eptp);
}

static void eptp(void **state)
{
	const struct row *r = *state;

	expect(r, "v5.10", r->v6_18);
	expect(r, "v6.12", r->v6_18);
	expect(r, "v6.18", r->v6_18);
	expect(r, "v6.19", r->v6_19);
	expect(r, "v7.2", r->v6_19);
}

int main(void)
{
	static const struct suite suites[] = { ROWS(rows, eptp) };

	return RUN("hw", suites);
}
