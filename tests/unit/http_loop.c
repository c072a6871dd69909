#include "runner/net/http_loop.h"

#include "runner/net/mail.h"
#include "tests/unit/server.h"

#include <stdlib.h>

Suite *http_loop_suite(void);

enum { MANY = 300 };

static const struct answer answers[] = {
	{ "/ok", "200 OK\r\nX-Kind: fine\r\nContent-Length: 5\r\n", "hello", NULL },
	{ "/redirect", "302 Found\r\nLocation: /ok\r\n", "moved", NULL },
	{ "/loop", "302 Found\r\nLocation: /loop\r\n", NULL, NULL },
	{ "/file", "302 Found\r\nLocation: file:///etc/passwd\r\n", NULL, NULL },
	{ "/error", "500 Oops\r\n", "no", NULL },
	{ "/long", "200 OK\r\nContent-Length: 20\r\n", "12345678901234567890", NULL },
	{ "/slow", NULL, NULL, NULL },
	{ NULL, NULL, NULL, NULL },
};

static struct server server;
static uv_loop_t loop;
static struct http_loop *h;
static pipe_error err;
static bool closed;

struct result {
	unsigned times;
	int code;
	long status;
	char body[64], header[64], why[512];
	uint64_t at;
	const char *allowed; /* what a redirect may lead to, "": nowhere; NULL: not asked */
	char asked[256];
};

static void setup(void)
{
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	server_start(&server, answers);
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	ck_assert_int_eq(http_loop_create(&h, &loop, &err), PIPE_OK);
	closed = false;
}

static void on_closed(void *payload)
{
	*(bool *)payload = true;
}

static void teardown(void)
{
	http_loop_close(h, on_closed, &closed);
	ck_assert(!closed);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert(closed);
	ck_assert_int_eq(uv_loop_close(&loop), 0); /* no handle is left */
	server_stop(&server);
}

static void on_done(void *payload, int code, const struct exchange_reply *reply, const pipe_error *why)
{
	struct result *r = payload;
	const char *value = NULL;
	size_t length = 0;

	r->times++;
	r->code = code;
	r->at = uv_hrtime();
	snprintf(r->why, sizeof(r->why), "%s", code ? why->text : "");
	if (code)
		return;
	r->status = reply->status;
	snprintf(r->body, sizeof(r->body), "%s", reply->body.data);
	if (exchange_header(reply, "x-kind", &value, &length))
		snprintf(r->header, sizeof(r->header), "%.*s", (int)length, value);
}

static bool may_follow(void *payload, const char *url)
{
	struct result *r = payload;

	snprintf(r->asked, sizeof(r->asked), "%s", url);
	return strstr(url, r->allowed) != NULL && *r->allowed;
}

static struct http_loop_exchange *begin(const char *path, struct http_loop_request *q, struct result *r)
{
	static char urls[MANY + 8][128];
	static unsigned used;
	struct http_loop_exchange *x;
	char *url = urls[used++ % (MANY + 8)];

	snprintf(url, sizeof(urls[0]), "http://127.0.0.1:%d%s", server.port, path);
	q->http.url = url;
	q->http.timeout_ms = q->http.timeout_ms ? q->http.timeout_ms : 5000;
	q->http.max_bytes = q->http.max_bytes ? q->http.max_bytes : 1000;
	q->done = on_done;
	q->payload = r;
	if (r->allowed)
		q->may_follow = may_follow;
	ck_assert_msg(http_loop_start(&x, h, q, &err) == PIPE_OK, "%s", err.text);
	ck_assert_uint_eq(r->times, 0);
	return x;
}

static void fetch(const char *path, struct http_loop_request q, struct result *r)
{
	begin(path, &q, r);
	while (!r->times)
		uv_run(&loop, UV_RUN_ONCE);
	ck_assert_uint_eq(r->times, 1);
}

START_TEST(an_answer_comes_later)
{
	struct result r = { 0 };

	fetch("/ok", (struct http_loop_request){ 0 }, &r);
	ck_assert_int_eq(r.code, PIPE_OK);
	ck_assert_int_eq(r.status, 200);
	ck_assert_str_eq(r.body, "hello");
	ck_assert_str_eq(r.header, "fine");
}
END_TEST

START_TEST(any_status_is_an_answer)
{
	struct result r = { 0 };

	fetch("/error", (struct http_loop_request){ 0 }, &r);
	ck_assert_int_eq(r.code, PIPE_OK);
	ck_assert_int_eq(r.status, 500);
}
END_TEST

START_TEST(a_redirect_is_followed_only_when_asked_for)
{
	struct result r = { 0 };

	fetch("/redirect", (struct http_loop_request){ 0 }, &r);
	ck_assert_int_eq(r.status, 302);
	r = (struct result){ 0 };
	fetch("/redirect", (struct http_loop_request){ .http = { .follow = true } }, &r);
	ck_assert_int_eq(r.status, 200);
	ck_assert_str_eq(r.body, "hello");
}
END_TEST

START_TEST(each_hop_is_asked_about)
{
	struct result r = { .allowed = "/ok" };

	fetch("/redirect", (struct http_loop_request){ .http = { .follow = true } }, &r);
	ck_assert_int_eq(r.status, 200);
	ck_assert_ptr_nonnull(strstr(r.asked, "/ok"));
	r = (struct result){ .allowed = "" };
	fetch("/redirect", (struct http_loop_request){ .http = { .follow = true } }, &r);
	ck_assert_int_eq(r.code, PIPE_ENETWORK);
	ck_assert_ptr_nonnull(strstr(r.why, "not allowed"));
}
END_TEST

START_TEST(redirects_have_an_end_and_stay_with_http)
{
	struct result r = { 0 };

	fetch("/loop", (struct http_loop_request){ .http = { .follow = true } }, &r);
	ck_assert_int_eq(r.code, PIPE_ENETWORK);
	ck_assert_ptr_nonnull(strstr(r.why, "10 times"));
	r = (struct result){ 0 };
	fetch("/file", (struct http_loop_request){ .http = { .follow = true } }, &r);
	ck_assert_int_eq(r.code, PIPE_ENETWORK);
}
END_TEST

START_TEST(what_is_for_one_server_is_not_told_to_another)
{
	static const char *const headers[] = { "Authorization: Bearer abc", "X-Token: def", "Accept: text/plain", NULL };
	struct answer away[] = { { "/away", NULL, NULL, NULL }, { NULL, NULL, NULL, NULL } };
	char head[128];
	struct server other;
	struct result r = { 0 };
	struct http_loop_request q = { .http = { .follow = true, .headers = headers } };

	server_start(&other, answers);
	snprintf(head, sizeof(head), "302 Found\r\nLocation: http://localhost:%d/ok\r\n", other.port);
	away[0].head = head;
	server.answers = away;
	fetch("/away", q, &r);
	server.answers = answers;
	ck_assert_int_eq(r.status, 200);
	ck_assert_ptr_nonnull(strstr(server.last, "Bearer abc"));
	ck_assert_ptr_null(strstr(other.last, "Bearer abc"));
	ck_assert_ptr_null(strstr(other.last, "X-Token"));
	ck_assert_ptr_nonnull(strstr(other.last, "Accept: text/plain"));
	server_stop(&other);
}
END_TEST

START_TEST(an_answer_has_a_most)
{
	struct result r = { 0 };

	fetch("/long", (struct http_loop_request){ .http = { .max_bytes = 10 } }, &r);
	ck_assert_int_eq(r.code, PIPE_ENETWORK);
	ck_assert_ptr_nonnull(strstr(r.why, "longer than 10 bytes"));
}
END_TEST

START_TEST(time_has_an_end)
{
	struct result r = { 0 };
	uint64_t before = uv_hrtime();

	fetch("/slow", (struct http_loop_request){ .http = { .timeout_ms = 200 } }, &r);
	ck_assert_int_eq(r.code, PIPE_ENETWORK);
	ck_assert_uint_lt(uv_hrtime() - before, 3000000000u);
}
END_TEST

START_TEST(a_server_that_is_not_there)
{
	struct http_loop_request q = { .http = { .url = "http://127.0.0.1:1/", .timeout_ms = 2000, .max_bytes = 10 },
				       .done = on_done };
	struct result r = { 0 };
	struct http_loop_exchange *x;

	q.payload = &r;
	ck_assert_int_eq(http_loop_start(&x, h, &q, &err), PIPE_OK);
	while (!r.times)
		uv_run(&loop, UV_RUN_ONCE);
	ck_assert_int_eq(r.code, PIPE_ENETWORK);
	ck_assert_str_ne(r.why, "");
}
END_TEST

START_TEST(who_waits_holds_nobody_up)
{
	struct result slow = { 0 }, quick = { 0 };
	struct http_loop_request a = { .http = { .timeout_ms = 400 } }, b = { 0 };
	struct server other;
	char url[64];
	struct http_loop_exchange *x;

	server_start(&other, answers); /* the one server speaks to one client at a time */
	begin("/slow", &a, &slow);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/ok", other.port);
	b.http = (struct exchange_request){ .url = url, .timeout_ms = 5000, .max_bytes = 100 };
	b.done = on_done;
	b.payload = &quick;
	ck_assert_int_eq(http_loop_start(&x, h, &b, &err), PIPE_OK);
	while (!slow.times || !quick.times)
		uv_run(&loop, UV_RUN_ONCE);
	ck_assert_int_eq(quick.status, 200);
	ck_assert_int_eq(slow.code, PIPE_ENETWORK);
	ck_assert_uint_lt(quick.at, slow.at);
	server_stop(&other);
}
END_TEST

START_TEST(many_at_once)
{
	static struct result results[MANY];
	struct http_loop_request q = { .http = { .timeout_ms = 20000 } };

	memset(results, 0, sizeof(results));
	for (int i = 0; i < MANY; i++)
		begin("/ok", &q, &results[i]);
	for (int i = 0; i < MANY; i++)
		while (!results[i].times)
			uv_run(&loop, UV_RUN_ONCE);
	for (int i = 0; i < MANY; i++) {
		ck_assert_msg(results[i].code == PIPE_OK, "%s", results[i].why);
		ck_assert_uint_eq(results[i].times, 1);
		ck_assert_str_eq(results[i].body, "hello");
	}
}
END_TEST

START_TEST(a_cancel_ends_it_soon_and_later)
{
	struct result r = { 0 };
	struct http_loop_request q = { 0 };
	uint64_t before = uv_hrtime();
	struct http_loop_exchange *x = begin("/slow", &q, &r);

	for (int i = 0; i < 5; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	http_loop_cancel(x);
	ck_assert_uint_eq(r.times, 0);
	while (!r.times)
		uv_run(&loop, UV_RUN_ONCE);
	ck_assert_int_eq(r.code, PIPE_ENETWORK);
	ck_assert_str_eq(r.why, "cancelled");
	ck_assert_uint_lt(uv_hrtime() - before, 2000000000u);
}
END_TEST

START_TEST(a_cancel_before_the_first_turn)
{
	struct result r = { 0 }, other = { 0 };
	struct http_loop_request q = { 0 }, o = { 0 };
	struct http_loop_exchange *x = begin("/ok", &q, &r);

	begin("/ok", &o, &other);
	http_loop_cancel(x);
	while (!r.times || !other.times)
		uv_run(&loop, UV_RUN_ONCE);
	ck_assert_int_eq(r.code, PIPE_ENETWORK);
	ck_assert_int_eq(other.status, 200);
}
END_TEST

/* ---- mail ---- */

/* A mail server for one message. */
struct post {
	int fd, port;
	pthread_t thread;
	char said[4096];
};

static void *post_run(void *argument)
{
	struct post *p = argument;
	static const char *const words[][2] = { { "EHLO", "250 hello\r\n" }, { "MAIL", "250 ok\r\n" },	{ "RCPT", "250 ok\r\n" },
						{ "DATA", "354 go on\r\n" }, { "QUIT", "221 bye\r\n" }, { NULL, NULL } };
	int fd = accept(p->fd, NULL, NULL);
	FILE *in = fd >= 0 ? fdopen(fd, "r") : NULL;
	bool data = false;
	char line[512];

	if (!in)
		return NULL;
	send(fd, "220 post\r\n", 10, MSG_NOSIGNAL);
	while (fgets(line, sizeof(line), in)) {
		strncat(p->said, line, sizeof(p->said) - strlen(p->said) - 1);
		if (data) {
			if (!strcmp(line, ".\r\n")) {
				data = false;
				send(fd, "250 taken\r\n", 11, MSG_NOSIGNAL);
			}
			continue;
		}
		for (size_t i = 0; words[i][0]; i++)
			if (!strncmp(line, words[i][0], 4)) {
				send(fd, words[i][1], strlen(words[i][1]), MSG_NOSIGNAL);
				data = i == 3;
			}
		if (!strncmp(line, "QUIT", 4))
			break;
	}
	fclose(in);
	return NULL;
}

static void post_start(struct post *p)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(at);

	memset(p, 0, sizeof(*p));
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(p->fd, (struct sockaddr *)&at, size), 0);
	ck_assert_int_eq(listen(p->fd, 1), 0);
	ck_assert_int_eq(getsockname(p->fd, (struct sockaddr *)&at, &size), 0);
	p->port = ntohs(at.sin_port);
	ck_assert_int_eq(pthread_create(&p->thread, NULL, post_run, p), 0);
}

static void post_stop(struct post *p)
{
	shutdown(p->fd, SHUT_RDWR);
	pthread_join(p->thread, NULL);
	close(p->fd);
}

static void on_sent(void *payload, int code, const pipe_error *why)
{
	struct result *r = payload;

	r->times++;
	r->code = code;
	snprintf(r->why, sizeof(r->why), "%s", code ? why->text : "");
}

static const char message[] = "Subject: hi\r\n\r\nall is well\r\n";
static const char *const to[] = { "a@example.org", "b@example.org", NULL };

static void post(const char *url, const char *password, struct result *r)
{
	const struct mail_request q = { .url = url,
					.from = "pipe@example.org",
					.to = to,
					.message = message,
					.length = sizeof(message) - 1,
					.user = password ? "me" : NULL,
					.password = password,
					.timeout_ms = 5000,
					.done = on_sent,
					.payload = r };
	struct mail *m;

	ck_assert_msg(mail_start(&m, h, &q, &err) == PIPE_OK, "%s", err.text);
	ck_assert_uint_eq(r->times, 0);
	while (!r->times)
		uv_run(&loop, UV_RUN_ONCE);
	ck_assert_uint_eq(r->times, 1);
}

START_TEST(a_message_is_sent)
{
	struct result r = { 0 };
	struct post p;
	char url[64];

	post_start(&p);
	snprintf(url, sizeof(url), "smtp://127.0.0.1:%d", p.port);
	post(url, NULL, &r);
	ck_assert_msg(r.code == PIPE_OK, "%s", r.why);
	http_loop_close(h, on_closed, &closed);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(http_loop_create(&h, &loop, &err), PIPE_OK);
	closed = false;
	post_stop(&p);
	ck_assert_ptr_nonnull(strstr(p.said, "MAIL FROM:<pipe@example.org>"));
	ck_assert_ptr_nonnull(strstr(p.said, "RCPT TO:<a@example.org>"));
	ck_assert_ptr_nonnull(strstr(p.said, "RCPT TO:<b@example.org>"));
	ck_assert_ptr_nonnull(strstr(p.said, "all is well"));
}
END_TEST

START_TEST(mail_says_why_not)
{
	struct result r = { 0 };

	post("smtp://127.0.0.1:1", NULL, &r);
	ck_assert_int_eq(r.code, PIPE_ENETWORK);
	ck_assert_str_ne(r.why, "");
}
END_TEST

Suite *http_loop_suite(void)
{
	Suite *s = suite_create("http_loop");
	TCase *exchanges = tcase_create("exchanges"), *mail = tcase_create("mail");

	tcase_add_checked_fixture(exchanges, setup, teardown);
	tcase_add_test(exchanges, an_answer_comes_later);
	tcase_add_test(exchanges, any_status_is_an_answer);
	tcase_add_test(exchanges, a_redirect_is_followed_only_when_asked_for);
	tcase_add_test(exchanges, each_hop_is_asked_about);
	tcase_add_test(exchanges, redirects_have_an_end_and_stay_with_http);
	tcase_add_test(exchanges, what_is_for_one_server_is_not_told_to_another);
	tcase_add_test(exchanges, an_answer_has_a_most);
	tcase_add_test(exchanges, time_has_an_end);
	tcase_add_test(exchanges, a_server_that_is_not_there);
	tcase_add_test(exchanges, who_waits_holds_nobody_up);
	tcase_add_test(exchanges, many_at_once);
	tcase_add_test(exchanges, a_cancel_ends_it_soon_and_later);
	tcase_add_test(exchanges, a_cancel_before_the_first_turn);
	tcase_set_timeout(exchanges, 30);
	suite_add_tcase(s, exchanges);
	tcase_add_checked_fixture(mail, setup, teardown);
	tcase_add_test(mail, a_message_is_sent);
	tcase_add_test(mail, mail_says_why_not);
	suite_add_tcase(s, mail);
	return s;
}
