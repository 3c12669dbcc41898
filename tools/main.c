/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "cmd.h"

static const struct command {
	const char *name;
	const char *about;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "run", "replay scenarios and check what they expect", cmd_run },
	{ "explore", "search all orders of steps of several threads",
	  cmd_explore },
	{ "merge", "put the shards of an exploration together", cmd_merge },
	{ "walk", "show one translation, every memory reference of it",
	  cmd_walk },
	{ "explain", "say what happened in a scenario, and why", cmd_explain },
	{ "account", "count what pre-faults save, by kind of memory",
	  cmd_account },
	{ "compare", "replay a scenario on two kernels and show what differs",
	  cmd_compare },
	{ "list", "profiles, behaviours, verbs, events, ...", cmd_list },
	{ "schema", "the scenario language, for editors", cmd_schema },
	{ "diff", "hold a scenario against recordings of real kernels",
	  cmd_diff },
	{ "generate", "write random scenarios", cmd_generate },
	{ "vectors", "hold bulk walk vectors against the walker", cmd_vectors },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void show_help(FILE *out)
{
	size_t i;

	fputs("Usage: tdpsim COMMAND [ARGUMENTS]\n"
	      "\n"
	      "Models how KVM/x86 and the hardware translate a guest's "
	      "addresses.\n"
	      "\n"
	      "Commands:\n",
	      out);
	for (i = 0; i < NR_COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name,
			commands[i].about);
	fputs("\n"
	      "\"tdpsim COMMAND --help\" says more.  \"tdpsim --version\" says "
	      "which tdpsim this is.\n"
	      "\n"
	      "Exit status: 0 all checks hold, 1 an expectation failed, 2 bad "
	      "input or\n"
	      "usage, 3 internal error (out of memory included), 4 exploration "
	      "not exhausted.\n",
	      out);
}

/* Output that could not be written must not look like success. */
static int finish(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		perror("tdpsim: standard output");
		return EXIT_INTERNAL;
	}
	return status;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	size_t i;

	for (i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return finish(commands[i].run(argc - 1, argv + 1));
	if (!strcmp(name, "--help") || !strcmp(name, "-h")) {
		show_help(stdout);
		return finish(EXIT_HELD);
	}
	if (!strcmp(name, "--version")) {
		printf("tdpsim %s\n", tdp_version_name());
		return finish(EXIT_HELD);
	}
	if (name[0])
		fprintf(stderr, "tdpsim: no command \"%s\"\n", name);
	show_help(stderr);
	return EXIT_BAD_INPUT;
}
