/*
 * uses: analyze - runs a static analyser, or a command that is one, and judges what it found: by severity, only what is new against
 * the target branch, only what this change touched.  That it could not work is no clean bill: an exit status that no finding
 * explains fails the job.
 */
#include "base/error.h"
#include "pipeline/keyword/keyword_fields.h"
#include "stages/analyser.h"
#include "stages/findings.h"
#include "stages/parameter.h"
#include "stages/reading.h"
#include "stages/types.h"

#include <string.h>

/* ---- parameters ---- */

#define FIELD(name_, shape_, help_, ...) KEYWORD_ROW(name_, IN_NESTED, shape_, help_, __VA_ARGS__)

static const char *const tools[] = { "bandit",	 "checkov", "clang-tidy", "clippy", "cppcheck", "flake8",     "gosec", "govet",
				     "hadolint", "mypy",    "pylint",	  "ruff",   "semgrep",	"shellcheck", NULL };

static const struct keyword parameters[] = {
	FIELD("args", TAKES_TEXT | TAKES_LIST, "further arguments for the tool", .items = TAKES_TEXT),
	FIELD("build_directory", TAKES_TEXT, "where clang-tidy finds compile_commands.json, in `directory`", .fallback = "build"),
	FIELD("command", TAKES_TEXT | TAKES_LIST, "what analyses: a text for the job's shell, or a list that is run as it is",
	      .items = TAKES_TEXT, .shell = true, .example = "command: make lint"),
	FIELD("directory", TAKES_TEXT, "where the project lies in the workspace", .fallback = "the workspace itself"),
	FINDINGS_FAIL_ON,
	FINDINGS_MAX,
	FINDINGS_NEW,
	FIELD("paths", TAKES_TEXT | TAKES_LIST, "what is looked at: paths or patterns in `directory`", .items = TAKES_TEXT,
	      .fallback = "what the tool is made for, without what was fetched or built", .example = "paths: [src]"),
	FIELD("reports", READING_TAKES, "reports that it writes; without any, its output is read as a compiler's",
	      .items = READING_ITEMS, .fields = reading_fields, .example = "reports: [out/lint.sarif]"),
	FIELD("tool", TAKES_ENUM, "the analyser", .values = tools, .example = "tool: cppcheck"),
	FINDINGS_TOUCHED,
	KEYWORD_END,
};

static void check(const struct node *with, struct mark at, struct diagnostics *d)
{
	const struct pair *command = with ? node_pair(with, "command") : NULL, *tool = with ? node_pair(with, "tool") : NULL;

	if (command && node_is_null(command->value))
		command = NULL;
	if (tool && node_is_null(tool->value))
		tool = NULL;
	if (!command && !tool) {
		diag_error(d, with ? with->at : at, "analyze-what", "it is not said what analyses");
		diag_hint(d, "add \"tool: cppcheck\" or the like, or \"command\", below \"with\"");
	} else if (command && tool) {
		diag_error(d, tool->key->at, "conflicting-keywords", "\"tool\" and \"command\" cannot stand together");
		diag_related(d, command->key->at, "the command is here");
	}
}

/* ---- compile ---- */

/* The output of a command that names no report. */
static int read_output(struct stage_job *job, const char *directory, pipe_error *err)
{
	struct stage_report *report = stage_report(job, report_format_named("compiler"), NULL);

	if (!report)
		return error_nomem(err);
	report->to = job->steps.count;
	report->directory = directory;
	report->kind = FINDING_ISSUE;
	return PIPE_OK;
}

static int compile(struct stage_job *job, pipe_error *err)
{
	struct findings_bound *bound = ARENA_NEW(job->arena, struct findings_bound);
	const char *directory = "", *tool = NULL;
	struct step *command = NULL;
	uint32_t reports = 0;
	int rc;

	if (!bound)
		return error_nomem(err);
	job->own = bound;
	rc = findings_bound_read(job, bound, err);
	if (rc == PIPE_OK)
		rc = project_directory(job, &directory, err);
	if (rc == PIPE_OK)
		rc = parameter_text(job, "tool", &tool, err);
	if (rc == PIPE_OK && tool)
		rc = analyser_compile(job, tool, directory, err);
	if (rc == PIPE_OK && !tool)
		rc = parameter_command(job, job->with, "command", &command, err);
	if (rc == PIPE_OK && command)
		command->directory = *directory ? directory : NULL;
	if (rc == PIPE_OK)
		rc = reading_parameter(job, "reports", directory, FINDING_ISSUE, &reports, err);
	if (rc == PIPE_OK && command && !reports)
		rc = read_output(job, directory, err);
	for (uint32_t i = 0; i < job->steps.count; i++)
		job->steps.items[i].may_fail = true; /* analysers exit with an error when they found something */
	return rc;
}

/* ---- evaluate ---- */

/* Did the analyser itself work? */
static bool worked(struct stage_job *job)
{
	const char *name = NULL;
	const struct analyser *t;
	pipe_error ignored;

	(void)parameter_text(job, "tool", &name, &ignored);
	t = name ? analyser_named(name) : NULL;
	for (uint32_t i = 0; i < job->steps.count; i++) {
		const struct step *s = &job->steps.items[i];
		if (s->end == STEP_OK)
			continue;
		if (s->end == STEP_FAILED && s->exit_code > 0 && (!t || s->exit_code < t->broken) &&
		    evidence_findings(job->totals))
			continue;
		job->verdict = VERDICT_FAIL;
		job->reason = s->end != STEP_FAILED || s->reason
				      ? s->reason
				      : arena_printf(job->arena, "the analyser failed with exit code %d, and %s", s->exit_code,
						     evidence_findings(job->totals) ? "that is no sign of findings"
										    : "no finding explains it");
		if (!job->reason)
			job->reason = "the analyser did not work";
		return false;
	}
	return true;
}

static int evaluate(struct stage_job *job, pipe_error *err)
{
	return worked(job) ? findings_judge(job->own, err) : PIPE_OK;
}

const struct stage_type stage_analyze = {
	.uses = { .name = "analyze",
		  .help = "runs a static analyser and judges what it found, by severity and by what is new",
		  .parameters = parameters,
		  .example = "lint:\n"
			     "  uses: analyze\n"
			     "  with:\n"
			     "    tool: cppcheck\n"
			     "    paths: [src]\n",
		  .since = "0.1",
		  .check = check },
	.compile = compile,
	.evaluate = evaluate,
};
