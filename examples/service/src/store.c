#include "store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store {
	sqlite3 *db;
};

static const char schema[] = "CREATE TABLE IF NOT EXISTS link("
			     "  number INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE, hits INTEGER NOT NULL DEFAULT 0)";

struct store *store_open(const char *path)
{
	struct store *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	if (sqlite3_open(path, &s->db) == SQLITE_OK && sqlite3_exec(s->db, schema, NULL, NULL, NULL) == SQLITE_OK)
		return s;
	fprintf(stderr, "links: cannot use the database %s: %s\n", path, sqlite3_errmsg(s->db));
	store_close(s);
	return NULL;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	sqlite3_close(s->db);
	free(s);
}

static sqlite3_stmt *prepare(struct store *s, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL) != SQLITE_OK)
		fprintf(stderr, "links: %s\n", sqlite3_errmsg(s->db));
	return statement;
}

/* The first column of the first row; otherwise, or without a row, the fallback. */
static int64_t number_of(sqlite3_stmt *statement, int64_t fallback)
{
	int64_t value = statement && sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : fallback;

	sqlite3_finalize(statement);
	return value;
}

uint64_t store_add(struct store *s, const char *url)
{
	sqlite3_stmt *statement = prepare(
		s, "INSERT INTO link(url) VALUES(?1) ON CONFLICT(url) DO UPDATE SET url = url RETURNING number");

	if (statement)
		sqlite3_bind_text(statement, 1, url, -1, SQLITE_STATIC);
	return (uint64_t)number_of(statement, 0);
}

char *store_follow(struct store *s, uint64_t number)
{
	sqlite3_stmt *statement = prepare(s, "UPDATE link SET hits = hits + 1 WHERE number = ?1 RETURNING url");
	char *url = NULL;

	if (!statement)
		return NULL;
	sqlite3_bind_int64(statement, 1, (int64_t)number);
	if (sqlite3_step(statement) == SQLITE_ROW)
		url = strdup((const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	return url;
}

int64_t store_hits(struct store *s, uint64_t number)
{
	sqlite3_stmt *statement = prepare(s, "SELECT hits FROM link WHERE number = ?1");

	if (statement)
		sqlite3_bind_int64(statement, 1, (int64_t)number);
	return number_of(statement, -1);
}

int64_t store_count(struct store *s)
{
	return number_of(prepare(s, "SELECT count(*) FROM link"), -1);
}
