/* Probes: runner/probe/ against servers in threads of the test, and the texts that they are made of (stages/probe_text.h). */
#include "runner/probe/probe.h"
#include "server.h"
#include "stages/probe_text.h"

#include <stdlib.h>
#include <strings.h>
#include <sys/time.h>
#include <time.h>

Suite *probe_suite(void);

/* ---- texts ---- */

static const struct {
	bool (*check)(const char *text, pipe_error *why);
	const char *text;
	bool ok;
} texts[] = {
	{ probe_url_check, "http://a", true },
	{ probe_url_check, "HTTPS://a:1/b?c#d", true },
	{ probe_url_check, "http://[::1]:80/", true },
	{ probe_url_check, "", false },
	{ probe_url_check, "a:80", false },
	{ probe_url_check, "ftp://a", false },
	{ probe_url_check, "http://", false },
	{ probe_url_check, "http:///a", false },
	{ probe_url_check, "http://a/b c", false },
	{ probe_url_check, "http://a/\r\nX: y", false },
	{ probe_address_check, "a:1", true },
	{ probe_address_check, "127.0.0.1:65535", true },
	{ probe_address_check, "[::1]:80", true },
	{ probe_address_check, "::1:80", false },
	{ probe_address_check, "a", false },
	{ probe_address_check, "a:", false },
	{ probe_address_check, ":80", false },
	{ probe_address_check, "[]:80", false },
	{ probe_address_check, "a:0", false },
	{ probe_address_check, "a:65536", false },
	{ probe_address_check, "a:99999999999999999999", false },
	{ probe_address_check, "a:http", false },
	{ probe_address_check, "a:-1", false },
	{ probe_address_check, "http://a:80", false },
	{ probe_grpc_check, "a:1", true },
	{ probe_grpc_check, "https://a:1", true },
	{ probe_grpc_check, "https://a:1/", true },
	{ probe_grpc_check, "https://a:1/b", false },
	{ probe_grpc_check, "grpc://a:1", false },
	{ probe_method_check, "GET", true },
	{ probe_method_check, "M-SEARCH", true },
	{ probe_method_check, "", false },
	{ probe_method_check, "GET /", false },
	{ probe_method_check, "GET\r\nX: y", false },
	{ probe_status_check, "200", true },
	{ probe_status_check, "2xx, 404,500-599", true },
	{ probe_status_check, " 3XX ", true },
	{ probe_status_check, "", false },
	{ probe_status_check, "200,", false },
	{ probe_status_check, "2x", false },
	{ probe_status_check, "2xxx", false },
	{ probe_status_check, "0xx", false },
	{ probe_status_check, "20", false },
	{ probe_status_check, "299-200", false },
	{ probe_status_check, "200-", false },
	{ probe_status_check, "200 201", false },
	{ probe_status_check, "99999999999999999999", false },
	{ probe_pattern_check, "any(thing", true },
	{ probe_pattern_check, "/", true },
	{ probe_pattern_check, "//", true },
	{ probe_pattern_check, "/a+/", true },
	{ probe_pattern_check, "/a(/", false },
	{ probe_path_check, "$", true },
	{ probe_path_check, "$.a.b-c[0]['d.e'][\"f\"][-1]", true },
	{ probe_path_check, "a", false },
	{ probe_path_check, "", false },
	{ probe_path_check, "$.", false },
	{ probe_path_check, "$..a", false },
	{ probe_path_check, "$.*", false },
	{ probe_path_check, "$[*]", false },
	{ probe_path_check, "$[0:1]", false },
	{ probe_path_check, "$[ 0]", false },
	{ probe_path_check, "$[0", false },
	{ probe_path_check, "$['a", false },
	{ probe_path_check, "$['a'", false },
	{ probe_path_check, "$['\\u0041']", false },
	{ probe_path_check, "$[?@.a]", false },
};

START_TEST(a_text_is_what_it_must_be_or_says_what_would_be)
{
	pipe_error why = { 0 };

	ck_assert_msg(texts[_i].check(texts[_i].text, &why) == texts[_i].ok, "\"%s\"", texts[_i].text);
	ck_assert_msg(!*why.text == texts[_i].ok, "\"%s\": %s", texts[_i].text, why.text);
}
END_TEST

START_TEST(a_status_fits_its_ranges)
{
	ck_assert(probe_status_fits("200", 200) && !probe_status_fits("200", 201));
	ck_assert(probe_status_fits("2xx", 299) && !probe_status_fits("2xx", 300));
	ck_assert(probe_status_fits("404,500-599", 404) && probe_status_fits("404,500-599", 503));
	ck_assert(!probe_status_fits("404, 500-599", 499) && !probe_status_fits("2xx,x", 200));
}
END_TEST

START_TEST(a_name_longer_than_all_names_is_refused)
{
	char path[PROBE_NAME_MAX + 16];
	struct probe_path_step step;

	memset(path, 'a', sizeof(path));
	memcpy(path, "$.", 2);
	path[sizeof(path) - 1] = '\0';
	ck_assert(!probe_path_check(path, NULL));
	memcpy(path, "['", 2);
	memcpy(path + sizeof(path) - 3, "']", 3);
	ck_assert_ptr_null(probe_path_step(path, &step));
}
END_TEST

/* ---- a server that does what the test says with each connection ---- */

struct host {
	int fd, port;
	pthread_t thread;
	void (*serve)(struct host *h, int fd, unsigned number);
	const char *text; /* what some answer */
	atomic_uint connections, requests;
	char last[4096]; /* request; of the server's thread, read after host_stop */
};

static struct host host;
static struct arena arena;
static pipe_error err;
static struct probe_result result;
static atomic_bool cancel;
static char target[128];

static void *host_run(void *argument)
{
	struct host *h = argument;
	int fd;

	while ((fd = accept(h->fd, NULL, NULL)) >= 0) {
		struct timeval never_long = { 10, 0 };
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &never_long, sizeof(never_long));
		h->serve(h, fd, atomic_fetch_add(&h->connections, 1) + 1);
		close(fd);
	}
	return NULL;
}

static void host_start(void (*serve)(struct host *h, int fd, unsigned number))
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(at);

	memset(&host, 0, sizeof(host));
	host.serve = serve;
	host.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(host.fd, (struct sockaddr *)&at, size), 0);
	ck_assert_int_eq(listen(host.fd, 16), 0);
	ck_assert_int_eq(getsockname(host.fd, (struct sockaddr *)&at, &size), 0);
	host.port = ntohs(at.sin_port);
	ck_assert_int_eq(pthread_create(&host.thread, NULL, host_run, &host), 0);
	snprintf(target, sizeof(target), "http://127.0.0.1:%d/", host.port);
}

static void host_stop(void)
{
	shutdown(host.fd, SHUT_RDWR);
	pthread_join(host.thread, NULL);
	close(host.fd);
}

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void put(int fd, const char *text)
{
	send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Headers and, by its Content-Length, the body; false: the other side has gone. */
static bool get(struct host *h, int fd)
{
	size_t n = 0, wanted = 0;
	ssize_t got;
	const char *end, *length;

	for (;;) {
		got = recv(fd, h->last + n, sizeof(h->last) - 1 - n, 0);
		if (got <= 0)
			return false;
		n += (size_t)got;
		h->last[n] = '\0';
		end = strstr(h->last, "\r\n\r\n");
		length = strcasestr(h->last, "Content-Length:");
		if (end && length)
			wanted = (size_t)strtol(length + 15, NULL, 10);
		if (end && n >= (size_t)(end + 4 - h->last) + wanted)
			break;
	}
	atomic_fetch_add(&h->requests, 1);
	return true;
}

/* Answers with h->text, and closes. */
static void serve_text(struct host *h, int fd, unsigned number)
{
	(void)number;
	if (get(h, fd))
		put(fd, h->text);
}

static const struct probe *http_probe(struct probe *p)
{
	*p = (struct probe){ .kind = PROBE_HTTP, .target = target, .timeout_ms = 3000, .budget_ms = 10000, .interval_ms = 10 };
	return p;
}

static void add(struct probe *p, struct expect e)
{
	struct expect *slot = vec_push(&arena, &p->expects);

	ck_assert_ptr_nonnull(slot);
	*slot = e;
}

static struct probe_context context;

static void run(const struct probe *p)
{
	ck_assert_int_eq(probe_run(p, &context, &result, &err), PIPE_OK);
	ck_assert(result.ok == !result.reason);
}

static void setup(void)
{
	memset(&arena, 0, sizeof(arena));
	atomic_store(&cancel, false);
	context = (struct probe_context){ .arena = &arena, .cancel = &cancel, .directory = "/" };
}

static void teardown(void)
{
	arena_clear(&arena);
}

static bool says(const char *words)
{
	return result.reason && strstr(result.reason, words);
}

#define ASSERT_SAYS(words) ck_assert_msg(says(words), "\"%s\" is not in: %s", words, result.reason ? result.reason : "(none)")

/* ---- expectations ---- */

static const char json_answer[] =
	"HTTP/1.1 200 Fine\r\nContent-Type: application/json; v=1\t\r\nSet-Cookie: a=1\r\nset-cookie: session=2\r\n"
	"Empty:\r\nConnection: close\r\n\r\n"
	"{\"status\": \"ok\", \"n\": 5, \"big\": 9007199254740993, \"rate\": 0.1, \"t\": true, \"z\": null, \"e\": \"\","
	" \"a\": [1, {\"b.c\": \"d\"}, \"\\u0000x\"], \"o\": {\"q\": [0.5]}}";

static const struct {
	struct expect e;
	const char *reason; /* NULL: it holds */
} expectations[] = {
	{ { .kind = EXPECT_STATUS, .text = "2xx" }, NULL },
	{ { .kind = EXPECT_STATUS, .text = "404,500-599" }, "got status 200, expected 404,500-599: \"{\"status\": \"ok\"" },
	{ { .kind = EXPECT_HEADER, .name = "content-type", .text = "application/json" }, NULL },
	{ { .kind = EXPECT_HEADER, .name = "Content-Type", .text = "/v=[0-9]$/" }, NULL },
	{ { .kind = EXPECT_HEADER, .name = "Content-Type", .text = "xml" },
	  "the header \"Content-Type\" is \"application/json; v=1\", expected xml" },
	{ { .kind = EXPECT_HEADER, .name = "Set-Cookie", .text = "session" }, NULL },
	{ { .kind = EXPECT_HEADER, .name = "Set-Cookie", .text = "other" }, "is \"a=1\", expected other" },
	{ { .kind = EXPECT_HEADER, .name = "Empty", .text = "" }, NULL },
	{ { .kind = EXPECT_HEADER, .name = "Missing", .text = "" }, "the answer has no header \"Missing\"" },
	{ { .kind = EXPECT_HEADER, .name = "Content", .text = "" }, "the answer has no header \"Content\"" },
	{ { .kind = EXPECT_BODY, .text = "\"rate\"" }, NULL },
	{ { .kind = EXPECT_BODY, .text = "/\"n\": [0-9]+,/" }, NULL },
	{ { .kind = EXPECT_BODY, .text = "/^nothing/" }, "the body does not hold /^nothing/: \"{" },
	{ { .kind = EXPECT_JSON, .name = "$.status", .text = "ok" }, NULL },
	{ { .kind = EXPECT_JSON, .name = "$.status", .text = "OK" }, "$.status is \"ok\", expected \"OK\"" },
	{ { .kind = EXPECT_JSON, .name = "$.status" }, NULL },
	{ { .kind = EXPECT_JSON, .name = "$.status", .text = "" }, "expected \"\"" },
	{ { .kind = EXPECT_JSON, .name = "$.e", .text = "" }, NULL },
	{ { .kind = EXPECT_JSON, .name = "$.n", .text = "5" }, NULL },
	{ { .kind = EXPECT_JSON, .name = "$.n", .text = "50" }, "is \"5\", expected \"50\"" },
	{ { .kind = EXPECT_JSON, .name = "$.big", .text = "9007199254740993" }, NULL },
	{ { .kind = EXPECT_JSON, .name = "$.big", .text = "9007199254740992" }, "is \"9007199254740993\"" },
	{ { .kind = EXPECT_JSON, .name = "$.rate", .text = "0.1" }, NULL },
	{ { .kind = EXPECT_JSON, .name = "$.rate", .text = "0.10" }, NULL },
	{ { .kind = EXPECT_JSON, .name = "$.rate", .text = "0.11" }, "is \"0.1\", expected \"0.11\"" },
	{ { .kind = EXPECT_JSON, .name = "$.t", .text = "true" }, NULL },
	{ { .kind = EXPECT_JSON, .name = "$.z", .text = "null" }, NULL },
	{ { .kind = EXPECT_JSON, .name = "$.a[0]", .text = "1" }, NULL },
	{ { .kind = EXPECT_JSON, .name = "$.a[-3]", .text = "1" }, NULL },
	{ { .kind = EXPECT_JSON, .name = "$.a[-4]" }, "$.a[-4] is not there" },
	{ { .kind = EXPECT_JSON, .name = "$.a[3]" }, "$.a[3] is not there" },
	{ { .kind = EXPECT_JSON, .name = "$.a[99999999999999999999]" }, "is not there" },
	{ { .kind = EXPECT_JSON, .name = "$.a[1]['b.c']", .text = "d" }, NULL },
	{ { .kind = EXPECT_JSON, .name = "$.a.b" }, "is not there" },
	{ { .kind = EXPECT_JSON, .name = "$.status[0]" }, "is not there" },
	{ { .kind = EXPECT_JSON, .name = "$.o", .text = "{\"q\":[0.5]}" }, NULL },
	{ { .kind = EXPECT_JSON, .name = "$.a[2]", .text = "" }, "expected \"\"" },
	{ { .kind = EXPECT_TLS_DAYS, .number = 1 }, "the address is not https" },
	{ { .kind = EXPECT_LATENCY, .number = 2000, .percentile = 50 }, NULL },
	{ { .kind = EXPECT_LATENCY, .number = 0, .percentile = 50 }, "expected at most 0 ms" },
};

START_TEST(an_answer_is_judged)
{
	struct probe p;

	host_start(serve_text);
	host.text = json_answer;
	http_probe(&p);
	add(&p, expectations[_i].e);
	run(&p);
	host_stop();
	if (!expectations[_i].reason)
		ck_assert_msg(result.ok, "%s", result.reason);
	else
		ASSERT_SAYS(expectations[_i].reason);
	ck_assert_int_eq(result.status, 200);
	ck_assert_uint_eq(result.tries, 1);
}
END_TEST

static const struct {
	const char *body, *text, *reason;
} bodies[] = {
	{ "", "ok", "the body is empty" },
	{ "not JSON", "ok", "is in no JSON: \"not JSON\"" },
	{ "{\"status\": \"ok\"", "ok", "is in no JSON" },
	{ "{\"status\": \"ok\"} x", "ok", "is in no JSON" },
	{ "{\"status\": 18446744073709551616}", "1.8446744073709552e19", NULL },
	{ "{\"status\": 1e2}", "100", NULL },
};

START_TEST(a_body_that_is_no_json_is_not_a_value_that_is_missing)
{
	struct probe p;
	char answer[512];

	snprintf(answer, sizeof(answer), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(bodies[_i].body),
		 bodies[_i].body);
	host_start(serve_text);
	host.text = answer;
	http_probe(&p);
	add(&p, (struct expect){ .kind = EXPECT_JSON, .name = "$.status", .text = bodies[_i].text });
	run(&p);
	host_stop();
	if (bodies[_i].reason)
		ASSERT_SAYS(bodies[_i].reason);
	else
		ck_assert_msg(result.ok, "%s", result.reason);
}
END_TEST

/* ---- what the other side may do ---- */

static void serve_endless(struct host *h, int fd, unsigned number)
{
	static char many[65536];

	(void)number;
	memset(many, 'a', sizeof(many));
	if (!get(h, fd))
		return;
	put(fd, "HTTP/1.1 200 OK\r\n\r\n");
	while (send(fd, many, sizeof(many), MSG_NOSIGNAL) > 0)
		;
}

static void serve_endless_headers(struct host *h, int fd, unsigned number)
{
	static const char line[] = "X-Header: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";

	(void)number;
	if (!get(h, fd))
		return;
	put(fd, "HTTP/1.1 200 OK\r\n");
	while (send(fd, line, sizeof(line) - 1, MSG_NOSIGNAL) > 0)
		;
}

static void serve_slowly(struct host *h, int fd, unsigned number)
{
	(void)number;
	if (!get(h, fd))
		return;
	put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
	while (send(fd, "a", 1, MSG_NOSIGNAL) == 1)
		pause_ms(20);
}

static void serve_reset(struct host *h, int fd, unsigned number)
{
	struct linger hard = { 1, 0 };

	(void)number;
	if (!get(h, fd))
		return;
	put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc");
	pause_ms(30);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

static void serve_half(struct host *h, int fd, unsigned number)
{
	(void)number;
	if (get(h, fd))
		put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc");
}

static void serve_nothing(struct host *h, int fd, unsigned number)
{
	(void)number;
	get(h, fd);
}

static void serve_other(struct host *h, int fd, unsigned number)
{
	(void)number;
	put(fd, "220 mail.example.com ESMTP\r\n");
	get(h, fd);
}

static const struct {
	void (*serve)(struct host *h, int fd, unsigned number);
	int64_t timeout_ms;
	const char *reason;
} troubles[] = {
	{ serve_endless, 5000, "the answer is longer than 8388608 bytes" },
	{ serve_endless_headers, 5000, "eaders" },
	{ serve_slowly, 300, "timed out" },
	{ serve_reset, 5000, "reset" },
	{ serve_half, 5000, "997 bytes remaining" },
	{ serve_nothing, 5000, "Empty reply" },
	{ serve_other, 5000, "HTTP/0.9" },
};

START_TEST(trouble_on_the_way_is_told)
{
	struct probe p;
	int64_t start = clock_ms();

	host_start(troubles[_i].serve);
	http_probe(&p);
	p.timeout_ms = troubles[_i].timeout_ms;
	run(&p);
	host_stop();
	ck_assert(!result.ok && !result.status);
	ASSERT_SAYS(troubles[_i].reason);
	ck_assert_int_lt(clock_ms() - start, 3000);
}
END_TEST

START_TEST(a_binary_body_is_shown_as_text)
{
	static const char answer[] = "HTTP/1.1 500 No\r\nConnection: close\r\n\r\n\x1b[31mred\x1b[0m\nline\xff\xc3\xa4 \xc2\x9b"
				     "end";
	struct probe p;

	host_start(serve_text);
	host.text = answer;
	http_probe(&p);
	add(&p, (struct expect){ .kind = EXPECT_STATUS, .text = "2xx" });
	run(&p);
	host_stop();
	ASSERT_SAYS("got status 500, expected 2xx: \"?[31mred?[0m line?\xc3\xa4 ?end\"");
	ck_assert_str_eq(result.answer, "?[31mred?[0m\nline?\xc3\xa4 ?end");
}
END_TEST

static void serve_nul(struct host *h, int fd, unsigned number)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\na\0b needle";

	(void)number;
	if (get(h, fd))
		send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
}

START_TEST(a_body_goes_on_behind_a_nul)
{
	struct probe p;

	host_start(serve_nul);
	http_probe(&p);
	add(&p, (struct expect){ .kind = EXPECT_BODY, .text = "b needle" });
	add(&p, (struct expect){ .kind = EXPECT_BODY, .text = "/needle$/" });
	run(&p);
	host_stop();
	ck_assert_msg(result.ok, "%s", result.reason);
	ck_assert_str_eq(result.answer, "a?b needle");
}
END_TEST

START_TEST(an_expression_that_needs_too_many_steps_is_an_error)
{
	char answer[4096] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
	size_t n = strlen(answer);
	struct probe p;

	memset(answer + n, 'a', 2000);
	host_start(serve_text);
	host.text = answer;
	http_probe(&p);
	add(&p, (struct expect){ .kind = EXPECT_BODY, .text = "/(a|aa)+[^a]/" });
	ck_assert_int_eq(probe_run(&p, &context, &result, &err), PIPE_EPIPELINE);
	host_stop();
	ck_assert_msg(strstr(err.text, "too many steps"), "%s", err.text);
}
END_TEST

/* ---- requests ---- */

static void serve_redirect(struct host *h, int fd, unsigned number)
{
	char text[256];

	(void)number;
	if (!get(h, fd))
		return;
	if (!strncmp(h->last, "GET /end", 8))
		put(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nend");
	else if (!strncmp(h->last, "POST /", 6) || !strncmp(h->last, "GET / ", 6)) {
		snprintf(text, sizeof(text),
			 "HTTP/1.1 303 See\r\nX-Old: 1\r\nConnection: close\r\nContent-Length: 0\r\nLocation: /end\r\n\r\n");
		put(fd, text);
	} else
		put(fd, "HTTP/1.1 302 Round\r\nConnection: close\r\nContent-Length: 0\r\nLocation: /round\r\n\r\n");
}

START_TEST(a_redirect_is_followed_when_asked_for)
{
	struct probe p;

	host_start(serve_redirect);
	http_probe(&p);
	add(&p, (struct expect){ .kind = EXPECT_STATUS, .text = "2xx" });
	run(&p);
	ASSERT_SAYS("got status 303, expected 2xx (which leads to /end)");
	p.follow = true;
	run(&p);
	ck_assert_msg(result.ok, "%s", result.reason);
	ck_assert_str_eq(result.answer, "end");
	p.method = "POST";
	p.body = "x";
	run(&p);
	ck_assert_msg(result.ok, "%s", result.reason);
	add(&p, (struct expect){ .kind = EXPECT_HEADER, .name = "X-Old", .text = "" });
	run(&p);
	ASSERT_SAYS("no header \"X-Old\"");
	host_stop();
}
END_TEST

START_TEST(a_redirect_in_a_circle_or_elsewhere_ends)
{
	struct probe p;

	host_start(serve_redirect);
	http_probe(&p);
	snprintf(target, sizeof(target), "http://127.0.0.1:%d/round", host.port);
	p.follow = true;
	run(&p);
	ASSERT_SAYS("redirects");
	ck_assert_uint_le(host.requests, 12);
	host_stop();
	host_start(serve_text);
	host.text = "HTTP/1.1 302 Out\r\nContent-Length: 0\r\nConnection: close\r\nLocation: file:///etc/passwd\r\n\r\n";
	run(&p);
	host_stop();
	ck_assert(!result.ok);
	ck_assert_str_eq(result.answer, "");
}
END_TEST

START_TEST(what_is_sent_is_what_was_said)
{
	static const char *const headers[] = { "X-One: 1", "X-Empty: ", "Content-Type: text/plain", NULL };
	struct probe p;

	host_start(serve_text);
	host.text = "HTTP/1.1 204 Done\r\nConnection: close\r\n\r\n";
	http_probe(&p);
	p.body = "hello";
	p.headers = headers;
	run(&p);
	host_stop();
	ck_assert_int_eq(strncmp(host.last, "POST / HTTP/1.1\r\n", 17), 0);
	ck_assert_ptr_nonnull(strstr(host.last, "\r\nX-One: 1\r\n"));
	ck_assert_msg(strstr(host.last, "\r\nX-Empty:\r\n") || strstr(host.last, "\r\nX-Empty: \r\n"), "%s", host.last);
	ck_assert_ptr_nonnull(strstr(host.last, "\r\nContent-Type: text/plain\r\n"));
	ck_assert_ptr_null(strstr(host.last, "urlencoded"));
	ck_assert_ptr_nonnull(strstr(host.last, "\r\n\r\nhello"));
	ck_assert_int_eq(result.status, 204);
}
END_TEST

static const struct {
	const char *method, *body, *line;
} methods[] = {
	{ NULL, NULL, "GET / " }, { "GET", NULL, "GET / " },	   { "HEAD", NULL, "HEAD / " }, { "POST", NULL, "POST / " },
	{ "PUT", "x", "PUT / " }, { "DELETE", NULL, "DELETE / " }, { "GET", "x", "GET / " },	{ "PURGE", NULL, "PURGE / " },
};

START_TEST(a_method_is_the_requests)
{
	struct probe p;

	host_start(serve_text);
	host.text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n";
	http_probe(&p);
	p.method = methods[_i].method;
	p.body = methods[_i].body;
	if (!p.method || strcmp(p.method, "HEAD") != 0)
		host.text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
	run(&p);
	host_stop();
	ck_assert_msg(result.ok, "%s", result.reason);
	ck_assert_msg(!strncmp(host.last, methods[_i].line, strlen(methods[_i].line)), "%s", host.last);
	if (methods[_i].body)
		ck_assert_ptr_nonnull(strstr(host.last, "\r\n\r\nx"));
}
END_TEST

START_TEST(a_proxy_is_not_asked_for_this_machine)
{
	struct probe p;

	host_start(serve_text);
	host.text = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	http_probe(&p);
	run(&p);
	unsetenv("http_proxy");
	host_stop();
	ck_assert_msg(result.ok, "%s", result.reason);
}
END_TEST

START_TEST(an_address_that_is_none_is_an_error)
{
	struct probe p;

	http_probe(&p);
	p.target = "ftp://127.0.0.1/";
	ck_assert_int_eq(probe_run(&p, &context, &result, &err), PIPE_EPIPELINE);
	p.kind = PROBE_TCP;
	p.target = "127.0.0.1";
	ck_assert_int_eq(probe_run(&p, &context, &result, &err), PIPE_EPIPELINE);
	p.kind = PROBE_GRPC;
	ck_assert_int_eq(probe_run(&p, &context, &result, NULL), PIPE_EPIPELINE);
}
END_TEST

/* ---- tries ---- */

static char said[8192];

static void take_line(void *payload, const char *line)
{
	size_t n = strlen(said);

	(void)payload;
	snprintf(said + n, sizeof(said) - n, "%s\n", line);
}

static void serve_late(struct host *h, int fd, unsigned number)
{
	if (get(h, fd))
		put(fd, number < 4 ? "HTTP/1.1 503 Wait\r\nContent-Length: 0\r\n\r\n"
				   : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

START_TEST(it_is_tried_again_with_growing_pauses)
{
	struct probe p;

	said[0] = '\0';
	host_start(serve_late);
	http_probe(&p);
	p.retries = 5;
	p.interval_ms = 40;
	p.interval_max_ms = 70;
	add(&p, (struct expect){ .kind = EXPECT_STATUS, .text = "2xx" });
	context.say = take_line;
	run(&p);
	host_stop();
	ck_assert_msg(result.ok, "%s", result.reason);
	ck_assert_uint_eq(result.tries, 4);
	ck_assert_uint_eq(host.connections, 4);
	ck_assert_int_ge(result.duration_ms, 40 + 70 + 70);
	ck_assert_int_lt(result.duration_ms, 1500);
	ck_assert_msg(strstr(said, "try 1: got status 503, expected 2xx; again in 40ms\n"), "%s", said);
	ck_assert_msg(strstr(said, "again in 70ms\n") && strstr(said, "ok: 4 tries in "), "%s", said);
}
END_TEST

START_TEST(the_retries_end)
{
	struct probe p;

	said[0] = '\0';
	host_start(serve_late);
	http_probe(&p);
	p.retries = 2;
	add(&p, (struct expect){ .kind = EXPECT_STATUS, .text = "2xx" });
	context.say = take_line;
	run(&p);
	host_stop();
	ASSERT_SAYS("got status 503");
	ck_assert_uint_eq(result.tries, 3);
	ck_assert_msg(strstr(said, "given up: 3 tries in "), "%s", said);
}
END_TEST

START_TEST(the_budget_ends_and_is_used_up)
{
	struct probe p = { .kind = PROBE_TCP, .target = "127.0.0.1:1", .retries = 1000, .interval_ms = 30, .timeout_ms = 100 };

	p.budget_ms = 600;
	run(&p);
	ASSERT_SAYS("no connection to 127.0.0.1:1: Connection refused");
	ck_assert_int_ge(result.duration_ms, 400);
	ck_assert_int_lt(result.duration_ms, 900);
	ck_assert_uint_ge(result.tries, 4);
	p.budget_ms = 60000;
	context.limit_ms = 300;
	run(&p);
	ck_assert_int_lt(result.duration_ms, 600);
}
END_TEST

/* Keeps its connection. */
static void serve_many(struct host *h, int fd, unsigned number)
{
	(void)number;
	while (get(h, fd)) {
		unsigned n = h->requests;
		if (n == 10)
			pause_ms(120);
		put(fd, h->text && n == 7 ? h->text : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	}
}

START_TEST(latencies_are_those_of_many_requests_on_one_connection)
{
	struct probe p;

	said[0] = '\0';
	host_start(serve_many);
	http_probe(&p);
	p.requests = 10;
	context.say = take_line;
	add(&p, (struct expect){ .kind = EXPECT_LATENCY, .percentile = 90, .number = 100 });
	run(&p);
	ck_assert_msg(result.ok, "%s", result.reason);
	ck_assert_uint_eq(host.connections, 1);
	ck_assert_uint_eq(host.requests, 10);
	ck_assert(result.p50_ms > 0 && result.p50_ms <= result.p90_ms && result.p90_ms < 100);
	ck_assert(result.p99_ms >= 120 && result.max_ms >= 120 && result.max_ms < 1000);
	ck_assert_msg(strstr(said, "10 requests: p50 "), "%s", said);
	host_stop();
	host_start(serve_many);
	add(&p, (struct expect){ .kind = EXPECT_LATENCY, .percentile = 100, .number = 100 });
	run(&p);
	host_stop();
	ASSERT_SAYS("the slowest of 10 requests took 1");
}
END_TEST

START_TEST(each_of_many_requests_must_be_as_expected)
{
	struct probe p;

	host_start(serve_many);
	host.text = "HTTP/1.1 503 Once\r\nContent-Length: 0\r\n\r\n";
	http_probe(&p);
	p.requests = 20;
	add(&p, (struct expect){ .kind = EXPECT_STATUS, .text = "200" });
	run(&p);
	host_stop();
	ASSERT_SAYS("request 7 of 20: got status 503, expected 200");
	ck_assert_uint_eq(host.requests, 7);
	ck_assert(result.p50_ms > 0 && result.p50_ms <= result.max_ms);
}
END_TEST

START_TEST(many_requests_end_with_the_time)
{
	struct probe p;

	host_start(serve_many);
	http_probe(&p);
	p.requests = 1000000;
	p.budget_ms = 300;
	run(&p);
	host_stop();
	ASSERT_SAYS("of 1000000 requests were done when the time was over");
	ck_assert_int_lt(result.duration_ms, 700);
}
END_TEST

/* ---- the end from outside ---- */

static void *cancel_soon(void *argument)
{
	pause_ms(100);
	atomic_store(&cancel, true);
	return argument;
}

static void serve_never(struct host *h, int fd, unsigned number)
{
	(void)number;
	if (get(h, fd))
		get(h, fd);
}

static int64_t run_cancelled(const struct probe *p)
{
	int64_t start = clock_ms();
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, NULL), 0);
	run(p);
	pthread_join(thread, NULL);
	ck_assert_str_eq(result.reason, "cancelled");
	return clock_ms() - start;
}

START_TEST(it_ends_soon_when_it_is_cancelled)
{
	struct probe p;

	host_start(serve_never);
	http_probe(&p);
	ck_assert_int_lt(run_cancelled(&p), 100 + 200);
	atomic_store(&cancel, false);
	p = (struct probe){ .kind = PROBE_TCP, .target = "127.0.0.1:1", .retries = 9, .interval_ms = 60000, .timeout_ms = 100 };
	ck_assert_int_lt(run_cancelled(&p), 100 + 200);
	host_stop();
}
END_TEST

/* ---- TCP ---- */

START_TEST(a_connection_is_made)
{
	struct probe p = { .kind = PROBE_TCP, .target = target, .timeout_ms = 1000, .requests = 3 };

	host_start(serve_never);
	snprintf(target, sizeof(target), "127.0.0.1:%d", host.port);
	run(&p);
	ck_assert_msg(result.ok, "%s", result.reason);
	ck_assert(result.max_ms >= 0);
	snprintf(target, sizeof(target), "localhost:%d", host.port);
	run(&p);
	ck_assert_msg(result.ok, "%s", result.reason);
	host_stop();
	run(&p);
	ASSERT_SAYS("Connection refused");
}
END_TEST

START_TEST(a_name_that_does_not_exist_is_told)
{
	struct probe p = { .kind = PROBE_TCP, .target = "no-such-host.invalid:80", .timeout_ms = 3000 };

	run(&p);
	ASSERT_SAYS("no connection to no-such-host.invalid:80: ");
	http_probe(&p);
	p.target = "http://no-such-host.invalid/";
	run(&p);
	ASSERT_SAYS("esolv");
}
END_TEST

START_TEST(an_address_may_be_one_of_ipv6)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct probe p = { .kind = PROBE_TCP, .target = target, .timeout_ms = 1000 };
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, size)) {
		if (fd >= 0)
			close(fd);
		return; /* there is no IPv6 here */
	}
	ck_assert_int_eq(listen(fd, 4), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	snprintf(target, sizeof(target), "[::1]:%d", ntohs(at.sin6_port));
	run(&p);
	close(fd);
	ck_assert_msg(result.ok, "%s", result.reason);
	run(&p);
	ASSERT_SAYS("no connection to [::1]:");
}
END_TEST

/* ---- a log ---- */

struct fake_service {
	const char *parts[4]; /* what it prints between two looks */
	unsigned looks;
	unsigned lives; /* looks after which it has ended */
};

static bool service_prints(void *payload, const char *name, uint64_t *cursor, struct str *out)
{
	struct fake_service *s = payload;

	if (strcmp(name, "api") != 0)
		return false;
	ck_assert_uint_eq(*cursor, s->looks);
	if (s->looks < 4 && s->parts[s->looks])
		str_adds(out, s->parts[s->looks]);
	*cursor = ++s->looks;
	return true;
}

static bool service_lives(void *payload, const char *name, const char **why)
{
	const struct fake_service *s = payload;
	bool alive = s->looks < s->lives;

	(void)name;
	if (why && !alive)
		*why = "the service \"api\" ended with exit code 3";
	return alive;
}

static void watch(struct fake_service *s, const char *pattern)
{
	struct probe p = {
		.kind = PROBE_LOG, .target = pattern, .service = "api", .retries = 20, .interval_ms = 1, .interval_max_ms = 2
	};

	context.output = service_prints;
	context.alive = service_lives;
	context.payload = s;
	run(&p);
}

START_TEST(a_line_of_a_service_is_waited_for)
{
	struct fake_service s = { { "starting\n", "nothing\r\n", "ready on 8080\r\nmore\n" }, 0, 9 };

	watch(&s, "/^ready on [0-9]+$/");
	ck_assert_msg(result.ok, "%s", result.reason);
	ck_assert_uint_eq(result.tries, 3);
	ck_assert_str_eq(result.answer, "ready on 8080");
}
END_TEST

START_TEST(what_a_service_said_before_it_ended_counts)
{
	struct fake_service s = { { "starting\n", NULL, "ready\n" }, 0, 2 };

	watch(&s, "ready");
	ck_assert_msg(result.ok, "%s", result.reason);
	s = (struct fake_service){ { "starting\n" }, 0, 2 };
	watch(&s, "ready");
	ck_assert_str_eq(result.reason, "the service \"api\" ended with exit code 3");
	ck_assert_uint_eq(result.tries, 3);
}
END_TEST

START_TEST(a_service_that_goes_on_without_the_line_is_told)
{
	struct fake_service s = { { "starting\n" }, 0, 1000 };
	struct probe p = { .kind = PROBE_LOG, .target = "ready", .service = "db", .retries = 2, .interval_ms = 1 };

	watch(&s, "ready");
	ASSERT_SAYS("the output of \"api\" has no line with ready yet");
	ck_assert_uint_eq(result.tries, 21);
	ck_assert_int_eq(probe_run(&p, &context, &result, &err), PIPE_EPIPELINE);
	ck_assert_msg(strstr(err.text, "no service \"db\""), "%s", err.text);
}
END_TEST

/* ---- a command ---- */

static int run_command(void *payload, const char *const *argv, int64_t timeout_ms, struct probe_command *out, pipe_error *e)
{
	(void)e;
	ck_assert_str_eq(argv[0], "check");
	ck_assert_int_eq(timeout_ms, 1000);
	*out = *(struct probe_command *)payload;
	return PIPE_OK;
}

static const struct {
	struct probe_command command;
	const char *reason;
} commands[] = {
	{ { .started = true, .output = "all fine\n" }, NULL },
	{ { .started = true, .output = "bad\n" }, "the output does not hold fine: \"bad\"" },
	{ { .started = true, .exit_code = 3, .output = "first\nlast words\n" },
	  "got exit code 3, expected 0: \"first last words\"" },
	{ { .started = true, .exit_code = 139, .output = "" }, "got exit code 139, expected 0" },
	{ { .started = true, .timed_out = true, .exit_code = -1, .output = "" }, "check took longer than 1.0s" },
	{ { .exit_code = -1, .output = "", .reason = "not found" }, "check could not be started: not found" },
};

START_TEST(a_command_is_judged)
{
	static const char *const argv[] = { "check", "--all", NULL };
	struct probe p = { .kind = PROBE_COMMAND, .argv = argv, .target = "check", .timeout_ms = 1000 };
	struct probe_command command = commands[_i].command;

	context.command = run_command;
	context.payload = &command;
	add(&p, (struct expect){ .kind = EXPECT_EXIT_CODE });
	add(&p, (struct expect){ .kind = EXPECT_OUTPUT, .text = "fine" });
	run(&p);
	if (commands[_i].reason)
		ASSERT_SAYS(commands[_i].reason);
	else
		ck_assert_msg(result.ok, "%s", result.reason);
}
END_TEST

/* ---- secrets ---- */

static bool hide(void *payload, const char *text, size_t length, struct str *out)
{
	const char *secret = payload, *end = text + length, *found;

	while ((found = memmem(text, (size_t)(end - text), secret, strlen(secret)))) {
		str_add(out, text, (size_t)(found - text));
		str_adds(out, "[MASKED]");
		text = found + strlen(secret);
	}
	str_add(out, text, (size_t)(end - text));
	return !out->failed;
}

START_TEST(a_secret_is_hidden_before_it_is_cut_in_two)
{
	static char secret[] = "hunter2-hunter2-hunter2";
	char answer[4096];
	struct probe p;

	snprintf(answer, sizeof(answer), "HTTP/1.1 500 No\r\nConnection: close\r\nX: %s\r\n\r\n%0110d%s%02000d", secret, 0,
		 secret, 0);
	snprintf(answer + strlen(answer) - 70, 64, "%s", secret);
	host_start(serve_text);
	host.text = answer;
	http_probe(&p);
	context.hide = hide;
	context.payload = secret;
	add(&p, (struct expect){ .kind = EXPECT_STATUS, .text = "2xx" });
	run(&p);
	ASSERT_SAYS("0[MASKED]00...");
	ck_assert_ptr_null(strstr(result.reason, "hunt"));
	ck_assert_ptr_null(strstr(result.answer, "hunt"));
	p.expects.count = 0;
	add(&p, (struct expect){ .kind = EXPECT_HEADER, .name = "X", .text = "other" });
	run(&p);
	host_stop();
	ASSERT_SAYS("is \"[MASKED]\"");
}
END_TEST

/* ---- gRPC ---- */

static size_t frame(unsigned char *out, size_t length, int type, int flags, int stream)
{
	out[0] = 0;
	out[1] = (unsigned char)(length >> 8);
	out[2] = (unsigned char)length;
	out[3] = (unsigned char)type;
	out[4] = (unsigned char)flags;
	memset(out + 5, 0, 3);
	out[8] = (unsigned char)stream;
	return 9;
}

/* A header as HPACK has it without table and compression (RFC 7541, 6.2.2). */
static size_t header(unsigned char *out, const char *name, const char *value)
{
	size_t n = strlen(name), m = strlen(value);

	out[0] = 0;
	out[1] = (unsigned char)n;
	memcpy(out + 2, name, n);
	out[2 + n] = (unsigned char)m;
	memcpy(out + 3 + n, value, m);
	return 3 + n + m;
}

static bool read_exactly(int fd, unsigned char *out, size_t length)
{
	for (size_t n = 0; n < length;) {
		ssize_t got = recv(fd, out + n, length - n, 0);
		if (got <= 0)
			return false;
		n += (size_t)got;
	}
	return true;
}

/* Until the end of a request; its body is kept.  0: there is none. */
static int read_request(struct host *h, int fd)
{
	unsigned char head[9], body[16384];

	while (read_exactly(fd, head, sizeof(head))) {
		size_t length = (size_t)head[1] << 8 | head[2];
		if (head[0] || length > sizeof(body) || !read_exactly(fd, body, length))
			return 0;
		if (head[3] == 0 && length <= sizeof(h->last))
			memcpy(h->last, body, length);
		if (head[3] <= 1 && head[4] & 1)
			return head[8];
	}
	return 0;
}

/* h->text: "S" and a ServingStatus, or a grpc-status for an answer of trailers only, or "-": none at all. */
static void serve_grpc(struct host *h, int fd, unsigned number)
{
	unsigned char preface[24], out[512], *p;
	int stream;

	(void)number;
	put(fd, ""); /* the client speaks first */
	if (!read_exactly(fd, preface, sizeof(preface)))
		return;
	send(fd, out, frame(out, 0, 4, 0, 0), MSG_NOSIGNAL);
	while ((stream = read_request(h, fd))) {
		bool serving = *h->text == 'S';
		size_t n;
		atomic_fetch_add(&h->requests, 1);
		p = out + 9;
		p += header(p, ":status", *h->text == '-' ? "404" : "200");
		p += header(p, "content-type", "application/grpc");
		if (!serving && *h->text != '-') {
			p += header(p, "grpc-status", h->text);
			p += header(p, "grpc-message", "so it is");
		}
		frame(out, (size_t)(p - out) - 9, 1, serving ? 4 : 5, stream);
		if (serving) {
			p += frame(p, 7, 0, 0, stream);
			memcpy(p, "\0\0\0\0\2\x08", 6);
			p[6] = (unsigned char)(h->text[1] - '0');
			p += 7;
			n = header(p + 9, "grpc-status", "0");
			p += frame(p, n, 1, 5, stream) + n;
		}
		send(fd, out, (size_t)(p - out), MSG_NOSIGNAL);
	}
}

static const struct {
	const char *text, *reason;
} healths[] = {
	{ "S1", NULL },
	{ "S0", "the health service says UNKNOWN, expected SERVING" },
	{ "S2", "the health service says NOT_SERVING, expected SERVING" },
	{ "S7", "the health service's answer is none" },
	{ "12", "the server has no health service (gRPC status 12)" },
	{ "5", "the server knows no such service (gRPC status 5)" },
	{ "14", "gRPC status 14: so it is" },
	{ "0", "the health service's answer is none" },
	{ "x", "this is no gRPC server: HTTP status 200 without a grpc-status" },
	{ "-", "this is no gRPC server: HTTP status 404 without a grpc-status" },
};

START_TEST(the_health_service_is_asked)
{
	struct probe p = { .kind = PROBE_GRPC, .target = target, .service = "shop", .timeout_ms = 3000 };

	host_start(serve_grpc);
	host.text = healths[_i].text;
	snprintf(target, sizeof(target), "127.0.0.1:%d", host.port);
	add(&p, (struct expect){ .kind = EXPECT_SERVING });
	run(&p);
	host_stop();
	if (healths[_i].reason)
		ASSERT_SAYS(healths[_i].reason);
	else
		ck_assert_msg(result.ok, "%s", result.reason);
	ck_assert_int_eq(memcmp(host.last, "\0\0\0\0\x06\x0a\x04shop", 11), 0);
}
END_TEST

START_TEST(many_requests_of_grpc_share_a_connection)
{
	struct probe p = { .kind = PROBE_GRPC, .target = target, .service = "", .timeout_ms = 3000, .requests = 3 };

	host_start(serve_grpc);
	host.text = "S1";
	snprintf(target, sizeof(target), "http://127.0.0.1:%d/", host.port);
	add(&p, (struct expect){ .kind = EXPECT_SERVING });
	run(&p);
	ck_assert_msg(result.ok, "%s", result.reason);
	ck_assert_uint_eq(host.requests, 3);
	ck_assert_uint_eq(host.connections, 1);
	host_stop();
	host_start(serve_text);
	host.text = "HTTP/1.1 400 What\r\nConnection: close\r\n\r\n";
	snprintf(target, sizeof(target), "127.0.0.1:%d", host.port);
	run(&p);
	host_stop();
	ck_assert(!result.ok && result.reason[0]);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof(*(table)))

Suite *probe_suite(void)
{
	Suite *s = suite_create("probe");
	TCase *t = tcase_create("texts");

	tcase_add_loop_test(t, a_text_is_what_it_must_be_or_says_what_would_be, 0, COUNT(texts));
	tcase_add_test(t, a_status_fits_its_ranges);
	tcase_add_test(t, a_name_longer_than_all_names_is_refused);
	suite_add_tcase(s, t);

	t = tcase_create("http");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 15);
	tcase_add_loop_test(t, an_answer_is_judged, 0, COUNT(expectations));
	tcase_add_loop_test(t, a_body_that_is_no_json_is_not_a_value_that_is_missing, 0, COUNT(bodies));
	tcase_add_loop_test(t, trouble_on_the_way_is_told, 0, COUNT(troubles));
	tcase_add_test(t, a_binary_body_is_shown_as_text);
	tcase_add_test(t, a_body_goes_on_behind_a_nul);
	tcase_add_test(t, an_expression_that_needs_too_many_steps_is_an_error);
	tcase_add_test(t, a_redirect_is_followed_when_asked_for);
	tcase_add_test(t, a_redirect_in_a_circle_or_elsewhere_ends);
	tcase_add_test(t, what_is_sent_is_what_was_said);
	tcase_add_loop_test(t, a_method_is_the_requests, 0, COUNT(methods));
	tcase_add_test(t, a_proxy_is_not_asked_for_this_machine);
	tcase_add_test(t, an_address_that_is_none_is_an_error);
	tcase_add_test(t, a_secret_is_hidden_before_it_is_cut_in_two);
	suite_add_tcase(s, t);

	t = tcase_create("course");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 15);
	tcase_add_test(t, it_is_tried_again_with_growing_pauses);
	tcase_add_test(t, the_retries_end);
	tcase_add_test(t, the_budget_ends_and_is_used_up);
	tcase_add_test(t, latencies_are_those_of_many_requests_on_one_connection);
	tcase_add_test(t, each_of_many_requests_must_be_as_expected);
	tcase_add_test(t, many_requests_end_with_the_time);
	tcase_add_test(t, it_ends_soon_when_it_is_cancelled);
	suite_add_tcase(s, t);

	t = tcase_create("others");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 15);
	tcase_add_test(t, a_connection_is_made);
	tcase_add_test(t, a_name_that_does_not_exist_is_told);
	tcase_add_test(t, an_address_may_be_one_of_ipv6);
	tcase_add_test(t, a_line_of_a_service_is_waited_for);
	tcase_add_test(t, what_a_service_said_before_it_ended_counts);
	tcase_add_test(t, a_service_that_goes_on_without_the_line_is_told);
	tcase_add_loop_test(t, a_command_is_judged, 0, COUNT(commands));
	tcase_add_loop_test(t, the_health_service_is_asked, 0, COUNT(healths));
	tcase_add_test(t, many_requests_of_grpc_share_a_connection);
	suite_add_tcase(s, t);
	return s;
}
