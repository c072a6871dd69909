/*
 * What passes between a report and expat: it knows just enough of XML to tell CDATA sections from the rest, and repairs what xml.h
 * says.  One pass with a fixed buffer; a well-formed document comes out meaning what it meant.
 *
 * Attributes, comments and text need not be told apart: a `&` that begins no reference is ill-formed in two of them and means nothing
 * in the third, and `]]&gt;` says the same as `]]>` in all of them.
 */
#include "stages/report/clean.h"
#include "stages/report/xml/xml.h"

#include <string.h>

static const char cdata[] = "<![CDATA[";

enum {
	STOPS_OUTSIDE = 1 << 0, /* in text, tags and the like */
	STOPS_CDATA = 1 << 1,
	STOPS_BOTH = STOPS_OUTSIDE | STOPS_CDATA
};

/* Where the filter has to look: control characters (but for tab, newline and carriage return), and 0xef, as U+FFFE and U+FFFF begin. */
#define A STOPS_BOTH
static const uint8_t stops[256] = {
	A,
	A,
	A,
	A,
	A,
	A,
	A,
	A,
	A,
	0,
	0,
	A,
	A,
	0,
	A,
	A,
	A,
	A,
	A,
	A,
	A,
	A,
	A,
	A,
	A,
	A,
	A,
	A,
	A,
	A,
	A,
	A,
	['<'] = STOPS_OUTSIDE,
	['&'] = STOPS_OUTSIDE,
	[']'] = A,
	[0xef] = A,
};
#undef A

/* ---- references ---- */

static size_t put(char *out, const char *text, size_t length)
{
	memcpy(out, text, length);
	return length;
}

static size_t put_control(char *out, unsigned code)
{
	memcpy(out, CLEAN_CONTROL_PREFIX, 2);
	out[2] = (char)(0x90 + code);
	return 3;
}

/* What is held back is no reference: its & is a character. */
static size_t put_literally(struct xml_filter *f, char *out)
{
	size_t n = put(out, "&amp;", 5);

	n += put(out + n, f->reference + 1, (size_t)f->held - 1);
	f->held = 0;
	return n;
}

static bool is_named(const char *reference, size_t length)
{
	static const char *const names[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&apos;" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i]) == length && !memcmp(names[i], reference, length))
			return true;
	return false;
}

/* The number of &#27; or &#x1b; (any length that fits in the buffer); false: it is none. */
static bool reference_code(const char *reference, size_t length, unsigned *code)
{
	bool hex = length > 3 && reference[2] == 'x';
	const char *at = reference + (hex ? 3 : 2), *end = reference + length - 1;

	*code = 0;
	for (; at < end && *code <= 0x10ffff; at++) {
		unsigned char c = (unsigned char)*at;

		if (c >= '0' && c <= '9')
			*code = *code * (hex ? 16 : 10) + (c - '0');
		else if (hex && (c | 32) >= 'a' && (c | 32) <= 'f')
			*code = *code * 16 + ((c | 32) - 'a' + 10);
		else
			return false;
	}
	return end > reference + (hex ? 3 : 2);
}

/* Of XML 1.0, https://www.w3.org/TR/xml/#NT-Char, without control characters. */
static bool is_character(unsigned code)
{
	return code == '\t' || code == '\n' || code == '\r' || (code >= ' ' && code < 0xd800) ||
	       (code >= 0xe000 && code < 0xfffe) || (code >= 0x10000 && code <= 0x10ffff);
}

/* The reference is whole. */
static size_t put_reference(struct xml_filter *f, char *out)
{
	size_t length = f->held;
	unsigned code;

	if (f->reference[1] != '#')
		return is_named(f->reference, length) ? (f->held = 0, put(out, f->reference, length)) : put_literally(f, out);
	if (!reference_code(f->reference, length, &code))
		return put_literally(f, out);
	f->held = 0;
	if (is_character(code))
		return put(out, f->reference, length);
	return code < ' ' ? put_control(out, code) : put(out, "\xef\xbf\xbd", 3);
}

/* ---- one character ---- */

/* U+FFFE and U+FFFF, ef bf be and ef bf bf, become U+FFFD. */
static char replace_special(struct xml_filter *f, char c)
{
	unsigned char u = (unsigned char)c;

	if (f->special == 2 && u >= 0xbe)
		c = (char)0xbd;
	f->special = u == 0xef ? 1 : f->special == 1 && u == 0xbf ? 2 : 0;
	return c;
}

/* The next character of what may be <![CDATA[. */
static void match_cdata(struct xml_filter *f, char c)
{
	if (c == cdata[f->opening])
		f->opening++;
	else
		f->opening = c == '<';
	if (!cdata[f->opening]) {
		f->opening = 0;
		f->in_cdata = true;
	}
}

/* > behind ]]: the end of a CDATA section, or text that may not stand like that. */
static size_t close_brackets(struct xml_filter *f, char *out)
{
	f->brackets = 0;
	if (!f->in_cdata)
		return put(out, "&gt;", 4);
	f->in_cdata = false;
	*out = '>';
	return 1;
}

static size_t step_reference(struct xml_filter *f, char c, char *out, bool *taken)
{
	bool is_name = (unsigned char)c > ' ' && !strchr("&<>\"'", c);

	*taken = is_name && f->held < sizeof(f->reference);
	if (!*taken)
		return put_literally(f, out);
	f->reference[f->held++] = c;
	return c == ';' ? put_reference(f, out) : 0;
}

static size_t step(struct xml_filter *f, char c, char *out)
{
	size_t n = 0;
	bool taken;

	if (f->held) {
		n = step_reference(f, c, out, &taken);
		if (taken)
			return n;
	}
	if (c == '&' && !f->in_cdata) {
		f->opening = f->brackets = 0;
		f->held = 1;
		f->reference[0] = c;
		return n;
	}
	if (!f->in_cdata)
		match_cdata(f, c);
	if (c == '>' && f->brackets == 2)
		return n + close_brackets(f, out + n);
	f->brackets = c != ']' ? 0 : f->brackets < 2 ? f->brackets + 1 : 2;
	if ((unsigned char)c < ' ' && stops[(unsigned char)c])
		return n + put_control(out + n, (unsigned char)c);
	out[n] = replace_special(f, c);
	return n + 1;
}

/* Whether one of eight characters may be one to stop at: below ' ', above 0x7f, < & or ]. */
static bool word_stops(const char *bytes)
{
	const uint64_t ones = 0x0101010101010101u, tops = ones << 7;
	uint64_t word, less, and, bracket;

	memcpy(&word, bytes, 8);
	less = word ^ ones * '<';
	and = word ^ ones * '&';
	bracket = word ^ ones * ']';
	return ((word - ones * ' ') | word | (less - ones) | (and-ones) | (bracket - ones)) & tops;
}

/* How many characters pass as they are. */
static size_t plain_run(const struct xml_filter *f, const char *bytes, size_t length)
{
	uint8_t mask = f->in_cdata ? STOPS_CDATA : STOPS_OUTSIDE;
	size_t n = 0;

	if (f->held || f->opening || f->brackets || f->special)
		return 0;
	while (n < length) {
		unsigned char c;

		while (length - n >= 8 && !word_stops(bytes + n))
			n += 8;
		if (n == length)
			break;
		c = (unsigned char)bytes[n];
		/* Most of what begins with < is a tag. */
		if (stops[c] & mask && (c != '<' || n + 1 == length || bytes[n + 1] == '!'))
			break;
		n++;
	}
	return n;
}

size_t xml_filter(struct xml_filter *f, const char *bytes, size_t length, size_t *used, char *out, size_t size)
{
	size_t at = 0, n = 0;

	while (at < length && size - n >= XML_FILTER_MOST) {
		size_t run = plain_run(f, bytes + at, length - at < size - n ? length - at : size - n);

		memcpy(out + n, bytes + at, run);
		at += run;
		n += run;
		if (at < length && size - n >= XML_FILTER_MOST)
			n += step(f, bytes[at++], out + n);
	}
	*used = at;
	return n;
}

size_t xml_filter_end(struct xml_filter *f, char *out)
{
	return f->held ? put_literally(f, out) : 0;
}
