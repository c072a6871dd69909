/* lua: what who writes Lua for pipelines needs. */
#include "cli/lua.h"

#include <string.h>

#define FIELD(name) offsetof(struct settings, name)

static const char *const formats[] = { "text", "tap", "junit", "json", "sarif", NULL };
static const struct option lua_own[] = {
	{ "filter", 0, OPTION_TEXT, FIELD(filter), "TEXT", "test: only tests in whose name, with those of its groups, this is",
	  NULL },
	{ "verbose", 'v', OPTION_ON, FIELD(verbose), NULL, "test: a line for each test", NULL },
	{ "coverage", 0, OPTION_ON, FIELD(coverage), NULL, "test: show which lines of scripts the tests reach", NULL },
	{ "coverage-file", 0, OPTION_TEXT, FIELD(coverage_file), "FILE", "test: write that as an LCOV tracefile, too", NULL },
	{ "run", 0, OPTION_TEXT, FIELD(run), "RUN", "run: show the script this run: its number, or \"last\"", NULL },
	{ "job", 'j', OPTION_TEXT, FIELD(job), "JOB", "run, repl: of that run, this job", NULL },
	{ "variable", 0, OPTION_PAIRS, FIELD(variables), "KEY=VALUE", "run, repl: a member of ctx.vars", NULL },
	{ "allow-http", 0, OPTION_LIST, FIELD(allow_http), "ADDRESS",
	  "run, repl: allow this beside what the pipeline file allows", NULL },
	{ "allow-exec", 0, OPTION_LIST, FIELD(allow_exec), "PROGRAM", "run, repl: likewise", NULL },
	{ "allow-read", 0, OPTION_LIST, FIELD(allow_read), "DIRECTORY", "run, repl: likewise", NULL },
	{ "file", 'f', OPTION_TEXT, FIELD(file), "FILE", "run, repl, check: the pipeline file (default: as `pipe run` finds it)",
	  NULL },
	{ "format", 0, OPTION_CHOICE, FIELD(format), "FORMAT", "test: text, tap or junit; check: text, json or sarif", formats },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};
static const struct option *const lua_tables[] = { lua_own, NULL };

const char *const *lua_list(const struct words *w)
{
	return w->count ? w->items : NULL;
}

int lua_no_format(struct cli *c, const char *what, const char *wanted)
{
	return usage_error(c, "--format of `pipe lua %s` wants %s, not \"%s\"", what, wanted, c->set.format);
}

/* ---- annotations, reference ---- */

static int show(struct cli *c, int (*make)(pipe_write_cb write, void *payload, pipe_error *err))
{
	pipe_error err = { 0 };

	return make(out_receive, c->out, &err) && !c->out->error ? say_error(c, &err) : EXIT_OK;
}

static int annotations(struct cli *c, const char *const *arguments)
{
	(void)arguments;
	return show(c, pipe_lua_annotations);
}

static int reference(struct cli *c, const char *const *arguments)
{
	(void)arguments;
	return show(c, pipe_lua_reference);
}

/* ---- record ---- */

static int record(struct cli *c, const char *const *arguments)
{
	pipe_project *project = NULL;
	pipe_error err = { 0 };
	int64_t run = 0;
	int status;

	if (strcmp(arguments[0], "last") != 0 && !run_number(arguments[0], &run))
		return usage_error(c, "\"%s\" is not a run: its number, or \"last\"", arguments[0]);
	status = open_history(c, &project);
	if (status == EXIT_OK && pipe_lua_record(project, run, arguments[1], out_receive, c->out, &err) && !c->out->error)
		status = say_error(c, &err);
	pipe_project_free(project);
	return status;
}

/* ---- which ---- */

static int lua(struct cli *c)
{
	static const struct sub_command subs[] = {
		{ "test", "[FILE|DIRECTORY]...", 0, SIZE_MAX, lua_test },
		{ "check", "[FILE|DIRECTORY]...", 0, SIZE_MAX, lua_check },
		{ "record", "RUN [JOB]", 1, 2, record },
		{ "run", "FILE [--run RUN] [--job JOB]", 1, 1, lua_run },
		{ "repl", "[RUN]", 0, 1, lua_repl },
		{ "annotations", "", 0, 0, annotations },
		{ "reference", "", 0, 0, reference },
		{ NULL, NULL, 0, 0, NULL },
	};

	return sub_command_run(c, subs);
}

const struct command command_lua = {
	"lua",
	"test [FILE...] | check [FILE...] | record RUN [JOB] | run FILE | repl [RUN] | annotations",
	"test, check and try Lua scripts of pipelines",
	"test runs the tests in *_test.lua (of the project, or of the files and directories that are named): exit status 0 all passed, 1 some "
	"failed, 2 a file of tests is wrong. check says what is wrong with Lua files and with the Lua in the pipeline file, without running "
	"them: syntax, unknown globals, fields that there are not. record writes what scripts see of a run as a fixture for tests; run runs "
	"a script now; repl is a prompt that looks at a run's evidence; annotations are for editors (LuaCATS). "
	"$PIPE_LUA_LIMITS, such as \"cpu=5s,wall=1m,memory=128MB,output=1MB\", bounds what scripts of any pipeline file may use up.",
	"pipe lua test --coverage\npipe lua check gates/licence.lua\npipe lua record 12 >tests/run-12.json\npipe lua run report.lua --run last\n"
	"pipe lua repl last\npipe lua annotations >.pipe/lua/pipe.d.lua\n",
	lua_tables,
	1,
	SIZE_MAX,
	lua,
	false,
};
