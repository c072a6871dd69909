/* Reading what a script returned, member by member: each fault is one sentence that says where in the value it is. */
#include "base/duration.h"
#include "base/error.h"
#include "base/suggest.h"
#include "lua/stage/inside.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { TEXTS_MOST = 4096 };

bool value_is_table(const json_t *value)
{
	return json_is_object(value) || (json_is_array(value) && !json_array_size(value));
}

bool value_wrong(struct reading_value *r, const char *format, ...)
{
	char text[sizeof(r->err->text)];
	va_list ap;

	if (r->code != PIPE_OK)
		return false;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	r->code = error_set(r->err, PIPE_EPIPELINE, "%s", text);
	if (!r->err)
		return false;
	strncpy(r->err->file, r->file, sizeof(r->err->file) - 1);
	r->err->file[sizeof(r->err->file) - 1] = '\0';
	r->err->line = r->line;
	return false;
}

bool value_nomem(struct reading_value *r)
{
	if (r->code == PIPE_OK)
		r->code = error_nomem(r->err);
	return false;
}

const char *value_describe(const json_t *value)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "a table", [JSON_ARRAY] = "a list", [JSON_STRING] = "text", [JSON_INTEGER] = "a number",
		[JSON_REAL] = "a number",  [JSON_TRUE] = "true",    [JSON_FALSE] = "false", [JSON_NULL] = "null"
	};

	return value ? names[json_typeof(value)] : "nothing";
}

const char *value_nearest(struct arena *a, const char *wanted, const char *const *names)
{
	struct suggest s;
	const char *text;

	suggest_init(&s, wanted);
	for (; *names; names++)
		suggest_offer(&s, *names);
	text = s.best ? arena_printf(a, "; did you mean \"%s\"?", s.best) : NULL;
	return text ? text : "";
}

static bool among(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

bool value_members(struct reading_value *r, const json_t *object, const char *what, const char *const *names)
{
	json_t *o = (json_t *)(uintptr_t)object; /* jansson iterates over what is not const */

	for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i)) {
		const char *name = json_object_iter_key(i);

		if (!among(name, names))
			return value_wrong(r, "%s has no member \"%.60s\"%s", what, name, value_nearest(r->arena, name, names));
	}
	return true;
}

static const json_t *member(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_null(value) ? NULL : value;
}

const char *value_scalar(struct arena *a, const json_t *value)
{
	if (json_is_string(value))
		return strlen(json_string_value(value)) == json_string_length(value)
			       ? arena_strndup(a, json_string_value(value), json_string_length(value))
			       : NULL;
	if (json_is_integer(value))
		return arena_printf(a, "%lld", (long long)json_integer_value(value));
	if (json_is_real(value))
		return arena_printf(a, "%.14g", json_real_value(value));
	return json_is_boolean(value) ? (json_is_true(value) ? "true" : "false") : NULL;
}

bool value_text(struct reading_value *r, const json_t *object, const char *what, const char *name, const char **out)
{
	const json_t *value = member(object, name);
	const char *text = value ? value_scalar(r->arena, value) : NULL;

	if (value && !text)
		return value_wrong(r, "%s.%s must be text, without NUL bytes; it is %s", what, name, value_describe(value));
	if (text)
		*out = text;
	return true;
}

bool value_bool(struct reading_value *r, const json_t *object, const char *what, const char *name, bool *out)
{
	const json_t *value = member(object, name);

	if (value && !json_is_boolean(value))
		return value_wrong(r, "%s.%s must be true or false; it is %s", what, name, value_describe(value));
	if (value)
		*out = json_is_true(value);
	return true;
}

bool value_texts(struct reading_value *r, const json_t *object, const char *what, const char *name, const char *const **out)
{
	const json_t *value = member(object, name);
	size_t count = json_is_array(value) ? json_array_size(value) : 1;
	const char **list;

	if (!value)
		return true;
	if (count > TEXTS_MOST)
		return value_wrong(r, "%s.%s has more than %d items", what, name, (int)TEXTS_MOST);
	list = ARENA_ARRAY(r->arena, const char *, count + 1);
	if (!list)
		return value_nomem(r);
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_is_array(value) ? json_array_get(value, i) : value;

		list[i] = value_scalar(r->arena, item);
		if (!list[i])
			return value_wrong(r, "%s.%s[%zu] must be text, without NUL bytes; it is %s", what, name, i + 1,
					   value_describe(item));
	}
	*out = list;
	return true;
}

static bool is_variable(const char *name)
{
	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	while (isalnum((unsigned char)*name) || *name == '_')
		name++;
	return !*name;
}

bool value_pairs(struct reading_value *r, const json_t *object, const char *what, const char *name, const char *const **out)
{
	json_t *pairs = (json_t *)(uintptr_t)member(object, name);
	size_t count = json_object_size(pairs), n = 0;
	const char **list;

	if (!pairs)
		return true;
	if (!value_is_table(pairs) || count > TEXTS_MOST)
		return value_wrong(r, "%s.%s must be a table of names and texts; it is %s", what, name, value_describe(pairs));
	list = ARENA_ARRAY(r->arena, const char *, count + 1);
	if (!list)
		return value_nomem(r);
	for (void *i = json_object_iter(pairs); i; i = json_object_iter_next(pairs, i)) {
		const char *key = json_object_iter_key(i), *text = value_scalar(r->arena, json_object_iter_value(i));

		if (!is_variable(key))
			return value_wrong(r, "%s.%s: \"%.60s\" is not the name of a variable", what, name, key);
		if (!text)
			return value_wrong(r, "%s.%s.%.60s must be text, without NUL bytes; it is %s", what, name, key,
					   value_describe(json_object_iter_value(i)));
		list[n] = arena_printf(r->arena, "%s=%s", key, text);
		if (!list[n++])
			return value_nomem(r);
	}
	*out = list;
	return true;
}

bool value_duration(struct reading_value *r, const json_t *object, const char *what, const char *name, int64_t *ms)
{
	const json_t *value = member(object, name);
	double seconds = json_number_value(value);

	if (!value)
		return true;
	if (json_is_number(value) && seconds > 0 && seconds < 1e9) {
		*ms = (int64_t)ceil(seconds * 1000);
		return true;
	}
	if (json_is_string(value) && duration_parse(json_string_value(value), ms) && *ms > 0)
		return true;
	return value_wrong(r, "%s.%s must be seconds, or a duration (\"30s\", \"2 minutes\")", what, name);
}
