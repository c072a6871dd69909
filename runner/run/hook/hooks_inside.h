/* Inside of hooks.h. */
#ifndef RUNNER_RUN_HOOK_HOOKS_INSIDE_H
#define RUNNER_RUN_HOOK_HOOKS_INSIDE_H

#include "base/map.h"
#include "lua/call.h"
#include "runner/lua/host/host.h"
#include "runner/lua/wait/drive.h"
#include "runner/plan/plan_lua.h"
#include "runner/run/hook/hooks.h"
#include "runner/stage/ledger.h"

/* Beside a job, where its results are shown. */
struct hook_note {
	const char *label, *text, *url; /* or NULL */
};

/* What a caller's scripts put: written by the worker thread that a step is on, read on the loop between steps. */
struct hook_notes {
	struct arena arena;
	VEC(struct evidence_metric) metrics;
	VEC(struct evidence_finding) findings;
	VEC(struct hook_note) said; /* annotations, until they are shown */
	struct arena said_arena;
	struct evidence_sink sink;
	uint32_t count;
	bool refuse_evidence; /* there is no job that it could be of */

	/* Writing them down. */
	struct desk_work work;
	struct ledger ledger;
	struct active_job *x;
	int code;
	pipe_error error;
	bool written;
};

/* Whoever calls hooks: an attempt of a job, a run, or an on_event hook.  One call at a time. */
struct hook_caller {
	struct pipeline_run *p;
	struct active_job *x; /* NULL: the run */
	struct arena *arena;  /* its owner's, for what lives as long as it */
	const char *suffix;   /* of the mark of its commands: "run" */

	/* Made with the first call. */
	bool ready;
	struct run_host *host;
	struct scope scope;
	struct job_variables variables;
	struct lua_run_facts run;
	struct lua_job_facts job;
	struct lua_place place;
	struct hook_notes notes;

	/* The chain under way. */
	unsigned points; /* that are still to be called */
	enum hook_point point;
	int list; /* 0: the pipeline's, 1: the job's */
	uint32_t next;
	const struct hook *hook;
	struct hook_pace *pace; /* of the hook; NULL: not kept */
	struct lua_drive *drive;
	struct lua_context context;
	const json_t *extra; /* further members of ctx; or NULL */
	bool cancelled;
	bool quiet;	     /* what it says is no event for hooks: it would call itself for ever */
	const char *failure; /* of the first hook whose failure is more than a warning */
	void (*then)(struct hook_caller *c);
};

struct event_hook;

/* What calls of a hook have cost so far: one that has shown itself quick is called on the loop's thread. */
struct hook_pace {
	const struct hook *hook;
	int quick; /* calls in a row; negative: so many more are needed */
};

/* A pipeline's. */
struct pipeline_hooks {
	struct hook_caller caller;
	struct plan_lua *lua;
	struct map paces;	   /* struct hook * -> struct hook_pace * */
	struct event_hook *events; /* NULL: no on_event */
	unsigned event_kinds;	   /* bits by enum pipe_event_kind that somebody listens to */
	int64_t drain_until;	   /* the end waits for them, so long; 0: it is not there yet */
	bool called_after;
	bool refused;  /* before_run failed */
	uint32_t kept; /* notes in the history */
};

/* A job's attempt. */
struct job_hooks {
	struct hook_caller caller;
	const char *refusal; /* of gate, before_job */
	void (*then)(struct active_job *x);
};

/* ---- hooks.c ---- */
/* Begins the call of c->hook: hook_ended follows, later. */
int hook_call(struct hook_caller *c, void (*ended)(void *payload, const struct lua_outcome *outcome), pipe_error *err);
void hook_caller_clear(struct hook_caller *c);

/* ---- hook_context.c ---- */
int hook_context(struct hook_caller *c, pipe_error *err);

/* ---- hook_verdict.c ---- */
/* What the end of a call means to its caller.  true: it failed, and is no mere warning (c->failure says why). */
bool hook_judge(struct hook_caller *c, const struct lua_outcome *outcome);
/* A call that could not even be made. */
bool hook_judge_error(struct hook_caller *c, const pipe_error *err);
/* A sentence for whoever follows the run. */
void hook_warn(struct hook_caller *c, const char *text);
/* "before_run" */
const char *hook_point_name(enum hook_point point);
/* Lines for whoever reads the log; those of a run, which has none, are kept as notes. */
void hook_say(struct hook_caller *c, const char *text, size_t length);
/* The same of what is kept by itself. */
void hook_show(struct hook_caller *c, const char *text, size_t length);

/* ---- hook_events.c ---- */
int hook_events_open(struct pipeline_run *p, pipe_error *err);
void hook_events_free(struct pipeline_run *p);
/* Of an on_event hook whose on_error is "fail"; or NULL. */
const char *hook_events_failure(const struct pipeline_run *p);

/* ---- hook_notes.c ---- */
void hook_notes_init(struct hook_notes *n, bool of_job);
void hook_notes_clear(struct hook_notes *n);
/* struct run_host_options.annotate; payload: the notes. */
int hook_annotate(void *payload, const char *label, const char *text, const char *url, pipe_error *err);
/* New annotations become lines of the log, and are kept. */
void hook_notes_show(struct hook_caller *c);
/* Keeps in the history what no log has.  kind: as in pipe_note_record; text and url: or NULL; secrets are taken out. */
void hook_keep(struct hook_caller *c, const char *kind, const char *label, const char *text, const char *url);
/* Writes what was put into the evidence; false: nothing was, and `then` is not called. */
bool hook_notes_write(struct hook_caller *c, void (*then)(struct active_job *x));

#endif
