/* SPDX-License-Identifier: MIT */
/*
 * What each reason says at length: the rule as a sentence, what it means for
 * the next access, where it is from, and which behaviours can change it.
 *
 * A reason without a row fails tests/unit/vm/test_reason.c.
 */
#include "base/bits.h"
#include "tdpsim/explain.h"

/* clang-format off */
#define ROW(id, about, after, from, can_change) \
	[TDP_WHY_##id] = { .sentence = about, .next = after, .source = from, \
			   .behaviours = can_change }

static const struct tdp_reason_info reasons[TDP_NR_REASONS] = {
ROW(NONE,
    "No check stood in the way.",
    NULL,
    "no rule of KVM's decided", ""),

/* KVM_PRE_FAULT_MEMORY */
ROW(NO_IOCTL,
    "This kernel has no such ioctl: an unknown one of a vCPU is EINVAL, of a VM ENOTTY, "
    "and the capability reads 0.",
    "Nothing changed; without a pre-fault each page costs a fault of the guest's first "
    "access.",
    "KVM before 6.11: kvm_arch_vcpu_ioctl(); before 6.8: kvm_arch_vm_ioctl()",
    "prefault.api gmem.api sw_protected_vm"),
ROW(FLAGS,
    "Bits are set in flags that the interface does not define; arguments are checked "
    "before anything else, even before TDP is asked for.",
    NULL,
    "KVM 6.12: kvm_vcpu_pre_fault_memory()", "prefault.api"),
ROW(UNALIGNED,
    "gpa and size have to be multiples of 4 KiB.",
    NULL,
    "KVM 6.12: kvm_vcpu_pre_fault_memory()", "prefault.api"),
ROW(EMPTY_OR_WRAPS,
    "gpa + size has to be above gpa: size is zero, or the range wraps at 2^64.",
    NULL,
    "KVM 6.12: kvm_vcpu_pre_fault_memory()", "prefault.api"),
ROW(SIGNAL,
    "A signal is pending for the vCPU's thread. It is looked for before each page; once a "
    "page was mapped the call returns 0 with the rest left in size, so that EINTR shows "
    "only on a call that did nothing.",
    "Call again with the gpa and size that were written back.",
    "KVM 6.12: kvm_vcpu_pre_fault_memory(), kvm_tdp_map_page()", "prefault.api"),
ROW(HANDLER_NOT_TDP,
    "The loaded MMU's fault handler is not that of TDP: it takes linear addresses (shadow "
    "paging) or L2's physical ones (nested TDP), and the ioctl has a guest-physical one.",
    "Leave L2, or do without: the pages are mapped as the guest touches them.",
    "KVM 6.12: kvm_tdp_map_page()", "tdp prefault.api prefault.shadow"),
ROW(IN_SMM,
    "The vCPU is in SMM, and this proposal refuses instead of filling the root of SMM.",
    NULL,
    "thread of 2024-04-10 to 2024-04-17, option \"error\"", "prefault.smm"),
ROW(IN_GUEST_MODE,
    "The vCPU runs L2, and this proposal refuses instead of filling the root of guest "
    "mode.",
    NULL,
    "thread of 2024-04-10 to 2024-04-17, option \"error\"", "prefault.guest_mode"),
ROW(VM_HAS_RUN,
    "A vCPU of the VM has entered the guest, and this proposal takes the ioctl before "
    "that only.",
    NULL,
    "thread of 2024-03-01 to 2024-04-03", "prefault.after_run"),
ROW(STALE_ROOT_LOOP,
    "The loaded root was made obsolete (a memslot was deleted or moved), and the request "
    "to free it waits for KVM_RUN. kvm_mmu_reload() looks at root.hpa only and keeps the "
    "root, the fault finds it stale and says RETRY, and the ioctl tries again: for ever.",
    "Only a signal ends the call (EINTR). KVM_RUN serves the request, after which the "
    "ioctl works; 6.15 serves it in kvm_mmu_reload().",
    "KVM 6.12: kvm_tdp_map_page(), kvm_mmu_reload(), is_page_fault_stale()",
    "mmu.reload prefault.api mmu.stale_check root.slot_delete quirk.slot_zap_all"),
ROW(GUEST_PTE_ABSENT,
    "A prefetch into the shadow MMU walks the guest's own tables, and they do not map the "
    "address; a prefetch injects nothing.",
    "The guest's access will be a #PF of its own first, and a fault of KVM's after that.",
    "thread of 2024-03-01 to 2024-04-03; KVM 6.12: FNAME(page_fault)()", "prefault.shadow"),
ROW(GUEST_PTE_FORBIDS,
    "A prefetch into the shadow MMU walks the guest's own tables, and they forbid the "
    "access; a prefetch injects nothing.",
    NULL,
    "thread of 2024-03-01 to 2024-04-03; KVM 6.12: FNAME(page_fault)()", "prefault.shadow"),

/* resolving the pfn */
ROW(NO_SLOT,
    "No memslot of the vCPU's address space covers the frame, so it is MMIO: an MMIO SPTE "
    "is put there, and the access is userspace's to emulate. A pre-fault does the same and "
    "returns ENOENT.",
    "Accesses exit with a misconfiguration (EPT) or a reserved bit (NPF) and are emulated "
    "without a look at the memslots, until the memslot generation changes.",
    "KVM 6.12: kvm_handle_noslot_fault()", "mmio_caching"),
ROW(SLOT_DYING,
    "The memslot is marked invalid: another thread deletes or moves it and waits until "
    "nobody uses it any more. A guest's fault is retried. A pre-fault holds kvm->srcu, for "
    "which the other thread waits: up to 6.17 neither gets on until a signal comes, from "
    "6.18 the call returns EAGAIN.",
    "Once the slot is gone the frame is MMIO; once it is there again, call again.",
    "KVM 6.12, 6.18: kvm_mmu_faultin_pfn()", "prefault.api"),
ROW(GFN_TOO_HIGH,
    "The frame is beyond what the host's MAXPHYADDR can map, so no MMIO SPTE is made "
    "either: the access is emulated at once.",
    "Each access exits and walks the whole path again.",
    "KVM 6.12: kvm_handle_noslot_fault(), kvm_mmu_max_gfn()", "tdp"),
ROW(MMIO_CACHING_OFF,
    "No MMIO SPTE may be made (mmio_caching=0, or a host that has no reserved bit to "
    "spare), so the access is emulated at once.",
    "Each access exits as for absent memory and looks the memslots up again.",
    "KVM 6.12: kvm_handle_noslot_fault(), kvm_mmu_set_mmio_spte_mask()", "mmio_caching"),
ROW(SLOT_READ_ONLY,
    "A write to a memslot with KVM_MEM_READONLY is no fault to fix: KVM hands the write "
    "to userspace as if it were MMIO.",
    "Reads do not exit once they are mapped; every write does.",
    "KVM 6.12: __gfn_to_hva_many(), kvm_handle_error_pfn()", ""),
ROW(HOST_PROTECTED,
    "The host mapping (PROT_NONE, or PROT_READ for a write) forbids the access, so "
    "get_user_pages fails and KVM_RUN or the ioctl returns EFAULT.",
    "The same access fails again until userspace changes the protection.",
    "KVM 6.12: hva_to_pfn(), kvm_handle_error_pfn()", ""),
ROW(HOST_UNMAPPED,
    "Userspace has nothing mapped behind the memslot at this address: EFAULT.",
    "The same access fails again until userspace maps something there.",
    "KVM 6.12: hva_to_pfn(), kvm_handle_error_pfn()", ""),
ROW(HOST_POISON,
    "The host page has a hardware error. SIGBUS is queued for the vCPU's thread and the "
    "fault is retried; the signal then ends KVM_RUN or the ioctl.",
    "The page stays poisoned: every access gives the signal again until userspace maps "
    "another page there.",
    "KVM 6.12: kvm_send_hwpoison_signal(), kvm_handle_error_pfn()", ""),
ROW(HOST_BLOCKS,
    "The page is registered with a userfaultfd and nobody has served it: get_user_pages "
    "sleeps. A pre-fault sleeps too, as it takes no asynchronous page fault.",
    "The call goes on when userspace serves the page; a signal ends it (EINTR).",
    "KVM 6.12: __kvm_faultin_pfn(), hva_to_pfn_slow()", ""),

/* handling the fault */
ROW(MMIO_SPTE,
    "No memslot is here, and an MMIO SPTE says so: it was installed just now, or it was hit "
    "and is of the current memslot generation. The access is emulated, without a look at the "
    "memslots in the second case; for a pre-fault it is ENOENT.",
    "The next access exits and is emulated in the same way.",
    "KVM 6.12: handle_mmio_page_fault(), tdp_mmu_map_handle_target_level()", "mmio_caching"),
ROW(MMIO_SPTE_STALE,
    "The MMIO SPTE holds the generation of older memslots, so it proves nothing: the fault "
    "is handled anew.",
    NULL,
    "KVM 6.12: check_mmio_spte()", "mmio_caching spte.layout"),
ROW(WRITE_TRACKED,
    "The frame holds a guest table that KVM shadows, so writes to it are trapped: the "
    "write is emulated and the shadow pages are told.",
    "The next write exits, too, unless the shadow page is zapped by then.",
    "KVM 6.12: page_fault_handle_page_track(), kvm_mmu_write_protect_fault()", ""),
ROW(UNPROTECTED,
    "The guest's own walk has to set A or D in a table that may not be written. KVM zaps "
    "the shadow pages of that table, if it has any, and lets the walk be tried again.",
    "If something else forbids the write, the walk fails again, and again.",
    "KVM 6.12: kvm_mmu_write_protect_fault(); up to 6.11: kvm_mmu_page_fault()",
    "fault.unprotect fault.ept_flags"),
ROW(SPURIOUS,
    "The SPTE allows the access already: another vCPU was faster, the processor's TLB was "
    "behind, or a pre-fault found the page mapped. Nothing is changed.",
    NULL,
    "KVM 6.13: tdp_mmu_map_handle_target_level(); KVM 6.12: fast_page_fault()",
    "tdp.present_leaf tdp.prefetch_table"),
ROW(FAST_FIXED,
    "The SPTE lacked only a right that KVM may give back by itself (writing on a "
    "dirty-logged page, or what access tracking took), so one atomic change fixed it, "
    "without the MMU lock and without asking the host.",
    NULL,
    "KVM 6.12: fast_page_fault()", ""),
ROW(MAPPED,
    "The host gave a page, and an SPTE for it was installed or changed.",
    NULL,
    "KVM 6.12: kvm_tdp_mmu_map(), direct_map(), FNAME(fetch)()", "tdp.present_leaf"),
ROW(INVALIDATED,
    "An MMU notifier ran between looking the page up and mapping it: what was found may be "
    "gone, so the fault is retried. A write that makes the host replace a page does that to "
    "itself.",
    NULL,
    "KVM 6.12: mmu_invalidate_retry_gfn(), kvm_faultin_pfn()", ""),
ROW(ROOT_OBSOLETE,
    "The root in use was invalidated meanwhile, so that what the fault would install "
    "would be lost: RETRY.",
    "The next KVM_RUN serves the request to free obsolete roots and loads a new one.",
    "KVM 6.12: is_page_fault_stale()", "mmu.stale_check mmu.reload"),
ROW(ROOT_INVISIBLE,
    "The guest's topmost table (CR3, nCR3, EPTP or a PDPTE) lies outside all memslots, so "
    "there is nothing to shadow.",
    NULL,
    "KVM 6.12: mmu_alloc_shadow_roots(), mmu_check_root()", "shadow.bad_root"),
ROW(QUOTA_TOO_SMALL,
    "KVM_SET_NR_MMU_PAGES wants at least 64 pages (KVM_MIN_ALLOC_MMU_PAGES).",
    NULL,
    "KVM 6.12: kvm_vm_ioctl_set_nr_mmu_pages()", ""),
ROW(NO_MMU_PAGES,
    "The quota of shadow pages is used up and none can be freed: ENOSPC.",
    NULL,
    "KVM 6.12: make_mmu_pages_available()", "mmu.stale_check"),
ROW(WALK_MISMATCH,
    "KVM built a page table of another depth than the one that the processor walks (an "
    "NPT has the depth of the host's own tables), so the entry is never found: the same "
    "fault comes again and again.",
    "Nothing ends it: the guest makes no progress on this host with this kernel.",
    "KVM 5.10 to 5.12: get_npt_level(); APM 2: \"Nested Paging\"", "npt.level"),

/* the guest's own state */
ROW(BAD_REGISTER,
    "No processor accepts this value of the register: #GP for the guest, EINVAL for "
    "KVM_SET_SREGS.",
    NULL,
    "KVM 6.12: kvm_set_cr0(), kvm_set_cr4(), set_efer(), kvm_is_valid_sregs(); SDM: "
    "\"Control Registers\" (3A)", "sregs.checks"),
ROW(BAD_MSR,
    "KVM has no such MSR, or a reserved bit or type is set in the value.",
    NULL,
    "KVM 6.12: kvm_set_msr_common(), kvm_mtrr_valid()", "mtrr.host_gp"),
ROW(MTRR_DIVERGES,
    "This proposal keeps one setting of memory types for all vCPUs and refuses a write "
    "that differs from the others'.",
    NULL,
    "thread of 2021-11-10 to 2021-11-18", "memtype.source"),
ROW(CPUID_AFTER_RUN,
    "Other CPUID data after the vCPU has run would leave roles and page tables behind "
    "that fit the old data only: EINVAL.",
    NULL,
    "KVM 5.17: kvm_vcpu_ioctl_set_cpuid2()", "cpuid.after_run"),
ROW(ROLE_FULL,
    "The proposal that puts memory types into the page role needs bits that this layout "
    "of the word does not have.",
    NULL,
    "thread of 2021-11-10 to 2021-11-18", "memtype.source role.layout"),

/* modes */
ROW(HALTED,
    "The vCPU's MP state is halted: KVM_RUN sleeps before it serves requests, so that what "
    "KVM_SET_NESTED_STATE put off is not loaded.",
    "The next entry serves it, once an event has woken the vCPU.",
    "KVM 6.12: vcpu_run(), vcpu_block(); thread of 2022-08-24 to 2022-08-29",
    "nested.state_pages"),
ROW(NOT_IN_SMM,
    "RSM outside SMM is #UD.",
    NULL,
    "SDM: \"RSM--Resume From System Management Mode\" (2B)", ""),
ROW(NOT_IN_GUEST_MODE,
    "The vCPU does not run L2, so that there is nothing to leave.",
    NULL,
    "KVM 6.12: is_guest_mode()", ""),
ROW(VIRTUALIZATION_OFF,
    "L1 has not switched virtualization on (CR4.VMXE and VMXON, or EFER.SVME).",
    NULL,
    "KVM 6.12: nested_vmx_check_permission(), nested_svm_check_permissions()", ""),
ROW(NO_NESTED_TDP,
    "L1 asks for nested TDP, which KVM offers only where it uses TDP itself.",
    NULL,
    "KVM 6.12: nested_vmx_setup_secondary_ctls(), __nested_vmcb_check_controls()",
    "tdp nested.np_without_npt"),
ROW(BAD_EPTP,
    "The EPT pointer in vmcs12 fails the checks of VM entry.",
    NULL,
    "KVM 6.12: nested_vmx_check_eptp(); SDM: \"Checks on VMX Controls\" (3C)", ""),
ROW(VMCB12,
    "VMRUN's operand is no page-aligned physical address of the guest's width with memory "
    "behind it: #GP. Or the frame is gone when L2 exits: behaviour nested.exit_vmcb12.",
    NULL,
    "KVM 6.12: nested_svm_vmrun(); APM 2: \"VMRUN Instruction\"", ""),
ROW(NO_VMX,
    "KVM_SET_CPUID2 has to show the guest VMX before a state with a VMXON region comes.",
    NULL,
    "KVM 6.12: vmx_set_nested_state()", ""),
ROW(IN_VMX_OPERATION,
    "L1 is in VMX operation already: VM-instruction error 15.",
    NULL,
    "KVM 6.12: handle_vmxon(); SDM: \"VM-Instruction Error Numbers\" (3C)", ""),
ROW(VMCS_POINTER,
    "The operand is not page-aligned or wider than MAXPHYADDR, or it is the VMXON region.",
    NULL,
    "KVM 6.12: handle_vmxon(), handle_vmclear(), handle_vmptrld()", ""),
ROW(VMCS_REVISION,
    "The first word of the region is not 0x11e57ed0; memory that is not there reads as ones.",
    NULL,
    "KVM 6.12: handle_vmxon(), handle_vmptrld(); SDM: \"VMCS Region\" (3C)", ""),
ROW(NO_VMCS12,
    "VMPTRLD has made no VMCS current since VMXON or the last VMCLEAR.",
    NULL,
    "KVM 6.12: nested_vmx_fail(), handle_vmread(), nested_vmx_run()", ""),
ROW(VMCS_FIELD,
    "VM-instruction error 12: unsupported VMCS component.",
    NULL,
    "KVM 6.12: get_vmcs12_field_offset()", ""),
ROW(LAUNCH_STATE,
    "VMCLEAR clears the launch state, the first exit of L2 sets it: error 4 or 5.",
    NULL,
    "KVM 6.12: nested_vmx_run(), prepare_vmcs12()", ""),
ROW(HSAVE,
    "VMRUN of an L1 whose MSR VM_HSAVE_PA is 0.",
    NULL,
    "KVM 5.17: nested_svm_vmrun(); APM 2: \"VM_HSAVE_PA MSR\"",
    "nested.vmrun_hsave"),
ROW(BAD_OPERAND,
    "INVEPT and INVVPID fail with VM-instruction error 28 for a type that is not offered "
    "or a bad descriptor; a VM function that does not exist or whose EPTP is bad exits "
    "to L1.",
    NULL,
    "KVM 6.12: handle_invept(), handle_invvpid(), handle_vmfunc()", ""),
ROW(BAD_NESTED_STATE,
    "The state of L2 fails a check: KVM_SET_NESTED_STATE returns EINVAL, VMRUN ends with "
    "VMEXIT_INVALID.",
    NULL,
    "KVM 6.12: vmx_set_nested_state(), svm_set_nested_state()", ""),
ROW(NESTED_FORMAT,
    "The format in the header of KVM_SET_NESTED_STATE is not this vendor's (0: VMX, 1: "
    "SVM): EINVAL.",
    NULL,
    "KVM 6.12: vmx_set_nested_state(), svm_set_nested_state()", ""),
ROW(NESTED_FLAGS,
    "Flags in the header of KVM_SET_NESTED_STATE that KVM does not know, that contradict "
    "each other, or that do not fit the vCPU: EINVAL.",
    NULL,
    "KVM 6.12: kvm_arch_vcpu_ioctl(), vmx_set_nested_state(), svm_set_nested_state()", ""),
ROW(NESTED_SIZE,
    "The buffer of KVM_SET_NESTED_STATE ends before its header does (128 bytes), or before "
    "the vmcs12 or vmcb12 that the header announces: EINVAL.",
    "VMX has left L2 by the time it misses vmcs12.",
    "KVM 6.12: kvm_arch_vcpu_ioctl(), vmx_set_nested_state(), svm_set_nested_state()", ""),
ROW(NESTED_ADDRESS,
    "An address in the header of KVM_SET_NESTED_STATE is not page-aligned or beyond the "
    "guest's width, VMXON region and vmcs12 are the same page, or vmcs12 is missing: "
    "EINVAL.",
    NULL,
    "KVM 6.12: vmx_set_nested_state(), svm_set_nested_state()", ""),
ROW(TRIPLE_FAULT,
    "The guest could not deliver a double fault: KVM_EXIT_SHUTDOWN, or an exit to L1.",
    "On SVM the vCPU is reset as by INIT; on VMX it keeps its state.",
    "KVM 6.12: shutdown_interception(), handle_triple_fault()", "smm.shutdown"),
ROW(VM_DEAD,
    "KVM could not complete a change of state and has given up the VM: every ioctl on it "
    "and on its vCPUs is EIO.",
    "Nothing runs any more; the file descriptors can only be closed.",
    "KVM 6.2: kvm_vm_dead(), enter_smm()", "smm.enter"),
ROW(SMRAM,
    "The 512 bytes at SMBASE + 0xfe00, in address space 1, can't be read or written.",
    NULL,
    "KVM 6.12: enter_smm(), emulator_leave_smm()", "smm.enter smm.rsm"),
ROW(PDPTRS,
    "The four PDPTEs at CR3 can't be read, or a reserved bit is set in one that is "
    "present.",
    NULL,
    "KVM 6.12: load_pdptrs(); SDM: \"PDPTE Registers\" (3A)", "nested.state_pages"),
ROW(APIC_ACCESS_PAGE,
    "vmcs12 names an APIC-access page, and KVM has to know its host address before L2 "
    "runs; it can't be mapped.",
    "From 5.10 on the request is consumed with the failure: the next KVM_RUN enters L2 "
    "with the address unset. Serve the page before the step that touches it.",
    "KVM 6.12: nested_get_vmcs12_pages()", "nested.state_pages smm.leave"),
ROW(VIRTUAL_APIC_PAGE,
    "vmcs12 names a virtual-APIC page that can't be mapped. The TPR shadow is dropped if "
    "every access to CR8 exits and APIC accesses are not virtualized; else the address "
    "stays invalid, and VM entry fails.",
    NULL,
    "KVM 6.12: nested_get_vmcs12_pages()", "nested.state_pages smm.leave"),
ROW(PI_DESC_PAGE,
    "vmcs12 names a posted-interrupt descriptor that can't be mapped: posted interrupts "
    "are off for this L2 (up to 5.12 the old descriptor stays).",
    NULL,
    "KVM 6.12: nested_get_vmcs12_pages()", "nested.state_pages smm.leave"),
ROW(MSR_BITMAP_PAGE,
    "The MSR bitmap that vmcs12 or vmcb12 names can't be read. On Intel every MSR access "
    "of L2 exits then; on AMD the entry fails.",
    NULL,
    "KVM 6.12: nested_vmx_prepare_msr_bitmap(), nested_svm_vmrun_msrpm()",
    "nested.state_pages smm.leave"),
ROW(NPT_LA57_REFUSED,
    "kvm_amd does not load on a host with 5-level paging, as its NPT could have 4 levels "
    "only.",
    NULL,
    "commit 03ca4589 (5.13): svm_hardware_setup()", "npt.level"),

/* memslots */
ROW(BAD_SLOT,
    "The number, address space, alignment, size or flags of the memslot can't be those of any "
    "memslot, or the range of a dirty log is not one of whole words in it.",
    NULL,
    "KVM 6.12: __kvm_set_memory_region(), kvm_get_dirty_log_protect(), "
    "kvm_clear_dirty_log_protect()", ""),
ROW(NO_SUCH_SLOT,
    "There is no memslot of this number in the address space, so none can be deleted.",
    NULL,
    "KVM 6.12: __kvm_set_memory_region()", ""),
ROW(SLOT_FIXED,
    "A memslot that exists keeps its size, its userspace address and KVM_MEM_READONLY; it "
    "can be moved, and its dirty log turned on and off.",
    "Delete the memslot and create another one.",
    "KVM 6.12: __kvm_set_memory_region()", ""),
ROW(SLOT_OVERLAPS,
    "Another memslot of the same address space has frames in this range: EEXIST.",
    NULL,
    "KVM 6.12: kvm_check_memslot_overlap()", ""),
ROW(NOT_LOGGED,
    "The slot keeps no dirty log: ENOENT.",
    NULL,
    "KVM 6.12: kvm_get_dirty_log_protect(), kvm_clear_dirty_log_protect()", ""),
ROW(LPAGE_INFO_BOUNDS,
    "When dirty logging ends, the shadow MMU looks in lpage_info whether its huge pages may "
    "grow; for a page that begins below the slot the index is negative, and memory before "
    "the array is read.",
    "What the kernel decides from then on is chance, so the model stops here.",
    "KVM 6.12 to 7.0: kvm_mmu_zap_collapsible_spte(); fixed by ef057cbf825e (7.1.3)",
    "shadow.collapse"),
ROW(UNSYNC_UPPER,
    "A write to a frame that holds an upper-level table of the other address space: only "
    "the slots of that address space track writes to it, so KVM takes the frame for that of "
    "a level-1 table and makes it unsync.",
    "KVM warns, and takes entries of the table for leaves when it synchronizes it, so the "
    "model stops here.",
    "KVM 6.12: mmu_try_to_unsync_pages(), account_shadowed()", "track.spaces"),
ROW(QUIRK,
    "KVM_CAP_DISABLE_QUIRKS2 refuses a mask with a bit that this kernel does not know, or "
    "the one for the guest's PAT without TDP.",
    "No quirk of the mask is disabled.",
    "KVM 6.12: kvm_vm_ioctl_enable_cap()", "quirks.known"),

/* Private memory */
ROW(VM_TYPE,
    "KVM_CREATE_VM refuses the type: software-protected VMs need the TDP MMU and their "
    "configuration, the others hardware that the host does not have.",
    "There is no VM.",
    "KVM 6.12: kvm_arch_init_vm(), kvm_is_vm_type_supported()", "sw_protected_vm tdp_mmu"),
ROW(NO_PRIVATE_MEMORY,
    "VMs of this type have no private memory: no attribute can be set, and up to 6.17 no "
    "memslot may have a guest_memfd.",
    NULL,
    "KVM 6.12: kvm_supported_mem_attributes(), check_memory_region_flags()", "gmem.api"),
ROW(ATTRIBUTES,
    "KVM_SET_MEMORY_ATTRIBUTES knows one attribute, private (bit 3).",
    NULL,
    "KVM 6.12: kvm_vm_ioctl_set_mem_attributes()", ""),
ROW(PRIVATE_NO_SLOT,
    "The frame is private, and no memslot covers it: private memory is never MMIO, so the "
    "access ends as KVM_EXIT_MEMORY_FAULT with EFAULT.",
    "Userspace makes the frame shared, or gives it a memslot with a guest_memfd.",
    "KVM 6.12: kvm_handle_noslot_fault(); recordings A.private", ""),
ROW(PRIVATE_NO_GMEM,
    "The frame is private, but its memslot has no guest_memfd: KVM_EXIT_MEMORY_FAULT with "
    "EFAULT.",
    "Userspace makes the frame shared and lets the guest try again.",
    "KVM 6.12: kvm_mmu_faultin_pfn_private(); recordings A.private", ""),
ROW(ATTRIBUTE_DIFFERS,
    "The access is private and the frame is shared, or the other way round: "
    "KVM_EXIT_MEMORY_FAULT with EFAULT tells userspace which kind was wanted.",
    "Userspace changes the attribute, and the access works.",
    "KVM 6.12: kvm_mmu_faultin_pfn()", ""),
ROW(BAD_GMEM,
    "KVM_CREATE_GUEST_MEMFD wants a size that is not zero and a multiple of 4 KiB, and "
    "flags that the kernel knows for this type of VM.",
    NULL,
    "KVM 6.12, 6.18: kvm_gmem_create()", "gmem.api"),
ROW(NO_GMEM,
    "The number is that of no guest_memfd: EBADF.",
    NULL,
    "KVM 6.12: kvm_gmem_bind()", ""),
ROW(GMEM_SLOT,
    "A memslot with a guest_memfd can't be dirty-logged or read-only, and it can only be "
    "deleted, not changed.",
    NULL,
    "KVM 6.12: check_memory_region_flags(), __kvm_set_memory_region()", ""),
ROW(GMEM_RANGE,
    "Offset and size have to be multiples of 4 KiB, and a memslot's part has to lie inside "
    "the guest_memfd.",
    NULL,
    "KVM 6.12: __kvm_set_memory_region(), kvm_gmem_bind(), kvm_gmem_fallocate()", ""),
ROW(GMEM_BOUND,
    "Another memslot has a page of that part of the guest_memfd already.",
    "Deleting the other memslot frees its part.",
    "KVM 6.12: kvm_gmem_bind(); commit 7ea987a90585 (7.2)", "gmem.api"),
ROW(GMEM_NO_MMAP,
    "The guest_memfd was made without GUEST_MEMFD_FLAG_MMAP, which came with 6.18: ENODEV.",
    "From 6.18 on what was mapped at that address is gone all the same.",
    "KVM 6.18: kvm_gmem_mmap(); recordings V.gmem", "gmem.api"),
ROW(GMEM_MAP_PRIVATE,
    "A guest_memfd can't be mapped with MAP_PRIVATE: EINVAL.",
    "What was mapped at that address is gone all the same.",
    "KVM 6.18: kvm_gmem_mmap(); recordings V.gmem", ""),
ROW(GMEM_NO_FAULT,
    "Userspace may not touch this mapping of a guest_memfd: the file was made without "
    "GUEST_MEMFD_FLAG_INIT_SHARED, or ends before. A touch is a SIGBUS, and "
    "get_user_pages() gives EFAULT.",
    "The guest's own accesses go to the file, not through the mapping.",
    "KVM 6.18: kvm_gmem_fault_user_mapping(); recordings V.gmem", ""),
};
/* clang-format on */

const struct tdp_reason_info *tdp_reason_info(enum tdp_reason reason)
{
	return (unsigned int)reason < TDP_NR_REASONS ? &reasons[reason] : NULL;
}
