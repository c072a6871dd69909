/*
 * What a log looks like on disk; shared by the files of this room.
 *
 *   PATH.log      the output as it came
 *   PATH.idx      LOG_INDEX_MAGIC (padded to a record), then records: how many newlines stand before an offset, and when the bytes from
 *                 there on came.  It may end earlier than the log: the rest is counted.
 *   PATH.log.zst  instead of PATH.log: zstd frames of LOG_FRAME bytes each (the last one shorter), then a skippable frame with the
 *                 table: an entry for each frame, and a trailer.  zstdcat reads it.
 *
 * All numbers are 64-bit, little-endian.
 */
#ifndef RUNNER_LOG_FORMAT_H
#define RUNNER_LOG_FORMAT_H

#include "pipe.h"
#include "runner/log/log.h"
#include <stdbool.h>
#include <sys/types.h>

#define LOG_INDEX_MAGIC "PIPEIDX1"
#define LOG_TABLE_MAGIC "PIPELOG1"

enum {
	LOG_RECORD = 24,  /* bytes of a record of the index: offset, newlines, time */
	LOG_ENTRY = 24,	  /* of the frame table: offset in the file, offset in the log, newlines before it */
	LOG_TRAILER = 32, /* frames, bytes of the log, its lines, LOG_TABLE_MAGIC */
	LOG_SKIPPABLE_HEADER = 8,
	LOG_RECORD_EVERY = 65536 /* bytes of log from which on a record of its own is due, whatever the time */
};
#define LOG_SKIPPABLE 0x184D2A5BU /* one of zstd's magic numbers for what it is to skip */

struct log_record {
	uint64_t offset, newlines;
	int64_t time_ms;
};

void log_put(char *at, uint64_t number);
uint64_t log_get(const char *at);
struct log_record log_record_get(const char *at);
void log_record_put(char *at, const struct log_record *record);

/* path + suffix, the caller's to free(). */
char *log_name(const char *path, const char *suffix);
uint64_t log_count_newlines(const char *bytes, size_t length);
/* Behind the nth newline (from 1) of the bytes, which hold that many. */
size_t log_after_newline(const char *bytes, size_t length, uint64_t n);
/* Writes all of it; false: errno says why. */
bool log_write_all(int fd, const char *bytes, size_t length);
/* Reads up to size bytes at an offset, fewer only at the end; -1: errno. */
ssize_t log_pread(int fd, char *buffer, size_t size, uint64_t offset);
/* Is somebody writing it?  A writer holds a lock as long as it lives. */
bool log_is_being_written(int fd);
/* How much of an index's records (without the magic) fits a log of that size: 0 for what is no index. */
uint64_t log_index_count(int fd, uint64_t log_size);
bool log_index_read(int fd, uint64_t i, struct log_record *out);
/* What there is of a log: bytes, newlines, the first counted from the index's last record on. */
bool log_measure(int log, int index, uint64_t *bytes, uint64_t *newlines, uint64_t *records, bool *open_line);

/* ---- compressed logs (log_frame.c) ---- */

struct log_frames;
/* fd is taken over, also on failure. */
int log_frames_open(struct log_frames **out, int fd, pipe_error *err);
void log_frames_free(struct log_frames *f);
uint64_t log_frames_bytes(const struct log_frames *f);
uint64_t log_frames_lines(const struct log_frames *f);
/* Up to size bytes at an offset, 0 only at the end. */
int log_frames_read(struct log_frames *f, uint64_t offset, char *buffer, size_t size, size_t *length, pipe_error *err);
/* The start of the last frame with fewer than that many newlines before it. */
int log_frames_find(struct log_frames *f, uint64_t newlines, uint64_t *offset, uint64_t *before, pipe_error *err);

#endif
