/* What scripts see, the functions; and the library `pipe`, made from them. */
#include "lua/api/inside.h"

#include <string.h>

#define PARAMETERS(...)                                                                                                          \
	(const struct api_parameter[])                                                                                           \
	{                                                                                                                        \
		__VA_ARGS__,                                                                                                     \
		{                                                                                                                \
			NULL, NULL, NULL                                                                                         \
		}                                                                                                                \
	}
#define FILTER(class) PARAMETERS({ "filter", class "?", "which of them; nil: all" })
#define SINCE "0.1.0"

/* clang-format off */
const struct api_function api_functions[] = {
	{ "ctx", "graph", "The jobs of this run's plan, in their order.",
	  FILTER("pipe.PlannedJobFilter"), "pipe.Rows<pipe.PlannedJob>", "the jobs",
	  "for job in ctx.graph { stage = \"deploy\" } do pipe.log(job.name, job.environment) end",
	  NULL, false, NULL, SINCE },

	{ "ctx.evidence", "components", "The components that the SBOMs list.",
	  FILTER("pipe.ComponentFilter"), "pipe.Rows<pipe.Component>", "the components",
	  "for c in ctx.evidence.components() do pipe.log(c.name, c.version, c.licenses) end",
	  NULL, false, NULL, SINCE },
	{ "ctx.evidence", "conditions", "The conditions that gates have judged.",
	  FILTER("pipe.ConditionFilter"), "pipe.Rows<pipe.Condition>", "the conditions",
	  "local red = ctx.evidence.conditions { verdict = \"fail\" }:count()",
	  NULL, false, NULL, SINCE },
	{ "ctx.evidence", "images", "The images that were built.",
	  FILTER("pipe.ImageFilter"), "pipe.Rows<pipe.Image>", "the images",
	  "for image in ctx.evidence.images() do pipe.log(image.name, pipe.bytes(image.bytes or 0)) end",
	  NULL, false, NULL, SINCE },

	{ "ctx.history", "jobs", "Jobs of earlier runs, the newest run's first; with `run`, those of one run.",
	  FILTER("pipe.PastJobFilter"), "pipe.Rows<pipe.PastJob>", "the jobs",
	  "for job in ctx.history.jobs { environment = \"production\", status = \"success\", limit = 1 } do\n"
	  "  pipe.log(\"the last deployment was in run\", job.run)\nend",
	  NULL, false, NULL, SINCE },
	{ "ctx.history", "run", "The evidence of a run: as ctx.evidence has that of this one.",
	  PARAMETERS({ "number", "integer", "the run's number" }), "pipe.Evidence", "its evidence; empty where there is no such run",
	  "local before = ctx.history.run(41).coverage.lines",
	  NULL, false, NULL, SINCE },
	{ "ctx.history", "runs", "Runs before this one, the newest first.",
	  FILTER("pipe.PastRunFilter"), "pipe.Rows<pipe.PastRun>", "the runs",
	  "local last = ctx.history.runs { branch = \"main\", status = \"success\" }:first()",
	  NULL, false, NULL, SINCE },

	{ "pipe", "annotate", "Puts a note or a link beside the job, where its results are shown.",
	  PARAMETERS({ "label", "string", "what is shown first" }, { "options", "pipe.Annotation?", "the note, the link" }),
	  NULL, NULL, "pipe.annotate(\"preview\", { url = \"https://preview.example.com/42\" })",
	  NULL, false, api_annotate, SINCE },
	{ "pipe", "bytes", "A number of bytes, for people.",
	  PARAMETERS({ "n", "number", "how many" }), "string", "\"999 B\", \"1.5 kB\", \"12 MB\"",
	  "pipe.log(pipe.bytes(12345678)) --> 12 MB", NULL, false, api_bytes, SINCE },
	{ "pipe", "date", "A point in time, taken apart.",
	  PARAMETERS({ "time", "number?", "seconds since 1970; nil: now" },
		     { "zone", "\"UTC\"|\"local\"|nil", "whose clock: \"UTC\", or this machine's" }),
	  "pipe.Date", "the date and the time of day",
	  "local t = pipe.date()\nif t.wday == 6 and t.hour >= 15 then return false, \"not on Friday afternoon\" end",
	  NULL, false, api_date, SINCE },
	{ "pipe", "duration", "A number of seconds, for people.",
	  PARAMETERS({ "seconds", "number", "how many" }), "string", "\"350ms\", \"4.2s\", \"3m 07s\", \"2h 05m\"",
	  "pipe.log(pipe.duration(187)) --> 3m 07s", NULL, false, api_duration, SINCE },
	{ "pipe", "exec", "Runs a program, in the workspace, with the job's variables. No shell stands in between.",
	  PARAMETERS({ "argv", "string[]", "the program and its arguments" }, { "options", "pipe.ExecOptions?", "how it is run" }),
	  "pipe.ExecResult?, string?", "how it ended; nil and why where it could not be run to its end",
	  "local r = assert(pipe.exec({ \"helm\", \"list\", \"-o\", \"json\" }, { timeout = 10 }))\n"
	  "if not r.ok then pipe.fail(r.output) end\nlocal releases = pipe.json.decode(r.output)",
	  "exec", true, api_exec, SINCE },
	{ "pipe", "exists", "Is there such a file?",
	  PARAMETERS({ "path", "string", "in the workspace, or absolute where that is granted" }), "boolean", NULL,
	  "if pipe.exists(\"Dockerfile\") then pipe.log(\"there is an image to build\") end", "read", false, api_exists, SINCE },
	{ "pipe", "fail", "Ends the script: it has failed. No pcall catches it.",
	  PARAMETERS({ "reason", "any", "why" }), NULL, NULL,
	  "if not ctx.vars.VERSION then pipe.fail(\"VERSION is not set\") end", NULL, false, api_fail, SINCE },
	{ "pipe", "finding", "Adds a finding to the run's evidence.",
	  PARAMETERS({ "finding", "pipe.FindingOptions", "what was found" }), NULL, NULL,
	  "pipe.finding { message = \"no owner\", rule = \"owners\", path = \"services/pay/service.yml\", line = 1, severity = \"low\" }",
	  NULL, false, api_finding, SINCE },
	{ "pipe", "glob", "Files of the workspace whose paths match.",
	  PARAMETERS({ "pattern", "string", "`*` and `?` inside of a directory, `**` through any number of them, `{a,b}`, `[a-z]`" }),
	  "string[]", "paths, sorted",
	  "for _, path in ipairs(pipe.glob(\"services/*/service.yml\")) do pipe.log(path) end", NULL, false, api_glob, SINCE },
	{ "pipe", "glob_match", "Does a path match a pattern?",
	  PARAMETERS({ "pattern", "string", "as in pipe.glob" }, { "path", "string", "a relative path" }), "boolean", NULL,
	  "if pipe.glob_match(\"docs/**\", path) then return end", NULL, false, api_glob_match, SINCE },
	{ "pipe", "http", "Sends a request over HTTP.",
	  PARAMETERS({ "url", "string", "https:// or http://" }, { "options", "pipe.HttpOptions?", "what is sent" }),
	  "pipe.HttpReply?, string?", "the reply, whatever its status; nil and why without one",
	  "local reply, why = pipe.http(\"https://api.example.com/approvals\", {\n"
	  "  headers = { Authorization = \"Bearer \" .. ctx.vars.API_TOKEN },\n  json = { run = ctx.run.number },\n})\n"
	  "if not reply then return false, why end\nreturn reply.ok and reply.json().approved == true",
	  "http", true, api_http, SINCE },
	{ "pipe", "log", "Says something in the job's log: the values as text, with tabs between. `print` does the same.",
	  PARAMETERS({ "...", "any", "values" }), NULL, NULL, "pipe.log(\"jobs so far:\", ctx.graph():count())",
	  NULL, false, api_log, SINCE },
	{ "pipe", "metric", "Adds a metric to the run's evidence.",
	  PARAMETERS({ "name", "string", "letters, digits, `_`, `.`, `-`" }, { "value", "number", "its value" },
		     { "options", "pipe.MetricOptions?", "unit, labels" }),
	  NULL, NULL, "pipe.metric(\"bundle_bytes\", #text, { unit = \"bytes\", labels = { file = \"app.js\" } })",
	  NULL, false, api_metric, SINCE },
	{ "pipe", "notify", "Tells a chat, a webhook or a mail server.",
	  PARAMETERS({ "message", "pipe.SlackMessage|pipe.WebhookMessage|pipe.MailMessage", "whom, and what" }),
	  "boolean?, string?", "true; nil and why where it could not be told",
	  "local ok, why = pipe.notify { slack = ctx.vars.CHAT_URL, text = \"deployed \" .. ctx.run.sha }\n"
	  "if not ok then pipe.warn(why) end",
	  "http", true, api_notify, SINCE },
	{ "pipe", "now", "What time is it?", NULL, "number", "seconds since 1970",
	  "local age = pipe.now() - ctx.run.started", NULL, false, api_now, SINCE },
	{ "pipe", "read", "The text of a file of the workspace.",
	  PARAMETERS({ "path", "string", "in the workspace, or absolute where that is granted" }),
	  "string?, string?", "the text, at most 16 MiB; nil and why where it cannot be read",
	  "local text = assert(pipe.read(\"VERSION\"))", "read", false, api_read, SINCE },
	{ "pipe", "severity", "Which of two severities is worse?",
	  PARAMETERS({ "a", "string", "\"high\"" }, { "b", "string", "\"medium\"" }), "integer", "1: a, -1: b, 0: they are the same",
	  "if pipe.severity(finding.severity, \"high\") >= 0 then bad[#bad + 1] = finding end", NULL, false, api_severity, SINCE },
	{ "pipe", "sleep", "Waits.",
	  PARAMETERS({ "seconds", "number", "how long, as far as the script's time goes" }), NULL, NULL, "pipe.sleep(1.5)",
	  NULL, true, api_sleep, SINCE },
	{ "pipe", "version", "The version of `pipe`.", NULL, "string", "\"" PIPE_VERSION "\"", "pipe.log(pipe.version())",
	  NULL, false, api_version, SINCE },
	{ "pipe", "warn", "Says something in the job's log, as a warning.",
	  PARAMETERS({ "...", "any", "values" }), NULL, NULL, "pipe.warn(\"no baseline:\", ctx.no_baseline)",
	  NULL, false, api_warn, SINCE },

	{ "pipe.Coverage", "__call", "The source files.",
	  FILTER("pipe.FileCoverageFilter"), "pipe.Rows<pipe.FileCoverage>", "the files",
	  "for file in ctx.evidence.coverage { path = \"src/**\" } do pipe.log(file.path, file.percent) end",
	  NULL, false, NULL, SINCE },
	{ "pipe.Findings", "__call", "The findings; without suppressed ones.",
	  FILTER("pipe.FindingFilter"), "pipe.Rows<pipe.Finding>", "the findings",
	  "for f in ctx.evidence.findings { severity = \"high\", fixable = true, new = true } do pipe.log(f.rule, f.package) end",
	  NULL, false, NULL, SINCE },
	{ "pipe.Metrics", "__call", "The metrics, each with its labels.",
	  FILTER("pipe.MetricFilter"), "pipe.Rows<pipe.Metric>", "the metrics",
	  "for m in ctx.evidence.metrics { name = \"bundle_bytes\" } do pipe.log(m.labels, m.value) end",
	  NULL, false, NULL, SINCE },
	{ "pipe.Rows", "__call", "The next row: what `for` calls.", NULL, "T?", "nil: the end", NULL,
	  NULL, false, NULL, SINCE },
	{ "pipe.Rows", "count", "How many there are.", NULL, "integer", NULL,
	  "local critical = ctx.evidence.findings { severity = \"critical\" }:count()",
	  NULL, false, NULL, SINCE },
	{ "pipe.Rows", "first", "The first row.", NULL, "T?", "nil: there is none",
	  "local run = ctx.history.runs { branch = \"main\" }:first()",
	  NULL, false, NULL, SINCE },
	{ "pipe.Rows", "list", "The rows as a list, which takes memory for all of them.",
	  PARAMETERS({ "limit", "integer?", "so many at the most" }), "T[]", NULL,
	  "local worst = ctx.evidence.findings { severity = \"high\" }:list(10)",
	  NULL, false, NULL, SINCE },
	{ "pipe.Tests", "__call", "The test cases; without quarantined ones.",
	  FILTER("pipe.TestFilter"), "pipe.Rows<pipe.Test>", "the test cases",
	  "for t in ctx.evidence.tests { status = \"failed\", new = true } do pipe.log(t.suite, t.name, t.message) end",
	  NULL, false, NULL, SINCE },

	{ "pipe.json", "array", "Marks a table as a list, so that an empty one is written as `[]`.",
	  PARAMETERS({ "t", "table?", "nil: a new one" }), "table", "the table", "pipe.json.encode({ tags = pipe.json.array(tags) })",
	  NULL, false, api_json_array, SINCE },
	{ "pipe.json", "decode", "JSON text as a value. null is pipe.json.null.",
	  PARAMETERS({ "text", "string", "JSON" }), "any, string?", "the value; nil and what is wrong, with line and column",
	  "local config, why = pipe.json.decode(pipe.read(\"config.json\"))\nif not config then pipe.fail(why) end",
	  NULL, false, api_json_decode, SINCE },
	{ "pipe.json", "encode", "A value as JSON text, its keys sorted. An empty table is `[]`.",
	  PARAMETERS({ "value", "any", "tables of texts, numbers, booleans and tables" }, { "options", "pipe.JsonOptions?", "how" }),
	  "string", NULL, "pipe.log(pipe.json.encode({ run = ctx.run.number }, { pretty = true }))",
	  NULL, false, api_json_encode, SINCE },
	{ "pipe.json", "object", "Marks a table as an object, so that an empty one is written as `{}`.",
	  PARAMETERS({ "t", "table?", "nil: a new one" }), "table", "the table", "pipe.json.encode({ labels = pipe.json.object() })",
	  NULL, false, api_json_object, SINCE },

	{ "pipe.yaml", "decode", "YAML text (one document) as a value, read as pipeline files are: by YAML 1.1, members without a value are not there.",
	  PARAMETERS({ "text", "string", "YAML" }), "any, string?", "the value; nil and what is wrong, with line and column",
	  "local service = pipe.yaml.decode(pipe.read(\"service.yml\"))",
	  NULL, false, api_yaml_decode, SINCE },
	{ "pipe.yaml", "encode", "A value as YAML text.",
	  PARAMETERS({ "value", "any", "tables of texts, numbers, booleans and tables" }), "string", NULL,
	  "pipe.log(pipe.yaml.encode({ stages = { \"build\", \"test\" } }))",
	  NULL, false, api_yaml_encode, SINCE },

	{ NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, NULL, NULL },
};
/* clang-format on */

/* Pushes the table of a library's functions. */
static void push_library(lua_State *L, const char *name)
{
	lua_createtable(L, 0, 32);
	for (const struct api_function *f = api_functions; f->name; f++) {
		if (strcmp(f->library, name) != 0 || !f->function)
			continue;
		lua_pushcfunction(L, f->function);
		lua_setfield(L, -2, f->name);
	}
}

static void add_part(lua_State *L, const char *name, const char *field)
{
	push_library(L, name);
	if (!strcmp(field, "json")) {
		value_push_null(L);
		lua_setfield(L, -2, "null");
	}
	api_shape(L, name, name);
	wall_door(L, name);
	lua_setfield(L, -2, field);
}

void api_push_pipe(lua_State *L)
{
	static const char name[] = "pipe";

	push_library(L, name);
	add_part(L, "pipe.json", "json");
	add_part(L, "pipe.yaml", "yaml");
	api_shape(L, name, name);
	wall_door(L, name);
}
