/*
 * Writing JSON (RFC 8259) into a str, token by token; commas and indentation are kept here.  Invalid UTF-8 becomes U+FFFD.
 * Reading JSON is jansson's business.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/str.h"
#include <stdbool.h>
#include <stdint.h>

struct json {
	struct str *out;
	uint64_t has_item; /* a bit per open level: something stands in it already */
	unsigned depth;	   /* at most 63 */
	unsigned pretty; /* levels that begin a line for each of their items, two spaces a level; deeper ones stay on one line */
	bool after_key;
};

void jsonw_init(struct json *j, struct str *out, bool pretty);
void jsonw_object(struct json *j);
void jsonw_object_end(struct json *j);
void jsonw_array(struct json *j);
void jsonw_array_end(struct json *j);
void jsonw_key(struct json *j, const char *key);
void jsonw_string(struct json *j, const char *text); /* NULL: null */
void jsonw_stringn(struct json *j, const char *text, size_t length);
void jsonw_int(struct json *j, int64_t value);
void jsonw_double(struct json *j, double value); /* not finite: null */
void jsonw_bool(struct json *j, bool value);
void jsonw_null(struct json *j);
/* key and value in one go */
void jsonw_kstring(struct json *j, const char *key, const char *text);
void jsonw_kint(struct json *j, const char *key, int64_t value);
void jsonw_kbool(struct json *j, const char *key, bool value);
void jsonw_kint_if(struct json *j, const char *key, bool is_there, int64_t value); /* null where it is not */
void jsonw_knull(struct json *j, const char *key);
/* The text with quotes around it, escaped, without any state. */
void jsonw_quote(struct str *out, const char *text, size_t length);

#endif
