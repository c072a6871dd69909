/*
 * HTTP for those who move files (registries, uploads): a body is sent from a descriptor or taken piece by piece as it comes, nothing is
 * held whole, redirects are the caller's to follow (who then decides what goes along), and what may be repeated is told from what may
 * not.  One transfer keeps its connections for the next.  libcurl is loaded when first needed.
 */
#ifndef RUNNER_NET_TRANSFER_H
#define RUNNER_NET_TRANSFER_H

#include "runner/net/exchange.h"
#include <stdint.h>

struct transfer; /* one thread at a time */

/* The file as a part of multipart/form-data (RFC 7578). */
struct transfer_form {
	const char *field, *filename;
};

struct transfer_request {
	const char *url;		  /* http or https */
	const char *method;		  /* a token, which nobody checks here */
	const char *const *headers;	  /* "Name: value", NULL-terminated; or NULL */
	const char *content_type;	  /* of what is sent; NULL: none is named */
	const void *body;		  /* from memory; or NULL */
	const int *fd;			  /* from offset on, read by pread; or NULL */
	uint64_t offset, length;	  /* of what is sent, either way */
	const struct transfer_form *form; /* or NULL */
	const char *user, *password;	  /* Basic; or NULL */
	const char *bearer;		  /* or NULL */
	const char *ca_file;		  /* PEM, trusted beside the system's; or NULL */
	const char *certificate, *key;	  /* of this client, PEM; or NULL */
	bool insecure;			  /* certificates are not checked */
	int64_t idle_ms;		  /* without any progress */
	size_t max_bytes;		  /* of a body that is kept in the reply: more is an error */
	/* Takes the body of a 2xx answer piece by piece, in place of reply->body; reply has status and headers.  Anything but PIPE_OK ends
	 * it and is what transfer_perform returns.  NULL: the body is kept. */
	int (*take)(void *payload, const struct exchange_reply *reply, const char *bytes, size_t length, pipe_error *err);
	void *payload;
	const atomic_bool *cancel; /* looked at ten times a second; or NULL */
};

enum transfer_end {
	TRANSFER_ANSWERED, /* whatever the status */
	TRANSFER_LOST,	   /* no connection, or it broke: it may go better the next time */
	TRANSFER_FAILED	   /* it would fail again: a certificate, a limit, a cancel, take, no memory */
};

int transfer_create(struct transfer **out, pipe_error *err);
void transfer_free(struct transfer *t);
/* Blocking.  PIPE_OK: TRANSFER_ANSWERED.  Of an answer that is no 2xx at most 64 KiB are kept, and what is missing of the rest is no error.  The error's
 * sentence has no address in it.  reply: exchange_reply_init() once, exchange_reply_clear() at the end. */
int transfer_perform(struct transfer *t, const struct transfer_request *request, struct exchange_reply *reply,
		     enum transfer_end *end, pipe_error *err);

/* What the last answer's Retry-After asks for, in seconds; 0: nothing. */
int64_t transfer_retry_after(const struct transfer *t);

/* reference (RFC 3986, 4.1) as seen from base: an absolute http or https address without a fragment, the caller's to free().
 * PIPE_ENETWORK: it is none. */
int transfer_resolve(struct transfer *t, const char *base, const char *reference, char **out, pipe_error *err);
/* The same scheme, host and port: what is meant for the one may go to the other. */
bool transfer_same_origin(struct transfer *t, const char *a, const char *b);

#endif
