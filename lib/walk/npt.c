/* SPDX-License-Identifier: MIT */
/*
 * One walk of AMD's nested page tables, by the manual's ladder.
 *
 * APM 2: "Nested Paging".  The format is the host's, and so are EFER.NXE and
 * the PAT; CR0.WP, SMEP, SMAP, keys and global bits have no part in it.
 */
#include "arch/regs.h"
#include "walk/tlb.h"

struct path {
	uint64_t hpa[NR_LEVELS];
	unsigned int cache[NR_LEVELS]; /* PCD << 1 | PWT for the entry itself */
	unsigned int top;
};

/* An access as the nested tables see it. */
static bool writes(const struct walk *k, enum purpose purpose)
{
	if (purpose == FOR_FINAL)
		return is_write(k->kind);
	return purpose == FOR_UPDATE || is_write(k->table_kind);
}

static bool fetches(const struct walk *k, enum purpose purpose)
{
	return purpose == FOR_FINAL ? k->kind == TDP_FETCH :
				      k->table_kind == TDP_FETCH;
}

static bool is_pdpte(const struct walk *k, unsigned int level)
{
	return k->w->nested_mode == MODE_PAE && level == 3;
}

static void log_entry(struct walk *k, uint64_t gpa, unsigned int target,
		      const struct nested *at)
{
	const struct tdp_walk_ref ref = {
		.stage = TDP_WALK_NPT,
		.level = (uint8_t)at->level,
		.target = (uint8_t)target,
		.bytes = (uint8_t)geometries[k->w->nested_mode].entry_bytes,
		.memtype = npt_ref_type(k, at->leaf_hpa, at->cache),
		.gpa = TDP_GPA(gpa),
		.hpa = TDP_HPA(at->leaf_hpa),
		.value = at->leaf,
	};

	log_ref(k, &ref);
}

static uint64_t page_address(const struct geometry *g, uint64_t gpa,
			     const struct nested *at)
{
	const unsigned int shift = level_shift(g, at->level);
	const uint64_t offset = BIT(shift) - 1;
	uint64_t hpa = (at->leaf & PTE_ADDR & ~offset) | (gpa & offset);

	if (shift == 22)
		hpa |= field_get(PDE4M_HIGH, at->leaf) << 32;
	return hpa;
}

static enum tdp_walk_reason descend(struct walk *k, uint64_t gpa,
				    unsigned int target, struct nested *at,
				    struct path *path)
{
	const struct geometry *g = &geometries[k->w->nested_mode];
	uint64_t table = k->w->nested_root;
	enum tdp_walk_reason why;
	bool accessed = true;
	bool leaf;

	*at = (struct nested){
		.rights = NPT_ALL_RIGHTS,
		.upper = NPT_ALL_RIGHTS,
		.cache = (unsigned int)field_get(PTE_CACHE, k->w->cpu.npt.ncr3),
	};
	path->top = g->levels;
	/* Not in the manual: docs/decisions. */
	if (gpa >> g->width && !k->w->cpu.choices.npt_truncate)
		return TDP_WALK_WHY_N_GPA_WIDTH;
	gpa &= BIT(g->width) - 1;
	if (unlikely(k->tlb))
		path->top = tlb_nested_start(k, gpa, &table, at);
	for (unsigned int level = path->top;; level--) {
		at->level = level;
		at->leaf_hpa = table + entry_offset(g, gpa, level);
		at->leaf = entry_read(k, at->leaf_hpa, g->entry_bytes);
		path->hpa[level] = at->leaf_hpa;
		path->cache[level] = at->cache;
		if (k->log)
			log_entry(k, gpa, target, at);
		why = pte_classify(&k->w->npt, at->leaf, level,
				   TDP_WALK_WHY_N_ABSENT, &leaf);
		if (why)
			break;
		if (!is_pdpte(k, level)) {
			at->rights &= at->leaf;
			at->no_execute |= (at->leaf & PTE_XD) != 0;
		}
		if (leaf)
			break;
		at->upper = at->rights;
		table = at->leaf & PTE_ADDR;
		at->cache = (unsigned int)field_get(PTE_CACHE, at->leaf);
		/* As for EPT: only below entries that all have A set. */
		accessed &= (at->leaf & PTE_A) || is_pdpte(k, level);
		if (unlikely(k->tlb) && accessed)
			tlb_nested_step(k, gpa, level, table, at);
	}
	count_stop(&k->nested_stops, at->level);
	if (!why)
		at->hpa = page_address(g, gpa, at);
	return why;
}

/*
 * APM 2: "Supervisor Shadow Stack": the leaf is no-execute and supervisor,
 * its R/W does not count, that of the other entries does.
 */
static bool is_sss_leaf(const struct nested *at)
{
	return (at->leaf & PTE_XD) && !(at->leaf & PTE_US);
}

static bool is_sss_access(const struct walk *k, enum purpose purpose)
{
	return k->w->ssscheck && purpose == FOR_FINAL &&
	       is_shadow_stack(k->kind) && k->privilege != USER;
}

static enum tdp_walk_reason write_reason(enum purpose purpose)
{
	if (purpose == FOR_FINAL)
		return TDP_WALK_WHY_N_WRITE;
	return purpose == FOR_TABLE ? TDP_WALK_WHY_N_TABLE_WRITE :
				      TDP_WALK_WHY_N_AD_WRITE;
}

/*
 * APM 2: "Nested Table Walk": each access is a user access, whatever the CPL.
 * "Guest Mode Execute Trap Extension": U/S then only decides about fetches,
 * and forbids where it otherwise allows.
 */
static enum tdp_walk_reason rights_of(const struct walk *k,
				      enum purpose purpose,
				      const struct nested *at)
{
	if (is_sss_access(k, purpose))
		return is_sss_leaf(at) && (at->upper & PTE_RW) ?
			       TDP_WALK_WHY_NONE :
			       TDP_WALK_WHY_N_SSS;
	if (!k->w->gmet && !(at->rights & PTE_US))
		return purpose == FOR_FINAL ? TDP_WALK_WHY_N_USER :
					      TDP_WALK_WHY_N_TABLE_USER;
	if (writes(k, purpose) && !(at->rights & PTE_RW))
		return write_reason(purpose);
	if (!fetches(k, purpose))
		return TDP_WALK_WHY_NONE;
	if (at->no_execute)
		return purpose == FOR_FINAL ? TDP_WALK_WHY_N_FETCH_NX :
					      TDP_WALK_WHY_N_TABLE_FETCH;
	if (k->w->gmet && (at->rights & PTE_US) && k->privilege != USER)
		return TDP_WALK_WHY_N_GMET;
	return TDP_WALK_WHY_NONE;
}

static bool is_reserved(enum tdp_walk_reason why)
{
	return why >= TDP_WALK_WHY_N_RSVD_ADDR &&
	       why <= TDP_WALK_WHY_N_RSVD_PDPTE;
}

static bool reports_fetch(const struct walk *k)
{
	return k->w->cpu.choices.npf_id_always ||
	       (k->w->cpu.npt.efer & EFER_NX) || (k->w->cpu.npt.cr4 & CR4_SMEP);
}

static bool reports_user(const struct walk *k, enum purpose purpose)
{
	return !k->w->gmet || !k->w->cpu.choices.gmet_us_by_cpl ||
	       purpose != FOR_FINAL || k->privilege == USER;
}

/* APM 2: "Nested versus Guest Page Faults, Fault Ordering": EXITINFO1. */
static uint64_t exitinfo1(const struct walk *k, enum purpose purpose,
			  const struct nested *at, enum tdp_walk_reason why)
{
	const bool absent = why == TDP_WALK_WHY_N_ABSENT ||
			    why == TDP_WALK_WHY_N_GPA_WIDTH;
	uint64_t info = absent ? 0 : PFERR_PRESENT;

	if (writes(k, purpose))
		info |= PFERR_WRITE;
	if (reports_user(k, purpose))
		info |= PFERR_USER;
	if (is_reserved(why))
		info |= PFERR_RSVD;
	if (fetches(k, purpose) && reports_fetch(k))
		info |= PFERR_FETCH;
	if (purpose != FOR_FINAL)
		return info | PFERR_GUEST_PAGE;
	if (is_shadow_stack(k->kind))
		info |= PFERR_SS;
	if (!absent && !is_reserved(why) && k->w->ssscheck && is_sss_leaf(at))
		info |= PFERR_GUEST_SSS;
	return info | PFERR_GUEST_FINAL;
}

static bool fail(struct walk *k, uint64_t gpa, enum purpose purpose,
		 unsigned int target, const struct nested *at,
		 enum tdp_walk_reason why)
{
	k->r->stage = TDP_WALK_NPT;
	k->r->level = (uint8_t)at->level;
	k->r->target = (uint8_t)target;
	k->r->entry = TDP_HPA(at->leaf_hpa);
	k->r->gpa = TDP_GPA(gpa);
	if (why == TDP_WALK_WHY_N_PML_FULL)
		return walk_fail(k, TDP_WALK_PML_FULL, why, 0);
	return walk_fail(k, TDP_WALK_NPF, why, exitinfo1(k, purpose, at, why));
}

static uint64_t flags_due(const struct walk *k, uint64_t entry,
			  unsigned int level, bool leaf, bool write)
{
	const uint64_t flags = PTE_A | (leaf && write ? PTE_D : 0);

	return is_pdpte(k, level) ? 0 : flags & ~entry;
}

static void set_flags(struct walk *k, uint64_t gpa, unsigned int target,
		      unsigned int level, const struct path *path,
		      uint64_t value)
{
	const struct tdp_walk_ref ref = {
		.stage = TDP_WALK_NPT,
		.level = (uint8_t)level,
		.target = (uint8_t)target,
		.bytes = (uint8_t)geometries[k->w->nested_mode].entry_bytes,
		.write = true,
		.memtype = npt_ref_type(k, path->hpa[level],
					path->cache[level]),
		.gpa = TDP_GPA(gpa),
		.hpa = TDP_HPA(path->hpa[level]),
		.value = value,
	};

	entry_write(k, &ref);
}

/*
 * Like ordinary paging; there is no switch for it.
 *
 * APM 2: "Page Modification Logging": only a dirty flag consults the index.
 */
static bool update_flags(struct walk *k, uint64_t gpa, enum purpose purpose,
			 unsigned int target, const struct nested *at,
			 const struct path *path)
{
	const unsigned int bytes = geometries[k->w->nested_mode].entry_bytes;
	const bool write = writes(k, purpose);
	const uint64_t leaf = entry_current(k, at->leaf_hpa, bytes);
	const bool log = k->w->pml && write && !(leaf & PTE_D);

	if (log && k->pml_index > 511)
		return fail(k, gpa, purpose, target, at,
			    TDP_WALK_WHY_N_PML_FULL);
	for (unsigned int level = path->top; level >= at->level; level--) {
		const uint64_t old = entry_current(k, path->hpa[level], bytes);
		const uint64_t due = flags_due(k, old, level,
					       level == at->level, write);

		if (due)
			set_flags(k, gpa, target, level, path, old | due);
	}
	if (log)
		pml_append(k, gpa);
	return true;
}

bool npt_walk(struct walk *k, uint64_t gpa, enum purpose purpose,
	      unsigned int target, struct nested *at)
{
	enum tdp_walk_reason why;
	struct path path;

	why = descend(k, gpa, target, at, &path);
	if (!why)
		why = rights_of(k, purpose, at);
	if (why)
		return fail(k, gpa, purpose, target, at, why);
	if (!update_flags(k, gpa, purpose, target, at, &path))
		return false;
	at->leaf |= flags_due(k, at->leaf, at->level, true, writes(k, purpose));
	return true;
}

bool npt_passes(const struct walk *k, enum purpose purpose,
		const struct nested *at)
{
	return !rights_of(k, purpose, at) &&
	       !flags_due(k, at->leaf, at->level, true, writes(k, purpose));
}

/*
 * APM 2: "Read-Only Guest Page Tables": the walk only read the table, so the
 * update is the first write to its page.  Else the walk was a write.
 */
bool npt_update(struct walk *k, const struct guest_slot *slot,
		unsigned int target)
{
	const struct nested *at = &slot->at;
	struct path path = { .top = at->level };
	enum tdp_walk_reason why;

	if (!k->w->rogpt)
		return true;
	path.hpa[at->level] = at->leaf_hpa;
	path.cache[at->level] = at->cache;
	why = rights_of(k, FOR_UPDATE, at);
	if (why)
		count_stop(&k->nested_stops, at->level);
	if (why)
		return fail(k, slot->gpa, FOR_UPDATE, target, at, why);
	return update_flags(k, slot->gpa, FOR_UPDATE, target, at, &path);
}
