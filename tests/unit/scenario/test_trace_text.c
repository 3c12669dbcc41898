/* SPDX-License-Identifier: MIT */
/* The text of traces: every format of an event, and what is refused. */
#include <string.h>

#include "scenario/recording.h"
#include "scenario/trace_text.h"
#include "support/unit.h"

#define TRACEFS   "       vmm-12      [000] ...1.    43.850506: "
#define TRACE_CMD "       vmm-12    [000]    43.850506: "

/* clang-format off */
static const struct row {
	const char *name;
	const char *line;
	const char *event;
	const char *field;
	const char *value;
} rows[] = {
	{ "page_has_its_role_by_parts",
	  "kvm_mmu_get_page: sp gen 0 gfn 1a l4 8-byte q0 direct wux nxe ad root 0 sync new",
	  "kvm_mmu_get_page", "role_text", "l4 8-byte q0 direct wux nxe ad" },
	{ "page_is_new",
	  "kvm_mmu_get_page: sp gen 0 gfn 1a l2 4-byte q3 w-x invalid !nxe !ad root 1 unsync new",
	  "kvm_mmu_get_page", "created", "0x1" },
	{ "page_exists",
	  "kvm_mmu_get_page: sp gen 0 gfn 1a l4 8-byte q0 direct wux nxe ad root 0 sync existing",
	  "kvm_mmu_get_page", "created", "0x0" },
	{ "frame_of_an_spte_is_hidden",
	  "kvm_tdp_mmu_spte_changed: as id 0 gfn 1 level 4 "
	  "old_spte 8000000000000000 new_spte 14a30c827",
	  "kvm_tdp_mmu_spte_changed", "new_spte", "0x827+pfn" },
	{ "absent_spte_is_whole",
	  "kvm_tdp_mmu_spte_changed: as id 0 gfn 1 level 4 "
	  "old_spte 8000000000000000 new_spte 14a30c827",
	  "kvm_tdp_mmu_spte_changed", "old_spte", "0x8000000000000000" },
	{ "set_spte", "kvm_mmu_set_spte: gfn 1 spte 1414e5e47 (rwxu) level 1 at 14a30a008",
	  "kvm_mmu_set_spte", "level", "0x1" },
	{ "walk", "kvm_mmu_pagetable_walk: addr e0000000 pferr 10 F",
	  "kvm_mmu_pagetable_walk", "pferr", "0x10" },
	{ "walk_without_flags", "kvm_mmu_pagetable_walk: addr e0000000 pferr 0 ",
	  "kvm_mmu_pagetable_walk", "addr", "0xe0000000" },
	{ "mark", "mark_mmio_spte: sptep:000000005b598422 gfn 40000 access 7 gen 6",
	  "mark_mmio_spte", "gen", "0x6" },
	{ "fast_fault_has_flags_by_name",
	  "fast_page_fault: vcpu 0 gva 10000000 error_code P|W|U|0x100000000 "
	  "sptep 00000000d7adb6d5 old 0x1415e9e65 new 1415e9e67 spurious 0 fixed 1",
	  "fast_page_fault", "error_code", "0x100000007" },
	{ "page_fault_with_rip",
	  "kvm_page_fault: vcpu 0 rip 0xe0000000 address 0x00000000e0000000 error_code 0x100000014",
	  "kvm_page_fault", "error_code", "0x100000014" },
	{ "page_fault_up_to_5_17", "kvm_page_fault: address e0000000 error_code 6",
	  "kvm_page_fault", "fault_address", "0xe0000000" },
	{ "exit_of_svm",
	  "kvm_exit: vcpu 0 reason npf rip 0xe0000000 info1 0x0000000100000014 "
	  "info2 0x00000000e0000000 intr_info 0x00000000 error_code 0x00000000",
	  "kvm_exit", "exit_reason", "0x400" },
	{ "exit_with_a_space",
	  "kvm_exit: vcpu 1 reason PF excp rip 0x0 info1 0x02 info2 0x40 intr_info 0x0",
	  "kvm_exit", "exit_reason", "0x4e" },
	{ "exit_of_vmx",
	  "kvm_exit: vcpu 0 reason EPT_VIOLATION rip 0x0 info1 0x181 info2 0x0 intr_info 0x0",
	  "kvm_exit", "exit_reason", "0x30" },
	{ "exit_for_another_reason",
	  "kvm_exit: vcpu 0 reason interrupt rip 0x0 info1 0x0 info2 0x0 intr_info 0x0",
	  "kvm_exit", "exit_reason", "0x0" },
	{ "exception_with_code", "kvm_inj_exception: #PF (0x7)",
	  "kvm_inj_exception", "exception", "0xe" },
	{ "exception_without_code", "kvm_inj_exception: #UD",
	  "kvm_inj_exception", "exception", "0x6" },
	{ "smm", "kvm_smm_transition: vcpu 0: entering SMM, smbase 0x30000",
	  "kvm_smm_transition", "entering", "0x1" },
};

static const struct bad {
	const char *name;
	const char *line;
} bad[] = {
	{ "other_words", "kvm_mmu_set_spte: gfn 1 spte zz (rwxu) level 1 at 1" },
	{ "cut_off", "kvm_tdp_mmu_spte_changed: as id 0 gfn 1 level" },
	{ "unknown_vector", "kvm_inj_exception: #ZZ" },
	{ "more_behind", "kvm_mmu_set_accessed_bit: gpa 1000 and so on" },
};
/* clang-format on */

static json_t *parse(const char *prefix, const char *line, int *ret,
		     struct tdp_error *err)
{
	char text[512];
	json_t *events = NULL;

	snprintf(text, sizeof(text), "# tracer: nop\n#\n%s%s\n", prefix, line);
	assert_true(trace_text_is(text, strlen(text)));
	*ret = trace_text_parse("trace", text, strlen(text), &events, err);
	return events;
}

static void event_is_read(void **state)
{
	static const char *const prefixes[] = { TRACEFS, TRACE_CMD };
	const struct row *row = *state;
	struct tdp_error err = { 0 };
	unsigned int i;
	int ret;

	for (i = 0; i < 2; i++) {
		json_t *events = parse(prefixes[i], row->line, &ret, &err);
		const json_t *event;

		if (ret)
			fail_msg("%s", err.message);
		assert_int_equal(json_array_size(events), 1);
		event = json_array_get(events, 0);
		assert_string_equal(json_text(event, "ev"), row->event);
		assert_string_equal(json_text(event, row->field), row->value);
		assert_int_equal(json_word(json_object_get(event, "line")), 3);
		json_decref(events);
	}
}

static void event_is_refused(void **state)
{
	const struct bad *row = *state;
	struct tdp_error err = { 0 };
	int ret;

	assert_null(parse(TRACEFS, row->line, &ret, &err));
	assert_int_equal(ret, TDP_EINPUT);
	assert_int_equal(err.line, 3);
}

static void other_events_are_left_out(void **state)
{
	struct tdp_error err = { 0 };
	json_t *events;
	int ret;

	(void)state;
	events = parse(TRACEFS, "sched_switch: prev_comm=a ==> next_comm=b",
		       &ret, &err);
	assert_int_equal(ret, TDP_OK);
	assert_int_equal(json_array_size(events), 0);
	json_decref(events);
}

static void exception_has_a_code_or_not(void **state)
{
	struct tdp_error err = { 0 };
	const json_t *event;
	json_t *events;
	int ret;

	(void)state;
	events = parse(TRACEFS, "kvm_inj_exception: #PF (0x7) [reinjected]",
		       &ret, &err);
	event = json_array_get(events, 0);
	assert_int_equal(json_word(json_object_get(event, "error_code")), 7);
	assert_int_equal(json_word(json_object_get(event, "has_error")), 1);
	assert_int_equal(json_word(json_object_get(event, "reinjected")), 1);
	json_decref(events);
}

static void recording_is_no_text(void **state)
{
	static const char recording[] = "{\"case\":\"env\",\"step\":0}\n";

	(void)state;
	assert_false(trace_text_is(recording, sizeof(recording) - 1));
	assert_false(trace_text_is("", 0));
	assert_true(trace_text_is("cpus=8\n", 7));
}

static void role_is_printed_as_the_kernel_does(void **state)
{
	struct tdp_kvm_config kvm;
	char text[96];

	(void)state;
	assert_int_equal(tdp_kvm_config_init(&kvm, "v6.12", NULL), TDP_OK);
	assert_string_equal(trace_text_role(&kvm, 0x3784, text, sizeof(text)),
			    "l4 8-byte q0 direct wux nxe ad");
	assert_string_equal(trace_text_role(&kvm, 0x10b52, text, sizeof(text)),
			    "l2 4-byte q2 w-x invalid !nxe !ad");
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, event_is_read),
		ROWS(bad, event_is_refused),
		CASE(other_events_are_left_out),
		CASE(exception_has_a_code_or_not),
		CASE(recording_is_no_text),
		CASE(role_is_printed_as_the_kernel_does),
	};

	return RUN("trace_text", suites);
}
