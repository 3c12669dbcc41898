/* SPDX-License-Identifier: MIT */
/*
 * The named behaviours and their values.  profile.c says which kernel has
 * which; nothing else in the model asks for a kernel's version.
 */
#ifndef TDPSIM_KVM_PROFILE_H
#define TDPSIM_KVM_PROFILE_H

#include <assert.h>

#include "tdpsim/profile.h"

/* clang-format off */
/*
 * One list a behaviour: V(enumerator, spelling).  The first value is not
 * special; what a kernel has is in profile.c.
 */
#define VALUES_SWITCH(V)						\
	V(OFF, "off") V(ON, "on")
#define VALUES_ROLE_LAYOUT(V)						\
	V(5_10, "5.10") V(5_14, "5.14") V(5_15, "5.15") V(5_17, "5.17")	\
	V(5_19, "5.19") V(6_14, "6.14") V(7_2, "7.2")
#define VALUES_ROLE_TDP(V)						\
	V(NX_WP_RAW, "nx_wp_raw") V(NX_WP, "nx_wp") V(CONSTANT, "constant")
#define VALUES_ROLE_SHADOW(V)						\
	V(RAW, "raw") V(PAGED, "paged") V(FORCE_NX, "force_nx")
#define VALUES_ROLE_SHADOW_NPT(V)					\
	V(CURRENT_REGS, "current_regs") V(L1_REGS_PKE, "l1_regs_pke")	\
	V(L1_REGS, "l1_regs") V(GUEST_MODE, "guest_mode") V(GMET, "gmet")
#define VALUES_ROLE_SHADOW_EPT(V)					\
	V(MARKED, "marked") V(ROOT_SMM, "root_smm")			\
	V(PLAIN, "plain") V(MBEC, "mbec")
#define VALUES_SPTE_LAYOUT(V)						\
	V(5_10, "5.10") V(5_12, "5.12") V(5_14, "5.14") V(6_10, "6.10")	\
	V(7_2, "7.2")
#define VALUES_SPTE_NO_AD(V)						\
	V(NONE, "none") V(SOFTWARE, "software")
#define VALUES_SPTE_REDIRTY(V)						\
	V(SKIP_IN_SYNC, "skip_in_sync") V(SKIP, "skip")			\
	V(SKIP_OVER_LEAF, "skip_over_leaf") V(ALWAYS, "always")
#define VALUES_SPTE_SYNC(V)						\
	V(PREFETCH, "prefetch") V(ACCESSED, "accessed")
#define VALUES_SPTE_WRPROT_ONLY(V)					\
	V(GUEST_MMU, "guest_mmu") V(GUEST_MMU_PML, "guest_mmu_pml")	\
	V(GUEST_MODE_PML, "guest_mode_pml")
#define VALUES_SPTE_LEAF_FLUSH(V)					\
	V(W_A_D_LOST, "w_a_d_lost") V(MMU_WRITABLE_LOST, "mmu_writable_lost")
#define VALUES_NOTIFY_CHANGE_PTE(V)					\
	V(KEEPS_MMU_WRITABLE, "keeps_mmu_writable")			\
	V(CLEARS_MMU_WRITABLE, "clears_mmu_writable") V(NONE, "none")
#define VALUES_TDP_PRESENT_LEAF(V)					\
	V(REWRITE, "rewrite") V(SPURIOUS, "spurious")
#define VALUES_TDP_PREFETCH_TABLE(V)					\
	V(REPLACE, "replace") V(SPURIOUS, "spurious")
#define VALUES_ROOT_LIFE(V)						\
	V(FREE_ON_LAST, "free_on_last")					\
	V(INVALIDATE_ON_LAST, "invalidate_on_last")			\
	V(PERSISTENT, "persistent")
#define VALUES_ROOT_SLOT_DELETE(V)					\
	V(EMPTY, "empty") V(INVALIDATE, "invalidate")
#define VALUES_MMU_RELOAD(V)						\
	V(KEEPS_OBSOLETE, "keeps_obsolete") V(FREES_OBSOLETE, "frees_obsolete")
#define VALUES_MMU_STALE_CHECK(V)					\
	V(NONE, "none") V(BEFORE_RECLAIM, "before_reclaim")		\
	V(AFTER_RECLAIM, "after_reclaim")
#define VALUES_MMU_CREATE(V)						\
	V(INIT_ONCE, "init_once") V(INIT_TWICE, "init_twice")
#define VALUES_MMU_CR4_RESET(V)						\
	V(PGE_PCIDE_OFF, "pge_pcide_off") V(PCIDE_UNLOADS, "pcide_unloads") \
	V(ROLE_BITS, "role_bits")
#define VALUES_MMU_EFER_RESET(V)					\
	V(NX, "nx") V(LME_NX, "lme_nx")
#define VALUES_MMU_INVPCID_ALL(V)					\
	V(UNLOADS, "unloads") V(FLUSHES_GUEST, "flushes_guest")
#define VALUES_MMU_GET_NR_PAGES(V)					\
	V(RETURNS, "returns") V(REMOVED, "removed")
#define VALUES_SYNC_UNCHANGED(V)					\
	V(REWRITTEN, "rewritten") V(KEPT, "kept")
#define VALUES_MMU_INVLPG(V)						\
	V(PREFETCHES, "prefetches") V(SYNCS, "syncs")
#define VALUES_NESTED_ORPHANS(V)					\
	V(UNLINKED, "unlinked") V(ZAPPED, "zapped")
#define VALUES_MMU_SHRINKER(V)						\
	V(ZAPS_OLDEST, "zaps_oldest") V(REMOVED, "removed")
#define VALUES_TRACK_SPACES(V)						\
	V(OWN, "own") V(BOTH, "both")
#define VALUES_SREGS_CHECKS(V)						\
	V(CR4, "cr4") V(CR3, "cr3") V(CR0, "cr0") V(EFER, "efer")
#define VALUES_MMU_WP_TOGGLE(V)						\
	V(RESET, "reset") V(KEEPS_ROOTS, "keeps_roots")
#define VALUES_CR0_WP_OWNER(V)						\
	V(KVM, "kvm") V(GUEST, "guest")
#define VALUES_FAULT_EPT_FLAGS(V)					\
	V(UNGUARDED, "unguarded") V(ACCESS_ONLY, "access_only")		\
	V(GUEST_FINAL, "guest_final") V(USER_PAGE, "user_page")
#define VALUES_FAULT_UNPROTECT(V)					\
	V(ANY_EMULATION, "any_emulation")				\
	V(WRITE_PROTECTED, "write_protected")
#define VALUES_ATTRIBUTES_TRACE(V)					\
	V(NONE, "none") V(EVENT, "event")
#define VALUES_PREFAULT_API(V)						\
	V(NONE, "none") V(MAP_V1, "map_v1") V(MAP_V2, "map_v2")		\
	V(MAP_V3, "map_v3") V(6_11, "6.11") V(6_12, "6.12")		\
	V(6_15, "6.15") V(6_16, "6.16") V(6_18, "6.18")
#define VALUES_PREFAULT_MODE(V)						\
	V(CURRENT, "current") V(ERROR, "error") V(BASE, "base")		\
	V(BASE_AS_POSTED, "base_as_posted")
#define VALUES_PREFAULT_SHADOW(V)					\
	V(UNSUPPORTED, "unsupported") V(GVA, "gva")
#define VALUES_PREFAULT_AFTER_RUN(V)					\
	V(ALLOWED, "allowed") V(REJECTED, "rejected")
#define VALUES_MEMTYPE_SOURCE(V)					\
	V(MTRR_CD_IPAT, "mtrr_cd_ipat") V(MTRR_CD, "mtrr_cd")		\
	V(WB_ONLY, "wb_only") V(QUIRK9, "quirk9") V(VCPU0, "vcpu0")	\
	V(UNIFORM, "uniform") V(ROLE, "role")
#define VALUES_MEMTYPE_LEVEL_LIMIT(V)					\
	V(NONE, "none") V(ALL_TDP, "all_tdp")				\
	V(EPT_NONCOHERENT, "ept_noncoherent")
#define VALUES_MEMTYPE_ZAP(V)						\
	V(ANY_VENDOR, "any_vendor") V(EPT, "ept")			\
	V(DEVICE_ONLY, "device_only") V(QUIRK9, "quirk9")
#define VALUES_NPT_LEVEL(V)						\
	V(FIXED4, "fixed4") V(REFUSE_LA57, "refuse_la57") V(HOST, "host")
#define VALUES_NPT_PASSTHROUGH(V)					\
	V(NONE, "none") V(BIT18, "bit18")
#define VALUES_NESTED_STATE_PAGES(V)					\
	V(REQUEST_5_10, "request_5.10") V(REQUEST_5_12, "request_5.12")	\
	V(REQUEST_5_14, "request_5.14") V(REQUEST_5_15, "request_5.15")	\
	V(REQUEST, "request") V(REQUEST_6_8, "request_6.8")		\
	V(VCPU_RUN, "vcpu_run") V(OPEN_CODED, "open_coded")		\
	V(ON_SET, "on_set") V(BEFORE_ENTRY, "before_entry")		\
	V(UNBLOCK, "unblock")
#define VALUES_NESTED_STATE_SVME(V)					\
	V(GIF, "gif") V(GIF_OR_0, "gif_or_0")
#define VALUES_SMM_LEAVE(V)						\
	V(REQUEST, "request") V(SPLIT, "split")
#define VALUES_NESTED_NP_WITHOUT_NPT(V)					\
	V(VMEXIT_INVALID, "vmexit_invalid") V(IGNORED, "ignored")
#define VALUES_NESTED_EXIT_CR3(V)					\
	V(SWALLOWED, "swallowed") V(TRIPLE_FAULT, "triple_fault")
#define VALUES_NESTED_EXIT_VMCB12(V)					\
	V(INJECTS_GP, "injects_gp") V(TRIPLE_FAULT, "triple_fault")
#define VALUES_NESTED_VMRUN_HSAVE(V)					\
	V(UNCHECKED, "unchecked") V(GP, "gp")
#define VALUES_NESTED_EPT_EXIT(V)					\
	V(HARDWARE_BITS, "hardware_bits") V(WALK_BITS, "walk_bits")
#define VALUES_NESTED_INVALID_CODE(V)					\
	V(32_BITS, "32_bits") V(64_BITS, "64_bits")
#define VALUES_NESTED_EXIT_CR4(V)					\
	V(GUEST, "guest") V(WITH_PAE, "with_pae")
#define VALUES_NESTED_VMRUN_SKIP(V)					\
	V(FIRST, "first") V(AFTER_CHECKS, "after_checks")
#define VALUES_NESTED_NPF_EXIT(V)					\
	V(FINAL, "final") V(WALK, "walk")
#define VALUES_SMM_ENTER(V)						\
	V(UNCHECKED, "unchecked") V(VM_DEAD, "vm_dead")
#define VALUES_SMM_SHUTDOWN(V)						\
	V(KEEPS_ROLE, "keeps_role") V(LEAVES_SMM, "leaves_smm")
#define VALUES_EPT_AD_SOURCE(V)						\
	V(VMCS12, "vmcs12") V(ROOT, "root")
#define VALUES_NESTED_EPT_SYNC(V)					\
	V(CURRENT_ROOT, "current_root") V(SAME_TABLE, "same_table")
#define VALUES_SMM_RSM(V)						\
	V(RESETS_LAST, "resets_last") V(RESETS_FIRST, "resets_first")	\
	V(LEAVES_NESTED, "leaves_nested")
#define VALUES_CPUID_AFTER_RUN(V)					\
	V(ALLOWED, "allowed") V(REJECTED, "rejected")
#define VALUES_SMM_FLIP(V)						\
	V(KEEPS_NESTED, "keeps_nested") V(LEAVES_NESTED, "leaves_nested")
#define VALUES_SHADOW_CHILD(V)						\
	V(ANY, "any") V(MATCH, "match")
#define VALUES_SHADOW_COLLAPSE(V)					\
	V(HOST_HUGE, "host_huge") V(SMALLEST, "smallest")		\
	V(UNCHECKED, "unchecked") V(IN_SLOT, "in_slot")
#define VALUES_SHADOW_BAD_ROOT(V)					\
	V(TRIPLE_FAULT, "triple_fault") V(DUMMY, "dummy")
#define VALUES_MMIO_OVER_PRESENT(V)					\
	V(OVERWRITES, "overwrites") V(DROPS_FIRST, "drops_first")
#define VALUES_MMIO_WRAP(V)						\
	V(ALWAYS_ZAPS, "always_zaps") V(ZAPS_IF_CACHING, "zaps_if_caching")
#define VALUES_NX_HUGE_PAGES(V)						\
	V(OFF, "off") V(FORCE, "force")
#define VALUES_GMEM_API(V)						\
	V(NONE, "none") V(PRIVATE, "private") V(MMAP, "mmap")		\
	V(MMAP_EEXIST, "mmap_eexist")
#define VALUES_FAULT_PRIVATE(V)						\
	V(ATTRIBUTE, "attribute") V(ERROR_CODE, "error_code")
#define VALUES_QUIRKS_KNOWN(V)						\
	V(NONE, "none") V(0x3f, "0x3f") V(0x7f, "0x7f") V(0xff, "0xff")	\
	V(0x1ff, "0x1ff") V(0x3ff, "0x3ff") V(0x7ff, "0x7ff")		\
	V(0xfff, "0xfff")
#define VALUES_QUIRKS_REPEAT(V)						\
	V(LAST_COUNTS, "last_counts") V(ACCUMULATES, "accumulates")
#define VALUES_NX_THREAD(V)						\
	V(WITH_VM, "with_vm") V(FIRST_RUN, "first_run")
#define VALUES_HOST_ZERO_THP(V)						\
	V(SPLITS, "splits") V(HUGE, "huge")
#define VALUES_HOST_MPROTECT(V)						\
	V(PMD, "pmd") V(PUD, "pud")
#define VALUES_NX_RECOVERY(V)						\
	V(ONE_LIST_ZAPS_LOGGED, "one_list_zaps_logged")			\
	V(ONE_LIST, "one_list") V(PER_MMU, "per_mmu")
#define VALUES_TDP_SPLIT_ON_FAULT(V)					\
	V(ZAP, "zap") V(IN_PLACE, "in_place")
#define VALUES_TDP_ATOMIC_ZAP(V)					\
	V(TRACES_FROZEN, "traces_frozen")				\
	V(TRACES_NONPRESENT, "traces_nonpresent")
#define VALUES_TDP_ZAP_ORDER(V)						\
	V(FROM_ROOT, "from_root") V(FROM_1G, "from_1g") V(FROM_4K, "from_4k")
#define VALUES_FAULT_RET_PF(V)						\
	V(5_10, "5.10") V(5_19, "5.19") V(6_12, "6.12")
#define VALUES_FAULT_FAST_CODE(V)					\
	V(LOW_HALF, "low_half") V(WHOLE, "whole")
#define VALUES_DIRTY_INIT_SET(V)					\
	V(PROTECTS_HUGE, "protects_huge") V(DEFERS, "defers")
#define VALUES_DIRTY_COLLAPSE(V)					\
	V(ZAP_NONLEAF, "zap_nonleaf") V(ZAP_LEAF, "zap_leaf")		\
	V(STEP_UP, "step_up") V(ZAP_TABLE, "zap_table")			\
	V(IN_PLACE, "in_place") V(TRY_GET, "try_get")

/*	X(enumerator, list of its values, name) */
#define BEHAVIOUR_LIST(X)						\
	/* module parameters */						\
	X(TDP,			SWITCH,			"tdp")		\
	X(TDP_MMU,		SWITCH,			"tdp_mmu")	\
	X(MMIO_CACHING,		SWITCH,			"mmio_caching")	\
	X(NX_HUGE_PAGES,	NX_HUGE_PAGES,		"nx_huge_pages") \
	X(FLUSH_ON_REUSE,	SWITCH,			"flush_on_reuse") \
	X(EAGER_PAGE_SPLIT,	SWITCH,			"eager_page_split") \
	/* configuration */						\
	X(SW_PROTECTED_VM,	SWITCH,			"sw_protected_vm") \
	/* quirks that userspace can disable */				\
	X(QUIRKS_KNOWN,		QUIRKS_KNOWN,		"quirks.known")	\
	X(QUIRKS_REPEAT,	QUIRKS_REPEAT,		"quirks.repeat") \
	X(QUIRK_SLOT_ZAP_ALL,	SWITCH,			"quirk.slot_zap_all") \
	X(QUIRK_IGNORE_GUEST_PAT, SWITCH,		"quirk.ignore_guest_pat") \
	X(MEMTYPE_CD_QUIRK,	SWITCH,			"memtype.cd_quirk") \
	/* roles and layouts */						\
	X(ROLE_LAYOUT,		ROLE_LAYOUT,		"role.layout")	\
	X(ROLE_TDP,		ROLE_TDP,		"role.tdp")	\
	X(ROLE_SHADOW,		ROLE_SHADOW,		"role.shadow")	\
	X(ROLE_SHADOW_NPT,	ROLE_SHADOW_NPT,	"role.shadow_npt") \
	X(ROLE_SHADOW_EPT,	ROLE_SHADOW_EPT,	"role.shadow_ept") \
	X(SPTE_LAYOUT,		SPTE_LAYOUT,		"spte.layout")	\
	X(SPTE_NO_AD,		SPTE_NO_AD,		"spte.no_ad")	\
	X(SPTE_REDIRTY,		SPTE_REDIRTY,		"spte.redirty")	\
	X(SPTE_SYNC,		SPTE_SYNC,		"spte.sync")	\
	X(SPTE_WRPROT_ONLY,	SPTE_WRPROT_ONLY,	"spte.wrprot_only") \
	X(SPTE_LEAF_FLUSH,	SPTE_LEAF_FLUSH,	"spte.leaf_flush") \
	X(NOTIFY_CHANGE_PTE,	NOTIFY_CHANGE_PTE,	"notify.change_pte") \
	/* roots and faults */						\
	X(ROOT_LIFE,		ROOT_LIFE,		"root.life")	\
	X(ROOT_SLOT_DELETE,	ROOT_SLOT_DELETE,	"root.slot_delete") \
	X(MMU_RELOAD,		MMU_RELOAD,		"mmu.reload")	\
	X(MMU_STALE_CHECK,	MMU_STALE_CHECK,	"mmu.stale_check") \
	X(MMU_WP_TOGGLE,	MMU_WP_TOGGLE,		"mmu.wp_toggle") \
	X(CR0_WP_OWNER,		CR0_WP_OWNER,		"cr0.wp_owner")	\
	X(MMU_CR4_RESET,	MMU_CR4_RESET,		"mmu.cr4_reset") \
	X(MMU_EFER_RESET,	MMU_EFER_RESET,		"mmu.efer_reset") \
	X(MMU_INVPCID_ALL,	MMU_INVPCID_ALL,	"mmu.invpcid_all") \
	X(MMU_GET_NR_PAGES,	MMU_GET_NR_PAGES,	"mmu.get_nr_pages") \
	X(SYNC_UNCHANGED,	SYNC_UNCHANGED,		"sync.unchanged") \
	X(MMU_INVLPG,		MMU_INVLPG,		"mmu.invlpg")	\
	X(NESTED_ORPHANS,	NESTED_ORPHANS,		"nested.orphans") \
	X(MMU_SHRINKER,		MMU_SHRINKER,		"mmu.shrinker")	\
	X(TRACK_SPACES,		TRACK_SPACES,		"track.spaces")	\
	X(SREGS_CHECKS,		SREGS_CHECKS,		"sregs.checks")	\
	X(MMU_CREATE,		MMU_CREATE,		"mmu.create")	\
	X(TDP_PRESENT_LEAF,	TDP_PRESENT_LEAF,	"tdp.present_leaf") \
	X(TDP_PREFETCH_TABLE,	TDP_PREFETCH_TABLE,	"tdp.prefetch_table") \
	X(FAULT_EPT_FLAGS,	FAULT_EPT_FLAGS,	"fault.ept_flags") \
	X(FAULT_UNPROTECT,	FAULT_UNPROTECT,	"fault.unprotect") \
	X(SHADOW_CHILD,		SHADOW_CHILD,		"shadow.child")	\
	X(SHADOW_BAD_ROOT,	SHADOW_BAD_ROOT,	"shadow.bad_root") \
	X(MMIO_OVER_PRESENT,	MMIO_OVER_PRESENT,	"mmio.over_present") \
	X(MMIO_WRAP,		MMIO_WRAP,		"mmio.wrap")	\
	X(TDP_SPLIT_ON_FAULT,	TDP_SPLIT_ON_FAULT,	"tdp.split_on_fault") \
	X(TDP_ATOMIC_ZAP,	TDP_ATOMIC_ZAP,		"tdp.atomic_zap") \
	X(TDP_ZAP_ORDER,	TDP_ZAP_ORDER,		"tdp.zap_order") \
	X(FAULT_RET_PF,		FAULT_RET_PF,		"fault.ret_pf")	\
	X(FAULT_FAST_CODE,	FAULT_FAST_CODE,	"fault.fast_code") \
	/* dirty logging and the NX mitigation */			\
	X(DIRTY_INIT_SET,	DIRTY_INIT_SET,		"dirty.init_set") \
	X(DIRTY_COLLAPSE,	DIRTY_COLLAPSE,		"dirty.collapse") \
	X(SHADOW_COLLAPSE,	SHADOW_COLLAPSE,	"shadow.collapse") \
	X(NX_RECOVERY,		NX_RECOVERY,		"nx.recovery")	\
	X(NX_THREAD,		NX_THREAD,		"nx.thread")	\
	/* private memory */						\
	X(GMEM_API,		GMEM_API,		"gmem.api")	\
	X(FAULT_PRIVATE,	FAULT_PRIVATE,		"fault.private") \
	X(ATTRIBUTES_TRACE,	ATTRIBUTES_TRACE,	"attributes.trace") \
	/* the host's memory management */				\
	X(HOST_ZERO_THP,	HOST_ZERO_THP,		"host.zero_thp") \
	X(HOST_MPROTECT,	HOST_MPROTECT,		"host.mprotect") \
	/* KVM_PRE_FAULT_MEMORY */					\
	X(PREFAULT_API,		PREFAULT_API,		"prefault.api")	\
	X(PREFAULT_SMM,		PREFAULT_MODE,		"prefault.smm")	\
	X(PREFAULT_GUEST_MODE,	PREFAULT_MODE,		"prefault.guest_mode") \
	X(PREFAULT_SHADOW,	PREFAULT_SHADOW,	"prefault.shadow") \
	X(PREFAULT_AFTER_RUN,	PREFAULT_AFTER_RUN,	"prefault.after_run") \
	/* memory types */						\
	X(MEMTYPE_SOURCE,	MEMTYPE_SOURCE,		"memtype.source") \
	X(MEMTYPE_LEVEL_LIMIT,	MEMTYPE_LEVEL_LIMIT,	"memtype.level_limit") \
	X(MEMTYPE_ZAP,		MEMTYPE_ZAP,		"memtype.zap")	\
	X(MEMTYPE_ZAP_RETRY,	SWITCH,			"memtype.zap_retry") \
	/* nested paging, nested state, SMM */				\
	X(NPT_LEVEL,		NPT_LEVEL,		"npt.level")	\
	X(NPT_PASSTHROUGH,	NPT_PASSTHROUGH,	"npt.passthrough") \
	X(NESTED_STATE_PAGES,	NESTED_STATE_PAGES,	"nested.state_pages") \
	X(NESTED_STATE_SVME,	NESTED_STATE_SVME,	"nested.state_svme") \
	X(SMM_LEAVE,		SMM_LEAVE,		"smm.leave")	\
	X(SMM_FLIP,		SMM_FLIP,		"smm.flip")	\
	X(SMM_RSM,		SMM_RSM,		"smm.rsm")	\
	X(NESTED_NP_WITHOUT_NPT, NESTED_NP_WITHOUT_NPT, "nested.np_without_npt") \
	X(NESTED_EXIT_CR3,	NESTED_EXIT_CR3,	"nested.exit_cr3") \
	X(NESTED_EXIT_VMCB12,	NESTED_EXIT_VMCB12,	"nested.exit_vmcb12") \
	X(NESTED_VMRUN_HSAVE,	NESTED_VMRUN_HSAVE,	"nested.vmrun_hsave") \
	X(NESTED_EPT_EXIT,	NESTED_EPT_EXIT,	"nested.ept_exit") \
	X(NESTED_EXIT_CR4,	NESTED_EXIT_CR4,	"nested.exit_cr4") \
	X(NESTED_INVALID_CODE,	NESTED_INVALID_CODE,	"nested.invalid_code") \
	X(NESTED_VMRUN_SKIP,	NESTED_VMRUN_SKIP,	"nested.vmrun_skip") \
	X(NESTED_NPF_EXIT,	NESTED_NPF_EXIT,	"nested.npf_exit") \
	X(SMM_ENTER,		SMM_ENTER,		"smm.enter")	\
	X(SMM_SHUTDOWN,		SMM_SHUTDOWN,		"smm.shutdown")	\
	X(NESTED_EPT_SYNC,	NESTED_EPT_SYNC,	"nested.ept_sync") \
	X(EPT_AD_SOURCE,	EPT_AD_SOURCE,		"nested.ept_ad") \
	X(CPUID_AFTER_RUN,	CPUID_AFTER_RUN,	"cpuid.after_run") \
	X(MTRR_HOST_GP,		SWITCH,			"mtrr.host_gp")

/* enum behaviour: B_ROLE_LAYOUT, ...  the index into tdp_kvm_config.value */
enum behaviour {
#define X(id, values, name) B_##id,
	BEHAVIOUR_LIST(X)
#undef X
	NR_BEHAVIOURS
};

static_assert(NR_BEHAVIOURS <= TDP_MAX_BEHAVIOURS, "config array is too small");

/*
 * One enum a list of values: SWITCH_ON, ROLE_LAYOUT_6_14, MEMTYPE_SOURCE_VCPU0.
 * The preprocessor can't paste a name of the list into V() by itself, so each
 * list is expanded with a V of its own.
 */
#define V(id, text) SWITCH_##id,
enum value_switch { VALUES_SWITCH(V) NR_SWITCH };
#undef V
#define V(id, text) ROLE_LAYOUT_##id,
enum value_role_layout { VALUES_ROLE_LAYOUT(V) NR_ROLE_LAYOUT };
#undef V
#define V(id, text) ROLE_TDP_##id,
enum value_role_tdp { VALUES_ROLE_TDP(V) NR_ROLE_TDP };
#undef V
#define V(id, text) ROLE_SHADOW_##id,
enum value_role_shadow { VALUES_ROLE_SHADOW(V) NR_ROLE_SHADOW };
#undef V
#define V(id, text) ROLE_SHADOW_NPT_##id,
enum value_role_shadow_npt { VALUES_ROLE_SHADOW_NPT(V) NR_ROLE_SHADOW_NPT };
#undef V
#define V(id, text) ROLE_SHADOW_EPT_##id,
enum value_role_shadow_ept { VALUES_ROLE_SHADOW_EPT(V) NR_ROLE_SHADOW_EPT };
#undef V
#define V(id, text) SPTE_LAYOUT_##id,
enum value_spte_layout { VALUES_SPTE_LAYOUT(V) NR_SPTE_LAYOUT };
#undef V
#define V(id, text) SPTE_NO_AD_##id,
enum value_spte_no_ad { VALUES_SPTE_NO_AD(V) NR_SPTE_NO_AD };
#undef V
#define V(id, text) SPTE_REDIRTY_##id,
enum value_spte_redirty { VALUES_SPTE_REDIRTY(V) NR_SPTE_REDIRTY };
#undef V
#define V(id, text) SPTE_SYNC_##id,
enum value_spte_sync { VALUES_SPTE_SYNC(V) NR_SPTE_SYNC };
#undef V
#define V(id, text) SPTE_WRPROT_ONLY_##id,
enum value_spte_wrprot_only { VALUES_SPTE_WRPROT_ONLY(V) NR_SPTE_WRPROT_ONLY };
#undef V
#define V(id, text) SPTE_LEAF_FLUSH_##id,
enum value_spte_leaf_flush { VALUES_SPTE_LEAF_FLUSH(V) NR_SPTE_LEAF_FLUSH };
#undef V
#define V(id, text) NOTIFY_CHANGE_PTE_##id,
enum value_notify_change_pte { VALUES_NOTIFY_CHANGE_PTE(V) NR_NOTIFY_CHANGE_PTE };
#undef V
#define V(id, text) TDP_PRESENT_LEAF_##id,
enum value_tdp_present_leaf { VALUES_TDP_PRESENT_LEAF(V) NR_TDP_PRESENT_LEAF };
#undef V
#define V(id, text) TDP_PREFETCH_TABLE_##id,
enum value_tdp_prefetch_table { VALUES_TDP_PREFETCH_TABLE(V) NR_TDP_PREFETCH_TABLE };
#undef V
#define V(id, text) ROOT_LIFE_##id,
enum value_root_life { VALUES_ROOT_LIFE(V) NR_ROOT_LIFE };
#undef V
#define V(id, text) ROOT_SLOT_DELETE_##id,
enum value_root_slot_delete { VALUES_ROOT_SLOT_DELETE(V) NR_ROOT_SLOT_DELETE };
#undef V
#define V(id, text) MMU_RELOAD_##id,
enum value_mmu_reload { VALUES_MMU_RELOAD(V) NR_MMU_RELOAD };
#undef V
#define V(id, text) MMU_STALE_CHECK_##id,
enum value_mmu_stale_check { VALUES_MMU_STALE_CHECK(V) NR_MMU_STALE_CHECK };
#undef V
#define V(id, text) MMU_CREATE_##id,
enum value_mmu_create { VALUES_MMU_CREATE(V) NR_MMU_CREATE };
#undef V
#define V(id, text) MMU_WP_TOGGLE_##id,
enum value_mmu_wp_toggle { VALUES_MMU_WP_TOGGLE(V) NR_MMU_WP_TOGGLE };
#undef V
#define V(id, text) MMU_CR4_RESET_##id,
enum value_mmu_cr4_reset { VALUES_MMU_CR4_RESET(V) NR_MMU_CR4_RESET };
#undef V
#define V(id, text) MMU_EFER_RESET_##id,
enum value_mmu_efer_reset { VALUES_MMU_EFER_RESET(V) NR_MMU_EFER_RESET };
#undef V
#define V(id, text) CR0_WP_OWNER_##id,
enum value_cr0_wp_owner { VALUES_CR0_WP_OWNER(V) NR_CR0_WP_OWNER };
#undef V
#define V(id, text) MMU_INVPCID_ALL_##id,
enum value_mmu_invpcid_all { VALUES_MMU_INVPCID_ALL(V) NR_MMU_INVPCID_ALL };
#undef V
#define V(id, text) MMU_GET_NR_PAGES_##id,
enum value_mmu_get_nr_pages { VALUES_MMU_GET_NR_PAGES(V) NR_MMU_GET_NR_PAGES };
#undef V
#define V(id, text) SYNC_UNCHANGED_##id,
enum value_sync_unchanged { VALUES_SYNC_UNCHANGED(V) NR_SYNC_UNCHANGED };
#undef V
#define V(id, text) MMU_INVLPG_##id,
enum value_mmu_invlpg { VALUES_MMU_INVLPG(V) NR_MMU_INVLPG };
#undef V
#define V(id, text) NESTED_ORPHANS_##id,
enum value_nested_orphans { VALUES_NESTED_ORPHANS(V) NR_NESTED_ORPHANS };
#undef V
#define V(id, text) MMU_SHRINKER_##id,
enum value_mmu_shrinker { VALUES_MMU_SHRINKER(V) NR_MMU_SHRINKER };
#undef V
#define V(id, text) TRACK_SPACES_##id,
enum value_track_spaces { VALUES_TRACK_SPACES(V) NR_TRACK_SPACES };
#undef V
#define V(id, text) SREGS_CHECKS_##id,
enum value_sregs_checks { VALUES_SREGS_CHECKS(V) NR_SREGS_CHECKS };
#undef V
#define V(id, text) ATTRIBUTES_TRACE_##id,
enum value_attributes_trace { VALUES_ATTRIBUTES_TRACE(V) NR_ATTRIBUTES_TRACE };
#undef V
#define V(id, text) FAULT_UNPROTECT_##id,
enum value_fault_unprotect { VALUES_FAULT_UNPROTECT(V) NR_FAULT_UNPROTECT };
#undef V
#define V(id, text) FAULT_EPT_FLAGS_##id,
enum value_fault_ept_flags { VALUES_FAULT_EPT_FLAGS(V) NR_FAULT_EPT_FLAGS };
#undef V
#define V(id, text) PREFAULT_API_##id,
enum value_prefault_api { VALUES_PREFAULT_API(V) NR_PREFAULT_API };
#undef V
#define V(id, text) PREFAULT_MODE_##id,
enum value_prefault_mode { VALUES_PREFAULT_MODE(V) NR_PREFAULT_MODE };
#undef V
#define V(id, text) PREFAULT_SHADOW_##id,
enum value_prefault_shadow { VALUES_PREFAULT_SHADOW(V) NR_PREFAULT_SHADOW };
#undef V
#define V(id, text) PREFAULT_AFTER_RUN_##id,
enum value_prefault_after_run { VALUES_PREFAULT_AFTER_RUN(V) NR_PREFAULT_AFTER_RUN };
#undef V
#define V(id, text) MEMTYPE_SOURCE_##id,
enum value_memtype_source { VALUES_MEMTYPE_SOURCE(V) NR_MEMTYPE_SOURCE };
#undef V
#define V(id, text) MEMTYPE_LEVEL_LIMIT_##id,
enum value_memtype_level_limit { VALUES_MEMTYPE_LEVEL_LIMIT(V) NR_MEMTYPE_LEVEL_LIMIT };
#undef V
#define V(id, text) MEMTYPE_ZAP_##id,
enum value_memtype_zap { VALUES_MEMTYPE_ZAP(V) NR_MEMTYPE_ZAP };
#undef V
#define V(id, text) NPT_LEVEL_##id,
enum value_npt_level { VALUES_NPT_LEVEL(V) NR_NPT_LEVEL };
#undef V
#define V(id, text) NPT_PASSTHROUGH_##id,
enum value_npt_passthrough { VALUES_NPT_PASSTHROUGH(V) NR_NPT_PASSTHROUGH };
#undef V
#define V(id, text) NESTED_STATE_PAGES_##id,
enum value_nested_state_pages { VALUES_NESTED_STATE_PAGES(V) NR_NESTED_STATE_PAGES };
#undef V
#define V(id, text) NESTED_STATE_SVME_##id,
enum value_nested_state_svme { VALUES_NESTED_STATE_SVME(V) NR_NESTED_STATE_SVME };
#undef V
#define V(id, text) SMM_LEAVE_##id,
enum value_smm_leave { VALUES_SMM_LEAVE(V) NR_SMM_LEAVE };
#undef V
#define V(id, text) SMM_FLIP_##id,
enum value_smm_flip { VALUES_SMM_FLIP(V) NR_SMM_FLIP };
#undef V
#define V(id, text) SMM_RSM_##id,
enum value_smm_rsm { VALUES_SMM_RSM(V) NR_SMM_RSM };
#undef V
#define V(id, text) NESTED_NP_WITHOUT_NPT_##id,
enum value_nested_np_without_npt { VALUES_NESTED_NP_WITHOUT_NPT(V) NR_NESTED_NP_WITHOUT_NPT };
#undef V
#define V(id, text) NESTED_EXIT_CR3_##id,
enum value_nested_exit_cr3 { VALUES_NESTED_EXIT_CR3(V) NR_NESTED_EXIT_CR3 };
#undef V
#define V(id, text) NESTED_EXIT_VMCB12_##id,
enum value_nested_exit_vmcb12 { VALUES_NESTED_EXIT_VMCB12(V) NR_NESTED_EXIT_VMCB12 };
#undef V
#define V(id, text) NESTED_VMRUN_HSAVE_##id,
enum value_nested_vmrun_hsave { VALUES_NESTED_VMRUN_HSAVE(V) NR_NESTED_VMRUN_HSAVE };
#undef V
#define V(id, text) EPT_AD_SOURCE_##id,
enum value_ept_ad_source { VALUES_EPT_AD_SOURCE(V) NR_EPT_AD_SOURCE };
#undef V
#define V(id, text) NESTED_EPT_SYNC_##id,
enum value_nested_ept_sync { VALUES_NESTED_EPT_SYNC(V) NR_NESTED_EPT_SYNC };
#undef V
#define V(id, text) NESTED_EPT_EXIT_##id,
enum value_nested_ept_exit { VALUES_NESTED_EPT_EXIT(V) NR_NESTED_EPT_EXIT };
#undef V
#define V(id, text) NESTED_EXIT_CR4_##id,
enum value_nested_exit_cr4 { VALUES_NESTED_EXIT_CR4(V) NR_NESTED_EXIT_CR4 };
#undef V
#define V(id, text) NESTED_INVALID_CODE_##id,
enum value_nested_invalid_code { VALUES_NESTED_INVALID_CODE(V) NR_NESTED_INVALID_CODE };
#undef V
#define V(id, text) NESTED_VMRUN_SKIP_##id,
enum value_nested_vmrun_skip { VALUES_NESTED_VMRUN_SKIP(V) NR_NESTED_VMRUN_SKIP };
#undef V
#define V(id, text) NESTED_NPF_EXIT_##id,
enum value_nested_npf_exit { VALUES_NESTED_NPF_EXIT(V) NR_NESTED_NPF_EXIT };
#undef V
#define V(id, text) SMM_ENTER_##id,
enum value_smm_enter { VALUES_SMM_ENTER(V) NR_SMM_ENTER };
#undef V
#define V(id, text) SMM_SHUTDOWN_##id,
enum value_smm_shutdown { VALUES_SMM_SHUTDOWN(V) NR_SMM_SHUTDOWN };
#undef V
#define V(id, text) CPUID_AFTER_RUN_##id,
enum value_cpuid_after_run { VALUES_CPUID_AFTER_RUN(V) NR_CPUID_AFTER_RUN };
#undef V
#define V(id, text) SHADOW_CHILD_##id,
enum value_shadow_child { VALUES_SHADOW_CHILD(V) NR_SHADOW_CHILD };
#undef V
#define V(id, text) SHADOW_COLLAPSE_##id,
enum value_shadow_collapse { VALUES_SHADOW_COLLAPSE(V) NR_SHADOW_COLLAPSE };
#undef V
#define V(id, text) SHADOW_BAD_ROOT_##id,
enum value_shadow_bad_root { VALUES_SHADOW_BAD_ROOT(V) NR_SHADOW_BAD_ROOT };
#undef V
#define V(id, text) MMIO_OVER_PRESENT_##id,
enum value_mmio_over_present { VALUES_MMIO_OVER_PRESENT(V) NR_MMIO_OVER_PRESENT };
#undef V
#define V(id, text) MMIO_WRAP_##id,
enum value_mmio_wrap { VALUES_MMIO_WRAP(V) NR_MMIO_WRAP };
#undef V
#define V(id, text) NX_HUGE_PAGES_##id,
enum value_nx_huge_pages { VALUES_NX_HUGE_PAGES(V) NR_NX_HUGE_PAGES };
#undef V
#define V(id, text) GMEM_API_##id,
enum value_gmem_api { VALUES_GMEM_API(V) NR_GMEM_API };
#undef V
#define V(id, text) FAULT_PRIVATE_##id,
enum value_fault_private { VALUES_FAULT_PRIVATE(V) NR_FAULT_PRIVATE };
#undef V
#define V(id, text) QUIRKS_KNOWN_##id,
enum value_quirks_known { VALUES_QUIRKS_KNOWN(V) NR_QUIRKS_KNOWN };
#undef V
#define V(id, text) QUIRKS_REPEAT_##id,
enum value_quirks_repeat { VALUES_QUIRKS_REPEAT(V) NR_QUIRKS_REPEAT };
#undef V
#define V(id, text) NX_THREAD_##id,
enum value_nx_thread { VALUES_NX_THREAD(V) NR_NX_THREAD };
#undef V
#define V(id, text) HOST_ZERO_THP_##id,
enum value_host_zero_thp { VALUES_HOST_ZERO_THP(V) NR_HOST_ZERO_THP };
#undef V
#define V(id, text) HOST_MPROTECT_##id,
enum value_host_mprotect { VALUES_HOST_MPROTECT(V) NR_HOST_MPROTECT };
#undef V
#define V(id, text) NX_RECOVERY_##id,
enum value_nx_recovery { VALUES_NX_RECOVERY(V) NR_NX_RECOVERY };
#undef V
#define V(id, text) TDP_SPLIT_ON_FAULT_##id,
enum value_tdp_split_on_fault { VALUES_TDP_SPLIT_ON_FAULT(V) NR_TDP_SPLIT_ON_FAULT };
#undef V
#define V(id, text) TDP_ATOMIC_ZAP_##id,
enum value_tdp_atomic_zap { VALUES_TDP_ATOMIC_ZAP(V) NR_TDP_ATOMIC_ZAP };
#undef V
#define V(id, text) TDP_ZAP_ORDER_##id,
enum value_tdp_zap_order { VALUES_TDP_ZAP_ORDER(V) NR_TDP_ZAP_ORDER };
#undef V
#define V(id, text) FAULT_RET_PF_##id,
enum value_fault_ret_pf { VALUES_FAULT_RET_PF(V) NR_FAULT_RET_PF };
#undef V
#define V(id, text) FAULT_FAST_CODE_##id,
enum value_fault_fast_code { VALUES_FAULT_FAST_CODE(V) NR_FAULT_FAST_CODE };
#undef V
#define V(id, text) DIRTY_INIT_SET_##id,
enum value_dirty_init_set { VALUES_DIRTY_INIT_SET(V) NR_DIRTY_INIT_SET };
#undef V
#define V(id, text) DIRTY_COLLAPSE_##id,
enum value_dirty_collapse { VALUES_DIRTY_COLLAPSE(V) NR_DIRTY_COLLAPSE };
#undef V

/* clang-format on */

static inline unsigned int behaviour(const struct tdp_kvm_config *kvm,
				     enum behaviour b)
{
	return kvm->value[b];
}

static inline bool behaviour_on(const struct tdp_kvm_config *kvm,
				enum behaviour b)
{
	return kvm->value[b] == SWITCH_ON;
}

#endif
