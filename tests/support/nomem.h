/* SPDX-License-Identifier: MIT */
/*
 * "Fail the n-th allocation" as a test: for n = 1, 2, ... until the attempt
 * needs no n-th one.
 */
#ifndef TDPSIM_SUPPORT_NOMEM_H
#define TDPSIM_SUPPORT_NOMEM_H

#include <stdint.h>

/**
 * struct nomem - an attempt that must survive want of memory
 * @setup:    makes what the attempt works on; NULL if it starts from nothing
 * @attempt:  the tested call; returns what that returned.  It runs several
 *            times on one context, and checks nothing by itself
 * @digest:   of all state that a failed attempt may not change; NULL if there
 *            is no state
 * @teardown: frees the context and what a successful attempt left in it
 *
 * If @setup is NULL the context is NULL, and @attempt and @teardown share what
 * they need in static variables of the test.
 */
struct nomem {
	void *(*setup)(void);
	int (*attempt)(void *context);
	uint64_t (*digest)(void *context);
	void (*teardown)(void *context);
};

/*
 * Checks, for each n: the attempt returned TDP_ENOMEM if and only if its n-th
 * allocation failed; the state is the same as before; a second attempt, with
 * memory, succeeds; nothing is left allocated after the teardown.
 *
 * Quadratic in the number of allocations: choose small attempts.
 */
void nomem_check(const struct nomem *test);

/*
 * The same without a failing test: what is wrong, or NULL.  @n is the round
 * that found it, or the number of rounds.
 */
const char *nomem_verdict(const struct nomem *test, unsigned long *n);

#endif
