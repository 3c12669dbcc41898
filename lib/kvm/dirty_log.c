/* SPDX-License-Identifier: MIT */
#include "kvm/dirty_log.h"

#include <stdlib.h>

#include "base/error.h"

static void fill(struct dirty_log *log)
{
	uint64_t i, rest = log->npages % 64;

	for (i = 0; i < log->nr_words; i++)
		log->words[i] = UINT64_MAX;
	if (rest)
		log->words[log->nr_words - 1] = BIT(rest) - 1;
}

int dirty_log_create(struct tdp_vm *vm, uint64_t npages, bool all,
		     struct dirty_log **out, struct tdp_error *err)
{
	uint64_t words = (npages + 63) / 64;
	struct dirty_log *log;

	*out = NULL;
	if (words > DIRTY_MAX_WORDS - vm->dirty_words)
		return err_set(err, TDP_ELIMIT,
			       "the dirty logs of a VM may have %llu MiB",
			       (unsigned long long)DIRTY_MAX_WORDS * 8 >> 20);
	/* Untouched until pages are marked, so large logs cost little. */
	log = calloc(1, sizeof(*log) + words * sizeof(log->words[0]));
	if (!log)
		return err_set(err, TDP_ENOMEM, "no memory for a dirty log");
	log->npages = npages;
	log->nr_words = words;
	if (all)
		fill(log);
	log->next = vm->dirty_logs;
	vm->dirty_logs = log;
	vm->dirty_words += words;
	vm->nr_dirty_logs++;
	*out = log;
	return TDP_OK;
}

void dirty_log_destroy(struct tdp_vm *vm, struct dirty_log *log)
{
	struct dirty_log **link = &vm->dirty_logs;

	if (!log)
		return;
	while (*link != log)
		link = &(*link)->next;
	*link = log->next;
	vm->dirty_words -= log->nr_words;
	vm->nr_dirty_logs--;
	free(log);
}

void dirty_log_finish(struct tdp_vm *vm)
{
	while (vm->dirty_logs)
		dirty_log_destroy(vm, vm->dirty_logs);
}
