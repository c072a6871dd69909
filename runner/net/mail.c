#include "runner/net/mail.h"

#include "base/error.h"
#include "runner/net/curl_loop.h"

#include <stdlib.h>
#include <string.h>

struct mail {
	struct curl_transfer transfer; /* first: what libcurl knows it by */
	struct http_loop *owner;
	struct mail_request request;
	struct curl_slist *to;
	size_t sent;
	char why[CURL_ERROR_SIZE];
};

static void free_mail(struct mail *m)
{
	if (m->transfer.easy)
		m->owner->lib.curl_easy_cleanup(m->transfer.easy);
	m->owner->lib.curl_slist_free_all(m->to);
	free(m);
}

static size_t on_read(char *bytes, size_t size, size_t count, void *context)
{
	struct mail *m = context;
	size_t left = m->request.length - m->sent, n = size * count < left ? size * count : left;

	memcpy(bytes, m->request.message + m->sent, n);
	m->sent += n;
	return n;
}

/* What the server says is no answer for anybody. */
static size_t on_word(char *bytes, size_t size, size_t count, void *context)
{
	(void)bytes, (void)context;
	return size * count;
}

static bool add_recipients(struct mail *m)
{
	for (const char *const *to = m->request.to; *to; to++) {
		struct curl_slist *longer = m->owner->lib.curl_slist_append(m->to, *to);
		if (!longer)
			return false;
		m->to = longer;
	}
	return true;
}

#define SET(option, value) (failed |= lib->curl_easy_setopt(easy, (option), (value)) != CURLE_OK)

static int configure(struct mail *m, pipe_error *err)
{
	const struct curl_library *lib = &m->owner->lib;
	const struct mail_request *r = &m->request;
	const bool local = exchange_is_this_machine(r->url);
	CURL *easy = m->transfer.easy;
	bool failed = false;

	if (!add_recipients(m))
		return error_nomem(err);
	SET(CURLOPT_URL, r->url);
	SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	SET(CURLOPT_USE_SSL, r->password && !local ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_TRY);
	SET(CURLOPT_MAIL_FROM, r->from);
	SET(CURLOPT_MAIL_RCPT, m->to);
	SET(CURLOPT_UPLOAD, 1L);
	SET(CURLOPT_READFUNCTION, on_read);
	SET(CURLOPT_READDATA, m);
	SET(CURLOPT_WRITEFUNCTION, on_word);
	SET(CURLOPT_WRITEDATA, m);
	SET(CURLOPT_TIMEOUT_MS, (long)(r->timeout_ms > 0 ? r->timeout_ms : 1));
	SET(CURLOPT_NOSIGNAL, 1L);
	lib->curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_ERRORBUFFER, m->why);
	SET(CURLOPT_PROXY, "");
	if (r->user)
		SET(CURLOPT_USERNAME, r->user);
	if (r->password)
		SET(CURLOPT_PASSWORD, r->password);
	return failed ? error_set(err, PIPE_EUNSUPPORTED, "the installed libcurl cannot send mail") : PIPE_OK;
}

static void on_ended(struct curl_transfer *t, CURLcode code)
{
	struct mail *m = (struct mail *)t;
	pipe_error err = { 0 };
	int rc = PIPE_OK;

	if (code == CURLE_ABORTED_BY_CALLBACK)
		rc = error_set(&err, PIPE_ENETWORK, "cancelled");
	else if (code == CURLE_OUT_OF_MEMORY)
		rc = error_nomem(&err);
	else if (code != CURLE_OK)
		rc = error_set(&err, PIPE_ENETWORK, "%s", *m->why ? m->why : m->owner->lib.curl_easy_strerror(code));
	m->request.done(m->request.payload, rc, &err);
	free_mail(m);
}

int mail_start(struct mail **out, struct http_loop *h, const struct mail_request *request, pipe_error *err)
{
	struct mail *m;
	int rc = curl_loop_ready(h, err);

	*out = NULL;
	if (rc)
		return rc;
	m = calloc(1, sizeof(*m));
	if (!m)
		return error_nomem(err);
	m->owner = h;
	m->request = *request;
	m->transfer.ended = on_ended;
	m->transfer.easy = h->lib.curl_easy_init();
	rc = m->transfer.easy ? configure(m, err) : error_nomem(err);
	if (rc == PIPE_OK)
		rc = curl_loop_add(h, &m->transfer, err);
	if (rc) {
		free_mail(m);
		return rc;
	}
	*out = m;
	return PIPE_OK;
}

void mail_cancel(struct mail *m)
{
	curl_loop_cancel(m->owner, &m->transfer);
}
