/* SPDX-License-Identifier: MIT */
/* Exit accounting: what pre-faulting saves, for each kind of memory. */
#ifndef TDPSIM_ACCOUNT_H
#define TDPSIM_ACCOUNT_H

#include "scenario.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct tdp_account_counts - what the accesses of a scenario cost
 * @accesses:      guest accesses that were made
 * @exits:         hardware exits of theirs
 * @violations:    of them: EPT violations, nested page faults, intercepted #PF
 * @misconfigs:    of them: EPT misconfigurations, or nested page faults for a
 *                 reserved bit: an MMIO SPTE was hit
 * @fixed:         exits that installed or changed an SPTE under the MMU lock
 * @fast:          exits that fast_page_fault fixed without the lock
 * @spurious:      exits that found the SPTE in order
 * @retried:       exits that changed nothing and were tried again
 * @emulated:      exits that ended in emulation, by KVM or userspace
 * @invalidations: ranges of which MMU notifiers were told
 * @failed:        accesses that were not completed: an errno, a sleep for ever
 * @mmu_pages:     page-table pages that accesses had to allocate
 * @prefaulted:    SPTEs that pre-faults installed or changed
 * @prefault_pages: page-table pages that pre-faults allocated
 * @prefault_failed: pre-faults that returned an errno or did not return
 */
struct tdp_account_counts {
	unsigned int accesses;
	unsigned int exits;
	unsigned int violations;
	unsigned int misconfigs;
	unsigned int fixed;
	unsigned int fast;
	unsigned int spurious;
	unsigned int retried;
	unsigned int emulated;
	unsigned int invalidations;
	unsigned int failed;
	unsigned int mmu_pages;
	unsigned int prefaulted;
	unsigned int prefault_pages;
	unsigned int prefault_failed;
};

/**
 * struct tdp_account - one kind of memory, with and without pre-faults
 * @backing, @untouched, @read_only: as in struct tdp_memslot
 * @without: counts where the scenario's pre-faults are left out
 * @with:    counts where they are made
 */
struct tdp_account {
	enum tdp_backing backing;
	bool untouched;
	bool read_only;
	struct tdp_account_counts without;
	struct tdp_account_counts with;
};

/**
 * tdp_scenario_account_rows() - for how many kinds of memory can be counted
 *
 * Return: the backings of "account:"; without that section all that the model
 * has, private memory both used and untouched.
 */
TDP_API unsigned int
tdp_scenario_account_rows(const struct tdp_scenario *scenario);

/**
 * tdp_scenario_account() - replay a scenario twice on one kind of memory
 * @row:     from 0
 * @account: receives the kind and the counts
 * @err:     may be NULL
 *
 * The memslot that "account:" names (by default 0) gets the backing; all else
 * is as the scenario has it, but expectations are not looked at.
 *
 * Return: as tdp_scenario_run(); TDP_EINVAL if there is no such row, no such
 * memslot, or no pre-fault among the steps.
 */
TDP_API int tdp_scenario_account(const struct tdp_scenario *scenario,
				 unsigned int row, struct tdp_account *account,
				 struct tdp_error *err);

/**
 * tdp_account_count() - one of the counts by its name
 * @counts: NULL: only look whether there is such a count
 * @index:  from 0
 * @name:   receives a static string; may be NULL
 * @value:  receives the count; may be NULL if @counts is
 *
 * Return: false past the last one.
 */
TDP_API bool tdp_account_count(const struct tdp_account_counts *counts,
			       unsigned int index, const char **name,
			       unsigned int *value);

#ifdef __cplusplus
}
#endif
#endif
