/* SPDX-License-Identifier: MIT */
/* What the parts of the generator share: the machine as it has come to be. */
#ifndef TDPSIM_SCENARIO_GENERATE_H
#define TDPSIM_SCENARIO_GENERATE_H

#include "base/random.h"
#include "scenario/modes.h"
#include "tdpsim/generate.h"
#include "tdpsim/vm.h"

#define GEN_SLOTS    4 /* slot 0 holds the tables and is never changed */
#define GEN_VCPUS    2
#define GEN_MAPPINGS 6
#define GEN_TABLES   45 /* sets of page tables that slot 0 has room for */

struct gen_slot {
	bool exists;
	bool readonly;
	bool dirty_log;
	uint64_t gpa;
	uint64_t size;
	enum tdp_backing backing;
	/* Pages that userspace took away or protected, till it gives them back. */
	uint64_t gone_gpa;
	uint64_t gone_size; /* 0: none */
};

struct gen_mapping {
	uint64_t gva;
	uint64_t size;
};

/* What guest_tables made. */
struct gen_tables {
	enum mode mode;
	uint64_t at;
	unsigned int nr_mappings;
	struct gen_mapping mapping[GEN_MAPPINGS];
};

struct gen_vcpu {
	enum mode mode;
	const struct gen_tables *tables; /* NULL: no paging */
	bool smm;
};

struct gen {
	const struct tdp_generate *options;
	struct random random;
	struct gen_slot slot[GEN_SLOTS];
	struct gen_vcpu vcpu[GEN_VCPUS];
	unsigned int nr_vcpus;
	bool manual_protect;
	struct gen_tables tables[GEN_TABLES];
	unsigned int nr_tables;
};

/* Half of a choice is whether a topic is wanted at all. */
bool gen_wants(const struct gen *g, enum tdp_topic topic);

/* A line of the text, printf()-like. */
void gen_line(struct gen *g, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A page-aligned guest-physical address in or just outside of a slot. */
uint64_t gen_gpa(struct gen *g);

/* "slot: 1, gpa: ..." of a slot as it is. */
void gen_memslot_text(const struct gen *g, unsigned int number, char *buf,
		      size_t size);

/* Give slot @number a new shape; it exists from then on. */
void gen_shape_slot(struct gen *g, unsigned int number);

/* One more step. */
void gen_step(struct gen *g);

#endif
