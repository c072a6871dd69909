/* Inside a fixture: what its files share. */
#ifndef LUA_TEST_FIXTURE_PARTS_H
#define LUA_TEST_FIXTURE_PARTS_H

#include "base/arena.h"
#include "lua/test/fixture.h"

struct fixture {
	json_t *document;
	struct lua_host host;
	int64_t now_ms;
	json_t *metrics, *findings, *annotations;
	struct arena arena; /* of facts */
	struct lua_run_facts run;
	struct lua_job_facts job;
};

/* fixture_rows.c: the members of the document that hold rows, by enum evidence_side; and lua_host's functions for rows. */
extern const char *const fixture_sides[SIDE_BASELINE + 1];
/* An object of lists, of an evidence side or (run not 0) an earlier run; NULL: none. */
const json_t *fixture_rows(const struct fixture *f, enum evidence_side side, int64_t run);
int fixture_rows_open(void *payload, const struct lua_query *query, void **out, pipe_error *err);
int fixture_rows_next(void *payload, void *cursor, const struct lua_cell **row, pipe_error *err);
void fixture_rows_close(void *payload, void *cursor);

/* fixture_totals.c: what the rows add up to; and what "totals" says over it.  NULL: nothing. */
void fixture_derive(const json_t *rows, struct evidence_totals *out);
void fixture_totals_over(const json_t *beyond, struct evidence_totals *out);

#endif
