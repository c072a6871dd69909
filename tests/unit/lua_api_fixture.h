/* A call of a script in a world made of tables: rows are JSON, files a list, waits are answered from what the test says. */
#ifndef TESTS_LUA_API_FIXTURE_H
#define TESTS_LUA_API_FIXTURE_H

#include "lua/call.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct world {
	struct lua_engine *engine;
	struct lua_host host;
	json_t *rows;		    /* by kind, of SIDE_RUN: "findings": [[cell, ...]] by column name */
	int opened, closed, totals; /* how often */
	int64_t asked_run;
	struct lua_query asked; /* the last question */
	int fail_after;		/* rows, then an error; 0: never */
	struct evidence_totals sums;
	int64_t baseline;
	struct str put; /* what was put, as text */
	struct lua_context context;
	struct lua_run_facts run;
	struct lua_job_facts job;
	struct lua_grants grants;
	struct lua_limits limits;
	const char *no_waits;
	/* Waits. */
	struct str requests;
	struct lua_answer answer;
	int waits;
	/* The last call. */
	struct lua_call *call;
	const struct lua_outcome *outcome;
	char *value, *second;
	struct str said;
};

/* ---- rows ---- */

struct world_cursor {
	struct lua_query query;
	json_t *list;
	size_t at;
	uint64_t given;
	struct lua_cell cells[32];
	const char *texts[8]; /* of a list */
};

static struct lua_cell world_cell(struct world_cursor *c, const struct lua_column *column, const json_t *value)
{
	struct lua_cell cell = { .type = LUA_CELL_NONE };

	if (column->type == LUA_CELL_TEXT && json_is_string(value)) {
		cell.text = json_string_value(value);
		cell.length = json_string_length(value);
	} else if (column->type == LUA_CELL_INTEGER && json_is_integer(value)) {
		cell.integer = json_integer_value(value);
	} else if (column->type == LUA_CELL_NUMBER && json_is_number(value)) {
		cell.number = json_number_value(value);
	} else if (column->type == LUA_CELL_BOOL && json_is_boolean(value)) {
		cell.truth = json_is_true(value);
	} else if (column->type == LUA_CELL_LIST && json_is_array(value)) {
		for (size_t i = 0; i < json_array_size(value) && i < 7; i++)
			c->texts[i] = json_string_value(json_array_get(value, i));
		c->texts[json_array_size(value)] = NULL;
		cell.list = c->texts;
	} else {
		return cell;
	}
	cell.type = column->type;
	return cell;
}

static int world_rows_open(void *payload, const struct lua_query *query, void **cursor, pipe_error *err)
{
	struct world *w = payload;
	struct world_cursor *c = calloc(1, sizeof(*c));

	(void)err;
	ck_assert_ptr_nonnull(c);
	c->query = *query;
	c->list = json_object_get(w->rows, lua_rows_kinds[query->rows].name);
	w->asked = *query;
	w->opened++;
	*cursor = c;
	return PIPE_OK;
}

static int world_rows_next(void *payload, void *cursor, const struct lua_cell **row, pipe_error *err)
{
	struct world *w = payload;
	struct world_cursor *c = cursor;
	const struct lua_rows_kind *kind = &lua_rows_kinds[c->query.rows];

	if (w->fail_after && c->given >= (uint64_t)w->fail_after) {
		err->code = PIPE_ESTORE;
		snprintf(err->text, sizeof(err->text), "the store is broken");
		return PIPE_ESTORE;
	}
	if (c->query.limit && c->given >= c->query.limit)
		return 0;
	while (c->at < json_array_size(c->list)) {
		const json_t *one = json_array_get(c->list, c->at++);

		for (unsigned i = 0; i < kind->count; i++)
			c->cells[i] = world_cell(c, &kind->columns[i], json_object_get(one, kind->columns[i].name));
		if (!lua_query_matches(&c->query, c->cells))
			continue;
		c->given++;
		*row = c->cells;
		return 1;
	}
	return 0;
}

static void world_rows_close(void *payload, void *cursor)
{
	((struct world *)payload)->closed++;
	free(cursor);
}

/* ---- the rest of the host ---- */

static int64_t world_now(void *payload)
{
	(void)payload;
	return INT64_C(1763652600500); /* Thursday, 20 November 2025, 15:30:00.5 UTC */
}

static int world_read(void *payload, const char *path, size_t limit, struct str *out, pipe_error *err)
{
	(void)payload;
	err->code = PIPE_ENOTFOUND;
	if (*path == '/') {
		snprintf(err->text, sizeof(err->text), "%s lies outside", path);
		return PIPE_EUSAGE;
	}
	snprintf(err->text, sizeof(err->text), "there is no file %s", path);
	if (strcmp(path, "a.txt") != 0)
		return PIPE_ENOTFOUND;
	if (limit < 5)
		return PIPE_ELIMIT;
	str_add(out, "text\n", 5);
	return PIPE_OK;
}

static int world_glob(void *payload, const char *pattern, size_t limit, int (*each)(void *, const char *path), void *each_payload,
		      pipe_error *err)
{
	(void)payload;
	(void)limit;
	(void)err;
	(void)pattern;
	return each(each_payload, "a.txt") || each(each_payload, "b/c.txt") ? PIPE_ENOMEM : PIPE_OK;
}

static int world_totals(void *payload, enum evidence_side side, struct evidence_totals *out, pipe_error *err)
{
	struct world *w = payload;

	(void)err;
	w->totals++;
	*out = w->sums;
	if (side == SIDE_BASELINE)
		out->tests[TEST_PASSED] = 1;
	return PIPE_OK;
}

static int world_metric(void *payload, enum evidence_side side, const char *name, double *value, bool *found, pipe_error *err)
{
	(void)payload;
	(void)side;
	(void)err;
	*found = !strcmp(name, "bundle_bytes");
	*value = *found ? 12.5 : 0;
	return PIPE_OK;
}

static int world_baseline(void *payload, int64_t *run, const char **branch, const char **why, pipe_error *err)
{
	struct world *w = payload;

	(void)err;
	*run = w->baseline;
	*branch = "main";
	*why = w->baseline ? NULL : "no run of main has succeeded yet";
	return PIPE_OK;
}

static int world_put_metric(void *payload, const struct evidence_metric *m, pipe_error *err)
{
	struct world *w = payload;

	(void)err;
	str_printf(&w->put, "%s{%s} %g %s %s\n", m->name, m->labels, m->value, m->unit, m->help);
	return PIPE_OK;
}

static int world_put_finding(void *payload, const struct evidence_finding *f, pipe_error *err)
{
	struct world *w = payload;

	(void)err;
	str_printf(&w->put, "%s %s %s %s %s:%u %s\n", finding_kind_name((enum finding_kind)f->kind),
		   severity_name((enum severity)f->severity), f->tool, f->rule, f->path, f->line, f->message);
	return PIPE_OK;
}

static int world_annotate(void *payload, const char *label, const char *text, const char *url, pipe_error *err)
{
	struct world *w = payload;

	(void)err;
	str_printf(&w->put, "%s|%s|%s\n", label, text ? text : "-", url ? url : "-");
	return PIPE_OK;
}

/* ---- the world ---- */

static void world_init(struct world *w)
{
	const struct lua_engine_options options = { .idle_most = 2 };
	pipe_error err = { 0 };

	memset(w, 0, sizeof(*w));
	ck_assert_msg(lua_engine_create(&w->engine, &options, &err) == PIPE_OK, "%s", err.text);
	w->host = (struct lua_host){ .now_ms = world_now,
				     .read = world_read,
				     .glob = world_glob,
				     .totals = world_totals,
				     .metric = world_metric,
				     .baseline = world_baseline,
				     .rows_open = world_rows_open,
				     .rows_next = world_rows_next,
				     .rows_close = world_rows_close,
				     .put_metric = world_put_metric,
				     .put_finding = world_put_finding,
				     .annotate = world_annotate,
				     .payload = w };
	w->baseline = 41;
	w->run = (struct lua_run_facts){
		.number = 42, .file = "pipe.yml", .branch = "main", .started_ms = 1500, .duration_ms = -1
	};
	w->job = (struct lua_job_facts){ .name = "gate", .stage = "test", .exit_code = -1, .duration_ms = -1, .attempt = 1 };
	w->context = (struct lua_context){ .point = "gate", .run = &w->run, .job = &w->job };
	str_init(&w->put);
	str_init(&w->requests);
	str_init(&w->said);
}

static void world_rows(struct world *w, const char *json)
{
	json_error_t error;

	json_decref(w->rows);
	w->rows = json_loads(json, 0, &error);
	ck_assert_msg(w->rows != NULL, "%s", error.text);
}

/* The last call is over, and with it the cursors of its script. */
static void world_end(struct world *w)
{
	lua_call_free(w->call);
	w->call = NULL;
	free(w->value);
	free(w->second);
	w->value = w->second = NULL;
	ck_assert_int_eq(w->opened, w->closed);
}

static void world_clear(struct world *w)
{
	world_end(w);
	lua_engine_free(w->engine);
	json_decref(w->rows);
	str_clear(&w->put);
	str_clear(&w->requests);
	str_clear(&w->said);
}

static void world_list(struct str *out, const char *label, const char *const *list)
{
	for (; list && *list; list++)
		str_printf(out, "%s%s\n", label, *list);
}

/* What was asked for, as text. */
static void world_note(struct world *w, const struct lua_wait *wait)
{
	struct str *out = &w->requests;

	switch (wait->kind) {
	case LUA_WAIT_HTTP:
		str_printf(out, "%s %s%s%s\n", wait->http.method, wait->http.url, wait->http.insecure ? " insecure" : "",
			   wait->http.follow ? "" : " stay");
		world_list(out, "", wait->http.headers);
		if (wait->http.body)
			str_add(out, wait->http.body, wait->http.body_length);
		return;
	case LUA_WAIT_EXEC:
		world_list(out, "arg ", wait->exec.argv);
		world_list(out, "env ", wait->exec.env);
		str_printf(out, "in %s <%s>", wait->exec.directory ? wait->exec.directory : ".",
			   wait->exec.input ? wait->exec.input : "");
		return;
	case LUA_WAIT_SLEEP:
		str_printf(out, "sleep %lld\n", (long long)wait->timeout_ms);
		return;
	case LUA_WAIT_MAIL:
		str_printf(out, "%s from %s\n", wait->mail.url, wait->mail.from);
		world_list(out, "to ", wait->mail.to);
		str_printf(out, "user %s %s\n", wait->mail.user ? wait->mail.user : "-",
			   wait->mail.password ? wait->mail.password : "-");
		str_add(out, wait->mail.message, wait->mail.length);
		return;
	}
}

static char *world_dump(const json_t *value)
{
	return value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS) : NULL;
}

/* Runs a script to its end. */
static const struct lua_outcome *world_run(struct world *w, const char *text)
{
	const struct lua_source source = { .name = "t.lua", .text = text, .length = strlen(text) };
	const struct lua_call_options options = { .engine = w->engine,
						  .source = &source,
						  .context = &w->context,
						  .host = &w->host,
						  .grants = &w->grants,
						  .limits = &w->limits,
						  .no_waits = w->no_waits };
	pipe_error err = { 0 };
	const char *said;
	size_t length;

	world_end(w);
	lua_engine_forget(w->engine); /* the source is gone with the test's line */
	str_reset(&w->put);
	str_reset(&w->requests);
	str_reset(&w->said);
	w->opened = w->closed = w->totals = w->waits = 0;
	ck_assert_msg(lua_call_create(&w->call, &options, &err) == PIPE_OK, "%s:%u: %s", err.file, err.line, err.text);
	while (lua_call_step(w->call) == LUA_CALL_WAITS) {
		w->waits++;
		ck_assert_int_lt(w->waits, 1000);
		world_note(w, lua_call_wait(w->call));
		lua_call_answer(w->call, &w->answer);
	}
	said = lua_call_said(w->call, &length);
	str_add(&w->said, said, length);
	w->outcome = lua_call_outcome(w->call);
	w->value = world_dump(w->outcome->value);
	w->second = world_dump(w->outcome->second);
	return w->outcome;
}

/* It returns this, as JSON. */
#define GIVES(w, text, json)                                                                                                     \
	do {                                                                                                                     \
		const struct lua_outcome *o_ = world_run(w, text);                                                               \
		ck_assert_msg(o_->end == LUA_DONE, "%s: %s", text, o_->reason ? o_->reason : "?");                               \
		ck_assert_msg((w)->value && !strcmp((w)->value, json), "%s: %s", text, (w)->value ? (w)->value : "nothing");     \
	} while (0)

/* It ends like this, and the reason holds the words. */
#define ENDS(w, text, how, words)                                                                                                \
	do {                                                                                                                     \
		const struct lua_outcome *o_ = world_run(w, text);                                                               \
		ck_assert_msg(o_->end == (how), "%s: %d %s", text, (int)o_->end, o_->reason ? o_->reason : "");                  \
		ck_assert_msg(o_->reason &&strstr(o_->reason, words), "%s: %s", text, o_->reason ? o_->reason : "no reason");    \
	} while (0)

#endif
