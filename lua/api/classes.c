/* What scripts see, the classes: objects and tables of options, with their fields.  Classes of rows are in lua/rows.c. */
#include "lua/api/api.h"

#include <stddef.h>

#define FIELDS(...)                                                                                                              \
	(const struct api_field[])                                                                                               \
	{                                                                                                                        \
		__VA_ARGS__,                                                                                                     \
		{                                                                                                                \
			NULL, NULL, NULL                                                                                         \
		}                                                                                                                \
	}
#define SEVERITIES                                                                                                               \
	{ "critical", "integer", "how many" }, { "high", "integer", "how many" }, { "medium", "integer", "how many" },           \
		{ "low", "integer", "how many" }, { "info", "integer", "how many" }, { "unknown", "integer", "how many" },       \
		{ "total", "integer", "all of them; suppressed ones are not counted" },                                          \
	{                                                                                                                        \
		"known", "boolean", "some tool reported: 0 is then a result, and not the lack of one"                            \
	}
#define KIND(name, what)                                                                                                         \
	{                                                                                                                        \
		name, "pipe.FindingCounts", what                                                                                 \
	}

/* ---- ctx ---- */

static const struct api_field context[] = {
	{ "point", "string?", "where the script is called: \"before_job\", \"gate\", \"compile\", ..." },
	{ "run", "pipe.Run?", "the run; nil: there is none yet" },
	{ "job", "pipe.Job?", "the job; nil in what belongs to the whole run" },
	{ "vars", "pipe.Variables", "variables, as a job's environment has them" },
	{ "with", "table<string, any>", "arguments from the pipeline file (`with:`)" },
	{ "evidence", "pipe.Evidence", "what the jobs so far have reported" },
	{ "baseline", "pipe.Evidence?", "the same of the run that this one is compared with" },
	{ "no_baseline", "string?", "why there is none" },
	{ "history", "pipe.History", "earlier runs" },
	{ "changes", "string[]", "the files of this change; raises an error where that cannot be found out" },
	{ "graph", "fun(filter?: pipe.PlannedJobFilter): pipe.Rows<pipe.PlannedJob>",
	  "the jobs of this run's plan, in their order" },
	{ "event", "table<string, any>?", "`on_event`: the event, as docs/events.md says" },
	{ "steps", "pipe.Step[]?", "`evaluate` of a stage: how its steps ended" },
	{ NULL, NULL, NULL },
};

static const struct api_field run[] = {
	{ "number", "integer?", "the run's number; nil: none yet" },
	{ "file", "string?", "the pipeline file" },
	{ "name", "string?", "the pipeline's name" },
	{ "source", "string?", "what caused it: \"push\", \"merge_request_event\", \"schedule\", ..." },
	{ "branch", "string?", "the branch" },
	{ "tag", "string?", "the tag" },
	{ "sha", "string?", "the commit" },
	{ "title", "string?", "first line of the commit's message" },
	{ "target", "string?", "the branch that the merge request is for" },
	{ "status", "string?", "\"running\", \"success\", \"failed\", ..." },
	{ "project", "string?", "the project's name" },
	{ "started", "number?", "seconds since 1970" },
	{ "duration", "number?", "seconds" },
	{ NULL, NULL, NULL },
};

static const struct api_field job[] = {
	{ "name", "string", "the job's name" },
	{ "base", "string?", "the name without what `parallel` adds" },
	{ "stage", "string?", "its stage" },
	{ "status", "string?", "\"running\", \"success\", \"failed\", ..." },
	{ "reason", "string?", "why it ended as it did, in words" },
	{ "failure", "string?", "of one that failed: \"script_failure\", ..." },
	{ "environment", "string?", "where it deploys to" },
	{ "attempt", "integer", "which try this is" },
	{ "exit_code", "integer?", "of its script" },
	{ "started", "number?", "seconds since 1970" },
	{ "duration", "number?", "seconds" },
	{ "allow_failure", "boolean", "its failure does not fail the run" },
	{ "tags", "string[]", "its tags" },
	{ NULL, NULL, NULL },
};

static const struct api_field evidence[] = {
	{ "run", "integer?", "number of the run that it is of" },
	{ "branch", "string?", "of the baseline: its branch" },
	{ "tests", "pipe.Tests", "test cases: sums, and rows" },
	{ "findings", "pipe.Findings", "findings of analysers, compilers and scanners: sums, and rows" },
	{ "coverage", "pipe.Coverage", "coverage: sums, and rows by file" },
	{ "metrics", "pipe.Metrics", "metrics: values by name, and rows" },
	{ "components", "fun(filter?: pipe.ComponentFilter): pipe.Rows<pipe.Component>", "what the SBOMs list" },
	{ "images", "fun(filter?: pipe.ImageFilter): pipe.Rows<pipe.Image>", "images that were built" },
	{ "conditions", "fun(filter?: pipe.ConditionFilter): pipe.Rows<pipe.Condition>", "conditions that gates have judged" },
	{ "job", "pipe.Evidence?", "of ctx.evidence: what this very job has reported" },
	{ NULL, NULL, NULL },
};

/* ---- what functions take ---- */

const struct api_class api_classes[] = {
	{ "pipe", "Everything that scripts can do.",
	  FIELDS({ "json", "pipe.json", "JSON" }, { "yaml", "pipe.yaml", "YAML" },
		 { "test", "table?", "in files of tests alone (`pipe lua test`): runs a script in a world made of tables" }),
	  false },
	{ "pipe.json", "JSON.",
	  FIELDS({ "null", "userdata",
		   "JSON's null inside of lists and objects: what is decoded has it, and it can be encoded" }),
	  false },
	{ "pipe.yaml", "YAML, read as pipeline files are.", NULL, false },
	{ "pipe.Context", "What is known of the run and the job at hand.", context, false },
	{ "pipe.Run", "A run.", run, false },
	{ "pipe.Job", "A job.", job, false },
	{ "pipe.Variables",
	  "Variables by name: `ctx.vars.CI_COMMIT_BRANCH`. nil: there is no such variable. Masked ones have to be granted.", NULL,
	  true },
	{ "pipe.Step", "How a step of a stage ended.",
	  FIELDS({ "title", "string", "what it did" },
		 { "state", "string",
		   "\"success\", \"failed\", \"timed_out\", \"cancelled\", \"system\", \"skipped\", \"pending\"" },
		 { "exit_code", "integer?", "of its program" }, { "reason", "string?", "why it failed" },
		 { "duration", "number?", "seconds" }, { "output", "string?", "what it wrote, where that is kept" }),
	  false },
	{ "pipe.Evidence", "What a run, or a job of it, has reported.", evidence, false },
	{ "pipe.Tests", "Sums over test cases; called with a filter, the cases. Quarantined ones are not counted.",
	  FIELDS({ "passed", "integer", "how many" }, { "failed", "integer", "an assertion did not hold" },
		 { "errors", "integer", "it broke: an exception, a crash" },
		 { "flaky", "integer", "it failed, and passed on another try" }, { "skipped", "integer", "not run" },
		 { "quarantined", "integer", "known to be unreliable" }, { "total", "integer", "all but quarantined ones" },
		 { "duration", "number", "seconds, of all together" },
		 { "known", "boolean", "some report told of tests: 0 is then a result, and not the lack of one" }),
	  false },
	{ "pipe.FindingCounts", "Findings by severity.", FIELDS(SEVERITIES), false },
	{ "pipe.Findings", "Findings of all kinds by severity, and those of a kind; called with a filter, the findings.",
	  FIELDS(SEVERITIES, { "suppressed", "integer", "that the tools were told to pass over" },
		 KIND("issue", "an analyser's: bugs, smells, style"), KIND("warning", "a compiler's"),
		 KIND("vulnerability", "known ones in packages"), KIND("secret", "secrets in files"),
		 KIND("misconfiguration", "of infrastructure"), KIND("license", "of licences")),
	  false },
	{ "pipe.Coverage", "Sums over all source files; called with a filter, the files.",
	  FIELDS({ "lines", "number?", "per cent of the lines that were reached; nil: there are none" },
		 { "lines_hit", "integer", "lines that were reached" }, { "lines_total", "integer", "lines that could be" },
		 { "branches", "number?", "per cent of the branches that were taken; nil: there are none" },
		 { "branches_hit", "integer", "branches that were taken" },
		 { "branches_total", "integer", "branches that could be" }, { "files", "integer", "how many" },
		 { "known", "boolean", "some report told of coverage" }),
	  false },
	{ "pipe.Metrics",
	  "Values by name, summed over their labels: `ctx.evidence.metrics[\"bundle_bytes\"]`; nil: there is no such metric. Called "
	  "with a filter, each with its labels.",
	  NULL, true },
	{ "pipe.History", "Runs that are in the history, the newest first.",
	  FIELDS({ "runs", "fun(filter?: pipe.PastRunFilter): pipe.Rows<pipe.PastRun>", "runs before this one" },
		 { "jobs", "fun(filter?: pipe.PastJobFilter): pipe.Rows<pipe.PastJob>", "jobs of those runs, or of one" },
		 { "run", "fun(number: integer): pipe.Evidence", "the evidence of a run" }),
	  false },
	{ "pipe.Rows",
	  "Rows, one after the other: `for row in rows do`. They are looked up while the loop goes on, and from the beginning by each "
	  "loop and each method.",
	  NULL, false },
	{ "pipe.HttpOptions", "Options of pipe.http.",
	  FIELDS({ "method", "string?", "\"GET\", or with a body \"POST\"" },
		 { "headers", "table<string, string>?", "headers by name" }, { "body", "string?", "what is sent" },
		 { "json", "any", "what is sent, as JSON" },
		 { "timeout", "number?", "seconds: 30, and never longer than the script has" },
		 { "insecure", "boolean?", "the server's certificate is not looked at" },
		 { "follow", "boolean?", "redirects are followed, as far as they lead to what is granted: true" }),
	  false },
	{ "pipe.HttpReply", "What a server answered.",
	  FIELDS({ "status", "integer", "200, 404, ..." }, { "ok", "boolean", "the status is 200 to 299" },
		 { "headers", "table<string, string>", "headers by lower-case name" },
		 { "body", "string", "what was sent back, at most 16 MiB" },
		 { "json", "fun(): any, string?", "the body decoded; nil and why where it is no JSON" },
		 { "ms", "number", "how long it took, in milliseconds" }),
	  false },
	{ "pipe.ExecOptions", "Options of pipe.exec.",
	  FIELDS({ "env", "table<string, string>?", "variables on top of the job's" },
		 { "directory", "string?", "where it runs, in the workspace" }, { "input", "string?", "its standard input" },
		 { "timeout", "number?", "seconds; never longer than the script has" }),
	  false },
	{ "pipe.ExecResult", "How a program ended.",
	  FIELDS({ "code", "integer", "its exit code" }, { "ok", "boolean", "the code is 0" },
		 { "output", "string", "standard output and standard error, at most 16 MiB" },
		 { "truncated", "boolean", "there was more" }, { "ms", "number", "how long it took, in milliseconds" }),
	  false },
	{ "pipe.Annotation", "What stands below an annotation's label.",
	  FIELDS({ "text", "string?", "a note" }, { "url", "string?", "where to read more" }), false },
	{ "pipe.MetricOptions", "More about a metric.",
	  FIELDS({ "unit", "string?", "\"bytes\", \"s\"" }, { "labels", "table<string, string>?", "labels by name" },
		 { "help", "string?", "what it is" }),
	  false },
	{ "pipe.FindingOptions", "A finding.",
	  FIELDS({ "message", "string", "what is wrong" }, { "rule", "string?", "which rule" },
		 { "path", "string?", "in which file" }, { "line", "integer?", "where it begins" },
		 { "column", "integer?", "in which column" }, { "end_line", "integer?", "where it ends" },
		 { "severity", "\"critical\"|\"high\"|\"medium\"|\"low\"|\"info\"|\"unknown\"|nil", "how bad it is: \"medium\"" },
		 { "kind", "\"issue\"|\"warning\"|\"vulnerability\"|\"secret\"|\"misconfiguration\"|\"license\"|nil",
		   "what sort of finding: \"issue\"" },
		 { "tool", "string?", "who found it: \"lua\"" }, { "package", "string?", "of a vulnerability: the package" },
		 { "installed", "string?", "its version" }, { "fixed", "string?", "the version that has it mended" },
		 { "url", "string?", "where to read more" }),
	  false },
	{ "pipe.SlackMessage", "A message to a chat that takes Slack's webhooks.",
	  FIELDS({ "slack", "string", "the webhook's address" }, { "text", "string?", "the message" },
		 { "blocks", "table[]?", "its layout (Slack's Block Kit)" }),
	  false },
	{ "pipe.WebhookMessage", "A message to whoever listens.",
	  FIELDS({ "webhook", "string", "the address" }, { "json", "any", "what is posted to it" }), false },
	{ "pipe.MailMessage", "A mail.", FIELDS({ "mail", "pipe.Mail", "the mail" }), false },
	{ "pipe.Mail", "A mail.",
	  FIELDS({ "server", "string", "smtp://host:25 or smtps://host:465" },
		 { "from", "string", "\"ci@example.com\" or \"CI <ci@example.com>\"" },
		 { "to", "string|string[]", "who receives it" }, { "subject", "string", "one line" },
		 { "text", "string", "the text" }, { "user", "string?", "name at the server" },
		 { "password", "string?", "and password; told over TLS only" }),
	  false },
	{ "pipe.Date", "A point in time, as a calendar and a clock show it.",
	  FIELDS({ "year", "integer", "2026" }, { "month", "integer", "1 to 12" }, { "day", "integer", "1 to 31" },
		 { "hour", "integer", "0 to 23" }, { "min", "integer", "0 to 59" }, { "sec", "integer", "0 to 60" },
		 { "wday", "integer", "1: Sunday, to 7" }, { "yday", "integer", "1 to 366" },
		 { "zone", "string", "\"UTC\", \"CET\"" }),
	  false },
	{ "pipe.JsonOptions", "Options of pipe.json.encode.", FIELDS({ "pretty", "boolean?", "on several lines, indented" }),
	  false },
	{ NULL, NULL, NULL, false },
};

const struct api_global api_globals[] = {
	{ "pipe", "pipe", "Everything that scripts can do." },
	{ "ctx", "pipe.Context", "Everything that scripts can see." },
	{ "host", "table<string, function>",
	  "Functions of the program that `pipe` is embedded in, where it has registered some (docs/embedding.md); nil otherwise." },
	{ "io", NULL, "Files are read by `pipe.read` and `pipe.glob`, programs run by `pipe.exec`; nothing is written." },
	{ "os.execute", NULL, "`pipe.exec`; of `os` there are `time`, `date`, `clock` and `difftime`." },
	{ "os.getenv", NULL, "`ctx.vars`." },
	{ "debug", NULL, "Only `debug.traceback`: the rest reaches behind the wall." },
	{ "loadfile", NULL, "`require`." },
	{ "dofile", NULL, "`require`." },
	{ "package", NULL,
	  "`require` finds modules in `.pipe/lua/` and beside the script; `load` takes text, never compiled Lua." },
	{ "collectgarbage", NULL, "Memory is bounded by the limit alone." },
	{ "string.dump", NULL, "Compiled Lua is not read anywhere." },
	{ NULL, NULL, NULL },
};
