/* SPDX-License-Identifier: MIT */
/*
 * Trace events of KVM, read raw from tracefs: a step's events are there when
 * its call has returned, without text to be parsed.
 *
 * They come by an instance of tracefs of their own, which leaves other tracing
 * alone and goes away at the end.
 *
 * The layout of a page of the ring buffer: linux/ring_buffer.h, "enum
 * ring_buffer_type"; of an event: its "format" file.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner.h"

#define TRACEFS    "/sys/kernel/tracing"
#define MAX_EVENTS 160 /* types, and events that a step lists */
#define MAX_FIELDS 24
#define NAME_BYTES 48

struct field {
	char name[NAME_BYTES];
	unsigned int offset, size;
	bool is_signed, is_array;
};

struct type {
	unsigned int id;
	char name[NAME_BYTES];
	unsigned int nr_fields;
	struct field fields[MAX_FIELDS];
};

struct trace {
	int fd;
	char instance[80]; /* folder */
	char group[24];    /* of probes */
	unsigned int nr_types;
	struct type types[MAX_EVENTS];
	bool roles;
	/* while events are taken */
	json_t *list;
	unsigned int nr, frozen;
	bool lost;
};

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	bool done = fd >= 0 &&
		    write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

static bool get(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got;

	if (fd < 0)
		return false;
	while (used < size - 1 &&
	       (got = read(fd, text + used, size - 1 - used)) > 0)
		used += (size_t)got;
	close(fd);
	text[used] = '\0';
	return used;
}

/* Formats -------------------------------------------------------------------- */

/* "\tfield:u64 gfn;\toffset:16;\tsize:8;\tsigned:0;" */
static bool field_parse(char *line, struct field *field)
{
	char *name = strstr(line, "field:"),
	     *end = name ? strchr(name, ';') : NULL;
	unsigned int is_signed;
	char *bracket;

	if (!end || sscanf(end, ";\toffset:%u;\tsize:%u;\tsigned:%u",
			   &field->offset, &field->size, &is_signed) != 3)
		return false;
	*end = '\0';
	bracket = strchr(name, '[');
	if (bracket)
		*bracket = '\0';
	field->is_array = bracket || strstr(name, "__data_loc") ||
			  (field->size != 1 && field->size != 2 &&
			   field->size != 4 && field->size != 8);
	field->is_signed = is_signed;
	name = strrchr(name, ' ');
	if (!name || !strncmp(name + 1, "common_", 7))
		return false;
	name += strspn(name, " *");
	snprintf(field->name, sizeof(field->name), "%s", name);
	return true;
}

static void format_parse(char *text, struct type *type)
{
	char *line, *rest = NULL;

	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		sscanf(line, "ID: %u", &type->id);
		if (type->nr_fields < MAX_FIELDS &&
		    field_parse(line, &type->fields[type->nr_fields]))
			type->nr_fields++;
	}
}

/* Of the MMU all; of the rest those that the model has. */
static bool is_wanted(const char *system, const char *name)
{
	unsigned int i;

	if (strcmp(system, "kvm") != 0)
		return name[0] != '.';
	for (i = 0; i < TDP_NR_EVENTS; i++)
		if (tdp_event_info(i)->is_tracepoint &&
		    !strcmp(tdp_event_info(i)->name, name))
			return true;
	return false;
}

static void type_add(struct trace *trace, const char *system, const char *name)
{
	struct type *type = &trace->types[trace->nr_types];
	char path[384], text[8192];

	if (!is_wanted(system, name) || trace->nr_types == MAX_EVENTS)
		return;
	snprintf(path, sizeof(path), "%s/events/%s/%s/format", trace->instance,
		 system, name);
	if (!get(path, text, sizeof(text)))
		return;
	snprintf(type->name, sizeof(type->name), "%.47s", name);
	format_parse(text, type);
	snprintf(path, sizeof(path), "%s/events/%s/%s/enable", trace->instance,
		 system, name);
	if (put(path, "1"))
		trace->nr_types++;
}

static void system_add(struct trace *trace, const char *system)
{
	char path[128];
	const struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/events/%s", trace->instance, system);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		type_add(trace, system, entry->d_name);
	closedir(dir);
}

/* Where roles are computed: no tracepoint, but with BTF a probe. */
static const struct {
	const char *name;
	const char *function;
} probes[] = {
	{ "role_shadow_npt", "kvm_init_shadow_npt_mmu" },
	{ "role_shadow_ept", "kvm_init_shadow_ept_mmu" },
	{ "role_init_mmu", "kvm_init_mmu" },
};

#define NR_PROBES (sizeof(probes) / sizeof(probes[0]))

static bool probe_roles(const struct trace *trace)
{
	char text[256];
	unsigned int i;
	bool done = true;

	for (i = 0; i < NR_PROBES && done; i++) {
		snprintf(text, sizeof(text),
			 "r:%s/%s %s "
			 "root_role=vcpu->arch.mmu->root_role.word:x32 "
			 "cpu_role=vcpu->arch.mmu->cpu_role.as_u64:x64",
			 trace->group, probes[i].name, probes[i].function);
		done = put(TRACEFS "/kprobe_events", text);
	}
	return done;
}

/* One CPU's buffer is read, so that one CPU has to do it all. */
static int stay_here(void)
{
	int cpu = sched_getcpu();
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	return cpu;
}

static void instance_put(const struct trace *trace, const char *file,
			 const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", trace->instance, file);
	put(path, text);
}

struct trace *trace_open(void)
{
	struct trace *trace = calloc(1, sizeof(*trace));
	char path[160];

	if (!trace)
		return NULL;
	mount("tracefs", TRACEFS, "tracefs", 0, NULL);
	snprintf(trace->group, sizeof(trace->group), "tdpsim_%d", getpid());
	snprintf(trace->instance, sizeof(trace->instance),
		 TRACEFS "/instances/%s", trace->group);
	if (mkdir(trace->instance, 0700) < 0) {
		free(trace);
		return NULL;
	}
	snprintf(path, sizeof(path), "%s/per_cpu/cpu%d/trace_pipe_raw",
		 trace->instance, stay_here());
	trace->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (trace->fd < 0) {
		trace_close(trace);
		return NULL;
	}
	instance_put(trace, "buffer_size_kb", "16384");
	trace->roles = probe_roles(trace);
	system_add(trace, "kvm");
	system_add(trace, "kvmmmu");
	system_add(trace, trace->group);
	instance_put(trace, "tracing_on", "1");
	return trace;
}

void trace_close(struct trace *trace)
{
	char text[64];
	unsigned int i;

	if (!trace)
		return;
	if (trace->fd >= 0)
		close(trace->fd);
	rmdir(trace->instance);
	for (i = 0; i < NR_PROBES; i++) {
		snprintf(text, sizeof(text), "-:%s/%s", trace->group,
			 probes[i].name);
		put(TRACEFS "/kprobe_events", text);
	}
	free(trace);
}

bool trace_has_roles(const struct trace *trace)
{
	return trace->roles;
}

/* Values ---------------------------------------------------------------------- */

static uint64_t value_of(const uint8_t *data, const struct field *field)
{
	uint64_t value = 0;
	unsigned int bits = 8 * field->size;

	memcpy(&value, data + field->offset, field->size);
	if (field->is_signed && bits < 64 && (value >> (bits - 1) & 1))
		value |= ~UINT64_C(0) << bits;
	return value;
}

static uint64_t field_of(const struct type *type, const uint8_t *data,
			 const char *name)
{
	unsigned int i;

	for (i = 0; i < type->nr_fields; i++)
		if (!strcmp(type->fields[i].name, name))
			return value_of(data, &type->fields[i]);
	return 0;
}

/* Addresses of the kernel's own, and what differs from run to run. */
static bool is_hidden(const char *name)
{
	static const char *const hidden[] = {
		"sptep",      "mmu_valid_gen", "mmu_used_pages", "kvm_gen",
		"__probe_ip", "__probe_func",  "__probe_ret_ip",
	};
	unsigned int i;

	for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (!strcmp(hidden[i], name))
			return true;
	return false;
}

#define FRAME_BITS 0x000ffffffffff000u

static json_t *show(const struct field *field, uint64_t value)
{
	bool code = strstr(field->name, "reason") ||
		    strstr(field->name, "exit_code");

	if (strstr(field->name, "spte") && (value >> 11 & 1))
		return json_sprintf("0x%llx+pfn",
				    (unsigned long long)(value & ~FRAME_BITS));
	if (!strcmp(field->name, "pfn"))
		return json_string("pfn");
	if (field->size == 8 && !code && !strstr(field->name, "spte") &&
	    value >= 0xffff800000000000u)
		return json_string("kptr");
	if (field->is_signed)
		return json_integer((json_int_t)value);
	return hex(value);
}

/* Which events ------------------------------------------------------------------ */

static bool ends_with(const char *text, const char *end)
{
	size_t a = strlen(text), b = strlen(end);

	return a >= b && !strcmp(text + a - b, end);
}

/* What the kernel says of memory that is not the guest's. */
static bool is_other_memory(const struct type *type, const uint8_t *data)
{
	uint64_t hva;

	if (!strcmp(type->name, "kvm_set_spte_hva") ||
	    !strcmp(type->name, "kvm_test_age_hva"))
		hva = field_of(type, data, "hva");
	else if (ends_with(type->name, "hva_range") ||
		 ends_with(type->name, "age_hva"))
		hva = field_of(type, data, "start");
	else
		return false;
	return hva < GUEST_HVA_START || hva >= GUEST_HVA_END;
}

/* A table that is taken apart: its empty entries are frozen, all 512. */
static bool is_frozen_empty(const struct type *type, const uint8_t *data)
{
	return !strcmp(type->name, "kvm_tdp_mmu_spte_changed") &&
	       !(field_of(type, data, "old_spte") & 0xfff) &&
	       (field_of(type, data, "new_spte") & 0xfff) == 0x5a0;
}

/*
 * Beyond the events that are listed, only those are counted that a comparison
 * would look at: of exits, EPT violations and misconfigurations, #NPF and #PF.
 */
static bool is_countable(const struct type *type, const uint8_t *data)
{
	uint64_t reason;

	if (strcmp(type->name, "kvm_exit") != 0)
		return true;
	reason = field_of(type, data, "exit_reason");
	if (field_of(type, data, "isa") == 1) /* KVM_ISA_VMX */
		return reason == 48 || reason == 49 || reason == 0;
	return reason == 0x400 || reason == 0x4e;
}

static void take_event(struct trace *trace, const uint8_t *data, size_t size)
{
	const struct type *type = NULL;
	json_t *event;
	uint16_t id;
	unsigned int i;

	memcpy(&id, data, sizeof(id));
	for (i = 0; i < trace->nr_types; i++)
		if (trace->types[i].id == id)
			type = &trace->types[i];
	if (!type || !trace->list || is_other_memory(type, data))
		return;
	if (is_frozen_empty(type, data)) {
		trace->frozen++;
		return;
	}
	if (trace->nr >= MAX_EVENTS) {
		trace->nr += is_countable(type, data);
		return;
	}
	trace->nr++;
	event = json_object();
	json_object_set_new(event, "ev", json_string(type->name));
	for (i = 0; i < type->nr_fields; i++) {
		const struct field *field = &type->fields[i];

		if (field->is_array || is_hidden(field->name) ||
		    field->offset + field->size > size)
			continue;
		json_object_set_new(event, field->name,
				    show(field, value_of(data, field)));
	}
	json_array_append_new(trace->list, event);
}

/* The ring buffer ----------------------------------------------------------------- */

#define TYPE_PADDING  29u
#define TYPE_EXTEND   30u
#define TYPE_STAMP    31u
#define COMMIT_BYTES  0xfffffu
#define COMMIT_MISSED (1u << 31)

static uint32_t word_at(const uint8_t *page, size_t at)
{
	uint32_t word;

	memcpy(&word, page + at, sizeof(word));
	return word;
}

static void take_page(struct trace *trace, const uint8_t *page, size_t size)
{
	uint64_t commit;
	size_t at = 16, end;

	memcpy(&commit, page + 8, sizeof(commit));
	trace->lost |= (commit & COMMIT_MISSED) != 0;
	end = at + (commit & COMMIT_BYTES);
	if (end > size)
		end = size;
	while (at + 4 <= end) {
		uint32_t head = word_at(page, at), type = head & 31;
		size_t skip_bytes = 4, bytes = 4u * type;

		if (type == TYPE_PADDING) {
			if (!(head >> 5))
				return;
			at += 4 + word_at(page, at + 4);
			continue;
		}
		if (type == TYPE_EXTEND || type == TYPE_STAMP) {
			at += 8;
			continue;
		}
		if (!type) {
			skip_bytes = 8;
			bytes = word_at(page, at + 4) - 4;
		}
		if (at + skip_bytes + bytes > end)
			return;
		take_event(trace, page + at + skip_bytes, bytes);
		at += skip_bytes + bytes;
	}
}

static void take_all(struct trace *trace, json_t *list)
{
	static uint8_t page[65536];
	ssize_t got;

	trace->list = list;
	trace->nr = trace->frozen = 0;
	trace->lost = false;
	while ((got = read(trace->fd, page, PAGE_BYTES)) > 16)
		take_page(trace, page, (size_t)got);
	trace->list = NULL;
}

void trace_drop(struct trace *trace)
{
	take_all(trace, NULL);
}

void trace_take(struct trace *trace, json_t *line)
{
	json_t *list = json_array();

	take_all(trace, list);
	json_object_set_new(line, "trace", list);
	if (trace->nr > MAX_EVENTS)
		json_object_set_new(line, "more_events",
				    json_integer(trace->nr - MAX_EVENTS));
	if (trace->frozen)
		json_object_set_new(line, "empty_frozen",
				    json_integer(trace->frozen));
	if (trace->lost)
		json_object_set_new(line, "lost", json_integer(1));
}
