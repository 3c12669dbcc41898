/* SPDX-License-Identifier: MIT */
/* Holding "check:" against the machine. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "scenario/check.h"
#include "scenario/run.h"

static void prefix_print(char *prefix, size_t size, const char *list,
			 unsigned int index)
{
	snprintf(prefix, size, "%s[%u].", list, index);
}

static bool next_root(const struct run *run, bool invalid_too,
		      struct tdp_root_info *root)
{
	do {
		if (!tdp_vm_root_next(run->vm, root->id, root))
			return false;
	} while (!root->valid && !invalid_too);
	return true;
}

/* "2 roots: 0x3784 0x1003784" */
static unsigned int roots_print(struct run *run, bool invalid_too)
{
	struct tdp_root_info root = { 0 };
	const size_t size = sizeof(run->actual);
	unsigned int nr = 0;
	size_t used;

	while (next_root(run, invalid_too, &root))
		nr++;
	used = (size_t)snprintf(run->actual, size, "%u root%s", nr,
				nr == 1 ? "" : "s");
	root = (struct tdp_root_info){ 0 };
	while (used < size - 12 && next_root(run, invalid_too, &root))
		used += (size_t)snprintf(run->actual + used, size - used,
					 " 0x%x", root.role);
	return nr;
}

static void check_roots(struct run *run, const struct check_list *list,
			const char *name, bool invalid_too)
{
	const struct run_place place = { list->line, list->column, name };
	struct tdp_root_info root = { 0 };
	char prefix[32];
	unsigned int i;

	if (!list->given)
		return;
	snprintf(run->expected, sizeof(run->expected), "%u root%s", list->nr,
		 list->nr == 1 ? "" : "s");
	run_compared(run, &place, roots_print(run, invalid_too) == list->nr);
	for (i = 0; i < list->nr && next_root(run, invalid_too, &root); i++) {
		prefix_print(prefix, sizeof(prefix), name, i);
		run_expect(run, list->items[i].fields, prefix, &root);
	}
}

static void check_nr_roots(struct run *run, const struct expectation *is)
{
	struct tdp_root_info root = { 0 };
	uint64_t nr = 0;

	while (next_root(run, false, &root))
		nr++;
	run_expect(run, is, "", &nr);
}

static void check_vcpus(struct run *run, const struct check_list *list)
{
	unsigned int i;

	for (i = 0; i < list->nr; i++) {
		const struct check_item *item = &list->items[i];
		struct vcpu_view view;
		char prefix[32];

		vcpu_view_get(&view, run_vcpu(run, item->vcpu));
		prefix_print(prefix, sizeof(prefix), "vcpus", item->vcpu);
		run_expect(run, item->fields, prefix, &view);
	}
}

static void check_sptes(struct run *run, const struct check_list *list)
{
	unsigned int i;

	for (i = 0; i < list->nr; i++) {
		const struct check_item *item = &list->items[i];
		struct tdp_spte_info path[5];
		struct spte_view view = { 0 };
		char prefix[32];

		view.depth = tdp_vm_get_sptes(run->vm, item->root,
					      TDP_GPA(item->gpa), path);
		if (view.depth)
			view.entry = path[view.depth - 1];
		prefix_print(prefix, sizeof(prefix), "sptes", i);
		run_expect(run, item->fields, prefix, &view);
	}
}

static int check_memtypes(struct run *run, const struct check_list *list)
{
	unsigned int i;

	for (i = 0; i < list->nr; i++) {
		const struct check_item *item = &list->items[i];
		struct tdp_memtypes seen;
		char prefix[32];
		int ret = tdp_vm_get_memtypes(run->vm, TDP_GVA(item->gva),
					      &seen, run->err);

		if (ret)
			return ret;
		prefix_print(prefix, sizeof(prefix), "memtypes", i);
		run_expect(run, item->fields, prefix, &seen);
	}
	return TDP_OK;
}

static int memory_unreadable(struct run *run, const struct check_item *item,
			     int status)
{
	char why[sizeof(run->err->message)];

	memcpy(why, run->err->message, sizeof(why));
	return err_at(run->err, status == TDP_EINVAL ? TDP_EINPUT : status,
		      run->scenario->path, item->line, item->column,
		      "memory: %.400s", why);
}

static int check_memory(struct run *run, const struct check_list *list)
{
	unsigned int i;

	for (i = 0; i < list->nr; i++) {
		const struct check_item *item = &list->items[i];
		struct run_place place = { item->line, item->column, NULL };
		char name[48];
		uint64_t value;
		int ret = tdp_vm_read(run->vm, item->as, TDP_GPA(item->gpa),
				      &value, item->size, run->err);

		if (ret)
			return memory_unreadable(run, item, ret);
		snprintf(name, sizeof(name), "memory[%u].value", i);
		place.field = name;
		snprintf(run->expected, sizeof(run->expected), "0x%" PRIx64,
			 item->value);
		snprintf(run->actual, sizeof(run->actual), "0x%" PRIx64, value);
		run_compared(run, &place, value == item->value);
	}
	return TDP_OK;
}

int check_run(struct run *run, const struct check_set *set)
{
	struct tdp_vm_stats stats;
	int ret;

	check_roots(run, &set->roots, "roots", false);
	check_roots(run, &set->all_roots, "all_roots", true);
	if (set->nr_roots_is)
		check_nr_roots(run, set->nr_roots_is);
	check_vcpus(run, &set->vcpus);
	check_sptes(run, &set->sptes);
	tdp_vm_get_stats(run->vm, &stats);
	run_expect(run, set->stats_are, "stats.", &stats);
	ret = check_memtypes(run, &set->memtypes);
	return ret ? ret : check_memory(run, &set->memory);
}
