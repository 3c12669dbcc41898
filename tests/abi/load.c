/* SPDX-License-Identifier: MIT */
/* Loads a shared library and looks up symbols: load LIBRARY SYMBOL... */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	int missing = 0;
	void *lib;

	if (argc < 3) {
		fprintf(stderr, "usage: load LIBRARY SYMBOL...\n");
		return 2;
	}
	lib = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	if (!lib) {
		fprintf(stderr, "%s\n", dlerror());
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		if (dlsym(lib, argv[i]))
			continue;
		puts(argv[i]);
		missing = 1;
	}
	dlclose(lib);
	return missing;
}
