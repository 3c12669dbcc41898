/* SPDX-License-Identifier: MIT */
/*
 * KVM_PRE_FAULT_MEMORY, from its first posting to today.
 *
 * KVM 6.12: kvm_vcpu_pre_fault_memory(), kvm_arch_vcpu_pre_fault_memory(),
 * kvm_tdp_map_page(); the postings of 2024 that came before.
 */
#include <errno.h>

#include "base/error.h"
#include "kvm/fault.h"
#include "kvm/mmu.h"
#include "kvm/private.h"
#include "kvm/root.h"
#include "kvm/tdp_mmu.h"
#include "ops/cycle.h"
#include "ops/ops.h"
#include "ops/stepped.h"

/* RET_PF_RETRY in a row before the loop is called one. */
#define MAX_RETRIES 8

/* Flags of KVM_MAP_MEMORY as first posted. */
#define MAP_V1_WRITE   BIT(0)
#define MAP_V1_EXEC    BIT(1)
#define MAP_V1_USER    BIT(2)
#define MAP_V1_PRIVATE BIT(3) /* of VMs with private memory */

/* What KVM_CHECK_EXTENSION says of the capability, number 236 in all stages. */
enum capability {
	CAP_NONE,      /* 0 */
	CAP_ALWAYS,    /* 1 */
	CAP_TDP_OF_VM, /* a VM: 1 with TDP; /dev/kvm: 1 */
	CAP_TDP,       /* 1 with TDP */
};

/* What one stage of the interface does differently from another. */
struct prefault_api {
	bool exists;
	enum capability capability;
	uint64_t flags;      /* accepted */
	bool prefetch;       /* Accessed is withheld */
	bool guest_final;    /* PFERR_GUEST_FINAL in the error code */
	bool any_handler;    /* shadow MMUs are handed the number as it is */
	int bad_handler;     /* errno for an MMU that is not the TDP one */
	int retry;           /* errno for RET_PF_RETRY; 0: try again inside */
	int emulate;         /* errno for RET_PF_EMULATE */
	bool aligned_levels; /* level limited by alignment and length */
	bool wraps_size;     /* the remaining size is not clamped */
	bool hides_errors;   /* @partial once anything was mapped */
	int partial;
	bool eagain_on_dying; /* EAGAIN for a slot being deleted */
};

/* clang-format off */
static const struct prefault_api apis[NR_PREFAULT_API] = {
	[PREFAULT_API_NONE] = { .exists = false },
	[PREFAULT_API_MAP_V1] = {
		.exists = true, .capability = CAP_ALWAYS,
		.flags = MAP_V1_WRITE | MAP_V1_EXEC | MAP_V1_USER |
			 MAP_V1_PRIVATE,
		.any_handler = true, .retry = -EAGAIN, .emulate = -EIO,
		.aligned_levels = true, .hides_errors = true,
		.partial = -EAGAIN,
	},
	[PREFAULT_API_MAP_V2] = {
		.exists = true, .capability = CAP_ALWAYS, .bad_handler = -EINVAL,
		.retry = -EAGAIN, .emulate = -EINVAL, .wraps_size = true,
	},
	[PREFAULT_API_MAP_V3] = {
		.exists = true, .capability = CAP_TDP_OF_VM, .prefetch = true,
		.bad_handler = -EOPNOTSUPP, .retry = -EAGAIN,
		.emulate = -EINVAL, .hides_errors = true,
	},
#define MERGED								\
	.exists = true, .capability = CAP_TDP, .prefetch = true,	\
	.guest_final = true,						\
	.bad_handler = -EOPNOTSUPP, .emulate = -ENOENT, .hides_errors = true
	[PREFAULT_API_6_11] = { MERGED },
	[PREFAULT_API_6_12] = { MERGED },
	[PREFAULT_API_6_15] = { MERGED },
	[PREFAULT_API_6_16] = { MERGED },
	[PREFAULT_API_6_18] = { MERGED, .eagain_on_dying = true },
#undef MERGED
};
/* clang-format on */

static int fail(struct prefault *p, int err, enum tdp_reason why)
{
	p->result->reason = why;
	return err;
}

/* Arguments come first: they outrank even a missing capability. */
static int check_arguments(struct prefault *p)
{
	uint64_t flags = p->api->flags;

	if (!vm_has_private_mem(p->vcpu->vm))
		flags &= ~MAP_V1_PRIVATE;
	if (p->flags & ~flags)
		return fail(p, -EINVAL, TDP_WHY_FLAGS);
	if ((p->gpa | p->size) & FRAME_MASK)
		return fail(p, -EINVAL, TDP_WHY_UNALIGNED);
	if (p->gpa + p->size <= p->gpa)
		return fail(p, -EINVAL, TDP_WHY_EMPTY_OR_WRAPS);
	return 0;
}

static int refuse_mode(struct prefault *p, enum behaviour b,
		       enum tdp_reason why)
{
	if (p->vcpu->vm->kvm.value[b] == PREFAULT_MODE_ERROR)
		return fail(p, -EOPNOTSUPP, why);
	return 0;
}

/* The alternatives that would have refused by mode and not by MMU. */
static int check_mode(struct prefault *p)
{
	struct tdp_vcpu *vcpu = p->vcpu;
	int err = 0;

	if (vcpu->vm->kvm.value[B_PREFAULT_AFTER_RUN] ==
		    PREFAULT_AFTER_RUN_REJECTED &&
	    vcpu->vm->has_run)
		return fail(p, -EINVAL, TDP_WHY_VM_HAS_RUN);
	if (vcpu->smm)
		err = refuse_mode(p, B_PREFAULT_SMM, TDP_WHY_IN_SMM);
	if (!err && vcpu->guest_mode)
		err = refuse_mode(p, B_PREFAULT_GUEST_MODE,
				  TDP_WHY_IN_GUEST_MODE);
	return err;
}

static bool signal_arrived(struct prefault *p)
{
	if (!p->vcpu->signal_pending)
		return false;
	p->result->exit_reason = KVM_EXIT_INTR;
	return true;
}

/* Count @size bytes down to the moment at which a signal arrives. */
static void count_down(struct tdp_vcpu *vcpu, uint64_t size)
{
	uint64_t pages = size >> 12;

	if (!vcpu->signal_after)
		return;
	vcpu->signal_after -= min_u64(pages, vcpu->signal_after);
	if (!vcpu->signal_after)
		vcpu->signal_pending = true;
}

static int load_mmu(struct prefault *p)
{
	enum tdp_reason why = TDP_WHY_NONE;
	int err;

	p->status = root_reload(p->vcpu, &err, &why, p->err);
	if (p->status || err)
		return fail(p, err ? err : -ENOMEM, why);
	if (p->vcpu->mmu->handler == HANDLER_TDP || p->api->any_handler)
		return 0;
	if (p->vcpu->vm->kvm.value[B_PREFAULT_SHADOW] == PREFAULT_SHADOW_GVA)
		return 0;
	return fail(p, p->api->bad_handler, TDP_WHY_HANDLER_NOT_TDP);
}

/* What the first posting allowed: 2M only if aligned and long enough. */
static unsigned int max_level(const struct prefault *p)
{
	unsigned int level = TDP_LEVEL_1G;

	if (!p->api->aligned_levels)
		return level;
	while (level > TDP_LEVEL_4K &&
	       (!is_aligned(p->gpa, level_size(level)) ||
		p->size < level_size(level)))
		level--;
	return level;
}

/* Up to the first posting userspace had to say it, then the attribute did. */
static bool wants_private(const struct prefault *p)
{
	if (p->api->flags)
		return p->flags & MAP_V1_PRIVATE;
	return gfn_is_private(p->vcpu->vm, p->gpa >> 12);
}

static uint64_t error_code(const struct prefault *p)
{
	uint64_t code = p->api->guest_final ? PFERR_GUEST_FINAL : 0;

	if (wants_private(p))
		code |= PFERR_PRIVATE_ACCESS;

	if (p->flags & MAP_V1_WRITE)
		code |= PFERR_WRITE;
	if (p->flags & MAP_V1_EXEC)
		code |= PFERR_FETCH;
	if (p->flags & MAP_V1_USER)
		code |= PFERR_USER;
	return code;
}

/* One round more, for the record: nothing but the fault itself is repeated. */
static void record_cycle(struct prefault *p)
{
	struct fault again = p->f.fault;
	struct cycle_recorder recorder;

	cycle_begin(p->vcpu, &recorder);
	fault_handle(&again);
	cycle_end(p->vcpu, &recorder);
	p->result->cycle = p->vcpu->cycle.nr_events;
}

/* A loop that only a signal ends: it comes, or the task spins for ever. */
static int spin(struct prefault *p)
{
	struct tdp_vcpu *vcpu = p->vcpu;
	enum tdp_reason why = p->f.fault.why == TDP_WHY_ROOT_OBSOLETE ?
				      TDP_WHY_STALE_ROOT_LOOP :
				      p->f.fault.why;

	if (vcpu->signal_after) {
		vcpu->signal_after = 0;
		vcpu->signal_pending = true;
	}
	/* KVM 6.12: kvm_tdp_map_page() leaves kvm_run alone. */
	if (vcpu->signal_pending) {
		vcpu->signal_pending = false;
		return fail(p, -EINTR, why);
	}
	p->result->outcome = TDP_OUTCOME_LIVELOCK;
	record_cycle(p);
	return fail(p, -EINTR, why);
}

/* RET_PF_RETRY: 0 to try again, else an errno. */
static int retry(struct prefault *p)
{
	const struct fault *f = &p->f.fault;

	if (f->why == TDP_WHY_GUEST_PTE_ABSENT)
		return fail(p, -ENOENT, f->why);
	if (f->why == TDP_WHY_GUEST_PTE_FORBIDS)
		return fail(p, -EFAULT, f->why);
	if (f->why == TDP_WHY_SLOT_DYING && p->api->eagain_on_dying)
		return fail(p, -EAGAIN, f->why);
	if (p->api->retry)
		return fail(p, p->api->retry, f->why);
	if (!p->stepped &&
	    (f->why == TDP_WHY_ROOT_OBSOLETE || f->why == TDP_WHY_SLOT_DYING))
		return spin(p);
	if (!p->vcpu->signal_pending)
		return 0;
	p->vcpu->signal_pending = false;
	return fail(p, -EINTR, TDP_WHY_SIGNAL);
}

static int failed(struct prefault *p)
{
	const struct fault *f = &p->f.fault;

	result_memory_fault(p->result, f);
	if (f->why != TDP_WHY_HOST_BLOCKS)
		return fail(p, f->err, f->why);
	if (p->vcpu->signal_after) {
		p->vcpu->signal_after = 0;
		p->vcpu->signal_pending = true;
	}
	if (signal_arrived(p)) {
		p->vcpu->signal_pending = false;
		return fail(p, -EINTR, TDP_WHY_SIGNAL);
	}
	p->result->outcome = TDP_OUTCOME_BLOCKED;
	return fail(p, -EINTR, f->why);
}

static int emulate_errno(const struct prefault *p)
{
	/* The first posting told holes from other emulation. */
	if (p->api->any_handler && p->f.fault.no_slot)
		return -EFAULT;
	return p->api->emulate;
}

static void prepare(struct prefault *p)
{
	p->f.fault = (struct fault){
		.vm = p->vcpu->vm,
		.vcpu = p->vcpu,
		.error = p->err,
		.addr = p->gpa,
		.error_code = error_code(p),
		.prefetch = p->api->prefetch,
		.level_limit = max_level(p),
	};
}

/* What came of it.  0: mapped; 1: try again; else an errno. */
static int conclude(struct prefault *p, enum ret_pf ret)
{
	int err;

	p->result->mmu_pages += p->f.fault.nr_pages;
	switch (ret) {
	case RET_PF_FIXED:
		p->result->faults_fixed++;
		return 0;
	case RET_PF_SPURIOUS:
		p->result->faults_spurious++;
		return 0;
	case RET_PF_WRITE_PROTECTED:
		return 0;
	case RET_PF_RETRY:
		err = retry(p);
		return err ? err : 1;
	case RET_PF_EMULATE:
		return fail(p, emulate_errno(p), p->f.fault.why);
	case RET_PF_ERRNO:
		return failed(p);
	case RET_PF_STOP:
		p->status = p->f.fault.status;
		return -ENOMEM;
	default:
		return fail(p, -EIO, p->f.fault.why);
	}
}

/* The page is mapped, or can't be. */
static int page_done(struct prefault *p, int err)
{
	const struct fault *f = &p->f.fault;

	p->result->pferr = f->error_code;
	if (err)
		return err;
	p->result->reason = f->why;
	p->result->level = f->goal_level;
	p->result->spte = f->spte;
	p->result->hpa = f->pfn << 12;
	return 0;
}

static int map_page(struct prefault *p)
{
	unsigned int tries = 0;
	int ret;

	do {
		prepare(p);
		ret = conclude(p, fault_handle(&p->f.fault));
	} while (ret == 1 && ++tries < MAX_RETRIES);
	/* Nothing else runs here that could make one more try succeed. */
	if (ret == 1)
		ret = spin(p);
	return page_done(p, ret);
}

/* To the end of the mapped block, or of the request. */
static void advance(struct prefault *p)
{
	uint64_t block = level_size(p->f.fault.goal_level);
	uint64_t step = align_down(p->gpa, block) + block - p->gpa;

	if (!p->api->wraps_size)
		step = min_u64(step, p->size);
	p->gpa += step;
	p->size -= step;
	count_down(p->vcpu, step);
}

/* One page by the vCPU's current MMU. */
static int current_mode(struct prefault *p)
{
	int err = load_mmu(p);

	return err ? err : map_page(p);
}

/*
 * The alternative that swaps the MMU: leave SMM (and guest mode), fault,
 * come back; two MMU resets a page.  As posted it left the guest-mode flag
 * set, so the root was the one of guest mode all the same.
 */
static int base_mode(struct prefault *p, bool leave_guest_mode)
{
	struct tdp_vcpu *vcpu = p->vcpu;
	bool smm = vcpu->smm, guest_mode = vcpu->guest_mode;
	bool nested_tdp = vcpu->nested_tdp;
	struct mmu *mmu = vcpu->mmu;
	int err;

	vcpu->smm = false;
	vcpu->nested_tdp = false;
	vcpu->guest_mode = guest_mode && !leave_guest_mode;
	vcpu->mmu = &vcpu->root_mmu;
	mmu_reset_context(vcpu);
	err = current_mode(p);
	result_end(vcpu, p->result);
	vcpu->smm = smm;
	vcpu->guest_mode = guest_mode;
	vcpu->nested_tdp = nested_tdp;
	vcpu->mmu = mmu;
	mmu_reset_context(vcpu);
	return err;
}

/* Is it mapped by the vCPU's MMU as it is, or by another? */
static unsigned int mode_of(const struct prefault *p)
{
	const struct tdp_kvm_config *kvm = &p->vcpu->vm->kvm;

	if (p->vcpu->smm)
		return kvm->value[B_PREFAULT_SMM];
	if (p->vcpu->guest_mode)
		return kvm->value[B_PREFAULT_GUEST_MODE];
	return PREFAULT_MODE_CURRENT;
}

static bool swaps_mmu(unsigned int mode)
{
	return mode == PREFAULT_MODE_BASE ||
	       mode == PREFAULT_MODE_BASE_AS_POSTED;
}

static int one_page(struct prefault *p)
{
	unsigned int mode = mode_of(p);
	int err;

	if (swaps_mmu(mode))
		return base_mode(p, mode == PREFAULT_MODE_BASE);
	err = current_mode(p);
	result_end(p->vcpu, p->result);
	return err;
}

/* The pages behind that get the same SPTE need not be looked at one by one. */
static void extend(struct prefault *p)
{
	uint64_t max = p->size >> 12, nr;

	if (p->vcpu->signal_pending)
		return;
	if (p->vcpu->signal_after)
		max = min_u64(max, p->vcpu->signal_after);
	nr = tdp_map_run(&p->f.fault, max);
	p->result->faults_fixed += (unsigned int)nr;
	p->result->spte = p->f.fault.spte;
	p->result->hpa = p->f.fault.pfn << 12;
	p->gpa += nr << 12;
	p->size -= nr << 12;
	count_down(p->vcpu, nr << 12);
}

static int all_pages(struct prefault *p)
{
	int err = 0;

	while (p->size) {
		if (signal_arrived(p))
			return fail(p, -EINTR, TDP_WHY_SIGNAL);
		err = one_page(p);
		if (err)
			break;
		advance(p);
		extend(p);
	}
	return err;
}

static int check(struct prefault *p)
{
	int err;

	if (vm_is_dead(p->vcpu->vm))
		return fail(p, -EIO, TDP_WHY_VM_DEAD);
	if (!p->api->exists)
		return fail(p, -EINVAL, TDP_WHY_NO_IOCTL);
	err = check_arguments(p);
	return err ? err : check_mode(p);
}

static int run(struct prefault *p)
{
	int err = check(p);

	return err ? err : all_pages(p);
}

/* What the ioctl returns, with the arguments as it leaves them. */
static int finish(struct prefault *p, int ret)
{
	struct tdp_result *result = p->result;

	p->done = true;
	if (p->status)
		return p->status;
	/* A signal that only cut the call short is seen by the next one. */
	if (ret == -EINTR && p->size == p->whole)
		p->vcpu->signal_pending = false;
	if (ret && p->api->hides_errors && p->size != p->whole)
		ret = p->api->partial;
	result->ret = ret;
	result->gpa = p->gpa;
	result->size = p->size;
	if (ret && result->outcome == TDP_OUTCOME_DONE)
		result->outcome = TDP_OUTCOME_FAILED;
	p->vcpu->asleep = result->outcome == TDP_OUTCOME_BLOCKED;
	return TDP_OK;
}

void prefault_begin(struct prefault *p, struct tdp_vcpu *vcpu, uint64_t gpa,
		    uint64_t size, uint64_t flags, struct tdp_result *result,
		    struct tdp_error *err)
{
	*p = (struct prefault){
		.vcpu = vcpu,
		.api = &apis[vcpu->vm->kvm.value[B_PREFAULT_API]],
		.result = result,
		.err = err,
		.gpa = gpa,
		.size = size,
		.whole = size,
		.flags = flags,
	};
	result_begin(result);
}

int tdp_vcpu_prefault(struct tdp_vcpu *vcpu, tdp_gpa gpa, uint64_t size,
		      uint64_t flags, struct tdp_result *result,
		      struct tdp_error *err)
{
	struct prefault p;

	prefault_begin(&p, vcpu, gpa.addr, size, flags, result, err);
	return finish(&p, run(&p));
}

/* The same, one step of the kernel at a time ---------------------------------- */

/* The next page, or the end.  Pages of swapped MMUs are one step each. */
static int next_page(struct prefault *p)
{
	int err;

	if (!p->size)
		return finish(p, 0);
	if (signal_arrived(p))
		return finish(p, fail(p, -EINTR, TDP_WHY_SIGNAL));
	if (swaps_mmu(mode_of(p))) {
		err = one_page(p);
		if (err)
			return finish(p, err);
		advance(p);
		return TDP_OK;
	}
	err = load_mmu(p);
	if (err)
		return finish(p, err);
	prepare(p);
	p->f.stage = FAULT_BEGIN;
	p->in_fault = true;
	return TDP_OK;
}

/* KVM 6.12: kvm_tdp_map_page() looks for a signal before each try. */
static int page_step(struct prefault *p)
{
	enum ret_pf pf = stepped_fault_step(&p->f);
	int ret;

	if (pf == RET_PF_CONTINUE)
		return TDP_OK;
	ret = conclude(p, pf);
	if (ret == 1) {
		prepare(p);
		p->f.stage = FAULT_BEGIN;
		return TDP_OK;
	}
	p->in_fault = false;
	ret = page_done(p, ret);
	result_end(p->vcpu, p->result);
	if (ret)
		return finish(p, ret);
	advance(p);
	return p->size ? TDP_OK : finish(p, 0);
}

int prefault_step(struct prefault *p)
{
	int err;

	if (p->in_fault)
		return page_step(p);
	if (p->begun)
		return next_page(p);
	p->begun = true;
	err = check(p);
	return err ? finish(p, err) : next_page(p);
}

uint64_t tdp_vm_prefault_capability(const struct tdp_vm *vm, bool system)
{
	const struct prefault_api *api = &apis[vm->kvm.value[B_PREFAULT_API]];

	switch (api->capability) {
	case CAP_NONE:
		break;
	case CAP_ALWAYS:
		return 1;
	case CAP_TDP_OF_VM:
		return system || vm->tdp_enabled;
	case CAP_TDP:
		return vm->tdp_enabled;
	}
	return 0;
}
