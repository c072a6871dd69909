/* What is kept once for all runs: words, test cases, issues. */
#include "base/error.h"
#include "runner/evidence/database.h"
#include <string.h>

/* Ids that are remembered, and the longest word worth it. */
enum { WORDS_MOST = 4096, WORD_BYTES = 200 };

void words_forget(struct evidence_db *db)
{
	arena_clear(&db->words_arena);
	db->words = (struct map)MAP_INIT;
}

static int remember(struct evidence_db *db, const char *text, size_t length, int64_t id, pipe_error *err)
{
	int64_t *value;
	char *key;

	if (length > WORD_BYTES)
		return PIPE_OK;
	if (db->words.count >= WORDS_MOST)
		words_forget(db);
	key = arena_strndup(&db->words_arena, text, length);
	value = ARENA_NEW(&db->words_arena, int64_t);
	if (!key || !value)
		return error_nomem(err);
	*value = id;
	return map_put(&db->words, &db->words_arena, key, length, value) ? PIPE_OK : error_nomem(err);
}

/* Runs a query for one id; 0: there is none. */
static int find(struct query *q, int64_t *id, pipe_error *err)
{
	int rc = query_step(q, err);

	*id = 0;
	if (rc == 1) {
		*id = query_int(q, 0);
		query_end(q);
		rc = PIPE_OK;
	}
	return rc;
}

static int add(struct evidence_db *db, struct query *q, int64_t *id, pipe_error *err)
{
	int rc = query_run(q, err);

	*id = sqlite3_last_insert_rowid(db->store->db);
	return rc;
}

int word_id(struct evidence_db *db, const char *text, int64_t *id, pipe_error *err)
{
	size_t length = strlen(text);
	const int64_t *known = length ? map_get(&db->words, text, length) : NULL;
	struct query q;
	int rc;

	*id = known ? *known : 0;
	if (known || !length)
		return PIPE_OK;
	rc = query_begin(&q, db->store, EQ_WORD_FIND, err);
	if (rc)
		return rc;
	query_bind_text(&q, text);
	rc = find(&q, id, err);
	if (!rc && !*id) {
		rc = query_begin(&q, db->store, EQ_WORD_ADD, err);
		if (rc)
			return rc;
		query_bind_text(&q, text);
		rc = add(db, &q, id, err);
	}
	return rc ? rc : remember(db, text, length, *id, err);
}

int case_id(struct evidence_db *db, const struct evidence_test *t, int64_t *id, pipe_error *err)
{
	static const enum evidence_statement ways[] = { EQ_CASE_FIND, EQ_CASE_ADD };
	int64_t suite;
	int rc = word_id(db, t->suite, &suite, err);

	*id = 0;
	for (unsigned i = 0; !rc && !*id && i < 2; i++) {
		struct query q;

		rc = query_begin(&q, db->store, ways[i], err);
		if (rc)
			return rc;
		query_bind_int(&q, suite);

		query_bind_text(&q, t->name);
		rc = ways[i] == EQ_CASE_FIND ? find(&q, id, err) : add(db, &q, id, err);
	}
	return rc;
}

int issue_find(struct evidence_db *db, const unsigned char fingerprint[16], int64_t *id, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, db->store, EQ_ISSUE_FIND, err);

	if (rc)
		return rc;
	query_bind_blob(&q, fingerprint, 16);
	return find(&q, id, err);
}

int issue_id(struct evidence_db *db, const struct evidence_finding *f, const unsigned char fingerprint[16], int64_t *id,
	     pipe_error *err)
{
	const char *const texts[] = { f->tool, f->rule, f->path, f->package };
	enum { TEXTS = sizeof(texts) / sizeof(*texts) };
	int64_t words[TEXTS];
	struct query q;
	int rc = issue_find(db, fingerprint, id, err);

	if (rc || *id)
		return rc;
	for (unsigned i = 0; i < TEXTS; i++) {
		rc = word_id(db, texts[i], &words[i], err);
		if (rc)
			return rc;
	}
	rc = query_begin(&q, db->store, EQ_ISSUE_ADD, err);
	if (rc)
		return rc;
	query_bind_blob(&q, fingerprint, 16);
	for (unsigned i = 0; i < TEXTS; i++)
		query_bind_int(&q, words[i]);
	return add(db, &q, id, err);
}
