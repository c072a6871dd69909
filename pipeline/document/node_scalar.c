/*
 * What a plain scalar is, by YAML 1.1's rules as GitLab's parser applies them: `yes` and `on` are booleans, 010 is octal, 1_000 is a
 * number, dates and clock times are text.
 */
#include "pipeline/document/document.h"

#include <string.h>
#include <strings.h>

enum { NUMBER_BYTES = 128, FLOAT_DIGITS = 15, FLOAT_ZEROS = 15 };

/* Every scalar of a file is asked for some of these words, and nearly none is one: its length says so first. */
#define IS_WORD(n, word) ((n)->count == sizeof(word) - 1 && !strncasecmp((n)->text, (word), sizeof(word) - 1))

static bool says_null(const struct node *n)
{
	return !n->count || IS_WORD(n, "~") || IS_WORD(n, "null");
}

static bool says_bool(const struct node *n, bool *value)
{
	*value = IS_WORD(n, "true") || IS_WORD(n, "yes") || IS_WORD(n, "on");
	return *value || IS_WORD(n, "false") || IS_WORD(n, "no") || IS_WORD(n, "off");
}

/* The base that a number's prefix says; moves past it. */
static unsigned read_base(const char **at)
{
	const char *p = *at;

	if (p[0] != '0' || !p[1])
		return 10;
	*at = p + 2;
	if (p[1] == 'x' || p[1] == 'X')
		return 16;
	if (p[1] == 'o')
		return 8;
	if (p[1] == 'b')
		return 2;
	*at = p + 1;
	return 8;
}

static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 99;
}

/* Does it look like an integer?  *fits: and into *value as well. */
static bool says_int(const struct node *n, int64_t *value, bool *fits)
{
	const char *p = n->text;
	bool negative = *p == '-', digits = false;
	uint64_t sum = 0, most = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
	unsigned base;

	*fits = true;
	if (*p == '-' || *p == '+')
		p++;
	base = read_base(&p);
	for (; *p; p++) {
		unsigned digit = digit_of(*p);

		if (*p == '_' && (digits || base != 10))
			continue;
		if (digit >= base)
			return false;
		digits = true;
		if (sum > (most - digit) / base)
			*fits = false;
		else
			sum = sum * base + digit;
	}
	*value = negative ? (int64_t)(0 - sum) : (int64_t)sum;
	return digits;
}

static bool says_special_float(const struct node *n)
{
	return IS_WORD(n, ".inf") || IS_WORD(n, "+.inf") || IS_WORD(n, "-.inf") || IS_WORD(n, ".nan");
}

static size_t span_digits(const char *p, bool *digits)
{
	size_t n = 0;

	for (; (*p >= '0' && *p <= '9') || (*p == '_' && *digits); p++, n++)
		*digits |= *p != '_';
	return n;
}

/* Digits with a point, an exponent, or both. */
static bool says_float(const struct node *n)
{
	const char *p = n->text;
	bool digits = false, exponent = false, point;

	if (*p == '-' || *p == '+')
		p++;
	p += span_digits(p, &digits);
	point = *p == '.';
	if (point)
		p++;
	p += span_digits(p, &digits);
	if (!digits)
		return false;
	if (*p != 'e' && *p != 'E')
		return point && !*p;
	p++;
	if (*p == '-' || *p == '+')
		p++;
	while (*p >= '0' && *p <= '9') {
		exponent = true;
		p++;
	}
	return exponent && !*p;
}

enum scalar_type node_type(const struct node *n)
{
	int64_t value;
	bool flag;
	char c;

	if (n->kind != NODE_SCALAR || n->style != STYLE_PLAIN || n->tag != TAG_NONE)
		return SCALAR_TEXT;
	if (says_null(n))
		return SCALAR_NULL;
	if (says_bool(n, &flag))
		return SCALAR_BOOL;
	c = n->text[0];
	if (!((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.') || n->count > NUMBER_BYTES)
		return SCALAR_TEXT;
	if (says_int(n, &value, &flag))
		return SCALAR_INT;
	return says_float(n) || says_special_float(n) ? SCALAR_FLOAT : SCALAR_TEXT;
}

bool node_is_null(const struct node *n)
{
	return !n || (n->kind == NODE_SCALAR && n->style == STYLE_PLAIN && n->tag == TAG_NONE && says_null(n));
}

bool node_is_text(const struct node *n)
{
	return n && n->kind == NODE_SCALAR && !node_is_null(n);
}

bool node_equals(const struct node *n, const char *text)
{
	return n && n->kind == NODE_SCALAR && n->count == strlen(text) && !memcmp(n->text, text, n->count);
}

bool node_bool(const struct node *n, bool *value)
{
	return n && n->kind == NODE_SCALAR && n->style == STYLE_PLAIN && n->tag == TAG_NONE && says_bool(n, value);
}

bool node_int(const struct node *n, int64_t *value)
{
	bool fits;

	return n && node_type(n) == SCALAR_INT && says_int(n, value, &fits) && fits;
}

/* A number in decimal: its digits without underscores and needless zeros, and how many of them stand before the point. */
struct decimal {
	char digits[NUMBER_BYTES];
	int count, before;
	bool negative, point, exponent;
};

static bool read_decimal(struct decimal *d, const char *p)
{
	int exponent = 0;
	bool negative;

	memset(d, 0, sizeof(*d));
	d->negative = *p == '-';
	for (p += *p == '-' || *p == '+'; *p && *p != 'e' && *p != 'E'; p++)
		if (*p == '.') {
			d->point = true;
		} else if (*p != '_' && (d->count || *p != '0' || d->point)) {
			d->before += !d->point;
			d->digits[d->count++] = *p;
		}
	if (*p) {
		d->exponent = true;
		negative = *++p == '-';
		for (p += *p == '-' || *p == '+'; *p; p++)
			if ((exponent = exponent * 10 + (*p - '0')) > NUMBER_BYTES)
				return false;
		d->before += negative ? -exponent : exponent;
	}
	if (!d->count)
		d->before = 0;
	while (d->count && d->count > d->before && d->digits[d->count - 1] == '0')
		d->count--;
	return true;
}

/* "1.50" is 1.5, "1." is 1.0, "1e3" is 1000.  NULL: longer than anybody means as a number (a commit such as 12345e99). */
static const char *write_decimal(const struct decimal *d, struct arena *a)
{
	char text[4 * NUMBER_BYTES], *p = text;
	int i = 0;

	if (d->before < -FLOAT_ZEROS || (d->exponent && d->before > FLOAT_DIGITS))
		return NULL;
	while (i < d->before - 1 && i < d->count && d->digits[i] == '0')
		i++;
	if (d->negative)
		*p++ = '-';
	if (d->before <= 0)
		*p++ = '0';
	for (; i < d->before; i++)
		*p++ = i < d->count ? d->digits[i] : '0';
	if (i < d->count || (d->point && !d->exponent))
		*p++ = '.';
	for (int zeros = d->before; zeros < 0 && d->count; zeros++)
		*p++ = '0';
	if (i >= d->count && d->point && !d->exponent)
		*p++ = '0';
	for (; i < d->count; i++)
		*p++ = d->digits[i];
	return arena_strndup(a, text, (size_t)(p - text));
}

static const char *float_value(const struct node *n, struct arena *a)
{
	struct decimal d;
	const char *text;

	if (says_special_float(n) || !read_decimal(&d, n->text))
		return n->text;
	text = write_decimal(&d, a);
	return text ? text : n->text;
}

static const char *int_value(const struct node *n, struct arena *a)
{
	int64_t value;
	bool fits;

	if (!says_int(n, &value, &fits) || !fits)
		return n->text;
	/* Written the way it would be printed: the usual case needs no new text. */
	if (n->text[0] != '+' && n->text[0] != '0' && !memchr(n->text, '_', n->count))
		return n->text[0] == '-' && n->text[1] == '0' ? arena_printf(a, "%lld", (long long)value) : n->text;
	return arena_printf(a, "%lld", (long long)value);
}

const char *node_value(const struct node *n, struct arena *a)
{
	if (!n || n->kind != NODE_SCALAR)
		return "";
	switch (node_type(n)) {
	case SCALAR_NULL:
		return "";
	case SCALAR_INT:
		return int_value(n, a);
	case SCALAR_FLOAT:
		return float_value(n, a);
	default:
		return n->text;
	}
}

const char *node_describe(const struct node *n)
{
	static const char *const names[] = {
		[SCALAR_NULL] = "nothing",   [SCALAR_BOOL] = "true or false", [SCALAR_INT] = "a number",
		[SCALAR_FLOAT] = "a number", [SCALAR_TEXT] = "text",
	};

	if (!n)
		return "nothing";
	if (n->kind == NODE_LIST)
		return "a list";
	if (n->kind == NODE_MAP)
		return "a map";
	return names[node_type(n)];
}
