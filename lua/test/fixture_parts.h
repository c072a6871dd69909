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

/* fixture_totals.c: what the rows add up to; and what "totals" says over it.  NULL: nothing. */
void fixture_derive(const json_t *rows, struct evidence_totals *out);
void fixture_totals_over(const json_t *beyond, struct evidence_totals *out);

#endif
