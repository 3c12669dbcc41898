/* SPDX-License-Identifier: MIT */
/* Recordings: what is refused, and that every difference is found. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/unit.h"
#include "tdpsim/recording.h"

/* A file that lasts for one test. */
static void write_file(char *path, const char *text)
{
	static const char name[] = P_tmpdir "/tdpsim-recording-XXXXXX";
	FILE *file;
	int fd;

	memcpy(path, name, sizeof(name));
	fd = mkstemp(path);
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Files ---------------------------------------------------------------------- */

/* clang-format off */
#define ENV_HEAD "{\"case\":\"env\",\"release\":\"6.12.0\",\"vendor\":\"AMD\","
#define ENV_TAIL                                                          \
	"\"physbits\":40,\"nx\":1,\"pdpe1gb\":1,\"smep\":1,\"smap\":1,"   \
	"\"pku\":1,\"la57\":1,\"cpuinfo_la57\":0,\"kvm_amd.npt\":\"Y\","  \
	"\"kvm.tdp_mmu\":\"Y\",\"ret\":0,\"errno\":\"\",\"trace\":[]}\n"
#define ENV ENV_HEAD ENV_TAIL

static const struct bad {
	const char *name;
	const char *text;
	const char *message;
} bad[] = {
	{ "empty", "", "the first line must describe the machine" },
	{ "no_json", "x\n", "expected near" },
	{ "no_object", "[]\n", "no step of a recording" },
	{ "cut_off", "{\"case\":", "end of file" },
	{ "key_twice", "{\"case\":\"env\",\"case\":\"env\"}\n", "duplicate" },
	{ "no_machine", "{\"case\":\"A.basic\",\"step\":0}\n",
	  "the first line must describe the machine" },
	{ "no_release", "{\"case\":\"env\"}\n", "is no release of a kernel" },
	{ "unknown_kernel", "{\"case\":\"env\",\"release\":\"3.10.0\"}\n",
	  "there is no profile" },
	{ "binary", "\xfd" "7zXZ\n", "unable to decode" },
};
/* clang-format on */

static void refuse(void **state)
{
	const struct bad *row = *state;
	struct tdp_recording *recording;
	struct tdp_error err = { 0 };
	char path[64];
	int ret;

	write_file(path, row->text);
	ret = tdp_recording_open(path, &recording, &err);
	remove(path);
	assert_int_equal(ret, TDP_EINPUT);
	if (!strstr(err.message, row->message))
		fail_msg("%s", err.message);
	assert_string_equal(err.path, path);
}

static void refuse_what_is_not_there(void **state)
{
	struct tdp_recording *recording;
	struct tdp_error err = { 0 };

	(void)state;
	assert_int_equal(tdp_recording_open("/nowhere/x", &recording, &err),
			 TDP_EIO);
}

/* clang-format off */
static const struct machine_row {
	const char *name;
	const char *env;
	const char *profile;
	const char *behaviour;
	const char *value;
	enum tdp_vendor vendor;
	unsigned int ept_levels;
} machines[] = {
	{ "npt", ENV, "v6.12", "tdp", "on", TDP_AMD, 4 },
	{ "npt0", "{\"case\":\"env\",\"release\":\"6.18.2\",\"vendor\":\"AMD\","
	  "\"physbits\":40,\"kvm_amd.npt\":\"N\"}\n",
	  "v6.18", "tdp", "off", TDP_AMD, 4 },
	{ "tdp_mmu0", "{\"case\":\"env\",\"release\":\"7.1.5\",\"vendor\":\"AMD\","
	  "\"physbits\":40,\"kvm.tdp_mmu\":\"N\"}\n",
	  "v7.1", "tdp_mmu", "off", TDP_AMD, 4 },
	{ "stable", "{\"case\":\"env\",\"release\":\"6.12.117+deb12-cloud-amd64\","
	  "\"vendor\":\"AMD\",\"physbits\":40}\n",
	  "v6.12.117", "tdp", "on", TDP_AMD, 4 },
	{ "debian_abi", "{\"case\":\"env\",\"release\":\"6.1.0-56-cloud-amd64\","
	  "\"vendor\":\"AMD\",\"physbits\":40}\n",
	  "v6.1.192", "tdp", "on", TDP_AMD, 4 },
	{ "ept", "{\"case\":\"env\",\"release\":\"6.12.0\",\"vendor\":\"Intel?\","
	  "\"physbits\":46,\"kvm.nx_huge_pages\":\"N\"}\n",
	  "v6.12", "nx_huge_pages", "off", TDP_INTEL, 4 },
	{ "ept_of_52_bits", "{\"case\":\"env\",\"release\":\"6.12.0\","
	  "\"vendor\":\"Intel?\",\"physbits\":52,\"kvm.mmio_caching\":\"N\"}\n",
	  "v6.12", "mmio_caching", "off", TDP_INTEL, 5 },
};
/* clang-format on */

static void machine_follows(void **state)
{
	const struct machine_row *row = *state;
	struct tdp_recording *recording;
	struct tdp_host_config host;
	struct tdp_kvm_config kvm;
	struct tdp_error err;
	char path[64];

	write_file(path, row->env);
	assert_int_equal(tdp_recording_open(path, &recording, &err), TDP_OK);
	remove(path);
	tdp_recording_machine(recording, &host, &kvm);
	assert_string_equal(kvm.profile, row->profile);
	assert_string_equal(tdp_kvm_config_get(&kvm, row->behaviour),
			    row->value);
	assert_int_equal(host.vendor, row->vendor);
	if (row->vendor == TDP_INTEL)
		assert_int_equal(host.ept_levels, row->ept_levels);
	tdp_recording_close(recording);
}

/* Comparing -------------------------------------------------------------------- */

/* What 6.12 did in A.basic, up to the second pre-fault. */
/* clang-format off */
#define INIT                                                              \
	"[{\"ev\":\"role_init_mmu\",\"root_role\":\"0x3784 l4\","         \
	"\"cpu_role\":\"0x100000780 l0\"}]"
#define STEP(number, op) \
	"{\"case\":\"A.basic\",\"step\":" #number ",\"op\":\"" op "\","
#define DONE "\"ret\":0,\"errno\":\"\",\"stats\":{},\"trace\":"
#define PAGE(gfn, role)                                              \
	"{\"ev\":\"kvm_mmu_get_page\",\"gfn\":\"" gfn                \
	"\",\"role\":\"" role "\",\"root_count\":0,\"unsync\":0,"    \
	"\"created\":1}"
#define CHANGED(gfn, was, is, level)                                   \
	"{\"ev\":\"kvm_tdp_mmu_spte_changed\",\"gfn\":\"" gfn          \
	"\",\"old_spte\":\"" was "\",\"new_spte\":\"" is               \
	"\",\"level\":" #level ",\"as_id\":0}"
#define SET(spte)                                                      \
	"{\"ev\":\"kvm_mmu_set_spte\",\"gfn\":\"0x200\",\"spte\":\""   \
	spte "\",\"level\":1,\"r\":1,\"x\":1,\"u\":1}"
#define REQUESTED                                                      \
	"{\"ev\":\"kvm_mmu_spte_requested\",\"gfn\":\"0x200\","        \
	"\"pfn\":\"pfn\",\"level\":1}"
#define NONE "0x8000000000000000"
#define PREFAULT                                                       \
	"\"args\":{\"vcpu\":0,\"gpa\":\"0x200000\",\"size\":\"0x1000\"}," \
	"\"out\":{\"gpa\":\"0x201000\",\"size\":\"0\"},"

static const char recorded[] =
	ENV STEP(0, "KVM_CREATE_VM") DONE "[]}\n"
	STEP(1, "KVM_SET_USER_MEMORY_REGION") DONE "[]}\n"
	STEP(2, "KVM_CREATE_VCPU") DONE INIT "}\n"
	STEP(3, "KVM_SET_CPUID2") DONE INIT "}\n"
	STEP(4, "note") DONE "[]}\n"
	STEP(5, "KVM_PRE_FAULT_MEMORY") PREFAULT
	"\"ret\":0,\"errno\":\"\",\"stats\":{\"pages_4k\":1},\"trace\":["
	PAGE("0", "0x3784 l4") "," REQUESTED "," PAGE("0", "0x3783 l3") ","
	CHANGED("0", NONE, "0x827+pfn", 4) "," PAGE("0", "0x3782 l2") ","
	CHANGED("0", NONE, "0x827+pfn", 3) "," PAGE("0x200", "0x3781 l1") ","
	CHANGED("0x200", NONE, "0x827+pfn", 2) ","
	CHANGED("0x200", NONE, "0xe47+pfn", 1) "," SET("0xe47+pfn") "]}\n"
	STEP(6, "KVM_PRE_FAULT_MEMORY") PREFAULT DONE "[" REQUESTED ","
	CHANGED("0x200", "0xe47+pfn", "0xe07+pfn", 1) "," SET("0xe07+pfn")
	"]}\n"
	STEP(7, "done") DONE "[]}\n";
/* clang-format on */

static const char scenario[] =
	"scenario: t\n"
	"about: replays a recording\n"
	"memslots: [ { slot: 0, gpa: 0, size: 16M } ]\n"
	"recording: { case: A.basic, machine: 3, left_out: [ ] }\n"
	"steps:\n"
	"  - prefault: { gpa: 0x200000, size: 4K }\n"
	"    recorded: 5\n"
	"  - prefault: { gpa: 0x200000, size: 4K }\n"
	"    recorded: 6\n";

struct seen {
	unsigned int nr;
	unsigned int step;
	char field[64];
};

static void hear(const struct tdp_difference *difference, void *context)
{
	struct seen *seen = context;

	if (seen->nr++)
		return;
	seen->step = difference->step;
	snprintf(seen->field, sizeof(seen->field), "%s", difference->field);
}

static int diff(const char *recording, const char *text, struct seen *seen,
		struct tdp_diff_summary *summary, struct tdp_error *err)
{
	const struct tdp_diff_report report = { .difference = hear,
						.context = seen };
	struct tdp_recording *handle;
	char paths[2][64];
	int ret;

	memset(seen, 0, sizeof(*seen));
	write_file(paths[0], recording);
	write_file(paths[1], text);
	assert_int_equal(tdp_recording_open(paths[0], &handle, err), TDP_OK);
	ret = tdp_recording_diff(handle, paths[1], &report, summary, err);
	tdp_recording_close(handle);
	remove(paths[0]);
	remove(paths[1]);
	return ret;
}

static void recorded_case_has_no_difference(void **state)
{
	struct tdp_diff_summary summary;
	struct tdp_error err;
	struct seen seen;

	(void)state;
	assert_int_equal(diff(recorded, scenario, &seen, &summary, &err),
			 TDP_OK);
	if (seen.nr)
		fail_msg("step %u: %s", seen.step, seen.field);
	assert_int_equal(summary.differences, 0);
	assert_int_equal(summary.steps, 6);
	assert_int_equal(summary.events, 15);
	assert_int_equal(summary.left_out, 0);
}

/* Two VMs alike, of a kernel without KVM_PRE_FAULT_MEMORY. */
/* clang-format off */
static const char twice[] =
	ENV STEP(0, "KVM_CREATE_VM") DONE "[]}\n"
	STEP(1, "KVM_SET_USER_MEMORY_REGION") DONE "[]}\n"
	STEP(2, "KVM_CREATE_VCPU") DONE INIT "}\n"
	STEP(3, "KVM_SET_CPUID2") DONE INIT "}\n"
	STEP(4, "KVM_SET_SREGS") DONE INIT "}\n"
	STEP(5, "KVM_CREATE_VM") DONE "[]}\n"
	STEP(6, "KVM_SET_USER_MEMORY_REGION") DONE "[]}\n"
	STEP(7, "KVM_CREATE_VCPU") DONE INIT "}\n"
	STEP(8, "KVM_SET_CPUID2") DONE INIT "}\n"
	STEP(9, "KVM_SET_SREGS") DONE INIT "}\n";
/* clang-format on */

static const char each_vm[] =
	"scenario: t\n"
	"about: replays two VMs of a case\n"
	"memslots: [ { slot: 0, gpa: 0, size: 16M } ]\n"
	"recording: { case: A.basic, vms: [ 0, 1 ], count_from_vm: true,\n"
	"             machine: 3 }\n"
	"steps:\n"
	"  - prefault: { gpa: 0x200000, size: 4K }\n"
	"    recorded: 4\n"
	"  - set_sregs: { cr0: 0x31 }\n"
	"    recorded: 5\n";

static void vms_of_a_case_are_replayed_in_turn(void **state)
{
	struct tdp_diff_summary summary;
	struct tdp_error err;
	struct seen seen;

	(void)state;
	assert_int_equal(diff(twice, each_vm, &seen, &summary, &err), TDP_OK);
	if (seen.nr)
		fail_msg("step %u: %s", seen.step, seen.field);
	assert_int_equal(summary.steps, 10);
	assert_int_equal(summary.events, 6);
}

static void vms_that_are_not_there_are_refused(void **state)
{
	struct tdp_diff_summary summary;
	struct tdp_error err = { 0 };
	struct seen seen;
	char text[sizeof(each_vm)];

	(void)state;
	memcpy(text, each_vm, sizeof(text));
	*strstr(text, "1 ]") = '2';
	assert_int_equal(diff(twice, text, &seen, &summary, &err), TDP_EINPUT);
	assert_non_null(strstr(err.message, "no case A.basic with a VM 2"));
	*(strstr(text, " 2 ]")) = '6';
	*(strstr(text, "2 ]")) = '4';
	assert_int_equal(diff(twice, text, &seen, &summary, &err), TDP_EINPUT);
	assert_non_null(strstr(err.message, "vms: 64 is too large"));
}

/* @text with the last @was replaced by @is; the caller frees it. */
static char *changed(const char *text, const char *was, const char *is)
{
	const char *at = NULL, *next = text;
	char *copy = malloc(strlen(text) + strlen(is) + 1);

	assert_non_null(copy);
	while ((next = strstr(next, was)))
		at = next++;
	assert_non_null(at);
	sprintf(copy, "%.*s%s%s", (int)(at - text), text, is, at + strlen(was));
	return copy;
}

/* clang-format off */
static const struct other {
	const char *name;
	bool in_scenario;	/* else in the recording */
	const char *was, *is;
	unsigned int step;
	const char *field;	/* NULL: no difference */
} others[] = {
	{ "errno", false, "\"errno\":\"\",\"stats\":{\"pages_4k\":1}",
	  "\"errno\":\"ENOENT\",\"stats\":{\"pages_4k\":1}", 5, "errno" },
	{ "argument", false, "\"out\":{\"gpa\":\"0x201000\"",
	  "\"out\":{\"gpa\":\"0x200000\"", 6, "out.gpa" },
	{ "kvm_run", false, "\"size\":\"0\"},", "\"size\":\"0\"},\"run_exit\":10,",
	  6, "run_exit" },
	{ "counter", false, "\"pages_4k\":1", "\"pages_4k\":2", 5, "stats.pages_4k" },
	{ "role", false, "0x3781 l1", "0x3780 l1", 5, "kvm_mmu_get_page.role" },
	{ "spte_bit", false, "\"spte\":\"0xe07+pfn\"", "\"spte\":\"0xe27+pfn\"", 6,
	  "kvm_mmu_set_spte.spte" },
	{ "spte_without_frame", false, "\"spte\":\"0xe07+pfn\"", "\"spte\":\"0xe07\"",
	  6, "kvm_mmu_set_spte.spte" },
	{ "level", false, "\"level\":2", "\"level\":1", 5,
	  "kvm_tdp_mmu_spte_changed.level" },
	{ "field_of_the_kernel_only", false, "\"as_id\":0}", "\"as_id\":0,\"new\":1}", 6,
	  "kvm_tdp_mmu_spte_changed.new" },
	{ "field_of_the_model_only", false, ",\"as_id\":0}", "}", 6,
	  "kvm_tdp_mmu_spte_changed.as_id" },
	{ "event_missing", false, "," SET("0xe07+pfn"), "", 6, "event" },
	{ "event_more", false, SET("0xe07+pfn"), SET("0xe07+pfn") "," SET("0xe07+pfn"), 6,
	  "event" },
	{ "event_unknown", false, "kvm_mmu_set_spte", "kvm_mmu_seen_spte", 6, "event" },
	{ "events_beyond_the_list", false, "1}]}\n" STEP(7, "done"),
	  "1}],\"more_events\":3}\n" STEP(7, "done"), 6, "more_events" },
	{ "frozen_entries", false, "\"stats\":{\"pages_4k\":1}",
	  "\"empty_frozen\":4,\"stats\":{\"pages_4k\":1}", 5, "empty_frozen" },
	{ "events_lost", false, SET("0xe07+pfn") "]", SET("0xe27+pfn") "],\"lost\":1",
	  0, NULL },
	{ "left_out_by_name", false, "[" REQUESTED,
	  "[{\"ev\":\"kvm_pio\",\"port\":16}," REQUESTED, 0, NULL },
	{ "step_not_replayed", false, STEP(7, "done"), STEP(7, "KVM_RUN"), 7, "step" },
	{ "remark_with_events", false, STEP(7, "done") DONE "[]",
	  STEP(7, "done") DONE "[" REQUESTED "]", 7, "step" },
	{ "another_step", true, "recorded: 6", "recorded: 9", 9, "step" },
	{ "another_page", true, "gpa: 0x200000", "gpa: 0x203000", 6,
	  "kvm_mmu_spte_requested.gfn" },
	{ "machine_of_fewer_steps", true, "machine: 3", "machine: 2", 2, "event" },
	{ "left_out_event", true, "left_out: [ ]",
	  "left_out: [ { step: 6, event: kvm_mmu_set_spte, why: x } ]", 0, NULL },
	{ "left_out_field_that_is_the_same", true, "left_out: [ ]",
	  "left_out: [ { step: 6, field: errno, why: x } ]", 0, NULL },
};
/* clang-format on */

static void difference_is_found(void **state)
{
	const struct other *row = *state;
	struct tdp_diff_summary summary;
	struct tdp_error err;
	struct seen seen;
	char *text = changed(row->in_scenario ? scenario : recorded, row->was,
			     row->is);
	int ret = diff(row->in_scenario ? recorded : text,
		       row->in_scenario ? text : scenario, &seen, &summary,
		       &err);

	free(text);
	assert_int_equal(ret, TDP_OK);
	assert_int_equal(summary.differences, seen.nr);
	if (!row->field) {
		if (seen.nr)
			fail_msg("step %u: %s", seen.step, seen.field);
		return;
	}
	assert_true(seen.nr > 0);
	assert_string_equal(seen.field, row->field);
	assert_int_equal(seen.step, row->step);
}

static void named_difference_is_explained(void **state)
{
	struct tdp_diff_summary summary;
	struct tdp_error err;
	struct seen seen;
	char *kernel = changed(recorded, "\"spte\":\"0xe07+pfn\"",
			       "\"spte\":\"0xe27+pfn\"");
	char *ours = changed(scenario, "left_out: [ ]",
			     "left_out: [ { step: 6, field: "
			     "kvm_mmu_set_spte.spte, why: x } ]");
	int ret = diff(kernel, ours, &seen, &summary, &err);

	(void)state;
	free(kernel);
	free(ours);
	assert_int_equal(ret, TDP_OK);
	assert_int_equal(summary.differences, 0);
	assert_int_equal(summary.explained, 1);
}

static void left_out_step_is_counted(void **state)
{
	struct tdp_diff_summary summary;
	struct tdp_error err;
	struct seen seen;
	char *ours = changed(scenario, "left_out: [ ]",
			     "left_out: [ { step: 7, why: x } ]");
	char *kernel = changed(recorded, STEP(7, "done"), STEP(7, "KVM_X"));
	int ret = diff(kernel, ours, &seen, &summary, &err);

	(void)state;
	free(kernel);
	free(ours);
	assert_int_equal(ret, TDP_OK);
	assert_int_equal(summary.differences, 0);
	assert_int_equal(summary.left_out, 1);
}

/* clang-format off */
static const struct unusable {
	const char *name;
	const char *was, *is;	/* in the scenario */
	const char *message;
} unusable[] = {
	{ "no_case", "recording: { case: A.basic, machine: 3, left_out: [ ] }\n", "",
	  "names no recorded case" },
	{ "another_case", "A.basic", "A.none", "no case A.none" },
	{ "no_such_vm", "machine: 3", "machine: 3, vm: 1", "with a VM 1" },
	{ "machine_beyond_the_end", "machine: 3", "machine: 30", "up to step 30" },
	{ "word_for_a_step", "recorded: 6", "recorded: x", "is no number" },
};
/* clang-format on */

static void refuse_scenario(void **state)
{
	const struct unusable *row = *state;
	struct tdp_diff_summary summary;
	struct tdp_error err = { 0 };
	struct seen seen;
	char *text = changed(scenario, row->was, row->is);
	int ret = diff(recorded, text, &seen, &summary, &err);

	free(text);
	assert_int_equal(ret, TDP_EINPUT);
	if (!strstr(err.message, row->message))
		fail_msg("%s", err.message);
}

static void steps_are_enumerated(void **state)
{
	struct tdp_recorded_step step = { 0 };
	struct tdp_recording *recording;
	struct tdp_error err;
	unsigned int nr = 0;
	bool more = true;
	char path[64];

	(void)state;
	write_file(path, recorded);
	assert_int_equal(tdp_recording_open(path, &recording, &err), TDP_OK);
	remove(path);
	for (;; nr++) {
		assert_int_equal(
			tdp_recording_next(recording, &step, &more, &err),
			TDP_OK);
		if (!more)
			break;
		assert_string_equal(step.case_name, "A.basic");
		assert_int_equal(step.number, nr);
		assert_int_equal(step.line, nr + 2);
		if (nr == 5)
			assert_int_equal(step.nr_events, 10);
	}
	assert_int_equal(nr, 8);
	tdp_recording_close(recording);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(bad, refuse),
		CASE(refuse_what_is_not_there),
		ROWS(machines, machine_follows),
		CASE(steps_are_enumerated),
		CASE(recorded_case_has_no_difference),
		CASE(vms_of_a_case_are_replayed_in_turn),
		CASE(vms_that_are_not_there_are_refused),
		ROWS(others, difference_is_found),
		CASE(named_difference_is_explained),
		CASE(left_out_step_is_counted),
		ROWS(unusable, refuse_scenario),
	};

	return RUN("recording", suites);
}
