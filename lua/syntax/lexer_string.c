/* What a literal text stands for: escapes, long brackets (https://www.lua.org/manual/5.4/manual.html#3.1). */
#include "lua/syntax/lexer.h"

#include "base/error.h"

#include <string.h>

struct reading {
	struct lexer *x;
	const struct lexer_token *token;
	const char *at, *end;
	char *out;
};

static bool is_newline(char c)
{
	return c == '\n' || c == '\r';
}

static const char *pass_newline(const char *p, const char *end)
{
	return p + (end - p > 1 && is_newline(p[1]) && p[1] != p[0] ? 2 : 1);
}

static bool wrong(struct reading *r, const char *what)
{
	return lexer_error(r->x, r->token, "in this text, %s", what);
}

static int hex_value(char c)
{
	static const char hex[] = "0123456789abcdef0123456789ABCDEF";
	const char *found = c ? strchr(hex, c) : NULL;

	return found ? (int)((found - hex) % 16) : -1;
}

static bool read_hex(struct reading *r)
{
	int value = 0;

	for (int i = 0; i < 2; i++) {
		int digit = r->at < r->end ? hex_value(*r->at) : -1;

		if (digit < 0)
			return wrong(r, "\\x wants two hexadecimal digits");
		value = value * 16 + digit;
		r->at++;
	}
	*r->out++ = (char)value;
	return true;
}

static bool read_decimal(struct reading *r)
{
	int value = 0;

	for (int i = 0; i < 3 && r->at < r->end && *r->at >= '0' && *r->at <= '9'; i++)
		value = value * 10 + (*r->at++ - '0');
	if (value > 255)
		return wrong(r, "a decimal escape is above 255");
	*r->out++ = (char)value;
	return true;
}

/* Lua's own extension of UTF-8, up to 2^31: never longer than the escape. */
static void put_character(struct reading *r, uint32_t code)
{
	char tail[6];
	int n = 0;
	uint32_t first = 0x3f; /* what fits into the first byte */

	if (code < 0x80) {
		*r->out++ = (char)code;
		return;
	}
	do {
		tail[n++] = (char)(0x80 | (code & 0x3f));
		code >>= 6;
		first >>= 1;
	} while (code > first);
	*r->out++ = (char)((~first << 1) | code);
	while (n)
		*r->out++ = tail[--n];
}

static bool read_character(struct reading *r)
{
	uint32_t code = 0;
	int count = 0;

	if (r->at >= r->end || *r->at++ != '{')
		return wrong(r, "\\u wants {");
	for (; r->at < r->end && hex_value(*r->at) >= 0; count++) {
		if (code > 0x7ffffff)
			return wrong(r, "\\u{} is beyond 2^31");
		code = code * 16 + (uint32_t)hex_value(*r->at++);
	}
	if (!count || r->at >= r->end || *r->at++ != '}')
		return wrong(r, "\\u wants hexadecimal digits in braces");
	put_character(r, code);
	return true;
}

static bool pass_blanks(struct reading *r)
{
	while (r->at < r->end && *r->at && strchr(" \t\f\v\r\n", *r->at))
		r->at++;
	return true;
}

/* Behind the backslash. */
static bool read_escape(struct reading *r)
{
	static const char names[] = "abfnrtv\\\"'", values[] = "\a\b\f\n\r\t\v\\\"'";
	const char *found;
	char c = *r->at;

	if (is_newline(c)) {
		r->at = pass_newline(r->at, r->end);
		*r->out++ = '\n';
		return true;
	}
	if (c >= '0' && c <= '9')
		return read_decimal(r);
	r->at++;
	if (c == 'x')
		return read_hex(r);
	if (c == 'u')
		return read_character(r);
	if (c == 'z')
		return pass_blanks(r);
	found = c ? strchr(names, c) : NULL;
	if (!found)
		return wrong(r, "there is an escape that Lua does not have");
	*r->out++ = values[found - names];
	return true;
}

static bool read_quoted(struct reading *r)
{
	while (r->at < r->end) {
		char c = *r->at++;

		if (c != '\\')
			*r->out++ = c;
		else if (r->at >= r->end || !read_escape(r))
			return false;
	}
	return true;
}

static void read_long(struct reading *r)
{
	if (r->at < r->end && is_newline(*r->at))
		r->at = pass_newline(r->at, r->end);
	while (r->at < r->end) {
		if (is_newline(*r->at)) {
			r->at = pass_newline(r->at, r->end);
			*r->out++ = '\n';
		} else {
			*r->out++ = *r->at++;
		}
	}
}

const char *lexer_string(struct lexer *x, const struct lexer_token *token, struct arena *a, uint32_t *length)
{
	const char *text = x->text + token->offset;
	char *out = arena_text(a, (size_t)token->length + 1);
	struct reading r = { x, token, text + 1, text + token->length - 1, out };
	bool good = true;

	if (!out) {
		error_nomem(x->err);
		x->failed = true;
		return NULL;
	}
	if (*text == '[') {
		size_t bracket = 2 + strspn(text + 1, "=");

		r.at = text + bracket;
		r.end = text + token->length - bracket;
		read_long(&r);
	} else {
		good = read_quoted(&r);
	}
	*r.out = '\0';
	*length = (uint32_t)(r.out - out);
	return good ? out : NULL;
}
