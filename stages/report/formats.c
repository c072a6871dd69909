/* The registry of report formats. */
#include "stages/report/formats.h"

#include <string.h>

const struct report_format *const report_formats[] = {
	&report_check,
	&report_checkov,
	&report_checkstyle,
	&report_cobertura,
	&report_codequality,
	&report_compiler,
	&report_cppcheck,
	&report_cyclonedx,
	&report_gitlab_security,
	&report_gotest,
	&report_helm,
	&report_jacoco,
	&report_junit,
	&report_kubeconform,
	&report_lcov,
	&report_libtest,
	&report_openmetrics,
	&report_policyreport,
	&report_sarif,
	&report_spdx,
	&report_tap,
	&report_trivy,
	NULL,
};

const struct report_format *report_format_named(const char *name)
{
	for (size_t i = 0; report_formats[i]; i++)
		if (!strcmp(report_formats[i]->name, name))
			return report_formats[i];
	return NULL;
}

/* GitLab's kinds of reports: https://docs.gitlab.com/ci/yaml/artifacts_reports/ */
static const struct {
	const char *kind, *coverage_format, *format;
} kinds[] = {
	{ "codequality", NULL, "codequality" },
	{ "container_scanning", NULL, "gitlab-security" },
	{ "coverage_report", "cobertura", "cobertura" },
	{ "coverage_report", "jacoco", "jacoco" },
	{ "cyclonedx", NULL, "cyclonedx" },
	{ "dast", NULL, "gitlab-security" },
	{ "dependency_scanning", NULL, "gitlab-security" },
	{ "junit", NULL, "junit" },
	{ "metrics", NULL, "openmetrics" },
	{ "sast", NULL, "gitlab-security" },
	{ "secret_detection", NULL, "gitlab-security" },
};

const struct report_format *report_for_artifact(const char *kind, const char *coverage_format)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].kind, kind) &&
		    (!kinds[i].coverage_format || (coverage_format && !strcmp(kinds[i].coverage_format, coverage_format))))
			return report_format_named(kinds[i].format);
	return NULL;
}
