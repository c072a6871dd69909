/*
 * What a stage's job does, as data: a stage type compiles its parameters into steps, the runner carries them out one after the other
 * and notes how each ended.
 */
#ifndef STAGES_STEP_H
#define STAGES_STEP_H

#include "base/vec.h"
#include "pipe.h"
#include "stages/action.h"
#include "stages/probe.h"
#include <stdbool.h>

enum step_kind {
	STEP_COMMAND, /* argv, without a shell */
	STEP_SCRIPT,  /* text for the job's shell: what the user wrote as a command */
	STEP_SERVICE, /* argv or script that goes on in the background until the job's end */
	STEP_PROBE,   /* looks whether something answers (probe.h) */
	STEP_ACTION   /* native work of the runner (action.h) */
};

enum step_state { STEP_PENDING, STEP_DONE, STEP_SKIPPED };

enum step_end {
	STEP_OK,
	STEP_FAILED,	/* exit_code or reason says how */
	STEP_TIMED_OUT, /* its own time was over (the job's timeout ends the whole job) */
	STEP_CANCELLED,
	STEP_SYSTEM /* could not be started: reason */
};

struct step {
	enum step_kind kind;
	const char *title;		   /* the line that the log shows before it, without "$ "; NULL: the command itself */
	const char *const *argv;	   /* COMMAND, SERVICE: NULL-terminated; argv[0] is looked up in the job's PATH */
	const char *script;		   /* SCRIPT; SERVICE where argv is NULL */
	const char *directory;		   /* where it runs, relative to the workspace; NULL: the workspace itself */
	const char *const *env;		   /* "NAME=VALUE" on top of the job's environment, NULL-terminated; or NULL */
	const struct probe *probe;	   /* PROBE */
	const struct stage_action *action; /* ACTION; its title must be given */
	const char *service;		   /* SERVICE: its name, for messages and for a probe of its log */
	int64_t timeout_ms;		   /* 0: none of its own */
	bool always;   /* done last, after all rounds, although a step failed or the job was cancelled: teardown */
	bool may_fail; /* its failure does not end the steps: `evaluate` judges it */
	bool quiet;    /* no title line in the log */

	/* Filled in by the runner. */
	enum step_state state;
	enum step_end end;
	int exit_code;	    /* -1: none */
	const char *reason; /* of an end that is not OK, in words; NULL: the exit code says it */
	int64_t duration_ms;
	uint64_t log_from, log_to; /* lines of the job's log that it wrote: [from, to), counted from 1 */
	struct probe_result result;
	const char *answer; /* of an ACTION: what it found out; "" */
};

typedef VEC(struct step) step_list;

#endif
