/* SPDX-License-Identifier: MIT */
/* Hosts that can't be, want of memory, and invariants that must notice. */
#include "tdpsim/vm.h"

#include <errno.h>
#include <string.h>

#include "kvm/kvm.h"
#include "support/machine.h"

static const struct host_row {
	const char *name;
	unsigned int maxphyaddr, ept_levels;
	uint64_t memory, table_memory;
	const char *message;
} host_rows[] = {
	/* clang-format off */
	{ "maxphyaddr_low", 35, 4, GIB, MIB, "host: maxphyaddr 35 is not in 36..52" },
	{ "maxphyaddr_high", 53, 4, GIB, MIB, "host: maxphyaddr 53 is not in 36..52" },
	{ "ept_levels", 46, 3, GIB, MIB, "host: ept levels are 4 or 5, not 3" },
	{ "memory_unaligned", 46, 4, GIB + 1, MIB,
	  "host: memory sizes are not whole 4 KiB frames" },
	{ "memory_too_much", 36, 4, 128 * GIB, MIB, "host: 128 GiB of memory do not fit "
	  "into 36 address bits" },
	{ "memory_too_little", 46, 4, 16 * MIB, MIB, "host: memory is 32 MiB or more, and "
	  "at most half of it for page tables" },
	{ "tables_too_much", 46, 4, 64 * MIB, 48 * MIB, "host: memory is 32 MiB or more, "
	  "and at most half of it for page tables" },
	/* clang-format on */
};

static void impossible_host(void **state)
{
	const struct host_row *r = *state;
	struct machine m;

	machine_init(&m, TDP_INTEL, "v6.12");
	m.host.maxphyaddr = r->maxphyaddr;
	m.host.ept_levels = r->ept_levels;
	m.host.memory = r->memory;
	m.host.table_memory = r->table_memory;
	assert_int_equal(
		tdp_vm_create(&m.host, &m.kvm, &m.vm, &m.result, &m.err),
		TDP_EINVAL);
	assert_null(m.vm);
	assert_string_equal(m.err.message, r->message);
}

static struct tdp_vm *made;

static int attempt_create(void *context)
{
	struct tdp_vcpu *vcpu;
	struct machine m;
	int ret;

	(void)context;
	machine_init(&m, TDP_INTEL, "v6.12");
	ret = tdp_vm_create(&m.host, &m.kvm, &made, &m.result, NULL);
	if (ret)
		return ret;
	ret = tdp_vcpu_create(made, &vcpu, NULL);
	if (ret) {
		tdp_vm_destroy(made);
		made = NULL;
	}
	return ret;
}

static void teardown_create(void *context)
{
	(void)context;
	tdp_vm_destroy(made);
	made = NULL;
}

static void creation_survives_want_of_memory(void **state)
{
	static const struct nomem test = {
		.attempt = attempt_create,
		.teardown = teardown_create,
	};

	(void)state;
	nomem_check(&test);
}

static void page_table_memory_is_a_limit(void **state)
{
	struct machine m;

	(void)state;
	machine_init(&m, TDP_INTEL, "v6.12");
	m.host.table_memory = 16 * 4096;
	machine_start(&m);
	machine_vcpu(&m, 46);
	machine_slot(&m, 0, 0, 0, GIB, TDP_BACKING_ANONYMOUS);
	assert_int_equal(tdp_vcpu_prefault(m.vcpu, TDP_GPA(0), GIB, 0,
					   &m.result, &m.err),
			 TDP_ELIMIT);
	assert_non_null(strstr(m.err.message, "page tables"));
	assert_int_equal(tdp_vm_check(m.vm, NULL), TDP_OK);
	machine_end(&m);
}

/* A VM with one mapped page, and the path to it. */
static void mapped(struct machine *m, struct tdp_spte_info path[5])
{
	machine_init(m, TDP_INTEL, "v6.12");
	machine_start(m);
	machine_vcpu(m, 46);
	machine_slot(m, 0, 0, 0, GIB, TDP_BACKING_ANONYMOUS);
	assert_int_equal(machine_prefault(m, 0, 4096), 0);
	assert_int_equal(
		tdp_vm_get_sptes(m->vm, m->result.root_id, TDP_GPA(0), path),
		4);
}

/* Each breaks one thing that tdp_vm_check() must see. */
static const struct broken_row {
	const char *name;
	unsigned int step;   /* of the path, from the root */
	uint64_t spte;       /* what is written there */
	const char *message; /* part of it */
} broken_rows[] = {
	/* clang-format off */
	{ "garbage", 3, 0x1234, "neither present, empty nor MMIO" },
	{ "frozen", 3, 0x80000000000005a0, "stayed frozen" },
	{ "table_elsewhere", 2, 0x8000000000001907, "another parent" },
	{ "table_in_ram", 2, 0x8000000123456907, "leads to no table" },
	{ "writable_but_not_mmu_writable", 3, 0x8200000012345a77, "writable" },
	/* clang-format on */
};

static void broken_entry_is_noticed(void **state)
{
	const struct broken_row *r = *state;
	struct tdp_spte_info path[5];
	struct machine m;

	mapped(&m, path);
	physmem_write64(&m.vm->pm, path[r->step].hpa, r->spte);
	assert_int_equal(tdp_vm_check(m.vm, &m.err), TDP_EINVAL);
	if (!strstr(m.err.message, r->message))
		fail_msg("says: %s", m.err.message);
	machine_end(&m);
}

static void wrong_reference_count_is_noticed(void **state)
{
	struct tdp_spte_info path[5];
	struct machine m;

	(void)state;
	mapped(&m, path);
	page_at(m.vm, m.vcpu->mmu->root.hpa)->root_count++;
	assert_int_equal(tdp_vm_check(m.vm, &m.err), TDP_EINVAL);
	assert_non_null(strstr(m.err.message, "counts 3 references, has 2"));
	machine_end(&m);
}

static const struct slot_row {
	const char *name;
	struct tdp_memslot slot;
	int ret;
	enum tdp_reason reason;
} slot_rows[] = {
	/* clang-format off */
	{ "unaligned", { .slot = 1, .gpa = 0x800, .size = 0x1000 }, -EINVAL, TDP_WHY_BAD_SLOT },
	{ "number_too_high", { .slot = 32764, .size = 0x1000 }, -EINVAL, TDP_WHY_BAD_SLOT },
	{ "no_such_space", { .slot = 1, .as_id = 2, .size = 0x1000 }, -EINVAL, TDP_WHY_BAD_SLOT },
	{ "wraps", { .slot = 1, .gpa = 0xfffffffffffff000, .size = 0x2000 }, -EINVAL,
	  TDP_WHY_BAD_SLOT },
	{ "too_many_pages", { .slot = 1, .size = 0x80000000ull << 12 }, -EINVAL, TDP_WHY_BAD_SLOT },
	{ "beyond_the_host", { .slot = 1, .gpa = 1ull << 46, .size = 0x1000 }, -EINVAL,
	  TDP_WHY_GFN_TOO_HIGH },
	{ "overlaps", { .slot = 1, .gpa = GIB - 4096, .size = 0x2000 }, -EEXIST,
	  TDP_WHY_SLOT_OVERLAPS },
	{ "delete_what_is_not_there", { .slot = 9 }, -EINVAL, TDP_WHY_NO_SUCH_SLOT },
	{ "resize", { .slot = 0, .size = MIB }, -EINVAL, TDP_WHY_SLOT_FIXED },
	{ "other_space_may_overlap", { .slot = 1, .as_id = 1, .size = 0x1000 }, 0, TDP_WHY_NONE },
	/* clang-format on */
};

static void memslot(void **state)
{
	const struct slot_row *r = *state;
	struct machine m;

	machine_init(&m, TDP_INTEL, "v6.12");
	machine_start(&m);
	machine_slot(&m, 0, 0, 0, GIB, TDP_BACKING_ANONYMOUS);
	assert_int_equal(tdp_vm_set_memslot(m.vm, &r->slot, &m.result, &m.err),
			 TDP_OK);
	assert_int_equal(m.result.ret, r->ret);
	assert_int_equal(m.result.reason, r->reason);
	machine_end(&m);
}

static void events_print_their_fields(void **state)
{
	const struct tdp_event event = {
		.id = TDP_EV_kvm_tdp_mmu_spte_changed,
		.field = { 0x200, 0x8000000000000000, 0xe47, 1, 0 },
	};
	char buf[200], small[10];

	(void)state;
	assert_string_equal(
		tdp_event_print(&event, buf, sizeof(buf)),
		"kvm_tdp_mmu_spte_changed: gfn 0x200 old_spte 0x8000000000000000 new_spte "
		"0xe47 level 1 as_id 0");
	assert_string_equal(tdp_event_print(&event, small, sizeof(small)),
			    "kvm_tdp_m");
	assert_null(tdp_event_info(TDP_NR_EVENTS));
}

static void every_name_is_there_once(void **state)
{
	unsigned int i, j;

	(void)state;
	for (i = 0; i < TDP_NR_REASONS; i++)
		for (j = 0; j < i; j++)
			assert_string_not_equal(tdp_reason_name(i),
						tdp_reason_name(j));
	for (i = 0; i < TDP_NR_OUTCOMES; i++)
		for (j = 0; j < i; j++)
			assert_string_not_equal(tdp_outcome_name(i),
						tdp_outcome_name(j));
	assert_string_equal(tdp_reason_name(TDP_NR_REASONS), "?");
	assert_string_equal(tdp_outcome_name(TDP_NR_OUTCOMES), "?");
	assert_string_equal(tdp_exit_name(TDP_NR_EXITS), "?");
	assert_string_equal(tdp_errno_name(-EOPNOTSUPP), "EOPNOTSUPP");
	assert_string_equal(tdp_errno_name(-9999), "?");
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(host_rows, impossible_host),
		CASE(creation_survives_want_of_memory),
		CASE(page_table_memory_is_a_limit),
		ROWS(broken_rows, broken_entry_is_noticed),
		CASE(wrong_reference_count_is_noticed),
		ROWS(slot_rows, memslot),
		CASE(events_print_their_fields),
		CASE(every_name_is_there_once),
	};

	return RUN("vm", suites);
}
