/* SPDX-License-Identifier: MIT */
/* A vCPU whose L1 can start L2, on either vendor. */
#ifndef TDPSIM_UNIT_OPS_L2_H
#define TDPSIM_UNIT_OPS_L2_H

#include <string.h>

#include "events.h"

/* Guest-physical pages that vmcs12 or vmcb12 names. */
#define APIC_ACCESS  0x20000
#define VIRTUAL_APIC 0x21000
#define PI_DESC      0x22000
#define MSR_BITMAP   0x24000 /* two frames on SVM */
#define EPTP12       0x14005e
#define NCR3         0x140000

/* Long mode with CR4.VMXE or EFER.SVME, as L1 must have it. */
static inline struct tdp_sregs l2_sregs(enum tdp_vendor vendor)
{
	return (struct tdp_sregs){
		.cr0 = 0x80010031,
		.cr3 = 0x100000,
		.cr4 = vendor == TDP_INTEL ? 0x2020 : 0x20,
		.efer = vendor == TDP_INTEL ? 0xd00 : 0x1d00,
	};
}

/* L2's PAE paging; its PDPTEs at 0x10020. */
static inline struct tdp_sregs l2_pae_sregs(enum tdp_vendor vendor)
{
	return (struct tdp_sregs){
		.cr0 = 0x80010031,
		.cr3 = 0x10020,
		.cr4 = vendor == TDP_INTEL ? 0x2020 : 0x20,
		.efer = vendor == TDP_INTEL ? 0 : 0x1000,
	};
}

static inline struct tdp_nested_state l2_state(enum tdp_vendor vendor)
{
	return (struct tdp_nested_state){
		.l1 = l2_sregs(vendor),
		.l2 = l2_sregs(vendor),
	};
}

static inline void l2_use(struct tdp_nested_state *state,
			  enum tdp_nested_page page)
{
	static const uint64_t gpas[TDP_NR_NESTED_PAGES] = {
		[TDP_NESTED_APIC_ACCESS] = APIC_ACCESS,
		[TDP_NESTED_VIRTUAL_APIC] = VIRTUAL_APIC,
		[TDP_NESTED_PI_DESC] = PI_DESC,
		[TDP_NESTED_MSR_BITMAP] = MSR_BITMAP,
	};

	state->has_page[page] = true;
	state->page[page] = gpas[page];
}

/* What is behind one of those pages from now on. */
static inline void l2_back(struct machine *m, uint64_t gpa,
			   enum tdp_backing backing)
{
	assert_int_equal(machine_back(m->vm, gpa, 0x1000, backing, &m->err),
			 TDP_OK);
}

static inline void l2_set_sregs(struct machine *m,
				const struct tdp_sregs *sregs)
{
	assert_int_equal(tdp_vcpu_set_sregs(m->vcpu, sregs, &m->result),
			 TDP_OK);
	assert_int_equal(m->result.ret, 0);
}

/* machine_init() comes before, with what a test wants to set. */
static inline void l2_start(struct machine *m)
{
	struct tdp_sregs sregs = l2_sregs(m->host.vendor);
	unsigned int i;

	machine_start(m);
	machine_vcpu(m, 46);
	machine_slot(m, 0, 0, 0, 4 * MIB, TDP_BACKING_ANONYMOUS);
	machine_slot(m, 1, 1, 0, 4 * MIB, TDP_BACKING_ANONYMOUS);
	for (i = 0; i < 4; i++)
		machine_poke(m, 0x10020 + 8 * i, 0x11001 + 0x1000 * i);
	l2_set_sregs(m, &sregs);
}

static inline void l2_well(struct machine *m)
{
	if (tdp_vm_check(m->vm, &m->err))
		fail_msg("invariant: %s", m->err.message);
}

static inline enum tdp_outcome l2_enter(struct machine *m,
					const struct tdp_nested_state *state)
{
	assert_int_equal(
		tdp_vcpu_nested_enter(m->vcpu, state, &m->result, &m->err),
		TDP_OK);
	l2_well(m);
	return m->result.outcome;
}

static inline enum tdp_outcome l2_exit(struct machine *m)
{
	assert_int_equal(tdp_vcpu_nested_exit(m->vcpu, &m->result, &m->err),
			 TDP_OK);
	l2_well(m);
	return m->result.outcome;
}

/* KVM_SET_NESTED_STATE; returns ret. */
static inline int l2_restore(struct machine *m,
			     const struct tdp_nested_state *state)
{
	assert_int_equal(
		tdp_vcpu_set_nested_state(m->vcpu, state, &m->result, &m->err),
		TDP_OK);
	l2_well(m);
	return m->result.ret;
}

static inline enum tdp_outcome l2_run(struct machine *m)
{
	assert_int_equal(tdp_vcpu_run(m->vcpu, &m->result, &m->err), TDP_OK);
	l2_well(m);
	return m->result.outcome;
}

static inline enum tdp_outcome l2_smi(struct machine *m)
{
	assert_int_equal(tdp_vcpu_smi(m->vcpu, &m->result, &m->err), TDP_OK);
	l2_well(m);
	return m->result.outcome;
}

static inline enum tdp_outcome l2_rsm(struct machine *m)
{
	assert_int_equal(tdp_vcpu_rsm(m->vcpu, &m->result, &m->err), TDP_OK);
	l2_well(m);
	return m->result.outcome;
}

static inline struct tdp_vcpu_state l2_seen(const struct machine *m)
{
	struct tdp_vcpu_state state;

	tdp_vcpu_get_state(m->vcpu, &state);
	return state;
}

#endif
