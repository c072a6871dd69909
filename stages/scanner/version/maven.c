/*
 * Maven, as ComparableVersion of Maven 3.8 does it.  A version is a list of numbers and words; behind a dash, and wherever digits and
 * letters meet, a new list begins as the last item of the one before.  What stands for nothing (0, "", ga, final, release) is dropped
 * from the end of each list, also in front of the list that ends it, and so are empty lists.  Here the lists are never made: a cursor
 * walks the text and looks ahead for the next item that stands for something; it never looks at a place twice.
 */
#include "stages/scanner/version/schemes.h"

#include <string.h>
#include <strings.h>

enum kind { KIND_NONE, KIND_NUMBER, KIND_WORD, KIND_LIST };

struct item {
	enum kind kind; /* KIND_LIST: the next list begins */
	struct span text;
	bool before_digit; /* a word that digits follow at once: "a1" is alpha 1 */
};

/* Where the text is read raw: items and beginnings of lists. */
struct reader {
	struct span rest;
	bool filled; /* the list has an item */
	bool opens;  /* a list begins here */
};

enum { RANK_RELEASE = 5, RANK_UNKNOWN = 7 };
static const struct {
	const char *name;
	int rank;
} words[] = {
	{ "alpha", 0 }, { "beta", 1 }, { "milestone", 2 }, { "rc", 3 },	     { "cr", 3 }, { "snapshot", 4 },
	{ "", 5 },	{ "ga", 5 },   { "final", 5 },	   { "release", 5 }, { "sp", 6 },
};
static const char *const short_words[] = { "a", "b", "m" };

static int rank_of(const struct item *i)
{
	for (size_t k = 0; i->before_digit && k < sizeof(short_words) / sizeof(*short_words); k++)
		if (span_is(i->text, short_words[k], true))
			return (int)k;
	for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++)
		if (span_is(i->text, words[k].name, true))
			return words[k].rank;
	return RANK_UNKNOWN;
}

static bool is_nothing(const struct item *i)
{
	return i->kind == KIND_NUMBER ? span_zero(i->text) : i->kind == KIND_WORD && rank_of(i) == RANK_RELEASE;
}

static bool is_word(char c)
{
	return !is_digit(c) && c != '.' && c != '-';
}

static bool open_list(struct reader *r, struct item *item)
{
	*item = (struct item){ .kind = KIND_LIST, .text = { r->rest.at, r->rest.at } };
	r->opens = false;
	r->filled = false;
	return true;
}

/* Behind an item: a separator is taken, or a change between letters and digits opens a list. */
static void end_item(struct reader *r)
{
	bool dash = span_peek(r->rest) == '-';

	r->filled = true;
	if (span_empty(r->rest))
		return;
	if (dash || span_peek(r->rest) == '.') {
		r->opens = dash;
		r->rest.at++;
	} else
		r->opens = true;
}

/* The next raw item; false: the text has ended. */
static bool read_item(struct reader *r, struct item *item)
{
	struct span peek = r->rest;

	if (r->opens)
		return open_list(r, item);
	if (span_empty(r->rest))
		return false;
	*item = (struct item){ .kind = KIND_NUMBER, .text = { peek.at, peek.at } };
	if (is_word(span_peek(peek))) {
		span_take(&peek, is_word);
		item->before_digit = is_digit(span_peek(peek));
		/* a word has a list of its own, but for one that a separator ends */
		if (r->filled && (span_empty(peek) || item->before_digit))
			return open_list(r, item);
		item->kind = KIND_WORD;
		item->text = span_take(&r->rest, is_word);
	} else
		item->text = span_take(&r->rest, is_digit);
	end_item(r);
	return true;
}

/* The items that are left when nothing is dropped any more.  The next one that counts is `solid`; `lists` begin before it. */
struct cursor {
	struct reader reader;
	const char *solid; /* where it ends; NULL: not looked for yet */
	size_t lists;
	bool ended; /* there is none */
};

static void look_ahead(struct cursor *c)
{
	struct reader ahead = c->reader;
	struct item item;

	c->lists = 0;
	while (read_item(&ahead, &item)) {
		if (item.kind == KIND_LIST)
			c->lists++;
		else if (!is_nothing(&item)) {
			c->solid = item.text.end;
			return;
		}
	}
	c->ended = true;
}

static struct item next(struct cursor *c)
{
	struct item item = { .kind = KIND_NONE };

	if (!c->ended && (!c->solid || c->reader.rest.at >= c->solid))
		look_ahead(c);
	if (c->ended)
		return item;
	if (!c->lists) {
		read_item(&c->reader, &item);
		return item;
	}
	/* all that is left of this list is dropped */
	do
		read_item(&c->reader, &item);
	while (item.kind != KIND_LIST);
	c->lists--;
	return item;
}

static int compare_ranks(const struct item *a, const struct item *b)
{
	int x = rank_of(a), y = rank_of(b);
	size_t shorter = span_length(a->text) < span_length(b->text) ? span_length(a->text) : span_length(b->text);
	int order;

	if (x != y || x != RANK_UNKNOWN)
		return x - y;
	order = strncasecmp(a->text.at, b->text.at, shorter);
	return order ? order : (span_length(a->text) > span_length(b->text)) - (span_length(a->text) < span_length(b->text));
}

/* Of an item that the other version lacks. */
static int compare_nothing(const struct item *i)
{
	return i->kind == KIND_NUMBER ? !span_zero(i->text) : i->kind == KIND_WORD ? rank_of(i) - RANK_RELEASE : 0;
}

/* Between kinds: a word is older than a list, a list older than a number. */
static int compare_items(const struct item *a, const struct item *b)
{
	static const int order[] = { [KIND_NONE] = 0, [KIND_WORD] = 1, [KIND_LIST] = 2, [KIND_NUMBER] = 3 };

	if (a->kind == KIND_NONE)
		return -compare_nothing(b);
	if (b->kind == KIND_NONE)
		return compare_nothing(a);
	if (a->kind != b->kind)
		return order[a->kind] - order[b->kind];
	if (a->kind == KIND_LIST)
		return 0;
	return a->kind == KIND_NUMBER ? span_numbers(a->text, b->text) : compare_ranks(a, b);
}

static int compare_spans(struct span a, struct span b)
{
	struct cursor x = { .reader = { .rest = a } }, y = { .reader = { .rest = b } };

	for (;;) {
		struct item v = next(&x), w = next(&y);
		int order = compare_items(&v, &w);

		if (order || (v.kind == KIND_NONE && w.kind == KIND_NONE))
			return order;
	}
}

static int maven_compare(const char *a, const char *b)
{
	return compare_spans(span_of(a), span_of(b));
}

/* Maven reads anything; what is no text of one word is somebody's mistake. */
static const char *maven_fault(const char *version)
{
	struct span s = span_of(version);

	if (span_empty(s))
		return "is empty";
	for (; s.at < s.end; s.at++)
		if ((unsigned char)*s.at <= ' ' || *s.at == 0x7f)
			return "has a space or a control character";
	return NULL;
}

static bool maven_valid(const char *version)
{
	return !maven_fault(version);
}

/* ---- ranges: comparisons, or sets as [1.0,2.0),[3.0] ---- */

static bool is_bound(char c)
{
	return is_alphanumeric(c) || (c && strchr("-~_.", c));
}

static size_t scan(struct span text)
{
	return span_length(span_take(&text, is_bound));
}

static enum version_range holds(const void *payload, struct span version, enum range_operator op, struct span bound)
{
	(void)payload;
	return range_of(range_order(op, compare_spans(version, bound)));
}

static void skip_space(struct span *s)
{
	span_take(s, is_space);
}

static struct span take_bound(struct span *s)
{
	struct span bound;

	skip_space(s);
	bound = span_take(s, is_bound);
	skip_space(s);
	return bound;
}

/* One set off the front. */
static enum version_range in_set(struct span version, struct span *s)
{
	bool low_in = span_peek(*s) == '[', two, high_in, in = true;
	struct span low, high;

	if (!low_in && span_peek(*s) != '(')
		return RANGE_UNKNOWN;
	s->at++;
	low = take_bound(s);
	two = span_skip(s, ',');
	high = two ? take_bound(s) : low;
	high_in = span_skip(s, ']');
	if ((!high_in && !span_skip(s, ')')) || (!two && span_empty(low)))
		return RANGE_UNKNOWN;
	if (!two)
		return range_of(!compare_spans(version, low));
	if (!span_empty(low))
		in = compare_spans(version, low) > (low_in ? -1 : 0);
	if (in && !span_empty(high))
		in = compare_spans(version, high) < (high_in ? 1 : 0);
	return range_of(in);
}

static bool sets(const void *payload, struct span version, struct span part, enum version_range *result)
{
	(void)payload;
	if (span_peek(part) != '[' && span_peek(part) != '(')
		return false;
	*result = RANGE_OUT;
	while (!span_empty(part) && *result != RANGE_UNKNOWN) {
		*result = range_or(*result, in_set(version, &part));
		skip_space(&part);
		if (span_skip(&part, ','))
			skip_space(&part);
	}
	return true;
}

static enum version_range maven_in(const char *version, const char *range)
{
	static const struct range_rules rules = { .operators = RANGE_COMPARISONS, .scan = scan, .holds = holds, .other = sets };

	return maven_valid(version) ? range_walk(span_of(version), range, &rules) : RANGE_UNKNOWN;
}

const struct version_scheme version_maven = {
	.name = "maven",
	.help = "Maven, Gradle, sbt: ComparableVersion of Maven 3.8, ranges as Maven's sets or comparisons",
	.valid = maven_valid,
	.fault = maven_fault,
	.compare = maven_compare,
	.in = maven_in,
};
