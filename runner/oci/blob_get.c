/*
 * A blob into a file.  Invariant: the first `have` bytes of the file are those that have been hashed; what turns out not to be the blob is
 * cut off before the call ends, so that nobody goes on from it.
 */
#include "base/error.h"
#include "runner/files/beneath.h"
#include "runner/files/digest.h"
#include "runner/oci/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 * 1024, PROGRESS = 1 << 20 };

struct download {
	struct registry *r;
	struct registry_call call;
	const char *digest;
	int fd;
	uint64_t max, have;
	struct digest *hash;
	bool begun;   /* the answer under way has been looked at */
	bool resumed; /* the file was not written in one go */
};

/* ---- the file ---- */

static int new_hash(struct download *d, pipe_error *err)
{
	char algorithm[16];

	digest_free(d->hash);
	d->hash = NULL;
	return digest_create(&d->hash, registry_algorithm(d->digest, algorithm), err);
}

static int empty(struct download *d, pipe_error *err)
{
	d->have = 0;
	d->resumed = false;
	if (ftruncate(d->fd, 0))
		return error_errno(err, PIPE_EIO, errno, "cannot empty the file for %.20s...", d->digest);
	return new_hash(d, err);
}

static int hash_beginning(struct download *d, uint64_t length, pipe_error *err)
{
	char bytes[PIECE];

	for (d->have = 0; d->have < length;) {
		uint64_t left = length - d->have;
		ssize_t n = pread(d->fd, bytes, left < sizeof(bytes) ? (size_t)left : sizeof(bytes), (off_t)d->have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, PIPE_EIO, errno, "cannot read the beginning of %.20s...", d->digest);
		if (!n)
			break;
		digest_add(d->hash, bytes, (size_t)n);
		d->have += (uint64_t)n;
	}
	return PIPE_OK;
}

static int is_right(struct download *d, bool *right, pipe_error *err)
{
	char hex[DIGEST_TEXT];
	int rc = digest_hex(d->hash, hex, err);

	*right = rc == PIPE_OK && !strcmp(hex, strchr(d->digest, ':') + 1);
	return rc;
}

/* What is there already; *whole: nothing is missing. */
static int look_at_file(struct download *d, bool *whole, pipe_error *err)
{
	struct stat st;
	int rc;

	*whole = false;
	if (fstat(d->fd, &st))
		return error_errno(err, PIPE_EIO, errno, "cannot look at the file for %.20s...", d->digest);
	if (!st.st_size || (uint64_t)st.st_size > d->max)
		return empty(d, err);
	rc = new_hash(d, err);
	if (rc == PIPE_OK)
		rc = hash_beginning(d, (uint64_t)st.st_size, err);
	if (rc == PIPE_OK)
		rc = is_right(d, whole, err);
	if (rc || *whole)
		return rc;
	rc = new_hash(d, err); /* a hash that has been ended cannot be gone on with */
	d->resumed = true;
	return rc ? rc : hash_beginning(d, d->have, err);
}

/* ---- an answer ---- */

/* "bytes 100-199/200": does it go on where we are? */
static bool goes_on(const struct download *d, const struct exchange_reply *reply)
{
	char range[128];

	return registry_header(reply, "Content-Range", range, sizeof(range)) && !strncasecmp(range, "bytes ", 6) &&
	       strtoull(range + 6, NULL, 10) == d->have;
}

static int begin(struct download *d, const struct exchange_reply *reply, pipe_error *err)
{
	char length[32];
	int rc = PIPE_OK;

	d->begun = true;
	if (reply->status == 206 && !goes_on(d, reply))
		return error_set(err, PIPE_ENETWORK, "another part came than the one that was asked for");
	if (reply->status != 206)
		rc = empty(d, err);
	if (rc == PIPE_OK && registry_header(reply, "Content-Length", length, sizeof(length)) &&
	    strtoull(length, NULL, 10) > d->max - d->have)
		rc = error_set(err, PIPE_ELIMIT, "it is larger than %llu bytes", (unsigned long long)d->max);
	if (rc == PIPE_OK && lseek(d->fd, (off_t)d->have, SEEK_SET) < 0)
		rc = error_errno(err, PIPE_EIO, errno, "cannot write the file");
	return rc;
}

static int take(void *payload, const struct exchange_reply *reply, const char *bytes, size_t length, pipe_error *err)
{
	struct download *d = payload;
	int rc = d->begun ? PIPE_OK : begin(d, reply, err);

	if (rc)
		return rc;
	if (length > d->max - d->have)
		return error_set(err, PIPE_ELIMIT, "it is larger than %llu bytes", (unsigned long long)d->max);
	if (fd_write_all(d->fd, bytes, length))
		return error_errno(err, PIPE_EIO, errno, "cannot write the file");
	digest_add(d->hash, bytes, length);
	d->have += length;
	return PIPE_OK;
}

/* ---- attempts ---- */

enum outcome { DONE, AGAIN, OVER };

static int ask(struct download *d, struct exchange_reply *reply, pipe_error *err)
{
	char range[64];
	const char *const headers[] = { range, NULL };

	snprintf(range, sizeof(range), "Range: bytes=%llu-", (unsigned long long)d->have);
	d->call.headers = d->have ? headers : NULL;
	d->begun = false;
	return registry_call(d->r, &d->call, reply, err);
}

/* The file has been written to in part, if at all: what is to be done next. */
static enum outcome attempt(struct download *d, struct exchange_reply *reply, int *rc, pipe_error *err)
{
	*rc = ask(d, reply, err);
	if (*rc)
		return d->call.lost ? AGAIN : OVER;
	if (reply->status == 200 || reply->status == 206) {
		if (!d->begun) /* an empty body */
			*rc = begin(d, reply, err);
		return *rc ? OVER : DONE;
	}
	*rc = registry_refused(d->r, &d->call, reply, err);
	if (reply->status == 416 && d->have)
		return empty(d, err) ? OVER : AGAIN;
	return reply->status >= 500 ? AGAIN : OVER;
}

/* Attempts count as long as they bring little. */
static int fetch(struct download *d, struct exchange_reply *reply, pipe_error *err)
{
	uint64_t before = d->have;
	unsigned tried = 0;
	int rc;

	while (attempt(d, reply, &rc, err) == AGAIN) {
		bool brought = d->have > before && d->have - before >= PROGRESS;
		tried = brought ? 0 : tried + 1;
		before = d->have;
		d->resumed = d->have > 0;
		if (tried > d->r->options.retries)
			return rc;
		if (registry_wait(d->r, registry_pause(tried)))
			return registry_failed(d->r, &d->call, PIPE_ENETWORK, err, "cancelled");
	}
	return rc;
}

/* A beginning that was there may have been another's: what it makes wrong is fetched once more from the start. */
static int fetch_right(struct download *d, pipe_error *err)
{
	struct exchange_reply reply;
	bool right = false;
	int rc;

	exchange_reply_init(&reply);
	do {
		bool resumed;
		rc = fetch(d, &reply, err);
		resumed = d->resumed;
		if (rc == PIPE_OK)
			rc = is_right(d, &right, err);
		if (rc || right)
			break;
		rc = resumed ? empty(d, err)
			     : registry_failed(d->r, &d->call, PIPE_EPIPELINE, err, "what came is not what its digest says");
	} while (rc == PIPE_OK);
	exchange_reply_clear(&reply);
	return rc;
}

int registry_get_blob(struct registry *r, const char *repository, const char *digest, uint64_t max_bytes, int fd, pipe_error *err)
{
	char path[160];
	struct download d = { .r = r,
			      .call = { .what = "get the blob",
					.repository = repository,
					.reference = digest,
					.actions = "pull",
					.method = "GET",
					.path = path,
					.take = take,
					.once = true },
			      .digest = digest,
			      .fd = fd,
			      .max = max_bytes };
	int rc = registry_check_names(repository, digest, err);
	bool whole;

	if (rc == PIPE_OK && !oci_digest_valid(digest))
		rc = error_set(err, PIPE_EUSAGE, "\"%.100s\" is no digest", digest);
	if (rc)
		return rc;
	d.call.payload = &d;
	snprintf(path, sizeof(path), "blobs/%s", digest);
	rc = look_at_file(&d, &whole, err);
	if (rc == PIPE_OK && !whole)
		rc = fetch_right(&d, err);
	if ((rc == PIPE_EPIPELINE || rc == PIPE_ELIMIT) && ftruncate(fd, 0))
		rc = error_errno(err, PIPE_EIO, errno, "cannot empty the file for %.20s...", digest);
	digest_free(d.hash);
	return rc;
}
