/*
 * pipe.h - the public interface of libpipe, an embeddable, declarative pipeline runner.
 *
 * The objects:
 *   pipe_project   a directory with a pipeline file and its history (`.pipe/`); the root of everything
 *   pipe_plan      a pipeline file, read, checked and resolved into jobs; immutable once loaded
 *   pipe_run       one execution of a plan
 *
 * Rules that hold everywhere:
 *   - Functions that can fail return PIPE_OK or a negative pipe_code and fill the caller's pipe_error, which may be NULL.
 *   - What leaves through a first `**out` argument is the caller's, to be given back to the matching *_free(), which takes NULL.
 *     Every other pointer that is handed out is borrowed from the object it came from and lives as long as that object.
 *   - Option structs begin with their version; initialise them with the *_INIT macro: another version is PIPE_EUSAGE.  New fields only
 *     ever join at the end.
 *   - The library prints nothing, never exits, installs no signal handler, changes no working directory and keeps no global
 *     state.  Objects of different projects may be used from different threads at once; one project belongs to one thread at
 *     a time, but for the calls that say otherwise.
 *   - Text is UTF-8 and NUL-terminated.  Times are milliseconds since 1970-01-01 UTC, durations are milliseconds.
 */
#ifndef PIPE_H
#define PIPE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PIPE_API __attribute__((visibility("default")))
#else
#define PIPE_API
#endif

#define PIPE_VERSION "0.1.0"

/* ---- errors ------------------------------------------------------------------------------------------------------ */

#define PIPE_ERROR_MAP(X)                                                                                                        \
	X(NOMEM, -1, "out of memory")                                                                                            \
	X(IO, -2, "the system refused")                                                                                          \
	X(PIPELINE, -3, "the pipeline file is wrong")                                                                            \
	X(USAGE, -4, "the call is wrong")                                                                                        \
	X(NOTFOUND, -5, "there is no such thing")                                                                                \
	X(STORE, -6, "the history cannot be read or written")                                                                    \
	X(NETWORK, -7, "the network or a remote server failed")                                                                  \
	X(LIMIT, -8, "a limit was reached")                                                                                      \
	X(BUSY, -9, "somebody else is at work there")                                                                            \
	X(UNSUPPORTED, -10, "this build or machine cannot do that")

enum pipe_code {
	PIPE_OK = 0,
#define X(name, value, text) PIPE_E##name = value,
	PIPE_ERROR_MAP(X)
#undef X
};

/* A failure: a code for programs, a sentence for people.  A plain value: nothing to free, usable when memory has run out. */
typedef struct pipe_error {
	enum pipe_code code;
	unsigned line, column; /* 1-based; 0: no place in a file is to blame */
	char file[256];	       /* cut short rather than allocated; empty: none */
	char text[512];
} pipe_error;

/* The general sentence for a code ("out of memory"); never NULL, static. */
PIPE_API const char *pipe_code_text(int code);

/* The library's version, as PIPE_VERSION was when it was built. */
PIPE_API const char *pipe_version(void);

/* Receives rendered text piece by piece; returns 0 to go on, anything else to stop (the call then fails with PIPE_EIO). */
typedef int (*pipe_write_cb)(void *payload, const char *text, size_t length);

/* ---- project ----------------------------------------------------------------------------------------------------- */

typedef struct pipe_project pipe_project;

typedef struct pipe_project_options {
	unsigned version;
	const char *directory;	     /* where to start looking; NULL: the current directory.  The project is the Git work tree
	                                around it, or the directory itself outside Git */
	const char *state_directory; /* NULL: $PIPE_STATE_DIR, or `.pipe` in the project */
	void (*log)(void *payload, const char *message); /* the library's own warnings, a sentence each; NULL: dropped */
	void *payload;
} pipe_project_options;
#define PIPE_PROJECT_OPTIONS_VERSION 1
#define PIPE_PROJECT_OPTIONS_INIT                                                                                                \
	{                                                                                                                        \
		PIPE_PROJECT_OPTIONS_VERSION, NULL, NULL, NULL, NULL                                                             \
	}

/* Opens a project.  Nothing is written until a run starts.  opts may be NULL; what it points to is copied. */
PIPE_API int pipe_project_open(pipe_project **out, const pipe_project_options *opts, pipe_error *err);
/* After its plans and runs. */
PIPE_API void pipe_project_free(pipe_project *project);
/* Absolute paths, without a trailing slash. */
PIPE_API const char *pipe_project_directory(const pipe_project *project);
PIPE_API const char *pipe_project_state_directory(const pipe_project *project);

/* ---- plan -------------------------------------------------------------------------------------------------------- */

typedef struct pipe_plan pipe_plan;

/* Limits on what a pipeline file may ask of the reader; 0 means the default (docs/reference/limits.md). */
typedef struct pipe_limits {
	uint64_t file_bytes;  /* one file: 16 MiB */
	uint64_t total_bytes; /* all files of a pipeline together: 64 MiB */
	uint32_t depth;	      /* nesting of YAML collections: 100 */
	uint32_t nodes;	      /* YAML nodes after aliases are followed: 4,000,000 */
	uint32_t includes;    /* files included in one pipeline: 150 */
	uint32_t jobs;	      /* job instances after parallel and matrix: 100,000 */
	uint32_t matrix;      /* job instances of one job: 10,000 */
	uint32_t regex_steps; /* steps of one regular expression match: 1,000,000 */
	uint32_t network_ms;  /* fetching one include: 30,000 */
} pipe_limits;

typedef struct pipe_plan_options {
	unsigned version;
	const char *
		file; /* relative to the project; NULL: the first of pipe.yml .pipe.yml pipeline.yml pipeline.lua .gitlab-ci.yml */
	const char *text; /* content in the place of a file on disk, which file names, NULL: pipe.yml; or NULL */
	const char *const
		*variables; /* "KEY=VALUE", NULL-terminated: pipeline variables, they win over those of the file; or NULL */
	const char *const *unset_variables; /* "KEY": removed wherever they were set; or NULL */
	const char *const *variables_files; /* files of KEY: VALUE (YAML) or KEY=VALUE lines; or NULL */
	const char *const *inputs;	    /* "KEY=VALUE" for spec:inputs; or NULL */
	const char *as;			    /* push | merge_request[:TARGET] | tag[:NAME] | schedule | web; NULL: push */
	int assume_changed;		    /* every rules:changes is true */
	int offline;			    /* included files come from the cache only */
	const char *const *jobs;   /* only these jobs (and what they need); a matrix job's base name selects all of its jobs */
	const char *const *manual; /* manual jobs to start without being asked again */
	const char *stage;	   /* only the jobs of this stage; or NULL */
	int no_needs;		   /* with jobs: without what they need */
	int only_needs;		   /* with jobs: what they need, without themselves */
	int strict;		   /* what this executor cannot honour is an error, not a warning */
	/* "KEY=VALUE": variables whose values never reach a log, an event or the store; or NULL.  Of a run of the past: "KEY" alone, the
	 * value is to be given again. */
	const char *const *secrets;
	pipe_limits limits;
} pipe_plan_options;
#define PIPE_PLAN_OPTIONS_VERSION 1
#define PIPE_PLAN_OPTIONS_INIT                                                                                                   \
	{                                                                                                                        \
		PIPE_PLAN_OPTIONS_VERSION, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, 0, 0, 0, NULL,      \
		{                                                                                                                \
			0, 0, 0, 0, 0, 0, 0, 0, 0                                                                                \
		}                                                                                                                \
	}

enum pipe_severity { PIPE_ERROR, PIPE_WARNING, PIPE_NOTE };

/* One thing to say about a pipeline file. */
typedef struct pipe_diagnostic {
	enum pipe_severity severity;
	const char *code;	       /* stable, such as "unknown-keyword": docs/reference/diagnostics.md */
	const char *file;	       /* as the user would name it */
	unsigned line, column, length; /* 1-based; length of the text at fault in characters, at least 1 */
	const char *message;	       /* what is wrong */
	const char *hint;	       /* what would be right; or NULL */
} pipe_diagnostic;

/* Reads, checks and resolves a pipeline file.  On PIPE_EPIPELINE *out is set too: a plan that cannot be run, whose diagnostics
 * say all that is wrong; on any other error it is NULL.  opts may be NULL; its strings are copied, but for text, which outlives the plan, as
 * the project does.  Blocking: files, Git and, for includes, the network. */
PIPE_API int pipe_plan_load(pipe_plan **out, pipe_project *project, const pipe_plan_options *opts, pipe_error *err);
/* Not while a run of it goes on. */
PIPE_API void pipe_plan_free(pipe_plan *plan);

/* How many of that severity. */
PIPE_API size_t pipe_plan_diagnostic_count(const pipe_plan *plan, enum pipe_severity severity);
/* i counts over all severities, in the order of files and lines; NULL past the end. */
PIPE_API const pipe_diagnostic *pipe_plan_diagnostic(const pipe_plan *plan, size_t i);

/* One job of a plan, for looking at. */
typedef struct pipe_job_info {
	const char *name;
	const char *stage;
	const char *when; /* on_success on_failure always manual delayed never */
	int allow_failure;
	int included;		 /* 0: rules, only/except or the selection leave it out */
	const char *reason;	 /* why it is in or out: the rule that decided, in words */
	const char *reason_file; /* and its place; NULL: no place */
	unsigned reason_line;
	const char *const *needs; /* names, NULL-terminated; NULL: it waits for the earlier stages */
} pipe_job_info;

/* All jobs of the file, included or not. */
PIPE_API size_t pipe_plan_job_count(const pipe_plan *plan);
/* Fills *out, in the order of execution; PIPE_ENOTFOUND past the end. */
PIPE_API int pipe_plan_job(const pipe_plan *plan, size_t i, pipe_job_info *out);

enum pipe_view {
	PIPE_VIEW_DIAGNOSTICS_TEXT, /* for people: place, line, caret, message, hint; colour: 1 */
	PIPE_VIEW_DIAGNOSTICS_JSON,
	PIPE_VIEW_DIAGNOSTICS_SARIF, /* SARIF 2.1.0 */
	PIPE_VIEW_PLAN_TEXT,
	PIPE_VIEW_PLAN_JSON,
	PIPE_VIEW_GRAPH_ASCII,
	PIPE_VIEW_GRAPH_DOT,
	PIPE_VIEW_GRAPH_MERMAID,
	PIPE_VIEW_GRAPH_SVG,
	PIPE_VIEW_JOB,	   /* subject: a job's name; its merged definition, each key with its place */
	PIPE_VIEW_KEYWORD, /* subject: a keyword such as "artifacts:paths", a type of stage, "test:reports"; the plan may be NULL */
	PIPE_VIEW_SCHEMA,     /* JSON Schema of the language; the plan may be NULL */
	PIPE_VIEW_REFERENCE,  /* the keyword reference as Markdown; the plan may be NULL */
	PIPE_VIEW_PREDEFINED, /* the predefined variables as Markdown; the plan may be NULL */
	PIPE_VIEW_STAGES      /* the reference of the types of stages as Markdown; the plan may be NULL */
};

typedef struct pipe_view_options {
	unsigned version;
	const char *subject; /* PIPE_VIEW_JOB, PIPE_VIEW_KEYWORD */
	int colour;	     /* ANSI colours where the view is text */
	unsigned width;	     /* columns; 0: 100 */
} pipe_view_options;
#define PIPE_VIEW_OPTIONS_VERSION 1
#define PIPE_VIEW_OPTIONS_INIT                                                                                                   \
	{                                                                                                                        \
		PIPE_VIEW_OPTIONS_VERSION, NULL, 0, 0                                                                            \
	}

/* Renders one view of a plan or of the language, in UTF-8.  opts may be NULL.  PIPE_EUSAGE: the view needs a plan without errors, or a subject;
 * PIPE_ENOTFOUND: there is no such job or keyword. */
PIPE_API int pipe_plan_view(const pipe_plan *plan, enum pipe_view view, const pipe_view_options *opts, pipe_write_cb write,
			    void *payload, pipe_error *err);

/* ---- events ------------------------------------------------------------------------------------------------------ */

/* A run is one stream of events.  Names are stable; new kinds may join, so ignore what you do not know. */
#define PIPE_EVENT_MAP(X)                                                                                                        \
	X(RUN_STARTED, "run_started")	/* once, first */                                                                        \
	X(JOB_QUEUED, "job_queued")	/* its needs allow it; it waits for a place to run (or for its delay) */                 \
	X(JOB_STARTED, "job_started")	/* an attempt begins */                                                                  \
	X(LOG, "log")			/* output of a job: whole lines */                                                       \
	X(JOB_RETRY, "job_retry")	/* an attempt failed and another follows */                                              \
	X(JOB_FINISHED, "job_finished") /* the job's last word */                                                                \
	X(WARNING, "warning")		/* something the user should know */                                                     \
	X(RUN_FINISHED, "run_finished") /* once, last */                                                                         \
	X(EVIDENCE, "evidence")		/* what the job's reports and checks add up to; before JOB_FINISHED */

enum pipe_event_kind {
#define X(name, text) PIPE_EVENT_##name,
	PIPE_EVENT_MAP(X)
#undef X
};

/* States of a job. */
#define PIPE_STATUS_MAP(X)                                                                                                       \
	X(WAITING, "waiting")	/* for other jobs */                                                                             \
	X(READY, "ready")	/* for a place to run */                                                                         \
	X(STARTING, "starting") /* its workspace is prepared */                                                                  \
	X(RUNNING, "running")                                                                                                    \
	X(COLLECTING, "collecting") /* its artifacts are taken */                                                                \
	X(SUCCESS, "success")                                                                                                    \
	X(FAILED, "failed")                                                                                                      \
	X(WARNING, "warning") /* failed, and allowed to */                                                                       \
	X(SKIPPED, "skipped")                                                                                                    \
	X(MANUAL, "manual") /* waits for somebody to start it */                                                                 \
	X(CANCELLED, "cancelled")                                                                                                \
	X(LOST, "lost") /* its runner died */

enum pipe_status {
#define X(name, text) PIPE_STATUS_##name,
	PIPE_STATUS_MAP(X)
#undef X
};
/* "success", "job_started"; static. */
PIPE_API const char *pipe_status_name(enum pipe_status status);
PIPE_API const char *pipe_event_name(enum pipe_event_kind kind);

/* What reports and checks add up to. */
typedef struct pipe_evidence {
	/* Was there a report of that sort?  Then 0 is a result, and not the lack of one. */
	int has_tests, has_coverage, has_findings;
	/* Tests; those in quarantine are counted there only.  errors: they broke, rather than failed; flaky: they failed, and passed on
	 * another try. */
	uint64_t passed, failed, errors, flaky, skipped, quarantined;
	int64_t tests_ms; /* their durations together */
	uint64_t lines, lines_hit, branches, branches_hit;
	/* Findings of all kinds by severity, and those that their tools were told to pass over. */
	uint64_t critical, high, medium, low, info, unknown, suppressed;
	uint64_t metrics, components, images;
	uint64_t reports, broken; /* read to their end; that could not be read */
	/* Of a gate; failed ones also where they only warn.  In events only: of an earlier run see pipe_history_conditions. */
	uint64_t conditions, conditions_failed;
} pipe_evidence;

typedef struct pipe_event {
	enum pipe_event_kind kind;
	int64_t time_ms;
	int64_t run;		 /* the run's number */
	const char *job;	 /* NULL: the event is the run's */
	uint32_t job_index;	 /* of this run, counted from 0; stable; undefined without job */
	const char *stage;	 /* of the job */
	uint32_t attempt;	 /* from 1 */
	enum pipe_status status; /* JOB_FINISHED, RUN_FINISHED */
	int exit_code;		 /* JOB_FINISHED, JOB_RETRY; -1: there is none */
	const char *reason;	 /* why, in words: "script failed with exit code 2"; or NULL */
	const char
		*failure; /* JOB_FINISHED, JOB_RETRY: script_failure, job_execution_timeout, runner_system_failure...; or NULL */
	int64_t duration_ms;	       /* JOB_FINISHED, RUN_FINISHED */
	int64_t expected_ms;	       /* RUN_STARTED, JOB_STARTED: estimate from history; -1: none */
	uint32_t jobs_total;	       /* RUN_STARTED */
	const char *text;	       /* LOG: bytes of whole lines, not NUL-terminated, secrets masked; WARNING: a sentence */
	size_t text_length;	       /* LOG */
	const pipe_evidence *evidence; /* EVIDENCE */
} pipe_event;

/* Called on the thread that drives the run; what the event points to lives until the call returns. */
typedef void (*pipe_event_cb)(void *payload, const pipe_event *event);

/* Writes an event as the line(s) of NDJSON that docs/events.md describes, each with its newline.  Any thread.  PIPE_OK, PIPE_ENOMEM, or
 * PIPE_EIO: write said to stop. */
PIPE_API int pipe_event_json(const pipe_event *event, pipe_write_cb write, void *payload);

/* "tests 812 passed, 1 failed · coverage 81.2 % · findings 1 high, 3 medium": what there is of it, in one line without a
 * newline, in one call.  Returns as pipe_event_json does. */
PIPE_API int pipe_evidence_text(const pipe_evidence *evidence, pipe_write_cb write, void *payload);

/* ---- run --------------------------------------------------------------------------------------------------------- */

typedef struct pipe_run pipe_run;

typedef struct pipe_run_options {
	unsigned version;
	unsigned max_jobs; /* at a time; 0: one per processor */
	int keep_going;	   /* 1: jobs that do not depend on a failed one still run (the default of the language); 0: the first
	                           failure starts nothing new */
	int isolate;	   /* each job in its own copy of the tracked and changed files */
	int64_t retry_of;  /* a new run that keeps what succeeded in this one, and runs the rest; 0: nothing is kept */
	int64_t resume;	   /* go on with this run under its own number: what succeeded stays, the rest runs; 0: a new run */
	pipe_event_cb on_event; /* may be NULL; never called after pipe_run_free() */
	void *payload;
	void *loop;    /* a uv_loop_t to run on, whose owner then drives it; NULL: a loop of the run's own, see pipe_run_wait() */
	int subreaper; /* 1: this process may become a child subreaper, so that daemons of jobs are found and ended.  It is
	                           an attribute of the whole process: a host that has children of its own decides */
	unsigned grace_ms; /* between TERM and KILL; 0: 10,000 */
	int durable;	   /* 1: history survives a power cut at the price of a disk flush a commit */
} pipe_run_options;
#define PIPE_RUN_OPTIONS_VERSION 1
#define PIPE_RUN_OPTIONS_INIT                                                                                                    \
	{                                                                                                                        \
		PIPE_RUN_OPTIONS_VERSION, 0, 1, 0, 0, 0, NULL, NULL, NULL, 0, 0, 0                                               \
	}

/* Starts plan, which must outlive the run; so must the project.  opts may be NULL.  Jobs begin, and events come, when the loop is driven.
 * PIPE_EPIPELINE: the plan has errors; PIPE_ENOTFOUND: there is no run retry_of or resume; PIPE_EBUSY: the one to resume is under way;
 * PIPE_EUNSUPPORTED: a tool of a typed job is missing or too old; PIPE_ESTORE, PIPE_EIO: the history cannot be written. */
PIPE_API int pipe_run_start(pipe_run **out, pipe_project *project, const pipe_plan *plan, const pipe_run_options *opts,
			    pipe_error *err);
/* Drives the loop until the run has ended; at once when it has.  PIPE_OK however the jobs ended; an error says that the machinery
 * failed: the history could not be written, for instance. */
PIPE_API int pipe_run_wait(pipe_run *run, pipe_error *err);
/* Ends the run: TERM to its jobs, KILL after the grace time; after_script still runs.  A second call kills at once.
 * Safe from any thread and from a signal handler.  Events go on coming until RUN_FINISHED. */
PIPE_API void pipe_run_cancel(pipe_run *run);
/* Starts a job that waits for somebody to start it.  On the thread that drives the run.  PIPE_ENOTFOUND: the run has no such job;
 * PIPE_EUSAGE: it does not wait (any more). */
PIPE_API int pipe_run_play(pipe_run *run, const char *job, pipe_error *err);
/* Its number in the history, by which all pipe_history_ functions know it. */
PIPE_API int64_t pipe_run_number(const pipe_run *run);
/* PIPE_STATUS_RUNNING until it has ended; then SUCCESS, FAILED or CANCELLED. */
PIPE_API enum pipe_status pipe_run_status(const pipe_run *run);
/* The job's state now, by the index that its events bear. */
PIPE_API enum pipe_status pipe_run_job_status(const pipe_run *run, uint32_t job_index);
/* A run that still goes on is cancelled and awaited. */
PIPE_API void pipe_run_free(pipe_run *run);

/* ---- history ----------------------------------------------------------------------------------------------------- */

typedef struct pipe_run_record {
	int64_t number;
	enum pipe_status status;		 /* RUNNING, SUCCESS, FAILED, CANCELLED, LOST */
	int64_t started_ms, finished_ms;	 /* finished_ms 0: not yet */
	const char *file;			 /* the pipeline file */
	const char *name;			 /* workflow:name; or "" */
	const char *source;			 /* push, merge_request_event... */
	const char *commit_sha, *branch, *title; /* "" outside Git */
	int dirty;				 /* the work tree differed from the commit */
	uint32_t jobs, failed;			 /* counts */
	int64_t parent;				 /* the run whose child pipeline or retry this is; 0: none */
} pipe_run_record;

typedef struct pipe_job_record {
	uint32_t index;
	const char *name, *stage;
	enum pipe_status status;
	int allow_failure;
	int exit_code; /* -1: none */
	uint32_t attempts;
	int64_t queued_ms, started_ms, finished_ms; /* 0: not yet */
	const char *reason, *failure;		    /* or "" */
	double coverage;			    /* per cent; negative: none */
	uint64_t log_bytes, log_lines;
} pipe_job_record;

typedef struct pipe_transition_record {
	uint32_t job_index;
	uint32_t attempt;
	int64_t time_ms;
	enum pipe_status status;
	const char *reason; /* or "" */
} pipe_transition_record;

typedef struct pipe_artifact_record {
	uint32_t job_index;
	const char *job, *name, *kind; /* kind: "archive" or a report such as "junit", "dotenv" */
	const char *path;	       /* of the archive, absolute */
	uint64_t bytes;
	uint32_t files;
	int64_t expires_ms; /* 0: never */
} pipe_artifact_record;

/*
 * Callbacks return 0 to go on, anything else to stop early (no error).  Records live until the callback returns.  Run 0 means the last
 * one.  PIPE_ENOTFOUND: there is no history yet, no such run, or no such job in it.  All history calls may be made while a run of this or of
 * another process writes; they block for as long as the disk takes.
 */

/* Runs, the newest first: at most limit (0: all) with numbers below before (0: from the last one on). */
PIPE_API int pipe_history_runs(pipe_project *project, int64_t before, size_t limit,
			       int (*each)(void *payload, const pipe_run_record *run), void *payload, pipe_error *err);
/* One run; each is called once. */
PIPE_API int pipe_history_run(pipe_project *project, int64_t run, int (*each)(void *payload, const pipe_run_record *run),
			      void *payload, pipe_error *err);
/* The jobs of a run, by index. */
PIPE_API int pipe_history_jobs(pipe_project *project, int64_t run, int (*each)(void *payload, const pipe_job_record *job),
			       void *payload, pipe_error *err);
/* Every change of a job's state, in the order in which they came. */
PIPE_API int pipe_history_transitions(pipe_project *project, int64_t run,
				      int (*each)(void *payload, const pipe_transition_record *t), void *payload,
				      pipe_error *err);
/* What jobs left behind and is still there; job: by name, NULL: all. */
PIPE_API int pipe_history_artifacts(pipe_project *project, int64_t run, const char *job,
				    int (*each)(void *payload, const pipe_artifact_record *a), void *payload, pipe_error *err);

typedef struct pipe_note_record { /* what hooks said that is in no log, and what they put beside a job */
	uint32_t job_index;
	const char *job; /* NULL: of the run itself */
	int64_t time_ms;
	const char *kind;  /* "annotation", "line", "warning" */
	const char *label; /* an annotation's; of the others which hook it was: "before_run" */
	const char *text;  /* or "" */
	const char *url;   /* of an annotation; or "" */
} pipe_note_record;
/* Those of a run, in the order in which they came; up to 1,000 are kept. */
PIPE_API int pipe_history_notes(pipe_project *project, int64_t run, int (*each)(void *payload, const pipe_note_record *note),
				void *payload, pipe_error *err);
/* The definition of a run as it was expanded then (YAML), and its variables without secrets (JSON object). */
PIPE_API int pipe_history_definition(pipe_project *project, int64_t run, pipe_write_cb write, void *payload, pipe_error *err);
PIPE_API int pipe_history_variables(pipe_project *project, int64_t run, pipe_write_cb write, void *payload, pipe_error *err);

typedef struct pipe_log_options {
	unsigned version;
	uint64_t from_line; /* from 1 */
	int follow;	    /* until the job has ended, or its runner died */
	int times;	    /* line by line, each with its time */
} pipe_log_options;
#define PIPE_LOG_OPTIONS_VERSION 1
#define PIPE_LOG_OPTIONS_INIT                                                                                                    \
	{                                                                                                                        \
		PIPE_LOG_OPTIONS_VERSION, 1, 0, 0                                                                                \
	}
/* A job's log.  times: one callback a line; otherwise in large pieces with time_ms 0.  opts may be NULL. */
PIPE_API int pipe_history_log(pipe_project *project, int64_t run, const char *job, const pipe_log_options *opts,
			      int (*each)(void *payload, int64_t time_ms, const char *text, size_t length), void *payload,
			      pipe_error *err);

/* Unpacks an artifact archive (pipe_artifact_record.path) into a directory; nothing leaves it. */
PIPE_API int pipe_artifact_extract(pipe_project *project, const char *archive, const char *directory, pipe_error *err);

/* Asks the process that drives a run to cancel it, and does not wait for the end.  PIPE_ENOTFOUND: it is not running. */
PIPE_API int pipe_history_cancel(pipe_project *project, int64_t run, pipe_error *err);
/* Plan options that repeat a run: its file, variables, inputs and kind.  The strings belong to the project. */
PIPE_API int pipe_history_plan_options(pipe_project *project, int64_t run, pipe_plan_options *out, pipe_error *err);

/* What became of runs whose process died: they are marked lost, their processes ended.  Every run start does it too.  runs, processes: how
 * many; or NULL. */
PIPE_API int pipe_history_recover(pipe_project *project, unsigned *runs, unsigned *processes, pipe_error *err);

typedef struct pipe_gc_options {
	unsigned version;
	int64_t max_age_ms; /* 0: any */
	uint32_t max_runs;  /* 0: any number */
	uint64_t max_bytes; /* of logs and artifacts together, the newest runs first; 0: any size */
	int dry_run;	    /* only count */
} pipe_gc_options;
#define PIPE_GC_OPTIONS_VERSION 1
#define PIPE_GC_OPTIONS_INIT                                                                                                     \
	{                                                                                                                        \
		PIPE_GC_OPTIONS_VERSION, 0, 0, 0, 0                                                                              \
	}
typedef struct pipe_gc_result { /* what was removed */
	uint32_t runs, artifacts, caches;
	uint64_t bytes;
} pipe_gc_result;
/* Removes runs that are older, or more, than opts say, and artifacts that have expired.  Runs under way stay.  opts NULL: no bounds;
 * result: or NULL. */
PIPE_API int pipe_history_gc(pipe_project *project, const pipe_gc_options *opts, pipe_gc_result *result, pipe_error *err);

/* ---- evidence ---------------------------------------------------------------------------------------------------- */

/* What reports and checks said of a run.  It may be read while the run goes on: a job's evidence is there when the job has ended.  A
 * run (or a whole history) without evidence has no rows; that is no error.  Where a job is asked for it is by name, NULL: all. */

/* Of the run, or of one job.  What several jobs say of one finding or one line of source counts once. */
PIPE_API int pipe_history_evidence(pipe_project *project, int64_t run, const char *job, pipe_evidence *out, pipe_error *err);
/* Of each job that has any. */
PIPE_API int pipe_history_evidence_jobs(pipe_project *project, int64_t run,
					int (*each)(void *payload, uint32_t job_index, const char *job,
						    const pipe_evidence *evidence),
					void *payload, pipe_error *err);

typedef struct pipe_test_record {
	uint32_t job_index;
	const char *job;
	const char *suite, *name, *file; /* suite, file: or "" */
	uint32_t line;			 /* 0: not said */
	const char *status;		 /* failed, error, flaky, passed, skipped */
	int expected;	     /* it passed because it was expected to fail, or failed because it was expected to and did not */
	int quarantined;     /* known to be unreliable: it does not count */
	uint32_t failures;   /* of a flaky one: tries that failed */
	int64_t duration_us; /* -1: not said */
	const char *message, *details; /* why it failed or was skipped, in short and whole; or "" */
} pipe_test_record;

typedef struct pipe_test_options {
	unsigned version;
	const char *job;
	const char *status; /* only these; "failed" means those that broke as well; NULL: all */
	int quarantined;    /* 0: also those in quarantine, 1: only those, -1: without them */
	int slowest;	    /* by duration, the longest first */
	uint64_t limit;	    /* 0: all */
} pipe_test_options;
#define PIPE_TEST_OPTIONS_VERSION 1
#define PIPE_TEST_OPTIONS_INIT                                                                                                   \
	{                                                                                                                        \
		PIPE_TEST_OPTIONS_VERSION, NULL, NULL, 0, 0, 0                                                                   \
	}
/* opts may be NULL. */
PIPE_API int pipe_history_tests(pipe_project *project, int64_t run, const pipe_test_options *opts,
				int (*each)(void *payload, const pipe_test_record *test), void *payload, pipe_error *err);

typedef struct pipe_unreliable_record {	 /* a test that was red and green by turns over the last runs of its file and branch */
	const char *job;		 /* without its place among parallel ones */
	const char *suite, *name, *file; /* suite, file: or "" */
	uint32_t runs, failures;	 /* of at most 20: that had it, and those in which it failed, were it only at first */
} pipe_unreliable_record;
/* Up to this run; the most frequent failures first. */
PIPE_API int pipe_history_unreliable(pipe_project *project, int64_t run, const char *job,
				     int (*each)(void *payload, const pipe_unreliable_record *test), void *payload,
				     pipe_error *err);

typedef struct pipe_finding_record {
	uint32_t job_index;
	const char *job;
	const char *kind;			 /* issue, warning, vulnerability, secret, misconfiguration, license */
	const char *severity;			 /* unknown, info, low, medium, high, critical */
	int suppressed;				 /* its tool was told to pass over it: it does not count */
	const char *tool, *rule, *path;		 /* or "" */
	uint32_t line, column, end_line;	 /* 0: not said */
	const char *message;			 /* or "" */
	const char *package, *installed, *fixed; /* of vulnerabilities: versions; or "" */
	const char *url;			 /* or "" */
	const char *fingerprint;		 /* 32 hex digits: the same finding in another run has the same */
} pipe_finding_record;

typedef struct pipe_finding_options {
	unsigned version;
	const char *job;
	const char *kind;	  /* only these; NULL: all */
	const char *least, *most; /* severities, both included; or NULL */
	int suppressed;		  /* also suppressed ones */
	int64_t not_in;		  /* only those that this run does not have; 0: any */
	const char *rule, *tool;  /* only these; or NULL */
} pipe_finding_options;
#define PIPE_FINDING_OPTIONS_VERSION 1
#define PIPE_FINDING_OPTIONS_INIT                                                                                                \
	{                                                                                                                        \
		PIPE_FINDING_OPTIONS_VERSION, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL                                           \
	}
/* A finding that several jobs have comes once.  opts may be NULL. */
PIPE_API int pipe_history_findings(pipe_project *project, int64_t run, const pipe_finding_options *opts,
				   int (*each)(void *payload, const pipe_finding_record *finding), void *payload,
				   pipe_error *err);

typedef struct pipe_line_coverage {
	uint32_t line;
	uint64_t hits;
	uint32_t branches, branches_hit; /* 0, 0: none on this line */
} pipe_line_coverage;

typedef struct pipe_coverage_record {
	const char *path;
	uint64_t lines, lines_hit, branches, branches_hit;
	const pipe_line_coverage *items; /* of its lines, in ascending order, where they were asked for; or NULL */
	size_t count;
} pipe_coverage_record;

typedef struct pipe_coverage_options {
	unsigned version;
	const char *job;
	const char *path; /* only this file; NULL: all */
	int lines;	  /* with the lines of each file */
} pipe_coverage_options;
#define PIPE_COVERAGE_OPTIONS_VERSION 1
#define PIPE_COVERAGE_OPTIONS_INIT                                                                                               \
	{                                                                                                                        \
		PIPE_COVERAGE_OPTIONS_VERSION, NULL, NULL, 0                                                                     \
	}
/* Files by path, each once, with what all jobs say of it together.  opts may be NULL. */
PIPE_API int pipe_history_coverage(pipe_project *project, int64_t run, const pipe_coverage_options *opts,
				   int (*each)(void *payload, const pipe_coverage_record *file), void *payload, pipe_error *err);

typedef struct pipe_metric_record {
	uint32_t job_index;
	const char *job;
	const char *name;
	const char *labels;	 /* key="value",...; or "" */
	double value;		 /* may be infinite, or no number */
	const char *unit, *help; /* or "" */
} pipe_metric_record;
PIPE_API int pipe_history_metrics(pipe_project *project, int64_t run, const char *job,
				  int (*each)(void *payload, const pipe_metric_record *metric), void *payload, pipe_error *err);

typedef struct pipe_component_record { /* of the product, from its SBOM */
	uint32_t job_index;
	const char *job;
	const char *name, *version, *type, *purl, *licenses; /* all but name: or "" */
} pipe_component_record;
PIPE_API int pipe_history_components(pipe_project *project, int64_t run, const char *job,
				     int (*each)(void *payload, const pipe_component_record *component), void *payload,
				     pipe_error *err);

typedef struct pipe_image_record {
	uint32_t job_index;
	const char *job;
	const char *name, *digest;
	uint64_t bytes; /* 0: not known */
} pipe_image_record;
PIPE_API int pipe_history_images(pipe_project *project, int64_t run, const char *job,
				 int (*each)(void *payload, const pipe_image_record *image), void *payload, pipe_error *err);

/* What a gate judged, and how. */
typedef struct pipe_condition_record {
	uint32_t job_index;
	const char *job;
	const char *subject, *value, *bound; /* "coverage of changed lines", "78.4 %", ">= 80 %" */
	/* pass, fail, warn; without a value "no data" and "no baseline: fail" count as fail, "no data: warn" and "no baseline: warn"
	 * as warn, "no data: ok" and "no baseline" as neither */
	const char *verdict;
	const char *detail; /* or "" */
} pipe_condition_record;
PIPE_API int pipe_history_conditions(pipe_project *project, int64_t run, const char *job,
				     int (*each)(void *payload, const pipe_condition_record *condition), void *payload,
				     pipe_error *err);

typedef struct pipe_report_record {
	uint32_t job_index;
	const char *job;
	const char *path, *format; /* format: "" where it was not recognised */
	const char *error;	   /* why it could not be read; nothing of it counts then; "": it was read to its end */
	uint32_t line, column;	   /* of the error; 0: no place */
} pipe_report_record;
PIPE_API int pipe_history_reports(pipe_project *project, int64_t run, const char *job,
				  int (*each)(void *payload, const pipe_report_record *report), void *payload, pipe_error *err);

/* The run that this one is to be compared with: the last one of the same pipeline file before it that succeeded on its target branch
 * (that of the merge request, else the default branch).  PIPE_ENOTFOUND: there is none, and err says why. */
PIPE_API int pipe_history_baseline(pipe_project *project, int64_t run, int64_t *baseline, pipe_error *err);

/* What is not the same in two runs. */
#define PIPE_CHANGE_MAP(X)                                                                                                       \
	X(NEW_FAILURE, "new_failure") /* a test that fails, and did not before */                                                \
	X(FIXED, "fixed")	      /* a test that passes, and failed before */                                                \
	X(FLAKY, "flaky")	      /* a test that passes at the second try, and did not need one before */                    \
	X(SKIPPED, "skipped")	      /* a test that is skipped, and ran before */                                               \
	X(SLOWER, "slower")	      /* a test that takes at least twice as long, and at least 100 ms longer */                 \
	X(NEW_TEST, "new_test")	      /* failed or not */                                                                        \
	X(REMOVED_TEST, "removed_test")                                                                                          \
	X(NEW_FINDING, "new_finding")                                                                                            \
	X(FIXED_FINDING, "fixed_finding") /* the later run looked for findings of its kind, and has it no more */                \
	X(COVERAGE, "coverage")		  /* of a file */

enum pipe_change_kind {
#define X(name, text) PIPE_CHANGE_##name,
	PIPE_CHANGE_MAP(X)
#undef X
		PIPE_CHANGE_COUNT
};
/* "new_failure"; static. */
PIPE_API const char *pipe_change_name(enum pipe_change_kind kind);

typedef struct pipe_change_record {
	enum pipe_change_kind kind;
	const pipe_test_record *test;	       /* of tests: as it is now, or was (REMOVED_TEST) */
	int64_t before_us;		       /* SLOWER: how long it took */
	const pipe_finding_record *finding;    /* of findings */
	const pipe_coverage_record *was, *now; /* COVERAGE: without lines; NULL: the file was not, is no longer, covered */
} pipe_change_record;

typedef struct pipe_compare_options {
	unsigned version;
	unsigned kinds; /* bits (1 << enum pipe_change_kind) of what is to be told; 0: all */
	uint64_t limit; /* of each kind, at most; 0: all */
} pipe_compare_options;
#define PIPE_COMPARE_OPTIONS_VERSION 1
#define PIPE_COMPARE_OPTIONS_INIT                                                                                                \
	{                                                                                                                        \
		PIPE_COMPARE_OPTIONS_VERSION, 0, 0                                                                               \
	}

typedef struct pipe_comparison {
	int64_t before, after;		     /* the runs */
	pipe_evidence was, now;		     /* what each adds up to */
	uint64_t changes[PIPE_CHANGE_COUNT]; /* counted in full, whatever is told; unless each() stops */
	/* The later run has a new failure or a new finding, its line coverage is lower by at least 0.1 per cent (of all lines), or it
	 * lacks tests, coverage or findings altogether that the earlier one has data on. */
	int worse;
} pipe_comparison;

/* Compares two runs: changes come by kind of evidence (tests, findings, coverage), each in a fixed order.  The jobs of both runs are
 * recognised by their names (without the place among parallel ones), and so are tests; findings by their fingerprints.  A removed
 * test is not fixed.  Tests in quarantine are left out.  Needs little memory, however long the runs are.  opts, each, result: or
 * NULL. */
PIPE_API int pipe_history_compare(pipe_project *project, int64_t before, int64_t after, const pipe_compare_options *opts,
				  int (*each)(void *payload, const pipe_change_record *change), void *payload,
				  pipe_comparison *result, pipe_error *err);

/* ---- Lua --------------------------------------------------------------------------------------------------------- */

/* What an embedding program, or an operator, says of the Lua in pipeline files; and what who writes Lua needs: tests, checks, a prompt.
 * docs/lua.md says what scripts see and may do. */

/* A function of the embedding program, `host.NAME(...)` in Lua. */
typedef struct pipe_lua_function {
	const char *name;
	/* arguments: a JSON array.  The answer is a JSON value, written by answer(answer_payload, ...), in one piece or several; nothing:
	 * nil.  An error becomes a Lua error with err's text.  It is called on any thread, on several at once where several runs or jobs
	 * ask, and must not block for long: the script's limits do not reach into it. */
	int (*call)(void *payload, const char *arguments, pipe_write_cb answer, void *answer_payload, pipe_error *err);
	void *payload;
} pipe_lua_function;

/* Of one call of a script. */
typedef struct pipe_lua_limits {
	int64_t cpu_ms;	       /* processor time */
	int64_t wall_ms;       /* from its beginning to its end, waits included */
	uint64_t memory_bytes; /* of its state */
	uint64_t output_bytes; /* of what it logs */
} pipe_lua_limits;

typedef struct pipe_lua_options {
	unsigned version;
	const pipe_lua_function *functions; /* ended by one without a name; or NULL */
	/* The most that a pipeline file may ask for; 0 in a field: 60 s, 1 h, 1 GiB, 64 MiB. */
	pipe_lua_limits most;
	/* Where it says nothing; 0 in a field: 2 s, 30 s, 64 MiB, 1 MiB; never more than the most. */
	pipe_lua_limits defaults;
} pipe_lua_options;
#define PIPE_LUA_OPTIONS_VERSION 1
#define PIPE_LUA_OPTIONS_INIT                                                                                                    \
	{                                                                                                                        \
		PIPE_LUA_OPTIONS_VERSION, NULL, { 0, 0, 0, 0 },                                                                  \
		{                                                                                                                \
			0, 0, 0, 0                                                                                               \
		}                                                                                                                \
	}
/* For all plans and runs of the project from now on; before the first of them.  What opts points to is copied, but for the payloads. */
PIPE_API int pipe_project_lua(pipe_project *project, const pipe_lua_options *opts, pipe_error *err);

enum pipe_lua_format { PIPE_LUA_TEXT, PIPE_LUA_TAP, PIPE_LUA_JUNIT };

typedef struct pipe_lua_test_options {
	unsigned version;
	/* Files, and directories whose *_test.lua are meant, from the current directory; NULL: those of the project (not below directories
	 * whose names begin with a dot, but for .pipe/lua). */
	const char *const *files;
	const char *filter; /* only tests whose name, with those of the groups around it, contains this; or NULL */
	enum pipe_lua_format format;
	int verbose; /* text: a line for each test */
	int colour;
	int coverage; /* the lines of scripts that the tests reach are counted */
	/* With coverage: receives it as LCOV's tracefile; or NULL. */
	pipe_write_cb coverage_write;
	void *coverage_payload;
	pipe_lua_limits limits; /* of one file of tests; 0 in a field: 10 s, 60 s, 256 MiB, 1 MiB */
} pipe_lua_test_options;
#define PIPE_LUA_TEST_OPTIONS_VERSION 1
#define PIPE_LUA_TEST_OPTIONS_INIT                                                                                               \
	{                                                                                                                        \
		PIPE_LUA_TEST_OPTIONS_VERSION, NULL, NULL, PIPE_LUA_TEXT, 0, 0, 0, NULL, NULL,                                   \
		{                                                                                                                \
			0, 0, 0, 0                                                                                               \
		}                                                                                                                \
	}

typedef struct pipe_lua_test_result {
	uint32_t files, passed, failed, pending;
	uint32_t broken;	   /* files that are not Lua, that failed outside of a test, or that went beyond a limit */
	uint64_t lines, lines_hit; /* with coverage */
	int64_t duration_us;
} pipe_lua_test_result;
/* Runs tests of Lua scripts and writes what became of them.  PIPE_OK however they ended: see result. */
PIPE_API int pipe_lua_test(pipe_project *project, const pipe_lua_test_options *opts, pipe_write_cb write, void *payload,
			   pipe_lua_test_result *result, pipe_error *err);

typedef struct pipe_lua_check_options {
	unsigned version;
	const char *const *files; /* as in pipe_lua_test_options, of all *.lua; NULL: also the Lua in the pipeline file */
	const char *pipeline;	  /* files NULL: the pipeline file, as in pipe_plan_options; or NULL */
	enum pipe_view view;	  /* one of PIPE_VIEW_DIAGNOSTICS_ */
	int colour;
} pipe_lua_check_options;
#define PIPE_LUA_CHECK_OPTIONS_VERSION 1
#define PIPE_LUA_CHECK_OPTIONS_INIT                                                                                              \
	{                                                                                                                        \
		PIPE_LUA_CHECK_OPTIONS_VERSION, NULL, NULL, PIPE_VIEW_DIAGNOSTICS_TEXT, 0                                        \
	}
typedef struct pipe_lua_check_result {
	uint32_t files, errors, warnings;
} pipe_lua_check_result;
/* Syntax, unknown globals, fields that there are not: without running anything. */
PIPE_API int pipe_lua_check(pipe_project *project, const pipe_lua_check_options *opts, pipe_write_cb write, void *payload,
			    pipe_lua_check_result *result, pipe_error *err);

typedef struct pipe_lua_script_options {
	unsigned version;
	int64_t run;	 /* whose facts and evidence `ctx` shows; 0: none, negative: the last one */
	const char *job; /* of that run; NULL: the run itself */
	/* Granted beside what the pipeline file grants, as in its `lua: {allow: ...}`; NULL-terminated; or NULL. */
	const char *const *allow_http, *const *allow_exec, *const *allow_read;
	const char *const *variables; /* "KEY=VALUE": ctx.vars, over those of the run; or NULL */
	const char *pipeline; /* the file whose grants and limits hold, as in pipe_plan_options; NULL: the usual one, if any */
	pipe_write_cb said;   /* what the script logs, lines of text; or NULL */
	void *payload;
} pipe_lua_script_options;
#define PIPE_LUA_SCRIPT_OPTIONS_VERSION 1
#define PIPE_LUA_SCRIPT_OPTIONS_INIT                                                                                             \
	{                                                                                                                        \
		PIPE_LUA_SCRIPT_OPTIONS_VERSION, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL                               \
	}

/* How a script ended. */
typedef struct pipe_lua_outcome {
	const char *end;    /* done failed broken over refused cancelled */
	const char *value;  /* what it returned, as JSON; or NULL */
	const char *reason; /* of all but done; or NULL */
	const char *file;   /* where; or NULL */
	unsigned line;
	const char *traceback; /* lines; or NULL */
} pipe_lua_outcome;
/* Runs a script, here and now; what it waits for blocks the caller.  PIPE_OK: it ended, as `ended` is told (its texts live for that
 * call).  file: from the current directory. */
PIPE_API int pipe_lua_run(pipe_project *project, const char *file, const pipe_lua_script_options *opts,
			  void (*ended)(void *payload, const pipe_lua_outcome *outcome), void *payload, pipe_error *err);

/* What scripts see of a run (job: or of one job), as the JSON document that pipe.test.call takes for its fixture: no more than 20,000
 * rows of a kind.  Values of masked variables are not in it. */
PIPE_API int pipe_lua_record(pipe_project *project, int64_t run, const char *job, pipe_write_cb write, void *payload,
			     pipe_error *err);

/* A prompt.  Globals stay from line to line (`x = 1`, not `local x = 1`). */
typedef struct pipe_lua_repl pipe_lua_repl;
PIPE_API int pipe_lua_repl_open(pipe_lua_repl **out, pipe_project *project, const pipe_lua_script_options *opts, pipe_error *err);
/* Evaluates an expression or statements, and writes what came of it, errors too, as text.  *more 1: the text goes on; nothing was done,
 * call again with the next line added. */
PIPE_API int pipe_lua_repl_eval(pipe_lua_repl *repl, const char *text, int *more, pipe_write_cb write, void *payload,
				pipe_error *err);
PIPE_API void pipe_lua_repl_free(pipe_lua_repl *repl);

/* The interface of scripts as LuaCATS annotations, which editors read, and as a page of reference (Markdown). */
PIPE_API int pipe_lua_annotations(pipe_write_cb write, void *payload, pipe_error *err);
PIPE_API int pipe_lua_reference(pipe_write_cb write, void *payload, pipe_error *err);

/* ---- scanning ---------------------------------------------------------------------------------------------------- */

typedef struct pipe_scan pipe_scan;

typedef struct pipe_scan_options {
	unsigned version;
	const char *target; /* a directory, an image's OCI layout or archive, an SBOM, or a reference to an image in a registry */
	const char *type;   /* image, rootfs, filesystem, repository or sbom; NULL: by looking at it */
	const char *scanner;	      /* builtin, trivy (which must be on the PATH), or auto: trivy where it is; NULL: builtin */
	int vulnerabilities, secrets; /* what to look for; both 0: both */
	const char *db;		      /* trivy.db, osv.db or a directory with them; NULL: the user's (`pipe advisories`) */
	int64_t max_age_ms;	      /* of the advisories: older ones are refused; 0: 7 days, negative: any */
	/* NULL-terminated; ignore_files NULL: .trivyignore and .trivyignore.yaml of the current directory, where they are. */
	const char *const *ignore_files, *const *vex_files;
	const char *const *skip; /* globs of paths that are passed over; or NULL */
	int development;	 /* also packages that are only needed to build or test */
	const char *platform;	 /* of an image for several: "linux/arm64"; NULL: this machine's */
	const char *docker_config, *ca_file;
	int insecure, plain_http; /* registries: certificates are not checked; without TLS */
	int verify;		  /* layers of local images are held against their digests, as those of registries always are */
	/* A line about what is done, in the thread that scans; not 0: the scan is cancelled.  Or NULL. */
	int (*progress)(void *payload, const char *line);
	void *payload;
} pipe_scan_options;
#define PIPE_SCAN_OPTIONS_VERSION 1
#define PIPE_SCAN_OPTIONS_INIT                                                                                                   \
	{                                                                                                                        \
		PIPE_SCAN_OPTIONS_VERSION, NULL, NULL, NULL, 0, 0, NULL, 0, NULL, NULL, NULL, 0, NULL, NULL, NULL, 0, 0, 0,      \
			NULL, NULL                                                                                               \
	}

/* Scans.  Blocking; needs no project; any thread.  PIPE_OK: it was scanned, whatever was found; anything else: it could not be, and
 * nothing can be said of the target. */
PIPE_API int pipe_scan_run(pipe_scan **out, const pipe_scan_options *opts, pipe_error *err);
PIPE_API void pipe_scan_free(pipe_scan *scan);

enum pipe_scan_format { PIPE_SCAN_TABLE, PIPE_SCAN_JSON, PIPE_SCAN_SARIF };

/* Which findings count, and how they are shown. */
typedef struct pipe_scan_show {
	unsigned version;
	const char *severities; /* "high,critical"; NULL: all */
	int ignore_unfixed;	/* without those that no version mends */
	int suppressed;		/* the table shows those that are passed over, too */
	unsigned columns;	/* of the table; 0: 100 */
	int colour;
} pipe_scan_show;
#define PIPE_SCAN_SHOW_VERSION 1
#define PIPE_SCAN_SHOW_INIT                                                                                                      \
	{                                                                                                                        \
		PIPE_SCAN_SHOW_VERSION, NULL, 0, 0, 0, 0                                                                         \
	}
/* A table for people, Trivy's JSON (schema version 2), or SARIF 2.1.0.  show: or NULL. */
PIPE_API int pipe_scan_write(const pipe_scan *scan, enum pipe_scan_format format, const pipe_scan_show *show, pipe_write_cb write,
			     void *payload, pipe_error *err);
/* How many findings count: not suppressed, and as show says (NULL: all).  least: "high"; at least of that severity; NULL: any.
 * scan NULL: none; show and least are checked all the same.  PIPE_EUSAGE: there is no such severity. */
PIPE_API int pipe_scan_count(const pipe_scan *scan, const pipe_scan_show *show, const char *least, uint64_t *count,
			     pipe_error *err);

/* ---- versions of packages ------------------------------------------------------------------------------------------ */

/* How versions are compared, by the names of pipe_version_scheme ("deb", "semver"...).  *order: -1, 0 or 1, as a is older than b, equal
 * to it, or newer.  PIPE_EUSAGE: there is no such scheme, or one is no version of it, and why.  Any thread. */
PIPE_API int pipe_version_compare(const char *scheme, const char *a, const char *b, int *order, pipe_error *err);
/* The schemes' names, sorted; NULL from their count on.  help (or NULL): whose versions these are.  Static. */
PIPE_API const char *pipe_version_scheme(size_t i, const char **help);

/* ---- advisories -------------------------------------------------------------------------------------------------- */

/* What a scan compares packages with.  All projects of a user share it; nothing here needs a project.  Blocking; any thread. */
typedef struct pipe_advisories_options {
	unsigned version;
	const char *directory; /* NULL: $PIPE_ADVISORIES, $XDG_DATA_HOME/pipe/advisories or ~/.local/share/pipe/advisories */
	const char *from;      /* where an update comes from, REGISTRY/REPOSITORY:TAG; NULL: ghcr.io/aquasecurity/trivy-db:2 */
	const char *docker_config; /* directory of credentials; NULL: the user's */
	const char *ca_file;
	int insecure, plain_http; /* registry: certificates are not checked; without TLS */
	/* A line about what is done; not 0: it is cancelled.  Or NULL. */
	int (*progress)(void *payload, const char *line);
	void *payload;
} pipe_advisories_options;
#define PIPE_ADVISORIES_OPTIONS_VERSION 1
#define PIPE_ADVISORIES_OPTIONS_INIT                                                                                             \
	{                                                                                                                        \
		PIPE_ADVISORIES_OPTIONS_VERSION, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL                                        \
	}
/* Pulls Trivy's database, checks it, and puts it in the place of the old one in one step.  opts may be NULL.  PIPE_EBUSY: another
 * update is under way. */
PIPE_API int pipe_advisories_update(const pipe_advisories_options *opts, pipe_error *err);

typedef struct pipe_advisories_import_result {
	uint64_t records;   /* read */
	uint64_t withdrawn; /* of them: left out, and removed where they were */
	uint64_t unusable;  /* files without anything that a version can be compared with */
} pipe_advisories_import_result;
/* Adds OSV records (files *.json of a directory or a .zip) to those that are there, or replaces them: all or none.  opts, result: or
 * NULL. */
PIPE_API int pipe_advisories_import(const pipe_advisories_options *opts, const char *from, pipe_advisories_import_result *result,
				    pipe_error *err);

typedef struct pipe_advisories_record {
	const char *name;    /* "Trivy's database", "OSV records" */
	const char *path;    /* where it lies, or would lie */
	int64_t updated_ms;  /* when its data was made; 0: not known */
	uint64_t advisories; /* 0: not counted */
	const char *problem; /* why it cannot be used, and what to do; "": it can */
	int missing;	     /* there is none */
} pipe_advisories_record;
/* Each source, also one that is missing or broken.  PIPE_OK, or what each returns.  opts may be NULL. */
PIPE_API int pipe_advisories_status(const pipe_advisories_options *opts,
				    int (*each)(void *payload, const pipe_advisories_record *source), void *payload,
				    pipe_error *err);

#ifdef __cplusplus
}
#endif
#endif
