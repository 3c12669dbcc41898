/* SPDX-License-Identifier: MIT */
/* Which pages were written or used, and what the NX mitigation split. */
#include <stdlib.h>

#include "base/error.h"
#include "scenario/verb.h"

/* Dirty logging ------------------------------------------------------------ */

struct protect_args {
	bool manual;
	bool initially_set;
};

static const struct arg protect_rows[] = {
	ARG(struct protect_args, manual, type_bool, .otherwise = "true",
	    .about = "get_dirty_log only reads, clear_dirty_log clears"),
	ARG(struct protect_args, initially_set, type_bool, .otherwise = "false",
	    .about = "pages are dirty when logging of their slot begins"),
};

static int run_protect(struct run *run, const void *args)
{
	const struct protect_args *a = args;

	return tdp_vm_set_dirty_protect(run->vm, a->manual, a->initially_set,
					&run->outcome.result);
}

const struct verb verb_set_dirty_protect = {
	.name = "set_dirty_protect",
	.about = "KVM_ENABLE_CAP of KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2",
	.args = ARGS(protect_rows, struct protect_args),
	.fields = FIELDS_CALL,
	.run = run_protect,
};

#define MAX_WORD 65535

struct log_args {
	unsigned int slot;
	unsigned int as;
	unsigned int word;
	uint64_t first;
	uint64_t pages;
	uint64_t mask;
};

#define SLOT_ROWS                                                 \
	ARG(struct log_args, slot, type_number, .required = true, \
	    .about = "number"),                                   \
		AS_ROW(struct log_args)

static const struct arg get_rows[] = {
	SLOT_ROWS,
	ARG(struct log_args, word, type_number, .otherwise = "0",
	    .max = MAX_WORD,
	    .about = "which 64 pages to show as value, counted from 0"),
};

static int run_get(struct run *run, const void *args)
{
	const struct log_args *a = args;
	struct tdp_result *result = &run->outcome.result;
	uint64_t *bitmap = calloc(a->word + 1u, sizeof(*bitmap));
	int ret;

	if (!bitmap)
		return err_set(run->err, TDP_ENOMEM, "no memory for a bitmap");
	ret = tdp_vm_get_dirty_log(run->vm, a->as, a->slot, bitmap,
				   a->word + 1u, result, run->err);
	run->outcome.dirty_pages = result->value;
	result->value = bitmap[a->word];
	free(bitmap);
	return ret;
}

const struct verb verb_get_dirty_log = {
	.name = "get_dirty_log",
	.about = "KVM_GET_DIRTY_LOG; value is one word of the bitmap",
	.args = ARGS(get_rows, struct log_args),
	.fields = FIELDS_CALL | FIELDS_VALUE | FIELDS_DIRTY,
	.run = run_get,
	.slots_lock = true,
};

static const struct arg clear_rows[] = {
	SLOT_ROWS,
	ARG(struct log_args, first, type_number, .otherwise = "0",
	    .about = "first page; a multiple of 64"),
	ARG(struct log_args, pages, type_number, .required = true,
	    .max = 64 * (MAX_WORD + 1),
	    .about = "how many; a multiple of 64, or up to the slot's end"),
	ARG(struct log_args, mask, type_word, .otherwise = "0xffffffffffffffff",
	    .about = "which of every 64 pages"),
};

static int run_clear(struct run *run, const void *args)
{
	const struct log_args *a = args;
	struct tdp_result *result = &run->outcome.result;
	uint64_t words = (a->pages + 63) / 64, i;
	uint64_t *bitmap = malloc((words + 1) * sizeof(*bitmap));
	int ret;

	if (!bitmap)
		return err_set(run->err, TDP_ENOMEM, "no memory for a bitmap");
	for (i = 0; i < words; i++)
		bitmap[i] = a->mask;
	ret = tdp_vm_clear_dirty_log(run->vm, a->as, a->slot, a->first,
				     a->pages, bitmap, result, run->err);
	run->outcome.dirty_pages = result->value;
	free(bitmap);
	return ret;
}

const struct verb verb_clear_dirty_log = {
	.name = "clear_dirty_log",
	.about = "KVM_CLEAR_DIRTY_LOG; dirty_pages counts what it cleared",
	.args = ARGS(clear_rows, struct log_args),
	.fields = FIELDS_CALL | FIELDS_DIRTY,
	.run = run_clear,
	.slots_lock = true,
};

/* Aging -------------------------------------------------------------------- */

struct age_args {
	unsigned int as;
	uint64_t gpa;
	uint64_t size;
};

static const struct arg age_rows[] = {
	AS_ROW(struct age_args),
	ARG(struct age_args, gpa, type_address, .required = true,
	    .about = "first byte"),
	ARG(struct age_args, size, type_size, .otherwise = "4KiB",
	    .about = "bytes; all in one memslot"),
};

static int run_age(struct run *run, const void *args)
{
	const struct age_args *a = args;

	return tdp_vm_age(run->vm, a->as, TDP_GPA(a->gpa), a->size,
			  &run->outcome.result, run->err);
}

const struct verb verb_age = {
	.name = "age",
	.about =
		"the host asks if memory was used since it asked last; value 1: it was",
	.args = ARGS(age_rows, struct age_args),
	.fields = FIELDS_VALUE,
	.run = run_age,
};

static const struct arg test_age_rows[] = {
	AS_ROW(struct age_args),
	ARG(struct age_args, gpa, type_address, .required = true,
	    .about = "address in the page"),
};

static int run_test_age(struct run *run, const void *args)
{
	const struct age_args *a = args;

	return tdp_vm_test_age(run->vm, a->as, TDP_GPA(a->gpa),
			       &run->outcome.result, run->err);
}

const struct verb verb_test_age = {
	.name = "test_age",
	.about = "the same for one page, without any effect",
	.args = ARGS(test_age_rows, struct age_args),
	.fields = FIELDS_VALUE,
	.run = run_test_age,
};

struct toggle_args {
	unsigned int as;
	unsigned int slot;
	unsigned int times;
};

static const struct arg toggle_rows[] = {
	AS_ROW(struct toggle_args),
	ARG(struct toggle_args, slot, type_number, .required = true,
	    .about = "number"),
	ARG(struct toggle_args, times, type_number, .required = true,
	    .max = 1 << 20, .about = "calls, each with the other flag"),
};

static int run_toggle(struct run *run, const void *args)
{
	const struct toggle_args *a = args;

	return tdp_vm_toggle_dirty_log(run->vm, a->as, a->slot, a->times,
				       &run->outcome.result, run->err);
}

const struct verb verb_toggle_dirty_log = {
	.name = "toggle_dirty_log",
	.about =
		"KVM_SET_USER_MEMORY_REGION so many times, each of which turns "
		"KVM_MEM_LOG_DIRTY_PAGES over",
	.args = ARGS(toggle_rows, struct toggle_args),
	.fields = FIELDS_CALL,
	.run = run_toggle,
};

/* NX huge pages -------------------------------------------------------------- */

struct recover_args {
	unsigned int ratio;
};

static const struct arg recover_rows[] = {
	ARG(struct recover_args, ratio, type_number, .otherwise = "60",
	    .about = "nx_huge_pages_recovery_ratio; 0: never"),
};

static int run_recover(struct run *run, const void *args)
{
	const struct recover_args *a = args;

	tdp_vm_recover_nx_huge_pages(run->vm, a->ratio, &run->outcome.result);
	return TDP_OK;
}

const struct verb verb_recover_nx = {
	.name = "recover_nx",
	.about =
		"one period of the NX recovery thread; value counts the tables it zapped",
	.args = ARGS(recover_rows, struct recover_args),
	.fields = FIELDS_VALUE,
	.run = run_recover,
};

struct nx_args {
	bool force;
};

static const struct arg nx_rows[] = {
	ARG(struct nx_args, force, type_bool, .required = true,
	    .about = "force, or off"),
};

static int run_nx(struct run *run, const void *args)
{
	const struct nx_args *a = args;

	tdp_vm_set_nx_huge_pages(run->vm, a->force, &run->outcome.result);
	return TDP_OK;
}

const struct verb verb_nx_huge_pages = {
	.name = "nx_huge_pages",
	.about = "the module parameter nx_huge_pages is written",
	.args = ARGS(nx_rows, struct nx_args),
	.fields = FIELDS_CALL,
	.run = run_nx,
};
