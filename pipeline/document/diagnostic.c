/*
 * Collecting diagnostics, ordering them, and finding out how much of a line each is about.  `last` is what makes hints and related
 * places safe to add to one that was not kept.
 */
#include "pipeline/document/diagnostic.h"

#include "base/utf8.h"
#include "pipeline/limits.h"

#include <ctype.h>
#include <string.h>

void diagnostics_init(struct diagnostics *d, struct arena *a, struct sources *s)
{
	memset(d, 0, sizeof(*d));
	d->arena = a;
	d->sources = s;
}

static bool same_mark(struct mark a, struct mark b)
{
	return a.line == b.line && a.column == b.column && a.source == b.source;
}

static bool is_said(const struct diagnostics *d, struct mark at, const char *message)
{
	for (uint32_t i = 0; i < d->list.count; i++)
		if (same_mark(d->list.items[i].at, at) && !strcmp(d->list.items[i].message, message))
			return true;
	return false;
}

/* A sentence may quote a name of megabytes: it is cut in the middle, so that it still ends as a sentence. */
__attribute__((format(printf, 2, 0))) __attribute__((format(printf, 2, 0))) static char *sentence(struct arena *a,
												  const char *format, va_list ap)
{
	enum { MOST = 1500, HEAD = 300, TAIL = 200 };
	char *text = arena_vprintf(a, format, ap);
	size_t length = text ? strlen(text) : 0, head, tail;

	if (length <= MOST)
		return text;
	head = utf8_valid(text, HEAD);
	for (tail = length - TAIL; ((unsigned char)text[tail] & 0xc0) == 0x80;)
		tail++;
	return arena_printf(a, "%.*s…%s", (int)head, text, text + tail);
}

__attribute__((format(printf, 5, 0))) static void report(struct diagnostics *d, enum pipe_severity severity, struct mark at,
							 const char *code, const char *format, va_list ap)
{
	uint32_t *counter = severity == PIPE_ERROR ? &d->errors : &d->warnings;
	struct diagnostic *one;
	char *message;

	d->last = 0;
	if (*counter >= LIMIT_DIAGNOSTICS) {
		++*counter;
		return;
	}
	message = sentence(d->arena, format, ap);
	if (message && is_said(d, at, message))
		return;
	++*counter;
	one = message ? vec_push(d->arena, &d->list) : NULL;
	if (!one) {
		d->nomem = true;
		return;
	}
	one->severity = severity;
	one->code = code;
	one->at = at;
	one->message = message;
	d->last = d->list.count;
}

void diag_error(struct diagnostics *d, struct mark at, const char *code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	report(d, PIPE_ERROR, at, code, format, ap);
	va_end(ap);
}

void diag_warning(struct diagnostics *d, struct mark at, const char *code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	report(d, PIPE_WARNING, at, code, format, ap);
	va_end(ap);
}

void diag_copy(struct diagnostics *d, const struct diagnostic *one)
{
	uint32_t before = d->list.count;

	if (one->severity == PIPE_ERROR)
		diag_error(d, one->at, one->code, "%s", one->message);
	else
		diag_warning(d, one->at, one->code, "%s", one->message);
	if (d->list.count == before)
		return;
	d->list.items[before].length = one->length;
	d->list.items[before].hint = one->hint;
	d->list.items[before].related = one->related;
}

static struct diagnostic *last_one(struct diagnostics *d)
{
	return d->last ? &d->list.items[d->last - 1] : NULL;
}

void diag_hint(struct diagnostics *d, const char *format, ...)
{
	struct diagnostic *one = last_one(d);
	va_list ap;

	if (!one)
		return;
	va_start(ap, format);
	one->hint = sentence(d->arena, format, ap);
	va_end(ap);
	if (!one->hint)
		d->nomem = true;
}

void diag_related(struct diagnostics *d, struct mark at, const char *format, ...)
{
	struct diagnostic *one = last_one(d);
	struct related *related;
	va_list ap;

	if (!one)
		return;
	va_start(ap, format);
	related = vec_push(d->arena, &one->related);
	if (related) {
		related->at = at;
		related->text = sentence(d->arena, format, ap);
	}
	va_end(ap);
	if (!related || !related->text) {
		d->nomem = true;
		if (related)
			one->related.count--;
	}
}

void diag_span(struct diagnostics *d, uint32_t length)
{
	struct diagnostic *one = last_one(d);

	if (one)
		one->length = length;
}

/* ---- how far the text at fault reaches ---- */

/* Bytes up to and with the closing quote; the rest of the line when it is not there. */
static size_t quoted_length(const char *p, size_t length)
{
	size_t i = 1;

	for (; i < length; i++)
		if (*p == '"' && p[i] == '\\')
			i++;
		else if (p[i] == *p && *p == '\'' && i + 1 < length && p[i + 1] == '\'')
			i++;
		else if (p[i] == *p)
			return i + 1;
	return length;
}

/* Bytes up to and with the bracket that closes the one at p; the bracket alone when that is elsewhere. */
static size_t bracket_length(const char *p, size_t length)
{
	size_t depth = 0;

	for (size_t i = 0; i < length; i++) {
		if (p[i] == '[' || p[i] == '{')
			depth++;
		else if ((p[i] == ']' || p[i] == '}') && !--depth)
			return i + 1;
		else if ((p[i] == '"' || p[i] == '\'') && strchr("[{,: ", p[i - 1]))
			i += quoted_length(p + i, length - i) - 1;
	}
	return 1;
}

/* Does the place stand inside brackets that were opened on its line? */
static bool is_in_flow(const char *line, size_t before)
{
	size_t depth = 0;

	for (size_t i = 0; i < before; i++)
		if (line[i] == '[' || line[i] == '{')
			depth++;
		else if ((line[i] == ']' || line[i] == '}') && depth)
			depth--;
		else if (line[i] == '"' || line[i] == '\'')
			i += quoted_length(line + i, before - i) - 1;
	return depth > 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static size_t plain_length(const char *p, size_t length, bool flow)
{
	size_t i = 0;

	for (; i < length; i++) {
		if (p[i] == ':' && (i + 1 == length || is_blank(p[i + 1]) || (flow && strchr(",]}", p[i + 1]))))
			break;
		if (p[i] == '#' && i && is_blank(p[i - 1]))
			break;
		if (flow && (p[i] == ',' || p[i] == ']' || p[i] == '}'))
			break;
	}
	while (i && is_blank(p[i - 1]))
		i--;
	return i;
}

static size_t word_length(const char *p, size_t length)
{
	size_t i = 0;

	while (i < length && !is_blank(p[i]) && !strchr(",]}", p[i]))
		i++;
	return i;
}

/* Of Lua: a key in front of its `=`, otherwise what a comma or a brace ends. */
static size_t lua_length(const char *p, size_t length)
{
	size_t name = 0, after;

	while (name < length && (isalnum((unsigned char)p[name]) || p[name] == '_'))
		name++;
	for (after = name; after < length && is_blank(p[after]);)
		after++;
	if (name && after < length && p[after] == '=' && (after + 1 == length || p[after + 1] != '='))
		return name;
	return plain_length(p, length, true);
}

/* The byte where a character stands, `length` when the line is shorter. */
static size_t byte_of(const char *line, size_t length, uint32_t character)
{
	size_t i = 0;

	while (i < length && character--)
		do
			i++;
		while (i < length && ((unsigned char)line[i] & 0xc0) == 0x80);
	return i;
}

/* Characters of the token that stands at a column (from 1). */
static uint32_t find_length(const char *line, size_t length, uint32_t column, bool lua)
{
	size_t at = byte_of(line, length, column - 1), left = length - at, n;
	const char *p = line + at;

	if (!left || column == UINT16_MAX)
		return 1;
	if (*p == '"' || *p == '\'')
		n = quoted_length(p, left);
	else if (*p == '[' || *p == '{')
		n = bracket_length(p, left);
	else if (lua)
		n = lua_length(p, left);
	else if (strchr("&*!|>", *p))
		n = word_length(p, left);
	else
		n = plain_length(p, left, is_in_flow(line, at));
	n = utf8_count(p, n);
	return n ? (uint32_t)(n < UINT16_MAX ? n : UINT16_MAX) : 1;
}

static bool is_lua(const struct sources *sources, struct mark at)
{
	const char *name = sources_name(sources, at);
	size_t length = strlen(name);

	return length > 4 && !strcmp(name + length - 4, ".lua");
}

static void find_lengths(struct diagnostics *d)
{
	struct source_cursor cursor = { 0 };

	for (uint32_t i = 0; i < d->list.count; i++) {
		struct diagnostic *one = &d->list.items[i];
		const char *line;
		size_t length;

		if (one->length)
			continue;
		line = sources_line_from(d->sources, &cursor, one->at, &length);
		/* Nobody reads a caret line that long. */
		if (line && length > UINT16_MAX)
			length = UINT16_MAX;
		one->length = line && one->at.column ? find_length(line, length, one->at.column, is_lua(d->sources, one->at)) : 1;
	}
}

/* ---- order ---- */

static bool stands_before(struct mark a, struct mark b)
{
	if (a.source != b.source)
		return a.source < b.source;
	if (a.line != b.line)
		return a.line < b.line;
	return a.column < b.column;
}

/* An insertion sort: stable, the list is nearly in order and never longer than twice LIMIT_DIAGNOSTICS. */
void diagnostics_sort(struct diagnostics *d)
{
	d->last = 0;
	for (uint32_t i = 1; i < d->list.count; i++) {
		struct diagnostic one = d->list.items[i];
		uint32_t k = i;

		for (; k && stands_before(one.at, d->list.items[k - 1].at); k--)
			d->list.items[k] = d->list.items[k - 1];
		d->list.items[k] = one;
	}
	find_lengths(d);
}

void diagnostic_public(const struct diagnostics *d, const struct diagnostic *one, pipe_diagnostic *out)
{
	memset(out, 0, sizeof(*out));
	out->severity = one->severity;
	out->code = one->code;
	out->file = sources_name(d->sources, one->at);
	out->line = one->at.line;
	out->column = one->at.column;
	out->length = one->length ? one->length : 1;
	out->message = one->message;
	out->hint = one->hint;
}
