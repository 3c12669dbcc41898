/* SPDX-License-Identifier: MIT */
/* The guest's access rights, decided once on the combined entries. */
#include "arch/regs.h"
#include "walk/walk.h"

/*
 * SDM: "Shadow-Stack Addresses": R/W=0 and D=1 in the leaf, R/W=1 in every
 * other entry.
 */
static bool is_shadow_stack_page(const struct page *page)
{
	return !page->rw && page->upper_rw && page->dirty;
}

static enum tdp_walk_reason shadow_stack_decide(enum privilege privilege,
						const struct page *page)
{
	if (!is_shadow_stack_page(page))
		return TDP_WALK_WHY_SHSTK_PAGE;
	if (privilege == USER && !page->us)
		return TDP_WALK_WHY_SHSTK_USER;
	if (privilege != USER && page->us)
		return TDP_WALK_WHY_SHSTK_SUPERVISOR;
	return TDP_WALK_WHY_NONE;
}

static enum tdp_walk_reason user_decide(enum tdp_access_kind kind,
					const struct page *page)
{
	if (!page->us)
		return TDP_WALK_WHY_USER;
	if (is_write(kind) && !page->rw)
		return TDP_WALK_WHY_WRITE_USER;
	if (kind == TDP_FETCH && page->xd)
		return TDP_WALK_WHY_FETCH_XD;
	return TDP_WALK_WHY_NONE;
}

/* EFLAGS.AC counts for explicit accesses only. */
static enum tdp_walk_reason smap_decide(const struct tdp_walk_cpu *cpu,
					enum privilege privilege)
{
	if (!(cpu->cr4 & CR4_SMAP))
		return TDP_WALK_WHY_NONE;
	if (privilege == IMPLICIT)
		return TDP_WALK_WHY_SMAP_IMPLICIT;
	return cpu->rflags & RFLAGS_AC ? TDP_WALK_WHY_NONE : TDP_WALK_WHY_SMAP;
}

static enum tdp_walk_reason supervisor_decide(const struct tdp_walk_cpu *cpu,
					      enum tdp_access_kind kind,
					      enum privilege privilege,
					      const struct page *page)
{
	enum tdp_walk_reason why = TDP_WALK_WHY_NONE;

	if (kind == TDP_FETCH) {
		if (page->xd)
			return TDP_WALK_WHY_FETCH_XD;
		if (page->us && (cpu->cr4 & CR4_SMEP))
			return TDP_WALK_WHY_SMEP;
		return TDP_WALK_WHY_NONE;
	}
	if (page->us)
		why = smap_decide(cpu, privilege);
	if (!why && is_write(kind) && !page->rw && (cpu->cr0 & CR0_WP))
		why = TDP_WALK_WHY_WRITE_WP;
	return why;
}

/*
 * SDM: "Protection Keys".  The key is the leaf's; U/S of all levels decides
 * which register it indexes.  Fetches are exempt.
 */
static enum tdp_walk_reason key_decide(const struct tdp_walk_cpu *cpu,
				       enum tdp_access_kind kind,
				       enum privilege privilege,
				       const struct page *page)
{
	const uint64_t enable = page->us ? CR4_PKE : CR4_PKS;
	const uint32_t keys = page->us ? cpu->pkru : cpu->pkrs;
	const bool wd_counts = (cpu->cr0 & CR0_WP) ||
			       (page->us && privilege == USER);

	if (!(cpu->efer & EFER_LMA) || !(cpu->cr4 & enable) || !is_data(kind))
		return TDP_WALK_WHY_NONE;
	if (keys & PKR_AD(page->key))
		return page->us ? TDP_WALK_WHY_PKU_AD : TDP_WALK_WHY_PKS_AD;
	if ((keys & PKR_WD(page->key)) && is_write(kind) && wd_counts)
		return page->us ? TDP_WALK_WHY_PKU_WD : TDP_WALK_WHY_PKS_WD;
	return TDP_WALK_WHY_NONE;
}

/* SDM: "Determination of Access Rights" (3A), without the keys. */
static enum tdp_walk_reason mode_decide(const struct tdp_walk_cpu *cpu,
					enum tdp_access_kind kind,
					enum privilege privilege,
					const struct page *page)
{
	if (is_shadow_stack(kind))
		return shadow_stack_decide(privilege, page);
	if (privilege == USER)
		return user_decide(kind, page);
	return supervisor_decide(cpu, kind, privilege, page);
}

enum tdp_walk_reason rights_decide(const struct tdp_walk_cpu *cpu,
				   enum tdp_access_kind kind,
				   enum privilege privilege,
				   const struct page *page)
{
	enum tdp_walk_reason why = mode_decide(cpu, kind, privilege, page);

	return why ? why : key_decide(cpu, kind, privilege, page);
}

/* PK is reported beside any other violation, hence the second question. */
bool rights_check(struct walk *k)
{
	const struct tdp_walk_cpu *cpu = &k->w->cpu;
	enum tdp_walk_reason why, key;

	why = rights_decide(cpu, k->kind, k->privilege, &k->page);
	if (likely(!why))
		return true;
	key = key_decide(cpu, k->kind, k->privilege, &k->page);
	k->r->level = (uint8_t)k->leaf_level;
	return page_fault(k, why, PFERR_PRESENT | (key ? PFERR_PK : 0));
}

/*
 * SDM: "Page-Fault Exceptions".  I/D is reported only where XD or SMEP can
 * deny a fetch.
 */
bool page_fault(struct walk *k, enum tdp_walk_reason why, uint64_t code)
{
	const struct tdp_walk_cpu *cpu = &k->w->cpu;

	if (is_write(k->kind))
		code |= PFERR_WRITE;
	if (k->privilege == USER)
		code |= PFERR_USER;
	if (k->kind == TDP_FETCH &&
	    ((cpu->cr4 & CR4_SMEP) ||
	     ((cpu->cr4 & CR4_PAE) && (cpu->efer & EFER_NX))))
		code |= PFERR_FETCH;
	if (is_shadow_stack(k->kind))
		code |= PFERR_SS;
	k->r->stage = TDP_WALK_GUEST;
	return walk_fail(k, TDP_WALK_PF, why, code);
}
