/* libyaml's problems in words that a person understands, each with the place that is to blame and the way out: a table. */
#include "pipeline/document/document_internal.h"

#include "base/utf8.h"

#include <ctype.h>
#include <string.h>
#include <yaml.h>

#define TAB_MESSAGE "a tab stands where YAML wants spaces"
#define TAB_HINT "indent with spaces"

struct problem {
	const char *text; /* libyaml's */
	bool at_context;  /* the beginning of what is broken is to blame, not where libyaml noticed */
	const char *message;
	const char *hint;	/* or NULL */
	const char *context;	/* what to say about the place where it began; or NULL */
	const char *unfinished; /* said instead, there, when libyaml noticed at the end of the text; or NULL */
	const char *inside;	/* said instead when the place is not the first of its line; or NULL */
};

static const struct problem problems[] = {
	{ "mapping values are not allowed in this context", false, "a \":\" stands where no key can be",
	  "put quotes around a text that holds \": \", or check the indentation of this line", NULL, NULL, NULL },
	{ "block sequence entries are not allowed in this context", false, "a list item cannot begin here",
	  "a list begins on a line of its own, below its key", NULL, NULL, NULL },
	{ "mapping keys are not allowed in this context", false, "a key cannot begin here", "check the indentation of this line",
	  NULL, NULL, NULL },
	{ "could not find expected ':'", true, "this would be a key, but no \":\" follows it",
	  "write \"key: value\"; a text that goes on in a second line is indented deeper than its key", NULL, NULL, NULL },
	{ "did not find expected alphabetic or numeric character", true, "\"*\" and \"&\" are followed by the name of an anchor",
	  "put quotes around a text that begins with \"*\" or \"&\"", NULL, NULL, NULL },
	{ "did not find expected key", false, "this line does not belong to the map that it stands in",
	  "the keys of a map begin in the same column; what belongs to a key is indented deeper", "the map begins here", NULL,
	  "the value has ended before this" },
	{ "did not find expected '-' indicator", false, "this line does not belong to the list that it stands in",
	  "the items of a list begin with \"- \", in the same column", "the list begins here", NULL,
	  "the value has ended before this" },
	{ "did not find expected ',' or ']'", false, "a \",\" or \"]\" is missing before this", NULL, "the list begins here",
	  "this list has no closing \"]\"", NULL },
	{ "did not find expected ',' or '}'", false, "a \",\" or \"}\" is missing before this", NULL, "the map begins here",
	  "this map has no closing \"}\"", NULL },
	{ "did not find expected node content", false, "a value is missing before this", NULL, NULL, "a value is missing here",
	  NULL },
	{ "found unexpected end of stream", true, "this quote is never closed", NULL, NULL, NULL, NULL },
	{ "found unexpected document indicator", true, "this quote is not closed before the document ends", NULL, NULL, NULL,
	  NULL },
	{ "found unknown escape character", false, "there is no such escape in a text with double quotes",
	  "double the backslash, or put the text in single quotes", "the text begins here", NULL, NULL },
	{ "did not find expected hexdecimal number", false, "hexadecimal digits are missing in this escape",
	  "double the backslash, or put the text in single quotes", "the text begins here", NULL, NULL },
	{ "found invalid Unicode character escape code", false, "this escape is not a Unicode character", NULL,
	  "the text begins here", NULL, NULL },
	{ "did not find expected comment or line break", false, "nothing but a comment can follow \"|\" or \">\" on its line",
	  "begin the text on the next line, indented", NULL, NULL, NULL },
	{ "found a tab character where an indentation space is expected", false, TAB_MESSAGE, TAB_HINT, NULL, NULL, NULL },
	{ "found a tab character that violates indentation", false, TAB_MESSAGE, TAB_HINT, NULL, NULL, NULL },
	{ "found an indentation indicator equal to 0", false, "an indentation indicator is 1 to 9", NULL, NULL, NULL, NULL },
	{ "found unexpected ':'", false, "a \":\" stands inside a plain text here", "put quotes around the text", NULL, NULL,
	  NULL },
	{ "did not find expected <document start>", false, "the document has ended before this line",
	  "a file is one map: its keys begin in the first column; a further document begins with \"---\"", NULL, NULL,
	  "the value has ended before this" },
	{ "found undefined tag handle", true, "the prefix of this tag is not defined", NULL, NULL, NULL, NULL },
	{ "did not find expected whitespace or line break", false, "a blank is missing before this", NULL, NULL, NULL, NULL },
	{ "found duplicate %YAML directive", false, "a second %YAML directive", NULL, NULL, NULL, NULL },
	{ "found duplicate %TAG directive", false, "this %TAG directive has been given before", NULL, NULL, NULL, NULL },
	{ "found incompatible YAML document", false, "this version of YAML is not known", "write \"%YAML 1.1\", or nothing", NULL,
	  NULL, NULL },
	{ "could not find expected directive name", true, "the name of a directive is missing",
	  "put quotes around a text that begins with \"%\"", NULL, NULL, NULL },
	{ "found unknown directive name", false, "there is no such directive", "put quotes around a text that begins with \"%\"",
	  NULL, NULL, NULL },
	{ "did not find the expected '>'", true, "this tag has no closing \">\"", NULL, NULL, NULL, NULL },
	{ "did not find expected tag URI", true, "a tag's name is missing here", NULL, NULL, NULL, NULL },
};

static const struct problem *find_problem(const char *text)
{
	for (size_t i = 0; i < sizeof(problems) / sizeof(*problems); i++)
		if (!strcmp(problems[i].text, text))
			return &problems[i];
	return NULL;
}

static struct mark mark_of(const yaml_mark_t *m, uint16_t source)
{
	return (struct mark){ (uint32_t)m->line + 1, (uint16_t)(m->column < UINT16_MAX - 1 ? m->column + 1 : UINT16_MAX),
			      source };
}

/* The line up to a place; *rest is the text from there on. */
static const char *line_at(const struct diagnostics *d, struct mark at, size_t *before, size_t *rest)
{
	size_t length, i = 0;
	const char *line = sources_line(d->sources, at, &length);
	uint32_t code;

	if (!line)
		return NULL;
	for (unsigned n = 1; n < at.column && i < length; n++)
		i += utf8_decode(line + i, length - i, &code);
	*before = i;
	*rest = length - i;
	return line;
}

static bool is_first_of_line(const struct diagnostics *d, struct mark at)
{
	size_t before, rest;
	const char *line = line_at(d, at, &before, &rest);

	return !line || strspn(line, " \t") >= before;
}

static void report_reader(const yaml_parser_t *p, uint16_t source, struct diagnostics *d)
{
	const struct source *text = &d->sources->list.items[source];
	size_t offset = p->problem_offset, bom = text->length >= 3 && !memcmp(text->text, "\xef\xbb\xbf", 3) ? 3 : 0;

	offset = offset + bom < text->length ? offset + bom : text->length;
	diag_error(d, document_mark_of(text, source, offset), "yaml-syntax", "the character U+%04X cannot stand in YAML",
		   (unsigned)p->problem_value);
	diag_hint(d, "write it as an escape in double quotes, such as \"\\x1b\"");
	diag_span(d, 1);
}

/* A character that nothing begins with: most often a tab, or a text that wants quotes. */
static void report_character(struct mark at, struct diagnostics *d)
{
	size_t before, rest;
	const char *line = line_at(d, at, &before, &rest);

	if (line && rest && line[before] == '\t') {
		diag_error(d, at, "yaml-syntax", TAB_MESSAGE);
		diag_hint(d, TAB_HINT);
		diag_span(d, 1);
		return;
	}
	if (line && rest)
		diag_error(d, at, "yaml-syntax", "a text without quotes cannot begin with \"%c\"", line[before]);
	else
		diag_error(d, at, "yaml-syntax", "no value can begin here");
	diag_hint(d, "put quotes around it");
}

/* "-x" where an item of a list was meant: the most usual key without a colon. */
static bool report_dash(const yaml_parser_t *p, uint16_t source, struct diagnostics *d)
{
	struct mark at = mark_of(&p->context_mark, source);
	size_t before, rest;
	const char *line;

	if (!p->context || strcmp(p->problem, "could not find expected ':'") != 0)
		return false;
	line = line_at(d, at, &before, &rest);
	if (!line || !rest || line[before] != '-')
		return false;
	diag_error(d, at, "yaml-syntax", "no blank follows the \"-\" of this list item");
	diag_hint(d, "write \"- item\"");
	return true;
}

/* "key:value": where the colon is; 0: the line is something else. */
static size_t bare_colon(const char *line, size_t length)
{
	size_t from = strspn(line, " "), i;

	if (from + 2 < length && line[from] == '-' && line[from + 1] == ' ')
		from += 2;
	for (i = from; i < length && (isalnum((unsigned char)line[i]) || line[i] == '_'); i++)
		;
	if (i == from || i + 1 >= length || line[i] != ':' || strchr(" \t\r\n:/", line[i + 1]))
		return 0;
	return memmem(line + i, length - i, ": ", 2) ? 0 : i;
}

/* "key:value" makes a text of itself and of what follows: libyaml notices at the next key, or that no colon comes. */
static bool report_colon(const yaml_parser_t *p, uint16_t source, struct diagnostics *d)
{
	bool next = !strcmp(p->problem, "mapping values are not allowed in this context");
	struct mark at = mark_of(next ? &p->problem_mark : &p->context_mark, source);
	const char *line;
	size_t length, colon;

	if (!next && (!p->context || strcmp(p->problem, "could not find expected ':'") != 0))
		return false;
	if (next && at.line-- == 1)
		return false;
	line = sources_line(d->sources, at, &length);
	colon = line ? bare_colon(line, length) : 0;
	if (!colon)
		return false;
	at.column = (uint16_t)(colon < UINT16_MAX ? colon + 1 : UINT16_MAX);
	diag_error(d, at, "yaml-syntax", "no blank follows the \":\" of this key");
	diag_hint(d, "write \"key: value\"");
	diag_span(d, 1);
	return true;
}

/* An item in another column than those of the lines above it. */
static bool report_item(const yaml_parser_t *p, uint16_t source, struct diagnostics *d)
{
	struct mark at = mark_of(&p->problem_mark, source), above = at;
	size_t before, rest, length;
	const char *line = line_at(d, at, &before, &rest);

	if (strcmp(p->problem, "did not find expected key") != 0 || at.line < 2 || !line || rest < 2)
		return false;
	if (memcmp(line + before, "- ", 2) != 0 || strspn(line, " ") != before)
		return false;
	above.line--;
	line = sources_line(d->sources, above, &length);
	before = line ? strspn(line, " ") : 0;
	if (!line || before + 2 > length || memcmp(line + before, "- ", 2) != 0)
		return false;
	diag_error(d, at, "yaml-syntax", "this list item stands in another column than the one above it");
	diag_hint(d, "the items of a list begin in the same column");
	return true;
}

/* What follows a closing quote that was not meant as one, or a value that wants quotes. */
static void hint_inside(struct mark at, struct diagnostics *d)
{
	size_t before, rest;
	const char *line = line_at(d, at, &before, &rest);

	if (line && before && line[before - 1] == '\'')
		diag_hint(d, "a ' inside single quotes is written ''");
	else if (line && before && line[before - 1] == '"')
		diag_hint(d, "a \" inside double quotes is written \\\"");
	else
		diag_hint(d, "put quotes around the whole value");
}

static void report_problem(const yaml_parser_t *p, const struct problem *row, uint16_t source, struct diagnostics *d)
{
	const struct source *text = &d->sources->list.items[source];
	struct mark at = mark_of(&p->problem_mark, source), began = mark_of(&p->context_mark, source);
	bool at_end = p->problem_mark.index >= utf8_count(text->text, text->length);

	if (at_end && row->unfinished && p->context) {
		diag_error(d, began, "yaml-syntax", "%s", row->unfinished);
	} else if (row->at_context && p->context) {
		diag_error(d, began, "yaml-syntax", "%s", row->message);
	} else {
		bool inside = row->inside && !is_first_of_line(d, at);

		diag_error(d, at, "yaml-syntax", "%s", inside ? row->inside : row->message);
		if (inside) {
			hint_inside(at, d);
			return;
		}
		if (row->context && p->context && began.line != at.line)
			diag_related(d, began, "%s", row->context);
	}
	if (row->hint)
		diag_hint(d, "%s", row->hint);
}

void document_report_syntax(const struct yaml_parser_s *p, uint16_t source, struct diagnostics *d)
{
	const struct problem *row;

	if (p->error == YAML_MEMORY_ERROR) {
		d->nomem = true;
		return;
	}
	if (p->error == YAML_READER_ERROR || !p->problem) {
		report_reader(p, source, d);
		return;
	}
	if (!strcmp(p->problem, "found character that cannot start any token")) {
		report_character(mark_of(&p->problem_mark, source), d);
		return;
	}
	if (report_dash(p, source, d) || report_colon(p, source, d) || report_item(p, source, d))
		return;
	row = find_problem(p->problem);
	if (row)
		report_problem(p, row, source, d);
	else
		diag_error(d, mark_of(&p->problem_mark, source), "yaml-syntax", "this is not YAML: %s", p->problem);
}
