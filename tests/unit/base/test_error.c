/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <string.h>

#include "support/unit.h"

static const struct print_row {
	const char *name;
	struct tdp_error err;
	size_t size;
	const char *text;
} print_rows[] = {
	{ "message_alone", { .message = "no" }, 64, "no" },
	{ "path_without_line",
	  { .path = "a.yaml", .message = "no" },
	  64,
	  "a.yaml: no" },
	{ "path_line_column",
	  { .path = "a.yaml", .line = 12, .column = 3, .message = "no" },
	  64,
	  "a.yaml:12:3: no" },
	{ "cut_off_to_the_buffer",
	  { .path = "a.yaml", .message = "no" },
	  8,
	  "a.yaml:" },
	{ "room_for_nothing", { .message = "no" }, 1, "" },
};

static void print(void **state)
{
	const struct print_row *r = *state;
	char buf[64];

	memset(buf, 'x', sizeof(buf));
	assert_ptr_equal(tdp_error_print(&r->err, buf, r->size), buf);
	assert_string_equal(buf, r->text);
}

static void set_returns_the_status_and_forgets_the_place(void **state)
{
	struct tdp_error err = { .path = "old", .line = 1, .column = 2 };

	(void)state;
	assert_int_equal(err_set(&err, TDP_ELIMIT, "%d of %d", 3, 2),
			 TDP_ELIMIT);
	assert_int_equal(err.status, TDP_ELIMIT);
	assert_string_equal(err.message, "3 of 2");
	assert_string_equal(err.path, "");
	assert_int_equal(err.line, 0);
	assert_int_equal(err.column, 0);
}

static void nobody_has_to_ask_why(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, TDP_EIO, "%s", "lost"), TDP_EIO);
	assert_int_equal(err_at(NULL, TDP_EIO, "a", 1, 1, "%s", "lost"),
			 TDP_EIO);
}

/* An untrusted scenario chooses both the path and what the message quotes. */
static void long_texts_are_cut_off(void **state)
{
	struct tdp_error err;
	char text[2000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	assert_int_equal(err_at(&err, TDP_EINPUT, text, 7, 9, "%s", text),
			 TDP_EINPUT);
	assert_int_equal(strlen(err.path), sizeof(err.path) - 1);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	assert_int_equal(err.line, 7);
	assert_int_equal(err.column, 9);
}

static const struct status_row {
	const char *name;
	int status;
} status_rows[] = {
	{ "TDP_OK", TDP_OK },
	{ "TDP_EINVAL", TDP_EINVAL },
	{ "TDP_ENOMEM", TDP_ENOMEM },
	{ "TDP_EINPUT", TDP_EINPUT },
	{ "TDP_EIO", TDP_EIO },
	{ "TDP_ELIMIT", TDP_ELIMIT },
	{ "TDP_EUNSUPPORTED", TDP_EUNSUPPORTED },
};

static void status_has_its_name(void **state)
{
	const struct status_row *r = *state;

	assert_string_equal(tdp_status_name(r->status), r->name);
}

static void other_numbers_have_no_name(void **state)
{
	(void)state;
	assert_string_equal(tdp_status_name(1), "?");
	assert_string_equal(tdp_status_name(TDP_EUNSUPPORTED - 1), "?");
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(print_rows, print),
		CASE(set_returns_the_status_and_forgets_the_place),
		CASE(nobody_has_to_ask_why),
		CASE(long_texts_are_cut_off),
		ROWS(status_rows, status_has_its_name),
		CASE(other_numbers_have_no_name),
	};

	return RUN("error", suites);
}
