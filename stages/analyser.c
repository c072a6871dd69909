#include "stages/analyser.h"

#include "base/error.h"
#include "base/glob.h"
#include "stages/parameter.h"

#include <string.h>

enum { PATHS_MAX = 10000 };

/* What is not the project's own: left out unless `paths` says otherwise. */
static const char *const foreign[] = { "build", "dist", "node_modules", "target", "third_party", "vendor", "venv", NULL };

static const struct analyser analysers[] = {
	{ "bandit",
	  { .name = "bandit", .package = "bandit" },
	  { .argv = { "bandit", "--quiet", "--recursive", "--format", "custom", "--msg-template",
		      "{abspath}:{line}: {severity}: {msg} [{test_id}]", "{args}" } },
	  "compiler",
	  NULL,
	  { "." },
	  2 },
	{ "checkov",
	  { .name = "checkov", .package = "the Python package checkov" },
	  { .argv = { "checkov", "--quiet", "--compact", "--directory", ".", "--output", "sarif", "--output-file-path",
		      "{scratch}", "{args}" } },
	  "sarif",
	  "{scratch}/results_sarif.sarif",
	  { NULL },
	  2 },
	{ "clang-tidy",
	  { .name = "clang-tidy", .package = "clang-tidy" },
	  { .argv = { "clang-tidy", "--quiet", "-p", "{build}", "{args}" } },
	  "compiler",
	  NULL,
	  { "**/*.c", "**/*.cc", "**/*.cpp", "**/*.cxx" },
	  2 },
	{ "clippy",
	  { .name = "cargo-clippy", .package = "rust-clippy" },
	  { .argv = { "cargo", "clippy", "--all-targets", "--message-format", "short", "{args}" } },
	  "compiler",
	  NULL,
	  { NULL },
	  102 },
	{ "cppcheck",
	  { .name = "cppcheck", .version = "2.0", .package = "cppcheck" },
	  { .argv = { "cppcheck", "--quiet", "--enable=warning,performance,portability", "--inline-suppr", "-j{jobs}", "--xml",
		      "--output-file={scratch}/cppcheck.xml", "{args}" } },
	  "cppcheck",
	  "{scratch}/cppcheck.xml",
	  { "." },
	  1 },
	{ "flake8", { .name = "flake8", .package = "flake8" }, { .argv = { "flake8", "{args}" } }, "compiler", NULL, { "." }, 2 },
	{ "gosec",
	  { .name = "gosec", .package = "the Go module github.com/securego/gosec" },
	  { .argv = { "gosec", "-quiet", "-fmt", "sarif", "-out", "{scratch}/gosec.sarif", "{args}", "./..." } },
	  "sarif",
	  "{scratch}/gosec.sarif",
	  { NULL },
	  2 },
	{ "govet",
	  { .name = "go", .package = "golang-go" },
	  { .argv = { "go", "vet", "{args}", "./..." } },
	  "compiler",
	  NULL,
	  { NULL },
	  3 },
	{ "hadolint",
	  { .name = "hadolint", .package = "a release of hadolint on the PATH" },
	  { .argv = { "hadolint", "--format", "sarif", "{args}" } },
	  "sarif",
	  NULL,
	  { "**/Dockerfile" },
	  2 },
	{ "mypy",
	  { .name = "mypy", .package = "mypy" },
	  { .argv = { "mypy", "--show-column-numbers", "--no-error-summary", "{args}" } },
	  "compiler",
	  NULL,
	  { "." },
	  2 },
	{ "pylint",
	  { .name = "pylint", .package = "pylint" },
	  { .argv = { "pylint", "--output-format=parseable", "--score=n", "{args}" } },
	  "compiler",
	  NULL,
	  { "**/*.py" },
	  32 },
	{ "ruff",
	  { .name = "ruff", .package = "the Python package ruff" },
	  { .argv = { "ruff", "check", "--quiet", "--output-format", "concise", "{args}" } },
	  "compiler",
	  NULL,
	  { "." },
	  2 },
	{ "semgrep",
	  { .name = "semgrep", .package = "the Python package semgrep" },
	  { .argv = { "semgrep", "scan", "--quiet", "--sarif", "--output", "{scratch}/semgrep.sarif", "{args}" } },
	  "sarif",
	  "{scratch}/semgrep.sarif",
	  { "." },
	  2 },
	{ "shellcheck",
	  { .name = "shellcheck", .package = "shellcheck" },
	  { .argv = { "shellcheck", "--format=gcc", "{args}" } },
	  "compiler",
	  NULL,
	  { "**/*.sh" },
	  2 },
};

const struct analyser *analyser_named(const char *name)
{
	for (size_t i = 0; i < sizeof(analysers) / sizeof(*analysers); i++)
		if (!strcmp(analysers[i].name, name))
			return &analysers[i];
	return NULL;
}

/* ---- a job ---- */

typedef VEC(const char *) argument_list;

static int add_argument(struct stage_job *job, argument_list *out, const char *text, pipe_error *err)
{
	const char **slot = vec_push(job->arena, out);

	if (!slot || !text)
		return error_nomem(err);
	*slot = text;
	return PIPE_OK;
}

/* Files that match, as the tool sees them from its directory.  A pattern without a wildcard stays as it is. */
static int add_paths(struct stage_job *job, const char *directory, const char *pattern, const char *const *hidden,
		     argument_list *out, pipe_error *err)
{
	size_t skip = *directory ? strlen(directory) + 1 : 0, count = 0;
	const char *full = project_path(job, directory, pattern);
	const char *const *found;
	int rc = PIPE_OK;

	if (!glob_is_pattern(pattern))
		return add_argument(job, out, pattern, err);
	found = full ? job->world->glob(job->world->payload, job->arena, full, PATHS_MAX) : NULL;
	for (; rc == PIPE_OK && found && found[count]; count++)
		if (strlen(found[count]) > skip && !(hidden && project_hides(found[count] + skip, hidden)))
			rc = add_argument(job, out, found[count] + skip, err);
	if (rc == PIPE_OK && count == PATHS_MAX)
		rc = parameter_wrong(job, parameter_node(job, "paths"), err,
				     "%d files or more match \"%s\", too many for one command: say less with \"paths\"",
				     PATHS_MAX, pattern);
	return full ? rc : error_nomem(err);
}

static int tool_arguments(struct stage_job *job, const struct analyser *t, const char *directory, argument_list *out,
			  pipe_error *err)
{
	const char *const *args, *const *own, *const *paths;
	uint32_t before;
	int rc = parameter_texts(job, "args", &args, err);

	if (rc == PIPE_OK)
		rc = parameter_texts(job, "paths", &own, err);
	for (size_t i = 0; rc == PIPE_OK && args && args[i]; i++)
		rc = add_argument(job, out, args[i], err);
	if (rc)
		return rc;
	before = out->count;
	paths = own ? own : (const char *const *)t->paths;
	for (size_t i = 0; rc == PIPE_OK && paths[i]; i++)
		rc = add_paths(job, directory, paths[i], own ? NULL : foreign, out, err);
	if (rc == PIPE_OK && out->count == before && paths[0])
		rc = error_set(err, PIPE_ENOTFOUND,
			       "there is nothing for %s to look at: no file matches %s; say it with \"paths\"", t->name,
			       paths[0]);
	return rc || vec_push(job->arena, out) ? rc : error_nomem(err);
}

static const char *in_scratch(const struct stage_job *job, const char *pattern)
{
	static const char place[] = "{scratch}/";

	return strncmp(pattern, place, sizeof(place) - 1)
		       ? pattern
		       : arena_printf(job->arena, "%s/%s", job->scratch, pattern + sizeof(place) - 1);
}

int analyser_compile(struct stage_job *job, const char *name, const char *directory, pipe_error *err)
{
	const struct analyser *t = analyser_named(name);
	struct project_values values = { .directory = directory, .build = "build" };
	struct project_command commands[PROJECT_COMMANDS] = { 0 };
	argument_list arguments = { 0 };
	struct stage_report *report;
	struct stage_tool *tool;
	int rc;

	if (!t)
		return parameter_wrong(job, parameter_node(job, "tool"), err, "there is no analyser \"%s\"", name);
	tool = stage_tool(job, t->tool.name, t->tool.package);
	if (!tool)
		return error_nomem(err);
	*tool = t->tool;
	rc = parameter_text(job, "build_directory", &values.build, err);
	if (rc == PIPE_OK)
		rc = tool_arguments(job, t, directory, &arguments, err);
	values.args = arguments.items;
	commands[0] = t->command;
	if (rc == PIPE_OK)
		rc = project_steps(job, commands, &values, err);
	if (rc)
		return rc;
	report = stage_report(job, report_format_named(t->format), t->pattern ? in_scratch(job, t->pattern) : NULL);
	if (!report)
		return error_nomem(err);
	report->to = job->steps.count;
	report->tool = t->name;
	report->directory = directory;
	report->kind = FINDING_ISSUE;
	report->required = report->only_new = t->pattern != NULL;
	return PIPE_OK;
}
