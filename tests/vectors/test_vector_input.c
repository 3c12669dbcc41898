/* SPDX-License-Identifier: MIT */
/* What the runner makes of lines, good, odd and malformed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/unit.h"

#include "base/bits.h"
#include "tdpsim/vectors.h"

#define HEAD "id\tmode\tdeltas\taccess\tresult\trule\tunsure\n"

struct run {
	int status;
	struct tdp_vectors_summary summary;
	struct tdp_error err;
	unsigned int mismatches;
	char expected[256];
	char actual[256];
	char input[256];
	char printed[4096];
};

static void note_mismatch(const struct tdp_vector_mismatch *m, void *context)
{
	struct run *r = context;

	r->mismatches++;
	snprintf(r->expected, sizeof(r->expected), "%s", m->expected);
	snprintf(r->actual, sizeof(r->actual), "%s", m->actual);
	snprintf(r->input, sizeof(r->input), "%s", m->input);
}

static void note_line(const char *line, void *context)
{
	struct run *r = context;
	const size_t size = strlen(r->printed);

	snprintf(r->printed + size, sizeof(r->printed) - size, "%s\n", line);
}

static void run_bytes(struct run *r, const char *bytes, size_t size, bool print)
{
	const struct tdp_vectors_options options = {
		.mismatch = note_mismatch,
		.print = print ? note_line : NULL,
		.context = r,
	};
	/* An empty buffer is no stream to fmemopen(). */
	FILE *file = size ? fmemopen((void *)(uintptr_t)bytes, size, "r") :
			    fopen("/dev/null", "r");

	assert_non_null(file);
	*r = (struct run){ .status = TDP_OK };
	r->status = tdp_vectors_run(file, "v", &options, &r->summary, &r->err);
	fclose(file);
}

static void run_text(struct run *r, const char *text)
{
	run_bytes(r, text, strlen(text), false);
}

/* A native 4-level machine that maps LA 1123 read-only to 5123. */
#define MACHINE                                 \
	"R\n"                                   \
	"s vendor=intel mode=native cr3=1000\n" \
	"m 1000 2027\nm 2000 3027\nm 3000 4027\nm 4008 5025\n"
#define READ   "a 1123 ru\n"
#define ANSWER "= OK pa=5123 pg=1000 acc=u pat=WB mt=WB nr=4\n"

/* Each malformed in one place, which the message names. */
/* clang-format off */
static const struct bad {
	const char *name;
	const char *text;
	unsigned int line, column;
	const char *message;
} bad[] = {
	{ "unknown_letter", "R\nz 1 2\n", 2, 1, "expected R, m, n" },
	{ "no_space", "R\nm1 2\n", 2, 2, "a space" },
	{ "text_after_reset", "R x\n", 1, 2, "unexpected text" },
	{ "address_is_no_number", "m x 1\n", 1, 3, "hexadecimal number" },
	{ "address_with_0x", "m 0x10 1\n", 1, 4, "space and a value" },
	{ "address_too_wide", "m 10000000000000 1\n", 1, 3, "52 bits" },
	{ "address_unaligned", "R\nm 1004 1\n", 2, 3, "no multiple of 8" },
	{ "address_unaligned_4", "R\nn 1002 1\n", 2, 3, "no multiple of 4" },
	{ "value_missing", "m 1000\n", 1, 7, "a space and a value" },
	{ "value_too_wide", "m 1000 11111111111111111\n", 1, 8, "64 bits" },
	{ "value_too_wide_4", "n 1000 100000000\n", 1, 8, "32 bits" },
	{ "text_after_value", "m 1000 1 2\n", 1, 9, "unexpected text" },
	{ "unknown_key", "s cr9=1\n", 1, 3, "no state is called \"cr9\"" },
	{ "key_without_value", "s cr3\n", 1, 6, "\"=\" and a value" },
	{ "unknown_vendor", "s vendor=via\n", 1, 10, "intel or amd" },
	{ "unknown_mode", "s cr3=0 mode=vmx\n", 1, 14, "native, ept or npt" },
	{ "maxpa_too_small", "s maxpa=31\n", 1, 9, "from 32 to 52" },
	{ "maxpa_too_large", "s maxpa=53\n", 1, 9, "from 32 to 52" },
	{ "maxpa_is_hexadecimal", "s maxpa=3a\n", 1, 9, "decimal" },
	{ "pkru_too_wide", "s pkru=100000000\n", 1, 8, "at most ffffffff" },
	{ "unknown_control", "s ctrl2=20000\n", 1, 9, "mode-based execute" },
	{ "unknown_access", "a 1000 zu\n", 1, 8, "r, w, x or b" },
	{ "unknown_privilege", "a 1000 rk\n", 1, 9, "u or s" },
	{ "no_privilege", "a 1000 r\n", 1, 9, "u or s" },
	{ "text_after_access", "a 1000 rux\n", 1, 10, "unexpected text" },
	{ "long_access", "a 00000000000001000 ru\n", 1, 3, "16 digits" },
	{ "no_second_stage", "R\ng 1000 r\n", 2, 1, "no second stage" },
	{ "second_stage_rmw", "s mode=ept\ng 1000 b\n", 2, 8, "r, w or x" },
	{ "answer_without_access", "R\n= PF ec=0 cr2=0 nr=1\n", 2, 1,
	  "no access to answer" },
	{ "second_answer", MACHINE READ ANSWER ANSWER, 9, 1,
	  "no access to answer" },
	{ "answer_after_change", MACHINE READ "m 4008 0\n" ANSWER, 9, 1,
	  "no access to answer" },
	{ "unknown_answer", MACHINE READ "= FINE pa=0 nr=1\n", 8, 3,
	  "expected OK, PF" },
	{ "answer_without_count", MACHINE READ "= PF ec=0 cr2=0\n", 8, 16,
	  "\" nr=\"" },
	{ "answer_with_bad_type", MACHINE READ
	  "= OK pa=0 pg=1000 acc=u pat=XX mt=WB nr=4\n", 8, 29,
	  "memory type" },
	{ "answer_with_bad_rights", MACHINE READ
	  "= OK pa=0 pg=1000 acc=q pat=WB mt=WB nr=4\n", 8, 23,
	  "w, u, n, g" },
	{ "answer_with_bad_table", MACHINE READ
	  "= PF ec=0 cr2=0 nr=1 w:gPGD:1000=1\n", 8, 24, "g, e or n" },
	{ "impossible_state", "R\ns cr4=0\na 0 ru\n", 2, 1,
	  "no processor can be in this state" },
	{ "impossible_eptp", "R\ns mode=ept eptp=1d\na 0 ru\n", 2, 1,
	  "EPTP[2:0]" },
	{ "impossible_pat", "R\ns pat=2\na 0 ru\n", 2, 1, "memory type" },
	{ "wrong_vendor", "R\ns mode=npt\na 0 ru\n", 2, 1, "AMD" },
	{ "table_column_missing", HEAD "X1\t4l\t\tR/u\tOK\trule\n", 2, 19,
	  "7 columns" },
	{ "table_column_too_many", HEAD "X1\t4l\t\tR/u\tOK\tr\t\t\n", 2, 17,
	  "more than 7" },
	{ "table_unknown_mode", HEAD "X1\t6l\t\tR/u\tOK\tr\t\n", 2, 4, "mode" },
	{ "table_unknown_flag", HEAD "X1\t4l\twq=1\tR/u\tOK\tr\t\n", 2, 7,
	  "\"wq\"" },
	{ "table_flag_out_of_range", HEAD "X1\t4l\twp=2\tR/u\tOK\tr\t\n", 2, 10,
	  "from 0 to 1" },
	{ "table_entry_of_other_mode", HEAD "X1\t32\tPML4E=0\tR/u\tOK\tr\t\n",
	  2, 7, "\"PML4E\"" },
	{ "table_entry_of_no_stage",
	  HEAD "X1\t4l\ts2=none N3=0\tR/u\tOK\tr\t\n", 2, 15,
	  "no entry N3" },
	{ "table_n1_without_page", HEAD "X1\t4l\tN1=0\tR/u\tOK\tr\t\n", 2, 9,
	  "\"@\"" },
	{ "table_bad_mtrr", HEAD "X1\t4l\tmt_var=7/0\tR/u\tOK\tr\t\n", 2, 14,
	  "MTRR" },
	{ "table_unknown_access", HEAD "X1\t4l\t\tQ/u\tOK\tr\t\n", 2, 8,
	  "PDPTELOAD" },
	{ "table_unknown_privilege", HEAD "X1\t4l\t\tR/k\tOK\tr\t\n", 2, 10,
	  "u, s or ui" },
	{ "table_unknown_result", HEAD "X1\t4l\t\tR/u\tYES\tr\t\n", 2, 12,
	  "expected OK" },
	{ "table_impossible_state",
	  HEAD "X1\t4l\tcet=1 wp=0\tR/u\tOK\tr\t\n", 2, 1, "CR4.CET" },
	{ "table_load_without_pae", HEAD "X1\t4l\t\tPDPTELOAD\tOK\tr\t\n", 2, 8,
	  "cannot make" },
};
/* clang-format on */

static void is_refused_where_it_is_wrong(void **state)
{
	const struct bad *b = *state;
	struct run r;

	run_text(&r, b->text);
	assert_int_equal(r.status, TDP_EINPUT);
	assert_string_equal(r.err.path, "v");
	if (!strstr(r.err.message, b->message))
		fail_msg("message is \"%s\"", r.err.message);
	assert_int_equal(r.err.line, b->line);
	assert_int_equal(r.err.column, b->column);
}

static void nothing_runs_after_a_bad_line(void **state)
{
	struct run r;

	(void)state;
	run_text(&r, MACHINE READ ANSWER "bad\n" READ ANSWER);
	assert_int_equal(r.status, TDP_EINPUT);
	assert_int_equal(r.err.line, 9);
	assert_int_equal(r.summary.accesses, 1);
	assert_int_equal(r.summary.passed, 1);
}

static void bad_line_has_no_effect(void **state)
{
	struct run r;

	(void)state;
	/* cr3 of the refused line must not be in force: but nothing runs. */
	run_text(&r, MACHINE "s cr3=7000 pkru=x\n" READ ANSWER);
	assert_int_equal(r.status, TDP_EINPUT);
	assert_int_equal(r.summary.accesses, 0);
}

static void agreement_is_counted(void **state)
{
	struct run r;

	(void)state;
	run_text(&r, MACHINE READ ANSWER READ ANSWER);
	assert_int_equal(r.status, TDP_OK);
	assert_int_equal(r.summary.passed, 2);
	assert_int_equal(r.mismatches, 0);
}

static void disagreement_is_shown(void **state)
{
	struct run r;

	(void)state;
	run_text(&r, MACHINE READ "= PF ec=7 cr2=1123 nr=4\n");
	assert_int_equal(r.status, TDP_OK);
	assert_int_equal(r.summary.failed, 1);
	assert_int_equal(r.mismatches, 1);
	assert_string_equal(r.input, "a 1123 ru");
	assert_string_equal(r.expected, "PF ec=7 cr2=1123 nr=4");
	assert_string_equal(r.actual,
			    "OK pa=5123 pg=1000 acc=u pat=WB mt=WB nr=4");
}

/* An answer that goes on after ours, or stops short, is another answer. */
static void longer_and_shorter_answers_differ(void **state)
{
	struct run r;

	(void)state;
	run_text(
		&r, MACHINE READ
		"= OK pa=5123 pg=1000 acc=u pat=WB mt=WB nr=4 w:gPT:4008=5\n" READ
		"= OK pa=5123 pg=1000 acc=u pat=WB nr=4\n");
	assert_int_equal(r.status, TDP_OK);
	assert_int_equal(r.summary.failed, 2);
}

static void large_a_undoes_and_small_a_keeps(void **state)
{
	static const char wrote[] =
		"= OK pa=5123 pg=1000 acc=wu pat=WB mt=WB nr=4 "
		"w:gPT:4008=5067\n";
	char text[1024];
	struct run r;

	(void)state;
	snprintf(text, sizeof(text), "%s%s%s%s%s%s%s", MACHINE "m 4008 5007\n",
		 "A 1123 wu\n", wrote, "a 1123 wu\n", wrote, "a 1123 wu\n",
		 "= OK pa=5123 pg=1000 acc=wu pat=WB mt=WB nr=4\n");
	run_text(&r, text);
	assert_int_equal(r.status, TDP_OK);
	assert_int_equal(r.summary.passed, 3);
}

static void reset_clears_memory_and_state(void **state)
{
	struct run r;

	(void)state;
	run_text(&r, MACHINE "m 8000000000000 1\nR\n"
			     "a 1123 ru\n= PF ec=4 cr2=1123 nr=1\n"
			     "s cr3=1000\na 1123 ru\n= PF ec=4 cr2=1123 nr=1\n"
			     "s maxpa=52 cr3=8000000000000\n"
			     "a 0 ru\n= PF ec=4 cr2=0 nr=1\n");
	assert_int_equal(r.status, TDP_OK);
	assert_int_equal(r.summary.passed, 3);
}

static void comments_and_blank_lines_are_skipped(void **state)
{
	struct run r;

	(void)state;
	run_text(&r, "# a machine\n\n" MACHINE "\n" READ "# why\n" ANSWER);
	assert_int_equal(r.status, TDP_OK);
	assert_int_equal(r.summary.passed, 1);
}

static void last_line_needs_no_newline(void **state)
{
	struct run r;

	(void)state;
	run_bytes(&r, MACHINE READ ANSWER, strlen(MACHINE READ ANSWER) - 1,
		  false);
	assert_int_equal(r.status, TDP_OK);
	assert_int_equal(r.summary.passed, 1);
}

static void empty_input_is_no_error(void **state)
{
	struct run r;

	(void)state;
	run_text(&r, "");
	assert_int_equal(r.status, TDP_OK);
	assert_int_equal(r.summary.accesses, 0);
}

static void nul_byte_is_refused(void **state)
{
	static const char text[] = "R\nm 10\0 1\n";
	struct run r;

	(void)state;
	run_bytes(&r, text, sizeof(text) - 1, false);
	assert_int_equal(r.status, TDP_EINPUT);
	assert_int_equal(r.err.line, 2);
	assert_int_equal(r.err.column, 5);
}

static void endless_line_is_refused(void **state)
{
	const size_t size = 1000000;
	char *text = malloc(size);
	struct run r;

	(void)state;
	assert_non_null(text);
	memset(text, '0', size);
	run_bytes(&r, text, size, false);
	assert_int_equal(r.status, TDP_EINPUT);
	assert_int_equal(r.err.line, 1);
	free(text);
}

static void memory_of_a_machine_is_limited(void **state)
{
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	struct run r;

	(void)state;
	assert_non_null(file);
	for (unsigned int i = 0; i <= 65536; i++)
		fprintf(file, "m %x 1\n", i * 8);
	fclose(file);
	run_bytes(&r, text, size, false);
	assert_int_equal(r.status, TDP_ELIMIT);
	assert_int_equal(r.err.line, 65537);
	free(text);
}

static void print_answers_what_has_no_answer(void **state)
{
	static const char text[] = MACHINE READ
		"# end\n" READ "= PF ec=7 cr2=1123 nr=4\n" READ;
	struct run r;

	(void)state;
	run_bytes(&r, text, sizeof(text) - 1, true);
	assert_int_equal(r.status, TDP_OK);
	assert_int_equal(r.summary.passed + r.summary.failed, 0);
	assert_int_equal(r.summary.accesses, 3);
	assert_string_equal(r.printed, MACHINE READ
			    "# end\n" ANSWER READ ANSWER READ ANSWER);
}

static void print_replaces_the_result_of_a_row(void **state)
{
	static const char text[] = HEAD "X1\t4l\t\tR/u\tGP0\tbaseline\t?\n";
	struct run r;

	(void)state;
	run_bytes(&r, text, sizeof(text) - 1, true);
	assert_int_equal(r.status, TDP_OK);
	assert_string_equal(
		r.printed,
		HEAD "X1\t4l\t\tR/u\tOK hpa=0x205008 mt=WB\tbaseline\t?\n");
}

/* What the lines of both formats are made of, to mutate. */
static const char *const samples[] = {
	MACHINE READ ANSWER "A 1123 wu\n= PF ec=7 cr2=1123 nr=4\n",
	"R\ns vendor=intel maxpa=46 mode=ept cr0=80000031 cr4=2000b0 efer=800 "
	"cr3=4c000 rflags=40000 eptp=10101e ctrl2=400000 advinfo=1 gb=0\n"
	"m 101000 102107\na 69d564a5 xs\n= GP nr=c\nG 4c070 xp\n= OK pa=0 nr=4\n",
	"R\ns vendor=amd mode=npt ncr3=1000 hcr4=10a0 hefer=500\nn 1000 7\n"
	"g 123000 wp\n= NPF ec=200000006 gpa=123000 nr=1 w:nPT:1000=7/4\n",
	HEAD "X1\t4l\teptad=1 pml=1 N1@4000=204137 mt_var=6/3fffffe00800\tW/u\t"
	     "OK hpa=0x205008 mt=WB ef=N1@4000+D pml=0x4000\trule\t?\n"
	     "X2\tpae\tPDPTE=3003 s2=npt hnxe=0\tSSW/ui\tPF ec=0xd\trule\t\n",
};

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* One to three bytes become others that lines are made of. */
static void mutate(char *text, size_t size, uint32_t *state)
{
	static const char bytes[] =
		"0123456789abcdefrwxbusmnsaAgGpR=/ \t\n:,@+#-\xff";
	const uint32_t count = 1 + next_random(state) % 3;

	for (uint32_t i = 0; i < count; i++)
		text[next_random(state) % size] =
			bytes[next_random(state) % sizeof(bytes)];
}

/* For sanitizers to look at: whatever the text, an answer or a refusal. */
static void mutated_lines_are_safe(void **state)
{
	uint32_t seed = 1;
	unsigned int refused = 0;
	struct run r;

	(void)state;
	for (unsigned int i = 0; i < 8000; i++) {
		const char *sample = samples[i % ARRAY_SIZE(samples)];
		const size_t size = strlen(sample);
		char text[1024];

		assert_true(size < sizeof(text));
		memcpy(text, sample, size + 1);
		mutate(text, size, &seed);
		run_bytes(&r, text, size, i & 1);
		if (r.status != TDP_OK) {
			assert_int_equal(r.status, TDP_EINPUT);
			assert_true(r.err.line && r.err.column);
			refused++;
		}
	}
	assert_true(refused > 1000 && refused < 7900);
}

/* "R\n" as xz(1) writes it. */
static const char compressed[] =
	"\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01";

static void cut_off_xz_is_refused(void **state)
{
	struct run r;

	(void)state;
	run_bytes(&r, compressed, sizeof(compressed) - 1, false);
	if (r.status == TDP_EUNSUPPORTED)
		skip();
	assert_int_equal(r.status, TDP_EINPUT);
	assert_non_null(strstr(r.err.message, "cut off"));
}

static void corrupt_xz_is_refused(void **state)
{
	char bytes[sizeof(compressed)];
	struct run r;

	(void)state;
	memcpy(bytes, compressed, sizeof(bytes));
	bytes[8] ^= 1;
	run_bytes(&r, bytes, sizeof(bytes) - 1, false);
	if (r.status == TDP_EUNSUPPORTED)
		skip();
	assert_int_equal(r.status, TDP_EINPUT);
	assert_non_null(strstr(r.err.message, "corrupt"));
}

static void *attempt_setup(void)
{
	static const char text[] = MACHINE READ ANSWER;

	return fmemopen((void *)(uintptr_t)text, sizeof(text) - 1, "r");
}

static int attempt(void *context)
{
	struct tdp_vectors_summary summary;

	rewind(context);
	return tdp_vectors_run(context, "v", NULL, &summary, NULL);
}

static void attempt_teardown(void *context)
{
	fclose(context);
}

static void want_of_memory_unwinds(void **state)
{
	static const struct nomem test = {
		.setup = attempt_setup,
		.attempt = attempt,
		.teardown = attempt_teardown,
	};

	(void)state;
	nomem_check(&test);
}

int main(void)
{
	static const struct suite suites[] = {
		ROWS(bad, is_refused_where_it_is_wrong),
		CASE(nothing_runs_after_a_bad_line),
		CASE(bad_line_has_no_effect),
		CASE(agreement_is_counted),
		CASE(disagreement_is_shown),
		CASE(longer_and_shorter_answers_differ),
		CASE(large_a_undoes_and_small_a_keeps),
		CASE(reset_clears_memory_and_state),
		CASE(comments_and_blank_lines_are_skipped),
		CASE(last_line_needs_no_newline),
		CASE(empty_input_is_no_error),
		CASE(nul_byte_is_refused),
		CASE(endless_line_is_refused),
		CASE(memory_of_a_machine_is_limited),
		CASE(print_answers_what_has_no_answer),
		CASE(print_replaces_the_result_of_a_row),
		CASE(mutated_lines_are_safe),
		CASE(cut_off_xz_is_refused),
		CASE(corrupt_xz_is_refused),
		CASE(want_of_memory_unwinds),
	};

	return RUN("vector_input", suites);
}
