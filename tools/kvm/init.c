/* SPDX-License-Identifier: MIT */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#define OUTPUT        "/dev/ttyS1"
#define MAX_SCENARIOS 4096
#define LIMIT_SECONDS 120

static bool active;

void init_progress(const char *scenario)
{
	if (active)
		printf("@scenario %s\n", scenario);
}

void init_note(const char *what, const char *scenario, unsigned int step,
	       const char *why)
{
	if (active)
		printf("%s %s, step %u: %s\n", what, scenario, step, why);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		printf("@note %s: %s\n", path, strerror(errno));
	close(fd);
}

static void mount_all(void)
{
	static const struct {
		const char *type, *path;
	} mounts[] = {
		{ "proc", "/proc" },
		{ "sysfs", "/sys" },
		{ "devtmpfs", "/dev" },
		{ "tmpfs", "/tmp" },
		{ "tracefs", "/sys/kernel/tracing" },
	};
	unsigned int i;

	for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].path, 0755);
		mount(mounts[i].type, mounts[i].path, mounts[i].type, 0, NULL);
	}
}

/* Lines of a file as strings; they are good for three more files. */
static unsigned int read_lines(const char *path, char **lines, unsigned int max)
{
	static char text[5][1 << 18];
	static unsigned int nr_texts;
	FILE *file = fopen(path, "re");
	char *line, *rest = NULL, *copy = text[nr_texts++ % 5];
	unsigned int nr = 0;
	size_t got;

	if (!file)
		return 0;
	got = fread(copy, 1, sizeof(text[0]) - 1, file);
	fclose(file);
	copy[got] = '\0';
	for (line = strtok_r(copy, "\n", &rest); line && nr < max;
	     line = strtok_r(NULL, "\n", &rest))
		lines[nr++] = line;
	return nr;
}

/* "kvm_amd.npt=0 quiet": what the kernel's command line says of a module. */
static void find_parameters(const char *module, char *out, size_t size)
{
	char *lines[1], *word, *rest = NULL, name[64];
	size_t used = 0, i;

	snprintf(name, sizeof(name), "%s.", module);
	for (i = 0; name[i]; i++)
		if (name[i] == '-')
			name[i] = '_';
	out[0] = '\0';
	if (!read_lines("/proc/cmdline", lines, 1))
		return;
	for (word = strtok_r(lines[0], " ", &rest); word;
	     word = strtok_r(NULL, " ", &rest))
		if (!strncmp(word, name, strlen(name)) && used < size)
			used += (size_t)snprintf(out + used, size - used, "%s ",
						 word + strlen(name));
}

/* "tdpsim.limit=5": seconds that one scenario may take. */
static unsigned int find_limit(void)
{
	char text[512];
	const char *at;
	unsigned int limit;

	find_parameters("tdpsim", text, sizeof(text));
	at = strstr(text, "limit=");
	return at && sscanf(at, "limit=%u", &limit) == 1 && limit ?
		       limit :
		       LIMIT_SECONDS;
}

static void load_modules(void)
{
	char *modules[32], path[160], parameters[512];
	unsigned int nr = read_lines("/modules/order", modules, 32), i;

	for (i = 0; i < nr; i++) {
		int fd, ret;

		snprintf(path, sizeof(path), "/modules/%s.ko", modules[i]);
		find_parameters(modules[i], parameters, sizeof(parameters));
		fd = open(path, O_RDONLY | O_CLOEXEC);
		ret = (int)syscall(SYS_finit_module, fd, parameters, 0);
		printf("@module %s %s: %s\n", modules[i], parameters,
		       ret ? strerror(errno) : "loaded");
		close(fd);
	}
}

/* Huge pages where a scenario asks, and nobody who collapses others. */
static void set_memory(void)
{
	put("/proc/sys/kernel/randomize_va_space", "0");
	put("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "64");
	put("/sys/kernel/mm/transparent_hugepage/enabled", "madvise");
	put("/sys/kernel/mm/transparent_hugepage/defrag", "madvise");
	put("/sys/kernel/mm/transparent_hugepage/khugepaged/"
	    "scan_sleep_millisecs",
	    "600000");
}

/* No carriage returns in the recording. */
static void set_raw(const char *path)
{
	struct termios settings;
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || tcgetattr(fd, &settings) < 0)
		return;
	cfmakeraw(&settings);
	cfsetspeed(&settings, B4000000);
	tcsetattr(fd, TCSANOW, &settings);
	/* Left open: the last close would reset them. */
}

int init_run(int (*record)(char **paths, const char *output,
			   unsigned int limit))
{
	static char *paths[MAX_SCENARIOS + 1];
	unsigned int i;
	int console;

	active = true;
	mount_all();
	console = open("/dev/console", O_RDWR);
	for (i = 0; console >= 0 && i < 3; i++)
		dup2(console, (int)i);
	setvbuf(stdout, NULL, _IOLBF, 0);
	set_memory();
	load_modules();
	set_raw(OUTPUT);
	read_lines("/scenarios/order", paths, MAX_SCENARIOS);
	printf("@end %d\n", record(paths, OUTPUT, find_limit()));
	fflush(stdout);
	sync();
	reboot(RB_AUTOBOOT);
	return 0;
}
