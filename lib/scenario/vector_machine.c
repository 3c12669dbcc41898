/* SPDX-License-Identifier: MIT */
#include "scenario/vector_machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "arch/regs.h"
#include "base/error.h"

/*
 * Host-physical layout.  Guest page p lies at p + GUEST_OFFSET under a second
 * stage, and at p without one; the tables of the second stage lie between.
 */
#define NESTED_PML5    UINT64_C(0xff000)
#define NESTED_PML4    UINT64_C(0x100000)
#define NESTED_MORE    UINT64_C(0x110000) /* tables that rows add */
#define NESTED_END     UINT64_C(0x180000)
#define PML_PAGE       UINT64_C(0x180000)
#define VE_PAGE        UINT64_C(0x181000)
#define GUEST_OFFSET   UINT64_C(0x200000)
#define NR_GUEST_PAGES 16

/* Guest ------------------------------------------------------------------- */

struct guest_entry {
	const char *name;
	uint64_t gpa;
	uint64_t value;
};

struct machine_mode {
	const char *name;
	uint64_t address; /* linear */
	uint64_t cr3;
	unsigned int entry_bytes;
	bool paging, pae, lma, la57;
	struct guest_entry entry[6];
};

/* clang-format off */
static const struct machine_mode modes[] = {
	{ "4l", 0x8080604008, 0x1000, 8, true, true, true, false, {
		{ "PML4E", 0x1008, 0x2027 },
		{ "PDPTE", 0x2010, 0x3027 },
		{ "PDE", 0x3018, 0x4027 },
		{ "PTE", 0x4020, 0x5067 } } },
	{ "5l", 0x5008080604008, 0x6000, 8, true, true, true, true, {
		{ "PML5E", 0x6028, 0x1027 },
		{ "PML4E", 0x1008, 0x2027 },
		{ "PDPTE", 0x2010, 0x3027 },
		{ "PDE", 0x3018, 0x4027 },
		{ "PTE", 0x4020, 0x5067 } } },
	{ "pae", 0x80604008, 0x2000, 8, true, true, false, false, {
		{ "PDPTE", 0x2010, 0x3001 },
		{ "PDE", 0x3018, 0x4027 },
		{ "PTE", 0x4020, 0x5067 } } },
	{ "32", 0xc04008, 0x3000, 4, true, false, false, false, {
		{ "PDE", 0x300c, 0x4027 },
		{ "PTE", 0x4010, 0x5067 } } },
	{ "none", 0x5008, 0, 8, false, false, false, false, {
		{ NULL, 0, 0 } } },
};
/* clang-format on */

/* Flags -------------------------------------------------------------------- */

enum flag_kind { BOOLEAN, HEX, DECIMAL, STAGE, TYPE };

/* clang-format off */
static const struct flag_info {
	const char *name;
	enum flag_kind kind;
	uint64_t initial;
	uint64_t min, max;		/* HEX, DECIMAL */
} flags[NR_FLAGS] = {
	[FLAG_WP]	= { "wp", BOOLEAN, 1, 0, 0 },
	[FLAG_CD]	= { "cd", BOOLEAN, 0, 0, 0 },
	[FLAG_NXE]	= { "nxe", BOOLEAN, 1, 0, 0 },
	[FLAG_PSE]	= { "pse", BOOLEAN, 1, 0, 0 },
	[FLAG_SMEP]	= { "smep", BOOLEAN, 0, 0, 0 },
	[FLAG_SMAP]	= { "smap", BOOLEAN, 0, 0, 0 },
	[FLAG_AC]	= { "ac", BOOLEAN, 0, 0, 0 },
	[FLAG_PKE]	= { "pke", BOOLEAN, 0, 0, 0 },
	[FLAG_PKRU]	= { "pkru", HEX, 0, 0, UINT32_MAX },
	[FLAG_PKS]	= { "pks", BOOLEAN, 0, 0, 0 },
	[FLAG_PKRS]	= { "pkrs", HEX, 0, 0, UINT32_MAX },
	[FLAG_CET]	= { "cet", BOOLEAN, 0, 0, 0 },
	[FLAG_PAT]	= { "pat", HEX, TDP_PAT_RESET, 0, UINT64_MAX },
	[FLAG_MAXPA]	= { "maxpa", DECIMAL, 46, 32, 52 },
	[FLAG_PSEW]	= { "psew", DECIMAL, 0, 32, 52 },
	[FLAG_GB]	= { "gb", BOOLEAN, 1, 0, 0 },
	[FLAG_VA]	= { "va", HEX, 0, 0, UINT64_MAX },
	[FLAG_S2]	= { "s2", STAGE, TDP_STAGE2_EPT, 0, 0 },
	[FLAG_XO]	= { "xo", BOOLEAN, 1, 0, 0 },
	[FLAG_E2M]	= { "e2m", BOOLEAN, 1, 0, 0 },
	[FLAG_E1G]	= { "e1g", BOOLEAN, 1, 0, 0 },
	[FLAG_ADV]	= { "adv", BOOLEAN, 0, 0, 0 },
	[FLAG_EPTPWL]	= { "eptpwl", DECIMAL, 4, 4, 5 },
	[FLAG_EPTAD]	= { "eptad", BOOLEAN, 0, 0, 0 },
	[FLAG_MBE]	= { "mbe", BOOLEAN, 0, 0, 0 },
	[FLAG_SSS]	= { "sss", BOOLEAN, 0, 0, 0 },
	[FLAG_PWC]	= { "pwc", BOOLEAN, 0, 0, 0 },
	[FLAG_GPV]	= { "gpv", BOOLEAN, 0, 0, 0 },
	[FLAG_PML]	= { "pml", BOOLEAN, 0, 0, 0 },
	[FLAG_PMLIDX]	= { "pmlidx", HEX, 511, 0, UINT16_MAX },
	[FLAG_VECTL]	= { "vectl", BOOLEAN, 0, 0, 0 },
	[FLAG_VEOK]	= { "veok", BOOLEAN, 1, 0, 0 },
	[FLAG_HNXE]	= { "hnxe", BOOLEAN, 1, 0, 0 },
	[FLAG_HSMEP]	= { "hsmep", BOOLEAN, 0, 0, 0 },
	[FLAG_HPAT]	= { "hpat", HEX, TDP_PAT_RESET, 0, UINT64_MAX },
	[FLAG_GMET]	= { "gmet", BOOLEAN, 0, 0, 0 },
	[FLAG_ROGPT]	= { "rogpt", BOOLEAN, 0, 0, 0 },
	[FLAG_SSSCHK]	= { "ssschk", BOOLEAN, 0, 0, 0 },
	[FLAG_MT_DEF]	= { "mt_def", TYPE, TDP_MT_WB, 0, 0 },
	[FLAG_MT_E]	= { "mt_e", BOOLEAN, 1, 0, 0 },
};
/* clang-format on */

int machine_mode(struct machine *m, struct vector_cursor *c)
{
	struct vector_word w = cursor_word(c);

	*m = (struct machine){ .next_table = NESTED_MORE };
	for (size_t i = 0; i < NR_FLAGS; i++)
		m->flag[i] = flags[i].initial;
	tdp_mtrr_reset(&m->mtrr, 8, false);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (word_is(w, modes[i].name)) {
			m->mode = &modes[i];
			m->flag[FLAG_VA] = modes[i].address;
			return TDP_OK;
		}
	return cursor_fail(c, w.p, "expected mode 4l, 5l, pae, 32 or none");
}

uint64_t machine_address(const struct machine *m)
{
	return m->flag[FLAG_VA];
}

/* Numbers here may be written with or without 0x. */
static int parse_hex(struct vector_cursor *c, uint64_t min, uint64_t max,
		     uint64_t *value)
{
	const char *start = c->p;
	int ret;

	if (!strncmp(c->p, "0x", 2))
		c->p += 2;
	ret = cursor_hex(c, value);
	if (ret)
		return ret;
	if (*value < min || *value > max)
		return cursor_fail(c, start,
				   "expected a number from %" PRIx64
				   " to %" PRIx64,
				   min, max);
	return TDP_OK;
}

static int parse_stage(struct vector_cursor *c, uint64_t *value)
{
	static const char *const names[] = {
		[TDP_STAGE2_NONE] = "none",
		[TDP_STAGE2_EPT] = "ept",
		[TDP_STAGE2_NPT] = "npt",
	};
	struct vector_word w = cursor_word(c);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (word_is(w, names[i])) {
			*value = i;
			return TDP_OK;
		}
	return cursor_fail(c, w.p, "expected none, ept or npt");
}

static int parse_type(struct vector_cursor *c, uint64_t *value)
{
	struct vector_word w = cursor_word(c);

	for (unsigned int i = 0; i < TDP_MT_UC_MINUS; i++)
		if (word_is(w, tdp_memtype_name((enum tdp_memtype)i))) {
			*value = i;
			return TDP_OK;
		}
	return cursor_fail(c, w.p, "expected UC, WC, WT, WP or WB");
}

static int parse_flag(struct vector_cursor *c, const struct flag_info *info,
		      uint64_t *value)
{
	switch (info->kind) {
	case BOOLEAN:
		return parse_hex(c, 0, 1, value);
	case DECIMAL:
		return cursor_decimal(c, info->min, info->max, value);
	case STAGE:
		return parse_stage(c, value);
	case TYPE:
		return parse_type(c, value);
	default:
		return parse_hex(c, info->min, info->max, value);
	}
}

/* mt_var=BASE/MASK: the next variable MTRR, as WRMSR would set it. */
static int parse_range(struct machine *m, struct vector_cursor *c)
{
	const uint32_t msr = 0x200 + 2 * m->nr_ranges;
	const unsigned int maxpa = (unsigned int)m->flag[FLAG_MAXPA];
	enum tdp_msr_rule rule;
	uint64_t base, mask;
	const char *start = c->p;
	int ret = parse_hex(c, 0, UINT64_MAX, &base);

	if (!ret)
		ret = cursor_char(c, '/', "\"/\" and a mask");
	if (!ret)
		ret = parse_hex(c, 0, UINT64_MAX, &mask);
	if (ret)
		return ret;
	rule = tdp_mtrr_write(&m->mtrr, msr, base, maxpa, false);
	if (rule == TDP_MSR_OK)
		rule = tdp_mtrr_write(&m->mtrr, msr + 1, mask, maxpa, false);
	if (rule != TDP_MSR_OK)
		return cursor_fail(c, start, "MTRR: %s",
				   tdp_msr_rule_name(rule));
	m->nr_ranges++;
	return TDP_OK;
}

static bool is_guest_entry(const struct machine *m, struct vector_word w)
{
	for (size_t i = 0; i < ARRAY_SIZE(m->mode->entry); i++)
		if (m->mode->entry[i].name &&
		    word_is(w, m->mode->entry[i].name))
			return true;
	return false;
}

/* N5..N2, or N1 with "@" and the page's address. */
static int parse_nested_name(struct vector_cursor *c, struct vector_word w,
			     struct machine_entry *change)
{
	uint64_t page;
	int ret;

	memcpy(change->name, w.p, w.size);
	if (w.p[1] != '1')
		return TDP_OK;
	ret = cursor_char(c, '@', "\"@\" and the page of N1");
	if (ret)
		return ret;
	ret = parse_hex(c, 0, BITS(51, 0), &page);
	if (ret)
		return ret;
	if (page & 0xfff)
		return cursor_fail(c, w.p, "N1 is of no whole page");
	snprintf(change->name, sizeof(change->name), "N1@%" PRIx64, page);
	return TDP_OK;
}

static int parse_entry(struct machine *m, struct vector_cursor *c,
		       struct vector_word w)
{
	struct machine_entry *change = &m->change[m->nr_changes];
	const bool nested = w.size == 2 && w.p[0] == 'N' && w.p[1] >= '1' &&
			    w.p[1] <= '5';
	int ret;

	if (m->nr_changes == ARRAY_SIZE(m->change))
		return cursor_fail(c, w.p, "too many entries changed");
	*change = (struct machine_entry){ .name = "", .at = w.p };
	if (nested) {
		ret = parse_nested_name(c, w, change);
		if (ret)
			return ret;
	} else if (is_guest_entry(m, w)) {
		memcpy(change->name, w.p, w.size);
	} else {
		return cursor_fail(c, w.p,
				   "no flag and no entry is called \"%.*s\"",
				   (int)w.size, w.p);
	}
	ret = cursor_char(c, '=', "\"=\" and a value");
	if (!ret)
		ret = parse_hex(c, 0, UINT64_MAX, &change->value);
	if (!ret)
		m->nr_changes++;
	return ret;
}

int machine_delta(struct machine *m, struct vector_cursor *c)
{
	struct vector_word w = cursor_word(c);
	int ret;

	for (size_t i = 0; i < NR_FLAGS; i++) {
		if (!word_is(w, flags[i].name))
			continue;
		ret = cursor_char(c, '=', "\"=\" and a value");
		return ret ? ret : parse_flag(c, &flags[i], &m->flag[i]);
	}
	if (word_is(w, "mt_var")) {
		ret = cursor_char(c, '=', "\"=\" and a value");
		return ret ? ret : parse_range(m, c);
	}
	return parse_entry(m, c, w);
}

/* Tables ------------------------------------------------------------------- */

static const struct machine_entry *find(const struct machine_entry *list,
					size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i].name, name))
			return &list[i];
	return NULL;
}

const struct machine_entry *machine_entry_at(const struct machine *m,
					     uint64_t hpa)
{
	for (size_t i = 0; i < m->nr_entries; i++)
		if (m->entry[i].hpa == hpa)
			return &m->entry[i];
	return NULL;
}

/* Name an entry, give it its value of the row or else the baseline's. */
static bool add_entry(struct machine *m, const char *name, uint64_t hpa,
		      unsigned int bytes, uint64_t value)
{
	const struct machine_entry *change = find(m->change, m->nr_changes,
						  name);
	struct machine_entry *e = &m->entry[m->nr_entries];

	if (m->nr_entries == ARRAY_SIZE(m->entry))
		return false;
	m->nr_entries++;
	*e = (struct machine_entry){
		.hpa = hpa,
		.bytes = bytes,
		.value = change ? change->value : value,
	};
	snprintf(e->name, sizeof(e->name), "%s", name);
	return true;
}

/* Flags of a nested entry of the baseline. */
static uint64_t nested_flags(const struct machine *m, bool leaf)
{
	uint64_t value;

	if (m->flag[FLAG_S2] == TDP_STAGE2_NPT)
		return leaf ? 0x67 : 0x27;
	value = leaf ? 0x37 : 0x7;
	if (m->flag[FLAG_EPTAD])
		value |= leaf ? BIT(8) | BIT(9) : BIT(8);
	if (m->flag[FLAG_MBE])
		value |= BIT(10);
	return value;
}

static uint64_t slot_of(uint64_t table, uint64_t gpa, unsigned int level)
{
	return table + 8 * (gpa >> (12 + 9 * (level - 1)) & 511);
}

/* The five shared entries and the sixteen pages. */
static bool add_nested(struct machine *m)
{
	bool ok = true;
	char name[MACHINE_NAME_SIZE] = "N5";
	uint64_t table = NESTED_PML5;

	for (unsigned int level = 5; level > 1; level--) {
		const uint64_t next = NESTED_PML4 + (5 - level) * 0x1000;

		name[1] = (char)('0' + level);
		if (level <= m->flag[FLAG_EPTPWL])
			ok &= add_entry(m, name, table, 8,
					next | nested_flags(m, false));
		table = next;
	}
	for (uint64_t p = 0; p < NR_GUEST_PAGES * 0x1000; p += 0x1000) {
		snprintf(name, sizeof(name), "N1@%" PRIx64, p);
		ok &= add_entry(m, name, slot_of(table, p, 1), 8,
				(p + GUEST_OFFSET) | nested_flags(m, true));
	}
	return ok;
}

/*
 * A page that the row adds.  Above it the tables are as in the baseline, even
 * where the row changes the shared entries.
 */
static bool add_page(struct machine *m, const char *name, uint64_t gpa)
{
	uint64_t table = NESTED_PML4;

	for (unsigned int level = 4; level > 1; level--) {
		const uint64_t slot = slot_of(table, gpa, level);
		const struct machine_entry *e = machine_entry_at(m, slot);
		char unnamed[MACHINE_NAME_SIZE];

		if (e) {
			table = e->value & BITS(51, 12);
			continue;
		}
		if (m->next_table == NESTED_END)
			return false;
		table = m->next_table;
		m->next_table += 0x1000;
		snprintf(unnamed, sizeof(unnamed), "N%u@%" PRIx64, level, gpa);
		if (!add_entry(m, unnamed, slot, 8,
			       table | nested_flags(m, false)))
			return false;
	}
	return add_entry(m, name, slot_of(table, gpa, 1), 8, 0);
}

static bool add_pages(struct machine *m)
{
	bool ok = true;

	for (size_t i = 0; i < m->nr_changes; i++) {
		const char *name = m->change[i].name;

		if (!strncmp(name, "N1@", 3) &&
		    !find(m->entry, m->nr_entries, name))
			ok &= add_page(m, name, strtoull(name + 3, NULL, 16));
	}
	return ok;
}

static bool add_guest(struct machine *m)
{
	const bool nested = m->flag[FLAG_S2] != TDP_STAGE2_NONE;
	bool ok = true;

	for (size_t i = 0; i < ARRAY_SIZE(m->mode->entry); i++) {
		const struct guest_entry *e = &m->mode->entry[i];

		if (e->name)
			ok &= add_entry(m, e->name,
					e->gpa + (nested ? GUEST_OFFSET : 0),
					m->mode->entry_bytes, e->value);
	}
	return ok;
}

/* Registers ---------------------------------------------------------------- */

static uint64_t if_flag(const struct machine *m, enum machine_flag flag,
			uint64_t bits)
{
	return m->flag[flag] ? bits : 0;
}

static void fill_guest(struct machine *m)
{
	const struct machine_mode *mode = m->mode;
	struct tdp_walk_cpu *cpu = &m->cpu;

	cpu->maxphyaddr = (unsigned int)m->flag[FLAG_MAXPA];
	cpu->guest_maxphyaddr = cpu->maxphyaddr;
	if (m->flag[FLAG_PSEW])
		cpu->guest_maxphyaddr = (unsigned int)m->flag[FLAG_PSEW];
	if (!m->flag[FLAG_GB])
		cpu->features &= ~(uint32_t)TDP_FEATURE_GBPAGES;
	cpu->cr0 = CR0_PE | CR0_ET | CR0_NE | if_flag(m, FLAG_WP, CR0_WP) |
		   if_flag(m, FLAG_CD, CR0_CD) | (mode->paging ? CR0_PG : 0);
	cpu->cr3 = mode->cr3;
	cpu->cr4 = (mode->pae ? CR4_PAE : 0) | (mode->la57 ? CR4_LA57 : 0) |
		   if_flag(m, FLAG_PSE, CR4_PSE) |
		   if_flag(m, FLAG_SMEP, CR4_SMEP) |
		   if_flag(m, FLAG_SMAP, CR4_SMAP) |
		   if_flag(m, FLAG_PKE, CR4_PKE) |
		   if_flag(m, FLAG_PKS, CR4_PKS) |
		   if_flag(m, FLAG_CET, CR4_CET);
	cpu->efer = (mode->lma ? EFER_LME | EFER_LMA : 0) |
		    if_flag(m, FLAG_NXE, EFER_NX);
	cpu->rflags = if_flag(m, FLAG_AC, RFLAGS_AC);
	cpu->pkru = (uint32_t)m->flag[FLAG_PKRU];
	cpu->pkrs = (uint32_t)m->flag[FLAG_PKRS];
	cpu->pat = m->flag[FLAG_PAT];
}

static void fill_pdptes(struct machine *m)
{
	const struct machine_entry *e = find(m->entry, m->nr_entries, "PDPTE");

	if (e && !m->mode->lma && m->cpu.vendor == TDP_INTEL)
		m->cpu.pdpte[e->hpa / 8 % 4] = e->value;
}

static void fill_ept(struct machine *m)
{
	const uint64_t root = m->flag[FLAG_EPTPWL] == 5 ? NESTED_PML5 :
							  NESTED_PML4;

	m->cpu.ept = (struct tdp_ept){
		.eptp = root | 6 | (m->flag[FLAG_EPTPWL] - 1) << 3 |
			if_flag(m, FLAG_EPTAD, BIT(6)) |
			if_flag(m, FLAG_SSS, BIT(7)),
		.cap = TDP_EPT_CAP_4_LEVELS | TDP_EPT_CAP_5_LEVELS |
		       TDP_EPT_CAP_UC | TDP_EPT_CAP_WB | TDP_EPT_CAP_AD |
		       if_flag(m, FLAG_XO, TDP_EPT_CAP_EXEC_ONLY) |
		       if_flag(m, FLAG_E2M, TDP_EPT_CAP_2M) |
		       if_flag(m, FLAG_E1G, TDP_EPT_CAP_1G) |
		       if_flag(m, FLAG_ADV, TDP_EPT_CAP_ADVANCED) |
		       if_flag(m, FLAG_SSS, TDP_EPT_CAP_SSS),
		.ctrl2 = (uint32_t)(if_flag(m, FLAG_MBE, TDP_EPT_CTRL2_MBE) |
				    if_flag(m, FLAG_PML, TDP_EPT_CTRL2_PML) |
				    if_flag(m, FLAG_VECTL, TDP_EPT_CTRL2_VE)),
		.ctrl3 = if_flag(m, FLAG_PWC, TDP_EPT_CTRL3_PW) |
			 if_flag(m, FLAG_GPV, TDP_EPT_CTRL3_GPV),
		.pml_address = PML_PAGE,
		.pml_index = (uint16_t)m->flag[FLAG_PMLIDX],
		.ve_address = VE_PAGE,
		.vectoring = !m->flag[FLAG_VEOK],
	};
}

static void fill_npt(struct machine *m)
{
	m->cpu.npt = (struct tdp_npt){
		.control = (uint32_t)(TDP_NP_ENABLE |
				      if_flag(m, FLAG_GMET, TDP_NP_GMET) |
				      if_flag(m, FLAG_ROGPT, TDP_NP_ROGPT) |
				      if_flag(m, FLAG_SSSCHK, TDP_NP_SSSCHECK) |
				      if_flag(m, FLAG_PML, TDP_NP_PML)),
		.ncr3 = NESTED_PML4,
		.cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG,
		.cr4 = CR4_PAE | if_flag(m, FLAG_HSMEP, CR4_SMEP),
		.efer = EFER_LME | EFER_LMA | EFER_SVME |
			if_flag(m, FLAG_HNXE, EFER_NX),
		.pat = m->flag[FLAG_HPAT],
		.pml_base = PML_PAGE,
		.pml_index = m->flag[FLAG_PMLIDX],
	};
}

static void fill_cpu(struct machine *m)
{
	const bool amd = m->flag[FLAG_S2] == TDP_STAGE2_NPT;

	tdp_walk_cpu_init(&m->cpu, amd ? TDP_AMD : TDP_INTEL);
	m->cpu.stage2 = (enum tdp_stage2)m->flag[FLAG_S2];
	fill_guest(m);
	fill_ept(m);
	fill_npt(m);
	m->mtrr.def_type = m->flag[FLAG_MT_DEF] |
			   if_flag(m, FLAG_MT_E, BIT(11));
	m->cpu.mtrr = &m->mtrr;
}

/* A change of an entry that this machine lacks would do nothing. */
static int check_changes(const struct machine *m, const struct vector_cursor *c)
{
	for (size_t i = 0; i < m->nr_changes; i++)
		if (!find(m->entry, m->nr_entries, m->change[i].name))
			return cursor_fail(c, m->change[i].at,
					   "this machine has no entry %s",
					   m->change[i].name);
	return TDP_OK;
}

int machine_build(struct machine *m, struct tdp_memory *memory,
		  bool loads_pdptes, const struct vector_cursor *c)
{
	const bool nested = m->flag[FLAG_S2] != TDP_STAGE2_NONE;
	int ret;

	if ((nested && !(add_nested(m) && add_pages(m))) || !add_guest(m))
		return err_at(c->err, TDP_ELIMIT, c->path, c->line, 1,
			      "more than %d entries in a row's machine",
			      MACHINE_MAX_ENTRIES);
	ret = check_changes(m, c);
	if (ret)
		return ret;
	for (size_t i = 0; i < m->nr_entries; i++) {
		const struct machine_entry *e = &m->entry[i];

		if (tdp_memory_write(memory, TDP_HPA(e->hpa), &e->value,
				     e->bytes))
			return err_at(c->err, TDP_ENOMEM, c->path, c->line, 1,
				      "no memory for the machine's memory");
	}
	fill_cpu(m);
	if (!loads_pdptes)
		fill_pdptes(m);
	return TDP_OK;
}
