/* Where the walk over a JSON text stands: lines, and columns in characters, counted once over each piece. */
#include "base/error.h"
#include "base/utf8.h"
#include "stages/report/json/json_walk.h"

#include <stdarg.h>

void json_reach(struct json_items *it, const char *p)
{
	it->characters += (unsigned)utf8_count(it->from, (size_t)(p - it->from));
	it->from = p;
}

const char *json_fail(struct json_items *it, const char *p, enum pipe_code code, pipe_error *err, const char *format, ...)
{
	va_list ap;
	char text[256];

	if (p)
		json_reach(it, p);
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	it->failed = error_set(err, code, "%s", text);
	if (err) {
		err->line = it->line;
		err->column = it->characters + 1;
	}
	return NULL;
}

const char *json_fail_nomem(struct json_items *it, pipe_error *err)
{
	it->failed = error_nomem(err);
	return NULL;
}

void json_at_token(const struct json_items *it, pipe_error *err)
{
	if (err) {
		err->line = it->token_line;
		err->column = it->token_column;
	}
}

/* "x", or the byte's number where it cannot be shown. */
const char *json_fail_byte(struct json_items *it, const char *p, pipe_error *err, const char *expected)
{
	unsigned char c = (unsigned char)*p;

	if (c > ' ' && c < 0x7f)
		return json_fail(it, p, PIPE_EPIPELINE, err, "no JSON: %s was expected, and not \"%c\"", expected, c);
	return json_fail(it, p, PIPE_EPIPELINE, err, "no JSON: %s was expected, and not the byte 0x%02x", expected, c);
}

void json_begin_token(struct json_items *it, const char *p)
{
	json_reach(it, p);
	it->token_line = it->line;
	it->token_column = it->characters + 1;
}
