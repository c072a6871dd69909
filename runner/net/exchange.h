/*
 * HTTP exchanges for those who look at an answer rather than want a file (probes, hooks): any method, any status, headers and trailers,
 * how long it took, the certificate's end.  One exchange keeps its connection for the next.  libcurl is loaded when first needed.
 * A proxy that the environment names is used, but not for this machine's own addresses.
 */
#ifndef RUNNER_NET_EXCHANGE_H
#define RUNNER_NET_EXCHANGE_H

#include "base/str.h"
#include "pipe.h"
#include <stdatomic.h>
#include <stdbool.h>

struct exchange; /* one thread at a time */

struct exchange_request {
	const char *url;	    /* http or https */
	const char *method;	    /* a token (RFC 9110, 9.1), which nobody checks here; NULL: GET, or POST with a body */
	const char *const *headers; /* "Name: value", each one line, NULL-terminated; or NULL */
	const void *body;	    /* NULL: none */
	size_t body_length;
	const char *ca_file; /* PEM of all that are trusted; NULL: the system's */
	bool insecure;	     /* the certificate is not checked */
	bool follow;	     /* redirects, 10 at most, http and https only */
	bool http2;	     /* HTTP/2; without TLS by prior knowledge (RFC 9113, 3.3) */
	int64_t timeout_ms;
	size_t max_bytes;	   /* of the body: more is an error */
	const atomic_bool *cancel; /* looked at ten times a second; or NULL */
};

struct exchange_reply {
	long status;	    /* of the last answer */
	struct str headers; /* of the last answer, and its trailers: "name: value" lines, without the status line */
	struct str body;
	double ms;	 /* from the request's first step to the last byte */
	double tls_days; /* until the server's certificate ends; negative: not known */
};

int exchange_create(struct exchange **out, pipe_error *err);
/* Blocking.  PIPE_OK: there was an answer, whatever its status.  PIPE_ENETWORK: there was none, and why; also when cancelled. */
int exchange_perform(struct exchange *x, const struct exchange_request *request, struct exchange_reply *reply, pipe_error *err);
void exchange_free(struct exchange *x);

/* For those who carry out exchanges in their own way (transfer.h): adds a line as it came; a status line begins a new answer (after a
 * redirect, after "100 Continue").  false: no memory, or beyond the limit of reply->headers. */
enum { EXCHANGE_HEADERS_MAX = 256 * 1024 };
bool exchange_reply_line(struct exchange_reply *reply, const char *line, size_t length);
/* Is the address on the loopback?  A proxy of the environment has no way back to this machine. */
bool exchange_is_this_machine(const char *url);

void exchange_reply_init(struct exchange_reply *reply);
void exchange_reply_clear(struct exchange_reply *reply);
/* The value of a header (name in any case): the first one where *value is NULL, else the one behind *value and *length.  false: there
 * is none. */
bool exchange_header(const struct exchange_reply *reply, const char *name, const char **value, size_t *length);

#endif
