#include "runner/net/exchange_setup.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { REDIRECTS_MAX = 10 };

/* ---- what comes ---- */

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct exchange_reply *reply = context;

	str_add(&reply->body, bytes, size * count);
	return reply->body.failed ? 0 : size * count;
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
	return exchange_reply_line(context, line, size * count) ? size * count : 0;
}

void exchange_reply_ready(struct exchange_reply *reply, const struct exchange_request *request)
{
	exchange_reply_clear(reply);
	exchange_reply_init(reply);
	str_init_limit(&reply->headers, EXCHANGE_HEADERS_MAX);
	str_init_limit(&reply->body, request->max_bytes);
}

/* ---- what goes ---- */

/* "Name;" is how libcurl is told to send a header without a value: "Name:" would take one away. */
static int set_header(struct exchange_setup *s, const char *line, pipe_error *err)
{
	size_t name = strcspn(line, ":");
	char *empty = line[name] && !line[name + 1 + strspn(line + name + 1, " \t")] ? strndup(line, name + 1) : NULL;
	struct curl_slist *longer;

	if (empty)
		empty[name] = ';';
	longer = s->lib->curl_slist_append(s->headers, empty ? empty : line);
	free(empty);
	if (!longer)
		return error_nomem(err);
	s->headers = longer;
	return PIPE_OK;
}

static int set_headers(struct exchange_setup *s, pipe_error *err)
{
	const char *const *lines = s->request->headers;
	int rc = PIPE_OK;

	for (size_t i = 0; rc == PIPE_OK && lines && lines[i]; i++)
		rc = set_header(s, lines[i], err);
	return rc;
}

#define SET(option, value) (failed |= s->lib->curl_easy_setopt(s->easy, (option), (value)) != CURLE_OK)

static bool is_https(const char *url)
{
	return !strncasecmp(url, "https:", 6);
}

/* The method by libcurl's own options where it has one: those change as a redirect wants it. */
static bool set_method(const struct exchange_setup *s)
{
	const struct exchange_request *r = s->request;
	const char *body = r->body ? r->body : "", *method = r->method ? r->method : r->body ? "POST" : "GET";
	bool failed = false, posts = !strcmp(method, "POST");

	if (r->body || posts) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_length);
		SET(CURLOPT_POSTFIELDS, body);
	}
	if (!strcmp(method, "HEAD"))
		SET(CURLOPT_NOBODY, 1L);
	else if (!posts && (r->body || strcmp(method, "GET") != 0))
		SET(CURLOPT_CUSTOMREQUEST, method);
	return !failed;
}

static bool set_tls(const struct exchange_setup *s)
{
	const struct exchange_request *r = s->request;
	bool failed = false;

	SET(CURLOPT_CERTINFO, 1L);
	if (r->ca_file) {
		SET(CURLOPT_CAINFO, r->ca_file);
		SET(CURLOPT_CAPATH, NULL); /* these and no others */
	}
	if (r->insecure) {
		SET(CURLOPT_SSL_VERIFYPEER, 0L);
		SET(CURLOPT_SSL_VERIFYHOST, 0L);
	}
	return !failed;
}

static bool set_answer(const struct exchange_setup *s)
{
	bool failed = false;

	SET(CURLOPT_ERRORBUFFER, s->why);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, s->reply);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, s->reply);
	return !failed;
}

int exchange_configure(struct exchange_setup *s, pipe_error *err)
{
	const struct exchange_request *r = s->request;
	bool failed = false;
	int rc = set_headers(s, err);

	if (rc)
		return rc;
	s->why[0] = '\0';
	SET(CURLOPT_URL, r->url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, r->follow ? 1L : 0L);
	SET(CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
	SET(CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
	SET(CURLOPT_NOSIGNAL, 1L);
	s->lib->curl_easy_setopt(s->easy, CURLOPT_QUICK_EXIT, 1L); /* nobody waits for a name's look-up; before 7.87 one does */
	SET(CURLOPT_USERAGENT, "pipe/" PIPE_VERSION);
	if (exchange_is_this_machine(r->url))
		SET(CURLOPT_PROXY, "");
	if (r->http2) {
		SET(CURLOPT_HTTPPROXYTUNNEL, 1L);
		SET(CURLOPT_HTTP_VERSION,
		    s->kept_http2 || is_https(r->url) ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
	}
	if (s->headers)
		SET(CURLOPT_HTTPHEADER, s->headers);
	failed |= !set_answer(s) || !set_method(s) || !set_tls(s);
	return failed ? error_set(err, PIPE_EUNSUPPORTED, "the installed libcurl is too old") : PIPE_OK;
}

int exchange_judge(const struct exchange_setup *s, CURLcode code, pipe_error *err)
{
	struct exchange_reply *reply = s->reply;
	double seconds = 0;

	if (reply->body.failed && reply->body.length <= s->request->max_bytes)
		return error_set(err, PIPE_ENETWORK, "the answer is longer than %zu bytes", s->request->max_bytes);
	if (reply->headers.failed)
		return error_set(err, PIPE_ENETWORK, "the answer's headers are longer than %d bytes", EXCHANGE_HEADERS_MAX);
	if (code == CURLE_OUT_OF_MEMORY)
		return error_nomem(err);
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return error_set(err, PIPE_ENETWORK, "cancelled");
	if (code != CURLE_OK)
		return error_set(err, PIPE_ENETWORK, "%s", *s->why ? s->why : s->lib->curl_easy_strerror(code));
	s->lib->curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &reply->status);
	s->lib->curl_easy_getinfo(s->easy, CURLINFO_TOTAL_TIME, &seconds);
	reply->ms = seconds * 1000;
	return PIPE_OK;
}
