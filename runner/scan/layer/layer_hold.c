#include "runner/scan/layer/layer_hold.h"

#include "base/error.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { IN_MEMORY = 8 * 1024 * 1024, PAGE = 64 * 1024 /* the largest there is */ };

void layer_hold_init(struct layer_hold *h)
{
	*h = (struct layer_hold){ .fd = -1 };
}

void layer_hold_clear(struct layer_hold *h)
{
	arena_clear(&h->arena);
	if (h->fd >= 0)
		close(h->fd);
	layer_hold_init(h);
}

static int add_to_file(struct layer_hold *h, const struct tree_walk *w, uint64_t length, struct layer_content *out,
		       pipe_error *err)
{
	int rc = h->fd < 0 ? tree_scratch_file(w, &h->fd, err) : PIPE_OK;

	if (rc)
		return rc;
	if (length > INT64_MAX - PAGE - h->end)
		return tree_over(err, "bytes", w->limits.bytes, "the wanted files of a layer are too large");
	if (ftruncate(h->fd, (off_t)(h->end + length)))
		return error_errno(err, error_code_of(errno), errno, "cannot keep the wanted files of a layer");
	out->at = h->end;
	h->end += (length + PAGE - 1) / PAGE * PAGE;
	return PIPE_OK;
}

int layer_hold_add(struct layer_hold *h, const struct tree_walk *w, uint64_t length, struct layer_content *out, pipe_error *err)
{
	*out = (struct layer_content){ .length = length };
	if (length > IN_MEMORY - h->in_memory)
		return add_to_file(h, w, length, out, err);
	out->bytes = arena_alloc(&h->arena, (size_t)length + 1);
	if (!out->bytes)
		return error_nomem(err);
	h->in_memory += (size_t)length;
	return PIPE_OK;
}

int layer_hold_write(struct layer_hold *h, const struct layer_content *c, uint64_t offset, const void *bytes, size_t length,
		     pipe_error *err)
{
	const char *p = bytes;

	if (offset > c->length || length > c->length - offset)
		return error_set(err, PIPE_EPIPELINE, "a file is longer than the archive says");
	if (c->bytes) {
		memcpy(c->bytes + offset, p, length);
		return PIPE_OK;
	}
	while (length) {
		ssize_t n = pwrite(h->fd, p, length, (off_t)(c->at + offset));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, error_code_of(errno), errno, "cannot keep the wanted files of a layer");
		p += n;
		offset += (uint64_t)n;
		length -= (size_t)n;
	}
	return PIPE_OK;
}

int layer_hold_use(const struct layer_hold *h, const struct layer_content *c,
		   int (*use)(void *payload, const char *bytes, size_t length, pipe_error *err), void *payload, pipe_error *err)
{
	void *map;
	int rc;

	if (c->bytes || !c->length)
		return use(payload, c->bytes ? c->bytes : "", (size_t)c->length, err);
	if (c->length > SIZE_MAX / 2)
		return error_nomem(err);
	map = mmap(NULL, (size_t)c->length, PROT_READ, MAP_SHARED, h->fd, (off_t)c->at);
	if (map == MAP_FAILED)
		return error_errno(err, error_code_of(errno), errno, "cannot read the wanted files of a layer");
	rc = use(payload, map, (size_t)c->length, err);
	munmap(map, (size_t)c->length);
	return rc;
}
