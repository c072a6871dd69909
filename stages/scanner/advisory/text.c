/* Texts, lists and times out of JSON. */
#include "stages/scanner/advisory/text.h"

#include "base/error.h"
#include <string.h>
#include <time.h>

int advisory_json(const char *bytes, size_t length, const char *what, json_t **out, pipe_error *err)
{
	json_error_t why = { 0 };
	json_t *value = json_loadb(bytes, length, 0, &why);

	*out = NULL;
	if (!value && json_error_code(&why) == json_error_out_of_memory)
		return error_nomem(err);
	if (!value) {
		error_set(err, PIPE_EPIPELINE, "%s is not JSON: %s", what, why.text);
		if (err && why.line > 0) {
			err->line = (unsigned)why.line;
			err->column = why.column > 0 ? (unsigned)why.column : 1;
		}
		return PIPE_EPIPELINE;
	}
	if (!json_is_object(value)) {
		json_decref(value);
		return error_set(err, PIPE_EPIPELINE, "%s is JSON, but not an object", what);
	}
	*out = value;
	return PIPE_OK;
}

const char *advisory_text(struct arena *a, const json_t *value)
{
	const char *text = json_string_value(value);

	return text && *text ? arena_strdup(a, text) : "";
}

bool advisory_list(struct arena *a, const json_t *value, const char *const **out)
{
	size_t size = json_array_size(value), count = 0;
	const char **list;

	*out = NULL;
	if (!size)
		return true;
	list = ARENA_ARRAY(a, const char *, size + 1);
	if (!list)
		return false;
	for (size_t i = 0; i < size; i++) {
		const json_t *item = json_array_get(value, i);

		if (!json_is_string(item))
			continue;
		list[count] = advisory_text(a, item);
		if (!list[count++])
			return false;
	}
	*out = count ? list : NULL;
	return true;
}

static bool said_before(const char *const *list, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(list[k], list[i]))
			return true;
	return false;
}

const char *advisory_join(struct arena *a, const char *const *list, const char *between, bool once)
{
	size_t size = 1, gap = strlen(between);
	char *text, *end;

	for (size_t i = 0; list && list[i]; i++)
		size += strlen(list[i]) + gap;
	if (size == 1)
		return "";
	text = end = arena_text(a, size);
	if (!text)
		return NULL;
	for (size_t i = 0; list[i]; i++) {
		if (once && said_before(list, i))
			continue;
		if (end != text)
			end = (char *)memcpy(end, between, gap) + gap;
		end = stpcpy(end, list[i]);
	}
	*end = '\0';
	return text;
}

/* The zone behind a time: "Z" or "+02:00". */
static bool zone_read(const char *text, int *seconds)
{
	struct tm tm = { 0 };
	const char *end;

	*seconds = 0;
	if (!strcmp(text, "Z") || !strcmp(text, "z"))
		return true;
	if (*text != '+' && *text != '-')
		return false;
	end = strptime(text + 1, "%H:%M", &tm);
	*seconds = (tm.tm_hour * 60 + tm.tm_min) * (*text == '-' ? -60 : 60);
	return end && !*end;
}

bool advisory_time(const char *text, int64_t *ms)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t seconds, fraction = 0;
	int zone;

	if (!end)
		return false;
	if (*end == '.') {
		size_t digits = strspn(++end, "0123456789");

		for (size_t i = 0; i < 3; i++)
			fraction = fraction * 10 + (i < digits ? end[i] - '0' : 0);
		end += digits;
	}
	if (!zone_read(end, &zone))
		return false;
	tm.tm_isdst = 0;
	seconds = timegm(&tm);
	*ms = (seconds - zone) * 1000 + fraction;
	return true;
}
