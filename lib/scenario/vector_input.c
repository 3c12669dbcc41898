/* SPDX-License-Identifier: MIT */
#include "scenario/vector_input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "scenario/vector_xz.h"

#define RAW_SIZE 65536

struct vector_input {
	FILE *file;
	const char *path;
	struct vector_xz *xz; /* NULL: the file is plain */
	bool file_ended;
	bool text_ended;
	unsigned int number;       /* lines handed out */
	size_t raw_start, raw_end; /* compressed bytes waiting in raw */
	size_t start, end;         /* decoded bytes waiting in text */
	unsigned char raw[RAW_SIZE];
	char text[2 * VECTOR_MAX_LINE + 1];
};

/* Give an error of a lower layer its place in the file. */
static int fail(const struct vector_input *in, struct tdp_error *err,
		int status, const char *message)
{
	return err_at(err, status, in->path, in->number + 1, 1, "%s", message);
}

/* Read raw bytes, if there is room and the file has more. */
static int fill_raw(struct vector_input *in, struct tdp_error *err)
{
	size_t room;

	if (in->raw_start == in->raw_end)
		in->raw_start = in->raw_end = 0;
	room = RAW_SIZE - in->raw_end;
	if (in->file_ended || !room)
		return TDP_OK;
	in->raw_end += fread(in->raw + in->raw_end, 1, room, in->file);
	if (ferror(in->file))
		return err_at(err, TDP_EIO, in->path, 0, 0,
			      "cannot be read: %s", strerror(errno));
	in->file_ended = feof(in->file);
	return TDP_OK;
}

static int decode(struct vector_input *in, struct tdp_error *err)
{
	struct tdp_error cause;
	struct vector_xz_step step = {
		.in = in->raw + in->raw_start,
		.in_size = in->raw_end - in->raw_start,
		.out = (unsigned char *)in->text + in->end,
		.out_size = sizeof(in->text) - 1 - in->end,
		.last = in->file_ended,
	};
	int ret = vector_xz_decode(in->xz, &step, &cause);

	if (ret)
		return fail(in, err, ret, cause.message);
	in->raw_start = in->raw_end - step.in_size;
	in->end = sizeof(in->text) - 1 - step.out_size;
	in->text_ended = step.done;
	return TDP_OK;
}

static void copy(struct vector_input *in)
{
	size_t size = in->raw_end - in->raw_start;
	size_t room = sizeof(in->text) - 1 - in->end;

	if (size > room)
		size = room;
	memcpy(in->text + in->end, in->raw + in->raw_start, size);
	in->raw_start += size;
	in->end += size;
	in->text_ended = in->file_ended && in->raw_start == in->raw_end;
}

/* Append decoded text to what is waiting. */
static int fill_text(struct vector_input *in, struct tdp_error *err)
{
	int ret;

	memmove(in->text, in->text + in->start, in->end - in->start);
	in->end -= in->start;
	in->start = 0;
	ret = fill_raw(in, err);
	if (ret)
		return ret;
	if (in->xz)
		return decode(in, err);
	copy(in);
	return TDP_OK;
}

int vector_input_open(struct vector_input **in, FILE *file, const char *path,
		      struct tdp_error *err)
{
	struct vector_input *new = malloc(sizeof(*new));
	struct tdp_error cause;
	int ret;

	if (!new)
		return err_at(err, TDP_ENOMEM, path, 0, 0,
			      "no memory for buffers");
	memset(new, 0, offsetof(struct vector_input, raw));
	new->file = file;
	new->path = path;
	ret = fill_raw(new, err);
	if (ret)
		goto free_input;
	if (new->raw_end >= XZ_MAGIC_SIZE &&
	    !memcmp(new->raw, XZ_MAGIC, XZ_MAGIC_SIZE)) {
		ret = vector_xz_create(&new->xz, &cause);
		if (ret) {
			err_at(err, ret, path, 0, 0, "%s", cause.message);
			goto free_input;
		}
	}
	*in = new;
	return TDP_OK;

free_input:
	free(new);
	return ret;
}

void vector_input_close(struct vector_input *in)
{
	if (!in)
		return;
	vector_xz_destroy(in->xz);
	free(in);
}

/* Cut the line out of the text that starts at in->start and ends at @end. */
static int take(struct vector_input *in, char *end, char **line,
		struct tdp_error *err)
{
	char *start = in->text + in->start;
	char *nul;

	*end = '\0';
	nul = start + strlen(start);
	if (nul != end)
		return err_at(err, TDP_EINPUT, in->path, in->number + 1,
			      (unsigned int)(nul - start) + 1,
			      "NUL byte in a text file");
	in->start = (size_t)(end - in->text) + 1;
	in->number++;
	*line = start;
	return TDP_OK;
}

int vector_input_line(struct vector_input *in, char **line,
		      struct tdp_error *err)
{
	*line = NULL;
	for (;;) {
		char *start = in->text + in->start;
		size_t size = in->end - in->start;
		char *end = size ? memchr(start, '\n', size) : NULL;
		int ret;

		if (end)
			return take(in, end, line, err);
		if (size >= VECTOR_MAX_LINE)
			return fail(in, err, TDP_EINPUT,
				    "line is longer than 65535 bytes");
		if (in->text_ended) {
			if (!size)
				return TDP_OK;
			ret = take(in, start + size, line, err);
			in->start = in->end;
			return ret;
		}
		ret = fill_text(in, err);
		if (ret)
			return ret;
	}
}

unsigned int vector_input_number(const struct vector_input *in)
{
	return in->number;
}
