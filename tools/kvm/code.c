/* SPDX-License-Identifier: MIT */
/* Payloads: code that the guest runs, and where it lies. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "runner.h"

#define AT_STUB            0xc0u /* in the supervisor's page: only the port I/O */
#define AT_STACK           0xff0u
#define AT_FRAME           0xe00u
#define SELECTOR_USER_CODE 0x1bu
#define SELECTOR_USER_DATA 0x23u
#define RFLAGS             0x3002u /* IOPL 3 */
#define RFLAGS_AC          0x40000u

#define CR0_PG             UINT64_C(0x80000000)
#define CR0_PE             UINT64_C(1)
#define CR4_PAE            UINT64_C(0x20)
#define EFER_LMA           UINT64_C(0x400)
#define PTE_A              UINT64_C(0x20)

/* Code ------------------------------------------------------------------------------------ */

struct place place_of(const struct vcpu *v)
{
	return (struct place){
		.as_id = vcpu_in_smm(v),
		.page = v->in_l2 ? PAYLOAD_L2 : PAYLOAD_SUPERVISOR,
		.npt = v->in_l2 && v->l2.np ? &v->l2.npt : NULL,
	};
}

uint64_t code_gpa(const struct runner *r, const struct vcpu *v)
{
	return payload_gpa(r, place_of(v).page);
}

void code_add(struct code *code, const char *bytes)
{
	unsigned int byte;
	const char *at;

	for (at = bytes; sscanf(at, "%2x", &byte) == 1; at += 2) {
		code->bytes[code->nr++] = (uint8_t)byte;
		if (at[2] == ' ')
			at++;
	}
}

bool vcpu_in_smm(const struct vcpu *v)
{
	struct kvm_vcpu_events events = { 0 };

	ioctl(v->fd, KVM_GET_VCPU_EVENTS, &events);
	return events.smi.smm;
}

/* Segments of CPL 0.  PAE: KVM reads the PDPTEs again, so the model has to. */
static int enter_cpl(struct runner *r, struct vcpu *v, bool again)
{
	struct kvm_sregs2 sregs = { 0 };
	struct kvm_segment before, after;
	struct kvm_dtable idt;

	if (ioctl(v->fd, KVM_GET_SREGS2, &sregs) < 0)
		return skip(r, "KVM_GET_SREGS2: %s", strerror(errno));
	before = sregs.cs;
	idt = sregs.idt;
	payload_segments(r, place_of(v).page, &sregs);
	after = sregs.cs;
	if (!again && !v->rsm && before.selector == after.selector &&
	    before.l == after.l && before.db == after.db &&
	    before.base == after.base && before.limit == after.limit &&
	    idt.base == sregs.idt.base && idt.limit == sregs.idt.limit)
		return 0;
	sregs.flags = 0;
	if (ioctl(v->fd, KVM_SET_SREGS2, &sregs) < 0)
		return skip(r, "segments: %s", strerror(errno));
	v->rsm = false;
	if ((sregs.cr0 & CR0_PG) && (sregs.cr4 & CR4_PAE) &&
	    !(sregs.efer & EFER_LMA))
		json_object_set_new(op_add(r, "set_sregs"), "vcpu",
				    json_integer(v->id));
	return 0;
}

json_t *op_guest_access(struct runner *r, const struct vcpu *v,
			const char *kind, uint64_t gva, bool user)
{
	json_t *op = op_add(r, "access");

	json_object_set_new(op, "vcpu", json_integer(v->id));
	json_object_set_new(op, "kind", json_string(kind));
	json_object_set_new(op, "gva", hex(gva));
	if (user)
		json_object_set_new(op, "user", json_integer(1));
	return op;
}

void op_l1_goes_on(struct runner *r, const struct vcpu *v)
{
	if (v->in_l2)
		op_on(op_guest_access(r, v, "fetch", l1_resumes_at(r), false),
		      "nested_exit");
}

/*
 * If the guest faults: delivery pushes onto the stack of CPL 0, which makes its
 * page dirty, and goes on at the handler.  Real mode has neither.
 */
static void op_delivery(struct runner *r, struct vcpu *v)
{
	uint64_t page = code_gpa(r, v);
	struct tdp_sregs sregs;

	vcpu_get_sregs(v, &sregs);
	if (!(sregs.cr0 & CR0_PE))
		return;
	op_on(op_guest_access(r, v, "write", page + AT_STACK - 8, false),
	      "fault");
	op_on(op_guest_access(r, v, "fetch", page, false), "fault");
}

int code_prepare(struct runner *r, struct vcpu *v, bool user)
{
	const struct place place = place_of(v);
	struct tdp_sregs sregs;
	int linked;

	if (v->dead)
		return skip(r, "%s", v->dead);
	vcpu_get_sregs(v, &sregs);
	if (user && !(sregs.cr0 & CR0_PE))
		return skip(r, "real mode has no CPL 3");
	linked = tables_link(r, &place, &sregs);
	if (linked < 0)
		return -1;
	return enter_cpl(r, v, linked);
}

/* An operand of sixteen bytes in the page of the code. */
uint64_t payload_operand(const struct runner *r, const struct vcpu *v,
			 uint64_t low, uint64_t high)
{
	const uint64_t operand[2] = { low, high };

	memcpy(payload_host(r, place_of(v).page) + AT_FRAME, operand, 16);
	return code_gpa(r, v) + AT_FRAME;
}

/* The frame that IRET finds: code of CPL 3 with IOPL 3. */
static void put_frame(struct runner *r, const struct vcpu *v, bool is_long)
{
	const uint64_t frame[] = {
		payload_gpa(r, PAYLOAD_USER),
		SELECTOR_USER_CODE,
		RFLAGS | (v->ac ? RFLAGS_AC : 0),
		payload_gpa(r, PAYLOAD_USER) + AT_STACK,
		SELECTOR_USER_DATA,
	};
	unsigned int bytes = is_long ? 8 : 4, i;
	uint8_t *at = payload_host(r, place_of(v).page) + AT_FRAME;

	for (i = 0; i < 5; i++)
		memcpy(at + i * bytes, &frame[i], bytes);
}

/*
 * QEMU 7.2 sets Accessed in PAE's PDPTEs under NPT, which have no such bit: the
 * next load of them would fail.  What it has set is taken back.
 */
struct pdptes {
	unsigned int nr;
	uint64_t at[12], value[12];
};

static void keep_four(struct runner *r, const struct place *place,
		      const struct tdp_sregs *sregs, struct pdptes *p)
{
	const struct tdp_sregs unpaged = { 0 };
	unsigned int i;
	uint64_t at;

	if (!(sregs->cr0 & CR0_PG) || !(sregs->cr4 & CR4_PAE) ||
	    (sregs->efer & EFER_LMA))
		return;
	for (i = 0; i < 4; i++) {
		if (!tables_walk(r, place, &unpaged,
				 (sregs->cr3 & 0xffffffe0) + i * 8, &at) ||
		    !memory_read(r, place->as_id, at, &p->value[p->nr], 8))
			continue;
		p->at[p->nr++] = at;
	}
}

static void pdptes_keep(struct runner *r, const struct vcpu *v,
			struct pdptes *p)
{
	const struct place place = place_of(v), l1 = { .as_id = 0 };
	const struct place l2 = { .npt = v->l2.np ? &v->l2.npt : NULL };
	struct tdp_sregs sregs;

	p->nr = 0;
	if (!r->tcg || place.as_id)
		return;
	vcpu_get_sregs((struct vcpu *)v, &sregs);
	keep_four(r, &place, &sregs, p);
	keep_four(r, &l1, &v->l2.l1, p);
	keep_four(r, &l2, &v->l2.own, p);
}

static void pdptes_restore(struct runner *r, const struct pdptes *p)
{
	uint64_t now;
	unsigned int i;

	for (i = 0; i < p->nr; i++)
		if (memory_read(r, 0, p->at[i], &now, 8) &&
		    now == (p->value[i] | PTE_A) && now != p->value[i])
			memory_write(r, 0, p->at[i], p->value[i], 8);
}

/* CPL 3 is entered by an IRET at CPL 0: so the IDT's page is mapped too. */
void code_place(struct runner *r, struct vcpu *v, const struct code *code,
		bool user)
{
	uint8_t *page = payload_host(r, place_of(v).page), *at = page;
	struct tdp_sregs sregs;
	bool is_long;

	page[AT_STUB] = 0xe6;
	page[AT_STUB + 1] = PORT_DONE;
	if (user) {
		vcpu_get_sregs(v, &sregs);
		is_long = sregs.efer & EFER_LMA;
		put_frame(r, v, is_long);
		page[0] = is_long ? 0x48 : 0xcf; /* iretq, iret */
		page[1] = 0xcf;
		at = payload_host(r, PAYLOAD_USER);
	}
	memcpy(at, code->bytes, code->nr);
	at[code->nr] = 0xe6;
	at[code->nr + 1] = PORT_DONE;
}

int run_at(struct runner *r, struct vcpu *v, uint64_t rip,
	   const struct registers *registers)
{
	bool user = registers->user;
	struct kvm_regs regs = {
		.rip = rip,
		.rsp = code_gpa(r, v) + (user ? AT_FRAME : AT_STACK),
		.rflags = RFLAGS | (v->ac ? RFLAGS_AC : 0),
		.rax = registers->rax,
		.rbx = registers->rbx,
		.rcx = registers->rcx,
		.rdx = registers->rdx,
	};
	struct pdptes pdptes;

	if (ioctl(v->fd, KVM_SET_REGS, &regs) < 0)
		return skip(r, "KVM_SET_REGS: %s", strerror(errno));
	pdptes_keep(r, v, &pdptes);
	run_once(r, v);
	pdptes_restore(r, &pdptes);
	return 0;
}

int run_code(struct runner *r, struct vcpu *v, const struct code *code,
	     const struct registers *registers)
{
	if (code_prepare(r, v, false))
		return -1;
	code_place(r, v, code, false);
	op_guest_access(r, v, "fetch", code_gpa(r, v), false);
	op_add(r, "verb");
	if (code->refetch)
		op_guest_access(r, v, "fetch", code_gpa(r, v) + code->nr,
				false);
	op_delivery(r, v);
	op_l1_goes_on(r, v);
	return run_at(r, v, code_gpa(r, v), registers);
}

/* Where an SMI's RSM goes back to: the stub, at CPL 0. */
int prepare_return(struct runner *r, struct vcpu *v)
{
	struct kvm_regs regs = {
		.rip = code_gpa(r, v) + AT_STUB,
		.rsp = code_gpa(r, v) + AT_STACK,
		.rflags = RFLAGS,
	};
	const struct code none = { .nr = 0 };

	if (code_prepare(r, v, false))
		return -1;
	code_place(r, v, &none, false);
	if (ioctl(v->fd, KVM_SET_REGS, &regs) < 0)
		return skip(r, "KVM_SET_REGS: %s", strerror(errno));
	return 0;
}

void op_return(struct runner *r, const struct vcpu *v)
{
	op_guest_access(
		r, v, "fetch",
		payload_gpa(r, v->smi_in_l2 ? PAYLOAD_L2 : PAYLOAD_SUPERVISOR) +
			AT_STUB,
		false);
}

/* Accesses ------------------------------------------------------------------------------- */

static const struct {
	const char *kind;
	const char *code;
} accesses[] = {
	{ "read", "8a 03" },      /* mov (%rbx),%al */
	{ "write", "88 03" },     /* mov %al,(%rbx) */
	{ "rmw", "f0 80 0b 00" }, /* lock orb $0,(%rbx) */
	{ "fetch", "ff e3" },     /* jmp *%rbx */
};

/* What lies where the guest jumps to. */
struct target {
	bool put;
	unsigned int as_id;
	uint64_t gpa;
	uint16_t saved;
};

/*
 * Code where the guest jumps to, unless nothing can be reached there.  That
 * may be one of its page tables: so the model hears of it.
 */
static int put_target(struct runner *r, const struct vcpu *v, uint64_t gva,
		      struct target *target)
{
	const struct place place = place_of(v);
	struct tdp_sregs sregs;
	const struct piece *piece;
	uint64_t hva;

	*target = (struct target){ .as_id = place.as_id };
	vcpu_get_sregs((struct vcpu *)v, &sregs);
	if (!tables_walk(r, &place, &sregs, gva, &target->gpa))
		return 0;
	piece = piece_at(r, place.as_id, target->gpa, &hva);
	if (!piece || piece->backing == TDP_BACKING_UNMAPPED ||
	    piece->backing == TDP_BACKING_PROT_NONE ||
	    piece->backing == TDP_BACKING_UFFD_MISSING)
		return 0;
	if (piece->untouched || piece->host_readonly ||
	    gva % PAGE_BYTES == PAGE_BYTES - 1)
		return skip(r, "no code can be put where the guest fetches");
	memcpy(&target->saved, (const void *)hva, 2);
	op_write(r, target->as_id, target->gpa, PORT_DONE << 8 | 0xe6, 2);
	target->put = true;
	return 0;
}

/* What was there is put back. */
static void take_target(struct runner *r, const struct target *target)
{
	if (target->put)
		op_write(r, target->as_id, target->gpa, target->saved, 2);
}

/* The byte that is there already: a write leaves memory as it is. */
static uint8_t byte_at(struct runner *r, struct vcpu *v, uint64_t gva)
{
	const struct place place = place_of(v);
	struct tdp_sregs sregs;
	uint8_t byte = 0;
	uint64_t gpa;

	vcpu_get_sregs(v, &sregs);
	if (tables_walk(r, &place, &sregs, gva, &gpa))
		memory_read(r, place.as_id, gpa, &byte, 1);
	return byte;
}

static void op_data(struct runner *r, struct vcpu *v, const char *kind,
		    uint64_t gva, bool user, uint8_t value)
{
	json_t *op = op_guest_access(r, v, kind, gva, user);

	json_object_set_new(op, "size", json_integer(1));
	if (!strcmp(kind, "write"))
		json_object_set_new(op, "value", hex(value));
}

/*
 * QEMU with one CPU makes a locked access a read and then a write, since
 * nobody can come between.
 */
static void op_named(struct runner *r, struct vcpu *v, const char *kind,
		     uint64_t gva, bool user, uint8_t value)
{
	if (!strcmp(kind, "fetch")) {
		op_guest_access(r, v, kind, gva, user);
	} else if (!strcmp(kind, "rmw") && r->tcg) {
		op_data(r, v, "read", gva, user, value);
		op_data(r, v, "write", gva, user, value);
	} else {
		op_data(r, v, kind, gva, user, value);
	}
}

int run_access(struct runner *r, struct vcpu *v, const char *kind, uint64_t gva,
	       bool user)
{
	struct registers registers = { .rbx = gva, .user = user };
	struct code code = { .nr = 0 };
	struct tdp_sregs sregs;
	struct target target = { .put = false };
	unsigned int i;
	int ret;

	vcpu_get_sregs(v, &sregs);
	if (gva >> 32 && !(sregs.efer & EFER_LMA))
		return skip(r, "a linear address has 32 bits in this mode");
	if (code_prepare(r, v, user))
		return -1;
	if (!strcmp(kind, "fetch") && put_target(r, v, gva, &target))
		return -1;
	for (i = 0; i < sizeof(accesses) / sizeof(accesses[0]); i++)
		if (!strcmp(accesses[i].kind, kind))
			code_add(&code, accesses[i].code);
	if (strcmp(kind, "fetch") != 0)
		registers.rax = byte_at(r, v, gva);
	code_place(r, v, &code, user);
	op_guest_access(r, v, "fetch", code_gpa(r, v), false);
	if (user)
		op_guest_access(r, v, "fetch", payload_gpa(r, PAYLOAD_USER),
				true);
	op_named(r, v, kind, gva, user, (uint8_t)registers.rax);
	/* A write to the guest's tables may take the payload's mapping along. */
	if (strcmp(kind, "fetch") != 0)
		op_guest_access(
			r, v, "fetch",
			(user ? payload_gpa(r, PAYLOAD_USER) : code_gpa(r, v)) +
				code.nr,
			user);
	op_delivery(r, v);
	op_l1_goes_on(r, v);
	ret = run_at(r, v, code_gpa(r, v), &registers);
	take_target(r, &target);
	return ret;
}
