/* SPDX-License-Identifier: MIT */
/*
 * From nodes to C structures, by tables.
 *
 * A table is a row for every key a map may have: its type, where the value
 * goes, its range, its default.  The same rows are the reference
 * documentation (tdp_word_at()), so a key exists if and only if it is
 * documented.
 */
#ifndef TDPSIM_SCENARIO_DECODE_H
#define TDPSIM_SCENARIO_DECODE_H

#include "base/bits.h"
#include "scenario/arena.h"
#include "scenario/node.h"
#include "tdpsim/error.h"

/* What is being decoded, and what is known about it already. */
struct tdp_machine;

struct decoder {
	const char *path;
	struct arena *arena;
	struct tdp_error *err;
	unsigned int nr_vcpus;             /* 0: not known yet */
	const struct tdp_machine *machine; /* NULL: the text says */
};

struct arg;

/* How a value is written. */
struct type {
	const char *name; /* as the reference calls it */
	const char *about;
	int (*decode)(const struct decoder *d, const struct node *node,
		      const struct arg *arg, void *out);
	/* Of a scalar: the value alone; decode stores it (scalar_decode()). */
	int (*parse)(const struct decoder *d, const struct node *node,
		     const struct type *type, uint64_t *value);
	/* Of a scalar: back to text that parse would take. */
	void (*print)(const struct type *type, uint64_t value, char *buf,
		      size_t size);
	const struct words *words; /* enumerations and flags */
};

/* A row: one key. */
struct arg {
	const char *name;
	const struct type *type;
	size_t offset; /* of the member that receives it */
	size_t width;  /* of the member, in bytes */
	bool required;
	uint64_t min, max; /* numbers; both 0: no limit */
	/*
	 * The default, as one would write it.  NULL: an absent key leaves the
	 * member as the caller filled it.
	 */
	const char *otherwise;
	const struct args *inner; /* lists of maps, maps: rows of those */
	const char *about;
};

struct args {
	const struct arg *rows;
	unsigned int nr;
	size_t size; /* of the structure, for lists */
};

#define ARG(structure, member, arg_type, ...)                          \
	{                                                              \
		.name = #member, .type = &(arg_type),                  \
		.offset = offsetof(structure, member),                 \
		.width = sizeof(((structure *)0)->member), __VA_ARGS__ \
	}

/* The same, where the key is not called as the member. */
#define ARG_AS(key, structure, member, arg_type, ...)                  \
	{                                                              \
		.name = (key), .type = &(arg_type),                    \
		.offset = offsetof(structure, member),                 \
		.width = sizeof(((structure *)0)->member), __VA_ARGS__ \
	}

#define ARGS(table, structure)                                \
	{                                                     \
		(table), ARRAY_SIZE(table), sizeof(structure) \
	}

/* What a type_list member is: its elements lie one behind the other. */
struct list {
	void *items;
	unsigned int nr;
	const struct node *node; /* for messages; NULL: key absent */
};

extern const struct type type_list; /* of maps, by arg->inner */
extern const struct type type_map;  /* into the member, by arg->inner */
extern const struct type type_text; /* const char * */

/* The member is a const struct node *, which is decoded later. */
int node_decode(const struct decoder *d, const struct node *node,
		const struct arg *arg, void *out);

#define NODE_TYPE(type_name, type_about)                    \
	{                                                   \
		.name = (type_name), .about = (type_about), \
		.decode = node_decode,                      \
	}

/*
 * decode_map() - all keys of a map into a structure
 * @out:   the structure, filled with what absent keys stand for
 * @given: if not NULL: bit i is set if row i was written
 *
 * Refuses unknown keys, with the nearest known one, and missing required
 * ones.
 *
 * Return: TDP_OK; TDP_EINPUT; TDP_ENOMEM.
 */
int decode_map(const struct decoder *d, const struct node *node,
	       const struct args *args, void *out, uint64_t *given);

/*
 * The keys of @map that @args has (@rows), or those that it lacks, as a map:
 * for maps in which rows stand beside something else.
 */
int decode_filter(const struct decoder *d, const struct node *map,
		  const struct args *args, bool rows, struct node *out);

/* Maps of a list into an array of such structures. */
int decode_list(const struct decoder *d, const struct node *node,
		const struct args *args, struct list *list);

/* A scalar of the row's type, range included. */
int scalar_decode(const struct decoder *d, const struct node *node,
		  const struct arg *arg, void *out);

/* Fails unless @node is of this kind; @what is expected, "a map of ...". */
int decode_expect(const struct decoder *d, const struct node *node,
		  enum node_kind kind, const char *what);

__attribute__((format(printf, 3, 4))) int decode_fail(const struct decoder *d,
						      const struct node *at,
						      const char *fmt, ...);

int decode_no_memory(const struct decoder *d);

/* "unknown WHAT "text"; did you mean "nearest"?" */
int decode_unknown(const struct decoder *d, const struct node *at,
		   const char *what, const char *text,
		   const char *(*nth)(unsigned int index, const void *context),
		   const void *context);

/* Read or write an integer member of @width bytes (1, 2, 4, 8). */
void member_set(void *member, size_t width, uint64_t value);
uint64_t member_get(const void *member, size_t width, bool is_signed);

#endif
