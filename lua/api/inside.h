/*
 * Inside the api: what its files share.
 *
 * Functions of a library hold nothing of C's while something may raise: what they make lies in Lua's memory, in the call's arena, or in a
 * scratch whose __gc gives it back.
 */
#ifndef LUA_API_INSIDE_H
#define LUA_API_INSIDE_H

#include "lua/api/api.h"
#include "lua/guest.h"

/* ---- scratch.c ---- */

/* C's own memory for the length of a function. */
struct api_scratch {
	json_t *json;
	struct str text;
	struct arena arena;
};
/* Pushes a new one. */
struct api_scratch *api_scratch(lua_State *L);
/* Gives all of it back now, rather than when the collector comes by. */
void api_scratch_clear(struct api_scratch *s);

/* ---- shape.c: tables whose fields are known ---- */

const struct api_class *api_class_named(const char *name);
const struct api_field *api_field_named(const struct api_class *class, const char *name);
/* Raises `LABEL has no field "x"; did you mean "y"?`.  key: an index in the stack. */
int api_no_field(lua_State *L, const char *label, const struct api_class *class, int key);
/* The table on the top has the fields of a class and no others: others raise.  label and class are constants.  Costs one metatable a
 * state. */
void api_shape(lua_State *L, const char *label, const char *class);

struct api_self;
/* An object whose members are made when they are looked at. */
struct api_lazy {
	const char *label; /* "ctx.evidence" */
	const char *class; /* "pipe.Evidence" */
	/* Pushes a member, or nothing: false.  key: any text.  It is kept in the table and not asked for again. */
	bool (*member)(lua_State *L, const struct api_self *self, const char *key);
	lua_CFunction call; /* __call, upvalue 1: the self; or NULL */
	/* Of open classes: makes all members, in the table at index 1, for pairs(); or NULL: those of the class. */
	void (*all)(lua_State *L, const struct api_self *self);
};
struct api_self {
	const struct api_lazy *lazy;
	enum evidence_side side;
	int64_t run; /* of the history; 0: as side says */
};
/* Pushes the object, which for the same lazy and side, without a run, has one metatable a state. */
void api_push_lazy(lua_State *L, const struct api_lazy *lazy, enum evidence_side side, int64_t run);
/* Upvalue 1 as a self. */
const struct api_self *api_self_of(lua_State *L);
/* Pushes a C function with a self as its upvalue 1. */
void api_push_method(lua_State *L, lua_CFunction f, const struct api_self *self);

/* ---- options.c: arguments ---- */

/* The table at `index` holds no members but those of the class.  nil or nothing: false. */
bool api_options(lua_State *L, int index, const char *function, const char *class);
/* Each pushes the member, which stays on the stack, so that texts stay where they are.  NULL, false: it is not there. */
const char *api_text(lua_State *L, int index, const char *function, const char *name, size_t *length);
/* Text without NUL and other control characters. */
const char *api_word(lua_State *L, int index, const char *function, const char *name);
bool api_number(lua_State *L, int index, const char *function, const char *name, double *out);
bool api_flag(lua_State *L, int index, const char *function, const char *name, bool fallback);
/* Any value, on the top; false: nil, and nothing is on the top. */
bool api_value(lua_State *L, int index, const char *name);
/* The texts 1..n of the table on the top, as an array that ends with NULL and lives in a userdata, pushed; the table stays below it. */
const char *const *api_texts(lua_State *L);
/* The value on the top becomes the last of the list at `list`. */
void api_append(lua_State *L, int list);
/* Raises `FUNCTION: what`. */
int api_wrong(lua_State *L, const char *function, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The system has no memory: ends the call, and raises. */
int api_no_memory(lua_State *L);
/* Is it made of the characters of a token (RFC 9110, 5.6.2)? */
bool api_is_token(const char *text, size_t length);
/* The value at the index as JSON text, pushed; `FUNCTION: what it is` is raised where it cannot be one. */
void api_push_json_text(lua_State *L, int index, const char *function, size_t flags);

/* ---- waiting ---- */

/* The option "timeout", in seconds. */
double api_timeout(lua_State *L, int index, const char *function, double fallback);
/* Begins a wait: how long, in seconds, is cut to what is left of the call. */
struct lua_wait *api_wait(lua_State *L, enum lua_wait_kind kind, double seconds);
/* Pushes nil and why there is no answer: true.  false: there is one. */
bool api_no_answer(lua_State *L);
/* Pushes what the answer brought, which may be nothing. */
void api_push_body(lua_State *L, const struct lua_answer *answer);
/* Where an address leads, without its path, which may hold a secret.  Pushed. */
void api_push_origin(lua_State *L, const char *url);
/* Is it an address of HTTP that can be read in one way only, and granted?  Raises where it is not. */
void api_check_url(lua_State *L, const char *function, const char *url, size_t length);

/* ---- row.c: one row; api_row_json is in lua/guest.h ---- */

/* Copies a row of the host, whose cells are borrowed, and pushes it. */
void api_push_row(lua_State *L, enum lua_rows rows, const struct lua_cell *cells);
void api_push_cell(lua_State *L, const struct lua_cell *cell, const struct lua_column *column);
/* __newindex of a row, and of rows. */
int api_row_read_only(lua_State *L);

/* ---- filter.c ---- */

/* What a filter may say beside columns. */
struct api_word {
	const char *name, *type, *help;
	unsigned kinds; /* bits by enum lua_rows */
	/* The value is on the top. */
	void (*read)(lua_State *L, const char *function, struct lua_query *q);
};
extern const struct api_word api_words[]; /* ended by one without a name */

/* The argument at `index` into q, whose kind of rows is known.  Its texts go into the list on the top of the stack. */
void api_read_filter(lua_State *L, int index, const char *function, struct lua_query *q);

/* ---- rows.c ---- */

/* Ends a C function whose argument at `index` is a filter: its rows, as `for` takes them. */
int api_rows(lua_State *L, int index, const char *function, enum lua_rows kind, const struct api_self *self);
/* Pushes the paths that changed, as a list. */
void api_push_changes(lua_State *L);
/* Hands the rows of a query over, one after the other.  each must not raise. */
void api_each_row(lua_State *L, const struct lua_query *query, void (*each)(void *payload, const struct lua_cell *row),
		  void *payload);

/* ---- evidence.c ---- */

extern const struct api_lazy api_evidence, api_job_evidence, api_baseline, api_past_evidence;

/* ---- mail.c ---- */

struct api_mail {
	const char *from, *subject, *text; /* NUL-terminated; no line ends in the first two */
	const char *const *to;
	size_t text_length;
	int64_t now_ms;
	uint32_t unique; /* makes the Message-ID another than that of the same mail before */
};
/* The address in "Name <a@b>" or "a@b": false: it is none, or could be read in two ways. */
bool api_mail_address(const char *text, const char **address, size_t *length);
/* A message by RFC 5322, with CRLF.  Addresses have been looked at. */
void api_mail_write(const struct api_mail *mail, struct str *out);

/* ---- library functions, for table.c ---- */

int api_log(lua_State *L);
int api_warn(lua_State *L);
int api_fail(lua_State *L);
int api_annotate(lua_State *L);
int api_http(lua_State *L);
int api_exec(lua_State *L);
int api_sleep(lua_State *L);
int api_now(lua_State *L);
int api_date(lua_State *L);
int api_read(lua_State *L);
int api_glob(lua_State *L);
int api_exists(lua_State *L);
int api_notify(lua_State *L);
int api_metric(lua_State *L);
int api_finding(lua_State *L);
int api_severity(lua_State *L);
int api_version(lua_State *L);
int api_glob_match(lua_State *L);
int api_duration(lua_State *L);
int api_bytes(lua_State *L);
int api_json_encode(lua_State *L);
int api_json_decode(lua_State *L);
int api_json_object(lua_State *L);
int api_json_array(lua_State *L);
int api_yaml_encode(lua_State *L);
int api_yaml_decode(lua_State *L);

#endif
