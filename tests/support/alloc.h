/* SPDX-License-Identifier: MIT */
/*
 * The allocator that tests are linked with: counts what the tested code
 * allocates, knows what it has not freed, and can refuse one request.
 *
 * Sees malloc and its kin, strdup, asprintf, open_memstream and mmap as called
 * by the tested objects and by the tests; not what shared libraries call.
 */
#ifndef TDPSIM_SUPPORT_ALLOC_H
#define TDPSIM_SUPPORT_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* Forget earlier allocations: from here on, remember those not freed. */
void alloc_watch(void);

/* Number of allocations made since alloc_watch() and not freed. */
size_t alloc_live(void);

/* Refuse the @n-th request from now, counted from 1, and only that one. */
void alloc_fail(unsigned long n);

/* Refuse nothing any more.  Was a request refused since alloc_fail()? */
bool alloc_fail_end(void);

#endif
