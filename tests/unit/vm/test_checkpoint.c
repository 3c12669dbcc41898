/* SPDX-License-Identifier: MIT */
/* Going back to a saved state, and telling states apart. */
#include "vm/checkpoint.h"

#include "support/machine.h"
#include "vm/digest.h"

#define OPERATIONS 60u
#define PAGES      24u

struct world {
	struct machine m;
	struct tdp_vcpu *vcpu[2];
	struct physmem_watch watch;
	uint64_t random;
};

static uint64_t next(struct world *w, uint64_t below)
{
	w->random = w->random * UINT64_C(6364136223846793005) + 1442695;
	return (w->random >> 33) % below;
}

static void begin(struct world *w, const char *profile, bool tdp)
{
	struct machine *m = &w->m;

	machine_init(m, TDP_INTEL, profile);
	m->host.memory = 8 * GIB;
	m->host.table_memory = 4 * MIB;
	if (!tdp)
		machine_set(m, "tdp", "off");
	machine_start(m);
	w->vcpu[0] = machine_vcpu(m, 46);
	w->vcpu[1] = machine_vcpu(m, 46);
	machine_slot(m, 0, 0, 0, 16 * MIB, TDP_BACKING_ANONYMOUS);
	assert_int_equal(vm_watch(m->vm, &w->watch, &m->err), TDP_OK);
	w->random = 1;
}

static void end(struct world *w)
{
	vm_unwatch(w->m.vm, &w->watch);
	machine_end(&w->m);
}

static struct digest digest(struct world *w)
{
	struct digest d = DIGEST_INIT;

	vm_digest(w->m.vm, &w->watch, VM_DIGEST_COUNTERS | VM_DIGEST_ROOTS, &d);
	return digest_end(&d);
}

static struct digest digest_in_full(struct world *w)
{
	struct digest d = DIGEST_INIT;

	vm_digest(w->m.vm, NULL, VM_DIGEST_COUNTERS | VM_DIGEST_ROOTS, &d);
	return digest_end(&d);
}

static void access_page(struct world *w, unsigned int vcpu, uint64_t page,
			bool write)
{
	const struct tdp_access access = {
		.gva = TDP_GVA(page * 0x1000),
		.kind = write ? TDP_WRITE : TDP_READ,
		.size = 8,
		.value = page + vcpu,
	};

	assert_int_equal(tdp_vcpu_access(w->vcpu[vcpu], &access, &w->m.result,
					 &w->m.err),
			 TDP_OK);
}

static void toggle_log(struct world *w, bool on)
{
	const struct tdp_memslot region = {
		.size = 16 * MIB,
		.flag_dirty_log = on,
	};
	int ret = tdp_vm_set_memslot(w->m.vm, &region, &w->m.result, &w->m.err);

	/* What the shadow MMU maps is not logged yet. */
	assert_true(!ret || ret == TDP_EUNSUPPORTED);
}

static void second_slot(struct world *w, bool there)
{
	const struct tdp_memslot region = {
		.slot = 1,
		.gpa = 64 * MIB,
		.size = there ? MIB : 0,
	};

	assert_int_equal(
		tdp_vm_set_memslot(w->m.vm, &region, &w->m.result, &w->m.err),
		TDP_OK);
}

static void set_backing(struct world *w, bool untouched)
{
	const struct tdp_backing_change change = {
		.gpa = 0x4000,
		.size = 0x2000,
		.backing = TDP_BACKING_ANONYMOUS,
		.untouched = untouched,
	};

	assert_int_equal(tdp_vm_set_backing(w->m.vm, &change, &w->m.err),
			 TDP_OK);
}

static void operation(struct world *w)
{
	struct machine *m = &w->m;
	unsigned int vcpu = (unsigned int)next(w, 2);
	struct tdp_sregs sregs;

	switch (next(w, 9)) {
	case 0:
		second_slot(w, next(w, 2));
		break;
	case 1:
		toggle_log(w, next(w, 2));
		break;
	case 2:
		tdp_vcpu_get_sregs(w->vcpu[vcpu], &sregs);
		tdp_vcpu_write_reg(w->vcpu[vcpu], TDP_REG_CR0,
				   sregs.cr0 ^ 0x40000000, &m->result);
		break;
	case 3:
		set_backing(w, next(w, 2));
		break;
	default:
		access_page(w, vcpu, next(w, PAGES), next(w, 2));
	}
}

/* After each of many operations the way back leads to where it began. */
static void back(const char *profile, bool tdp)
{
	struct vm_checkpoint first = { 0 }, here = { 0 };
	struct digest before, start, full;
	struct world w;
	unsigned int i;

	begin(&w, profile, tdp);
	start = digest(&w);
	full = digest_in_full(&w);
	assert_int_equal(vm_checkpoint_save(w.m.vm, &w.watch, &first), TDP_OK);
	for (i = 0; i < OPERATIONS; i++) {
		struct digest again;

		before = digest(&w);
		assert_int_equal(vm_checkpoint_save(w.m.vm, &w.watch, &here),
				 TDP_OK);
		operation(&w);
		operation(&w);
		assert_int_equal(vm_checkpoint_restore(w.m.vm, &w.watch, &here),
				 TDP_OK);
		assert_int_equal(tdp_vm_check(w.m.vm, &w.m.err), TDP_OK);
		again = digest(&w);
		assert_true(digest_same(&again, &before));
		operation(&w);
	}
	assert_int_equal(vm_checkpoint_restore(w.m.vm, &w.watch, &first),
			 TDP_OK);
	before = digest(&w);
	assert_true(digest_same(&before, &start));
	before = digest_in_full(&w);
	assert_true(digest_same(&before, &full));
	assert_int_equal(tdp_vm_check(w.m.vm, &w.m.err), TDP_OK);
	vm_checkpoint_finish(&first);
	vm_checkpoint_finish(&here);
	end(&w);
}

static void the_way_back_leads_to_the_same_state(void **state)
{
	(void)state;
	back("v6.12", true);
	back("v6.8", true);
	back("v5.10", true);
	back("v7.2", true);
}

static void shadow_pages_come_back_too(void **state)
{
	(void)state;
	back("v6.12", false);
	back("v5.15", false);
}

/* Tables in other frames, but the same tables. */
static void the_order_of_allocation_does_not_count(void **state)
{
	struct digest one, two;
	struct world w;

	(void)state;
	begin(&w, "v6.12", true);
	access_page(&w, 0, 1, false);
	access_page(&w, 0, 600, false);
	one = digest(&w);
	end(&w);
	begin(&w, "v6.12", true);
	access_page(&w, 0, 600, false);
	access_page(&w, 0, 1, false);
	two = digest(&w);
	end(&w);
	assert_true(digest_same(&one, &two));
}

static void what_differs_is_told_apart(void **state)
{
	struct digest seen[6];
	unsigned int n = 0, i, j;
	struct world w;

	(void)state;
	begin(&w, "v6.12", true);
	seen[n++] = digest(&w);
	access_page(&w, 0, 1, false);
	seen[n++] = digest(&w);
	access_page(&w, 1, 1, false);
	seen[n++] = digest(&w);
	access_page(&w, 0, 1, true);
	seen[n++] = digest(&w);
	tdp_vcpu_signal(w.vcpu[1], 0);
	seen[n++] = digest(&w);
	toggle_log(&w, true);
	seen[n++] = digest(&w);
	for (i = 0; i < n; i++)
		for (j = 0; j < i; j++)
			assert_false(digest_same(&seen[i], &seen[j]));
	end(&w);
}

/* What a hole in a guest_memfd clears comes back, before it was watched or not. */
static void the_bytes_of_a_hole_come_back(void **state)
{
	struct vm_checkpoint here = { 0 };
	struct digest before, after;
	uint64_t hpa, at;
	struct world w;

	(void)state;
	begin(&w, "v6.18", true);
	assert_int_equal(
		tdp_vm_create_gmem(w.m.vm, MIB, 0, &w.m.result, &w.m.err),
		TDP_OK);
	hpa = gmems_find(&w.m.vm->gmems, 1)->hpa;
	physmem_set_watch(&w.m.vm->pm, NULL);
	physmem_write64(&w.m.vm->pm, hpa + 0x1008, 1);
	physmem_set_watch(&w.m.vm->pm, &w.watch);
	physmem_write64(&w.m.vm->pm, hpa + 0x2010, 2);
	before = digest(&w);
	assert_int_equal(vm_checkpoint_save(w.m.vm, &w.watch, &here), TDP_OK);
	assert_int_equal(
		tdp_vm_punch_gmem(w.m.vm, 1, 0, 0x3000, &w.m.result, &w.m.err),
		TDP_OK);
	for (at = 0; at < 0x3000; at += 8)
		assert_int_equal(physmem_read64(&w.m.vm->pm, hpa + at), 0);
	after = digest(&w);
	assert_false(digest_same(&before, &after));
	assert_int_equal(vm_checkpoint_restore(w.m.vm, &w.watch, &here),
			 TDP_OK);
	assert_int_equal(physmem_read64(&w.m.vm->pm, hpa + 0x1008), 1);
	assert_int_equal(physmem_read64(&w.m.vm->pm, hpa + 0x2010), 2);
	after = digest(&w);
	assert_true(digest_same(&before, &after));
	vm_checkpoint_finish(&here);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_way_back_leads_to_the_same_state),
		cmocka_unit_test(shadow_pages_come_back_too),
		cmocka_unit_test(the_order_of_allocation_does_not_count),
		cmocka_unit_test(what_differs_is_told_apart),
		cmocka_unit_test(the_bytes_of_a_hole_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
