/* SPDX-License-Identifier: MIT */
/*
 * The walk script: lines that set state and memory, make an access, and state
 * its answer.  docs/vectors.md, "The walk script".
 */
#include "scenario/vector_run.h"

#include <inttypes.h>
#include <stdlib.h>

#include "arch/regs.h"
#include "base/error.h"
#include "scenario/vector_answer.h"

#define MAX_WORDS  65536 /* m and n lines a machine */
#define INPUT_SIZE 64    /* an access line: "A", 16 digits, two flags */

enum key {
	KEY_VENDOR,
	KEY_MODE,
	KEY_CR0,
	KEY_CR3,
	KEY_CR4,
	KEY_EFER,
	KEY_RFLAGS,
	KEY_PKRU,
	KEY_PKRS,
	KEY_PAT,
	KEY_MAXPA,
	KEY_GB,
	KEY_EPTP,
	KEY_CTRL2,
	KEY_ADVINFO,
	KEY_NCR3,
	KEY_HCR4,
	KEY_HEFER,
	NR_KEYS
};

enum value_kind { HEX, DECIMAL, WORD };

/* clang-format off */
static const struct key_info {
	const char *name;
	enum value_kind kind;
	uint64_t initial;
	uint64_t max;		/* of HEX and DECIMAL */
} keys[NR_KEYS] = {
	[KEY_VENDOR]	= { "vendor", WORD, TDP_INTEL, 0 },
	[KEY_MODE]	= { "mode", WORD, TDP_STAGE2_NONE, 0 },
	[KEY_CR0]	= { "cr0", HEX, 0x80010031, UINT64_MAX },
	[KEY_CR3]	= { "cr3", HEX, 0, UINT64_MAX },
	[KEY_CR4]	= { "cr4", HEX, 0xa0, UINT64_MAX },
	[KEY_EFER]	= { "efer", HEX, 0xd01, UINT64_MAX },
	[KEY_RFLAGS]	= { "rflags", HEX, 0, UINT64_MAX },
	[KEY_PKRU]	= { "pkru", HEX, 0, UINT32_MAX },
	[KEY_PKRS]	= { "pkrs", HEX, 0, UINT32_MAX },
	[KEY_PAT]	= { "pat", HEX, TDP_PAT_RESET, UINT64_MAX },
	[KEY_MAXPA]	= { "maxpa", DECIMAL, 46, 52 },
	[KEY_GB]	= { "gb", HEX, 1, 1 },
	[KEY_EPTP]	= { "eptp", HEX, 0x1e, UINT64_MAX },
	[KEY_CTRL2]	= { "ctrl2", HEX, 0, TDP_EPT_CTRL2_MBE },
	[KEY_ADVINFO]	= { "advinfo", HEX, 0, 1 },
	[KEY_NCR3]	= { "ncr3", HEX, 0, UINT64_MAX },
	[KEY_HCR4]	= { "hcr4", HEX, 0xa0, UINT64_MAX },
	[KEY_HEFER]	= { "hefer", HEX, 0xd00, UINT64_MAX },
};
/* clang-format on */

struct script {
	struct vector_run run;
	struct tdp_memory *memory;
	struct tdp_walker *walker;

	uint64_t state[NR_KEYS];
	bool state_is_loaded; /* the walker has it */
	bool loads_pdptes;
	unsigned int state_line;   /* that changed it last */
	unsigned int machine_line; /* of the R */
	unsigned int nr_words;

	bool waiting; /* for the answer to input */
	char input[INPUT_SIZE];
	struct vector_text answer;
	struct vector_steps steps;
};

/* State -------------------------------------------------------------------- */

static void reset_state(struct script *s, unsigned int line)
{
	for (size_t i = 0; i < NR_KEYS; i++)
		s->state[i] = keys[i].initial;
	s->state_is_loaded = false;
	s->state_line = s->machine_line = line;
	s->nr_words = 0;
}

static uint32_t features_of(const uint64_t *state)
{
	uint32_t features = TDP_FEATURE_PSE36 | TDP_FEATURE_PAT |
			    TDP_FEATURE_NX | TDP_FEATURE_LA57 |
			    TDP_FEATURE_SMEP | TDP_FEATURE_SMAP |
			    TDP_FEATURE_PKU | TDP_FEATURE_PKS;

	if (state[KEY_GB])
		features |= TDP_FEATURE_GBPAGES;
	return features;
}

static void fill_ept(struct tdp_ept *ept, const uint64_t *state)
{
	*ept = (struct tdp_ept){
		.eptp = state[KEY_EPTP],
		.ctrl2 = (uint32_t)state[KEY_CTRL2],
		.cap = TDP_EPT_CAP_EXEC_ONLY | TDP_EPT_CAP_4_LEVELS |
		       TDP_EPT_CAP_5_LEVELS | TDP_EPT_CAP_UC | TDP_EPT_CAP_WB |
		       TDP_EPT_CAP_2M | TDP_EPT_CAP_AD,
	};
	if (state[KEY_GB])
		ept->cap |= TDP_EPT_CAP_1G;
	if (state[KEY_ADVINFO])
		ept->cap |= TDP_EPT_CAP_ADVANCED;
}

static void fill_cpu(struct tdp_walk_cpu *cpu, const uint64_t *state)
{
	tdp_walk_cpu_init(cpu, (enum tdp_vendor)state[KEY_VENDOR]);
	cpu->features = features_of(state);
	cpu->maxphyaddr = (unsigned int)state[KEY_MAXPA];
	cpu->guest_maxphyaddr = cpu->maxphyaddr;
	cpu->cr0 = state[KEY_CR0];
	cpu->cr3 = state[KEY_CR3];
	cpu->cr4 = state[KEY_CR4];
	cpu->efer = state[KEY_EFER];
	cpu->rflags = state[KEY_RFLAGS];
	cpu->pkru = (uint32_t)state[KEY_PKRU];
	cpu->pkrs = (uint32_t)state[KEY_PKRS];
	cpu->pat = state[KEY_PAT];
	cpu->stage2 = (enum tdp_stage2)state[KEY_MODE];
	fill_ept(&cpu->ept, state);
	cpu->npt.ncr3 = state[KEY_NCR3];
	cpu->npt.cr4 = state[KEY_HCR4];
	cpu->npt.efer = state[KEY_HEFER];
	/* The format's choice; the library's default reports bits 0 and 1. */
	cpu->choices.rmw_write_only = true;
}

/*
 * The four PDPTEs are loaded before each access, as if by MOV to CR3, where
 * the processor has registers for them.  AMD reads them on each walk.
 */
static bool has_pdpte_registers(const struct tdp_walk_cpu *cpu)
{
	return cpu->cr0 & CR0_PG && cpu->cr4 & CR4_PAE &&
	       !(cpu->efer & EFER_LMA) && cpu->vendor == TDP_INTEL;
}

static int load_state(struct script *s)
{
	struct tdp_walk_cpu cpu;
	enum tdp_state_rule rule;
	int ret;

	if (s->state_is_loaded)
		return TDP_OK;
	fill_cpu(&cpu, s->state);
	rule = tdp_walk_cpu_check(&cpu);
	if (rule != TDP_STATE_NONE)
		return err_at(s->run.err, TDP_EINPUT, s->run.path,
			      s->state_line, 1,
			      "no processor can be in this state: %s (%s)",
			      tdp_state_rule_about(rule),
			      tdp_refusal_name(tdp_state_rule_refusal(
				      rule, cpu.stage2)));
	ret = tdp_walker_set_cpu(s->walker, &cpu, s->run.err);
	if (ret)
		return ret;
	s->loads_pdptes = has_pdpte_registers(&cpu);
	s->state_is_loaded = true;
	return TDP_OK;
}

/* Lines that set ----------------------------------------------------------- */

static int line_reset(struct script *s, struct vector_cursor *c)
{
	int ret = cursor_end(c);

	if (ret)
		return ret;
	reset_state(s, c->line);
	tdp_memory_clear(s->memory);
	return TDP_OK;
}

static int parse_address(struct vector_cursor *c, unsigned int align,
			 uint64_t *address)
{
	const char *start = c->p;
	int ret = cursor_hex(c, address);

	if (ret)
		return ret;
	if (*address >> 52)
		return cursor_fail(c, start, "address needs more than 52 bits");
	if (!is_aligned(*address, align))
		return cursor_fail(c, start, "address is no multiple of %u",
				   align);
	return TDP_OK;
}

static int parse_word(struct vector_cursor *c, unsigned int bytes,
		      uint64_t *address, uint64_t *value)
{
	const char *start;
	int ret = parse_address(c, bytes, address);

	if (!ret)
		ret = cursor_char(c, ' ', "a space and a value");
	start = c->p;
	if (!ret)
		ret = cursor_hex(c, value);
	if (!ret && bytes == 4 && *value > UINT32_MAX)
		return cursor_fail(c, start, "value needs more than 32 bits");
	return ret ? ret : cursor_end(c);
}

static int line_memory(struct script *s, struct vector_cursor *c,
		       unsigned int bytes)
{
	uint64_t address, value;
	int ret = parse_word(c, bytes, &address, &value);

	if (ret)
		return ret;
	if (++s->nr_words > MAX_WORDS)
		return err_at(s->run.err, TDP_ELIMIT, c->path, c->line, 1,
			      "more than %d words of memory set by a machine",
			      MAX_WORDS);
	ret = tdp_memory_write(s->memory, TDP_HPA(address), &value, bytes);
	if (ret)
		return err_at(s->run.err, ret, c->path, c->line, 1,
			      "no memory for the machine's memory");
	return TDP_OK;
}

static int parse_keyword(struct vector_cursor *c, enum key key, uint64_t *value)
{
	static const char *const vendors[] = { "intel", "amd" };
	static const char *const modes[] = { "native", "ept", "npt" };
	const bool vendor = key == KEY_VENDOR;
	const char *const *words = vendor ? vendors : modes;
	const size_t count = vendor ? ARRAY_SIZE(vendors) : ARRAY_SIZE(modes);
	struct vector_word w = cursor_word(c);

	for (size_t i = 0; i < count; i++)
		if (word_is(w, words[i])) {
			*value = i;
			return TDP_OK;
		}
	return cursor_fail(c, w.p,
			   vendor ? "expected intel or amd" :
				    "expected native, ept or npt");
}

static int parse_value(struct vector_cursor *c, enum key key, uint64_t *value)
{
	const struct key_info *info = &keys[key];
	const char *start = c->p;
	int ret;

	if (info->kind == WORD)
		return parse_keyword(c, key, value);
	if (info->kind == DECIMAL)
		return cursor_decimal(c, 32, info->max, value);
	ret = cursor_hex(c, value);
	if (ret)
		return ret;
	if (*value > info->max)
		return cursor_fail(c, start, "%s is at most %" PRIx64,
				   info->name, info->max);
	if (key == KEY_CTRL2 && *value & ~(uint64_t)TDP_EPT_CTRL2_MBE)
		return cursor_fail(
			c, start,
			"only bit 22, mode-based execute, has a place in this format");
	return TDP_OK;
}

static int parse_setting(struct vector_cursor *c, uint64_t *state)
{
	struct vector_word w = cursor_word(c);
	int ret;

	for (size_t i = 0; i < NR_KEYS; i++) {
		if (!word_is(w, keys[i].name))
			continue;
		ret = cursor_char(c, '=', "\"=\" and a value");
		return ret ? ret : parse_value(c, (enum key)i, &state[i]);
	}
	return cursor_fail(c, w.p, "no state is called \"%.*s\"", (int)w.size,
			   w.p);
}

static int line_state(struct script *s, struct vector_cursor *c)
{
	uint64_t state[NR_KEYS];
	int ret;

	memcpy(state, s->state, sizeof(state));
	do {
		ret = parse_setting(c, state);
		if (ret)
			return ret;
	} while (*c->p == ' ' && c->p++);
	ret = cursor_end(c);
	if (ret)
		return ret;
	memcpy(s->state, state, sizeof(state));
	s->state_is_loaded = false;
	s->state_line = c->line;
	return TDP_OK;
}

/* Lines that access -------------------------------------------------------- */

static void undo(struct script *s, const struct tdp_walk_result *r)
{
	/* An entry that was written exists: this cannot run out of memory. */
	for (unsigned int i = r->nr_writes; i-- > 0;)
		(void)tdp_memory_write(s->memory, r->writes[i].hpa,
				       &r->writes[i].old, r->writes[i].bytes);
}

/* The load of the PDPTEs, if there is one, and the walk, if that succeeds. */
static int walk_steps(struct script *s, const struct tdp_walk_access *access,
		      const struct tdp_stage2_access *second)
{
	struct vector_steps *st = &s->steps;
	int ret = TDP_OK;

	st->second_stage = second;
	st->native = s->state[KEY_MODE] == TDP_STAGE2_NONE;
	st->has_load = !second && s->loads_pdptes;
	if (st->has_load)
		ret = tdp_walk_load_pdptes(s->walker, 0, NULL, &st->load);
	st->has_walk = !st->has_load || st->load.outcome == TDP_WALK_OK;
	if (ret || !st->has_walk)
		return ret;
	if (second)
		return tdp_walk_stage2(s->walker, second, 0, NULL, &st->walk);
	return tdp_walk(s->walker, access, 0, NULL, &st->walk);
}

/* Make the access, leave its answer in s->answer. */
static int make_access(struct script *s, struct vector_cursor *c,
		       const struct tdp_walk_access *access,
		       const struct tdp_stage2_access *second, bool keep)
{
	const size_t size = strlen(c->text);
	const int ret = walk_steps(s, access, second);

	if (ret)
		return err_at(s->run.err, ret, c->path, c->line, 1,
			      "this machine cannot make the access");
	if (!keep && s->steps.has_walk)
		undo(s, &s->steps.walk);
	if (!keep && s->steps.has_load)
		undo(s, &s->steps.load);
	answer_write(&s->answer, &s->steps);

	assert(size < sizeof(s->input));
	memcpy(s->input, c->text, size + 1);
	s->waiting = true;
	s->run.summary->accesses++;
	return TDP_OK;
}

static bool parse_kind(struct vector_cursor *c, const char *letters,
		       enum tdp_access_kind *kind)
{
	static const enum tdp_access_kind kinds[] = {
		TDP_READ,
		TDP_WRITE,
		TDP_FETCH,
		TDP_RMW,
	};
	const char *found = *c->p ? strchr(letters, *c->p) : NULL;

	if (!found)
		return false;
	*kind = kinds[found - letters];
	c->p++;
	return true;
}

/* The address of an access; 16 digits keep the line short (INPUT_SIZE). */
static int parse_target(struct vector_cursor *c, uint64_t *address)
{
	const char *start = c->p;
	int ret = cursor_hex(c, address);

	if (ret)
		return ret;
	if (c->p - start > 16)
		return cursor_fail(c, start, "number has more than 16 digits");
	return cursor_char(c, ' ', "a space and flags");
}

static int line_access(struct script *s, struct vector_cursor *c, bool keep)
{
	struct tdp_walk_access access = { .size = 1 };
	int ret = parse_target(c, &access.gva.addr);

	if (ret)
		return ret;
	if (!parse_kind(c, "rwxb", &access.kind))
		return cursor_fail(c, c->p, "expected r, w, x or b");
	if (*c->p != 'u' && *c->p != 's')
		return cursor_fail(c, c->p, "expected u or s");
	access.user = *c->p++ == 'u';
	ret = cursor_end(c);
	if (!ret)
		ret = load_state(s);
	return ret ? ret : make_access(s, c, &access, NULL, keep);
}

static int line_second_stage(struct script *s, struct vector_cursor *c,
			     bool keep)
{
	struct tdp_stage2_access access = { .user = false };
	const char *start = c->p;
	int ret = parse_target(c, &access.gpa.addr);

	if (ret)
		return ret;
	if (access.gpa.addr >> 52)
		return cursor_fail(c, start, "address needs more than 52 bits");
	if (!parse_kind(c, "rwx", &access.kind))
		return cursor_fail(c, c->p, "expected r, w or x");
	if (*c->p == 'p') {
		access.table = true;
		c->p++;
	}
	ret = cursor_end(c);
	if (ret)
		return ret;
	if (s->state[KEY_MODE] == TDP_STAGE2_NONE)
		return cursor_fail(c, c->text,
				   "mode=native has no second stage");
	ret = load_state(s);
	return ret ? ret : make_access(s, c, NULL, &access, keep);
}

/* Answers ------------------------------------------------------------------ */

static int line_answer(struct script *s, struct vector_cursor *c)
{
	const struct tdp_vector_mismatch mismatch = {
		.path = c->path,
		.line = c->line,
		.machine = s->machine_line,
		.input = s->input,
		.expected = c->p,
		.actual = s->answer.buf,
	};
	bool passed;
	int ret;

	if (!s->waiting)
		return cursor_fail(c, c->text, "no access to answer");
	s->waiting = false;
	passed = answer_matches(c->p, s->answer.buf);
	if (!passed) {
		ret = answer_check(c);
		if (ret)
			return ret;
	}
	if (!vector_prints(&s->run))
		vector_verdict(&s->run, passed, &mismatch);
	return TDP_OK;
}

static void print_answer(struct script *s)
{
	char line[VECTOR_TEXT_SIZE + 2] = "= ";

	memcpy(line + 2, s->answer.buf,
	       (size_t)(s->answer.end - s->answer.buf) + 1);
	vector_print(&s->run, line);
}

/* What the letter at the start of a line asks for. */
static int dispatch(struct script *s, struct vector_cursor *c)
{
	const char letter = *c->p++;
	int ret;

	if (letter == 'R')
		return line_reset(s, c);
	if (!strchr("mnsaAgG=", letter))
		return cursor_fail(c, c->text,
				   "expected R, m, n, s, a, A, g, G, = or #");
	ret = cursor_char(c, ' ', "a space");
	if (ret)
		return ret;
	switch (letter) {
	case 'm':
		return line_memory(s, c, 8);
	case 'n':
		return line_memory(s, c, 4);
	case 's':
		return line_state(s, c);
	case '=':
		return line_answer(s, c);
	case 'a':
	case 'A':
		return line_access(s, c, letter == 'a');
	default:
		return line_second_stage(s, c, letter == 'g');
	}
}

static int script_line(void *state, struct vector_cursor *c)
{
	struct script *s = state;
	const bool is_answer = *c->text == '=';
	const bool owes_answer = s->waiting;
	int ret;

	if (vector_prints(&s->run) && owes_answer)
		print_answer(s);
	if (!is_answer)
		s->waiting = false;
	ret = dispatch(s, c);
	if (!ret && vector_prints(&s->run) && !is_answer)
		vector_print(&s->run, c->text);
	return ret;
}

static int script_end(void *state)
{
	struct script *s = state;

	if (vector_prints(&s->run) && s->waiting)
		print_answer(s);
	return TDP_OK;
}

static void script_destroy(void *state)
{
	struct script *s = state;

	tdp_walker_destroy(s->walker);
	tdp_memory_destroy(s->memory);
	free(s);
}

static int script_create(const struct vector_run *run, void **state)
{
	struct script *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return err_at(run->err, TDP_ENOMEM, run->path, 0, 0,
			      "no memory for a machine");
	s->run = *run;
	ret = tdp_memory_create(VECTOR_FLAT_SIZE, &s->memory, run->err);
	if (!ret)
		ret = tdp_walker_create(s->memory, &s->walker, run->err);
	if (ret) {
		script_destroy(s);
		return ret;
	}
	reset_state(s, 1);
	*state = s;
	return TDP_OK;
}

const struct vector_format vector_script = {
	.create = script_create,
	.line = script_line,
	.end = script_end,
	.destroy = script_destroy,
};
