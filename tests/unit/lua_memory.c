/*
 * A whole hook on the loop, and every allocation of it refused once: that one alone, and from there on for good.  What is refused is all that
 * this program's own code asks for (the linker puts what stands here in the place of malloc and its kin), Lua's allocations and jansson's.
 */
#include "lua/call.h"
#include "runner/lua/host/host.h"
#include "runner/lua/wait/drive.h"
#include "runner/net/http_loop.h"

#include "tests/unit/evidence_fixture.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>

Suite *lua_memory_suite(void);

/* ---- in the place of malloc ---- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);
void __wrap_free(void *block);

enum { LIVE_MOST = 1 << 15 };

/* What is asked for, by any thread, while it is watched. */
static struct {
	pthread_mutex_t lock;
	bool watching, lasting;
	uint64_t count, at; /* at 0: nothing is refused */
	uint32_t live_count;
	void *live[LIVE_MOST]; /* open addressing; blocks that have not been given back */
} memory = { .lock = PTHREAD_MUTEX_INITIALIZER };

static uint32_t home_of(const void *block)
{
	return (uint32_t)((uintptr_t)block >> 4) * 2654435761u >> 17 & (LIVE_MOST - 1);
}

static bool refuse(void)
{
	bool refused;

	if (!memory.watching)
		return false;
	pthread_mutex_lock(&memory.lock);
	memory.count++;
	refused = memory.at && (memory.lasting ? memory.count >= memory.at : memory.count == memory.at);
	pthread_mutex_unlock(&memory.lock);
	if (refused)
		errno = ENOMEM;
	return refused;
}

static void *note(void *block)
{
	uint32_t i;

	if (!block || !memory.watching)
		return block;
	pthread_mutex_lock(&memory.lock);
	for (i = home_of(block); memory.live[i]; i = (i + 1) & (LIVE_MOST - 1))
		;
	memory.live[i] = block;
	if (++memory.live_count == LIVE_MOST - 1)
		abort();
	pthread_mutex_unlock(&memory.lock);
	return block;
}

/* Those behind it that would not be found any more move up. */
static void close_gap(uint32_t gap)
{
	for (uint32_t i = (gap + 1) & (LIVE_MOST - 1); memory.live[i]; i = (i + 1) & (LIVE_MOST - 1)) {
		uint32_t home = home_of(memory.live[i]);

		if (((i - home) & (LIVE_MOST - 1)) < ((i - gap) & (LIVE_MOST - 1)))
			continue;
		memory.live[gap] = memory.live[i];
		gap = i;
	}
	memory.live[gap] = NULL;
}

static void forget(const void *block)
{
	uint32_t i;

	if (!block || !memory.live_count)
		return;
	pthread_mutex_lock(&memory.lock);
	for (i = home_of(block); memory.live[i] && memory.live[i] != block; i = (i + 1) & (LIVE_MOST - 1))
		;
	if (memory.live[i]) {
		memory.live_count--;
		close_gap(i);
	}
	pthread_mutex_unlock(&memory.lock);
}

void *__wrap_malloc(size_t size)
{
	return refuse() ? NULL : note(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return refuse() ? NULL : note(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size)
{
	void *grown;

	if (refuse())
		return NULL;
	forget(block); /* before another thread may be given the same */
	grown = __real_realloc(block, size);
	return note(grown || !size ? grown : block) == grown ? grown : NULL;
}

char *__wrap_strdup(const char *text)
{
	return refuse() ? NULL : note(__real_strdup(text));
}

char *__wrap_strndup(const char *text, size_t length)
{
	return refuse() ? NULL : note(__real_strndup(text, length));
}

void __wrap_free(void *block)
{
	forget(block);
	__real_free(block);
}

/* For jansson, which takes functions: those of a library are no business of the linker's. */
static void *json_malloc(size_t size)
{
	return __wrap_malloc(size);
}

static void json_free(void *block)
{
	__wrap_free(block);
}

static void watch(uint64_t at, bool lasting)
{
	memory.count = 0;
	memory.at = at;
	memory.lasting = lasting;
	memory.watching = true;
}

static void rest(void)
{
	memory.watching = false;
	memory.at = 0;
}

/* ---- a hook ---- */

static const char whole_hook[] =
	"local deep = require 'gates.deep'\n"
	"local t = pipe.json.decode('{\"a\": [1, 2, {\"b\": null}], \"c\": \"text\"}')\n"
	"local co = coroutine.wrap(function() pipe.sleep(0.001) coroutine.yield(deep.up(ctx.vars.WORD)) return t end)\n"
	"local rules, runs, jobs = {}, 0, 0\n"
	"for f in ctx.evidence.findings { severity = 'low' } do rules[#rules + 1] = f.rule .. f.message end\n"
	"for test in ctx.evidence.tests { new = true } do rules[#rules + 1] = test.name end\n"
	"for run in ctx.history.runs { branch = 'main' } do runs = runs + run.number end\n"
	"for job in ctx.history.jobs { run = 1 } do jobs = jobs + #job.name end\n"
	"local red = ctx.history.run(1).tests.failed\n"
	"pipe.metric('size', 1.5, { unit = 'bytes' })\n"
	"pipe.finding { rule = 'mine', path = 'a.c', message = 'text', severity = 'high' }\n"
	"pipe.annotate('page', { url = 'https://example.org/' })\n"
	"local word, out = co(), assert(pipe.exec({ 'cat' }, { input = 'put in' }))\n"
	"print(table.concat(rules, ' '), runs, jobs, red, word, out.output)\n"
	"local yaml = pipe.yaml.encode(pipe.yaml.decode('a: [1, text]'))\n"
	"return { text = pipe.json.encode(co()), failed = ctx.evidence.tests.failed, was = ctx.baseline.tests.failed }\n";
static const char said_by_it[] = "rulenew CVE-1old red\t1\t12\t0\tHELLO\tput in\n";
static const char told_by_it[] =
	"{\"failed\": 1, \"text\": \"{\\\"a\\\":[1,2,{\\\"b\\\":null}],\\\"c\\\":\\\"text\\\"}\", \"was\": 0}";

static const char module[] = "local m = {} function m.up(text) return (text:gsub('%l', string.upper)) end return m";

static const char *const programs[] = { "cat", NULL };
static const struct lua_grants grants = { .exec = programs };
static const struct lua_variable variables[] = { { "WORD", "hello", false }, { NULL, NULL, false } };
static const struct lua_run_facts run_facts = { .number = 2, .file = "ci.yml", .branch = "main", .duration_ms = -1 };
static const struct lua_job_facts job_facts = {
	.name = "unit", .base = "unit", .attempt = 1, .exit_code = -1, .duration_ms = -1
};
static const struct lua_context context = { .point = "after_job", .run = &run_facts, .job = &job_facts, .variables = variables };
static const char *const environment[] = { "PATH=/usr/bin:/bin", "PIPE_TASK=abcd/1", NULL };

static uv_loop_t loop;
static struct workers workers;
static struct executor *executor;
static struct http_loop *http;

struct put {
	uint32_t metrics, findings, notes;
};

struct attempt {
	struct put put;
	struct evidence_sink sink;
	struct lua_engine *engine;
	struct run_host *host;
	struct lua_drive *drive;
	bool ended;
	enum lua_end end;
	char said[512], value[512], reason[512];
};

static bool find_module(void *payload, const char *name, const char *from, struct arena *a, struct lua_source *out,
			pipe_error *error)
{
	(void)payload;
	(void)from;
	*out = (struct lua_source){ .name = arena_strdup(a, ".pipe/lua/gates/deep.lua"),
				    .text = arena_strdup(a, module),
				    .length = sizeof(module) - 1 };
	if (!strcmp(name, "gates.deep") && (!out->name || !out->text))
		error_nomem(error);
	return out->name && out->text && !strcmp(name, "gates.deep");
}

static int put_metric(void *payload, const struct evidence_metric *m, pipe_error *error)
{
	(void)m;
	(void)error;
	((struct put *)payload)->metrics++;
	return PIPE_OK;
}

static int put_found(void *payload, const struct evidence_finding *f, pipe_error *error)
{
	(void)f;
	(void)error;
	((struct put *)payload)->findings++;
	return PIPE_OK;
}

static int put_note(void *payload, const char *label, const char *words, const char *url, pipe_error *error)
{
	(void)label;
	(void)words;
	(void)url;
	(void)error;
	((struct put *)payload)->notes++;
	return PIPE_OK;
}

static void on_said(void *payload, const char *words, size_t length)
{
	struct attempt *a = payload;
	size_t had = strlen(a->said);

	snprintf(a->said + had, sizeof(a->said) - had, "%.*s", (int)length, words);
}

static void take(struct attempt *a, const struct lua_outcome *outcome)
{
	a->ended = true;
	a->end = outcome->end;
	snprintf(a->reason, sizeof(a->reason), "%s", outcome->reason ? outcome->reason : "");
	if (outcome->value)
		a->value[json_dumpb(outcome->value, a->value, sizeof(a->value) - 1, JSON_SORT_KEYS | JSON_ENCODE_ANY)] = '\0';
}

static void on_ended(void *payload, const struct lua_outcome *outcome)
{
	rest(); /* writing it down is ours */
	take(payload, outcome);
}

/* Why it could not be made. */
static void take_error(struct attempt *a, const pipe_error *error)
{
	a->ended = true;
	a->end = LUA_FAILED;
	snprintf(a->reason, sizeof(a->reason), "%s", error->text);
}

static void call(struct attempt *a, const struct lua_source *source)
{
	const struct lua_drive_options o = { .loop = &loop,
					     .workers = &workers,
					     .executor = executor,
					     .http = http,
					     .place = { s.root, environment, "PIPE_TASK=abcd/1" },
					     .grace_ms = 500,
					     .call = { .engine = a->engine,
						       .source = source,
						       .context = &context,
						       .host = run_host(a->host),
						       .grants = &grants },
					     .said = on_said,
					     .ended = on_ended,
					     .payload = a };
	pipe_error why = { 0 };

	a->ended = false;
	a->said[0] = a->value[0] = a->reason[0] = '\0';
	if (lua_drive_start(&a->drive, &o, &why))
		take_error(a, &why);
	while (!a->ended)
		uv_run(&loop, UV_RUN_ONCE);
	lua_drive_free(a->drive);
	a->drive = NULL;
}

static bool prepare(struct attempt *a, pipe_error *why)
{
	const struct lua_engine_options engine = { .modules = { find_module, NULL }, .idle_most = 2 };
	const struct run_host_options host = { .state_directory = s.root,
					       .workspace = s.root,
					       .run = 2,
					       .job = 0,
					       .base = "unit",
					       .sink = &a->sink,
					       .annotate = put_note,
					       .payload = &a->put };

	a->sink = (struct evidence_sink){ .metric = put_metric, .finding = put_found, .payload = &a->put };
	return lua_engine_create(&a->engine, &engine, why) == PIPE_OK && run_host_create(&a->host, &host, why) == PIPE_OK;
}

/* The hook with the n-th allocation refused; 0: with none.  How many there were. */
static uint64_t starve(struct attempt *a, uint64_t n, bool lasting)
{
	const struct lua_source hook = { .name = "hook.lua", .text = whole_hook, .length = sizeof(whole_hook) - 1 };
	pipe_error why = { 0 };

	memset(a, 0, sizeof(*a));
	watch(n, lasting);
	if (prepare(a, &why))
		call(a, &hook);
	else
		take_error(a, &why);
	rest();
	return memory.count;
}

static void expect_done(const struct attempt *a, uint64_t n)
{
	ck_assert_msg(a->end == LUA_DONE, "allocation %llu: %s", (unsigned long long)n, a->reason);
	ck_assert_msg(!strcmp(a->said, said_by_it), "allocation %llu: %s", (unsigned long long)n, a->said);
	ck_assert_msg(!strcmp(a->value, told_by_it), "allocation %llu: %s", (unsigned long long)n, a->value);
	ck_assert_msg(a->put.metrics == 1 && a->put.findings == 1 && a->put.notes == 1, "allocation %llu", (unsigned long long)n);
}

/* One clear error; or somebody did without, and everything is as it should be. */
static void judge(const struct attempt *a, uint64_t n)
{
	if (a->end == LUA_DONE)
		expect_done(a, n);
	else
		ck_assert_msg(strstr(a->reason, "out of memory") || strstr(a->reason, "not enough memory"),
			      "allocation %llu: %d, \"%s\"", (unsigned long long)n, (int)a->end, a->reason);
}

/* The next call finds everything as it should be. */
static void call_again(struct attempt *a, uint64_t n)
{
	static const char text[] = "for f in ctx.evidence.findings {} do pipe.log(f.rule) end pipe.sleep(0)";
	const struct lua_source next = { .name = "next.lua", .text = text, .length = sizeof(text) - 1 };

	if (!a->engine || !a->host)
		return;
	call(a, &next);
	ck_assert_msg(a->end == LUA_DONE && !strcmp(a->said, "rule\nCVE-1\n"), "after allocation %llu: %s%s",
		      (unsigned long long)n, a->said, a->reason);
}

static void clean_up(struct attempt *a)
{
	run_host_free(a->host);
	lua_engine_free(a->engine);
}

static void two_runs(void)
{
	struct evidence_finding f = a_finding("CVE-1", "lock", 0, "old");

	a_run("ci.yml", "main", PIPE_STATUS_SUCCESS);
	a_run("ci.yml", "main", PIPE_STATUS_RUNNING);
	for (int64_t run = 1; run <= 2; run++) {
		begin(run, 0, "unit", 0);
		test_is("suite", "fine", TEST_PASSED);
		if (run == 2)
			failure("suite", "red", "boom");
		finding("rule", "a.c", 3, "new");
		put_finding(f);
		commit();
	}
}

static void begin_sweep(void)
{
	const struct local_options local = { .loop = &loop };

	json_set_alloc_funcs(json_malloc, json_free);
	setup();
	two_runs();
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	ok(http_loop_create(&http, &loop, &err));
	ok(executor_local_create(&executor, &local, &err));
}

static void on_closed(void *payload)
{
	++*(unsigned *)payload;
}

static void end_sweep(void)
{
	unsigned closed = 0;

	rest();
	http_loop_close(http, on_closed, &closed);
	executor->ops->close(executor, on_closed, &closed);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_uint_eq(closed, 2);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	teardown();
}

static void sweep(bool lasting)
{
	static struct attempt a;
	uint64_t all;
	uint32_t kept;

	starve(&a, 0, false);
	expect_done(&a, 0);
	clean_up(&a);
	kept = memory.live_count; /* what the executor and the loops keep for next time */
	all = starve(&a, 0, false);
	clean_up(&a);
	ck_assert_uint_eq(memory.live_count, kept);
	ck_assert_uint_gt(all, 500);
	for (uint64_t n = 1; n <= all; n++) {
		starve(&a, n, lasting);
		judge(&a, n);
		call_again(&a, n);
		clean_up(&a);
		ck_assert_msg(memory.live_count <= kept, "allocation %llu: %u blocks are not given back", (unsigned long long)n,
			      memory.live_count - kept);
	}
}

START_TEST(one_allocation_fails)
{
	sweep(false);
}
END_TEST

START_TEST(all_allocations_fail_from_there_on)
{
	sweep(true);
}
END_TEST

Suite *lua_memory_suite(void)
{
	Suite *suite = suite_create("lua_memory");
	TCase *t = tcase_create("a whole hook");

	tcase_add_checked_fixture(t, begin_sweep, end_sweep);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, one_allocation_fails);
	tcase_add_test(t, all_allocations_fail_from_there_on);
	suite_add_tcase(suite, t);
	return suite;
}
