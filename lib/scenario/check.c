/* SPDX-License-Identifier: MIT */
#include "scenario/check.h"

#include "scenario/outcome.h"
#include "scenario/value.h"

/* The keys of an element that say which one is meant. */
static const struct arg spte_rows[] = {
	ARG(struct check_item, root, type_number, .otherwise = "1",
	    .about = "number of the root, from 1 in order of creation"),
	ARG(struct check_item, gpa, type_address, .required = true,
	    .about =
		    "address to look up; for shadow roots with guest tables: linear"),
};

static const struct arg vcpu_rows[] = {
	ARG(struct check_item, vcpu, type_vcpu, .otherwise = "0",
	    .about = "which one"),
};

static const struct arg memory_rows[] = {
	ARG(struct check_item, as, type_number, .otherwise = "0", .max = 1,
	    .about = "address space; 1: SMM"),
	ARG(struct check_item, gpa, type_address, .required = true,
	    .about = "address; the bytes lie in one page"),
	ARG(struct check_item, size, type_number, .otherwise = "8", .min = 1,
	    .max = 8, .about = "bytes"),
	ARG(struct check_item, value, type_word, .required = true,
	    .about = "what must be there, little-endian"),
};

static const struct arg memtypes_rows[] = {
	ARG(struct check_item, gva, type_address, .required = true,
	    .about = "linear address, which each vCPU translates by itself"),
};

const struct args check_spte_args = ARGS(spte_rows, struct check_item);
const struct args check_vcpu_args = ARGS(vcpu_rows, struct check_item);
const struct args check_memory_args = ARGS(memory_rows, struct check_item);
const struct args check_memtypes_args = ARGS(memtypes_rows, struct check_item);

static const struct args no_args = { NULL, 0, sizeof(struct check_item) };

struct list_kind {
	const struct args *args;
	const struct fields *fields; /* NULL: none */
};

static const struct list_kind root_kind = { &no_args, &root_fields };
static const struct list_kind spte_kind = { &check_spte_args, &spte_fields };
static const struct list_kind vcpu_kind = { &check_vcpu_args, &vcpu_fields };
static const struct list_kind memory_kind = { &check_memory_args, NULL };
static const struct list_kind memtypes_kind = { &check_memtypes_args,
						&memtypes_fields };

static int item_parse(const struct decoder *d, const struct node *node,
		      const struct list_kind *kind, struct check_item *out)
{
	struct node which, fields;
	int ret = decode_expect(d, node, NODE_MAP, "a map");

	out->line = node->line;
	out->column = node->column;
	if (!ret && !kind->fields)
		return decode_map(d, node, kind->args, out, NULL);
	if (!ret)
		ret = decode_filter(d, node, kind->args, true, &which);
	if (!ret)
		ret = decode_filter(d, node, kind->args, false, &fields);
	if (!ret)
		ret = decode_map(d, &which, kind->args, out, NULL);
	if (!ret)
		ret = expectations_parse(d, &fields, kind->fields, 0,
					 &out->fields);
	return ret;
}

static int check_list_parse(const struct decoder *d, const struct node *node,
			    const struct list_kind *kind,
			    struct check_list *list)
{
	const struct node_item *item;
	int ret = decode_expect(d, node, NODE_LIST, "a list of maps");

	if (ret)
		return ret;
	list->given = true;
	list->line = node->line;
	list->column = node->column;
	list->items = arena_alloc(d->arena,
				  node->nr_items * sizeof(*list->items));
	if (!list->items)
		return decode_no_memory(d);
	for (item = node->items; item && !ret; item = item->next)
		ret = item_parse(d, item->value, kind,
				 &list->items[list->nr++]);
	return ret;
}

#define LIST_TYPE(of, kind)                                                    \
	static int of##_decode(const struct decoder *d,                        \
			       const struct node *node, const struct arg *arg, \
			       void *out)                                      \
	{                                                                      \
		(void)arg;                                                     \
		return check_list_parse(d, node, &(kind), out);                \
	}                                                                      \
	static const struct type of##_type = {                                 \
		.name = "list",                                                \
		.about = "a list of maps",                                     \
		.decode = of##_decode,                                         \
	}

LIST_TYPE(roots, root_kind);
LIST_TYPE(sptes, spte_kind);
LIST_TYPE(vcpus, vcpu_kind);
LIST_TYPE(memory, memory_kind);
LIST_TYPE(memtypes, memtypes_kind);

static const struct type type_count = NODE_TYPE("number", "a number");
static const struct type type_totals = NODE_TYPE("map", "a map");

static const struct arg check_rows[] = {
	ARG(struct check_set, roots, roots_type,
	    .about =
		    "the valid roots, in order of creation: these and no others"),
	ARG(struct check_set, all_roots, roots_type,
	    .about = "all roots, invalid ones included: these and no others"),
	ARG(struct check_set, nr_roots, type_count,
	    .about = "number of valid roots"),
	ARG(struct check_set, vcpus, vcpus_type,
	    .about = "vCPUs and their state"),
	ARG(struct check_set, sptes, sptes_type,
	    .about = "SPTEs: the last entry on the way to an address"),
	ARG(struct check_set, memory, memory_type,
	    .about = "guest memory, read through the memslots"),
	ARG(struct check_set, memtypes, memtypes_type,
	    .about = "memory types with which vCPUs see a page"),
	ARG(struct check_set, stats, type_totals,
	    .about = "totals of the VM, a map"),
};

const struct args check_args = ARGS(check_rows, struct check_set);

static const struct field nr_roots_field = {
	.name = "nr_roots",
	.type = &type_number,
	.width = sizeof(uint64_t),
};

int check_parse(const struct decoder *d, const struct node *node,
		struct check_set *set)
{
	int ret = decode_map(d, node, &check_args, set, NULL);

	if (!ret && set->nr_roots)
		ret = expectation_parse(d, set->nr_roots, &nr_roots_field,
					&set->nr_roots_is);
	if (!ret && set->stats)
		ret = expectations_parse(d, set->stats, &stats_fields, 0,
					 &set->stats_are);
	return ret;
}
