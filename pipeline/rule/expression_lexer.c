/*
 * The words of `rules:if`.  A token is read when it is needed; the first thing that is wrong ends the parse with one diagnostic, whose
 * column points into the text where the text stands in the file as it is.
 */
#include "pipeline/rule/expression_lexer.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- saying what is wrong ---- */

/* The bytes of the line before the column. */
size_t expression_column_offset(const char *line, size_t length, unsigned column)
{
	size_t at = 0;
	uint32_t code;

	while (column > 1 && at < length) {
		at += utf8_decode(line + at, length - at, &code);
		column--;
	}
	return at;
}

/* Where text[offset] stands in the file: exact when the file's line holds the text as it is, behind a quote or not. */
struct mark expression_place(const struct parser *p, const char *where, bool *exact)
{
	const struct node *n = p->node;
	struct mark at = n->at;
	size_t length = 0, begin;
	const char *line;

	*exact = false;
	line = p->d->sources ? sources_line(p->d->sources, at, &length) : NULL;

	if (!line || !at.line)
		return at;
	begin = expression_column_offset(line, length, at.column);
	for (unsigned quote = 0; quote < 2; quote++) {
		if (begin + quote + n->count <= length && !memcmp(line + begin + quote, n->text, n->count)) {
			size_t column = at.column + quote + utf8_count(n->text, (size_t)(where - n->text));
			at.column = column < UINT16_MAX ? (uint16_t)column : UINT16_MAX;
			*exact = true;
			break;
		}
	}
	return at;
}

void expression_complain(struct parser *p, const char *start, const char *end, const char *format, ...)
{
	struct mark at;
	char text[400];
	va_list ap;
	bool exact;

	if (p->failed)
		return;
	p->failed = true;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	at = expression_place(p, start, &exact);
	diag_error(p->d, at, "rules-syntax", "%.*s", (int)utf8_valid(text, strlen(text)), text);
	if (exact && end > start)
		diag_span(p->d, (uint32_t)utf8_count(start, (size_t)(end - start)));
}

/* How much of a text is shown: whole characters. */
static int shown(const char *text, size_t length)
{
	return (int)utf8_valid(text, length > 60 ? 60 : length);
}

/* ---- tokens ---- */

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static struct token wrong(void)
{
	return (struct token){ .kind = TOKEN_WRONG };
}

static struct token lex_variable(struct parser *p)
{
	const char *start = p->at, *name = start + 1, *end = name;

	while (is_word(*end))
		end++;
	if (end > name) {
		p->at = end;
		return (struct token){ TOKEN_VALUE, EXPRESSION_VARIABLE, start, end, name, (size_t)(end - name), NULL };
	}
	if (*name == '{') {
		const char *inner = name + 1, *last = inner;
		while (is_word(*last))
			last++;
		expression_complain(p, start, *last == '}' ? last + 1 : last, "\"${...}\" is not known in a condition");
		if (last > inner)
			diag_hint(p->d, "write $%.*s", shown(inner, (size_t)(last - inner)), inner);
		else
			diag_hint(p->d, "a variable is written $NAME");
	} else {
		expression_complain(p, start, name, "\"$\" without the name of a variable");
		diag_hint(p->d, "a variable is written $NAME; text stands in quotes");
	}
	return wrong();
}

static struct token lex_text(struct parser *p)
{
	const char *start = p->at, *end = strchr(start + 1, *start);

	if (!end) {
		expression_complain(p, start, start + 1, "this quote is not closed");
		return wrong();
	}
	p->at = end + 1;
	return (struct token){ TOKEN_VALUE, EXPRESSION_TEXT, start, end + 1, start + 1, (size_t)(end - start - 1), NULL };
}

/* Where the closing slash of a pattern is that starts at text; NULL: nowhere. */
static const char *closing_slash(const char *text, const char *end)
{
	for (const char *p = text + 1; p < end; p++) {
		if (*p == '\\' && p + 1 < end)
			p++;
		else if (*p == '/')
			return p;
	}
	return NULL;
}

static struct token lex_pattern(struct parser *p)
{
	const char *start = p->at, *end = closing_slash(start, p->node->text + p->node->count), *flags;

	if (!end) {
		expression_complain(p, start, start + 1, "this pattern has no closing /");
		return wrong();
	}
	flags = end + 1;
	p->at = flags;
	while (is_word(*p->at))
		p->at++;
	return (struct token){ TOKEN_PATTERN, EXPRESSION_PATTERN, start, p->at, start + 1, (size_t)(end - start - 1), flags };
}

/* The dollar sign was forgotten: nobody writes `main` so. */
static bool is_like_a_variable(const char *start, const char *end)
{
	static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_", more[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	return end - start > 1 && strchr(first, *start) && strspn(start, more) >= (size_t)(end - start);
}

static struct token lex_word(struct parser *p)
{
	const char *start = p->at, *end = start;

	while (*end && !is_space(*end) && !strchr("()=!&|\"'", *end))
		end++;
	if (end - start == 4 && !memcmp(start, "null", 4)) {
		p->at = end;
		return (struct token){ TOKEN_VALUE, EXPRESSION_NULL, start, end, start, 4, NULL };
	}
	expression_complain(p, start, end, "\"%.*s\" is neither a variable nor text in quotes",
			    shown(start, (size_t)(end - start)), start);
	if (end - start == 3 && !strncasecmp(start, "and", 3))
		diag_hint(p->d, "write &&");
	else if (end - start == 2 && !strncasecmp(start, "or", 2))
		diag_hint(p->d, "write ||");
	else if (*start == '<' || *start == '>')
		diag_hint(p->d, "the comparisons are == != =~ !~");
	else if (is_like_a_variable(start, end))
		diag_hint(p->d, "a variable is written $%.*s, text stands in quotes", shown(start, (size_t)(end - start)), start);
	else
		diag_hint(p->d, "text stands in quotes: \"%.*s\"", shown(start, (size_t)(end - start)), start);
	return wrong();
}

/* A single = & | !: nearly an operator. */
static struct token lex_half(struct parser *p)
{
	static const struct {
		char c;
		const char *hint;
	} table[] = {
		{ '=', "equality is ==, a pattern is matched with =~" },
		{ '&', "\"and\" is &&" },
		{ '|', "\"or\" is ||" },
		{ '!', "there is no negation: compare, as in $NAME == null or $NAME != \"true\"" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (table[i].c != *p->at)
			continue;
		expression_complain(p, p->at, p->at + 1, "\"%c\" is not an operator", *p->at);
		diag_hint(p->d, "%s", table[i].hint);
		return wrong();
	}
	return lex_word(p);
}

static struct token lex(struct parser *p)
{
	static const struct {
		char text[3];
		enum token_kind kind;
		enum expression_kind operation;
	} operators[] = {
		{ "==", TOKEN_COMPARE, EXPRESSION_EQUAL }, { "!=", TOKEN_COMPARE, EXPRESSION_UNEQUAL },
		{ "=~", TOKEN_COMPARE, EXPRESSION_MATCH }, { "!~", TOKEN_COMPARE, EXPRESSION_NO_MATCH },
		{ "&&", TOKEN_AND, EXPRESSION_AND },	   { "||", TOKEN_OR, EXPRESSION_OR },
		{ "(", TOKEN_OPEN, EXPRESSION_NULL },	   { ")", TOKEN_CLOSE, EXPRESSION_NULL },
	};

	while (is_space(*p->at))
		p->at++;
	for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
		size_t n = strlen(operators[i].text);
		if (!strncmp(p->at, operators[i].text, n)) {
			const char *start = p->at;
			p->at += n;
			return (struct token){ operators[i].kind, operators[i].operation, start, p->at, start, n, NULL };
		}
	}
	switch (*p->at) {
	case '\0':
		return (struct token){ .kind = TOKEN_END, .start = p->at, .end = p->at };
	case '$':
		return lex_variable(p);
	case '"':
	case '\'':
		return lex_text(p);
	case '/':
		return lex_pattern(p);
	default:
		return lex_half(p);
	}
}

void expression_advance(struct parser *p)
{
	p->token = p->failed ? wrong() : lex(p);
}

size_t expression_pattern_end(const char *text, size_t length)
{
	const char *end = length && *text == '/' ? closing_slash(text, text + length) : NULL;

	if (!end || end == text + 1)
		return 0;
	for (const char *p = end + 1; p < text + length; p++)
		if (!strchr("imsU", *p))
			return 0;
	return (size_t)(end - text);
}
