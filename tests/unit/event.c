/* Events as NDJSON: every line is one JSON object, whatever a job printed. */
#include <jansson.h>

#include "pipe.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *event_suite(void);

struct collected {
	char *text;
	size_t length, calls, stop_after;
};

static int collect(void *payload, const char *text, size_t length)
{
	struct collected *c = payload;

	if (c->stop_after && c->calls == c->stop_after)
		return 1;
	c->calls++;
	c->text = realloc(c->text, c->length + length + 1);
	ck_assert_ptr_nonnull(c->text);
	memcpy(c->text + c->length, text, length);
	c->length += length;
	c->text[c->length] = '\0';
	return 0;
}

static struct collected render(const pipe_event *e)
{
	struct collected c = { 0 };

	ck_assert_int_eq(pipe_event_json(e, collect, &c), PIPE_OK);
	return c;
}

/* The i-th line, parsed. */
static json_t *line_of(const struct collected *c, size_t i)
{
	const char *at = c->text;
	json_error_t problem;
	json_t *root;

	for (; i && at; i--) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	ck_assert_ptr_nonnull(at);
	ck_assert_ptr_nonnull(strchr(at, '\n'));
	root = json_loadb(at, (size_t)(strchr(at, '\n') - at), 0, &problem);
	ck_assert_msg(root && json_is_object(root), "not an object: %s in %s", problem.text, at);
	return root;
}

static size_t line_count(const struct collected *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->length; i++)
		n += c->text[i] == '\n';
	return n;
}

static const char *text_in(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static pipe_event log_event(const char *text, size_t length)
{
	pipe_event e = {
		.kind = PIPE_EVENT_LOG, .time_ms = 1700000000123, .run = 7, .job = "test", .text = text, .text_length = length
	};

	return e;
}

/* Renders output that must come out as one line, and compares it. */
static void check_line(const char *text, size_t length, const char *expected)
{
	pipe_event e = log_event(text, length);
	struct collected c = render(&e);
	json_t *o;

	ck_assert_uint_eq(line_count(&c), 1);
	o = line_of(&c, 0);
	ck_assert_str_eq(text_in(o, "line"), expected);
	json_decref(o);
	free(c.text);
}

START_TEST(log_has_its_fields)
{
	pipe_event e = log_event("hello\n", 6);
	struct collected c = render(&e);

	ck_assert_str_eq(c.text, "{\"event\":\"log\",\"time\":1700000000123,\"run\":7,\"job\":\"test\",\"line\":\"hello\"}\n");
	free(c.text);
}
END_TEST

START_TEST(log_is_an_object_a_line)
{
	pipe_event e = log_event("a\n\nlast", 7);
	struct collected c = render(&e);
	const char *expected[] = { "a", "", "last" };

	ck_assert_uint_eq(line_count(&c), 3);
	for (size_t i = 0; i < 3; i++) {
		json_t *o = line_of(&c, i);
		ck_assert_str_eq(text_in(o, "line"), expected[i]);
		json_decref(o);
	}
	free(c.text);
}
END_TEST

START_TEST(log_of_nothing_is_nothing)
{
	pipe_event e = log_event("", 0);
	struct collected c = { 0 };

	ck_assert_int_eq(pipe_event_json(&e, collect, &c), PIPE_OK);
	e.text = NULL;
	ck_assert_int_eq(pipe_event_json(&e, collect, &c), PIPE_OK);
	ck_assert_uint_eq(c.calls, 0);
}
END_TEST

START_TEST(log_drops_the_carriage_returns_at_the_end_only)
{
	check_line("dos\r\n", 5, "dos");
	check_line("two\r\r\n", 6, "two");
	check_line("10%\r20%\n", 8, "10%\r20%");
	check_line("\r\n", 2, "");
	check_line("cut\r", 4, "cut");
}
END_TEST

START_TEST(log_escapes_what_json_wants_escaped)
{
	check_line("say \"hi\" \\ \t\b\f\033[31m\x7f\n", 21, "say \"hi\" \\ \t\b\f\033[31m\x7f");
	check_line("\x01\x1f\n", 3, "\x01\x1f");
}
END_TEST

START_TEST(log_escapes_a_vertical_tab_and_a_nul)
{
	pipe_event e = log_event("a\0b\vc\n", 6);
	struct collected c = render(&e);

	ck_assert_ptr_nonnull(strstr(c.text, "a\\u0000b\\u000bc"));
	free(c.text);
}
END_TEST

START_TEST(log_keeps_utf8_and_replaces_what_is_not)
{
	check_line("gr\xc3\xbc\xc3\x9f \xe6\xbc\xa2 \xf0\x9f\x98\x80\n", 15, "gr\xc3\xbc\xc3\x9f \xe6\xbc\xa2 \xf0\x9f\x98\x80");
	check_line("\xff\xfe", 2, "\xef\xbf\xbd\xef\xbf\xbd");
	check_line("cut \xe6\xbc", 6, "cut \xef\xbf\xbd\xef\xbf\xbd");
	check_line("\xc0\xaf", 2, "\xef\xbf\xbd\xef\xbf\xbd");		       /* overlong */
	check_line("\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* a surrogate */
	check_line("kept \xef\xbf\xbd\n", 9, "kept \xef\xbf\xbd");
}
END_TEST

/* Longer than any piece, with a character on every border. */
START_TEST(log_of_a_long_line_is_one_object)
{
	size_t n = 200001;
	char *text = malloc(n);
	pipe_event e = log_event(text, n);
	struct collected c;
	json_t *o;

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', n);
	for (size_t i = 0; i + 3 < n; i += 7)
		memcpy(text + i, "\xe6\xbc\xa2", 3);
	text[n - 1] = '\n';
	c = render(&e);
	ck_assert_uint_eq(line_count(&c), 1);
	ck_assert_uint_gt(c.calls, 1);
	o = line_of(&c, 0);
	ck_assert_uint_eq(json_string_length(json_object_get(o, "line")), n - 1);
	ck_assert_int_eq(memcmp(text_in(o, "line"), text, n - 1), 0);
	json_decref(o);
	free(c.text);
	free(text);
}
END_TEST

START_TEST(log_of_a_job_with_a_long_hostile_name)
{
	char name[40000];
	pipe_event e = log_event("one\ntwo\n", 8);
	struct collected c;

	memset(name, '"', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	e.job = name;
	c = render(&e);
	ck_assert_uint_eq(line_count(&c), 2);
	for (size_t i = 0; i < 2; i++) {
		json_t *o = line_of(&c, i);
		ck_assert_str_eq(text_in(o, "job"), name);
		ck_assert_str_eq(text_in(o, "line"), i ? "two" : "one");
		json_decref(o);
	}
	free(c.text);
}
END_TEST

START_TEST(a_receiver_that_stops_is_an_error)
{
	pipe_event e = log_event("x\n", 2);
	struct collected c = { .stop_after = 1 };
	char *much = malloc(100000);

	ck_assert_ptr_nonnull(much);
	memset(much, '\n', 100000);
	e.text = much;
	e.text_length = 100000;
	ck_assert_int_eq(pipe_event_json(&e, collect, &c), PIPE_EIO);
	ck_assert_uint_eq(c.calls, 1);
	e.kind = PIPE_EVENT_RUN_FINISHED;
	ck_assert_int_eq(pipe_event_json(&e, collect, &c), PIPE_EIO);
	free(c.text);
	free(much);
}
END_TEST

START_TEST(job_finished_has_its_fields)
{
	pipe_event e = { .kind = PIPE_EVENT_JOB_FINISHED,
			 .time_ms = 5,
			 .run = 2,
			 .job = "a \"b\"",
			 .job_index = 3,
			 .stage = "test",
			 .attempt = 2,
			 .status = PIPE_STATUS_FAILED,
			 .exit_code = 137,
			 .duration_ms = 1500,
			 .reason = "script failed with exit code 137",
			 .failure = "script_failure" };
	struct collected c = render(&e);

	ck_assert_str_eq(
		c.text, "{\"event\":\"job_finished\",\"time\":5,\"run\":2,\"job\":\"a \\\"b\\\"\",\"index\":3,\"stage\":\"test\","
			"\"attempt\":2,\"status\":\"failed\",\"exit_code\":137,\"duration_ms\":1500,"
			"\"reason\":\"script failed with exit code 137\",\"failure\":\"script_failure\"}\n");
	free(c.text);
}
END_TEST

START_TEST(what_is_not_there_is_null)
{
	pipe_event e = {
		.kind = PIPE_EVENT_JOB_FINISHED, .job = "a", .stage = "s", .exit_code = -1, .status = PIPE_STATUS_SKIPPED
	};
	struct collected c = render(&e);
	json_t *o = line_of(&c, 0);

	ck_assert(json_is_null(json_object_get(o, "exit_code")));
	ck_assert(json_is_null(json_object_get(o, "reason")));
	ck_assert(json_is_null(json_object_get(o, "failure")));
	ck_assert_int_eq(json_integer_value(json_object_get(o, "index")), 0);
	json_decref(o);
	free(c.text);
}
END_TEST

START_TEST(a_warning_of_the_run_has_no_job)
{
	pipe_event e = { .kind = PIPE_EVENT_WARNING, .run = 1, .text = "not honoured: image", .job_index = 4 };
	struct collected c = render(&e);
	json_t *o = line_of(&c, 0);

	ck_assert_str_eq(text_in(o, "event"), "warning");
	ck_assert_str_eq(text_in(o, "text"), "not honoured: image");
	ck_assert(json_is_null(json_object_get(o, "job")));
	ck_assert(json_is_null(json_object_get(o, "index")));
	json_decref(o);
	free(c.text);
}
END_TEST

START_TEST(run_started_says_what_to_expect)
{
	pipe_event e = { .kind = PIPE_EVENT_RUN_STARTED, .run = 9, .jobs_total = 12, .expected_ms = -1 };
	struct collected c = render(&e);
	json_t *o = line_of(&c, 0);

	ck_assert_int_eq(json_integer_value(json_object_get(o, "jobs")), 12);
	ck_assert(json_is_null(json_object_get(o, "expected_ms")));
	json_decref(o);
	free(c.text);
	e.expected_ms = 0;
	c = render(&e);
	ck_assert_ptr_nonnull(strstr(c.text, "\"expected_ms\":0"));
	free(c.text);
}
END_TEST

/* Every kind there is makes one object that says which it is. */
START_TEST(every_kind_is_one_object)
{
	static const enum pipe_event_kind kinds[] = {
#define X(name, text) PIPE_EVENT_##name,
		PIPE_EVENT_MAP(X)
#undef X
	};
	static const char *const names[] = {
#define X(name, text) text,
		PIPE_EVENT_MAP(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		pipe_event e = { .kind = kinds[i], .job = "j", .stage = "s", .text = "t", .text_length = 1 };
		struct collected c = render(&e);
		json_t *o = line_of(&c, 0);
		ck_assert_str_eq(text_in(o, "event"), names[i]);
		ck_assert_str_eq(pipe_event_name(kinds[i]), names[i]);
		ck_assert(json_is_integer(json_object_get(o, "time")));
		ck_assert(json_is_integer(json_object_get(o, "run")));
		json_decref(o);
		free(c.text);
	}
}
END_TEST

START_TEST(names_of_what_does_not_exist)
{
	ck_assert_str_eq(pipe_status_name(PIPE_STATUS_SUCCESS), "success");
	ck_assert_str_eq(pipe_status_name(PIPE_STATUS_LOST), "lost");
	ck_assert_str_eq(pipe_status_name((enum pipe_status)(PIPE_STATUS_LOST + 1)), "unknown");
	ck_assert_str_eq(pipe_event_name((enum pipe_event_kind)999), "unknown");
}
END_TEST

Suite *event_suite(void)
{
	Suite *suite = suite_create("event");
	TCase *log = tcase_create("log"), *rest = tcase_create("rest");

	tcase_add_test(log, log_has_its_fields);
	tcase_add_test(log, log_is_an_object_a_line);
	tcase_add_test(log, log_of_nothing_is_nothing);
	tcase_add_test(log, log_drops_the_carriage_returns_at_the_end_only);
	tcase_add_test(log, log_escapes_what_json_wants_escaped);
	tcase_add_test(log, log_escapes_a_vertical_tab_and_a_nul);
	tcase_add_test(log, log_keeps_utf8_and_replaces_what_is_not);
	tcase_add_test(log, log_of_a_long_line_is_one_object);
	tcase_add_test(log, log_of_a_job_with_a_long_hostile_name);
	suite_add_tcase(suite, log);
	tcase_add_test(rest, a_receiver_that_stops_is_an_error);
	tcase_add_test(rest, job_finished_has_its_fields);
	tcase_add_test(rest, what_is_not_there_is_null);
	tcase_add_test(rest, a_warning_of_the_run_has_no_job);
	tcase_add_test(rest, run_started_says_what_to_expect);
	tcase_add_test(rest, every_kind_is_one_object);
	tcase_add_test(rest, names_of_what_does_not_exist);
	suite_add_tcase(suite, rest);
	return suite;
}
