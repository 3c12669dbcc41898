/* SPDX-License-Identifier: MIT */
/* KVM_RUN up to VM entry. */
#include <errno.h>

#include "base/error.h"
#include "kvm/mmu.h"
#include "kvm/root.h"
#include "kvm/shadow.h"
#include "ops/hw.h"
#include "ops/ops.h"

/*
 * Without a TLB in the model, a flush has no effect but to be counted, and to
 * end the time for which shadow pages may be out of sync.
 */
static void serve_flushes(struct tdp_vcpu *vcpu)
{
	bool flush = request_take(vcpu, REQ_TLB_FLUSH);

	flush = request_take(vcpu, REQ_TLB_FLUSH_CURRENT) || flush;
	if (request_take(vcpu, REQ_TLB_FLUSH_GUEST)) {
		shadow_flush_guest(vcpu);
		flush = true;
	}
	if (flush)
		vcpu->vm->stats.tlb_flushes++;
}

/*
 * The requests that matter to translation, in the order of KVM 6.12
 * vcpu_enter_guest().
 */
int run_serve(struct tdp_vcpu *vcpu, struct tdp_result *result, bool *proceed)
{
	int ret = TDP_OK;

	*proceed = true;
	if (request_take(vcpu, REQ_GET_NESTED_STATE_PAGES))
		ret = nested_pages_serve(vcpu, result, proceed);
	if (ret || !*proceed)
		return ret;
	if (request_take(vcpu, REQ_MMU_FREE_OBSOLETE_ROOTS))
		root_free_obsolete(vcpu);
	if (request_take(vcpu, REQ_MMU_SYNC))
		shadow_sync_roots(vcpu);
	request_take(vcpu, REQ_LOAD_MMU_PGD);
	serve_flushes(vcpu);
	return TDP_OK;
}

static int triple_fault(struct tdp_result *result, enum tdp_reason why)
{
	result->outcome = TDP_OUTCOME_SHUTDOWN;
	result->reason = why;
	result->exit_reason = KVM_EXIT_SHUTDOWN;
	return TDP_OK;
}

/* Are L2's pages loaded before vcpu_run() looks whether to enter or to block? */
static bool serves_halted(const struct tdp_vm *vm)
{
	switch (vm->kvm.value[B_NESTED_STATE_PAGES]) {
	case NESTED_STATE_PAGES_UNBLOCK:
	case NESTED_STATE_PAGES_VCPU_RUN:
		return true;
	default:
		return false;
	}
}

/* KVM 6.12: vcpu_block(): requests wait for the next entry. */
static int run_halted(struct tdp_vcpu *vcpu, struct tdp_result *result)
{
	bool proceed = true;
	int ret = TDP_OK;

	if (serves_halted(vcpu->vm) &&
	    request_take(vcpu, REQ_GET_NESTED_STATE_PAGES))
		ret = nested_pages_serve(vcpu, result, &proceed);
	return ret || !proceed ? ret : result_block(result, TDP_WHY_HALTED);
}

void tdp_vcpu_set_mp_state(struct tdp_vcpu *vcpu, bool halted)
{
	vcpu->halted = halted;
}

int run_prepare(struct tdp_vcpu *vcpu, struct tdp_result *result, bool *enter,
		struct tdp_error *err)
{
	enum tdp_reason why = TDP_WHY_NONE;
	bool proceed;
	int errno_, ret;

	*enter = false;
	ret = check_alive(vcpu->vm, err);
	if (ret || result_vm_dead(vcpu->vm, result))
		return ret;
	vcpu->has_run = vcpu->vm->has_run = true;
	if (vcpu->halted) {
		ret = run_halted(vcpu, result);
		return ret ? err_set(err, ret, "no memory for L2's pages") :
			     TDP_OK;
	}
	ret = run_serve(vcpu, result, &proceed);
	if (ret || !proceed)
		return ret ? err_set(err, ret, "no memory for L2's pages") :
			     TDP_OK;
	ret = root_reload(vcpu, &errno_, &why, err);
	if (ret)
		return ret;
	if (errno_ > 0)
		return triple_fault(result, why);
	if (errno_)
		return result_fail(result, errno_, why);
	vcpu->nested_run_pending = false;
	*enter = true;
	return TDP_OK;
}

static int refuse_entry(struct tdp_result *result, enum tdp_reason why,
			unsigned int exit_reason)
{
	result->outcome = TDP_OUTCOME_ENTRY_FAILED;
	result->reason = why;
	result->exit_reason = exit_reason;
	return TDP_OK;
}

/* Requests are served first: KVM 6.12 kvm_vcpu_exit_request(), vcpu_run(). */
static bool interrupted(struct tdp_vcpu *vcpu, struct tdp_result *result)
{
	if (!vcpu->signal_pending)
		return false;
	vcpu->signal_pending = false;
	result->exit_reason = KVM_EXIT_INTR;
	result_fail(result, -EINTR, TDP_WHY_SIGNAL);
	return true;
}

/* The state that hardware would refuse ends KVM_RUN as a failed entry. */
int run_enter(struct tdp_vcpu *vcpu, struct tdp_result *result, bool *entered,
	      struct tdp_error *err)
{
	int ret;

	ret = run_prepare(vcpu, result, entered, err);
	if (ret || !*entered)
		return ret;
	*entered = !interrupted(vcpu, result);
	if (!*entered)
		return TDP_OK;
	*entered = nested_entry_ok(vcpu);
	/* KVM_RUN goes on in L1. */
	if (!*entered)
		return refuse_entry(result, TDP_WHY_VIRTUAL_APIC_PAGE,
				    KVM_EXIT_UNKNOWN);
	ret = hw_load(vcpu, NULL);
	if (ret != TDP_EINVAL)
		return ret ? err_set(err, ret, "no memory for a walk") : ret;
	*entered = false;
	return refuse_entry(result, TDP_WHY_BAD_REGISTER, KVM_EXIT_FAIL_ENTRY);
}

int tdp_vcpu_run(struct tdp_vcpu *vcpu, struct tdp_result *result,
		 struct tdp_error *err)
{
	bool entered;
	int ret;

	result_begin(result);
	ret = run_enter(vcpu, result, &entered, err);
	if (!ret)
		result_end(vcpu, result);
	return ret;
}

void tdp_vcpu_signal(struct tdp_vcpu *vcpu, uint64_t after)
{
	vcpu->signal_after = after;
	vcpu->signal_pending = !after;
}
