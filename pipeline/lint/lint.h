/* Warnings about what is legal in a pipeline and surely not meant; and the few errors that GitLab finds in whole pipelines only. */
#ifndef PIPELINE_LINT_H
#define PIPELINE_LINT_H

#include "pipeline/document/diagnostic.h"
#include "pipeline/model.h"

/* known: variables that come from outside (predefined ones, those of the command line); may be NULL. */
void lint_pipeline(const struct pipeline *p, const struct scope *known, struct diagnostics *d);

/* The part of it that looks for variables that nothing defines (lint_variables.c). */
void lint_variables(const struct pipeline *p, const struct scope *known, struct diagnostics *d);

#endif
