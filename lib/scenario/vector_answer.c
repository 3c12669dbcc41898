/* SPDX-License-Identifier: MIT */
#include "scenario/vector_answer.h"

static void write_rights(struct vector_text *t, const struct tdp_walk_result *r)
{
	if (!r->writable && !r->user && !r->no_execute && !r->global) {
		text_add(t, "-");
		return;
	}
	text_add(t, r->writable ? "w" : "");
	text_add(t, r->user ? "u" : "");
	text_add(t, r->no_execute ? "n" : "");
	text_add(t, r->global ? "g" : "");
}

static void write_success(struct vector_text *t,
			  const struct vector_steps *steps)
{
	const struct tdp_walk_result *r = &steps->walk;

	text_add(t, "OK");
	text_field(t, "pa", r->hpa.addr);
	if (steps->second_stage)
		return;
	text_field(t, "pg",
		   UINT64_C(1) << (r->guest_shift ? r->guest_shift : 12));
	text_add(t, " acc=");
	write_rights(t, r);
	text_add(t, " pat=");
	text_add(t, tdp_memtype_name(r->pat_type));
	if (!steps->native)
		return;
	text_add(t, " mt=");
	text_add(t, tdp_memtype_name(r->memtype));
}

static void write_outcome(struct vector_text *t,
			  const struct vector_steps *steps,
			  const struct tdp_walk_result *r)
{
	switch (r->outcome) {
	case TDP_WALK_OK:
		write_success(t, steps);
		break;
	case TDP_WALK_PF:
		text_add(t, "PF");
		text_field(t, "ec", r->info);
		text_field(t, "cr2", r->gva.addr);
		break;
	case TDP_WALK_EPT_VIOLATION:
		text_add(t, "EPTV");
		text_field(t, "qual", r->info);
		text_field(t, "gpa", r->gpa.addr);
		text_field(t, "gla", r->gva.addr);
		break;
	case TDP_WALK_EPT_MISCONFIG:
		text_add(t, "EPTM");
		text_field(t, "gpa", r->gpa.addr);
		break;
	case TDP_WALK_NPF:
		text_add(t, "NPF");
		text_field(t, "ec", r->info);
		text_field(t, "gpa", r->gpa.addr);
		break;
	default:
		/*
		 * A #GP: the only other outcome of the features that the
		 * format can turn on.
		 */
		text_add(t,
			 r->reason == TDP_WALK_WHY_NOT_CANONICAL ? "NC" : "GP");
	}
}

static unsigned int reads(const struct tdp_walk_result *r)
{
	return r->guest_reads + r->nested_reads;
}

static void write_changes(struct vector_text *t,
			  const struct tdp_walk_result *r)
{
	static const char *const where[TDP_NR_WALK_STAGES] = {
		[TDP_WALK_GUEST] = " w:g",
		[TDP_WALK_EPT] = " w:e",
		[TDP_WALK_NPT] = " w:n",
	};

	for (unsigned int i = 0; i < r->nr_writes; i++) {
		const struct tdp_walk_write *w = &r->writes[i];

		text_add(t, where[w->stage]);
		text_add(t, tdp_walk_table_name(w->level));
		text_add(t, ":");
		text_hex(t, w->hpa.addr);
		text_add(t, "=");
		text_hex(t, w->value);
		text_add(t, w->bytes == 4 ? "/4" : "");
	}
}

void answer_write(struct vector_text *t, const struct vector_steps *steps)
{
	unsigned int nr = 0;

	text_clear(t);
	write_outcome(t, steps, steps->has_walk ? &steps->walk : &steps->load);
	if (steps->has_load)
		nr += reads(&steps->load);
	if (steps->has_walk)
		nr += reads(&steps->walk);
	text_field(t, "nr", nr);
	if (steps->has_load)
		write_changes(t, &steps->load);
	if (steps->has_walk)
		write_changes(t, &steps->walk);
}

bool answer_matches(const char *stated, const char *answer)
{
	const char *const start = answer;

	for (; *answer; answer++, stated++) {
		if (*stated == *answer)
			continue;
		if (*answer != 'n' || *stated != 'g' || answer - start < 2 ||
		    memcmp(answer - 2, "w:", 2) != 0)
			return false;
	}
	return !*stated;
}

/* Fields of each answer, in order; those in brackets may be absent. */
/* clang-format off */
static const struct form {
	const char *word;
	const char *fields[8];
} forms[] = {
	{ "OK",		{ "pa=x", "[pg=x", "[acc=a", "[pat=t", "[mt=t", "nr=x" } },
	{ "PF",		{ "ec=x", "cr2=x", "nr=x" } },
	{ "GP",		{ "nr=x" } },
	{ "NC",		{ "nr=x" } },
	{ "EPTV",	{ "qual=x", "gpa=x", "gla=x", "nr=x" } },
	{ "EPTM",	{ "gpa=x", "nr=x" } },
	{ "NPF",	{ "ec=x", "gpa=x", "nr=x" } },
};
/* clang-format on */

static int check_rights(struct vector_cursor *c)
{
	const char *start = c->p;

	if (*c->p == '-') {
		c->p++;
		return TDP_OK;
	}
	c->p += *c->p == 'w';
	c->p += *c->p == 'u';
	c->p += *c->p == 'n';
	c->p += *c->p == 'g';
	if (c->p == start)
		return cursor_fail(
			c, start,
			"expected - or some of w, u, n, g in this order");
	return TDP_OK;
}

static int check_type(struct vector_cursor *c)
{
	static const char *const types[] = {
		"UC-", "UC", "WC", "WT", "WP", "WB", "CD",
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strncmp(c->p, types[i], strlen(types[i]))) {
			c->p += strlen(types[i]);
			return TDP_OK;
		}
	return cursor_fail(c, c->p, "expected a memory type, such as WB");
}

/* @field is a name, "=" and the kind of the value. */
static int check_field(struct vector_cursor *c, const char *field)
{
	const size_t name_size = strlen(field) - 1;
	uint64_t value;

	c->p += 1 + name_size;
	switch (field[name_size]) {
	case 'a':
		return check_rights(c);
	case 't':
		return check_type(c);
	default:
		return cursor_hex(c, &value);
	}
}

static int check_fields(struct vector_cursor *c, const struct form *form)
{
	for (size_t i = 0; form->fields[i]; i++) {
		const bool optional = form->fields[i][0] == '[';
		const char *field = form->fields[i] + optional;
		const size_t name_size = strlen(field) - 1;
		int ret;

		if (*c->p != ' ' || strncmp(c->p + 1, field, name_size) != 0) {
			if (optional)
				continue;
			return cursor_fail(c, c->p, "expected \" %.*s\"",
					   (int)name_size, field);
		}
		ret = check_field(c, field);
		if (ret)
			return ret;
	}
	return TDP_OK;
}

static int check_table(struct vector_cursor *c)
{
	static const char *const tables[] = {
		"PT", "PD", "PDPT", "PML4", "PML5",
	};
	struct vector_word w = cursor_word(c);

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		if (w.size > 1 && strchr("gen", w.p[0]) &&
		    w.size == strlen(tables[i]) + 1 &&
		    !memcmp(w.p + 1, tables[i], w.size - 1))
			return TDP_OK;
	return cursor_fail(c, w.p,
			   "expected g, e or n and PT, PD, PDPT, PML4 or PML5");
}

/* " w:WHERE:ADDR=VAL[/4]" */
static int check_change(struct vector_cursor *c)
{
	uint64_t value;
	int ret;

	if (strncmp(c->p, " w:", 3) != 0)
		return cursor_fail(c, c->p, "expected \" w:\"");
	c->p += 3;
	ret = check_table(c);
	if (!ret)
		ret = cursor_char(c, ':', "\":\" and an address");
	if (!ret)
		ret = cursor_hex(c, &value);
	if (!ret)
		ret = cursor_char(c, '=', "\"=\" and a value");
	if (!ret)
		ret = cursor_hex(c, &value);
	if (!ret && !strncmp(c->p, "/4", 2))
		c->p += 2;
	return ret;
}

int answer_check(struct vector_cursor *c)
{
	struct vector_word w = cursor_word(c);
	int ret;

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (!word_is(w, forms[i].word))
			continue;
		ret = check_fields(c, &forms[i]);
		while (!ret && *c->p)
			ret = check_change(c);
		return ret;
	}
	return cursor_fail(c, w.p,
			   "expected OK, PF, GP, NC, EPTV, EPTM or NPF");
}
