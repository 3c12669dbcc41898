/* SPDX-License-Identifier: MIT */
#include "scenario/event_match.h"

#include <stdio.h>
#include <string.h>

#include "scenario/value.h"

static const struct {
	const struct type *type;
	const struct parts *parts;
	bool is_signed;
} formats[] = {
	[TDP_FIELD_DEC] = { &type_number, NULL, false },
	[TDP_FIELD_HEX] = { &type_word, NULL, false },
	[TDP_FIELD_BOOL] = { &type_bool, NULL, false },
	[TDP_FIELD_ROLE] = { &type_word, &role_parts, false },
	[TDP_FIELD_SPTE] = { &type_word, &spte_parts, false },
	[TDP_FIELD_PFERR] = { &type_pferr, NULL, false },
	[TDP_FIELD_SDEC] = { &type_errno, NULL, true },
	[TDP_FIELD_REASON] = { &type_reason, NULL, false },
	[TDP_FIELD_EXIT] = { &type_exit, NULL, false },
};

const char *event_nth(unsigned int index, const void *context)
{
	const struct tdp_event_info *info = tdp_event_info(index);

	(void)context;
	return info ? info->name : NULL;
}

bool event_field(enum tdp_event_id id, unsigned int index, struct field *field)
{
	const struct tdp_event_info *info = tdp_event_info(id);
	unsigned int format;

	if (!info || index >= TDP_EVENT_MAX_FIELDS || !info->field[index].name)
		return false;
	format = info->field[index].format;
	assert(format < ARRAY_SIZE(formats) && formats[format].type);
	*field = (struct field){
		.name = info->field[index].name,
		.type = formats[format].type,
		.parts = formats[format].parts,
		.offset = offsetof(struct tdp_event, field) +
			  index * sizeof(uint64_t),
		.width = sizeof(uint64_t),
		.is_signed = formats[format].is_signed,
	};
	return true;
}

/* Parsing ------------------------------------------------------------------ */

static int id_parse(const struct decoder *d, const struct node *node,
		    enum tdp_event_id *id)
{
	unsigned int i;

	for (i = 0; i < TDP_NR_EVENTS; i++) {
		if (strcmp(event_nth(i, NULL), node->text) != 0)
			continue;
		*id = (enum tdp_event_id)i;
		return TDP_OK;
	}
	return decode_unknown(d, node, "event", node->text, event_nth, NULL);
}

/* The table must outlive the expectations that point into it. */
static int fields_parse(const struct decoder *d, const struct node *node,
			struct event_pattern *pattern)
{
	struct field *rows = arena_alloc(d->arena,
					 TDP_EVENT_MAX_FIELDS * sizeof(*rows));
	struct fields fields = { .rows = rows };

	if (!rows)
		return decode_no_memory(d);
	while (fields.nr < TDP_EVENT_MAX_FIELDS &&
	       event_field(pattern->id, fields.nr, &rows[fields.nr]))
		fields.nr++;
	return expectations_parse(d, node, &fields, 0, &pattern->fields);
}

/* "kvm_mmu_get_page", or "kvm_mmu_get_page: { gfn: 0 }" */
static int pattern_parse(const struct decoder *d, const struct node *node,
			 struct event_pattern *pattern)
{
	int ret;

	pattern->line = node->line;
	pattern->column = node->column;
	if (node->kind == NODE_SCALAR)
		return id_parse(d, node, &pattern->id);
	if (node->kind != NODE_MAP || node->nr_items != 1)
		return decode_fail(
			d, node,
			"expected an event: a name, or a map from one name to its fields");
	ret = id_parse(d, node->items->key, &pattern->id);
	return ret ? ret : fields_parse(d, node->items->value, pattern);
}

static int patterns_parse(const struct decoder *d, const struct node *node,
			  struct event_pattern **patterns, unsigned int *nr)
{
	const struct node_item *item;
	int ret = decode_expect(d, node, NODE_LIST, "a list of events");

	if (ret)
		return ret;
	if (!node->nr_items || node->nr_items > EVENT_MAX_PATTERNS)
		return decode_fail(d, node, "expected 1 to %d events",
				   EVENT_MAX_PATTERNS);
	*patterns = arena_alloc(d->arena, node->nr_items * sizeof(**patterns));
	if (!*patterns)
		return decode_no_memory(d);
	for (item = node->items; item && !ret; item = item->next)
		ret = pattern_parse(d, item->value, &(*patterns)[(*nr)++]);
	return ret;
}

int events_parse(const struct decoder *d, const struct node *node,
		 struct event_wants *wants)
{
	return patterns_parse(d, node, &wants->in_order, &wants->nr_in_order);
}

int no_events_parse(const struct decoder *d, const struct node *node,
		    struct event_wants *wants)
{
	return patterns_parse(d, node, &wants->never, &wants->nr_never);
}

int event_cycle_parse(const struct decoder *d, const struct node *node,
		      struct event_wants *wants)
{
	wants->line = node->line;
	wants->column = node->column;
	return patterns_parse(d, node, &wants->cycle, &wants->nr_cycle);
}

int event_counts_parse(const struct decoder *d, const struct node *node,
		       struct event_wants *wants)
{
	const struct node_item *item;
	int ret = decode_expect(d, node, NODE_MAP,
				"a map from events to how many there are");

	if (ret)
		return ret;
	wants->counts = arena_alloc(d->arena,
				    node->nr_items * sizeof(*wants->counts));
	if (!wants->counts)
		return decode_no_memory(d);
	for (item = node->items; item && !ret; item = item->next) {
		struct event_count *count = &wants->counts[wants->nr_counts++];

		count->line = item->value->line;
		count->column = item->value->column;
		ret = id_parse(d, item->key, &count->id);
		if (!ret)
			ret = type_number.parse(d, item->value, &type_number,
						&count->count);
	}
	return ret;
}

/* Matching ----------------------------------------------------------------- */

bool event_matches(const struct event_pattern *pattern,
		   const struct layouts *layouts, const struct tdp_event *event)
{
	const struct expectation *e;

	if (pattern->id != event->id)
		return false;
	for (e = pattern->fields; e; e = e->next)
		if (expectation_actual(e, layouts, event) != e->value)
			return false;
	return true;
}

void event_match_start(struct event_match *match,
		       const struct event_wants *wants,
		       const struct layouts *layouts)
{
	match->wants = wants;
	match->layouts = layouts;
	match->next = 0;
	match->seen = 0;
	memset(match->count, 0, sizeof(match->count));
}

void event_match_take(struct event_match *match, const struct tdp_event *event)
{
	const struct event_wants *wants = match->wants;
	unsigned int i;

	match->count[event->id]++;
	if (match->next < wants->nr_in_order &&
	    event_matches(&wants->in_order[match->next], match->layouts, event))
		match->next++;
	for (i = 0; i < wants->nr_never; i++) {
		if ((match->seen & BIT(i)) ||
		    !event_matches(&wants->never[i], match->layouts, event))
			continue;
		match->seen |= BIT(i);
		match->offender[i] = *event;
	}
}

/* Printing ----------------------------------------------------------------- */

static size_t field_print(const struct field *field,
			  const struct layouts *layouts, uint64_t value,
			  const char *separator, char *buf, size_t size)
{
	char text[256];

	if (field->parts)
		parts_print(field->parts, layouts, value, text, sizeof(text));
	else
		field->type->print(field->type, value, text, sizeof(text));
	return (size_t)snprintf(buf, size, "%s%s %s", separator, field->name,
				text);
}

char *event_print(const struct tdp_event *event, const struct layouts *layouts,
		  char *buf, size_t size)
{
	size_t used = (size_t)snprintf(buf, size, "%s",
				       event_nth(event->id, NULL));
	const char *separator = ": ";
	struct field field;
	unsigned int i;

	for (i = 0; used < size && event_field(event->id, i, &field); i++) {
		used += field_print(&field, layouts, event->field[i], separator,
				    buf + used, size - used);
		separator = ", ";
	}
	return buf;
}

char *event_pattern_print(const struct event_pattern *pattern,
			  const struct layouts *layouts, char *buf, size_t size)
{
	size_t used = (size_t)snprintf(buf, size, "%s",
				       event_nth(pattern->id, NULL));
	const struct expectation *e;
	const char *separator = ": ";

	for (e = pattern->fields; e && used < size; e = e->next) {
		char text[256];

		expectation_print(e, layouts, e->value, text, sizeof(text));
		used += (size_t)snprintf(buf + used, size - used, "%s%s %s",
					 separator, e->name, text);
		separator = ", ";
	}
	return buf;
}
