/*
 * Alpine: DIGITS{.DIGITS}[LETTER]{_SUFFIX[DIGITS]}[-rDIGITS], as apk-tools 2 reads it.  Both texts are read piece by piece until a value
 * or the kind of the next piece differs.  Of kinds the earlier in the list below is the newer version, but for suffixes that stand for a
 * pre-release.  A suffix that apk does not know, and a second letter, are valid here: they end the comparison, as they do in apk (such a
 * suffix counts as `_rc` does).
 */
#include "stages/scanner/version/schemes.h"

#include <string.h>

enum piece {
	PIECE_INVALID,
	PIECE_DIGITS_OR_ZERO,
	PIECE_DIGITS,
	PIECE_LETTER,
	PIECE_SUFFIX,
	PIECE_SUFFIX_DIGITS,
	PIECE_REVISION,
	PIECE_END
};

struct reader {
	struct span rest;
	enum piece next;
	bool unknown; /* met a suffix that nobody knows, or a second letter */
};

/* A value: a number, or something small that comes before all numbers where it is negative. */
struct value {
	struct span digits;
	int64_t rank;
	bool ranked;
};

/* Those before CVS come before the version itself. */
static const struct {
	const char *name;
	int rank;
} suffixes[] = {
	{ "alpha", -4 }, { "beta", -3 }, { "pre", -2 }, { "rc", -1 }, { "cvs", 0 },
	{ "svn", 1 },	 { "git", 2 },	 { "hg", 3 },	{ "p", 4 },
};

static bool is_zero(char c)
{
	return c == '0';
}

static enum piece kind(struct reader *r, enum piece last)
{
	char c = span_peek(r->rest);

	if ((last == PIECE_DIGITS || last == PIECE_DIGITS_OR_ZERO) && is_lower(c))
		return PIECE_LETTER;
	if (last == PIECE_LETTER && is_digit(c))
		return PIECE_DIGITS;
	r->unknown = r->unknown || (last == PIECE_LETTER && is_lower(c));
	if (last == PIECE_SUFFIX && is_digit(c))
		return PIECE_SUFFIX_DIGITS;
	if (span_skip(&r->rest, '.'))
		return PIECE_DIGITS_OR_ZERO;
	if (span_skip(&r->rest, '_'))
		return PIECE_SUFFIX;
	return span_skip(&r->rest, '-') && span_skip(&r->rest, 'r') ? PIECE_REVISION : PIECE_INVALID;
}

/* The kind of what follows a piece of that kind; kinds only go on in their order, but for these. */
static enum piece following(struct reader *r, enum piece last)
{
	enum piece next = span_empty(r->rest) ? PIECE_END : kind(r, last);

	if (next >= last || (next == PIECE_DIGITS_OR_ZERO && last == PIECE_DIGITS) ||
	    (next == PIECE_SUFFIX && last == PIECE_SUFFIX_DIGITS) || (next == PIECE_DIGITS && last == PIECE_LETTER))
		return next;
	return PIECE_INVALID;
}

static struct value read_suffix(struct reader *r)
{
	struct span name = span_take(&r->rest, is_lower);

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++)
		if (span_is(name, suffixes[i].name, false)) {
			r->next = following(r, PIECE_SUFFIX);
			return (struct value){ .rank = suffixes[i].rank, .ranked = true };
		}
	r->unknown = !span_empty(name);
	r->next = PIECE_INVALID;
	return (struct value){ .rank = -1, .ranked = true };
}

/* Digits behind a dot that begin with zeros: the more zeros the less, then what is behind them. */
static struct value read_zeros(struct reader *r)
{
	struct span zeros = span_take(&r->rest, is_zero);

	r->next = span_empty(r->rest) ? PIECE_END : PIECE_DIGITS;
	return (struct value){ .rank = -(int64_t)span_length(zeros), .ranked = true };
}

static struct value read_letter(struct reader *r)
{
	struct value v = { .rank = span_peek(r->rest), .ranked = true };

	r->rest.at++;
	r->next = following(r, PIECE_LETTER);
	return v;
}

static struct value read_piece(struct reader *r)
{
	enum piece now = r->next;
	struct value v = { .ranked = false };

	if (span_empty(r->rest)) {
		r->next = PIECE_END;
		return (struct value){ .digits = r->rest };
	}
	if (now == PIECE_SUFFIX)
		return read_suffix(r);
	if (now == PIECE_LETTER)
		return read_letter(r);
	if (now == PIECE_DIGITS_OR_ZERO && span_peek(r->rest) == '0')
		return read_zeros(r);
	v.digits = span_take(&r->rest, is_digit);
	r->next = following(r, now);
	return v;
}

static bool is_rest(char c)
{
	return is_alphanumeric(c) || c == '.' || c == '_' || c == '-';
}

static const char *apk_fault(const char *version)
{
	struct reader r = { span_of(version), PIECE_DIGITS, false };

	if (!*version)
		return "is empty";
	if (!is_digit(*version))
		return "does not start with a digit";
	while (r.next != PIECE_END && r.next != PIECE_INVALID) {
		/* digits are missing behind a dot or -r */
		if ((r.next == PIECE_DIGITS_OR_ZERO || r.next == PIECE_REVISION) && !is_digit(span_peek(r.rest)))
			r.next = PIECE_INVALID;
		else
			read_piece(&r);
	}
	if (r.next == PIECE_END || (r.unknown && span_all(r.rest, is_rest)))
		return NULL;
	return "is not numbers with dots between them, then a letter, suffixes as _rc1 and a revision as -r2, as far as it has them";
}

static bool apk_valid(const char *version)
{
	return !apk_fault(version);
}

static int compare_values(struct value a, struct value b)
{
	if (a.ranked && b.ranked)
		return (a.rank > b.rank) - (a.rank < b.rank);
	if (a.ranked || b.ranked)
		return a.ranked ? -1 : 1;
	return span_numbers(a.digits, b.digits);
}

static bool is_before_release(struct reader r)
{
	return r.next == PIECE_SUFFIX && read_suffix(&r).rank < 0;
}

static int apk_compare(const char *a, const char *b)
{
	struct reader x = { span_of(a), PIECE_DIGITS, false }, y = { span_of(b), PIECE_DIGITS, false };

	while (x.next == y.next && x.next != PIECE_END && x.next != PIECE_INVALID) {
		struct value v = read_piece(&x), w = read_piece(&y);
		int order = compare_values(v, w);

		if (order)
			return order;
	}
	if (x.next == y.next)
		return 0;
	if (is_before_release(x))
		return -1;
	if (is_before_release(y))
		return 1;
	return x.next > y.next ? -1 : 1;
}

const struct version_scheme version_apk = {
	.name = "apk",
	.help = "Alpine, Wolfi, Chainguard: as apk-tools 2 compares",
	.valid = apk_valid,
	.fault = apk_fault,
	.compare = apk_compare,
};
