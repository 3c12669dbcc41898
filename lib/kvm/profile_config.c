/* SPDX-License-Identifier: MIT */
/* Profiles and single behaviours, by name. */
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "base/error.h"
#include "base/nearest.h"
#include "kvm/profile_table.h"

/*
 * Kernels whose tree was not read as a whole: what did not change with them
 * is an inference.
 */
static bool is_inferred(enum kernel kernel)
{
	return kernel == KERNEL_6_15 || kernel == KERNEL_7_2;
}

struct profile {
	const char *name;
	enum kernel kernel;
	const struct point_release *point; /* NULL: the kernel itself */
};

/* The index-th profile; false past the last one. */
static bool profile_get(unsigned int index, struct profile *profile)
{
	unsigned int points = 0;

	for (enum kernel k = 0; k < NR_KERNELS; k++) {
		if (index == k + points) {
			*profile = (struct profile){ kernel_names[k], k, NULL };
			return true;
		}
		if (points == ARRAY_SIZE(point_releases) ||
		    point_releases[points].base != k)
			continue;
		if (index == k + ++points) {
			const struct point_release *p =
				&point_releases[points - 1];

			*profile = (struct profile){ p->name, k, p };
			return true;
		}
	}
	return false;
}

static bool profile_find(const char *name, struct profile *profile)
{
	for (unsigned int i = 0; profile_get(i, profile); i++)
		if (!strcmp(name, profile->name))
			return true;
	return false;
}

static struct change change_of_kernel(enum behaviour b, enum kernel kernel)
{
	const struct change *changes = profile_rows[b].changes;
	unsigned int last = 0;

	/* Entries that are not used say 5.10 once more. */
	for (unsigned int i = 1; i < MAX_CHANGES; i++) {
		if (changes[i].since <= changes[last].since ||
		    changes[i].since > kernel)
			break;
		last = i;
	}
	return changes[last];
}

static struct change change_of(enum behaviour b, const struct profile *profile)
{
	struct change change = change_of_kernel(b, profile->kernel);
	const struct point_release *p = profile->point;

	if (change.since != profile->kernel && is_inferred(profile->kernel))
		change.unverified = true;
	for (size_t i = 0; p && i < p->nr_overrides; i++) {
		if (p->overrides[i].behaviour != b)
			continue;
		change.value = p->overrides[i].value;
		change.unverified = p->overrides[i].unverified;
	}
	return change;
}

static const char *nth_profile(unsigned int index, const void *context)
{
	(void)context;
	return tdp_profile_name(index);
}

static const char *nth_behaviour(unsigned int index, const void *context)
{
	(void)context;
	return index < NR_BEHAVIOURS ? profile_rows[index].info.name : NULL;
}

static const char *nth_value(unsigned int index, const void *context)
{
	const struct row *row = context;

	return index < row->info.nr_values ? row->value_names[index] : NULL;
}

/* "@what "@word"", and the nearest word of a list if there is one. */
static int unknown(struct tdp_error *err, const char *what, const char *word,
		   const char *(*nth)(unsigned int, const void *),
		   const void *context)
{
	const char *nearest = nearest_word(word, nth, context);

	if (!nearest)
		return err_set(err, TDP_EINVAL, "%s \"%.64s\"", what, word);
	return err_set(err, TDP_EINVAL, "%s \"%.64s\"; the nearest is \"%s\"",
		       what, word, nearest);
}

int tdp_kvm_config_init(struct tdp_kvm_config *config, const char *profile,
			struct tdp_error *err)
{
	struct profile found;

	if (!profile_find(profile, &found))
		return unknown(err, "there is no profile", profile, nth_profile,
			       NULL);
	*config = (struct tdp_kvm_config){ 0 };
	snprintf(config->profile, sizeof(config->profile), "%s", found.name);
	for (unsigned int b = 0; b < NR_BEHAVIOURS; b++)
		config->value[b] = change_of(b, &found).value;
	return TDP_OK;
}

static const struct row *row_find(const char *name)
{
	for (unsigned int b = 0; b < NR_BEHAVIOURS; b++)
		if (!strcmp(name, profile_rows[b].info.name))
			return &profile_rows[b];
	return NULL;
}

int tdp_kvm_config_set(struct tdp_kvm_config *config, const char *name,
		       const char *value, struct tdp_error *err)
{
	const struct row *row = row_find(name);
	char what[64];

	if (!row)
		return unknown(err, "there is no behaviour", name,
			       nth_behaviour, NULL);
	for (unsigned int i = 0; i < row->info.nr_values; i++) {
		if (!strcmp(value, row->value_names[i])) {
			config->value[row - profile_rows] = (uint8_t)i;
			return TDP_OK;
		}
	}
	snprintf(what, sizeof(what), "%s has no value", row->info.name);
	return unknown(err, what, value, nth_value, row);
}

const char *tdp_kvm_config_get(const struct tdp_kvm_config *config,
			       const char *name)
{
	const struct row *row = row_find(name);

	return row ? row->value_names[config->value[row - profile_rows]] : NULL;
}

const char *tdp_profile_name(unsigned int index)
{
	struct profile profile;

	return profile_get(index, &profile) ? profile.name : NULL;
}

const struct tdp_behaviour_info *tdp_behaviour_info(unsigned int index)
{
	return index < NR_BEHAVIOURS ? &profile_rows[index].info : NULL;
}

const char *tdp_behaviour_value_name(unsigned int behaviour_index,
				     unsigned int value)
{
	if (behaviour_index >= NR_BEHAVIOURS)
		return NULL;
	return nth_value(value, &profile_rows[behaviour_index]);
}

bool tdp_behaviour_unverified(unsigned int behaviour_index,
			      unsigned int profile_index)
{
	struct profile profile;

	return behaviour_index < NR_BEHAVIOURS &&
	       profile_get(profile_index, &profile) &&
	       change_of(behaviour_index, &profile).unverified;
}
