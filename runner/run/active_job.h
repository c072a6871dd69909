/*
 * A job while it runs, and the rooms that work on it.  job_run.c leads it from step to step; the others do one thing each and never
 * call back.  All on the loop's thread.
 */
#ifndef RUNNER_RUN_ACTIVE_JOB_H
#define RUNNER_RUN_ACTIVE_JOB_H

#include "runner/run/job/job_files.h"
#include "runner/run/job/job_script.h"
#include "runner/run/session.h"

/* How a job has ended; job_judge.c. */
struct outcome {
	enum pipe_status status;
	const char *failure; /* GitLab's word; NULL: none */
	unsigned cause;	     /* retry_cause bits */
	char reason[640];
};

struct job_hooks;

enum phase { PHASE_BEFORE, PHASE_SCRIPT, PHASE_AFTER_SCRIPT, PHASE_AFTER };

struct active_job {
	struct job_run *job;
	struct arena arena;
	enum phase phase;
	struct job_files files;
	VEC(struct job_run *) restoring; /* whose archives are unpacked for this job */
	struct job_variables variables;	 /* the storage of files.scope */
	uv_work_t work;
	struct task *task;
	struct task_spec spec;
	struct job_script script;
	struct mask_stream *mask;
	struct log_writer *log;
	struct str partial;	   /* a line whose end has not come */
	bool open_line;		   /* the log does not end in a newline */
	struct job_stage *stage;   /* of a typed job, or of one with reports; job_stage.c */
	struct job_hooks *hooks;   /* NULL: none was called; hooks.h */
	struct task_result result; /* of the script */
	struct outcome outcome;	   /* once it has ended */
	bool away;		   /* it has given up its place; place.h */
	struct active_job *next_returning;
	void (*returned)(struct active_job *x);
	bool after_hooks; /* the hooks that are called now know the outcome */
	bool cancelled, now;
};

/* ---- job_prepare.c ---- */
/* Fills x->files with what the job's definition asks for.  Only memory can fail. */
int job_prepare(struct active_job *x);
/* The archives of other jobs are unpacked: in the shared working copy they are there from now on. */
void job_prepare_note_restored(struct active_job *x);

/* ---- job_output.c ---- */
/* Opens log and masking, unless an earlier part of the job has. */
int job_output_open(struct active_job *x, pipe_error *err);
/* task_spec.on_output: x is the context. */
void job_output_take(void *context, const char *bytes, size_t length);
/* A line of our own in the log. */
void job_output_say(struct active_job *x, const char *text, size_t length);
/* Hands on what was held back as the possible beginning of a secret, and a last line without an end. */
void job_output_end(struct active_job *x);

/* Hands on what was held back, and ends a line that has no end. */
void job_output_end_line(struct active_job *x);

/* ---- job_judge.c ---- */
/* How the job ended, from x->result, x->files and the state of the run. */
void job_judge(const struct active_job *x, struct outcome *o);
/* What the hooks that were called after that have changed. */
void job_judge_hooks(const struct active_job *x, struct outcome *o);
bool job_judge_may_retry(const struct active_job *x, const struct outcome *o);
/* A failure that is allowed becomes a warning. */
void job_judge_allow_failure(const struct active_job *x, struct outcome *o);

/* ---- job_stage.c ---- */
/* A typed job, in place of its script: x->result says how it ended when `then` is called, later or at once. */
int job_stage_start(struct active_job *x, void (*then)(struct active_job *x), pipe_error *err);
/* Reads the reports of an ordinary job into evidence.  false: there is nothing to read, and `then` is not called. */
bool job_stage_reports(struct active_job *x, void (*then)(struct active_job *x));
/* The verdict of a typed job; false: it is none. */
bool job_stage_judge(const struct active_job *x, struct outcome *o);
/* Words to add to "the script failed" where its reports say otherwise; "". */
const char *job_stage_contradiction(const struct active_job *x);
/* Why the evidence of an ordinary job could not be kept; NULL: it is, or there is none. */
const pipe_error *job_stage_lost(const struct active_job *x);
/* Tells what the evidence adds up to. */
void job_stage_tell(struct active_job *x);
void job_stage_cancel(struct active_job *x, bool now);
void job_stage_free(struct active_job *x);

/* ---- job_results.c ---- */
/* Archives and dotenv variables into the history, and on to the jobs behind. */
void job_results_keep(struct active_job *x);

#endif
