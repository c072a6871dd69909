/*
 * A stage type: what `uses:` names.  One file here, one descriptor, one row in the registry (stage.c).
 *
 * A job of the type goes this way, driven by runner/stage/:
 *   compile    parameters -> steps, and which reports to read             (also once before anything runs, to find missing tools)
 *   steps      carried out in order; a step that fails skips those behind it but for `always` ones
 *   reports    read into evidence, those that are named and those that steps left behind
 *   react      may add steps (run failed tests again): then steps and reports once more
 *   evaluate   verdict, from how steps ended and from the evidence
 *
 * A stage type is pure: it sees the world through the functions in struct stage_job, and keeps its state there.  compile runs on the
 * loop's thread and must not wait; react and evaluate run on a worker thread.
 */
#ifndef STAGES_STAGE_H
#define STAGES_STAGE_H

#include "base/arena.h"
#include "base/vec.h"
#include "pipeline/keyword/uses.h"
#include "pipeline/rule/variable.h"
#include "stages/evidence.h"
#include "stages/report/report.h"
#include "stages/step.h"
#include "stages/view.h"

struct stage_job;

/* A tool that a job needs: named where it is used, checked before anything runs. */
struct stage_tool {
	const char *name;    /* as it is called: "pytest" */
	const char *version; /* the least that will do, "7.0"; NULL: any */
	/* How it says its version, the first number with a dot in its output; its first word is what is looked for on the PATH.  NULL:
	 * {name, "--version"}. */
	const char *const *version_argv;
	const char *
		package; /* how to get it on Debian: "python3-pytest"; or another way in words with a space in them; NULL: not known */
};

/* A report that is to be read when the steps are done. */
struct stage_report {
	const struct report_format *format; /* NULL: recognised by its content */
	const char *pattern;   /* a glob in the workspace; NULL: the output of the steps `from` to `to` in the job's log */
	uint32_t from, to;     /* indices of steps, [from, to) */
	const char *tool;      /* for formats that do not say who wrote them; NULL: none */
	const char *directory; /* of the workspace, where paths in it are meant from; NULL: the workspace itself */
	/* What the paths of files begin with that were made out of `directory`, as the tool names them or absolute: they are named as if
	 * they lay there.  NULL: none were made. */
	const char *rendered;
	enum finding_kind kind;
	bool required; /* that nothing matches is a failure of the job; otherwise it is not even a warning */
	bool only_new; /* files that are older than the job's start are left out (a stale report of an earlier run is no evidence) */
};

/* What a stage type asks the world.  On the loop's thread in compile, on a worker in react and evaluate; answers are in the job's
 * arena. */
struct stage_world {
	/* A path in the workspace, of any type; also an absolute one in the job's scratch directory. */
	bool (*exists)(void *payload, const char *path);
	/* Paths that match a glob, sorted, at most `most`; NULL-terminated; NULL: none. */
	const char *const *(*glob)(void *payload, struct arena *a, const char *pattern, size_t most);
	/* A small text file of the workspace, or of the scratch directory (at most 1 MiB); NULL with err filled: it cannot be read. */
	const char *(*read)(void *payload, struct arena *a, const char *path, pipe_error *err);
	/* Where a tool is (absolute path), or NULL: it is not on the job's PATH. */
	const char *(*tool)(void *payload, struct arena *a, const char *name);
	unsigned (*processors)(void *payload);
	int64_t (*now_ms)(void *payload);
	void *payload;
};

enum stage_verdict { VERDICT_PASS, VERDICT_WARN, VERDICT_FAIL };

/* One judged condition, kept with the run and shown as a row of a table. */
struct stage_condition {
	const char *subject; /* "coverage of changed lines" */
	const char *value;   /* "78.4 %", "-" */
	const char *bound;   /* ">= 80 %" */
	/* "pass" "fail" "warn"; without a value "no data" and "no baseline: fail" count as fail, "no data: warn" and "no baseline: warn"
	 * as warn, "no data: ok" and "no baseline" as neither. */
	const char *verdict;
	const char *detail; /* what it was compared with, which ones; "" */
};

struct stage_job {
	/* Given. */
	struct arena *arena; /* lives as long as the job */
	const struct stage_type *type;
	const char *name;		   /* the job's */
	const struct node *with;	   /* as written; NULL: none */
	struct mark at;			   /* of `uses` */
	const struct sources *sources;	   /* what marks name files by; NULL: errors have places without a file */
	const struct scope *scope;	   /* what variables in parameters mean */
	const struct lua_texts *lua_texts; /* the Lua in `with`; NULL: none */
	const char *workspace;		   /* absolute */
	const char *scratch; /* absolute: a directory of the job's own for files between steps, made when first wanted */
	const struct stage_world *world;
	uint32_t node_index, node_total; /* which of how many instances, from 1; 0, 0: no instances */

	/* Filled in by compile (and react, which only adds; a round does the steps and reads the reports that are new in it). */
	step_list steps;
	VEC(struct stage_report) reports;
	VEC(struct stage_tool) tools;
	VEC(const char *) outputs; /* globs: kept as the job's artifacts */
	void *own;		   /* the type's */

	/* For react and evaluate. */
	uint32_t round;			      /* 0: after the first steps */
	uint32_t steps_before;		      /* steps that were done before this round */
	const struct evidence_totals *totals; /* of this job */
	const struct evidence_view *view;     /* in compile: only where the type says `history`, and NULL before anything runs */
	struct evidence_sink *sink;	      /* evidence that the stage itself makes (a smoke test's checks) */
	/* A line in the job's log; no newline at its end. */
	void (*say)(void *payload, const char *line);
	void *say_payload;

	/* Filled in by evaluate. */
	VEC(struct stage_condition) conditions;
	enum stage_verdict verdict;
	const char *reason;  /* of WARN and FAIL: one sentence that names the cause; NULL with PASS */
	const char *failure; /* GitLab's word for the failure; NULL: script_failure */
	/* "NAME=VALUE": variables of the jobs that need this one, as a dotenv report would hand them on.  Kept where the verdict is not FAIL. */
	VEC(const char *) exports;
};

struct stage_type {
	struct uses_type uses; /* what the language knows of it */
	bool history;	       /* compile looks at earlier runs: at the job's start it runs on a worker thread, with a view */
	/* Of a job without reports react and evaluate want to know only how its steps ended, and they leave only a verdict: then they may
	 * be called on the loop's thread, and without a view. */
	bool quick;
	/* PIPE_OK; PIPE_EPIPELINE: a parameter is wrong in a way that only shows here (err names the place); PIPE_ENOTFOUND: nothing
	 * to do was found, or a tool that has no row in `tools` is missing; PIPE_ENOMEM. */
	int (*compile)(struct stage_job *job, pipe_error *err);
	/* Looks at each test as a report hands it over, before it is kept: may change it (quarantine).  NULL: never. */
	void (*mark)(struct stage_job *job, struct evidence_test *test);
	/* After steps and reports: adds steps for another round, or none.  NULL: never. */
	int (*react)(struct stage_job *job, pipe_error *err);
	/* Sets the verdict.  NULL: the steps' ends alone say it.  An error fails the job with err's text. */
	int (*evaluate)(struct stage_job *job, pipe_error *err);
};

/* All types; a NULL at the end. */
extern const struct stage_type *const stage_types[];
/* The same for the language. */
extern const struct uses_types stage_uses;
const struct stage_type *stage_type_named(const char *name); /* NULL: none */
/* The type that the language's part belongs to: one of ours, or one that a team wrote. */
const struct stage_type *stage_type_of(const struct uses_type *uses);

/* What evaluate does where a type has none, and what most begin with: the first step that failed and may not is the verdict. */
void stage_judge_steps(struct stage_job *job);
/* Says one more line in the job's log. */
void stage_say(struct stage_job *job, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* New, zeroed elements; NULL: no memory. */
struct step *stage_step(struct stage_job *job, enum step_kind kind);
struct stage_report *stage_report(struct stage_job *job, const struct report_format *format, const char *pattern);
struct stage_tool *stage_tool(struct stage_job *job, const char *name, const char *package);
struct stage_condition *stage_condition(struct stage_job *job);

#endif
