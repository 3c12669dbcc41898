/* SPDX-License-Identifier: MIT */
/*
 * L2 of SVM: the host prepares all that L1 would, and L1 executes VMRUN.  Where
 * L1 goes on behind it, it says so by its own port.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "nested.h"

#define CR0_PG          (UINT64_C(1) << 31)
#define EFER_LME        (UINT64_C(1) << 8)
#define EFER_LMA        (UINT64_C(1) << 10)
#define EFER_SVME       (UINT64_C(1) << 12)
#define MSR_VM_HSAVE_PA 0xc0010117u
#define EXIT_VMMCALL    0x81u
#define PAT_AT_RESET    UINT64_C(0x0007040600070406)

/* APM 2: "VMCB Layout" (appendix B). */
/* clang-format off */
enum {
	VMCB_MISC1	= 0x00c,	/* intercepts */
	VMCB_MISC2	= 0x010,
	VMCB_MSRPM	= 0x048,
	VMCB_ASID	= 0x058,
	VMCB_NESTED	= 0x090,
	VMCB_NCR3	= 0x0b0,
	VMCB_ES		= 0x400,
	VMCB_CS		= 0x410,
	VMCB_SS		= 0x420,
	VMCB_DS		= 0x430,
	VMCB_FS		= 0x440,
	VMCB_GS		= 0x450,
	VMCB_GDTR	= 0x460,
	VMCB_LDTR	= 0x470,
	VMCB_IDTR	= 0x480,
	VMCB_TR		= 0x490,
	VMCB_CPL	= 0x4c8,	/* the word whose byte 3 it is */
	VMCB_EFER	= 0x4d0,
	VMCB_CR4	= 0x548,
	VMCB_CR3	= 0x550,
	VMCB_CR0	= 0x558,
	VMCB_DR7	= 0x560,
	VMCB_DR6	= 0x568,
	VMCB_RFLAGS	= 0x570,
	VMCB_RIP	= 0x578,
	VMCB_RSP	= 0x5d8,
	VMCB_PAT	= 0x668,
};
/* clang-format on */

#define MISC1_IO      (1u << 27)
#define MISC1_MSR     (1u << 28)
#define MISC2_VMRUN   1u
#define MISC2_VMMCALL 2u

static uint64_t number(const struct runner *r, const char *name)
{
	return tdp_step_number(r->scenario, r->step, name);
}

/* Is it in guest mode, as the kernel says? */
bool vcpu_in_l2(const struct vcpu *v)
{
	static union {
		struct kvm_nested_state state;
		uint8_t bytes[sizeof(struct kvm_nested_state) + 2 * PAGE_BYTES];
	} buffer;

	buffer.state = (struct kvm_nested_state){ .size = sizeof(buffer) };
	return !ioctl(v->fd, KVM_GET_NESTED_STATE, &buffer.state) &&
	       (buffer.state.flags & KVM_STATE_NESTED_GUEST_MODE);
}

/* vmcb12 ---------------------------------------------------------------------- */

/* In guest memory, or in a buffer of ours. */
struct vmcb {
	struct runner *r;
	uint64_t gpa;
	uint8_t *buffer; /* NULL: guest memory */
};

static uint64_t vmcb_get(struct runner *r, uint64_t vmcb, unsigned int offset,
			 unsigned int size)
{
	uint64_t value;

	memory_read(r, 0, vmcb + offset, &value, size);
	return value;
}

static void vmcb_put(struct runner *r, uint64_t vmcb, unsigned int offset,
		     uint64_t value, unsigned int size)
{
	if (vmcb_get(r, vmcb, offset, size) != value)
		op_write(r, 0, vmcb + offset, value, size);
}

static void put(const struct vmcb *vmcb, unsigned int offset, uint64_t value)
{
	if (vmcb->buffer)
		memcpy(vmcb->buffer + offset, &value, 8);
	else
		vmcb_put(vmcb->r, vmcb->gpa, offset, value, 8);
}

/* APM 2: "VMCB Layout": selector, attributes, limit, base. */
static void put_segment(const struct vmcb *vmcb, unsigned int offset,
			const struct kvm_segment *s)
{
	uint64_t attributes = s->type | (uint64_t)s->s << 4 |
			      (uint64_t)s->dpl << 5 |
			      (uint64_t)s->present << 7 | (uint64_t)s->l << 9 |
			      (uint64_t)s->db << 10 | (uint64_t)s->g << 11;

	put(vmcb, offset,
	    s->selector | attributes << 16 | (uint64_t)s->limit << 32);
	put(vmcb, offset + 8, s->base);
}

static void put_table(const struct vmcb *vmcb, unsigned int offset,
		      const struct kvm_dtable *table)
{
	put(vmcb, offset, (uint64_t)table->limit << 32);
	put(vmcb, offset + 8, table->base);
}

static void put_segments(const struct vmcb *vmcb, enum payload_page page,
			 const struct tdp_sregs *regs)
{
	struct kvm_sregs2 sregs = { .cr0 = regs->cr0, .efer = regs->efer };

	payload_segments(vmcb->r, page, &sregs);
	put_segment(vmcb, VMCB_ES, &sregs.es);
	put_segment(vmcb, VMCB_CS, &sregs.cs);
	put_segment(vmcb, VMCB_SS, &sregs.ss);
	put_segment(vmcb, VMCB_DS, &sregs.ds);
	put_segment(vmcb, VMCB_FS, &sregs.fs);
	put_segment(vmcb, VMCB_GS, &sregs.gs);
	put_segment(vmcb, VMCB_LDTR, &sregs.ldt);
	put_segment(vmcb, VMCB_TR, &sregs.tr);
	put_table(vmcb, VMCB_GDTR, &sregs.gdt);
	put_table(vmcb, VMCB_IDTR, &sregs.idt);
	put(vmcb, VMCB_CPL, 0);
}

/* Where it runs at CPL 0. */
static void put_code(const struct vmcb *vmcb, enum payload_page page,
		     uint64_t rip, const struct tdp_sregs *regs)
{
	put_segments(vmcb, page, regs);
	put(vmcb, VMCB_DR7, 0x400);
	put(vmcb, VMCB_DR6, 0xffff0ff0);
	put(vmcb, VMCB_RFLAGS, 0x3002);
	put(vmcb, VMCB_RIP, rip);
	put(vmcb, VMCB_RSP, payload_gpa(vmcb->r, page) + 0xff0);
	put(vmcb, VMCB_PAT, PAT_AT_RESET);
}

static void put_registers(const struct vmcb *vmcb, const struct tdp_sregs *regs)
{
	put(vmcb, VMCB_EFER, regs->efer);
	put(vmcb, VMCB_CR4, regs->cr4);
	put(vmcb, VMCB_CR3, regs->cr3);
	put(vmcb, VMCB_CR0, regs->cr0);
}

void nested_put_l1(struct runner *r, uint8_t *buffer,
		   const struct tdp_sregs *l1)
{
	const struct vmcb vmcb = { .r = r, .buffer = buffer };

	put_code(&vmcb, PAYLOAD_SUPERVISOR, l1_resumes_at(r), l1);
	put_registers(&vmcb, l1);
}

/* What the scenario says nothing of: where L2 runs, and how it comes back. */
static void put_rest(struct runner *r, uint64_t gpa, const struct tdp_sregs *l2)
{
	const struct vmcb vmcb = { .r = r, .gpa = gpa };

	put_code(&vmcb, PAYLOAD_L2, payload_gpa(r, PAYLOAD_L2), l2);
	vmcb_put(r, gpa, VMCB_MISC2,
		 vmcb_get(r, gpa, VMCB_MISC2, 4) | MISC2_VMMCALL, 4);
}

static void read_l2(struct runner *r, uint64_t vmcb, struct tdp_sregs *l2)
{
	*l2 = (struct tdp_sregs){
		.cr0 = vmcb_get(r, vmcb, VMCB_CR0, 8),
		.cr3 = vmcb_get(r, vmcb, VMCB_CR3, 8),
		.cr4 = vmcb_get(r, vmcb, VMCB_CR4, 8),
		.efer = vmcb_get(r, vmcb, VMCB_EFER, 8),
	};
	/* SVM computes LMA by itself. */
	l2->efer &= ~EFER_LMA;
	if ((l2->efer & EFER_LME) && (l2->cr0 & CR0_PG))
		l2->efer |= EFER_LMA;
}

/* VMRUN ------------------------------------------------------------------------- */

/* VMRUN wants it; where the scenario has L1's VMRUN, it is the scenario's. */
static int set_hsave(struct runner *r, struct vcpu *v)
{
	union {
		struct kvm_msrs head;
		uint8_t bytes[sizeof(struct kvm_msrs) +
			      sizeof(struct kvm_msr_entry)];
	} msrs = { .head.nmsrs = 1 };
	struct kvm_msr_entry *entry = msrs.head.entries;
	json_t *op;

	entry->index = MSR_VM_HSAVE_PA;
	if (ioctl(v->fd, KVM_GET_MSRS, &msrs) != 1)
		return skip(r, "the guest has no SVM");
	if (entry->data)
		return 0;
	entry->data = payload_gpa(r, PAYLOAD_HSAVE);
	if (ioctl(v->fd, KVM_SET_MSRS, &msrs) != 1)
		return skip(r, "VM_HSAVE_PA can't be set");
	op = op_add(r, "set_msr");
	json_object_set_new(op, "vcpu", json_integer(v->id));
	json_object_set_new(op, "msr", hex(MSR_VM_HSAVE_PA));
	json_object_set_new(op, "value", hex(entry->data));
	return 0;
}

static int check_l1(struct runner *r, struct vcpu *v, struct tdp_sregs *l1)
{
	if (!r->amd)
		return skip(r, "the runner has no L1 for VMX");
	if (v->in_l2)
		return skip(r, "L2 has no L2 of its own");
	if (vcpu_in_smm(v))
		return skip(r, "VMRUN is undefined in SMM");
	vcpu_get_sregs(v, l1);
	if (!(l1->efer & EFER_SVME))
		return skip(r, "L1 has not set EFER.SVME");
	return 0;
}

/* Is it an address at which KVM will find a vmcb12? */
static bool is_vmcb(struct runner *r, uint64_t vmcb)
{
	return !(vmcb % PAGE_BYTES) && memory_for_write(r, 0, vmcb);
}

/* Where L2 runs, with its own tables and L1's nested ones. */
int nested_link(struct runner *r, struct vcpu *v, const struct tdp_sregs *l1,
		const struct tdp_sregs *l2)
{
	uint64_t vmcb = v->l2.vmcb;
	struct place place = { .page = PAYLOAD_L2 };

	v->l2.np = r->npt && (vmcb_get(r, vmcb, VMCB_NESTED, 8) & 1);
	v->l2.l1 = v->l2.npt = *l1;
	v->l2.own = *l2;
	v->l2.npt.cr3 = vmcb_get(r, vmcb, VMCB_NCR3, 8);
	if (v->l2.np)
		place.npt = &v->l2.npt;
	if (v->l2.np && tables_link_nested(r, &v->l2.npt))
		return -1;
	return tables_link(r, &place, l2) < 0 ? -1 : 0;
}

static int make_l2(struct runner *r, struct vcpu *v, const struct tdp_sregs *l1)
{
	uint64_t vmcb = v->l2.vmcb;
	struct tdp_sregs l2;

	v->l2.np = false;
	if (!is_vmcb(r, vmcb))
		return 0;
	read_l2(r, vmcb, &l2);
	if (vmcb_get(r, vmcb, VMCB_MISC1, 4) & MISC1_IO)
		return skip(r, "L1 intercepts port I/O, by which L2's code "
			       "ends");
	if (r->tcg && (l2.efer & EFER_LME) && !(l2.cr0 & CR0_PG))
		return skip(r, "QEMU's emulation does not come back from a "
			       "guest with EFER.LME and without paging");
	put_rest(r, vmcb, &l2);
	return nested_link(r, v, l1, &l2);
}

static void op_vmrun(struct runner *r, const struct vcpu *v)
{
	json_t *op;

	op_guest_access(r, v, "fetch", vmrun_gpa(r), false);
	op = op_add(r, "vmrun");
	json_object_set_new(op, "vcpu", json_integer(v->id));
	json_object_set_new(op, "vmcb", hex(v->l2.vmcb));
	if (!r->nrips)
		json_object_set_new(op, "rip", hex(vmrun_gpa(r)));
	op_guest_access(r, v, "fetch", payload_gpa(r, PAYLOAD_L2), false);
	op_on(op_guest_access(r, v, "fetch", l1_resumes_at(r), false),
	      "nested_exit");
}

/* L2's first instruction is its port I/O. */
static int vmrun(struct runner *r, struct vcpu *v, const struct tdp_sregs *l1)
{
	const struct registers registers = { .rax = v->l2.vmcb };
	uint8_t *code = payload_host(r, PAYLOAD_L2);

	if (code_prepare(r, v, false) || make_l2(r, v, l1))
		return -1;
	code[0] = 0xe6;
	code[1] = PORT_DONE;
	op_vmrun(r, v);
	return run_at(r, v, vmrun_gpa(r), &registers);
}

int step_vmrun(struct runner *r, struct vcpu *v)
{
	struct tdp_sregs l1;

	if (check_l1(r, v, &l1))
		return -1;
	v->l2.vmcb = number(r, "vmcb");
	return vmrun(r, v, &l1);
}

/* Of vmcs12, and of nothing in vmcb12. */
const char *nested_vmx_argument(const struct runner *r)
{
	static const char *const names[] = {
		"apic_access", "virtual_apic", "pi_desc", "cr8_exiting",
		"mbec",        "vpid",         "pml",     "eptp_list",
	};
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (tdp_step_has(r->scenario, r->step, names[i]))
			return names[i];
	return NULL;
}

/* vmcb12 that says what the step says, in the payload's memory. */
void nested_describe(struct runner *r, uint64_t gpa, const struct tdp_sregs *l2)
{
	const struct vmcb vmcb = { .r = r, .gpa = gpa };
	bool msrs = tdp_step_has(r->scenario, r->step, "msr_bitmap");

	vmcb_put(r, gpa, VMCB_MISC1, msrs ? MISC1_MSR : 0, 4);
	vmcb_put(r, gpa, VMCB_MISC2, MISC2_VMRUN | MISC2_VMMCALL, 4);
	vmcb_put(r, gpa, VMCB_ASID, 1, 4);
	put(&vmcb, VMCB_MSRPM, number(r, "msr_bitmap"));
	put(&vmcb, VMCB_NESTED, number(r, "tdp"));
	put(&vmcb, VMCB_NCR3, number(r, "root"));
	put_registers(&vmcb, l2);
}

int step_nested_enter(struct runner *r, struct vcpu *v)
{
	struct tdp_sregs l1, l2;
	const char *other = nested_vmx_argument(r);

	if (check_l1(r, v, &l1))
		return -1;
	if (other)
		return skip(r, "vmcb12 has no %s", other);
	if (set_hsave(r, v))
		return -1;
	l2 = l1;
	tdp_step_sregs(r->scenario, r->step, &l2);
	v->l2.vmcb = payload_gpa(r, PAYLOAD_VMCB);
	nested_describe(r, v->l2.vmcb, &l2);
	return vmrun(r, v, &l1);
}

/* #VMEXIT ----------------------------------------------------------------------- */

/* What L2 can do to exit, if L1 intercepts it. */
static const struct {
	uint32_t code;
	unsigned int word, bit;
	const char *bytes;
} exits[] = {
	{ 0x72, VMCB_MISC1, 18, "0f a2" }, /* CPUID */
	{ 0x78, VMCB_MISC1, 24, "f4" },    /* HLT */
	{ EXIT_VMMCALL, VMCB_MISC2, 1, "0f 01 d9" },
};

static const char *exit_code(struct runner *r, const struct vcpu *v,
			     uint64_t code)
{
	unsigned int i;

	for (i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
		if (exits[i].code == code &&
		    (vmcb_get(r, v->l2.vmcb, exits[i].word, 4) >> exits[i].bit &
		     1))
			return exits[i].bytes;
	return NULL;
}

/* The scenario's interrupt is VMMCALL here: it comes when it is to come. */
int step_nested_exit(struct runner *r, struct vcpu *v)
{
	uint64_t exit = tdp_step_has(r->scenario, r->step, "code") ?
				number(r, "code") :
				EXIT_VMMCALL;
	const struct registers none = { 0 };
	struct code code = { .nr = 0 };
	const char *bytes;
	json_t *op;

	if (!v->in_l2)
		return skip(r, "the vCPU is not in L2");
	bytes = exit_code(r, v, exit);
	if (!bytes)
		return skip(r, "no payload of L2 makes this exit");
	if (code_prepare(r, v, false))
		return -1;
	code_add(&code, bytes);
	code_place(r, v, &code, false);
	op_guest_access(r, v, "fetch", code_gpa(r, v), false);
	op = op_add(r, "nested_exit");
	json_object_set_new(op, "vcpu", json_integer(v->id));
	json_object_set_new(op, "code", hex(exit));
	op_l1_goes_on(r, v);
	return run_at(r, v, code_gpa(r, v), &none);
}
