/* SPDX-License-Identifier: MIT */
/* KVM_SET_NESTED_STATE, and the pages behind vmcs12 and vmcb12. */
#include "l2.h"

/* A page that the request, or VMLAUNCH, does not find ------------------------------ */

/* clang-format off */
static const struct page_row {
	const char *name;
	const char *profile;
	enum tdp_vendor vendor;
	enum tdp_nested_page page;
	bool cr8_exiting;
	bool apic_access;	/* in use as well, and there */
	enum tdp_outcome outcome;
	enum tdp_reason why;
	enum tdp_outcome again;	/* of a second KVM_RUN */
} page_rows[] = {
	{ "apic_access", "v6.12", TDP_INTEL, TDP_NESTED_APIC_ACCESS, false,
	  false, TDP_OUTCOME_INTERNAL_ERROR, TDP_WHY_APIC_ACCESS_PAGE,
	  TDP_OUTCOME_DONE },
	{ "apic_access_5.10", "v5.10", TDP_INTEL, TDP_NESTED_APIC_ACCESS,
	  false, false, TDP_OUTCOME_INTERNAL_ERROR, TDP_WHY_APIC_ACCESS_PAGE,
	  TDP_OUTCOME_DONE },
	{ "virtual_apic", "v6.12", TDP_INTEL, TDP_NESTED_VIRTUAL_APIC, false,
	  false, TDP_OUTCOME_ENTRY_FAILED, TDP_WHY_VIRTUAL_APIC_PAGE,
	  TDP_OUTCOME_DONE },
	{ "virtual_apic_cr8_exiting", "v6.12", TDP_INTEL,
	  TDP_NESTED_VIRTUAL_APIC, true, false, TDP_OUTCOME_DONE,
	  TDP_WHY_NONE, TDP_OUTCOME_DONE },
	{ "virtual_apic_with_apic_access", "v6.12", TDP_INTEL,
	  TDP_NESTED_VIRTUAL_APIC, true, true, TDP_OUTCOME_ENTRY_FAILED,
	  TDP_WHY_VIRTUAL_APIC_PAGE, TDP_OUTCOME_DONE },
	{ "pi_desc", "v6.12", TDP_INTEL, TDP_NESTED_PI_DESC, false, false,
	  TDP_OUTCOME_DONE, TDP_WHY_NONE, TDP_OUTCOME_DONE },
	{ "pi_desc_5.12", "v5.12", TDP_INTEL, TDP_NESTED_PI_DESC, false,
	  false, TDP_OUTCOME_DONE, TDP_WHY_NONE, TDP_OUTCOME_DONE },
	{ "msr_bitmap", "v6.12", TDP_INTEL, TDP_NESTED_MSR_BITMAP, false,
	  false, TDP_OUTCOME_DONE, TDP_WHY_NONE, TDP_OUTCOME_DONE },
	{ "svm_msr_bitmap", "v6.12", TDP_AMD, TDP_NESTED_MSR_BITMAP, false,
	  false, TDP_OUTCOME_INTERNAL_ERROR, TDP_WHY_MSR_BITMAP_PAGE,
	  TDP_OUTCOME_DONE },
};
/* clang-format on */

static struct tdp_nested_state page_state(const struct page_row *r)
{
	struct tdp_nested_state l2 = l2_state(r->vendor);

	l2_use(&l2, r->page);
	if (r->apic_access)
		l2_use(&l2, TDP_NESTED_APIC_ACCESS);
	l2.cr8_exiting = r->cr8_exiting;
	return l2;
}

static void missing_after_restore(void **state)
{
	const struct page_row *r = *state;
	struct tdp_nested_state l2 = page_state(r);
	static struct events events;
	const struct tdp_event *touched;
	struct machine m;

	machine_init(&m, r->vendor, r->profile);
	l2_start(&m);
	l2_back(&m, l2.page[r->page], TDP_BACKING_UNMAPPED);
	events_watch(&events, &m);
	assert_int_equal(l2_restore(&m, &l2), 0);
	assert_int_equal(events_count(&events, TDP_EV_nested_page), 0);
	assert_true(l2_seen(&m).nested_pages_pending);
	assert_int_equal(l2_run(&m), r->outcome);
	assert_int_equal(m.result.reason, r->why);
	touched = events_nth(&events, TDP_EV_nested_page, r->apic_access);
	assert_non_null(touched);
	assert_int_equal(touched->field[2], l2.page[r->page]);
	assert_int_equal((int64_t)touched->field[3], -14);
	/* The request is consumed, whatever came of it. */
	assert_false(l2_seen(&m).nested_pages_pending);
	/* A failed entry is L1's to handle; else L2 runs without the page. */
	assert_int_equal(l2_seen(&m).guest_mode,
			 r->outcome != TDP_OUTCOME_ENTRY_FAILED);
	assert_int_equal(l2_run(&m), r->again);
	machine_end(&m);
}

static void missing_at_vmlaunch(void **state)
{
	const struct page_row *r = *state;
	struct tdp_nested_state l2 = page_state(r);
	bool stops = r->outcome == TDP_OUTCOME_INTERNAL_ERROR;
	bool svm = r->vendor == TDP_AMD;
	struct machine m;

	machine_init(&m, r->vendor, r->profile);
	l2_start(&m);
	l2_back(&m, l2.page[r->page], TDP_BACKING_UNMAPPED);
	/* VMRUN ends as VMEXIT_ERR; VMLAUNCH does not return to L1. */
	assert_int_equal(l2_enter(&m, &l2), !stops ? TDP_OUTCOME_DONE :
					    svm    ? TDP_OUTCOME_NESTED_EXIT :
						     TDP_OUTCOME_INTERNAL_ERROR);
	assert_int_equal(l2_seen(&m).guest_mode, !stops);
	if (!stops)
		assert_int_equal(l2_run(&m), r->outcome);
	machine_end(&m);
}

/* What a kernel or a proposal makes of one missing or sleeping page ------------------ */

/* clang-format off */
static const struct alternative_row {
	const char *name;
	const char *value;
	enum tdp_backing backing;
	int ret;			/* of the ioctl */
	enum tdp_outcome set;
	enum tdp_outcome run, again;	/* KVM_RUN, before and after */
	bool guest_mode;		/* after the ioctl */
} alternatives[] = {
	{ "request_missing", "request_6.8", TDP_BACKING_UNMAPPED, 0,
	  TDP_OUTCOME_DONE, TDP_OUTCOME_INTERNAL_ERROR, TDP_OUTCOME_DONE,
	  true },
	{ "request_sleeps", "request_6.8", TDP_BACKING_UFFD_MISSING, 0,
	  TDP_OUTCOME_DONE, TDP_OUTCOME_BLOCKED, TDP_OUTCOME_DONE, true },
	{ "on_set_missing", "on_set", TDP_BACKING_UNMAPPED, -22,
	  TDP_OUTCOME_FAILED, TDP_OUTCOME_DONE, TDP_OUTCOME_DONE, false },
	{ "on_set_sleeps", "on_set", TDP_BACKING_UFFD_MISSING, 0,
	  TDP_OUTCOME_BLOCKED, TDP_OUTCOME_DONE, TDP_OUTCOME_DONE, false },
	{ "before_entry_missing", "before_entry", TDP_BACKING_UNMAPPED, 0,
	  TDP_OUTCOME_DONE, TDP_OUTCOME_INTERNAL_ERROR,
	  TDP_OUTCOME_INTERNAL_ERROR, true },
	{ "before_entry_sleeps", "before_entry", TDP_BACKING_UFFD_MISSING, 0,
	  TDP_OUTCOME_DONE, TDP_OUTCOME_BLOCKED, TDP_OUTCOME_DONE, true },
	{ "unblock_missing", "unblock", TDP_BACKING_UNMAPPED, 0,
	  TDP_OUTCOME_DONE, TDP_OUTCOME_INTERNAL_ERROR,
	  TDP_OUTCOME_INTERNAL_ERROR, true },
};
/* clang-format on */

static void alternative_and_a_page(void **state)
{
	const struct alternative_row *r = *state;
	struct tdp_nested_state l2 = l2_state(TDP_INTEL);
	struct machine m;

	machine_init(&m, TDP_INTEL, "v6.12");
	machine_set(&m, "nested.state_pages", r->value);
	l2_start(&m);
	l2_use(&l2, TDP_NESTED_APIC_ACCESS);
	l2_back(&m, APIC_ACCESS, r->backing);
	assert_int_equal(l2_restore(&m, &l2), r->ret);
	assert_int_equal(m.result.outcome, r->set);
	assert_int_equal(l2_seen(&m).guest_mode, r->guest_mode);
	assert_int_equal(l2_run(&m), r->run);
	if (r->backing == TDP_BACKING_UFFD_MISSING)
		l2_back(&m, APIC_ACCESS, TDP_BACKING_ANONYMOUS);
	assert_int_equal(l2_run(&m), r->again);
	/* A sleeping ioctl goes on once the page is served. */
	if (r->set == TDP_OUTCOME_BLOCKED) {
		assert_int_equal(l2_restore(&m, &l2), 0);
		assert_true(l2_seen(&m).guest_mode);
	}
	assert_false(r->set == TDP_OUTCOME_BLOCKED &&
		     l2_seen(&m).nested_pages_pending);
	machine_end(&m);
}

static void sleeping_request_is_served_once(void **state)
{
	struct tdp_nested_state l2 = l2_state(TDP_INTEL);
	static struct events events;
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	l2_start(&m);
	l2_use(&l2, TDP_NESTED_APIC_ACCESS);
	l2_use(&l2, TDP_NESTED_MSR_BITMAP);
	l2_back(&m, MSR_BITMAP, TDP_BACKING_UFFD_MISSING);
	l2_restore(&m, &l2);
	assert_int_equal(l2_run(&m), TDP_OUTCOME_BLOCKED);
	assert_int_equal(m.result.reason, TDP_WHY_MSR_BITMAP_PAGE);
	l2_back(&m, MSR_BITMAP, TDP_BACKING_ANONYMOUS);
	assert_int_equal(l2_run(&m), TDP_OUTCOME_DONE);
	events_watch(&events, &m);
	assert_int_equal(l2_run(&m), TDP_OUTCOME_DONE);
	assert_int_equal(events_count(&events, TDP_EV_nested_page), 0);
	machine_end(&m);
}

/* An exit before the first entry: 5.10 serves the request in L1. */
/* clang-format off */
static const struct early_row {
	const char *name;
	const char *profile;
	bool pending;
	enum tdp_outcome run;
} early_rows[] = {
	{ "v5.10_serves_for_l1", "v5.10", true, TDP_OUTCOME_INTERNAL_ERROR },
	{ "v5.12_forgets", "v5.12", false, TDP_OUTCOME_DONE },
	{ "v6.12_forgets", "v6.12", false, TDP_OUTCOME_DONE },
};
/* clang-format on */

static void exit_before_the_first_entry(void **state)
{
	const struct early_row *r = *state;
	struct tdp_nested_state l2 = l2_state(TDP_INTEL);
	struct machine m;

	machine_init(&m, TDP_INTEL, r->profile);
	l2_start(&m);
	l2_use(&l2, TDP_NESTED_APIC_ACCESS);
	l2_back(&m, APIC_ACCESS, TDP_BACKING_UNMAPPED);
	l2_restore(&m, &l2);
	assert_int_equal(l2_exit(&m), TDP_OUTCOME_NESTED_EXIT);
	assert_int_equal(l2_seen(&m).nested_pages_pending, r->pending);
	assert_int_equal(l2_run(&m), r->run);
	machine_end(&m);
}

/* PDPTEs of an L2 with PAE paging -------------------------------------------------- */

/* clang-format off */
static const struct pdptr_row {
	const char *name;
	const char *profile;
	enum tdp_vendor vendor;
	bool from_userspace;	/* KVM_SET_SREGS2 gave them */
	int ret;
	enum tdp_outcome run;
} pdptr_rows[] = {
	{ "v5.12_read_by_the_ioctl", "v5.12", TDP_INTEL, false, 2,
	  TDP_OUTCOME_DONE },
	{ "v5.14_read_by_the_request", "v5.14", TDP_INTEL, false, 0,
	  TDP_OUTCOME_FAILED },
	{ "v6.12_read_by_the_request", "v6.12", TDP_INTEL, false, 0,
	  TDP_OUTCOME_FAILED },
	{ "v6.12_svm", "v6.12", TDP_AMD, false, 0, TDP_OUTCOME_FAILED },
	{ "v5.12_svm_never", "v5.12", TDP_AMD, false, 0, TDP_OUTCOME_DONE },
	{ "v6.12_given_by_userspace", "v6.12", TDP_INTEL, true, 0,
	  TDP_OUTCOME_DONE },
	{ "v6.12_svm_given_by_userspace", "v6.12", TDP_AMD, true, 0,
	  TDP_OUTCOME_DONE },
};
/* clang-format on */

static void pdpt_is_missing(void **state)
{
	const struct pdptr_row *r = *state;
	struct tdp_nested_state l2 = l2_state(r->vendor);
	struct tdp_sregs sregs = l2_pae_sregs(r->vendor);
	struct machine m;

	machine_init(&m, r->vendor, r->profile);
	l2_start(&m);
	l2_back(&m, 0x10000, TDP_BACKING_UNMAPPED);
	l2.l2 = sregs;
	/* L2's registers come first, as SVM needs it. */
	sregs.pdptrs_valid = r->from_userspace;
	sregs.pdptr[0] = 0x15001;
	l2_set_sregs(&m, &sregs);
	assert_int_equal(l2_restore(&m, &l2), r->ret);
	assert_int_equal(l2_seen(&m).guest_mode, r->ret == 0);
	assert_int_equal(l2_run(&m), r->run);
	if (r->run == TDP_OUTCOME_FAILED) {
		assert_int_equal(m.result.ret, 0);
		assert_int_equal(m.result.reason, TDP_WHY_PDPTRS);
		assert_int_equal(l2_run(&m), TDP_OUTCOME_DONE);
	}
	tdp_vcpu_get_sregs(m.vcpu, &sregs);
	if (r->from_userspace)
		assert_int_equal(sregs.pdptr[0], 0x15001);
	machine_end(&m);
}

/* The same table waits for a userfault: who sleeps on it? */
/* clang-format off */
static const struct sleep_row {
	const char *name;
	const char *profile;
	const char *pages;	/* nested.state_pages; NULL: the kernel's */
	enum tdp_outcome launch, set, run;
} sleep_rows[] = {
	{ "v5.12", "v5.12", NULL, TDP_OUTCOME_BLOCKED, TDP_OUTCOME_BLOCKED,
	  TDP_OUTCOME_DONE },
	{ "v6.12", "v6.12", NULL, TDP_OUTCOME_BLOCKED, TDP_OUTCOME_DONE,
	  TDP_OUTCOME_BLOCKED },
	{ "on_set", "v6.12", "on_set", TDP_OUTCOME_BLOCKED,
	  TDP_OUTCOME_BLOCKED, TDP_OUTCOME_DONE },
};
/* clang-format on */

static void pdpt_sleeps(void **state)
{
	const struct sleep_row *r = *state;
	struct tdp_nested_state l2 = l2_state(TDP_INTEL);
	struct machine m;

	machine_init(&m, TDP_INTEL, r->profile);
	if (r->pages)
		machine_set(&m, "nested.state_pages", r->pages);
	l2_start(&m);
	l2_back(&m, 0x10000, TDP_BACKING_UFFD_MISSING);
	l2.l2 = l2_pae_sregs(TDP_INTEL);
	assert_int_equal(l2_enter(&m, &l2), r->launch);
	assert_int_equal(m.result.reason, TDP_WHY_PDPTRS);
	assert_false(l2_seen(&m).guest_mode);
	assert_int_equal(l2_restore(&m, &l2), 0);
	assert_int_equal(m.result.outcome, r->set);
	assert_int_equal(l2_seen(&m).guest_mode, r->set == TDP_OUTCOME_DONE);
	assert_int_equal(l2_run(&m), r->run);
	machine_end(&m);
}

/* The request reads CR3 as it is then: late SREGS are papered over. */
static void sregs_after_nested_state(void **state)
{
	struct tdp_nested_state l2 = l2_state(TDP_INTEL);
	struct tdp_sregs sregs = l2_pae_sregs(TDP_INTEL), after;
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	l2_start(&m);
	l2.l2 = sregs;
	assert_int_equal(l2_restore(&m, &l2), 0);
	sregs.cr3 = 0x10040;
	l2_set_sregs(&m, &sregs);
	machine_poke(&m, 0x10040, 0x1a001);
	assert_int_equal(l2_run(&m), TDP_OUTCOME_DONE);
	tdp_vcpu_get_sregs(m.vcpu, &after);
	assert_int_equal(after.pdptr[0], 0x1a001);
	machine_end(&m);
}

static void nested_tdp_brings_its_pdptes(void **state)
{
	struct tdp_nested_state l2 = l2_state(TDP_INTEL);
	struct tdp_sregs after;
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	l2_start(&m);
	l2.tdp = true;
	l2.tdp_root = EPTP12;
	l2.l2 = l2_pae_sregs(TDP_INTEL);
	l2.l2.pdptrs_valid = true;
	l2.l2.pdptr[3] = 0x1b001;
	assert_int_equal(l2_enter(&m, &l2), TDP_OUTCOME_DONE);
	tdp_vcpu_get_sregs(m.vcpu, &after);
	assert_int_equal(after.pdptr[3], 0x1b001);
	/* Their table lies in L2's space, and L1 does not map it. */
	assert_int_equal(
		tdp_vcpu_write_reg(m.vcpu, TDP_REG_CR3, 0x10040, &m.result),
		TDP_OK);
	assert_int_equal(m.result.outcome, TDP_OUTCOME_GUEST_FAULT);
	assert_int_equal(m.result.reason, TDP_WHY_PDPTRS);
	machine_end(&m);
}

static const struct pdpte_row {
	const char *name;
	enum tdp_vendor vendor;
	uint64_t root, flags;
	enum tdp_reg reg;
	uint64_t value;
	bool loads;
} pdpte_rows[] = {
	{ "vmx_cr3", TDP_INTEL, EPTP12, 7 | 6 << 3, TDP_REG_CR3, 0x10040,
	  true },
	{ "vmx_cr4", TDP_INTEL, EPTP12, 7 | 6 << 3, TDP_REG_CR4, 0x20a0, true },
	{ "vmx_cr0", TDP_INTEL, EPTP12, 7 | 6 << 3, TDP_REG_CR0, 0xc0010031,
	  true },
	{ "svm_cr4", TDP_AMD, NCR3, 7, TDP_REG_CR4, 0xa0, true },
	{ "svm_cr3_is_the_processors", TDP_AMD, NCR3, 7, TDP_REG_CR3, 0x10040,
	  false },
};

/* L1 maps L2's page 0x10000 to its own 0x210000. */
static void pdptes_are_read_through_l1(void **state)
{
	const struct pdpte_row *r = *state;
	struct tdp_nested_state l2 = l2_state(r->vendor);
	struct tdp_sregs after;
	struct machine m;

	machine_init(&m, r->vendor, "v6.12");
	l2_start(&m);
	machine_poke(&m, 0x140000, 0x141007);
	machine_poke(&m, 0x141000, 0x142007);
	machine_poke(&m, 0x142000, 0x143007);
	machine_poke(&m, 0x143080, 0x210000 | r->flags);
	machine_poke(&m, 0x210020, 0x1a001);
	machine_poke(&m, 0x210040, 0x1a001);
	l2.tdp = true;
	l2.tdp_root = r->root;
	l2.l2 = l2_pae_sregs(r->vendor);
	assert_int_equal(l2_enter(&m, &l2), TDP_OUTCOME_DONE);
	assert_int_equal(
		tdp_vcpu_write_reg(m.vcpu, r->reg, r->value, &m.result),
		TDP_OK);
	assert_int_equal(m.result.outcome, TDP_OUTCOME_DONE);
	tdp_vcpu_get_sregs(m.vcpu, &after);
	assert_int_equal(after.pdptr[0], r->loads ? 0x1a001 : 0);
	machine_end(&m);
}

/* KVM_SET_NESTED_STATE ------------------------------------------------------------------ */

/* clang-format off */
static const struct check_row {
	const char *name;
	enum tdp_vendor vendor;
	struct { uint64_t cr0, efer; } l1;	/* bits to flip */
	uint64_t efer;				/* of the vCPU, to flip */
	uint64_t root;
	bool smm;
	int ret;
	enum tdp_reason why;
} check_rows[] = {
	{ "vmx", TDP_INTEL, { 0, 0 }, 0, 0, false, 0, TDP_WHY_NONE },
	{ "svm", TDP_AMD, { 0, 0 }, 0, 0, false, 0, TDP_WHY_NONE },
	{ "vmx_in_smm", TDP_INTEL, { 0, 0 }, 0, 0, true, -22, TDP_WHY_IN_SMM },
	{ "svm_in_smm", TDP_AMD, { 0, 0 }, 0, 0, true, -22, TDP_WHY_IN_SMM },
	{ "svm_without_svme", TDP_AMD, { 0, 0 }, 0x1000, 0, false, -22,
	  TDP_WHY_VIRTUALIZATION_OFF },
	{ "svm_save_without_paging", TDP_AMD, { 0x80000000, 0x400 }, 0, 0,
	  false, -22, TDP_WHY_BAD_NESTED_STATE },
	{ "vmx_host_without_paging", TDP_INTEL, { 0x80000000, 0x400 }, 0, 0,
	  false, -22, TDP_WHY_BAD_NESTED_STATE },
	{ "vmx_bad_eptp", TDP_INTEL, { 0, 0 }, 0, 0x140058, false, -22,
	  TDP_WHY_BAD_EPTP },
	{ "svm_bad_ncr3", TDP_AMD, { 0, 0 }, 0, UINT64_C(1) << 46, false, -22,
	  TDP_WHY_BAD_NESTED_STATE },
};
/* clang-format on */

static void restore_is_judged(void **state)
{
	const struct check_row *r = *state;
	struct tdp_nested_state l2 = l2_state(r->vendor);
	struct tdp_sregs sregs = l2_sregs(r->vendor);
	struct machine m;

	machine_init(&m, r->vendor, "v6.12");
	l2_start(&m);
	sregs.efer ^= r->efer;
	l2_set_sregs(&m, &sregs);
	if (r->smm)
		tdp_vcpu_set_smm(m.vcpu, true, &m.result, &m.err);
	l2.l1.cr0 ^= r->l1.cr0;
	l2.l1.efer ^= r->l1.efer;
	l2.tdp = r->root;
	l2.tdp_root = r->root;
	assert_int_equal(l2_restore(&m, &l2), r->ret);
	assert_int_equal(m.result.reason, r->why);
	assert_int_equal(l2_seen(&m).guest_mode, !r->ret);
	machine_end(&m);
}

static void restore_without_guest_mode_leaves_l2(void **state)
{
	struct tdp_nested_state l2 = l2_state(TDP_INTEL);
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	l2_start(&m);
	l2_restore(&m, &l2);
	assert_true(l2_seen(&m).nested_pages_pending);
	assert_int_equal(l2_restore(&m, NULL), 0);
	assert_false(l2_seen(&m).guest_mode);
	assert_false(l2_seen(&m).nested_pages_pending);
	machine_end(&m);
}

static void restored_l2_exits_to_the_l1_of_the_state(void **state)
{
	struct machine m;

	(void)state;
	for (unsigned int amd = 0; amd < 2; amd++) {
		enum tdp_vendor vendor = amd ? TDP_AMD : TDP_INTEL;
		struct tdp_nested_state l2 = l2_state(vendor);
		struct tdp_sregs sregs;

		machine_init(&m, vendor, "v6.12");
		l2_start(&m);
		l2.l1.cr3 = 0x1c0000;
		assert_int_equal(l2_restore(&m, &l2), 0);
		l2_run(&m);
		l2_exit(&m);
		tdp_vcpu_get_sregs(m.vcpu, &sregs);
		assert_int_equal(sregs.cr3, 0x1c0000);
		machine_end(&m);
	}
}

/* The header that the library makes is one that KVM takes. */
static void header_and_state(void **state)
{
	struct machine m;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		enum tdp_vendor vendor = i & 1 ? TDP_AMD : TDP_INTEL;
		struct tdp_nested_state l2 = l2_state(vendor);
		struct tdp_nested_header header;
		bool guest_mode = i & 2;
		int ret;

		machine_init(&m, vendor, "v6.12");
		l2_start(&m);
		tdp_vcpu_nested_header(m.vcpu, guest_mode, &header);
		ret = tdp_vcpu_set_nested_state_as(m.vcpu, &header, NULL,
						   &m.result, &m.err);
		assert_int_equal(ret, guest_mode ? TDP_EINVAL : TDP_OK);
		assert_int_equal(m.result.ret, 0);
		ret = tdp_vcpu_set_nested_state_as(m.vcpu, &header, &l2,
						   &m.result, &m.err);
		assert_int_equal(ret, TDP_OK);
		assert_int_equal(m.result.ret, 0);
		assert_int_equal(l2_seen(&m).guest_mode, guest_mode);
		machine_end(&m);
	}
}

/* SVM without nested NPT: when does the MMU learn of guest mode? */
/* clang-format off */
static const struct svm_row {
	const char *name;
	const char *profile;
	uint32_t role;
	unsigned int inits;
} svm_rows[] = {
	{ "v5.12_cr3_is_not_loaded", "v5.12", 0x3794, 0 },
	{ "v5.14_cr3_is_loaded_too_early", "v5.14", 0x3794, 1 },
	{ "v5.15_too_early_as_well", "v5.15", 0x3794, 1 },
	{ "v5.17", "v5.17", 0x23784, 1 },
	{ "v6.12", "v6.12", 0x23784, 1 },
};
/* clang-format on */

static void svm_restore_and_the_role(void **state)
{
	const struct svm_row *r = *state;
	struct tdp_nested_state l2 = l2_state(TDP_AMD);
	static struct events events;
	struct tdp_sregs sregs;
	struct machine m;

	machine_init(&m, TDP_AMD, r->profile);
	l2_start(&m);
	events_watch(&events, &m);
	assert_int_equal(l2_restore(&m, &l2), 0);
	assert_int_equal(l2_seen(&m).root_role, r->role);
	assert_int_equal(events_count(&events, TDP_EV_mmu_init), r->inits);
	/* A reset of any kind puts it right. */
	sregs = l2_sregs(TDP_AMD);
	sregs.cr3 = 0x180000;
	l2_set_sregs(&m, &sregs);
	assert_int_equal(l2_seen(&m).root_role & 0x20000, 0x20000);
	machine_end(&m);
}

/* VMX leaves L2 before it looks at the new state. */
static void bad_state_while_l2_runs(void **state)
{
	struct machine m;

	(void)state;
	for (unsigned int amd = 0; amd < 2; amd++) {
		enum tdp_vendor vendor = amd ? TDP_AMD : TDP_INTEL;
		struct tdp_nested_state l2 = l2_state(vendor);

		machine_init(&m, vendor, "v6.12");
		l2_start(&m);
		assert_int_equal(l2_restore(&m, &l2), 0);
		l2.l1.cr0 = 0x10;
		l2.l1.efer = 0;
		assert_int_equal(l2_restore(&m, &l2), -22);
		assert_int_equal(l2_seen(&m).guest_mode, amd);
		machine_end(&m);
	}
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(page_rows, missing_after_restore),
		ROWS(page_rows, missing_at_vmlaunch),
		ROWS(alternatives, alternative_and_a_page),
		CASE(sleeping_request_is_served_once),
		ROWS(early_rows, exit_before_the_first_entry),
		ROWS(pdptr_rows, pdpt_is_missing),
		ROWS(sleep_rows, pdpt_sleeps),
		CASE(sregs_after_nested_state),
		CASE(nested_tdp_brings_its_pdptes),
		ROWS(pdpte_rows, pdptes_are_read_through_l1),
		ROWS(check_rows, restore_is_judged),
		CASE(restore_without_guest_mode_leaves_l2),
		CASE(restored_l2_exits_to_the_l1_of_the_state),
		CASE(header_and_state),
		ROWS(svm_rows, svm_restore_and_the_role),
		CASE(bad_state_while_l2_runs),
	};

	return RUN("ops/nested_state", suites);
}
