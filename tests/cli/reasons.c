/* SPDX-License-Identifier: MIT */
/*
 * Every check of the model that can decide an answer does so in some scenario:
 * a reason that no scenario produces is either dead or unproven.
 *
 * Takes the scenario files as arguments; prints TAP.
 */
#include <stdio.h>
#include <string.h>

#include "tdpsim/tdpsim.h"

static const char *seen_in[TDP_NR_REASONS];

/* Reasons that pass by as an event on the way to another outcome count too. */
static void trace(const struct tdp_event *event, void *context)
{
	if (event->id == TDP_EV_decided && event->field[2] < TDP_NR_REASONS)
		seen_in[event->field[2]] = context;
	if (event->id == TDP_EV_nested_page && event->field[3] &&
	    event->field[1] < TDP_NR_REASONS)
		seen_in[event->field[1]] = context;
}

static void done(unsigned int step, const struct tdp_vm *vm,
		 const struct tdp_result *result, void *context)
{
	(void)step;
	(void)vm;
	if ((unsigned int)result->reason < TDP_NR_REASONS)
		seen_in[result->reason] = context;
}

static int run(char *path)
{
	const struct tdp_report report = {
		.trace = trace,
		.done = done,
		.context = path,
	};
	struct tdp_run_summary summary;
	struct tdp_scenario *scenario;
	struct tdp_error err;
	int ret = tdp_scenario_load(path, &scenario, &err);

	if (!ret) {
		if (!tdp_scenario_missing(scenario))
			ret = tdp_scenario_run(scenario, &report, &summary,
					       &err);
		tdp_scenario_destroy(scenario);
	}
	if (ret)
		printf("# %s: %s\n", path, err.message);
	return ret;
}

int main(int argc, char **argv)
{
	unsigned int reason;
	int i, missing = 0;

	for (i = 1; i < argc; i++)
		if (run(argv[i]))
			return 1;
	printf("1..%d\n", TDP_NR_REASONS);
	for (reason = 0; reason < TDP_NR_REASONS; reason++) {
		missing += !seen_in[reason];
		printf("%sok %u - %s%s%s\n", seen_in[reason] ? "" : "not ",
		       reason + 1, tdp_reason_name(reason),
		       seen_in[reason] ? " # " : "",
		       seen_in[reason] ? seen_in[reason] : "");
	}
	return missing != 0;
}
