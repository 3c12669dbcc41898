/* SPDX-License-Identifier: MIT */
/*
 * How many TDP roots can one VM have?  Not asserted but counted: all states
 * that a vCPU can be brought into are walked through, operation by operation,
 * and the role words that its MMU wants on the way are collected.
 */
#include "l2.h"

#define MAX_PATH   8
#define MAX_STATES 64
#define MAX_WORDS  64

/* What a guest and userspace can do to what a root's role is made of. */
enum move {
	TOGGLE_WP,
	TOGGLE_NX,
	PAGE, /* to long mode, which SMM begins without */
	SMI,
	RSM,
	ENTER_L2,
	LEAVE_L2,
	FLAG_SMM, /* KVM_SET_VCPU_EVENTS */
	UNFLAG_SMM,
	NR_MOVES
};

struct path {
	unsigned int length;
	enum move moves[MAX_PATH];
};

/* What the moves can change, and what could make them behave otherwise. */
struct key {
	unsigned int maxphyaddr;
	bool smm, guest_mode, paging, wp, nx;
};

struct census {
	struct machine m;
	struct key states[MAX_STATES];
	struct path paths[MAX_STATES]; /* the shortest way to each */
	unsigned int nr_states;
	uint32_t words[MAX_WORDS];
	unsigned int nr_words;
};

/* Moves that the machine refuses leave it as it was, or end it: both are fine. */
static void toggle(struct machine *m, bool wp)
{
	struct tdp_sregs sregs;

	tdp_vcpu_get_sregs(m->vcpu, &sregs);
	if (wp)
		sregs.cr0 ^= UINT64_C(1) << 16;
	else
		sregs.efer ^= UINT64_C(1) << 11;
	tdp_vcpu_set_sregs(m->vcpu, &sregs, &m->result);
}

static void page(struct machine *m)
{
	const struct tdp_sregs sregs = l2_sregs(m->host.vendor);

	tdp_vcpu_set_sregs(m->vcpu, &sregs, &m->result);
}

static void enter_l2(struct machine *m)
{
	struct tdp_nested_state state = l2_state(m->host.vendor);

	tdp_vcpu_get_sregs(m->vcpu, &state.l2);
	tdp_vcpu_get_sregs(m->vcpu, &state.l1);
	tdp_vcpu_nested_enter(m->vcpu, &state, &m->result, &m->err);
}

static void make_move(struct machine *m, enum move move)
{
	switch (move) {
	case TOGGLE_WP:
	case TOGGLE_NX:
		toggle(m, move == TOGGLE_WP);
		break;
	case PAGE:
		page(m);
		break;
	case SMI:
		tdp_vcpu_smi(m->vcpu, &m->result, &m->err);
		break;
	case RSM:
		tdp_vcpu_rsm(m->vcpu, &m->result, &m->err);
		break;
	case ENTER_L2:
		enter_l2(m);
		break;
	case LEAVE_L2:
		tdp_vcpu_nested_exit(m->vcpu, &m->result, &m->err);
		break;
	case FLAG_SMM:
	case UNFLAG_SMM:
		tdp_vcpu_set_smm(m->vcpu, move == FLAG_SMM, &m->result,
				 &m->err);
		break;
	case NR_MOVES:
		break;
	}
}

static struct key key_of(const struct machine *m, unsigned int maxphyaddr)
{
	struct tdp_vcpu_state state;
	struct tdp_sregs sregs;

	tdp_vcpu_get_state(m->vcpu, &state);
	tdp_vcpu_get_sregs(m->vcpu, &sregs);
	return (struct key){
		.maxphyaddr = maxphyaddr,
		.smm = state.smm,
		.guest_mode = state.guest_mode,
		.paging = sregs.cr0 >> 31 & 1,
		.wp = sregs.cr0 >> 16 & 1,
		.nx = sregs.efer >> 11 & 1,
	};
}

static void note_word(struct census *c)
{
	struct tdp_vcpu_state state;
	unsigned int i;

	tdp_vcpu_get_state(c->m.vcpu, &state);
	for (i = 0; i < c->nr_words; i++)
		if (c->words[i] == state.root_role)
			return;
	assert_true(c->nr_words < MAX_WORDS);
	c->words[c->nr_words++] = state.root_role;
}

static bool same(const struct key *a, const struct key *b)
{
	return a->maxphyaddr == b->maxphyaddr && a->smm == b->smm &&
	       a->guest_mode == b->guest_mode && a->paging == b->paging &&
	       a->wp == b->wp && a->nx == b->nx;
}

static void note_state(struct census *c, unsigned int maxphyaddr,
		       const struct path *path)
{
	struct key key = key_of(&c->m, maxphyaddr);
	unsigned int i;

	note_word(c);
	for (i = 0; i < c->nr_states; i++)
		if (same(&c->states[i], &key))
			return;
	assert_true(c->nr_states < MAX_STATES);
	c->paths[c->nr_states] = *path;
	c->states[c->nr_states++] = key;
}

static void start(struct machine *m)
{
	machine_start(m);
	machine_slot(m, 0, 0, 0, 4 * MIB, TDP_BACKING_ANONYMOUS);
	machine_slot(m, 1, 1, 0, 4 * MIB, TDP_BACKING_ANONYMOUS);
}

/* One more vCPU, which goes along @path. */
static void go(struct machine *m, unsigned int maxphyaddr,
	       const struct path *path)
{
	const struct tdp_sregs sregs = l2_sregs(m->host.vendor);
	unsigned int i;

	machine_vcpu(m, maxphyaddr);
	l2_set_sregs(m, &sregs);
	for (i = 0; i < path->length; i++)
		make_move(m, path->moves[i]);
}

static void visit(struct census *c, unsigned int maxphyaddr,
		  const struct path *path)
{
	start(&c->m);
	go(&c->m, maxphyaddr, path);
	note_state(c, maxphyaddr, path);
	tdp_vm_destroy(c->m.vm);
}

/* Breadth first: from every state that is known each move once. */
static void walk(struct census *c, unsigned int maxphyaddr)
{
	struct path path = { 0 };
	unsigned int i, move;

	i = c->nr_states;
	visit(c, maxphyaddr, &path);
	for (; i < c->nr_states; i++) {
		for (move = 0; move < NR_MOVES; move++) {
			path = c->paths[i];
			assert_true(path.length < MAX_PATH);
			path.moves[path.length++] = (enum move)move;
			visit(c, maxphyaddr, &path);
		}
	}
}

/* All of them in one VM, a vCPU in each state, that loads its root. */
static unsigned int load_all(struct census *c)
{
	struct tdp_root_info root = { 0 };
	unsigned int i, nr = 0;

	start(&c->m);
	for (i = 0; i < c->nr_states; i++) {
		go(&c->m, c->states[i].maxphyaddr, &c->paths[i]);
		assert_int_equal(
			tdp_vcpu_run(c->m.vcpu, &c->m.result, &c->m.err),
			TDP_OK);
	}
	while (tdp_vm_root_next(c->m.vm, root.id, &root))
		nr += root.valid && root.tdp;
	machine_end(&c->m);
	return nr;
}

static const struct row {
	const char *name;
	enum tdp_vendor vendor;
	const char *profile;
	unsigned int ept_levels;
	unsigned int low, high; /* MAXPHYADDR of two kinds of vCPUs */
	unsigned int roots;
	bool both_modes; /* SMM and guest mode at once */
} rows[] = {
	/* clang-format off */
	{ "intel_5_10",  TDP_INTEL, "v5.10", 5, 48, 52, 32, true },
	{ "intel_5_12",  TDP_INTEL, "v5.12", 5, 48, 52, 32, true },
	{ "intel_5_15",  TDP_INTEL, "v5.15", 5, 48, 52, 32, true },
	{ "intel_5_17",  TDP_INTEL, "v5.17", 5, 48, 52, 24, false },
	{ "intel_5_19",  TDP_INTEL, "v5.19", 5, 48, 52, 6, false },
	{ "intel_6_1",   TDP_INTEL, "v6.1",  5, 48, 52, 6, false },
	{ "intel_6_12",  TDP_INTEL, "v6.12", 5, 48, 52, 6, false },
	{ "intel_6_18",  TDP_INTEL, "v6.18", 5, 48, 52, 6, false },
	{ "intel_7_2",   TDP_INTEL, "v7.2",  5, 48, 52, 6, false },
	{ "one_width",   TDP_INTEL, "v6.12", 5, 52, 52, 3, false },
	{ "4_level_ept", TDP_INTEL, "v6.12", 4, 48, 52, 3, false },
	{ "amd_5_12",    TDP_AMD,   "v5.12", 4, 48, 52, 16, true },
	{ "amd_5_17",    TDP_AMD,   "v5.17", 4, 48, 52, 12, false },
	{ "amd_6_12",    TDP_AMD,   "v6.12", 4, 48, 52, 3, false },
	{ "amd_7_2",     TDP_AMD,   "v7.2",  4, 48, 52, 3, false },
	/* clang-format on */
};

static bool in_both_modes(const struct census *c)
{
	struct tdp_role role;
	unsigned int i;

	for (i = 0; i < c->nr_words; i++) {
		tdp_role_decode(&c->m.kvm, c->words[i], &role);
		if (role.smm && role.guest_mode)
			return true;
	}
	return false;
}

static void row_counts(void **state)
{
	const struct row *r = *state;
	static struct census c;

	memset(&c, 0, sizeof(c));
	machine_init(&c.m, r->vendor, r->profile);
	machine_set(&c.m, "tdp_mmu", "on");
	c.m.host.maxphyaddr = 52;
	c.m.host.ept_levels = r->ept_levels;
	walk(&c, r->low);
	if (r->high != r->low)
		walk(&c, r->high);
	assert_int_equal(c.nr_words, r->roots);
	assert_int_equal(load_all(&c), r->roots);
	assert_int_equal(in_both_modes(&c), r->both_modes);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(rows, row_counts),
	};

	return RUN("roots_reachable", suites);
}
