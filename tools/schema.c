/* SPDX-License-Identifier: MIT */
/*
 * The scenario language as a JSON schema (draft 7), for editors.
 *
 * All keys are in it, and nothing that a scenario may say is refused by it.
 * What a value may be beyond that is the loader's business: a schema has no
 * words for "4KiB" or for flags joined by "|".
 */
#include "schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tdpsim/tdpsim.h>

/* A word of these types is one of the words that there are, and no other. */
static const char *const closed_types[] = {
	"vendor", "backing",     "mode",   "paging mode", "outcome",
	"reason", "walk reason", "access", "invariants",
};

static json_t *object_of(const char *path);

static void put(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

static json_t *ref(const char *definition)
{
	return json_pack("{s:o}", "$ref",
			 json_sprintf("#/definitions/%s", definition));
}

/* A list whose elements are as @items; it takes that over. */
static json_t *list_of(json_t *items)
{
	return json_pack("{s:s, s:o}", "type", "array", "items", items);
}

/* Values ------------------------------------------------------------------- */

static bool is_closed(const char *type)
{
	size_t i;

	for (i = 0; i < sizeof(closed_types) / sizeof(closed_types[0]); i++)
		if (!strcmp(closed_types[i], type))
			return true;
	return false;
}

/* Numbers have many spellings, which YAML reads as numbers or as text. */
static json_t *scalar(const struct tdp_word *word)
{
	json_t *schema = json_pack("{s:[s, s]}", "type", "integer", "string");

	if (word->max && word->max <= INT64_MAX) {
		put(schema, "minimum", json_integer((json_int_t)word->min));
		put(schema, "maximum", json_integer((json_int_t)word->max));
	}
	return schema;
}

/* The words of a type, offered; others too unless the type is closed. */
static json_t *words_of(const struct tdp_word *word)
{
	json_t *words = json_array(), *given;
	struct tdp_word value;
	unsigned int i;

	for (i = 0; tdp_word_at(TDP_WORDS_VALUES, word->type, i, &value); i++)
		json_array_append_new(words, json_string(value.name));
	given = json_pack("{s:o}", "enum", words);
	if (is_closed(word->type))
		return given;
	return json_pack("{s:[o, o]}", "anyOf", given, scalar(word));
}

static json_t *value_of(const struct tdp_word *word)
{
	struct tdp_word value;

	if (!strcmp(word->type, "boolean"))
		return json_pack("{s:[b, b, i, i]}", "enum", 1, 0, 1, 0);
	if (!strcmp(word->type, "text"))
		return json_pack("{s:[s, s, s, s]}", "type", "string",
				 "integer", "number", "boolean");
	if (!strcmp(word->type, "pdptes") || !strcmp(word->type, "numbers"))
		return list_of(scalar(word));
	if (tdp_word_at(TDP_WORDS_VALUES, word->type, 0, &value))
		return words_of(word);
	return scalar(word);
}

/* Keys --------------------------------------------------------------------- */

/* What a table of keys or arguments can be asked for, or neither. */
static bool keys_at(const char *path, unsigned int index, struct tdp_word *word)
{
	return tdp_word_at(TDP_WORDS_KEYS, path, index, word) ||
	       tdp_word_at(TDP_WORDS_ARGUMENTS, path, index, word);
}

static bool has_table(const char *path)
{
	struct tdp_word word;

	return keys_at(path, 0, &word) ||
	       tdp_word_at(TDP_WORDS_FIELDS, path, 0, &word);
}

/* The table behind a key of table @path: "host.ept", "check.roots", "host". */
static const char *table_behind(const char *path, const char *key, char *buf,
				size_t size)
{
	snprintf(buf, size, "%s.%s", path, key);
	if (has_table(buf))
		return buf;
	snprintf(buf, size, "%s", key);
	return has_table(buf) ? buf : NULL;
}

/* Keys whose value is more than a table. */
static json_t *special(const char *path, const char *key)
{
	static const struct {
		const char *path, *key, *definition;
		bool list;
	} rows[] = {
		{ "scenario", "kvm", "kvm", false },
		{ "scenario", "steps", "step", true },
		{ "scenario", "check", "check", false },
		{ "scenario", "always", "claim", true },
		{ "scenario", "never", "claim", true },
		{ "scenario", "sometimes", "claim", true },
		{ "step", "expect", "expect", false },
		{ "scenario.create", "expect", "expect", false },
		{ "expect", "events", "event", true },
		{ "expect", "no_events", "event", true },
		{ "expect", "cycle", "event", true },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].path, path) && !strcmp(rows[i].key, key))
			return rows[i].list ? list_of(ref(rows[i].definition)) :
					      ref(rows[i].definition);
	return NULL;
}

static json_t *key_schema(const char *path, const struct tdp_word *word)
{
	json_t *schema = special(path, word->name);
	char buf[96];
	const char *behind;

	if (schema)
		return schema;
	behind = table_behind(path, word->name, buf, sizeof(buf));
	if (!strncmp(word->type, "map", 3))
		schema = behind ? object_of(behind) :
				  json_pack("{s:s}", "type", "object");
	else if (!strcmp(word->type, "list"))
		return behind ? list_of(object_of(behind)) :
				json_pack("{s:s}", "type", "array");
	else
		return value_of(word);
	if (!strcmp(word->type, "map or none"))
		schema = json_pack("{s:[o, {s:s}]}", "anyOf", schema, "const",
				   "none");
	return schema;
}

/* An editor shows what a key means and what it is if it is not there. */
static void describe(json_t *schema, const struct tdp_word *word)
{
	char text[512];

	/* Draft 7 looks at nothing beside a reference. */
	if (!word->about || json_object_get(schema, "$ref"))
		return;
	snprintf(text, sizeof(text), "%s%s%s%s", word->about,
		 word->otherwise ? " (default: " : "",
		 word->otherwise ? word->otherwise : "",
		 word->otherwise ? ")" : "");
	put(schema, "description", json_string(text));
}

static void keys_add(json_t *properties, json_t *required, const char *path)
{
	struct tdp_word word;
	unsigned int i;

	for (i = 0; keys_at(path, i, &word); i++) {
		json_t *schema = key_schema(path, &word);

		describe(schema, &word);
		put(properties, word.name, schema);
		if (word.required)
			json_array_append_new(required, json_string(word.name));
	}
}

/* Fields ------------------------------------------------------------------- */

static void field_add(json_t *properties, const char *name,
		      const struct tdp_word *word);

/* The map @head, with field @rest in it; what else may be there is not said. */
static void inner_add(json_t *properties, const char *head, const char *rest,
		      const struct tdp_word *word)
{
	json_t *inner = json_object_get(properties, head);

	if (!inner) {
		inner = json_pack("{s:{}}", "properties");
		put(properties, head, inner);
	}
	inner = json_object_get(inner, "properties");
	/* A number that has fields of its own is not looked into. */
	if (inner)
		field_add(inner, rest, word);
}

/* A field "a.b.c" may be written "a: { b: { c: } }", "a.b: { c: }" or "a.b.c:". */
static void field_add(json_t *properties, const char *name,
		      const struct tdp_word *word)
{
	json_t *schema = word->has_keys ? json_object() : value_of(word);
	const char *dot;
	char head[64];

	describe(schema, word);
	put(properties, name, schema);
	for (dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
		snprintf(head, sizeof(head), "%.*s", (int)(dot - name), name);
		inner_add(properties, head, dot + 1, word);
	}
}

static void fields_add(json_t *properties, const char *of)
{
	struct tdp_word word;
	unsigned int i;

	for (i = 0; tdp_word_at(TDP_WORDS_FIELDS, of, i, &word); i++)
		field_add(properties, word.name, &word);
}

/* In a check, the parts of a role or an SPTE may stand beside its other fields. */
static void parts_add(json_t *properties, const char *of)
{
	const char *name = json_object_get(properties, "role") ? "role" :
								 "spte";
	struct tdp_word word;
	unsigned int i;

	if (strncmp(of, "check.", 6) != 0 || !json_object_get(properties, name))
		return;
	for (i = 0; tdp_word_at(TDP_WORDS_PARTS, name, i, &word); i++)
		if (!json_object_get(properties, word.name))
			field_add(properties, word.name, &word);
}

/* Tables ------------------------------------------------------------------- */

static json_t *closed_object(json_t *properties, json_t *required)
{
	return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties",
			 properties, "required", required,
			 "additionalProperties", 0);
}

static json_t *object_of(const char *path)
{
	json_t *properties = json_object(), *required = json_array();

	keys_add(properties, required, path);
	fields_add(properties, path);
	parts_add(properties, path);
	return closed_object(properties, required);
}

/* A claim has keys of its own beside those of a check. */
static json_t *claim_new(void)
{
	json_t *properties = json_object(), *required = json_array();

	keys_add(properties, required, "check");
	keys_add(properties, required, "claim");
	return closed_object(properties, required);
}

/* Which verb gives which field is the loader's business. */
static json_t *expect_new(void)
{
	json_t *properties = json_object(), *required = json_array();
	struct tdp_word verb;
	unsigned int i;

	keys_add(properties, required, "expect");
	for (i = 0; tdp_word_at(TDP_WORDS_VERBS, NULL, i, &verb); i++)
		fields_add(properties, verb.name);
	return closed_object(properties, required);
}

/* A verb without arguments may stand alone: "attach_dma:". */
static json_t *verb_new(const char *name)
{
	json_t *args;

	if (!strcmp(name, "together"))
		return list_of(ref("step"));
	if (!strcmp(name, "check"))
		return ref("check");
	args = object_of(name);
	put(args, "type", json_pack("[s, s]", "object", "null"));
	return args;
}

static json_t *step_new(void)
{
	json_t *properties = json_object(), *required = json_array();
	json_t *one_of = json_array(), *step;
	struct tdp_word verb;
	unsigned int i;

	keys_add(properties, required, "step");
	for (i = 0; tdp_word_at(TDP_WORDS_VERBS, NULL, i, &verb); i++) {
		json_t *schema = verb_new(verb.name);

		describe(schema, &verb);
		put(properties, verb.name, schema);
		json_array_append_new(
			one_of, json_pack("{s:[s]}", "required", verb.name));
	}
	step = closed_object(properties, required);
	put(step, "oneOf", one_of);
	return step;
}

/* Its name, or a map from that to its fields. */
static json_t *event_new(void)
{
	const struct tdp_event_info *info;
	json_t *names = json_array();
	unsigned int i;

	for (i = 0; (info = tdp_event_info(i)); i++)
		json_array_append_new(names, json_string(info->name));
	return json_pack("{s:[{s:O}, {s:s, s:{s:o}}]}", "anyOf", "enum", names,
			 "type", "object", "propertyNames", "enum", names);
}

static json_t *kvm_new(void)
{
	const struct tdp_behaviour_info *info;
	json_t *properties = json_object(), *words = json_array();
	const char *name;
	unsigned int b, i;

	for (i = 0; (name = tdp_profile_name(i)); i++)
		json_array_append_new(words, json_string(name));
	put(properties, "profile", json_pack("{s:o}", "enum", words));
	for (b = 0; (info = tdp_behaviour_info(b)); b++) {
		words = json_array();
		for (i = 0; (name = tdp_behaviour_value_name(b, i)); i++)
			json_array_append_new(words, json_string(name));
		/* "on" is a boolean to some readers of YAML, 6.12 a number. */
		put(properties, info->name,
		    json_pack("{s:s, s:[{s:o}, {s:[s, s]}]}", "description",
			      info->about, "anyOf", "enum", words, "type",
			      "boolean", "number"));
	}
	return closed_object(properties, json_array());
}

json_t *schema_new(void)
{
	json_t *schema = object_of("scenario");

	put(schema, "$schema",
	    json_string("http://json-schema.org/draft-07/schema#"));
	put(schema, "title", json_string("a scenario of tdpsim"));
	put(schema, "definitions",
	    json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "kvm", kvm_new(),
		      "step", step_new(), "expect", expect_new(), "check",
		      object_of("check"), "claim", claim_new(), "event",
		      event_new()));
	return schema;
}
