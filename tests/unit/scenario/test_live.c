/* SPDX-License-Identifier: MIT */
/* Recordings that tdpsim-kvm makes of scenarios: every difference is found. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/unit.h"
#include "tdpsim/recording.h"

/* clang-format off */
#define ENV                                                                   \
	"{\"case\":\"env\",\"recorder\":\"tdpsim-kvm\",\"release\":\"6.12.0\"," \
	"\"vendor\":\"AMD\",\"physbits\":40,\"nx\":1,\"pdpe1gb\":1,"          \
	"\"smep\":1,\"smap\":1,\"la57\":1,\"kvm_amd.npt\":\"Y\","             \
	"\"kvm.tdp_mmu\":\"Y\",\"hypervisor\":\"TCGTCGTCGTCG\"}\n"
#define MACHINE                                                               \
	"{\"case\":\"live\",\"step\":0,\"op\":\"KVM_CREATE_VM\",\"hva\":"     \
	"[\"0x1000000000\"],\"do\":[{\"op\":\"memslot\",\"slot\":500,"        \
	"\"as\":0,\"gpa\":\"0xe0000000\",\"size\":\"0x40000\",\"hva\":"       \
	"\"0x1080000000\"}],\"parameters\":{\"nx_huge_pages\":\"off\"}}\n"
#define STEP(rest)                                                            \
	"{\"case\":\"live\",\"step\":1,\"verb\":\"read\","                    \
	"\"op\":\"KVM_RUN\"," rest "}\n"
#define FETCH "{\"op\":\"access\",\"vcpu\":0,\"kind\":\"fetch\",\"gva\":\"0xe0000000\"}"
#define READ "{\"op\":\"access\",\"vcpu\":0,\"kind\":\"read\",\"gva\":\"0x1000\",\"size\":1}"
#define BEHIND                                                                \
	"{\"op\":\"access\",\"vcpu\":0,\"kind\":\"fetch\",\"gva\":\"0xe00000b3\","  \
	"\"on\":\"nested_exit\"}"
#define EXIT(code) "\"l1_exit\":\"" code "\",\"l1_info1\":\"0x0\",\"l1_info2\":\"0x0\","
#define NO_L2 "{\"op\":\"nested_exit\",\"vcpu\":0,\"code\":\"0x81\"}"
#define HSAVE "{\"op\":\"set_msr\",\"vcpu\":0,\"msr\":\"0xc0010117\",\"value\":\"0x3000\"}"
/* vmcb12 has zeros, but no ASID: L1 gets VMEXIT_INVALID. */
#define VMRUN HSAVE ",{\"op\":\"vmrun\",\"vcpu\":0,\"vmcb\":\"0x1000\"}"
#define DONE "\"errno\":\"\",\"exit_s\":\"IO\","
#define TWO "\"stats\":{\"pages_4k\":2,\"pf_fixed\":2}"
#define ONE "\"stats\":{\"pages_4k\":1,\"pf_fixed\":1}"
#define OPS(list) "\"do\":[" list "],"

static const char scenario[] =
	"scenario: live\n"
	"about: one page is read\n"
	"host: { vendor: amd }\n"
	"kvm: { profile: v6.12, tdp: off }\n"
	"memslots:\n"
	"  - { slot: 0, gpa: 0, size: 1MiB }\n"
	"steps:\n"
	"  - read: { gva: 0x1000 }\n";

static const struct row {
	const char *name;
	const char *step;
	const char *field; /* of the one difference; NULL: none */
	const char *why;   /* it is left out, for this reason */
} rows[] = {
	{ "same", STEP(DONE OPS(FETCH "," READ) TWO), NULL, NULL },
	{ "verb_for_itself",
	  STEP(DONE "\"stats\":{\"pages_4k\":1,\"pf_fixed\":1}"), NULL, NULL },
	{ "verb_among_others", STEP(DONE OPS(FETCH ",{\"op\":\"verb\"}") TWO),
	  NULL, NULL },
	{ "errno", STEP("\"errno\":\"EFAULT\"," OPS(FETCH "," READ) TWO),
	  "errno", NULL },
	{ "exit", STEP("\"errno\":\"\",\"exit_s\":\"SHUTDOWN\"," OPS(FETCH "," READ) TWO),
	  "exit_s", NULL },
	{ "exception",
	  STEP(DONE "\"exception\":14,\"error_code\":\"0x0\"," OPS(FETCH "," READ) TWO),
	  "outcome", NULL },
	{ "counter",
	  STEP(DONE OPS(FETCH "," READ) "\"stats\":{\"pages_4k\":3,\"pf_fixed\":2}"),
	  "stats.pages_4k", NULL },
	{ "events", STEP(DONE OPS(FETCH "," READ) TWO ",\"trace\":[]"), "event",
	  NULL },
	{ "endless", STEP("\"errno\":\"EINTR\",\"endless\":1"), "outcome", NULL },
	{ "skipped", STEP("\"skipped\":\"no reason\""), NULL, "no reason" },
	{ "skipped_but_prepared",
	  STEP("\"skipped\":\"no reason\",\"do\":[{\"op\":\"write\",\"as\":0,"
	       "\"gpa\":\"0x2000\",\"value\":\"0x1\",\"size\":8}]"),
	  NULL, "no reason" },
	{ "run_ended", "", "step", NULL },
};

/* L1 with SVM on, whose step is a VMRUN. */
static const char svm[] =
	"scenario: live\n"
	"about: VMRUN fails\n"
	"host: { vendor: amd }\n"
	"kvm: { profile: v6.12, tdp: off }\n"
	"memslots:\n"
	"  - { slot: 0, gpa: 0, size: 1MiB }\n"
	"vcpus:\n"
	"  - { mode: 4-level, cr3: 0x2000, efer: LME|LMA|SVME }\n"
	"steps:\n"
	"  - read: { gva: 0x1000 }\n";

static const struct row nested[] = {
	{ "same", STEP(DONE EXIT("0xffffffff") OPS(VMRUN) "\"n\":0"), NULL, NULL },
	{ "goes_on", STEP(DONE EXIT("0xffffffff") OPS(VMRUN "," BEHIND) ONE),
	  NULL, NULL },
	{ "code", STEP(DONE EXIT("0x81") OPS(VMRUN) "\"n\":0"), "l1_exit", NULL },
	{ "none", STEP(DONE EXIT("0x81") OPS(FETCH) ONE), "outcome", NULL },
	{ "unheard", STEP(DONE OPS(VMRUN) "\"n\":0"), "outcome", NULL },
	{ "exit_of_none", STEP(DONE EXIT("0x0") OPS(NO_L2) "\"n\":0"), "outcome", NULL },
	{ "hsave", STEP("\"errno\":\"\"," OPS(HSAVE) "\"exit_s\":\"IO\""),
	  NULL, NULL },
};

static const struct bad {
	const char *name;
	const char *operations;
	const char *message;
} bad[] = {
	{ "unknown", "{\"op\":\"dance\"}", "operation \"dance\"" },
	{ "no_kind", "{\"op\":\"access\",\"vcpu\":0,\"gva\":\"0x0\"}", "access \"\"" },
	{ "no_vcpu", "{\"op\":\"access\",\"vcpu\":7,\"kind\":\"read\",\"gva\":\"0x0\"}",
	  "access \"read\"" },
	{ "no_vcpu_to_set", "{\"op\":\"set_sregs\",\"vcpu\":7}", "\"set_sregs\"" },
	{ "no_vcpu_to_run", "{\"op\":\"run\",\"vcpu\":7}", "\"run\"" },
	{ "no_vcpu_for_vmrun", "{\"op\":\"vmrun\",\"vcpu\":7}", "\"vmrun\"" },
	{ "no_vcpu_to_exit", "{\"op\":\"nested_exit\",\"vcpu\":7}", "\"nested_exit\"" },
	{ "no_vcpu_for_msr", "{\"op\":\"set_msr\",\"vcpu\":7}", "\"set_msr\"" },
	{ "long_write", "{\"op\":\"write\",\"gpa\":\"0x0\",\"value\":\"0x0\",\"size\":9}",
	  "write \"size\"" },
	{ "long_access", "{\"op\":\"access\",\"vcpu\":0,\"kind\":\"read\","
			 "\"gva\":\"0x0\",\"size\":16}", "access \"read\"" },
};
/* clang-format on */

static void write_file(char *path, const char *suffix, const char *text)
{
	FILE *file;
	int fd;

	sprintf(path, "%s/tdpsim-live-XXXXXX%s", P_tmpdir, suffix);
	fd = mkstemps(path, (int)strlen(suffix));
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

struct heard {
	unsigned int differences;
	char field[64];
	char why[64];
};

static void on_difference(const struct tdp_difference *d, void *context)
{
	struct heard *heard = context;

	heard->differences++;
	snprintf(heard->field, sizeof(heard->field), "%s", d->field);
}

static void on_left_out(unsigned int step, const char *op, const char *why,
			void *context)
{
	struct heard *heard = context;

	assert_int_equal(step, 1);
	assert_string_equal(op, "read");
	snprintf(heard->why, sizeof(heard->why), "%s", why);
}

/* The scenario against a recording with this line for its step. */
static int compare(const char *text_of, const char *step, struct heard *heard,
		   struct tdp_diff_summary *summary, struct tdp_error *err)
{
	const struct tdp_diff_report report = {
		.difference = on_difference,
		.left_out = on_left_out,
		.context = heard,
	};
	struct tdp_recording *recording = NULL;
	char text[4096], yaml[64], lines[64];
	int ret;

	snprintf(text, sizeof(text), "%s%s%s", ENV, MACHINE, step);
	write_file(yaml, ".yaml", text_of);
	write_file(lines, ".jsonl", text);
	ret = tdp_recording_open(lines, &recording, err);
	if (!ret) {
		ret = tdp_recording_diff(recording, yaml, &report, summary,
					 err);
		tdp_recording_close(recording);
	}
	remove(yaml);
	remove(lines);
	return ret;
}

static void find_one(const char *text, const struct row *row)
{
	struct tdp_diff_summary summary = { 0 };
	struct heard heard = { 0 };
	struct tdp_error err = { 0 };

	if (compare(text, row->step, &heard, &summary, &err))
		fail_msg("%s", err.message);
	assert_string_equal(heard.field, row->field ? row->field : "");
	assert_int_equal(heard.differences, row->field ? 1 : 0);
	assert_int_equal(summary.differences, heard.differences);
	assert_string_equal(heard.why, row->why ? row->why : "");
	assert_int_equal(summary.left_out, row->why ? 1 : 0);
}

static void one_difference_is_found(void **state)
{
	find_one(scenario, *state);
}

static void one_is_found_of_l2(void **state)
{
	find_one(svm, *state);
}

static void bad_operation_is_refused(void **state)
{
	const struct bad *row = *state;
	struct tdp_diff_summary summary = { 0 };
	struct heard heard = { 0 };
	struct tdp_error err = { 0 };
	char step[512];

	snprintf(step, sizeof(step), STEP(DONE "\"do\":[%s]"), row->operations);
	assert_int_equal(compare(scenario, step, &heard, &summary, &err),
			 TDP_EINPUT);
	if (!strstr(err.message, row->message))
		fail_msg("%s", err.message);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, one_difference_is_found),
		ROWS(nested, one_is_found_of_l2),
		ROWS(bad, bad_operation_is_refused),
	};

	return RUN("live", suites);
}
