/*
 * Inside of the walk over a JSON text (json_items.h): its states, its levels, and what its files do for each other.  Functions that
 * take p are given the place in the piece that is being fed, and say how far they came, or NULL: it failed.
 */
#ifndef STAGES_REPORT_JSON_JSON_WALK_H
#define STAGES_REPORT_JSON_JSON_WALK_H

#include "stages/report/json/json_items.h"

enum json_state {
	JSON_TOP,	/* before, between and after values */
	JSON_VALUE,	/* a value must come */
	JSON_FIRST,	/* behind `[`: a value or the end */
	JSON_FIRST_KEY, /* behind `{`: a key or the end */
	JSON_KEY,	/* behind `,`: a key must come */
	JSON_COLON,	/* behind a key */
	JSON_BEHIND,	/* behind a value: `,` or the end */
	JSON_IN_STRING, /* within quotes */
	JSON_ESCAPE,	/* behind \ */
	JSON_UNICODE,	/* behind \u */
	JSON_SCALAR	/* within a number, true, false or null */
};

struct json_level {
	json_t *value;	/* that is being filled; the root's child, or the root; NULL: nothing is kept */
	json_t *before; /* what stood behind the same key before, ours; or NULL */
	uint64_t seen;	/* the node's children that were there already, by nth */
	uint8_t node;
	bool is_map, whole;
};

/* ---- json_place.c: where it stands, and what is wrong there ---- */

/* Takes note of the place of p, which is not before the last one asked for. */
void json_reach(struct json_items *it, const char *p);
/* NULL, with the code in it->failed.  p NULL: the place is the last one reached. */
const char *json_fail(struct json_items *it, const char *p, enum pipe_code code, pipe_error *err, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
const char *json_fail_nomem(struct json_items *it, pipe_error *err);
/* Something else than the byte at p was expected. */
const char *json_fail_byte(struct json_items *it, const char *p, pipe_error *err, const char *expected);
/* A number, word or string of interest begins. */
void json_begin_token(struct json_items *it, const char *p);
/* The fault is the number, word or string that has just ended. */
void json_at_token(const struct json_items *it, pipe_error *err);

/* ---- json_value.c: values on the path and within items ---- */

/* The open map or list; NULL: none. */
struct json_level *json_parent(const struct json_items *it);
/* A value begins at p; a scalar is complete, and its place is the token's.  *item: it is one. */
bool json_begin_value(struct json_items *it, json_type type, bool *item, const char *p, pipe_error *err);
/* A scalar is complete; value is taken, NULL where nothing is kept. */
bool json_put_scalar(struct json_items *it, json_t *value, json_type type, bool item, const char *p, pipe_error *err);
const char *json_begin_collection(struct json_items *it, const char *p, bool is_map, pipe_error *err);
const char *json_end_collection(struct json_items *it, const char *p, pipe_error *err);
/* Find out what the next element, the member behind the key in it->text, is. */
void json_expect_element(struct json_items *it);
bool json_expect_member(struct json_items *it, const char *p, pipe_error *err);

/* ---- json_string.c ---- */

const char *json_begin_string(struct json_items *it, const char *p, bool is_key);
const char *json_on_string(struct json_items *it, const char *p, const char *end, pipe_error *err);
const char *json_on_escape(struct json_items *it, const char *p, const char *end, pipe_error *err);
const char *json_on_unicode(struct json_items *it, const char *p, const char *end, pipe_error *err);

/* ---- json_scalar.c ---- */

/* Numbers and words as RFC 8259 has them; false: it is none. */
bool json_scalar_type(const char *text, json_type *type);
/* A new value; NULL: no memory. */
json_t *json_scalar_value(const char *text, json_type type);

#endif
