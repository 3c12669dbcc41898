/* SPDX-License-Identifier: MIT */
/* "check:": what the whole machine must look like. */
#ifndef TDPSIM_SCENARIO_CHECK_H
#define TDPSIM_SCENARIO_CHECK_H

#include "scenario/decode.h"
#include "scenario/field.h"

struct run;

/* Something of a list, and what is expected of it. */
struct check_item {
	unsigned int line, column;
	unsigned int vcpu; /* vcpus */
	unsigned int root; /* sptes: number of the root */
	unsigned int as;   /* memory */
	unsigned int size;
	uint64_t gpa;   /* sptes, memory */
	uint64_t gva;   /* memtypes */
	uint64_t value; /* memory */
	const struct expectation *fields;
};

struct check_list {
	bool given;
	unsigned int line, column;
	unsigned int nr;
	struct check_item *items;
};

struct check_set {
	struct check_list roots;     /* the valid ones, and no others */
	struct check_list all_roots; /* invalid ones too */
	struct check_list vcpus;
	struct check_list sptes;
	struct check_list memory;
	struct check_list memtypes;
	const struct node *nr_roots;
	const struct node *stats;
	const struct expectation *nr_roots_is;
	const struct expectation *stats_are;
};

extern const struct args check_args;
extern const struct args check_spte_args;
extern const struct args check_vcpu_args;
extern const struct args check_memory_args;
extern const struct args check_memtypes_args;

int check_parse(const struct decoder *d, const struct node *node,
		struct check_set *set);

/* Holds all of it against the machine. */
int check_run(struct run *run, const struct check_set *set);

#endif
