/* SPDX-License-Identifier: MIT */
/* As /init of a machine that is thrown away. */
#ifndef TDPSIM_TOOLS_KVM_INIT_H
#define TDPSIM_TOOLS_KVM_INIT_H

/* Say on the console which scenario begins; only as /init. */
void init_progress(const char *scenario);

/* Say there how one ended that did not end well. */
void init_note(const char *what, const char *scenario, unsigned int step,
	       const char *why);

/*
 * Load the modules of /modules, in the order of /modules/order; record the
 * scenarios of /scenarios, in the order of /scenarios/order, to the second
 * serial port; power off.
 */
int init_run(int (*record)(char **paths, const char *output,
			   unsigned int limit));

#endif
