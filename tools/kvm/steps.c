/* SPDX-License-Identifier: MIT */
/* Verbs of scenarios as calls of KVM. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "runner.h"

static uint64_t number(const struct runner *r, const char *name)
{
	return tdp_step_number(r->scenario, r->step, name);
}

static bool flag(const struct runner *r, const char *name)
{
	return number(r, name);
}

/* KVM_RUN ------------------------------------------------------------------------- */

static int access_step(struct runner *r, struct vcpu *v, const char *kind)
{
	if (flag(r, "implicit"))
		return skip(r, "no payload makes an implicit access");
	return run_access(r, v, kind, number(r, "gva"), flag(r, "user"));
}

static int step_read(struct runner *r, struct vcpu *v)
{
	return access_step(r, v, "read");
}

static int step_write(struct runner *r, struct vcpu *v)
{
	return access_step(r, v, "write");
}

static int step_fetch(struct runner *r, struct vcpu *v)
{
	return access_step(r, v, "fetch");
}

static int step_rmw(struct runner *r, struct vcpu *v)
{
	return access_step(r, v, "rmw");
}

static int step_run(struct runner *r, struct vcpu *v)
{
	if (v->dead)
		return skip(r, "%s", v->dead);
	return run_until_entry(r, v);
}

static int step_prefault(struct runner *r, struct vcpu *v)
{
	struct kvm_pre_fault_memory range = {
		.gpa = number(r, "gpa"),
		.size = number(r, "size"),
		.flags = number(r, "flags"),
	};

	return prefault(r, v, &range);
}

static int step_signal(struct runner *r, struct vcpu *v)
{
	v->late = number(r, "after");
	v->signal = !v->late;
	line_result(r, "signal", 0);
	return 0;
}

/* Registers --------------------------------------------------------------------------- */

static int step_set_sregs(struct runner *r, struct vcpu *v)
{
	const struct place place = place_of(v);
	struct tdp_sregs sregs;

	vcpu_get_sregs(v, &sregs);
	tdp_step_sregs(r->scenario, r->step, &sregs);
	/* PDPTEs are read now: the payload's has to be there. */
	if (r->payload.used && tables_link(r, &place, &sregs) < 0)
		return -1;
	op_add(r, "verb");
	line_result(r, "KVM_SET_SREGS2", vcpu_set_sregs(r, v, &sregs));
	return 0;
}

static int step_set_cpuid(struct runner *r, struct vcpu *v)
{
	struct tdp_cpuid cpuid = v->cpuid;

	tdp_step_cpuid(r->scenario, r->step, &cpuid);
	line_result(r, "KVM_SET_CPUID2", vcpu_set_cpuid(r, v, &cpuid));
	return 0;
}

static uint64_t register_value(struct vcpu *v, unsigned int reg)
{
	struct tdp_sregs sregs;

	vcpu_get_sregs(v, &sregs);
	switch (reg) {
	case TDP_REG_CR0:
		return sregs.cr0;
	case TDP_REG_CR3:
		return sregs.cr3;
	case TDP_REG_CR4:
		return sregs.cr4;
	case TDP_REG_EFER:
		return sregs.efer;
	case TDP_REG_RFLAGS:
		return v->ac ? 0x40000 : 0;
	default:
		return 0;
	}
}

#define MSR_EFER 0xc0000080u
#define EFER_LME (UINT64_C(1) << 8)
#define CR0_PG   (UINT64_C(1) << 31)

/* The instructions that write a register from RAX (EDX:EAX, ECX). */
static const char *const writes[TDP_NR_REGS] = {
	[TDP_REG_CR0] = "0f 22 c0",  /* mov %rax,%cr0 */
	[TDP_REG_CR3] = "0f 22 d8",  /* mov %rax,%cr3 */
	[TDP_REG_CR4] = "0f 22 e0",  /* mov %rax,%cr4 */
	[TDP_REG_EFER] = "0f 30",    /* wrmsr */
	[TDP_REG_PKRU] = "0f 01 ef", /* wrpkru */
};

static void new_sregs(struct vcpu *v, unsigned int reg, uint64_t value,
		      struct tdp_sregs *sregs)
{
	vcpu_get_sregs(v, sregs);
	if (reg == TDP_REG_CR0)
		sregs->cr0 = value;
	if (reg == TDP_REG_CR3)
		sregs->cr3 = value;
	if (reg == TDP_REG_CR4)
		sregs->cr4 = value;
}

static int step_write_reg(struct runner *r, struct vcpu *v)
{
	unsigned int reg = (unsigned int)number(r, "reg");
	uint64_t value = tdp_step_register(r->scenario, r->step,
					   register_value(v, reg));
	struct registers registers = { .rax = value };
	const struct place place = place_of(v);
	struct code code = { .nr = 0 };
	struct tdp_sregs sregs;

	if (reg == TDP_REG_RFLAGS) {
		v->ac = value & 0x40000;
		code_add(&code, v->ac ? "0f 01 cb" : "0f 01 ca");
		return run_code(r, v, &code, &registers);
	}
	if (reg >= TDP_NR_REGS || !writes[reg])
		return skip(r, "no payload writes this register");
	new_sregs(v, reg, value, &sregs);
	if (tables_link(r, &place, &sregs) < 0)
		return -1;
	if (reg == TDP_REG_EFER && r->tcg && (value & EFER_LME) &&
	    !(sregs.cr0 & CR0_PG))
		return skip(r, "QEMU's emulation does not come back from a "
			       "guest with EFER.LME and without paging");
	if (reg == TDP_REG_EFER) {
		registers.rcx = MSR_EFER;
		registers.rdx = value >> 32;
		registers.rax = (uint32_t)value;
	}
	code_add(&code, writes[reg]);
	code.refetch = true;
	return run_code(r, v, &code, &registers);
}

static int step_read_reg(struct runner *r, struct vcpu *v)
{
	unsigned int reg = (unsigned int)number(r, "reg");

	if (reg == TDP_REG_PKRU || reg == TDP_REG_RFLAGS)
		return skip(r, "no call reads this register");
	line_result(r, "KVM_GET_SREGS2", 0);
	line_hex(r, "value", register_value(v, reg));
	return 0;
}

static int step_wrmsr(struct runner *r, struct vcpu *v)
{
	const struct kvm_msr_entry entry = {
		.index = (uint32_t)number(r, "msr"),
		.data = number(r, "value"),
	};
	union {
		struct kvm_msrs head;
		uint8_t bytes[sizeof(struct kvm_msrs) + sizeof(entry)];
	} msrs = { .head.nmsrs = 1 };
	struct registers registers = {
		.rax = (uint32_t)entry.data,
		.rdx = entry.data >> 32,
		.rcx = entry.index,
	};
	struct code code = { .nr = 0 };
	int ret;

	if (!flag(r, "host")) {
		code_add(&code, "0f 30");
		return run_code(r, v, &code, &registers);
	}
	memcpy(msrs.bytes + sizeof(msrs.head), &entry, sizeof(entry));
	ret = ioctl(v->fd, KVM_SET_MSRS, &msrs);
	/* It counts those that it took; the model calls the other EINVAL. */
	if (!ret) {
		errno = EINVAL;
		ret = -1;
	}
	line_result(r, "KVM_SET_MSRS", ret);
	return 0;
}

static int step_rdmsr(struct runner *r, struct vcpu *v)
{
	struct registers registers = { .rcx = number(r, "msr") };
	struct code code = { .nr = 0 };
	struct kvm_regs regs;

	code_add(&code, "0f 32");
	if (run_code(r, v, &code, &registers))
		return -1;
	if (!json_object_get(r->line, "exception") &&
	    !ioctl(v->fd, KVM_GET_REGS, &regs))
		line_hex(r, "value", regs.rdx << 32 | (uint32_t)regs.rax);
	return 0;
}

static int step_invlpg(struct runner *r, struct vcpu *v)
{
	const struct registers registers = { .rbx = number(r, "gva") };
	struct code code = { .nr = 0, .refetch = true };

	code_add(&code, "0f 01 3b"); /* invlpg (%rbx) */
	return run_code(r, v, &code, &registers);
}

static int step_invpcid(struct runner *r, struct vcpu *v)
{
	const struct registers registers = {
		.rax = number(r, "type"),
		.rbx = payload_operand(r, v, number(r, "pcid"),
				       number(r, "gla")),
	};
	struct code code = { .nr = 0, .refetch = true };

	if (!cpuid_supports(r, 7, REG_EBX, 10))
		return skip(r, "guests have no INVPCID here");
	code_add(&code, "66 0f 38 82 03"); /* invpcid (%rbx),%rax */
	return run_code(r, v, &code, &registers);
}

/* Memory -------------------------------------------------------------------------------- */

static int step_memslot(struct runner *r, struct vcpu *v)
{
	int ret = memslot_set(r, tdp_step_memslot(r->scenario, r->step), NULL);

	(void)v;
	if (!r->why[0])
		line_result(r, "KVM_SET_USER_MEMORY_REGION", ret);
	return r->why[0] ? -1 : 0;
}

static int step_delete_memslot(struct runner *r, struct vcpu *v)
{
	const struct tdp_memslot gone = {
		.slot = (unsigned int)number(r, "slot"),
		.as_id = (unsigned int)number(r, "as"),
	};

	(void)v;
	if (flag(r, "begin"))
		return skip(r, "a deletion can't be stopped halfway");
	line_result(r, "KVM_SET_USER_MEMORY_REGION",
		    memslot_set(r, &gone, NULL));
	return 0;
}

static int step_set_backing(struct runner *r, struct vcpu *v)
{
	const struct tdp_backing_change change = {
		.as_id = (unsigned int)number(r, "as"),
		.gpa = number(r, "gpa"),
		.hva = number(r, "hva"),
		.size = number(r, "size"),
		.backing = (enum tdp_backing)number(r, "backing"),
		.untouched = flag(r, "untouched"),
		.read_only = flag(r, "host_readonly"),
	};
	uint64_t hva = change.hva;

	(void)v;
	if (!hva && !piece_at(r, change.as_id, change.gpa, &hva))
		return skip(r, "no mapping of the runner's own");
	return backing_change(r, hva, &change);
}

static int step_poke(struct runner *r, struct vcpu *v)
{
	unsigned int size = (unsigned int)number(r, "size");
	uint64_t count = number(r, "count"), i;

	(void)v;
	for (i = 0; i < count; i++)
		if (!memory_write(r, (unsigned int)number(r, "as"),
				  number(r, "gpa") + i * size,
				  number(r, "value") + i * number(r, "add"),
				  size))
			return skip(r, "userspace can't write there");
	line_result(r, "store", 0);
	return 0;
}

static int step_peek(struct runner *r, struct vcpu *v)
{
	uint64_t value = 0;

	(void)v;
	if (!memory_read(r, (unsigned int)number(r, "as"), number(r, "gpa"),
			 &value, (unsigned int)number(r, "size")))
		return skip(r, "userspace can't read there");
	line_result(r, "load", 0);
	line_hex(r, "value", value);
	return 0;
}

static int table_read(void *context, unsigned int as_id, tdp_gpa gpa,
		      uint64_t *value, unsigned int size, struct tdp_error *err)
{
	(void)err;
	*value = 0;
	return memory_read(context, as_id, gpa.addr, value, size) ? TDP_OK :
								    TDP_EINVAL;
}

static int table_write(void *context, unsigned int as_id, tdp_gpa gpa,
		       uint64_t value, unsigned int size, struct tdp_error *err)
{
	(void)err;
	return memory_write(context, as_id, gpa.addr, value, size) ? TDP_OK :
								     TDP_EINVAL;
}

static int step_guest_tables(struct runner *r, struct vcpu *v)
{
	const struct tdp_guest_memory memory = { table_read, table_write, r };
	struct tdp_error err = { 0 };

	(void)v;
	if (tdp_step_tables(r->scenario, r->step, &memory, &err))
		return skip(r, "the tables can't be written: %.180s",
			    err.message);
	line_result(r, "store", 0);
	return 0;
}

/* Dirty logging --------------------------------------------------------------------------- */

static int step_set_dirty_protect(struct runner *r, struct vcpu *v)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
	};

	(void)v;
	if (flag(r, "manual"))
		cap.args[0] |= KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE;
	if (flag(r, "initially_set"))
		cap.args[0] |= KVM_DIRTY_LOG_INITIALLY_SET;
	line_result(r, "KVM_ENABLE_CAP", ioctl(r->vm, KVM_ENABLE_CAP, &cap));
	return 0;
}

static int step_nx_huge_pages(struct runner *r, struct vcpu *v)
{
	FILE *file = fopen("/sys/module/kvm/parameters/nx_huge_pages", "we");
	int ret;

	(void)v;
	if (!file)
		return skip(r, "nx_huge_pages: %s", strerror(errno));
	ret = fputs(flag(r, "force") ? "force" : "off", file);
	if (fclose(file) || ret < 0)
		return skip(r, "nx_huge_pages: %s", strerror(errno));
	line_result(r, "write", 0);
	return 0;
}

static int step_toggle_dirty_log(struct runner *r, struct vcpu *v)
{
	struct region *region = region_by_slot(r, (unsigned int)number(r, "as"),
					       (unsigned int)number(r, "slot"));
	uint64_t times = number(r, "times"), i;
	struct kvm_userspace_memory_region slot;
	int ret = 0;

	(void)v;
	if (!region)
		return skip(r, "no such memslot");
	slot = (struct kvm_userspace_memory_region){
		.slot = region->as_id << 16 | region->slot,
		.flags = region->flags,
		.guest_phys_addr = region->gpa,
		.memory_size = region->size,
		.userspace_addr = region->hva,
	};
	for (i = 0; i < times && !ret; i++) {
		slot.flags ^= KVM_MEM_LOG_DIRTY_PAGES;
		ret = ioctl(r->vm, KVM_SET_USER_MEMORY_REGION, &slot);
	}
	region->flags = slot.flags;
	line_result(r, "KVM_SET_USER_MEMORY_REGION", ret);
	return 0;
}

static int step_kvm_translate(struct runner *r, struct vcpu *v)
{
	struct kvm_translation t = { .linear_address = number(r, "gva") };
	json_t *out = json_object();

	line_result(r, "KVM_TRANSLATE", ioctl(v->fd, KVM_TRANSLATE, &t));
	json_object_set_new(out, "gpa", hex(t.physical_address));
	json_object_set_new(out, "valid", json_integer(t.valid));
	json_object_set_new(r->line, "out", out);
	return 0;
}

static uint32_t log_slot(const struct runner *r)
{
	return (uint32_t)(number(r, "as") << 16 | number(r, "slot"));
}

/* Bytes of a bitmap for the slot, or for a big one if there is none. */
static uint64_t log_bytes(struct runner *r)
{
	const struct region *region = region_by_slot(
		r, (unsigned int)number(r, "as"),
		(unsigned int)number(r, "slot"));

	return region ? (region->size / PAGE_BYTES + 63) / 64 * 8 : PAGE_BYTES;
}

static json_t *dirty_pages(const uint64_t *bitmap, uint64_t bytes)
{
	json_t *list = json_array();
	uint64_t page;

	for (page = 0; page < bytes * 8 && json_array_size(list) < 65536;
	     page++)
		if (bitmap[page / 64] >> (page % 64) & 1)
			json_array_append_new(list, hex(page));
	return list;
}

static int step_get_dirty_log(struct runner *r, struct vcpu *v)
{
	uint64_t bytes = log_bytes(r);
	uint64_t *bitmap = calloc(1, bytes);
	struct kvm_dirty_log log = {
		.slot = log_slot(r),
		.dirty_bitmap = bitmap,
	};

	(void)v;
	if (!bitmap)
		return skip(r, "no memory for the log");
	line_result(r, "KVM_GET_DIRTY_LOG",
		    ioctl(r->vm, KVM_GET_DIRTY_LOG, &log));
	json_object_set_new(r->line, "dirty", dirty_pages(bitmap, bytes));
	free(bitmap);
	return 0;
}

static int step_clear_dirty_log(struct runner *r, struct vcpu *v)
{
	uint64_t words = (number(r, "pages") + 63) / 64, i;
	uint64_t *bitmap = malloc((words + 1) * 8);
	struct kvm_clear_dirty_log log = {
		.slot = log_slot(r),
		.num_pages = (uint32_t)number(r, "pages"),
		.first_page = number(r, "first"),
		.dirty_bitmap = bitmap,
	};

	(void)v;
	if (!bitmap)
		return skip(r, "no memory for the log");
	for (i = 0; i < words; i++)
		bitmap[i] = number(r, "mask");
	line_result(r, "KVM_CLEAR_DIRTY_LOG",
		    ioctl(r->vm, KVM_CLEAR_DIRTY_LOG, &log));
	free(bitmap);
	return 0;
}

/* Modes --------------------------------------------------------------------------------------- */

static int step_set_vcpu_events(struct runner *r, struct vcpu *v)
{
	line_result(r, "KVM_SET_VCPU_EVENTS", vcpu_set_smm(v, flag(r, "smm")));
	return 0;
}

/* What is not a call of userspace or an action of the guest. */
static int step_model_only(struct runner *r, struct vcpu *v)
{
	(void)v;
	return skip(r, "a question to the model: nothing happens");
}

static int step_emulate(struct runner *r, struct vcpu *v)
{
	(void)v;
	return skip(r, "no payload makes KVM emulate an access that it need "
		       "not: that takes kvm.force_emulation_prefix");
}

static int step_vmx(struct runner *r, struct vcpu *v)
{
	(void)v;
	return skip(r, "no payload has instructions of VMX");
}

static int step_together(struct runner *r, struct vcpu *v)
{
	(void)v;
	return skip(r, "what happens together has no order to carry out");
}

static int step_no_way(struct runner *r, struct vcpu *v)
{
	(void)v;
	return skip(r, "a process can't make this happen at will");
}

static const struct {
	const char *verb;
	int (*make)(struct runner *r, struct vcpu *v);
	bool payload;
	bool vcpu;        /* it is about a vCPU */
	const char *lost; /* why later steps are skipped if it was */
} verbs[] = {
	{ "read", step_read, true, true, NULL },
	{ "write", step_write, true, true, NULL },
	{ "fetch", step_fetch, true, true, NULL },
	{ "rmw", step_rmw, true, true, NULL },
	{ "run", step_run, false, true, NULL },
	{ "prefault", step_prefault, false, true, NULL },
	{ "signal", step_signal, false, true, NULL },
	{ "set_sregs", step_set_sregs, false, true, NULL },
	{ "set_cpuid", step_set_cpuid, false, true, NULL },
	{ "write_reg", step_write_reg, true, true, NULL },
	{ "read_reg", step_read_reg, false, true, NULL },
	{ "wrmsr", step_wrmsr, true, true, NULL },
	{ "rdmsr", step_rdmsr, true, true, NULL },
	{ "memslot", step_memslot, false, false, NULL },
	{ "delete_memslot", step_delete_memslot, false, false, NULL },
	{ "set_backing", step_set_backing, false, false, NULL },
	{ "poke", step_poke, false, false, NULL },
	{ "peek", step_peek, false, false, NULL },
	{ "guest_tables", step_guest_tables, false, false, NULL },
	{ "set_dirty_protect", step_set_dirty_protect, false, false, NULL },
	{ "get_dirty_log", step_get_dirty_log, false, false, NULL },
	{ "clear_dirty_log", step_clear_dirty_log, false, false, NULL },
	{ "smi", step_smi, true, true, NULL },
	{ "rsm", step_rsm, true, true, "SMM was not left in an earlier step" },
	{ "set_vcpu_events", step_set_vcpu_events, false, true, NULL },
	{ "nested_enter", step_nested_enter, true, true,
	  "L2 was not entered in an earlier step" },
	{ "nested_exit", step_nested_exit, true, true, NULL },
	{ "set_nested_state", step_set_nested_state, true, true,
	  "L2 was not entered in an earlier step" },
	{ "vmrun", step_vmrun, true, true,
	  "L2 was not entered in an earlier step" },
	{ "get_nested_state", step_get_nested_state, false, true, NULL },
	{ "set_mp_state", step_set_mp_state, false, true,
	  "the vCPU was not put into that state in an earlier step" },
	{ "triple_fault", step_triple_fault, true, true,
	  "the vCPU was not shut down in an earlier step" },
	{ "invlpg", step_invlpg, true, true, NULL },
	{ "invpcid", step_invpcid, true, true, NULL },
	{ "invept", step_vmx, false, true, NULL },
	{ "invvpid", step_vmx, false, true, NULL },
	{ "vmfunc", step_vmx, false, true, NULL },
	{ "new_vm", step_new_vm, false, false, NULL },
	{ "check_extension", step_check_extension, false, false, NULL },
	{ "disable_quirks", step_disable_quirks, false, false, NULL },
	{ "create_vm", step_create_vm, false, false, NULL },
	{ "set_nr_mmu_pages", step_set_nr_mmu_pages, false, false, NULL },
	{ "get_nr_mmu_pages", step_get_nr_mmu_pages, false, false, NULL },
	{ "set_attributes", step_set_attributes, false, false, NULL },
	{ "create_gmem", step_create_gmem, false, false, NULL },
	{ "punch_gmem", step_punch_gmem, false, false, NULL },
	{ "mmap_gmem", step_mmap_gmem, false, false, NULL },
	{ "touch", step_touch, false, false, NULL },
	{ "together", step_together, false, false, NULL },
	{ "check", step_model_only, false, false, NULL },
	{ "translate", step_model_only, false, false, NULL },
	{ "emulate", step_emulate, false, true, NULL },
	{ "kvm_translate", step_kvm_translate, false, true, NULL },
	{ "nx_huge_pages", step_nx_huge_pages, false, false, NULL },
	{ "toggle_dirty_log", step_toggle_dirty_log, false, false, NULL },
	{ "attach_dma", step_no_way, false, false, NULL },
	{ "detach_dma", step_no_way, false, false, NULL },
	{ "age", step_no_way, false, false, NULL },
	{ "test_age", step_no_way, false, false, NULL },
	{ "recover_nx", step_no_way, false, false, NULL },
};

#define NR_VERBS (sizeof(verbs) / sizeof(verbs[0]))

bool verb_needs_payload(const char *verb)
{
	unsigned int i;

	for (i = 0; i < NR_VERBS; i++)
		if (!strcmp(verbs[i].verb, verb))
			return verbs[i].payload;
	return false;
}

bool verb_is_nested(const char *verb)
{
	return !strcmp(verb, "nested_enter") || !strcmp(verb, "vmrun") ||
	       !strcmp(verb, "set_nested_state");
}

/*
 * A vCPU that is not where the scenario has it: what it would do then is not
 * the scenario's.
 */
static int make(struct runner *r, unsigned int verb, struct vcpu *v)
{
	int ret;

	if (v->dead && verbs[verb].vcpu)
		return skip(r, "%s", v->dead);
	if (verbs[verb].vcpu && r->nested)
		v->in_l2 = vcpu_in_l2(v);
	ret = verbs[verb].make(r, v);
	if (ret && verbs[verb].lost)
		v->dead = verbs[verb].lost;
	return ret;
}

int step_make(struct runner *r, const struct tdp_step *step)
{
	unsigned int i;

	for (i = 0; i < NR_VERBS; i++)
		if (!strcmp(verbs[i].verb, step->verb))
			return make(r, i, &r->vcpus[step->vcpu]);
	return skip(r, "the runner does not know this verb");
}
