/* What is looked at before a text goes to libyaml, so that hostile files are refused at once. */
#include "pipeline/document/document_internal.h"

#include "base/utf8.h"

#include <string.h>

enum { TAG_DIRECTIVES_MOST = 100, CLIP_BYTES = 80 };

int document_clip(const char *text, size_t length)
{
	return (int)utf8_valid(text, length < CLIP_BYTES ? length : CLIP_BYTES);
}

struct mark document_mark_of(const struct source *text, uint16_t source, size_t offset)
{
	const char *line = text->text, *end = text->text + offset, *next;
	uint32_t number = 1;
	size_t column;

	if (text->length >= 3 && offset >= 3 && !memcmp(line, "\xef\xbb\xbf", 3))
		line += 3;
	while ((next = memchr(line, '\n', (size_t)(end - line)))) {
		line = next + 1;
		number++;
	}
	column = utf8_count(line, (size_t)(end - line)) + 1;
	return (struct mark){ number, column < UINT16_MAX ? (uint16_t)column : UINT16_MAX, source };
}

static bool is_utf16(const struct source *text)
{
	return text->length >= 2 && (!memcmp(text->text, "\xff\xfe", 2) || !memcmp(text->text, "\xfe\xff", 2));
}

/* libyaml compares each %TAG directive with all those before it. */
static const char *surplus_tag_directive(const struct source *text)
{
	const char *p = text->text, *end = text->text + text->length;
	int count = 0;

	while ((p = memchr(p, '%', (size_t)(end - p)))) {
		bool first = p == text->text || p[-1] == '\n' || p[-1] == '\r';

		if (first && !strncmp(p, "%TAG", 4) && ++count > TAG_DIRECTIVES_MOST)
			return p;
		p++;
	}
	return NULL;
}

bool document_check_text(const struct source *text, uint16_t source, const pipe_limits *limits, struct diagnostics *d)
{
	struct mark start = { 1, 1, source };
	const char *p;
	size_t valid;

	if (text->length > limits->file_bytes || text->length > INT32_MAX) {
		diag_error(d, start, "file-too-large", "the file has %zu bytes; at most %llu are read", text->length,
			   (unsigned long long)limits->file_bytes);
		return false;
	}
	if (is_utf16(text)) {
		diag_error(d, start, "not-utf8", "the file is UTF-16");
		diag_hint(d, "save it as UTF-8");
		return false;
	}
	p = memchr(text->text, '\0', text->length);
	if (p) {
		diag_error(d, document_mark_of(text, source, (size_t)(p - text->text)), "nul-byte",
			   "a NUL byte: this is not a text file");
		return false;
	}
	valid = utf8_valid(text->text, text->length);
	if (valid < text->length) {
		diag_error(d, document_mark_of(text, source, valid), "not-utf8", "the byte 0x%02x is not UTF-8 here",
			   (unsigned char)text->text[valid]);
		diag_hint(d, "save the file as UTF-8");
		return false;
	}
	p = surplus_tag_directive(text);
	if (p) {
		diag_error(d, document_mark_of(text, source, (size_t)(p - text->text)), "too-many-directives",
			   "more than %d %%TAG directives", TAG_DIRECTIVES_MOST);
		return false;
	}
	return true;
}
