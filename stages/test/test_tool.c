/* What is particular to a test tool: where its tests lie, and how it is told to run some of them only. */
#include "base/error.h"
#include "base/str.h"
#include "stages/parameter.h"
#include "stages/test/test.h"

#include <ctype.h>
#include <string.h>

enum {
	NAMES_BYTES = 120 * 1024 /* of PIPE_TESTS: Linux takes 128 KiB in one variable */
};

/* ---- names, as the tool wants them ---- */

static size_t identifier(const char *text)
{
	size_t n = 0;

	while (isalnum((unsigned char)text[n]) || text[n] == '_' || (unsigned char)text[n] >= 0x80)
		n++;
	return n;
}

/* Subtests (TestA/x) run with the test that they belong to. */
static const char *go_name(struct stage_job *job, const char *suite, const char *name)
{
	size_t n = identifier(name);
	bool is_test = !strncmp(name, "Test", 4) || !strncmp(name, "Example", 7) || !strncmp(name, "Fuzz", 4);

	(void)suite;
	return is_test && (!name[n] || name[n] == '/') ? arena_strndup(job->arena, name, n) : NULL;
}

/* Class#method, without the arguments of a parametrised one. */
static const char *maven_name(struct stage_job *job, const char *suite, const char *name)
{
	size_t n = identifier(name);

	return n && *suite && !strpbrk(suite, " ,#*") ? arena_printf(job->arena, "%s#%.*s", suite, (int)n, name) : NULL;
}

/* A part of a name will do: of a documentation test that is the place. */
static const char *cargo_name(struct stage_job *job, const char *suite, const char *name)
{
	(void)job;
	(void)suite;
	return *name == '-' ? NULL : name;
}

/* As a regular expression of CMake's that matches it and no other. */
static const char *cmake_name(struct stage_job *job, const char *suite, const char *name)
{
	struct str out;
	const char *made;

	(void)suite;
	str_init(&out);
	for (; *name; name++) {
		if (strchr(".*+?[]^$()|\\", *name))
			str_addc(&out, '\\');
		str_addc(&out, *name);
	}
	made = out.failed ? NULL : arena_strndup(job->arena, out.data, out.length);
	str_clear(&out);
	return made;
}

/* ---- the tools ---- */

static const struct test_tool tools[] = {
	{ .kind = "python",
	  .patterns = { "**/test_*.py", "**/*_test.py" },
	  .passed_over = { "node_modules", "venv", "build", "dist" },
	  .units = "{unit}",
	  .again = { { .argv = { "python3", "-m", "pytest", "-o", "cache_dir={scratch}/pytest", "--last-failed",
				 "--last-failed-no-failures", "none", "--junit-xml={scratch}/pytest-{round}.xml", "{args}" } } },
	  .report = { "junit", "{scratch}/pytest-{round}.xml" } },
	{ .kind = "go",
	  .patterns = { "**/*_test.go" },
	  .passed_over = { "vendor", "testdata", "_*" },
	  .nested = "go.mod",
	  .form = UNIT_DIRECTORY,
	  .units = "./{unit}",
	  .again = { { .argv = { "go", "test", "-json", "-count=1", "-run", "^({names})$", "{args}", "./..." } } },
	  .joint = "|",
	  .name = go_name },
	{ .kind = "cmake",
	  .part = { "-I", "{index},,{total}" },
	  .again = { { .argv = { "ctest", "--test-dir", "{build}", "--output-on-failure", "--output-junit",
				 "{scratch}/ctest-{round}.xml", "{args}", "-R", "^({names})$" } } },
	  .joint = "|",
	  .name = cmake_name,
	  .report = { "junit", "{scratch}/ctest-{round}.xml" } },
	{ .kind = "maven",
	  .patterns = { "**/src/test/java/**/*Test.java", "**/src/test/java/**/*Tests.java", "**/src/test/java/**/*TestCase.java",
			"**/src/test/java/**/Test*.java" },
	  .passed_over = { "target" },
	  .form = UNIT_CLASS,
	  .units = "-Dtest={units}",
	  .rest = "-DskipITs",
	  .again = { { .argv = { "mvn", "-B", "-DfailIfNoTests=false", "-Dsurefire.failIfNoSpecifiedTests=false",
				 "-Dfailsafe.failIfNoSpecifiedTests=false", "-Dtest={names}", "-Dit.test={names}", "{args}",
				 "verify" } } },
	  .joint = ",",
	  .name = maven_name },
	{ .kind = "cargo",
	  .again = { { .argv = { "cargo", "test", "--no-fail-fast", "{args}", "--", "{names}" } } },
	  .name = cargo_name },
	{ .kind = "npm",
	  .patterns = { "**/*.test.js", "**/*.test.ts", "**/*.spec.js", "**/*.spec.ts" },
	  .passed_over = { "node_modules", "dist" },
	  .units = "{unit}" },
};

const struct test_tool *test_tool_of(const struct project_kind *kind)
{
	for (size_t i = 0; kind && i < sizeof(tools) / sizeof(*tools); i++)
		if (!strcmp(tools[i].kind, kind->name))
			return &tools[i];
	return NULL;
}

/* ---- reports ---- */

int test_add_reports(struct stage_job *job, const struct test_stage *t, const struct project_report *reports, size_t count,
		     pipe_error *err)
{
	for (size_t i = 0; i < count && reports[i].format; i++) {
		const char *pattern = reports[i].pattern ? project_fill(job, &t->values, reports[i].pattern) : NULL;
		struct stage_report *report;

		if (pattern && *pattern != '/')
			pattern = project_path(job, t->directory, pattern);
		if (!pattern && reports[i].pattern)
			return error_nomem(err);
		report = stage_report(job, report_format_named(reports[i].format), pattern);
		if (!report)
			return error_nomem(err);
		report->from = t->commands_from;
		report->to = t->commands_to;
		report->directory = t->directory;
		report->only_new = true;
	}
	return PIPE_OK;
}

/* ---- commands ---- */

/* {"PIPE_TESTS=a\nb"}; names that have no room are left out, *left of them. */
static const char *const *names_environment(struct stage_job *job, const char *const *names, size_t *left)
{
	const char **env = ARENA_ARRAY(job->arena, const char *, 2);
	struct str text;
	size_t i;

	str_init(&text);
	str_adds(&text, "PIPE_TESTS=");
	for (i = 0; names[i] && text.length + strlen(names[i]) < NAMES_BYTES; i++)
		str_printf(&text, "%s%s", i ? "\n" : "", names[i]);
	for (*left = 0; names[i + *left];)
		++*left;
	if (env && !text.failed)
		env[0] = arena_strndup(job->arena, text.data, text.length);
	str_clear(&text);
	return env && env[0] ? env : NULL;
}

int test_own_command(struct stage_job *job, const struct test_stage *t, const char *parameter, const char *const *names,
		     pipe_error *err)
{
	struct step *step = NULL;
	size_t left = 0;
	int rc = parameter_command(job, job->with, parameter, &step, err);

	if (rc || !step)
		return rc;
	step->directory = *t->directory ? t->directory : NULL;
	if (names && !(step->env = names_environment(job, names, &left)))
		return error_nomem(err);
	if (left && names == t->units)
		return parameter_wrong(job, parameter_node(job, "shards"), err,
				       "%zu names of files do not fit into PIPE_TESTS: divide by more, or by directories", left);
	if (left)
		stage_say(job, "%zu names do not fit into PIPE_TESTS, and are not run again", left);
	return PIPE_OK;
}

/* NULL: there was no memory for it. */
static int add_argument(const char **all, size_t *n, const char *text, pipe_error *err)
{
	all[(*n)++] = text;
	return text ? PIPE_OK : error_nomem(err);
}

/* The text with the unit, or all of them joined by commas, in its place. */
static const char *unit_argument(struct stage_job *job, const char *text, const char *place, const char *const *units,
				 size_t count)
{
	const char *at = strstr(text, place), *made;
	struct str out;

	str_init(&out);
	str_add(&out, text, (size_t)(at - text));
	for (size_t i = 0; i < count; i++)
		str_printf(&out, "%s%s", i ? "," : "", units[i]);
	str_adds(&out, at + strlen(place));
	made = out.failed ? NULL : arena_strndup(job->arena, out.data, out.length);
	str_clear(&out);
	return made;
}

static int add_units(struct stage_job *job, const struct test_stage *t, const struct test_tool *tool, size_t count,
		     const char **all, size_t *n, pipe_error *err)
{
	int rc = PIPE_OK;

	if (strstr(tool->units, "{units}"))
		return add_argument(all, n, unit_argument(job, tool->units, "{units}", t->units, count), err);
	for (size_t i = 0; rc == PIPE_OK && i < count; i++)
		rc = add_argument(all, n, unit_argument(job, tool->units, "{unit}", t->units + i, 1), err);
	return rc;
}

int test_values(struct stage_job *job, const struct test_stage *t, struct project_values *out, pipe_error *err)
{
	const struct test_tool *tool = test_tool_of(t->kind);
	bool parts = tool && tool->part[0] && job->node_total > 1;
	size_t units = 0, args = 0, n = 0;
	const char **all;
	int rc = PIPE_OK;

	*out = t->values;
	if (!parts && (!t->units || !tool || !tool->units))
		return PIPE_OK;
	while (t->units && t->units[units])
		units++;
	while (t->values.args && t->values.args[args])
		args++;
	all = ARENA_ARRAY(job->arena, const char *, units + args + 3);
	if (!all)
		return error_nomem(err);
	while (rc == PIPE_OK && n < args)
		rc = add_argument(all, &n, t->values.args[n], err);
	for (size_t i = 0; rc == PIPE_OK && parts && i < 2; i++)
		rc = add_argument(all, &n, project_fill(job, &t->values, tool->part[i]), err);
	if (rc == PIPE_OK && t->units)
		rc = add_units(job, t, tool, units, all, &n, err);
	if (rc == PIPE_OK && t->units && tool->rest && job->node_index > 1)
		rc = add_argument(all, &n, tool->rest, err);
	out->args = all;
	return rc;
}

/* `./...` means everything: with units of one's own it is left out. */
static void without_everything(const struct step *step)
{
	const char **argv = (const char **)(uintptr_t)step->argv; /* made for this step */
	size_t kept = 0;

	for (size_t i = 0; argv && argv[i]; i++)
		if (strcmp(argv[i], "./...") != 0)
			argv[kept++] = argv[i];
	if (argv)
		argv[kept] = NULL;
}

void test_take_steps(struct stage_job *job, struct test_stage *t)
{
	t->commands_to = job->steps.count;
	for (uint32_t i = t->commands_from; i < t->commands_to; i++) {
		job->steps.items[i].may_fail = true; /* the verdict looks at the tests first */
		if (t->kind && t->units)
			without_everything(&job->steps.items[i]);
	}
}

int test_commands(struct stage_job *job, struct test_stage *t, pipe_error *err)
{
	struct project_values values;
	int rc;

	t->commands_from = t->commands_to = job->steps.count;
	if (t->units && !t->units[0])
		return PIPE_OK; /* more instances than units */
	if (!t->kind) {
		rc = test_own_command(job, t, "command", t->units, err);
		test_take_steps(job, t);
		return rc;
	}
	rc = test_values(job, t, &values, err);
	if (rc == PIPE_OK)
		rc = project_steps(job, t->kind->test, &values, err);
	test_take_steps(job, t);
	return rc ? rc : test_add_reports(job, t, t->kind->reports, PROJECT_REPORTS, err);
}
