/* SPDX-License-Identifier: MIT */
#include "scenario/recording_case.h"

#include "scenario/value.h"

#define MAX_VMS 64

/* A list of numbers, as unsigned int. */
static int numbers_decode(const struct decoder *d, const struct node *node,
			  const struct arg *arg, void *out)
{
	const struct node_item *item;
	struct list *list = out;
	unsigned int *values;
	int ret = decode_expect(d, node, NODE_LIST, "a list of numbers");

	if (!ret && (!node->nr_items || node->nr_items > MAX_VMS))
		ret = decode_fail(d, node,
				  "expected 1 to %u numbers, found %zu",
				  MAX_VMS, node->nr_items);
	if (ret)
		return ret;
	values = arena_alloc(d->arena, node->nr_items * sizeof(*values));
	if (!values)
		return decode_no_memory(d);
	*list = (struct list){ .items = values, .node = node };
	for (item = node->items; item && !ret; item = item->next) {
		uint64_t value = 0;

		ret = type_number.parse(d, item->value, &type_number, &value);
		if (!ret && value >= MAX_VMS)
			ret = decode_fail(d, item->value,
					  "%s: %llu is too large", arg->name,
					  (unsigned long long)value);
		values[list->nr++] = (unsigned int)value;
	}
	return ret;
}

static const struct type type_numbers = {
	.name = "numbers",
	.about = "a list of numbers",
	.decode = numbers_decode,
};

static const struct arg left_out_rows[] = {
	ARG(struct recorded_left_out, step, type_number, .required = true,
	    .about = "number of the recorded step"),
	ARG(struct recorded_left_out, event, type_text,
	    .about = "name of an event that is not replayed; default: all"),
	ARG(struct recorded_left_out, field, type_text,
	    .about = "a field that differs, named as tdpsim diff names it"),
	ARG(struct recorded_left_out, why, type_text, .required = true,
	    .about = "the reason"),
};

static const struct args left_out_args = ARGS(left_out_rows,
					      struct recorded_left_out);

static const struct arg case_rows[] = {
	ARG_AS("case", struct recorded_case, name, type_text, .required = true,
	       .about = "name of the recorded case"),
	ARG(struct recorded_case, vm, type_number, .otherwise = "0",
	    .about = "which of the VMs that the case makes, from 0"),
	ARG(struct recorded_case, vms, type_numbers,
	    .about =
		    "several of them, which the scenario is held against in turn"),
	ARG(struct recorded_case, count_from_vm, type_bool,
	    .otherwise = "false",
	    .about =
		    "steps are counted from the VM's KVM_CREATE_VM, which is 0, and those of "
		    "an ioctl that the kernel did not have are left away"),
	ARG(struct recorded_case, span, type_number, .otherwise = "1", .min = 1,
	    .max = 64,
	    .about =
		    "how many VMs, and what is done to them, the scenario replays"),
	ARG(struct recorded_case, machine, type_number, .required = true,
	    .about = "last recorded step that making the machine stands for"),
	ARG(struct recorded_case, left_out, type_list, .inner = &left_out_args,
	    .about = "recorded steps that are not replayed"),
};

const struct args recorded_case_args = ARGS(case_rows, struct recorded_case);
