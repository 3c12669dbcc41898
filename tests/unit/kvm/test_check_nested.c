/* SPDX-License-Identifier: MIT */
/* tdp_vm_check() finds what is wrong with the roots of guest_mmu. */
#include <string.h>

#include "kvm/kvm.h"
#include "support/machine.h"

#define EPT12  UINT64_C(0x140000)
#define OTHER  UINT64_C(0x150000)
#define EPTP   (EPT12 | 0x5e) /* WB, four levels, A/D flags */
#define NO_AD  (EPT12 | 0x1e)
#define CR4_L1 UINT64_C(0x2020) /* PAE, VMXE */

static void enter(struct machine *m, uint64_t root)
{
	struct tdp_nested_state state = { .tdp = true, .tdp_root = root };

	tdp_vcpu_get_sregs(m->vcpu, &state.l2);
	state.l1 = state.l2;
	assert_int_equal(
		tdp_vcpu_nested_enter(m->vcpu, &state, &m->result, &m->err),
		TDP_OK);
	assert_int_equal(m->result.outcome, TDP_OUTCOME_DONE);
	assert_int_equal(tdp_vcpu_run(m->vcpu, &m->result, &m->err), TDP_OK);
	assert_int_equal(tdp_vm_check(m->vm, &m->err), TDP_OK);
}

/* L2 runs on @root; a root for @before is kept. */
static void start(struct machine *m, enum tdp_vendor vendor, uint64_t before,
		  uint64_t root)
{
	struct tdp_sregs sregs;

	machine_init(m, vendor, "v6.18");
	machine_start(m);
	machine_vcpu(m, 46);
	machine_slot(m, 0, 0, 0, 4 * MIB, TDP_BACKING_ANONYMOUS);
	machine_long_mode(m, 0x100000);
	tdp_vcpu_get_sregs(m->vcpu, &sregs);
	if (vendor == TDP_INTEL)
		sregs.cr4 = CR4_L1;
	else
		sregs.efer |= 0x1000; /* SVME */
	assert_int_equal(tdp_vcpu_set_sregs(m->vcpu, &sregs, &m->result),
			 TDP_OK);
	enter(m, before);
	assert_int_equal(tdp_vcpu_nested_exit(m->vcpu, &m->result, &m->err),
			 TDP_OK);
	enter(m, root);
}

static struct mmu_page *page_of(struct machine *m, const struct root_ref *ref)
{
	return page_at(m->vm, ref->hpa);
}

static struct mmu *mmu(struct machine *m)
{
	return &m->vcpu->guest_mmu;
}

/* What the pages say stays consistent: only the rule about them is broken. */
static void set_level(struct machine *m)
{
	mmu(m)->prev[0].pgd |= 0x20;
	mmu(m)->prev[0].pgd &= ~UINT64_C(0x18);
}

static void set_ad(struct machine *m)
{
	mmu(m)->prev[0].pgd ^= 0x40;
}

static void set_address(struct machine *m)
{
	mmu(m)->prev[0].pgd += 0x1000;
}

static void other_table(struct machine *m)
{
	mmu(m)->guest_pgd += 0x1000;
}

static void stale_root(struct machine *m)
{
	struct root_ref root = mmu(m)->root;

	mmu(m)->root = mmu(m)->prev[0];
	mmu(m)->prev[0] = root;
}

static void kept_twice(struct machine *m)
{
	mmu(m)->prev[1] = mmu(m)->root;
	page_of(m, &mmu(m)->root)->root_count++;
}

static void walker_keeps(struct machine *m)
{
	m->vcpu->nested_mmu.prev[2].hpa = mmu(m)->root.hpa;
}

static void other_handler(struct machine *m)
{
	mmu(m)->handler = m->host.vendor == TDP_INTEL ? HANDLER_PAGING64 :
							HANDLER_EPT;
}

static void tdp_root(struct machine *m)
{
	m->vcpu->guest_mmu.prev[1] = m->vcpu->root_mmu.root;
	m->vcpu->root_mmu.root.hpa = INVALID_PAGE;
}

static void deeper_host(struct machine *m)
{
	m->vm->forced_tdp_level = 5;
}

static void older_kernel(struct machine *m)
{
	m->vm->kvm.value[B_ROLE_SHADOW_NPT]--;
}

/* What is wrong with a root that is also a page is wrong with the page first. */
static const struct row {
	const char *name;
	enum tdp_vendor vendor;
	uint64_t before, root;
	void (*spoil)(struct machine *m);
	const char *rule;
} rows[] = {
	{ "ept_level", TDP_INTEL, OTHER | 0x5e, EPTP, set_level,
	  "not the walk length of EPTP12" },
	{ "ept_ad", TDP_INTEL, NO_AD, EPTP, set_ad,
	  "its A/D flags are not those of EPTP12" },
	{ "ept_table", TDP_INTEL, OTHER | 0x5e, EPTP, set_address,
	  "it mirrors another table" },
	{ "ept_pgd", TDP_INTEL, OTHER | 0x5e, EPTP, other_table,
	  "L1 named another table" },
	{ "ept_stale", TDP_INTEL, NO_AD, NO_AD ^ 0x1000, stale_root,
	  "another table is loaded" },
	{ "ept_twice", TDP_INTEL, OTHER | 0x5e, EPTP, kept_twice,
	  "it is kept twice" },
	{ "ept_walker", TDP_INTEL, OTHER | 0x5e, EPTP, walker_keeps,
	  "nested_mmu keeps a root" },
	{ "ept_handler", TDP_INTEL, OTHER | 0x5e, EPTP, other_handler,
	  "the other vendor's handler" },
	{ "ept_direct", TDP_INTEL, OTHER | 0x5e, EPTP, tdp_root,
	  "it mirrors no table" },
	{ "npt_table", TDP_AMD, OTHER, EPT12, set_address,
	  "it mirrors another table" },
	{ "npt_handler", TDP_AMD, OTHER, EPT12, other_handler,
	  "the other vendor's handler" },
	{ "npt_level", TDP_AMD, OTHER, EPT12, deeper_host,
	  "not that of nested paging" },
	{ "npt_mark", TDP_AMD, OTHER, EPT12, older_kernel,
	  "guest_mode is not as this kernel has it" },
};

static void is_found(void **state)
{
	const struct row *r = *state;
	struct tdp_error err = { 0 };
	struct machine m;

	start(&m, r->vendor, r->before, r->root);
	r->spoil(&m);
	assert_int_equal(tdp_vm_check(m.vm, &err), TDP_EINVAL);
	if (!strstr(err.message, r->rule))
		fail_msg("%s", err.message);
	tdp_vm_destroy(m.vm);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, is_found),
	};

	return RUN("kvm_check_nested", suites);
}
