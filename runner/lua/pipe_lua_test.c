/* pipe_lua_test: finds the files of tests, runs one after the other, writes what became of them, and what lines they reached. */
#include "base/error.h"
#include "lua/coverage.h"
#include "lua/test/report.h"
#include "runner/history/project.h"
#include "runner/lua/modules.h"
#include "runner/lua/pipe_lua_files.h"

#include <inttypes.h>
#include <string.h>

/* Of a file of tests, unless the caller says otherwise. */
static const struct lua_limits usual = {
	.cpu_ms = 10000, .wall_ms = 60000, .memory_bytes = 256u << 20, .output_bytes = 1u << 20
};

/* How long a script can sleep by the clock of a test: some years, in milliseconds. */
#define SLEEP_MOST INT64_C(100000000000)

struct testing {
	const pipe_lua_test_options *options;
	struct lua_files files;
	struct lua_engine *engine;
	struct lua_test_suite *suite;
	struct lua_limits limits, script_limits;
	struct test_report report;
	pipe_write_cb write;
	void *payload;
	pipe_lua_test_result *result;
};

static int flush(struct testing *t, pipe_error *err)
{
	struct str *out = &t->report.out;

	if (out->failed)
		return error_nomem(err);
	if (out->length && t->write(t->payload, out->data, out->length))
		return error_set(err, PIPE_EIO, "what became of the tests could not be written");
	str_reset(out);
	return PIPE_OK;
}

static int on_case(void *payload, const struct lua_test_case *one)
{
	struct testing *t = payload;

	test_report_case(&t->report, one);
	return 0;
}

static int run_files(struct testing *t, pipe_error *err)
{
	int rc = PIPE_OK;

	test_report_begin(&t->report);
	for (uint32_t i = 0; i < t->files.paths.count && !rc; i++) {
		const char *path = t->files.paths.items[i];
		const struct lua_source *source;

		rc = lua_files_source(&t->files, path, &source, err);
		if (!rc)
			rc = lua_test_run(t->suite, source, on_case, t, err);
		if (!rc) {
			test_report_file_end(&t->report, path);
			rc = flush(t, err);
		}
	}
	return rc;
}

/* ---- coverage ---- */

struct covering {
	struct testing *testing;
	struct str *lcov, *text; /* text: or NULL */
	const char *margin;	 /* of its lines */
};

/* Tests themselves, and what they made up, are no part of it. */
static bool counts(const char *name)
{
	static const char test[] = "_test.lua", text[] = ":text";
	const size_t length = strlen(name);

	return !(length >= sizeof(test) - 1 && !strcmp(name + length - (sizeof(test) - 1), test)) &&
	       !(length >= sizeof(text) - 1 && !strcmp(name + length - (sizeof(text) - 1), text));
}

static void add_lcov(struct str *out, const struct lua_covered_file *file)
{
	str_printf(out, "TN:\nSF:%s\n", file->name);
	for (uint32_t i = 0; i < file->count; i++)
		if (file->executable[i])
			str_printf(out, "DA:%" PRIu32 ",%" PRIu64 "\n", i + 1, file->hits[i]);
	str_printf(out, "LF:%" PRIu32 "\nLH:%" PRIu32 "\nend_of_record\n", file->lines, file->hit);
}

/* "12-14, 20": lines that no test reaches; what stands between two of them without being code belongs to both. */
static void add_missed(struct str *out, const struct lua_covered_file *file)
{
	const char *separator = "  not reached: ";

	for (uint32_t i = 0; i < file->count; i++) {
		uint32_t last = i;

		if (!file->executable[i] || file->hits[i])
			continue;
		for (uint32_t k = i; k < file->count && (!file->executable[k] || !file->hits[k]); k++)
			if (file->executable[k])
				last = k;
		str_printf(out, "%s%" PRIu32, separator, i + 1);
		if (last > i)
			str_printf(out, "-%" PRIu32, last + 1);
		separator = ", ";
		i = last;
	}
}

static int on_covered(void *payload, const struct lua_covered_file *file)
{
	struct covering *c = payload;

	if (!counts(file->name) || !file->lines)
		return 0;
	c->testing->result->lines += file->lines;
	c->testing->result->lines_hit += file->hit;
	add_lcov(c->lcov, file);
	if (!c->text)
		return 0;
	str_printf(c->text, "%s%5.1f %%  %s (%" PRIu32 " of %" PRIu32 " lines)", c->margin, 100.0 * file->hit / file->lines,
		   file->name, file->hit, file->lines);
	add_missed(c->text, file);
	str_addc(c->text, '\n');
	return 0;
}

static int tell_coverage(struct testing *t, pipe_error *err)
{
	static const char *const margins[] = { [PIPE_LUA_TEXT] = "  ", [PIPE_LUA_TAP] = "# " };
	const bool shown = t->options->format == PIPE_LUA_TEXT || t->options->format == PIPE_LUA_TAP;
	struct str lcov;
	struct covering c = { .testing = t, .lcov = &lcov, .text = shown ? &t->report.out : NULL };
	int rc;

	str_init(&lcov);
	c.margin = shown ? margins[t->options->format] : "";
	rc = lua_coverage_each(lua_engine_coverage(t->engine), on_covered, &c, err);
	if (!rc && shown && t->result->lines)
		str_printf(&t->report.out, "%s%5.1f %%  of all (%" PRIu64 " of %" PRIu64 " lines)\n", c.margin,
			   100.0 * (double)t->result->lines_hit / (double)t->result->lines, t->result->lines_hit,
			   t->result->lines);
	if (!rc && lcov.failed)
		rc = error_nomem(err);
	if (!rc && t->options->coverage_write && t->options->coverage_write(t->options->coverage_payload, lcov.data, lcov.length))
		rc = error_set(err, PIPE_EIO, "the coverage could not be written");
	str_clear(&lcov);
	return rc;
}

/* ---- all of it ---- */

static void take_limits(struct lua_limits *to, const pipe_lua_limits *from)
{
	*to = usual;
	if (from->cpu_ms > 0)
		to->cpu_ms = from->cpu_ms;
	if (from->wall_ms > 0)
		to->wall_ms = from->wall_ms;
	if (from->memory_bytes)
		to->memory_bytes = from->memory_bytes;
	if (from->output_bytes)
		to->output_bytes = from->output_bytes;
}

static int prepare(struct testing *t, pipe_project *project, pipe_error *err)
{
	const struct lua_engine_options engine = { .modules = { modules_find, &t->files.root },
						   .coverage = t->options->coverage != 0 };
	struct lua_test_options suite = { .source = lua_files_beside,
					  .payload = &t->files,
					  .limits = &t->limits,
					  .script_limits = &t->script_limits,
					  .filter = t->options->filter };
	int rc = lua_files_open(&t->files, project, err);

	take_limits(&t->limits, &t->options->limits);
	t->script_limits = project->lua.defaults;
	t->script_limits.wall_ms = SLEEP_MOST; /* what a test sleeps takes no time */
	if (!rc)
		rc = lua_files_find(&t->files, t->options->files, "_test.lua", err);
	if (!rc && !t->files.paths.count)
		rc = error_set(err, PIPE_ENOTFOUND, "there are no tests: none of the files is called *_test.lua");
	if (!rc)
		rc = lua_engine_create(&t->engine, &engine, err);
	suite.engine = t->engine;
	return rc ? rc : lua_test_suite_create(&t->suite, &suite, err);
}

static void sum_up(struct testing *t)
{
	const struct test_report *r = &t->report;
	pipe_lua_test_result *to = t->result;

	to->files = r->files;
	to->passed = r->states[LUA_TEST_PASSED];
	to->failed = r->states[LUA_TEST_FAILED];
	to->pending = r->states[LUA_TEST_PENDING];
	to->broken = r->states[LUA_TEST_BROKEN];
	to->duration_us = r->total_us;
}

int pipe_lua_test(pipe_project *project, const pipe_lua_test_options *opts, pipe_write_cb write, void *payload,
		  pipe_lua_test_result *result, pipe_error *err)
{
	static const pipe_lua_test_options defaults = PIPE_LUA_TEST_OPTIONS_INIT;
	pipe_lua_test_result own = { 0 };
	struct testing t = { .options = opts ? opts : &defaults, .write = write, .payload = payload, .files = { .root = -1 } };
	int rc;

	if (t.options->version != PIPE_LUA_TEST_OPTIONS_VERSION)
		return error_version(err, "pipe_lua_test_options", t.options->version, PIPE_LUA_TEST_OPTIONS_VERSION);
	t.result = result ? result : &own;
	memset(t.result, 0, sizeof(*t.result));
	test_report_init(&t.report, t.options->format, t.options->verbose, t.options->colour);
	rc = prepare(&t, project, err);
	if (!rc)
		rc = run_files(&t, err);
	if (!rc && t.options->coverage)
		rc = tell_coverage(&t, err);
	if (!rc) {
		sum_up(&t);
		test_report_end(&t.report);
		rc = flush(&t, err);
	}
	test_report_clear(&t.report);
	lua_engine_free(t.engine);
	lua_test_suite_free(t.suite);
	lua_files_close(&t.files);
	return rc;
}
