/* SPDX-License-Identifier: MIT */
#include "scenario/modes.h"

#include "arch/regs.h"

static const struct word modes[] = {
	{ "real", MODE_REAL },      { "protected", MODE_PROTECTED },
	{ "32-bit", MODE_32BIT },   { "pae", MODE_PAE },
	{ "4-level", MODE_4LEVEL }, { "5-level", MODE_5LEVEL },
};
static const struct words mode_words = WORDS(modes);
static const struct words paging_words = { .nr = 4, .list = modes + 2 };

const struct type type_mode = WORDS_TYPE(
	"mode", "real, protected, 32-bit, pae, 4-level or 5-level",
	&mode_words);
const struct type type_paging_mode = WORDS_TYPE(
	"paging mode", "32-bit, pae, 4-level or 5-level", &paging_words);

#define CR0_UNPAGED (CR0_PE | CR0_ET | CR0_NE)
#define CR0_PAGED   (CR0_UNPAGED | CR0_WP | CR0_PG)
#define EFER_LONG   (EFER_SCE | EFER_LME | EFER_LMA | EFER_NX)

/*
 * As an operating system runs in them: write protection on, NX where the mode
 * has it, without SMEP and SMAP.
 */
static const struct registers {
	uint64_t cr0, cr4, efer;
} registers[NR_MODES] = {
	[MODE_REAL] = { CR0_ET, 0, 0 },
	[MODE_PROTECTED] = { CR0_UNPAGED, 0, 0 },
	[MODE_32BIT] = { CR0_PAGED, CR4_PSE, 0 },
	[MODE_PAE] = { CR0_PAGED, CR4_PAE, EFER_NX },
	[MODE_4LEVEL] = { CR0_PAGED, CR4_PAE | CR4_PGE, EFER_LONG },
	[MODE_5LEVEL] = { CR0_PAGED, CR4_PAE | CR4_PGE | CR4_LA57, EFER_LONG },
};

void mode_registers(enum mode mode, struct tdp_sregs *sregs)
{
	assert(mode != MODE_NONE && mode < NR_MODES);
	sregs->cr0 = registers[mode].cr0;
	sregs->cr4 = registers[mode].cr4;
	sregs->efer = registers[mode].efer;
}

static int pdptrs_decode(const struct decoder *d, const struct node *node,
			 const struct arg *arg, void *out)
{
	const struct node_item *item;
	struct list *list = out;
	uint64_t *values;
	int ret = decode_expect(d, node, NODE_LIST, "a list of 4 PDPTEs");

	(void)arg;
	if (ret)
		return ret;
	if (node->nr_items != 4)
		return decode_fail(d, node, "expected 4 PDPTEs, found %zu",
				   node->nr_items);
	values = arena_alloc(d->arena, 4 * sizeof(*values));
	if (!values)
		return decode_no_memory(d);
	*list = (struct list){ .items = values, .node = node };
	for (item = node->items; item && !ret; item = item->next)
		ret = type_word.parse(d, item->value, &type_word,
				      &values[list->nr++]);
	return ret;
}

const struct type type_pdptrs = {
	.name = "pdptes",
	.about = "a list of 4 numbers",
	.decode = pdptrs_decode,
};

bool regs_given(const struct regs_args *regs)
{
	return regs->mode || regs->cr0.given || regs->cr3.given ||
	       regs->cr4.given || regs->efer.given || regs->pdptrs.nr;
}

void regs_apply(const struct regs_args *regs, struct tdp_sregs *sregs)
{
	unsigned int i;

	if (regs->mode)
		mode_registers(regs->mode, sregs);
	sregs->cr0 = reg_value_apply(&regs->cr0, sregs->cr0);
	sregs->cr3 = reg_value_apply(&regs->cr3, sregs->cr3);
	sregs->cr4 = reg_value_apply(&regs->cr4, sregs->cr4);
	sregs->efer = reg_value_apply(&regs->efer, sregs->efer);
	sregs->pdptrs_valid = regs->pdptrs.nr;
	for (i = 0; i < regs->pdptrs.nr; i++)
		sregs->pdptr[i] = ((const uint64_t *)regs->pdptrs.items)[i];
}
