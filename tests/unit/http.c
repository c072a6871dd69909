#include "runner/net/http.h"
#include "tests/unit/server.h"

#include <stdlib.h>
#include <time.h>

Suite *http_suite(void);

static const struct answer answers[] = {
	{ "/ok", "200 OK\r\nETag: \"v1\"\r\nContent-Length: 5\r\n", "hello", "\"v1\"" },
	{ "/redirect", "302 Found\r\nLocation: /ok\r\nETag: \"other\"\r\n", "moved", NULL },
	{ "/loop", "302 Found\r\nLocation: /loop\r\n", NULL, NULL },
	{ "/file", "302 Found\r\nLocation: file:///etc/passwd\r\n", NULL, NULL },
	{ "/error", "500 Oops\r\n", "no", NULL },
	{ "/busy", "429 Slow down\r\n", "no", NULL },
	{ "/cut", "200 OK\r\nContent-Length: 100\r\n", "only this", NULL },
	{ "/announced", "200 OK\r\nContent-Length: 20\r\n", "12345678901234567890", NULL },
	{ "/unannounced", "200 OK\r\n", "12345678901234567890", NULL },
	{ "/slow", NULL, NULL, NULL },
	{ NULL, NULL, NULL, NULL },
};

static struct server server;
static struct http_get get;
static struct http_reply reply;
static pipe_error err;
static char url[256];

static void setup(void)
{
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	server_start(&server, answers);
	get = (struct http_get){ .url = url, .timeout_ms = 5000, .max_bytes = 1000 };
	err = (pipe_error){ 0 };
}

static void teardown(void)
{
	server_stop(&server);
}

static int fetch(const char *path)
{
	snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", server.port, path);
	return http_get(&get, &reply, &err);
}

START_TEST(a_body_and_its_etag)
{
	ck_assert_int_eq(fetch("/ok"), PIPE_OK);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_eq(reply.body.data, "hello");
	ck_assert_str_eq(reply.etag, "\"v1\"");
	ck_assert_ptr_nonnull(strstr(server.last, "User-Agent: pipe/" PIPE_VERSION "\r\n"));
	http_reply_clear(&reply);
}
END_TEST

START_TEST(what_has_not_changed_is_not_sent_again)
{
	get.etag = "\"v1\"";
	ck_assert_int_eq(fetch("/ok"), PIPE_OK);
	ck_assert_int_eq(reply.status, 304);
	ck_assert_uint_eq(reply.body.length, 0);
	http_reply_clear(&reply);
	get.etag = "\"v0\"";
	ck_assert_int_eq(fetch("/ok"), PIPE_OK);
	ck_assert_int_eq(reply.status, 200);
	http_reply_clear(&reply);
}
END_TEST

START_TEST(redirects_are_followed_within_bounds)
{
	ck_assert_int_eq(fetch("/redirect"), PIPE_OK);
	ck_assert_str_eq(reply.body.data, "hello");
	ck_assert_str_eq(reply.etag, "\"v1\"");
	http_reply_clear(&reply);
	server.requests = 0;
	ck_assert_int_eq(fetch("/loop"), PIPE_ENETWORK);
	ck_assert_uint_eq(server.requests, 6);
	ck_assert_int_eq(fetch("/file"), PIPE_ENETWORK);
	ck_assert_uint_eq(reply.body.length, 0);
}
END_TEST

START_TEST(only_http_is_fetched)
{
	static const char *const others[] = { "file:///etc/passwd", "ftp://example.org/x", "/etc/passwd", "", "gopher://x" };

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		get.url = others[i];
		ck_assert_int_eq(http_get(&get, &reply, &err), PIPE_EUSAGE);
	}
}
END_TEST

START_TEST(a_no_is_told_from_a_failure)
{
	ck_assert_int_eq(fetch("/none"), PIPE_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "/none"));
	ck_assert_ptr_nonnull(strstr(err.text, "404"));
	ck_assert_int_eq(fetch("/error"), PIPE_ENETWORK);
	ck_assert_int_eq(fetch("/busy"), PIPE_ENETWORK);
	ck_assert_int_eq(fetch("/cut"), PIPE_ENETWORK);
}
END_TEST

START_TEST(size_is_limited_announced_or_not)
{
	get.max_bytes = 19;
	ck_assert_int_eq(fetch("/announced"), PIPE_ELIMIT);
	ck_assert_int_eq(fetch("/unannounced"), PIPE_ELIMIT);
	get.max_bytes = 20;
	ck_assert_int_eq(fetch("/announced"), PIPE_OK);
	http_reply_clear(&reply);
	ck_assert_int_eq(fetch("/unannounced"), PIPE_OK);
	http_reply_clear(&reply);
}
END_TEST

START_TEST(silence_ends_with_the_timeout)
{
	struct timespec start, end;

	get.timeout_ms = 200;
	clock_gettime(CLOCK_MONOTONIC, &start);
	ck_assert_int_eq(fetch("/slow"), PIPE_ENETWORK);
	clock_gettime(CLOCK_MONOTONIC, &end);
	ck_assert_int_lt(end.tv_sec - start.tv_sec, 3);
}
END_TEST

START_TEST(credentials_do_not_show_in_messages)
{
	snprintf(url, sizeof(url), "http://user:word@127.0.0.1:%d/none", server.port);
	ck_assert_int_eq(http_get(&get, &reply, &err), PIPE_ENOTFOUND);
	ck_assert_ptr_null(strstr(err.text, "word"));
	ck_assert_ptr_nonnull(strstr(server.last, "Authorization: Basic"));
}
END_TEST

START_TEST(the_proxy_of_the_environment_is_used)
{
	char proxy[64];

	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", server.port);
	setenv("http_proxy", proxy, 1);
	get.url = "http://nowhere.invalid/x";
	ck_assert_int_eq(http_get(&get, &reply, &err), PIPE_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(server.last, "GET http://nowhere.invalid/x"));
}
END_TEST

static const char hello_sha256[] = "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";

START_TEST(integrity_is_checked)
{
	get.integrity = hello_sha256;
	ck_assert_int_eq(fetch("/ok"), PIPE_OK);
	http_reply_clear(&reply);
	ck_assert_int_eq(fetch("/announced"), PIPE_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "integrity"));
	ck_assert_uint_eq(reply.body.length, 0);
}
END_TEST

START_TEST(hashes_of_three_lengths)
{
	ck_assert_int_eq(integrity_check(hello_sha256, "hello", 5, &err), PIPE_OK);
	ck_assert_int_eq(integrity_check("sha384-OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb", "", 0, &err),
			 PIPE_OK);
	ck_assert_int_eq(integrity_check("sha384-OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb", "x", 1, &err),
			 PIPE_EIO);
	ck_assert_int_eq(
		integrity_check("sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
				"", 0, &err),
		PIPE_OK);
	ck_assert_int_eq(integrity_check("md5-XUFAKrxLKna5cZ2REBfFkg==", "hello", 5, &err), PIPE_EUSAGE);
	ck_assert_int_eq(integrity_check("nonsense", "hello", 5, &err), PIPE_EUSAGE);
	ck_assert_int_eq(integrity_check("sha256-", "hello", 5, &err), PIPE_EIO);
}
END_TEST

Suite *http_suite(void)
{
	Suite *suite = suite_create("http");
	TCase *t = tcase_create("http");

	tcase_set_timeout(t, 20);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_body_and_its_etag);
	tcase_add_test(t, what_has_not_changed_is_not_sent_again);
	tcase_add_test(t, redirects_are_followed_within_bounds);
	tcase_add_test(t, only_http_is_fetched);
	tcase_add_test(t, a_no_is_told_from_a_failure);
	tcase_add_test(t, size_is_limited_announced_or_not);
	tcase_add_test(t, silence_ends_with_the_timeout);
	tcase_add_test(t, credentials_do_not_show_in_messages);
	tcase_add_test(t, the_proxy_of_the_environment_is_used);
	tcase_add_test(t, integrity_is_checked);
	tcase_add_test(t, hashes_of_three_lengths);
	suite_add_tcase(suite, t);
	return suite;
}
