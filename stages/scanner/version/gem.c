/*
 * RubyGems: numbers and words with dots between them, as Gem::Version reads them.  Where a word begins a piece of its own begins; `-` is
 * `.pre.`; zeros before the first word and at the end do not count; a word comes before any number.
 */
#include "stages/scanner/version/schemes.h"

#include <string.h>

enum segment { SEGMENT_NONE, SEGMENT_NUMBER, SEGMENT_WORD };

struct cursor {
	struct span rest;
	bool words;	   /* past the first word: zeros count now */
	const char *solid; /* zeros before this place are followed by a number that is none */
};

/* The next segment as it is written. */
static enum segment raw(struct span *rest, struct span *text)
{
	static const char pre[] = "pre";

	span_skip(rest, '.');
	if (span_skip(rest, '-')) {
		*text = (struct span){ pre, pre + 3 };
		return SEGMENT_WORD;
	}
	*text = span_take(rest, is_digit);
	if (!span_empty(*text))
		return SEGMENT_NUMBER;
	*text = span_take(rest, is_letter);
	return span_empty(*text) ? SEGMENT_NONE : SEGMENT_WORD;
}

/* Stands before zeros: are they followed by a word?  Then rest is moved to it.  A place where they end in a number is kept, for the
 * next zero not to be looked behind again. */
static bool zeros_before_word(struct cursor *c)
{
	struct span rest = c->rest, text;
	enum segment s;

	if (c->solid && c->rest.at < c->solid)
		return false;
	for (;;) {
		struct span before = rest;

		s = raw(&rest, &text);
		if (s == SEGMENT_NUMBER && span_zero(text))
			continue;
		c->solid = text.at;
		if (s == SEGMENT_WORD)
			c->rest = before;
		else if (s == SEGMENT_NONE)
			c->solid = c->rest.end;
		return s == SEGMENT_WORD;
	}
}

static enum segment next(struct cursor *c, struct span *text)
{
	struct span peek = c->rest;
	enum segment s = raw(&peek, text);

	if (s == SEGMENT_NUMBER && !c->words && span_zero(*text) && zeros_before_word(c)) {
		peek = c->rest;
		s = raw(&peek, text);
	}
	c->rest = peek;
	c->words = c->words || s == SEGMENT_WORD;
	return s;
}

static int compare_spans(struct span a, struct span b)
{
	struct cursor x = { .rest = a }, y = { .rest = b };

	for (;;) {
		struct span v, w;
		enum segment s = next(&x, &v), t = next(&y, &w);
		int order;

		if (s == SEGMENT_NONE && t == SEGMENT_NONE)
			return 0;
		/* what one lacks is the number 0 */
		if (s != t && (s == SEGMENT_WORD || t == SEGMENT_WORD))
			return s == SEGMENT_WORD ? -1 : 1;
		order = s == SEGMENT_WORD ? span_bytes(v, w) : span_numbers(v, w);
		if (order)
			return order;
	}
}

static int gem_compare(const char *a, const char *b)
{
	return compare_spans(span_trim(span_of(a)), span_trim(span_of(b)));
}

static const char *fault_of(struct span s)
{
	const char *dash = memchr(s.at, '-', span_length(s));
	struct span numbers = { s.at, dash ? dash : s.end }, first = numbers, item;

	if (span_empty(s))
		return "is empty";
	if (!is_digit(span_peek(s)))
		return "does not start with a digit";
	span_next(&numbers, &item);
	if (!span_all(item, is_digit))
		return "has a letter before the first dot";
	first.at = item.end;
	if (!span_empty(first) && !span_dotted((struct span){ first.at + 1, first.end }, is_alphanumeric))
		return "has something else than letters and digits between its dots";
	if (dash && !span_dotted((struct span){ dash + 1, s.end }, is_identifier))
		return "has something else than letters, digits and - behind its first -";
	return NULL;
}

static const char *gem_fault(const char *version)
{
	return fault_of(span_trim(span_of(version)));
}

static bool gem_valid(const char *version)
{
	return !gem_fault(version);
}

/* ---- ranges ---- */

/* `~> 1.2.3` is at least 1.2.3, and below 1.3 with all its pre-releases: what is before the bound's last number (or its only one) must
 * not be exceeded.  Words, and all behind them, do not count. */
static bool below_bump(struct span version, struct span bound)
{
	struct span v = version, b = bound, x, y, last;
	bool words = false, more = raw(&b, &y) == SEGMENT_NUMBER;

	while (more) {
		struct span none = { y.at, y.at }, ahead;
		int order;

		words = words || raw(&v, &x) != SEGMENT_NUMBER;
		order = span_numbers(words ? none : x, y);
		if (order)
			return order < 0;
		more = raw(&b, &y) == SEGMENT_NUMBER;
		ahead = b;
		more = more && raw(&ahead, &last) == SEGMENT_NUMBER;
	}
	return true;
}

static bool is_bound(char c)
{
	return is_identifier(c) || c == '.';
}

static size_t scan(struct span text)
{
	return span_length(span_take(&text, is_bound));
}

static enum version_range holds(const void *payload, struct span version, enum range_operator op, struct span bound)
{
	int order;

	(void)payload;
	if (fault_of(bound))
		return RANGE_UNKNOWN;
	order = compare_spans(version, bound);
	if (op == RANGE_PESSIMISTIC)
		return range_of(order >= 0 && below_bump(version, bound));
	return range_of(range_order(op, order));
}

static enum version_range gem_in(const char *version, const char *range)
{
	static const struct range_rules rules = { .operators = RANGE_COMPARISONS | RANGE_PESSIMISTIC,
						  .scan = scan,
						  .holds = holds };
	struct span s = span_trim(span_of(version));

	return fault_of(s) ? RANGE_UNKNOWN : range_walk(s, range, &rules);
}

const struct version_scheme version_gem = {
	.name = "gem",
	.help = "RubyGems and CocoaPods: Gem::Version and Gem::Requirement",
	.valid = gem_valid,
	.fault = gem_fault,
	.compare = gem_compare,
	.in = gem_in,
};
