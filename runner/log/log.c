/*
 * Writing a log.  A piece is written at once and as it is, so a crash loses nothing that was shown; the index follows in batches,
 * since what it lacks can be counted again.
 */
#include "base/error.h"
#include "runner/log/log_format.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PENDING = 170,	  /* records: a page of index */
	FLUSH_EVERY = 100 /* ms that the index may lag behind for one who follows the log */
};

struct log_writer {
	char *log_path, *index_path, *packed_path;
	bool append, failed;
	int log, index; /* -1: not opened yet */
	uint64_t bytes, newlines;
	bool open_line;		/* the last line has no newline yet */
	uint64_t kept_records;	/* append: of what was there */
	struct log_record last; /* the newest record; valid when has_last */
	bool has_last;
	int64_t flushed_ms;
	size_t pending;
	char records[PENDING * LOG_RECORD];
};

static void writer_drop(struct log_writer *w)
{
	if (w->log >= 0)
		close(w->log);
	if (w->index >= 0)
		close(w->index);
	free(w->log_path);
	free(w->index_path);
	free(w->packed_path);
	free(w);
}

/* ---- going on with what is there ---- */

/* A compressed log becomes a plain one again. */
static int unpack(const struct log_writer *w, const char *path, pipe_error *err)
{
	char *temporary = log_name(w->log_path, ".tmp"), buffer[32768];
	struct log_reader *r = NULL;
	int fd = -1, rc = PIPE_ENOMEM;
	size_t n;

	if (!temporary) {
		error_nomem(err);
		goto done;
	}
	rc = log_reader_open(&r, path, err);
	if (rc != PIPE_OK)
		goto done;
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0) {
		rc = error_errno(err, PIPE_EIO, errno, "cannot write %s", temporary);
		goto done;
	}
	while ((rc = log_read(r, buffer, sizeof(buffer), &n, err)) == PIPE_OK && n)
		if (!log_write_all(fd, buffer, n)) {
			rc = error_errno(err, PIPE_EIO, errno, "cannot write %s", temporary);
			break;
		}
	if (rc == PIPE_OK && (fdatasync(fd) < 0 || rename(temporary, w->log_path) < 0))
		rc = error_errno(err, PIPE_EIO, errno, "cannot write %s", w->log_path);
	if (rc == PIPE_OK)
		unlink(w->packed_path);
	else
		unlink(temporary);
done:
	if (fd >= 0)
		close(fd);
	log_reader_free(r);
	free(temporary);
	return rc;
}

static int measure_existing(struct log_writer *w, const char *path, pipe_error *err)
{
	int log, index, rc = PIPE_OK;

	if (access(w->log_path, F_OK) < 0 && access(w->packed_path, F_OK) == 0)
		rc = unpack(w, path, err);
	if (rc != PIPE_OK)
		return rc;
	log = open(w->log_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (log < 0)
		return errno == ENOENT ? PIPE_OK : error_errno(err, PIPE_EIO, errno, "cannot read %s", w->log_path);
	index = open(w->index_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (!log_measure(log, index, &w->bytes, &w->newlines, &w->kept_records, &w->open_line))
		rc = error_errno(err, PIPE_EIO, errno, "cannot read %s", w->log_path);
	close(log);
	if (index >= 0)
		close(index);
	return rc;
}

/* ---- opening ---- */

int log_writer_create(struct log_writer **out, const char *path, bool append, pipe_error *err)
{
	struct log_writer *w = calloc(1, sizeof(*w));
	int rc;

	*out = NULL;
	if (!w)
		return error_nomem(err);
	w->log = w->index = -1;
	w->append = append;
	w->log_path = log_name(path, ".log");
	w->index_path = log_name(path, ".idx");
	w->packed_path = log_name(path, ".log.zst");
	rc = w->log_path && w->index_path && w->packed_path ? PIPE_OK : error_nomem(err);
	if (rc == PIPE_OK && append)
		rc = measure_existing(w, path, err);
	if (rc != PIPE_OK) {
		writer_drop(w);
		return rc;
	}
	*out = w;
	return PIPE_OK;
}

static int fail(struct log_writer *w, const char *path, pipe_error *err)
{
	int error = errno;

	w->failed = true;
	return error_errno(err, PIPE_EIO, error, "cannot write the log %s", path);
}

/* Tells readers that the last line may go on; the kernel lets go of it when this process is no more. */
static void lock(int fd)
{
	struct flock whole = { 0 };

	whole.l_type = F_WRLCK;
	whole.l_whence = SEEK_SET;
	(void)fcntl(fd, F_OFD_SETLK, &whole);
}

static int open_log(struct log_writer *w, pipe_error *err)
{
	w->log = open(w->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (w->append ? 0 : O_TRUNC), 0644);
	if (w->log < 0)
		return fail(w, w->log_path, err);
	lock(w->log);
	if (!w->append && unlink(w->packed_path) < 0 && errno != ENOENT)
		return fail(w, w->packed_path, err);
	return PIPE_OK;
}

static int open_index(struct log_writer *w, pipe_error *err)
{
	char magic[LOG_RECORD] = LOG_INDEX_MAGIC;

	w->index = open(w->index_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (w->kept_records ? 0 : O_TRUNC), 0644);
	if (w->index < 0)
		return fail(w, w->index_path, err);
	if (w->kept_records) {
		if (ftruncate(w->index, (off_t)((w->kept_records + 1) * LOG_RECORD)) < 0)
			return fail(w, w->index_path, err);
	} else if (!log_write_all(w->index, magic, sizeof(magic))) {
		return fail(w, w->index_path, err);
	}
	return PIPE_OK;
}

/* ---- the index ---- */

static int flush_index(struct log_writer *w, pipe_error *err)
{
	if (!w->pending)
		return PIPE_OK;
	if (w->index < 0 && open_index(w, err) != PIPE_OK)
		return PIPE_EIO;
	if (!log_write_all(w->index, w->records, w->pending * LOG_RECORD))
		return fail(w, w->index_path, err);
	w->pending = 0;
	return PIPE_OK;
}

static int add_record(struct log_writer *w, int64_t time_ms, pipe_error *err)
{
	struct log_record r = { w->bytes, w->newlines, time_ms };

	if (w->has_last && w->last.time_ms == time_ms && w->bytes - w->last.offset < LOG_RECORD_EVERY)
		return PIPE_OK;
	if (w->pending == PENDING && flush_index(w, err) != PIPE_OK)
		return PIPE_EIO;
	if (!w->has_last)
		w->flushed_ms = time_ms;
	log_record_put(w->records + w->pending++ * LOG_RECORD, &r);
	w->last = r;
	w->has_last = true;
	return PIPE_OK;
}

/* Counts what has been written, with a record for each LOG_RECORD_EVERY bytes of it. */
static int note(struct log_writer *w, int64_t time_ms, const char *bytes, size_t length, pipe_error *err)
{
	int rc;

	while (length) {
		size_t part = length < LOG_RECORD_EVERY ? length : LOG_RECORD_EVERY;
		rc = add_record(w, time_ms, err);
		if (rc != PIPE_OK)
			return rc;
		w->newlines += log_count_newlines(bytes, part);
		w->bytes += part;
		w->open_line = bytes[part - 1] != '\n';
		bytes += part;
		length -= part;
	}
	/* Also when the clock was set back. */
	if (time_ms - w->flushed_ms < FLUSH_EVERY && time_ms >= w->flushed_ms)
		return PIPE_OK;
	w->flushed_ms = time_ms;
	return flush_index(w, err);
}

int log_write(struct log_writer *w, int64_t time_ms, const char *bytes, size_t length, pipe_error *err)
{
	if (w->failed)
		return error_set(err, PIPE_EIO, "the log %s cannot be written any more", w->log_path);
	if (!length)
		return PIPE_OK;
	if (w->log < 0 && open_log(w, err) != PIPE_OK)
		return PIPE_EIO;
	if (!log_write_all(w->log, bytes, length))
		return fail(w, w->log_path, err);
	return note(w, time_ms, bytes, length, err);
}

uint64_t log_writer_bytes(const struct log_writer *w)
{
	return w->bytes;
}

uint64_t log_writer_lines(const struct log_writer *w)
{
	return w->newlines + w->open_line;
}

int log_writer_free(struct log_writer *w, pipe_error *err)
{
	int rc;

	if (!w)
		return PIPE_OK;
	rc = w->failed ? PIPE_OK : flush_index(w, err);
	/* File systems over a network report a full disk here. */
	if (w->log >= 0 && close(w->log) < 0 && rc == PIPE_OK && !w->failed)
		rc = fail(w, w->log_path, err);
	w->log = -1;
	writer_drop(w);
	return rc;
}
