/*
 * TOML 1.0 as a tree: tables, arrays of tables, dotted and quoted keys, all strings, arrays, inline tables; numbers and dates are kept
 * as they are written, and not understood further.  What is no TOML is an error with its line.
 */
#include "base/error.h"
#include "base/str.h"
#include "base/utf8.h"
#include "stages/scanner/syntax/tree.h"

#include <string.h>

enum { TOML_NESTING = 60 };

struct toml {
	const char *p, *end;
	uint32_t line, values;
	const struct tree_source *source;
	struct arena *arena;
	pipe_error *err;
	struct str text;
	unsigned depth;
	struct tree_value *table; /* where `key = value` goes */
};

static int fail(struct toml *t, const char *what)
{
	return tree_fail(t->source, t->line, PIPE_EPIPELINE, t->err, "%s", what);
}

static bool at(const struct toml *t, char c)
{
	return t->p < t->end && *t->p == c;
}

static bool at_text(const struct toml *t, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(t->end - t->p) >= n && !memcmp(t->p, text, n);
}

static void skip_blank(struct toml *t)
{
	while (at(t, ' ') || at(t, '\t'))
		t->p++;
}

static void skip_comment(struct toml *t)
{
	if (at(t, '#'))
		while (t->p < t->end && *t->p != '\n')
			t->p++;
}

/* White space, comments and line ends: between statements and within arrays. */
static void skip_lines(struct toml *t)
{
	for (;;) {
		skip_blank(t);
		skip_comment(t);
		if (at(t, '\n'))
			t->line++;
		else if (!(at(t, '\r') && t->p + 1 < t->end && t->p[1] == '\n'))
			return;
		t->p++;
	}
}

static int end_of_line(struct toml *t)
{
	skip_blank(t);
	skip_comment(t);
	if (at(t, '\r'))
		t->p++;
	if (t->p < t->end && *t->p != '\n')
		return fail(t, "something stands behind the end of the line's value");
	return PIPE_OK;
}

/* ---- strings ---- */

static int add_code(struct toml *t, unsigned digits)
{
	uint32_t c = 0;
	char bytes[4];
	unsigned n;

	for (unsigned i = 0; i < digits; i++) {
		char x = t->p < t->end ? *t->p++ : 0;
		int d = x >= '0' && x <= '9' ? x - '0' : (x | 32) >= 'a' && (x | 32) <= 'f' ? (x | 32) - 'a' + 10 : -1;

		if (d < 0)
			return fail(t, "an escape needs more hexadecimal digits");
		c = c << 4 | (uint32_t)d;
	}
	if (!c || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return fail(t, "an escape that is no character");
	n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (unsigned i = n; i-- > 1; c >>= 6)
		bytes[i] = (char)(0x80 | (c & 0x3f));
	bytes[0] = (char)(n == 1 ? c : (0xf00u >> n & 0xff) | c);
	str_add(&t->text, bytes, n);
	return PIPE_OK;
}

/* Behind a backslash. */
static int escape(struct toml *t, bool lines)
{
	static const char from[] = "\"\\bfnrt", to[] = "\"\\\b\f\n\r\t";
	char c = t->p < t->end ? *t->p : 0;
	const char *known = c ? strchr(from, c) : NULL;

	if (known) {
		str_addc(&t->text, to[known - from]);
		t->p++;
		return PIPE_OK;
	}
	if (c == 'u' || c == 'U') {
		t->p++;
		return add_code(t, c == 'u' ? 4 : 8);
	}
	if (lines && c && strchr(" \t\r\n", c)) {
		while (t->p < t->end && *t->p && strchr(" \t\r\n", *t->p))
			t->line += *t->p++ == '\n';
		return PIPE_OK;
	}
	return fail(t, "an escape that TOML does not have");
}

/* Quotes at the end of a text in three of them: up to two belong to it. */
static bool end_of_text(struct toml *t, const char *quotes)
{
	if (!at_text(t, quotes))
		return false;
	t->p += strlen(quotes);
	for (int i = 0; quotes[1] && i < 2 && at(t, *quotes); i++) {
		str_addc(&t->text, *quotes);
		t->p++;
	}
	return true;
}

/* Into t->text; at its first quote. */
static int string(struct toml *t)
{
	char quote = *t->p;
	bool lines = at_text(t, quote == '"' ? "\"\"\"" : "'''");
	const char quotes[4] = { quote, lines ? quote : '\0', lines ? quote : '\0', '\0' };
	uint32_t from = t->line;

	str_reset(&t->text);
	t->p += strlen(quotes);
	if (lines && at(t, '\r'))
		t->p++;
	if (lines && at(t, '\n')) {
		t->line++;
		t->p++;
	}
	while (!end_of_text(t, quotes)) {
		char c = t->p < t->end ? *t->p : 0;
		int rc = PIPE_OK;

		if (t->p == t->end || (c == '\n' && !lines)) {
			t->line = from;
			return fail(t, "a string without an end");
		}
		t->p++;
		if (c == '\n')
			t->line++;
		if (c == '\\' && quote == '"')
			rc = escape(t, lines);
		else if ((unsigned char)c < ' ' && c != '\t' && c != '\n' && c != '\r')
			rc = fail(t, "a control character in a string");
		else
			str_addc(&t->text, c);
		if (rc)
			return rc;
	}
	if (utf8_valid(t->text.data, t->text.length) != t->text.length)
		return fail(t, "a string that is no UTF-8");
	return t->text.failed ? error_nomem(t->err) : PIPE_OK;
}

/* ---- keys ---- */

static bool is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static int key_part(struct toml *t, const char **key, uint32_t *length)
{
	struct piece s = { t->p, 0 };
	int rc;

	if (at(t, '"') || at(t, '\'')) {
		rc = string(t);
		if (rc)
			return rc;
		s = (struct piece){ t->text.data, t->text.length };
	} else {
		while (t->p < t->end && is_bare(*t->p))
			t->p++;
		s.length = (size_t)(t->p - s.text);
		if (!s.length)
			return fail(t, t->p == t->end ? "the file ends where a key was expected" : "a key was expected");
	}
	*key = s.length ? arena_strndup(t->arena, s.text, s.length) : "";
	*length = (uint32_t)s.length;
	skip_blank(t);
	return *key ? PIPE_OK : error_nomem(t->err);
}

static int new_value(struct toml *t, struct tree_value *map, const char *key, uint32_t length, struct tree_value **out)
{
	bool twice;

	if (t->values++ == TREE_VALUES)
		return tree_fail(t->source, t->line, PIPE_ELIMIT, t->err, "more than %d values in one file", TREE_VALUES);
	*out = tree_put(t->arena, map, key, length, t->line, &twice);
	if (twice)
		return tree_fail(t->source, t->line, PIPE_EPIPELINE, t->err, "the key \"%.200s\" stands twice in one table", key);
	if (!*out)
		return error_nomem(t->err);
	(*out)->line = (*out)->end = t->line;
	return PIPE_OK;
}

/* The table below `map` of that name: the last of an array of tables, or a new one. */
static int step(struct toml *t, struct tree_value **map, const char *key, uint32_t length)
{
	struct tree_value *v = (struct tree_value *)tree_getn(*map, key, length);
	int rc;

	if (!v) {
		rc = new_value(t, *map, key, length, &v);
		if (rc)
			return rc;
		v->kind = TREE_MAP;
	}
	if (v->kind == TREE_LIST && v->count && !v->closed)
		v = &v->items[v->count - 1];
	if (v->kind != TREE_MAP || v->closed)
		return tree_fail(t->source, t->line, PIPE_EPIPELINE, t->err, "\"%.200s\" is no table that can be added to", key);
	*map = v;
	return PIPE_OK;
}

/* All parts of a dotted key but the last one are walked down from *map. */
static int dotted(struct toml *t, struct tree_value **map, const char **key, uint32_t *length)
{
	for (unsigned parts = 0;; parts++) {
		int rc = key_part(t, key, length);

		if (rc || !at(t, '.'))
			return rc;
		if (parts == TOML_NESTING)
			return tree_fail(t->source, t->line, PIPE_ELIMIT, t->err, "nested deeper than %d levels", TOML_NESTING);
		t->p++;
		skip_blank(t);
		rc = step(t, map, *key, *length);
		if (rc)
			return rc;
	}
}

/* ---- values ---- */

static int value(struct toml *t, struct tree_value *v);

static int pair(struct toml *t, struct tree_value *map)
{
	struct tree_value *slot;
	const char *key;
	uint32_t length;
	int rc = dotted(t, &map, &key, &length);

	if (rc)
		return rc;
	if (!at(t, '='))
		return fail(t, "'=' was expected behind a key");
	t->p++;
	skip_blank(t);
	rc = new_value(t, map, key, length, &slot);
	return rc ? rc : value(t, slot);
}

static int array(struct toml *t, struct tree_value *v)
{
	int rc = PIPE_OK;

	v->kind = TREE_LIST;
	v->closed = true;
	t->p++;
	for (;;) {
		struct tree_value *slot;

		skip_lines(t);
		if (at(t, ']'))
			break;
		if (t->values++ == TREE_VALUES)
			return tree_fail(t->source, t->line, PIPE_ELIMIT, t->err, "more than %d values in one file", TREE_VALUES);
		slot = tree_push(t->arena, v);
		if (!slot)
			return error_nomem(t->err);
		slot->line = slot->end = t->line;
		rc = value(t, slot);
		if (rc)
			return rc;
		skip_lines(t);
		if (!at(t, ',') && !at(t, ']'))
			return fail(t, t->p == t->end ? "the file ends within an array" : "',' or ']' was expected in an array");
		t->p += at(t, ',');
	}
	t->p++;
	v->end = t->line;
	return PIPE_OK;
}

static int inline_table(struct toml *t, struct tree_value *v)
{
	int rc;

	v->kind = TREE_MAP;
	t->p++;
	skip_blank(t);
	while (!at(t, '}')) {
		rc = pair(t, v);
		if (rc)
			return rc;
		skip_blank(t);
		if (at(t, '}'))
			break;
		if (!at(t, ','))
			return fail(t, "',' or '}' was expected in an inline table");
		t->p++;
		skip_blank(t);
		if (at(t, '}'))
			return fail(t, "an inline table does not end in ','");
	}
	t->p++;
	v->closed = true;
	return PIPE_OK;
}

/* true, false, numbers, dates. */
static int word(struct toml *t, struct tree_value *v)
{
	struct piece s = { t->p, 0 };

	while (t->p < t->end && (is_bare(*t->p) || (*t->p && strchr("+.:", *t->p))))
		t->p++;
	/* A date may have a space before its time. */
	if (t->p - s.text == 10 && t->end - t->p > 8 && s.text[4] == '-' && *t->p == ' ' && t->p[1] >= '0' && t->p[1] <= '9' &&
	    t->p[3] == ':')
		for (t->p++; t->p < t->end && (is_bare(*t->p) || (*t->p && strchr("+.:", *t->p)));)
			t->p++;
	s.length = (size_t)(t->p - s.text);
	if (piece_is(s, "true") || piece_is(s, "false")) {
		v->kind = TREE_BOOL;
		v->truth = *s.text == 't';
		return PIPE_OK;
	}
	if (!s.length || !(strchr("+-0123456789", *s.text) || piece_is(s, "inf") || piece_is(s, "nan")))
		return fail(t, t->p == t->end && !s.length ? "the file ends where a value was expected" : "a value was expected");
	v->kind = TREE_NUMBER;
	v->count = (uint32_t)s.length;
	v->text = arena_strndup(t->arena, s.text, s.length);
	return v->text ? PIPE_OK : error_nomem(t->err);
}

static int value(struct toml *t, struct tree_value *v)
{
	char c = t->p < t->end ? *t->p : 0;
	int rc;

	if (c == '"' || c == '\'') {
		rc = string(t);
		if (rc)
			return rc;
		v->kind = TREE_TEXT;
		v->count = (uint32_t)t->text.length;
		v->text = v->count ? arena_strndup(t->arena, t->text.data, v->count) : "";
		v->end = t->line;
		return v->text ? PIPE_OK : error_nomem(t->err);
	}
	if (c != '[' && c != '{')
		return word(t, v);
	if (t->depth == TOML_NESTING)
		return tree_fail(t->source, t->line, PIPE_ELIMIT, t->err, "nested deeper than %d levels", TOML_NESTING);
	t->depth++;
	rc = c == '[' ? array(t, v) : inline_table(t, v);
	t->depth--;
	return rc;
}

/* ---- statements ---- */

/* [[a.b]]: one more table of the array. */
static int array_table(struct toml *t, struct tree_value *map, const char *key, uint32_t length)
{
	struct tree_value *v = (struct tree_value *)tree_getn(map, key, length);
	int rc;

	if (!v) {
		rc = new_value(t, map, key, length, &v);
		if (rc)
			return rc;
		v->kind = TREE_LIST;
	}
	if (v->kind != TREE_LIST || v->closed)
		return tree_fail(t->source, t->line, PIPE_EPIPELINE, t->err, "\"%.200s\" is no array of tables", key);
	if (t->values++ == TREE_VALUES)
		return tree_fail(t->source, t->line, PIPE_ELIMIT, t->err, "more than %d values in one file", TREE_VALUES);
	t->table = tree_push(t->arena, v);
	if (!t->table)
		return error_nomem(t->err);
	t->table->kind = TREE_MAP;
	t->table->line = t->table->end = t->line;
	return PIPE_OK;
}

/* [a.b]: stands once, and not behind [[a.b]]. */
static int plain_table(struct toml *t, struct tree_value *map, const char *key, uint32_t length)
{
	const struct tree_value *there = tree_getn(map, key, length);
	int rc;

	if (there && (there->named || there->kind == TREE_LIST))
		return tree_fail(t->source, t->line, PIPE_EPIPELINE, t->err, "the table \"%.200s\" stands twice", key);
	rc = step(t, &map, key, length);
	if (rc)
		return rc;
	map->named = true;
	map->line = map->end = t->line;
	t->table = map;
	return PIPE_OK;
}

static int header(struct toml *t, struct tree_value *root)
{
	struct tree_value *map = root;
	const char *key;
	uint32_t length;
	bool array_of = at_text(t, "[[");
	int rc;

	t->p += array_of ? 2 : 1;
	skip_blank(t);
	rc = dotted(t, &map, &key, &length);
	if (rc)
		return rc;
	if (!at_text(t, array_of ? "]]" : "]"))
		return fail(t, "']' was expected at the end of a table's name");
	t->p += array_of ? 2 : 1;
	return array_of ? array_table(t, map, key, length) : plain_table(t, map, key, length);
}

static int document(struct toml *t, struct tree_value *root)
{
	for (;;) {
		int rc;

		skip_lines(t);
		if (t->p == t->end)
			return PIPE_OK;
		rc = at(t, '[') ? header(t, root) : pair(t, t->table);
		t->table->end = t->line;
		if (!rc)
			rc = end_of_line(t);
		if (rc)
			return rc;
	}
}

int tree_toml(struct tree_value *out, const struct tree_source *source, struct arena *a, pipe_error *err)
{
	struct toml t = {
		.p = source->bytes, .end = source->bytes + source->length, .line = 1, .source = source, .arena = a, .err = err
	};
	int rc;

	*out = (struct tree_value){ .kind = TREE_MAP, .line = 1, .end = 1 };
	if (source->length >= 3 && !memcmp(t.p, "\xef\xbb\xbf", 3))
		t.p += 3;
	t.table = out;
	str_init(&t.text);
	rc = document(&t, out);
	str_clear(&t.text);
	return rc;
}
