/* SPDX-License-Identifier: MIT */
/* Numbers that look random and depend on nothing but a seed. */
#ifndef TDPSIM_BASE_RANDOM_H
#define TDPSIM_BASE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

/* splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators"). */
static inline uint64_t random_next(struct random *r)
{
	uint64_t x = r->state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* One of 0..@n - 1; @n is not 0. */
static inline unsigned int random_below(struct random *r, unsigned int n)
{
	return (unsigned int)((random_next(r) >> 32) * n >> 32);
}

static inline bool random_percent(struct random *r, unsigned int percent)
{
	return random_below(r, 100) < percent;
}

#endif
