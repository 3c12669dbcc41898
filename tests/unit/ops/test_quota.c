/* SPDX-License-Identifier: MIT */
/* KVM_SET_NR_MMU_PAGES and KVM_GET_NR_MMU_PAGES. */
#include <errno.h>

#include "kvm/shadow.h"
#include "kvm/shadow_page.h"
#include "support/machine.h"

static void start(struct machine *m, const char *profile)
{
	machine_init(m, TDP_AMD, profile);
	m->host.memory = 512 * MIB;
	m->host.table_memory = 32 * MIB;
	machine_set(m, "tdp_mmu", "off");
	machine_start(m);
	machine_slot(m, 0, 0, 0, 256 * MIB, TDP_BACKING_ANONYMOUS);
	machine_vcpu(m, 40);
}

static void set_quota(struct machine *m, uint64_t pages, int ret)
{
	assert_int_equal(
		tdp_vm_set_nr_mmu_pages(m->vm, pages, &m->result, &m->err),
		TDP_OK);
	assert_int_equal(m->result.ret, ret);
	assert_int_equal(tdp_vm_check(m->vm, &m->err), TDP_OK);
}

static void has_a_minimum(void **state)
{
	struct machine m;

	(void)state;
	start(&m, "v6.12");
	set_quota(&m, 63, -EINVAL);
	assert_int_equal(m.result.reason, TDP_WHY_QUOTA_TOO_SMALL);
	assert_int_equal(m.vm->mmu_pages_max, 65536 / 50);
	set_quota(&m, 64, 0);
	assert_int_equal(m.vm->mmu_pages_max, 64);
	machine_end(&m);
}

/* 4 MiB take a fiftieth of 1024 pages, had userspace not chosen. */
static void stays_when_memslots_change(void **state)
{
	const struct tdp_memslot gone = { .slot = 0 };
	struct machine m;

	(void)state;
	start(&m, "v6.12");
	set_quota(&m, 100, 0);
	machine_slot(&m, 1, 0, GIB, 64 * MIB, TDP_BACKING_ANONYMOUS);
	assert_int_equal(m.vm->mmu_pages_max, 100);
	assert_int_equal(tdp_vm_set_memslot(m.vm, &gone, &m.result, &m.err),
			 TDP_OK);
	assert_int_equal(m.vm->mmu_pages_max, 100);
	machine_end(&m);
}

/* 100 tables of level 1 and three above: the oldest go, the root stays. */
static void less_than_in_use_evicts(void **state)
{
	struct machine m;
	uint64_t root;

	(void)state;
	start(&m, "v6.12");
	assert_int_equal(machine_prefault(&m, 0, 200 * MIB), 0);
	assert_int_equal(shadow_used_pages(m.vm), 103);
	root = m.vcpu->mmu->root.hpa;
	set_quota(&m, 80, 0);
	assert_int_equal(shadow_used_pages(m.vm), 80);
	assert_int_equal(m.vm->mmu_pages_max, 80);
	assert_int_equal(m.vcpu->mmu->root.hpa, root);
	assert_int_equal(machine_access(&m, TDP_READ, 0), TDP_OUTCOME_DONE);
	assert_int_equal(m.result.exits, 1);
	/* None was free, so that 25 more went. */
	assert_in_range(shadow_used_pages(m.vm), 55, 60);
	machine_end(&m);
}

static const struct get_row {
	const char *name;
	const char *profile;
	int ret;
	uint64_t value;
} get_rows[] = {
	{ "v5.10", "v5.10", 0, 1310 },
	{ "v6.1", "v6.1", 0, 1310 },
	{ "v6.4", "v6.4", -ENOTTY, 0 },
	{ "v7.2", "v7.2", -ENOTTY, 0 },
};

static void can_be_read(void **state)
{
	const struct get_row *r = *state;
	struct machine m;

	start(&m, r->profile);
	tdp_vm_get_nr_mmu_pages(m.vm, &m.result);
	assert_int_equal(m.result.ret, r->ret);
	assert_int_equal(m.result.value, r->value);
	machine_end(&m);
}

static const struct shrink_row {
	const char *name;
	const char *profile;
	bool tdp_mmu;
	uint64_t pages;
	uint64_t went;
} shrink_rows[] = {
	/* Without roots: PML4 is one, so 3 levels and one of level 1 stay to go. */
	{ "one", "v6.12", false, 1, 1 },
	{ "all_but_the_root", "v6.12", false, 128, 3 },
	{ "tdp_mmu", "v6.12", true, 128, 0 },
	{ "removed", "v6.13", false, 128, 0 },
};

static void shrinks(void **state)
{
	const struct shrink_row *r = *state;
	struct machine m;
	uint64_t pages;

	machine_init(&m, TDP_AMD, r->profile);
	m.host.memory = 512 * MIB;
	m.host.table_memory = 32 * MIB;
	machine_set(&m, "tdp_mmu", r->tdp_mmu ? "on" : "off");
	machine_start(&m);
	machine_slot(&m, 0, 0, 0, 16 * MIB, TDP_BACKING_ANONYMOUS);
	machine_vcpu(&m, 40);
	machine_access(&m, TDP_READ, 0);
	pages = m.vm->stats.mmu_pages;
	assert_int_equal(tdp_vm_shrink(m.vm, r->pages, &m.result, &m.err),
			 TDP_OK);
	assert_int_equal(m.result.value, r->went);
	assert_int_equal(m.vm->stats.mmu_pages, pages - r->went);
	assert_int_equal(tdp_vm_check(m.vm, &m.err), TDP_OK);
	assert_int_equal(machine_access(&m, TDP_READ, 0), TDP_OUTCOME_DONE);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		CASE(has_a_minimum),           CASE(stays_when_memslots_change),
		CASE(less_than_in_use_evicts), ROWS(get_rows, can_be_read),
		ROWS(shrink_rows, shrinks),
	};

	return RUN("ops/quota", suites);
}
