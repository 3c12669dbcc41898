/* SPDX-License-Identifier: MIT */
/*
 * The structures in guest memory that vmcs12 or vmcb12 points to: when each is
 * touched, and what KVM does if it is not there.
 *
 * KVM 6.12: nested_get_vmcs12_pages(), svm_get_nested_state_pages(); who asks
 * for that, and when, is behaviour nested.state_pages.
 */
#include <errno.h>

#include "kvm/guest_mem.h"
#include "ops/nested.h"
#include "ops/setreg.h"

struct structure {
	enum tdp_nested_page page;
	enum tdp_reason why;
	unsigned int nr_frames;
	bool write; /* mapped for writing */
};

/* In the order in which they are loaded. */
static const struct structure vmx_structures[] = {
	{ TDP_NESTED_APIC_ACCESS, TDP_WHY_APIC_ACCESS_PAGE, 1, true },
	{ TDP_NESTED_VIRTUAL_APIC, TDP_WHY_VIRTUAL_APIC_PAGE, 1, true },
	{ TDP_NESTED_PI_DESC, TDP_WHY_PI_DESC_PAGE, 1, true },
	{ TDP_NESTED_MSR_BITMAP, TDP_WHY_MSR_BITMAP_PAGE, 1, false },
};

/* APM 2: "MSR Intercepts": the permission map is 8 KiB. */
static const struct structure svm_structures[] = {
	{ TDP_NESTED_MSR_BITMAP, TDP_WHY_MSR_BITMAP_PAGE, 2, false },
};

static const struct structure *structures_of(const struct tdp_vm *vm,
					     size_t *nr)
{
	if (vm->host.vendor == TDP_INTEL) {
		*nr = ARRAY_SIZE(vmx_structures);
		return vmx_structures;
	}
	*nr = ARRAY_SIZE(svm_structures);
	return svm_structures;
}

void nested_pages_forget(struct tdp_vcpu *vcpu)
{
	unsigned int i;

	for (i = 0; i < TDP_NR_NESTED_PAGES; i++)
		vcpu->nested_page[i] = vcpu->nested.has_page[i] ?
					       NESTED_PAGE_UNLOADED :
					       NESTED_PAGE_UNUSED;
}

/* What a structure that can't be mapped means -------------------------------- */

static bool is_fatal(const struct tdp_vm *vm, enum tdp_nested_page page)
{
	return page == TDP_NESTED_APIC_ACCESS ||
	       (page == TDP_NESTED_MSR_BITMAP && vm->host.vendor == TDP_AMD);
}

/*
 * No TPR shadow is needed while every access to CR8 exits, unless accesses to
 * the APIC page are virtualized with it.
 */
static enum nested_page_state
without_virtual_apic(const struct tdp_nested_state *nested)
{
	if (nested->cr8_exiting && !nested->has_page[TDP_NESTED_APIC_ACCESS])
		return NESTED_PAGE_DROPPED;
	return NESTED_PAGE_INVALID;
}

static enum nested_page_state missing(const struct tdp_vcpu *vcpu,
				      enum tdp_nested_page page)
{
	switch (page) {
	case TDP_NESTED_VIRTUAL_APIC:
		return without_virtual_apic(&vcpu->nested);
	case TDP_NESTED_PI_DESC:
		/* Up to 5.12 the old descriptor stays in use. */
		return nested_since(vcpu->vm, NESTED_STATE_PAGES_REQUEST_5_14) ?
			       NESTED_PAGE_DROPPED :
			       NESTED_PAGE_UNLOADED;
	case TDP_NESTED_MSR_BITMAP:
		return NESTED_PAGE_DROPPED;
	case TDP_NESTED_APIC_ACCESS:
	case TDP_NR_NESTED_PAGES:
		break;
	}
	return NESTED_PAGE_UNLOADED;
}

/* Touching ----------------------------------------------------------------------- */

static enum guest_mem_status touch(const struct tdp_vcpu *vcpu,
				   const struct structure *s, uint64_t gpa,
				   bool write)
{
	enum guest_mem_status status = GUEST_MEM_OK;
	unsigned int i;
	uint64_t hpa;

	for (i = 0; i < s->nr_frames && status == GUEST_MEM_OK; i++)
		status = guest_mem_frame(vcpu->vm, 0,
					 align_down(gpa, FRAME_SIZE) +
						 i * FRAME_SIZE,
					 write, &hpa);
	return status;
}

static void report(const struct tdp_vcpu *vcpu, enum tdp_reason what,
		   uint64_t gpa, enum guest_mem_status status)
{
	int64_t ret = status == GUEST_MEM_OK     ? 0 :
		      status == GUEST_MEM_BLOCKS ? -EAGAIN :
						   -EFAULT;

	trace(vcpu->vm, nested_page, vcpu->id, what, gpa, (uint64_t)ret);
}

static int load_structure(struct tdp_vcpu *vcpu, const struct structure *s,
			  enum nested_load *load)
{
	uint64_t gpa = vcpu->nested.page[s->page];
	enum guest_mem_status status = touch(vcpu, s, gpa, s->write);

	*load = NESTED_LOADED;
	if (status == GUEST_MEM_NO_MEMORY)
		return TDP_ENOMEM;
	report(vcpu, s->why, gpa, status);
	if (status == GUEST_MEM_BLOCKS) {
		*load = NESTED_LOAD_BLOCKS;
	} else if (status == GUEST_MEM_OK) {
		vcpu->nested_page[s->page] = NESTED_PAGE_MAPPED;
	} else if (is_fatal(vcpu->vm, s->page)) {
		*load = NESTED_LOAD_FAILED;
	} else {
		vcpu->nested_page[s->page] = (uint8_t)missing(vcpu, s->page);
	}
	return TDP_OK;
}

void nested_pages_read_pdptrs(const struct tdp_vcpu *vcpu)
{
	if (!vcpu->nested.tdp && setreg_pae_paging(&vcpu->sregs))
		report(vcpu, TDP_WHY_PDPTRS, vcpu->sregs.cr3, GUEST_MEM_OK);
}

/* From 5.14 on, unless userspace supplied them; nested TDP brings its own. */
static enum nested_load load_pdptrs(struct tdp_vcpu *vcpu)
{
	uint64_t cr3 = vcpu->sregs.cr3;

	if (!nested_since(vcpu->vm, NESTED_STATE_PAGES_REQUEST_5_14) ||
	    vcpu->pdptrs_from_userspace || vcpu->nested.tdp ||
	    !setreg_pae_paging(&vcpu->sregs))
		return NESTED_LOADED;
	switch (setreg_reload_pdptrs(vcpu, cr3)) {
	case PDPTR_OK:
		report(vcpu, TDP_WHY_PDPTRS, cr3, GUEST_MEM_OK);
		return NESTED_LOADED;
	case PDPTR_BLOCKS:
		report(vcpu, TDP_WHY_PDPTRS, cr3, GUEST_MEM_BLOCKS);
		return NESTED_LOAD_BLOCKS;
	case PDPTR_BAD:
		break;
	}
	report(vcpu, TDP_WHY_PDPTRS, cr3, GUEST_MEM_FAULT);
	return NESTED_LOAD_FAILED;
}

int nested_pages_load(struct tdp_vcpu *vcpu, bool pdptrs,
		      enum nested_load *load, enum tdp_reason *why)
{
	const struct structure *s;
	size_t nr;
	int ret;

	*why = TDP_WHY_PDPTRS;
	*load = pdptrs ? load_pdptrs(vcpu) : NESTED_LOADED;
	s = structures_of(vcpu->vm, &nr);
	for (; nr && *load == NESTED_LOADED; s++, nr--) {
		if (!vcpu->nested.has_page[s->page])
			continue;
		*why = s->why;
		ret = load_structure(vcpu, s, load);
		if (ret)
			return ret;
	}
	if (*load == NESTED_LOADED)
		*why = TDP_WHY_NONE;
	return TDP_OK;
}

enum tdp_reason nested_pages_blocker(const struct tdp_vcpu *vcpu,
				     const struct tdp_nested_state *state)
{
	const struct structure *s;
	size_t nr;

	s = structures_of(vcpu->vm, &nr);
	for (; nr; s++, nr--) {
		enum guest_mem_status status;

		if (!state->has_page[s->page])
			continue;
		status = touch(vcpu, s, state->page[s->page], false);
		if (status == GUEST_MEM_BLOCKS)
			return s->why;
		if (status != GUEST_MEM_OK && is_fatal(vcpu->vm, s->page))
			break;
	}
	return TDP_WHY_NONE;
}

/* The request ---------------------------------------------------------------------- */

/*
 * before_entry and unblock are flags and not a request: a failed load is tried
 * again.  A sleeping KVM_RUN has not served its request yet.
 */
static void keep_request(struct tdp_vcpu *vcpu)
{
	vcpu->requests |= 1u << REQ_GET_NESTED_STATE_PAGES;
}

int nested_pages_stop(struct tdp_result *result, enum nested_load load,
		      enum tdp_reason why)
{
	if (load == NESTED_LOAD_BLOCKS)
		return result_block(result, why);
	result->reason = why;
	/* For the PDPTEs KVM_RUN returns 0 and says nothing more. */
	if (why == TDP_WHY_PDPTRS) {
		result->outcome = TDP_OUTCOME_FAILED;
		result->exit_reason = KVM_EXIT_UNKNOWN;
		return TDP_OK;
	}
	result->outcome = TDP_OUTCOME_INTERNAL_ERROR;
	result->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	return TDP_OK;
}

int nested_pages_serve(struct tdp_vcpu *vcpu, struct tdp_result *result,
		       bool *proceed)
{
	enum nested_load load;
	enum tdp_reason why;
	int ret;

	*proceed = true;
	/* 5.10 doesn't ask whether L2 is still active. */
	if (!vcpu->guest_mode &&
	    nested_since(vcpu->vm, NESTED_STATE_PAGES_REQUEST_5_12))
		return TDP_OK;
	ret = nested_pages_load(vcpu, true, &load, &why);
	*proceed = !ret && load == NESTED_LOADED;
	if (*proceed)
		return TDP_OK;
	if (ret || load == NESTED_LOAD_BLOCKS ||
	    nested_since(vcpu->vm, NESTED_STATE_PAGES_BEFORE_ENTRY))
		keep_request(vcpu);
	return ret ? ret : nested_pages_stop(result, load, why);
}
