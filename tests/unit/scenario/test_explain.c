/* SPDX-License-Identifier: MIT */
/* What an explanation says, of what, and when it says that it does not know. */
#include "tdpsim/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/alloc.h"
#include "support/unit.h"

#define HEAD                                   \
	"scenario: t\nabout: claims nothing\n" \
	"host: { vendor: intel, maxphyaddr: 46 }\n"

/* "STEP KIND NAME: TEXT [SOURCE]\n" of every line. */
struct heard {
	char text[1 << 17];
	size_t used;
};

static void on_line(const struct tdp_explained *line, void *context)
{
	struct heard *h = context;

	if (h->used >= sizeof(h->text))
		return;
	h->used += (size_t)snprintf(
		h->text + h->used, sizeof(h->text) - h->used,
		"%u %s %s: %s [%s]\n", line->step,
		tdp_explained_kind_name(line->kind), line->name, line->text,
		line->source ? line->source : "");
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

static struct heard *explain(const char *text, unsigned int only)
{
	struct tdp_scenario *scenario = load(text);
	struct heard *h = calloc(1, sizeof(*h));
	struct tdp_error err;

	assert_non_null(h);
	if (tdp_scenario_explain(scenario, only, on_line, h, &err))
		fail_msg("%s", err.message);
	tdp_scenario_destroy(scenario);
	return h;
}

static const struct row {
	const char *name;
	const char *text;
	const char *said; /* a part of it */
} rows[] = {
	{ "zero_page",
	  HEAD "kvm: { profile: v6.12 }\n"
	       "memslots: [ { slot: 0, gpa: 0, size: 1M, untouched: true } ]\n"
	       "steps: [ prefault: { gpa: 0, size: 4K } ]\n",
	  "mapped read-only because the shared zero page is behind it" },
	{ "file_page",
	  HEAD "kvm: { profile: v6.12 }\n"
	       "memslots: [ { slot: 0, gpa: 0, size: 1M, untouched: true, "
	       "backing: file-private } ]\n"
	       "steps: [ read: { gva: 0 } ]\n",
	  "a clean page of a privately mapped file" },
	{ "prot_read",
	  HEAD
	  "kvm: { profile: v6.12 }\n"
	  "memslots: [ { slot: 0, gpa: 0, size: 1M, host_readonly: true } ]\n"
	  "steps: [ read: { gva: 0 } ]\n",
	  "the host mapping is PROT_READ" },
	{ "slot_readonly",
	  HEAD "kvm: { profile: v6.12 }\n"
	       "memslots: [ { slot: 0, gpa: 0, size: 1M, readonly: true } ]\n"
	       "steps: [ read: { gva: 0 } ]\n",
	  "the memslot is KVM_MEM_READONLY" },
	{ "write_will_exit_again",
	  HEAD "kvm: { profile: v6.12 }\n"
	       "memslots: [ { slot: 0, gpa: 0, size: 1M, untouched: true } ]\n"
	       "steps: [ prefault: { gpa: 0, size: 4K } ]\n",
	  "1 next write: 2 exits, 1 fixed" },
	{ "access_tracked",
	  "scenario: t\nabout: x\nhost: { vendor: intel, ept: { ad: false } }\n"
	  "memslots: [ { slot: 0, gpa: 0, size: 1M } ]\n"
	  "steps: [ prefault: { gpa: 0, size: 4K } ]\n",
	  "its rights are taken away so that the next access is noticed" },
	{ "mmio",
	  HEAD "steps: [ read: { gva: 0x5000 }, read: { gva: 0x5000 } ]\n",
	  "2 mapped mmio: an MMIO SPTE, gfn 0x5" },
	{ "which_behaviour",
	  HEAD
	  "kvm: { profile: v6.12 }\n"
	  "memslots: [ { slot: 0, gpa: 0, size: 1M }, "
	  "{ slot: 1, gpa: 1M, size: 1M } ]\n"
	  "steps: [ prefault: { gpa: 0, size: 4K }, "
	  "delete_memslot: { slot: 1 }, prefault: { gpa: 0, size: 4K } ]\n",
	  "3 mattered mmu.reload: keeps_obsolete (v5.10 to v6.14); with "
	  "frees_obsolete (v6.15 to v7.2) outcome would be done, not livelock" },
	{ "qualification",
	  HEAD "memslots: [ { slot: 0, gpa: 0, size: 1M } ]\n"
	       "steps: [ write: { gva: 0 } ]\n",
	  " = data write, linear address valid, final address" },
	{ "touched_too_early",
	  HEAD "kvm: { profile: v6.12, nested.state_pages: on_set }\n"
	       "memslots: [ { slot: 0, gpa: 0, size: 1M } ]\n"
	       "vcpus: [ { mode: 4-level, cr3: 0x80000, cr4: +VMXE } ]\n"
	       "steps: [ set_nested_state: { apic_access: 0x10000000 } ]\n",
	  "1 early apic_access_page: This step (set_nested_state) touched the "
	  "structure at gpa 0x10000000 too early: it gave EFAULT" },
	{ "walk_reason",
	  HEAD "memslots: [ { slot: 0, gpa: 0, size: 1M } ]\n"
	       "vcpus: [ { mode: 4-level, cr3: 0x1000 } ]\n"
	       "steps: [ read: { gva: 0x5000 } ]\n",
	  "1 rule guest_not_present: The processor's walk ended: " },
	{ "shadow_of_a_clean_guest_page",
	  "scenario: t\nabout: x\nhost: { vendor: amd }\n"
	  "kvm: { profile: v6.12, tdp: off }\n"
	  "memslots: [ { slot: 0, gpa: 0, size: 16M } ]\n"
	  "vcpus: [ { mode: 4-level, cr3: 0x1000 } ]\n"
	  "memory: [ { gpa: 0x1000, value: 0x2003 }, "
	  "{ gpa: 0x2000, value: 0x3003 }, { gpa: 0x3000, value: 0x4003 }, "
	  "{ gpa: 0x4028, value: 0x5003 } ]\n"
	  "steps: [ read: { gva: 0x5000 } ]\n",
	  "its dirty flag is clear, which KVM sets with the first write" },
	{ "steps_together",
	  HEAD "memslots: [ { slot: 0, gpa: 0, size: 1M } ]\n"
	       "vcpus: [ {}, {} ]\n"
	       "steps: [ together: [ read: { gva: 0 }, "
	       "read: { vcpu: 1, gva: 0 } ], read: { gva: 0x1000 } ]\n",
	  "2 next : not tried out: other steps happen together with this one" },
	{ "after_steps_together",
	  HEAD "memslots: [ { slot: 0, gpa: 0, size: 1M } ]\n"
	       "vcpus: [ {}, {} ]\n"
	       "steps: [ together: [ read: { gva: 0 }, "
	       "read: { vcpu: 1, gva: 0 } ], read: { gva: 0x1000 } ]\n",
	  "3 next write: no exit" },
	{ "refused_to_load",
	  "scenario: t\nabout: x\nhost: { vendor: amd, la57: true }\n"
	  "kvm: { profile: v5.14 }\n"
	  "create: { expect: { outcome: refused } }\n",
	  "0 rule npt_la57_refused: kvm_amd does not load" },
};

static void row_said(void **state)
{
	const struct row *r = *state;
	struct heard *h = explain(r->text, 0);

	if (!strstr(h->text, r->said))
		fail_msg("not said: %s\n%s", r->said, h->text);
	free(h);
}

static void one_step_only(void **state)
{
	static const char text[] = HEAD
		"steps: [ read: { gva: 0x5000 }, read: { gva: 0x6000 } ]\n";
	struct heard *h = explain(text, 2);

	(void)state;
	assert_non_null(strstr(h->text, "2 step read: { gva: 0x6000 }"));
	assert_null(strstr(h->text, "\n1 "));
	assert_int_not_equal(h->text[0], '1');
	free(h);
}

static void no_such_step(void **state)
{
	struct tdp_scenario *scenario = load(HEAD "steps: [ run: ]\n");
	struct heard *h = calloc(1, sizeof(*h));
	struct tdp_error err;

	(void)state;
	assert_int_equal(tdp_scenario_explain(scenario, 2, on_line, h, &err),
			 TDP_EINVAL);
	assert_string_equal(err.message,
			    "t.yaml: there is no step 2: it has 1");
	tdp_scenario_destroy(scenario);
	free(h);
}

/* 4096 pages with an event each: what would cost too much is said, not done. */
static void long_scenarios_are_not_tried_out(void **state)
{
	struct heard *h = explain(
		HEAD
		"kvm: { profile: v6.12 }\n"
		"memslots: [ { slot: 0, gpa: 0, size: 64M } ]\n"
		"steps: [ prefault: { gpa: 0, size: 64M }, "
		"delete_memslot: { slot: 0 }, prefault: { gpa: 0, size: 4K } ]\n",
		0);

	(void)state;
	assert_non_null(strstr(h->text, " more events"));
	assert_non_null(strstr(
		h->text,
		"3 mattered mmu.reload: keeps_obsolete; what other values "
		"would give was not tried out"));
	free(h);
}

/* Want of memory anywhere is that error, and nothing is left allocated. */
static void survives_want_of_memory(void **state)
{
	struct tdp_scenario *scenario = load(
		HEAD "memslots: [ { slot: 0, gpa: 0, size: 1M } ]\n"
		     "steps: [ read: { gva: 0 } ]\n");
	struct heard *h = calloc(1, sizeof(*h));
	struct tdp_error err;
	unsigned long n;

	(void)state;
	for (n = 1; n < 1000; n += 1 + n / 4) {
		alloc_watch();
		alloc_fail(n);
		assert_int_equal(
			tdp_scenario_explain(scenario, 0, on_line, h, &err),
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
		CASE(one_step_only),
		CASE(no_such_step),
		CASE(long_scenarios_are_not_tried_out),
		CASE(survives_want_of_memory),
	};

	return RUN("explain", suites);
}
