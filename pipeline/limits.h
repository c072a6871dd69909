/* The limits on what a pipeline file may ask of its reader.  The defaults stand in docs/reference/limits.md. */
#ifndef PIPELINE_LIMITS_H
#define PIPELINE_LIMITS_H

#include "pipe.h"

/* *limits with the default in each field that is 0. */
void limits_default(pipe_limits *limits);

enum {
	LIMIT_EXTENDS_DEPTH = 11,   /* a chain of extends; GitLab's limit */
	LIMIT_REFERENCE_DEPTH = 10, /* !reference in what a !reference brings */
	LIMIT_SCRIPT_DEPTH = 10,    /* lists in lists of a script */
	LIMIT_NEEDS = 5000,         /* of one job */
	LIMIT_DIAGNOSTICS = 500,    /* errors that are reported before the rest is counted only */
	LIMIT_VALUE_BYTES = 1 << 20 /* a variable's value after expansion */
};

#endif
