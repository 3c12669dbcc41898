/* SPDX-License-Identifier: MIT */
/* Module parameters that can be changed while VMs run. */
#include <string.h>

#include "runner.h"

static struct {
	const char *behaviour;
	const char *path;
	bool is_bool;
	char kept[32]; /* before the first scenario; "": unknown */
} parameters[] = {
	{ "nx_huge_pages", "/sys/module/kvm/parameters/nx_huge_pages", false,
	  "" },
	{ "eager_page_split", "/sys/module/kvm/parameters/eager_page_split",
	  true, "" },
};

#define NR_PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

static bool write_one(unsigned int i, const char *value)
{
	FILE *file = fopen(parameters[i].path, "we");
	bool done;

	if (!file)
		return false;
	done = fputs(value, file) >= 0;
	return !fclose(file) && done;
}

static bool read_one(unsigned int i, char *value, int size)
{
	FILE *file = fopen(parameters[i].path, "re");
	bool done;

	if (!file)
		return false;
	done = fgets(value, size, file);
	fclose(file);
	return done;
}

void parameters_keep(void)
{
	unsigned int i;

	for (i = 0; i < NR_PARAMETERS; i++)
		if (!read_one(i, parameters[i].kept,
			      sizeof(parameters[i].kept)))
			parameters[i].kept[0] = '\0';
}

void parameters_restore(void)
{
	char now[sizeof(parameters[0].kept)];
	unsigned int i;

	for (i = 0; i < NR_PARAMETERS; i++)
		if (parameters[i].kept[0] && read_one(i, now, sizeof(now)) &&
		    strcmp(now, parameters[i].kept) != 0)
			write_one(i, parameters[i].kept);
}

void parameters_set(struct runner *r)
{
	const struct tdp_kvm_config *kvm = tdp_scenario_kvm(r->scenario);
	json_t *given = json_object();
	unsigned int i;

	for (i = 0; i < NR_PARAMETERS; i++) {
		const char *value = tdp_kvm_config_get(kvm,
						       parameters[i].behaviour);
		const char *text = value;

		if (value && parameters[i].is_bool)
			text = strcmp(value, "on") ? "N" : "Y";
		if (value && write_one(i, text))
			json_object_set_new(given, parameters[i].behaviour,
					    json_string(value));
	}
	json_object_set_new(r->line, "parameters", given);
}
