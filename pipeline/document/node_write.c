/* The tree as block YAML that reads back as the same tree.  Recursion goes as deep as the tree: limits.depth. */
#include "pipeline/document/document.h"

#include "base/utf8.h"

#include <string.h>

enum { SIMPLE_KEY_BYTES = 200, PLACED_LEVELS = 2 };

struct writer {
	const struct sources *places; /* or NULL */
	struct str *out;
};

static void indent(struct writer *w, unsigned level)
{
	for (unsigned i = 0; i < level; i++)
		str_add(w->out, "  ", 2);
}

/* ---- how a text can be written ---- */

/* What libyaml reads without an escape, on one line. */
static bool is_printable(uint32_t code)
{
	return (code >= 0x20 && code < 0x7f) || (code >= 0xa0 && code < 0x2028) || (code > 0x2029 && code < 0xfeff) ||
	       (code > 0xfeff && code <= 0xfffd) || code >= 0x10000;
}

static bool all_printable(const struct node *n, bool lines)
{
	for (size_t i = 0; i < n->count;) {
		uint32_t code;
		size_t bytes = utf8_decode(n->text + i, n->count - i, &code);

		if ((code == 0xfffd && bytes == 1) || !(is_printable(code) || (lines && (code == '\n' || code == '\t'))))
			return false;
		i += bytes;
	}
	return true;
}

/* No indicator in the way: the beginning, the end, and what ends a plain text inside. */
static bool is_plain_safe(const struct node *n)
{
	const char *s = n->text;
	char first = s[0], last;

	if (!n->count || !all_printable(n, false))
		return false;
	last = s[n->count - 1];
	if (strchr(" \t-?:,[]{}#&*!|>'\"%@`=<", first) || last == ' ' || last == ':')
		return false;
	if (n->count >= 3 && (!strncmp(s, "...", 3) || !strncmp(s, "---", 3)))
		return false;
	return !strstr(s, ": ") && !strstr(s, " #");
}

/* A text that a plain scalar can hold without turning into something else. */
static bool is_plain_text(const struct node *n)
{
	struct node plain = *n;

	plain.style = STYLE_PLAIN;
	plain.tag = TAG_NONE;
	return is_plain_safe(n) && node_type(&plain) == SCALAR_TEXT;
}

/* Text of several lines, whose first line is not blank and not indented: then no indentation indicator is wanted. */
static bool is_block_safe(const struct node *n)
{
	return n->count && memchr(n->text, '\n', n->count) && !strchr(" \t\n", n->text[0]) && all_printable(n, true);
}

static void write_quoted(struct writer *w, const struct node *n)
{
	static const char hex[] = "0123456789ABCDEF";

	str_addc(w->out, '"');
	for (size_t i = 0; i < n->count;) {
		uint32_t code;
		size_t bytes = utf8_decode(n->text + i, n->count - i, &code);

		if (code == '"' || code == '\\')
			str_add(w->out, (char[]){ '\\', (char)code }, 2);
		else if (code == '\n')
			str_add(w->out, "\\n", 2);
		else if (code == '\t')
			str_add(w->out, "\\t", 2);
		else if (code < 0x100 && !is_printable(code))
			str_add(w->out, (char[]){ '\\', 'x', hex[code >> 4], hex[code & 15] }, 4);
		else if (is_printable(code))
			str_add(w->out, bytes == 1 && code == 0xfffd ? "\xef\xbf\xbd" : n->text + i,
				bytes == 1 && code == 0xfffd ? 3 : bytes);
		else
			str_printf(w->out, "\\u%04X", (unsigned)code);
		i += bytes;
	}
	str_addc(w->out, '"');
}

static void write_scalar(struct writer *w, const struct node *n)
{
	if (n->style == STYLE_PLAIN && n->tag != TAG_TEXT && node_type(n) != SCALAR_TEXT) {
		if (n->count)
			str_add(w->out, n->text, n->count);
		else
			str_add(w->out, "null", 4);
	} else if (is_plain_text(n)) {
		str_add(w->out, n->text, n->count);
	} else {
		write_quoted(w, n);
	}
}

/* ---- the tree ---- */

static void write_place(struct writer *w, const struct node *key)
{
	const char *name;

	if (!w->places || !key || !key->at.line)
		return;
	str_adds(w->out, "  # ");
	name = sources_name(w->places, key->at);
	for (size_t left = strlen(name); left;) {
		uint32_t code;
		size_t bytes = utf8_decode(name, left, &code);

		if (is_printable(code) && (code != 0xfffd || bytes > 1))
			str_add(w->out, name, bytes);
		else
			str_addc(w->out, '?');
		name += bytes;
		left -= bytes;
	}
	str_printf(w->out, ":%u", key->at.line);
}

static void write_block(struct writer *w, const struct node *n, unsigned level, const struct node *placed)
{
	const char *p = n->text, *end = n->text + n->count;
	bool ends = end[-1] == '\n', keeps = ends && n->count > 1 && end[-2] == '\n';

	str_adds(w->out, keeps ? "|+" : ends ? "|" : "|-");
	write_place(w, placed);
	str_addc(w->out, '\n');
	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const char *stop = newline ? newline : end;

		if (stop > p) {
			indent(w, level);
			str_add(w->out, p, (size_t)(stop - p));
		}
		str_addc(w->out, '\n');
		p = stop + 1;
	}
}

static void write_children(struct writer *w, const struct node *n, unsigned level);

static const char *tag_text(const struct node *n)
{
	return n->tag == TAG_REFERENCE ? " !reference" : "";
}

/* What follows a key's colon or a list item's dash, up to the end of its last line.  Its children stand on `level`. */
static void write_value(struct writer *w, const struct node *n, unsigned level, const struct node *placed)
{
	str_adds(w->out, tag_text(n));
	if (n->kind == NODE_SCALAR && is_block_safe(n)) {
		str_addc(w->out, ' ');
		write_block(w, n, level ? level : 1, placed);
		return;
	}
	if (n->kind == NODE_SCALAR) {
		str_addc(w->out, ' ');
		write_scalar(w, n);
	} else if (!n->count) {
		str_adds(w->out, n->kind == NODE_LIST ? " []" : " {}");
	}
	write_place(w, placed);
	str_addc(w->out, '\n');
	if (n->kind != NODE_SCALAR && n->count)
		write_children(w, n, level);
}

static bool is_simple_key(const struct node *key)
{
	return key->count <= SIMPLE_KEY_BYTES;
}

static void write_pair(struct writer *w, const struct pair *pair, unsigned level)
{
	const struct node *placed = level < PLACED_LEVELS ? pair->key : NULL;

	if (is_simple_key(pair->key)) {
		write_scalar(w, pair->key);
	} else {
		str_adds(w->out, "? ");
		write_scalar(w, pair->key);
		str_addc(w->out, '\n');
		indent(w, level);
	}
	str_addc(w->out, ':');
	write_value(w, pair->value, level + 1, placed);
}

/* A list item that is a map begins on the line of its dash. */
static void write_item(struct writer *w, const struct node *item, unsigned level)
{
	str_addc(w->out, '-');
	if (item->kind != NODE_MAP || !item->count || item->tag == TAG_REFERENCE) {
		write_value(w, item, level + 1, NULL);
		return;
	}
	str_addc(w->out, ' ');
	for (uint32_t i = 0; i < item->count; i++) {
		if (i)
			indent(w, level + 1);
		write_pair(w, &item->pairs[i], level + 1);
	}
}

static void write_children(struct writer *w, const struct node *n, unsigned level)
{
	for (uint32_t i = 0; i < n->count && !w->out->failed; i++) {
		indent(w, level);
		if (n->kind == NODE_MAP)
			write_pair(w, &n->pairs[i], level);
		else
			write_item(w, n->items[i], level);
	}
}

void node_write(const struct node *n, const struct sources *places, struct str *out)
{
	struct writer w = { places, out };

	if (!n)
		return;
	if (n->kind != NODE_SCALAR && n->count && n->tag != TAG_REFERENCE)
		write_children(&w, n, 0);
	else
		write_value(&w, n, 0, NULL);
}
