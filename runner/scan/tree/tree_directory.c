/*
 * Directories.  A file is opened beneath the root without following any link; what cannot be read, or is gone by the time it is looked
 * at, is counted in a note: a scan of a tree that is being written to, or that is not all ours, says what it has not seen.
 */
#include "base/error.h"
#include "runner/files/beneath.h"
#include "runner/files/walk.h"
#include "runner/scan/tree_walk.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct directory {
	struct tree_walk *w;
	int root;
	char *buffer; /* of the largest file so far */
	size_t size;
	uint64_t unread;
	const char *first_unread;
};

static int unread(struct directory *d, const char *path, pipe_error *err)
{
	if (!d->unread++) {
		d->first_unread = arena_printf(d->w->a, "%.200s", path);
		if (!d->first_unread)
			return error_nomem(err);
	}
	return PIPE_OK;
}

static int too_large(struct directory *d, const char *path, pipe_error *err)
{
	uint64_t max = d->w->limits.file_bytes;

	return tree_over(err, "file_bytes", max, "\"%s\" is larger than a file that is looked into may be", path);
}

static bool make_room(struct directory *d, size_t size)
{
	char *bigger;

	if (size <= d->size)
		return true;
	bigger = realloc(d->buffer, size);
	if (!bigger)
		return false;
	d->buffer = bigger;
	d->size = size;
	return true;
}

/* All of it; it may grow or shrink while it is read. */
static int read_file(struct directory *d, const char *path, int fd, uint64_t size, size_t *length, pipe_error *err)
{
	size_t got = 0;

	if (size > d->w->limits.file_bytes)
		return too_large(d, path, err);
	if (!make_room(d, (size_t)size + 1))
		return error_nomem(err);
	for (;;) {
		ssize_t n = read(fd, d->buffer + got, d->size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, error_code_of(errno), errno, "%s", path);
		if (n == 0)
			break;
		got += (size_t)n;
		if (got > d->w->limits.file_bytes)
			return too_large(d, path, err);
		if (got == d->size && !make_room(d, d->size * 2))
			return error_nomem(err);
	}
	*length = got;
	return PIPE_OK;
}

static int visit_content(struct directory *d, struct tree_file *file, pipe_error *err)
{
	struct tree_walk *w = d->w;
	int fd = beneath_open(d->root, file->path, O_RDONLY | O_NONBLOCK, 0), rc;
	struct stat st;
	size_t length = 0;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		return unread(d, file->path, err);
	}
	rc = read_file(d, file->path, fd, (uint64_t)st.st_size, &length, err);
	close(fd);
	if (rc)
		return rc;
	w->visited += length;
	if (w->visited > w->limits.bytes)
		return tree_over(err, "bytes", w->limits.bytes, "the files of %s are more than may be looked at", w->target);
	file->size = length;
	return w->visit(w->payload, file, d->buffer, length, err);
}

static int on_file(struct directory *d, const char *path, pipe_error *err)
{
	struct tree_file file = { .path = path, .layer = "" };
	struct stat st;

	if (fstatat(d->root, path, &st, AT_SYMLINK_NOFOLLOW))
		return unread(d, path, err);
	if (!S_ISREG(st.st_mode))
		return PIPE_OK;
	file.size = (uint64_t)st.st_size;
	file.executable = (st.st_mode & 0111) != 0;
	d->w->image->files++;
	return d->w->wants(d->w->payload, &file) ? visit_content(d, &file, err) : PIPE_OK;
}

static int on_entry(void *context, struct walk_entry *entry, pipe_error *err)
{
	struct directory *d = context;
	const struct tree_limits *l = &d->w->limits;
	int rc = tree_cancelled(d->w, err);

	if (rc)
		return rc;
	if (++d->w->image->entries > l->entries)
		return tree_over(err, "entries", l->entries, "%s has more entries than may be looked at", d->w->target);
	if (entry->type == WALK_FILE)
		return on_file(d, entry->path, err);
	if (entry->type == WALK_DIRECTORY && faccessat(d->root, entry->path, R_OK | X_OK, AT_EACCESS))
		return unread(d, entry->path, err);
	return PIPE_OK;
}

int tree_directory_scan(struct tree_walk *w, const char *path, pipe_error *err)
{
	struct directory d = { .w = w };
	int rc = root_open(path, &d.root, err);

	if (rc)
		return rc;
	rc = walk_tree(path, on_entry, &d, err);
	if (rc == PIPE_OK && d.unread)
		rc = tree_note(w, err, "%llu files or directories could not be read; the first is \"%s\"",
			       (unsigned long long)d.unread, d.first_unread);
	close(d.root);
	free(d.buffer);
	return rc;
}
