/* SPDX-License-Identifier: MIT */
#include "random_machine.h"

#include <assert.h>
#include <string.h>

#include "arch/ept_bits.h"
#include "arch/pte_bits.h"
#include "arch/regs.h"

/* Host-physical, below the guest's memory. */
#define NESTED_ROOT UINT64_C(0x800000) /* and 4 tables after it */
#define NESTED_PT   UINT64_C(0x806000) /* 2 tables */
#define SPP_ROOT    UINT64_C(0x810000) /* and 3 tables after it */
#define PML_PAGE    UINT64_C(0x820000)
#define VE_PAGE     UINT64_C(0x821000)

/* Guest-physical: tables first, then data. */
#define FIRST_TABLE UINT64_C(0x1000)
#define NR_TABLES   32
#define FIRST_DATA  UINT64_C(0x40000)

#define PAGE        UINT64_C(0x1000)

/* xorshift64*: the machine is a function of the seed on every platform. */
static uint64_t next(struct random_machine *m)
{
	m->rng ^= m->rng >> 12;
	m->rng ^= m->rng << 25;
	m->rng ^= m->rng >> 27;
	return m->rng * UINT64_C(0x2545f4914f6cdd1d);
}

uint64_t random_below(struct random_machine *m, uint64_t n)
{
	return (next(m) >> 16) % n;
}

bool random_percent(struct random_machine *m, unsigned int percent)
{
	return random_below(m, 100) < percent;
}

static uint64_t maybe(struct random_machine *m, unsigned int percent,
		      uint64_t bits)
{
	return random_percent(m, percent) ? bits : 0;
}

bool random_machine_init(struct random_machine *m, uint64_t seed)
{
	*m = (struct random_machine){ .rng = seed };
	if (tdp_memory_create(UINT64_C(64) << 20, &m->memory, NULL))
		return false;
	return !tdp_walker_create(m->memory, &m->walker, NULL);
}

void random_machine_finish(struct random_machine *m)
{
	tdp_walker_destroy(m->walker);
	tdp_memory_destroy(m->memory);
}

static void store(struct random_machine *m, const struct random_slot *slot,
		  uint64_t value)
{
	int ret = tdp_memory_write(m->memory, TDP_HPA(slot->hpa), &value,
				   slot->bytes);

	assert(!ret);
	(void)ret;
}

static void add(struct random_machine *m, struct random_slots *slots,
		struct random_slot slot)
{
	assert(slots->count < RANDOM_MAX_SLOTS);
	slots->slot[slots->count++] = slot;
	store(m, &slot, slot.value);
}

/* Second stage ------------------------------------------------------------- */

static uint64_t random_ept_flags(struct random_machine *m, bool leaf)
{
	static const unsigned char types[] = { 0, 1, 4, 5, 6 };
	uint64_t e = maybe(m, 98, EPT_R) | maybe(m, 93, EPT_W) |
		     maybe(m, 90, EPT_X) | maybe(m, 90, EPT_XU) |
		     maybe(m, 60, EPT_A) | maybe(m, 50, EPT_SVE);

	if (!leaf)
		return e;
	return e | maybe(m, 60, EPT_D) | maybe(m, 30, EPT_IPAT) |
	       maybe(m, 30, EPT_SSS) | maybe(m, 40, EPT_PWA) |
	       maybe(m, 5, EPT_VGP) | maybe(m, 50, EPT_SPP) |
	       FIELD(EPT_MEMTYPE, random_percent(m, 99) ?
					  types[random_below(m, 5)] :
					  random_below(m, 8));
}

static uint64_t random_npt_flags(struct random_machine *m, bool leaf)
{
	return maybe(m, 99, PTE_P) | maybe(m, 95, PTE_RW) |
	       maybe(m, 96, PTE_US) | maybe(m, 60, PTE_A) |
	       maybe(m, 30, PTE_PWT) | maybe(m, 30, PTE_PCD) |
	       maybe(m, 10, PTE_XD) | (leaf ? maybe(m, 60, PTE_D) : 0);
}

static uint64_t nested_flags(struct random_machine *m, bool grant_all,
			     bool leaf)
{
	const bool ept = m->cpu.stage2 == TDP_STAGE2_EPT;

	if (!grant_all)
		return ept ? random_ept_flags(m, leaf) :
			     random_npt_flags(m, leaf);
	if (ept)
		return EPT_RWX | EPT_XU | EPT_A | EPT_SVE |
		       (leaf ? EPT_D | FIELD(EPT_MEMTYPE, 6) : 0);
	return PTE_P | PTE_RW | PTE_US | PTE_A | (leaf ? PTE_D : 0);
}

static void add_nested(struct random_machine *m, uint64_t hpa, uint64_t next,
		       bool grant_all, bool leaf)
{
	const uint64_t value = next | nested_flags(m, grant_all, leaf);

	add(m, &m->nested,
	    (struct random_slot){
		    .hpa = hpa,
		    .bytes = 8,
		    .leaf = leaf,
		    .value = value,
	    });
}

/*
 * Five tables, one a level, of which the top one is unused with four levels:
 * entry 0 of each, but for two entries of the PD, and all of its two PTs.
 */
static void make_nested(struct random_machine *m, bool grant_all)
{
	for (unsigned int i = 0; i < 3; i++)
		add_nested(m, NESTED_ROOT + i * PAGE,
			   NESTED_ROOT + (i + 1) * PAGE, grant_all, false);
	for (unsigned int i = 0; i < 2; i++)
		add_nested(m, NESTED_ROOT + 3 * PAGE + 8 * i,
			   NESTED_PT + i * PAGE, grant_all, false);
	for (uint64_t gpa = 0; gpa < RANDOM_GUEST_SIZE; gpa += PAGE)
		add_nested(m, NESTED_PT + gpa / PAGE * 8, gpa + m->offset,
			   grant_all, true);
}

uint64_t random_nested_leaf(const struct random_machine *m, uint64_t gpa)
{
	if (gpa >= RANDOM_GUEST_SIZE)
		return 0;
	return tdp_memory_read64(m->memory,
				 TDP_HPA(NESTED_PT + gpa / PAGE * 8));
}

uint64_t random_nested_upper(const struct random_machine *m, uint64_t gpa)
{
	const uint64_t pde = NESTED_ROOT + 3 * PAGE + gpa / 0x200000 * 8;
	const uint64_t root = m->cpu.stage2 == TDP_STAGE2_EPT ?
				      m->cpu.ept.eptp :
				      m->cpu.npt.ncr3;
	uint64_t upper = tdp_memory_read64(m->memory, TDP_HPA(pde));

	for (uint64_t t = root & ~(PAGE - 1); t < NESTED_ROOT + 3 * PAGE;
	     t += PAGE)
		upper &= tdp_memory_read64(m->memory, TDP_HPA(t));
	return upper;
}

/* Sub-page permissions for the first 2 MiB; the rest has no entry. */
static void make_spp(struct random_machine *m)
{
	for (unsigned int i = 0; i < 3; i++)
		tdp_memory_write64(m->memory, TDP_HPA(SPP_ROOT + i * PAGE),
				   (SPP_ROOT + (i + 1) * PAGE) |
					   maybe(m, 98, SPP_VALID));
	for (unsigned int i = 0; i < 512; i++)
		tdp_memory_write64(m->memory,
				   TDP_HPA(SPP_ROOT + 3 * PAGE + 8 * i),
				   next(m) & ~SPP_LEAF_RSVD);
}

bool random_subpage_writable(const struct random_machine *m, uint64_t gpa)
{
	const uint64_t entry = tdp_memory_read64(
		m->memory, TDP_HPA(SPP_ROOT + 3 * PAGE + gpa / PAGE * 8));

	return gpa < RANDOM_GUEST_SIZE / 2 &&
	       entry >> 2 * (gpa % PAGE / SPP_SUBPAGE) & 1;
}

/* Guest -------------------------------------------------------------------- */

/* clang-format off */
static const struct shape {
	unsigned int levels;
	unsigned int bytes;
	unsigned int index_bits;
	unsigned int max_leaf;		/* level of the largest page */
} shapes[NR_PAGINGS] = {
	[PAGING_32]	= { 2, 4, 10, 2 },
	[PAGING_PAE]	= { 3, 8, 9, 2 },
	[PAGING_4]	= { 4, 8, 9, 3 },
	[PAGING_5]	= { 5, 8, 9, 3 },
};
/* clang-format on */

static uint64_t random_guest_flags(struct random_machine *m, bool leaf)
{
	uint64_t e = maybe(m, 98, PTE_P) | maybe(m, 88, PTE_RW) |
		     maybe(m, 80, PTE_US) | maybe(m, 20, PTE_PWT) |
		     maybe(m, 20, PTE_PCD) | maybe(m, 60, PTE_A);

	if (leaf)
		e |= maybe(m, 60, PTE_D) | maybe(m, 20, PTE_G);
	if (m->paging == PAGING_32)
		return e;
	if (m->paging >= PAGING_4 && leaf)
		e |= FIELD(PTE_KEY, random_below(m, 16));
	return e | maybe(m, 10, PTE_XD) | maybe(m, 1, BIT(51));
}

static bool has_pdpte_registers(const struct random_machine *m)
{
	return m->paging == PAGING_PAE && m->cpu.vendor == TDP_INTEL;
}

static uint64_t level_shift(const struct shape *shape, unsigned int level)
{
	return 12 + shape->index_bits * (level - 1);
}

static uint64_t guest_slot(const struct random_machine *m, uint64_t table,
			   uint64_t address, unsigned int level)
{
	const struct shape *shape = &shapes[m->paging];
	const uint64_t mask = BIT(shape->index_bits) - 1;

	return m->offset + table +
	       (address >> level_shift(shape, level) & mask) * shape->bytes;
}

static uint64_t read_entry(const struct random_machine *m, uint64_t hpa)
{
	uint64_t value = 0;

	tdp_memory_read(m->memory, TDP_HPA(hpa), &value,
			shapes[m->paging].bytes);
	return value;
}

static uint64_t leaf_address(struct random_machine *m, unsigned int level)
{
	if (level > 1)
		return 0; /* a large page over all of the memory */
	return FIRST_DATA +
	       random_below(m, (RANDOM_GUEST_SIZE - FIRST_DATA) / PAGE) * PAGE;
}

/* PDPTEs in registers have no rights and no A. */
static uint64_t pdpte_flags(struct random_machine *m)
{
	return maybe(m, 98, PTE_P) | maybe(m, 20, PTE_PWT) |
	       maybe(m, 20, PTE_PCD);
}

static void add_guest_leaf(struct random_machine *m, uint64_t hpa,
			   unsigned int level)
{
	uint64_t value = leaf_address(m, level) | random_guest_flags(m, true);

	if (level > 1)
		value |= PTE_PS;
	add(m, &m->guest,
	    (struct random_slot){
		    .hpa = hpa,
		    .bytes = shapes[m->paging].bytes,
		    .leaf = true,
		    .value = value,
	    });
}

/* Follow, or make, the entry at @hpa that leads to a table. */
static uint64_t guest_table(struct random_machine *m, uint64_t hpa,
			    unsigned int level)
{
	const bool pdpte = m->paging == PAGING_PAE && level == 3;
	const uint64_t old = read_entry(m, hpa);
	uint64_t table;

	if (old)
		return old & PTE_ADDR & (RANDOM_GUEST_SIZE - 1);
	table = m->next_guest_table;
	m->next_guest_table += PAGE;
	assert(table < FIRST_TABLE + NR_TABLES * PAGE);
	add(m, &m->guest,
	    (struct random_slot){
		    .hpa = hpa,
		    .bytes = shapes[m->paging].bytes,
		    .pdpte = pdpte,
		    .value = table | (pdpte ? pdpte_flags(m) :
					      random_guest_flags(m, false)),
	    });
	return table;
}

static void map_address(struct random_machine *m, uint64_t address,
			unsigned int leaf_level)
{
	const struct shape *shape = &shapes[m->paging];
	uint64_t table = FIRST_TABLE;

	for (unsigned int l = shape->levels; l > leaf_level; l--) {
		const uint64_t slot = guest_slot(m, table, address, l);

		/* An address before this one has a large page here. */
		if (l < shape->levels && read_entry(m, slot) & PTE_PS)
			return;
		table = guest_table(m, slot, l);
	}
	if (!read_entry(m, guest_slot(m, table, address, leaf_level)))
		add_guest_leaf(m, guest_slot(m, table, address, leaf_level),
			       leaf_level);
}

/* Two entries a table, so that paths share tables; low offsets in large pages. */
static uint64_t make_address(struct random_machine *m)
{
	const struct shape *shape = &shapes[m->paging];
	const uint64_t low = random_below(m, PAGE) & ~UINT64_C(7);
	uint64_t address = low;

	if (m->paging == PAGING_NONE)
		return low | random_below(m, RANDOM_GUEST_SIZE / PAGE) * PAGE;
	for (unsigned int l = 1; l <= shape->levels; l++)
		address |= random_below(m, 2) << level_shift(shape, l);
	/* The upper half now and then. */
	if (m->paging >= PAGING_4 && random_percent(m, 25))
		address |= UINT64_MAX << (level_shift(shape, shape->levels) +
					  shape->index_bits - 1);
	return address;
}

static void make_guest(struct random_machine *m)
{
	const struct shape *shape = &shapes[m->paging];

	m->next_guest_table = FIRST_TABLE + PAGE;
	for (size_t i = 0; i < RANDOM_NR_ADDRESSES; i++) {
		m->address[i] = make_address(m);
		if (m->paging != PAGING_NONE)
			map_address(m, m->address[i],
				    1 + (unsigned int)random_below(
						m, shape->max_leaf));
	}
}

/* Registers ---------------------------------------------------------------- */

/* Mostly permissive: each bit is set one time in eight. */
static uint32_t random_keys(struct random_machine *m)
{
	uint64_t keys = next(m);

	keys &= next(m);
	keys &= next(m);
	return (uint32_t)keys;
}

static void random_guest_registers(struct random_machine *m)
{
	struct tdp_walk_cpu *cpu = &m->cpu;
	const bool paging = m->paging != PAGING_NONE;
	const bool lma = m->paging >= PAGING_4;

	cpu->cr0 = CR0_PE | CR0_ET | CR0_NE | (paging ? CR0_PG : 0) |
		   maybe(m, 60, CR0_WP) | maybe(m, 5, CR0_CD);
	cpu->cr4 = CR4_PSE | (m->paging >= PAGING_PAE ? CR4_PAE : 0) |
		   (m->paging == PAGING_5 ? CR4_LA57 : 0) |
		   maybe(m, 50, CR4_PGE) | maybe(m, 20, CR4_SMEP) |
		   maybe(m, 20, CR4_SMAP) | maybe(m, 30, CR4_PKE);
	if (cpu->vendor == TDP_INTEL)
		cpu->cr4 |= maybe(m, 30, CR4_PKS) | maybe(m, 10, CR4_LASS) |
			    maybe(m, 50, CR4_LAM_SUP);
	if (cpu->cr0 & CR0_WP)
		cpu->cr4 |= maybe(m, 40, CR4_CET);
	cpu->cr3 = FIRST_TABLE;
	if (cpu->vendor == TDP_INTEL && lma)
		cpu->cr3 |= maybe(m, 30, CR3_LAM_U57) |
			    maybe(m, 30, CR3_LAM_U48);
	cpu->efer = (lma ? EFER_LME | EFER_LMA : 0) | maybe(m, 90, EFER_NX);
	cpu->rflags = maybe(m, 50, RFLAGS_AC);
	cpu->pkru = random_keys(m);
	cpu->pkrs = random_keys(m);
	cpu->pat = random_percent(m, 50) ? TDP_PAT_RESET :
					   UINT64_C(0x0605040100070406);
}

static void random_ept(struct random_machine *m)
{
	struct tdp_ept *ept = &m->cpu.ept;

	ept->cap |= TDP_EPT_CAP_ADVANCED | TDP_EPT_CAP_SSS;
	if (random_percent(m, 30))
		ept->cap &= ~TDP_EPT_CAP_EXEC_ONLY;
	if (random_percent(m, 25)) {
		ept->cap |= TDP_EPT_CAP_5_LEVELS;
		ept->eptp = NESTED_ROOT | 0x26;
	} else {
		ept->eptp = (NESTED_ROOT + PAGE) | 0x1e;
	}
	ept->eptp |= maybe(m, 60, EPTP_AD) | maybe(m, 30, EPTP_SSS);
	ept->ctrl2 = (uint32_t)(maybe(m, 30, TDP_EPT_CTRL2_MBE) |
				maybe(m, 40, TDP_EPT_CTRL2_PML) |
				maybe(m, 30, TDP_EPT_CTRL2_VE) |
				maybe(m, 40, TDP_EPT_CTRL2_SPP));
	ept->ctrl3 = maybe(m, 30, TDP_EPT_CTRL3_PW);
	if (ept->ctrl3)
		ept->ctrl3 |= maybe(m, 30, TDP_EPT_CTRL3_GPV);
	ept->pml_address = PML_PAGE;
	ept->pml_index = random_percent(m, 80) ?
				 (uint16_t)random_below(m, 512) :
				 (uint16_t)next(m);
	ept->ve_address = VE_PAGE;
	ept->eptp_index = 3;
	ept->sppt = SPP_ROOT;
	ept->vectoring = random_percent(m, 10);
}

static void random_npt(struct random_machine *m)
{
	struct tdp_npt *npt = &m->cpu.npt;

	npt->control = TDP_NP_ENABLE |
		       (uint32_t)(maybe(m, 20, TDP_NP_GMET) |
				  maybe(m, 30, TDP_NP_SSSCHECK) |
				  maybe(m, 40, TDP_NP_ROGPT) |
				  maybe(m, 40, TDP_NP_PML));
	npt->ncr3 = NESTED_ROOT + PAGE;
	if (random_percent(m, 25)) {
		npt->ncr3 = NESTED_ROOT;
		npt->cr4 |= CR4_LA57;
	}
	if (random_percent(m, 20))
		npt->efer &= ~EFER_NX;
	npt->pml_base = PML_PAGE;
	npt->pml_index = random_percent(m, 80) ? random_below(m, 512) :
						 next(m) & 0xffff;
}

/* PDPTE registers hold what memory holds, if no reserved bit is in the way. */
static void load_pdpte_registers(struct random_machine *m)
{
	if (!has_pdpte_registers(m))
		return;
	for (unsigned int i = 0; i < 4; i++)
		m->cpu.pdpte[i] = read_entry(m,
					     m->offset + FIRST_TABLE + 8 * i);
}

void random_machine_load(struct random_machine *m,
			 const struct tdp_walk_cpu *cpu)
{
	int ret = tdp_walker_set_cpu(m->walker, cpu, NULL);

	assert(!ret);
	(void)ret;
}

static void begin(struct random_machine *m, enum tdp_vendor vendor,
		  enum tdp_stage2 stage2)
{
	tdp_memory_clear(m->memory);
	m->guest.count = m->nested.count = 0;
	m->paging = (enum random_paging)random_below(m, NR_PAGINGS);
	m->offset = stage2 == TDP_STAGE2_NONE ? 0 : RANDOM_OFFSET;
	tdp_walk_cpu_init(&m->cpu, vendor);
	m->cpu.stage2 = stage2;
	random_guest_registers(m);
}

void random_machine_make(struct random_machine *m, enum tdp_vendor vendor,
			 enum tdp_stage2 stage2)
{
	begin(m, vendor, stage2);
	if (stage2 == TDP_STAGE2_EPT)
		random_ept(m);
	if (stage2 == TDP_STAGE2_NPT)
		random_npt(m);
	if (stage2 != TDP_STAGE2_NONE)
		make_nested(m, false);
	if (stage2 == TDP_STAGE2_EPT)
		make_spp(m);
	make_guest(m);
	load_pdpte_registers(m);
	random_machine_load(m, &m->cpu);
}

void random_machine_make_identity(struct random_machine *m,
				  enum tdp_vendor vendor)
{
	begin(m, vendor, vendor == TDP_INTEL ? TDP_STAGE2_EPT : TDP_STAGE2_NPT);
	m->offset = 0;
	m->cpu.ept.eptp = (NESTED_ROOT + PAGE) | 0x1e | maybe(m, 50, EPTP_AD);
	m->cpu.npt.ncr3 = NESTED_ROOT + PAGE;
	m->cpu.npt.control = TDP_NP_ENABLE;
	make_nested(m, true);
	make_guest(m);
	load_pdpte_registers(m);
	random_machine_load(m, &m->cpu);
}

void random_access(struct random_machine *m, struct tdp_walk_access *access)
{
	static const enum tdp_access_kind kinds[] = {
		TDP_READ, TDP_WRITE,   TDP_FETCH,
		TDP_RMW,  TDP_SS_READ, TDP_SS_WRITE,
	};
	const bool shadow = m->cpu.cr4 & CR4_CET && random_percent(m, 30);

	*access = (struct tdp_walk_access){
		.gva = { m->address[random_below(m, RANDOM_NR_ADDRESSES)] },
		.kind = kinds[random_below(m, 4) % (shadow ? 2 : 4) +
			      (shadow ? 4 : 0)],
		.user = random_percent(m, 50),
		.size = 1,
	};
	/* Now and then an address that nothing maps, or that is not canonical. */
	if (random_percent(m, 3))
		access->gva.addr ^= BIT(random_below(m, 64)) & ~(uint64_t)0xfff;
	/* Neither fetches nor shadow stacks are such accesses. */
	if (access->kind == TDP_READ || access->kind == TDP_WRITE) {
		access->implicit = random_percent(m, 10);
		access->stack = !access->implicit && random_percent(m, 20);
	}
}

/* Entries ------------------------------------------------------------------ */

static void change(struct random_machine *m, const struct random_slots *slots,
		   uint64_t set, uint64_t clear, bool leaves_only)
{
	for (unsigned int i = 0; i < slots->count; i++) {
		const struct random_slot *slot = &slots->slot[i];

		/* PDPTEs under PAE paging have no rights to change. */
		if (slot->pdpte || (leaves_only && !slot->leaf))
			continue;
		store(m, slot, (slot->value | set) & ~clear);
	}
}

void slots_change(struct random_machine *m, const struct random_slots *slots,
		  uint64_t set, uint64_t clear)
{
	change(m, slots, set, clear, false);
}

void slots_change_leaves(struct random_machine *m,
			 const struct random_slots *slots, uint64_t set)
{
	change(m, slots, set, 0, true);
}

void slots_restore(struct random_machine *m, const struct random_slots *slots)
{
	change(m, slots, 0, 0, false);
}

void random_machine_rewind(struct random_machine *m)
{
	slots_restore(m, &m->guest);
	slots_restore(m, &m->nested);
	tdp_memory_write64(m->memory, TDP_HPA(VE_PAGE), 0);
	random_machine_load(m, &m->cpu);
}

static bool slots_are_unchanged(const struct random_machine *m,
				const struct random_slots *slots)
{
	for (unsigned int i = 0; i < slots->count; i++) {
		const struct random_slot *slot = &slots->slot[i];
		uint64_t value = 0;

		tdp_memory_read(m->memory, TDP_HPA(slot->hpa), &value,
				slot->bytes);
		if (value != slot->value)
			return false;
	}
	return true;
}

bool random_machine_is_unchanged(const struct random_machine *m)
{
	return slots_are_unchanged(m, &m->guest) &&
	       slots_are_unchanged(m, &m->nested);
}
