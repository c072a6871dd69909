/*
 * Many HTTP exchanges at once on one uv loop: thousands may wait, and none keeps a thread.  Connections are kept for the next exchange with
 * the same server.  libcurl is loaded when first needed.  All calls and callbacks happen on the loop's thread.
 */
#ifndef RUNNER_NET_HTTP_LOOP_H
#define RUNNER_NET_HTTP_LOOP_H

#include "runner/net/exchange.h"
#include <uv.h>

struct http_loop;
struct http_loop_exchange;

struct http_loop_request {
	/* What it points to is borrowed until `done`.  cancel is not looked at.  follow: see may_follow; beyond 10 redirects is an error.
	 * The time is that of all redirects together. */
	struct exchange_request http;
	/* May the request go on to where a redirect leads, an absolute http or https address?  NULL: it may.  Headers go along to another
	 * server only when they say how the answer is to look. */
	bool (*may_follow)(void *payload, const char *url);
	/* Exactly once, never within http_loop_start.  PIPE_OK: there was an answer, whatever its status; otherwise err says why there was
	 * none.  reply lives until it returns. */
	void (*done)(void *payload, int code, const struct exchange_reply *reply, const pipe_error *err);
	void *payload;
};

/* Opens nothing yet. */
int http_loop_create(struct http_loop **out, uv_loop_t *loop, pipe_error *err);
/* *out is valid until `done`. */
int http_loop_start(struct http_loop_exchange **out, struct http_loop *h, const struct http_loop_request *request,
		    pipe_error *err);
/* A request: `done` still comes, soon, with PIPE_ENETWORK. */
void http_loop_cancel(struct http_loop_exchange *x);
/* When nothing is under way any more: closed is called later, from the loop, when every handle is closed and h is gone. */
void http_loop_close(struct http_loop *h, void (*closed)(void *payload), void *payload);

#endif
