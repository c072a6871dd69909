/*
 * An HTTP exchange on the loop.  Redirects are followed here and not by libcurl: only to where the caller lets it, and what was meant
 * for one server is not told to another.
 */
#include "base/error.h"
#include "runner/net/curl_loop.h"
#include "runner/net/exchange_setup.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HOPS_MOST = 10 };

struct http_loop_exchange {
	struct curl_transfer transfer; /* first: what libcurl knows it by */
	struct http_loop *owner;
	struct http_loop_request request; /* of the hop under way: address, method, body and headers change */
	struct exchange_setup setup;
	struct exchange_reply reply;
	char *url;	      /* of a redirect */
	const char **headers; /* those that may go along to another server */
	uint64_t until;	      /* uv_hrtime's, ms */
	double ms;	      /* of the hops before */
	unsigned hops;
	bool follow;
	char why[CURL_ERROR_SIZE];
};

static uint64_t now_ms(void)
{
	return uv_hrtime() / 1000000;
}

static void free_exchange(struct http_loop_exchange *x)
{
	if (x->transfer.easy)
		x->owner->lib.curl_easy_cleanup(x->transfer.easy);
	x->owner->lib.curl_slist_free_all(x->setup.headers);
	exchange_reply_clear(&x->reply);
	free(x->headers);
	free(x->url);
	free(x);
}

static int begin(struct http_loop_exchange *x, pipe_error *err)
{
	struct curl_library *lib = &x->owner->lib;
	uint64_t now = now_ms();
	int rc;

	lib->curl_slist_free_all(x->setup.headers);
	lib->curl_easy_reset(x->transfer.easy);
	x->request.http.timeout_ms = x->until > now ? (int64_t)(x->until - now) : 1;
	x->setup = (struct exchange_setup){
		.lib = lib, .easy = x->transfer.easy, .request = &x->request.http, .reply = &x->reply, .why = x->why
	};
	exchange_reply_ready(&x->reply, &x->request.http);
	rc = exchange_configure(&x->setup, err);
	return rc ? rc : curl_loop_add(x->owner, &x->transfer, err);
}

/* ---- redirects ---- */

/* Scheme and authority, letter by letter: what is written in another way counts as another server. */
static bool same_server(const char *a, const char *b)
{
	const char *end = strstr(a, "://");
	size_t n;

	if (!end)
		return false;
	n = (size_t)(end - a) + 3;
	n += strcspn(a + n, "/?#");
	return !strncasecmp(a, b, n) && strchr("/?#", b[n]) != NULL;
}

/* What says how the answer is to look, and no more. */
static bool keep_harmless_headers(struct http_loop_exchange *x)
{
	static const char *const names[] = { "accept:", "accept-language:", "content-type:", "user-agent:" };
	const char *const *old = x->request.http.headers;
	size_t count = 0, used = 0;
	const char **kept;

	while (old && old[count])
		count++;
	kept = calloc(count + 1, sizeof(*kept));
	if (!kept)
		return false;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++)
			if (!strncasecmp(old[i], names[k], strlen(names[k])))
				kept[used++] = old[i];
	free(x->headers);
	x->headers = kept;
	x->request.http.headers = kept;
	return true;
}

/* As browsers have it, and RFC 9110, 15.4 allows. */
static void change_method(struct exchange_request *r, long status)
{
	bool head = r->method && !strcmp(r->method, "HEAD");
	bool post = r->method ? !strcmp(r->method, "POST") : r->body != NULL;

	if (status != 303 && !((status == 301 || status == 302) && post))
		return;
	r->method = head ? "HEAD" : "GET";
	r->body = NULL;
	r->body_length = 0;
}

static bool leads_on(const struct http_loop_exchange *x, const char **to)
{
	static const long statuses[] = { 301, 302, 303, 307, 308 };
	char *url = NULL;

	if (!x->follow)
		return false;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
		if (x->reply.status == statuses[i] &&
		    x->owner->lib.curl_easy_getinfo(x->transfer.easy, CURLINFO_REDIRECT_URL, &url) == CURLE_OK && url) {
			*to = url;
			return true;
		}
	return false;
}

/* PIPE_OK: under way to the next server. */
static int go_on(struct http_loop_exchange *x, const char *to, pipe_error *err)
{
	char *url;

	if (strncasecmp(to, "http://", 7) != 0 && strncasecmp(to, "https://", 8) != 0)
		return error_set(err, PIPE_ENETWORK, "the server sends us to %.200s, which is no HTTP", to);
	if (++x->hops > HOPS_MOST)
		return error_set(err, PIPE_ENETWORK, "the server sends us elsewhere more than %d times", HOPS_MOST);
	if (x->request.may_follow && !x->request.may_follow(x->request.payload, to))
		return error_set(err, PIPE_ENETWORK, "the server sends us to %.200s, which is not allowed", to);
	url = strdup(to);
	if (!url)
		return error_nomem(err);
	if (!same_server(x->request.http.url, url) && !keep_harmless_headers(x)) {
		free(url);
		return error_nomem(err);
	}
	free(x->url);
	x->request.http.url = x->url = url;
	change_method(&x->request.http, x->reply.status);
	return begin(x, err);
}

/* ---- an exchange ---- */

static void on_ended(struct curl_transfer *t, CURLcode code)
{
	struct http_loop_exchange *x = (struct http_loop_exchange *)t;
	pipe_error err = { 0 };
	const char *to;
	int rc = exchange_judge(&x->setup, code, &err);

	if (rc == PIPE_OK) {
		x->ms += x->reply.ms;
		if (leads_on(x, &to)) {
			rc = go_on(x, to, &err);
			if (rc == PIPE_OK)
				return;
		}
	}
	x->reply.ms = x->ms;
	x->request.done(x->request.payload, rc, &x->reply, &err);
	free_exchange(x);
}

int http_loop_start(struct http_loop_exchange **out, struct http_loop *h, const struct http_loop_request *request,
		    pipe_error *err)
{
	struct http_loop_exchange *x;
	int rc = curl_loop_ready(h, err);

	*out = NULL;
	if (rc)
		return rc;
	x = calloc(1, sizeof(*x));
	if (!x)
		return error_nomem(err);
	x->owner = h;
	x->request = *request;
	x->until = now_ms() + (uint64_t)(request->http.timeout_ms > 0 ? request->http.timeout_ms : 1);
	x->follow = request->http.follow;
	x->request.http.follow = false; /* not by libcurl */
	x->transfer.ended = on_ended;
	x->transfer.easy = h->lib.curl_easy_init();
	exchange_reply_init(&x->reply);
	rc = x->transfer.easy ? begin(x, err) : error_nomem(err);
	if (rc) {
		free_exchange(x);
		return rc;
	}
	*out = x;
	return PIPE_OK;
}

void http_loop_cancel(struct http_loop_exchange *x)
{
	curl_loop_cancel(x->owner, &x->transfer);
}
