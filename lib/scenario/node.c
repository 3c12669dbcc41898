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
