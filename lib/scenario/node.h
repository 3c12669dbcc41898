/* SPDX-License-Identifier: MIT */
/*
 * The text of a scenario as a tree, before any of it has a meaning: scalars,
 * lists and maps, each with its place in the file.
 */
#ifndef TDPSIM_SCENARIO_NODE_H
#define TDPSIM_SCENARIO_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "scenario/arena.h"
#include "tdpsim/error.h"

/* Limits on untrusted text; docs/scenario.md states them. */
#define YAML_MAX_BYTES   ((size_t)1 << 20)
#define YAML_MAX_DEPTH   64
#define YAML_MAX_NODES   100000 /* every alias counts what it repeats */
#define YAML_MAX_KEYS    256    /* of one map */
#define YAML_MAX_ANCHORS 256

enum node_kind {
	NODE_SCALAR,
	NODE_LIST,
	NODE_MAP,
};

/* An element of a list, or a key of a map with its value. */
struct node_item {
	const struct node *key; /* a scalar; NULL in a list */
	const struct node *value;
	const struct node_item *next;
};

/*
 * Nodes can be shared: an alias gives the anchor's own node, so messages
 * about it name the place where the text stands.
 */
struct node {
	enum node_kind kind;
	unsigned int line; /* from 1, and so the column */
	unsigned int column;
	const char *text; /* scalar: NUL-terminated, no NUL inside */
	bool quoted;      /* scalar: not a plain one */
	size_t nr_items;
	const struct node_item *items;
	/* What an alias to it costs. */
	size_t size;         /* nodes in it, itself included */
	unsigned int height; /* levels of lists and maps in it */
};

/*
 * yaml_parse() - build the tree of one YAML document
 * @path:  name for messages
 * @text:  @size bytes, not NUL-terminated
 * @arena: owns the tree, and what is left of it on failure
 *
 * Refuses what would let a text mean something else than it seems to:
 * duplicate keys, merge keys, tags, several documents, bytes that are no text.
 *
 * Return: TDP_OK; TDP_EINPUT with line and column; TDP_ENOMEM.
 */
int yaml_parse(const char *path, const char *text, size_t size,
	       struct arena *arena, const struct node **root,
	       struct tdp_error *err);

/* The value of @key in a map; NULL if it has none. */
const struct node *node_get(const struct node *map, const char *key);

/* As one line, "{ vcpu: 0, gva: 0x1000 }"; cut off if need be; returns @buf. */
char *node_print(const struct node *node, char *buf, size_t size);

/* "a list", "a map", "text in quotes", ...: for messages about wrong types. */
const char *node_kind_name(const struct node *node);

#endif
