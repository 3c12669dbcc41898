/* SPDX-License-Identifier: MIT */
/* Random scenarios: one step after the other, each valid where it stands. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "scenario/generate.h"

#define MIB           (UINT64_C(1) << 20)
#define FIRST_TABLES  MIB     /* behind what real mode reaches */
#define TABLE_BYTES   0x40000 /* set aside for the tables of one guest_tables */
#define FIRST_MAPPING UINT64_C(0x40000000)

static unsigned int pick(struct gen *g, unsigned int n)
{
	return random_below(&g->random, n);
}

static unsigned int pick_vcpu(struct gen *g)
{
	return pick(g, g->nr_vcpus);
}

/* A slot that exists and may change; 0 if there is none. */
static unsigned int pick_slot(struct gen *g)
{
	unsigned int first = pick(g, GEN_SLOTS - 1), i;

	for (i = 0; i < GEN_SLOTS - 1; i++) {
		unsigned int number = 1 + (first + i) % (GEN_SLOTS - 1);

		if (g->slot[number].exists)
			return number;
	}
	return 0;
}

static unsigned int pick_free_slot(struct gen *g)
{
	unsigned int first = pick(g, GEN_SLOTS - 1), i;

	for (i = 0; i < GEN_SLOTS - 1; i++) {
		unsigned int number = 1 + (first + i) % (GEN_SLOTS - 1);

		if (!g->slot[number].exists)
			return number;
	}
	return 0;
}

/* What the guest does ------------------------------------------------------------- */

static uint64_t any_gva(struct gen *g, const struct gen_vcpu *vcpu)
{
	const struct gen_mapping *m;

	if (!vcpu->tables || vcpu->smm)
		return gen_gpa(g) + 8 * (uint64_t)pick(g, 512);
	m = &vcpu->tables->mapping[pick(g, vcpu->tables->nr_mappings)];
	/* Sometimes the first page behind, which nothing maps. */
	return m->gva +
	       0x1000 * (uint64_t)pick(g, (unsigned int)(m->size / 0x1000) + 1);
}

static bool step_access(struct gen *g)
{
	static const char *const verbs[] = { "read", "read", "write", "write",
					     "fetch" };
	unsigned int n = pick_vcpu(g);
	const struct gen_vcpu *vcpu = &g->vcpu[n];
	const char *verb = verbs[pick(g, ARRAY_SIZE(verbs))];
	uint64_t gva = any_gva(g, vcpu);
	bool user = gen_wants(g, TDP_TOPIC_USER) && vcpu->tables &&
		    !vcpu->smm && random_percent(&g->random, 30);

	gen_line(g, "  - %s: { vcpu: %u, gva: 0x%" PRIx64 "%s }", verb, n, gva,
		 user ? ", user: true" : "");
	return true;
}

static const char *const mode_names[NR_MODES] = {
	[MODE_REAL] = "real",      [MODE_PROTECTED] = "protected",
	[MODE_32BIT] = "32-bit",   [MODE_PAE] = "pae",
	[MODE_4LEVEL] = "4-level", [MODE_5LEVEL] = "5-level",
};

static uint64_t huge_page_of(enum mode mode)
{
	return mode == MODE_32BIT ? 4 * MIB : 2 * MIB;
}

/* Sometimes the page tables themselves. */
static uint64_t mapped_gpa(struct gen *g, const struct gen_tables *tables)
{
	if (!random_percent(&g->random, 15))
		return gen_gpa(g);
	return tables->at + 0x1000 * (uint64_t)pick(g, 6);
}

static void write_mapping(struct gen *g, const struct gen_tables *tables,
			  struct gen_mapping *m, char *buf, size_t size)
{
	static const char *const rights[] = { "R|W|X", "R|W|X|U", "R|W|U",
					      "R|X",   "R|U",     "R" };
	enum mode mode = tables->mode;
	const char *right = rights[pick(g, mode == MODE_32BIT ? 2 : 6)];
	uint64_t gpa = mapped_gpa(g, tables);
	bool huge = random_percent(&g->random, 30);

	if (huge) {
		m->size = huge_page_of(mode);
		gpa = align_down(gpa, m->size);
	} else {
		m->size = 0x1000 * (uint64_t)(1 + pick(g, 4));
	}
	snprintf(buf, size,
		 "{ gva: 0x%" PRIx64 ", gpa: 0x%" PRIx64 ", size: 0x%" PRIx64
		 ", page: %s, rights: %s }",
		 m->gva, gpa, m->size,
		 !huge              ? "4KiB" :
		 mode == MODE_32BIT ? "4MiB" :
				      "2MiB",
		 right);
}

static void set_sregs(struct gen *g, unsigned int vcpu,
		      const struct gen_tables *tables)
{
	gen_line(g, "  - set_sregs: { vcpu: %u, mode: %s, cr3: 0x%" PRIx64 " }",
		 vcpu, mode_names[tables->mode], tables->at);
	g->vcpu[vcpu].mode = tables->mode;
	g->vcpu[vcpu].tables = tables;
}

/* New tables, and the mode that they are for.  The old ones stay in memory. */
static bool step_paging(struct gen *g)
{
	static const enum mode modes[] = { MODE_32BIT, MODE_PAE, MODE_4LEVEL,
					   MODE_5LEVEL };
	unsigned int n = pick_vcpu(g), i;
	struct gen_tables *tables = &g->tables[g->nr_tables];
	char list[400] = "";
	size_t used = 0;

	if (g->vcpu[n].smm || g->nr_tables == GEN_TABLES)
		return false;
	tables->mode = modes[pick(g, ARRAY_SIZE(modes))];
	tables->at = FIRST_TABLES + TABLE_BYTES * (uint64_t)g->nr_tables++;
	tables->nr_mappings = 1 + pick(g, 3);
	for (i = 0; i < tables->nr_mappings; i++) {
		struct gen_mapping *m = &tables->mapping[i];

		m->gva = FIRST_MAPPING + i * 8 * MIB;
		write_mapping(g, tables, m, list + used, sizeof(list) - used);
		used += strlen(list + used);
		if (i + 1 < tables->nr_mappings)
			used += (size_t)snprintf(list + used,
						 sizeof(list) - used, ", ");
	}
	gen_line(g,
		 "  - guest_tables: { at: 0x%" PRIx64
		 ", mode: %s, pages: [ %s ] }",
		 tables->at, mode_names[tables->mode], list);
	set_sregs(g, n, tables);
	return true;
}

/*
 * Back to tables that were there before, of any vCPU.  Not with PAE: QEMU's
 * emulation marks PDPTEs as accessed, which KVM refuses when it loads them.
 */
static bool step_old_paging(struct gen *g)
{
	unsigned int n = pick_vcpu(g);
	const struct gen_tables *tables;

	if (g->vcpu[n].smm || !g->nr_tables)
		return false;
	tables = &g->tables[pick(g, g->nr_tables)];
	if (tables->mode == MODE_PAE)
		return false;
	if (g->vcpu[n].mode != tables->mode || random_percent(&g->random, 30)) {
		set_sregs(g, n, tables);
		return true;
	}
	gen_line(g,
		 "  - write_reg: { vcpu: %u, reg: cr3, value: 0x%" PRIx64 " }",
		 n, tables->at);
	g->vcpu[n].tables = tables;
	return true;
}

static bool step_invlpg(struct gen *g)
{
	unsigned int n = pick_vcpu(g);

	if (!g->vcpu[n].tables || g->vcpu[n].smm)
		return false;
	gen_line(g, "  - invlpg: { vcpu: %u, gva: 0x%" PRIx64 " }", n,
		 any_gva(g, &g->vcpu[n]));
	return true;
}

static bool step_unpaged(struct gen *g)
{
	unsigned int n = pick_vcpu(g);
	struct gen_vcpu *vcpu = &g->vcpu[n];

	if (vcpu->smm)
		return false;
	vcpu->mode = random_percent(&g->random, 50) ? MODE_REAL :
						      MODE_PROTECTED;
	vcpu->tables = NULL;
	gen_line(g, "  - set_sregs: { vcpu: %u, mode: %s }", n,
		 mode_names[vcpu->mode]);
	return true;
}

static bool step_register(struct gen *g)
{
	static const char *const changes[] = {
		"reg: cr0, value: -WP",   "reg: cr0, value: +WP",
		"reg: cr4, value: +SMEP", "reg: cr4, value: -SMEP",
		"reg: cr4, value: +SMAP", "reg: cr4, value: -SMAP",
		"reg: cr4, value: +PGE",  "reg: cr4, value: -PGE",
	};
	unsigned int n = pick_vcpu(g);

	/*
	 * Not with PAE: QEMU's emulation marks PDPTEs as accessed, which KVM
	 * refuses when a change of CR4 loads them again.
	 */
	if (!g->vcpu[n].tables || g->vcpu[n].smm || g->vcpu[n].mode == MODE_PAE)
		return false;
	gen_line(g, "  - write_reg: { vcpu: %u, %s }", n,
		 changes[pick(g, ARRAY_SIZE(changes))]);
	return true;
}

static bool step_smi(struct gen *g)
{
	unsigned int n = pick_vcpu(g);
	struct gen_vcpu *vcpu = &g->vcpu[n];

	/* RSM loads the PDPTEs, too: see step_register(). */
	if (vcpu->mode == MODE_PAE)
		return false;
	gen_line(g, "  - %s: { vcpu: %u }", vcpu->smm ? "rsm" : "smi", n);
	vcpu->smm = !vcpu->smm;
	return true;
}

/* What userspace does --------------------------------------------------------------- */

static bool step_prefault(struct gen *g)
{
	static const uint64_t sizes[] = { 0x1000,  0x1000,  0x3000,  0x8000,
					  0x20000, 2 * MIB, 4 * MIB, 0 };
	uint64_t gpa = gen_gpa(g);
	uint64_t size = sizes[pick(g, ARRAY_SIZE(sizes))];

	if (random_percent(&g->random, 4))
		gpa += 0x800;
	gen_line(g,
		 "  - prefault: { vcpu: %u, gpa: 0x%" PRIx64
		 ", size: 0x%" PRIx64 " }",
		 pick_vcpu(g), gpa, size);
	return true;
}

static bool step_new_slot(struct gen *g)
{
	unsigned int number = pick_free_slot(g);
	char text[256];

	if (!number)
		return false;
	gen_shape_slot(g, number);
	gen_memslot_text(g, number, text, sizeof(text));
	gen_line(g, "  - memslot: { %s }", text);
	return true;
}

static bool step_delete_slot(struct gen *g)
{
	unsigned int number = pick_slot(g);

	if (!number)
		return false;
	g->slot[number].exists = false;
	gen_line(g, "  - delete_memslot: { slot: %u }", number);
	return true;
}

static bool step_toggle_log(struct gen *g)
{
	unsigned int number = pick_slot(g);
	char text[256];

	if (!number || g->slot[number].readonly)
		return false;
	g->slot[number].dirty_log = !g->slot[number].dirty_log;
	gen_memslot_text(g, number, text, sizeof(text));
	gen_line(g, "  - memslot: { %s }", text);
	return true;
}

static bool step_dirty_log(struct gen *g)
{
	unsigned int number = pick_slot(g);
	uint64_t pages;

	if (!number || !g->slot[number].dirty_log)
		return false;
	pages = min_u64(g->slot[number].size / 0x1000, 64);
	if (g->manual_protect && random_percent(&g->random, 50))
		gen_line(g,
			 "  - clear_dirty_log: { slot: %u, pages: %" PRIu64
			 ", mask: 0x%" PRIx64 " }",
			 number, pages, random_next(&g->random) | 1);
	else
		gen_line(g, "  - get_dirty_log: { slot: %u }", number);
	return true;
}

static bool step_manual_protect(struct gen *g)
{
	if (g->manual_protect)
		return false;
	g->manual_protect = true;
	gen_line(g, "  - set_dirty_protect: { manual: true%s }",
		 random_percent(&g->random, 50) ? ", initially_set: true" : "");
	return true;
}

/* A few pages of a slot. */
static void range_in(struct gen *g, const struct gen_slot *slot, uint64_t *gpa,
		     uint64_t *size)
{
	uint64_t pages = slot->size / 0x1000;
	uint64_t first = pick(g, (unsigned int)pages);

	*size = 0x1000 * min_u64(pages - first, 1 + pick(g, 4));
	*gpa = slot->gpa + 0x1000 * first;
}

/* munmap or mprotect; what was taken away is given back by the next call. */
static bool take_away(struct gen *g, struct gen_slot *slot)
{
	static const char *const states[] = {
		"backing: unmapped",
		"backing: prot-none",
		"backing: anonymous, host_readonly: true",
	};
	const char *state = "backing: anonymous";
	bool gone = slot->gone_size;

	if (!gone) {
		range_in(g, slot, &slot->gone_gpa, &slot->gone_size);
		state = states[pick(g, ARRAY_SIZE(states))];
	}
	gen_line(g,
		 "  - set_backing: { gpa: 0x%" PRIx64 ", size: 0x%" PRIx64
		 ", %s }",
		 slot->gone_gpa, slot->gone_size, state);
	if (gone)
		slot->gone_size = 0;
	return true;
}

static bool step_host(struct gen *g)
{
	unsigned int number = pick_slot(g);
	struct gen_slot *slot = &g->slot[number];
	uint64_t gpa, size;

	if (!number)
		return false;
	range_in(g, slot, &gpa, &size);
	if (random_percent(&g->random, 30) && !slot->gone_size) {
		gen_line(g, "  - poke: { gpa: 0x%" PRIx64 ", value: 0x%x }",
			 gpa, pick(g, 0x10000));
		return true;
	}
	if (slot->backing != TDP_BACKING_ANONYMOUS)
		return false;
	if (slot->gone_size || random_percent(&g->random, 50))
		return take_away(g, slot);
	gen_line(g,
		 "  - set_backing: { gpa: 0x%" PRIx64 ", size: 0x%" PRIx64
		 ", backing: anonymous, untouched: true }",
		 gpa, size);
	return true;
}

/* Choosing --------------------------------------------------------------------------- */

#define ALWAYS TDP_NR_TOPICS

/* Weights add up with what the topics leave. */
static const struct action {
	unsigned int weight;
	unsigned int topic; /* ALWAYS, or one that must be wanted */
	bool (*step)(struct gen *g);
} actions[] = {
	{ 40, ALWAYS, step_access },
	{ 20, TDP_TOPIC_PREFAULT, step_prefault },
	{ 4, TDP_TOPIC_SLOTS, step_new_slot },
	{ 4, TDP_TOPIC_SLOTS, step_delete_slot },
	{ 5, TDP_TOPIC_DIRTY, step_toggle_log },
	{ 8, TDP_TOPIC_DIRTY, step_dirty_log },
	{ 1, TDP_TOPIC_DIRTY, step_manual_protect },
	{ 10, TDP_TOPIC_HOST, step_host },
	{ 5, TDP_TOPIC_MODES, step_paging },
	{ 2, TDP_TOPIC_MODES, step_unpaged },
	{ 4, TDP_TOPIC_MODES, step_old_paging },
	{ 2, TDP_TOPIC_MODES, step_invlpg },
	{ 5, TDP_TOPIC_MODES, step_register },
	{ 4, TDP_TOPIC_SMM, step_smi },
};

static const struct action *choose(struct gen *g)
{
	unsigned int total = 0, left, i;

	for (i = 0; i < ARRAY_SIZE(actions); i++)
		if (actions[i].topic == ALWAYS ||
		    gen_wants(g, (enum tdp_topic)actions[i].topic))
			total += actions[i].weight;
	left = pick(g, total);
	for (i = 0;; i++) {
		if (actions[i].topic != ALWAYS &&
		    !gen_wants(g, (enum tdp_topic)actions[i].topic))
			continue;
		if (left < actions[i].weight)
			return &actions[i];
		left -= actions[i].weight;
	}
}

void gen_step(struct gen *g)
{
	while (!choose(g)->step(g))
		;
}
