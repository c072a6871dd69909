/* Elements of JSON reports, read without surprises: tools leave out what they do not know, write null, or a number in quotes. */
#include "stages/report/json/json_item.h"

#include "base/error.h"
#include "stages/report/lines.h"

#include <stdarg.h>
#include <string.h>

int json_item_error(const struct json_item *item, pipe_error *err, const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	error_set(err, PIPE_EPIPELINE, "%s", text);
	if (err) {
		err->line = item->line;
		err->column = item->column;
	}
	return PIPE_EPIPELINE;
}

const json_t *json_item_below(const json_t *map, const char *outer, const char *inner)
{
	return json_object_get(json_object_get(map, outer), inner);
}

const char *json_item_string(const json_t *value)
{
	const char *text = json_string_value(value);

	return text ? text : "";
}

const char *json_item_text(const json_t *map, const char *key)
{
	return json_item_string(json_object_get(map, key));
}

double json_item_real(const json_t *map, const char *key, double otherwise)
{
	const json_t *value = json_object_get(map, key);
	const char *text = json_item_string(value);
	double number;

	if (json_is_number(value))
		return json_number_value(value);
	return *text && lines_real(text, strlen(text), &number) && number == number ? number : otherwise;
}

uint32_t json_item_number(const json_t *map, const char *key)
{
	double number = json_item_real(map, key, 0);

	return number >= 1 && number <= UINT32_MAX ? (uint32_t)number : 0;
}

uint8_t json_item_severity(const json_t *map, const char *key)
{
	enum severity severity = SEVERITY_UNKNOWN;

	severity_from(json_item_text(map, key), &severity);
	return (uint8_t)severity;
}

uint8_t severity_of_score(double score)
{
	if (score >= 9)
		return SEVERITY_CRITICAL;
	if (score >= 7)
		return SEVERITY_HIGH;
	if (score >= 4)
		return SEVERITY_MEDIUM;
	return score > 0 ? SEVERITY_LOW : SEVERITY_INFO;
}

bool json_head_says(const char *head, size_t length, const char *text)
{
	return length && memmem(head, length, text, strlen(text)) != NULL;
}

static bool is_white(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool json_head_has(const char *head, size_t length, const char *key)
{
	size_t n = strlen(key);
	const char *end = head + length;

	for (const char *p = head; p < end && (p = memmem(p, (size_t)(end - p), key, n)); p++) {
		const char *q = p + n;

		if (p == head || p[-1] != '"' || q == end || *q++ != '"')
			continue;
		while (q < end && is_white(*q))
			q++;
		if (q < end && *q == ':')
			return true;
	}
	return false;
}

char json_head_first(const char *head, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!is_white(head[i]))
			return head[i];
	return '\0';
}

bool json_path_has(const char *path, const char *word)
{
	const char *slash = strrchr(path, '/');

	return strcasestr(slash ? slash + 1 : path, word) != NULL;
}
