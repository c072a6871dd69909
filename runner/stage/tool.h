/*
 * The tools that typed jobs need: are they here, and new enough?  Versions are asked for only where a stage names the least that will
 * do, by running the tool without a shell, for at most TOOL_MS.
 */
#ifndef RUNNER_STAGE_TOOL_H
#define RUNNER_STAGE_TOOL_H

#include "runner/stage/world.h"

enum { TOOL_MS = 10000, TOOL_VERSION_SIZE = 48 };

enum tool_state {
	TOOL_HERE,
	TOOL_MISSING,
	TOOL_OLD,    /* found: its version */
	TOOL_STRANGE /* it would not say its version: found is why */
};

struct tool_answer {
	enum tool_state state;
	const char *path;  /* where it is; NULL: nowhere */
	const char *found; /* in the arena; NULL */
};

/* Blocking where the tool has a least version.  envp: the job's environment; texts are in the arena.  PIPE_OK or PIPE_ENOMEM. */
int tool_look(const struct stage_tool *tool, const struct stage_place *place, const char *const *envp, struct arena *a,
	      struct tool_answer *out, pipe_error *err);
/* The first version number in a text ("7.4.2" of "pytest 7.4.2"): false: there is none. */
bool tool_version_in(const char *text, char out[TOOL_VERSION_SIZE]);
/* As strcmp, number by number; "7" and "7.0" are the same. */
int tool_version_compare(const char *a, const char *b);

/* What is wrong, in words: `pytest >= 7.0 for "unit": found 6.2.5 at /usr/bin/pytest`. */
const char *tool_complaint(const struct stage_tool *tool, const struct tool_answer *answer, const char *jobs, struct arena *a);

#endif
