/* SPDX-License-Identifier: MIT */
/* What a comparison of two kernels says, and of what it says nothing. */
#include "tdpsim/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/alloc.h"
#include "support/unit.h"

#define HEAD                                   \
	"scenario: t\nabout: claims nothing\n" \
	"host: { vendor: intel, maxphyaddr: 46 }\n"
#define SLOT HEAD "memslots: [ { slot: 0, gpa: 0, size: 64M } ]\n"

/* "STEP KIND NAME: BEFORE -> AFTER\n" of every line. */
struct heard {
	char text[1 << 24];
	size_t used;
	struct tdp_compare_summary summary;
};

static void on_line(const struct tdp_compared *line, void *context)
{
	struct heard *h = context;

	assert_int_equal(line->source != NULL,
			 line->kind == TDP_COMPARED_DECIDES);
	if (h->used >= sizeof(h->text))
		return;
	h->used += (size_t)snprintf(
		h->text + h->used, sizeof(h->text) - h->used,
		"%u %s %s: %s -> %s\n", line->step,
		tdp_compared_kind_name(line->kind), line->name,
		line->before ? line->before : "nothing",
		line->after ? line->after : "nothing");
}

static struct tdp_scenario *load(const char *text)
{
	struct tdp_scenario *scenario;
	struct tdp_error err;

	if (tdp_scenario_load_text("t.yaml", text, strlen(text), &scenario,
				   &err))
		fail_msg("%s", err.message);
	return scenario;
}

/* "v6.12", or "v6.12 prefault.smm=base". */
static void kernel(struct tdp_kvm_config *kvm, const char *words)
{
	char profile[32], name[64], value[32];
	int nr = sscanf(words, "%31s %63[^=]=%31s", profile, name, value);

	assert_int_equal(tdp_kvm_config_init(kvm, profile, NULL), TDP_OK);
	if (nr == 3)
		assert_int_equal(tdp_kvm_config_set(kvm, name, value, NULL),
				 TDP_OK);
}

static struct heard *compare(const char *text, const char *from, const char *to)
{
	struct tdp_scenario *scenario = load(text);
	struct heard *h = calloc(1, sizeof(*h));
	struct tdp_kvm_config before, after;
	struct tdp_error err;

	assert_non_null(h);
	kernel(&before, from);
	kernel(&after, to);
	if (tdp_scenario_compare(scenario, &before, &after, on_line, h,
				 &h->summary, &err))
		fail_msg("%s", err.message);
	tdp_scenario_destroy(scenario);
	return h;
}

#define DELETED                                                                  \
	SLOT "steps: [ prefault: { gpa: 0, size: 4K }, delete_memslot: { slot: " \
	     "0 },\n prefault: { gpa: 0, size: 4K } ]\n"
#define DUMPED                                                          \
	"scenario: t\nabout: x\nhost: { vendor: amd }\n"                \
	"memslots: [ { slot: 0, gpa: 0, size: 64M } ]\n"                \
	"steps: [ prefault: { gpa: 0, size: 4K }, prefault: { gpa: 0, " \
	"size: 4K } ]\n"

static const struct row {
	const char *name;
	const char *text, *from, *to;
	const char *said, *unsaid; /* unsaid: NULL: nothing is forbidden */
} rows[] = {
	{ "field", SLOT "steps: [ prefault: { gpa: 0, size: 4K } ]\n", "v6.8",
	  "v6.11", "1 field ret: EINVAL -> 0\n", "0 step" },
	{ "decides", SLOT "steps: [ prefault: { gpa: 0, size: 4K } ]\n", "v6.8",
	  "v6.11", "1 decides prefault.api: none -> 6.11\n", NULL },
	{ "livelock_against_einval", DELETED, "v6.12", "v6.15",
	  "3 field outcome: livelock -> failed\n", "1 step" },
	{ "what_was_asked", DELETED, "v6.12", "v6.15",
	  "3 step prefault: { gpa: 0, size: 4K } -> ", "untried" },
	{ "event_of_the_first", DUMPED, "v6.12", "v6.13",
	  "2 event : kvm_mmu_set_spte: gfn 0x0", "1 step" },
	{ "event_of_the_second", DUMPED, "v6.13", "v6.12",
	  "2 event : nothing -> kvm_mmu_set_spte: gfn 0x0", "-> nothing" },
	{ "one_behaviour",
	  SLOT
	  "steps: [ set_vcpu_events: { smm: true }, prefault: { gpa: 0, size: 4K } ]\n",
	  "v6.12", "v6.12 prefault.smm=error",
	  "2 decides prefault.smm: current -> error\n", "1 step" },
	{ "words_of_two_layouts_by_their_parts",
	  SLOT "steps: [ prefault: { gpa: 0, size: 4K } ]\n", "v6.12", "v6.15",
	  "", "spte" },
	{ "refused_vm",
	  "scenario: t\nabout: x\nhost: { vendor: amd, la57: true }\n"
	  "steps: [ run: ]\n",
	  "v5.14", "v5.15", "0 field outcome: refused -> done\n", NULL },
	{ "one_gets_no_further",
	  "scenario: t\nabout: x\nhost: { vendor: amd, la57: true }\n"
	  "steps: [ run: ]\n",
	  "v5.14", "v5.14 npt.level=host",
	  "1 ended : there is no VM to make steps on: the kernel refused to "
	  "create it -> nothing\n",
	  NULL },
	{ "jointly", SLOT "steps: [ read: { gva: 0x5000 }, attach_dma: ]\n",
	  "v5.10", "v6.12", "2 jointly : nothing -> nothing\n", "2 decides" },
	{ "too_long",
	  SLOT "steps: [ prefault: { gpa: 0, size: 64M }, "
	       "prefault: { gpa: 0, size: 64M }, prefault: { gpa: 0, size: "
	       "64M }, prefault: { gpa: 0, size: 64M }, prefault: { gpa: 0, "
	       "size: 64M }, prefault: { gpa: 0, size: 64M } ]\n",
	  "v6.12", "v7.1", "2 untried : ", "decides" },
	{ "events_that_are_only_counted",
	  SLOT "steps: [ prefault: { gpa: 0, size: 64M }, "
	       "prefault: { gpa: 0, size: 64M } ]\n",
	  "v6.12", "v7.1", "2 more : ", NULL },
};

static void row_said(void **state)
{
	const struct row *r = *state;
	struct heard *h = compare(r->text, r->from, r->to);

	if (!strstr(h->text, r->said))
		fail_msg("not said: %s\n%s", r->said, h->text);
	if (r->unsaid && strstr(h->text, r->unsaid))
		fail_msg("said: %s\n%s", r->unsaid, h->text);
	free(h);
}

static void equal_kernels_say_nothing(void **state)
{
	struct heard *h = compare(DELETED, "v6.13", "v6.14");

	(void)state;
	assert_string_equal(h->text, "");
	assert_int_equal(h->summary.steps, 3);
	assert_int_equal(h->summary.differing, 0);
	free(h);
}

/* A root that one kernel freed early is missing in all later steps as well. */
static void a_state_is_told_where_it_changes(void **state)
{
	struct heard *h = compare(
		SLOT "steps: [ prefault: { gpa: 0, size: 4K }, "
		     "read: { gva: 0x1000 }, read: { gva: 0x1000 } ]\n",
		"v6.8", "v6.11");

	(void)state;
	assert_non_null(strstr(h->text, "1 field vcpu.root: 0 -> 1\n"));
	assert_null(strstr(h->text, "\n3 "));
	free(h);
}

static void kernel_of_the_scenario(void **state)
{
	struct tdp_scenario *scenario = load(
		HEAD "kvm: { profile: v6.1, prefault.smm: base }\n");
	const struct tdp_kvm_config *kvm = tdp_scenario_kernel(scenario);

	(void)state;
	assert_string_equal(kvm->profile, "v6.1");
	assert_string_equal(tdp_kvm_config_get(kvm, "prefault.smm"), "base");
	tdp_scenario_destroy(scenario);
}

static void each_kind_has_a_name(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < TDP_NR_COMPARED; i++)
		assert_string_not_equal(
			tdp_compared_kind_name((enum tdp_compared_kind)i), "?");
	assert_string_equal(tdp_compared_kind_name(TDP_NR_COMPARED), "?");
}

/* Want of memory anywhere is that error, and nothing is left allocated. */
static void survives_want_of_memory(void **state)
{
	struct tdp_scenario *scenario = load(DUMPED);
	struct heard *h = calloc(1, sizeof(*h));
	struct tdp_kvm_config before, after;
	struct tdp_error err;
	unsigned long n;

	(void)state;
	kernel(&before, "v6.12");
	kernel(&after, "v6.13");
	for (n = 1; n < 100; n += 1 + n / 4) {
		alloc_watch();
		alloc_fail(n);
		assert_int_equal(tdp_scenario_compare(scenario, &before, &after,
						      on_line, h, &h->summary,
						      &err),
				 TDP_ENOMEM);
		assert_true(alloc_fail_end());
		assert_int_equal(alloc_live(), 0);
	}
	tdp_scenario_destroy(scenario);
	free(h);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, row_said),
		CASE(equal_kernels_say_nothing),
		CASE(a_state_is_told_where_it_changes),
		CASE(kernel_of_the_scenario),
		CASE(each_kind_has_a_name),
		CASE(survives_want_of_memory),
	};

	return RUN("compare", suites);
}
