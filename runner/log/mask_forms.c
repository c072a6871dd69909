/*
 * Encoders, each a row in a table: percent-encoding as libraries differ in what they leave alone, JSON as writers differ in what
 * they escape, shells' ways to quote, base64 in both alphabets.  In base64 a secret in the midst of other bytes looks different
 * for each of three alignments; only the characters that depend on nothing but the secret can be looked for.
 */
#include "runner/log/mask_forms.h"

#include "base/str.h"
#include "base/utf8.h"
#include <stdint.h>
#include <string.h>

struct forms {
	const char *secret;
	size_t length, least;
	bool (*each)(void *, const char *, size_t);
	void *context;
	struct str text; /* the form that is being made */
	bool ok;
};

static void offer(struct forms *f, const char *bytes, size_t length)
{
	if (f->ok && length >= f->least)
		f->ok = f->each(f->context, bytes, length);
}

static void offer_text(struct forms *f)
{
	if (f->text.failed)
		f->ok = false;
	else
		offer(f, f->text.data, f->text.length);
}

/* ---- lines ---- */

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void lines(struct forms *f)
{
	const char *p = f->secret, *end = p + f->length;

	if (!memchr(p, '\n', f->length))
		return;
	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p)), *from = p, *to = newline ? newline : end;
		while (from < to && is_blank(*from))
			from++;
		while (to > from && is_blank(to[-1]))
			to--;
		offer(f, from, (size_t)(to - from));
		p = newline ? newline + 1 : end;
	}
}

/* ---- base64 ---- */

static const char *const alphabets[] = {
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

/* Bit `at` bytes and bits into the secret with `before` unknown bytes in front of it and `after` behind; unknown ones are 0. */
static unsigned six_bits(const struct forms *f, size_t character, size_t before, const char *after)
{
	unsigned bits = 0;

	for (size_t i = 0; i < 6; i++) {
		size_t bit = character * 6 + i, byte = bit / 8;
		unsigned char value = 0;
		if (byte >= before && byte - before < f->length)
			value = (unsigned char)f->secret[byte - before];
		else if (byte >= before && byte - before - f->length < strlen(after))
			value = (unsigned char)after[byte - before - f->length];
		bits = bits << 1 | ((value >> (7 - bit % 8)) & 1);
	}
	return bits;
}

/* The characters [from, to) of the encoding. */
static void base64(struct forms *f, const char *alphabet, size_t before, const char *after, size_t from, size_t to)
{
	str_reset(&f->text);
	for (size_t i = from; i < to; i++)
		str_addc(&f->text, alphabet[six_bits(f, i, before, after)]);
}

/* The whole encoding of the secret with `after` behind it, as its last characters and padding are when nothing else follows. */
static void base64_whole(struct forms *f, const char *alphabet, const char *after)
{
	size_t bytes = f->length + strlen(after), characters = (bytes * 8 + 5) / 6;

	base64(f, alphabet, 0, after, 0, characters);
	offer_text(f);
	for (; characters % 4; characters++)
		str_addc(&f->text, '=');
	offer_text(f);
}

/* The last line of an encoding in lines, as it is when nothing but `after` follows. */
static void base64_last_line(struct forms *f, const char *alphabet, const char *after, size_t width)
{
	size_t bytes = f->length + strlen(after), characters = (bytes * 8 + 5) / 6;

	base64(f, alphabet, 0, after, (characters - 1) / width * width, characters);
	for (; characters % 4; characters++)
		str_addc(&f->text, '=');
	offer_text(f);
}

/* Encoders break long texts into lines: MIME's (and base64's) 76, PEM's (and openssl's) 64 characters. */
static void base64_lines(struct forms *f, const char *alphabet, size_t width)
{
	size_t characters = f->length * 8 / 6;

	if (characters <= width)
		return;
	for (size_t at = 0; at < characters; at += width) {
		size_t end = characters - at < width ? characters : at + width;
		base64(f, alphabet, 0, "", at, end);
		/* A few characters of the last line could be anybody's. */
		if (end - at == width || end - at >= 8)
			offer_text(f);
	}
	base64_last_line(f, alphabet, "", width);
	base64_last_line(f, alphabet, "\n", width);
}

static void all_base64(struct forms *f)
{
	for (size_t a = 0; a < sizeof(alphabets) / sizeof(*alphabets); a++) {
		for (size_t before = 0; before < 3; before++) {
			base64(f, alphabets[a], before, "", (before * 8 + 5) / 6, (before + f->length) * 8 / 6);
			offer_text(f);
		}
		base64_whole(f, alphabets[a], "");
		base64_whole(f, alphabets[a], "\n");
		base64_lines(f, alphabets[a], 76);
		base64_lines(f, alphabets[a], 64);
	}
}

/* ---- percent-encoding ---- */

static const struct {
	const char *kept; /* beside letters and digits */
	bool plus;	  /* a blank is a + */
} percent_rows[] = {
	{ "-._~", false },		   /* RFC 3986 */
	{ "-._~/", false },		   /* paths; Python's quote */
	{ "-_.!~*'()", false },		   /* encodeURIComponent */
	{ "-_.!~*'();/?:@&=+$,#", false }, /* encodeURI */
	{ "*-._", true },		   /* forms */
	{ "-._~", true },		   /* Python's quote_plus, Go's QueryEscape */
};

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static void percent(struct forms *f, const char *kept, bool plus, const char *format)
{
	str_reset(&f->text);
	for (size_t i = 0; i < f->length; i++) {
		char c = f->secret[i];
		if (is_plain(c) || (c && strchr(kept, c)))
			str_addc(&f->text, c);
		else if (plus && c == ' ')
			str_addc(&f->text, '+');
		else
			str_printf(&f->text, format[2] == 'X' ? "%%%02X" : "%%%02x", (unsigned)(unsigned char)c);
	}
	offer_text(f);
}

static void all_percent(struct forms *f)
{
	for (size_t i = 0; i < sizeof(percent_rows) / sizeof(*percent_rows); i++) {
		percent(f, percent_rows[i].kept, percent_rows[i].plus, "02X");
		percent(f, percent_rows[i].kept, percent_rows[i].plus, "02x");
	}
}

/* ---- JSON ---- */

enum { JSON_ASCII = 1, JSON_SLASH = 2, JSON_HTML = 4, JSON_UPPER = 8 };

static const unsigned json_rows[] = {
	0, JSON_UPPER, JSON_ASCII, JSON_ASCII | JSON_UPPER, JSON_SLASH, JSON_ASCII | JSON_SLASH, JSON_HTML
};

static void json_unit(struct forms *f, uint32_t unit, unsigned how)
{
	if (how & JSON_UPPER)
		str_printf(&f->text, "\\u%04X", (unsigned)unit);
	else
		str_printf(&f->text, "\\u%04x", (unsigned)unit);
}

static void json_character(struct forms *f, uint32_t code, const char *bytes, size_t length, unsigned how)
{
	static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *at = code && code < 128 ? strchr(escaped, (int)code) : NULL;

	if (at) {
		str_addc(&f->text, '\\');
		str_addc(&f->text, letters[at - escaped]);
	} else if (code == '/' && how & JSON_SLASH) {
		str_adds(&f->text, "\\/");
	} else if (code < 0x20 || (code < 128 && how & JSON_HTML && strchr("<>&", (int)code))) {
		json_unit(f, code, how);
	} else if (code > 0xffff && how & JSON_ASCII) {
		json_unit(f, 0xd800 + ((code - 0x10000) >> 10), how);
		json_unit(f, 0xdc00 + ((code - 0x10000) & 0x3ff), how);
	} else if (code > 0x7e && how & JSON_ASCII) {
		json_unit(f, code, how);
	} else {
		str_add(&f->text, bytes, length);
	}
}

static void all_json(struct forms *f)
{
	for (size_t row = 0; row < sizeof(json_rows) / sizeof(*json_rows); row++) {
		str_reset(&f->text);
		for (size_t i = 0; i < f->length;) {
			uint32_t code = 0;
			size_t n = utf8_decode(f->secret + i, f->length - i, &code);
			if (!n)
				break;
			json_character(f, code, f->secret + i, n, json_rows[row]);
			i += n;
		}
		offer_text(f);
	}
}

/* ---- shells ---- */

/* A character that is not written as it is. */
struct quoted {
	char c;
	const char *as;
};

static const struct quoted in_single[] = { { '\'', "'\\''" }, { 0, NULL } };
static const struct quoted in_single_python[] = { { '\'', "'\"'\"'" }, { 0, NULL } };
static const struct quoted in_double[] = { { '$', "\\$" }, { '`', "\\`" }, { '"', "\\\"" }, { '\\', "\\\\" }, { 0, NULL } };
static const struct quoted in_double_bash[] = { { '$', "\\$" },	  { '`', "\\`" }, { '"', "\\\"" },
						{ '\\', "\\\\" }, { '!', "\\!" }, { 0, NULL } };
static const struct quoted in_dollar[] = { { '\'', "\\'" }, { '\\', "\\\\" }, { '\n', "\\n" }, { '\t', "\\t" },
					   { '\r', "\\r" }, { '\a', "\\a" },  { '\b', "\\b" }, { '\f', "\\f" },
					   { '\v', "\\v" }, { 27, "\\E" },    { 0, NULL } };
static const struct quoted *const shell_rows[] = { in_single, in_single_python, in_double, in_double_bash, in_dollar };

static const char *quoted_as(const struct quoted *row, char c)
{
	for (; row->as; row++)
		if (row->c == c)
			return row->as;
	return NULL;
}

/* printf %q: a backslash before whatever means something. */
static void backslashes(struct forms *f, const char *special)
{
	str_reset(&f->text);
	for (size_t i = 0; i < f->length; i++) {
		if (f->secret[i] && strchr(special, f->secret[i]))
			str_addc(&f->text, '\\');
		str_addc(&f->text, f->secret[i]);
	}
	offer_text(f);
}

static void all_shell(struct forms *f)
{
	for (size_t row = 0; row < sizeof(shell_rows) / sizeof(*shell_rows); row++) {
		str_reset(&f->text);
		for (size_t i = 0; i < f->length; i++) {
			const char *as = quoted_as(shell_rows[row], f->secret[i]);
			if (as)
				str_adds(&f->text, as);
			else
				str_addc(&f->text, f->secret[i]);
		}
		offer_text(f);
	}
	backslashes(f, " \t!\"#$&'()*,;<>?[\\]^`{|}~");
	backslashes(f, " \t!\"$&'()*,;<>?[\\]^`{|}");
}

bool mask_forms(const char *secret, size_t length, size_t least, bool (*each)(void *context, const char *bytes, size_t length),
		void *context)
{
	struct forms f = { secret, length, least, each, context, { 0 }, true };
	static void (*const makers[])(struct forms *) = { lines, all_base64, all_percent, all_json, all_shell };

	str_init(&f.text);
	offer(&f, secret, length);
	for (size_t i = 0; f.ok && i < sizeof(makers) / sizeof(*makers); i++)
		makers[i](&f);
	str_clear(&f.text);
	return f.ok;
}
