/*
 * Lua's patterns (https://www.lua.org/manual/5.4/manual.html#6.4.1) with a budget: a match is charged for each step, so that a pattern that
 * tries without end is ended like a loop that does.  What matches, and what is said of a wrong pattern, is as in Lua's own library.
 */
#ifndef LUA_LIBRARY_PATTERN_H
#define LUA_LIBRARY_PATTERN_H

#include "lua/lua54.h"
#include <stdbool.h>

enum {
	PATTERN_CAPTURES = 32, /* the most */
	PATTERN_DEPTH = 200    /* items of a pattern that wait for what follows them; also frames of the C stack */
};

struct pattern_capture {
	const char *start;
	ptrdiff_t length; /* or one of the marks in pattern.c */
};

/* A pattern against a text; borrows both, holds nothing. */
struct pattern {
	lua_State *L;
	const char *text, *text_end;
	const char *items, *items_end; /* without the anchor */
	uint32_t steps;		       /* not charged yet */
	int depth;
	int captures;
	struct pattern_capture capture[PATTERN_CAPTURES];
};

void pattern_init(struct pattern *p, lua_State *L, const char *text, size_t text_length, const char *items, size_t items_length);
/* Matches at `at` alone: where the match ends, or NULL.  Raises for a wrong pattern and when the budget is over. */
const char *pattern_match(struct pattern *p, const char *at);
/* Pushes capture `index` (from 0); of a pattern without captures, 0 is the whole match. */
void pattern_push_capture(struct pattern *p, int index, const char *match, const char *match_end);
/* Pushes all; match NULL: nothing for a pattern without captures.  How many. */
int pattern_push_captures(struct pattern *p, const char *match, const char *match_end);
/* No item but plain characters. */
bool pattern_is_plain(const char *items, size_t length);

#endif
