/* SPDX-License-Identifier: MIT */
/* Which known word was probably meant. */
#ifndef TDPSIM_BASE_NEAREST_H
#define TDPSIM_BASE_NEAREST_H

/* Longer words are nobody's neighbours: that bounds the work and the stack. */
#define NEAREST_MAX_LENGTH 63

/*
 * The word of a list that looks most like @word, or NULL if none comes close.
 * Letters count as equal in either case.  Of equally near words the first one
 * wins.
 *
 * @nth hands out the list: its @index-th word, NULL past the last one.
 */
const char *nearest_word(const char *word,
			 const char *(*nth)(unsigned int index,
					    const void *context),
			 const void *context);

/*
 * Edits that turn @a into @b: a letter inserted, removed, replaced, or swapped
 * with its neighbour (Damerau-Levenshtein, each letter edited once at most).
 * Both are NEAREST_MAX_LENGTH letters long at most.
 */
unsigned int nearest_distance(const char *a, const char *b);

#endif
