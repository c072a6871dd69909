/*
 * Making compressed logs.  The new file is written beside the log under a name of its own, so that two who do it at once do not meet,
 * and takes its place whole or not at all.
 */
#include "base/error.h"
#include "base/str.h"
#include "runner/log/log_format.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

enum { LEVEL = 3 };

struct log_pack {
	int from, to; /* -1: not open */
	char *plain_path, *packed_path, *temporary;
	bool made; /* temporary is there */
	struct stat log;
	const atomic_bool *stop;
	char *plain, *packed;
	ZSTD_CCtx *context;
	struct str table;
	uint64_t frames, bytes, newlines, written;
	bool open_line;
};

/* ---- frames ---- */

static int prepare(struct log_pack *p, pipe_error *err)
{
	p->plain = malloc(LOG_FRAME);
	p->packed = malloc(ZSTD_COMPRESSBOUND(LOG_FRAME));
	p->context = ZSTD_createCCtx();
	if (!p->plain || !p->packed || !p->context)
		return error_nomem(err);
	ZSTD_CCtx_setParameter(p->context, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(p->context, ZSTD_c_checksumFlag, 1);
	return PIPE_OK;
}

static int pack_frame(struct log_pack *p, size_t length, pipe_error *err)
{
	size_t n = ZSTD_compress2(p->context, p->packed, ZSTD_COMPRESSBOUND(LOG_FRAME), p->plain, length);
	char entry[LOG_ENTRY];

	if (ZSTD_isError(n))
		return error_set(err, PIPE_EIO, "cannot compress the log: %s", ZSTD_getErrorName(n));
	log_put(entry, p->written);
	log_put(entry + 8, p->bytes);
	log_put(entry + 16, p->newlines);
	str_add(&p->table, entry, sizeof(entry));
	if (!log_write_all(p->to, p->packed, n))
		return error_errno(err, PIPE_EIO, errno, "cannot write the compressed log");
	p->frames++;
	p->written += n;
	p->bytes += length;
	p->newlines += log_count_newlines(p->plain, length);
	p->open_line = p->plain[length - 1] != '\n';
	return PIPE_OK;
}

static int pack_table(struct log_pack *p, pipe_error *err)
{
	char header[LOG_SKIPPABLE_HEADER], trailer[LOG_TRAILER];

	log_put(trailer, p->frames);
	log_put(trailer + 8, p->bytes);
	log_put(trailer + 16, p->newlines + p->open_line);
	memcpy(trailer + 24, LOG_TABLE_MAGIC, 8);
	str_add(&p->table, trailer, sizeof(trailer));
	if (p->table.failed)
		return error_nomem(err);
	if (p->table.length > UINT32_MAX)
		return error_set(err, PIPE_ELIMIT, "the log is too long to be compressed");
	log_put(header, LOG_SKIPPABLE | (uint64_t)p->table.length << 32);
	if (!log_write_all(p->to, header, sizeof(header)) || !log_write_all(p->to, p->table.data, p->table.length) ||
	    fdatasync(p->to) < 0)
		return error_errno(err, PIPE_EIO, errno, "cannot write the compressed log");
	return PIPE_OK;
}

static int pack(struct log_pack *p, pipe_error *err)
{
	int rc = prepare(p, err);

	while (rc == PIPE_OK) {
		ssize_t n;

		if (p->stop && atomic_load_explicit(p->stop, memory_order_relaxed))
			return error_set(err, PIPE_EBUSY, "there is no time to compress the log");
		n = log_pread(p->from, p->plain, LOG_FRAME, p->bytes);
		if (n < 0)
			return error_errno(err, PIPE_EIO, errno, "cannot read the log");
		if (n == 0)
			return pack_table(p, err);
		rc = pack_frame(p, (size_t)n, err);
	}
	return rc;
}

/* ---- the file ---- */

/* Is there a plain log worth the trouble?  Then p->from is open. */
static int open_plain(struct log_pack *p, bool *worth, pipe_error *err)
{
	*worth = false;
	p->from = open(p->plain_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (p->from < 0)
		return errno == ENOENT ? PIPE_OK : error_errno(err, PIPE_EIO, errno, "cannot read %s", p->plain_path);
	if (fstat(p->from, &p->log) < 0)
		return error_errno(err, PIPE_EIO, errno, "cannot read %s", p->plain_path);
	if (!S_ISREG(p->log.st_mode) || p->log.st_size < LOG_COMPRESS_FROM)
		return PIPE_OK;
	if (log_is_being_written(p->from))
		return error_set(err, PIPE_EBUSY, "%s is still being written", p->plain_path);
	*worth = true;
	return PIPE_OK;
}

static int open_temporary(struct log_pack *p, pipe_error *err)
{
	p->to = mkostemp(p->temporary, O_CLOEXEC);
	if (p->to < 0)
		return error_errno(err, PIPE_EIO, errno, "cannot write %s", p->temporary);
	p->made = true;
	if (fchmod(p->to, p->log.st_mode & 0777) < 0)
		return error_errno(err, PIPE_EIO, errno, "cannot write %s", p->temporary);
	return PIPE_OK;
}

int log_pack_make(struct log_pack **out, const char *path, const atomic_bool *stop, pipe_error *err)
{
	struct log_pack *p = calloc(1, sizeof(*p));
	bool worth = false;
	int rc;

	*out = NULL;
	if (!p)
		return error_nomem(err);
	p->from = p->to = -1;
	p->stop = stop;
	str_init(&p->table);
	p->plain_path = log_name(path, ".log");
	p->packed_path = log_name(path, ".log.zst");
	p->temporary = log_name(path, ".log.zst.XXXXXX"); /* recovery knows it by its ".zst." */
	rc = p->plain_path && p->packed_path && p->temporary ? open_plain(p, &worth, err) : error_nomem(err);
	if (rc == PIPE_OK && worth)
		rc = open_temporary(p, err);
	if (rc == PIPE_OK && worth)
		rc = pack(p, err);
	if (rc != PIPE_OK || !worth) {
		log_pack_free(p);
		return rc;
	}
	*out = p;
	return PIPE_OK;
}

static bool is_unchanged(const struct log_pack *p)
{
	struct stat now;

	return stat(p->plain_path, &now) == 0 && now.st_dev == p->log.st_dev && now.st_ino == p->log.st_ino &&
	       (uint64_t)now.st_size == p->bytes && now.st_size == p->log.st_size && !log_is_being_written(p->from);
}

int log_pack_put(struct log_pack *p, pipe_error *err)
{
	if (!is_unchanged(p))
		return error_set(err, PIPE_EBUSY, "%s has changed meanwhile", p->plain_path);
	/* Gone: who cleaned up behind a dead process took it for a leftover. */
	if (rename(p->temporary, p->packed_path) < 0)
		return error_errno(err, errno == ENOENT ? PIPE_EBUSY : PIPE_EIO, errno, "cannot write %s", p->packed_path);
	p->made = false;
	/* Readers look for the plain one first: at any time there is one of the two. */
	return unlink(p->plain_path) == 0 ? PIPE_OK : error_errno(err, PIPE_EIO, errno, "cannot remove %s", p->plain_path);
}

void log_pack_free(struct log_pack *p)
{
	if (!p)
		return;
	if (p->made)
		unlink(p->temporary);
	if (p->from >= 0)
		close(p->from);
	if (p->to >= 0)
		close(p->to);
	free(p->plain_path);
	free(p->packed_path);
	free(p->temporary);
	free(p->plain);
	free(p->packed);
	ZSTD_freeCCtx(p->context);
	str_clear(&p->table);
	free(p);
}

int log_compress(const char *path, const atomic_bool *stop, pipe_error *err)
{
	struct log_pack *p;
	int rc = log_pack_make(&p, path, stop, err);

	if (p)
		rc = log_pack_put(p, err);
	log_pack_free(p);
	return rc;
}
