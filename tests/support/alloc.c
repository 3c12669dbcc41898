/* SPDX-License-Identifier: MIT */
#include "support/alloc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define EMPTY ((uintptr_t)0)
#define GONE  ((uintptr_t)1) /* keeps probe sequences whole */

void *__real_malloc(size_t size);
void *__real_calloc(size_t nr, size_t size);
void *__real_realloc(void *ptr, size_t size);
void *__real_reallocarray(void *ptr, size_t nr, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
int __real_posix_memalign(void **ptr, size_t align, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t max);
int __real_vasprintf(char **text, const char *fmt, va_list args);
FILE *__real_open_memstream(char **text, size_t *size);
void *__real_mmap64(void *addr, size_t size, int prot, int flags, int fd,
		    off_t offset);
void __real_free(void *ptr);
int __real_munmap(void *addr, size_t size);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t nr, size_t size);
void *__wrap_realloc(void *ptr, size_t size);
void *__wrap_reallocarray(void *ptr, size_t nr, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
int __wrap_posix_memalign(void **ptr, size_t align, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t max);
int __wrap_asprintf(char **text, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int __wrap_vasprintf(char **text, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));
FILE *__wrap_open_memstream(char **text, size_t *size);
void *__wrap_mmap64(void *addr, size_t size, int prot, int flags, int fd,
		    off_t offset);
void __wrap_free(void *ptr);
int __wrap_munmap(void *addr, size_t size);

/* Set of live pointers: open addressing, a power of two of places. */
static struct {
	bool on;
	uintptr_t *places;
	size_t nr_places;
	size_t nr_used; /* GONE included */
	size_t nr_live;
} watch;

static struct {
	unsigned long left; /* 0: refuse nothing */
	bool refused;
} plan;

/* Is this the request to refuse? */
static bool refuse(void)
{
	if (!plan.left || --plan.left)
		return false;
	plan.refused = true;
	errno = ENOMEM;
	return true;
}

static size_t first_place(uintptr_t key)
{
	return (key >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20 &
	       (watch.nr_places - 1);
}

static void put(uintptr_t key)
{
	size_t i = first_place(key);

	while (watch.places[i] != EMPTY)
		i = (i + 1) & (watch.nr_places - 1);
	watch.places[i] = key;
	watch.nr_used++;
	watch.nr_live++;
}

/* Makes room, and drops the places that are GONE. */
static void rehash(void)
{
	uintptr_t *old = watch.places;
	const size_t nr_old = watch.nr_places;

	watch.nr_places = 1024;
	while (watch.nr_places < 4 * watch.nr_live)
		watch.nr_places *= 2;
	watch.places = __real_calloc(watch.nr_places, sizeof(*old));
	if (!watch.places)
		abort(); /* the test's own memory: nothing to go on with */
	watch.nr_used = watch.nr_live = 0;
	for (size_t i = 0; i < nr_old; i++)
		if (old[i] > GONE)
			put(old[i]);
	__real_free(old);
}

/* Remember an allocation; hands the pointer back. */
static void *live(void *ptr)
{
	if (!watch.on || !ptr)
		return ptr;
	if (2 * watch.nr_used >= watch.nr_places)
		rehash();
	put((uintptr_t)ptr);
	return ptr;
}

/* Forget an allocation.  False if it was made before alloc_watch(). */
static bool dead(uintptr_t key)
{
	if (!watch.on || !watch.nr_places || key <= GONE)
		return false;
	for (size_t i = first_place(key); watch.places[i] != EMPTY;
	     i = (i + 1) & (watch.nr_places - 1)) {
		if (watch.places[i] == key) {
			watch.places[i] = GONE;
			watch.nr_live--;
			return true;
		}
	}
	return false;
}

void alloc_watch(void)
{
	__real_free(watch.places);
	watch.places = NULL;
	watch.nr_places = watch.nr_used = watch.nr_live = 0;
	watch.on = true;
}

size_t alloc_live(void)
{
	return watch.nr_live;
}

void alloc_fail(unsigned long n)
{
	plan.left = n;
	plan.refused = false;
}

bool alloc_fail_end(void)
{
	plan.left = 0;
	return plan.refused;
}

void *__wrap_malloc(size_t size)
{
	return refuse() ? NULL : live(__real_malloc(size));
}

void *__wrap_calloc(size_t nr, size_t size)
{
	return refuse() ? NULL : live(__real_calloc(nr, size));
}

/*
 * A block from before alloc_watch() stays unknown when it is resized: its
 * owner is older than the watch and will outlive it.
 */
void *__wrap_realloc(void *ptr, size_t size)
{
	const uintptr_t old = (uintptr_t)ptr;
	void *now;

	if (refuse())
		return NULL;
	now = __real_realloc(ptr, size);
	if (!now && size)
		return NULL;
	return dead(old) || !old ? live(now) : now;
}

void *__wrap_reallocarray(void *ptr, size_t nr, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(nr, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return __wrap_realloc(ptr, bytes);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
	return refuse() ? NULL : live(__real_aligned_alloc(align, size));
}

int __wrap_posix_memalign(void **ptr, size_t align, size_t size)
{
	int ret;

	if (refuse())
		return ENOMEM;
	ret = __real_posix_memalign(ptr, align, size);
	if (!ret)
		live(*ptr);
	return ret;
}

char *__wrap_strdup(const char *text)
{
	return refuse() ? NULL : live(__real_strdup(text));
}

char *__wrap_strndup(const char *text, size_t max)
{
	return refuse() ? NULL : live(__real_strndup(text, max));
}

int __wrap_vasprintf(char **text, const char *fmt, va_list args)
{
	int len;

	if (refuse())
		return -1;
	len = __real_vasprintf(text, fmt, args);
	if (len >= 0)
		live(*text);
	return len;
}

int __wrap_asprintf(char **text, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = __wrap_vasprintf(text, fmt, args);
	va_end(args);
	return len;
}

/* The buffer is libc's until fclose(); only the refusal is modelled. */
FILE *__wrap_open_memstream(char **text, size_t *size)
{
	return refuse() ? NULL : __real_open_memstream(text, size);
}

void *__wrap_mmap64(void *addr, size_t size, int prot, int flags, int fd,
		    off_t offset)
{
	void *at;

	if (refuse())
		return MAP_FAILED;
	at = __real_mmap64(addr, size, prot, flags, fd, offset);
	if (at != MAP_FAILED)
		live(at);
	return at;
}

void __wrap_free(void *ptr)
{
	dead((uintptr_t)ptr);
	__real_free(ptr);
}

/* Counts whole mappings: unmapping a part does not make it smaller. */
int __wrap_munmap(void *addr, size_t size)
{
	int ret = __real_munmap(addr, size);

	if (!ret)
		dead((uintptr_t)addr);
	return ret;
}
