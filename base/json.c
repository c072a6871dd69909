/* JSON, token by token.  has_item bit n: something stands already on level n, so a comma comes first. */
#include "base/json.h"

#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JSON_DEPTH = 63 };

static const uint64_t EACH_BYTE = 0x0101010101010101u;

void jsonw_init(struct json *j, struct str *out, bool pretty)
{
	memset(j, 0, sizeof(*j));
	j->out = out;
	j->pretty = pretty ? JSON_DEPTH : 0;
}

/* ---- texts ---- */

/* Bytes below `limit` (at most 128), as a bit each; bytes above 127 are not looked at. */
static uint64_t bytes_below(uint64_t word, uint64_t limit)
{
	return word - limit * EACH_BYTE;
}

/* Eight bytes at once: none of them below 0x20, above 0x7e, a quote or a backslash.  May say no of what follows such a byte. */
static bool is_plain_word(const char *text)
{
	uint64_t w, special;

	memcpy(&w, text, sizeof(w));
	special = bytes_below(w, 0x20) | bytes_below(w ^ '"' * EACH_BYTE, 1) | bytes_below(w ^ '\\' * EACH_BYTE, 1) |
		  bytes_below(w ^ 0x7f * EACH_BYTE, 1) | w;
	return !(special & 0x80 * EACH_BYTE);
}

/* The same of one to seven bytes; what is missing is filled with some of them again. */
static bool is_plain_part(const char *text, size_t length)
{
	uint32_t half[2];
	char word[8];

	if (length >= sizeof(half[0])) {
		memcpy(&half[0], text, sizeof(half[0]));
		memcpy(&half[1], text + length - sizeof(half[1]), sizeof(half[1]));
		memcpy(word, half, sizeof(word));
	} else {
		memset(word, text[0], sizeof(word));
		word[1] = text[length / 2];
		word[2] = text[length - 1];
	}
	return is_plain_word(word);
}

/* Nothing in the text has to be escaped. */
static bool is_plain(const char *text, size_t length)
{
	size_t i = 0;

	for (; length - i >= 8; i += 8)
		if (!is_plain_word(text + i))
			return false;
	return i == length || is_plain_part(text + i, length - i);
}

static char *put(char *p, const char *text, size_t length)
{
	memcpy(p, text, length);
	return p + length;
}

static char *put_quoted(char *p, const char *text, size_t length)
{
	*p++ = '"';
	p = put(p, text, length);
	*p++ = '"';
	return p;
}

/* ---- what stands before a value ---- */

/* Whether a value here begins a line: nothing does outside of the levels that are pretty. */
static bool on_own_line(const struct json *j)
{
	return j->depth && j->pretty && j->depth <= j->pretty;
}

static char *put_line(const struct json *j, char *p)
{
	*p++ = '\n';
	memset(p, ' ', (size_t)j->depth * 2);
	return p + (size_t)j->depth * 2;
}

/* Room for n bytes of a value or a key, with the comma and the line before it written, unless its key has seen to that.  NULL: no
 * memory.  What is written there ends with finish(). */
static char *start(struct json *j, size_t n)
{
	uint64_t level = (uint64_t)1 << j->depth;
	size_t before = j->after_key ? 0 : 2 + (size_t)j->depth * 2;
	char *p = n < SIZE_MAX / 4 ? str_room(j->out, n + before) : NULL;

	if (!p) {
		j->out->failed = true;
		return NULL;
	}
	if (j->after_key) {
		j->after_key = false;
		return p;
	}
	if (j->has_item & level)
		*p++ = ',';
	j->has_item |= level;
	return on_own_line(j) ? put_line(j, p) : p;
}

static void finish(struct json *j, char *p)
{
	j->out->length = (size_t)(p - j->out->data);
	*p = '\0';
}

static void add_value(struct json *j, const char *text, size_t length)
{
	char *p = start(j, length);

	if (p)
		finish(j, put(p, text, length));
}

/* ---- lists and maps ---- */

static void open_level(struct json *j, char c)
{
	add_value(j, &c, 1);
	if (j->depth == JSON_DEPTH) {
		j->out->failed = true;
		return;
	}
	j->depth++;
	j->has_item &= ~((uint64_t)1 << j->depth);
}

static void close_level(struct json *j, char c)
{
	bool had = (j->has_item >> j->depth & 1) && j->depth <= j->pretty;
	char *p = str_room(j->out, 2 + (size_t)j->depth * 2);

	if (j->depth)
		j->depth--;
	if (!p)
		return;
	if (had)
		p = put_line(j, p);
	*p++ = c;
	finish(j, p);
}

void jsonw_object(struct json *j)
{
	open_level(j, '{');
}

void jsonw_object_end(struct json *j)
{
	close_level(j, '}');
}

void jsonw_array(struct json *j)
{
	open_level(j, '[');
}

void jsonw_array_end(struct json *j)
{
	close_level(j, ']');
}

/* ---- keys and values ---- */

static char *put_key(const struct json *j, char *p, const char *key, size_t length)
{
	p = put_quoted(p, key, length);
	*p++ = ':';
	if (j->pretty)
		*p++ = ' ';
	return p;
}

void jsonw_key(struct json *j, const char *key)
{
	size_t length = strlen(key);
	bool plain = is_plain(key, length);
	char *p = start(j, plain ? length + 4 : 0);

	if (p && plain)
		finish(j, put_key(j, p, key, length));
	if (p && !plain) {
		finish(j, p);
		jsonw_quote(j->out, key, length);
		str_adds(j->out, j->pretty ? ": " : ":");
	}
	j->after_key = true;
}

/* Key and value with one look at the room there is: most of a long document is written here. */
static void add_pair(struct json *j, const char *key, const char *value, size_t length)
{
	size_t n = strlen(key);
	char *p;

	if (!is_plain(key, n) || j->after_key) {
		jsonw_key(j, key);
		add_value(j, value, length);
		return;
	}
	p = length < SIZE_MAX / 4 ? start(j, n + 4 + length) : NULL;
	if (p)
		finish(j, put(put_key(j, p, key, n), value, length));
}

void jsonw_string(struct json *j, const char *text)
{
	if (text)
		jsonw_stringn(j, text, strlen(text));
	else
		jsonw_null(j);
}

void jsonw_stringn(struct json *j, const char *text, size_t length)
{
	bool plain = is_plain(text, length);
	char *p = start(j, plain && length < SIZE_MAX / 4 ? length + 2 : 0);

	if (!p)
		return;
	finish(j, plain ? put_quoted(p, text, length) : p);
	if (!plain)
		jsonw_quote(j->out, text, length);
}

enum { DIGITS = 24 };

/* The decimal digits at the end of a buffer; where they begin. */
static const char *digits_of(int64_t value, char buffer[DIGITS])
{
	char *p = buffer + DIGITS;
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do
		*--p = (char)('0' + rest % 10);
	while (rest /= 10);
	if (value < 0)
		*--p = '-';
	return p;
}

void jsonw_int(struct json *j, int64_t value)
{
	char buffer[DIGITS];
	const char *p = digits_of(value, buffer);

	add_value(j, p, (size_t)(buffer + DIGITS - p));
}

void jsonw_double(struct json *j, double value)
{
	char buffer[40];

	if (!isfinite(value)) {
		jsonw_null(j);
		return;
	}
	snprintf(buffer, sizeof(buffer), "%.15g", value);
	if (strtod(buffer, NULL) != value)
		snprintf(buffer, sizeof(buffer), "%.17g", value);
	/* The host's locale may have another decimal point. */
	for (char *p = buffer; *p; p++)
		if (!strchr("+-0123456789eE", *p))
			*p = '.';
	add_value(j, buffer, strlen(buffer));
}

void jsonw_bool(struct json *j, bool value)
{
	add_value(j, value ? "true" : "false", value ? 4 : 5);
}

void jsonw_null(struct json *j)
{
	add_value(j, "null", 4);
}

void jsonw_kstring(struct json *j, const char *key, const char *text)
{
	size_t n = strlen(key), length = text ? strlen(text) : 0;
	char *p;

	if (!text || j->after_key || !is_plain(key, n) || !is_plain(text, length)) {
		jsonw_key(j, key);
		jsonw_string(j, text);
		return;
	}
	p = start(j, n + length + 6);
	if (p)
		finish(j, put_quoted(put_key(j, p, key, n), text, length));
}

void jsonw_kint(struct json *j, const char *key, int64_t value)
{
	char buffer[DIGITS];
	const char *p = digits_of(value, buffer);

	add_pair(j, key, p, (size_t)(buffer + DIGITS - p));
}

void jsonw_kbool(struct json *j, const char *key, bool value)
{
	add_pair(j, key, value ? "true" : "false", value ? 4 : 5);
}

void jsonw_kint_if(struct json *j, const char *key, bool is_there, int64_t value)
{
	if (is_there)
		jsonw_kint(j, key, value);
	else
		jsonw_knull(j, key);
}

void jsonw_knull(struct json *j, const char *key)
{
	add_pair(j, key, "null", 4);
}

/* ---- escaping ---- */

static void add_escape(struct str *out, unsigned char c)
{
	static const char short_form[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	static const char hex[] = "0123456789abcdef";
	const char *p;

	for (p = short_form; *p; p += 2)
		if ((unsigned char)*p == c) {
			char two[2] = { '\\', p[1] };
			str_add(out, two, 2);
			return;
		}
	str_add(out, (char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
}

static void add_escaped(struct str *out, const char *text, size_t length)
{
	size_t done = 0, i = 0;

	str_addc(out, '"');
	while (i < length) {
		unsigned char c = (unsigned char)text[i];
		uint32_t code;
		size_t n;

		if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
			i++;
			continue;
		}
		n = utf8_decode(text + i, length - i, &code);
		if (c >= 0x80 && (code != 0xfffd || n > 1)) {
			i += n;
			continue;
		}
		str_add(out, text + done, i - done);
		if (c < 0x80)
			add_escape(out, c);
		else
			str_add(out, "\xef\xbf\xbd", 3);
		done = ++i;
	}
	str_add(out, text + done, length - done);
	str_addc(out, '"');
}

void jsonw_quote(struct str *out, const char *text, size_t length)
{
	char *p;

	/* Most texts hold nothing that has to be escaped. */
	if (length >= SIZE_MAX / 4 || !is_plain(text, length)) {
		add_escaped(out, text, length);
		return;
	}
	p = str_room(out, length + 2);
	if (!p)
		return;
	put_quoted(p, text, length);
	str_wrote(out, length + 2);
}
