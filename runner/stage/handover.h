/*
 * What before_script hands on to the steps of a typed job: the environment as its shell leaves it (a PATH with a virtual environment in
 * front, an exported version).  The shell writes it to a file as its last act; directories and functions are not handed on.
 */
#ifndef RUNNER_STAGE_HANDOVER_H
#define RUNNER_STAGE_HANDOVER_H

#include "base/arena.h"
#include "pipe.h"

/* The commands, for bash or sh, with the handing over behind them; NULL: no memory. */
const char *handover_text(struct arena *a, const char *commands, const char *path);
/* Replaces *envp by what was handed over, and removes the file.  Nothing was (the script ended early): *envp stays. */
int handover_take(struct arena *a, const char *path, const char *const **envp, pipe_error *err);

#endif
