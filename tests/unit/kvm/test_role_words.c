/* SPDX-License-Identifier: MIT */
/* The words themselves: that layouts are sound, and how many words there are. */
#include "arch/regs.h"
#include "role_kernel.h"

static struct tdp_kvm_config layout(const char *name)
{
	struct tdp_kvm_config kvm = kernel("v6.12");

	assert_int_equal(tdp_kvm_config_set(&kvm, "role.layout", name, NULL),
			 TDP_OK);
	return kvm;
}

/* Values that fill a field, and how wide it is where a layout has it. */
#define PAGE_FIELDS(X)        \
	X(level, 4)           \
	X(has_4_byte_gpte, 1) \
	X(quadrant, 2)        \
	X(direct, 1)          \
	X(invalid, 1)         \
	X(efer_nx, 1)         \
	X(cr0_wp, 1)          \
	X(smep_andnot_wp, 1)  \
	X(smap_andnot_wp, 1)  \
	X(ad_disabled, 1)     \
	X(guest_mode, 1)      \
	X(passthrough, 1)     \
	X(is_mirror, 1)       \
	X(cr4_smep, 1)        \
	X(smm, 8)

static const struct layout_row {
	const char *name;
	unsigned int access_bits;
	unsigned int page_bits; /* of the word that are in some field */
	unsigned int ext_bits;
} layout_rows[] = {
	{ "5.10", 3, 26, 14 }, { "5.14", 3, 26, 9 }, { "5.15", 3, 26, 10 },
	{ "5.17", 3, 26, 10 }, { "5.19", 3, 27, 8 }, { "6.14", 3, 28, 8 },
	{ "7.2", 4, 29, 8 },
};

static unsigned int ones(uint64_t word)
{
	return (unsigned int)__builtin_popcountll(word);
}

/* Bits that differ from those of a role with nothing in it. */
static uint32_t bits_of(const struct tdp_kvm_config *kvm,
			const struct tdp_role *role)
{
	const struct tdp_role none = { 0 };

	return role_pack(kvm, role) ^ role_pack(kvm, &none);
}

static void page_fields_are_disjoint(void **state)
{
	const struct layout_row *r = *state;
	const struct tdp_kvm_config kvm = layout(r->name);
	struct tdp_role role = { .access = role_acc_all(&kvm) };
	uint32_t all = bits_of(&kvm, &role);
	uint32_t bits;

	assert_int_equal(ones(all), r->access_bits);
#define X(field, width)                                           \
	role = (struct tdp_role){ .field = (1u << (width)) - 1 }; \
	bits = bits_of(&kvm, &role);                              \
	assert_int_equal(all &bits, 0);                           \
	assert_true(!bits || ones(bits) == (width));              \
	all |= bits;
	PAGE_FIELDS(X)
#undef X
	assert_int_equal(ones(all), r->page_bits);
}

/* Each bit of a word is a field's or a hole, and comes back as it was. */
static void page_words_come_back(void **state)
{
	const struct layout_row *r = *state;
	const struct tdp_kvm_config kvm = layout(r->name);
	const struct tdp_role none = { 0 };
	const uint32_t empty = role_pack(&kvm, &none);
	unsigned int bits = 0;

	for (unsigned int i = 0; i < 32; i++) {
		uint32_t word = empty ^ UINT32_C(1) << i;
		struct tdp_role role = role_unpack(&kvm, word);
		uint32_t back = role_pack(&kvm, &role);

		assert_true(back == word || back == empty);
		bits += back == word;
	}
	assert_int_equal(bits, r->page_bits);
}

static void ext_words_come_back(void **state)
{
	const struct layout_row *r = *state;
	const struct tdp_kvm_config kvm = layout(r->name);
	struct cpu_role role = cpu_role_unpack(&kvm, 0);
	const uint64_t empty = cpu_role_pack(&kvm, &role);
	unsigned int bits = 0;

	for (unsigned int i = 32; i < 64; i++) {
		uint64_t word = empty ^ BIT(i);
		uint64_t back;

		role = cpu_role_unpack(&kvm, word);
		back = cpu_role_pack(&kvm, &role);
		assert_true(back == word || back == empty);
		bits += back == word;
	}
	assert_int_equal(bits, r->ext_bits);
	role = cpu_role_unpack(&kvm, UINT64_MAX);
	assert_int_equal(ones(cpu_role_pack(&kvm, &role) >> 32), r->ext_bits);
}

static const struct access_row {
	const char *name;
	const char *layout;
	unsigned int access;
	uint32_t packed; /* bits from 8 up */
} access_rows[] = {
	{ "exec", "6.14", TDP_ACC_EXEC, 1 },
	{ "write", "6.14", TDP_ACC_WRITE, 2 },
	{ "user", "6.14", TDP_ACC_USER, 4 },
	{ "read_is_dropped", "6.14", TDP_ACC_READ | TDP_ACC_USER, 4 },
	{ "v7.2_read", "7.2", TDP_ACC_READ, 1 },
	{ "v7.2_write", "7.2", TDP_ACC_WRITE, 2 },
	{ "v7.2_user", "7.2", TDP_ACC_USER, 4 },
	{ "v7.2_exec", "7.2", TDP_ACC_EXEC, 8 },
	{ "v7.2_read_write", "7.2", TDP_ACC_READ | TDP_ACC_WRITE, 3 },
};

static void access_is_packed(void **state)
{
	const struct access_row *r = *state;
	const struct tdp_kvm_config kvm = layout(r->layout);
	struct tdp_role role = { .access = r->access };

	assert_int_equal(role_pack(&kvm, &role), r->packed << 8);
	role = role_unpack(&kvm, r->packed << 8);
	assert_int_equal(role.access, r->access & role_acc_all(&kvm));
}

static void decoded_fields_have_their_names(void **state)
{
	const struct tdp_kvm_config old = kernel("v5.10");
	const struct tdp_kvm_config mid = kernel("v6.14");
	const struct tdp_kvm_config new = kernel("v7.2");
	struct tdp_role role;

	(void)state;
	tdp_role_decode(&old, 0x1023794, &role); /* R11 */
	assert_int_equal(role.level, 4);
	assert_int_equal(role.smm, 1);
	assert_true(role.guest_mode && role.direct && role.efer_nx &&
		    role.cr0_wp);
	assert_false(role.has_4_byte_gpte || role.invalid);
	assert_int_equal(tdp_role_encode(&old, &role), 0x1023794);

	/* N33: the root of N02 is made invalid. */
	tdp_role_decode(&mid, 0x3784, &role);
	role.invalid = true;
	assert_int_equal(tdp_role_encode(&mid, &role), 0x3f84);
	tdp_role_decode(&new, 0x6f84, &role);
	role.invalid = true;
	assert_int_equal(tdp_role_encode(&new, &role), 0x7f84);

	tdp_role_decode(&new, 0x107f84, &role); /* the same with MBEC */
	assert_true(role.invalid && role.cr4_smep);
	assert_int_equal(role.access, TDP_ACC_READ | TDP_ACC_WRITE |
					      TDP_ACC_USER | TDP_ACC_EXEC);
	role.invalid = false;
	assert_int_equal(tdp_role_encode(&new, &role), 0x106f84);
}

/* TDP root words ---------------------------------------------------------- */

#define MAX_WORDS 128

struct words {
	uint32_t word[MAX_WORDS];
	unsigned int nr;
};

static void add_word(struct words *words, uint32_t word)
{
	for (unsigned int i = 0; i < words->nr; i++)
		if (words->word[i] == word)
			return;
	assert_true(words->nr < MAX_WORDS);
	words->word[words->nr++] = word;
}

static void add_words_of_registers(struct words *words,
				   const struct tdp_kvm_config *kvm, bool smm,
				   bool guest_mode,
				   const struct role_tdp_host *host)
{
	static const uint64_t bits[] = { CR0_PG,   CR0_WP,   CR4_PAE,
					 CR4_PSE,  CR4_SMEP, CR4_SMAP,
					 CR4_LA57, EFER_NX,  EFER_LMA };

	for (unsigned int set = 0; set < 1u << ARRAY_SIZE(bits); set++) {
		struct role_regs regs = { 0 };
		struct cpu_role cpu;
		struct tdp_role root;

		for (unsigned int i = 0; i < ARRAY_SIZE(bits); i++) {
			uint64_t bit = set & 1u << i ? bits[i] : 0;

			if (i < 2)
				regs.cr0 |= bit;
			else if (i < 7)
				regs.cr4 |= bit;
			else
				regs.efer |= bit;
		}
		cpu = role_calc_cpu(kvm, &regs, smm, guest_mode, 46);
		root = role_calc_tdp_root(kvm, &cpu, &regs, host);
		add_word(words, role_pack(kvm, &root));
	}
}

/* Words of all guests on hosts of @levels; @both: in SMM and guest mode too. */
static unsigned int count_words(const struct tdp_kvm_config *kvm,
				unsigned int levels, bool both)
{
	struct words words = { .nr = 0 };

	for (unsigned int i = 0; i < levels * 4; i++) {
		const struct role_tdp_host host = {
			.level = 4 + i / 4,
			.has_ad = true,
			.tdp_has_smep = true,
		};
		const bool smm = i & 1;
		const bool guest_mode = i & 2;

		if (both || !(smm && guest_mode))
			add_words_of_registers(&words, kvm, smm, guest_mode,
					       &host);
	}
	return words.nr;
}

/*
 * @reachable: words of one VM whose vCPUs differ in level and registers, with
 * SMM and guest mode together if KVM_SET_VCPU_EVENTS can bring that about.
 * @by_flow: without that ioctl.
 */
static const struct count_row {
	const char *name;
	unsigned int by_flow;
	unsigned int reachable;
} count_rows[] = {
	{ "v5.10", 24, 32 }, { "v5.12", 24, 32 }, { "v5.14", 24, 32 },
	{ "v5.15", 24, 32 }, { "v5.17", 24, 24 }, { "v5.19", 6, 6 },
	{ "v6.0", 6, 6 },    { "v6.1", 6, 6 },    { "v6.1.192", 6, 6 },
	{ "v6.4", 6, 6 },    { "v6.7", 6, 6 },    { "v6.8", 6, 6 },
	{ "v6.11", 6, 6 },   { "v6.12", 6, 6 },   { "v6.12.117", 6, 6 },
	{ "v6.13", 6, 6 },   { "v6.14", 6, 6 },   { "v6.15", 6, 6 },
	{ "v6.16", 6, 6 },   { "v6.17", 6, 6 },   { "v6.18", 6, 6 },
	{ "v6.19", 6, 6 },   { "v7.0", 6, 6 },    { "v7.1", 6, 6 },
	{ "v7.2", 6, 6 },
};

static void tdp_root_words(void **state)
{
	const struct count_row *r = *state;
	const struct tdp_kvm_config kvm = kernel(r->name);
	const bool both = behaviour(&kvm, B_SMM_FLIP) == SMM_FLIP_KEEPS_NESTED;

	assert_int_equal(count_words(&kvm, 2, false), r->by_flow);
	assert_int_equal(count_words(&kvm, 2, both), r->reachable);
	/* AMD forces one level on all vCPUs, as does one MAXPHYADDR. */
	assert_int_equal(count_words(&kvm, 1, both), r->reachable / 2);
}

static void every_profile_is_counted(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; tdp_profile_name(i); i++)
		assert_string_equal(tdp_profile_name(i), count_rows[i].name);
	assert_int_equal(i, ARRAY_SIZE(count_rows));
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(layout_rows, page_fields_are_disjoint),
		ROWS(layout_rows, page_words_come_back),
		ROWS(layout_rows, ext_words_come_back),
		ROWS(access_rows, access_is_packed),
		CASE(decoded_fields_have_their_names),
		ROWS(count_rows, tdp_root_words),
		CASE(every_profile_is_counted),
	};

	return RUN("role_words", suites);
}
