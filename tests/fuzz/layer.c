/*
 * libFuzzer target: any bytes as the layers of an image.  They are cut at "\1CUT\1" into layers (at most 4), which lie upon each other
 * in a fixed order; what the reader hands out must be as runner/scan/tree.h promises: clean paths, none twice, no bytes that were not
 * there.  Seeds: tests/fuzz/layer_seeds.sh DIRECTORY.
 */
#include "runner/scan/layer/layer.h"
#include "base/map.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* To load libraries anew for each input would take most of the time. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return !dlopen("libarchive.so.13", RTLD_NOW) ? -1 : 0;
}

enum { LAYERS = 4 };
static const char cut[] = "\1CUT\1";

struct input {
	struct tree_part parts[LAYERS];
	struct tree_layer layers[LAYERS];
	uint32_t count;
	struct arena a;
	struct map visited;
};

static void check_path(const char *path)
{
	if (!*path || *path == '/' || strlen(path) >= 4096)
		abort();
	while (*path) {
		size_t n = strcspn(path, "/");

		if (!n || (n == 1 && *path == '.') || (n == 2 && !memcmp(path, "..", 2)))
			abort();
		path += n;
		if (*path && !*++path)
			abort();
	}
}

/* Every other one, so that links lead to what is not held. */
static bool wants(void *payload, const struct tree_file *file)
{
	(void)payload;
	check_path(file->path);
	return file->path[strlen(file->path) - 1] % 2 == 0;
}

static int visit(void *payload, const struct tree_file *file, const char *bytes, size_t length, pipe_error *err)
{
	struct input *in = payload;
	const char *path = arena_strdup(&in->a, file->path);
	unsigned sum = 0;

	(void)err;
	check_path(file->path);
	if (file->size != length || !path || map_get(&in->visited, path, strlen(path)) ||
	    !map_put(&in->visited, &in->a, path, strlen(path), in))
		abort();
	for (size_t i = 0; i < length; i++)
		sum += (unsigned char)bytes[i];
	return sum == 0xffffffff;
}

static int open_layer(void *source, const struct tree_layer *layer, struct tree_part *part, pipe_error *err)
{
	struct input *in = source;

	(void)err;
	*part = in->parts[layer - in->layers];
	return PIPE_OK;
}

static void split(struct input *in, int fd, const unsigned char *data, size_t size)
{
	for (size_t at = 0; in->count < LAYERS;) {
		const unsigned char *end = in->count + 1 < LAYERS ? memmem(data + at, size - at, cut, sizeof(cut) - 1) : NULL;
		size_t length = end ? (size_t)(end - data) - at : size - at;

		in->parts[in->count] = (struct tree_part){ fd, false, at, length };
		in->layers[in->count].diff_id = NULL;
		in->layers[in->count++].path = "layer";
		if (!end)
			break;
		at += length + sizeof(cut) - 1;
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct input in = { .count = 0 };
	struct tree_options options = { .unverified = size % 2 };
	struct tree_image image = { 0 };
	pipe_error err = { 0 };
	struct tree_walk w = { .target = "fuzzed",
			       .options = &options,
			       .limits = { 10000, 16 << 20, 1000, 1 << 20, LAYERS },
			       .a = &in.a,
			       .image = &image,
			       .wants = wants,
			       .visit = visit,
			       .payload = &in };
	int fd = memfd_create("layer", MFD_CLOEXEC), rc;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	split(&in, fd, data, size);
	rc = layers_scan(&w, in.layers, in.count, open_layer, &in, &err);
	if (rc && !*err.text)
		abort();
	close(fd);
	arena_clear(&in.a);
	return 0;
}
