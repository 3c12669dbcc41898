/* SPDX-License-Identifier: MIT */
#include "scenario/field.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "scenario/value.h"

/* Where in the text one is: the keys so far, joined by dots. */
struct level {
	const struct fields *fields;
	unsigned int groups;
	char prefix[64]; /* "" or "root." */
};

struct list_end {
	const struct expectation **first;
	struct expectation *last;
};

static bool allowed(const struct level *level, const struct field *field)
{
	return !level->groups || !field->groups ||
	       (field->groups & level->groups);
}

static const char *after_prefix(const struct level *level,
				const struct field *field)
{
	size_t length = strlen(level->prefix);

	if (!allowed(level, field) ||
	    strncmp(field->name, level->prefix, length) != 0)
		return NULL;
	return field->name + length;
}

/* Words that may stand at this level: fields first, then spread parts. */
static const char *nth_name(unsigned int index, const void *context)
{
	const struct level *level = context;
	unsigned int i;

	for (i = 0; i < level->fields->nr; i++)
		if (after_prefix(level, &level->fields->rows[i]) && !index--)
			return after_prefix(level, &level->fields->rows[i]);
	for (i = 0; i < level->fields->nr; i++) {
		const struct field *field = &level->fields->rows[i];

		if (!field->spread || !after_prefix(level, field))
			continue;
		if (index < field->parts->nr)
			return field->parts->rows[index].name;
		index -= field->parts->nr;
	}
	return NULL;
}

static const char *nth_part(unsigned int index, const void *context)
{
	const struct parts *parts = context;

	return index < parts->nr ? parts->rows[index].name : NULL;
}

static const struct part *part_find(const struct parts *parts, const char *name)
{
	unsigned int i;

	for (i = 0; i < parts->nr; i++)
		if (!strcmp(parts->rows[i].name, name))
			return &parts->rows[i];
	return NULL;
}

const struct field *field_find(const struct fields *fields, const char *name)
{
	unsigned int i;

	for (i = 0; i < fields->nr; i++)
		if (!strcmp(fields->rows[i].name, name))
			return &fields->rows[i];
	return NULL;
}

static const struct field *find_here(const struct level *level, const char *key)
{
	unsigned int i;

	for (i = 0; i < level->fields->nr; i++) {
		const struct field *field = &level->fields->rows[i];
		const char *name = after_prefix(level, field);

		if (name && !strcmp(name, key))
			return field;
	}
	return NULL;
}

static const struct field *find_spread(const struct level *level,
				       const char *key,
				       const struct part **part)
{
	unsigned int i;

	for (i = 0; i < level->fields->nr; i++) {
		const struct field *field = &level->fields->rows[i];

		assert(level->fields->rows);
		if (!field->spread || !after_prefix(level, field))
			continue;
		*part = part_find(field->parts, key);
		if (*part)
			return field;
	}
	return NULL;
}

/* Is there a field "KEY.something"? */
static bool is_prefix(const struct level *level, const char *key)
{
	size_t length = strlen(key);
	unsigned int i;

	for (i = 0; i < level->fields->nr; i++) {
		const char *name = after_prefix(level, &level->fields->rows[i]);

		if (name && !strncmp(name, key, length) && name[length] == '.')
			return true;
	}
	return false;
}

static const char *join(const struct decoder *d, const char *prefix,
			const char *name, const char *suffix)
{
	size_t size = strlen(prefix) + strlen(name) + strlen(suffix) + 2;
	char *text = arena_alloc(d->arena, size);

	if (text)
		snprintf(text, size, "%s%s%s%s", prefix, name,
			 suffix[0] ? "." : "", suffix);
	return text;
}

static int add(const struct decoder *d, struct list_end *end,
	       const struct field *field, const struct part *part,
	       const char *name, const struct node *node)
{
	const struct type *type = part ? part->type : field->type;
	struct expectation *e = arena_alloc(d->arena, sizeof(*e));

	if (!e || !name)
		return decode_no_memory(d);
	*e = (struct expectation){
		.field = field,
		.part = part,
		.name = name,
		.line = node->line,
		.column = node->column,
	};
	if (end->last)
		end->last->next = e;
	else
		*end->first = e;
	end->last = e;
	return type->parse(d, node, type, &e->value);
}

static int add_parts(const struct decoder *d, struct list_end *end,
		     const struct level *level, const struct field *field,
		     const struct node *map)
{
	const char *name = after_prefix(level, field);
	const struct node_item *item;
	int ret = TDP_OK;

	for (item = map->items; item && !ret; item = item->next) {
		const struct part *part = part_find(field->parts,
						    item->key->text);

		if (!part)
			return decode_unknown(d, item->key, "part",
					      item->key->text, nth_part,
					      field->parts);
		ret = add(d, end, field, part,
			  join(d, level->prefix, name, part->name),
			  item->value);
	}
	return ret;
}

static int parse_level(const struct decoder *d, const struct node *node,
		       const struct level *level, struct list_end *end);

static int parse_inner(const struct decoder *d, const struct node_item *item,
		       const struct level *level, struct list_end *end)
{
	struct level inner = *level;

	/* Both are beginnings of a field's name, which is short. */
	snprintf(inner.prefix, sizeof(inner.prefix), "%.30s%.30s.",
		 level->prefix, item->key->text);
	return parse_level(d, item->value, &inner, end);
}

static int parse_item(const struct decoder *d, const struct node_item *item,
		      const struct level *level, struct list_end *end)
{
	const char *key = item->key->text;
	const struct field *field = find_here(level, key);
	const struct part *part = NULL;

	if (field && field->parts && item->value->kind == NODE_MAP)
		return add_parts(d, end, level, field, item->value);
	if (!field && is_prefix(level, key))
		return parse_inner(d, item, level, end);
	if (!field)
		field = find_spread(level, key, &part);
	if (!field)
		return decode_unknown(d, item->key, "field", key, nth_name,
				      level);
	return add(d, end, field, part, join(d, level->prefix, key, ""),
		   item->value);
}

static int parse_level(const struct decoder *d, const struct node *node,
		       const struct level *level, struct list_end *end)
{
	const struct node_item *item;
	int ret = decode_expect(d, node, NODE_MAP, "a map of fields");

	for (item = ret ? NULL : node->items; item && !ret; item = item->next)
		ret = parse_item(d, item, level, end);
	return ret;
}

int expectations_parse(const struct decoder *d, const struct node *node,
		       const struct fields *fields, unsigned int groups,
		       const struct expectation **list)
{
	const struct level level = { .fields = fields, .groups = groups };
	struct list_end end = { .first = list };

	*list = NULL;
	return parse_level(d, node, &level, &end);
}

int expectation_parse(const struct decoder *d, const struct node *node,
		      const struct field *field,
		      const struct expectation **list)
{
	const struct fields fields = { field, 1 };
	const struct level level = { .fields = &fields };
	struct list_end end = { .first = list };

	*list = NULL;
	if (field->parts && node->kind == NODE_MAP)
		return add_parts(d, &end, &level, field, node);
	return add(d, &end, field, NULL, field->name, node);
}

static uint64_t part_value(const struct parts *parts, const struct part *part,
			   const struct layouts *layouts, uint64_t word)
{
	union {
		max_align_t align;
		char bytes[PARTS_MAX_BYTES];
	} split;

	parts->split(layouts, word, &split);
	return member_get(split.bytes + part->offset, part->width, false);
}

uint64_t field_value(const struct field *field, const void *subject)
{
	return member_get((const char *)subject + field->offset, field->width,
			  field->is_signed);
}

uint64_t expectation_actual(const struct expectation *e,
			    const struct layouts *layouts, const void *subject)
{
	const struct field *field = e->field;
	uint64_t word = field_value(field, subject);

	if (!e->part)
		return word;
	return part_value(field->parts, e->part, layouts, word);
}

/* Flags that are set by their name alone; other parts if they are not zero. */
static size_t part_print(const struct part *part, uint64_t value,
			 const char *separator, char *buf, size_t size)
{
	char text[64];

	if (!value)
		return 0;
	if (part->type == &type_bool)
		return (size_t)snprintf(buf, size, "%s%s", separator,
					part->name);
	part->type->print(part->type, value, text, sizeof(text));
	return (size_t)snprintf(buf, size, "%s%s %s", separator, part->name,
				text);
}

char *parts_print(const struct parts *parts, const struct layouts *layouts,
		  uint64_t word, char *buf, size_t size)
{
	const char *separator = " (";
	size_t used = (size_t)snprintf(buf, size, "0x%" PRIx64, word);
	unsigned int i;

	for (i = 0; i < parts->nr && used < size; i++) {
		const struct part *part = &parts->rows[i];
		size_t more = part_print(part,
					 part_value(parts, part, layouts, word),
					 separator, buf + used, size - used);

		if (more)
			separator = ", ";
		used += more;
	}
	if (separator[0] == ',' && used < size)
		snprintf(buf + used, size - used, ")");
	return buf;
}

char *expectation_print(const struct expectation *e,
			const struct layouts *layouts, uint64_t value,
			char *buf, size_t size)
{
	const struct type *type = e->part ? e->part->type : e->field->type;

	if (!e->part && e->field->parts)
		return parts_print(e->field->parts, layouts, value, buf, size);
	type->print(type, value, buf, size);
	return buf;
}
