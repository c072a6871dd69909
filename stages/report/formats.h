/* The descriptors of the report formats, one for each file; the registry (formats.c) lists them. */
#ifndef STAGES_REPORT_FORMATS_H
#define STAGES_REPORT_FORMATS_H

#include "stages/report/report.h"

extern const struct report_format report_check, report_checkov, report_checkstyle, report_cobertura, report_codequality,
	report_compiler, report_cppcheck, report_cyclonedx, report_gitlab_security, report_gotest, report_helm, report_jacoco,
	report_junit, report_kubeconform, report_lcov, report_libtest, report_openmetrics, report_policyreport, report_sarif,
	report_spdx, report_tap, report_trivy;

#endif
