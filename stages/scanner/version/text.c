/* Pieces of versions: taking them apart, and comparing numbers of any length without making numbers of them. */
#include "stages/scanner/version/schemes.h"

#include <string.h>
#include <strings.h>

struct span span_of(const char *text)
{
	return (struct span){ text, text + strlen(text) };
}

struct span span_take(struct span *s, bool (*is)(char c))
{
	struct span taken = { s->at, s->at };

	while (taken.end < s->end && is(*taken.end))
		taken.end++;
	s->at = taken.end;
	return taken;
}

bool span_skip(struct span *s, char c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

struct span span_trim(struct span s)
{
	while (s.at < s.end && is_space(*s.at))
		s.at++;
	while (s.at < s.end && is_space(s.end[-1]))
		s.end--;
	return s;
}

bool span_all(struct span s, bool (*is)(char c))
{
	span_take(&s, is);
	return span_empty(s);
}

bool span_is(struct span s, const char *word, bool any_case)
{
	size_t length = strlen(word);

	if (span_length(s) != length)
		return false;
	return !(any_case ? strncasecmp(s.at, word, length) : strncmp(s.at, word, length));
}

static struct span without_zeros(struct span s)
{
	while (s.at < s.end && *s.at == '0')
		s.at++;
	return s;
}

int span_numbers(struct span a, struct span b)
{
	a = without_zeros(a);
	b = without_zeros(b);
	if (span_length(a) != span_length(b))
		return span_length(a) < span_length(b) ? -1 : 1;
	return memcmp(a.at, b.at, span_length(a));
}

bool span_number(struct span digits, uint64_t *value)
{
	*value = 0;
	for (const char *c = digits.at; c < digits.end; c++)
		if (__builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, (uint64_t)(*c - '0'), value))
			return false;
	return true;
}

bool span_zero(struct span digits)
{
	digits = without_zeros(digits);
	return span_empty(digits);
}

int span_bytes(struct span a, struct span b)
{
	size_t x = span_length(a), y = span_length(b);
	int order = memcmp(a.at, b.at, x < y ? x : y);

	return order ? order : (x > y) - (x < y);
}

bool span_next(struct span *rest, struct span *item)
{
	const char *dot;

	if (!rest->at)
		return false;
	dot = memchr(rest->at, '.', span_length(*rest));
	item->at = rest->at;
	item->end = dot ? dot : rest->end;
	*rest = dot ? (struct span){ dot + 1, rest->end } : (struct span){ NULL, NULL };
	return true;
}

int span_dotted_numbers(struct span a, struct span b)
{
	const char *none = "";

	while (a.at || b.at) {
		struct span x = { none, none }, y = x;
		int order;

		span_next(&a, &x);
		span_next(&b, &y);
		order = span_numbers(x, y);
		if (order)
			return order;
	}
	return 0;
}

static int identifier(struct span a, struct span b)
{
	bool x = span_all(a, is_digit), y = span_all(b, is_digit);

	if (x && y)
		return span_numbers(a, b);
	return x ? -1 : y ? 1 : span_bytes(a, b);
}

int span_identifiers(struct span a, struct span b)
{
	struct span x, y;

	for (;;) {
		bool left = span_next(&a, &x), right = span_next(&b, &y);
		int order;

		if (!left || !right)
			return left - right;
		order = identifier(x, y);
		if (order)
			return order;
	}
}

bool span_dotted(struct span s, bool (*is)(char c))
{
	struct span item;

	while (span_next(&s, &item))
		if (span_empty(item) || !span_all(item, is))
			return false;
	return true;
}
