/* OSV records as a source of advisories: two look-ups by index, the rows decoded by stages/scanner/advisory/osv.h. */
#include "runner/scan/advisory/advisories.h"

#include "base/error.h"
#include "runner/scan/advisory/osv_store.h"
#include "stages/scanner/advisory/ecosystem.h"
#include "stages/scanner/advisory/osv.h"
#include <stdlib.h>
#include <string.h>

/* Records of a whole distribution count for each of its releases: "Debian" beside "Debian:12". */
static int begin_ecosystem(struct query *q, struct osv_store *s, unsigned id, const struct ecosystem *e, struct arena *a,
			   pipe_error *err)
{
	const char *base = arena_strndup(a, e->osv, strcspn(e->osv, ":"));
	int rc = base ? query_begin(q, s->store, id, err) : error_nomem(err);

	if (rc)
		return rc;
	query_bind_text(q, e->osv);
	query_bind_text(q, base);
	return PIPE_OK;
}

static int read_rows(struct query *q, struct arena *a, int (*each)(void *context, const struct advisory *advisory), void *context,
		     pipe_error *err)
{
	int rc = PIPE_OK, row = 0;

	while (!rc && (row = query_step(q, err)) > 0) {
		struct osv_row r = { arena_strdup(a, query_text(q, 0)), arena_strdup(a, query_text(q, 1)), query_text(q, 3), 0 };
		int64_t severity = query_int(q, 2);

		if (severity > 0 && severity < SEVERITY_COUNT)
			r.severity = (uint8_t)severity;
		rc = r.id && r.names ? osv_row_read(&r, a, each, context, err) : error_nomem(err);
	}
	if (rc)
		query_end(q);
	return rc ? rc : osv_store_code(row, err);
}

static int look_up(void *payload, const struct ecosystem *e, const char *package, struct arena *a,
		   int (*each)(void *context, const struct advisory *advisory), void *context, pipe_error *err)
{
	struct osv_store *s = payload;
	const char *name;
	struct query q;
	int rc;

	if (!*e->osv || !*package)
		return PIPE_OK;
	name = ecosystem_osv_package(e->osv, package, a);
	rc = name ? begin_ecosystem(&q, s, OSV_LOOK_UP, e, a, err) : error_nomem(err);
	if (rc)
		return osv_store_code(rc, err);
	query_bind_text(&q, name);
	return read_rows(&q, a, each, context, err);
}

static int details(void *payload, const char *id, struct arena *a, struct advisory_details *out, pipe_error *err)
{
	struct osv_store *s = payload;
	struct query q;
	int rc = query_begin(&q, s->store, OSV_DETAILS, err), row;

	if (rc)
		return osv_store_code(rc, err);
	query_bind_text(&q, id);
	row = query_step(&q, err);
	if (row < 0)
		return osv_store_code(row, err);
	if (!row)
		return error_set(err, PIPE_ENOTFOUND, "no OSV record is called %.60s", id);
	rc = osv_details_read(query_text(&q, 0), query_text(&q, 3), strlen(query_text(&q, 3)), query_text(&q, 1),
			      query_int(&q, 2) > 0 && query_int(&q, 2) < SEVERITY_COUNT ? (uint8_t)query_int(&q, 2)
											: SEVERITY_UNKNOWN,
			      a, out, err);
	query_end(&q);
	return rc;
}

static bool covers(void *payload, const struct ecosystem *e)
{
	struct arena a = ARENA_INIT;
	struct query q;
	bool any = false;

	if (*e->osv && !begin_ecosystem(&q, payload, OSV_COVERS, e, &a, NULL)) {
		any = query_step(&q, NULL) > 0;
		if (any)
			query_end(&q);
	}
	arena_clear(&a);
	return any;
}

static void db_close(void *payload)
{
	struct osv_store *s = payload;

	osv_store_close(s);
	free(s);
}

int osv_db_open(struct advisory_source *out, const char *path, pipe_error *err)
{
	struct osv_store *s = malloc(sizeof(*s));
	int64_t records = 0, updated = 0;
	int rc;

	if (!s)
		return error_nomem(err);
	rc = osv_store_open(s, path, STORE_READ, err);
	if (!rc)
		rc = osv_store_fact(s, "records", &records, err);
	if (!rc)
		rc = osv_store_fact(s, "updated_ms", &updated, err);
	if (!rc && records <= 0)
		rc = error_set(
			err, PIPE_EPIPELINE,
			"the database of OSV records %.300s holds not one record; get some with `pipe advisories import DIR|ZIP`",
			path);
	if (rc == PIPE_ENOTFOUND)
		rc = error_set(err, rc, "there are no OSV records at %.300s; get some with `pipe advisories import DIR|ZIP`",
			       path);
	if (rc) {
		db_close(s);
		return rc;
	}
	*out = (struct advisory_source){
		.name = "OSV records",
		.path = s->path,
		.updated_ms = updated,
		.advisories = (uint64_t)records,
		.look_up = look_up,
		.details = details,
		.covers = covers,
		.close = db_close,
		.payload = s,
	};
	return PIPE_OK;
}
