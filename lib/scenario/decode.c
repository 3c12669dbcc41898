/* SPDX-License-Identifier: MIT */
#include "scenario/decode.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/nearest.h"

int decode_fail(const struct decoder *d, const struct node *at, const char *fmt,
		...)
{
	va_list args;

	va_start(args, fmt);
	err_at_va(d->err, TDP_EINPUT, d->path, at->line, at->column, fmt, args);
	va_end(args);
	return TDP_EINPUT;
}

int decode_no_memory(const struct decoder *d)
{
	return err_set(d->err, TDP_ENOMEM, "%s: out of memory while reading",
		       d->path);
}

int decode_unknown(const struct decoder *d, const struct node *at,
		   const char *what, const char *text,
		   const char *(*nth)(unsigned int index, const void *context),
		   const void *context)
{
	const char *nearest = nearest_word(text, nth, context);

	if (nearest)
		return decode_fail(d, at,
				   "unknown %s \"%.64s\"; did you mean \"%s\"?",
				   what, text, nearest);
	return decode_fail(d, at, "unknown %s \"%.64s\"", what, text);
}

int decode_expect(const struct decoder *d, const struct node *node,
		  enum node_kind kind, const char *what)
{
	if (node->kind == kind)
		return TDP_OK;
	return decode_fail(d, node, "expected %s, found %s", what,
			   node_kind_name(node));
}

void member_set(void *member, size_t width, uint64_t value)
{
	switch (width) {
	case 1:
		*(uint8_t *)member = (uint8_t)value;
		return;
	case 2:
		*(uint16_t *)member = (uint16_t)value;
		return;
	case 4:
		*(uint32_t *)member = (uint32_t)value;
		return;
	case 8:
		*(uint64_t *)member = value;
		return;
	}
	assert(!"no integer has this width");
}

uint64_t member_get(const void *member, size_t width, bool is_signed)
{
	switch (width) {
	case 1:
		return *(const uint8_t *)member;
	case 2:
		return *(const uint16_t *)member;
	case 4:
		if (is_signed)
			return (uint64_t)(int64_t) * (const int32_t *)member;
		return *(const uint32_t *)member;
	case 8:
		return *(const uint64_t *)member;
	}
	assert(!"no integer has this width");
	return 0;
}

static int check_range(const struct decoder *d, const struct node *node,
		       const struct arg *arg, uint64_t value)
{
	uint64_t max = arg->max;
	char low[32], high[32];

	if (!arg->min && !max)
		max = UINT64_MAX >> (64 - 8 * arg->width);
	if (value >= arg->min && value <= max)
		return TDP_OK;
	arg->type->print(arg->type, arg->min, low, sizeof(low));
	arg->type->print(arg->type, max, high, sizeof(high));
	return decode_fail(d, node, "%s: \"%.64s\" is not in %s..%s", arg->name,
			   node->text, low, high);
}

int scalar_decode(const struct decoder *d, const struct node *node,
		  const struct arg *arg, void *out)
{
	uint64_t value;
	int ret = arg->type->parse(d, node, arg->type, &value);

	if (!ret && !arg->type->words)
		ret = check_range(d, node, arg, value);
	if (!ret)
		member_set(out, arg->width, value);
	return ret;
}

static const char *nth_row(unsigned int index, const void *context)
{
	const struct args *args = context;

	return index < args->nr ? args->rows[index].name : NULL;
}

static const struct arg *find_row(const struct args *args, const char *name)
{
	unsigned int i;

	for (i = 0; i < args->nr; i++)
		if (!strcmp(args->rows[i].name, name))
			return &args->rows[i];
	return NULL;
}

/* Defaults are written as text, so that they are documented as they work. */
static int decode_default(const struct decoder *d, const struct node *map,
			  const struct arg *arg, char *out)
{
	struct node node = {
		.kind = NODE_SCALAR,
		.line = map->line,
		.column = map->column,
		.text = arg->otherwise,
	};

	return arg->type->decode(d, &node, arg, out + arg->offset);
}

static int decode_absent(const struct decoder *d, const struct node *map,
			 const struct args *args, void *out, uint64_t given)
{
	unsigned int i;
	int ret;

	for (i = 0; i < args->nr; i++) {
		const struct arg *arg = &args->rows[i];

		if (given & BIT(i))
			continue;
		if (arg->required)
			return decode_fail(d, map, "\"%s\" is missing (%s)",
					   arg->name, arg->about);
		ret = arg->otherwise ? decode_default(d, map, arg, out) :
				       TDP_OK;
		if (ret)
			return ret;
	}
	return TDP_OK;
}

int decode_map(const struct decoder *d, const struct node *node,
	       const struct args *args, void *out, uint64_t *given)
{
	const struct node_item *item;
	uint64_t seen = 0;
	int ret;

	assert(args->nr <= 64);
	ret = decode_expect(d, node, NODE_MAP, "a map");
	for (item = ret ? NULL : node->items; item; item = item->next) {
		const struct arg *arg = find_row(args, item->key->text);

		if (!arg)
			return decode_unknown(d, item->key, "key",
					      item->key->text, nth_row, args);
		seen |= BIT(arg - args->rows);
		ret = arg->type->decode(d, item->value, arg,
					(char *)out + arg->offset);
		if (ret)
			return ret;
	}
	if (!ret)
		ret = decode_absent(d, node, args, out, seen);
	if (given)
		*given = seen;
	return ret;
}

int decode_filter(const struct decoder *d, const struct node *map,
		  const struct args *args, bool rows, struct node *out)
{
	const struct node_item *item;
	struct node_item *last = NULL;

	*out = *map;
	out->items = NULL;
	for (item = map->items; item; item = item->next) {
		struct node_item *copy;

		if ((find_row(args, item->key->text) != NULL) != rows)
			continue;
		copy = arena_alloc(d->arena, sizeof(*copy));
		if (!copy)
			return decode_no_memory(d);
		*copy = (struct node_item){ item->key, item->value, NULL };
		if (last)
			last->next = copy;
		else
			out->items = copy;
		last = copy;
	}
	return TDP_OK;
}

int decode_list(const struct decoder *d, const struct node *node,
		const struct args *args, struct list *list)
{
	const struct node_item *item;
	char *out;
	int ret = decode_expect(d, node, NODE_LIST, "a list");

	if (ret)
		return ret;
	list->node = node;
	list->items = arena_alloc(d->arena, node->nr_items * args->size);
	if (!list->items)
		return decode_no_memory(d);
	out = list->items;
	for (item = node->items; item; item = item->next) {
		ret = decode_map(d, item->value, args, out, NULL);
		if (ret)
			return ret;
		out += args->size;
		list->nr++;
	}
	return TDP_OK;
}

static int list_decode(const struct decoder *d, const struct node *node,
		       const struct arg *arg, void *out)
{
	return decode_list(d, node, arg->inner, out);
}

static int map_decode(const struct decoder *d, const struct node *node,
		      const struct arg *arg, void *out)
{
	return decode_map(d, node, arg->inner, out, NULL);
}

static int text_decode(const struct decoder *d, const struct node *node,
		       const struct arg *arg, void *out)
{
	int ret = decode_expect(d, node, NODE_SCALAR, "text");

	if (!ret && !node->text[0])
		ret = decode_fail(d, node, "%s: expected text, found nothing",
				  arg->name);
	if (!ret)
		*(const char **)out = node->text;
	return ret;
}

int node_decode(const struct decoder *d, const struct node *node,
		const struct arg *arg, void *out)
{
	(void)d;
	(void)arg;
	*(const struct node **)out = node;
	return TDP_OK;
}

const struct type type_list = {
	.name = "list",
	.about = "a list of maps",
	.decode = list_decode,
};

const struct type type_map = {
	.name = "map",
	.about = "a map",
	.decode = map_decode,
};

const struct type type_text = {
	.name = "text",
	.about = "any text",
	.decode = text_decode,
};
