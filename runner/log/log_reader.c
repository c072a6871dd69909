/*
 * Reading a log, plain or compressed, growing or ended, whole or cut.  The log's bytes are the truth; the index only says where to
 * start looking and when things were said, so a wrong one makes wrong times, never a failure.
 */
#include "base/error.h"
#include "runner/log/log_format.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CACHED = 128, BUFFER_FIRST = 64 * 1024, LINE_MOST = 1 << 30 };

struct log_reader {
	int log;		   /* plain; -1: compressed */
	struct log_frames *frames; /* or NULL */
	int index;		   /* -1: none */
	char *index_path;
	uint64_t records; /* valid ones of the index, when last looked */
	uint64_t offset;  /* of the next byte to hand out */
	char *buffer;	  /* for lines: [buffered, buffered + filled) of the log */
	size_t capacity, filled;
	uint64_t buffered;
	char cache[CACHED * LOG_RECORD]; /* of the index, from record cache_from on */
	uint64_t cache_from;
	size_t cache_count;
};

/* ---- opening ---- */

static int open_file(const char *name, int *fd, pipe_error *err)
{
	struct stat st;

	/* Not blocking: should it be a FIFO, it is refused, not waited for. */
	*fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0)
		return errno == ENOENT ? PIPE_ENOTFOUND : error_errno(err, PIPE_EIO, errno, "cannot read %s", name);
	if (fstat(*fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(*fd);
		*fd = -1;
		return error_set(err, PIPE_EIO, "%s is not a file", name);
	}
	return PIPE_OK;
}

static int open_either(struct log_reader *r, const char *path, pipe_error *err)
{
	char *plain = log_name(path, ".log"), *packed = log_name(path, ".log.zst");
	int fd, rc = plain && packed ? PIPE_OK : error_nomem(err);

	if (rc == PIPE_OK)
		rc = open_file(plain, &r->log, err);
	if (rc == PIPE_ENOTFOUND) {
		rc = open_file(packed, &fd, err);
		if (rc == PIPE_OK)
			rc = log_frames_open(&r->frames, fd, err);
		else if (rc == PIPE_ENOTFOUND)
			error_set(err, rc, "there is no log");
	}
	free(plain);
	free(packed);
	return rc;
}

static uint64_t size_now(const struct log_reader *r)
{
	struct stat st;

	if (r->frames)
		return log_frames_bytes(r->frames);
	return fstat(r->log, &st) < 0 ? 0 : (uint64_t)st.st_size;
}

/* The index of a growing log grows as well, and may come later than the log. */
static void refresh_index(struct log_reader *r)
{
	if (r->index < 0)
		r->index = open(r->index_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	r->records = log_index_count(r->index, size_now(r));
}

int log_reader_open(struct log_reader **out, const char *path, pipe_error *err)
{
	struct log_reader *r = calloc(1, sizeof(*r));
	int rc;

	*out = NULL;
	if (!r)
		return error_nomem(err);
	r->log = r->index = -1;
	r->index_path = log_name(path, ".idx");
	rc = r->index_path ? open_either(r, path, err) : error_nomem(err);
	if (rc != PIPE_OK) {
		log_reader_free(r);
		return rc;
	}
	refresh_index(r);
	*out = r;
	return PIPE_OK;
}

void log_reader_free(struct log_reader *r)
{
	if (!r)
		return;
	log_frames_free(r->frames);
	if (r->log >= 0)
		close(r->log);
	if (r->index >= 0)
		close(r->index);
	free(r->index_path);
	free(r->buffer);
	free(r);
}

/* ---- bytes ---- */

static int read_at(struct log_reader *r, uint64_t offset, char *buffer, size_t size, size_t *length, pipe_error *err)
{
	ssize_t n;

	*length = 0;
	if (r->frames)
		return log_frames_read(r->frames, offset, buffer, size, length, err);
	n = log_pread(r->log, buffer, size, offset);
	if (n < 0)
		return error_errno(err, PIPE_EIO, errno, "cannot read the log");
	*length = (size_t)n;
	return PIPE_OK;
}

int log_read(struct log_reader *r, char *buffer, size_t size, size_t *length, pipe_error *err)
{
	int rc = read_at(r, r->offset, buffer, size, length, err);

	r->offset += *length;
	return rc;
}

/* ---- the index ---- */

/* The last record for which before(record, key); -1: there is none. */
static int64_t last_record(struct log_reader *r, bool (*before)(const struct log_record *, uint64_t), uint64_t key,
			   struct log_record *found)
{
	uint64_t low = 0, high = r->records;
	struct log_record one;
	int64_t at = -1;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (log_index_read(r->index, middle, &one) && before(&one, key)) {
			*found = one;
			at = (int64_t)middle;
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return at;
}

static bool has_fewer_newlines(const struct log_record *r, uint64_t newlines)
{
	return r->newlines < newlines;
}

static bool is_not_behind(const struct log_record *r, uint64_t offset)
{
	return r->offset <= offset;
}

/* Where to start counting to find that many newlines. */
static int find_start(struct log_reader *r, uint64_t newlines, uint64_t *offset, uint64_t *before, pipe_error *err)
{
	struct log_record record = { 0, 0, 0 };
	uint64_t size;

	if (r->frames)
		return log_frames_find(r->frames, newlines, offset, before, err);
	refresh_index(r);
	last_record(r, has_fewer_newlines, newlines, &record);
	size = size_now(r);
	/* Only a damaged index says such a thing. */
	if (record.offset > size || record.newlines > record.offset)
		record = (struct log_record){ 0, 0, 0 };
	*offset = record.offset;
	*before = record.newlines;
	return PIPE_OK;
}

int log_seek_line(struct log_reader *r, uint64_t line, pipe_error *err)
{
	uint64_t wanted = line ? line - 1 : 0, offset = 0, passed = 0;
	char *piece;
	size_t n;
	int rc;

	rc = wanted ? find_start(r, wanted, &offset, &passed, err) : PIPE_OK;
	if (rc != PIPE_OK)
		return rc;
	piece = malloc(BUFFER_FIRST);
	if (!piece)
		return error_nomem(err);
	while (passed < wanted && (rc = read_at(r, offset, piece, BUFFER_FIRST, &n, err)) == PIPE_OK && n) {
		uint64_t here = log_count_newlines(piece, n);
		if (passed + here >= wanted)
			n = log_after_newline(piece, n, wanted - passed);
		passed += here;
		offset += n;
	}
	free(piece);
	if (rc == PIPE_OK)
		r->offset = offset;
	return rc;
}

/* ---- times ---- */

static bool load_cache(struct log_reader *r, uint64_t from)
{
	ssize_t n = r->index < 0 ? 0 : log_pread(r->index, r->cache, sizeof(r->cache), (from + 1) * LOG_RECORD);

	r->cache_from = from;
	r->cache_count = n < 0 ? 0 : (size_t)n / LOG_RECORD;
	if (from + r->cache_count > r->records)
		r->cache_count = r->records > from ? (size_t)(r->records - from) : 0;
	return r->cache_count > 0;
}

/* In the cache: the time of the last record that is not behind the offset; false: the answer may lie outside of it. */
static bool time_in_cache(struct log_reader *r, uint64_t offset, int64_t *time_ms)
{
	size_t low = 0, high = r->cache_count;

	if (!high || log_record_get(r->cache).offset > offset)
		return false;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (log_record_get(r->cache + middle * LOG_RECORD).offset <= offset)
			low = middle;
		else
			high = middle;
	}
	*time_ms = log_record_get(r->cache + low * LOG_RECORD).time_ms;
	return low + 1 < r->cache_count || r->cache_from + r->cache_count == r->records;
}

/* When the byte at the offset came. */
static int64_t time_of(struct log_reader *r, uint64_t offset)
{
	struct log_record record;
	struct stat st;
	int64_t at, time_ms = 0;

	if (time_in_cache(r, offset, &time_ms))
		return time_ms;
	at = last_record(r, is_not_behind, offset, &record);
	if (at >= 0 && load_cache(r, (uint64_t)at))
		return record.time_ms;
	/* No index yet: the first lines of a log that has just begun. */
	if (r->log >= 0 && fstat(r->log, &st) == 0)
		time_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	return time_ms;
}

/* ---- lines ---- */

/* More of the log into the buffer, behind what is there; *more false: nothing came. */
static int fill(struct log_reader *r, size_t most, bool *more, pipe_error *err)
{
	size_t n, skip;
	char *grown;
	int rc;

	*more = false;
	if (r->offset < r->buffered || r->offset > r->buffered + r->filled)
		r->filled = 0;
	skip = r->filled ? (size_t)(r->offset - r->buffered) : 0;
	memmove(r->buffer, r->buffer + skip, r->filled - skip);
	r->filled -= skip;
	r->buffered = r->offset;
	if (r->filled == r->capacity && r->capacity < most) {
		size_t capacity = r->capacity * 2 < most ? r->capacity * 2 : most;
		grown = realloc(r->buffer, capacity);
		if (!grown)
			return error_nomem(err);
		r->buffer = grown;
		r->capacity = capacity;
	}
	rc = read_at(r, r->buffered + r->filled, r->buffer + r->filled, r->capacity - r->filled, &n, err);
	r->filled += n;
	*more = n > 0;
	if (n && !r->frames)
		refresh_index(r);
	return rc;
}

/* What is buffered from the current offset on. */
static const char *view(const struct log_reader *r, size_t *length)
{
	if (!r->buffer || r->offset < r->buffered || r->offset - r->buffered >= r->filled) {
		*length = 0;
		return r->buffer;
	}
	*length = r->filled - (size_t)(r->offset - r->buffered);
	return r->buffer + (r->offset - r->buffered);
}

static void hand_out(struct log_reader *r, const char *from, size_t n, size_t skip, int64_t *time_ms, const char **text,
		     size_t *length)
{
	*time_ms = time_of(r, r->offset);
	*text = from;
	*length = n;
	r->offset += n + skip;
}

/* Makes the buffer there is at least as large as a first piece. */
static int prepare(struct log_reader *r, pipe_error *err)
{
	if (r->buffer)
		return PIPE_OK;
	r->buffer = malloc(BUFFER_FIRST);
	if (!r->buffer)
		return error_nomem(err);
	r->capacity = BUFFER_FIRST;
	return PIPE_OK;
}

/* The next line, or piece of a long one, of what is buffered; *seen: so much of it has no newline. */
static bool line_there(struct log_reader *r, size_t max, size_t *seen, int64_t *time_ms, const char **text, size_t *length)
{
	const char *from, *newline;
	size_t there;

	from = view(r, &there);
	if (there > max + 1)
		there = max + 1;
	newline = there > *seen ? memchr(from + *seen, '\n', there - *seen) : NULL;
	*seen = there;
	if (newline)
		hand_out(r, from, (size_t)(newline - from), 1, time_ms, text, length);
	else if (there > max)
		hand_out(r, from, max, 0, time_ms, text, length);
	else
		return false;
	return true;
}

int log_read_line(struct log_reader *r, int64_t *time_ms, const char **text, size_t *length, size_t max, pipe_error *err)
{
	bool more, ended = false;
	size_t seen = 0, there;
	const char *from;
	int rc = prepare(r, err);

	*text = NULL;
	*length = 0;
	*time_ms = 0;
	max = max < 1 ? 1 : max > LINE_MOST ? LINE_MOST : max;
	while (rc == PIPE_OK) {
		if (line_there(r, max, &seen, time_ms, text, length))
			return PIPE_OK;
		rc = fill(r, max + 1, &more, err);
		if (rc != PIPE_OK || more)
			continue;
		if (!ended && r->log >= 0) {
			/* The end for now.  A last line without its newline is whole when nobody writes any more, and what was written
			 * before the writer went has been read. */
			if (log_is_being_written(r->log))
				return PIPE_OK;
			ended = true;
			continue;
		}
		from = view(r, &there);
		if (there)
			hand_out(r, from, there, 0, time_ms, text, length);
		return PIPE_OK;
	}
	return rc;
}

uint64_t log_reader_lines(const struct log_reader *r)
{
	uint64_t bytes, newlines, records;
	bool open_line;

	if (r->frames)
		return log_frames_lines(r->frames);
	return log_measure(r->log, r->index, &bytes, &newlines, &records, &open_line) ? newlines + open_line : 0;
}
