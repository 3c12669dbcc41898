/* SPDX-License-Identifier: MIT */
/*
 * What roots of L1's nested tables are made of: which shadow pages, under
 * which special tables (rows R and N of the vectors).
 */
#include "kvm/lookup.h"
#include "kvm/mmu.h"
#include "kvm/root.h"
#include "support/machine.h"

#define LME_LMA 0x500
#define NX      0x800
#define PAE     0x20
#define PSE     0x10
#define LA57    0x1000
#define NCR3    UINT64_C(0x140000)
#define NOWHERE UINT64_C(0x40000000)

/* Page-table address bits and the flags of a linked PAE root. */
#define LINKED 0x27

static const struct npt_row {
	const char *name;
	const char *profile;
	bool la57;             /* host */
	uint64_t cr4, efer;    /* L1's */
	unsigned int specials; /* tables above the shadow pages */
	uint32_t root_role;
	unsigned int nr;
	uint32_t words[4]; /* of the shadow pages */
} npt_rows[] = {
	/* clang-format off */
	{ "4_on_4", "v6.18", false, PAE, LME_LMA | NX, 0, 0x21704, 1, { 0x21704 } },
	{ "R065_4_on_5", "v6.18", true, PAE, LME_LMA | NX, 0, 0x61705, 1, { 0x61705 } },
	{ "4_on_5_without_guest_mode", "v6.12", true, PAE, LME_LMA | NX, 0, 0x41705, 1,
	  { 0x41705 } },
	{ "4_on_5_without_passthrough", "v5.17", true, PAE, LME_LMA | NX, 0, 0x1705, 1,
	  { 0x1705 } },
	{ "R068_5_on_5", "v6.18", true, PAE | LA57, LME_LMA | NX, 0, 0x21705, 1, { 0x21705 } },
	{ "R106_pae_on_4", "v6.18", false, PAE, NX, 2, 0x21704, 2, { 0x21702, 0x21702 } },
	{ "R071_pae_on_5", "v6.18", true, PAE, NX, 3, 0x21705, 2, { 0x21702, 0x21702 } },
	{ "R104_32bit_on_4", "v6.18", false, PSE, 0, 2, 0x20714, 4,
	  { 0x20712, 0x20732, 0x20752, 0x20772 } },
	{ "R074_32bit_on_5", "v6.18", true, PSE, 0, 3, 0x20715, 4,
	  { 0x20712, 0x20732, 0x20752, 0x20772 } },
	/* clang-format on */
};

/* L1 has a PDPT at NCR3 whose entries 0 and 3 are present. */
static void start_npt(struct machine *m, const struct npt_row *r)
{
	machine_init(m, TDP_AMD, r->profile);
	m->host.la57 = r->la57;
	machine_start(m);
	machine_slot(m, 0, 0, 0, 16 * MIB, TDP_BACKING_ANONYMOUS);
	machine_vcpu(m, 48);
	machine_poke(m, NCR3, 0x141001);
	machine_poke(m, NCR3 + 24, 0x142001);
}

static void enter_npt(struct machine *m, const struct npt_row *r, uint64_t ncr3)
{
	const struct tdp_sregs l1 = {
		.cr0 = 0x80010031,
		.cr4 = r->cr4,
		.efer = r->efer | 0x1000,
	};
	enum tdp_reason why = TDP_WHY_NONE;
	struct tdp_vcpu *vcpu = m->vcpu;
	int err;

	vcpu->guest_mode = vcpu->nested_tdp = true;
	vcpu->nested.tdp_root = ncr3;
	vcpu->mmu = &vcpu->guest_mmu;
	mmu_init_shadow_npt(vcpu, &l1, ncr3, false);
	assert_int_equal(root_reload(vcpu, &err, &why, &m->err), TDP_OK);
	assert_int_equal(err, 0);
	assert_int_equal(tdp_vm_check(m->vm, &m->err), TDP_OK);
}

static uint64_t entry(const struct machine *m, uint64_t table, unsigned int i)
{
	return physmem_read64(&m->vm->pm, table + 8 * i);
}

/* Down the special tables, each of which has one entry, to pae_root. */
static uint64_t pae_root_below(const struct machine *m, uint64_t root,
			       unsigned int specials)
{
	while (--specials) {
		uint64_t link = entry(m, root, 0);

		assert_null(root_page(m->vm, root));
		assert_int_equal(link & 0xfff, LINKED);
		assert_true(entry(m, root, 1) == 0);
		root = link & ~UINT64_C(0xfff);
	}
	return root;
}

static void check_pages(struct machine *m, const struct npt_row *r)
{
	struct tdp_root_info info = { .id = 0 };
	unsigned int i;

	for (i = 0; i < r->nr; i++) {
		assert_true(tdp_vm_root_next(m->vm, info.id, &info));
		assert_int_equal(info.role, r->words[i]);
		assert_int_equal(info.refcount, 1);
	}
	assert_false(tdp_vm_root_next(m->vm, info.id, &info));
}

static void npt_root(void **state)
{
	const struct npt_row *r = *state;
	struct machine m;
	uint64_t pae;

	start_npt(&m, r);
	enter_npt(&m, r, NCR3);
	assert_int_equal(m.vcpu->mmu->root_word, r->root_role);
	assert_true(m.vcpu->mmu->root.pgd == NCR3);
	check_pages(&m, r);
	if (r->specials) {
		pae = pae_root_below(&m, m.vcpu->mmu->root.hpa, r->specials);
		assert_int_equal(entry(&m, pae, 0) & 0xfff, LINKED);
		assert_int_equal(entry(&m, pae, 3) & 0xfff, LINKED);
		if (r->nr == 2)
			assert_true(!entry(&m, pae, 1) && !entry(&m, pae, 2));
	}
	/* All references go with the root. */
	root_free_all(m.vcpu, m.vcpu->mmu);
	assert_int_equal(tdp_vm_check(m.vm, &m.err), TDP_OK);
	assert_int_equal(machine_roots(&m, (uint32_t[16]){ 0 }), 0);
	machine_end(&m);
}

static void npt_root_outside_memory(void **state)
{
	struct machine m;

	(void)state;
	start_npt(&m, &npt_rows[0]);
	enter_npt(&m, &npt_rows[0], NOWHERE);
	assert_null(root_page(m.vm, m.vcpu->mmu->root.hpa));
	assert_int_equal(machine_roots(&m, (uint32_t[16]){ 0 }), 0);
	machine_end(&m);
}

static const struct ept_row {
	const char *name;
	uint64_t eptp12;
	uint32_t word;
} ept_rows[] = {
	{ "R076_4level", NCR3 | 0x1e, 0x30704 },
	{ "R078_4level_ad", NCR3 | 0x5e, 0x20704 },
	{ "R080_5level", NCR3 | 0x26, 0x30705 },
	{ "R083_5level_ad", NCR3 | 0x66, 0x20705 },
};

static void ept_root(void **state)
{
	const struct ept_row *r = *state;
	enum tdp_reason why = TDP_WHY_NONE;
	const struct mmu_page *page;
	struct machine m;
	int err;

	machine_init(&m, TDP_INTEL, "v6.12");
	machine_start(&m);
	machine_slot(&m, 0, 0, 0, 16 * MIB, TDP_BACKING_ANONYMOUS);
	machine_vcpu(&m, 48);
	m.vcpu->guest_mode = m.vcpu->nested_tdp = true;
	m.vcpu->nested.tdp_root = r->eptp12;
	m.vcpu->mmu = &m.vcpu->guest_mmu;
	mmu_init_shadow_ept(m.vcpu, r->eptp12, false);
	assert_int_equal(root_reload(m.vcpu, &err, &why, &m.err), TDP_OK);
	page = root_page(m.vm, m.vcpu->mmu->root.hpa);
	assert_non_null(page);
	assert_int_equal(page->role_word, r->word);
	assert_int_equal(page->gfn, NCR3 >> 12);
	assert_true(m.vcpu->mmu->root.pgd == r->eptp12);
	assert_int_equal(tdp_vm_check(m.vm, &m.err), TDP_OK);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(npt_rows, npt_root),
		CASE(npt_root_outside_memory),
		ROWS(ept_rows, ept_root),
	};

	return RUN("shadow_roots", suites);
}
