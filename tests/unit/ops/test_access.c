/* SPDX-License-Identifier: MIT */
/* Guest accesses over the tables that the model itself built. */
#include "support/machine.h"

/* 4-level tables at 0x100000.. that map linear 0x400000 to gpa 0x5000. */
static void guest_tables(struct machine *m)
{
	machine_poke(m, 0x100000, 0x101007);
	machine_poke(m, 0x101000, 0x102007);
	machine_poke(m, 0x102010, 0x103007);
	machine_poke(m, 0x103000, 0x5007);
}

static void start(struct machine *m, enum tdp_vendor vendor,
		  const char *profile)
{
	machine_init(m, vendor, profile);
	machine_start(m);
	machine_vcpu(m, 46);
	machine_slot(m, 0, 0, 0, 16 * MIB, TDP_BACKING_ANONYMOUS);
}

static const struct vendor_row {
	const char *name;
	enum tdp_vendor vendor;
} vendors[] = {
	{ "intel", TDP_INTEL },
	{ "amd", TDP_AMD },
};

static void warm_walk_of_4_by_4_levels_reads_24_entries(void **state)
{
	const struct vendor_row *r = *state;
	struct machine m;

	start(&m, r->vendor, "v6.12");
	guest_tables(&m);
	machine_long_mode(&m, 0x100000);
	assert_int_equal(machine_access(&m, TDP_READ, 0x400008),
			 TDP_OUTCOME_DONE);
	/* Four tables and the data: five frames of one level-1 table. */
	assert_int_equal(m.result.exits, 5);
	assert_int_equal(m.result.faults_fixed, 5);
	assert_int_equal(m.result.gpa, 0x5008);
	assert_int_equal(machine_access(&m, TDP_READ, 0x400008),
			 TDP_OUTCOME_DONE);
	assert_int_equal(m.result.exits, 0);
	assert_int_equal(m.result.refs, 24);
	assert_int_equal(m.result.guest_refs, 4);
	machine_end(&m);
}

static void absent_guest_page_is_the_guests_fault(void **state)
{
	const struct vendor_row *r = *state;
	struct machine m;

	start(&m, r->vendor, "v6.12");
	guest_tables(&m);
	machine_long_mode(&m, 0x100000);
	assert_int_equal(machine_access(&m, TDP_WRITE, 0x401000),
			 TDP_OUTCOME_GUEST_FAULT);
	assert_int_equal(m.result.vector, 14);
	assert_int_equal(m.result.error_code, 0x2);
	assert_int_equal(m.result.fault_address, 0x401000);
	machine_end(&m);
}

static void hole_is_mmio_once_with_a_fault_then_by_the_spte(void **state)
{
	const struct vendor_row *r = *state;
	struct machine m;

	start(&m, r->vendor, "v6.12");
	assert_int_equal(machine_access(&m, TDP_WRITE, 0x10000000),
			 TDP_OUTCOME_MMIO);
	assert_int_equal(m.result.mmu_pages, 3);
	assert_int_equal(machine_access(&m, TDP_WRITE, 0x10000000),
			 TDP_OUTCOME_MMIO);
	assert_int_equal(m.result.exits, 1);
	assert_int_equal(m.result.mmu_pages, 0);
	assert_int_equal(m.result.exit, r->vendor == TDP_INTEL ?
						TDP_EXIT_EPT_MISCONFIG :
						TDP_EXIT_NPF);
	machine_end(&m);
}

static void new_slot_makes_mmio_sptes_stale(void **state)
{
	const struct vendor_row *r = *state;
	struct machine m;

	start(&m, r->vendor, "v6.12");
	assert_int_equal(machine_access(&m, TDP_WRITE, 0x10000000),
			 TDP_OUTCOME_MMIO);
	machine_slot(&m, 1, 0, 0x10000000, MIB, TDP_BACKING_ANONYMOUS);
	assert_int_equal(machine_access(&m, TDP_WRITE, 0x10000000),
			 TDP_OUTCOME_DONE);
	assert_int_equal(m.result.faults_fixed, 1);
	machine_end(&m);
}

static void untouched_memory_faults_twice_after_a_prefault(void **state)
{
	const struct tdp_memslot region = {
		.slot = 1,
		.gpa = 0x10000000,
		.size = MIB,
		.untouched = true,
		.backing = TDP_BACKING_ANONYMOUS,
	};
	const struct vendor_row *r = *state;
	struct machine m;

	start(&m, r->vendor, "v6.12");
	assert_int_equal(tdp_vm_set_memslot(m.vm, &region, &m.result, NULL),
			 TDP_OK);
	assert_int_equal(machine_prefault(&m, 0x10000000, 0x1000), 0);
	assert_int_equal(m.result.spte & 2, 0);
	assert_int_equal(machine_access(&m, TDP_WRITE, 0x10000000),
			 TDP_OUTCOME_DONE);
	/* The zero page is exchanged, which unmaps it: the fault is retried. */
	assert_int_equal(m.result.exits, 2);
	machine_end(&m);
}

static void read_only_slot_is_mapped_and_writes_are_mmio(void **state)
{
	const struct tdp_memslot region = {
		.slot = 1,
		.gpa = 0x10000000,
		.size = MIB,
		.flag_readonly = true,
		.backing = TDP_BACKING_ANONYMOUS,
	};
	const struct vendor_row *r = *state;
	struct machine m;

	start(&m, r->vendor, "v6.12");
	assert_int_equal(tdp_vm_set_memslot(m.vm, &region, &m.result, NULL),
			 TDP_OK);
	assert_int_equal(machine_access(&m, TDP_READ, 0x10000000),
			 TDP_OUTCOME_DONE);
	assert_int_equal(m.result.spte & 2, 0);
	assert_int_equal(machine_access(&m, TDP_WRITE, 0x10000000),
			 TDP_OUTCOME_MMIO);
	assert_int_equal(m.result.reason, TDP_WHY_SLOT_READ_ONLY);
	machine_end(&m);
}

static const struct host_row {
	const char *name;
	enum tdp_backing backing;
	enum tdp_outcome outcome;
	enum tdp_reason reason;
} host_rows[] = {
	{ "prot_none", TDP_BACKING_PROT_NONE, TDP_OUTCOME_FAILED,
	  TDP_WHY_HOST_PROTECTED },
	{ "unmapped", TDP_BACKING_UNMAPPED, TDP_OUTCOME_FAILED,
	  TDP_WHY_HOST_UNMAPPED },
	{ "uffd", TDP_BACKING_UFFD_MISSING, TDP_OUTCOME_BLOCKED,
	  TDP_WHY_HOST_BLOCKS },
	{ "hwpoison", TDP_BACKING_HWPOISON, TDP_OUTCOME_FAILED,
	  TDP_WHY_SIGNAL },
};

static void host_without_a_page(void **state)
{
	const struct host_row *r = *state;
	struct machine m;

	start(&m, TDP_INTEL, "v6.12");
	machine_slot(&m, 1, 0, 0x10000000, MIB, r->backing);
	assert_int_equal(machine_access(&m, TDP_READ, 0x10000000), r->outcome);
	assert_int_equal(m.result.reason, r->reason);
	/* Served, or mapped again: now it works. */
	assert_int_equal(machine_back(m.vm, 0x10000000, MIB,
				      TDP_BACKING_ANONYMOUS, NULL),
			 TDP_OK);
	assert_int_equal(machine_access(&m, TDP_READ, 0x10000000),
			 TDP_OUTCOME_DONE);
	machine_end(&m);
}

/* History 3.2: four levels of tables, five levels of walk. */
static void la57_host_with_4_level_npt_loops(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, TDP_AMD, "v5.12");
	m.host.la57 = true;
	machine_set(&m, "tdp_mmu", "on");
	machine_start(&m);
	machine_vcpu(&m, 48);
	machine_slot(&m, 0, 0, 0xffff0000, 64 * KIB, TDP_BACKING_ANONYMOUS);
	assert_int_equal(machine_access(&m, TDP_FETCH, 0xfffffff0),
			 TDP_OUTCOME_LIVELOCK);
	assert_int_equal(m.result.reason, TDP_WHY_WALK_MISMATCH);
	assert_int_equal(m.result.exit, TDP_EXIT_NPF);
	machine_end(&m);
}

static void la57_host_by_kernel(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, TDP_AMD, "v5.14");
	m.host.la57 = true;
	assert_int_equal(tdp_vm_create(&m.host, &m.kvm, &m.vm, &m.result, NULL),
			 TDP_OK);
	assert_null(m.vm);
	assert_int_equal(m.result.reason, TDP_WHY_NPT_LA57_REFUSED);

	machine_init(&m, TDP_AMD, "v5.15");
	m.host.la57 = true;
	machine_start(&m);
	machine_vcpu(&m, 36);
	machine_slot(&m, 0, 0, 0xffff0000, 64 * KIB, TDP_BACKING_ANONYMOUS);
	assert_int_equal(machine_access(&m, TDP_FETCH, 0xfffffff0),
			 TDP_OUTCOME_DONE);
	assert_int_equal(m.result.nested_refs, 5);
	machine_end(&m);
}

/* Recording E.mmio, step 13; user code gets a #UD instead. */
static void code_from_nowhere(void **state)
{
	const struct vendor_row *r = *state;
	const struct tdp_access user = {
		.gva = TDP_GVA(0x40002000),
		.kind = TDP_FETCH,
		.user = true,
	};
	struct machine m;

	start(&m, r->vendor, "v6.12");
	assert_int_equal(machine_access(&m, TDP_FETCH, 0x40001000),
			 TDP_OUTCOME_INTERNAL_ERROR);
	assert_int_equal(m.result.exit_reason, 17);
	assert_int_equal(tdp_vcpu_access(m.vcpu, &user, &m.result, NULL),
			 TDP_OK);
	assert_int_equal(m.result.outcome, TDP_OUTCOME_GUEST_FAULT);
	assert_int_equal(m.result.vector, 6);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(vendors, warm_walk_of_4_by_4_levels_reads_24_entries),
		ROWS(vendors, absent_guest_page_is_the_guests_fault),
		ROWS(vendors, hole_is_mmio_once_with_a_fault_then_by_the_spte),
		ROWS(vendors, new_slot_makes_mmio_sptes_stale),
		ROWS(vendors, untouched_memory_faults_twice_after_a_prefault),
		ROWS(vendors, read_only_slot_is_mapped_and_writes_are_mmio),
		ROWS(vendors, code_from_nowhere),
		ROWS(host_rows, host_without_a_page),
		CASE(la57_host_with_4_level_npt_loops),
		CASE(la57_host_by_kernel),
	};

	return RUN("access", suites);
}
