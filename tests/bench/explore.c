/* SPDX-License-Identifier: MIT */
/*
 * How many distinct states a second and core, and how many bytes a state: two
 * vCPUs that touch the same pages, one of which sets CR0.CD around that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tdpsim/tdpsim.h"

#define MAX_TEXT 16384u

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static size_t scenario_text(char *text, unsigned int pages)
{
	size_t used;
	unsigned int vcpu, i;

	used = (size_t)sprintf(
		text, "scenario: cd\nabout: CR0.CD around first accesses\n"
		      "kvm: { profile: v6.8, memtype.cd_quirk: off }\n"
		      "memslots: [ { slot: 0, gpa: 0, size: 16MiB } ]\n"
		      "vcpus: [ { cr0: PE|ET }, { cr0: PE|ET } ]\n"
		      "observe: [ memtype ]\nsteps:\n  - attach_dma: {}\n"
		      "  - wrmsr: { vcpu: 0, msr: 0x2ff, value: 0x806 }\n"
		      "  - wrmsr: { vcpu: 1, msr: 0x2ff, value: 0x806 }\n"
		      "  - together:\n"
		      "      - write_reg: { vcpu: 0, reg: cr0, value: +CD }\n");
	for (vcpu = 0; vcpu < 2; vcpu++) {
		for (i = 0; i < pages; i++)
			used += (size_t)sprintf(
				text + used,
				"      - read: { vcpu: %u, gva: 0x%x000 }\n",
				vcpu, i + 5);
		if (!vcpu)
			used += (size_t)sprintf(
				text + used,
				"      - write_reg: { vcpu: 0, reg: cr0, value: -CD }\n");
	}
	return used;
}

struct measure {
	uint64_t memory;
};

static bool keep_memory(const struct tdp_explore_progress *p, void *context)
{
	((struct measure *)context)->memory = p->memory;
	return true;
}

/* What the calling thread does not do, others do at the same time. */
static void explore(const struct tdp_scenario *s, unsigned int jobs)
{
	struct measure m = { 0 };
	const struct tdp_explore_options options = {
		.jobs = jobs,
		.progress = keep_memory,
		.context = &m,
	};
	double all = now(CLOCK_PROCESS_CPUTIME_ID);
	double own = now(CLOCK_THREAD_CPUTIME_ID);
	struct tdp_explore_summary summary;
	struct tdp_exploration *x;
	struct tdp_error err;

	if (tdp_explore(s, &options, &x, &err)) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	all = now(CLOCK_PROCESS_CPUTIME_ID) - all;
	own = now(CLOCK_THREAD_CPUTIME_ID) - own;
	tdp_exploration_summary(x, &summary);
	printf("jobs %u: %llu distinct states, %.0f a second of processor time, "
	       "%.0f bytes each; processor time %.2f of the caller's thread\n",
	       jobs, (unsigned long long)summary.states,
	       (double)summary.states / all,
	       (double)m.memory / (double)summary.states, all / own);
	tdp_exploration_destroy(x);
}

int main(int argc, char **argv)
{
	unsigned int pages = argc > 1 ? (unsigned int)atoi(argv[1]) : 12;
	static char text[MAX_TEXT];
	struct tdp_scenario *s;
	struct tdp_error err;
	size_t size = scenario_text(text, pages);

	if (tdp_scenario_load_text("cd.yaml", text, size, &s, &err)) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	explore(s, 1);
	explore(s, 2);
	tdp_scenario_destroy(s);
	return 0;
}
