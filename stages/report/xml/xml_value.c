/* Values of attributes: numbers and times as tools write them, whatever the locale was. */
#include "stages/report/xml/xml.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

const char *xml_attribute(const char **attributes, const char *name)
{
	for (; *attributes; attributes += 2)
		if (!strcmp(*attributes, name))
			return attributes[1];
	return NULL;
}

bool xml_number(const char *text, uint64_t most, uint64_t *out)
{
	uint64_t n = 0;

	if (!isdigit((unsigned char)*text))
		return false;
	for (; isdigit((unsigned char)*text); text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		n = n > (most - digit) / 10 ? most : n * 10 + digit;
	}
	*out = n > most ? most : n;
	return !*text;
}

/* Digits with the separators between them, up to something else. */
struct number {
	const char *text;
	size_t length;
	size_t point; /* where the decimal separator is; length: there is none */
};

/*
 * Which one of . and , is the decimal separator: the last one, where both are there; one that stands several times separates
 * thousands.  A single comma is a decimal one: the tools that group by thousands always write decimals, too.
 */
static size_t decimal_separator(const char *text, size_t length)
{
	size_t dots = 0, commas = 0, last_dot = length, last_comma = length;

	for (size_t i = 0; i < length; i++)
		if (text[i] == '.') {
			dots++;
			last_dot = i;
		} else if (text[i] == ',') {
			commas++;
			last_comma = i;
		}
	if (dots && commas)
		return last_dot > last_comma ? last_dot : last_comma;
	if (dots == 1)
		return last_dot;
	return commas == 1 ? last_comma : length;
}

static bool is_grouping(unsigned char c)
{
	return c == '.' || c == ',' || c == '\'' || c == '_' || c >= 0x80; /* also the narrow spaces of Unicode */
}

/* value * 10^exponent, in microseconds, without floating point surprises for the usual ones. */
static int64_t in_microseconds(const struct number *n, int exponent)
{
	const double most = 9e15; /* 285 years */
	double value = 0, scale = 1e6;

	for (size_t i = 0; i < n->length; i++) {
		if (!isdigit((unsigned char)n->text[i]))
			continue;
		value = value * 10 + (n->text[i] - '0');
		if (i > n->point)
			scale /= 10;
		if (value > 1e30) /* more digits than mean anything */
			return -1;
	}
	for (; exponent > 0; exponent--)
		scale *= 10;
	for (; exponent < 0; exponent++)
		scale /= 10;
	value = value * scale + 0.5;
	return value < most ? (int64_t)value : -1;
}

/* The exponent at text; false: it is none, or is out of all bounds. */
static bool read_exponent(const char **text, int *exponent)
{
	const char *at = *text;
	bool negative = false;
	uint64_t n = 0;

	*exponent = 0;
	if (*at != 'e' && *at != 'E')
		return true;
	at++;
	if (*at == '-' || *at == '+')
		negative = *at++ == '-';
	if (!isdigit((unsigned char)*at))
		return false;
	for (; isdigit((unsigned char)*at) && n < 100; at++)
		n = n * 10 + (uint64_t)(*at - '0');
	*exponent = negative ? -(int)n : (int)n;
	*text = at;
	return n < 100;
}

/* What nearly all write: "12.345", at most six decimals.  false: it is something else. */
static bool plain_seconds(const char *text, int64_t *us)
{
	int64_t n = 0, scale = 1000000;
	size_t digits = 0;

	for (; *text >= '0' && *text <= '9' && digits < 9; text++, digits++)
		n = n * 10 + (*text - '0');
	if (!digits || *text++ != '.')
		return false;
	for (; *text >= '0' && *text <= '9' && scale > 1; text++, scale /= 10)
		n = n * 10 + (*text - '0');
	*us = n * scale;
	return !*text;
}

int64_t xml_seconds(const char *text)
{
	struct number n = { 0 };
	int64_t us;
	int exponent;

	if (plain_seconds(text, &us))
		return us;
	text += strspn(text, " \t\n+");
	n.text = text;
	while (isdigit((unsigned char)*text) || is_grouping((unsigned char)*text) ||
	       (*text == ' ' && isdigit((unsigned char)text[1])))
		text++;
	n.length = (size_t)(text - n.text);
	if (!isdigit((unsigned char)n.text[n.text[0] == '.' || n.text[0] == ',']) || !read_exponent(&text, &exponent))
		return -1;
	n.point = decimal_separator(n.text, n.length);
	text += strspn(text, " \t\n");
	if (!strcasecmp(text, "ms"))
		exponent -= 3;
	else if (*text && strcasecmp(text, "s") != 0)
		return -1;
	return in_microseconds(&n, exponent);
}
