/* SPDX-License-Identifier: MIT */
/*
 * What is forgotten, and when.
 *
 * SDM: "Operations that Invalidate TLBs and Paging-Structure Caches" (3A),
 * "Operations that Invalidate Cached Mappings" (3C); APM 2: "TLB Management".
 */
#include <stdlib.h>

#include "arch/regs.h"
#include "base/error.h"
#include "walk/tlb.h"

enum mapping {
	LINEAR,       /* linear and combined mappings, pages */
	LINEAR_TABLE, /* the same, references to tables */
	NESTED,       /* guest-physical mappings */
	NESTED_TABLE,
	ENTRY, /* page-walk cache */
};

static enum mapping mapping_of(enum tdp_tlb_part part)
{
	if (part == TDP_TLB_PART_TLB)
		return LINEAR;
	if (part == TDP_TLB_PART_PAGE_WALK)
		return ENTRY;
	if (part == TDP_TLB_PART_NESTED_TLB)
		return NESTED;
	return part < TDP_TLB_PART_NESTED_TLB ? LINEAR_TABLE : NESTED_TABLE;
}

/* Which lines go, and what must agree for them to go. */
enum {
	TLB = 1 << 0,     /* linear and combined mappings */
	GPA = 1 << 1,     /* guest-physical mappings */
	ENTRIES = 1 << 2, /* the page-walk cache */
	ADDRESS = 1 << 3, /* of pages; tables go whatever their address */
	PREFIX = 1 << 4,  /* tables too go only if they lead there */
	PCID = 1 << 5,
	VPID = 1 << 6,
	ROOT = 1 << 7,
	KEEP_GLOBAL = 1 << 8,
	ANY_PCID_IF_GLOBAL = 1 << 9,
	CURRENT = 1 << 10,  /* VPID, and PCID, are the processor's own */
	ASID_GPA = 1 << 11, /* AMD forgets nested mappings with their ASID */
};

struct rule {
	unsigned int what;
	uint64_t address;
	uint16_t pcid;
	uint16_t vpid;
	uint64_t root;
};

/* clang-format off */
static const unsigned int flushes[TDP_NR_FLUSHES] = {
	[TDP_FLUSH_INVLPG] =
		TLB | ENTRIES | ADDRESS | PCID | VPID | CURRENT |
		ANY_PCID_IF_GLOBAL,
	[TDP_FLUSH_INVPCID_ADDRESS] =
		TLB | ENTRIES | ADDRESS | PCID | VPID | KEEP_GLOBAL,
	[TDP_FLUSH_INVPCID_CONTEXT] =
		TLB | ENTRIES | PCID | VPID | KEEP_GLOBAL,
	[TDP_FLUSH_INVPCID_ALL_GLOBAL] = TLB | ENTRIES | VPID | CURRENT,
	[TDP_FLUSH_INVPCID_ALL] =
		TLB | ENTRIES | VPID | CURRENT | KEEP_GLOBAL,
	[TDP_FLUSH_INVVPID_ADDRESS] = TLB | VPID | ADDRESS | PREFIX,
	[TDP_FLUSH_INVVPID_CONTEXT] = TLB | VPID,
	[TDP_FLUSH_INVVPID_ALL] = TLB,
	[TDP_FLUSH_INVVPID_KEEP_GLOBAL] = TLB | VPID | KEEP_GLOBAL,
	[TDP_FLUSH_INVEPT_CONTEXT] = TLB | GPA | ENTRIES | ROOT,
	[TDP_FLUSH_INVEPT_ALL] = TLB | GPA | ENTRIES,
	[TDP_FLUSH_INVLPGA] = TLB | ENTRIES | VPID | ADDRESS,
	[TDP_FLUSH_TLB_CONTROL_ALL] = TLB | ASID_GPA | ENTRIES,
	[TDP_FLUSH_TLB_CONTROL_ASID] = TLB | ASID_GPA | ENTRIES | VPID,
	[TDP_FLUSH_TLB_CONTROL_NON_GLOBAL] =
		TLB | ASID_GPA | ENTRIES | VPID | KEEP_GLOBAL,
	[TDP_FLUSH_VM_TRANSITION] = TLB | VPID,
};
/* clang-format on */

static bool holds_address(const struct cache_line *line, uint64_t address)
{
	return address >> line->key.shift == line->key.tag;
}

static bool linear_goes(const struct rule *r, enum mapping mapping,
			const struct cache_line *line)
{
	const bool global = line->what.global;
	const unsigned int address = mapping == LINEAR ? ADDRESS : PREFIX;

	if (!(r->what & TLB) || (global && (r->what & KEEP_GLOBAL)))
		return false;
	if ((r->what & address) && !holds_address(line, r->address))
		return false;
	if (!(r->what & PCID) || (global && (r->what & ANY_PCID_IF_GLOBAL)))
		return true;
	return line->key.pcid == r->pcid;
}

static bool line_goes(const struct rule *r, enum mapping mapping,
		      const struct cache_line *line)
{
	if (mapping == ENTRY)
		return r->what & ENTRIES;
	if ((r->what & ROOT) && line->key.root != r->root)
		return false;
	if ((r->what & VPID) && line->key.vpid != r->vpid)
		return false;
	if (mapping == LINEAR || mapping == LINEAR_TABLE)
		return linear_goes(r, mapping, line);
	return (r->what & GPA) &&
	       (!(r->what & ADDRESS) || holds_address(line, r->address));
}

static void apply(struct tdp_tlb *tlb, const struct rule *r)
{
	for (int p = 0; p < TDP_NR_TLB_PARTS; p++) {
		struct cache *c = &tlb->part[p];
		const size_t lines = (size_t)c->shape.sets * c->shape.ways;

		for (size_t i = 0; i < lines; i++)
			if (c->lines[i].valid &&
			    line_goes(r, mapping_of((enum tdp_tlb_part)p),
				      &c->lines[i]))
				c->lines[i].valid = false;
	}
}

static bool is_amd(const struct tdp_walker *w)
{
	return w->cpu.vendor == TDP_AMD;
}

/* @what, for the VPID and PCID that the processor runs under. */
static struct rule current(const struct tdp_walker *w, unsigned int what,
			   uint64_t address)
{
	const struct cache_key key = linear_key(w, 0, 12);

	return (struct rule){
		.what = what,
		.address = address,
		.pcid = key.pcid,
		.vpid = key.vpid,
	};
}

void tlb_forget_linear(struct walk *k, uint64_t la)
{
	const struct rule r = current(
		k->w, TLB | ADDRESS | PREFIX | PCID | VPID | ANY_PCID_IF_GLOBAL,
		la);

	apply(k->tlb, &r);
}

void tlb_forget_gpa(struct walk *k, uint64_t gpa)
{
	const struct cache_key key = nested_key(k->w, gpa, 12);
	const struct rule r = {
		.what = GPA | ADDRESS | ROOT | VPID,
		.address = gpa,
		.root = key.root,
		.vpid = key.vpid,
	};

	apply(k->tlb, &r);
}

/*
 * INVLPG takes the tables of any address along; with EFER.TCE only those that
 * lead to the page (APM 2: "Translation Cache Extension").  A VM transition
 * forgets what is tagged with VPID 0.  Operands have 32 bits outside 64-bit
 * mode.
 */
static struct rule rule_of(const struct tdp_walker *w,
			   const struct tdp_flush *f)
{
	const bool wide = w->long_mode && !w->cpu.compat;
	const uint64_t address = f->address.addr &
				 (wide ? UINT64_MAX : UINT32_MAX);
	unsigned int what = flushes[f->kind];
	struct rule r;

	if ((what & ASID_GPA) && is_amd(w))
		what |= GPA;
	if (f->kind == TDP_FLUSH_INVLPG && is_amd(w) &&
	    (w->cpu.efer & EFER_TCE))
		what |= PREFIX;
	r = current(w, what, address);
	if (what & CURRENT)
		return r;
	r.pcid = f->pcid;
	r.root = f->root & EPTP_ADDR;
	/* INVPCID acts within the current VPID. */
	if (!(what & PCID))
		r.vpid = f->kind == TDP_FLUSH_VM_TRANSITION ? 0 : f->vpid;
	return r;
}

void tdp_walker_flush(struct tdp_walker *walker, const struct tdp_flush *flush)
{
	struct rule r;

	if (!walker->tlb)
		return;
	r = rule_of(walker, flush);
	apply(walker->tlb, &r);
}

static void flush_current(struct tdp_walker *w, unsigned int what)
{
	const struct rule r = current(w, what | TLB | ENTRIES | VPID, 0);

	if (w->tlb)
		apply(w->tlb, &r);
}

static void mov_cr3_flush(struct tdp_walker *w, uint64_t source)
{
	if ((w->cpu.cr4 & CR4_PCIDE) && (source & CR3_NOFLUSH))
		return;
	flush_current(w, PCID | KEEP_GLOBAL);
}

static void mov_cr4_flush(struct tdp_walker *w, uint64_t old, uint64_t value)
{
	const uint64_t changed = old ^ value;

	if ((changed & CR4_PGE) || (old & ~value & CR4_PCIDE))
		flush_current(w, 0);
	else if ((changed & CR4_PAE) || (value & ~old & CR4_SMEP))
		flush_current(w, PCID | ANY_PCID_IF_GLOBAL);
}

/* Turning paging off forgets everything; turning it on, nothing. */
static void mov_cr0_flush(struct tdp_walker *w, uint64_t old, uint64_t value)
{
	if (old & ~value & CR0_PG)
		flush_current(w, 0);
}

static void set_cr0(struct tdp_walk_cpu *cpu, uint64_t value)
{
	cpu->cr0 = value;
	cpu->efer &= ~EFER_LMA;
	if ((value & CR0_PG) && (cpu->efer & EFER_LME))
		cpu->efer |= EFER_LMA;
}

/* SDM: MOV to CR4: CR4.LA57 can't change in long mode, PCIDE needs PCID 0. */
static bool is_allowed_change(const struct tdp_walk_cpu *cpu, uint64_t cr4)
{
	const uint64_t changed = cpu->cr4 ^ cr4;

	if ((changed & CR4_LA57) && (cpu->efer & EFER_LMA))
		return false;
	return !(changed & cr4 & CR4_PCIDE) || !(cpu->cr3 & CR3_PCID);
}

int tdp_walker_mov_cr(struct tdp_walker *walker, unsigned int cr,
		      uint64_t value, struct tdp_error *err)
{
	const struct tdp_walk_cpu old = walker->cpu;
	struct tdp_walk_cpu cpu = old;
	int ret;

	if (cr == 0)
		set_cr0(&cpu, value);
	else if (cr == 3)
		cpu.cr3 = cpu.cr4 & CR4_PCIDE ? value & ~CR3_NOFLUSH : value;
	else if (cr == 4)
		cpu.cr4 = value;
	else
		return err_set(err, TDP_EINVAL, "CR%u: not 0, 3 or 4", cr);
	if (cr == 4 && !is_allowed_change(&old, value))
		return err_set(
			err, TDP_EINVAL,
			"cr4_change: LA57 in long mode, or PCIDE with a PCID (#GP(0))");
	ret = tdp_walker_set_cpu(walker, &cpu, err);
	if (ret)
		return ret;
	if (cr == 0)
		mov_cr0_flush(walker, old.cr0, value);
	else if (cr == 3)
		mov_cr3_flush(walker, value);
	else
		mov_cr4_flush(walker, old.cr4, value);
	return TDP_OK;
}
