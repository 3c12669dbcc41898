/* SPDX-License-Identifier: MIT */
#include "base/nearest.h"

#include <assert.h>
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int least = a < b ? a : b;

	return least < c ? least : c;
}

/* One row of the distance matrix: row[j] is between a[..i] and b[..j]. */
typedef unsigned int distance_row[NEAREST_MAX_LENGTH + 1];

static void fill_row(unsigned int *row, const unsigned int *above,
		     const unsigned int *above2, const char *a, size_t i,
		     const char *b, size_t b_length)
{
	row[0] = (unsigned int)i;
	for (size_t j = 1; j <= b_length; j++) {
		unsigned int replaced = above[j - 1] +
					!same(a[i - 1], b[j - 1]);

		row[j] = min3(above[j] + 1, row[j - 1] + 1, replaced);
		if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) &&
		    same(a[i - 2], b[j - 1]) && above2[j - 2] + 1 < row[j])
			row[j] = above2[j - 2] + 1;
	}
}

unsigned int nearest_distance(const char *a, const char *b)
{
	const size_t a_length = strlen(a);
	const size_t b_length = strlen(b);
	distance_row rows[3];

	assert(a_length <= NEAREST_MAX_LENGTH);
	assert(b_length <= NEAREST_MAX_LENGTH);
	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= a_length; i++)
		fill_row(rows[i % 3], rows[(i + 2) % 3], rows[(i + 1) % 3], a,
			 i, b, b_length);
	return rows[a_length % 3][b_length];
}

/* More edits than half of the letters: another word, not a slip. */
static bool is_close(unsigned int distance, size_t length)
{
	return distance * 2 <= length;
}

const char *nearest_word(const char *word,
			 const char *(*nth)(unsigned int index,
					    const void *context),
			 const void *context)
{
	const size_t length = strlen(word);
	unsigned int best = NEAREST_MAX_LENGTH + 1;
	const char *nearest = NULL;
	const char *known;

	if (length > NEAREST_MAX_LENGTH)
		return NULL;
	for (unsigned int i = 0; (known = nth(i, context)); i++) {
		size_t longer = strlen(known);
		unsigned int distance;

		if (longer > NEAREST_MAX_LENGTH)
			continue;
		distance = nearest_distance(word, known);
		if (longer < length)
			longer = length;
		if (distance < best && is_close(distance, longer)) {
			best = distance;
			nearest = known;
		}
	}
	return nearest;
}
