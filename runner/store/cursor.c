/* Runs and jobs one after the other: one statement that stands on a row. */
#include "base/error.h"
#include "runner/store/connection.h"
#include <stdlib.h>

struct store_cursor {
	struct query q;
};

static int begin(struct store_cursor **out, struct store *s, enum statement id, pipe_error *err)
{
	struct store_cursor *c = calloc(1, sizeof(*c));
	int rc = c ? query_begin(&c->q, s, id, err) : error_nomem(err);

	*out = NULL;
	if (rc) {
		free(c);
		return rc;
	}
	*out = c;
	return PIPE_OK;
}

static int64_t last_before(int64_t before)
{
	return before > 0 ? before - 1 : INT32_MAX;
}

int store_runs_open(struct store_cursor **out, struct store *s, const struct store_runs_question *question, pipe_error *err)
{
	int rc = begin(out, s, SQL_RUN_CURSOR, err);

	if (rc)
		return rc;
	query_bind_int(&(*out)->q, 1);
	query_bind_int(&(*out)->q, last_before(question->before));
	query_bind_text(&(*out)->q, question->file);
	query_bind_text(&(*out)->q, question->branch);
	query_bind_text(&(*out)->q, question->source);
	query_bind_text(&(*out)->q, question->status);
	return PIPE_OK;
}

int store_jobs_open(struct store_cursor **out, struct store *s, const struct store_jobs_question *question, pipe_error *err)
{
	int rc = begin(out, s, SQL_JOB_CURSOR, err);

	if (rc)
		return rc;
	query_bind_int(&(*out)->q, question->run ? question->run : 1);
	query_bind_int(&(*out)->q, question->run ? question->run : last_before(question->before));
	query_bind_text(&(*out)->q, question->name);
	query_bind_text(&(*out)->q, question->environment);
	query_bind_text(&(*out)->q, question->status);
	return PIPE_OK;
}

int store_runs_next(struct store_cursor *c, pipe_run_record *out, pipe_error *err)
{
	int rc = query_step(&c->q, err);

	if (rc == 1 && store_run_at(&c->q, out, err))
		rc = PIPE_ESTORE;
	return rc;
}

int store_jobs_next(struct store_cursor *c, struct store_job_row *out, pipe_error *err)
{
	int rc = query_step(&c->q, err);

	if (rc != 1)
		return rc;
	out->environment = query_text(&c->q, 15);
	out->run = query_int(&c->q, 16);
	return store_job_at(&c->q, &out->job, err) ? PIPE_ESTORE : 1;
}

void store_cursor_close(struct store_cursor *c)
{
	if (c)
		query_end(&c->q);
	free(c);
}
