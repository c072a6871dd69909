/* Pieces, lines and paths: see text.h. */
#include "stages/scanner/syntax/text.h"

#include <string.h>

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct piece piece_of(const char *text)
{
	return (struct piece){ text, strlen(text) };
}

bool piece_is(struct piece s, const char *text)
{
	return s.length == strlen(text) && !memcmp(s.text, text, s.length);
}

bool piece_starts(struct piece s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.length >= n && !memcmp(s.text, prefix, n);
}

bool piece_ends(struct piece s, const char *suffix)
{
	size_t n = strlen(suffix);

	return s.length >= n && !memcmp(s.text + s.length - n, suffix, n);
}

struct piece piece_trim(struct piece s)
{
	while (s.length && is_space(*s.text)) {
		s.text++;
		s.length--;
	}
	while (s.length && is_space(s.text[s.length - 1]))
		s.length--;
	return s;
}

static bool one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

struct piece piece_strip(struct piece s, const char *set)
{
	while (s.length && one_of(*s.text, set)) {
		s.text++;
		s.length--;
	}
	while (s.length && one_of(s.text[s.length - 1], set))
		s.length--;
	return s;
}

struct piece piece_skip(struct piece s, size_t n)
{
	n = n < s.length ? n : s.length;
	return (struct piece){ n ? s.text + n : s.text, s.length - n };
}

struct piece piece_cut(struct piece s, const char *separator, struct piece *head, bool *found)
{
	size_t n = strlen(separator);
	const char *at = s.length ? memmem(s.text, s.length, separator, n) : NULL;

	if (found)
		*found = at != NULL;
	*head = s;
	if (!at)
		return (struct piece){ s.text + s.length, 0 };
	head->length = (size_t)(at - s.text);
	return piece_skip(s, head->length + n);
}

ptrdiff_t piece_find(struct piece s, char c)
{
	const char *at = s.length ? memchr(s.text, c, s.length) : NULL;

	return at ? at - s.text : -1;
}

ptrdiff_t piece_find_last(struct piece s, char c)
{
	const char *at = s.length ? memrchr(s.text, c, s.length) : NULL;

	return at ? at - s.text : -1;
}

struct piece piece_word(struct piece *s)
{
	struct piece word;

	while (s->length && is_space(*s->text))
		*s = piece_skip(*s, 1);
	word = (struct piece){ s->text, 0 };
	while (word.length < s->length && !is_space(s->text[word.length]))
		word.length++;
	*s = piece_skip(*s, word.length);
	return word;
}

void text_begin(struct text_lines *l, const char *bytes, size_t length)
{
	*l = (struct text_lines){ .next = bytes, .end = bytes + length };
}

bool text_next(struct text_lines *l)
{
	const char *stop;

	if (l->next == l->end)
		return false;
	stop = memchr(l->next, '\n', (size_t)(l->end - l->next));
	l->line = (struct piece){ l->next, (size_t)((stop ? stop : l->end) - l->next) };
	l->next = stop ? stop + 1 : l->end;
	if (l->line.length && l->line.text[l->line.length - 1] == '\r')
		l->line.length--;
	l->number++;
	return true;
}

bool path_is(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');

	return !strcmp(slash ? slash + 1 : path, name);
}

bool path_ends(const char *path, const char *suffix)
{
	return piece_ends(piece_of(path), suffix);
}

bool path_within(const char *path, const char *folder)
{
	struct piece rest = piece_of(path), part;
	bool more = true;

	while (more) {
		rest = piece_cut(rest, "/", &part, &more);
		if (more && piece_is(part, folder))
			return true;
	}
	return false;
}
