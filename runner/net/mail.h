/*
 * Messages to a mail server (SMTP, RFC 5321), on the same loop as HTTP exchanges, with TLS where the server offers it.  All calls and
 * callbacks happen on the loop's thread.
 */
#ifndef RUNNER_NET_MAIL_H
#define RUNNER_NET_MAIL_H

#include "runner/net/http_loop.h"

struct mail;

struct mail_request {	 /* what it points to is borrowed until `done` */
	const char *url; /* smtp:// or smtps:// */
	const char *from;
	const char *const *to; /* NULL-terminated */
	const char *message;   /* RFC 5322, with CRLF */
	size_t length;
	/* Or NULL.  A password is told to nobody who listens: over TLS only, but to this machine's own server. */
	const char *user, *password;
	int64_t timeout_ms;
	/* Exactly once, never within mail_start.  PIPE_OK: the server has taken the message; otherwise err says why not. */
	void (*done)(void *payload, int code, const pipe_error *err);
	void *payload;
};

/* *out is valid until `done`. */
int mail_start(struct mail **out, struct http_loop *h, const struct mail_request *request, pipe_error *err);
/* A request: `done` still comes, soon. */
void mail_cancel(struct mail *m);

#endif
