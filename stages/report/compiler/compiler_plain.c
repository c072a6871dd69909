/* A line as a terminal would show it, without its colours. */
#include "stages/report/compiler/compiler_line.h"

#include <string.h>

/* The length of the escape sequence at text (which begins with ESC): CSI (ECMA-48), OSC up to BEL or ST, or a short one. */
static size_t escape_length(const char *text, size_t length)
{
	size_t n = 2;

	if (length < 2)
		return length;
	if (text[1] == '[') {
		while (n < length && ((unsigned char)text[n] < 0x40 || (unsigned char)text[n] > 0x7e))
			n++;
		return n < length ? n + 1 : n;
	}
	if (text[1] != ']') {
		/* Any number of intermediate bytes, and a final one: ESC ( B. */
		for (n = 1; n < length && text[n] >= 0x20 && text[n] <= 0x2f;)
			n++;
		return n < length ? n + 1 : n;
	}
	while (n < length && text[n] != '\a' && text[n] != 0x1b)
		n++;
	if (n < length && text[n] == 0x1b && n + 1 < length && text[n + 1] == '\\')
		n++;
	return n < length ? n + 1 : n;
}

size_t compiler_line_plain(char *text, size_t length)
{
	char *to = text;

	if (!memchr(text, 0x1b, length) && !memchr(text, '\r', length))
		return length;
	for (size_t i = 0; i < length;) {
		if (text[i] == 0x1b) {
			i += escape_length(text + i, length - i);
		} else if (text[i] == '\r') {
			to = text;
			i++;
		} else {
			*to++ = text[i++];
		}
	}
	*to = '\0';
	return (size_t)(to - text);
}
