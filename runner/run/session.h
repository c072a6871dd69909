/*
 * A session drives one pipe_run: the pipeline and its child pipelines, on one loop, with one store, one executor and one set of
 * places to run.  The rooms around it:
 *   session.c        start, wait, cancel, free; the turn of the loop
 *   session_begin.c  all that is opened before the first job; session_control.c what other processes say, and hear
 *   pipeline_run.c   one pipeline (the root or a child): what its scheduler decides, its end
 *   pipeline_record.c  its row in the history; pipeline_keep.c jobs that have succeeded before
 *   pipeline_stages.c  what is known of typed jobs before they run: tools, the baseline, the evidence of kept ones
 *   child.c          trigger jobs
 *   notify.c         events: to the store, then to the subscriber
 *   job/             one job (active_job.h is what its files share): job_run.c the state machine; job_prepare.c what it asks for, with its
 *                    variables put in; job_script.c its script and environment, job_direct.c whether it needs a shell at all;
 *                    job_files.c what goes in before it and comes out after it (caches, artifacts, reports): on worker threads;
 *                    job_output.c its output; job_judge.c how it ended; job_results.c what it leaves in the history;
 *                    job_stage.c typed jobs, and reports: what a job hands to runner/stage/
 *   hook/            Lua at points in the life of a run and of its jobs (hooks.h)
 */
#ifndef RUNNER_SESSION_H
#define RUNNER_SESSION_H

#include "base/arena.h"
#include "base/str.h"
#include "pipe.h"
#include "runner/executor/executor.h"
#include "runner/executor/workers.h"
#include "runner/history/lock.h"
#include "runner/history/project.h"
#include "runner/log/log.h"
#include "runner/log/log_packer.h"
#include "runner/log/mask.h"
#include "runner/plan/planning.h"
#include "runner/run/scheduler.h"
#include "runner/stage/desk.h"
#include "runner/store/store.h"
#include <stdatomic.h>
#include <uv.h>

struct active_job;
struct http_loop;
struct pipeline_hooks;

/* One job of a pipeline for as long as the run lasts. */
struct job_run {
	struct pipeline_run *pipeline;
	const struct plan_job *plan;
	struct active_job *active;    /* while it runs; job_run.c */
	struct variables *dotenv;     /* what it reported; in the pipeline's arena */
	uv_timer_t *delay;	      /* until start_in is over */
	struct job_run *next_waiting; /* in its resource group */
	int64_t queued_ms, started_ms, finished_ms, expected_ms;
	uint32_t index, attempt, first_attempt; /* attempts count on where a run is resumed */
	int exit_code;
	uint8_t status;	    /* enum pipe_status */
	bool kept;	    /* succeeded in an earlier attempt of this run, or in the run that is repeated */
	uint32_t old_index; /* of a kept job, in the run it is kept from */
	bool has_archive;   /* artifacts to hand on */
	const char *names;  /* in the shared working copy: what is in them (struct archive_select), as far as kept; or NULL */
	size_t names_length;
	bool restored;	   /* kept, and its artifacts are in the shared working copy again */
	bool told_to_wait; /* for its resource group: said once */
	bool tools_known;  /* of a typed job: they are there */
};

/* One pipeline: the root's or a child's. */
struct pipeline_run {
	struct pipe_run *session;
	struct pipeline_run *next; /* list of all pipelines of the session, newest first */
	const struct pipe_plan *plan;
	struct pipe_plan *own_plan; /* of a child: to be freed */
	struct job_run *trigger;    /* the job that started it; NULL: the root */
	struct arena arena;
	struct scheduler *scheduler;
	int64_t *expected; /* by job */
	struct job_run *jobs;
	const char *prefix;    /* "parent -> ", for the names of its jobs in events; "" */
	const char *directory; /* <state>/runs/<number> */
	char nonce[33];
	int64_t number, started_ms;
	struct run_lock *lock;
	int control;			    /* run_control_open's descriptor; -1: none */
	struct evidence_baseline *baseline; /* NULL: not looked for yet */
	const char **common;		    /* the part of the environment that simple jobs share; job_script.c */
	uint32_t common_count;
	bool common_tried;
	uint32_t open, failed;	      /* selected jobs that have not ended; that failed */
	uint32_t active;	      /* of the open ones: ready, delayed or running */
	struct pipeline_hooks *hooks; /* NULL: it has none; hook/hooks.h */
	uint8_t status;
	bool held;     /* hooks of the run are being called: nothing starts, and it does not end */
	bool stopping; /* nothing new starts: cancelled, or fail-fast */
	bool cancelled;
	bool by_failure;	       /* cancelled because a job failed (workflow:auto_cancel:on_job_failure) */
	bool concluded;		       /* its end is in the history */
	bool made;		       /* its directory is there */
	bool has_dotenv, has_archives; /* some job reported variables, left artifacts */
	size_t names_bytes;	       /* of job_run.names */
};

/* An event that waits for the commit that makes it true. */
struct pending_event {
	pipe_event event;
	struct pipeline_run *pipeline; /* whose it is */
	bool quiet;		       /* it is none for hooks */
	struct pending_event *next;
};

/* A resource group that somebody holds, here or in another process. */
struct resource_group {
	struct resource_group *next;
	const char *name;
	struct job_run *holder; /* NULL: nobody here */
	struct job_run *waiting, **last_waiting;
	int fd; /* the file that is locked against other processes; -1 */
};

struct pipe_run {
	struct pipe_project *project;
	const struct pipe_plan *plan;
	pipe_run_options options;
	uv_loop_t own_loop, *loop;
	uv_async_t wake; /* pipe_run_cancel: from any thread, from a signal handler */
	uv_prepare_t turn;
	uv_timer_t poll;   /* for resource groups that another process holds */
	uv_timer_t commit; /* ends a group of changes */
	uv_poll_t control; /* commands of other processes */
	struct store *store;
	struct executor *executor;
	struct http_loop *http;	 /* of hooks; NULL until one is called */
	struct run_fresh *fresh; /* NULL: nobody asks */
	struct mask *mask;
	struct direct_program *direct; /* job_direct.c */
	struct log_packer *packer;
	struct workers workers;
	struct stage_desk desk;
	struct variables host;	  /* this process's environment, split once */
	struct arena arena;	  /* what lives as long as the session */
	struct arena event_arena; /* texts of pending events; cleared when they are delivered */
	struct pending_event *first_event, **last_event;
	struct pipeline_run *pipelines, *root;
	struct resource_group *groups;
	unsigned places, running;		       /* how many jobs may run; how many do */
	unsigned busy;				       /* other things under way: timers, worker threads */
	unsigned away;				       /* jobs that have given up their place; place.h */
	struct active_job *returning, *last_returning; /* of them: those that want one again */
	unsigned handles;			       /* open handles of ours */
	atomic_int cancels;			       /* how often somebody asked */
	int cancelled;				       /* how much of it has been acted on */
	int failure;				       /* the machinery failed: pipe_code */
	pipe_error error;
	bool history_failed; /* it cannot be written any more */
	int dirty;	     /* the work tree differs from the commit */
	bool quiet;	     /* what is told now is no event for hooks */
	bool loop_is_own, scheduling, grouping, finishing, draining, ended;
};

/* ---- session.c ---- */
/* The machinery failed (disk full, store gone): ends the run.  The first error is kept. */
void session_fail(struct pipe_run *s, const pipe_error *err);
/* The same when it is the history that failed: nothing is written to it from then on. */
void session_fail_history(struct pipe_run *s, const pipe_error *err);
/* Starts what may start.  Called whenever something has changed. */
void session_schedule(struct pipe_run *s);
/* A hook is done with its events: perhaps it was what the end of the session waited for. */
void session_events_over(struct pipe_run *s);
/* Something counted in `busy` or `running` is over: perhaps it was the last. */
void session_settle(struct pipe_run *s);
int64_t session_now(const struct pipe_run *s);
void session_log(const struct pipe_run *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* For session_begin.c: callbacks of the loop.  on_turn, once a turn: changes begin a group; with nothing running there is nothing to
 * wait for. */
void session_on_wake(uv_async_t *wake);
void session_on_turn(uv_prepare_t *turn);

/* ---- session_begin.c ---- */
/* After an error what was opened is closed by the caller. */
int session_begin(struct pipe_run *s, pipe_error *err);

/* ---- session_control.c ---- */
/* Listens for commands of other processes. */
int session_listen(struct pipe_run *s, pipe_error *err);
/* Runs that are under way for the same file and branch hear of this one.  Mostly there are none at all. */
void session_tell_older(struct pipe_run *s);

/* ---- notify.c ---- */
/* A job has changed its state: the history is told now (committed at the end of the loop's turn), the subscriber after that. */
void notify_job(struct job_run *j, enum pipe_event_kind kind, const char *reason, const char *failure, double coverage,
		const struct log_writer *log);
void notify_run(struct pipeline_run *p, enum pipe_event_kind kind);
/* What the job's evidence adds up to. */
void notify_evidence(struct job_run *j, const pipe_evidence *evidence);
void notify_warning(struct pipeline_run *p, struct job_run *j, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Output: at once. */
void notify_output(struct job_run *j, const char *text, size_t length);
/* Commits, then delivers what was waiting for it. */
void notify_flush(struct pipe_run *s);

/* ---- pipeline_run.c ---- */
int pipeline_run_create(struct pipeline_run **out, struct pipe_run *s, const struct pipe_plan *plan, struct pipe_plan *own,
			struct job_run *trigger, pipe_error *err);
/* Acts on what the scheduler has decided (skips, delays, manual jobs). */
void pipeline_run_decide(struct pipeline_run *p);
/* When nothing of it is active: ends what can no longer start, then the pipeline.  True: it has ended (now or before). */
bool pipeline_run_conclude(struct pipeline_run *p);
/* How it would end if it ended now. */
enum pipe_status pipeline_run_verdict(const struct pipeline_run *p);
/* Starts nothing new, and ends what runs. */
void pipeline_run_cancel(struct pipeline_run *p, bool now);
void pipeline_run_free(struct pipeline_run *p);
int pipeline_run_directory(struct pipeline_run *p, pipe_error *err);
/* "<directory>/<index><suffix>" in arena a. */
const char *job_path(const struct job_run *j, const char *suffix, struct arena *a);
/* The job has ended; tells scheduler, history and subscriber. */
void pipeline_run_ended(struct job_run *j, enum pipe_status status, const char *reason, const char *failure, double coverage,
			const struct log_writer *log);

/* ---- pipeline_record.c ---- */
/* Gives it its number. */
int pipeline_run_record(struct pipeline_run *p, pipe_error *err);

/* ---- pipeline_keep.c ---- */
/* A run goes on under its number only with the jobs that it has in the history. */
int pipeline_run_check_resume(struct pipeline_run *p, int64_t run, pipe_error *err);
/* Marks what an earlier run, or an earlier attempt of this one, has done already; settle: tells scheduler and subscriber of it. */
int pipeline_run_keep(struct pipeline_run *p, int64_t from, pipe_error *err);
void pipeline_run_settle_kept(struct pipeline_run *p);
/* Copies the variables that a job reported, for the jobs behind it, and writes them to the history. */
int pipeline_run_keep_dotenv(struct job_run *j, const struct variables *dotenv, pipe_error *err);

/* ---- pipeline_stages.c ---- */
/* Tools that typed jobs need, and that are missing or too old: PIPE_EUNSUPPORTED, one sentence for all. */
int pipeline_run_check_tools(struct pipeline_run *p, pipe_error *err);
/* What kept jobs have said in the run that is repeated is said in this one too; on a worker thread, before any other job's evidence. */
void pipeline_run_keep_evidence(struct pipeline_run *p, int64_t from);
/* Never NULL; lives as long as the pipeline. */
const struct evidence_baseline *pipeline_run_baseline(struct pipeline_run *p);

/* ---- resource.c ---- */
/* May the job start as far as its resource group is concerned?  If not it waits there and is put back when the group is free. */
bool resource_acquire(struct job_run *j);
void resource_release(struct job_run *j);
/* Tries again for those that other processes keep waiting; false: nobody waits for another process. */
bool resource_retry(struct pipe_run *s);
void resource_free_all(struct pipe_run *s);

/* ---- job/job_run.c ---- */
/* For a job that has no script of its own (child.c): what its hooks are called through, as if it were running.  NULL: no memory. */
struct active_job *job_run_attach(struct job_run *j);
void job_run_detach(struct active_job *x);
/* Starts a job that has a place.  Its end is told through pipeline_run_ended, later. */
void job_run_start(struct job_run *j);
/* now: kill, and no after_script. */
void job_run_cancel(struct job_run *j, bool now);

/* ---- child.c ---- */
void child_start(struct job_run *j);
void child_ended(struct pipeline_run *child);

#endif
