/* SPDX-License-Identifier: MIT */
/* A law, tried on every access of many random machines. */
#ifndef TESTS_PROP_LAW_H
#define TESTS_PROP_LAW_H

#include <inttypes.h>

#include "support/unit.h"

#include "random_machine.h"

#define MACHINES 4000 /* a stage */
#define ACCESSES 12   /* a machine */

/* What decides which machines are tried; a row is a test. */
struct stage {
	const char *name;
	enum tdp_vendor vendor;
	enum tdp_stage2 stage2;
	uint64_t seed;
};

extern const struct stage stages[4];
#define INTEL (&stages[0])
#define AMD   (&stages[1])
#define EPT   (&stages[2])
#define NPT   (&stages[3])

/* One access on one machine, and how a dry walk says that it ends. */
struct trial {
	struct random_machine *m;
	struct tdp_walk_access access;
	struct tdp_walk_result result;
	unsigned int machine;
	uint64_t tried; /* times the law had something to say */
};

/* Try @law everywhere; it must have had something to say @least times. */
void for_all(const struct stage *s, void (*law)(struct trial *t),
	     uint64_t least);
/* The same on machines whose second stage maps each address to itself. */
void for_all_identities(const struct stage *s, void (*law)(struct trial *t),
			uint64_t least);

void walk(struct trial *t, unsigned int flags, struct tdp_walk_result *r);

/* Fail the test, with both results, unless @holds. */
void check(bool holds, const struct trial *t, const struct tdp_walk_result *r,
	   const char *law);

bool same_success(const struct tdp_walk_result *a,
		  const struct tdp_walk_result *b);
bool same_end(const struct tdp_walk_result *a, const struct tdp_walk_result *b);
bool is_shadow_stack(enum tdp_access_kind kind);

#endif
