/* SPDX-License-Identifier: MIT */
/* The machine of a recording, from the line that describes it. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "scenario/recording.h"

/* Debian's 6.1 kernels carry the number of an ABI, not of a stable release. */
static const struct {
	const char *release; /* how it begins */
	const char *profile;
} debian[] = {
	{ "6.1.0-56-", "v6.1.192" },
};

/* A module parameter that is a behaviour. */
static const struct {
	const char *key;
	const char *behaviour;
	const char *on, *off;
} parameters[] = {
	{ "kvm.tdp_mmu", "tdp_mmu", "on", "off" },
	{ "kvm.mmio_caching", "mmio_caching", "on", "off" },
	{ "kvm.nx_huge_pages", "nx_huge_pages", "force", "off" },
	{ "kvm.flush_on_reuse", "flush_on_reuse", "on", "off" },
	/* No parameter, but a choice of the kernel's configuration too. */
	{ "CAP_MEMORY_ATTRIBUTES", "sw_protected_vm", "on", "off" },
};

static bool flag(const json_t *env, const char *key)
{
	const json_t *value = json_object_get(env, key);

	if (json_is_string(value))
		return strchr("Yy1", json_string_value(value)[0]) &&
		       json_string_value(value)[0];
	return json_integer_value(value);
}

static int set(struct tdp_kvm_config *kvm, const json_t *env, const char *key,
	       const char *behaviour, const char *on, const char *off,
	       struct tdp_error *err)
{
	if (!json_object_get(env, key))
		return TDP_OK;
	return tdp_kvm_config_set(kvm, behaviour, flag(env, key) ? on : off,
				  err);
}

/* "6.12.117+deb12-cloud-amd64": v6.12.117 if there is such a profile, else v6.12. */
static int profile(struct tdp_kvm_config *kvm, const char *release,
		   struct tdp_error *err)
{
	unsigned int major, minor, patch, i;
	char name[48];

	for (i = 0; i < ARRAY_SIZE(debian); i++)
		if (!strncmp(release, debian[i].release,
			     strlen(debian[i].release)))
			return tdp_kvm_config_init(kvm, debian[i].profile, err);
	if (sscanf(release, "%u.%u.%u", &major, &minor, &patch) != 3)
		return err_set(err, TDP_EINPUT,
			       "\"%s\" is no release of a kernel", release);
	snprintf(name, sizeof(name), "v%u.%u.%u", major, minor, patch);
	if (!tdp_kvm_config_init(kvm, name, NULL))
		return TDP_OK;
	snprintf(name, sizeof(name), "v%u.%u", major, minor);
	return tdp_kvm_config_init(kvm, name, err);
}

static void host_of(struct tdp_host_config *host, const json_t *env)
{
	bool amd = !strcmp(json_text(env, "vendor"), "AMD");

	tdp_host_config_init(host, amd ? TDP_AMD : TDP_INTEL);
	host->maxphyaddr = (unsigned int)json_word(
		json_object_get(env, "physbits"));
	host->la57 = flag(env, "cpuinfo_la57");
	host->gbpages = flag(env, "pdpe1gb");
	/* Not recorded: those with so many bits were given 5-level EPT. */
	host->ept_levels = host->maxphyaddr > 48 ? 5 : 4;
	/* Nor this: the emulated processor of the recordings has it. */
	host->ept_advanced = true;
	host->ept_ad = flag(env, "kvm_intel.eptad");
	host->pml = flag(env, "kvm_intel.pml");
	/* QEMU's processor, and not the other recorded one. */
	host->a_while_walking = amd;
}

/* What KVM_GET_SUPPORTED_CPUID gives: the recorded guests got all of it. */
static void cpuid_of(struct tdp_cpuid *cpuid, const json_t *env, bool tdp)
{
	*cpuid = (struct tdp_cpuid){
		.maxphyaddr = (unsigned int)json_word(
			json_object_get(env, "physbits")),
		.lm = true,
		.nx = flag(env, "nx"),
		.gbpages = flag(env, "pdpe1gb"),
		.la57 = flag(env, "la57"),
		.smep = flag(env, "smep"),
		.smap = flag(env, "smap"),
		.pke = tdp && flag(env, "pku"),
		.mtrr = true,
	};
}

/* A module without a processor's paging below it, as kvm_pvm, is another KVM. */
static int check_module(const json_t *env, struct tdp_error *err)
{
	const char *module = json_text(env, "module");

	if (!module[0] || !strcmp(module, "kvm_intel") ||
	    !strcmp(module, "kvm_amd"))
		return TDP_OK;
	return err_set(err, TDP_EINPUT,
		       "its KVM runs guests by %s, neither kvm_intel nor "
		       "kvm_amd: the model has no such kernel",
		       module);
}

int recording_machine(struct tdp_machine *machine, const json_t *env,
		      struct tdp_error *err)
{
	bool amd = !strcmp(json_text(env, "vendor"), "AMD");
	const char *tdp = amd ? "kvm_amd.npt" : "kvm_intel.ept";
	struct tdp_kvm_config *kvm = &machine->kvm;
	unsigned int i;
	int ret = check_module(env, err);

	if (!ret)
		ret = profile(kvm, json_text(env, "release"), err);
	if (!ret)
		ret = set(kvm, env, tdp, "tdp", "on", "off", err);
	for (i = 0; i < ARRAY_SIZE(parameters) && !ret; i++)
		ret = set(kvm, env, parameters[i].key, parameters[i].behaviour,
			  parameters[i].on, parameters[i].off, err);
	if (ret)
		return TDP_EINPUT;
	host_of(&machine->host, env);
	cpuid_of(&machine->cpuid, env, flag(env, tdp));
	/* The recorder made the call for every VM on VMX. */
	machine->tss_slot = !amd && !flag(env, "kvm_intel.unrestricted_guest");
	return TDP_OK;
}

int tdp_machine_parse(const char *env, struct tdp_machine *machine,
		      struct tdp_error *err)
{
	json_error_t why;
	json_t *object = json_loads(env, JSON_REJECT_DUPLICATES, &why);
	int ret;

	if (!object)
		return err_set(err, TDP_EINPUT, "the machine: %s", why.text);
	ret = recording_machine(machine, object, err);
	json_decref(object);
	return ret;
}
