/* SPDX-License-Identifier: MIT */
/* Operations that are carried out one step of the kernel at a time. */
#include "ops/stepped.h"

#include <errno.h>

#include "support/machine.h"
#include "vm/digest.h"

#define PAGE 0x1000u

struct world {
	struct machine m;
	struct op a, b;
};

static void begin(struct world *w, const char *profile)
{
	memset(w, 0, sizeof(*w));
	machine_init(&w->m, TDP_INTEL, profile);
	machine_start(&w->m);
	machine_vcpu(&w->m, 46);
	machine_slot(&w->m, 0, 0, 0, 16 * MIB, TDP_BACKING_ANONYMOUS);
	machine_slot(&w->m, 1, 0, 32 * MIB, MIB, TDP_BACKING_ANONYMOUS);
}

static void end(struct world *w)
{
	assert_int_equal(tdp_vm_check(w->m.vm, &w->m.err), TDP_OK);
	machine_end(&w->m);
}

static struct digest digest(struct world *w)
{
	struct digest d = DIGEST_INIT;

	vm_digest(w->m.vm, NULL, VM_DIGEST_COUNTERS | VM_DIGEST_ROOTS, &d);
	return digest_end(&d);
}

static void take(struct op *op, uint64_t readers)
{
	assert_true(op_ready(op));
	assert_int_equal(op_step(op, readers), TDP_OK);
}

static unsigned int finish(struct op *op)
{
	unsigned int n = 0;

	for (; !op->done; n++) {
		assert_true(n < 100);
		take(op, 0);
	}
	return n;
}

static const struct tdp_backing_change untouched = {
	.gpa = PAGE,
	.size = PAGE,
	.backing = TDP_BACKING_ANONYMOUS,
	.untouched = true,
};

static void set_backing(struct world *w, enum tdp_backing backing)
{
	struct tdp_backing_change change = untouched;

	change.backing = backing;
	change.untouched = false;
	assert_int_equal(tdp_vm_set_backing(w->m.vm, &change, &w->m.err),
			 TDP_OK);
}

static void start_access(struct world *w, struct op *op, uint64_t gva)
{
	const struct tdp_access access = {
		.gva = TDP_GVA(gva),
		.kind = TDP_WRITE,
	};

	op_access(op, w->m.vcpu, &access, &w->m.err);
}

/* Both ways through the same operations: nothing may differ. */
static void compare(const char *profile)
{
	struct digest whole, split;
	struct tdp_result results[4];
	struct world w;

	begin(&w, profile);
	machine_access(&w.m, TDP_WRITE, PAGE);
	results[0] = w.m.result;
	machine_prefault(&w.m, 4 * PAGE, 8 * PAGE);
	results[1] = w.m.result;
	assert_int_equal(tdp_vm_set_backing(w.m.vm, &untouched, &w.m.err),
			 TDP_OK);
	machine_slot(&w.m, 1, 0, 32 * MIB, 0, TDP_BACKING_ANONYMOUS);
	machine_access(&w.m, TDP_WRITE, 33 * MIB);
	results[2] = w.m.result;
	whole = digest(&w);
	end(&w);

	begin(&w, profile);
	start_access(&w, &w.a, PAGE);
	finish(&w.a);
	assert_memory_equal(&w.a.result, &results[0], sizeof(results[0]));
	op_prefault(&w.a, w.m.vcpu, 4 * PAGE, 8 * PAGE, 0, &w.m.err);
	finish(&w.a);
	assert_int_equal(w.a.result.ret, results[1].ret);
	assert_int_equal(w.a.result.gpa, results[1].gpa);
	assert_int_equal(w.a.result.spte, results[1].spte);
	assert_int_equal(w.a.result.faults_fixed, results[1].faults_fixed);
	assert_int_equal(op_set_backing(&w.a, w.m.vm, &untouched, &w.m.err),
			 TDP_OK);
	assert_int_equal(finish(&w.a), 3);
	op_delete_slot(&w.a, w.m.vm, 0, 1, &w.m.err);
	assert_int_equal(finish(&w.a), 4);
	start_access(&w, &w.a, 33 * MIB);
	finish(&w.a);
	assert_memory_equal(&w.a.result, &results[2], sizeof(results[2]));
	split = digest(&w);
	end(&w);
	assert_true(digest_same(&whole, &split));
}

static void steps_in_a_row_are_the_operation(void **state)
{
	(void)state;
	compare("v6.12");
	compare("v6.18");
	compare("v7.2");
	compare("v6.11");
}

/* 6.11 to 6.17: each waits for the other, and nothing ends that but a signal. */
static void prefault_of_a_dying_slot_never_ends(void **state)
{
	struct world w;
	unsigned int i;

	(void)state;
	begin(&w, "v6.12");
	op_prefault(&w.a, w.m.vcpu, 32 * MIB, PAGE, 0, &w.m.err);
	take(&w.a, 0);
	op_delete_slot(&w.b, w.m.vm, 0, 1, &w.m.err);
	take(&w.b, 1);
	assert_false(op_ready(&w.b));
	for (i = 0; i < 20; i++)
		take(&w.a, 0);
	assert_false(w.a.done);
	assert_true(w.a.srcu);
	tdp_vcpu_signal(w.m.vcpu, 0);
	finish(&w.a);
	assert_int_equal(w.a.result.ret, -EINTR);
	w.b.waits = 0;
	finish(&w.b);
	end(&w);
}

static void prefault_of_a_dying_slot_says_so_from_6_18_on(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "v6.18");
	op_prefault(&w.a, w.m.vcpu, 32 * MIB, PAGE, 0, &w.m.err);
	take(&w.a, 0);
	op_delete_slot(&w.b, w.m.vm, 0, 1, &w.m.err);
	take(&w.b, 1);
	finish(&w.a);
	assert_int_equal(w.a.result.ret, -EAGAIN);
	end(&w);
}

static void a_page_that_nobody_served_is_waited_for(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "v6.12");
	set_backing(&w, TDP_BACKING_UFFD_MISSING);
	start_access(&w, &w.a, PAGE);
	while (op_ready(&w.a))
		take(&w.a, 0);
	assert_false(w.a.done);
	set_backing(&w, TDP_BACKING_ANONYMOUS);
	finish(&w.a);
	assert_int_equal(w.a.result.outcome, TDP_OUTCOME_DONE);
	end(&w);
}

/* Slots change only while no invalidation is open. */
static void deletion_lets_an_invalidation_end_first(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "v6.12");
	assert_int_equal(op_set_backing(&w.a, w.m.vm, &untouched, &w.m.err),
			 TDP_OK);
	take(&w.a, 0);
	op_delete_slot(&w.b, w.m.vm, 0, 1, &w.m.err);
	assert_false(op_ready(&w.b));
	finish(&w.a);
	finish(&w.b);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_in_a_row_are_the_operation),
		cmocka_unit_test(prefault_of_a_dying_slot_never_ends),
		cmocka_unit_test(prefault_of_a_dying_slot_says_so_from_6_18_on),
		cmocka_unit_test(a_page_that_nobody_served_is_waited_for),
		cmocka_unit_test(deletion_lets_an_invalidation_end_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
