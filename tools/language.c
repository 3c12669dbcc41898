/* SPDX-License-Identifier: MIT */
/* Tables of the scenario language, from tdp_word_at(). */
#include <inttypes.h>
#include <stdio.h>

#include "table.h"

static void head(struct table *table, enum tdp_word_list list, const char *name)
{
	switch (list) {
	case TDP_WORDS_ARGUMENTS:
	case TDP_WORDS_KEYS:
		table_head(table, name, "type", "default", "about", NULL);
		return;
	case TDP_WORDS_FIELDS:
	case TDP_WORDS_PARTS:
		table_head(table, name, "type", "about", NULL);
		return;
	case TDP_WORDS_VALUES:
		table_head(table, name, NULL);
		return;
	default:
		table_head(table, name, "about", NULL);
	}
}

static const char *text(const char *maybe)
{
	return maybe ? maybe : "";
}

/* "number, 36..52" */
static const char *ranged(const struct tdp_word *word, char *buf, size_t size)
{
	if (!word->min && !word->max)
		return text(word->type);
	snprintf(buf, size, "%s, %" PRIu64 "..%" PRIu64, word->type, word->min,
		 word->max);
	return buf;
}

static void row(struct table *table, enum tdp_word_list list,
		const struct tdp_word *word)
{
	const char *otherwise = word->required ? "required" :
						 text(word->otherwise);
	char type[96];

	switch (list) {
	case TDP_WORDS_ARGUMENTS:
	case TDP_WORDS_KEYS:
		table_row(table, word->name, ranged(word, type, sizeof(type)),
			  otherwise, text(word->about), NULL);
		return;
	case TDP_WORDS_FIELDS:
	case TDP_WORDS_PARTS:
		table_row(table, word->name, text(word->type),
			  text(word->about), NULL);
		return;
	case TDP_WORDS_VALUES:
		table_row(table, word->name, NULL);
		return;
	default:
		table_row(table, word->name, text(word->about), NULL);
	}
}

bool words_table(struct table *table, enum tdp_word_list list, const char *of,
		 const char *name)
{
	struct tdp_word word;
	unsigned int i;

	if (!table)
		return tdp_word_at(list, of, 0, &word);
	head(table, list, name);
	for (i = 0; tdp_word_at(list, of, i, &word); i++)
		row(table, list, &word);
	return i;
}

static void show(struct table *table, enum tdp_word_list list, const char *of,
		 const char *name)
{
	if (!words_table(table, list, of, name))
		return;
	table_show(table);
	putchar('\n');
}

/* Tables behind the keys of a table, but for those that are sections. */
static void show_inner(struct table *table, enum tdp_word_list list,
		       const char *of, const char *name)
{
	struct tdp_word word;
	unsigned int i;
	char path[96];

	for (i = 0; tdp_word_at(list, of, i, &word); i++) {
		if (!word.has_keys)
			continue;
		snprintf(path, sizeof(path), "%s.%s", of, word.name);
		if (!words_table(NULL, list, path, name) ||
		    words_table(NULL, TDP_WORDS_KEYS, word.name, name))
			continue;
		printf("Of `%s`:\n\n", path);
		show(table, list, path, name);
	}
}

static void show_sections(struct table *table)
{
	struct tdp_word word;
	unsigned int i;

	for (i = 0; tdp_word_at(TDP_WORDS_SECTIONS, NULL, i, &word); i++) {
		printf("### `%s`: %s\n\n", word.name, word.about);
		show(table, TDP_WORDS_KEYS, word.name, "key");
		show_inner(table, TDP_WORDS_KEYS, word.name, "key");
	}
}

/*
 * Verbs share most of their fields: one table of all, then only the names for
 * each verb.
 */
static void show_fields_of(const char *verb)
{
	struct tdp_word word;
	unsigned int i;

	for (i = 0; tdp_word_at(TDP_WORDS_FIELDS, verb, i, &word); i++)
		printf("%s`%s`", i ? ", " : "Expects: ", word.name);
	printf("%s", i ? ".\n\n" : "");
}

static void show_verbs(struct table *table)
{
	struct tdp_word verb;
	unsigned int i;

	for (i = 0; tdp_word_at(TDP_WORDS_VERBS, NULL, i, &verb); i++) {
		printf("### `%s`\n\n%s.\n\n", verb.name, verb.about);
		show(table, TDP_WORDS_ARGUMENTS, verb.name, "argument");
		show_inner(table, TDP_WORDS_ARGUMENTS, verb.name, "key");
		show_fields_of(verb.name);
	}
}

/* Of every verb: a field is shown with the first that has it. */
static bool shown_before(unsigned int verb, const char *field)
{
	struct tdp_word earlier, word;
	unsigned int i, f;

	for (i = 0; i < verb; i++) {
		tdp_word_at(TDP_WORDS_VERBS, NULL, i, &earlier);
		for (f = 0;
		     tdp_word_at(TDP_WORDS_FIELDS, earlier.name, f, &word); f++)
			if (word.name == field)
				return true;
	}
	return false;
}

static void show_fields(struct table *table)
{
	struct tdp_word verb, word;
	unsigned int i, f;

	head(table, TDP_WORDS_FIELDS, "field");
	for (i = 0; tdp_word_at(TDP_WORDS_VERBS, NULL, i, &verb); i++)
		for (f = 0; tdp_word_at(TDP_WORDS_FIELDS, verb.name, f, &word);
		     f++)
			if (!shown_before(i, word.name))
				row(table, TDP_WORDS_FIELDS, &word);
	table_show(table);
	putchar('\n');
}

static void show_subjects(struct table *table)
{
	static const char *const subjects[] = { "check.roots", "check.vcpus",
						"check.sptes", "check.stats",
						"account" };
	size_t i;

	for (i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		printf("### Fields of `%s`\n\n", subjects[i]);
		show(table, TDP_WORDS_FIELDS, subjects[i], "field");
	}
	puts("### Parts of a role\n");
	show(table, TDP_WORDS_PARTS, "role", "part");
	puts("### Parts of an SPTE\n");
	show(table, TDP_WORDS_PARTS, "spte", "part");
}

void language_show(struct table *table)
{
	table->format = TABLE_MARKDOWN;
	puts("## Sections\n");
	show_sections(table);
	puts("## Verbs\n");
	show_verbs(table);
	puts("## Fields of a step\n");
	show_fields(table);
	puts("## Fields of check\n");
	show_subjects(table);
	puts("## Types\n");
	show(table, TDP_WORDS_TYPES, NULL, "type");
	table_head(table, NULL);
}
