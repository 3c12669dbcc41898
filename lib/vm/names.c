/* SPDX-License-Identifier: MIT */
/* The words of results and events. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/bits.h"
#include "tdpsim/event.h"
#include "tdpsim/result.h"

const char *tdp_outcome_name(enum tdp_outcome outcome)
{
	switch (outcome) {
#define X(name, text, about)     \
	case TDP_OUTCOME_##name: \
		return text;
		TDP_OUTCOME_LIST(X)
#undef X
	case TDP_NR_OUTCOMES:
		break;
	}
	return "?";
}

const char *tdp_outcome_about(enum tdp_outcome outcome)
{
	switch (outcome) {
#define X(name, text, about)     \
	case TDP_OUTCOME_##name: \
		return about;
		TDP_OUTCOME_LIST(X)
#undef X
	case TDP_NR_OUTCOMES:
		break;
	}
	return "?";
}

const char *tdp_reason_name(enum tdp_reason reason)
{
	switch (reason) {
#define X(name, text, about) \
	case TDP_WHY_##name: \
		return text;
		TDP_REASON_LIST(X)
#undef X
	case TDP_NR_REASONS:
		break;
	}
	return "?";
}

const char *tdp_reason_about(enum tdp_reason reason)
{
	switch (reason) {
#define X(name, text, about) \
	case TDP_WHY_##name: \
		return about;
		TDP_REASON_LIST(X)
#undef X
	case TDP_NR_REASONS:
		break;
	}
	return "?";
}

const char *tdp_exit_name(enum tdp_exit exit)
{
	static const char *const names[TDP_NR_EXITS] = {
		[TDP_EXIT_NONE] = "none",
		[TDP_EXIT_EPT_VIOLATION] = "ept_violation",
		[TDP_EXIT_EPT_MISCONFIG] = "ept_misconfig",
		[TDP_EXIT_NPF] = "npf",
		[TDP_EXIT_PF] = "pf",
		[TDP_EXIT_PML_FULL] = "pml_full",
		[TDP_EXIT_EXCEPTION] = "exception",
	};

	return (unsigned int)exit < TDP_NR_EXITS ? names[exit] : "?";
}

const char *tdp_errno_name(int ret)
{
	static const struct {
		int value;
		const char *name;
		/* clang-format off */
	} names[] = {
		{ 0, "0" }, { EPERM, "EPERM" }, { ENOENT, "ENOENT" },
		{ EINTR, "EINTR" }, { EIO, "EIO" }, { EAGAIN, "EAGAIN" },
		{ ENOMEM, "ENOMEM" }, { EFAULT, "EFAULT" },
		{ EBUSY, "EBUSY" }, { EEXIST, "EEXIST" }, { EINVAL, "EINVAL" },
		{ ENOTTY, "ENOTTY" }, { ENOSPC, "ENOSPC" },
		{ EBADF, "EBADF" }, { ENODEV, "ENODEV" },
		{ EOPNOTSUPP, "EOPNOTSUPP" }, { EHWPOISON, "EHWPOISON" },
	};
	/* clang-format on */
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].value == -ret)
			return names[i].name;
	return "?";
}

/* clang-format off */
static const struct tdp_event_info events[TDP_NR_EVENTS] = {
#define TDP_FIELD(name, format) { #name, TDP_FIELD_##format },
#define TDP_EVENT(event, tracepoint, fields) \
	[TDP_EV_##event] = { .name = #event, .is_tracepoint = tracepoint, \
			     .field = { fields } },
	TDP_EVENT_LIST(TDP_EVENT, TDP_FIELD)
#undef TDP_EVENT
#undef TDP_FIELD
};
/* clang-format on */

const struct tdp_event_info *tdp_event_info(unsigned int id)
{
	return id < TDP_NR_EVENTS ? &events[id] : NULL;
}

static int print_field(char *buf, size_t size, const char *name,
		       enum tdp_field_format format, uint64_t value)
{
	switch (format) {
	case TDP_FIELD_NONE:
		break;
	case TDP_FIELD_DEC:
		return snprintf(buf, size, " %s %" PRIu64, name, value);
	case TDP_FIELD_SDEC:
		return snprintf(buf, size, " %s %" PRId64, name,
				(int64_t)value);
	case TDP_FIELD_BOOL:
		return snprintf(buf, size, " %s %d", name, value != 0);
	case TDP_FIELD_REASON:
		return snprintf(buf, size, " %s %s", name,
				tdp_reason_name((enum tdp_reason)value));
	case TDP_FIELD_EXIT:
		return snprintf(buf, size, " %s %s", name,
				tdp_exit_name((enum tdp_exit)value));
	case TDP_FIELD_HEX:
	case TDP_FIELD_ROLE:
	case TDP_FIELD_SPTE:
	case TDP_FIELD_PFERR:
		return snprintf(buf, size, " %s 0x%" PRIx64, name, value);
	}
	return 0;
}

char *tdp_event_print(const struct tdp_event *event, char *buf, size_t size)
{
	const struct tdp_event_info *info = tdp_event_info(event->id);
	size_t used;
	unsigned int i;

	if (!info) {
		snprintf(buf, size, "?");
		return buf;
	}
	used = (size_t)snprintf(buf, size, "%s:", info->name);
	for (i = 0; i < TDP_EVENT_MAX_FIELDS && info->field[i].name; i++) {
		if (used >= size)
			break;
		used += (size_t)print_field(
			buf + used, size - used, info->field[i].name,
			info->field[i].format, event->field[i]);
	}
	return buf;
}
