/* SPDX-License-Identifier: MIT */
/* Recordings: reading the file. */
#include "scenario/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "scenario/trace_text.h"
#include "scenario/vector_xz.h"

#define MAX_BYTES ((size_t)64 << 20)

/* Reading ------------------------------------------------------------------ */

static int too_long(const struct tdp_recording *r, struct tdp_error *err)
{
	return err_at(err, TDP_ELIMIT, r->path, 0, 0,
		      "longer than %zu MiB of text", MAX_BYTES >> 20);
}

/* Room for @size bytes and a NUL behind them. */
static int reserve(struct tdp_recording *r, size_t size, struct tdp_error *err)
{
	char *text = realloc(r->text, size + 1);

	if (!text)
		return err_set(err, TDP_ENOMEM, "%s: out of memory", r->path);
	r->text = text;
	return TDP_OK;
}

static int read_all(struct tdp_recording *r, FILE *file, struct tdp_error *err)
{
	size_t room = (size_t)1 << 20, got;
	int ret;

	for (;;) {
		ret = reserve(r, room, err);
		if (ret)
			return ret;
		got = fread(r->text + r->size, 1, room - r->size, file);
		r->size += got;
		if (r->size < room)
			break;
		if (room > MAX_BYTES)
			return too_long(r, err);
		room *= 2;
	}
	if (ferror(file))
		return err_at(err, TDP_EIO, r->path, 0, 0, "can't be read: %s",
			      strerror(errno));
	return TDP_OK;
}

/* Decode @in into r->text. */
static int decode(struct tdp_recording *r, struct vector_xz *xz, char *in,
		  size_t size, struct tdp_error *err)
{
	struct vector_xz_step step = {
		.in = (unsigned char *)in,
		.in_size = size,
		.last = true,
	};
	size_t room = (size_t)1 << 20;
	int ret = TDP_OK;

	while (!ret && !step.done) {
		if (room > MAX_BYTES)
			return too_long(r, err);
		room *= 2;
		ret = reserve(r, room, err);
		if (ret)
			return ret;
		step.out = (unsigned char *)r->text + r->size;
		step.out_size = room - r->size;
		ret = vector_xz_decode(xz, &step, err);
		r->size = room - step.out_size;
	}
	return ret;
}

static int decompress(struct tdp_recording *r, struct tdp_error *err)
{
	struct vector_xz *xz;
	char *in = r->text;
	size_t size = r->size;
	int ret = vector_xz_create(&xz, err);

	if (ret)
		return ret;
	r->text = NULL;
	r->size = 0;
	ret = decode(r, xz, in, size, err);
	vector_xz_destroy(xz);
	free(in);
	return ret;
}

static int load(struct tdp_recording *r, struct tdp_error *err)
{
	FILE *file = fopen(r->path, "rb");
	int ret;

	if (!file)
		return err_at(err, TDP_EIO, r->path, 0, 0,
			      "can't be opened: %s", strerror(errno));
	ret = read_all(r, file, err);
	fclose(file);
	if (!ret && r->size >= XZ_MAGIC_SIZE &&
	    !memcmp(r->text, XZ_MAGIC, XZ_MAGIC_SIZE))
		ret = decompress(r, err);
	if (!ret)
		r->text[r->size] = '\0';
	return ret;
}

/* Lines --------------------------------------------------------------------- */

const char *json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

uint64_t json_word(const json_t *value)
{
	if (json_is_string(value))
		return strtoull(json_string_value(value), NULL, 0);
	return (uint64_t)json_integer_value(value);
}

char *json_show(const json_t *value, char *buf, size_t size)
{
	if (json_is_string(value))
		snprintf(buf, size, "%s", json_string_value(value));
	else if (json_is_integer(value))
		snprintf(buf, size, "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
	else
		snprintf(buf, size, "%s", value ? "?" : "");
	return buf;
}

int recording_line(const struct tdp_recording *r, size_t *at,
		   unsigned int *line, json_t **object, struct tdp_error *err)
{
	const char *start = r->text + *at;
	size_t length = strcspn(start, "\n");
	json_error_t why;

	*object = NULL;
	if (*at >= r->size)
		return TDP_OK;
	++*line;
	*at += length + 1;
	*object = json_loadb(start, length, JSON_REJECT_DUPLICATES, &why);
	if (!*object)
		return err_at(err, TDP_EINPUT, r->path, *line,
			      (unsigned int)why.position, "%s", why.text);
	if (json_is_object(*object) && json_text(*object, "case")[0])
		return TDP_OK;
	json_decref(*object);
	*object = NULL;
	return err_at(err, TDP_EINPUT, r->path, *line, 1,
		      "no step of a recording: an object with a \"case\"");
}

static int read_machine(struct tdp_recording *r, struct tdp_error *err)
{
	json_t *env;
	int ret = recording_line(r, &r->at, &r->line, &env, err);

	if (!ret && (!env || strcmp(json_text(env, "case"), "env") != 0))
		ret = err_at(
			err, TDP_EINPUT, r->path, 1, 1,
			"the first line must describe the machine (\"case\": \"env\")");
	if (!ret)
		ret = recording_machine(&r->machine, env, err);
	if (!ret) {
		r->live = json_object_get(env, "recorder");
		r->is_tcg = !strcmp(json_text(env, "hypervisor"),
				    "TCGTCGTCGTCG");
	}
	snprintf(r->kernel, sizeof(r->kernel), "%s",
		 env ? json_text(env, "release") : "");
	if (ret && err && !err->path[0])
		snprintf(err->path, sizeof(err->path), "%s", r->path);
	json_decref(env);
	return ret;
}

/* A trace's text: it has events, and neither a machine nor steps. */
static int read_trace(struct tdp_recording *r, struct tdp_error *err)
{
	r->at = r->size;
	return trace_text_parse(r->path, r->text, r->size, &r->trace, err);
}

int tdp_recording_open(const char *path, struct tdp_recording **recording,
		       struct tdp_error *err)
{
	struct tdp_recording *r = calloc(1, sizeof(*r));
	int ret = TDP_ENOMEM;

	if (r)
		r->path = strdup(path);
	if (!r || !r->path)
		err_set(err, TDP_ENOMEM, "%s: out of memory", path);
	else
		ret = load(r, err);
	if (!ret && trace_text_is(r->text, r->size))
		ret = read_trace(r, err);
	else if (!ret)
		ret = read_machine(r, err);
	if (ret) {
		tdp_recording_close(r);
		return ret;
	}
	r->probes_roles = strstr(r->text, "\"role_init_mmu\"");
	*recording = r;
	return TDP_OK;
}

void tdp_recording_close(struct tdp_recording *r)
{
	if (!r)
		return;
	json_decref(r->current);
	json_decref(r->trace);
	free(r->text);
	free(r->path);
	free(r);
}

int tdp_recording_next(struct tdp_recording *r, struct tdp_recorded_step *step,
		       bool *more, struct tdp_error *err)
{
	json_t *object;
	int ret = recording_line(r, &r->at, &r->line, &object, err);

	*more = !ret && object;
	if (!*more)
		return ret;
	json_decref(r->current);
	r->current = object;
	*step = (struct tdp_recorded_step){
		.line = r->line,
		.case_name = json_text(object, "case"),
		.number = (unsigned int)json_word(
			json_object_get(object, "step")),
		.op = json_text(object, "op"),
		.what = json_text(object, "what"),
		.errno_name = json_text(object, "errno"),
		.nr_events = (unsigned int)json_array_size(
			json_object_get(object, "trace")),
	};
	return TDP_OK;
}

void tdp_recording_machine(const struct tdp_recording *recording,
			   struct tdp_host_config *host,
			   struct tdp_kvm_config *kvm)
{
	if (host)
		*host = recording->machine.host;
	if (kvm)
		*kvm = recording->machine.kvm;
}

const char *tdp_recording_kernel(const struct tdp_recording *recording)
{
	return recording->kernel;
}
