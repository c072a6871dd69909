/* Text -> tokens.  Each byte is looked at a fixed number of times, columns included. */
#include "lua/syntax/lexer.h"

#include "base/error.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const spellings[] = {
#define X(name, text) text,
	LEXER_FIXED(X)
#undef X
};

/* Letters by the C locale, whatever the program's is. */
static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(int c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_letter(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(int c)
{
	return is_letter(c) || is_digit(c);
}

static bool is_newline(int c)
{
	return c == '\n' || c == '\r';
}

const char *lexer_kind_text(enum lexer_kind kind)
{
	static const char *const others[] = { "a name", "a text", "a number", "the end" };

	return kind < LEXER_NAME ? spellings[kind] : others[kind - LEXER_NAME];
}

static int peek(const struct lexer *x, uint32_t ahead)
{
	return x->length - x->at > ahead ? (unsigned char)x->text[x->at + ahead] : -1;
}

static bool starts(const struct lexer *x, const char *text)
{
	size_t length = strlen(text);

	return x->length - x->at >= length && !memcmp(x->text + x->at, text, length);
}

bool lexer_error(struct lexer *x, const struct lexer_token *at, const char *format, ...)
{
	char text[256];
	va_list ap;

	if (x->failed)
		return false;
	x->failed = true;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	error_set(x->err, PIPE_EPIPELINE, "%s", text);
	if (x->err) {
		x->err->line = at->line;
		x->err->column = at->column;
	}
	return false;
}

/* ---- places ---- */

/* The token begins here. */
static void mark_token(struct lexer *x)
{
	for (; x->counted < x->at; x->counted++)
		if (((unsigned char)x->text[x->counted] & 0xc0) != 0x80)
			x->column++;
	x->token.offset = x->at;
	x->token.line = x->line;
	x->token.column = x->column;
}

/* Past "\n", "\r", "\r\n" or "\n\r": one line's end. */
static void pass_newline(struct lexer *x)
{
	int first = peek(x, 0), second = peek(x, 1);

	x->at += is_newline(second) && second != first ? 2 : 1;
	x->line++;
	x->counted = x->at;
	x->column = 1;
}

static void pass_line(struct lexer *x)
{
	while (x->at < x->length && !is_newline(peek(x, 0)))
		x->at++;
}

/* ---- long brackets ---- */

/* At "[" or "]": the number of "=" up to the second bracket; -1: it is no long bracket. */
static int bracket_level(const struct lexer *x)
{
	uint32_t n = 1;
	int bracket = peek(x, 0);

	while (peek(x, n) == '=')
		n++;
	return peek(x, n) == bracket ? (int)n - 1 : -1;
}

static bool pass_long(struct lexer *x, int level, const char *what)
{
	struct lexer_token begin = x->token;

	x->at += (uint32_t)level + 2;
	while (x->at < x->length) {
		int c = peek(x, 0);

		if (is_newline(c)) {
			pass_newline(x);
		} else if (c == ']' && bracket_level(x) == level) {
			x->at += (uint32_t)level + 2;
			return true;
		} else if (c == ']' && bracket_level(x) < 0) {
			/* Past its "=", too: a row of them is looked at once. */
			do
				x->at++;
			while (peek(x, 0) == '=');
		} else {
			x->at++;
		}
	}
	return lexer_error(x, &begin, "this %s has no end: \"]%.*s]\" is missing", what, level > 20 ? 20 : level,
			   "====================");
}

static bool pass_comment(struct lexer *x)
{
	int level;

	mark_token(x);
	x->at += 2;
	level = peek(x, 0) == '[' ? bracket_level(x) : -1;
	if (level >= 0)
		return pass_long(x, level, "comment");
	pass_line(x);
	return true;
}

/* Blanks and comments. */
static bool pass_blank(struct lexer *x)
{
	while (x->at < x->length) {
		int c = peek(x, 0);

		if (is_newline(c))
			pass_newline(x);
		else if (c == ' ' || c == '\t' || c == '\f' || c == '\v')
			x->at++;
		else if (c != '-' || peek(x, 1) != '-')
			return true;
		else if (!pass_comment(x))
			return false;
	}
	return true;
}

/* ---- strings ---- */

/* Behind a backslash. */
static void pass_escape(struct lexer *x)
{
	if (is_newline(peek(x, 0))) {
		pass_newline(x);
	} else if (peek(x, 0) == 'z') {
		x->at++;
		while (peek(x, 0) >= 0 && (is_newline(peek(x, 0)) || strchr(" \t\f\v", peek(x, 0))) && peek(x, 0)) {
			if (is_newline(peek(x, 0)))
				pass_newline(x);
			else
				x->at++;
		}
	} else if (x->at < x->length) {
		x->at++;
	}
}

static bool read_quoted(struct lexer *x)
{
	int quote = peek(x, 0);

	x->token.kind = LEXER_STRING;
	x->at++;
	while (x->at < x->length && !is_newline(peek(x, 0))) {
		int c = peek(x, 0);

		x->at++;
		if (c == quote)
			return true;
		if (c == '\\')
			pass_escape(x);
	}
	return lexer_error(x, &x->token, "this text has no end: %c is missing on its line", quote);
}

/* ---- numbers ---- */

static const char *digits(const char *p, const char *end, bool (*is)(int), bool *some)
{
	while (p < end && is((unsigned char)*p)) {
		*some = true;
		p++;
	}
	return p;
}

static bool is_number(const char *p, const char *end)
{
	bool hex = end - p > 1 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
	bool (*is)(int) = hex ? is_hex : is_digit;
	bool mantissa = false, exponent = false;

	p = digits(p + (hex ? 2 : 0), end, is, &mantissa);
	if (p < end && *p == '.')
		p = digits(p + 1, end, is, &mantissa);
	if (!mantissa)
		return false;
	if (p == end)
		return true;
	if (tolower((unsigned char)*p) != (hex ? 'p' : 'e'))
		return false;
	p++;
	if (p < end && (*p == '+' || *p == '-'))
		p++;
	return digits(p, end, is_digit, &exponent) == end && exponent;
}

/* All that looks like a number, as Lua takes it; then whether it is one. */
static bool read_number(struct lexer *x)
{
	bool hex = peek(x, 0) == '0' && (peek(x, 1) == 'x' || peek(x, 1) == 'X');
	int mark = hex ? 'p' : 'e';
	uint32_t begin = x->at;

	x->token.kind = LEXER_NUMBER;
	if (hex)
		x->at += 2;
	for (;;) {
		int c = peek(x, 0);

		if (c >= 0 && (c | 0x20) == mark && is_letter(c)) {
			x->at++;
			if (peek(x, 0) == '+' || peek(x, 0) == '-')
				x->at++;
		} else if (is_hex(c) || c == '.') {
			x->at++;
		} else {
			break;
		}
	}
	while (is_name(peek(x, 0)))
		x->at++;
	if (is_number(x->text + begin, x->text + x->at))
		return true;
	return lexer_error(x, &x->token, "this is no number: \"%.*s\"", x->at - begin > 40 ? 40 : (int)(x->at - begin),
			   x->text + begin);
}

/* ---- names and the rest ---- */

static bool read_name(struct lexer *x)
{
	const char *name = x->text + x->at;
	size_t length;

	while (is_name(peek(x, 0)))
		x->at++;
	length = (size_t)(x->text + x->at - name);
	x->token.kind = LEXER_NAME;
	for (int i = 0; i < LEXER_KEYWORDS; i++)
		if (strlen(spellings[i]) == length && !memcmp(spellings[i], name, length))
			x->token.kind = (enum lexer_kind)i;
	return true;
}

static bool read_sign(struct lexer *x)
{
	for (int i = LEXER_KEYWORDS; i < LEXER_NAME; i++)
		if (starts(x, spellings[i])) {
			x->token.kind = (enum lexer_kind)i;
			x->at += (uint32_t)strlen(spellings[i]);
			return true;
		}
	if (peek(x, 0) < 0x20 || peek(x, 0) > 0x7e)
		return lexer_error(x, &x->token, "the byte 0x%02x means nothing here", (unsigned)peek(x, 0));
	return lexer_error(x, &x->token, "\"%c\" means nothing in Lua", peek(x, 0));
}

static bool read_token(struct lexer *x)
{
	int c = peek(x, 0), level;

	if (c < 0) {
		x->token.kind = LEXER_EOF;
		return true;
	}
	if (is_letter(c))
		return read_name(x);
	if (is_digit(c) || (c == '.' && is_digit(peek(x, 1))))
		return read_number(x);
	if (c == '"' || c == '\'')
		return read_quoted(x);
	level = c == '[' ? bracket_level(x) : -1;
	if (level < 0)
		return read_sign(x);
	x->token.kind = LEXER_STRING;
	return pass_long(x, level, "text");
}

bool lexer_next(struct lexer *x)
{
	bool good;

	if (x->failed || !pass_blank(x))
		return false;
	mark_token(x);
	good = read_token(x);
	x->token.length = x->at - x->token.offset;
	return good;
}

void lexer_init(struct lexer *x, const char *text, size_t length, pipe_error *err)
{
	*x = (struct lexer){ .text = text, .length = (uint32_t)length, .line = 1, .column = 1, .err = err };
	/* "#!/usr/bin/lua" */
	if (peek(x, 0) == '#')
		pass_line(x);
}
