/* The coverage of a run, file by file; see database.h. */
#include "base/error.h"
#include "runner/evidence/database.h"
#include <string.h>

int coverage_cursor_open(struct coverage_cursor *c, struct evidence_db *db, struct scopes scopes, pipe_error *err)
{
	int rc;

	memset(c, 0, sizeof(*c));
	c->db = db;
	coverage_write_init(&c->lines);
	rc = scopes_query(&c->rows, db, EQ_COVERAGE, scopes, err);
	if (!rc)
		rc = query_step(&c->rows, err);
	c->has_row = rc == 1;
	return rc < 0 ? rc : PIPE_OK;
}

/* Takes the row in and goes on to the next. */
static int take_row(struct coverage_cursor *c, pipe_error *err)
{
	int64_t *id = vec_push(&c->arena, &c->ids);
	int rc;

	if (!id)
		return error_nomem(err);
	*id = query_int(&c->rows, 0);
	c->counts = (struct coverage_counts){ (uint64_t)query_int(&c->rows, 2), (uint64_t)query_int(&c->rows, 3),
					      (uint64_t)query_int(&c->rows, 4), (uint64_t)query_int(&c->rows, 5) };
	rc = query_step(&c->rows, err);
	c->has_row = rc == 1;
	return rc < 0 ? rc : PIPE_OK;
}

/* Adds the blob of a row to the lines. */
static int add_lines(struct coverage_cursor *c, int64_t id, pipe_error *err)
{
	struct coverage_writer merged;
	struct query q;
	bool good = true;
	int rc = query_begin(&q, c->db->store, EQ_COVERAGE_DATA, err);

	if (rc)
		return rc;
	query_bind_int(&q, id);
	rc = query_step(&q, err);
	if (rc != 1)
		return rc < 0 ? rc : store_damaged(c->db->store, "the coverage of a file is missing", err);
	coverage_write_init(&merged);
	good = coverage_merge(&merged, c->lines.blob.data, c->lines.blob.length, sqlite3_column_blob(q.stmt, 0),
			      (size_t)sqlite3_column_bytes(q.stmt, 0));
	query_end(&q);
	coverage_write_clear(&c->lines);
	c->lines = merged;
	if (!good)
		return store_damaged(c->db->store, "the coverage of a file cannot be read", err);
	return merged.blob.failed ? error_nomem(err) : PIPE_OK;
}

static int load_lines(struct coverage_cursor *c, pipe_error *err)
{
	int rc = PIPE_OK;

	for (uint32_t i = 0; !rc && !c->has_lines && i < c->ids.count; i++)
		rc = add_lines(c, c->ids.items[i], err);
	c->has_lines = true;
	return rc;
}

int coverage_cursor_next(struct coverage_cursor *c, pipe_error *err)
{
	int rc;

	arena_clear(&c->arena);
	memset(&c->ids, 0, sizeof(c->ids));
	coverage_write_clear(&c->lines);
	coverage_write_init(&c->lines);
	c->has_lines = false;
	if (!c->has_row)
		return 0;
	c->path = arena_strdup(&c->arena, query_text(&c->rows, 1));
	if (!c->path)
		return error_nomem(err);
	do
		rc = take_row(c, err);
	while (!rc && c->has_row && !strcmp(c->path, query_text(&c->rows, 1)));
	if (!rc && c->ids.count > 1) {
		rc = load_lines(c, err);
		c->counts = c->lines.counts;
	}
	return rc ? rc : 1;
}

int coverage_cursor_lines(struct coverage_cursor *c, struct coverage_reader *r, pipe_error *err)
{
	int rc = load_lines(c, err);

	coverage_read(r, c->lines.blob.data, c->lines.blob.length);
	return rc;
}

void coverage_cursor_close(struct coverage_cursor *c)
{
	query_end(&c->rows);
	arena_clear(&c->arena);
	coverage_write_clear(&c->lines);
}
