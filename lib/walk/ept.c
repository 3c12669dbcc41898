/* SPDX-License-Identifier: MIT */
/* One walk of EPT, by the manual's ladder. */
#include "memtype/types.h"
#include "walk/tlb.h"

/* The entries of one walk, by level, for the flags that are set at its end. */
struct path {
	uint64_t hpa[NR_LEVELS];
	unsigned int top;
};

static enum tdp_walk_reason rsvd_decide(const struct ept_format *f,
					uint64_t bad, unsigned int level,
					bool leaf)
{
	if (!bad)
		return TDP_WALK_WHY_NONE;
	if (bad & EPT_ADDR & ~(BIT(f->rules.maxphyaddr) - 1))
		return TDP_WALK_WHY_E_RSVD_ADDR;
	if (leaf)
		return TDP_WALK_WHY_E_RSVD_LARGE;
	if (level == 3 && (bad & EPT_PS))
		return TDP_WALK_WHY_E_RSVD_1G;
	if (level == 2 && (bad & EPT_PS))
		return TDP_WALK_WHY_E_RSVD_2M;
	return TDP_WALK_WHY_E_RSVD_TABLE;
}

/*
 * SDM: "EPT Misconfigurations" (3C), bullet by bullet.  An entry without any
 * right is not present: its other bits are ignored, so it comes first.
 */
static enum tdp_walk_reason classify(const struct ept_format *f, uint64_t e,
				     unsigned int level, bool *leaf)
{
	const uint64_t rights = EPT_RWX | (f->rules.mbe ? EPT_XU : 0);

	*leaf = f->maps_page[level] && (level == 1 || (e & EPT_PS));
	if (!(e & rights))
		return TDP_WALK_WHY_E_ABSENT;
	if (!(e & EPT_R) && (e & EPT_W))
		return TDP_WALK_WHY_E_W_NOT_R;
	if (!(e & EPT_R) && !f->exec_only && (e & EPT_X))
		return TDP_WALK_WHY_E_X_ONLY;
	if (!(e & EPT_R) && !f->exec_only && (e & rights & EPT_XU))
		return TDP_WALK_WHY_E_XU_ONLY;
	if (f->rules.pw && *leaf && (e & EPT_PWA) && !(e & EPT_R))
		return TDP_WALK_WHY_E_PWA_NOT_R;
	if (e & f->reserved[level][*leaf])
		return rsvd_decide(f, e & f->reserved[level][*leaf], level,
				   *leaf);
	if (*leaf && !is_ept_type(field_get(EPT_MEMTYPE, e)))
		return TDP_WALK_WHY_E_MEMTYPE;
	return TDP_WALK_WHY_NONE;
}

static void log_entry(struct walk *k, uint64_t gpa, unsigned int target,
		      const struct nested *at)
{
	const struct tdp_walk_ref ref = {
		.stage = TDP_WALK_EPT,
		.level = (uint8_t)at->level,
		.target = (uint8_t)target,
		.bytes = 8,
		.memtype = ept_ref_type(k),
		.gpa = TDP_GPA(gpa),
		.hpa = TDP_HPA(at->leaf_hpa),
		.value = at->leaf,
	};

	log_ref(k, &ref);
}

/*
 * From the root to the leaf, or to the entry that ends the walk.
 *
 * SDM: "Caches for Paging Structures": an entry is remembered only if it and
 * all entries above it have A set, where there is A: a walk that starts from
 * it would not come to set theirs.
 */
static enum tdp_walk_reason descend(struct walk *k, uint64_t gpa,
				    unsigned int target, struct nested *at,
				    struct path *path)
{
	const struct geometry *g = &geometries[k->w->nested_mode];
	uint64_t table = k->w->nested_root;
	enum tdp_walk_reason why;
	bool accessed = true;
	bool leaf;

	path->top = g->levels;
	*at = (struct nested){
		.rights = EPT_ALL_RIGHTS,
		.upper = EPT_ALL_RIGHTS,
	};
	/* SDM: "EPT Translation Mechanism": 4 levels translate 48 bits. */
	if (g->levels == 4 && gpa >> 48)
		return TDP_WALK_WHY_E_GPA_WIDTH;
	if (unlikely(k->tlb))
		path->top = tlb_nested_start(k, gpa, &table, at);
	for (unsigned int level = path->top;; level--) {
		at->level = level;
		at->leaf_hpa = table + entry_offset(g, gpa, level);
		at->leaf = entry_read(k, at->leaf_hpa, 8);
		path->hpa[level] = at->leaf_hpa;
		if (k->log)
			log_entry(k, gpa, target, at);
		why = classify(&k->w->ept, at->leaf, level, &leaf);
		if (why || leaf)
			break;
		at->rights &= at->leaf;
		at->upper = at->rights;
		table = at->leaf & EPT_ADDR;
		accessed &= !k->w->ept.rules.ad || (at->leaf & EPT_A);
		if (unlikely(k->tlb) && accessed)
			tlb_nested_step(k, gpa, level, table, at);
	}
	count_stop(&k->nested_stops, at->level);
	if (!why) {
		const uint64_t offset = BIT(level_shift(g, at->level)) - 1;

		at->rights &= at->leaf;
		at->hpa = (at->leaf & EPT_ADDR & ~offset) | (gpa & offset);
	}
	return why;
}

/*
 * SDM: "EPT Paging-Write Control": PWA of the leaf stands in for W where the
 * access is to a guest table.  What of the levels above it is open (see
 * docs/decisions).
 */
static bool table_writable(const struct walk *k, const struct nested *at)
{
	if (at->rights & EPT_W)
		return true;
	return k->w->ept.rules.pw && (at->leaf & EPT_PWA) &&
	       ((at->upper & EPT_W) || k->w->cpu.choices.pw_any_upper);
}

/*
 * SDM: "Accessed and Dirty Flags for EPT": with them an access to a guest
 * table counts as a write.
 */
static bool table_is_written(const struct walk *k)
{
	return k->w->ept.rules.ad || is_write(k->table_kind);
}

static enum tdp_walk_reason table_decide(const struct walk *k,
					 const struct nested *at)
{
	if (k->table_kind == TDP_FETCH && !table_is_written(k))
		return at->rights & EPT_X ? TDP_WALK_WHY_NONE :
					    TDP_WALK_WHY_E_TABLE_FETCH;
	if (!(at->rights & EPT_R))
		return TDP_WALK_WHY_E_TABLE_READ;
	if (table_is_written(k) && !table_writable(k, at))
		return TDP_WALK_WHY_E_TABLE_WRITE;
	return TDP_WALK_WHY_NONE;
}

/* Mode-based execute control asks for the address's mode, not for the CPL. */
static enum tdp_walk_reason fetch_decide(const struct walk *k,
					 const struct nested *at)
{
	if (!k->w->ept.rules.mbe)
		return at->rights & EPT_X ? TDP_WALK_WHY_NONE :
					    TDP_WALK_WHY_E_FETCH;
	if (k->page.us)
		return at->rights & EPT_XU ? TDP_WALK_WHY_NONE :
					     TDP_WALK_WHY_E_FETCH_XU;
	return at->rights & EPT_X ? TDP_WALK_WHY_NONE : TDP_WALK_WHY_E_FETCH_XS;
}

/* SDM: "Supervisor Shadow-Stack Control" of EPTP: R, W above, bit 60 below. */
static bool is_sss_page(const struct nested *at)
{
	return (at->rights & EPT_R) && (at->upper & EPT_W) &&
	       (at->leaf & EPT_SSS);
}

static enum tdp_walk_reason write_decide(struct walk *k, uint64_t gpa,
					 const struct nested *at)
{
	if (at->rights & EPT_W)
		return TDP_WALK_WHY_NONE;
	if (k->w->ept.rules.spp && at->level == 1 && (at->leaf & EPT_SPP) &&
	    (at->rights & EPT_R))
		return spp_decide(k, gpa);
	return TDP_WALK_WHY_E_WRITE;
}

static enum tdp_walk_reason final_decide(struct walk *k, uint64_t gpa,
					 const struct nested *at)
{
	if (is_shadow_stack(k->kind) && k->privilege != USER &&
	    k->w->ept.rules.sss)
		return is_sss_page(at) ? TDP_WALK_WHY_NONE : TDP_WALK_WHY_E_SSS;
	if (k->kind == TDP_FETCH)
		return fetch_decide(k, at);
	if (is_write(k->kind))
		return write_decide(k, gpa, at);
	return at->rights & EPT_R ? TDP_WALK_WHY_NONE : TDP_WALK_WHY_E_READ;
}

/* SDM: "EPT Violations" (3C). */
static enum tdp_walk_reason rights_of(struct walk *k, uint64_t gpa,
				      enum purpose purpose,
				      const struct nested *at)
{
	enum tdp_walk_reason why;

	switch (purpose) {
	case FOR_PDPTES:
		return at->rights & EPT_R ? TDP_WALK_WHY_NONE :
					    TDP_WALK_WHY_E_PDPTE_READ;
	case FOR_TABLE:
		return table_decide(k, at);
	case FOR_UPDATE:
		return table_writable(k, at) ? TDP_WALK_WHY_NONE :
					       TDP_WALK_WHY_E_AD_WRITE;
	case FOR_FINAL:
		break;
	}
	why = final_decide(k, gpa, at);
	/* SDM: "Guest-Paging Verification". */
	if (!why && k->w->ept.rules.gpv && (at->leaf & EPT_VGP) &&
	    !k->all_paging_write)
		why = TDP_WALK_WHY_E_VERIFY;
	return why;
}

static uint64_t flags_due(uint64_t entry, bool leaf, bool write)
{
	const uint64_t flags = EPT_A | (leaf && write ? EPT_D : 0);

	return flags & ~entry;
}

static bool sets_dirty(const struct walk *k, enum purpose purpose)
{
	return purpose == FOR_TABLE ||
	       (purpose == FOR_FINAL && is_write(k->kind));
}

static void set_flags(struct walk *k, uint64_t gpa, unsigned int target,
		      unsigned int leaf, bool write, const struct path *path)
{
	for (unsigned int level = path->top; level >= leaf; level--) {
		const uint64_t old = entry_current(k, path->hpa[level], 8);
		const uint64_t due = flags_due(old, level == leaf, write);
		const struct tdp_walk_ref ref = {
			.stage = TDP_WALK_EPT,
			.level = (uint8_t)level,
			.target = (uint8_t)target,
			.bytes = 8,
			.write = true,
			.memtype = ept_ref_type(k),
			.gpa = TDP_GPA(gpa),
			.hpa = TDP_HPA(path->hpa[level]),
			.value = old | due,
		};

		if (!due)
			continue;
		entry_write(k, &ref);
		if ((due & EPT_D) && k->w->pml)
			pml_append(k, gpa);
	}
}

static bool any_flag_due(const struct walk *k, unsigned int leaf, bool write,
			 const struct path *path)
{
	for (unsigned int level = path->top; level >= leaf; level--)
		if (flags_due(entry_current(k, path->hpa[level], 8),
			      level == leaf, write))
			return true;
	return false;
}

/*
 * SDM: "Accessed and Dirty Flags for EPT": an access to a guest table counts
 * as a write, the load of the PDPTEs does not.
 *
 * SDM: "Page-Modification Logging": a full log stops the access before any
 * flag is set, also if only an accessed flag is due.
 */
static bool update_flags(struct walk *k, uint64_t gpa, enum purpose purpose,
			 unsigned int target, struct nested *at,
			 const struct path *path)
{
	const bool write = sets_dirty(k, purpose);

	if (!k->w->ept.rules.ad || !any_flag_due(k, at->level, write, path))
		return true;
	if (k->w->pml && k->pml_index > 511)
		return ept_fail(k, gpa, purpose, target, at,
				TDP_WALK_WHY_E_PML_FULL);
	set_flags(k, gpa, target, at->level, write, path);
	at->leaf |= flags_due(at->leaf, true, write);
	return true;
}

bool ept_passes(struct walk *k, uint64_t gpa, enum purpose purpose,
		const struct nested *at)
{
	if (rights_of(k, gpa, purpose, at))
		return false;
	return !k->w->ept.rules.ad ||
	       !flags_due(at->leaf, true, sets_dirty(k, purpose));
}

bool ept_walk(struct walk *k, uint64_t gpa, enum purpose purpose,
	      unsigned int target, struct nested *at)
{
	enum tdp_walk_reason why;
	struct path path;

	why = descend(k, gpa, target, at, &path);
	if (!why)
		why = rights_of(k, gpa, purpose, at);
	if (why)
		return ept_fail(k, gpa, purpose, target, at, why);
	if (purpose == FOR_TABLE)
		k->all_paging_write &= (at->leaf & EPT_PWA) != 0;
	return update_flags(k, gpa, purpose, target, at, &path);
}

/*
 * With EPT's own A/D flags the read of the guest entry has been a write
 * already, and this asks nothing new.  A refused update has walked EPT for
 * the entry's address once more.
 */
bool ept_update(struct walk *k, const struct guest_slot *slot,
		unsigned int target)
{
	enum tdp_walk_reason why = rights_of(k, slot->gpa, FOR_UPDATE,
					     &slot->at);

	if (!why)
		return true;
	count_stop(&k->nested_stops, slot->at.level);
	return ept_fail(k, slot->gpa, FOR_UPDATE, target, &slot->at, why);
}
