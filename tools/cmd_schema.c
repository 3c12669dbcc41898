/* SPDX-License-Identifier: MIT */
/* tdpsim schema: what an editor needs to complete and check scenarios. */
#include <getopt.h>
#include <stdio.h>

#include "cmd.h"
#include "schema.h"

/* clang-format off */
static const char usage[] =
"Usage: tdpsim schema\n"
"\n"
"Print the scenario language as a JSON schema (draft 7), for editors and other\n"
"tools that complete and check YAML.  All keys are in it; that a value is in\n"
"order beyond its type is for \"tdpsim run\" to say.\n"
"\n"
"  --help  show this text\n"
"\n"
"Exit status: 0; 2 bad usage, 3 internal error.\n";
/* clang-format on */

int cmd_schema(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option = getopt_long(argc, argv, "h", options, NULL), ret;
	json_t *schema;

	if (option == 'h') {
		fputs(usage, stdout);
		return EXIT_HELD;
	}
	if (option != -1 || optind != argc)
		return bad_usage("schema", "takes no arguments");
	schema = schema_new();
	if (!schema)
		return EXIT_INTERNAL;
	ret = json_dumpf(schema, stdout, JSON_INDENT(1));
	json_decref(schema);
	putchar('\n');
	return ret ? EXIT_INTERNAL : EXIT_HELD;
}
