/* SPDX-License-Identifier: MIT */
/* tdp_vm_check() holds SPTEs against the guest's own tables. */
#include <string.h>

#include "arch/pte_bits.h"
#include "kvm/lookup.h"
#include "kvm/shadow.h"
#include "kvm/shadow_page.h"
#include "support/machine.h"

#define PML4 UINT64_C(0x100000)
#define PDPT UINT64_C(0x101000)
#define PD   UINT64_C(0x102000)
#define PT1  UINT64_C(0x104000) /* maps 2M..4M */
#define PT2  UINT64_C(0x108000)

static void start(struct machine *m, const char *profile)
{
	machine_init(m, TDP_AMD, profile);
	m->host.memory = 512 * MIB;
	m->host.table_memory = 32 * MIB;
	machine_set(m, "tdp", "off");
	machine_start(m);
	machine_slot(m, 0, 0, 0, 16 * MIB, TDP_BACKING_ANONYMOUS);
	machine_vcpu(m, 40);
	machine_poke(m, PML4, PDPT | 7);
	machine_poke(m, PDPT, PD | 7);
	machine_poke(m, PD + 8, PT1 | 7);
	machine_poke(m, PT1, 0x300067);
	machine_poke(m, PT1 + 64 * 8, 0x340067);
	machine_poke(m, PT2, 0x600067);
	machine_poke(m, PT2 + 64 * 8, 0x640067);
	machine_long_mode(m, PML4);
}

/* machine_access() would not let a broken rule pass. */
static void read_at(struct machine *m, uint64_t addr)
{
	const struct tdp_access access = { .gva = TDP_GVA(addr) };

	assert_int_equal(tdp_vcpu_access(m->vcpu, &access, &m->result, &m->err),
			 TDP_OK);
	assert_int_equal(m->result.outcome, TDP_OUTCOME_DONE);
}

static void assert_holds(struct machine *m)
{
	if (tdp_vm_check(m->vm, &m->err))
		fail_msg("%s", m->err.message);
}

static void assert_broken(struct machine *m, const char *rule)
{
	assert_int_equal(tdp_vm_check(m->vm, &m->err), TDP_EINVAL);
	if (!strstr(m->err.message, rule))
		fail_msg("expected \"%s\", got \"%s\"", rule, m->err.message);
}

/* A guest entry that changed behind KVM's back ------------------------------ */

static const struct child_row {
	const char *name;
	const char *profile;
	uint64_t pde;     /* in place of PT1 | 7 */
	const char *rule; /* NULL: all holds */
} child_rows[] = {
	{ "frame/v5.10", "v5.10", PT2 | 7, "of another frame" },
	{ "frame/v6.1", "v6.1", PT2 | 7, "of another frame" },
	{ "frame/v6.12", "v6.12", PT2 | 7, "of another frame" },
	{ "frame/v7.0", "v7.0", PT2 | 7, "of another frame" },
	{ "frame/v7.1", "v7.1", PT2 | 7, NULL },
	{ "frame/v7.2", "v7.2", PT2 | 7, NULL },
	{ "rights/v6.12", "v6.12", PT1 | 5, "the table below permits" },
	{ "rights/v7.0", "v7.0", PT1 | 5, "the table below permits" },
	{ "rights/v7.1", "v7.1", PT1 | 5, NULL },
	{ "large/v6.12", "v6.12", 0x6000e7, "for a large page" },
	{ "large/v7.0", "v7.0", 0x6000e7, "for a large page" },
	{ "large/v7.1", "v7.1", 0x6000e7, NULL },
	{ "same/v7.0", "v7.0", PT1 | 7, NULL },
};

/*
 * Until KVM reads the entry again nothing is due; what it makes of it then has
 * to be what the guest says.
 */
static void changed_pde(void **state)
{
	const struct child_row *r = *state;
	struct machine m;

	start(&m, r->profile);
	read_at(&m, 0x200000);
	machine_poke(&m, PD + 8, r->pde);
	assert_holds(&m);
	read_at(&m, 0x240000);
	if (r->rule)
		assert_broken(&m, r->rule);
	else
		assert_holds(&m);
	machine_end(&m);
}

/* Wrong SPTEs ------------------------------------------------------------------ */

static const struct wrong_row {
	const char *name;
	uint64_t gpte; /* of 0x200000 */
	uint64_t flip; /* in its SPTE; for W also what goes with it */
	const char *rule;
} wrong_rows[] = {
	{ "write", 0x300025, PTE_RW, "permits what" },
	{ "write_clean", 0x300027, PTE_RW, "permits what" },
	{ "user", 0x300023, PTE_US, "permits what" },
	{ "execute", UINT64_C(0x8000000000300027), PTE_XD, "permits what" },
	{ "less", 0x300067, PTE_US, NULL },
};

static void wrong_spte(void **state)
{
	const struct wrong_row *r = *state;
	const struct lookup_step *last;
	struct lookup path;
	struct machine m;
	uint64_t flip;

	start(&m, "v6.12");
	machine_poke(&m, PT1, r->gpte);
	read_at(&m, 0x200000);
	assert_holds(&m);
	lookup_sptes(m.vm, m.vcpu->mmu, 0x200000, &path);
	last = &path.step[path.nr - 1];
	flip = r->flip;
	if (flip & PTE_RW)
		flip |= m.vm->fmt.mmu_writable;
	physmem_write64(&m.vm->pm, last->hpa, last->spte ^ flip);
	if (r->rule)
		assert_broken(&m, r->rule);
	else
		assert_holds(&m);
	machine_end(&m);
}

/* Staleness ---------------------------------------------------------------------- */

/* Written behind KVM's back, and not told: without that it would be found. */
static void change_without_notice(void **state)
{
	struct machine m;

	(void)state;
	start(&m, "v6.12");
	read_at(&m, 0x200000);
	machine_poke(&m, PT1, 0x340067);
	assert_holds(&m);
	page_entry_read(m.vm, shadow_first_on(m.vm, PT1 >> 12), 0);
	assert_broken(&m, "another frame");
	machine_poke(&m, PT1, 0);
	page_entry_read(m.vm, shadow_first_on(m.vm, PT1 >> 12), 0);
	assert_broken(&m, "absent");
	machine_end(&m);
}

/* An unsync table may be newer than its page, until the guest flushes. */
static void unsync_table(void **state)
{
	const struct tdp_access clear = {
		.gva = TDP_GVA(0x201000),
		.kind = TDP_WRITE,
		.size = 8,
	};
	struct machine m;

	(void)state;
	start(&m, "v6.12");
	machine_poke(&m, PT1 + 8, PT1 | 0x67);
	read_at(&m, 0x200000);
	assert_int_equal(tdp_vcpu_access(m.vcpu, &clear, &m.result, &m.err),
			 TDP_OK);
	assert_int_equal(m.result.outcome, TDP_OUTCOME_DONE);
	assert_true(
		shadow_page(m.vm, shadow_first_on(m.vm, PT1 >> 12))->unsync);
	assert_holds(&m);
	shadow_flush_guest(m.vcpu);
	assert_holds(&m);
	assert_int_equal(machine_access(&m, TDP_READ, 0x200000),
			 TDP_OUTCOME_GUEST_FAULT);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(child_rows, changed_pde),
		ROWS(wrong_rows, wrong_spte),
		CASE(change_without_notice),
		CASE(unsync_table),
	};

	return RUN("shadow_guest", suites);
}
