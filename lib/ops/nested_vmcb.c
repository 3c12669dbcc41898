/* SPDX-License-Identifier: MIT */
/*
 * The fields of vmcb12 that the MMU depends on, where the guest's memory has
 * them.  APM 2: "VMCB Layout" (appendix B).
 */
#include "ops/nested_vmcb.h"

#include "arch/regs.h"
#include "ops/setreg.h"

/* clang-format off */
enum {
	VMCB_EXCEPTIONS	= 0x008,	/* bit by vector */
	VMCB_INTERCEPTS	= 0x010,	/* bit 0: VMRUN */
	VMCB_MSRPM	= 0x048,
	VMCB_ASID	= 0x058,	/* bits 31:0 */
	VMCB_TLB	= 0x05c,	/* bits 7:0 */
	VMCB_EXITCODE	= 0x070,
	VMCB_EXITINFO1	= 0x078,
	VMCB_EXITINFO2	= 0x080,
	VMCB_NESTED	= 0x090,
	VMCB_NCR3	= 0x0b0,
	VMCB_EFER	= 0x4d0,
	VMCB_CR4	= 0x548,
	VMCB_CR3	= 0x550,
	VMCB_CR0	= 0x558,
};
/* clang-format on */

#define INTERCEPT_VMRUN BIT(0)
#define INTERCEPT_MSR   BIT(28) /* of the word at 0x00c */
#define VMCB_MISC1      0x00c

/* Of the word at VMCB_NESTED. */
#define NESTED_NP_ENABLE BIT(0)
#define NESTED_GMET      BIT(3)

/* TLB_CONTROL: do nothing, flush all. */
#define TLB_FLUSH_ALL 1

bool vmcb_address_valid(const struct tdp_vcpu *vcpu, uint64_t gpa)
{
	return is_aligned(gpa, FRAME_SIZE) && setreg_cr3_legal(vcpu, gpa);
}

/* KVM maps the frame: kvm_vcpu_map(), in address space 0 (no SMM in VMRUN). */
static enum guest_mem_status read_field(const struct tdp_vcpu *vcpu,
					uint64_t gpa, unsigned int size,
					uint64_t *value)
{
	return guest_mem_read(vcpu->vm, 0, gpa, size, value);
}

struct vmcb_field {
	unsigned int offset, size;
	uint64_t *value;
};

/* What is read of a vmcb12, and words that are taken apart afterwards. */
struct vmcb_words {
	uint64_t misc1, nested, exceptions, msrpm;
	struct vmcb_field fields[12];
};

/* @save: whose registers stand in its save area. */
static void words_init(struct vmcb_words *w, struct vmcb12 *vmcb,
		       struct tdp_sregs *save)
{
	*vmcb = (struct vmcb12){ 0 };
	*w = (struct vmcb_words){
		.fields = {
			{ VMCB_EXCEPTIONS, 4, &w->exceptions },
			{ VMCB_MISC1, 4, &w->misc1 },
			{ VMCB_INTERCEPTS, 4, &vmcb->intercepts },
			{ VMCB_MSRPM, 8, &w->msrpm },
			{ VMCB_ASID, 4, &vmcb->asid },
			{ VMCB_TLB, 1, &vmcb->tlb_control },
			{ VMCB_NESTED, 8, &w->nested },
			{ VMCB_NCR3, 8, &vmcb->state.tdp_root },
			{ VMCB_EFER, 8, &save->efer },
			{ VMCB_CR4, 8, &save->cr4 },
			{ VMCB_CR3, 8, &save->cr3 },
			{ VMCB_CR0, 8, &save->cr0 },
		},
	};
}

static void take_controls(struct vmcb12 *vmcb, const struct vmcb_words *w)
{
	struct tdp_nested_state *state = &vmcb->state;

	state->tdp = w->nested & NESTED_NP_ENABLE;
	state->gmet = w->nested & NESTED_GMET;
	state->exceptions = (uint32_t)w->exceptions;
	state->has_page[TDP_NESTED_MSR_BITMAP] = w->misc1 & INTERCEPT_MSR;
	state->page[TDP_NESTED_MSR_BITMAP] = w->msrpm;
}

enum guest_mem_status vmcb_read(const struct tdp_vcpu *vcpu, uint64_t gpa,
				struct vmcb12 *vmcb)
{
	struct vmcb_words w;
	unsigned int i;

	words_init(&w, vmcb, &vmcb->state.l2);
	for (i = 0; i < ARRAY_SIZE(w.fields); i++) {
		const struct vmcb_field *f = &w.fields[i];
		enum guest_mem_status status = read_field(vcpu, gpa + f->offset,
							  f->size, f->value);

		if (status)
			return status;
	}
	take_controls(vmcb, &w);
	return GUEST_MEM_OK;
}

static void put(uint8_t *bytes, unsigned int offset, unsigned int size,
		uint64_t value)
{
	memcpy(bytes + offset, &value, size);
}

void vmcb_to_bytes(const struct tdp_nested_state *state,
		   const struct tdp_sregs *l1, uint8_t *bytes)
{
	bool msrpm = state->has_page[TDP_NESTED_MSR_BITMAP];

	put(bytes, VMCB_EXCEPTIONS, 4, state->exceptions);
	put(bytes, VMCB_MISC1, 4, msrpm ? INTERCEPT_MSR : 0);
	put(bytes, VMCB_INTERCEPTS, 4, INTERCEPT_VMRUN);
	put(bytes, VMCB_MSRPM, 8, state->page[TDP_NESTED_MSR_BITMAP]);
	/* Any ASID but L1's own: the state has none. */
	put(bytes, VMCB_ASID, 4, 1);
	put(bytes, VMCB_NESTED, 8,
	    (state->tdp ? NESTED_NP_ENABLE : 0) |
		    (state->gmet ? NESTED_GMET : 0));
	put(bytes, VMCB_NCR3, 8, state->tdp_root);
	put(bytes, VMCB_EFER, 8, l1->efer);
	put(bytes, VMCB_CR4, 8, l1->cr4);
	put(bytes, VMCB_CR3, 8, l1->cr3);
	put(bytes, VMCB_CR0, 8, l1->cr0);
}

void vmcb_from_bytes(const uint8_t *bytes, struct vmcb12 *vmcb)
{
	struct vmcb_words w;
	unsigned int i;

	words_init(&w, vmcb, &vmcb->state.l1);
	for (i = 0; i < ARRAY_SIZE(w.fields); i++)
		memcpy(w.fields[i].value, bytes + w.fields[i].offset,
		       w.fields[i].size);
	take_controls(vmcb, &w);
}

/* KVM 6.12: __nested_vmcb_check_controls(), nested_svm_check_tlb_ctl() */
bool vmcb_controls_valid(const struct vmcb12 *vmcb)
{
	return (vmcb->intercepts & INTERCEPT_VMRUN) && vmcb->asid &&
	       vmcb->tlb_control <= TLB_FLUSH_ALL;
}

static enum guest_mem_status write_field(const struct tdp_vcpu *vcpu,
					 unsigned int offset, uint64_t value)
{
	return guest_mem_write(vcpu->vm, 0, vcpu->vmcb12 + offset, 8, value);
}

enum guest_mem_status vmcb_write_exit(const struct tdp_vcpu *vcpu,
				      const struct nested_exit *exit)
{
	enum guest_mem_status status = write_field(vcpu, VMCB_EXITCODE,
						   exit->code);

	if (!status)
		status = write_field(vcpu, VMCB_EXITINFO1, exit->info1);
	if (!status)
		status = write_field(vcpu, VMCB_EXITINFO2, exit->info2);
	return status;
}

static enum guest_mem_status write_save(const struct tdp_vcpu *vcpu,
					uint64_t gpa,
					const struct tdp_sregs *sregs)
{
	const struct {
		unsigned int offset;
		uint64_t value;
	} fields[] = {
		{ VMCB_EFER, sregs->efer },
		{ VMCB_CR0, sregs->cr0 },
		{ VMCB_CR3, sregs->cr3 },
		{ VMCB_CR4, sregs->cr4 },
	};
	enum guest_mem_status status = GUEST_MEM_OK;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fields) && !status; i++)
		status = guest_mem_write(vcpu->vm, 0, gpa + fields[i].offset, 8,
					 fields[i].value);
	return status;
}

enum guest_mem_status vmcb_write_save(const struct tdp_vcpu *vcpu)
{
	return write_save(vcpu, vcpu->vmcb12, &vcpu->sregs);
}

enum guest_mem_status vmcb_save_l1(const struct tdp_vcpu *vcpu)
{
	return write_save(vcpu, vcpu->hsave_pa, &vcpu->l1);
}

enum guest_mem_status vmcb_load_l1(const struct tdp_vcpu *vcpu,
				   struct tdp_sregs *l1)
{
	const struct vmcb_field fields[] = {
		{ VMCB_EFER, 8, &l1->efer },
		{ VMCB_CR0, 8, &l1->cr0 },
		{ VMCB_CR3, 8, &l1->cr3 },
		{ VMCB_CR4, 8, &l1->cr4 },
	};
	enum guest_mem_status status = GUEST_MEM_OK;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fields) && !status; i++)
		status = read_field(vcpu, vcpu->hsave_pa + fields[i].offset,
				    fields[i].size, fields[i].value);
	return status;
}
