/* Numbers and words of a JSON text. */
#include "stages/report/json/json_walk.h"

#include <errno.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *digits(const char *s)
{
	while (is_digit(*s))
		s++;
	return s;
}

/* -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)? */
static bool is_number(const char *s, bool *integer)
{
	const char *from;

	*integer = true;
	s += *s == '-';
	from = s;
	s = digits(s);
	if (s == from || (*from == '0' && s > from + 1))
		return false;
	if (*s == '.') {
		*integer = false;
		from = ++s;
		s = digits(s);
		if (s == from)
			return false;
	}
	if (*s == 'e' || *s == 'E') {
		*integer = false;
		s++;
		s += *s == '+' || *s == '-';
		from = s;
		s = digits(s);
		if (s == from)
			return false;
	}
	return !*s;
}

/* jansson reads decimals whatever the locale; those that no double holds become the largest. */
static json_t *real_value(const char *text)
{
	json_error_t why;
	json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &why);

	if (!value && json_error_code(&why) == json_error_numeric_overflow)
		return json_real(*text == '-' ? -DBL_MAX : DBL_MAX);
	return value;
}

static json_t *number_value(const char *text, bool integer)
{
	long long n;

	if (!integer)
		return real_value(text);
	errno = 0;
	n = strtoll(text, NULL, 10);
	return errno ? real_value(text) : json_integer(n);
}

static const struct {
	const char *text;
	json_type type;
} words[] = { { "true", JSON_TRUE }, { "false", JSON_FALSE }, { "null", JSON_NULL } };

bool json_scalar_type(const char *text, json_type *type)
{
	bool integer;

	if (is_number(text, &integer)) {
		*type = integer ? JSON_INTEGER : JSON_REAL;
		return true;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(text, words[i].text)) {
			*type = words[i].type;
			return true;
		}
	return false;
}

json_t *json_scalar_value(const char *text, json_type type)
{
	if (type == JSON_INTEGER || type == JSON_REAL)
		return number_value(text, type == JSON_INTEGER);
	return type == JSON_TRUE ? json_true() : type == JSON_FALSE ? json_false() : json_null();
}
