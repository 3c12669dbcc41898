/* SPDX-License-Identifier: MIT */
/* Scenarios that are refused: where, and with which words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/unit.h"
#include "tdpsim/scenario.h"

#define HEAD "scenario: t\nabout: claims nothing\n"

/* clang-format off */
static const struct refused {
	const char *name;
	const char *text;	/* behind HEAD, so it begins in line 3 */
	const char *message;
} refused[] = {
	/* keys */
	{ "unknown_key", "step: []\n",
	  "t.yaml:3:1: unknown key \"step\"; did you mean \"steps\"?" },
	{ "key_like_no_other", "zzzzzzzz: 1\n",
	  "t.yaml:3:1: unknown key \"zzzzzzzz\"" },
	{ "unknown_key_in_a_list", "memslots: [ { slot: 0, gpa: 0, sice: 4K } ]\n",
	  "t.yaml:3:32: unknown key \"sice\"; did you mean \"size\"?" },
	{ "missing_key", "memslots: [ { slot: 0, gpa: 0 } ]\n",
	  "t.yaml:3:13: \"size\" is missing (bytes; 0 deletes the slot)" },
	{ "list_where_a_map_belongs", "host: [ 1 ]\n",
	  "t.yaml:3:7: expected a map, found a list" },
	{ "map_where_a_list_belongs", "memslots: { slot: 0 }\n",
	  "t.yaml:3:11: expected a list, found a map" },
	{ "nothing_where_a_list_belongs", "steps:\n",
	  "t.yaml:3:7: expected a list of steps, found nothing" },
	/* numbers */
	{ "word_where_a_number_belongs", "memslots: [ { slot: x, gpa: 0, size: 4K } ]\n",
	  "t.yaml:3:21: expected number (decimal, 0x hexadecimal or 0b binary, as in "
	  "1_000): \"x\" is no number" },
	{ "quoted_number", "memslots: [ { slot: '0', gpa: 0, size: 4K } ]\n",
	  "t.yaml:3:21: expected number (decimal, 0x hexadecimal or 0b binary, as in "
	  "1_000), found text in quotes" },
	{ "leading_zero", "memslots: [ { slot: 010, gpa: 0, size: 4K } ]\n",
	  "t.yaml:3:21: expected number (decimal, 0x hexadecimal or 0b binary, as in "
	  "1_000): \"010\" is a number with a leading zero" },
	{ "negative", "memslots: [ { slot: -1, gpa: 0, size: 4K } ]\n",
	  "t.yaml:3:21: expected number (decimal, 0x hexadecimal or 0b binary, as in "
	  "1_000): \"-1\" is no number" },
	{ "beyond_64_bits", "memslots: [ { slot: 0, gpa: 0x1_0000_0000_0000_0000, size: 4K } ]\n",
	  "t.yaml:3:29: expected address (bytes, as in 0x200000 or 2MiB): "
	  "\"0x1_0000_0000_0000_0000\" is more than 64 bits" },
	{ "beyond_64_bits_by_its_unit", "memslots: [ { slot: 0, gpa: 0, size: 16777216T } ]\n",
	  "t.yaml:3:38: expected size (bytes, as in 4KiB, 2M or 0x1000): \"16777216T\" is "
	  "more than 64 bits" },
	{ "unknown_unit", "memslots: [ { slot: 0, gpa: 0, size: 4kB } ]\n",
	  "t.yaml:3:38: expected size (bytes, as in 4KiB, 2M or 0x1000): \"4kB\" is no "
	  "number with a unit (K, M, G, T, or KiB, MiB, GiB, TiB)" },
	{ "beyond_32_bits", "memslots: [ { slot: 4294967296, gpa: 0, size: 4K } ]\n",
	  "t.yaml:3:21: slot: \"4294967296\" is not in 0..4294967295" },
	{ "out_of_range", "host: { maxphyaddr: 53 }\n",
	  "t.yaml:3:21: maxphyaddr: \"53\" is not in 36..52" },
	{ "no_third_address_space", "memslots: [ { slot: 0, as: 2, gpa: 0, size: 4K } ]\n",
	  "t.yaml:3:28: as: \"2\" is not in 0..1" },
	/* words */
	{ "unknown_word", "host: { vendor: intell }\n",
	  "t.yaml:3:17: unknown vendor \"intell\"; did you mean \"intel\"?" },
	{ "unknown_backing", "memslots: [ { slot: 0, gpa: 0, size: 4K, backing: hugetlb-2m } ]\n",
	  "t.yaml:3:51: unknown backing \"hugetlb-2m\"; did you mean \"hugetlb-2M\"?" },
	{ "yes_is_no_boolean", "host: { la57: yes }\n",
	  "t.yaml:3:15: unknown boolean \"yes\"" },
	{ "unknown_profile", "kvm: { profile: v6.112 }\n",
	  "t.yaml:3:17: there is no profile \"v6.112\"; the nearest is \"v6.11\"" },
	{ "unknown_behaviour", "kvm: { memtype.sauce: vcpu0 }\n",
	  "t.yaml:3:8: there is no behaviour \"memtype.sauce\"; the nearest is "
	  "\"memtype.source\"" },
	{ "unknown_value_of_a_behaviour", "kvm: { memtype.source: vcpu }\n",
	  "t.yaml:3:24: memtype.source has no value \"vcpu\"; the nearest is \"vcpu0\"" },
	{ "unknown_feature", "requires: [ shadow-nmu ]\n",
	  "t.yaml:3:13: unknown feature \"shadow-nmu\"; did you mean \"shadow-mmu\"?" },
	/* registers */
	{ "unknown_flag", "vcpus: [ { cr0: PE|WQ } ]\n",
	  "t.yaml:3:17: unknown cr0 value \"WQ\"; did you mean \"WP\"?" },
	{ "change_without_sign", "vcpus: [ { cr0: +CD WP } ]\n",
	  "t.yaml:3:17: \"+CD WP\": each flag of a change begins with + or -" },
	{ "bit_changed_twice", "vcpus: [ { cr0: +CD -CD } ]\n",
	  "t.yaml:3:17: \"+CD -CD\" changes one bit twice" },
	{ "three_pdptes", "vcpus: [ { pdptrs: [ 1, 2, 3 ] } ]\n",
	  "t.yaml:3:20: expected 4 PDPTEs, found 3" },
	/* steps */
	{ "unknown_verb", "steps: [ { prefalt: { gpa: 0, size: 4K } } ]\n",
	  "t.yaml:3:12: unknown verb \"prefalt\"; did you mean \"prefault\"?" },
	{ "two_verbs", "steps: [ { smi: {}, rsm: {} } ]\n",
	  "t.yaml:3:21: a step has one verb: \"smi\" is here already" },
	{ "no_verb", "steps: [ { expect: { ret: 0 } } ]\n",
	  "t.yaml:3:10: a step without a verb" },
	{ "word_as_a_step", "steps: [ smi ]\n",
	  "t.yaml:3:10: expected a step: a map with a verb, found a word" },
	{ "second_vcpu_where_there_is_one", "steps: [ { smi: { vcpu: 1 } } ]\n",
	  "t.yaml:3:25: no vCPU 1: there is one, number 0" },
	{ "fourth_vcpu_of_three", "vcpus: [ {}, {}, {} ]\nsteps: [ { smi: { vcpu: 3 } } ]\n",
	  "t.yaml:4:25: no vCPU 3: there are 3, from 0 to 2" },
	{ "no_vcpu_at_all", "vcpus: []\n",
	  "t.yaml:3:8: expected 1 to 1024 vCPUs" },
	{ "tables_not_aligned", "steps: [ { guest_tables: { at: 0x1001, pages: [] } } ]\n",
	  "t.yaml:3:26: at: not a multiple of 4KiB" },
	{ "page_offset_in_a_pde", "steps: [ { guest_tables: { at: 0x1000, pages: [ { gva: 0 "
	  "} ] } } ]\n",
	  "t.yaml:3:49: \"gpa\" is missing (first guest-physical address)" },
	/* expectations */
	{ "unknown_field", "steps: [ { read: { gva: 0 }, expect: { levl: 4K } } ]\n",
	  "t.yaml:3:40: unknown field \"levl\"; did you mean \"level\"?" },
	{ "field_that_the_verb_lacks", "steps: [ { poke: { gpa: 0, value: 1 }, expect: { "
	  "level: 4K } } ]\n",
	  "t.yaml:3:50: unknown field \"level\"" },
	{ "unknown_inner_field", "steps: [ { read: { gva: 0 }, expect: { root: { smn: 1 } } } ]\n",
	  "t.yaml:3:48: unknown field \"smn\"; did you mean \"smm\"?" },
	{ "unknown_part_of_an_spte", "steps: [ { read: { gva: 0 }, expect: { spte: { "
	  "memtyp: WB } } } ]\n",
	  "t.yaml:3:48: unknown part \"memtyp\"; did you mean \"memtype\"?" },
	{ "unknown_errno", "steps: [ { prefault: { gpa: 0, size: 4K }, expect: { ret: "
	  "EINVALL } } ]\n",
	  "t.yaml:3:59: unknown return code \"EINVALL\"; did you mean \"EINVAL\"?" },
	{ "wrong_type_of_a_field", "steps: [ { read: { gva: 0 }, expect: { level: 3 } } ]\n",
	  "t.yaml:3:47: unknown level \"3\"" },
	{ "unknown_event", "steps: [ { read: { gva: 0 }, expect: { events: [ "
	  "kvm_mmu_get_pages ] } } ]\n",
	  "t.yaml:3:50: unknown event \"kvm_mmu_get_pages\"; did you mean \"kvm_mmu_get_page\"?" },
	{ "unknown_field_of_an_event", "steps: [ { read: { gva: 0 }, expect: { events: [ { "
	  "kvm_mmu_get_page: { gfm: 0 } } ] } } ]\n",
	  "t.yaml:3:72: unknown field \"gfm\"; did you mean \"gfn\"?" },
	{ "no_events_to_look_for", "steps: [ { read: { gva: 0 }, expect: { events: [] } } ]\n",
	  "t.yaml:3:48: expected 1 to 64 events" },
	{ "unknown_field_of_check", "check: { roots: [ { rule: 1 } ] }\n",
	  "t.yaml:3:21: unknown field \"rule\"; did you mean \"role\"?" },
	{ "unknown_vcpu_of_check", "check: { vcpus: [ { vcpu: 4 } ] }\n",
	  "t.yaml:3:27: no vCPU 4: there is one, number 0" },
};
/* clang-format on */

static int load(const char *text, struct tdp_scenario **scenario,
		struct tdp_error *err)
{
	return tdp_scenario_load_text("t.yaml", text, strlen(text), scenario,
				      err);
}

static void refuse(void **state)
{
	const struct refused *r = *state;
	char text[1024], printed[1024];
	struct tdp_scenario *scenario = NULL;
	struct tdp_error err = { 0 };

	snprintf(text, sizeof(text), HEAD "%s", r->text);
	assert_int_equal(load(text, &scenario, &err), TDP_EINPUT);
	assert_null(scenario);
	assert_string_equal(tdp_error_print(&err, printed, sizeof(printed)),
			    r->message);
}

static void name_is_plain(void **state)
{
	static const char text[] = "scenario: two words\nabout: x\n";
	struct tdp_scenario *scenario;
	struct tdp_error err = { 0 };

	(void)state;
	assert_int_equal(load(text, &scenario, &err), TDP_EINPUT);
	assert_int_equal(err.line, 1);
	assert_int_equal(err.column, 11);
}

static void about_is_required(void **state)
{
	struct tdp_scenario *scenario;
	struct tdp_error err = { 0 };

	(void)state;
	assert_int_equal(load("scenario: t\n", &scenario, &err), TDP_EINPUT);
	assert_string_equal(err.message,
			    "\"about\" is missing (the claim that it proves)");
}

static void list_is_no_scenario(void **state)
{
	struct tdp_scenario *scenario;
	struct tdp_error err = { 0 };

	(void)state;
	assert_int_equal(load("- a\n", &scenario, &err), TDP_EINPUT);
	assert_string_equal(
		err.message,
		"expected a map that begins with \"scenario: NAME\", found a list");
}

static void good_one_keeps_name_and_claim(void **state)
{
	static const char text[] = HEAD "requires: [ shadow-mmu ]\n";
	struct tdp_scenario *scenario;

	(void)state;
	assert_int_equal(load(text, &scenario, NULL), TDP_OK);
	assert_string_equal(tdp_scenario_name(scenario), "t");
	assert_string_equal(tdp_scenario_about(scenario), "claims nothing");
	assert_null(tdp_scenario_missing(scenario));
	tdp_scenario_destroy(scenario);
	tdp_scenario_destroy(NULL);
}

static void missing_feature_is_named(void **state)
{
	struct tdp_word word = { 0 };
	struct tdp_scenario *scenario;
	char text[256];
	unsigned int i = 0;

	(void)state;
	while (tdp_word_at(TDP_WORDS_FEATURES, NULL, i, &word) &&
	       word.available)
		i++;
	if (word.available)
		skip(); /* nothing is missing any more */
	snprintf(text, sizeof(text), HEAD "requires: [ %s ]\n", word.name);
	assert_int_equal(load(text, &scenario, NULL), TDP_OK);
	assert_non_null(tdp_scenario_missing(scenario));
	assert_memory_equal(tdp_scenario_missing(scenario), word.name,
			    strlen(word.name));
	tdp_scenario_destroy(scenario);
}

static void folder_is_no_file(void **state)
{
	struct tdp_scenario *scenario;
	struct tdp_error err = { 0 };

	(void)state;
	assert_int_equal(tdp_scenario_load(".", &scenario, &err), TDP_EIO);
	assert_string_equal(err.message, "is a directory");
	assert_int_equal(tdp_scenario_load("no/such", &scenario, &err),
			 TDP_EIO);
	assert_string_equal(err.path, "no/such");
}

static struct tdp_scenario *loaded;

static int attempt(void *context)
{
	static const char text[] = HEAD
		"memslots: [ { slot: 0, gpa: 0, size: 1G } ]\n"
		"steps:\n"
		"  - read: { gva: 0 }\n"
		"    expect: { root: { smm: 1 }, events: [ root_load ] }\n"
		"check: { roots: [ { role: { level: 4 } } ] }\n";

	(void)context;
	tdp_scenario_destroy(loaded);
	loaded = NULL;
	return load(text, &loaded, NULL);
}

static void teardown(void *context)
{
	(void)context;
	tdp_scenario_destroy(loaded);
	loaded = NULL;
}

static void survives_want_of_memory(void **state)
{
	static const struct nomem test = {
		.attempt = attempt,
		.teardown = teardown,
	};

	(void)state;
	nomem_check(&test);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(refused, refuse),
		CASE(name_is_plain),
		CASE(about_is_required),
		CASE(list_is_no_scenario),
		CASE(good_one_keeps_name_and_claim),
		CASE(missing_feature_is_named),
		CASE(folder_is_no_file),
		CASE(survives_want_of_memory),
	};

	return RUN("load", suites);
}
