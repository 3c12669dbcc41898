/* SPDX-License-Identifier: MIT */
/*
 * Roles that real kernels computed (data/role-vectors/README.md): one test a
 * recorded configuration, each with all of its rows.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "role_kernel.h"

/* One line of a table. */
struct vector {
	bool smm;
	struct role_regs regs;
	bool refused; /* KVM would not take the registers */
	uint64_t cpu_role;
	uint64_t root_role;
};

struct table {
	unsigned int rows;
	unsigned int refused;
	unsigned int wrong;
};

static bool next_word(char **line, uint64_t *word)
{
	char *field = strsep(line, "\t");
	char *end;

	if (!field || !*field)
		return false;
	*word = strtoull(field, &end, 0);
	return !*end;
}

/* Fields of one line; the tables of nested NPT have no column for SMM. */
static bool parse(char *line, bool nested, struct vector *v)
{
	uint64_t smm = 0;
	char *errno_name;

	*v = (struct vector){ 0 };
	line[strcspn(line, "\n")] = '\0';
	if (!strsep(&line, "\t") || (!nested && !next_word(&line, &smm)) ||
	    !next_word(&line, &v->regs.cr0) ||
	    !next_word(&line, &v->regs.cr4) || !next_word(&line, &v->regs.efer))
		return false;
	v->smm = smm;
	errno_name = strsep(&line, "\t");
	if (!errno_name)
		return false;
	v->refused = strcmp(errno_name, "0") != 0;
	return v->refused || (next_word(&line, &v->cpu_role) &&
			      next_word(&line, &v->root_role));
}

static void compare(const char *path, const struct vector *v,
		    const struct tdp_kvm_config *kvm,
		    const struct cpu_role *cpu, const struct tdp_role *root,
		    struct table *table)
{
	uint64_t cpu_word = cpu_role_pack(kvm, cpu);
	uint32_t root_word = role_pack(kvm, root);

	if (cpu_word == v->cpu_role && root_word == v->root_role)
		return;
	table->wrong++;
	print_error("%s:%u: cr0 0x%" PRIx64 " cr4 0x%" PRIx64 " efer 0x%" PRIx64
		    " smm %d: cpu_role: expected 0x%" PRIx64 ", got 0x%" PRIx64
		    "; root_role: expected 0x%" PRIx64 ", got 0x%" PRIx32 "\n",
		    path, table->rows + 1, v->regs.cr0, v->regs.cr4,
		    v->regs.efer, v->smm, v->cpu_role, cpu_word, v->root_role,
		    root_word);
}

typedef void (*check_fn)(const char *path, const struct vector *v,
			 const void *row, struct table *table);

static struct table run(const char *name, bool nested, check_fn check,
			const void *row)
{
	struct table table = { 0 };
	struct vector v;
	char path[128];
	char line[256];
	FILE *file;

	snprintf(path, sizeof(path), "data/role-vectors/%s.tsv", name);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file)); /* the header */
	while (fgets(line, sizeof(line), file)) {
		table.rows++;
		assert_true(parse(line, nested, &v));
		if (v.refused)
			table.refused++;
		else
			check(path, &v, row, &table);
	}
	fclose(file);
	return table;
}

#define MAXPHYADDR 40 /* of the guests; no word recorded depends on it */

enum { SHADOW = 0 }; /* instead of a TDP level: module loaded without TDP */

static const struct l1_row {
	const char *name;
	const char *profile;
	unsigned int tdp_level;
	bool has_ad;
	bool npt;
	unsigned int rows;
	unsigned int refused;
} l1_rows[] = {
	{ "npt-6.12-npt0", "v6.12", SHADOW, true, true, 553, 274 },
	{ "npt-6.12-npt0-5lvl", "v6.12", SHADOW, true, true, 547, 269 },
	{ "npt-6.12-npt1", "v6.12", 4, true, true, 555, 0 },
	{ "npt-6.12-npt1-5lvl", "v6.12", 5, true, true, 548, 0 },
	{ "npt-6.12-npt1-notdpmmu", "v6.12", 4, true, true, 554, 0 },
	{ "npt-6.12-npt1-4level-second-emulator", "v6.12", 4, true, true, 385,
	  193 },
	{ "npt-debian-6.12-npt0", "v6.12.117", SHADOW, true, true, 545, 268 },
	{ "npt-debian-6.12-npt1", "v6.12.117", 4, true, true, 545, 0 },
	{ "ept-6.12-ept0", "v6.12", SHADOW, true, false, 535, 312 },
	{ "ept-6.12-ad1", "v6.12", 4, true, false, 533, 90 },
	{ "ept-6.12-ad1-tdp_mmu0", "v6.12", 4, true, false, 546, 98 },
	{ "ept-6.12-ad0", "v6.12", 4, false, false, 532, 87 },
	{ "ept-6.12-ad0-tdp_mmu0", "v6.12", 4, false, false, 521, 82 },
	{ "ept-6.12-no-unrestricted-guest", "v6.12", 4, true, false, 547, 99 },
	{ "ept-6.12-la57-phys46", "v6.12", 4, true, false, 536, 0 },
	{ "ept-6.12-5level-phys52", "v6.12", 5, true, false, 553, 0 },
	{ "ept-6.12-5level-phys52-tdp_mmu0", "v6.12", 5, true, false, 517, 0 },
	/* 6.18.2 and 7.1.5 were recorded with the same words, all of them. */
	{ "npt-6.12-npt0/v6.18", "v6.18", SHADOW, true, true, 553, 274 },
	{ "npt-6.12-npt1/v6.18", "v6.18", 4, true, true, 555, 0 },
	{ "npt-6.12-npt1-5lvl/v6.18", "v6.18", 5, true, true, 548, 0 },
	{ "npt-6.12-npt1-notdpmmu/v6.18", "v6.18", 4, true, true, 554, 0 },
	{ "ept-6.12-ept0/v6.18", "v6.18", SHADOW, true, false, 535, 312 },
	{ "ept-6.12-ad1/v6.18", "v6.18", 4, true, false, 533, 90 },
	{ "npt-6.12-npt0/v7.1", "v7.1", SHADOW, true, true, 553, 274 },
	{ "npt-6.12-npt1/v7.1", "v7.1", 4, true, true, 555, 0 },
	{ "npt-6.12-npt1-5lvl/v7.1", "v7.1", 5, true, true, 548, 0 },
	{ "npt-6.12-npt1-notdpmmu/v7.1", "v7.1", 4, true, true, 554, 0 },
	{ "ept-6.12-ept0/v7.1", "v7.1", SHADOW, true, false, 535, 312 },
	{ "ept-6.12-ad1/v7.1", "v7.1", 4, true, false, 533, 90 },
};

static void check_l1(const char *path, const struct vector *v, const void *row,
		     struct table *table)
{
	const struct l1_row *r = row;
	const struct tdp_kvm_config kvm = kernel(r->profile);
	const struct role_tdp_host host = {
		.level = r->tdp_level,
		.has_ad = r->has_ad,
		.format_has_user = r->npt,
	};
	struct cpu_role cpu = role_calc_cpu(&kvm, &v->regs, v->smm, false,
					    MAXPHYADDR);
	struct tdp_role root = r->tdp_level == SHADOW ?
				       role_calc_shadow_root(&kvm, &cpu) :
				       role_calc_tdp_root(&kvm, &cpu, &v->regs,
							  &host);

	compare(path, v, &kvm, &cpu, &root, table);
}

/* Rows that KVM refused are for the test of register validity, not for here. */
static void recorded(void **state)
{
	const struct l1_row *r = *state;
	char file[64];
	struct table table;

	/* Behind a slash stands a kernel that was recorded with the same. */
	snprintf(file, sizeof(file), "%.*s", (int)strcspn(r->name, "/"),
		 r->name);
	table = run(file, false, check_l1, r);

	assert_int_equal(table.wrong, 0);
	assert_int_equal(table.rows, r->rows);
	assert_int_equal(table.refused, r->refused);
}

static const struct nested_row {
	const char *name;
	const char *profile;
	unsigned int tdp_level;
	unsigned int rows;
} nested_rows[] = {
	{ "nested-6.12-npt1", "v6.12", 4, 94 },
	{ "nested-6.12-npt1-5lvl", "v6.12", 5, 88 },
	{ "nested-6.12-npt1-notdpmmu", "v6.12", 4, 91 },
	{ "nested-debian-6.12-npt1", "v6.12.117", 4, 93 },
	{ "nested-6.12.117-npt1-4level", "v6.12.117", 4, 128 },
	{ "nested-6.18.2-npt1-4level", "v6.18", 4, 128 },
	{ "nested-6.18.2-npt1-5level", "v6.18", 5, 128 },
	{ "nested-6.18.2-npt1-tdp_mmu0", "v6.18", 4, 128 },
	{ "nested-7.1.5-npt1-4level", "v7.1", 4, 128 },
	{ "nested-7.1.5-npt1-5level", "v7.1", 5, 128 },
	{ "nested-7.1.5-npt1-tdp_mmu0", "v7.1", 4, 128 },
};

static void check_nested(const char *path, const struct vector *v,
			 const void *row, struct table *table)
{
	const struct nested_row *r = row;
	const struct tdp_kvm_config kvm = kernel(r->profile);
	struct cpu_role cpu;
	struct tdp_role root = role_calc_shadow_npt(&kvm, &v->regs, &v->regs,
						    false, false, r->tdp_level,
						    MAXPHYADDR, &cpu);

	compare(path, v, &kvm, &cpu, &root, table);
}

static void recorded_nested(void **state)
{
	const struct nested_row *r = *state;
	struct table table = run(r->name, true, check_nested, r);

	assert_int_equal(table.wrong, 0);
	assert_int_equal(table.rows, r->rows);
	assert_int_equal(table.refused, 0);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(l1_rows, recorded),
		ROWS(nested_rows, recorded_nested),
	};

	return RUN("role_vectors", suites);
}
