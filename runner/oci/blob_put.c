/*
 * A file as a blob: looked for first, then sent in pieces to an upload session, which can be asked how far it got when the connection
 * breaks, and closed with the digest, which the registry checks (OCI distribution spec 1.1, "Pushing blobs").  A registry that wants no
 * pieces gets it in one.  Invariant: the blob is there, whole, or it is not there at all.
 */
#include "base/error.h"
#include "runner/oci/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 32 << 20, PROGRESS = 1 << 20 };

struct upload {
	struct registry *r;
	struct registry_call call;
	const char *digest;
	const int *fd;
	uint64_t length;
	char *session; /* where the next piece goes; NULL: there is none */
	uint64_t at;   /* bytes that the registry has */
	uint64_t chunk;
	bool whole;	 /* in one piece, with the digest */
	unsigned begun;	 /* sessions */
	unsigned losses; /* since there was progress */
	struct exchange_reply reply;
};

/* What a step ends with; the error's sentence is there where it is FAILED or may become so. */
enum step { GOES_ON, LOST, BEGIN_ANEW, IN_ONE, DONE, FAILED };

static struct registry_call call_of(const struct upload *u, const char *what, const char *method, const char *url)
{
	return (struct registry_call){ .what = what,
				       .repository = u->call.repository,
				       .reference = u->digest,
				       .actions = "pull,push",
				       .method = method,
				       .url = url,
				       .max_bytes = REGISTRY_JSON_MAX,
				       .once = true };
}

/* ---- is it there? ---- */

static int look(struct upload *u, bool *there, pipe_error *err)
{
	struct registry_call c = call_of(u, "look for the blob", "HEAD", NULL);
	char path[160];
	int rc;

	snprintf(path, sizeof(path), "blobs/%s", u->digest);
	c.path = path;
	c.once = false;
	rc = registry_call(u->r, &c, &u->reply, err);
	*there = rc == PIPE_OK && u->reply.status == 200;
	if (rc || *there || u->reply.status == 404)
		return rc;
	return registry_refused(u->r, &c, &u->reply, err);
}

/* ---- the session ---- */

/* Each answer names where the next request goes. */
static enum step take_location(struct upload *u, struct registry_call *c, int *rc, pipe_error *err)
{
	char location[8192], *next;
	pipe_error why = { 0 };

	if (!registry_header(&u->reply, "Location", location, sizeof(location))) {
		if (u->session)
			return GOES_ON;
		*rc = registry_failed(u->r, c, PIPE_ENETWORK, err, "the registry does not say where to send it");
		return FAILED;
	}
	*rc = transfer_resolve(u->r->transfer, u->session ? u->session : u->r->base, location, &next, &why);
	if (*rc) {
		*rc = registry_failed(u->r, c, *rc, err, "%s", why.text);
		return FAILED;
	}
	if (u->r->base == u->r->https && !u->r->options.insecure && strncmp(next, "https:", 6) != 0) {
		free(next);
		*rc = registry_failed(u->r, c, PIPE_ENETWORK, err, "the registry wants it sent to an address without TLS");
		return FAILED;
	}
	free(u->session);
	u->session = next;
	return GOES_ON;
}

static enum step begin(struct upload *u, int *rc, pipe_error *err)
{
	struct registry_call c = call_of(u, "begin to send the blob", "POST", NULL);
	char least[32];
	enum step step;

	c.path = "blobs/uploads/";
	c.once = false;
	free(u->session);
	u->session = NULL;
	u->at = 0;
	*rc = registry_call(u->r, &c, &u->reply, err);
	if (*rc == PIPE_OK && u->reply.status != 202)
		*rc = registry_refused(u->r, &c, &u->reply, err);
	if (*rc)
		return FAILED;
	step = take_location(u, &c, rc, err);
	u->chunk = CHUNK;
	if (registry_header(&u->reply, "OCI-Chunk-Min-Length", least, sizeof(least)) && strtoull(least, NULL, 10) > u->chunk)
		u->chunk = strtoull(least, NULL, 10);
	return step;
}

/* "0-N": N + 1 bytes are there; "0-0" is also said of none. */
static bool read_range(const struct upload *u, uint64_t *at)
{
	char range[64], *end;
	unsigned long long last;

	if (!registry_header(&u->reply, "Range", range, sizeof(range)))
		return false;
	end = strchr(range, '-');
	if (!end)
		return false;
	last = strtoull(end + 1, NULL, 10);
	*at = last ? (uint64_t)last + 1 : 0;
	return *at <= u->length;
}

/* How far it got. */
static enum step ask(struct upload *u, int *rc, pipe_error *err)
{
	struct registry_call c = call_of(u, "go on sending the blob", "GET", u->session);
	uint64_t before = u->at;
	pipe_error why = { 0 };

	c.once = false;
	if (registry_call(u->r, &c, &u->reply, &why)) {
		*rc = why.code;
		if (err)
			*err = why;
		return FAILED;
	}
	if (u->reply.status / 100 != 2 || !read_range(u, &u->at))
		return BEGIN_ANEW;
	if (u->at > before && u->at - before >= PROGRESS)
		u->losses = 0;
	return take_location(u, &c, rc, err);
}

/* ---- pieces ---- */

/* What is sent next is in the call already. */
static enum step send_piece(struct upload *u, struct registry_call *c, int *rc, pipe_error *err)
{
	*rc = registry_call(u->r, c, &u->reply, err);
	if (*rc)
		return c->lost ? LOST : FAILED;
	if (u->reply.status / 100 == 2)
		return GOES_ON;
	*rc = registry_refused(u->r, c, &u->reply, err);
	switch (u->reply.status) {
	case 404: /* it has forgotten the session */
		return BEGIN_ANEW;
	case 416: /* it has more, or less, than we think */
		return LOST;
	case 400:
	case 405:
	case 413:
	case 501:
		return u->whole ? FAILED : IN_ONE;
	default:
		return u->reply.status >= 500 && u->reply.status != 507 ? LOST : FAILED;
	}
}

static enum step patch(struct upload *u, int *rc, pipe_error *err)
{
	struct registry_call c = call_of(u, "send the blob", "PATCH", u->session);
	uint64_t left = u->length - u->at, n = left < u->chunk ? left : u->chunk, at;
	char range[80];
	const char *const headers[] = { range, NULL };
	enum step step;

	snprintf(range, sizeof(range), "Content-Range: %llu-%llu", (unsigned long long)u->at,
		 (unsigned long long)(u->at + n - 1));
	c.headers = headers;
	c.content_type = "application/octet-stream";
	c.fd = u->fd;
	c.offset = u->at;
	c.length = n;
	step = send_piece(u, &c, rc, err);
	if (step != GOES_ON)
		return step;
	u->losses = 0;
	u->at = read_range(u, &at) && at > u->at ? at : u->at + n;
	return take_location(u, &c, rc, err);
}

/* Closes the session; of a registry that takes no pieces with all of the bytes. */
static enum step put(struct upload *u, int *rc, pipe_error *err)
{
	struct registry_call c = call_of(u, "send the blob", "PUT", NULL);
	struct str url;
	enum step step;

	str_init(&url);
	str_printf(&url, "%s%cdigest=%s", u->session, strchr(u->session, '?') ? '&' : '?', u->digest);
	if (url.failed) {
		*rc = error_nomem(err);
		str_clear(&url);
		return FAILED;
	}
	c.url = url.data;
	c.content_type = "application/octet-stream";
	if (u->whole && u->length) {
		c.fd = u->fd;
		c.length = u->length;
	}
	step = send_piece(u, &c, rc, err);
	str_clear(&url);
	if (step == IN_ONE) /* not of a piece: the registry wants none of it */
		step = FAILED;
	if (step == FAILED && u->reply.status == 400 && strstr(u->reply.body.data, "DIGEST_INVALID"))
		*rc = registry_failed(u->r, &c, PIPE_EPIPELINE, err, "what was sent is not what its digest says");
	return step == GOES_ON ? DONE : step;
}

/* ---- the whole ---- */

/* A connection broke.  It may have done so after all was said, so that the blob is there; else the session is asked. */
static enum step recover(struct upload *u, int *rc, pipe_error *err)
{
	const pipe_error lost = err ? *err : (pipe_error){ .code = (enum pipe_code) * rc };
	bool there = false;

	if (u->losses++ >= u->r->options.retries)
		return FAILED;
	if (registry_wait(u->r, registry_pause(u->losses - 1))) {
		*rc = registry_failed(u->r, &u->call, PIPE_ENETWORK, err, "cancelled");
		return FAILED;
	}
	if (u->whole || u->at >= u->length) {
		*rc = look(u, &there, err);
		if (*rc)
			return FAILED;
		*rc = there ? PIPE_OK : lost.code;
		if (err)
			*err = lost;
		return there ? DONE : BEGIN_ANEW;
	}
	return ask(u, rc, err);
}

static enum step next(struct upload *u, int *rc, pipe_error *err)
{
	return u->whole || u->at >= u->length ? put(u, rc, err) : patch(u, rc, err);
}

/* rc holds the last failure, until it is made good. */
static int send_all(struct upload *u, pipe_error *err)
{
	enum step step = BEGIN_ANEW;
	int rc = PIPE_OK;

	while (step != DONE && step != FAILED) {
		if (step == IN_ONE)
			u->whole = true;
		if (step == LOST)
			step = recover(u, &rc, err);
		else if (step == GOES_ON)
			step = next(u, &rc, err);
		else if (u->begun++ <= u->r->options.retries)
			step = begin(u, &rc, err);
		else
			step = FAILED;
	}
	return step == DONE ? PIPE_OK : rc ? rc : registry_failed(u->r, &u->call, PIPE_ENETWORK, err, "it was begun too often");
}

int registry_put_blob(struct registry *r, const char *repository, const char *digest, int fd, uint64_t length, pipe_error *err)
{
	struct upload u = { .r = r,
			    .call = { .what = "send the blob", .repository = repository, .reference = digest },
			    .digest = digest,
			    .fd = &fd,
			    .length = length };
	bool there = false;
	int rc = registry_check_names(repository, digest, err);

	if (rc == PIPE_OK && !oci_digest_valid(digest))
		rc = error_set(err, PIPE_EUSAGE, "\"%.100s\" is no digest", digest);
	if (rc)
		return rc;
	exchange_reply_init(&u.reply);
	rc = look(&u, &there, err);
	if (rc == PIPE_OK && !there)
		rc = send_all(&u, err);
	exchange_reply_clear(&u.reply);
	free(u.session);
	return rc;
}
