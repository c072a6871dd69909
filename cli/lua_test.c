/* lua test, lua check */
#include "cli/lua.h"
#include "cli/output/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* ---- test ---- */

static bool test_format(const struct cli *c, enum pipe_lua_format *format)
{
	static const char *const names[] = { [PIPE_LUA_TEXT] = "text", [PIPE_LUA_TAP] = "tap", [PIPE_LUA_JUNIT] = "junit" };

	*format = PIPE_LUA_TEXT;
	for (size_t i = 0; c->set.format && i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i], c->set.format)) {
			*format = (enum pipe_lua_format)i;
			return true;
		}
	return !c->set.format;
}

int lua_receive(void *payload, const char *text, size_t length)
{
	struct cli *c = payload;
	const char *end = text + length;
	struct str clean;

	str_init(&clean);
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text)), *to = newline ? newline : end;

		text_clean(&clean, text, (size_t)(to - text), term_text_flags(&c->term) | TEXT_TABS);
		if (newline)
			str_addc(&clean, '\n');
		text = to + (newline != NULL);
	}
	if (clean.failed) {
		str_clear(&clean);
		return 1;
	}
	out_str(c->out, &clean);
	str_clear(&clean);
	out_flush(c->out);
	return 0;
}

/* Every file of tests comes to its end before anything is written of it: what is there is shown at once. */
static int run_tests(struct cli *c, pipe_project *project, const pipe_lua_test_options *o)
{
	const bool people = o->format == PIPE_LUA_TEXT;
	pipe_lua_test_result result;
	pipe_error err = { 0 };

	if (pipe_lua_test(project, o, people ? lua_receive : out_receive, people ? (void *)c : (void *)c->out, &result, &err))
		return say_error(c, &err);
	if (result.broken)
		return EXIT_USAGE;
	return result.failed ? EXIT_JOB_FAILED : EXIT_OK;
}

int lua_test(struct cli *c, const char *const *arguments)
{
	pipe_lua_test_options o = PIPE_LUA_TEST_OPTIONS_INIT;
	struct out *out = NULL;
	pipe_project *project = NULL;
	int status, fd = -1;

	if (!test_format(c, &o.format))
		return lua_no_format(c, "test", "text, tap or junit");
	o.files = *arguments ? arguments : NULL;
	o.filter = c->set.filter;
	o.verbose = c->set.verbose;
	o.colour = c->term.colour;
	o.coverage = c->set.coverage || c->set.coverage_file;
	if (c->set.coverage_file) {
		out = arena_alloc(&c->arena, sizeof(*out));
		fd = open(c->set.coverage_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (fd < 0 || !out) {
			say(c, "cannot write %s: %s", c->set.coverage_file, fd < 0 ? strerror(errno) : "out of memory");
			status = EXIT_ENVIRONMENT;
			goto done;
		}
		out_init(out, fd);
		o.coverage_write = out_receive;
		o.coverage_payload = out;
	}
	status = open_project(c, &project);
	if (status == EXIT_OK)
		status = run_tests(c, project, &o);
	if (out)
		out_flush(out);
	if (out && out->error) {
		say(c, "cannot write %s: %s", c->set.coverage_file, strerror(out->error));
		status = EXIT_ENVIRONMENT;
	}
done:
	if (fd >= 0)
		close(fd);
	pipe_project_free(project);
	return status;
}

/* ---- check ---- */

static bool check_view(const struct cli *c, enum pipe_view *view)
{
	const char *f = c->set.format;

	*view = !f || !strcmp(f, "text") ? PIPE_VIEW_DIAGNOSTICS_TEXT
		: !strcmp(f, "json")	 ? PIPE_VIEW_DIAGNOSTICS_JSON
					 : PIPE_VIEW_DIAGNOSTICS_SARIF;
	return !f || !strcmp(f, "text") || !strcmp(f, "json") || !strcmp(f, "sarif");
}

static void say_checked(struct cli *c, const pipe_lua_check_result *result)
{
	if (c->set.quiet)
		return;
	if (!result->errors && !result->warnings)
		out_format(c->out, "%u file%s checked: nothing is wrong\n", result->files, result->files == 1 ? "" : "s");
	else
		out_format(c->out, "%u error%s, %u warning%s in %u file%s\n", result->errors, result->errors == 1 ? "" : "s",
			   result->warnings, result->warnings == 1 ? "" : "s", result->files, result->files == 1 ? "" : "s");
}

int lua_check(struct cli *c, const char *const *arguments)
{
	pipe_lua_check_options o = PIPE_LUA_CHECK_OPTIONS_INIT;
	pipe_lua_check_result result;
	pipe_project *project = NULL;
	pipe_error err = { 0 };
	int status;

	if (!check_view(c, &o.view))
		return lua_no_format(c, "check", "text, json or sarif");
	o.files = *arguments ? arguments : NULL;
	o.pipeline = c->set.file;
	o.colour = c->term.colour;
	status = open_project(c, &project);
	if (status == EXIT_OK && pipe_lua_check(project, &o, out_receive, c->out, &result, &err)) {
		status = say_error(c, &err);
	} else if (status == EXIT_OK) {
		if (o.view == PIPE_VIEW_DIAGNOSTICS_TEXT)
			say_checked(c, &result);
		status = result.errors ? EXIT_USAGE : EXIT_OK;
	}
	pipe_project_free(project);
	return status;
}
