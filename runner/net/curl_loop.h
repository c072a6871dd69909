/*
 * libcurl on a uv loop: any number of transfers at once, each of which waits without keeping a thread.  What http_loop.c and mail.c
 * share.  Invariant: a transfer that was added ends exactly once, by curl_transfer.ended, and never within the call that adds it.
 */
#ifndef RUNNER_NET_CURL_LOOP_H
#define RUNNER_NET_CURL_LOOP_H

#include "runner/net/curl_library.h"
#include "runner/net/http_loop.h"

struct curl_transfer {
	CURL *easy; /* the owner's, which sets it up */
	/* The transfer is over, and no longer libcurl's; the owner frees or adds it again.  CURLE_ABORTED_BY_CALLBACK: cancelled. */
	void (*ended)(struct curl_transfer *t, CURLcode code);
	struct curl_transfer *previous, *next; /* of those under way */
	bool cancelled;
};

struct http_loop {
	uv_loop_t *loop;
	struct curl_library lib; /* loaded with the first transfer */
	void *handle;
	CURLM *multi;
	uv_timer_t timer;
	uint64_t due;	 /* when libcurl wants to be called, in uv_now's time; UINT64_MAX: it does not */
	bool cancelling; /* some transfer is to be ended */
	struct curl_transfer *first;
	unsigned handles; /* open ones */
	bool closing;
	void (*closed)(void *payload);
	void *payload;
};

/* Loads libcurl and gets the loop ready, unless that has been done. */
int curl_loop_ready(struct http_loop *h, pipe_error *err);
/* Begins t, whose handle is set up. */
int curl_loop_add(struct http_loop *h, struct curl_transfer *t, pipe_error *err);
/* Ends t soon. */
void curl_loop_cancel(struct http_loop *h, struct curl_transfer *t);

#endif
