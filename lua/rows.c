/* The columns of each kind of rows, and how a query's filters are matched against a row. */
#include "lua/rows.h"

#include "base/glob.h"

#include <string.h>

/* Values of columns that know only some. */
#define STATUSES "\"failed\"|\"error\"|\"flaky\"|\"passed\"|\"skipped\""
#define KINDS "\"issue\"|\"warning\"|\"vulnerability\"|\"secret\"|\"misconfiguration\"|\"license\""
#define SEVERITIES "\"unknown\"|\"info\"|\"low\"|\"medium\"|\"high\"|\"critical\""

#define TEXT(name, help)                                                                                                         \
	{                                                                                                                        \
		name, LUA_CELL_TEXT, "string", help, false                                                                       \
	}
#define TEXT_FILTER(name, help)                                                                                                  \
	{                                                                                                                        \
		name, LUA_CELL_TEXT, "string", help, true                                                                        \
	}
#define MAYBE_TEXT(name, help)                                                                                                   \
	{                                                                                                                        \
		name, LUA_CELL_TEXT, "string?", help, false                                                                      \
	}
#define MAYBE_FILTER(name, help)                                                                                                 \
	{                                                                                                                        \
		name, LUA_CELL_TEXT, "string?", help, true                                                                       \
	}
#define ONE_OF(name, values, help)                                                                                               \
	{                                                                                                                        \
		name, LUA_CELL_TEXT, values, help, true                                                                          \
	}
#define COUNT(name, help)                                                                                                        \
	{                                                                                                                        \
		name, LUA_CELL_INTEGER, "integer", help, false                                                                   \
	}
#define MAYBE_COUNT(name, help)                                                                                                  \
	{                                                                                                                        \
		name, LUA_CELL_INTEGER, "integer?", help, false                                                                  \
	}
#define NUMBER(name, help)                                                                                                       \
	{                                                                                                                        \
		name, LUA_CELL_NUMBER, "number", help, false                                                                     \
	}
#define MAYBE_NUMBER(name, help)                                                                                                 \
	{                                                                                                                        \
		name, LUA_CELL_NUMBER, "number?", help, false                                                                    \
	}
#define FLAG(name, help)                                                                                                         \
	{                                                                                                                        \
		name, LUA_CELL_BOOL, "boolean", help, false                                                                      \
	}
#define FLAG_FILTER(name, help)                                                                                                  \
	{                                                                                                                        \
		name, LUA_CELL_BOOL, "boolean", help, true                                                                       \
	}
#define END                                                                                                                      \
	{                                                                                                                        \
		NULL, LUA_CELL_NONE, NULL, NULL, false                                                                           \
	}
#define JOB TEXT_FILTER("job", "the job whose report said so")

static const struct lua_column tests[] = {
	TEXT_FILTER("suite", "class, package or file that the test belongs to; \"\": not said"),
	TEXT_FILTER("name", "the test's name"),
	TEXT_FILTER("file", "its source file, or a pattern (`src/**`); \"\": not said"),
	MAYBE_COUNT("line", "where it stands there"),
	ONE_OF("status", STATUSES, "how it ended; flaky: it failed, and passed on another try"),
	FLAG("expected", "it passed because it was expected to fail, or failed because it did not"),
	MAYBE_NUMBER("duration", "seconds"),
	TEXT("message", "why it failed or was skipped, its first words; \"\": not said"),
	TEXT("details", "the whole: a traceback, output; \"\": not said"),
	COUNT("failures", "of a flaky test: how many tries failed"),
	FLAG_FILTER("quarantined",
		    "known to be unreliable: it does not count; rows have none of these unless the filter says true"),
	JOB,
	END,
};

static const struct lua_column findings[] = {
	ONE_OF("kind", KINDS, "what sort of finding it is"),
	ONE_OF("severity", SEVERITIES, "how bad it is; as a filter: at least so bad"),
	FLAG("suppressed", "the tool was told to pass over it; rows have none of these unless the filter says true"),
	TEXT_FILTER("tool", "who found it: \"cppcheck\""),
	TEXT_FILTER("rule", "which rule: \"nullPointer\", \"CVE-2024-1234\""),
	TEXT_FILTER("path", "file, lock file or image layer, or a pattern (`src/**`); \"\": not said"),
	MAYBE_COUNT("line", "where it begins there"),
	MAYBE_COUNT("column", "and in which column"),
	MAYBE_COUNT("end_line", "where it ends"),
	TEXT("message", "what is wrong"),
	TEXT("fingerprint", "what it is recognised by in other runs"),
	TEXT_FILTER("package", "of a vulnerability: the package; \"\": not said"),
	TEXT("installed", "its version"),
	TEXT("fixed", "the version that has it mended; \"\": none"),
	FLAG_FILTER("fixable", "there is a version that has it mended"),
	TEXT("url", "where to read more; \"\": not said"),
	JOB,
	END,
};

static const struct lua_column coverage[] = {
	TEXT_FILTER("path", "the source file, or a pattern (`src/**`)"),
	COUNT("lines", "lines that could be reached"),
	COUNT("hit", "and those that were"),
	MAYBE_NUMBER("percent", "hit of lines, 0 to 100; nil without lines"),
	COUNT("branches", "branches that could be taken"),
	COUNT("branches_hit", "and those that were"),
	{ "job", LUA_CELL_TEXT, "string?", "the job, where one was asked for", false },
	END,
};

static const struct lua_column metrics[] = {
	TEXT_FILTER("name", "the metric's name"),
	TEXT_FILTER("labels", "key=\"value\",...: sorted by key; \"\": none"),
	NUMBER("value", "its value"),
	TEXT("unit", "\"bytes\", \"s\"; \"\": not said"),
	TEXT("help", "what it is; \"\": not said"),
	JOB,
	END,
};

static const struct lua_column components[] = {
	TEXT_FILTER("name", "the component's name"),
	TEXT("version", "its version; \"\": not said"),
	TEXT_FILTER("type", "\"library\", \"application\", ...; \"\": not said"),
	TEXT("purl", "its package URL; \"\": none"),
	TEXT_FILTER("licenses", "an SPDX expression, or names joined by \" AND \"; \"\": not said"),
	JOB,
	END,
};

static const struct lua_column images[] = {
	TEXT_FILTER("name", "the image's reference with its tag"),
	TEXT("digest", "sha256:..."),
	MAYBE_COUNT("bytes", "compressed size of its layers"),
	JOB,
	END,
};

static const struct lua_column conditions[] = {
	TEXT_FILTER("subject", "what was judged: \"coverage of changed lines\""),
	TEXT("value", "what it was: \"78.4 %\""),
	TEXT("bound", "what it had to be: \">= 80 %\""),
	TEXT_FILTER("verdict", "\"pass\", \"warn\", \"fail\", \"no data\", \"no baseline\"..."),
	TEXT("detail", "what it was compared with, which ones"),
	JOB,
	END,
};

static const struct lua_column runs[] = {
	COUNT("number", "the run's number"),
	TEXT_FILTER("file", "the pipeline file"),
	MAYBE_TEXT("name", "the pipeline's name"),
	MAYBE_FILTER("branch", "the branch"),
	MAYBE_TEXT("sha", "the commit"),
	MAYBE_FILTER("source", "what caused it: \"push\", \"schedule\", ..."),
	TEXT_FILTER("status", "\"success\", \"failed\", ..."),
	MAYBE_TEXT("title", "first line of the commit's message"),
	MAYBE_NUMBER("started", "seconds since 1970"),
	MAYBE_NUMBER("duration", "seconds; nil while it runs"),
	END,
};

static const struct lua_column jobs[] = {
	{ "run", LUA_CELL_INTEGER, "integer", "number of its run", true },
	TEXT_FILTER("name", "the job's name"),
	TEXT("base", "the name without what `parallel` adds"),
	MAYBE_FILTER("stage", "its stage"),
	TEXT_FILTER("status", "\"success\", \"failed\", \"skipped\", ..."),
	MAYBE_COUNT("attempt", "how many times it was tried"),
	MAYBE_COUNT("exit_code", "of its script"),
	MAYBE_TEXT("reason", "why it ended as it did, in words"),
	MAYBE_TEXT("failure", "\"script_failure\", ...: of one that failed"),
	MAYBE_FILTER("environment", "where it deployed to"),
	MAYBE_NUMBER("started", "seconds since 1970"),
	MAYBE_NUMBER("duration", "seconds"),
	END,
};

static const struct lua_column graph[] = {
	TEXT_FILTER("name", "the job's name"),
	TEXT_FILTER("stage", "its stage"),
	MAYBE_FILTER("when", "\"on_success\", \"manual\", ..."),
	{ "needs", LUA_CELL_LIST, "string[]?", "names of the jobs that it waits for; nil: all of the stages before", false },
	MAYBE_FILTER("environment", "where it deploys to"),
	END,
};

static const struct lua_column changes[] = {
	TEXT_FILTER("path", "the file"),
	END,
};

#define KIND(columns, row, help)                                                                                                 \
	{                                                                                                                        \
#columns, row, help, columns, sizeof(columns) / sizeof(*(columns)) - 1                                           \
	}
const struct lua_rows_kind lua_rows_kinds[LUA_ROWS_COUNT] = {
	[LUA_TESTS] = KIND(tests, "pipe.Test", "A test case as a report tells of it."),
	[LUA_FINDINGS] = KIND(findings, "pipe.Finding", "Something that an analyser, a compiler or a scanner found."),
	[LUA_COVERAGE] = KIND(coverage, "pipe.FileCoverage", "Coverage of one source file."),
	[LUA_METRICS] = KIND(metrics, "pipe.Metric", "A metric with one set of labels."),
	[LUA_COMPONENTS] = KIND(components, "pipe.Component", "A component of an SBOM."),
	[LUA_IMAGES] = KIND(images, "pipe.Image", "An image that was built."),
	[LUA_CONDITIONS] = KIND(conditions, "pipe.Condition", "A condition that a gate has judged."),
	[LUA_RUNS] = KIND(runs, "pipe.PastRun", "A run of the history."),
	[LUA_JOBS] = KIND(jobs, "pipe.PastJob", "A job of the history."),
	[LUA_GRAPH] = KIND(graph, "pipe.PlannedJob", "A job of this run's plan."),
	[LUA_CHANGES] = KIND(changes, "pipe.Change", "A file that this change touched."),
};

int lua_column_index(const struct lua_rows_kind *kind, const char *name)
{
	for (unsigned i = 0; i < kind->count; i++)
		if (!strcmp(kind->columns[i].name, name))
			return (int)i;
	return -1;
}

/* ---- filters ---- */

/* At least as bad. */
static bool severe(const char *wanted, const char *is)
{
	enum severity least, found;

	return severity_from(wanted, &least) && severity_from(is, &found) && found >= least;
}

static bool text_matches(const struct lua_column *column, const struct lua_cell *wanted, const struct lua_cell *is)
{
	if (!strcmp(column->name, "severity"))
		return severe(wanted->text, is->text);
	if ((!strcmp(column->name, "path") || !strcmp(column->name, "file")) && glob_is_pattern(wanted->text) &&
	    glob_match(wanted->text, is->text))
		return true;
	return wanted->length == is->length && !memcmp(wanted->text, is->text, is->length);
}

/* What is not said is as what the column has for it: no text, 0, false. */
static struct lua_cell said(const struct lua_cell *is, enum lua_cell_type type)
{
	struct lua_cell nothing = { .type = type };

	if (is->type != LUA_CELL_NONE)
		return *is;
	if (type == LUA_CELL_TEXT)
		nothing.text = "";
	return nothing;
}

static bool matches(const struct lua_column *column, const struct lua_cell *wanted, const struct lua_cell *cell)
{
	const struct lua_cell is = said(cell, column->type);

	if (wanted->type != is.type)
		return false;
	switch (wanted->type) {
	case LUA_CELL_TEXT:
		return text_matches(column, wanted, &is);
	case LUA_CELL_INTEGER:
		return wanted->integer == is.integer;
	case LUA_CELL_NUMBER:
		return wanted->number == is.number;
	case LUA_CELL_BOOL:
		return wanted->truth == is.truth;
	default:
		return false;
	}
}

bool lua_query_matches(const struct lua_query *query, const struct lua_cell *row)
{
	const struct lua_rows_kind *kind = &lua_rows_kinds[query->rows];

	for (unsigned i = 0; i < query->filter_count; i++) {
		const struct lua_filter *f = &query->filters[i];

		if (f->column >= kind->count || !matches(&kind->columns[f->column], &f->value, &row[f->column]))
			return false;
	}
	return true;
}
