#include "runner/net/exchange.h"

#include "base/error.h"
#include "runner/net/exchange_setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { LOOK_MS = 100, DAY_S = 86400 };

struct exchange {
	struct curl_library lib;
	void *handle;
	CURL *easy;
	CURLM *multi;
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

static void find_expiry(struct exchange *x, struct exchange_reply *reply)
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
	reply->tls_days = days < 0 ? 0 : days;
}

/* ---- the exchange ---- */

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

/* Once, whatever the kept connection turns out to be. */
static int perform(struct exchange *x, const struct exchange_request *request, struct exchange_reply *reply, pipe_error *err)
{
	struct exchange_setup setup = {
		.lib = &x->lib, .easy = x->easy, .request = request, .reply = reply, .kept_http2 = x->kept_http2, .why = x->why
	};
	struct broken_pipes broken;
	int rc;

	exchange_reply_ready(reply, request);
	x->lib.curl_easy_reset(x->easy); /* keeps the connection */
	rc = exchange_configure(&setup, err);
	if (rc == PIPE_OK) {
		broken_pipes_hold(&broken);
		if (x->lib.curl_multi_add_handle(x->multi, x->easy) == CURLM_OK) {
			rc = exchange_judge(&setup, drive(x, request->cancel), err);
			if (rc == PIPE_OK)
				find_expiry(x, reply);
			x->lib.curl_multi_remove_handle(x->multi, x->easy);
		} else {
			rc = error_nomem(err);
		}
		broken_pipes_drop(&broken);
	}
	x->lib.curl_slist_free_all(setup.headers);
	return rc;
}

static bool is_new_connection(struct exchange *x)
{
	long connects = 0;

	return x->lib.curl_easy_getinfo(x->easy, CURLINFO_NUM_CONNECTS, &connects) != CURLE_OK || connects > 0;
}

int exchange_perform(struct exchange *x, const struct exchange_request *request, struct exchange_reply *reply, pipe_error *err)
{
	int rc = perform(x, request, reply, err);

	/* libcurl 7.88 says its preface again on a kept connection that it was told to know the protocol of, which breaks it.  On such a
	 * one it is therefore not told; when the connection turns out to be gone, it is, and once more. */
	if (x->kept_http2 && is_new_connection(x) && !(request->cancel && atomic_load(request->cancel))) {
		x->kept_http2 = false;
		rc = perform(x, request, reply, err);
	}
	x->kept_http2 = rc == PIPE_OK && request->http2 && strncasecmp(request->url, "https:", 6) != 0;
	return rc;
}
