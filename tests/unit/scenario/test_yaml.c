/* SPDX-License-Identifier: MIT */
/* Text that is a tree, and text that is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/node.h"
#include "support/unit.h"

struct parsed {
	struct arena arena;
	const struct node *root;
	struct tdp_error err;
	int ret;
};

static struct parsed parse(const char *text, size_t size)
{
	struct parsed p = { .ret = 0 };

	p.ret = yaml_parse("t.yaml", text, size, &p.arena, &p.root, &p.err);
	return p;
}

#define TEXT(s) s, sizeof(s) - 1

static const struct refused {
	const char *name;
	const char *text;
	size_t size;
	const char *message;
} refused[] = {
	{ "empty_file", TEXT(""),
	  "t.yaml:1:1: the file is empty; a scenario begins with \"scenario: NAME\"" },
	{ "only_a_comment", TEXT("# nothing\n"),
	  "t.yaml:1:1: the file is empty; a scenario begins with \"scenario: NAME\"" },
	{ "nul_byte", TEXT("a: b\nc: \0\n"),
	  "t.yaml:2:4: a control character; a scenario is plain text" },
	{ "invalid_utf8", TEXT("a: \xff\xfe\n"),
	  "t.yaml:1:4: this is no UTF-8 text" },
	{ "overlong_utf8", TEXT("\xc0\x80"),
	  "t.yaml:1:1: this is no UTF-8 text" },
	{ "surrogate", TEXT("\xed\xa0\x80"),
	  "t.yaml:1:1: this is no UTF-8 text" },
	{ "utf8_cut_off", TEXT("a: \xe2\x82"),
	  "t.yaml:1:4: this is no UTF-8 text" },
	{ "column_counts_characters", TEXT("\xc3\xa4\xc3\xa4\x01"),
	  "t.yaml:1:3: a control character; a scenario is plain text" },
	{ "escaped_nul", TEXT("a: \"x\\0y\"\n"),
	  "t.yaml:1:4: text with a NUL in it" },
	{ "two_documents", TEXT("a: 1\n---\nb: 2\n"),
	  "t.yaml:2:1: a second document begins; a file holds one scenario" },
	{ "duplicate_key", TEXT("a: 1\nb: 2\na: 3\n"),
	  "t.yaml:3:1: key \"a\" appears twice" },
	{ "duplicate_key_inside", TEXT("a: { b: 1, b: 1 }\n"),
	  "t.yaml:1:12: key \"b\" appears twice" },
	{ "merge_key", TEXT("a: &x { b: 1 }\nc: { <<: *x }\n"),
	  "t.yaml:2:6: merge keys (\"<<\") are not understood" },
	{ "key_is_a_list", TEXT("? [ 1 ]\n: 2\n"),
	  "t.yaml:1:7: a key is a word, not a list" },
	{ "tag", TEXT("a: !!int 3\n"),
	  "t.yaml:1:4: tags such as \"tag:yaml.org,2002:int\" are not understood" },
	{ "unknown_alias", TEXT("a: *x\n"),
	  "t.yaml:1:4: no anchor \"x\" before" },
	{ "anchor_twice", TEXT("a: &x 1\nb: &x 2\n"),
	  "t.yaml:2:4: anchor \"x\" is defined twice" },
	{ "alias_of_itself", TEXT("a: &x [ *x ]\n"),
	  "t.yaml:1:9: \"x\" contains itself" },
	{ "unclosed_list", TEXT("a: [ 1, 2\n"),
	  "t.yaml:2:1: did not find expected ',' or ']' (while parsing a flow sequence that "
	  "begins in line 1)" },
	{ "tab_as_indent", TEXT("a:\n\tb: 1\n"),
	  "t.yaml:2:1: found character that cannot start any token (while scanning for the "
	  "next token that begins in line 2)" },
};

static void refuse(void **state)
{
	const struct refused *r = *state;
	struct parsed p = parse(r->text, r->size);
	char text[1024];

	assert_int_equal(p.ret, TDP_EINPUT);
	assert_int_equal(p.err.status, TDP_EINPUT);
	assert_string_equal(tdp_error_print(&p.err, text, sizeof(text)),
			    r->message);
	arena_finish(&p.arena);
}

static void tree_has_kinds_places_and_order(void **state)
{
	struct parsed p = parse(TEXT("a: 1\n"
				     "list:\n"
				     "  - 'two'\n"
				     "  - { three: }\n"));
	const struct node *list, *map;

	(void)state;
	assert_int_equal(p.ret, TDP_OK);
	assert_int_equal(p.root->kind, NODE_MAP);
	assert_int_equal(p.root->nr_items, 2);
	assert_string_equal(node_get(p.root, "a")->text, "1");
	assert_int_equal(node_get(p.root, "a")->column, 4);
	assert_null(node_get(p.root, "b"));
	list = node_get(p.root, "list");
	assert_int_equal(list->kind, NODE_LIST);
	assert_int_equal(list->line, 3);
	assert_string_equal(list->items->value->text, "two");
	assert_true(list->items->value->quoted);
	map = list->items->next->value;
	assert_string_equal(node_kind_name(node_get(map, "three")), "nothing");
	assert_null(list->items->next->next);
	assert_int_equal(p.root->size, 9);
	assert_int_equal(p.root->height, 3);
	arena_finish(&p.arena);
}

static void alias_is_the_anchors_node(void **state)
{
	struct parsed p = parse(TEXT("a: &x [ 1 ]\nb: *x\n"));

	(void)state;
	assert_int_equal(p.ret, TDP_OK);
	assert_ptr_equal(node_get(p.root, "a"), node_get(p.root, "b"));
	arena_finish(&p.arena);
}

/* A text of repeated parts, refused with @message or taken if NULL. */
static void check_repeated(const char *head, const char *part, size_t times,
			   const char *tail, const char *message)
{
	size_t size = strlen(head) + times * strlen(part) + strlen(tail);
	char *text = malloc(size + 1), *end = text;
	struct parsed p;

	assert_non_null(text);
	end = stpcpy(end, head);
	while (times--)
		end = stpcpy(end, part);
	stpcpy(end, tail);
	p = parse(text, size);
	if (message)
		assert_string_equal(p.err.message, message);
	else
		assert_int_equal(p.ret, TDP_OK);
	assert_int_equal(p.ret, message ? TDP_EINPUT : TDP_OK);
	arena_finish(&p.arena);
	free(text);
}

static void depth_has_a_limit(void **state)
{
	(void)state;
	check_repeated("", "[", 64,
		       "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
		       "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
		       NULL);
	check_repeated("", "[", 65, "", "nested deeper than 64 levels");
	check_repeated("", "- ", 500000, "", "nested deeper than 64 levels");
	check_repeated("", "{", 1000000, "", "nested deeper than 64 levels");
}

static void nodes_have_a_limit(void **state)
{
	(void)state;
	check_repeated("", "- 1\n", 99999, "", NULL);
	check_repeated("", "- 1\n", 100000, "",
		       "more than 100000 values, aliases included");
}

static void size_has_a_limit(void **state)
{
	(void)state;
	check_repeated("a: 1\n", "#", YAML_MAX_BYTES - 5, "", NULL);
	check_repeated("a: 1\n", "#", YAML_MAX_BYTES - 4, "",
		       "larger than 1 MiB, the limit for a scenario");
}

/* Nine levels of nine aliases each would be 387 million nodes. */
static void alias_bomb_is_counted(void **state)
{
	char text[1024] = "a0: &a0 [ 1, 1, 1, 1, 1, 1, 1, 1, 1 ]\n";
	size_t used = strlen(text);
	struct parsed p;
	int i, j;

	(void)state;
	for (i = 1; i < 9; i++) {
		used += (size_t)sprintf(text + used, "a%d: &a%d [ *a%d", i, i,
					i - 1);
		for (j = 1; j < 9; j++)
			used += (size_t)sprintf(text + used, ", *a%d", i - 1);
		used += (size_t)sprintf(text + used, " ]\n");
	}
	p = parse(text, used);
	assert_int_equal(p.ret, TDP_EINPUT);
	assert_string_equal(p.err.message,
			    "more than 100000 values, aliases included");
	assert_int_equal(p.err.line, 6);
	arena_finish(&p.arena);
}

/* Each alias adds a level; the text itself is never deep. */
static void alias_depth_is_counted(void **state)
{
	char text[4096] = "a0: &a0 [ 1 ]\n";
	size_t used = strlen(text);
	struct parsed p;
	int i;

	(void)state;
	for (i = 1; i < 70; i++)
		used += (size_t)sprintf(text + used, "a%d: &a%d [ *a%d ]\n", i,
					i, i - 1);
	p = parse(text, used);
	assert_int_equal(p.ret, TDP_EINPUT);
	assert_string_equal(p.err.message, "nested deeper than 64 levels");
	arena_finish(&p.arena);
}

static void keys_of_a_map_have_a_limit(void **state)
{
	char text[8192];
	size_t used = 0;
	struct parsed p;
	int i;

	(void)state;
	for (i = 0; i <= YAML_MAX_KEYS; i++)
		used += (size_t)sprintf(text + used, "key%d: 1\n", i);
	p = parse(text, used);
	assert_int_equal(p.ret, TDP_EINPUT);
	assert_string_equal(p.err.message, "more than 256 keys in one map");
	arena_finish(&p.arena);
}

static struct parsed attempted;

static int attempt(void *context)
{
	(void)context;
	arena_finish(&attempted.arena);
	attempted = parse(TEXT("a: &x [ 1, 'two' ]\nb: { c: *x }\n"));
	return attempted.ret;
}

static void teardown(void *context)
{
	(void)context;
	arena_finish(&attempted.arena);
}

static void survives_want_of_memory(void **state)
{
	static const struct nomem test = {
		.attempt = attempt,
		.teardown = teardown,
	};

	(void)state;
	nomem_check(&test);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(refused, refuse),
		CASE(tree_has_kinds_places_and_order),
		CASE(alias_is_the_anchors_node),
		CASE(depth_has_a_limit),
		CASE(nodes_have_a_limit),
		CASE(size_has_a_limit),
		CASE(alias_bomb_is_counted),
		CASE(alias_depth_is_counted),
		CASE(keys_of_a_map_have_a_limit),
		CASE(survives_want_of_memory),
	};

	return RUN("yaml", suites);
}
