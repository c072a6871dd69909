/* The entries of a layer's archive: read from the part itself where one can skip in it, and through a stream that checks it otherwise. */
#include "runner/scan/layer/layer_reader.h"

#include "base/error.h"
#include <errno.h>

static la_ssize_t on_read(struct archive *a, void *payload, const void **bytes)
{
	struct layer_reader *r = payload;
	size_t length;

	(void)a;
	if (!r->failed)
		r->failed = layer_stream_next(r->stream, bytes, &length, &r->failure);
	if (r->failed)
		return -1;
	if (!r->begun) {
		r->nested = layer_compression(*bytes, length);
		r->begun = true;
	}
	return (la_ssize_t)length;
}

int layer_damaged(struct layer_reader *r, pipe_error *err)
{
	const char *why = r->lib.archive_error_string(r->tar);

	if (r->failed && !(r->nested && r->failed == PIPE_EPIPELINE)) {
		if (err)
			*err = r->failure;
		return r->failed;
	}
	if (r->lib.archive_errno(r->tar) == ENOMEM)
		return error_nomem(err);
	if (r->nested)
		return error_set(err, PIPE_EPIPELINE,
				 "%s is compressed more than once: there is %s in it where a tar archive should be", r->what,
				 r->nested);
	return error_set(err, PIPE_EPIPELINE, "%s is no tar archive, or a damaged one: %s", r->what,
			 why ? why : "it ends too early");
}

static int open_stream(struct layer_reader *r, const struct tree_part *part, bool verify, pipe_error *err)
{
	const struct tree_layer *layer = r->layer;
	int rc = layer_stream_open(&r->stream, r->w, part, r->what, verify ? layer->digest : NULL, verify ? layer->diff_id : NULL,
				   err);

	if (rc)
		return rc;
	return layer_library_open(r, on_read, NULL, err);
}

int layer_library_open(struct layer_reader *r, archive_read_callback *read, archive_skip_callback *skip, pipe_error *err)
{
	int rc = r->handle ? PIPE_OK : archive_library_open(&r->lib, &r->handle, err);

	if (rc)
		return rc;
	r->tar = r->lib.archive_read_new();
	if (!r->tar)
		return error_nomem(err);
	return r->lib.archive_read_support_format_tar(r->tar) == ARCHIVE_OK &&
			       r->lib.archive_read_open2(r->tar, r, NULL, read, skip, NULL) == ARCHIVE_OK
		       ? PIPE_OK
		       : layer_damaged(r, err);
}

int layer_open(struct layer_reader *r, const struct tree_part *part, bool verify, pipe_error *err)
{
	char head[8];
	int64_t n = tree_part_read(part, 0, head, sizeof(head));

	if (n < 0)
		return error_errno(err, error_code_of(errno), errno, "%s", r->what);
	r->failed = PIPE_OK;
	r->nested = NULL;
	r->begun = false;
	return verify || layer_compression(head, (size_t)n) ? open_stream(r, part, verify, err) : layer_direct_open(r, part, err);
}

void layer_close(struct layer_reader *r)
{
	if (r->tar)
		r->lib.archive_read_free(r->tar);
	layer_stream_close(r->stream);
	r->tar = NULL;
	r->stream = NULL;
}

int layer_next(struct layer_reader *r, const struct tar_entry **e, pipe_error *err)
{
	int rc = PIPE_OK, got;
	enum tar_step step = r->stream ? TAR_SPECIAL : layer_direct_next(r, &rc, err);
	struct archive_entry *next;

	*e = step == TAR_END ? NULL : &r->current;
	if (step != TAR_SPECIAL)
		return rc;
	got = r->lib.archive_read_next_header(r->tar, &next);
	if (got == ARCHIVE_EOF)
		*e = NULL;
	/* A warning: of names that are not in the locale's encoding, which does not matter here. */
	else if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
		return layer_damaged(r, err);
	else
		r->current = tar_entry_of(&r->lib, next);
	return r->failed ? layer_damaged(r, err) : PIPE_OK;
}

int layer_drain(struct layer_reader *r, pipe_error *err)
{
	const void *bytes;
	size_t length = r->stream ? 1 : 0;
	int rc = PIPE_OK;

	while (rc == PIPE_OK && length)
		rc = layer_stream_next(r->stream, &bytes, &length, err);
	return rc;
}
