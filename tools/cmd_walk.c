/* SPDX-License-Identifier: MIT */
/* tdpsim walk: one translation in the state that a scenario leaves. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tdpsim/walk.h>

#include "cmd.h"

/* clang-format off */
static const char usage[] =
"Usage: tdpsim walk [OPTIONS] --gva ADDRESS SCENARIO\n"
"\n"
"Replay a scenario, then show what the hardware would do with one access of a\n"
"vCPU: a line for every memory reference, with a running count.  Expectations\n"
"are not looked at, and nothing is changed: no A or D bit, no page-table page.\n"
"\n"
"  --gva ADDRESS  linear address (without paging: guest-physical)\n"
"  --vcpu N       which vCPU (default: 0)\n"
"  --write        a write (default: a read)\n"
"  --fetch        an instruction fetch\n"
"  --user         at CPL 3\n"
"  --help         show this text\n"
"\n"
"Exit status: 0 the walk was shown, even if it ends in a fault; 2 bad input or\n"
"usage; 3 internal error.\n";
/* clang-format on */

struct request {
	const char *path;
	uint64_t vcpu;
	bool has_gva;
	struct tdp_access access;
};

/* A page size as people write it. */
static const char *level_name(enum tdp_level level)
{
	static const char *const names[] = { "",   "4K",   "2M",
					     "1G", "512G", "256T" };

	return level <= TDP_LEVEL_256T ? names[level] : "?";
}

static const char *access_name(const struct tdp_access *access)
{
	switch (access->kind) {
	case TDP_WRITE:
		return "writes";
	case TDP_FETCH:
		return "fetches";
	default:
		return "reads";
	}
}

/* What a reference to the second stage is made for. */
static void show_purpose(const struct tdp_walk_ref *ref)
{
	if (ref->stage != TDP_WALK_EPT && ref->stage != TDP_WALK_NPT)
		return;
	if (ref->target)
		printf("  for the guest's %s at gpa 0x%" PRIx64,
		       tdp_walk_table_name(ref->target), ref->gpa.addr);
	else
		printf("  for gpa 0x%" PRIx64, ref->gpa.addr);
}

static void show_ref(size_t nr, const struct tdp_walk_ref *ref)
{
	printf("%3zu  %-5s %-5s %s  hpa 0x%09" PRIx64 "  0x%016" PRIx64 "  %s",
	       nr, tdp_walk_stage_name(ref->stage),
	       ref->level ? tdp_walk_table_name(ref->level) : "",
	       ref->write ? "write" : "read ", ref->hpa.addr, ref->value,
	       tdp_memtype_name(ref->memtype));
	show_purpose(ref);
	putchar('\n');
}

static void show_result(const struct tdp_result *r)
{
	printf("%s", tdp_outcome_name(r->outcome));
	if (r->outcome == TDP_OUTCOME_DONE && !r->walk_reason) {
		printf(": hpa 0x%" PRIx64, r->hpa);
		if (r->level)
			printf(", page %s", level_name(r->level));
		printf(", memory type %s", tdp_memtype_name(r->memtype));
	}
	if (r->walk_reason)
		printf(": %s (%s; %s)", tdp_walk_reason_name(r->walk_reason),
		       tdp_walk_reason_about(r->walk_reason),
		       tdp_walk_reason_source(r->walk_reason));
	if (r->exit)
		printf(", exit %s 0x%" PRIx64 " 0x%" PRIx64,
		       tdp_exit_name(r->exit), r->exit_info1, r->exit_info2);
	if (r->outcome == TDP_OUTCOME_GUEST_FAULT)
		printf(", vector %u, error code 0x%" PRIx64 ", at 0x%" PRIx64,
		       r->vector, r->error_code, r->fault_address);
	putchar('\n');
}

static int walk(const struct request *request, struct tdp_vm *vm,
		struct tdp_error *err)
{
	struct tdp_vcpu *vcpu = NULL;
	struct tdp_walk_ref refs[256];
	struct tdp_walk_log log = { refs, sizeof(refs) / sizeof(refs[0]), 0 };
	struct tdp_result result;
	size_t i;
	int ret;

	if (request->vcpu <= UINT32_MAX)
		vcpu = tdp_vm_vcpu(vm, (unsigned int)request->vcpu);
	if (!vcpu)
		return bad_usage("walk", "%s has no vCPU %" PRIu64,
				 request->path, request->vcpu);
	ret = tdp_vcpu_translate(vcpu, &request->access, &result, &log, err);
	if (ret)
		return show_error(err);
	printf("vCPU %" PRIu64 " %s 0x%" PRIx64 "%s\n", request->vcpu,
	       access_name(&request->access), request->access.gva.addr,
	       request->access.user ? " at CPL 3" : "");
	for (i = 0; i < log.count && i < log.capacity; i++)
		show_ref(i + 1, &refs[i]);
	show_result(&result);
	return EXIT_HELD;
}

static int walk_scenario(const struct request *request)
{
	struct tdp_scenario *scenario;
	struct tdp_error err = { 0 };
	struct tdp_vm *vm = NULL;
	const char *missing;
	int ret;

	if (tdp_scenario_load(request->path, &scenario, &err))
		return show_error(&err);
	missing = tdp_scenario_missing(scenario);
	if (missing)
		ret = bad_usage("walk", "%s can't be replayed: %s",
				request->path, missing);
	else if (tdp_scenario_replay(scenario, &vm, &err))
		ret = show_error(&err);
	else
		ret = walk(request, vm, &err);
	tdp_vm_destroy(vm);
	tdp_scenario_destroy(scenario);
	return ret;
}

/* An exit status if there is nothing more to do, else -1. */
static int take_option(int option, struct request *request)
{
	struct tdp_access *access = &request->access;

	switch (option) {
	case 'g':
		request->has_gva = true;
		if (parse_number(optarg, &access->gva.addr))
			return -1;
		return bad_usage("walk", "--gva: \"%s\" is no address", optarg);
	case 'n':
		if (parse_number(optarg, &request->vcpu))
			return -1;
		return bad_usage("walk", "--vcpu: \"%s\" is no number", optarg);
	case 'w':
		access->kind = TDP_WRITE;
		return -1;
	case 'x':
		access->kind = TDP_FETCH;
		return -1;
	case 'u':
		access->user = true;
		return -1;
	case 'h':
		fputs(usage, stdout);
		return EXIT_HELD;
	}
	return bad_usage("walk", "see above");
}

int cmd_walk(int argc, char **argv)
{
	static const struct option options[] = {
		{ "gva", required_argument, NULL, 'g' },
		{ "vcpu", required_argument, NULL, 'n' },
		{ "write", no_argument, NULL, 'w' },
		{ "fetch", no_argument, NULL, 'x' },
		{ "user", no_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct request request = { .access = { .kind = TDP_READ } };
	int option, ret;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		ret = take_option(option, &request);
		if (ret >= 0)
			return ret;
	}
	if (optind + 1 != argc)
		return bad_usage("walk", "expected one scenario");
	if (!request.has_gva)
		return bad_usage("walk", "--gva is missing");
	request.path = argv[optind];
	return walk_scenario(&request);
}
