/* One request and its answer over libcurl's multi interface, which lets us look at the clock and at `cancel` in between. */
#include "runner/net/transfer.h"

#include "base/error.h"
#include "runner/net/curl_library.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 100, CONNECT_MS = 30000, ERROR_BYTES = 64 * 1024 };

struct transfer {
	struct curl_library lib;
	void *handle;
	CURL *easy;
	CURLM *multi;
	/* of the request under way */
	const struct transfer_request *request;
	struct exchange_reply *reply;
	struct curl_slist *headers;
	curl_mime *form;
	uint64_t sent;	  /* bytes of the body that libcurl has taken */
	int64_t moved_ms; /* when something last came or went */
	int rc;		  /* what take said; or of reading the file */
	pipe_error *err;
	bool enough, over;   /* of the error's body; of the kept one */
	int64_t retry_after; /* seconds */
	char why[CURL_ERROR_SIZE];
};

int transfer_create(struct transfer **out, pipe_error *err)
{
	struct transfer *t = calloc(1, sizeof(*t));
	int rc = t ? curl_library_open(&t->handle, &t->lib, err) : error_nomem(err);

	*out = NULL;
	if (rc) {
		free(t);
		return rc;
	}
	t->easy = t->lib.curl_easy_init();
	t->multi = t->lib.curl_multi_init();
	if (!t->easy || !t->multi) {
		transfer_free(t);
		return error_set(err, PIPE_EUNSUPPORTED, "libcurl could not be started");
	}
	*out = t;
	return PIPE_OK;
}

void transfer_free(struct transfer *t)
{
	struct broken_pipes broken;

	if (!t)
		return;
	broken_pipes_hold(&broken);
	if (t->easy)
		t->lib.curl_easy_cleanup(t->easy);
	if (t->multi)
		t->lib.curl_multi_cleanup(t->multi);
	broken_pipes_drop(&broken);
	lazy_close(t->handle);
	free(t);
}

static int64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- what comes ---- */

static size_t keep_body(struct transfer *t, bool good, const char *bytes, size_t length)
{
	struct str *body = &t->reply->body;

	body->limit = good ? t->request->max_bytes : ERROR_BYTES;
	if (body->length + length <= body->limit) {
		str_add(body, bytes, length);
		return body->failed ? 0 : length;
	}
	if (!good)
		str_add(body, bytes, body->limit - body->length);
	t->enough = !good;
	t->over = good;
	return 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *t = context;
	bool good;

	t->moved_ms = monotonic_ms();
	t->lib.curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->reply->status);
	good = t->reply->status / 100 == 2;
	if (!good || !t->request->take)
		return keep_body(t, good, bytes, size * count);
	t->rc = t->request->take(t->request->payload, t->reply, bytes, size * count, t->err);
	return t->rc ? 0 : size * count;
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
	struct transfer *t = context;

	t->moved_ms = monotonic_ms();
	return exchange_reply_line(t->reply, line, size * count) ? size * count : 0;
}

/* ---- what goes ---- */

static size_t read_file(struct transfer *t, char *bytes, size_t room)
{
	ssize_t n;

	do
		n = pread(*t->request->fd, bytes, room, (off_t)(t->request->offset + t->sent));
	while (n < 0 && errno == EINTR);
	if (n > 0)
		return (size_t)n;
	t->rc = n < 0 ? error_errno(t->err, PIPE_EIO, errno, "cannot read what is to be sent")
		      : error_set(t->err, PIPE_EIO, "what is to be sent has become shorter while it was sent");
	return CURL_READFUNC_ABORT;
}

static size_t on_read(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *t = context;
	uint64_t left = t->request->length - t->sent;
	size_t room = size * count, n;

	t->moved_ms = monotonic_ms();
	if (room > left)
		room = (size_t)left;
	if (!room)
		return 0;
	n = read_file(t, bytes, room);
	if (n != CURL_READFUNC_ABORT)
		t->sent += n;
	return n;
}

/* libcurl would send it all again on a new connection where a kept one breaks; how far it got is for the caller to ask. */
static int on_seek(void *context, curl_off_t offset, int origin)
{
	struct transfer *t = context;

	return origin == SEEK_SET && offset >= 0 && (uint64_t)offset == t->sent ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

/* ---- the request ---- */

#define SET(option, value) (failed |= t->lib.curl_easy_setopt(t->easy, (option), (value)) != CURLE_OK)

static bool add_header(struct transfer *t, const char *name, const char *value)
{
	size_t n = strlen(name), m = strlen(value);
	char *line = malloc(n + m + 1);
	struct curl_slist *longer;

	if (!line)
		return false;
	memcpy(line, name, n);
	memcpy(line + n, value, m + 1);
	longer = t->lib.curl_slist_append(t->headers, line);
	free(line);
	t->headers = longer ? longer : t->headers;
	return longer != NULL;
}

/* "Expect:" and "Content-Type:" without a value keep libcurl from adding what it thinks right. */
static bool set_headers(struct transfer *t, const struct transfer_request *r)
{
	bool failed = !add_header(t, "Expect:", "");

	for (const char *const *h = r->headers; h && *h; h++)
		failed |= !add_header(t, *h, "");
	if (!r->form)
		failed |= !add_header(
			t, r->content_type ? "Content-Type: " : "Content-Type:", r->content_type ? r->content_type : "");
	SET(CURLOPT_HTTPHEADER, t->headers);
	return !failed;
}

static bool set_form(struct transfer *t, const struct transfer_request *r)
{
	curl_mimepart *part;
	bool failed;

	t->form = t->lib.curl_mime_init(t->easy);
	part = t->form ? t->lib.curl_mime_addpart(t->form) : NULL;
	failed = !part || t->lib.curl_mime_name(part, r->form->field) || t->lib.curl_mime_filename(part, r->form->filename) ||
		 t->lib.curl_mime_type(part, r->content_type ? r->content_type : "application/octet-stream") ||
		 t->lib.curl_mime_data_cb(part, (curl_off_t)r->length, on_read, on_seek, NULL, t);
	SET(CURLOPT_MIMEPOST, t->form);
	SET(CURLOPT_CUSTOMREQUEST, r->method);
	return !failed;
}

static bool set_body(struct transfer *t, const struct transfer_request *r)
{
	bool failed = false;

	if (r->form)
		return set_form(t, r);
	if (r->fd) {
		SET(CURLOPT_UPLOAD, 1L);
		SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->length);
		SET(CURLOPT_READFUNCTION, on_read);
		SET(CURLOPT_READDATA, t);
		SET(CURLOPT_SEEKFUNCTION, on_seek);
		SET(CURLOPT_SEEKDATA, t);
	} else if (r->body || !strcmp(r->method, "POST") || !strcmp(r->method, "PUT")) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->length);
		SET(CURLOPT_POSTFIELDS, r->body ? r->body : "");
	}
	if (!strcmp(r->method, "HEAD"))
		SET(CURLOPT_NOBODY, 1L);
	else if (r->fd || strcmp(r->method, "GET") != 0)
		SET(CURLOPT_CUSTOMREQUEST, r->method);
	return !failed;
}

static bool set_login(struct transfer *t, const struct transfer_request *r)
{
	bool failed = false;

	if (r->bearer) {
		SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		SET(CURLOPT_XOAUTH2_BEARER, r->bearer);
	} else if (r->user) {
		SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		SET(CURLOPT_USERNAME, r->user);
		SET(CURLOPT_PASSWORD, r->password ? r->password : "");
	}
	return !failed;
}

static bool set_tls(struct transfer *t, const struct transfer_request *r)
{
	bool failed = false;

	if (r->ca_file)
		SET(CURLOPT_CAINFO, r->ca_file); /* the system's are in CURLOPT_CAPATH, too */
	if (r->certificate) {
		SET(CURLOPT_SSLCERT, r->certificate);
		SET(CURLOPT_SSLKEY, r->key ? r->key : r->certificate);
	}
	if (r->insecure) {
		SET(CURLOPT_SSL_VERIFYPEER, 0L);
		SET(CURLOPT_SSL_VERIFYHOST, 0L);
	}
	return !failed;
}

static int configure(struct transfer *t, const struct transfer_request *r, pipe_error *err)
{
	bool failed = false;

	SET(CURLOPT_URL, r->url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(r->idle_ms < CONNECT_MS ? r->idle_ms : CONNECT_MS));
	SET(CURLOPT_NOSIGNAL, 1L);
	t->lib.curl_easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L); /* since 7.87 */
	SET(CURLOPT_USERAGENT, "pipe/" PIPE_VERSION);
	SET(CURLOPT_ERRORBUFFER, t->why);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, t);
	if (exchange_is_this_machine(r->url))
		SET(CURLOPT_PROXY, "");
	failed |= !set_headers(t, r) || !set_body(t, r) || !set_login(t, r) || !set_tls(t, r);
	return failed ? error_set(err, PIPE_EUNSUPPORTED, "the installed libcurl is too old") : PIPE_OK;
}

/* ---- the exchange ---- */

enum { DRIVE_CANCELLED = -1, DRIVE_IDLE = -2 };

/* The transfer's own CURLcode, or why we gave up. */
static int drive(struct transfer *t)
{
	const struct transfer_request *r = t->request;
	int running = 1, left;
	CURLMsg *message;

	t->moved_ms = monotonic_ms();
	while (running) {
		if (t->lib.curl_multi_perform(t->multi, &running) != CURLM_OK)
			return CURLE_OUT_OF_MEMORY;
		if (r->cancel && atomic_load(r->cancel))
			return DRIVE_CANCELLED;
		if (running && monotonic_ms() - t->moved_ms > r->idle_ms)
			return DRIVE_IDLE;
		if (running && t->lib.curl_multi_poll(t->multi, NULL, 0, LOOK_MS, NULL) != CURLM_OK)
			return CURLE_OUT_OF_MEMORY;
	}
	while ((message = t->lib.curl_multi_info_read(t->multi, &left)))
		if (message->msg == CURLMSG_DONE)
			return (int)message->data.result;
	return CURLE_FAILED_INIT;
}

static enum transfer_end end_of(int code)
{
	static const int lost[] = { DRIVE_IDLE,
				    CURLE_COULDNT_RESOLVE_PROXY,
				    CURLE_COULDNT_RESOLVE_HOST,
				    CURLE_COULDNT_CONNECT,
				    CURLE_PARTIAL_FILE,
				    CURLE_OPERATION_TIMEDOUT,
				    CURLE_SSL_CONNECT_ERROR,
				    CURLE_GOT_NOTHING,
				    CURLE_SEND_ERROR,
				    CURLE_RECV_ERROR,
				    CURLE_HTTP2,
				    CURLE_HTTP2_STREAM,
				    CURLE_SEND_FAIL_REWIND };

	for (size_t i = 0; i < sizeof(lost) / sizeof(*lost); i++)
		if (code == lost[i])
			return TRANSFER_LOST;
	return TRANSFER_FAILED;
}

static int judge(struct transfer *t, int code, enum transfer_end *end, pipe_error *err)
{
	const struct transfer_request *r = t->request;
	curl_off_t after = 0;

	*end = end_of(code);
	if (t->rc)
		return t->rc;
	if (t->over)
		return error_set(err, PIPE_ELIMIT, "the answer is longer than %zu bytes", r->max_bytes);
	if (t->reply->headers.failed)
		return error_set(err, PIPE_ELIMIT,
				 "the answer's headers are longer than %d bytes, or there is no memory for them",
				 EXCHANGE_HEADERS_MAX);
	if (t->reply->body.failed || code == CURLE_OUT_OF_MEMORY)
		return error_nomem(err);
	if (code == DRIVE_CANCELLED)
		return error_set(err, PIPE_ENETWORK, "cancelled");
	if (code == DRIVE_IDLE)
		return error_set(err, PIPE_ENETWORK, "nothing came or went for %lld s", (long long)((r->idle_ms + 999) / 1000));
	t->lib.curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->reply->status);
	if (code != CURLE_OK && !t->enough && t->reply->status < 300) /* of a refusal the end is not needed */
		return error_set(err, PIPE_ENETWORK, "%s", *t->why ? t->why : t->lib.curl_easy_strerror((CURLcode)code));
	t->lib.curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &after);
	t->retry_after = after;
	*end = TRANSFER_ANSWERED;
	return PIPE_OK;
}

int64_t transfer_retry_after(const struct transfer *t)
{
	return t->retry_after;
}

static void begin(struct transfer *t, const struct transfer_request *request, struct exchange_reply *reply, pipe_error *err)
{
	exchange_reply_clear(reply);
	exchange_reply_init(reply);
	str_init_limit(&reply->headers, EXCHANGE_HEADERS_MAX);
	t->request = request;
	t->reply = reply;
	t->err = err;
	t->sent = 0;
	t->retry_after = 0;
	t->rc = PIPE_OK;
	t->enough = t->over = false;
	t->why[0] = '\0';
	t->lib.curl_easy_reset(t->easy); /* keeps the connections */
}

int transfer_perform(struct transfer *t, const struct transfer_request *request, struct exchange_reply *reply,
		     enum transfer_end *end, pipe_error *err)
{
	struct broken_pipes broken;
	int rc;

	*end = TRANSFER_FAILED;
	begin(t, request, reply, err);
	rc = configure(t, request, err);
	if (rc == PIPE_OK) {
		broken_pipes_hold(&broken);
		if (t->lib.curl_multi_add_handle(t->multi, t->easy) == CURLM_OK) {
			rc = judge(t, drive(t), end, err);
			t->lib.curl_multi_remove_handle(t->multi, t->easy);
		} else {
			rc = error_nomem(err);
		}
		broken_pipes_drop(&broken);
	}
	t->lib.curl_easy_reset(t->easy); /* nothing of the caller's is kept, a password least of all */
	t->lib.curl_mime_free(t->form);
	t->lib.curl_slist_free_all(t->headers);
	t->form = NULL;
	t->headers = NULL;
	return rc;
}

/* ---- addresses ---- */

static bool is_http(struct transfer *t, CURLU *u)
{
	char *scheme = NULL;
	bool http = t->lib.curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		    (!strcasecmp(scheme, "http") || !strcasecmp(scheme, "https"));

	t->lib.curl_free(scheme);
	return http;
}

int transfer_resolve(struct transfer *t, const char *base, const char *reference, char **out, pipe_error *err)
{
	CURLU *u = t->lib.curl_url();
	char *text = NULL;
	int rc = PIPE_OK;

	*out = NULL;
	if (!u)
		return error_nomem(err);
	if (t->lib.curl_url_set(u, CURLUPART_URL, base, 0) || t->lib.curl_url_set(u, CURLUPART_URL, reference, 0) ||
	    t->lib.curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) || !is_http(t, u) ||
	    t->lib.curl_url_get(u, CURLUPART_URL, &text, 0))
		rc = error_set(err, PIPE_ENETWORK, "it names an address that is none of http or https");
	else if (!(*out = strdup(text)))
		rc = error_nomem(err);
	t->lib.curl_free(text);
	t->lib.curl_url_cleanup(u);
	return rc;
}

static bool same_part(struct transfer *t, CURLU *a, CURLU *b, CURLUPart part)
{
	char *x = NULL, *y = NULL;
	bool same = t->lib.curl_url_get(a, part, &x, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		    t->lib.curl_url_get(b, part, &y, CURLU_DEFAULT_PORT) == CURLUE_OK && !strcasecmp(x, y);

	t->lib.curl_free(x);
	t->lib.curl_free(y);
	return same;
}

bool transfer_same_origin(struct transfer *t, const char *a, const char *b)
{
	CURLU *x = t->lib.curl_url(), *y = t->lib.curl_url();
	bool same = x && y && !t->lib.curl_url_set(x, CURLUPART_URL, a, 0) && !t->lib.curl_url_set(y, CURLUPART_URL, b, 0) &&
		    same_part(t, x, y, CURLUPART_SCHEME) && same_part(t, x, y, CURLUPART_HOST) &&
		    same_part(t, x, y, CURLUPART_PORT);

	t->lib.curl_url_cleanup(x);
	t->lib.curl_url_cleanup(y);
	return same;
}
