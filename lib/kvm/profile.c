/* SPDX-License-Identifier: MIT */
/* The behaviours, and which kernel has which (profile_table.h). */
#include "kvm/profile_table.h"

#include "base/bits.h"

/* clang-format off */
const char *const kernel_names[NR_KERNELS] = {
#define X(id, name) name,
	KERNEL_LIST(X)
#undef X
};

/* Names as arrays, because a table can hold their addresses. */
#define V(id, text)	text,
#define X(id, values, text)						\
	static const char name_##id[] = text;				\
	static const char *const values_##id[] = { VALUES_##values(V) };
BEHAVIOUR_LIST(X)
#undef X
#undef V

#define ROW(id, about, source, ...)					\
	[B_##id] = {							\
		{ name_##id, about, source, ARRAY_SIZE(values_##id) },	\
		values_##id, { __VA_ARGS__ }				\
	}
#define ALWAYS(value)		{ KERNEL_5_10, value, false }
#define SINCE(kernel, value)	{ KERNEL_##kernel, value, false }
#define MAYBE(kernel, value)	{ KERNEL_##kernel, value, true }

const struct row profile_rows[NR_BEHAVIOURS] = {

/* Module parameters */
ROW(TDP,
    "Two-dimensional paging (module parameters ept and npt).",
    "default of kvm_intel.ept and kvm_amd.npt",
    ALWAYS(SWITCH_ON)),
ROW(TDP_MMU,
    "Direct roots belong to the TDP MMU, not to the shadow MMU (module parameter "
    "tdp_mmu).",
    "KVM 5.10.7 to 6.11.11: tdp_mmu_enabled; recordings of 6.1.192 and 6.12 to 7.1.5",
    ALWAYS(SWITCH_OFF), SINCE(5_15, SWITCH_ON)),
ROW(MMIO_CACHING,
    "MMIO SPTEs are installed (module parameter mmio_caching).",
    "default; the parameter exists from 5.14 on",
    ALWAYS(SWITCH_ON)),
ROW(NX_HUGE_PAGES,
    "Huge pages are not executable (module parameter nx_huge_pages); the default, auto, "
    "is off on a host without the iTLB multi-hit bug.",
    "default on an unaffected host",
    ALWAYS(NX_HUGE_PAGES_OFF)),
ROW(FLUSH_ON_REUSE,
    "A cached root is synchronized and flushed when it is used again (module parameter "
    "flush_on_reuse).",
    "KVM 5.10.7 to 7.1.5: force_flush_and_sync_on_reuse",
    ALWAYS(SWITCH_OFF)),
ROW(EAGER_PAGE_SPLIT,
    "Huge pages are split when dirty logging begins, not by the first write (module "
    "parameter eager_page_split, which 5.18 added).",
    "recordings of 6.1.192 to 7.1.5; 5.19 and 6.0 inferred",
    ALWAYS(SWITCH_OFF), MAYBE(5_19, SWITCH_ON), SINCE(6_1, SWITCH_ON)),

/* Configuration */
ROW(SW_PROTECTED_VM,
    "The kernel has CONFIG_KVM_SW_PROTECTED_VM: VMs of type sw-protected, memory "
    "attributes and, up to 6.17, guest_memfd.",
    "recordings of 6.12, 6.18.2 and 7.1.5; those of 6.12.117 lack it",
    ALWAYS(SWITCH_OFF), SINCE(6_8, SWITCH_ON)),

/* Quirks that userspace can disable */
ROW(QUIRKS_KNOWN,
    "Bits that KVM_CAP_DISABLE_QUIRKS2 takes; bit 9 only with TDP.",
    "recordings of 6.12, 6.14, 6.18.2, 7.0 and 7.1.5; KVM 6.13.7; up to 6.11 and 7.2 "
    "inferred",
    ALWAYS(QUIRKS_KNOWN_NONE), MAYBE(5_19, QUIRKS_KNOWN_0x3f), MAYBE(6_0, QUIRKS_KNOWN_0x7f),
    SINCE(6_12, QUIRKS_KNOWN_0xff), SINCE(6_13, QUIRKS_KNOWN_0x1ff),
    SINCE(6_16, QUIRKS_KNOWN_0x3ff), SINCE(7_0, QUIRKS_KNOWN_0x7ff),
    MAYBE(7_2, QUIRKS_KNOWN_0xfff)),
ROW(QUIRKS_REPEAT,
    "KVM_CAP_DISABLE_QUIRKS2 used twice: the last call counts, or what was disabled "
    "stays so.",
    "KVM 6.12 to 6.16: kvm_vm_ioctl_enable_cap(); recordings of 6.18.2 and 7.1.5",
    ALWAYS(QUIRKS_REPEAT_LAST_COUNTS), SINCE(6_16, QUIRKS_REPEAT_ACCUMULATES)),
ROW(QUIRK_SLOT_ZAP_ALL,
    "Deleting a memslot zaps all SPTEs (KVM_X86_QUIRK_SLOT_ZAP_ALL; up to 6.11 there is "
    "no way to turn it off).",
    "KVM 6.12: kvm_arch_flush_shadow_memslot()",
    ALWAYS(SWITCH_ON)),
ROW(QUIRK_IGNORE_GUEST_PAT,
    "EPT leaves ignore the guest's PAT (KVM_X86_QUIRK_IGNORE_GUEST_PAT; up to 6.15 there "
    "is no way to turn it off).",
    "KVM 6.16: vmx_get_mt_mask(); recordings of 6.18.2 and 7.1.5",
    ALWAYS(SWITCH_ON)),
ROW(MEMTYPE_CD_QUIRK,
    "CR0.CD does not make memory uncacheable (KVM_X86_QUIRK_CD_NW_CLEARED).",
    "KVM 5.10 to 6.10: vmx_get_mt_mask()",
    ALWAYS(SWITCH_ON)),

/* Roles and layouts */
ROW(ROLE_LAYOUT,
    "Bits of kvm_mmu_page_role and of the extended half.",
    "union kvm_mmu_page_role and its extended role, 5.10.7 to 7.1.5; 7.2 from its "
    "MBEC/GMET patches",
    ALWAYS(ROLE_LAYOUT_5_10), SINCE(5_14, ROLE_LAYOUT_5_14), SINCE(5_15, ROLE_LAYOUT_5_15),
    SINCE(5_17, ROLE_LAYOUT_5_17), SINCE(5_19, ROLE_LAYOUT_5_19), SINCE(6_14, ROLE_LAYOUT_6_14),
    SINCE(7_2, ROLE_LAYOUT_7_2)),
ROW(ROLE_TDP,
    "What the guest's EFER.NX and CR0.WP do to the role of a TDP root.",
    "KVM 5.10.7 to 6.12: kvm_calc_tdp_mmu_root_page_role(); recordings from 6.1.192 on",
    ALWAYS(ROLE_TDP_NX_WP_RAW), SINCE(5_14, ROLE_TDP_NX_WP), SINCE(5_19, ROLE_TDP_CONSTANT)),
ROW(ROLE_SHADOW,
    "What a shadow root takes from registers: all as they are, nothing without paging, "
    "or nothing without paging and NX always.",
    "KVM 5.10.7, 5.12.9, 5.14, 5.17: kvm_calc_shadow_mmu_root_page_role(); 5.19: "
    "kvm_init_shadow_mmu()",
    ALWAYS(ROLE_SHADOW_RAW), SINCE(5_14, ROLE_SHADOW_PAGED), SINCE(5_19, ROLE_SHADOW_FORCE_NX)),
ROW(ROLE_SHADOW_NPT,
    "Whose registers make the role of a shadow NPT, and whether it says guest mode.",
    "KVM 5.10.7 to 7.1.5: kvm_init_shadow_npt_mmu(), nested_svm_init_mmu_context(); "
    "recordings from 6.1.192 on; 7.2 from its GMET patches",
    ALWAYS(ROLE_SHADOW_NPT_CURRENT_REGS), SINCE(5_14, ROLE_SHADOW_NPT_L1_REGS_PKE),
    SINCE(5_15, ROLE_SHADOW_NPT_L1_REGS), MAYBE(6_13, ROLE_SHADOW_NPT_GUEST_MODE),
    SINCE(6_14, ROLE_SHADOW_NPT_GUEST_MODE), SINCE(7_2, ROLE_SHADOW_NPT_GMET)),
ROW(ROLE_SHADOW_EPT,
    "Role of a shadow EPT: with the WP and SMAP marker, with root_mmu's SMM flag, with "
    "neither, or with MBEC.",
    "KVM 5.10.7 to 7.1.5: kvm_calc_shadow_ept_root_page_role(); 7.2 from its MBEC patches",
    ALWAYS(ROLE_SHADOW_EPT_MARKED), SINCE(5_14, ROLE_SHADOW_EPT_ROOT_SMM),
    SINCE(5_19, ROLE_SHADOW_EPT_PLAIN), SINCE(7_2, ROLE_SHADOW_EPT_MBEC)),
ROW(SPTE_LAYOUT,
    "Bits of an SPTE.",
    "docs/decisions/spte.md, table of layouts",
    ALWAYS(SPTE_LAYOUT_5_10), SINCE(5_12, SPTE_LAYOUT_5_12), SINCE(5_14, SPTE_LAYOUT_5_14),
    SINCE(6_11, SPTE_LAYOUT_6_10), SINCE(7_2, SPTE_LAYOUT_7_2)),
ROW(SPTE_NO_AD,
    "Accessed and dirty bits where the hardware keeps none.",
    "docs/decisions/spte.md; recordings of 6.12, 6.18.2 and 7.1.5 with eptad=0",
    ALWAYS(SPTE_NO_AD_NONE), SINCE(6_13, SPTE_NO_AD_SOFTWARE)),
ROW(SPTE_REDIRTY,
    "When the dirty bit is left out because the old SPTE was writable already.",
    "docs/decisions/spte.md; recordings of 6.12, 6.14, 6.18.2 and 7.1.5",
    ALWAYS(SPTE_REDIRTY_SKIP_IN_SYNC), SINCE(5_17, SPTE_REDIRTY_SKIP),
    MAYBE(6_11, SPTE_REDIRTY_SKIP_OVER_LEAF), SINCE(6_12, SPTE_REDIRTY_SKIP),
    SINCE(6_13, SPTE_REDIRTY_ALWAYS)),
ROW(SPTE_SYNC,
    "How a synchronized SPTE is made: like a prefetch, or accessed.",
    "docs/decisions/spte.md",
    ALWAYS(SPTE_SYNC_PREFETCH), SINCE(6_13, SPTE_SYNC_ACCESSED)),
ROW(SPTE_WRPROT_ONLY,
    "Which pages track dirtiness by write protection although the hardware keeps dirty "
    "bits.",
    "docs/decisions/spte.md",
    ALWAYS(SPTE_WRPROT_ONLY_GUEST_MMU), SINCE(5_12, SPTE_WRPROT_ONLY_GUEST_MMU_PML),
    SINCE(5_17, SPTE_WRPROT_ONLY_GUEST_MODE_PML)),
ROW(SPTE_LEAF_FLUSH,
    "Which change of a leaf SPTE needs a TLB flush.",
    "docs/decisions/spte.md",
    ALWAYS(SPTE_LEAF_FLUSH_W_A_D_LOST), SINCE(6_13, SPTE_LEAF_FLUSH_MMU_WRITABLE_LOST)),
ROW(NOTIFY_CHANGE_PTE,
    "What becomes of an SPTE whose host frame is replaced by another.",
    "docs/decisions/spte.md",
    ALWAYS(NOTIFY_CHANGE_PTE_KEEPS_MMU_WRITABLE),
    SINCE(5_17, NOTIFY_CHANGE_PTE_CLEARS_MMU_WRITABLE), SINCE(6_11, NOTIFY_CHANGE_PTE_NONE)),

/* Roots and faults */
ROW(ROOT_LIFE,
    "What happens to a TDP root when the last vCPU drops it.",
    "KVM 5.10.7 to 6.4.6: kvm_tdp_mmu_put_root() and its predecessors",
    ALWAYS(ROOT_LIFE_FREE_ON_LAST), SINCE(5_19, ROOT_LIFE_INVALIDATE_ON_LAST),
    SINCE(6_4, ROOT_LIFE_PERSISTENT)),
ROW(ROOT_SLOT_DELETE,
    "What a fast zap does to TDP roots: emptied and kept, or made invalid.",
    "KVM 5.10.7, 5.12.9, 5.14: kvm_mmu_zap_all_fast()",
    ALWAYS(ROOT_SLOT_DELETE_EMPTY), SINCE(5_14, ROOT_SLOT_DELETE_INVALIDATE)),
ROW(MMU_RELOAD,
    "Whether kvm_mmu_reload() serves a pending request to free obsolete roots.",
    "commit 20a6cff3b283 (6.15); KVM 6.16: kvm_mmu_reload(); recordings of 6.12, 6.14 "
    "and 6.18.2",
    ALWAYS(MMU_RELOAD_KEEPS_OBSOLETE), SINCE(6_15, MMU_RELOAD_FREES_OBSOLETE)),
ROW(MMU_STALE_CHECK,
    "Whether a shadow fault on an obsolete root is retried, tested before or after pages "
    "are reclaimed.",
    "KVM 5.15.85, 5.17, 7.1.5: direct_page_fault(); commit 2abd5287f083 (7.2)",
    ALWAYS(MMU_STALE_CHECK_NONE), SINCE(5_17, MMU_STALE_CHECK_BEFORE_RECLAIM),
    SINCE(7_2, MMU_STALE_CHECK_AFTER_RECLAIM)),
ROW(MMU_WP_TOGGLE,
    "What toggling CR0.WP does under TDP.",
    "KVM 6.1-rc7, 6.2.1, 6.4.6: kvm_post_set_cr0()",
    ALWAYS(MMU_WP_TOGGLE_RESET), SINCE(6_4, MMU_WP_TOGGLE_KEEPS_ROOTS)),
ROW(CR0_WP_OWNER,
    "Who owns CR0.WP of a guest under EPT: KVM, to which each write exits, or the guest.",
    "KVM 6.1-rc7, 6.4.6: KVM_POSSIBLE_CR0_GUEST_BITS; recordings of 6.12, 6.18.2 and 7.1.5",
    ALWAYS(CR0_WP_OWNER_KVM), MAYBE(6_4, CR0_WP_OWNER_GUEST), SINCE(6_12, CR0_WP_OWNER_GUEST)),
ROW(MMU_CR4_RESET,
    "Which bits of CR4 reset the MMU besides those in the role: a change of PGE and "
    "PCIDE going off, none but any change of PCIDE drops the roots, or none.",
    "KVM 5.10.7, 5.12.9, 5.14, 5.15.85, 5.16.16, 5.17, 5.19, 6.12: kvm_post_set_cr4(), "
    "KVM_MMU_CR4_ROLE_BITS",
    ALWAYS(MMU_CR4_RESET_PGE_PCIDE_OFF), SINCE(5_17, MMU_CR4_RESET_PCIDE_UNLOADS),
    SINCE(5_19, MMU_CR4_RESET_ROLE_BITS)),
ROW(MMU_EFER_RESET,
    "Which bits of EFER reset the MMU.",
    "KVM 5.10.7, 5.14, 5.16.16, 5.17, 5.19, 6.12: set_efer(); 5.15.85 has the later value "
    "by a backport",
    ALWAYS(MMU_EFER_RESET_NX), SINCE(5_19, MMU_EFER_RESET_LME_NX)),
ROW(MMU_INVPCID_ALL,
    "What INVPCID of all PCIDs does to a guest without TDP: all roots are dropped, or the "
    "guest's TLB is flushed.",
    "patches of 2020-09 and 2021-03: kvm_handle_invpcid(); commit 28f28d453ffc (2021-06), "
    "whose first kernel is inferred",
    ALWAYS(MMU_INVPCID_ALL_UNLOADS), MAYBE(5_14, MMU_INVPCID_ALL_FLUSHES_GUEST)),
ROW(MMU_GET_NR_PAGES,
    "Whether there is KVM_GET_NR_MMU_PAGES, which says the quota of shadow pages.",
    "commit c5edd753a0bd (2023-02), whose first kernel is inferred",
    ALWAYS(MMU_GET_NR_PAGES_RETURNS), MAYBE(6_4, MMU_GET_NR_PAGES_REMOVED)),
ROW(SYNC_UNCHANGED,
    "What synchronizing does to an SPTE whose guest entry has the rights that it had: it is "
    "made anew, without the accessed bit, or left alone.",
    "commit e6722d9211b2, in the MMU changes for 6.4: FNAME(sync_spte)",
    ALWAYS(SYNC_UNCHANGED_REWRITTEN), SINCE(6_4, SYNC_UNCHANGED_KEPT)),
ROW(MMU_INVLPG,
    "What INVLPG does to a leaf of an unsync table: it is zapped and, if the host has its "
    "page at hand, mapped again; or it is synchronized.",
    "commit 9fd4a4e3a3d9, in the MMU changes for 6.4: FNAME(invlpg), kvm_mmu_invalidate_addr()",
    ALWAYS(MMU_INVLPG_PREFETCHES), SINCE(6_4, MMU_INVLPG_SYNCS)),
ROW(NESTED_ORPHANS,
    "What becomes of tables of nested TDP to which nothing leads once an emulated write has "
    "unlinked them: they stay in the hash, or are zapped with all below, those that are "
    "roots aside.",
    "patches of 2020-09 and 2022-07: kvm_mmu_pte_write(); commits 69397c92de77 and "
    "7a2c70e777a0 (7.2)",
    ALWAYS(NESTED_ORPHANS_UNLINKED), SINCE(7_2, NESTED_ORPHANS_ZAPPED)),
ROW(MMU_SHRINKER,
    "Whether the host's memory reclaim takes pages of the shadow MMU.",
    "KVM 6.12: mmu_shrink_scan(); 6.13 has none (kvm-mmu.md, version matrix)",
    ALWAYS(MMU_SHRINKER_ZAPS_OLDEST), SINCE(6_13, MMU_SHRINKER_REMOVED)),
ROW(TRACK_SPACES,
    "Whether a frame counts as write-tracked if only the other address space has a table "
    "there.",
    "commits 0f38453cdb2e and 2e8a2c1b0306 (7.2), stable from 6.1.187 on; Debian's 6.12.117 "
    "emulates the write; 7.1.5 was not looked at",
    ALWAYS(TRACK_SPACES_OWN), SINCE(7_2, TRACK_SPACES_BOTH)),
ROW(SREGS_CHECKS,
    "What KVM_SET_SREGS checks besides that EFER.LMA fits: CR4; CR3 in long mode as well; "
    "CR0 as well; EFER as well.",
    "recording of 6.12.117; KVM 5.10.7, 5.12.9, 5.14, 5.17, 6.0.1, 6.1.158, 6.4.6, 6.7.3: "
    "kvm_is_valid_sregs()",
    ALWAYS(SREGS_CHECKS_CR4), SINCE(5_12, SREGS_CHECKS_CR3), SINCE(6_7, SREGS_CHECKS_CR0)),
ROW(MMU_CREATE,
    "How often creating a vCPU computes its roles.",
    "recordings of 6.12, 6.14, 6.18.2 and 7.1.5; KVM 6.13.7: kvm_arch_vcpu_create()",
    ALWAYS(MMU_CREATE_INIT_ONCE), SINCE(6_14, MMU_CREATE_INIT_TWICE)),
ROW(TDP_PRESENT_LEAF,
    "A fault on a leaf that allows the access already, or a prefetch over a leaf.",
    "recordings of 6.12, 6.14 and 6.18.2; KVM 5.10.7 to 6.13.7: "
    "tdp_mmu_map_handle_target_level()",
    ALWAYS(TDP_PRESENT_LEAF_REWRITE), SINCE(6_13, TDP_PRESENT_LEAF_SPURIOUS)),
ROW(TDP_PREFETCH_TABLE,
    "A prefetch of a huge page where a page table hangs.",
    "recordings of 6.12, 6.14 and 6.18.2; KVM 6.13.7, 6.16: "
    "tdp_mmu_map_handle_target_level()",
    ALWAYS(TDP_PREFETCH_TABLE_REPLACE), SINCE(6_13, TDP_PREFETCH_TABLE_SPURIOUS),
    SINCE(6_16, TDP_PREFETCH_TABLE_REPLACE)),
ROW(FAULT_EPT_FLAGS,
    "GUEST_FINAL and GUEST_PAGE in the error code of an EPT violation: one of them "
    "always, never, if the linear address is valid; then also USER for user pages only.",
    "KVM 5.10.7 to 6.11.11, 6.12: handle_ept_violation(); commit d0164c161923 (6.18); "
    "recordings of 6.12, 6.14, 6.18.2 and 7.1.5; 7.2 from its MBEC patches",
    ALWAYS(FAULT_EPT_FLAGS_UNGUARDED), SINCE(6_12, FAULT_EPT_FLAGS_ACCESS_ONLY),
    SINCE(6_18, FAULT_EPT_FLAGS_GUEST_FINAL), SINCE(7_2, FAULT_EPT_FLAGS_USER_PAGE)),
ROW(FAULT_UNPROTECT,
    "A guest's walk may not write its own table (A or D): the shadow pages of that table "
    "are zapped and the walk is tried again, whatever the reason for emulation, or only if "
    "they were the reason.",
    "KVM 5.6, 6.12: kvm_mmu_page_fault(), kvm_mmu_write_protect_fault(); Debian's 6.1.192",
    ALWAYS(FAULT_UNPROTECT_ANY_EMULATION), SINCE(6_12, FAULT_UNPROTECT_WRITE_PROTECTED)),
ROW(SHADOW_CHILD,
    "Which table counts as the child that a shadow entry needs: any that is there, or "
    "only one of the right frame and role.",
    "KVM 7.0, 7.1.3: kvm_mmu_get_child_sp(); recordings of 6.12, 6.14, 6.18.2, 7.0 and "
    "7.1.5",
    ALWAYS(SHADOW_CHILD_ANY), SINCE(7_1, SHADOW_CHILD_MATCH)),
ROW(SHADOW_BAD_ROOT,
    "What a shadow root outside all memslots does: a triple fault, or an empty root on "
    "which the guest faults.",
    "KVM 5.10.7 to 6.6: mmu_alloc_shadow_roots(); recordings from 6.1.192 on",
    ALWAYS(SHADOW_BAD_ROOT_TRIPLE_FAULT), SINCE(6_7, SHADOW_BAD_ROOT_DUMMY)),
ROW(MMIO_OVER_PRESENT,
    "An MMIO SPTE put over a present one, in the shadow MMU.",
    "KVM 5.10.7, 5.12.9, 5.14, 6.12, 7.0: mmu_set_spte(); recordings of 6.12, 6.18.2, "
    "7.0 and 7.1.5",
    ALWAYS(MMIO_OVER_PRESENT_DROPS_FIRST), SINCE(5_14, MMIO_OVER_PRESENT_OVERWRITES),
    SINCE(7_0, MMIO_OVER_PRESENT_DROPS_FIRST)),
ROW(MMIO_WRAP,
    "Whether a wrap of the MMIO generation zaps everything although MMIO caching is off.",
    "KVM 6.18.2, 6.19: kvm_mmu_invalidate_mmio_sptes(); recordings of 6.12, 6.18.2, 7.0 "
    "and 7.1.5",
    ALWAYS(MMIO_WRAP_ALWAYS_ZAPS), SINCE(6_19, MMIO_WRAP_ZAPS_IF_CACHING)),
ROW(TDP_SPLIT_ON_FAULT,
    "A fault that needs a table where a huge page is: the page is zapped first, or the "
    "table takes over what it mapped.",
    "recordings of 6.1.192 and 6.12; 6.4 to 6.11 inferred",
    ALWAYS(TDP_SPLIT_ON_FAULT_ZAP), MAYBE(6_4, TDP_SPLIT_ON_FAULT_IN_PLACE),
    SINCE(6_12, TDP_SPLIT_ON_FAULT_IN_PLACE)),
ROW(TDP_ATOMIC_ZAP,
    "What kvm_tdp_mmu_spte_changed shows as the new value of an entry that is zapped "
    "while others may walk it.",
    "recordings of 6.1.192 and 6.12; 6.11 inferred",
    ALWAYS(TDP_ATOMIC_ZAP_TRACES_FROZEN), MAYBE(6_11, TDP_ATOMIC_ZAP_TRACES_NONPRESENT),
    SINCE(6_12, TDP_ATOMIC_ZAP_TRACES_NONPRESENT)),
ROW(TDP_ZAP_ORDER,
    "Where a TDP root that is zapped is begun: at the root's own entries, at those of "
    "level 3, or at the leaves, level by level.",
    "recordings of 6.1.192, 6.12, 6.12.117, 6.18.2 and 7.1.5; others inferred",
    MAYBE(5_10, TDP_ZAP_ORDER_FROM_ROOT), MAYBE(5_19, TDP_ZAP_ORDER_FROM_1G),
    SINCE(6_1, TDP_ZAP_ORDER_FROM_1G), MAYBE(6_11, TDP_ZAP_ORDER_FROM_4K),
    SINCE(6_12, TDP_ZAP_ORDER_FROM_4K)),
ROW(FAULT_RET_PF,
    "Numbers of RET_PF_* in traces: without CONTINUE, without WRITE_PROTECTED, with both.",
    "recordings of 6.1.192 and 6.12; 5.19 inferred",
    MAYBE(5_10, FAULT_RET_PF_5_10), MAYBE(5_19, FAULT_RET_PF_5_19),
    SINCE(6_1, FAULT_RET_PF_5_19), SINCE(6_12, FAULT_RET_PF_6_12)),
ROW(FAULT_FAST_CODE,
    "How much of the error code fast_page_fault shows: 32 bits, or all.",
    "recordings of 6.1.192 and 6.12; 6.11 inferred",
    ALWAYS(FAULT_FAST_CODE_LOW_HALF), MAYBE(6_11, FAULT_FAST_CODE_WHOLE),
    SINCE(6_12, FAULT_FAST_CODE_WHOLE)),

/* Dirty logging and the NX mitigation */
ROW(DIRTY_INIT_SET,
    "Huge pages when logging begins with all pages dirty: write-protected at once, or by "
    "the first KVM_CLEAR_DIRTY_LOG of their range.",
    "patches of 2021-04-29 (5.14); recordings of 6.12 to 7.1.5",
    ALWAYS(DIRTY_INIT_SET_PROTECTS_HUGE), MAYBE(5_14, DIRTY_INIT_SET_DEFERS),
    SINCE(6_12, DIRTY_INIT_SET_DEFERS)),
ROW(DIRTY_COLLAPSE,
    "What makes room for huge pages in the TDP MMU when dirty logging ends: nothing (an "
    "error: tables were taken for pages), small leaves are zapped, the table above such a "
    "leaf, every table that could be a page, the table becomes a page made from its first "
    "leaf, or one made anew where the memory type can be had without a vCPU (a proposal).",
    "posted series of 2021-11-15 and 2022-03-21 (try_get_mt_mask); recordings of 6.1.192, "
    "6.12, 6.14, 6.18.2 and 7.1.5",
    ALWAYS(DIRTY_COLLAPSE_ZAP_NONLEAF), SINCE(5_12, DIRTY_COLLAPSE_ZAP_LEAF),
    SINCE(5_19, DIRTY_COLLAPSE_STEP_UP), SINCE(6_0, DIRTY_COLLAPSE_ZAP_TABLE),
    SINCE(6_13, DIRTY_COLLAPSE_IN_PLACE)),
ROW(SHADOW_COLLAPSE,
    "Which direct leaves of the shadow MMU are zapped when dirty logging ends: 4 KiB ones of "
    "a huge host page; those that could be larger; also 2 MiB ones, with a read of "
    "lpage_info before its start if their table begins before the slot; or not these.",
    "KVM 5.12.9 to 6.13.7: kvm_mmu_zap_collapsible_spte(); commit ef057cbf825e; oopses of "
    "6.12, 6.18.2 and 7.0, none of 7.1.5; 5.10 and 5.14 to 6.11 inferred",
    MAYBE(5_10, SHADOW_COLLAPSE_HOST_HUGE), SINCE(5_12, SHADOW_COLLAPSE_SMALLEST),
    MAYBE(6_0, SHADOW_COLLAPSE_UNCHECKED), SINCE(6_12, SHADOW_COLLAPSE_UNCHECKED),
    SINCE(7_1, SHADOW_COLLAPSE_IN_SLOT)),
ROW(NX_RECOVERY,
    "Recovery of huge pages that were split for execution: one list or one for each MMU, "
    "each with its own quota; from 6.2 on pages whose slot is logged only leave the list.",
    "KVM 6.12 to 6.14, 6.18: kvm_recover_nx_huge_pages(); up to 6.11 inferred",
    MAYBE(5_10, NX_RECOVERY_ONE_LIST_ZAPS_LOGGED), MAYBE(6_4, NX_RECOVERY_ONE_LIST),
    SINCE(6_12, NX_RECOVERY_ONE_LIST), SINCE(6_18, NX_RECOVERY_PER_MMU)),

ROW(NX_THREAD,
    "The thread that recovers huge pages: it is there with the VM, or from the first "
    "KVM_RUN on.",
    "KVM 6.12, 6.13.7: kvm_mmu_start_lpage_recovery() and its predecessor; recordings of "
    "6.12, 6.14, 6.18.2 and 7.1.5",
    ALWAYS(NX_THREAD_WITH_VM), SINCE(6_13, NX_THREAD_FIRST_RUN)),

/* Private memory */
ROW(GMEM_API,
    "guest_memfd: absent, for VMs with private memory only, or for all and with mmap; "
    "at last a second binding gives EEXIST instead of EINVAL.",
    "KVM 6.8, 6.12, 6.18.2: kvm_gmem_create(), kvm_gmem_bind(); recordings of 6.12, "
    "6.18.2 and 7.1.5; commit 7ea987a90585 (7.2)",
    ALWAYS(GMEM_API_NONE), SINCE(6_8, GMEM_API_PRIVATE), SINCE(6_18, GMEM_API_MMAP),
    MAYBE(7_2, GMEM_API_MMAP_EEXIST)),
ROW(FAULT_PRIVATE,
    "How a fault of a software-protected VM is known to be private: by the attribute of "
    "its frame, or by PFERR_PRIVATE_ACCESS as well.",
    "KVM 6.8: kvm_mmu_do_page_fault(); 6.12: kvm_mmu_page_fault(); recordings of 6.18.2 "
    "and 7.1.5 (EPT); 6.11 inferred",
    ALWAYS(FAULT_PRIVATE_ATTRIBUTE), MAYBE(6_11, FAULT_PRIVATE_ERROR_CODE),
    SINCE(6_12, FAULT_PRIVATE_ERROR_CODE)),

ROW(ATTRIBUTES_TRACE,
    "Whether KVM_SET_MEMORY_ATTRIBUTES leaves an event, before it looks if anything changes.",
    "patch of 2025-06-09, pull request of 6.17: kvm_vm_set_mem_attributes()",
    ALWAYS(ATTRIBUTES_TRACE_NONE), SINCE(6_17, ATTRIBUTES_TRACE_EVENT)),

/* The host's memory management */
ROW(HOST_ZERO_THP,
    "What the first write to a huge zero page gives: a page of 4 KiB, of a huge page that "
    "is split, or a huge page.",
    "Debian's 6.12.117 under random scenarios; patch of 2024-10-08 (6.13): "
    "do_huge_zero_wp_pmd()",
    ALWAYS(HOST_ZERO_THP_SPLITS), MAYBE(6_13, HOST_ZERO_THP_HUGE)),
ROW(HOST_MPROTECT,
    "What mprotect() asks before it tells the notifiers of its range: is anything in the "
    "page tables of these 2 MiB, or of this 1 GiB.",
    "Debian's 6.12.117 under random scenarios; patch \"mm/mprotect: push mmu notifier to "
    "PUDs\" (6.12): change_pud_range()",
    ALWAYS(HOST_MPROTECT_PMD), SINCE(6_12, HOST_MPROTECT_PUD)),

/* KVM_PRE_FAULT_MEMORY */
ROW(PREFAULT_API,
    "The ioctl that maps guest memory in advance; map_v1 to map_v3 were posted, never "
    "merged.",
    "KVM 6.11.11, 6.12, 6.16.1, 6.17, 6.18.2: kvm_vcpu_pre_fault_memory(), "
    "kvm_arch_vcpu_pre_fault_memory(); recordings of 6.12, 6.14, 6.18.2 and 7.1.5; mails "
    "of 2024-03-01, 2024-04-10 and 2024-04-17",
    ALWAYS(PREFAULT_API_NONE), SINCE(6_11, PREFAULT_API_6_11), SINCE(6_12, PREFAULT_API_6_12),
    SINCE(6_15, PREFAULT_API_6_15), SINCE(6_16, PREFAULT_API_6_16),
    SINCE(6_18, PREFAULT_API_6_18)),
ROW(PREFAULT_SMM,
    "Where the ioctl installs while the vCPU is in SMM; all but current are proposals.",
    "thread of 2024-04-10 to 2024-04-17",
    ALWAYS(PREFAULT_MODE_CURRENT)),
ROW(PREFAULT_GUEST_MODE,
    "Where the ioctl installs while L2 runs; all but current are proposals.",
    "thread of 2024-04-10 to 2024-04-17",
    ALWAYS(PREFAULT_MODE_CURRENT)),
ROW(PREFAULT_SHADOW,
    "The ioctl where pages are shadowed; gva is a proposal.",
    "thread of 2024-03-01 to 2024-04-03",
    ALWAYS(PREFAULT_SHADOW_UNSUPPORTED)),
ROW(PREFAULT_AFTER_RUN,
    "The ioctl after a vCPU has run; rejected is a proposal.",
    "thread of 2024-03-01 to 2024-04-03",
    ALWAYS(PREFAULT_AFTER_RUN_ALLOWED)),

/* Memory types */
ROW(MEMTYPE_SOURCE,
    "What decides the memory type of an EPT leaf; vcpu0, uniform and role are proposals.",
    "KVM 5.10.7 to 6.18.2: vmx_get_mt_mask(); thread of 2021-11-10 to 2021-11-18",
    ALWAYS(MEMTYPE_SOURCE_MTRR_CD_IPAT), SINCE(6_7, MEMTYPE_SOURCE_MTRR_CD),
    SINCE(6_11, MEMTYPE_SOURCE_WB_ONLY), SINCE(6_16, MEMTYPE_SOURCE_QUIRK9)),
ROW(MEMTYPE_LEVEL_LIMIT,
    "Where the guest's MTRRs limit the size of a page.",
    "KVM 5.10.7 to 6.11.11: kvm_tdp_page_fault()",
    ALWAYS(MEMTYPE_LEVEL_LIMIT_ALL_TDP), SINCE(6_0, MEMTYPE_LEVEL_LIMIT_EPT_NONCOHERENT),
    SINCE(6_11, MEMTYPE_LEVEL_LIMIT_NONE)),
ROW(MEMTYPE_ZAP,
    "Which changes of memory types zap SPTEs, and where.",
    "KVM 5.10.7 to 6.18.2: kvm_post_set_cr0(), update_mtrr(), "
    "kvm_arch_register_noncoherent_dma()",
    ALWAYS(MEMTYPE_ZAP_ANY_VENDOR), SINCE(6_7, MEMTYPE_ZAP_EPT),
    SINCE(6_11, MEMTYPE_ZAP_DEVICE_ONLY), SINCE(6_16, MEMTYPE_ZAP_QUIRK9)),
ROW(MEMTYPE_ZAP_RETRY,
    "Such a zap raises the invalidation sequence, so that faults under way start again.",
    "KVM 5.10.7 to 6.11: kvm_zap_gfn_range(); commit edb298c663fc (5.15)",
    ALWAYS(SWITCH_OFF), SINCE(5_15, SWITCH_ON)),

/* Nested paging, nested state, SMM */
ROW(NPT_LEVEL,
    "Depth of an NPT on a host with 5-level paging.",
    "KVM 5.10.7 to 5.17: kvm_configure_mmu(), get_max_npt_level(); commit 03ca4589 (5.13)",
    ALWAYS(NPT_LEVEL_FIXED4), SINCE(5_14, NPT_LEVEL_REFUSE_LA57), SINCE(5_15, NPT_LEVEL_HOST)),
ROW(NPT_PASSTHROUGH,
    "Mark on the extra top level that shadows a 4-level NPT on a 5-level host.",
    "KVM 5.17, 5.19: kvm_init_shadow_npt_mmu(); recordings of 6.12",
    ALWAYS(NPT_PASSTHROUGH_NONE), SINCE(5_19, NPT_PASSTHROUGH_BIT18)),
ROW(NESTED_STATE_PAGES,
    "When the pages that vmcs12 or vmcb12 points to are loaded after "
    "KVM_SET_NESTED_STATE or RSM; vcpu_run, open_coded, on_set, before_entry, unblock: proposals.",
    "KVM 5.10.7 to 6.18.2: KVM_REQ_GET_NESTED_STATE_PAGES; thread of 2022-08-24 to "
    "2022-08-29",
    ALWAYS(NESTED_STATE_PAGES_REQUEST_5_10), SINCE(5_12, NESTED_STATE_PAGES_REQUEST_5_12),
    SINCE(5_14, NESTED_STATE_PAGES_REQUEST_5_14), SINCE(5_15, NESTED_STATE_PAGES_REQUEST_5_15),
    SINCE(5_17, NESTED_STATE_PAGES_REQUEST), SINCE(6_8, NESTED_STATE_PAGES_REQUEST_6_8)),
ROW(NESTED_STATE_SVME,
    "SVM, KVM_SET_NESTED_STATE without EFER.SVME: the flags have to be GIF, or may be 0 too.",
    "recordings of 6.12, 6.14, 6.18.2, 7.0 and 7.1.5 (V.nstate); KVM 6.19, 7.0: "
    "svm_set_nested_state()",
    ALWAYS(NESTED_STATE_SVME_GIF), SINCE(7_0, NESTED_STATE_SVME_GIF_OR_0)),
ROW(SMM_LEAVE,
    "How RSM goes back to L2: by a request, or in two steps around the save area (a "
    "proposal).",
    "KVM 5.10.7 to 6.18.2: leave_smm hooks; thread of 2022-08-24 to 2022-08-29",
    ALWAYS(SMM_LEAVE_REQUEST)),
ROW(SMM_FLIP,
    "KVM_SET_VCPU_EVENTS changes the SMM flag while L2 is active.",
    "KVM 5.15.16, 5.17: kvm_vcpu_ioctl_x86_set_vcpu_events()",
    ALWAYS(SMM_FLIP_KEEPS_NESTED), SINCE(5_17, SMM_FLIP_LEAVES_NESTED)),
ROW(SMM_RSM,
    "RSM resets the MMU after all registers are loaded, or at once; from then on a "
    "failed load is a triple fault, and at last L2 is left before that.",
    "KVM 5.10.7, 5.12.9, 5.14, 6.11.11, 6.12: emulator_leave_smm() and its predecessors",
    ALWAYS(SMM_RSM_RESETS_LAST), SINCE(5_14, SMM_RSM_RESETS_FIRST),
    SINCE(6_12, SMM_RSM_LEAVES_NESTED)),
ROW(NESTED_NP_WITHOUT_NPT,
    "VMRUN with NP_ENABLE in vmcb12 where KVM itself does without nested paging.",
    "recordings of 6.12, 6.18.2, 7.0 and 7.1.5",
    ALWAYS(NESTED_NP_WITHOUT_NPT_VMEXIT_INVALID), SINCE(7_1, NESTED_NP_WITHOUT_NPT_IGNORED)),
ROW(NESTED_EXIT_CR3,
    "#VMEXIT to an L1 whose CR3 or PDPTEs can't be loaded.",
    "recordings of 6.1.192, 6.12, 6.12.117, 6.18.2, 7.0 and 7.1.5",
    ALWAYS(NESTED_EXIT_CR3_SWALLOWED), SINCE(7_1, NESTED_EXIT_CR3_TRIPLE_FAULT)),
ROW(NESTED_EXIT_VMCB12,
    "SVM, L2 exits and vmcb12's frame is gone: L2 gets a #GP and goes on, or L1 shuts down.",
    "KVM 5.17: nested_svm_vmexit(); posted series of 2026-02 and 2026-03 (nSVM, minimal "
    "#VMEXIT), which also has nested.exit_cr3",
    ALWAYS(NESTED_EXIT_VMCB12_INJECTS_GP), MAYBE(7_1, NESTED_EXIT_VMCB12_TRIPLE_FAULT)),
ROW(NESTED_VMRUN_HSAVE,
    "VMRUN of an L1 that has not set the MSR VM_HSAVE_PA.",
    "KVM 5.17: nested_svm_vmrun(); commit fce7e152ffc8 (2021-06-28), whose first kernel is "
    "inferred",
    ALWAYS(NESTED_VMRUN_HSAVE_UNCHECKED), MAYBE(5_14, NESTED_VMRUN_HSAVE_GP)),
ROW(NESTED_EPT_EXIT,
    "Bits 11:7 of an EPT violation's qualification for L1: 8:7 of the last exit, whatever it "
    "was; or all of the violation's own, made up for an access of the emulator.",
    "KVM 6.12: nested_ept_inject_page_fault(); commits 96b067b59ad9 and the MBEC series (7.2)",
    ALWAYS(NESTED_EPT_EXIT_HARDWARE_BITS), SINCE(7_2, NESTED_EPT_EXIT_WALK_BITS)),
ROW(NESTED_EXIT_CR4,
    "SVM without NPT, #VMEXIT: L1's CR4 as L1 knows it, or with the PAE that hardware has.",
    "KVM 6.12: nested_svm_vmexit(); recording of 7.1.5 (D.np_modes, 32-bit L1); Debian's "
    "6.12.117 with npt=0",
    ALWAYS(NESTED_EXIT_CR4_GUEST), SINCE(7_1, NESTED_EXIT_CR4_WITH_PAE)),
ROW(NESTED_INVALID_CODE,
    "VMEXIT_INVALID in the exit code of vmcb12: how much of it is set.",
    "recordings of 6.1.192, 6.12, 6.12.117, 6.18.2, 7.0 and 7.1.5",
    ALWAYS(NESTED_INVALID_CODE_32_BITS), SINCE(7_0, NESTED_INVALID_CODE_64_BITS)),
ROW(NESTED_VMRUN_SKIP,
    "When KVM moves RIP past a VMRUN whose checks fail, which costs a walk without NRIPS.",
    "recordings of 6.1.192, 6.12, 6.12.117, 6.18.2, 7.0 and 7.1.5",
    ALWAYS(NESTED_VMRUN_SKIP_FIRST), SINCE(7_1, NESTED_VMRUN_SKIP_AFTER_CHECKS)),
ROW(NESTED_NPF_EXIT,
    "Upper half of EXITINFO1 where KVM makes an NPF up for the emulator: always that of a "
    "final access, or what the walk knows.",
    "KVM 6.12: nested_svm_inject_npf_exit(); commit 297c2fe249db (7.2)",
    ALWAYS(NESTED_NPF_EXIT_FINAL), SINCE(7_2, NESTED_NPF_EXIT_WALK)),
ROW(SMM_ENTER,
    "An SMI whose state can't be saved: KVM goes on without it, or gives up the VM.",
    "KVM 5.18 and before 6.2: enter_smm(); KVM 6.12",
    ALWAYS(SMM_ENTER_UNCHECKED), SINCE(6_4, SMM_ENTER_VM_DEAD)),
ROW(SMM_SHUTDOWN,
    "SVM, triple fault in SMM: the vCPU is reset out of SMM, with or without its MMU.",
    "recordings of 6.12, 6.14, 6.18.2, 7.0 and 7.1.5; pull request of 6.15-rc",
    ALWAYS(SMM_SHUTDOWN_KEEPS_ROLE), SINCE(6_15, SMM_SHUTDOWN_LEAVES_SMM)),
ROW(EPT_AD_SOURCE,
    "A and D flags in L2's EPTP: as in vmcs12's, even if L1 uses no EPT; or as in the root page.",
    "recordings of 6.12 to 7.1.5", ALWAYS(EPT_AD_SOURCE_VMCS12), SINCE(6_19, EPT_AD_SOURCE_ROOT)),
ROW(NESTED_EPT_SYNC,
    "Where an EPT exit to L1 syncs its address: the root in use; cached ones of its table too.",
    "patch of 2021-08-06", ALWAYS(NESTED_EPT_SYNC_CURRENT_ROOT),
    SINCE(5_15, NESTED_EPT_SYNC_SAME_TABLE)),
ROW(CPUID_AFTER_RUN,
    "KVM_SET_CPUID2 with other data after the vCPU has run.",
    "KVM 5.15.85, 5.17: kvm_vcpu_ioctl_set_cpuid2(); recordings of 6.12",
    ALWAYS(CPUID_AFTER_RUN_ALLOWED), SINCE(5_17, CPUID_AFTER_RUN_REJECTED)),
ROW(MTRR_HOST_GP,
    "A reserved bit of a variable MTRR gives the guest a #GP even if userspace wrote it.",
    "KVM 5.10.7, 5.12.9: kvm_mtrr_valid()",
    ALWAYS(SWITCH_ON), SINCE(5_12, SWITCH_OFF)),
};
/* clang-format on */

/*
 * Debian's 6.1.192: shadow NPT as recorded; roots and CR0.WP as read in its
 * source; redirtying as read in 6.1.158.
 */
static const struct override overrides_6_1_192[] = {
	{ B_ROLE_SHADOW_NPT, ROLE_SHADOW_NPT_GUEST_MODE, false },
	{ B_ROOT_LIFE, ROOT_LIFE_PERSISTENT, false },
	{ B_MMU_WP_TOGGLE, MMU_WP_TOGGLE_KEEPS_ROOTS, false },
	{ B_CR0_WP_OWNER, CR0_WP_OWNER_GUEST, true },
	{ B_SREGS_CHECKS, SREGS_CHECKS_CR0, true },
	{ B_SMM_SHUTDOWN, SMM_SHUTDOWN_LEAVES_SMM, false },
	{ B_NESTED_EXIT_CR3, NESTED_EXIT_CR3_TRIPLE_FAULT, false },
	{ B_NESTED_EXIT_VMCB12, NESTED_EXIT_VMCB12_TRIPLE_FAULT, true },
	{ B_NESTED_INVALID_CODE, NESTED_INVALID_CODE_64_BITS, false },
	{ B_SPTE_REDIRTY, SPTE_REDIRTY_SKIP_OVER_LEAF, true },
	{ B_TRACK_SPACES, TRACK_SPACES_BOTH, false },
};

/*
 * Debian's 6.12.117: shadow NPT, quirks, SMM, EFER and configuration as
 * recorded, and the source of memory types as the known quirks have it; the rest
 * follows from stable backports whose point release is known or very probable.
 */
static const struct override overrides_6_12_117[] = {
	{ B_SHADOW_CHILD, SHADOW_CHILD_MATCH, false },
	{ B_MMIO_OVER_PRESENT, MMIO_OVER_PRESENT_DROPS_FIRST, false },
	{ B_ROLE_SHADOW_NPT, ROLE_SHADOW_NPT_GUEST_MODE, false },
	{ B_NESTED_EXIT_CR3, NESTED_EXIT_CR3_TRIPLE_FAULT, false },
	{ B_NESTED_EXIT_VMCB12, NESTED_EXIT_VMCB12_TRIPLE_FAULT, true },
	{ B_NESTED_INVALID_CODE, NESTED_INVALID_CODE_64_BITS, false },
	{ B_NESTED_EXIT_CR4, NESTED_EXIT_CR4_WITH_PAE, false },
	{ B_MMU_STALE_CHECK, MMU_STALE_CHECK_AFTER_RECLAIM, true },
	{ B_SPTE_REDIRTY, SPTE_REDIRTY_SKIP_OVER_LEAF, true },
	{ B_FAULT_EPT_FLAGS, FAULT_EPT_FLAGS_GUEST_FINAL, true },
	{ B_SW_PROTECTED_VM, SWITCH_OFF, false },
	{ B_SREGS_CHECKS, SREGS_CHECKS_EFER, false },
	{ B_QUIRKS_KNOWN, QUIRKS_KNOWN_0x7ff, false },
	{ B_QUIRKS_REPEAT, QUIRKS_REPEAT_ACCUMULATES, false },
	{ B_SMM_SHUTDOWN, SMM_SHUTDOWN_LEAVES_SMM, false },
	{ B_MEMTYPE_SOURCE, MEMTYPE_SOURCE_QUIRK9, true },
	{ B_MEMTYPE_ZAP, MEMTYPE_ZAP_QUIRK9, true },
	{ B_TRACK_SPACES, TRACK_SPACES_BOTH, false },
};

const struct point_release point_releases[NR_POINT_RELEASES] = {
	{ "v6.1.192", KERNEL_6_1, overrides_6_1_192,
	  ARRAY_SIZE(overrides_6_1_192) },
	{ "v6.12.117", KERNEL_6_12, overrides_6_12_117,
	  ARRAY_SIZE(overrides_6_12_117) },
};
