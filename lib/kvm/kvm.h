/* SPDX-License-Identifier: MIT */
/*
 * The state of one virtual machine, as KVM's MMU sees it.
 *
 *   tdp_vm ── slots[as_id], mm         guest frame -> userspace -> host frame
 *      ├─ pages[]                      one record a page-table frame
 *      │    └─ roots: first_root, by next_root
 *      └─ vcpus[]
 *           └─ root_mmu, guest_mmu     mmu says which one is loaded
 *
 * Page-table pages are named by their host frame number; 0 is no page.
 */
#ifndef TDPSIM_KVM_KVM_H
#define TDPSIM_KVM_KVM_H

#include "base/counts.h"
#include "kvm/profile.h"
#include "kvm/role.h"
#include "kvm/spte.h"
#include "mem/gfn_set.h"
#include "mem/gmem.h"
#include "mem/hostmm.h"
#include "mem/memslot.h"
#include "tdpsim/memtype.h"
#include "tdpsim/nested.h"

#define INVALID_PAGE   UINT64_MAX
#define NR_PREV_ROOTS  3
#define SPTES_PER_PAGE 512
#define MAX_VCPUS      1024
#define MAX_GEN_FLAG   BIT(63) /* memslot update in progress */

enum page_kind {
	PAGE_FREE,
	PAGE_TDP,     /* of the TDP MMU */
	PAGE_SHADOW,  /* of the shadow MMU, found by hash */
	PAGE_SPECIAL, /* pae_root, pml4_root, pml5_root: no role */
};

/* What KVM calls struct kvm_mmu_page. */
struct mmu_page {
	uint64_t gfn;
	struct tdp_role role;
	uint32_t role_word;
	uint32_t parent;       /* TDP MMU: frame of the table above; 0: root */
	uint32_t root_count;   /* roots: references */
	uint32_t root_id;      /* roots: number in the VM, from 1 */
	uint32_t next_root;    /* roots: frame of the next one */
	uint32_t next;         /* free pages and shadow pages: list */
	uint32_t first_parent; /* shadow MMU: list of parent entries */
	uint16_t parent_index;
	uint16_t memtype_key; /* roots: memtype_role_key() at birth */
	uint8_t kind;
	uint8_t valid_gen;         /* shadow MMU: mmu_valid_gen at birth */
	bool nx_disallowed;        /* exists because of the NX mitigation */
	bool nx_tracked;           /* on a list of possible huge pages */
	uint32_t nx_prev, nx_next; /* frames; 0: none */
	bool zap_scheduled;
};

/* A reference of an MMU to a root: struct kvm_mmu_root_info. */
struct root_ref {
	uint64_t hpa; /* INVALID_PAGE: none */
	uint64_t pgd;
};

enum mmu_handler {
	HANDLER_NONE,
	HANDLER_TDP, /* kvm_tdp_page_fault */
	HANDLER_NONPAGING,
	HANDLER_PAGING64,
	HANDLER_PAGING32,
	HANDLER_EPT,
};

/* struct kvm_mmu */
struct mmu {
	enum mmu_handler handler;
	struct cpu_role cpu_role;
	uint64_t cpu_word;
	struct tdp_role root_role;
	uint32_t root_word;
	struct root_ref root;
	struct root_ref prev[NR_PREV_ROOTS];
	uint64_t guest_pgd; /* guest_mmu: EPTP12 or nCR3 of vmcb12 */
	/* Roots that are no shadow pages, by address; 0: never needed. */
	uint64_t pae_root, pml4_root, pml5_root;
};

/* Requests, in the order in which vcpu_enter_guest() serves them. */
enum request {
	REQ_GET_NESTED_STATE_PAGES,
	REQ_MMU_FREE_OBSOLETE_ROOTS,
	REQ_MMU_SYNC,
	REQ_LOAD_MMU_PGD,
	REQ_TLB_FLUSH,
	REQ_TLB_FLUSH_CURRENT,
	REQ_TLB_FLUSH_GUEST,
	NR_REQUESTS
};

/* What became of a structure that hangs off vmcs12 or vmcb12. */
enum nested_page_state {
	NESTED_PAGE_UNUSED,
	NESTED_PAGE_UNLOADED, /* L2 would use whatever was there before */
	NESTED_PAGE_MAPPED,
	NESTED_PAGE_DROPPED, /* KVM switched the feature off instead */
	NESTED_PAGE_INVALID, /* an address that VM entry refuses */
};

struct vcpu_smm {
	bool guest_mode; /* the SMI interrupted L2; on SVM, in vcpu->nested */
};

#define NR_VMCS12_FIELDS 37 /* ops/vmcs12.h lists them */

/* VMX operation of L1, and KVM's copy of the current vmcs12. */
struct vcpu_vmx {
	bool vmxon;
	bool smm_vmxon; /* on again behind RSM */
	bool has_vmptr; /* a vmcs12 is current */
	bool launched;  /* its launch state */
	uint64_t vmxon_ptr;
	uint64_t vmptr;
	uint64_t vmcs12[NR_VMCS12_FIELDS];
};

struct tdp_vcpu {
	struct tdp_vm *vm;
	unsigned int id;
	struct tdp_sregs sregs;
	uint64_t rflags;
	uint32_t pkru;
	uint64_t pat;
	struct tdp_mtrr mtrr;
	uint8_t mtrr_mask_written; /* pairs, by bit */
	struct tdp_cpuid cpuid;
	bool has_cpuid;
	bool has_run;
	bool smm;
	bool halted; /* MP state: sleeps until an event */
	bool guest_mode;
	bool nested_tdp; /* L2 runs on guest_mmu */
	bool pdptrs_from_userspace;
	struct tdp_nested_state nested;
	struct tdp_sregs l1; /* L1's registers while L2 runs */
	uint8_t nested_page[TDP_NR_NESTED_PAGES]; /* nested_page_state */
	bool nested_run_pending;
	struct tdp_vmcs12 vmcs12;
	struct vcpu_vmx vmx;
	uint16_t last_vpid;      /* vpid12 of the last entry with one */
	bool pml12_full;         /* L1's log had no room for a page */
	bool last_violation;     /* the last exit was an EPT violation */
	uint64_t last_exit_info; /* its qualification, or EXITINFO1 */
	uint32_t smbase;
	uint64_t hsave_pa; /* SVM: MSR VM_HSAVE_PA; 0: L1 set none */
	bool has_vmcb12;   /* SVM: it lies in guest memory, at vmcb12 */
	uint64_t vmcb12;
	uint64_t emulated_gpa; /* of the exit being emulated; ~0: unknown */
	struct vcpu_smm smm_state;
	struct mmu root_mmu;
	struct mmu guest_mmu;
	struct mmu nested_mmu; /* role only: walks L2's own tables */
	struct mmu *mmu;       /* &root_mmu or &guest_mmu */
	uint32_t requests;
	struct tdp_cycle cycle; /* of the last livelock */
	bool signal_pending;
	uint16_t pml_logged; /* entries of PML's buffer in use; 0 outside */
	bool asleep;         /* in a fault, with the memslots that were there */
	uint64_t signal_after; /* pages until one becomes pending; 0: none */
	uint64_t mmio_gfn;     /* vcpu->arch.mmio_gfn and its generation */
	uint64_t mmio_gva;     /* page-aligned; 0: none */
	uint64_t mmio_gen;
	unsigned int mmio_access; /* TDP_ACC_*, as the SPTE keeps them */
	bool mmio_cached;
};

/* Tables that might be huge pages if nobody executed there, oldest first. */
struct nx_list {
	uint32_t first, last; /* frames; 0: none */
	uint64_t nr;
};

struct dirty_log;  /* kvm/dirty_log.h */
struct shadow_mmu; /* kvm/shadow.h */
struct tdp_memory; /* walk/walker.h */
struct tdp_walker;

struct tdp_vm {
	struct tdp_host_config host;
	struct tdp_kvm_config kvm;
	struct tdp_memory *memory; /* as the hardware walker sees it */
	struct tdp_walker *walker;
	struct physmem pm; /* its flat range, and who uses what */
	struct hostmm mm;
	struct memslots slots[NR_ADDRESS_SPACES];
	struct gfn_set private_gfns; /* KVM_MEMORY_ATTRIBUTE_PRIVATE */
	struct gmems gmems;
	struct spte_format fmt;

	unsigned int type;        /* enum tdp_vm_type */
	uint64_t disabled_quirks; /* by userspace */
	uint64_t quirks_taken;    /* of them, those that were on */
	bool tdp_enabled;
	bool tdp_mmu_enabled;
	unsigned int max_tdp_level;    /* of the vendor module */
	unsigned int forced_tdp_level; /* SVM from 5.15; else 0 */
	unsigned int max_huge_level;

	struct mmu_page *pages; /* by frame; up to nr_frames */
	uint32_t nr_frames;
	uint32_t free_page;  /* list by next */
	uint32_t first_root; /* TDP MMU roots, newest first as in KVM */
	unsigned int next_root_id;
	uint8_t valid_gen;         /* mmu_valid_gen */
	uint64_t mmu_pages_max;    /* n_max_mmu_pages, of shadow pages */
	uint64_t mmu_pages_wanted; /* n_requested_mmu_pages; 0: by slots */
	struct shadow_mmu *shadow; /* from the first shadow root on */
	struct counts tracked;     /* kvm/track.h */

	uint64_t invalidate_seq;    /* mmu_invalidate_seq */
	unsigned int invalidations; /* mmu_invalidate_in_progress */
	uint64_t invalidate_start;  /* guest frames, while one is open */
	uint64_t invalidate_end;
	unsigned int noncoherent_dma;
	struct tdp_vm_stats stats;

	struct dirty_log *dirty_logs; /* one a slot that is logged */
	unsigned int nr_dirty_logs;
	uint64_t dirty_words;       /* in all of them */
	unsigned int dirty_protect; /* manual_dirty_log_protect */
	uint64_t pml_hpa;           /* PML buffer; 0: never needed */
	struct nx_list nx[2];       /* kvm/nx.h */

	struct tdp_vcpu **vcpus;
	unsigned int nr_vcpus;
	bool irqchip; /* in the kernel: KVM_CREATE_IRQCHIP */
	bool has_run;
	/*
	 * What has ended it.  TDP_WHY_VM_DEAD: every ioctl is -EIO from now on
	 * (vm_dead); else a bug of the kernel, after which all is chance.
	 */
	enum tdp_reason ended;

	tdp_tracer tracer;
	void *tracer_context;
};

static inline bool vm_is_dead(const struct tdp_vm *vm)
{
	return vm->ended == TDP_WHY_VM_DEAD;
}

/* The bug of the kernel that has hit, or TDP_WHY_NONE. */
static inline enum tdp_reason vm_bug(const struct tdp_vm *vm)
{
	return vm_is_dead(vm) ? TDP_WHY_NONE : vm->ended;
}

/* Events ------------------------------------------------------------------- */

static inline void trace_emit(const struct tdp_vm *vm, enum tdp_event_id id,
			      const uint64_t *field)
{
	struct tdp_event event = { .id = id };

	memcpy(event.field, field, sizeof(event.field));
	vm->tracer(&event, vm->tracer_context);
}

/* Fields in the order of TDP_EVENT_LIST.  One test when nobody listens. */
#define trace(vm, event, ...)                                              \
	do {                                                               \
		if (unlikely((vm)->tracer))                                \
			trace_emit(vm, TDP_EV_##event,                     \
				   (const uint64_t[TDP_EVENT_MAX_FIELDS]){ \
					   __VA_ARGS__ });                 \
	} while (0)

static inline void trace_set_spte(const struct tdp_vm *vm, uint64_t gfn,
				  uint64_t spte, unsigned int level)
{
	struct spte_traced t;

	if (likely(!vm->tracer))
		return;
	t = spte_traced(&vm->fmt, spte);
	trace(vm, kvm_mmu_set_spte, gfn, spte, level, t.r, t.x, t.u);
}

/* Small questions ------------------------------------------------------------ */

/* KVM 6.12: kvm_mmu_max_gfn(); without TDP all 52 address bits. */
static inline uint64_t kvm_max_gfn(const struct tdp_vm *vm)
{
	return BIT((vm->tdp_enabled ? vm->host.maxphyaddr : 52) - 12) - 1;
}

static inline const struct memslots *vcpu_memslots(const struct tdp_vcpu *vcpu)
{
	return &vcpu->vm->slots[vcpu->smm];
}

static inline struct mmu_page *page_at(const struct tdp_vm *vm, uint64_t hpa)
{
	assert(hpa >> 12 < vm->nr_frames);
	return &vm->pages[hpa >> 12];
}

static inline uint64_t page_hpa(const struct tdp_vm *vm,
				const struct mmu_page *page)
{
	return (uint64_t)(page - vm->pages) << 12;
}

/* The page behind a root, or NULL for no root and for special ones. */
static inline struct mmu_page *root_page(const struct tdp_vm *vm, uint64_t hpa)
{
	struct mmu_page *page;

	if (hpa == INVALID_PAGE || hpa >> 12 >= vm->nr_frames)
		return NULL;
	page = page_at(vm, hpa);
	return page->kind == PAGE_TDP || page->kind == PAGE_SHADOW ? page :
								     NULL;
}

/* Levels count from 1 here: an entry of a table of level 0 maps nothing. */
/* Does a walk of the tables start at the four entries of pae_root? */
static inline bool mmu_uses_pae_root(const struct mmu *mmu)
{
	return mmu->root_role.level == 3 ||
	       (!mmu->root_role.direct && mmu->cpu_role.base.level < 4);
}

static inline unsigned int level_shift(unsigned int level)
{
	assert(level >= TDP_LEVEL_4K && level <= TDP_LEVEL_256T);
	return 12 + 9 * (level - 1);
}

static inline uint64_t level_size(unsigned int level)
{
	return UINT64_C(1) << level_shift(level);
}

static inline uint64_t level_pages(unsigned int level)
{
	return level_size(level) >> 12;
}

static inline uint64_t spte_hpa(uint64_t table, uint64_t addr,
				unsigned int level)
{
	return table + ((addr >> level_shift(level)) & 511) * 8;
}

static inline void request(struct tdp_vcpu *vcpu, enum request r)
{
	vcpu->requests |= 1u << r;
	trace(vcpu->vm, request, vcpu->id, r, true);
}

static inline bool request_take(struct tdp_vcpu *vcpu, enum request r)
{
	if (!(vcpu->requests & (1u << r)))
		return false;
	vcpu->requests &= ~(1u << r);
	trace(vcpu->vm, request, vcpu->id, r, false);
	return true;
}

static inline void request_all(struct tdp_vm *vm, enum request r)
{
	unsigned int i;

	for (i = 0; i < vm->nr_vcpus; i++)
		request(vm->vcpus[i], r);
}

#endif
