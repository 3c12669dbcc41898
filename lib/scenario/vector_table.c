/* SPDX-License-Identifier: MIT */
/*
 * The table of walk examples: a row is a machine that differs a little from
 * the baseline, one access, and its result.  docs/vectors.md, "The table".
 */
#include "scenario/vector_run.h"

#include <inttypes.h>
#include <stdlib.h>

#include "arch/ept_bits.h"
#include "arch/pte_bits.h"
#include "base/error.h"
#include "scenario/vector_machine.h"
#include "scenario/vector_text.h"

#define ROW_SIZE    4096 /* with the NUL */
#define EFFECT_SIZE (MACHINE_NAME_SIZE + 2)

enum column {
	COLUMN_ID,
	COLUMN_MODE,
	COLUMN_DELTAS,
	COLUMN_ACCESS,
	COLUMN_RESULT,
	COLUMN_RULE,
	COLUMN_UNSURE,
	NR_COLUMNS
};

struct row {
	struct vector_word column[NR_COLUMNS];
	bool is_pdpte_load;
	struct tdp_walk_access access;
};

struct table {
	struct vector_run run;
	struct tdp_memory *memory;
	struct tdp_walker *walker;
	bool has_head;
	struct machine machine;
	struct tdp_walk_result result;
	struct vector_text answer;
	char line[VECTOR_TEXT_SIZE + ROW_SIZE];
};

/* Reading a row ------------------------------------------------------------ */

static int split(struct vector_cursor *c, struct row *row)
{
	const char *p = c->p;

	for (size_t i = 0; i < NR_COLUMNS; i++) {
		row->column[i].p = p;
		row->column[i].size = strcspn(p, "\t");
		p += row->column[i].size;
		if (i == NR_COLUMNS - 1)
			break;
		if (!*p)
			return cursor_fail(c, p, "expected %d columns",
					   NR_COLUMNS);
		p++;
	}
	if (*p)
		return cursor_fail(c, p, "more than %d columns", NR_COLUMNS);
	return TDP_OK;
}

/* Deltas are separated by single spaces, and end at the column's end. */
static int parse_deltas(struct vector_cursor *c, struct machine *m)
{
	int ret;

	while (*c->p != '\t') {
		ret = machine_delta(m, c);
		if (ret)
			return ret;
		if (*c->p == ' ')
			c->p++;
		else if (*c->p != '\t')
			return cursor_fail(c, c->p,
					   "expected a space after a delta");
	}
	return TDP_OK;
}

static int parse_access(struct vector_cursor *c, struct row *row)
{
	static const struct {
		const char *name;
		enum tdp_access_kind kind;
	} kinds[] = {
		{ "R", TDP_READ },      { "W", TDP_WRITE },
		{ "X", TDP_FETCH },     { "M", TDP_RMW },
		{ "SSR", TDP_SS_READ }, { "SSW", TDP_SS_WRITE },
	};
	struct vector_word w = cursor_word(c);
	bool known = false;
	int ret;

	row->is_pdpte_load = word_is(w, "PDPTELOAD");
	if (row->is_pdpte_load)
		return cursor_char(c, '\t', "the end of the column");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (word_is(w, kinds[i].name)) {
			row->access.kind = kinds[i].kind;
			known = true;
		}
	if (!known)
		return cursor_fail(
			c, w.p, "expected R, W, X, M, SSR, SSW or PDPTELOAD");
	ret = cursor_char(c, '/', "\"/\" and u, s or ui");
	if (ret)
		return ret;
	w = cursor_word(c);
	row->access.implicit = word_is(w, "ui");
	row->access.user = word_is(w, "u") || row->access.implicit;
	if (!row->access.user && !word_is(w, "s"))
		return cursor_fail(c, w.p, "expected u, s or ui");
	return cursor_char(c, '\t', "the end of the column");
}

static int check_result(struct vector_cursor *c, const struct row *row)
{
	static const char *const words[] = {
		"OK", "PF", "GP0", "EPTV", "EPTM", "VE", "PMLFULL", "NPF",
	};
	struct vector_word w;

	c->p = row->column[COLUMN_RESULT].p;
	w = cursor_word(c);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (word_is(w, words[i]))
			return TDP_OK;
	return cursor_fail(
		c, w.p, "expected OK, PF, GP0, EPTV, EPTM, VE, PMLFULL or NPF");
}

static int parse_row(struct table *t, struct vector_cursor *c, struct row *row)
{
	int ret;

	*row = (struct row){ .access = { .size = 1 } };
	if (strlen(c->text) >= ROW_SIZE)
		return cursor_fail(c, c->text, "row is longer than %d bytes",
				   ROW_SIZE - 1);
	ret = split(c, row);
	if (ret)
		return ret;
	c->p = row->column[COLUMN_MODE].p;
	ret = machine_mode(&t->machine, c);
	if (!ret)
		ret = cursor_char(c, '\t', "the end of the column");
	if (!ret)
		ret = parse_deltas(c, &t->machine);
	if (ret)
		return ret;
	c->p = row->column[COLUMN_ACCESS].p;
	ret = parse_access(c, row);
	if (ret)
		return ret;
	row->access.gva.addr = machine_address(&t->machine);
	return check_result(c, row);
}

/* Writing a result --------------------------------------------------------- */

static void text_0x(struct vector_text *x, const char *name, uint64_t value)
{
	text_add(x, name);
	text_add(x, "0x");
	text_hex(x, value);
}

static void write_outcome(struct vector_text *x, const struct row *row,
			  const struct tdp_walk_result *r)
{
	switch (r->outcome) {
	case TDP_WALK_OK:
		text_add(x, "OK");
		if (row->is_pdpte_load)
			break;
		text_0x(x, " hpa=", r->hpa.addr);
		text_add(x, " mt=");
		text_add(x, tdp_memtype_name(r->memtype));
		break;
	case TDP_WALK_PF:
		text_0x(x, "PF ec=", r->info);
		break;
	case TDP_WALK_EPT_VIOLATION:
	case TDP_WALK_VE:
		text_add(x, r->outcome == TDP_WALK_VE ? "VE" : "EPTV");
		text_0x(x, " q=", r->info);
		text_0x(x, " gpa=", r->gpa.addr);
		break;
	case TDP_WALK_EPT_MISCONFIG:
		text_0x(x, "EPTM gpa=", r->gpa.addr);
		break;
	case TDP_WALK_PML_FULL:
		text_0x(x, "PMLFULL gpa=", r->gpa.addr);
		break;
	case TDP_WALK_NPF:
		text_0x(x, "NPF i1=", r->info);
		text_0x(x, " i2=", r->gpa.addr);
		break;
	default:
		text_add(x, "GP0");
	}
}

struct effects {
	size_t count;
	char text[2 * TDP_WALK_MAX_WRITES][EFFECT_SIZE];
};

static void add_effect(struct effects *all, const char *entry, char flag)
{
	char *text = all->text[all->count++];

	snprintf(text, EFFECT_SIZE, "%s+%c", entry, flag);
}

/* Flags that one write set, under the name of its entry. */
static void add_effects(struct effects *all, const struct machine *m,
			const struct tdp_walk_write *w)
{
	const bool ept = w->stage == TDP_WALK_EPT;
	const uint64_t set = w->value & ~w->old;
	const struct machine_entry *e = machine_entry_at(m, w->hpa.addr);
	char name[MACHINE_NAME_SIZE];

	snprintf(name, sizeof(name), "@%" PRIx64, w->hpa.addr);
	if (set & (ept ? EPT_A : PTE_A))
		add_effect(all, e ? e->name : name, 'A');
	if (set & (ept ? EPT_D : PTE_D))
		add_effect(all, e ? e->name : name, 'D');
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void write_effects(struct vector_text *x, const struct machine *m,
			  const struct tdp_walk_result *r)
{
	struct effects all = { .count = 0 };

	for (unsigned int i = 0; i < r->nr_writes; i++)
		add_effects(&all, m, &r->writes[i]);
	qsort(all.text, all.count, EFFECT_SIZE, compare);
	for (size_t i = 0; i < all.count; i++) {
		text_add(x, i ? "," : " ef=");
		text_add(x, all.text[i]);
	}
	for (unsigned int i = 0; i < r->nr_pml; i++)
		text_0x(x, i ? "," : " pml=", r->pml[i].addr);
}

/* Running a row ------------------------------------------------------------ */

static int load_machine(struct table *t, const struct row *row,
			const struct vector_cursor *c)
{
	struct machine *m = &t->machine;
	enum tdp_state_rule rule;
	int ret;

	tdp_memory_clear(t->memory);
	ret = machine_build(m, t->memory, row->is_pdpte_load, c);
	if (ret)
		return ret;
	rule = tdp_walk_cpu_check(&m->cpu);
	if (rule != TDP_STATE_NONE)
		return cursor_fail(c, c->text,
				   "no processor can be in this state: %s (%s)",
				   tdp_state_rule_about(rule),
				   tdp_refusal_name(tdp_state_rule_refusal(
					   rule, m->cpu.stage2)));
	return tdp_walker_set_cpu(t->walker, &m->cpu, c->err);
}

static int make_access(struct table *t, const struct row *row,
		       const struct vector_cursor *c)
{
	int ret;

	ret = row->is_pdpte_load ?
		      tdp_walk_load_pdptes(t->walker, 0, NULL, &t->result) :
		      tdp_walk(t->walker, &row->access, 0, NULL, &t->result);
	if (ret)
		return cursor_fail(c, row->column[COLUMN_ACCESS].p,
				   "this machine cannot make the access");
	text_clear(&t->answer);
	write_outcome(&t->answer, row, &t->result);
	write_effects(&t->answer, &t->machine, &t->result);
	t->run.summary->accesses++;
	return TDP_OK;
}

/* The line with our result in the place of the stated one. */
static void print_row(struct table *t, const struct row *row)
{
	const struct vector_word *result = &row->column[COLUMN_RESULT];
	const char *start = row->column[COLUMN_ID].p;

	snprintf(t->line, sizeof(t->line), "%.*s%s%s", (int)(result->p - start),
		 start, t->answer.buf, result->p + result->size);
	vector_print(&t->run, t->line);
}

static void compare_row(struct table *t, const struct row *row,
			const struct vector_cursor *c)
{
	const struct vector_word *result = &row->column[COLUMN_RESULT];
	const struct vector_word *access = &row->column[COLUMN_ACCESS];
	char expected[ROW_SIZE];
	char input[ROW_SIZE];
	const struct tdp_vector_mismatch mismatch = {
		.path = c->path,
		.line = c->line,
		.machine = c->line,
		.input = input,
		.expected = expected,
		.actual = t->answer.buf,
	};

	snprintf(expected, sizeof(expected), "%.*s", (int)result->size,
		 result->p);
	snprintf(input, sizeof(input), "%.*s",
		 (int)(access->p + access->size - c->text), c->text);
	for (char *p = input; *p; p++)
		if (*p == '\t')
			*p = ' ';
	vector_verdict(&t->run, !strcmp(expected, t->answer.buf), &mismatch);
}

static int table_line(void *state, struct vector_cursor *c)
{
	struct table *t = state;
	struct row row;
	int ret;

	if (!t->has_head) {
		t->has_head = true;
		if (vector_prints(&t->run))
			vector_print(&t->run, c->text);
		return TDP_OK;
	}
	ret = parse_row(t, c, &row);
	if (!ret)
		ret = load_machine(t, &row, c);
	if (!ret)
		ret = make_access(t, &row, c);
	if (ret)
		return ret;
	if (vector_prints(&t->run))
		print_row(t, &row);
	else
		compare_row(t, &row, c);
	return TDP_OK;
}

static int table_end(void *state)
{
	(void)state;
	return TDP_OK;
}

static void table_destroy(void *state)
{
	struct table *t = state;

	tdp_walker_destroy(t->walker);
	tdp_memory_destroy(t->memory);
	free(t);
}

static int table_create(const struct vector_run *run, void **state)
{
	struct table *t = calloc(1, sizeof(*t));
	int ret;

	if (!t)
		return err_at(run->err, TDP_ENOMEM, run->path, 0, 0,
			      "no memory for a machine");
	t->run = *run;
	ret = tdp_memory_create(VECTOR_FLAT_SIZE, &t->memory, run->err);
	if (!ret)
		ret = tdp_walker_create(t->memory, &t->walker, run->err);
	if (ret) {
		table_destroy(t);
		return ret;
	}
	*state = t;
	return TDP_OK;
}

const struct vector_format vector_table = {
	.create = table_create,
	.line = table_line,
	.end = table_end,
	.destroy = table_destroy,
};
