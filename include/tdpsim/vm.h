/* SPDX-License-Identifier: MIT */
/*
 * A virtual machine: the host under it, the kernel that runs it, its memory.
 *
 * One VM belongs to one thread at a time; different VMs are independent.
 * The VM owns its vCPUs, roots and pages.
 */
#ifndef TDPSIM_VM_H
#define TDPSIM_VM_H

#include "error.h"
#include "event.h"
#include "profile.h"
#include "result.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tdp_vm;
struct tdp_vcpu;

/**
 * struct tdp_host_config - the machine under KVM
 * @vendor:        whose processor it is
 * @maxphyaddr:    physical-address bits, 36..52
 * @la57:          the host kernel runs with 5-level paging (CR4.LA57)
 * @gbpages:       1 GiB pages in ordinary page tables
 * @self_snoop:    CPUID.SS (decides about the IGNORE_GUEST_PAT quirk)
 * @ept_levels:    deepest EPT walk, 4 or 5
 * @ept_ad:        EPT accessed and dirty flags, usable (eptad=1)
 * @ept_exec_only: execute-only EPT entries
 * @ept_advanced: advanced VM-exit information for EPT violations
 * @ept_2m:        2 MiB EPT pages
 * @ept_1g:        1 GiB EPT pages
 * @pml:           page-modification logging, usable
 * @mbec:          mode-based execute control for EPT, usable (from 7.2);
 *                 includes @ept_advanced
 * @gmet:          AMD guest-mode execute trap, usable (from 7.2)
 * @a_while_walking: a guest's entry gets A as soon as it is used; see struct
 *                 tdp_walk_choices
 * @l1tf_bits:     boot_cpu_data.x86_cache_bits of a processor with L1TF; 0: not
 *                 affected
 * @memory:        bytes of host-physical memory that the model reserves
 * @table_memory:  of them, bytes for page tables
 *
 * Fields of the other vendor are ignored.  Memory is reserved, not used: a
 * frame costs nothing before it is written.
 */
struct tdp_host_config {
	enum tdp_vendor vendor;
	unsigned int maxphyaddr;
	bool la57;
	bool gbpages;
	bool self_snoop;
	unsigned int ept_levels;
	bool ept_ad;
	bool ept_exec_only;
	bool ept_advanced;
	bool ept_2m;
	bool ept_1g;
	bool pml;
	bool mbec;
	bool gmet;
	bool a_while_walking;
	unsigned int l1tf_bits;
	uint64_t memory;
	uint64_t table_memory;
};

/** tdp_host_config_init() - a current server of @vendor: 4-level, all features but MBEC/GMET */
TDP_API void tdp_host_config_init(struct tdp_host_config *host,
				  enum tdp_vendor vendor);

/**
 * tdp_vm_create() - load KVM on a host and create a virtual machine
 * @host:   the machine
 * @kvm:    the kernel; the behaviour "tdp" stands for the module parameters
 *          ept and npt
 * @vm:     receives the handle; NULL if the modelled kernel refuses
 * @result: outcome REFUSED if KVM does not load here (npt.level=refuse_la57)
 * @err:    may be NULL
 *
 * Return: TDP_OK; TDP_EINVAL if @host is no possible machine; TDP_ENOMEM.
 */
TDP_API int tdp_vm_create(const struct tdp_host_config *host,
			  const struct tdp_kvm_config *kvm, struct tdp_vm **vm,
			  struct tdp_result *result, struct tdp_error *err);

/** tdp_vm_destroy() - free a VM with all that it owns; NULL is allowed */
TDP_API void tdp_vm_destroy(struct tdp_vm *vm);

/** tdp_vm_set_tracer() - call @tracer for every event from now on; NULL: for none */
TDP_API void tdp_vm_set_tracer(struct tdp_vm *vm, tdp_tracer tracer,
			       void *context);

/**
 * tdp_vm_check() - verify the invariants of all that the VM holds
 *
 * Parent and child links, role against level, reference counts, SPTE bits
 * that imply one another.  Costs time in proportion to the page tables.
 *
 * Return: TDP_OK; TDP_EINVAL with the first broken rule in @err (a bug of the
 * model, never of the caller).
 */
TDP_API int tdp_vm_check(const struct tdp_vm *vm, struct tdp_error *err);

/* Memory ----------------------------------------------------------------- */

/** enum tdp_backing - what userspace has mapped behind a memslot */
enum tdp_backing {
	TDP_BACKING_ANONYMOUS, /* 4 KiB pages */
	TDP_BACKING_THP,       /* anonymous, transparent 2 MiB pages */
	TDP_BACKING_HUGETLB_2M,
	TDP_BACKING_HUGETLB_1G,
	TDP_BACKING_SHMEM,        /* memfd, MAP_SHARED */
	TDP_BACKING_FILE_PRIVATE, /* file, MAP_PRIVATE */
	TDP_BACKING_PROT_NONE,
	TDP_BACKING_UNMAPPED,
	TDP_BACKING_BEYOND_EOF,   /* mapped, but the file is shorter */
	TDP_BACKING_UFFD_MISSING, /* userfaultfd: nobody has served it yet */
	TDP_BACKING_PFNMAP,       /* device memory */
	TDP_BACKING_HWPOISON,     /* memory with a hardware error */
	TDP_NR_BACKINGS
};

TDP_API const char *tdp_backing_name(enum tdp_backing backing);

/**
 * struct tdp_memslot - one memory region of the guest
 * @slot:      number, 0..32763
 * @as_id:     address space: 0, or 1 for SMM
 * @gpa:       first byte; a multiple of 4 KiB
 * @size:      bytes; a multiple of 4 KiB, up to 2^31 - 1 pages
 * @hva:       userspace address behind it; 0: the model picks one that is
 *             congruent to @gpa modulo 1 GiB
 * @backing:   what to map at @hva; not looked at if something is mapped there
 * @untouched: nobody has used that memory yet (reads of private memory give
 *             the shared zero page, or clean page-cache pages)
 * @read_only: the host mapping is PROT_READ
 * @flag_readonly:  KVM_MEM_READONLY
 * @flag_dirty_log: KVM_MEM_LOG_DIRTY_PAGES
 * @gmem:        number of a guest_memfd: KVM_SET_USER_MEMORY_REGION2 with
 *               KVM_MEM_GUEST_MEMFD; 0: none
 * @gmem_offset: byte of the guest_memfd that is behind @gpa; a multiple of 4 KiB
 */
struct tdp_memslot {
	unsigned int slot;
	unsigned int as_id;
	uint64_t gpa;
	uint64_t size;
	uint64_t hva;
	enum tdp_backing backing;
	bool untouched;
	bool read_only;
	bool flag_readonly;
	bool flag_dirty_log;
	unsigned int gmem;
	uint64_t gmem_offset;
};

/**
 * tdp_vm_set_memslot() - KVM_SET_USER_MEMORY_REGION
 * @region: size 0 deletes the slot, whatever else is set
 * @result: ret is 0, -EINVAL, -EEXIST or -ENOMEM; with a guest_memfd also
 *          -EBADF, or -ENOTTY for a kernel without guest_memfd
 *
 * KVM: __kvm_set_memory_region(), kvm_gmem_bind().
 *
 * Return: TDP_OK; TDP_ENOMEM; TDP_ELIMIT if host memory can't hold the slot.
 */
TDP_API int tdp_vm_set_memslot(struct tdp_vm *vm,
			       const struct tdp_memslot *region,
			       struct tdp_result *result,
			       struct tdp_error *err);

/**
 * tdp_vm_create_irqchip() - KVM_CREATE_IRQCHIP: interrupt controllers in KVM
 *
 * All that the MMU sees of them is a page at 0xfee00000: VMX accelerates
 * accesses to the APIC through a memslot of KVM's own, in both address spaces,
 * which is not L2's.  SVM has none (AVIC is not modelled).  KVM makes the
 * memslot when it creates the first vCPU, the model here.
 *
 * KVM: kvm_alloc_apic_access_page().
 *
 * Return: TDP_OK, with ret 0, -EEXIST, or -EINVAL once there are vCPUs;
 * TDP_ENOMEM; TDP_ELIMIT if host memory can't hold the page.
 */
TDP_API int tdp_vm_create_irqchip(struct tdp_vm *vm, struct tdp_result *result,
				  struct tdp_error *err);

/**
 * tdp_vm_toggle_dirty_log() - change KVM_MEM_LOG_DIRTY_PAGES again and again
 * @times: calls of KVM_SET_USER_MEMORY_REGION, each of which turns the flag of
 *         the slot over; up to 2^20
 *
 * Every call is a new generation of memslots, whose number in MMIO SPTEs has
 * 19 bits at most.
 *
 * Return: as tdp_vm_set_memslot(), which the first call that fails ends;
 * TDP_EINVAL if there is no such slot, or @times is too large.
 */
TDP_API int tdp_vm_toggle_dirty_log(struct tdp_vm *vm, unsigned int as_id,
				    unsigned int slot, unsigned int times,
				    struct tdp_result *result,
				    struct tdp_error *err);

/**
 * tdp_vm_begin_delete_memslot() - another thread is about to delete a memslot
 *
 * The slot is marked invalid and what it mapped is gone, but vCPUs still find
 * it; tdp_vm_set_memslot() with size 0 completes the deletion.  While a vCPU
 * sleeps in a fault (outcome BLOCKED) nothing is gone yet, and completing it
 * sleeps, too.
 *
 * KVM: kvm_invalidate_memslot(), kvm_swap_active_memslots().
 *
 * Return: TDP_OK; ret is -EINVAL if there is no such slot.
 */
TDP_API int tdp_vm_begin_delete_memslot(struct tdp_vm *vm, unsigned int as_id,
					unsigned int slot,
					struct tdp_result *result);

/**
 * tdp_vm_write() - userspace writes guest memory through its own mapping
 * @as_id: address space to look @gpa up in
 * @size:  1..8 bytes, not crossing a 4 KiB boundary
 *
 * Return: TDP_OK; TDP_EINVAL if no memslot or no host page is there.
 */
TDP_API int tdp_vm_write(struct tdp_vm *vm, unsigned int as_id, tdp_gpa gpa,
			 uint64_t value, unsigned int size,
			 struct tdp_error *err);

/** tdp_vm_read() - the counterpart; same rules */
TDP_API int tdp_vm_read(struct tdp_vm *vm, unsigned int as_id, tdp_gpa gpa,
			uint64_t *value, unsigned int size,
			struct tdp_error *err);

/**
 * struct tdp_backing_change - what userspace does to its own mapping
 * @as_id:     address space to look @gpa up in
 * @gpa:       first byte of guest memory; all lie in one memslot
 * @hva:       0, or the userspace address, wherever @gpa is
 * @size:      bytes; this and the addresses are multiples of 4 KiB
 * @backing:   what is there from now on
 * @untouched: nobody has used that memory yet
 * @read_only: PROT_READ
 */
struct tdp_backing_change {
	unsigned int as_id;
	uint64_t gpa;
	uint64_t hva;
	uint64_t size;
	enum tdp_backing backing;
	bool untouched;
	bool read_only;
};

/**
 * tdp_vm_set_backing() - change what is behind guest memory
 *
 * The call that does it follows from what is there now:
 *
 *   to unmapped                           munmap()
 *   to or from prot-none; only the
 *   protection changes                    mprotect()
 *   the same, but untouched               madvise(MADV_DONTNEED)
 *   from uffd-missing                     UFFDIO_COPY; untouched:
 *                                         UFFDIO_ZEROPAGE
 *   to or from beyond-eof, hwpoison       ftruncate(), memory_failure()
 *   all else                              mmap() with MAP_FIXED
 *
 * MMU notifiers are told what that call tells them: nothing where nothing was
 * mapped, and of 2 MiB more where a VMA is cut or a huge page split.
 *
 * Linux 6.12: mm/.
 *
 * Return: TDP_OK; TDP_EINVAL if no memslot covers the range; TDP_ELIMIT if
 * host memory can't hold it; TDP_ENOMEM.
 */
TDP_API int tdp_vm_set_backing(struct tdp_vm *vm,
			       const struct tdp_backing_change *change,
			       struct tdp_error *err);

/**
 * tdp_vm_attach_dma() - VFIO attaches a device whose DMA does not snoop caches
 * @attach: false: detaches one
 *
 * KVM: kvm_arch_register_noncoherent_dma(), kvm_arch_unregister_noncoherent_dma().
 *
 * Return: TDP_OK; TDP_EINVAL if none is attached that could be detached.
 */
TDP_API int tdp_vm_attach_dma(struct tdp_vm *vm, bool attach,
			      struct tdp_result *result, struct tdp_error *err);

/* Dirty logging ----------------------------------------------------------- */

/**
 * tdp_vm_set_dirty_protect() - KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2
 * @manual:        KVM_GET_DIRTY_LOG only reads; KVM_CLEAR_DIRTY_LOG clears
 * @initially_set: pages are dirty when logging of their slot begins; without
 *                 @manual ret is -EINVAL
 *
 * Slots that are logged already stay as they are.
 *
 * Return: TDP_OK
 */
TDP_API int tdp_vm_set_dirty_protect(struct tdp_vm *vm, bool manual,
				     bool initially_set,
				     struct tdp_result *result);

/**
 * tdp_vm_get_dirty_log() - KVM_GET_DIRTY_LOG
 * @bitmap:   receives one bit a page, first page in bit 0 of word 0; may be
 *            NULL if @nr_words is 0
 * @nr_words: 64-bit words at @bitmap; what the log has beyond is not given,
 *            words beyond the log become 0
 * @result:   ret is 0, -EINVAL (no such number) or -ENOENT (not logged);
 *            value counts the dirty pages
 *
 * Unless the manual mode is on, the pages are clean afterwards, and the next
 * write to each is noticed.  KVM: kvm_get_dirty_log_protect().
 *
 * Return: TDP_OK; TDP_EUNSUPPORTED after TDP_OUTCOME_KERNEL_BUG.
 */
TDP_API int tdp_vm_get_dirty_log(struct tdp_vm *vm, unsigned int as_id,
				 unsigned int slot, uint64_t *bitmap,
				 uint64_t nr_words, struct tdp_result *result,
				 struct tdp_error *err);

/**
 * tdp_vm_clear_dirty_log() - KVM_CLEAR_DIRTY_LOG
 * @first:  page in the slot, a multiple of 64
 * @pages:  how many; a multiple of 64, or up to the end of the slot
 * @bitmap: which of them, (@pages + 63) / 64 words; NULL: all
 * @result: ret is 0, -EINVAL or -ENOENT; value counts the pages that were
 *          dirty and are clean now
 *
 * KVM: kvm_clear_dirty_log_protect().
 *
 * Return: TDP_OK; TDP_EUNSUPPORTED after TDP_OUTCOME_KERNEL_BUG.
 */
TDP_API int tdp_vm_clear_dirty_log(struct tdp_vm *vm, unsigned int as_id,
				   unsigned int slot, uint64_t first,
				   uint64_t pages, const uint64_t *bitmap,
				   struct tdp_result *result,
				   struct tdp_error *err);

/* Aging, and what the NX mitigation split ---------------------------------- */

/**
 * tdp_vm_age() - the host asks whether pages were used, and forgets that
 * @size:   bytes from @gpa on, all in one memslot of @as_id; not 0
 * @result: value is 1 if any page was accessed since it was aged last
 *
 * Pages that other slots map from the same userspace memory are aged, too.
 * KVM: kvm_mmu_notifier_clear_young().
 *
 * Return: TDP_OK; TDP_EINVAL; TDP_EUNSUPPORTED after TDP_OUTCOME_KERNEL_BUG.
 */
TDP_API int tdp_vm_age(struct tdp_vm *vm, unsigned int as_id, tdp_gpa gpa,
		       uint64_t size, struct tdp_result *result,
		       struct tdp_error *err);

/**
 * tdp_vm_test_age() - the same question for one page, with no effect
 *
 * KVM: kvm_mmu_notifier_test_young().
 */
TDP_API int tdp_vm_test_age(struct tdp_vm *vm, unsigned int as_id, tdp_gpa gpa,
			    struct tdp_result *result, struct tdp_error *err);

/**
 * tdp_vm_set_nr_mmu_pages() - KVM_SET_NR_MMU_PAGES: quota of the shadow MMU
 * @pages:  at least 64
 * @result: ret is 0, or -EINVAL
 *
 * Pages over the quota are zapped at once, oldest first, roots left out; from
 * then on memslots that come and go don't change it.  Pages of the TDP MMU do
 * not count.  KVM: kvm_vm_ioctl_set_nr_mmu_pages(), kvm_mmu_change_mmu_pages().
 *
 * Return: TDP_OK; TDP_EUNSUPPORTED after TDP_OUTCOME_KERNEL_BUG.
 */
TDP_API int tdp_vm_set_nr_mmu_pages(struct tdp_vm *vm, uint64_t pages,
				    struct tdp_result *result,
				    struct tdp_error *err);

/**
 * tdp_vm_get_nr_mmu_pages() - KVM_GET_NR_MMU_PAGES
 * @result: value is the quota; ret -ENOTTY from 6.4 on, which has no such ioctl
 */
TDP_API void tdp_vm_get_nr_mmu_pages(const struct tdp_vm *vm,
				     struct tdp_result *result);

/**
 * tdp_vm_shrink() - the host is short of memory and calls KVM's shrinker
 * @pages:  how many pages it wants; the kernel asks for 128 at a time
 * @result: value counts the pages that went; 0 from 6.13 on, which has no such
 *          shrinker
 *
 * The oldest pages of the shadow MMU are zapped, with what hangs off them, roots
 * left out.  Pages of the TDP MMU stay.  KVM 6.12: mmu_shrink_scan().
 *
 * Return: TDP_OK; TDP_EUNSUPPORTED after TDP_OUTCOME_KERNEL_BUG.
 */
TDP_API int tdp_vm_shrink(struct tdp_vm *vm, uint64_t pages,
			  struct tdp_result *result, struct tdp_error *err);

/**
 * tdp_vm_set_nx_huge_pages() - the module parameter nx_huge_pages is written
 * @force: "force", else "off"
 *
 * A change takes all that is mapped along.  KVM: set_nx_huge_pages().
 */
TDP_API void tdp_vm_set_nx_huge_pages(struct tdp_vm *vm, bool force,
				      struct tdp_result *result);

/**
 * tdp_vm_recover_nx_huge_pages() - one period of KVM's recovery thread
 * @ratio:  module parameter nx_huge_pages_recovery_ratio, 60 by default: the
 *          oldest 1 / @ratio of the tables that exist because of the NX
 *          mitigation is zapped, rounded up; 0: none
 * @result: value counts the tables that were zapped; from 6.13 on the thread
 *          starts with the VM's first KVM_RUN
 *
 * KVM: kvm_recover_nx_huge_pages().
 */
TDP_API void tdp_vm_recover_nx_huge_pages(struct tdp_vm *vm, unsigned int ratio,
					  struct tdp_result *result);

/* Inspection --------------------------------------------------------------- */

/** struct tdp_role - a page role, decoded; absent fields of a layout are 0 */
struct tdp_role {
	unsigned int level;
	unsigned int quadrant;
	unsigned int access; /* TDP_ACC_* */
	unsigned int smm;
	bool has_4_byte_gpte;
	bool direct;
	bool invalid;
	bool efer_nx;
	bool cr0_wp;
	bool smep_andnot_wp;
	bool smap_andnot_wp;
	bool cr4_smep;
	bool ad_disabled;
	bool guest_mode;
	bool passthrough;
	bool is_mirror;
};

/* Rights, independent of how a kernel packs them into its role word. */
#define TDP_ACC_EXEC  1u
#define TDP_ACC_WRITE 2u
#define TDP_ACC_USER  4u
#define TDP_ACC_READ  8u

/** tdp_role_decode() - fields of a role word in the layout of @kvm's kernel */
TDP_API void tdp_role_decode(const struct tdp_kvm_config *kvm, uint32_t word,
			     struct tdp_role *role);

/** tdp_role_encode() - the role word; fields that the layout lacks are dropped */
TDP_API uint32_t tdp_role_encode(const struct tdp_kvm_config *kvm,
				 const struct tdp_role *role);

/**
 * tdp_role_unused() - bits of the role word that no field of this kernel has
 *
 * Padding of the SMM byte is not free: KVM loads the byte as a whole to find
 * the address space.  KVM: union kvm_mmu_page_role.
 */
TDP_API uint32_t tdp_role_unused(const struct tdp_kvm_config *kvm);

/**
 * struct tdp_root_info - a root page of the VM
 * @id:       number, from 1 in the order of creation; never reused
 * @role:     word, in the kernel's layout
 * @as_id:    address space that it maps
 * @tdp:      it belongs to the TDP MMU (else to the shadow MMU)
 * @valid:    it can be found by a load (not invalidated)
 * @refcount: as the kernel counts it (root_count for shadow roots)
 * @hpa:      of the page
 * @pages:    page-table pages below it, itself included
 * @leaves:   present leaf SPTEs below it
 */
struct tdp_root_info {
	unsigned int id;
	uint32_t role;
	unsigned int as_id;
	bool tdp;
	bool valid;
	unsigned int refcount;
	uint64_t hpa;
	uint64_t pages;
	uint64_t leaves;
};

/**
 * tdp_vm_root_next() - enumerate the roots in the order of their numbers
 * @after: number of the root that the last call gave; 0 to start
 * @info:  filled in if there is one
 *
 * Return: true if there is one.
 */
TDP_API bool tdp_vm_root_next(const struct tdp_vm *vm, unsigned int after,
			      struct tdp_root_info *info);

/**
 * struct tdp_spte_info - one step of a walk through a root's page tables
 * @level: of the table that holds the entry
 * @hpa:   of the entry
 * @spte:  its value
 */
struct tdp_spte_info {
	enum tdp_level level;
	uint64_t hpa;
	uint64_t spte;
	bool present; /* shadow-present */
	bool leaf;
	bool mmio;
};

/**
 * tdp_vm_get_sptes() - the entries on the path to a guest-physical address
 * @root_id: number of the root
 * @gpa:     address (for shadow roots that are not direct: linear address)
 * @path:    receives up to 5 entries, from the root down
 *
 * Return: how many entries were written; 0 if there is no such root.
 */
TDP_API unsigned int tdp_vm_get_sptes(const struct tdp_vm *vm,
				      unsigned int root_id, tdp_gpa gpa,
				      struct tdp_spte_info path[5]);

/** struct tdp_vm_stats - totals over the VM's life, as KVM counts them */
struct tdp_vm_stats {
	uint64_t pages_4k;
	uint64_t pages_2m;
	uint64_t pages_1g;
	uint64_t mmu_pages; /* page-table pages in use */
	uint64_t tlb_flushes;
	uint64_t zaps;            /* leaf SPTEs zapped */
	uint64_t nx_lpage_splits; /* tables that the NX mitigation made */
	unsigned int noncoherent_dma;
	bool nx_thread; /* the thread that recovers huge pages is there */
};

TDP_API void tdp_vm_get_stats(const struct tdp_vm *vm,
			      struct tdp_vm_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
