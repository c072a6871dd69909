/*
 * The lenient kin of semantic versions by which Cargo's, Composer's, Go's, NuGet's, Hex's, Pub's, Conan's and Swift's advisories are
 * matched: any count of numbers, of which zeros at the end do not count; `1.2alpha` and `1.2-alpha` are the same pre-release; a build
 * does not count.  Ranges also know ~, ~> and ^, which raise a number of the bound and drop those behind it.
 */
#include "stages/scanner/version/schemes.h"

struct generic {
	struct span numbers, word;
	size_t count; /* of numbers */
};

static bool is_number_or_dot(char c)
{
	return is_digit(c) || c == '.';
}

static bool is_word(char c)
{
	return is_identifier(c) || c == '~';
}

static bool is_word_or_dot(char c)
{
	return is_word(c) || c == '.';
}

static bool is_word_start(char c)
{
	return is_letter(c) || c == '~' || c == '-';
}

/* A dash in front of the pre-release may be missing, unless it begins with a digit; one that nothing follows is a pre-release itself. */
static void read_word(struct span *s, struct span *word)
{
	struct span rest = *s;

	*word = (struct span){ s->at, s->at };
	if (span_skip(&rest, '-') && !is_digit(span_peek(rest)) && !is_word_start(span_peek(rest)))
		rest = *s;
	if (span_empty(rest) || (rest.at == s->at && !is_word_start(*rest.at)))
		return;
	*word = span_take(&rest, is_word_or_dot);
	*s = rest;
}

static bool count_numbers(struct generic *g)
{
	struct span rest = g->numbers, item;
	uint64_t n;

	for (; span_next(&rest, &item); g->count++)
		if (!span_number(item, &n))
			return false;
	return true;
}

/* Takes a version off the front. */
static const char *read(struct span *s, struct generic *g)
{
	*g = (struct generic){ .numbers = { s->at, s->at } };
	if (span_empty(*s))
		return "is empty";
	span_skip(s, 'v');
	g->numbers = span_take(s, is_number_or_dot);
	if (!span_dotted(g->numbers, is_digit))
		return "does not begin with numbers with dots between them, as 1.2 or v1.2.3";
	if (!count_numbers(g))
		return "has a number that is too large";
	read_word(s, &g->word);
	if (!span_empty(g->word) && !span_dotted(g->word, is_word))
		return "has an empty identifier in its pre-release";
	if (span_skip(s, '+') && !span_dotted(span_take(s, is_word_or_dot), is_word))
		return "has an empty identifier in its build metadata";
	return NULL;
}

static const char *generic_fault(const char *version)
{
	struct span s = span_of(version);
	struct generic g;
	const char *fault = read(&s, &g);

	if (fault || span_empty(s))
		return fault;
	return "has something behind its numbers that is neither a pre-release nor +BUILD";
}

static bool generic_valid(const char *version)
{
	return !generic_fault(version);
}

static int compare_words(struct span a, struct span b)
{
	if (span_empty(a) || span_empty(b))
		return span_empty(a) - span_empty(b);
	return span_identifiers(a, b);
}

static int compare(const struct generic *a, const struct generic *b)
{
	int order = span_dotted_numbers(a->numbers, b->numbers);

	return order ? order : compare_words(a->word, b->word);
}

static int generic_compare(const char *a, const char *b)
{
	struct span s = span_of(a), t = span_of(b);
	struct generic x, y;

	read(&s, &x);
	read(&t, &y);
	return compare(&x, &y);
}

/* ---- ranges ---- */

/* Which number of the bound is one higher in the version that ends the range. */
static size_t raised(enum range_operator op, const struct generic *b)
{
	struct span rest = b->numbers, item;
	size_t i = 0;

	if (op == RANGE_TILDE && b->count == 2)
		return 1;
	if (op != RANGE_CARET)
		return b->count > 1 ? b->count - 2 : 0;
	for (; span_next(&rest, &item) && span_zero(item); i++)
		;
	return i < b->count ? i : b->count - 1;
}

/* Is v below the bound, with its number `at` one higher and all behind it dropped? */
static bool below_bump(const struct generic *v, const struct generic *b, enum range_operator op)
{
	struct span left = v->numbers, right = b->numbers, item;
	size_t last = raised(op, b);
	/* a bound that drops no number keeps its pre-release */
	bool keeps = op != RANGE_CARET && last + 1 == b->count;

	for (size_t i = 0; left.at || i <= last; i++) {
		uint64_t x = 0, y = 0;

		if (span_next(&left, &item))
			span_number(item, &x);
		if (i <= last && span_next(&right, &item))
			span_number(item, &y);
		if (i == last && __builtin_add_overflow(y, 1, &y))
			return true;
		if (x != y)
			return x < y;
	}
	return compare_words(v->word, keeps ? b->word : (struct span){ b->word.end, b->word.end }) < 0;
}

static size_t scan(struct span text)
{
	struct span rest = text;
	struct generic g;

	return read(&rest, &g) ? 0 : (size_t)(rest.at - text.at);
}

static enum version_range holds(const void *payload, struct span version, enum range_operator op, struct span bound)
{
	struct generic b;
	int order;

	(void)version;
	if (read(&bound, &b))
		return RANGE_UNKNOWN;
	order = compare(payload, &b);
	if (op & RANGE_COMPARISONS)
		return range_of(range_order(op, order));
	return range_of(order >= 0 && below_bump(payload, &b, op));
}

static enum version_range generic_in(const char *version, const char *range)
{
	struct span s = span_of(version);
	struct generic v;
	struct range_rules rules = {
		.operators = RANGE_COMPARISONS | RANGE_TILDE | RANGE_PESSIMISTIC | RANGE_CARET,
		.scan = scan,
		.holds = holds,
		.payload = &v,
	};

	if (read(&s, &v) || !span_empty(s))
		return RANGE_UNKNOWN;
	return range_walk(span_of(version), range, &rules);
}

const struct version_scheme version_generic = {
	.name = "generic",
	.help = "Cargo, Composer, Go, NuGet, Hex, Pub, Conan, Swift: numbers, a pre-release, ranges with ~, ~> and ^",
	.valid = generic_valid,
	.fault = generic_fault,
	.compare = generic_compare,
	.in = generic_in,
};
