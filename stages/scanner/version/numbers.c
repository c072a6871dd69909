/* MAJOR.MINOR.PATCH-WORD+BUILD: taking it apart, and its order. */
#include "stages/scanner/version/numbers.h"

static const char *read_part(struct span *s, struct span *part)
{
	*part = span_take(s, is_digit);
	if (span_empty(*part))
		return "is not three numbers with dots between them, as 1.2.3";
	if (span_length(*part) > 1 && *part->at == '0')
		return "has a number that begins with 0";
	return NULL;
}

static bool is_word_or_dot(char c)
{
	return is_identifier(c) || c == '.';
}

static const char *read_word(struct span word)
{
	struct span item;

	if (!span_dotted(word, is_identifier))
		return "has an empty identifier in its pre-release";
	while (span_next(&word, &item))
		if (span_length(item) > 1 && *item.at == '0' && span_all(item, is_digit))
			return "has a number that begins with 0 in its pre-release";
	return NULL;
}

const char *numbers_read(struct span s, struct numbers *n)
{
	const char *fault = NULL;
	struct span none = { s.end, s.end };

	*n = (struct numbers){ { none, none, none }, none };
	for (size_t i = 0; i < 3 && !fault; i++) {
		if (i && !span_skip(&s, '.'))
			return "is not three numbers with dots between them, as 1.2.3";
		fault = read_part(&s, &n->part[i]);
	}
	if (!fault && span_skip(&s, '-')) {
		n->word = span_take(&s, is_word_or_dot);
		fault = read_word(n->word);
	}
	if (fault)
		return fault;
	if (span_skip(&s, '+') && !span_dotted(span_take(&s, is_word_or_dot), is_identifier))
		return "has an empty identifier in its build metadata";
	return span_empty(s) ? NULL : "has something behind its numbers that is neither -PRE-RELEASE nor +BUILD";
}

int numbers_compare(const struct numbers *a, const struct numbers *b, enum word_is word)
{
	bool x = !span_empty(a->word), y = !span_empty(b->word);

	for (size_t i = 0; i < 3; i++) {
		int order = span_numbers(a->part[i], b->part[i]);

		if (order)
			return order;
	}
	if (x != y)
		return x == (word == WORD_BEHIND) ? 1 : -1;
	return x ? span_identifiers(a->word, b->word) : 0;
}
