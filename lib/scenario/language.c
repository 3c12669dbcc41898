/* SPDX-License-Identifier: MIT */
/* The tables of the language, for those who document or complete it. */
#include <string.h>

#include "scenario/account.h"
#include "scenario/claim.h"
#include "scenario/feature.h"
#include "scenario/machine.h"
#include "scenario/modes.h"
#include "scenario/outcome.h"
#include "scenario/top.h"
#include "scenario/verb.h"
#include "tdpsim/scenario.h"

static const struct section {
	const char *name;
	const char *about;
	const struct args *args;
} sections[] = {
	{ "scenario", "the file", &top_args },
	{ "host", "the machine under KVM", &host_args },
	{ "gmem", "an element of gmem:", &gmem_args },
	{ "memslots", "an element of memslots:", &memslot_args },
	{ "vcpus", "an element of vcpus:", &vcpu_setup_args },
	{ "vcpus.cpuid", "cpuid: of a vCPU", &cpuid_args },
	{ "memory", "an element of memory:", &poke_args },
	{ "step", "beside the verb of a step", &step_args },
	{ "expect", "beside the fields in expect:", &expect_args },
	{ "claim",
	  "an element of always:, never:, sometimes:; beside keys of check",
	  &claim_args },
	{ "check", "check:, at the end or as a step", &check_args },
	{ "check.vcpus",
	  "beside the fields of an element of vcpus:", &check_vcpu_args },
	{ "check.sptes",
	  "beside the fields of an element of sptes:", &check_spte_args },
	{ "check.memory", "an element of memory:", &check_memory_args },
	{ "check.memtypes", "beside the fields of an element of memtypes:",
	  &check_memtypes_args },
	{ "account", "account:, exits with and without pre-faults",
	  &account_args },
};

static const struct subject {
	const char *name;
	const struct fields *fields;
} subjects[] = {
	{ "check.roots", &root_fields },
	{ "check.vcpus", &vcpu_fields },
	{ "check.sptes", &spte_fields },
	{ "check.memtypes", &memtypes_fields },
	{ "check.stats", &stats_fields },
	{ "account", &account_fields },
};

/* clang-format off */
static const struct type *const types[] = {
	&type_number, &type_word, &type_address, &type_size, &type_bool,
	&type_level, &type_errno, &type_vcpu, &type_text, &type_map,
	&type_list, &type_vendor, &type_vm_type, &type_attributes,
	&type_gmem_flags, &type_nested_flags, &type_nested_smm_flags,
	&type_quirks, &type_backing, &type_capability, &type_mode,
	&type_paging_mode, &type_access_kind, &type_invariants, &type_reg, &type_cr0,
	&type_cr3, &type_cr4, &type_efer, &type_pdptrs, &type_rflags,
	&type_rights, &type_pte_bits, &type_outcome, &type_reason,
	&type_walk_reason, &type_exit, &type_memtype, &type_memtypes,
	&type_pferr,
	&type_cr0_bits, &type_cr4_bits, &type_efer_bits,
};
/* clang-format on */

static bool arg_word(const struct args *args, unsigned int index,
		     struct tdp_word *word)
{
	const struct arg *row;

	if (index >= args->nr)
		return false;
	row = &args->rows[index];
	*word = (struct tdp_word){
		.name = row->name,
		.type = row->type->name,
		.about = row->about,
		.otherwise = row->otherwise,
		.required = row->required,
		.has_keys = row->inner,
		.min = row->min,
		.max = row->max,
	};
	return true;
}

/* The table of "base", or of the inner rows of "base.row". */
static const struct args *resolve(const struct args *args, const char *path)
{
	unsigned int i;

	if (!args || !path[0])
		return args;
	for (i = 0; i < args->nr; i++)
		if (!strcmp(args->rows[i].name, path + 1))
			return args->rows[i].inner;
	return NULL;
}

static const struct args *section_args(const char *of)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sections); i++)
		if (!strcmp(sections[i].name, of))
			return sections[i].args;
	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		size_t length = strlen(sections[i].name);

		if (!strncmp(sections[i].name, of, length) && of[length] == '.')
			return resolve(sections[i].args, of + length);
	}
	return NULL;
}

static const struct args *verb_args(const char *of)
{
	unsigned int i;

	for (i = 0; verb_at(i); i++) {
		const struct verb *verb = verb_at(i);
		size_t length = strlen(verb->name);

		if (!strncmp(verb->name, of, length) &&
		    (!of[length] || of[length] == '.'))
			return resolve(&verb->args, of + length);
	}
	return NULL;
}

static bool field_word(const struct fields *fields, unsigned int groups,
		       unsigned int index, struct tdp_word *word)
{
	unsigned int i;

	for (i = 0; i < fields->nr; i++) {
		const struct field *field = &fields->rows[i];

		if (groups && !(field->groups & groups))
			continue;
		if (index--)
			continue;
		*word = (struct tdp_word){
			.name = field->name,
			.type = field->type->name,
			.about = field->about,
			.has_keys = field->parts,
		};
		return true;
	}
	return false;
}

static bool field_word_of(const char *of, unsigned int index,
			  struct tdp_word *word)
{
	const struct verb *verb = verb_find(of);
	unsigned int i;

	if (verb)
		return verb->fields &&
		       field_word(&outcome_fields, verb->fields, index, word);
	for (i = 0; i < ARRAY_SIZE(subjects); i++)
		if (!strcmp(subjects[i].name, of))
			return field_word(subjects[i].fields, 0, index, word);
	return false;
}

static bool part_word(const char *of, unsigned int index, struct tdp_word *word)
{
	const struct parts *parts = NULL;

	if (!strcmp(of, "role"))
		parts = &role_parts;
	if (!strcmp(of, "spte"))
		parts = &spte_parts;
	if (!parts || index >= parts->nr)
		return false;
	*word = (struct tdp_word){
		.name = parts->rows[index].name,
		.type = parts->rows[index].type->name,
		.about = parts->rows[index].about,
	};
	return true;
}

static bool value_word(const char *of, unsigned int index,
		       struct tdp_word *word)
{
	unsigned int i;

	*word = (struct tdp_word){ 0 };
	for (i = 0; i < ARRAY_SIZE(types) && !word->name; i++)
		if (!strcmp(types[i]->name, of) && types[i]->words)
			word->name = words_nth(index, types[i]->words);
	return word->name;
}

static bool feature_word(unsigned int index, struct tdp_word *word)
{
	const struct feature *feature = feature_at(index);

	if (!feature)
		return false;
	*word = (struct tdp_word){
		.name = feature->name,
		.about = feature->about,
		.available = feature->available,
	};
	return true;
}

static bool named_word(const char *name, const char *about,
		       struct tdp_word *word)
{
	*word = (struct tdp_word){ .name = name, .about = about };
	return true;
}

bool tdp_word_at(enum tdp_word_list list, const char *of, unsigned int index,
		 struct tdp_word *word)
{
	const struct args *args = NULL;

	switch (list) {
	case TDP_WORDS_VERBS:
		return verb_at(index) &&
		       named_word(verb_at(index)->name, verb_at(index)->about,
				  word);
	case TDP_WORDS_SECTIONS:
		return index < ARRAY_SIZE(sections) &&
		       named_word(sections[index].name, sections[index].about,
				  word);
	case TDP_WORDS_TYPES:
		return index < ARRAY_SIZE(types) &&
		       named_word(types[index]->name, types[index]->about,
				  word);
	case TDP_WORDS_ARGUMENTS:
		args = verb_args(of);
		break;
	case TDP_WORDS_KEYS:
		args = section_args(of);
		break;
	case TDP_WORDS_FIELDS:
		return field_word_of(of, index, word);
	case TDP_WORDS_PARTS:
		return part_word(of, index, word);
	case TDP_WORDS_VALUES:
		return value_word(of, index, word);
	case TDP_WORDS_FEATURES:
		return feature_word(index, word);
	}
	return args && arg_word(args, index, word);
}
