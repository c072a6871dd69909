/*
 * A small program that is asked one question: a text on its stdin, a text from its stdout, and an end within bounds.  For helpers that
 * the user's other tools have already (credentials), not for jobs.  Blocking; any thread.
 */
#ifndef RUNNER_EXECUTOR_ASK_H
#define RUNNER_EXECUTOR_ASK_H

#include "base/str.h"
#include "pipe.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { ASK_INPUT_MAX = 4096 };

struct ask {
	const char *const *argv;   /* argv[0]: an absolute path */
	const char *const *envp;   /* given on but for the mark of a task */
	const char *input;	   /* at most ASK_INPUT_MAX bytes */
	uint32_t timeout_ms;	   /* more than 0 */
	size_t max_bytes;	   /* of its answer */
	const atomic_bool *cancel; /* may be NULL */
};

enum ask_end {
	ASK_SUCCEEDED,
	ASK_FAILED,   /* it ended with something other than 0 */
	ASK_NO_ANSWER /* it took too long, said too much, or was cancelled */
};

/* The answer is put in place of what out holds.  Its process group is ended in any case, and its stderr thrown away.  PIPE_EIO, PIPE_EUSAGE:
 * it could not be started, and why. */
int ask_program(const struct ask *q, struct str *out, enum ask_end *end, pipe_error *err);

/* Where a program is on the PATH of envp (relative parts of a PATH are not searched); false: nowhere. */
bool ask_find(const char *name, const char *const *envp, char *path, size_t size);

#endif
