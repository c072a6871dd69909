/*
 * Reading compressed logs frame by frame.  Nothing in such a file is believed: a table that does not fit the file, or a frame that
 * does not become what the table says, is an error.
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
#include <zstd.h>

struct log_frames {
	int fd;
	uint64_t count, bytes, lines;
	uint64_t table;	  /* offset of the first entry: frames end LOG_SKIPPABLE_HEADER before it */
	uint64_t current; /* the frame in `plain`; count: none */
	size_t plain_length;
	char *plain, *packed;
	ZSTD_DCtx *context;
};

static int damaged(pipe_error *err, const char *what)
{
	return error_set(err, PIPE_EIO, "the compressed log is damaged: %s", what);
}

void log_frames_free(struct log_frames *f)
{
	if (!f)
		return;
	close(f->fd);
	free(f->plain);
	free(f->packed);
	ZSTD_freeDCtx(f->context);
	free(f);
}

static int read_trailer(struct log_frames *f, pipe_error *err)
{
	char trailer[LOG_TRAILER], header[LOG_SKIPPABLE_HEADER];
	uint32_t magic, size;
	uint64_t length, room;
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return error_errno(err, PIPE_EIO, errno, "cannot read the log");
	length = (uint64_t)st.st_size;
	if (!S_ISREG(st.st_mode) || length < LOG_TRAILER + LOG_SKIPPABLE_HEADER)
		return damaged(err, "it has no end");
	if (log_pread(f->fd, trailer, sizeof(trailer), length - LOG_TRAILER) != LOG_TRAILER ||
	    memcmp(trailer + 24, LOG_TABLE_MAGIC, 8) != 0)
		return damaged(err, "it has no table");
	f->count = log_get(trailer);
	f->bytes = log_get(trailer + 8);
	f->lines = log_get(trailer + 16);
	room = length - LOG_TRAILER - LOG_SKIPPABLE_HEADER;
	if (f->count > room / LOG_ENTRY || f->bytes > INT64_MAX || f->count != (f->bytes + LOG_FRAME - 1) / LOG_FRAME)
		return damaged(err, "its table does not fit");
	f->table = length - LOG_TRAILER - f->count * LOG_ENTRY;
	if (log_pread(f->fd, header, sizeof(header), f->table - LOG_SKIPPABLE_HEADER) != LOG_SKIPPABLE_HEADER)
		return damaged(err, "its table cannot be read");
	magic = (uint32_t)log_get(header);
	size = (uint32_t)(log_get(header) >> 32);
	if (magic != LOG_SKIPPABLE || size != f->count * LOG_ENTRY + LOG_TRAILER)
		return damaged(err, "its table has no head");
	return PIPE_OK;
}

int log_frames_open(struct log_frames **out, int fd, pipe_error *err)
{
	struct log_frames *f = calloc(1, sizeof(*f));
	int rc;

	*out = NULL;
	if (!f) {
		close(fd);
		return error_nomem(err);
	}
	f->fd = fd;
	rc = read_trailer(f, err);
	f->current = f->count;
	if (rc != PIPE_OK) {
		log_frames_free(f);
		return rc;
	}
	*out = f;
	return PIPE_OK;
}

uint64_t log_frames_bytes(const struct log_frames *f)
{
	return f->bytes;
}

uint64_t log_frames_lines(const struct log_frames *f)
{
	return f->lines;
}

static bool read_entry(const struct log_frames *f, uint64_t i, uint64_t *offset, uint64_t *newlines)
{
	char entry[LOG_ENTRY];

	if (i == f->count) {
		*offset = f->table - LOG_SKIPPABLE_HEADER;
		*newlines = f->lines;
		return true;
	}
	if (log_pread(f->fd, entry, sizeof(entry), f->table + i * LOG_ENTRY) != LOG_ENTRY || log_get(entry + 8) != i * LOG_FRAME)
		return false;
	*offset = log_get(entry);
	*newlines = log_get(entry + 16);
	return true;
}

static int prepare(struct log_frames *f, pipe_error *err)
{
	if (!f->plain)
		f->plain = malloc(LOG_FRAME);
	if (!f->packed)
		f->packed = malloc(ZSTD_COMPRESSBOUND(LOG_FRAME));
	if (!f->context)
		f->context = ZSTD_createDCtx();
	return f->plain && f->packed && f->context ? PIPE_OK : error_nomem(err);
}

static int load_frame(struct log_frames *f, uint64_t i, pipe_error *err)
{
	uint64_t from, to, newlines, wanted = f->bytes - i * LOG_FRAME;
	size_t n;

	if (f->current == i)
		return PIPE_OK;
	f->current = f->count;
	if (prepare(f, err) != PIPE_OK)
		return PIPE_ENOMEM;
	if (!read_entry(f, i, &from, &newlines) || !read_entry(f, i + 1, &to, &newlines) || from >= to ||
	    to > f->table - LOG_SKIPPABLE_HEADER || to - from > ZSTD_COMPRESSBOUND(LOG_FRAME))
		return damaged(err, "its table is wrong");
	if (log_pread(f->fd, f->packed, (size_t)(to - from), from) != (ssize_t)(to - from))
		return damaged(err, "a frame is cut short");
	if (wanted > LOG_FRAME)
		wanted = LOG_FRAME;
	n = ZSTD_decompressDCtx(f->context, f->plain, LOG_FRAME, f->packed, (size_t)(to - from));
	if (ZSTD_isError(n) || n != wanted)
		return damaged(err, "a frame cannot be unpacked");
	f->plain_length = n;
	f->current = i;
	return PIPE_OK;
}

int log_frames_read(struct log_frames *f, uint64_t offset, char *buffer, size_t size, size_t *length, pipe_error *err)
{
	size_t at, n;
	int rc;

	*length = 0;
	if (offset >= f->bytes)
		return PIPE_OK;
	rc = load_frame(f, offset / LOG_FRAME, err);
	if (rc != PIPE_OK)
		return rc;
	at = (size_t)(offset % LOG_FRAME);
	n = f->plain_length - at < size ? f->plain_length - at : size;
	memcpy(buffer, f->plain + at, n);
	*length = n;
	return PIPE_OK;
}

int log_frames_find(struct log_frames *f, uint64_t newlines, uint64_t *offset, uint64_t *before, pipe_error *err)
{
	uint64_t low = 0, high = f->count, at, n;

	*offset = *before = 0;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (!read_entry(f, middle, &at, &n))
			return damaged(err, "its table is wrong");
		if (n < newlines) {
			*offset = middle * LOG_FRAME;
			*before = n;
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return PIPE_OK;
}
