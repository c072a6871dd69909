#include "cli/output/text.h"

#include "base/utf8.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { ESC = 0x1b, BEL = 0x07 };

static bool in_range(char c, int low, int high)
{
	return (unsigned char)c >= low && (unsigned char)c <= high;
}

/* Bytes of a control sequence that starts with ESC [: parameters, then one final byte. */
static size_t csi_length(const char *t, size_t n)
{
	size_t i = 2;

	while (i < n && in_range(t[i], 0x20, 0x3f))
		i++;
	if (i < n && in_range(t[i], 0x40, 0x7e))
		i++;
	return i;
}

/* Bytes of a string sequence (titles, hyperlinks, device control): up to BEL or ESC \. */
static size_t string_length(const char *t, size_t n)
{
	for (size_t i = 2; i < n; i++) {
		if (t[i] == BEL)
			return i + 1;
		if (t[i] == ESC && i + 1 < n && t[i + 1] == '\\')
			return i + 2;
	}
	return n;
}

static size_t escape_length(const char *t, size_t n)
{
	size_t i = 1;

	if (n < 2)
		return n;
	if (t[1] == '[')
		return csi_length(t, n);
	if (strchr("]PX^_", t[1]) && t[1])
		return string_length(t, n);
	while (i < n && in_range(t[i], 0x20, 0x2f))
		i++;
	return i < n && in_range(t[i], 0x30, 0x7e) ? i + 1 : i;
}

static bool is_colour(const char *t, size_t n)
{
	if (n < 3 || t[1] != '[' || t[n - 1] != 'm')
		return false;
	for (size_t i = 2; i < n - 1; i++)
		if (!isdigit((unsigned char)t[i]) && t[i] != ';' && t[i] != ':')
			return false;
	return true;
}

/* Characters that change how others are shown, or that a terminal takes for a command. */
static bool is_unwanted(uint32_t c)
{
	return (c >= 0x80 && c < 0xa0) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x2028 ||
	       c == 0x2029 || c == 0x200e || c == 0x200f || c == 0xfeff;
}

static size_t clean_wide(struct str *out, const char *t, size_t n, unsigned flags)
{
	uint32_t code;
	size_t used = utf8_decode(t, n, &code);

	if (!used)
		used = 1;
	if (is_unwanted(code))
		return used;
	if (flags & TEXT_ASCII)
		str_addc(out, '?');
	else if (used == 1)
		str_add(out, "\xef\xbf\xbd", 3);
	else
		str_add(out, t, used);
	return used;
}

void text_clean(struct str *out, const char *text, size_t length, unsigned flags)
{
	bool coloured = false;
	size_t i = 0;

	while (i < length) {
		size_t start = i, n;

		while (i < length && in_range(text[i], 0x20, 0x7e))
			i++;
		str_add(out, text + start, i - start);
		if (i == length)
			break;
		if (text[i] == ESC) {
			n = escape_length(text + i, length - i);
			if ((flags & TEXT_COLOUR) && is_colour(text + i, n)) {
				str_add(out, text + i, n);
				coloured = true;
			}
			i += n;
		} else if (in_range(text[i], 0x80, 0xff)) {
			i += clean_wide(out, text + i, length - i, flags);
		} else {
			if (text[i] == '\t')
				str_adds(out, flags & TEXT_TABS ? "\t" : "    ");
			else if (text[i] == '\n')
				str_addc(out, ' ');
			i++;
		}
	}
	if (coloured)
		str_adds(out, "\033[0m");
}

const char *text_after_return(const char *text, size_t *length)
{
	const char *r;

	while (*length && text[*length - 1] == '\r')
		--*length;
	r = *length ? memrchr(text, '\r', *length) : NULL;
	if (!r)
		return text;
	*length -= (size_t)(r + 1 - text);
	return r + 1;
}

unsigned text_width(const char *text, size_t length)
{
	unsigned width = 0;
	uint32_t code;

	for (size_t i = 0, n; i < length; i += n) {
		n = utf8_decode(text + i, length - i, &code);
		if (!n)
			break;
		width += (unsigned)utf8_width(code);
	}
	return width;
}

/* The longest prefix of at most `columns`; *width is what it takes. */
static size_t prefix_within(const char *text, size_t length, unsigned columns, unsigned *width)
{
	size_t i = 0;

	*width = 0;
	while (i < length) {
		uint32_t code;
		size_t n = utf8_decode(text + i, length - i, &code);
		unsigned w = (unsigned)utf8_width(code);

		if (!n || *width + w > columns)
			break;
		*width += w;
		i += n;
	}
	return i;
}

/* Where the longest end begins that takes at most `columns`, of a text that takes `all`. */
static size_t end_within(const char *text, size_t length, unsigned all, unsigned columns)
{
	unsigned width;
	size_t n;

	if (all <= columns)
		return 0;
	n = prefix_within(text, length, all - columns, &width);
	if (width < all - columns) { /* the cut would go through a wide character */
		uint32_t code;

		n += utf8_decode(text + n, length - n, &code);
	}
	/* Marks that combine with what is cut go with it. */
	n += prefix_within(text + n, length - n, 0, &width);
	return n;
}

unsigned text_fit_name(struct str *out, const char *name, unsigned columns, const char *more, int pad)
{
	size_t length = strlen(name), from;
	unsigned all = text_width(name, length), more_width = text_width(more, strlen(more)), width, end;

	if (all <= columns || columns < more_width + 2)
		return text_fit(out, name, columns, more, pad);
	from = end_within(name, length, all, (columns - more_width) / 2);
	end = text_width(name + from, length - from);
	str_add(out, name, prefix_within(name, length, columns - more_width - end, &width));
	str_adds(out, more);
	str_adds(out, name + from);
	for (width += more_width + end; pad && width < columns; width++)
		str_addc(out, ' ');
	return width;
}

unsigned text_fit(struct str *out, const char *text, unsigned columns, const char *more, int pad)
{
	size_t length = strlen(text);
	unsigned width, more_width = text_width(more, strlen(more));
	size_t n = prefix_within(text, length, columns, &width);

	if (n < length && columns >= more_width) {
		n = prefix_within(text, length, columns - more_width, &width);
		str_add(out, text, n);
		str_adds(out, more);
		width += more_width;
	} else {
		str_add(out, text, n);
	}
	for (; pad && width < columns; width++)
		str_addc(out, ' ');
	return width;
}
