/* SPDX-License-Identifier: MIT */
/*
 * Scenarios: YAML files that set a machine up, make steps, and state what
 * must come out.  A scenario is untrusted input.
 */
#ifndef TDPSIM_SCENARIO_H
#define TDPSIM_SCENARIO_H

#include <stdio.h>

#include "error.h"
#include "vcpu.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tdp_scenario;

/**
 * tdp_scenario_load() - read and check one scenario file
 * @path:     file; also the name in messages
 * @scenario: receives the handle
 * @err:      may be NULL; path, line and column are set for bad content
 *
 * Nothing is run.  Limits: 1 MiB of text, 64 levels of nesting, 100,000
 * nodes after aliases; a file beyond them is refused with the limit named.
 *
 * Return: TDP_OK; TDP_EIO; TDP_EINPUT; TDP_ENOMEM.
 */
TDP_API int tdp_scenario_load(const char *path, struct tdp_scenario **scenario,
			      struct tdp_error *err);

/** tdp_scenario_load_text() - the same, from memory; @name stands for the path */
TDP_API int tdp_scenario_load_text(const char *name, const char *text,
				   size_t size, struct tdp_scenario **scenario,
				   struct tdp_error *err);

TDP_API void tdp_scenario_destroy(struct tdp_scenario *scenario);

TDP_API const char *tdp_scenario_name(const struct tdp_scenario *scenario);
TDP_API const char *tdp_scenario_about(const struct tdp_scenario *scenario);

/**
 * tdp_scenario_missing() - a feature that the scenario requires and the model lacks
 *
 * Return: its name and why, as "name: reason"; NULL if nothing is missing.
 */
TDP_API const char *tdp_scenario_missing(const struct tdp_scenario *scenario);

/**
 * struct tdp_check - one expectation, held against what happened
 * @line, @column: of the expectation in the file
 * @step:     number of the step, from 1; 0 for the scenario's own checks
 * @verb:     the step's verb, or "check"
 * @field:    such as "root.role"
 * @passed:   do they agree?
 * @expected: as text, decoded where it is a word of bits
 * @actual:   as text
 * @trail:    what led there, lines of text: what the step gave and its events,
 *            or the roots; NULL unless it is the step's first failure
 */
struct tdp_check {
	unsigned int line;
	unsigned int column;
	unsigned int step;
	const char *verb;
	const char *field;
	bool passed;
	const char *expected;
	const char *actual;
	const char *trail;
};

/**
 * struct tdp_report - who listens to a run; each may be NULL
 * @check:   called for every expectation, in order
 * @trace:   called for every event of the VM
 * @step:    called before a step: its number, verb and place
 * @done:    called behind it, with what it gave; step 0 is making the machine
 * @context: handed to each
 * @verify:  call tdp_vm_check() after every step; what it finds is a failed
 *           expectation
 *
 * Strings are valid during the call.
 */
struct tdp_report {
	void (*check)(const struct tdp_check *check, void *context);
	void (*trace)(const struct tdp_event *event, void *context);
	void (*step)(unsigned int step, const char *verb, unsigned int line,
		     void *context);
	void (*done)(unsigned int step, const struct tdp_vm *vm,
		     const struct tdp_result *result, void *context);
	void *context;
	bool verify;
};

/** struct tdp_run_summary - counts of one run */
struct tdp_run_summary {
	unsigned int steps;
	unsigned int checks;
	unsigned int failed;
};

/**
 * tdp_scenario_run() - replay a scenario on a fresh machine
 * @report:  may be NULL
 * @summary: receives the counts
 *
 * Return: TDP_OK, even if expectations failed; TDP_EINPUT if a step can't be
 * carried out (no such vCPU, say); TDP_EUNSUPPORTED; TDP_ELIMIT; TDP_ENOMEM.
 */
TDP_API int tdp_scenario_run(const struct tdp_scenario *scenario,
			     const struct tdp_report *report,
			     struct tdp_run_summary *summary,
			     struct tdp_error *err);

/**
 * tdp_scenario_replay() - the same, and keep the machine as the last step left it
 * @vm: receives the VM, which the caller destroys
 *
 * Return: as tdp_scenario_run(); TDP_EINPUT too if the kernel refuses to create
 * the VM.
 */
TDP_API int tdp_scenario_replay(const struct tdp_scenario *scenario,
				struct tdp_vm **vm, struct tdp_error *err);

/** enum tdp_word_list - tables of the scenario language; "of" as in tdp_word_at() */
enum tdp_word_list {
	TDP_WORDS_VERBS,
	TDP_WORDS_ARGUMENTS, /* of a verb, or of an argument: "guest_tables.pages" */
	TDP_WORDS_SECTIONS, /* what TDP_WORDS_KEYS can be asked for */
	TDP_WORDS_KEYS,     /* of a section: "scenario", "host", "host.ept" */
	TDP_WORDS_FIELDS,   /* of a verb's expect, or of a section of "check" */
	TDP_WORDS_PARTS,    /* of "role" or "spte" */
	TDP_WORDS_TYPES,    /* of values */
	TDP_WORDS_VALUES,   /* of a type that is an enumeration or flags */
	TDP_WORDS_FEATURES, /* for "requires:" */
};

/**
 * struct tdp_word - one word of a table
 * @name:      as it is written
 * @type:      of its value: a name of TDP_WORDS_TYPES; NULL if it has none
 * @about:     what it means
 * @otherwise: default, as one would write it; NULL: none
 * @required:  it must be there
 * @available: features: the model has it
 * @min, @max: range of a number; both 0: that of the type
 * @has_keys:  its value is a map or a list of maps, with a table of its own
 *
 * Strings are static.
 */
struct tdp_word {
	const char *name;
	const char *type;
	const char *about;
	const char *otherwise;
	bool required;
	bool available;
	bool has_keys;
	uint64_t min;
	uint64_t max;
};

/**
 * tdp_word_at() - enumerate a table of the language
 * @of:    whose table; ignored where there is only one
 * @index: from 0
 *
 * Return: false past the last word, or if there is no table @of.
 */
TDP_API bool tdp_word_at(enum tdp_word_list list, const char *of,
			 unsigned int index, struct tdp_word *word);

#ifdef __cplusplus
}
#endif
#endif
