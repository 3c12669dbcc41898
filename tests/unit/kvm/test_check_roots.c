/* SPDX-License-Identifier: MIT */
/* tdp_vm_check() finds what is wrong with a loaded root. */
#include <string.h>

#include "kvm/kvm.h"
#include "support/machine.h"

#define NCR3 0x140000

/* An L1 with PAE paging under five levels: pml5, pml4 and pae_root. */
static void start(struct machine *m)
{
	const struct tdp_sregs l1 = {
		.cr0 = 0x80010031,
		.cr3 = 0x120000,
		.cr4 = 0x20,
		.efer = 0x1800,
	};
	struct tdp_nested_state state = { .tdp = true, .tdp_root = NCR3 };

	machine_init(m, TDP_AMD, "v6.18");
	m->host.la57 = true;
	machine_start(m);
	machine_vcpu(m, 46);
	machine_slot(m, 0, 0, 0, 4 * MIB, TDP_BACKING_ANONYMOUS);
	machine_poke(m, 0x120000, 0x121001);
	machine_poke(m, NCR3, 0x141001);
	machine_poke(m, NCR3 + 8, 0x142001);
	assert_int_equal(tdp_vcpu_set_sregs(m->vcpu, &l1, &m->result), TDP_OK);
	state.l2 = l1;
	state.l2.cr0 = 0x31;
	assert_int_equal(
		tdp_vcpu_nested_enter(m->vcpu, &state, &m->result, &m->err),
		TDP_OK);
	assert_int_equal(tdp_vcpu_run(m->vcpu, &m->result, &m->err), TDP_OK);
	assert_int_equal(m->vcpu->mmu->root.hpa, m->vcpu->mmu->pml5_root);
	assert_int_equal(tdp_vm_check(m->vm, &m->err), TDP_OK);
}

static void put(struct machine *m, uint64_t table, unsigned int i,
		uint64_t value)
{
	physmem_write64(&m->vm->pm, table + 8 * i, value);
}

static void no_link(struct machine *m)
{
	put(m, m->vcpu->guest_mmu.pml5_root, 0, 0);
}

static void link_to_itself(struct machine *m)
{
	put(m, m->vcpu->guest_mmu.pml4_root, 0,
	    m->vcpu->guest_mmu.pml4_root | 0x27);
}

static void second_entry(struct machine *m)
{
	put(m, m->vcpu->guest_mmu.pml4_root, 511, 0x1000);
}

static void fifth_pdpte(struct machine *m)
{
	put(m, m->vcpu->guest_mmu.pae_root, 4, 0x1000);
}

static void absent_pdpte(struct machine *m)
{
	put(m, m->vcpu->guest_mmu.pae_root, 3, 0x1000);
}

static void pdpte_to_a_root(struct machine *m)
{
	put(m, m->vcpu->guest_mmu.pae_root, 3,
	    m->vcpu->guest_mmu.pml4_root | 0x27);
}

static void other_role(struct machine *m)
{
	m->vcpu->guest_mmu.root_role.efer_nx ^= true;
}

static void shallow_root(struct machine *m)
{
	m->vcpu->guest_mmu.root_role.level = 4;
}

static void kept_special(struct machine *m)
{
	m->vcpu->guest_mmu.prev[0].hpa = m->vcpu->guest_mmu.pml5_root;
}

static void wrong_mmu(struct machine *m)
{
	m->vcpu->nested_tdp = false;
}

static void left_behind(struct machine *m)
{
	m->vcpu->guest_mode = false;
}

static void rooted_walk(struct machine *m)
{
	m->vcpu->nested_mmu.root.hpa = 0;
}

static const struct row {
	const char *name;
	void (*spoil)(struct machine *m);
	const char *rule;
} rows[] = {
	{ "no_link", no_link, "a special root leads elsewhere" },
	{ "link_to_itself", link_to_itself, "a special root leads elsewhere" },
	{ "second_entry", second_entry, "a special root has a second entry" },
	{ "fifth_pdpte", fifth_pdpte, "pae_root has a fifth entry" },
	{ "absent_pdpte", absent_pdpte, "an absent PDPTE is not zero" },
	{ "pdpte_to_a_root", pdpte_to_a_root, "leads to no shadow page" },
	{ "other_role", other_role, "leads to a page of another role" },
	{ "shallow_root", shallow_root, "pml5_root is not for this level" },
	{ "kept_special", kept_special, "a special root was kept for later" },
	{ "wrong_mmu", wrong_mmu, "the wrong MMU is loaded" },
	{ "left_behind", left_behind, "guest_mmu is loaded outside L2" },
	{ "rooted_walk", rooted_walk, "nested_mmu has a root" },
};

static void is_found(void **state)
{
	const struct row *r = *state;
	struct tdp_error err = { 0 };
	struct machine m;

	start(&m);
	r->spoil(&m);
	assert_int_equal(tdp_vm_check(m.vm, &err), TDP_EINVAL);
	if (!strstr(err.message, r->rule))
		fail_msg("%s", err.message);
	tdp_vm_destroy(m.vm);
}

/* The root page itself. */
static void role_of_the_page_is_compared(void **state)
{
	struct tdp_error err = { 0 };
	struct machine m;

	(void)state;
	machine_init(&m, TDP_AMD, "v6.18");
	machine_start(&m);
	machine_vcpu(&m, 46);
	machine_slot(&m, 0, 0, 0, 4 * MIB, TDP_BACKING_ANONYMOUS);
	machine_long_mode(&m, 0x100000);
	assert_int_equal(tdp_vcpu_run(m.vcpu, &m.result, &m.err), TDP_OK);
	m.vcpu->root_mmu.root_word ^= 1u << 17;
	assert_int_equal(tdp_vm_check(m.vm, &err), TDP_EINVAL);
	assert_non_null(strstr(err.message, "another role than the MMU wants"));
	tdp_vm_destroy(m.vm);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, is_found),
		CASE(role_of_the_page_is_compared),
	};

	return RUN("kvm_check_roots", suites);
}
