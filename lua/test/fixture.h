/*
 * What a script sees of the world, from a JSON document in place of a run: a fixture, as `pipe lua record` writes it or somebody by hand.
 *
 *   { "version": 1, "point": "gate", "now": 1763652600.0, "run": {...}, "job": {...}, "vars": {"NAME": "value"}, "masked": ["TOKEN"],
 *     "with": {...}, "ctx": {...}, "baseline": {"run": 41, "branch": "main"} or {"why": "..."}, "files": {"path": "text"},
 *     "rows": {"findings": [{"severity": "high", ...}]}, "baseline_rows": {...}, "job_rows": {...}, "history": {"12": {"rows": {...}}},
 *     "totals": {"run": {...}, "baseline": {...}, "job": {...}} }
 *
 * Every member may be missing.  A row may also say "new" (true: not in the baseline; otherwise that is found out from baseline_rows) and
 * "touched" ("files", "lines": by this change; otherwise from the rows of changes, whose "lines" may be a list of numbers).  Rows have the columns of lua/rows.h.  Sums are derived from the rows; a kind that is there (be it empty) is
 * one that some report told of.  "totals" is put over what is derived.
 */
#ifndef LUA_TEST_FIXTURE_H
#define LUA_TEST_FIXTURE_H

#include "lua/context.h"
#include "lua/host.h"

struct fixture;

/* The document is borrowed, and checked as far as its shape goes. */
int fixture_create(struct fixture **out, json_t *document, pipe_error *err);
void fixture_free(struct fixture *f);
const struct lua_host *fixture_host(const struct fixture *f);
/* Functions for `host.NAME`, borrowed. */
void fixture_functions(struct fixture *f, const struct lua_host_function *functions);

/* The facts of the document, for ctx; what they point to lives as long as the fixture.  scope and with included. */
int fixture_context(struct fixture *f, struct lua_context *out, pipe_error *err);

/* The clock: it stands still but for this. */
void fixture_set_now(struct fixture *f, int64_t now_ms);
void fixture_advance(struct fixture *f, int64_t ms);

/* What was put: arrays of objects, borrowed. */
json_t *fixture_metrics(const struct fixture *f);
json_t *fixture_findings(const struct fixture *f);
json_t *fixture_annotations(const struct fixture *f);

/* ---- writing one: runner/lua/pipe_lua_record.c ---- */

/* A cell as JSON, a new reference; NULL: out of memory. */
json_t *fixture_cell(const struct lua_cell *cell);
/* What of `real` the rows (an object by kind, or NULL) do not give away: for "totals"; *out NULL: nothing. */
int fixture_totals_beyond(const json_t *rows, const struct evidence_totals *real, json_t **out, pipe_error *err);

#endif
