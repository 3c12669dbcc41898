/* SPDX-License-Identifier: MIT */
/*
 * How many steps of a scenario that is parsed are replayed in a second, beside
 * the same accesses through the library without a scenario.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tdpsim/tdpsim.h"

#define STEPS  5000u
#define ROUNDS 100u

/* Of this process, kernel included: others may use the machine as well. */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const struct tdp_error *err)
{
	fprintf(stderr, "%s\n", err->message);
	exit(1);
}

static char *scenario_text(void)
{
	static const char head[] =
		"scenario: replay\nabout: many steps\nkvm: { profile: v6.12 }\n"
		"memslots: [ { slot: 0, gpa: 0, size: 64MiB } ]\nsteps:\n";
	size_t size = sizeof(head) + STEPS * 64u, used;
	char *text = malloc(size);
	unsigned int i;

	if (!text)
		exit(1);
	memcpy(text, head, sizeof(head));
	used = sizeof(head) - 1;
	for (i = 0; i < STEPS; i++)
		used += (size_t)snprintf(text + used, size - used,
					 "  - read: { gva: 0x%x }\n",
					 (i % 1024) * 4096);
	return text;
}

static double replay_seconds(void)
{
	struct tdp_run_summary summary;
	struct tdp_scenario *scenario;
	char *text = scenario_text();
	struct tdp_error err;
	unsigned int i;
	double start;

	if (tdp_scenario_load_text("replay.yaml", text, strlen(text), &scenario,
				   &err))
		die(&err);
	start = now();
	for (i = 0; i < ROUNDS; i++)
		if (tdp_scenario_run(scenario, NULL, &summary, &err))
			die(&err);
	start = now() - start;
	tdp_scenario_destroy(scenario);
	free(text);
	return start;
}

static void library_round(void)
{
	const struct tdp_memslot ram = { .size = 64u << 20 };
	struct tdp_host_config host;
	struct tdp_kvm_config kvm;
	struct tdp_result result;
	struct tdp_vcpu *vcpu;
	struct tdp_error err;
	struct tdp_vm *vm;
	unsigned int i;

	tdp_host_config_init(&host, TDP_INTEL);
	if (tdp_kvm_config_init(&kvm, "v6.12", &err) ||
	    tdp_vm_create(&host, &kvm, &vm, &result, &err) ||
	    tdp_vm_set_memslot(vm, &ram, &result, &err) ||
	    tdp_vcpu_create(vm, &vcpu, &err))
		die(&err);
	for (i = 0; i < STEPS; i++) {
		const struct tdp_access access = {
			.gva = TDP_GVA((i % 1024) * 4096u),
			.kind = TDP_READ,
		};

		if (tdp_vcpu_access(vcpu, &access, &result, &err))
			die(&err);
	}
	tdp_vm_destroy(vm);
}

int main(void)
{
	double replay, library;
	unsigned int i;

	replay = replay_seconds();
	library = now();
	for (i = 0; i < ROUNDS; i++)
		library_round();
	library = now() - library;
	printf("replay: %.0f steps a second; the library alone: %.0f; ratio %.2f\n",
	       STEPS * ROUNDS / replay, STEPS * ROUNDS / library,
	       replay / library);
	return 0;
}
