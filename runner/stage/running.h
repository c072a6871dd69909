/* The insides of a typed job's run, shared by run.c (which step comes next), run_parts.c (what it is put together of), step.c (how a step
 * is done), judge.c (what is made of it, on worker threads) and outcome.c (what it has come to). */
#ifndef RUNNER_STAGE_RUNNING_H
#define RUNNER_STAGE_RUNNING_H

#include "runner/stage/actor.h"
#include "runner/stage/ledger.h"
#include "runner/stage/prober.h"
#include "runner/stage/reading.h"
#include "runner/stage/run.h"
#include "runner/stage/service.h"
#include "runner/stage/tool.h"
#include "runner/stage/view.h"
#include "runner/stage/world.h"

enum stage_phase { PHASE_PREPARING, PHASE_STEPS, PHASE_READING, PHASE_LAST, PHASE_STOPPING, PHASE_JUDGING, PHASE_OVER };

#define STEP_BEFORE UINT32_MAX /* in place of an index: before_script */

struct stage_run {
	struct stage_host host;
	struct arena arena; /* whoever has the job: the loop, or a worker */
	struct stage_place place;
	struct stage_job job;
	struct ledger ledger;
	struct reading reading;
	struct stage_view view;
	struct desk_work work;
	atomic_bool stop; /* for a worker */

	enum stage_phase phase;
	struct step before; /* before_script */
	uint32_t current;   /* the step under way */
	uint32_t next, until;
	uint32_t last_from, last_to;	       /* the last steps */
	uint32_t steps_before, reports_before; /* what was there before this round */
	bool *found;			       /* by report: something was read */
	uint32_t found_count;
	int64_t deadline; /* of uv_hrtime's clock, ms; 0: none */
	int64_t step_started;
	bool failed, cancelled, now, timed_out, extended, judged;
	int code; /* the machinery failed */
	pipe_error error;

	struct task *task;
	struct task_spec spec;
	const char *script_file;
	VEC(const char *) service_files;
	struct prober *prober;
	struct actor *actor;
	struct action_scripts scripts; /* of the actor */
	const char *handover;	       /* file of what before_script leaves; NULL: nothing is handed over */
	int64_t probe_limit;	       /* of the probe under way, ms; 0: none */
	bool job_bound;		       /* it is what was left of the job's time */
	struct services services;
	const char *service_failure; /* that ended a probe */
	struct str waiting;	     /* lines of services, until the log is at the beginning of a line */

	struct str said; /* by a worker, or by compile; shown when it is done */
	struct stage_outcome outcome;
	bool has_evidence, has_scratch;
};

struct step *run_step(struct stage_run *r, uint32_t index);
int64_t run_clock(void);

/* ---- run.c ---- */
/* The step under way has ended, and nothing of it is left. */
void run_step_ended(struct stage_run *r);
/* services.ended */
void run_service_ended(void *payload, const char *name, bool stopping);

/* ---- run_parts.c ---- */
/* Makes the job's directory for files between steps; the second, where a step or a report names it. */
int run_make_scratch(struct stage_run *r, pipe_error *err);
int run_make_scratch_if_wanted(struct stage_run *r, pipe_error *err);
/* The evidence of the run and of its baseline, for r->job.view; once. */
void run_open_view(struct stage_run *r);

/* ---- outcome.c ---- */
void run_judge_outcome(struct stage_run *r, struct stage_outcome *out);

/* ---- step.c ---- */
/* Begins r->current.  true: run_step_ended will be called, later.  false: it has ended. */
bool step_begin(struct stage_run *r);
void step_cancel(struct stage_run *r, bool now);
/* Lines of services that had to wait. */
void step_show_waiting(struct stage_run *r);
/* services.show */
void step_service_lines(void *payload, const char *text, size_t length);
/* A line of ours in the log, masked. */
void step_say(struct stage_run *r, const char *text);

/* ---- judge.c: on a worker thread ---- */
/* stage_job.say */
void judge_say(void *payload, const char *line);
/* Reads the reports of the round and lets the stage react; *more: it has added steps. */
int judge_round(struct stage_run *r, pipe_error *err);
/* Reads what has come since, and lets the stage judge. */
int judge_all(struct stage_run *r, pipe_error *err);
/* Tools that nobody has looked for yet: the first that is missing or too old is PIPE_EUNSUPPORTED. */
int judge_tools(struct stage_run *r, pipe_error *err);

#endif
