/* SPDX-License-Identifier: MIT */
#include "scenario/vector_xz.h"

#include <stdlib.h>

#include "base/error.h"

#ifdef TDP_HAVE_LZMA

#include <lzma.h>

/* xz -9 needs 65 MiB to decode; a hostile header may ask for gigabytes. */
#define MEMORY_LIMIT (UINT64_C(128) << 20)

struct vector_xz {
	lzma_stream stream;
};

static int status_of(lzma_ret ret, struct tdp_error *err)
{
	switch (ret) {
	case LZMA_OK:
	case LZMA_STREAM_END:
		return TDP_OK;
	case LZMA_MEM_ERROR:
		return err_set(err, TDP_ENOMEM, "no memory to decompress");
	case LZMA_MEMLIMIT_ERROR:
		return err_set(err, TDP_ELIMIT,
			       "decompression needs more than %u MiB",
			       (unsigned int)(MEMORY_LIMIT >> 20));
	case LZMA_BUF_ERROR:
		return err_set(err, TDP_EINPUT, "compressed data is cut off");
	default:
		return err_set(err, TDP_EINPUT, "compressed data is corrupt");
	}
}

int vector_xz_create(struct vector_xz **xz, struct tdp_error *err)
{
	struct vector_xz *new = calloc(1, sizeof(*new));
	int ret;

	if (!new)
		return err_set(err, TDP_ENOMEM, "no memory to decompress");
	new->stream = (lzma_stream)LZMA_STREAM_INIT;
	ret = status_of(lzma_stream_decoder(&new->stream, MEMORY_LIMIT,
					    LZMA_CONCATENATED),
			err);
	if (ret) {
		free(new);
		return ret;
	}
	*xz = new;
	return TDP_OK;
}

void vector_xz_destroy(struct vector_xz *xz)
{
	if (!xz)
		return;
	lzma_end(&xz->stream);
	free(xz);
}

int vector_xz_decode(struct vector_xz *xz, struct vector_xz_step *step,
		     struct tdp_error *err)
{
	lzma_ret ret;

	xz->stream.next_in = step->in;
	xz->stream.avail_in = step->in_size;
	xz->stream.next_out = step->out;
	xz->stream.avail_out = step->out_size;
	ret = lzma_code(&xz->stream, step->last ? LZMA_FINISH : LZMA_RUN);
	step->in = xz->stream.next_in;
	step->in_size = xz->stream.avail_in;
	step->out = xz->stream.next_out;
	step->out_size = xz->stream.avail_out;
	step->done = ret == LZMA_STREAM_END;
	return status_of(ret, err);
}

#else

int vector_xz_create(struct vector_xz **xz, struct tdp_error *err)
{
	*xz = NULL;
	return err_set(err, TDP_EUNSUPPORTED,
		       "input is compressed, and this build has no liblzma");
}

void vector_xz_destroy(struct vector_xz *xz)
{
	(void)xz;
}

int vector_xz_decode(struct vector_xz *xz, struct vector_xz_step *step,
		     struct tdp_error *err)
{
	(void)xz;
	(void)step;
	return err_set(err, TDP_EUNSUPPORTED, "this build has no liblzma");
}

#endif
