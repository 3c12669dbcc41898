/* SPDX-License-Identifier: MIT */
/*
 * 128-bit digests of sequences of words, for telling states apart.  Not
 * cryptographic: nobody gains by a collision.  Among 10^9 states two that
 * differ have the same digest with probability below 10^-20.
 */
#ifndef TDPSIM_BASE_DIGEST_H
#define TDPSIM_BASE_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

struct digest {
	uint64_t a, b;
	uint64_t key; /* of the next word: its place counts */
};

#define DIGEST_INIT                                        \
	{                                                  \
		.a = 0, .b = 0, .key = 0x9e3779b97f4a7c15u \
	}

__extension__ typedef unsigned __int128 digest_product;

/* High and low half of a product, folded: every bit depends on every bit. */
static inline uint64_t digest_fold(uint64_t x, uint64_t y)
{
	digest_product p = (digest_product)x * y;

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/* Words do not wait for one another, so this costs two multiplications. */
static inline void digest_put(struct digest *d, uint64_t word)
{
	d->a += digest_fold(word ^ d->key, UINT64_C(0xd6e8feb86659fd93));
	d->b += digest_fold(word + ~d->key, UINT64_C(0xa0761d6478bd642f));
	d->key += UINT64_C(0x9e3779b97f4a7c15);
}

/* Mix so that digests can be compared, added up, or cut. */
static inline struct digest digest_end(const struct digest *d)
{
	uint64_t x = digest_fold(d->a ^ d->key, UINT64_C(0xe7037ed1a0b428db));
	uint64_t y = digest_fold(d->b ^ d->key, UINT64_C(0x8ebc6af09c88c6e3));

	return (struct digest){
		.a = digest_fold(x ^ d->b, UINT64_C(0x589965cc75374cc3)),
		.b = digest_fold(y ^ d->a, UINT64_C(0x1d8e4e27c47d124f)),
	};
}

static inline bool digest_same(const struct digest *x, const struct digest *y)
{
	return x->a == y->a && x->b == y->b;
}

#endif
