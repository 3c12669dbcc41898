/* SPDX-License-Identifier: MIT */
#include "scenario/node.h"

#include <string.h>
#include <yaml.h>

#include "base/error.h"
#include "scenario/utf8.h"

/* A list or map whose end has not been read yet. */
struct open_node {
	struct node *node;
	const struct node *key; /* map: waits for its value */
	struct node_item *last;
};

struct anchor {
	const char *name;
	const struct node *node;
};

struct builder {
	yaml_parser_t parser;
	const char *path;
	struct arena *arena;
	struct tdp_error *err;
	const struct node *root;
	size_t nr_nodes;
	unsigned int depth;
	struct open_node open[YAML_MAX_DEPTH];
	unsigned int nr_anchors;
	struct anchor anchors[YAML_MAX_ANCHORS];
};

__attribute__((format(printf, 3, 4))) static int refuse(struct builder *b,
							yaml_mark_t at,
							const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	err_at_va(b->err, TDP_EINPUT, b->path, (unsigned int)at.line + 1,
		  (unsigned int)at.column + 1, fmt, args);
	va_end(args);
	return TDP_EINPUT;
}

static int no_memory(struct builder *b)
{
	return err_set(b->err, TDP_ENOMEM, "%s: out of memory while reading",
		       b->path);
}

static int parser_failed(struct builder *b)
{
	const yaml_parser_t *p = &b->parser;

	if (p->error == YAML_MEMORY_ERROR)
		return no_memory(b);
	if (!p->context)
		return refuse(b, p->problem_mark, "%s", p->problem);
	return refuse(b, p->problem_mark, "%s (%s that begins in line %zu)",
		      p->problem, p->context, p->context_mark.line + 1);
}

/* Add @nr nodes to the count. */
static int count_nodes(struct builder *b, size_t nr, yaml_mark_t at)
{
	if (nr > YAML_MAX_NODES - b->nr_nodes)
		return refuse(b, at, "more than %d values, aliases included",
			      YAML_MAX_NODES);
	b->nr_nodes += nr;
	return TDP_OK;
}

static const struct node *anchor_find(const struct builder *b, const char *name)
{
	unsigned int i;

	for (i = 0; i < b->nr_anchors; i++)
		if (!strcmp(b->anchors[i].name, name))
			return b->anchors[i].node;
	return NULL;
}

static int anchor_add(struct builder *b, const yaml_char_t *anchor,
		      const struct node *node, yaml_mark_t at)
{
	const char *name = (const char *)anchor;
	char *copy;

	if (!anchor)
		return TDP_OK;
	if (anchor_find(b, name))
		return refuse(b, at, "anchor \"%s\" is defined twice", name);
	if (b->nr_anchors == YAML_MAX_ANCHORS)
		return refuse(b, at, "more than %d anchors", YAML_MAX_ANCHORS);
	copy = arena_text(b->arena, name, strlen(name));
	if (!copy)
		return no_memory(b);
	b->anchors[b->nr_anchors++] = (struct anchor){ copy, node };
	return TDP_OK;
}

static int tag_check(struct builder *b, const yaml_char_t *tag, yaml_mark_t at)
{
	if (!tag)
		return TDP_OK;
	return refuse(b, at, "tags such as \"%s\" are not understood",
		      (const char *)tag);
}

static int key_check(struct builder *b, const struct open_node *parent,
		     const struct node *key, yaml_mark_t at)
{
	const struct node *map = parent->node;

	if (key->kind != NODE_SCALAR)
		return refuse(b, at, "a key is a word, not %s",
			      node_kind_name(key));
	if (!strcmp(key->text, "<<") && !key->quoted)
		return refuse(b, at, "merge keys (\"<<\") are not understood");
	if (node_get(map, key->text))
		return refuse(b, at, "key \"%s\" appears twice", key->text);
	if (map->nr_items == YAML_MAX_KEYS)
		return refuse(b, at, "more than %d keys in one map",
			      YAML_MAX_KEYS);
	return TDP_OK;
}

static int item_add(struct builder *b, struct open_node *parent,
		    const struct node *node)
{
	struct node_item *item = arena_alloc(b->arena, sizeof(*item));

	if (!item)
		return no_memory(b);
	item->key = parent->key;
	item->value = node;
	if (parent->last)
		parent->last->next = item;
	else
		parent->node->items = item;
	parent->last = item;
	parent->node->nr_items++;
	parent->node->size += node->size + (parent->key ? 1 : 0);
	if (node->height >= parent->node->height)
		parent->node->height = node->height + 1;
	parent->key = NULL;
	return TDP_OK;
}

/* Put a complete node where it belongs. */
static int place(struct builder *b, const struct node *node, yaml_mark_t at)
{
	struct open_node *parent;
	int ret;

	if (!b->depth) {
		b->root = node;
		return TDP_OK;
	}
	parent = &b->open[b->depth - 1];
	if (parent->node->kind == NODE_MAP && !parent->key) {
		ret = key_check(b, parent, node, at);
		parent->key = node;
		return ret;
	}
	return item_add(b, parent, node);
}

static int node_new(struct builder *b, enum node_kind kind, yaml_mark_t at,
		    struct node **out)
{
	struct node *node;
	int ret = count_nodes(b, 1, at);

	if (ret)
		return ret;
	node = arena_alloc(b->arena, sizeof(*node));
	if (!node)
		return no_memory(b);
	node->kind = kind;
	node->line = (unsigned int)at.line + 1;
	node->column = (unsigned int)at.column + 1;
	node->size = 1;
	node->height = kind == NODE_SCALAR ? 0 : 1;
	*out = node;
	return TDP_OK;
}

static int on_scalar(struct builder *b, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	struct node *node;
	int ret;

	ret = node_new(b, NODE_SCALAR, event->start_mark, &node);
	if (!ret)
		ret = tag_check(b, event->data.scalar.tag, event->start_mark);
	if (ret)
		return ret;
	/* "\0" in quotes is the one way to get a NUL past the check of bytes. */
	if (strlen(text) != event->data.scalar.length)
		return refuse(b, event->start_mark, "text with a NUL in it");
	node->text = arena_text(b->arena, text, strlen(text));
	if (!node->text)
		return no_memory(b);
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	ret = anchor_add(b, event->data.scalar.anchor, node, event->start_mark);
	return ret ? ret : place(b, node, event->start_mark);
}

static int on_start(struct builder *b, enum node_kind kind,
		    const yaml_char_t *anchor, const yaml_char_t *tag,
		    yaml_mark_t at)
{
	struct node *node;
	int ret;

	if (b->depth == YAML_MAX_DEPTH)
		return refuse(b, at, "nested deeper than %d levels",
			      YAML_MAX_DEPTH);
	ret = node_new(b, kind, at, &node);
	if (!ret)
		ret = tag_check(b, tag, at);
	if (!ret)
		ret = anchor_add(b, anchor, node, at);
	if (!ret)
		b->open[b->depth++] = (struct open_node){ .node = node };
	return ret;
}

static int on_end(struct builder *b, const yaml_event_t *event)
{
	const struct node *node = b->open[--b->depth].node;

	return place(b, node, event->start_mark);
}

static bool is_open(const struct builder *b, const struct node *node)
{
	unsigned int i;

	for (i = 0; i < b->depth; i++)
		if (b->open[i].node == node)
			return true;
	return false;
}

static int on_alias(struct builder *b, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	const struct node *node = anchor_find(b, name);
	int ret;

	if (!node)
		return refuse(b, event->start_mark, "no anchor \"%s\" before",
			      name);
	if (is_open(b, node))
		return refuse(b, event->start_mark, "\"%s\" contains itself",
			      name);
	if (b->depth + node->height > YAML_MAX_DEPTH)
		return refuse(b, event->start_mark,
			      "nested deeper than %d levels", YAML_MAX_DEPTH);
	ret = count_nodes(b, node->size, event->start_mark);
	return ret ? ret : place(b, node, event->start_mark);
}

static int on_event(struct builder *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->root)
			return refuse(
				b, event->start_mark,
				"a second document begins; a file holds one scenario");
		return TDP_OK;
	case YAML_SCALAR_EVENT:
		return on_scalar(b, event);
	case YAML_ALIAS_EVENT:
		return on_alias(b, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_start(b, NODE_LIST, event->data.sequence_start.anchor,
				event->data.sequence_start.tag,
				event->start_mark);
	case YAML_MAPPING_START_EVENT:
		return on_start(b, NODE_MAP, event->data.mapping_start.anchor,
				event->data.mapping_start.tag,
				event->start_mark);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_end(b, event);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return TDP_OK;
	}
	return TDP_OK;
}

static int build(struct builder *b)
{
	bool more = true;

	while (more) {
		yaml_event_t event;
		int ret;

		if (!yaml_parser_parse(&b->parser, &event))
			return parser_failed(b);
		more = event.type != YAML_STREAM_END_EVENT;
		ret = on_event(b, &event);
		yaml_event_delete(&event);
		if (ret)
			return ret;
	}
	if (!b->root)
		return refuse(
			b, (yaml_mark_t){ 0 },
			"the file is empty; a scenario begins with \"scenario: NAME\"");
	return TDP_OK;
}

static int check_bytes(const char *path, const char *text, size_t size,
		       struct tdp_error *err)
{
	struct utf8_place place;
	const char *problem;

	if (size > YAML_MAX_BYTES)
		return err_at(err, TDP_EINPUT, path, 0, 0,
			      "larger than 1 MiB, the limit for a scenario");
	problem = utf8_check(text, size, &place);
	if (problem)
		return err_at(err, TDP_EINPUT, path, place.line, place.column,
			      "%s", problem);
	return TDP_OK;
}

int yaml_parse(const char *path, const char *text, size_t size,
	       struct arena *arena, const struct node **root,
	       struct tdp_error *err)
{
	struct builder b = { .path = path, .arena = arena, .err = err };
	int ret = check_bytes(path, text, size, err);

	if (ret)
		return ret;
	if (!yaml_parser_initialize(&b.parser))
		return no_memory(&b);
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)text,
				     size);
	ret = build(&b);
	yaml_parser_delete(&b.parser);
	*root = b.root;
	return ret;
}
