/* SPDX-License-Identifier: MIT */
/* A fault that is handled one step of the kernel at a time. */
#include "kvm/fault.h"
#include "kvm/notify.h"
#include "kvm/root.h"
#include "support/machine.h"

#define GPA UINT64_C(0x5000)

static struct machine machine;

static int setup(void **state)
{
	struct machine *m = &machine;

	machine_init(m, TDP_INTEL, "v6.12");
	machine_start(m);
	machine_vcpu(m, 46);
	machine_slot(m, 0, 0, 0, 16 * MIB, TDP_BACKING_ANONYMOUS);
	assert_int_equal(tdp_vcpu_run(m->vcpu, &m->result, &m->err), TDP_OK);
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	machine_end(*state);
	return 0;
}

static struct fault fault_at(struct machine *m, uint64_t gpa)
{
	return (struct fault){
		.vm = m->vm,
		.vcpu = m->vcpu,
		.error = &m->err,
		.addr = gpa,
		.error_code = PFERR_WRITE,
	};
}

/* Steps up to and with @last; it must not be over before. */
static enum ret_pf steps(struct fault *f, enum fault_stage *stage,
			 enum fault_stage last)
{
	enum ret_pf ret = RET_PF_CONTINUE;
	enum fault_stage before;

	do {
		assert_int_equal(ret, RET_PF_CONTINUE);
		before = *stage;
		ret = fault_step(f, stage);
	} while (before < last);
	return ret;
}

static void steps_in_a_row_are_the_whole_fault(void **state)
{
	struct machine *m = *state;
	struct fault whole = fault_at(m, GPA),
		     split = fault_at(m, GPA + 0x1000);
	enum fault_stage stage = FAULT_BEGIN;

	assert_int_equal(fault_handle(&whole), RET_PF_FIXED);
	assert_int_equal(steps(&split, &stage, FAULT_LOCKED), RET_PF_FIXED);
	assert_int_equal(split.spte, whole.spte + 0x1000);
	assert_int_equal(split.why, TDP_WHY_MAPPED);
	assert_int_equal(tdp_vm_check(m->vm, &m->err), TDP_OK);
}

/* Nothing may be installed that was looked up before the notifier ran. */
static void invalidation_before_the_lock_makes_it_retry(void **state)
{
	struct machine *m = *state;
	struct fault f = fault_at(m, GPA);
	enum fault_stage stage = FAULT_BEGIN;

	assert_int_equal(steps(&f, &stage, FAULT_PFN), RET_PF_CONTINUE);
	notify_unmap(m->vm, 0, UINT64_MAX);
	assert_int_equal(steps(&f, &stage, FAULT_LOCKED), RET_PF_RETRY);
	assert_int_equal(f.why, TDP_WHY_NONE);
}

static void open_invalidation_makes_its_range_retry(void **state)
{
	struct machine *m = *state;
	uint64_t hva = m->vm->slots[0].slots[0].hva;
	struct fault inside = fault_at(m, GPA), outside = fault_at(m, 2 * GPA);
	enum fault_stage stage = FAULT_BEGIN;

	notify_begin(m->vm, hva + GPA, hva + GPA + 0x1000);
	assert_int_equal(steps(&inside, &stage, FAULT_PFN), RET_PF_RETRY);
	assert_int_equal(fault_handle(&outside), RET_PF_FIXED);
	notify_end(m->vm);
	assert_int_equal(fault_handle(&inside), RET_PF_FIXED);
}

static void invalidated_root_makes_it_retry(void **state)
{
	struct machine *m = *state;
	struct fault f = fault_at(m, GPA);
	enum fault_stage stage = FAULT_BEGIN;

	assert_int_equal(steps(&f, &stage, FAULT_PFN), RET_PF_CONTINUE);
	root_zap_all_fast(m->vm);
	assert_int_equal(steps(&f, &stage, FAULT_LOCKED), RET_PF_RETRY);
	assert_int_equal(f.why, TDP_WHY_ROOT_OBSOLETE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			steps_in_a_row_are_the_whole_fault, setup, teardown),
		cmocka_unit_test_setup_teardown(
			invalidation_before_the_lock_makes_it_retry, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			open_invalidation_makes_its_range_retry, setup,
			teardown),
		cmocka_unit_test_setup_teardown(invalidated_root_makes_it_retry,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
