#include "stages/reading.h"

#include "base/error.h"
#include "pipeline/keyword/keyword_fields.h"
#include "stages/parameter.h"
#include "stages/project.h"

#include <string.h>

static const char *const formats[] = {
	"auto",	     "check",		"checkov",	"checkstyle", "cobertura", "codequality", "compiler",	 "cppcheck",
	"cyclonedx", "gitlab-security", "gotest",	"helm",	      "jacoco",	   "junit",	  "kubeconform", "lcov",
	"libtest",   "openmetrics",	"policyreport", "sarif",      "spdx",	   "tap",	  "trivy",	 NULL
};

const struct keyword reading_fields[] = {
	KEYWORD_ROW("format", IN_NESTED, TAKES_ENUM, "what the report is written in", .values = formats,
		    .fallback = "auto: recognised by its content"),
	KEYWORD_ROW("path", IN_NESTED, TAKES_TEXT, "a path in the workspace, or a pattern", .required = true),
	KEYWORD_END,
};

static int add(struct stage_job *job, const struct node *item, const char *directory, enum finding_kind kind, pipe_error *err)
{
	const char *format = "auto", *path = NULL;
	struct stage_report *report;
	int rc;

	if (item->kind == NODE_MAP) {
		rc = parameter_text_in(job, item, "format", &format, err);
		if (rc == PIPE_OK)
			rc = parameter_text_in(job, item, "path", &path, err);
		if (rc)
			return rc;
	} else {
		path = scope_expand(job->scope, item->text, job->arena, NULL);
	}
	if (!path)
		return error_nomem(err);
	if (!*path)
		return parameter_wrong(job, item, err, "the path of a report is empty");
	report = stage_report(job, strcmp(format, "auto") != 0 ? report_format_named(format) : NULL,
			      *path == '/' ? path : project_path(job, directory, path));
	if (!report || !report->pattern)
		return error_nomem(err);
	if (!report->format && strcmp(format, "auto") != 0)
		return parameter_wrong(job, item, err, "there is no report format \"%s\"", format);
	report->directory = directory;
	report->kind = kind;
	report->required = true;
	return PIPE_OK;
}

int reading_parameter(struct stage_job *job, const char *name, const char *directory, enum finding_kind kind, uint32_t *count,
		      pipe_error *err)
{
	const struct node *value = parameter_node(job, name);
	uint32_t before = job->reports.count;
	int rc = PIPE_OK;

	if (value && value->kind == NODE_LIST)
		for (uint32_t i = 0; rc == PIPE_OK && i < value->count; i++)
			rc = add(job, value->items[i], directory, kind, err);
	else if (value)
		rc = add(job, value, directory, kind, err);
	if (count)
		*count = job->reports.count - before;
	return rc;
}
