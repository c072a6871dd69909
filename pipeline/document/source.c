/* The texts of a load.  A line ends where YAML 1.1 says so, so that lines are counted as libyaml counts them. */
#include "pipeline/document/source.h"

#include <string.h>

enum { SOURCES_MOST = 65000 };

int sources_add(struct sources *s, struct arena *a, struct source source)
{
	struct source *slot;

	if (s->list.count >= SOURCES_MOST)
		return -1;
	slot = vec_push(a, &s->list);
	if (!slot)
		return -1;
	*slot = source;
	if (!slot->name)
		slot->name = "";
	return (int)s->list.count - 1;
}

const char *sources_name(const struct sources *s, struct mark at)
{
	return at.source < s->list.count ? s->list.items[at.source].name : "";
}

/* Bytes of the line break at p, 0 when there is none: LF, CR, CRLF, NEL, LS, PS. */
static size_t break_length(const char *p, const char *end)
{
	unsigned char c = (unsigned char)*p;

	if (c == '\n')
		return 1;
	if (c == '\r')
		return p + 1 < end && p[1] == '\n' ? 2 : 1;
	if (c == 0xc2)
		return p + 1 < end && (unsigned char)p[1] == 0x85 ? 2 : 0;
	if (c == 0xe2 && end - p >= 3 && (unsigned char)p[1] == 0x80)
		return (unsigned char)p[2] == 0xa8 || (unsigned char)p[2] == 0xa9 ? 3 : 0;
	return 0;
}

/* The end of the line that begins at p; *after is where the next one begins. */
static const char *line_end(const char *p, const char *end, const char **after)
{
	for (; p < end; p++) {
		size_t n;

		if ((unsigned char)*p > '\r' && (unsigned char)*p < 0xc2)
			continue;
		n = break_length(p, end);
		if (n) {
			*after = p + n;
			return p;
		}
	}
	*after = NULL;
	return end;
}

/* Moves the cursor on to a line; false: the text ends before. */
static bool move_to(const struct source *source, struct source_cursor *cursor, uint32_t line)
{
	const char *p = source->text + cursor->offset, *end = source->text + source->length;

	while (!cursor->whole || cursor->line < line) {
		const char *after, *stop = line_end(p, end, &after);

		cursor->offset = (size_t)(p - source->text);
		cursor->length = (size_t)(stop - p);
		cursor->whole = cursor->line == line;
		if (cursor->whole)
			break;
		if (!after)
			return false;
		p = after;
		cursor->line++;
	}
	return true;
}

const char *sources_line_from(const struct sources *s, struct source_cursor *cursor, struct mark at, size_t *length)
{
	const struct source *source;

	if (!at.line || at.source >= s->list.count || !s->list.items[at.source].text)
		return NULL;
	source = &s->list.items[at.source];
	if (!cursor->line || cursor->source != at.source || cursor->line > at.line) {
		bool bom = source->length >= 3 && !memcmp(source->text, "\xef\xbb\xbf", 3);
		*cursor = (struct source_cursor){ .offset = bom ? 3 : 0, .line = 1, .source = at.source };
	}
	if (!move_to(source, cursor, at.line))
		return NULL;
	*length = cursor->length;
	return source->text + cursor->offset;
}

const char *sources_line(const struct sources *s, struct mark at, size_t *length)
{
	struct source_cursor cursor = { 0 };

	return sources_line_from(s, &cursor, at, length);
}
