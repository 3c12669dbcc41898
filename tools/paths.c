/* SPDX-License-Identifier: MIT */
#include "paths.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd.h"

static int no_memory(void)
{
	fprintf(stderr, "tdpsim: out of memory\n");
	return EXIT_INTERNAL;
}

static int failed(const char *path)
{
	fprintf(stderr, "%s: can't be opened: %s\n", path, strerror(errno));
	return EXIT_BAD_INPUT;
}

static int add_file(struct paths *paths, char *name)
{
	char **names = reallocarray(paths->names, paths->nr + 1,
				    sizeof(*names));

	if (!names || !name) {
		free(name);
		paths->names = names ? names : paths->names;
		return no_memory();
	}
	paths->names = names;
	names[paths->nr++] = name;
	return EXIT_HELD;
}

static bool is_scenario(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml"));
}

/* Links are followed to files only: folders may form loops. */
static bool is_link(const char *path)
{
	struct stat stat;

	return !lstat(path, &stat) && S_ISLNK(stat.st_mode);
}

static int add_folder(struct paths *paths, const char *folder);

static int add_entry(struct paths *paths, const char *folder, const char *name)
{
	struct stat info;
	char *path;
	int ret = EXIT_HELD;

	if (name[0] == '.')
		return EXIT_HELD;
	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return no_memory();
	if (stat(path, &info))
		ret = failed(path);
	else if (S_ISDIR(info.st_mode) && !is_link(path))
		ret = add_folder(paths, path);
	else if (!S_ISDIR(info.st_mode) && is_scenario(name))
		return add_file(paths, path);
	free(path);
	return ret;
}

static int add_folder(struct paths *paths, const char *folder)
{
	struct dirent **entries;
	int nr = scandir(folder, &entries, NULL, alphasort);
	int ret = EXIT_HELD, i;

	if (nr < 0)
		return failed(folder);
	for (i = 0; i < nr; i++) {
		if (!ret)
			ret = add_entry(paths, folder, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

int paths_add(struct paths *paths, const char *path)
{
	size_t before = paths->nr, length = strlen(path);
	struct stat info;
	char *folder;
	int ret;

	if (stat(path, &info))
		return failed(path);
	if (!S_ISDIR(info.st_mode))
		return add_file(paths, strdup(path));
	while (length > 1 && path[length - 1] == '/')
		length--;
	folder = strndup(path, length);
	ret = folder ? add_folder(paths, folder) : no_memory();
	free(folder);
	if (!ret && paths->nr == before) {
		fprintf(stderr, "%s: no scenario (*.yaml) in this folder\n",
			path);
		return EXIT_BAD_INPUT;
	}
	return ret;
}

void paths_finish(struct paths *paths)
{
	size_t i;

	for (i = 0; i < paths->nr; i++)
		free(paths->names[i]);
	free(paths->names);
}
