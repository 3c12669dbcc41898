/* SPDX-License-Identifier: MIT */
/* KVM_RUN and KVM_PRE_FAULT_MEMORY, and how they end. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include "runner.h"

#define VECTOR_PF      14
#define LIMIT_SECONDS  2
#define PAGES_A_SECOND 1000
#define UNWRITTEN      255u /* no exit reason */

static volatile sig_atomic_t alarmed;

static void on_alarm(int signal)
{
	(void)signal;
	alarmed = 1;
}

static void set_alarm(unsigned int seconds)
{
	const struct itimerval limit = { .it_value.tv_sec = seconds };
	struct sigaction action = { .sa_handler = on_alarm };

	if (seconds)
		alarmed = 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &limit, NULL);
}

/* A signal that is pending inside KVM_RUN and blocked outside. */
static void pend_signal(const struct vcpu *v, bool pend)
{
	/* struct kvm_signal_mask: the length of a set, and an empty set */
	uint32_t data[3] = { 8 };
	const struct timespec now = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	if (pend) {
		sigprocmask(SIG_BLOCK, &set, NULL);
		ioctl(v->fd, KVM_SET_SIGNAL_MASK, data);
		raise(SIGUSR1);
		return;
	}
	sigtimedwait(&set, NULL, &now);
	ioctl(v->fd, KVM_SET_SIGNAL_MASK, NULL);
}

/* How it ended ------------------------------------------------------------------------ */

static void describe_exception(struct runner *r, const struct vcpu *v,
			       unsigned int vector)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	enum payload_page page = vcpu_in_l2(v) ? PAYLOAD_L2 :
						 PAYLOAD_SUPERVISOR;
	uint64_t code = 0, at;

	line_number(r, "exception", vector);
	if (ioctl(v->fd, KVM_GET_REGS, &regs) < 0 ||
	    ioctl(v->fd, KVM_GET_SREGS, &sregs) < 0)
		return;
	at = regs.rsp - payload_gpa(r, page);
	if ((vector == 8 || (vector >= 10 && vector <= 14)) &&
	    at < PAGE_BYTES - 4) {
		memcpy(&code, payload_host(r, page) + at, 4);
		line_hex(r, "error_code", code);
	}
	if (vector == VECTOR_PF)
		line_hex(r, "fault_address", sregs.cr2);
}

/* kvm_run.memory_fault, which Debian 12's headers lack: three words. */
static void line_memory_fault(struct runner *r, const struct vcpu *v,
			      const char *prefix)
{
	static const char *const names[] = { "flags", "gpa", "size" };
	uint64_t words[3];
	char key[16];
	unsigned int i;

	memcpy(words, &v->run->internal, sizeof(words));
	for (i = 0; i < 3; i++) {
		snprintf(key, sizeof(key), "%s%s", prefix, names[i]);
		line_hex(r, key, words[i]);
	}
}

/* What L1 reads in vmcb12.  APM 2: "VMCB Layout". */
static void describe_l1_exit(struct runner *r, const struct vcpu *v)
{
	static const struct {
		const char *key;
		unsigned int offset;
	} fields[] = {
		{ "l1_exit", 0x70 },
		{ "l1_info1", 0x78 },
		{ "l1_info2", 0x80 },
	};
	uint64_t value;
	unsigned int i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (memory_read(r, 0, v->l2.vmcb + fields[i].offset, &value, 8))
			line_hex(r, fields[i].key, value);
}

static void describe_exit(struct runner *r, struct vcpu *v)
{
	const struct kvm_run *run = v->run;
	const char *name = "";

	line_number(r, "exit", run->exit_reason);
	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		name = "IO";
		line_hex(r, "port", run->io.port);
		if (run->io.port == PORT_L1)
			describe_l1_exit(r, v);
		if (run->io.port >= PORT_VECTOR)
			describe_exception(r, v, run->io.port - PORT_VECTOR);
		break;
	case KVM_EXIT_MMIO:
		name = "MMIO";
		line_hex(r, "gpa", run->mmio.phys_addr);
		line_number(r, "len", run->mmio.len);
		line_number(r, "is_write", run->mmio.is_write);
		break;
	case KVM_EXIT_SHUTDOWN:
		name = "SHUTDOWN";
		v->dead = "the vCPU shut down in an earlier step";
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		name = "INTERNAL_ERROR";
		line_number(r, "suberror", run->internal.suberror);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		name = "FAIL_ENTRY";
		line_hex(r, "hardware_reason",
			 run->fail_entry.hardware_entry_failure_reason);
		break;
	case KVM_EXIT_HLT:
		name = "HLT";
		break;
	case KVM_EXIT_MEMORY_FAULT:
		name = "MEMORY_FAULT";
		line_memory_fault(r, v, "");
		break;
	default:
		break;
	}
	line_text(r, "exit_s", name);
	line_number(r, "run_flags", run->flags);
}

/* Only the alarm ended the call: unless it is the scenario's late signal. */
static void describe_alarm(struct runner *r, struct vcpu *v)
{
	if (alarmed && !v->late)
		line_number(r, "endless", 1);
	if (alarmed)
		v->late = 0;
}

/* Let KVM finish an instruction that went to userspace, without the guest. */
static void complete(struct vcpu *v)
{
	unsigned int i;

	v->run->immediate_exit = 1;
	for (i = 0; i < 8; i++)
		if (ioctl(v->fd, KVM_RUN, 0) < 0)
			break;
	v->run->immediate_exit = 0;
}

int run_once(struct runner *r, struct vcpu *v)
{
	int ret, error;

	if (v->signal)
		pend_signal(v, true);
	set_alarm(LIMIT_SECONDS);
	ret = ioctl(v->fd, KVM_RUN, 0);
	error = errno;
	set_alarm(0);
	if (v->signal)
		pend_signal(v, false);
	v->signal = false;
	errno = error;
	line_result(r, "KVM_RUN", ret);
	describe_alarm(r, v);
	if (ret < 0 && v->run->exit_reason != KVM_EXIT_MEMORY_FAULT)
		return ret;
	describe_exit(r, v);
	if (!ret && (v->run->exit_reason == KVM_EXIT_IO ||
		     v->run->exit_reason == KVM_EXIT_MMIO))
		complete(v);
	return ret;
}

int run_until_entry(struct runner *r, struct vcpu *v)
{
	bool asked = v->signal;
	int ret, error;

	pend_signal(v, true);
	set_alarm(LIMIT_SECONDS);
	ret = ioctl(v->fd, KVM_RUN, 0);
	error = errno;
	set_alarm(0);
	pend_signal(v, false);
	v->signal = false;
	errno = error;
	if (ret < 0 && error == EINTR && !asked && !alarmed) {
		line_result(r, "KVM_RUN", 0);
		line_number(r, "until_entry", 1);
		return 0;
	}
	line_result(r, "KVM_RUN", ret);
	describe_alarm(r, v);
	if (!ret)
		describe_exit(r, v);
	return 0;
}

static unsigned int seconds_for(uint64_t size)
{
	uint64_t seconds = size / PAGE_BYTES / PAGES_A_SECOND;

	return seconds < 60 ? (unsigned int)seconds : 60;
}

/* KVM_PRE_FAULT_MEMORY: how far it came is in @range. */
int prefault(struct runner *r, struct vcpu *v,
	     struct kvm_pre_fault_memory *range)
{
	uint32_t before = v->run->exit_reason;
	json_t *out = json_object();
	int ret, error;

	if (v->signal)
		return skip(r, "no signal can be pending when the call begins");
	if (v->late && range->size / PAGE_BYTES >= v->late)
		return skip(r, "the moment of a signal can't be chosen");
	v->run->exit_reason = UNWRITTEN;
	/* An emulated processor takes a while for many pages. */
	set_alarm(LIMIT_SECONDS + seconds_for(range->size));
	ret = ioctl(v->fd, KVM_PRE_FAULT_MEMORY, range);
	error = errno;
	set_alarm(0);
	errno = error;
	line_result(r, "KVM_PRE_FAULT_MEMORY", ret);
	describe_alarm(r, v);
	json_object_set_new(out, "gpa", hex(range->gpa));
	json_object_set_new(out, "size", hex(range->size));
	json_object_set_new(r->line, "out", out);
	if (v->run->exit_reason != UNWRITTEN)
		line_number(r, "run_exit", v->run->exit_reason);
	if (v->run->exit_reason == KVM_EXIT_MEMORY_FAULT)
		line_memory_fault(r, v, "mf_");
	v->run->exit_reason = before;
	return 0;
}
