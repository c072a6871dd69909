/*
 * Carrying out a probe (stages/probe.h): one try after the other, with growing pauses, until all that is expected holds, the tries or
 * the time are used up, or somebody cancels.  Runs on a thread of its own and blocks; what it needs from around it comes in as
 * functions that may be called from that thread.  HTTP and gRPC are libcurl's, loaded when first needed.
 */
#ifndef RUNNER_PROBE_PROBE_H
#define RUNNER_PROBE_PROBE_H

#include "base/arena.h"
#include "base/str.h"
#include "pipe.h"
#include "stages/probe.h"
#include <stdatomic.h>
#include <stdbool.h>

/* How a command of PROBE_COMMAND ended. */
struct probe_command {
	bool started;	    /* false: reason says why not */
	bool timed_out;	    /* it was ended: its time was over, or the probe was cancelled */
	int exit_code;	    /* 128 + signal when a signal ended it; -1: not started, or ended by us */
	const char *output; /* both streams, the first 64 KiB of it; in the arena; "" */
	const char *reason; /* in the arena; NULL */
};

struct probe_context {
	/* Of texts in the result (reason, answer) and of what is needed on the way.  Used by nobody else meanwhile. */
	struct arena *arena;
	/* Set by another thread: end soon (within 200 ms), with the reason "cancelled". */
	const atomic_bool *cancel;
	/* All tries and pauses together must be over within this, whatever the probe's own budget; 0: no such bound. */
	int64_t limit_ms;
	uint32_t regex_steps;  /* of one match; 0: the default */
	const char *directory; /* absolute: what relative paths (ca_file) are meant from */

	/* Appends the text without its secrets; false: no memory.  NULL: there are none. */
	bool (*hide)(void *payload, const char *text, size_t length, struct str *out);
	/* A line for the job's log, without its newline. */
	void (*say)(void *payload, const char *line);
	/* What a service has printed from *cursor on (0: from the beginning), whole lines, appended to out; *cursor moves on.  What was
	 * too much to be kept is passed over.  false: there is no service of that name. */
	bool (*output)(void *payload, const char *service, uint64_t *cursor, struct str *out);
	/* Does that service still run?  false also where there is none; *why (may be NULL) then says how it ended, in the arena. */
	bool (*alive)(void *payload, const char *service, const char **why);
	/* Runs a command in the job's environment and workspace, and waits for its end.  PIPE_OK, also where it failed. */
	int (*command)(void *payload, const char *const *argv, int64_t timeout_ms, struct probe_command *out, pipe_error *err);
	void *payload;
};

/* PIPE_OK when the probe was carried out, whether it held or not: result->ok.  A negative code (PIPE_EUNSUPPORTED: libcurl is not
 * here, PIPE_ENOMEM, PIPE_EPIPELINE: the probe itself makes no sense) with err filled says that it could not be. */
int probe_run(const struct probe *probe, const struct probe_context *context, struct probe_result *result, pipe_error *err);

#endif
