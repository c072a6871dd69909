/*
 * uses: analyze - runs a static analyser, or a command that is one, and judges what it found: by severity, only what is new against
 * the target branch, only what this change touched.  That it could not work is no clean bill: an exit status that no finding
 * explains fails the job.
 */
#include "base/error.h"
#include "pipeline/keyword/keyword_fields.h"
#include "stages/analyser.h"
#include "stages/parameter.h"
#include "stages/reading.h"
#include "stages/types.h"

#include <string.h>

enum { SHOWN = 20 };

struct analyze {
	struct finding_filter filter; /* what counts */
	bool judged;		      /* fail_on is not none */
	int64_t most;
	uint32_t shown;
	const char *first; /* finding, in words */
	struct stage_job *job;
};

/* ---- parameters ---- */

#define FIELD(name_, shape_, help_, ...) KEYWORD_ROW(name_, IN_NESTED, shape_, help_, __VA_ARGS__)

static const char *const tools[] = { "bandit",	 "checkov", "clang-tidy", "clippy", "cppcheck", "flake8",     "gosec", "govet",
				     "hadolint", "mypy",    "pylint",	  "ruff",   "semgrep",	"shellcheck", NULL };
static const char *const bounds[] = { "none", "info", "low", "medium", "high", "critical", NULL };
static const char *const touched[] = { "files", "lines", NULL };

static const struct keyword parameters[] = {
	FIELD("args", TAKES_TEXT | TAKES_LIST, "further arguments for the tool", .items = TAKES_TEXT),
	FIELD("build_directory", TAKES_TEXT, "where clang-tidy finds compile_commands.json, in `directory`", .fallback = "build"),
	FIELD("command", TAKES_TEXT | TAKES_LIST, "what analyses: a text for the job's shell, or a list that is run as it is",
	      .items = TAKES_TEXT, .shell = true, .example = "command: make lint"),
	FIELD("directory", TAKES_TEXT, "where the project lies in the workspace", .fallback = "the workspace itself"),
	FIELD("fail_on", TAKES_ENUM, "findings of this severity and above fail the job", .values = bounds, .fallback = "high"),
	FIELD("max", TAKES_INT, "how many such findings there may be", .fallback = "0", .least = 0, .most = 1000000),
	FIELD("new", TAKES_BOOL, "only findings count that the last good run of the target branch does not have",
	      .fallback = "false"),
	FIELD("paths", TAKES_TEXT | TAKES_LIST, "what is looked at: paths or patterns in `directory`", .items = TAKES_TEXT,
	      .fallback = "what the tool is made for, without what was fetched or built", .example = "paths: [src]"),
	FIELD("reports", READING_TAKES, "reports that it writes; without any, its output is read as a compiler's",
	      .items = READING_ITEMS, .fields = reading_fields, .example = "reports: [out/lint.sarif]"),
	FIELD("tool", TAKES_ENUM, "the analyser", .values = tools, .example = "tool: cppcheck"),
	FIELD("touched", TAKES_ENUM, "only findings count in files, or on lines, that this change touched", .values = touched),
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

static int read_filter(struct stage_job *job, struct analyze *a, pipe_error *err)
{
	const char *bound = "high", *where = NULL;
	enum severity severity = SEVERITY_HIGH;
	int rc = parameter_text(job, "fail_on", &bound, err);

	if (rc == PIPE_OK)
		rc = parameter_text(job, "touched", &where, err);
	if (rc == PIPE_OK)
		rc = parameter_bool(job, "new", &a->filter.only_new, err);
	if (rc == PIPE_OK)
		rc = parameter_int(job, "max", &a->most, err);
	if (rc)
		return rc;
	a->judged = strcmp(bound, "none") != 0;
	if (a->judged && !severity_from(bound, &severity))
		return parameter_wrong(job, parameter_node(job, "fail_on"), err, "there is no severity \"%s\"", bound);
	a->filter.severity = (uint8_t)severity;
	a->filter.touched_files = where && !strcmp(where, "files");
	a->filter.touched_lines = where && !strcmp(where, "lines");
	return PIPE_OK;
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
	struct analyze *a = ARENA_NEW(job->arena, struct analyze);
	const char *directory = "", *tool = NULL;
	struct step *command = NULL;
	uint32_t reports = 0;
	int rc;

	if (!a)
		return error_nomem(err);
	job->own = a;
	a->job = job;
	rc = read_filter(job, a, err);
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

/* "src/a.c:3: high: message [rule]" */
static const char *in_words(struct stage_job *job, const struct evidence_finding *f)
{
	const char *severity = severity_name((enum severity)f->severity), *open = *f->rule ? " [" : "",
		   *close = *f->rule ? "]" : "";

	if (*f->path && f->line)
		return arena_printf(job->arena, "%s:%u: %s: %s%s%s%s", f->path, f->line, severity, f->message, open, f->rule,
				    close);
	return arena_printf(job->arena, "%s%s%s: %s%s%s%s", f->path, *f->path ? ": " : "", severity, f->message, open, f->rule,
			    close);
}

static int show(void *payload, const struct evidence_finding *f)
{
	struct analyze *a = payload;
	const char *words = in_words(a->job, f);

	if (words)
		stage_say(a->job, "%s", words);
	if (!a->first)
		a->first = words;
	return ++a->shown == SHOWN;
}

/* "3 new findings of severity high and above in files that this change touched: src/a.c:3: high: what [rule], ..." */
static const char *describe(struct stage_job *job, const struct analyze *a, uint64_t count)
{
	const struct finding_filter *f = &a->filter;
	const char *where = f->touched_lines   ? " on lines that this change touched"
			    : f->touched_files ? " in files that this change touched"
					       : "";
	const char *what = arena_printf(job->arena, "%llu %sfinding%s of severity %s%s%s", (unsigned long long)count,
					f->only_new ? "new " : "", count == 1 ? "" : "s",
					severity_name((enum severity)f->severity),
					f->severity < SEVERITY_CRITICAL ? " and above" : "", where);

	if (what && a->most)
		what = arena_printf(job->arena, "%s, and max is %lld", what, (long long)a->most);
	return what && a->first ? arena_printf(job->arena, "%s: %.*s%s", what, (int)strcspn(a->first, "\n"), a->first,
					       count > 1 ? ", ..." : "")
				: what;
}

/* Is there what the filter compares with?  Otherwise nothing can be judged, and the log says why. */
static int comparable(struct stage_job *job, const struct finding_filter *f, bool *yes, pipe_error *err)
{
	const char *why = NULL;
	uint64_t lines, hit;
	bool known = true;
	int rc = PIPE_OK;

	if (f->touched_files || f->touched_lines)
		rc = job->view->changed_coverage(job->view->payload, &lines, &hit, &known, &why, err);
	if (f->only_new && !job->view->baseline_run)
		stage_say(job, "what is new cannot be said: %s",
			  job->view->no_baseline ? job->view->no_baseline : "there is no earlier run to compare with");
	if (rc == PIPE_OK && !known)
		stage_say(job, "what this change touched cannot be said: %s", why ? why : "it is not known");
	*yes = known && !(f->only_new && !job->view->baseline_run);
	return rc;
}

static int evaluate(struct stage_job *job, pipe_error *err)
{
	struct analyze *a = job->own;
	uint64_t count = 0;
	bool can = false;
	int rc;

	if (!worked(job) || !a->judged)
		return PIPE_OK;
	rc = comparable(job, &a->filter, &can, err);
	if (rc || !can)
		return rc;
	rc = job->view->findings(job->view->payload, SIDE_JOB, &a->filter, NULL, NULL, &count, err);
	if (rc || count <= (uint64_t)a->most)
		return rc;
	rc = job->view->findings(job->view->payload, SIDE_JOB, &a->filter, show, a, NULL, err);
	if (rc)
		return rc;
	if (count > a->shown)
		stage_say(job, "... and %llu more: pipe findings", (unsigned long long)(count - a->shown));
	job->verdict = VERDICT_FAIL;
	job->reason = describe(job, a, count);
	return job->reason ? PIPE_OK : error_nomem(err);
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
