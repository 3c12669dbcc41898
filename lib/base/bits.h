/* SPDX-License-Identifier: MIT */
/* Bit fields.  A field is one mask; its position is derived from it. */
#ifndef TDPSIM_BASE_BITS_H
#define TDPSIM_BASE_BITS_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BIT(n)       (UINT64_C(1) << (n))
#define BITS(hi, lo) ((UINT64_MAX >> (63 - (hi)) >> (lo)) << (lo))

/* A macro, so that static tables of expected entries can use it. */
#define FIELD(mask, value) (((uint64_t)(value) * ((mask) & -(mask))) & (mask))

static inline uint64_t field_get(uint64_t mask, uint64_t word)
{
	return (word & mask) / (mask & -mask);
}

static inline uint64_t field_set(uint64_t mask, uint64_t word, uint64_t value)
{
	return (word & ~mask) | FIELD(mask, value);
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define likely(x)     __builtin_expect(!!(x), 1)
#define unlikely(x)   __builtin_expect(!!(x), 0)

/* @align is a power of two. */
static inline uint64_t align_down(uint64_t x, uint64_t align)
{
	return x & ~(align - 1);
}

static inline uint64_t align_up(uint64_t x, uint64_t align)
{
	return (x + align - 1) & ~(align - 1);
}

static inline bool is_aligned(uint64_t x, uint64_t align)
{
	return !(x & (align - 1));
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
