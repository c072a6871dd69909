/*
 * The hostile scripts: each tests/hostile/NAME.lua is run as a hook would be, and ends as its first line says, within its limits.  After each
 * one the same state serves a script that means well and must find everything as it should be.
 */
#include "lua/call.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

Suite *lua_hostile_suite(void);

enum { SCRIPTS_MOST = 400, FINDINGS = 2000, CPU_MS = 200 };

static const char top[] = "tests/hostile";
static char scripts[SCRIPTS_MOST][64];
static int script_count;

/* ---- a host with little in it ---- */

struct fake {
	char outside[64]; /* a path that should never have come here */
	unsigned cursors; /* open */
	unsigned seen;	  /* how often something was put that others see */
};

static int64_t now_ms(void *payload)
{
	(void)payload;
	return 1764000000000;
}

/* As the runner does: what leads out of the workspace is refused. */
static int read_file(void *payload, const char *path, size_t limit, struct str *out, pipe_error *err)
{
	(void)payload;
	if (*path == '/' || strstr(path, "..")) {
		snprintf(err->text, sizeof(err->text), "the path leads out of the workspace");
		return (int)(err->code = PIPE_EUSAGE);
	}
	if (strcmp(path, "notes.txt") != 0) {
		snprintf(err->text, sizeof(err->text), "there is no such file");
		return (int)(err->code = PIPE_ENOTFOUND);
	}
	if (limit < 5)
		return (int)(err->code = PIPE_ELIMIT);
	str_adds(out, "hello");
	return PIPE_OK;
}

static int glob_files(void *payload, const char *pattern, size_t limit, int (*each)(void *, const char *), void *each_payload,
		      pipe_error *err)
{
	(void)payload;
	(void)pattern;
	(void)err;
	return limit ? each(each_payload, "notes.txt") : PIPE_OK;
}

static int totals(void *payload, enum evidence_side side, struct evidence_totals *out, pipe_error *err)
{
	(void)payload;
	(void)side;
	(void)err;
	memset(out, 0, sizeof(*out));
	return PIPE_OK;
}

static int metric(void *payload, enum evidence_side side, const char *name, double *value, bool *found, pipe_error *err)
{
	(void)payload;
	(void)side;
	(void)err;
	*value = 1;
	*found = !strcmp(name, "there");
	return PIPE_OK;
}

static int baseline(void *payload, int64_t *run, const char **branch, const char **why, pipe_error *err)
{
	(void)payload;
	(void)err;
	*run = 0;
	*branch = NULL;
	*why = "there is no earlier run";
	return PIPE_OK;
}

struct cursor {
	struct lua_cell *cells;
	const struct lua_rows_kind *kind;
	int at;
};

static int rows_open(void *payload, const struct lua_query *query, void **cursor, pipe_error *err)
{
	struct fake *fake = payload;
	struct cursor *c = calloc(1, sizeof(*c));

	(void)err;
	ck_assert_ptr_nonnull(c);
	c->kind = &lua_rows_kinds[query->rows];
	c->cells = calloc(c->kind->count, sizeof(*c->cells));
	ck_assert_ptr_nonnull(c->cells);
	fake->cursors++;
	*cursor = c;
	return PIPE_OK;
}

static int rows_next(void *payload, void *cursor, const struct lua_cell **row, pipe_error *err)
{
	struct cursor *c = cursor;

	(void)payload;
	(void)err;
	if (c->at++ == FINDINGS)
		return 0;
	for (unsigned i = 0; i < c->kind->count; i++) {
		c->cells[i] = (struct lua_cell){ .type = LUA_CELL_NONE };
		if (c->kind->columns[i].type == LUA_CELL_TEXT)
			c->cells[i] = (struct lua_cell){ .type = LUA_CELL_TEXT, .text = "a text of some length", .length = 21 };
	}
	*row = c->cells;
	return 1;
}

static void rows_close(void *payload, void *cursor)
{
	struct fake *fake = payload;
	struct cursor *c = cursor;

	fake->cursors--;
	free(c->cells);
	free(c);
}

static void see(void *payload)
{
	struct fake *fake = payload;

	fake->seen++;
}

static int put_metric(void *payload, const struct evidence_metric *m, pipe_error *err)
{
	see(payload);
	(void)m;
	(void)err;
	return PIPE_OK;
}

static int put_finding(void *payload, const struct evidence_finding *f, pipe_error *err)
{
	see(payload);
	(void)f;
	(void)err;
	return PIPE_OK;
}

static int annotate(void *payload, const char *label, const char *text, const char *url, pipe_error *err)
{
	see(payload);
	(void)label;
	(void)text;
	(void)url;
	(void)err;
	return PIPE_OK;
}

static int echo(void *payload, const json_t *arguments, json_t **result, pipe_error *err)
{
	(void)payload;
	(void)err;
	*result = json_incref(json_array_get(arguments, 0));
	return PIPE_OK;
}

static int broken(void *payload, const json_t *arguments, json_t **result, pipe_error *err)
{
	(void)payload;
	(void)arguments;
	(void)result;
	snprintf(err->text, sizeof(err->text), "it is broken");
	return (int)(err->code = PIPE_EIO);
}

static const struct lua_host_function functions[] = { { .name = "echo", .call = echo },
						      { .name = "broken", .call = broken },
						      { 0 } };

static const struct lua_host host_template = {
	.now_ms = now_ms,
	.read = read_file,
	.glob = glob_files,
	.totals = totals,
	.metric = metric,
	.baseline = baseline,
	.rows_open = rows_open,
	.rows_next = rows_next,
	.rows_close = rows_close,
	.put_metric = put_metric,
	.put_finding = put_finding,
	.annotate = annotate,
	.functions = functions,
};

/* ---- running one ---- */

static const struct lua_run_facts run_facts = { .number = 7, .file = "pipeline.yml", .branch = "main", .status = "running" };
static const struct lua_job_facts job_facts = { .name = "build", .base = "build", .stage = "build", .status = "running" };
static const struct lua_variable variables[] = { { "PLAIN", "text", false },
						 { "TOKEN", "hunter2", true },
						 { NULL, NULL, false } };
static const struct lua_context context = { .point = "before_job", .run = &run_facts, .job = &job_facts, .variables = variables };
static const char *const http[] = { "https://hooks.example/a", NULL };
static const char *const exec[] = { "allowed", NULL };
static const char *const mail[] = { "smtp://mail.example:25", NULL };
static const struct lua_grants grants = { .http = http, .exec = exec, .mail = mail };
static const struct lua_limits limits = {
	.cpu_ms = CPU_MS, .wall_ms = 1000, .memory_bytes = 8u << 20, .output_bytes = 64u << 10, .waits = 100
};
static const struct lua_limits ample = { .cpu_ms = 10000, .wall_ms = 60000 };

static void wait_for(const struct lua_wait *wait, struct lua_answer *answer)
{
	struct timespec t = { .tv_sec = wait->timeout_ms / 1000, .tv_nsec = wait->timeout_ms % 1000 * 1000000 };

	*answer = (struct lua_answer){ .status = 200, .body = "hello", .length = 5 };
	if (wait->kind == LUA_WAIT_SLEEP)
		nanosleep(&t, NULL);
}

/* The whole of a call; the caller frees it. */
static struct lua_call *run(struct lua_engine *engine, const struct lua_source *source, const struct lua_host *host,
			    const struct lua_limits *l)
{
	const struct lua_call_options options = {
		.engine = engine, .source = source, .context = &context, .host = host, .grants = &grants, .limits = l
	};
	struct lua_call *call;
	struct lua_answer answer;
	pipe_error err = { 0 };
	size_t length;

	ck_assert_msg(lua_call_create(&call, &options, &err) == PIPE_OK, "%s: %s", source->name, err.text);
	while (lua_call_step(call) == LUA_CALL_WAITS) {
		lua_call_said(call, &length);
		wait_for(lua_call_wait(call), &answer);
		lua_call_answer(call, &answer);
	}
	return call;
}

/* ---- how it is to end ---- */

static const struct {
	const char *word;
	enum lua_end end;
	const char *reason;
} ends[] = {
	{ "done", LUA_DONE, "" },
	{ "over cpu", LUA_OVER, "processor time" },
	{ "over memory", LUA_OVER, "memory" },
	{ "over wall", LUA_OVER, "waited for" },
	{ "over output", LUA_OVER, "it wrote more than" },
	{ "over depth", LUA_OVER, "too deep" },
	{ "over waits", LUA_OVER, "it waited more than" },
	{ "over", LUA_OVER, "" },
	{ "broken", LUA_BROKEN, "" },
	{ "failed", LUA_FAILED, "" },
	{ "refused", LUA_REFUSED, "" },
};

static void check_end(const char *name, const char *wanted, const struct lua_outcome *o)
{
	static const char *const words[] = { "done", "failed", "broken", "over", "refused", "cancelled" };
	const char *reason = o->reason ? o->reason : "", *text;

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		size_t length = strlen(ends[i].word);

		if (strncmp(wanted, ends[i].word, length) != 0 || (wanted[length] && wanted[length] != ' '))
			continue;
		text = *ends[i].reason ? ends[i].reason : wanted + length + (wanted[length] == ' ');
		ck_assert_msg(o->end == ends[i].end && strstr(reason, text), "%s: %s expected, but it was %s: %s", name, wanted,
			      words[o->end], reason);
		ck_assert_msg((o->end == LUA_DONE) == (o->reason == NULL), "%s: a reason, or none", name);
		return;
	}
	ck_abort_msg("%s: its first line expects \"%s\"", name, wanted);
}

/* A message can be shown anywhere. */
static void check_text(const char *name, const char *text)
{
	ck_assert_msg(!text || strlen(text) < 16384, "%s: a message of %zu bytes", name, strlen(text));
}

static void check_limits(const char *name, const struct lua_outcome *o)
{
	/* What a single instruction or an answer may take beyond, on a slow machine with sanitizers. */
	ck_assert_msg(o->cpu_us < (CPU_MS + 2500) * 1000, "%s: %lld ms of processor time", name, (long long)o->cpu_us / 1000);
	ck_assert_msg(o->memory_peak <= limits.memory_bytes + (1 << 20), "%s: %llu bytes", name,
		      (unsigned long long)o->memory_peak);
	check_text(name, o->reason);
	check_text(name, o->traceback);
}

static const char good[] =
	"assert(leaked == nil and getmetatable(_G) == false)\n"
	"local t = {}\n"
	"for i = 1, 100 do t[i] = tostring(i) end\n"
	"table.sort(t, function(a, b) return tonumber(a) < tonumber(b) end)\n"
	"assert(table.concat(t, ','):gsub('%d+', function(n) return n + 1 end):sub(1, 6) == '2,3,4,')\n"
	"assert(('x'):upper() == 'X' and string.upper('x') == 'X' and string.mine == nil and rawget(string, 1) == nil)\n"
	"assert(coroutine.wrap(function() return 7 end)() == 7 and not coroutine.isyieldable())\n"
	"assert(pipe.json.decode('[1]')[1] == 1 and pipe.read('notes.txt') == 'hello')\n"
	"assert(ctx.run.number == 7 and ctx.job.name == 'build' and ctx.vars.PLAIN == 'text' and host.echo(1) == 1)\n"
	"local random = math.random(0)\n" /* not the one that the last of these left behind */
	"math.randomseed(42)\n"
	"assert(math.random(0) ~= random)\n"
	"math.randomseed(42)\n"
	"pipe.log('good')\n"
	"return 'good'\n";

static void check_good(struct lua_engine *engine, const char *after, const struct lua_host *host)
{
	static const struct lua_source source = { .name = "good.lua", .text = good, .length = sizeof(good) - 1 };
	struct lua_call *call = run(engine, &source, host, &ample);
	const struct lua_outcome *o = lua_call_outcome(call);
	size_t length;

	ck_assert_msg(o->end == LUA_DONE, "after %s: %s:%u: %s", after, o->file ? o->file : "?", o->line, o->reason);
	ck_assert_str_eq(json_string_value(o->value), "good");
	ck_assert_str_eq(lua_call_said(call, &length), "good\n");
	lua_call_free(call);
}

static char *load(const char *name)
{
	char path[128], *text = NULL;
	size_t capacity = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", top, name);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert(getdelim(&text, &capacity, '\0', f) > 0);
	fclose(f);
	return text;
}

START_TEST(ends_as_it_should)
{
	static const char mark[] = "-- expect: ";
	const struct lua_engine_options options = { .idle_most = 1 };
	const char *name = scripts[_i];
	char *text = load(name), *wanted = strndup(text, strcspn(text, "\n"));
	struct lua_source source = { .name = name, .text = text, .length = strlen(text) };
	struct fake fake = { 0 };
	struct lua_host host = host_template;
	struct lua_engine *engine;
	struct lua_call *call;

	host.payload = &fake;
	ck_assert_msg(wanted && !strncmp(wanted, mark, strlen(mark)), "%s: the first line is to be \"%s...\"", name, mark);
	ck_assert_int_eq(lua_engine_create(&engine, &options, NULL), PIPE_OK);
	check_good(engine, "nothing", &host);
	call = run(engine, &source, &host, &limits);
	check_limits(name, lua_call_outcome(call));
	check_end(name, wanted + strlen(mark), lua_call_outcome(call));
	lua_call_free(call);
	ck_assert_uint_eq(fake.cursors, 0);
	check_good(engine, name, &host);
	lua_engine_free(engine);
	free(wanted);
	free(text);
}
END_TEST

static int64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* On a thread that has other things to do: whatever it tries, it is soon over there, and then nobody has seen anything of it. */
START_TEST(is_soon_over_where_it_is_tried)
{
	enum { TRY_US = 500, MOST_US = 40000 }; /* with sanitizers, on a busy machine */
	char *text = load(scripts[_i]);
	struct lua_source source = { .name = scripts[_i], .text = text, .length = strlen(text) };
	struct fake fake = { 0 };
	struct lua_host host = host_template;
	struct lua_engine *engine;
	struct lua_call_options options = { .source = &source, .context = &context, .host = &host, .grants = &grants };
	struct lua_call *call;
	enum lua_progress progress;
	int64_t used;

	host.payload = &fake;
	ck_assert_int_eq(lua_engine_create(&engine, NULL, NULL), PIPE_OK);
	options.engine = engine;
	ck_assert_int_eq(lua_call_create(&call, &options, NULL), PIPE_OK);
	used = cpu_us();
	progress = lua_call_try(call, TRY_US);
	ck_assert_uint_eq(fake.seen, 0);
	ck_assert_uint_eq(fake.cursors, 0);
	lua_call_free(call);
	used = cpu_us() - used;
	ck_assert_msg(used < MOST_US, "%s: %lld us", scripts[_i], (long long)used);
	if (getenv("HOSTILE_ONLY"))
		fprintf(stderr, "%-40s %6lld us %d\n", scripts[_i], (long long)used, progress);
	lua_engine_free(engine);
	free(text);
}
END_TEST

/* All of them one after the other in the same engine, as a long run would. */
START_TEST(an_engine_outlives_them_all)
{
	const struct lua_engine_options options = { .idle_most = 1 };
	struct fake fake = { 0 };
	struct lua_host host = host_template;
	struct lua_engine *engine;

	ck_assert_int_ge(script_count, 70); /* run from the top of the tree */
	host.payload = &fake;
	ck_assert_int_eq(lua_engine_create(&engine, &options, NULL), PIPE_OK);
	for (int i = 0; i < script_count; i += 11) {
		char *text = load(scripts[i]);
		struct lua_source source = { .name = scripts[i], .text = text, .length = strlen(text) };

		lua_call_free(run(engine, &source, &host, &limits));
		free(text);
		ck_assert_uint_eq(fake.cursors, 0);
	}
	check_good(engine, "all", &host);
	lua_engine_free(engine);
}
END_TEST

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void find_scripts(void)
{
	const char *only = getenv("HOSTILE_ONLY"); /* the beginning of names */
	struct dirent *entry;
	DIR *d = opendir(top);

	while (d && (entry = readdir(d)) && script_count < SCRIPTS_MOST) {
		size_t length = strlen(entry->d_name);

		if (length < 5 || length >= sizeof(scripts[0]) || strcmp(entry->d_name + length - 4, ".lua") != 0)
			continue;
		if (!only || !strncmp(entry->d_name, only, strlen(only)))
			memcpy(scripts[script_count++], entry->d_name, length + 1);
	}
	if (d)
		closedir(d);
	qsort(scripts, (size_t)script_count, sizeof(scripts[0]), by_name);
}

Suite *lua_hostile_suite(void)
{
	Suite *s = suite_create("lua_hostile");
	TCase *t = tcase_create("scripts");

	find_scripts();
	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, ends_as_it_should, 0, script_count);
	tcase_add_loop_test(t, is_soon_over_where_it_is_tried, 0, script_count);
	suite_add_tcase(s, t);
	t = tcase_create("one engine");
	tcase_set_timeout(t, 300);
	tcase_add_test(t, an_engine_outlives_them_all);
	suite_add_tcase(s, t);
	return s;
}
