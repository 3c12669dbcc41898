/* SPDX-License-Identifier: MIT */
/*
 * What the shadow MMU of a real kernel did with each kind of leaf entry
 * (data/shadow-perms.tsv: Linux 6.12 on AMD, npt=0): one test a row, in which a
 * guest makes that access and all that was recorded is expected.
 *
 * Columns: CPL, CR0.WP, SMEP with SMAP, flags of the leaf, access; then how
 * KVM_RUN ended (IO: the guest went on; SHUTDOWN: it got a fault that nobody
 * handles), the #PF code of the hardware, the one that KVM's walk made, what was
 * injected, the SPTE and the guest's entry afterwards without their addresses,
 * and what KVM_TRANSLATE had said before.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/unit.h"
#include "tdpsim/scenario.h"

#define DATA     "data/shadow-perms.tsv"
#define MAX_ROWS 256

enum column {
	CPL,
	WP,
	SMEP_SMAP,
	PTE,
	ACCESS,
	EXIT,
	HW_PF_ERR,
	WALKER_ERR,
	INJECTED,
	TARGET_SPTE,
	PTE_AFTER,
	TRANSLATE,
	NR_COLUMNS
};

struct row {
	const char *name;
	char text[160]; /* of the line, cut into its columns */
	char title[64];
	const char *column[NR_COLUMNS];
};

static struct row rows[MAX_ROWS];

static uint64_t number(const struct row *r, enum column column)
{
	return strtoull(r->column[column], NULL, 0);
}

static bool says(const struct row *r, enum column column, const char *text)
{
	return !strcmp(r->column[column], text);
}

/* The leaf that "P|W|U|rsvd51" stands for. */
static uint64_t leaf_bits(const char *flags)
{
	static const struct {
		const char *name;
		uint64_t bits;
	} words[] = {
		{ "notP", 0 },
		{ "P", UINT64_C(1) << 0 },
		{ "W", UINT64_C(1) << 1 },
		{ "U", UINT64_C(1) << 2 },
		{ "A", UINT64_C(1) << 5 },
		{ "D", UINT64_C(1) << 6 },
		{ "PAT", UINT64_C(1) << 7 },
		{ "rsvd51", UINT64_C(1) << 51 },
		{ "NX", UINT64_C(1) << 63 },
	};
	char text[64], *next = text, *word;
	uint64_t bits = 0;
	size_t i;

	snprintf(text, sizeof(text), "%s", flags);
	while ((word = strsep(&next, "|"))) {
		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (!strcmp(words[i].name, word))
				break;
		if (i == sizeof(words) / sizeof(words[0]))
			fail_msg("no leaf flag \"%s\"", word);
		bits |= words[i].bits;
	}
	return bits;
}

#define GVA     0x308000u
#define LEAF    0x103840u
#define ADDRESS UINT64_C(0x000ffffffffff000)

/* How the access ends, and with which words. */
static size_t expect_print(const struct row *r, char *buf, size_t size)
{
	if (says(r, EXIT, "SHUTDOWN"))
		return (size_t)snprintf(
			buf, size,
			"outcome: guest_fault, vector: 14, error_code: %s, "
			"exit_info1: %s",
			r->column[WALKER_ERR], r->column[HW_PF_ERR]);
	return (size_t)snprintf(
		buf, size, "outcome: done, exit_info1: %s, spte: 0x%" PRIx64,
		r->column[HW_PF_ERR], number(r, TARGET_SPTE));
}

static void scenario_print(const struct row *r, char *buf, size_t size)
{
	const char *verb = says(r, ACCESS, "exec") ? "fetch" :
						     r->column[ACCESS];
	uint64_t leaf = (says(r, PTE, "notP") ? 0 : GVA) |
			leaf_bits(r->column[PTE]);
	char expect[256];

	expect_print(r, expect, sizeof(expect));
	snprintf(buf, size,
		 "scenario: t\nabout: one recorded access\n"
		 "host: { vendor: amd, maxphyaddr: 40 }\n"
		 "kvm: { profile: v6.12, tdp: off }\n"
		 "memslots: [ { slot: 0, gpa: 0, size: 16MiB } ]\n"
		 "memory:\n"
		 "  - { gpa: 0x100000, value: 0x104007 }\n"
		 "  - { gpa: 0x104000, value: 0x101007 }\n"
		 "  - { gpa: 0x101008, value: 0x103007 }\n"
		 "  - { gpa: 0x%x, value: 0x%" PRIx64 " }\n"
		 "vcpus: [ { cpuid: {} } ]\n"
		 "steps:\n"
		 "  - set_sregs: { cr0: 0x%x, cr3: 0x100000, cr4: 0x%x, "
		 "efer: 0xd00 }\n"
		 "  - kvm_translate: { gva: 0x%x }\n"
		 "    expect: { gpa: 0x%" PRIx64 " }\n"
		 "  - %s: { gva: 0x%x, user: %s }\n"
		 "    expect: { %s }\n"
		 "  - peek: { gpa: 0x%x }\n",
		 LEAF, leaf, number(r, WP) ? 0x80010031u : 0x80000031u,
		 number(r, SMEP_SMAP) ? 0x300020u : 0x20u, GVA,
		 says(r, TRANSLATE, "tr:ok") ? (uint64_t)GVA : ~UINT64_C(0),
		 verb, GVA, number(r, CPL) == 3 ? "true" : "false", expect,
		 LEAF);
}

/* Words whose address part is the host's or the test's own choice. */
struct seen {
	uint64_t spte, pte;
	char failures[1024];
};

static void on_check(const struct tdp_check *check, void *context)
{
	struct seen *seen = context;
	size_t used = strlen(seen->failures);

	if (!strcmp(check->field, "spte"))
		return;
	if (!check->passed)
		snprintf(seen->failures + used, sizeof(seen->failures) - used,
			 "%s: %s: expected %s, got %s\n", check->verb,
			 check->field, check->expected, check->actual);
}

static void on_done(unsigned int step, const struct tdp_vm *vm,
		    const struct tdp_result *result, void *context)
{
	struct seen *seen = context;

	(void)vm;
	if (step == 3)
		seen->spte = result->spte;
	if (step == 4)
		seen->pte = result->value;
}

static void recorded(void **state)
{
	const struct row *r = *state;
	struct seen seen = { 0 };
	const struct tdp_report report = {
		.check = on_check,
		.done = on_done,
		.context = &seen,
		.verify = true,
	};
	struct tdp_run_summary summary;
	struct tdp_scenario *scenario;
	struct tdp_error err;
	char text[2048];

	scenario_print(r, text, sizeof(text));
	if (tdp_scenario_load_text("t.yaml", text, strlen(text), &scenario,
				   &err) ||
	    tdp_scenario_run(scenario, &report, &summary, &err))
		fail_msg("%s\n%s", err.message, text);
	tdp_scenario_destroy(scenario);
	if (seen.failures[0])
		fail_msg("%s", seen.failures);
	assert_int_equal(seen.pte & ~ADDRESS, number(r, PTE_AFTER));
	if (!says(r, TARGET_SPTE, "-"))
		assert_int_equal(seen.spte & ~ADDRESS, number(r, TARGET_SPTE));
}

static bool row_parse(struct row *r, const char *line)
{
	char *next = r->text;
	unsigned int i;

	snprintf(r->text, sizeof(r->text), "%s", line);
	r->text[strcspn(r->text, "\n")] = '\0';
	for (i = 0; i < NR_COLUMNS; i++) {
		r->column[i] = strsep(&next, "\t");
		if (!r->column[i])
			return false;
	}
	snprintf(r->title, sizeof(r->title), "%s_of_%s_cpl%s_wp%s_smep_smap%s",
		 r->column[ACCESS], r->column[PTE], r->column[CPL],
		 r->column[WP], r->column[SMEP_SMAP]);
	r->name = r->title;
	return !next;
}

static unsigned int rows_read(void)
{
	FILE *file = fopen(DATA, "r");
	unsigned int nr = 0;
	char line[160];

	if (!file)
		return 0;
	if (!fgets(line, sizeof(line), file)) /* the names of the columns */
		line[0] = '\0';
	while (nr < MAX_ROWS && fgets(line, sizeof(line), file) &&
	       row_parse(&rows[nr], line))
		nr++;
	fclose(file);
	return nr;
}

int main(void)
{
	struct suite suites[] = { ROWS(rows, recorded) };

	suites[0].nr_rows = rows_read();
	if (suites[0].nr_rows != 143) {
		printf("Bail out! %zu rows of " DATA ", not 143\n",
		       suites[0].nr_rows);
		return 1;
	}
	return RUN("shadow_perms", suites);
}
