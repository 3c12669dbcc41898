/* SPDX-License-Identifier: MIT */
/* Lines of the recording. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "runner.h"

int skip(struct runner *r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, args);
	va_end(args);
	return -1;
}

json_t *hex(uint64_t value)
{
	return json_sprintf("0x%llx", (unsigned long long)value);
}

void line_begin(struct runner *r, const char *verb)
{
	r->line = json_object();
	r->ops = json_array();
	r->why[0] = '\0';
	json_object_set_new(r->line, "case",
			    json_string(tdp_scenario_name(r->scenario)));
	line_number(r, "step", r->step);
	line_text(r, "verb", verb);
}

void line_text(struct runner *r, const char *key, const char *text)
{
	json_object_set_new(r->line, key, json_string(text));
}

void line_hex(struct runner *r, const char *key, uint64_t value)
{
	json_object_set_new(r->line, key, hex(value));
}

void line_number(struct runner *r, const char *key, uint64_t value)
{
	json_object_set_new(r->line, key, json_integer((json_int_t)value));
}

void line_result(struct runner *r, const char *op, int ret)
{
	const char *name = ret < 0 ? strerrorname_np(errno) : "";

	line_text(r, "op", op);
	json_object_set_new(r->line, "ret", json_integer(ret));
	line_text(r, "errno", name ? name : "?");
}

json_t *op_add(struct runner *r, const char *name)
{
	json_t *op = json_object();

	json_object_set_new(op, "op", json_string(name));
	json_array_append_new(r->ops, op);
	return op;
}

void op_on(json_t *op, const char *outcome)
{
	json_object_set_new(op, "on", json_string(outcome));
}

void op_write(struct runner *r, unsigned int as_id, uint64_t gpa,
	      uint64_t value, unsigned int size)
{
	json_t *op = op_add(r, "write");

	memory_write(r, as_id, gpa, value, size);
	json_object_set_new(op, "as", json_integer(as_id));
	json_object_set_new(op, "gpa", hex(gpa));
	json_object_set_new(op, "value", hex(value));
	json_object_set_new(op, "size", json_integer(size));
}

/* Counters of all, as differences. */
static json_t *all_stats(struct runner *r)
{
	json_t *object = json_object();
	unsigned int i;

	stats_add(&r->stats, object);
	for (i = 0; i < r->nr_vcpus; i++)
		stats_add(&r->vcpus[i].stats, object);
	return object;
}

/* A step that is skipped may have prepared something: that stays. */
static void keep_preparations(struct runner *r)
{
	size_t i = 0;

	while (i < json_array_size(r->ops)) {
		const char *op = json_string_value(
			json_object_get(json_array_get(r->ops, i), "op"));

		if (strcmp(op, "write") != 0 && strcmp(op, "set_sregs") != 0 &&
		    strcmp(op, "set_msr") != 0)
			json_array_remove(r->ops, i);
		else
			i++;
	}
}

void line_end(struct runner *r)
{
	if (r->why[0]) {
		line_text(r, "skipped", r->why);
		keep_preparations(r);
	}
	if (json_array_size(r->ops))
		json_object_set(r->line, "do", r->ops);
	json_object_set_new(r->line, "stats", all_stats(r));
	if (r->trace)
		trace_take(r->trace, r->line);
	json_dumpf(r->line, r->out, JSON_COMPACT);
	fputc('\n', r->out);
	fflush(r->out);
	json_decref(r->ops);
	json_decref(r->line);
	r->line = r->ops = NULL;
}
