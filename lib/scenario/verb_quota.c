/* SPDX-License-Identifier: MIT */
/* The quota of the shadow MMU. */
#include "scenario/verb.h"

struct quota_args {
	uint64_t pages;
};

static const struct arg quota_rows[] = {
	ARG(struct quota_args, pages, type_number, .required = true,
	    .about = "shadow pages; at least 64"),
};

static int run_set_quota(struct run *run, const void *args)
{
	const struct quota_args *a = args;

	return tdp_vm_set_nr_mmu_pages(run->vm, a->pages, &run->outcome.result,
				       run->err);
}

const struct verb verb_set_nr_mmu_pages = {
	.name = "set_nr_mmu_pages",
	.about =
		"KVM_SET_NR_MMU_PAGES: how many pages the shadow MMU may have; what is over it "
		"is zapped, oldest first",
	.args = ARGS(quota_rows, struct quota_args),
	.fields = FIELDS_CALL,
	.run = run_set_quota,
	.slots_lock = true,
};

static int run_get_quota(struct run *run, const void *args)
{
	(void)args;
	tdp_vm_get_nr_mmu_pages(run->vm, &run->outcome.result);
	return TDP_OK;
}

const struct verb verb_get_nr_mmu_pages = {
	.name = "get_nr_mmu_pages",
	.about = "KVM_GET_NR_MMU_PAGES; value is the quota",
	.args = { NULL, 0, 1 },
	.fields = FIELDS_CALL | FIELDS_VALUE,
	.run = run_get_quota,
};

static const struct arg shrink_rows[] = {
	ARG(struct quota_args, pages, type_number, .otherwise = "128",
	    .about = "how many pages it wants; SHRINK_BATCH by default"),
};

static int run_shrink(struct run *run, const void *args)
{
	const struct quota_args *a = args;

	return tdp_vm_shrink(run->vm, a->pages, &run->outcome.result, run->err);
}

const struct verb verb_shrink = {
	.name = "shrink",
	.about =
		"the host is short of memory and calls KVM's shrinker (up to 6.12), "
		"which zaps the oldest pages of the shadow MMU; value says how many",
	.args = ARGS(shrink_rows, struct quota_args),
	.fields = FIELDS_CALL | FIELDS_VALUE,
	.run = run_shrink,
};
