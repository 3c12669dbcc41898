/* SPDX-License-Identifier: MIT */
/*
 * tdpsim-kvm: carry scenarios out on /dev/kvm and record what the kernel did.
 *
 * The same program is the /init of a throw-away machine: see init.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"
#include "runner.h"

/* clang-format off */
static const char usage[] =
"Usage: tdpsim-kvm [--output FILE] SCENARIO...\n"
"\n"
"Carry out the steps of scenarios on this machine's /dev/kvm, and record what\n"
"each gave: return codes, arguments, kvm_run, counters, and where tracefs can\n"
"be read the trace events.  \"tdpsim diff SCENARIO FILE\" compares it with the\n"
"model.  docs/kernel.md says how to boot a kernel for that.\n"
"\n"
"  --output FILE  write the recording there; default: standard output\n"
"  --limit N      seconds that one scenario may take; default 30\n"
"  --help         show this text\n"
"\n"
"Exit status: 0 recorded, though steps may be skipped, 1 a scenario did not\n"
"end, 2 bad input or usage, or no usable /dev/kvm.\n";
/* clang-format on */

#define EXIT_BAD 2

static int complain(const char *what, const char *why)
{
	fprintf(stderr, "tdpsim-kvm: %s: %s\n", what, why);
	return EXIT_BAD;
}

/* One scenario ------------------------------------------------------------------- */

static void take_step(struct runner *r)
{
	struct tdp_step step;

	tdp_scenario_step(r->scenario, r->step, &step);
	line_begin(r, step.verb);
	step_make(r, &step);
	line_end(r);
}

/* In a process of its own: what it leaves behind goes with it. */
static void carry_out(struct runner *r)
{
	struct tdp_setup setup;
	bool made;

	tdp_scenario_setup(r->scenario, &setup);
	if (r->trace)
		trace_drop(r->trace);
	line_begin(r, "machine");
	made = !machine_make(r);
	line_end(r);
	for (r->step = 1; made && r->step <= setup.steps; r->step++)
		take_step(r);
	_exit(0);
}

static int wait_for(pid_t child, unsigned int seconds)
{
	unsigned int waited, status = 0;

	for (waited = 0; waited < seconds * 500; waited++) {
		if (waitpid(child, (int *)&status, WNOHANG) == child)
			return (int)status;
		usleep(2000);
	}
	kill(child, SIGKILL);
	waitpid(child, (int *)&status, 0);
	return -1;
}

static int record_one(struct runner *r, const char *path, unsigned int limit)
{
	struct tdp_scenario *scenario;
	struct tdp_error err = { 0 };
	char text[1024];
	pid_t child;
	int status;

	if (tdp_scenario_load_on(path, &r->machine, &scenario, &err)) {
		fprintf(stderr, "%s\n",
			tdp_error_print(&err, text, sizeof(text)));
		return EXIT_BAD;
	}
	r->scenario = scenario;
	init_progress(tdp_scenario_name(scenario));
	fflush(NULL);
	child = fork();
	if (!child)
		carry_out(r);
	status = child < 0 ? -1 : wait_for(child, limit);
	tdp_scenario_destroy(scenario);
	if (!status)
		return 0;
	fprintf(stderr, "%s: %s\n", path,
		status < 0 ? "did not end in time" : "the process died");
	return 1;
}

/* All ------------------------------------------------------------------------------ */

static int open_kvm(struct runner *r)
{
	r->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (r->kvm < 0)
		return complain(
			"/dev/kvm",
			errno == ENOENT ?
				"there is none: is a kvm module loaded?" :
				strerror(errno));
	if (ioctl(r->kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return complain("/dev/kvm", "another version of the interface");
	if (ioctl(r->kvm, KVM_CHECK_EXTENSION, KVM_CAP_SREGS2) <= 0)
		return complain("/dev/kvm", "no KVM_SET_SREGS2: Linux 5.14 or "
					    "newer is needed");
	r->run_bytes = (size_t)ioctl(r->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	return 0;
}

static int describe(struct runner *r)
{
	struct tdp_error err = { 0 };
	char *env, text[1024];
	int ret;

	r->trace = trace_open();
	if (!r->trace)
		fprintf(stderr,
			"tdpsim-kvm: no trace events: tracefs can't be read\n");
	env = env_line(r);
	fprintf(r->out, "%s\n", env);
	fflush(r->out);
	ret = tdp_machine_parse(env, &r->machine, &err);
	free(env);
	if (!ret)
		return 0;
	return complain("this machine",
			tdp_error_print(&err, text, sizeof(text)));
}

static int record_all(char **paths, const char *output, unsigned int limit)
{
	static struct runner runner;
	int status;

	runner.out = output ? fopen(output, "we") : stdout;
	if (!runner.out)
		return complain(output, strerror(errno));
	status = open_kvm(&runner);
	if (!status)
		status = describe(&runner);
	for (; !status && *paths; paths++) {
		int one = record_one(&runner, *paths, limit);

		if (one == EXIT_BAD)
			status = one;
		else if (one)
			init_progress("?");
	}
	if (fflush(runner.out) || ferror(runner.out))
		return complain("the recording", strerror(errno));
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "limit", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *output = NULL;
	unsigned int limit = 30;
	int option;

	if (getpid() == 1)
		return init_run(record_all);
	while ((option = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
		switch (option) {
		case 'o':
			output = optarg;
			break;
		case 'l':
			limit = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			return EXIT_BAD;
		}
	}
	if (optind == argc || !limit) {
		fputs(usage, stderr);
		return EXIT_BAD;
	}
	return record_all(argv + optind, output, limit);
}
