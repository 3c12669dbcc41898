/* SPDX-License-Identifier: MIT */
/* The machine that is recorded, and the CPUID of its guests. */
#include <cpuid.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>

#include "runner.h"

static bool read_line(const char *path, char *text, int size)
{
	FILE *file = fopen(path, "re");
	bool got;

	if (!file)
		return false;
	got = fgets(text, size, file);
	fclose(file);
	if (got)
		text[strcspn(text, "\n")] = '\0';
	return got;
}

static bool has_word(const char *path, const char *word)
{
	static char text[16384];
	FILE *file = fopen(path, "re");
	size_t got;

	if (!file)
		return false;
	got = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[got] = '\0';
	return strstr(text, word);
}

/* Module parameters -------------------------------------------------------------- */

static const char *const parameters[] = {
	"kvm.tdp_mmu",        "kvm.nx_huge_pages",
	"kvm.mmio_caching",   "kvm.eager_page_split",
	"kvm.flush_on_reuse", "kvm_amd.npt",
	"kvm_amd.nested",     "kvm_intel.ept",
	"kvm_intel.eptad",    "kvm_intel.unrestricted_guest",
	"kvm_intel.vpid",     "kvm_intel.nested",
	"kvm_intel.pml",
};

static void add_parameters(struct runner *r, json_t *env)
{
	char path[192], value[64];
	unsigned int i;

	for (i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		const char *dot = strchr(parameters[i], '.');

		snprintf(path, sizeof(path), "/sys/module/%.*s/parameters/%s",
			 (int)(dot - parameters[i]), parameters[i], dot + 1);
		if (!read_line(path, value, sizeof(value)))
			continue;
		json_object_set_new(env, parameters[i], json_string(value));
		if (!strcmp(parameters[i], "kvm_amd.npt"))
			r->npt = value[0] == 'Y' || value[0] == '1';
	}
}

/* The module that runs guests: kvm_intel, kvm_amd, or one of no processor's. */
static void add_module(json_t *env)
{
	DIR *dir = opendir("/sys/module");
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "kvm_", 4) &&
		    strcmp(entry->d_name, "kvm_guest") != 0)
			json_object_set_new(env, "module",
					    json_string(entry->d_name));
	if (dir)
		closedir(dir);
}

/* The processor -------------------------------------------------------------------- */

struct leaf {
	unsigned int a, b, c, d;
};

static struct leaf cpuid(unsigned int function)
{
	struct leaf l = { 0 };

	__get_cpuid_count(function, 0, &l.a, &l.b, &l.c, &l.d);
	return l;
}

static void add_number(json_t *env, const char *key, unsigned int value)
{
	json_object_set_new(env, key, json_integer(value));
}

#define NRIPS (1u << 3) /* APM 3: CPUID Fn8000_000A_EDX */

static void add_processor(struct runner *r, json_t *env)
{
	struct leaf vendor = cpuid(0), features = cpuid(7),
		    extended = cpuid(0x80000001), sizes = cpuid(0x80000008);

	r->amd = vendor.b == 0x68747541; /* "Auth" */
	json_object_set_new(env, "vendor",
			    json_string(r->amd ? "AMD" : "Intel"));
	add_number(env, "physbits", sizes.a & 255);
	add_number(env, "linbits", sizes.a >> 8 & 255);
	add_number(env, "smep", features.b >> 7 & 1);
	add_number(env, "smap", features.b >> 20 & 1);
	add_number(env, "pku", features.c >> 3 & 1);
	add_number(env, "la57", features.c >> 16 & 1);
	add_number(env, "nx", extended.d >> 20 & 1);
	add_number(env, "pdpe1gb", extended.d >> 26 & 1);
	add_number(env, "svm", extended.c >> 2 & 1);
	json_object_set_new(env, "svm_features", hex(cpuid(0x8000000a).d));
	r->nrips = cpuid(0x8000000a).d & NRIPS;
	/* Is the host kernel itself in 5-level mode? */
	add_number(env, "cpuinfo_la57", has_word("/proc/cpuinfo", " la57"));
}

static void add_capabilities(struct runner *r, json_t *env)
{
	static const struct {
		const char *name;
		unsigned int number;
	} caps[] = {
		{ "CAP_PRE_FAULT_MEMORY", KVM_CAP_PRE_FAULT_MEMORY },
		{ "CAP_GUEST_MEMFD", KVM_CAP_GUEST_MEMFD },
		{ "CAP_MEMORY_ATTRIBUTES", KVM_CAP_MEMORY_ATTRIBUTES },
		{ "CAP_VM_TYPES", KVM_CAP_VM_TYPES },
		{ "CAP_SMM", KVM_CAP_X86_SMM },
		{ "CAP_NESTED_STATE", KVM_CAP_NESTED_STATE },
	};
	unsigned int i;

	for (i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
		json_object_set_new(
			env, caps[i].name,
			json_integer(ioctl(r->kvm, KVM_CHECK_EXTENSION,
					   caps[i].number)));
}

/* A processor that is emulated has errors of its own. */
static void add_emulator(struct runner *r, json_t *env)
{
	struct leaf l = cpuid(1);
	char name[13] = "";

	if (!(l.c >> 31))
		return;
	__cpuid(0x40000000, l.a, l.b, l.c, l.d);
	memcpy(name, &l.b, 4);
	memcpy(name + 4, &l.c, 4);
	memcpy(name + 8, &l.d, 4);
	r->tcg = !strcmp(name, "TCGTCGTCGTCG");
	json_object_set_new(env, "hypervisor", json_string(name));
}

char *env_line(struct runner *r)
{
	json_t *env = json_object();
	struct utsname name;
	char *text;

	uname(&name);
	json_object_set_new(env, "case", json_string("env"));
	json_object_set_new(env, "step", json_integer(0));
	json_object_set_new(env, "op", json_string("env"));
	json_object_set_new(env, "recorder",
			    json_sprintf("tdpsim-kvm %s", tdp_version_name()));
	json_object_set_new(env, "release", json_string(name.release));
	add_parameters(r, env);
	add_module(env);
	add_processor(r, env);
	add_capabilities(r, env);
	add_emulator(r, env);
	json_object_set_new(env, "traced", json_boolean(r->trace));
	text = json_dumps(env, JSON_COMPACT);
	json_decref(env);
	return text;
}

/* CPUID of a guest -------------------------------------------------------------------- */

static void set_bit(uint32_t *word, unsigned int bit, bool value)
{
	*word = value ? *word | 1u << bit : *word & ~(1u << bit);
}

/* Bits are changed, never invented: what KVM does not offer stays away. */
static void apply(struct kvm_cpuid_entry2 *e, const struct tdp_cpuid *cpuid)
{
	switch (e->function) {
	case 1:
		set_bit(&e->edx, 12, cpuid->mtrr);
		break;
	case 7:
		if (e->index)
			break;
		set_bit(&e->ebx, 7, cpuid->smep);
		set_bit(&e->ebx, 20, cpuid->smap);
		set_bit(&e->ecx, 3, cpuid->pke);
		set_bit(&e->ecx, 16, cpuid->la57);
		break;
	case 0x80000001:
		set_bit(&e->edx, 20, cpuid->nx);
		set_bit(&e->edx, 26, cpuid->gbpages);
		set_bit(&e->edx, 29, cpuid->lm);
		break;
	case 0x80000008:
		e->eax = (e->eax & ~255u) | cpuid->maxphyaddr;
		break;
	default:
		break;
	}
}

int cpuid_make(struct runner *r, const struct tdp_cpuid *cpuid,
	       struct kvm_cpuid2 *data, unsigned int room)
{
	unsigned int i;

	data->nent = room;
	if (ioctl(r->kvm, KVM_GET_SUPPORTED_CPUID, data) < 0)
		return -1;
	for (i = 0; i < data->nent; i++)
		apply(&data->entries[i], cpuid);
	return 0;
}

bool cpuid_supports(struct runner *r, unsigned int function,
		    enum cpuid_register reg, unsigned int bit)
{
	union {
		struct kvm_cpuid2 head;
		char bytes[sizeof(struct kvm_cpuid2) +
			   256 * sizeof(struct kvm_cpuid_entry2)];
	} data = { .head.nent = 256 };
	unsigned int i;

	if (ioctl(r->kvm, KVM_GET_SUPPORTED_CPUID, &data) < 0)
		return false;
	for (i = 0; i < data.head.nent; i++) {
		const struct kvm_cpuid_entry2 *e = &data.head.entries[i];
		const uint32_t registers[] = { e->eax, e->ebx, e->ecx, e->edx };

		if (e->function == function && !e->index)
			return registers[reg] >> bit & 1;
	}
	return false;
}
