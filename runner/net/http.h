/* Getting a file over HTTP(S) through libcurl (loaded when first needed).   */
#ifndef RUNNER_HTTP_H
#define RUNNER_HTTP_H

#include "base/str.h"
#include "pipe.h"

struct http_get {
	const char *url; /* http or https only, also after redirects (at most 5) */
	uint32_t timeout_ms;
	uint64_t max_bytes;
	const char *etag;      /* If-None-Match; or NULL */
	const char *integrity; /* "sha256-BASE64": what comes must have it; or NULL */
};
struct http_reply {
	int status; /* 200, 304 */
	struct str body;
	char etag[128];
};
/* Blocking.  PIPE_ENETWORK says what happened with the address; PIPE_ELIMIT: too large. */
int http_get(const struct http_get *request, struct http_reply *reply, pipe_error *err);
void http_reply_clear(struct http_reply *reply);
/* Checks "sha256-…", "sha384-…", "sha512-…" (Subresource Integrity) of bytes. */
int integrity_check(const char *integrity, const void *bytes, size_t length, pipe_error *err);

#endif
