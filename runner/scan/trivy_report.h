/* Trivy's JSON (schema version 2), read into a report of ours, so that both scanners are shown alike. */
#ifndef RUNNER_SCAN_TRIVY_REPORT_H
#define RUNNER_SCAN_TRIVY_REPORT_H

#include "stages/scanner/report/scan_report.h"

/* PIPE_EPIPELINE: it is no such report. */
int trivy_report_read(const char *path, struct scan_report *report, pipe_error *err);

#endif
