/*
 * Diagnostics for people: place, sentence, the line with a caret under the text at fault, what would be right.  What comes from a
 * file is shown so that it can do nothing to a terminal, and so that the caret stays below its text.
 */
#include "pipeline/document/diagnostic.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_COLUMNS = 100, SHOWN_BEFORE = 40, TAB_COLUMNS = 4, CHAIN_MOST = 10 };

#define ELLIPSIS "\xe2\x80\xa6"

struct view {
	const struct diagnostics *d;
	struct str *out;
	bool colour;
	struct source_cursor cursor;
};

static const struct {
	const char *name, *colour;
} severities[] = {
	[PIPE_ERROR] = { "error", "\033[1;31m" },
	[PIPE_WARNING] = { "warning", "\033[1;33m" },
	[PIPE_NOTE] = { "note", "\033[1;36m" },
};

static void paint(struct view *v, const char *escape)
{
	if (v->colour)
		str_adds(v->out, escape);
}

static void unpaint(struct view *v)
{
	paint(v, "\033[0m");
}

/* Would the character act on the terminal, or make the text read otherwise than it is? */
static bool acts(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) || code == 0xfeff;
}

struct cell {
	char text[16];
	size_t length; /* bytes of text */
	size_t width;
};

/* How the character at p is shown in the given column; returns its bytes. */
static size_t make_cell(struct cell *c, const char *p, size_t length, size_t column)
{
	uint32_t code;
	size_t n = utf8_decode(p, length, &code);
	int written;

	if (*p == '\t') {
		c->width = c->length = TAB_COLUMNS - column % TAB_COLUMNS;
		memset(c->text, ' ', c->length);
		return 1;
	}
	if ((code == 0xfffd && n == 1) || (n == 1 && acts(code))) {
		written = snprintf(c->text, sizeof(c->text), "\\x%02x", (unsigned char)*p);
	} else if (acts(code)) {
		written = snprintf(c->text, sizeof(c->text), "\\u%04x", (unsigned)code);
	} else {
		memcpy(c->text, p, n);
		c->length = n;
		c->width = (size_t)utf8_width(code);
		return n;
	}
	c->length = c->width = (size_t)written;
	return n;
}

/* A text of one line, made harmless. */
static void add_text(struct str *out, const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length;) {
		struct cell c;

		i += make_cell(&c, text + i, length - i, 0);
		if (text[i - 1] == '\t')
			c.length = 1;
		str_add(out, c.text, c.length);
	}
}

static void add_place(struct view *v, struct mark at)
{
	const char *name = sources_name(v->d->sources, at);

	if (!at.line)
		return;
	paint(v, "\033[1m");
	if (*name) {
		add_text(v->out, name);
		str_addc(v->out, ':');
	}
	str_printf(v->out, "%u:%u:", at.line, at.column);
	unpaint(v);
	str_addc(v->out, ' ');
}

static size_t skip_characters(const char *line, size_t length, size_t count)
{
	size_t i = 0;
	uint32_t code;

	while (i < length && count--)
		i += utf8_decode(line + i, length - i, &code);
	return i;
}

static void add_caret(struct view *v, size_t from, size_t to)
{
	str_adds(v->out, "       | ");
	for (size_t i = 0; i < from; i++)
		str_addc(v->out, ' ');
	paint(v, "\033[1;32m");
	str_addc(v->out, '^');
	for (size_t i = from + 1; i < to; i++)
		str_addc(v->out, '~');
	unpaint(v);
	str_addc(v->out, '\n');
}

/* The line, cut around the place where it is long, and the caret below. */
static void add_line(struct view *v, const struct diagnostic *one)
{
	size_t length, i, column = 0, from = 0, to = 0, character, first, span = one->length ? one->length : 1;
	const char *line = sources_line_from(v->d->sources, &v->cursor, one->at, &length);

	if (!line)
		return;
	first = one->at.column && one->at.column != UINT16_MAX ? one->at.column - 1u : 0;
	character = first + span > SHOWN_COLUMNS - 10 && first > SHOWN_BEFORE ? first - SHOWN_BEFORE : 0;
	i = skip_characters(line, length, character);
	str_printf(v->out, "%6u | ", one->at.line);
	if (character) {
		str_adds(v->out, ELLIPSIS);
		column++;
	}
	for (;; character++) {
		struct cell c;

		if (character == first)
			from = column;
		if (character <= first + span)
			to = column;
		if (i >= length)
			break;
		i += make_cell(&c, line + i, length - i, column);
		if (column + c.width > SHOWN_COLUMNS) {
			str_adds(v->out, ELLIPSIS);
			break;
		}
		str_add(v->out, c.text, c.length);
		column += c.width;
	}
	str_addc(v->out, '\n');
	if (one->at.column && one->at.column != UINT16_MAX && character >= first)
		add_caret(v, from, to);
}

static void add_related(struct view *v, struct mark at, const char *text)
{
	str_adds(v->out, "   ");
	add_place(v, at);
	add_text(v->out, text);
	str_addc(v->out, '\n');
}

/* Who included the file; each file was included by one that is older. */
static void add_includes(struct view *v, struct mark at)
{
	const struct sources *s = v->d->sources;

	for (int i = 0; i < CHAIN_MOST && at.line && at.source < s->list.count; i++) {
		struct mark by = s->list.items[at.source].included;

		if (!by.line || by.source >= at.source)
			return;
		add_related(v, by, "included from here");
		at = by;
	}
}

static void add_one(struct view *v, const struct diagnostic *one)
{
	add_place(v, one->at);
	paint(v, severities[one->severity].colour);
	str_adds(v->out, severities[one->severity].name);
	str_addc(v->out, ':');
	unpaint(v);
	str_addc(v->out, ' ');
	add_text(v->out, one->message);
	str_addc(v->out, '\n');
	add_line(v, one);
	if (one->hint) {
		str_adds(v->out, "   ");
		paint(v, "\033[1;36m");
		str_adds(v->out, "hint:");
		unpaint(v);
		str_addc(v->out, ' ');
		add_text(v->out, one->hint);
		str_addc(v->out, '\n');
	}
	for (uint32_t i = 0; i < one->related.count; i++)
		add_related(v, one->related.items[i].at, one->related.items[i].text);
	add_includes(v, one->at);
}

void diagnostics_text(const struct diagnostics *d, struct str *out, bool colour)
{
	struct view v = { .d = d, .out = out, .colour = colour };
	uint32_t unsaid = d->errors + d->warnings - d->list.count;

	for (uint32_t i = 0; i < d->list.count; i++)
		add_one(&v, &d->list.items[i]);
	if (unsaid)
		str_printf(out, "... and %u more\n", unsaid);
}
