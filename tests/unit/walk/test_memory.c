/* SPDX-License-Identifier: MIT */
/* Host-physical memory as the public interface has it; want of memory. */
#include <stdlib.h>

#include "fixture.h"

static void flat_and_far_read_back(void **state)
{
	static const uint64_t places[] = {
		0, 8, 0xfff8, 0x10000, 0x123456000, BIT(52) - 8,
	};
	struct tdp_memory *memory;

	(void)state;
	assert_int_equal(tdp_memory_create(0x10000, &memory, NULL), TDP_OK);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		assert_int_equal(
			tdp_memory_write64(memory, TDP_HPA(places[i]), i + 1),
			TDP_OK);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		assert_int_equal(tdp_memory_read64(memory, TDP_HPA(places[i])),
				 i + 1);
	tdp_memory_clear(memory);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		assert_int_equal(tdp_memory_read64(memory, TDP_HPA(places[i])),
				 0);
	tdp_memory_destroy(memory);
}

static void bytes_cross_every_border(void **state)
{
	static const char text[] = "from the flat range into the far one";
	char copy[sizeof(text)];
	struct tdp_memory *memory;
	const tdp_hpa hpa = TDP_HPA(0x10000 - 13);

	(void)state;
	tdp_memory_create(0x10000, &memory, NULL);
	assert_int_equal(tdp_memory_write(memory, hpa, text, sizeof(text)),
			 TDP_OK);
	assert_int_equal(tdp_memory_read(memory, hpa, copy, sizeof(copy)),
			 TDP_OK);
	assert_string_equal(copy, text);
	tdp_memory_destroy(memory);
}

static void a_large_flat_range_clears_too(void **state)
{
	struct tdp_memory *memory;

	(void)state;
	tdp_memory_create(UINT64_C(1) << 30, &memory, NULL);
	tdp_memory_write64(memory, TDP_HPA(0x3ffffff8), 1);
	tdp_memory_clear(memory);
	assert_int_equal(tdp_memory_read64(memory, TDP_HPA(0x3ffffff8)), 0);
	tdp_memory_destroy(memory);
}

static void beyond_52_bits_is_refused(void **state)
{
	struct tdp_memory *memory;
	uint64_t word;

	(void)state;
	tdp_memory_create(0, &memory, NULL);
	assert_int_equal(tdp_memory_write64(memory, TDP_HPA(BIT(52)), 1),
			 TDP_EINVAL);
	assert_int_equal(
		tdp_memory_read(memory, TDP_HPA(BIT(52) - 4), &word, 8),
		TDP_EINVAL);
	assert_int_equal(tdp_memory_read64(memory, TDP_HPA(UINT64_MAX)), 0);
	tdp_memory_destroy(memory);
	assert_int_equal(tdp_memory_create(BIT(46) + 1, &memory, NULL),
			 TDP_EINVAL);
	tdp_memory_destroy(NULL);
	tdp_walker_destroy(NULL);
}

/* Tables above the flat range are walked as well, only slower. */
static void tables_in_far_memory(void **state)
{
	const uint64_t far = UINT64_C(0x300000000000);
	const struct tdp_walk_access access = {
		.gva = { LA },
		.kind = TDP_WRITE,
		.user = true,
	};
	struct machine m;

	(void)state;
	machine_init(&m, LONG4, TDP_STAGE2_NONE);
	machine_poke(&m, &(struct poke){ GUEST, far + 8, 0x2007 });
	machine_poke(&m, &(struct poke){ GUEST, 0x3018, (far + 0x1000) | 7 });
	machine_poke(&m, &(struct poke){ GUEST, far + 0x1020, far | 7 });
	m.cpu.cr3 = far;
	machine_load(&m);
	machine_access(&m, &access);
	assert_int_equal(m.result.outcome, TDP_WALK_OK);
	assert_int_equal(m.result.hpa.addr, far + 8);
	assert_int_equal(machine_read(&m, far + 8), 0x2027);
	assert_int_equal(machine_read(&m, far + 0x1020), far | 0x67);
	machine_finish(&m);
}

/* Garbage in place of tables: any outcome, but no access out of bounds. */
static void tables_of_garbage(void **state)
{
	static const enum tdp_stage2 stages[] = {
		TDP_STAGE2_NONE,
		TDP_STAGE2_EPT,
		TDP_STAGE2_NPT,
	};
	uint64_t random = 88172645463325252;

	(void)state;
	for (unsigned int i = 0; i < 300; i++) {
		const enum tdp_stage2 stage2 = stages[i % 3];
		const enum shape shape = (enum shape)(i / 3 % 5);
		struct machine m;

		machine_init(&m, shape, stage2);
		for (uint64_t hpa = 0; hpa < 0x208000; hpa += 8) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			if (!(random & 0x300) && hpa % 4096 < 0x100)
				machine_poke(&m, &(struct poke){ HOST, hpa,
								 random });
		}
		machine_load(&m);
		for (unsigned int n = 0; n < 16; n++) {
			const struct tdp_walk_access access = {
				.gva = { machine_linear(shape) ^ n << 12 },
				.kind = (enum tdp_access_kind)(n % 4),
				.user = n & 4,
			};

			machine_access(&m, &access);
			assert_true(m.result.outcome < TDP_NR_WALK_OUTCOMES);
		}
		machine_finish(&m);
	}
}

static struct {
	struct tdp_memory *memory;
	struct tdp_walker *walker;
} made;

static int make(void *context)
{
	int ret;

	(void)context;
	ret = tdp_memory_create(0x10000, &made.memory, NULL);
	if (ret)
		return ret;
	ret = tdp_walker_create(made.memory, &made.walker, NULL);
	if (ret)
		tdp_memory_destroy(made.memory);
	return ret;
}

static void unmake(void *context)
{
	(void)context;
	tdp_walker_destroy(made.walker);
	tdp_memory_destroy(made.memory);
}

static void creation_survives_want_of_memory(void **state)
{
	const struct nomem test = { .attempt = make, .teardown = unmake };

	(void)state;
	nomem_check(&test);
}

/* The frame of PML in far memory is had before any walk needs it. */
static void *make_far_pml(void)
{
	struct machine *m = calloc(1, sizeof(*m));

	machine_init(m, LONG4, TDP_STAGE2_EPT);
	m->cpu.ept.eptp |= EPTP_AD;
	m->cpu.ept.ctrl2 |= TDP_EPT_CTRL2_PML | TDP_EPT_CTRL2_VE;
	m->cpu.ept.pml_address = UINT64_C(0x100000000000);
	m->cpu.ept.ve_address = UINT64_C(0x110000000000);
	return m;
}

static int load_far_pml(void *context)
{
	struct machine *m = context;

	return tdp_walker_set_cpu(m->walker, &m->cpu, NULL);
}

static void free_far_pml(void *context)
{
	machine_finish(context);
	free(context);
}

static void loading_survives_want_of_memory(void **state)
{
	const struct nomem test = {
		.setup = make_far_pml,
		.attempt = load_far_pml,
		.teardown = free_far_pml,
	};

	(void)state;
	nomem_check(&test);
}

int main(void)
{
	static const struct suite suites[] = {
		CASE(flat_and_far_read_back),
		CASE(bytes_cross_every_border),
		CASE(a_large_flat_range_clears_too),
		CASE(beyond_52_bits_is_refused),
		CASE(tables_in_far_memory),
		CASE(tables_of_garbage),
		CASE(creation_survives_want_of_memory),
		CASE(loading_survives_want_of_memory),
	};

	return RUN("walk/memory", suites);
}
