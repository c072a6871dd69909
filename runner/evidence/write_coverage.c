/* Coverage: lines are collected a file, and written when a report ends or many are together. */
#include "base/error.h"
#include "runner/evidence/database.h"

static int put(struct evidence_db *db, int64_t path, const struct coverage_writer *w, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, db->store, EQ_COVERAGE_PUT, err);

	if (rc)
		return rc;
	query_bind_int(&q, db->scope);
	query_bind_int(&q, path);
	query_bind_int(&q, (int64_t)w->counts.lines);
	query_bind_int(&q, (int64_t)w->counts.lines_hit);
	query_bind_int(&q, (int64_t)w->counts.branches);
	query_bind_int(&q, (int64_t)w->counts.branches_hit);
	query_bind_blob(&q, w->blob.data, w->blob.length);
	return query_run(&q, err);
}

/* Puts what the job has said of that file before, and now, into *merged.  *found false: it has said nothing. */
static int merge_earlier(struct evidence_db *db, int64_t path, const struct coverage_writer *now, struct coverage_writer *merged,
			 bool *found, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, db->store, EQ_COVERAGE_FIND, err);

	*found = false;
	if (rc)
		return rc;
	query_bind_int(&q, db->scope);
	query_bind_int(&q, path);
	rc = query_step(&q, err);
	if (rc != 1)
		return rc;
	*found = true;
	if (!coverage_merge(merged, sqlite3_column_blob(q.stmt, 0), (size_t)sqlite3_column_bytes(q.stmt, 0), now->blob.data,
			    now->blob.length))
		rc = store_damaged(db->store, "the coverage of a file cannot be read", err);
	else
		rc = merged->blob.failed ? error_nomem(err) : PIPE_OK;
	query_end(&q);
	return rc;
}

static int flush_file(struct evidence_db *db, struct coverage_file *f, pipe_error *err)
{
	struct coverage_writer now, merged;
	int64_t path;
	bool found = false;
	int rc = word_id(db, f->path, &path, err);

	if (rc)
		return rc;
	coverage_write_init(&now);
	coverage_write_init(&merged);
	coverage_file_sort(f);
	for (uint32_t i = 0; i < f->lines.count; i++)
		coverage_write(&now, &f->lines.items[i]);
	rc = now.blob.failed ? error_nomem(err) : merge_earlier(db, path, &now, &merged, &found, err);
	if (!rc)
		rc = put(db, path, found ? &merged : &now, err);
	coverage_write_clear(&now);
	coverage_write_clear(&merged);
	return rc;
}

int coverage_flush(struct evidence_db *db, pipe_error *err)
{
	int rc = PIPE_OK;

	for (uint32_t i = 0; !rc && i < db->coverage.files.count; i++)
		rc = flush_file(db, db->coverage.files.items[i], err);
	coverage_buffer_clear(&db->coverage);
	return rc;
}

int write_line(void *payload, const struct evidence_line *l, pipe_error *err)
{
	struct evidence_db *db = payload;
	int rc = writing_check(db, err);

	if (rc || !l->line || !*l->path)
		return rc; /* lines count from 1 */
	if (!coverage_buffer_add(&db->coverage, l))
		return error_nomem(err);
	return coverage_buffer_is_full(&db->coverage) ? coverage_flush(db, err) : PIPE_OK;
}
