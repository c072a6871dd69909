#include "runner/net/exchange.h"

#include "base/error.h"
#include "runner/net/curl_library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { LOOK_MS = 100, REDIRECTS_MAX = 10, DAY_S = 86400 };

struct exchange {
	struct curl_library lib;
	void *handle;
	CURL *easy;
	CURLM *multi;
	struct curl_slist *headers;
	struct exchange_reply *reply;
	bool kept_http2; /* a connection without TLS speaks HTTP/2, and may be there still */
	bool knows_tls_end;
	time_t tls_end; /* of the kept connection's certificate: libcurl tells it with the handshake only */
	char why[CURL_ERROR_SIZE];
};

int exchange_create(struct exchange **out, pipe_error *err)
{
	struct exchange *x = calloc(1, sizeof(*x));
	int rc = x ? curl_library_open(&x->handle, &x->lib, err) : error_nomem(err);

	*out = NULL;
	if (rc) {
		free(x);
		return rc;
	}
	x->easy = x->lib.curl_easy_init();
	x->multi = x->lib.curl_multi_init();
	if (!x->easy || !x->multi) {
		exchange_free(x);
		return error_set(err, PIPE_EUNSUPPORTED, "libcurl could not be started");
	}
	*out = x;
	return PIPE_OK;
}

void exchange_free(struct exchange *x)
{
	struct broken_pipes broken;

	if (!x)
		return;
	broken_pipes_hold(&broken); /* connections say goodbye */
	if (x->easy)
		x->lib.curl_easy_cleanup(x->easy);
	if (x->multi)
		x->lib.curl_multi_cleanup(x->multi);
	broken_pipes_drop(&broken);
	lazy_close(x->handle);
	free(x);
}

void exchange_reply_init(struct exchange_reply *reply)
{
	memset(reply, 0, sizeof(*reply));
	str_init(&reply->headers);
	str_init(&reply->body);
	reply->tls_days = -1;
}

void exchange_reply_clear(struct exchange_reply *reply)
{
	str_clear(&reply->headers);
	str_clear(&reply->body);
}

/* ---- what comes ---- */

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct exchange_reply *reply = ((struct exchange *)context)->reply;

	str_add(&reply->body, bytes, size * count);
	return reply->body.failed ? 0 : size * count;
}

bool exchange_reply_line(struct exchange_reply *reply, const char *line, size_t length)
{
	if (length > 5 && !memcmp(line, "HTTP/", 5)) {
		str_reset(&reply->headers);
		return true;
	}
	while (length && strchr("\r\n\t ", line[length - 1]))
		length--;
	if (length) {
		str_add(&reply->headers, line, length);
		str_addc(&reply->headers, '\n');
	}
	return !reply->headers.failed;
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
	return exchange_reply_line(((struct exchange *)context)->reply, line, size * count) ? size * count : 0;
}

bool exchange_header(const struct exchange_reply *reply, const char *name, const char **value, size_t *length)
{
	size_t n = strlen(name);
	const char *line = *value ? *value + *length : reply->headers.data;

	for (line += *line == '\n'; *line; line += strcspn(line, "\n") + 1) {
		const char *text = line + n + 1;
		if (strncasecmp(line, name, n) != 0 || line[n] != ':')
			continue;
		text += strspn(text, " \t");
		*value = text;
		*length = strcspn(text, "\n");
		return true;
	}
	return false;
}

/* "Dec 31 23:59:59 2030 GMT"; not strptime, whose names of months are those of the host's language. */
static bool read_time(const char *text, time_t *out)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm = { 0 };
	const char *month;
	char name[4];

	if (sscanf(text, " %3s %d %d:%d:%d %d", name, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &tm.tm_year) != 6)
		return false;
	month = strstr(months, name);
	if (!month || strlen(name) != 3 || (month - months) % 3)
		return false;
	tm.tm_mon = (int)(month - months) / 3;
	tm.tm_year -= 1900;
	*out = timegm(&tm);
	return true;
}

/* libcurl gives the certificate's fields as text, "Expire date:Dec 31 23:59:59 2030 GMT". */
static void read_certificate(struct exchange *x)
{
	static const char name[] = "Expire date:";
	struct curl_certinfo *info = NULL;

	if (x->lib.curl_easy_getinfo(x->easy, CURLINFO_CERTINFO, &info) != CURLE_OK || !info || info->num_of_certs < 1)
		return;
	x->knows_tls_end = false;
	for (struct curl_slist *field = info->certinfo[0]; field && !x->knows_tls_end; field = field->next)
		if (!strncmp(field->data, name, sizeof(name) - 1))
			x->knows_tls_end = read_time(field->data + sizeof(name) - 1, &x->tls_end);
}

static void find_expiry(struct exchange *x)
{
	const char *scheme = NULL;
	double days;

	if (x->lib.curl_easy_getinfo(x->easy, CURLINFO_SCHEME, &scheme) != CURLE_OK || !scheme ||
	    strcasecmp(scheme, "https") != 0)
		return;
	read_certificate(x);
	if (!x->knows_tls_end)
		return;
	days = difftime(x->tls_end, time(NULL)) / DAY_S;
	x->reply->tls_days = days < 0 ? 0 : days;
}

/* ---- the exchange ---- */

/* "Name;" is how libcurl is told to send a header without a value: "Name:" would take one away. */
static int set_header(struct exchange *x, const char *line, pipe_error *err)
{
	size_t name = strcspn(line, ":");
	char *empty = line[name] && !line[name + 1 + strspn(line + name + 1, " \t")] ? strndup(line, name + 1) : NULL;
	struct curl_slist *longer;

	if (empty)
		empty[name] = ';';
	longer = x->lib.curl_slist_append(x->headers, empty ? empty : line);
	free(empty);
	if (!longer)
		return error_nomem(err);
	x->headers = longer;
	return PIPE_OK;
}

static int set_headers(struct exchange *x, const struct exchange_request *r, pipe_error *err)
{
	int rc = PIPE_OK;

	for (size_t i = 0; rc == PIPE_OK && r->headers && r->headers[i]; i++)
		rc = set_header(x, r->headers[i], err);
	return rc;
}

bool exchange_is_this_machine(const char *url)
{
	static const char *const names[] = { "127.", "[::1]", "localhost:", "localhost/" };
	const char *host = strstr(url, "://"), *end, *at;

	host = host ? host + 3 : url;
	end = host + strcspn(host, "/?#");
	at = memrchr(host, '@', (size_t)(end - host));
	host = at ? at + 1 : host;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strncasecmp(host, names[i], strlen(names[i])))
			return true;
	return !strcasecmp(host, "localhost");
}

#define SET(option, value) (failed |= x->lib.curl_easy_setopt(x->easy, (option), (value)) != CURLE_OK)

static bool is_https(const char *url)
{
	return !strncasecmp(url, "https:", 6);
}

/* The method by libcurl's own options where it has one: those change as a redirect wants it. */
static bool set_method(struct exchange *x, const struct exchange_request *r)
{
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

static bool set_tls(struct exchange *x, const struct exchange_request *r)
{
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

static int configure(struct exchange *x, const struct exchange_request *r, pipe_error *err)
{
	bool failed = false;
	int rc = set_headers(x, r, err);

	if (rc)
		return rc;
	SET(CURLOPT_URL, r->url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, r->follow ? 1L : 0L);
	SET(CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
	SET(CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
	SET(CURLOPT_NOSIGNAL, 1L);
	x->lib.curl_easy_setopt(x->easy, CURLOPT_QUICK_EXIT, 1L); /* nobody waits for a name's look-up; before 7.87 one does */
	SET(CURLOPT_USERAGENT, "pipe/" PIPE_VERSION);
	SET(CURLOPT_ERRORBUFFER, x->why);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, x);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, x);
	if (exchange_is_this_machine(r->url))
		SET(CURLOPT_PROXY, "");
	if (r->http2) {
		SET(CURLOPT_HTTPPROXYTUNNEL, 1L);
		SET(CURLOPT_HTTP_VERSION,
		    x->kept_http2 || is_https(r->url) ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
	}
	if (x->headers)
		SET(CURLOPT_HTTPHEADER, x->headers);
	failed |= !set_method(x, r) || !set_tls(x, r);
	return failed ? error_set(err, PIPE_EUNSUPPORTED, "the installed libcurl is too old") : PIPE_OK;
}

/* Until it is over or somebody cancels; the transfer's own code, or CURLE_ABORTED_BY_CALLBACK. */
static CURLcode drive(struct exchange *x, const atomic_bool *cancel)
{
	int running = 1, left;
	CURLMsg *message;

	while (running) {
		if (x->lib.curl_multi_perform(x->multi, &running) != CURLM_OK)
			return CURLE_OUT_OF_MEMORY;
		if (cancel && atomic_load(cancel))
			return CURLE_ABORTED_BY_CALLBACK;
		if (running && x->lib.curl_multi_poll(x->multi, NULL, 0, LOOK_MS, NULL) != CURLM_OK)
			return CURLE_OUT_OF_MEMORY;
	}
	while ((message = x->lib.curl_multi_info_read(x->multi, &left)))
		if (message->msg == CURLMSG_DONE)
			return message->data.result;
	return CURLE_FAILED_INIT;
}

static int judge(struct exchange *x, CURLcode code, const struct exchange_request *r, pipe_error *err)
{
	double seconds = 0;

	if (x->reply->body.failed && x->reply->body.length <= r->max_bytes)
		return error_set(err, PIPE_ENETWORK, "the answer is longer than %zu bytes", r->max_bytes);
	if (x->reply->headers.failed)
		return error_set(err, PIPE_ENETWORK, "the answer's headers are longer than %d bytes", EXCHANGE_HEADERS_MAX);
	if (code == CURLE_OUT_OF_MEMORY)
		return error_nomem(err);
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return error_set(err, PIPE_ENETWORK, "cancelled");
	if (code != CURLE_OK)
		return error_set(err, PIPE_ENETWORK, "%s", *x->why ? x->why : x->lib.curl_easy_strerror(code));
	x->lib.curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &x->reply->status);
	x->lib.curl_easy_getinfo(x->easy, CURLINFO_TOTAL_TIME, &seconds);
	x->reply->ms = seconds * 1000;
	find_expiry(x);
	return PIPE_OK;
}

static int perform(struct exchange *x, const struct exchange_request *request, pipe_error *err)
{
	struct broken_pipes broken;
	int rc;

	str_reset(&x->reply->headers);
	str_reset(&x->reply->body);
	x->why[0] = '\0';
	x->lib.curl_easy_reset(x->easy); /* keeps the connection */
	rc = configure(x, request, err);
	if (rc == PIPE_OK) {
		broken_pipes_hold(&broken);
		if (x->lib.curl_multi_add_handle(x->multi, x->easy) == CURLM_OK) {
			rc = judge(x, drive(x, request->cancel), request, err);
			x->lib.curl_multi_remove_handle(x->multi, x->easy);
		} else {
			rc = error_nomem(err);
		}
		broken_pipes_drop(&broken);
	}
	x->lib.curl_slist_free_all(x->headers);
	x->headers = NULL;
	return rc;
}

static bool is_new_connection(struct exchange *x)
{
	long connects = 0;

	return x->lib.curl_easy_getinfo(x->easy, CURLINFO_NUM_CONNECTS, &connects) != CURLE_OK || connects > 0;
}

int exchange_perform(struct exchange *x, const struct exchange_request *request, struct exchange_reply *reply, pipe_error *err)
{
	int rc;

	exchange_reply_clear(reply);
	exchange_reply_init(reply);
	str_init_limit(&reply->headers, EXCHANGE_HEADERS_MAX);
	str_init_limit(&reply->body, request->max_bytes);
	x->reply = reply;
	rc = perform(x, request, err);
	/* libcurl 7.88 says its preface again on a kept connection that it was told to know the protocol of, which breaks it.  On such a
	 * one it is therefore not told; when the connection turns out to be gone, it is, and once more. */
	if (x->kept_http2 && is_new_connection(x) && !(request->cancel && atomic_load(request->cancel))) {
		x->kept_http2 = false;
		rc = perform(x, request, err);
	}
	x->kept_http2 = rc == PIPE_OK && request->http2 && !is_https(request->url);
	return rc;
}
