/*
 * A pattern becomes a list of operations, an automaton whose states are positions in that list.  All states that are possible
 * after each character of the path are followed at once, so that neither stars nor braces can make matching slow: the time is at
 * most the pattern's length times the path's.
 */
#include "base/glob.h"

#include "base/utf8.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { GLOB_ON_STACK = 96, INVALID_BYTE = 0x110000 };

enum op_kind {
	OP_CHAR,     /* exactly `code` */
	OP_ANY,	     /* one character that is not a slash */
	OP_SET,	     /* one character of the set that stands at `at` in the pattern */
	OP_STAR,     /* any number of characters that are not slashes */
	OP_SEGMENTS, /* any number of whole segments; at the start of a segment only, otherwise the OP_STAR behind it counts */
	OP_OPEN,     /* alternatives: the next operation, or behind each comma of the chain `next` */
	OP_COMMA,    /* the end of an alternative: goes on at `close`; `next` is the next comma, 0: none */
	OP_CLOSE,
	OP_END
};
struct op {
	uint8_t kind;
	uint32_t code;	/* OP_CHAR: the character; OP_SET: where its bracket stands */
	uint32_t next;	/* OP_OPEN, OP_COMMA: the next comma; OP_SEGMENTS: the operation behind its slash, 0: the pattern ends */
	uint32_t close; /* OP_COMMA: its OP_CLOSE; while compiling OP_OPEN: the brace around it + 1 */
};

struct glob {
	const char *pattern;
	size_t length;
	struct op *ops;
	uint32_t count;
	uint32_t open;	   /* innermost open brace + 1; 0: none */
	uint32_t branches; /* braces and commas so far */
	size_t no_set_before;
	/* the automaton's states: a set to read, a set to fill, and who is in the latter */
	uint32_t *now, *after, *seen;
	uint32_t now_count, after_count, step;
	bool at_segment_start;
};

/* One character; a byte that is not UTF-8 is a character of its own. */
static size_t next_char(const char *text, size_t length, uint32_t *code)
{
	size_t n = utf8_decode(text, length, code);

	if (n == 1 && *code == 0xfffd)
		*code = INVALID_BYTE + (unsigned char)*text;
	return n;
}

/* ---- compiling ---- */

static struct op *add_op(struct glob *g, enum op_kind kind, uint32_t code)
{
	struct op *op = &g->ops[g->count++];

	*op = (struct op){ .kind = (uint8_t)kind, .code = code };
	return op;
}

/* The length of the set that begins at s (a "["), 0 when it has no end before the next slash; *stop is where looking ended. */
static size_t set_length(const char *s, size_t length, size_t *stop)
{
	size_t i = 1;

	if (i < length && (s[i] == '!' || s[i] == '^'))
		i++;
	if (i < length && s[i] == ']')
		i++;
	while (i < length && s[i] != ']' && s[i] != '/')
		i += s[i] == '\\' ? 2 : 1;
	*stop = i;
	return i < length && s[i] == ']' ? i + 1 : 0;
}

static size_t add_set(struct glob *g, size_t at)
{
	size_t n, stop;

	/* Where one bracket found no end the others before that place find none either. */
	if (at < g->no_set_before)
		return 0;
	n = set_length(g->pattern + at, g->length - at, &stop);
	if (n)
		add_op(g, OP_SET, (uint32_t)at);
	else
		g->no_set_before = at + stop;
	return n;
}

static void open_brace(struct glob *g)
{
	struct op *op = add_op(g, OP_OPEN, '{');

	op->close = g->open;
	g->open = g->count;
	g->branches++;
}

static void add_comma(struct glob *g)
{
	struct op *open = &g->ops[g->open - 1];
	struct op *op = add_op(g, OP_COMMA, ',');

	/* The chain is built backwards: its order does not matter. */
	op->next = open->next;
	open->next = g->count - 1;
	g->branches++;
}

static void close_brace(struct glob *g)
{
	struct op *open = &g->ops[g->open - 1];

	for (uint32_t comma = open->next; comma; comma = g->ops[comma].next)
		g->ops[comma].close = g->count;
	g->open = open->close;
	add_op(g, OP_CLOSE, '}');
}

/* A brace that nobody closed is text, and so are its commas. */
static void forget_open_braces(struct glob *g)
{
	while (g->open) {
		struct op *open = &g->ops[g->open - 1];
		uint32_t comma = open->next;

		while (comma) {
			uint32_t next = g->ops[comma].next;
			g->ops[comma].kind = OP_CHAR;
			comma = next;
		}
		g->open = open->close;
		open->kind = OP_CHAR;
	}
}

static void add_stars(struct glob *g, size_t stars)
{
	if (stars > 1)
		add_op(g, OP_SEGMENTS, 0);
	add_op(g, OP_STAR, 0);
}

/* What `**` is depends on what follows it: a slash or the end make it span segments. */
static void settle_segments(struct glob *g)
{
	for (uint32_t i = 0; i < g->count; i++) {
		uint32_t next = i + 2;

		if (g->ops[i].kind != OP_SEGMENTS)
			continue;
		while (g->ops[next].kind == OP_CLOSE || g->ops[next].kind == OP_COMMA)
			next = g->ops[next].kind == OP_COMMA ? g->ops[next].close : next + 1;
		if (g->ops[next].kind == OP_CHAR && g->ops[next].code == '/')
			g->ops[i].next = next + 1;
		else if (g->ops[next].kind != OP_END)
			g->ops[i].kind = OP_STAR;
	}
}

/* Adds the operation at s; returns how many bytes it took. */
static size_t compile_one(struct glob *g, const char *s, size_t length)
{
	uint32_t code;
	size_t n;

	switch (*s) {
	case '*':
		n = 1;
		while (n < length && s[n] == '*')
			n++;
		add_stars(g, n);
		return n;
	case '?':
		add_op(g, OP_ANY, 0);
		return 1;
	case '[':
		n = add_set(g, (size_t)(s - g->pattern));
		if (!n)
			break;
		return n;
	case '{':
		open_brace(g);
		return 1;
	case ',':
		if (!g->open)
			break;
		add_comma(g);
		return 1;
	case '}':
		if (!g->open)
			break;
		close_brace(g);
		return 1;
	case '\\':
		if (length < 2)
			break;
		n = next_char(s + 1, length - 1, &code);
		add_op(g, OP_CHAR, code);
		return n + 1;
	default:
		break;
	}
	n = next_char(s, length, &code);
	add_op(g, OP_CHAR, code);
	return n;
}

static bool compile(struct glob *g)
{
	size_t i = 0;

	while (i < g->length) {
		i += compile_one(g, g->pattern + i, g->length - i);
		if (g->branches > GLOB_MAX_BRACES)
			return false;
	}
	forget_open_braces(g);
	add_op(g, OP_END, 0);
	settle_segments(g);
	return true;
}

/* ---- matching ---- */

/* One member of a set, with its escape. */
static size_t set_char(const char *s, size_t length, uint32_t *code)
{
	if (*s == '\\' && length > 1)
		return 1 + next_char(s + 1, length - 1, code);
	return next_char(s, length, code);
}

static bool set_has(const char *s, size_t length, uint32_t wanted)
{
	size_t stop, end = set_length(s, length, &stop) - 1, i = 1;
	bool negated = s[i] == '!' || s[i] == '^', found = false;

	i += negated;
	while (i < end) {
		uint32_t first, last;

		i += set_char(s + i, end - i, &first);
		last = first;
		if (i + 1 < end && s[i] == '-')
			i += 1 + set_char(s + i + 1, end - i - 1, &last);
		found |= first <= wanted && wanted <= last;
	}
	return found != negated && wanted != '/';
}

static void hold(struct glob *g, uint32_t op)
{
	if (g->seen[op] == g->step)
		return;
	g->seen[op] = g->step;
	g->after[g->after_count++] = op;
}

/* Inside a segment `**` is but a star. */
static void enter_one(struct glob *g, uint32_t op)
{
	hold(g, g->ops[op].kind == OP_SEGMENTS && !g->at_segment_start ? op + 1 : op);
}

/* Adds a state and all that can be reached from it without a character.  The set being filled is its own list of what to do. */
static void enter(struct glob *g, uint32_t op)
{
	uint32_t i = g->after_count;

	for (enter_one(g, op); i < g->after_count; i++) {
		const struct op *o;

		op = g->after[i];
		o = &g->ops[op];
		switch (o->kind) {
		case OP_STAR:
		case OP_CLOSE:
			enter_one(g, op + 1);
			break;
		case OP_SEGMENTS:
			enter_one(g, o->next ? o->next : g->count - 1);
			break;
		case OP_OPEN:
			enter_one(g, op + 1);
			for (uint32_t comma = o->next; comma; comma = g->ops[comma].next)
				enter_one(g, comma + 1);
			break;
		case OP_COMMA:
			enter_one(g, o->close);
			break;
		default:
			break;
		}
	}
}

static void follow(struct glob *g, uint32_t op, uint32_t code)
{
	const struct op *o = &g->ops[op];

	switch (o->kind) {
	case OP_CHAR:
		if (o->code == code)
			enter(g, op + 1);
		break;
	case OP_ANY:
		if (code != '/')
			enter(g, op + 1);
		break;
	case OP_SET:
		if (set_has(g->pattern + o->code, g->length - o->code, code))
			enter(g, op + 1);
		break;
	case OP_STAR:
		if (code != '/')
			enter(g, op);
		break;
	default:
		break;
	}
}

/* `**` that was entered at the start of a segment goes on through slashes; it gives way behind each of them. */
static void follow_segments(struct glob *g, uint32_t op, uint32_t code)
{
	const struct op *o = &g->ops[op];

	hold(g, op);
	if (!o->next)
		hold(g, g->count - 1);
	else if (code == '/')
		enter(g, o->next);
}

static void turn(struct glob *g)
{
	uint32_t *filled = g->after;

	g->after = g->now;
	g->now = filled;
	g->now_count = g->after_count;
	g->after_count = 0;
	g->step++;
}

static void start(struct glob *g)
{
	g->step = 1;
	g->at_segment_start = true;
	enter(g, 0);
	turn(g);
}

static void advance(struct glob *g, const char *path, size_t length)
{
	size_t i = 0;

	while (i < length && g->now_count) {
		uint32_t code;

		i += next_char(path + i, length - i, &code);
		g->at_segment_start = code == '/';
		for (uint32_t k = 0; k < g->now_count; k++)
			if (g->ops[g->now[k]].kind == OP_SEGMENTS)
				follow_segments(g, g->now[k], code);
			else
				follow(g, g->now[k], code);
		turn(g);
	}
}

static bool at_end(const struct glob *g)
{
	for (uint32_t k = 0; k < g->now_count; k++)
		if (g->now[k] == g->count - 1)
			return true;
	return false;
}

/* Something more can follow. */
static bool alive(const struct glob *g)
{
	for (uint32_t k = 0; k < g->now_count; k++)
		if (g->ops[g->now[k]].kind <= OP_SEGMENTS)
			return true;
	return false;
}

/* ---- the whole ---- */

static bool run(const char *pattern, const char *path, size_t length, bool below)
{
	struct op few_ops[GLOB_ON_STACK];
	uint32_t few_states[3 * GLOB_ON_STACK] = { 0 };
	struct glob g = { .pattern = pattern, .length = strlen(pattern), .ops = few_ops };
	uint32_t *states = few_states;
	size_t most = g.length + 1;
	bool result = false;

	if (most > UINT32_MAX / 4)
		return false;
	if (most > GLOB_ON_STACK) {
		g.ops = calloc(most, sizeof(*g.ops));
		states = calloc(most, 3 * sizeof(*states));
		if (!g.ops || !states)
			goto done;
	}
	g.now = states;
	g.after = states + most;
	g.seen = states + 2 * most;
	if (!compile(&g))
		goto done;
	start(&g);
	advance(&g, path, length);
	if (below && length)
		advance(&g, "/", 1);
	result = below ? alive(&g) : at_end(&g);
done:
	if (most > GLOB_ON_STACK) {
		free(g.ops);
		free(states);
	}
	return result;
}

bool glob_match(const char *pattern, const char *path)
{
	if (!pattern[strcspn(pattern, "*?[{\\")])
		return !strcmp(pattern, path);
	return run(pattern, path, strlen(path), false);
}

bool glob_is_pattern(const char *text)
{
	return text[strcspn(text, "*?[{\\")] != '\0';
}

bool glob_may_match_below(const char *pattern, const char *directory)
{
	return run(pattern, directory, strlen(directory), true);
}
