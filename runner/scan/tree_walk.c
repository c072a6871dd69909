/* What every kind of target and their layers work with: parts of files, files without a name, notes, progress and bounds. */
#include "runner/scan/tree_walk.h"

#include "base/error.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- parts ---- */

void tree_part_close(struct tree_part *part)
{
	if (part->owned && part->fd >= 0)
		close(part->fd);
	part->fd = -1;
	part->owned = false;
}

int64_t tree_part_read(const struct tree_part *part, uint64_t at, void *buffer, size_t size)
{
	uint64_t left = at < part->length ? part->length - at : 0;
	char *to = buffer;
	size_t got = 0;

	size = left < size ? (size_t)left : size;
	while (got < size) {
		ssize_t n = pread(part->fd, to + got, size - got, (off_t)(part->offset + at + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (int64_t)got;
}

int tree_scratch_file(const struct tree_walk *w, int *fd, pipe_error *err)
{
	const char *directory = w->options->scratch ? w->options->scratch : P_tmpdir;
	char path[4096];

	*fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	/* A file system that knows no files without a name. */
	if (*fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL) &&
	    snprintf(path, sizeof(path), "%s/pipe-scan-XXXXXX", directory) < (int)sizeof(path)) {
		*fd = mkostemp(path, O_CLOEXEC);
		if (*fd >= 0)
			unlink(path);
	}
	return *fd >= 0 ? PIPE_OK : error_errno(err, error_code_of(errno), errno, "cannot make a file in %s", directory);
}

/* ---- words ---- */

int tree_cancelled(const struct tree_walk *w, pipe_error *err)
{
	if (w->options->cancel && atomic_load_explicit(w->options->cancel, memory_order_relaxed))
		return error_set(err, PIPE_EIO, "%s: the scan was cancelled", w->target);
	return PIPE_OK;
}

int tree_note(struct tree_walk *w, pipe_error *err, const char *format, ...)
{
	const char **note = vec_push(w->a, &w->notes);
	va_list ap;

	if (!note)
		return error_nomem(err);
	va_start(ap, format);
	*note = arena_vprintf(w->a, format, ap);
	va_end(ap);
	return *note ? PIPE_OK : error_nomem(err);
}

void tree_progress(const struct tree_walk *w, const char *format, ...)
{
	char line[256];
	va_list ap;

	if (!w->options->progress)
		return;
	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	w->options->progress(w->options->progress_payload, line);
}

int tree_over(pipe_error *err, const char *limit, uint64_t bound, const char *format, ...)
{
	char what[400];
	va_list ap;

	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	return error_set(err, PIPE_ELIMIT, "%s (the limit \"%s\" is %llu; it can be raised)", what, limit,
			 (unsigned long long)bound);
}
