/* SPDX-License-Identifier: MIT */
/* What a run says about expectations that hold, and about those that do not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/unit.h"
#include "tdpsim/scenario.h"

#define HEAD                                                          \
	"scenario: t\nabout: claims nothing\n"                        \
	"host: { vendor: intel, maxphyaddr: 46 }\n"                   \
	"kvm: { profile: v6.12 }\n"                                   \
	"memslots: [ { slot: 0, gpa: 0, size: 1G, backing: thp } ]\n" \
	"steps:\n"
#define FIRST_LINE 7

/* Everything that was reported, one line a failed check. */
struct heard {
	char failures[4096];
	char trail[8192];
	unsigned int events;
	unsigned int steps;
};

static void on_check(const struct tdp_check *check, void *context)
{
	struct heard *heard = context;
	size_t used = strlen(heard->failures);

	if (check->passed)
		return;
	snprintf(heard->failures + used, sizeof(heard->failures) - used,
		 "%u:%u %s %s: %s, got %s\n", check->line - FIRST_LINE + 1,
		 check->column, check->verb, check->field, check->expected,
		 check->actual);
	if (check->trail)
		snprintf(heard->trail, sizeof(heard->trail), "%s",
			 check->trail);
}

static void on_event(const struct tdp_event *event, void *context)
{
	(void)event;
	((struct heard *)context)->events++;
}

static void on_step(unsigned int step, const char *verb, unsigned int line,
		    void *context)
{
	struct heard *heard = context;

	assert_int_equal(step, ++heard->steps);
	assert_non_null(verb);
	assert_true(line >= FIRST_LINE);
}

static int run(const char *steps, struct heard *heard,
	       struct tdp_run_summary *summary, struct tdp_error *err)
{
	const struct tdp_report report = {
		.check = on_check,
		.trace = on_event,
		.step = on_step,
		.context = heard,
		.verify = true,
	};
	struct tdp_scenario *scenario;
	char text[4096];
	int ret;

	memset(heard, 0, sizeof(*heard));
	snprintf(text, sizeof(text), HEAD "%s", steps);
	ret = tdp_scenario_load_text("t.yaml", text, strlen(text), &scenario,
				     err);
	assert_int_equal(ret, TDP_OK);
	ret = tdp_scenario_run(scenario, &report, summary, err);
	tdp_scenario_destroy(scenario);
	return ret;
}

/* clang-format off */
static const struct row {
	const char *name;
	const char *steps;
	unsigned int checks;
	const char *failures;
} rows[] = {
	{ "no_steps", "  []\n", 0, "" },
	{ "fields_hold",
	  "  - prefault: { gpa: 2M, size: 2M }\n"
	  "    expect: { ret: 0, gpa: 4M, size: 0, level: 2M, root: { smm: 0, level: 4 } }\n",
	  6, "" },
	{ "field_differs",
	  "  - prefault: { gpa: 2M, size: 2M }\n"
	  "    expect: { level: 4K, size: 1G }\n",
	  2, "2:22 prefault level: 4K, got 2M\n"
	     "2:32 prefault size: 1GiB, got 0\n" },
	{ "part_of_a_word_differs",
	  "  - prefault: { gpa: 2M, size: 2M }\n"
	  "    expect: { spte: { W: false, D: true }, root: { role: { level: 5 } } }\n",
	  3, "2:26 prefault spte.W: false, got true\n"
	     "2:67 prefault root.role.level: 5, got 4\n" },
	{ "failure_that_nobody_expects",
	  "  - prefault: { gpa: 1, size: 4K }\n",
	  1, "1:5 prefault outcome: done, as nothing else is expected, got failed, ret "
	  "EINVAL, reason unaligned\n" },
	{ "failure_that_is_expected",
	  "  - prefault: { gpa: 1, size: 4K }\n"
	  "    expect: { ret: EINVAL }\n",
	  1, "" },
	{ "reason_is_enough",
	  "  - prefault: { gpa: 1, size: 4K }\n"
	  "    expect: { reason: unaligned }\n",
	  1, "" },
	{ "events_in_order",
	  "  - prefault: { gpa: 2M, size: 2M }\n"
	  "    expect: { events: [ root_load, kvm_tdp_mmu_spte_changed: { level: 2 } ] }\n",
	  2, "" },
	{ "events_in_another_order",
	  "  - prefault: { gpa: 2M, size: 2M }\n"
	  "    expect: { events: [ kvm_mmu_set_spte, root_load, kvm_mmu_get_page ] }\n",
	  3, "2:43 prefault events[1]: root_load, got no such event after those before it\n"
	     "2:54 prefault events[2]: kvm_mmu_get_page, got not looked for: one before it "
	     "is missing\n" },
	{ "event_with_another_field",
	  "  - prefault: { gpa: 2M, size: 2M }\n"
	  "    expect: { events: [ kvm_mmu_spte_requested: { gfn: 0x201 } ] }\n",
	  1, "2:25 prefault events[0]: kvm_mmu_spte_requested: gfn 0x201, got no such event "
	  "after those before it\n" },
	{ "event_that_must_not_be",
	  "  - prefault: { gpa: 2M, size: 2M }\n"
	  "    expect: { no_events: [ kvm_exit, kvm_mmu_spte_requested: { level: 2 } ] }\n",
	  2, "2:38 prefault no_events[1]: no kvm_mmu_spte_requested: level 2, got "
	  "kvm_mmu_spte_requested: gfn 0x200, pfn 0x40200, level 2\n" },
	{ "event_counts",
	  "  - prefault: { gpa: 2M, size: 2M }\n"
	  "    expect: { event_counts: { kvm_mmu_get_page: 3, kvm_exit: 1 } }\n",
	  2, "2:62 prefault event_counts.kvm_exit: 1, got 0\n" },
	{ "roots_and_no_more",
	  "  - prefault: { gpa: 2M, size: 2M }\n"
	  "  - check: { roots: [], nr_roots: 1, all_roots: [ { leaves: 2 } ] }\n",
	  4, "2:21 check roots: 0 roots, got 1 root 0x3784\n"
	     "2:61 check all_roots[0].leaves: 2, got 1\n" },
	{ "state_in_check",
	  "  - prefault: { gpa: 2M, size: 2M }\n"
	  "  - check: { vcpus: [ { smm: true, root: 1 } ], stats: { pages_2m: 1 },\n"
	  "             sptes: [ { gpa: 3M, level: 2M, W: true }, { gpa: 1G, leaf: true } ] }\n",
	  6, "2:30 check vcpus[0].smm: true, got false\n"
	     "3:73 check sptes[1].leaf: true, got false\n" },
	{ "memory_in_check",
	  "  - poke: { gpa: 0x1000, value: 0x1234, size: 2 }\n"
	  "  - check: { memory: [ { gpa: 0x1000, value: 0x1234 }, { gpa: 0x1000, size: 1, "
	  "value: 0x12 } ] }\n",
	  2, "2:56 check memory[1].value: 0x12, got 0x34\n" },
	{ "peek_and_tables",
	  "  - guest_tables: { at: 0x1000, pages: [ { gva: 4M, gpa: 8M, page: 2M, rights: R } ] }\n"
	  "    expect: { cr3: 0x1000, next: 0x4000 }\n"
	  "  - peek: { gpa: 0x3010 }\n"
	  "    expect: { value: 0x8000000000800081 }\n",
	  3, "" },
	{ "tables_of_32_bit_paging",
	  "  - guest_tables: { at: 0x1000, mode: 32-bit, pages: [ { gva: 0xc0000000, gpa: "
	  "4M, page: 4M, bits: A|PAT } ] }\n"
	  "    expect: { cr3: 0x1000, next: 0x2000 }\n"
	  "  - peek: { gpa: 0x1c00, size: 4 }\n"
	  "    expect: { value: 0x4010a3 }\n",
	  3, "" },
	{ "tables_of_pae_paging",
	  "  - guest_tables: { at: 0x1000, mode: pae, pages: [ { gva: 0x40000000, gpa: "
	  "0x5000, rights: R|X } ] }\n"
	  "  - peek: { gpa: 0x1008 }\n"
	  "    expect: { value: 0x2001 }\n"
	  "  - peek: { gpa: 0x2000 }\n"
	  "    expect: { value: 0x3007 }\n"
	  "  - peek: { gpa: 0x3000 }\n"
	  "    expect: { value: 0x5001 }\n",
	  3, "" },
	{ "tables_of_5_level_paging",
	  "  - guest_tables: { at: 0x1000, mode: 5-level, pages: [ { gva: "
	  "0xff00000000000000, gpa: 0x5000, rights: none }, { gva: 1G, gpa: 0, page: 1G, "
	  "rights: R|W|X|U } ] }\n"
	  "    expect: { next: 0x8000 }\n"
	  "  - peek: { gpa: 0x1800 }\n"
	  "    expect: { value: 0x2007 }\n"
	  "  - peek: { gpa: 0x5000 }\n"
	  "    expect: { value: 0x8000000000005000 }\n"
	  "  - peek: { gpa: 0x7008 }\n"
	  "    expect: { value: 0x87 }\n",
	  4, "" },
	{ "walks_read_those_tables",
	  "  - guest_tables: { at: 0x1000, mode: pae, pages: [ { gva: 4M, gpa: 8M, size: 2M } ] }\n"
	  "  - poke: { gpa: 8M, value: 0xabcd }\n"
	  "  - set_sregs: { mode: pae, cr3: 0x1000 }\n"
	  "  - write: { gva: 0x400123 }\n"
	  "    expect: { outcome: done, guest_refs: 2 }\n"
	  "  - read: { gva: 0x600000 }\n"
	  "    expect: { outcome: guest_fault, vector: 14, error_code: 0, fault_address: "
	  "0x600000 }\n",
	  6, "" },
};
/* clang-format on */

static void run_row(void **state)
{
	const struct row *r = *state;
	struct tdp_run_summary summary;
	struct tdp_error err = { 0 };
	struct heard heard;
	unsigned int failed = 0;
	const char *line;

	assert_int_equal(run(r->steps, &heard, &summary, &err), TDP_OK);
	assert_string_equal(heard.failures, r->failures);
	assert_int_equal(summary.checks, r->checks);
	for (line = r->failures; *line; line++)
		failed += *line == '\n';
	assert_int_equal(summary.failed, failed);
}

static void trail_names_result_and_events(void **state)
{
	struct tdp_run_summary summary;
	struct tdp_error err;
	struct heard heard;

	(void)state;
	assert_int_equal(run("  - prefault: { gpa: 2M, size: 2M }\n"
			     "    expect: { level: 4K }\n",
			     &heard, &summary, &err),
			 TDP_OK);
	assert_memory_equal(heard.trail, "the step gave ", 14);
	assert_non_null(strstr(heard.trail, " gpa 0x400000, "));
	assert_non_null(strstr(heard.trail, "level 2M, spte 0x"));
	assert_non_null(strstr(heard.trail, "its events, "));
	assert_non_null(strstr(heard.trail,
			       "  kvm_mmu_get_page: gfn 0x0, role 0x3784 "
			       "(level 4, direct, "));
	assert_true(heard.events > 0);
	assert_int_equal(heard.steps, 1);
}

/* clang-format off */
static const struct impossible {
	const char *name;
	const char *steps;
	unsigned int line;
	const char *message;
} impossible[] = {
	{ "memory_without_slot", "  - poke: { gpa: 8G, value: 1 }\n", 7,
	  "poke: " },
	{ "memory_of_check", "  - check: { memory: [ { gpa: 8G, value: 1 } ] }\n",
	  7, "memory: " },
	{ "tables_without_slot",
	  "  - guest_tables: { at: 8G, pages: [] }\n", 7, "guest_tables: " },
	{ "page_mapped_twice",
	  "  - guest_tables: { at: 0x1000, pages: [ { gva: 0, gpa: 0 }, { gva: 0, gpa: 0 } ] }\n",
	  7, "guest_tables: gva 0x0 is mapped already" },
	{ "page_in_a_larger_one",
	  "  - guest_tables: { at: 0x1000, pages: [ { gva: 0, gpa: 0, page: 2M }, { gva: "
	  "4K, gpa: 0 } ] }\n",
	  7, "guest_tables: gva 0x1000 lies in a larger page that is mapped already" },
	{ "page_size_of_another_mode",
	  "  - guest_tables: { at: 0x1000, mode: pae, pages: [ { gva: 0, gpa: 0, page: 1G } ] }\n",
	  7, "guest_tables: the mode has no pages of 1073741824 bytes" },
	{ "not_canonical",
	  "  - guest_tables: { at: 0x1000, pages: [ { gva: 0x800000000000, gpa: 0 } ] }\n",
	  7, "guest_tables: gva 0x800000000000 is no linear address of the mode" },
};
/* clang-format on */

static void refuse_step(void **state)
{
	const struct impossible *i = *state;
	struct tdp_run_summary summary;
	struct tdp_error err = { 0 };
	struct heard heard;

	assert_int_equal(run(i->steps, &heard, &summary, &err), TDP_EINPUT);
	assert_int_equal(err.line, i->line);
	assert_string_equal(err.path, "t.yaml");
	assert_memory_equal(err.message, i->message, strlen(i->message));
}

static void bad_memslot_names_its_place(void **state)
{
	static const char text[] = "scenario: t\nabout: x\n"
				   "memslots:\n"
				   "  - { slot: 0, gpa: 0, size: 4K }\n"
				   "  - { slot: 1, gpa: 0, size: 4K }\n";
	struct tdp_run_summary summary;
	struct tdp_scenario *scenario;
	struct tdp_error err = { 0 };

	(void)state;
	assert_int_equal(tdp_scenario_load_text("t.yaml", text, strlen(text),
						&scenario, &err),
			 TDP_OK);
	assert_int_equal(tdp_scenario_run(scenario, NULL, &summary, &err),
			 TDP_EINPUT);
	assert_int_equal(err.line, 5);
	assert_non_null(
		strstr(err.message, "KVM_SET_USER_MEMORY_REGION: EEXIST"));
	tdp_scenario_destroy(scenario);
}

static void replay_keeps_the_machine(void **state)
{
	static const char text[] = HEAD "  - prefault: { gpa: 2M, size: 2M }\n";
	struct tdp_scenario *scenario;
	struct tdp_vm_stats stats;
	struct tdp_vm *vm;

	(void)state;
	assert_int_equal(tdp_scenario_load_text("t.yaml", text, strlen(text),
						&scenario, NULL),
			 TDP_OK);
	assert_int_equal(tdp_scenario_replay(scenario, &vm, NULL), TDP_OK);
	tdp_scenario_destroy(scenario);
	tdp_vm_get_stats(vm, &stats);
	assert_int_equal(stats.pages_2m, 1);
	tdp_vm_destroy(vm);
}

static struct tdp_scenario *scenario;

static int attempt(void *context)
{
	static const char text[] = HEAD "  - prefault: { gpa: 2M, size: 2M }\n"
					"    expect: { level: 2M }\n"
					"check: { nr_roots: 1 }\n";
	struct tdp_run_summary summary;
	int ret;

	(void)context;
	tdp_scenario_destroy(scenario);
	scenario = NULL;
	ret = tdp_scenario_load_text("t.yaml", text, strlen(text), &scenario,
				     NULL);
	return ret ? ret : tdp_scenario_run(scenario, NULL, &summary, NULL);
}

static void teardown(void *context)
{
	(void)context;
	tdp_scenario_destroy(scenario);
	scenario = NULL;
}

static void survives_want_of_memory(void **state)
{
	static const struct nomem test = {
		.attempt = attempt,
		.teardown = teardown,
	};

	(void)state;
	nomem_check(&test);
}

/* 5.10's shadow MMU knows no frozen SPTE, so that none is one: zero neither. */
static void an_empty_entry_is_not_frozen(void **state)
{
	static const char text[] =
		"scenario: t\nabout: x\nhost: { vendor: intel }\n"
		"kvm: { profile: v5.10 }\n"
		"memslots: [ { slot: 0, gpa: 0, size: 1M } ]\n"
		"steps:\n  - prefault: { gpa: 0, size: 4K }\n"
		"    expect: { ret: EINVAL, spte: { frozen: false } }\n";
	struct tdp_run_summary summary;
	struct tdp_scenario *other;

	(void)state;
	assert_int_equal(tdp_scenario_load_text("t.yaml", text, strlen(text),
						&other, NULL),
			 TDP_OK);
	assert_int_equal(tdp_scenario_run(other, NULL, &summary, NULL), TDP_OK);
	assert_int_equal(summary.checks, 2);
	assert_int_equal(summary.failed, 0);
	tdp_scenario_destroy(other);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, run_row),
		CASE(trail_names_result_and_events),
		ROWS(impossible, refuse_step),
		CASE(an_empty_entry_is_not_frozen),
		CASE(bad_memslot_names_its_place),
		CASE(replay_keeps_the_machine),
		CASE(survives_want_of_memory),
	};

	return RUN("run", suites);
}
