/*
 * Rows of evidence and history, as scripts iterate over them.  One table (rows.c) says which columns each kind has: the store, a fixture,
 * the annotations, the reference and `pipe lua check` all go by it.
 */
#ifndef LUA_ROWS_H
#define LUA_ROWS_H

#include "base/str.h"
#include "stages/view.h"

enum lua_rows {
	LUA_TESTS,	/* struct evidence_test */
	LUA_FINDINGS,	/* struct evidence_finding */
	LUA_COVERAGE,	/* per file */
	LUA_METRICS,	/* struct evidence_metric */
	LUA_COMPONENTS, /* struct evidence_component */
	LUA_IMAGES,	/* struct evidence_image */
	LUA_CONDITIONS, /* of gates: struct stage_condition */
	LUA_RUNS,	/* earlier runs, the newest first */
	LUA_JOBS,	/* of a run of the history */
	LUA_GRAPH,	/* the jobs of this run's plan, in order */
	LUA_CHANGES,	/* files that this change touched */
	LUA_ROWS_COUNT
};

enum lua_cell_type {
	LUA_CELL_NONE, /* nil */
	LUA_CELL_TEXT,
	LUA_CELL_INTEGER,
	LUA_CELL_NUMBER,
	LUA_CELL_BOOL,
	LUA_CELL_LIST /* of texts, NULL-terminated */
};

/* A cell of a row, in the order of the kind's columns. */
struct lua_cell {
	enum lua_cell_type type;
	union {
		struct {
			const char *text; /* length bytes, and a NUL */
			size_t length;
		};
		int64_t integer;
		double number;
		bool truth;
		const char *const *list;
	};
};

struct lua_column {
	const char *name;
	enum lua_cell_type type;
	const char *type_name; /* of the annotation: "string", "integer", "\"critical\"|\"high\"|..." */
	const char *help;      /* one line */
	bool filter;	       /* a query may name it: rows whose cell equals (severity: at least) the value */
};

struct lua_rows_kind {
	const char *name; /* "findings" */
	const char *row;  /* class of a row in the annotations: "pipe.Finding" */
	const char *help;
	const struct lua_column *columns; /* ended by one without a name */
	unsigned count;
};
extern const struct lua_rows_kind lua_rows_kinds[LUA_ROWS_COUNT];
/* -1: there is none. */
int lua_column_index(const struct lua_rows_kind *kind, const char *name);

enum { LUA_FILTERS_MOST = 8 };
struct lua_filter {
	unsigned column;
	struct lua_cell value; /* of the column's type */
};
struct lua_query {
	enum lua_rows rows;
	enum evidence_side side; /* of evidence */
	int64_t run;		 /* of evidence and LUA_JOBS: of this earlier run in place of `side`; 0: as side says */
	struct lua_filter filters[LUA_FILTERS_MOST];
	unsigned filter_count;
	bool only_new;	    /* tests, findings: not in the baseline */
	bool touched_files; /* findings: in files that this change touched, */
	bool touched_lines; /* or on lines that it did */
	bool suppressed;    /* findings: also suppressed ones */
	uint64_t limit;	    /* 0: all */
};
/* Does a row pass the filters?  For hosts that hold rows in memory; severity: at least. */
bool lua_query_matches(const struct lua_query *query, const struct lua_cell *row);

#endif
