/* SPDX-License-Identifier: MIT */
/* Roles of shadow NPT and shadow EPT, and of single pages. */
#include "arch/regs.h"
#include "role_kernel.h"

#define LONG UINT64_C(0x1d00) /* SVME, NX, LMA, LME */

/* Registers that L1 does not have: only 5.10 and 5.12 may look at them. */
static const struct role_regs l2 = { CR0_PG | CR0_WP, CR4_PAE, 0 };

static uint64_t word(uint32_t base, uint32_t ext)
{
	return (uint64_t)ext << 32 | base;
}

static uint32_t npt_word(const char *name, const struct role_regs *l1,
			 const struct role_regs *current, bool gmet12,
			 unsigned int host_level, uint64_t *cpu_word)
{
	const struct tdp_kvm_config kvm = kernel(name);
	struct cpu_role cpu;
	struct tdp_role root = role_calc_shadow_npt(
		&kvm, l1, current, false, gmet12, host_level, 46, &cpu);

	if (cpu_word)
		*cpu_word = cpu_role_pack(&kvm, &cpu);
	return role_pack(&kvm, &root);
}

static const struct npt_row {
	const char *name;
	uint64_t cr4;
	uint64_t efer;
	unsigned int host_level;
	uint32_t base;
	uint32_t ext;
	uint32_t root;
} npt_rows[] = {
	/* clang-format off */
	{ "R062_4level_nx_smep_smap", 0x3000b0, LONG, 4, 0x2d704, 0xb5, 0x2d704 },
	{ "R064_4level_nx", 0xb0, LONG, 4, 0x21704, 0x85, 0x21704 },
	{ "R065_4level_nx_host_5", 0xb0, LONG, 5, 0x21704, 0x85, 0x61705 },
	{ "R068_5level_nx", 0x10b0, LONG, 5, 0x21705, 0xc5, 0x21705 },
	{ "R069_5level_nx_smep_smap", 0x3010b0, LONG, 5, 0x2d705, 0xf5, 0x2d705 },
	{ "R071_pae_nx_host_5", 0x20, 0x1800, 5, 0x21703, 0x01, 0x21705 },
	{ "R072_pae_smep", 0x100020, 0x1000, 4, 0x24703, 0x21, 0x24704 },
	{ "R074_32bit_pse_host_5", 0x10, 0x1000, 5, 0x20712, 0x05, 0x20715 },
	/* PKE never shows; LA57 does, LMA permitting */
	{ "pke_is_removed", 0x4000b0, LONG, 4, 0x21704, 0x85, 0x21704 },
	/* clang-format on */
};

/* L1's CR0 never matters, nor do the current registers. */
static void shadow_npt(void **state)
{
	static const char *const with[] = { "v6.1.192", "v6.12.117", "v6.13",
					    "v6.14",    "v6.18",     "v7.1" };
	static const char *const without[] = { "v5.19", "v6.1", "v6.11",
					       "v6.12" };
	const struct npt_row *r = *state;
	const struct role_regs l1 = { CR0_PG | CR0_WP, r->cr4, r->efer };
	uint64_t cpu;

	for (size_t i = 0; i < ARRAY_SIZE(with); i++) {
		assert_int_equal(
			npt_word(with[i], &l1, &l2, false, r->host_level, &cpu),
			r->root);
		assert_int_equal(cpu, word(r->base, r->ext));
	}
	for (size_t i = 0; i < ARRAY_SIZE(without); i++) {
		assert_int_equal(npt_word(without[i], &l1, &l2, false,
					  r->host_level, &cpu),
				 r->root - 0x20000);
		assert_int_equal(cpu, word(r->base - 0x20000, r->ext));
	}
}

static const struct v7_2_npt_row {
	const char *name;
	uint64_t cr4;
	uint64_t efer;
	unsigned int host_level;
	bool gmet12;
	uint32_t root;
	uint32_t ext; /* SMAP never shows */
} v7_2_npt_rows[] = {
	{ "N23_4level_nx_smep_smap", 0x3000b0, LONG, 4, false, 0x26f04, 0xc5 },
	{ "N26_4level", 0xb0, 0x1500, 4, false, 0x24f04, 0x45 },
	{ "N29_5level_nx", 0x10b0, LONG, 5, false, 0x26f05, 0xe5 },
	{ "N29_5level_nx_gmet", 0x10b0, LONG, 5, true, 0x126f05, 0xe5 },
	{ "host_5_passthrough", 0xb0, LONG, 5, false, 0x66f05, 0xc5 },
};

static void v7_2_shadow_npt(void **state)
{
	const struct v7_2_npt_row *r = *state;
	const struct role_regs l1 = { CR0_PG, r->cr4, r->efer };
	uint64_t cpu;

	assert_int_equal(
		npt_word("v7.2", &l1, &l2, r->gmet12, r->host_level, &cpu),
		r->root);
	assert_int_equal(cpu >> 32, r->ext);
}

/* A 4-level NPT on a 5-level host, L1 with NX: the marker came in 5.19. */
static const struct old_npt_row {
	const char *name;
	uint32_t root;
} old_npt_rows[] = {
	{ "v5.14", 0x1715 },  { "v5.15", 0x1715 },      { "v5.17", 0x1705 },
	{ "v5.19", 0x41705 }, { "v6.1", 0x41705 },      { "v6.12", 0x41705 },
	{ "v6.13", 0x61705 }, { "v6.12.117", 0x61705 },
};

static void old_shadow_npt(void **state)
{
	const struct old_npt_row *r = *state;
	const struct role_regs l1 = { CR0_PG | CR0_WP, 0xb0, LONG };

	assert_int_equal(npt_word(r->name, &l1, &l2, false, 5, NULL), r->root);
}

/* Up to 5.12 the role is of the current registers, the walk of L1's. */
static void npt_of_5_10_takes_current_registers(void **state)
{
	const struct role_regs l1 = { CR0_PG | CR0_WP, 0xb0, LONG };
	uint64_t cpu;

	(void)state;
	assert_int_equal(npt_word("v5.10", &l1, &l2, false, 4, &cpu), 0x2714);
	assert_int_equal(cpu & 0xf, 4);
	assert_int_equal(npt_word("v5.12", &l1, &l1, false, 4, &cpu), 0x3714);
	assert_int_equal(npt_word("v5.14", &l1, &l2, false, 4, &cpu), 0x1714);
}

/* 5.14 took L1's PKE, which an NPT has no use for. */
static void npt_of_5_14_has_pke(void **state)
{
	const struct role_regs l1 = { CR0_PG, CR4_PAE | CR4_PKE, LONG };
	uint64_t cpu;

	(void)state;
	npt_word("v5.14", &l1, &l2, false, 4, &cpu);
	assert_int_equal(cpu >> 32, 0x2d);
	npt_word("v5.15", &l1, &l2, false, 4, &cpu);
	assert_int_equal(cpu >> 32, 0x20d);
}

static const struct ept_row {
	const char *name;
	uint64_t eptp12;
	bool exec_only;
	uint32_t base;
	uint32_t ext;
} ept_rows[] = {
	{ "R076", 0x1e, false, 0x30704, 1 },
	{ "R078", 0x5e, false, 0x20704, 1 },
	{ "R079", 0x5e, true, 0x20704, 3 },
	{ "R080", 0x26, false, 0x30705, 1 },
	{ "R081", 0x26, true, 0x30705, 3 },
	{ "R083", 0x66, true, 0x20705, 3 },
	{ "R085", 0x58, true, 0x20704, 3 },
};

static uint64_t ept_word(const char *name, uint64_t eptp12, bool exec_only,
			 bool mbec12, bool smm)
{
	const struct tdp_kvm_config kvm = kernel(name);
	const struct role_regs regs = { CR0_PG | CR0_WP, CR4_PAE, LONG };
	struct cpu_role root_mmu = role_calc_cpu(&kvm, &regs, smm, false, 46);
	struct cpu_role cpu = role_calc_shadow_ept(&kvm, eptp12, exec_only,
						   mbec12, &root_mmu);

	return cpu_role_pack(&kvm, &cpu);
}

static void shadow_ept(void **state)
{
	static const char *const alike[] = { "v5.19", "v6.1", "v6.12", "v6.14",
					     "v7.1" };
	const struct ept_row *r = *state;

	for (size_t i = 0; i < ARRAY_SIZE(alike); i++)
		for (unsigned int smm = 0; smm < 2; smm++)
			assert_int_equal(ept_word(alike[i], r->eptp12,
						  r->exec_only, true, smm),
					 word(r->base, r->ext));
}

static const struct ept_kernel_row {
	const char *name;
	const char *kernel;
	uint64_t eptp12;
	bool mbec12;
	bool smm;
	uint64_t cpu_role;
} ept_kernel_rows[] = {
	/* clang-format off */
	/* marked; ext is root_mmu's: valid, PG, PAE and MAXPHYADDR 46 */
	{ "v5.10", "v5.10", 0x5e, false, false, UINT64_C(0x2e0d0002a714) },
	{ "v5.10_smm", "v5.10", 0x5e, false, true, UINT64_C(0x2e0d0102a714) },
	{ "v5.12", "v5.12", 0x5e, false, false, UINT64_C(0x2e0d0002a714) },
	{ "v5.14", "v5.14", 0x5e, false, false, UINT64_C(0x100020714) },
	{ "v5.15_smm", "v5.15", 0x5e, false, true, UINT64_C(0x101020714) },
	{ "v5.17", "v5.17", 0x5e, false, false, UINT64_C(0x100020704) },
	{ "v5.17_smm", "v5.17", 0x5e, false, true, UINT64_C(0x101020704) },
	{ "v5.19_smm", "v5.19", 0x5e, false, true, UINT64_C(0x100020704) },
	{ "N20", "v7.2", 0x1e, false, false, UINT64_C(0x100030f04) },
	{ "N20_mbec", "v7.2", 0x1e, true, false, UINT64_C(0x100130f04) },
	{ "N21", "v7.2", 0x5e, false, false, UINT64_C(0x100020f04) },
	{ "N21_mbec", "v7.2", 0x5e, true, false, UINT64_C(0x100120f04) },
	/* clang-format on */
};

static void shadow_ept_of_kernel(void **state)
{
	const struct ept_kernel_row *r = *state;

	assert_int_equal(
		ept_word(r->kernel, r->eptp12, false, r->mbec12, r->smm),
		r->cpu_role);
}

/* Pages below a root: what each step does to the word. */
static const struct root_page_row {
	const char *name;
	const char *kernel;
	uint32_t root;
	unsigned int level;
	unsigned int quadrant;
	uint32_t page;
} root_page_rows[] = {
	{ "R087_32bit_page_1", "v6.12", 0x3713, 2, 1, 0x3732 },
	{ "R089_32bit_page_3", "v6.12", 0x3713, 2, 3, 0x3772 },
	{ "R093_pae_page", "v6.12", 0x3703, 2, 0, 0x3702 },
	{ "R102_passthrough_root", "v6.14", 0x61705, 5, 0, 0x61705 },
	{ "R104_npt_32bit_page_0", "v6.14", 0x20714, 2, 0, 0x20712 },
	{ "R106_npt_pae_page", "v6.14", 0x21704, 2, 0, 0x21702 },
	{ "no_paging", "v6.12", 0x1783, 2, 0, 0x1782 },
	/* the root's gpte_is_8_bytes is 0, the page's 1 */
	{ "v5.14_no_paging", "v5.14", 0x783, 2, 0, 0x792 },
	{ "v5.10_32bit_page_2", "v5.10", 0x2703, 2, 2, 0x2742 },
};

static void root_page(void **state)
{
	const struct root_page_row *r = *state;
	const struct tdp_kvm_config kvm = kernel(r->kernel);
	struct tdp_role root = role_unpack(&kvm, r->root);
	struct tdp_role page = role_root_page(&kvm, &root, r->level,
					      r->quadrant);

	assert_int_equal(role_pack(&kvm, &page), r->page);
}

static const struct child_row {
	const char *name;
	const char *kernel;
	uint32_t parent;
	unsigned int spte_index;
	bool direct;
	unsigned int access;
	uint32_t child;
} child_rows[] = {
	/* clang-format off */
	{ "R090_32bit_even", "v6.12", 0x3752, 6, false, 7, 0x3711 },
	{ "32bit_odd", "v6.12", 0x3752, 7, false, 7, 0x3731 },
	{ "R092_direct_keeps_4_byte_gpte", "v6.12", 0x3752, 7, true, 6, 0x36b1 },
	{ "v5.17_direct_keeps_4_byte_gpte", "v5.17", 0x3752, 7, true, 6, 0x36b1 },
	{ "v5.15_direct_has_8_byte_gpte", "v5.15", 0x3742, 7, true, 6, 0x36b1 },
	{ "v5.15_32bit_odd", "v5.15", 0x3742, 7, false, 7, 0x3721 },
	{ "R094_pae", "v6.12", 0x3702, 9, false, 7, 0x3701 },
	{ "R099_4level_access_6", "v6.12", 0x3703, 1, false, 6, 0x3602 },
	{ "R100_4level_access_4", "v6.12", 0x3602, 1, false, 4, 0x3401 },
	{ "R101_4level_direct", "v6.12", 0x3702, 1, true, 7, 0x3781 },
	{ "passthrough_stays_on_top", "v6.14", 0x61705, 0, false, 7, 0x21704 },
	{ "R107_ept12", "v6.12", 0x20704, 1, false, 7, 0x20703 },
	{ "R109_ept12_direct", "v6.12", 0x20702, 1, true, 7, 0x20781 },
	/* clang-format on */
};

static void child(void **state)
{
	const struct child_row *r = *state;
	const struct tdp_kvm_config kvm = kernel(r->kernel);
	struct tdp_role parent = role_unpack(&kvm, r->parent);
	struct tdp_role page = role_child(&kvm, &parent, r->spte_index,
					  r->direct, r->access);

	assert_int_equal(role_pack(&kvm, &page), r->child);
}

static const struct tdp_child_row {
	const char *name;
	const char *kernel;
	uint32_t parent;
	uint32_t child;
} tdp_child_rows[] = {
	{ "R110", "v6.12", 0x3784, 0x3783 },
	{ "R111", "v6.12", 0x3783, 0x3782 },
	{ "R112", "v6.12", 0x3782, 0x3781 },
	{ "smm", "v6.12", 0x1013784, 0x1013783 },
	{ "mirror", "v6.14", 0x83784, 0x83783 },
	{ "v7.2_gmet_keeps_access", "v7.2", 0x106b84, 0x106b83 },
	{ "v5.10", "v5.10", 0x2794, 0x2793 },
};

static void tdp_child(void **state)
{
	const struct tdp_child_row *r = *state;
	const struct tdp_kvm_config kvm = kernel(r->kernel);
	struct tdp_role parent = role_unpack(&kvm, r->parent);
	struct tdp_role page = role_tdp_child(&parent);

	assert_int_equal(role_pack(&kvm, &page), r->child);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(npt_rows, shadow_npt),
		ROWS(v7_2_npt_rows, v7_2_shadow_npt),
		ROWS(old_npt_rows, old_shadow_npt),
		CASE(npt_of_5_10_takes_current_registers),
		CASE(npt_of_5_14_has_pke),
		ROWS(ept_rows, shadow_ept),
		ROWS(ept_kernel_rows, shadow_ept_of_kernel),
		ROWS(root_page_rows, root_page),
		ROWS(child_rows, child),
		ROWS(tdp_child_rows, tdp_child),
	};

	return RUN("role_nested", suites);
}
