/* SPDX-License-Identifier: MIT */
/* A scenario after it was read: everything checked, nothing run. */
#ifndef TDPSIM_SCENARIO_SCENARIO_H
#define TDPSIM_SCENARIO_SCENARIO_H

#include "scenario/check.h"
#include "scenario/claim.h"
#include "scenario/decode.h"
#include "scenario/event_match.h"
#include "scenario/field.h"
#include "scenario/recording_case.h"
#include "scenario/value.h"
#include "tdpsim/scenario.h"

struct account_set;
struct verb;

/* A vCPU as the scenario wants it at the start. */
struct vcpu_setup {
	const struct node *place;
	bool has_cpuid;
	struct tdp_cpuid cpuid;
	bool has_sregs;
	struct tdp_sregs sregs;
	bool smm;
};

/* What is expected of one step, or of creating the VM. */
struct expected {
	const struct expectation *fields;
	struct event_wants events;
	enum invariants invariants;
	unsigned int line, column; /* of the invariants */
};

struct step {
	const struct verb *verb;
	const struct node *text; /* what stands behind the verb */
	const void *args;
	uint64_t given;    /* rows of the verb's table */
	unsigned int vcpu; /* whose state the step is about */
	unsigned int line, column;
	const char *why;
	unsigned int recorded; /* NOT_RECORDED: none */
	struct expected expected;
	const struct node *expect;
	unsigned int slot; /* number in the scenario, "together:" left out */
	const char *label;
	/* Inside "together:" */
	const char *thread;
	/* Of a "together:" */
	bool kernel_steps;
	const struct node *order; /* NULL: not fixed */
};

struct tdp_scenario {
	struct arena arena;
	const char *path;
	const char *name;
	const char *about;
	const char *missing;      /* "feature: reason", or NULL */
	const struct node *place; /* of host:, or of the whole file */
	struct tdp_host_config host;
	struct tdp_kvm_config kvm;
	unsigned int vm_type; /* enum tdp_vm_type */
	struct list gmem;     /* of struct gmem_args */
	bool tss_slot;        /* of the recorded machine */
	bool irqchip;
	struct list memslots; /* of struct tdp_memslot */
	struct list memory;   /* of struct poke_args */
	struct vcpu_setup *vcpus;
	unsigned int nr_vcpus;
	struct expected creation;
	struct recorded_case recording;
	struct step *steps;
	bool any_outcome; /* of a step that expects nothing */
	unsigned int nr_steps;
	unsigned int nr_slots;
	const struct check_set *check;     /* at the end; NULL: none */
	const struct account_set *account; /* NULL: none */
	struct claims claims;
	unsigned int nr_outcomes;      /* that explore must find; 0: any */
	const struct field **observed; /* what makes an outcome */
	unsigned int nr_observed;
	const char *source; /* the text that was read */
	size_t source_size;
};

#endif
