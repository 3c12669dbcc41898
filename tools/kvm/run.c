/* SPDX-License-Identifier: MIT */
/* KVM_RUN: with a payload, and how it ends. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include "runner.h"

#define PORT_DONE          0x10
#define PORT_VECTOR        0x40 /* and up: an exception was delivered */
#define VECTOR_PF          14
#define AT_STUB            0xc0u /* in the supervisor's page: only the port I/O */
#define AT_STACK           0xff0u
#define AT_FRAME           0xe00u
#define SELECTOR_USER_CODE 0x1bu
#define SELECTOR_USER_DATA 0x23u
#define RFLAGS             0x3002u /* IOPL 3 */
#define RFLAGS_AC          0x40000u
#define LIMIT_SECONDS      2
#define UNWRITTEN          255u /* no exit reason */

#define CR0_PG             UINT64_C(0x80000000)
#define CR0_PE             UINT64_C(1)
#define CR4_PAE            UINT64_C(0x20)
#define EFER_LMA           UINT64_C(0x400)

static volatile sig_atomic_t alarmed;

static void on_alarm(int signal)
{
	(void)signal;
	alarmed = 1;
}

static void set_alarm(unsigned int seconds)
{
	const struct itimerval limit = { .it_value.tv_sec = seconds };
	struct sigaction action = { .sa_handler = on_alarm };

	if (seconds)
		alarmed = 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &limit, NULL);
}

/* A signal that is pending inside KVM_RUN and blocked outside. */
static void pend_signal(const struct vcpu *v, bool pend)
{
	/* struct kvm_signal_mask: the length of a set, and an empty set */
	uint32_t data[3] = { 8 };
	const struct timespec now = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	if (pend) {
		sigprocmask(SIG_BLOCK, &set, NULL);
		ioctl(v->fd, KVM_SET_SIGNAL_MASK, data);
		raise(SIGUSR1);
		return;
	}
	sigtimedwait(&set, NULL, &now);
	ioctl(v->fd, KVM_SET_SIGNAL_MASK, NULL);
}

/* How it ended ------------------------------------------------------------------------ */

static void describe_exception(struct runner *r, const struct vcpu *v,
			       unsigned int vector)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	uint64_t code = 0, at;

	line_number(r, "exception", vector);
	if (ioctl(v->fd, KVM_GET_REGS, &regs) < 0 ||
	    ioctl(v->fd, KVM_GET_SREGS, &sregs) < 0)
		return;
	at = regs.rsp - payload_gpa(r, PAYLOAD_SUPERVISOR);
	if ((vector == 8 || (vector >= 10 && vector <= 14)) &&
	    at < PAGE_BYTES - 4) {
		memcpy(&code, payload_host(r, PAYLOAD_SUPERVISOR) + at, 4);
		line_hex(r, "error_code", code);
	}
	if (vector == VECTOR_PF)
		line_hex(r, "fault_address", sregs.cr2);
}

static void describe_exit(struct runner *r, struct vcpu *v)
{
	const struct kvm_run *run = v->run;
	const char *name = "";

	line_number(r, "exit", run->exit_reason);
	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		name = "IO";
		line_hex(r, "port", run->io.port);
		if (run->io.port >= PORT_VECTOR)
			describe_exception(r, v, run->io.port - PORT_VECTOR);
		break;
	case KVM_EXIT_MMIO:
		name = "MMIO";
		line_hex(r, "gpa", run->mmio.phys_addr);
		line_number(r, "len", run->mmio.len);
		line_number(r, "is_write", run->mmio.is_write);
		break;
	case KVM_EXIT_SHUTDOWN:
		name = "SHUTDOWN";
		v->dead = "the vCPU shut down in an earlier step";
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		name = "INTERNAL_ERROR";
		line_number(r, "suberror", run->internal.suberror);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		name = "FAIL_ENTRY";
		line_hex(r, "hardware_reason",
			 run->fail_entry.hardware_entry_failure_reason);
		break;
	case KVM_EXIT_HLT:
		name = "HLT";
		break;
	case KVM_EXIT_MEMORY_FAULT:
		name = "MEMORY_FAULT";
		break;
	default:
		break;
	}
	line_text(r, "exit_s", name);
	line_number(r, "run_flags", run->flags);
}

/* Only the alarm ended the call: unless it is the scenario's late signal. */
static void describe_alarm(struct runner *r, struct vcpu *v)
{
	if (alarmed && !v->late)
		line_number(r, "endless", 1);
	if (alarmed)
		v->late = 0;
}

/* Let KVM finish an instruction that went to userspace, without the guest. */
static void complete(struct vcpu *v)
{
	unsigned int i;

	v->run->immediate_exit = 1;
	for (i = 0; i < 8; i++)
		if (ioctl(v->fd, KVM_RUN, 0) < 0)
			break;
	v->run->immediate_exit = 0;
}

int run_once(struct runner *r, struct vcpu *v)
{
	int ret, error;

	if (v->signal)
		pend_signal(v, true);
	set_alarm(LIMIT_SECONDS);
	ret = ioctl(v->fd, KVM_RUN, 0);
	error = errno;
	set_alarm(0);
	if (v->signal)
		pend_signal(v, false);
	v->signal = false;
	errno = error;
	line_result(r, "KVM_RUN", ret);
	describe_alarm(r, v);
	if (ret < 0 && v->run->exit_reason != KVM_EXIT_MEMORY_FAULT)
		return ret;
	describe_exit(r, v);
	if (!ret && (v->run->exit_reason == KVM_EXIT_IO ||
		     v->run->exit_reason == KVM_EXIT_MMIO))
		complete(v);
	return ret;
}

int run_until_entry(struct runner *r, struct vcpu *v)
{
	bool asked = v->signal;
	int ret, error;

	pend_signal(v, true);
	set_alarm(LIMIT_SECONDS);
	ret = ioctl(v->fd, KVM_RUN, 0);
	error = errno;
	set_alarm(0);
	pend_signal(v, false);
	v->signal = false;
	errno = error;
	if (ret < 0 && error == EINTR && !asked && !alarmed) {
		line_result(r, "KVM_RUN", 0);
		line_number(r, "until_entry", 1);
		return 0;
	}
	line_result(r, "KVM_RUN", ret);
	describe_alarm(r, v);
	if (!ret)
		describe_exit(r, v);
	return 0;
}

/* KVM_PRE_FAULT_MEMORY: how far it came is in @range. */
int prefault(struct runner *r, struct vcpu *v,
	     struct kvm_pre_fault_memory *range)
{
	uint32_t before = v->run->exit_reason;
	json_t *out = json_object();
	int ret, error;

	if (v->signal)
		return skip(r, "no signal can be pending when the call begins");
	if (v->late && range->size / PAGE_BYTES >= v->late)
		return skip(r, "the moment of a signal can't be chosen");
	v->run->exit_reason = UNWRITTEN;
	set_alarm(LIMIT_SECONDS);
	ret = ioctl(v->fd, KVM_PRE_FAULT_MEMORY, range);
	error = errno;
	set_alarm(0);
	errno = error;
	line_result(r, "KVM_PRE_FAULT_MEMORY", ret);
	describe_alarm(r, v);
	json_object_set_new(out, "gpa", hex(range->gpa));
	json_object_set_new(out, "size", hex(range->size));
	json_object_set_new(r->line, "out", out);
	if (v->run->exit_reason != UNWRITTEN)
		line_number(r, "run_exit", v->run->exit_reason);
	v->run->exit_reason = before;
	return 0;
}

/* Payloads -------------------------------------------------------------------------------- */

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
static int enter_cpl(struct runner *r, struct vcpu *v)
{
	struct kvm_sregs2 sregs = { 0 };
	struct kvm_segment before, after;

	if (ioctl(v->fd, KVM_GET_SREGS2, &sregs) < 0)
		return skip(r, "KVM_GET_SREGS2: %s", strerror(errno));
	before = sregs.cs;
	payload_segments(r, &sregs);
	after = sregs.cs;
	if (!v->rsm && before.selector == after.selector &&
	    before.l == after.l && before.db == after.db &&
	    before.base == after.base && before.limit == after.limit)
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

static json_t *op_access(struct runner *r, const struct vcpu *v,
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

/*
 * If the guest faults: delivery pushes onto the stack of CPL 0, which makes its
 * page dirty, and goes on at the handler.  Real mode has neither.
 */
static void op_delivery(struct runner *r, struct vcpu *v)
{
	uint64_t page = payload_gpa(r, PAYLOAD_SUPERVISOR);
	struct tdp_sregs sregs;

	vcpu_get_sregs(v, &sregs);
	if (!(sregs.cr0 & CR0_PE))
		return;
	json_object_set_new(
		op_access(r, v, "write", page + AT_STACK - 8, false), "on",
		json_string("fault"));
	json_object_set_new(op_access(r, v, "fetch", page, false), "on",
			    json_string("fault"));
}

static int prepare(struct runner *r, struct vcpu *v, bool user)
{
	struct tdp_sregs sregs;

	if (v->dead)
		return skip(r, "%s", v->dead);
	vcpu_get_sregs(v, &sregs);
	if (user && !(sregs.cr0 & CR0_PE))
		return skip(r, "real mode has no CPL 3");
	if (tables_link(r, vcpu_in_smm(v), &sregs) < 0)
		return -1;
	return enter_cpl(r, v);
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
	uint8_t *at = payload_host(r, PAYLOAD_SUPERVISOR) + AT_FRAME;

	for (i = 0; i < 5; i++)
		memcpy(at + i * bytes, &frame[i], bytes);
}

/* CPL 3 is entered by an IRET at CPL 0: so the IDT's page is mapped too. */
static void place_code(struct runner *r, struct vcpu *v,
		       const struct code *code, bool user)
{
	uint8_t *page = payload_host(r, PAYLOAD_SUPERVISOR), *at = page;
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

static int start(struct runner *r, struct vcpu *v,
		 const struct registers *registers, bool user)
{
	struct kvm_regs regs = {
		.rip = payload_gpa(r, PAYLOAD_SUPERVISOR),
		.rsp = payload_gpa(r, PAYLOAD_SUPERVISOR) +
		       (user ? AT_FRAME : AT_STACK),
		.rflags = RFLAGS | (v->ac ? RFLAGS_AC : 0),
		.rax = registers->rax,
		.rbx = registers->rbx,
		.rcx = registers->rcx,
		.rdx = registers->rdx,
	};

	if (ioctl(v->fd, KVM_SET_REGS, &regs) < 0)
		return skip(r, "KVM_SET_REGS: %s", strerror(errno));
	run_once(r, v);
	return 0;
}

int run_code(struct runner *r, struct vcpu *v, const struct code *code,
	     const struct registers *registers)
{
	if (prepare(r, v, false))
		return -1;
	place_code(r, v, code, false);
	op_access(r, v, "fetch", payload_gpa(r, PAYLOAD_SUPERVISOR), false);
	op_add(r, "verb");
	if (code->refetch)
		op_access(r, v, "fetch",
			  payload_gpa(r, PAYLOAD_SUPERVISOR) + code->nr, false);
	op_delivery(r, v);
	return start(r, v, registers, false);
}

/* Where an SMI's RSM goes back to: the stub, at CPL 0. */
int prepare_return(struct runner *r, struct vcpu *v)
{
	struct kvm_regs regs = {
		.rip = payload_gpa(r, PAYLOAD_SUPERVISOR) + AT_STUB,
		.rsp = payload_gpa(r, PAYLOAD_SUPERVISOR) + AT_STACK,
		.rflags = RFLAGS,
	};
	const struct code none = { .nr = 0 };

	if (prepare(r, v, false))
		return -1;
	place_code(r, v, &none, false);
	if (ioctl(v->fd, KVM_SET_REGS, &regs) < 0)
		return skip(r, "KVM_SET_REGS: %s", strerror(errno));
	return 0;
}

void op_return(struct runner *r, const struct vcpu *v)
{
	op_access(r, v, "fetch", payload_gpa(r, PAYLOAD_SUPERVISOR) + AT_STUB,
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

/*
 * Code where the guest jumps to: what is there is put back.  NULL if nothing
 * can be reached there, so that there is no need of it.
 */
static int put_target(struct runner *r, const struct vcpu *v, uint64_t gva,
		      uint8_t **at, uint8_t saved[2])
{
	static const uint8_t out[2] = { 0xe6, PORT_DONE };
	struct tdp_sregs sregs;
	const struct piece *piece;
	uint64_t gpa, hva;

	*at = NULL;
	vcpu_get_sregs((struct vcpu *)v, &sregs);
	if (!tables_walk(r, vcpu_in_smm(v), &sregs, gva, &gpa))
		return 0;
	piece = piece_at(r, vcpu_in_smm(v), gpa, &hva);
	if (!piece || piece->backing == TDP_BACKING_UNMAPPED ||
	    piece->backing == TDP_BACKING_PROT_NONE ||
	    piece->backing == TDP_BACKING_UFFD_MISSING)
		return 0;
	if (piece->untouched || piece->host_readonly ||
	    gva % PAGE_BYTES == PAGE_BYTES - 1)
		return skip(r, "no code can be put where the guest fetches");
	*at = (uint8_t *)hva;
	memcpy(saved, *at, 2);
	memcpy(*at, out, 2);
	return 0;
}

/* The byte that is there already: a write leaves memory as it is. */
static uint8_t byte_at(struct runner *r, struct vcpu *v, uint64_t gva)
{
	struct tdp_sregs sregs;
	uint8_t byte = 0;
	uint64_t gpa;

	vcpu_get_sregs(v, &sregs);
	if (tables_walk(r, vcpu_in_smm(v), &sregs, gva, &gpa))
		memory_read(r, vcpu_in_smm(v), gpa, &byte, 1);
	return byte;
}

static void op_data(struct runner *r, struct vcpu *v, const char *kind,
		    uint64_t gva, bool user, uint8_t value)
{
	json_t *op = op_access(r, v, kind, gva, user);

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
		op_access(r, v, kind, gva, user);
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
	struct registers registers = { .rbx = gva };
	struct code code = { .nr = 0 };
	struct tdp_sregs sregs;
	uint8_t *target = NULL, saved[2] = { 0 };
	unsigned int i;
	int ret;

	vcpu_get_sregs(v, &sregs);
	if (gva >> 32 && !(sregs.efer & EFER_LMA))
		return skip(r, "a linear address has 32 bits in this mode");
	if (prepare(r, v, user))
		return -1;
	if (!strcmp(kind, "fetch") && put_target(r, v, gva, &target, saved))
		return -1;
	for (i = 0; i < sizeof(accesses) / sizeof(accesses[0]); i++)
		if (!strcmp(accesses[i].kind, kind))
			code_add(&code, accesses[i].code);
	if (strcmp(kind, "fetch") != 0)
		registers.rax = byte_at(r, v, gva);
	place_code(r, v, &code, user);
	op_access(r, v, "fetch", payload_gpa(r, PAYLOAD_SUPERVISOR), false);
	if (user)
		op_access(r, v, "fetch", payload_gpa(r, PAYLOAD_USER), true);
	op_named(r, v, kind, gva, user, (uint8_t)registers.rax);
	/* A write to the guest's tables may take the payload's mapping along. */
	if (strcmp(kind, "fetch") != 0)
		op_access(r, v, "fetch",
			  payload_gpa(r, user ? PAYLOAD_USER :
						PAYLOAD_SUPERVISOR) +
				  code.nr,
			  user);
	op_delivery(r, v);
	ret = start(r, v, &registers, user);
	if (target)
		memcpy(target, saved, 2);
	return ret;
}
