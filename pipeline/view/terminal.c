/* Names that others chose, on a terminal: nothing in them may move the cursor or turn the direction of text. */
#include "base/utf8.h"
#include "pipeline/view/graph.h"

#include <string.h>

static bool harmful(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200e && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/* Most texts are nothing else: bytes in front that are a column each and do no harm. */
static size_t ascii_length(const char *text, size_t length)
{
	size_t n = 0;

	while (n < length && (unsigned char)text[n] - 0x20u < 0x5fu)
		n++;
	return n;
}

static void add_spaces(struct str *out, unsigned count)
{
	char *p = str_room(out, count);

	if (!p)
		return;
	memset(p, ' ', count);
	str_wrote(out, count);
}

/* One character, made harmless; its columns. */
static unsigned add_char(struct str *out, const char *text, size_t bytes, uint32_t code)
{
	if (harmful(code) || code == 0xfffd) {
		str_adds(out, "\xef\xbf\xbd");
		return 1;
	}
	str_add(out, text, bytes);
	return (unsigned)utf8_width(code);
}

unsigned terminal_safe(struct str *out, const char *text)
{
	size_t length = strlen(text), n;
	unsigned width;
	uint32_t code;

	n = ascii_length(text, length);
	str_add(out, text, n);
	width = (unsigned)n;
	for (text += n, length -= n; (n = utf8_decode(text, length, &code)); text += n, length -= n)
		width += add_char(out, text, n, code);
	return width;
}

unsigned terminal_width(const char *text)
{
	size_t length = strlen(text), n;
	unsigned width;
	uint32_t code;

	n = ascii_length(text, length);
	width = (unsigned)n;
	for (text += n, length -= n; (n = utf8_decode(text, length, &code)); text += n, length -= n)
		width += harmful(code) ? 1 : (unsigned)utf8_width(code);
	return width;
}

void terminal_cell(struct str *out, const char *text, unsigned width, bool pad)
{
	size_t length = strlen(text), n;
	unsigned whole = terminal_width(text), room = whole > width && width ? width - 1 : width, used;
	uint32_t code;

	n = ascii_length(text, length);
	n = n < room ? n : room;
	str_add(out, text, n);
	used = (unsigned)n;
	for (text += n, length -= n; (n = utf8_decode(text, length, &code)); text += n, length -= n) {
		unsigned columns = harmful(code) ? 1 : (unsigned)utf8_width(code);
		if (used + columns > room)
			break;
		used += add_char(out, text, n, code);
	}
	if (whole > width && width) {
		str_adds(out, "\xe2\x80\xa6");
		used++;
	}
	if (pad && used < width)
		add_spaces(out, width - used);
}

void terminal_style(struct str *out, bool colour, const char *style)
{
	if (colour)
		str_printf(out, "\033[%sm", style);
}
