/*
 * What all who carry out HTTP exchanges by libcurl have in common, whether they block (exchange.c) or wait on a loop (http_loop.c): one
 * request as the options of an easy handle, an answer as it comes in, and a sentence for what went wrong.
 */
#ifndef RUNNER_NET_EXCHANGE_SETUP_H
#define RUNNER_NET_EXCHANGE_SETUP_H

#include "runner/net/curl_library.h"
#include "runner/net/exchange.h"

struct exchange_setup {
	const struct curl_library *lib;
	CURL *easy; /* fresh, or reset */
	const struct exchange_request *request;
	struct exchange_reply *reply; /* gets headers and body */
	bool kept_http2;	      /* a connection without TLS speaks HTTP/2, and may be there still */
	char *why;		      /* CURL_ERROR_SIZE bytes */
	struct curl_slist *headers;   /* made; to be freed behind the exchange, also after an error */
};

/* All pointers live until the exchange is over. */
int exchange_configure(struct exchange_setup *s, pipe_error *err);
/* Makes reply ready for an answer within the request's limits. */
void exchange_reply_ready(struct exchange_reply *reply, const struct exchange_request *request);
/* PIPE_OK with the reply's status and time, or the error that code stands for. */
int exchange_judge(const struct exchange_setup *s, CURLcode code, pipe_error *err);

#endif
