/* Metrics, components and images: one row each. */
#include "base/error.h"
#include "runner/evidence/database.h"

/* A row of the job's scope and of words. */
static int begin_words(struct query *q, struct evidence_db *db, enum evidence_statement id, const char *const *texts,
		       unsigned count, pipe_error *err)
{
	int64_t words[8];
	int rc = writing_check(db, err);

	for (unsigned i = 0; !rc && i < count; i++)
		rc = word_id(db, texts[i], &words[i], err);
	if (!rc)
		rc = query_begin(q, db->store, id, err);
	if (rc)
		return rc;
	query_bind_int(q, db->scope);
	for (unsigned i = 0; i < count; i++)
		query_bind_int(q, words[i]);
	return PIPE_OK;
}

int write_metric(void *payload, const struct evidence_metric *m, pipe_error *err)
{
	const char *const texts[] = { m->name, m->labels, m->unit, m->help };
	struct query q;
	int rc = begin_words(&q, payload, EQ_METRIC_ADD, texts, 4, err);

	if (rc)
		return rc;
	query_bind_double(&q, m->value);
	return query_run(&q, err);
}

int write_component(void *payload, const struct evidence_component *c, pipe_error *err)
{
	const char *const texts[] = { c->name, c->version, c->type, c->purl, c->licenses };
	struct query q;
	int rc = begin_words(&q, payload, EQ_COMPONENT_ADD, texts, 5, err);

	return rc ? rc : query_run(&q, err);
}

int write_image(void *payload, const struct evidence_image *i, pipe_error *err)
{
	struct query q;
	int rc = begin_words(&q, payload, EQ_IMAGE_ADD, NULL, 0, err);

	if (rc)
		return rc;
	query_bind_text(&q, i->name);
	query_bind_text(&q, i->digest);
	query_bind_int(&q, i->bytes < INT64_MAX ? (int64_t)i->bytes : INT64_MAX);
	return query_run(&q, err);
}
