/* SPDX-License-Identifier: MIT */
/*
 * Formats: arch/x86/kvm/trace.h, arch/x86/kvm/mmu/mmutrace.h and
 * include/trace/events/kvm.h of Linux 6.1 to 6.12, and what tracefs printed.
 */
#include "scenario/trace_text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/error.h"
#include "tdpsim/event.h"

/*
 * Between braces stands a field, and how its value is written: d decimal,
 * x hexadecimal, s an SPTE, r a role up to " root ", p page-fault flags,
 * e the name of an exit, w a word.  A field without a name is skipped; * is
 * the rest of the line.
 */
static const struct format {
	const char *event;
	const char *text;
} formats[] = {
	/* clang-format off */
	{ "kvm_mmu_get_page",
	  "sp gen {:x} gfn {gfn:x} {role_text:r} root {:d} {:w} {created:c}" },
	{ "kvm_mmu_prepare_zap_page", "sp gen {:x} gfn {gfn:x} {role_text:r} root {:d} {:w}" },
	{ "kvm_mmu_sync_page", "sp gen {:x} gfn {gfn:x} {role_text:r} root {:d} {:w}" },
	{ "kvm_mmu_unsync_page", "sp gen {:x} gfn {gfn:x} {role_text:r} root {:d} {:w}" },
	{ "kvm_mmu_pagetable_walk", "addr {addr:x} pferr {pferr:x}{*}" },
	{ "kvm_mmu_paging_element", "pte {pte:x} level {level:d}" },
	{ "kvm_mmu_set_accessed_bit", "gpa {gpa:x}" },
	{ "kvm_mmu_set_dirty_bit", "gpa {gpa:x}" },
	{ "kvm_mmu_walker_error", "pferr {pferr:x}{*}" },
	{ "kvm_mmu_zap_all_fast", "{*}" },
	{ "kvm_tdp_mmu_spte_changed",
	  "as id {as_id:d} gfn {gfn:x} level {level:d} old_spte {old_spte:s} "
	  "new_spte {new_spte:s}" },
	{ "kvm_mmu_set_spte",
	  "gfn {gfn:x} spte {spte:s} ({:w}) level {level:d} at {*}" },
	{ "kvm_mmu_spte_requested", "gfn {gfn:x} pfn {:x} level {level:d}" },
	{ "mark_mmio_spte", "sptep:{:w} gfn {gfn:x} access {access:x} gen {gen:x}" },
	{ "handle_mmio_page_fault", "addr:{addr:x} gfn {gfn:x} access {access:x}" },
	{ "check_mmio_spte", "spte {spte:s} kvm_gen {:x} spte-gen {spte_gen:x}{*}" },
	{ "fast_page_fault",
	  "vcpu {vcpu_id:d} gva {cr2_or_gpa:x} error_code {error_code:p} "
	  "sptep {:w} old {old_spte:s} new {new_spte:s} spurious {:d} fixed {:d}" },
	{ "kvm_page_fault",
	  "vcpu {vcpu_id:d} rip {:x} address {fault_address:x} error_code {error_code:x}" },
	{ "kvm_page_fault", "address {fault_address:x} error_code {error_code:x}" },
	{ "kvm_exit",
	  "vcpu {vcpu_id:d} reason {exit_reason:e} rip {:x} info1 {info1:x} "
	  "info2 {info2:x}{*}" },
	{ "kvm_inj_exception", "{exception:v}{*}" },
	{ "kvm_smm_transition", "vcpu {vcpu_id:d}: {entering:g} SMM{*}" },
	{ "kvm_mmu_split_huge_page",
	  "gfn {gfn:x} spte {spte:s} level {level:d} errno {errno:d}" },
	/* clang-format on */
};

/* Words that stand for numbers ------------------------------------------------- */

struct name {
	const char *text;
	uint64_t value;
};

static const struct name vectors[] = {
	{ "#DE", 0 },  { "#DB", 1 },  { "#BP", 3 },  { "#OF", 4 },
	{ "#BR", 5 },  { "#UD", 6 },  { "#NM", 7 },  { "#DF", 8 },
	{ "#TS", 10 }, { "#NP", 11 }, { "#SS", 12 }, { "#GP", 13 },
	{ "#PF", 14 }, { "#MF", 16 }, { "#AC", 17 }, { "#MC", 18 },
};

/* Exits that paging causes; 0: another one. */
static const struct name exits[] = {
	{ "npf", 0x400 },        { "PF excp", 0x4e }, { "EPT_VIOLATION", 48 },
	{ "EPT_MISCONFIG", 49 }, { "PML_FULL", 62 },
};

static const struct name pferr_flags[] = {
	{ "P", BIT(0) },    { "W", BIT(1) }, { "U", BIT(2) },
	{ "RSVD", BIT(3) }, { "F", BIT(4) },
};

static const struct name created[] = { { "new", 1 }, { "existing", 0 } };

static const struct name transitions[] = { { "entering", 1 },
					   { "leaving", 0 } };

/* The value of @text up to @length; false: it has none. */
static bool find_name(const struct name *names, size_t nr, const char *text,
		      size_t length, uint64_t *value)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (strlen(names[i].text) == length &&
		    !memcmp(names[i].text, text, length)) {
			*value = names[i].value;
			return true;
		}
	return false;
}

/* "P|W|0x200000000", as __print_flags() writes it. */
static bool parse_flags(const char *text, size_t length, uint64_t *value)
{
	const char *end = text + length;
	uint64_t one;

	*value = 0;
	while (text < end) {
		const char *bar = memchr(text, '|', (size_t)(end - text));
		size_t part = (size_t)((bar ? bar : end) - text);

		if (!find_name(pferr_flags, ARRAY_SIZE(pferr_flags), text, part,
			       &one))
			one = strtoull(text, NULL, 16);
		*value |= one;
		text += part + 1;
	}
	return true;
}

/* Values ----------------------------------------------------------------------- */

#define FRAME_BITS 0x000ffffffffff000u

static json_t *show(char kind, uint64_t value)
{
	/* As the recorder writes it: a frame is the host's own. */
	if (kind == 's' && (value & BIT(11)))
		return json_sprintf(
			"0x%llx+pfn",
			(unsigned long long)(value & ~(uint64_t)FRAME_BITS));
	return json_sprintf("0x%llx", (unsigned long long)value);
}

/* Where the value ends, for the kind that is not a number. */
static size_t length_of(char kind, const char *text)
{
	const char *end = NULL;

	if (kind == 'r')
		end = strstr(text, " root ");
	if (kind == 'e')
		end = strstr(text, " rip ");
	return end ? (size_t)(end - text) : strcspn(text, " \n:)");
}

static bool parse_number(char kind, const char **text, uint64_t *value)
{
	char *end;

	*value = strtoull(*text, &end, kind == 'd' ? 10 : 16);
	if (kind == 'd' && **text == '-')
		*value = (uint64_t)strtoll(*text, &end, 10);
	if (end == *text)
		return false;
	*text = end;
	return true;
}

static bool parse_value(char kind, const char **text, uint64_t *value)
{
	size_t length;
	bool found = true;

	if (strchr("dxs", kind))
		return parse_number(kind, text, value);
	length = length_of(kind, *text);
	*value = 0;
	if (kind == 'p')
		found = parse_flags(*text, length, value);
	if (kind == 'v')
		found = find_name(vectors, ARRAY_SIZE(vectors), *text, length,
				  value);
	if (kind == 'c')
		found = find_name(created, ARRAY_SIZE(created), *text, length,
				  value);
	if (kind == 'g')
		found = find_name(transitions, ARRAY_SIZE(transitions), *text,
				  length, value);
	if (kind == 'e')
		find_name(exits, ARRAY_SIZE(exits), *text, length, value);
	*text += length;
	return found && length;
}

/* One line ------------------------------------------------------------------------ */

/* A field in braces, into @event; *@format is moved behind it. */
static bool match_field(const char **format, const char **text, json_t *event)
{
	const char *colon = strchr(*format, ':');
	const char *end = strchr(*format, '}');
	const char *start = *text;
	char name[32];
	uint64_t value;

	if ((*format)[1] == '*') {
		*text += strcspn(*text, "\n");
		*format = end + 1;
		return true;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(colon - *format - 1),
		 *format + 1);
	*format = end + 1;
	if (!parse_value(colon[1], text, &value))
		return false;
	if (colon[1] == 'r')
		json_object_set_new(
			event, name,
			json_stringn(start, (size_t)(*text - start)));
	else if (name[0])
		json_object_set_new(event, name, show(colon[1], value));
	return true;
}

/* tracefs and trace-cmd differ in white space. */
static const char *skip_space(const char *text)
{
	while (*text == ' ' || *text == '\t')
		text++;
	return text;
}

static bool match(const char *format, const char *text, json_t *event)
{
	while (*format) {
		if (*format == '{') {
			if (!match_field(&format, &text, event))
				return false;
		} else if (*format == ' ') {
			if (*text != ' ' && *text != '\t')
				return false;
			text = skip_space(text);
			format++;
		} else if (*format++ != *text++) {
			return false;
		}
	}
	text = skip_space(text);
	return !*text || *text == '\n' || *text == '\r';
}

/* "#PF (0x2) [reinjected]" */
static void add_exception(const char *text, json_t *event)
{
	const char *code = strstr(text, "(0x");
	size_t length = strcspn(text, "\n");
	bool has_code = code && code < text + length;

	json_object_set_new(event, "has_error", json_integer(has_code));
	json_object_set_new(
		event, "error_code",
		json_integer(has_code ?
				     (json_int_t)strtoull(code + 1, NULL, 16) :
				     0));
	if (memmem(text, length, "[reinjected]", 12))
		json_object_set_new(event, "reinjected", json_integer(1));
}

static void add_vendor(const char *text, json_t *event)
{
	bool svm = strstr(text, " reason npf ") || strstr(text, " excp ");

	json_object_set_new(event, "isa", json_integer(svm ? 2 : 1));
}

/* Events that the model has, but about memory that is the VMM's own. */
static bool is_known(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(formats[i].event, name))
			return true;
	return false;
}

static json_t *parse_event(const char *name, const char *text)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(formats); i++) {
		json_t *event;

		if (strcmp(formats[i].event, name) != 0)
			continue;
		event = json_object();
		json_object_set_new(event, "ev", json_string(name));
		if (match(formats[i].text, text, event)) {
			if (!strcmp(name, "kvm_inj_exception"))
				add_exception(text, event);
			if (!strcmp(name, "kvm_exit"))
				add_vendor(text, event);
			return event;
		}
		json_decref(event);
	}
	return NULL;
}

/*
 * "comm-12 [000] d..1. 1.000001: event: text", or without the flags: the
 * event's name stands behind the time.  NULL: the line has none.
 */
static const char *find_event(const char *line, size_t length, char *name,
			      size_t size)
{
	const char *at = line, *end = line + length;

	while ((at = memchr(at, ':', (size_t)(end - at)))) {
		const char *word = skip_space(at + 1);
		size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyz"
					"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789_");

		if (at > line && isdigit((unsigned char)at[-1]) && n &&
		    n < size && word + n < end && word[n] == ':') {
			memcpy(name, word, n);
			name[n] = '\0';
			return skip_space(word + n + 1);
		}
		at++;
	}
	return NULL;
}

bool trace_text_is(const char *text, size_t size)
{
	const char *end = memchr(text, '\n', size);
	size_t length = end ? (size_t)(end - text) : size;
	char name[64];

	return size && (text[0] == '#' || !strncmp(text, "cpus=", 5) ||
			!strncmp(text, "version = ", 10) ||
			find_event(text, length, name, sizeof(name)));
}

int trace_text_parse(const char *path, const char *text, size_t size,
		     json_t **events, struct tdp_error *err)
{
	unsigned int line = 0;
	size_t at = 0;

	*events = json_array();
	if (!*events)
		return err_set(err, TDP_ENOMEM, "%s: out of memory", path);
	while (at < size) {
		size_t length = strcspn(text + at, "\n");
		char name[64];
		const char *rest;
		json_t *event;

		line++;
		rest = text[at] == '#' ? NULL :
					 find_event(text + at, length, name,
						    sizeof(name));
		at += length + 1;
		if (!rest || !is_known(name))
			continue;
		event = parse_event(name, rest);
		if (!event) {
			json_decref(*events);
			*events = NULL;
			return err_at(err, TDP_EINPUT, path, line, 1,
				      "%s is not written as Linux 6.1 to 7.1 "
				      "write it",
				      name);
		}
		json_object_set_new(event, "line", json_integer(line));
		json_array_append_new(*events, event);
	}
	return TDP_OK;
}

/* Roles ---------------------------------------------------------------------------- */

char *trace_text_role(const struct tdp_kvm_config *kvm, uint32_t word,
		      char *buf, size_t size)
{
	struct tdp_role role;

	tdp_role_decode(kvm, word, &role);
	snprintf(buf, size, "l%u %u-byte q%u%s %c%c%c%s %snxe %sad", role.level,
		 role.has_4_byte_gpte ? 4u : 8u, role.quadrant,
		 role.direct ? " direct" : "",
		 role.access & TDP_ACC_WRITE ? 'w' : '-',
		 role.access & TDP_ACC_USER ? 'u' : '-',
		 role.access & TDP_ACC_EXEC ? 'x' : '-',
		 role.invalid ? " invalid" : "", role.efer_nx ? "" : "!",
		 role.ad_disabled ? "!" : "");
	return buf;
}
