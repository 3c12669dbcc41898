/* SPDX-License-Identifier: MIT */
/* Reading host:, kvm: and vcpus:. */
#include "scenario/machine.h"

#include <string.h>

#include "scenario/modes.h"
#include "scenario/value.h"

/* host: -------------------------------------------------------------------- */

#define HOST(member, key, host_type, ...) \
	ARG_AS(key, struct tdp_host_config, member, host_type, __VA_ARGS__)

static const struct arg ept_rows[] = {
	HOST(ept_levels, "levels", type_number, .min = 4, .max = 5,
	     .about = "deepest walk"),
	HOST(ept_ad, "ad", type_bool, .about = "accessed and dirty flags"),
	HOST(ept_exec_only, "exec_only", type_bool,
	     .about = "execute-only entries"),
	HOST(ept_advanced, "advanced", type_bool,
	     .about = "bits 11:9 of the exit qualification"),
	HOST(ept_2m, "2m", type_bool, .about = "2 MiB pages"),
	HOST(ept_1g, "1g", type_bool, .about = "1 GiB pages"),
};
static const struct args ept_args = ARGS(ept_rows, struct tdp_host_config);

/* Page tables are written, unlike the rest: a scenario must not eat the machine. */
#define MAX_TABLE_MEMORY (UINT64_C(1) << 29)

static const struct arg host_rows[] = {
	HOST(vendor, "vendor", type_vendor,
	     .about = "whose processor; the rest follows it (intel)"),
	HOST(maxphyaddr, "maxphyaddr", type_number, .min = 36, .max = 52,
	     .about = "physical-address bits"),
	HOST(la57, "la57", type_bool,
	     .about = "the host kernel runs with 5-level paging"),
	HOST(gbpages, "gbpages", type_bool,
	     .about = "1 GiB pages in ordinary tables"),
	HOST(self_snoop, "self_snoop", type_bool, .about = "CPUID.SS"),
	{
		.name = "ept",
		.type = &type_map,
		.inner = &ept_args,
		.about = "what EPT can do (intel)",
	},
	HOST(pml, "pml", type_bool, .about = "page-modification logging"),
	HOST(mbec, "mbec", type_bool,
	     .about = "mode-based execute control (intel, from 7.2)"),
	HOST(gmet, "gmet", type_bool,
	     .about = "guest-mode execute trap (amd, from 7.2)"),
	HOST(a_while_walking, "a_while_walking", type_bool,
	     .about =
		     "guest entries get A as they are used, be the walk successful or not"),
	HOST(l1tf_bits, "l1tf_bits", type_number, .max = 52,
	     .about =
		     "x86_cache_bits of a processor with L1TF; 0: not affected"),
	HOST(memory, "memory", type_size,
	     .about = "host-physical memory that is reserved"),
	HOST(table_memory, "table_memory", type_size, .max = MAX_TABLE_MEMORY,
	     .about = "of it, for page tables"),
};
const struct args host_args = ARGS(host_rows, struct tdp_host_config);

int host_parse(const struct decoder *d, const struct node *node,
	       struct tdp_host_config *host)
{
	const struct node *vendor;
	uint64_t value = TDP_INTEL;
	int ret = TDP_OK;

	/* First, since it decides what the other keys are by default. */
	vendor = node && node->kind == NODE_MAP ? node_get(node, "vendor") :
						  NULL;
	if (vendor)
		ret = type_vendor.parse(d, vendor, &type_vendor, &value);
	if (ret)
		return ret;
	tdp_host_config_init(host, (enum tdp_vendor)value);
	return node ? decode_map(d, node, &host_args, host, NULL) : TDP_OK;
}

void machine_preset_host(const struct tdp_machine *machine,
			 struct tdp_host_config *host)
{
	uint64_t memory = host->memory, tables = host->table_memory;

	*host = machine->host;
	host->memory = memory;
	host->table_memory = tables;
}

/* kvm: --------------------------------------------------------------------- */

#define DEFAULT_PROFILE "v6.12"

static int kvm_fail(const struct decoder *d, const struct node *at,
		    const struct tdp_error *why)
{
	return decode_fail(d, at, "%.400s", why->message);
}

static int profile_parse(const struct decoder *d, const struct node *node,
			 struct tdp_kvm_config *kvm)
{
	struct tdp_error why;
	int ret;

	if (d->machine)
		*kvm = d->machine->kvm;
	if (!node && d->machine)
		return TDP_OK;
	if (!node)
		return tdp_kvm_config_init(kvm, DEFAULT_PROFILE, d->err);
	ret = decode_expect(d, node, NODE_SCALAR, "the name of a profile");
	if (!ret && tdp_kvm_config_init(kvm, node->text, &why))
		ret = kvm_fail(d, node, &why);
	if (!ret && d->machine)
		*kvm = d->machine->kvm;
	return ret;
}

int kvm_parse(const struct decoder *d, const struct node *node,
	      struct tdp_kvm_config *kvm)
{
	const struct node_item *item;
	struct tdp_error why;
	int ret;

	if (!node)
		return profile_parse(d, NULL, kvm);
	ret = decode_expect(
		d, node, NODE_MAP,
		"a map: profile, and behaviours that differ from it");
	if (!ret)
		ret = profile_parse(d, node_get(node, "profile"), kvm);
	for (item = ret ? NULL : node->items; item && !ret; item = item->next) {
		const char *name = item->key->text;

		if (!strcmp(name, "profile"))
			continue;
		ret = decode_expect(d, item->value, NODE_SCALAR,
				    "the name of a value");
		if (!ret &&
		    tdp_kvm_config_set(kvm, name, item->value->text, &why))
			ret = kvm_fail(d,
				       tdp_kvm_config_get(kvm, name) ?
					       item->value :
					       item->key,
				       &why);
	}
	return ret;
}

/* vcpus: ------------------------------------------------------------------- */

#define CPUID(bit, text) ARG(struct tdp_cpuid, bit, type_bool, .about = (text))

static const struct arg cpuid_rows[] = {
	ARG(struct tdp_cpuid, maxphyaddr, type_number, .min = 32, .max = 52,
	    .about = "physical-address bits"),
	CPUID(lm, "long mode"),
	CPUID(nx, "no-execute"),
	CPUID(gbpages, "1 GiB pages"),
	CPUID(la57, "5-level paging"),
	CPUID(smep, "SMEP"),
	CPUID(smap, "SMAP"),
	CPUID(pke, "protection keys"),
	CPUID(mtrr, "MTRRs"),
};
const struct args cpuid_args = ARGS(cpuid_rows, struct tdp_cpuid);

struct vcpu_text {
	const struct node *cpuid;
	struct regs_args regs;
	bool smm;
};

static const struct type type_cpuid = NODE_TYPE("map or none",
						"a map, or none");

static const struct arg vcpu_rows[] = {
	ARG(struct vcpu_text, cpuid, type_cpuid,
	    .about =
		    "what KVM_SET_CPUID2 changes of the host's, or none: not called"),
	REGS_ROWS(struct vcpu_text, regs),
	ARG(struct vcpu_text, smm, type_bool, .otherwise = "false",
	    .about = "put into SMM by KVM_SET_VCPU_EVENTS"),
};
const struct args vcpu_setup_args = ARGS(vcpu_rows, struct vcpu_text);

/*
 * What a VMM passes that hands KVM_GET_SUPPORTED_CPUID to the guest.  Whether
 * the guest sees LA57 does not depend on how the host kernel pages.
 */
static struct tdp_cpuid host_cpuid(const struct tdp_host_config *host)
{
	return (struct tdp_cpuid){
		.maxphyaddr = host->maxphyaddr,
		.lm = true,
		.nx = true,
		.gbpages = host->gbpages,
		.la57 = true,
		.smep = true,
		.smap = true,
		.pke = host->vendor == TDP_INTEL,
		.mtrr = true,
	};
}

static int cpuid_parse(const struct decoder *d, const struct node *node,
		       struct vcpu_setup *setup)
{
	if (!node)
		return TDP_OK;
	if (node->kind == NODE_MAP)
		return decode_map(d, node, &cpuid_args, &setup->cpuid, NULL);
	if (node->kind != NODE_SCALAR || strcmp(node->text, "none") != 0)
		return decode_fail(d, node, "expected a map, or none, found %s",
				   node_kind_name(node));
	setup->has_cpuid = false;
	return TDP_OK;
}

/* Registers at reset; SDM: "IA-32 and Intel 64 Processor States Following Power-up". */
static const struct tdp_sregs reset_sregs = { .cr0 = 0x60000010 };

static int vcpu_parse(const struct decoder *d, const struct node *node,
		      struct vcpu_setup *setup)
{
	struct vcpu_text text = { 0 };
	int ret = decode_map(d, node, &vcpu_setup_args, &text, NULL);

	setup->place = node;
	if (!ret)
		ret = cpuid_parse(d, text.cpuid, setup);
	setup->has_sregs = regs_given(&text.regs);
	setup->sregs = reset_sregs;
	regs_apply(&text.regs, &setup->sregs);
	setup->smm = text.smm;
	return ret;
}

int vcpus_parse(const struct decoder *d, const struct node *node,
		struct tdp_scenario *s)
{
	const struct node_item *item = NULL;
	unsigned int i;
	int ret = TDP_OK;

	s->nr_vcpus = 1;
	if (node) {
		ret = decode_expect(d, node, NODE_LIST, "a list of vCPUs");
		if (ret)
			return ret;
		if (!node->nr_items || node->nr_items > 1024)
			return decode_fail(d, node, "expected 1 to 1024 vCPUs");
		s->nr_vcpus = (unsigned int)node->nr_items;
		item = node->items;
	}
	s->vcpus = arena_alloc(d->arena, s->nr_vcpus * sizeof(*s->vcpus));
	if (!s->vcpus)
		return decode_no_memory(d);
	for (i = 0; i < s->nr_vcpus && !ret; i++) {
		s->vcpus[i].has_cpuid = true;
		s->vcpus[i].cpuid = d->machine ? d->machine->cpuid :
						 host_cpuid(&s->host);
		if (item)
			ret = vcpu_parse(d, item->value, &s->vcpus[i]);
		item = item ? item->next : NULL;
	}
	return ret;
}
