#include "runner/net/http.h"

#include "base/error.h"
#include "runner/files/digest.h"
#include "runner/net/curl_library.h"
#include "runner/net/url.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { DEFAULT_TIMEOUT_MS = 30000, CONNECT_TIMEOUT_MS = 10000, MAX_REDIRECTS = 5, DEFAULT_MAX_BYTES = 64 << 20 };

struct transfer {
	struct curl_library lib;
	void *handle;
	CURL *easy;
	struct curl_slist *headers;
	struct arena a;
	const char *shown; /* the address without credentials */
	const struct http_get *request;
	struct http_reply *reply;
	char why[CURL_ERROR_SIZE];
};

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *t = context;

	str_add(&t->reply->body, bytes, size * count);
	return t->reply->body.failed ? 0 : size * count;
}

/* Only the last answer's headers count: each status line (after a redirect, for instance) starts anew. */
static size_t on_header(char *line, size_t size, size_t count, void *context)
{
	static const char name[] = "etag:";
	struct http_reply *reply = ((struct transfer *)context)->reply;
	size_t length = size * count, at = sizeof(name) - 1;

	if (length > 5 && !memcmp(line, "HTTP/", 5))
		reply->etag[0] = '\0';
	if (length <= at || strncasecmp(line, name, at))
		return length;
	while (at < length && (line[at] == ' ' || line[at] == '\t'))
		at++;
	while (length > at && (line[length - 1] == '\r' || line[length - 1] == '\n' || line[length - 1] == ' '))
		length--;
	if (length - at < sizeof(reply->etag))
		snprintf(reply->etag, sizeof(reply->etag), "%.*s", (int)(length - at), line + at);
	return size * count;
}

static int add_header(struct transfer *t, const char *text, pipe_error *err)
{
	struct curl_slist *longer = text ? t->lib.curl_slist_append(t->headers, text) : NULL;

	if (!longer)
		return error_nomem(err);
	t->headers = longer;
	return PIPE_OK;
}

static int prepare(struct transfer *t, pipe_error *err)
{
	const struct http_get *r = t->request;
	struct url url;
	int rc = curl_library_open(&t->handle, &t->lib, err);

	if (rc)
		return rc;
	if (!url_parse(r->url, &t->a, &url))
		return error_nomem(err);
	t->shown = url.text;
	if (strcasecmp(url.scheme, "http") && strcasecmp(url.scheme, "https"))
		return error_set(err, PIPE_EUSAGE, "%s: only http:// and https:// addresses can be fetched", t->shown);
	t->easy = t->lib.curl_easy_init();
	if (!t->easy)
		return error_set(err, PIPE_EUNSUPPORTED, "libcurl could not be started");
	if (r->etag && *r->etag)
		rc = add_header(t, arena_printf(&t->a, "If-None-Match: %s", r->etag), err);
	return rc;
}

#define SET(option, value) (failed |= t->lib.curl_easy_setopt(t->easy, (option), (value)) != CURLE_OK)

static int configure(struct transfer *t, uint64_t max_bytes, pipe_error *err)
{
	const struct http_get *r = t->request;
	long timeout = r->timeout_ms ? (long)r->timeout_ms : DEFAULT_TIMEOUT_MS;
	bool failed = false;

	SET(CURLOPT_URL, r->url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 1L);
	SET(CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
	SET(CURLOPT_TIMEOUT_MS, timeout);
	SET(CURLOPT_CONNECTTIMEOUT_MS, timeout < CONNECT_TIMEOUT_MS ? timeout : (long)CONNECT_TIMEOUT_MS);
	SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)max_bytes);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_USERAGENT, "pipe/" PIPE_VERSION);
	SET(CURLOPT_ERRORBUFFER, t->why);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, t);
	if (t->headers)
		SET(CURLOPT_HTTPHEADER, t->headers);
	return failed ? error_set(err, PIPE_EUNSUPPORTED, "the installed libcurl is too old") : PIPE_OK;
}

static CURLcode perform(struct transfer *t)
{
	struct broken_pipes broken;
	CURLcode code;

	broken_pipes_hold(&broken);
	code = t->lib.curl_easy_perform(t->easy);
	broken_pipes_drop(&broken);
	return code;
}

static int too_large(struct transfer *t, uint64_t max_bytes, pipe_error *err)
{
	return error_set(err, PIPE_ELIMIT, "%s is too large: at most %llu bytes are read", t->shown,
			 (unsigned long long)max_bytes);
}

/* 4xx: the server is there and says no, which an older copy would only hide. */
static int judge_status(struct transfer *t, pipe_error *err)
{
	long status = 0;

	t->lib.curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	t->reply->status = (int)status;
	if (status == 200 || (status == 304 && t->request->etag))
		return PIPE_OK;
	return error_set(err, status >= 400 && status < 500 && status != 429 ? PIPE_ENOTFOUND : PIPE_ENETWORK,
			 "%s: the server answered with status %ld", t->shown, status);
}

static int transfer(struct transfer *t, pipe_error *err)
{
	uint64_t max = t->request->max_bytes ? t->request->max_bytes : DEFAULT_MAX_BYTES;
	int rc = configure(t, max, err);
	CURLcode code;

	if (rc)
		return rc;
	str_clear(&t->reply->body);
	str_init_limit(&t->reply->body, (size_t)max);
	code = perform(t);
	if (code == CURLE_FILESIZE_EXCEEDED || (t->reply->body.failed && t->reply->body.length <= max))
		return too_large(t, max, err);
	if (code == CURLE_OUT_OF_MEMORY)
		return error_nomem(err);
	if (code != CURLE_OK)
		return error_set(err, PIPE_ENETWORK, "%s: %s", t->shown, *t->why ? t->why : t->lib.curl_easy_strerror(code));
	rc = judge_status(t, err);
	if (rc == PIPE_OK && t->reply->status == 200 && t->request->integrity)
		rc = integrity_check(t->request->integrity, t->reply->body.data, t->reply->body.length, err);
	return rc;
}

int http_get(const struct http_get *request, struct http_reply *reply, pipe_error *err)
{
	struct transfer t = { .request = request, .reply = reply };
	int rc;

	reply->status = 0;
	reply->etag[0] = '\0';
	str_init(&reply->body);
	rc = prepare(&t, err);
	if (rc == PIPE_OK)
		rc = transfer(&t, err);
	if (t.easy)
		t.lib.curl_easy_cleanup(t.easy);
	if (t.headers)
		t.lib.curl_slist_free_all(t.headers);
	lazy_close(t.handle);
	arena_clear(&t.a);
	if (rc)
		http_reply_clear(reply);
	return rc;
}

void http_reply_clear(struct http_reply *reply)
{
	str_clear(&reply->body);
}

int integrity_check(const char *integrity, const void *bytes, size_t length, pipe_error *err)
{
	const char *dash = strchr(integrity, '-');
	char algorithm[16], base64[DIGEST_TEXT];
	struct digest *d;
	int rc;

	if (!dash || (size_t)(dash - integrity) >= sizeof(algorithm))
		return error_set(err, PIPE_EUSAGE, "\"%s\" is no integrity; it looks like sha256-BASE64", integrity);
	memcpy(algorithm, integrity, (size_t)(dash - integrity));
	algorithm[dash - integrity] = '\0';
	rc = digest_create(&d, algorithm, err);
	if (rc)
		return rc;
	digest_add(d, bytes, length);
	rc = digest_base64(d, base64, err);
	digest_free(d);
	if (rc == PIPE_OK && strcmp(base64, dash + 1))
		rc = error_set(err, PIPE_EIO, "the content is not what \"integrity\" promises: it is %s-%s", algorithm, base64);
	return rc;
}
