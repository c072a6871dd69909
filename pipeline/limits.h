/* The limits on what a pipeline file may ask of its reader.  The defaults stand in docs/reference/limits.md. */
#ifndef PIPELINE_LIMITS_H
#define PIPELINE_LIMITS_H

#include "pipe.h"

/* Puts the default into each field that is 0; depth is cut at LIMIT_DEPTH_MOST. */
void limits_default(pipe_limits *limits);

enum {
	LIMIT_DEPTH_MOST = 1000,    /* what pipe_limits.depth can be raised to: trees are walked with the C stack */
	LIMIT_EXTENDS_DEPTH = 11,   /* a chain of extends; GitLab's limit */
	LIMIT_REFERENCE_DEPTH = 10, /* !reference in what a !reference brings */
	LIMIT_SCRIPT_DEPTH = 10,    /* lists in lists of a script */
	LIMIT_NEEDS = 5000,	    /* of one job */
	LIMIT_DIAGNOSTICS = 500,    /* errors that are reported before the rest is counted only */
	LIMIT_VALUE_BYTES = 1 << 20 /* a variable's value after expansion */
};

#endif
