/* SPDX-License-Identifier: MIT */
/* INVLPG and INVPCID, under shadow paging and under TDP. */
#include "arch/regs.h"
#include "kvm/lookup.h"
#include "kvm/root.h"
#include "kvm/shadow_page.h"
#include "support/machine.h"

#define PML4    UINT64_C(0x100000)
#define PDPT    UINT64_C(0x101000)
#define PD      UINT64_C(0x102000)
#define PT0     UINT64_C(0x103000) /* 0..2M onto itself, in both spaces */
#define PT1     UINT64_C(0x104000) /* 2M..4M, of PCID 1 */
#define PML4_2  UINT64_C(0x105000)
#define PDPT_2  UINT64_C(0x106000)
#define PD_2    UINT64_C(0x107000)
#define PT2     UINT64_C(0x108000) /* the same of PCID 2 */

#define ADDR    UINT64_C(0x200000)
#define NOFLUSH BIT(63)

static void tables(struct machine *m, uint64_t pml4, uint64_t pdpt, uint64_t pd,
		   uint64_t pt)
{
	machine_poke(m, pml4, pdpt | 7);
	machine_poke(m, pdpt, pd | 7);
	machine_poke(m, pd, PT0 | 7);
	machine_poke(m, pd + 8, pt | 7);
	machine_poke(m, pt, 0x300067);
	machine_poke(m, pt + 8, 0x301067);
}

static void write_reg(struct machine *m, enum tdp_reg reg, uint64_t value)
{
	assert_int_equal(tdp_vcpu_write_reg(m->vcpu, reg, value, &m->result),
			 TDP_OK);
	assert_int_equal(m->result.outcome, TDP_OUTCOME_DONE);
}

static void start(struct machine *m, const char *profile, bool tdp, bool pcid)
{
	machine_init(m, TDP_AMD, profile);
	m->host.memory = 512 * MIB;
	m->host.table_memory = 32 * MIB;
	if (!tdp)
		machine_set(m, "tdp", "off");
	machine_start(m);
	machine_slot(m, 0, 0, 0, 16 * MIB, TDP_BACKING_ANONYMOUS);
	machine_vcpu(m, 40);
	tables(m, PML4, PDPT, PD, PT1);
	tables(m, PML4_2, PDPT_2, PD_2, PT2);
	for (uint64_t i = 0; i < 512; i++)
		machine_poke(m, PT0 + 8 * i, i << 12 | 0x67);
	machine_long_mode(m, PML4);
	if (!pcid)
		return;
	write_reg(m, TDP_REG_CR4, m->vcpu->sregs.cr4 | CR4_PCIDE);
	write_reg(m, TDP_REG_CR3, PML4 | 1);
}

static void access(struct machine *m, enum tdp_access_kind kind, uint64_t addr)
{
	const struct tdp_access access = {
		.gva = TDP_GVA(addr),
		.kind = kind,
		.size = 8,
	};

	assert_int_equal(tdp_vcpu_access(m->vcpu, &access, &m->result, &m->err),
			 TDP_OK);
	assert_int_equal(m->result.outcome, TDP_OUTCOME_DONE);
}

static bool is_mapped(const struct machine *m, uint64_t root, uint64_t addr)
{
	const struct lookup_step *last;
	struct lookup path;

	lookup_from(m->vm, root, 4, addr, &path);
	last = &path.step[path.nr - 1];
	return spte_present(&m->vm->fmt, last->spte) &&
	       spte_leaf(last->spte, last->level);
}

static void invpcid(struct machine *m, uint64_t type, uint64_t pcid,
		    uint64_t gla)
{
	assert_int_equal(tdp_vcpu_invpcid(m->vcpu, type, pcid, TDP_GVA(gla),
					  &m->result, &m->err),
			 TDP_OK);
}

static void invlpg(struct machine *m, uint64_t gva)
{
	assert_int_equal(
		tdp_vcpu_invlpg(m->vcpu, TDP_GVA(gva), &m->result, &m->err),
		TDP_OK);
	assert_int_equal(m->result.outcome, TDP_OUTCOME_DONE);
}

/* Previous roots -------------------------------------------------------------- */

enum what { KEPT, ENTRY_GONE, ROOT_GONE };

#define INVLPG 4 /* beside the types of INVPCID */

/*
 * PCID 2 runs, and the guest has cleared two entries of PCID 1's table, which
 * went out of sync for it.
 */
static const struct row {
	const char *name;
	const char *profile;
	uint64_t type, pcid, gla;
	enum what expected;
} rows[] = {
	{ "invlpg", "v6.12", INVLPG, 0, ADDR, ENTRY_GONE },
	{ "invlpg_elsewhere", "v6.12", INVLPG, 0, ADDR + 0x2000, KEPT },
	{ "invlpg_not_canonical", "v6.12", INVLPG, 0, ADDR | BIT(60), KEPT },
	{ "address", "v6.12", 0, 1, ADDR, ENTRY_GONE },
	{ "address_of_another", "v6.12", 0, 2, ADDR, KEPT },
	{ "address_elsewhere", "v6.12", 0, 1, ADDR + 0x2000, KEPT },
	{ "context", "v6.12", 1, 1, 0, ROOT_GONE },
	{ "context_of_another", "v6.12", 1, 3, 0, KEPT },
	{ "all_global/v5.10", "v5.10", 2, 0, 0, ROOT_GONE },
	{ "all_global/v6.12", "v6.12", 2, 0, 0, ROOT_GONE },
	{ "all/v6.12", "v6.12", 3, 0, 0, ROOT_GONE },
	{ "all/v7.2", "v7.2", 3, 0, 0, ROOT_GONE },
};

static void previous_root(void **state)
{
	const struct row *r = *state;
	struct root_ref *prev;
	struct machine m;
	uint64_t old;

	start(&m, r->profile, false, true);
	access(&m, TDP_READ, ADDR);
	access(&m, TDP_READ, ADDR + 0x1000);
	old = m.vcpu->mmu->root.hpa;
	write_reg(&m, TDP_REG_CR3, PML4_2 | 2 | NOFLUSH);
	access(&m, TDP_WRITE, PT1);
	access(&m, TDP_WRITE, PT1 + 8);
	prev = &m.vcpu->mmu->prev[0];
	assert_int_equal(prev->hpa, old);
	if (r->type == INVLPG)
		invlpg(&m, r->gla);
	else
		invpcid(&m, r->type, r->pcid, r->gla);
	assert_int_equal(m.result.outcome, TDP_OUTCOME_DONE);
	assert_int_equal(m.result.exits, 1);
	assert_int_equal(tdp_vcpu_run(m.vcpu, &m.result, &m.err), TDP_OK);
	assert_int_equal(tdp_vm_check(m.vm, &m.err), TDP_OK);
	assert_int_equal(prev->hpa == old, r->expected != ROOT_GONE);
	if (r->expected != ROOT_GONE) {
		assert_int_equal(is_mapped(&m, old, ADDR), r->expected == KEPT);
		assert_true(is_mapped(&m, old, ADDR + 0x1000));
	}
	machine_end(&m);
}

/* The current root -------------------------------------------------------------- */

static const struct now_row {
	const char *name;
	const char *profile;
	uint64_t type;
	bool all; /* the other entry goes, too */
	bool unloads;
} now_rows[] = {
	{ "invlpg", "v6.12", INVLPG, false, false },
	{ "address", "v6.12", TDP_INVPCID_ADDRESS, false, false },
	{ "context", "v6.12", TDP_INVPCID_CONTEXT, true, false },
	{ "all_global", "v6.12", TDP_INVPCID_ALL_GLOBAL, true, false },
	{ "all", "v6.12", TDP_INVPCID_ALL, true, false },
	{ "all/v5.12", "v5.12", TDP_INVPCID_ALL, true, true },
	{ "all/v5.15", "v5.15", TDP_INVPCID_ALL, true, false },
};

static void current_root(void **state)
{
	const struct now_row *r = *state;
	struct machine m;
	uint64_t root;

	start(&m, r->profile, false, false);
	access(&m, TDP_READ, ADDR);
	access(&m, TDP_READ, ADDR + 0x1000);
	access(&m, TDP_WRITE, PT1);
	access(&m, TDP_WRITE, PT1 + 8);
	root = m.vcpu->mmu->root.hpa;
	assert_true(is_mapped(&m, root, ADDR));
	if (r->type == INVLPG)
		invlpg(&m, ADDR);
	else
		invpcid(&m, r->type, 0, ADDR);
	assert_int_equal(m.vcpu->mmu->root.hpa == INVALID_PAGE, r->unloads);
	assert_int_equal(tdp_vcpu_run(m.vcpu, &m.result, &m.err), TDP_OK);
	root = m.vcpu->mmu->root.hpa;
	assert_false(is_mapped(&m, root, ADDR));
	assert_int_equal(is_mapped(&m, root, ADDR + 0x1000), !r->all);
	assert_int_equal(tdp_vm_check(m.vm, &m.err), TDP_OK);
	machine_end(&m);
}

/* Operands ------------------------------------------------------------------------ */

static const struct operand_row {
	const char *name;
	uint64_t type, pcid, gla;
	bool pcide;
	bool refused;
} operand_rows[] = {
	{ "type_4", 4, 0, 0, true, true },
	{ "address", TDP_INVPCID_ADDRESS, 1, ADDR, true, false },
	{ "address_not_canonical", 0, 1, BIT(50), true, true },
	{ "pcid_without_pcide", TDP_INVPCID_ADDRESS, 1, 0, false, true },
	{ "context_without_pcide", TDP_INVPCID_CONTEXT, 1, 0, false, true },
	{ "pcid_0_without_pcide", TDP_INVPCID_CONTEXT, 0, 0, false, false },
	{ "reserved", TDP_INVPCID_CONTEXT, BIT(12), 0, true, true },
	{ "reserved_of_all", TDP_INVPCID_ALL, BIT(63), 0, true, true },
	{ "all_takes_any_pcid", TDP_INVPCID_ALL, 5, BIT(50), false, false },
};

static void operands_of(const struct operand_row *r, bool tdp)
{
	struct machine m;

	start(&m, "v6.12", tdp, r->pcide);
	invpcid(&m, r->type, r->pcid, r->gla);
	assert_int_equal(m.result.outcome, r->refused ?
						   TDP_OUTCOME_GUEST_FAULT :
						   TDP_OUTCOME_DONE);
	assert_int_equal(m.result.reason,
			 r->refused ? TDP_WHY_BAD_OPERAND : TDP_WHY_NONE);
	assert_int_equal(m.result.exits, !tdp);
	machine_end(&m);
}

static void operands(void **state)
{
	operands_of(*state, false);
	operands_of(*state, true);
}

/* With TDP nothing of KVM's changes, and nothing exits. */
static void tdp_keeps_all(void **state)
{
	struct machine m;
	uint64_t flushes, root;

	(void)state;
	start(&m, "v6.12", true, true);
	access(&m, TDP_READ, ADDR);
	flushes = m.vm->stats.tlb_flushes;
	root = m.vcpu->mmu->root.hpa;
	invlpg(&m, ADDR);
	assert_int_equal(m.result.exits, 0);
	for (uint64_t type = 0; type <= TDP_INVPCID_ALL; type++) {
		invpcid(&m, type, 1, ADDR);
		assert_int_equal(m.result.outcome, TDP_OUTCOME_DONE);
		assert_int_equal(m.result.exits, 0);
	}
	access(&m, TDP_READ, ADDR);
	assert_int_equal(m.result.exits, 0);
	assert_int_equal(m.vm->stats.tlb_flushes, flushes);
	assert_int_equal(m.vcpu->mmu->root.hpa, root);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, previous_root),
		ROWS(now_rows, current_root),
		ROWS(operand_rows, operands),
		CASE(tdp_keeps_all),
	};

	return RUN("ops/invalidate", suites);
}
