/*
 * The matcher.  It goes through the items of the pattern one by one; only an item that can match in several ways (a repetition, a capture
 * that may have to be undone) calls itself for what follows, and how deep is bounded.  Each item and each character tried is a step.
 */
#include "lua/library/pattern.h"

#include "lua/guest.h"

#include <ctype.h>
#include <string.h>

enum { LENGTH_OPEN = -1, LENGTH_POSITION = -2 }; /* marks in pattern_capture.length */
enum { STEPS_AT_ONCE = 1000 };

static const char *match_here(struct pattern *p, const char *s, const char *item);

static void spend(struct pattern *p, size_t steps)
{
	if (steps < STEPS_AT_ONCE && (p->steps += (uint32_t)steps) < STEPS_AT_ONCE)
		return;
	budget_charge(p->L, p->steps + steps);
	p->steps = 0;
}

void pattern_init(struct pattern *p, lua_State *L, const char *text, size_t text_length, const char *items, size_t items_length)
{
	p->L = L;
	p->text = text;
	p->text_end = text + text_length;
	p->items = items;
	p->items_end = items + items_length;
	p->steps = 0;
	p->depth = 0;
	p->captures = 0;
}

bool pattern_is_plain(const char *items, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (items[i] && strchr("^$*+?.([%-", items[i]))
			return false;
	return true;
}

/* ---- one character ---- */

static int is_nul(int c)
{
	return c == 0;
}

static bool in_class(int c, int letter)
{
	static int (*const classes[])(int) = { ['a' - 'a'] = isalpha,  ['c' - 'a'] = iscntrl, ['d' - 'a'] = isdigit,
					       ['g' - 'a'] = isgraph,  ['l' - 'a'] = islower, ['p' - 'a'] = ispunct,
					       ['s' - 'a'] = isspace,  ['u' - 'a'] = isupper, ['w' - 'a'] = isalnum,
					       ['x' - 'a'] = isxdigit, ['z' - 'a'] = is_nul };
	unsigned at = (unsigned)(letter | 0x20) - 'a';

	if (!((letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z')) || !classes[at])
		return c == letter;
	return (classes[at](c) != 0) == (letter >= 'a');
}

/* Behind the item that begins at `item`: a character, an escape, a set.  items_end can be read: it is the NUL of a Lua string. */
static const char *item_end(struct pattern *p, const char *item)
{
	const char *at = item + 1;

	if (*item == '%') {
		if (at == p->items_end)
			luaL_error(p->L, "malformed pattern (ends with '%%')");
		return at + 1;
	}
	if (*item != '[')
		return at;
	if (*at == '^')
		at++;
	do { /* the first character of a set is never its end */
		if (at == p->items_end)
			luaL_error(p->L, "malformed pattern (missing ']')");
		if (*at++ == '%' && at < p->items_end)
			at++;
	} while (*at != ']');
	spend(p, (size_t)(at - item));
	return at + 1;
}

/* set: its `[`; last: its `]`. */
static bool in_set(struct pattern *p, unsigned char c, const char *set, const char *last)
{
	bool found = true;

	spend(p, (size_t)(last - set));
	if (set[1] == '^') {
		found = false;
		set++;
	}
	while (++set < last) {
		if (*set == '%') {
			set++;
			if (in_class(c, (unsigned char)*set))
				return found;
		} else if (set[1] == '-' && set + 2 < last) {
			set += 2;
			if ((unsigned char)set[-2] <= c && c <= (unsigned char)*set)
				return found;
		} else if ((unsigned char)*set == c) {
			return found;
		}
	}
	return !found;
}

static bool matches_one(struct pattern *p, const char *s, const char *item, const char *end)
{
	unsigned char c;

	if (s >= p->text_end)
		return false;
	c = (unsigned char)*s;
	switch (*item) {
	case '.':
		return true;
	case '%':
		return in_class(c, (unsigned char)item[1]);
	case '[':
		return in_set(p, c, item, end - 1);
	default:
		return (unsigned char)*item == c;
	}
}

/* ---- repetitions ---- */

/* `*` and `+`: as many as there are, then fewer and fewer.  end: behind the item, its suffix. */
static const char *match_most(struct pattern *p, const char *s, const char *item, const char *end)
{
	const char *found;
	size_t count = 0;

	while (matches_one(p, s + count, item, end)) {
		spend(p, 1);
		count++;
	}
	while (!(found = match_here(p, s + count, end + 1)) && count > 0)
		count--;
	return found;
}

/* `-`: as few as will do. */
static const char *match_least(struct pattern *p, const char *s, const char *item, const char *end)
{
	const char *found;

	while (!(found = match_here(p, s, end + 1)) && matches_one(p, s, item, end))
		s++;
	return found;
}

/* ---- captures ---- */

static const char *open_capture(struct pattern *p, const char *s, const char *item, ptrdiff_t length)
{
	const char *found;

	if (p->captures >= PATTERN_CAPTURES)
		luaL_error(p->L, "too many captures");
	p->capture[p->captures++] = (struct pattern_capture){ s, length };
	found = match_here(p, s, item);
	if (!found)
		p->captures--;
	return found;
}

static const char *close_capture(struct pattern *p, const char *s, const char *item)
{
	const char *found;
	int i = p->captures;

	while (i-- > 0 && p->capture[i].length != LENGTH_OPEN)
		;
	if (i < 0)
		luaL_error(p->L, "invalid pattern capture");
	p->capture[i].length = s - p->capture[i].start;
	found = match_here(p, s, item);
	if (!found)
		p->capture[i].length = LENGTH_OPEN;
	return found;
}

/* `%1`: what a capture has matched, once more. */
static const char *match_capture(struct pattern *p, const char *s, int digit)
{
	int i = digit - '1';
	const struct pattern_capture *c = &p->capture[i < 0 ? 0 : i];

	if (i < 0 || i >= p->captures || c->length == LENGTH_OPEN)
		luaL_error(p->L, "invalid capture index %%%d", i + 1);
	if (c->length == LENGTH_POSITION || p->text_end - s < c->length)
		return NULL;
	spend(p, (size_t)c->length);
	return memcmp(c->start, s, (size_t)c->length) == 0 ? s + c->length : NULL;
}

/* ---- items of their own ---- */

/* `%bxy`; item: behind the b. */
static const char *match_balanced(struct pattern *p, const char *s, const char *item)
{
	size_t open = 1;

	if (item >= p->items_end - 1)
		luaL_error(p->L, "malformed pattern (missing arguments to '%%b')");
	if (s >= p->text_end || *s != item[0])
		return NULL;
	while (++s < p->text_end) {
		spend(p, 1);
		if (*s == item[1]) {
			if (--open == 0)
				return s + 1;
		} else if (*s == item[0]) {
			open++;
		}
	}
	return NULL;
}

/* `%f[set]`; *item: behind the f, then behind the set.  Before the text and behind it stand NULs. */
static const char *match_frontier(struct pattern *p, const char *s, const char **item)
{
	const char *set = *item;
	unsigned char before, here;

	if (*set != '[')
		luaL_error(p->L, "missing '[' after '%%f' in pattern");
	*item = item_end(p, set);
	before = s == p->text ? 0 : (unsigned char)s[-1];
	here = s == p->text_end ? 0 : (unsigned char)*s;
	return !in_set(p, before, set, *item - 1) && in_set(p, here, set, *item - 1) ? s : NULL;
}

/* `%b`, `%f`, `%1`: false where item is none of them.  *s is NULL without a match. */
static bool match_special(struct pattern *p, const char **s, const char **item)
{
	char letter = (*item)[1];

	if (**item != '%')
		return false;
	if (letter == 'b') {
		*s = match_balanced(p, *s, *item + 2);
		*item += 4;
	} else if (letter == 'f') {
		*item += 2;
		*s = match_frontier(p, *s, item);
	} else if (letter >= '0' && letter <= '9') {
		*s = match_capture(p, *s, (unsigned char)letter);
		*item += 2;
	} else {
		return false;
	}
	return true;
}

/* An item that is a character, with its suffix.  True: *s and *item are where it goes on; false: *s is the end of it all, or NULL. */
static bool match_repeated(struct pattern *p, const char **s, const char **item)
{
	const char *end = item_end(p, *item), *found;
	bool one = matches_one(p, *s, *item, end);

	switch (*end) {
	case '+':
		*s = one ? match_most(p, *s + 1, *item, end) : NULL;
		return false;
	case '*':
	case '-':
		if (!one)
			break;
		*s = *end == '*' ? match_most(p, *s, *item, end) : match_least(p, *s, *item, end);
		return false;
	case '?':
		if (!one || !(found = match_here(p, *s + 1, end + 1)))
			break;
		*s = found;
		return false;
	default:
		*s = one ? *s + 1 : NULL;
		*item = end;
		return one;
	}
	*item = end + 1; /* none of it */
	return true;
}

/* ---- all of it ---- */

static const char *match_items(struct pattern *p, const char *s, const char *item)
{
	while (item != p->items_end) {
		spend(p, 1);
		if (*item == '(')
			return item[1] == ')' ? open_capture(p, s, item + 2, LENGTH_POSITION)
					      : open_capture(p, s, item + 1, LENGTH_OPEN);
		if (*item == ')')
			return close_capture(p, s, item + 1);
		if (*item == '$' && item + 1 == p->items_end)
			return s == p->text_end ? s : NULL;
		if (match_special(p, &s, &item)) {
			if (!s)
				return NULL;
		} else if (!match_repeated(p, &s, &item)) {
			return s;
		}
	}
	return s;
}

static const char *match_here(struct pattern *p, const char *s, const char *item)
{
	const char *found;

	if (p->depth == PATTERN_DEPTH)
		luaL_error(p->L, "pattern too complex");
	p->depth++;
	found = match_items(p, s, item);
	p->depth--;
	return found;
}

const char *pattern_match(struct pattern *p, const char *at)
{
	p->captures = 0;
	p->depth = 0;
	spend(p, 1);
	return match_here(p, at, p->items);
}

void pattern_push_capture(struct pattern *p, int index, const char *match, const char *match_end)
{
	const struct pattern_capture *c = &p->capture[index < PATTERN_CAPTURES ? index : 0];

	if (index >= p->captures) {
		if (index != 0)
			luaL_error(p->L, "invalid capture index %%%d", index + 1);
		lua_pushlstring(p->L, match, (size_t)(match_end - match));
	} else if (c->length == LENGTH_OPEN) {
		luaL_error(p->L, "unfinished capture");
	} else if (c->length == LENGTH_POSITION) {
		lua_pushinteger(p->L, c->start - p->text + 1);
	} else {
		spend(p, (size_t)c->length);
		lua_pushlstring(p->L, c->start, (size_t)c->length);
	}
}

int pattern_push_captures(struct pattern *p, const char *match, const char *match_end)
{
	int count = p->captures == 0 && match ? 1 : p->captures;

	luaL_checkstack(p->L, count, "too many captures");
	for (int i = 0; i < count; i++)
		pattern_push_capture(p, i, match, match_end);
	return count;
}
