/* SPDX-License-Identifier: MIT */
#include "scenario/guest_tables.h"
#include "scenario/verb.h"

struct tables_args {
	unsigned int as;
	uint64_t at;
	enum mode mode;
	struct list pages; /* of struct guest_page */
};

static const struct arg page_rows[] = {
	ARG(struct guest_page, gva, type_address, .required = true,
	    .about = "first linear address"),
	ARG(struct guest_page, gpa, type_address, .required = true,
	    .about = "first guest-physical address"),
	ARG(struct guest_page, page, type_size, .otherwise = "4KiB",
	    .about = "size of the pages: 4KiB, 2MiB, 1GiB; 32-bit: 4KiB, 4MiB"),
	ARG(struct guest_page, size, type_size, .otherwise = "0",
	    .about = "size of the range; 0: one page"),
	ARG(struct guest_page, rights, type_rights, .otherwise = "R|W|X",
	    .about = "of the leaf; without R it is not present"),
	ARG(struct guest_page, bits, type_pte_bits, .otherwise = "0",
	    .about = "or-ed into the leaf, as in A|D"),
};

static const struct args page_args = ARGS(page_rows, struct guest_page);

static const struct arg tables_rows[] = {
	AS_ROW(struct tables_args),
	ARG(struct tables_args, at, type_address, .required = true,
	    .about =
		    "where the topmost table goes, others behind it; the value for CR3"),
	ARG(struct tables_args, mode, type_paging_mode, .otherwise = "4-level",
	    .about = "format"),
	ARG(struct tables_args, pages, type_list, .required = true,
	    .inner = &page_args, .about = "what to map"),
};

static int check_tables(const struct decoder *d, const struct node *node,
			void *args)
{
	struct tables_args *a = args;
	struct guest_page *pages = a->pages.items;
	unsigned int i;

	if (!is_aligned(a->at, 4096))
		return decode_fail(d, node, "at: not a multiple of 4KiB");
	for (i = 0; i < a->pages.nr; i++)
		if (!pages[i].size)
			pages[i].size = pages[i].page;
	return TDP_OK;
}

static int write_tables(const void *args, const struct tdp_guest_memory *memory,
			uint64_t *cr3, uint64_t *next, struct tdp_error *err)
{
	const struct tables_args *a = args;
	const struct guest_page *pages = a->pages.items;
	struct guest_tables gt = {
		.memory = memory,
		.as = a->as,
		.mode = a->mode,
		.err = err,
	};
	int ret = guest_tables_start(&gt, a->at);
	unsigned int i;

	for (i = 0; i < a->pages.nr && !ret; i++)
		ret = guest_tables_map(&gt, &pages[i]);
	*cr3 = gt.cr3;
	*next = gt.next;
	return ret;
}

static int vm_read(void *vm, unsigned int as_id, tdp_gpa gpa, uint64_t *value,
		   unsigned int size, struct tdp_error *err)
{
	return tdp_vm_read(vm, as_id, gpa, value, size, err);
}

static int vm_write(void *vm, unsigned int as_id, tdp_gpa gpa, uint64_t value,
		    unsigned int size, struct tdp_error *err)
{
	return tdp_vm_write(vm, as_id, gpa, value, size, err);
}

static int run_guest_tables(struct run *run, const void *args)
{
	const struct tdp_guest_memory memory = { vm_read, vm_write, run->vm };

	return write_tables(args, &memory, &run->outcome.cr3,
			    &run->outcome.next, run->err);
}

const struct verb verb_guest_tables = {
	.name = "guest_tables",
	.about =
		"userspace writes page tables into guest memory; loading CR3 is another step",
	.args = ARGS(tables_rows, struct tables_args),
	.fields = FIELDS_TABLES,
	.check_args = check_tables,
	.run = run_guest_tables,
	.tables = write_tables,
};
