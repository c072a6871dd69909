/*
 * Inside a run's host (host.h): what its files share.  Connections and what had to be found out are made when a script first asks, and
 * kept until the host is freed.
 */
#ifndef RUNNER_LUA_HOST_HOST_INSIDE_H
#define RUNNER_LUA_HOST_HOST_INSIDE_H

#include "base/arena.h"
#include "runner/evidence/compare.h"
#include "runner/evidence/cursor.h"
#include "runner/lua/host/host.h"
#include <stddef.h>

struct run_host {
	struct run_host_options o;
	struct lua_host host;
	struct arena arena; /* of what changed */
	struct store *store;
	struct evidence_db *evidence;
	struct evidence_baseline baseline;
	bool has_baseline;
	struct changed_lines changed;
	bool compared;
	struct evidence_view_source source;
	struct evidence_view view;
};

/* *out NULL: there is no history, or no evidence. */
int host_store(struct run_host *h, struct store **out, pipe_error *err);
int host_evidence(struct run_host *h, struct evidence_db **out, pipe_error *err);
/* Of the host's own run. */
int host_baseline(struct run_host *h, const struct evidence_baseline **out, pipe_error *err);
/* Of any run of the history. */
int host_baseline_of(struct run_host *h, int64_t run, struct evidence_baseline *out, pipe_error *err);
/* PIPE_ENOTFOUND: it cannot be found out. */
int host_changed(struct run_host *h, const struct changed_lines **out, pipe_error *err);

/* host_files.c: of struct lua_host. */
int host_read(void *payload, const char *path, size_t limit, struct str *out, pipe_error *err);
int host_glob(void *payload, const char *pattern, size_t limit, int (*each)(void *, const char *), void *each_payload,
	      pipe_error *err);

/* ---- rows ---- */

enum { HEX_FINGERPRINT = 33 };

/* A row as whoever found it says it, before it is cells. */
struct host_row {
	union {
		struct evidence_test test;
		struct host_finding {
			struct evidence_finding value;
			char hex[HEX_FINGERPRINT]; /* value.fingerprint */
			bool fixable;
		} finding;
		struct host_coverage {
			const char *path;
			uint64_t lines, hit, branches, branches_hit;
			double percent;
		} coverage;
		struct evidence_metric metric;
		struct evidence_component component;
		struct evidence_image image;
		struct stage_condition condition;
		struct host_past_run {
			pipe_run_record value;
			const char *status;
			int64_t duration_ms;
		} run;
		struct host_past_job {
			struct store_job_row value;
			const char *status;
			const char *base;
			int64_t attempt, exit_code, duration_ms;
		} job;
		struct host_graph {
			const char *name, *stage, *when, *environment;
			const char *const *needs;
		} graph;
		const char *path;
	};
	const char *job_name; /* of evidence: whose it is; NULL: several jobs' */
};

/* How a member of struct host_row becomes a cell.  What is not said is nil where the column may be nil. */
enum host_form {
	FORM_TEXT,
	FORM_COUNT32, /* uint32_t */
	FORM_SOME32,  /* uint32_t, 0: not said */
	FORM_COUNT64, /* uint64_t */
	FORM_SOME64,  /* uint64_t, 0: not said */
	FORM_INTEGER, /* int64_t, -1: not said */
	FORM_BOOL,
	FORM_NUMBER,   /* double */
	FORM_PERCENT,  /* double, NaN: there is none */
	FORM_US,       /* int64_t, microseconds as seconds; -1: not said */
	FORM_MS,       /* int64_t, milliseconds as seconds; 0: not yet */
	FORM_DURATION, /* int64_t, milliseconds as seconds; -1: not said */
	FORM_STATUS,   /* uint8_t, enum test_status */
	FORM_KIND,     /* uint8_t, enum finding_kind */
	FORM_SEVERITY, /* uint8_t, enum severity */
	FORM_LIST      /* of texts */
};

struct host_cell {
	const char *column;
	enum host_form form;
	size_t offset; /* in struct host_row */
};
#define CELL(column_, form_, member_)                                                                                            \
	{                                                                                                                        \
		.column = (column_), .form = (form_), .offset = offsetof(struct host_row, member_)                               \
	}
#define CELLS_END                                                                                                                \
	{                                                                                                                        \
		0                                                                                                                \
	}

struct host_rows;

/* One kind of rows: where they come from, and what its columns are filled with. */
struct host_kind {
	int (*open)(struct host_rows *r, pipe_error *err);
	/* 1 with r->row, 0, or a negative pipe_code. */
	int (*next)(struct host_rows *r, pipe_error *err);
	void (*close)(struct host_rows *r); /* also after an open that failed */
	const struct host_cell *cells;	    /* CELLS_END is the last */
	/* Of evidence that is asked for no more than whose it is. */
	enum evidence_statement statement;
	void (*take)(const struct query *q, struct host_row *out);
};
extern const struct host_kind *const host_kinds[LUA_ROWS_COUNT];
extern const struct host_kind host_tests, host_findings, host_coverage, host_metrics, host_components, host_images,
	host_conditions, host_runs, host_jobs, host_graph, host_changes;

/* A cursor of a script. */
struct host_rows {
	struct run_host *h;
	struct lua_query query; /* its texts are copies */
	const struct host_kind *kind;
	struct arena arena;
	struct host_row row;
	struct lua_cell *cells;
	const struct host_cell **fill; /* by column; NULL: nothing is known of it */
	bool *may_be_nil;	       /* by column */
	unsigned count;
	uint64_t given;

	/* Of evidence. */
	struct evidence_db *db; /* NULL: there is none */
	struct scopes scopes;
	int64_t run;
	struct query cursor;
	struct test_comparison *comparison; /* new tests */
	unsigned statuses;
	uint8_t quarantined;
	struct coverage_cursor coverage;
	bool has_coverage;
	const struct changed_lines *changed; /* NULL: it does not matter */
	uint32_t job;			     /* that job_name is of */
	char job_name[512];
	/* Of the history. */
	struct store_cursor *past;
	struct str base; /* of a job's name */
	/* Of the plan, and of what changed. */
	uint32_t at, total;
	const char **paths;
	VEC(const char *) needs;
};

/* r->row into r->cells (host_cell.c). */
void host_fill(struct host_rows *r);

/* The text that a query wants a column to be, or NULL: any. */
const char *host_wants(const struct host_rows *r, const char *column);

#endif
