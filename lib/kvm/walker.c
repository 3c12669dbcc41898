/* SPDX-License-Identifier: MIT */
#include "kvm/walker.h"

#include "arch/ept_bits.h"
#include "arch/pte_bits.h"
#include "arch/regs.h"
#include "kvm/guest_mem.h"
#include "kvm/pml12.h"

#define PAE_LEVEL 3

/* 4M page, PSE-36: PDE[16:13] is GPA[35:32]. */
#define PSE36_BITS BITS(16, 13)

/* What the formats differ in; the walk itself is the same for all. */
struct gw_format {
	unsigned int gpte_size;
	unsigned int index_bits;
	uint64_t address;
	uint64_t accessed, dirty;
};

static const struct gw_format paging64 = { 8, 9, PTE_ADDR, PTE_A, PTE_D };
static const struct gw_format paging32 = { 4, 10, PTE32_ADDR, PTE_A, PTE_D };
static const struct gw_format ept = { 8, 9, EPT_ADDR, EPT_A, EPT_D };

/* Setting up ------------------------------------------------------------------------ */

/*
 * A guest with TDP off has what its CPUID says, one whose tables are walked
 * for nested TDP what the host has.  KVM 6.12: guest_can_use(GBPAGES).
 */
static bool has_gbpages(const struct tdp_vcpu *vcpu)
{
	const struct tdp_vm *vm = vcpu->vm;

	return vm->tdp_enabled ? vm->host.gbpages : vcpu->cpuid.gbpages;
}

/*
 * With EPT the guest may change CR0.WP without an exit, so that the role is
 * stale.  KVM 6.12: kvm_mmu_refresh_passthrough_bits()
 */
static bool wp_of(const struct tdp_vcpu *vcpu, const struct mmu *mmu)
{
	if (vcpu->vm->tdp_enabled && mmu != &vcpu->guest_mmu)
		return vcpu->sregs.cr0 & CR0_WP;
	return mmu->cpu_role.base.cr0_wp;
}

static struct gw_mode mode_of(const struct tdp_vcpu *vcpu,
			      const struct mmu *mmu)
{
	const struct tdp_role *base = &mmu->cpu_role.base;
	const struct role_ext *ext = &mmu->cpu_role.ext;
	bool is_ept = mmu->handler == HANDLER_EPT;

	return (struct gw_mode){
		.ept = is_ept,
		.gmet = mmu == &vcpu->guest_mmu && !is_ept && base->cr4_smep,
		.level = base->level,
		.pse = ext->cr4_pse,
		.nx = base->efer_nx,
		.wp = wp_of(vcpu, mmu),
		.smep = ext->cr4_smep || base->cr4_smep,
		.smap = ext->cr4_smap,
		.pke = ext->cr4_pke,
		.read_right = role_acc_all(&vcpu->vm->kvm) & TDP_ACC_READ,
		.mbec = is_ept && base->cr4_smep,
		.exec_only = ext->execonly,
		.amd = vcpu->vm->host.vendor == TDP_AMD,
		/* EPT12: L1 is always offered them. */
		.gbpages = is_ept || has_gbpages(vcpu),
		.maxphyaddr = vcpu->cpuid.maxphyaddr,
	};
}

void gw_init(struct guest_walker *w, struct tdp_vcpu *vcpu,
	     const struct mmu *mmu)
{
	const struct cpu_role *role = &mmu->cpu_role;

	assert(role->base.level >= 2 && role->base.level <= MAX_WALK_LEVEL);
	*w = (struct guest_walker){
		.vcpu = vcpu,
		.mmu = mmu,
		.mode = mode_of(vcpu, mmu),
	};
	if (w->mode.ept)
		w->format = &ept;
	else
		w->format = role->base.level == 2 ? &paging32 : &paging64;
	w->has_ad = !w->mode.ept || !role->base.ad_disabled;
	w->reports_fetch = role->base.efer_nx || role->ext.cr4_smep ||
			   role->ext.has_pferr_fetch;
	gw_rsvd(&w->mode, &w->rsvd);
}

uint64_t gw_pdpte(const struct tdp_vcpu *vcpu, const struct mmu *mmu,
		  unsigned int index)
{
	uint64_t gpa, pdpte;

	if (mmu != &vcpu->guest_mmu)
		return vcpu->sregs.pdptr[index];
	/* KVM 6.12: nested_svm_get_tdp_pdptr() reads them for every walk. */
	gpa = (mmu->guest_pgd & CR3_PAE_BASE) + 8 * index;
	if (guest_mem_read(vcpu->vm, vcpu->smm, gpa, 8, &pdpte))
		return 0;
	return pdpte;
}

/* One entry -------------------------------------------------------------------------- */

static bool is_present(const struct guest_walker *w, uint64_t gpte)
{
	if (!w->mode.ept)
		return gpte & PTE_P;
	return gpte & (EPT_RWX | (w->mode.mbec ? EPT_XU : 0));
}

static bool has_reserved(const struct guest_walker *w, uint64_t gpte,
			 unsigned int level)
{
	bool large = gpte & PTE_PS;

	return (gpte & w->rsvd.mask[large][level - 1]) ||
	       (w->mode.ept && gw_bad_ept_entry(&w->mode, gpte));
}

static bool is_leaf(const struct guest_walker *w, uint64_t gpte,
		    unsigned int level)
{
	if (level == TDP_LEVEL_4K)
		return true;
	if (w->mode.level == 2 && !w->mode.pse)
		return false;
	return gpte & PTE_PS;
}

/*
 * Rights of one entry.  In EPT, TDP_ACC_USER is the right to read up to 7.1
 * and user execution from then on, which without MBEC follows execution.
 */
static unsigned int ept_access(const struct guest_walker *w, uint64_t gpte)
{
	unsigned int access = gpte & EPT_W ? TDP_ACC_WRITE : 0;
	bool user = gpte & EPT_R;

	if (gpte & EPT_X)
		access |= TDP_ACC_EXEC;
	if (w->mode.read_right) {
		access |= gpte & EPT_R ? TDP_ACC_READ : 0;
		user = gpte & (w->mode.mbec ? EPT_XU : EPT_X);
	}
	return user ? access | TDP_ACC_USER : access;
}

static unsigned int gpte_access(const struct guest_walker *w, uint64_t gpte)
{
	unsigned int access = 0;

	if (w->mode.ept)
		return ept_access(w, gpte);
	if (gpte & PTE_RW)
		access |= TDP_ACC_WRITE;
	if (gpte & PTE_US)
		access |= TDP_ACC_USER;
	if (w->format == &paging32 || !(gpte & PTE_XD))
		access |= TDP_ACC_EXEC;
	return w->mode.read_right ? access | TDP_ACC_READ : access;
}

/* Until the guest's entry is dirty, writes must fault. */
static unsigned int without_clean_write(const struct guest_walker *w,
					uint64_t gpte, unsigned int access)
{
	if (w->has_ad && !(gpte & w->format->dirty))
		access &= ~TDP_ACC_WRITE;
	return access;
}

static unsigned int gpte_key(const struct guest_walker *w, uint64_t gpte)
{
	return w->format == &paging64 ? (unsigned int)field_get(PTE_KEY, gpte) :
					0;
}

static unsigned int shift_of(const struct guest_walker *w, unsigned int level)
{
	return 12 + w->format->index_bits * (level - 1);
}

static uint64_t leaf_gfn(const struct guest_walker *w, uint64_t gpte,
			 unsigned int level, uint64_t addr)
{
	uint64_t offset = addr & (BIT(shift_of(w, level)) - 1);
	uint64_t base = gpte & w->format->address &
			~(BIT(shift_of(w, level)) - 1);

	if (w->format == &paging32 && level > TDP_LEVEL_4K)
		base |= field_get(PSE36_BITS, gpte) << 32;
	return (base | offset) >> 12;
}

/* The walk ------------------------------------------------------------------------------- */

struct step {
	const struct guest_walker *w;
	struct guest_walk *walk;
	uint64_t addr, access;
	uint64_t gpte;       /* the entry that was read last */
	unsigned int rights; /* granted so far, gpte included */
	uint64_t ept_rights; /* the same as raw bits 2:0 */
	uint32_t error;      /* PRESENT, RSVD, PK */
};

static enum gw_status from_memory(enum guest_mem_status status)
{
	switch (status) {
	case GUEST_MEM_OK:
		return GW_OK;
	case GUEST_MEM_BLOCKS:
		return GW_BLOCKS;
	case GUEST_MEM_NO_MEMORY:
		return GW_NO_MEMORY;
	default:
		return GW_FAULT;
	}
}

/* L2's addresses lead through L1's nested tables, which take the fault. */
static enum gw_status to_l1(struct step *s, uint64_t gpa, uint64_t access,
			    uint64_t *real)
{
	struct guest_walk inner;
	enum gw_status status;

	*real = gpa;
	if (s->w->mmu != &s->w->vcpu->nested_mmu)
		return GW_OK;
	status = gw_nested_gpa(s->w->vcpu, gpa, access, &inner, real);
	if (status != GW_FAULT)
		return status;
	s->walk->nested = true;
	s->walk->on_table = access & PFERR_GUEST_PAGE;
	s->walk->fault_address = gpa;
	s->walk->error_code = inner.error_code;
	s->walk->qualification = inner.qualification;
	return GW_FAULT;
}

/* KVM 6.12: FNAME(walk_addr_generic): nested_access */
static uint64_t table_access(const struct guest_walker *w)
{
	return PFERR_USER | PFERR_GUEST_PAGE | (w->has_ad ? PFERR_WRITE : 0);
}

/* From 7.2 on a page of L2's user counts as one, whoever asks. */
static uint64_t page_access(const struct step *s)
{
	uint64_t access = s->access | PFERR_GUEST_FINAL;

	if (s->w->mode.read_right && (s->rights & TDP_ACC_USER))
		access |= PFERR_USER;
	else if (s->w->mode.read_right)
		access &= ~PFERR_USER;
	return access;
}

static enum gw_status read_gpte(struct step *s, unsigned int level,
				uint64_t table)
{
	const struct gw_format *fmt = s->w->format;
	struct tdp_vcpu *vcpu = s->w->vcpu;
	uint64_t index = s->addr >> shift_of(s->w, level) &
			 (BIT(fmt->index_bits) - 1);
	const struct memslot *slot;
	enum gw_status status;
	uint64_t real;

	s->walk->table_gfn[level - 1] = table >> 12;
	s->walk->gpte_gpa[level - 1] = table + index * fmt->gpte_size;
	s->walk->above[level - 1] = s->rights;
	status = to_l1(s, table, table_access(s->w), &real);
	if (status != GW_OK)
		return status;
	s->walk->real_gpa[level - 1] = real + index * fmt->gpte_size;
	slot = memslots_find(vcpu_memslots(vcpu), real >> 12);
	if (!slot || slot->invalid)
		return GW_FAULT;
	s->walk->may_write[level - 1] = !slot->readonly;
	status = from_memory(guest_mem_read(vcpu->vm, vcpu->smm,
					    s->walk->real_gpa[level - 1],
					    fmt->gpte_size, &s->gpte));
	if (status == GW_OK) {
		trace(vcpu->vm, kvm_mmu_paging_element, s->gpte, level);
		s->walk->gpte[level - 1] = s->gpte;
		s->rights &= gpte_access(s->w, s->gpte);
		s->ept_rights &= s->gpte;
	}
	return status;
}

/* Read from the first table down to the leaf. */
static enum gw_status descend(struct step *s, unsigned int level,
			      uint64_t table)
{
	enum gw_status status;

	s->walk->max_level = level;
	for (;; level--) {
		status = read_gpte(s, level, table);
		if (status != GW_OK)
			return status;
		if (!is_present(s->w, s->gpte))
			return GW_FAULT;
		if (has_reserved(s->w, s->gpte, level)) {
			s->error = PFERR_RSVD | PFERR_PRESENT;
			return GW_FAULT;
		}
		if (is_leaf(s->w, s->gpte, level))
			break;
		table = s->gpte & s->w->format->address;
	}
	s->walk->level = level;
	return GW_OK;
}

static enum gw_status from_root(struct step *s)
{
	const struct guest_walker *w = s->w;
	unsigned int level = w->mode.level;
	uint64_t pgd = w->mmu == &w->vcpu->guest_mmu ? w->mmu->guest_pgd :
						       w->vcpu->sregs.cr3;

	if (level == PAE_LEVEL) {
		pgd = gw_pdpte(w->vcpu, w->mmu, s->addr >> 30 & 3);
		trace(w->vcpu->vm, kvm_mmu_paging_element, pgd, level);
		if (!(pgd & PTE_P))
			return GW_FAULT;
		level--;
	}
	return descend(s, level, pgd & w->format->address);
}

static enum gw_status write_gpte(const struct step *s, unsigned int level,
				 uint64_t gpte)
{
	struct tdp_vcpu *vcpu = s->w->vcpu;
	uint64_t gpa = s->walk->real_gpa[level - 1];

	if (gpte == s->walk->gpte[level - 1] || !s->walk->may_write[level - 1])
		return GW_OK;
	s->walk->gpte[level - 1] = gpte;
	return from_memory(guest_mem_write(vcpu->vm, vcpu->smm, gpa,
					   s->w->format->gpte_size, gpte));
}

/*
 * From the top down.  KVM 6.12: FNAME(update_accessed_dirty_bits), where a
 * table in a read-only slot is skipped without a word.
 */
static enum gw_status update_ad(const struct step *s)
{
	const struct gw_format *fmt = s->w->format;
	const struct tdp_vm *vm = s->w->vcpu->vm;
	struct guest_walk *walk = s->walk;
	unsigned int level;

	for (level = walk->max_level; level >= walk->level; level--) {
		uint64_t gpte = walk->gpte[level - 1];
		enum gw_status status;

		if (!(gpte & fmt->accessed)) {
			trace(vm, kvm_mmu_set_accessed_bit,
			      walk->gpte_gpa[level - 1]);
			gpte |= fmt->accessed;
		}
		if (level == walk->level && (s->access & PFERR_WRITE) &&
		    !(gpte & fmt->dirty)) {
			trace(vm, kvm_mmu_set_dirty_bit,
			      walk->gpte_gpa[level - 1]);
			if (s->w->mode.ept && !pml12_log(s->w->vcpu, s->addr))
				return GW_FAULT;
			gpte |= fmt->dirty;
		}
		status = write_gpte(s, level, gpte);
		if (status != GW_OK)
			return status;
	}
	return GW_OK;
}

static enum gw_status finish(struct step *s)
{
	const struct guest_walker *w = s->w;
	struct guest_walk *walk = s->walk;
	unsigned int key = gpte_key(w, s->gpte);
	enum gw_status status;
	uint64_t real;

	s->error = gw_permission(&w->mode, w->vcpu, s->rights, key, s->access);
	if (s->error)
		return GW_FAULT;
	walk->access = s->rights;
	status = to_l1(s, leaf_gfn(w, s->gpte, walk->level, s->addr) << 12,
		       page_access(s), &real);
	if (status != GW_OK)
		return status;
	walk->gfn = real >> 12;
	if (!(s->access & PFERR_WRITE))
		walk->access = without_clean_write(w, s->gpte, walk->access);
	return w->has_ad ? update_ad(s) : GW_OK;
}

/*
 * Up to 7.1 each flag of the error code gives its bit, the user flag that of
 * reading; from 7.2 on an access is of one kind, and one to a table of L2's
 * reads as well.
 */
static uint64_t access_qualification(const struct step *s)
{
	uint64_t write = s->access & PFERR_WRITE ? QUAL_WRITE : 0;
	uint64_t fetch = s->access & PFERR_FETCH ? QUAL_FETCH : 0;

	if (!s->w->mode.read_right)
		return write | fetch | (s->access & PFERR_USER ? QUAL_READ : 0);
	if (s->access & PFERR_GUEST_PAGE)
		return write | fetch | QUAL_READ;
	return write | fetch ? write | fetch : QUAL_READ;
}

static uint64_t rights_qualification(const struct step *s)
{
	uint64_t rights = FIELD(QUAL_RIGHTS, s->ept_rights & EPT_RWX);

	if (s->w->mode.mbec && (s->ept_rights & EPT_XU))
		rights |= QUAL_XU;
	return rights;
}

/* What the guest is told: FNAME(walk_addr_generic), from its label on. */
static void describe_fault(struct step *s)
{
	struct guest_walk *walk = s->walk;
	uint32_t code = s->error;

	code |= s->access & (PFERR_WRITE | PFERR_USER);
	if (s->w->reports_fetch)
		code |= s->access & PFERR_FETCH;
	walk->error_code = code;
	walk->fault_address = s->addr;
	walk->qualification = 0;
	if (s->w->mode.ept && !(code & PFERR_RSVD))
		walk->qualification = access_qualification(s) |
				      rights_qualification(s);
	trace(s->w->vcpu->vm, kvm_mmu_walker_error, code);
}

enum gw_status gw_walk(const struct guest_walker *w, uint64_t addr,
		       uint64_t access, struct guest_walk *walk)
{
	struct step s = {
		.w = w,
		.walk = walk,
		.addr = addr,
		.access = access,
		.rights = role_acc_all(&w->vcpu->vm->kvm),
		.ept_rights = UINT64_MAX,
	};
	enum gw_status status;

	/* The tracepoint's field has 32 bits. */
	trace(w->vcpu->vm, kvm_mmu_pagetable_walk, addr, (uint32_t)access);
	*walk = (struct guest_walk){ 0 };
	status = from_root(&s);
	if (status == GW_OK)
		status = finish(&s);
	if (status == GW_FAULT && !walk->nested)
		describe_fault(&s);
	return status;
}

/* Level-1 entries outside a walk ------------------------------------------------------------- */

void gw_leaf(const struct guest_walker *w, const struct mmu_page *page,
	     uint64_t gpte, struct gpte_leaf *leaf)
{
	leaf->valid = is_present(w, gpte) &&
		      (!w->has_ad || (gpte & w->format->accessed)) &&
		      !has_reserved(w, gpte, TDP_LEVEL_4K);
	leaf->gfn = (gpte & w->format->address) >> 12;
	leaf->access = page->role.access & gpte_access(w, gpte);
	leaf->access = without_clean_write(w, gpte, leaf->access);
}

bool gw_read_leaf(const struct guest_walker *w, const struct mmu_page *page,
		  unsigned int index, uint64_t *gpte)
{
	unsigned int size = w->format->gpte_size;
	uint64_t gpa = page->gfn << 12;

	/* Which half of a 1024-entry table the page mirrors. */
	if (size == 4)
		gpa += page->role.quadrant * SPTES_PER_PAGE * size;
	return guest_mem_read(w->vcpu->vm, w->vcpu->smm, gpa + index * size,
			      size, gpte) == GUEST_MEM_OK;
}

bool gw_read_window(const struct guest_walker *w, const struct guest_walk *walk,
		    uint64_t gpte[PREFETCH_WINDOW])
{
	unsigned int size = w->format->gpte_size, i;
	uint64_t gpa = align_down(walk->gpte_gpa[0], PREFETCH_WINDOW * size);

	for (i = 0; i < PREFETCH_WINDOW; i++)
		if (guest_mem_read(w->vcpu->vm, w->vcpu->smm, gpa + i * size,
				   size, &gpte[i]) != GUEST_MEM_OK)
			return false;
	return true;
}

/* Entries that a shadow page mirrors, for the invariants --------------------------------------- */

static void init_for_page(struct guest_walker *w, const struct tdp_vm *vm,
			  const struct mmu_page *page, bool pse)
{
	*w = (struct guest_walker){
		.mode = {
			.ept = page->role.guest_mode && vm->tdp_enabled &&
			       vm->host.vendor == TDP_INTEL,
			.level = page->role.has_4_byte_gpte ? 2 : 4,
			.pse = pse,
			.read_right = role_acc_all(&vm->kvm) & TDP_ACC_READ,
		},
	};
	w->mode.mbec = w->mode.ept && page->role.cr4_smep;
	if (w->mode.ept)
		w->format = &ept;
	else
		w->format = page->role.has_4_byte_gpte ? &paging32 : &paging64;
	w->has_ad = !w->mode.ept || !page->role.ad_disabled;
}

/* A 4-byte directory has half as many entries as there are SPTEs for them. */
static uint64_t mirrored_gpa(const struct guest_walker *w,
			     const struct mmu_page *page, unsigned int index)
{
	uint64_t table = page->gfn << 12;

	if (w->format != &paging32)
		return table + 8 * index;
	index += page->role.quadrant * SPTES_PER_PAGE;
	return table + 4 * (page->role.level == 2 ? index / 2 : index);
}

static void judge(const struct guest_walker *w, const struct mmu_page *page,
		  unsigned int index, uint64_t gpte, bool readonly,
		  struct gpte_mirror *m)
{
	unsigned int level = page->role.level;
	bool half = w->format == &paging32 && level == 2 && index % 2;

	m->ept = w->mode.ept;
	m->present = is_present(w, gpte) &&
		     (readonly || !w->has_ad || (gpte & w->format->accessed));
	m->leaf = is_leaf(w, gpte, level);
	m->access = page->role.access & gpte_access(w, gpte);
	m->gfn = (gpte & w->format->address) >> 12;
	if (!m->leaf)
		return;
	m->gfn = leaf_gfn(w, gpte, level, half ? BIT(21) : 0);
	/* In a read-only slot nobody can mark it. */
	if (!readonly)
		m->access = without_clean_write(w, gpte, m->access);
}

struct gpte_mirror gw_mirror(const struct tdp_vm *vm,
			     const struct mmu_page *page, unsigned int index,
			     bool leaf)
{
	unsigned int as_id = page->role.smm ? 1 : 0;
	const struct memslot *slot = memslots_find(&vm->slots[as_id],
						   page->gfn);
	struct gpte_mirror m = { 0 };
	struct guest_walker w;
	uint64_t gpte = 0, gpa;
	struct gup gup;

	if (!slot || slot->invalid ||
	    hostmm_peek(&vm->mm, memslot_hva(slot, page->gfn), false, &gup) !=
		    GUP_OK)
		return m;
	init_for_page(&w, vm, page, leaf);
	gpa = mirrored_gpa(&w, page, index);
	memcpy(&gpte, vm->pm.base + (gup.hpa | (gpa & FRAME_MASK)),
	       w.format->gpte_size);
	m.readable = true;
	judge(&w, page, index, gpte, slot->readonly, &m);
	return m;
}
