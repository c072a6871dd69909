/*
 * Python's versions, by PEP 440.  Spelling is free (`1.0-ALPHA.1` is 1.0a1); the order is dev, pre-release, release, post within a
 * release, and a local version is newer than the public one.
 */
#include "stages/scanner/version/pep440.h"

#include <strings.h>

struct word {
	const char *text;
	char means;
};

/* What is the beginning of another comes after it. */
static const struct word pre_words[] = {
	{ "alpha", 'a' }, { "a", 'a' },	 { "beta", 'b' }, { "b", 'b' }, { "preview", 'r' },
	{ "pre", 'r' },	  { "rc", 'r' }, { "c", 'r' },	  { NULL, 0 },
};
static const struct word post_words[] = { { "post", 'p' }, { "rev", 'p' }, { "r", 'p' }, { NULL, 0 } };
static const struct word dev_words[] = { { "dev", 'd' }, { NULL, 0 } };

static bool is_separator(char c)
{
	return c == '.' || c == '-' || c == '_';
}

static bool is_number_or_dot(char c)
{
	return is_digit(c) || c == '.';
}

/* Takes [SEPARATOR]WORD[SEPARATOR][NUMBER] off the front; what the word means, or 0: it is not there. */
static char take_word(struct span *s, const struct word *words, struct span *number)
{
	struct span rest = *s;

	if (is_separator(span_peek(rest)))
		rest.at++;
	for (; words->text; words++)
		if (span_length(rest) >= span_length(span_of(words->text)) &&
		    !strncasecmp(rest.at, words->text, span_length(span_of(words->text)))) {
			rest.at += span_length(span_of(words->text));
			if (is_separator(span_peek(rest)))
				rest.at++;
			*number = span_take(&rest, is_digit);
			*s = rest;
			return words->means;
		}
	return 0;
}

static bool take_post(struct span *s, struct span *number)
{
	struct span rest = *s;

	if (span_skip(&rest, '-') && is_digit(span_peek(rest))) {
		*number = span_take(&rest, is_digit);
		*s = rest;
		return true;
	}
	return take_word(s, post_words, number);
}

/* Digits and the dots between them; a dot that no digit follows is not theirs. */
static struct span take_release(struct span *s)
{
	struct span release = span_take(s, is_number_or_dot);

	if (!span_empty(release) && release.end[-1] == '.') {
		release.end--;
		s->at--;
	}
	return release;
}

static bool local_is_good(struct span s)
{
	while (!span_empty(s)) {
		if (span_empty(span_take(&s, is_alphanumeric)))
			return false;
		if (span_empty(s))
			return true;
		if (!is_separator(span_peek(s)))
			return false;
		s.at++;
	}
	return false;
}

const char *pep440_read(struct span s, struct pep440 *v)
{
	struct span none = { s.end, s.end };

	*v = (struct pep440){ none, none, 0, false, false, false, none, none, none, none };
	if (span_empty(s))
		return "is empty";
	if (!span_skip(&s, 'v'))
		span_skip(&s, 'V');
	v->release = take_release(&s);
	if (span_peek(s) == '!' && span_all(v->release, is_digit)) {
		s.at++;
		v->epoch = v->release;
		v->release = take_release(&s);
		if (span_empty(v->epoch))
			return "has no number before the !, where the epoch stands";
	}
	if (!span_dotted(v->release, is_digit))
		return "does not begin with numbers with dots between them, as 1.2.3";
	v->pre = take_word(&s, pre_words, &v->pre_number);
	v->post = take_post(&s, &v->post_number);
	v->dev = take_word(&s, dev_words, &v->dev_number);
	v->local = span_skip(&s, '+');
	if (v->local) {
		v->local_text = s;
		return local_is_good(s) ? NULL
					: "has something else than letters and digits, with . - _ between them, behind the +";
	}
	return span_empty(s) ? NULL
			     : "has something behind its numbers that is no pre-release, post-release, dev-release or +LOCAL";
}

/* ---- order ---- */

/* Of the pre-release: that of a mere dev-release comes before all, that of a release behind all. */
static int pre_rank(const struct pep440 *v)
{
	return v->pre ? v->pre : v->dev && !v->post ? 0 : 'z';
}

static int compare_pre(const struct pep440 *a, const struct pep440 *b)
{
	int order = pre_rank(a) - pre_rank(b);

	return order || !a->pre ? order : span_numbers(a->pre_number, b->pre_number);
}

static int compare_item(struct span a, struct span b)
{
	bool x = span_all(a, is_digit), y = span_all(b, is_digit);
	size_t shorter = span_length(a) < span_length(b) ? span_length(a) : span_length(b);
	int order;

	if (x != y)
		return x ? 1 : -1;
	if (x)
		return span_numbers(a, b);
	order = strncasecmp(a.at, b.at, shorter);
	return order ? order : (span_length(a) > span_length(b)) - (span_length(a) < span_length(b));
}

static int compare_local(struct span a, struct span b)
{
	while (!span_empty(a) && !span_empty(b)) {
		struct span x = span_take(&a, is_alphanumeric), y = span_take(&b, is_alphanumeric);
		int order = compare_item(x, y);

		if (order)
			return order;
		a.at += a.at < a.end;
		b.at += b.at < b.end;
	}
	return span_empty(b) - span_empty(a);
}

int pep440_order(const struct pep440 *a, const struct pep440 *b, bool local)
{
	int order = span_numbers(a->epoch, b->epoch);

	if (!order)
		order = span_dotted_numbers(a->release, b->release);
	if (!order)
		order = compare_pre(a, b);
	if (!order)
		order = a->post != b->post ? a->post - b->post : span_numbers(a->post_number, b->post_number);
	if (!order)
		order = a->dev != b->dev ? b->dev - a->dev : span_numbers(a->dev_number, b->dev_number);
	if (order || !local)
		return order;
	return a->local != b->local ? a->local - b->local : compare_local(a->local_text, b->local_text);
}

static const char *pep440_fault(const char *version)
{
	struct pep440 v;

	return pep440_read(span_trim(span_of(version)), &v);
}

static bool pep440_valid(const char *version)
{
	return !pep440_fault(version);
}

static int pep440_compare(const char *a, const char *b)
{
	struct pep440 x, y;

	pep440_read(span_trim(span_of(a)), &x);
	pep440_read(span_trim(span_of(b)), &y);
	return pep440_order(&x, &y, true);
}

const struct version_scheme version_pep440 = {
	.name = "pep440",
	.help = "PyPI: PEP 440, with its specifiers",
	.valid = pep440_valid,
	.fault = pep440_fault,
	.compare = pep440_compare,
	.in = pep440_in,
};
