/*
 * dotenv reports: NAME=VALUE lines that a job hands on as variables.
 * https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsdotenv: UTF-8, at most 5 KiB and 20 variables on gitlab.com; here
 * 64 KiB and 500; names of letters, digits and `_`; quotes around a value are stripped; `#` comment lines and empty lines are skipped.
 */
#ifndef RUNNER_DOTENV_H
#define RUNNER_DOTENV_H

#include "pipe.h"
#include "pipeline/rule/variable.h"

enum { DOTENV_MAX_BYTES = 64 * 1024, DOTENV_MAX_VARIABLES = 500 };

/* Adds to out.  PIPE_EPIPELINE with file and line for what is wrong. */
int dotenv_parse(const char *file, const char *text, size_t length, struct arena *a, struct variables *out, pipe_error *err);
int dotenv_read(const char *path, struct arena *a, struct variables *out, pipe_error *err);

#endif
