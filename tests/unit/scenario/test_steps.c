/* SPDX-License-Identifier: MIT */
/* A loaded scenario as data. */
#include <string.h>

#include "support/unit.h"
#include "tdpsim/steps.h"

/* clang-format off */
static const char text[] =
	"scenario: data\n"
	"about: everything that a scenario can hold\n"
	"host: { vendor: amd }\n"
	"kvm: { profile: v6.12, nx_huge_pages: force }\n"
	"create: { type: sw-protected }\n"
	"gmem:\n"
	"  - { size: 2MiB }\n"
	"memslots:\n"
	"  - { slot: 3, gpa: 1MiB, size: 2MiB, backing: thp, untouched: true }\n"
	"vcpus:\n"
	"  - {}\n"
	"  - { cpuid: { maxphyaddr: 36 }, mode: 4-level, cr3: 0x1000, smm: true }\n"
	"memory:\n"
	"  - { gpa: 0x100008, value: 0x1234, size: 2 }\n"
	"steps:\n"
	"  - read: { vcpu: 1, gva: 0x5000, user: true }\n"
	"  - set_sregs: { vcpu: 1, cr0: -WP, cr3: 0x2000 }\n"
	"  - memslot: { slot: 4, gpa: 0x10000000, size: 4KiB, dirty_log: true }\n"
	"  - write_reg: { reg: cr4, value: +SMEP }\n"
	"  - set_cpuid: { maxphyaddr: 39 }\n"
	"  - guest_tables: { at: 0x100000, mode: 4-level,\n"
	"                    pages: [ { gva: 0x400000, gpa: 0x100000 } ] }\n"
	"  - set_backing: { gpa: 1MiB, size: 4KiB, backing: unmapped }\n"
	"  - set_nested_state: { l1: { cr3: 0x7000 } }\n";
/* clang-format on */

static struct tdp_scenario *load(void)
{
	struct tdp_scenario *scenario;
	struct tdp_error err = { 0 };

	if (tdp_scenario_load_text("data", text, strlen(text), &scenario, &err))
		fail_msg("%s", err.message);
	return scenario;
}

static void machine_is_told(void **state)
{
	struct tdp_scenario *s = load();
	const struct tdp_memslot *slot = tdp_scenario_memslot(s, 0);
	struct tdp_vcpu_setup vcpu;
	struct tdp_content content;
	struct tdp_setup setup;
	uint64_t size, flags;

	(void)state;
	tdp_scenario_setup(s, &setup);
	assert_int_equal(setup.memslots, 1);
	assert_int_equal(setup.memory, 1);
	assert_int_equal(setup.vcpus, 2);
	assert_int_equal(setup.steps, 8);
	assert_int_equal(setup.vm_type, 1);
	assert_int_equal(setup.gmem, 1);
	tdp_scenario_gmem(s, 0, &size, &flags);
	assert_int_equal(size, 2 << 20);
	assert_int_equal(flags, 0);
	assert_string_equal(
		tdp_kvm_config_get(tdp_scenario_kvm(s), "nx_huge_pages"),
		"force");
	assert_int_equal(slot->slot, 3);
	assert_int_equal(slot->backing, TDP_BACKING_THP);
	assert_true(slot->untouched);
	tdp_scenario_memory(s, 0, &content);
	assert_int_equal(content.gpa, 0x100008);
	assert_int_equal(content.value, 0x1234);
	assert_int_equal(content.size, 2);
	tdp_scenario_vcpu(s, 0, &vcpu);
	assert_true(vcpu.has_cpuid && !vcpu.has_sregs && !vcpu.smm);
	tdp_scenario_vcpu(s, 1, &vcpu);
	assert_true(vcpu.has_sregs && vcpu.smm);
	assert_int_equal(vcpu.cpuid.maxphyaddr, 36);
	assert_int_equal(vcpu.sregs.cr3, 0x1000);
	tdp_scenario_destroy(s);
}

static void arguments_are_told(void **state)
{
	struct tdp_scenario *s = load();
	struct tdp_step step;

	(void)state;
	tdp_scenario_step(s, 1, &step);
	assert_string_equal(step.verb, "read");
	assert_int_equal(step.vcpu, 1);
	assert_int_equal(step.line, 16);
	assert_int_equal(tdp_step_number(s, 1, "gva"), 0x5000);
	assert_int_equal(tdp_step_number(s, 1, "user"), 1);
	assert_true(tdp_step_has(s, 1, "user"));
	assert_false(tdp_step_has(s, 1, "implicit"));
	assert_int_equal(tdp_step_number(s, 1, "no such argument"), 0);
	assert_int_equal(tdp_step_number(s, 7, "backing"),
			 TDP_BACKING_UNMAPPED);
	assert_null(tdp_step_memslot(s, 1));
	assert_int_equal(tdp_step_memslot(s, 3)->slot, 4);
	assert_true(tdp_step_memslot(s, 3)->flag_dirty_log);
	tdp_scenario_destroy(s);
}

static void registers_change_as_named(void **state)
{
	struct tdp_sregs sregs = { .cr0 = 0x80010031, .cr3 = 1, .efer = 0xd00 };
	struct tdp_cpuid cpuid = { .maxphyaddr = 46, .smep = true };
	struct tdp_scenario *s = load();

	(void)state;
	assert_true(tdp_step_sregs(s, 2, &sregs));
	assert_int_equal(sregs.cr0, 0x80000031);
	assert_int_equal(sregs.cr3, 0x2000);
	assert_int_equal(sregs.efer, 0xd00);
	assert_false(tdp_step_sregs(s, 1, &sregs));
	assert_true(tdp_step_l1_sregs(s, 8, &sregs));
	assert_int_equal(sregs.cr3, 0x7000);
	assert_int_equal(sregs.efer, 0xd00);
	assert_false(tdp_step_l1_sregs(s, 2, &sregs));
	assert_int_equal(tdp_step_register(s, 4, 0x20), 0x100020);
	assert_int_equal(tdp_step_register(s, 1, 0x20), 0x20);
	assert_true(tdp_step_cpuid(s, 5, &cpuid));
	assert_int_equal(cpuid.maxphyaddr, 39);
	assert_true(cpuid.smep);
	assert_false(tdp_step_cpuid(s, 1, &cpuid));
	tdp_scenario_destroy(s);
}

/* Guest memory of the test's own: 64 KiB from 1 MiB on. */
#define MEMORY_START 0x100000u
#define MEMORY_BYTES 0x10000u

static int memory_read(void *context, unsigned int as_id, tdp_gpa gpa,
		       uint64_t *value, unsigned int size,
		       struct tdp_error *err)
{
	const uint8_t *memory = context;

	(void)err;
	assert_int_equal(as_id, 0);
	assert_in_range(gpa.addr, MEMORY_START,
			MEMORY_START + MEMORY_BYTES - size);
	*value = 0;
	memcpy(value, memory + (gpa.addr - MEMORY_START), size);
	return TDP_OK;
}

static int memory_write(void *context, unsigned int as_id, tdp_gpa gpa,
			uint64_t value, unsigned int size,
			struct tdp_error *err)
{
	uint8_t *memory = context;

	(void)err;
	assert_int_equal(as_id, 0);
	assert_in_range(gpa.addr, MEMORY_START,
			MEMORY_START + MEMORY_BYTES - size);
	memcpy(memory + (gpa.addr - MEMORY_START), &value, size);
	return TDP_OK;
}

static void tables_are_written_elsewhere(void **state)
{
	static uint64_t memory[MEMORY_BYTES / 8];
	const struct tdp_guest_memory guest = { memory_read, memory_write,
						memory };
	struct tdp_scenario *s = load();
	struct tdp_error err = { 0 };

	(void)state;
	assert_int_equal(tdp_step_tables(s, 6, &guest, &err), TDP_OK);
	assert_int_equal(memory[0], 0x101007);
	assert_int_equal(memory[0x1000 / 8], 0x102007);
	assert_int_equal(memory[0x2000 / 8 + 2], 0x103007);
	assert_int_equal(memory[0x3000 / 8], 0x100003);
	assert_int_equal(tdp_step_tables(s, 1, &guest, &err), TDP_EINVAL);
	tdp_scenario_destroy(s);
}

static void machine_comes_from_its_line(void **state)
{
	static const char env[] =
		"{\"case\":\"env\",\"release\":\"6.12.0\",\"vendor\":\"AMD\","
		"\"physbits\":40,\"nx\":1,\"kvm_amd.npt\":\"N\"}";
	struct tdp_error err = { 0 };
	struct tdp_machine machine;

	(void)state;
	assert_int_equal(tdp_machine_parse(env, &machine, &err), TDP_OK);
	assert_int_equal(machine.host.vendor, TDP_AMD);
	assert_int_equal(machine.host.maxphyaddr, 40);
	assert_string_equal(tdp_kvm_config_get(&machine.kvm, "tdp"), "off");
	assert_true(machine.cpuid.nx);
	assert_int_equal(tdp_machine_parse("{", &machine, &err), TDP_EINPUT);
	assert_int_equal(
		tdp_machine_parse("{\"release\":\"1\"}", &machine, &err),
		TDP_EINPUT);
	assert_int_equal(tdp_machine_parse("{\"release\":\"6.12.0\","
					   "\"module\":\"kvm_pvm\"}",
					   &machine, &err),
			 TDP_EINPUT);
	assert_non_null(strstr(err.message, "kvm_pvm"));
}

/* Up to what is configured: private memory. */
static void configuration_comes_from_capabilities(void **state)
{
	struct tdp_error err = { 0 };
	struct tdp_machine machine;

	(void)state;
	assert_int_equal(tdp_machine_parse("{\"release\":\"6.12.0\","
					   "\"vendor\":\"AMD\","
					   "\"module\":\"kvm_amd\","
					   "\"CAP_MEMORY_ATTRIBUTES\":0}",
					   &machine, &err),
			 TDP_OK);
	assert_string_equal(tdp_kvm_config_get(&machine.kvm, "sw_protected_vm"),
			    "off");
}

int main(void)
{
	static const struct suite suites[] = {
		CASE(machine_is_told),
		CASE(arguments_are_told),
		CASE(registers_change_as_named),
		CASE(tables_are_written_elsewhere),
		CASE(machine_comes_from_its_line),
		CASE(configuration_comes_from_capabilities),
	};

	return RUN("steps", suites);
}
