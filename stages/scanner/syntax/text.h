/*
 * Pieces of a text that is held whole, and walking over its lines.  A piece borrows; nothing in it ends in NUL.
 */
#ifndef STAGES_SCANNER_SYNTAX_TEXT_H
#define STAGES_SCANNER_SYNTAX_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct piece {
	const char *text;
	size_t length;
};

struct piece piece_of(const char *text);
bool piece_is(struct piece s, const char *text);
bool piece_starts(struct piece s, const char *prefix);
bool piece_ends(struct piece s, const char *suffix);
/* Without white space around it. */
struct piece piece_trim(struct piece s);
/* Without the characters of set around it. */
struct piece piece_strip(struct piece s, const char *set);
/* Without n bytes at the start; all of them where there are fewer. */
struct piece piece_skip(struct piece s, size_t n);
/* Splits at the first separator: *head gets what is before it, the result is what is behind it; *found (may be NULL): was there one? */
struct piece piece_cut(struct piece s, const char *separator, struct piece *head, bool *found);
/* The place of the first, the last c; -1: none. */
ptrdiff_t piece_find(struct piece s, char c);
ptrdiff_t piece_find_last(struct piece s, char c);
/* The next word, between white space; an empty one: there is none left.  *s is what is behind it. */
struct piece piece_word(struct piece *s);

/* Lines, without their ends (\n or \r\n). */
struct text_lines {
	const char *next, *end;
	struct piece line;
	uint32_t number; /* of the line, from 1 */
};
void text_begin(struct text_lines *l, const char *bytes, size_t length);
bool text_next(struct text_lines *l);

/* ---- paths in the target, with `/` ---- */

/* Is the last part of the path that name? */
bool path_is(const char *path, const char *name);
bool path_ends(const char *path, const char *suffix);
/* Is one of the folders above the file called so? */
bool path_within(const char *path, const char *folder);

#endif
