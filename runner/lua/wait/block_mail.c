/* A message to a mail server (RFC 5321), by libcurl, here and now. */
#include "base/error.h"
#include "runner/lua/wait/block_inside.h"
#include "runner/net/curl_library.h"

#include <string.h>

struct sending {
	struct block_work *w;
	const char *next;
	size_t left;
	struct curl_library lib;
	void *handle;
	CURL *easy;
	struct curl_slist *to;
	char why[CURL_ERROR_SIZE];
};

static size_t on_read(char *bytes, size_t size, size_t count, void *context)
{
	struct sending *s = context;
	size_t n = size * count < s->left ? size * count : s->left;

	memcpy(bytes, s->next, n);
	s->next += n;
	s->left -= n;
	return n;
}

static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return block_cancelled(((struct sending *)context)->w);
}

static bool add_recipients(struct sending *s, const char *const *to)
{
	for (; *to; to++) {
		struct curl_slist *longer = s->lib.curl_slist_append(s->to, *to);

		if (!longer)
			return false;
		s->to = longer;
	}
	return true;
}

#define SET(option, value) (failed |= s->lib.curl_easy_setopt(s->easy, (option), (value)) != CURLE_OK)

/* A password is told to nobody who listens: over TLS, but for this machine's own server. */
static bool configure(struct sending *s, const struct lua_wait *wait)
{
	const bool local = exchange_is_this_machine(wait->mail.url);
	bool failed = !add_recipients(s, wait->mail.to);

	SET(CURLOPT_URL, wait->mail.url);
	SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	SET(CURLOPT_USE_SSL, wait->mail.password && !local ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_TRY);
	SET(CURLOPT_MAIL_FROM, wait->mail.from);
	SET(CURLOPT_MAIL_RCPT, s->to);
	SET(CURLOPT_UPLOAD, 1L);
	SET(CURLOPT_READFUNCTION, on_read);
	SET(CURLOPT_READDATA, s);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, s);
	SET(CURLOPT_TIMEOUT_MS, (long)(wait->timeout_ms > 0 ? wait->timeout_ms : 1));
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_ERRORBUFFER, s->why);
	SET(CURLOPT_PROXY, "");
	if (wait->mail.user)
		SET(CURLOPT_USERNAME, wait->mail.user);
	if (wait->mail.password)
		SET(CURLOPT_PASSWORD, wait->mail.password);
	return !failed;
}

static void send_message(struct sending *s, const struct lua_wait *wait)
{
	struct broken_pipes broken;
	CURLcode code;

	if (!s->easy || !configure(s, wait)) {
		block_fail(s->w, PIPE_EUNSUPPORTED, "libcurl could not be started");
		return;
	}
	broken_pipes_hold(&broken);
	code = s->lib.curl_easy_perform(s->easy);
	broken_pipes_drop(&broken);
	if (code != CURLE_OK)
		block_fail(s->w, PIPE_ENETWORK, "%s", *s->why ? s->why : s->lib.curl_easy_strerror(code));
}

void block_mail(struct block_work *w, const struct lua_wait *wait)
{
	struct sending s = { .w = w, .next = wait->mail.message, .left = wait->mail.length };
	struct broken_pipes broken;
	pipe_error err;

	if (curl_library_open(&s.handle, &s.lib, &err)) {
		block_fail(w, err.code, "%s", err.text);
		return;
	}
	s.easy = s.lib.curl_easy_init();
	send_message(&s, wait);
	broken_pipes_hold(&broken); /* the connection says goodbye */
	if (s.easy)
		s.lib.curl_easy_cleanup(s.easy);
	broken_pipes_drop(&broken);
	s.lib.curl_slist_free_all(s.to);
	lazy_close(s.handle);
}
