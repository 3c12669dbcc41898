/* SPDX-License-Identifier: MIT */
/*
 * Roles: the key that decides whether page tables can be shared or reused
 * (kvm_mmu_page_role), and the guest state that an MMU was made for
 * (kvm_cpu_role).  Fields are named; only the layout tables of role.c know a
 * bit position.
 */
#ifndef TDPSIM_KVM_ROLE_H
#define TDPSIM_KVM_ROLE_H

#include "kvm/profile.h"
#include "tdpsim/vm.h" /* struct tdp_role, TDP_ACC_* */

/* Register bits that feed a role; complete registers are fine. */
struct role_regs {
	uint64_t cr0;
	uint64_t cr4;
	uint64_t efer;
};

/* The high half of kvm_cpu_role; a layout that lacks a field drops it. */
struct role_ext {
	bool valid;
	bool execonly;
	bool cr0_pg;  /* up to 5.17 */
	bool cr4_pae; /* up to 5.17 */
	bool cr4_pse;
	bool cr4_pke;
	bool cr4_smap;
	bool cr4_smep;
	bool cr4_la57;
	bool efer_lma;
	bool has_pferr_fetch;    /* 7.2 */
	unsigned int maxphyaddr; /* 5.10 to 5.12 */
};

/* struct cpu_role: what the guest has switched on */
struct cpu_role {
	struct tdp_role base;
	struct role_ext ext;
};

/* All rights that this layout has: X|W|U, and R from 7.2. */
unsigned int role_acc_all(const struct tdp_kvm_config *kvm);

uint32_t role_pack(const struct tdp_kvm_config *kvm,
		   const struct tdp_role *role);
struct tdp_role role_unpack(const struct tdp_kvm_config *kvm, uint32_t word);
uint64_t cpu_role_pack(const struct tdp_kvm_config *kvm,
		       const struct cpu_role *role);
struct cpu_role cpu_role_unpack(const struct tdp_kvm_config *kvm,
				uint64_t word);

/*
 * What the guest has switched on.  KVM 6.12: kvm_calc_cpu_role(); up to 5.18
 * KVM keeps one role an MMU, of which this is the guest's part.  @maxphyaddr
 * feeds ext up to 5.12.
 */
struct cpu_role role_calc_cpu(const struct tdp_kvm_config *kvm,
			      const struct role_regs *regs, bool smm,
			      bool guest_mode, unsigned int maxphyaddr);

/* What a host contributes to the role of a TDP root. */
struct role_tdp_host {
	unsigned int level;   /* of this vCPU's TDP: 4 or 5 */
	bool has_ad;          /* usable EPT A/D; true on AMD */
	bool tdp_has_smep;    /* MBEC or GMET in use; ignored up to 7.1 */
	bool format_has_user; /* the TDP format has a user bit (NPT) */
};

/* KVM 6.12: kvm_calc_tdp_mmu_root_page_role() */
struct tdp_role role_calc_tdp_root(const struct tdp_kvm_config *kvm,
				   const struct cpu_role *cpu,
				   const struct role_regs *regs,
				   const struct role_tdp_host *host);

/* TDP off: KVM 6.12 kvm_init_shadow_mmu() */
struct tdp_role role_calc_shadow_root(const struct tdp_kvm_config *kvm,
				      const struct cpu_role *cpu);

/*
 * Shadow NPT: KVM 6.12 kvm_init_shadow_npt_mmu().  @l1 are L1's registers
 * (vmcb01), @current the vCPU's at that moment (5.10 to 5.12 use those);
 * @gmet12 is vmcb12's GMET bit (7.2).  @cpu receives guest_mmu's cpu_role.
 */
struct tdp_role role_calc_shadow_npt(const struct tdp_kvm_config *kvm,
				     const struct role_regs *l1,
				     const struct role_regs *current, bool smm,
				     bool gmet12, unsigned int tdp_level,
				     unsigned int maxphyaddr,
				     struct cpu_role *cpu);

/*
 * Shadow EPT: KVM 6.12 kvm_calc_shadow_ept_root_page_role().  @eptp12 as L1
 * wrote it; the root role is the cpu role's base.  @root_mmu is the cpu role
 * of root_mmu at that moment: its SMM flag counts up to 5.18, its ext up to
 * 5.12.
 */
struct cpu_role role_calc_shadow_ept(const struct tdp_kvm_config *kvm,
				     uint64_t eptp12, bool exec_only,
				     bool mbec12,
				     const struct cpu_role *root_mmu);

/*
 * Role of a page that a root is made of, in the shadow MMU: the root itself,
 * or one of the four pages under a PAE root (@level 2; @quadrant is which one,
 * 0 unless the guest's entries have 4 bytes).  KVM 6.12: mmu_alloc_root().
 */
struct tdp_role role_root_page(const struct tdp_kvm_config *kvm,
			       const struct tdp_role *root_role,
			       unsigned int level, unsigned int quadrant);

/*
 * Role of a child in the shadow MMU: KVM 6.12 kvm_mmu_child_role().
 * @spte_index is the index of the parent's entry.
 */
struct tdp_role role_child(const struct tdp_kvm_config *kvm,
			   const struct tdp_role *parent,
			   unsigned int spte_index, bool direct,
			   unsigned int access);

/* Role of a child in the TDP MMU: KVM 6.12 tdp_mmu_init_child_sp(). */
struct tdp_role role_tdp_child(const struct tdp_role *parent);

/* 1 if the role's pages map address space 1. KVM: kvm_mmu_role_as_id(). */
static inline unsigned int role_as_id(const struct tdp_role *role)
{
	return role->smm ? 1 : 0;
}

#endif
