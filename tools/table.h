/* SPDX-License-Identifier: MIT */
/* Tables of text, printed with aligned columns, as markdown, or as JSON. */
#ifndef TDPSIM_TOOLS_TABLE_H
#define TDPSIM_TOOLS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include <tdpsim/scenario.h>

#define TABLE_MAX_COLUMNS 6

enum table_format {
	TABLE_TEXT,
	TABLE_MARKDOWN,
	TABLE_JSON,
};

/* Rows are kept until table_show(), which knows how wide the columns are. */
struct table {
	enum table_format format;
	const char *head[TABLE_MAX_COLUMNS];
	size_t nr_columns;
	char **cells;
	size_t nr_cells;
	bool no_memory;
};

bool table_format(const char *name, enum table_format *format);

/* Texts end with NULL.  Those of the head are kept, those of rows copied. */
void table_head(struct table *table, ...) __attribute__((sentinel));
void table_row(struct table *table, ...) __attribute__((sentinel));

/* Print and forget all rows; an exit status. */
int table_show(struct table *table);

/*
 * The rows of a table of the language; @table NULL: only look.  Returns false
 * if there are none.
 */
bool words_table(struct table *table, enum tdp_word_list list, const char *of,
		 const char *head);

/* All tables of the language, with headings: docs/scenario.md has them. */
void language_show(struct table *table);

#endif
