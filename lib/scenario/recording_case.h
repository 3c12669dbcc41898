/* SPDX-License-Identifier: MIT */
/* "recording:" of a scenario, and "recorded:" of its steps. */
#ifndef TDPSIM_SCENARIO_RECORDING_CASE_H
#define TDPSIM_SCENARIO_RECORDING_CASE_H

#include "scenario/decode.h"

/* A recorded step that the scenario does not replay, or an event of one. */
struct recorded_left_out {
	unsigned int step;
	const char *event; /* NULL: the whole step, or a field */
	const char *field; /* as a difference names it; NULL: no field */
	const char *why;
};

struct recorded_case {
	const char *name;     /* NULL: the scenario replays no recording */
	unsigned int vm;      /* which of the case's VMs, from 0 */
	struct list vms;      /* of unsigned int: several that do the same */
	bool count_from_vm;   /* numbers of steps are the VM's, from 0 */
	unsigned int span;    /* how many VMs from there on */
	unsigned int machine; /* last step of making the machine */
	struct list left_out; /* of struct recorded_left_out */
};

extern const struct args recorded_case_args;

/* The value of a step that replays no recorded one. */
#define NOT_RECORDED (~0u)

#endif
