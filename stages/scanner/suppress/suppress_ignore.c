/*
 * .trivyignore: an id a line, of whatever it is, with `exp:YYYY-MM-DD` behind it where it holds for a time only; `#` begins a comment, and
 * one above an entry, or behind it, is the reason that is shown.  Other words behind the id mean nothing, as with Trivy.
 */
#include "stages/scanner/suppress/suppress_entry.h"

#include "base/error.h"

#include <string.h>

struct lines {
	struct suppressions *s;
	struct suppress_file *file;
	struct text_lines text;
	struct piece above; /* the comment above; empty: none */
	int64_t now_ms;
};

static char *text_of(struct lines *l, struct piece s)
{
	return arena_strndup(l->s->a, s.text, s.length);
}

static int set_end(struct lines *l, struct suppress_entry *e, struct piece word, pipe_error *err)
{
	const char *day = text_of(l, piece_skip(word, 4));
	int64_t ms;

	if (!day)
		return error_nomem(err);
	if (strlen(day) != 10 || !suppress_time(day, &ms))
		return suppress_fail(l->file, e->line, err, "\"%.100s\" is no day: exp:2027-01-31 is one", day);
	e->until = day;
	e->expired = ms < l->now_ms;
	return PIPE_OK;
}

static bool is_twice(const struct lines *l, const struct suppress_entry *e)
{
	const struct suppress_chain *chain = map_get(&l->s->by_id, e->id, strlen(e->id));

	return chain && chain->first->entry != e && chain->first->entry->file == e->file && !chain->first->entry->expired;
}

static int read_entry(struct lines *l, pipe_error *err)
{
	struct piece rest = l->text.line, id = piece_word(&rest);
	char *name = text_of(l, id);
	struct suppress_entry *e = name ? suppress_entry_new(l->s, l->file, name, l->text.number) : NULL;
	ptrdiff_t hash = piece_find(rest, '#');
	struct piece comment = hash < 0 ? l->above : piece_skip(rest, (size_t)hash + 1);
	int rc = PIPE_OK;

	if (!e)
		return error_nomem(err);
	if (hash >= 0)
		rest.length = (size_t)hash;
	for (struct piece word = piece_word(&rest); word.length && !rc; word = piece_word(&rest)) {
		if (piece_starts(word, "exp:"))
			rc = set_end(l, e, word, err);
		else if (piece_starts(word, "exp") && piece_find(word, ':') > 0)
			rc = suppress_fail(l->file, e->line, err,
					   "\"%.*s\" is not understood: an entry expires with exp:YYYY-MM-DD",
					   (int)(word.length < 100 ? word.length : 100), word.text);
	}
	e->twice = is_twice(l, e);
	e->comment = text_of(l, piece_trim(comment));
	return rc ? rc : e->comment ? PIPE_OK : error_nomem(err);
}

static int read_lines(struct lines *l, pipe_error *err)
{
	int rc = PIPE_OK;

	while (!rc && text_next(&l->text)) {
		l->text.line = piece_trim(l->text.line);
		if (piece_starts(l->text.line, "#")) {
			l->above = piece_skip(l->text.line, 1);
			continue;
		}
		if (l->text.line.length)
			rc = read_entry(l, err);
		l->above.length = 0;
	}
	return rc;
}

static bool is_yaml(const char *path)
{
	return path_ends(path, ".yaml") || path_ends(path, ".yml");
}

int suppressions_read_ignore(struct suppressions *s, const char *path, const char *bytes, size_t length, int64_t now_ms,
			     pipe_error *err)
{
	struct lines l = { .s = s, .file = suppress_file_new(s, path, false), .above = { "", 0 }, .now_ms = now_ms };

	if (!l.file)
		return error_nomem(err);
	if (is_yaml(path))
		return suppress_read_yaml(s, l.file, bytes, length, now_ms, err);
	if (length >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) {
		bytes += 3;
		length -= 3;
	}
	text_begin(&l.text, bytes, length);
	return read_lines(&l, err);
}
