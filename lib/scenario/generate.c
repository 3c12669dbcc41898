/* SPDX-License-Identifier: MIT */
/* Random scenarios: the machine that they begin with. */
#include "scenario/generate.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "base/error.h"

#define MIB        (UINT64_C(1) << 20)
#define RAM        (16 * MIB)
#define LINE_BYTES 512

const char *tdp_topic_name(enum tdp_topic topic)
{
	static const char *const names[TDP_NR_TOPICS] = {
#define X(name, text, about) [TDP_TOPIC_##name] = (text),
		TDP_TOPIC_LIST(X)
#undef X
	};

	return (unsigned int)topic < TDP_NR_TOPICS ? names[topic] : "?";
}

const char *tdp_topic_about(enum tdp_topic topic)
{
	static const char *const abouts[TDP_NR_TOPICS] = {
#define X(name, text, about) [TDP_TOPIC_##name] = (about),
		TDP_TOPIC_LIST(X)
#undef X
	};

	return (unsigned int)topic < TDP_NR_TOPICS ? abouts[topic] : "?";
}

bool gen_wants(const struct gen *g, enum tdp_topic topic)
{
	return g->options->topics & 1u << topic;
}

void gen_line(struct gen *g, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	g->options->line(line, g->options->context);
}

/* Slots ------------------------------------------------------------------------ */

/* Whole huge pages, pieces of them, and ranges that no huge page fits into. */
static const struct shape {
	uint64_t offset; /* from the 256 MiB that belong to the slot */
	uint64_t size;
} shapes[] = {
	{ 0, 2 * MIB },
	{ 0, 4 * MIB },
	{ 0x1000, 2 * MIB },
	{ 0x1ff000, 4 * MIB },
	{ 0, 16 * 0x1000 },
	{ 0x5000, 3 * 0x1000 },
	{ 2 * MIB, 2 * MIB + 0x3000 },
};

static enum tdp_backing any_backing(struct gen *g, const struct shape *shape)
{
	static const enum tdp_backing backings[] = {
		TDP_BACKING_ANONYMOUS,  TDP_BACKING_ANONYMOUS,
		TDP_BACKING_THP,        TDP_BACKING_THP,
		TDP_BACKING_SHMEM,      TDP_BACKING_FILE_PRIVATE,
		TDP_BACKING_HUGETLB_2M,
	};
	/* The last one only where its pages fit. */
	bool whole = !((shape->offset | shape->size) % (2 * MIB));

	return backings[random_below(&g->random,
				     ARRAY_SIZE(backings) - !whole)];
}

void gen_shape_slot(struct gen *g, unsigned int number)
{
	const struct shape *shape =
		&shapes[random_below(&g->random, ARRAY_SIZE(shapes))];

	g->slot[number] = (struct gen_slot){
		.exists = true,
		.gpa = number * 256 * MIB + shape->offset,
		.size = shape->size,
		.backing = any_backing(g, shape),
		.readonly = random_percent(&g->random, 15),
	};
	if (gen_wants(g, TDP_TOPIC_DIRTY) && !g->slot[number].readonly)
		g->slot[number].dirty_log = random_percent(&g->random, 25);
}

void gen_memslot_text(const struct gen *g, unsigned int number, char *buf,
		      size_t size)
{
	const struct gen_slot *slot = &g->slot[number];

	snprintf(buf, size,
		 "slot: %u, gpa: 0x%" PRIx64 ", size: 0x%" PRIx64
		 ", backing: %s%s%s",
		 number, slot->gpa, slot->size, tdp_backing_name(slot->backing),
		 slot->readonly ? ", readonly: true" : "",
		 slot->dirty_log ? ", dirty_log: true" : "");
}

uint64_t gen_gpa(struct gen *g)
{
	const struct gen_slot *slot =
		&g->slot[random_below(&g->random, GEN_SLOTS)];
	uint64_t pages;

	if (!slot->exists || random_percent(&g->random, 8))
		return 0x1000 * (uint64_t)random_below(&g->random, 0x50000);
	pages = slot->size / 0x1000;
	/* Often near the beginning, so that pages meet again. */
	if (random_percent(&g->random, 60))
		pages = min_u64(pages, 8);
	return slot->gpa +
	       0x1000 * (uint64_t)random_below(&g->random, (unsigned int)pages);
}

/* The machine ------------------------------------------------------------------- */

static void write_slots(struct gen *g)
{
	char text[256];
	unsigned int i;

	g->slot[0] = (struct gen_slot){
		.exists = true,
		.size = RAM,
		.backing = random_percent(&g->random, 50) ?
				   TDP_BACKING_THP :
				   TDP_BACKING_ANONYMOUS,
	};
	for (i = 1; i < GEN_SLOTS; i++)
		if (random_percent(&g->random, 75))
			gen_shape_slot(g, i);
	gen_line(g, "memslots:");
	for (i = 0; i < GEN_SLOTS; i++) {
		if (!g->slot[i].exists)
			continue;
		gen_memslot_text(g, i, text, sizeof(text));
		/* The tables' slot is memory that exists. */
		gen_line(g, "  - { %s%s }", text,
			 i && random_percent(&g->random, 30) ?
				 ", untouched: true" :
				 "");
	}
	if (gen_wants(g, TDP_TOPIC_SMM))
		gen_line(g,
			 "  - { slot: 0, as: 1, gpa: 0, size: 0x%" PRIx64
			 ", backing: anonymous }",
			 RAM);
}

static void write_head(struct gen *g)
{
	const struct tdp_generate *o = g->options;
	bool intel = o->vendor == TDP_INTEL;

	gen_line(g, "scenario: random_%" PRIu64, o->seed);
	gen_line(g, "about: >");
	gen_line(g,
		 "  Made by tdpsim generate --seed %" PRIu64
		 ": model and kernel do the same, step by step.",
		 o->seed);
	gen_line(g, "any_outcome: true");
	gen_line(g, "host: { vendor: %s, maxphyaddr: %u }",
		 intel ? "intel" : "amd", o->maxphyaddr);
	gen_line(g, "kvm: { profile: %s }", o->profile);
}

static void write_vcpus(struct gen *g)
{
	unsigned int i;

	g->nr_vcpus = 1;
	if (gen_wants(g, TDP_TOPIC_VCPUS))
		g->nr_vcpus += random_percent(&g->random, 40);
	gen_line(g, "vcpus:");
	for (i = 0; i < g->nr_vcpus; i++) {
		g->vcpu[i].mode = MODE_PROTECTED;
		gen_line(g, "  - { mode: protected }");
	}
}

static int check_options(const struct tdp_generate *o, struct tdp_error *err)
{
	if (!o->steps || o->steps > TDP_GENERATE_MAX_STEPS)
		return err_set(err, TDP_EINVAL, "steps: 1 to %d",
			       TDP_GENERATE_MAX_STEPS);
	if (o->topics >> TDP_NR_TOPICS)
		return err_set(err, TDP_EINVAL, "topics: no such bit");
	if (o->maxphyaddr < 36 || o->maxphyaddr > 52)
		return err_set(err, TDP_EINVAL, "maxphyaddr: 36 to 52");
	return TDP_OK;
}

int tdp_scenario_generate(const struct tdp_generate *options,
			  struct tdp_error *err)
{
	struct gen g = {
		.options = options,
		.random = { .state = options->seed },
	};
	int ret = check_options(options, err);
	unsigned int i;

	if (ret)
		return ret;
	write_head(&g);
	write_slots(&g);
	write_vcpus(&g);
	gen_line(&g, "steps:");
	for (i = 0; i < options->steps; i++)
		gen_step(&g);
	return TDP_OK;
}
