/* SPDX-License-Identifier: MIT */
/*
 * Making, marking and testing SPTEs.  No function here knows a bit position
 * that differs between formats or kernels; see spte_format.c.
 */
#include "kvm/spte.h"

#define AD_DISABLED    1
#define AD_WRPROT_ONLY 2

bool spte_ad_enabled(const struct spte_format *fmt, uint64_t spte)
{
	return field_get(fmt->ad_type, spte) != AD_DISABLED;
}

bool spte_needs_write_protect(const struct spte_format *fmt, uint64_t spte)
{
	return spte & fmt->ad_type;
}

bool spte_access_tracked(const struct spte_format *fmt, uint64_t spte)
{
	return !spte_ad_enabled(fmt, spte) && !(spte & fmt->acc_track);
}

bool spte_executable(const struct spte_format *fmt, uint64_t spte)
{
	return fmt->nx ? !(spte & fmt->nx) : spte & (fmt->x | fmt->xu);
}

/* Is A (or D) of this entry maintained, by hardware or by KVM? */
static bool keeps_ad(const struct spte_format *fmt, uint64_t spte)
{
	return fmt->accessed &&
	       (fmt->software_ad || spte_ad_enabled(fmt, spte));
}

bool spte_accessed(const struct spte_format *fmt, uint64_t spte)
{
	if (keeps_ad(fmt, spte))
		return spte & fmt->accessed;
	return !spte_access_tracked(fmt, spte);
}

static bool is_dirty(const struct spte_format *fmt, uint64_t spte)
{
	return spte & (keeps_ad(fmt, spte) ? fmt->dirty : SPTE_W);
}

bool spte_allows(const struct spte_format *fmt, uint64_t spte, bool write,
		 bool fetch)
{
	if (fetch)
		return spte_executable(fmt, spte);
	if (write)
		return spte_writable(spte);
	return spte & BIT(0); /* P and R alike */
}

bool spte_needs_flush(const struct spte_format *fmt, uint64_t old, uint64_t new)
{
	const uint64_t was_writable = old & fmt->mmu_writable;

	if (!fmt->flush_any_loss)
		return was_writable && !(new & fmt->mmu_writable);

	/* Other CPUs may set W again until mmu-writable or host-writable goes. */
	if (was_writable && (old & fmt->host_writable) && !spte_writable(new))
		return true;
	return (spte_accessed(fmt, old) && !spte_accessed(fmt, new)) ||
	       (is_dirty(fmt, old) && !is_dirty(fmt, new));
}

/*
 * W is not kept: mmu-writable tells whether a write may have it back.
 * KVM 6.12: mark_spte_for_access_track()
 */
uint64_t spte_mark_access_track(const struct spte_format *fmt, uint64_t spte)
{
	const uint64_t kept = fmt->acc_track_saved >> fmt->acc_track_shift;

	if (spte_ad_enabled(fmt, spte))
		return spte & ~fmt->accessed;
	if (spte_access_tracked(fmt, spte))
		return spte;

	spte |= (spte & kept) << fmt->acc_track_shift;
	spte &= ~fmt->acc_track;
	if (fmt->software_ad)
		spte &= ~fmt->accessed;
	return spte;
}

/* KVM 6.12: restore_acc_track_spte() */
uint64_t spte_restore_access_track(const struct spte_format *fmt, uint64_t spte)
{
	const uint64_t saved = spte & fmt->acc_track_saved;

	spte &= ~(fmt->acc_track | fmt->acc_track_saved);
	return spte | saved >> fmt->acc_track_shift;
}

/*
 * With PML, a write of L2 would log L2's address, which is of no use to the
 * dirty log of L1's memory; such entries are write-protected instead.
 */
static bool wrprot_only(const struct spte_format *fmt,
			const struct spte_args *args)
{
	switch (fmt->wrprot_only) {
	case SPTE_WRPROT_ONLY_GUEST_MMU:
		return args->guest_mmu;
	case SPTE_WRPROT_ONLY_GUEST_MMU_PML:
		return args->guest_mmu && fmt->pml;
	default:
		return args->role->guest_mode && fmt->pml;
	}
}

static uint64_t ad_type(const struct spte_format *fmt,
			const struct spte_args *args)
{
	if (args->role->ad_disabled)
		return FIELD(fmt->ad_type, AD_DISABLED);
	if (wrprot_only(fmt, args))
		return FIELD(fmt->ad_type, AD_WRPROT_ONLY);
	return 0;
}

static uint64_t exec_bits(const struct spte_format *fmt, unsigned int access)
{
	if (fmt->nx)
		return access & TDP_ACC_EXEC ? 0 : fmt->nx;
	return (access & TDP_ACC_EXEC ? fmt->x : 0) |
	       (access & TDP_ACC_USER ? fmt->xu : 0);
}

/* Rights but for writing.  The NX mitigation lets no huge page execute. */
static uint64_t right_bits(const struct spte_format *fmt, unsigned int access,
			   unsigned int level)
{
	uint64_t spte = 0;

	if (level > TDP_LEVEL_4K && fmt->nx_huge_pages)
		access &= ~(TDP_ACC_EXEC | (fmt->xu ? TDP_ACC_USER : 0));
	if (access & TDP_ACC_READ)
		spte |= fmt->read;
	if (access & TDP_ACC_USER)
		spte |= fmt->user;
	return spte | exec_bits(fmt, access);
}

/*
 * An old entry with W shows that the frame needs no write protection, if it
 * is an entry of the same frame.  Kernels up to 6.12 take it, too, as a reason
 * not to set D, and not all of them make sure of what the old entry is.
 */
static bool skips_checks(const struct spte_format *fmt,
			 const struct spte_args *args)
{
	if (!spte_writable(args->old_spte))
		return false;
	switch (fmt->redirty) {
	case SPTE_REDIRTY_SKIP_IN_SYNC:
		return args->synchronizing;
	case SPTE_REDIRTY_SKIP:
		return true;
	default:
		return spte_leaf(args->old_spte, args->level);
	}
}

static uint64_t write_bits(const struct spte_format *fmt,
			   const struct spte_args *args, uint64_t spte,
			   bool *wrprotected)
{
	const bool skip = skips_checks(fmt, args);
	uint64_t bits = SPTE_W | fmt->mmu_writable;

	if (!skip && args->wrprot) {
		*wrprotected = true;
		return 0;
	}
	if (fmt->redirty == SPTE_REDIRTY_ALWAYS || !skip)
		bits |= keeps_ad(fmt, spte) ? fmt->dirty : 0;
	return bits;
}

/* Nobody has accessed the page yet. */
static bool unaccessed(const struct spte_format *fmt,
		       const struct spte_args *args)
{
	return args->prefetch && !(args->synchronizing && fmt->sync_accessed);
}

static bool tracks(const struct spte_format *fmt, const struct spte_args *args,
		   bool writable)
{
	if (!unaccessed(fmt, args))
		return false;
	/* Up to 5.15 what skips the write checks skips this as well. */
	return fmt->redirty != SPTE_REDIRTY_SKIP_IN_SYNC || !writable ||
	       !skips_checks(fmt, args);
}

uint64_t spte_make(const struct spte_format *fmt, const struct spte_args *args,
		   bool *wrprotected)
{
	const bool writable = args->host_writable &&
			      (args->access & TDP_ACC_WRITE);
	uint64_t spte = fmt->mmu_present | fmt->present | ad_type(fmt, args);

	assert(args->level >= TDP_LEVEL_4K && args->level <= TDP_LEVEL_1G);
	*wrprotected = false;
	if (!unaccessed(fmt, args))
		spte |= keeps_ad(fmt, spte) ? fmt->accessed : 0;
	spte |= right_bits(fmt, args->access, args->level);
	if (args->level > TDP_LEVEL_4K)
		spte |= SPTE_PS;
	if (fmt->memtype)
		spte |= args->memtype_bits;
	if (args->host_writable)
		spte |= fmt->host_writable;
	if (!args->host_mmio)
		spte |= fmt->me;
	spte |= args->pfn << 12;
	if (writable)
		spte |= write_bits(fmt, args, spte, wrprotected);
	if (tracks(fmt, args, writable))
		spte = spte_mark_access_track(fmt, spte);
	return spte;
}

uint64_t spte_make_nonleaf(const struct spte_format *fmt, uint64_t child_hpa,
			   bool ad_disabled)
{
	uint64_t spte = fmt->mmu_present | child_hpa | fmt->present | SPTE_W |
			fmt->read | fmt->user | fmt->x | fmt->xu | fmt->me;

	if (ad_disabled)
		return spte | FIELD(fmt->ad_type, AD_DISABLED);
	return spte | fmt->accessed;
}

/* Tracked entries have their rights elsewhere. */
static uint64_t set_exec(const struct spte_format *fmt, uint64_t spte,
			 unsigned int access)
{
	const bool tracked = spte_access_tracked(fmt, spte);

	if (tracked)
		spte = spte_restore_access_track(fmt, spte);
	spte &= ~(fmt->nx | fmt->x | fmt->xu);
	spte |= exec_bits(fmt, access);
	return tracked ? spte_mark_access_track(fmt, spte) : spte;
}

uint64_t spte_make_small(const struct spte_format *fmt, uint64_t huge_spte,
			 const struct tdp_role *child_role, unsigned int index)
{
	uint64_t spte = huge_spte;

	assert(spte_present(fmt, huge_spte) && (huge_spte & SPTE_PS));
	spte |= (uint64_t)index << (12 + 9 * (child_role->level - 1));
	if (child_role->level > TDP_LEVEL_4K)
		return spte;
	spte &= ~SPTE_PS;
	/* Only 7.2, the first with the read right, also takes rights away. */
	if (fmt->nx_huge_pages &&
	    (fmt->read || (child_role->access & TDP_ACC_EXEC)))
		spte = set_exec(fmt, spte, child_role->access);
	return spte;
}

uint64_t spte_make_huge(const struct spte_format *fmt, uint64_t small_spte,
			unsigned int level)
{
	uint64_t spte = small_spte | SPTE_PS;

	assert(level > TDP_LEVEL_4K && level <= TDP_LEVEL_1G);
	spte &= ~BITS(12 + 9 * (level - 1) - 1, 12);
	if (fmt->nx_huge_pages)
		spte = set_exec(fmt, spte, 0);
	return spte;
}

uint64_t spte_make_changed(const struct spte_format *fmt, uint64_t spte,
			   uint64_t pfn)
{
	spte = field_set(SPTE_ADDRESS, spte, pfn);
	spte &= ~(SPTE_W | fmt->host_writable);
	if (!fmt->loose_mmu_writable)
		spte &= ~fmt->mmu_writable;
	return spte_mark_access_track(fmt, spte);
}

static uint64_t gen_to_spte(const struct spte_gen_part *part, uint64_t gen)
{
	const uint64_t value = (gen >> part->gen_shift) &
			       (BIT(part->width) - 1);

	return value << part->spte_shift;
}

static uint64_t gen_from_spte(const struct spte_gen_part *part, uint64_t spte)
{
	const uint64_t value = (spte >> part->spte_shift) &
			       (BIT(part->width) - 1);

	return value << part->gen_shift;
}

uint64_t spte_make_mmio(const struct spte_format *fmt, uint64_t gfn,
			unsigned int access, uint64_t generation)
{
	const uint64_t gpa = gfn << 12;
	uint64_t spte = fmt->mmio_value;

	spte |= gen_to_spte(&fmt->gen[0], generation);
	spte |= gen_to_spte(&fmt->gen[1], generation);
	spte |= access & fmt->mmio_access;
	spte |= gpa | fmt->l1tf_mask;
	return spte | (gpa & fmt->l1tf_mask) << fmt->l1tf_shift;
}

/* KVM 6.12: get_mmio_spte_gfn(); bits beyond the host's addresses are lost. */
uint64_t spte_mmio_gfn(const struct spte_format *fmt, uint64_t spte)
{
	uint64_t gpa = spte & fmt->low_gpa;

	gpa |= (spte >> fmt->l1tf_shift) & fmt->l1tf_mask;
	return gpa >> 12;
}

uint64_t spte_mmio_gen(const struct spte_format *fmt, uint64_t spte)
{
	return gen_from_spte(&fmt->gen[0], spte) |
	       gen_from_spte(&fmt->gen[1], spte);
}

unsigned int spte_mmio_access(const struct spte_format *fmt, uint64_t spte)
{
	return (unsigned int)(spte & fmt->mmio_traced);
}

unsigned int spte_mmio_rights(const struct spte_format *fmt, uint64_t spte)
{
	return (unsigned int)(spte & fmt->mmio_access);
}

/* KVM 6.12 and 7.2: event kvm_mmu_set_spte */
struct spte_traced spte_traced(const struct spte_format *fmt, uint64_t spte)
{
	const uint64_t user = fmt->user | fmt->xu;

	return (struct spte_traced){
		.r = fmt->present || (spte & BIT(0)),
		.x = (spte & (fmt->x | fmt->nx)) == fmt->x,
		.u = spte & user,
	};
}
