/*
 * Ranges: alternatives with `||` between them, each a row of comparisons that must all hold.  The walk is the same everywhere; what a
 * version in a range looks like, which operators there are and what they mean is the scheme's.  A range is read to its end before
 * anything is said: one part that cannot be understood makes all of it unknown, for that part may be the one that matters.
 */
#include "stages/scanner/version/schemes.h"

#include <string.h>

static const struct {
	const char text[4];
	enum range_operator op;
} operators[] = {
	/* what is the beginning of another comes after it */
	{ "===", RANGE_ARBITRARY }, { "==", RANGE_EQUAL },     { "=>", RANGE_GREATER_EQUAL }, { "=<", RANGE_LESS_EQUAL },
	{ "=", RANGE_EQUAL },	    { "!=", RANGE_NOT_EQUAL }, { ">=", RANGE_GREATER_EQUAL }, { ">", RANGE_GREATER },
	{ "<=", RANGE_LESS_EQUAL }, { "<", RANGE_LESS },       { "~>", RANGE_PESSIMISTIC },   { "~=", RANGE_COMPATIBLE },
	{ "~", RANGE_TILDE },	    { "^", RANGE_CARET },
};

bool range_order(enum range_operator op, int order)
{
	unsigned wanted = order < 0   ? RANGE_LESS | RANGE_LESS_EQUAL | RANGE_NOT_EQUAL
			  : order > 0 ? RANGE_GREATER | RANGE_GREATER_EQUAL | RANGE_NOT_EQUAL
				      : RANGE_EQUAL | RANGE_LESS_EQUAL | RANGE_GREATER_EQUAL;

	return op & wanted;
}

enum version_range range_and(enum version_range a, enum version_range b)
{
	return a == RANGE_UNKNOWN || b == RANGE_UNKNOWN ? RANGE_UNKNOWN : range_of(a == RANGE_IN && b == RANGE_IN);
}

enum version_range range_or(enum version_range a, enum version_range b)
{
	return a == RANGE_UNKNOWN || b == RANGE_UNKNOWN ? RANGE_UNKNOWN : range_of(a == RANGE_IN || b == RANGE_IN);
}

static enum range_operator take_operator(struct span *text, unsigned allowed)
{
	for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
		size_t length = strlen(operators[i].text);

		if ((operators[i].op & allowed) && span_length(*text) >= length && !memcmp(text->at, operators[i].text, length)) {
			text->at += length;
			return operators[i].op;
		}
	}
	return RANGE_EQUAL;
}

static enum version_range comparison(struct span version, struct span *text, const struct range_rules *rules)
{
	enum range_operator op = take_operator(text, rules->operators);
	struct span bound;
	size_t length;

	span_take(text, is_space);
	length = rules->scan(*text);
	if (!length)
		return RANGE_UNKNOWN;
	bound = (struct span){ text->at, text->at + length };
	text->at += length;
	span_take(text, is_space);
	if (span_skip(text, ','))
		span_take(text, is_space);
	return rules->holds(rules->payload, version, op, bound);
}

/* What is between two `||`. */
static enum version_range all_of(struct span version, struct span part, const struct range_rules *rules)
{
	enum version_range result = RANGE_IN;

	part = span_trim(part);
	if (span_empty(part))
		return rules->empty_is_any ? RANGE_IN : RANGE_UNKNOWN;
	if (rules->star_is_any && span_is(part, "*", false))
		return RANGE_IN;
	if (rules->other && rules->other(rules->payload, version, part, &result))
		return result;
	while (!span_empty(part) && result != RANGE_UNKNOWN)
		result = range_and(result, comparison(version, &part, rules));
	return result;
}

enum version_range range_walk(struct span version, const char *range, const struct range_rules *rules)
{
	enum version_range result = RANGE_OUT;

	if (span_length(version) > VERSION_MAX)
		return RANGE_UNKNOWN;
	while (range && result != RANGE_UNKNOWN) {
		const char *bar = strstr(range, "||");
		struct span part = { range, bar ? bar : range + strlen(range) };

		result = range_or(result, all_of(version, part, rules));
		range = bar ? bar + 2 : NULL;
	}
	return result;
}

/* ---- the grammar that all share ---- */

static bool is_bound(char c)
{
	return is_printable(c) && !strchr("<>=!,|", c);
}

static size_t scan_bound(struct span text)
{
	return span_length(span_take(&text, is_bound));
}

/* Schemes compare whole texts; bounds are pieces of one. */
struct shared {
	const struct version_scheme *scheme;
	const char *version;
};

static enum version_range shared_holds(const void *payload, struct span version, enum range_operator op, struct span bound)
{
	const struct shared *s = payload;
	char text[VERSION_MAX + 1];

	(void)version;
	if (span_length(bound) > VERSION_MAX)
		return RANGE_UNKNOWN;
	memcpy(text, bound.at, span_length(bound));
	text[span_length(bound)] = '\0';
	return s->scheme->valid(text) ? range_of(range_order(op, s->scheme->compare(s->version, text))) : RANGE_UNKNOWN;
}

enum version_range version_in(const struct version_scheme *scheme, const char *version, const char *range)
{
	struct shared shared = { scheme, version };
	struct range_rules rules = {
		.operators = RANGE_COMPARISONS, .star_is_any = true, .scan = scan_bound, .holds = shared_holds, .payload = &shared
	};

	if (scheme->in)
		return scheme->in(version, range);
	return scheme->valid(version) ? range_walk(span_of(version), range, &rules) : RANGE_UNKNOWN;
}
