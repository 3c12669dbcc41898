/* SPDX-License-Identifier: MIT */
/*
 * Which kernel is modelled.  What one kernel does differently from another is
 * a named behaviour; a profile is one value for each of them.  Alternatives
 * that were only ever proposed are values like any other.
 */
#ifndef TDPSIM_PROFILE_H
#define TDPSIM_PROFILE_H

#include "error.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TDP_MAX_BEHAVIOURS 96

/**
 * struct tdp_kvm_config - a kernel, with what was changed in it
 * @profile: name of the kernel that the values started from, such as "v6.12"
 * @value:   one value a behaviour, by its number in tdp_behaviour_info()
 *
 * Fill it with tdp_kvm_config_init(); change it with tdp_kvm_config_set().
 */
struct tdp_kvm_config {
	char profile[16];
	uint8_t value[TDP_MAX_BEHAVIOURS];
};

/**
 * tdp_kvm_config_init() - take all behaviours from one kernel
 * @config:  filled in
 * @profile: a kernel's name, such as "v6.12" or "v6.1.192"
 * @err:     may be NULL; on failure the message names the nearest profile
 *
 * Return: TDP_OK; TDP_EINVAL if there is no such profile.
 */
TDP_API int tdp_kvm_config_init(struct tdp_kvm_config *config,
				const char *profile, struct tdp_error *err);

/**
 * tdp_kvm_config_set() - change one behaviour
 * @config: changed on success only
 * @name:   of the behaviour, such as "memtype.source"
 * @value:  name of one of its values, such as "vcpu0"
 * @err:    may be NULL; on failure the message names the nearest word
 *
 * Return: TDP_OK; TDP_EINVAL if there is no such behaviour or value.
 */
TDP_API int tdp_kvm_config_set(struct tdp_kvm_config *config, const char *name,
			       const char *value, struct tdp_error *err);

/**
 * tdp_kvm_config_get() - name of the value that a behaviour has
 *
 * Return: a static string; NULL if there is no behaviour @name.
 */
TDP_API const char *tdp_kvm_config_get(const struct tdp_kvm_config *config,
				       const char *name);

/**
 * tdp_profile_name() - enumerate the profiles, oldest kernel first
 * @index: from 0
 *
 * Return: a static string; NULL past the last one.
 */
TDP_API const char *tdp_profile_name(unsigned int index);

/**
 * struct tdp_behaviour_info - what a behaviour is
 * @name:      such as "memtype.source"
 * @about:     one sentence
 * @source:    where its history is known from
 * @nr_values: how many values it can take
 */
struct tdp_behaviour_info {
	const char *name;
	const char *about;
	const char *source;
	unsigned int nr_values;
};

/**
 * tdp_behaviour_info() - enumerate the behaviours
 * @index: from 0, the number under which struct tdp_kvm_config keeps it
 *
 * Return: static data; NULL past the last one.
 */
TDP_API const struct tdp_behaviour_info *tdp_behaviour_info(unsigned int index);

/**
 * tdp_behaviour_value_name() - name of one value of a behaviour
 *
 * Return: a static string; NULL if either number is out of range.
 */
TDP_API const char *tdp_behaviour_value_name(unsigned int behaviour,
					     unsigned int value);

/**
 * tdp_behaviour_unverified() - was this cell only inferred, not observed or read?
 * @behaviour: number of the behaviour
 * @profile:   number of the profile
 */
TDP_API bool tdp_behaviour_unverified(unsigned int behaviour,
				      unsigned int profile);

#ifdef __cplusplus
}
#endif
#endif
