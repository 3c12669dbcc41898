/* SPDX-License-Identifier: MIT */
/*
 * The memory that payloads run in: a memslot that the scenario does not have,
 * and that the recording tells the model of.  One page holds the supervisor's
 * code, tables of descriptors and stack, so that fetching the first
 * instruction maps all that an exception needs.
 */
#include <errno.h>
#include <string.h>

#include "runner.h"

#define PAYLOAD_BYTES (PAYLOAD_PAGES * (uint64_t)PAGE_BYTES)

/* In the supervisor's page. */
#define AT_VMRUN      0xb0u
#define AT_IDT        0x100u
#define AT_GDT        0x300u
#define AT_TSS        0x380u
#define AT_HANDLERS   0x400u
#define HANDLER_BYTES 8u
#define AT_STACK      0xff0u
#define NR_VECTORS    32u

#define CR0_PE        1u
#define EFER_LMA      (1u << 10)

uint64_t payload_gpa(const struct runner *r, enum payload_page page)
{
	return r->payload.gpa + page * (uint64_t)PAGE_BYTES;
}

uint8_t *payload_host(const struct runner *r, enum payload_page page)
{
	return (uint8_t *)r->payload.hva + page * (uint64_t)PAGE_BYTES;
}

uint64_t vmrun_gpa(const struct runner *r)
{
	return payload_gpa(r, PAYLOAD_SUPERVISOR) + AT_VMRUN;
}

uint64_t l1_resumes_at(const struct runner *r)
{
	return vmrun_gpa(r) + 3; /* behind VMRUN */
}

/* Does a step run code in the guest? */
bool payload_slot_wanted(struct runner *r)
{
	struct tdp_setup setup;
	unsigned int step;

	tdp_scenario_setup(r->scenario, &setup);
	for (step = 1; step <= setup.steps; step++) {
		struct tdp_step info;

		tdp_scenario_step(r->scenario, step, &info);
		if (verb_needs_payload(info.verb))
			return true;
	}
	return false;
}

static bool overlaps(const struct tdp_memslot *slot, uint64_t gpa)
{
	return gpa < slot->gpa + slot->size && slot->gpa < gpa + PAYLOAD_BYTES;
}

/* Is it free of all slots that the scenario makes at any time? */
static bool is_free(const struct runner *r, uint64_t gpa)
{
	struct tdp_setup setup;
	unsigned int i;

	tdp_scenario_setup(r->scenario, &setup);
	for (i = 0; i < setup.memslots; i++)
		if (overlaps(tdp_scenario_memslot(r->scenario, i), gpa))
			return false;
	for (i = 1; i <= setup.steps; i++) {
		const struct tdp_memslot *slot = tdp_step_memslot(r->scenario,
								  i);
		uint64_t used = tdp_step_number(r->scenario, i, "gva");

		if ((slot && overlaps(slot, gpa)) ||
		    (used >= gpa && used - gpa < PAYLOAD_BYTES))
			return false;
		used = tdp_step_number(r->scenario, i, "gpa");
		if (used >= gpa && used - gpa < PAYLOAD_BYTES)
			return false;
	}
	return true;
}

/* Below 4 GiB, for guests without long mode; the last is only for those with it. */
static uint64_t choose(const struct runner *r)
{
	static const uint64_t places[] = {
		0xe0000000, 0xd0000000, 0xc8000000, 0x9c000000,
		0x7c000000, 0x5c000000, 0x3c000000, 0x1c000000,
		0x0c000000, 0x07c00000, 0x03c00000, 0x7e0000000,
	};
	unsigned int i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (is_free(r, places[i]))
			return places[i];
	return 0;
}

/* Descriptors ----------------------------------------------------------------------- */

static void put(uint8_t *at, uint64_t value, unsigned int size)
{
	memcpy(at, &value, size);
}

/* SDM: "IDT Descriptors", "64-Bit Mode IDT" (3A). */
static void put_gate(const struct runner *r, enum payload_page page,
		     unsigned int vector, bool is_long)
{
	uint8_t *gate = payload_host(r, page) + AT_IDT +
			vector * (is_long ? 16 : 8);
	uint64_t handler = payload_gpa(r, page) + AT_HANDLERS +
			   vector * HANDLER_BYTES;

	put(gate, handler & 0xffff, 2);
	put(gate + 2, 8, 2); /* code selector */
	put(gate + 4, 0x8e00, 2);
	put(gate + 6, handler >> 16 & 0xffff, 2);
	if (is_long)
		put(gate + 8, handler >> 32, 8);
}

/* Vector N writes to port 0x40 + N. */
static void put_handlers(const struct runner *r, enum payload_page page)
{
	uint8_t *at = payload_host(r, page) + AT_HANDLERS;
	unsigned int vector;

	for (vector = 0; vector < NR_VECTORS; vector++) {
		at[vector * HANDLER_BYTES] = 0xe6;
		at[vector * HANDLER_BYTES + 1] = (uint8_t)(0x40 + vector);
	}
}

static void put_gdt(const struct runner *r, enum payload_page page,
		    bool is_long)
{
	uint8_t *gdt = payload_host(r, page) + AT_GDT;
	uint64_t code = is_long ? 0x00af9b000000ffff : 0x00cf9b000000ffff;
	uint64_t user = is_long ? 0x00affb000000ffff : 0x00cffb000000ffff;

	put(gdt + 8, code, 8);
	put(gdt + 0x10, 0x00cf93000000ffff, 8);
	put(gdt + 0x18, user, 8);
	put(gdt + 0x20, 0x00cff3000000ffff, 8);
}

/* Stack of ring 0.  SDM: "Task-State Segment (TSS)", "Task Management in 64-bit Mode". */
static void put_tss(const struct runner *r, enum payload_page page,
		    bool is_long)
{
	uint8_t *tss = payload_host(r, page) + AT_TSS;
	uint64_t stack = payload_gpa(r, page) + AT_STACK;

	put(tss + 4, stack, is_long ? 8 : 4);
	if (!is_long)
		put(tss + 8, 0x10, 4); /* SS0 */
}

static struct kvm_segment data_segment(unsigned int dpl)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = dpl ? 0x23 : 0x10,
		.type = 3,
		.present = 1,
		.dpl = (uint8_t)dpl,
		.db = 1,
		.s = 1,
		.g = 1,
	};
}

/*
 * Flat 32-bit segments, also for real mode, or 64-bit code in long mode; the
 * tables that an exception is delivered by.
 */
void payload_segments(const struct runner *r, enum payload_page page,
		      struct kvm_sregs2 *sregs)
{
	bool is_long = sregs->efer & EFER_LMA;
	uint64_t base = payload_gpa(r, page);
	struct kvm_segment stack = data_segment(0), code = stack;
	unsigned int vector;

	memset(payload_host(r, page) + AT_IDT, 0, AT_HANDLERS - AT_IDT);
	for (vector = 0; vector < NR_VECTORS; vector++)
		put_gate(r, page, vector, is_long);
	put_handlers(r, page);
	put_gdt(r, page, is_long);
	put_tss(r, page, is_long);
	code.selector = 8;
	code.type = 11;
	code.l = is_long;
	code.db = !is_long;
	sregs->cs = code;
	sregs->ss = stack;
	/* Good at CPL 3 too: IRET leaves them as they are. */
	sregs->ds = sregs->es = sregs->fs = sregs->gs = data_segment(3);
	/*
	 * VM entry wants a busy TSS.  SVM does not care, but QEMU's emulation
	 * takes the type as LTR finds it, before it sets the busy bit, and
	 * gives up on another one when a fault at CPL 3 asks for the stack.
	 */
	sregs->tr = (struct kvm_segment){
		.base = base + AT_TSS,
		.limit = 0x67,
		.selector = 0x28,
		.type = r->amd ? 9 : 11,
		.present = 1,
	};
	sregs->ldt = (struct kvm_segment){ .unusable = 1, .type = 2 };
	sregs->gdt.base = base + AT_GDT;
	sregs->gdt.limit = 0x7f;
	sregs->idt.base = base + AT_IDT;
	/* In real mode no handler can lie here: exceptions end in a shutdown. */
	sregs->idt.limit = sregs->cr0 & CR0_PE ?
				   NR_VECTORS * (is_long ? 16 : 8) - 1 :
				   0;
}

/* The memslot -------------------------------------------------------------------------- */

/* In both address spaces, if the kernel has them: SMM runs it too. */
static int add_slot(struct runner *r, unsigned int as_id, uint64_t hva)
{
	const struct tdp_memslot slot = {
		.slot = PAYLOAD_SLOT,
		.as_id = as_id,
		.gpa = r->payload.gpa,
		.size = PAYLOAD_BYTES,
		.hva = hva,
	};
	json_t *ignored = json_array(), *op;
	int ret = memslot_set(r, &slot, ignored);

	json_decref(ignored);
	if (ret < 0)
		return r->why[0] ? -1 :
				   skip(r, "the payload's memslot: %s",
					strerror(errno));
	r->payload.hva = region_by_slot(r, as_id, PAYLOAD_SLOT)->hva;
	op = op_add(r, "memslot");
	json_object_set_new(op, "slot", json_integer(PAYLOAD_SLOT));
	json_object_set_new(op, "as", json_integer(as_id));
	json_object_set_new(op, "gpa", hex(r->payload.gpa));
	json_object_set_new(op, "size", hex(PAYLOAD_BYTES));
	json_object_set_new(op, "hva", hex(r->payload.hva));
	return 0;
}

/* Is anything of the scenario about SMM? */
static bool uses_smm(const struct runner *r)
{
	static const char *const verbs[] = { "smi", "rsm", "set_vcpu_events" };
	struct tdp_setup setup;
	struct tdp_vcpu_setup vcpu;
	unsigned int i, v;

	tdp_scenario_setup(r->scenario, &setup);
	for (i = 0; i < setup.vcpus; i++) {
		tdp_scenario_vcpu(r->scenario, i, &vcpu);
		if (vcpu.smm)
			return true;
	}
	for (i = 1; i <= setup.steps; i++) {
		struct tdp_step info;

		tdp_scenario_step(r->scenario, i, &info);
		for (v = 0; v < sizeof(verbs) / sizeof(verbs[0]); v++)
			if (!strcmp(verbs[v], info.verb))
				return true;
	}
	return false;
}

int payload_make(struct runner *r)
{
	/*
	 * L1 goes on behind VMRUN, whatever other vCPUs did meanwhile, and sets
	 * GIF, which #VMEXIT has cleared.
	 */
	static const uint8_t vmrun[] = { 0x0f, 0x01,   0xd8, /* VMRUN */
					 0x0f, 0x01,   0xdc, /* STGI */
					 0xe6, PORT_L1 };

	r->payload.gpa = choose(r);
	if (!r->payload.gpa)
		return skip(r, "no address is free for the payload");
	if (add_slot(r, 0, 0) < 0)
		return -1;
	if (uses_smm(r) && add_slot(r, 1, r->payload.hva) < 0)
		return -1;
	r->payload.used = true;
	memcpy(payload_host(r, PAYLOAD_SUPERVISOR) + AT_VMRUN, vmrun,
	       sizeof(vmrun));
	tables_make(r);
	return 0;
}
