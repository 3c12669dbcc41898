/* SPDX-License-Identifier: MIT */
/*
 * TDP roots: who shares them, how long they live; the cache of previous roots
 * (rows C of the KVM 6.12 vectors).
 */
#include "kvm/root.h"

#include "kvm/tdp_mmu.h"
#include "support/machine.h"

/*
 * prev_roots with roots A..E, which differ in role; a letter is a root, '-' is
 * none.
 */
static const struct cache_row {
	const char *name;
	char current;
	const char *prev;
	char wanted;
	bool hit;
	char current_after;
	const char *prev_after;
	/* clang-format off */
} cache_rows[] = {
	{ "C02_miss_keeps_current_in_prev", 'A', "---", 'B', false, '-', "A--" },
	{ "C03_first", 'A', "B--", 'B', true, 'B', "A--" },
	{ "C04_last", 'A', "BCD", 'D', true, 'D', "ABC" },
	{ "C05_middle", 'A', "BCD", 'C', true, 'C', "ABD" },
	{ "miss_drops_the_oldest", 'A', "BCD", 'E', false, '-', "ABC" },
	{ "C08_without_current", '-', "BCD", 'B', true, 'B', "CD-" },
	{ "C10_gap", 'A', "-C-", 'C', true, 'C', "A--" },
	{ "no_current_miss_does_not_rotate", '-', "BCD", 'E', false, '-',
	  "BCD" },
	{ "same_root", 'A', "B--", 'A', true, 'A', "B--" },
};
/* clang-format on */

/* Five roles that differ in nothing but what tells roots apart. */
static struct tdp_role role_of(const struct machine *m, char letter)
{
	struct tdp_role role = m->vcpu->root_mmu.root_role;

	role.level = letter <= 'B' ? 4 : 5;
	role.smm = letter == 'B' || letter == 'D';
	role.guest_mode = letter == 'E';
	return role;
}

static struct root_ref ref_of(const struct machine *m, char letter)
{
	struct tdp_role role = role_of(m, letter);
	bool created;

	if (letter == '-')
		return (struct root_ref){ INVALID_PAGE, 0 };
	return (struct root_ref){
		page_hpa(m->vm, tdp_root_get(m->vcpu, &role, &created)), 0
	};
}

static void assert_ref(const struct machine *m, const struct root_ref *ref,
		       char letter)
{
	struct tdp_role role = role_of(m, letter);
	const struct mmu_page *page = root_page(m->vm, ref->hpa);

	if (letter == '-')
		assert_true(ref->hpa == INVALID_PAGE);
	else
		assert_int_equal(page->role_word,
				 role_pack(&m->vm->kvm, &role));
}

static void cache(void **state)
{
	const struct cache_row *r = *state;
	struct machine m;
	struct mmu *mmu;
	unsigned int i;

	machine_init(&m, TDP_INTEL, "v6.12");
	m.host.ept_levels = 5;
	machine_start(&m);
	machine_vcpu(&m, 46);
	mmu = m.vcpu->mmu;
	mmu->root = ref_of(&m, r->current);
	for (i = 0; i < NR_PREV_ROOTS; i++)
		mmu->prev[i] = ref_of(&m, r->prev[i]);
	mmu->root_role = role_of(&m, r->wanted);
	mmu->root_word = role_pack(&m.vm->kvm, &mmu->root_role);
	root_new_pgd(m.vcpu, 0);
	assert_int_equal(mmu->root.hpa != INVALID_PAGE, r->hit);
	assert_ref(&m, &mmu->root, r->current_after);
	for (i = 0; i < NR_PREV_ROOTS; i++)
		assert_ref(&m, &mmu->prev[i], r->prev_after[i]);
	/* References are counted with the roots that are held. */
	assert_int_equal(tdp_vm_check(m.vm, &m.err), TDP_OK);
	machine_end(&m);
}

static const struct life_row {
	const char *name;
	const char *profile;
	bool survives; /* the last vCPU letting go */
	const char *tdp_mmu;
	/* clang-format off */
} life_rows[] = {
	{ "v5_17", "v5.17", false, "on" },
	{ "v6_1", "v6.1", false, "on" },
	{ "v6_1_192", "v6.1.192", true, "on" },
	{ "v6_4", "v6.4", true, "on" },
	{ "v6_12", "v6.12", true, "on" },
	{ "v7_2", "v7.2", true, "on" },
};
/* clang-format on */

static void life(void **state)
{
	const struct life_row *r = *state;
	struct tdp_root_info info;
	struct machine m;

	machine_init(&m, TDP_INTEL, r->profile);
	machine_set(&m, "tdp_mmu", r->tdp_mmu);
	machine_start(&m);
	machine_vcpu(&m, 46);
	machine_slot(&m, 0, 0, 0, MIB, TDP_BACKING_ANONYMOUS);
	assert_int_equal(machine_access(&m, TDP_READ, 0x1000),
			 TDP_OUTCOME_DONE);
	root_unload(m.vcpu);
	assert_int_equal(tdp_vm_root_next(m.vm, 0, &info), r->survives);
	if (r->survives)
		assert_int_equal(info.leaves, 1);
	assert_int_equal(tdp_vm_check(m.vm, &m.err), TDP_OK);
	machine_end(&m);
}

static void invalidated_root_is_not_found_again(void **state)
{
	const struct tdp_memslot gone = { .slot = 1 };
	uint32_t words[16];
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	machine_start(&m);
	machine_vcpu(&m, 46);
	machine_slot(&m, 0, 0, 0, MIB, TDP_BACKING_ANONYMOUS);
	machine_slot(&m, 1, 0, GIB, MIB, TDP_BACKING_ANONYMOUS);
	machine_access(&m, TDP_READ, 0x1000);
	tdp_vm_set_memslot(m.vm, &gone, &m.result, NULL);
	/* The vCPU still holds the dead root; nobody can find it. */
	assert_int_equal(machine_roots(&m, words), 0);
	assert_int_equal(tdp_vm_check(m.vm, &m.err), TDP_OK);
	assert_int_equal(machine_access(&m, TDP_READ, 0x1000),
			 TDP_OUTCOME_DONE);
	assert_int_equal(m.result.root_id, 2);
	assert_int_equal(machine_roots(&m, words), 1);
	machine_end(&m);
}

static void slot_zap_quirk_off_keeps_the_root(void **state)
{
	const struct tdp_memslot gone = { .slot = 1 };
	struct tdp_root_info info;
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	machine_set(&m, "quirk.slot_zap_all", "off");
	machine_start(&m);
	machine_vcpu(&m, 46);
	machine_slot(&m, 0, 0, 0, MIB, TDP_BACKING_ANONYMOUS);
	machine_slot(&m, 1, 0, GIB, MIB, TDP_BACKING_ANONYMOUS);
	machine_access(&m, TDP_READ, 0x1000);
	machine_access(&m, TDP_READ, GIB);
	tdp_vm_set_memslot(m.vm, &gone, &m.result, NULL);
	assert_true(tdp_vm_root_next(m.vm, 0, &info));
	assert_true(info.valid);
	assert_int_equal(info.leaves, 1);
	machine_end(&m);
}

static void levels_by_maxphyaddr_give_two_roots(void **state)
{
	uint32_t words[16];
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	m.host.ept_levels = 5;
	m.host.maxphyaddr = 52;
	machine_start(&m);
	machine_slot(&m, 0, 0, 0, MIB, TDP_BACKING_ANONYMOUS);
	machine_vcpu(&m, 48);
	machine_prefault(&m, 0, 4096);
	machine_vcpu(&m, 49);
	machine_prefault(&m, 0, 4096);
	assert_int_equal(machine_roots(&m, words), 2);
	assert_int_equal(words[0], 0x3784);
	assert_int_equal(words[1], 0x3785);
	machine_end(&m);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(cache_rows, cache),
		ROWS(life_rows, life),
		CASE(invalidated_root_is_not_found_again),
		CASE(slot_zap_quirk_off_keeps_the_root),
		CASE(levels_by_maxphyaddr_give_two_roots),
	};

	return RUN("root", suites);
}
