/* SPDX-License-Identifier: MIT */
/* Random scenarios, to be run on the model and on a real kernel. */
#ifndef TDPSIM_GENERATE_H
#define TDPSIM_GENERATE_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tdp_error;

/*	X(name, spelling, what it adds to the scenarios) */
/* clang-format off */
#define TDP_TOPIC_LIST(X)						\
	X(PREFAULT,	"prefault",	"KVM_PRE_FAULT_MEMORY")		\
	X(SLOTS,	"slots",	"memslots are made, changed and deleted") \
	X(DIRTY,	"dirty",	"dirty logging")		\
	X(HOST,		"host",		"userspace unmaps, protects and writes memory") \
	X(MODES,	"modes",	"the guest changes its paging mode and its tables") \
	X(USER,		"user",		"accesses at CPL 3")		\
	X(VCPUS,	"vcpus",	"a second vCPU")		\
	X(SMM,		"smm",		"SMI, RSM, and memory of SMM's own")
/* clang-format on */

/** enum tdp_topic - kinds of steps; a set is made of bits 1 << TDP_TOPIC_* */
/* clang-format off */
enum tdp_topic {
#define X(name, text, about) TDP_TOPIC_##name,
	TDP_TOPIC_LIST(X)
#undef X
	TDP_NR_TOPICS
};
/* clang-format on */

TDP_API const char *tdp_topic_name(enum tdp_topic topic);
TDP_API const char *tdp_topic_about(enum tdp_topic topic);

#define TDP_GENERATE_MAX_STEPS 1000

/**
 * struct tdp_generate - what to make
 * @seed:       the same seed gives the same text, on every platform
 * @steps:      how many steps, 1..TDP_GENERATE_MAX_STEPS
 * @topics:     a set of topics; 0: guest accesses alone
 * @vendor:     of the host
 * @maxphyaddr: of the host
 * @profile:    the kernel
 * @line:       receives the text, line by line without the newline
 * @context:    handed to @line
 */
struct tdp_generate {
	uint64_t seed;
	unsigned int steps;
	unsigned int topics;
	enum tdp_vendor vendor;
	unsigned int maxphyaddr;
	const char *profile;
	void (*line)(const char *line, void *context);
	void *context;
};

/**
 * tdp_scenario_generate() - write a random scenario
 *
 * It is named random_SEED and expects nothing: it is there to be held against
 * another kernel.  Every step stands on a line of its own, so that lines can
 * be left out to find the step that matters.  What it does is valid: it loads,
 * and the model carries it out.
 *
 * Return: TDP_OK; TDP_EINVAL for options out of range.
 */
TDP_API int tdp_scenario_generate(const struct tdp_generate *options,
				  struct tdp_error *err);

#ifdef __cplusplus
}
#endif
#endif
