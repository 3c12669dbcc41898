/* SPDX-License-Identifier: MIT */
/* The types of scalars: how numbers, sizes, words and flags are written. */
#ifndef TDPSIM_SCENARIO_VALUE_H
#define TDPSIM_SCENARIO_VALUE_H

#include "scenario/decode.h"

/* A word and the number it stands for. */
struct word {
	const char *text;
	uint64_t value;
};

/* An enumeration, or the flags of a register: listed, or named by a function. */
struct words {
	unsigned int nr;
	const struct word *list;
	const char *(*name)(unsigned int value); /* of 0..nr-1 */
};

#define WORDS(table)                                     \
	{                                                \
		.nr = ARRAY_SIZE(table), .list = (table) \
	}

extern const struct type type_number;
extern const struct type type_address; /* bytes; hexadecimal when printed */
extern const struct type type_size;    /* bytes, with a unit */
extern const struct type type_word;    /* bits: hexadecimal when printed */
extern const struct type type_bool;
extern const struct type type_level;
extern const struct type type_errno; /* 0, or EINVAL for -22 */
extern const struct type type_vcpu;  /* a vCPU that exists */

extern const struct type type_vendor;
extern const struct type type_vm_type; /* a word, or any number */
extern const struct type type_attributes;
extern const struct type type_gmem_flags;
extern const struct type type_nested_flags;
extern const struct type type_nested_smm_flags;
extern const struct type type_quirks;
extern const struct type type_backing;
extern const struct type type_capability; /* enum tdp_cap */
extern const struct type type_access_kind;

/* What a step leaves behind; of which nothing is said: run --verify judges. */
enum invariants { INVARIANTS_ANY, INVARIANTS_HOLD, INVARIANTS_BROKEN };
extern const struct type type_invariants;

extern const struct type type_reg;
extern const struct type type_outcome;
extern const struct type type_reason;
extern const struct type type_walk_reason;
extern const struct type type_exit;
extern const struct type type_memtype;
extern const struct type type_memtypes; /* a set: BIT(TDP_MT_*) */
extern const struct type type_rights;   /* TDP_ACC_*: R|W|X|U */
extern const struct type type_pferr;
extern const struct type type_rflags;
extern const struct type type_pte_bits;

/*
 * A register: a number, flags ("PE|WP|PG"), or a change ("+CD -WP") of what
 * it holds.
 */
struct reg_value {
	bool given;
	bool is_change;
	uint64_t set; /* all of it, unless it is a change */
	uint64_t clear;
};

extern const struct type type_cr0; /* struct reg_value, and so the next */
extern const struct type type_cr3;
extern const struct type type_cr4;
extern const struct type type_efer;

/* The same registers where they are compared: plain 64-bit members. */
extern const struct type type_cr0_bits;
extern const struct type type_cr4_bits;
extern const struct type type_efer_bits;

int reg_value_decode(const struct decoder *d, const struct node *node,
		     const struct arg *arg, void *out);

uint64_t reg_value_apply(const struct reg_value *value, uint64_t current);

/*
 * "65536", "0x1_0000", "0b101", "64KiB", "2M"; units only if @units.
 * NULL, or what is wrong with it.
 */
const char *number_parse(const char *text, bool units, uint64_t *value);

/* Enumerations that are made elsewhere. */
int words_parse(const struct decoder *d, const struct node *node,
		const struct type *type, uint64_t *value);
void words_print(const struct type *type, uint64_t value, char *buf,
		 size_t size);
int flags_parse(const struct decoder *d, const struct node *node,
		const struct type *type, uint64_t *value);
void flags_print(const struct type *type, uint64_t value, char *buf,
		 size_t size);

#define WORDS_TYPE(type_name, type_about, type_words)          \
	{                                                      \
		.name = (type_name), .about = (type_about),    \
		.decode = scalar_decode, .parse = words_parse, \
		.print = words_print, .words = (type_words),   \
	}

#define FLAGS_TYPE(type_name, type_about, type_words)          \
	{                                                      \
		.name = (type_name), .about = (type_about),    \
		.decode = scalar_decode, .parse = flags_parse, \
		.print = flags_print, .words = (type_words),   \
	}

/* For nearest_word() and for the reference: words of a list, in order. */
const char *words_nth(unsigned int index, const void *words);

#endif
