/* SPDX-License-Identifier: MIT */
#include "scenario/node.h"

#include <string.h>

const struct node *node_get(const struct node *map, const char *key)
{
	const struct node_item *item;

	for (item = map->items; item; item = item->next)
		if (!strcmp(item->key->text, key))
			return item->value;
	return NULL;
}

const char *node_kind_name(const struct node *node)
{
	switch (node->kind) {
	case NODE_LIST:
		return "a list";
	case NODE_MAP:
		return "a map";
	case NODE_SCALAR:
		break;
	}
	if (node->quoted)
		return "text in quotes";
	return node->text[0] ? "a word" : "nothing";
}

struct line {
	char *buf;
	size_t size, used;
};

static void put(struct line *line, const char *text)
{
	size_t length = strlen(text);

	if (length >= line->size - line->used)
		length = line->size - line->used - 1;
	memcpy(line->buf + line->used, text, length);
	line->used += length;
	line->buf[line->used] = '\0';
}

/* Nesting is bounded by YAML_MAX_DEPTH. */
static void put_node(struct line *line, const struct node *node)
{
	const struct node_item *item;
	const char *separator = " ";

	if (node->kind == NODE_SCALAR) {
		put(line, node->text);
		return;
	}
	put(line, node->kind == NODE_LIST ? "[" : "{");
	for (item = node->items; item; item = item->next) {
		put(line, separator);
		if (item->key) {
			put(line, item->key->text);
			put(line, ": ");
		}
		put_node(line, item->value);
		separator = ", ";
	}
	put(line, node->kind == NODE_LIST ? " ]" : " }");
}

char *node_print(const struct node *node, char *buf, size_t size)
{
	struct line line = { buf, size, 0 };

	buf[0] = '\0';
	put_node(&line, node);
	return buf;
}
