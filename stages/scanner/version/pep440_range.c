/*
 * PEP 440's specifiers, as advisories use them: pre-releases take part as any other version (so 2.0rc1 is in `<2.0`), `=` and nothing
 * mean `==`, `*` alone is any version.  The specification's other exclusions hold: `>1.0` leaves out 1.0.post1 and 1.0+local.
 */
#include "stages/scanner/version/pep440.h"

#include <string.h>
#include <strings.h>

struct bound {
	struct pep440 v;
	struct span text;
	bool wildcard;
	size_t numbers; /* of the release */
};

static bool is_bound(char c)
{
	return is_alphanumeric(c) || (c && strchr(".!+_-*", c));
}

/* `!` belongs to an epoch, unless it is the beginning of `!=`. */
static size_t scan(struct span text)
{
	struct span bound = span_take(&text, is_bound);

	if (span_peek(text) == '=' && !span_empty(bound) && bound.end[-1] == '!')
		bound.end--;
	return span_length(bound);
}

static bool read_bound(struct span text, struct bound *b)
{
	struct span rest, item;

	*b = (struct bound){ .text = text };
	if (span_length(text) > 2 && text.end[-1] == '*' && text.end[-2] == '.') {
		b->wildcard = true;
		text.end -= 2;
	}
	if (pep440_read(text, &b->v))
		return false;
	for (rest = b->v.release; span_next(&rest, &item);)
		b->numbers++;
	return true;
}

static bool is_allowed(enum range_operator op, const struct bound *b)
{
	if (op == RANGE_EQUAL || op == RANGE_NOT_EQUAL)
		return !b->wildcard || (!b->v.dev && !b->v.local);
	return !b->wildcard && !b->v.local && (op != RANGE_COMPATIBLE || b->numbers > 1);
}

/* Are the first `count` numbers of both releases equal? */
static bool same_numbers(struct span a, struct span b, size_t count)
{
	struct span none = { a.end, a.end }, x, y;

	for (size_t i = 0; i < count; i++) {
		if (!span_next(&a, &x))
			x = none;
		if (!span_next(&b, &y))
			y = none;
		if (span_numbers(x, y))
			return false;
	}
	return true;
}

static bool same_release(const struct pep440 *a, const struct pep440 *b)
{
	return !span_numbers(a->epoch, b->epoch) && !span_dotted_numbers(a->release, b->release);
}

/* Does the version begin as the bound does? */
static bool begins(const struct pep440 *v, const struct bound *b)
{
	if (!b->v.pre && !b->v.post)
		return !span_numbers(v->epoch, b->v.epoch) && same_numbers(v->release, b->v.release, b->numbers);
	if (!same_release(v, &b->v) || v->pre != b->v.pre || span_numbers(v->pre_number, b->v.pre_number))
		return false;
	return !b->v.post || (v->post && !span_numbers(v->post_number, b->v.post_number));
}

static bool is_compatible(const struct pep440 *v, const struct bound *b)
{
	return pep440_order(v, &b->v, false) >= 0 && !span_numbers(v->epoch, b->v.epoch) &&
	       same_numbers(v->release, b->v.release, b->numbers - 1);
}

static bool is_greater(const struct pep440 *v, const struct bound *b)
{
	if (pep440_order(v, &b->v, true) <= 0)
		return false;
	return !(((v->post && !b->v.post) || v->local) && same_release(v, &b->v));
}

static bool satisfies(const struct pep440 *v, enum range_operator op, const struct bound *b)
{
	if (op == RANGE_COMPATIBLE)
		return is_compatible(v, b);
	if (op == RANGE_GREATER)
		return is_greater(v, b);
	if (b->wildcard)
		return begins(v, b) == (op == RANGE_EQUAL);
	return range_order(op, pep440_order(v, &b->v, op == RANGE_LESS || b->v.local));
}

static enum version_range holds(const void *payload, struct span version, enum range_operator op, struct span text)
{
	struct bound b;

	if (op == RANGE_ARBITRARY)
		return range_of(span_length(version) == span_length(text) &&
				!strncasecmp(version.at, text.at, span_length(text)));
	if (!read_bound(text, &b) || !is_allowed(op, &b))
		return RANGE_UNKNOWN;
	return range_of(satisfies(payload, op, &b));
}

enum version_range pep440_in(const char *version, const char *range)
{
	struct pep440 v;
	struct span s = span_trim(span_of(version));
	struct range_rules rules = {
		.operators = RANGE_COMPARISONS | RANGE_COMPATIBLE | RANGE_ARBITRARY,
		.star_is_any = true,
		.scan = scan,
		.holds = holds,
		.payload = &v,
	};

	return pep440_read(s, &v) ? RANGE_UNKNOWN : range_walk(s, range, &rules);
}
