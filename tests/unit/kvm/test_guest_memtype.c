/* SPDX-License-Identifier: MIT */
/*
 * What KVM makes of guest MTRRs and CR0.CD: rows M, G and H of the fact sheets
 * (KVM 6.12, and the kernels up to 6.10).
 */
#include "kvm/guest_memtype.h"

#include "arch/regs.h"
#include "support/machine.h"

#define UC     TDP_MT_UC
#define WC     TDP_MT_WC
#define WT     TDP_MT_WT
#define WP     TDP_MT_WP
#define WB     TDP_MT_WB
#define MASK46 (BIT(46) - 1)

/* A variable pair as base, size and type; size 0: unused. */
struct pair {
	uint64_t base, size;
	enum tdp_memtype type;
};

static void load_pairs(struct tdp_mtrr *mtrr, const struct pair *pairs,
		       unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr && pairs[i].size; i++) {
		mtrr->base[i] = pairs[i].base | pairs[i].type;
		mtrr->mask[i] = (~(pairs[i].size - 1) & MASK46) | BIT(11);
	}
}

/* Fixed ranges WB, but for 0xa0000..0xbffff. */
static void load_fixed(struct tdp_mtrr *mtrr, enum tdp_memtype hole)
{
	unsigned int i;

	for (i = 0; i < TDP_NR_FIXED_MTRRS; i++)
		mtrr->fixed[i] = UINT64_C(0x0606060606060606);
	mtrr->fixed[2] = UINT64_C(0x0101010101010101) * hole;
	mtrr->def_type |= BIT(10);
}

static void with_vcpu(struct machine *m, const char *profile)
{
	machine_init(m, TDP_INTEL, profile);
	machine_start(m);
	machine_vcpu(m, 46);
	m->vcpu->mtrr.def_type = BIT(11) | UC;
}

static const struct type_row {
	const char *name;
	struct pair pairs[3];
	enum tdp_memtype def;
	bool fixed;
	uint64_t gfn;
	enum tdp_memtype type;
} type_rows[] = {
	/* clang-format off */
	{ "G04_default", { { 0 } }, UC, false, 0x100000, UC },
	{ "G05_fixed_first", { { 0, 4 * GIB, UC } }, UC, true, 0x9f, WB },
	{ "G06_vga_hole", { { 0, 4 * GIB, WB } }, UC, true, 0xa0, UC },
	{ "G08_fixed_off", { { 0, GIB, WB } }, UC, false, 0xa0, WB },
	{ "G09_uc_above_wb", { { 0, 4 * GIB, WB }, { 3 * GIB, GIB, UC } }, UC, false, 0xc0000, WB },
	{ "G10_wb_above_uc", { { 0, 4 * GIB, UC }, { 3 * GIB, GIB, WB } }, WB, false, 0xc0000, UC },
	{ "G12_wt_above_wc", { { 0, 4 * GIB, WC }, { 3 * GIB, GIB, WT } }, UC, false, 0xc0000, WB },
	{ "G15_three", { { 0, 4 * GIB, UC }, { 2 * GIB, 2 * GIB, WT }, { 3 * GIB, GIB,
	  WB } }, WB, false, 0xc0000, UC },
	{ "wt_and_wb_are_wt", { { 0, 4 * GIB, WB }, { 3 * GIB, GIB, WT } }, UC, false,
	  0xc0000, WT },
	{ "H8_uc_1M_inside", { { 2 * GIB + MIB, MIB, UC } }, WB, false, 0x80100, UC },
	/* clang-format on */
};

static void guest_type(void **state)
{
	const struct type_row *r = *state;
	struct machine m;

	with_vcpu(&m, "v6.8");
	m.vcpu->mtrr.def_type = BIT(11) | r->def;
	load_pairs(&m.vcpu->mtrr, r->pairs, 3);
	if (r->fixed)
		load_fixed(&m.vcpu->mtrr, UC);
	assert_int_equal(memtype_guest_mtrr(m.vcpu, r->gfn), r->type);
	machine_end(&m);
}

static void mtrrs_off_depend_on_cpuid(void **state)
{
	struct machine m;

	(void)state;
	with_vcpu(&m, "v6.8");
	m.vcpu->mtrr.def_type = WB;
	assert_int_equal(memtype_guest_mtrr(m.vcpu, 0x100), UC);
	m.vcpu->cpuid.mtrr = false; /* G02 */
	assert_int_equal(memtype_guest_mtrr(m.vcpu, 0x100), WB);
	machine_end(&m);
}

static const struct level_row {
	const char *name;
	struct pair pairs[2];
	enum tdp_memtype def;
	bool fixed;
	uint64_t gpa;
	unsigned int level;
} level_rows[] = {
	/* clang-format off */
	{ "H1_no_pairs", { { 0 } }, WB, false, 5 * GIB, 3 },
	{ "H2_wb_0_4G_at_0", { { 0, 4 * GIB, WB } }, UC, false, 0, 3 },
	{ "H2_wb_0_4G_at_3G", { { 0, 4 * GIB, WB } }, UC, false, 3 * GIB, 3 },
	{ "H2_wb_0_4G_at_4G", { { 0, 4 * GIB, WB } }, UC, false, 4 * GIB, 3 },
	{ "H3_at_3G", { { 0, 4 * GIB, WB }, { 3 * GIB, GIB, UC } }, WB, false, 3 * GIB, 1 },
	{ "H3_at_2G", { { 0, 4 * GIB, WB }, { 3 * GIB, GIB, UC } }, WB, false, 2 * GIB, 3 },
	{ "H4_at_0", { { 0, 4 * GIB, WB } }, UC, true, 0, 1 },
	{ "H4_at_2M", { { 0, 4 * GIB, WB } }, UC, true, 2 * MIB, 2 },
	{ "H7_at_2G", { { 2 * GIB, 2 * MIB, UC } }, WB, false, 2 * GIB, 2 },
	{ "H7_next_2M", { { 2 * GIB, 2 * MIB, UC } }, WB, false, 2 * GIB + 2 * MIB, 2 },
	{ "H8_at_2G", { { 2 * GIB + MIB, MIB, UC } }, WB, false, 2 * GIB, 1 },
	{ "H9_at_1G", { { GIB, GIB / 2, WB }, { GIB + GIB / 2, GIB / 2, WB } }, UC, false, GIB, 2 },
	{ "H9_default_wb", { { GIB, GIB / 2, WB }, { GIB + GIB / 2, GIB / 2, WB } }, WB,
	  false, GIB, 3 },
	{ "H10_at_1G", { { 0, GIB, WB }, { GIB, GIB, WB } }, UC, false, GIB, 3 },
	/* clang-format on */
};

static void level_limit(void **state)
{
	const struct level_row *r = *state;
	struct machine m;

	with_vcpu(&m, "v5.15");
	m.vcpu->mtrr.def_type = BIT(11) | r->def;
	load_pairs(&m.vcpu->mtrr, r->pairs, 2);
	if (r->fixed)
		load_fixed(&m.vcpu->mtrr, UC);
	assert_int_equal(memtype_max_level(m.vcpu, r->gpa >> 12, 3), r->level);
	machine_end(&m);
}

static void fixed_ranges_alone_by_default_type(void **state)
{
	struct machine m;

	(void)state;
	with_vcpu(&m, "v5.15"); /* H5 */
	load_fixed(&m.vcpu->mtrr, WB);
	m.vcpu->mtrr.def_type = BIT(11) | BIT(10) | WB;
	assert_int_equal(memtype_max_level(m.vcpu, 0, 3), 3);
	m.vcpu->mtrr.def_type = BIT(11) | BIT(10) | UC;
	assert_int_equal(memtype_max_level(m.vcpu, 0, 3), 1);
	machine_end(&m);
}

/* vmx_get_mt_mask() by kernel: history 2.1. */
static const struct bits_row {
	const char *name;
	const char *profile;
	bool dma, cd, cd_quirk;
	uint64_t bits;
} bits_rows[] = {
	/* clang-format off */
	{ "6.6_no_device",	"v6.4",  false, false, true,  0x70 },
	{ "6.6_cd_quirk",	"v6.4",  true,  true,  true,  0x70 },
	{ "6.7_cd_quirk",	"v6.7",  true,  true,  true,  0x30 },
	{ "6.4_cd_no_quirk",	"v6.4",  true,  true,  false, 0x40 },
	{ "6.8_cd_no_quirk",	"v6.8",  true,  true,  false, 0x40 },
	{ "6.8_mtrr_uc",	"v6.8",  true,  false, true,  0x00 },
	{ "6.12_no_device",	"v6.12", false, true,  true,  0x70 },
	{ "6.12_device",	"v6.12", true,  false, true,  0x30 },
	{ "6.12_device_cd",	"v6.12", true,  true,  false, 0x30 },
	{ "6.18_no_device",	"v6.18", false, false, true,  0x70 },
	{ "6.18_device",	"v6.18", true,  true,  true,  0x30 },
	/* clang-format on */
};

static void leaf_bits(void **state)
{
	const struct bits_row *r = *state;
	struct machine m;

	machine_init(&m, TDP_INTEL, r->profile);
	machine_set(&m, "memtype.cd_quirk", r->cd_quirk ? "on" : "off");
	machine_start(&m);
	machine_vcpu(&m, 46);
	m.vcpu->mtrr.def_type = BIT(11) | UC;
	m.vcpu->sregs.cr0 = CR0_PE | (r->cd ? CR0_CD : 0);
	if (r->dma)
		assert_int_equal(tdp_vm_attach_dma(m.vm, true, &m.result, NULL),
				 TDP_OK);
	assert_int_equal(memtype_spte_bits(m.vcpu, 0x100, false), r->bits);
	/* Device memory of the host is UC, and the guest's PAT has a say. */
	assert_int_equal(memtype_spte_bits(m.vcpu, 0x100, true), 0);
	machine_end(&m);
}

/* Rows M of 6.12 to 6.14: neither CR0.CD nor MTRRs count. */
static const struct m_row {
	const char *name;
	bool mmio;
	unsigned int devices;
	bool cd;
	enum tdp_memtype mtrr;
	uint64_t bits;
} m_rows[] = {
	/* clang-format off */
	{ "M02", false, 0, true,  UC, 0x70 },
	{ "M03", false, 1, false, WB, 0x30 },
	{ "M04", false, 1, true,  UC, 0x30 },
	{ "M07", true,	0, false, WB, 0x00 },
	{ "M08", true,	0, true,  UC, 0x00 },
	{ "M09", true,	1, false, WB, 0x00 },
	{ "M11", true,	2, false, WB, 0x00 },
	{ "M12", true,	2, true,  UC, 0x00 },
	/* clang-format on */
};

static void merged_bits(void **state)
{
	static const char *const alike[] = { "v6.11", "v6.12", "v6.13", "v6.14",
					     "v6.15" };
	const struct m_row *r = *state;
	struct machine m;

	for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++) {
		machine_init(&m, TDP_INTEL, alike[i]);
		machine_start(&m);
		machine_vcpu(&m, 46);
		m.vm->noncoherent_dma = r->devices;
		m.vcpu->mtrr.def_type = BIT(11) | r->mtrr;
		m.vcpu->sregs.cr0 = CR0_PE | (r->cd ? CR0_CD : 0);
		assert_int_equal(memtype_spte_bits(m.vcpu, 0x100, r->mmio),
				 r->bits);
		machine_end(&m);
	}
}

static void quirk9_off_gives_up_ipat(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.18");
	machine_set(&m, "quirk.ignore_guest_pat", "off");
	machine_start(&m);
	machine_vcpu(&m, 46);
	assert_int_equal(memtype_spte_bits(m.vcpu, 0x100, false), 0x30);
	machine_end(&m);
}

static void npt_carries_no_type(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, TDP_AMD, "v6.4");
	machine_start(&m);
	machine_vcpu(&m, 46);
	tdp_vm_attach_dma(m.vm, true, &m.result, NULL);
	assert_int_equal(memtype_spte_bits(m.vcpu, 0x100, false), 0);
	machine_end(&m);
}

/* Can the bits be had without a vCPU?  Proposal try_get_mt_mask() */
static const struct try_row {
	const char *name;
	const char *source;
	bool device, mmio, known;
	uint64_t bits;
} try_rows[] = {
	/* clang-format off */
	{ "coherent", "mtrr_cd_ipat", false, false, true, 0x70 },
	{ "mmio", "mtrr_cd_ipat", true, true, true, 0 },
	{ "device_needs_a_vcpu", "mtrr_cd_ipat", true, false, false, 0 },
	{ "device_needs_a_vcpu_6_7", "mtrr_cd", true, false, false, 0 },
	{ "role_needs_a_vcpu", "role", true, false, false, 0 },
	{ "vcpu0_speaks_for_all", "vcpu0", true, false, true, 0 },
	{ "uniform_is_vcpu0", "uniform", true, false, true, 0 },
	{ "wb_only", "wb_only", true, false, true, 0x30 },
	{ "quirk9", "quirk9", true, false, true, 0x30 },
	{ "quirk9_coherent", "quirk9", false, false, true, 0x70 },
	/* clang-format on */
};

static void try_get(void **state)
{
	const struct try_row *r = *state;
	uint64_t bits;
	struct machine m;

	machine_init(&m, TDP_INTEL, "v6.4");
	machine_set(&m, "memtype.source", r->source);
	machine_start(&m);
	machine_vcpu(&m, 46);
	/* MTRRs on, default UC: what the vCPU's own settings would give is 0. */
	m.vcpu->mtrr.def_type = BIT(11) | UC;
	m.vcpu->sregs.cr0 = CR0_PE;
	m.vm->noncoherent_dma = r->device;
	assert_int_equal(memtype_try_get(m.vm, 0x100, r->mmio, &bits),
			 r->known);
	if (r->known)
		assert_int_equal(bits, r->bits);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(type_rows, guest_type),
		CASE(mtrrs_off_depend_on_cpuid),
		ROWS(level_rows, level_limit),
		CASE(fixed_ranges_alone_by_default_type),
		ROWS(bits_rows, leaf_bits),
		ROWS(m_rows, merged_bits),
		CASE(quirk9_off_gives_up_ipat),
		CASE(npt_carries_no_type),
		ROWS(try_rows, try_get),
	};

	return RUN("guest_memtype", suites);
}
