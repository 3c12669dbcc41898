/* SPDX-License-Identifier: MIT */
/*
 * Guests without TDP as real kernels were seen to run them: the same steps,
 * the same events in the same order (tests/data/shadow).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "kvm/walker.h"
#include "support/machine.h"

#define MAX_EVENTS 256
#define MAX_LINE   160

static const struct row {
	const char *name;
	const char *file;
	enum tdp_vendor vendor;
	const char *profile;
	bool wrong_child; /* the kernel reuses a child of another frame */
} rows[] = {
/* clang-format off */
#define SEEN_AS(name, file, vendor, profile, wrong)			\
	{ name, "data/shadow/" file ".txt", vendor, profile, wrong },
#define SEEN(test, file, vendor, profile)				\
	SEEN_AS(test "/" profile, file, vendor, profile, false)
#define SEEN_NPT(test)							\
	SEEN(test, "npt-6.1.192", TDP_AMD, "v6.1.192")			\
	SEEN(test, "npt-6.12", TDP_AMD, "v6.12")			\
	SEEN(test, "npt-6.18", TDP_AMD, "v6.18")			\
	SEEN(test, "npt-7.1", TDP_AMD, "v7.1")
#define SEEN_BOTH(test)							\
	SEEN_NPT(test)							\
	SEEN_AS(test "/v6.12-ept0", "ept-6.12", TDP_INTEL, "v6.12", false)
	SEEN_BOTH("C.modes")
	SEEN_NPT("C.midperm")
	SEEN_NPT("C.rsvd")
	SEEN_BOTH("C.ropt")
	SEEN_BOTH("C.ptwrite")
	SEEN_BOTH("C.perms")
	SEEN_NPT("B.toggle")
	SEEN_BOTH("B.badcr3")
	SEEN_BOTH("E.mmio")
	SEEN_BOTH("E.slotdel")
	SEEN_AS("V.child/v6.12", "npt-6.12", TDP_AMD, "v6.12", true)
	SEEN_AS("V.child/v6.18", "npt-6.18", TDP_AMD, "v6.18", true)
	SEEN("V.child", "npt-7.1", TDP_AMD, "v7.1")
	SEEN("V.mmio_over", "npt-6.12", TDP_AMD, "v6.12")
	SEEN("V.mmio_over", "npt-6.18", TDP_AMD, "v6.18")
	SEEN("V.mmio_over", "npt-7.1", TDP_AMD, "v7.1")
#define SEEN_NESTED(test)						\
	SEEN(test, "nested-6.12", TDP_AMD, "v6.12")			\
	SEEN(test, "nested-7.1", TDP_AMD, "v7.1")			\
	SEEN_AS(test "/v6.12-la57", "nested-6.12-la57", TDP_AMD, "v6.12", false) \
	SEEN_AS(test "/v7.1-la57", "nested-7.1-la57", TDP_AMD, "v7.1", false)
#define SEEN_DIRECT(test)						\
	SEEN(test, "direct-6.12", TDP_AMD, "v6.12")			\
	SEEN(test, "direct-6.18", TDP_AMD, "v6.18")			\
	SEEN(test, "direct-7.1", TDP_AMD, "v7.1")
	SEEN_DIRECT("A.basic")
	SEEN_DIRECT("A.noslot")
	SEEN_DIRECT("A.ran")
	SEEN_DIRECT("A.slotdel")
	SEEN_DIRECT("A.huge")
	SEEN_AS("A.basic/direct-v6.12-ept", "direct-ept-6.12", TDP_INTEL, "v6.12", false)
	SEEN_AS("A.noslot/direct-v6.12-ept", "direct-ept-6.12", TDP_INTEL, "v6.12", false)
	SEEN_AS("A.ran/direct-v6.12-ept", "direct-ept-6.12", TDP_INTEL, "v6.12", false)
	SEEN_AS("A.slotdel/direct-v6.12-ept", "direct-ept-6.12", TDP_INTEL, "v6.12", false)
	SEEN_AS("A.huge/direct-v6.12-ept", "direct-ept-6.12", TDP_INTEL, "v6.12", false)
	SEEN_AS("E.mmio/direct-v6.12-ept", "direct-ept-6.12", TDP_INTEL, "v6.12", false)
	SEEN_AS("E.slotdel/direct-v6.12-ept", "direct-ept-6.12", TDP_INTEL, "v6.12", false)
	SEEN_AS("E.mmio/direct-v6.12", "direct-6.12", TDP_AMD, "v6.12", false)
	SEEN_AS("E.mmio/direct-v7.1", "direct-7.1", TDP_AMD, "v7.1", false)
	SEEN_AS("E.slotdel/direct-v6.12", "direct-6.12", TDP_AMD, "v6.12", false)
	SEEN_AS("E.slotdel/direct-v7.1", "direct-7.1", TDP_AMD, "v7.1", false)
	SEEN("N.ept", "nested-ept-6.12", TDP_INTEL, "v6.12")
	SEEN("N.ept", "nested-ept-7.1", TDP_INTEL, "v7.1")
	SEEN_NESTED("D.np")
	SEEN_NESTED("D.np_modes")
	/* clang-format on */
};

/* A script and what its last step did. */
struct play {
	const struct row *row;
	FILE *file;
	unsigned int line;
	char text[MAX_LINE];
	bool again; /* text was not used yet */
	struct machine m;
	bool user;
	char events[MAX_EVENTS][MAX_LINE];
	unsigned int nr_events;
};

/* Events as text ------------------------------------------------------------ */

static const struct format {
	enum tdp_event_id id;
	const char *text; /* %s-free: numbers of the event's fields, in order */
	uint64_t mask[6]; /* which bits of each field are told */
} formats[] = {
/* clang-format off */
#define ALL UINT64_MAX
#define X64 "0x%" PRIx64
#define D64 "%" PRIu64
	{ TDP_EV_kvm_mmu_get_page, "get_page " X64 " " X64 " " D64, { ALL, ALL, ALL } },
	{ TDP_EV_kvm_mmu_prepare_zap_page, "prepare_zap_page " X64 " " X64, { ALL, ALL } },
	{ TDP_EV_kvm_mmu_sync_page, "sync_page " X64 " " X64, { ALL, ALL } },
	{ TDP_EV_kvm_mmu_unsync_page, "unsync_page " X64 " " X64, { ALL, ALL } },
	{ TDP_EV_kvm_mmu_pagetable_walk, "pagetable_walk " X64 " " X64, { ALL, ALL } },
	{ TDP_EV_kvm_mmu_paging_element, "paging_element " X64 " " D64, { ALL, ALL } },
	{ TDP_EV_kvm_mmu_set_accessed_bit, "set_accessed_bit " X64, { ALL } },
	{ TDP_EV_kvm_mmu_set_dirty_bit, "set_dirty_bit " X64, { ALL } },
	{ TDP_EV_kvm_mmu_walker_error, "walker_error " X64, { ALL } },
	{ TDP_EV_kvm_mmu_set_spte, "set_spte " X64 " " X64 " " D64 " " D64 D64 D64,
	  { ALL, ~BITS(51, 12), ALL, ALL, ALL, ALL } },
	{ TDP_EV_mark_mmio_spte, "mark_mmio_spte " X64 " " X64 " " X64, { ALL, ALL, ALL } },
	{ TDP_EV_kvm_page_fault, "page_fault " X64 " " X64, { ALL, ALL } },
	{ TDP_EV_kvm_mmu_zap_all_fast, "zap_all_fast", { 0 } },
	{ TDP_EV_kvm_nested_vmexit_inject, "nested_exit " X64 " " X64 " " X64, { ALL, ALL, ALL } },
	/* clang-format on */
};

/* Fields that the text does not begin with are told apart. */
static const uint64_t *fields_of(const struct tdp_event *event)
{
	return event->field + (event->id == TDP_EV_kvm_page_fault ? 1 : 0);
}

static char *next_event(struct play *p)
{
	assert_true(p->nr_events < MAX_EVENTS);
	return p->events[p->nr_events++];
}

static void record(const struct tdp_event *event, void *context)
{
	struct play *p = context;
	const uint64_t *f = fields_of(event);
	uint64_t v[6];

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (formats[i].id != event->id)
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(v); k++)
			v[k] = f[k] & formats[i].mask[k];
		/* The recorder's processor has advanced exit information. */
		if (event->id == TDP_EV_kvm_page_fault &&
		    p->row->vendor == TDP_INTEL)
			v[1] &= BITS(8, 0);
		snprintf(next_event(p), MAX_LINE, formats[i].text, v[0], v[1],
			 v[2], v[3], v[4], v[5]);
	}
	if (event->id == TDP_EV_kvm_mmu_spte_requested)
		snprintf(next_event(p), MAX_LINE, "spte_requested " X64 " " D64,
			 f[0], f[2]);
	if (event->id == TDP_EV_check_mmio_spte)
		snprintf(next_event(p), MAX_LINE, "check_mmio_spte " X64, f[1]);
	if (event->id == TDP_EV_kvm_inj_exception)
		snprintf(next_event(p), MAX_LINE, "inject_pf " X64, f[2]);
	if (event->id == TDP_EV_fast_page_fault)
		snprintf(next_event(p), MAX_LINE,
			 "fast_page_fault " X64 " " D64, f[2], f[5]);
}

/* Reading ---------------------------------------------------------------------- */

static bool next_line(struct play *p)
{
	if (p->again) {
		p->again = false;
		return true;
	}
	if (!fgets(p->text, sizeof(p->text), p->file))
		return false;
	p->text[strcspn(p->text, "\n")] = '\0';
	p->line++;
	return true;
}

/* The events that follow a step are those that it caused. */
static void compare(struct play *p)
{
	unsigned int i = 0;

	while (next_line(p)) {
		if (p->text[0] != '\t') {
			p->again = true;
			break;
		}
		if (i == p->nr_events || strcmp(p->text + 1, p->events[i]) != 0)
			fail_msg("%s:%u: expected \"%s\", got \"%s\"",
				 p->row->file, p->line, p->text + 1,
				 i == p->nr_events ? "" : p->events[i]);
		i++;
	}
	if (i < p->nr_events)
		fail_msg("%s:%u: unexpected \"%s\"", p->row->file, p->line,
			 p->events[i]);
	p->nr_events = 0;
}

/* Guest memory -------------------------------------------------------------------- */

#define PT_BASE UINT64_C(0x100000)
#define DATA    UINT64_C(0x300000)

static void poke(struct play *p, uint64_t gpa, uint64_t value,
		 unsigned int size)
{
	assert_int_equal(
		tdp_vm_write(p->m.vm, 0, TDP_GPA(gpa), value, size, &p->m.err),
		TDP_OK);
}

static uint64_t peek(struct play *p, uint64_t gpa)
{
	uint64_t value;

	assert_int_equal(
		tdp_vm_read(p->m.vm, 0, TDP_GPA(gpa), &value, 8, &p->m.err),
		TDP_OK);
	return value;
}

/* An identity map of the first 4 MiB, as the recording program made it. */
struct tables {
	uint64_t base;
	char mode[16];
	uint64_t mid, code, data; /* flags of upper and of lower entries */
};

static uint64_t page_entry(const struct tables *t, uint64_t gfn)
{
	return gfn << 12 | (gfn >= DATA >> 12 ? t->data : t->code);
}

static void tables_32bit(struct play *p, const struct tables *t)
{
	poke(p, t->base, (t->base + 0x2000) | t->mid, 4);
	for (uint64_t i = 0; i < 1024; i++)
		poke(p, t->base + 0x2000 + 4 * i, page_entry(t, i), 4);
}

static void tables_upper(struct play *p, const struct tables *t)
{
	if (!strcmp(t->mode, "pae")) {
		poke(p, t->base, (t->base + 0x1000) | 1, 8);
		return;
	}
	if (!strcmp(t->mode, "5level")) {
		poke(p, t->base, (t->base + 0x5000) | t->mid, 8);
		poke(p, t->base + 0x5000, (t->base + 0x4000) | t->mid, 8);
	} else {
		poke(p, t->base, (t->base + 0x4000) | t->mid, 8);
	}
	poke(p, t->base + 0x4000, (t->base + 0x1000) | t->mid, 8);
}

static void put_tables(struct play *p, const struct tables *t)
{
	if (!strcmp(t->mode, "32bit")) {
		tables_32bit(p, t);
		return;
	}
	tables_upper(p, t);
	for (uint64_t k = 0; k < 2; k++)
		poke(p, t->base + 0x1000 + 8 * k,
		     (t->base + 0x2000 + 0x1000 * k) | t->mid, 8);
	for (uint64_t i = 0; i < 1024; i++)
		poke(p, t->base + 0x2000 + 8 * i, page_entry(t, i), 8);
}

static void do_tables_at(struct play *p, const char *args)
{
	struct tables t;

	assert_int_equal(sscanf(args,
				"%" SCNx64 " %15s %" SCNx64 " %" SCNx64
				" %" SCNx64,
				&t.base, t.mode, &t.mid, &t.code, &t.data),
			 5);
	put_tables(p, &t);
}

static void do_tables(struct play *p, const char *args)
{
	struct tables t = { .base = PT_BASE };

	assert_int_equal(sscanf(args, "%15s %" SCNx64 " %" SCNx64 " %" SCNx64,
				t.mode, &t.mid, &t.code, &t.data),
			 4);
	put_tables(p, &t);
}

static void do_poke4(struct play *p, const char *args)
{
	uint64_t gpa, value;

	assert_int_equal(sscanf(args, "%" SCNx64 " %" SCNx64, &gpa, &value), 2);
	poke(p, gpa, value, 4);
}

static void do_poke8(struct play *p, const char *args)
{
	uint64_t gpa, value;

	assert_int_equal(sscanf(args, "%" SCNx64 " %" SCNx64, &gpa, &value), 2);
	poke(p, gpa, value, 8);
}

/* Copy a page of entries, with something added to each. */
static void do_copy(struct play *p, const char *args)
{
	uint64_t to, from, add = 0;

	assert_true(sscanf(args, "%" SCNx64 " %" SCNx64 " %" SCNx64, &to, &from,
			   &add) >= 2);
	for (uint64_t i = 0; i < 512; i++)
		poke(p, to + 8 * i, peek(p, from + 8 * i) + add, 8);
}

/* The machine ------------------------------------------------------------------------ */

static void end_vm(struct play *p)
{
	if (p->m.vm)
		machine_end(&p->m);
	p->m.vm = NULL;
}

static void begin_vm(struct play *p, const char *tdp, bool la57)
{
	end_vm(p);
	machine_init(&p->m, p->row->vendor, p->row->profile);
	p->m.host.memory = 256 * MIB;
	p->m.host.table_memory = 8 * MIB;
	p->m.host.maxphyaddr = 40;
	p->m.host.la57 = la57;
	machine_set(&p->m, "tdp", tdp);
	if (!strncmp(p->row->file, "data/shadow/direct", 18))
		machine_set(&p->m, "tdp_mmu", "off");
	machine_start(&p->m);
	tdp_vm_set_tracer(p->m.vm, record, p);
}

static void do_vm(struct play *p, const char *args)
{
	(void)args;
	begin_vm(p, "off", false);
}

static void do_direct_vm(struct play *p, const char *args)
{
	(void)args;
	begin_vm(p, "on", false);
}

static void do_nested_vm(struct play *p, const char *args)
{
	begin_vm(p, "on", atoi(args));
}

/* L1 executes VMRUN, with nested paging. */
static void do_enter(struct play *p, const char *args)
{
	struct tdp_nested_state state = { .tdp = true };

	assert_int_equal(sscanf(args,
				"%" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64
				" %" SCNx64,
				&state.l2.cr0, &state.l2.cr3, &state.l2.cr4,
				&state.l2.efer, &state.tdp_root),
			 5);
	assert_int_equal(tdp_vcpu_nested_enter(p->m.vcpu, &state, &p->m.result,
					       &p->m.err),
			 TDP_OK);
	assert_int_equal(p->m.result.outcome, TDP_OUTCOME_DONE);
	/* What L1 did until then is another recording. */
	p->nr_events = 0;
}

static void do_slot(struct play *p, const char *args)
{
	struct tdp_memslot slot = { .backing = TDP_BACKING_ANONYMOUS };
	unsigned int flags;
	char backing[8];
	int n;

	n = sscanf(args, "%u %u %" SCNx64 " %" SCNx64 " %7s %" SCNx64,
		   &slot.slot, &flags, &slot.gpa, &slot.size, backing,
		   &slot.hva);
	assert_true(n == 4 || n == 6);
	if (n == 6)
		slot.backing = TDP_BACKING_THP;
	slot.flag_readonly = flags & 2;
	assert_int_equal(
		tdp_vm_set_memslot(p->m.vm, &slot, &p->m.result, &p->m.err),
		TDP_OK);
	assert_int_equal(p->m.result.ret, 0);
}

/* KVM_PRE_FAULT_MEMORY: its arguments, and what it made of them. */
static void do_prefault(struct play *p, const char *args)
{
	uint64_t gpa, size, gpa_after, size_after;
	int ret;

	assert_int_equal(
		sscanf(args, "%" SCNx64 " %" SCNx64 " %d %" SCNx64 " %" SCNx64,
		       &gpa, &size, &ret, &gpa_after, &size_after),
		5);
	assert_int_equal(tdp_vcpu_prefault(p->m.vcpu, TDP_GPA(gpa), size, 0,
					   &p->m.result, &p->m.err),
			 TDP_OK);
	if (p->m.result.ret != ret)
		fail_msg("%s:%u: expected %d, got %d", p->row->file, p->line,
			 ret, p->m.result.ret);
	assert_int_equal(p->m.result.gpa, gpa_after);
	assert_int_equal(p->m.result.size, size_after);
}

static void do_vcpu(struct play *p, const char *args)
{
	(void)args;
	assert_int_equal(tdp_vcpu_create(p->m.vm, &p->m.vcpu, &p->m.err),
			 TDP_OK);
}

static void do_cpuid(struct play *p, const char *args)
{
	struct tdp_cpuid cpuid = {
		.lm = true,
		.nx = true,
		.la57 = true,
		.smep = true,
		.smap = true,
		.mtrr = true,
	};
	unsigned int gbpages;

	assert_int_equal(sscanf(args, "%u %u", &cpuid.maxphyaddr, &gbpages), 2);
	cpuid.gbpages = gbpages;
	assert_int_equal(tdp_vcpu_set_cpuid(p->m.vcpu, &cpuid, &p->m.result),
			 TDP_OK);
}

static void set_sregs(struct play *p, const struct tdp_sregs *sregs)
{
	assert_int_equal(tdp_vcpu_set_sregs(p->m.vcpu, sregs, &p->m.result),
			 TDP_OK);
	assert_int_equal(p->m.result.ret, 0);
}

static void do_sregs(struct play *p, const char *args)
{
	struct tdp_sregs sregs = { 0 };
	unsigned int cpl;

	assert_int_equal(
		sscanf(args,
		       "%" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %u",
		       &sregs.cr0, &sregs.cr3, &sregs.cr4, &sregs.efer, &cpl),
		5);
	p->user = cpl == 3;
	set_sregs(p, &sregs);
}

/* After a triple fault SVM leaves a vCPU that was reset. */
static void do_reset(struct play *p, const char *args)
{
	const struct tdp_sregs sregs = { .cr0 = 0x60000010 };

	(void)args;
	set_sregs(p, &sregs);
}

/* KVM_TRANSLATE reads as a supervisor, whatever the CPL, and sets A. */
static void do_translate(struct play *p, const char *args)
{
	struct guest_walker w;
	struct guest_walk walk;
	unsigned int valid;
	uint64_t va;

	assert_int_equal(sscanf(args, "%" SCNx64 " %u", &va, &valid), 2);
	gw_init(&w, p->m.vcpu, p->m.vcpu->mmu);
	assert_int_equal(gw_walk(&w, va, 0, &walk), valid ? GW_OK : GW_FAULT);
}

static enum tdp_outcome one_access(struct play *p, enum tdp_access_kind kind,
				   uint64_t va)
{
	const struct tdp_access access = {
		.gva = TDP_GVA(va),
		.kind = kind,
		.user = p->user,
		.size = 1,
	};

	if (tdp_vcpu_access(p->m.vcpu, &access, &p->m.result, &p->m.err))
		fail_msg("%s:%u: %s", p->row->file, p->line, p->m.err.message);
	if (tdp_vm_check(p->m.vm, &p->m.err) && !p->row->wrong_child)
		fail_msg("%s:%u: %s", p->row->file, p->line, p->m.err.message);
	return p->m.result.outcome;
}

static bool ends_as(enum tdp_outcome outcome, const char *exit)
{
	if (!strcmp(exit, "IO"))
		return outcome == TDP_OUTCOME_DONE;
	if (!strcmp(exit, "MMIO"))
		return outcome == TDP_OUTCOME_MMIO;
	/* A fault without a handler; or one that KVM itself raises. */
	if (!strcmp(exit, "SHUTDOWN"))
		return outcome == TDP_OUTCOME_GUEST_FAULT ||
		       outcome == TDP_OUTCOME_SHUTDOWN;
	if (!strcmp(exit, "INTERNAL_ERROR"))
		return outcome == TDP_OUTCOME_INTERNAL_ERROR;
	if (!strcmp(exit, "REFLECT"))
		return outcome == TDP_OUTCOME_NESTED_EXIT;
	return outcome == TDP_OUTCOME_EMULATE;
}

static void do_run(struct play *p, const char *args)
{
	enum tdp_outcome outcome;
	char kind[8], exit[24];
	uint64_t va, code;

	assert_int_equal(sscanf(args, "%7s %" SCNx64 " %" SCNx64 " %23s", kind,
				&va, &code, exit),
			 4);
	outcome = one_access(p, TDP_FETCH, code);
	if (outcome == TDP_OUTCOME_DONE && strcmp(kind, "nop") != 0)
		outcome = one_access(p,
				     !strcmp(kind, "write") ? TDP_WRITE :
				     !strcmp(kind, "exec")  ? TDP_FETCH :
							      TDP_READ,
				     va);
	if (!ends_as(outcome, exit))
		fail_msg("%s:%u: expected %s, got %s", p->row->file, p->line,
			 exit, tdp_outcome_name(outcome));
}

static const struct step {
	const char *word;
	void (*run)(struct play *p, const char *args);
} steps[] = {
	{ "vm", do_vm },
	{ "slot", do_slot },
	{ "vcpu", do_vcpu },
	{ "cpuid", do_cpuid },
	{ "tables", do_tables },
	{ "poke4", do_poke4 },
	{ "poke8", do_poke8 },
	{ "copy", do_copy },
	{ "copyadd", do_copy },
	{ "sregs", do_sregs },
	{ "reset", do_reset },
	{ "translate", do_translate },
	{ "run", do_run },
	{ "nested_vm", do_nested_vm },
	{ "enter", do_enter },
	{ "tables_at", do_tables_at },
	{ "direct_vm", do_direct_vm },
	{ "prefault", do_prefault },
};

static void run_step(struct play *p)
{
	char word[16];

	assert_int_equal(sscanf(p->text, "%15s", word), 1);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (!strcmp(steps[i].word, word)) {
			steps[i].run(p, p->text + strlen(word));
			compare(p);
			return;
		}
	fail_msg("%s:%u: no step \"%s\"", p->row->file, p->line, word);
}

/* Go to the line that begins the case; false: the file has no such case. */
static bool find_case(struct play *p)
{
	size_t length = strcspn(p->row->name, "/");

	while (next_line(p))
		if (!strncmp(p->text, "case ", 5) &&
		    strlen(p->text + 5) == length &&
		    !strncmp(p->text + 5, p->row->name, length))
			return true;
	return false;
}

static void seen(void **state)
{
	struct play *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->row = *state;
	p->file = fopen(p->row->file, "r");
	assert_non_null(p->file);
	assert_true(find_case(p));
	while (next_line(p) && strncmp(p->text, "case ", 5) != 0)
		run_step(p);
	/* The invariants see what the kernel did wrong. */
	assert_int_equal(tdp_vm_check(p->m.vm, &p->m.err),
			 p->row->wrong_child ? TDP_EINVAL : TDP_OK);
	end_vm(p);
	fclose(p->file);
	free(p);
}

int main(void)
{
	static const struct suite suites[] = { ROWS(rows, seen) };

	return RUN("shadow_seen", suites);
}
