/*
 * libFuzzer (and AFL++) target: any bytes as an archive (plain tar is read as well, so that the fuzzer need not compress), unpacked two
 * directories below the top of a tree of the target's own: nothing may appear outside.
 */
#include "runner/files/archive.h"
#include "runner/files/workspace.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum { MAX_BYTES = 1 << 20 };

static void write_input(const char *path, const unsigned char *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

/* The top holds the archive and the directory around the root, which holds the root alone. */
static void expect_entries(const char *directory, int expected)
{
	DIR *d = opendir(directory);
	int n = 0;

	if (!d)
		abort();
	while (readdir(d))
		n++;
	closedir(d);
	if (n != expected + 2)
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char top[] = "/tmp/pipe-fuzz.XXXXXX", archive[64], around[64], root[64];
	struct archive_stats stats;
	pipe_error err = { 0 };

	if (!mkdtemp(top))
		abort();
	snprintf(archive, sizeof(archive), "%s/in", top);
	snprintf(around, sizeof(around), "%s/d", top);
	snprintf(root, sizeof(root), "%s/d/root", top);
	if (mkdir(around, 0700) || mkdir(root, 0700))
		abort();
	write_input(archive, data, size);
	if (archive_extract(archive, root, MAX_BYTES, &stats, &err) && !*err.text)
		abort();
	expect_entries(top, 2);
	expect_entries(around, 1);
	if (workspace_remove(top, &err))
		abort();
	return 0;
}
