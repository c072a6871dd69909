/* Calls that are driven on a loop: their steps on worker threads, their waits on the loop, beside each other. */
#include "runner/lua/wait/drive.h"

#include "base/str.h"
#include "runner/net/http_loop.h"
#include "tests/unit/server.h"

#include <stdlib.h>

Suite *lua_drive_suite(void);

enum { MANY = 200 };

static const struct answer answers[] = {
	{ "/ok", "200 OK\r\nContent-Length: 5\r\n", "hello", NULL },
	{ "/away", "302 Found\r\nLocation: http://127.0.0.2:1/\r\n", NULL, NULL },
	{ "/slow", NULL, NULL, NULL },
	{ NULL, NULL, NULL, NULL },
};

static struct server server;
static uv_loop_t loop;
static struct workers workers;
static struct http_loop *http;
static struct executor *executor;
static struct lua_engine *engine;
static pipe_error err;
static char origin[64];
static const char *const origins[] = { origin, NULL };
static const char *const programs[] = { "sh", "cat", NULL };
static const struct lua_grants grants = { .http = origins, .exec = programs };
static const struct lua_context context = { .point = "before_job" };
static const char *const environment[] = { "PATH=/usr/bin:/bin", "WORD=hello", "PIPE_TASK=abcd/1", NULL };

static int64_t now_ms(void *payload)
{
	(void)payload;
	return 1764000000000;
}

static const struct lua_host host = { .now_ms = now_ms };

struct one {
	struct lua_drive *drive;
	struct lua_source source;
	struct lua_limits limits;
	bool here;
	struct str said;
	unsigned ended, waited;
	enum lua_end end;
	char reason[512];
	uint64_t at;
};

static void setup(void)
{
	const struct lua_engine_options options = { .idle_most = 4 };
	const struct local_options local = { .loop = &loop };

	unsetenv("http_proxy");
	unsetenv("all_proxy");
	server_start(&server, answers);
	snprintf(origin, sizeof(origin), "http://127.0.0.1:%d", server.port);
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	ck_assert_int_eq(http_loop_create(&http, &loop, &err), PIPE_OK);
	ck_assert_int_eq(executor_local_create(&executor, &local, &err), PIPE_OK);
	ck_assert_msg(lua_engine_create(&engine, &options, &err) == PIPE_OK, "%s", err.text);
}

static void on_closed(void *payload)
{
	++*(unsigned *)payload;
}

static void teardown(void)
{
	unsigned closed = 0;

	http_loop_close(http, on_closed, &closed);
	executor->ops->close(executor, on_closed, &closed);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_uint_eq(closed, 2);
	ck_assert_int_eq(uv_loop_close(&loop), 0); /* no handle of a call is left */
	lua_engine_free(engine);
	server_stop(&server);
}

static void on_said(void *payload, const char *text, size_t length)
{
	str_add(&((struct one *)payload)->said, text, length);
}

static void on_waits(void *payload)
{
	((struct one *)payload)->waited++;
}

static void on_ended(void *payload, const struct lua_outcome *outcome)
{
	struct one *o = payload;

	o->ended++;
	o->end = outcome->end;
	o->at = uv_hrtime();
	snprintf(o->reason, sizeof(o->reason), "%s", outcome->reason ? outcome->reason : "");
}

static void begin(struct one *o, const char *text)
{
	const struct lua_drive_options options = { .loop = &loop,
						   .workers = &workers,
						   .executor = executor,
						   .http = http,
						   .place = { "/tmp", environment, "PIPE_TASK=abcd/1" },
						   .grace_ms = 500,
						   .here = o->here,
						   .call = { .engine = engine,
							     .source = &o->source,
							     .context = &context,
							     .host = &host,
							     .grants = &grants,
							     .limits = &o->limits },
						   .said = on_said,
						   .waits = on_waits,
						   .ended = on_ended,
						   .payload = o };

	o->source = (struct lua_source){ .name = "hook.lua", .text = text, .length = strlen(text) };
	str_init(&o->said);
	ck_assert_msg(lua_drive_start(&o->drive, &options, &err) == PIPE_OK, "%s", err.text);
	ck_assert_uint_eq(o->ended, 0);
}

static void finish(struct one *o)
{
	while (!o->ended)
		uv_run(&loop, UV_RUN_ONCE);
	ck_assert_uint_eq(o->ended, 1);
	lua_drive_free(o->drive);
	o->drive = NULL;
}

static void done(struct one *o)
{
	str_clear(&o->said);
}

/* Runs it, and what it says must be that. */
static void expect(const char *text, enum lua_end end, const char *said)
{
	struct one o = { .ended = 0 };

	begin(&o, text);
	finish(&o);
	ck_assert_msg(o.end == end, "ended with %d: %s", (int)o.end, o.reason);
	ck_assert_str_eq(o.said.data, said);
	done(&o);
}

START_TEST(a_script_that_does_not_wait)
{
	expect("pipe.log('a', 1) pipe.warn('b')", LUA_DONE, "a\t1\nwarning: b\n");
	expect("pipe.log('before') pipe.fail('no')", LUA_FAILED, "before\n");
	expect("pipe.log('before') local x; x.y = 1", LUA_BROKEN, "before\n");
	expect("x = = 1", LUA_BROKEN, "");
}
END_TEST

START_TEST(what_it_says_comes_after_each_step)
{
	struct one o = { .ended = 0 };

	begin(&o, "pipe.log('one') pipe.sleep(0.3) pipe.log('two')");
	while (!o.said.length)
		uv_run(&loop, UV_RUN_ONCE);
	ck_assert_str_eq(o.said.data, "one\n");
	ck_assert_uint_eq(o.ended, 0);
	ck_assert_uint_eq(o.waited, 1);
	finish(&o);
	ck_assert_str_eq(o.said.data, "one\ntwo\n");
	done(&o);
}
END_TEST

START_TEST(an_exchange)
{
	char text[512];

	snprintf(text, sizeof(text), "local r = pipe.http('%s/ok') pipe.log(r.status, r.ok, r.body)", origin);
	expect(text, LUA_DONE, "200\ttrue\thello\n");
	expect("local r, why = pipe.http('http://127.0.0.1:1/') pipe.log(r, why ~= nil)", LUA_REFUSED, "");
}
END_TEST

START_TEST(a_redirect_leads_no_further_than_the_grants)
{
	struct one o = { .ended = 0 };
	char text[512];

	snprintf(text, sizeof(text), "local r, why = pipe.http('%s/away', {follow = true}) pipe.log(r, why)", origin);
	begin(&o, text);
	finish(&o);
	ck_assert_int_eq(o.end, LUA_DONE);
	ck_assert_ptr_nonnull(strstr(o.said.data, "which is not allowed; add to the pipeline file: "));
	ck_assert_ptr_nonnull(strstr(o.said.data, "127.0.0.2"));
	done(&o);
}
END_TEST

START_TEST(a_command)
{
	struct one o = { .ended = 0 };

	expect("local r = pipe.exec{'sh', '-c', 'echo $WORD; echo err >&2; exit 3'} pipe.log(r.code, r.ok, r.output)", LUA_DONE,
	       "3\tfalse\thello\nerr\n\n");
	expect("pipe.log(pipe.exec({'cat'}, {input = 'all of it'}).output)", LUA_DONE, "all of it\n");
	expect("pipe.log(pipe.exec({'cat'}).output == '')", LUA_DONE, "true\n");
	expect("pipe.log(pipe.exec({'sh', '-c', 'echo $WORD $PIPE_TASK'}, {env = {WORD = 'other', PIPE_TASK = 'x'}}).output)",
	       LUA_DONE, "other abcd/1\n\n");
	begin(&o, "local r, why = pipe.exec({'sh', '-c', 'sleep 20'}, {timeout = 0.2}) pipe.log(r, why)");
	finish(&o);
	ck_assert_ptr_nonnull(strstr(o.said.data, "took longer than 200 ms"));
	ck_assert_uint_eq(o.waited, 0); /* it is work of this machine */
	done(&o);
}
END_TEST

START_TEST(a_directory_lies_in_the_workspace)
{
	struct one o = { .ended = 0 };

	begin(&o, "pipe.log(pipe.exec({'sh'}, {directory = '../etc'}))");
	finish(&o);
	ck_assert_ptr_null(strstr(o.said.data, "table"));
	done(&o);
}
END_TEST

START_TEST(who_waits_keeps_no_thread)
{
	static struct one waiting[MANY];
	struct one quick = { .ended = 0 };
	uint64_t before = uv_hrtime();

	memset(waiting, 0, sizeof(waiting));
	for (int i = 0; i < MANY; i++)
		begin(&waiting[i], "pipe.sleep(1) pipe.log('woke')");
	begin(&quick, "pipe.log('quick')");
	finish(&quick);
	for (int i = 0; i < MANY; i++)
		finish(&waiting[i]);
	for (int i = 0; i < MANY; i++) {
		ck_assert_str_eq(waiting[i].said.data, "woke\n");
		ck_assert_uint_lt(quick.at, waiting[i].at);
		done(&waiting[i]);
	}
	ck_assert_uint_lt(uv_hrtime() - before, 20000000000u); /* one after the other: 200 s */
	done(&quick);
}
END_TEST

static void cancelled(const char *text, bool at_once)
{
	struct one o = { .ended = 0 };
	uint64_t before = uv_hrtime();

	begin(&o, text);
	for (int i = 0; !at_once && i < 20; i++) {
		uv_run(&loop, UV_RUN_NOWAIT);
		usleep(5000);
	}
	lua_drive_cancel(o.drive);
	ck_assert_uint_eq(o.ended, 0);
	finish(&o);
	ck_assert_int_eq(o.end, LUA_CANCELLED);
	ck_assert_uint_lt(uv_hrtime() - before, 5000000000u);
	done(&o);
}

START_TEST(a_cancel_ends_it_wherever_it_is)
{
	char text[256];

	for (int at_once = 0; at_once < 2; at_once++) {
		snprintf(text, sizeof(text), "pipe.http('%s/slow')", origin);
		cancelled(text, at_once);
		cancelled("pipe.sleep(20)", at_once);
		cancelled("pipe.exec{'sh', '-c', 'sleep 20'}", at_once);
		cancelled("while true do end", at_once);
		cancelled("while true do pcall(pipe.sleep, 0.001) end", at_once);
	}
}
END_TEST

START_TEST(a_second_cancel_kills_the_command)
{
	struct one o = { .ended = 0 };
	uint64_t before = uv_hrtime();

	begin(&o, "pipe.exec{'sh', '-c', 'trap : TERM; sleep 20; sleep 20'}");
	for (int i = 0; i < 20; i++) {
		uv_run(&loop, UV_RUN_NOWAIT);
		usleep(5000);
	}
	lua_drive_cancel(o.drive);
	lua_drive_cancel(o.drive);
	finish(&o);
	ck_assert_int_eq(o.end, LUA_CANCELLED);
	ck_assert_uint_lt(uv_hrtime() - before, 5000000000u);
	done(&o);
}
END_TEST

START_TEST(its_time_is_over)
{
	struct one o = { .limits = { .wall_ms = 300 } };

	begin(&o, "pcall(pipe.sleep, 20) pipe.log('on')");
	finish(&o);
	ck_assert_int_eq(o.end, LUA_OVER);
	done(&o);
}
END_TEST

START_TEST(a_quick_one_may_be_over_at_once)
{
	struct one o = { .here = true };

	begin(&o, "pipe.log('a')");
	ck_assert_ptr_nonnull(lua_drive_outcome(o.drive));
	ck_assert_int_eq(lua_drive_outcome(o.drive)->end, LUA_DONE);
	ck_assert_str_eq(o.said.data, "a\n");
	ck_assert_int_lt(lua_drive_first_us(o.drive), 1000000);
	lua_drive_cancel(o.drive); /* too late */
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_uint_eq(o.ended, 0);
	lua_drive_free(o.drive);
	done(&o);
}
END_TEST

START_TEST(a_wait_that_begins_at_once)
{
	struct one o = { .here = true };

	begin(&o, "pipe.log('a') pipe.sleep(0.1) pipe.log('b')");
	ck_assert_ptr_null(lua_drive_outcome(o.drive));
	ck_assert_uint_eq(o.waited, 1);
	finish(&o);
	ck_assert_int_eq(o.end, LUA_DONE);
	ck_assert_str_eq(o.said.data, "a\nb\n");
	done(&o);
}
END_TEST

START_TEST(a_long_one_begins_again_elsewhere)
{
	struct one sum = { .here = true }, ever = { .here = true, .limits = { .cpu_ms = 400 } };
	uint64_t before = uv_hrtime();

	begin(&ever, "pipe.log('a') pcall(function() while true do end end)");
	begin(&sum, "local n = 0 for i = 1, 3000000 do n = n + i end pipe.log(n)");
	ck_assert_uint_lt(uv_hrtime() - before, 300000000u); /* half a millisecond each, on a machine that is at work */
	ck_assert_ptr_null(lua_drive_outcome(ever.drive));
	ck_assert_ptr_null(lua_drive_outcome(sum.drive));
	ck_assert_str_eq(ever.said.data, ""); /* what it said is dropped with the try */
	ck_assert_int_eq(lua_drive_first_us(sum.drive), INT64_MAX);
	finish(&sum);
	ck_assert_str_eq(sum.said.data, "4500001500000\n");
	finish(&ever);
	ck_assert_int_eq(ever.end, LUA_OVER);
	ck_assert_str_eq(ever.said.data, "a\n");
	done(&sum);
	done(&ever);
}
END_TEST

Suite *lua_drive_suite(void)
{
	Suite *s = suite_create("lua_drive");
	TCase *all = tcase_create("all");

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_test(all, a_script_that_does_not_wait);
	tcase_add_test(all, what_it_says_comes_after_each_step);
	tcase_add_test(all, an_exchange);
	tcase_add_test(all, a_redirect_leads_no_further_than_the_grants);
	tcase_add_test(all, a_command);
	tcase_add_test(all, a_directory_lies_in_the_workspace);
	tcase_add_test(all, who_waits_keeps_no_thread);
	tcase_add_test(all, a_cancel_ends_it_wherever_it_is);
	tcase_add_test(all, a_second_cancel_kills_the_command);
	tcase_add_test(all, its_time_is_over);
	tcase_add_test(all, a_quick_one_may_be_over_at_once);
	tcase_add_test(all, a_wait_that_begins_at_once);
	tcase_add_test(all, a_long_one_begins_again_elsewhere);
	tcase_set_timeout(all, 60);
	suite_add_tcase(s, all);
	return s;
}
