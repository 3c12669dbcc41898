/* SPDX-License-Identifier: MIT */
/* KVM_RUN in which the guest makes one memory access. */
#include <errno.h>

#include "base/error.h"
#include "kvm/dirty_log.h"
#include "kvm/fault.h"
#include "kvm/guest_mem.h"
#include "kvm/shadow.h"
#include "ops/cycle.h"
#include "ops/hw.h"
#include "ops/nested.h"
#include "ops/ops.h"
#include "vm/host.h"
#include "ops/stepped.h"

/* Exits without progress before the loop is called one. */
#define MAX_REPEATS 3
/* Accesses in one KVM_RUN. */
#define MAX_PAGES (1u << 20)

/* Reporting a walk -------------------------------------------------------------- */

static void report_walk(const struct tdp_walk_result *walk,
			struct tdp_result *result)
{
	unsigned int shift = walk->nested_shift ? walk->nested_shift :
						  walk->guest_shift;

	result->walk_reason = walk->reason;
	result->guest_refs = walk->guest_reads;
	result->nested_refs = walk->nested_reads;
	result->refs = walk->guest_reads + walk->nested_reads;
	if (walk->outcome != TDP_WALK_OK)
		return;
	result->gpa = walk->gpa.addr;
	result->hpa = walk->hpa.addr;
	result->memtype = walk->memtype;
	result->level = shift ? (shift - 12) / 9 + 1 : TDP_LEVEL_NONE;
}

/* The processor delivers it: KVM sees nothing of it, unless L1 wants it. */
static int guest_fault(struct access_run *run, unsigned int vector)
{
	const struct exception e = {
		.vector = vector,
		.code = run->walk.info,
		.address = run->walk.gva.addr,
	};

	run->done = true;
	return exception_raise(run->vcpu, run->result, &e);
}

/* What the guest reads or writes once the walk succeeded. */
static void transfer(struct access_run *run)
{
	const struct tdp_access *access = &run->access;
	struct physmem *pm = &run->vcpu->vm->pm;
	uint64_t hpa = run->walk.hpa.addr;

	if (!access->size || hpa + access->size > pm->size)
		return;
	if (access->kind == TDP_WRITE)
		physmem_copy_in(pm, hpa, &access->value, access->size);
	else
		memcpy(&run->result->value, pm->base + hpa, access->size);
}

/* From exit to error code ---------------------------------------------------------- */

/*
 * With GMET the processor may report a fetch of the supervisor as a user's
 * (erratum 1218): KVM 7.2 goes by the CPL instead.
 */
static uint64_t pferr_of_npf(const struct access_run *run)
{
	uint64_t pferr = run->walk.info;

	if (!(pferr & PFERR_FETCH) || !vcpu_runs_with_gmet(run->vcpu))
		return pferr;
	pferr &= ~PFERR_USER;
	return run->access.user ? pferr | PFERR_USER : pferr;
}

/* Fill in the exit: what hardware reported, what KVM's MMU is told. */
static void describe_exit(struct access_run *run)
{
	const struct tdp_walk_result *walk = &run->walk;
	const struct tdp_vm *vm = run->vcpu->vm;
	struct tdp_result *result = run->result;

	result->exit_info1 = walk->info;
	result->exit_info2 = walk->gpa.addr;
	switch (walk->outcome) {
	case TDP_WALK_EPT_VIOLATION:
		result->exit = TDP_EXIT_EPT_VIOLATION;
		result->pferr = fault_ept_error_code(vm, walk->info);
		break;
	case TDP_WALK_EPT_MISCONFIG:
		result->exit = TDP_EXIT_EPT_MISCONFIG;
		result->pferr = PFERR_RSVD;
		break;
	case TDP_WALK_NPF:
		result->exit = TDP_EXIT_NPF;
		result->pferr = pferr_of_npf(run);
		break;
	default:
		result->exit = TDP_EXIT_PF;
		result->exit_info2 = walk->gva.addr;
		result->pferr = (uint32_t)walk->info;
	}
	run->vcpu->pml_logged = 0;
	run->vcpu->last_violation = result->exit == TDP_EXIT_EPT_VIOLATION;
	run->vcpu->last_exit_info = result->exit_info1;
	result->exits++;
	trace(vm, kvm_exit, run->vcpu->id, result->exit, result->exit_info1,
	      result->exit_info2);
	if (run->vcpu->guest_mode)
		trace(vm, kvm_nested_vmexit, run->vcpu->id, result->exit,
		      result->exit_info1, result->exit_info2);
	if (result->exit != TDP_EXIT_EPT_MISCONFIG)
		trace(vm, kvm_page_fault, run->vcpu->id, result->exit_info2,
		      result->exit_info1);
}

/* Handling the exit ------------------------------------------------------------------ */

static int step(struct access_run *run);

/* One round more, for the record; what it counts does not count. */
static int record_cycle(struct access_run *run)
{
	struct tdp_result before = *run->result;
	struct cycle_recorder recorder;
	int ret;

	run->recording = true;
	cycle_begin(run->vcpu, &recorder);
	ret = step(run);
	cycle_end(run->vcpu, &recorder);
	*run->result = before;
	run->result->cycle = run->vcpu->cycle.nr_events;
	return ret;
}

static int livelock(struct access_run *run, const struct fault *f)
{
	run->done = true;
	if (run->recording)
		return TDP_OK;
	run->result->outcome = TDP_OUTCOME_LIVELOCK;
	run->result->reason = f->why;
	if (hw_nested_levels(run->vcpu) &&
	    hw_nested_levels(run->vcpu) != run->vcpu->mmu->root_role.level)
		run->result->reason = TDP_WHY_WALK_MISMATCH;
	return record_cycle(run);
}

/* The same exit again, and nothing was installed: how often? */
static bool no_progress(struct access_run *run, bool fixed)
{
	const struct tdp_result *result = run->result;

	if (fixed || run->last_info != result->exit_info1 ||
	    run->last_address != result->exit_info2)
		run->repeats = 0;
	else
		run->repeats++;
	run->last_info = result->exit_info1;
	run->last_address = result->exit_info2;
	return run->repeats >= MAX_REPEATS;
}

/*
 * Code can't be fetched from nowhere: userspace hears of it, unless it is
 * user code's or L2's, which gets a #UD.  KVM 6.12: handle_emulation_failure().
 */
static int no_code(struct access_run *run, const struct fault *f)
{
	const struct exception e = {
		.vector = VECTOR_UD,
		.why = f->why,
		.by_kvm = true,
	};

	if (run->access.user || run->vcpu->guest_mode)
		return exception_raise(run->vcpu, run->result, &e);
	run->result->outcome = TDP_OUTCOME_INTERNAL_ERROR;
	run->result->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	return TDP_OK;
}

/* Was the second stage asked for an entry of the guest's tables? */
static bool on_guest_table(const struct access_run *run)
{
	const struct tdp_walk_result *walk = &run->walk;

	return walk->outcome != TDP_WALK_PF && walk->target;
}

/*
 * The emulator takes the exit's guest-physical address for an access at the
 * same place of a page.  KVM 6.12: EMULTYPE_PF in x86_emulate_instruction().
 */
static void offer_gpa(struct tdp_vcpu *vcpu, uint64_t gpa)
{
	vcpu->emulated_gpa = vcpu->mmu->root_role.direct ? gpa : UINT64_MAX;
}

static int mmio(struct access_run *run, const struct fault *f)
{
	bool done;
	int ret;

	offer_gpa(run->vcpu, run->result->exit_info2);
	run->done = true;
	run->result->reason = f->why;
	run->result->gpa = f->gfn << 12 |
			   (run->result->exit_info2 & FRAME_MASK);
	run->result->mmio_exits++;
	/* The guest's tables are the emulator's to walk. */
	if (on_guest_table(run)) {
		run->result->outcome = TDP_OUTCOME_EMULATE;
		return TDP_OK;
	}
	if (!run->vcpu->vm->tdp_enabled && !run->vcpu->mmu->root_role.direct) {
		ret = emulate_mmio(run->vcpu, &run->access, run->result, &done);
		if (ret || done)
			return ret;
	}
	if (run->access.kind == TDP_FETCH)
		return no_code(run, f);
	run->result->outcome = TDP_OUTCOME_MMIO;
	run->result->exit_reason = KVM_EXIT_MMIO;
	return TDP_OK;
}

/*
 * A write to a frame that holds a shadowed table: the instruction is
 * emulated, and the shadow pages hear of it.  KVM 6.12:
 * kvm_mmu_write_protect_fault(), kvm_mmu_track_write().
 */
static int emulate_write(struct access_run *run, const struct fault *f)
{
	struct tdp_vcpu *vcpu = run->vcpu;
	const struct tdp_access *access = &run->access;
	uint64_t gpa = f->gfn << 12 | (access->gva.addr & FRAME_MASK);

	/* The guest's tables are the emulator's to walk. */
	if (on_guest_table(run))
		gpa = run->result->exit_info2;
	run->done = true;
	offer_gpa(vcpu, run->result->exit_info2);
	run->result->outcome = TDP_OUTCOME_EMULATE;
	run->result->reason = TDP_WHY_WRITE_TRACKED;
	run->result->gpa = gpa;
	if (!access->size || on_guest_table(run))
		return TDP_OK;
	if (guest_mem_write(vcpu->vm, vcpu->smm, gpa, access->size,
			    access->value) == GUEST_MEM_OK)
		shadow_track_write(vcpu, gpa, access->size);
	return TDP_OK;
}

/* get_user_pages sleeps in KVM_RUN until userspace serves the page. */
static int failed(struct access_run *run, const struct fault *f)
{
	run->done = true;
	result_memory_fault(run->result, f);
	if (f->why != TDP_WHY_HOST_BLOCKS)
		return result_fail(run->result, f->err, f->why);
	if (run->vcpu->signal_pending) {
		run->vcpu->signal_pending = false;
		run->result->exit_reason = KVM_EXIT_INTR;
		return result_fail(run->result, -EINTR, TDP_WHY_SIGNAL);
	}
	run->result->outcome = TDP_OUTCOME_BLOCKED;
	run->result->reason = f->why;
	return TDP_OK;
}

static int inject(struct access_run *run, const struct fault *f)
{
	const struct exception e = {
		.vector = VECTOR_PF,
		.code = f->inject_code,
		.address = f->inject_address,
		.why = f->why,
		.by_kvm = true,
	};

	run->done = true;
	if (f->inject_nested)
		return nested_reflect_fault(run->vcpu, f, run->result);
	return exception_raise(run->vcpu, run->result, &e);
}

static int conclude(struct access_run *run, struct fault *f, enum ret_pf ret)
{
	struct tdp_result *result = run->result;

	result->pferr = f->error_code;
	result->reason = f->why;
	result->spte = f->spte;
	result->mmu_pages += f->nr_pages;
	if (unlikely(vm_bug(run->vcpu->vm))) {
		run->done = true;
		return TDP_OK;
	}
	switch (ret) {
	case RET_PF_STOP:
		return f->status;
	case RET_PF_ERRNO:
		return failed(run, f);
	case RET_PF_EMULATE:
		return mmio(run, f);
	case RET_PF_WRITE_PROTECTED:
		return emulate_write(run, f);
	case RET_PF_FIXED:
		result->faults_fixed++;
		if (f->why == TDP_WHY_FAST_FIXED)
			result->faults_fast++;
		break;
	case RET_PF_SPURIOUS:
		result->faults_spurious++;
		break;
	default:
		break;
	}
	if (f->inject)
		return inject(run, f);
	if (!run->stepped && no_progress(run, ret == RET_PF_FIXED))
		return livelock(run, f);
	return TDP_OK;
}

static int handle_exit(struct access_run *run)
{
	struct tdp_vcpu *vcpu = run->vcpu;
	struct fault *f = &run->f.fault;

	*f = (struct fault){
		.vm = vcpu->vm,
		.vcpu = vcpu,
		.error = run->err,
	};
	describe_exit(run);
	f->addr = run->result->exit_info2;
	f->error_code = run->result->pferr;
	if (run->stepped) {
		run->in_fault = true;
		run->f.stage = FAULT_EXIT;
		run->f.blocked = false;
		return TDP_OK;
	}
	return conclude(run, f, fault_exit(f));
}

/* Running ------------------------------------------------------------------------------- */

static int walk_once(struct access_run *run, unsigned int flags,
		     struct tdp_walk_log *log)
{
	struct tdp_walk_access access = {
		.gva = run->access.gva,
		.kind = run->access.kind,
		.user = run->access.user,
		.implicit = run->access.implicit,
		.size = run->access.size,
	};

	return tdp_walk(run->vcpu->vm->walker, &access, flags, log, &run->walk);
}

/*
 * KVM 6.12: vmx_flush_pml_buffer(), which comes with the next exit; until
 * then nobody looks at the log.
 */
static void log_pml(const struct access_run *run)
{
	const struct memslots *slots = vcpu_memslots(run->vcpu);
	unsigned int i;

	run->vcpu->pml_logged += run->walk.nr_pml;
	for (i = 0; i < run->walk.nr_pml; i++) {
		uint64_t gfn = run->walk.pml[i].addr >> 12;

		dirty_log_mark(memslots_find(slots, gfn), gfn);
	}
}

/*
 * No room for another entry, so that nothing was marked or written: the exit
 * drains the buffer, and the guest goes on.  KVM 6.12: handle_pml_full()
 */
static int pml_full(struct access_run *run)
{
	struct tdp_result *result = run->result;

	run->vcpu->pml_logged = 0;
	result->exit = TDP_EXIT_PML_FULL;
	result->exit_info1 = run->walk.info;
	result->exit_info2 = 0;
	result->exits++;
	trace(run->vcpu->vm, kvm_exit, run->vcpu->id, result->exit,
	      result->exit_info1, result->exit_info2);
	return TDP_OK;
}

/* The access is made; it may be one of several. */
static void next_page(struct access_run *run)
{
	run->result->outcome = TDP_OUTCOME_DONE;
	run->done = ++run->pages_done >= run->access.pages;
	if (run->done)
		return;
	run->access.gva.addr += FRAME_SIZE;
	run->last_info = UINT64_MAX;
	run->repeats = 0;
}

/* One entry into the guest, and what ends it. */
static int step(struct access_run *run)
{
	bool entered;
	int ret = run_enter(run->vcpu, run->result, &entered, run->err);

	if (ret || !entered) {
		run->done = true;
		return ret;
	}
	ret = walk_once(run, 0, NULL);
	if (ret)
		return err_set(run->err, ret, "the access crosses a page");
	log_pml(run);
	report_walk(&run->walk, run->result);
	switch (run->walk.outcome) {
	case TDP_WALK_OK:
		transfer(run);
		next_page(run);
		return TDP_OK;
	case TDP_WALK_GP:
		return guest_fault(run, VECTOR_GP);
	case TDP_WALK_SS:
		return guest_fault(run, VECTOR_SS);
	case TDP_WALK_PF:
		if (run->vcpu->vm->tdp_enabled)
			return guest_fault(run, VECTOR_PF);
		return handle_exit(run);
	case TDP_WALK_EPT_VIOLATION:
	case TDP_WALK_EPT_MISCONFIG:
	case TDP_WALK_NPF:
		return handle_exit(run);
	case TDP_WALK_PML_FULL:
		return pml_full(run);
	default:
		return err_set(run->err, TDP_EUNSUPPORTED,
			       "exits: the model does not handle %s yet",
			       tdp_walk_outcome_name(run->walk.outcome));
	}
}

static void find_leaf(const struct tdp_vcpu *vcpu, struct tdp_result *result)
{
	struct tdp_spte_info path[5];
	unsigned int nr;

	if (result->outcome != TDP_OUTCOME_DONE || !result->root_id)
		return;
	nr = tdp_vm_get_sptes(vcpu->vm, result->root_id, TDP_GPA(result->gpa),
			      path);
	if (nr && vcpu->mmu->root_role.direct)
		result->spte = path[nr - 1].spte;
}

static void finish(const struct access_run *run)
{
	run->vcpu->pml_logged = 0;
	run->vcpu->asleep = run->result->outcome == TDP_OUTCOME_BLOCKED;
	result_end(run->vcpu, run->result);
	find_leaf(run->vcpu, run->result);
}

/* What a walk or an exit fills in is left alone: this is on every path. */
void access_begin(struct access_run *run, struct tdp_vcpu *vcpu,
		  const struct tdp_access *access, struct tdp_result *result,
		  struct tdp_error *err)
{
	run->vcpu = vcpu;
	run->access = *access;
	run->result = result;
	run->err = err;
	run->last_info = UINT64_MAX;
	run->last_address = 0;
	run->repeats = 0;
	run->pages_done = 0;
	run->done = run->stepped = run->in_fault = run->recording = false;
	vcpu->emulated_gpa = UINT64_MAX;
	result_begin(result);
}

int tdp_vcpu_access(struct tdp_vcpu *vcpu, const struct tdp_access *access,
		    struct tdp_result *result, struct tdp_error *err)
{
	struct access_run run;
	int ret = TDP_OK;

	if (access->pages > MAX_PAGES)
		return err_set(err, TDP_EINVAL, "more than %u accesses",
			       MAX_PAGES);
	access_begin(&run, vcpu, access, result, err);
	while (!ret && !run.done)
		ret = step(&run);
	if (!ret)
		finish(&run);
	return ret;
}

int access_step(struct access_run *run)
{
	enum ret_pf pf;
	int ret;

	if (!run->in_fault) {
		ret = step(run);
	} else {
		pf = stepped_fault_step(&run->f);
		if (pf == RET_PF_CONTINUE)
			return TDP_OK;
		run->in_fault = false;
		ret = conclude(run, &run->f.fault, pf);
	}
	if (!ret && run->done)
		finish(run);
	return ret;
}

int tdp_vcpu_translate(struct tdp_vcpu *vcpu, const struct tdp_access *access,
		       struct tdp_result *result, struct tdp_walk_log *log,
		       struct tdp_error *err)
{
	struct access_run run;
	int ret;

	access_begin(&run, vcpu, access, result, err);
	result_end(vcpu, result);
	if (vcpu->mmu->root.hpa == INVALID_PAGE)
		return err_set(
			err, TDP_EINVAL,
			"vCPU %u has no root loaded: it has not run since its MMU was reset",
			vcpu->id);
	ret = hw_load(vcpu, err);
	if (!ret)
		ret = walk_once(&run, TDP_WALK_DRY, log);
	if (ret)
		return ret;
	report_walk(&run.walk, result);
	result->exit_info1 = run.walk.info;
	result->exit_info2 = run.walk.gpa.addr;
	if (run.walk.outcome != TDP_WALK_OK) {
		result->outcome = TDP_OUTCOME_FAILED;
		result->error_code = run.walk.info;
	}
	find_leaf(vcpu, result);
	return TDP_OK;
}
