/* Strings of a JSON text: in UTF-8 on both sides, cut where they are longer than is wanted, not held where nobody wants them. */
#include "stages/report/json/json_walk.h"

#include <string.h>

enum { MOST_KEY = 65536 };

const char *json_begin_string(struct json_items *it, const char *p, bool is_key)
{
	const struct json_level *l = json_parent(it);

	it->is_key = is_key;
	it->cut = false;
	it->high = 0;
	it->wanted = is_key ? l->node || l->value : it->next.held || it->next.node;
	it->state = JSON_IN_STRING;
	str_reset(&it->text);
	if (!is_key && it->next.node)
		json_begin_token(it, p);
	return p + 1;
}

/* Where a text of n bytes can be cut: not within a character. */
static size_t whole_characters(const char *text, size_t n)
{
	while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static bool add_text(struct json_items *it, const char *text, size_t length, const char *p, pipe_error *err)
{
	size_t most = it->is_key ? MOST_KEY : it->limits->text_bytes > 3 ? it->limits->text_bytes - 3 : 0;

	if (!it->wanted || it->cut)
		return true;
	str_add(&it->text, text, length);
	if (it->text.failed) {
		json_fail_nomem(it, err);
		return false;
	}
	if (it->text.length <= most)
		return true;
	if (it->is_key) {
		json_fail(it, p, PIPE_ELIMIT, err, "a key of more than %d bytes", MOST_KEY);
		return false;
	}
	it->text.length = whole_characters(it->text.data, most);
	str_adds(&it->text, "...");
	it->cut = true;
	return true;
}

static bool add_character(struct json_items *it, uint32_t code, const char *p, pipe_error *err)
{
	char out[4];
	size_t n = 0;

	if (code < 0x80) {
		out[n++] = (char)code;
	} else if (code < 0x800) {
		out[n++] = (char)(0xc0 | code >> 6);
	} else if (code < 0x10000) {
		out[n++] = (char)(0xe0 | code >> 12);
		out[n++] = (char)(0x80 | (code >> 6 & 0x3f));
	} else {
		out[n++] = (char)(0xf0 | code >> 18);
		out[n++] = (char)(0x80 | (code >> 12 & 0x3f));
		out[n++] = (char)(0x80 | (code >> 6 & 0x3f));
	}
	if (code >= 0x80)
		out[n++] = (char)(0x80 | (code & 0x3f));
	return add_text(it, out, n, p, err);
}

/* A first half that no second one follows. */
static bool drop_high(struct json_items *it, const char *p, pipe_error *err)
{
	bool lone = it->high != 0;

	it->high = 0;
	return !lone || add_character(it, 0xfffd, p, err);
}

static const char *end_string(struct json_items *it, const char *p, pipe_error *err)
{
	json_t *value = NULL;
	bool item;

	if (it->is_key) {
		it->state = JSON_COLON;
		if (it->wanted)
			return json_expect_member(it, p, err) ? p + 1 : NULL;
		it->next.node = 0;
		it->next.held = it->next.whole = false;
		return p + 1;
	}
	if (!json_begin_value(it, JSON_STRING, &item, p, err))
		return NULL;
	if (it->next.held)
		value = json_stringn_nocheck(it->text.data, it->text.length);
	return json_put_scalar(it, value, JSON_STRING, item, p, err) ? p + 1 : NULL;
}

const char *json_on_string(struct json_items *it, const char *p, const char *end, pipe_error *err)
{
	const char *from = p;

	while (p < end && *p != '"' && *p != '\\' && *p != '\n' && *p)
		p++;
	if (p > from && (!drop_high(it, p, err) || !add_text(it, from, (size_t)(p - from), p, err)))
		return NULL;
	if (p == end)
		return p;
	if (*p == '\\') {
		it->state = JSON_ESCAPE;
		return p + 1;
	}
	if (*p != '"')
		return json_fail(it, p, PIPE_EPIPELINE, err, "no JSON: a string is not closed, a %s stands in it",
				 *p ? "line end" : "NUL");
	return drop_high(it, p, err) ? end_string(it, p, err) : NULL;
}

const char *json_on_escape(struct json_items *it, const char *p, const char *end, pipe_error *err)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *at = *p ? strchr(letters, *p) : NULL;

	(void)end;
	if (*p == 'u') {
		it->unit = 0;
		it->digits = 0;
		it->state = JSON_UNICODE;
		return p + 1;
	}
	if (!at)
		return json_fail_byte(it, p, err, "one of \" \\ / b f n r t u behind \"\\\"");
	it->state = JSON_IN_STRING;
	return drop_high(it, p, err) && add_text(it, &meant[at - letters], 1, p, err) ? p + 1 : NULL;
}

/* A code unit of UTF-16 is complete. */
static bool add_unit(struct json_items *it, const char *p, pipe_error *err)
{
	uint32_t code = it->unit;

	if (it->high && code >= 0xdc00 && code <= 0xdfff) {
		code = 0x10000 + ((uint32_t)(it->high - 0xd800) << 10 | (code - 0xdc00));
		it->high = 0;
		return add_character(it, code, p, err);
	}
	if (!drop_high(it, p, err))
		return false;
	if (code >= 0xd800 && code <= 0xdbff) {
		it->high = it->unit;
		return true;
	}
	return add_character(it, !code || (code >= 0xdc00 && code <= 0xdfff) ? 0xfffd : code, p, err);
}

const char *json_on_unicode(struct json_items *it, const char *p, const char *end, pipe_error *err)
{
	static const char hex[] = "0123456789abcdef";
	const char *at = *p ? strchr(hex, *p >= 'A' && *p <= 'F' ? *p + 32 : *p) : NULL;

	(void)end;
	if (!at)
		return json_fail_byte(it, p, err, "four hexadecimal digits behind \"\\u\"");
	it->unit = (uint16_t)(it->unit << 4 | (at - hex));
	if (++it->digits < 4)
		return p + 1;
	it->state = JSON_IN_STRING;
	return add_unit(it, p, err) ? p + 1 : NULL;
}
