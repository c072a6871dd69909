/*
 * Which lines a change touched: those that differ between the commit that it is compared with and the work tree.
 */
#ifndef RUNNER_STAGE_CHANGED_H
#define RUNNER_STAGE_CHANGED_H

#include "runner/evidence/evidence.h"

/* Blocking: a worker thread's.  commit: the baseline's, "" where there is none; branch: the target branch, "" where it is not known.
 * Never fails: what cannot be known, and why, stands in out->why_unknown.  All of it lives in the arena. */
void stage_changed_lines(const char *project_directory, const char *commit, const char *branch, struct arena *a,
			 struct changed_lines *out);

#endif
