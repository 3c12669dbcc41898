/* SPDX-License-Identifier: MIT */
/*
 * What can be expected: named fields of what a step or a machine left.
 *
 * A subject is a plain structure; a table of fields says what is where in it.
 * An expectation is one field, or one part of a word of bits, with the value
 * that it must have.
 */
#ifndef TDPSIM_SCENARIO_FIELD_H
#define TDPSIM_SCENARIO_FIELD_H

#include "scenario/decode.h"
#include "tdpsim/profile.h"

struct spte_format;

/* What roles and SPTEs of this VM look like. */
struct layouts {
	const struct tdp_kvm_config *kvm;
	const struct spte_format *spte;
};

/* One named part of a word of bits. */
struct part {
	const char *name;
	const struct type *type;
	const char *about;
	size_t offset, width; /* in what split() fills */
};

struct parts {
	const struct part *rows;
	unsigned int nr;
	void (*split)(const struct layouts *layouts, uint64_t word, void *out);
};

#define PARTS_MAX_BYTES 128 /* of what any split() fills */

extern const struct parts role_parts;
extern const struct parts spte_parts;

/* Groups of a step's fields: a verb names those that it can fill. */
enum field_group {
	FIELDS_CALL = 1 << 0,    /* ret, outcome, reason */
	FIELDS_RANGE = 1 << 1,   /* gpa, size as written back */
	FIELDS_MAPPING = 1 << 2, /* level, SPTE, root */
	FIELDS_GUEST = 1 << 3,   /* exception, exit, kvm_run */
	FIELDS_COUNTS = 1 << 4,
	FIELDS_VALUE = 1 << 5,
	FIELDS_TABLES = 1 << 6, /* of guest_tables */
	FIELDS_VCPU = 1 << 7,
	FIELDS_NONE = 1 << 8, /* no field: a verb without any */
	FIELDS_DIRTY = 1 << 9,
	FIELDS_RUN = 1 << 10, /* kvm_run, where a call fills it in */
};

struct field {
	const char *name; /* "root.role": a map in a map */
	const struct type *type;
	size_t offset, width; /* in the subject */
	bool is_signed;
	unsigned int groups;
	const struct parts *parts;
	bool spread; /* its parts may stand beside it */
	const char *about;
};

struct fields {
	const struct field *rows;
	unsigned int nr;
};

#define FIELD_ROW(structure, member, field_name, field_type, ...)      \
	{                                                              \
		.name = (field_name), .type = &(field_type),           \
		.offset = offsetof(structure, member),                 \
		.width = sizeof(((structure *)0)->member), __VA_ARGS__ \
	}

#define FIELDS(table)                      \
	{                                  \
		(table), ARRAY_SIZE(table) \
	}

struct expectation {
	const struct field *field;
	const struct part *part; /* NULL: all of the field */
	const char *name;        /* "root.role.level" */
	unsigned int line, column;
	uint64_t value;
	const struct expectation *next;
};

/*
 * expectations_parse() - the map behind "expect:", or a part of "check:"
 * @groups: fields that may be named; 0: all
 * @list:   receives the expectations, in the order of the text
 */
int expectations_parse(const struct decoder *d, const struct node *node,
		       const struct fields *fields, unsigned int groups,
		       const struct expectation **list);

/* The same for one field and its value, without a map around them. */
int expectation_parse(const struct decoder *d, const struct node *node,
		      const struct field *field,
		      const struct expectation **list);

const struct field *field_find(const struct fields *fields, const char *name);

/* The value of all of a field that a subject has, sign-extended. */
uint64_t field_value(const struct field *field, const void *subject);

/* The value that a subject has, sign-extended. */
uint64_t expectation_actual(const struct expectation *e,
			    const struct layouts *layouts, const void *subject);

/* A value of @e's field as text, words of bits decoded; returns @buf. */
char *expectation_print(const struct expectation *e,
			const struct layouts *layouts, uint64_t value,
			char *buf, size_t size);

/* "0x3784 (level 4, direct, ...)"; returns @buf. */
char *parts_print(const struct parts *parts, const struct layouts *layouts,
		  uint64_t word, char *buf, size_t size);

#endif
