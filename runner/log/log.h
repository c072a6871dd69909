/*
 * A job's log: an append-only file of its output as it came, and beside it an index of (offset, line, time) records, one a piece
 * that was read, so that any line and its time are found with a binary search.  Written while the job runs; some time
 * after it has ended, a log beyond LOG_COMPRESS_FROM is rewritten as zstd frames of LOG_FRAME bytes that can be read one by one (with
 * the frame table at the end), so that any line of a 1 GB log opens at once.
 *
 * Nothing is created until the first byte comes.  A log cut anywhere (a killed process) is read up to its last whole record.
 */
#ifndef RUNNER_LOG_H
#define RUNNER_LOG_H

#include "pipe.h"
#include <stdatomic.h>
#include <stdbool.h>

enum { LOG_FRAME = 1 << 20, LOG_COMPRESS_FROM = 1 << 20 };

struct log_writer;

/* path without suffix: "<run>/<job>"; ".log" and ".idx" are added.  Nothing is opened yet.  append: goes on with what is there. */
int log_writer_create(struct log_writer **out, const char *path, bool append, pipe_error *err);
/* Appends (secrets already masked).  PIPE_EIO: the disk is full or gone; err says so once, further calls fail at once. */
int log_write(struct log_writer *w, int64_t time_ms, const char *bytes, size_t length, pipe_error *err);
uint64_t log_writer_bytes(const struct log_writer *w);
uint64_t log_writer_lines(const struct log_writer *w);
/* Ends the log (no compression); NULL is fine. */
int log_writer_free(struct log_writer *w, pipe_error *err);

/* Rewrites an ended log compressed, atomically; no-op for small or already compressed ones.  Blocking: call from a worker thread.
 * PIPE_EBUSY: it is being written, or *stop (may be NULL) became true; the log is as it was. */
int log_compress(const char *path, const atomic_bool *stop, pipe_error *err);

/* The same in two steps, for a log that somebody else may go on with.  *out NULL: there is nothing to compress. */
struct log_pack;
int log_pack_make(struct log_pack **out, const char *path, const atomic_bool *stop, pipe_error *err);
/* Takes the log's place: only where nobody can begin to write it meanwhile.  PIPE_EBUSY: it is not what was compressed any more. */
int log_pack_put(struct log_pack *p, pipe_error *err);
void log_pack_free(struct log_pack *p);

struct log_reader;
/* Opens plain or compressed.  PIPE_ENOTFOUND: the job wrote nothing (yet). */
int log_reader_open(struct log_reader **out, const char *path, pipe_error *err);
void log_reader_free(struct log_reader *r);
/* Goes to a line (from 1); past the end: to the end. */
int log_seek_line(struct log_reader *r, uint64_t line, pipe_error *err);
/* The next piece: up to size bytes; *length 0: the end for now (a growing log may have more later). */
int log_read(struct log_reader *r, char *buffer, size_t size, size_t *length, pipe_error *err);
/* The next whole line (without its newline) with the time at which it began; *text NULL: the end for now.  Lines beyond max bytes come
 * in pieces.  A last line without a newline is handed out once nobody has the log open for writing. */
int log_read_line(struct log_reader *r, int64_t *time_ms, const char **text, size_t *length, size_t max, pipe_error *err);
uint64_t log_reader_lines(const struct log_reader *r);

#endif
