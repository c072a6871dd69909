/*
 * uses: build - builds what lies there with the tool that it is made for, or with a command; what the compilers warn of becomes
 * findings, what was made becomes artifacts.
 */
#include "base/error.h"
#include "pipeline/keyword/keyword_fields.h"
#include "stages/parameter.h"
#include "stages/project.h"
#include "stages/types.h"

struct build {
	int64_t most_warnings; /* -1: any number */
};

#define FIELD(name_, shape_, help_, ...) KEYWORD_ROW(name_, IN_NESTED, shape_, help_, __VA_ARGS__)

static const char *const tools[] = { "auto", "make", "cmake", "meson", "cargo", "go", "npm", "maven", "gradle", "python", NULL };

static const struct keyword parameters[] = {
	FIELD("args", TAKES_TEXT | TAKES_LIST, "further arguments for the tool", .items = TAKES_TEXT,
	      .example = "args: [CC=clang]"),
	FIELD("build_directory", TAKES_TEXT, "where cmake and meson put what they make, in `directory`", .fallback = "build"),
	FIELD("command", TAKES_TEXT | TAKES_LIST, "what builds it: a text for the job's shell, or a list that is run as it is",
	      .items = TAKES_TEXT, .shell = true, .fallback = "found out from the files that are there",
	      .example = "command: ./build.sh --release"),
	FIELD("directory", TAKES_TEXT, "where the project lies in the workspace", .fallback = "the workspace itself"),
	FIELD("max_warnings", TAKES_INT, "more compiler warnings than this fail the job", .fallback = "any number", .least = 0,
	      .most = 1000000),
	FIELD("outputs", TAKES_TEXT | TAKES_LIST, "paths of what was made, kept as artifacts", .items = TAKES_TEXT,
	      .example = "outputs: [build/app]"),
	FIELD("target", TAKES_TEXT, "what make is to make"),
	FIELD("tool", TAKES_ENUM, "the build tool", .values = tools, .fallback = "auto"),
	KEYWORD_END,
};

static void check(const struct node *with, struct mark at, struct diagnostics *d)
{
	const struct pair *command = with ? node_pair(with, "command") : NULL, *tool = with ? node_pair(with, "tool") : NULL;

	(void)at;
	if (!command || !tool || node_is_null(command->value) || node_is_null(tool->value))
		return;
	diag_error(d, tool->key->at, "conflicting-keywords", "\"tool\" and \"command\" cannot stand together");
	diag_related(d, command->key->at, "the command is here");
}

/* With the tool that the files ask for. */
static int compile_tool(struct stage_job *job, const char *directory, pipe_error *err)
{
	struct project_values values = { .directory = directory, .build = "build" };
	const struct project_kind *kind;
	struct stage_tool *tool;
	int rc = parameter_text(job, "build_directory", &values.build, err);

	if (rc == PIPE_OK)
		rc = parameter_text(job, "target", &values.target, err);
	if (rc == PIPE_OK)
		rc = parameter_texts(job, "args", &values.args, err);
	if (rc == PIPE_OK)
		rc = project_kind(job, directory, &kind, err);
	if (rc)
		return rc;
	tool = stage_tool(job, kind->tool.name, kind->tool.package);
	if (!tool)
		return error_nomem(err);
	*tool = kind->tool;
	return project_steps(job, kind->build, &values, err);
}

static int compile_outputs(struct stage_job *job, pipe_error *err)
{
	const char *const *outputs = NULL;
	int rc = parameter_texts(job, "outputs", &outputs, err);

	for (size_t i = 0; rc == PIPE_OK && outputs && outputs[i]; i++) {
		const char **slot = vec_push(job->arena, &job->outputs);
		if (!slot)
			return error_nomem(err);
		*slot = outputs[i];
	}
	return rc;
}

static int compile_report(struct stage_job *job, const char *directory, pipe_error *err)
{
	struct stage_report *report = stage_report(job, report_format_named("compiler"), NULL);

	if (!report)
		return error_nomem(err);
	report->to = job->steps.count;
	report->directory = directory;
	report->kind = FINDING_WARNING;
	return PIPE_OK;
}

static int compile(struct stage_job *job, pipe_error *err)
{
	struct build *b = ARENA_NEW(job->arena, struct build);
	const char *directory = "";
	struct step *step = NULL;
	int rc;

	if (!b)
		return error_nomem(err);
	job->own = b;
	b->most_warnings = -1;
	rc = project_directory(job, &directory, err);
	if (rc == PIPE_OK)
		rc = parameter_int(job, "max_warnings", &b->most_warnings, err);
	if (rc == PIPE_OK)
		rc = parameter_command(job, job->with, "command", &step, err);
	if (rc == PIPE_OK && step)
		step->directory = *directory ? directory : NULL;
	if (rc == PIPE_OK && !step)
		rc = compile_tool(job, directory, err);
	if (rc == PIPE_OK)
		rc = compile_outputs(job, err);
	return rc ? rc : compile_report(job, directory, err);
}

static int evaluate(struct stage_job *job, pipe_error *err)
{
	const struct build *b = job->own;
	uint64_t warnings = 0;

	stage_judge_steps(job);
	for (unsigned i = 0; i < SEVERITY_COUNT; i++)
		warnings += job->totals->findings[FINDING_WARNING][i];
	if (job->verdict != VERDICT_PASS || b->most_warnings < 0 || warnings <= (uint64_t)b->most_warnings)
		return PIPE_OK;
	job->verdict = VERDICT_FAIL;
	job->reason = arena_printf(job->arena, "the compilers gave %llu warning%s, and max_warnings is %lld",
				   (unsigned long long)warnings, warnings == 1 ? "" : "s", (long long)b->most_warnings);
	return job->reason ? PIPE_OK : error_nomem(err);
}

const struct stage_type stage_build = {
	.uses = { .name = "build",
		  .help = "builds the project; compiler warnings become findings, outputs become artifacts",
		  .parameters = parameters,
		  .example = "compile:\n"
			     "  stage: build\n"
			     "  uses: build\n"
			     "  with:\n"
			     "    outputs: [build/app]\n",
		  .since = "0.1",
		  .check = check },
	.compile = compile,
	.evaluate = evaluate,
};
