/*
 * libFuzzer target: any bytes as a target of a scan, a tar of an OCI layout or of a docker archive (the first byte picks: 0 as it is,
 * 1 and 2 as one of the kinds, 3 index.json of a layout whose blobs are the rest).  Seeds: tests/fuzz/layer_seeds.sh DIRECTORY.
 */
#include "runner/scan/tree.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* To load libraries anew for each input would take most of the time. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return !dlopen("libarchive.so.13", RTLD_NOW) || !dlopen("libcrypto.so.3", RTLD_NOW) ? -1 : 0;
}

static bool wants(void *payload, const struct tree_file *file)
{
	(void)payload;
	if (!*file->path || *file->path == '/')
		abort();
	return true;
}

static int visit(void *payload, const struct tree_file *file, const char *bytes, size_t length, pipe_error *err)
{
	(void)payload;
	(void)err;
	if (file->size != length || (length && !memchr(bytes, bytes[length - 1], length)))
		abort();
	return PIPE_OK;
}

static void scan(const char *target, enum tree_kind kind)
{
	struct tree_options options = { .kind = kind, .limits = { 10000, 16 << 20, 1000, 1 << 20, 20 } };
	struct tree_image image;
	struct arena a = ARENA_INIT;
	pipe_error err = { 0 };

	if (tree_scan(target, &options, &a, &image, wants, visit, NULL, &err) && !*err.text)
		abort();
	arena_clear(&a);
}

static void write_file(int directory, const char *name, const unsigned char *data, size_t size)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

static void scan_layout(const unsigned char *data, size_t size)
{
	char path[] = "/tmp/fuzz-layout-XXXXXX";
	int fd = mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd < 0)
		abort();
	write_file(fd, "oci-layout", (const unsigned char *)"{}", 2);
	write_file(fd, "index.json", data, size);
	scan(path, TREE_OCI_LAYOUT);
	unlinkat(fd, "oci-layout", 0);
	unlinkat(fd, "index.json", 0);
	close(fd);
	rmdir(path);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const enum tree_kind kinds[] = { TREE_AUTO, TREE_OCI_LAYOUT, TREE_DOCKER_ARCHIVE };
	char path[40];
	int fd;

	if (!size)
		return 0;
	if (data[0] % 4 == 3) {
		scan_layout(data + 1, size - 1);
		return 0;
	}
	fd = memfd_create("target", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)size - 1)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	scan(path, kinds[data[0] % 4]);
	close(fd);
	return 0;
}
