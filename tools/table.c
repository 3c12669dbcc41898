/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "report.h"

bool table_format(const char *name, enum table_format *format)
{
	static const char *const names[] = {
		[TABLE_TEXT] = "text",
		[TABLE_MARKDOWN] = "markdown",
		[TABLE_JSON] = "json",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		*format = (enum table_format)i;
		return true;
	}
	return false;
}

void table_head(struct table *table, ...)
{
	const char *text;
	va_list args;

	table->nr_columns = 0;
	va_start(args, table);
	while ((text = va_arg(args, const char *)) &&
	       table->nr_columns < TABLE_MAX_COLUMNS)
		table->head[table->nr_columns++] = text;
	va_end(args);
}

static void add_cell(struct table *table, const char *text)
{
	char **cells = reallocarray(table->cells, table->nr_cells + 1,
				    sizeof(*cells));

	if (cells)
		table->cells = cells;
	if (!cells || !(cells[table->nr_cells] = strdup(text)))
		table->no_memory = true;
	else
		table->nr_cells++;
}

void table_row(struct table *table, ...)
{
	const char *text;
	va_list args;

	va_start(args, table);
	while (!table->no_memory && (text = va_arg(args, const char *)))
		add_cell(table, text);
	va_end(args);
}

static const char *cell(const struct table *table, size_t row, size_t column)
{
	return table->cells[row * table->nr_columns + column];
}

static size_t nr_rows(const struct table *table)
{
	return table->nr_columns ? table->nr_cells / table->nr_columns : 0;
}

static int width_of(const struct table *table, size_t column)
{
	size_t width = strlen(table->head[column]), row;

	for (row = 0; row < nr_rows(table); row++) {
		size_t length = strlen(cell(table, row, column));

		if (length > width)
			width = length;
	}
	return (int)width;
}

/* No blanks at the end of a line. */
static void show_text(const struct table *table)
{
	size_t row, column;

	for (row = 0; row < nr_rows(table); row++)
		for (column = 0; column < table->nr_columns; column++)
			if (column + 1 < table->nr_columns)
				printf("%-*s  ", width_of(table, column),
				       cell(table, row, column));
			else
				printf("%s\n", cell(table, row, column));
}

static void markdown_cell(const char *text, bool code)
{
	printf(" %s", code && *text ? "`" : "");
	for (; *text; text++)
		printf("%s%c", *text == '|' ? "\\" : "", *text);
	printf("%s |", code && text[-1] ? "`" : "");
}

/* The first column holds words of the language. */
static void show_markdown(const struct table *table)
{
	size_t row, column;

	for (column = 0; column < table->nr_columns; column++)
		printf("%s %s |", column ? "" : "|", table->head[column]);
	putchar('\n');
	for (column = 0; column < table->nr_columns; column++)
		printf("%s---|", column ? "" : "|");
	putchar('\n');
	for (row = 0; row < nr_rows(table); row++) {
		putchar('|');
		for (column = 0; column < table->nr_columns; column++)
			markdown_cell(cell(table, row, column), !column);
		putchar('\n');
	}
}

static void show_json(const struct table *table)
{
	size_t row, column;

	putchar('[');
	for (row = 0; row < nr_rows(table); row++) {
		printf("%s\n {", row ? "," : "");
		for (column = 0; column < table->nr_columns; column++) {
			if (column)
				fputs(", ", stdout);
			json_put_string(table->head[column]);
			fputs(": ", stdout);
			json_put_string(cell(table, row, column));
		}
		putchar('}');
	}
	puts("]");
}

int table_show(struct table *table)
{
	size_t i;

	if (table->no_memory)
		fprintf(stderr, "tdpsim: out of memory\n");
	else if (table->format == TABLE_JSON)
		show_json(table);
	else if (table->format == TABLE_MARKDOWN && table->nr_columns)
		show_markdown(table);
	else
		show_text(table);
	for (i = 0; i < table->nr_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	table->cells = NULL;
	table->nr_cells = 0;
	return table->no_memory ? EXIT_INTERNAL : EXIT_HELD;
}
