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
	bool pretty;	   /* two spaces a level */
	bool after_key;
};

void json_init(struct json *j, struct str *out, bool pretty);
void json_object(struct json *j);
void json_object_end(struct json *j);
void json_array(struct json *j);
void json_array_end(struct json *j);
void json_key(struct json *j, const char *key);
void json_string(struct json *j, const char *text); /* NULL: null */
void json_stringn(struct json *j, const char *text, size_t length);
void json_int(struct json *j, int64_t value);
void json_double(struct json *j, double value); /* not finite: null */
void json_bool(struct json *j, bool value);
void json_null(struct json *j);
/* key and value in one go */
void json_kstring(struct json *j, const char *key, const char *text);
void json_kint(struct json *j, const char *key, int64_t value);
void json_kbool(struct json *j, const char *key, bool value);
/* The text with quotes around it, escaped, without any state. */
void json_quote(struct str *out, const char *text, size_t length);

#endif
