/* SPDX-License-Identifier: MIT */
/* SMI, RSM, and userspace's switch between the modes. */
#include <errno.h>

#include "base/bits.h"
#include "l2.h"

static void plain(struct machine *m)
{
	machine_start(m);
	machine_vcpu(m, 46);
	machine_slot(m, 0, 0, 0, 4 * MIB, TDP_BACKING_ANONYMOUS);
	machine_slot(m, 1, 1, 0, 4 * MIB, TDP_BACKING_ANONYMOUS);
	machine_long_mode(m, 0x100000);
}

/* As recorded for 6.12 on AMD, 64-bit guest: case B.smm. */
/* clang-format off */
static const struct {
	uint64_t cpu_role;
	uint32_t npt1, npt0;	/* root_role with and without NPT */
} entry_inits[] = {
	{ 0x8101003704, 0x1003784, 0x1003704 },
	{ 0x101000780, 0x1003784, 0x1001783 },
}, leave_inits[] = {
	{ 0x100000780, 0x3784, 0x1783 },
	{ 0x100000780, 0x3784, 0x1783 },
	{ 0x100000780, 0x3784, 0x1783 },
	{ 0x8100003704, 0x3784, 0x3704 },
};
/* clang-format on */

/* clang-format off */
static const struct npt_row {
	const char *name;
	const char *tdp;
} npt_rows[] = {
	{ "npt1", "on" }, { "npt0", "off" },
};
/* clang-format on */

static void roles_on_the_way_as_recorded(void **state)
{
	const struct npt_row *r = *state;
	bool npt = !strcmp(r->tdp, "on");
	static struct events events;
	const struct tdp_event *e;
	struct machine m;
	unsigned int i;

	machine_init(&m, TDP_AMD, "v6.12");
	machine_set(&m, "tdp", r->tdp);
	plain(&m);
	events_watch(&events, &m);
	assert_int_equal(l2_smi(&m), TDP_OUTCOME_DONE);
	assert_int_equal(events_count(&events, TDP_EV_mmu_init), 2);
	for (i = 0; i < 2; i++) {
		e = events_nth(&events, TDP_EV_mmu_init, i);
		assert_int_equal(e->field[1], entry_inits[i].cpu_role);
		assert_int_equal(e->field[2], npt ? entry_inits[i].npt1 :
						    entry_inits[i].npt0);
	}
	l2_run(&m);
	events_watch(&events, &m);
	assert_int_equal(l2_rsm(&m), TDP_OUTCOME_DONE);
	assert_int_equal(events_count(&events, TDP_EV_mmu_init), 4);
	for (i = 0; i < 4; i++) {
		e = events_nth(&events, TDP_EV_mmu_init, i);
		assert_int_equal(e->field[1], leave_inits[i].cpu_role);
		assert_int_equal(e->field[2], npt ? leave_inits[i].npt1 :
						    leave_inits[i].npt0);
	}
	assert_int_equal(events_count(&events, TDP_EV_kvm_smm_transition), 1);
	machine_end(&m);
}

static void registers_come_back(void **state)
{
	struct tdp_sregs sregs = l2_sregs(TDP_INTEL), after;
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	l2_start(&m);
	/* With a PCID, which RSM loads last. */
	sregs.cr4 |= 0x120000;
	sregs.cr3 |= 0x7;
	l2_set_sregs(&m, &sregs);
	l2_smi(&m);
	tdp_vcpu_get_sregs(m.vcpu, &after);
	assert_int_equal(after.cr0, 0x10030);
	assert_int_equal(after.cr4, 0);
	assert_int_equal(after.efer, 0);
	assert_int_equal(l2_rsm(&m), TDP_OUTCOME_DONE);
	tdp_vcpu_get_sregs(m.vcpu, &after);
	assert_int_equal(after.cr0, sregs.cr0);
	assert_int_equal(after.cr3, sregs.cr3);
	assert_int_equal(after.cr4, sregs.cr4);
	assert_int_equal(after.efer, sregs.efer);
	machine_end(&m);
}

static void each_mode_has_its_root(void **state)
{
	uint32_t words[16];
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	plain(&m);
	machine_prefault(&m, 0x200000, 0x1000);
	assert_int_equal(m.result.root_role, 0x3784);
	l2_smi(&m);
	machine_prefault(&m, 0x200000, 0x1000);
	assert_int_equal(m.result.root_role, 0x1003784);
	assert_int_equal(m.result.root_as_id, 1);
	l2_rsm(&m);
	l2_run(&m);
	assert_int_equal(l2_seen(&m).root_id, 1);
	assert_int_equal(machine_roots(&m, words), 2);
	machine_end(&m);
}

static void rsm_outside_smm_is_undefined(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	plain(&m);
	assert_int_equal(l2_rsm(&m), TDP_OUTCOME_GUEST_FAULT);
	assert_int_equal(m.result.vector, 6);
	assert_int_equal(m.result.reason, TDP_WHY_NOT_IN_SMM);
	machine_end(&m);
}

static void smm_ignores_a_second_smi(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	plain(&m);
	l2_smi(&m);
	assert_int_equal(l2_smi(&m), TDP_OUTCOME_REFUSED);
	assert_int_equal(m.result.reason, TDP_WHY_IN_SMM);
	machine_end(&m);
}

/* KVM_SET_VCPU_EVENTS on a migration target: SMRAM is guest memory. */
static void without_an_smi_rsm_loads_what_is_there(void **state)
{
	static const struct {
		uint64_t gpa, value;
	} smram[] = {
		{ 0x3ff58, 0x80010031 }, { 0x3ff50, 0x100000 },
		{ 0x3ff48, 0x20 },       { 0x3fed0, 0xd00 },
		{ 0x3ff00, 0x200004 },
	};
	struct tdp_sregs sregs;
	uint64_t value;
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	plain(&m);
	assert_int_equal(tdp_vcpu_set_smm(m.vcpu, true, &m.result, &m.err),
			 TDP_OK);
	assert_true(l2_seen(&m).smm);
	for (size_t i = 0; i < ARRAY_SIZE(smram); i++)
		assert_int_equal(tdp_vm_write(m.vm, 1, TDP_GPA(smram[i].gpa),
					      smram[i].value, 8, &m.err),
				 TDP_OK);
	assert_int_equal(l2_rsm(&m), TDP_OUTCOME_DONE);
	tdp_vcpu_get_sregs(m.vcpu, &sregs);
	assert_int_equal(sregs.cr0, 0x80010031);
	assert_int_equal(sregs.cr3, 0x100000);
	assert_int_equal(sregs.efer, 0xd00);
	/* An SMBASE that makes words cross a page: bytes are written. */
	assert_int_equal(l2_smi(&m), TDP_OUTCOME_DONE);
	assert_int_equal(
		tdp_vm_read(m.vm, 1, TDP_GPA(0x20ff54), &value, 8, &m.err),
		TDP_OK);
	assert_int_equal(value, 0x100000);
	machine_end(&m);
}

/* Behaviour smm.enter */
static void a_vm_that_was_given_up_is_eio(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	machine_start(&m);
	machine_vcpu(&m, 46);
	machine_slot(&m, 0, 0, 0, 4 * MIB, TDP_BACKING_ANONYMOUS);
	assert_int_equal(l2_smi(&m), TDP_OUTCOME_FAILED);
	assert_int_equal(m.result.ret, -EIO);
	assert_int_equal(m.result.reason, TDP_WHY_SMRAM);
	assert_int_equal(machine_prefault(&m, 0, 0x1000), -EIO);
	assert_int_equal(l2_run(&m), TDP_OUTCOME_FAILED);
	assert_int_equal(m.result.reason, TDP_WHY_VM_DEAD);
	machine_end(&m);
}

static void vmx_is_off_in_smm(void **state)
{
	struct tdp_nested_state l2 = l2_state(TDP_AMD);
	struct machine m;

	(void)state;
	machine_init(&m, TDP_AMD, "v6.12");
	l2_start(&m);
	l2_smi(&m);
	assert_int_equal(l2_enter(&m, &l2), TDP_OUTCOME_GUEST_FAULT);
	assert_int_equal(m.result.vector, 6);
	assert_int_equal(m.result.reason, TDP_WHY_IN_SMM);
	machine_end(&m);
}

/* L2 is interrupted ------------------------------------------------------------ */

/* clang-format off */
static const struct l2_row {
	const char *name;
	const char *profile;
	enum tdp_vendor vendor;
	uint64_t root;		/* EPTP12 or nCR3 */
	bool pending;		/* the request, after RSM */
	uint32_t role;		/* after RSM */
} l2_rows[] = {
	{ "vmx_6.12", "v6.12", TDP_INTEL, 0, true, 0x23784 },
	{ "vmx_ept12", "v6.12", TDP_INTEL, EPTP12, true, 0x20704 },
	{ "vmx_5.10", "v5.10", TDP_INTEL, 0, true, 0x23794 },
	{ "svm_5.14_does_not_ask", "v5.14", TDP_AMD, 0, false, 0x23794 },
	{ "svm_5.15", "v5.15", TDP_AMD, 0, true, 0x23794 },
	{ "svm_6.12", "v6.12", TDP_AMD, 0, true, 0x23784 },
	{ "svm_npt12", "v6.12", TDP_AMD, NCR3, true, 0x1704 },
	/* vmcb01 still holds what SMM left: 32-bit, without NX. */
	{ "svm_npt12_5.14", "v5.14", TDP_AMD, NCR3, false, 0x704 },
};
/* clang-format on */

static void smi_in_l2_and_back(void **state)
{
	const struct l2_row *r = *state;
	struct tdp_nested_state l2 = l2_state(r->vendor);
	struct tdp_sregs sregs;
	struct machine m;

	machine_init(&m, r->vendor, r->profile);
	l2_start(&m);
	l2.tdp = r->root;
	l2.tdp_root = r->root;
	l2.l2.cr3 = 0x180000;
	l2_use(&l2, TDP_NESTED_MSR_BITMAP);
	l2_enter(&m, &l2);
	assert_int_equal(l2_smi(&m), TDP_OUTCOME_DONE);
	assert_true(l2_seen(&m).smm);
	assert_false(l2_seen(&m).guest_mode);
	assert_int_equal(l2_rsm(&m), TDP_OUTCOME_DONE);
	assert_false(l2_seen(&m).smm);
	assert_true(l2_seen(&m).guest_mode);
	assert_int_equal(l2_seen(&m).nested_pages_pending, r->pending);
	assert_int_equal(l2_seen(&m).root_role, r->role);
	tdp_vcpu_get_sregs(m.vcpu, &sregs);
	assert_int_equal(sregs.cr3, 0x180000);
	assert_int_equal(l2_exit(&m), TDP_OUTCOME_NESTED_EXIT);
	tdp_vcpu_get_sregs(m.vcpu, &sregs);
	assert_int_equal(sregs.cr3, 0x100000);
	assert_int_equal(sregs.cr0, 0x80010031);
	machine_end(&m);
}

/* The page that RSM into L2 finds missing, by when it looks. */
/* clang-format off */
static const struct late_row {
	const char *name;
	const char *pages;	/* nested.state_pages */
	const char *leave;	/* smm.leave */
	enum tdp_backing backing;
	enum tdp_outcome rsm;
	bool pending;
	enum tdp_outcome run;
} late_rows[] = {
	{ "request", "request_6.8", "request", TDP_BACKING_UNMAPPED,
	  TDP_OUTCOME_DONE, true, TDP_OUTCOME_INTERNAL_ERROR },
	{ "split", "request_6.8", "split", TDP_BACKING_UNMAPPED,
	  TDP_OUTCOME_SHUTDOWN, false, TDP_OUTCOME_DONE },
	{ "on_set", "on_set", "request", TDP_BACKING_UNMAPPED,
	  TDP_OUTCOME_SHUTDOWN, false, TDP_OUTCOME_DONE },
	{ "split_there", "request_6.8", "split", TDP_BACKING_ANONYMOUS,
	  TDP_OUTCOME_DONE, false, TDP_OUTCOME_DONE },
	{ "split_sleeps", "request_6.8", "split", TDP_BACKING_UFFD_MISSING,
	  TDP_OUTCOME_BLOCKED, false, TDP_OUTCOME_DONE },
};
/* clang-format on */

static void rsm_to_l2_and_a_page(void **state)
{
	const struct late_row *r = *state;
	struct tdp_nested_state l2 = l2_state(TDP_INTEL);
	struct machine m;

	machine_init(&m, TDP_INTEL, "v6.12");
	machine_set(&m, "nested.state_pages", r->pages);
	machine_set(&m, "smm.leave", r->leave);
	l2_start(&m);
	l2_use(&l2, TDP_NESTED_APIC_ACCESS);
	l2_enter(&m, &l2);
	l2_smi(&m);
	l2_back(&m, APIC_ACCESS, r->backing);
	assert_int_equal(l2_rsm(&m), r->rsm);
	if (r->rsm != TDP_OUTCOME_DONE)
		assert_int_equal(m.result.reason, TDP_WHY_APIC_ACCESS_PAGE);
	assert_int_equal(l2_seen(&m).smm, r->rsm == TDP_OUTCOME_BLOCKED);
	assert_int_equal(l2_seen(&m).guest_mode, r->rsm == TDP_OUTCOME_DONE);
	assert_int_equal(l2_seen(&m).nested_pages_pending, r->pending);
	assert_int_equal(l2_run(&m), r->run);
	machine_end(&m);
}

/*
 * request enters L2 with registers that the save area then only repeats; split
 * loads them one by one into L1, where each resets the MMU.
 */
static void how_often_rsm_to_l2_makes_the_mmu(void **state)
{
	static struct events events;
	unsigned int inits[2];
	struct machine m;

	(void)state;
	for (unsigned int split = 0; split < 2; split++) {
		struct tdp_nested_state l2 = l2_state(TDP_INTEL);

		machine_init(&m, TDP_INTEL, "v6.12");
		machine_set(&m, "smm.leave", split ? "split" : "request");
		l2_start(&m);
		l2_enter(&m, &l2);
		l2_smi(&m);
		events_watch(&events, &m);
		l2_rsm(&m);
		assert_true(l2_seen(&m).guest_mode);
		inits[split] = events_count(&events, TDP_EV_mmu_init);
		machine_end(&m);
	}
	/* request: flag, entry.  split: flag, EFER, CR4, CR0, entry. */
	assert_int_equal(inits[0], 2);
	assert_int_equal(inits[1], 5);
}

/* PAE paging: loading CR3 reads the PDPTEs; what a failure means. */
/* clang-format off */
static const struct fail_row {
	const char *name;
	const char *profile;
	enum tdp_outcome rsm;
} fail_rows[] = {
	{ "v6.12", "v6.12", TDP_OUTCOME_SHUTDOWN },
	{ "v5.17", "v5.17", TDP_OUTCOME_NESTED_EXIT },
	{ "v5.12", "v5.12", TDP_OUTCOME_INTERNAL_ERROR },
};
/* clang-format on */

static void rsm_reads_l2s_pdptes(void **state)
{
	const struct fail_row *r = *state;
	struct tdp_nested_state l2 = l2_state(TDP_INTEL);
	struct machine m;

	machine_init(&m, TDP_INTEL, r->profile);
	l2_start(&m);
	l2.l2 = l2_pae_sregs(TDP_INTEL);
	assert_int_equal(l2_enter(&m, &l2), TDP_OUTCOME_DONE);
	l2_smi(&m);
	l2_back(&m, 0x10000, TDP_BACKING_UNMAPPED);
	assert_int_equal(l2_rsm(&m), r->rsm);
	assert_int_equal(m.result.reason, TDP_WHY_PDPTRS);
	assert_false(l2_seen(&m).guest_mode);
	assert_false(l2_seen(&m).smm);
	machine_end(&m);
}

static void smi_waits_for_an_entry_that_was_begun(void **state)
{
	struct tdp_nested_state l2 = l2_state(TDP_INTEL);
	uint32_t words[16];
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	l2_start(&m);
	l2_enter(&m, &l2);
	l2_smi(&m);
	/* L2 was entered before the SMI: its root exists. */
	assert_int_equal(machine_roots(&m, words), 2);
	assert_int_equal(words[1], 0x23784);
	machine_end(&m);
}

/* From 5.17 on RSM begins an entry as VMLAUNCH does. */
/* clang-format off */
static const struct again_row {
	const char *name;
	const char *profile;
	unsigned int loads;	/* of L2's root, before the second SMI */
} again_rows[] = {
	{ "v5.15", "v5.15", 0 },
	{ "v5.17", "v5.17", 1 },
	{ "v6.12", "v6.12", 1 },
};
/* clang-format on */

static void smi_right_after_rsm_to_l2(void **state)
{
	const struct again_row *r = *state;
	struct tdp_nested_state l2 = l2_state(TDP_INTEL);
	static struct events events;
	struct machine m;

	machine_init(&m, TDP_INTEL, r->profile);
	machine_set(&m, "tdp_mmu", "on");
	l2_start(&m);
	l2_enter(&m, &l2);
	l2_smi(&m);
	l2_rsm(&m);
	events_watch(&events, &m);
	assert_int_equal(l2_smi(&m), TDP_OUTCOME_DONE);
	assert_int_equal(events_count(&events, TDP_EV_root_load), r->loads);
	assert_true(l2_seen(&m).smm);
	machine_end(&m);
}

/* KVM_SET_VCPU_EVENTS in L2 ------------------------------------------------------ */

/* clang-format off */
static const struct flip_row {
	const char *name;
	const char *profile;
	enum tdp_vendor vendor;
	bool guest_mode;
	uint32_t role;
} flip_rows[] = {
	{ "v5.10_keeps_l2", "v5.10", TDP_INTEL, true, 0x1023794 },
	{ "v5.15_keeps_l2", "v5.15", TDP_AMD, true, 0x1023794 },
	{ "v5.17_leaves_l2", "v5.17", TDP_INTEL, false, 0x1003784 },
	{ "v6.12_leaves_l2", "v6.12", TDP_INTEL, false, 0x1003784 },
	{ "v6.12_svm_leaves_l2", "v6.12", TDP_AMD, false, 0x1003784 },
};
/* clang-format on */

static void flip_in_l2(void **state)
{
	const struct flip_row *r = *state;
	struct tdp_nested_state l2 = l2_state(r->vendor);
	struct tdp_sregs sregs;
	struct machine m;

	machine_init(&m, r->vendor, r->profile);
	l2_start(&m);
	l2.l2.cr3 = 0x180000;
	l2_enter(&m, &l2);
	assert_int_equal(tdp_vcpu_set_smm(m.vcpu, true, &m.result, &m.err),
			 TDP_OK);
	l2_well(&m);
	assert_int_equal(l2_seen(&m).guest_mode, r->guest_mode);
	assert_int_equal(l2_seen(&m).root_role, r->role);
	/* VMX loads L1 as an exit does; SVM leaves L2's registers in place. */
	tdp_vcpu_get_sregs(m.vcpu, &sregs);
	assert_int_equal(sregs.cr3, r->guest_mode || r->vendor == TDP_AMD ?
					    0x180000 :
					    0x100000);
	machine_end(&m);
}

static void flip_to_what_it_is_changes_nothing(void **state)
{
	struct tdp_nested_state l2 = l2_state(TDP_INTEL);
	static struct events events;
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	l2_start(&m);
	l2_enter(&m, &l2);
	events_watch(&events, &m);
	tdp_vcpu_set_smm(m.vcpu, false, &m.result, &m.err);
	assert_int_equal(events.nr, 0);
	assert_true(l2_seen(&m).guest_mode);
	machine_end(&m);
}

/* Up to 5.12 the flag is changed first and the MMU reset at the end. */
static void old_kernels_reset_last(void **state)
{
	static struct events events;
	const struct tdp_event *last;
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v5.12");
	plain(&m);
	events_watch(&events, &m);
	l2_smi(&m);
	assert_int_equal(events_count(&events, TDP_EV_mmu_init), 1);
	events_watch(&events, &m);
	l2_rsm(&m);
	/* EFER, CR4, CR0 with paging, then the reset. */
	assert_int_equal(events_count(&events, TDP_EV_mmu_init), 4);
	last = &events.event[events.nr - 1];
	assert_int_equal(last->id, TDP_EV_mmu_init);
	assert_int_equal(l2_seen(&m).root_role, 0x3794);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(npt_rows, roles_on_the_way_as_recorded),
		CASE(registers_come_back),
		CASE(each_mode_has_its_root),
		CASE(rsm_outside_smm_is_undefined),
		CASE(smm_ignores_a_second_smi),
		CASE(without_an_smi_rsm_loads_what_is_there),
		CASE(a_vm_that_was_given_up_is_eio),
		CASE(vmx_is_off_in_smm),
		ROWS(l2_rows, smi_in_l2_and_back),
		ROWS(late_rows, rsm_to_l2_and_a_page),
		CASE(how_often_rsm_to_l2_makes_the_mmu),
		ROWS(fail_rows, rsm_reads_l2s_pdptes),
		CASE(smi_waits_for_an_entry_that_was_begun),
		ROWS(again_rows, smi_right_after_rsm_to_l2),
		ROWS(flip_rows, flip_in_l2),
		CASE(flip_to_what_it_is_changes_nothing),
		CASE(old_kernels_reset_last),
	};

	return RUN("ops/smm", suites);
}
