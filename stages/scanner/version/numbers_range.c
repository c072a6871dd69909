/*
 * npm's ranges.  A bound may lack numbers or have x, X or * in their place: it then stands for all versions that begin with the rest, so
 * `1.x` and `<=1` hold all of 1, and `>1.x` begins with 2.  `^` and `~` end before a version that is made of the bound's numbers, one of
 * them one higher; its pre-releases are still in, for they come before it.
 */
#include "stages/scanner/version/numbers.h"

#include <string.h>

/* n are numbers where any is false; from the first `any` on nothing is compared. */
struct bound {
	uint64_t n[3];
	bool any[3];
	struct span word;
};

static bool is_part(char c)
{
	return is_digit(c) || c == 'x' || c == 'X' || c == '*';
}

static bool is_word_or_dot(char c)
{
	return is_identifier(c) || c == '.';
}

static bool read_part(struct span *s, uint64_t *n, bool *any)
{
	struct span part = span_take(s, is_part);

	*any = span_length(part) == 1 && !is_digit(*part.at);
	return *any || (!span_empty(part) && span_all(part, is_digit) && span_number(part, n));
}

/* Takes a bound off the front; false: there is none. */
static bool read_bound(struct span *s, struct bound *b)
{
	*b = (struct bound){ .any = { true, true, true }, .word = { s->end, s->end } };
	span_skip(s, 'v');
	if (!read_part(s, &b->n[0], &b->any[0]))
		return false;
	for (size_t i = 1; i < 3 && span_skip(s, '.'); i++)
		if (!read_part(s, &b->n[i], &b->any[i]))
			return false;
	if (span_skip(s, '-')) {
		b->word = span_take(s, is_word_or_dot);
		if (!span_dotted(b->word, is_identifier))
			return false;
	}
	return !span_skip(s, '+') || span_dotted(span_take(s, is_word_or_dot), is_identifier);
}

static size_t scan(struct span text)
{
	struct span rest = text;
	struct bound b;

	return read_bound(&rest, &b) ? (size_t)(rest.at - text.at) : 0;
}

struct installed {
	uint64_t n[3];
	struct span word;
};

static int compare(const struct installed *v, const struct bound *b, enum word_is word)
{
	bool x = !span_empty(v->word), y = !span_empty(b->word);

	for (size_t i = 0; i < 3; i++) {
		if (b->any[i])
			return 0;
		if (v->n[i] != b->n[i])
			return v->n[i] < b->n[i] ? -1 : 1;
	}
	if (x != y)
		return x == (word == WORD_BEHIND) ? 1 : -1;
	return x ? span_identifiers(v->word, b->word) : 0;
}

/* The first version behind those that ^ or ~ hold; false: there is none. */
static bool bump(const struct bound *b, enum range_operator op, struct bound *end)
{
	size_t raised = b->any[1] ? 0 : 1;

	if (b->any[0])
		return false;
	if (op == RANGE_CARET)
		raised = b->n[0] || b->any[1] ? 0 : b->n[1] || b->any[2] ? 1 : 2;
	*end = (struct bound){ .word = { b->word.end, b->word.end } };
	for (size_t i = 0; i <= raised; i++)
		end->n[i] = b->n[i];
	return !__builtin_add_overflow(end->n[raised], 1, &end->n[raised]);
}

struct rule {
	const struct installed *version;
	enum word_is word;
};

static enum version_range test(const struct rule *r, enum range_operator op, const struct bound *b)
{
	int order = compare(r->version, b, r->word);
	struct bound end;

	/* Bitnami's: below the least of those that the bound stands for */
	if (r->word == WORD_BEHIND && op == RANGE_LESS) {
		end = *b;
		memset(end.any, 0, sizeof(end.any));
		return range_of(compare(r->version, &end, r->word) < 0);
	}
	/* a pre-release of no version in particular is none */
	if (r->word == WORD_BEFORE && !span_empty(b->word) && (b->any[0] || b->any[1] || b->any[2]))
		return RANGE_OUT;
	if (op == RANGE_CARET || op == RANGE_TILDE)
		return range_of(order >= 0 && (!bump(b, op, &end) || compare(r->version, &end, r->word) < 0));
	return range_of(range_order(op, order));
}

static enum version_range holds(const void *payload, struct span version, enum range_operator op, struct span text)
{
	struct bound b;

	(void)version;
	return read_bound(&text, &b) ? test(payload, op, &b) : RANGE_UNKNOWN;
}

/* "1.2.3 - 2.3" */
static bool hyphen(const void *payload, struct span version, struct span part, enum version_range *result)
{
	const char *dash = memmem(part.at, span_length(part), " - ", 3);
	struct span from, to;
	struct bound low, high;

	(void)version;
	if (!dash)
		return false;
	from = span_trim((struct span){ part.at, dash });
	to = span_trim((struct span){ dash + 3, part.end });
	*result = RANGE_UNKNOWN;
	if (read_bound(&from, &low) && span_empty(from) && read_bound(&to, &high) && span_empty(to))
		*result = range_and(test(payload, RANGE_GREATER_EQUAL, &low), test(payload, RANGE_LESS_EQUAL, &high));
	return true;
}

enum version_range numbers_in(struct span version, const char *range, enum word_is word)
{
	struct numbers n;
	struct installed v = { .n = { 0 } };
	struct rule rule = { &v, word };
	struct range_rules rules = {
		.operators = (RANGE_COMPARISONS & ~(unsigned)RANGE_NOT_EQUAL) | RANGE_TILDE | RANGE_CARET,
		.empty_is_any = true,
		.scan = scan,
		.holds = holds,
		.other = hyphen,
		.payload = &rule,
	};

	if (numbers_read(version, &n))
		return RANGE_UNKNOWN;
	for (size_t i = 0; i < 3; i++)
		if (!span_number(n.part[i], &v.n[i]))
			return RANGE_UNKNOWN;
	v.word = n.word;
	return range_walk(version, range, &rules);
}
