/*
 * JSON (RFC 8259) as a tree: strict, iterative, one pass.  A byte-order mark is passed over; everything else that the RFC forbids is an
 * error with its line.
 */
#include "base/error.h"
#include "base/str.h"
#include "base/utf8.h"
#include "stages/scanner/syntax/tree.h"

#include <string.h>

struct json_text {
	const char *p, *end;
	uint32_t line, values;
	const struct tree_source *source;
	struct arena *arena;
	pipe_error *err;
	struct str text; /* a string with escapes */
	struct tree_value *open[TREE_DEPTH];
	unsigned depth;
};

static int fail(struct json_text *j, const char *what)
{
	return tree_fail(j->source, j->line, PIPE_EPIPELINE, j->err, "%s", what);
}

static int fail_byte(struct json_text *j, const char *expected)
{
	unsigned char c;

	if (j->p == j->end)
		return tree_fail(j->source, j->line, PIPE_EPIPELINE, j->err, "the file ends where %s was expected", expected);
	c = (unsigned char)*j->p;
	if (c > ' ' && c < 0x7f)
		return tree_fail(j->source, j->line, PIPE_EPIPELINE, j->err, "%s was expected, and not '%c'", expected, c);
	return tree_fail(j->source, j->line, PIPE_EPIPELINE, j->err, "%s was expected, and not the byte 0x%02x", expected, c);
}

static void skip_space(struct json_text *j)
{
	for (; j->p < j->end; j->p++) {
		if (*j->p == '\n')
			j->line++;
		else if (*j->p != ' ' && *j->p != '\t' && *j->p != '\r')
			return;
	}
}

/* ---- strings ---- */

static int hex(struct json_text *j, uint32_t *out)
{
	*out = 0;
	if (j->end - j->p < 4)
		return fail(j, "the file ends within a \\u escape");
	for (int i = 0; i < 4; i++) {
		char c = *j->p++;
		int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;

		if (digit < 0)
			return fail(j, "a \\u escape needs four hexadecimal digits");
		*out = *out << 4 | (uint32_t)digit;
	}
	return PIPE_OK;
}

static void add_character(struct str *out, uint32_t c)
{
	if (c < 0x80) {
		str_addc(out, (char)c);
	} else if (c < 0x800) {
		str_addc(out, (char)(0xc0 | c >> 6));
		str_addc(out, (char)(0x80 | (c & 0x3f)));
	} else {
		if (c < 0x10000) {
			str_addc(out, (char)(0xe0 | c >> 12));
		} else {
			str_addc(out, (char)(0xf0 | c >> 18));
			str_addc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		str_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		str_addc(out, (char)(0x80 | (c & 0x3f)));
	}
}

/* Behind \u.  What no text can hold becomes U+FFFD. */
static int unicode(struct json_text *j)
{
	uint32_t c, low;
	int rc = hex(j, &c);

	if (rc)
		return rc;
	if (c >= 0xd800 && c < 0xdc00 && j->end - j->p >= 6 && j->p[0] == '\\' && j->p[1] == 'u') {
		const char *from = j->p;

		j->p += 2;
		rc = hex(j, &low);
		if (rc)
			return rc;
		if (low >= 0xdc00 && low < 0xe000) {
			add_character(&j->text, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
			return PIPE_OK;
		}
		j->p = from;
	}
	add_character(&j->text, !c || (c >= 0xd800 && c < 0xe000) ? 0xfffd : c);
	return PIPE_OK;
}

static int escape(struct json_text *j)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;

	j->p++;
	if (j->p == j->end)
		return fail(j, "the file ends within a string");
	if (*j->p == 'u') {
		j->p++;
		return unicode(j);
	}
	at = *j->p ? strchr(from, *j->p) : NULL;
	if (!at)
		return fail(j, "an escape that JSON does not have");
	str_addc(&j->text, to[at - from]);
	j->p++;
	return PIPE_OK;
}

static const char *plain_end(const struct json_text *j)
{
	const char *p = j->p;

	while (p < j->end && *p != '"' && *p != '\\' && (unsigned char)*p >= ' ')
		p++;
	return p;
}

/* At the quote that begins it. */
static int string(struct json_text *j, const char **out, uint32_t *length)
{
	bool plain = true;
	const char *from, *stop;
	struct piece s;

	j->p++;
	from = j->p;
	str_reset(&j->text);
	for (;; plain = false) {
		const char *part = j->p;
		int rc;

		j->p = stop = plain_end(j);
		if (stop == j->end)
			return fail(j, "the file ends within a string");
		if (utf8_valid(part, (size_t)(stop - part)) != (size_t)(stop - part))
			return fail(j, "a string that is no UTF-8");
		if (*stop == '"' && plain)
			break;
		str_add(&j->text, part, (size_t)(stop - part));
		if (*stop == '"')
			break;
		if (*stop != '\\')
			return fail_byte(j, "the end of the string");
		rc = escape(j);
		if (rc)
			return rc;
	}
	j->p++;
	s = plain ? (struct piece){ from, (size_t)(stop - from) } : (struct piece){ j->text.data, j->text.length };
	*out = j->text.failed ? NULL : s.length ? arena_strndup(j->arena, s.text, s.length) : "";
	*length = (uint32_t)s.length;
	return *out ? PIPE_OK : error_nomem(j->err);
}

/* ---- values ---- */

static bool is_number(struct piece s)
{
	const char *p = s.text, *end = p + s.length, *digits;

	p += p < end && *p == '-';
	for (digits = p; p < end && *p >= '0' && *p <= '9';)
		p++;
	if (p == digits || (*digits == '0' && p - digits > 1))
		return false;
	if (p < end && *p == '.') {
		for (digits = ++p; p < end && *p >= '0' && *p <= '9';)
			p++;
		if (p == digits)
			return false;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		p += p < end && (*p == '+' || *p == '-');
		for (digits = p; p < end && *p >= '0' && *p <= '9';)
			p++;
		if (p == digits)
			return false;
	}
	return p == end;
}

static int scalar(struct json_text *j, struct tree_value *v)
{
	struct piece s = { j->p, 0 };

	while (s.text + s.length < j->end && s.text[s.length] &&
	       strchr("+-.0123456789abcdefghijklmnopqrstuvwxyzE", s.text[s.length]))
		s.length++;
	if (!s.length)
		return fail_byte(j, "a value");
	if (piece_is(s, "true") || piece_is(s, "false")) {
		v->kind = TREE_BOOL;
		v->truth = *s.text == 't';
	} else if (piece_is(s, "null")) {
		v->kind = TREE_NULL;
	} else if (is_number(s)) {
		v->kind = TREE_NUMBER;
		v->count = (uint32_t)s.length;
		v->text = arena_strndup(j->arena, s.text, s.length);
		if (!v->text)
			return error_nomem(j->err);
	} else {
		return fail_byte(j, "a value");
	}
	j->p += s.length;
	return PIPE_OK;
}

/* The value at p goes into v; a map or list is opened only. */
static int begin_value(struct json_text *j, struct tree_value *v)
{
	skip_space(j);
	if (j->values++ == TREE_VALUES)
		return tree_fail(j->source, j->line, PIPE_ELIMIT, j->err, "more than %d values in one file", TREE_VALUES);
	v->line = v->end = j->line;
	if (j->p < j->end && *j->p == '"') {
		v->kind = TREE_TEXT;
		return string(j, &v->text, &v->count);
	}
	if (j->p == j->end || (*j->p != '{' && *j->p != '['))
		return scalar(j, v);
	if (j->depth == TREE_DEPTH)
		return tree_fail(j->source, j->line, PIPE_ELIMIT, j->err, "nested deeper than %d levels", TREE_DEPTH);
	v->kind = *j->p++ == '{' ? TREE_MAP : TREE_LIST;
	j->open[j->depth++] = v;
	return PIPE_OK;
}

static int begin_member(struct json_text *j, struct tree_value *map, struct tree_value **slot)
{
	uint32_t line = j->line, length;
	const char *key;
	bool twice;
	int rc;

	if (j->p == j->end || *j->p != '"')
		return fail_byte(j, "a key in quotes");
	rc = string(j, &key, &length);
	if (rc)
		return rc;
	skip_space(j);
	if (j->p == j->end || *j->p != ':')
		return fail_byte(j, "':' behind a key");
	j->p++;
	*slot = tree_put(j->arena, map, key, length, line, &twice);
	if (twice)
		return tree_fail(j->source, line, PIPE_EPIPELINE, j->err, "the key \"%.200s\" stands twice in one map", key);
	return *slot ? PIPE_OK : error_nomem(j->err);
}

/* Where the next value of the innermost map or list goes; NULL: that one has ended. */
static int next_slot(struct json_text *j, struct tree_value **slot)
{
	struct tree_value *top = j->open[j->depth - 1];
	char close = top->kind == TREE_MAP ? '}' : ']';

	*slot = NULL;
	skip_space(j);
	if (j->p < j->end && *j->p == close) {
		j->p++;
		top->end = j->line;
		j->depth--;
		return PIPE_OK;
	}
	if (top->count) {
		if (j->p == j->end || *j->p != ',')
			return fail_byte(j, top->kind == TREE_MAP ? "',' or '}'" : "',' or ']'");
		j->p++;
		skip_space(j);
	}
	if (top->kind == TREE_MAP)
		return begin_member(j, top, slot);
	*slot = tree_push(j->arena, top);
	return *slot ? PIPE_OK : error_nomem(j->err);
}

static int document(struct json_text *j, struct tree_value *out)
{
	struct tree_value *slot = out;

	for (;;) {
		int rc = begin_value(j, slot);

		for (slot = NULL; !rc && !slot && j->depth;)
			rc = next_slot(j, &slot);
		if (rc)
			return rc;
		if (!slot)
			break;
	}
	skip_space(j);
	return j->p == j->end ? PIPE_OK : fail_byte(j, "the end of the file");
}

int tree_json(struct tree_value *out, const struct tree_source *source, struct arena *a, pipe_error *err)
{
	struct json_text j = {
		.p = source->bytes, .end = source->bytes + source->length, .line = 1, .source = source, .arena = a, .err = err
	};
	int rc;

	*out = (struct tree_value){ 0 };
	if (source->length >= 3 && !memcmp(j.p, "\xef\xbb\xbf", 3))
		j.p += 3;
	str_init(&j.text);
	rc = document(&j, out);
	str_clear(&j.text);
	return rc;
}
