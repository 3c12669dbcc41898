/* SPDX-License-Identifier: MIT */
/*
 * One small machine for the walk's tests: guest tables at 1000h..6000h, one
 * mapped page at guest-physical 5000h, EPT or nested tables at 100000h that
 * map guest page p to p + 200000h.
 *
 *	guest	PML5 6000h, PML4 1000h, PDPT 2000h, PD 3000h, PT 4000h
 *	linear	0000_0080_8060_4008h: indices 1, 2, 3, 4, offset 8
 *	nested	L4 100000h, L3 101000h, L2 102000h, L1 103000h, L5 104000h
 */
#ifndef TDPSIM_TESTS_WALK_FIXTURE_H
#define TDPSIM_TESTS_WALK_FIXTURE_H

#include <string.h>

#include "arch/ept_bits.h"
#include "arch/pte_bits.h"
#include "arch/regs.h"
#include "support/unit.h"
#include "tdpsim/walk.h"

#define LA           UINT64_C(0x0000008080604008)
#define LA_LEGACY    UINT64_C(0x00c04008) /* 32-bit paging */
#define LA_PAE       UINT64_C(0x80604008)
#define DATA         UINT64_C(0x5008)   /* what they map to */
#define GUEST_OFFSET UINT64_C(0x200000) /* of GPAs, under a stage 2 */

enum shape {
	LONG4,
	LONG5,
	PAE,
	LEGACY,
	NO_PAGING,
};

struct poke {
	enum { END, GUEST, GUEST4, HOST } where; /* GUEST4: 4 bytes */
	uint64_t address;
	uint64_t value;
};

struct machine {
	struct tdp_memory *memory;
	struct tdp_walker *walker;
	struct tdp_walk_cpu cpu;
	uint64_t offset;
	struct tdp_walk_result result;
};

static inline void machine_poke(struct machine *m, const struct poke *p)
{
	const uint64_t hpa = p->address + (p->where == HOST ? 0 : m->offset);

	assert_int_equal(tdp_memory_write(m->memory, TDP_HPA(hpa), &p->value,
					  p->where == GUEST4 ? 4 : 8),
			 TDP_OK);
}

static inline void machine_pokes(struct machine *m, const struct poke *p)
{
	for (; p->where != END; p++)
		machine_poke(m, p);
}

static inline void machine_map_ept(struct machine *m)
{
	/* clang-format off */
	static const struct poke tables[] = {
		{ HOST, 0x104000, 0x100007 }, { HOST, 0x100000, 0x101007 },
		{ HOST, 0x101000, 0x102007 }, { HOST, 0x102000, 0x103007 },
		{ END, 0, 0 },
	};
	/* clang-format on */

	machine_pokes(m, tables);
	for (uint64_t p = 0; p < 16; p++)
		machine_poke(m, &(struct poke){ HOST, 0x103000 + 8 * p,
						(p << 12) + 0x200037 });
}

static inline void machine_map_npt(struct machine *m)
{
	/* clang-format off */
	static const struct poke tables[] = {
		{ HOST, 0x104000, 0x100027 }, { HOST, 0x100000, 0x101027 },
		{ HOST, 0x101000, 0x102027 }, { HOST, 0x102000, 0x103027 },
		{ END, 0, 0 },
	};
	/* clang-format on */

	machine_pokes(m, tables);
	for (uint64_t p = 0; p < 16; p++)
		machine_poke(m, &(struct poke){ HOST, 0x103000 + 8 * p,
						(p << 12) + 0x200067 });
}

static inline void machine_map_guest(struct machine *m, enum shape shape)
{
	/* clang-format off */
	static const struct poke wide[] = {
		{ GUEST, 0x6000, 0x1027 },	/* PML5E 0 */
		{ GUEST, 0x1008, 0x2027 }, { GUEST, 0x2010, 0x3027 },
		{ GUEST, 0x3018, 0x4027 }, { GUEST, 0x4020, 0x5067 },
		{ END, 0, 0 },
	};
	static const struct poke pae[] = {
		{ GUEST, 0x2010, 0x3001 }, { GUEST, 0x3018, 0x4027 },
		{ GUEST, 0x4020, 0x5067 }, { END, 0, 0 },
	};
	static const struct poke legacy[] = {
		{ GUEST4, 0x300c, 0x4027 }, { GUEST4, 0x4010, 0x5067 },
		{ END, 0, 0 },
	};
	/* clang-format on */

	machine_pokes(m, shape == LEGACY ? legacy : shape == PAE ? pae : wide);
}

static inline void machine_set_mode(struct tdp_walk_cpu *cpu, enum shape shape)
{
	static const uint64_t roots[] = { 0x1000, 0x6000, 0x2000, 0x3000, 0 };

	cpu->cr3 = roots[shape];
	if (shape == LONG5)
		cpu->cr4 |= CR4_LA57;
	if (shape >= PAE)
		cpu->efer &= ~(EFER_LME | EFER_LMA);
	if (shape == LEGACY)
		cpu->cr4 = (cpu->cr4 & ~CR4_PAE) | CR4_PSE;
	if (shape == NO_PAGING)
		cpu->cr0 &= ~CR0_PG;
	if (shape == PAE)
		cpu->pdpte[2] = 0x3001;
}

static inline uint64_t machine_linear(enum shape shape)
{
	/* clang-format off */
	static const uint64_t linear[] = {
		LA, LA, LA_PAE, LA_LEGACY, DATA,
	};
	/* clang-format on */

	return linear[shape];
}

/* Tables as above; the registers are not loaded before machine_load(). */
static inline void machine_init(struct machine *m, enum shape shape,
				enum tdp_stage2 stage2)
{
	const bool npt = stage2 == TDP_STAGE2_NPT;

	assert_int_equal(tdp_memory_create(1 << 24, &m->memory, NULL), TDP_OK);
	assert_int_equal(tdp_walker_create(m->memory, &m->walker, NULL),
			 TDP_OK);
	tdp_walk_cpu_init(&m->cpu, npt ? TDP_AMD : TDP_INTEL);
	m->cpu.stage2 = stage2;
	m->offset = stage2 ? GUEST_OFFSET : 0;
	machine_set_mode(&m->cpu, shape);
	m->cpu.ept.eptp = 0x10001e;
	m->cpu.npt.ncr3 = 0x100000;
	if (npt)
		machine_map_npt(m);
	else if (stage2)
		machine_map_ept(m);
	machine_map_guest(m, shape);
}

static inline void machine_load(struct machine *m)
{
	struct tdp_error err;

	if (tdp_walker_set_cpu(m->walker, &m->cpu, &err))
		fail_msg("%s", err.message);
}

static inline void machine_finish(struct machine *m)
{
	tdp_walker_destroy(m->walker);
	tdp_memory_destroy(m->memory);
}

static inline const struct tdp_walk_result *
machine_access(struct machine *m, const struct tdp_walk_access *access)
{
	assert_int_equal(tdp_walk(m->walker, access, 0, NULL, &m->result),
			 TDP_OK);
	return &m->result;
}

static inline uint64_t machine_read(struct machine *m, uint64_t hpa)
{
	return tdp_memory_read64(m->memory, TDP_HPA(hpa));
}

#endif
