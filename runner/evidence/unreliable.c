/* Tests that are red and green by turns: over the last runs, not within one. */
#include "base/error.h"
#include "base/str.h"
#include "runner/evidence/read.h"

#include <inttypes.h>

enum { LOOKED_AT_MOST = 2000 }; /* where everything is red, some of it will do */

int history_runs(struct store *history, enum statement id, int64_t run, struct str *out, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, history, id, err);

	if (rc)
		return rc;
	query_bind_int(&q, run);
	query_bind_int(&q, HISTORY_RUNS);
	str_addc(out, '[');
	while ((rc = query_step(&q, err)) == 1)
		str_printf(out, "%s%" PRId64, out->length > 1 ? "," : "", query_int(&q, 0));
	str_addc(out, ']');
	return rc < 0 ? rc : out->failed ? error_nomem(err) : PIPE_OK;
}

static int each_test(struct evidence_db *db, const char *runs, struct scopes scopes,
		     int (*each)(void *, const struct unreliable_test *), void *payload, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, db->store, EQ_UNRELIABLE, err);

	if (rc)
		return rc;
	query_bind_text(&q, runs);
	query_bind_int(&q, scopes.first);
	query_bind_int(&q, scopes.last);
	query_bind_int(&q, LOOKED_AT_MOST);
	while ((rc = query_step(&q, err)) == 1) {
		const struct unreliable_test t = { query_text(&q, 0), query_text(&q, 1),	  query_text(&q, 2),
						   query_text(&q, 3), (uint32_t)query_int(&q, 4), (uint32_t)query_int(&q, 5) };

		if (each(payload, &t)) {
			query_end(&q);
			return PIPE_OK;
		}
	}
	return rc;
}

int read_unreliable(struct evidence_db *db, struct store *history, int64_t run, struct scopes scopes,
		    int (*each)(void *, const struct unreliable_test *), void *payload, pipe_error *err)
{
	struct str runs;
	int rc;

	str_init(&runs);
	rc = history_runs(history, SQL_RUNS_OF_BRANCH, run, &runs, err);
	if (rc == PIPE_OK)
		rc = each_test(db, runs.data, scopes, each, payload, err);
	str_clear(&runs);
	return rc;
}
