/* SPDX-License-Identifier: MIT */
/*
 * tdpsim-kvm: carry scenarios out on /dev/kvm and record what the kernel did.
 *
 * The same program is the /init of a throw-away machine: see init.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
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
"  --device FILE  default: /dev/kvm\n"
"  --help         show this text\n"
"\n"
"Exit status: 0 recorded, though steps may be skipped, 1 a scenario did not\n"
"end (the others are recorded, and of it what it did so far), 2 bad input or\n"
"usage, or no usable /dev/kvm.\n";
/* clang-format on */

#define EXIT_BAD 2

static int complain(const char *what, const char *why)
{
	fprintf(stderr, "tdpsim-kvm: %s: %s\n", what, why);
	return EXIT_BAD;
}

/* One scenario ------------------------------------------------------------------- */

/* What the child is about to do, for the parent to name. */
static volatile unsigned int *progress;

static void take_step(struct runner *r)
{
	struct tdp_step step;

	*progress = r->step;
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

enum ending { ENDED, DIED, KILLED, STUCK };

/* Ctrl-C: what was changed of this machine is put back. */
static volatile sig_atomic_t stopped;

static void on_stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static bool ends_within(pid_t child, unsigned int seconds, int *status)
{
	unsigned int waited;

	for (waited = 0; waited < seconds * 500; waited++) {
		if (waitpid(child, status, WNOHANG) == child)
			return true;
		if (stopped && waited > 50)
			break;
		usleep(2000);
	}
	return false;
}

/* A process that sleeps in the kernel for good can't be killed either. */
static enum ending wait_for(pid_t child, unsigned int seconds)
{
	int status = 0;

	if (child < 0)
		return DIED;
	if (ends_within(child, seconds, &status))
		return status ? DIED : ENDED;
	kill(child, SIGKILL);
	return ends_within(child, 5, &status) ? KILLED : STUCK;
}

static void tell_end(const struct tdp_scenario *scenario, const char *path,
		     enum ending ending, unsigned int limit)
{
	static const char *const words[] = {
		[DIED] = "the process died",
		[KILLED] = "did not end in time",
		[STUCK] = "did not end in time, and can't be killed",
	};
	struct tdp_step step = { .verb = "machine", .line = 1 };

	if (*progress)
		tdp_scenario_step(scenario, *progress, &step);
	fprintf(stderr, "%s:%u: step %u (%s): %s", path, step.line, *progress,
		step.verb, words[ending]);
	if (ending != DIED)
		fprintf(stderr, " (%u s)", limit);
	fputc('\n', stderr);
	init_note("@ended", tdp_scenario_name(scenario), *progress,
		  words[ending]);
}

#define NO_USE 3 /* to go on */

static int record_one(struct runner *r, const char *path, unsigned int limit)
{
	struct tdp_scenario *scenario;
	struct tdp_error err = { 0 };
	char text[1024];
	enum ending ending;
	pid_t child;

	if (tdp_scenario_load_on(path, &r->machine, &scenario, &err)) {
		fprintf(stderr, "%s\n",
			tdp_error_print(&err, text, sizeof(text)));
		return EXIT_BAD;
	}
	r->scenario = scenario;
	init_progress(tdp_scenario_name(scenario));
	fflush(NULL);
	*progress = 0;
	child = fork();
	if (!child) {
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		carry_out(r);
	}
	ending = wait_for(child, limit);
	if (ending != ENDED)
		tell_end(scenario, path, ending, limit);
	tdp_scenario_destroy(scenario);
	if (ending == ENDED && !stopped)
		return 0;
	return stopped || ending == STUCK ? NO_USE : 1;
}

/* All ------------------------------------------------------------------------------ */

static const char *device = "/dev/kvm";

static int open_kvm(struct runner *r)
{
	int version;

	r->kvm = open(device, O_RDWR | O_CLOEXEC);
	if (r->kvm < 0)
		return complain(
			device,
			errno == ENOENT ?
				"there is none: is a kvm module loaded?" :
				strerror(errno));
	version = ioctl(r->kvm, KVM_GET_API_VERSION, 0);
	if (version < 0)
		return complain(device, "is no KVM");
	if (version != KVM_API_VERSION)
		return complain(device, "another version of the interface");
	if (ioctl(r->kvm, KVM_CHECK_EXTENSION, KVM_CAP_SREGS2) <= 0)
		return complain(device, "no KVM_SET_SREGS2: Linux 5.14 or "
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
	progress = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (progress == MAP_FAILED)
		return complain("shared memory", strerror(errno));
	parameters_keep();
	status = open_kvm(&runner);
	if (!status)
		status = describe(&runner);
	for (; status < EXIT_BAD && !stopped && *paths; paths++) {
		int one = record_one(&runner, *paths, limit);

		status = one ? one : status;
	}
	parameters_restore();
	trace_close(runner.trace);
	if (status == NO_USE)
		status = 1;
	if (fflush(runner.out) || ferror(runner.out))
		return complain("the recording", strerror(errno));
	return status;
}

/* 0: it is no number of seconds. */
static unsigned int parse_limit(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	return *end || value > INT_MAX / 500 ? 0 : (unsigned int)value;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "limit", required_argument, NULL, 'l' },
		{ "device", required_argument, NULL, 'd' },
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
			limit = parse_limit(optarg);
			break;
		case 'd':
			device = optarg;
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
	signal(SIGINT, on_stop);
	signal(SIGTERM, on_stop);
	return record_all(argv + optind, output, limit);
}
