/*
 * A layer that lies in a file as it is: plain headers are read by tar_plain.c, special ones by libarchive, which begins where they do and
 * is left behind them; where such ones are many, it reads the rest.
 */
#include "runner/scan/layer/layer_reader.h"

#include "base/error.h"
#include <errno.h>
#include <stdlib.h>

enum {
	LEAST = 1024,
	MOST = 64 * 1024,
	SPECIALS_MOST = 64 /* to begin with libarchive anew costs as much as some entries */
};

/* What was read counts. */
static int count(struct layer_reader *r, uint64_t n)
{
	struct tree_walk *w = r->w;

	w->unpacked += n;
	if (w->unpacked > w->limits.bytes)
		return tree_over(&r->failure, "bytes", w->limits.bytes, "%s: the layers are more than may be looked at", r->what);
	return tree_cancelled(w, &r->failure);
}

static int failed(const struct layer_reader *r, pipe_error *err)
{
	if (r->failed && err)
		*err = r->failure;
	return r->failed;
}

/* ---- libarchive ---- */

static la_ssize_t on_read(struct archive *archive, void *payload, const void **bytes)
{
	struct layer_reader *r = payload;
	struct layer_direct *d = &r->direct;
	int64_t n = tree_part_read(d->plain.part, d->at, d->buffer, d->size);

	(void)archive;
	*bytes = d->buffer;
	if (n < 0) {
		r->failed = error_errno(&r->failure, error_code_of(errno), errno, "%s", r->what);
		return -1;
	}
	d->at += (uint64_t)n;
	d->size = d->size < MOST ? d->size * 2 : MOST;
	r->failed = count(r, (uint64_t)n);
	return r->failed ? -1 : (la_ssize_t)n;
}

static la_int64_t on_skip(struct archive *archive, void *payload, la_int64_t request)
{
	struct layer_direct *d = &((struct layer_reader *)payload)->direct;
	uint64_t length = d->plain.part->length, left = d->at < length ? length - d->at : 0;
	uint64_t n = request < 0 ? 0 : (uint64_t)request;

	(void)archive;
	n = n < left ? n : left;
	d->at += n;
	d->size = LEAST;
	return (la_int64_t)n;
}

static int enter_library(struct layer_reader *r, pipe_error *err)
{
	struct layer_direct *d = &r->direct;

	d->specials++;
	d->from = d->at = d->plain.position;
	d->size = LEAST;
	if (!d->buffer)
		d->buffer = malloc(MOST);
	return d->buffer ? layer_library_open(r, on_read, on_skip, err) : error_nomem(err);
}

/* Behind the entry that it has read. */
static int leave_library(struct layer_reader *r, pipe_error *err)
{
	int got = r->lib.archive_read_data_skip(r->tar);

	if (got != ARCHIVE_OK && got != ARCHIVE_WARN && got != ARCHIVE_EOF)
		return layer_damaged(r, err);
	r->direct.plain.position = r->direct.from + (uint64_t)r->lib.archive_filter_bytes(r->tar, 0);
	r->lib.archive_read_free(r->tar);
	r->tar = NULL;
	return PIPE_OK;
}

/* ---- the layer ---- */

int layer_direct_open(struct layer_reader *r, const struct tree_part *part, pipe_error *err)
{
	r->direct.specials = 0;
	return tar_plain_open(&r->direct.plain, part) ? PIPE_OK : error_nomem(err);
}

void layer_direct_close(struct layer_reader *r)
{
	tar_plain_close(&r->direct.plain);
	free(r->direct.buffer);
}

enum tar_step layer_direct_next(struct layer_reader *r, int *rc, pipe_error *err)
{
	struct layer_direct *d = &r->direct;
	uint64_t before = d->plain.pulled;
	enum tar_step step;

	*rc = PIPE_OK;
	if (r->tar && d->specials > SPECIALS_MOST)
		return TAR_SPECIAL;
	if (r->tar && (*rc = leave_library(r, err)))
		return TAR_FAILED;
	step = tar_plain_next(&d->plain, &r->current);
	r->failed = step == TAR_FAILED ? error_errno(&r->failure, error_code_of(errno), errno, "%s", r->what)
				       : count(r, d->plain.pulled - before);
	*rc = failed(r, err);
	if (!*rc && step == TAR_SPECIAL)
		*rc = enter_library(r, err);
	return *rc ? TAR_FAILED : step;
}

int layer_direct_data(struct layer_reader *r, const void **bytes, size_t *length, uint64_t *offset, pipe_error *err)
{
	struct tar_plain *t = &r->direct.plain;
	uint64_t before = t->pulled, left = t->left;
	int64_t n = tar_plain_data(t, bytes);

	*offset = r->current.size - left;
	*length = n < 0 ? 0 : (size_t)n;
	if (n < 0)
		return error_errno(err, error_code_of(errno), errno, "%s", r->what);
	if (!n && left)
		return error_set(err, PIPE_EIO, "%s changed while it was read", r->what);
	r->failed = count(r, t->pulled - before);
	return failed(r, err);
}
