/*
 * What the parts of the client share (runner/oci/ only): one conversation with a registry, in which logins are kept, and the way of a
 * call: send it, log in when asked to, follow redirects without taking credentials to another host, wait and repeat what may be repeated.
 */
#ifndef RUNNER_OCI_CLIENT_H
#define RUNNER_OCI_CLIENT_H

#include "base/arena.h"
#include "runner/net/transfer.h"
#include "runner/oci/challenge.h"
#include "runner/oci/credential.h"
#include "runner/oci/registry.h"

enum { REGISTRY_TOKENS = 8, REGISTRY_JSON_MAX = 16 << 20, REGISTRY_MANIFEST_MAX = 4 << 20 };

/* A token for what may be done in a repository. */
struct registry_token {
	char *repository, *actions, *text; /* NULL: free */
};

struct registry {
	struct registry_options options; /* its texts are in the arena, or of nobody */
	struct arena arena;
	const char *host;
	const char *https, *http; /* "https://host" */
	const char *base;	  /* one of these; NULL: which one is not known yet */
	const char *ca_file, *certificate, *key;
	bool may_be_http;
	struct transfer *transfer;
	enum challenge_scheme scheme; /* how it wants to be spoken to */
	struct credential credential; /* of credential_repository */
	const char *credential_repository;
	struct registry_token tokens[REGISTRY_TOKENS];
	unsigned next_token;
};

struct registry_call {
	const char *what;	/* for the error: "get the manifest" */
	const char *repository; /* "" : of the registry as a whole */
	const char *reference;	/* a tag or a digest; "" */
	const char *actions;	/* "pull", "pull,push", "delete" */
	const char *method;
	const char *path; /* behind "/v2/REPOSITORY/"; or NULL, and */
	const char *url;  /* an address that the registry has named */
	const char *const *headers;
	const char *content_type;
	const void *body;
	const int *fd;
	uint64_t offset, length;
	size_t max_bytes;
	int (*take)(void *payload, const struct exchange_reply *reply, const char *bytes, size_t length, pipe_error *err);
	void *payload;
	bool once;     /* what breaks in the middle is the caller's to go on with: neither that nor a 5xx is repeated here */
	bool anywhere; /* out: the last answer came from another host than the registry */
	bool lost;     /* out: no answer, and it may go better the next time */
};

/* PIPE_OK: there is an answer, whatever its status.  Otherwise the sentence is whole. */
int registry_call(struct registry *r, struct registry_call *c, struct exchange_reply *reply, pipe_error *err);
/* The failure that a status means, with what the registry says. */
int registry_refused(const struct registry *r, const struct registry_call *c, const struct exchange_reply *reply,
		     pipe_error *err);
/* "registry/repository:tag: cannot get the manifest: why". */
int registry_failed(const struct registry *r, const struct registry_call *c, int code, pipe_error *err, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* What the registry says in its own error format, or in its first line; bounded, without control characters and without our secrets. */
void registry_said(const struct registry *r, const struct exchange_reply *reply, struct str *out);

/* Between two attempts; PIPE_ENETWORK: cancelled. */
int registry_wait(const struct registry *r, int64_t ms);
/* 0.25 s, 0.5 s, ... 8 s, a little less or more. */
int64_t registry_pause(unsigned attempt);

/* Answers a 401: a token is fetched, or Basic is chosen.  PIPE_OK: asking again is worth it; c->lost: logging in is, later on. */
int registry_login(struct registry *r, struct registry_call *c, const struct exchange_reply *reply, pipe_error *err);
/* The token to send; NULL: none yet. */
const char *registry_token_for(const struct registry *r, const struct registry_call *c);
void registry_tokens_clear(struct registry *r);

/* The address in a Location or Link header, absolute; *out is the caller's to free(). */
int registry_address(struct registry *r, const char *reference, char **out, pipe_error *err);
/* A header's value, cut to size; false: there is none. */
bool registry_header(const struct exchange_reply *reply, const char *name, char *out, size_t size);
/* Percent-encodes what is not letter, digit or one of "-._~/:". */
void registry_encode(struct str *out, const char *text);
/* The algorithm of a digest: "sha256". */
const char *registry_algorithm(const char *digest, char out[16]);

/* Names that are about to go into an address; PIPE_EUSAGE. */
int registry_check_names(const char *repository, const char *tag_or_digest, pipe_error *err);

#endif
