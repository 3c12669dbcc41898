/* SPDX-License-Identifier: MIT */
#include "scenario/utf8.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"

/* Bytes of a character, by its first byte. */
static const struct form {
	unsigned char mask, first;
	unsigned int length;
	uint32_t lowest; /* below it, fewer bytes would do */
} forms[] = {
	{ 0x80, 0x00, 1, 0x0 },
	{ 0xe0, 0xc0, 2, 0x80 },
	{ 0xf0, 0xe0, 3, 0x800 },
	{ 0xf8, 0xf0, 4, 0x10000 },
};

/* One character; 0 bytes if it is malformed. */
static unsigned int next(const unsigned char *text, size_t size, uint32_t *out)
{
	const struct form *form = forms;
	const struct form *end = forms + ARRAY_SIZE(forms);
	uint32_t code;
	unsigned int i;

	while (form < end && (text[0] & form->mask) != form->first)
		form++;
	if (form == end || form->length > size)
		return 0;
	code = text[0] & (unsigned char)~form->mask;
	for (i = 1; i < form->length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < form->lowest || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*out = code;
	return form->length;
}

/* YAML 1.1, "Character Set": what may stand in a stream. */
static bool printable(uint32_t code)
{
	if (code < 0x20)
		return code == '\t' || code == '\n' || code == '\r';
	return (code < 0x7f || code > 0x9f || code == 0x85) && code != 0xfffe &&
	       code != 0xffff;
}

const char *utf8_check(const char *text, size_t size, struct utf8_place *place)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t at = 0;

	*place = (struct utf8_place){ 1, 1 };
	while (at < size) {
		uint32_t code;
		unsigned int length = next(bytes + at, size - at, &code);

		if (!length)
			return "this is no UTF-8 text";
		if (!printable(code))
			return "a control character; a scenario is plain text";
		at += length;
		place->column++;
		if (code == '\n')
			*place = (struct utf8_place){ place->line + 1, 1 };
	}
	return NULL;
}
