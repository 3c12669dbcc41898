/* SPDX-License-Identifier: MIT */
/* KVM_SET_SREGS(2): what is accepted, and what it does to the MMU. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"

/* CR0, CR4 and EFER that a mode needs. */
#define CR0_PAGED 0x80010031
#define CR4_PAE   0x20

/* Recorded vectors --------------------------------------------------------- */

/* Whose KVM_SET_SREGS a file of tests/data/role-vectors recorded. */
/* clang-format off */
static const struct recording {
	const char *name;	/* of the file, without .tsv */
	const char *profile;
	enum tdp_vendor vendor;
	bool tdp, tdp_mmu;
	bool la57;		/* of the host kernel */
	bool cpu_la57, cpu_pke;	/* what KVM shows the guest */
	unsigned int ept_levels;
	bool no_ad;
	unsigned int maxphyaddr;
} recordings[] = {
	{ "npt-6.12-npt1", "v6.12", TDP_AMD, true, true, false, true, true,
	  0, false, 40 },
	{ "npt-6.12-npt1-5lvl", "v6.12", TDP_AMD, true, true, true, true, true,
	  0, false, 40 },
	{ "npt-6.12-npt1-notdpmmu", "v6.12", TDP_AMD, true, false, false, true,
	  true, 0, false, 40 },
	{ "npt-6.12-npt0", "v6.12", TDP_AMD, false, false, false, true, true,
	  0, false, 40 },
	{ "npt-6.12-npt0-5lvl", "v6.12", TDP_AMD, false, false, true, true,
	  true, 0, false, 40 },
	{ "npt-debian-6.12-npt1", "v6.12.117", TDP_AMD, true, true, false,
	  true, true, 0, false, 40 },
	{ "npt-debian-6.12-npt0", "v6.12.117", TDP_AMD, false, false, false,
	  true, true, 0, false, 40 },
	{ "npt-6.12-npt1-4level-second-emulator", "v6.12", TDP_AMD, true, true,
	  false, true, false, 0, false, 40 },
	{ "ept-6.12-ad1", "v6.12", TDP_INTEL, true, true, false, false, true,
	  4, false, 40 },
	{ "ept-6.12-ad1-tdp_mmu0", "v6.12", TDP_INTEL, true, false, false,
	  false, true, 4, false, 40 },
	{ "ept-6.12-ad0", "v6.12", TDP_INTEL, true, true, false, false, true,
	  4, true, 40 },
	{ "ept-6.12-ad0-tdp_mmu0", "v6.12", TDP_INTEL, true, false, false,
	  false, true, 4, true, 40 },
	{ "ept-6.12-ept0", "v6.12", TDP_INTEL, false, false, false, false,
	  true, 4, false, 40 },
	{ "ept-6.12-la57-phys46", "v6.12", TDP_INTEL, true, true, true, true,
	  true, 4, false, 46 },
	{ "ept-6.12-5level-phys52", "v6.12", TDP_INTEL, true, true, true, true,
	  true, 5, false, 52 },
	{ "ept-6.12-5level-phys52-tdp_mmu0", "v6.12", TDP_INTEL, true, false,
	  true, true, true, 5, false, 52 },
	{ "ept-6.12-no-unrestricted-guest", "v6.12", TDP_INTEL, true, true,
	  false, false, true, 4, false, 40 },
};
/* clang-format on */

static void start_recorded(struct machine *m, const struct recording *r)
{
	const struct tdp_cpuid cpuid = {
		.maxphyaddr = r->maxphyaddr,
		.lm = true,
		.nx = true,
		.gbpages = true,
		.la57 = r->cpu_la57,
		.smep = true,
		.smap = true,
		.pke = r->cpu_pke,
		.mtrr = true,
	};

	machine_init(m, r->vendor, r->profile);
	m->host.la57 = r->la57;
	m->host.maxphyaddr = r->maxphyaddr;
	if (r->ept_levels)
		m->host.ept_levels = r->ept_levels;
	m->host.ept_ad = !r->no_ad;
	machine_set(m, "tdp", r->tdp ? "on" : "off");
	machine_set(m, "tdp_mmu", r->tdp_mmu ? "on" : "off");
	machine_start(m);
	assert_int_equal(tdp_vcpu_create(m->vm, &m->vcpu, &m->err), TDP_OK);
	assert_int_equal(tdp_vcpu_set_cpuid(m->vcpu, &cpuid, &m->result),
			 TDP_OK);
}

struct vector {
	unsigned int smm;
	struct tdp_sregs sregs;
	bool refused;
	uint64_t cpu_role;
	uint32_t root_role;
};

static bool parse(const char *line, struct vector *v)
{
	char mode[16], err[16], cpu[32], root[32];

	*v = (struct vector){ 0 };
	if (sscanf(line,
		   "%15s %u %" SCNi64 " %" SCNi64 " %" SCNi64 " %15s %31s %31s",
		   mode, &v->smm, (int64_t *)&v->sregs.cr0,
		   (int64_t *)&v->sregs.cr4, (int64_t *)&v->sregs.efer, err,
		   cpu, root) != 8)
		return false;
	v->refused = strcmp(err, "0");
	v->cpu_role = strtoull(cpu, NULL, 0);
	v->root_role = (uint32_t)strtoul(root, NULL, 0);
	return true;
}

static void replay(struct machine *m, const struct vector *v, const char *line)
{
	struct tdp_vcpu_state state;

	assert_int_equal(tdp_vcpu_set_smm(m->vcpu, v->smm, &m->result, &m->err),
			 TDP_OK);
	assert_int_equal(tdp_vcpu_set_sregs(m->vcpu, &v->sregs, &m->result),
			 TDP_OK);
	if ((m->result.ret != 0) != v->refused)
		fail_msg("ret %d for %s", m->result.ret, line);
	if (v->refused)
		return;
	tdp_vcpu_get_state(m->vcpu, &state);
	if (state.cpu_role != v->cpu_role || state.root_role != v->root_role)
		fail_msg("cpu_role 0x%" PRIx64 " root_role 0x%x for %s",
			 state.cpu_role, state.root_role, line);
}

static void sregs_as_recorded(void **state)
{
	const struct recording *r = *state;
	char path[128], line[256];
	unsigned int n = 0;
	struct machine m;
	struct vector v;
	FILE *file;

	snprintf(path, sizeof(path), "data/role-vectors/%s.tsv", r->name);
	file = fopen(path, "r");
	assert_non_null(file);
	start_recorded(&m, r);
	while (fgets(line, sizeof(line), file)) {
		if (!parse(line, &v))
			continue;
		replay(&m, &v, line);
		n++;
	}
	fclose(file);
	assert_in_range(n, 300, 2000);
	machine_end(&m);
}

/* KVM_SET_SREGS(2) ----------------------------------------------------------- */

/* clang-format off */
static const struct sregs_row {
	const char *name;
	const char *profile;
	enum tdp_vendor vendor;
	struct tdp_sregs sregs;
	enum tdp_reason why;
} sregs_rows[] = {
	{ "pg_without_pe", "v6.12", TDP_INTEL, { .cr0 = 0x80000010 },
	  TDP_WHY_BAD_REGISTER },
	{ "nw_without_cd", "v6.12", TDP_INTEL, { .cr0 = 0x20000011 },
	  TDP_WHY_BAD_REGISTER },
	{ "cr0_upper_half", "v6.12", TDP_INTEL, { .cr0 = 0x100000011 },
	  TDP_WHY_BAD_REGISTER },
	{ "v6.4_takes_any_cr0", "v6.4", TDP_INTEL, { .cr0 = 0x80000010 },
	  TDP_WHY_NONE },
	{ "v6.1.192_does_not", "v6.1.192", TDP_INTEL, { .cr0 = 0x80000010 },
	  TDP_WHY_BAD_REGISTER },
	{ "v5.12_looks_at_cr3", "v5.12", TDP_INTEL,
	  { .cr0 = CR0_PAGED, .cr3 = UINT64_C(1) << 46, .cr4 = CR4_PAE,
	    .efer = 0x500 }, TDP_WHY_BAD_REGISTER },
	{ "v5.10_takes_any_cr3", "v5.10", TDP_INTEL,
	  { .cr0 = CR0_PAGED, .cr3 = UINT64_C(1) << 46, .cr4 = CR4_PAE,
	    .efer = 0x500 }, TDP_WHY_NONE },
	{ "lma_without_paging", "v6.12", TDP_INTEL,
	  { .cr0 = 0x11, .efer = 0x400 }, TDP_WHY_BAD_REGISTER },
	{ "lme_paged_without_lma", "v6.12", TDP_INTEL,
	  { .cr0 = CR0_PAGED, .cr4 = CR4_PAE, .efer = 0x100 },
	  TDP_WHY_BAD_REGISTER },
	{ "long_mode_without_pae", "v6.12", TDP_INTEL,
	  { .cr0 = CR0_PAGED, .efer = 0x500 }, TDP_WHY_BAD_REGISTER },
	{ "long_mode_cr3_too_wide", "v6.12", TDP_INTEL,
	  { .cr0 = CR0_PAGED, .cr3 = UINT64_C(1) << 46, .cr4 = CR4_PAE,
	    .efer = 0x500 }, TDP_WHY_BAD_REGISTER },
	{ "unpaged_cr3_too_wide", "v6.12", TDP_INTEL,
	  { .cr0 = 0x11, .cr3 = UINT64_C(1) << 46 }, TDP_WHY_NONE },
	{ "efer_reserved_bits_pass", "v6.12", TDP_AMD,
	  { .cr0 = 0x11, .efer = 0x8000000000000200 }, TDP_WHY_NONE },
	{ "vmxe_on_intel", "v6.12", TDP_INTEL, { .cr0 = 0x11, .cr4 = 0x2000 },
	  TDP_WHY_NONE },
	{ "vmxe_on_amd", "v6.12", TDP_AMD, { .cr0 = 0x11, .cr4 = 0x2000 },
	  TDP_WHY_BAD_REGISTER },
	{ "pdptrs_without_pae_paging", "v6.12", TDP_INTEL,
	  { .cr0 = 0x11, .pdptrs_valid = true }, TDP_WHY_PDPTRS },
	{ "pdptrs_of_userspace", "v6.12", TDP_INTEL,
	  { .cr0 = CR0_PAGED, .cr4 = CR4_PAE, .pdptrs_valid = true },
	  TDP_WHY_NONE },
	{ "no_sregs2_in_5_12", "v5.12", TDP_INTEL,
	  { .cr0 = CR0_PAGED, .cr4 = CR4_PAE, .pdptrs_valid = true },
	  TDP_WHY_NO_IOCTL },
	{ "unreadable_pdptrs_pass", "v6.12", TDP_AMD,
	  { .cr0 = CR0_PAGED, .cr3 = GIB, .cr4 = CR4_PAE }, TDP_WHY_NONE },
};
/* clang-format on */

static void sregs_are_judged(void **state)
{
	const struct sregs_row *r = *state;
	struct tdp_sregs before, after;
	struct machine m;

	machine_init(&m, r->vendor, r->profile);
	machine_start(&m);
	machine_vcpu(&m, 46);
	tdp_vcpu_get_sregs(m.vcpu, &before);
	assert_int_equal(tdp_vcpu_set_sregs(m.vcpu, &r->sregs, &m.result),
			 TDP_OK);
	tdp_vcpu_get_sregs(m.vcpu, &after);
	assert_int_equal(m.result.ret, r->why ? -22 : 0);
	assert_int_equal(m.result.reason, r->why);
	assert_int_equal(after.cr0, r->why ? before.cr0 : r->sregs.cr0);
	assert_int_equal(after.efer, r->why ? before.efer : r->sregs.efer);
	machine_end(&m);
}

/* A 32-byte table of PDPTEs at 0x10020, of which the second is bad. */
static void pae_tables(struct machine *m, uint64_t second)
{
	machine_slot(m, 0, 0, 0, 16 * MIB, TDP_BACKING_ANONYMOUS);
	machine_poke(m, 0x10020, 0x11001);
	machine_poke(m, 0x10028, second);
}

static void sregs_reset_the_mmu_only_if_they_differ(void **state)
{
	static struct events events;
	struct tdp_vcpu_state seen;
	struct tdp_sregs sregs;
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	machine_start(&m);
	machine_vcpu(&m, 46);
	machine_slot(&m, 0, 0, 0, MIB, TDP_BACKING_ANONYMOUS);
	machine_prefault(&m, 0, 0x1000);
	tdp_vcpu_get_sregs(m.vcpu, &sregs);
	events_watch(&events, &m);
	tdp_vcpu_set_sregs(m.vcpu, &sregs, &m.result);
	tdp_vcpu_get_state(m.vcpu, &seen);
	assert_int_equal(seen.root_id, 1);
	assert_int_equal(events.nr, 0);
	sregs.cr3 = 0x1000;
	tdp_vcpu_set_sregs(m.vcpu, &sregs, &m.result);
	tdp_vcpu_get_state(m.vcpu, &seen);
	assert_int_equal(seen.root_id, 0);
	assert_int_equal(events_count(&events, TDP_EV_mmu_init), 1);
	/* The guest's TLB is flushed. */
	assert_int_equal(events_count(&events, TDP_EV_request), 1);
	machine_end(&m);
}

/* What KVM took although no processor does, it finds out at entry. */
static void old_kernels_fail_at_entry(void **state)
{
	const struct tdp_sregs sregs = { .cr0 = 0x80000010 };
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.4");
	machine_start(&m);
	machine_vcpu(&m, 46);
	tdp_vcpu_set_sregs(m.vcpu, &sregs, &m.result);
	assert_int_equal(tdp_vcpu_run(m.vcpu, &m.result, &m.err), TDP_OK);
	assert_int_equal(m.result.outcome, TDP_OUTCOME_ENTRY_FAILED);
	assert_int_equal(m.result.reason, TDP_WHY_BAD_REGISTER);
	assert_int_equal(m.result.exit_reason, 9);
	machine_end(&m);
}

static void sregs_load_pdptrs(void **state)
{
	const struct tdp_sregs sregs = {
		.cr0 = CR0_PAGED,
		.cr3 = 0x10020,
		.cr4 = CR4_PAE,
	};
	struct tdp_sregs after;
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	machine_start(&m);
	machine_vcpu(&m, 46);
	pae_tables(&m, 0x12001);
	tdp_vcpu_set_sregs(m.vcpu, &sregs, &m.result);
	tdp_vcpu_get_sregs(m.vcpu, &after);
	assert_true(after.pdptrs_valid);
	assert_int_equal(after.pdptr[0], 0x11001);
	assert_int_equal(after.pdptr[1], 0x12001);
	/* A reserved bit: the ioctl succeeds, and the old ones stay. */
	machine_poke(&m, 0x10020, 0x13001);
	machine_poke(&m, 0x10028, 0x12003);
	assert_int_equal(tdp_vcpu_set_sregs(m.vcpu, &sregs, &m.result), 0);
	assert_int_equal(m.result.ret, 0);
	tdp_vcpu_get_sregs(m.vcpu, &after);
	assert_int_equal(after.pdptr[0], 0x11001);
	machine_end(&m);
}

static void sregs_sleep_on_a_missing_pdpt(void **state)
{
	const struct tdp_sregs sregs = {
		.cr0 = CR0_PAGED,
		.cr3 = 0x10020,
		.cr4 = CR4_PAE,
	};
	struct tdp_sregs after;
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	machine_start(&m);
	machine_vcpu(&m, 46);
	machine_slot(&m, 0, 0, 0, MIB, TDP_BACKING_UFFD_MISSING);
	tdp_vcpu_set_sregs(m.vcpu, &sregs, &m.result);
	assert_int_equal(m.result.outcome, TDP_OUTCOME_BLOCKED);
	assert_int_equal(m.result.reason, TDP_WHY_HOST_BLOCKS);
	tdp_vcpu_get_sregs(m.vcpu, &after);
	assert_int_equal(after.cr4, 0);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(recordings, sregs_as_recorded),
		ROWS(sregs_rows, sregs_are_judged),
		CASE(sregs_reset_the_mmu_only_if_they_differ),
		CASE(old_kernels_fail_at_entry),
		CASE(sregs_load_pdptrs),
		CASE(sregs_sleep_on_a_missing_pdpt),
	};

	return RUN("ops/sregs", suites);
}
