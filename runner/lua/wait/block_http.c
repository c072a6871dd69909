/*
 * An exchange of a script, carried out here and now.  A redirect is followed by us and not by libcurl: only to where the pipeline file
 * allows, and what the script said for one server's ears is not told to another.
 */
#include "base/error.h"
#include "lua/limits.h"
#include "runner/lua/wait/block_inside.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HOPS_MOST = 10 };

struct hop {
	const char *url, *method, *body;
	size_t length;
	const char *const *headers;
};

static int prepare(struct block_work *w, pipe_error *err)
{
	int rc = w->exchange ? PIPE_OK : exchange_create(&w->exchange, err);

	return rc || w->transfer ? rc : transfer_create(&w->transfer, err);
}

static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* What says how the answer is to look, and no more. */
static const char *const *harmless(struct block_work *w, const char *const *headers)
{
	static const char *const names[] = { "accept", "accept-language", "content-type", "user-agent" };
	size_t count = 0, used = 0;
	const char **out;

	while (headers && headers[count])
		count++;
	out = ARENA_ARRAY(&w->arena, const char *, count + 1);
	for (size_t i = 0; out && i < count; i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++)
			if (!strncasecmp(headers[i], names[k], strlen(names[k])) && headers[i][strlen(names[k])] == ':')
				out[used++] = headers[i];
	return out;
}

static bool refuse(struct block_work *w, const char *url)
{
	const size_t shown = lua_grant_shown(LUA_GRANT_HTTP, url);
	struct str line;

	str_init(&line);
	lua_grant_line(LUA_GRANT_HTTP, url, &line);
	block_fail(w, PIPE_EUSAGE, "the server sends us to %.*s, which is not allowed; add to the pipeline file: %.250s",
		   (int)(shown < 150 ? shown : 150), url, line.data);
	str_clear(&line);
	return false;
}

/* Where the answer leads; false: nowhere that we may go, and w->answer says so. */
static bool follow(struct block_work *w, struct hop *h, const char *location, size_t length)
{
	const char *reference = arena_strndup(&w->arena, location, length), *old = h->url;
	const long status = w->reply.status;
	pipe_error err = { 0 };
	char *resolved = NULL;

	if (!reference || transfer_resolve(w->transfer, old, reference, &resolved, &err)) {
		block_fail(w, reference ? PIPE_ENETWORK : PIPE_ENOMEM, "the server sends us elsewhere: %s",
			   reference ? err.text : "out of memory");
		return false;
	}
	h->url = arena_strdup(&w->arena, resolved);
	free(resolved);
	if (h->url && !lua_call_granted(w->call, h->url))
		return refuse(w, h->url);
	if (h->url && !transfer_same_origin(w->transfer, old, h->url))
		h->headers = harmless(w, h->headers);
	if (status == 303 || ((status == 301 || status == 302) && !strcmp(h->method, "POST"))) {
		h->method = strcmp(h->method, "HEAD") != 0 ? "GET" : "HEAD";
		h->body = NULL;
		h->length = 0;
	}
	if (!h->url || !h->headers)
		block_fail(w, PIPE_ENOMEM, "out of memory");
	return h->url && h->headers;
}

/* One request; false: there is no answer. */
static bool ask(struct block_work *w, const struct lua_wait *wait, const struct hop *h, int64_t left)
{
	const struct exchange_request q = { .url = h->url,
					    .method = h->method,
					    .headers = h->headers,
					    .body = h->body,
					    .body_length = h->length,
					    .insecure = wait->http.insecure,
					    .timeout_ms = left > 0 ? left : 1,
					    .max_bytes = wait->http.max_bytes,
					    .cancel = w->o->cancel };
	pipe_error err = { 0 };
	int rc;

	exchange_reply_clear(&w->reply);
	exchange_reply_init(&w->reply);
	rc = exchange_perform(w->exchange, &q, &w->reply, &err);
	if (rc)
		block_fail(w, (enum pipe_code)rc, "%s", err.text);
	return rc == PIPE_OK;
}

void block_http(struct block_work *w, const struct lua_wait *wait)
{
	static const char *const none[] = { NULL };
	const int64_t begin = block_clock(), end = begin + wait->timeout_ms;
	struct hop h = { wait->http.url,
			 wait->http.method ? wait->http.method
			 : wait->http.body ? "POST"
					   : "GET",
			 wait->http.body, wait->http.body_length, wait->http.headers ? wait->http.headers : none };
	const char *location;
	pipe_error err;
	size_t length;

	if (prepare(w, &err)) {
		block_fail(w, err.code, "%s", err.text);
		return;
	}
	for (int hops = 0; ask(w, wait, &h, end - block_clock()); hops++) {
		location = NULL;
		if (wait->http.follow && is_redirect(w->reply.status) &&
		    exchange_header(&w->reply, "location", &location, &length)) {
			if (hops >= HOPS_MOST)
				block_fail(w, PIPE_ENETWORK, "the server sends us elsewhere more than %d times", HOPS_MOST);
			if (hops >= HOPS_MOST || !follow(w, &h, location, length))
				return;
			continue;
		}
		w->answer.status = w->reply.status;
		w->answer.headers = w->reply.headers.data;
		w->answer.body = w->reply.body.data;
		w->answer.length = w->reply.body.length;
		w->answer.ms = (double)(block_clock() - begin);
		return;
	}
}
