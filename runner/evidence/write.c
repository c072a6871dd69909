/*
 * A job's evidence is written in one transaction a round.  A report's is inside a savepoint of its own: of a broken one nothing but
 * its error stays.
 */
#include "base/error.h"
#include "runner/evidence/database.h"
#include <stdlib.h>
#include <string.h>

int writing_check(const struct evidence_db *db, pipe_error *err)
{
	return db->writing ? PIPE_OK : error_set(err, PIPE_EUSAGE, "evidence belongs to a job: evidence_begin comes first");
}

/* ---- a job ---- */

/* "rspec" of "rspec 1/3": tests move between these from run to run.  "rspec: [ruby 3]" is a job of its own. */
static const char *title_of(const char *name, const char *base)
{
	size_t length = strlen(base), digits;
	const char *rest = name + length + 1;

	if (strncmp(name, base, length) || name[length] != ' ')
		return name;
	digits = strspn(rest, "0123456789");
	if (!digits || rest[digits] != '/')
		return name;
	rest += digits + 1;
	digits = strspn(rest, "0123456789");
	return digits && !rest[digits] ? base : name;
}

static int add_job(struct evidence_db *db, const char *name, const char *base, pipe_error *err)
{
	int64_t words[2];
	struct query q;
	int rc = word_id(db, base, &words[0], err);

	if (!rc)
		rc = word_id(db, title_of(name, base), &words[1], err);
	if (!rc)
		rc = query_begin(&q, db->store, EQ_JOB_ADD, err);
	if (rc)
		return rc;
	query_bind_int(&q, db->scope);
	query_bind_text(&q, name);
	query_bind_int(&q, words[0]);
	query_bind_int(&q, words[1]);
	return query_run(&q, err);
}

/* The job as an earlier round or attempt left it.  *found false: it has said nothing yet. */
static int find_job(struct evidence_db *db, bool *found, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, db->store, EQ_JOB_FIND, err);

	*found = false;
	if (rc)
		return rc;
	query_bind_int(&q, db->scope);
	rc = query_step(&q, err);
	if (rc == 1) {
		*found = true;
		db->gives = (unsigned)query_int(&q, 0);
		db->next_test = query_int(&q, 1);
		query_end(&q);
		rc = PIPE_OK;
	}
	return rc;
}

static int next_report(struct evidence_db *db, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, db->store, EQ_REPORT_NEXT, err);

	if (rc)
		return rc;
	query_bind_int(&q, db->scope);
	rc = query_step(&q, err);
	if (rc == 1) {
		db->next_report = query_int(&q, 0);
		query_end(&q);
		rc = PIPE_OK;
	}
	return rc;
}

static int enter_job(struct evidence_db *db, const char *name, const char *base, pipe_error *err)
{
	struct scopes scopes = { db->scope, db->scope };
	bool found;
	int rc = find_job(db, &found, err);

	if (!rc && found && !db->round) {
		rc = scopes_remove(db, scopes, err);
		found = false;
	}
	if (!found) {
		db->gives = 0;
		db->next_test = 0;
		if (!rc)
			rc = add_job(db, name, base, err);
	}
	db->round_test = db->next_test;
	return rc ? rc : next_report(db, err);
}

int evidence_begin(struct evidence_db *db, int64_t run, uint32_t job, const char *name, const char *base, uint32_t round,
		   pipe_error *err)
{
	struct scopes scopes = scopes_of(run, job);
	int rc;

	if (db->writing)
		return error_set(err, PIPE_EUSAGE, "the evidence of another job has not been committed");
	if (scopes.first != scopes.last || job == ALL_JOBS)
		return error_set(err, PIPE_EUSAGE, "there can be no such run or job");
	rc = store_begin(db->store, err);
	if (rc)
		return rc;
	words_forget(db); /* another process may have tidied up */
	db->writing = true;
	db->in_report = false;
	db->scope = scopes.first;
	db->round = round;
	rc = enter_job(db, name, base, err);
	if (rc)
		evidence_rollback(db);
	return rc;
}

void evidence_rollback(struct evidence_db *db)
{
	if (!db->writing)
		return;
	store_rollback(db->store);
	db->store->broken = false; /* whoever gives up has been told why */
	db->writing = db->in_report = false;
	free(db->report_path);
	db->report_path = NULL;
	coverage_buffer_clear(&db->coverage);
	words_forget(db);
}

/* ---- totals ---- */

static int run_with(struct evidence_db *db, enum evidence_statement id, const int64_t *numbers, unsigned count, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, db->store, id, err);

	if (rc)
		return rc;
	for (unsigned i = 0; i < count; i++)
		query_bind_int(&q, numbers[i]);
	return query_run(&q, err);
}

static int count(struct evidence_db *db, pipe_error *err)
{
	const int64_t numbers[] = { db->scope, db->next_test, db->gives };
	int rc = run_with(db, EQ_JOB_TOTALS, numbers, 3, err);

	if (!rc)
		rc = run_with(db, EQ_JOB_FINDING_DROP, numbers, 1, err);
	return rc ? rc : run_with(db, EQ_JOB_FINDING_ADD, numbers, 1, err);
}

int evidence_commit(struct evidence_db *db, struct evidence_totals *totals, pipe_error *err)
{
	struct scopes scopes = { db->scope, db->scope };
	int rc = writing_check(db, err);

	if (rc)
		return rc;
	if (db->in_report)
		rc = error_set(err, PIPE_EUSAGE, "a report has not been ended");
	if (!rc)
		rc = coverage_flush(db, err);
	if (!rc)
		rc = count(db, err);
	if (!rc && totals)
		rc = totals_read(db, scopes, totals, err);
	if (!rc)
		rc = store_commit(db->store, err);
	if (rc)
		evidence_rollback(db);
	db->writing = false;
	return rc;
}

/* ---- a report ---- */

int evidence_report_begin(struct evidence_db *db, const char *path, pipe_error *err)
{
	int rc = writing_check(db, err);

	if (!rc && db->in_report)
		rc = error_set(err, PIPE_EUSAGE, "a report has not been ended");
	if (!rc)
		rc = coverage_flush(db, err);
	if (rc)
		return rc;
	db->report_path = strdup(path);
	if (!db->report_path)
		return error_nomem(err);
	rc = run_with(db, EQ_REPORT_BEGIN, NULL, 0, err);
	if (rc) {
		free(db->report_path);
		db->report_path = NULL;
	}
	db->in_report = !rc;
	db->has_report_gives = false;
	return rc;
}

int write_scope(void *payload, unsigned gives, pipe_error *err)
{
	struct evidence_db *db = payload;
	int rc = writing_check(db, err);

	if (rc)
		return rc;
	db->report_gives = gives | (db->has_report_gives ? db->report_gives : 0);
	db->has_report_gives = true;
	if (!db->in_report)
		db->gives |= gives;
	return PIPE_OK;
}

static int take_back(struct evidence_db *db, pipe_error *err)
{
	coverage_buffer_clear(&db->coverage);
	words_forget(db);
	return run_with(db, EQ_REPORT_BACK, NULL, 0, err);
}

static int add_report(struct evidence_db *db, const char *format, const pipe_error *why, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, db->store, EQ_REPORT_ADD, err);

	if (rc)
		return rc;
	query_bind_int(&q, db->scope);
	query_bind_int(&q, db->next_report++);
	query_bind_text(&q, db->report_path);
	query_bind_text(&q, format);
	query_bind_text(&q, !why ? "" : *why->text ? why->text : "it could not be read");
	query_bind_int(&q, why ? why->line : 0);
	query_bind_int(&q, why ? why->column : 0);
	return query_run(&q, err);
}

int evidence_report_end(struct evidence_db *db, const struct report_format *format, const pipe_error *why, pipe_error *err)
{
	int rc = writing_check(db, err);

	if (!rc && !db->in_report)
		rc = error_set(err, PIPE_EUSAGE, "no report has been begun");
	if (rc)
		return rc;
	rc = why ? take_back(db, err) : coverage_flush(db, err);
	if (!rc)
		rc = run_with(db, EQ_REPORT_END, NULL, 0, err);
	if (!rc)
		rc = add_report(db, format ? format->name : "", why, err);
	if (!rc && !why && format)
		db->gives |= db->has_report_gives ? db->report_gives : format->gives;
	db->in_report = false;
	free(db->report_path);
	db->report_path = NULL;
	return rc;
}

int evidence_condition(struct evidence_db *db, const struct stage_condition *c, pipe_error *err)
{
	const char *const texts[] = { c->subject, c->value, c->bound, c->verdict, c->detail };
	struct query q;
	int rc = writing_check(db, err);

	if (!rc)
		rc = query_begin(&q, db->store, EQ_CONDITION_ADD, err);
	if (rc)
		return rc;
	query_bind_int(&q, db->scope);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		query_bind_text(&q, texts[i]);
	return query_run(&q, err);
}
