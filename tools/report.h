/* SPDX-License-Identifier: MIT */
/* How a run is told: as text, TAP, JUnit or JSON. */
#ifndef TDPSIM_TOOLS_REPORT_H
#define TDPSIM_TOOLS_REPORT_H

#include "cmd.h"

enum verdict {
	VERDICT_PASSED,
	VERDICT_FAILED,
	VERDICT_SKIPPED,
	VERDICT_BROKEN, /* could not be loaded or run to its end */
};

/* One scenario, when it is over. */
struct replayed {
	const char *path;
	const char *name; /* NULL if it could not be loaded */
	enum verdict verdict;
	const char *why; /* SKIPPED, BROKEN */
	struct tdp_run_summary summary;
};

struct totals {
	unsigned int scenarios;
	unsigned int checks;
	unsigned int failed;  /* checks */
	unsigned int skipped; /* scenarios, and so the next */
	unsigned int broken;
};

/* Called in this order; each may be NULL. */
struct reporter {
	const char *name;
	void (*start)(void);
	void (*scenario)(const char *path);
	void (*step)(unsigned int step, const char *verb, unsigned int line);
	void (*event)(const struct tdp_event *event);
	void (*check)(const char *path, const struct tdp_check *check);
	void (*replayed)(const struct replayed *replayed, unsigned int nr);
	void (*finish)(const struct totals *totals);
};

extern const struct reporter report_text, report_text_verbose;
extern const struct reporter report_tap, report_junit, report_json;

/* "FILE:LINE:COLUMN: verb: field: expected ..., got ..." without newline. */
void check_print(const char *path, const struct tdp_check *check);

/* @text line by line, each behind @indent. */
void indented_print(const char *indent, const char *text);

/* "N scenarios, M checks, F failed" and what else there is to count. */
void totals_print(const struct totals *totals);

/* Prints @text as a JSON string, quotes included. */
void json_put_string(const char *text);

#endif
