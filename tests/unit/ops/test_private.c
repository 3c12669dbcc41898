/* SPDX-License-Identifier: MIT */
/* Private memory: whose bytes the guest sees, and want of memory. */
#include "support/machine.h"
#include "support/nomem.h"

#define SIZE (4 * MIB)

/* A software-protected VM with one slot of @size bytes and its guest_memfd. */
static void start(struct machine *m, const char *profile, uint64_t size)
{
	const struct tdp_memslot region = { .size = size, .gmem = 1 };

	machine_init(m, TDP_INTEL, profile);
	assert_int_equal(tdp_vm_create_type(&m->host, &m->kvm,
					    TDP_VM_SW_PROTECTED, &m->vm,
					    &m->result, &m->err),
			 TDP_OK);
	assert_int_equal(
		tdp_vm_create_gmem(m->vm, size, 0, &m->result, &m->err),
		TDP_OK);
	assert_int_equal(m->result.value, 1);
	assert_int_equal(
		tdp_vm_set_memslot(m->vm, &region, &m->result, &m->err),
		TDP_OK);
	assert_int_equal(m->result.ret, 0);
	machine_vcpu(m, 46);
}

static void set_private(struct machine *m, uint64_t gpa, uint64_t size,
			bool private)
{
	assert_int_equal(
		tdp_vm_set_attributes(m->vm, TDP_GPA(gpa), size,
				      private ? TDP_ATTRIBUTE_PRIVATE : 0, 0,
				      &m->result, &m->err),
		TDP_OK);
	assert_int_equal(m->result.ret, 0);
	assert_int_equal(tdp_vm_is_private(m->vm, TDP_GPA(gpa)), private);
	assert_int_equal(tdp_vm_check(m->vm, &m->err), TDP_OK);
}

/* 8 bytes of the guest, without paging. */
static uint64_t guest(struct machine *m, enum tdp_access_kind kind,
		      uint64_t gpa, uint64_t value)
{
	const struct tdp_access access = {
		.gva = TDP_GVA(gpa),
		.kind = kind,
		.size = 8,
		.value = value,
	};

	assert_int_equal(tdp_vcpu_access(m->vcpu, &access, &m->result, &m->err),
			 TDP_OK);
	assert_int_equal(m->result.outcome, TDP_OUTCOME_DONE);
	return m->result.value;
}

static uint64_t userspace(struct machine *m, uint64_t gpa)
{
	uint64_t value;

	assert_int_equal(
		tdp_vm_read(m->vm, 0, TDP_GPA(gpa), &value, 8, &m->err),
		TDP_OK);
	return value;
}

static void each_kind_has_bytes_of_its_own(void **state)
{
	struct machine m;

	(void)state;
	start(&m, "v6.12", SIZE);
	machine_poke(&m, 0x1000, 0x11);
	assert_int_equal(guest(&m, TDP_READ, 0x1000, 0), 0x11);
	set_private(&m, 0x1000, 0x1000, true);
	assert_int_equal(guest(&m, TDP_READ, 0x1000, 0), 0);
	guest(&m, TDP_WRITE, 0x1000, 0x22);
	assert_int_equal(userspace(&m, 0x1000), 0x11);
	set_private(&m, 0x1000, 0x1000, false);
	assert_int_equal(guest(&m, TDP_READ, 0x1000, 0), 0x11);
	set_private(&m, 0x1000, 0x1000, true);
	assert_int_equal(guest(&m, TDP_READ, 0x1000, 0), 0x22);
	assert_int_equal(
		tdp_vm_punch_gmem(m.vm, 1, 0x1000, 0x1000, &m.result, &m.err),
		TDP_OK);
	assert_int_equal(guest(&m, TDP_READ, 0x1000, 0), 0);
	assert_int_equal(userspace(&m, 0x1000), 0x11);
	machine_end(&m);
}

/* From 6.18 on: one page, seen by both sides. */
static void mapped_file_is_shared_memory(void **state)
{
	const struct tdp_gmem_map map = { .gmem = 1,
					  .hva = 64 * GIB,
					  .size = SIZE };
	const struct tdp_memslot region = { .size = SIZE,
					    .hva = 64 * GIB,
					    .gmem = 1 };
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.18");
	machine_start(&m);
	machine_vcpu(&m, 46);
	assert_int_equal(
		tdp_vm_create_gmem(m.vm, SIZE,
				   TDP_GMEM_MMAP | TDP_GMEM_INIT_SHARED,
				   &m.result, &m.err),
		TDP_OK);
	assert_int_equal(tdp_vm_mmap_gmem(m.vm, &map, &m.result, &m.err),
			 TDP_OK);
	assert_int_equal(m.result.ret, 0);
	assert_int_equal(tdp_vm_set_memslot(m.vm, &region, &m.result, &m.err),
			 TDP_OK);
	assert_int_equal(m.result.ret, 0);
	machine_poke(&m, 0x3000, 0x33);
	assert_int_equal(guest(&m, TDP_READ, 0x3000, 0), 0x33);
	guest(&m, TDP_WRITE, 0x3008, 0x44);
	assert_int_equal(userspace(&m, 0x3008), 0x44);
	machine_end(&m);
}

static void listen(const struct tdp_event *event, void *context)
{
	(void)event;
	++*(unsigned int *)context;
}

static uint64_t spte_at(const struct machine *m, uint64_t gpa)
{
	struct tdp_spte_info path[5];
	unsigned int nr = tdp_vm_get_sptes(m->vm, 1, TDP_GPA(gpa), path);

	return nr ? path[nr - 1].spte : 0;
}

/*
 * Pages that are alike are mapped in one go if nobody listens: neither over a
 * border of private memory, nor otherwise than page by page.
 */
static void runs_end_where_the_attribute_changes(void **state)
{
	struct machine fast, slow;
	unsigned int events = 0;
	uint64_t gpa;

	(void)state;
	start(&fast, "v6.18", SIZE);
	start(&slow, "v6.18", SIZE);
	tdp_vm_set_tracer(slow.vm, listen, &events);
	for (gpa = 0x10000; gpa < SIZE; gpa += 0x30000) {
		set_private(&fast, gpa, 0x10000, true);
		set_private(&slow, gpa, 0x10000, true);
	}
	assert_int_equal(machine_prefault(&fast, 0, SIZE), 0);
	assert_int_equal(machine_prefault(&slow, 0, SIZE), 0);
	assert_true(events > SIZE / 4096);
	for (gpa = 0; gpa < SIZE; gpa += 0x1000)
		assert_int_equal(spte_at(&fast, gpa), spte_at(&slow, gpa));
	machine_end(&fast);
	machine_end(&slow);
}

/* What KVM_CREATE_VM makes. */
static const struct type_row {
	const char *name;
	const char *profile;
	bool tdp_mmu;
	unsigned int type;
	bool made;
} type_rows[] = {
	{ "default", "v5.10", false, TDP_VM_DEFAULT, true },
	{ "protected_6_7", "v6.7", true, TDP_VM_SW_PROTECTED, false },
	{ "protected_6_8", "v6.8", true, TDP_VM_SW_PROTECTED, true },
	{ "protected_debian", "v6.12.117", true, TDP_VM_SW_PROTECTED, false },
	{ "protected_no_tdp_mmu", "v6.18", false, TDP_VM_SW_PROTECTED, false },
	{ "sev", "v6.18", true, TDP_VM_SEV, false },
	{ "tdx", "v7.1", true, TDP_VM_TDX, false },
	{ "unknown", "v7.1", true, 77, false },
};

static void types(void **state)
{
	const struct type_row *r = *state;
	struct machine m;

	machine_init(&m, TDP_AMD, r->profile);
	machine_set(&m, "tdp_mmu", r->tdp_mmu ? "on" : "off");
	assert_int_equal(tdp_vm_create_type(&m.host, &m.kvm, r->type, &m.vm,
					    &m.result, &m.err),
			 TDP_OK);
	assert_int_equal(m.vm != NULL, r->made);
	if (!r->made)
		assert_int_equal(m.result.reason, TDP_WHY_VM_TYPE);
	machine_end(&m);
}

/* Want of memory ---------------------------------------------------------------- */

static void *setup_protected(void)
{
	static struct machine m;

	start(&m, "v6.18", MIB);
	return &m;
}

static void teardown_machine(void *context)
{
	machine_end(context);
}

static int attempt_attributes(void *context)
{
	struct machine *m = context;

	return tdp_vm_set_attributes(m->vm, TDP_GPA(0x1000), 0x1000,
				     TDP_ATTRIBUTE_PRIVATE, 0, &m->result,
				     &m->err);
}

static uint64_t digest_attributes(void *context)
{
	const struct machine *m = context;

	return tdp_vm_is_private(m->vm, TDP_GPA(0x1000));
}

static int attempt_gmem(void *context)
{
	struct machine *m = context;
	unsigned int i;
	int ret = TDP_OK;

	/* The list of files grows with the fifth. */
	for (i = 0; i < 4 && !ret; i++)
		ret = tdp_vm_create_gmem(m->vm, 0x1000, 0, &m->result, &m->err);
	return ret;
}

static void calls_survive_want_of_memory(void **state)
{
	static const struct nomem tests[] = {
		{ setup_protected, attempt_attributes, digest_attributes,
		  teardown_machine },
		{ setup_protected, attempt_gmem, NULL, teardown_machine },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		nomem_check(&tests[i]);
}

int main(void)
{
	static const struct suite suites[] = {
		CASE(each_kind_has_bytes_of_its_own),
		CASE(mapped_file_is_shared_memory),
		CASE(runs_end_where_the_attribute_changes),
		ROWS(type_rows, types),
		CASE(calls_survive_want_of_memory),
	};

	return RUN("private", suites);
}
