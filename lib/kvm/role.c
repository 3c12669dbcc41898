/* SPDX-License-Identifier: MIT */
#include "kvm/role.h"

#include "arch/regs.h"
#include "base/bits.h"

#define PAE_LEVEL 3
#define EXT_SHIFT 32 /* of kvm_cpu_role: the extended half */

#define EPTP_WALK BITS(5, 3) /* walk length - 1 */
#define EPTP_AD   BIT(6)

/* clang-format off */
/* The fields of struct tdp_role and of struct role_ext, by their names. */
#define PAGE_FIELDS(X)							\
	X(level) X(has_4_byte_gpte) X(quadrant) X(direct) X(access)	\
	X(invalid) X(efer_nx) X(cr0_wp) X(smep_andnot_wp)		\
	X(smap_andnot_wp) X(ad_disabled) X(guest_mode) X(passthrough)	\
	X(is_mirror) X(cr4_smep) X(smm)

#define EXT_FIELDS(X)							\
	X(valid) X(execonly) X(cr0_pg) X(cr4_pae) X(cr4_pse) X(cr4_pke)	\
	X(cr4_smap) X(cr4_smep) X(cr4_la57) X(efer_lma)			\
	X(has_pferr_fetch) X(maxphyaddr)

enum page_field {
#define X(field) PAGE_##field,
	PAGE_FIELDS(X)
#undef X
	NR_PAGE_FIELDS
};

enum ext_field {
#define X(field) EXT_##field,
	EXT_FIELDS(X)
#undef X
	NR_EXT_FIELDS
};

/*
 * Bits of a field, one column a layout; none where a layout lacks the field.
 *
 * Source: union kvm_mmu_page_role of KVM 5.10.7, 5.12.9, 5.14, 5.15.85, 5.17,
 * 5.19, 6.12, 6.14, 7.1.5; 7.2 from the patches of its MBEC/GMET series.
 */
#define ALL(b)		b, b, b, b, b, b, b
#define UP_TO_7_1(b)	b, b, b, b, b, b

static const uint32_t page_bits[NR_PAGE_FIELDS][NR_ROLE_LAYOUT] = {
/*			    5.10  5.14  5.15  5.17  5.19	6.14	    7.2 */
[PAGE_level]		= { ALL(BITS(3, 0)) },
[PAGE_has_4_byte_gpte]	= { ALL(BIT(4)) },	/* inverted up to 5.15 */
[PAGE_quadrant]		= { ALL(BITS(6, 5)) },
[PAGE_direct]		= { ALL(BIT(7)) },
[PAGE_access]		= { UP_TO_7_1(BITS(10, 8)),			    BITS(11, 8) },
[PAGE_invalid]		= { UP_TO_7_1(BIT(11)),				    BIT(12) },
[PAGE_efer_nx]		= { UP_TO_7_1(BIT(12)),				    BIT(13) },
[PAGE_cr0_wp]		= { UP_TO_7_1(BIT(13)),				    BIT(14) },
[PAGE_smep_andnot_wp]	= { UP_TO_7_1(BIT(14)),				    0 },
[PAGE_smap_andnot_wp]	= { ALL(BIT(15)) },
[PAGE_ad_disabled]	= { ALL(BIT(16)) },
[PAGE_guest_mode]	= { ALL(BIT(17)) },
[PAGE_passthrough]	= { 0,    0,    0,    0,    BIT(18),	BIT(18),    BIT(18) },
[PAGE_is_mirror]	= { 0,    0,    0,    0,    0,		BIT(19),    BIT(19) },
[PAGE_cr4_smep]		= { 0,    0,    0,    0,    0,		0,	    BIT(20) },
[PAGE_smm]		= { ALL(BITS(31, 24)) },
};

static const uint32_t ext_bits[NR_EXT_FIELDS][NR_ROLE_LAYOUT] = {
/*			    5.10	 5.14	 5.15	 5.17	 5.19	 6.14	 7.2 */
[EXT_valid]		= { ALL(BIT(0)) },
[EXT_execonly]		= { ALL(BIT(1)) },
[EXT_cr0_pg]		= { BIT(2),	 BIT(2), BIT(2), BIT(2), 0,	 0,	 0 },
[EXT_cr4_pae]		= { BIT(3),	 BIT(3), BIT(3), BIT(3), 0,	 0,	 0 },
[EXT_cr4_pse]		= { BIT(4),	 BIT(4), BIT(4), BIT(4), BIT(2), BIT(2), BIT(2) },
[EXT_cr4_pke]		= { BIT(5),	 BIT(5), BIT(5), BIT(5), BIT(3), BIT(3), BIT(3) },
[EXT_cr4_smap]		= { BIT(6),	 BIT(6), BIT(6), BIT(6), BIT(4), BIT(4), BIT(4) },
[EXT_cr4_smep]		= { BIT(7),	 BIT(7), BIT(7), BIT(7), BIT(5), BIT(5), 0 },
[EXT_cr4_la57]		= { 0,		 BIT(8), BIT(8), BIT(8), BIT(6), BIT(6), BIT(5) },
[EXT_efer_lma]		= { 0,		 0,	 BIT(9), BIT(9), BIT(7), BIT(7), BIT(6) },
[EXT_has_pferr_fetch]	= { 0,		 0,	 0,	 0,	 0,	 0,	 BIT(7) },
[EXT_maxphyaddr]	= { BITS(13, 8), 0,	 0,	 0,	 0,	 0,	 0 },
};
/* clang-format on */

static enum value_role_layout layout_of(const struct tdp_kvm_config *kvm)
{
	return behaviour(kvm, B_ROLE_LAYOUT);
}

/*
 * Bit 4 was gpte_is_8_bytes up to 5.16: has_4_byte_gpte, inverted.  It is also
 * set for every direct page, whatever the guest's entries are like.
 */
static bool has_gpte_is_8_bytes(const struct tdp_kvm_config *kvm)
{
	return layout_of(kvm) <= ROLE_LAYOUT_5_15;
}

/* 7.2 has a read right and gives the rights new places. */
static bool has_read_right(const struct tdp_kvm_config *kvm)
{
	return layout_of(kvm) >= ROLE_LAYOUT_7_2;
}

unsigned int role_acc_all(const struct tdp_kvm_config *kvm)
{
	const unsigned int all = TDP_ACC_EXEC | TDP_ACC_WRITE | TDP_ACC_USER;

	return has_read_right(kvm) ? all | TDP_ACC_READ : all;
}

/* KVM 7.2 swaps what is bit 0 of TDP_ACC_* with what is bit 3. */
static unsigned int swap_read_exec(unsigned int access)
{
	unsigned int swapped = access & (TDP_ACC_WRITE | TDP_ACC_USER);

	if (access & TDP_ACC_EXEC)
		swapped |= TDP_ACC_READ;
	if (access & TDP_ACC_READ)
		swapped |= TDP_ACC_EXEC;
	return swapped;
}

uint32_t tdp_role_unused(const struct tdp_kvm_config *kvm)
{
	uint32_t unused = UINT32_MAX;
	unsigned int i;

	for (i = 0; i < NR_PAGE_FIELDS; i++)
		unused &= ~page_bits[i][layout_of(kvm)];
	return unused;
}

static uint32_t get(uint32_t mask, uint32_t word)
{
	return mask ? (uint32_t)field_get(mask, word) : 0;
}

uint32_t role_pack(const struct tdp_kvm_config *kvm,
		   const struct tdp_role *role)
{
	const enum value_role_layout layout = layout_of(kvm);
	struct tdp_role r = *role;
	uint32_t word = 0;

	if (has_gpte_is_8_bytes(kvm))
		r.has_4_byte_gpte = !r.has_4_byte_gpte;
	if (has_read_right(kvm))
		r.access = swap_read_exec(r.access);
#define X(field) word |= FIELD(page_bits[PAGE_##field][layout], r.field);
	PAGE_FIELDS(X)
#undef X
	return word;
}

struct tdp_role role_unpack(const struct tdp_kvm_config *kvm, uint32_t word)
{
	const enum value_role_layout layout = layout_of(kvm);
	struct tdp_role role = { 0 };

#define X(field) role.field = get(page_bits[PAGE_##field][layout], word);
	PAGE_FIELDS(X)
#undef X
	if (has_gpte_is_8_bytes(kvm))
		role.has_4_byte_gpte = !role.has_4_byte_gpte;
	if (has_read_right(kvm))
		role.access = swap_read_exec(role.access);
	return role;
}

static uint32_t ext_pack(enum value_role_layout layout,
			 const struct role_ext *ext)
{
	uint32_t word = 0;

#define X(field) word |= FIELD(ext_bits[EXT_##field][layout], ext->field);
	EXT_FIELDS(X)
#undef X
	return word;
}

static struct role_ext ext_unpack(enum value_role_layout layout, uint32_t word)
{
	struct role_ext ext = { 0 };

#define X(field) ext.field = get(ext_bits[EXT_##field][layout], word);
	EXT_FIELDS(X)
#undef X
	return ext;
}

uint64_t cpu_role_pack(const struct tdp_kvm_config *kvm,
		       const struct cpu_role *role)
{
	uint64_t ext = ext_pack(layout_of(kvm), &role->ext);

	return ext << EXT_SHIFT | role_pack(kvm, &role->base);
}

struct cpu_role cpu_role_unpack(const struct tdp_kvm_config *kvm, uint64_t word)
{
	return (struct cpu_role){
		.base = role_unpack(kvm, (uint32_t)word),
		.ext = ext_unpack(layout_of(kvm), word >> EXT_SHIFT),
	};
}

void tdp_role_decode(const struct tdp_kvm_config *kvm, uint32_t word,
		     struct tdp_role *role)
{
	*role = role_unpack(kvm, word);
}

uint32_t tdp_role_encode(const struct tdp_kvm_config *kvm,
			 const struct tdp_role *role)
{
	return role_pack(kvm, role);
}

/* Forget what the layout has no bits for. */
static struct tdp_role fit(const struct tdp_kvm_config *kvm,
			   const struct tdp_role *role)
{
	return role_unpack(kvm, role_pack(kvm, role));
}

static struct cpu_role fit_cpu(const struct tdp_kvm_config *kvm,
			       const struct cpu_role *role)
{
	return cpu_role_unpack(kvm, cpu_role_pack(kvm, role));
}

/* Depth of the guest's own paging; LMA decides, not LME. */
static unsigned int guest_level(const struct role_regs *regs)
{
	if (!(regs->cr0 & CR0_PG))
		return 0;
	if (regs->efer & EFER_LMA)
		return regs->cr4 & CR4_LA57 ? 5 : 4;
	return regs->cr4 & CR4_PAE ? PAE_LEVEL : 2;
}

static bool has_4_byte_gpte(const struct tdp_kvm_config *kvm,
			    const struct role_regs *regs)
{
	const bool pg = regs->cr0 & CR0_PG;
	const bool pae = regs->cr4 & CR4_PAE;

	if (behaviour(kvm, B_ROLE_SHADOW) == ROLE_SHADOW_RAW)
		return !pae;
	/* gpte_is_8_bytes stays 0 without paging. */
	if (has_gpte_is_8_bytes(kvm))
		return !(pg && pae);
	return pg && !pae;
}

/* Without paging, what @regs say counts only up to 5.12. */
static bool registers_count(const struct tdp_kvm_config *kvm,
			    const struct role_regs *regs)
{
	return regs->cr0 & CR0_PG ||
	       behaviour(kvm, B_ROLE_SHADOW) == ROLE_SHADOW_RAW;
}

static struct tdp_role cpu_base(const struct tdp_kvm_config *kvm,
				const struct role_regs *regs)
{
	const bool wp = regs->cr0 & CR0_WP;
	struct tdp_role base = {
		.access = role_acc_all(kvm),
		.level = guest_level(regs),
		.direct = !(regs->cr0 & CR0_PG),
		.has_4_byte_gpte = has_4_byte_gpte(kvm, regs),
	};

	if (!registers_count(kvm, regs))
		return base;
	base.efer_nx = regs->efer & EFER_NX;
	base.cr0_wp = wp;
	base.cr4_smep = regs->cr4 & CR4_SMEP;
	base.smep_andnot_wp = (regs->cr4 & CR4_SMEP) && !wp;
	base.smap_andnot_wp = (regs->cr4 & CR4_SMAP) && !wp;
	return base;
}

static struct role_ext cpu_ext(const struct tdp_kvm_config *kvm,
			       const struct role_regs *regs,
			       unsigned int maxphyaddr)
{
	const bool raw = behaviour(kvm, B_ROLE_SHADOW) == ROLE_SHADOW_RAW;
	const bool lma = regs->efer & EFER_LMA;
	struct role_ext ext = { .valid = true, .maxphyaddr = maxphyaddr };

	if (!registers_count(kvm, regs))
		return ext;
	ext.cr0_pg = regs->cr0 & CR0_PG;
	ext.cr4_pae = regs->cr4 & CR4_PAE;
	ext.cr4_pse = regs->cr4 & CR4_PSE;
	/* Protection keys and 57 bits exist in long mode only. */
	ext.cr4_pke = (regs->cr4 & CR4_PKE) && (raw || lma);
	ext.cr4_la57 = (regs->cr4 & CR4_LA57) && lma;
	ext.cr4_smap = regs->cr4 & CR4_SMAP;
	ext.cr4_smep = regs->cr4 & CR4_SMEP;
	ext.efer_lma = lma;
	ext.has_pferr_fetch = (regs->efer & EFER_NX) || ext.cr4_smep;
	return ext;
}

struct cpu_role role_calc_cpu(const struct tdp_kvm_config *kvm,
			      const struct role_regs *regs, bool smm,
			      bool guest_mode, unsigned int maxphyaddr)
{
	struct cpu_role role = {
		.base = cpu_base(kvm, regs),
		.ext = cpu_ext(kvm, regs, maxphyaddr),
	};

	role.base.smm = smm;
	role.base.guest_mode = guest_mode;
	return fit_cpu(kvm, &role);
}

struct tdp_role role_calc_tdp_root(const struct tdp_kvm_config *kvm,
				   const struct cpu_role *cpu,
				   const struct role_regs *regs,
				   const struct role_tdp_host *host)
{
	struct tdp_role role = {
		.level = host->level,
		.direct = true,
		.access = role_acc_all(kvm),
		.efer_nx = true,
		.cr0_wp = true,
		.smm = cpu->base.smm,
		.guest_mode = cpu->base.guest_mode,
		.ad_disabled = !host->has_ad,
		.cr4_smep = host->tdp_has_smep,
	};

	if (behaviour(kvm, B_ROLE_TDP) == ROLE_TDP_NX_WP_RAW) {
		role.efer_nx = regs->efer & EFER_NX;
		role.cr0_wp = regs->cr0 & CR0_WP;
	} else if (behaviour(kvm, B_ROLE_TDP) == ROLE_TDP_NX_WP) {
		role.efer_nx = (regs->cr0 & CR0_PG) && (regs->efer & EFER_NX);
		role.cr0_wp = (regs->cr0 & CR0_PG) && (regs->cr0 & CR0_WP);
	}
	role = fit(kvm, &role);
	/* With GMET, a user page is one that the supervisor can't execute. */
	if (role.cr4_smep && host->format_has_user)
		role.access &= ~TDP_ACC_USER;
	return role;
}

struct tdp_role role_calc_shadow_root(const struct tdp_kvm_config *kvm,
				      const struct cpu_role *cpu)
{
	struct tdp_role role = cpu->base;

	if (role.level < PAE_LEVEL)
		role.level = PAE_LEVEL;
	/* SPTEs need NX for SMEP without WP, and for the NX mitigation. */
	if (behaviour(kvm, B_ROLE_SHADOW) == ROLE_SHADOW_FORCE_NX)
		role.efer_nx = true;
	return role;
}

/* The registers that a shadow NPT's role is computed from. */
static struct role_regs npt_regs(const struct tdp_kvm_config *kvm,
				 const struct role_regs *l1,
				 const struct role_regs *current)
{
	const unsigned int how = behaviour(kvm, B_ROLE_SHADOW_NPT);
	struct role_regs regs = { CR0_PG, l1->cr4, l1->efer };

	if (how == ROLE_SHADOW_NPT_CURRENT_REGS)
		return *current;
	if (how == ROLE_SHADOW_NPT_L1_REGS_PKE)
		return regs;
	/* An NPT has no protection keys. */
	regs.cr4 &= ~CR4_PKE;
	if (how == ROLE_SHADOW_NPT_GMET) {
		/* With WP, which every NPT has, SMAP makes no difference. */
		regs.cr0 |= CR0_WP;
		regs.cr4 &= ~CR4_SMAP;
	}
	return regs;
}

/* Depth of L1's NPT, which its CR4 and EFER decide in every kernel. */
static unsigned int npt_level(const struct role_regs *l1)
{
	const struct role_regs regs = { CR0_PG, l1->cr4, l1->efer };

	return guest_level(&regs);
}

struct tdp_role role_calc_shadow_npt(const struct tdp_kvm_config *kvm,
				     const struct role_regs *l1,
				     const struct role_regs *current, bool smm,
				     bool gmet12, unsigned int tdp_level,
				     unsigned int maxphyaddr,
				     struct cpu_role *cpu)
{
	const struct role_regs regs = npt_regs(kvm, l1, current);
	const unsigned int how = behaviour(kvm, B_ROLE_SHADOW_NPT);
	/* Older kernels set up this MMU before they enter guest mode. */
	const bool guest_mode = how >= ROLE_SHADOW_NPT_GUEST_MODE;
	struct tdp_role root;

	*cpu = role_calc_cpu(kvm, &regs, smm, guest_mode, maxphyaddr);
	cpu->base.direct = false;
	cpu->base.level = npt_level(l1);
	/* L1's SMEP does not matter to an NPT; GMET takes its place. */
	if (how == ROLE_SHADOW_NPT_GMET)
		cpu->base.cr4_smep = gmet12;
	*cpu = fit_cpu(kvm, cpu);
	root = cpu->base;
	root.level = tdp_level;
	root.passthrough = tdp_level == 5 && cpu->base.level == 4 &&
			   behaviour(kvm, B_NPT_PASSTHROUGH) ==
				   NPT_PASSTHROUGH_BIT18;
	return fit(kvm, &root);
}

struct cpu_role role_calc_shadow_ept(const struct tdp_kvm_config *kvm,
				     uint64_t eptp12, bool exec_only,
				     bool mbec12,
				     const struct cpu_role *root_mmu)
{
	const unsigned int how = behaviour(kvm, B_ROLE_SHADOW_EPT);
	struct cpu_role role = {
		.base.level = field_get(EPTP_WALK, eptp12) == 4 ? 5 : 4,
		.base.access = role_acc_all(kvm),
		.base.guest_mode = true,
		.base.ad_disabled = !(eptp12 & EPTP_AD),
		.base.cr4_smep = how == ROLE_SHADOW_EPT_MBEC && mbec12,
	};

	if (how == ROLE_SHADOW_EPT_MARKED) {
		/* WP with not-WP is impossible elsewhere: that marks EPT. */
		role.base.cr0_wp = true;
		role.base.smap_andnot_wp = true;
		role.ext = root_mmu->ext;
	}
	if (how == ROLE_SHADOW_EPT_MARKED || how == ROLE_SHADOW_EPT_ROOT_SMM)
		role.base.smm = root_mmu->base.smm;
	role.ext.valid = true;
	role.ext.execonly = exec_only;
	return fit_cpu(kvm, &role);
}

struct tdp_role role_root_page(const struct tdp_kvm_config *kvm,
			       const struct tdp_role *root_role,
			       unsigned int level, unsigned int quadrant)
{
	struct tdp_role role = *root_role;

	role.level = level;
	role.quadrant = quadrant;
	if (role.direct && has_gpte_is_8_bytes(kvm))
		role.has_4_byte_gpte = false;
	return role;
}

struct tdp_role role_child(const struct tdp_kvm_config *kvm,
			   const struct tdp_role *parent,
			   unsigned int spte_index, bool direct,
			   unsigned int access)
{
	struct tdp_role role = *parent;

	role.level--;
	role.access = access;
	role.direct = direct;
	role.passthrough = false;
	/* Each of a guest's 1024-entry tables needs two of 512. */
	if (role.has_4_byte_gpte)
		role.quadrant = spte_index & 1;
	if (direct && has_gpte_is_8_bytes(kvm))
		role.has_4_byte_gpte = false;
	return role;
}

struct tdp_role role_tdp_child(const struct tdp_role *parent)
{
	struct tdp_role role = *parent;

	role.level--;
	return role;
}
