/* SPDX-License-Identifier: MIT */
/* From a file to a checked scenario. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "scenario/account.h"
#include "scenario/feature.h"
#include "scenario/machine.h"
#include "scenario/outcome.h"
#include "scenario/together.h"
#include "scenario/top.h"
#include "scenario/verb.h"

/* Creating the VM is a step that every scenario has. */
struct create_text {
	unsigned int type;
	const struct node *expect;
};

/* The file as it stands, key by key. */
struct top {
	const char *scenario;
	const char *about;
	const struct node *requires;
	const struct node *host;
	const struct node *kvm;
	struct create_text create;
	struct list gmem;
	bool irqchip;
	struct list memslots;
	const struct node *vcpus;
	struct list memory;
	struct recorded_case recording;
	bool any_outcome;
	const struct node *steps;
	const struct node *check;
	const struct node *account;
	const struct node *observe;
	unsigned int outcomes;
	const struct node *always;
	const struct node *never;
	const struct node *sometimes;
};

static const struct type type_sequence = NODE_TYPE("list", "a list");
static const struct type type_mapping = NODE_TYPE("map", "a map");

static const struct arg create_rows[] = {
	ARG(struct create_text, type, type_vm_type, .otherwise = "default",
	    .about = "type of the VM"),
	ARG(struct create_text, expect, type_mapping,
	    .about = "what creating it must give"),
};

static const struct args create_args = ARGS(create_rows, struct create_text);

static const struct arg top_rows[] = {
	ARG(struct top, scenario, type_text, .required = true,
	    .about = "its name, that of the file"),
	ARG(struct top, about, type_text, .required = true,
	    .about = "the claim that it proves"),
	ARG(struct top, requires, type_sequence,
	    .about = "a list of features without which it is skipped"),
	ARG(struct top, host, type_mapping, .about = "the machine under KVM"),
	ARG(struct top, kvm, type_mapping,
	    .about = "the kernel: profile, and behaviours that differ from it"),
	ARG(struct top, create, type_map, .inner = &create_args,
	    .about =
		    "the VM's type, and expectations on creating it, which a kernel may refuse"),
	ARG(struct top, gmem, type_list, .inner = &gmem_args,
	    .about = "guest_memfds, numbered from 1"),
	ARG(struct top, irqchip, type_bool, .otherwise = "false",
	    .about = "KVM_CREATE_IRQCHIP: with VMX the APIC has a page"),
	ARG(struct top, memslots, type_list, .inner = &memslot_args,
	    .about = "memory regions of the guest"),
	ARG(struct top, vcpus, type_sequence,
	    .about =
		    "virtual CPUs; default: one, at reset, with the host's CPUID"),
	ARG(struct top, memory, type_list, .inner = &poke_args,
	    .about = "what guest memory holds at the start"),
	ARG(struct top, recording, type_map, .inner = &recorded_case_args,
	    .about = "the recorded case that it replays (tdpsim diff)"),
	ARG(struct top, any_outcome, type_bool, .otherwise = "false",
	    .about =
		    "a step that expects nothing may end in any way, as in what is only compared"),
	ARG(struct top, steps, type_sequence,
	    .about = "what happens, in order"),
	ARG(struct top, check, type_mapping,
	    .about = "what the machine must look like at the end"),
	ARG(struct top, account, type_mapping,
	    .about =
		    "what the steps' accesses cost, with and without pre-faults"),
	ARG(struct top, always, type_sequence,
	    .about = "claims that hold whatever the order (explore)"),
	ARG(struct top, never, type_sequence,
	    .about = "claims that hold in no order"),
	ARG(struct top, sometimes, type_sequence,
	    .about = "claims that hold in some order"),
	ARG(struct top, outcomes, type_number, .otherwise = "0",
	    .about =
		    "how many distinct outcomes there are in all orders; 0: not said"),
	ARG(struct top, observe, type_sequence,
	    .about =
		    "fields that make an outcome (outcome, reason, ret, level, memtype)"),
};

const struct args top_args = ARGS(top_rows, struct top);

/* expect: ------------------------------------------------------------------ */

struct expect_text {
	const struct node *events;
	const struct node *no_events;
	const struct node *event_counts;
	const struct node *cycle;
	enum invariants invariants;
};

static const struct arg expect_rows[] = {
	ARG(struct expect_text, events, type_sequence,
	    .about = "these events, in this order; others may come between"),
	ARG(struct expect_text, no_events, type_sequence,
	    .about = "none of these events"),
	ARG(struct expect_text, event_counts, type_mapping,
	    .about = "a map from events to how many there are"),
	ARG(struct expect_text, cycle, type_sequence,
	    .about = "livelock: the events of one round, these and no others"),
	ARG(struct expect_text, invariants, type_invariants,
	    .about =
		    "what tdp_vm_check() says then: broken where the kernel has a bug"),
};

const struct args expect_args = ARGS(expect_rows, struct expect_text);

static int events_of(const struct decoder *d, const struct expect_text *text,
		     struct event_wants *wants)
{
	int ret = TDP_OK;

	if (text->events)
		ret = events_parse(d, text->events, wants);
	if (!ret && text->no_events)
		ret = no_events_parse(d, text->no_events, wants);
	if (!ret && text->event_counts)
		ret = event_counts_parse(d, text->event_counts, wants);
	if (!ret && text->cycle)
		ret = event_cycle_parse(d, text->cycle, wants);
	return ret;
}

static int expect_parse(const struct decoder *d, const struct node *node,
			unsigned int groups, struct expected *expected)
{
	struct expect_text text = { 0 };
	struct node events, fields;
	int ret = decode_expect(d, node, NODE_MAP, "a map of fields");

	if (!ret)
		ret = decode_filter(d, node, &expect_args, true, &events);
	if (!ret)
		ret = decode_filter(d, node, &expect_args, false, &fields);
	if (!ret)
		ret = decode_map(d, &events, &expect_args, &text, NULL);
	expected->invariants = text.invariants;
	expected->line = node->line;
	expected->column = node->column;
	if (!ret)
		ret = events_of(d, &text, &expected->events);
	if (!ret)
		ret = expectations_parse(d, &fields, &outcome_fields, groups,
					 &expected->fields);
	return ret;
}

/* steps: ------------------------------------------------------------------- */

static const struct arg step_rows[] = {
	ARG(struct step, why, type_text, .about = "a remark"),
	ARG(struct step, recorded, type_number,
	    .about = "number of the recorded step that it replays"),
	ARG(struct step, expect, type_mapping,
	    .about = "what the step must give"),
	ARG(struct step, label, type_text,
	    .about =
		    "what claims call it; else step2, or vcpu0.1 inside together"),
	ARG(struct step, thread, type_text,
	    .about = "inside together: whose step; else its vCPU's, or main"),
	ARG(struct step, kernel_steps, type_bool,
	    .about =
		    "of together: others may run inside a call, between steps of the kernel"),
	ARG(struct step, order, type_sequence,
	    .about =
		    "of together: threads, turn by turn, instead of the order as written"),
};

const struct args step_args = ARGS(step_rows, struct step);

/* Verbs first, then the keys that may stand beside one. */
static const char *nth_step_word(unsigned int index, const void *context)
{
	unsigned int nr = 0;

	(void)context;
	while (verb_at(nr))
		nr++;
	if (index < nr)
		return verb_at(index)->name;
	index -= nr;
	return index < step_args.nr ? step_args.rows[index].name : NULL;
}

/* Of a map without the keys that stand beside a verb. */
static int verb_key(const struct decoder *d, const struct node *node,
		    const struct node_item **key)
{
	const struct node_item *item;

	*key = NULL;
	for (item = node->items; item; item = item->next) {
		const char *text = item->key->text;

		if (!verb_find(text))
			return decode_unknown(d, item->key, "verb", text,
					      nth_step_word, NULL);
		if (*key)
			return decode_fail(
				d, item->key,
				"a step has one verb: \"%s\" is here already",
				(*key)->key->text);
		*key = item;
	}
	if (*key)
		return TDP_OK;
	return decode_fail(d, node, "a step without a verb");
}

static int verb_args_parse(const struct decoder *d, const struct node *node,
			   const struct verb *verb, struct step *step)
{
	static const struct node empty = { .kind = NODE_MAP };
	struct node here = empty;
	void *args = arena_alloc(d->arena, verb->args.size);
	int ret = TDP_OK;

	if (!args)
		return decode_no_memory(d);
	/* "- attach_dma:" is a verb with nothing behind it. */
	here.line = node->line;
	here.column = node->column;
	if (node->kind == NODE_SCALAR && !node->text[0] && !node->quoted)
		node = &here;
	if (!verb->parses_itself)
		ret = decode_map(d, node, &verb->args, args, &step->given);
	if (!ret && verb->check_args)
		ret = verb->check_args(d, node, args);
	if (!ret && verb->args.nr && verb->args.rows[0].type == &type_vcpu)
		step->vcpu = ((const struct vcpu_args *)args)->vcpu;
	step->args = args;
	return ret;
}

/* What only some steps may have. */
static int step_place(const struct decoder *d, const struct node *node,
		      bool inside, struct step *step)
{
	bool together = step_together(step);

	if (step->thread && !inside)
		return decode_fail(d, node_get(node, "thread"),
				   "only steps inside \"together\" have one");
	if (together)
		return together_finish(d, step);
	if (step->order || step->kernel_steps)
		return decode_fail(
			d,
			node_get(node, step->order ? "order" : "kernel_steps"),
			"only \"together\" has it");
	return TDP_OK;
}

static int step_parse(const struct decoder *d, const struct node *node,
		      bool inside, struct step *step)
{
	const struct node_item *key = NULL;
	struct node beside, verb;
	int ret = decode_expect(d, node, NODE_MAP, "a step: a map with a verb");

	step->recorded = NOT_RECORDED;
	if (!ret)
		ret = decode_filter(d, node, &step_args, true, &beside);
	if (!ret)
		ret = decode_filter(d, node, &step_args, false, &verb);
	if (!ret)
		ret = verb_key(d, &verb, &key);
	if (!ret)
		ret = decode_map(d, &beside, &step_args, step, NULL);
	if (ret)
		return ret;
	assert(key);
	step->verb = verb_find(key->key->text);
	step->text = key->value;
	step->line = key->key->line;
	step->column = key->key->column;
	ret = verb_args_parse(d, key->value, step->verb, step);
	if (!ret)
		ret = step_place(d, node, inside, step);
	if (!ret && step->expect)
		ret = expect_parse(d, step->expect,
				   step->verb->fields | FIELDS_NONE,
				   &step->expected);
	return ret;
}

int steps_parse(const struct decoder *d, const struct node *node, bool inside,
		struct step **steps, unsigned int *nr)
{
	const struct node_item *item;
	int ret = decode_expect(d, node, NODE_LIST, "a list of steps");

	if (ret)
		return ret;
	*steps = arena_alloc(d->arena, node->nr_items * sizeof(**steps));
	if (!*steps)
		return decode_no_memory(d);
	for (item = node->items; item && !ret; item = item->next)
		ret = step_parse(d, item->value, inside, &(*steps)[(*nr)++]);
	return ret;
}

static int name_step(const struct decoder *d, struct step *step,
		     unsigned int number)
{
	char label[16];

	if (step->label)
		return TDP_OK;
	snprintf(label, sizeof(label), "step%u", number);
	step->label = arena_text(d->arena, label, strlen(label));
	return step->label ? TDP_OK : decode_no_memory(d);
}

/* Every step gets a number, and those outside "together:" a label. */
static int steps_number(const struct decoder *d, struct tdp_scenario *s)
{
	unsigned int i, j;
	int ret = TDP_OK;

	for (i = 0; i < s->nr_steps && !ret; i++) {
		const struct together *t = step_together(&s->steps[i]);

		ret = name_step(d, &s->steps[i], i + 1);
		for (j = 0; t && j < t->nr_steps; j++)
			t->steps[j].slot = s->nr_slots++;
		if (!t)
			s->steps[i].slot = s->nr_slots++;
	}
	return ret;
}

/* observe: ----------------------------------------------------------------- */

static const char *const observed_by_default[] = { "outcome", "reason", "ret",
						   "level", "memtype" };

static const char *nth_field(unsigned int index, const void *context)
{
	(void)context;
	return index < outcome_fields.nr ? outcome_fields.rows[index].name :
					   NULL;
}

static int observe_parse(const struct decoder *d, const struct node *node,
			 struct tdp_scenario *s)
{
	const struct node_item *item;
	int ret = decode_expect(d, node, NODE_LIST, "a list of fields");

	for (item = ret ? NULL : node->items; item && !ret; item = item->next) {
		const struct field *field = NULL;

		ret = decode_expect(d, item->value, NODE_SCALAR,
				    "the name of a field");
		if (!ret)
			field = field_find(&outcome_fields, item->value->text);
		if (!ret && !field)
			ret = decode_unknown(d, item->value, "field",
					     item->value->text, nth_field,
					     NULL);
		s->observed[s->nr_observed++] = field;
	}
	return ret;
}

static int observed_fields(const struct decoder *d, const struct node *node,
			   struct tdp_scenario *s)
{
	size_t nr = ARRAY_SIZE(observed_by_default) +
		    (node ? node->nr_items : 0);
	unsigned int i;

	s->observed = arena_alloc(d->arena, nr * sizeof(*s->observed));
	if (!s->observed)
		return decode_no_memory(d);
	if (node)
		return observe_parse(d, node, s);
	for (i = 0; i < ARRAY_SIZE(observed_by_default); i++)
		s->observed[s->nr_observed++] = field_find(
			&outcome_fields, observed_by_default[i]);
	return TDP_OK;
}

/* The whole ---------------------------------------------------------------- */

static int requires_parse(const struct decoder *d, const struct node *node,
			  struct tdp_scenario *s)
{
	const struct node_item *item;
	int ret = decode_expect(d, node, NODE_LIST, "a list of features");

	for (item = ret ? NULL : node->items; item; item = item->next) {
		const struct feature *feature;
		char text[256];

		ret = decode_expect(d, item->value, NODE_SCALAR,
				    "the name of a feature");
		if (ret)
			return ret;
		feature = feature_find(item->value->text);
		if (!feature)
			return decode_unknown(d, item->value, "feature",
					      item->value->text, feature_nth,
					      NULL);
		if (feature->available || s->missing)
			continue;
		snprintf(text, sizeof(text), "%s: %s", feature->name,
			 feature->about);
		s->missing = arena_text(d->arena, text, strlen(text));
		if (!s->missing)
			return decode_no_memory(d);
	}
	return ret;
}

static int check_of(const struct decoder *d, const struct node *node,
		    struct tdp_scenario *s)
{
	struct check_set *set = arena_alloc(d->arena, sizeof(*set));

	if (!set)
		return decode_no_memory(d);
	s->check = set;
	return check_parse(d, node, set);
}

static int account_of(const struct decoder *d, const struct node *node,
		      struct tdp_scenario *s)
{
	struct account_set *set = arena_alloc(d->arena, sizeof(*set));

	if (!set)
		return decode_no_memory(d);
	s->account = set;
	return account_parse(d, node, set);
}

static int claims_of(const struct decoder *d, const struct top *top,
		     struct tdp_scenario *s)
{
	int ret = TDP_OK;

	if (top->always)
		ret = claims_parse(d, top->always, TDP_DEMAND_ALWAYS, s);
	if (!ret && top->never)
		ret = claims_parse(d, top->never, TDP_DEMAND_NEVER, s);
	if (!ret && top->sometimes)
		ret = claims_parse(d, top->sometimes, TDP_DEMAND_SOMETIMES, s);
	return ret;
}

/* Order matters: steps and checks name vCPUs, which must be counted. */
static int sections_parse(struct decoder *d, const struct top *top,
			  struct tdp_scenario *s)
{
	int ret = host_parse(d, top->host, &s->host);

	if (d->machine)
		s->tss_slot = d->machine->tss_slot;
	if (d->machine)
		machine_preset_host(d->machine, &s->host);

	if (!ret)
		ret = kvm_parse(d, top->kvm, &s->kvm);
	if (!ret)
		ret = vcpus_parse(d, top->vcpus, s);
	d->nr_vcpus = s->nr_vcpus;
	if (!ret && top->requires)
		ret = requires_parse(d, top->requires, s);
	if (!ret && top->create.expect)
		ret = expect_parse(d, top->create.expect, FIELDS_CALL,
				   &s->creation);
	if (!ret && top->steps)
		ret = steps_parse(d, top->steps, false, &s->steps,
				  &s->nr_steps);
	if (!ret)
		ret = steps_number(d, s);
	if (!ret && top->check)
		ret = check_of(d, top->check, s);
	if (!ret && top->account)
		ret = account_of(d, top->account, s);
	if (!ret)
		ret = observed_fields(d, top->observe, s);
	return ret ? ret : claims_of(d, top, s);
}

static int name_check(const struct decoder *d, const struct node *root,
		      const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz"
				     "0123456789_-.");

	if (!name[length] && length <= 128)
		return TDP_OK;
	return decode_fail(
		d, node_get(root, "scenario"),
		"a name has up to 128 letters a-z, digits, \"_\", \"-\" and \".\"");
}

static int parse(struct decoder *d, const char *text, size_t size,
		 struct tdp_scenario *s)
{
	const struct node *root;
	struct top top = { 0 };
	int ret = yaml_parse(d->path, text, size, d->arena, &root, d->err);

	if (!ret)
		ret = decode_expect(
			d, root, NODE_MAP,
			"a map that begins with \"scenario: NAME\"");
	if (!ret)
		ret = decode_map(d, root, &top_args, &top, NULL);
	if (!ret)
		ret = name_check(d, root, top.scenario);
	if (ret)
		return ret;
	s->name = top.scenario;
	s->about = top.about;
	s->place = top.host ? top.host : root;
	s->recording = top.recording;
	s->any_outcome = top.any_outcome;
	s->vm_type = top.create.type;
	s->gmem = top.gmem;
	s->irqchip = top.irqchip;
	s->memslots = top.memslots;
	s->memory = top.memory;
	s->nr_outcomes = top.outcomes;
	return sections_parse(d, &top, s);
}

static int load_text(const char *name, const char *text, size_t size,
		     const struct tdp_machine *machine,
		     struct tdp_scenario **scenario, struct tdp_error *err)
{
	struct tdp_scenario *s = calloc(1, sizeof(*s));
	struct decoder d = { .path = name, .err = err, .machine = machine };
	int ret;

	if (!s)
		return err_set(err, TDP_ENOMEM, "%s: out of memory", name);
	d.arena = &s->arena;
	s->path = d.path = arena_text(&s->arena, name, strlen(name));
	s->source = arena_text(&s->arena, text, size);
	s->source_size = size;
	ret = s->path && s->source ?
		      parse(&d, text, size, s) :
		      err_set(err, TDP_ENOMEM, "%s: out of memory", name);
	if (ret) {
		tdp_scenario_destroy(s);
		return ret;
	}
	*scenario = s;
	return TDP_OK;
}

int tdp_scenario_load_text(const char *name, const char *text, size_t size,
			   struct tdp_scenario **scenario,
			   struct tdp_error *err)
{
	return load_text(name, text, size, NULL, scenario, err);
}

static int read_file(FILE *file, const char *path, char *buf, size_t *size,
		     struct tdp_error *err)
{
	struct stat stat;

	if (!fstat(fileno(file), &stat) && S_ISDIR(stat.st_mode))
		return err_at(err, TDP_EIO, path, 0, 0, "is a directory");
	*size = fread(buf, 1, YAML_MAX_BYTES + 1, file);
	if (ferror(file))
		return err_at(err, TDP_EIO, path, 0, 0, "can't be read: %s",
			      strerror(errno));
	return TDP_OK;
}

int tdp_scenario_load_on(const char *path, const struct tdp_machine *machine,
			 struct tdp_scenario **scenario, struct tdp_error *err)
{
	size_t size = 0;
	char *buf;
	FILE *file = fopen(path, "rb");
	int ret;

	if (!file)
		return err_at(err, TDP_EIO, path, 0, 0, "can't be opened: %s",
			      strerror(errno));
	buf = malloc(YAML_MAX_BYTES + 1);
	ret = buf ? read_file(file, path, buf, &size, err) :
		    err_set(err, TDP_ENOMEM, "%s: out of memory", path);
	fclose(file);
	if (!ret)
		ret = load_text(path, buf, size, machine, scenario, err);
	free(buf);
	return ret;
}

int tdp_scenario_load(const char *path, struct tdp_scenario **scenario,
		      struct tdp_error *err)
{
	return tdp_scenario_load_on(path, NULL, scenario, err);
}

void tdp_scenario_destroy(struct tdp_scenario *scenario)
{
	struct arena arena;

	if (!scenario)
		return;
	arena = scenario->arena;
	free(scenario);
	arena_finish(&arena);
}

const char *tdp_scenario_name(const struct tdp_scenario *scenario)
{
	return scenario->name;
}

const char *tdp_scenario_about(const struct tdp_scenario *scenario)
{
	return scenario->about;
}

const char *tdp_scenario_missing(const struct tdp_scenario *scenario)
{
	return scenario->missing;
}
